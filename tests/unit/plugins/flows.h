// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of flows for the tests and the fuzzer of coalesce.c and segment.c, and what must hold of these two.
 */
#ifndef TWINSPAN_TESTS_UNIT_PLUGINS_FLOWS_H
#define TWINSPAN_TESTS_UNIT_PLUGINS_FLOWS_H

#include "plugins/dataplane_userspace/offload.h"

#define FLOWS_PACKET 2048 /* room of a packet */

/* What a packet is to be like; zeroes give a TCP segment of IPv4 with DF, no options and no data. */
struct flows_packet {
	bool ipv6, udp, fragment, may_fragment; /* without DF */
	uint8_t flow;                           /* which pair of ports */
	uint8_t tos, ttl, flags, options;       /* TCP's beside ACK; options in words */
	uint16_t data, id;
	uint32_t sequence;
};

/** Writes the packet with right checksums; its length. */
size_t flows_make(const struct flows_packet *want, uint8_t packet[FLOWS_PACKET]);

/**
 * Coalesces the packets, cuts what comes out, and compares: the same packets, none before one of its own flow
 * that was before it. NULL when that holds, else what does not. `supers` gets how many there were, where it
 * is set.
 */
const char *flows_check(uint8_t *const packets[], const size_t lengths[], unsigned count, bool udp,
			unsigned *supers);

#endif
