// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules of one probe, with the time as an argument: when to ask, when a question counts as lost, what
 * follows from it, and the figures of the last minute. No sockets, no clock, no thread: those are prober.c's.
 *
 * A question is lost when no answer came within the usual round trip and its spread (RFC 6298's estimator),
 * but not before half an interval; before the first answer, not before a second. `fail` questions lost in a
 * row mean failed, `recover` answers in a row mean well again. An answer that comes late is a sign of life
 * all the same.
 *
 * A hurry is a short run of questions in quick succession, which somebody asks for who became suspicious: it
 * ends with the first answer to any of them, or as unanswered when the last of them is lost.
 */
#ifndef TWINSPAN_HEALTH_PROBING_H
#define TWINSPAN_HEALTH_PROBING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/health/health.h"

#define PROBING_ROOM 256   /* questions under way at most */
#define PROBING_SECONDS 60 /* that the figures look back */

struct probing_bucket {
	int64_t second;
	uint32_t asked, lost, differences;
	uint64_t difference_us;
};

struct probing {
	uint32_t interval_us, fail, recover;
	uint32_t next; /* number of the next question */
	usec_t next_at;
	uint32_t oldest; /* questions before it are decided */
	struct {
		usec_t at;
		bool waiting, lost; /* neither: it was answered, or never asked */
	} asked[PROBING_ROOM];
	uint32_t misses, hits; /* in a row */
	enum health_verdict verdict;
	bool answered; /* ever, in a time that is known */
	usec_t answer_at;
	uint32_t rtt_us, smooth_us, spread_us;
	struct probing_bucket buckets[PROBING_SECONDS];
	struct {
		bool active;
		uint32_t first, last, left, spacing_us; /* numbers; last: once it is asked */
	} hurry;
};

/* What a call brought; a set. */
enum { PROBING_VERDICT = 1, PROBING_HURRY_ANSWERED = 2, PROBING_HURRY_UNANSWERED = 4 };

struct probing_figures {
	double rtt_ms, jitter_ms, loss_percent; /* NaN: not known yet */
	uint64_t asked, lost;                   /* in the last minute; lost: of those that are decided */
};

/** The first question is due at `now` (monotonic). `fail` questions without an answer in a row make a
 * failure, `recover` answers in a row end it. */
void probing_init(struct probing *probing, uint32_t interval_ms, uint32_t fail, uint32_t recover, usec_t now);
/** When probing_tick or probing_ask have something to do. */
usec_t probing_deadline(const struct probing *probing);
/** Counts out what is lost by now. */
unsigned probing_tick(struct probing *probing, usec_t now);
/** True when a question is due: it is to be sent now, with that number. */
bool probing_ask(struct probing *probing, usec_t now, uint32_t *number);
/** An answer came; `rtt_us` is a probe_answer's. Numbers that were never given out, or twice, do nothing. */
unsigned probing_answer(struct probing *probing, uint32_t number, uint32_t rtt_us, usec_t now);
/** `count` questions, the first at once. One that is under way goes on. */
void probing_hurry(struct probing *probing, uint32_t count, uint32_t spacing_ms, usec_t now);
/** The smoothed RTT, and the jitter and loss of the last minute. */
void probing_figures(const struct probing *probing, usec_t now, struct probing_figures *out);

#endif
