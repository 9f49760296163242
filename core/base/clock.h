// SPDX-License-Identifier: GPL-2.0-or-later
/* Time: monotonic microseconds inside, wall-clock microseconds since 1970 only for people. */
#ifndef TWINSPAN_BASE_CLOCK_H
#define TWINSPAN_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t usec_t; /* microseconds */

#define USEC_PER_MS 1000LL
#define USEC_PER_SEC 1000000LL

/** CLOCK_MONOTONIC in microseconds; never goes back. */
usec_t clock_monotonic(void);
/** Processor time of the calling thread: what other programs take on a busy machine is not in it. */
usec_t clock_processor(void);
/** CLOCK_REALTIME in microseconds since 1970-01-01T00:00:00Z. */
usec_t clock_wall(void);
/** The wall-clock time of a monotonic instant (past or future), as of now. */
usec_t clock_wall_of(usec_t monotonic);

#define CLOCK_TEXT 32
/** RFC 3339 in UTC with milliseconds, "2026-11-23T18:11:28.123Z". Returns `out`. */
const char *clock_format(usec_t wall, char out[CLOCK_TEXT]);
/** Reads what clock_format writes (fraction of any length, "Z" only). */
bool clock_parse(const char *text, usec_t *wall);

/** A span for people: "118 ms", "4.2 s", "4 min", "3 h 12 min", "12 d". Returns `out`. */
const char *clock_format_span(usec_t span, char *out, size_t size);

#endif
