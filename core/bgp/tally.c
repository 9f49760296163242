// SPDX-License-Identifier: GPL-2.0-or-later
/* Counted values, found by hash of their parent and value; see origin_internal.h. */
#include "core/bgp/origin_internal.h"

#define BUCKETS_LEAST 64u

static uint32_t *
bucket(const struct tally *tally, uint32_t at)
{
	return (uint32_t *)tally->buckets.items + at;
}

/* Of `wide` buckets, twice as many as there were when the last doubling began, the first ones are split. */
static uint32_t *
bucket_of(const struct tally *tally, uint32_t parent, uint32_t value)
{
	uint64_t hash = ((uint64_t)parent << 32 | value) * 0x9e3779b97f4a7c15ULL;
	uint32_t at = (uint32_t)(hash >> 32) & (tally->wide - 1);

	return bucket(tally, at < tally->bucket_count ? at : at & (tally->wide / 2 - 1));
}

/* One bucket more: it takes from the one that it is split off. So the loop is never held by a table that
 * grows. */
static void
widen(struct tally *tally)
{
	uint32_t from = tally->bucket_count++ - tally->wide / 2, at, *link;

	vector_need(&tally->buckets, tally->bucket_count * sizeof(uint32_t));
	at = *bucket(tally, from);
	*bucket(tally, from) = *bucket(tally, tally->bucket_count - 1) = 0;
	while (at != 0) {
		struct tally_node *node = tally_node(tally, at);
		uint32_t next = node->chain;

		link = bucket_of(tally, node->parent, node->value);
		node->chain = *link;
		*link = at;
		at = next;
	}
	if (tally->bucket_count == tally->wide)
		tally->wide *= 2;
}

void
tally_init(struct tally *tally)
{
	*tally =
	    (struct tally){.node_count = TALLY_END, .bucket_count = BUCKETS_LEAST, .wide = 2 * BUCKETS_LEAST};
	vector_need(&tally->nodes, tally->node_count * sizeof(struct tally_node));
	vector_need(&tally->buckets, tally->bucket_count * sizeof(uint32_t));
}

void
tally_free(struct tally *tally)
{
	vector_free(&tally->nodes);
	vector_free(&tally->buckets);
}

uint32_t
tally_find(const struct tally *tally, uint32_t parent, uint32_t value)
{
	uint32_t at = *bucket_of(tally, parent, value);

	while (at != 0 && (tally_node(tally, at)->parent != parent || tally_node(tally, at)->value != value))
		at = tally_node(tally, at)->chain;
	return at;
}

uint32_t
tally_add(struct tally *tally, uint32_t parent, uint32_t value)
{
	uint32_t at = tally_find(tally, parent, value), *link;
	struct tally_node *node;

	if (at != 0) {
		tally_node(tally, at)->count++;
		return at;
	}
	if (++tally->live > tally->bucket_count)
		widen(tally);
	at = tally->free;
	if (at != 0) {
		tally->free = tally_node(tally, at)->chain;
	} else {
		at = tally->node_count++;
		vector_need(&tally->nodes, tally->node_count * sizeof(struct tally_node));
	}
	link = bucket_of(tally, parent, value);
	node = tally_node(tally, at);
	*node = (struct tally_node){.parent = parent,
				    .value = value,
				    .count = 1,
				    .next = tally_node(tally, parent)->child,
				    .chain = *link};
	*link = at;
	if (node->next != 0)
		tally_node(tally, node->next)->previous = at;
	tally_node(tally, parent)->child = at;
	return at;
}

void
tally_drop(struct tally *tally, uint32_t at)
{
	struct tally_node *node = tally_node(tally, at);
	uint32_t *link;

	if (--node->count != 0)
		return;
	link = bucket_of(tally, node->parent, node->value);
	while (*link != at)
		link = &tally_node(tally, *link)->chain;
	*link = node->chain;
	if (node->previous != 0)
		tally_node(tally, node->previous)->next = node->next;
	else
		tally_node(tally, node->parent)->child = node->next;
	if (node->next != 0)
		tally_node(tally, node->next)->previous = node->previous;
	*node = (struct tally_node){.chain = tally->free};
	tally->free = at;
	tally->live--;
}
