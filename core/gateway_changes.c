// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happened to prefixes lately: the speaker's records as rows of `show changes`, and for `explain`.
 */
#include "core/gateway_explain_internal.h"
#include "core/gateway_bgp_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_AT_CLOCK 64 /* rows from one look at the clock to the next */

struct changes_page {
	const struct model_query *query;
	const struct model_kind_info *info;
	struct model_filter *filter;
	size_t given, looked_at;
	bool stopped;
};

static void
fill(struct model_route_change *row, const struct bgp_record *record)
{
	char prefix[IP_PREFIX_TEXT];

	model_row_init(model_kind_info(MODEL_KIND_ROUTE_CHANGE)->shape, row);
	row->number = record->number;
	row->at = clock_wall_of(record->at);
	if (record->prefix.address.family != 0)
		model_set(&row->prefix, ip_prefix_format(&record->prefix, prefix));
	row->count = record->count;
	row->kept = record->kept;
	model_set(&row->cause, record->cause);
	model_set(&row->peer, record->peer);
	model_set(&row->best, record->best);
	model_set(&row->before, record->before);
	model_set(&row->step, record->step);
	row->path_id = record->path_id != 0 ? record->path_id : MODEL_UINT_UNSET;
	if (record->known) {
		row->as_hops = record->as_hops;
		row->origin_as = record->origin_as != 0 ? record->origin_as : MODEL_UINT_UNSET;
		row->med = record->has_med ? record->med : MODEL_UINT_UNSET;
		row->local_pref = record->local_preference;
	}
	model_set(&row->text, record->text);
}

static bool
give(void *context, const struct bgp_record *record)
{
	struct changes_page *page = context;
	const struct model_query *query = page->query;
	struct model_route_change row;

	fill(&row, record);
	if (page->filter != NULL && !model_filter_match(page->filter, page->info->shape, &row))
		;
	else if (query->skip != NULL && *query->skip != 0)
		--*query->skip;
	else
		page->stopped = !query->row(query->context, &row) || ++page->given >= query->limit;
	if (!page->stopped && query->until != 0 && ++page->looked_at % LOOK_AT_CLOCK == 0 &&
	    clock_monotonic() >= query->until) {
		page->stopped = true;
		model_row_key(page->info, &row, query->reached, MODEL_REACHED);
	}
	model_row_clear(page->info->shape, &row);
	return !page->stopped;
}

static bool
provide(void *context, const struct model_query *query)
{
	struct gateway *gateway = context;
	struct changes_page page = {.query = query, .info = model_kind_info(MODEL_KIND_ROUTE_CHANGE)};
	struct bgp_record_span span;

	if (query->filter != NULL && query->filter[0] != '\0') {
		page.filter = model_filter_parse(query->filter, NULL);
		if (page.filter == NULL)
			return true;
	}
	/* The newest comes first. */
	bgp_walk_history(gateway->bgp, query->after != NULL ? strtoull(query->after, NULL, 10) : 0,
			 !query->backwards, give, &page);
	bgp_history_span(gateway->bgp, &span);
	if (query->total != NULL)
		*query->total = span.count;
	model_filter_free(page.filter);
	return !page.stopped;
}

/* --- as they come ------------------------------------------------------------------------------ */

#define TELL_US (2 * USEC_PER_MS) /* a second; what is left comes with the next one */

struct telling {
	struct gateway *gateway;
	usec_t until;
};

static bool
tell_watchers(void *context, const struct bgp_record *record)
{
	struct telling *telling = context;
	struct gateway *gateway = telling->gateway;
	struct model_route_change row;

	fill(&row, record);
	model_store_paged_changed(gateway->store, MODEL_KIND_ROUTE_CHANGE, &row, false);
	model_row_clear(model_kind_info(MODEL_KIND_ROUTE_CHANGE)->shape, &row);
	gateway->changes.told = record->number;
	return clock_monotonic() < telling->until;
}

static bool
note_last(void *context, const struct bgp_record *record)
{
	*(uint64_t *)context = record->number;
	return false;
}

void
gateway_changes_interest(struct gateway *gateway)
{
	bool watched = model_store_paged_watched(gateway->store, MODEL_KIND_ROUTE_CHANGE);

	/* What there is by now they ask for themselves. */
	if (watched && !gateway->changes.watched)
		bgp_walk_history(gateway->bgp, 0, true, note_last, &gateway->changes.told);
	gateway->changes.watched = watched;
}

void
gateway_changes_tick(struct gateway *gateway)
{
	struct telling telling = {gateway, clock_monotonic() + TELL_US};

	if (gateway->changes.watched)
		bgp_walk_history(gateway->bgp, gateway->changes.told, false, tell_watchers, &telling);
}

void
gateway_changes_open(struct gateway *gateway)
{
	model_store_set_provider(gateway->store, MODEL_KIND_ROUTE_CHANGE, provide, gateway);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_ROUTE_CHANGE);
}

/* --- explain ----------------------------------------------------------------------------------- */

#define EXPLAINED 8 /* changes of a prefix that are told */

struct told {
	struct account *account;
	json_t *rows;
	usec_t now;
};

static const char *
clock_text(usec_t monotonic, char out[32])
{
	time_t seconds = (time_t)(clock_wall_of(monotonic) / USEC_PER_SEC);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(out, 32, "%H:%M:%S", &tm);
	return out;
}

static bool
tell(void *context, const struct bgp_record *record)
{
	struct told *told = context;
	char at[32], span[32];
	json_t *row;

	clock_format_span(told->now - record->at, span, sizeof(span));
	explain_say(told->account, "    %s, %s ago: %s", clock_text(record->at, at), span, record->text);
	row = json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:I}", "number", (json_int_t)record->number,
			"text", record->text, "cause", record->cause, "peer", record->peer, "best",
			record->best, "before", record->before, "step", record->step, "count",
			(json_int_t)record->count);
	explain_add_time(row, "at", clock_wall_of(record->at));
	json_array_append_new(told->rows, row);
	return json_array_size(told->rows) < EXPLAINED;
}

void
explain_changes(struct account *account, const struct ip_prefix *prefix, json_t *match)
{
	struct told told = {account, json_array(), clock_monotonic()};
	size_t title = json_array_size(account->lines);
	struct bgp_record_span span;
	char singles[32], masses[32], line[200];
	json_t *kept = json_object();

	explain_say(account, "%s", ""); /* its place: it is there only with changes below it */
	bgp_walk_prefix_history(account->gateway->bgp, prefix, tell, &told);
	bgp_history_span(account->gateway->bgp, &span);
	clock_text(span.singles, singles);
	clock_text(span.masses, masses);
	if (span.singles == span.masses)
		snprintf(line, sizeof(line), "    Last changes, of all since %s:", singles);
	else
		snprintf(
		    line, sizeof(line),
		    "    Last changes (of single ones all since %s, of those of whole tables all since %s):",
		    singles, masses);
	if (json_array_size(told.rows) != 0)
		json_array_set_new(account->lines, title, json_string(line));
	else
		json_array_remove(account->lines, title);
	explain_add_time(kept, "singles", clock_wall_of(span.singles));
	explain_add_time(kept, "masses", clock_wall_of(span.masses));
	json_object_set_new(match, "changes", told.rows);
	json_object_set_new(match, "changes_since", kept);
}
