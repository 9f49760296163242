// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page that shows the running configuration, as the gateway gives it: without its secrets. Keys of the
 * YAML and comments have roles of their own; long lines are broken; `/` goes to the next place that has the
 * text and marks all of them. It asks anew when the gateway says that its configuration was loaded again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/configuration/configuration_internal.h"
#include "tui/format.h"
#include "tui/widgets/table.h"

#define NUMBERS 5 /* columns of a line's number */
#define HEAD 3

struct page;

/* A question under way; the page may be closed before the answer comes. */
struct question {
	struct page *page;
};

struct page {
	struct panel panel;
	struct question *question;
	struct text_list lines;
	int *heights, cols; /* rows that each line takes at that many columns */
	char file[256], why[512];
	bool differs, asked;
	usec_t loaded; /* as the gateway's row had it when this was asked for */
	size_t top, shown;
	size_t match; /* line of the search's present match */
};

static void page_close(struct panel *panel);

bool
is_configuration_page(const struct panel *panel)
{
	return panel->ops->close == page_close;
}

static const struct model_gateway *
gateway_of(const struct page *p)
{
	const struct model_store *store = p->panel.scene->store;

	return model_store_count(store, MODEL_KIND_GATEWAY) > 0 ? model_store_at(store, MODEL_KIND_GATEWAY, 0)
								: NULL;
}

/* --- asking the gateway -------------------------------------------------------------------------- */

static bool
matches(const struct page *p, size_t i)
{
	return p->panel.filter[0] != '\0' && strcasestr(p->lines.items[i], p->panel.filter) != NULL;
}

static void
show_line(struct page *p, size_t i)
{
	if (i < p->top || i >= p->top + p->shown)
		p->top = i > 3 ? i - 3 : 0;
}

/* To the next match from line `from` on, around the end. */
static void
go_match(struct page *p, size_t from, bool forward)
{
	size_t count = p->lines.count;

	for (size_t step = 0; step < count; step++) {
		size_t i = forward ? (from + step) % count : (from + count - step % count) % count;

		if (!matches(p, i))
			continue;
		p->match = i;
		show_line(p, i);
		return;
	}
}

static void
take(struct page *p, const json_t *result)
{
	const json_t *lines = json_object_get(result, "lines"), *line;
	const char *file = json_string_value(json_object_get(result, "file"));
	size_t i;

	text_list_free(&p->lines);
	p->lines.items = memory_zeroed(json_array_size(lines) + 1, sizeof(*p->lines.items));
	json_array_foreach (lines, i, line) {
		const char *text = json_string_value(line);
		size_t size = text != NULL ? strlen(text) + 1 : 1;
		char *clean = memory_zeroed(size, 1);

		text_clean(clean, size, text != NULL ? text : "");
		p->lines.items[p->lines.count++] = clean;
	}
	text_clean(p->file, sizeof(p->file), file != NULL ? file : "");
	p->differs = json_is_true(json_object_get(result, "changed_on_disk"));
	p->why[0] = '\0';
	p->cols = 0;
	if (p->match >= p->lines.count ||
	    !matches(p, p->match)) /* searched for before it came, or another text */
		go_match(p, p->top, true);
}

static void
on_answer(void *context, const struct control_reply *reply)
{
	struct question *question = context;
	struct page *p = question->page;

	free(question);
	if (p == NULL)
		return;
	p->question = NULL;
	p->asked = true;
	if (reply->ok)
		take(p, reply->result);
	else
		text_clean(p->why, sizeof(p->why),
			   reply->text != NULL ? reply->text : "the gateway did not say it");
	if (p->panel.scene->changed != NULL)
		p->panel.scene->changed(p->panel.scene->context);
}

static void
ask(struct page *p)
{
	const struct model_gateway *gateway = gateway_of(p);

	if (p->question != NULL || p->panel.scene->client == NULL)
		return;
	p->loaded = gateway != NULL ? gateway->config_loaded_at : 0;
	p->question = memory_zeroed(1, sizeof(*p->question));
	p->question->page = p;
	control_client_command(p->panel.scene->client, "configuration", json_object(), on_answer,
			       p->question);
}

static void
page_tick(struct panel *panel)
{
	struct page *p = (struct page *)panel;
	const struct model_gateway *gateway = gateway_of(p);

	if (control_client_state(panel->scene->client) == CONTROL_LIVE &&
	    ((gateway != NULL && gateway->config_loaded_at != p->loaded) || p->why[0] != '\0'))
		ask(p);
}

/* --- drawing ------------------------------------------------------------------------------------- */

/* The role of each byte: keys (words before a colon), comments, and what is masked. */
static void
paint(const char *line, uint8_t *roles, size_t size)
{
	size_t length = strlen(line);
	char quote = '\0';

	length = length < size ? length : size;
	memset(roles, ROLE_text, length);
	for (size_t i = 0; i < length; i++) {
		size_t word =
		    strspn(line + i, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

		if (strncmp(line + i, "********", 8) == 0) {
			memset(roles + i, ROLE_warning, length - i < 8 ? length - i : 8);
			i += 7;
		} else if (quote != '\0') {
			quote = line[i] == quote ? '\0' : quote;
		} else if (line[i] == '"' || line[i] == '\'') {
			quote = line[i];
		} else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ')) {
			memset(roles + i, ROLE_dim, length - i);
			return;
		} else if (word > 0) {
			if (line[i + word] == ':' &&
			    (line[i + word + 1] == ' ' || line[i + word + 1] == '\0'))
				memset(roles + i, ROLE_key, i + word < length ? word : length - i);
			i += word - 1;
		}
	}
}

static void
mark_matches(const char *line, const char *text, bool present, uint8_t *roles, size_t size)
{
	size_t length = strlen(text);

	for (const char *at = line; length > 0 && (at = strcasestr(at, text)) != NULL; at += length) {
		if ((size_t)(at - line) + length <= size)
			memset(roles + (at - line), present ? ROLE_focus : ROLE_attention, length);
	}
}

/* Columns up to the next blank. */
static int
word_columns(const char *at)
{
	char word[256];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " "), at);
	return text_columns(word);
}

/* Draws a line into rows of `cols` columns from `row` on (NULL: only counts). Returns the rows. */
static int
draw_line(const struct area *area, int row, int cols, const char *line, const uint8_t *roles, size_t size)
{
	int indent = (int)strspn(line, " ") + 2, col = 0, rows = 1;
	const char *at = line;

	indent = indent > cols / 2 ? 0 : indent;
	while (*at != '\0') {
		const char *from = at;
		char text[16];
		int width;

		text_next(&at);
		snprintf(text, sizeof(text), "%.*s", (int)(at - from), from);
		width = text_columns(text);
		if (from > line && from[-1] == ' ' &&
		    width > 0) { /* a word is broken only where it must be */
			int word = word_columns(from);

			width = col + word > cols && indent + word <= cols ? cols : width;
		}
		if (col + width > cols) {
			col = indent;
			rows++;
			width = text_columns(text);
		}
		if (area != NULL)
			area_text(area, row + rows - 1, col,
				  (size_t)(from - line) < size ? roles[from - line] : ROLE_text, text);
		col += width;
	}
	return rows;
}

static void
measure(struct page *p, int cols)
{
	if (p->cols == cols)
		return;
	p->cols = cols;
	p->heights = memory_resize(p->heights, (p->lines.count + 1) * sizeof(*p->heights));
	for (size_t i = 0; i < p->lines.count; i++)
		p->heights[i] = draw_line(NULL, 0, cols, p->lines.items[i], NULL, 0);
}

/* The highest line at the top with which the last one is still on the screen. */
static size_t
last_top(const struct page *p, int rows)
{
	size_t top = p->lines.count;

	while (top > 0 && rows >= p->heights[top - 1])
		rows -= p->heights[--top];
	return top;
}

static void
draw_head(const struct page *p, const struct area *area)
{
	const struct model_gateway *gateway = gateway_of(p);
	usec_t now = p->panel.scene->now;
	char text[FORMAT_TEXT], right[64] = "";
	int room = area->cols - 2;

	if (gateway != NULL && gateway->config_loaded_at != 0)
		snprintf(right, sizeof(right), "loaded %s ago",
			 format_since(now, gateway->config_loaded_at, text));
	area_text(area, 0, area->cols - 1 - text_columns(right), ROLE_dim, right);
	room -= text_columns(right) + 2;
	if (room > 20)
		area_field(area, 0, 1, room, false, ROLE_title,
			   p->file[0] != '\0' ? p->file : "the configuration");
	if (gateway != NULL && gateway->config_confirm_until > now)
		area_print(area, 1, 1, ROLE_attention, "! not confirmed yet: the former one comes back in %s",
			   format_until(now, gateway->config_confirm_until, text));
	else if (p->differs)
		area_text(area, 1, 1, ROLE_warning,
			  "! the file on the disk differs from what runs: :reload takes it over");
	else if (p->lines.count > 0)
		area_text(area, 1, 1, ROLE_dim, "what runs is what the file has · secrets are masked");
}

static void
page_draw(struct panel *panel, const struct area *area)
{
	struct page *p = (struct page *)panel;
	struct area body = area_part(area, HEAD, 1, area->rows - HEAD, area->cols - 2), text;
	bool numbers = area->cols >= 70;
	int row = 0;
	size_t most;

	draw_head(p, area);
	if (p->why[0] != '\0' || p->lines.count == 0) {
		area_wrap(&body, 0, 0, body.cols, body.rows, p->why[0] != '\0' ? ROLE_bad : ROLE_dim,
			  p->why[0] != '\0' ? p->why
			  : p->asked        ? "it is empty"
					    : "asking the gateway …");
		return;
	}
	text = area_part(&body, 0, numbers ? NUMBERS + 1 : 0, body.rows,
			 body.cols - (numbers ? NUMBERS + 1 : 0));
	measure(p, text.cols > 8 ? text.cols : 8);
	most = last_top(p, body.rows);
	p->top = p->top > most ? most : p->top;
	for (p->shown = 0; row < body.rows && p->top + p->shown < p->lines.count; p->shown++) {
		size_t i = p->top + p->shown;
		uint8_t roles[2048];

		paint(p->lines.items[i], roles, sizeof(roles));
		mark_matches(p->lines.items[i], panel->filter, i == p->match, roles, sizeof(roles));
		if (numbers)
			area_print(&body, row, 0, ROLE_dim, "%*zu", NUMBERS, i + 1);
		row += draw_line(&text, row, text.cols, p->lines.items[i], roles, sizeof(roles));
	}
	if (row > body.rows && p->shown > 1)
		p->shown--; /* the last one is not whole */
}

/* --- moving -------------------------------------------------------------------------------------- */

static bool
page_command(struct panel *panel, const char *command, const char *argument)
{
	struct page *p = (struct page *)panel;
	size_t count = p->lines.count;
	enum table_motion motion;

	(void)argument;
	if (strcmp(command, "next-match") == 0 && count > 0) {
		go_match(p, (p->match + 1) % count, true);
	} else if (strcmp(command, "previous-match") == 0 && count > 0) {
		go_match(p, (p->match + count - 1) % count, false);
	} else if (table_motion_of(command, &motion)) {
		p->top = table_move(p->top, count > 0 ? count : 1, p->shown > 0 ? p->shown : 1, motion);
	} else {
		return strcmp(command, "next-match") == 0 || strcmp(command, "previous-match") == 0;
	}
	return true;
}

/* To a line, as the messages about a configuration name it. */
static bool
page_row(struct panel *panel, uint64_t number, struct error *err)
{
	struct page *p = (struct page *)panel;

	if (!table_has_number(number, p->lines.count, err))
		return false;
	p->top = number - 1;
	return true;
}

static bool
page_filter(struct panel *panel, const char *text, struct error *err)
{
	struct page *p = (struct page *)panel;
	size_t i;

	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	for (i = 0; i < p->lines.count && !matches(p, i); i++)
		;
	if (text[0] != '\0' && i == p->lines.count)
		return error_set(err, "no line has '%.60s'", text);
	if (text[0] != '\0')
		go_match(p, p->top, true);
	return true;
}

static const void *
page_selected(struct panel *panel, enum model_kind *kind)
{
	*kind = panel->ops->kind;
	return NULL;
}

static bool
page_select(struct panel *panel, const char *key)
{
	(void)panel;
	(void)key;
	return false;
}

static void
page_status(struct panel *panel, char *out, size_t size)
{
	const struct page *p = (const struct page *)panel;
	size_t all = 0, before = 0;

	out[0] = '\0';
	for (size_t i = 0; panel->filter[0] != '\0' && i < p->lines.count; i++) {
		all += matches(p, i);
		before += matches(p, i) && i <= p->match;
	}
	if (panel->filter[0] != '\0')
		snprintf(out, size, "match %zu of %zu", all > 0 ? before : 0, all);
	else if (p->lines.count > p->shown)
		snprintf(out, size, "lines %zu-%zu of %zu", p->top + 1, p->top + p->shown, p->lines.count);
}

static void
page_close(struct panel *panel)
{
	struct page *p = (struct page *)panel;

	if (p->question != NULL)
		p->question->page = NULL;
	text_list_free(&p->lines);
	free(p->heights);
	free(p);
}

struct panel *
configuration_page(struct scene *scene)
{
	static const struct panel_ops ops = {
	    .name = "configuration",
	    .title = "Configuration",
	    .kind = MODEL_KIND_GATEWAY,
	    .close = page_close,
	    .draw = page_draw,
	    .command = page_command,
	    .selected = page_selected,
	    .select = page_select,
	    .filter = page_filter,
	    .status = page_status,
	    .row = page_row,
	    .tick = page_tick,
	};
	struct page *p = memory_zeroed(1, sizeof(*p));

	p->panel.ops = &ops;
	p->panel.scene = scene;
	ask(p);
	return &p->panel;
}
