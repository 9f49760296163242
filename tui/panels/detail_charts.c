// SPDX-License-Identifier: GPL-2.0-or-later
/* The recent past of a tunnel, a peer or a connection as charts side by side. */
#include <math.h>
#include <stdio.h>

#include "tui/panels/detail_internal.h"
#include "tui/format.h"
#include "tui/widgets/chart.h"

#define MOST_CHARTS 4
#define LEAST_PANEL 16 /* rows of the panel below which there are none */

static const struct kept {
	enum model_kind kind;
	enum history_series series;
	const char *title;
	enum chart_unit unit;
	enum theme_role role;
} kept[] = {
    {MODEL_KIND_TUNNEL, HISTORY_IN, "in", CHART_RATE, ROLE_graph},
    {MODEL_KIND_TUNNEL, HISTORY_OUT, "out", CHART_RATE, ROLE_graph},
    {MODEL_KIND_TUNNEL, HISTORY_RTT, "RTT", CHART_MS, ROLE_graph},
    {MODEL_KIND_TUNNEL, HISTORY_LOSS, "loss", CHART_PERCENT, ROLE_graph},
    {MODEL_KIND_CONNECTION, HISTORY_IN, "in", CHART_RATE, ROLE_graph},
    {MODEL_KIND_CONNECTION, HISTORY_OUT, "out", CHART_RATE, ROLE_graph},
    {MODEL_KIND_PEER, HISTORY_RECEIVED, "received", CHART_COUNT, ROLE_graph},
    {MODEL_KIND_PEER, HISTORY_ACCEPTED, "accepted", CHART_COUNT, ROLE_graph},
    {MODEL_KIND_PEER, HISTORY_ESTABLISHED, "state", CHART_COUNT, ROLE_graph},
};

static size_t
count_of(enum model_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT_OF(kept); i++)
		count += kept[i].kind == kind;
	return count;
}

int
charts_rows(enum model_kind kind, const struct area *panel)
{
	if (count_of(kind) == 0 || panel->rows < LEAST_PANEL)
		return 0;
	return CHART_LEAST_ROWS + (panel->rows >= 40 ? 5 : panel->rows >= 28 ? 2 : 0);
}

/* A connection's past is the sum of its tunnels'. A session that broke within a sample was not Established in
 * it: a mean would hide that. */
static void
read_samples(const struct scene *scene, const struct kept *k, const char *name, size_t step, size_t count,
	     float *out)
{
	const struct model_tunnel *tunnels[2];
	float more[HISTORY_SAMPLES];
	size_t found;

	if (k->kind != MODEL_KIND_CONNECTION) {
		past_want(scene->past, name, scene->span);
		history_read(scene->history, scene->span, k->series, name, step, count, out);
		for (size_t i = 0; i < count && k->series == HISTORY_ESTABLISHED; i++)
			out[i] = isnan(out[i]) ? NAN : out[i] > HISTORY_ALL ? 1 : 0;
		return;
	}
	found = connection_tunnels(scene->store, name, tunnels);
	for (size_t i = 0; i < count; i++)
		out[i] = NAN;
	for (size_t t = 0; t < found; t++) {
		past_want(scene->past, tunnels[t]->name, scene->span);
		history_read(scene->history, scene->span, k->series, tunnels[t]->name, step, count, more);
		for (size_t i = 0; i < count; i++)
			out[i] = isnan(out[i]) ? more[i] : isnan(more[i]) ? out[i] : out[i] + more[i];
	}
}

static float
rate_now(uint64_t bps)
{
	return bps != MODEL_UINT_UNSET ? (float)bps : NAN;
}

/* What the row says is true now. */
static float
value_now(const struct kept *k, const void *row)
{
	const struct model_tunnel *tunnel = row;
	const struct model_connection *connection = row;
	const struct model_peer *peer = row;

	if (k->kind == MODEL_KIND_CONNECTION)
		return rate_now(k->series == HISTORY_IN ? connection->rx_bps : connection->tx_bps);
	switch (k->series) {
	case HISTORY_IN:
		return rate_now(tunnel->rx_bps);
	case HISTORY_OUT:
		return rate_now(tunnel->tx_bps);
	case HISTORY_RTT:
		return (float)tunnel->rtt_ms;
	case HISTORY_LOSS:
		return (float)tunnel->loss_percent;
	case HISTORY_RECEIVED:
		return rate_now(peer->received);
	case HISTORY_ACCEPTED:
		return rate_now(peer->accepted);
	default:
		return NAN;
	}
}

/* How often a session came or went. */
static void
describe_changes(const float *samples, size_t count, char *out, size_t size)
{
	size_t changes = 0;
	float last = NAN;

	for (size_t i = 0; i < count; i++) {
		if (isnan(samples[i]))
			continue;
		changes += !isnan(last) && (samples[i] > 0.5F) != (last > 0.5F);
		last = samples[i];
	}
	snprintf(out, size, changes == 0 ? "no change" : changes == 1 ? "1 change" : "%zu changes", changes);
}

static void
draw_one(const struct scene *scene, const struct kept *k, const char *name, const void *row,
	 const struct area *area)
{
	struct chart chart = {.title = k->title,
			      .unit = k->unit,
			      .role = k->role,
			      .now = value_now(k, row),
			      .span = scene->span};
	struct chart_scale scale = chart_scale(scene->graph, scene->history, scene->span, area->cols);
	size_t all = history_resolutions[scene->span].samples;
	float samples[HISTORY_SAMPLES], each[HISTORY_SAMPLES];
	char changes[40];

	read_samples(scene, k, name, scale.step, scale.count - scale.ahead, samples);
	read_samples(scene, k, name, 1, all, each);
	chart.all = each;
	if (k->series == HISTORY_ESTABLISHED) {
		describe_changes(each, all, changes, sizeof(changes));
		chart.word = look_of_peer(row).word;
		chart.figures = changes;
	}
	chart_draw(area, scene->graph, &chart, &scale, samples);
}

void
charts_draw(const struct scene *scene, enum model_kind kind, const void *row, const struct area *area)
{
	int most = (area->cols - 1) / (CHART_LEAST_COLS + 1), count = (int)count_of(kind), width, at = 0;
	char name[256];

	if (count > most)
		count = most;
	if (count == 0)
		return;
	model_row_key(model_kind_info(kind), row, name, sizeof(name));
	width = (area->cols - 1) / count;
	for (size_t i = 0; i < COUNT_OF(kept) && at < count; i++) {
		struct area part;

		if (kept[i].kind != kind)
			continue;
		part = area_part(area, 0, 1 + at * width, area->rows, width - (at + 1 < count ? 2 : 1));
		draw_one(scene, &kept[i], name, row, &part);
		at++;
	}
}
