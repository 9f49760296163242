// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The past of every tunnel and BGP session, for the graphs: four minutes by the second, three hours by the
 * minute, a day by the quarter of an hour. The gateway keeps it from its start, so that a console has graphs
 * of what was before it was opened; a console keeps it too, from the copy of the model, and fills in what the
 * gateway tells it (rows of the kind "history").
 *
 * Memory is taken when a tunnel or session appears, never later: 4.2 KB for a tunnel, 3.1 KB for a session.
 * What is not known is kept as not known: a second without a sample is a gap, not a zero.
 *
 * Time goes by the monotonic clock, so that a step of the wall clock neither tears a graph nor stretches it;
 * the wall clock says what the samples' times are called.
 */
#ifndef TWINSPAN_MODEL_HISTORY_H
#define TWINSPAN_MODEL_HISTORY_H

#include <stddef.h>

#include "core/model/model.h"

enum history_span { HISTORY_MINUTES, HISTORY_HOURS, HISTORY_DAY, HISTORY_SPANS };

#define HISTORY_SAMPLES 240 /* the most that any span has; a graph of 120 columns in braille */

/** A span: so many samples, each of so many seconds. */
struct history_resolution {
	const char *name; /* "minutes", as the console's :span takes it */
	const char *by;   /* "second", as `show history --by` takes it */
	unsigned seconds, samples;
};
extern const struct history_resolution history_resolutions[HISTORY_SPANS];

/* What is kept. Of a tunnel: */
enum history_series {
	HISTORY_IN,   /* bits a second */
	HISTORY_OUT,  /* bits a second */
	HISTORY_RTT,  /* ms */
	HISTORY_LOSS, /* percent */
	/* and of a BGP session: */
	HISTORY_RECEIVED,   /* prefixes */
	HISTORY_ACCEPTED,   /* prefixes */
	HISTORY_ESTABLISHED /* 1 or 0; the mean of several seconds is the share of them */
};

/* A share beyond this is all of it: samples are kept to 0.05 %, and a second of a quarter of an hour is more.
 */
#define HISTORY_ALL 0.9995F

struct history;

/** An empty one. Returns new. */
struct history *history_new(void);
void history_free(struct history *history);
/**
 * Takes a sample of all tunnels and sessions, once a second; those that are gone are forgotten. `monotonic`
 * and `wall` are those clocks' readings. One second that was left out since the last sample is taken to have
 * been as this one: rates are means since the last time; more of them are a gap.
 */
void history_sample(struct history *history, const struct model_store *store, usec_t monotonic, usec_t wall);
/** A second without knowledge: the gateway was not heard. */
void history_gap(struct history *history, usec_t monotonic, usec_t wall);
/**
 * One series of a tunnel or session, the newest last: `count` values, each the mean of `step` of the span's
 * samples (of those that are known; NAN where none is). Samples are gathered in the same groups from one call
 * to the next, so that a graph moves without changing its shape. What lies further back than the span is NAN.
 */
void history_read(const struct history *history, enum history_span span, enum history_series series,
		  const char *name, size_t step, size_t count, float *out);
/** The same of bits a second, both directions of a tunnel together. */
void history_rates(const struct history *history, enum history_span span, const char *tunnel, size_t step,
		   size_t count, float *out);
/**
 * For a graph that moves by `stride` of its values at a time, because each move is written to a terminal: how
 * many places at its new end are for values that have not begun yet, 0 to `stride` - 1.
 */
size_t history_ahead(const struct history *history, enum history_span span, size_t step, size_t stride);

/** Hands out what is kept as rows of the kind "history", by name, seconds and time. Both are borrowed. */
void history_provide(struct history *history, struct model_store *store);
/** Tells the store's watchers of the sample that was just taken, and of a minute or quarter that is over. */
void history_tell(const struct history *history, struct model_store *store);
/**
 * Takes over what a gateway's row knows, by how long ago it was and whatever the clocks say; what it doesn't
 * know stays. Rows that fit no span are passed over.
 */
void history_merge(struct history *history, const struct model_history *row);

#endif
