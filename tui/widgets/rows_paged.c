// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows that stay on the gateway. What is looked at, and some rows around it, stand here as one window of the
 * whole: it grows a page at a time in the direction in which somebody scrolls, before the rows are needed,
 * and loses as much at its other side, so that a million routes take no more room than a thousand. To the
 * last row the gateway is asked from the end; where a row stands in the whole is counted from the first row,
 * or back from the total.
 *
 * A search that takes the gateway long comes in parts: each says how far it came, and the next goes on there
 * for as long as the screen has room. What is on screen is asked for again every two seconds, because routes
 * change: rows that are there already stay as they are.
 *
 * An answer may come after the rows were closed or the filter changed: requests carry a struct of their own
 * that outlives both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/widgets/rows.h"

#define PAGE_ROWS 100
#define WINDOW_ROWS 1000
#define AHEAD_ROWS 60  /* to the window's edge: time to ask for more */
#define AROUND_ROWS 10 /* asked for again around what is on screen */
#define TICKS_FRESH 2
#define KEY_BYTES MODEL_REACHED

enum wish { WISH_FIRST, WISH_LAST, WISH_AFTER, WISH_BEFORE, WISH_AGAIN };

struct paged;

struct request {
	struct paged *owner; /* NULL: nobody waits any more */
	enum wish wish;
	size_t from; /* WISH_AGAIN: the place in the window */
};

struct paged {
	struct rows rows;
	struct control_client *client;
	void (*arrived)(void *context);
	void *context;
	char *filter; /* NULL for none */
	void **window;
	size_t count, base;   /* rows here; the number of the first of them among all */
	bool begins, ends;    /* the window has the very first row, the very last one */
	bool placed;          /* `base` is true; else the window's place among all is not known */
	char head[KEY_BYTES]; /* to ask before and after; what a search came to, or a row's key */
	char tail[KEY_BYTES];
	bool searching;
	uint64_t total;
	unsigned ticks;
	size_t seen_first, seen_last; /* numbers of the rows that were looked at last */
	struct request *pending;      /* one at a time */
	char trouble[160];
};

/* --- the window --------------------------------------------------------------------------------- */

static void
drop_rows(struct paged *p, size_t from, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = from; i < from + count; i++)
		model_row_free(p->rows.kind, p->window[i]);
	memmove(p->window + from, p->window + from + count, (p->count - from - count) * sizeof(void *));
	p->count -= count;
}

static void
insert_rows(struct paged *p, size_t at, const struct control_page *answer)
{
	const struct model_shape *shape = model_kind_info(p->rows.kind)->shape;

	p->window = memory_resize(p->window, (p->count + answer->count + 1) * sizeof(void *));
	memmove(p->window + at + answer->count, p->window + at, (p->count - at) * sizeof(void *));
	for (size_t i = 0; i < answer->count; i++) {
		p->window[at + i] = model_row_new(p->rows.kind);
		model_row_clear(shape, p->window[at + i]);
		model_row_copy(shape, p->window[at + i], answer->rows[i]);
	}
	p->count += answer->count;
}

static const char *
key_at(const struct paged *p, size_t i, char *out)
{
	return model_row_key(model_kind_info(p->rows.kind), p->window[i], out, KEY_BYTES);
}

/* The window's number among all becomes another: who counts rows by number is told. */
static void
place(struct paged *p, size_t base)
{
	p->rows.moved += (ptrdiff_t)base - (ptrdiff_t)p->base;
	p->base = base;
}

static void
forget(struct paged *p)
{
	drop_rows(p, 0, p->count);
	p->base = 0;
	p->begins = p->ends = p->placed = p->searching = false;
	p->head[0] = p->tail[0] = '\0';
	if (p->pending != NULL)
		p->pending->owner = NULL;
	p->pending = NULL;
}

/* Rows far from what is looked at go. */
static void
trim(struct paged *p, bool at_head)
{
	size_t more = p->count > WINDOW_ROWS ? p->count - WINDOW_ROWS : 0;

	if (more == 0)
		return;
	if (at_head) {
		drop_rows(p, 0, more);
		if (p->placed)
			p->base += more;
		else
			p->rows.moved -= (ptrdiff_t)more;
		p->begins = false;
		key_at(p, 0, p->head);
	} else {
		drop_rows(p, p->count - more, more);
		p->ends = false;
		key_at(p, p->count - 1, p->tail);
	}
}

static bool
counts_back(const struct paged *p)
{
	return p->filter == NULL && p->total != MODEL_UINT_UNSET;
}

/* The window ends with the last row of all: its number is the total's. */
static void
place_by_end(struct paged *p)
{
	if (p->begins)
		place(p, 0);
	else if (counts_back(p))
		place(p, p->total > p->count ? (size_t)p->total - p->count : 0);
	p->placed = p->begins || counts_back(p);
}

static void
set_edge(char *edge, const struct paged *p, const struct control_page *answer, size_t row)
{
	if (answer->reached != NULL)
		snprintf(edge, KEY_BYTES, "%s", answer->reached);
	else if (p->count > 0)
		key_at(p, row, edge);
}

static void
take_after(struct paged *p, const struct control_page *answer)
{
	insert_rows(p, p->count, answer);
	p->ends = answer->complete;
	set_edge(p->tail, p, answer, p->count - 1);
	if (p->ends && !p->placed)
		place_by_end(p);
	trim(p, true);
}

static void
take_before(struct paged *p, const struct control_page *answer)
{
	size_t base = p->placed && p->base > answer->count ? p->base - answer->count : 0;

	insert_rows(p, 0, answer);
	p->rows.moved += (ptrdiff_t)answer->count; /* they push the others on */
	place(p, base);
	p->begins = answer->complete;
	set_edge(p->head, p, answer, 0);
	if (p->begins) {
		place(p, 0);
		p->placed = true;
	}
	trim(p, false);
}

static void
take_first(struct paged *p, const struct control_page *answer)
{
	drop_rows(p, 0, p->count);
	p->base = 0;
	p->begins = p->placed = true;
	p->head[0] = '\0';
	take_after(p, answer);
}

static void
take_last(struct paged *p, const struct control_page *answer)
{
	drop_rows(p, 0, p->count);
	insert_rows(p, 0, answer);
	p->base = 0;
	p->ends = true;
	p->begins = answer->complete;
	p->tail[0] = '\0';
	set_edge(p->head, p, answer, 0);
	place_by_end(p);
	p->rows.moved = 0;
}

static size_t
find_from(const struct paged *p, size_t from, const char *key)
{
	char mine[KEY_BYTES];

	while (from < p->count && strcmp(key_at(p, from, mine), key) != 0)
		from++;
	return from;
}

/* Rows that were asked for again. Where the last of them is not known here, what lay behind is asked for
 * anew. */
static void
take_again(struct paged *p, const struct control_page *answer, size_t from)
{
	const struct model_kind_info *info = model_kind_info(p->rows.kind);
	size_t to = p->count;
	char key[KEY_BYTES];
	bool known = false;

	if (from > p->count || (answer->count == 0 && !answer->complete))
		return;
	if (!answer->complete) {
		to = find_from(p, from,
			       model_row_key(info, answer->rows[answer->count - 1], key, sizeof(key)));
		known = to < p->count;
		to += known;
	}
	drop_rows(p, from, to - from);
	insert_rows(p, from, answer);
	if (!known) {
		p->ends = answer->complete;
		set_edge(p->tail, p, answer, p->count - 1);
	}
	if (p->ends && !p->begins)
		place_by_end(p);
}

/* --- asking ------------------------------------------------------------------------------------- */

static void
on_page(void *context, const struct control_page *answer)
{
	struct request *request = context;
	struct paged *p = request->owner;
	enum wish wish = request->wish;
	size_t from = request->from;

	free(request);
	if (p == NULL)
		return;
	p->pending = NULL;
	p->trouble[0] = '\0';
	if (!answer->ok) {
		text_clean(p->trouble, sizeof(p->trouble), answer->text != NULL ? answer->text : "no answer");
		p->arrived(p->context);
		return;
	}
	p->total = answer->total;
	if (wish != WISH_AGAIN)
		p->searching = answer->reached != NULL;
	if (wish == WISH_FIRST)
		take_first(p, answer);
	else if (wish == WISH_LAST)
		take_last(p, answer);
	else if (wish == WISH_AFTER)
		take_after(p, answer);
	else if (wish == WISH_BEFORE)
		take_before(p, answer);
	else
		take_again(p, answer, from);
	p->arrived(p->context);
}

static void
ask(struct paged *p, enum wish wish, const char *key, size_t from, size_t limit)
{
	const struct control_page_request page = {
	    .kind = p->rows.kind,
	    .filter = p->filter,
	    .key = key != NULL && key[0] != '\0' ? key : NULL,
	    .before = wish == WISH_LAST || wish == WISH_BEFORE,
	    .partial = true,
	    .limit = limit,
	};
	struct request *request;

	if (p->client == NULL || control_client_state(p->client) != CONTROL_LIVE)
		return;
	if (p->pending != NULL && (wish == WISH_FIRST || wish == WISH_LAST) && p->pending->wish != wish) {
		p->pending->owner = NULL; /* somebody jumps away from what was asked for */
		p->pending = NULL;
	}
	if (p->pending != NULL)
		return;
	request = memory_zeroed(1, sizeof(*request));
	*request = (struct request){p, wish, from};
	p->pending = request;
	control_client_page(p->client, &page, on_page, request);
}

/* Somebody waits for the first rows: as many as the screen shows. */
static void
ask_first(struct paged *p)
{
	size_t shown = p->seen_last - p->seen_first;

	ask(p, WISH_FIRST, NULL, 0, shown > 0 && shown < PAGE_ROWS ? shown : PAGE_ROWS);
}

static void
ask_more(struct paged *p, bool after)
{
	if (after ? p->ends : p->begins)
		return;
	ask(p, after ? WISH_AFTER : WISH_BEFORE, after ? p->tail : p->head, 0, PAGE_ROWS);
}

static void
ask_again(struct paged *p)
{
	size_t first = p->seen_first > p->base + AROUND_ROWS ? p->seen_first - p->base - AROUND_ROWS : 0;
	size_t last = p->seen_last > p->base ? p->seen_last - p->base : 0;
	char key[KEY_BYTES];

	if (p->pending != NULL || p->searching)
		return;
	if (first >= p->count)
		first = 0;
	if (first == 0)
		snprintf(key, sizeof(key), "%s", p->begins ? "" : p->head);
	else
		key_at(p, first - 1, key);
	if (first == 0 && !p->begins && key[0] == '\0')
		return; /* nothing was got yet */
	last = last >= first ? last - first + AROUND_ROWS : AROUND_ROWS;
	ask(p, WISH_AGAIN, key, first, last < WINDOW_ROWS ? last : WINDOW_ROWS);
}

/* --- what a table sees -------------------------------------------------------------------------- */

static void
paged_close(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	forget(p);
	free(p->window);
	free(p->filter);
	free(p);
}

static void
paged_refresh(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	if (p->pending != NULL || p->trouble[0] != '\0')
		return;
	if (!p->begins && !p->ends && p->count == 0)
		ask_first(p);
	else if (p->count < AHEAD_ROWS) /* a search that goes on while there is room on the screen */
		ask_more(p, !p->ends);
}

static size_t
paged_count(const struct rows *rows)
{
	const struct paged *p = (const struct paged *)rows;
	size_t here = p->base + p->count;

	return !p->ends && p->placed && counts_back(p) && p->total > here ? (size_t)p->total : here;
}

static const void *
paged_at(struct rows *rows, size_t i)
{
	struct paged *p = (struct paged *)rows;
	size_t end = p->base + p->count, all = paged_count(rows);

	if (i < p->base) {
		if (i < p->base - i)
			ask_first(p);
		else
			ask_more(p, false);
		return NULL;
	}
	if (i >= end) {
		if (!p->ends && i > end + WINDOW_ROWS && all - i < i - end)
			ask(p, WISH_LAST, NULL, 0, PAGE_ROWS);
		else
			ask_more(p, true);
		return NULL;
	}
	if (i + AHEAD_ROWS >= end)
		ask_more(p, true);
	if (i < p->base + AHEAD_ROWS)
		ask_more(p, false);
	return p->window[i - p->base];
}

static void
paged_looked_at(struct rows *rows, size_t first, size_t count)
{
	struct paged *p = (struct paged *)rows;

	p->seen_first = first;
	p->seen_last = first + count;
}

static size_t
paged_find(struct rows *rows, const char *key)
{
	struct paged *p = (struct paged *)rows;
	size_t at = find_from(p, 0, key);

	return at < p->count ? p->base + at : SIZE_MAX;
}

static void
paged_end(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	if (!p->ends)
		ask(p, WISH_LAST, NULL, 0, PAGE_ROWS);
}

static void
paged_filter(struct rows *rows, const char *text, struct model_filter *filter)
{
	struct paged *p = (struct paged *)rows;

	model_filter_free(filter); /* the gateway filters */
	free(p->filter);
	p->filter = text[0] != '\0' ? text_copy(text) : NULL;
	p->trouble[0] = '\0';
	forget(p);
}

static void
paged_sort(struct rows *rows, const struct model_field *field, bool descending)
{
	(void)rows;
	(void)field;
	(void)descending;
}

static uint64_t
paged_total(const struct rows *rows)
{
	return ((const struct paged *)rows)->total;
}

static bool
paged_complete(const struct rows *rows)
{
	return ((const struct paged *)rows)->ends;
}

static bool
paged_placed(const struct rows *rows)
{
	return ((const struct paged *)rows)->placed;
}

static const char *
paged_trouble(const struct rows *rows)
{
	const struct paged *p = (const struct paged *)rows;

	return p->trouble[0] != '\0'                 ? p->trouble
	       : p->searching                        ? "searching"
	       : p->pending != NULL && p->count == 0 ? "asking the gateway"
						     : NULL;
}

static const char *
paged_searching(const struct rows *rows)
{
	const struct paged *p = (const struct paged *)rows;

	return p->searching && p->count < AHEAD_ROWS ? (p->begins ? p->tail : p->head) : NULL;
}

static void
paged_tick(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	if (++p->ticks % TICKS_FRESH != 0)
		return;
	p->trouble[0] = '\0';
	ask_again(p);
}

static const struct rows_ops paged_ops = {
    .close = paged_close,
    .refresh = paged_refresh,
    .count = paged_count,
    .at = paged_at,
    .find = paged_find,
    .looked_at = paged_looked_at,
    .end = paged_end,
    .filter = paged_filter,
    .sort = paged_sort,
    .total = paged_total,
    .complete = paged_complete,
    .placed = paged_placed,
    .trouble = paged_trouble,
    .searching = paged_searching,
    .tick = paged_tick,
};

struct rows *
rows_paged(struct control_client *client, enum model_kind kind, void (*arrived)(void *context), void *context)
{
	struct paged *p = memory_zeroed(1, sizeof(*p));

	p->rows.ops = &paged_ops;
	p->rows.kind = kind;
	p->client = client;
	p->arrived = arrived;
	p->context = context;
	p->total = MODEL_UINT_UNSET;
	return &p->rows;
}
