// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is originated here beyond plain networks, and what that hangs on: aggregates (aggregate.c), which are
 * told while there is a more specific route, and conditions (condition.c), by which a peer is told some
 * routes only while others are there. Both follow the changes of prefixes, one at a time, and keep count: a
 * change costs a look for each length of an aggregate and for each condition, whatever the size of the table.
 * Where the configuration changes, all prefixes are looked at once, in slices.
 */
#ifndef TWINSPAN_BGP_ORIGIN_INTERNAL_H
#define TWINSPAN_BGP_ORIGIN_INTERNAL_H

#include "core/bgp/speaker_internal.h"

/* --- tally.c: how often each of many values is there ------------------------------------------- */

/* Values in a forest: below each of its roots they are counted by their parents, so that sequences share
 * their beginnings. */
struct tally {
	struct vector nodes, buckets;
	uint32_t node_count, live, bucket_count, wide, free;
};

/* The roots. Communities of more than four octets are sequences of words. */
enum { TALLY_PATHS = 1, TALLY_ASNS, TALLY_COMMUNITIES, TALLY_EXTENDED, TALLY_LARGE, TALLY_END };

struct tally_node {
	uint32_t parent, value, count;
	uint32_t child, next, previous; /* the first below; of the same parent; 0: none */
	uint32_t chain;
};

void tally_init(struct tally *tally);
void tally_free(struct tally *tally);
/** Counts a value below a node once more. Returns its node. */
uint32_t tally_add(struct tally *tally, uint32_t parent, uint32_t value);
/** Its node, which must be there. */
uint32_t tally_find(const struct tally *tally, uint32_t parent, uint32_t value);
/** Counts a node once less: with the last time it goes. What is below it must be given up first. */
void tally_drop(struct tally *tally, uint32_t node);
static inline struct tally_node *
tally_node(const struct tally *tally, uint32_t node)
{
	return (struct tally_node *)tally->nodes.items + node;
}

/* --- aggregate_attributes.c -------------------------------------------------------------------- */

struct aggregate {
	struct ip_prefix prefix;
	bool summary_only, as_set;
	bool dirty;      /* what is told of it may be another */
	uint32_t since;  /* routes counted before do not count here yet */
	uint64_t others; /* routes that BGP does not know */
	uint64_t count, atomic, origins[3];
	struct tally tally; /* with as_set */
};

static inline uint64_t
aggregate_routes(const struct aggregate *aggregate)
{
	return aggregate->count + aggregate->others;
}

/** The attributes of one route more, or less. */
void aggregate_tally(struct tally *tally, const struct bgp_attributes *attributes, bool add);
/** Those of the aggregate; a new reference. */
struct bgp_attributes *aggregate_attributes(struct bgp_speaker *speaker, const struct aggregate *aggregate);

/* --- aggregate.c ------------------------------------------------------------------------------- */

/** The best path to a prefix is another one, or none (NULL). To be called before its peers are told. */
void aggregates_changed(struct bgp_speaker *speaker, struct rib *rib, uint32_t net, const struct path *best);
/** A slice of what is due. True: more is left. */
bool aggregates_work(struct bgp_speaker *speaker, usec_t deadline);
/** A network that stood in for the aggregate of its prefix is gone. */
void aggregates_look_at(struct bgp_speaker *speaker, const struct ip_prefix *prefix);
/** The routes that a path is the aggregate of; 0: it is none. */
uint64_t aggregates_count(const struct bgp_speaker *speaker, const struct rib *rib, const struct net *net,
			  const struct path *path);
/** The longest aggregate that keeps a prefix from being told; of no family: none. */
struct ip_prefix aggregates_suppressing(const struct bgp_speaker *speaker, const struct rib *rib,
					const struct net *net);
void aggregates_free(struct bgp_speaker *speaker);

/* --- condition.c ------------------------------------------------------------------------------- */

/** The best path to a prefix is another one, or none (NULL). */
void conditions_changed(struct bgp_speaker *speaker, const struct rib *rib, uint32_t net,
			const struct path *best);
/** A slice of what is due. True: more is left. */
bool conditions_work(struct bgp_speaker *speaker, usec_t deadline);
/** The peer has other conditions in its configuration (or is new); what it had before is to be given up. */
void conditions_attach(struct bgp_peer *peer);
void conditions_detach(struct bgp_speaker *speaker, struct condition_watch **watches);
/** Whether a path, which could be told to the peer, is not for now. */
bool conditions_withhold(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
			 const struct path *path);

#endif
