// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes: from the speaker's choice to routing's candidates. BGP and routing don't know each other; they
 * meet here.
 *
 * What a connection taught is protected while the connection is down: gateway_protect.c.
 */
#include "core/gateway_bgp_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

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

static void
on_route_changed(void *context, const struct bgp_change *change)
{
	struct gateway *gateway = context;
	struct gateway_learned *before = NULL, *after;
	struct routing_candidate last;

	/* Whether it was the best one or not: a static route stands before it. */
	if (routing_candidate_of(gateway->routing, &change->prefix, ROUTING_BGP, &last))
		before = gateway_learned_of(gateway, last.group);
	/* What is to be discarded is carried by nobody. */
	after =
	    gateway_learned_of(gateway, change->best != NULL && !change->best->discard ? change->group : 0);
	if (change->best != NULL && (change->best->aggregates != 0 || change->best->discard)) {
		struct routing_candidate nowhere = {
		    .source = ROUTING_BGP,
		    .discard = change->best->discard ? ROUTING_DISCARD_BLACKHOLE : ROUTING_DISCARD_AGGREGATE,
		};

		routing_offer(gateway->routing, &change->prefix, &nowhere);
	} else if (change->best == NULL || change->best->peer == NULL) {
		if (change->best == NULL && before != NULL)
			gateway_protect(gateway, last.group, &change->prefix);
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
	if (ip_address_is_set(&status.remote))
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
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (status.families[f].spoken && !status.families[f].disabled)
			text_list_add(&row.families, f == BGP_IPV4 ? "ipv4" : "ipv6");
	}
	row.messages_in = status.messages_in;
	row.messages_out = status.messages_out;
	row.flaps = status.flaps;
	gateway_session_fill(&row, &status);
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

/* It came by itself, and goes. */
static void
on_peer_gone(void *context, struct bgp_peer *peer)
{
	struct gateway *gateway = context;
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	model_store_remove(gateway->store, MODEL_KIND_PEER, status.name);
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

/* --- next hops outside the tunnels -------------------------------------------------------------- */

static enum bgp_reach
bgp_reach_of(enum routing_reach reach)
{
	return reach == ROUTING_REACH_NONE   ? BGP_REACH_NONE
	       : reach == ROUTING_REACH_FAR  ? BGP_REACH_FAR
	       : reach == ROUTING_REACH_LINK ? BGP_REACH_LINK
					     : BGP_REACH_UNKNOWN;
}

static enum bgp_reach
on_next_hop_follow(void *context, const struct ip_address *next_hop)
{
	struct gateway *gateway = context;

	return bgp_reach_of(routing_hop_add(gateway->routing, next_hop));
}

static void
on_next_hop_unfollow(void *context, const struct ip_address *next_hop)
{
	struct gateway *gateway = context;

	routing_hop_remove(gateway->routing, next_hop);
}

void
gateway_on_reach_changed(void *context, const struct ip_address *next_hop, enum routing_reach reach)
{
	struct gateway *gateway = context;

	if (gateway->bgp != NULL)
		bgp_next_hop_changed(gateway->bgp, next_hop, bgp_reach_of(reach));
}

/* --- opening ----------------------------------------------------------------------------------- */

bool
gateway_bgp_open(struct gateway *gateway, struct error *err)
{
	struct bgp_speaker_config config = {
	    .asn = gateway->config->asn,
	    .router_id = ip_address_to_v4(&gateway->config->router_id),
	    .cluster_id = ip_address_is_set(&gateway->config->cluster_id)
			      ? ip_address_to_v4(&gateway->config->cluster_id)
			      : 0,
	    .restarted = gateway->restart.happened,
	    .forwarding = gateway_restart_forwarding(gateway),
	    .events =
		{
		    .context = gateway,
		    .peer_changed = on_peer_changed,
		    .peer_event = on_peer_event,
		    .peer_gone = on_peer_gone,
		    .speaker_event = gateway_on_speaker_event,
		    .route_changed = on_route_changed,
		    .received_changed = gateway_on_received,
		    .advertised_changed = gateway_on_advertised,
		    .med_changed = on_med_changed,
		    .teaches_changed = on_teaches_changed,
		    .graceful_changed = on_graceful_changed,
		    .next_hop_follow = on_next_hop_follow,
		    .next_hop_unfollow = on_next_hop_unfollow,
		    .settled = gateway_on_settled,
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
	    .local_asn = gateway_local_asn(tunnel->gateway, &config->bgp),
	    .remote_asn = tunnel->connection->config->peer_asn,
	    .next_hop = {config->inside[0].address, config->inside[1].address},
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

	gateway_session_options(&peer, &config->bgp);
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
	    .port = config->port,
	    .local_asn = gateway_local_asn(gateway, &config->bgp),
	    .export_networks = true,
	    .export_peers = true,
	    .export_groups = true,
	    .local_preference = 100,
	    .med_out = UINT32_MAX,
	};
	struct bgp_peer *added;

	if (ip_address_is_set(&config->next_hop))
		peer.next_hop[config->next_hop.family == AF_INET ? BGP_IPV4 : BGP_IPV6] = config->next_hop;
	gateway_peer_options(&peer, config);
	added = bgp_peer_add(gateway->bgp, &peer, err);
	if (added == NULL)
		return error_prefix(err, "%s", config->name);
	publish_peer(gateway, added);
	bgp_peer_start(added);
	return true;
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
