// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses outside of our tunnels, and the way that each has without us: those of peers (guard.c) and next
 * hops (hops.c). As long as no route of ours is in the way, the kernel is asked (RTM_GETROUTE with
 * RTM_F_FIB_MATCH). Later it would answer with our own route, so the next audit looks at all routes and picks
 * the longest of others, as the kernel would.
 */
#include "core/routing/routing_internal.h"

#include <string.h>

#include "core/base/text.h"

size_t
outside_lower(const struct outsides *all, const struct ip_address *address)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ip_address_compare(&all->items[middle]->address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct outside *
outside_find(const struct outsides *all, const struct ip_address *address)
{
	size_t at = outside_lower(all, address);

	return at < all->count && ip_address_equal(&all->items[at]->address, address) ? all->items[at] : NULL;
}

void
outside_add(struct outsides *all, struct outside *added)
{
	size_t at = outside_lower(all, &added->address);

	if ((all->count & (all->count + 1)) == 0)
		all->items = memory_resize(all->items, (all->count * 2 + 1) * sizeof(struct outside *));
	memmove(&all->items[at + 1], &all->items[at], (all->count++ - at) * sizeof(struct outside *));
	all->items[at] = added;
}

void
outside_remove(struct outsides *all, const struct outside *removed)
{
	size_t at = outside_lower(all, &removed->address);

	memmove(&all->items[at], &all->items[at + 1], (--all->count - at) * sizeof(struct outside *));
}

struct ip_prefix
outside_host(const struct outside *outside)
{
	return (struct ip_prefix){outside->address, (uint8_t)ip_family_bits(outside->address.family)};
}

bool
outside_leads(const struct route_seen *way)
{
	return way->ifindex != 0 || way->nexthop != 0;
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

bool
outside_is_covered(const struct routing *routing, const struct outside *outside)
{
	struct ip_prefix host = outside_host(outside);
	bool covered = false;

	table_cover(&routing->table, &host, covers_visit, &covered);
	return covered;
}

/* The longest prefix of a tunnel's that holds an address. */
struct holding {
	const struct routing *routing;
	bool any;
	uint8_t length;
	uint32_t metric;
};

static bool
holding_visit(void *context, void *visited)
{
	const struct entry *entry = visited;
	struct holding *holding = context;
	bool floor = entry->path[ROUTING_PROTECT] != 0 || entry->leftover, tunnel = false;

	for (unsigned source = ROUTING_STATIC; source <= ROUTING_BGP; source++)
		tunnel = tunnel || path_is_tunnels(holding->routing, entry->path[source]);
	if (!floor && !tunnel)
		return true;
	holding->any = true;
	holding->length = entry->node.prefix.length;
	holding->metric = tunnel ? ROUTING_METRIC : ROUTING_FLOOR_METRIC;
	return true;
}

bool
outside_is_inside(const struct routing *routing, const struct outside *outside, const struct route_seen *way)
{
	struct ip_prefix host = outside_host(outside);
	struct holding holding = {.routing = routing};

	if (outside_find(&routing->guards, &outside->address) != NULL)
		return false;
	table_cover(&routing->table, &host, holding_visit, &holding);
	if (!holding.any || !outside_leads(way))
		return holding.any;
	return holding.length > way->prefix.length ||
	       (holding.length == way->prefix.length && holding.metric < way->metric);
}

struct looking {
	struct route_seen found;
	uint8_t type; /* RTN_UNSPEC: no answer */
};

static void
lookup_visit(void *context, const struct nlmsghdr *message)
{
	struct looking *looking = context;
	struct route_seen route;

	if (!message_read_any_route(message, &route))
		return;
	looking->type = route.type;
	if (route.table == RT_TABLE_MAIN)
		looking->found = route;
}

enum outside_answer
outside_ask(struct routing *routing, const struct outside *outside, struct route_seen *found)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_message(buffer, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);
	uint8_t family = outside->address.family;
	struct looking looking = {0};

	header->rtm_family = family;
	header->rtm_dst_len = (uint8_t)ip_family_bits(family);
	/* IPv6 always names the table, and knows no flag for that. */
	header->rtm_flags = RTM_F_FIB_MATCH | (family == AF_INET ? RTM_F_LOOKUP_TABLE : 0);
	mnl_attr_put(message, RTA_DST, ip_family_bytes(family), outside->address.bytes);
	*found = (struct route_seen){0};
	if (netlink_ask(&routing->netlink, message, lookup_visit, &looking) != 0)
		return OUTSIDE_NONE;
	if (looking.type != RTN_UNICAST)
		return looking.type == RTN_LOCAL ? OUTSIDE_HERE : OUTSIDE_NONE;
	*found = looking.found;
	if (found->prefix.address.family == AF_UNSPEC)
		return OUTSIDE_ELSEWHERE;
	if (found->protocol == ROUTING_PROTOCOL)
		return OUTSIDE_OURS;
	return !found->dead && outside_leads(found) ? OUTSIDE_WAY : OUTSIDE_NONE;
}

void
outside_look_again(struct routing *routing, struct outside *outside)
{
	outside->search = SEARCH_WANTED;
	audit_start(routing);
}

/* One that has begun when an audit begins is that of one that came to no end. */
static bool
is_searched(const struct outside *outside)
{
	return outside->search == SEARCH_WANTED || outside->search == SEARCH_BEGUN;
}

static bool
any_curious(const struct outsides *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (is_searched(all->items[i]))
			return true;
	return false;
}

bool
outsides_curious(const struct routing *routing)
{
	return any_curious(&routing->guards) || any_curious(&routing->hops);
}

static void
search_begin(const struct outsides *all, uint8_t family)
{
	for (size_t i = 0; i < all->count; i++) {
		struct outside *outside = all->items[i];

		if (outside->address.family != family || !is_searched(outside))
			continue;
		outside->search = SEARCH_BEGUN;
		outside->found = (struct route_seen){0};
	}
}

void
outsides_audit_start(struct routing *routing, uint8_t family)
{
	search_begin(&routing->guards, family);
	search_begin(&routing->hops, family);
}

static void
offer_route(const struct outsides *all, const struct route_seen *route)
{
	for (size_t i = outside_lower(all, &route->prefix.address);
	     i < all->count && ip_prefix_contains(&route->prefix, &all->items[i]->address); i++) {
		struct route_seen *found = &all->items[i]->found;

		if (all->items[i]->search != SEARCH_BEGUN)
			continue;
		if (found->prefix.address.family == AF_UNSPEC ||
		    route->prefix.length > found->prefix.length ||
		    (route->prefix.length == found->prefix.length && route->metric < found->metric))
			*found = *route;
	}
}

/* What somebody says is unreachable is so, whatever a shorter route says. */
static bool
is_dead_end(const struct route_seen *route)
{
	return route->type == RTN_UNREACHABLE || route->type == RTN_PROHIBIT || route->type == RTN_BLACKHOLE;
}

void
outsides_audit_route(struct routing *routing, const struct route_seen *route)
{
	struct route_seen offered = *route;

	if (is_dead_end(route))
		offered.ifindex = offered.nexthop = 0; /* IPv6 names the loopback interface */
	else if (route->type != RTN_UNICAST || route->dead || !outside_leads(route))
		return;
	offer_route(&routing->guards, &offered);
	offer_route(&routing->hops, &offered);
}

static void
search_end(const struct outsides *all, uint8_t family)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i]->address.family == family && all->items[i]->search == SEARCH_BEGUN)
			all->items[i]->search = SEARCH_DONE;
}

void
outsides_audit_done(struct routing *routing, uint8_t family)
{
	search_end(&routing->guards, family);
	search_end(&routing->hops, family);
	guard_audit_done(routing, family);
	hop_audit_done(routing, family);
}

void
outsides_underlay_changed(struct routing *routing, const struct ip_prefix *prefix)
{
	guard_underlay_changed(routing, prefix);
	hop_underlay_changed(routing, prefix);
}
