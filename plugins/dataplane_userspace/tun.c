// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TUN devices (Linux, Documentation/networking/tuntap.rst) and the few rtnetlink requests that set them up
 * (rtnetlink(7)).
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/netlink.h"

#define TUN_DEVICE "/dev/net/tun"
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20 /* since Linux 6.2 */
#define TUN_F_USO6 0x40
#endif

enum { REQUEST_BYTES = 256 }; /* room for each of them */

static int
set_mtu_and_group(struct netlink *route, int index, uint32_t mtu, uint32_t group)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	mnl_attr_put_u32(message, IFLA_GROUP, group);
	return netlink_request(route, message);
}

/* A super-packet that makes one send when each of its packets is sealed: kernels that can't do it (before
 * Linux 4.16) give longer ones, which make two. */
static void
set_super_size(struct netlink *route, int index)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, 0, index);

	mnl_attr_put_u32(message, IFLA_GSO_MAX_SIZE, TUN_SUPER_MOST);
	netlink_request(route, message);
}

static int
set_up(struct netlink *route, int index)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_NEWLINK, 0, index);
	struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	link->ifi_flags = link->ifi_change = IFF_UP;
	return netlink_request(route, message);
}

/* Why /dev/net/tun did not open or TUNSETIFF did not work. */
static bool
explain(struct error *err, int code, const char *name)
{
	switch (code) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return error_set(err, TUN_DEVICE
				 " is missing: load the module (modprobe tun), or give the container "
				 "the device (--device " TUN_DEVICE ")");
	case EPERM:
	case EACCES:
		return error_set(err,
				 "may not make TUN devices (%s): the gateway needs CAP_NET_ADMIN and access "
				 "to " TUN_DEVICE,
				 strerror(code));
	case EBUSY:
	case EINVAL:
		return error_set(err, "can't make interface %s (%s): does one of that name exist already?",
				 name, strerror(code));
	default:
		return error_set(err, "can't make TUN interface %s: %s", name, strerror(code));
	}
}

/* Asks the device for super-packets. */
static bool
set_offload(int fd, enum tun_offload offload)
{
	unsigned long tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	return offload == TUN_PLAIN ||
	       ioctl(fd, TUNSETOFFLOAD, offload == TUN_USO ? tso | TUN_F_USO4 | TUN_F_USO6 : tso) == 0;
}

/* A descriptor with its device made; `name` may be a pattern ("x%d") and gets the real one. */
static int
attach(char name[IFNAMSIZ], enum tun_offload offload, struct error *err)
{
	int flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL | (offload != TUN_PLAIN ? IFF_VNET_HDR : 0);
	struct ifreq request = {.ifr_flags = (short)flags};
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		explain(err, errno, name);
		return -1;
	}
	memcpy(request.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &request) < 0 || !set_offload(fd, offload)) {
		explain(err, errno, name);
		close(fd);
		return -1;
	}
	memcpy(name, request.ifr_name, IFNAMSIZ);
	return fd;
}

static bool
set_device_up(const char *name, uint32_t mtu, uint32_t group, bool super, struct error *err)
{
	int index = (int)if_nametoindex(name), result;
	struct netlink route;

	if (!netlink_open(&route, NETLINK_ROUTE, err))
		return false;
	netlink_no_link_local(&route, index);
	if (super)
		set_super_size(&route, index);
	result = set_mtu_and_group(&route, index, mtu, group);
	if (result != 0)
		error_set(err, "can't set MTU %u on %s: %s", mtu, name, strerror(-result));
	else if ((result = set_up(&route, index)) != 0)
		error_set(err, "can't bring %s up: %s", name, strerror(-result));
	netlink_close(&route);
	return result == 0;
}

int
tun_open(const char *wanted, uint32_t mtu, uint32_t group, enum tun_offload offload, struct error *err)
{
	char name[IFNAMSIZ] = {0};
	int fd;

	snprintf(name, sizeof(name), "%s", wanted);
	fd = attach(name, offload, err);
	if (fd < 0 || set_device_up(name, mtu, group, offload != TUN_PLAIN, err))
		return fd;
	close(fd);
	return -1;
}

void
tun_remove_group(uint32_t group)
{
	_Alignas(uint64_t) uint8_t buffer[REQUEST_BYTES];
	struct nlmsghdr *message = netlink_link(buffer, RTM_DELLINK, 0, 0);
	struct netlink route;

	mnl_attr_put_u32(message, IFLA_GROUP, group);
	if (!netlink_open(&route, NETLINK_ROUTE, NULL))
		return;
	netlink_request(&route, message);
	netlink_close(&route);
}

bool
tun_probe(enum tun_offload *offload, struct error *err)
{
	for (int level = offload != NULL ? (int)*offload : TUN_PLAIN; level >= TUN_PLAIN; level--) {
		char name[IFNAMSIZ] = "tsprobe%d";
		int fd = attach(name, (enum tun_offload)level, level == TUN_PLAIN ? err : NULL);

		if (fd < 0)
			continue;
		close(fd);
		if (offload != NULL)
			*offload = (enum tun_offload)level;
		return true;
	}
	return false;
}
