// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bill's figures: how long each connection was available and what it carried, per calendar month and per
 * day (UTC).
 *
 * Counted in memory by the loop, which tells the state and the data plane's counters once a second and at
 * each change; written to the journal's database as totals, once a minute and at the end. So a killed process
 * loses a minute at most, and nothing is counted twice however often it is written or started again. Time is
 * measured by the monotonic clock and filed under the month and day that the wall clock says: a clock that
 * jumps moves no more than the second in which it did.
 *
 * Everything here is called from the loop's thread.
 */
#ifndef TWINSPAN_JOURNAL_USAGE_H
#define TWINSPAN_JOURNAL_USAGE_H

#include "core/journal/journal.h"

struct usage;
struct usage_connection;

#define USAGE_TUNNELS 2
#define USAGE_WRITE_EVERY (60 * USEC_PER_SEC)
#define USAGE_DAYS_KEPT 400 /* of each connection, thirteen months; months are kept for ever */

enum usage_unit { USAGE_MONTHS, USAGE_DAYS, USAGE_UNITS };

/* A data plane's counters of one tunnel since the process (or the tunnel) began. */
struct usage_counters {
	uint64_t rx_bytes, tx_bytes;
};

/* A month, or a day. */
struct usage_period {
	const char *connection; /* borrowed */
	usec_t from, to;        /* its first instant and the next one's */
	uint64_t connected_us, rx_bytes, tx_bytes;
};

/**
 * Reads what was counted before. `journal` may be NULL: then nothing is kept. Where reading fails `err` (may
 * be NULL) says why and NULL is returned: to count from nothing would overwrite totals that are there.
 */
struct usage *usage_open(struct journal *journal, struct error *err);
/** Hands what is not written yet to the journal, which must still be open, and frees. NULL is fine. */
void usage_close(struct usage *usage);

/** A connection that will be counted; by the same name always the same. Lives as long as `usage`. */
struct usage_connection *usage_connection(struct usage *usage, const char *name);
/**
 * What is so from now on. The time since the last call counts as the last call had it; the counters' growth
 * counts now (a counter that fell began anew from 0). The first call for a connection only notes both.
 * `monotonic` and `wall` are those clocks' readings.
 */
void usage_count(struct usage_connection *connection, usec_t monotonic, usec_t wall, bool available,
		 const struct usage_counters counters[USAGE_TUNNELS]);
/** Hands what changed to the journal if a minute has passed since the last time. */
void usage_write(struct usage *usage, usec_t monotonic);

/** All months or days in which something was counted, by connection and time. `visit` returns false to stop.
 */
void usage_walk(const struct usage *usage, enum usage_unit unit,
		bool (*visit)(void *context, const struct usage_period *period), void *context);

/**
 * What is to be paid, in millionths of the currency's unit: exact, rounded once, half up. Hours and gigabytes
 * (10^9 bytes) are paid in proportion, not as each is begun.
 */
uint64_t usage_amount(uint64_t connected_us, uint64_t tx_bytes, uint64_t per_hour, uint64_t per_gigabyte);

#endif
