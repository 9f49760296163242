// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A timed failover drill: the active tunnel of a connection is silenced on the data plane, in both directions
 * and without a word to anybody, as if the line were cut. The gateway has to notice by itself, as it would in
 * earnest; then the tunnel passes packets again. What is measured is what failover measures of every loss:
 * the time without received packets of users, from the data plane's counters. It needs traffic: a connection
 * without any shows only how long the gateway took to notice, and the report says so.
 *
 * The drill belongs to the gateway and not to who asked: it goes on when they leave. A tunnel is silent for
 * at most SILENT_MOST, whatever happens, and passes packets again at the gateway's end; the data plane lives
 * in this process, so that its death ends the silence too.
 *
 * Traffic stays where it went, which may be out of the reach of whoever asked by this very connection: then
 * it goes back to the tunnel, as from a switchover that nobody confirmed.
 */
#include "core/gateway_configure_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 10
#define SILENT_MOST (75 * USEC_PER_SEC)
/* What the gateway may need beyond the timers that find a dead peer. */
#define SLACK (5 * USEC_PER_SEC)
/* How long the traffic's return is waited for before the tunnel passes packets again. */
#define MOVED_MOST (5 * USEC_PER_SEC)
/* How long the tunnel may take to be usable again before the report is written without that. */
#define BACK_MOST (90 * USEC_PER_SEC)

enum phase { DRILL_SILENT, DRILL_MOVED, DRILL_BACK };

struct gateway_drill {
	struct gateway *gateway;
	struct gateway_tunnel *tunnel;
	struct control_request *request;
	uv_timer_t timer;
	enum phase phase;
	char who[CONTROL_WHO];
	usec_t wall, begun, limit;        /* limit: of the silence */
	usec_t noticed, restored, usable; /* monotonic; 0: not yet */
	uint64_t rx_bps, tx_bps;          /* before */
	struct failover_move move;
	uint32_t active_after;
	bool forced;
	bool own; /* whoever asked comes by this connection */
};

static void
silence(struct gateway_drill *drill, bool silent)
{
	const struct gateway *gateway = drill->gateway;

	gateway->plane_ops->tunnel_silence(gateway->plane, drill->tunnel->config->id, silent);
}

static double
span_ms(usec_t from, usec_t to)
{
	return from != 0 && to >= from ? (double)(to - from) / USEC_PER_MS : NAN;
}

/* --- the report -------------------------------------------------------------------------------- */

static json_t *
number(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static const char *
member_name(const struct gateway_drill *drill, int member)
{
	return member >= 0 ? drill->tunnel->connection->tunnels[member].config->name : NULL;
}

static json_t *
write_lines(const struct gateway_drill *drill)
{
	const struct gateway_connection *connection = drill->tunnel->connection;
	const char *name = drill->tunnel->config->name;
	json_t *lines = json_array();
	char at[40];

	gateway_drill_time(drill->wall, "%Y-%m-%dT%H:%M:%SZ", at, sizeof(at));
	gateway_add_line(lines, "drill of %s at %s by %s%s", connection->config->name, at, drill->who,
			 drill->forced ? ", forced" : "");
	gateway_add_line(lines, "  silenced   %s, both directions, for %.0f ms", name,
			 span_ms(drill->begun, drill->restored));
	if (drill->noticed != 0)
		gateway_add_line(lines, "  noticed    after %.0f ms: %s",
				 span_ms(drill->begun, drill->noticed), drill->move.cause);
	else
		gateway_add_line(lines, "  noticed    not within %.0f ms: the tunnel was given back",
				 span_ms(drill->begun, drill->restored));
	if (drill->noticed != 0)
		gateway_add_line(lines, "  moved to   %s",
				 drill->move.to >= 0 ? member_name(drill, drill->move.to)
						     : "nothing: no other tunnel was usable");
	if (drill->noticed == 0)
		gateway_add_line(lines, "  outage     as long as the silence: nothing took over");
	else if (!isnan(drill->move.outage_ms))
		gateway_add_line(lines, "  outage     %.0f ms, by the data plane's counters",
				 drill->move.outage_ms);
	else
		gateway_add_line(lines,
				 "  outage     not measured: no traffic was flowing, or none came back");
	if (drill->usable != 0)
		gateway_add_line(lines, "  put back   usable again %.0f ms after the silence",
				 span_ms(drill->restored, drill->usable));
	else
		gateway_add_line(lines, "  put back   passes packets; not usable yet after %.0f s",
				 span_ms(drill->restored, clock_monotonic()) / 1000);
	gateway_add_line(lines, "  traffic    %s",
			 drill->active_after & 1u << drill->tunnel->member ? "is on the same tunnel as before"
			 : drill->active_after != 0
			     ? "stays where it moved to; 'twinspan switchover' brings it back"
			     : "is not carried by any tunnel");
	return lines;
}

static json_t *
make_report(const struct gateway_drill *drill)
{
	char at[40];

	gateway_drill_time(drill->wall, "%Y-%m-%dT%H:%M:%SZ", at, sizeof(at));
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:s*, s:s*, s:o, s:b, s:o, s:I, s:I, s:o}",
			 "connection", drill->tunnel->connection->config->name, "tunnel",
			 drill->tunnel->config->name, "at", at, "by", drill->who, "forced", drill->forced,
			 "silenced_ms", number(span_ms(drill->begun, drill->restored)), "noticed_ms",
			 number(span_ms(drill->begun, drill->noticed)), "cause",
			 drill->noticed != 0 ? drill->move.cause : NULL, "to",
			 drill->noticed != 0 ? member_name(drill, drill->move.to) : NULL, "outage_ms",
			 number(drill->noticed != 0 ? drill->move.outage_ms : NAN), "traffic",
			 drill->noticed != 0 && !isnan(drill->move.outage_ms), "usable_again_ms",
			 number(span_ms(drill->restored, drill->usable)), "rx_bps_before",
			 (json_int_t)drill->rx_bps, "tx_bps_before", (json_int_t)drill->tx_bps, "lines",
			 write_lines(drill));
}

/* --- its course -------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
end(struct gateway_drill *drill)
{
	drill->gateway->drill = NULL;
	uv_close((uv_handle_t *)&drill->timer, on_closed);
}

/* A switchover that nobody has confirmed yet goes back to where it came from. */
static bool
already_returns(const struct gateway_drill *drill)
{
	struct failover_status status;

	failover_status(drill->tunnel->connection->failover, &status);
	return status.confirm_until != 0;
}

static void
finish(struct gateway_drill *drill)
{
	const char *name = drill->tunnel->connection->config->name;
	bool carried_on = drill->noticed != 0 && drill->move.to >= 0;
	bool moved = drill->own && carried_on && (drill->active_after & 1u << drill->tunnel->member) == 0 &&
		     !already_returns(drill);
	json_t *earlier = gateway_drills_earlier(drill->gateway, name), *report = make_report(drill);
	char *path = gateway_drill_keep(drill->gateway, name, drill->wall, report), outage[64];

	if (drill->noticed != 0 && !isnan(drill->move.outage_ms))
		snprintf(outage, sizeof(outage), "outage %.0f ms", drill->move.outage_ms);
	else
		snprintf(outage, sizeof(outage),
			 drill->noticed != 0 ? "no traffic to measure by" : "nothing took over");
	gateway_event(drill->gateway, carried_on ? "notice" : "warning", "drill.done", name,
		      "the drill is over: noticed after %.0f ms, %s",
		      drill->noticed != 0 ? span_ms(drill->begun, drill->noticed) : NAN, outage);
	if (path != NULL) {
		json_object_set_new(report, "file", json_string(path));
		gateway_add_line(json_object_get(report, "lines"), "  report     %s", path);
	}
	if (moved)
		gateway_add_line(
		    json_object_get(report, "lines"),
		    "  yours      your own way here: goes back in %d s unless 'twinspan confirm %s'",
		    GATEWAY_OWN_PATH_S, name);
	gateway_drills_add_lines(json_object_get(report, "lines"), earlier);
	json_object_set_new(report, "earlier", earlier);
	control_request_done(drill->request, report, "%s: %s", name,
			     gateway_drill_result(drill->noticed != 0, drill->move.to >= 0));
	free(path);
	if (moved)
		failover_return_within(drill->tunnel->connection->failover, drill->tunnel->member, "drill",
				       GATEWAY_OWN_PATH_S);
	end(drill);
}

static void
restore(struct gateway_drill *drill)
{
	silence(drill, false);
	drill->restored = clock_monotonic();
	drill->phase = DRILL_BACK;
	gateway_event(drill->gateway, "notice", "drill.restored", drill->tunnel->config->name,
		      "the drill gives the tunnel back after %.0f ms",
		      span_ms(drill->begun, drill->restored));
}

static void
on_look(uv_timer_t *timer)
{
	struct gateway_drill *drill = timer->data;
	uint32_t bit = 1u << drill->tunnel->member;
	struct failover_status status;
	usec_t now = clock_monotonic();

	failover_status(drill->tunnel->connection->failover, &status);
	if (drill->phase == DRILL_SILENT)
		gateway_liveness_excuse(drill->tunnel); /* what comes is no flapping of its own */
	if (drill->phase == DRILL_SILENT && (status.usable & bit) == 0) {
		drill->noticed = now;
		drill->phase = DRILL_MOVED;
	}
	if (drill->noticed != 0 && drill->restored == 0)
		drill->move = status.last;
	if (drill->phase == DRILL_SILENT && now >= drill->begun + drill->limit)
		restore(drill);
	else if (drill->phase == DRILL_MOVED && (!status.measuring || now >= drill->noticed + MOVED_MOST))
		restore(drill);
	if (drill->phase != DRILL_BACK)
		return;
	if (status.last.at == drill->move.at)
		drill->move = status.last; /* the outage may be known only now */
	if (drill->usable == 0 && (status.usable & bit) != 0)
		drill->usable = now;
	drill->active_after = status.active;
	if (status.measuring && now >= drill->restored + MOVED_MOST)
		status.measuring = false; /* no traffic came back: there is nothing to wait for */
	if ((drill->usable != 0 && !status.measuring && !status.moving) || now >= drill->restored + BACK_MOST)
		finish(drill);
}

/* The longest that noticing should take. */
static usec_t
silence_limit(const struct gateway_tunnel *tunnel)
{
	const struct config_tunnel *config = tunnel->config;
	usec_t limit = (usec_t)(config->dpd.interval_s + config->dpd.timeout_s) * USEC_PER_SEC;
	struct bgp_peer_status status;

	if (tunnel->peer != NULL) {
		bgp_peer_status(tunnel->peer, &status);
		if (status.hold_s != 0)
			limit = (usec_t)status.hold_s * USEC_PER_SEC;
	}
	return limit + SLACK < SILENT_MOST ? limit + SLACK : SILENT_MOST;
}

static void
begin(struct gateway_tunnel *tunnel, struct control_request *request, bool own)
{
	struct gateway *gateway = tunnel->gateway;
	struct gateway_drill *drill = memory_zeroed(1, sizeof(*drill));

	*drill = (struct gateway_drill){
	    .gateway = gateway,
	    .tunnel = tunnel,
	    .request = request,
	    .wall = clock_wall(),
	    .begun = clock_monotonic(),
	    .limit = silence_limit(tunnel),
	    .rx_bps = tunnel->row.rx_bps,
	    .tx_bps = tunnel->row.tx_bps,
	    .move = {.from = -1, .to = -1, .outage_ms = NAN},
	    .forced = control_request_flag(request, "force"),
	    .own = own,
	};
	snprintf(drill->who, sizeof(drill->who), "%s", control_request_who(request));
	gateway->drill = drill;
	uv_timer_init(&gateway->loop, &drill->timer);
	drill->timer.data = drill;
	gateway_event(gateway, "warning", "operator.drill", tunnel->connection->config->name,
		      "%s begins a drill: %s is silenced for at most %.0f s", drill->who,
		      tunnel->config->name, (double)drill->limit / USEC_PER_SEC);
	gateway_waiting_supersede(tunnel->connection);
	silence(drill, true);
	uv_timer_start(&drill->timer, on_look, LOOK_MS, LOOK_MS);
}

/* Why a drill is not begun; NULL: nothing speaks against it. `force` is not asked here. */
static const char *
objection(const struct gateway_connection *connection, const struct failover_status *status)
{
	uint32_t others = status->usable & ~status->active & ~status->drained & ~status->leaving;

	if (connection->config->mode == CONFIG_MODE_ACTIVE_ACTIVE && status->active & (status->active - 1))
		others = status->active & (status->active - 1);
	if (others == 0)
		return "no other tunnel is usable to take over";
	if ((others & ~status->untaught) == 0)
		return "the peer of the other tunnel advertises nothing";
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		enum health_verdict verdict = health_verdict(connection->tunnels[i].health, NULL, NULL);

		if ((others & 1u << i) != 0 && (verdict == HEALTH_SUSPECT || verdict == HEALTH_FAILED))
			return "the other tunnel is not healthy";
	}
	return NULL;
}

/* Who finds the loss first, and when. */
static void
say_detection(const struct gateway_tunnel *tunnel, char *out, size_t size)
{
	struct model_peer row = {0};

	gateway_liveness_fill_peer(tunnel, &row);
	if (row.bfd.set && tunnel->bfd_state == BFD_UP)
		snprintf(out, size, "BFD (%llu ms × %llu) should notice within %llu ms",
			 (unsigned long long)row.bfd.interval_ms, (unsigned long long)row.bfd.multiplier,
			 (unsigned long long)(row.bfd.interval_ms * row.bfd.multiplier));
	else if (tunnel->probe != NULL)
		snprintf(out, size, "Probes should notice within a few seconds");
	else
		snprintf(out, size, "Without BFD and probes it takes until BGP's or DPD's time is over");
	model_row_clear(model_kind_info(MODEL_KIND_PEER)->shape, &row);
}

/* What the drill would do. */
static void
answer_plan(struct gateway_tunnel *tunnel, struct control_request *request)
{
	struct gateway_connection *connection = tunnel->connection;
	struct gateway_path path = gateway_path_of(tunnel->gateway, request);
	bool own = path.connection == connection && path.member < 0;
	struct failover_plan plan = {.from = (int)tunnel->member, .to = -1};
	struct failover_status status;
	char noticed[160];
	json_t *answer;

	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (i != tunnel->member && status.usable & 1u << i)
			plan.to = (int)i;
	}
	answer = gateway_dry_run(connection, &plan, &path);
	json_object_del(answer, "med");
	json_array_clear(json_object_get(answer, "there"));
	json_array_append_new(json_object_get(answer, "there"),
			      json_string("a line that was cut: nothing is announced"));
	say_detection(tunnel, noticed, sizeof(noticed));
	json_object_set_new(answer, "silence_most_ms",
			    json_integer((json_int_t)(silence_limit(tunnel) / USEC_PER_MS)));
	json_object_set_new(answer, "noticed", json_string(noticed));
	json_object_set_new(answer, "earlier",
			    gateway_drills_earlier(tunnel->gateway, connection->config->name));
	control_request_done(
	    request, answer,
	    "%s would be silenced in both directions until the gateway has noticed by itself "
	    "and moved, at most %.0f s; traffic is interrupted that long%s. %s. Then the tunnel "
	    "is given back",
	    tunnel->config->name, (double)silence_limit(tunnel) / USEC_PER_SEC,
	    own ? ", and so is your own way to this gateway" : "", noticed);
}

static void
do_drill(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct gateway_connection *connection = gateway_asked_connection(gateway, request);
	struct failover_status status;
	struct gateway_tunnel *tunnel;
	struct gateway_path path;
	const char *name, *against;
	enum gateway_own own;

	if (connection == NULL)
		return;
	name = connection->config->name;
	failover_status(connection->failover, &status);
	against = objection(connection, &status);
	if (gateway->drill != NULL) {
		control_request_fail(request, "a drill is under way on %s; wait until it is over",
				     gateway->drill->tunnel->config->name);
		return;
	}
	if (gateway_reload_busy(gateway) && !control_request_flag(request, "dry_run")) {
		control_request_fail(request, "a reload is under way; wait until it is done");
		return;
	}
	if (gateway->plane_ops->tunnel_silence == NULL) {
		control_request_fail(request, "the data plane '%s' can't silence a tunnel",
				     gateway->plane_ops->name);
		return;
	}
	if (status.active == 0 || status.moving || status.measuring) {
		control_request_fail(request,
				     status.active == 0
					 ? "%s carries nothing: there is nothing to take away"
					 : "%s is in the middle of a move; wait until it is over",
				     name);
		return;
	}
	if (against != NULL && !control_request_flag(request, "force")) {
		control_request_refuse(request, gateway_unforced("unhealthy"),
				       "%s: %s; --force does it all the same", name, against);
		return;
	}
	tunnel = &connection->tunnels[__builtin_ctz(status.active)];
	path = gateway_path_of(gateway, request);
	own = gateway_own_path(tunnel, &path, against == NULL);
	if (!gateway_guard(tunnel, request, &path, own, "to silence it"))
		return;
	if (control_request_flag(request, "dry_run"))
		answer_plan(tunnel, request);
	else
		begin(tunnel, request, own == GATEWAY_OWN_MOVES);
}

void
gateway_drill_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "drill", do_drill, gateway);
}

void
gateway_drill_close(struct gateway *gateway)
{
	struct gateway_drill *drill = gateway->drill;

	if (drill == NULL)
		return;
	if (drill->restored == 0)
		silence(drill, false);
	control_request_fail(drill->request,
			     "the gateway stops: the drill was broken off, %s passes packets again",
			     drill->tunnel->config->name);
	end(drill);
}
