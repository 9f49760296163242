// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows that stay on the gateway. What is looked at, and some rows around it, stand here as one window of the
 * whole: it grows a page at a time in the direction in which somebody scrolls, before the rows are needed,
 * and loses as much at its other side, so that a million routes take no more room than a thousand. To the
 * last row the gateway is asked from the end; where a row stands in the whole is counted from the first row,
 * or back from the total. To a row somewhere in the midst the gateway passes over those before it, or behind
 * it, whichever are fewer; what is here stays until that row has come.
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

#include "tui/widgets/rows_paged_internal.h"

#define PAGE_ROWS 100
#define AHEAD_ROWS 60  /* to the window's edge: time to ask for more */
#define AROUND_ROWS 10 /* asked for again around what is on screen */
#define BEFORE_ROWS 50 /* come with a row that somebody goes to */
#define TICKS_FRESH 2

/* --- asking ------------------------------------------------------------------------------------- */

static void on_page(void *context, const struct control_page *answer);

/* Nobody waits any more for what was asked for. */
static void
dismiss(struct paged *p)
{
	if (p->pending != NULL)
		p->pending->owner = NULL;
	p->pending = NULL;
}

static void
ask(struct paged *p, enum wish wish, const char *key, size_t from, size_t limit)
{
	const struct control_page_request page = {
	    .kind = p->rows.kind,
	    .filter = p->filter,
	    .key = key != NULL && key[0] != '\0' ? key : NULL,
	    .before = wish == WISH_LAST || wish == WISH_BEFORE || (wish == WISH_AT && p->seek.back),
	    .partial = true,
	    .limit = limit,
	    .skip = wish == WISH_AT ? from : 0,
	};
	struct request *request;

	if (p->client == NULL || control_client_state(p->client) != CONTROL_LIVE)
		return;
	if (wish == WISH_AT ||
	    ((wish == WISH_FIRST || wish == WISH_LAST) && p->pending != NULL && p->pending->wish != wish))
		dismiss(p); /* somebody jumps away from what was asked for */
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
	if (first == 0 && !p->begins && p->count > 0)
		first = 1; /* after the key of a row come those behind it: the first row here stays */
	if (first > 0)
		paged_key_at(p, first - 1, key);
	else
		snprintf(key, sizeof(key), "%s", p->begins ? "" : p->head);
	if (first == 0 && !p->begins && key[0] == '\0')
		return; /* nothing was got yet */
	last = last >= first ? last - first + AROUND_ROWS : AROUND_ROWS;
	ask(p, WISH_AGAIN, key, first, last < WINDOW_ROWS ? last : WINDOW_ROWS);
}

/* --- to a row somewhere in the midst ------------------------------------------------------------- */

static void
seek_end(struct paged *p, enum rows_sought sought, size_t at, const char *why)
{
	p->rows.sought = sought;
	p->rows.sought_at = at;
	p->rows.sought_why = why;
}

/* Asks for the rows around it, or for more to be passed over up to there. */
static void
seek_ask(struct paged *p, const char *key)
{
	size_t skip = p->seek.skip > p->seek.passed ? p->seek.skip - p->seek.passed : 0;

	ask(p, WISH_AT, key, skip, PAGE_ROWS);
	if (p->pending == NULL)
		seek_end(p, ROWS_SOUGHT_FAILED, 0, "no gateway is connected");
}

/* The key to go on beyond what an answer has. */
static const char *
key_beyond(const struct paged *p, const struct control_page *answer, char *out)
{
	const void *row;

	if (answer->reached != NULL || answer->count == 0)
		return answer->reached;
	row = answer->rows[p->seek.back ? 0 : answer->count - 1];
	return model_row_key(model_kind_info(p->rows.kind), row, out, KEY_BYTES);
}

/* The row is among those that came. */
static void
seek_found(struct paged *p, const struct control_page *answer, size_t base)
{
	size_t row = p->seek.row, last;

	paged_take_at(p, answer, base);
	last = p->base + p->count - 1;
	seek_end(p, ROWS_SOUGHT_FOUND, row < p->base ? p->base : row > last ? last : row, NULL);
}

/* An answer to one of its questions, which wanted `skip` rows passed over. */
static void
seek_on(struct paged *p, const struct control_page *answer, size_t skip)
{
	size_t before = p->seek.passed + answer->skipped, passed = before + answer->count, base = before;
	bool there = passed > p->seek.row;
	char key[KEY_BYTES];

	if (p->seek.back && answer->total != MODEL_UINT_UNSET) {
		base = answer->total > passed ? (size_t)answer->total - passed : 0;
		there = base <= p->seek.row || answer->complete;
	}
	if (answer->skipped < skip && answer->count > 0) {
		seek_end(p, ROWS_SOUGHT_FAILED, 0, "this gateway can't go to a row by its number");
	} else if (there && answer->count > 0) {
		seek_found(p, answer, base);
	} else if (answer->complete || key_beyond(p, answer, key) == NULL) {
		seek_end(p, ROWS_SOUGHT_BEYOND, passed, NULL);
	} else {
		p->seek.passed = passed;
		seek_ask(p, key_beyond(p, answer, key));
	}
}

static void
paged_seek(struct rows *rows, size_t row)
{
	struct paged *p = (struct paged *)rows;
	size_t end = p->base + p->count, from = row > BEFORE_ROWS ? row - BEFORE_ROWS : 0;
	size_t most = paged_counts_back(p) ? (size_t)p->total : p->ends && p->placed ? end : SIZE_MAX;

	rows->sought = ROWS_SOUGHT_NOTHING;
	if (p->pending != NULL && p->pending->wish == WISH_AT)
		dismiss(p);
	if (row == ROWS_NOWHERE)
		return;
	if (row >= most) {
		seek_end(p, ROWS_SOUGHT_BEYOND, most, NULL);
		return;
	}
	if (p->placed && row >= p->base && row < end) {
		seek_end(p, ROWS_SOUGHT_FOUND, row, NULL);
		return;
	}
	p->seek.row = row;
	p->seek.passed = 0;
	p->seek.back = paged_counts_back(p) && row > p->total / 2;
	p->seek.skip = from;
	if (p->seek.back)
		p->seek.skip = p->total > from + PAGE_ROWS ? (size_t)p->total - from - PAGE_ROWS : 0;
	seek_ask(p, NULL);
}

/* --- answers ------------------------------------------------------------------------------------- */

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
		if (wish == WISH_AT)
			seek_end(p, ROWS_SOUGHT_FAILED, 0, p->trouble);
		p->arrived(p->context);
		return;
	}
	p->total = answer->total;
	if (wish != WISH_AGAIN && wish != WISH_AT)
		p->searching = answer->reached != NULL;
	if (wish == WISH_FIRST)
		paged_take_first(p, answer);
	else if (wish == WISH_LAST)
		paged_take_last(p, answer);
	else if (wish == WISH_AFTER)
		paged_take_after(p, answer);
	else if (wish == WISH_BEFORE)
		paged_take_before(p, answer);
	else if (wish == WISH_AGAIN)
		paged_take_again(p, answer, from);
	else
		seek_on(p, answer, from);
	p->arrived(p->context);
}

/* --- what a table sees -------------------------------------------------------------------------- */

static void
paged_close(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	paged_forget(p);
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

	return !p->ends && p->placed && paged_counts_back(p) && p->total > here ? (size_t)p->total : here;
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
	size_t at = paged_find_from(p, 0, key);

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
	paged_forget(p);
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
    .seek = paged_seek,
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
