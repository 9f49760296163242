// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recent past of every tunnel and peer, one sample a second, for the graphs. The console keeps it itself:
 * the gateway sends only what is true now.
 */
#ifndef TWINSPAN_TUI_HISTORY_H
#define TWINSPAN_TUI_HISTORY_H

#include <stddef.h>

#include "core/model/model.h"

#define HISTORY_SAMPLES 240 /* four minutes; a graph of 120 columns in braille */

/* What is kept. Of a tunnel: */
enum history_series {
	HISTORY_IN,   /* bits a second */
	HISTORY_OUT,  /* bits a second */
	HISTORY_RTT,  /* ms */
	HISTORY_LOSS, /* percent */
	/* and of a peer: */
	HISTORY_RECEIVED,   /* prefixes */
	HISTORY_ACCEPTED,   /* prefixes */
	HISTORY_ESTABLISHED /* 1 or 0 */
};

struct history;

struct history *history_new(void);
void history_free(struct history *history);
/** Takes a sample of all tunnels and peers; those that are gone are forgotten. */
void history_sample(struct history *history, const struct model_store *store);
/** A second without knowledge: the gateway was not heard. */
void history_gap(struct history *history);
/**
 * The last `count` samples of bits a second, both directions together, oldest first into `out`; NAN where
 * nothing is known. `count` at most HISTORY_SAMPLES.
 */
void history_rates(const struct history *history, const char *tunnel, size_t count, float *out);
/**
 * One series of a tunnel or peer, the newest last: `count` values, each the mean of `step` seconds (of those
 * that are known; NAN where none is). Seconds are gathered in the same groups from one call to the next, so
 * that a graph moves without changing its shape. What lies further back than HISTORY_SAMPLES is NAN.
 */
void history_read(const struct history *history, enum history_series series, const char *name, size_t step,
		  size_t count, float *out);

#endif
