// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules that concern more than one key: what must go together, what follows from something else, what will
 * not do what its writer hopes. An error is what can't work; a warning is what works, but not as AWS or
 * common sense would have it.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#define DPD_TIMEOUT_AWS 30
/* "Site-to-Site VPN quotas": routes from a customer gateway to AWS, and from AWS to a customer gateway. */
#define PREFIXES_TO_HUB 100
#define PREFIXES_TO_CUSTOMER 1000

/* --- timers ----------------------------------------------------------------------------------- */

/* RFC 4271 4.2 and 10: a third of the hold time is the usual keepalive, and the longest that is sensible. */
static void
check_bgp(struct reading *reading, struct config_bgp *bgp, const struct given *given, struct position at)
{
	bool has_keepalive = given_entry(given, SECTION_BGP, "keepalive") != NULL;

	at = given_at(given, SECTION_BGP, "keepalive", given_at(given, SECTION_BGP, "hold", at));
	if (bgp->hold_s == 0) {
		if (has_keepalive)
			finding_warning(
			    reading->findings, at,
			    "'hold' is 0: no keepalives are sent, and nothing notices a silent peer");
		bgp->keepalive_s = 0;
	} else if (!has_keepalive) {
		bgp->keepalive_s = bgp->hold_s / 3;
	} else if (bgp->keepalive_s >= bgp->hold_s) {
		finding_error(reading->findings, at,
			      "'keepalive' (%u s) must be less than 'hold' (%u s), a third of it at most",
			      bgp->keepalive_s, bgp->hold_s);
	} else if (bgp->keepalive_s > bgp->hold_s / 3) {
		finding_warning(reading->findings, at,
				"'hold' (%u s) is less than three 'keepalive' (%u s): one every %u s is sent",
				bgp->hold_s, bgp->keepalive_s, bgp->hold_s / 3);
		bgp->keepalive_s = bgp->hold_s / 3;
	}
}

static void
check_timers(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
	     struct position at)
{
	struct position there;

	there = given_at(given, SECTION_ESP, "lifetime", given_at(given, SECTION_IKE, "lifetime", at));
	if (tunnel->esp.lifetime_s >= tunnel->ike.lifetime_s)
		finding_error(reading->findings, there,
			      "the lifetime of esp (%u s) must be shorter than that of ike (%u s)",
			      tunnel->esp.lifetime_s, tunnel->ike.lifetime_s);
	there = given_at(given, SECTION_DPD, "timeout", given_at(given, SECTION_DPD, "interval", at));
	if (tunnel->dpd.timeout_s < DPD_TIMEOUT_AWS)
		finding_warning(
		    reading->findings, there,
		    "a dpd timeout of %u s is shorter than AWS has it (%d s): a busy line may look dead",
		    tunnel->dpd.timeout_s, DPD_TIMEOUT_AWS);
	if (tunnel->dpd.interval_s >= tunnel->dpd.timeout_s)
		finding_warning(reading->findings, there,
				"the dpd interval (%u s) is not shorter than the timeout (%u s): one lost "
				"packet is a dead peer",
				tunnel->dpd.interval_s, tunnel->dpd.timeout_s);
}

/* --- a tunnel --------------------------------------------------------------------------------- */

static bool
id_is_any(const char *id)
{
	return id != NULL && (strcmp(id, "any") == 0 || strcmp(id, "%any") == 0);
}

/* The file says `any`: an unset address may also be one that could not be read. */
static bool
remote_is_any(const struct given *given)
{
	const struct node_entry *entry = given_entry(given, SECTION_TUNNEL, "remote");

	return entry != NULL && entry->value->kind == NODE_SCALAR && strcmp(entry->value->text, "any") == 0;
}

static void
check_outside(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
	      struct position at)
{
	struct position remote_at = given_at(given, SECTION_TUNNEL, "remote", at);
	bool has_remote = ip_address_is_set(&tunnel->remote), has_local;
	char text[IP_ADDRESS_TEXT];

	if (given_entry(given, SECTION_TUNNEL, "local") == NULL)
		tunnel->local = reading->config->outside;
	has_local = ip_address_is_set(&tunnel->local);
	if (has_local && has_remote && tunnel->local.family != tunnel->remote.family)
		finding_error(reading->findings, remote_at,
			      "'remote' is of another address family than the local side (%s)",
			      ip_address_format(&tunnel->local, text));
	else if (has_local && ip_address_equal(&tunnel->local, &tunnel->remote))
		finding_error(reading->findings, remote_at, "'remote' is this side's own outside address");

	if (id_is_any(tunnel->remote_id) || (!has_remote && tunnel->remote_id == NULL)) {
		if (remote_is_any(given))
			finding_error(
			    reading->findings, remote_at,
			    "'remote: any' needs 'remote_id': the identity that tells this peer from others");
		free(tunnel->remote_id);
		tunnel->remote_id = NULL;
	} else if (tunnel->remote_id == NULL) {
		tunnel->remote_id = text_copy(ip_address_format(&tunnel->remote, text));
	}
	if (tunnel->local_id == NULL && has_local)
		tunnel->local_id = text_copy(ip_address_format(&tunnel->local, text));

	if (remote_is_any(given) && tunnel->start == CONFIG_START_INITIATE) {
		if (given_entry(given, SECTION_SETTINGS, "start") != NULL)
			finding_warning(reading->findings, remote_at,
					"'remote: any' can't be initiated: it waits for the peer");
		tunnel->start = CONFIG_START_RESPOND;
	}
}

static void
check_inside(struct reading *reading, const struct config_connection *connection,
	     struct config_tunnel *tunnel, const struct given *given, struct position at)
{
	const struct config_health *health = &tunnel->health;
	bool any = false;

	for (unsigned i = 0; i < 2; i++) {
		if (!ip_address_is_set(&tunnel->inside[i].address))
			continue;
		any = true;
		ip_prefix_other_host(&tunnel->inside[i], &tunnel->inside_remote[i]);
		if (health->enabled && ip_address_equal(&health->target, &tunnel->inside[i].address))
			finding_error(reading->findings, given_at(given, SECTION_HEALTH, "target", at),
				      "the probe's target is this side's own inside address");
	}
	if (!any && given_entry(given, SECTION_TUNNEL, "inside") == NULL) {
		if (connection->routing == CONFIG_ROUTING_DYNAMIC)
			finding_error(reading->findings, at,
				      "missing key 'inside' in a tunnel: BGP needs it");
		else if (health->enabled && !ip_address_is_set(&health->target))
			finding_error(reading->findings, at,
				      "a tunnel without 'inside' needs a 'target' for its health probe");
	}
	if (tunnel->mtu != 0 && tunnel->mtu < 1280 && ip_address_is_set(&tunnel->inside[1].address))
		finding_error(reading->findings, given_at(given, SECTION_SETTINGS, "mtu", at),
			      "'mtu' must be 1280 or more where the tunnel carries IPv6 (RFC 8200 5), not %u",
			      tunnel->mtu);
}

void
check_tunnel(struct reading *reading, const struct config_connection *connection,
	     struct config_tunnel *tunnel, const struct given *given, struct position at)
{
	check_outside(reading, tunnel, given, at);
	check_inside(reading, connection, tunnel, given, at);
	check_timers(reading, tunnel, given, at);
	check_bgp(reading, &tunnel->bgp, given, at);
	if (given_entry(given, SECTION_BGP, "max_prefixes") == NULL)
		tunnel->bgp.max_prefixes =
		    reading->config->role == CONFIG_ROLE_HUB ? PREFIXES_TO_HUB : PREFIXES_TO_CUSTOMER;
}

/* --- connections, peers, the gateway ---------------------------------------------------------- */

static void
check_dynamic(struct reading *reading, const struct config_connection *connection, const struct given *given,
	      struct position at)
{
	if (given_entry(given, SECTION_CONNECTION, "peer_asn") == NULL)
		finding_error(reading->findings, at,
			      "missing key 'peer_asn' in a connection with dynamic routing");
	else if (connection->peer_asn != 0 && connection->peer_asn == reading->config->asn)
		finding_error(reading->findings, given_at(given, SECTION_CONNECTION, "peer_asn", at),
			      "'peer_asn' is the gateway's own AS number (%u): the two sides of a connection "
			      "need different ones",
			      connection->peer_asn);
	if (connection->routes.count != 0)
		finding_warning(reading->findings, given_at(given, SECTION_CONNECTION, "routes", at),
				"'routes' has no effect with dynamic routing: BGP brings them");
}

static void
check_static(struct reading *reading, const struct config_connection *connection, const struct given *given,
	     struct position at)
{
	const struct node_entry *asn = given_entry(given, SECTION_CONNECTION, "peer_asn");
	const struct node_entry *routes = given_entry(given, SECTION_CONNECTION, "routes");

	if (routes == NULL || (connection->routes.count == 0 && routes->value->count == 0))
		finding_warning(reading->findings, at,
				"a connection with static routing has no 'routes': it carries nothing");
	if (asn != NULL)
		finding_warning(reading->findings, asn->key->at,
				"'peer_asn' has no effect with static routing");
}

void
check_connection(struct reading *reading, struct config_connection *connection, const struct given *given,
		 struct position at)
{
	if (connection->routing == CONFIG_ROUTING_DYNAMIC)
		check_dynamic(reading, connection, given, at);
	else
		check_static(reading, connection, given, at);
	if (connection->prefer > connection->tunnel_count)
		finding_error(reading->findings, given_at(given, SECTION_CONNECTION, "prefer", at),
			      "'prefer' names tunnel %u, and there is one only", connection->prefer);
	else if (connection->prefer != 0 && connection->mode == CONFIG_MODE_ACTIVE_ACTIVE)
		finding_warning(reading->findings, given_at(given, SECTION_CONNECTION, "prefer", at),
				"'prefer' has no effect with active_active: both tunnels carry");
	if (connection->tunnel_count == 1)
		finding_warning(reading->findings, given_at(given, SECTION_CONNECTION, "tunnels", at),
				"one tunnel only: nothing takes over when it fails");
}

void
check_peer(struct reading *reading, struct config_peer *peer, const struct given *given, struct position at)
{
	if (ip_address_is_set(&peer->local) && ip_address_is_set(&peer->remote) &&
	    peer->local.family != peer->remote.family)
		finding_error(reading->findings, given_at(given, SECTION_PEER, "local", at),
			      "'local' and 'remote' are of different address families");
	else if (ip_address_is_set(&peer->local) && ip_address_equal(&peer->local, &peer->remote))
		finding_error(reading->findings, given_at(given, SECTION_PEER, "remote", at),
			      "'remote' equals 'local'");
	check_bgp(reading, &peer->bgp, given, at);
}

/* The BGP identifier where the file names none: the first IPv4 address of this side that it does name. */
static void
choose_router_id(struct config *config)
{
	const struct ip_address none = {0};
	const struct ip_address *chosen = config->outside.family == AF_INET ? &config->outside : &none;

	for (size_t i = 0; i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count && !ip_address_is_set(chosen);
		     j++) {
			if (config->connections[i].tunnels[j].local.family == AF_INET)
				chosen = &config->connections[i].tunnels[j].local;
		}
	}
	for (size_t i = 0; i < config->peer_count && !ip_address_is_set(chosen); i++) {
		if (config->peers[i].local.family == AF_INET)
			chosen = &config->peers[i].local;
	}
	for (size_t i = 0; i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count && !ip_address_is_set(chosen);
		     j++) {
			if (config->connections[i].tunnels[j].inside[0].address.family == AF_INET)
				chosen = &config->connections[i].tunnels[j].inside[0].address;
		}
	}
	config->router_id = *chosen;
}

void
check_gateway(struct reading *reading, const struct given *given, struct position at)
{
	struct config *config = reading->config;
	bool bgp = config->peer_count != 0;

	for (size_t i = 0; i < config->connection_count; i++)
		bgp |= config->connections[i].routing == CONFIG_ROUTING_DYNAMIC;
	if (bgp && given_entry(given, SECTION_GATEWAY, "asn") == NULL)
		finding_error(reading->findings, at, "missing key 'asn' in gateway: BGP needs it");
	if (!ip_address_is_set(&config->router_id) &&
	    given_entry(given, SECTION_GATEWAY, "router_id") == NULL) {
		choose_router_id(config);
		/* Only where nothing else is wrong: the address may stand in what could not be read. */
		if (bgp && !ip_address_is_set(&config->router_id) && reading->findings->errors == 0)
			finding_error(reading->findings, at,
				      "missing key 'router_id' in gateway: there is no IPv4 outside address "
				      "to take it from");
	}
	if (given_entry(given, SECTION_GATEWAY, "networks") == NULL)
		finding_warning(reading->findings, at,
				"gateway has no 'networks': nothing of this side is told to others");
	if (config->connection_count == 0 && config->peer_count == 0)
		finding_warning(reading->findings, at,
				"there are no connections and no peers: this gateway does nothing");
	else if (config->connection_count == 0)
		finding_warning(reading->findings, at, "there are no connections, only peers");
}
