// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a panel's table is arranged: which columns, and in which order the rows stand. What a person chooses is
 * kept in console.yaml. The chooser lists every field of the kind, the shown ones first and in their order;
 * the table behind it shows each step, and Escape puts it back as it was.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/overlay.h"
#include "tui/widgets/table.h"

#define NAME_COLUMN 25
#define WIDEST 76

struct chooser {
	struct overlay overlay;
	struct table *table;
	const char *panel;       /* its name in the settings */
	struct text_list fields; /* the shown ones, then the others */
	size_t shown;            /* how many of them are shown */
	size_t selected, top;
	struct text_list before; /* as it was; empty: the panel's own choice */
	char sorted[64];
	bool descending;
};

static struct table *
table_of(struct app *app)
{
	struct panel *panel = app_panel(app);

	return panel->ops->table != NULL ? panel->ops->table(panel) : NULL;
}

/* --- what is kept ------------------------------------------------------------------------------- */

void
arrange_panel(struct app *app, struct panel *panel)
{
	struct settings_panel *kept;
	struct table *table;

	if (panel->ops->table == NULL && panel->ops->orders == NULL)
		return;
	kept = settings_panel(&app->settings, panel->ops->name);
	if (panel->ops->orders != NULL) {
		if (kept->sort[0] != '\0')
			panel->ops->sort(panel, kept->sort, kept->descending);
		return;
	}
	table = panel->ops->table(panel);
	/* the file was checked when it was read */
	if (kept->columns.count > 0)
		table_choose(table, &kept->columns, NULL);
	if (kept->sort[0] != '\0')
		table_sort(table, kept->sort, kept->descending, NULL);
}

static void
save(struct app *app)
{
	struct error err;

	if (!settings_save(&app->settings, &err))
		app_say(app, ROLE_bad, "not saved: %s", err.text);
}

/* The natural order is nothing to keep, unless it is turned around. */
static void
keep_order(struct app *app, struct panel *panel)
{
	struct settings_panel *kept = settings_panel(&app->settings, panel->ops->name);
	const char *order = panel->ops->sorted(panel, &kept->descending);
	bool natural = strcmp(order, panel->ops->orders[0]) == 0 && !kept->descending;

	snprintf(kept->sort, sizeof(kept->sort), "%s", natural ? "" : order);
	save(app);
}

static void
keep(struct app *app, const char *panel, const struct table *table)
{
	struct settings_panel *kept = settings_panel(&app->settings, panel);

	text_list_free(&kept->columns);
	if (table->chosen != NULL)
		table_fields(table, &kept->columns);
	snprintf(kept->sort, sizeof(kept->sort), "%s", table->sorted);
	kept->descending = table->descending;
	save(app);
}

/* --- the commands ------------------------------------------------------------------------------- */

static void
choose_words(struct app *app, struct table *table, const char *words)
{
	struct text_list fields = {0};
	struct error err;
	char word[128];

	while (*(words += strspn(words, " ,")) != '\0') {
		size_t length = strcspn(words, " ,");

		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		if (!text_list_has(&fields, word))
			text_list_add(&fields, word);
		words += length;
	}
	if (fields.count == 1 && strcmp(fields.items[0], "default") == 0)
		text_list_free(&fields);
	if (table_choose(table, &fields, &err))
		keep(app, app_panel(app)->ops->name, table);
	else
		app_say(app, ROLE_bad, "%s", err.text);
	text_list_free(&fields);
}

static void
say_order(struct app *app, const struct table *table)
{
	char title[128];

	if (table->sorted[0] == '\0')
		app_say(app, ROLE_dim, "in the natural order");
	else
		app_say(app, ROLE_dim, "ordered by %s, the %s first",
			table_title(table, table->sorted, title, sizeof(title)),
			table->descending ? "largest" : "smallest");
}

static void
sort(struct app *app, struct table *table, const char *command, const char *word)
{
	struct error err = {""};
	bool good;

	if (strcmp(command, "reverse") == 0)
		good = table->sorted[0] != '\0'
			   ? table_sort(table, table->sorted, !table->descending, &err)
			   : table_sort(table, "", false, &err) &&
				 error_set(&err, "the rows are in their natural order; o orders them");
	else if (word == NULL)
		good = table_sort_next(table, &err);
	else
		good = table_sort(table, strcmp(word, "none") == 0 ? "" : word, false, &err);
	if (!good) {
		app_say(app, ROLE_warning, "%s", err.text);
		return;
	}
	say_order(app, table);
	keep(app, app_panel(app)->ops->name, table);
}

/* The same in a panel that has orders of its own. */
static void
sort_panel(struct app *app, struct panel *panel, const char *command, const char *word)
{
	const char *const *orders = panel->ops->orders;
	char known[128] = "";
	const char *now;
	bool descending;

	now = panel->ops->sorted(panel, &descending);
	if (strcmp(command, "reverse") == 0)
		panel->ops->sort(panel, now, !descending);
	else if (!panel->ops->sort(panel, word != NULL && strcmp(word, "none") == 0 ? orders[0] : word,
				   false)) {
		for (size_t i = 0; orders[i] != NULL; i++) {
			size_t used = strlen(known);

			snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "", orders[i]);
		}
		app_say(app, ROLE_warning, "%s has no order '%s'; it has %s", panel->ops->title, word, known);
		return;
	}
	keep_order(app, panel);
}

static void chooser_open(struct app *app, struct table *table);

bool
arrange_command(struct app *app, const char *command, const char *words)
{
	bool columns = strcmp(command, "columns") == 0;
	struct panel *panel = app_panel(app);
	struct table *table = table_of(app);

	if (!columns && strcmp(command, "sort") != 0 && strcmp(command, "reverse") != 0)
		return false;
	if (!columns && panel->ops->orders != NULL) {
		sort_panel(app, panel, command, words);
		return true;
	}
	if (table == NULL)
		return false;
	if (!columns)
		sort(app, table, command, words);
	else if (words != NULL)
		choose_words(app, table, words);
	else
		chooser_open(app, table);
	return true;
}

/* --- the chooser -------------------------------------------------------------------------------- */

/* The table shows what is ticked now. */
static void
show(struct chooser *c)
{
	struct text_list shown = {0};

	for (size_t i = 0; i < c->shown; i++)
		text_list_add(&shown, c->fields.items[i]);
	table_choose(c->table, &shown, NULL);
	text_list_free(&shown);
}

static void
list_fields(struct chooser *c)
{
	struct text_list all = {0};

	text_list_free(&c->fields);
	table_fields(c->table, &c->fields);
	c->shown = c->fields.count;
	table_all_fields(c->table, &all);
	for (size_t i = 0; i < all.count; i++) {
		if (!text_list_has(&c->fields, all.items[i]))
			text_list_add(&c->fields, all.items[i]);
	}
	text_list_free(&all);
}

/* Takes the field from one place to another; the ones between move up or down. */
static void
move(struct chooser *c, size_t from, size_t to)
{
	char **items = c->fields.items, *item = items[from];

	if (from < to)
		memmove(items + from, items + from + 1, (to - from) * sizeof(*items));
	else
		memmove(items + to + 1, items + to, (from - to) * sizeof(*items));
	items[to] = item;
}

/* A ticked field stands behind the ticked ones, the selection goes on to the next one. */
static void
toggle(struct chooser *c)
{
	if (c->selected < c->shown) {
		if (c->shown == 1)
			return; /* a table without columns shows nothing */
		move(c, c->selected, --c->shown);
	} else {
		move(c, c->selected, c->shown++);
		c->selected++;
	}
	if (c->selected >= c->fields.count)
		c->selected = c->fields.count - 1;
	show(c);
}

static void
shift(struct chooser *c, bool down)
{
	size_t to = down ? c->selected + 1 : c->selected - 1;

	if (c->selected >= c->shown || (!down && c->selected == 0) || (down && to >= c->shown))
		return;
	move(c, c->selected, to);
	c->selected = to;
	show(c);
}

static void
order_by_selected(struct chooser *c)
{
	const char *field = c->fields.items[c->selected];
	bool again = strcmp(c->table->sorted, field) == 0;
	struct error err;

	if (again && c->table->descending)
		table_sort(c->table, "", false, NULL);
	else if (!table_sort(c->table, field, again, &err))
		app_say(c->overlay.app, ROLE_warning, "%s", err.text);
}

static bool
chooser_key(struct overlay *overlay, key_code key)
{
	struct chooser *c = (struct chooser *)overlay;
	size_t page = 8;

	switch (key) {
	case KEYS_ENTER:
		keep(overlay->app, c->panel, c->table);
		return false;
	case KEYS_ESCAPE:
	case KEYS_CONTROL + 'c':
	case 'q':
		table_choose(c->table, &c->before, NULL);
		table_sort(c->table, c->sorted, c->descending, NULL);
		return false;
	case ' ':
		toggle(c);
		break;
	case 'J':
		shift(c, true);
		break;
	case 'K':
		shift(c, false);
		break;
	case 'o':
		order_by_selected(c);
		break;
	case 'd':
		table_choose(c->table, NULL, NULL);
		table_sort(c->table, "", false, NULL);
		list_fields(c);
		c->selected = 0;
		break;
	case 'j':
	case KEYS_DOWN:
		c->selected = table_move(c->selected, c->fields.count, page, TABLE_DOWN);
		break;
	case 'k':
	case KEYS_UP:
		c->selected = table_move(c->selected, c->fields.count, page, TABLE_UP);
		break;
	case KEYS_PAGE_DOWN:
		c->selected = table_move(c->selected, c->fields.count, page, TABLE_PAGE_DOWN);
		break;
	case KEYS_PAGE_UP:
		c->selected = table_move(c->selected, c->fields.count, page, TABLE_PAGE_UP);
		break;
	case 'g':
	case KEYS_HOME:
		c->selected = 0;
		break;
	case 'G':
	case KEYS_END:
		c->selected = c->fields.count - 1;
		break;
	default:
		break;
	}
	return true;
}

static void
draw_field(const struct chooser *c, const struct area *inside, int row, size_t i)
{
	const struct model_shape *shape = model_kind_info(c->table->rows->kind)->shape;
	const char *field = c->fields.items[i];
	struct area line = area_part(inside, row, 0, 1, inside->cols);
	struct model_field found;
	bool sorted = strcmp(c->table->sorted, field) == 0, shown = i < c->shown;
	char title[128];

	if (i == c->selected) {
		line.ground = GROUND_SELECTED;
		area_blank(&line, 0, 0, 1, line.cols);
		area_text(&line, 0, 0, ROLE_accent, "▸");
	}
	area_text(&line, 0, 2, shown ? ROLE_good : ROLE_dim, shown ? "[x]" : "[ ]");
	area_field(&line, 0, 6, NAME_COLUMN - 8, false, shown ? ROLE_text : ROLE_dim,
		   table_title(c->table, field, title, sizeof(title)));
	if (sorted)
		area_text(&line, 0, NAME_COLUMN - 2, ROLE_accent, c->table->descending ? "▾" : "▴");
	if (line.cols < NAME_COLUMN + 12)
		return;
	area_field(&line, 0, NAME_COLUMN, 21, false, ROLE_dim, field);
	if (line.cols > NAME_COLUMN + 30 && model_field_path(shape, field, &found))
		area_field(&line, 0, NAME_COLUMN + 22, line.cols - NAME_COLUMN - 23, false, ROLE_dim,
			   found.help);
}

static void
chooser_draw(struct overlay *overlay, const struct area *body)
{
	struct chooser *c = (struct chooser *)overlay;
	int cols = body->cols - 4 < WIDEST ? body->cols - 4 : WIDEST, rows = (int)c->fields.count + 2;
	struct area box, inside;
	size_t room;
	char title[80];

	rows = rows > body->rows - 4 ? body->rows - 4 : rows; /* the table's first rows stay in view */
	rows = rows < 5 ? 5 : rows;
	box = area_part(body, body->rows - rows, body->cols - cols - 1, rows, cols);
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	snprintf(title, sizeof(title), "Columns of %s: %zu of %zu", c->panel, c->shown, c->fields.count);
	area_frame(&box, ROLE_border, title);
	inside = area_part(&box, 1, 1, rows - 2, cols - 2);
	room = (size_t)inside.rows;
	if (c->selected < c->top)
		c->top = c->selected;
	if (c->selected >= c->top + room)
		c->top = c->selected - room + 1;
	for (size_t i = 0; i < room && c->top + i < c->fields.count; i++)
		draw_field(c, &inside, (int)i, c->top + i);
}

static void
chooser_close(struct overlay *overlay)
{
	struct chooser *c = (struct chooser *)overlay;

	text_list_free(&c->fields);
	text_list_free(&c->before);
	free(c);
}

static void
chooser_open(struct app *app, struct table *table)
{
	static const char *const hints[] = {"Enter", "keep",    "Esc",  "as it was", "Space",
					    "tick",  "J K",     "move", "o",         "order by",
					    "d",     "default", NULL};
	static const struct overlay_ops ops = {
	    .draw = chooser_draw, .key = chooser_key, .close = chooser_close, .hints = hints};
	struct chooser *c = memory_zeroed(1, sizeof(*c));

	c->overlay.ops = &ops;
	c->table = table;
	c->panel = app_panel(app)->ops->name;
	if (table->chosen != NULL)
		table_fields(table, &c->before);
	snprintf(c->sorted, sizeof(c->sorted), "%s", table->sorted);
	c->descending = table->descending;
	list_fields(c);
	overlay_open(app, &c->overlay);
}
