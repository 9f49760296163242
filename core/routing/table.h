// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The prefixes that routing knows, in a path-compressed binary trie (one for each family): exact and longest
 * match, all prefixes that cover one, and a walk in prefix order (ip_prefix_compare) that can be resumed
 * after any prefix, whether it is still there or not. Nodes come from pools: no allocation for each prefix
 * once a pool is warm. Used in this room only.
 */
#ifndef TWINSPAN_ROUTING_TABLE_H
#define TWINSPAN_ROUTING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"

struct table_node {
	struct table_node *child[2];
	struct ip_prefix prefix;
	bool entry; /* false: only a fork */
};

struct table_pool {
	void *free; /* list through the first word */
	void **chunks;
	size_t chunk_count, size;
};

struct table {
	struct table_node *root[2]; /* IPv4, IPv6 */
	struct table_pool entries, forks;
	size_t count;
};

/** Entries are `entry_size` bytes and begin with a struct table_node. */
void routing_table_open(struct table *table, size_t entry_size);
void routing_table_close(struct table *table);

/** Host bits of `prefix` must be clear. NULL where it is not there. */
void *table_find(const struct table *table, const struct ip_prefix *prefix);
/** Found, or new and zeroed behind its node. */
void *table_insert(struct table *table, const struct ip_prefix *prefix);
void table_remove(struct table *table, const struct ip_prefix *prefix);
/** Calls `visit` for every entry that covers `prefix` (itself included), shortest first, until it returns
 * false. */
void table_cover(const struct table *table, const struct ip_prefix *prefix,
		 bool (*visit)(void *context, void *entry), void *context);

struct table_walk {
	const struct table *table;
	struct table_node *stack[264]; /* two a bit of the longest address, and its roots */
	bool below[264];               /* backwards: what lies below that node was gone through */
	unsigned depth, family;        /* family: which root comes next; backwards: how many are left */
};

/** Starts after `after` (NULL: from the first). The table must not change between two calls of table_next. */
void table_walk_start(struct table_walk *walk, const struct table *table, const struct ip_prefix *after);
void *table_next(struct table_walk *walk);
/** The same backwards, from before `before` (NULL: from the last); then on with table_previous only. */
void table_walk_start_back(struct table_walk *walk, const struct table *table,
			   const struct ip_prefix *before);
void *table_previous(struct table_walk *walk);

#endif
