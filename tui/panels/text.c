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
	char *text;
	enum theme_role role;
};

struct text_page {
	struct panel panel;
	struct panel_ops ops;
	char title[160], name[256];
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

static void
add_line(struct text_page *p, enum theme_role role, const char *text, size_t length)
{
	char raw[1024], clean[1024];
	size_t used = 0;

	if (p->count == MOST_LINES)
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
	if (p->count == p->room) {
		p->room = p->room != 0 ? p->room * 2 : 64;
		p->lines = memory_resize(p->lines, p->room * sizeof(*p->lines));
	}
	p->lines[p->count++] =
	    (struct text_line){.text = text_copy(text_clean(clean, sizeof(clean), raw)), .role = role};
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

void
text_panel_clear(struct panel *panel)
{
	struct text_page *p = (struct text_page *)panel;

	for (size_t i = 0; i < p->count; i++)
		free(p->lines[i].text);
	p->count = 0;
}

/* --- drawing ------------------------------------------------------------------------------------- */

static bool
passes(const struct text_page *p, const struct text_line *line)
{
	return p->panel.filter[0] == '\0' || strcasestr(line->text, p->panel.filter) != NULL;
}

/* One line as often broken as it needs; draws what is in view. `at` is the drawn line it begins on. */
static size_t
draw_line(const struct text_page *p, const struct area *area, const struct text_line *line, size_t at)
{
	int indent = (int)strspn(line->text, " "), cols;
	const char *rest = line->text + indent;
	char text[1024];
	size_t drawn = 0;

	indent = indent > area->cols / 2 ? area->cols / 2 : indent;
	cols = area->cols - 2 - indent;
	do {
		size_t row = at + drawn;

		text[0] = '\0';
		text_line(&rest, cols, text, sizeof(text));
		if (row >= p->top && row - p->top < p->page)
			area_text(area, (int)(row - p->top), 1 + indent, line->role, text);
		drawn++;
	} while (*rest != '\0');
	return drawn;
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

static void
text_draw(struct panel *panel, const struct area *area)
{
	struct text_page *p = (struct text_page *)panel;
	struct area body = area_part(area, 2, 0, area->rows - 2, area->cols);
	size_t most;

	area_text(area, 0, 1, ROLE_title, p->title);
	p->page = body.rows > 0 ? (size_t)body.rows : 1;
	p->height = draw_all(p, &body);
	most = p->height > p->page ? p->height - p->page : 0;
	if (p->top > most) {
		p->top = most;
		area_blank(&body, 0, 0, body.rows, body.cols);
		draw_all(p, &body);
	}
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
	const struct text_page *p = (const struct text_page *)panel;
	size_t end = p->top + p->page;

	out[0] = '\0';
	if (p->height > p->page)
		snprintf(out, size, "lines %zu-%zu of %zu", p->top + 1, end < p->height ? end : p->height,
			 p->height);
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
	};
	struct text_page *p = memory_zeroed(1, sizeof(*p));

	p->ops = ops;
	p->ops.kind = kind;
	p->ops.name = panel_of_kind(kind)->name;
	p->panel.ops = &p->ops;
	p->panel.scene = scene;
	text_clean(p->title, sizeof(p->title), title);
	snprintf(p->name, sizeof(p->name), "%s", name != NULL ? name : "");
	return &p->panel;
}
