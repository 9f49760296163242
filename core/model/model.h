// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model: rows of the kinds that schema.h names, and the store that holds them. Facts go up: rooms put
 * rows into the store; the store works out which fields changed and gives each change a version; readers (the
 * control server, a console) ask for all that changed since the version they have. So a slow reader costs
 * nothing: it skips what was overtaken. The same store, filled from the wire, is the console's copy.
 *
 * Everything here belongs to one thread (the loop's).
 */
#ifndef TWINSPAN_MODEL_MODEL_H
#define TWINSPAN_MODEL_MODEL_H

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/schema.h"

#define MODEL_UINT_UNSET UINT64_MAX

/** Text by name, in the order of insertion. */
struct model_map {
	struct text_list names, values;
};

enum model_type {
	MODEL_STR,
	MODEL_UINT,
	MODEL_REAL,
	MODEL_BOOL,
	MODEL_TIME,
	MODEL_LIST,
	MODEL_MAP,
	MODEL_SUB
};

typedef char *model_c_STR;
typedef uint64_t model_c_UINT;
typedef double model_c_REAL;
typedef bool model_c_BOOL;
typedef usec_t model_c_TIME;
typedef struct text_list model_c_LIST;
typedef struct model_map model_c_MAP;

/* The structs: `struct model_tunnel` and so on. `set` says of a nested object whether it is there. */
#define MODEL_MEMBER(TYPE, field, unit, title, help) model_c_##TYPE field;
#define MODEL_MEMBER_SUB(shape, field, title, help) struct model_##shape field;
#define MODEL_STRUCT(shape, MACRO, ...) \
	struct model_##shape { \
		bool set; \
		MACRO(MODEL_MEMBER, MODEL_MEMBER_SUB) \
	};
MODEL_SHAPES(MODEL_STRUCT)
MODEL_KINDS(MODEL_STRUCT)

/* The kinds: MODEL_KIND_TUNNEL and so on. */
#define MODEL_ENUM(shape, MACRO, CONSTANT, ...) MODEL_KIND_##CONSTANT,
enum model_kind { MODEL_KINDS(MODEL_ENUM) MODEL_KIND_COUNT };

enum model_storage { MODEL_STORED, MODEL_PAGED, MODEL_LOG };

struct model_shape {
	const char *name;
	size_t size;
	const struct model_field *fields;
	size_t count; /* at most 64, so that a set of fields is one uint64_t */
};

struct model_field {
	const char *name, *unit, *title, *help;
	enum model_type type;
	size_t offset;                 /* in the struct */
	const struct model_shape *sub; /* for MODEL_SUB */
};

struct model_kind_info {
	enum model_kind kind;
	const char *plural; /* the word of the command line and the wire */
	enum model_storage storage;
	const struct model_shape *shape;
	const struct model_field *key[5]; /* NULL-terminated unless five */
};

/** Where a group of fields begins: schema.h's MODEL_GROUPS. */
struct model_group {
	const char *title;
	int rank; /* the lower, the sooner it is read */
};
/** The group that begins at that field of a kind's own shape; NULL where none does. */
const struct model_group *model_group_at(const struct model_shape *shape, const struct model_field *field);

/** It is left out of a whole row where it is unset: schema.h's MODEL_SELDOM. */
bool model_field_seldom(const struct model_shape *shape, const struct model_field *field);

/** Never NULL for a valid kind. */
const struct model_kind_info *model_kind_info(enum model_kind kind);
/** By plural or singular name; NULL for an unknown one. */
const struct model_kind_info *model_kind_find(const char *name);
/** Index of a field by name, or -1. */
int model_field_find(const struct model_shape *shape, const char *name);
/**
 * A field by its path ("state", "last_error.text"): a copy whose offset counts from the row. The members of a
 * nested object that is not there are unset. False where there is none.
 */
bool model_field_path(const struct model_shape *shape, const char *path, struct model_field *out);
/** One of schema.h's units; false for any other word. `*figure`: what it counts changes while nothing
 * happens. */
bool model_unit_find(const char *unit, bool *figure);
/** The set of all fields of a shape. */
uint64_t model_fields_all(const struct model_shape *shape);
/**
 * The fields that change while nothing happens, by their units: rates, counters, times of round trips. Who
 * looks at many gateways at once can do without each of their changes.
 */
uint64_t model_fields_figures(const struct model_shape *shape);

/* --- rows: pointers to the structs above, handled by their shape ------------------------------- */

/** Makes all fields unset. `row` is uninitialised memory of shape->size. */
void model_row_init(const struct model_shape *shape, void *row);
/** Frees what the fields own and makes them unset again. */
void model_row_clear(const struct model_shape *shape, void *row);
/** A deep copy into uninitialised memory. */
void model_row_copy(const struct model_shape *shape, void *to, const void *from);
/** The set of fields (bit i = fields[i]) in which two rows differ. */
uint64_t model_row_diff(const struct model_shape *shape, const void *a, const void *b);
/** New rows on the heap, set or copied. Free with model_row_free. */
void *model_row_new(enum model_kind kind);
/** NULL is fine. */
void model_row_free(enum model_kind kind, void *row);

/** Replace an owned string; `text` is copied, may be NULL. */
void model_set(char **field, const char *text);
void model_set_format(char **field, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Adds a pair to the end; both are copied. */
void model_map_add(struct model_map *map, const char *name, const char *value);

/**
 * The row's key: its key fields as model_field_text() has them, joined by a space, "-" for one that is unset
 * (a seldom one is left out then).
 * `out` is cut at `size`; 128 is plenty. Returns `out`.
 */
const char *model_row_key(const struct model_kind_info *info, const void *row, char *out, size_t size);

/** For json_dumps and its like: one line, numbers without the noise of binary fractions. */
#define MODEL_JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(12))

/** JSON object of the fields in `fields` (UINT64_MAX: all). Returns new. Unset is null. */
json_t *model_row_to_json(const struct model_shape *shape, const void *row, uint64_t fields);
/**
 * Writes the fields that `object` names into `row` (which must be initialised); others stay, unknown names
 * are ignored, wrong types are an error (after which the row is still whole, but partly written). `seen` (may
 * be NULL) gets the set of fields that were named. Text is cleaned of control bytes, sizes are bounded.
 */
bool model_row_from_json(const struct model_shape *shape, void *row, const json_t *object, uint64_t *seen,
			 struct error *err);

/** Appends the text of what model_row_to_json gives, without building it. False where memory is out:
 * something may have been written. */
bool model_row_append_json(struct buffer *out, const struct model_shape *shape, const void *row,
			   uint64_t fields);
/**
 * Reads into `row` (initialised) the object that begins at `at`, if it is as model_row_append_json writes it
 * and plain: fields in the schema's order, ASCII, no escapes. Returns the place behind it, or NULL where it
 * is of another form, right or wrong, which only model_row_from_json tells; the row is whole then, but partly
 * written. `seen` (may be NULL) gets the set of fields that were named.
 */
const char *model_row_read_plain(const struct model_shape *shape, void *row, const char *at, const char *end,
				 uint64_t *seen);

/* --- the store --------------------------------------------------------------------------------- */

struct model_store;

/** A provider of a PAGED kind: the room that has the rows (BGP, routing) hands them out page by page. */
struct model_query {
	const char
	    *filter; /* "field:value" words and free text, as the console's "/" takes them; may be NULL */
	const char *after; /* key of the last row that was got; NULL from the start */
	size_t limit;      /* rows at most */
	/** Called for each row; the row is borrowed. Returns false to stop. */
	bool (*row)(void *context, const void *row);
	void *context;
	bool backwards;  /* the rows before `after` (NULL: the last ones), the nearest first */
	usec_t until;    /* monotonic; a provider of many rows stops at this time; 0: none */
	char *reached;   /* MODEL_REACHED bytes: where it did, the key to go on after; else left as it is */
	uint64_t *total; /* set to about how many rows the kind has, where the provider knows; may be NULL */
	/**
	 * So many rows that match are passed over before the first one that is given; counted down on the
	 * way, so that a query that ran out of time goes on. NULL, or left as it is by a provider that can't.
	 */
	uint64_t *skip;
};
#define MODEL_REACHED 512
/** Hands out rows in key order. Returns true when there are no more rows beyond the last one given. */
typedef bool (*model_provider)(void *context, const struct model_query *query);

/** What a watcher is told, at once, in the same call that changed the store. All may be NULL. */
struct model_watch {
	/**
	 * A stored row is new or changed (`fields`: which; all for a new one), a LOG row was added. A watcher
	 * may change other rows and come and go itself, but must not remove the row that it is being told of.
	 */
	void (*changed)(void *context, enum model_kind kind, const void *row, uint64_t fields);
	/** A stored row went; `row` is its last state. */
	void (*removed)(void *context, enum model_kind kind, const void *row);
	/** A row of a PAGED kind is new or changed (gone == false) or went. Only sent for kinds in `paged`.
	 */
	void (*paged)(void *context, enum model_kind kind, const void *row, bool gone);
	uint64_t paged_kinds; /* bit per kind whose single changes are wanted */
	void *context;
};

/** An empty one. Returns new. */
struct model_store *model_store_new(void);
/** NULL is fine. Watchers are told nothing any more. */
void model_store_free(struct model_store *store);

/** Puts a row (STORED kinds): copied. What is equal to the present row changes nothing. Returns the changed
 * fields. */
uint64_t model_store_put(struct model_store *store, enum model_kind kind, const void *row);
/** Merges only the fields in `fields` into the row of the same key (made when missing). */
uint64_t model_store_merge(struct model_store *store, enum model_kind kind, const void *row, uint64_t fields);
/** False where there was none. `key` as model_row_key writes it. */
bool model_store_remove(struct model_store *store, enum model_kind kind, const char *key);
/** Borrowed until the next change of that row; NULL where there is none. */
const void *model_store_get(const struct model_store *store, enum model_kind kind, const char *key);
size_t model_store_count(const struct model_store *store, enum model_kind kind);
/** Rows in the order in which they were first put; i < model_store_count(). Borrowed. */
const void *model_store_at(const struct model_store *store, enum model_kind kind, size_t i);
/** Empties the store; watchers are told of each row (not of each event). */
void model_store_clear(struct model_store *store);

/** Appends an event: copied; `sequence` and, where unset, `at` are filled in. The ring keeps the last 10,000.
 */
uint64_t model_store_event(struct model_store *store, const struct model_event *event);
/** For a copy filled from the wire: keeps the sequence that the event has; a repeated or older one is
 * ignored. */
void model_store_event_mirror(struct model_store *store, const struct model_event *event);
/**
 * For a copy of another version's: the fields of a STORED kind that it has named so far, in whatever row; all
 * of them where it has named none. One that it does not name is not unset, it is not known.
 */
uint64_t model_store_told(const struct model_store *store, enum model_kind kind);
/** Another one fills the copy from now on. */
void model_store_forget_told(struct model_store *store);
/**
 * For a copy of something foreign: what would make rows and events take more than about `bytes` of memory is
 * refused (a put returns 0). 0, as at the start: no limit.
 */
void model_store_set_limit(struct model_store *store, size_t bytes);
/** True when something was refused since the limit was set. */
bool model_store_refused(const struct model_store *store);

/** For a copy whose original began anew (its sequences too): drops the events. */
void model_store_forget_events(struct model_store *store);
/** Convenience: severity, kind, subject and text. */
void model_store_log(struct model_store *store, const char *severity, const char *kind, const char *subject,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));

/** PAGED kinds; for LOG it hands out, backwards, what is older than the ring. */
void model_store_set_provider(struct model_store *store, enum model_kind kind, model_provider provider,
			      void *context);
/** The provider goes backwards itself. For the others the store goes through all of their rows. */
void model_store_provider_goes_back(struct model_store *store, enum model_kind kind);
/**
 * False where a PAGED kind has no provider. STORED and LOG kinds can be asked too: the store hands them out
 * itself, in key order (LOG: by sequence). A filter that can't be parsed matches nothing. `complete` may be
 * NULL.
 */
bool model_store_query(const struct model_store *store, enum model_kind kind, const struct model_query *query,
		       bool *complete);
/** True where somebody watches single changes of that kind: only then is building rows worth the work. */
bool model_store_paged_watched(const struct model_store *store, enum model_kind kind);
/**
 * `changed` is called when a watcher came, went, or (model_store_interest_changed) wants other kinds: a
 * provider whose source can be silent asks model_store_paged_watched then.
 */
void model_store_on_interest(struct model_store *store, void (*changed)(void *context), void *context);
/** For a watcher that has changed its paged_kinds in place. */
void model_store_interest_changed(struct model_store *store);
/** A provider tells of one changed row (borrowed). */
void model_store_paged_changed(struct model_store *store, enum model_kind kind, const void *row, bool gone);

/** `watch` is borrowed until it is removed; may be changed in place. */
void model_store_watch(struct model_store *store, struct model_watch *watch);
void model_store_unwatch(struct model_store *store, struct model_watch *watch);

/** The version of the last change; it rises by one with each. */
uint64_t model_store_version(const struct model_store *store);
struct model_change {
	enum model_kind kind;
	const char *key; /* "" for events */
	const void *row; /* NULL: removed */
	uint64_t fields;
	uint64_t version;
};
/**
 * Walks all that changed after `since`, oldest change first: stored rows with the fields changed after
 * `since` (all fields for a row that is new since), removed rows (row == NULL, `key` given), events. Returns
 * the version that the reader then has, or `since` where `visit` returned false: such a reader has to take it
 * all again; one that wants to stop and go on uses model_store_follow. Removals are remembered for a bounded
 * time: where `since` is older than that, `*restart` (may be NULL) is set and nothing is visited: the reader
 * begins anew from 0.
 */
uint64_t model_store_changes(const struct model_store *store, uint64_t since, bool *restart,
			     bool (*visit)(void *context, const struct model_change *change), void *context);

/** Where a reader is that takes changes piece by piece. Zero-initialise for a new one; the members are the
 * store's. */
struct model_cursor {
	bool started, whole;
	uint64_t created, base, reached;
};
/**
 * Goes on from the cursor: for a new one all stored rows in the order in which they were put, then (and
 * later) what changed since, oldest change first, as model_store_changes. Events count from the first call
 * on; older ones are found by model_store_at. `visit` has taken the change when it returns; with false the
 * walk stops there and the next call goes on behind it. However long a reader takes and whatever changes
 * meanwhile, it ends with a true copy. Returns true when the reader has everything. `*restart` is set, and
 * the cursor made new, where removals that the reader needed are forgotten: it has to drop rows that the next
 * whole walk does not name.
 */
bool model_store_follow(const struct model_store *store, struct model_cursor *cursor, bool *restart,
			bool (*visit)(void *context, const struct model_change *change), void *context);

/**
 * The filter language of the console and of queries: words that must all match. "text" is found in any field,
 * "field:value" in that one ("last_error.code:x" in a nested one), "field=value" equals, "!word" must not
 * match, "in:10.0.0.0/8" a prefix or address field within it, "has:10.1.2.3" a prefix that contains it.
 * "rtt_ms:>20" (or <, <=, >=; the colon may be left out) compares numbers, "rx_bps:>1M" with a factor,
 * "established_at:<2h" times by how long ago they were. "~text" is a regular expression on any field,
 * "field~text" on that one: an extended one without counts and back-references (core/model/pattern.h). Upper
 * and lower case are the same; "double quotes" keep spaces together and make a word plain text. `text` may be
 * NULL or empty: all rows match. An unknown field name, a bad prefix, number or expression is an error.
 * Parsed once, matched often without allocation.
 */
struct model_filter;
/** Returns new; NULL with an error. */
struct model_filter *model_filter_parse(const char *text, struct error *err);
/** Does the row, of that shape, match all words? */
bool model_filter_match(const struct model_filter *filter, const struct model_shape *shape, const void *row);
void model_filter_free(struct model_filter *filter);
/** True where `after` is sure to match no row that `before` didn't, as when a letter was typed at the end of
 * a word.
 */
bool model_filter_narrows(const struct model_filter *before, const struct model_filter *after);
/** The address or prefix that every matching row's prefix has to contain ("has:"); false where it says none.
 */
bool model_filter_contains(const struct model_filter *filter, struct ip_prefix *out);
/** The value that a field of every matching row has to have ("name=plant/1"), in any case; NULL where it says
 * none. Lives as long as the filter. */
const char *model_filter_equals(const struct model_filter *filter, const char *field);
/** Any field as text for people, without unit: "12", "up", "65010 64512", "" where unset. Returns `out`. */
const char *model_field_text(const struct model_field *field, const void *row, char *out, size_t size);

#endif
