// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guard for operators: whoever manages the gateway through the very tunnel that a command takes away is
 * told before it is gone. The client says from where its user reaches this machine (SSH_CONNECTION); the
 * route to that address says by which connection the session runs.
 */
#include "core/gateway_internal.h"

#include <stdio.h>
#include <string.h>

struct gateway_path
gateway_path_of(struct gateway *gateway, const struct control_request *request)
{
	struct gateway_path path = {.member = -1};
	const char *text = control_request_via(request);
	struct ip_address via;
	struct ip_prefix prefix;
	struct routing_state state;

	if (text == NULL || !ip_address_parse(text, &via))
		return path;
	ip_address_format(&via, path.via);
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];

		for (unsigned k = 0; k < 2; k++) {
			const struct ip_prefix *inside = &tunnel->config->inside[k];

			if (!ip_address_is_set(&inside->address) ||
			    ip_address_equal(&inside->address, &via) || !ip_prefix_contains(inside, &via))
				continue;
			path.connection = tunnel->connection;
			path.member = (int)tunnel->member;
			return path;
		}
	}
	if (routing_match(gateway->routing, &via, &prefix, &state))
		path.connection = gateway_connection_of_group(gateway, state.candidate.group);
	return path;
}

bool
gateway_guard(struct gateway_tunnel *tunnel, struct control_request *request, const char *deed, bool moves)
{
	struct gateway_path path = gateway_path_of(tunnel->gateway, request);
	struct failover_status status;
	bool cuts;

	if (path.connection != tunnel->connection || control_request_flag(request, "force"))
		return true;
	failover_status(tunnel->connection->failover, &status);
	if (path.member >= 0)
		cuts = path.member == (int)tunnel->member;
	else
		cuts = (status.active & 1u << tunnel->member) != 0 && !moves;
	if (cuts)
		control_request_refuse(
		    request, gateway_unforced("own_path"),
		    "you reach this gateway through %s (from %s): to %s it would cut your own "
		    "connection; --force does it all the same",
		    tunnel->config->name, path.via, deed);
	return !cuts;
}
