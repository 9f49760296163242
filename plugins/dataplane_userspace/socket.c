// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The outside sockets: UDP 500 and 4500 and protocol 50, for IPv4 and, where the machine has it, IPv6. The
 * plane owns them all: IKE gets its messages from here and sends through here (RFC 7296 2.23, RFC 3948).
 *
 * A gateway may have several outside addresses (a hub has two), so one socket serves all of them: IP_PKTINFO
 * tells to which address a message came and says from which one leaves.
 *
 * ESP goes whole: with DF (RFC 4301 8.1), so that routers say what they take and probing finds out where
 * they don't. By IP_PMTUDISC_PROBE, not DO: the kernel's own notion of the path comes from ICMP that anybody
 * can forge, while we look at the SPI (path_watch.c); only a device's MTU makes it refuse (EMSGSIZE). With
 * IPv6, where nobody on the way fragments, it is the same without the bit.
 *
 * Two kinds of packets may be cut: IKE's, which may be longer than any path (certificates, and peers without
 * RFC 7383), and ESP of tunnels whose MTU the operator has fixed or whose path takes less than IPv6 needs
 * inside. DF is a socket's property, so they leave by a second socket of the same port, which must not
 * receive: it is connected to a loopback address, whose packets never come, and sends to others by name. Over
 * IPv6 its pieces are of 1280 bytes, which every path takes.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"

#include <errno.h>
#include <netinet/udp.h>
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
    [SOCKET_NATT_PIECES] = {"UDP port 4500", SOCK_DGRAM, IPPROTO_UDP, NATT_PORT},
    [SOCKET_ESP_PIECES] = {"the ESP socket (protocol 50)", SOCK_RAW, IPPROTO_ESP, 0},
};

static const struct {
	int whole, pieces;
} twins[] = {{SOCKET_NATT, SOCKET_NATT_PIECES}, {SOCKET_ESP, SOCKET_ESP_PIECES}};

enum { NEVER_FROM = 9 /* port discard, of a loopback address */ };

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
set_pieces(int fd, uint8_t family, bool pieces)
{
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			pieces ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE);
		set_int(fd, IPPROTO_IPV6, IPV6_MTU, pieces ? IPV6_LEAST : 0 /* the device's */);
	} else {
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, pieces ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
	}
}

static void
set_options(int fd, uint8_t family)
{
	set_buffers(fd);
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	} else {
		set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
		set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
	}
	set_pieces(fd, family, true);
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

/* One socket; -1 with errno. `shared`: beside others that say so too (SO_REUSEADDR); `group`: one of several
 * that share what comes in (SO_REUSEPORT). */
static int
open_one(int kind, uint8_t family, const struct ip_address *local, bool shared, bool group)
{
	struct ip_address any = {.family = family};
	struct sockaddr_storage address;
	socklen_t length =
	    ip_address_to_sockaddr(ip_address_is_set(local) ? local : &any, kinds[kind].port, &address);
	int fd = socket(family, kinds[kind].type | SOCK_CLOEXEC | SOCK_NONBLOCK, kinds[kind].protocol);

	if (fd < 0)
		return -1;
	set_options(fd, family);
	if (shared)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (group)
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (struct sockaddr *)&address, length) < 0) {
		int code = errno;

		close(fd);
		errno = code;
		return -1;
	}
	return fd;
}

int
socket_open_shared(int kind, uint8_t family, const struct ip_address *local)
{
	bool udp = kinds[kind].type == SOCK_DGRAM;
	/* It gets along with the group by one option, and with the twin, which is in none, by the other. */
	int fd = open_one(kind, family, local, udp, udp);

	if (fd >= 0)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 0);
	return fd;
}

/*
 * The second socket of a port. The first one lets it in for the moment: nobody else may bind the port, before
 * or after. Where it can't be (no loopback interface) whole packets are done without, as if every path cut.
 */
static void
open_twin(struct sockets *sockets, unsigned twin, int f, const struct ip_address *local)
{
	static const struct ip_address nowhere[2] = {{.family = AF_INET, .bytes = {127, 0, 0, 1}},
						     {.family = AF_INET6, .bytes = {[15] = 1}}};
	int first = sockets->fd[twins[twin].whole][f], fd;
	struct sockaddr_storage address;
	socklen_t length = ip_address_to_sockaddr(&nowhere[f], NEVER_FROM, &address);

	if (first < 0)
		return;
	set_int(first, SOL_SOCKET, SO_REUSEADDR, 1);
	fd = open_one(twins[twin].pieces, nowhere[f].family, local, true, false);
	set_int(first, SOL_SOCKET, SO_REUSEADDR, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&address, length) < 0) {
		close(fd);
		return;
	}
	sockets->fd[twins[twin].pieces][f] = fd;
	set_pieces(first, nowhere[f].family, false);
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
	for (int kind = 0; kind < SOCKET_RECEIVING; kind++) {
		for (int f = 0; f < 2; f++) {
			if (ip_address_is_set(local) && local->family != families[f])
				continue;
			sockets->fd[kind][f] = open_one(kind, families[f], local, false, false);
			if (sockets->fd[kind][f] >= 0)
				continue;
			if (families[f] == AF_INET6 && !ip_address_is_set(local) && no_such_family(errno))
				continue;
			explain(err, kind, errno, local);
			sockets_close(sockets);
			return false;
		}
	}
	for (unsigned twin = 0; twin < COUNT_OF(twins); twin++)
		for (int f = 0; f < 2; f++)
			open_twin(sockets, twin, f, local);
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

uint8_t
socket_tos(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		int class;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			return *CMSG_DATA(c);
		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_TCLASS)
			continue;
		memcpy(&class, CMSG_DATA(c), sizeof(class));
		return (uint8_t) class;
	}
	return 0;
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

size_t
socket_segment_size(struct msghdr *message, size_t length)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		int size;

		if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		return size > 0 ? (size_t)size : length;
	}
	return length;
}

void
sockets_probe(const struct sockets *sockets, struct fast_paths *paths)
{
	for (int f = 0; f < 2; f++) {
		int fd = sockets->fd[SOCKET_NATT][f], on = 1, segment;
		socklen_t length = sizeof(segment);

		if (fd < 0)
			continue;
		if (paths->udp_gro && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) < 0)
			paths->udp_gro = false;
		if (paths->udp_gso && getsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, &length) < 0)
			paths->udp_gso = false;
	}
}

int
socket_to_send(const struct sockets *sockets, int kind, uint8_t family, bool pieces, bool from)
{
	int f = family_index(family);

	for (unsigned i = 0; i < COUNT_OF(twins) && pieces && from; i++) {
		if (twins[i].whole == kind && sockets->fd[twins[i].pieces][f] >= 0)
			return sockets->fd[twins[i].pieces][f];
	}
	return sockets->fd[kind][f];
}

bool
sockets_send(const struct sockets *sockets, int kind, const struct ip_address *from,
	     const struct ip_address *to, uint16_t to_port, const struct iovec *parts, size_t count)
{
	_Alignas(size_t) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct sockaddr_storage remote;
	socklen_t remote_length = ip_address_to_sockaddr(to, to_port, &remote);
	int fd = remote_length != 0 ? socket_to_send(sockets, kind, to->family, true, ip_address_is_set(from))
				    : -1;
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
