// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Detail: all that the model knows of one row, made from the schema: each field by its title, nested objects
 * under headings, long values wrapped, in as many columns as there is room for. A tunnel also has its graph;
 * below stand the last events of the object. A row of a stored kind stays live; one of a paged kind is as it
 * was when it was opened.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/widgets/table.h"

#define LABEL 14
#define COLUMN 38 /* at least, label and value */
#define MOST_LINES 400
#define EVENTS 4

struct line {
	char label[40], value[160];
	enum theme_role role;
};

struct detail {
	struct panel panel;
	struct panel_ops ops; /* the name is that of the kind's panel, so that its keys count here */
	enum model_kind kind;
	char key[256];
	void *copy; /* the row as it was last seen */
	bool gone;
	size_t top, page, height;
	struct line *lines; /* MOST_LINES */
	size_t count;
};

static const struct model_shape *
shape_of(const struct detail *d)
{
	return model_kind_info(d->kind)->shape;
}

/* Takes the row's present state from the store; the last one stays where it is gone. */
static void
renew(struct detail *d)
{
	const void *row = NULL;

	if (model_kind_info(d->kind)->storage != MODEL_STORED)
		return;
	row = model_store_get(d->panel.scene->store, d->kind, d->key);
	d->gone = row == NULL;
	if (row == NULL)
		return;
	model_row_clear(shape_of(d), d->copy);
	model_row_copy(shape_of(d), d->copy, row);
}

/* --- lines
 * ---------------------------------------------------------------------------------------------------- */

static struct line *
add_line(struct detail *d, const char *label, enum theme_role role)
{
	struct line *line;

	if (d->count >= MOST_LINES)
		return NULL;
	line = &d->lines[d->count++];
	snprintf(line->label, sizeof(line->label), "%s", label);
	line->value[0] = '\0';
	line->role = role;
	return line;
}

/* A value in as many lines as it needs at that width. */
static void
add_value(struct detail *d, const char *label, const char *value, int width, enum theme_role role)
{
	struct line *line = add_line(d, label, role);

	while (line != NULL && text_line(&value, width, line->value, sizeof(line->value)) && *value != '\0')
		line = add_line(d, "", role);
}

static void add_fields(struct detail *d, const struct model_shape *shape, const void *row, int width);

static void
add_field(struct detail *d, const struct model_field *field, const void *row, int width)
{
	char text[1024];

	if (field->type == MODEL_SUB) {
		const void *sub = (const char *)row + field->offset;

		if (!*(const bool *)sub) { /* `set`, the first member of every shape */
			add_value(d, field->title, FORMAT_NONE, width, ROLE_dim);
			return;
		}
		add_line(d, field->title, ROLE_heading);
		add_fields(d, field->sub, sub, width);
		return;
	}
	format_field(field, row, d->panel.scene->now, text, sizeof(text));
	add_value(d, field->title, text, width, strcmp(text, FORMAT_NONE) == 0 ? ROLE_dim : ROLE_text);
}

/* Plain fields first, nested ones after them. */
static void
add_fields(struct detail *d, const struct model_shape *shape, const void *row, int width)
{
	for (size_t i = 0; i < shape->count; i++) {
		if (shape->fields[i].type != MODEL_SUB)
			add_field(d, &shape->fields[i], row, width);
	}
	for (size_t i = 0; i < shape->count; i++) {
		if (shape->fields[i].type == MODEL_SUB)
			add_field(d, &shape->fields[i], row, width);
	}
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

static struct look_of
look_of_row(const struct detail *d)
{
	switch (d->kind) {
	case MODEL_KIND_CONNECTION:
		return look_of_connection(d->copy);
	case MODEL_KIND_TUNNEL:
		return look_of_tunnel(d->copy);
	case MODEL_KIND_PEER:
		return look_of_peer(d->copy);
	case MODEL_KIND_EVENT:
		return look_of_severity(((const struct model_event *)d->copy)->severity);
	default:
		return (struct look_of){"", "", ROLE_text};
	}
}

static void
draw_title(const struct detail *d, const struct area *area)
{
	struct look_of look = look_of_row(d);
	enum theme_role role = ROLE_text;
	char mark[16];
	int col = 1;

	col = area_print(area, 0, col, ROLE_dim, "%s → ", shape_of(d)->name);
	if (d->kind == MODEL_KIND_TUNNEL) {
		tunnel_mark(d->copy, mark, &role);
		col = area_text(area, 0, col, role, mark) + 1;
	}
	col = area_text(area, 0, col, ROLE_title, d->key);
	area_print(area, 0, col + 2, look.role, "%s %s", look.glyph, look.word);
	if (d->gone)
		area_right(area, 0, ROLE_warning, "gone; as it was last ");
}

static int
draw_graph(const struct detail *d, const struct area *area)
{
	const struct scene *scene = d->panel.scene;
	struct area graph = area_part(area, 0, 1, area->rows, area->cols - 2);
	float samples[HISTORY_SAMPLES], most = 0;
	size_t count = graph_samples(scene->graph, graph.cols);
	char text[FORMAT_TEXT];

	if (count > HISTORY_SAMPLES) {
		count = HISTORY_SAMPLES;
		graph = area_part(&graph, 0, 0, graph.rows, (int)(count / graph_samples(scene->graph, 1)));
	}
	history_rates(scene->history, d->key, count, samples);
	for (size_t i = 0; i < count; i++)
		most = samples[i] > most ? samples[i] : most;
	most = graph_top(most);
	graph_draw(&graph, scene->graph, ROLE_graph, samples, count, most);
	area_print(&graph, 0, 0, ROLE_dim, "in and out, up to %s",
		   format_rate((uint64_t)most, text) + strspn(text, " "));
	return area->rows;
}

static void
draw_lines(struct detail *d, const struct area *area)
{
	int columns = area->cols / COLUMN, width;
	size_t most;

	columns = columns < 1 ? 1 : columns > 4 ? 4 : columns;
	width = (area->cols - 1) / columns;
	d->count = 0;
	add_fields(d, shape_of(d), d->copy, width - LABEL - 3);
	d->height = (d->count + (size_t)columns - 1) / (size_t)columns;
	d->page = (size_t)area->rows;
	most = d->height > d->page ? d->height - d->page : 0;
	d->top = d->top > most ? most : d->top;
	for (size_t i = 0; i < d->count; i++) {
		const struct line *line = &d->lines[i];
		size_t row = i % d->height;
		int left = 1 + (int)(i / d->height) * width;

		if (row < d->top || row - d->top >= d->page)
			continue;
		area_field(area, (int)(row - d->top), left, line->role == ROLE_heading ? width - 2 : LABEL,
			   false, line->role == ROLE_heading ? ROLE_title : ROLE_dim, line->label);
		if (line->role != ROLE_heading)
			area_field(area, (int)(row - d->top), left + LABEL + 1, width - LABEL - 2, false,
				   line->role, line->value);
	}
}

/* The events whose subject is this object (or a tunnel of this connection), the newest first. */
static void
draw_events(const struct detail *d, const struct area *area)
{
	const struct model_store *store = d->panel.scene->store;
	size_t all = model_store_count(store, MODEL_KIND_EVENT), length = strlen(d->key);
	int row = 1;

	area_repeat(area, 0, 0, area->cols, ROLE_border, U'─');
	for (size_t i = all; i > 0 && row < area->rows; i--) {
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, i - 1);
		struct look_of look = look_of_severity(event->severity);
		char at[FORMAT_TEXT];

		if (event->subject == NULL || strncmp(event->subject, d->key, length) != 0 ||
		    (event->subject[length] != '\0' && event->subject[length] != '/'))
			continue;
		area_text(area, row, 1, ROLE_dim, format_stamp(event->at, at));
		area_text(area, row, 18, look.role, look.glyph);
		area_field(area, row, 20, area->cols - 21, false, ROLE_text,
			   event->text != NULL ? event->text : "");
		row++;
	}
	if (row == 1)
		area_text(area, 1, 1, ROLE_dim, "no event yet");
}

static void
detail_draw(struct panel *panel, const struct area *area)
{
	struct detail *d = (struct detail *)panel;
	bool events = model_kind_info(d->kind)->storage == MODEL_STORED && area->rows >= 14;
	int foot = events ? (area->rows >= 28 ? EVENTS * 2 : EVENTS) : 0, top = 2, graph;
	struct area part;

	renew(d);
	draw_title(d, area);
	if (d->kind == MODEL_KIND_TUNNEL && area->rows >= 16) {
		graph = area->rows >= 40 ? 6 : area->rows >= 28 ? 4 : 2;
		part = area_part(area, 1, 0, graph, area->cols);
		top = 2 + draw_graph(d, &part);
	}
	part = area_part(area, top, 0, area->rows - top - foot, area->cols);
	draw_lines(d, &part);
	part = area_part(area, area->rows - foot, 0, foot, area->cols);
	if (events)
		draw_events(d, &part);
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static void
detail_close(struct panel *panel)
{
	struct detail *d = (struct detail *)panel;

	model_row_free(d->kind, d->copy);
	free(d->lines);
	free(d);
}

static bool
detail_command(struct panel *panel, const char *command, const char *argument)
{
	struct detail *d = (struct detail *)panel;
	size_t positions = d->height > d->page ? d->height - d->page + 1 : 1;
	enum table_motion motion;

	(void)argument;
	if (!table_motion_of(command, &motion))
		return false;
	d->top = table_move(d->top, positions, d->page, motion);
	return true;
}

static const void *
detail_selected(struct panel *panel, enum model_kind *kind)
{
	struct detail *d = (struct detail *)panel;

	*kind = d->kind;
	return d->copy;
}

static bool
detail_select(struct panel *panel, const char *key)
{
	return strcmp(((struct detail *)panel)->key, key) == 0;
}

static bool
detail_filter(struct panel *panel, const char *text, struct error *err)
{
	(void)panel;
	(void)text;
	return error_set(err, "there is nothing to filter here");
}

static void
detail_status(struct panel *panel, char *out, size_t size)
{
	const struct detail *d = (const struct detail *)panel;
	size_t end = d->top + d->page;

	out[0] = '\0';
	if (d->height > d->page)
		snprintf(out, size, "lines %zu-%zu of %zu", d->top + 1, end < d->height ? end : d->height,
			 d->height);
}

struct panel *
panel_detail(struct scene *scene, enum model_kind kind, const void *row)
{
	static const struct panel_ops ops = {
	    .title = "Detail",
	    .close = detail_close,
	    .draw = detail_draw,
	    .command = detail_command,
	    .selected = detail_selected,
	    .select = detail_select,
	    .filter = detail_filter,
	    .status = detail_status,
	};
	struct detail *d = memory_zeroed(1, sizeof(*d));

	d->ops = ops;
	d->ops.kind = kind;
	d->ops.name = panel_of_kind(kind)->name;
	d->panel.ops = &d->ops;
	d->panel.scene = scene;
	d->kind = kind;
	d->lines = memory_zeroed(MOST_LINES, sizeof(*d->lines));
	model_row_key(model_kind_info(kind), row, d->key, sizeof(d->key));
	d->copy = model_row_new(kind);
	model_row_clear(shape_of(d), d->copy);
	model_row_copy(shape_of(d), d->copy, row);
	return &d->panel;
}
