// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels and connections: what IKE (gateway_ike.c), the data plane and BGP tell becomes state, and state
 * becomes rows of the model.
 *
 * A tunnel's state (contract: disabled, idle, connecting, up, draining, down) is derived in one place,
 * tunnel_state(), from a few facts; it is never set. "connecting" is the first try only: a tunnel whose try
 * has failed is "down", with the error and the time of the next try beside it, however often it is tried
 * again.
 */
#include "core/gateway_mtu_internal.h"
#include "core/gateway_operator_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- names and rows ---------------------------------------------------------------------------- */

static const char *
tunnel_state(const struct gateway_tunnel *tunnel, bool drained)
{
	if (tunnel->disabled)
		return "disabled";
	if (tunnel->child_up)
		return drained ? "draining" : "up";
	if (tunnel->failed || tunnel->ever_up)
		return "down";
	if (tunnel->config->start == CONFIG_START_RESPOND && tunnel->row.tries == 0)
		return "idle";
	return "connecting";
}

void
gateway_set_address(char **field, const struct ip_address *address)
{
	char text[IP_ADDRESS_TEXT];

	model_set(field, ip_address_is_set(address) ? ip_address_format(address, text) : "any");
}

void
gateway_tunnel_publish(struct gateway_tunnel *tunnel)
{
	struct failover_status status;
	const char *evidence = NULL;
	enum health_verdict verdict;

	failover_status(tunnel->connection->failover, &status);
	tunnel->row.active = (status.active & (1u << tunnel->member)) != 0;
	model_set(&tunnel->row.state, tunnel_state(tunnel, (status.drained & (1u << tunnel->member)) != 0));
	verdict = health_verdict(tunnel->health, &evidence, NULL);
	model_set(&tunnel->row.health, health_verdict_name(verdict));
	if (tunnel->held_back)
		model_set_format(&tunnel->row.health_reason,
				 "%s; it failed too often and is held back ('auto' lets it go)", evidence);
	else
		model_set(&tunnel->row.health_reason, evidence);
	model_store_put(tunnel->gateway->store, MODEL_KIND_TUNNEL, &tunnel->row);
}

static char *
say_down(const struct gateway_tunnel *tunnel)
{
	const struct model_tunnel *row = &tunnel->row;
	const char *why = row->last_error.set ? row->last_error.text : row->health_reason;

	return text_format("%s is down%s%s", tunnel->config->name, why != NULL ? ": " : "",
			   why != NULL ? why : "");
}

/* The worst trouble of a connection in words, or NULL. */
static char *
attention(const struct gateway_connection *connection)
{
	struct failover_status moves;

	failover_status(connection->failover, &moves);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const struct gateway_tunnel *tunnel = &connection->tunnels[i];

		if (tunnel->disabled)
			continue;
		if (!tunnel->child_up && (tunnel->failed || tunnel->ever_up))
			return say_down(tunnel);
		if (tunnel->interface_lost)
			return text_format("%s: its interface was removed and can't be made anew",
					   tunnel->config->name);
		if (tunnel->child_up && !gateway_liveness_allows(tunnel))
			return text_format("%s carries nothing: %s", tunnel->config->name,
					   tunnel->row.health_reason != NULL ? tunnel->row.health_reason
									     : "");
		if (tunnel->child_up && tunnel->peer != NULL) {
			struct bgp_peer_status status;

			bgp_peer_status(tunnel->peer, &status);
			if (status.shut_down)
				return text_format("%s: BGP is shut down by an operator",
						   tunnel->config->name);
			if (status.state != BGP_ESTABLISHED && status.last_error.set)
				return text_format("%s: BGP is %s: %s", tunnel->config->name,
						   bgp_state_name(status.state), status.last_error.text);
			if (moves.untaught & 1u << i)
				return text_format("%s: its peer advertises nothing", tunnel->config->name);
		}
	}
	return gateway_usage_attention(connection);
}

static void
publish_last_move(struct gateway_connection *connection, const struct failover_move *move)
{
	struct model_last_failover *last = &connection->row.last_failover;
	const struct gateway_tunnel *tunnels = connection->tunnels;

	last->set = move->set;
	if (!move->set)
		return;
	last->at = move->at;
	model_set(&last->from, move->from >= 0 ? tunnels[move->from].config->name : NULL);
	model_set(&last->to, move->to >= 0 ? tunnels[move->to].config->name : NULL);
	model_set(&last->cause, move->cause);
	last->outage_ms = move->outage_ms;
}

void
gateway_connection_publish(struct gateway_connection *connection)
{
	struct model_connection *row = &connection->row;
	struct failover_status status;
	struct bgp_peer_status peer;
	uint64_t up = 0, disabled = 0, rx = 0, tx = 0;
	char *text;

	failover_status(connection->failover, &status);
	text_list_free(&row->active);
	row->prefixes_advertised = MODEL_UINT_UNSET;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		up += (status.usable & (1u << i)) != 0;
		disabled += tunnel->disabled;
		rx += tunnel->row.rx_bps != MODEL_UINT_UNSET ? tunnel->row.rx_bps : 0;
		tx += tunnel->row.tx_bps != MODEL_UINT_UNSET ? tunnel->row.tx_bps : 0;
		if ((status.active & (1u << i)) == 0)
			continue;
		text_list_add(&row->active, tunnel->config->name);
		if (tunnel->peer != NULL && row->prefixes_advertised == MODEL_UINT_UNSET) {
			bgp_peer_status(tunnel->peer, &peer);
			row->prefixes_advertised = peer.advertised;
		}
	}
	if ((up != 0) != connection->available)
		gateway_usage_note(connection);
	model_set(&row->state, disabled == connection->tunnel_count ? "disabled"
			       : up == connection->tunnel_count     ? "up"
			       : up != 0                            ? "degraded"
								    : "down");
	row->pinned = status.pinned;
	model_set(&row->preferred, status.preferred_member >= 0
				       ? connection->tunnels[status.preferred_member].config->name
				       : NULL);
	row->moving = status.moving;
	row->confirm_until = gateway_waiting_first(connection, &text);
	model_set(&row->unconfirmed, text);
	free(text);
	row->tunnels_up = up;
	row->tunnels_total = connection->tunnel_count;
	row->failovers = status.failovers;
	publish_last_move(connection, &status.last);
	row->prefixes_received = connection->config->routing == CONFIG_ROUTING_DYNAMIC
				     ? connection->learned.prefixes
				     : connection->config->routes.count;
	row->rx_bps = rx;
	row->tx_bps = tx;
	text = attention(connection);
	model_set(&row->attention, text);
	free(text);
	model_store_put(connection->gateway->store, MODEL_KIND_CONNECTION, row);
}

void
gateway_publish(struct gateway *gateway)
{
	uint64_t up = 0, rx = 0, tx = 0;

	for (size_t i = 0; i < gateway->connection_count; i++) {
		const struct model_connection *row = &gateway->connections[i]->row;

		up += row->tunnels_up != 0;
		rx += row->rx_bps;
		tx += row->tx_bps;
	}
	gateway->row.connections_up = up;
	gateway->row.connections_total = gateway->connection_count;
	gateway->row.rx_bps = rx;
	gateway->row.tx_bps = tx;
	gateway->row.longest_turn_ms = (double)gateway->turns.longest / USEC_PER_MS;
	model_store_put(gateway->store, MODEL_KIND_GATEWAY, &gateway->row);
}

struct gateway_tunnel *
gateway_tunnel_find(const struct gateway *gateway, const char *name)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (strcmp(gateway->tunnels[i]->config->name, name) == 0)
			return gateway->tunnels[i];
	}
	return NULL;
}

struct gateway_connection *
gateway_connection_find(struct gateway *gateway, const char *name)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		if (strcmp(gateway->connections[i]->config->name, name) == 0)
			return gateway->connections[i];
	}
	return NULL;
}

/* --- what failover asks for -------------------------------------------------------------------- */

static void
set_routes(void *context, uint32_t active, uint32_t usable)
{
	struct gateway_connection *connection = context;

	routing_group_set(connection->gateway->routing, connection->group, active, usable);
}

static void
set_preference(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
	struct gateway_connection *connection = context;
	struct bgp_peer *peer = connection->tunnels[member].peer;

	if (peer == NULL)
		return;
	bgp_peer_set_preference(peer, local_preference);
	bgp_peer_set_med(peer, med);
}

/* Users' packets: the gateways' own prove that a tunnel lives, and are nothing that moves. */
static void
read_counters(void *context, unsigned member, struct failover_counters *out)
{
	struct gateway_connection *connection = context;
	struct gateway *gateway = connection->gateway;
	struct dataplane_counters counters = {0};

	gateway->plane_ops->tunnel_counters(gateway->plane, connection->tunnels[member].config->id,
					    &counters);
	*out = (struct failover_counters){
	    .rx_packets = counters.rx_user,
	    .tx_packets = counters.tx_user,
	    .last_rx = (usec_t)counters.last_rx_user,
	    .last_tx = (usec_t)counters.last_tx,
	    .rx_lost = counters.rx_lost != DATAPLANE_NOT_COUNTED ? counters.rx_lost : FAILOVER_NOT_COUNTED,
	};
}

static void
failover_changed(void *context)
{
	struct gateway_connection *connection = context;

	if (connection->failover == NULL) /* still being made */
		return;
	gateway_keep_pin(connection);
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		gateway_tunnel_publish(&connection->tunnels[i]);
	gateway_connection_publish(connection);
}

static void
failover_event(void *context, const char *severity, const char *kind, const char *text)
{
	struct gateway_connection *connection = context;

	gateway_event(connection->gateway, severity, kind, connection->config->name, "%s", text);
}

/* --- making and clearing ----------------------------------------------------------------------- */

static void
health_changed(void *context, enum health_verdict verdict, const char *evidence)
{
	struct gateway_tunnel *tunnel = context;

	if (tunnel->connection->failover != NULL)
		gateway_tunnel_publish(tunnel);
}

void
gateway_tunnel_describe(struct gateway_tunnel *tunnel)
{
	const struct gateway_connection *connection = tunnel->connection;
	const struct config_tunnel *config = tunnel->config;

	model_set(&tunnel->row.name, config->name);
	model_set(&tunnel->row.connection, connection->config->name);
	gateway_set_address(&tunnel->row.local, &config->local);
	gateway_set_address(&tunnel->row.remote, &config->remote);
	model_set(&tunnel->row.inside_local, NULL);
	model_set(&tunnel->row.inside_remote, NULL);
	for (int i = 1; i >= 0; i--) {
		if (!ip_address_is_set(&config->inside[i].address))
			continue;
		gateway_set_address(&tunnel->row.inside_local, &config->inside[i].address);
		gateway_set_address(&tunnel->row.inside_remote, &config->inside_remote[i]);
	}
	model_set(&tunnel->row.local_id, config->local_id == NULL && config->credentials != NULL
					     ? config->credentials->subject
					     : config->local_id);
	model_set(&tunnel->row.remote_id, config->remote_id);
	model_set(&tunnel->row.certificate_subject,
		  config->credentials != NULL ? config->credentials->subject : NULL);
	model_set(&tunnel->row.certificate_issuer,
		  config->credentials != NULL ? config->credentials->issuer : NULL);
	tunnel->row.certificate_not_after = config->credentials != NULL ? config->credentials->not_after : 0;
	if (connection->config->routing == CONFIG_ROUTING_DYNAMIC)
		model_set(&tunnel->row.peer, config->name);
}

struct gateway_tunnel *
gateway_tunnel_by_id(const struct gateway *gateway, uint32_t id)
{
	return id != 0 && id <= gateway->tunnel_id_room ? gateway->tunnel_ids[id - 1] : NULL;
}

static void
tunnel_init(struct gateway *gateway, struct gateway_connection *connection, unsigned member)
{
	struct gateway_tunnel *tunnel = &connection->tunnels[member];
	const struct config_tunnel *config = &connection->config->tunnels[member];

	*tunnel = (struct gateway_tunnel){
	    .gateway = gateway, .connection = connection, .config = config, .member = member};
	tunnel->health = health_new(health_changed, tunnel);
	model_row_init(model_kind_info(MODEL_KIND_TUNNEL)->shape, &tunnel->row);
	gateway_tunnel_describe(tunnel);
	tunnel->row.rx_bytes = tunnel->row.tx_bytes = tunnel->row.rx_packets = tunnel->row.tx_packets = 0;
	tunnel->row.rx_bps = tunnel->row.tx_bps = tunnel->row.tries = tunnel->row.rekeys = 0;
	gateway->tunnels =
	    memory_resize(gateway->tunnels, (gateway->tunnel_count + 1) * sizeof(struct gateway_tunnel *));
	gateway->tunnels[gateway->tunnel_count++] = tunnel;
	if (config->id > gateway->tunnel_id_room) {
		size_t room = config->id + gateway->tunnel_id_room / 2;

		gateway->tunnel_ids =
		    memory_resize(gateway->tunnel_ids, room * sizeof(struct gateway_tunnel *));
		for (size_t i = gateway->tunnel_id_room; i < room; i++)
			gateway->tunnel_ids[i] = NULL;
		gateway->tunnel_id_room = room;
	}
	gateway->tunnel_ids[config->id - 1] = tunnel;
}

static void
tunnel_clear(struct gateway_tunnel *tunnel)
{
	struct gateway *gateway = tunnel->gateway;

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		if (gateway->tunnels[i] != tunnel)
			continue;
		gateway->tunnels[i] = gateway->tunnels[--gateway->tunnel_count];
		break;
	}
	gateway->tunnel_ids[tunnel->config->id - 1] = NULL;
	health_free(tunnel->health);
	model_row_clear(model_kind_info(MODEL_KIND_TUNNEL)->shape, &tunnel->row);
}

bool
gateway_tunnel_set_interface(struct gateway_tunnel *tunnel, struct error *err)
{
	gateway_mtu_work_out(tunnel);
	/* One that is lost gets it when it is made anew. */
	return tunnel->interface_lost || gateway_interface_address(tunnel, err);
}

static bool
tunnel_open(struct gateway_tunnel *tunnel, char *standing, struct error *err)
{
	struct gateway *gateway = tunnel->gateway;
	const struct config_tunnel *config = tunnel->config;
	struct dataplane_tunnel wanted = {
	    .id = config->id,
	    .mtu = config_inner_mtu(config),
	    .name = config->interface,
	    .interface_id = config_interface_id(config),
	    .local = config->local,
	    .remote = config->remote,
	};

	if (standing != NULL && *standing != '\0') {
		snprintf(tunnel->interface, sizeof(tunnel->interface), "%s", standing);
		*standing = '\0';
	} else if (!gateway->plane_ops->tunnel_add(gateway->plane, &wanted, tunnel->interface, err)) {
		return error_prefix(err, "%s", config->name);
	}
	model_set(&tunnel->row.interface, tunnel->interface);
	return gateway_tunnel_set_interface(tunnel, err);
}

/* Both ends compare the same two inside addresses, so that they don't say the same. */
static enum failover_order
order_of(const struct config_tunnel *config)
{
	unsigned family = ip_address_is_set(&config->inside[0].address) ? 0 : 1;
	int order = ip_address_compare(&config->inside[family].address, &config->inside_remote[family]);

	return order < 0 ? FAILOVER_ORDER_FIRST : order > 0 ? FAILOVER_ORDER_SECOND : FAILOVER_ORDER_RANDOM;
}

/* What the configuration says of the choice. Without inside addresses there is no order by which two gateways
 * could follow each other's traffic. */
static void
set_rules(struct gateway_connection *connection)
{
	const struct config_connection *config = connection->config;
	enum failover_order order = order_of(&config->tunnels[0]);

	failover_order(connection->failover, order);
	failover_prefer(connection->failover, (int)config->prefer - 1, config->hold_down_ms);
	if (config->routing == CONFIG_ROUTING_STATIC)
		failover_static(connection->failover, order != FAILOVER_ORDER_RANDOM);
}

void
gateway_connection_describe(struct gateway_connection *connection)
{
	const struct config_connection *config = connection->config;

	model_set(&connection->row.name, config->name);
	model_set(&connection->row.routing, config_routing_name(config->routing));
	model_set(&connection->row.mode, config_mode_name(config->mode));
	if (config->routing == CONFIG_ROUTING_DYNAMIC)
		connection->row.remote_asn = config->peer_asn;
	if (connection->failover != NULL)
		set_rules(connection);
}

bool
gateway_connection_open(struct gateway *gateway, const struct config_connection *config, uint32_t group,
			char (*standing)[16], struct error *err)
{
	struct gateway_connection *connection = memory_zeroed(1, sizeof(*connection));
	const char *interfaces[ROUTING_MEMBERS] = {NULL};
	struct failover_actions actions = {
	    .name = config->name,
	    .context = connection,
	    .set_routes = set_routes,
	    .set_preference = set_preference,
	    .read_counters = read_counters,
	    .changed = failover_changed,
	    .progress = gateway_move_publish,
	    .event = failover_event,
	};

	*connection = (struct gateway_connection){
	    .gateway = gateway, .config = config, .group = group != 0 ? group : ++gateway->last_group};
	gateway->connections = memory_resize(gateway->connections, (gateway->connection_count + 1) *
								       sizeof(struct gateway_connection *));
	gateway->connections[gateway->connection_count++] = connection;
	model_row_init(model_kind_info(MODEL_KIND_CONNECTION)->shape, &connection->row);
	gateway_connection_describe(connection);
	connection->tunnels = memory_zeroed(config->tunnel_count, sizeof(*connection->tunnels));
	for (unsigned i = 0; i < config->tunnel_count; i++) {
		tunnel_init(gateway, connection, i);
		connection->tunnel_count = i + 1;
		if (!tunnel_open(&connection->tunnels[i], standing != NULL ? standing[i] : NULL, err))
			return false;
		interfaces[i] = connection->tunnels[i].interface;
	}
	if (!routing_group_add(gateway->routing, connection->group, config->name, interfaces,
			       connection->tunnel_count, err))
		return error_prefix(err, "%s", config->name);
	connection->failover = failover_new(&gateway->loop, connection->tunnel_count,
					    config->mode == CONFIG_MODE_ACTIVE_ACTIVE, &actions);
	set_rules(connection);
	return true;
}

void
gateway_connection_free(struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;

	for (size_t i = 0; i < gateway->connection_count; i++) {
		if (gateway->connections[i] != connection)
			continue;
		memmove(&gateway->connections[i], &gateway->connections[i + 1],
			(--gateway->connection_count - i) * sizeof(struct gateway_connection *));
		break;
	}
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		tunnel_clear(&connection->tunnels[i]);
	free(connection->tunnels);
	prefix_set_free(&connection->learned.held);
	model_row_clear(model_kind_info(MODEL_KIND_CONNECTION)->shape, &connection->row);
	free(connection);
}

/* --- once a second ----------------------------------------------------------------------------- */

static uint64_t
rate(uint64_t now, uint64_t before, usec_t elapsed)
{
	if (elapsed <= 0 || now < before)
		return 0;
	return (now - before) * 8 * USEC_PER_SEC / (uint64_t)elapsed;
}

static void
read_figures(struct gateway_tunnel *tunnel)
{
	struct gateway *gateway = tunnel->gateway;
	struct model_tunnel *row = &tunnel->row;
	struct dataplane_counters now = {0};
	usec_t at = clock_monotonic(), elapsed = at - tunnel->counted_at;

	if (!gateway->plane_ops->tunnel_counters(gateway->plane, tunnel->config->id, &now))
		return;
	if (tunnel->counted_at != 0) {
		row->rx_bps = rate(now.rx_bytes, tunnel->counters.rx_bytes, elapsed);
		row->tx_bps = rate(now.tx_bytes, tunnel->counters.tx_bytes, elapsed);
	}
	row->rx_bytes = now.rx_bytes;
	row->tx_bytes = now.tx_bytes;
	row->rx_packets = now.rx_packets;
	row->tx_packets = now.tx_packets;
	row->rx_lost = now.rx_lost != DATAPLANE_NOT_COUNTED ? now.rx_lost : MODEL_UINT_UNSET;
	row->drops = (struct model_tunnel_drops){
	    .set = true,
	    .no_sa = now.drops.no_sa,
	    .replay = now.drops.replay,
	    .authentication = now.drops.authentication,
	    .malformed = now.drops.malformed,
	    .selector = now.drops.selector != DATAPLANE_NOT_COUNTED ? now.drops.selector : MODEL_UINT_UNSET,
	    .too_big = now.drops.too_big,
	    .queue = now.drops.queue,
	};
	tunnel->counters = now;
	tunnel->counted_at = at;
}

void
gateway_tick(struct gateway *gateway)
{
	gateway_plane_read(gateway);
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		for (unsigned k = 0; k < connection->tunnel_count; k++) {
			read_figures(&connection->tunnels[k]);
			gateway_mtu_probe_tick(&connection->tunnels[k]);
			gateway_mtu_tick(&connection->tunnels[k]);
			gateway_liveness_tick(&connection->tunnels[k]);
			gateway_tunnel_read_ike(&connection->tunnels[k]);
			gateway_tunnel_publish(&connection->tunnels[k]);
		}
		gateway_connection_publish(connection);
	}
	gateway_publish(gateway);
}
