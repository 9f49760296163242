// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A history as rows of the kind "history": handed out page by page, told to who watches, and taken in by a
 * console. A row is one sample of one tunnel and its session; where nothing is known there is no row. Most
 * who ask want one tunnel's samples of one span, and say so in their filter: only those are gone through
 * then.
 */
#include "core/model/history_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOOK_AT_CLOCK 64 /* rows from one look at the clock to the next */
#define MOST_NAME 256

static uint64_t
rounded(float value)
{
	return isnan(value) ? MODEL_UINT_UNSET : (uint64_t)(value + 0.5F);
}

/* Rates are kept to 0.05 %: digits beyond that would only seem to be known. */
static uint64_t
rounded_rate(float value)
{
	uint64_t unit = 1;

	while (!isnan(value) && value / (float)unit >= 99999.5F)
		unit *= 10;
	return isnan(value) ? MODEL_UINT_UNSET : rounded(value / (float)unit) * unit;
}

static double
rounded_real(float value)
{
	return isnan(value) ? NAN : round((double)value * 100) / 100;
}

static usec_t
time_of(const struct history *history, enum history_span span, uint64_t number)
{
	int64_t second = (int64_t)(number * history_resolutions[span].seconds) + history->shift;

	return second > 0 ? second * USEC_PER_SEC : 0;
}

/* All but the name. False where nothing is known. */
static bool
fill_row(const struct history *history, const struct subject *subject, enum history_span span,
	 uint64_t number, struct model_history *row)
{
	float values[ALL_SERIES];

	if (!history_values(history, subject, span, number, values))
		return false;
	row->seconds = history_resolutions[span].seconds;
	row->at = time_of(history, span, number);
	row->age_seconds = history->second - number * row->seconds;
	row->rx_bps = rounded_rate(values[HISTORY_IN]);
	row->tx_bps = rounded_rate(values[HISTORY_OUT]);
	row->rtt_ms = rounded_real(values[HISTORY_RTT]);
	row->loss_percent = rounded_real(values[HISTORY_LOSS]);
	row->received = rounded(values[HISTORY_RECEIVED]);
	row->accepted = rounded(values[HISTORY_ACCEPTED]);
	row->established_percent =
	    values[HISTORY_ESTABLISHED] > HISTORY_ALL ? 100 : rounded_real(100 * values[HISTORY_ESTABLISHED]);
	return true;
}

/* --- pages ------------------------------------------------------------------------------------- */

/* Where a query goes on: the parts of the last row's key. */
struct after {
	bool set;
	char name[MOST_NAME];
	uint64_t seconds;
	usec_t at;
};

struct page {
	const struct history *history;
	const struct model_query *query;
	struct model_filter *filter;
	const char *name, *seconds; /* the only ones that the filter wants; NULL: any */
	struct after after;
	struct model_history row;
	size_t given, looked_at;
	bool stopped;
};

static void
read_after(struct after *after, const char *key)
{
	char at[CLOCK_TEXT];

	after->set = key != NULL &&
		     sscanf(key, "%255s %" SCNu64 " %31s", after->name, &after->seconds, at) == 3 &&
		     clock_parse(at, &after->at);
}

/* <0: what the row is of comes before where the query goes on, in the keys' order; 0: it is the same. */
static int
compare_name(const struct page *page, const char *name)
{
	return page->after.set ? strcmp(name, page->after.name) : page->query->backwards ? -1 : 1;
}

static int
compare_span(const struct page *page, const char *name, enum history_span span)
{
	int order = compare_name(page, name);
	uint64_t seconds = history_resolutions[span].seconds;

	if (order != 0)
		return order;
	/* as texts, as keys are: "1", "60", "900" have the order of the numbers */
	return seconds < page->after.seconds ? -1 : seconds > page->after.seconds;
}

static bool
is_due(const struct page *page, int order)
{
	return page->query->backwards ? order <= 0 : order >= 0;
}

static void
give_row(struct page *page)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_HISTORY);

	if (model_filter_match(page->filter, info->shape, &page->row))
		page->stopped = !page->query->row(page->query->context, &page->row) ||
				++page->given >= page->query->limit;
	if (page->stopped || page->query->until == 0 || ++page->looked_at % LOOK_AT_CLOCK != 0 ||
	    clock_monotonic() < page->query->until)
		return;
	page->stopped = true;
	model_row_key(info, &page->row, page->query->reached, MODEL_REACHED);
}

static void
give_span(struct page *page, const struct subject *subject, enum history_span span)
{
	const struct history *history = page->history;
	uint64_t count = history_filled(history, span), newest = history_newest(history, span);
	int within = compare_span(page, subject->name, span);

	for (uint64_t i = 0; i < count && !page->stopped; i++) {
		uint64_t number = page->query->backwards ? newest - i : newest - (count - 1 - i);
		usec_t at = time_of(history, span, number);

		if (within == 0 && (page->query->backwards ? at >= page->after.at : at <= page->after.at))
			continue;
		if (fill_row(history, subject, span, number, &page->row))
			give_row(page);
	}
}

static void
give_subject(struct page *page, const struct subject *subject)
{
	char seconds[16];

	model_set(&page->row.name, subject->name);
	for (int i = 0; i < HISTORY_SPANS && !page->stopped; i++) {
		enum history_span span =
		    (enum history_span)(page->query->backwards ? HISTORY_SPANS - 1 - i : i);

		snprintf(seconds, sizeof(seconds), "%u", history_resolutions[span].seconds);
		if (page->seconds != NULL && strcmp(page->seconds, seconds) != 0)
			continue;
		if (is_due(page, compare_span(page, subject->name, span)))
			give_span(page, subject, span);
	}
}

static uint64_t
total_of(const struct history *history)
{
	uint64_t total = 0;

	for (int span = 0; span < HISTORY_SPANS; span++)
		total += history_filled(history, (enum history_span)span);
	return total * history->count;
}

static bool
provide(void *context, const struct model_query *query)
{
	struct page page = {.history = context, .query = query};
	const struct model_shape *shape = model_kind_info(MODEL_KIND_HISTORY)->shape;
	size_t count = page.history->count;

	page.filter = model_filter_parse(query->filter, NULL);
	if (page.filter == NULL)
		return true;
	page.name = model_filter_equals(page.filter, "name");
	page.seconds = model_filter_equals(page.filter, "seconds");
	read_after(&page.after, query->after);
	model_row_init(shape, &page.row);
	for (size_t i = 0; i < count && !page.stopped; i++) {
		const struct subject *subject = page.history->sorted[query->backwards ? count - 1 - i : i];

		if ((page.name == NULL || strcasecmp(page.name, subject->name) == 0) &&
		    (!page.after.set || is_due(&page, compare_name(&page, subject->name))))
			give_subject(&page, subject);
	}
	if (query->total != NULL)
		*query->total = total_of(page.history);
	model_row_clear(shape, &page.row);
	model_filter_free(page.filter);
	return !page.stopped;
}

void
history_provide(struct history *history, struct model_store *store)
{
	model_store_set_provider(store, MODEL_KIND_HISTORY, provide, history);
	model_store_provider_goes_back(store, MODEL_KIND_HISTORY);
}

/* --- who watches ------------------------------------------------------------------------------- */

static void
tell(const struct history *history, struct model_store *store, enum history_span span, uint64_t number)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_HISTORY)->shape;
	struct model_history row;

	model_row_init(shape, &row);
	for (size_t i = 0; i < history->count; i++) {
		if (!fill_row(history, history->sorted[i], span, number, &row))
			continue;
		model_set(&row.name, history->sorted[i]->name);
		model_store_paged_changed(store, MODEL_KIND_HISTORY, &row, false);
	}
	model_row_clear(shape, &row);
}

void
history_tell(const struct history *history, struct model_store *store)
{
	if (!history->began || !model_store_paged_watched(store, MODEL_KIND_HISTORY))
		return;
	tell(history, store, HISTORY_MINUTES, history->second);
	for (int span = HISTORY_MINUTES + 1; span < HISTORY_SPANS; span++) {
		uint64_t over = history->before / history_resolutions[span].seconds;

		if (over != history_newest(history, (enum history_span)span))
			tell(history, store, (enum history_span)span, over);
	}
}

/* --- a console --------------------------------------------------------------------------------- */

static float
known(uint64_t value)
{
	return value != MODEL_UINT_UNSET ? (float)value : NAN;
}

static void
merge_part(struct history *history, const struct model_history *row, enum part part, enum history_span span,
	   uint64_t number, const float *values, size_t count)
{
	struct series *series = NULL;

	for (size_t i = 0; i < count; i++) {
		if (isnan(values[i]))
			continue;
		if (series == NULL)
			series = history_series_of(history, row->name, part);
		history_put_value(history, &series[i], span, number, values[i]);
	}
}

void
history_merge(struct history *history, const struct model_history *row)
{
	uint64_t middle, number;
	int span = 0;

	while (span < HISTORY_SPANS && row->seconds != history_resolutions[span].seconds)
		span++;
	if (!history->began || row->name == NULL || span == HISTORY_SPANS ||
	    row->age_seconds > row->seconds * history_resolutions[span].samples)
		return;
	/* By its middle: our minutes need not begin where the gateway's do. */
	middle = history->second + row->seconds / 2;
	if (middle < row->age_seconds)
		return;
	number = (middle - row->age_seconds) / row->seconds;
	/* the gateway's present minute may have begun in our last one, and the other way round */
	if (number > history_newest(history, (enum history_span)span))
		number = history_newest(history, (enum history_span)span);
	if (history_newest(history, (enum history_span)span) - number >= history_resolutions[span].samples)
		return;
	merge_part(
	    history, row, PART_TUNNEL, (enum history_span)span, number,
	    (float[]){known(row->rx_bps), known(row->tx_bps), (float)row->rtt_ms, (float)row->loss_percent},
	    TUNNEL_SERIES);
	merge_part(
	    history, row, PART_SESSION, (enum history_span)span, number,
	    (float[]){known(row->received), known(row->accepted), (float)row->established_percent / 100},
	    SESSION_SERIES);
}
