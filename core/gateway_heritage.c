// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a reload takes away (gateway_apply.c), and what is left of it for as long as the reload lasts: its
 * heritage. The connection that is made in its place gets it, be that by the same change (it is made anew) or
 * by turning back from it (it had been removed):
 *
 * - its group: what it taught, and its floors, stay unreachable meanwhile instead of following another route
 *   into the clear; and so do prefixes that another connection takes over, until that one offers them;
 * - what operators said of its tunnels and sessions, also what holds over restarts (gateway_kept.c), which is
 *   written down meanwhile as if the tunnels were there;
 * - its interfaces, without their addresses, where they would be the same again: removing one and making it
 *   again takes the kernel tens of milliseconds.
 *
 * What nobody has inherited when all else is done goes for good.
 */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_reload_internal.h"

#include <stdlib.h>
#include <string.h>

struct heritage *
gateway_heritage_find(struct gateway *gateway, const char *name)
{
	struct heritages *heritages = &gateway->reload->heritages;

	for (size_t i = 0; i < heritages->count; i++) {
		if (strcmp(heritages->items[i].name, name) == 0)
			return &heritages->items[i];
	}
	return NULL;
}

struct heritage *
gateway_heritage_of_group(struct gateway *gateway, uint32_t group)
{
	struct heritages *heritages = &gateway->reload->heritages;

	for (size_t i = 0; i < heritages->count; i++) {
		if (heritages->items[i].group == group)
			return &heritages->items[i];
	}
	return NULL;
}

void
gateway_heritage_kept(const struct gateway *gateway, enum gateway_kept kind, struct text_list *names)
{
	const struct heritages *heritages = &gateway->reload->heritages;

	for (size_t i = 0; i < heritages->count; i++) {
		const struct heritage *heritage = &heritages->items[i];

		for (unsigned k = 0; k < FAILOVER_MEMBERS; k++) {
			char *name = text_format("%s/%u", heritage->name, k + 1);

			if (heritage->tunnels[k].kept & 1u << kind)
				text_list_add(names, name);
			free(name);
		}
	}
}

/* --- sessions ---------------------------------------------------------------------------------- */

void
gateway_heritage_note_peer(struct gateway *gateway, const struct bgp_peer *peer)
{
	struct text_list *held_down = &gateway->reload->held_down;
	struct bgp_peer_status status;

	if (peer == NULL)
		return;
	bgp_peer_status(peer, &status);
	if (status.shut_down && !text_list_has(held_down, status.name))
		text_list_add(held_down, status.name);
}

void
gateway_heritage_hold_peer(struct gateway *gateway, struct bgp_peer *peer)
{
	struct bgp_peer_status status;

	if (peer == NULL)
		return;
	bgp_peer_status(peer, &status);
	if (text_list_has(&gateway->reload->held_down, status.name))
		bgp_peer_shutdown(peer, NULL);
}

/* --- interfaces -------------------------------------------------------------------------------- */

static void clear(struct gateway *gateway);

/* In a thread: the loop goes on meanwhile. */
static void
on_clear(uv_work_t *work)
{
	struct gateway *gateway = work->data;

	gateway->plane_ops->tunnel_remove(gateway->plane, gateway->cleared);
}

static void
on_cleared(uv_work_t *work, int status)
{
	struct gateway *gateway = work->data;
	size_t at = 0;

	(void)status; /* none is cancelled */
	while (gateway->doomed[at].id != gateway->cleared)
		at++;
	memmove(&gateway->doomed[at], &gateway->doomed[at + 1],
		(--gateway->doomed_count - at) * sizeof(*gateway->doomed));
	gateway->cleared = 0;
	if (!gateway->stopping)
		clear(gateway);
}

/* One after the other. */
static void
clear(struct gateway *gateway)
{
	if (gateway->cleared != 0 || gateway->doomed_count == 0)
		return;
	gateway->cleared = gateway->doomed[0].id;
	gateway->clearing.data = gateway;
	uv_queue_work(&gateway->loop, &gateway->clearing, on_clear, on_cleared);
}

/* What something waits for goes first. */
static void
doom(struct gateway *gateway, uint32_t id, bool awaited)
{
	size_t at = 0;

	while (at < gateway->doomed_count &&
	       (!awaited || gateway->doomed[at].awaited || gateway->doomed[at].id == gateway->cleared))
		at++;
	gateway->doomed =
	    memory_resize(gateway->doomed, (gateway->doomed_count + 1) * sizeof(*gateway->doomed));
	memmove(&gateway->doomed[at + 1], &gateway->doomed[at],
		(gateway->doomed_count++ - at) * sizeof(*gateway->doomed));
	gateway->doomed[at] = (struct gateway_doomed){id, awaited};
	clear(gateway);
}

bool
gateway_heritage_awaited(const struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->doomed_count; i++) {
		if (gateway->doomed[i].awaited)
			return true;
	}
	return false;
}

void
gateway_interfaces_close(struct gateway *gateway)
{
	while (gateway->cleared != 0) /* the others go with the plane */
		uv_run(&gateway->loop, UV_RUN_ONCE);
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* `next`: its connection in the configuration that comes; NULL: it is removed. */
static bool
interface_stays(const struct gateway_tunnel *tunnel, const struct config_connection *next)
{
	const struct config_tunnel *is = tunnel->config, *then;

	if (tunnel->interface[0] == '\0' || tunnel->interface_lost)
		return false;
	/* Another one may be given a name, or a number, that was chosen; what comes from its id nobody gets.
	 */
	if (next == NULL)
		return is->interface == NULL && is->interface_id == 0;
	if (tunnel->member >= next->tunnel_count)
		return false;
	then = &next->tunnels[tunnel->member];
	return is->id == then->id && config_interface_id(is) == config_interface_id(then) &&
	       is_same(is->interface, then->interface) && ip_address_equal(&is->local, &then->local) &&
	       ip_address_equal(&is->remote, &then->remote);
}

/* Its addresses go in any case: others may get them. `heritage` NULL: it goes itself. */
static void
leave_interface(struct gateway_tunnel *tunnel, const struct config_connection *next,
		struct heritage *heritage)
{
	struct gateway *gateway = tunnel->gateway;

	if (tunnel->interface[0] != '\0') {
		routing_interface_clear(gateway->routing, tunnel->interface, AF_INET);
		routing_interface_clear(gateway->routing, tunnel->interface, AF_INET6);
	}
	if (heritage != NULL && interface_stays(tunnel, next))
		memcpy(heritage->interfaces[tunnel->member], tunnel->interface, sizeof(tunnel->interface));
	else
		doom(gateway, tunnel->config->id, true);
}

/* --- taking away ------------------------------------------------------------------------------- */

static struct heritage *
bequeath(struct gateway_connection *connection)
{
	struct heritages *heritages = &connection->gateway->reload->heritages;
	struct heritage *heritage;

	heritages->items =
	    memory_resize(heritages->items, (heritages->count + 1) * sizeof(*heritages->items));
	heritage = &heritages->items[heritages->count++];
	*heritage =
	    (struct heritage){.name = text_copy(connection->config->name), .group = connection->group};
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		const struct gateway_tunnel *tunnel = &connection->tunnels[i];

		heritage->tunnels[i].id = tunnel->config->id;
		heritage->tunnels[i].kept = tunnel->kept;
		heritage->tunnels[i].disabled = tunnel->disabled && tunnel->waiting.deed == GATEWAY_NOTHING;
	}
	return heritage;
}

static void
give_learned(struct gateway_learned *from, struct gateway_learned *to)
{
	*to = *from;
	*from = (struct gateway_learned){0};
}

static void
take(struct gateway_connection *connection, const struct config *after, struct heritage *heritage)
{
	struct gateway *gateway = connection->gateway;
	const char *name = connection->config->name;
	const struct config_connection *next = config_find_connection(after, name);

	if (connection->failover != NULL)
		gateway_usage_end(connection);
	failover_free(connection->failover);
	connection->failover = NULL;
	routing_group_remove(gateway->routing, connection->group);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		leave_interface(&connection->tunnels[i], next, heritage);
		if (next == NULL || i >= next->tunnel_count)
			model_store_remove(gateway->store, MODEL_KIND_TUNNEL,
					   connection->tunnels[i].config->name);
	}
	if (next == NULL)
		model_store_remove(gateway->store, MODEL_KIND_CONNECTION, name);
	gateway_connection_free(connection);
}

void
gateway_heritage_take(struct gateway_connection *connection, const struct config *after)
{
	struct heritage *heritage = bequeath(connection);

	give_learned(&connection->learned, &heritage->learned);
	take(connection, after, heritage);
}

void
gateway_heritage_take_back(struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;
	struct heritage *heritage = gateway_heritage_find(gateway, connection->config->name);

	/* It may have been given already. */
	if (heritage != NULL && heritage->learned.held.count == 0)
		give_learned(&connection->learned, &heritage->learned);
	take(connection, gateway->config, NULL);
}

/* --- handing on -------------------------------------------------------------------------------- */

void
gateway_heritage_give(struct heritage *heritage, struct gateway_connection *connection)
{
	give_learned(&heritage->learned, &connection->learned);
	for (unsigned i = 0; i < connection->tunnel_count; i++)
		connection->tunnels[i].disabled = heritage->tunnels[i].disabled;
}

static void
forget(struct heritages *heritages, struct heritage *heritage)
{
	prefix_set_free(&heritage->learned.held);
	free(heritage->name);
	*heritage = heritages->items[--heritages->count];
}

/* An interface of it that is left; FAILOVER_MEMBERS: none. */
static unsigned
left_interface(const struct heritage *heritage)
{
	unsigned i = 0;

	while (i < FAILOVER_MEMBERS && heritage->interfaces[i][0] == '\0')
		i++;
	return i;
}

void
gateway_heritage_done(struct heritage *heritage, struct gateway_connection *connection)
{
	struct gateway *gateway = connection->gateway;
	unsigned left;

	for (unsigned i = 0; i < connection->tunnel_count; i++)
		gateway_kept_restore(&connection->tunnels[i], heritage->tunnels[i].kept);
	for (; (left = left_interface(heritage)) < FAILOVER_MEMBERS; heritage->interfaces[left][0] = '\0')
		doom(gateway, heritage->tunnels[left].id, false);
	forget(&gateway->reload->heritages, heritage);
}

bool
gateway_heritage_clear(struct gateway *gateway)
{
	struct heritages *heritages = &gateway->reload->heritages;
	struct heritage *last;
	unsigned left;

	if (heritages->count == 0)
		return false;
	last = &heritages->items[heritages->count - 1];
	for (; (left = left_interface(last)) < FAILOVER_MEMBERS; last->interfaces[left][0] = '\0')
		doom(gateway, last->tunnels[left].id, false);
	gateway_protect_end(gateway, &last->learned);
	forget(heritages, last);
	return true;
}

void
gateway_heritages_free(struct heritages *heritages)
{
	while (heritages->count != 0)
		forget(heritages, &heritages->items[heritages->count - 1]);
	free(heritages->items);
	*heritages = (struct heritages){0};
}
