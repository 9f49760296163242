// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's own structures, shared by store.c (rows), events.c (the ring) and changes.c (what readers
 * walk).
 *
 * Each change takes the next version. A stored row remembers the version of each of its fields, and stands in
 * two lists over all kinds: by the version of its last change (a changed row moves to the tail) and by the
 * version at which it was first put (it never moves). Removals and events stand in rings, which are ordered
 * by version by themselves.
 */
#ifndef TWINSPAN_MODEL_STORE_INTERNAL_H
#define TWINSPAN_MODEL_STORE_INTERNAL_H

#include "core/model/model_internal.h"

#include <uthash.h>

#define STORE_EVENTS 10000
#define STORE_TOMBSTONES 4096
#define STORE_KEY 512 /* longest key, cut beyond */

struct store_link {
	struct store_row *previous, *next;
};

struct store_row {
	enum model_kind kind;
	char *key;
	void *row;
	size_t index;     /* in the kind's array */
	uint64_t created; /* version at which it was put */
	uint64_t version; /* of its last change */
	struct store_link by_version, by_creation;
	size_t weight; /* counted in the store's, 0 where there is no limit */
	UT_hash_handle hh;
	uint64_t field_versions[];
};

struct store_list {
	struct store_row *first, *last;
};

struct store_rows {
	struct store_row *by_key;
	struct store_row **order;
	size_t count, size;
};

struct store_event {
	struct model_event event;
	uint64_t version;
	size_t weight;
};

struct store_tombstone {
	enum model_kind kind;
	char *key;
	uint64_t version;
};

struct store_provider {
	model_provider provider;
	void *context;
	bool goes_back;
};

struct model_store {
	uint64_t version;
	size_t weight, limit; /* bytes of rows and events; no limit: 0 and nothing is weighed */
	bool refused;
	struct store_rows kinds[MODEL_KIND_COUNT];
	uint64_t told[MODEL_KIND_COUNT]; /* fields that were put; 0: none yet */
	struct store_list by_version, by_creation;
	struct store_provider providers[MODEL_KIND_COUNT];

	struct store_event *events; /* ring, grown to STORE_EVENTS as needed */
	size_t event_first, event_count, event_size;
	uint64_t event_sequence;

	struct store_tombstone *tombstones; /* ring of STORE_TOMBSTONES, made with the first removal */
	size_t tombstone_first, tombstone_count;
	uint64_t forgotten; /* version of the newest removal that is no longer remembered */

	struct model_watch **watches; /* NULL where one went while watchers were being told */
	size_t watch_count, watch_size;
	unsigned telling;

	void (*interest)(void *context); /* which single changes are wanted may be another */
	void *interest_context;
};

/* True where a limit is set and `weight` more would pass it; the refusal is remembered. */
bool store_refuses(struct model_store *store, size_t weight);
void store_tell_changed(struct model_store *store, enum model_kind kind, const void *row, uint64_t fields);
void store_free_events(struct model_store *store);

static inline const struct store_event *
store_event_at(const struct model_store *store, size_t i)
{
	return &store->events[(store->event_first + i) % STORE_EVENTS];
}

static inline const struct store_tombstone *
store_tombstone_at(const struct model_store *store, size_t i)
{
	return &store->tombstones[(store->tombstone_first + i) % STORE_TOMBSTONES];
}

#endif
