// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Roles and route leaks (RFC 9234). A route that a provider, a peer or a route server told, or that was told
 * to a customer, a peer or a client of a route server, carries the attribute ONLY_TO_CUSTOMER from then on:
 * it may go down to customers only. Coming in from below, or by another peer than who marked it, it is a
 * leak, and is not used; going out upwards or sideways, it is held. Whether a peer's role goes with ours,
 * handshake.c checks.
 */
#include "core/bgp/speaker_internal.h"

static bool
goes_down(enum bgp_role role)
{
	return role == BGP_ROLE_PROVIDER || role == BGP_ROLE_RS;
}

static bool
comes_down(enum bgp_role role)
{
	return role == BGP_ROLE_CUSTOMER || role == BGP_ROLE_RS_CLIENT;
}

/* Inside an AS roles mean nothing. */
static enum bgp_role
role_of(const struct bgp_peer *peer)
{
	return peer_internal(peer) ? BGP_ROLE_NONE : peer->config.role;
}

bool
role_leaks_in(const struct bgp_peer *peer, const struct bgp_attributes *attributes)
{
	enum bgp_role role = role_of(peer);

	if (!(attributes->present & HAS_ONLY_TO_CUSTOMER))
		return false;
	return goes_down(role) ||
	       (role == BGP_ROLE_PEER && attributes->only_to_customer != peer->config.remote_asn);
}

static void
mark(struct attribute_set *set, uint32_t asn)
{
	if (set->present & HAS_ONLY_TO_CUSTOMER)
		return;
	set->present |= HAS_ONLY_TO_CUSTOMER;
	set->only_to_customer = asn;
}

void
role_mark_in(const struct bgp_peer *peer, struct attribute_set *set)
{
	enum bgp_role role = role_of(peer);

	if (comes_down(role) || role == BGP_ROLE_PEER)
		mark(set, peer->config.remote_asn);
}

bool
role_leaks_out(const struct bgp_peer *peer, const struct bgp_attributes *attributes)
{
	enum bgp_role role = role_of(peer);

	return attributes->present & HAS_ONLY_TO_CUSTOMER && (comes_down(role) || role == BGP_ROLE_PEER);
}

void
role_mark_out(const struct bgp_peer *peer, struct attribute_set *set)
{
	enum bgp_role role = role_of(peer);

	if (goes_down(role) || role == BGP_ROLE_PEER)
		mark(set, peer->config.local_asn);
}
