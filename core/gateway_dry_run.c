// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a move of traffic would come to, for the answers to --dry-run: one object that a sheet, or a script,
 * can show.
 *
 *   {"connection": "aws-paris", "from": "aws-paris/1", "to": "aws-paris/2",   null: nothing has to move
 *    "prefixes": 12, "prefixes_then": 12,         carried now; known by way of `to`
 *    "rx_bps": 88100000, "tx_bps": 12300000,      what moves, as of the last second
 *    "there": ["MED 100/200 becomes 200/100"],    what the other side sees
 *    "med": [{"tunnel": "aws-paris/1", "now": 100, "then": 200}, …],
 *    "own_path": "moves",                         of whoever asks: moves, stays, cut; null: by none of these
 *    "warnings": ["…"],                           what could go wrong
 *    "lines": ["  careful: …"]}                   the same for the command line
 *
 * A refusal that --force would overcome has {"force": WHY} for a result, so that a console can ask a second
 * time: own_path (it would cut the path of whoever asks), unhealthy, no_other.
 */
#include "core/gateway_operator_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOSS_WORTH_SAYING 1.0 /* percent */
#define RTT_WORTH_SAYING 10.0 /* ms more than the other tunnel's, and twice as long */

void
gateway_add_line(json_t *lines, const char *format, ...)
{
	char text[512], clean[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(lines, json_string(text_clean(clean, sizeof(clean), text)));
}

static const struct gateway_tunnel *
member(const struct gateway_connection *connection, int at)
{
	return at >= 0 && (unsigned)at < connection->tunnel_count ? &connection->tunnels[at] : NULL;
}

static json_t *
name_of(const struct gateway_tunnel *tunnel)
{
	return tunnel != NULL ? json_string(tunnel->config->name) : json_null();
}

/* Prefixes that can be reached by a tunnel: those that its peer taught, or the configured ones. */
static uint64_t
prefixes_by(const struct gateway_tunnel *tunnel)
{
	struct bgp_peer_status status;

	if (tunnel->peer == NULL)
		return tunnel->connection->config->routes.count;
	bgp_peer_status(tunnel->peer, &status);
	return status.accepted;
}

/* What speaks against the tunnel that would carry. */
static void
warn_of_target(json_t *warnings, const struct gateway_tunnel *to, const struct gateway_tunnel *from)
{
	const char *name = to->config->name, *evidence = NULL;
	enum health_verdict verdict = health_verdict(to->health, &evidence, NULL);
	double rtt = to->row.rtt_ms, before = from != NULL ? from->row.rtt_ms : NAN;

	if (to->held_back)
		gateway_add_line(warnings, "%s failed too often lately and is held back", name);
	if (verdict != HEALTH_OK)
		gateway_add_line(warnings, "the health of %s is %s: %s", name, health_verdict_name(verdict),
				 evidence != NULL && evidence[0] != '\0' ? evidence
									 : "nothing is known of it");
	if (to->row.loss_percent >= LOSS_WORTH_SAYING)
		gateway_add_line(warnings, "%s loses %.1f %% of its probes", name, to->row.loss_percent);
	if (rtt > before + RTT_WORTH_SAYING && rtt > 2 * before)
		gateway_add_line(warnings, "the way by %s takes %.0f ms, now it is %.0f ms", name, rtt,
				 before);
	if (from != NULL && prefixes_by(to) < prefixes_by(from))
		gateway_add_line(warnings,
				 "%s knows %llu prefix%s of %llu: the others could not be reached by it",
				 name, (unsigned long long)prefixes_by(to), PLURAL(prefixes_by(to), "es"),
				 (unsigned long long)prefixes_by(from));
}

static void
warn_of_connection(json_t *warnings, const struct gateway_connection *connection,
		   const struct failover_plan *plan, const struct failover_status *status)
{
	char *asymmetry = gateway_usage_attention(connection), *waits;

	if (asymmetry != NULL)
		gateway_add_line(warnings, "%s already", asymmetry);
	free(asymmetry);
	if (gateway_waiting_first(connection, &waits) != 0)
		gateway_add_line(warnings, "a %s waits for its confirmation", waits);
	free(waits);
	if (status->pinned && plan->to >= 0 && status->pinned_member != plan->to)
		gateway_add_line(warnings, "an operator pinned the traffic to %s",
				 connection->tunnels[status->pinned_member].config->name);
	if (connection->config->routing == CONFIG_ROUTING_STATIC && plan->to >= 0)
		gateway_add_line(warnings,
				 "static routing: the other side can't be told, and may go on sending by %s",
				 connection->tunnels[plan->from >= 0 ? plan->from : plan->to].config->name);
}

/* "MED 100/200 becomes 200/100", and the list of it. */
static void
add_meds(json_t *answer, const struct gateway_connection *connection, const struct failover_plan *plan)
{
	json_t *meds = json_array(), *there = json_object_get(answer, "there");
	char now[64] = "", then[64] = "";
	size_t used = 0, used_then = 0;
	bool differ = false;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (connection->tunnels[i].peer == NULL)
			continue;
		json_array_append_new(
		    meds, json_pack("{s:s, s:I, s:I}", "tunnel", connection->tunnels[i].config->name, "now",
				    (json_int_t)plan->med[i], "then", (json_int_t)plan->med_then[i]));
		differ = differ || plan->med[i] != plan->med_then[i];
		used += (size_t)snprintf(now + used, sizeof(now) - used, "%s%u", used > 0 ? "/" : "",
					 plan->med[i]);
		used_then += (size_t)snprintf(then + used_then, sizeof(then) - used_then, "%s%u",
					      used_then > 0 ? "/" : "", plan->med_then[i]);
	}
	if (differ)
		gateway_add_line(there, "MED %s becomes %s", now, then);
	else if (used > 0)
		gateway_add_line(there, "MED %s, as it is now", now);
	json_object_set_new(answer, "med", meds);
}

json_t *
gateway_unforced(const char *why)
{
	return json_pack("{s:s}", "force", why);
}

json_t *
gateway_dry_run(const struct gateway_connection *connection, const struct failover_plan *plan,
		const struct gateway_path *path)
{
	const struct gateway_tunnel *from = member(connection, plan->from),
				    *to = member(connection, plan->to);
	json_t *warnings = json_array(), *answer = json_object(), *warning;
	struct failover_status status;
	size_t i;

	failover_status(connection->failover, &status);
	json_object_set_new(answer, "connection", json_string(connection->config->name));
	json_object_set_new(answer, "from", name_of(from));
	json_object_set_new(answer, "to", name_of(to));
	json_object_set_new(answer, "there", json_array());
	json_object_set_new(answer, "warnings", warnings);
	json_object_set_new(answer, "own_path",
			    path->connection != connection ? json_null()
			    : path->member < 0             ? json_string(to != NULL ? "moves" : "stays")
							   : json_string("stays"));
	add_meds(answer, connection, plan);
	if (from != NULL) {
		json_object_set_new(answer, "prefixes", json_integer((json_int_t)prefixes_by(from)));
		json_object_set_new(answer, "rx_bps", json_integer((json_int_t)from->row.rx_bps));
		json_object_set_new(answer, "tx_bps", json_integer((json_int_t)from->row.tx_bps));
	}
	if (to != NULL) {
		json_object_set_new(answer, "prefixes_then", json_integer((json_int_t)prefixes_by(to)));
		warn_of_target(warnings, to, from);
	}
	warn_of_connection(warnings, connection, plan, &status);
	if (path->connection == connection && path->member < 0 && to != NULL)
		gateway_add_line(warnings,
				 "your own session (from %s) goes through this connection and moves with it",
				 path->via);
	json_object_set_new(answer, "lines", json_array());
	json_array_foreach (warnings, i, warning)
		gateway_add_line(json_object_get(answer, "lines"), "  careful: %s",
				 json_string_value(warning));
	return answer;
}
