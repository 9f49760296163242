// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows that stay on the gateway. The gateway answers "so many rows after this key", so a page is reached from
 * the last key of the page before it: those keys are kept for all pages that were seen (a few dozen bytes per
 * hundred rows), the rows themselves only for the few pages that were looked at last. Scrolling down asks for
 * the next page before its rows are needed; what is on screen is asked for again every two seconds, because
 * routes change.
 *
 * An answer may come after the rows were closed or the filter changed: requests carry a struct of their own
 * that outlives both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/widgets/rows.h"

#define PAGE_ROWS 100
#define PAGES_KEPT 6
#define TICKS_FRESH 2

struct page {
	bool used;
	size_t number; /* rows from number * PAGE_ROWS */
	uint64_t touched;
	void *rows[PAGE_ROWS];
	size_t count;
};

struct paged;

struct request {
	struct paged *owner; /* NULL: nobody waits any more */
	size_t number;
};

struct paged {
	struct rows rows;
	struct control_client *client;
	void (*arrived)(void *context);
	void *context;
	char *filter;
	struct page pages[PAGES_KEPT];
	char **marks;      /* marks[n]: key after which page n begins; marks[0] is NULL */
	size_t mark_count; /* pages that can be asked for */
	size_t mark_capacity;
	size_t count;  /* rows known to exist */
	bool complete; /* there are no more */
	uint64_t total, clock;
	unsigned ticks;
	size_t looked_at;        /* the page on screen */
	struct request *pending; /* one at a time */
	char trouble[160];
};

static void
page_clear(const struct paged *p, struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		model_row_free(p->rows.kind, page->rows[i]);
	*page = (struct page){0};
}

static void
forget(struct paged *p)
{
	for (size_t i = 0; i < PAGES_KEPT; i++)
		page_clear(p, &p->pages[i]);
	for (size_t i = 0; i < p->mark_count; i++)
		free(p->marks[i]);
	p->mark_count = 0;
	p->count = 0;
	p->complete = false;
	if (p->pending != NULL)
		p->pending->owner = NULL;
	p->pending = NULL;
}

static void
paged_close(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	forget(p);
	free(p->marks);
	free(p->filter);
	free(p);
}

static struct page *
page_find(struct paged *p, size_t number)
{
	for (size_t i = 0; i < PAGES_KEPT; i++) {
		if (p->pages[i].used && p->pages[i].number == number)
			return &p->pages[i];
	}
	return NULL;
}

/* The page's own place, else a free one, else that which was not looked at for the longest time. */
static struct page *
page_place(struct paged *p, size_t number)
{
	struct page *place = page_find(p, number);

	for (size_t i = 0; place == NULL && i < PAGES_KEPT; i++)
		place = p->pages[i].used ? NULL : &p->pages[i];
	if (place == NULL) {
		place = &p->pages[0];
		for (size_t i = 1; i < PAGES_KEPT; i++)
			place = p->pages[i].touched < place->touched ? &p->pages[i] : place;
	}
	page_clear(p, place);
	place->used = true;
	place->number = number;
	place->touched = ++p->clock;
	return place;
}

/* Sets the key after which page `number` begins, and forgets what no longer follows from it. */
static void
mark_set(struct paged *p, size_t number, const char *key)
{
	if (number < p->mark_count && key != NULL && p->marks[number] != NULL &&
	    strcmp(p->marks[number], key) == 0)
		return;
	for (size_t i = number; i < p->mark_count; i++)
		free(p->marks[i]);
	for (size_t i = 0; i < PAGES_KEPT; i++) {
		if (p->pages[i].used && p->pages[i].number >= number)
			page_clear(p, &p->pages[i]);
	}
	if (number >= p->mark_capacity) {
		p->mark_capacity = number * 2 + 16;
		p->marks = memory_resize(p->marks, p->mark_capacity * sizeof(*p->marks));
	}
	p->marks[number] = text_copy(key);
	p->mark_count = number + 1;
}

static void
page_take(struct paged *p, size_t number, const struct control_page *answer)
{
	const struct model_kind_info *info = model_kind_info(p->rows.kind);
	struct page *page = page_place(p, number);
	char key[256];

	for (size_t i = 0; i < answer->count && i < PAGE_ROWS; i++) {
		page->rows[i] = model_row_new(p->rows.kind);
		model_row_clear(info->shape, page->rows[i]);
		model_row_copy(info->shape, page->rows[i], answer->rows[i]);
		page->count = i + 1;
	}
	p->total = answer->total;
	if (answer->complete || page->count == 0) {
		p->complete = true;
		p->count = number * PAGE_ROWS + page->count;
		return;
	}
	model_row_key(info, page->rows[page->count - 1], key, sizeof(key));
	mark_set(p, number + 1, key);
	if (p->count < (number + 1) * PAGE_ROWS || p->mark_count == number + 2) {
		p->count = number * PAGE_ROWS + page->count;
		p->complete = false;
	}
}

static void
on_page(void *context, const struct control_page *answer)
{
	struct request *request = context;
	struct paged *p = request->owner;
	size_t number = request->number;

	free(request);
	if (p == NULL)
		return;
	p->pending = NULL;
	p->trouble[0] = '\0';
	if (answer->ok)
		page_take(p, number, answer);
	else
		text_clean(p->trouble, sizeof(p->trouble), answer->text != NULL ? answer->text : "no answer");
	p->arrived(p->context);
}

static void
ask(struct paged *p, size_t number)
{
	struct request *request;

	if (p->pending != NULL || number >= p->mark_count || p->client == NULL ||
	    control_client_state(p->client) != CONTROL_LIVE)
		return;
	request = memory_zeroed(1, sizeof(*request));
	request->owner = p;
	request->number = number;
	p->pending = request;
	control_client_query(p->client, p->rows.kind, p->filter, p->marks[number], PAGE_ROWS, on_page,
			     request);
}

static void
paged_refresh(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	if (p->mark_count == 0)
		mark_set(p, 0, NULL);
	if (p->count == 0 && !p->complete && p->trouble[0] == '\0')
		ask(p, 0);
}

static size_t
paged_count(const struct rows *rows)
{
	return ((const struct paged *)rows)->count;
}

static const void *
paged_at(struct rows *rows, size_t i)
{
	struct paged *p = (struct paged *)rows;
	size_t number = i / PAGE_ROWS;
	struct page *page = page_find(p, number);

	p->looked_at = number;
	if (page == NULL) {
		ask(p, number);
		return NULL;
	}
	page->touched = ++p->clock;
	/* half-way through the last known page: time to fetch the next */
	if (!p->complete && i % PAGE_ROWS >= PAGE_ROWS / 2 && number + 2 == p->mark_count)
		ask(p, number + 1);
	return i % PAGE_ROWS < page->count ? page->rows[i % PAGE_ROWS] : NULL;
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
	return ((const struct paged *)rows)->complete;
}

static const char *
paged_trouble(const struct rows *rows)
{
	const struct paged *p = (const struct paged *)rows;

	return p->trouble[0] != '\0'                 ? p->trouble
	       : p->pending != NULL && p->count == 0 ? "asking the gateway"
						     : NULL;
}

static void
paged_tick(struct rows *rows)
{
	struct paged *p = (struct paged *)rows;

	if (++p->ticks % TICKS_FRESH != 0)
		return;
	p->trouble[0] = '\0';
	ask(p, p->looked_at < p->mark_count ? p->looked_at : 0);
}

static const struct rows_ops paged_ops = {
    .close = paged_close,
    .refresh = paged_refresh,
    .count = paged_count,
    .at = paged_at,
    .filter = paged_filter,
    .sort = paged_sort,
    .total = paged_total,
    .complete = paged_complete,
    .trouble = paged_trouble,
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
