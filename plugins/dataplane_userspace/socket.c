// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outside sockets: UDP 500 and 4500 and protocol 50, for IPv4 and, where the machine has it, IPv6. The
 * plane owns them all: IKE gets its messages from here and sends through here (RFC 7296 2.23, RFC 3948).
 *
 * A gateway may have several outside addresses (a hub has two), so one socket serves all of them: IP_PKTINFO
 * tells to which address a message came and says from which one leaves.
 *
 * Outer packets go without DF in this release: one that is too long for the path is fragmented and arrives,
 * rather than vanishing without a word.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER (4 << 20)

static const struct {
	const char *name;
	int type, protocol;
	uint16_t port;
} kinds[SOCKET_KINDS] = {
    [SOCKET_IKE] = {"UDP port 500", SOCK_DGRAM, IPPROTO_UDP, IKE_PORT},
    [SOCKET_NATT] = {"UDP port 4500", SOCK_DGRAM, IPPROTO_UDP, NATT_PORT},
    [SOCKET_ESP] = {"the ESP socket (protocol 50)", SOCK_RAW, IPPROTO_ESP, 0},
};

static void
set_int(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

/* Large buffers: beyond the system's limit with CAP_NET_ADMIN, up to it without. */
static void
set_buffers(int fd)
{
	int size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		set_int(fd, SOL_SOCKET, SO_RCVBUF, size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		set_int(fd, SOL_SOCKET, SO_SNDBUF, size);
}

static void
set_options(int fd, uint8_t family)
{
	set_buffers(fd);
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	} else {
		set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
}

static bool
explain(struct error *err, int kind, int code, const struct ip_address *local)
{
	char text[IP_ADDRESS_TEXT];

	switch (code) {
	case EADDRINUSE:
		return error_set(err, "%s is in use: another IKE daemon runs here? (ss -ulpn names it)",
				 kinds[kind].name);
	case EADDRNOTAVAIL:
		return error_set(err, "can't bind %s: %s is not an address of this machine", kinds[kind].name,
				 ip_address_format(local, text));
	case EPERM:
	case EACCES:
		return error_set(err, "can't open %s: the gateway lacks %s", kinds[kind].name,
				 kind == SOCKET_ESP ? "CAP_NET_RAW" : "CAP_NET_BIND_SERVICE");
	default:
		return error_set(err, "can't open %s: %s", kinds[kind].name, strerror(code));
	}
}

/* One socket; -1 with errno. */
static int
open_one(int kind, uint8_t family, const struct ip_address *local)
{
	struct ip_address any = {.family = family};
	struct sockaddr_storage address;
	socklen_t length =
	    ip_address_to_sockaddr(ip_address_is_set(local) ? local : &any, kinds[kind].port, &address);
	int fd = socket(family, kinds[kind].type | SOCK_CLOEXEC | SOCK_NONBLOCK, kinds[kind].protocol);

	if (fd < 0)
		return -1;
	set_options(fd, family);
	if (bind(fd, (struct sockaddr *)&address, length) < 0) {
		int code = errno;

		close(fd);
		errno = code;
		return -1;
	}
	return fd;
}

/* A machine without IPv6 is no error unless the outside address is of it. */
static bool
no_such_family(int code)
{
	return code == EAFNOSUPPORT || code == EADDRNOTAVAIL || code == EPROTONOSUPPORT;
}

bool
sockets_open(struct sockets *sockets, const struct ip_address *local, struct error *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};

	memset(sockets->fd, -1, sizeof(sockets->fd));
	for (int kind = 0; kind < SOCKET_KINDS; kind++) {
		for (int f = 0; f < 2; f++) {
			if (ip_address_is_set(local) && local->family != families[f])
				continue;
			sockets->fd[kind][f] = open_one(kind, families[f], local);
			if (sockets->fd[kind][f] >= 0)
				continue;
			if (families[f] == AF_INET6 && !ip_address_is_set(local) && no_such_family(errno))
				continue;
			explain(err, kind, errno, local);
			sockets_close(sockets);
			return false;
		}
	}
	return true;
}

void
sockets_close(struct sockets *sockets)
{
	for (int kind = 0; kind < SOCKET_KINDS; kind++) {
		for (int f = 0; f < 2; f++) {
			if (sockets->fd[kind][f] >= 0)
				close(sockets->fd[kind][f]);
			sockets->fd[kind][f] = -1;
		}
	}
}

size_t
socket_source_control(const struct ip_address *from, void *control, size_t size)
{
	struct msghdr message = {.msg_control = control, .msg_controllen = size};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct in_pktinfo v4 = {0};
	struct in6_pktinfo v6 = {0};

	if (!ip_address_is_set(from) || header == NULL)
		return 0;
	memset(control, 0, size);
	if (from->family == AF_INET) {
		memcpy(&v4.ipi_spec_dst, from->bytes, sizeof(v4.ipi_spec_dst));
		*header = (struct cmsghdr){CMSG_LEN(sizeof(v4)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(header), &v4, sizeof(v4));
		return CMSG_SPACE(sizeof(v4));
	}
	memcpy(&v6.ipi6_addr, from->bytes, sizeof(v6.ipi6_addr));
	*header = (struct cmsghdr){CMSG_LEN(sizeof(v6)), IPPROTO_IPV6, IPV6_PKTINFO};
	memcpy(CMSG_DATA(header), &v6, sizeof(v6));
	return CMSG_SPACE(sizeof(v6));
}

void
socket_destination(struct msghdr *message, struct ip_address *out)
{
	*out = (struct ip_address){0};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			out->family = AF_INET;
			memcpy(out->bytes, &info.ipi_addr, sizeof(info.ipi_addr));
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			out->family = AF_INET6;
			memcpy(out->bytes, &info.ipi6_addr, sizeof(info.ipi6_addr));
		}
	}
}

bool
sockets_send(const struct sockets *sockets, int kind, const struct ip_address *from,
	     const struct ip_address *to, uint16_t to_port, const struct iovec *parts, size_t count)
{
	_Alignas(size_t) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct sockaddr_storage remote;
	socklen_t remote_length = ip_address_to_sockaddr(to, to_port, &remote);
	int fd = remote_length != 0 ? sockets->fd[kind][family_index(to->family)] : -1;
	size_t control_length = socket_source_control(from, control, sizeof(control));
	struct msghdr message = {
	    .msg_name = &remote,
	    .msg_namelen = remote_length,
	    .msg_iov = (struct iovec *)parts,
	    .msg_iovlen = count,
	    .msg_control = control_length != 0 ? control : NULL,
	    .msg_controllen = control_length,
	};

	if (fd < 0 || (ip_address_is_set(from) && from->family != to->family))
		return false;
	for (int tries = 0; tries < 10; tries++) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};

		if (sendmsg(fd, &message, MSG_NOSIGNAL) >= 0)
			return true;
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return false;
		poll(&wait, 1, 10);
	}
	return false;
}
