// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A chart: a heading with the present value and the scale's top, the graph, its figures, its time axis. All
 * of a span (or nearly all) fits into any width, by showing means of a few samples where there are fewer
 * dots than samples. Least, mean and most are in one unit, so that they can be compared at a glance; where
 * there is no room for their names they stand in that order with "<" between.
 */
#include "tui/widgets/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/format.h"

#define NAMED 37  /* columns from which on the figures have names */
#define SPACED 20 /* and blanks between them */
/* Seconds that a graph stands still, for all of it is written when it moves; by whole cells, so that it keeps
 * its shape. Meanwhile new dots come at its end. */
#define MOVES_AFTER 15

static size_t
step_of(size_t dots, size_t all)
{
	size_t step;

	if (dots == 0 || dots >= all)
		return 1;
	step = (all + dots / 2) / dots;
	return dots * step * 10 < all * 9 ? step + 1 : step; /* a tenth may be left out, and no more */
}

struct chart_scale
chart_scale(enum graph_style style, const struct history *history, enum history_span span, int cols)
{
	const struct history_resolution *resolution = &history_resolutions[span];
	size_t most = graph_samples(style, cols), cell = graph_samples(style, 1), seconds, stride;
	struct chart_scale scale = {.step = step_of(most, resolution->samples)};

	scale.count = resolution->samples / scale.step;
	scale.count = scale.count < most ? scale.count : most;
	seconds = scale.step * resolution->seconds * cell;
	stride = (MOVES_AFTER + seconds - 1) / seconds * cell;
	if (stride < scale.count)
		scale.ahead = history_ahead(history, span, scale.step, stride);
	return scale;
}

struct scale {
	double divisor;
	const char *unit;
	int decimals;
};

/* The unit in which a value of that size is written. */
static struct scale
scale_of(enum chart_unit unit, float most)
{
	static const char *const rates[] = {" kb/s", " Mb/s", " Gb/s", " Tb/s"};
	struct scale scale = {1000, rates[0], 1};

	switch (unit) {
	case CHART_RATE:
		for (size_t i = 1; i < COUNT_OF(rates) && most / scale.divisor >= 999.95; i++) {
			scale.divisor *= 1000;
			scale.unit = rates[i];
		}
		return scale;
	case CHART_MS:
		return (struct scale){1, " ms", most < 0.995F ? 2 : most < 99.95F ? 1 : 0};
	case CHART_PERCENT:
		return (struct scale){1, " %", 1};
	default:
		return (struct scale){1, "", 0};
	}
}

static const char *
write_value(enum chart_unit unit, float value, char out[FORMAT_TEXT])
{
	struct scale scale = scale_of(unit, value);

	if (isnan(value))
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
	else
		snprintf(out, FORMAT_TEXT, "%.*f%s", scale.decimals, value / scale.divisor, scale.unit);
	return out;
}

static void
draw_figures(const struct area *area, int row, enum chart_unit unit, const float *samples, size_t count)
{
	float least = NAN, most = NAN, sum = 0;
	struct scale scale;
	const char *form = area->cols >= NAMED    ? "min %.*f  avg %.*f  max %.*f%s"
			   : area->cols >= SPACED ? "%.*f < %.*f < %.*f"
						  : "%.*f<%.*f<%.*f";
	char text[160];
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		if (isnan(samples[i]))
			continue;
		least = isnan(least) || samples[i] < least ? samples[i] : least;
		most = isnan(most) || samples[i] > most ? samples[i] : most;
		sum += samples[i];
		known++;
	}
	if (known == 0) {
		area_text(area, row, 0, ROLE_dim, "not known");
		return;
	}
	scale = scale_of(unit, most);
	snprintf(text, sizeof(text), form, scale.decimals, least / scale.divisor, scale.decimals,
		 sum / (float)known / scale.divisor, scale.decimals, most / scale.divisor, scale.unit);
	area_field(area, row, 0, area->cols, false, ROLE_text, text);
}

static void
draw_axis(const struct area *area, int row, size_t seconds)
{
	char span[FORMAT_TEXT];
	int col = area_print(area, row, 0, ROLE_dim, "%s ago ", format_window(seconds, span));

	area_repeat(area, row, col, area->cols - col - 4, ROLE_border, U'─');
	area_text(area, row, area->cols - 3, ROLE_dim, "now");
}

void
chart_draw(const struct area *area, enum graph_style style, const struct chart *chart,
	   const struct chart_scale *scale, const float *samples)
{
	size_t count = scale->count, known = count - scale->ahead;
	int width = (int)(count / graph_samples(style, 1)), rows = area->rows - 3, col;
	struct area all = area_part(area, 0, 0, area->rows, width),
		    graph = area_part(&all, 1, 0, rows, width);
	float most = chart->unit == CHART_PERCENT ? 1 : 0;
	char now[FORMAT_TEXT], top[FORMAT_TEXT];
	const struct history_resolution *span = &history_resolutions[chart->span];
	size_t shown = count * scale->step < span->samples ? count * scale->step : span->samples;
	float dots[HISTORY_SAMPLES];
	struct scale unit;

	for (size_t i = 0; i < count; i++) {
		dots[i] = i < known ? samples[i] : NAN;
		most = dots[i] > most ? dots[i] : most;
	}
	most = graph_top(most);
	col = area_print(&all, 0, 0, ROLE_dim, "%s ", chart->title);
	col = area_text(&all, 0, col, ROLE_title,
			chart->word != NULL ? chart->word : write_value(chart->unit, chart->now, now));
	unit = scale_of(chart->unit, most);
	snprintf(top, sizeof(top), "%g%s", most / unit.divisor, unit.unit);
	if (chart->word == NULL && col + text_columns(top) + 8 <= width)
		area_print(&all, 0, width - text_columns(top) - 6, ROLE_dim, "up to %s", top);
	graph_draw(&graph, style, chart->role, dots, count, most);
	if (chart->figures != NULL)
		area_field(&all, area->rows - 2, 0, width, false, ROLE_text, chart->figures);
	else
		draw_figures(&all, area->rows - 2, chart->unit, chart->all + span->samples - shown, shown);
	draw_axis(&all, area->rows - 1, count * scale->step * span->seconds);
}
