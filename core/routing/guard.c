// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outside addresses of peers. A peer that advertises a prefix which covers its own outside address (a
 * default route is enough) would draw the tunnel's packets into the tunnel. While a prefix of ours covers
 * such an address, a host route of ours holds it on the path that it has without us (the underlay).
 *
 * How an address is reached without us: as long as no route of ours is in the way, the kernel is asked
 * (RTM_GETROUTE with RTM_F_FIB_MATCH). Later it would answer with our own route, so the next audit looks at
 * all routes and picks the longest of others, as the kernel would. The same happens when a route of others or
 * a link changes. While there is no such path the address is unreachable, rather than in the tunnel.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct guard {
	struct ip_address outside;
	unsigned uses;
	bool pinned, curious;       /* curious: the next audit shall find its path */
	struct route_seen underlay; /* what it is pinned to */
	struct route_seen found;    /* the best that the audit has seen; found.prefix of no family: none */
};

static struct ip_prefix
host_prefix(const struct guard *guard)
{
	return (struct ip_prefix){guard->outside, (uint8_t)ip_family_bits(guard->outside.family)};
}

/* Index of the first guard whose address is not below `address`. */
static size_t
guard_lower(const struct routing *routing, const struct ip_address *address)
{
	size_t low = 0, high = routing->guard_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ip_address_compare(&routing->guards[middle]->outside, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct guard *
guard_find(const struct routing *routing, const struct ip_address *address)
{
	size_t at = guard_lower(routing, address);

	return at < routing->guard_count && ip_address_equal(&routing->guards[at]->outside, address)
		   ? routing->guards[at]
		   : NULL;
}

static bool
covers_visit(void *context, void *visited)
{
	const struct entry *entry = visited;
	bool *covered = context;

	*covered = entry->target != 0 || entry->floor || entry->path[ROUTING_STATIC] != 0 ||
		   entry->path[ROUTING_BGP] != 0 || entry->path[ROUTING_PROTECT] != 0;
	return !*covered;
}

static bool
is_covered(const struct routing *routing, const struct guard *guard)
{
	struct ip_prefix host = host_prefix(guard);
	bool covered = false;

	table_cover(&routing->table, &host, covers_visit, &covered);
	return covered;
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
	struct ip_prefix host = host_prefix(guard);
	uint16_t flags = NLM_F_CREATE | (guard->pinned ? NLM_F_REPLACE : NLM_F_EXCL);
	bool reachable = underlay->ifindex != 0 || underlay->nexthop != 0;
	int result;

	if (guard->pinned && same_path(&guard->underlay, underlay))
		return;
	routing->changes++;
	result = netlink_request(&routing->netlink, message_guard(buffer, &host, underlay, flags));
	if (result == -EEXIST)
		return; /* somebody's own host route does the same, or one of ours was left: the audit sees */
	ip_address_format(&guard->outside, text);
	if (result != 0) {
		guard->curious = true;
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
	struct ip_prefix host = host_prefix(guard);

	if (!guard->pinned)
		return;
	routing->changes++;
	netlink_request(&routing->netlink, message_delete(buffer, &host, ROUTING_GUARD_METRIC));
	guard->pinned = false;
}

static void
lookup_visit(void *context, const struct nlmsghdr *message)
{
	struct route_seen *found = context, route;

	if (message_read_route(message, &route))
		*found = route;
}

/* False where a route of ours is in the way, or the kernel has no answer. */
static bool
ask_kernel(struct routing *routing, const struct guard *guard, struct route_seen *found)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_message(buffer, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);
	uint8_t family = guard->outside.family;

	header->rtm_family = family;
	header->rtm_dst_len = (uint8_t)ip_family_bits(family);
	header->rtm_flags = RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH;
	mnl_attr_put(message, RTA_DST, ip_family_bytes(family), guard->outside.bytes);
	*found = (struct route_seen){0};
	return netlink_ask(&routing->netlink, message, lookup_visit, found) == 0 &&
	       found->protocol != ROUTING_PROTOCOL && found->type == RTN_UNICAST && !found->dead &&
	       (found->ifindex != 0 || found->nexthop != 0);
}

static void
look_again(struct routing *routing, struct guard *guard)
{
	guard->curious = true;
	audit_start(routing);
}

static void
protect(struct routing *routing, struct guard *guard)
{
	struct route_seen found;

	if (guard->pinned || !routing->install)
		return;
	if (ask_kernel(routing, guard, &found))
		pin(routing, guard, &found);
	else
		look_again(routing, guard);
}

void
routing_guard_add(struct routing *routing, const struct ip_address *outside)
{
	struct guard *guard = guard_find(routing, outside);
	size_t at;

	if (!ip_address_is_set(outside))
		return;
	if (guard != NULL) {
		guard->uses++;
		return;
	}
	guard = memory_zeroed(1, sizeof(*guard));
	guard->outside = *outside;
	guard->uses = 1;
	at = guard_lower(routing, outside);
	routing->guards = memory_resize(routing->guards, (routing->guard_count + 1) * sizeof(struct guard *));
	memmove(&routing->guards[at + 1], &routing->guards[at],
		(routing->guard_count++ - at) * sizeof(struct guard *));
	routing->guards[at] = guard;
	if (is_covered(routing, guard))
		protect(routing, guard);
}

void
routing_guard_remove(struct routing *routing, const struct ip_address *outside)
{
	struct guard *guard = guard_find(routing, outside);
	size_t at = guard_lower(routing, outside);

	if (guard == NULL || --guard->uses > 0)
		return;
	unpin(routing, guard);
	free(guard);
	memmove(&routing->guards[at], &routing->guards[at + 1],
		(--routing->guard_count - at) * sizeof(struct guard *));
}

void
guard_prefix_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	if (!routing->install)
		return;
	for (size_t i = guard_lower(routing, &prefix->address);
	     i < routing->guard_count && ip_prefix_contains(prefix, &routing->guards[i]->outside); i++)
		if (is_covered(routing, routing->guards[i]))
			protect(routing, routing->guards[i]);
}

void
guard_underlay_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	size_t from = prefix != NULL ? guard_lower(routing, &prefix->address) : 0;

	for (size_t i = from; i < routing->guard_count; i++) {
		struct guard *guard = routing->guards[i];

		if (prefix != NULL && !ip_prefix_contains(prefix, &guard->outside))
			break;
		if (guard->pinned)
			look_again(routing, guard);
	}
}

void
guard_route_lost(struct routing *routing, const struct ip_prefix *prefix)
{
	struct guard *guard = guard_find(routing, &prefix->address);

	if (guard == NULL || !guard->pinned || prefix->length != ip_family_bits(prefix->address.family))
		return;
	guard->pinned = false;
	if (is_covered(routing, guard))
		pin(routing, guard, &guard->underlay);
}

bool
guard_has(const struct routing *routing, const struct ip_prefix *prefix)
{
	const struct guard *guard = guard_find(routing, &prefix->address);

	return guard != NULL && guard->pinned && prefix->length == ip_family_bits(prefix->address.family);
}

bool
guard_curious(const struct routing *routing)
{
	for (size_t i = 0; i < routing->guard_count; i++)
		if (routing->guards[i]->curious)
			return true;
	return false;
}

void
guard_audit_start(struct routing *routing, uint8_t family)
{
	for (size_t i = 0; i < routing->guard_count; i++)
		if (routing->guards[i]->outside.family == family)
			routing->guards[i]->found = (struct route_seen){0};
}

void
guard_audit_route(struct routing *routing, const struct route_seen *route)
{
	if (route->type != RTN_UNICAST || route->dead || (route->ifindex == 0 && route->nexthop == 0))
		return;
	for (size_t i = guard_lower(routing, &route->prefix.address);
	     i < routing->guard_count && ip_prefix_contains(&route->prefix, &routing->guards[i]->outside);
	     i++) {
		struct route_seen *found = &routing->guards[i]->found;

		if (found->prefix.address.family == AF_UNSPEC ||
		    route->prefix.length > found->prefix.length ||
		    (route->prefix.length == found->prefix.length && route->metric < found->metric))
			*found = *route;
	}
}

void
guard_audit_done(struct routing *routing, uint8_t family)
{
	for (size_t i = 0; i < routing->guard_count; i++) {
		struct guard *guard = routing->guards[i];

		if (guard->outside.family != family || !guard->curious)
			continue;
		guard->curious = false;
		if (guard->pinned || is_covered(routing, guard))
			pin(routing, guard, &guard->found);
	}
}

void
guard_work(struct routing *routing)
{
	if (!routing->unpin)
		return;
	routing->unpin = false;
	for (size_t i = 0; i < routing->guard_count; i++)
		if (routing->guards[i]->pinned && !is_covered(routing, routing->guards[i]))
			unpin(routing, routing->guards[i]);
}

void
guard_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->guard_count; i++)
		free(routing->guards[i]);
	free(routing->guards);
}
