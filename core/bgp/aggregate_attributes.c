// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attributes of an aggregate (RFC 4271, 9.2.2.2), from those of its routes as they were tallied.
 *
 * Without an AS_SET the aggregate begins a new path here: its origin does not depend on which of its routes
 * happen to be there ("consistent brief aggregation", RFC 9774), ATOMIC_AGGREGATE says that ASes were left
 * out, and with that communities need not be carried over (RFC 1997). With one, the path is what all paths
 * begin with and a set of all other ASes, and communities are those of all routes together.
 */
#include "core/bgp/origin_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define SET_MOST 255u /* ASes in a set, and communities: with more, they are left out */

/* --- counting ---------------------------------------------------------------------------------- */

/* Calls `each` for every AS of a path. `sequence`: it stands before any set. */
static void
each_as(const struct bgp_attributes *attributes,
	void (*each)(struct tally *tally, uint32_t asn, bool sequence, uint32_t *at), struct tally *tally,
	uint32_t *at)
{
	struct reader r = reader_over(attributes->data, attributes->as_path_length);
	bool sequence = true;

	while (reader_left(&r) != 0) {
		sequence = reader_u8(&r) == SEGMENT_SEQUENCE && sequence;
		for (unsigned left = reader_u8(&r); left != 0 && !r.failed; left--)
			each(tally, reader_u32(&r), sequence, at);
	}
}

static void
count_as(struct tally *tally, uint32_t asn, bool sequence, uint32_t *at)
{
	tally_add(tally, TALLY_ASNS, asn);
	if (sequence)
		*at = tally_add(tally, *at, asn);
}

static void
uncount_as(struct tally *tally, uint32_t asn, bool sequence, uint32_t *at)
{
	tally_drop(tally, tally_find(tally, TALLY_ASNS, asn));
	if (sequence)
		*at = tally_find(tally, *at, asn);
}

/* Counts a sequence of words less: the last of them first. */
static void
drop_sequence(struct tally *tally, uint32_t root, uint32_t at)
{
	while (at != root) {
		uint32_t above = tally_node(tally, at)->parent;

		tally_drop(tally, at);
		at = above;
	}
}

/* A list of communities of so many words each. */
static void
tally_communities(struct tally *tally, uint32_t root, unsigned words, struct reader list, bool add)
{
	while (reader_left(&list) >= words * 4) {
		uint32_t at = root;

		for (unsigned i = 0; i < words; i++) {
			uint32_t word = reader_u32(&list);

			at = add ? tally_add(tally, at, word) : tally_find(tally, at, word);
		}
		if (!add)
			drop_sequence(tally, root, at);
	}
}

/* The kinds of communities, with the words of each. */
static const struct {
	uint8_t type, words, root;
} kinds[] = {{ATTRIBUTE_COMMUNITIES, 1, TALLY_COMMUNITIES},
	     {ATTRIBUTE_EXTENDED_COMMUNITIES, 2, TALLY_EXTENDED},
	     {ATTRIBUTE_LARGE_COMMUNITIES, 3, TALLY_LARGE}};

void
aggregate_tally(struct tally *tally, const struct bgp_attributes *attributes, bool add)
{
	const uint8_t *communities = attributes->data + attributes->as_path_length,
		      *others = communities + attributes->communities_length;
	uint32_t at = TALLY_PATHS;

	each_as(attributes, add ? count_as : uncount_as, tally, &at);
	if (!add)
		drop_sequence(tally, TALLY_PATHS, at);
	tally_communities(tally, TALLY_COMMUNITIES, 1,
			  reader_over(communities, attributes->communities_length), add);
	for (unsigned i = 1; i < COUNT_OF(kinds); i++)
		tally_communities(tally, kinds[i].root, kinds[i].words,
				  attributes_other(others, attributes->others_length, kinds[i].type), add);
}

/* --- what is told ------------------------------------------------------------------------------ */

static int
by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* The values below a root, but for those that `besides` has, in their order. Returns how many; SET_MOST + 1:
 * there are more than that. */
static size_t
list_of(const struct tally *tally, uint32_t root, const uint32_t *besides, size_t besides_count,
	uint32_t out[SET_MOST])
{
	size_t found = 0;

	for (uint32_t at = tally_node(tally, root)->child; at != 0; at = tally_node(tally, at)->next) {
		uint32_t value = tally_node(tally, at)->value;
		bool other = true;

		for (size_t i = 0; i < besides_count && other; i++)
			other = besides[i] != value;
		if (!other)
			continue;
		if (found == SET_MOST)
			return SET_MOST + 1;
		out[found++] = value;
	}
	qsort(out, found, sizeof(*out), by_number);
	return found;
}

struct community {
	uint32_t words[3];
};

static void
write_segment(struct writer *w, uint8_t type, const uint32_t *asns, size_t asn_count)
{
	if (asn_count == 0)
		return;
	writer_u8(w, type);
	writer_u8(w, (uint8_t)asn_count);
	for (size_t i = 0; i < asn_count; i++)
		writer_u32(w, asns[i]);
}

/* RFC 4271, 9.2.2.2 and F.6. False: there are too many ASes, which were left out. */
static bool
join_paths(const struct aggregate *aggregate, struct attribute_set *set)
{
	const struct tally *tally = &aggregate->tally;
	struct writer w = writer_over(set->path_room, sizeof(set->path_room));
	uint32_t common[SET_MOST] = {0}, others[SET_MOST];
	uint32_t at = tally_node(tally, TALLY_PATHS)->child;
	size_t length = 0, more;

	/* What all paths begin with has been counted as often as there are routes. */
	while (at != 0 && tally_node(tally, at)->count == aggregate_routes(aggregate) && length < SET_MOST) {
		common[length++] = tally_node(tally, at)->value;
		at = tally_node(tally, at)->child;
	}
	more = list_of(tally, TALLY_ASNS, common, length, others);
	write_segment(&w, SEGMENT_SEQUENCE, common, length);
	if (more <= SET_MOST)
		write_segment(&w, SEGMENT_SET, others, more);
	set->as_path = set->path_room;
	set->as_path_length = writer_length(&w);
	return more <= SET_MOST;
}

/* All communities below a node. Returns how many there are with those found before. */
static size_t
gather(const struct tally *tally, uint32_t node, unsigned depth, unsigned words, uint32_t word[3],
       struct community *out, size_t found)
{
	for (uint32_t at = tally_node(tally, node)->child; at != 0 && found <= SET_MOST;
	     at = tally_node(tally, at)->next) {
		word[depth] = tally_node(tally, at)->value;
		if (depth + 1 < words)
			found = gather(tally, at, depth + 1, words, word, out, found);
		else if (words > 1 || word[0] != GRACEFUL_SHUTDOWN) /* of single sessions (RFC 8326) */
			memcpy(out[found++].words, word, sizeof(out->words));
	}
	return found;
}

static int
by_words(const void *left, const void *right)
{
	const struct community *a = left, *b = right;

	for (unsigned i = 0; i < COUNT_OF(a->words); i++) {
		if (a->words[i] != b->words[i])
			return a->words[i] < b->words[i] ? -1 : 1;
	}
	return 0;
}

/* One kind of them all. False: they are too many, and left out. */
static bool
join_kind(const struct tally *tally, unsigned kind, struct writer *w)
{
	struct community list[SET_MOST + 1];
	uint32_t word[3] = {0};
	size_t found = gather(tally, kinds[kind].root, 0, kinds[kind].words, word, list, 0);
	bool other = kinds[kind].type != ATTRIBUTE_COMMUNITIES;

	if (found == 0 || found > SET_MOST)
		return found == 0;
	qsort(list, found, sizeof(*list), by_words);
	if (other) {
		writer_u8(w, FLAG_OPTIONAL | FLAG_TRANSITIVE);
		writer_u8(w, kinds[kind].type);
		writer_u16(w, (uint16_t)(found * kinds[kind].words * 4));
	}
	for (size_t i = 0; i < found; i++) {
		for (unsigned k = 0; k < kinds[kind].words; k++)
			writer_u32(w, list[i].words[k]);
	}
	return true;
}

/* RFC 1997 and RFC 8092: those of all routes. */
static bool
join_communities(const struct aggregate *aggregate, struct attribute_set *set)
{
	struct writer w = writer_over(set->communities_room, sizeof(set->communities_room)),
		      others = writer_over(set->others_room, sizeof(set->others_room));
	bool all = join_kind(&aggregate->tally, 0, &w);

	for (unsigned i = 1; i < COUNT_OF(kinds); i++)
		all = join_kind(&aggregate->tally, i, &others) && all;
	set->communities = set->communities_room;
	set->communities_length = writer_length(&w);
	set->others = set->others_room;
	set->others_length = writer_length(&others);
	return all;
}

struct bgp_attributes *
aggregate_attributes(struct bgp_speaker *speaker, const struct aggregate *aggregate)
{
	struct attribute_set set;
	bool atomic = !aggregate->as_set || aggregate->atomic != 0;

	memset(&set, 0, offsetof(struct attribute_set, path_room));
	set.present = HAS_ORIGIN | HAS_AS_PATH | HAS_AGGREGATOR;
	set.origin = aggregate->origins[BGP_ORIGIN_INCOMPLETE] != 0 ? BGP_ORIGIN_INCOMPLETE
		     : aggregate->origins[BGP_ORIGIN_EGP] != 0      ? BGP_ORIGIN_EGP
								    : BGP_ORIGIN_IGP;
	set.aggregator_as = speaker->config.asn;
	set.aggregator_id = speaker->config.router_id;
	if (aggregate->as_set && !join_paths(aggregate, &set))
		atomic = true;
	if (aggregate->as_set && !join_communities(aggregate, &set))
		atomic = true;
	if (atomic)
		set.present |= HAS_ATOMIC;
	return attributes_intern(&speaker->attributes, &set);
}
