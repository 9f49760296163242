// SPDX-License-Identifier: GPL-2.0-or-later
/* A graph that can be read: what it is, what it is now, the scale, least, mean and most, and the time. */
#ifndef TWINSPAN_TUI_WIDGETS_CHART_H
#define TWINSPAN_TUI_WIDGETS_CHART_H

#include "core/model/history.h"
#include "tui/widgets/graph.h"

#define CHART_LEAST_COLS 17
#define CHART_LEAST_ROWS 4 /* heading, one of graph, figures, time */

enum chart_unit { CHART_RATE, CHART_MS, CHART_PERCENT, CHART_COUNT };

struct chart {
	const char *title;
	enum chart_unit unit;
	enum theme_role role;
	float now;           /* NAN: not known */
	const char *word;    /* in the present value's place; NULL: the value */
	const char *figures; /* in the figures' place; NULL: least, mean and most of `all` */
	enum history_span span;
	const float *all; /* the span's samples, one by one: a mean of several would hide the extremes */
};

/** How many of the span's samples one dot stands for in a chart of that width which shows about all of them.
 */
size_t chart_step(enum graph_style style, enum history_span span, int cols);
/** How many dots it has then. */
size_t chart_samples(enum graph_style style, enum history_span span, int cols);
/** Draws `count` samples (chart_samples()), each of `step` of the span's, the newest at the right. */
void chart_draw(const struct area *area, enum graph_style style, const struct chart *chart,
		const float *samples, size_t count, size_t step);

#endif
