// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP for single-hop BFD (RFC 5881): port 3784 for what comes in, a port of its own from 49152 on for what a
 * session sends, TTL 255 out and its value of what came in, by which a packet from farther away is known (RFC
 * 5082).
 */
#include "core/bfd/bfd_internal.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_PORT 49152
#define PORTS 16384

struct option {
	int level, name, value;
};

static bool
set_options(int fd, const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) != 0)
			return false;
	}
	return true;
}

int
bfd_socket_listen(uint8_t family, struct error *err)
{
	static const struct option v4[] = {{IPPROTO_IP, IP_RECVTTL, 1}, {IPPROTO_IP, IP_PKTINFO, 1}};
	static const struct option v6[] = {{IPPROTO_IPV6, IPV6_V6ONLY, 1},
					   {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},
					   {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1}};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(BFD_PORT)};
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(BFD_PORT)};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool good = fd >= 0;

	if (family == AF_INET)
		good =
		    good && set_options(fd, v4, 2) && bind(fd, (struct sockaddr *)&any4, sizeof(any4)) == 0;
	else
		good =
		    good && set_options(fd, v6, 3) && bind(fd, (struct sockaddr *)&any6, sizeof(any6)) == 0;
	if (good)
		return fd;
	error_set(err, "UDP port %d (BFD) can't be opened: %s", BFD_PORT, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
bfd_port_is_free(struct error *err)
{
	int fd = bfd_socket_listen(AF_INET, err);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* A free port, beginning anywhere. */
static bool
bind_port(int fd, const struct ip_address *local, uint8_t family, unsigned scope)
{
	struct ip_address any = {.family = family};
	struct sockaddr_storage address;
	uint16_t start = 0;

	if (getrandom(&start, sizeof(start), GRND_NONBLOCK) < 0)
		start = 0;
	for (unsigned i = 0; i < PORTS; i++) {
		uint16_t port = (uint16_t)(FIRST_PORT + (start + i) % PORTS);
		socklen_t length =
		    ip_address_to_sockaddr(ip_address_is_set(local) ? local : &any, port, &address);

		if (family == AF_INET6)
			((struct sockaddr_in6 *)&address)->sin6_scope_id = scope;
		if (bind(fd, (struct sockaddr *)&address, length) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
	}
	return false;
}

static bool
prepare_sender(int fd, const struct bfd_session_config *config)
{
	/* CS6, as routing protocols are marked. */
	static const struct option v4[] = {{IPPROTO_IP, IP_TTL, 255}, {IPPROTO_IP, IP_TOS, 0xc0}};
	static const struct option v6[] = {{IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255},
					   {IPPROTO_IPV6, IPV6_TCLASS, 0xc0}};
	uint8_t family = config->remote.family;
	unsigned scope = config->interface != NULL && family == AF_INET6 && config->remote.bytes[0] == 0xfe
			     ? if_nametoindex(config->interface)
			     : 0;
	struct sockaddr_storage to;
	socklen_t length = ip_address_to_sockaddr(&config->remote, BFD_PORT, &to);

	if (family == AF_INET6)
		((struct sockaddr_in6 *)&to)->sin6_scope_id = scope;
	if (!set_options(fd, family == AF_INET ? v4 : v6, 2))
		return false;
	if (config->interface != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, config->interface,
						    (socklen_t)strlen(config->interface)) != 0)
		return false;
	return bind_port(fd, &config->local, family, scope) &&
	       connect(fd, (struct sockaddr *)&to, length) == 0;
}

int
bfd_socket_send(const struct bfd_session_config *config, struct error *err)
{
	int fd = socket(config->remote.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char text[IP_ADDRESS_TEXT];

	if (fd >= 0 && prepare_sender(fd, config))
		return fd;
	error_set(err, "no BFD packets can be sent to %s%s%s: %s", ip_address_format(&config->remote, text),
		  config->interface != NULL ? " by " : "", config->interface != NULL ? config->interface : "",
		  strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
read_control(struct msghdr *message, struct bfd_datagram *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct in_pktinfo v4;
		struct in6_pktinfo v6;

		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&out->ttl, CMSG_DATA(c), sizeof(out->ttl));
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, CMSG_DATA(c), sizeof(v4));
			out->interface = (unsigned)v4.ipi_ifindex;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, CMSG_DATA(c), sizeof(v6));
			out->interface = v6.ipi6_ifindex;
		}
	}
}

bool
bfd_socket_read(int fd, struct bfd_datagram *out)
{
	struct sockaddr_storage from;
	struct iovec piece = {out->bytes, sizeof(out->bytes)};
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &piece,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t got;

	do
		got = recvmsg(fd, &message, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return false;
	out->length = (size_t)got;
	out->ttl = -1;
	out->interface = 0;
	out->from = (struct ip_address){0};
	ip_address_from_sockaddr((struct sockaddr *)&from, &out->from, NULL);
	read_control(&message, out);
	return true;
}
