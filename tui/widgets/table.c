// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables. The selection is remembered by the row's key. When rows come, go or change places, the selected row
 * keeps its place on the screen (`selected - top` stays), so what a person is reading does not move away
 * under the eye; only a table that follows (events) and has its first row selected stays at the top.
 */
#include "tui/widgets/table.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/format.h"

#define GAP 2

/* --- columns
 * -------------------------------------------------------------------------------------------------- */

static int
longest_text(const struct model_store *store, enum model_kind kind, const struct model_field *field)
{
	size_t count = model_store_count(store, kind);
	int longest = 0;

	for (size_t i = 0; i < count; i++) {
		const char *text =
		    *(char *const *)((const char *)model_store_at(store, kind, i) + field->offset);
		int columns = text != NULL ? text_columns(text) : 0;

		longest = columns > longest ? columns : longest;
	}
	return longest;
}

const struct table_column *
table_measure(const struct table_column *columns, struct table_column *out, const struct model_store *store,
	      enum model_kind kind)
{
	const struct model_shape *shape = model_kind_info(kind)->shape;
	size_t count = 0;

	for (; columns[count].title != NULL && count < TABLE_COLUMNS; count++) {
		struct table_column *c = &out[count];
		struct model_field field;
		int need;

		*c = columns[count];
		if (!c->fit || c->field == NULL || !model_field_path(shape, c->field, &field) ||
		    field.type != MODEL_STR)
			continue;
		need = longest_text(store, kind, &field);
		need = need < text_columns(c->title) ? text_columns(c->title) : need;
		c->width = need < c->most ? need : c->most;
		c->most = 0;
	}
	out[count] = (struct table_column){0};
	return out;
}

/* The width that the columns up to a rank take, or would like to. */
static int
width_of_rank(const struct table_column *columns, int rank, int gap, bool roomy)
{
	int used = 0;

	for (const struct table_column *c = columns; c->title != NULL; c++) {
		if (c->rank <= rank)
			used += (roomy && c->roomy > c->width ? c->roomy : c->width) + (used > 0 ? gap : 0);
	}
	return used;
}

static void
grow(struct table_layout *layout, int room)
{
	while (room > 0) {
		int grown = 0;

		for (size_t i = 0; i < layout->count && room > 0; i++) {
			if (layout->slots[i].width < layout->slots[i].column->most) {
				layout->slots[i].width++;
				room--;
				grown++;
			}
		}
		if (grown == 0)
			return;
	}
}

void
table_fit(const struct table_column *columns, int width, int gap, struct table_layout *out)
{
	int rank = 0, left = 0;

	for (const struct table_column *c = columns; c->title != NULL; c++)
		rank = c->rank > rank ? c->rank : rank;
	while (rank > 0 && width_of_rank(columns, rank, gap, true) > width)
		rank--;
	out->count = 0;
	for (const struct table_column *c = columns; c->title != NULL && out->count < TABLE_COLUMNS; c++) {
		if (c->rank > rank)
			continue;
		out->slots[out->count].column = c;
		out->slots[out->count++].width = c->width;
	}
	grow(out, width - width_of_rank(columns, rank, gap, false));
	for (size_t i = 0; i < out->count; i++) {
		out->slots[i].left = left;
		left += out->slots[i].width + gap;
	}
}

static void
cell_of_field(const struct table_context *context, const struct table_column *column,
	      const struct model_shape *shape, const void *row, struct table_cell *cell)
{
	struct model_field field;

	if (column->field == NULL || !model_field_path(shape, column->field, &field))
		return;
	format_field(&field, row, context->now, cell->text, sizeof(cell->text));
	if (strcmp(cell->text, FORMAT_NONE) == 0)
		cell->text[0] = '\0';
}

/* Whether the gateway tells of the field that the column is about, or of what it is nested in. */
static bool
is_told(const struct table_context *context, const struct table_column *column,
	const struct model_shape *shape)
{
	char first[64];
	int field;

	if (context->told == 0 || context->told == model_fields_all(shape) || column->field == NULL)
		return true;
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(column->field, "."), column->field);
	field = model_field_find(shape, first);
	return field < 0 || (context->told >> field & 1) != 0;
}

/* Cuts "berlin-logistics/2" to "berlin-l…/2": which of its tunnels it is tells more than the name's end. */
static void
keep_end(char *text, size_t size, int width)
{
	const char *end = strrchr(text, '/'), *next = text;
	char cut[256], tail[16];
	int room;

	if (end == NULL || text_columns(text) <= width || strlen(end) >= sizeof(tail))
		return;
	snprintf(tail, sizeof(tail), "%s", end);
	room = width - text_columns(tail) - 1;
	cut[0] = '\0';
	for (size_t length = 0; next < end; length = (size_t)(next - text)) {
		text_next(&next);
		snprintf(cut, sizeof(cut), "%.*s", (int)(next - text), text);
		if (text_columns(cut) > room) {
			cut[length] = '\0';
			break;
		}
	}
	if (cut[0] != '\0')
		snprintf(text, size, "%s…%s", cut, tail);
}

void
table_draw_row(const struct area *area, int row, const struct table_layout *layout,
	       const struct table_context *context, const struct model_shape *shape, const void *data)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct table_column *column = layout->slots[i].column;
		int width = layout->slots[i].width;
		struct table_cell cell;

		cell.text[0] = '\0';
		cell.role = ROLE_text;
		if (!is_told(context, column, shape)) {
			snprintf(cell.text, sizeof(cell.text), FORMAT_UNTOLD);
			cell.role = ROLE_dim;
		} else if (column->cell != NULL)
			column->cell(context, data, &cell);
		else
			cell_of_field(context, column, shape, data, &cell);
		if (cell.text[0] == '\0') {
			snprintf(cell.text, sizeof(cell.text), FORMAT_NONE);
			cell.role = ROLE_dim;
		}
		/* where even the columns that stay are too wide, the last one says that it is cut */
		if (layout->slots[i].left + width > area->cols)
			width = area->cols - layout->slots[i].left;
		if (column->ends)
			keep_end(cell.text, sizeof(cell.text), width);
		area_field(area, row, layout->slots[i].left, width, column->right, cell.role, cell.text);
	}
}

/* --- motion
 * --------------------------------------------------------------------------------------------------- */

bool
table_motion_of(const char *command, enum table_motion *out)
{
	static const char *const names[] = {
	    [TABLE_DOWN] = "row-down",   [TABLE_UP] = "row-up",       [TABLE_PAGE_DOWN] = "page-down",
	    [TABLE_PAGE_UP] = "page-up", [TABLE_FIRST] = "first-row", [TABLE_LAST] = "last-row",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(names[i], command) == 0) {
			*out = (enum table_motion)i;
			return true;
		}
	}
	return false;
}

size_t
table_move(size_t selected, size_t count, size_t page, enum table_motion motion)
{
	size_t step = motion == TABLE_PAGE_DOWN || motion == TABLE_PAGE_UP ? (page > 1 ? page - 1 : 1) : 1;

	if (count == 0)
		return 0;
	switch (motion) {
	case TABLE_DOWN:
	case TABLE_PAGE_DOWN:
		return selected + step < count ? selected + step : count - 1;
	case TABLE_UP:
	case TABLE_PAGE_UP:
		return selected > step ? selected - step : 0;
	case TABLE_FIRST:
		return 0;
	default:
		return count - 1;
	}
}

/* --- the table
 * ------------------------------------------------------------------------------------------------ */

void
table_open(struct table *table, const struct table_column *columns, struct rows *rows, bool follow)
{
	*table = (struct table){.columns = columns, .standard = columns, .rows = rows, .follow = follow};
}

void
table_close(struct table *table)
{
	if (table->rows != NULL)
		table->rows->ops->close(table->rows);
	table->rows = NULL;
	marks_clear(&table->marks);
	text_list_free(&table->names);
	FREE_AND_NULL(table->chosen);
}

static const struct model_kind_info *
info_of(const struct table *table)
{
	return model_kind_info(table->rows->kind);
}

static void
remember(struct table *table)
{
	const void *row = table->rows->ops->at(table->rows, table->selected);

	if (row != NULL)
		model_row_key(info_of(table), row, table->key, sizeof(table->key));
}

static bool
row_has_key(struct table *table, size_t i, const char *key)
{
	const void *row = table->rows->ops->at(table->rows, i);
	char mine[256];

	return row != NULL && strcmp(model_row_key(info_of(table), row, mine, sizeof(mine)), key) == 0;
}

void
table_chosen(struct table *table)
{
	if (table->sought != 0 && table->rows->ops->seek != NULL)
		table->rows->ops->seek(table->rows, ROWS_NOWHERE);
	table->sought = 0;
	table->shown[0] = '\0';
}

bool
table_select(struct table *table, const char *key)
{
	size_t at;

	table->rows->ops->refresh(table->rows);
	at = table->rows->ops->find(table->rows, key);
	if (at == SIZE_MAX)
		return false;
	table->selected = at;
	snprintf(table->key, sizeof(table->key), "%s", key);
	table_chosen(table);
	return true;
}

/* Numbers that changed for all rows. */
static void
take_moved(struct table *table)
{
	ptrdiff_t moved = table->rows->moved;

	table->rows->moved = 0;
	if (moved == 0)
		return;
	table->selected = moved < 0 && table->selected < (size_t)-moved ? 0 : table->selected + (size_t)moved;
	table->top = moved < 0 && table->top < (size_t)-moved ? 0 : table->top + (size_t)moved;
}

bool
table_has_number(uint64_t number, uint64_t count, struct error *err)
{
	char wanted[FORMAT_TEXT], last[FORMAT_TEXT];

	if (number == 0)
		return error_set(err, "rows are counted from 1");
	if (number <= count)
		return true;
	return error_set(err,
			 count == 0 ? "there is no row %s: there are no rows here"
				    : "there is no row %s: the last one is %s",
			 format_count(number, wanted), format_count(count, last));
}

/* The selection goes there, to the middle of the screen where it was not in view. */
static void
select_number(struct table *table, size_t row)
{
	table->selected = row;
	if (row < table->top || row >= table->top + table->page)
		table->top = row > table->page / 2 ? row - table->page / 2 : 0;
	table->key[0] = '\0';
}

/* What came of going to a row by its number, once that is known. */
static bool
take_sought(struct table *table, struct error *err)
{
	struct rows *rows = table->rows;
	enum rows_sought sought = rows->sought;

	rows->sought = ROWS_SOUGHT_NOTHING;
	if (sought == ROWS_SOUGHT_NOTHING || table->sought == 0)
		return true;
	if (sought == ROWS_SOUGHT_FOUND)
		select_number(table, rows->sought_at);
	else if (sought == ROWS_SOUGHT_BEYOND)
		table_has_number(table->sought, rows->sought_at, err);
	else
		error_set(err, "%s", rows->sought_why);
	table->sought = 0;
	return sought == ROWS_SOUGHT_FOUND;
}

/* Finds the selected row again after the rows have changed. */
static void
settle(struct table *table)
{
	size_t count, offset;
	struct error err;

	table->rows->ops->refresh(table->rows);
	take_moved(table);
	if (!take_sought(table, &err))
		snprintf(table->said, sizeof(table->said), "%.150s", err.text);
	offset = table->selected - table->top;
	count = table->rows->ops->count(table->rows);
	if (count == 0) {
		table->selected = table->top = 0;
		table->key[0] = '\0';
		return;
	}
	if (table->key[0] != '\0' && !table->to_the_end && !(table->follow && table->selected == 0) &&
	    (table->selected >= count || !row_has_key(table, table->selected, table->key))) {
		size_t at = table->rows->ops->find(table->rows, table->key);

		if (at != SIZE_MAX) {
			table->selected = at;
			table->top = at > offset ? at - offset : 0;
		}
	}
	if (table->selected >= count || table->to_the_end)
		table->selected = count - 1;
	table->to_the_end = table->to_the_end && !table->rows->ops->complete(table->rows);
	remember(table);
}

static void
scroll(struct table *table)
{
	size_t count = table->rows->ops->count(table->rows);

	if (table->selected < table->top)
		table->top = table->selected;
	if (table->page > 0 && table->selected >= table->top + table->page)
		table->top = table->selected - table->page + 1;
	/* no blank rows below while there are rows above */
	if (table->top + table->page > count)
		table->top = count > table->page ? count - table->page : 0;
}

static void
draw_titles(const struct table *table, const struct area *area, const struct table_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct table_column *column = layout->slots[i].column;
		bool sorted = column->field != NULL && strcmp(column->field, table->sorted) == 0;
		char title[64];

		snprintf(title, sizeof(title), "%s%s", column->title,
			 !sorted             ? ""
			 : table->descending ? "▾"
					     : "▴");
		area_field(area, 0, layout->slots[i].left, layout->slots[i].width, column->right,
			   sorted ? ROLE_accent : ROLE_heading, title);
	}
}

void
table_draw(struct table *table, const struct area *area, const struct table_context *context,
	   const char *empty)
{
	const struct model_shape *shape = info_of(table)->shape;
	struct area inside = area_part(area, 0, 2, area->rows, area->cols - 3);
	struct table_layout layout;
	char key[256];
	size_t count;

	table->page = area->rows > 1 ? (size_t)area->rows - 1 : 0;
	settle(table);
	scroll(table);
	memcpy(table->shown, table->key, sizeof(table->shown));
	count = table->rows->ops->count(table->rows);
	table->rows->ops->looked_at(table->rows, table->top, table->page);
	marks_drop_lost(&table->marks, context->store, table->rows->kind);
	if (table->measured[0].title == NULL || table->measured_at != model_store_version(context->store)) {
		table_measure(table->columns, table->measured, context->store, table->rows->kind);
		table->measured_at = model_store_version(context->store);
	}
	table_fit(table->measured, inside.cols, GAP, &layout);
	draw_titles(table, &inside, &layout);
	for (size_t i = 0; i < table->page && table->top + i < count; i++) {
		const void *row = table->rows->ops->at(table->rows, table->top + i);
		struct area line = area_part(area, (int)i + 1, 0, 1, area->cols);
		struct area cells = line;

		if (table->top + i == table->selected) {
			line.ground = cells.ground = GROUND_SELECTED;
			area_blank(&line, 0, 0, 1, line.cols);
			area_text(&line, 0, 0, ROLE_accent, "▸");
		}
		if (row != NULL && table->marks.keys.count > 0 &&
		    marks_has(&table->marks, model_row_key(info_of(table), row, key, sizeof(key))))
			area_text(&line, 0, 1, ROLE_accent, "√");
		cells = area_part(&cells, 0, 2, 1, area->cols - 3);
		if (row != NULL)
			table_draw_row(&cells, 0, &layout, context, shape, row);
		else
			area_text(&cells, 0, 0, ROLE_dim, "…");
	}
	if (count == 0 && empty != NULL)
		area_text(&inside, 2, 0, ROLE_dim, empty);
}

bool
table_go_to(struct table *table, uint64_t number, struct error *err)
{
	struct rows *rows = table->rows;

	table->to_the_end = false;
	table_chosen(table);
	settle(table);
	if (number == 0 || rows->ops->seek == NULL) {
		if (!table_has_number(number, rows->ops->count(rows), err))
			return false;
		select_number(table, number - 1);
	} else {
		table->sought = number;
		rows->ops->seek(rows, number - 1);
		if (!take_sought(table, err))
			return false;
	}
	remember(table);
	scroll(table);
	return true;
}

void
table_go(struct table *table, enum table_motion motion)
{
	table->to_the_end = false;
	table_chosen(table);
	settle(table);
	table->to_the_end = motion == TABLE_LAST;
	if (table->to_the_end)
		table->rows->ops->end(table->rows);
	table->selected =
	    table_move(table->selected, table->rows->ops->count(table->rows), table->page, motion);
	table->key[0] = '\0'; /* also where the row there is not here yet */
	remember(table);
	scroll(table);
}

const void *
table_selected(struct table *table)
{
	size_t at;

	settle(table);
	at = table->selected;
	if (table->shown[0] != '\0' && strcmp(table->shown, table->key) != 0)
		at = table->rows->ops->find(table->rows, table->shown);
	return at < table->rows->ops->count(table->rows) ? table->rows->ops->at(table->rows, at) : NULL;
}

void
table_mark(struct table *table)
{
	const void *row = table_selected(table);
	char key[256];

	if (row == NULL)
		return;
	model_row_key(info_of(table), row, key, sizeof(key));
	marks_set(&table->marks, key, !marks_has(&table->marks, key));
	table_go(table, TABLE_DOWN);
}

void
table_mark_all(struct table *table)
{
	size_t before = table->marks.keys.count, count;
	char key[256];

	table->rows->ops->refresh(table->rows);
	count = table->rows->ops->count(table->rows);
	for (size_t i = 0; i < count; i++) {
		const void *row = table->rows->ops->at(table->rows, i);

		if (row != NULL)
			marks_set(&table->marks, model_row_key(info_of(table), row, key, sizeof(key)), true);
	}
	if (table->marks.keys.count == before)
		marks_clear(&table->marks);
}
