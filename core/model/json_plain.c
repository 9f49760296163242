// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows as JSON text, without a tree of values in between: a thousand tunnels are a megabyte, and a value
 * built and taken apart for each of their fields costs several times what the fields do.
 *
 * Out: the very bytes that model_row_to_json() gives. In: only the plain form in which we write ourselves,
 * the fields in the schema's order, texts of printable ASCII without escapes, numbers without exponents. What
 * is of another form is not judged here but left to the parser, so that there is one place that says what is
 * wrong.
 */
#include "core/model/model_internal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_PLAIN_TEXT 1024
#define MOST_PLAIN_ITEMS 64
#define MOST_DIGITS 15 /* so many are exact in a double */

/* --- out --------------------------------------------------------------------------------------- */

static bool
put(struct buffer *out, const char *text)
{
	return buffer_append(out, text, strlen(text));
}

static bool
put_number(struct buffer *out, uint64_t value)
{
	char number[24], *digit = number + sizeof(number);

	do {
		*--digit = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return buffer_append(out, digit, (size_t)(number + sizeof(number) - digit));
}

static bool
is_plain(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* False where the text is not plain. */
static bool
put_text(struct buffer *out, const char *text)
{
	size_t length = 0;

	while (is_plain(text[length]))
		length++;
	return text[length] == '\0' && buffer_append(out, "\"", 1) && buffer_append(out, text, length) &&
	       buffer_append(out, "\"", 1);
}

static bool
put_list(struct buffer *out, const struct model_field *field, const struct text_list *list)
{
	bool numbers = strcmp(field->unit, "asn") == 0;
	uint64_t number;

	for (size_t i = 0; i < list->count; i++) {
		bool good = put(out, i == 0 ? "[" : ",");

		if (numbers && text_parse_number(list->items[i], MODEL_MOST_ASN, &number))
			good = good && put_number(out, number);
		else
			good = good && put_text(out, list->items[i]);
		if (!good)
			return false;
	}
	return put(out, list->count == 0 ? "[]" : "]");
}

/* A number with at most three decimals, as most are; false for another one. */
static bool
put_real(struct buffer *out, double value)
{
	uint64_t thousandths;
	char decimals[8] = "000";

	if (!isfinite(value))
		return put(out, "null");
	if (signbit(value) || value >= 1e6)
		return false;
	thousandths = (uint64_t)(value * 1000 + 0.5);
	if ((double)thousandths / 1000 != value)
		return false;
	for (int i = 2; i >= 0; i--) {
		uint64_t rest = thousandths;

		for (int k = i; k < 2; k++)
			rest /= 10;
		decimals[i] = (char)('0' + rest % 10);
	}
	for (size_t i = 2; i > 0 && decimals[i] == '0'; i--)
		decimals[i] = '\0';
	return put_number(out, thousandths / 1000) && put(out, ".") && put(out, decimals);
}

/* False where the value is not plain; something may have been written then. */
static bool
put_plain(struct buffer *out, const struct model_field *field, const void *at)
{
	char text[CLOCK_TEXT];
	uint64_t number;

	switch (field->type) {
	case MODEL_STR:
		return *(char *const *)at != NULL ? put_text(out, *(char *const *)at) : put(out, "null");
	case MODEL_UINT:
		number = *(const uint64_t *)at;
		return number == MODEL_UINT_UNSET ? put(out, "null")
						  : number <= INT64_MAX && put_number(out, number);
	case MODEL_REAL:
		return put_real(out, *(const double *)at);
	case MODEL_BOOL:
		return put(out, *(const bool *)at ? "true" : "false");
	case MODEL_TIME:
		return *(const usec_t *)at != 0 ? put_text(out, clock_format(*(const usec_t *)at, text))
						: put(out, "null");
	case MODEL_LIST:
		return put_list(out, field, at);
	case MODEL_MAP:
		return ((const struct model_map *)at)->names.count == 0 && put(out, "{}");
	case MODEL_SUB:
		return *(const bool *)at ? model_row_append_json(out, field->sub, at, UINT64_MAX)
					 : put(out, "null");
	}
	return false;
}

static int
append_piece(const char *bytes, size_t length, void *context)
{
	return buffer_append(context, bytes, length) ? 0 : -1;
}

static bool
put_value(struct buffer *out, const struct model_field *field, const void *at)
{
	size_t before = out->length;
	json_t *json;
	bool good;

	if (put_plain(out, field, at))
		return true;
	out->length = before;
	json = model_field_to_json(field, at);
	good = json_dump_callback(json, append_piece, out, MODEL_JSON_FLAGS | JSON_ENCODE_ANY) == 0;
	json_decref(json);
	return good;
}

bool
model_row_append_json(struct buffer *out, const struct model_shape *shape, const void *row, uint64_t fields)
{
	const char *before = "{\"";

	fields &= model_fields_all(shape);
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];

		if ((fields >> i & 1) == 0)
			continue;
		if (!put(out, before) || !put(out, field->name) || !put(out, "\":") ||
		    !put_value(out, field, field_at_const(field, row)))
			return false;
		before = ",\"";
	}
	return put(out, fields == 0 ? "{}" : "}");
}

/* --- in ---------------------------------------------------------------------------------------- */

struct text {
	const char *at, *end;
};

static bool
take(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool
take_word(struct text *t, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
		return false;
	t->at += length;
	return true;
}

/* A text that can be taken as it is; NULL where it can't. Returns new. */
static char *
take_text(struct text *t)
{
	const char *start;
	size_t length;
	char *copy;

	if (!take(t, '"'))
		return NULL;
	start = t->at;
	while (t->at < t->end && is_plain(*t->at))
		t->at++;
	length = (size_t)(t->at - start);
	if (length > MOST_PLAIN_TEXT || !take(t, '"'))
		return NULL;
	copy = memory_zeroed(1, length + 1);
	memcpy(copy, start, length);
	return copy;
}

/* Digits as JSON has them: no zero before others. Returns how many; 0 where there are none, or too many. */
static size_t
take_digits(struct text *t, uint64_t *value)
{
	const char *start = t->at;
	size_t count;

	for (*value = 0; t->at < t->end && *t->at >= '0' && *t->at <= '9' && t->at - start <= MOST_DIGITS;
	     t->at++)
		*value = *value * 10 + (uint64_t)(*t->at - '0');
	count = (size_t)(t->at - start);
	return count <= MOST_DIGITS ? count : 0;
}

static bool
take_whole(struct text *t, uint64_t *value)
{
	bool zero = t->at < t->end && *t->at == '0';
	size_t count = take_digits(t, value);

	return count == 1 || (count > 1 && !zero);
}

/* Fifteen digits and a power of ten up to 22 are exact: so is their quotient rounded as the parser rounds. */
static bool
take_real(struct text *t, double *value)
{
	uint64_t whole, decimals = 0;
	double scale = 1;
	size_t first, count = 0;
	const char *start = t->at;

	if (!take_whole(t, &whole))
		return false;
	first = (size_t)(t->at - start);
	if (take(t, '.')) {
		count = take_digits(t, &decimals);
		if (count == 0)
			return false;
	}
	if (first + count > MOST_DIGITS)
		return false;
	for (size_t i = 0; i < count; i++) {
		scale *= 10;
		whole *= 10;
	}
	*value = (double)(whole + decimals) / scale;
	return true;
}

static bool
take_time(struct text *t, usec_t *value)
{
	char *text = take_text(t);
	bool good = text != NULL && clock_parse(text, value);

	free(text);
	return good;
}

static bool
take_item(struct text *t, struct text_list *list, bool numbers)
{
	uint64_t number;
	char *text;

	if (numbers && take_whole(t, &number) && number <= MODEL_MOST_ASN)
		text = text_format("%llu", (unsigned long long)number);
	else
		text = take_text(t);
	if (text == NULL)
		return false;
	list->items[list->count++] = text;
	return true;
}

static bool
take_list(struct text *t, const struct model_field *field, struct text_list *list)
{
	bool numbers = strcmp(field->unit, "asn") == 0;

	if (!take(t, '['))
		return false;
	if (take(t, ']'))
		return true;
	do {
		if (list->count == MOST_PLAIN_ITEMS)
			return false;
		if ((list->count & (list->count + 1)) == 0)
			list->items =
			    memory_resize(list->items, (list->count * 2 + 1) * sizeof(*list->items));
		if (!take_item(t, list, numbers))
			return false;
	} while (take(t, ','));
	return take(t, ']');
}

static bool
take_value(struct text *t, const struct model_field *field, void *at)
{
	switch (field->type) {
	case MODEL_STR:
		return (*(char **)at = take_text(t)) != NULL;
	case MODEL_UINT:
		return take_whole(t, at);
	case MODEL_REAL:
		return take_real(t, at);
	case MODEL_BOOL:
		*(bool *)at = take_word(t, "true");
		return *(bool *)at || take_word(t, "false");
	case MODEL_TIME:
		return take_time(t, at);
	case MODEL_LIST:
		return take_list(t, field, at);
	case MODEL_MAP:
		return take_word(t, "{}");
	case MODEL_SUB:
		t->at = model_row_read_plain(field->sub, at, t->at, t->end, NULL);
		*(bool *)at = t->at != NULL;
		return t->at != NULL;
	}
	return false;
}

/* The field whose name stands next, from `i` on; `shape->count` where there is none. */
static size_t
take_name(struct text *t, const struct model_shape *shape, size_t i)
{
	for (; i < shape->count; i++) {
		const char *name = shape->fields[i].name;
		struct text rest = *t;

		while (*name != '\0' && rest.at < rest.end && *rest.at == *name) {
			rest.at++;
			name++;
		}
		if (*name == '\0' && take_word(&rest, "\":")) {
			*t = rest;
			break;
		}
	}
	return i;
}

const char *
model_row_read_plain(const struct model_shape *shape, void *row, const char *at, const char *end,
		     uint64_t *seen)
{
	struct text t = {at, end};
	uint64_t named = 0;
	size_t i = 0;

	if (!take(&t, '{'))
		return NULL;
	do {
		const struct model_field *field;

		if (!take(&t, '"') || (i = take_name(&t, shape, i)) == shape->count)
			return NULL;
		field = &shape->fields[i];
		model_field_clear(field, row);
		if (!take_word(&t, "null") && !take_value(&t, field, field_at(field, row)))
			return NULL;
		named |= UINT64_C(1) << i++;
	} while (take(&t, ','));
	if (seen != NULL)
		*seen = named;
	return take(&t, '}') ? t.at : NULL;
}
