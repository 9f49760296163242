// SPDX-License-Identifier: GPL-2.0-or-later
/* What stays with other values when the configuration changes (gateway_apply.c): it is told of them as it
 * runs, or dialled anew. */
#include "core/gateway_bgp_internal.h"
#include "core/gateway_reload_internal.h"

#include <string.h>

void
gateway_apply_failure(struct error *err, const struct error *now)
{
	if (err->text[0] == '\0')
		*err = *now;
}

/* A tunnel's session, or a peer of its own, with other options. */
static void
configure(struct gateway *gateway, struct bgp_peer *peer, const struct config_bgp *bgp, struct error *err)
{
	struct bgp_peer_config config = {.local_asn = gateway->config->asn};
	struct error now;

	if (peer == NULL)
		return;
	gateway_session_options(&config, bgp);
	if (!bgp_peer_configure(peer, &config, &now))
		gateway_apply_failure(err, &now);
}

static void
configure_own_peer(struct gateway *gateway, const char *name, struct error *err)
{
	struct bgp_peer *peer = bgp_peer_find(gateway->bgp, name);
	const struct config_peer *own = config_find_peer(gateway->config, name);
	struct bgp_peer_config config = {.local_asn = gateway->config->asn};
	struct error now;

	if (peer == NULL)
		return;
	gateway_peer_options(&config, own);
	if (!bgp_peer_configure(peer, &config, &now))
		gateway_apply_failure(err, &now);
}

/* Whether a key that begins so is another for the tunnel. */
static bool
has_changed(const struct gateway_plan *plan, const char *tunnel, const char *key)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == CONFIG_PART_TUNNEL && strncmp(change->key, key, strlen(key)) == 0 &&
		    strcmp(change->name, tunnel) == 0)
			return true;
	}
	return false;
}

/* The peer of a tunnel that is drained is told so by the new session too. */
static void
announce_drain(struct gateway_tunnel *tunnel)
{
	struct failover_status status;

	failover_status(tunnel->connection->failover, &status);
	if (tunnel->peer != NULL && (status.drained & 1u << tunnel->member) != 0)
		bgp_peer_set_graceful_shutdown(tunnel->peer, true);
}

/* The tunnel's SAs, and with `peer` its session, are closed already. */
static bool
dial_anew(struct gateway_tunnel *tunnel, bool peer, struct error *err)
{
	struct gateway *gateway = tunnel->gateway;

	gateway_tunnel_describe(tunnel);
	if (!gateway_liveness_ready(gateway, tunnel->config, &tunnel->probe, err) ||
	    !gateway_tunnel_set_interface(tunnel, err))
		return false;
	if (peer) {
		if (!gateway_tunnel_open_peer(tunnel, err))
			return false;
		gateway_heritage_hold_peer(gateway, tunnel->peer);
		announce_drain(tunnel);
		failover_member_renewed(tunnel->connection->failover, tunnel->member);
		gateway_connection_describe(tunnel->connection); /* its rules hang on the inside addresses */
	} else {
		gateway_tunnel_guard(tunnel);
	}
	return gateway_tunnel_dial(tunnel, err);
}

static void
change_tunnel(struct gateway_tunnel *tunnel, const struct config_tunnel *before,
	      const struct gateway_plan *plan, struct error *err)
{
	const char *name = tunnel->config->name;
	bool redone = text_list_has(&plan->redone, name), dialled = text_list_has(&plan->dialled, name);
	struct error now;

	configure(tunnel->gateway, tunnel->peer, &tunnel->config->bgp, err);
	if (redone || dialled) {
		if (!dial_anew(tunnel, redone, &now))
			gateway_apply_failure(err, &now);
	} else {
		if (tunnel->config->mtu != before->mtu && !gateway_tunnel_set_interface(tunnel, &now))
			gateway_apply_failure(err, &now);
		if (has_changed(plan, name, "certificate.crl") && !gateway_tunnel_certify(tunnel, &now))
			gateway_apply_failure(err, &now);
		gateway_liveness_change(tunnel, &before->bfd, has_changed(plan, name, "bfd."),
					has_changed(plan, name, "health."));
		if (text_list_has(&plan->restarted, name) && tunnel->peer != NULL) {
			gateway_liveness_excuse(tunnel);
			bgp_peer_reset(tunnel->peer, false);
		}
	}
	gateway_peer_publish(tunnel);
	gateway_tunnel_publish(tunnel);
}

/* The names of what has changed, each once. */
static void
changed_names(const struct gateway_plan *plan, enum config_part part, struct text_list *names)
{
	for (size_t i = 0; i < plan->diff.count; i++) {
		const struct config_change *change = &plan->diff.items[i];

		if (change->part == part && change->kind == CONFIG_CHANGED &&
		    (names->count == 0 || strcmp(names->items[names->count - 1], change->name) != 0))
			text_list_add(names, change->name);
	}
}

static const struct config_tunnel *
find_tunnel(const struct config *config, const struct gateway_tunnel *tunnel)
{
	const struct config_connection *connection =
	    config_find_connection(config, tunnel->connection->config->name);

	return connection != NULL && tunnel->member < connection->tunnel_count
		   ? &connection->tunnels[tunnel->member]
		   : NULL;
}

void
gateway_apply_changed(struct gateway_apply *apply)
{
	static const enum config_part parts[] = {CONFIG_PART_TUNNEL, CONFIG_PART_CONNECTION,
						 CONFIG_PART_PEER};

	_Static_assert(COUNT_OF(parts) == COUNT_OF(apply->changed), "a list for each");
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		changed_names(apply->plan, parts[i], &apply->changed[i]);
}

static void
change_connection(struct gateway *gateway, const char *name)
{
	struct gateway_connection *connection = gateway_connection_find(gateway, name);

	if (connection == NULL)
		return;
	gateway_connection_describe(connection); /* and the rules of the choice */
	failover_set_mode(connection->failover, connection->config->mode == CONFIG_MODE_ACTIVE_ACTIVE);
	gateway_connection_publish(connection);
}

bool
gateway_apply_change_next(struct gateway_apply *apply)
{
	const struct text_list *tunnels = &apply->changed[0], *connections = &apply->changed[1],
			       *peers = &apply->changed[2];
	struct gateway *gateway = apply->gateway;
	size_t at = apply->next++;
	struct gateway_tunnel *tunnel;

	if (at < tunnels->count) {
		tunnel = gateway_tunnel_find(gateway, tunnels->items[at]);
		/* Those of connections that are made anew have all of it already. */
		if (tunnel != NULL && !text_list_has(&apply->plan->remade, tunnel->connection->config->name))
			change_tunnel(tunnel, find_tunnel(apply->other, tunnel), apply->plan, &apply->err);
		return true;
	}
	at -= tunnels->count;
	if (at < connections->count) {
		change_connection(gateway, connections->items[at]);
		return true;
	}
	at -= connections->count;
	if (at == peers->count)
		return false;
	configure_own_peer(gateway, peers->items[at], &apply->err);
	return true;
}
