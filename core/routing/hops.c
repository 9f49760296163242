// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Next hops outside of the tunnels (RFC 4271, 5.1.3 and 9.1.2.1): whether any way leads to one, and by which
 * router of a link of ours. The kernel takes a route by a router of a link only; for one that is farther
 * away, which iBGP and multihop sessions name, the router is found by the way that the next hop has without
 * our own routes (outside.c), once for all prefixes that have it, and anew when a route of others or a link
 * changes.
 *
 * One in a prefix of a tunnel's is behind the tunnel: what goes by it must not leave in the clear by a less
 * specific route of others, such as the default route, so no way outside of the tunnels counts then.
 *
 * Nothing is held against a next hop before something is known of it. A way through another table
 * (ip-rule(8)) counts: whether it does for a route is the kernel's to say.
 */
#include "core/routing/routing_internal.h"

#include <stdlib.h>

#include "core/base/text.h"

/* A way is looked for at some twenty microseconds each. */
#define LOOK_AT_ONCE 25

/* More are not followed: the kernel says what becomes of their routes. */
#define HOPS_MOST 16384

struct hop {
	struct outside base;
	unsigned uses;
	bool due;    /* its way is to be looked for again, or was found by an audit */
	bool inside; /* a prefix of a tunnel's holds it */
	enum routing_reach reach;
	struct ip_address router; /* with FAR: the one on a link of ours; none: as the kernel finds it */
	uint32_t ifindex;         /* the link; 0: not known */
};

static struct hop *
hop_find(const struct routing *routing, const struct ip_address *address)
{
	return (struct hop *)outside_find(&routing->hops, address);
}

static struct hop *
hop_at(const struct routing *routing, size_t i)
{
	return (struct hop *)routing->hops.items[i];
}

static void
tell(struct routing *routing, const struct hop *hop)
{
	char text[IP_ADDRESS_TEXT];

	ip_address_format(&hop->base.address, text);
	if (hop->reach == ROUTING_REACH_NONE && hop->inside)
		routing_event(
		    routing, "warning", "next_hop.lost", text,
		    "the next hop %s is in a prefix of a tunnel's: what is to go by it outside of the "
		    "tunnels is not used",
		    text);
	else if (hop->reach == ROUTING_REACH_NONE)
		routing_event(routing, "warning", "next_hop.lost", text,
			      "nothing leads to the next hop %s: what is to go by it is not used", text);
	else
		routing_event(routing, "notice", "next_hop.found", text,
			      "the next hop %s can be reached again", text);
}

/* What is known of its way now. `news`: to those who asked before. */
static void
learn(struct routing *routing, struct hop *hop, enum routing_reach reach, const struct route_seen *way,
      bool news)
{
	enum routing_reach before = hop->reach;
	struct ip_address router = reach == ROUTING_REACH_FAR ? way->gateway : (struct ip_address){0};
	uint32_t ifindex = reach != ROUTING_REACH_NONE ? way->ifindex : 0;
	bool other = !ip_address_equal(&router, &hop->router) || ifindex != hop->ifindex;

	hop->due = false;
	hop->base.search = SEARCH_NONE;
	hop->reach = reach;
	hop->router = router;
	hop->ifindex = ifindex;
	if (news && (other || before != reach))
		paths_reroute(routing, &hop->base.address, reach == ROUTING_REACH_NONE);
	if ((before == ROUTING_REACH_NONE) != (reach == ROUTING_REACH_NONE))
		tell(routing, hop);
	if (news && before != reach && routing->options.reach_changed != NULL)
		routing->options.reach_changed(routing->options.context, &hop->base.address, reach);
}

static void
learn_way(struct routing *routing, struct hop *hop, const struct route_seen *way, bool news)
{
	hop->inside = outside_is_inside(routing, &hop->base, way);
	learn(routing, hop,
	      hop->inside || !outside_leads(way) ? ROUTING_REACH_NONE
	      : ip_address_is_set(&way->gateway) ? ROUTING_REACH_FAR
						 : ROUTING_REACH_LINK,
	      way, news);
}

static void
look(struct routing *routing, struct hop *hop, bool news)
{
	enum outside_answer answer;
	struct route_seen way;

	hop->due = hop->inside = false;
	if (hop->base.search == SEARCH_DONE) {
		learn_way(routing, hop, &hop->base.found, news);
		return;
	}
	answer = outside_ask(routing, &hop->base, &way);
	if (answer == OUTSIDE_WAY)
		learn_way(routing, hop, &way, news);
	else if (answer == OUTSIDE_ELSEWHERE)
		learn(routing, hop, ROUTING_REACH_LINK, &way, news);
	/* Else a floor of ours may hide the way. */
	else if (answer == OUTSIDE_HERE ||
		 (answer == OUTSIDE_NONE && !outside_is_covered(routing, &hop->base)))
		learn(routing, hop, ROUTING_REACH_NONE, &way, news);
	else
		outside_look_again(routing, &hop->base);
}

static bool
is_followed(const struct routing *routing, const struct ip_address *next_hop)
{
	return routing->install && ip_address_is_set(next_hop) && !ip_address_is_link_local(next_hop);
}

enum routing_reach
routing_hop_add(struct routing *routing, const struct ip_address *next_hop)
{
	struct hop *hop = hop_find(routing, next_hop);

	if (!is_followed(routing, next_hop))
		return ROUTING_REACH_LINK;
	if (hop == NULL && routing->hops.count >= HOPS_MOST)
		return ROUTING_REACH_UNKNOWN;
	if (hop == NULL) {
		hop = memory_zeroed(1, sizeof(*hop));
		hop->base.address = *next_hop;
		hop->reach = ROUTING_REACH_LINK;
		outside_add(&routing->hops, &hop->base);
		look(routing, hop, false);
	}
	hop->uses++;
	return hop->reach;
}

void
routing_hop_remove(struct routing *routing, const struct ip_address *next_hop)
{
	struct hop *hop = hop_find(routing, next_hop);

	if (hop == NULL || --hop->uses > 0)
		return;
	outside_remove(&routing->hops, &hop->base);
	free(hop);
}

struct ip_address
hop_router(const struct routing *routing, const struct ip_address *next_hop, uint32_t *ifindex)
{
	const struct hop *hop = hop_find(routing, next_hop);

	*ifindex = hop != NULL ? hop->ifindex : 0;
	return hop != NULL && ip_address_is_set(&hop->router) ? hop->router : *next_hop;
}

static void
set_due(struct routing *routing, struct hop *hop)
{
	hop->due = routing->hops_due = true;
	routing_wake(routing);
}

void
hop_underlay_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	size_t from = prefix != NULL ? outside_lower(&routing->hops, &prefix->address) : 0;

	for (size_t i = from; i < routing->hops.count; i++) {
		struct hop *hop = hop_at(routing, i);

		if (prefix != NULL && !ip_prefix_contains(prefix, &hop->base.address))
			break;
		hop->base.search = SEARCH_NONE; /* what an audit has found, or reads, may be no longer so */
		set_due(routing, hop);
	}
}

void
hop_prefix_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	for (size_t i = outside_lower(&routing->hops, &prefix->address);
	     i < routing->hops.count && ip_prefix_contains(prefix, &routing->hops.items[i]->address); i++)
		set_due(routing, hop_at(routing, i));
}

bool
hop_work(struct routing *routing)
{
	unsigned looked = 0;

	if (!routing->hops_due)
		return true;
	/* On from where the last turn ended: those behind have their turn where the first are due again. */
	for (size_t i = 0; i < routing->hops.count; i++) {
		struct hop *hop = hop_at(routing, (routing->hop_next + i) % routing->hops.count);

		if (!hop->due)
			continue;
		if (looked++ == LOOK_AT_ONCE) {
			routing->hop_next += i;
			return false;
		}
		look(routing, hop, true);
	}
	routing->hops_due = false;
	return true;
}

void
hop_audit_done(struct routing *routing, uint8_t family)
{
	for (size_t i = 0; i < routing->hops.count; i++) {
		struct hop *hop = hop_at(routing, i);

		if (hop->base.address.family == family && hop->base.search == SEARCH_DONE)
			set_due(routing, hop);
	}
}

bool
hop_is_inside(const struct routing *routing, const struct ip_address *next_hop)
{
	const struct hop *hop = hop_find(routing, next_hop);

	return hop != NULL && hop->inside;
}

void
hops_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->hops.count; i++)
		free(routing->hops.items[i]);
	free(routing->hops.items);
}
