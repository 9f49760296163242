// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a connection taught is protected while the connection is down: when BGP loses a prefix because the
 * sessions of its connection are gone, the prefix is offered as ROUTING_PROTECT and stays unreachable instead
 * of following a less specific route into the clear. It is let go when the connection has been back for a
 * while without it. A session may be back before BGP has told of all that went with the last one: of a large
 * table that takes a while.
 *
 * A connection that a reload takes away leaves that to its heritage (gateway_heritage.c), for as long as it
 * may come back.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_reload_internal.h"

#include <stdlib.h>

/* How long a connection that came back may take to teach its prefixes again. */
#define SETTLE_TIME (30 * USEC_PER_SEC)

/* `untouched`: none that took the place of another whose paths are still being cleared away. */
static bool
any_established(const struct gateway_connection *connection, bool untouched)
{
	struct bgp_peer_status status;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (connection->tunnels[i].peer == NULL)
			continue;
		bgp_peer_status(connection->tunnels[i].peer, &status);
		if (status.state == BGP_ESTABLISHED && !(untouched && status.clearing))
			return true;
	}
	return false;
}

struct gateway_learned *
gateway_learned_of(struct gateway *gateway, uint32_t group)
{
	struct gateway_connection *connection = gateway_connection_of_group(gateway, group);
	struct heritage *heritage =
	    connection == NULL && group != 0 ? gateway_heritage_of_group(gateway, group) : NULL;

	return connection != NULL ? &connection->learned : heritage != NULL ? &heritage->learned : NULL;
}

void
gateway_protect(struct gateway *gateway, uint32_t group, const struct ip_prefix *prefix)
{
	struct gateway_connection *connection = gateway_connection_of_group(gateway, group);
	struct gateway_learned *learned = gateway_learned_of(gateway, group);
	struct routing_candidate candidate = {.source = ROUTING_PROTECT, .group = group};

	if (learned == NULL || gateway->stopping || (connection != NULL && any_established(connection, true)))
		return;
	prefix_set_add(&learned->held, prefix); /* one that comes and goes loses the same ones each time */
	if (connection != NULL)
		connection->settled_at = 0; /* it has as long as the others to come back */
	routing_offer(gateway->routing, prefix, &candidate);
}

/* --- letting go -------------------------------------------------------------------------------- */

/* A prefix that is to stay unreachable, for whom. */
struct claim {
	struct ip_prefix prefix;
	uint32_t group; /* 0: of a connection that is not there (yet): its floor stays as it was offered */
};

struct claims {
	struct claim *items;
	size_t count, room;
};

static void
claim(struct claims *claims, uint32_t group, const struct ip_prefix *prefixes, size_t count)
{
	if (claims->count + count > claims->room) {
		claims->room = 2 * (claims->count + count);
		claims->items = memory_resize(claims->items, claims->room * sizeof(*claims->items));
	}
	for (size_t i = 0; i < count; i++)
		claims->items[claims->count++] = (struct claim){prefixes[i], group};
}

static int
compare_claims(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;

	return ip_prefix_compare(&a->prefix, &b->prefix);
}

/* Of all connections: what the configuration names, and what they hold; but not what `learned` holds. */
static struct claims
collect(struct gateway *gateway, const struct gateway_learned *learned)
{
	const struct config *config = gateway->config;
	struct claims claims = {0};

	for (size_t i = 0; i < config->connection_count; i++) {
		const struct config_connection *named = &config->connections[i];
		const struct gateway_connection *connection = gateway_connection_find(gateway, named->name);
		uint32_t group = connection != NULL ? connection->group : 0;

		claim(&claims, group, named->protect.items, named->protect.count);
		claim(&claims, group, named->routes.items, named->routes.count);
	}
	for (size_t i = 0; i < gateway->connection_count; i++) {
		const struct gateway_connection *connection = gateway->connections[i];

		if (&connection->learned != learned)
			claim(&claims, connection->group, connection->learned.held.items,
			      connection->learned.held.count);
	}
	if (claims.count != 0)
		qsort(claims.items, claims.count, sizeof(*claims.items), compare_claims);
	return claims;
}

/* `learned` (may be NULL) claims none of them. */
static void
let_go(struct gateway *gateway, const struct ip_prefix *prefixes, size_t count,
       const struct gateway_learned *learned)
{
	struct claims claims = {0};

	if (count != 0)
		claims = collect(gateway, learned);
	for (size_t i = 0; i < count; i++) {
		const struct claim wanted = {.prefix = prefixes[i]},
				   *other = claims.count != 0 ? bsearch(&wanted, claims.items, claims.count,
									sizeof(*claims.items), compare_claims)
							      : NULL;

		if (other == NULL) {
			routing_withdraw(gateway->routing, &wanted.prefix, ROUTING_PROTECT);
		} else if (other->group != 0) {
			struct routing_candidate floor = {.source = ROUTING_PROTECT, .group = other->group};

			routing_offer(gateway->routing, &wanted.prefix, &floor);
		}
	}
	free(claims.items);
}

void
gateway_protect_end(struct gateway *gateway, struct gateway_learned *learned)
{
	let_go(gateway, learned->held.items, learned->held.count, learned);
	prefix_set_free(&learned->held);
}

void
gateway_protect_unnamed(struct gateway *gateway, const struct config_prefixes *prefixes)
{
	let_go(gateway, prefixes->items, prefixes->count, NULL);
}

void
gateway_protect_end_static(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		if (connection->config->routing == CONFIG_ROUTING_STATIC &&
		    connection->learned.held.count != 0)
			gateway_protect_end(gateway, &connection->learned);
	}
}

void
gateway_protect_tick(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		if (connection->learned.held.count == 0)
			continue;
		if (!any_established(connection, false)) {
			connection->settled_at = 0;
		} else if (connection->settled_at == 0) {
			connection->settled_at = clock_monotonic() + SETTLE_TIME;
		} else if (clock_monotonic() >= connection->settled_at) {
			gateway_protect_end(gateway, &connection->learned);
			connection->settled_at = 0;
		}
	}
}
