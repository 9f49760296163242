// SPDX-License-Identifier: GPL-2.0-or-later
/* "It does not fit": the ICMP answer to a packet that is longer than the tunnel takes. See packet.h. */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"
#include "plugins/dataplane_userspace/offload.h"

#include <netinet/in.h>
#include <string.h>

enum {
	ICMP_HEADER = 8,
	CHECKSUM_AT = 2,      /* in the ICMP header */
	V4_ANSWER_MOST = 576, /* RFC 1812 4.3.2.3 */
	HOPS = 64,
	V4_UNREACHABLE = 3,
	V4_FRAGMENTATION_NEEDED = 4,
	V6_TOO_BIG = 2,
	V6_LEAST_MTU = 1280,
	V6_REDIRECT = 137,
	CLASS_INTERNETWORK_CONTROL = 0xc0, /* RFC 1812 4.3.2.5 */
};

/* Zero, loopback, multicast, reserved and broadcast addresses are no single host (RFC 1122 3.2.2). */
static bool
is_host_v4(const uint8_t *address)
{
	return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

static bool
is_host_v6(const uint8_t *address)
{
	static const uint8_t zero[15];

	/* neither :: nor ::1 nor multicast */
	return address[0] != 0xff && (memcmp(address, zero, 15) != 0 || address[15] > 1);
}

/* Errors are not answered by errors (RFC 1122 3.2.2, RFC 4443 2.4 (e)). */
static bool
is_icmp_error(const uint8_t *packet, const struct transport *transport)
{
	uint8_t type;

	if (transport->protocol != IPPROTO_ICMP && transport->protocol != IPPROTO_ICMPV6)
		return false;
	if (transport->length == 0)
		return true; /* who knows */
	type = packet[transport->offset];
	if (transport->protocol == IPPROTO_ICMPV6)
		return type < 128 || type == V6_REDIRECT;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static size_t
answer_v4(const uint8_t *packet, size_t length, uint32_t mtu, uint8_t *out)
{
	enum { ROOM = V4_ANSWER_MOST - IPV4_HEADER - ICMP_HEADER };
	size_t quoted = length < ROOM ? length : ROOM, all = IPV4_HEADER + ICMP_HEADER + quoted;
	struct writer w = writer_over(out, V4_ANSWER_MOST);

	if (!is_host_v4(packet + 12) || !is_host_v4(packet + 16))
		return 0;
	writer_u8(&w, 0x45);
	writer_u8(&w, CLASS_INTERNETWORK_CONTROL);
	writer_u16(&w, (uint16_t)all);
	writer_u32(&w, 0); /* identification: none is needed where nothing is fragmented (RFC 6864 4.1) */
	writer_u8(&w, HOPS);
	writer_u8(&w, IPPROTO_ICMP);
	writer_u16(&w, 0);
	writer_bytes(&w, packet + 16, 4);
	writer_bytes(&w, packet + 12, 4);
	writer_u8(&w, V4_UNREACHABLE);
	writer_u8(&w, V4_FRAGMENTATION_NEEDED);
	writer_u32(&w, 0); /* checksum, unused */
	writer_u16(&w, mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu);
	writer_bytes(&w, packet, quoted);
	checksum_ipv4(out, IPV4_HEADER);
	checksum_store(out + IPV4_HEADER + CHECKSUM_AT,
		       checksum_add(0, out + IPV4_HEADER, ICMP_HEADER + quoted));
	return all;
}

static size_t
answer_v6(const uint8_t *packet, size_t length, uint32_t mtu, const struct ip_address *from, uint8_t *out)
{
	enum { ROOM = TOO_BIG_MOST - IPV6_HEADER - ICMP_HEADER };
	size_t quoted = length < ROOM ? length : ROOM;
	struct writer w = writer_over(out, TOO_BIG_MOST);
	const uint8_t *source = memcmp(from->bytes, packet + 8, 16) != 0 ? from->bytes : packet + 24;

	if (!is_host_v6(packet + 8) || !is_host_v6(source) || length <= V6_LEAST_MTU)
		return 0;
	writer_u32(&w, 0x60000000 | CLASS_INTERNETWORK_CONTROL << 20);
	writer_u16(&w, (uint16_t)(ICMP_HEADER + quoted));
	writer_u8(&w, IPPROTO_ICMPV6);
	writer_u8(&w, HOPS);
	writer_bytes(&w, source, 16);
	writer_bytes(&w, packet + 8, 16);
	writer_u8(&w, V6_TOO_BIG);
	writer_u8(&w, 0);
	writer_u16(&w, 0);
	writer_u32(&w, mtu < V6_LEAST_MTU ? V6_LEAST_MTU : mtu);
	writer_bytes(&w, packet, quoted);
	checksum_store(out + IPV6_HEADER + CHECKSUM_AT,
		       checksum_add(checksum_pseudo(out, IPPROTO_ICMPV6, ICMP_HEADER + quoted),
				    out + IPV6_HEADER, ICMP_HEADER + quoted));
	return IPV6_HEADER + ICMP_HEADER + quoted;
}

size_t
too_big_answer(const uint8_t *packet, size_t length, uint32_t mtu, const struct ip_address *from,
	       uint8_t out[TOO_BIG_MOST])
{
	bool ipv6 = packet[0] >> 4 == 6;
	struct transport transport;

	if (from->family != (ipv6 ? AF_INET6 : AF_INET) || !transport_find(packet, length, &transport) ||
	    !transport.first || is_icmp_error(packet, &transport))
		return 0;
	return ipv6 ? answer_v6(packet, length, mtu, from, out) : answer_v4(packet, length, mtu, out);
}

bool
rate_limit_take(struct rate_limit *limit, int64_t now, uint32_t per_second, uint32_t burst)
{
	const int64_t token = 1000000, full_after = 60 * token;
	int64_t most = (int64_t)burst * token, waited = now - limit->filled;

	if (limit->filled == 0 || waited > full_after || waited < 0)
		limit->tokens = most;
	else
		limit->tokens += waited * per_second;
	limit->filled = now;
	if (limit->tokens > most)
		limit->tokens = most;
	if (limit->tokens < token)
		return false;
	limit->tokens -= token;
	return true;
}
