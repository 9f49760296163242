// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a row of BFD packets to one session: no crash, sane intervals, a deadline that is never in the
 * past. */
#include <stdint.h>
#include <stdlib.h>

#include "core/bfd/bfd_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
no_dice(void)
{
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bfd_session_config config = {.interval_ms = 50, .multiplier = 3};
	struct reader all = reader_over(data, size);
	struct bfd_machine machine;
	usec_t now = 1000 * USEC_PER_SEC;

	bfd_machine_init(&machine, &config, 1, no_dice, now);
	while (reader_left(&all) != 0) {
		size_t length = reader_u8(&all) % 32;
		struct reader one = reader_sub(&all, length < reader_left(&all) ? length : reader_left(&all));
		struct bfd_packet packet, again;
		uint8_t bytes[BFD_PACKET_SIZE];
		struct writer w = writer_over(bytes, sizeof(bytes));

		if (bfd_packet_read(&one, &packet) == NULL) {
			bfd_packet_write(&w, &packet);
			one = reader_over(bytes, writer_length(&w));
			if (w.failed || bfd_packet_read(&one, &again) != NULL)
				abort();
			bfd_machine_receive(&machine, &packet, now);
		} else if (bfd_machine_deadline(&machine) != INT64_MAX) {
			if (bfd_machine_deadline(&machine) > now)
				now = bfd_machine_deadline(&machine);
			if ((bfd_machine_tick(&machine, now) & BFD_SEND) != 0)
				bfd_machine_sent(&machine, now);
		}
		if (bfd_machine_deadline(&machine) <= now - 2 * USEC_PER_SEC)
			abort();
		if (machine.state != BFD_UP && machine.tx_in_use < 1000000)
			abort();
	}
	return 0;
}
