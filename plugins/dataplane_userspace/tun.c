// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TUN devices (Linux, Documentation/networking/tuntap.rst) and the few rtnetlink requests that set them up
 * (rtnetlink(7)). The messages are in the machine's own byte order and aligned to 4, so they are built by
 * hand here rather than by struct writer, which is for the network's.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_DEVICE "/dev/net/tun"
#define GEN_MODE_NONE 1 /* IN6_ADDR_GEN_MODE_NONE: no link-local address */

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	uint8_t attributes[128];
};

static struct request
request_new(uint16_t type, int index)
{
	return (struct request){
	    .header =
		{
		    .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
		    .nlmsg_type = type,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	    .link = {.ifi_family = AF_UNSPEC, .ifi_index = index},
	};
}

/* Appends an attribute; the fixed requests below fit by construction. Returns where it starts. */
static struct rtattr *
request_add(struct request *request, uint16_t type, const void *value, size_t length)
{
	struct rtattr *at = (void *)((uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	at->rta_type = type;
	at->rta_len = (uint16_t)RTA_LENGTH(length);
	if (length != 0)
		memcpy(RTA_DATA(at), value, length);
	request->header.nlmsg_len =
	    (uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(at->rta_len));
	return at;
}

/* Sends a request and waits for its acknowledgement. Returns 0 or an errno. */
static int
request_run(const struct request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t more[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), result = EIO;
	ssize_t got;

	if (fd < 0)
		return errno;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		result = errno;
	else if ((got = recv(fd, &answer, sizeof(answer), 0)) < 0)
		result = errno;
	else if ((size_t)got >= NLMSG_LENGTH(sizeof(answer.error)) && answer.header.nlmsg_type == NLMSG_ERROR)
		result = -answer.error.error;
	close(fd);
	return result;
}

/* No IPv6 link-local address: the interface comes without any. Where there is no IPv6 this fails, and all is
 * well. */
static void
set_no_addresses(int index)
{
	struct request request = request_new(RTM_NEWLINK, index);
	uint8_t mode = GEN_MODE_NONE;
	struct rtattr *families = request_add(&request, IFLA_AF_SPEC, NULL, 0);
	struct rtattr *inet6 = request_add(&request, AF_INET6, NULL, 0);
	struct rtattr *last = request_add(&request, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	uint16_t length = (uint16_t)RTA_ALIGN(last->rta_len);

	inet6->rta_len += length;
	families->rta_len += RTA_ALIGN(inet6->rta_len);
	request_run(&request);
}

static int
set_mtu_and_group(int index, uint32_t mtu, uint32_t group)
{
	struct request request = request_new(RTM_NEWLINK, index);

	request_add(&request, IFLA_MTU, &mtu, sizeof(mtu));
	request_add(&request, IFLA_GROUP, &group, sizeof(group));
	return request_run(&request);
}

static int
set_up(int index)
{
	struct request request = request_new(RTM_NEWLINK, index);

	request.link.ifi_flags = IFF_UP;
	request.link.ifi_change = IFF_UP;
	return request_run(&request);
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

/* A descriptor with its device made; `name` may be a pattern ("x%d") and gets the real one. */
static int
attach(char name[IFNAMSIZ], struct error *err)
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL)};
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		explain(err, errno, name);
		return -1;
	}
	memcpy(request.ifr_name, name, IFNAMSIZ);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		explain(err, errno, name);
		close(fd);
		return -1;
	}
	memcpy(name, request.ifr_name, IFNAMSIZ);
	return fd;
}

int
tun_open(const char *wanted, uint32_t mtu, uint32_t group, struct error *err)
{
	char name[IFNAMSIZ] = {0};
	int fd, index, result;

	snprintf(name, sizeof(name), "%s", wanted);
	fd = attach(name, err);
	if (fd < 0)
		return -1;
	index = (int)if_nametoindex(name);
	set_no_addresses(index);
	result = set_mtu_and_group(index, mtu, group);
	if (result != 0)
		error_set(err, "can't set MTU %u on %s: %s", mtu, name, strerror(result));
	else if ((result = set_up(index)) != 0)
		error_set(err, "can't bring %s up: %s", name, strerror(result));
	if (result == 0)
		return fd;
	close(fd);
	return -1;
}

void
tun_remove_group(uint32_t group)
{
	struct request request = request_new(RTM_DELLINK, 0);

	request_add(&request, IFLA_GROUP, &group, sizeof(group));
	request_run(&request);
}

bool
tun_probe(struct error *err)
{
	char name[IFNAMSIZ] = "tsprobe%d";
	int fd = attach(name, err);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}
