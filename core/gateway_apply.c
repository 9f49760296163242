// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plan is carried out, in stages, each of them in steps of a tunnel or a connection, since a thousand of
 * them take the kernel and IKE a good while and all else waits meanwhile: the loop goes on after each few
 * milliseconds.
 *
 *   what goes is told to the peers (Cease, Delete) while its interfaces still stand -> a moment -> it is
 *   taken away (gateway_heritage.c) -> the configuration changes hands, in one step -> what is made anew is
 *   made and dialled -> tunnels, connections and peers with other values (gateway_apply_changes.c) -> what is
 *   added is made, all of it, and dialled -> what nobody inherited, and the prefixes that only the former
 *   configuration named, are let go
 *
 * In this order, since all that goes must have gone before any is made: names, addresses and numbers may go
 * from one to the other. What can fail comes before what can't be had back: the first failure is the end of
 * it, and the plan that turns back (`turns_back`: that one goes on after failures) finds the heritages and
 * the floors of all that the former configuration had.
 *
 * What the plan does not name is not touched; it only learns where its configuration stands now.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_reload_internal.h"

#include <stdlib.h>
#include <string.h>

/* How long Cease and Delete have to leave before their interface goes. */
#define LEAVE_MS 150
/* The pause after each slice. */
#define PAUSE_MS 1
/* So many pauses the kernel is given to take the floors before they are handed over in one go. */
#define FLOORS_MOST 1000
/* So many interfaces go before the reload is answered; the kernel takes some 20 ms for each. */
#define AT_ONCE 8

/* --- what goes --------------------------------------------------------------------------------- */

static void
leave(struct gateway_connection *connection, const char *cause)
{
	connection->leaving = true;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		gateway_liveness_excuse(&connection->tunnels[i]);
		gateway_heritage_note_peer(connection->gateway, connection->tunnels[i].peer);
		gateway_tunnel_close_peer(&connection->tunnels[i]);
		gateway_tunnel_hang_up(&connection->tunnels[i], cause);
	}
}

static void
hang_up(struct gateway *gateway, const char *name, bool peer, const char *cause)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_find(gateway, name);

	if (tunnel == NULL || tunnel->connection->leaving)
		return;
	gateway_liveness_excuse(tunnel);
	if (peer) {
		gateway_heritage_note_peer(gateway, tunnel->peer);
		gateway_tunnel_close_peer(tunnel);
	}
	gateway_tunnel_hang_up(tunnel, cause);
}

static void
close_own_peer(struct gateway *gateway, const char *name)
{
	gateway_heritage_note_peer(gateway, bgp_peer_find(gateway->bgp, name));
	gateway_own_peer_close(gateway, name);
}

static bool
goes(const struct gateway_plan *plan, enum config_part part, const char *name)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == part && change->kind == CONFIG_REMOVED && strcmp(change->name, name) == 0)
			return true;
	}
	return text_list_has(part == CONFIG_PART_PEER ? &plan->peers_remade : &plan->remade, name);
}

static bool
leave_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	const struct gateway_plan *plan = apply->plan;
	size_t at = apply->next++;

	if (at < gateway->connection_count) {
		if (goes(plan, CONFIG_PART_CONNECTION, gateway->connections[at]->config->name))
			leave(gateway->connections[at], apply->cause);
		return true;
	}
	at -= gateway->connection_count;
	if (at < plan->redone.count) {
		hang_up(gateway, plan->redone.items[at], true, apply->cause);
		return true;
	}
	at -= plan->redone.count;
	if (at < plan->dialled.count) {
		hang_up(gateway, plan->dialled.items[at], false, apply->cause);
		return true;
	}
	at -= plan->dialled.count;
	if (at < gateway->config->peer_count) {
		if (goes(plan, CONFIG_PART_PEER, gateway->config->peers[at].name))
			close_own_peer(gateway, gateway->config->peers[at].name);
		return true;
	}
	apply->pause_ms = plan->drops.count != 0 ? LEAVE_MS : 0;
	return false;
}

/* From the last one on: the others keep their places. */
static bool
take_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	struct gateway_connection *connection;

	if (apply->next == gateway->connection_count)
		return false;
	connection = gateway->connections[gateway->connection_count - 1 - apply->next];
	if (goes(apply->plan, CONFIG_PART_CONNECTION, connection->config->name))
		gateway_heritage_take(connection, apply->other);
	else
		apply->next++;
	return true;
}

static bool
await_taken(struct gateway_apply *apply)
{
	apply->pause_ms = PAUSE_MS;
	return gateway_heritage_awaited(apply->gateway);
}

/* --- the configuration changes hands ----------------------------------------------------------- */

/* Ids of tunnels, from 1. */
struct ids {
	bool *taken;
	size_t most;
	uint32_t next;
};

static void
mark(struct ids *ids, uint32_t id)
{
	if (id <= ids->most)
		ids->taken[id] = true;
}

static uint32_t
free_id(struct ids *ids)
{
	while (ids->next < ids->most && ids->taken[ids->next])
		ids->next++;
	return ids->next;
}

/* Those that are somebody's. */
static void
mark_all(struct ids *ids, const struct gateway *gateway)
{
	const struct heritages *heritages = &gateway->reload->heritages;

	for (size_t i = 0; i < gateway->doomed_count; i++)
		mark(ids, gateway->doomed[i].id);
	for (size_t i = 0; i < heritages->count; i++) {
		for (unsigned k = 0; k < FAILOVER_MEMBERS; k++)
			mark(ids, heritages->items[i].tunnels[k].id);
	}
	for (size_t i = 0; i < gateway->config->connection_count; i++) {
		const struct config_connection *connection = &gateway->config->connections[i];

		for (unsigned k = 0; k < connection->tunnel_count; k++)
			mark(ids, connection->tunnels[k].id);
	}
}

/* A tunnel keeps its id, which names its interface, for as long as it has its name. */
static void
number_tunnels(struct gateway *gateway, struct config *after)
{
	struct ids ids = {.most = gateway->tunnel_id_room + 1, .next = 1};

	ids.most += (gateway->config->connection_count + after->connection_count) * FAILOVER_MEMBERS;
	ids.taken = memory_zeroed(ids.most + 1, sizeof(*ids.taken));
	mark_all(&ids, gateway);
	for (size_t i = 0; i < after->connection_count; i++) {
		struct config_connection *connection = &after->connections[i];
		const struct config_connection *same =
		    config_find_connection(gateway->config, connection->name);
		const struct heritage *heritage = gateway_heritage_find(gateway, connection->name);

		for (unsigned k = 0; k < connection->tunnel_count; k++) {
			uint32_t id = same != NULL && k < same->tunnel_count ? same->tunnels[k].id
				      : heritage != NULL                     ? heritage->tunnels[k].id
									     : 0;

			connection->tunnels[k].id = id != 0 ? id : free_id(&ids);
			mark(&ids, connection->tunnels[k].id);
		}
	}
	free(ids.taken);
}

/* The new one is in force from here on. */
static void
change_hands(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	struct config *before = gateway->config;
	struct gateway_source source = gateway->source;

	gateway->config = apply->other;
	gateway->source = apply->source;
	apply->other = before;
	apply->source = source;
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = gateway->connections[i];

		connection->config = config_find_connection(gateway->config, connection->config->name);
		for (unsigned k = 0; k < connection->tunnel_count; k++)
			connection->tunnels[k].config = &connection->config->tunnels[k];
	}
	gateway_routes_configure(gateway, before);
}

static bool
change_hands_once(struct gateway_apply *apply)
{
	change_hands(apply);
	return false;
}

/* --- what comes -------------------------------------------------------------------------------- */

/* All but the dialling. */
static bool
connection_make(struct gateway *gateway, const struct config_connection *config, struct heritage *heritage,
		struct error *err)
{
	struct gateway_connection *connection;

	if (!gateway_connection_open(gateway, config, heritage != NULL ? heritage->group : 0,
				     heritage != NULL ? heritage->interfaces : NULL, err))
		return false;
	connection = gateway->connections[gateway->connection_count - 1];
	if (heritage != NULL)
		gateway_heritage_give(heritage, connection);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = &connection->tunnels[i];

		if (!gateway_liveness_ready(gateway, tunnel->config, &tunnel->probe, err) ||
		    !gateway_tunnel_open_peer(tunnel, err))
			return false;
		gateway_heritage_hold_peer(gateway, tunnel->peer);
	}
	if (heritage != NULL)
		gateway_heritage_done(heritage, connection);
	gateway_usage_begin(connection);
	gateway_routes_offer(connection);
	return true;
}

/* Notes it in `made`, to be dialled when the floors lie. One that can't be made leaves nothing. */
static void
make(struct gateway_apply *apply, const struct config_connection *config)
{
	struct gateway *gateway = apply->gateway;
	struct gateway_connection *connection;
	struct error now;

	if (connection_make(gateway, config, gateway_heritage_find(gateway, config->name), &now)) {
		text_list_add(&apply->made, config->name);
		return;
	}
	gateway_apply_failure(&apply->err, &now);
	connection = gateway->connections[gateway->connection_count - 1];
	leave(connection, now.text);
	gateway_heritage_take_back(connection);
}

/* What was taken away for that, and sessions of peers without a tunnel. */
static bool
make_anew_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	const struct config *config = gateway->config;
	size_t at = apply->next++;
	struct error now;

	if (at < config->connection_count) {
		if (gateway_heritage_find(gateway, config->connections[at].name) != NULL)
			make(apply, &config->connections[at]);
		return true;
	}
	at -= config->connection_count;
	if (at == config->peer_count)
		return false;
	if (bgp_peer_find(gateway->bgp, config->peers[at].name) != NULL)
		return true;
	if (gateway_own_peer_open(gateway, &config->peers[at], &now))
		gateway_heritage_hold_peer(gateway, bgp_peer_find(gateway->bgp, config->peers[at].name));
	else
		gateway_apply_failure(&apply->err, &now);
	return true;
}

static bool
make_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	const struct config *config = gateway->config;
	size_t at = apply->next++;

	if (at < config->connection_count) {
		if (gateway_connection_find(gateway, config->connections[at].name) == NULL)
			make(apply, &config->connections[at]);
		return true;
	}
	if (apply->made.count != 0)
		gateway_kept_load(gateway);
	return false;
}

/* Before anything that was made is dialled. */
static bool
lay_floors(struct gateway_apply *apply)
{
	struct routing *routing = apply->gateway->routing;

	if (apply->made.count == 0 || routing_pending(routing) == 0)
		return false;
	if (apply->next++ < FLOORS_MOST) {
		apply->pause_ms = PAUSE_MS;
		return true;
	}
	routing_flush(routing);
	return false;
}

static bool
dial_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;
	struct gateway_connection *connection;
	struct error now;

	if (apply->next == apply->made.count) {
		text_list_free(&apply->made);
		return false;
	}
	connection = gateway_connection_find(gateway, apply->made.items[apply->next++]);
	for (unsigned i = 0; connection != NULL && i < connection->tunnel_count; i++) {
		if (!gateway_tunnel_dial(&connection->tunnels[i], &now))
			gateway_apply_failure(&apply->err, &now);
	}
	if (connection != NULL)
		gateway_connection_publish(connection);
	return true;
}

/* --- the end of what went ---------------------------------------------------------------------- */

static bool
clear_next(struct gateway_apply *apply)
{
	struct gateway *gateway = apply->gateway;

	if (apply->next++ == 0) {
		gateway_routes_forget(gateway, apply->other);
		gateway_protect_end_static(gateway);
	}
	if (gateway_heritage_clear(gateway))
		return true;
	apply->may_wait = gateway->doomed_count > AT_ONCE ? gateway->doomed_count - AT_ONCE : 0;
	gateway_show_networks(gateway);
	gateway_rotation_sync(gateway);
	gateway_host_watch(gateway);
	gateway_certificates_look(gateway);
	return false;
}

static bool
await_few(struct gateway_apply *apply)
{
	apply->pause_ms = PAUSE_MS;
	return apply->gateway->doomed_count > apply->may_wait;
}

/* --- in slices --------------------------------------------------------------------------------- */

/* Each does one step of its stage, `next` counts them; false: there is none left. */
static bool (*const stages[])(struct gateway_apply *) = {
    leave_next,     take_next,  await_taken, change_hands_once,
    make_anew_next, lay_floors, dial_next,   gateway_apply_change_next,
    make_next,      lay_floors, dial_next,   clear_next,
    await_few,
};

void
gateway_apply_start(struct gateway *gateway, const struct gateway_plan *plan, struct config *after,
		    struct gateway_source source, struct gateway_apply *apply)
{
	*apply = (struct gateway_apply){
	    .gateway = gateway,
	    .plan = plan,
	    .other = after,
	    .source = source,
	    .cause = "the configuration was changed",
	};
	gateway_apply_changed(apply);
	number_tunnels(gateway, after);
}

static bool
is_over(const struct gateway_apply *apply)
{
	return apply->stage == COUNT_OF(stages) || (apply->err.text[0] != '\0' && !apply->turns_back);
}

bool
gateway_apply_continue(struct gateway_apply *apply, usec_t slice)
{
	usec_t began = clock_monotonic();

	apply->pause_ms = 0;
	while (!is_over(apply) && apply->pause_ms == 0 && clock_monotonic() - began < slice) {
		if (stages[apply->stage](apply))
			continue;
		apply->stage++;
		apply->next = 0;
	}
	if (apply->pause_ms == 0)
		apply->pause_ms = PAUSE_MS;
	return is_over(apply);
}

void
gateway_apply_end(struct gateway_apply *apply)
{
	text_list_free(&apply->made);
	for (size_t i = 0; i < COUNT_OF(apply->changed); i++)
		text_list_free(&apply->changed[i]);
	config_free(apply->other);
	gateway_source_free(&apply->source);
	*apply = (struct gateway_apply){0};
}
