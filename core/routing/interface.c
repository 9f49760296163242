// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside addresses of the tunnels' interfaces. An IPv6 address is used at once (IFA_F_NODAD): there is nobody
 * on a tunnel whose address it could be. Source: rtnetlink(7), linux/if_addr.h.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct inside {
	int ifindex;
	struct ip_prefix address;
};

static int
change_address(struct routing *routing, uint16_t type, uint16_t flags, int ifindex,
	       const struct ip_prefix *inside)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_message(buffer, type, flags, sizeof(struct ifaddrmsg));
	struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	unsigned bytes = ip_family_bytes(inside->address.family);

	header->ifa_family = inside->address.family;
	header->ifa_prefixlen = inside->length;
	header->ifa_index = (uint32_t)ifindex;
	if (inside->address.family == AF_INET6)
		header->ifa_flags = IFA_F_NODAD;
	mnl_attr_put(message, IFA_LOCAL, bytes, inside->address.bytes);
	mnl_attr_put(message, IFA_ADDRESS, bytes, inside->address.bytes);
	return netlink_request(&routing->netlink, message);
}

static int
set_up(struct routing *routing, int ifindex, uint32_t mtu)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_message(buffer, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	header->ifi_index = ifindex;
	header->ifi_flags = header->ifi_change = IFF_UP;
	if (mtu != 0)
		mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return netlink_request(&routing->netlink, message);
}

/* Writes down what the interface has now; another address of the family goes. */
static void
remember(struct routing *routing, int ifindex, const struct ip_prefix *inside)
{
	for (size_t i = 0; i < routing->inside_count; i++) {
		struct inside *known = &routing->insides[i];

		if (known->ifindex != ifindex || known->address.address.family != inside->address.family)
			continue;
		if (!ip_prefix_equal(&known->address, inside))
			change_address(routing, RTM_DELADDR, 0, ifindex, &known->address);
		known->address = *inside;
		return;
	}
	routing->insides =
	    memory_resize(routing->insides, (routing->inside_count + 1) * sizeof(*routing->insides));
	routing->insides[routing->inside_count++] = (struct inside){ifindex, *inside};
}

bool
routing_interface_set(struct routing *routing, const char *interface, const struct ip_prefix *inside,
		      uint32_t mtu, struct error *err)
{
	int ifindex = (int)if_nametoindex(interface), result;
	char text[IP_PREFIX_TEXT];

	if (ifindex == 0)
		return error_set(err, "routing: there is no interface %s", interface);
	result = set_up(routing, ifindex, mtu);
	if (result != 0)
		return error_set(err, "routing: can't set %s up with an MTU of %u: %s%s%s", interface, mtu,
				 strerror(-result), routing->netlink.reason.text[0] ? ": " : "",
				 routing->netlink.reason.text);
	result = change_address(routing, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, inside);
	if (result != 0)
		return error_set(err, "routing: can't give %s the address %s: %s%s%s", interface,
				 ip_prefix_format(inside, text), strerror(-result),
				 routing->netlink.reason.text[0] ? ": " : "", routing->netlink.reason.text);
	remember(routing, ifindex, inside);
	return true;
}

void
interfaces_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->inside_count; i++)
		change_address(routing, RTM_DELADDR, 0, routing->insides[i].ifindex,
			       &routing->insides[i].address);
	free(routing->insides);
}
