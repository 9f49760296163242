// SPDX-License-Identifier: GPL-2.0-or-later
/* Checksums, and the way to a packet's transport header. See packet.h. */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"
#include "plugins/dataplane_userspace/offload.h"

#include <netinet/in.h>
#include <string.h>

enum { MORE_FRAGMENTS = 0x2000, DONT_FRAGMENT = 0x4000, OFFSET = 0x1fff, UNIT = 8, EXTENSIONS_MOST = 8 };

/* Equation 3: it never makes -0 of what was not. */
void
checksum_mend(uint8_t field[2], uint16_t before, uint16_t after)
{
	struct reader r = reader_over(field, 2);
	struct writer w = writer_over(field, 2);
	uint16_t old = reader_u16(&r);

	writer_u16(&w, (uint16_t)~checksum_fold((uint64_t)(uint16_t)~old + (uint16_t)~before + after));
}

void
checksum_store(uint8_t field[2], uint64_t sum)
{
	uint16_t folded = (uint16_t)~checksum_fold(sum);

	memcpy(field, &folded, sizeof(folded));
}

static bool
find_v4(const uint8_t *packet, size_t length, struct transport *out)
{
	struct reader r = reader_over(packet, length);
	size_t header = (size_t)(reader_u8(&r) & 15) * 4;
	uint16_t word;

	reader_bytes(&r, 5);
	word = reader_u16(&r);
	reader_u8(&r);
	*out = (struct transport){
	    .protocol = reader_u8(&r),
	    .offset = header,
	    .length = length - header,
	    .fragment = (word & (MORE_FRAGMENTS | OFFSET)) != 0,
	    .first = (word & OFFSET) == 0,
	    .may_fragment = (word & DONT_FRAGMENT) == 0,
	};
	return !r.failed && header >= IPV4_HEADER && header <= length;
}

/* RFC 8200 4. The chain is not followed for ever: nobody has that many. */
static bool
find_v6(const uint8_t *packet, size_t length, struct transport *out)
{
	struct reader r = reader_over(packet, length);
	uint8_t next;

	reader_bytes(&r, 6);
	next = reader_u8(&r);
	reader_bytes(&r, 33);
	*out = (struct transport){.first = true};
	for (int i = 0; i < EXTENSIONS_MOST && !r.failed; i++) {
		uint8_t protocol = next;
		uint16_t word;

		switch (protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			next = reader_u8(&r);
			reader_bytes(&r, (size_t)(reader_u8(&r) + 1) * UNIT - 2);
			break;
		case IPPROTO_FRAGMENT:
			next = reader_u8(&r);
			reader_u8(&r);
			word = reader_u16(&r);
			reader_u32(&r);
			out->fragment |= (word & 0xfff9) != 0;
			out->first &= word >> 3 == 0;
			if (out->first)
				break;
			/* what follows is the middle of something */
			protocol = next;
			/* fall through */
		default:
			out->protocol = protocol;
			out->offset = length - reader_left(&r);
			out->length = reader_left(&r);
			return !r.failed;
		}
	}
	return false;
}

bool
transport_find(const uint8_t *packet, size_t length, struct transport *out)
{
	if (length == 0)
		return false;
	return packet[0] >> 4 == 6 ? find_v6(packet, length, out) : find_v4(packet, length, out);
}
