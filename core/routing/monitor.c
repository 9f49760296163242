// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others do to the kernel's table, as it happens: a route or nexthop object of ours that somebody
 * removes is put back in the next turn of the loop, and so are an inside address and a tunnel's interface.
 * Our own changes come back as notifications too; a socket filter drops them in the kernel, else loading a
 * table would fill the socket's buffer with what we know. Should it fill nevertheless (ENOBUFS), an audit
 * finds out what was missed.
 *
 * Source: rtnetlink(7); nlmsg_pid of a notification is the port of whoever asked for the change.
 */
#include "core/routing/routing_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"

#define RECEIVE_BYTES 65536
#define READS_A_TURN 64

struct monitor {
	struct netlink netlink;
	uv_poll_t *poll;
	bool links, nexthops, insides; /* something of that kind changed in what was just read */
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[RECEIVE_BYTES];
};

static void
drop_own(struct monitor *monitor, uint32_t port, uint32_t sender)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 1, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(sender), 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {.len = COUNT_OF(code), .filter = code};

	/* Without it everything works too, with more to read: read_message drops what is ours. */
	setsockopt(monitor->netlink.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void
read_link(struct routing *routing, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[IFLA_IFNAME + 1];
	const char *name = NULL;
	bool running;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) || header->ifi_family == AF_BRIDGE)
		return;
	netlink_attributes(message, sizeof(*header), attributes, IFLA_IFNAME);
	if (attributes[IFLA_IFNAME] != NULL &&
	    mnl_attr_validate(attributes[IFLA_IFNAME], MNL_TYPE_NUL_STRING) >= 0)
		name = mnl_attr_get_str(attributes[IFLA_IFNAME]);
	running = (header->ifi_flags & IFF_UP) && (header->ifi_flags & 1u << 16 /* IFF_LOWER_UP */);
	if (groups_link_changed(routing, header->ifi_index, name, running,
				message->nlmsg_type == RTM_DELLINK))
		routing->monitor->nexthops = true;
	if ((message->nlmsg_type == RTM_DELLINK || !(header->ifi_flags & IFF_UP)) &&
	    interfaces_doubt(routing, header->ifi_index))
		routing->monitor->insides = true;
	routing->monitor->links = true;
}

static void
read_address(struct routing *routing, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) >= sizeof(*header) &&
	    interfaces_doubt(routing, (int)header->ifa_index))
		routing->monitor->insides = true;
}

static void
read_nexthop(struct routing *routing, const struct nlmsghdr *message)
{
	const struct nhmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[NHA_ID + 1];

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	netlink_attributes(message, sizeof(*header), attributes, NHA_ID);
	if ((netlink_u32(attributes[NHA_ID], 0) & ~(ROUTING_NEXTHOPS - 1)) == ROUTING_NEXTHOP_BASE)
		routing->monitor->nexthops = true;
}

static void
own_route_removed(struct routing *routing, const struct route_seen *route)
{
	struct entry *entry = table_find(&routing->table, &route->prefix);

	if (route->metric == ROUTING_GUARD_METRIC)
		guard_route_lost(routing, &route->prefix);
	if (entry == NULL)
		return;
	if (route->metric == ROUTING_METRIC && entry->target != 0) {
		entry_set_target(routing, entry, 0);
		if (entry_disown(routing, entry))
			return; /* nobody knows whether it would be right to put it back */
	} else if (route->metric == ROUTING_FLOOR_METRIC && entry->floor) {
		entry->floor = false;
	} else {
		return;
	}
	entry->restored = true;
	sync_queue(routing, entry);
}

/* Somebody else's route came or went: it may have taken the place of ours, or made room for it. */
static void
other_route_changed(struct routing *routing, const struct route_seen *route, const struct nlmsghdr *message)
{
	struct entry *entry =
	    route->metric == ROUTING_METRIC ? table_find(&routing->table, &route->prefix) : NULL;

	outsides_underlay_changed(routing, &route->prefix);
	if (entry == NULL)
		return;
	if (message->nlmsg_type == RTM_NEWROUTE && (message->nlmsg_flags & NLM_F_REPLACE) &&
	    entry->target != 0)
		entry_set_target(routing, entry, 0);
	else if (message->nlmsg_type != RTM_DELROUTE || entry->failed != EEXIST)
		return;
	sync_queue(routing, entry);
}

static void
read_route(struct routing *routing, const struct nlmsghdr *message)
{
	struct route_seen route;

	if (!message_read_any_route(message, &route))
		return;
	if (route.table != RT_TABLE_MAIN)
		hop_underlay_changed(routing, &route.prefix); /* a rule may lead there */
	else if (route.protocol != ROUTING_PROTOCOL)
		other_route_changed(routing, &route, message);
	else if (message->nlmsg_type == RTM_DELROUTE)
		own_route_removed(routing, &route);
	else
		audit_start(routing); /* somebody writes routes in our name */
}

static void
read_message(struct routing *routing, const struct nlmsghdr *message)
{
	if (message->nlmsg_pid == routing->netlink.port || message->nlmsg_pid == sender_port(routing->sender))
		return;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		read_link(routing, message);
		break;
	case RTM_DELADDR:
		read_address(routing, message);
		break;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		read_nexthop(routing, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		read_route(routing, message);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		hop_underlay_changed(routing, NULL);
		break;
	}
}

static void
lost(struct routing *routing)
{
	routing_event(
	    routing, "info", "routing.audit", "",
	    "the kernel's notifications came faster than they could be read; comparing the whole table");
	outsides_underlay_changed(routing, NULL);
	audit_start(routing);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct routing *routing = poll->data;
	struct monitor *monitor = routing->monitor;

	monitor->links = monitor->nexthops = monitor->insides = false;
	for (unsigned reads = 0; reads < READS_A_TURN; reads++) {
		ssize_t got = recv(monitor->netlink.fd, monitor->bytes, RECEIVE_BYTES, MSG_DONTWAIT);
		int left = (int)got;

		if (got < 0 && errno == ENOBUFS)
			lost(routing);
		if (got <= 0)
			break;
		for (const struct nlmsghdr *at = (const void *)monitor->bytes; netlink_is_whole(at, left);
		     at = mnl_nlmsg_next(at, &left))
			read_message(routing, at);
	}
	if (monitor->insides && interfaces_mend(routing))
		monitor->links = monitor->nexthops = true; /* what the kernel dropped meanwhile returns too */
	if (monitor->nexthops) {
		nexthops_audit(routing);
		sync_rescan(routing);
	}
	if (monitor->links) {
		/* The kernel drops IPv4 routes over a device that went down without saying so. */
		outsides_underlay_changed(routing, NULL);
		audit_start(routing);
	}
}

bool
monitor_open(struct routing *routing, struct error *err)
{
	static const int groups[] = {RTNLGRP_LINK,        RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,
				     RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE,
				     RTNLGRP_IPV6_RULE,   RTNLGRP_NEXTHOP};
	struct monitor *monitor = memory_zeroed(1, sizeof(*monitor));

	if (!netlink_open(&monitor->netlink, NETLINK_ROUTE, err)) {
		free(monitor);
		return false;
	}
	drop_own(monitor, routing->netlink.port, sender_port(routing->sender));
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (setsockopt(monitor->netlink.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(int)) < 0 &&
		    groups[i] != RTNLGRP_NEXTHOP) {
			error_set(err, "routing: can't watch the kernel's routes: %s", strerror(errno));
			netlink_close(&monitor->netlink);
			free(monitor);
			return false;
		}
	monitor->poll = memory_zeroed(1, sizeof(*monitor->poll));
	monitor->poll->data = routing;
	uv_poll_init(routing->loop, monitor->poll, monitor->netlink.fd);
	uv_poll_start(monitor->poll, UV_READABLE, on_readable);
	routing->monitor = monitor;
	return true;
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

void
monitor_close(struct routing *routing)
{
	struct monitor *monitor = routing->monitor;

	if (monitor == NULL)
		return;
	uv_poll_stop(monitor->poll);
	uv_close((uv_handle_t *)monitor->poll, free_handle);
	netlink_close(&monitor->netlink);
	free(monitor);
	routing->monitor = NULL;
}
