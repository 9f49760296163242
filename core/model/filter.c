// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter language. A text is split into terms once; a row matches when each term does. Matching works on
 * the row's own strings where there are some and on a small buffer where a number has to become text: a
 * million routes are searched without allocating. What a text costs is bounded, since it comes from anybody:
 * so many words, expressions that are matched in linear time.
 */
#include "core/model/model_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/address.h"
#include "core/model/pattern.h"

#define MOST_TERMS 16
#define MOST_FILTER 1024 /* bytes of text */
#define FIELD_TEXT 512   /* of one field that is not a string; beyond is not searched */

enum operation { FOUND_IN, EQUALS, WITHIN, CONTAINS, PATTERN, LESS, LESS_EQUAL, MORE, MORE_EQUAL };

/* What a number is compared with; a duration is in seconds. */
struct quantity {
	double value;
	bool duration;
};

struct term {
	enum operation operation;
	bool negated;
	const char *field, *member; /* NULL: any; `member` of a nested one */
	const char *value;
	size_t length;            /* of the value */
	char first[2], second[2]; /* its first two characters in both cases; NUL where there is none */
	bool in_number, in_time;  /* the value can be a part of a number's or time's text */
	struct ip_prefix prefix;  /* for WITHIN and CONTAINS */
	struct pattern *pattern;  /* for PATTERN; owned */
	struct quantity quantity; /* for LESS and its like */
};

struct model_filter {
	size_t count;
	struct term *terms;
	char text[]; /* what the terms point into */
};

/* --- parsing ----------------------------------------------------------------------------------- */

/* Calls `visit` for each shape until it returns true. */
static bool
any_shape(bool (*visit)(const struct model_shape *shape, void *context), void *context)
{
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		if (visit(model_kind_info((enum model_kind)kind)->shape, context))
			return true;
	}
	return false;
}

/* Is "field" or "field.member" a field of this kind? `context` is the term. */
static bool
has_field(const struct model_shape *shape, void *context)
{
	const struct term *term = context;
	int i = model_field_find(shape, term->field);

	if (i < 0)
		return false;
	if (term->member == NULL)
		return true;
	return shape->fields[i].sub != NULL && model_field_find(shape->fields[i].sub, term->member) >= 0;
}

/* Collects the names of all fields for a suggestion. */
struct names {
	const char *list[256];
	size_t count;
};

static bool
collect_names(const struct model_shape *shape, void *context)
{
	struct names *names = context;

	for (size_t i = 0; i < shape->count && names->count < COUNT_OF(names->list) - 1; i++)
		names->list[names->count++] = shape->fields[i].name;
	return false;
}

static bool
unknown_field(const struct term *term, struct error *err)
{
	struct names names = {.count = 0};
	const char *near;

	any_shape(collect_names, &names);
	names.list[names.count] = NULL;
	near = text_nearest(term->field, names.list);
	if (near != NULL)
		return error_set(err, "no field is called '%s' (did you mean '%s'?)", term->field, near);
	return error_set(err, "no field is called '%s'; quotes make it plain text", term->field);
}

/* Gives the term its field, whose name stands in `name` and may hold one dot. */
static bool
parse_field(struct term *term, char *name, struct error *err)
{
	char *dot = strchr(name, '.');

	term->field = name;
	if (dot != NULL) {
		*dot = '\0';
		term->member = dot + 1;
	}
	return any_shape(has_field, term) || unknown_field(term, err);
}

/* "20", "1.5M", "300ms", "2h". The decimal point is a point in every locale. */
static bool
parse_quantity(const char *text, struct quantity *out)
{
	static const struct {
		const char *name;
		double factor;
		bool duration;
	} units[] = {{"", 1, false},     {"k", 1e3, false},  {"K", 1e3, false}, {"M", 1e6, false},
		     {"G", 1e9, false},  {"T", 1e12, false}, {"%", 1, false},   {"us", 1e-6, true},
		     {"ms", 1e-3, true}, {"s", 1, true},     {"m", 60, true},   {"min", 60, true},
		     {"h", 3600, true},  {"d", 86400, true}};
	double value = 0, place = 1;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	if (*at == '.') {
		for (at++; *at >= '0' && *at <= '9'; at++)
			value += (*at - '0') * (place /= 10);
	}
	if (at == text || *text == '.' || value > 1e30)
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(at, units[i].name) == 0) {
			*out = (struct quantity){value * units[i].factor, units[i].duration};
			return true;
		}
	}
	return false;
}

/* The seconds that one of a field's unit has; 0 where it is no time. */
static double
seconds_of_unit(const struct model_field *field)
{
	return strcmp(field->unit, "ms") == 0   ? 1e-3
	       : strcmp(field->unit, "us") == 0 ? 1e-6
	       : strcmp(field->unit, "s") == 0  ? 1
						: 0;
}

static const struct model_field *
find_field(const struct model_shape *shape, const struct term *term)
{
	int i = model_field_find(shape, term->field);

	if (i >= 0 && term->member != NULL) {
		shape = shape->fields[i].sub;
		i = shape != NULL ? model_field_find(shape, term->member) : -1;
	}
	return i >= 0 ? &shape->fields[i] : NULL;
}

/* Can the field of this kind be compared with what the term says? */
static bool
has_comparable(const struct model_shape *shape, void *context)
{
	const struct term *term = context;
	const struct model_field *field = find_field(shape, term);

	if (field == NULL)
		return false;
	if (field->type == MODEL_TIME)
		return term->quantity.duration;
	return (field->type == MODEL_UINT || field->type == MODEL_REAL) &&
	       (!term->quantity.duration || seconds_of_unit(field) > 0);
}

static bool
parse_comparison(struct term *term, char *name, char sign, const char *rest, struct error *err)
{
	bool equal = *rest == '=';

	term->operation = sign == '<' ? (equal ? LESS_EQUAL : LESS) : equal ? MORE_EQUAL : MORE;
	term->value = rest + equal;
	if (!parse_field(term, name, err))
		return false;
	if (*term->value == '\0')
		return error_set(err, "a number belongs behind the '%c', such as 20, 1.5M, 300ms or 2h",
				 sign);
	if (!parse_quantity(term->value, &term->quantity))
		return error_set(err, "'%s' is no number to compare with, such as 20, 1.5M, 300ms or 2h",
				 term->value);
	if (any_shape(has_comparable, term))
		return true;
	return error_set(err,
			 term->quantity.duration
			     ? "'%s' is no time: compare it with a plain number, if at all"
			     : "'%s' can't be compared with a plain number (times: 20s, 2h)",
			 term->field);
}

static bool
parse_pattern(struct term *term, const char *text, struct error *err)
{
	term->operation = PATTERN;
	term->pattern = memory_zeroed(1, sizeof(*term->pattern));
	if (*text == '\0')
		return error_set(err, "a regular expression belongs behind the '~'");
	return pattern_compile(term->pattern, text, err);
}

/* One word, without its "!" and not quoted. */
static bool
parse_word(struct term *term, char *word, struct error *err)
{
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz_.");
	char sign = word[length], *rest = word + length;
	struct ip_prefix prefix;

	term->value = word;
	if (word[0] == '~')
		return parse_pattern(term, word + 1, err);
	if (length == 0 || sign == '\0' || strchr(":=<>~", sign) == NULL || ip_prefix_parse(word, &prefix))
		return true;
	*rest++ = '\0';
	term->value = rest;
	if (sign == ':' && (strcmp(word, "in") == 0 || strcmp(word, "has") == 0)) {
		term->operation = word[0] == 'i' ? WITHIN : CONTAINS;
		if (*term->value == '\0')
			return error_set(err, "an address or prefix belongs behind '%s:'", word);
		if (!ip_prefix_parse(term->value, &term->prefix))
			return error_set(err, "'%s' is not an address or prefix", term->value);
		return true;
	}
	if (sign == '<' || sign == '>')
		return parse_comparison(term, word, sign, rest, err);
	if (sign == ':' && (*rest == '<' || *rest == '>'))
		return parse_comparison(term, word, *rest, rest + 1, err);
	if (sign == '~' || (sign == ':' && *rest == '~'))
		return parse_field(term, word, err) && parse_pattern(term, rest + (sign == ':'), err);
	term->operation = sign == '=' ? EQUALS : FOUND_IN;
	return parse_field(term, word, err);
}

/*
 * Takes the next word from `*from` into `to` without its quotes. `*plain` is set where it began with one.
 * Returns the place behind the word's NUL in `to`, NULL where there is no further word.
 */
static char *
take_word(const char **from, char *to, bool *plain, bool *negated)
{
	bool quoted = false;

	*from += strspn(*from, " \t");
	if (**from == '\0')
		return NULL;
	*negated = **from == '!' && (*from)[1] != '\0' && (*from)[1] != ' ';
	*from += *negated;
	*plain = **from == '"';
	for (; **from != '\0' && (quoted || (**from != ' ' && **from != '\t')); (*from)++) {
		if (**from == '"')
			quoted = !quoted;
		else
			*to++ = **from;
	}
	*to++ = '\0';
	return to;
}

/* Most of a row's fields are numbers and times, which need not become text to see that "paris" is not in
 * them. */
static void
note_letters(struct term *term)
{
	bool looked_at = term->operation == FOUND_IN || term->operation == EQUALS;

	term->length = strlen(term->value);
	for (size_t i = 0; i < 2 && i < term->length; i++) {
		char *both = i == 0 ? term->first : term->second;

		both[0] = (char)tolower((unsigned char)term->value[i]);
		both[1] = (char)toupper((unsigned char)term->value[i]);
	}
	term->in_number = !looked_at || term->value[strspn(term->value, "0123456789+-.eEinfaINFA")] == '\0';
	term->in_time = !looked_at || term->value[strspn(term->value, "0123456789+-.:tTzZ")] == '\0';
}

struct model_filter *
model_filter_parse(const char *text, struct error *err)
{
	size_t length = text != NULL ? strlen(text) : 0;
	struct model_filter *filter = memory_zeroed(1, sizeof(*filter) + length + 1);
	char *at = filter->text, *end;
	bool plain, negated;

	if (text == NULL)
		return filter;
	if (length > MOST_FILTER) {
		error_set(err, "a filter has at most %d bytes", MOST_FILTER);
		goto bad;
	}
	for (; (end = take_word(&text, at, &plain, &negated)) != NULL; at = end) {
		struct term *term;

		if (filter->count == MOST_TERMS) {
			error_set(err, "a filter has at most %d words", MOST_TERMS);
			goto bad;
		}
		filter->terms = memory_resize(filter->terms, (filter->count + 1) * sizeof(*term));
		term = &filter->terms[filter->count++];
		*term = (struct term){.negated = negated, .value = at};
		if (!plain && !parse_word(term, at, err))
			goto bad;
		note_letters(term);
	}
	return filter;
bad:
	model_filter_free(filter);
	return NULL;
}

void
model_filter_free(struct model_filter *filter)
{
	for (size_t i = 0; filter != NULL && i < filter->count; i++)
		free(filter->terms[i].pattern);
	if (filter != NULL)
		free(filter->terms);
	free(filter);
}

/* --- matching ---------------------------------------------------------------------------------- */

/* strcasestr, without what it does first: the texts here are short. Two characters tell most of them apart.
 */
static bool
contains(const char *text, const struct term *term)
{
	const char *first = term->first, *second = term->second;

	if (term->length == 0)
		return true;
	for (; *text != '\0'; text++) {
		if (*text != first[0] && *text != first[1])
			continue;
		if (term->length == 1 || ((text[1] == second[0] || text[1] == second[1]) &&
					  strncasecmp(text, term->value, term->length) == 0))
			return true;
	}
	return false;
}

static bool
text_matches(const struct term *term, const char *text)
{
	struct ip_prefix prefix;

	switch (term->operation) {
	case FOUND_IN:
		return contains(text, term);
	case EQUALS:
		return strcasecmp(text, term->value) == 0;
	case WITHIN:
		return ip_prefix_parse(text, &prefix) && ip_prefix_covers(&term->prefix, &prefix);
	case CONTAINS:
		return strchr(text, '/') != NULL && ip_prefix_parse(text, &prefix) &&
		       ip_prefix_covers(&prefix, &term->prefix);
	case PATTERN:
		return pattern_match(term->pattern, text);
	default:
		return false; /* numbers are compared as numbers */
	}
}

/* A number against what the term says; a time by how long ago it was. */
static bool
number_matches(const struct term *term, const struct model_field *field, const void *at)
{
	double wanted = term->quantity.value, is;

	switch (field->type) {
	case MODEL_UINT:
		is = *(const uint64_t *)at != MODEL_UINT_UNSET ? (double)*(const uint64_t *)at : NAN;
		break;
	case MODEL_REAL:
		is = *(const double *)at;
		break;
	case MODEL_TIME:
		is = *(const usec_t *)at != 0 ? (double)(clock_wall() - *(const usec_t *)at) / USEC_PER_SEC
					      : NAN;
		break;
	default:
		return false;
	}
	if (isnan(is) || (field->type == MODEL_TIME && !term->quantity.duration))
		return false;
	if (term->quantity.duration && field->type != MODEL_TIME) {
		if (seconds_of_unit(field) == 0)
			return false;
		is *= seconds_of_unit(field);
	}
	return term->operation == LESS         ? is < wanted
	       : term->operation == LESS_EQUAL ? is <= wanted
	       : term->operation == MORE       ? is > wanted
					       : is >= wanted;
}

static bool
list_matches(const struct term *term, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (text_matches(term, list->items[i]))
			return true;
	}
	return false;
}

static bool row_matches(const struct term *term, const struct model_shape *shape, const void *row,
			const char *name);

/* A field's text may be said in more than one way: a list also item by item, a flag as true or false too. */
static bool
field_matches(const struct term *term, const struct model_field *field, const void *row)
{
	const void *at = field_at_const(field, row);
	char text[FIELD_TEXT];

	if (term->operation >= LESS && field->type != MODEL_SUB)
		return number_matches(term, field, at);
	switch (field->type) {
	case MODEL_STR:
		return text_matches(term, *(char *const *)at != NULL ? *(char *const *)at : "");
	case MODEL_LIST:
		if (list_matches(term, at))
			return true;
		break;
	case MODEL_MAP:
		if (list_matches(term, &((const struct model_map *)at)->values))
			return true;
		break;
	case MODEL_BOOL:
		if (term->field == NULL)
			return false; /* "no" as free text would match nearly every row */
		if (text_matches(term, *(const bool *)at ? "true" : "false"))
			return true;
		break;
	case MODEL_SUB:
		if (term->operation == EQUALS && *term->value == '\0' && term->member == NULL)
			return !*(const bool *)at; /* "last_error=": there is none */
		return *(const bool *)at && row_matches(term, field->sub, at, term->member);
	case MODEL_UINT:
	case MODEL_REAL:
		if (!term->in_number)
			return false;
		break;
	case MODEL_TIME:
		if (!term->in_time)
			return false;
		break;
	}
	return text_matches(term, model_field_text(field, row, text, sizeof(text)));
}

/* Matches the field `name` of a row, or any of its fields where that is NULL. */
static bool
row_matches(const struct term *term, const struct model_shape *shape, const void *row, const char *name)
{
	int named;

	if (name != NULL) {
		named = model_field_find(shape, name);
		return named >= 0 && field_matches(term, &shape->fields[named], row);
	}
	for (size_t i = 0; i < shape->count; i++) {
		if (field_matches(term, &shape->fields[i], row))
			return true;
	}
	return false;
}

bool
model_filter_match(const struct model_filter *filter, const struct model_shape *shape, const void *row)
{
	if (filter == NULL)
		return true;
	for (size_t i = 0; i < filter->count; i++) {
		const struct term *term = &filter->terms[i];

		if (row_matches(term, shape, row, term->field) == term->negated)
			return false;
	}
	return true;
}

static bool
same_name(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
model_filter_narrows(const struct model_filter *before, const struct model_filter *after)
{
	if (before == NULL || after == NULL || after->count < before->count)
		return false;
	for (size_t i = 0; i < before->count; i++) {
		const struct term *was = &before->terms[i], *is = &after->terms[i];

		if (was->operation != FOUND_IN || is->operation != FOUND_IN || was->negated || is->negated ||
		    !same_name(was->field, is->field) || !same_name(was->member, is->member) ||
		    strncmp(was->value, is->value, was->length) != 0)
			return false;
	}
	return true;
}

bool
model_filter_contains(const struct model_filter *filter, struct ip_prefix *out)
{
	for (size_t i = 0; filter != NULL && i < filter->count; i++) {
		if (filter->terms[i].operation != CONTAINS || filter->terms[i].negated)
			continue;
		*out = filter->terms[i].prefix;
		return true;
	}
	return false;
}

const char *
model_filter_equals(const struct model_filter *filter, const char *field)
{
	for (size_t i = 0; filter != NULL && i < filter->count; i++) {
		const struct term *term = &filter->terms[i];

		if (term->operation == EQUALS && !term->negated && term->field != NULL &&
		    term->member == NULL && strcmp(term->field, field) == 0)
			return term->value;
	}
	return NULL;
}
