// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages for routes: ours to the kernel, the kernel's to us. Everything is in table main with our
 * protocol number; a deletion names protocol and metric, so that it can never hit a route of somebody else.
 * Source: rtnetlink(7), linux/rtnetlink.h; RTA_VIA (a gateway of the other family) as in ip-route(8).
 */
#include "core/routing/routing_internal.h"

#include <string.h>

static struct nlmsghdr *
route_message(void *buffer, uint16_t type, uint16_t flags, const struct ip_prefix *prefix, uint32_t metric,
	      uint8_t kind)
{
	struct nlmsghdr *message = netlink_message(buffer, type, flags, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	header->rtm_family = prefix->address.family;
	header->rtm_dst_len = prefix->length;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = ROUTING_PROTOCOL;
	header->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
	header->rtm_type = kind;
	if (prefix->length > 0)
		mnl_attr_put(message, RTA_DST, ip_family_bytes(prefix->address.family),
			     prefix->address.bytes);
	mnl_attr_put_u32(message, RTA_PRIORITY, metric);
	return message;
}

static void
put_gateway(struct nlmsghdr *message, uint8_t family, const struct ip_address *gateway)
{
	if (gateway->family == family) {
		mnl_attr_put(message, RTA_GATEWAY, ip_family_bytes(family), gateway->bytes);
	} else {
		uint8_t via[sizeof(struct rtvia) + 16];
		const uint16_t of = gateway->family;

		memcpy(via, &of, sizeof(of));
		memcpy(via + sizeof(struct rtvia), gateway->bytes, ip_family_bytes(gateway->family));
		mnl_attr_put(message, RTA_VIA, sizeof(struct rtvia) + ip_family_bytes(gateway->family), via);
	}
}

static void
put_devices(struct nlmsghdr *message, const struct target *target)
{
	struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct rtnexthop hops[2 * ROUTING_MEMBERS] = {0};
	unsigned count = 0;

	for (unsigned i = 0; i < 2 * ROUTING_MEMBERS; i++) {
		const struct member *member = target_member(target, i);

		if (member != NULL && target->carriers & 1u << i) {
			hops[count].rtnh_len = sizeof(hops[0]);
			hops[count++].rtnh_ifindex = member->ifindex;
		}
	}
	header->rtm_scope = RT_SCOPE_LINK;
	if (count == 1)
		mnl_attr_put_u32(message, RTA_OIF, (uint32_t)hops[0].rtnh_ifindex);
	else
		mnl_attr_put(message, RTA_MULTIPATH, count * sizeof(hops[0]), hops);
}

struct nlmsghdr *
message_route(void *buffer, const struct routing *routing, const struct ip_prefix *prefix, uint32_t target,
	      uint16_t flags)
{
	struct nlmsghdr *message =
	    route_message(buffer, RTM_NEWROUTE, flags, prefix, ROUTING_METRIC, RTN_UNICAST);
	const struct target *to = &routing->targets[target];

	if (to->kind == TARGET_SET)
		mnl_attr_put_u32(message, RTA_NH_ID, to->id);
	else if (to->kind == TARGET_GATEWAY)
		put_gateway(message, prefix->address.family, &to->next_hop);
	else
		put_devices(message, to);
	return message;
}

struct nlmsghdr *
message_floor(void *buffer, const struct ip_prefix *prefix, uint16_t flags)
{
	return route_message(buffer, RTM_NEWROUTE, flags, prefix, ROUTING_FLOOR_METRIC, RTN_UNREACHABLE);
}

struct nlmsghdr *
message_guard(void *buffer, const struct ip_prefix *prefix, const struct route_seen *underlay, uint16_t flags)
{
	bool none = underlay->ifindex == 0 && underlay->nexthop == 0;
	struct nlmsghdr *message = route_message(buffer, RTM_NEWROUTE, flags, prefix, ROUTING_GUARD_METRIC,
						 none ? RTN_UNREACHABLE : RTN_UNICAST);
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	if (none)
		return message;
	if (underlay->ifindex == 0) {
		mnl_attr_put_u32(message, RTA_NH_ID, underlay->nexthop);
		return message;
	}
	if (ip_address_is_set(&underlay->gateway)) {
		put_gateway(message, prefix->address.family, &underlay->gateway);
		header->rtm_flags |= RTNH_F_ONLINK; /* it worked for the route that we follow */
	} else {
		header->rtm_scope = RT_SCOPE_LINK;
	}
	mnl_attr_put_u32(message, RTA_OIF, underlay->ifindex);
	return message;
}

struct nlmsghdr *
message_delete(void *buffer, const struct ip_prefix *prefix, uint32_t metric)
{
	return route_message(buffer, RTM_DELROUTE, 0, prefix, metric, RTN_UNSPEC);
}

struct nlmsghdr *
message_dump_routes(void *buffer, uint8_t family, uint8_t protocol)
{
	struct nlmsghdr *message = netlink_message(buffer, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	struct rtmsg *header = mnl_nlmsg_get_payload(message);

	header->rtm_family = family;
	header->rtm_protocol = protocol;
	mnl_attr_put_u32(message, RTA_TABLE, RT_TABLE_MAIN);
	return message;
}

static void
read_gateway(const struct nlattr *const attributes[], uint8_t family, struct ip_address *out)
{
	if (netlink_address(attributes[RTA_GATEWAY], family, out))
		return;
	if (attributes[RTA_VIA] != NULL &&
	    mnl_attr_get_payload_len(attributes[RTA_VIA]) >= sizeof(struct rtvia)) {
		const uint8_t *via = mnl_attr_get_payload(attributes[RTA_VIA]);
		size_t bytes = mnl_attr_get_payload_len(attributes[RTA_VIA]) - sizeof(struct rtvia);
		uint16_t of;

		memcpy(&of, via, sizeof(of));
		if (bytes != ip_family_bytes((uint8_t)of))
			return;
		out->family = (uint8_t)of;
		memcpy(out->bytes, via + sizeof(struct rtvia), bytes);
	}
}

/* The first hop of a multipath route stands for it. */
static void
read_multipath(const struct nlattr *multipath, uint8_t family, struct route_seen *out)
{
	const struct rtnexthop *hop = mnl_attr_get_payload(multipath);
	const struct nlattr *attr; /* the name that libmnl's macro wants */
	size_t bytes = mnl_attr_get_payload_len(multipath);

	if (bytes < sizeof(*hop) || hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > bytes)
		return;
	out->ifindex = (uint32_t)hop->rtnh_ifindex;
	out->dead = out->dead || (hop->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN));
	mnl_attr_for_each_payload((const void *)(hop + 1),
				  hop->rtnh_len - sizeof(*hop)) if (mnl_attr_get_type(attr) == RTA_GATEWAY)
	    netlink_address(attr, family, &out->gateway);
}

bool
message_read_route(const struct nlmsghdr *message, struct route_seen *out)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[RTA_NH_ID + 1];

	*out = (struct route_seen){0};
	if ((message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE) ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) || (header->rtm_flags & RTM_F_CLONED) ||
	    header->rtm_dst_len > ip_family_bits(header->rtm_family) ||
	    ip_family_bits(header->rtm_family) == 0)
		return false;
	netlink_attributes(message, sizeof(*header), attributes, RTA_NH_ID);
	if (netlink_u32(attributes[RTA_TABLE], header->rtm_table) != RT_TABLE_MAIN)
		return false;
	if (!netlink_address(attributes[RTA_DST], header->rtm_family, &out->prefix.address))
		out->prefix.address.family = header->rtm_family;
	out->prefix.length = header->rtm_dst_len;
	out->protocol = header->rtm_protocol;
	out->type = header->rtm_type;
	out->metric = netlink_u32(attributes[RTA_PRIORITY], 0);
	out->nexthop = netlink_u32(attributes[RTA_NH_ID], 0);
	out->ifindex = netlink_u32(attributes[RTA_OIF], 0);
	out->dead = header->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN);
	read_gateway(attributes, header->rtm_family, &out->gateway);
	if (attributes[RTA_MULTIPATH] != NULL)
		read_multipath(attributes[RTA_MULTIPATH], header->rtm_family, out);
	return true;
}
