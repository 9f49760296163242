// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is seen, taken elsewhere: the screen into a file (dump), the rows into a file (save), a row to the
 * clipboard (copy). Each says what it did and where to; no file that exists is written over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/app.h"
#include "tui/configuration/configuration.h"
#include "tui/output/clipboard.h"
#include "tui/output/dump.h"
#include "tui/output/rows_out.h"
#include "tui/panels/text.h"
#include "tui/widgets/table.h"

#define COPY_AGAIN (6 * USEC_PER_SEC)
#define PATH 512

/* --- files ----------------------------------------------------------------------------------------- */

/* "twinspan-lyon-events-20261127-140322.txt": whose, what, when. */
static void
default_name(const struct app *app, const char *panel, char *out, size_t size)
{
	const struct model_gateway *gateway = model_store_count(app->scene.store, MODEL_KIND_GATEWAY) > 0
						  ? model_store_at(app->scene.store, MODEL_KIND_GATEWAY, 0)
						  : NULL;
	time_t now = (time_t)(clock_wall() / USEC_PER_SEC);
	char name[64] = "", stamp[32];
	struct tm tm;

	if (gateway != NULL && gateway->name != NULL)
		snprintf(name, sizeof(name), "%s-", gateway->name);
	for (char *c = name; *c != '\0'; c++) { /* a name from outside is no path */
		if (strchr("/\\ ", *c) != NULL || (unsigned char)*c < 0x20)
			*c = '_';
	}
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	snprintf(out, size, "twinspan-%s%s-%s.txt", name, panel, stamp);
}

/* The file that is meant: `argument`, "~" for the home folder; or a name of our own. */
static void
choose_path(const struct app *app, const char *panel, const char *argument, char *out, size_t size)
{
	const char *home = getenv("HOME");

	if (argument == NULL)
		default_name(app, panel, out, size);
	else if (strncmp(argument, "~/", 2) == 0 && home != NULL)
		snprintf(out, size, "%s%s", home, argument + 1);
	else
		snprintf(out, size, "%s", argument);
}

/* --- dump ------------------------------------------------------------------------------------------ */

struct dumping {
	const struct canvas *canvas;
	struct dump dump;
};

static void
write_screen(FILE *out, void *context)
{
	const struct dumping *dumping = context;

	dump_write(out, dumping->canvas, &dumping->dump);
}

/* The screen as it is without the line at which the command was typed, in the colours that it has here. */
static void
compose(struct app *app, struct theme *theme, enum theme_tier *tier)
{
	app_compose(app);
	*tier = terminal_tier(app->terminal);
	*theme = app->theme;
	if (*tier == TIER_MONO) {
		theme_monochrome(theme);
		theme->made_for = app->theme.made_for;
	}
}

static void
go_dump(struct app *app, const char *argument)
{
	const char *panel = app_panel(app)->ops->name;
	struct dumping dumping = {.canvas = &app->canvas};
	char path[PATH], title[PATH];
	struct theme theme;
	struct error err;

	choose_path(app, panel, argument, path, sizeof(path));
	if (!dump_format_of(path, &dumping.dump.format, &err)) {
		app_say(app, ROLE_bad, "%s", err.text);
		return;
	}
	snprintf(title, sizeof(title), "twinspan %s", panel);
	compose(app, &theme, &dumping.dump.tier);
	dumping.dump.theme = &theme;
	dumping.dump.title = title;
	if (dump_new_file(path, write_screen, &dumping, &err))
		app_say(app, ROLE_good, "screen written to %s", path);
	else
		app_say(app, ROLE_bad, "%s", err.text);
}

/* --- save ------------------------------------------------------------------------------------------ */

struct saving {
	const struct model_store *store;
	enum model_kind kind;
	const void *row;   /* only this one, in full */
	const void **rows; /* else these; owned */
	bool json;
	size_t count;
};

/* The rows that a table shows; a log's in the order of time, unless another one was chosen. */
static void
take_shown(struct saving *saving, struct table *table)
{
	struct rows *rows = table->rows;
	bool back = model_kind_info(saving->kind)->storage == MODEL_LOG && table->sorted[0] == '\0';
	size_t count;

	rows->ops->refresh(rows);
	count = rows->ops->count(rows);
	saving->rows = memory_zeroed(count + 1, sizeof(*saving->rows));
	for (size_t i = 0; i < count; i++)
		saving->rows[saving->count++] = rows->ops->at(rows, back ? count - 1 - i : i);
}

/* Of a panel without a table, those that pass its filter. */
static void
take_matching(struct saving *saving, const char *filter)
{
	const struct model_shape *shape = model_kind_info(saving->kind)->shape;
	size_t all = model_store_count(saving->store, saving->kind);
	struct model_filter *wanted = model_filter_parse(filter, NULL);

	saving->rows = memory_zeroed(all + 1, sizeof(*saving->rows));
	for (size_t i = 0; i < all; i++) {
		const void *row = model_store_at(saving->store, saving->kind, i);

		if (model_filter_match(wanted, shape, row))
			saving->rows[saving->count++] = row;
	}
	model_filter_free(wanted);
}

static void
write_rows(FILE *out, void *context)
{
	struct saving *saving = context;

	if (saving->row != NULL) {
		rows_out_whole(out, saving->store, saving->kind, saving->row, saving->json);
		saving->count = 1;
	} else {
		rows_out_all(out, saving->store, saving->kind, saving->rows, saving->count, saving->json);
	}
}

struct saving_page {
	const struct panel *page;
	size_t count;
};

static void
write_page(FILE *out, void *context)
{
	struct saving_page *saving = context;

	saving->count = text_panel_write(saving->page, out);
}

/* A page has lines, not rows: they are text. */
static void
save_page(struct app *app, const struct panel *page, const char *argument)
{
	struct saving_page saving = {.page = page};
	char path[PATH];
	struct error err;

	choose_path(app, "page", argument, path, sizeof(path));
	if (save_is_json(path))
		app_say(app, ROLE_warning, "this page is text: save it as .txt");
	else if (!dump_new_file(path, write_page, &saving, &err))
		app_say(app, ROLE_bad, "%s", err.text);
	else
		app_say(app, ROLE_good, "%zu line%s written to %s", saving.count, PLURAL(saving.count, "s"),
			path);
}

static void
write_text(FILE *out, void *context)
{
	fputs(context, out);
}

/* A page whose text is a file's. */
static void
save_text(struct app *app, const char *text, const char *argument)
{
	char path[PATH];
	struct error err;

	choose_path(app, "export", argument, path, sizeof(path));
	if (dump_new_file(path, write_text, (void *)text, &err))
		app_say(app, ROLE_good, "written to %s", path);
	else
		app_say(app, ROLE_bad, "%s", err.text);
}

static void
go_save(struct app *app, const char *argument)
{
	struct panel *panel = app_panel(app);
	struct saving saving = {.store = app->scene.store, .kind = panel->ops->kind};
	const struct model_kind_info *info;
	char path[PATH];
	struct error err;

	if (export_text(app) != NULL) {
		save_text(app, export_text(app), argument);
		return;
	}
	if (is_text_panel(panel)) {
		save_page(app, panel, argument);
		return;
	}
	if (app->detail_count > 0)
		saving.row = panel->ops->selected(panel, &saving.kind);
	info = model_kind_info(saving.kind);
	if (saving.row == NULL && info->storage == MODEL_PAGED) {
		app_say(app, ROLE_warning,
			"%s stay on the gateway: 'twinspan show %s --filter …' prints them all", info->plural,
			info->plural);
		return;
	}
	if (saving.row == NULL && panel->ops->table != NULL)
		take_shown(&saving, panel->ops->table(panel));
	else if (saving.row == NULL)
		take_matching(&saving, panel->filter);
	choose_path(app, panel->ops->name, argument, path, sizeof(path));
	saving.json = save_is_json(path);
	if (!dump_new_file(path, write_rows, &saving, &err))
		app_say(app, ROLE_bad, "%s", err.text);
	else
		app_say(app, ROLE_good, "%zu %s written to %s", saving.count,
			saving.count == 1 ? info->shape->name : info->plural, path);
	free(saving.rows);
}

/* --- copy ------------------------------------------------------------------------------------------ */

struct copying {
	struct app *app;
	const char *field; /* NULL: the name */
	bool whole, json;
	FILE *out;
	size_t count;
	enum model_kind kind; /* of the last row */
};

/* A nested field is named "last_error.text". */
static bool
put_field(FILE *out, const struct model_shape *shape, const void *row, const char *name)
{
	char first[64], text[1024];
	size_t length = strcspn(name, ".");
	int index;

	snprintf(first, sizeof(first), "%.*s", (int)length, name);
	index = model_field_find(shape, first);
	if (index < 0)
		return false;
	if (shape->fields[index].type == MODEL_SUB)
		return name[length] == '.' &&
		       put_field(out, shape->fields[index].sub,
				 (const char *)row + shape->fields[index].offset, name + length + 1);
	fputs(model_field_text(&shape->fields[index], row, text, sizeof(text)), out);
	return true;
}

static bool
put_copy(struct copying *copying, enum model_kind kind, const void *row)
{
	const struct model_kind_info *info = model_kind_info(kind);
	/* what a row is called by people: an event by its text, a route by its prefix */
	const char *name = kind == MODEL_KIND_EVENT                       ? "text"
			   : model_field_find(info->shape, "name") >= 0   ? "name"
			   : model_field_find(info->shape, "prefix") >= 0 ? "prefix"
									  : info->key[0]->name;

	copying->kind = kind;
	if (copying->count++ > 0 && !copying->json)
		fputs(copying->whole ? "\n" : "", copying->out);
	if (copying->whole) {
		rows_out_whole(copying->out, copying->app->scene.store, kind, row, copying->json);
		return true;
	}
	if (!put_field(copying->out, info->shape, row, copying->field != NULL ? copying->field : name))
		return false;
	fputc('\n', copying->out);
	return true;
}

/* A row that is marked, of the panel's kind; the overview has tunnels too. */
static const void *
marked_row(const struct app *app, const char *key, enum model_kind *kind)
{
	const void *row = model_store_get(app->scene.store, *kind, key);

	if (row == NULL && *kind == MODEL_KIND_CONNECTION) {
		*kind = MODEL_KIND_TUNNEL;
		row = model_store_get(app->scene.store, *kind, key);
	}
	return row;
}

/* All marked rows, else the selected one. False where a field is none of theirs. */
static bool
put_copies(struct copying *copying)
{
	struct panel *panel = app_panel(copying->app);
	const struct marks *marks = panel->ops->marks != NULL ? panel->ops->marks(panel) : NULL;
	enum model_kind kind = panel->ops->kind;
	const void *row;

	for (size_t i = 0; marks != NULL && i < marks->keys.count; i++) {
		kind = panel->ops->kind;
		row = marked_row(copying->app, marks->keys.items[i], &kind);
		if (row != NULL && !put_copy(copying, kind, row))
			return false;
	}
	if (marks != NULL && marks->keys.count > 0)
		return true;
	row = panel->ops->selected(panel, &kind);
	return row == NULL || put_copy(copying, kind, row);
}

/* The text without its last newline, each line cleaned: a terminal acts on what is pasted into it. */
static char *
clean_lines(const char *text)
{
	char *out = memory_zeroed(strlen(text) * 3 + 1, 1), *at = out;

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *line = text_format("%.*s", (int)length, text);

		text_clean(at, length * 3 + 1, line);
		at += strlen(at);
		free(line);
		text += length;
		if (*text == '\n' && *++text != '\0')
			*at++ = '\n';
	}
	return out;
}

static void
send_copy(struct app *app, const char *text, const char *what)
{
	char *clean = clean_lines(text), *bytes;
	struct error err;

	bytes = clipboard_bytes(clean, clipboard_path_here(), &err);
	if (bytes == NULL) {
		app_say(app, ROLE_bad, "%s", err.text);
	} else {
		terminal_send(app->terminal, bytes, strlen(bytes));
		app_say(app, ROLE_good, "copied %s", what);
	}
	free(bytes);
	free(clean);
}

/* What `copy` takes, one after the other. */
enum { COPY_NAME, COPY_ROW, COPY_JSON, COPY_SCREEN, COPY_STEPS };
static const char *const copy_words[COPY_STEPS] = {"name", "row", "json", "screen"};
static const char *const copy_next[COPY_STEPS] = {"the whole row", "it as JSON", "the screen", "the name"};

static void
copy_screen(struct app *app)
{
	struct dump dump = {.format = DUMP_TEXT};
	struct theme theme;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return;
	compose(app, &theme, &dump.tier);
	dump.theme = &theme;
	dump_write(out, &app->canvas, &dump);
	fclose(out);
	send_copy(app, text, "the screen as text");
	free(text);
}

/* "aws-paris/1 (y: the whole row)", "2 tunnels as JSON". */
static void
describe(const struct copying *copying, const char *text, int step, char *out, size_t size)
{
	const struct model_kind_info *info = model_kind_info(copying->kind);
	const char *form = copying->json ? " as JSON" : copying->whole ? " in full" : "";
	char first[120], next[64] = "", line[121];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	text_clean(first, sizeof(first), line);
	if (step >= 0)
		snprintf(next, sizeof(next), " (again: %s)", copy_next[step]);
	if (copying->count > 1)
		snprintf(out, size, "%zu %s%s%s", copying->count, info->plural, form, next);
	else if (copying->whole)
		snprintf(out, size, "the %s%s%s", info->shape->name, form, next);
	else
		snprintf(out, size, "%s%s", first, next);
}

static void
copy_rows(struct app *app, int step, const char *field)
{
	struct copying copying = {.app = app,
				  .field = field,
				  .whole = field == NULL && step != COPY_NAME,
				  .json = field == NULL && step == COPY_JSON};
	char *text = NULL, what[256];
	size_t size;
	bool good;

	copying.out = open_memstream(&text, &size);
	if (copying.out == NULL)
		return;
	good = put_copies(&copying);
	fclose(copying.out);
	if (!good) {
		app_say(app, ROLE_bad, "no field is called '%s'; name, row, json or screen can be copied too",
			field);
	} else if (copying.count == 0) {
		app_say(app, ROLE_warning, "nothing is selected");
	} else {
		describe(&copying, text, field != NULL ? -1 : step, what, sizeof(what));
		send_copy(app, text, what);
	}
	free(text);
}

/* The same key on the same row, soon: the next step. */
static int
next_step(struct app *app)
{
	struct panel *panel = app_panel(app);
	enum model_kind kind = panel->ops->kind;
	const void *row = panel->ops->selected(panel, &kind);
	usec_t now = clock_monotonic();
	char key[256] = "";

	if (row != NULL)
		model_row_key(model_kind_info(kind), row, key, sizeof(key));
	if (now < app->copied.until && strcmp(key, app->copied.key) == 0)
		app->copied.step = (app->copied.step + 1) % COPY_STEPS;
	else
		app->copied.step = row != NULL ? COPY_NAME : COPY_SCREEN;
	snprintf(app->copied.key, sizeof(app->copied.key), "%s", key);
	app->copied.until = now + COPY_AGAIN;
	return (int)app->copied.step;
}

static void
go_copy(struct app *app, const char *argument)
{
	int step = argument == NULL ? next_step(app) : -1;

	for (int i = 0; argument != NULL && i < COPY_STEPS; i++) {
		if (strcmp(copy_words[i], argument) == 0)
			step = i;
	}
	if (step == COPY_SCREEN)
		copy_screen(app);
	else
		copy_rows(app, step, step < 0 ? argument : NULL);
}

/* --- the commands ---------------------------------------------------------------------------------- */

bool
output_command(struct app *app, const char *command, const char *argument)
{
	static const struct {
		const char *name;
		void (*go)(struct app *app, const char *argument);
	} commands[] = {{"dump", go_dump}, {"save", go_save}, {"copy", go_copy}};

	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, command) == 0) {
			commands[i].go(app, argument);
			return true;
		}
	}
	return false;
}
