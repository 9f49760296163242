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
#define REPLAY_WINDOW_AWS 64
#define KERNEL_REPLAY_WINDOW 2048u /* what dataplane_kernel takes */
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

/* What a tunnel's session exchanges: what the tunnel has inside addresses for. IPv4 goes without one, as over
 * an IPv6 session RFC 8950 lets its next hop be of IPv6. */
static void
check_tunnel_families(struct reading *reading, struct config_tunnel *tunnel, const struct given *given,
		      struct position at)
{
	bool inside_ipv4 = ip_address_is_set(&tunnel->inside[0].address),
	     inside_ipv6 = ip_address_is_set(&tunnel->inside[1].address);

	if (tunnel->bgp.families == 0)
		tunnel->bgp.families =
		    (inside_ipv4 ? CONFIG_FAMILY_IPV4 : 0) | (inside_ipv6 ? CONFIG_FAMILY_IPV6 : 0);
	else if (tunnel->bgp.families & CONFIG_FAMILY_IPV6 && inside_ipv4 && !inside_ipv6)
		finding_error(reading->findings, given_at(given, SECTION_BGP, "families", at),
			      "'families' has ipv6, for which the tunnel needs an IPv6 address in 'inside'");
}

static void
check_peer_families(struct reading *reading, struct config_peer *peer, const struct given *given,
		    struct position at)
{
	struct position there = given_at(given, SECTION_PEER, "next_hop", at);
	uint8_t family = ip_address_is_set(&peer->remote.address) ? peer->remote.address.family
								  : peer->remote.range.address.family;

	/* Of those that come from anywhere, each has the family of its address. */
	if (peer->bgp.families == 0 && family != AF_UNSPEC)
		peer->bgp.families = family == AF_INET6 ? CONFIG_FAMILY_IPV6 : CONFIG_FAMILY_IPV4;
	if (ip_address_is_set(&peer->next_hop) && peer->next_hop.family == family)
		finding_error(reading->findings, there,
			      "'next_hop' must be this side's address of the other family than 'remote'");
	else if (family == AF_INET && peer->bgp.families & CONFIG_FAMILY_IPV6 &&
		 !ip_address_is_set(&peer->next_hop))
		finding_error(reading->findings, given_at(given, SECTION_BGP, "families", at),
			      "'families' has ipv6 and 'remote' is of IPv4: 'next_hop' must be this side's "
			      "IPv6 address");
}

/* RFC 9687 4; RFC 5082; RFC 9234 4.1. */
static void
check_session(struct reading *reading, const struct config_bgp *bgp, bool internal, const struct given *given,
	      struct position at)
{
	const struct config_limits *limits = &bgp->limits;

	if (bgp->send_hold_s != 0 && bgp->send_hold_s <= bgp->hold_s)
		finding_error(reading->findings, given_at(given, SECTION_BGP, "send_hold", at),
			      "'send_hold' (%u s) must be longer than 'hold' (%u s)", bgp->send_hold_s,
			      bgp->hold_s);
	if (bgp->multihop != 0 && bgp->ttl_security != 0)
		finding_error(reading->findings, given_at(given, SECTION_BGP, "ttl_security", at),
			      "'ttl_security' has a number of hops itself: leave 'multihop' out");
	if (bgp->role != CONFIG_BGP_NONE && internal)
		finding_error(reading->findings, given_at(given, SECTION_BGP, "role", at),
			      "'role' is for a peer of another AS");
	if (bgp->role_strict && bgp->role == CONFIG_BGP_NONE)
		finding_warning(reading->findings, given_at(given, SECTION_BGP, "role_strict", at),
				"'role_strict' has no effect without a 'role'");
	if (limits->restart_after_s != 0 && limits->action != CONFIG_LIMIT_RESTART)
		finding_warning(reading->findings, given_at(given, SECTION_LIMITS, "restart_after", at),
				"'restart_after' has no effect with another 'action' than restart");
}

/* The line outside is taken to carry 1500 bytes, as Ethernet does: what is larger is cut in two or lost. */
static void
check_mtu(struct reading *reading, const struct config_tunnel *tunnel, const struct given *given,
	  struct position at)
{
	struct config_tunnel free_of_it = *tunnel;
	uint32_t most;

	free_of_it.mtu = 0;
	most = config_inner_mtu(&free_of_it);
	if (tunnel->mtu > most)
		finding_warning(
		    reading->findings, given_at(given, SECTION_SETTINGS, "mtu", at),
		    "'mtu' %u does not fit a line of 1500 bytes with these ESP proposals%s: %u does",
		    tunnel->mtu, tunnel->encap == CONFIG_ENCAP_NO ? "" : " in UDP", most);
}

/* RFC 5282 8 gives authenticated encryption to IKEv2 only: charon offers none in main mode. */
static void
check_version(struct reading *reading, const struct config_tunnel *tunnel, const struct given *given,
	      struct position at)
{
	const struct text_list *proposals = &tunnel->ike.proposals;

	if (tunnel->ike.version != 1)
		return;
	for (size_t i = 0; i < proposals->count; i++) {
		if (strstr(proposals->items[i], "gcm") == NULL &&
		    strstr(proposals->items[i], "poly1305") == NULL)
			return;
	}
	finding_error(reading->findings, given_at(given, SECTION_IKE, "proposals", at),
		      "IKE version 1 needs a proposal without GCM or ChaCha20-Poly1305, such as "
		      "aes256-sha256-modp2048");
}

/* RFC 4303 3.3.3: which number an extended one is, the window says. */
static void
check_replay_window(struct reading *reading, const struct config_tunnel *tunnel, const struct given *given,
		    struct position at)
{
	const struct text_list *proposals = &tunnel->esp.proposals;

	at = given_at(given, SECTION_ESP, "replay_window", at);
	if (tunnel->esp.replay_window != 0 && tunnel->esp.replay_window < REPLAY_WINDOW_AWS)
		finding_warning(
		    reading->findings, at,
		    "a replay window of %u packets is shorter than AWS has it (%d): what a busy line "
		    "brings out of order is dropped",
		    tunnel->esp.replay_window, REPLAY_WINDOW_AWS);
	if (tunnel->esp.replay_window > KERNEL_REPLAY_WINDOW &&
	    reading->config->dataplane == CONFIG_DATAPLANE_KERNEL)
		finding_warning(reading->findings, at,
				"the kernel's data plane has replay windows of %u packets at most: that is "
				"taken instead of %u",
				KERNEL_REPLAY_WINDOW, tunnel->esp.replay_window);
	for (size_t i = 0; tunnel->esp.replay_window == 0 && i < proposals->count; i++) {
		if (strstr(proposals->items[i], "-esn") == NULL)
			continue;
		finding_error(
		    reading->findings, at,
		    "extended sequence numbers (the ESP proposal %s) need a replay window: 0 is none",
		    quoted(proposals->items[i]));
		return;
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
	if (tunnel->rekey.margin_s > tunnel->esp.lifetime_s / 2)
		finding_error(reading->findings, given_at(given, SECTION_REKEY, "margin", there),
			      "the rekey margin (%u s) must be 60 s to half of esp's lifetime (%u s)",
			      tunnel->rekey.margin_s, tunnel->esp.lifetime_s / 2);
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

	if (remote_is_any(given) && tunnel->start == CONFIG_START_INITIATE) {
		if (given_entry(given, SECTION_SETTINGS, "start") != NULL)
			finding_warning(reading->findings, remote_at,
					"'remote: any' can't be initiated: it waits for the peer");
		tunnel->start = CONFIG_START_RESPOND;
	}
}

static bool
carries_ipv6(const struct config_connection *connection, const struct config_tunnel *tunnel)
{
	bool routed = false;

	for (size_t i = 0; connection->routing == CONFIG_ROUTING_STATIC && i < connection->routes.count; i++)
		routed |= connection->routes.items[i].address.family == AF_INET6;
	return routed || ip_address_is_set(&tunnel->inside[1].address);
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
	if (!any && tunnel->bfd.enabled)
		finding_warning(reading->findings, given_at(given, SECTION_SETTINGS, "bfd", at),
				"'bfd' has no effect in a tunnel without 'inside': there is no address to "
				"send it to");
	if (tunnel->mtu != 0 && tunnel->mtu < 1280 && carries_ipv6(connection, tunnel))
		finding_error(reading->findings, given_at(given, SECTION_SETTINGS, "mtu", at),
			      "'mtu' must be 1280 or more where the tunnel carries IPv6 (RFC 8200 5), not %u",
			      tunnel->mtu);
}

uint32_t
config_interface_id(const struct config_tunnel *tunnel)
{
	return tunnel->interface_id != 0 ? tunnel->interface_id : CONFIG_INTERFACE_IDS + tunnel->id;
}

/* What only the kernel's data plane heeds. */
static void
check_kernel(struct reading *reading, const struct config_tunnel *tunnel, const struct given *given,
	     struct position at)
{
	struct position id = given_at(given, SECTION_TUNNEL, "interface_id", at);

	if (tunnel->interface_id > CONFIG_INTERFACE_IDS && tunnel->interface_id <= CONFIG_INTERFACE_IDS_END)
		finding_error(reading->findings, id,
			      "'interface_id' %u is one of those that tunnels without it get (%d to %d): use "
			      "another number",
			      tunnel->interface_id, CONFIG_INTERFACE_IDS + 1, CONFIG_INTERFACE_IDS_END);
	if (reading->config->dataplane != CONFIG_DATAPLANE_USERSPACE)
		return;
	if (tunnel->interface_id != 0)
		finding_warning(reading->findings, id,
				"'interface_id' has no effect with the userspace data plane");
	if (tunnel->esp.offload != CONFIG_OFFLOAD_NO)
		finding_warning(reading->findings, given_at(given, SECTION_ESP, "offload", at),
				"'offload' has no effect with the userspace data plane");
}

void
check_tunnel(struct reading *reading, const struct config_connection *connection,
	     struct config_tunnel *tunnel, const struct given *given, struct position at)
{
	check_outside(reading, tunnel, given, at);
	check_identities(reading, tunnel, given, at);
	check_inside(reading, connection, tunnel, given, at);
	check_selectors(reading, connection, tunnel, given, at);
	check_kernel(reading, tunnel, given, at);
	check_mtu(reading, tunnel, given, at);
	check_version(reading, tunnel, given, at);
	check_replay_window(reading, tunnel, given, at);
	check_timers(reading, tunnel, given, at);
	check_bgp(reading, &tunnel->bgp, given, at);
	if (tunnel->bgp.local_as != 0 && tunnel->bgp.local_as == connection->peer_asn)
		finding_error(
		    reading->findings, given_at(given, SECTION_BGP, "local_as", at),
		    "'local_as' is the 'peer_asn' of the connection: the two sides need different ones");
	if (tunnel->bgp.route_reflector_client)
		finding_warning(reading->findings, given_at(given, SECTION_BGP, "route_reflector_client", at),
				"'route_reflector_client' has no effect for a tunnel, whose sides are of "
				"different ASes");
	if (tunnel->bgp.graceful_restart == CONFIG_GRACEFUL_YES)
		finding_warning(reading->findings, given_at(given, SECTION_BGP, "graceful_restart", at),
				"'graceful_restart: yes' is 'helper' for a tunnel: its security associations "
				"end with the gateway, so there is nothing to be kept by its peer");
	check_export_rules(reading, tunnel->bgp.export, true, true,
			   given_at(given, SECTION_BGP, "export", at));
	check_blackhole(reading, &tunnel->bgp, given, at);
	check_tunnel_families(reading, tunnel, given, at);
	check_session(reading, &tunnel->bgp, false, given, at);
	if (given_entry(given, SECTION_LIMITS, "in") == NULL)
		tunnel->bgp.limits.in =
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

/* Those who come by themselves. */
static void
check_range(struct reading *reading, const struct config_peer *peer, const struct given *given,
	    struct position at)
{
	const struct node_entry *port = given_entry(given, SECTION_PEER, "port");
	const struct node_entry *passive = given_entry(given, SECTION_PEER, "passive");

	if (port != NULL)
		finding_warning(reading->findings, port->key->at,
				"'port' has no effect with a range: nobody is connected to");
	if (passive != NULL && !peer->passive)
		finding_warning(reading->findings, passive->value->at,
				"a range can only be waited for: 'passive: no' has no effect");
}

void
check_peer(struct reading *reading, struct config_peer *peer, const struct given *given, struct position at)
{
	const struct ip_address *remote = &peer->remote.address;
	const struct node_entry *limit = given_entry(given, SECTION_PEER, "limit");
	bool range = !ip_address_is_set(remote);
	uint32_t asn = peer->bgp.local_as != 0 ? peer->bgp.local_as : reading->config->asn;
	bool internal = peer->asns.count == 1 && peer->asns.items[0] == asn;

	if (ip_address_is_set(&peer->local) && !range && peer->local.family != remote->family)
		finding_error(reading->findings, given_at(given, SECTION_PEER, "local", at),
			      "'local' and 'remote' are of different address families");
	else if (ip_address_is_set(&peer->local) && !range && ip_address_equal(&peer->local, remote))
		finding_error(reading->findings, given_at(given, SECTION_PEER, "remote", at),
			      "'remote' equals 'local'");
	if (range) {
		check_range(reading, peer, given, at);
	} else {
		if (limit != NULL)
			finding_warning(reading->findings, limit->key->at,
					"'limit' has no effect with one address");
		if (peer->asns.count > 1)
			finding_error(reading->findings, given_at(given, SECTION_PEER, "asn", at),
				      "'asn' must be one number where 'remote' is one address");
	}
	check_bgp(reading, &peer->bgp, given, at);
	if (peer->bgp.route_reflector_client && !internal)
		finding_warning(reading->findings, given_at(given, SECTION_BGP, "route_reflector_client", at),
				"'route_reflector_client' has no effect for a peer of another AS");
	check_export_rules(reading, peer->bgp.export, !internal, false,
			   given_at(given, SECTION_BGP, "export", at));
	check_blackhole(reading, &peer->bgp, given, at);
	check_peer_families(reading, peer, given, at);
	check_session(reading, &peer->bgp, internal, given, at);
}

/* The first address of a family that the file names for this side; NULL: there is none. */
static const struct ip_address *
own_address(const struct config *config, uint8_t family)
{
	const struct ip_address *found = NULL;

	if (config->outside.family == family)
		return &config->outside;
	for (size_t i = 0; i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count; j++) {
			if (config->connections[i].tunnels[j].local.family == family)
				return &config->connections[i].tunnels[j].local;
		}
	}
	for (size_t i = 0; i < config->peer_count; i++) {
		if (config->peers[i].local.family == family)
			return &config->peers[i].local;
	}
	for (size_t i = 0; i < config->connection_count && found == NULL; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count && found == NULL; j++) {
			const struct ip_prefix *inside =
			    &config->connections[i].tunnels[j].inside[family == AF_INET6];

			found = ip_address_is_set(&inside->address) ? &inside->address : NULL;
		}
	}
	return found;
}

/* Any number but 0 will do, if it is no other's within the AS (RFC 6286, 2.1). It is written like an address,
 * and some want it to look like that of a host. */
static struct ip_address
router_id_of(const struct ip_address *ipv6)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < sizeof(ipv6->bytes); i++)
		hash = (hash ^ ipv6->bytes[i]) * 16777619u;
	return ip_address_v4(10u << 24 | ((hash >> 8 ^ hash) & 0xffffff));
}

/* The BGP identifier where the file names none: from the first address of this side that it does name. */
static void
choose_router_id(struct config *config)
{
	const struct ip_address *ipv4 = own_address(config, AF_INET), *ipv6 = own_address(config, AF_INET6);

	if (ipv4 != NULL)
		config->router_id = *ipv4;
	else if (ipv6 != NULL)
		config->router_id = router_id_of(ipv6);
	config->router_id_chosen = true;
}

/* What is told, or written down, for other programs. */
static void
check_records(struct reading *reading, const struct given *given, struct position at)
{
	const struct config *config = reading->config;
	const struct config_bmp *bmp = &config->bmp;

	if (config->mrt.updates != NULL && config->mrt.updates[0] != '/')
		finding_error(
		    reading->findings, given_at(given, SECTION_MRT, "updates", at),
		    "'updates' must be a path from the root, such as /var/lib/twinspan/updates.mrt");
	if (given_entry(given, SECTION_BMP, "collectors") == NULL &&
	    given_entry(given, SECTION_GATEWAY, "bmp") != NULL)
		finding_error(reading->findings, given_at(given, SECTION_GATEWAY, "bmp", at),
			      "missing key 'collectors' in bmp");
	for (size_t i = 0; i < bmp->collectors.count; i++) {
		if (ip_address_is_set(&bmp->source) &&
		    bmp->source.family != bmp->collectors.items[i].address.family)
			finding_error(reading->findings, given_at(given, SECTION_BMP, "source", at),
				      "'source' and a collector are of different families");
		for (size_t k = 0; k < i; k++) {
			if (ip_prefix_equal(&bmp->collectors.items[i], &bmp->collectors.items[k]))
				finding_error(reading->findings,
					      given_at(given, SECTION_BMP, "collectors", at),
					      "a collector stands there twice");
		}
	}
}

/* Of what the file itself has: networks, but for those that an aggregate is told in place of, and aggregates.
 */
static size_t
prefixes_told(const struct config *config)
{
	size_t count = config->aggregates.count;

	for (size_t i = 0; i < config->networks.count; i++) {
		const struct ip_prefix *network = &config->networks.items[i];
		bool suppressed = false;

		for (size_t k = 0; k < config->aggregates.count && !suppressed; k++) {
			const struct config_aggregate *aggregate = &config->aggregates.items[k];

			suppressed = aggregate->summary_only && aggregate->prefix.length < network->length &&
				     ip_prefix_covers(&aggregate->prefix, network);
		}
		count += !suppressed;
	}
	return count;
}

void
check_gateway(struct reading *reading, const struct given *given, struct position at)
{
	struct config *config = reading->config;
	bool dynamic = false, bgp;

	check_records(reading, given, at);
	check_aggregates(reading, given);
	for (size_t i = 0; i < config->connection_count; i++)
		dynamic |= config->connections[i].routing == CONFIG_ROUTING_DYNAMIC;
	bgp = dynamic || config->peer_count != 0;
	if (bgp && given_entry(given, SECTION_GATEWAY, "asn") == NULL)
		finding_error(reading->findings, at, "missing key 'asn' in gateway: BGP needs it");
	if (!ip_address_is_set(&config->router_id) &&
	    given_entry(given, SECTION_GATEWAY, "router_id") == NULL) {
		choose_router_id(config);
		/* Only where nothing else is wrong: the address may stand in what could not be read. */
		if (bgp && !ip_address_is_set(&config->router_id) && reading->findings->errors == 0)
			finding_error(reading->findings, at,
				      "missing key 'router_id' in gateway: there is no address of this side "
				      "to take it from");
	}
	if (given_entry(given, SECTION_GATEWAY, "networks") == NULL)
		finding_warning(reading->findings, at,
				"gateway has no 'networks': nothing of this side is told to others");
	if (config->role == CONFIG_ROLE_CUSTOMER && dynamic && prefixes_told(config) > PREFIXES_TO_HUB)
		finding_warning(
		    reading->findings, given_at(given, SECTION_GATEWAY, "networks", at),
		    "%zu networks%s: AWS takes %d prefixes from a customer gateway and closes the session "
		    "at the next one; announce a wider prefix for several of them",
		    prefixes_told(config), config->aggregates.count != 0 ? " and aggregates" : "",
		    PREFIXES_TO_HUB);
	if (config->connection_count == 0 && config->peer_count == 0)
		finding_warning(reading->findings, at,
				"there are no connections and no peers: this gateway does nothing");
	else if (config->connection_count == 0)
		finding_warning(reading->findings, at, "there are no connections, only peers");
}
