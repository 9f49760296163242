// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operators' hand on a connection: switchover, which is answered when the traffic has moved, as the
 * counters show (to whoever stands on the connection: before it moves, gateway_waiting.c); confirm, which
 * keeps whatever of the connection waits for that; auto.
 */
#include "core/gateway_operator_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- switchover -------------------------------------------------------------------------------- */

static void
switchover_done(void *context, const struct failover_result *result)
{
	gateway_order_moved(context, result, 0, NULL);
}

static void
switchover_done_confirm(void *context, const struct failover_result *result)
{
	int seconds = 0;

	if (context != NULL && gateway_asked_seconds(context, &seconds))
		gateway_order_moved(context, result, (unsigned)seconds,
				    control_request_text(context, "connection"));
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
switch_back(struct gateway_connection *connection, struct control_request *request)
{
	struct error err;

	if (!failover_switchover_back(connection->failover, switchover_done, request, &err)) {
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
		return;
	}
	gateway_event(connection->gateway, "notice", "operator.switchover", connection->config->name,
		      "%s turns the switchover back", control_request_who(request));
}

void
gateway_order_switchover(const struct gateway_order *order)
{
	struct gateway_connection *connection = order->connection;
	struct failover_plan plan;
	struct error err;

	if (!failover_switchover_plan(connection->failover, order->member, &plan, &err)) {
		gateway_order_fail(order, "%s: %s", connection->config->name, err.text);
		return;
	}
	gateway_event(connection->gateway, "notice", "operator.switchover", connection->config->name,
		      "%s switches over: %s", order->who, plan.text);
	if (!failover_switchover_confirm(connection->failover, order->member, order->seconds,
					 order->seconds != 0 ? switchover_done_confirm : switchover_done,
					 order->request, &err))
		gateway_order_fail(order, "%s: %s", connection->config->name, err.text);
}

/* How the move of whoever asks' own path is told of; new. */
static char *
say_own(const struct gateway_path *path, const struct gateway_connection *connection, bool moves,
	unsigned seconds)
{
	char *warning, *text;

	if (path->connection != connection)
		return text_copy("");
	if (!moves)
		return text_copy("; your own connection to this gateway stays where it is");
	warning = gateway_own_warning(path, seconds, NULL);
	text = text_format("; your own connection to this gateway moves with it: %s", warning);
	free(warning);
	return text;
}

/* Once it is known that it can be: said, begun, or announced first. */
static void
take_switchover(struct gateway_order *order, const struct failover_plan *plan)
{
	struct control_request *request = order->request;
	struct gateway_connection *connection = order->connection;
	struct gateway_path path = gateway_path_of(connection->gateway, request);
	bool moves = path.connection == connection && path.member < 0 && plan->from >= 0;
	char *text;
	int asked;

	if (!gateway_asked_seconds(request, &asked))
		return;
	order->seconds = gateway_seconds(asked, moves);
	if (control_request_flag(request, "dry_run")) {
		text = say_own(&path, connection, moves, order->seconds);
		control_request_done(request, gateway_dry_run(connection, plan, &path), "%s: %s%s",
				     connection->config->name, plan->text, text);
	} else if (moves) {
		text = gateway_own_warning(&path, order->seconds, NULL);
		gateway_intend(order, text);
	} else {
		text = NULL;
		gateway_order_switchover(order);
	}
	free(text);
}

static void
do_switchover(void *context, struct control_request *request)
{
	struct gateway_connection *connection = gateway_asked_connection(context, request);
	struct gateway_order order = {
	    .deed = GATEWAY_SWITCHOVER, .who = control_request_who(request), .request = request};
	struct failover_plan plan;
	struct error err;

	if (connection == NULL)
		return;
	order.connection = connection;
	if (gateway_waiting_objects(connection, NULL, &err)) {
		control_request_fail(request, "%s", err.text);
		return;
	}
	if (control_request_flag(request, "back")) {
		switch_back(connection, request);
		return;
	}
	if ((order.member = asked_member(connection, request)) == -2)
		return;
	if (failover_switchover_plan(connection->failover, order.member, &plan, &err))
		take_switchover(&order, &plan);
	else
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
}

static void
do_confirm(void *context, struct control_request *request)
{
	struct gateway_connection *connection = gateway_asked_connection(context, request);
	struct failover_status status;
	struct error err;
	char *what;
	int tunnels;

	if (connection == NULL)
		return;
	if (gateway_waiting_objects(connection, NULL, &err)) {
		control_request_fail(request, "%s", err.text);
		return;
	}
	gateway_waiting_first(connection, &what);
	failover_status(connection->failover, &status);
	tunnels = gateway_waiting_confirm(connection, control_request_who(request), &err);
	if (tunnels < 0) {
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
	} else if (status.confirm_until != 0 && failover_confirm(connection->failover, &err)) {
		gateway_event(context, "notice", "operator.confirm", connection->config->name,
			      "%s confirms the %s", control_request_who(request), status.confirm_what);
		control_request_done(request, NULL, "%s: the %s is confirmed and stays%s",
				     connection->config->name, status.confirm_what,
				     strcmp(status.confirm_what, "switchover") == 0 ? " until auto" : "");
	} else if (tunnels > 0) {
		control_request_done(request, NULL, "%s: the %s is confirmed and stays",
				     connection->config->name, what);
	} else {
		control_request_fail(
		    request, "nothing of %s waits for a confirmation: no switchover, no drain, no down",
		    connection->config->name);
	}
	free(what);
}

static void
do_auto(void *context, struct control_request *request)
{
	struct gateway_connection *connection = gateway_asked_connection(context, request);
	struct failover_status status;

	if (connection == NULL)
		return;
	failover_status(connection->failover, &status);
	if (gateway_liveness_auto(connection) && !status.pinned && status.confirm_until == 0) {
		control_request_done(request, NULL, "%s: tunnels that were held back may carry again",
				     connection->config->name);
		return;
	}
	if (!status.pinned && status.confirm_until == 0) {
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

void
gateway_switchover_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "switchover", do_switchover, gateway);
	control_server_handle(gateway->server, "confirm", do_confirm, gateway);
	control_server_handle(gateway->server, "auto", do_auto, gateway);
}
