// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What operators do and what turns back by itself unless it is confirmed: a tunnel's down, disable or drain
 * (a switchover's wait is failover's own). All of it is in the gateway and nothing in whoever asked, who may
 * never come back.
 *
 * What waits is not written down (gateway_kept.c) before it is confirmed, so that a gateway that is started
 * anew is as it was before. A tunnel that comes up again gets back the traffic that it carried: the other one
 * may be why nobody could confirm.
 *
 * A deed by somebody whose own path it moves, or cuts, is answered first and begins when the answer has left
 * (struct gateway_intent).
 */
#include "core/gateway_operator_internal.h"

#include <stdlib.h>

#define CONFIRM_MOST 86400               /* seconds */
#define ANSWER_LEAVES 300000             /* us that an answer is given to leave by the path as it is */
#define REMINDER (10 * USEC_PER_SEC)     /* before it turns back it is spoken of once more */
#define LEARN_MOST (10 * USEC_PER_SEC)   /* how long a peer may take to teach its prefixes again */
#define RETURN_MOST (180 * USEC_PER_SEC) /* a tunnel that took longer to come up gets nothing back */

/* --- seconds ----------------------------------------------------------------------------------- */

bool
gateway_asked_seconds(struct control_request *request, int *seconds)
{
	const char *text = control_request_text(request, "confirm_within");
	uint64_t number;

	*seconds = GATEWAY_UNSAID;
	if (text == NULL)
		return true;
	if (!text_parse_number(text, CONFIRM_MOST, &number)) {
		control_request_fail(request,
				     "--confirm-within takes 1 to %d seconds, or 0 for good, not '%s'",
				     CONFIRM_MOST, text);
		return false;
	}
	*seconds = (int)number;
	return true;
}

unsigned
gateway_seconds(int asked, bool own_path)
{
	return asked != GATEWAY_UNSAID ? (unsigned)asked : own_path ? GATEWAY_OWN_PATH_S : 0;
}

const char *
gateway_deed_name(enum gateway_deed deed)
{
	static const char *const names[] = {[GATEWAY_NOTHING] = "nothing",
					    [GATEWAY_DOWN] = "down",
					    [GATEWAY_DISABLE] = "disable",
					    [GATEWAY_DRAIN] = "drain",
					    [GATEWAY_SWITCHOVER] = "switchover"};

	return names[deed];
}

/* --- what waits -------------------------------------------------------------------------------- */

static bool
is_drained(const struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	return (status.drained & 1u << tunnel->member) != 0;
}

void
gateway_waiting_begin(struct gateway_tunnel *tunnel, enum gateway_deed deed, unsigned seconds, bool carried)
{
	struct gateway_waiting *waiting = &tunnel->waiting;
	usec_t wait = (usec_t)seconds * USEC_PER_SEC;

	*waiting = (struct gateway_waiting){0};
	if (seconds == 0)
		return;
	*waiting = (struct gateway_waiting){.deed = deed,
					    .seconds = seconds,
					    .due = clock_monotonic() + wait,
					    .until = clock_wall() + wait,
					    .warned = wait <= 2 * REMINDER,
					    .carried = carried,
					    .was_drained = deed != GATEWAY_DRAIN && is_drained(tunnel)};
	gateway_event(tunnel->gateway, "notice", "tunnel.unconfirmed", tunnel->config->name,
		      "the %s of %s turns back in %u s unless 'twinspan confirm %s'", gateway_deed_name(deed),
		      tunnel->config->name, seconds, tunnel->connection->config->name);
	gateway_connection_publish(tunnel->connection);
}

void
gateway_waiting_forget(struct gateway_tunnel *tunnel)
{
	bool waited = tunnel->waiting.deed != GATEWAY_NOTHING;

	tunnel->waiting = (struct gateway_waiting){0};
	if (waited)
		gateway_connection_publish(tunnel->connection);
}

/* From now on it holds over restarts too, as it would have from the beginning. */
static bool
write_down(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct gateway_waiting *waiting = &tunnel->waiting;

	if (waiting->deed == GATEWAY_DISABLE && !gateway_keep(tunnel, GATEWAY_DISABLED, true, err))
		return false;
	if (waiting->deed == GATEWAY_DRAIN)
		return gateway_keep(tunnel, GATEWAY_DRAINED, true, err);
	return !waiting->was_drained || gateway_keep(tunnel, GATEWAY_DRAINED, false, err);
}

int
gateway_waiting_confirm(struct gateway_connection *connection, const char *who, struct error *err)
{
	int count = 0;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		if (tunnel->waiting.deed == GATEWAY_NOTHING)
			continue;
		if (!write_down(tunnel, err))
			return -1;
		gateway_event(connection->gateway, "notice", "operator.confirm", tunnel->config->name,
			      "%s confirms the %s of %s", who, gateway_deed_name(tunnel->waiting.deed),
			      tunnel->config->name);
		gateway_waiting_forget(tunnel);
		count++;
	}
	return count;
}

usec_t
gateway_waiting_first(const struct gateway_connection *connection, char **what)
{
	const struct gateway_tunnel *first = NULL;
	struct failover_status status;

	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const struct gateway_tunnel *tunnel = &connection->tunnels[i];

		if (tunnel->waiting.deed != GATEWAY_NOTHING &&
		    (first == NULL || tunnel->waiting.until < first->waiting.until))
			first = tunnel;
	}
	if (first != NULL && (status.confirm_until == 0 || first->waiting.until < status.confirm_until)) {
		*what = text_format("%s of %s", gateway_deed_name(first->waiting.deed), first->config->name);
		return first->waiting.until;
	}
	*what = status.confirm_what != NULL ? text_copy(status.confirm_what) : NULL;
	return status.confirm_until;
}

bool
gateway_waiting_objects(const struct gateway_connection *connection, const struct gateway_tunnel *tunnel,
			struct error *err)
{
	const char *name = connection->config->name;
	enum gateway_deed deed = tunnel != NULL ? tunnel->waiting.deed : GATEWAY_NOTHING;

	if (connection->intent.deed != GATEWAY_NOTHING)
		return !error_set(err, "a %s of %s is about to begin; wait for a moment",
				  gateway_deed_name(connection->intent.deed), name);
	if (deed != GATEWAY_NOTHING)
		return !error_set(err,
				  "the %s of %s waits for its confirmation: 'twinspan confirm %s' or "
				  "'twinspan %s %s' first",
				  gateway_deed_name(deed), tunnel->config->name, name,
				  deed == GATEWAY_DRAIN ? "undrain" : "up", tunnel->config->name);
	return false;
}

/* --- turning back ------------------------------------------------------------------------------ */

static void
ignore(void *context, const struct failover_result *result)
{
	(void)context;
	(void)result;
}

static void
tell_return(const struct gateway_tunnel *tunnel, const struct gateway_waiting *waiting)
{
	gateway_event(tunnel->gateway, "warning", "tunnel.reverted", tunnel->config->name,
		      "the %s of %s was not confirmed within %u s: %s", gateway_deed_name(waiting->deed),
		      tunnel->config->name, waiting->seconds,
		      waiting->deed == GATEWAY_DRAIN ? "it ends" : "it comes up again");
}

/* Where its traffic is still on its way, or another move is, that is waited for: each has its limit. */
static void
turn_back(struct gateway_tunnel *tunnel)
{
	struct gateway_waiting waiting = tunnel->waiting;
	struct failover *failover = tunnel->connection->failover;

	if (waiting.deed == GATEWAY_DRAIN) {
		if (!failover_undrain(failover, tunnel->member, ignore, NULL, &(struct error){""}))
			return;
		tell_return(tunnel, &waiting);
		gateway_announce_leaving(tunnel, false);
		gateway_waiting_forget(tunnel);
		return;
	}
	if (!tunnel->disabled)
		return;
	tell_return(tunnel, &waiting);
	gateway_waiting_forget(tunnel);
	if (waiting.was_drained) {
		failover_member_drain(failover, tunnel->member, true);
		gateway_announce_leaving(tunnel, true);
	}
	tunnel->waiting.returning = waiting.carried ? clock_monotonic() : 0;
	gateway_tunnel_enable(tunnel);
}

/* It is up: has its peer taught again what it did? */
static bool
has_learned(const struct gateway_tunnel *tunnel, usec_t now)
{
	struct bgp_peer_status status;

	if (tunnel->peer == NULL)
		return true;
	bgp_peer_status(tunnel->peer, &status);
	return status.accepted != 0 || now - status.established_at > LEARN_MOST;
}

/* It turned back: as soon as it can carry, it does. */
static void
give_back(struct gateway_tunnel *tunnel, usec_t now)
{
	struct gateway_waiting *waiting = &tunnel->waiting;
	struct error err;

	if (now - waiting->returning > RETURN_MOST)
		waiting->returning = 0;
	else if (tunnel->able && has_learned(tunnel, now) &&
		 failover_give_back(tunnel->connection->failover, tunnel->member,
				    "what an operator did was not confirmed", &err))
		waiting->returning = 0;
}

void
gateway_waiting_supersede(struct gateway_connection *connection)
{
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		connection->tunnels[i].waiting.returning = 0;
}

static void
look_at(struct gateway_tunnel *tunnel, usec_t now)
{
	struct gateway_waiting *waiting = &tunnel->waiting;

	if (waiting->returning != 0)
		give_back(tunnel, now);
	if (waiting->deed == GATEWAY_NOTHING)
		return;
	if (now >= waiting->due) {
		turn_back(tunnel);
	} else if (!waiting->warned && now >= waiting->due - REMINDER) {
		waiting->warned = true;
		gateway_event(tunnel->gateway, "warning", "tunnel.unconfirmed", tunnel->config->name,
			      "the %s of %s turns back in %u s unless it is confirmed",
			      gateway_deed_name(waiting->deed), tunnel->config->name,
			      (unsigned)(REMINDER / USEC_PER_SEC));
	}
}

/* --- what is announced first ------------------------------------------------------------------- */

void
gateway_intend(const struct gateway_order *order, const char *warning)
{
	struct gateway_connection *connection = order->connection;
	const char *name = order->member >= 0 && order->deed != GATEWAY_SWITCHOVER
			       ? connection->tunnels[order->member].config->name
			       : connection->config->name;

	connection->intent = (struct gateway_intent){.deed = order->deed,
						     .member = order->member,
						     .seconds = order->seconds,
						     .force = order->force,
						     .due = clock_monotonic() + ANSWER_LEAVES};
	snprintf(connection->intent.who, sizeof(connection->intent.who), "%s", order->who);
	gateway_event(connection->gateway, "notice", "operator.own_path", name, "%s of %s by %s: %s",
		      gateway_deed_name(order->deed), name, order->who, warning);
	control_request_done(order->request, NULL, "%s of %s begins now; %s", gateway_deed_name(order->deed),
			     name, warning);
}

static void
begin_intent(struct gateway_connection *connection)
{
	struct gateway_intent intent = connection->intent;
	struct gateway_order order = {.connection = connection,
				      .member = intent.member,
				      .deed = intent.deed,
				      .seconds = intent.seconds,
				      .force = intent.force,
				      .who = intent.who};

	connection->intent = (struct gateway_intent){0};
	if (intent.deed == GATEWAY_SWITCHOVER)
		gateway_order_switchover(&order);
	else
		gateway_order_tunnel(&order);
}

void
gateway_waiting_tick(struct gateway *gateway)
{
	usec_t now = clock_monotonic();

	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		if (connection->leaving || connection->failover == NULL)
			continue;
		if (connection->intent.deed != GATEWAY_NOTHING && now >= connection->intent.due)
			begin_intent(connection);
		for (unsigned k = 0; k < connection->tunnel_count; k++)
			look_at(&connection->tunnels[k], now);
	}
}

void
gateway_waiting_close(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		const struct gateway_tunnel *tunnel = gateway->tunnels[i];

		if (tunnel->waiting.deed != GATEWAY_NOTHING)
			gateway_event(gateway, "warning", "tunnel.unconfirmed", tunnel->config->name,
				      "the gateway stops before the %s of %s was confirmed: it is gone when "
				      "it starts again",
				      gateway_deed_name(tunnel->waiting.deed), tunnel->config->name);
	}
}
