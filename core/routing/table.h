// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The prefixes that routing knows: a trie (core/base/trie.h) for each family, whose values number the
 * entries. Exact match, all prefixes that cover one, and a walk in prefix order (ip_prefix_compare) that can
 * be resumed after any prefix, whether it is still there or not. Entries come from a pool, in the order of
 * their coming, and never move: no allocation for each prefix, and what is done with many in that order runs
 * through memory from one end to the other. Used in this room only.
 */
#ifndef TWINSPAN_ROUTING_TABLE_H
#define TWINSPAN_ROUTING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/trie.h"

/* What an entry begins with. */
struct table_node {
	struct ip_prefix prefix;
};

struct table {
	struct trie tries[2]; /* IPv4, IPv6 */
	uint8_t **chunks;     /* of the entries */
	size_t chunk_count, entry_size;
	uint32_t used, free; /* numbers ever given out; the first one given back, 0: none */
	size_t count;
};

/** Entries are `entry_size` bytes and begin with a struct table_node. */
void routing_table_open(struct table *table, size_t entry_size);
void routing_table_close(struct table *table);

/** Host bits of `prefix` must be clear. NULL where it is not there. */
void *table_find(const struct table *table, const struct ip_prefix *prefix);
/** Found, or new and zeroed behind its node. */
void *table_insert(struct table *table, const struct ip_prefix *prefix);
/** Nothing where it is not there; a pointer to its entry must not be used any more. */
void table_remove(struct table *table, const struct ip_prefix *prefix);
/** Calls `visit` for every entry that covers `prefix` (itself included), shortest first, until it returns
 * false. */
void table_cover(const struct table *table, const struct ip_prefix *prefix,
		 bool (*visit)(void *context, void *entry), void *context);

struct table_walk {
	const struct table *table;
	struct trie_cursor cursor;
	unsigned family; /* index of the trie that it is in */
};

/** Starts after `after` (NULL: from the first). The table must not change between two calls of table_next. */
void table_walk_start(struct table_walk *walk, const struct table *table, const struct ip_prefix *after);
/** NULL at the end. */
void *table_next(struct table_walk *walk);
/** The same backwards, from before `before` (NULL: from the last); then on with table_previous only. */
void table_walk_start_back(struct table_walk *walk, const struct table *table,
			   const struct ip_prefix *before);
void *table_previous(struct table_walk *walk);

#endif
