// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plan is carried out, in two steps with a moment between them: first what goes is told to the peers
 * (Cease, Delete) while its interfaces still stand, then it is taken away and what is new is made. What the
 * plan does not name is not touched; it only learns where its configuration stands now.
 *
 * A connection that is made anew keeps its group: what it taught, and its floors, stay unreachable
 * meanwhile instead of following another route into the clear.
 */
#include "core/gateway_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- what goes --------------------------------------------------------------------------------- */

static void
leave(struct gateway_connection *connection, const char *cause)
{
	connection->leaving = true;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		gateway_liveness_excuse(&connection->tunnels[i]);
		gateway_tunnel_close_peer(&connection->tunnels[i]);
		gateway_tunnel_hang_up(&connection->tunnels[i], cause);
	}
}

static void
hang_up(struct gateway *gateway, const struct text_list *names, bool peer, const char *cause)
{
	for (size_t i = 0; i < names->count; i++) {
		struct gateway_tunnel *tunnel = gateway_tunnel_find(gateway, names->items[i]);

		if (tunnel == NULL || tunnel->connection->leaving)
			continue;
		gateway_liveness_excuse(tunnel);
		if (peer)
			gateway_tunnel_close_peer(tunnel);
		gateway_tunnel_hang_up(tunnel, cause);
	}
}

static bool
goes(const struct gateway_plan *plan, enum config_part part, const char *name)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == part && change->kind == CONFIG_REMOVED && strcmp(change->name, name) == 0)
			return true;
	}
	return text_list_has(&plan->remade, name);
}

void
gateway_apply_begin(struct gateway *gateway, const struct gateway_plan *plan, const char *cause)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		if (goes(plan, CONFIG_PART_CONNECTION, gateway->connections[i]->config->name))
			leave(gateway->connections[i], cause);
	}
	hang_up(gateway, &plan->redone, true, cause);
	hang_up(gateway, &plan->dialled, false, cause);
	for (size_t i = 0; i < gateway->config->peer_count; i++) {
		if (goes(plan, CONFIG_PART_PEER, gateway->config->peers[i].name))
			gateway_own_peer_close(gateway, gateway->config->peers[i].name);
	}
}

/* --- interfaces that go ------------------------------------------------------------------------ */

/* The kernel takes some 20 ms for each: many are spread, so that the loop goes on meanwhile. */
#define AT_ONCE 8
#define SPREAD_MS 20

static void
on_clearing(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;

	gateway->plane_ops->tunnel_remove(gateway->plane, gateway->doomed[--gateway->doomed_count]);
	if (gateway->doomed_count == 0)
		uv_timer_stop(timer);
}

/* `at_once` counts down. What has to wait has lost its addresses, which others may get. */
static void
remove_interface(struct gateway *gateway, const struct gateway_tunnel *tunnel, unsigned *at_once)
{
	if (tunnel->interface[0] != '\0') {
		routing_interface_clear(gateway->routing, tunnel->interface, AF_INET);
		routing_interface_clear(gateway->routing, tunnel->interface, AF_INET6);
	}
	if (*at_once != 0) {
		--*at_once;
		gateway->plane_ops->tunnel_remove(gateway->plane, tunnel->config->id);
		return;
	}
	gateway->doomed =
	    memory_resize(gateway->doomed, (gateway->doomed_count + 1) * sizeof(*gateway->doomed));
	gateway->doomed[gateway->doomed_count++] = tunnel->config->id;
	if (!uv_is_active((uv_handle_t *)&gateway->clearing))
		uv_timer_start(&gateway->clearing, on_clearing, SPREAD_MS, SPREAD_MS);
}

/* --- connections that go ----------------------------------------------------------------------- */

/* What a connection that is made anew hands on to its successor. */
struct heritage {
	char *name;
	uint32_t group;
	bool disabled[FAILOVER_MEMBERS];
	struct ip_prefix *held;
	size_t held_count, held_size;
	uint64_t prefixes;
};

struct heritages {
	struct heritage *items;
	size_t count;
};

static void
bequeath(struct gateway_connection *connection, struct heritages *heritages)
{
	struct heritage *heritage;

	heritages->items =
	    memory_resize(heritages->items, (heritages->count + 1) * sizeof(*heritages->items));
	heritage = &heritages->items[heritages->count++];
	*heritage = (struct heritage){.name = text_copy(connection->config->name),
				      .group = connection->group,
				      .held = connection->held,
				      .held_count = connection->held_count,
				      .held_size = connection->held_size,
				      .prefixes = connection->prefixes};
	connection->held = NULL;
	connection->held_count = connection->held_size = 0;
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		heritage->disabled[i] =
		    connection->tunnels[i].disabled && connection->tunnels[i].waiting.deed == GATEWAY_NOTHING;
}

static void
take_away(struct gateway_connection *connection, const struct config *after, unsigned *at_once)
{
	struct gateway *gateway = connection->gateway;
	const char *name = connection->config->name;
	const struct config_connection *next = config_find_connection(after, name);

	if (connection->failover != NULL)
		gateway_usage_end(connection);
	failover_free(connection->failover);
	connection->failover = NULL;
	gateway_routes_release(connection);
	routing_group_remove(gateway->routing, connection->group);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		/* The ids of one that is made anew are taken again at once. */
		remove_interface(gateway, tunnel, next != NULL ? &(unsigned){1} : at_once);
		if (next == NULL || i >= next->tunnel_count)
			model_store_remove(gateway->store, MODEL_KIND_TUNNEL, tunnel->config->name);
	}
	if (next == NULL)
		model_store_remove(gateway->store, MODEL_KIND_CONNECTION, name);
	gateway_connection_free(connection);
}

static void
take_away_all(struct gateway *gateway, const struct gateway_plan *plan, const struct config *after,
	      struct heritages *heritages)
{
	unsigned at_once = AT_ONCE;

	for (size_t i = gateway->connection_count; i-- > 0;) {
		struct gateway_connection *connection = gateway->connections[i];

		if (!goes(plan, CONFIG_PART_CONNECTION, connection->config->name))
			continue;
		if (config_find_connection(after, connection->config->name) != NULL)
			bequeath(connection, heritages);
		take_away(connection, after, &at_once);
	}
}

/* --- the configuration changes hands ----------------------------------------------------------- */

/* A tunnel keeps its id, which names its interface, for as long as it has its name. */
static void
number_tunnels(const struct gateway *gateway, struct config *after)
{
	size_t most = gateway->tunnel_id_room + 1;
	bool *taken;
	uint32_t next = 1;

	for (size_t i = 0; i < after->connection_count; i++)
		most += after->connections[i].tunnel_count;
	taken = memory_zeroed(most + 1, sizeof(*taken));
	for (size_t i = 0; i < gateway->doomed_count; i++)
		taken[gateway->doomed[i]] = true;
	for (size_t i = 0; i < gateway->config->connection_count; i++) {
		const struct config_connection *connection = &gateway->config->connections[i];
		struct config_connection *same = config_find_connection(after, connection->name);

		for (size_t k = 0; k < connection->tunnel_count; k++) {
			if (connection->tunnels[k].id <= most)
				taken[connection->tunnels[k].id] = true;
			if (same != NULL && k < same->tunnel_count)
				same->tunnels[k].id = connection->tunnels[k].id;
		}
	}
	for (size_t i = 0; i < after->connection_count; i++) {
		struct config_connection *connection = &after->connections[i];
		const struct config_connection *same =
		    config_find_connection(gateway->config, connection->name);

		for (size_t k = same != NULL ? same->tunnel_count : 0; k < connection->tunnel_count; k++) {
			while (next < most && taken[next])
				next++;
			taken[next] = true;
			connection->tunnels[k].id = next;
		}
	}
	free(taken);
}

static void
point_at(struct gateway *gateway, struct config *after)
{
	gateway->config = after;
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		connection->config = config_find_connection(after, connection->config->name);
		for (unsigned k = 0; k < connection->tunnel_count; k++)
			connection->tunnels[k].config = &connection->config->tunnels[k];
	}
}

/* --- what stays, with other values ------------------------------------------------------------- */

/* Notes the first failure; the others are as bad, and all is turned back. */
static void
keep_first(struct error *err, const struct error *now)
{
	if (err->text[0] == '\0')
		*err = *now;
}

static void
set_limits(struct bgp_peer *peer, const struct config_bgp *bgp)
{
	if (peer != NULL)
		bgp_peer_set_limits(peer, bgp->hold_s, bgp->keepalive_s, bgp->max_prefixes);
}

/* Whether a key that begins so is another for the tunnel. */
static bool
has_changed(const struct gateway_plan *plan, const char *tunnel, const char *key)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == CONFIG_PART_TUNNEL && strncmp(change->key, key, strlen(key)) == 0 &&
		    strcmp(change->name, tunnel) == 0)
			return true;
	}
	return false;
}

/* The tunnel's SAs, and with `peer` its session, are closed already. */
static bool
dial_anew(struct gateway_tunnel *tunnel, bool peer, struct error *err)
{
	struct gateway *gateway = tunnel->gateway;

	gateway_tunnel_describe(tunnel);
	if (!gateway_liveness_ready(gateway, tunnel->config, &tunnel->probe, err) ||
	    !gateway_tunnel_set_interface(tunnel, err))
		return false;
	if (peer) {
		if (!gateway_tunnel_open_peer(tunnel, err))
			return false;
		failover_member_renewed(tunnel->connection->failover, tunnel->member);
	} else {
		gateway_tunnel_guard(tunnel);
	}
	return gateway_tunnel_dial(tunnel, err);
}

static void
change_tunnel(struct gateway_tunnel *tunnel, const struct config_tunnel *before,
	      const struct gateway_plan *plan, struct error *err)
{
	const char *name = tunnel->config->name;
	bool redone = text_list_has(&plan->redone, name), dialled = text_list_has(&plan->dialled, name);
	struct error now;

	set_limits(tunnel->peer, &tunnel->config->bgp);
	if (redone || dialled) {
		if (!dial_anew(tunnel, redone, &now))
			keep_first(err, &now);
	} else {
		if (tunnel->config->mtu != before->mtu && !gateway_tunnel_set_interface(tunnel, &now))
			keep_first(err, &now);
		gateway_liveness_change(tunnel, &before->bfd, has_changed(plan, name, "bfd."),
					has_changed(plan, name, "health."));
		if (text_list_has(&plan->restarted, name) && tunnel->peer != NULL) {
			gateway_liveness_excuse(tunnel);
			bgp_peer_reset(tunnel->peer, false);
		}
	}
	gateway_peer_publish(tunnel);
	gateway_tunnel_publish(tunnel);
}

/* The names of what has changed, each once. */
static void
changed_names(const struct gateway_plan *plan, enum config_part part, struct text_list *names)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == part && change->kind == CONFIG_CHANGED &&
		    (names->count == 0 || strcmp(names->items[names->count - 1], change->name) != 0))
			text_list_add(names, change->name);
	}
}

static const struct config_tunnel *
find_tunnel(const struct config *config, const struct gateway_tunnel *tunnel)
{
	const struct config_connection *connection =
	    config_find_connection(config, tunnel->connection->config->name);

	return connection != NULL && tunnel->member < connection->tunnel_count
		   ? &connection->tunnels[tunnel->member]
		   : NULL;
}

static void
change_all(struct gateway *gateway, const struct gateway_plan *plan, const struct config *before,
	   struct error *err)
{
	struct text_list connections = {0}, tunnels = {0}, peers = {0};

	changed_names(plan, CONFIG_PART_CONNECTION, &connections);
	changed_names(plan, CONFIG_PART_TUNNEL, &tunnels);
	changed_names(plan, CONFIG_PART_PEER, &peers);
	for (size_t i = 0; i < tunnels.count; i++) {
		struct gateway_tunnel *tunnel = gateway_tunnel_find(gateway, tunnels.items[i]);

		/* Those of connections that are made anew have all of it already. */
		if (tunnel != NULL && !text_list_has(&plan->remade, tunnel->connection->config->name))
			change_tunnel(tunnel, find_tunnel(before, tunnel), plan, err);
	}
	for (size_t i = 0; i < connections.count; i++) {
		struct gateway_connection *connection =
		    gateway_connection_find(gateway, connections.items[i]);

		if (connection == NULL)
			continue;
		gateway_connection_describe(connection); /* and the rules of the choice */
		failover_set_mode(connection->failover,
				  connection->config->mode == CONFIG_MODE_ACTIVE_ACTIVE);
		gateway_connection_publish(connection);
	}
	for (size_t i = 0; i < peers.count; i++)
		set_limits(bgp_peer_find(gateway->bgp, peers.items[i]),
			   &config_find_peer(gateway->config, peers.items[i])->bgp);
	text_list_free(&connections);
	text_list_free(&tunnels);
	text_list_free(&peers);
}

/* --- what comes -------------------------------------------------------------------------------- */

static void
inherit(struct gateway_connection *connection, struct heritage *heritage)
{
	connection->held = heritage->held;
	connection->held_count = heritage->held_count;
	connection->held_size = heritage->held_size;
	connection->prefixes = heritage->prefixes;
	heritage->held = NULL;
	for (unsigned i = 0; i < connection->tunnel_count && i < FAILOVER_MEMBERS; i++)
		connection->tunnels[i].disabled = heritage->disabled[i];
}

/* All but the dialling. */
static bool
connection_make(struct gateway *gateway, const struct config_connection *config, struct heritages *heritages,
		struct error *err)
{
	struct gateway_connection *connection;
	struct heritage *heritage = NULL;

	for (size_t i = 0; i < heritages->count; i++) {
		if (strcmp(heritages->items[i].name, config->name) == 0)
			heritage = &heritages->items[i];
	}
	if (!gateway_connection_open(gateway, config, heritage != NULL ? heritage->group : 0, err))
		return false;
	connection = gateway->connections[gateway->connection_count - 1];
	if (heritage != NULL)
		inherit(connection, heritage);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		if (!gateway_liveness_ready(gateway, tunnel->config, &tunnel->probe, err) ||
		    !gateway_tunnel_open_peer(tunnel, err))
			return false;
	}
	gateway_usage_begin(connection);
	return true;
}

/* Makes what is in the configuration and not there; dialled are they later, when the floors lie. */
static void
make_all(struct gateway *gateway, struct heritages *heritages, struct text_list *made, struct error *err)
{
	const struct config *config = gateway->config;
	struct error now;

	for (size_t i = 0; i < config->connection_count; i++) {
		const char *name = config->connections[i].name;

		if (gateway_connection_find(gateway, name) != NULL)
			continue;
		if (connection_make(gateway, &config->connections[i], heritages, &now)) {
			text_list_add(made, name);
			continue;
		}
		keep_first(err, &now);
		leave(gateway->connections[gateway->connection_count - 1], now.text);
		take_away(gateway->connections[gateway->connection_count - 1], config,
			  &(unsigned){FAILOVER_MEMBERS});
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		if (bgp_peer_find(gateway->bgp, config->peers[i].name) == NULL &&
		    !gateway_own_peer_open(gateway, &config->peers[i], &now))
			keep_first(err, &now);
	}
}

static void
dial_made(struct gateway *gateway, const struct text_list *made, struct error *err)
{
	struct error now;

	if (made->count == 0)
		return;
	gateway_kept_load(gateway);
	for (size_t i = 0; i < made->count; i++) {
		struct gateway_connection *connection = gateway_connection_find(gateway, made->items[i]);

		for (unsigned k = 0; k < connection->tunnel_count; k++) {
			if (!gateway_tunnel_dial(&connection->tunnels[k], &now))
				keep_first(err, &now);
		}
		gateway_connection_publish(connection);
	}
}

static void
heritages_free(struct gateway *gateway, struct heritages *heritages)
{
	for (size_t i = 0; i < heritages->count; i++) {
		struct heritage *heritage = &heritages->items[i];

		/* One that could not be made: nobody holds its prefixes any more. */
		for (size_t k = 0; heritage->held != NULL && k < heritage->held_count; k++)
			routing_withdraw(gateway->routing, &heritage->held[k], ROUTING_PROTECT);
		free(heritage->held);
		free(heritage->name);
	}
	free(heritages->items);
}

bool
gateway_apply(struct gateway *gateway, const struct gateway_plan *plan, struct config *after,
	      struct config **before, struct error *err)
{
	struct heritages heritages = {0};
	struct text_list made = {0};

	err->text[0] = '\0';
	number_tunnels(gateway, after);
	take_away_all(gateway, plan, after, &heritages);
	*before = gateway->config;
	point_at(gateway, after);
	make_all(gateway, &heritages, &made, err);
	heritages_free(gateway, &heritages);
	gateway_routes_configure(gateway, *before);
	if (made.count != 0)
		routing_flush(gateway->routing);
	change_all(gateway, plan, *before, err);
	dial_made(gateway, &made, err);
	gateway_show_networks(gateway);
	text_list_free(&made);
	return err->text[0] == '\0';
}
