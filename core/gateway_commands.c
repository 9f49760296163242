// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operator can ask of the gateway. Each row of the command table with place COMMAND_GATEWAY has one
 * handler here; roles were checked by the server. Every action leaves an event that names who did it.
 */
#include "core/gateway_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The named object, or NULL after the request was answered with the nearest known name. */
static struct gateway_tunnel *
asked_tunnel(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_request_text(request, "tunnel");
	struct gateway_tunnel *tunnel = name != NULL ? gateway_tunnel_find(gateway, name) : NULL;
	const char **names, *nearest;

	if (tunnel != NULL || name == NULL) {
		if (name == NULL)
			control_request_fail(request, "which tunnel?");
		return tunnel;
	}
	names = memory_zeroed(gateway->tunnel_count + 1, sizeof(*names));
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		names[i] = gateway->tunnels[i]->config->name;
	nearest = text_nearest(name, names);
	control_request_fail(request, "no tunnel '%s'%s%s%s", name, nearest != NULL ? " (did you mean '" : "",
			     nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
	free(names);
	return NULL;
}

static struct gateway_connection *
asked_connection(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_request_text(request, "connection");
	struct gateway_connection *connection = name != NULL ? gateway_connection_find(gateway, name) : NULL;
	const char **names, *nearest;

	if (connection != NULL || name == NULL) {
		if (name == NULL)
			control_request_fail(request, "which connection?");
		return connection;
	}
	names = memory_zeroed(gateway->connection_count + 1, sizeof(*names));
	for (size_t i = 0; i < gateway->connection_count; i++)
		names[i] = gateway->connections[i].config->name;
	nearest = text_nearest(name, names);
	control_request_fail(request, "no connection '%s'%s%s%s", name,
			     nearest != NULL ? " (did you mean '" : "", nearest != NULL ? nearest : "",
			     nearest != NULL ? "'?)" : "");
	free(names);
	return NULL;
}

static struct bgp_peer *
asked_peer(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_request_text(request, "peer");
	struct bgp_peer *peer = name != NULL ? bgp_peer_find(gateway->bgp, name) : NULL;

	if (peer == NULL)
		control_request_fail(
		    request, name != NULL ? "no peer '%s' (twinspan show peers lists them)" : "which peer?%s",
		    name != NULL ? name : "");
	return peer;
}

static void
do_up(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = asked_tunnel(context, request);

	if (tunnel == NULL)
		return;
	if (tunnel->child_up && !tunnel->disabled) {
		control_request_done(request, NULL, "%s is up already", tunnel->config->name);
		return;
	}
	gateway_event(context, "notice", "operator.up", tunnel->config->name, "%s brings %s up",
		      control_request_who(request), tunnel->config->name);
	gateway_tunnel_enable(tunnel);
	control_request_done(request, NULL, "%s is coming up", tunnel->config->name);
}

static void
do_down(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = asked_tunnel(context, request);

	if (tunnel == NULL)
		return;
	if (tunnel->disabled) {
		control_request_done(request, NULL, "%s is down already", tunnel->config->name);
		return;
	}
	gateway_event(context, "notice", "operator.down", tunnel->config->name, "%s takes %s down",
		      control_request_who(request), tunnel->config->name);
	gateway_tunnel_disable(tunnel);
	control_request_done(request, NULL, "%s is down and stays down until 'twinspan up %s'",
			     tunnel->config->name, tunnel->config->name);
}

static void
do_rekey(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = asked_tunnel(gateway, request);

	if (tunnel == NULL)
		return;
	if (!tunnel->child_up || !ike_tunnel_rekey(gateway->ike, tunnel->config->id)) {
		control_request_fail(request, "%s has no SA to rekey: it is not up", tunnel->config->name);
		return;
	}
	gateway_event(gateway, "notice", "operator.rekey", tunnel->config->name, "%s rekeys %s",
		      control_request_who(request), tunnel->config->name);
	control_request_done(request, NULL, "%s is being rekeyed", tunnel->config->name);
}

/* --- switchover -------------------------------------------------------------------------------- */

static void
switchover_done(void *context, const struct failover_result *result)
{
	struct control_request *request = context;
	json_t *answer = json_pack("{s:b, s:b, s:b, s:f}", "ok", result->ok, "ours_moved", result->ours_moved,
				   "theirs_moved", result->theirs_moved, "took_ms", result->took_ms);

	json_object_set_new(answer, "outage_ms",
			    isnan(result->outage_ms) ? json_null() : json_real(result->outage_ms));
	if (result->ok) {
		control_request_done(request, answer, "%s", result->text);
	} else {
		json_decref(answer);
		control_request_fail(request, "%s", result->text);
	}
}

/* The member that the request names; -1 for "the other one"; -2 after the request was answered. */
static int
asked_member(struct gateway_connection *connection, struct control_request *request)
{
	const char *name = control_request_text(request, "tunnel");

	if (name == NULL)
		return -1;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const char *full = connection->tunnels[i].config->name;
		const char *number = strrchr(full, '/');

		if (strcmp(full, name) == 0 || (number != NULL && strcmp(number + 1, name) == 0))
			return (int)i;
	}
	control_request_fail(request, "%s has no tunnel '%s'", connection->config->name, name);
	return -2;
}

static void
do_switchover(void *context, struct control_request *request)
{
	struct gateway_connection *connection = asked_connection(context, request);
	struct error err;
	char plan[400];
	int member;

	if (connection == NULL || (member = asked_member(connection, request)) == -2)
		return;
	if (!failover_switchover_plan(connection->failover, member, plan, sizeof(plan), &err)) {
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
		return;
	}
	if (control_request_flag(request, "dry_run")) {
		control_request_done(request, NULL, "%s: %s", connection->config->name, plan);
		return;
	}
	gateway_event(context, "notice", "operator.switchover", connection->config->name,
		      "%s switches over: %s", control_request_who(request), plan);
	if (!failover_switchover(connection->failover, member, switchover_done, request, &err))
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
}

static void
do_auto(void *context, struct control_request *request)
{
	struct gateway_connection *connection = asked_connection(context, request);
	struct failover_status status;

	if (connection == NULL)
		return;
	failover_status(connection->failover, &status);
	if (gateway_liveness_auto(connection) && !status.pinned) {
		control_request_done(request, NULL, "%s: tunnels that were held back may carry again",
				     connection->config->name);
		return;
	}
	if (!status.pinned) {
		control_request_done(request, NULL, "%s is not pinned; the gateway chooses already",
				     connection->config->name);
		return;
	}
	gateway_event(context, "notice", "operator.auto", connection->config->name,
		      "%s gives the choice back", control_request_who(request));
	failover_auto(connection->failover);
	control_request_done(request, NULL, "%s: the gateway chooses the tunnel again",
			     connection->config->name);
}

/* --- BGP sessions ------------------------------------------------------------------------------ */

static void
do_reset(void *context, struct control_request *request)
{
	struct bgp_peer *peer = asked_peer(context, request);
	const char *name = control_request_text(request, "peer");
	bool soft = control_request_flag(request, "soft");

	if (peer == NULL)
		return;
	gateway_event(context, "notice", "operator.reset", name, "%s resets %s%s",
		      control_request_who(request), name, soft ? " (soft)" : "");
	if (!soft)
		gateway_liveness_excuse(gateway_tunnel_of_peer(context, peer));
	bgp_peer_reset(peer, soft);
	control_request_done(request, NULL, soft ? "%s: routes are being refreshed" : "%s is being reset",
			     name);
}

static void
do_shutdown(void *context, struct control_request *request)
{
	struct bgp_peer *peer = asked_peer(context, request);
	const char *name = control_request_text(request, "peer");
	const char *message = control_request_text(request, "message");

	if (peer == NULL)
		return;
	if (message != NULL && strlen(message) > 255) {
		control_request_fail(request, "the message may have 255 bytes at most (RFC 9003 2)");
		return;
	}
	gateway_event(context, "notice", "operator.shutdown", name, "%s shuts %s down%s%s",
		      control_request_who(request), name, message != NULL ? ": " : "",
		      message != NULL ? message : "");
	gateway_liveness_excuse(gateway_tunnel_of_peer(context, peer));
	bgp_peer_shutdown(peer, message);
	control_request_done(request, NULL, "%s is shut down until 'twinspan start %s'", name, name);
}

static void
do_start(void *context, struct control_request *request)
{
	struct bgp_peer *peer = asked_peer(context, request);
	const char *name = control_request_text(request, "peer");

	if (peer == NULL)
		return;
	gateway_event(context, "notice", "operator.start", name, "%s starts %s", control_request_who(request),
		      name);
	bgp_peer_enable(peer);
	control_request_done(request, NULL, "%s starts", name);
}

static bool
asked_prefix(struct control_request *request, struct ip_prefix *out)
{
	const char *text = control_request_text(request, "prefix");
	struct ip_prefix network;
	char shown[IP_PREFIX_TEXT];

	if (text == NULL || !ip_prefix_parse(text, out)) {
		control_request_fail(request, "'%s' is not a prefix such as 10.20.0.0/16",
				     text != NULL ? text : "");
		return false;
	}
	network = ip_prefix_network(out);
	if (!ip_prefix_equal(&network, out)) {
		control_request_fail(request, "%s has host bits set; the network is %s", text,
				     ip_prefix_format(&network, shown));
		return false;
	}
	return true;
}

static void
do_advertise(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct ip_prefix prefix;
	char text[IP_PREFIX_TEXT];

	if (!asked_prefix(request, &prefix))
		return;
	ip_prefix_format(&prefix, text);
	if (!bgp_prefix_usable(&prefix)) {
		control_request_fail(request, "%s can't be advertised: %s", text,
				     prefix.address.family == AF_INET
					 ? "it is no destination for unicast"
					 : "this gateway's BGP speaks of IPv4 only");
		return;
	}
	if (!bgp_network_add(gateway->bgp, &prefix)) {
		control_request_done(request, NULL, "%s is advertised already", text);
		return;
	}
	gateway_event(gateway, "notice", "operator.advertise", text, "%s advertises %s",
		      control_request_who(request), text);
	control_request_done(request, NULL, "%s is advertised until it is withdrawn or the gateway stops",
			     text);
}

static void
do_withdraw(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct ip_prefix prefix;
	char text[IP_PREFIX_TEXT];

	if (!asked_prefix(request, &prefix))
		return;
	ip_prefix_format(&prefix, text);
	if (!bgp_network_remove(gateway->bgp, &prefix)) {
		control_request_fail(request, "%s is not advertised by this gateway itself", text);
		return;
	}
	gateway_event(gateway, "notice", "operator.withdraw", text, "%s withdraws %s",
		      control_request_who(request), text);
	control_request_done(request, NULL, "%s is withdrawn", text);
}

void
gateway_commands_register(struct gateway *gateway)
{
	static const struct {
		const char *name;
		control_handler handler;
	} handlers[] = {
	    {"up", do_up},
	    {"down", do_down},
	    {"rekey", do_rekey},
	    {"switchover", do_switchover},
	    {"auto", do_auto},
	    {"reset", do_reset},
	    {"shutdown", do_shutdown},
	    {"start", do_start},
	    {"advertise", do_advertise},
	    {"withdraw", do_withdraw},
	};

	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		control_server_handle(gateway->server, handlers[i].name, handlers[i].handler, gateway);
}
