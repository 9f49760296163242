// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A page of text; see text.h. Lines are kept as they were given and wrapped as they are drawn, with the
 * indentation of their beginning, so that a page follows every resize.
 */
#include "tui/panels/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

#define MOST_LINES 20000
#define TAB 8

struct text_line {
	char *text, *label, *mark, *tail; /* all but the text may be NULL */
	int label_cols, mark_cols;
	enum theme_role role, mark_role, tail_role;
};

struct text_page {
	struct panel panel;
	struct panel_ops ops;
	char title[160], name[256], note[160];
	enum theme_role note_role;
	bool compact;
	const struct text_source *source; /* NULL: the page stays as it is */
	void *context;
	struct text_line *lines;
	size_t count, room;
	size_t top, page, height; /* in drawn lines */
};

static void text_close(struct panel *panel);

bool
is_text_panel(const struct panel *panel)
{
	return panel->ops->close == text_close;
}

/* --- filling ------------------------------------------------------------------------------------- */

/* An empty line at the page's end; NULL where it is full. */
static struct text_line *
new_line(struct text_page *p)
{
	if (p->count == MOST_LINES)
		return NULL;
	if (p->count == p->room) {
		p->room = p->room != 0 ? p->room * 2 : 64;
		p->lines = memory_resize(p->lines, p->room * sizeof(*p->lines));
	}
	p->lines[p->count] = (struct text_line){0};
	return &p->lines[p->count++];
}

static void
add_line(struct text_page *p, enum theme_role role, const char *text, size_t length)
{
	char raw[1024], clean[1024];
	struct text_line *line = new_line(p);
	size_t used = 0;

	if (line == NULL)
		return;
	for (size_t i = 0; i < length && used + 1 < sizeof(raw) - TAB; i++) {
		if (text[i] != '\t') {
			raw[used++] = text[i];
			continue;
		}
		do
			raw[used++] = ' ';
		while (used % TAB != 0);
	}
	raw[used] = '\0';
	line->text = text_copy(text_clean(clean, sizeof(clean), raw));
	line->role = role;
}

void
text_panel_add(struct panel *panel, enum theme_role role, const char *text)
{
	struct text_page *p = (struct text_page *)panel;

	for (;;) {
		size_t length = strcspn(text, "\n");

		add_line(p, role, text, length);
		text += length;
		if (*text == '\0' || *++text == '\0')
			break;
	}
}

void
text_panel_print(struct panel *panel, enum theme_role role, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_panel_add(panel, role, text);
}

static char *
copy_clean(const char *text)
{
	char clean[1024];

	return text != NULL && text[0] != '\0' ? text_copy(text_clean(clean, sizeof(clean), text)) : NULL;
}

void
text_panel_row(struct panel *panel, const struct text_row *row)
{
	struct text_line *line = new_line((struct text_page *)panel);

	if (line == NULL)
		return;
	line->label = copy_clean(row->label);
	line->mark = copy_clean(row->mark);
	line->tail = copy_clean(row->tail);
	line->text = copy_clean(row->text != NULL ? row->text : "");
	if (line->text == NULL)
		line->text = text_copy("");
	line->label_cols = row->label_cols;
	line->mark_cols = row->mark_cols;
	line->role = row->role;
	line->mark_role = row->mark_role;
	line->tail_role = row->tail_role;
}

void
text_panel_note(struct panel *panel, enum theme_role role, const char *format, ...)
{
	struct text_page *p = (struct text_page *)panel;
	char text[sizeof(p->note)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_clean(p->note, sizeof(p->note), text);
	p->note_role = role;
}

void
text_panel_compact(struct panel *panel)
{
	((struct text_page *)panel)->compact = true;
}

void
text_panel_title(struct panel *panel, const char *title)
{
	struct text_page *p = (struct text_page *)panel;

	text_clean(p->title, sizeof(p->title), title);
}

void
text_panel_source(struct panel *panel, const struct text_source *source, void *context)
{
	struct text_page *p = (struct text_page *)panel;

	p->source = source;
	p->context = context;
}

void *
text_panel_context(const struct panel *panel, const struct text_source *source)
{
	const struct text_page *p = (const struct text_page *)panel;

	return is_text_panel(panel) && p->source == source ? p->context : NULL;
}

void
text_panel_clear(struct panel *panel)
{
	struct text_page *p = (struct text_page *)panel;

	for (size_t i = 0; i < p->count; i++) {
		free(p->lines[i].text);
		free(p->lines[i].label);
		free(p->lines[i].mark);
		free(p->lines[i].tail);
	}
	p->count = 0;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static bool
passes(const struct text_page *p, const struct text_line *line)
{
	const char *const parts[] = {line->text, line->label, line->mark, line->tail};

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (parts[i] != NULL && strcasestr(parts[i], p->panel.filter) != NULL)
			return true;
	}
	return p->panel.filter[0] == '\0';
}

/* A part in its columns, where it has some. */
static void
write_part(FILE *out, const char *text, int cols)
{
	int pad = cols - (text != NULL ? text_columns(text) : 0);

	fprintf(out, "%s%*s", text != NULL ? text : "", pad > 0 ? pad : 0, "");
}

size_t
text_panel_write(const struct panel *panel, FILE *out)
{
	const struct text_page *p = (const struct text_page *)panel;
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct text_line *line = &p->lines[i];

		if (!passes(p, line))
			continue;
		write_part(out, line->label, line->label_cols);
		write_part(out, line->mark, line->mark_cols);
		fprintf(out, "%s%s%s\n", line->text, line->tail != NULL ? "  " : "",
			line->tail != NULL ? line->tail : "");
		count++;
	}
	return count;
}

static bool
in_view(const struct text_page *p, size_t row)
{
	return row >= p->top && row - p->top < p->page;
}

/* Label and mark, which stand in the first of a line's rows. Returns the columns that they take. */
static int
draw_lead(const struct text_page *p, const struct area *area, const struct text_line *line, size_t row)
{
	int label = line->label_cols, mark = line->mark_cols;

	if (label + mark == 0 || !in_view(p, row))
		return label + mark;
	if (line->label != NULL)
		area_field(area, (int)(row - p->top), 1, label - 1, false, ROLE_dim, line->label);
	if (line->mark != NULL)
		area_field(area, (int)(row - p->top), 1 + label, mark - 1, false, line->mark_role,
			   line->mark);
	return label + mark;
}

/* The tail behind the last row's text, which ends at `end`, or under it. Returns the rows it takes more. */
static size_t
draw_tail(const struct text_page *p, const struct area *area, const struct text_line *line, size_t row,
	  int lead, int end)
{
	int cols = line->tail != NULL ? text_columns(line->tail) : 0;
	bool fits = end + 2 + cols < area->cols;

	if (cols == 0)
		return 0;
	row += !fits;
	if (in_view(p, row))
		area_text(area, (int)(row - p->top), fits ? end + 2 : 1 + lead, line->tail_role, line->tail);
	return !fits;
}

/* One line as often broken as it needs; draws what is in view. `at` is the drawn line it begins on. */
static size_t
draw_line(const struct text_page *p, const struct area *area, const struct text_line *line, size_t at)
{
	int indent = (int)strspn(line->text, " "), cols, end = 0;
	const char *rest = line->text + indent;
	char text[1024];
	size_t drawn = 0;

	indent += draw_lead(p, area, line, at);
	indent = indent > area->cols / 2 ? area->cols / 2 : indent;
	cols = area->cols - 2 - indent;
	cols = cols < 1 ? 1 : cols; /* or it would never end */
	do {
		size_t row = at + drawn;

		text[0] = '\0';
		text_line(&rest, cols, text, sizeof(text));
		end = 1 + indent + text_columns(text);
		if (in_view(p, row))
			area_text(area, (int)(row - p->top), 1 + indent, line->role, text);
		drawn++;
	} while (*rest != '\0');
	return drawn + draw_tail(p, area, line, at + drawn - 1, indent, end);
}

static size_t
draw_all(struct text_page *p, const struct area *area)
{
	size_t at = 0;

	for (size_t i = 0; i < p->count; i++) {
		if (passes(p, &p->lines[i]))
			at += draw_line(p, area, &p->lines[i], at);
	}
	return at;
}

/* At the right of the title: what is in view of how much, and how old it is. */
static void
draw_note(const struct text_page *p, const struct area *area)
{
	int left = 1 + text_columns(p->title) + 2, room = area->cols - 1 - left, cols;
	size_t end = p->top + p->page;
	char place[64] = "", note[sizeof(p->note) + 64];

	if (p->height > p->page)
		snprintf(place, sizeof(place), "%zu-%zu of %zu", p->top + 1,
			 end < p->height ? end : p->height, p->height);
	snprintf(note, sizeof(note), "%s%s%s", p->note, p->note[0] != '\0' && place[0] != '\0' ? " · " : "",
		 place);
	cols = text_columns(note) < room ? text_columns(note) : room;
	if (cols > 0)
		area_field(area, 0, area->cols - 1 - cols, cols, false,
			   p->note[0] != '\0' ? p->note_role : ROLE_dim, note);
}

static void
text_draw(struct panel *panel, const struct area *area)
{
	struct text_page *p = (struct text_page *)panel;
	int head = p->compact ? 1 : 2;
	struct area body = area_part(area, head, 0, area->rows - head, area->cols);
	size_t most;

	if (p->compact)
		area_repeat(area, 0, 0, area->cols, ROLE_border, U'─');
	area_text(area, 0, 1, ROLE_title, p->title);
	p->page = body.rows > 0 ? (size_t)body.rows : 1;
	p->height = draw_all(p, &body);
	most = p->height > p->page ? p->height - p->page : 0;
	if (p->top > most) {
		p->top = most;
		area_blank(&body, 0, 0, body.rows, body.cols);
		draw_all(p, &body);
	}
	draw_note(p, area);
	if (p->height == 0)
		area_text(&body, 0, 1, ROLE_dim,
			  p->panel.filter[0] != '\0' ? "no line has that text" : "empty");
}

/* --- the panel ----------------------------------------------------------------------------------- */

static void
text_close(struct panel *panel)
{
	struct text_page *p = (struct text_page *)panel;

	text_panel_clear(panel);
	if (p->source != NULL && p->source->close != NULL)
		p->source->close(p->context);
	free(p->lines);
	free(p);
}

static bool
text_command(struct panel *panel, const char *command, const char *argument)
{
	struct text_page *p = (struct text_page *)panel;
	size_t positions = p->height > p->page ? p->height - p->page + 1 : 1;
	enum table_motion motion;

	(void)argument;
	if (!table_motion_of(command, &motion))
		return false;
	p->top = table_move(p->top, positions, p->page, motion);
	return true;
}

static const void *
text_selected(struct panel *panel, enum model_kind *kind)
{
	struct text_page *p = (struct text_page *)panel;

	*kind = p->ops.kind;
	if (p->name[0] == '\0' || model_kind_info(p->ops.kind)->storage != MODEL_STORED)
		return NULL;
	return model_store_get(panel->scene->store, p->ops.kind, p->name);
}

static bool
text_select(struct panel *panel, const char *key)
{
	return strcmp(((struct text_page *)panel)->name, key) == 0;
}

static bool
text_filter(struct panel *panel, const char *text, struct error *err)
{
	struct text_page *p = (struct text_page *)panel;

	(void)err;
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	p->top = 0;
	return true;
}

static void
text_status(struct panel *panel, char *out, size_t size)
{
	(void)panel; /* the page's own first line says it */
	(void)size;
	out[0] = '\0';
}

static void
text_tick(struct panel *panel)
{
	struct text_page *p = (struct text_page *)panel;

	if (p->source != NULL && p->source->tick != NULL)
		p->source->tick(panel, p->context);
}

struct panel *
text_panel(struct scene *scene, const char *title, enum model_kind kind, const char *name)
{
	static const struct panel_ops ops = {
	    .title = "Text",
	    .close = text_close,
	    .draw = text_draw,
	    .command = text_command,
	    .selected = text_selected,
	    .select = text_select,
	    .filter = text_filter,
	    .status = text_status,
	    .tick = text_tick,
	};
	struct text_page *p = memory_zeroed(1, sizeof(*p));

	p->ops = ops;
	p->ops.kind = kind;
	p->ops.fleet = kind == MODEL_KIND_SITE; /* it is true without a gateway here */
	p->ops.name = panel_of_kind(kind)->name;
	p->panel.ops = &p->ops;
	p->panel.scene = scene;
	text_clean(p->title, sizeof(p->title), title);
	snprintf(p->name, sizeof(p->name), "%s", name != NULL ? name : "");
	return &p->panel;
}
