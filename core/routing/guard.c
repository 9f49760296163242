// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outside addresses of peers. A peer that advertises a prefix which covers its own outside address (a
 * default route is enough) would draw the tunnel's packets into the tunnel. While a prefix of ours covers
 * such an address, a host route of ours holds it on the path that it has without us (the underlay; outside.c
 * finds it), also when a route of others or a link changes. While there is no such path the address is
 * unreachable, rather than in the tunnel.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct guard {
	struct outside base; /* the address, and what the audit has seen */
	unsigned uses;
	bool pinned;
	struct route_seen underlay; /* what it is pinned to */
};

static struct guard *
guard_find(const struct routing *routing, const struct ip_address *address)
{
	return (struct guard *)outside_find(&routing->guards, address);
}

static struct guard *
guard_at(const struct routing *routing, size_t i)
{
	return (struct guard *)routing->guards.items[i];
}

static bool
same_path(const struct route_seen *a, const struct route_seen *b)
{
	return a->ifindex == b->ifindex && a->nexthop == b->nexthop &&
	       ip_address_equal(&a->gateway, &b->gateway);
}

static void
pin(struct routing *routing, struct guard *guard, const struct route_seen *underlay)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	char text[IP_ADDRESS_TEXT];
	struct ip_prefix host = outside_host(&guard->base);
	uint16_t flags = NLM_F_CREATE | (guard->pinned ? NLM_F_REPLACE : NLM_F_EXCL);
	bool reachable = outside_leads(underlay);
	int result;

	if (guard->pinned && same_path(&guard->underlay, underlay))
		return;
	routing->changes++;
	result = netlink_request(&routing->netlink, message_guard(buffer, &host, underlay, flags));
	if (result == -EEXIST)
		return; /* somebody's own host route does the same, or one of ours was left: the audit sees */
	ip_address_format(&guard->base.address, text);
	if (result != 0) {
		guard->base.search = SEARCH_WANTED;
		routing_event(routing, "warning", "guard.failed", text,
			      "can't hold %s outside of the tunnels: %s%s%s", text, strerror(-result),
			      routing->netlink.reason.text[0] ? ": " : "", routing->netlink.reason.text);
		return;
	}
	guard->pinned = true;
	guard->underlay = *underlay;
	routing_event(
	    routing, reachable ? "info" : "warning", "guard.pinned", text,
	    reachable
		? "a prefix of ours covers the outside address %s; it stays on its path outside of the "
		  "tunnels"
		: "a prefix of ours covers the outside address %s, and there is no path to it outside of the "
		  "tunnels: unreachable until there is one",
	    text);
}

static void
unpin(struct routing *routing, struct guard *guard)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct ip_prefix host = outside_host(&guard->base);

	if (!guard->pinned)
		return;
	routing->changes++;
	netlink_request(&routing->netlink, message_delete(buffer, &host, ROUTING_GUARD_METRIC));
	guard->pinned = false;
}

/* --- those of an earlier run -------------------------------------------------------------------- */

void
guard_keep(struct routing *routing, const struct route_seen *route)
{
	routing->kept_guards = memory_resize(routing->kept_guards,
					     (routing->kept_guard_count + 1) * sizeof(*routing->kept_guards));
	routing->kept_guards[routing->kept_guard_count++] = *route;
}

static struct route_seen *
kept_for(const struct routing *routing, const struct ip_prefix *host)
{
	for (size_t i = 0; i < routing->kept_guard_count; i++)
		if (ip_prefix_equal(&routing->kept_guards[i].prefix, host))
			return &routing->kept_guards[i];
	return NULL;
}

/* Its way may be another one by now: the next audit looks. */
static bool
take_kept(struct routing *routing, struct guard *guard)
{
	struct ip_prefix host = outside_host(&guard->base);
	struct route_seen *kept = kept_for(routing, &host);

	if (kept == NULL)
		return false;
	guard->pinned = true;
	guard->underlay = *kept;
	*kept = routing->kept_guards[--routing->kept_guard_count];
	outside_look_again(routing, &guard->base);
	return true;
}

void
guard_settle(struct routing *routing)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];

	while (routing->kept_guard_count != 0) {
		const struct route_seen *kept = &routing->kept_guards[--routing->kept_guard_count];

		routing->changes++;
		netlink_request(&routing->netlink, message_delete(buffer, &kept->prefix, kept->metric));
	}
}

/* --- those that are needed ---------------------------------------------------------------------- */

static void
protect(struct routing *routing, struct guard *guard)
{
	struct route_seen found;

	if (guard->pinned || !routing->install || take_kept(routing, guard))
		return;
	if (outside_ask(routing, &guard->base, &found) == OUTSIDE_WAY)
		pin(routing, guard, &found);
	else
		outside_look_again(routing, &guard->base);
}

void
routing_guard_add(struct routing *routing, const struct ip_address *outside)
{
	struct ip_prefix host = {*outside, (uint8_t)ip_family_bits(outside->family)};
	struct guard *guard = guard_find(routing, outside);

	if (!ip_address_is_set(outside))
		return;
	if (guard != NULL) {
		guard->uses++;
		return;
	}
	guard = memory_zeroed(1, sizeof(*guard));
	guard->base.address = *outside;
	guard->uses = 1;
	outside_add(&routing->guards, &guard->base);
	hop_prefix_changed(routing, &host);
	if (outside_is_covered(routing, &guard->base))
		protect(routing, guard);
}

void
routing_guard_remove(struct routing *routing, const struct ip_address *outside)
{
	struct ip_prefix host = {*outside, (uint8_t)ip_family_bits(outside->family)};
	struct guard *guard = guard_find(routing, outside);

	if (guard == NULL || --guard->uses > 0)
		return;
	unpin(routing, guard);
	outside_remove(&routing->guards, &guard->base);
	hop_prefix_changed(routing, &host);
	free(guard);
}

void
guard_prefix_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	if (!routing->install)
		return;
	for (size_t i = outside_lower(&routing->guards, &prefix->address);
	     i < routing->guards.count && ip_prefix_contains(prefix, &routing->guards.items[i]->address); i++)
		if (outside_is_covered(routing, routing->guards.items[i]))
			protect(routing, guard_at(routing, i));
}

void
guard_underlay_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	size_t from = prefix != NULL ? outside_lower(&routing->guards, &prefix->address) : 0;

	for (size_t i = from; i < routing->guards.count; i++) {
		struct guard *guard = guard_at(routing, i);

		if (prefix != NULL && !ip_prefix_contains(prefix, &guard->base.address))
			break;
		if (guard->pinned)
			outside_look_again(routing, &guard->base);
	}
}

void
guard_route_lost(struct routing *routing, const struct ip_prefix *prefix)
{
	struct guard *guard = guard_find(routing, &prefix->address);
	struct route_seen *kept = kept_for(routing, prefix);

	if (kept != NULL)
		*kept = routing->kept_guards[--routing->kept_guard_count];
	if (guard == NULL || !guard->pinned || prefix->length != ip_family_bits(prefix->address.family))
		return;
	guard->pinned = false;
	if (outside_is_covered(routing, &guard->base))
		pin(routing, guard, &guard->underlay);
}

bool
guard_has(const struct routing *routing, const struct ip_prefix *prefix)
{
	const struct guard *guard = guard_find(routing, &prefix->address);

	if (kept_for(routing, prefix) != NULL)
		return true;
	return guard != NULL && guard->pinned && prefix->length == ip_family_bits(prefix->address.family);
}

void
guard_audit_done(struct routing *routing, uint8_t family)
{
	for (size_t i = 0; i < routing->guards.count; i++) {
		struct guard *guard = guard_at(routing, i);

		if (guard->base.address.family != family || guard->base.search != SEARCH_DONE)
			continue;
		guard->base.search = SEARCH_NONE;
		if (guard->pinned || outside_is_covered(routing, &guard->base))
			pin(routing, guard, &guard->base.found);
	}
}

void
guard_work(struct routing *routing)
{
	if (!routing->unpin)
		return;
	routing->unpin = false;
	for (size_t i = 0; i < routing->guards.count; i++)
		if (guard_at(routing, i)->pinned && !outside_is_covered(routing, routing->guards.items[i]))
			unpin(routing, guard_at(routing, i));
}

void
guard_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->guards.count; i++)
		free(routing->guards.items[i]);
	free(routing->guards.items);
	free(routing->kept_guards);
}
