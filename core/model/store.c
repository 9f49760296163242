// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store's rows: put, merged, removed, found; and the watchers that are told at once. A row that is put
 * again and is equal changes nothing, so rooms may put what they know as often as they like and only what
 * moved travels.
 */
#include "core/model/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- the two lists ----------------------------------------------------------------------------- */

#define LIST_APPEND(list, row, link) \
	do { \
		(row)->link.previous = (list)->last; \
		(row)->link.next = NULL; \
		if ((list)->last != NULL) \
			(list)->last->link.next = (row); \
		else \
			(list)->first = (row); \
		(list)->last = (row); \
	} while (0)

#define LIST_TAKE_OUT(list, row, link) \
	do { \
		if ((row)->link.previous != NULL) \
			(row)->link.previous->link.next = (row)->link.next; \
		else \
			(list)->first = (row)->link.next; \
		if ((row)->link.next != NULL) \
			(row)->link.next->link.previous = (row)->link.previous; \
		else \
			(list)->last = (row)->link.previous; \
	} while (0)

/* --- watchers ---------------------------------------------------------------------------------- */

void
model_store_watch(struct model_store *store, struct model_watch *watch)
{
	if (store->watch_count == store->watch_size) {
		store->watch_size = store->watch_size != 0 ? store->watch_size * 2 : 4;
		store->watches =
		    memory_resize(store->watches, store->watch_size * sizeof(struct model_watch *));
	}
	store->watches[store->watch_count++] = watch;
}

/* Closes the gaps that watchers left which went while they were being told. */
static void
compact_watches(struct model_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->watch_count; i++) {
		if (store->watches[i] != NULL)
			store->watches[kept++] = store->watches[i];
	}
	store->watch_count = kept;
}

void
model_store_unwatch(struct model_store *store, struct model_watch *watch)
{
	for (size_t i = 0; i < store->watch_count; i++) {
		if (store->watches[i] == watch)
			store->watches[i] = NULL;
	}
	if (store->telling == 0)
		compact_watches(store);
}

/* Calls `member` of every watcher that has it. New watchers that appear meanwhile are told of the next
 * change. */
#define TELL(store, member, condition, ...) \
	do { \
		size_t tell_count = (store)->watch_count; \
		(store)->telling++; \
		for (size_t tell_i = 0; tell_i < tell_count; tell_i++) { \
			const struct model_watch *watch = (store)->watches[tell_i]; \
			if (watch != NULL && watch->member != NULL && (condition)) \
				watch->member(watch->context, __VA_ARGS__); \
		} \
		if (--(store)->telling == 0) \
			compact_watches(store); \
	} while (0)

void
store_tell_changed(struct model_store *store, enum model_kind kind, const void *row, uint64_t fields)
{
	TELL(store, changed, true, kind, row, fields);
}

/* --- rows -------------------------------------------------------------------------------------- */

struct model_store *
model_store_new(void)
{
	return memory_zeroed(1, sizeof(struct model_store));
}

void
model_store_set_limit(struct model_store *store, size_t bytes)
{
	store->limit = bytes;
	store->refused = false;
}

bool
model_store_refused(const struct model_store *store)
{
	return store->refused;
}

bool
store_refuses(struct model_store *store, size_t weight)
{
	if (store->limit == 0 || store->weight + weight <= store->limit)
		return false;
	store->refused = true;
	return true;
}

static struct store_row *
find(const struct model_store *store, enum model_kind kind, const char *key)
{
	struct store_row *found = NULL;

	HASH_FIND_STR(store->kinds[kind].by_key, key, found);
	return found;
}

static struct store_row *
find_like(const struct model_store *store, const struct model_kind_info *info, const void *row,
	  char key[STORE_KEY])
{
	return find(store, info->kind, model_row_key(info, row, key, STORE_KEY));
}

/* Makes the row with unset fields and puts it at the end of everything. */
static struct store_row *
insert(struct model_store *store, const struct model_kind_info *info, const char *key)
{
	struct store_rows *rows = &store->kinds[info->kind];
	struct store_row *made = memory_zeroed(1, sizeof(*made) + info->shape->count * sizeof(uint64_t));

	made->kind = info->kind;
	made->key = text_copy(key);
	made->row = model_row_new(info->kind);
	made->created = made->version = ++store->version;
	made->index = rows->count;
	for (size_t i = 0; i < info->shape->count; i++)
		made->field_versions[i] = made->version;
	if (rows->count == rows->size) {
		rows->size = rows->size != 0 ? rows->size * 2 : 8;
		rows->order = memory_resize(rows->order, rows->size * sizeof(struct store_row *));
	}
	rows->order[rows->count++] = made;
	HASH_ADD_KEYPTR(hh, rows->by_key, made->key, strlen(made->key), made);
	LIST_APPEND(&store->by_version, made, by_version);
	LIST_APPEND(&store->by_creation, made, by_creation);
	return made;
}

/* Gives the row and the fields the next version. */
static void
touch(struct model_store *store, struct store_row *row, uint64_t fields)
{
	row->version = ++store->version;
	for (uint64_t left = fields; left != 0; left &= left - 1)
		row->field_versions[__builtin_ctzll(left)] = row->version;
	LIST_TAKE_OUT(&store->by_version, row, by_version);
	LIST_APPEND(&store->by_version, row, by_version);
}

/* Counts the row anew where there is a limit. */
static void
weigh(struct model_store *store, const struct model_shape *shape, struct store_row *row)
{
	store->weight -= row->weight;
	row->weight = 0;
	if (store->limit != 0)
		row->weight = model_row_weight(shape, row->row) + sizeof(*row) + STORE_KEY;
	store->weight += row->weight;
}

uint64_t
model_store_merge(struct model_store *store, enum model_kind kind, const void *row, uint64_t fields)
{
	const struct model_kind_info *info = model_kind_info(kind);
	char key[STORE_KEY];
	struct store_row *present;
	uint64_t changed;

	if (info->storage != MODEL_STORED)
		return 0;
	fields &= model_fields_all(info->shape);
	store->told[kind] |= fields;
	if (store->limit != 0 && store_refuses(store, model_row_weight(info->shape, row)))
		return 0;
	present = find_like(store, info, row, key);
	if (present == NULL) {
		present = insert(store, info, key);
		for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++)
			fields |= UINT64_C(1) << (info->key[i] - info->shape->fields);
		model_row_take_fields(info->shape, present->row, row, fields);
		changed = model_fields_all(info->shape);
	} else {
		changed = model_row_diff(info->shape, present->row, row) & fields;
		if (changed == 0)
			return 0;
		model_row_take_fields(info->shape, present->row, row, changed);
		touch(store, present, changed);
	}
	weigh(store, info->shape, present);
	store_tell_changed(store, kind, present->row, changed);
	return changed;
}

uint64_t
model_store_told(const struct model_store *store, enum model_kind kind)
{
	return store->told[kind] != 0 ? store->told[kind] : model_fields_all(model_kind_info(kind)->shape);
}

void
model_store_forget_told(struct model_store *store)
{
	memset(store->told, 0, sizeof(store->told));
}

uint64_t
model_store_put(struct model_store *store, enum model_kind kind, const void *row)
{
	return model_store_merge(store, kind, row, UINT64_MAX);
}

/* Remembers a removal for readers; takes the key. The oldest is forgotten where there are too many. */
static void
bury(struct model_store *store, enum model_kind kind, char *key)
{
	struct store_tombstone *stone;

	if (store->tombstones == NULL)
		store->tombstones = memory_zeroed(STORE_TOMBSTONES, sizeof(*store->tombstones));
	if (store->tombstone_count == STORE_TOMBSTONES) {
		stone = &store->tombstones[store->tombstone_first];
		store->forgotten = stone->version;
		free(stone->key);
		store->tombstone_first = (store->tombstone_first + 1) % STORE_TOMBSTONES;
		store->tombstone_count--;
	}
	stone = &store->tombstones[(store->tombstone_first + store->tombstone_count++) % STORE_TOMBSTONES];
	*stone = (struct store_tombstone){kind, key, ++store->version};
}

static void
take_out(struct model_store *store, struct store_row *row)
{
	struct store_rows *rows = &store->kinds[row->kind];

	HASH_DELETE(hh, rows->by_key, row);
	LIST_TAKE_OUT(&store->by_version, row, by_version);
	LIST_TAKE_OUT(&store->by_creation, row, by_creation);
	store->weight -= row->weight;
	rows->count--;
	for (size_t i = row->index; i < rows->count; i++) {
		rows->order[i] = rows->order[i + 1];
		rows->order[i]->index = i;
	}
}

bool
model_store_remove(struct model_store *store, enum model_kind kind, const char *key)
{
	struct store_row *row = find(store, kind, key);

	if (row == NULL)
		return false;
	take_out(store, row);
	bury(store, kind, row->key);
	TELL(store, removed, true, kind, row->row);
	model_row_free(kind, row->row);
	free(row);
	return true;
}

const void *
model_store_get(const struct model_store *store, enum model_kind kind, const char *key)
{
	const struct store_row *row;

	if (model_kind_info(kind)->storage == MODEL_LOG) {
		uint64_t sequence;

		if (!text_parse_number(key, UINT64_MAX, &sequence))
			return NULL;
		for (size_t low = 0, high = store->event_count; low < high;) {
			size_t middle = low + (high - low) / 2;
			const struct model_event *event = &store_event_at(store, middle)->event;

			if (event->sequence == sequence)
				return event;
			if (event->sequence < sequence)
				low = middle + 1;
			else
				high = middle;
		}
		return NULL;
	}
	row = find(store, kind, key);
	return row != NULL ? row->row : NULL;
}

size_t
model_store_count(const struct model_store *store, enum model_kind kind)
{
	return model_kind_info(kind)->storage == MODEL_LOG ? store->event_count : store->kinds[kind].count;
}

const void *
model_store_at(const struct model_store *store, enum model_kind kind, size_t i)
{
	if (i >= model_store_count(store, kind))
		return NULL;
	if (model_kind_info(kind)->storage == MODEL_LOG)
		return &store_event_at(store, i)->event;
	return store->kinds[kind].order[i]->row;
}

void
model_store_clear(struct model_store *store)
{
	for (int kind = MODEL_KIND_COUNT - 1; kind >= 0; kind--) {
		struct store_rows *rows = &store->kinds[kind];

		while (rows->count != 0)
			model_store_remove(store, (enum model_kind)kind, rows->order[rows->count - 1]->key);
	}
	model_store_forget_events(store);
}

void
model_store_free(struct model_store *store)
{
	if (store == NULL)
		return;
	store->watch_count = 0;
	model_store_clear(store);
	store_free_events(store);
	for (size_t i = 0; i < MODEL_KIND_COUNT; i++)
		free(store->kinds[i].order);
	for (size_t i = 0; i < store->tombstone_count; i++)
		free(store_tombstone_at(store, i)->key);
	free(store->tombstones);
	free(store->watches);
	free(store);
}

void
model_store_paged_changed(struct model_store *store, enum model_kind kind, const void *row, bool gone)
{
	TELL(store, paged, (watch->paged_kinds >> kind & 1) != 0, kind, row, gone);
}
