// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside addresses of the tunnels' interfaces. An IPv6 address is used at once (IFA_F_NODAD): there is nobody
 * on a tunnel whose address it could be. An interface that somebody sets down, and an address that somebody
 * takes away, are put back; a removed interface is for its maker to make anew. Source: rtnetlink(7),
 * linux/if_addr.h.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"

struct inside {
	char name[IFNAMSIZ];
	int ifindex;   /* 0: it is gone */
	bool doubtful; /* to be looked at */
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
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	header->ifi_flags = header->ifi_change = IFF_UP;
	if (mtu != 0)
		mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return netlink_request(&routing->netlink, message);
}

/* In one network of IPv4 a second address hangs on the first one and goes with it: there the former goes
 * before the new one comes. */
static void
make_room(struct routing *routing, const char *name, int ifindex, const struct ip_prefix *inside)
{
	for (size_t i = 0; inside->address.family == AF_INET && i < routing->inside_count; i++) {
		const struct ip_prefix *former = &routing->insides[i].address;

		if (strcmp(routing->insides[i].name, name) == 0 && former->address.family == AF_INET &&
		    !ip_prefix_equal(former, inside) && ip_prefix_contains(former, &inside->address))
			change_address(routing, RTM_DELADDR, 0, ifindex, former);
	}
}

/* Writes down what the interface has now; another address of the family goes. */
static void
remember(struct routing *routing, const char *name, int ifindex, const struct ip_prefix *inside)
{
	struct inside *added;

	for (size_t i = 0; i < routing->inside_count; i++) {
		struct inside *known = &routing->insides[i];

		if (strcmp(known->name, name) != 0 || known->address.address.family != inside->address.family)
			continue;
		if (!ip_prefix_equal(&known->address, inside))
			change_address(routing, RTM_DELADDR, 0, ifindex, &known->address);
		known->ifindex = ifindex;
		known->address = *inside;
		return;
	}
	routing->insides =
	    memory_resize(routing->insides, (routing->inside_count + 1) * sizeof(*routing->insides));
	added = &routing->insides[routing->inside_count++];
	*added = (struct inside){.ifindex = ifindex, .address = *inside};
	snprintf(added->name, sizeof(added->name), "%s", name);
}

void
routing_interface_loosen(const char *interface)
{
	char path[64 + IFNAMSIZ];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "2", 1) != 1)
		log_debug("routing", "can't set rp_filter of %s: %s", interface, strerror(errno));
	close(fd);
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
	make_room(routing, interface, ifindex, inside);
	result = change_address(routing, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, inside);
	if (result != 0)
		return error_set(err, "routing: can't give %s the address %s: %s%s%s", interface,
				 ip_prefix_format(inside, text), strerror(-result),
				 routing->netlink.reason.text[0] ? ": " : "", routing->netlink.reason.text);
	remember(routing, interface, ifindex, inside);
	return true;
}

bool
routing_interface_mtu(struct routing *routing, const char *interface, uint32_t mtu)
{
	int ifindex = (int)if_nametoindex(interface);

	return ifindex != 0 && set_up(routing, ifindex, mtu) == 0;
}

/* --- mending ----------------------------------------------------------------------------------- */

struct flags_seen {
	int ifindex;
	bool found, up;
};

static void
flags_visit(void *context, const struct nlmsghdr *message)
{
	struct flags_seen *seen = context;
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    header->ifi_index != seen->ifindex)
		return;
	seen->found = true;
	seen->up = (header->ifi_flags & IFF_UP) != 0;
}

static bool
was_set_down(struct routing *routing, int ifindex)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message = netlink_link(buffer, RTM_GETLINK, 0, ifindex);
	struct flags_seen seen = {.ifindex = ifindex};

	netlink_ask(&routing->netlink, message, flags_visit, &seen);
	return seen.found && !seen.up;
}

/* True where something was put back. */
static bool
mend(struct routing *routing, const struct inside *inside)
{
	char text[IP_PREFIX_TEXT];
	bool down = was_set_down(routing, inside->ifindex), mended = false;

	if (down && set_up(routing, inside->ifindex, 0) == 0) {
		routing_event(routing, "warning", "interface.restored", inside->name,
			      "somebody set %s down; it is up again", inside->name);
		mended = true;
	}
	/* Refused where it is there. */
	if (change_address(routing, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, inside->ifindex,
			   &inside->address) == 0) {
		routing_event(routing, "warning", "interface.restored", inside->name,
			      "%s had lost its inside address %s; it has it again", inside->name,
			      ip_prefix_format(&inside->address, text));
		mended = true;
	}
	if (mended)
		groups_look(routing, inside->name);
	return mended;
}

bool
interfaces_doubt(struct routing *routing, int ifindex)
{
	bool any = false;

	for (size_t i = 0; i < routing->inside_count; i++)
		if (routing->insides[i].ifindex == ifindex)
			any = routing->insides[i].doubtful = true;
	return any;
}

/* All entries of an interface that is not there any more. */
static void
forget_index(struct routing *routing, const char *name)
{
	for (size_t i = 0; i < routing->inside_count; i++)
		if (strcmp(routing->insides[i].name, name) == 0)
			routing->insides[i].ifindex = 0;
}

bool
interfaces_mend(struct routing *routing)
{
	char lost[IFNAMSIZ];
	bool mended = false;

	for (size_t i = 0; i < routing->inside_count; i++) {
		struct inside *inside = &routing->insides[i];

		if (!inside->doubtful)
			continue;
		inside->doubtful = false;
		if (inside->ifindex == 0)
			continue;
		if ((int)if_nametoindex(inside->name) == inside->ifindex) {
			mended |= mend(routing, inside);
			continue;
		}
		memcpy(lost, inside->name, sizeof(lost));
		forget_index(routing, lost);
		if (routing->options.interface_lost != NULL)
			routing->options.interface_lost(routing->options.context, lost);
	}
	return mended;
}

void
routing_interface_clear(struct routing *routing, const char *interface, uint8_t family)
{
	int ifindex = (int)if_nametoindex(interface);

	for (size_t i = 0; i < routing->inside_count; i++) {
		struct inside *known = &routing->insides[i];

		if (known->ifindex != ifindex || known->address.address.family != family)
			continue;
		change_address(routing, RTM_DELADDR, 0, ifindex, &known->address);
		*known = routing->insides[--routing->inside_count];
		return;
	}
}

void
interfaces_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->inside_count; i++)
		if (routing->insides[i].ifindex != 0)
			change_address(routing, RTM_DELADDR, 0, routing->insides[i].ifindex,
				       &routing->insides[i].address);
	free(routing->insides);
}
