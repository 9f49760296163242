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

/** Of a chart of some width which shows about all of its span. */
struct chart_scale {
	size_t step;  /* how many of the span's samples one dot stands for */
	size_t count; /* of dots */
	size_t ahead; /* how many of them, at the newest end, have not begun yet */
};
struct chart_scale chart_scale(enum graph_style style, const struct history *history, enum history_span span,
			       int cols);

/** Draws scale->count - scale->ahead samples, the newest at the right. */
void chart_draw(const struct area *area, enum graph_style style, const struct chart *chart,
		const struct chart_scale *scale, const float *samples);

#endif
