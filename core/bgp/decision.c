// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision process of RFC 4271, 9.1.2.2, over the usable paths of one prefix.
 *
 * What is originated here comes first. Then: highest local preference; shortest AS path; lowest origin;
 * lowest MED among paths from the same neighbouring AS (a missing one counts as 0); external over internal;
 * lowest BGP identifier of the peer (of the originator, RFC 4456, 9); lowest address of the peer. The
 * interior cost to the next hop is equal for all: next hops are on links of our own.
 *
 * MED does not order paths totally, since it only compares within an AS: paths that lose in their own AS are
 * taken out of the contest before the rest is compared, so that the order of arrival never matters.
 */
#include "core/bgp/rib_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t
path_local_preference(const struct rib *rib, const struct path *path)
{
	const struct rib_peer *peer = rib_peer(rib, path->peer);

	if (peer->internal && path->attributes->present & HAS_LOCAL_PREF)
		return path->attributes->local_pref;
	if (path->attributes->community_flags & COMMUNITY_GRACEFUL_SHUTDOWN)
		return 0; /* RFC 8326, 4.2: the other side is about to take it away */
	return peer->local_preference;
}

static uint32_t
identifier_of(const struct rib *rib, const struct path *path)
{
	const struct rib_peer *peer = rib_peer(rib, path->peer);
	uint32_t originator = peer->internal ? attributes_originator(path->attributes) : 0;

	return originator != 0 ? originator : peer->identifier;
}

/* <0: a is better, by what comes before MED. */
static int
compare_before_med(const struct rib *rib, const struct path *a, const struct path *b,
		   enum decision_step *step)
{
	uint32_t preference_a = path_local_preference(rib, a), preference_b = path_local_preference(rib, b);

	*step = STEP_LOCAL;
	if ((a->peer == RIB_LOCAL) != (b->peer == RIB_LOCAL))
		return a->peer == RIB_LOCAL ? -1 : 1;
	*step = STEP_LOCAL_PREFERENCE;
	if (preference_a != preference_b)
		return preference_a > preference_b ? -1 : 1;
	if (a->attributes == b->attributes)
		return 0;
	*step = STEP_AS_PATH;
	if (a->attributes->path_hops != b->attributes->path_hops)
		return a->attributes->path_hops < b->attributes->path_hops ? -1 : 1;
	*step = STEP_ORIGIN;
	if (a->attributes->origin != b->attributes->origin)
		return a->attributes->origin < b->attributes->origin ? -1 : 1;
	return 0;
}

static int
compare_med(const struct path *a, const struct path *b)
{
	if (a->attributes->neighbour_as != b->attributes->neighbour_as ||
	    a->attributes->med == b->attributes->med)
		return 0;
	return a->attributes->med < b->attributes->med ? -1 : 1;
}

/* By what comes after MED. Two paths of one prefix never have the same peer; 0 is only for peers of equal
 * address. */
static int
compare_after_med(const struct rib *rib, const struct path *a, const struct path *b, enum decision_step *step)
{
	const struct rib_peer *peer_a = rib_peer(rib, a->peer), *peer_b = rib_peer(rib, b->peer);
	uint32_t identifier_a, identifier_b;
	int order;

	*step = STEP_EXTERNAL;
	if (peer_a->internal != peer_b->internal)
		return peer_a->internal ? 1 : -1;
	identifier_a = identifier_of(rib, a);
	identifier_b = identifier_of(rib, b);
	*step = STEP_IDENTIFIER;
	if (identifier_a != identifier_b)
		return identifier_a < identifier_b ? -1 : 1;
	*step = STEP_ADDRESS;
	order = ip_address_compare(&peer_a->address, &peer_b->address);
	return order != 0 ? order : (int)a->peer - (int)b->peer;
}

enum decision_step
decision_step_between(const struct rib *rib, const struct path *winner, const struct path *other)
{
	enum decision_step step;

	if (compare_before_med(rib, winner, other, &step) != 0)
		return step;
	if (compare_med(winner, other) != 0)
		return STEP_MED;
	compare_after_med(rib, winner, other, &step);
	return step;
}

struct contender {
	uint32_t neighbour_as, med, path;
};

static int
by_as_and_med(const void *a, const void *b)
{
	const struct contender *left = a, *right = b;

	if (left->neighbour_as != right->neighbour_as)
		return left->neighbour_as < right->neighbour_as ? -1 : 1;
	return left->med != right->med ? (left->med < right->med ? -1 : 1) : 0;
}

/* Among contenders that are equal before MED: takes out those beaten within their AS, then compares the rest.
 */
static uint32_t
settle(const struct rib *rib, struct contender *all, size_t count)
{
	uint32_t best = 0, lowest = 0, neighbour_as = 0;
	enum decision_step step;

	qsort(all, count, sizeof(*all), by_as_and_med);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || all[i].neighbour_as != neighbour_as) {
			neighbour_as = all[i].neighbour_as;
			lowest = all[i].med;
		}
		if (all[i].med != lowest)
			continue;
		if (best == 0 ||
		    compare_after_med(rib, rib_path(rib, all[i].path), rib_path(rib, best), &step) < 0)
			best = all[i].path;
	}
	return best;
}

uint32_t
decision_best(struct rib *rib, const struct net *net)
{
	struct contender *all;
	enum decision_step step;
	size_t count = 0;
	uint32_t best = 0;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);
		int order;

		if (!path_usable(rib, path))
			continue;
		order = best == 0 ? -1 : compare_before_med(rib, path, rib_path(rib, best), &step);
		if (order > 0)
			continue;
		if (order < 0) {
			best = at;
			count = 0;
		}
		vector_need(&rib->scratch, (count + 1) * sizeof(struct contender));
		all = rib->scratch.items;
		all[count++] = (struct contender){path->attributes->neighbour_as, path->attributes->med, at};
	}
	return count <= 1 ? best : settle(rib, rib->scratch.items, count);
}

/* The best of the others: all but the winner, or all of other groups than its own. MED may not order them
 * totally; here it need not. */
static const struct path *
runner_up(struct rib *rib, const struct net *net, const struct path *winner, uint32_t group)
{
	const struct path *best = NULL;
	enum decision_step step;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);
		int order;

		if (path == winner || !path_usable(rib, path) ||
		    (group != 0 &&
		     (rib_peer(rib, path->peer)->group == group || rib_peer(rib, path->peer)->group == 0)))
			continue;
		if (best == NULL) {
			best = path;
			continue;
		}
		order = compare_before_med(rib, path, best, &step);
		if (order == 0)
			order = compare_med(path, best);
		if (order == 0)
			order = compare_after_med(rib, path, best, &step);
		if (order < 0)
			best = path;
	}
	return best;
}

uint32_t
decision_backup_group(struct rib *rib, const struct net *net, uint32_t group)
{
	const struct path *best = group != 0 ? runner_up(rib, net, NULL, group) : NULL;

	return best != NULL ? rib_peer(rib, best->peer)->group : 0;
}

/* What decided between two, from the view of `path`: "lower MED (100 against 200)". */
static void
say(const struct rib *rib, enum decision_step step, bool won, const struct path *path,
    const struct path *other, char *out, size_t size)
{
	char address[IP_ADDRESS_TEXT], other_address[IP_ADDRESS_TEXT];
	struct ip_address id = ip_address_v4(identifier_of(rib, path));
	struct ip_address other_id = ip_address_v4(identifier_of(rib, other));

	switch (step) {
	case STEP_LOCAL:
		snprintf(out, size, won ? "originated here" : "another is originated here");
		return;
	case STEP_LOCAL_PREFERENCE:
		snprintf(out, size, "%s local preference (%u against %u)", won ? "higher" : "lower",
			 path_local_preference(rib, path), path_local_preference(rib, other));
		return;
	case STEP_AS_PATH:
		snprintf(out, size, "%s AS path (%u against %u)", won ? "shorter" : "longer",
			 path->attributes->path_hops, other->attributes->path_hops);
		return;
	case STEP_ORIGIN:
		snprintf(out, size, "%s origin (%s against %s)", won ? "lower" : "higher",
			 bgp_origin_name(path->attributes->origin),
			 bgp_origin_name(other->attributes->origin));
		return;
	case STEP_MED:
		snprintf(out, size, "%s MED (%u against %u)", won ? "lower" : "higher", path->attributes->med,
			 other->attributes->med);
		return;
	case STEP_EXTERNAL:
		snprintf(out, size, won ? "external rather than internal" : "internal rather than external");
		return;
	case STEP_IDENTIFIER:
		snprintf(out, size, "%s router id (%s against %s)", won ? "lower" : "higher",
			 ip_address_format(&id, address), ip_address_format(&other_id, other_address));
		return;
	default:
		snprintf(out, size, "%s peer address (%s against %s)", won ? "lower" : "higher",
			 ip_address_format(&rib_peer(rib, path->peer)->address, address),
			 ip_address_format(&rib_peer(rib, other->peer)->address, other_address));
		return;
	}
}

const char *
path_verdict_text(enum path_verdict verdict)
{
	switch (verdict) {
	case PATH_LOOP:
		return "as-path contains our own AS";
	case PATH_ORIGINATOR:
		return "we are the originator of it (ORIGINATOR_ID)";
	case PATH_FIRST_AS:
		return "as-path does not begin with the peer's AS";
	case PATH_NEXT_HOP_SELF:
		return "the next hop is our own address";
	case PATH_NEXT_HOP_INVALID:
		return "the next hop is not a host's address";
	case PATH_NO_DESTINATION:
		return "the prefix is no destination for unicast (this network, loopback or multicast)";
	default:
		return "accepted";
	}
}

const char *
decision_reason(struct rib *rib, const struct net *net, const struct path *path, char *out, size_t size)
{
	const struct path *winner = rib_best(rib, net), *other;
	char why[160];
	bool won = path == winner;

	if (path->verdict != PATH_USABLE) {
		snprintf(out, size, "not accepted: %s", path_verdict_text(path->verdict));
		return out;
	}
	other = won ? runner_up(rib, net, path, 0) : winner;
	if (other == NULL) {
		snprintf(out, size, won ? "best: the only path" : "not yet decided on");
		return out;
	}
	say(rib, decision_step_between(rib, winner, won ? other : path), won, path, other, why, sizeof(why));
	snprintf(out, size, "%s: %s", won ? "best" : "not best", why);
	return out;
}
