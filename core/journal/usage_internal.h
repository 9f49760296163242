// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside of the usage: usage.c counts, usage_periods.c has the months and days that it counts in. */
#ifndef TWINSPAN_JOURNAL_USAGE_INTERNAL_H
#define TWINSPAN_JOURNAL_USAGE_INTERNAL_H

#include "core/journal/journal_internal.h"
#include "core/journal/usage.h"

struct usage_total {
	uint32_t number; /* 202611 or 20261127 */
	bool dirty;      /* not handed to the journal since it changed */
	uint64_t connected_us, rx_bytes, tx_bytes;
};

/* Of one connection and unit, by number. */
struct usage_periods {
	struct usage_total *items;
	size_t count, room;
};

/* The number of the period in which an instant lies. */
uint32_t usage_number(enum usage_unit unit, usec_t wall);
/* Its first instant, and that of the next one. */
usec_t usage_start(enum usage_unit unit, uint32_t number, usec_t *next);
/* Only what can be a month or day: a stranger's row must not become a date that can't be. */
bool usage_number_is_good(enum usage_unit unit, uint32_t number);
/* The period with that number, made where there is none; of more than `most` the oldest is forgotten. */
struct usage_total *usage_periods_get(struct usage_periods *periods, uint32_t number, size_t most);

#endif
