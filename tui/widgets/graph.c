// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Graphs. Each style divides a cell's height into levels: four dots of braille, eight blocks, four ASCII
 * marks; a graph of several rows has as many times more. A sample is filled from its foot to its level. What
 * is not known is a line of single dots at the foot: it is there, and empty.
 */
#include "tui/widgets/graph.h"

#include <math.h>

static const struct style {
	int levels, samples; /* a cell's */
	char32_t unknown;
} styles[] = {[GRAPH_BRAILLE] = {4, 2, U'⢀'}, [GRAPH_BLOCKS] = {8, 1, U'·'}, [GRAPH_ASCII] = {4, 1, U' '}};

size_t
graph_samples(enum graph_style style, int cols)
{
	return cols > 0 ? (size_t)cols * (size_t)styles[style].samples : 0;
}

float
graph_top(float most)
{
	float decade;

	if (!(most > 0) || !isfinite(most))
		return 0;
	decade = powf(10, floorf(log10f(most)));
	if (most <= decade)
		return decade;
	return most <= 2 * decade ? 2 * decade : most <= 5 * decade ? 5 * decade : 10 * decade;
}

static int
level_of(float sample, float most, int levels)
{
	int level;

	if (isnan(sample))
		return 0;
	if (!(most > 0) || !(sample > 0))
		return 1;
	level = (int)ceilf(sample / most * (float)levels);
	return level < 1 ? 1 : level > levels ? levels : level;
}

/* The character of one cell; `left` and `right` are how far its samples fill it, 0 to levels. */
static char32_t
character(enum graph_style style, int left, int right)
{
	/* braille dots from the foot up: 7 3 2 1 on the left, 8 6 5 4 on the right */
	static const uint8_t left_dots[] = {0, 0x40, 0x44, 0x46, 0x47},
			     right_dots[] = {0, 0x80, 0xa0, 0xb0, 0xb8};
	static const char32_t ascii[] = U" _.:|";

	switch (style) {
	case GRAPH_BRAILLE:
		return left + right > 0 ? U'⠀' + left_dots[left] + right_dots[right] : U' ';
	case GRAPH_BLOCKS:
		return left > 0 ? U'▁' + (char32_t)left - 1 : U' ';
	default:
		return ascii[left];
	}
}

static int
in_row(int level, int row_from_foot, int levels)
{
	int rest = level - row_from_foot * levels;

	return rest < 0 ? 0 : rest > levels ? levels : rest;
}

void
graph_draw(const struct area *area, enum graph_style style, enum theme_role role, const float *samples,
	   size_t count, float most)
{
	const struct style *s = &styles[style];
	int total = s->levels * area->rows;

	for (int col = 0; col < area->cols; col++) {
		size_t first = (size_t)col * (size_t)s->samples, second = first + (size_t)s->samples - 1;

		if (second >= count)
			break;
		if (isnan(samples[first]) && isnan(samples[second])) {
			area_repeat(area, area->rows - 1, col, 1, ROLE_graph_idle, s->unknown);
			continue;
		}
		for (int row = 0; row < area->rows; row++) {
			int foot = area->rows - 1 - row;
			int left = in_row(level_of(samples[first], most, total), foot, s->levels);
			int right = in_row(level_of(samples[second], most, total), foot, s->levels);

			area_repeat(area, row, col, 1, role, character(style, left, right));
		}
	}
}
