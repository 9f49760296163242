// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link-local address that is told beside a global next hop of IPv6 (RFC 2545, 3): where the peer is on
 * one link with the interface that has the global one. A router that hears it can send redirects, and some
 * take no other gateway. Tunnels are point to point and not asked: there is nobody to be redirected to.
 */
#include "core/bgp/speaker_internal.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* Whether an address is in the network of an interface's. */
static bool
on_link(const struct ifaddrs *at, const struct ip_address *address)
{
	struct ip_address ours, mask;

	if (at->ifa_netmask == NULL || !ip_address_from_sockaddr(at->ifa_addr, &ours, NULL) ||
	    !ip_address_from_sockaddr(at->ifa_netmask, &mask, NULL) || ours.family != address->family)
		return false;
	for (size_t i = 0; i < ip_family_bytes(ours.family); i++) {
		if ((ours.bytes[i] ^ address->bytes[i]) & mask.bytes[i])
			return false;
	}
	return true;
}

/* What is asked of the addresses of one interface. */
struct found {
	bool has_ours, has_peer;
	struct ip_address link_local;
};

static void
look_at(const struct ifaddrs *list, const char *interface, const struct ip_address *ours,
	const struct ip_address *remote, struct found *out)
{
	struct ip_address address;

	*out = (struct found){0};
	for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		if (at->ifa_addr == NULL || strcmp(at->ifa_name, interface) != 0 ||
		    (at->ifa_flags & (IFF_POINTOPOINT | IFF_LOOPBACK)) != 0 ||
		    !ip_address_from_sockaddr(at->ifa_addr, &address, NULL))
			continue;
		out->has_ours = out->has_ours || ip_address_equal(&address, ours);
		out->has_peer = out->has_peer || on_link(at, remote);
		if (ip_address_is_link_local(&address) && !ip_address_is_set(&out->link_local))
			out->link_local = address;
	}
}

void
link_local_learn(struct session *s)
{
	const struct bgp_peer_config *config = &s->peer->config;
	const struct ip_address *ours = s->local.family == AF_INET6 ? &s->local : &config->next_hop[BGP_IPV6];
	struct ifaddrs *list;
	struct found found;

	s->link_local = (struct ip_address){0};
	/* A tunnel's session is bound to its interface. */
	if (!(s->families & BGP_FAMILY_BIT(BGP_IPV6)) || config->interface != NULL ||
	    !ip_address_is_set(ours) || ip_address_is_link_local(ours) || getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		struct ip_address address;

		if (at->ifa_addr == NULL || !ip_address_from_sockaddr(at->ifa_addr, &address, NULL) ||
		    !ip_address_equal(&address, ours))
			continue;
		look_at(list, at->ifa_name, ours, &config->remote, &found);
		if (found.has_ours && found.has_peer)
			s->link_local = found.link_local;
		break;
	}
	freeifaddrs(list);
}
