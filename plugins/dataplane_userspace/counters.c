// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's counters: one set for each direction, each written by one thread without locked instructions and
 * read by anybody. Sums may be a packet apart between fields, never wrong in one.
 */
#include "plugins/dataplane_userspace/userspace.h"

void
counters_sum(const struct counters *in, const struct counters *out, struct dataplane_counters *sum)
{
	uint64_t drops[DROP_KINDS];

	for (int i = 0; i < DROP_KINDS; i++)
		drops[i] = counter_read(&in->drops[i]) + counter_read(&out->drops[i]);
	*sum = (struct dataplane_counters){
	    .rx_packets = counter_read(&in->packets),
	    .rx_bytes = counter_read(&in->bytes),
	    .tx_packets = counter_read(&out->packets),
	    .tx_bytes = counter_read(&out->bytes),
	    .last_rx = counter_read(&in->last),
	    .last_tx = counter_read(&out->last),
	    .rx_user = counter_read(&in->user),
	    .tx_user = counter_read(&out->user),
	    .last_rx_user = counter_read(&in->last_user),
	    .rx_lost = counter_read(&in->lost),
	    .drops =
		{
		    .no_sa = drops[DROP_NO_SA],
		    .replay = drops[DROP_REPLAY],
		    .authentication = drops[DROP_AUTHENTICATION],
		    .malformed = drops[DROP_MALFORMED],
		    .selector = drops[DROP_SELECTOR],
		    .too_big = drops[DROP_TOO_BIG],
		    .queue = drops[DROP_QUEUE],
		},
	};
}
