// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interned path attributes; see attributes_internal.h. A table's million prefixes share some hundred thousand
 * sets, so each is kept once, and every later comparison is that of two pointers. The hash table grows by
 * moving a few buckets at each insertion: no single call rehashes all of it.
 */
#include "core/bgp/attributes_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define KEY_AT offsetof(struct bgp_attributes, med)
#define FIRST_SIZE 256
#define MOVE_AT_ONCE 8

void
attribute_table_init(struct attribute_table *table)
{
	*table = (struct attribute_table){.size = FIRST_SIZE};
	table->buckets = memory_zeroed(FIRST_SIZE, sizeof(*table->buckets));
	next_hops_init(&table->next_hops);
}

void
attribute_table_free(struct attribute_table *table)
{
	free(table->buckets);
	free(table->old_buckets);
	next_hops_free(&table->next_hops);
	*table = (struct attribute_table){0};
}

static size_t
total_size(const struct bgp_attributes *attributes)
{
	return offsetof(struct bgp_attributes, data) + attributes->as_path_length +
	       attributes->communities_length + attributes->others_length;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t
hash_bytes(const uint8_t *bytes, size_t length)
{
	uint64_t hash = 0x9e3779b97f4a7c15ULL ^ length, word;

	for (; length >= 8; bytes += 8, length -= 8) {
		memcpy(&word, bytes, 8);
		hash = mix(hash ^ word, 0xd6e8feb86659fd93ULL);
	}
	word = 0;
	memcpy(&word, bytes, length);
	hash = mix(hash ^ word, 0xa0761d6478bd642fULL);
	return (uint32_t)(hash ^ hash >> 32);
}

/* What the decision process and the export ask of an AS path and its communities, once for all. */
static void
derive(struct bgp_attributes *a)
{
	struct reader r = reader_over(a->data, a->as_path_length);
	struct reader communities = reader_over(a->data + a->as_path_length, a->communities_length);
	bool first = true;

	while (reader_left(&r) != 0) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);
		struct reader numbers = reader_sub(&r, (size_t)count * 4);

		if (first && type == SEGMENT_SEQUENCE)
			a->neighbour_as = reader_u32(&numbers);
		a->path_hops += type == SEGMENT_SET ? 1 : count;
		first = false;
	}
	while (reader_left(&communities) >= 4) {
		switch (reader_u32(&communities)) {
		case NO_EXPORT:
			a->community_flags |= COMMUNITY_NO_EXPORT;
			break;
		case 0xffffff02:
			a->community_flags |= COMMUNITY_NO_ADVERTISE;
			break;
		case 0xffffff03:
			a->community_flags |= COMMUNITY_NO_EXPORT_SUBCONFED;
			break;
		case GRACEFUL_SHUTDOWN:
			a->community_flags |= COMMUNITY_GRACEFUL_SHUTDOWN;
			break;
		case BLACKHOLE:
			a->community_flags |= COMMUNITY_BLACKHOLE;
			break;
		}
	}
}

/* Fills an object with room for the set's lists. */
static void
fill(struct bgp_attributes *a, const struct attribute_set *set)
{
	uint8_t *at = a->data;

	memset(a, 0, offsetof(struct bgp_attributes, data));
	a->present = (uint16_t)set->present;
	a->origin = set->origin;
	a->next_hop_family = set->next_hop.family;
	memcpy(a->next_hop, set->next_hop.bytes, sizeof(a->next_hop));
	a->med = set->present & HAS_MED ? set->med : 0;
	a->local_pref = set->present & HAS_LOCAL_PREF ? set->local_pref : 0;
	a->aggregator_as = set->present & HAS_AGGREGATOR ? set->aggregator_as : 0;
	a->aggregator_id = set->present & HAS_AGGREGATOR ? set->aggregator_id : 0;
	a->only_to_customer = set->present & HAS_ONLY_TO_CUSTOMER ? set->only_to_customer : 0;
	a->as_path_length = (uint16_t)set->as_path_length;
	a->communities_length = (uint16_t)set->communities_length;
	a->others_length = (uint16_t)set->others_length;
	if (set->as_path_length != 0)
		memcpy(at, set->as_path, set->as_path_length);
	at += set->as_path_length;
	if (set->communities_length != 0)
		memcpy(at, set->communities, set->communities_length);
	at += set->communities_length;
	if (set->others_length != 0)
		memcpy(at, set->others, set->others_length);
	derive(a);
}

static void
move_some(struct attribute_table *table, size_t buckets)
{
	while (table->old_buckets != NULL && buckets-- != 0) {
		struct bgp_attributes *a = table->old_buckets[table->old_next], *next;

		for (; a != NULL; a = next) {
			struct bgp_attributes **to = &table->buckets[a->hash & (table->size - 1)];

			next = a->chain;
			a->chain = *to;
			*to = a;
		}
		table->old_buckets[table->old_next] = NULL;
		if (++table->old_next == table->old_size)
			FREE_AND_NULL(table->old_buckets);
	}
}

static void
grow(struct attribute_table *table)
{
	move_some(table, SIZE_MAX);
	table->old_buckets = table->buckets;
	table->old_size = table->size;
	table->old_next = 0;
	table->size *= 2;
	table->buckets = memory_zeroed(table->size, sizeof(*table->buckets));
}

/* The bucket that a hash is in now. */
static struct bgp_attributes **
bucket_of(struct attribute_table *table, uint32_t hash)
{
	if (table->old_buckets != NULL && (hash & (table->old_size - 1)) >= table->old_next)
		return &table->old_buckets[hash & (table->old_size - 1)];
	return &table->buckets[hash & (table->size - 1)];
}

struct bgp_attributes *
attributes_intern(struct attribute_table *table, const struct attribute_set *set)
{
	union {
		struct bgp_attributes attributes;
		uint8_t bytes[sizeof(struct bgp_attributes) + 3 * ATTRIBUTE_ROOM];
	} room;
	struct bgp_attributes *key = &room.attributes, *a, **bucket;
	size_t size;

	fill(key, set);
	size = total_size(key);
	key->hash = hash_bytes((const uint8_t *)key + KEY_AT, size - KEY_AT);
	move_some(table, MOVE_AT_ONCE);
	bucket = bucket_of(table, key->hash);
	for (a = *bucket; a != NULL; a = a->chain) {
		if (a->hash == key->hash && total_size(a) == size &&
		    memcmp((const uint8_t *)a + KEY_AT, (const uint8_t *)key + KEY_AT, size - KEY_AT) == 0)
			return attributes_hold(a);
	}
	if (table->count >= table->size && table->old_buckets == NULL) {
		grow(table);
		bucket = bucket_of(table, key->hash);
	}
	a = memory_zeroed(1, size);
	memcpy(a, key, size);
	a->references = 1;
	a->next_hop_index = next_hop_take(&table->next_hops, &set->next_hop);
	a->chain = *bucket;
	*bucket = a;
	table->count++;
	return a;
}

void
attributes_release(struct attribute_table *table, struct bgp_attributes *attributes)
{
	struct bgp_attributes **link;

	if (attributes == NULL || --attributes->references != 0)
		return;
	for (link = bucket_of(table, attributes->hash); *link != attributes; link = &(*link)->chain)
		;
	*link = attributes->chain;
	table->count--;
	next_hop_give(&table->next_hops, attributes->next_hop_index);
	free(attributes);
}

struct bgp_attributes *
attributes_copy(const struct attribute_set *set)
{
	struct bgp_attributes *a =
	    memory_zeroed(1, sizeof(*a) + set->as_path_length + set->communities_length + set->others_length);

	fill(a, set);
	a->references = 1;
	return a;
}

void
attributes_to_set(const struct bgp_attributes *a, struct attribute_set *out)
{
	out->present = a->present;
	out->origin = a->origin;
	out->next_hop = attributes_next_hop(a);
	out->med = a->med;
	out->local_pref = a->local_pref;
	out->aggregator_as = a->aggregator_as;
	out->aggregator_id = a->aggregator_id;
	out->only_to_customer = a->only_to_customer;
	out->as_path = a->data;
	out->as_path_length = a->as_path_length;
	out->communities = out->as_path + a->as_path_length;
	out->communities_length = a->communities_length;
	out->others = out->communities + a->communities_length;
	out->others_length = a->others_length;
}

unsigned
attributes_path_count(const struct bgp_attributes *attributes, uint32_t asn)
{
	struct reader r = reader_over(attributes->data, attributes->as_path_length);
	unsigned found = 0;

	while (reader_left(&r) != 0) {
		unsigned count;

		reader_u8(&r);
		count = reader_u8(&r);
		while (count-- != 0 && !r.failed)
			found += reader_u32(&r) == asn;
	}
	return found;
}

struct ip_address
attributes_next_hop(const struct bgp_attributes *attributes)
{
	struct ip_address out = {.family = attributes->next_hop_family};

	memcpy(out.bytes, attributes->next_hop, sizeof(out.bytes));
	return out;
}

struct reader
attributes_other(const uint8_t *others, size_t length, uint8_t type)
{
	struct reader r = reader_over(others, length);

	while (reader_left(&r) != 0) {
		uint8_t found;
		struct reader value;

		reader_u8(&r);
		found = reader_u8(&r);
		value = reader_sub(&r, reader_u16(&r));
		if (found == type && !r.failed)
			return value;
	}
	return reader_over(NULL, 0);
}

static struct reader
other_of(const struct bgp_attributes *a, uint8_t type)
{
	return attributes_other(a->data + a->as_path_length + a->communities_length, a->others_length, type);
}

uint32_t
attributes_originator(const struct bgp_attributes *a)
{
	struct reader value = other_of(a, ATTRIBUTE_ORIGINATOR_ID);

	return reader_left(&value) == 4 ? reader_u32(&value) : 0;
}

struct reader
attributes_large_communities(const struct bgp_attributes *a)
{
	return other_of(a, ATTRIBUTE_LARGE_COMMUNITIES);
}

bool
attributes_in_cluster(const struct bgp_attributes *a, uint32_t cluster_id)
{
	struct reader value = other_of(a, ATTRIBUTE_CLUSTER_LIST);

	while (reader_left(&value) >= 4) {
		if (reader_u32(&value) == cluster_id)
			return true;
	}
	return false;
}

unsigned
attributes_cluster_hops(const struct bgp_attributes *a)
{
	struct reader value = other_of(a, ATTRIBUTE_CLUSTER_LIST);

	return (unsigned)(reader_left(&value) / 4);
}
