// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guard for operators: whoever manages the gateway through the very tunnel that a command takes away is
 * told before it is gone. The client says from where its user reaches this machine (SSH_CONNECTION); the
 * route to that address says by which connection the session runs.
 *
 * Where another tunnel can take that session over, the command is carried out, and turns back by itself after
 * GATEWAY_OWN_PATH_S unless it is confirmed (gateway_waiting.c): whoever lost their way can't. Where nothing
 * else can carry it, only --force does it; that turns back in the same way. `--confirm-within 0` is the word
 * of those who know better.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_operator_internal.h"

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

enum gateway_own
gateway_own_path(const struct gateway_tunnel *tunnel, const struct gateway_path *path, bool moves)
{
	const struct gateway_connection *connection = tunnel->connection;
	struct failover_status status;
	bool carries;

	if (path->connection != connection)
		return GATEWAY_OWN_STAYS;
	if (path->member >= 0)
		return path->member == (int)tunnel->member ? GATEWAY_OWN_CUT : GATEWAY_OWN_STAYS;
	failover_status(connection->failover, &status);
	carries = (status.active & 1u << tunnel->member) != 0 ||
		  (connection->ways.asymmetric && connection->ways.in == (int)tunnel->member);
	return !carries ? GATEWAY_OWN_STAYS : moves ? GATEWAY_OWN_MOVES : GATEWAY_OWN_CUT;
}

/* "aws", or "aws/1" where it is by that one alone. */
static const char *
path_name(const struct gateway_path *path)
{
	return path->member >= 0 ? path->connection->tunnels[path->member].config->name
				 : path->connection->config->name;
}

char *
gateway_own_warning(const struct gateway_path *path, unsigned seconds, const char *keep)
{
	if (seconds == 0)
		return text_format("you reach this gateway through %s (from %s), and it does not turn back",
				   path_name(path), path->via);
	return text_format("you reach this gateway through %s (from %s): it turns back in %u s unless "
			   "'twinspan %s%s' comes",
			   path_name(path), path->via, seconds, keep != NULL ? keep : "confirm ",
			   keep != NULL ? "" : path->connection->config->name);
}

void
gateway_own_refusal(const struct gateway_path *path, const char *name, const char *deed, struct error *err)
{
	error_set(err,
		  "you reach this gateway through %s (from %s): %s would cut your own connection; --force "
		  "does it all the same, and it turns back after %d s unless it is confirmed",
		  name != NULL ? name : path_name(path), path->via, deed, GATEWAY_OWN_PATH_S);
}

bool
gateway_guard(struct gateway_tunnel *tunnel, struct control_request *request, const struct gateway_path *path,
	      enum gateway_own own, const char *deed)
{
	struct error err;

	if (own != GATEWAY_OWN_CUT || control_request_flag(request, "force"))
		return true;
	gateway_own_refusal(path, tunnel->config->name, deed, &err);
	control_request_refuse(request, gateway_unforced("own_path"), "%s", err.text);
	return false;
}
