// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an earlier run left in the kernel's table, having been killed or having left it on purpose, and what
 * this run leaves to the next one. All of it has our protocol number.
 *
 * Floors stay for a while, so that nothing leaves in the clear (routing_options.leftover_hold_ms). Where a
 * restart is graceful (RFC 4724, 4.1), so do routes by a next hop outside the tunnels and blackholes, each as
 * a candidate of BGP, and the host routes that hold peers' outside addresses. Routes through tunnels never
 * do: their security associations went with the run that had them.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/text.h"

struct leftovers {
	struct route_seen *routes;
	size_t count;
};

static void
visit(void *context, const struct nlmsghdr *message)
{
	struct leftovers *leftovers = context;
	struct route_seen route;

	if (!message_read_route(message, &route) || route.protocol != ROUTING_PROTOCOL)
		return;
	if ((leftovers->count & (leftovers->count - 1)) == 0)
		leftovers->routes =
		    memory_resize(leftovers->routes, (leftovers->count == 0 ? 1 : leftovers->count * 2) *
							 sizeof(*leftovers->routes));
	leftovers->routes[leftovers->count++] = route;
}

static void
removal_failed(void *context, unsigned index, int error)
{
	if (error != -ESRCH)
		(*(size_t *)context)++;
}

static void
keep_floor(struct routing *routing, const struct ip_prefix *prefix)
{
	struct entry *entry = table_insert(&routing->table, prefix);

	entry->floor = entry->leftover = true;
}

static void
keep_route(struct routing *routing, const struct route_seen *route)
{
	struct routing_candidate candidate = {.source = ROUTING_BGP, .next_hop = route->gateway};

	if (route->type == RTN_BLACKHOLE)
		candidate.discard = ROUTING_DISCARD_BLACKHOLE;
	else
		routing->kept[FAMILY_INDEX(route->prefix.address.family)]++;
	entry_adopt(routing, table_insert(&routing->table, &route->prefix), &candidate);
}

static bool
leads_by_gateway(const struct route_seen *route)
{
	return route->metric == ROUTING_METRIC && route->type == RTN_UNICAST && route->nexthop == 0 &&
	       !route->dead && ip_address_is_set(&route->gateway);
}

/* What was to be discarded is not to get through while nobody is here to say so. */
static bool
discards(const struct route_seen *route)
{
	return route->metric == ROUTING_METRIC && route->type == RTN_BLACKHOLE;
}

/* True where the route stays. */
static bool
stays(struct routing *routing, const struct route_seen *route, enum leftovers_kept keep)
{
	if (keep == LEFTOVERS_NONE)
		return false;
	if (route->metric == ROUTING_FLOOR_METRIC) {
		if (keep != LEFTOVERS_LEAVE)
			keep_floor(routing, &route->prefix);
		return true;
	}
	if (keep == LEFTOVERS_FLOORS)
		return false;
	if (route->metric == ROUTING_GUARD_METRIC) {
		if (keep == LEFTOVERS_ADOPT)
			guard_keep(routing, route);
		return true;
	}
	if (!leads_by_gateway(route) && !discards(route))
		return false;
	if (keep == LEFTOVERS_ADOPT)
		keep_route(routing, route);
	return true;
}

size_t
leftovers_clear(struct routing *routing, enum leftovers_kept keep)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct leftovers leftovers = {0};
	size_t count = nexthops_clear(routing), failed = 0;
	struct netlink_batch *batch = routing->urgent;

	netlink_dump(&routing->netlink, message_dump_routes(buffer, AF_INET, ROUTING_PROTOCOL), visit,
		     &leftovers);
	netlink_dump(&routing->netlink, message_dump_routes(buffer, AF_INET6, ROUTING_PROTOCOL), visit,
		     &leftovers);
	netlink_batch_start(batch, &routing->netlink);
	for (size_t i = 0; i < leftovers.count; i++) {
		const struct route_seen *route = &leftovers.routes[i];
		void *room;

		if (stays(routing, route, keep))
			continue;
		if ((room = netlink_batch_room(batch)) == NULL) {
			netlink_batch_send(batch, removal_failed, &failed);
			netlink_batch_start(batch, &routing->netlink);
			room = netlink_batch_room(batch);
		}
		netlink_batch_add(batch, message_delete(room, &route->prefix, route->metric));
		count++;
	}
	netlink_batch_send(batch, removal_failed, &failed);
	free(leftovers.routes);
	routing->holding = keep == LEFTOVERS_ADOPT;
	return count - failed;
}

void
routing_settle(struct routing *routing)
{
	if (!routing->holding)
		return;
	routing->holding = false;
	routing->settling = true;
	routing->swept = 0;
	guard_settle(routing);
	sync_rescan(routing);
}
