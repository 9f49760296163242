// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The MSS clamp: both ends of a TCP connection through the tunnel learn from its SYNs what fits, also where
 * ICMP does not come through. See packet.h.
 */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"

#include <netinet/in.h>

enum {
	TCP_HEADER = 20,
	FLAGS_AT = 13,
	CHECKSUM_AT = 16,
	SYN = 2,
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_MSS = 2,
	OPTION_MSS_LENGTH = 4,
};

/* Where in the TCP header the value of the MSS option begins; 0 where there is none. */
static size_t
find_mss(const uint8_t *tcp, size_t header)
{
	struct reader r = reader_over(tcp, header);

	reader_bytes(&r, TCP_HEADER);
	while (reader_left(&r) != 0) {
		uint8_t kind = reader_u8(&r), length;

		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOTHING)
			continue;
		length = reader_u8(&r);
		if (length < 2)
			break;
		if (kind == OPTION_MSS && length == OPTION_MSS_LENGTH)
			return reader_left(&r) >= 2 ? header - reader_left(&r) : 0;
		reader_bytes(&r, length - 2u);
	}
	return 0;
}

/* Nearly all packets are: IPv4 without options, and no SYN. One look, before anything is walked. */
static bool
plain_ipv4(const uint8_t *packet, size_t length)
{
	return packet[0] == 0x45 && length >= IPV4_HEADER + TCP_HEADER &&
	       (packet[9] != IPPROTO_TCP || (packet[IPV4_HEADER + FLAGS_AT] & SYN) == 0);
}

bool
mss_clamp(uint8_t *packet, size_t length, uint32_t mtu, bool partial)
{
	uint32_t around = (packet[0] >> 4 == 6 ? IPV6_HEADER : IPV4_HEADER) + TCP_HEADER;
	struct transport transport;
	struct reader value;
	struct writer w;
	uint8_t *tcp;
	size_t header, at;
	uint16_t offered, fits;

	if (mtu <= around || plain_ipv4(packet, length) || !transport_find(packet, length, &transport) ||
	    transport.protocol != IPPROTO_TCP || !transport.first || transport.length < TCP_HEADER)
		return false;
	tcp = packet + transport.offset;
	header = (size_t)(tcp[FLAGS_AT - 1] >> 4) * 4;
	if ((tcp[FLAGS_AT] & SYN) == 0 || header > transport.length)
		return false;
	at = find_mss(tcp, header);
	if (at == 0)
		return false;
	value = reader_over(tcp + at, 2);
	offered = reader_u16(&value);
	fits = mtu - around > UINT16_MAX ? UINT16_MAX : (uint16_t)(mtu - around);
	if (offered <= fits)
		return false;
	w = writer_over(tcp + at, 2);
	writer_u16(&w, fits);
	if (partial)
		return true;
	/* A value at an odd place stands across two words: swapped bytes sum alike (RFC 1071 2 (B)). */
	if (at % 2 != 0) {
		offered = (uint16_t)(offered << 8 | offered >> 8);
		fits = (uint16_t)(fits << 8 | fits >> 8);
	}
	checksum_mend(tcp + CHECKSUM_AT, offered, fits);
	return true;
}
