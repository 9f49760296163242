// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A map from prefixes to 32-bit numbers, in prefix order (address, then length), for either family.
 *
 * A node stands for one byte of the address and holds a sorted list of 16-bit keys with their values:
 * `byte << 4 | bits` for a prefix that ends in this byte after 1-8 bits, `byte << 4 | 15` for the node of the
 * next byte. The order of the keys is the order of the walk, so nothing else is kept for it. A lookup of a
 * /24 reads three nodes; a full node costs six bytes a prefix. Lists grow by doubling out of one arena, with
 * a free list per size; all links are indices.
 */
#ifndef TWINSPAN_BASE_TRIE_H
#define TWINSPAN_BASE_TRIE_H

#include "core/base/vector.h"

#define TRIE_LEVELS 16
#define TRIE_SIZES 10 /* lists of 2 to 1024 items */

struct trie {
	struct vector nodes, blocks;
	uint32_t node_count, block_units; /* used of each arena */
	uint32_t free_node, free_block[TRIE_SIZES];
	size_t count;
};

struct trie_cursor {
	unsigned depth; /* nodes on the stack; 0: at the end */
	struct {
		uint32_t node, at;
	} stack[TRIE_LEVELS];
};

void trie_init(struct trie *trie);
void trie_free(struct trie *trie);
/** The value of a prefix, 0 where it is not there. Bits of `address` beyond `length` must be zero, here and
 * below. */
uint32_t trie_get(const struct trie *trie, const uint8_t *address, unsigned length);
/** Where the value of the prefix stands, made (as 0) where it is new; set it to something else before the
 * next call. */
uint32_t *trie_put(struct trie *trie, const uint8_t *address, unsigned length);
/** False where it is not there. */
bool trie_remove(struct trie *trie, const uint8_t *address, unsigned length);
/** To the first prefix after (`address`, `length`), or to the very first where address is NULL. */
void trie_seek(const struct trie *trie, struct trie_cursor *cursor, const uint8_t *address, unsigned length);
/** The value there, and on to the next; 0 at the end. The trie must not have changed since the seek. */
uint32_t trie_next(const struct trie *trie, struct trie_cursor *cursor);
/** The same backwards: to the last prefix before (`address`, `length`), or to the very last where address is
 * NULL; then on with trie_previous only. */
void trie_seek_back(const struct trie *trie, struct trie_cursor *cursor, const uint8_t *address,
		    unsigned length);
uint32_t trie_previous(const struct trie *trie, struct trie_cursor *cursor);

#endif
