// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows: what can be done with a struct of the schema when only its shape is known. One table row for each
 * type says how a field of it is made, freed, copied, compared and written for people; all else is a walk
 * over the fields.
 */
#include "core/model/model_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- maps -------------------------------------------------------------------------------------- */

void
model_map_add(struct model_map *map, const char *name, const char *value)
{
	text_list_add(&map->names, name);
	text_list_add(&map->values, value);
}

static void
map_free(struct model_map *map)
{
	text_list_free(&map->names);
	text_list_free(&map->values);
}

/* --- the types --------------------------------------------------------------------------------- */

struct type_ops {
	void (*init)(const struct model_field *field, void *at);
	void (*clear)(const struct model_field *field, void *at); /* NULL: init is enough */
	void (*copy)(const struct model_field *field, void *to,
		     const void *from); /* to uninitialised memory */
	bool (*equal)(const struct model_field *field, const void *a, const void *b);
	void (*text)(const struct model_field *field, const void *at, struct text_out *out);
};

void
text_out_put(struct text_out *out, const char *text)
{
	size_t length = strlen(text), room = out->size - out->used - 1;

	if (length > room) {
		length = room;
		while (length != 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
		out->full = true;
	}
	memcpy(out->at + out->used, text, length);
	out->used += length;
	out->at[out->used] = '\0';
}

static void
str_init(const struct model_field *field, void *at)
{
	*(char **)at = NULL;
}

static void
str_clear(const struct model_field *field, void *at)
{
	FREE_AND_NULL(*(char **)at);
}

static void
str_copy(const struct model_field *field, void *to, const void *from)
{
	*(char **)to = text_copy(*(char *const *)from);
}

static bool
str_equal(const struct model_field *field, const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;

	return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

static void
str_text(const struct model_field *field, const void *at, struct text_out *out)
{
	const char *text = *(char *const *)at;

	if (text != NULL)
		text_out_put(out, text);
}

static void
uint_init(const struct model_field *field, void *at)
{
	*(uint64_t *)at = MODEL_UINT_UNSET;
}

static void
uint_copy(const struct model_field *field, void *to, const void *from)
{
	*(uint64_t *)to = *(const uint64_t *)from;
}

static bool
uint_equal(const struct model_field *field, const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

static void
uint_text(const struct model_field *field, const void *at, struct text_out *out)
{
	uint64_t value = *(const uint64_t *)at;
	char number[24], *digit = number + sizeof(number) - 1;

	if (value == MODEL_UINT_UNSET)
		return;
	*digit = '\0'; /* not by snprintf: a filter asks for many */
	do {
		*--digit = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	text_out_put(out, digit);
}

static void
real_init(const struct model_field *field, void *at)
{
	*(double *)at = NAN;
}

static void
real_copy(const struct model_field *field, void *to, const void *from)
{
	*(double *)to = *(const double *)from;
}

static bool
real_equal(const struct model_field *field, const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x == y || (isnan(x) && isnan(y));
}

static void
real_text(const struct model_field *field, const void *at, struct text_out *out)
{
	double value = *(const double *)at;
	char number[32];

	if (isnan(value))
		return;
	if (fabs(value) < 1e12)
		snprintf(number, sizeof(number), "%.*f", fabs(value) < 1 && value != 0 ? 2 : 1, value);
	else
		snprintf(number, sizeof(number), "%.3g", value);
	text_out_put(out, number);
}

static void
bool_init(const struct model_field *field, void *at)
{
	*(bool *)at = false;
}

static void
bool_copy(const struct model_field *field, void *to, const void *from)
{
	*(bool *)to = *(const bool *)from;
}

static bool
bool_equal(const struct model_field *field, const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static void
bool_text(const struct model_field *field, const void *at, struct text_out *out)
{
	text_out_put(out, *(const bool *)at ? "yes" : "no");
}

static void
time_init(const struct model_field *field, void *at)
{
	*(usec_t *)at = 0;
}

static void
time_copy(const struct model_field *field, void *to, const void *from)
{
	*(usec_t *)to = *(const usec_t *)from;
}

static bool
time_equal(const struct model_field *field, const void *a, const void *b)
{
	return *(const usec_t *)a == *(const usec_t *)b;
}

static void
time_text(const struct model_field *field, const void *at, struct text_out *out)
{
	char text[CLOCK_TEXT];

	if (*(const usec_t *)at != 0)
		text_out_put(out, clock_format(*(const usec_t *)at, text));
}

static void
list_init(const struct model_field *field, void *at)
{
	*(struct text_list *)at = (struct text_list){0};
}

static void
list_clear(const struct model_field *field, void *at)
{
	text_list_free(at);
}

static void
list_copy(const struct model_field *field, void *to, const void *from)
{
	text_list_copy(to, from);
}

static bool
list_equal(const struct model_field *field, const void *a, const void *b)
{
	return text_list_equal(a, b);
}

static void
list_text(const struct model_field *field, const void *at, struct text_out *out)
{
	const struct text_list *list = at;

	for (size_t i = 0; i < list->count && !out->full; i++) {
		if (i != 0)
			text_out_put(out, " ");
		text_out_put(out, list->items[i]);
	}
}

static void
map_init(const struct model_field *field, void *at)
{
	*(struct model_map *)at = (struct model_map){0};
}

static void
map_clear(const struct model_field *field, void *at)
{
	map_free(at);
}

static void
map_copy(const struct model_field *field, void *to, const void *from)
{
	const struct model_map *map = from;

	text_list_copy(&((struct model_map *)to)->names, &map->names);
	text_list_copy(&((struct model_map *)to)->values, &map->values);
}

static bool
map_equal(const struct model_field *field, const void *a, const void *b)
{
	const struct model_map *x = a, *y = b;

	return text_list_equal(&x->names, &y->names) && text_list_equal(&x->values, &y->values);
}

static void
map_text(const struct model_field *field, const void *at, struct text_out *out)
{
	const struct model_map *map = at;

	for (size_t i = 0; i < map->names.count && i < map->values.count && !out->full; i++) {
		if (i != 0)
			text_out_put(out, " ");
		text_out_put(out, map->names.items[i]);
		text_out_put(out, "=");
		text_out_put(out, map->values.items[i]);
	}
}

static void
sub_init(const struct model_field *field, void *at)
{
	model_row_init(field->sub, at);
}

static void
sub_clear(const struct model_field *field, void *at)
{
	model_row_clear(field->sub, at);
}

static void
sub_copy(const struct model_field *field, void *to, const void *from)
{
	model_row_copy(field->sub, to, from);
}

/* `set` is the first member of every struct of the schema. Two that are not there are equal whatever they
 * hold. */
static bool
is_set(const void *row)
{
	return *(const bool *)row;
}

static bool
sub_equal(const struct model_field *field, const void *a, const void *b)
{
	if (is_set(a) != is_set(b))
		return false;
	return !is_set(a) || model_row_diff(field->sub, a, b) == 0;
}

static void
sub_text(const struct model_field *field, const void *at, struct text_out *out)
{
	if (!is_set(at))
		return;
	for (size_t i = 0; i < field->sub->count && !out->full; i++) {
		size_t before = out->used;

		if (before != 0)
			text_out_put(out, " ");
		model_field_put_text(&field->sub->fields[i], at, out);
		if (before != 0 && out->used == before + 1) {
			out->used = before;
			out->at[before] = '\0';
		}
	}
}

static const struct type_ops types[] = {
    [MODEL_STR] = {str_init, str_clear, str_copy, str_equal, str_text},
    [MODEL_UINT] = {uint_init, NULL, uint_copy, uint_equal, uint_text},
    [MODEL_REAL] = {real_init, NULL, real_copy, real_equal, real_text},
    [MODEL_BOOL] = {bool_init, NULL, bool_copy, bool_equal, bool_text},
    [MODEL_TIME] = {time_init, NULL, time_copy, time_equal, time_text},
    [MODEL_LIST] = {list_init, list_clear, list_copy, list_equal, list_text},
    [MODEL_MAP] = {map_init, map_clear, map_copy, map_equal, map_text},
    [MODEL_SUB] = {sub_init, sub_clear, sub_copy, sub_equal, sub_text},
};

/* --- rows -------------------------------------------------------------------------------------- */

void
model_row_init(const struct model_shape *shape, void *row)
{
	memset(row, 0, shape->size);
	for (size_t i = 0; i < shape->count; i++)
		types[shape->fields[i].type].init(&shape->fields[i], field_at(&shape->fields[i], row));
}

void
model_field_clear(const struct model_field *field, void *row)
{
	const struct type_ops *ops = &types[field->type];

	(ops->clear != NULL ? ops->clear : ops->init)(field, field_at(field, row));
}

void
model_row_clear(const struct model_shape *shape, void *row)
{
	for (size_t i = 0; i < shape->count; i++)
		model_field_clear(&shape->fields[i], row);
	*(bool *)row = false;
}

void
model_row_copy(const struct model_shape *shape, void *to, const void *from)
{
	memset(to, 0, shape->size);
	*(bool *)to = is_set(from);
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		types[field->type].copy(field, field_at(field, to), field_at_const(field, from));
	}
}

void
model_row_take_fields(const struct model_shape *shape, void *to, const void *from, uint64_t fields)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if ((fields >> i & 1) == 0)
			continue;
		model_field_clear(field, to);
		types[field->type].copy(field, field_at(field, to), field_at_const(field, from));
	}
}

static size_t
list_weight(const struct text_list *list)
{
	size_t weight = 0;

	for (size_t i = 0; i < list->count; i++)
		weight += strlen(list->items[i]) + 32; /* a pointer, and what an allocation costs */
	return weight;
}

size_t
model_row_weight(const struct model_shape *shape, const void *row)
{
	size_t weight = shape->size;

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		const void *at = field_at_const(field, row);

		if (field->type == MODEL_STR && *(char *const *)at != NULL)
			weight += strlen(*(char *const *)at) + 24;
		else if (field->type == MODEL_LIST)
			weight += list_weight(at);
		else if (field->type == MODEL_MAP)
			weight += list_weight(&((const struct model_map *)at)->names) +
				  list_weight(&((const struct model_map *)at)->values);
		else if (field->type == MODEL_SUB)
			weight += model_row_weight(field->sub, at) - field->sub->size;
	}
	return weight;
}

uint64_t
model_row_diff(const struct model_shape *shape, const void *a, const void *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if (!types[field->type].equal(field, field_at_const(field, a), field_at_const(field, b)))
			differ |= UINT64_C(1) << i;
	}
	return differ;
}

void *
model_row_new(enum model_kind kind)
{
	const struct model_shape *shape = model_kind_info(kind)->shape;
	void *row = memory_zeroed(1, shape->size);

	model_row_init(shape, row);
	return row;
}

void
model_row_free(enum model_kind kind, void *row)
{
	if (row == NULL)
		return;
	model_row_clear(model_kind_info(kind)->shape, row);
	free(row);
}

void
model_set(char **field, const char *text)
{
	char *copy = text_copy(text); /* first: `text` may be the field itself */

	free(*field);
	*field = copy;
}

void
model_set_format(char **field, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	free(*field);
	*field = text;
}

void
model_field_put_text(const struct model_field *field, const void *row, struct text_out *out)
{
	types[field->type].text(field, field_at_const(field, row), out);
}

const char *
model_field_text(const struct model_field *field, const void *row, char *out, size_t size)
{
	struct text_out text = {.at = out, .size = size};

	if (size == 0)
		return out;
	out[0] = '\0';
	model_field_put_text(field, row, &text);
	return out;
}

const char *
model_row_key(const struct model_kind_info *info, const void *row, char *out, size_t size)
{
	struct text_out text = {.at = out, .size = size};

	if (size == 0)
		return out;
	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++) {
		size_t end = text.used, before;

		if (i != 0)
			text_out_put(&text, " ");
		before = text.used;
		model_field_put_text(info->key[i], row, &text);
		if (text.used != before)
			continue;
		if (model_field_seldom(info->shape, info->key[i])) {
			text.used = end;
			out[end < size ? end : size - 1] = '\0';
		} else {
			text_out_put(&text, "-");
		}
	}
	return out;
}
