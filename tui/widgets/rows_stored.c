// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows of the console's own copy: an index of pointers, built anew when the store, the filter or the order
 * changed. A thousand tunnels take some hundred microseconds; only a letter more at the end of a filter, for
 * which somebody waits, is cheaper.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/widgets/rows.h"

struct stored {
	struct rows rows;
	const struct model_store *store;
	const struct rows_more *more; /* NULL: nothing is added */
	uint64_t more_version;
	bool newest_first, descending, dirty;
	bool narrowed; /* since the last refresh only rows can have gone, by the filter */
	uint64_t version;
	struct model_filter *filter;
	struct model_field field;
	bool sorted;
	const void **index;
	size_t count, capacity;
};

static void
stored_close(struct rows *rows)
{
	struct stored *s = (struct stored *)rows;

	model_filter_free(s->filter);
	free(s->index);
	free(s);
}

static int
order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Names with numbers as people read them: "plant/2" before "plant/10". */
static int
compare_text(const char *a, const char *b)
{
	return strverscmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int
compare_field(const struct model_field *field, const void *a, const void *b)
{
	const void *fa = (const char *)a + field->offset, *fb = (const char *)b + field->offset;
	char ta[256], tb[256];
	double ra, rb;

	switch (field->type) {
	case MODEL_STR:
		return compare_text(*(char *const *)fa, *(char *const *)fb);
	case MODEL_UINT: /* unset goes first */
		return order(*(const uint64_t *)fa + 1, *(const uint64_t *)fb + 1);
	case MODEL_TIME:
		return order((uint64_t) * (const usec_t *)fa, (uint64_t) * (const usec_t *)fb);
	case MODEL_BOOL:
		return (int)*(const bool *)fa - (int)*(const bool *)fb;
	case MODEL_REAL:
		ra = *(const double *)fa;
		rb = *(const double *)fb;
		if (isnan(ra) || isnan(rb))
			return (int)isnan(rb) - (int)isnan(ra);
		return ra < rb ? -1 : ra > rb;
	default:
		return compare_text(model_field_text(field, a, ta, sizeof(ta)),
				    model_field_text(field, b, tb, sizeof(tb)));
	}
}

static int
compare_rows(const void *a, const void *b, void *context)
{
	const struct stored *s = context;
	int result = compare_field(&s->field, *(const void *const *)a, *(const void *const *)b);

	return s->descending ? -result : result;
}

/* Merge sort: equal rows keep their order, so that a list of live figures doesn't dance more than it must. */
static void
merge_sort(struct stored *s, const void **rows, const void **spare, size_t count)
{
	size_t half = count / 2, a = 0, b = half;

	if (count < 2)
		return;
	merge_sort(s, rows, spare, half);
	merge_sort(s, rows + half, spare, count - half);
	for (size_t i = 0; i < count; i++) {
		bool first = b == count || (a < half && compare_rows(&rows[a], &rows[b], s) <= 0);

		spare[i] = first ? rows[a++] : rows[b++];
	}
	memcpy(rows, spare, count * sizeof(*rows));
}

static void
take(struct stored *s, const void *row)
{
	const struct model_shape *shape = model_kind_info(s->rows.kind)->shape;

	if ((s->filter == NULL || model_filter_match(s->filter, shape, row)) &&
	    (s->more == NULL || s->more->pass(s->more->context, row)))
		s->index[s->count++] = row;
}

/* Whoever types waits for the letter: only the rows that the filter left are looked at. */
static void
narrow(struct stored *s)
{
	const struct model_shape *shape = model_kind_info(s->rows.kind)->shape;
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (model_filter_match(s->filter, shape, s->index[i]))
			s->index[kept++] = s->index[i];
	}
	s->count = kept;
	s->narrowed = false;
}

static void
stored_refresh(struct rows *rows)
{
	struct stored *s = (struct stored *)rows;
	uint64_t version = model_store_version(s->store);
	size_t stored = model_store_count(s->store, rows->kind),
	       all = stored + (s->more != NULL ? s->more->count : 0);

	if (!s->dirty && version == s->version && (s->more == NULL || s->more->version == s->more_version)) {
		if (s->narrowed)
			narrow(s);
		return;
	}
	if (all * 2 > s->capacity) {
		s->capacity = all * 2 + 64;
		s->index = memory_resize(s->index, s->capacity * sizeof(*s->index));
	}
	s->count = 0;
	for (size_t i = 0; i < stored; i++)
		take(s, model_store_at(s->store, rows->kind, s->newest_first ? stored - 1 - i : i));
	for (size_t i = stored; i < all; i++)
		take(s, s->more->rows[i - stored]);
	if (s->sorted && s->count > 0)
		merge_sort(s, s->index, s->index + all, s->count);
	s->version = version;
	s->more_version = s->more != NULL ? s->more->version : 0;
	s->dirty = s->narrowed = false;
}

static size_t
stored_count(const struct rows *rows)
{
	return ((const struct stored *)rows)->count;
}

static const void *
stored_at(struct rows *rows, size_t i)
{
	struct stored *s = (struct stored *)rows;

	return i < s->count ? s->index[i] : NULL;
}

static size_t
stored_find(struct rows *rows, const char *key)
{
	struct stored *s = (struct stored *)rows;
	const struct model_kind_info *info = model_kind_info(rows->kind);
	char mine[256];

	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(model_row_key(info, s->index[i], mine, sizeof(mine)), key) == 0)
			return i;
	}
	return SIZE_MAX;
}

#define AHEAD 20 /* rows before the last one at which more are wanted */

static void
stored_end(struct rows *rows)
{
	const struct rows_more *more = ((struct stored *)rows)->more;

	if (more != NULL && !more->complete)
		more->wanted(more->context);
}

static void
stored_looked_at(struct rows *rows, size_t first, size_t count)
{
	if (first + count + AHEAD >= ((struct stored *)rows)->count && first > 0)
		stored_end(rows);
}

static void
stored_filter(struct rows *rows, const char *text, struct model_filter *filter)
{
	struct stored *s = (struct stored *)rows;

	(void)text;
	if (model_filter_narrows(s->filter, filter))
		s->narrowed = true;
	else
		s->dirty = true;
	model_filter_free(s->filter);
	s->filter = filter;
}

static void
stored_sort(struct rows *rows, const struct model_field *field, bool descending)
{
	struct stored *s = (struct stored *)rows;

	s->sorted = field != NULL;
	if (field != NULL)
		s->field = *field;
	s->descending = descending;
	s->dirty = true;
}

static uint64_t
stored_total(const struct rows *rows)
{
	return model_store_count(((const struct stored *)rows)->store, rows->kind);
}

static bool
stored_complete(const struct rows *rows)
{
	const struct rows_more *more = ((const struct stored *)rows)->more;

	return more == NULL || more->complete;
}

static bool
stored_placed(const struct rows *rows)
{
	(void)rows;
	return true;
}

static const char *
stored_searching(const struct rows *rows)
{
	(void)rows;
	return NULL;
}

static const char *
stored_trouble(const struct rows *rows)
{
	(void)rows;
	return NULL;
}

static void
stored_tick(struct rows *rows)
{
	(void)rows;
}

static const struct rows_ops stored_ops = {
    .close = stored_close,
    .refresh = stored_refresh,
    .count = stored_count,
    .at = stored_at,
    .find = stored_find,
    .end = stored_end,
    .looked_at = stored_looked_at,
    .filter = stored_filter,
    .sort = stored_sort,
    .total = stored_total,
    .complete = stored_complete,
    .placed = stored_placed,
    .searching = stored_searching,
    .trouble = stored_trouble,
    .tick = stored_tick,
    .sorts = true,
};

struct rows *
rows_stored(const struct model_store *store, enum model_kind kind, bool newest_first)
{
	struct stored *s = memory_zeroed(1, sizeof(*s));

	s->rows.ops = &stored_ops;
	s->rows.kind = kind;
	s->store = store;
	s->newest_first = newest_first;
	s->dirty = true;
	return &s->rows;
}

void
rows_stored_more(struct rows *rows, const struct rows_more *more)
{
	struct stored *s = (struct stored *)rows;

	s->more = more;
	s->dirty = true;
}
