// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows to JSON and back. Out: unset is null, times are RFC 3339 in UTC, lists arrays, maps objects of
 * strings, AS paths arrays of numbers (sets stay strings). In: whatever comes is foreign: types are checked,
 * sizes bounded, text is cleaned of control bytes, unknown names are passed over so that versions may differ.
 */
#include "core/model/model_internal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ITEMS 8192 /* of a list or map that comes in */
#define MOST_TEXT 8192  /* bytes of one text that comes in; the rest is cut */

/* --- out --------------------------------------------------------------------------------------- */

static json_t *
text_to_json(const char *text)
{
	json_t *json;
	size_t length;
	char *clean;

	if (text == NULL)
		return json_null();
	json = json_string(text);
	if (json != NULL)
		return json;
	/* Not UTF-8: shown with '?' rather than lost. */
	length = strlen(text);
	clean = memory_zeroed(1, length + 1);
	text_clean(clean, length + 1, text);
	json = json_string(clean);
	free(clean);
	return json;
}

static json_t *
str_to_json(const struct model_field *field, const void *at)
{
	return text_to_json(*(char *const *)at);
}

static json_t *
uint_to_json(const struct model_field *field, const void *at)
{
	uint64_t value = *(const uint64_t *)at;

	if (value == MODEL_UINT_UNSET)
		return json_null();
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *
real_to_json(const struct model_field *field, const void *at)
{
	double value = *(const double *)at;

	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *
bool_to_json(const struct model_field *field, const void *at)
{
	return json_boolean(*(const bool *)at);
}

static json_t *
time_to_json(const struct model_field *field, const void *at)
{
	char text[CLOCK_TEXT];

	return *(const usec_t *)at == 0 ? json_null() : json_string(clock_format(*(const usec_t *)at, text));
}

static json_t *
list_to_json(const struct model_field *field, const void *at)
{
	const struct text_list *list = at;
	bool numbers = strcmp(field->unit, "asn") == 0;
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		uint64_t number;

		if (numbers && text_parse_number(list->items[i], MODEL_MOST_ASN, &number))
			json_array_append_new(array, json_integer((json_int_t)number));
		else
			json_array_append_new(array, text_to_json(list->items[i]));
	}
	return array;
}

static json_t *
map_to_json(const struct model_field *field, const void *at)
{
	const struct model_map *map = at;
	json_t *object = json_object();

	for (size_t i = 0; i < map->names.count && i < map->values.count; i++)
		json_object_set_new(object, map->names.items[i], text_to_json(map->values.items[i]));
	return object;
}

static json_t *
sub_to_json(const struct model_field *field, const void *at)
{
	return *(const bool *)at ? model_row_to_json(field->sub, at, UINT64_MAX) : json_null();
}

/* --- in ---------------------------------------------------------------------------------------- */

/* A cleaned copy; cut at MOST_TEXT. */
static char *
text_from_json(const json_t *json)
{
	size_t length = json_string_length(json);
	char *clean;

	if (length > MOST_TEXT)
		length = MOST_TEXT;
	clean = memory_zeroed(1, length + 1);
	text_clean(clean, length + 1, json_string_value(json));
	return clean;
}

static bool
wrong_type(const struct model_field *field, const char *expected, struct error *err)
{
	return error_set(err, "field '%s': %s was expected", field->name, expected);
}

static bool
str_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_string(json))
		return wrong_type(field, "a text", err);
	*(char **)at = text_from_json(json);
	return true;
}

static bool
uint_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_integer(json) || json_integer_value(json) < 0)
		return wrong_type(field, "a whole number of at least 0", err);
	*(uint64_t *)at = (uint64_t)json_integer_value(json);
	return true;
}

static bool
real_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_number(json))
		return wrong_type(field, "a number", err);
	*(double *)at = json_number_value(json);
	return true;
}

static bool
bool_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_boolean(json))
		return wrong_type(field, "true or false", err);
	*(bool *)at = json_is_true(json);
	return true;
}

static bool
time_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_string(json) || !clock_parse(json_string_value(json), at))
		return wrong_type(field, "a time (RFC 3339, UTC)", err);
	return true;
}

/* Room for `count` items at once: adding one by one would move a long list again and again. */
static void
list_add_taken(struct text_list *list, char *text)
{
	list->items[list->count++] = text;
}

static bool
list_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	struct text_list *list = at;
	bool numbers = strcmp(field->unit, "asn") == 0;
	size_t count = json_array_size(json);

	if (!json_is_array(json))
		return wrong_type(field, "an array", err);
	if (count > MOST_ITEMS)
		return error_set(err, "field '%s': more than %d items", field->name, MOST_ITEMS);
	if (count != 0)
		list->items = memory_zeroed(count, sizeof(*list->items));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(json, i);

		if (json_is_string(item))
			list_add_taken(list, text_from_json(item));
		else if (numbers && json_is_integer(item) && json_integer_value(item) >= 0 &&
			 json_integer_value(item) <= MODEL_MOST_ASN)
			list_add_taken(list,
				       text_format("%llu", (unsigned long long)json_integer_value(item)));
		else
			return wrong_type(field, "an array of texts", err);
	}
	return true;
}

static bool
map_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	struct model_map *map = at;
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		return wrong_type(field, "an object", err);
	if (json_object_size(json) > MOST_ITEMS)
		return error_set(err, "field '%s': more than %d items", field->name, MOST_ITEMS);
	json_object_foreach ((json_t *)json, name, value) {
		char clean_name[128], *clean;

		if (!json_is_string(value))
			return wrong_type(field, "an object of texts", err);
		clean = text_from_json(value);
		model_map_add(map, text_clean(clean_name, sizeof(clean_name), name), clean);
		free(clean);
	}
	return true;
}

static bool
sub_from_json(const struct model_field *field, void *at, const json_t *json, struct error *err)
{
	if (!json_is_object(json))
		return wrong_type(field, "an object", err);
	if (!model_row_from_json(field->sub, at, json, NULL, err))
		return error_prefix(err, "field '%s'", field->name);
	*(bool *)at = true;
	return true;
}

static const struct {
	json_t *(*out)(const struct model_field *field, const void *at);
	/* Into a field that is unset; null never comes here. */
	bool (*in)(const struct model_field *field, void *at, const json_t *json, struct error *err);
} types[] = {
    [MODEL_STR] = {str_to_json, str_from_json},    [MODEL_UINT] = {uint_to_json, uint_from_json},
    [MODEL_REAL] = {real_to_json, real_from_json}, [MODEL_BOOL] = {bool_to_json, bool_from_json},
    [MODEL_TIME] = {time_to_json, time_from_json}, [MODEL_LIST] = {list_to_json, list_from_json},
    [MODEL_MAP] = {map_to_json, map_from_json},    [MODEL_SUB] = {sub_to_json, sub_from_json},
};

json_t *
model_field_to_json(const struct model_field *field, const void *at)
{
	return types[field->type].out(field, at);
}

json_t *
model_row_to_json(const struct model_shape *shape, const void *row, uint64_t fields)
{
	json_t *object = json_object();

	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if ((fields >> i & 1) != 0)
			json_object_set_new_nocheck(
			    object, field->name, types[field->type].out(field, field_at_const(field, row)));
	}
	return object;
}

bool
model_row_from_json(const struct model_shape *shape, void *row, const json_t *object, uint64_t *seen,
		    struct error *err)
{
	uint64_t named = 0;

	if (!json_is_object(object))
		return error_set(err, "an object was expected");
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		const json_t *value = json_object_get(object, field->name);

		if (value == NULL)
			continue;
		model_field_clear(field, row);
		if (!json_is_null(value) && !types[field->type].in(field, field_at(field, row), value, err))
			return false;
		named |= UINT64_C(1) << i;
	}
	if (seen != NULL)
		*seen = named;
	return true;
}
