// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What readers walk. Rows by version, removals and events are three sequences, each in order; the walk merges
 * them.
 *
 * A reader that takes everything at once needs one number, the version it has. One that stops on the way (a
 * socket that is full) needs two: how far it came, and from where it began. For a row that it has not reached
 * may change again meanwhile and move further to the end, and then the fields that it lacks are all those
 * since the beginning, not since where it stopped. `base` moves up only when the end is reached. A new reader
 * first walks the rows in the order in which they were made, so that its copy has the gateway's order, and
 * then what changed during that walk.
 */
#include "core/model/store_internal.h"

/* The place in the three sequences from which to go on. */
struct walk {
	const struct model_store *store;
	const struct store_row *row;
	size_t tombstone, event;
};

static uint64_t
event_version(const struct model_store *store, size_t i)
{
	return store_event_at(store, i)->version;
}

static uint64_t
tombstone_version(const struct model_store *store, size_t i)
{
	return store_tombstone_at(store, i)->version;
}

/* The first of `count` entries whose version is above `since`. */
static size_t
first_after(const struct model_store *store, uint64_t (*version)(const struct model_store *, size_t),
	    size_t count, uint64_t since)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (version(store, middle) > since)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
walk_begin(struct walk *walk, const struct model_store *store, uint64_t since)
{
	const struct store_row *row = NULL;

	for (const struct store_row *r = store->by_version.last; r != NULL && r->version > since;
	     r = r->by_version.previous)
		row = r;
	*walk =
	    (struct walk){.store = store,
			  .row = row,
			  .tombstone = first_after(store, tombstone_version, store->tombstone_count, since),
			  .event = first_after(store, event_version, store->event_count, since)};
}

/* The fields of a row that changed after `base`: all where it is new since. */
static uint64_t
fields_since(const struct store_row *row, uint64_t base)
{
	size_t count = model_kind_info(row->kind)->shape->count;
	uint64_t fields = 0;

	if (row->created > base)
		return model_fields_all(model_kind_info(row->kind)->shape);
	for (size_t i = 0; i < count; i++) {
		if (row->field_versions[i] > base)
			fields |= UINT64_C(1) << i;
	}
	return fields;
}

/* The next change by version; false at the end. */
static bool
walk_next(struct walk *walk, uint64_t base, struct model_change *change)
{
	const struct model_store *store = walk->store;
	bool has_stone = walk->tombstone < store->tombstone_count,
	     has_event = walk->event < store->event_count;
	uint64_t row = walk->row != NULL ? walk->row->version : UINT64_MAX;
	uint64_t stone = has_stone ? tombstone_version(store, walk->tombstone) : UINT64_MAX;
	uint64_t event = has_event ? event_version(store, walk->event) : UINT64_MAX;

	if (walk->row != NULL && row < stone && row < event) {
		*change = (struct model_change){walk->row->kind, walk->row->key, walk->row->row,
						fields_since(walk->row, base), row};
		walk->row = walk->row->by_version.next;
		return true;
	}
	if (has_stone && stone < event) {
		const struct store_tombstone *at = store_tombstone_at(store, walk->tombstone++);

		*change = (struct model_change){at->kind, at->key, NULL, 0, stone};
		return true;
	}
	if (has_event) {
		const struct store_event *at = store_event_at(store, walk->event++);

		*change =
		    (struct model_change){MODEL_KIND_EVENT, "", &at->event,
					  model_fields_all(model_kind_info(MODEL_KIND_EVENT)->shape), event};
		return true;
	}
	return false;
}

uint64_t
model_store_version(const struct model_store *store)
{
	return store->version;
}

uint64_t
model_store_changes(const struct model_store *store, uint64_t since, bool *restart,
		    bool (*visit)(void *context, const struct model_change *change), void *context)
{
	struct walk walk;
	struct model_change change;
	bool lost = since != 0 && (since < store->forgotten || since > store->version);

	if (restart != NULL)
		*restart = lost;
	if (lost)
		return since;
	walk_begin(&walk, store, since);
	while (walk_next(&walk, since, &change)) {
		if (since == 0 && change.row == NULL)
			continue; /* a reader that has nothing has nothing to remove */
		if (!visit(context, &change))
			return since;
	}
	return store->version;
}

/* The first walk of a new reader: rows as they were made. True when it is at the end of them. */
static bool
follow_snapshot(const struct model_store *store, struct model_cursor *cursor,
		bool (*visit)(void *context, const struct model_change *change), void *context)
{
	const struct store_row *row = NULL;

	if (!cursor->started)
		*cursor =
		    (struct model_cursor){.started = true, .base = store->version, .reached = store->version};
	for (const struct store_row *r = store->by_creation.last; r != NULL && r->created > cursor->created;
	     r = r->by_creation.previous)
		row = r;
	for (; row != NULL; row = row->by_creation.next) {
		struct model_change change = {row->kind, row->key, row->row,
					      model_fields_all(model_kind_info(row->kind)->shape),
					      row->version};

		cursor->created = row->created;
		if (!visit(context, &change))
			return false;
	}
	cursor->whole = true;
	return true;
}

bool
model_store_follow(const struct model_store *store, struct model_cursor *cursor, bool *restart,
		   bool (*visit)(void *context, const struct model_change *change), void *context)
{
	struct walk walk;
	struct model_change change;

	*restart =
	    cursor->started && (cursor->reached < store->forgotten || cursor->reached > store->version);
	if (*restart) {
		*cursor = (struct model_cursor){0};
		return false;
	}
	if (!cursor->whole && !follow_snapshot(store, cursor, visit, context))
		return false;
	walk_begin(&walk, store, cursor->reached);
	while (walk_next(&walk, cursor->base, &change)) {
		cursor->reached = change.version;
		if (!visit(context, &change))
			return false;
	}
	cursor->base = cursor->reached = store->version;
	return true;
}
