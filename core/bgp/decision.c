// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decision process of RFC 4271, 9.1.2.2, over the usable paths of one prefix.
 *
 * What is originated here comes first. Then: highest local preference; shortest AS path; lowest origin;
 * lowest MED among paths from the same neighbouring AS (a missing one counts as 0); external over internal;
 * lowest BGP identifier of the peer (of the originator, RFC 4456, 9); shortest cluster list (likewise);
 * lowest address of the peer. The interior cost to the next hop is not known, and equal for all then. Of
 * several paths of one peer (RFC 7911, which leaves it open): the lowest path identifier.
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

	if (!peer->internal && path->attributes->community_flags & COMMUNITY_GRACEFUL_SHUTDOWN)
		return 0; /* RFC 8326, 4.2: the other side is about to take it away */
	/* From an external peer it never comes (RFC 4271, 5.1.5): a rule of import set it. */
	if (path->attributes->present & HAS_LOCAL_PREF)
		return path->attributes->local_pref;
	if (path->attributes->community_flags & COMMUNITY_GRACEFUL_SHUTDOWN)
		return 0;
	return peer->local_preference;
}

static uint32_t
identifier_of(const struct rib *rib, const struct path *path)
{
	const struct rib_peer *peer = rib_peer(rib, path->peer);
	uint32_t originator = peer->internal ? attributes_originator(path->attributes) : 0;

	return originator != 0 ? originator : peer->identifier;
}

/* A rule gives all tunnels of a connection the same local preference: those that don't carry still stand
 * behind those that do. */
static bool
stands_by(const struct rib *rib, const struct path *path)
{
	return path->attributes->present & HAS_LOCAL_PREF && rib_peer(rib, path->peer)->standby;
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
	if (stands_by(rib, a) != stands_by(rib, b))
		return stands_by(rib, a) ? 1 : -1;
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

static uint32_t
id_of(const struct rib *rib, const struct path *path)
{
	return rib_path_id(rib, rib_path_index(rib, path));
}

/* By what comes after MED: never 0, since two paths of one peer differ in their identifiers. */
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
	*step = STEP_CLUSTER_LIST;
	if (peer_a->internal && peer_b->internal) {
		unsigned hops_a = attributes_cluster_hops(a->attributes),
			 hops_b = attributes_cluster_hops(b->attributes);

		if (hops_a != hops_b)
			return hops_a < hops_b ? -1 : 1;
	}
	*step = STEP_ADDRESS;
	order = ip_address_compare(&peer_a->address, &peer_b->address);
	if (order != 0 || a->peer != b->peer)
		return order != 0 ? order : (int)a->peer - (int)b->peer;
	*step = STEP_PATH_ID;
	return id_of(rib, a) < id_of(rib, b) ? -1 : 1;
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
 * `but` (0: none) counts within its AS, and is not chosen: without another that is left the answer is 0. */
static uint32_t
settle(const struct rib *rib, struct contender *all, size_t count, uint32_t but)
{
	uint32_t best = 0, lowest = 0, neighbour_as = 0;
	enum decision_step step;

	qsort(all, count, sizeof(*all), by_as_and_med);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || all[i].neighbour_as != neighbour_as) {
			neighbour_as = all[i].neighbour_as;
			lowest = all[i].med;
		}
		if (all[i].med != lowest || all[i].path == but)
			continue;
		if (best == 0 ||
		    compare_after_med(rib, rib_path(rib, all[i].path), rib_path(rib, best), &step) < 0)
			best = all[i].path;
	}
	return best;
}

/* Those that are equal before MED so far, in the RIB's scratch room. */
struct contest {
	uint32_t best;
	size_t count;
};

static inline void
enter(struct rib *rib, struct contest *contest, uint32_t at)
{
	const struct path *path = rib_path(rib, at);
	struct contender *all;
	enum decision_step step;
	int order =
	    contest->best == 0 ? -1 : compare_before_med(rib, path, rib_path(rib, contest->best), &step);

	if (order > 0)
		return;
	if (order < 0) {
		contest->best = at;
		contest->count = 0;
	}
	vector_need(&rib->scratch, (contest->count + 1) * sizeof(struct contender));
	all = rib->scratch.items;
	all[contest->count++] = (struct contender){path->attributes->neighbour_as, path->attributes->med, at};
}

static inline uint32_t
winner_of(const struct rib *rib, const struct contest *contest)
{
	return contest->count <= 1 ? contest->best : settle(rib, rib->scratch.items, contest->count, 0);
}

/* All usable paths of a prefix but one (0: all). */
static struct contest
contest_of(struct rib *rib, const struct net *net, uint32_t but)
{
	struct contest contest = {0};

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		if (at != but && path_usable(rib, rib_path(rib, at)))
			enter(rib, &contest, at);
	}
	return contest;
}

uint32_t
decision_best(struct rib *rib, const struct net *net)
{
	struct contest contest = contest_of(rib, net, 0);

	return winner_of(rib, &contest);
}

void
decision_order(struct rib *rib, uint32_t *paths, size_t count, size_t most)
{
	for (size_t place = 0; place < most && place + 1 < count; place++) {
		struct contest contest = {0};
		uint32_t best;

		for (size_t i = place; i < count; i++)
			enter(rib, &contest, paths[i]);
		best = winner_of(rib, &contest);
		for (size_t i = place; i < count; i++) {
			if (paths[i] == best)
				paths[i] = paths[place];
		}
		paths[place] = best;
	}
}

/* The best of the usable paths of other groups. MED may not order them totally; here it need not. */
static const struct path *
best_of_other_groups(const struct rib *rib, const struct net *net, uint32_t group)
{
	const struct path *best = NULL;
	enum decision_step step;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);
		int order;

		if (!path_usable(rib, path) || rib_peer(rib, path->peer)->group == group ||
		    rib_peer(rib, path->peer)->group == 0)
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
	const struct path *best = group != 0 ? best_of_other_groups(rib, net, group) : NULL;

	return best != NULL ? rib_peer(rib, best->peer)->group : 0;
}

/* --- why ------------------------------------------------------------------------------------------ */

/*
 * Whom the best path beat last, NULL where it is alone: of those that came to the last step with it, else
 * those that its MED took out, else all others, the best. Who fell to the MED of a third path is none of
 * them: what is compared after MED may be better there.
 */
static const struct path *
last_beaten(struct rib *rib, const struct net *net, const struct path *winner)
{
	uint32_t best = rib_path_index(rib, winner), next;
	struct contest contest = contest_of(rib, net, 0);
	struct contender *all = rib->scratch.items;

	next = contest.count != 0 ? settle(rib, all, contest.count, best) : 0;
	if (next == 0 && contest.count > 1)
		next = all[0].path != best ? all[0].path : all[1].path;
	if (next == 0) {
		contest = contest_of(rib, net, best);
		next = winner_of(rib, &contest);
	}
	return next != 0 ? rib_path(rib, next) : NULL;
}

/* Who took a path out: the winner, or one of its own AS with a lower MED. */
static const struct path *
beaten_by(const struct rib *rib, const struct net *net, const struct path *winner, const struct path *path)
{
	const struct path *lowest = path;
	enum decision_step step;

	/* What is left of the winner's AS has its MED. */
	if (winner->attributes->neighbour_as == path->attributes->neighbour_as ||
	    compare_before_med(rib, winner, path, &step) != 0)
		return winner;
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *other = rib_path(rib, at);

		if (compare_med(other, lowest) < 0 && path_usable(rib, other) &&
		    compare_before_med(rib, other, path, &step) == 0)
			lowest = other;
	}
	return lowest != path ? lowest : winner;
}

enum decision_step
decision_step_of(struct rib *rib, const struct net *net)
{
	const struct path *best = rib_best(rib, net), *next;

	if (best == NULL || best->next == 0)
		return STEP_ONLY;
	next = last_beaten(rib, net, best);
	return next != NULL ? decision_step_between(rib, best, next) : STEP_ONLY;
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
		if (path_local_preference(rib, path) == path_local_preference(rib, other)) {
			snprintf(out, size, "its tunnel %s (local preference of %u by a rule)",
				 won ? "carries" : "does not carry", path_local_preference(rib, path));
			return;
		}
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
	case STEP_CLUSTER_LIST:
		snprintf(out, size, "%s cluster list (%u against %u)", won ? "shorter" : "longer",
			 attributes_cluster_hops(path->attributes),
			 attributes_cluster_hops(other->attributes));
		return;
	case STEP_PATH_ID:
		snprintf(out, size, "%s path id (%u against %u)", won ? "lower" : "higher", id_of(rib, path),
			 id_of(rib, other));
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
	case PATH_CLUSTER:
		return "it was reflected in our own cluster already (CLUSTER_LIST)";
	case PATH_FIRST_AS:
		return "as-path does not begin with the peer's AS";
	case PATH_NEXT_HOP_SELF:
		return "the next hop is our own address";
	case PATH_NEXT_HOP_INVALID:
		return "the next hop is not a host's address";
	case PATH_DEFAULT:
		return "it is only told to peers with default_originate";
	case PATH_BLACKHOLE_WIDE:
		return "it has BLACKHOLE (RFC 7999), and is shorter than may be discarded";
	case PATH_DENIED:
		return "a rule of import denies it";
	case PATH_NEXT_HOP_LINK_LOCAL:
		return "the next hop is a link-local address, and the session is bound to no interface";
	case PATH_NEXT_HOP_UNREACHABLE:
		return "nothing leads to its next hop";
	case PATH_NEXT_HOP_FAR:
		return "its next hop is on no link of ours, and the session is not multihop";
	case PATH_NO_DESTINATION:
		return "the prefix is no destination for unicast (this network, loopback or multicast)";
	case PATH_ROUTE_LEAK:
		return "a route leak by the peer's role (ONLY_TO_CUSTOMER, RFC 9234)";
	default:
		return "accepted";
	}
}

static void
say_next_hop(const struct path *path, char *out, size_t size)
{
	struct ip_address next_hop = attributes_next_hop(path->attributes);
	char text[IP_ADDRESS_TEXT];

	snprintf(out, size, ": %s", ip_address_format(&next_hop, text));
}

const char *
decision_reason(struct rib *rib, const struct net *net, const struct path *path, char *out, size_t size)
{
	const struct path *winner = rib_best(rib, net), *other;
	char why[160];
	bool won = path == winner;

	if (path->verdict != PATH_USABLE) {
		snprintf(out, size, "not accepted: %s", path_verdict_text(path->verdict));
		if (path_verdict_of_next_hop(path->verdict))
			say_next_hop(path, out + strlen(out), size - strlen(out));
		return out;
	}
	other = won ? last_beaten(rib, net, path) : winner != NULL ? beaten_by(rib, net, winner, path) : NULL;
	if (other == NULL) {
		snprintf(out, size, won ? "best: the only path" : "not yet decided on");
		return out;
	}
	say(rib, decision_step_between(rib, won ? path : other, won ? other : path), won, path, other, why,
	    sizeof(why));
	snprintf(out, size, "%s: %s", won ? "best" : "not best", why);
	return out;
}
