// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target: everything that is done to inner packets, and the reader of ICMP errors. The input:
 * what to do, an MTU, an outer TOS, then the packet. Whatever comes out is a packet again, no longer than its
 * buffer (each lies in memory of its very size), with checksums that are as right as they were.
 */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "tests/unit/plugins/checksums.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { DO_TOS, DO_MSS, DO_TOO_BIG, DO_FRAGMENTS, DO_ERROR, DOINGS };

static void
check(bool good)
{
	if (!good)
		abort();
}

static size_t
header_of(const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? IPV6_HEADER : (size_t)(packet[0] & 15) * 4;
}

static uint16_t
header_sum(const uint8_t *packet)
{
	return packet[0] >> 4 == 6 ? 0 : checksum_of(packet, header_of(packet), 0);
}

/* The same sum, where 0 and 0xffff are the same number. */
static bool
same_sum(uint16_t a, uint16_t b)
{
	return a == b || ((a == 0 || a == 0xffff) && (b == 0 || b == 0xffff));
}

static void
do_tos(uint8_t *packet, size_t length, uint8_t outer)
{
	uint8_t inner = packet_tos(packet);
	uint16_t before = header_sum(packet);

	if (!tos_inward(packet, outer)) {
		check((inner & 3) == 0 && (outer & 3) == 3 && packet_tos(packet) == inner);
		return;
	}
	check((packet_tos(packet) & 0xfc) == (inner & 0xfc));
	check(same_sum(header_sum(packet), before));
}

static uint16_t
tcp_sum(const uint8_t *packet, const struct transport *transport)
{
	return checksum_of(packet + transport->offset, transport->length,
			   pseudo(packet, transport->protocol, (uint32_t)transport->length));
}

static void
do_mss(uint8_t *packet, size_t length, uint32_t mtu)
{
	struct transport before, after;
	bool found = transport_find(packet, length, &before);
	uint16_t sum = found ? tcp_sum(packet, &before) : 0;

	if (!mss_clamp(packet, length, mtu, false))
		return;
	check(found && transport_find(packet, length, &after) && after.offset == before.offset);
	check(same_sum(tcp_sum(packet, &after), sum));
	check(!mss_clamp(packet, length, mtu, false));
}

/* What is taken for a probe of our own can't be anything else. */
static void
do_probe(const uint8_t *packet, size_t length)
{
	bool ipv6 = packet[0] >> 4 == 6;
	struct inside inside = {{{.family = AF_INET}, {.family = AF_INET6}}};
	struct transport transport;

	memcpy(inside.address[ipv6].bytes, packet + (ipv6 ? 8 : 12), ipv6 ? 16 : 4);
	if (policy_probe(&inside, packet, length))
		check(transport_find(packet, length, &transport) && transport.first &&
		      !transport.may_fragment && packet[ipv6 ? 7 : 8] == 255 &&
		      packet[transport.offset] == (ipv6 ? 128 : 8));
}

static void
do_too_big(const uint8_t *packet, size_t length, uint32_t mtu)
{
	struct ip_address inside = {packet[0] >> 4 == 6 ? AF_INET6 : AF_INET, {10, 0, 0, 1}};
	uint8_t *out = malloc(TOO_BIG_MOST);
	size_t answer = too_big_answer(packet, length, mtu, &inside, out);
	struct transport transport;
	struct inner inner;

	check(answer <= TOO_BIG_MOST);
	if (answer != 0) {
		check(inner_parse(out, answer, &inner) && inner.length == answer && header_sum(out) == 0);
		check(transport_find(out, answer, &transport));
		check(checksum_of(out + transport.offset, transport.length,
				  inner.family == AF_INET6
				      ? pseudo(out, transport.protocol, (uint32_t)transport.length)
				      : 0) == 0);
		/* an error is not answered */
		check(too_big_answer(out, answer, 68, &inside, out) == 0);
	}
	free(out);
}

static void
do_fragments(const uint8_t *packet, size_t length, uint32_t mtu)
{
	struct fragments fragments;
	uint8_t *out = malloc(mtu);
	size_t piece, payload = 0;
	struct inner inner;

	if (fragments_begin(&fragments, packet, length, mtu)) {
		while ((piece = fragments_next(&fragments, out)) != 0) {
			check(piece <= mtu && inner_parse(out, piece, &inner) && inner.length == piece);
			check(header_sum(out) == 0);
			check(memcmp(out + header_of(out), packet + header_of(packet) + payload,
				     piece - header_of(out)) == 0);
			payload += piece - header_of(out);
		}
		check(payload == length - header_of(packet));
	}
	free(out);
}

static void
do_error(const uint8_t *packet, size_t length, bool ipv6)
{
	struct path_error error;

	if (path_error_read(ipv6 ? AF_INET6 : AF_INET, packet, length, &error))
		check(error.spi != 0 && error.remote.family == (ipv6 ? AF_INET6 : AF_INET));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct reader r = reader_over(bytes, size);
	uint8_t what = reader_u8(&r) % DOINGS, outer = reader_u8(&r);
	uint32_t mtu = reader_u16(&r);
	size_t length = reader_left(&r);
	struct inner inner;
	uint8_t *packet;

	if (r.failed || length == 0)
		return 0;
	packet = malloc(length);
	memcpy(packet, r.at, length);
	if (what == DO_ERROR) {
		do_error(packet, length, outer % 2 != 0);
	} else if (inner_parse(packet, length, &inner) && inner.length == length) {
		do_probe(packet, length);
		if (what == DO_TOS)
			do_tos(packet, length, outer);
		else if (what == DO_MSS)
			do_mss(packet, length, mtu);
		else if (what == DO_TOO_BIG)
			do_too_big(packet, length, mtu);
		else
			do_fragments(packet, length, mtu == 0 ? 1 : mtu);
	}
	free(packet);
	return 0;
}
