// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic leaves the tunnels that a reload takes down, where another one can carry it, before they go. */
#include "core/gateway_reload_internal.h"

void
reload_end_drains(struct gateway_reload *reload)
{
	for (size_t i = 0; i < reload->drained.count; i++) {
		struct gateway_tunnel *tunnel =
		    gateway_tunnel_find(reload->gateway, reload->drained.items[i]);

		/* An operator may have said meanwhile that it stays so. */
		if (tunnel == NULL || gateway_is_kept(tunnel, GATEWAY_DRAINED))
			continue;
		failover_member_drain(tunnel->connection->failover, tunnel->member, false);
		if (tunnel->peer != NULL)
			bgp_peer_set_graceful_shutdown(tunnel->peer, false);
	}
}

static void
on_drained(void *context, const struct failover_result *result)
{
	struct gateway_reload *reload = context;

	(void)result; /* a limit has passed, or it was lost meanwhile: it goes in any case */
	if (--reload->draining == 0 && reload->phase == RELOAD_DRAINING && !reload->gateway->stopping)
		reload_apply(reload);
}

static bool
is_to_go_down(const struct gateway_plan *plan, const char *name)
{
	return text_list_has(&plan->dialled, name) || text_list_has(&plan->redone, name) ||
	       text_list_has(&plan->restarted, name);
}

/* A tunnel that carries and goes down, beside one that can carry and stays. */
static bool
to_drain(const struct gateway_plan *plan, const struct gateway_tunnel *tunnel)
{
	const struct gateway_connection *connection = tunnel->connection;
	struct failover_status status;

	failover_status(connection->failover, &status);
	if (!is_to_go_down(plan, tunnel->config->name) || (status.active & 1u << tunnel->member) == 0 ||
	    (status.drained & 1u << tunnel->member) != 0 ||
	    text_list_has(&plan->remade, connection->config->name))
		return false;
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (i != tunnel->member &&
		    (status.usable & ~status.drained & ~status.leaving & 1u << i) != 0 &&
		    !is_to_go_down(plan, connection->tunnels[i].config->name))
			return true;
	}
	return false;
}

void
reload_drain(struct gateway_reload *reload)
{
	struct gateway *gateway = reload->gateway;
	struct error err;

	reload->phase = RELOAD_DRAINING;
	reload->draining = 1; /* this function itself: some are done before it returns */
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];

		if (!to_drain(&reload->plan, tunnel))
			continue;
		reload->draining++;
		if (!failover_drain(tunnel->connection->failover, tunnel->member, false, on_drained, reload,
				    &err)) {
			reload->draining--; /* a move is under way: it goes down without */
			continue;
		}
		text_list_add(&reload->drained, tunnel->config->name);
		if (tunnel->peer != NULL)
			bgp_peer_set_graceful_shutdown(tunnel->peer, true);
	}
	on_drained(reload, NULL);
}
