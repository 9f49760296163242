// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tunnels' interfaces, by rtnetlink(7): kind "xfrm", or "vti" and "vti6" (linux/if_link.h,
 * linux/if_tunnel.h). Removing one takes the kernel some 20 ms, a whole group in one request not more.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <linux/if_tunnel.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define WITHOUT_TRACE "blackhole" /* net/sched/sch_blackhole.c: drops, and says that it sent */

static void
put_address(struct nlmsghdr *message, uint16_t type, const struct ip_address *address)
{
	if (ip_address_is_set(address))
		mnl_attr_put(message, type, ip_family_bytes(address->family), address->bytes);
}

int
link_create(struct netlink *route, const struct link_wish *wish)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;

	mnl_attr_put_strz(message, IFLA_IFNAME, wish->name);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, wish->kind);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	if (strcmp(wish->kind, "xfrm") == 0) {
		mnl_attr_put_u32(message, IFLA_XFRM_IF_ID, wish->tie_id);
	} else {
		mnl_attr_put_u32(message, IFLA_VTI_IKEY, htobe32(wish->tie_id));
		mnl_attr_put_u32(message, IFLA_VTI_OKEY, htobe32(wish->tie_id));
		put_address(message, IFLA_VTI_LOCAL, &wish->local);
		put_address(message, IFLA_VTI_REMOTE, &wish->remote);
	}
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return netlink_request(route, message);
}

int
link_finish(struct netlink *route, int ifindex, uint32_t tunnel, uint32_t mtu, uint32_t group)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message;
	struct ifinfomsg *header;
	char alias[64];

	netlink_no_link_local(route, ifindex);
	message = netlink_link(buffer, RTM_NEWLINK, 0, ifindex);
	header = mnl_nlmsg_get_payload(message);
	header->ifi_flags = header->ifi_change = IFF_UP;
	snprintf(alias, sizeof(alias), ALIAS "%u", tunnel);
	mnl_attr_put_strz(message, IFLA_IFALIAS, alias);
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	mnl_attr_put_u32(message, IFLA_GROUP, group);
	return netlink_request(route, message);
}

int
link_remove(struct netlink *route, int ifindex)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];

	return netlink_request(route, netlink_link(buffer, RTM_DELLINK, 0, ifindex));
}

int
link_remove_group(struct netlink *route, uint32_t group)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_DELLINK, 0, 0);

	mnl_attr_put_u32(message, IFLA_GROUP, group);
	return netlink_request(route, message);
}

/* --- figures ----------------------------------------------------------------------------------- */

static void
statistics_visit(void *context, const struct nlmsghdr *message)
{
	message_read_statistics(message, context);
}

int
link_statistics(struct netlink *route, int ifindex, struct rtnl_link_stats64 *out)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_message(buffer, RTM_GETSTATS, 0, sizeof(struct if_stats_msg));
	struct if_stats_msg *header = mnl_nlmsg_get_payload(message);

	header->ifindex = (uint32_t)ifindex;
	header->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
	return netlink_ask(route, message, statistics_visit, out);
}

/* --- silence ----------------------------------------------------------------------------------- */

static struct nlmsghdr *
root_message(void *buffer, uint16_t type, uint16_t flags, int ifindex)
{
	struct nlmsghdr *message = netlink_message(buffer, type, flags, sizeof(struct tcmsg));
	struct tcmsg *header = mnl_nlmsg_get_payload(message);

	header->tcm_ifindex = ifindex;
	header->tcm_parent = TC_H_ROOT;
	return message;
}

int
link_silence(struct netlink *route, int ifindex, bool silent)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message;

	if (!silent)
		return netlink_request(route, root_message(buffer, RTM_DELQDISC, 0, ifindex));
	message = root_message(buffer, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex);
	mnl_attr_put_strz(message, TCA_KIND, WITHOUT_TRACE);
	return netlink_request(route, message);
}

static void
dropped_visit(void *context, const struct nlmsghdr *message)
{
	message_read_dropped(message, context);
}

uint64_t
link_vanished(struct netlink *route, int ifindex)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	uint64_t dropped = 0;

	netlink_ask(route, root_message(buffer, RTM_GETQDISC, NLM_F_ECHO, ifindex), dropped_visit, &dropped);
	return dropped;
}
