// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an operator can ask of the gateway. Each row of the command table with place COMMAND_GATEWAY has one
 * handler, here or in the file that does it (gateway_operator.c, gateway_switchover.c, gateway_drill.c,
 * gateway_configure.c, ...: each has a gateway_..._register()); roles were checked by the server. Every
 * action leaves an event that names who did it.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_configure_internal.h"

#include <stdlib.h>
#include <string.h>

/* There is no `what` of that name; `names` are those that there are, an array that is freed. */
static void
refuse_unknown(const struct gateway *gateway, struct control_request *request, const char *what,
	       const char *name, const char **names)
{
	const char *nearest = text_nearest(name, names);

	if (gateway_reload_busy(gateway)) /* it may be one that is being made */
		control_request_fail(request, "no %s '%s' now: a reload is under way; wait until it is done",
				     what, name);
	else
		control_request_fail(request, "no %s '%s'%s%s%s", what, name,
				     nearest != NULL ? " (did you mean '" : "",
				     nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
	free(names);
}

struct gateway_tunnel *
gateway_asked_tunnel(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_request_text(request, "tunnel");
	struct gateway_tunnel *tunnel = name != NULL ? gateway_tunnel_find(gateway, name) : NULL;
	const char **names;

	if (name == NULL)
		control_request_fail(request, "which tunnel?");
	if (tunnel != NULL || name == NULL)
		return tunnel;
	names = memory_zeroed(gateway->tunnel_count + 1, sizeof(*names));
	for (size_t i = 0; i < gateway->tunnel_count; i++)
		names[i] = gateway->tunnels[i]->config->name;
	refuse_unknown(gateway, request, "tunnel", name, names);
	return NULL;
}

struct gateway_connection *
gateway_asked_connection(struct gateway *gateway, struct control_request *request)
{
	const char *name = control_request_text(request, "connection");
	struct gateway_connection *connection = name != NULL ? gateway_connection_find(gateway, name) : NULL;
	const char **names;

	if (name == NULL)
		control_request_fail(request, "which connection?");
	if (connection != NULL || name == NULL)
		return connection;
	names = memory_zeroed(gateway->connection_count + 1, sizeof(*names));
	for (size_t i = 0; i < gateway->connection_count; i++)
		names[i] = gateway->connections[i]->config->name;
	refuse_unknown(gateway, request, "connection", name, names);
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
do_rekey(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(gateway, request);

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
		control_request_fail(request, "%s can't be advertised: it is no destination for unicast",
				     text);
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
	    {"rekey", do_rekey}, {"reset", do_reset},         {"shutdown", do_shutdown},
	    {"start", do_start}, {"advertise", do_advertise}, {"withdraw", do_withdraw},
	};

	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		control_server_handle(gateway->server, handlers[i].name, handlers[i].handler, gateway);
	gateway_configure_register(gateway);
	gateway_rotate_register(gateway);
	gateway_records_register(gateway);
	gateway_operator_register(gateway);
	gateway_switchover_register(gateway);
	gateway_drill_register(gateway);
	gateway_explain_register(gateway);
	gateway_restart_register(gateway);
}
