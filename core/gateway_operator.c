// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operators' hand on tunnels and connections: up, down, enable, disable; switchover, confirm, auto; drain
 * and undrain. What moves traffic is answered when it has moved, as the counters show.
 *
 * `down` and `disable` of a tunnel that carries first move its traffic to the other one, if that can carry:
 * taken away is an idle tunnel. `down` lasts until `up` or the next start; what lasts over restarts is
 * written down (gateway_kept.c): `disable` until `enable`, `drain` until `undrain`, a switchover until
 * `auto`.
 */
#include "core/gateway_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFIRM_MOST 86400 /* seconds */

/* --- answers ----------------------------------------------------------------------------------- */

static void
answer_move(struct control_request *request, const struct failover_result *result, const char *more)
{
	json_t *answer = json_pack("{s:b, s:b, s:b, s:f}", "ok", result->ok, "ours_moved", result->ours_moved,
				   "theirs_moved", result->theirs_moved, "took_ms", result->took_ms);

	json_object_set_new(answer, "outage_ms",
			    isnan(result->outage_ms) ? json_null() : json_real(result->outage_ms));
	if (result->ok) {
		control_request_done(request, answer, "%s%s", result->text, more);
	} else {
		json_decref(answer);
		control_request_fail(request, "%s", result->text);
	}
}

static bool
other_usable(const struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	return (status.usable & ~status.drained & ~status.leaving & ~(1u << tunnel->member)) != 0;
}

static bool
is_active(const struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	return (status.active & 1u << tunnel->member) != 0;
}

static bool
is_drained(const struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	return (status.drained & 1u << tunnel->member) != 0;
}

/* GRACEFUL_SHUTDOWN on what the tunnel's peer is told, or no longer. */
static void
announce_leaving(struct gateway_tunnel *tunnel, bool leaving)
{
	if (tunnel->peer != NULL)
		bgp_peer_set_graceful_shutdown(tunnel->peer, leaving);
}

/* --- up and down ------------------------------------------------------------------------------- */

static void
bring_up(struct gateway_tunnel *tunnel, struct control_request *request, const char *verb)
{
	gateway_event_fields(tunnel->gateway, "notice", verb, tunnel->config->name,
			     (const char *const[]){"by", control_request_who(request), NULL},
			     "%s brings %s up", control_request_who(request), tunnel->config->name);
	gateway_tunnel_enable(tunnel);
	control_request_done(request, NULL, "%s is coming up", tunnel->config->name);
}

static void
do_up(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);

	if (tunnel == NULL)
		return;
	if (gateway_is_kept(tunnel, GATEWAY_DISABLED))
		control_request_fail(request, "%s is disabled; 'twinspan enable %s' ends that",
				     tunnel->config->name, tunnel->config->name);
	else if (tunnel->child_up && !tunnel->disabled)
		control_request_done(request, NULL, "%s is up already", tunnel->config->name);
	else
		bring_up(tunnel, request, "operator.up");
}

static void
do_enable(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct error err;

	if (tunnel == NULL)
		return;
	if (!tunnel->disabled)
		control_request_done(request, NULL, "%s is enabled already", tunnel->config->name);
	else if (gateway_is_kept(tunnel, GATEWAY_DISABLED) &&
		 !gateway_keep(tunnel, GATEWAY_DISABLED, false, &err))
		control_request_fail(request, "%s stays disabled: %s", tunnel->config->name, err.text);
	else
		bring_up(tunnel, request, "operator.enable");
}

/* A tunnel on its way down, while its traffic moves. */
struct taking {
	struct gateway_tunnel *tunnel;
	struct control_request *request;
	bool remember;
};

static void
take_down(struct taking *taking, const char *moved)
{
	struct gateway_tunnel *tunnel = taking->tunnel;
	const char *name = tunnel->config->name;

	gateway_tunnel_disable(tunnel);
	failover_member_drain(tunnel->connection->failover, tunnel->member, false);
	gateway_keep(tunnel, GATEWAY_DRAINED, false, &(struct error){""});
	announce_leaving(tunnel, false);
	gateway_tunnel_publish(tunnel);
	if (taking->remember)
		control_request_done(taking->request, NULL,
				     "%s%s is disabled, over restarts too, until 'twinspan enable %s'", moved,
				     name, name);
	else
		control_request_done(taking->request, NULL,
				     "%s%s is down and stays down until 'twinspan up %s'", moved, name, name);
	free(taking);
}

static void
on_moved_away(void *context, const struct failover_result *result)
{
	struct taking *taking = context;
	char *text;

	if (taking->tunnel->gateway->stopping || taking->tunnel->connection->leaving) {
		control_request_fail(taking->request, taking->tunnel->gateway->stopping
							  ? "the gateway stops"
							  : "the configuration took the connection away");
		free(taking);
		return;
	}
	text = text_format("%s; ", result->text);
	take_down(taking, text);
	free(text);
}

static void
begin_down(struct gateway_tunnel *tunnel, struct control_request *request, bool remember)
{
	const char *name = tunnel->config->name, *verb = remember ? "disable" : "down";
	bool moves = is_active(tunnel) && other_usable(tunnel);
	struct taking *taking;
	struct error err;

	if (!gateway_guard(tunnel, request, remember ? "disable" : "take down", moves))
		return;
	if (remember && !gateway_keep(tunnel, GATEWAY_DISABLED, true, &err)) {
		control_request_fail(request, "%s: %s", name, err.text);
		return;
	}
	gateway_event_fields(tunnel->gateway, "notice", remember ? "operator.disable" : "operator.down", name,
			     (const char *const[]){"by", control_request_who(request), NULL}, "%s %s %s%s",
			     control_request_who(request), remember ? "disables" : "takes", name,
			     remember ? "" : " down");
	taking = memory_zeroed(1, sizeof(*taking));
	*taking = (struct taking){.tunnel = tunnel, .request = request, .remember = remember};
	if (!moves) {
		take_down(taking, "");
		return;
	}
	announce_leaving(tunnel, true);
	if (failover_drain(tunnel->connection->failover, tunnel->member, false, on_moved_away, taking, &err))
		return;
	announce_leaving(tunnel, is_drained(tunnel));
	if (remember)
		gateway_keep(tunnel, GATEWAY_DISABLED, false, &(struct error){""});
	control_request_fail(request, "can't %s %s now: %s", verb, name, err.text);
	free(taking);
}

static void
do_down(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);

	if (tunnel == NULL)
		return;
	if (tunnel->disabled)
		control_request_done(request, NULL, "%s is down already", tunnel->config->name);
	else
		begin_down(tunnel, request, false);
}

static void
do_disable(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct error err;

	if (tunnel == NULL)
		return;
	if (!tunnel->disabled)
		begin_down(tunnel, request, true);
	else if (gateway_is_kept(tunnel, GATEWAY_DISABLED))
		control_request_done(request, NULL, "%s is disabled already", tunnel->config->name);
	else if (!gateway_keep(tunnel, GATEWAY_DISABLED, true, &err))
		control_request_fail(request, "%s: %s", tunnel->config->name, err.text);
	else
		control_request_done(request, NULL, "%s was down and is now disabled, over restarts too",
				     tunnel->config->name);
}

/* --- switchover -------------------------------------------------------------------------------- */

static void
switchover_done(void *context, const struct failover_result *result)
{
	answer_move(context, result, "");
}

static void
switchover_done_confirm(void *context, const struct failover_result *result)
{
	const char *name = control_request_text(context, "connection");
	const char *seconds = control_request_text(context, "confirm_within");
	char *more =
	    text_format("; it turns back %s s after its start unless 'twinspan confirm %s'", seconds, name);

	answer_move(context, result, more);
	free(more);
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

bool
gateway_asked_seconds(struct control_request *request, uint64_t *seconds)
{
	const char *text = control_request_text(request, "confirm_within");

	*seconds = 0;
	if (text == NULL || (text_parse_number(text, CONFIRM_MOST, seconds) && *seconds != 0))
		return true;
	control_request_fail(request, "--confirm-within takes 1 to %d seconds, not '%s'", CONFIRM_MOST, text);
	return false;
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

static void
do_switchover(void *context, struct control_request *request)
{
	struct gateway_connection *connection = gateway_asked_connection(context, request);
	struct failover_plan plan;
	struct gateway_path path;
	struct error err;
	uint64_t seconds;
	int member;

	if (connection == NULL)
		return;
	if (control_request_flag(request, "back")) {
		switch_back(connection, request);
		return;
	}
	if ((member = asked_member(connection, request)) == -2 || !gateway_asked_seconds(request, &seconds))
		return;
	if (!failover_switchover_plan(connection->failover, member, &plan, &err)) {
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
		return;
	}
	path = gateway_path_of(context, request);
	if (control_request_flag(request, "dry_run")) {
		control_request_done(request, gateway_dry_run(connection, &plan, &path), "%s: %s%s",
				     connection->config->name, plan.text,
				     path.connection != connection ? ""
				     : path.member < 0
					 ? "; your own connection to this gateway moves with it"
					 : "; your own connection to this gateway stays where it is");
		return;
	}
	gateway_event(context, "notice", "operator.switchover", connection->config->name,
		      "%s switches over: %s%s", control_request_who(request), plan.text,
		      path.connection == connection ? " (whoever asks comes by this connection)" : "");
	if (!failover_switchover_confirm(connection->failover, member, (unsigned)seconds,
					 seconds != 0 ? switchover_done_confirm : switchover_done, request,
					 &err))
		control_request_fail(request, "%s: %s", connection->config->name, err.text);
}

static void
do_confirm(void *context, struct control_request *request)
{
	struct gateway_connection *connection = gateway_asked_connection(context, request);
	struct error err;

	if (connection == NULL)
		return;
	if (!failover_confirm(connection->failover, &err)) {
		control_request_fail(request, "%s", err.text);
		return;
	}
	gateway_event(context, "notice", "operator.confirm", connection->config->name,
		      "%s confirms the switchover", control_request_who(request));
	control_request_done(request, NULL, "%s: the switchover is confirmed and stays until auto",
			     connection->config->name);
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

/* --- drain ------------------------------------------------------------------------------------- */

static void
drain_done(void *context, const struct failover_result *result)
{
	answer_move(context, result, "");
}

/* What a drain, or its end, would do; or why it can't be. */
static void
answer_drain_plan(struct gateway_tunnel *tunnel, struct control_request *request, bool drain)
{
	bool force = control_request_flag(request, "force");
	struct gateway_connection *connection = tunnel->connection;
	struct gateway_path path = gateway_path_of(tunnel->gateway, request);
	struct failover_plan plan;
	struct error err;
	json_t *answer;

	if (!(drain ? failover_drain_plan(connection->failover, tunnel->member, force, &plan, &err)
		    : failover_undrain_plan(connection->failover, tunnel->member, &plan, &err))) {
		if (drain && !force && !other_usable(tunnel))
			control_request_refuse(request, gateway_unforced("no_other"),
					       "%s; --force marks it all the same", err.text);
		else
			control_request_fail(request, "%s", err.text);
		return;
	}
	answer = gateway_dry_run(connection, &plan, &path);
	if (tunnel->peer != NULL)
		json_array_append_new(
		    json_object_get(answer, "there"),
		    json_string(drain ? "GRACEFUL_SHUTDOWN on all that is advertised by it (RFC 8326)"
				      : "GRACEFUL_SHUTDOWN is taken back"));
	control_request_done(request, answer, "%s", plan.text);
}

static void
do_drain(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	bool force = control_request_flag(request, "force"), before;
	struct error err;

	if (tunnel == NULL || !gateway_guard(tunnel, request, "drain", other_usable(tunnel) || force))
		return;
	if (control_request_flag(request, "dry_run")) {
		answer_drain_plan(tunnel, request, true);
		return;
	}
	before = is_drained(tunnel);
	if (!gateway_keep(tunnel, GATEWAY_DRAINED, true, &err)) {
		control_request_fail(request, "%s: %s", tunnel->config->name, err.text);
		return;
	}
	if (!before)
		gateway_event(context, "notice", "operator.drain", tunnel->config->name, "%s drains %s",
			      control_request_who(request), tunnel->config->name);
	announce_leaving(tunnel, true);
	if (failover_drain(tunnel->connection->failover, tunnel->member, force, drain_done, request, &err))
		return;
	announce_leaving(tunnel, before);
	if (!before)
		gateway_keep(tunnel, GATEWAY_DRAINED, false, &(struct error){""});
	if (force || other_usable(tunnel))
		control_request_fail(request, "%s", err.text);
	else
		control_request_refuse(request, gateway_unforced("no_other"),
				       "%s; --force marks it all the same", err.text);
}

static void
do_undrain(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct error err;

	if (tunnel == NULL)
		return;
	if (control_request_flag(request, "dry_run")) {
		answer_drain_plan(tunnel, request, false);
		return;
	}
	if (!gateway_keep(tunnel, GATEWAY_DRAINED, false, &err)) {
		control_request_fail(request, "%s stays drained: %s", tunnel->config->name, err.text);
		return;
	}
	if (is_drained(tunnel))
		gateway_event(context, "notice", "operator.undrain", tunnel->config->name,
			      "%s ends the drain of %s", control_request_who(request), tunnel->config->name);
	announce_leaving(tunnel, false);
	if (failover_undrain(tunnel->connection->failover, tunnel->member, drain_done, request, &err))
		return;
	announce_leaving(tunnel, is_drained(tunnel));
	gateway_keep(tunnel, GATEWAY_DRAINED, is_drained(tunnel), &(struct error){""});
	control_request_fail(request, "%s", err.text);
}

void
gateway_operator_register(struct gateway *gateway)
{
	static const struct {
		const char *name;
		control_handler handler;
	} handlers[] = {
	    {"up", do_up},
	    {"down", do_down},
	    {"enable", do_enable},
	    {"disable", do_disable},
	    {"switchover", do_switchover},
	    {"confirm", do_confirm},
	    {"auto", do_auto},
	    {"drain", do_drain},
	    {"undrain", do_undrain},
	};

	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		control_server_handle(gateway->server, handlers[i].name, handlers[i].handler, gateway);
}
