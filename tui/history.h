// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The recent rates of every tunnel, one sample a second, for the graphs. The console keeps them itself: the
 * gateway sends only what is true now.
 */
#ifndef TWINSPAN_TUI_HISTORY_H
#define TWINSPAN_TUI_HISTORY_H

#include <stddef.h>

#include "core/model/model.h"

#define HISTORY_SAMPLES 240 /* four minutes; a graph of 120 columns in braille */

struct history;

struct history *history_new(void);
void history_free(struct history *history);
/** Takes a sample of all tunnels; those that are gone are forgotten. */
void history_sample(struct history *history, const struct model_store *store);
/** A second without knowledge: the gateway was not heard. */
void history_gap(struct history *history);
/**
 * The last `count` samples of bits a second, both directions together, oldest first into `out`; NAN where
 * nothing is known. `count` at most HISTORY_SAMPLES.
 */
void history_rates(const struct history *history, const char *tunnel, size_t count, float *out);

#endif
