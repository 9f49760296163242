// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operators' hand on tunnels: up, down, enable, disable, drain and undrain. What moves traffic is
 * answered when it has moved, as the counters show; whoever stands on the tunnel is answered before
 * (gateway_waiting.c).
 *
 * `down` and `disable` of a tunnel that carries first move its traffic to the other one, if that can carry:
 * taken away is an idle tunnel. `down` lasts until `up` or the next start; what lasts over restarts is
 * written down (gateway_kept.c): `disable` until `enable`, `drain` until `undrain`. With a confirmation to
 * wait for that is done when it comes, and the deed is turned back when it doesn't.
 */
#include "core/gateway_operator_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- answers ----------------------------------------------------------------------------------- */

void
gateway_order_moved(struct control_request *request, const struct failover_result *result, unsigned seconds,
		    const char *name)
{
	json_t *answer;
	char *more;

	if (request == NULL)
		return;
	answer = json_pack("{s:b, s:b, s:b, s:f}", "ok", result->ok, "ours_moved", result->ours_moved,
			   "theirs_moved", result->theirs_moved, "took_ms", result->took_ms);
	json_object_set_new(answer, "outage_ms",
			    isnan(result->outage_ms) ? json_null() : json_real(result->outage_ms));
	more = seconds == 0 ? NULL
			    : text_format("; it turns back %u s after its start unless 'twinspan confirm %s'",
					  seconds, name);
	if (result->ok) {
		control_request_done(request, answer, "%s%s", result->text, more != NULL ? more : "");
	} else {
		json_decref(answer);
		control_request_fail(request, "%s", result->text);
	}
	free(more);
}

void
gateway_order_fail(const struct gateway_order *order, const char *format, ...)
{
	const struct gateway_connection *connection = order->connection;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (order->request != NULL)
		control_request_fail(order->request, "%s", text);
	else
		gateway_event(connection->gateway, "error", "operator.failed", connection->config->name,
			      "the %s for %s was not done: %s", gateway_deed_name(order->deed), order->who,
			      text);
}

/* Can another one carry what this one does? Where its peer advertises nothing it has no routes. */
static bool
other_usable(const struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	return (status.usable & ~status.drained & ~status.leaving & ~status.untaught &
		~(1u << tunnel->member)) != 0;
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

void
gateway_announce_leaving(struct gateway_tunnel *tunnel, bool leaving)
{
	if (tunnel->peer != NULL)
		bgp_peer_set_graceful_shutdown(tunnel->peer, leaving);
}

/* What both `down` and `drain` have before them: the path of whoever asks, and the time to turn back. Then
 * the order is carried out, or announced first; false after the request was answered. */
static bool
take_order(struct gateway_tunnel *tunnel, struct gateway_order *order, const char *deed, bool moves)
{
	struct control_request *request = order->request;
	struct gateway_path path = gateway_path_of(tunnel->gateway, request);
	enum gateway_own own = gateway_own_path(tunnel, &path, moves);
	struct error err;
	char *warning;
	int asked;

	if (order->deed == GATEWAY_DRAIN && path.member >= 0)
		own = GATEWAY_OWN_STAYS; /* the tunnel stays up, and so does its inside */
	if (!gateway_asked_seconds(request, &asked) || !gateway_guard(tunnel, request, &path, own, deed))
		return false;
	if (gateway_waiting_objects(tunnel->connection, tunnel, &err)) {
		control_request_fail(request, "%s", err.text);
		return false;
	}
	order->seconds = gateway_seconds(asked, own != GATEWAY_OWN_STAYS);
	if (own == GATEWAY_OWN_STAYS || control_request_flag(request, "dry_run"))
		return true;
	warning = gateway_own_warning(&path, order->seconds, NULL);
	gateway_intend(order, warning);
	free(warning);
	return false;
}

static struct gateway_order
order_of(struct gateway_tunnel *tunnel, struct control_request *request, enum gateway_deed deed)
{
	return (struct gateway_order){.connection = tunnel->connection,
				      .member = (int)tunnel->member,
				      .deed = deed,
				      .force = control_request_flag(request, "force"),
				      .who = control_request_who(request),
				      .request = request};
}

/* --- up and down ------------------------------------------------------------------------------- */

static void
bring_up(struct gateway_tunnel *tunnel, struct control_request *request, const char *verb)
{
	gateway_event_fields(tunnel->gateway, "notice", verb, tunnel->config->name,
			     (const char *const[]){"by", control_request_who(request), NULL},
			     "%s brings %s up", control_request_who(request), tunnel->config->name);
	/* A drain that the down has not ended yet, for nobody confirmed it, goes on. */
	if (tunnel->disabled && tunnel->waiting.was_drained) {
		failover_member_drain(tunnel->connection->failover, tunnel->member, true);
		gateway_announce_leaving(tunnel, true);
	}
	gateway_waiting_forget(tunnel);
	gateway_tunnel_enable(tunnel);
	control_request_done(request, NULL, "%s is coming up", tunnel->config->name);
}

/* Whoever takes it down is told when that is done; until then it is as if it were up. */
static bool
goes_down(const struct gateway_tunnel *tunnel, struct control_request *request)
{
	if (tunnel->goes_down)
		control_request_fail(
		    request, "%s is being taken down, and its traffic moves first: ask again when it is down",
		    tunnel->config->name);
	return tunnel->goes_down;
}

static void
do_up(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);

	if (tunnel == NULL || goes_down(tunnel, request))
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

	if (tunnel == NULL || goes_down(tunnel, request))
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
	struct gateway_order order; /* without a `who` */
};

static void
answer_down(const struct gateway_order *order, const char *name, const char *moved)
{
	bool disable = order->deed == GATEWAY_DISABLE;

	if (order->request == NULL)
		return;
	if (order->seconds != 0)
		control_request_done(order->request, NULL,
				     "%s%s is down; it turns back %u s after its start unless 'twinspan "
				     "confirm %s'",
				     moved, name, order->seconds, order->connection->config->name);
	else if (disable)
		control_request_done(order->request, NULL,
				     "%s%s is disabled, over restarts too, until 'twinspan enable %s'", moved,
				     name, name);
	else
		control_request_done(order->request, NULL,
				     "%s%s is down and stays down until 'twinspan up %s'", moved, name, name);
}

static void
take_down(struct taking *taking, const char *moved)
{
	struct gateway_tunnel *tunnel = taking->tunnel;

	tunnel->goes_down = false;
	gateway_tunnel_disable(tunnel);
	failover_member_drain(tunnel->connection->failover, tunnel->member, false);
	if (tunnel->waiting.deed == GATEWAY_NOTHING)
		gateway_keep(tunnel, GATEWAY_DRAINED, false, &(struct error){""});
	gateway_announce_leaving(tunnel, false);
	gateway_tunnel_publish(tunnel);
	answer_down(&taking->order, tunnel->config->name, moved);
	free(taking);
}

static void
on_moved_away(void *context, const struct failover_result *result)
{
	struct taking *taking = context;
	char *text;

	if (taking->tunnel->gateway->stopping || taking->tunnel->connection->leaving) {
		taking->tunnel->goes_down = false;
		if (taking->order.request != NULL)
			control_request_fail(taking->order.request,
					     taking->tunnel->gateway->stopping
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
begin_down(struct gateway_tunnel *tunnel, const struct gateway_order *order)
{
	bool disable = order->deed == GATEWAY_DISABLE, carries = is_active(tunnel);
	bool moves = carries && other_usable(tunnel), keeps = disable && order->seconds == 0;
	const char *name = tunnel->config->name;
	struct taking *taking;
	struct error err;

	if (keeps && !gateway_keep(tunnel, GATEWAY_DISABLED, true, &err)) {
		gateway_order_fail(order, "%s: %s", name, err.text);
		return;
	}
	gateway_event_fields(tunnel->gateway, "notice", disable ? "operator.disable" : "operator.down", name,
			     (const char *const[]){"by", order->who, NULL}, "%s %s %s%s", order->who,
			     disable ? "disables" : "takes", name, disable ? "" : " down");
	gateway_waiting_begin(tunnel, order->deed, order->seconds, carries);
	taking = memory_zeroed(1, sizeof(*taking));
	*taking = (struct taking){.tunnel = tunnel, .order = *order};
	taking->order.who = NULL;
	if (!moves) {
		take_down(taking, "");
		return;
	}
	gateway_announce_leaving(tunnel, true);
	tunnel->goes_down = true;
	if (failover_drain(tunnel->connection->failover, tunnel->member, false, on_moved_away, taking, &err))
		return;
	tunnel->goes_down = false;
	gateway_announce_leaving(tunnel, is_drained(tunnel));
	gateway_waiting_forget(tunnel);
	if (keeps)
		gateway_keep(tunnel, GATEWAY_DISABLED, false, &(struct error){""});
	gateway_order_fail(order, "can't %s %s now: %s", gateway_deed_name(order->deed), name, err.text);
	free(taking);
}

static void
ask_down(struct gateway_tunnel *tunnel, struct control_request *request, enum gateway_deed deed)
{
	struct gateway_order order = order_of(tunnel, request, deed);

	if (take_order(tunnel, &order, deed == GATEWAY_DISABLE ? "to disable it" : "to take it down",
		       is_active(tunnel) && other_usable(tunnel)))
		begin_down(tunnel, &order);
}

static void
do_down(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);

	if (tunnel == NULL)
		return;
	if (tunnel->disabled)
		control_request_done(
		    request, NULL, "%s is down already%s", tunnel->config->name,
		    tunnel->waiting.deed != GATEWAY_NOTHING ? ", and waits for its confirmation" : "");
	else
		ask_down(tunnel, request, GATEWAY_DOWN);
}

static void
do_disable(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct error err;

	if (tunnel == NULL)
		return;
	if (!tunnel->disabled)
		ask_down(tunnel, request, GATEWAY_DISABLE);
	else if (gateway_waiting_objects(tunnel->connection, tunnel, &err))
		control_request_fail(request, "%s", err.text);
	else if (gateway_is_kept(tunnel, GATEWAY_DISABLED))
		control_request_done(request, NULL, "%s is disabled already", tunnel->config->name);
	else if (!gateway_keep(tunnel, GATEWAY_DISABLED, true, &err))
		control_request_fail(request, "%s: %s", tunnel->config->name, err.text);
	else
		control_request_done(request, NULL, "%s was down and is now disabled, over restarts too",
				     tunnel->config->name);
}

/* --- drain ------------------------------------------------------------------------------------- */

static void
undrain_done(void *context, const struct failover_result *result)
{
	gateway_order_moved(context, result, 0, NULL);
}

static void
drain_done(void *context, const struct failover_result *result)
{
	struct gateway_order *order = context;

	gateway_order_moved(order->request, result, order->seconds, order->connection->config->name);
	free(order);
}

/* What a drain, or its end, would do; or why it can't be. */
static void
answer_drain_plan(struct gateway_tunnel *tunnel, struct control_request *request, bool drain,
		  unsigned seconds)
{
	bool force = control_request_flag(request, "force");
	struct gateway_connection *connection = tunnel->connection;
	struct gateway_path path = gateway_path_of(tunnel->gateway, request);
	struct failover_plan plan;
	struct error err;
	json_t *answer;
	char *warning;

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
	if (path.connection != connection || path.member >= 0 || seconds == 0) {
		control_request_done(request, answer, "%s", plan.text);
		return;
	}
	warning = gateway_own_warning(&path, seconds, NULL);
	control_request_done(request, answer, "%s; %s", plan.text, warning);
	free(warning);
}

/* Why it can't be; with what --force would do where that is all. */
static void
fail_drain(const struct gateway_tunnel *tunnel, const struct gateway_order *order, const struct error *err)
{
	if (order->force || other_usable(tunnel) || order->request == NULL)
		gateway_order_fail(order, "%s", err->text);
	else
		control_request_refuse(order->request, gateway_unforced("no_other"),
				       "%s; --force marks it all the same", err->text);
}

static void
begin_drain(struct gateway_tunnel *tunnel, const struct gateway_order *order)
{
	bool before = is_drained(tunnel), keeps = before || order->seconds == 0;
	struct gateway_order *copy;
	struct error err;

	if (keeps && !gateway_keep(tunnel, GATEWAY_DRAINED, true, &err)) {
		gateway_order_fail(order, "%s: %s", tunnel->config->name, err.text);
		return;
	}
	if (!before) {
		gateway_event(tunnel->gateway, "notice", "operator.drain", tunnel->config->name,
			      "%s drains %s", order->who, tunnel->config->name);
		gateway_waiting_begin(tunnel, GATEWAY_DRAIN, order->seconds, is_active(tunnel));
	}
	gateway_announce_leaving(tunnel, true);
	copy = memory_zeroed(1, sizeof(*copy));
	*copy = *order;
	copy->who = NULL;
	copy->seconds = before ? 0 : order->seconds;
	if (failover_drain(tunnel->connection->failover, tunnel->member, order->force, drain_done, copy,
			   &err))
		return;
	free(copy);
	gateway_announce_leaving(tunnel, before);
	gateway_waiting_forget(tunnel);
	if (keeps && !before)
		gateway_keep(tunnel, GATEWAY_DRAINED, false, &(struct error){""});
	fail_drain(tunnel, order, &err);
}

void
gateway_order_tunnel(const struct gateway_order *order)
{
	struct gateway_tunnel *tunnel = &order->connection->tunnels[order->member];

	if (order->deed == GATEWAY_DRAIN)
		begin_drain(tunnel, order);
	else if (tunnel->disabled)
		gateway_order_fail(order, "%s is down already", tunnel->config->name);
	else
		begin_down(tunnel, order);
}

static void
do_drain(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct gateway_order order;

	if (tunnel == NULL)
		return;
	order = order_of(tunnel, request, GATEWAY_DRAIN);
	if (is_drained(tunnel) && tunnel->waiting.deed == GATEWAY_DRAIN)
		control_request_done(request, NULL, "%s is drained already, and waits for its confirmation",
				     tunnel->config->name);
	else if (!take_order(tunnel, &order, "to drain it", other_usable(tunnel) || order.force))
		return;
	else if (control_request_flag(request, "dry_run"))
		answer_drain_plan(tunnel, request, true, order.seconds);
	else
		begin_drain(tunnel, &order);
}

static void
do_undrain(void *context, struct control_request *request)
{
	struct gateway_tunnel *tunnel = gateway_asked_tunnel(context, request);
	struct error err;

	if (tunnel == NULL)
		return;
	if (control_request_flag(request, "dry_run")) {
		answer_drain_plan(tunnel, request, false, 0);
		return;
	}
	if (!gateway_keep(tunnel, GATEWAY_DRAINED, false, &err)) {
		control_request_fail(request, "%s stays drained: %s", tunnel->config->name, err.text);
		return;
	}
	if (is_drained(tunnel))
		gateway_event(context, "notice", "operator.undrain", tunnel->config->name,
			      "%s ends the drain of %s", control_request_who(request), tunnel->config->name);
	gateway_announce_leaving(tunnel, false);
	if (failover_undrain(tunnel->connection->failover, tunnel->member, undrain_done, request, &err)) {
		gateway_waiting_forget(tunnel);
		return;
	}
	gateway_announce_leaving(tunnel, is_drained(tunnel));
	gateway_keep(tunnel, GATEWAY_DRAINED, is_drained(tunnel) && tunnel->waiting.deed == GATEWAY_NOTHING,
		     &(struct error){""});
	control_request_fail(request, "%s", err.text);
}

void
gateway_operator_register(struct gateway *gateway)
{
	static const struct {
		const char *name;
		control_handler handler;
	} handlers[] = {
	    {"up", do_up},           {"down", do_down},   {"enable", do_enable},
	    {"disable", do_disable}, {"drain", do_drain}, {"undrain", do_undrain},
	};

	for (size_t i = 0; i < COUNT_OF(handlers); i++)
		control_server_handle(gateway->server, handlers[i].name, handlers[i].handler, gateway);
}
