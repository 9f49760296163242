// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The trie of prefixes; see table.h. A node stands for a prefix; its children continue it with a 0 or a 1 and
 * skip the bits in which all that lies below agrees. A node without an entry is a fork and always has two
 * children, so there is never more than one fork for each entry. Order: a node before its children, 0 before
 * 1, which is ip_prefix_compare.
 */
#include "core/routing/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define CHUNK 512

static void *
pool_take(struct table_pool *pool)
{
	void *item;

	if (pool->free == NULL) {
		uint8_t *chunk = memory_zeroed(CHUNK, pool->size);

		pool->chunks = memory_resize(pool->chunks, (pool->chunk_count + 1) * sizeof(*pool->chunks));
		pool->chunks[pool->chunk_count++] = chunk;
		for (size_t i = CHUNK; i-- > 0;) {
			*(void **)(void *)(chunk + i * pool->size) = pool->free;
			pool->free = chunk + i * pool->size;
		}
	}
	item = pool->free;
	pool->free = *(void **)item;
	memset(item, 0, pool->size);
	return item;
}

static void
pool_give(struct table_pool *pool, void *item)
{
	*(void **)item = pool->free;
	pool->free = item;
}

static void
pool_close(struct table_pool *pool)
{
	for (size_t i = 0; i < pool->chunk_count; i++)
		free(pool->chunks[i]);
	free(pool->chunks);
	*pool = (struct table_pool){0};
}

void
routing_table_open(struct table *table, size_t entry_size)
{
	*table = (struct table){.entries.size = (entry_size + 7) & ~(size_t)7,
				.forks.size = (sizeof(struct table_node) + 7) & ~(size_t)7};
}

void
routing_table_close(struct table *table)
{
	pool_close(&table->entries);
	pool_close(&table->forks);
	*table = (struct table){0};
}

static unsigned
bit_at(const struct ip_prefix *prefix, unsigned at)
{
	return prefix->address.bytes[at / 8] >> (7 - at % 8) & 1;
}

/* Leading bits in which both agree, at most the shorter length. */
static unsigned
bits_common(const struct ip_prefix *a, const struct ip_prefix *b)
{
	unsigned most = a->length < b->length ? a->length : b->length, bits = 0;

	while (bits < most) {
		uint8_t differ = a->address.bytes[bits / 8] ^ b->address.bytes[bits / 8];

		if (differ != 0) {
			bits += (unsigned)__builtin_clz(differ) - 24;
			break;
		}
		bits += 8;
	}
	return bits < most ? bits : most;
}

static struct table_node *const *
root_of(const struct table *table, const struct ip_prefix *prefix)
{
	return &table->root[prefix->address.family == AF_INET6];
}

void *
table_find(const struct table *table, const struct ip_prefix *prefix)
{
	struct table_node *node = *root_of(table, prefix);

	while (node != NULL && node->prefix.length <= prefix->length) {
		if (bits_common(&node->prefix, prefix) < node->prefix.length)
			return NULL;
		if (node->prefix.length == prefix->length)
			return node->entry ? node : NULL;
		node = node->child[bit_at(prefix, node->prefix.length)];
	}
	return NULL;
}

static struct table_node *
entry_new(struct table *table, const struct ip_prefix *prefix)
{
	struct table_node *node = pool_take(&table->entries);

	node->prefix = *prefix;
	node->entry = true;
	table->count++;
	return node;
}

/* The place between `at` and what is there now, for a fork or an entry of `length` bits. */
static struct table_node *
fork_at(struct table *table, struct table_node **at, const struct ip_prefix *prefix, unsigned length)
{
	struct table_node *fork = pool_take(&table->forks), *below = *at;

	fork->prefix = *prefix;
	fork->prefix.length = (uint8_t)length;
	fork->prefix = ip_prefix_network(&fork->prefix);
	fork->child[bit_at(&below->prefix, length)] = below;
	*at = fork;
	return fork;
}

void *
table_insert(struct table *table, const struct ip_prefix *prefix)
{
	struct table_node **at = &table->root[prefix->address.family == AF_INET6], *node, *made;

	while ((node = *at) != NULL) {
		unsigned common = bits_common(&node->prefix, prefix);

		if (common < node->prefix.length) {
			made = entry_new(table, prefix);
			if (common == prefix->length) { /* above the node */
				made->child[bit_at(&node->prefix, common)] = node;
				*at = made;
			} else {
				fork_at(table, at, prefix, common)->child[bit_at(prefix, common)] = made;
			}
			return made;
		}
		if (node->prefix.length == prefix->length) {
			if (node->entry)
				return node;
			made = entry_new(table, prefix);
			memcpy(made->child, node->child, sizeof(made->child));
			pool_give(&table->forks, node);
			*at = made;
			return made;
		}
		at = &node->child[bit_at(prefix, node->prefix.length)];
	}
	return *at = entry_new(table, prefix);
}

/* A fork that has lost a child gives way to the other one. */
static void
fork_close(struct table *table, struct table_node **at)
{
	struct table_node *fork = *at;

	if (fork == NULL || fork->entry || (fork->child[0] != NULL && fork->child[1] != NULL))
		return;
	*at = fork->child[fork->child[0] == NULL];
	pool_give(&table->forks, fork);
}

void
table_remove(struct table *table, const struct ip_prefix *prefix)
{
	struct table_node **at = &table->root[prefix->address.family == AF_INET6], **above = NULL, *node;

	while ((node = *at) != NULL && node->prefix.length < prefix->length) {
		above = at;
		at = &node->child[bit_at(prefix, node->prefix.length)];
	}
	if (node == NULL || !node->entry || !ip_prefix_equal(&node->prefix, prefix))
		return;
	if (node->child[0] != NULL && node->child[1] != NULL) {
		struct table_node *fork = pool_take(&table->forks);

		*fork = *node;
		fork->entry = false;
		*at = fork;
	} else {
		*at = node->child[node->child[0] == NULL];
		if (above != NULL)
			fork_close(table, above);
	}
	pool_give(&table->entries, node);
	table->count--;
}

void
table_cover(const struct table *table, const struct ip_prefix *prefix,
	    bool (*visit)(void *context, void *entry), void *context)
{
	struct table_node *node = *root_of(table, prefix);

	while (node != NULL && node->prefix.length <= prefix->length &&
	       bits_common(&node->prefix, prefix) >= node->prefix.length) {
		if (node->entry && !visit(context, node))
			return;
		if (node->prefix.length == prefix->length)
			return;
		node = node->child[bit_at(prefix, node->prefix.length)];
	}
}

static void
push(struct table_walk *walk, struct table_node *node)
{
	if (node != NULL)
		walk->stack[walk->depth++] = node;
}

void
table_walk_start(struct table_walk *walk, const struct table *table, const struct ip_prefix *after)
{
	struct table_node *node;

	walk->table = table;
	walk->depth = 0;
	walk->family = 0;
	if (after == NULL)
		return;
	walk->family = after->address.family == AF_INET6 ? 2 : 1;
	node = *root_of(table, after);
	while (node != NULL) {
		unsigned common = bits_common(&node->prefix, after);

		if (common < node->prefix.length) {
			/* The whole branch lies behind `after` or before it. */
			if (common == after->length || bit_at(&node->prefix, common) == 1)
				push(walk, node);
			return;
		}
		if (node->prefix.length == after->length) {
			push(walk, node->child[1]);
			push(walk, node->child[0]);
			return;
		}
		if (bit_at(after, node->prefix.length) == 0) {
			push(walk, node->child[1]);
			node = node->child[0];
		} else {
			node = node->child[1];
		}
	}
}

void *
table_next(struct table_walk *walk)
{
	for (;;) {
		struct table_node *node;

		if (walk->depth == 0) {
			if (walk->family >= 2)
				return NULL;
			push(walk, walk->table->root[walk->family++]);
			continue;
		}
		node = walk->stack[--walk->depth];
		push(walk, node->child[1]);
		push(walk, node->child[0]);
		if (node->entry)
			return node;
	}
}

static void
push_back(struct table_walk *walk, struct table_node *node, bool below)
{
	if (node == NULL)
		return;
	walk->below[walk->depth] = below;
	walk->stack[walk->depth++] = node;
}

/* What lies before a prefix: all that covers it, and on the way down each branch that is left of it. */
void
table_walk_start_back(struct table_walk *walk, const struct table *table, const struct ip_prefix *before)
{
	struct table_node *node;

	walk->table = table;
	walk->depth = 0;
	walk->family = 2;
	if (before == NULL)
		return;
	walk->family = before->address.family == AF_INET6 ? 1 : 0;
	node = *root_of(table, before);
	while (node != NULL) {
		unsigned common = bits_common(&node->prefix, before);

		if (common < node->prefix.length) {
			if (common < before->length && bit_at(&node->prefix, common) == 0)
				push_back(walk, node, false);
			return;
		}
		if (node->prefix.length == before->length)
			return;
		push_back(walk, node, true);
		if (bit_at(before, node->prefix.length) == 1) {
			push_back(walk, node->child[0], false);
			node = node->child[1];
		} else {
			node = node->child[0];
		}
	}
}

void *
table_previous(struct table_walk *walk)
{
	for (;;) {
		struct table_node *node;

		if (walk->depth == 0) {
			if (walk->family == 0)
				return NULL;
			push_back(walk, walk->table->root[--walk->family], false);
			continue;
		}
		node = walk->stack[walk->depth - 1];
		if (!walk->below[walk->depth - 1]) {
			walk->below[walk->depth - 1] = true;
			push_back(walk, node->child[0], false);
			push_back(walk, node->child[1], false);
			continue;
		}
		walk->depth--;
		if (node->entry)
			return node;
	}
}
