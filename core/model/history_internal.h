// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside of a history: history.c has the rings, history_rows.c makes rows of them and takes rows in. */
#ifndef TWINSPAN_MODEL_HISTORY_INTERNAL_H
#define TWINSPAN_MODEL_HISTORY_INTERNAL_H

#include "core/model/history.h"

#define BUCKETS 512
#define ALL_SAMPLES (240 + 180 + 96) /* of all spans */
#define TUNNEL_SERIES 4
#define SESSION_SERIES 3
#define ALL_SERIES (TUNNEL_SERIES + SESSION_SERIES)

enum part { PART_TUNNEL, PART_SESSION, PARTS };

/* What the present sample of a span is the mean of. */
struct running {
	float sum;
	uint32_t count;
};

struct series {
	struct running running[HISTORY_SPANS];
	uint16_t samples[ALL_SAMPLES]; /* one ring behind the other */
};

/* A tunnel and the session that has its name. */
struct subject {
	struct subject *next;        /* in its bucket */
	struct series *parts[PARTS]; /* NULL: there is none */
	bool seen[PARTS];            /* in the sample that is being taken */
	char name[];
};

/*
 * Seconds are numbered: the first sample's number is its wall clock's, so that minutes begin where people's
 * do, and from then on they go by the monotonic clock.
 */
struct history {
	bool began;
	uint64_t second; /* of the newest sample */
	uint64_t before; /* and of the one before it */
	uint64_t first;  /* the first one's number */
	usec_t first_monotonic;
	int64_t shift; /* what the wall clock says beyond the number, in seconds: it was set */
	struct subject *buckets[BUCKETS];
	struct subject **sorted; /* by name */
	size_t count, room;
};

struct subject *history_find(const struct history *history, const char *name);
/* Makes what is missing of it. */
struct series *history_series_of(struct history *history, const char *name, enum part part);
/* The sample with that number of a span (its first second divided by the span's seconds), in all series: NAN
 * where it is not known. False where nothing of it is. */
bool history_values(const struct history *history, const struct subject *subject, enum history_span span,
		    uint64_t number, float out[ALL_SERIES]);
/* The number of the newest sample of a span. */
uint64_t history_newest(const struct history *history, enum history_span span);
/* How many samples of a span have a second since the first one. */
uint64_t history_filled(const struct history *history, enum history_span span);
/* Puts a value in the place of a sample that is there. */
void history_put_value(struct history *history, struct series *series, enum history_span span,
		       uint64_t number, float value);

#endif
