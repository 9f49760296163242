// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of the large tables, filled from what BGP and routing know of a path. */
#include "core/gateway_tables_internal.h"
#include "core/gateway_bgp_internal.h"

#include <stdlib.h>

static void
add_to_list(void *context, const char *text)
{
	text_list_add(context, text);
}

/* The fields that received, advertised and route rows share, from a path. */
#define FILL_PATH(row, path) \
	do { \
		char text_[IP_PREFIX_TEXT]; \
		model_set(&(row)->prefix, ip_prefix_format(&(path)->prefix, text_)); \
		if (ip_address_is_set(&(path)->next_hop)) \
			model_set(&(row)->next_hop, ip_address_format(&(path)->next_hop, text_)); \
		if ((path)->attributes != NULL) { \
			bgp_attributes_as_path((path)->attributes, add_to_list, &(row)->as_path); \
			bgp_attributes_communities((path)->attributes, add_to_list, &(row)->communities); \
		} \
		model_set(&(row)->origin, bgp_origin_name((path)->origin)); \
		(row)->med = (path)->has_med ? (path)->med : MODEL_UINT_UNSET; \
		(row)->local_pref = (path)->local_preference; \
		(row)->path_id = (path)->has_path_id ? (path)->path_id : MODEL_UINT_UNSET; \
	} while (0)

const char *
gateway_peer_name(const struct bgp_peer *peer)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	return status.name;
}

void
gateway_fill_received(struct model_received *row, const struct bgp_peer *peer, const struct bgp_path *path)
{
	char rules[400];

	model_row_init(model_kind_info(MODEL_KIND_RECEIVED)->shape, row);
	model_set(&row->peer, gateway_peer_name(peer));
	FILL_PATH(row, path);
	row->accepted = path->accepted;
	model_set(&row->rules, gateway_rules_of_received(path, rules, sizeof(rules)));
	gateway_policy_before(path, &row->before);
	if (!path->accepted)
		model_set(&row->reason, path->reason);
}

void
gateway_fill_advertised(struct model_advertised *row, struct bgp_peer *peer, const struct bgp_path *path)
{
	struct bgp_peer_status status;
	char rules[400];
	bool held;

	bgp_peer_status(peer, &status);
	model_row_init(model_kind_info(MODEL_KIND_ADVERTISED)->shape, row);
	model_set(&row->peer, status.name);
	FILL_PATH(row, path);
	model_set(&row->rules, gateway_rules_of_advertised(peer, path, rules, sizeof(rules)));
	if (bgp_peer_conditions(peer, &path->prefix, &held, rules, sizeof(rules)))
		model_set(&row->condition, rules);
	if (status.local_asn != status.remote_asn)
		row->local_pref = MODEL_UINT_UNSET; /* not sent to external peers (RFC 4271 5.1.5) */
}

void
gateway_fill_route_candidate(struct gateway *gateway, struct model_route *row, const struct ip_prefix *prefix,
			     const struct routing_state *state)
{
	struct gateway_connection *connection = gateway_connection_of_group(gateway, state->candidate.group);
	const struct ip_address *hop;
	struct failover_status status;
	char text[IP_PREFIX_TEXT];

	model_row_init(model_kind_info(MODEL_KIND_ROUTE)->shape, row);
	model_set(&row->prefix, ip_prefix_format(prefix, text));
	row->best = true;
	row->installed = state->installed;
	model_set(&row->source, state->best == ROUTING_CONNECTED ? "connected" : "static");
	model_set(&row->reason, state->reason);
	if (connection == NULL)
		return;
	model_set(&row->connection, connection->config->name);
	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if ((status.active & (1u << i)) != 0 && row->tunnel == NULL) {
			model_set(&row->tunnel, connection->tunnels[i].config->name);
			hop =
			    &connection->tunnels[i].config->inside_remote[prefix->address.family == AF_INET6];
			if (ip_address_is_set(hop))
				model_set(&row->next_hop, ip_address_format(hop, text));
		}
	}
}

/* "best: the only path; suppressed by 10.0.0.0/8" */
static void
add_suppressed(struct model_route *row, const struct ip_prefix *by)
{
	char prefix[IP_PREFIX_TEXT], *reason;

	if (by->address.family == AF_UNSPEC)
		return;
	reason = text_format("%s; suppressed by %s", row->reason, ip_prefix_format(by, prefix));
	model_set(&row->reason, reason);
	free(reason);
}

void
gateway_fill_route_path(struct gateway *gateway, struct model_route *row, const struct bgp_path *path)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(gateway, path->peer);
	struct routing_state state;
	bool known = routing_lookup(gateway->routing, &path->prefix, &state);

	model_row_init(model_kind_info(MODEL_KIND_ROUTE)->shape, row);
	FILL_PATH(row, path);
	row->best = path->best && (!known || state.best == ROUTING_BGP || path->peer == NULL);
	row->installed = row->best && known && state.installed && state.best == ROUTING_BGP;
	model_set(&row->source, path->peer != NULL      ? "bgp"
				: path->aggregates != 0 ? "aggregate"
							: "connected");
	if (tunnel != NULL) {
		model_set(&row->connection, tunnel->connection->config->name);
		model_set(&row->tunnel, tunnel->config->name);
	}
	model_set(&row->reason, path->best && !row->best ? state.reason : path->reason);
	if (path->best)
		add_suppressed(row, &path->suppressed_by);
}
