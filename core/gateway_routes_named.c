// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes that the configuration itself names: floors and static routes of connections, the gateway's own
 * networks, aggregates; as they are at first, and as a reload changes them.
 */
#include "core/gateway_bgp_internal.h"

#include <stdlib.h>

/* Floors, or static routes, of all connections; sorted. */
static struct config_prefixes
named_prefixes(const struct config *config, enum routing_source source)
{
	struct config_prefixes all = {0};
	size_t room = 0;

	for (size_t i = 0; i < config->connection_count; i++)
		room += config->connections[i].protect.count + config->connections[i].routes.count;
	all.items = memory_zeroed(room + 1, sizeof(*all.items));
	for (size_t i = 0; i < config->connection_count; i++) {
		const struct config_connection *connection = &config->connections[i];

		for (size_t n = 0; source == ROUTING_PROTECT && n < connection->protect.count; n++)
			all.items[all.count++] = connection->protect.items[n];
		for (size_t n = 0;
		     (source == ROUTING_PROTECT || connection->routing == CONFIG_ROUTING_STATIC) &&
		     n < connection->routes.count;
		     n++)
			all.items[all.count++] = connection->routes.items[n];
	}
	return all;
}

static int
compare_prefixes(const void *left, const void *right)
{
	return ip_prefix_compare(left, right);
}

static void
withdraw_former(struct gateway *gateway, const struct config *before, enum routing_source source)
{
	struct config_prefixes was = named_prefixes(before, source),
			       is = named_prefixes(gateway->config, source), gone = {.items = was.items};

	qsort(is.items, is.count, sizeof(*is.items), compare_prefixes);
	for (size_t i = 0; i < was.count; i++) {
		if (bsearch(&was.items[i], is.items, is.count, sizeof(*is.items), compare_prefixes) == NULL)
			gone.items[gone.count++] = was.items[i];
	}
	if (source == ROUTING_PROTECT)
		gateway_protect_unnamed(gateway, &gone);
	for (size_t i = 0; source != ROUTING_PROTECT && i < gone.count; i++)
		routing_withdraw(gateway->routing, &gone.items[i], source);
	free(was.items);
	free(is.items);
}

void
gateway_routes_offer(struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;
	const struct config_prefixes *lists[] = {&connection->config->protect, &connection->config->routes};
	struct routing_candidate floor = {.source = ROUTING_PROTECT, .group = connection->group};
	struct routing_candidate way = {
	    .source = ROUTING_STATIC,
	    .group = connection->group,
	    .members = (1u << connection->tunnel_count) - 1,
	};

	for (size_t i = 0; i < connection->learned.held.count; i++)
		routing_offer(gateway->routing, &connection->learned.held.items[i], &floor);
	for (size_t k = 0; k < COUNT_OF(lists); k++) {
		for (size_t n = 0; n < lists[k]->count; n++)
			routing_offer(gateway->routing, &lists[k]->items[n], &floor);
	}
	if (connection->config->routing != CONFIG_ROUTING_STATIC)
		return;
	for (size_t n = 0; n < connection->config->routes.count; n++)
		routing_offer(gateway->routing, &connection->config->routes.items[n], &way);
}

static bool
names_network(const struct config *config, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < config->networks.count; i++) {
		if (ip_prefix_equal(&config->networks.items[i], prefix))
			return true;
	}
	return false;
}

/* They are there whether their connection is up or not, as the floors beneath them. */
static uint64_t
static_routes_within(const struct gateway *gateway, const struct ip_prefix *prefix)
{
	uint64_t count = 0;

	for (size_t i = 0; i < gateway->config->connection_count; i++) {
		const struct config_connection *connection = &gateway->config->connections[i];

		for (size_t n = 0;
		     connection->routing == CONFIG_ROUTING_STATIC && n < connection->routes.count; n++)
			count += connection->routes.items[n].length > prefix->length &&
				 ip_prefix_covers(prefix, &connection->routes.items[n]);
	}
	return count;
}

static void
configure_aggregates(struct gateway *gateway)
{
	const struct config_aggregates *from = &gateway->config->aggregates;
	struct bgp_aggregate *list = memory_zeroed(from->count + 1, sizeof(*list));

	for (size_t i = 0; i < from->count; i++)
		list[i] = (struct bgp_aggregate){from->items[i].prefix, from->items[i].summary_only,
						 from->items[i].as_set,
						 static_routes_within(gateway, &from->items[i].prefix)};
	bgp_aggregates_set(gateway->bgp, list, from->count);
	free(list);
}

void
gateway_routes_configure(struct gateway *gateway, const struct config *before)
{
	const struct config_prefixes *networks = &gateway->config->networks;

	for (size_t i = 0; before != NULL && i < before->networks.count; i++) {
		if (!names_network(gateway->config, &before->networks.items[i]))
			bgp_network_remove(gateway->bgp, &before->networks.items[i]);
	}
	gateway_records_configure(gateway);
	for (size_t i = 0; i < gateway->connection_count; i++)
		gateway_routes_offer(gateway->connections[i]);
	for (size_t i = 0; i < networks->count; i++) {
		if (before == NULL || !names_network(before, &networks->items[i]))
			bgp_network_add(gateway->bgp, &networks->items[i]);
	}
	configure_aggregates(gateway);
}

void
gateway_routes_forget(struct gateway *gateway, const struct config *before)
{
	withdraw_former(gateway, before, ROUTING_STATIC);
	withdraw_former(gateway, before, ROUTING_PROTECT);
}
