// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target: a list of packets through the coalescer and the segmenter must come out the same. The
 * input is a list of steps: a packet of one of a few flows as the step's bytes describe it, perhaps with one
 * byte changed or cut short; or bytes as they are. A second part gives the segmenter any header over any
 * bytes.
 */
#include "tests/unit/plugins/flows.h"
#include "core/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { STEP_RAW, STEP_SEGMENT }; /* all others are packets */

#define MOST 64

static uint8_t *
copy_of(const uint8_t *bytes, size_t length)
{
	/* of its very size, so that a read beyond the end is seen */
	uint8_t *copy = malloc(length != 0 ? length : 1);

	if (copy == NULL)
		abort();
	if (length != 0)
		memcpy(copy, bytes, length);
	return copy;
}

static uint8_t *
raw(struct reader *r, size_t *length)
{
	*length = reader_u16(r) % FLOWS_PACKET;
	if (*length > reader_left(r))
		*length = reader_left(r);
	return copy_of(reader_bytes(r, *length), *length);
}

static uint8_t *
described(struct reader *r, uint32_t next[4], size_t *length)
{
	uint8_t packet[FLOWS_PACKET], kind = reader_u8(r), change = reader_u8(r);
	struct flows_packet p = {
	    .flow = kind & 1,
	    .ipv6 = (kind & 2) != 0,
	    .udp = (kind & 4) != 0,
	    .may_fragment = (kind & 8) != 0,
	    .fragment = (kind & 0xf0) == 0x10,
	    .tos = (kind & 0xf0) == 0x20 ? change : 0,
	    .flags = (kind & 0xf0) == 0x30 ? change : 0,
	    .options = (kind & 0xf0) == 0x40 ? change % 11 : 3,
	    .data = (kind & 0xf0) == 0x50 ? (uint16_t)(change * 5) : 600,
	    .sequence = next[kind & 3] * 600,
	    .id = (uint16_t)next[kind & 3],
	};

	next[kind & 3]++;
	*length = flows_make(&p, packet);
	if ((kind & 0xf0) == 0x60)
		packet[(change * 4u) % *length] ^= (uint8_t)(1 << change % 8);
	if ((kind & 0xf0) == 0x70)
		*length = change % *length;
	return copy_of(packet, *length);
}

/* Whatever the header says: no write beyond what was told, and an end. */
static void
cut_anything(struct reader *r)
{
	struct virtio_net_hdr header = {0};
	size_t length, next, left;
	struct segmenter s;
	uint8_t *packet;

	header.flags = reader_u8(r);
	header.gso_type = reader_u8(r);
	header.gso_size = reader_u16(r);
	header.csum_start = reader_u16(r);
	header.csum_offset = reader_u16(r);
	packet = raw(r, &length);
	if (segment_begin(&s, &header, packet, length)) {
		for (left = segment_left(&s); (next = segment_length(&s)) != 0; left--) {
			uint8_t *out = malloc(next);

			if (left == 0 || out == NULL)
				abort();
			segment_write(&s, out);
			free(out);
		}
		if (left != 0)
			abort();
	}
	free(packet);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct reader r = reader_over(bytes, size);
	bool udp = (reader_u8(&r) & 1) != 0;
	uint8_t *packets[MOST];
	size_t lengths[MOST];
	uint32_t next[4] = {0};
	unsigned count = 0;
	const char *wrong;

	while (reader_left(&r) != 0 && count < MOST) {
		uint8_t step = reader_u8(&r) % 16;

		if (step == STEP_SEGMENT) {
			cut_anything(&r);
			continue;
		}
		packets[count] =
		    step == STEP_RAW ? raw(&r, &lengths[count]) : described(&r, next, &lengths[count]);
		count++;
	}
	wrong = flows_check(packets, lengths, count, udp, NULL);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	for (unsigned i = 0; i < count; i++)
		free(packets[i]);
	return 0;
}
