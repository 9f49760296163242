// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes: from the speaker's choice to routing's candidates, and the large tables (routes, received,
 * advertised) as pages of rows. BGP and routing don't know each other; they meet here.
 *
 * What a connection taught is protected while the connection is down: when BGP loses a prefix because the
 * sessions of its connection are gone, the prefix is offered as ROUTING_PROTECT and stays unreachable instead
 * of following a less specific route into the clear. It is let go when the connection has been back for a
 * while without it.
 */
#include "core/gateway_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* How long a connection that came back may take to teach its prefixes again. */
#define SETTLE_TIME (30 * USEC_PER_SEC)
/* A tunnel that waits for its peer lets it open the BGP session as well: two that connect at once collide. */
#define LISTEN_FIRST_MS 10000

struct gateway_connection *
gateway_connection_of_group(struct gateway *gateway, uint32_t group)
{
	/* Mostly in their order: groups are counted up, and few are ever removed. */
	size_t from = group != 0 && group <= gateway->connection_count ? group : gateway->connection_count;

	for (size_t i = from; group != 0 && i > 0; i--) {
		if (gateway->connections[i - 1]->group == group)
			return gateway->connections[i - 1];
	}
	for (size_t i = from; group != 0 && i < gateway->connection_count; i++) {
		if (gateway->connections[i]->group == group)
			return gateway->connections[i];
	}
	return NULL;
}

struct gateway_tunnel *
gateway_tunnel_of_peer(struct gateway *gateway, const struct bgp_peer *peer)
{
	struct gateway_connection *connection =
	    peer != NULL ? gateway_connection_of_group(gateway, bgp_peer_group(peer)) : NULL;

	/* Paths of a removed session are known for a moment after its connection was made anew. */
	return connection != NULL && bgp_peer_member(peer) < connection->tunnel_count
		   ? &connection->tunnels[bgp_peer_member(peer)]
		   : NULL;
}

/* --- from BGP to routing ----------------------------------------------------------------------- */

static bool
any_established(const struct gateway_connection *connection)
{
	struct bgp_peer_status status;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (connection->tunnels[i].peer == NULL)
			continue;
		bgp_peer_status(connection->tunnels[i].peer, &status);
		if (status.state == BGP_ESTABLISHED)
			return true;
	}
	return false;
}

static void
hold(struct gateway_connection *connection, const struct ip_prefix *prefix)
{
	struct routing_candidate candidate = {.source = ROUTING_PROTECT, .group = connection->group};

	if (connection->held_count == connection->held_size) {
		connection->held_size = connection->held_size != 0 ? connection->held_size * 2 : 64;
		connection->held =
		    memory_resize(connection->held, connection->held_size * sizeof(*connection->held));
	}
	connection->held[connection->held_count++] = *prefix;
	routing_offer(connection->gateway->routing, prefix, &candidate);
}

static bool
is_configured_floor(const struct gateway_connection *connection, const struct ip_prefix *prefix)
{
	const struct config_prefixes *lists[] = {&connection->config->protect, &connection->config->routes};

	for (size_t k = 0; k < COUNT_OF(lists); k++) {
		for (size_t i = 0; i < lists[k]->count; i++) {
			if (ip_prefix_equal(&lists[k]->items[i], prefix))
				return true;
		}
	}
	return false;
}

static void
release_held(struct gateway_connection *connection)
{
	for (size_t i = 0; i < connection->held_count; i++) {
		if (!is_configured_floor(connection, &connection->held[i]))
			routing_withdraw(connection->gateway->routing, &connection->held[i], ROUTING_PROTECT);
	}
	connection->held_count = 0;
	connection->settled_at = 0;
}

void
gateway_routes_tick(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		if (connection->held_count == 0)
			continue;
		if (!any_established(connection))
			connection->settled_at = 0;
		else if (connection->settled_at == 0)
			connection->settled_at = clock_monotonic() + SETTLE_TIME;
		else if (clock_monotonic() >= connection->settled_at)
			release_held(connection);
	}
}

static void
on_route_changed(void *context, const struct bgp_change *change)
{
	struct gateway *gateway = context;
	struct gateway_connection *before = NULL, *after;
	struct routing_state state;

	if (routing_lookup(gateway->routing, &change->prefix, &state) && state.best == ROUTING_BGP)
		before = gateway_connection_of_group(gateway, state.candidate.group);
	after = gateway_connection_of_group(gateway, change->best != NULL ? change->group : 0);
	if (change->best == NULL || change->best->peer == NULL) {
		if (change->best == NULL && before != NULL && !gateway->stopping && !any_established(before))
			hold(before, &change->prefix);
		routing_withdraw(gateway->routing, &change->prefix, ROUTING_BGP);
	} else {
		struct routing_candidate candidate = {
		    .source = ROUTING_BGP,
		    .group = change->group,
		    .members = change->members,
		    .next_hop = change->best->next_hop,
		    .backup_group = change->backup_group,
		    .backup_members = change->backup_members,
		};

		routing_offer(gateway->routing, &change->prefix, &candidate);
	}
	if (before != after) {
		if (before != NULL && before->prefixes != 0)
			before->prefixes--;
		if (after != NULL)
			after->prefixes++;
	}
}

/* --- sessions as rows -------------------------------------------------------------------------- */

static void
publish_peer(struct gateway *gateway, struct bgp_peer *peer)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_PEER);
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(gateway, peer);
	struct bgp_peer_status status;
	struct model_peer row;
	char text[IP_ADDRESS_TEXT];

	bgp_peer_status(peer, &status);
	model_row_init(info->shape, &row);
	model_set(&row.name, status.name);
	model_set(&row.tunnel, tunnel != NULL ? tunnel->config->name : NULL);
	row.local_asn = status.local_asn;
	row.remote_asn = status.remote_asn;
	if (ip_address_is_set(&status.local))
		model_set(&row.local_address, ip_address_format(&status.local, text));
	model_set(&row.remote_address, ip_address_format(&status.remote, text));
	if (status.remote_router_id != 0) {
		struct ip_address id = ip_address_v4(status.remote_router_id);

		model_set(&row.remote_router_id, ip_address_format(&id, text));
	}
	model_set(&row.state, bgp_state_name(status.state));
	row.shut_down = status.shut_down;
	if (status.state == BGP_ESTABLISHED) {
		row.established_at = clock_wall_of(status.established_at) / 1000000 * 1000000;
		row.hold_seconds = status.hold_s;
		row.keepalive_seconds = status.keepalive_s;
	}
	row.received = status.received;
	row.accepted = status.accepted;
	row.max_prefixes = status.max_prefixes != 0 ? status.max_prefixes : MODEL_UINT_UNSET;
	row.advertised = status.advertised;
	row.local_preference = status.local_preference;
	row.med_out = status.med_out != UINT32_MAX ? status.med_out : MODEL_UINT_UNSET;
	for (size_t i = 0; i < status.capability_count; i++)
		text_list_add(&row.capabilities, status.capabilities[i]);
	row.messages_in = status.messages_in;
	row.messages_out = status.messages_out;
	row.flaps = status.flaps;
	if (status.last_error.set) {
		row.last_error.set = true;
		row.last_error.code = status.last_error.code;
		row.last_error.subcode = status.last_error.subcode;
		model_set(&row.last_error.direction, status.last_error.received ? "received" : "sent");
		model_set(&row.last_error.text, status.last_error.text);
		row.last_error.at = clock_wall_of(status.last_error.at) / 1000000 * 1000000;
	}
	if (tunnel != NULL)
		gateway_liveness_fill_peer(tunnel, &row);
	model_store_put(gateway->store, MODEL_KIND_PEER, &row);
	model_row_clear(info->shape, &row);
}

void
gateway_peer_publish(struct gateway_tunnel *tunnel)
{
	if (tunnel->peer != NULL)
		publish_peer(tunnel->gateway, tunnel->peer);
}

static void
on_peer_changed(void *context, struct bgp_peer *peer)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(gateway, peer);
	struct bgp_peer_status status;

	if (gateway->stopping)
		return;
	publish_peer(gateway, peer);
	if (tunnel == NULL || tunnel->connection->failover == NULL)
		return;
	bgp_peer_status(peer, &status);
	if (status.state == BGP_ESTABLISHED)
		health_report(tunnel->health, HEALTH_BGP, HEALTH_OK, "BGP is Established");
	else if (status.flaps != 0)
		health_report(tunnel->health, HEALTH_BGP, HEALTH_FAILED,
			      status.last_error.set ? status.last_error.text : "BGP is not Established");
	gateway_tunnel_judge(tunnel, status.state == BGP_ESTABLISHED ? "BGP is Established"
				     : status.last_error.set         ? status.last_error.text
								     : "the BGP session went down");
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}

static void
on_peer_event(void *context, struct bgp_peer *peer, const char *severity, const char *kind, const char *text)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	gateway_event(context, severity, kind, status.name, "%s", text);
}

static void
on_med_changed(void *context, struct bgp_peer *peer, uint32_t lowest)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(context, peer);

	if (tunnel != NULL && tunnel->connection->failover != NULL)
		failover_member_med(tunnel->connection->failover, tunnel->member, lowest);
}

static void
on_teaches_changed(void *context, struct bgp_peer *peer, bool teaches)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(context, peer);

	if (tunnel != NULL && tunnel->connection->failover != NULL)
		failover_member_teaches(tunnel->connection->failover, tunnel->member, teaches);
}

static void
on_graceful_changed(void *context, struct bgp_peer *peer, bool graceful)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(context, peer);

	if (tunnel != NULL && tunnel->connection->failover != NULL)
		failover_member_leaving(tunnel->connection->failover, tunnel->member, graceful);
}

/* --- opening ----------------------------------------------------------------------------------- */

bool
gateway_bgp_open(struct gateway *gateway, struct error *err)
{
	struct bgp_speaker_config config = {
	    .asn = gateway->config->asn,
	    .router_id = ip_address_to_v4(&gateway->config->router_id),
	    .events =
		{
		    .context = gateway,
		    .peer_changed = on_peer_changed,
		    .peer_event = on_peer_event,
		    .route_changed = on_route_changed,
		    .received_changed = gateway_on_received,
		    .advertised_changed = gateway_on_advertised,
		    .med_changed = on_med_changed,
		    .teaches_changed = on_teaches_changed,
		    .graceful_changed = on_graceful_changed,
		},
	};

	gateway->bgp = bgp_speaker_open(&gateway->loop, &config, err);
	return gateway->bgp != NULL;
}

static bool
session_add(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct config_tunnel *config = tunnel->config;
	unsigned family = ip_address_is_set(&config->inside[0].address) ? 0 : 1;
	struct bgp_peer_config peer = {
	    .name = config->name,
	    .local = config->inside[family].address,
	    .remote = config->inside_remote[family],
	    .interface = tunnel->interface,
	    .local_asn = tunnel->gateway->config->asn,
	    .remote_asn = tunnel->connection->config->peer_asn,
	    .hold_s = config->bgp.hold_s,
	    .keepalive_s = config->bgp.keepalive_s,
	    .max_prefixes = config->bgp.max_prefixes,
	    .listen_first_ms = config->start == CONFIG_START_RESPOND ? LISTEN_FIRST_MS : 0,
	    .group = tunnel->connection->group,
	    .member = tunnel->member,
	    .export_networks = true,
	    .export_peers = true,
	    .export_groups = tunnel->gateway->config->role == CONFIG_ROLE_HUB,
	    .local_preference =
		tunnel->member == 0 ? FAILOVER_PREFERENCE_ACTIVE : FAILOVER_PREFERENCE_STANDBY,
	    .med_out = tunnel->member == 0 ? FAILOVER_MED_ACTIVE : FAILOVER_MED_STANDBY,
	};

	tunnel->peer = bgp_peer_add(tunnel->gateway->bgp, &peer, err);
	if (tunnel->peer == NULL)
		return error_prefix(err, "%s", config->name);
	publish_peer(tunnel->gateway, tunnel->peer);
	return true;
}

void
gateway_tunnel_guard(struct gateway_tunnel *tunnel)
{
	struct routing *routing = tunnel->gateway->routing;
	struct ip_address before = tunnel->guarded;

	tunnel->guarded = tunnel->config->remote;
	/* In this order: what stays is not let go in between. */
	routing_guard_add(routing, &tunnel->guarded);
	if (ip_address_is_set(&before))
		routing_guard_remove(routing, &before);
}

bool
gateway_tunnel_open_peer(struct gateway_tunnel *tunnel, struct error *err)
{
	gateway_tunnel_guard(tunnel);
	return tunnel->connection->config->routing != CONFIG_ROUTING_DYNAMIC || session_add(tunnel, err);
}

void
gateway_tunnel_close_peer(struct gateway_tunnel *tunnel)
{
	struct gateway *gateway = tunnel->gateway;

	if (ip_address_is_set(&tunnel->guarded))
		routing_guard_remove(gateway->routing, &tunnel->guarded);
	tunnel->guarded = (struct ip_address){0};
	if (tunnel->peer == NULL)
		return;
	bgp_peer_remove(tunnel->peer);
	tunnel->peer = NULL;
	model_store_remove(gateway->store, MODEL_KIND_PEER, tunnel->config->name);
}

void
gateway_own_peer_close(struct gateway *gateway, const char *name)
{
	struct bgp_peer *peer = bgp_peer_find(gateway->bgp, name);

	if (peer == NULL)
		return;
	bgp_peer_remove(peer);
	model_store_remove(gateway->store, MODEL_KIND_PEER, name);
}

bool
gateway_own_peer_open(struct gateway *gateway, const struct config_peer *config, struct error *err)
{
	struct bgp_peer_config peer = {
	    .name = config->name,
	    .local = config->local,
	    .remote = config->remote,
	    .port = config->port,
	    .local_asn = gateway->config->asn,
	    .remote_asn = config->asn,
	    .hold_s = config->bgp.hold_s,
	    .keepalive_s = config->bgp.keepalive_s,
	    .max_prefixes = config->bgp.max_prefixes,
	    .passive = config->passive,
	    .export_networks = true,
	    .export_peers = true,
	    .export_groups = true,
	    .local_preference = 100,
	    .med_out = UINT32_MAX,
	};
	struct bgp_peer *added = bgp_peer_add(gateway->bgp, &peer, err);

	if (added == NULL)
		return error_prefix(err, "%s", config->name);
	publish_peer(gateway, added);
	bgp_peer_start(added);
	return true;
}

/* --- what the configuration itself names ------------------------------------------------------- */

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

/* Withdraws what only the former configuration named. */
static void
withdraw_former(struct gateway *gateway, const struct config *before, enum routing_source source)
{
	struct config_prefixes was = named_prefixes(before, source),
			       is = named_prefixes(gateway->config, source);

	qsort(is.items, is.count, sizeof(*is.items), compare_prefixes);
	for (size_t i = 0; i < was.count; i++) {
		if (bsearch(&was.items[i], is.items, is.count, sizeof(*is.items), compare_prefixes) == NULL)
			routing_withdraw(gateway->routing, &was.items[i], source);
	}
	free(was.items);
	free(is.items);
}

static void
offer_connection(struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;
	const struct config_prefixes *lists[] = {&connection->config->protect, &connection->config->routes};
	struct routing_candidate floor = {.source = ROUTING_PROTECT, .group = connection->group};
	struct routing_candidate way = {
	    .source = ROUTING_STATIC,
	    .group = connection->group,
	    .members = (1u << connection->tunnel_count) - 1,
	};

	for (size_t i = 0; i < connection->held_count; i++)
		routing_offer(gateway->routing, &connection->held[i], &floor);
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

void
gateway_routes_configure(struct gateway *gateway, const struct config *before)
{
	const struct config_prefixes *networks = &gateway->config->networks;

	if (before != NULL) {
		withdraw_former(gateway, before, ROUTING_STATIC);
		withdraw_former(gateway, before, ROUTING_PROTECT);
		for (size_t i = 0; i < before->networks.count; i++) {
			if (!names_network(gateway->config, &before->networks.items[i]))
				bgp_network_remove(gateway->bgp, &before->networks.items[i]);
		}
	}
	for (size_t i = 0; i < gateway->connection_count; i++)
		offer_connection(gateway->connections[i]);
	for (size_t i = 0; i < networks->count; i++) {
		if (before == NULL || !names_network(before, &networks->items[i]))
			bgp_network_add(gateway->bgp, &networks->items[i]);
	}
}

void
gateway_routes_release(struct gateway_connection *connection)
{
	release_held(connection);
}

bool
gateway_routes_open(struct gateway *gateway, struct error *err)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (!gateway_tunnel_open_peer(gateway->tunnels[i], err))
			return false;
	}
	for (size_t i = 0; i < gateway->config->peer_count; i++) {
		if (!gateway_own_peer_open(gateway, &gateway->config->peers[i], err))
			return false;
	}
	gateway_routes_configure(gateway, NULL);
	routing_flush(gateway->routing); /* the floors lie before anything is started, and said to be */
	gateway_tables_open(gateway);
	return true;
}
