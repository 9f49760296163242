// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which columns a table has, and by which field its rows are ordered. A field that the panel has a column for
 * keeps that column, with its words and colours; any other one is written in its unit, as the schema says.
 * Columns that stand for no field (a tunnel's mark) stay where they are, at the left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tui/widgets/table.h"

static const struct model_shape *
shape_of(const struct table *table)
{
	return model_kind_info(table->rows->kind)->shape;
}

static const struct table_column *
standard_column(const struct table *table, const char *field)
{
	for (const struct table_column *c = table->standard; c->title != NULL; c++) {
		if (c->field != NULL && strcmp(c->field, field) == 0)
			return c;
	}
	return NULL;
}

const char *
table_title(const struct table *table, const char *field, char *out, size_t size)
{
	const struct model_shape *shape = shape_of(table);
	const struct table_column *standard = standard_column(table, field);
	const char *dot = strchr(field, '.');
	struct model_field found;
	char parent[64];

	if (standard != NULL) {
		snprintf(out, size, "%s", standard->title);
		return out;
	}
	snprintf(out, size, "%s", model_field_path(shape, field, &found) ? found.title : field);
	if (dot == NULL)
		return out;
	snprintf(parent, sizeof(parent), "%.*s", (int)(dot - field), field);
	if (model_field_path(shape, parent, &found)) {
		char title[64];

		snprintf(title, sizeof(title), "%s", out);
		snprintf(out, size, "%s %c%s", found.title, title[0] | 0x20, title + 1);
	}
	return out;
}

/* How wide a field of the schema stands. */
static void
measure_field(const struct model_field *field, struct table_column *c)
{
	int title = text_columns(c->title), width = 12, most = 40;

	switch (field->type) {
	case MODEL_UINT:
	case MODEL_REAL:
		width = 10;
		most = 0;
		c->right = true;
		break;
	case MODEL_BOOL:
		width = 3;
		most = 0;
		break;
	case MODEL_TIME:
		width = 28;
		most = 0;
		break;
	default:
		c->fit = field->type == MODEL_STR;
		break;
	}
	c->width = width > title ? width : title;
	c->most = most;
}

static bool
check_fields(const struct table *table, const struct text_list *fields, struct error *err)
{
	const struct model_kind_info *info = model_kind_info(table->rows->kind);
	struct text_list all = {0};
	struct model_field field;
	const char *names[256], *near;
	bool good = true;

	table_all_fields(table, &all);
	for (size_t i = 0; i < all.count && i + 1 < COUNT_OF(names); i++) {
		names[i] = all.items[i];
		names[i + 1] = NULL;
	}
	for (size_t i = 0; i < fields->count && good; i++) {
		if (standard_column(table, fields->items[i]) != NULL ||
		    (model_field_path(info->shape, fields->items[i], &field) && field.type != MODEL_SUB))
			continue;
		near = text_nearest(fields->items[i], names);
		good = error_set(err, "%s have no field '%s'%s%s%s", info->plural, fields->items[i],
				 near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
				 near != NULL ? "'?)" : "");
	}
	text_list_free(&all);
	return good;
}

static void
add_column(struct table *table, size_t *count, const char *path)
{
	const struct table_column *standard = standard_column(table, path);
	struct table_column *c = &table->chosen[*count];
	struct model_field field;
	char title[128];

	if (*count == TABLE_COLUMNS)
		return;
	if (standard != NULL) {
		*c = *standard;
	} else if (model_field_path(shape_of(table), path, &field)) {
		*c = (struct table_column){0};
		text_list_add(&table->names, path);
		c->field = table->names.items[table->names.count - 1];
		text_list_add(&table->names, table_title(table, path, title, sizeof(title)));
		c->title = table->names.items[table->names.count - 1];
		measure_field(&field, c);
	}
	c->rank = (int)(*count)++; /* the last ones give way first */
}

bool
table_choose(struct table *table, const struct text_list *fields, struct error *err)
{
	struct text_list wanted = {0};
	size_t count = 0;

	if (fields != NULL && !check_fields(table, fields, err))
		return false;
	for (size_t i = 0; fields != NULL && i < fields->count; i++)
		text_list_add(&wanted, fields->items[i]); /* they may be our own */
	text_list_free(&table->names);
	FREE_AND_NULL(table->chosen);
	table->columns = table->standard;
	table->measured[0].title = NULL;
	if (wanted.count > 0) {
		table->chosen = memory_zeroed(TABLE_COLUMNS + 1, sizeof(*table->chosen));
		for (const struct table_column *c = table->standard; c->title != NULL; c++) {
			if (c->field == NULL)
				table->chosen[count++] = *c;
		}
		for (size_t i = 0; i < count; i++)
			table->chosen[i].rank = 0;
		for (size_t i = 0; i < wanted.count; i++)
			add_column(table, &count, wanted.items[i]);
		table->columns = table->chosen;
	}
	text_list_free(&wanted);
	return true;
}

void
table_fields(const struct table *table, struct text_list *out)
{
	for (const struct table_column *c = table->columns; c->title != NULL; c++) {
		if (c->field != NULL)
			text_list_add(out, c->field);
	}
}

void
table_all_fields(const struct table *table, struct text_list *out)
{
	const struct model_shape *shape = shape_of(table);
	char path[128];

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if (field->type != MODEL_SUB || standard_column(table, field->name) != NULL)
			text_list_add(out, field->name);
		for (size_t k = 0; field->type == MODEL_SUB && k < field->sub->count; k++) {
			snprintf(path, sizeof(path), "%s.%s", field->name, field->sub->fields[k].name);
			text_list_add(out, path);
		}
	}
}

/* --- order -------------------------------------------------------------------------------------- */

static bool
can_sort(const struct table *table, struct error *err)
{
	if (table->rows->ops->sorts)
		return true;
	return error_set(
	    err,
	    "%s stay on the gateway, in the order of their prefixes: they can't be sorted here, but "
	    "filtered (/)",
	    model_kind_info(table->rows->kind)->plural);
}

bool
table_sort(struct table *table, const char *name, bool descending, struct error *err)
{
	char path[sizeof(table->sorted)];
	struct model_field field;
	struct text_list one = {0};
	bool good = true;

	if (!can_sort(table, err))
		return false;
	snprintf(path, sizeof(path), "%s", name); /* it may be the table's own */
	for (const struct table_column *c = table->columns; path[0] != '\0' && c->title != NULL; c++) {
		if (c->field != NULL && strcasecmp(c->title, name) == 0)
			snprintf(path, sizeof(path), "%s", c->field);
	}
	text_list_add(&one, path);
	good = path[0] == '\0' || check_fields(table, &one, err);
	if (good) {
		snprintf(table->sorted, sizeof(table->sorted), "%s", path);
		table->descending = descending && path[0] != '\0';
		good = model_field_path(shape_of(table), table->sorted, &field);
		table->rows->ops->sort(table->rows, good ? &field : NULL, table->descending);
		good = true;
	}
	text_list_free(&one);
	return good;
}

bool
table_sort_next(struct table *table, struct error *err)
{
	const struct table_column *c = table->columns;

	while (table->sorted[0] != '\0' && c->title != NULL &&
	       (c->field == NULL || strcmp(c->field, table->sorted) != 0))
		c++;
	if (table->sorted[0] != '\0' && c->title != NULL)
		c++;
	while (c->title != NULL && c->field == NULL)
		c++;
	return table_sort(table, c->title != NULL ? c->field : "", false, err);
}
