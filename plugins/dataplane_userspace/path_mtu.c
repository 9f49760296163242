// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a path is left for inner packets, and what the path says of itself. See packet.h. */
#include "plugins/dataplane_userspace/packet.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <netinet/in.h>
#include <string.h>

enum { UDP_HEADER = 8, TRAILER = 2 };

static uint32_t
around(const struct suite *suite, uint8_t family, bool encapsulated)
{
	return (family == AF_INET6 ? IPV6_HEADER : IPV4_HEADER) + (encapsulated ? UDP_HEADER : 0) +
	       (uint32_t)ESP_HEADER + suite->iv_length + suite->icv_length;
}

uint32_t
path_inner_mtu(const struct suite *suite, uint8_t family, bool encapsulated, uint32_t outer)
{
	uint32_t taken = around(suite, family, encapsulated), text;

	if (outer <= taken)
		return 0;
	text = (outer - taken) / suite->alignment * suite->alignment;
	return text > TRAILER ? text - TRAILER : 0;
}

uint32_t
path_outer_length(const struct suite *suite, uint8_t family, bool encapsulated, uint32_t inner)
{
	uint32_t text = inner + TRAILER, over = text % suite->alignment;

	return around(suite, family, encapsulated) + text + (over != 0 ? suite->alignment - over : 0);
}

/* The start of our packet, as the router gives it back: where it went and what its SPI was. */
static bool
read_quoted(struct reader *r, bool ipv6, struct path_error *out)
{
	enum { WORDS = 4, LEAST_WORDS = 5 };
	uint8_t first = reader_u8(r), protocol;
	const uint8_t *address;

	if (first >> 4 != (ipv6 ? 6 : 4))
		return false;
	reader_bytes(r, ipv6 ? 5 : 8);
	protocol = reader_u8(r);
	reader_bytes(r, ipv6 ? 17 : 6);
	address = reader_bytes(r, ipv6 ? 16 : 4);
	if (!ipv6 && (first & 15) >= LEAST_WORDS)
		reader_bytes(r, ((first & 15u) - LEAST_WORDS) * WORDS);
	if (protocol == IPPROTO_UDP)
		reader_bytes(r, UDP_HEADER);
	else if (protocol != IPPROTO_ESP)
		return false;
	out->spi = reader_u32(r);
	if (r->failed || out->spi == 0)
		return false;
	out->remote.family = ipv6 ? AF_INET6 : AF_INET;
	memcpy(out->remote.bytes, address, ipv6 ? 16 : 4);
	return true;
}

bool
path_error_read(uint8_t family, const uint8_t *message, size_t length, struct path_error *out)
{
	enum { V4_UNREACHABLE = 3, V4_FRAGMENTATION_NEEDED = 4, V6_TOO_BIG = 2 };
	bool ipv6 = family == AF_INET6;
	struct reader r = reader_over(message, length);
	uint8_t type, code;

	*out = (struct path_error){0};
	if (!ipv6 && length != 0)
		reader_bytes(&r, (size_t)(message[0] & 15) * 4);
	type = reader_u8(&r);
	code = reader_u8(&r);
	reader_u16(&r);
	out->mtu = reader_u32(&r);
	if (!ipv6)
		out->mtu &= UINT16_MAX; /* the upper half is unused (RFC 1191 4) */
	if (r.failed || (ipv6 ? type != V6_TOO_BIG || code != 0
			      : type != V4_UNREACHABLE || code != V4_FRAGMENTATION_NEEDED))
		return false;
	return read_quoted(&r, ipv6, out);
}
