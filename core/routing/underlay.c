// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which way the kernel sends a packet now (RTM_GETROUTE, rtnetlink(7)): all routes count, ours and others',
 * and the rules too.
 */
#include "core/routing/routing_internal.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel has learnt it forgets again (RFC 1191 6.3): such a route has a time to live. */
static bool
is_learnt(const struct nlattr *cache)
{
	struct rta_cacheinfo info;

	if (cache == NULL || mnl_attr_get_payload_len(cache) < sizeof(info))
		return false;
	memcpy(&info, mnl_attr_get_payload(cache), sizeof(info));
	return info.rta_expires != 0;
}

/* The route's own metric, or what the kernel learnt of the path; 0: neither. */
static uint32_t
metric_mtu(const struct nlattr *metrics)
{
	const struct nlattr *attribute;

	if (metrics == NULL)
		return 0;
	mnl_attr_for_each_nested(attribute, metrics)
	{
		if (mnl_attr_get_type(attribute) == RTAX_MTU && mnl_attr_get_payload_len(attribute) >= 4)
			return mnl_attr_get_u32(attribute);
	}
	return 0;
}

uint32_t
routing_mtu_of_interface(const char *interface)
{
	struct ifreq request = {0};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known;

	if (s < 0)
		return 0;
	memcpy(request.ifr_name, interface, strnlen(interface, sizeof(request.ifr_name) - 1));
	known = ioctl(s, SIOCGIFMTU, &request) == 0;
	close(s);
	return known && request.ifr_mtu > 0 ? (uint32_t)request.ifr_mtu : 0;
}

static void
way_visit(void *context, const struct nlmsghdr *message)
{
	const struct nlattr *attributes[RTA_MAX + 1] = {NULL};
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct routing_way *way = context;
	uint32_t index;

	if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	netlink_attributes(message, sizeof(*header), attributes, RTA_MAX);
	way->local = header->rtm_type == RTN_LOCAL;
	way->reachable = header->rtm_type == RTN_UNICAST || way->local;
	index = netlink_u32(attributes[RTA_OIF], 0);
	if (index != 0 && if_indextoname(index, way->interface) == NULL)
		way->interface[0] = '\0';
	*(is_learnt(attributes[RTA_CACHEINFO]) ? &way->learnt_mtu : &way->mtu) =
	    metric_mtu(attributes[RTA_METRICS]);
	if (!netlink_address(attributes[RTA_GATEWAY], header->rtm_family, &way->gateway))
		way->gateway = (struct ip_address){0};
}

bool
routing_underlay(struct routing *routing, const struct ip_address *to, struct routing_way *out)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_message(buffer, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	*out = (struct routing_way){0};
	if (!ip_address_is_set(to))
		return false;
	header->rtm_family = to->family;
	header->rtm_dst_len = (uint8_t)ip_family_bits(to->family);
	mnl_attr_put(message, RTA_DST, ip_family_bytes(to->family), to->bytes);
	if (netlink_ask(&routing->netlink, message, way_visit, out) != 0)
		out->reachable = false;
	if (out->mtu == 0 && out->reachable && !out->local)
		out->mtu = routing_mtu_of_interface(out->interface);
	return out->reachable;
}
