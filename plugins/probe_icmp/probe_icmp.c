// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP echo (RFC 792, RFC 4443 4) as a probe. A raw socket, bound to the tunnel's interface and inside
 * address and connected to the target, so that the kernel hands over what comes from there only; where raw
 * sockets are not allowed, the kernel's ping socket, which numbers its messages itself. Every probe has an
 * identifier and a cookie by chance: what another one asked, or what somebody made up, is no answer.
 *
 * The time of arrival is the kernel's (SO_TIMESTAMPNS), so that a busy gateway doesn't measure itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/plugin.h"
#include "core/probe.h"

#define HEADER_SIZE 8   /* type, code, checksum, identifier, sequence */
#define PAYLOAD_SIZE 20 /* cookie, number, time */
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define MOST_BYTES 9216 /* of a question: jumbo frames, and no configuration has a larger MTU */
#define REQUEST_V4 8
#define REPLY_V4 0
#define REQUEST_V6 128
#define REPLY_V6 129

struct probe {
	int fd;
	bool raw, v6;
	uint16_t identifier;
	uint64_t cookie;
};

/* RFC 1071. The kernel fills in that of ICMPv6. */
static uint16_t
checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (length & 1)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int
open_socket(bool v6, bool *raw)
{
	int family = v6 ? AF_INET6 : AF_INET, protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	*raw = fd >= 0;
	return fd >= 0 ? fd : socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

/*
 * Questions go whole or not at all, whatever the kernel has learnt of the path: a device's MTU is all that
 * counts (ip(7), IP_PMTUDISC_PROBE). The short ones fit everywhere.
 */
static void
forbid_fragments(const struct probe *probe)
{
	int v4 = IP_PMTUDISC_PROBE, v6 = IPV6_PMTUDISC_PROBE, on = 1, hops = PROBE_HOPS;

	if (!probe->v6) {
		setsockopt(probe->fd, IPPROTO_IP, IP_MTU_DISCOVER, &v4, sizeof(v4));
		setsockopt(probe->fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops));
		return;
	}
	setsockopt(probe->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &v6, sizeof(v6));
	setsockopt(probe->fd, IPPROTO_IPV6, IPV6_DONTFRAG, &on, sizeof(on));
	setsockopt(probe->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
}

/* Only echo replies come in: the rest of ICMP is nobody's here. */
static void
filter(const struct probe *probe)
{
	struct icmp_filter v4 = {.data = ~(1u << REPLY_V4)};
	struct icmp6_filter v6;

	if (!probe->raw)
		return;
	if (!probe->v6) {
		setsockopt(probe->fd, SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
		return;
	}
	memset(&v6, 0xff, sizeof(v6));
	v6.data[REPLY_V6 >> 5] &= ~(1u << (REPLY_V6 & 31));
	setsockopt(probe->fd, IPPROTO_ICMPV6, ICMPV6_FILTER, &v6, sizeof(v6));
}

static bool
bind_socket(const struct probe *probe, const struct probe_target *target, struct error *err)
{
	struct sockaddr_storage address;
	char text[IP_ADDRESS_TEXT];
	const int on = 1;
	socklen_t length;

	if (target->interface != NULL && setsockopt(probe->fd, SOL_SOCKET, SO_BINDTODEVICE, target->interface,
						    (socklen_t)strlen(target->interface) + 1) != 0)
		return error_set(err, "ICMP probe: interface %s: %s", target->interface, strerror(errno));
	if (ip_address_is_set(&target->local)) {
		length = ip_address_to_sockaddr(&target->local, 0, &address);
		if (bind(probe->fd, (struct sockaddr *)&address, length) != 0)
			return error_set(err, "ICMP probe: address %s: %s",
					 ip_address_format(&target->local, text), strerror(errno));
	}
	length = ip_address_to_sockaddr(&target->remote, 0, &address);
	if (connect(probe->fd, (struct sockaddr *)&address, length) != 0)
		return error_set(err, "ICMP probe: target %s: %s", ip_address_format(&target->remote, text),
				 strerror(errno));
	setsockopt(probe->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return true;
}

static void
icmp_close(struct probe *probe)
{
	if (probe->fd >= 0)
		close(probe->fd);
	free(probe);
}

static struct probe *
icmp_open(const struct probe_target *target, struct error *err)
{
	struct probe *probe = memory_zeroed(1, sizeof(*probe));

	probe->v6 = target->remote.family == AF_INET6;
	probe->fd = open_socket(probe->v6, &probe->raw);
	if (probe->fd < 0) {
		error_set(err, "ICMP probe: no socket: %s (it needs CAP_NET_RAW)", strerror(errno));
		icmp_close(probe);
		return NULL;
	}
	if (getrandom(&probe->identifier, sizeof(probe->identifier), 0) < 0 ||
	    getrandom(&probe->cookie, sizeof(probe->cookie), 0) < 0)
		probe->cookie = (uint64_t)clock_monotonic() * 0x9e3779b97f4a7c15u;
	filter(probe);
	forbid_fragments(probe);
	if (bind_socket(probe, target, err))
		return probe;
	icmp_close(probe);
	return NULL;
}

/* A question of `length` bytes, the ICMP header counted: what is behind ours is zeros. */
static bool
ask(struct probe *probe, uint32_t number, size_t length, struct error *err)
{
	uint8_t bytes[MOST_BYTES] = {0};
	struct writer w = writer_over(bytes, sizeof(bytes));
	uint16_t sum;

	writer_u8(&w, probe->v6 ? REQUEST_V6 : REQUEST_V4);
	writer_u8(&w, 0);
	writer_u16(&w, 0);
	writer_u16(&w, probe->identifier);
	writer_u16(&w, (uint16_t)number);
	writer_u64(&w, probe->cookie);
	writer_u32(&w, number);
	writer_u64(&w, (uint64_t)clock_monotonic());
	sum = checksum(bytes, length);
	bytes[2] = (uint8_t)(sum >> 8);
	bytes[3] = (uint8_t)sum;
	if (send(probe->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length)
		return true;
	return error_set(err, "ICMP probe: %s", strerror(errno));
}

static bool
icmp_send(struct probe *probe, uint32_t number, struct error *err)
{
	return ask(probe, number, HEADER_SIZE + PAYLOAD_SIZE, err);
}

static bool
icmp_send_whole(struct probe *probe, uint32_t number, uint32_t size, struct error *err)
{
	uint32_t header = probe->v6 ? IPV6_HEADER : IPV4_HEADER;

	if (size < header + HEADER_SIZE + PAYLOAD_SIZE || size > header + MOST_BYTES)
		return error_set(err, "ICMP probe: there is no question of %u bytes", size);
	return ask(probe, number, size - header, err);
}

static int
icmp_descriptor(const struct probe *probe)
{
	return probe->fd;
}

/* How long ago the kernel took the message in. */
static usec_t
age_of(struct msghdr *message)
{
	struct timespec now, then;
	usec_t age;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS)
			continue;
		memcpy(&then, CMSG_DATA(c), sizeof(then));
		clock_gettime(CLOCK_REALTIME, &now);
		age = (usec_t)(now.tv_sec - then.tv_sec) * USEC_PER_SEC + (now.tv_nsec - then.tv_nsec) / 1000;
		/* The clock may have been set in between. */
		return age >= 0 && age < 60 * USEC_PER_SEC ? age : 0;
	}
	return 0;
}

/* A raw IPv4 socket gives the IP header as well. */
static bool
skip_header(const struct probe *probe, struct reader *r)
{
	uint8_t first;

	if (!probe->raw || probe->v6)
		return true;
	first = reader_u8(r);
	return (first & 15) >= 5 && reader_bytes(r, (size_t)(first & 15) * 4 - 1) != NULL;
}

static bool
understand(const struct probe *probe, const uint8_t *bytes, size_t length, usec_t age,
	   struct probe_answer *out)
{
	struct reader r = reader_over(bytes, length);
	usec_t sent, rtt;

	if (!skip_header(probe, &r))
		return false;
	if (reader_u8(&r) != (probe->v6 ? REPLY_V6 : REPLY_V4))
		return false;
	reader_u8(&r);
	reader_u16(&r);
	if (reader_u16(&r) != probe->identifier && probe->raw)
		return false;
	reader_u16(&r);
	if (reader_u64(&r) != probe->cookie)
		return false;
	out->number = reader_u32(&r);
	sent = (usec_t)reader_u64(&r);
	rtt = clock_monotonic() - age - sent;
	if (r.failed || rtt > 3600 * USEC_PER_SEC)
		return false;
	out->rtt_us = rtt > 0 ? (uint32_t)rtt : 0;
	return true;
}

static bool
icmp_take(struct probe *probe, struct probe_answer *out)
{
	uint8_t bytes[256], control[128];

	/* Bounded: an interface that is gone reports its error again and again. */
	for (int tries = 0; tries < 64; tries++) {
		struct iovec part = {bytes, sizeof(bytes)};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		ssize_t length = recvmsg(probe->fd, &message, MSG_DONTWAIT);

		/* An error that came by ICMP for an earlier question is read off and passed over. */
		if (length < 0 && (errno == EAGAIN || errno == EBADF || errno == ENOTSOCK))
			return false;
		if (length >= 0 && understand(probe, bytes, (size_t)length, age_of(&message), out))
			return true;
	}
	return false;
}

static const struct probe_ops ops = {
    .name = "icmp",
    .open = icmp_open,
    .close = icmp_close,
    .send = icmp_send,
    .send_whole = icmp_send_whole,
    .descriptor = icmp_descriptor,
    .take = icmp_take,
};

extern const struct twinspan_plugin twinspan_plugin;

TWINSPAN_PLUGIN_EXPORT const struct twinspan_plugin twinspan_plugin = {
    .abi = TWINSPAN_PLUGIN_ABI,
    .kind = TWINSPAN_PLUGIN_PROBE,
    .name = "probe_icmp",
    .version = TWINSPAN_VERSION,
    .description = "asks by ICMP echo",
    .ops = &ops,
};
