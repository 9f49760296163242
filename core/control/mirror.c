// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's copy of the model, kept true by what the gateway says. Rows stay when a connection is lost;
 * the next one walks the whole model again, and only when that walk is whole do the rows go that it did not
 * name: nothing vanishes from a screen and comes back. What was not asked for, is of a wrong type or is too
 * much is an error.
 */
#include "core/control/client_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define MOST_KEY 512

struct mirror_seen {
	UT_hash_handle hh;
	char name[]; /* kind, then key */
};

void
control_mirror_init(struct mirror *mirror, uint64_t kinds, uint64_t paged_kinds)
{
	*mirror = (struct mirror){.store = model_store_new(), .kinds = kinds, .paged_kinds = paged_kinds};
	mirror->bytes = MIRROR_BYTES;
	model_store_set_limit(mirror->store, mirror->bytes);
}

void
control_mirror_is_far(struct mirror *mirror)
{
	mirror->bytes = MIRROR_FAR_BYTES;
	mirror->rows = MIRROR_FAR_ROWS;
	model_store_set_limit(mirror->store, mirror->bytes);
}

static void
forget_seen(struct mirror *mirror)
{
	struct mirror_seen *seen, *next;

	HASH_ITER (hh, mirror->seen, seen, next) {
		HASH_DEL(mirror->seen, seen);
		free(seen);
	}
}

void
control_mirror_free(struct mirror *mirror)
{
	forget_seen(mirror);
	model_store_free(mirror->store);
}

void
control_mirror_begin(struct mirror *mirror, bool other_run)
{
	forget_seen(mirror);
	mirror->live = false;
	model_store_set_limit(mirror->store, mirror->bytes);
	mirror->exceeded = false;
	model_store_forget_told(mirror->store);
	if (other_run)
		model_store_forget_events(mirror->store);
}

/* The name of a row in the set of seen ones. */
static void
seen_name(const struct model_kind_info *info, const void *row, char out[MOST_KEY + 1])
{
	out[0] = (char)('A' + info->kind);
	model_row_key(info, row, out + 1, MOST_KEY);
}

static bool
was_seen(const struct mirror *mirror, const struct model_kind_info *info, const void *row)
{
	char name[MOST_KEY + 1];
	struct mirror_seen *found;

	seen_name(info, row, name);
	HASH_FIND_STR(mirror->seen, name, found);
	return found != NULL;
}

static void
mark_seen(struct mirror *mirror, const struct model_kind_info *info, const void *row)
{
	char name[MOST_KEY + 1];
	struct mirror_seen *seen;
	size_t length;

	if (mirror->live || was_seen(mirror, info, row))
		return;
	seen_name(info, row, name);
	length = strlen(name);
	seen = memory_zeroed(1, sizeof(*seen) + length + 1);
	memcpy(seen->name, name, length + 1);
	HASH_ADD_STR(mirror->seen, name, seen);
}

/* A row that is gone: else the set would grow with all that come and go while a walk is under way. */
static void
unmark_seen(struct mirror *mirror, const struct model_kind_info *info, const char *key)
{
	char name[MOST_KEY + 1];
	struct mirror_seen *seen;

	snprintf(name, sizeof(name), "%c%s", (char)('A' + info->kind), key);
	HASH_FIND_STR(mirror->seen, name, seen);
	if (seen == NULL)
		return;
	HASH_DEL(mirror->seen, seen);
	free(seen);
}

/* The walk is whole: rows that it did not name are gone. */
static void
drop_unseen(struct mirror *mirror)
{
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		const struct model_kind_info *info = model_kind_info((enum model_kind)kind);

		if (info->storage != MODEL_STORED || (mirror->kinds >> kind & 1) == 0)
			continue;
		for (size_t i = model_store_count(mirror->store, info->kind); i-- > 0;) {
			const void *row = model_store_at(mirror->store, info->kind, i);
			char key[MOST_KEY];

			if (!was_seen(mirror, info, row))
				model_store_remove(mirror->store, info->kind,
						   model_row_key(info, row, key, sizeof(key)));
		}
	}
	forget_seen(mirror);
}

static bool
not_asked(struct error *err)
{
	return error_set(err, "the gateway sends rows that were not asked for");
}

/* The kind that `value` names, if it is one of those asked for and of that storage; else NULL with `err`. */
static const struct model_kind_info *
asked_kind(uint64_t asked, const json_t *value, enum model_storage storage, struct error *err)
{
	const char *name = json_string_value(value);
	const struct model_kind_info *info = name != NULL ? model_kind_find(name) : NULL;

	if (info == NULL || info->storage != storage || (asked >> info->kind & 1) == 0) {
		not_asked(err);
		return NULL;
	}
	return info;
}

static bool
has_key(const struct mirror_row *row)
{
	const struct model_kind_info *info = row->info;

	for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++) {
		if ((row->fields >> (info->key[i] - info->shape->fields) & 1) == 0)
			return false;
	}
	return true;
}

/* More went by than one is sent who comes back, or who is slow: what is from before the hole is left to the
 * gateway's journal, so that the events here are without one. */
static void
keep_event(struct mirror *mirror, const struct model_event *event)
{
	size_t count = model_store_count(mirror->store, MODEL_KIND_EVENT);
	const struct model_event *last =
	    count > 0 ? model_store_at(mirror->store, MODEL_KIND_EVENT, count - 1) : NULL;

	if (last != NULL && event->sequence != MODEL_UINT_UNSET && event->sequence > last->sequence + 1)
		model_store_forget_events(mirror->store);
	model_store_event_mirror(mirror->store, event);
}

static bool
put(struct mirror *mirror, const struct mirror_row *row, struct error *err)
{
	if ((mirror->kinds >> row->info->kind & 1) == 0)
		return not_asked(err);
	if (row->info->storage == MODEL_LOG) {
		keep_event(mirror, row->row);
	} else if (has_key(row)) {
		mark_seen(mirror, row->info, row->row);
		model_store_merge(mirror->store, row->info->kind, row->row, row->fields);
	} else {
		return error_set(err, "the gateway sends a row without its key");
	}
	mirror->exceeded =
	    model_store_refused(mirror->store) ||
	    (mirror->rows != 0 && model_store_count(mirror->store, row->info->kind) > mirror->rows);
	if (mirror->exceeded)
		return error_set(err, "the gateway sends more than this program holds");
	return true;
}

bool
control_mirror_put(struct mirror *mirror, struct mirror_row *row, struct error *err)
{
	bool good = put(mirror, row, err);

	model_row_free(row->info->kind, row->row);
	return good;
}

static bool
take_row(struct mirror *mirror, const struct model_kind_info *info, const json_t *json, struct error *err)
{
	struct mirror_row row = {.info = info, .row = model_row_new(info->kind)};

	if (model_row_from_json(info->shape, row.row, json, &row.fields, err))
		return control_mirror_put(mirror, &row, err);
	model_row_free(info->kind, row.row);
	return error_prefix(err, BAD_ROW);
}

static bool
take_put(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	const struct model_kind_info *info = asked_kind(mirror->kinds, value, MODEL_STORED, err);

	return info != NULL && take_row(mirror, info, json_object_get(message, "row"), err);
}

static bool
take_gone(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	const struct model_kind_info *info = asked_kind(mirror->kinds, value, MODEL_STORED, err);
	const char *key = json_string_value(json_object_get(message, "key"));

	if (info == NULL)
		return false;
	if (key == NULL)
		return error_set(err, "the gateway removes a row without its key");
	unmark_seen(mirror, info, key);
	model_store_remove(mirror->store, info->kind, key);
	return true;
}

static bool
take_event(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	return take_row(mirror, model_kind_info(MODEL_KIND_EVENT), value, err);
}

static bool
take_changed(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	const struct model_kind_info *info = asked_kind(mirror->paged_kinds, value, MODEL_PAGED, err);
	bool good;
	void *row;

	if (info == NULL)
		return false;
	row = model_row_new(info->kind);
	good = model_row_from_json(info->shape, row, json_object_get(message, "row"), NULL, err);
	if (good)
		model_store_paged_changed(mirror->store, info->kind, row,
					  json_is_true(json_object_get(message, "gone")));
	model_row_free(info->kind, row);
	return good || error_prefix(err, BAD_ROW);
}

static bool
take_begin(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	forget_seen(mirror);
	mirror->live = false;
	return true;
}

static bool
take_live(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	if (!mirror->live)
		drop_unseen(mirror);
	mirror->live = true;
	return true;
}

static bool
take_missed(struct mirror *mirror, const json_t *value, const json_t *message, struct error *err)
{
	if (json_is_integer(value) && json_integer_value(value) > 0)
		mirror->missed = (uint64_t)json_integer_value(value);
	return true;
}

bool
control_mirror_take(struct mirror *mirror, const json_t *message, bool *known, struct error *err)
{
	static const struct {
		const char *name;
		bool (*take)(struct mirror *mirror, const json_t *value, const json_t *message,
			     struct error *err);
	} messages[] = {{"put", take_put},         {"gone", take_gone},   {"event", take_event},
			{"changed", take_changed}, {"begin", take_begin}, {"live", take_live},
			{"missed", take_missed}};

	mirror->missed = 0;
	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		const json_t *value = json_object_get(message, messages[i].name);

		/* "gone" is also a member of "changed" */
		if (value == NULL ||
		    (messages[i].take == take_gone && json_object_get(message, "changed") != NULL))
			continue;
		*known = true;
		return messages[i].take(mirror, value, message, err);
	}
	*known = false;
	return true;
}

/* What the line puts, by its beginning: '{"put":"tunnels","row":' or '{"event":'; NULL where it is another
 * one. */
static const struct model_kind_info *
read_beginning(const char **at, const char *end)
{
	if (control_skip(at, end, "{\"event\":"))
		return model_kind_info(MODEL_KIND_EVENT);
	if (!control_skip(at, end, "{\"put\":\""))
		return NULL;
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		const struct model_kind_info *info = model_kind_info((enum model_kind)kind);
		const char *behind = *at;

		if (info->storage == MODEL_STORED && control_skip(&behind, end, info->plural) &&
		    control_skip(&behind, end, "\",\"row\":")) {
			*at = behind;
			return info;
		}
	}
	return NULL;
}

bool
control_mirror_read(const char *line, size_t length, struct mirror_row *out)
{
	const char *at = line, *end = line + length;

	out->info = read_beginning(&at, end);
	if (out->info == NULL)
		return false;
	out->row = model_row_new(out->info->kind);
	at = model_row_read_plain(out->info->shape, out->row, at, end, &out->fields);
	if (at != NULL && at + 1 == end && *at == '}')
		return true;
	model_row_free(out->info->kind, out->row);
	return false;
}
