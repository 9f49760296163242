// SPDX-License-Identifier: GPL-2.0-or-later
/* The BFD control packet (RFC 5880 4.1) and the checks on reception that need no session (6.8.6). */
#include "core/bfd/bfd_internal.h"

#define VERSION 1

/* The second byte, below the state. */
enum {
	FLAG_POLL = 0x20,
	FLAG_FINAL = 0x10,
	FLAG_INDEPENDENT = 0x08,
	FLAG_AUTH = 0x04,
	FLAG_DEMAND = 0x02,
	FLAG_MULTIPOINT = 0x01
};

const char *
bfd_packet_read(struct reader *r, struct bfd_packet *out)
{
	size_t size = reader_left(r);
	uint8_t first = reader_u8(r), flags = reader_u8(r), length;

	*out = (struct bfd_packet){.diagnostic = first & 0x1f, .state = (enum bfd_state)(flags >> 6)};
	out->poll = (flags & FLAG_POLL) != 0;
	out->final = (flags & FLAG_FINAL) != 0;
	out->control_plane_independent = (flags & FLAG_INDEPENDENT) != 0;
	out->demand = (flags & FLAG_DEMAND) != 0;
	out->multiplier = reader_u8(r);
	length = reader_u8(r);
	out->my_discriminator = reader_u32(r);
	out->your_discriminator = reader_u32(r);
	out->desired_min_tx = reader_u32(r);
	out->required_min_rx = reader_u32(r);
	out->required_min_echo_rx = reader_u32(r);
	if (r->failed)
		return "shorter than a control packet";
	if (first >> 5 != VERSION)
		return "of another version";
	if (length < BFD_PACKET_SIZE)
		return "its length is less than that of a control packet";
	if (length > size)
		return "its length is more than what came";
	if (out->multiplier == 0)
		return "its multiplier is zero";
	if ((flags & FLAG_MULTIPOINT) != 0)
		return "multipoint is set";
	if (out->my_discriminator == 0)
		return "its discriminator is zero";
	if (out->your_discriminator == 0 && out->state != BFD_DOWN && out->state != BFD_ADMIN_DOWN)
		return "it names no session and is not Down";
	if ((flags & FLAG_AUTH) != 0)
		return "it is authenticated, which no session here is";
	return NULL;
}

void
bfd_packet_write(struct writer *w, const struct bfd_packet *packet)
{
	writer_u8(w, (uint8_t)(VERSION << 5 | (packet->diagnostic & 0x1f)));
	writer_u8(w, (uint8_t)((unsigned)packet->state << 6 | (packet->poll ? FLAG_POLL : 0) |
			       (packet->final ? FLAG_FINAL : 0) |
			       (packet->control_plane_independent ? FLAG_INDEPENDENT : 0) |
			       (packet->demand ? FLAG_DEMAND : 0)));
	writer_u8(w, packet->multiplier);
	writer_u8(w, BFD_PACKET_SIZE);
	writer_u32(w, packet->my_discriminator);
	writer_u32(w, packet->your_discriminator);
	writer_u32(w, packet->desired_min_tx);
	writer_u32(w, packet->required_min_rx);
	writer_u32(w, packet->required_min_echo_rx);
}
