// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of rows. The large kinds come from their providers; the others the store hands out itself, in key
 * order, so that a page goes on where the last one ended even if that row is gone by then. They are few:
 * sorting pointers for each page costs less than keeping a second order true at every change.
 */
#include "core/model/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
model_store_set_provider(struct model_store *store, enum model_kind kind, model_provider provider,
			 void *context)
{
	store->providers[kind] = (struct store_provider){provider, context, false};
}

void
model_store_provider_goes_back(struct model_store *store, enum model_kind kind)
{
	store->providers[kind].goes_back = true;
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp((*(const struct store_row *const *)a)->key, (*(const struct store_row *const *)b)->key);
}

static bool
query_stored(const struct model_store *store, enum model_kind kind, const struct model_query *query,
	     const struct model_filter *filter)
{
	const struct store_rows *rows = &store->kinds[kind];
	struct store_row **sorted;
	size_t given = 0;
	bool all = true;

	if (rows->count == 0)
		return true;
	sorted = memory_zeroed(rows->count, sizeof(struct store_row *));
	memcpy(sorted, rows->order, rows->count * sizeof(struct store_row *));
	qsort(sorted, rows->count, sizeof(struct store_row *), compare_keys);
	for (size_t i = 0; i < rows->count && all; i++) {
		if (query->after != NULL && strcmp(sorted[i]->key, query->after) <= 0)
			continue;
		if (!model_filter_match(filter, model_kind_info(kind)->shape, sorted[i]->row))
			continue;
		if (given++ == query->limit)
			all = false;
		else if (!query->row(query->context, sorted[i]->row))
			all = i + 1 == rows->count;
	}
	free(sorted);
	return all;
}

static bool
query_events(const struct model_store *store, const struct model_query *query,
	     const struct model_filter *filter)
{
	uint64_t after = 0;
	size_t given = 0;

	if (query->after != NULL && !text_parse_number(query->after, UINT64_MAX, &after))
		after = 0;
	for (size_t i = 0; i < store->event_count; i++) {
		const struct model_event *event = &store_event_at(store, i)->event;

		if (event->sequence <= after ||
		    !model_filter_match(filter, model_kind_info(MODEL_KIND_EVENT)->shape, event))
			continue;
		if (given == query->limit)
			return false;
		given++;
		if (!query->row(query->context, event))
			return i + 1 == store->event_count;
	}
	return true;
}

/* The ring from its end; what is older comes from the provider, which a kind of events has for that. */
static bool
query_events_back(const struct model_store *store, const struct model_query *query,
		  const struct model_filter *filter)
{
	const struct store_provider *provider = &store->providers[MODEL_KIND_EVENT];
	struct model_query older = *query;
	uint64_t before = UINT64_MAX;
	char key[24];

	if (query->after != NULL && !text_parse_number(query->after, UINT64_MAX, &before))
		before = UINT64_MAX;
	for (size_t i = store->event_count; i-- > 0;) {
		const struct model_event *event = &store_event_at(store, i)->event;

		if (event->sequence >= before)
			continue;
		before = event->sequence;
		if (!model_filter_match(filter, model_kind_info(MODEL_KIND_EVENT)->shape, event))
			continue;
		if (older.limit == 0 || !query->row(query->context, event))
			return false;
		older.limit--;
	}
	if (provider->provider == NULL)
		return true;
	if (before != UINT64_MAX)
		snprintf(key, sizeof(key), "%" PRIu64, before);
	older.after = before != UINT64_MAX ? key : NULL;
	return provider->provider(provider->context, &older);
}

/* The last rows before a key, of a kind that is handed out forwards only: they are few. */
struct backwards {
	const struct model_kind_info *info;
	const struct model_query *query;
	void **rows; /* a ring of `query->limit` */
	size_t count;
};

static bool
keep_row(void *context, const void *row)
{
	struct backwards *back = context;
	const struct model_shape *shape = back->info->shape;
	size_t place = back->count % back->query->limit;
	char key[MODEL_REACHED];

	if (back->query->after != NULL &&
	    strcmp(model_row_key(back->info, row, key, sizeof(key)), back->query->after) == 0)
		return false;
	if (back->rows[place] == NULL)
		back->rows[place] = model_row_new(back->info->kind);
	model_row_clear(shape, back->rows[place]);
	model_row_copy(shape, back->rows[place], row);
	back->count++;
	return true;
}

static bool
query_backwards(const struct model_store *store, enum model_kind kind, const struct model_query *query)
{
	struct backwards back = {.info = model_kind_info(kind), .query = query};
	struct model_query all = {.filter = query->filter,
				  .limit = SIZE_MAX,
				  .row = keep_row,
				  .context = &back,
				  .total = query->total};
	size_t given = 0;

	back.rows = memory_zeroed(query->limit, sizeof(void *));
	model_store_query(store, kind, &all, NULL);
	while (given < back.count && given < query->limit) {
		given++;
		if (!query->row(query->context, back.rows[(back.count - given) % query->limit]))
			break;
	}
	for (size_t i = 0; i < query->limit; i++)
		model_row_free(kind, back.rows[i]);
	free(back.rows);
	return given == back.count;
}

bool
model_store_query(const struct model_store *store, enum model_kind kind, const struct model_query *query,
		  bool *complete)
{
	const struct store_provider *provider = &store->providers[kind];
	enum model_storage storage = model_kind_info(kind)->storage;
	struct model_filter *filter;
	bool all = true;

	if (query->total != NULL && storage != MODEL_PAGED)
		*query->total = model_store_count(store, kind);
	if (provider->provider == NULL && storage == MODEL_PAGED)
		return false;
	if (storage == MODEL_LOG && query->backwards) {
		if ((filter = model_filter_parse(query->filter, NULL)) != NULL)
			all = query_events_back(store, query, filter);
		model_filter_free(filter);
	} else if (query->backwards && (provider->provider == NULL || !provider->goes_back)) {
		all = query->limit == 0 || query_backwards(store, kind, query);
	} else if (provider->provider != NULL && storage != MODEL_LOG) {
		all = provider->provider(provider->context, query);
	} else if ((filter = model_filter_parse(query->filter, NULL)) != NULL) {
		all = storage == MODEL_LOG ? query_events(store, query, filter)
					   : query_stored(store, kind, query, filter);
		model_filter_free(filter);
	}
	if (complete != NULL)
		*complete = all;
	return true;
}

void
model_store_on_interest(struct model_store *store, void (*changed)(void *context), void *context)
{
	store->interest = changed;
	store->interest_context = context;
}

void
model_store_interest_changed(struct model_store *store)
{
	if (store->interest != NULL)
		store->interest(store->interest_context);
}

bool
model_store_paged_watched(const struct model_store *store, enum model_kind kind)
{
	for (size_t i = 0; i < store->watch_count; i++) {
		const struct model_watch *watch = store->watches[i];

		if (watch != NULL && watch->paged != NULL && (watch->paged_kinds >> kind & 1) != 0)
			return true;
	}
	return false;
}
