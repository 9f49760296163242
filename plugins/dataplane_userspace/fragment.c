// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fragmentation of an inner IPv4 packet before it is sealed (RFC 4301 8.1, RFC 791 3.2): the receiver of the
 * inner packet puts it together, not the gateway of the other side. A packet that is itself a fragment may be
 * cut again. Options go with the first piece, and those that say so with each (RFC 791 3.1).
 */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"
#include "plugins/dataplane_userspace/offload.h"

#include <string.h>

enum {
	LEAST_MTU = 68,
	UNIT = 8,
	LENGTH_AT = 2,
	WORD_AT = 6,
	MORE = 0x2000,
	OFFSET = 0x1fff,
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_COPIED = 0x80,
};

bool
fragments_begin(struct fragments *fragments, const uint8_t *packet, size_t length, uint32_t mtu)
{
	struct transport transport;
	struct reader r = reader_over(packet, length);
	size_t offset;

	reader_bytes(&r, WORD_AT);
	offset = (size_t)(reader_u16(&r) & OFFSET) * UNIT;
	if (r.failed || packet[0] >> 4 != 4 || mtu < LEAST_MTU ||
	    !transport_find(packet, length, &transport) || !transport.may_fragment ||
	    offset + transport.offset + transport.length > UINT16_MAX)
		return false;
	*fragments = (struct fragments){
	    .packet = packet, .header = transport.offset, .length = transport.length, .mtu = mtu};
	return true;
}

/* The options that each piece has, with what fills them up to a word. Returns the length of the header. */
static size_t
copy_header(const struct fragments *fragments, uint8_t *out)
{
	struct reader options = reader_over(fragments->packet + IPV4_HEADER, fragments->header - IPV4_HEADER);
	struct writer w = writer_over(out, fragments->header);

	if (fragments->done == 0) {
		writer_bytes(&w, fragments->packet, fragments->header);
		return fragments->header;
	}
	writer_bytes(&w, fragments->packet, IPV4_HEADER);
	while (reader_left(&options) != 0) {
		const uint8_t *at = options.at;
		uint8_t kind = reader_u8(&options), length;

		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOTHING)
			continue;
		length = reader_u8(&options);
		if (length < 2 || reader_bytes(&options, length - 2u) == NULL)
			break;
		if ((kind & OPTION_COPIED) != 0)
			writer_bytes(&w, at, length);
	}
	while (writer_length(&w) % 4 != 0)
		writer_u8(&w, OPTION_END);
	out[0] = (uint8_t)(0x40 | writer_length(&w) / 4);
	return writer_length(&w);
}

size_t
fragments_next(struct fragments *fragments, uint8_t *out)
{
	size_t left = fragments->length - fragments->done, header, take;
	struct reader r = reader_over(fragments->packet + WORD_AT, 2);
	uint16_t word = reader_u16(&r);
	struct writer w;

	if (left == 0)
		return 0;
	header = copy_header(fragments, out);
	take = fragments->mtu - header;
	if (take >= left)
		take = left;
	else
		take -= take % UNIT;
	w = writer_over(out, header + take);
	w.at = out + header;
	writer_bytes(&w, fragments->packet + fragments->header + fragments->done, take);
	writer_patch_u16(&w, LENGTH_AT, (uint16_t)(header + take));
	writer_patch_u16(&w, WORD_AT,
			 (uint16_t)((word & ~OFFSET) | (take < left ? MORE : 0) |
				    ((word & OFFSET) + fragments->done / UNIT)));
	checksum_ipv4(out, header);
	fragments->done += take;
	return header + take;
}
