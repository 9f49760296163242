// SPDX-License-Identifier: GPL-2.0-or-later
/* A graph of samples in a few cells: braille (two samples a cell), blocks or ASCII (one). */
#ifndef TWINSPAN_TUI_WIDGETS_GRAPH_H
#define TWINSPAN_TUI_WIDGETS_GRAPH_H

#include "tui/canvas.h"

enum graph_style { GRAPH_BRAILLE, GRAPH_BLOCKS, GRAPH_ASCII };

/** Samples that a graph of that width shows. */
size_t graph_samples(enum graph_style style, int cols);
/** The next of 1, 2, 5, 10, 20, ... at or above `most`: a top that rarely changes and reads well. */
float graph_top(float most);
/**
 * Fills the area with `count` = graph_samples() samples, the newest at the right. `most` is the value that
 * reaches the top; NAN is a single dot, every known sample shows at least its foot.
 */
void graph_draw(const struct area *area, enum graph_style style, enum theme_role role, const float *samples,
		size_t count, float most);

#endif
