// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink messages for routes: ours to the kernel, the kernel's to us. Everything is in table main with our
 * protocol number; a deletion names protocol and metric, so that it can never hit a route of somebody else.
 * Source: rtnetlink(7), linux/rtnetlink.h; RTA_VIA (a gateway of the other family) as in ip-route(8).
 */
#include "core/routing/routing_internal.h"

#include <string.h>

/* A million of them are written in a row: by libmnl that takes a fifth of all that installing a route does.
 */
static void
put_attribute(void *buffer, uint16_t type, const void *value, uint16_t length)
{
	struct nlmsghdr *message = buffer;
	struct nlattr *attribute = (void *)((uint8_t *)buffer + message->nlmsg_len);

	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(sizeof(*attribute) + length);
	memcpy(attribute + 1, value, length);
	/* All that is put here has whole words, so the next one stands right behind it. */
	message->nlmsg_len += attribute->nla_len;
}

static struct nlmsghdr *
route_message(void *buffer, uint16_t type, uint16_t flags, const struct ip_prefix *prefix, uint32_t metric,
	      uint8_t kind)
{
	struct {
		struct nlmsghdr message;
		struct rtmsg route;
	} *head = buffer;

	*head = (typeof(*head)){
	    .message = {.nlmsg_len = sizeof(*head),
			.nlmsg_type = type,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
	    .route = {.rtm_family = prefix->address.family,
		      .rtm_dst_len = prefix->length,
		      .rtm_table = RT_TABLE_MAIN,
		      .rtm_protocol = ROUTING_PROTOCOL,
		      .rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE,
		      .rtm_type = kind},
	};
	if (prefix->length > 0 && prefix->address.family == AF_INET)
		put_attribute(buffer, RTA_DST, prefix->address.bytes, 4);
	else if (prefix->length > 0)
		put_attribute(buffer, RTA_DST, prefix->address.bytes, 16);
	put_attribute(buffer, RTA_PRIORITY, &metric, sizeof(metric));
	return buffer;
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
put_router(struct nlmsghdr *message, uint8_t family, const struct target *target)
{
	put_gateway(message, family, &target->next_hop);
	if (target->ifindex == 0)
		return;
	/* The kernel would look for the router itself, and may find a route of ours. */
	((struct rtmsg *)mnl_nlmsg_get_payload(message))->rtm_flags |= RTNH_F_ONLINK;
	mnl_attr_put_u32(message, RTA_OIF, target->ifindex);
}

/* Of several devices without routers the kernel makes no route of IPv6, unless by nexthop objects: there the
 * first one carries alone. */
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
	if (count == 1 || target->family == AF_INET6)
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
		put_attribute(message, RTA_NH_ID, &to->id, sizeof(to->id));
	else if (to->kind == TARGET_BLACKHOLE)
		((struct rtmsg *)mnl_nlmsg_get_payload(message))->rtm_type = RTN_BLACKHOLE;
	else if (to->kind == TARGET_GATEWAY)
		put_router(message, prefix->address.family, to);
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

static void
read_leg(const struct rtnexthop *leg, uint8_t family, struct route_seen *out)
{
	const struct nlattr *attributes[RTA_VIA + 1] = {0};
	const struct nlattr *attr; /* the name that libmnl's macro wants */

	mnl_attr_for_each_payload((const void *)(leg + 1),
				  leg->rtnh_len - sizeof(*leg)) if (mnl_attr_get_type(attr) <= RTA_VIA)
	    attributes[mnl_attr_get_type(attr)] = attr;
	out->ifindex = (uint32_t)leg->rtnh_ifindex;
	out->dead = leg->rtnh_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN);
	read_gateway(attributes, family, &out->gateway);
}

/* The first leg of a multipath route that carries stands for it. */
static void
read_multipath(const struct nlattr *multipath, uint8_t family, struct route_seen *out)
{
	const struct rtnexthop *leg = mnl_attr_get_payload(multipath);
	size_t bytes = mnl_attr_get_payload_len(multipath), step;
	bool dead = out->dead;

	do {
		if (bytes < sizeof(*leg) || leg->rtnh_len < sizeof(*leg) || leg->rtnh_len > bytes)
			return;
		read_leg(leg, family, out);
		step = (size_t)RTNH_ALIGN(leg->rtnh_len);
		bytes = step < bytes ? bytes - step : 0;
		leg = RTNH_NEXT(leg);
	} while (out->dead && bytes != 0);
	out->dead = out->dead || dead;
}

bool
message_read_route(const struct nlmsghdr *message, struct route_seen *out)
{
	return message_read_any_route(message, out) && out->table == RT_TABLE_MAIN;
}

bool
message_read_any_route(const struct nlmsghdr *message, struct route_seen *out)
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
	out->table = netlink_u32(attributes[RTA_TABLE], header->rtm_table);
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
