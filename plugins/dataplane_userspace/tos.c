// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DSCP and ECN across the tunnel. Outwards both are copied; inwards DSCP stays what the sender gave it (RFC
 * 4301 5.1.2.1), and ECN is combined by the table of RFC 6040 4.2, figure 4. The table's one drop: a router
 * marked congestion on a packet whose sender does not know of marks, so it has to be lost.
 */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"

enum { NOT_ECT, ECT_1, ECT_0, CE, CODEPOINTS, ECN = 3, DROP = 0xff };

static const uint8_t inward[CODEPOINTS][CODEPOINTS] = {
    /* inner, then outer */
    [NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_0] = NOT_ECT, [ECT_1] = NOT_ECT, [CE] = DROP},
    [ECT_0] = {[NOT_ECT] = ECT_0, [ECT_0] = ECT_0, [ECT_1] = ECT_1, [CE] = CE},
    [ECT_1] = {[NOT_ECT] = ECT_1, [ECT_0] = ECT_1, [ECT_1] = ECT_1, [CE] = CE},
    [CE] = {[NOT_ECT] = CE, [ECT_0] = CE, [ECT_1] = CE, [CE] = CE},
};

/* The first 16 bits hold version, IHL and TOS (RFC 791 3.1), or version and traffic class (RFC 8200 3). */
static uint16_t
first_word(const uint8_t *packet)
{
	struct reader r = reader_over(packet, 2);

	return reader_u16(&r);
}

uint8_t
packet_tos(const uint8_t *packet)
{
	uint16_t word = first_word(packet);

	return (uint8_t)(word >> 12 == 6 ? word >> 4 : word);
}

uint8_t
tos_outward(uint8_t inner)
{
	return inner;
}

bool
tos_inward(uint8_t *packet, uint8_t outer)
{
	uint16_t word = first_word(packet), after;
	unsigned shift = word >> 12 == 6 ? 4 : 0;
	uint8_t inner = word >> shift & ECN, combined = inward[inner][outer & ECN];
	struct writer w = writer_over(packet, 2);

	if (combined == DROP)
		return false;
	if (combined == inner)
		return true;
	after = (uint16_t)((word & ~(ECN << shift)) | combined << shift);
	writer_u16(&w, after);
	if (shift == 0)
		checksum_mend(packet + 10, word, after);
	return true;
}
