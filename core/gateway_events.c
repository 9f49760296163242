// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events that are older than the store's ring: whoever goes back further than that in a console gets them
 * from the journal, a page at a time. Reading a page takes about a millisecond; a filter that matches little
 * stops at the time that it is given and goes on later.
 */
#include "core/gateway_internal.h"

#include <inttypes.h>
#include <stdio.h>

struct search {
	const struct model_query *query;
	struct model_filter *filter;
	size_t left;
	bool more; /* there are rows that were not looked at */
};

static bool
give(void *context, const struct model_event *event)
{
	struct search *search = context;
	const struct model_query *query = search->query;

	if (model_filter_match(search->filter, model_kind_info(MODEL_KIND_EVENT)->shape, event)) {
		if (search->left == 0) {
			search->more = true;
			return false;
		}
		search->left--;
		if (!query->row(query->context, event)) {
			search->more = true;
			return false;
		}
	}
	if (query->until == 0 || query->reached == NULL || clock_monotonic() < query->until)
		return true;
	snprintf(query->reached, MODEL_REACHED, "%" PRIu64, event->sequence);
	search->more = true;
	return false;
}

static bool
provide_events(void *context, const struct model_query *query)
{
	struct gateway *gateway = context;
	struct search search = {.query = query, .left = query->limit};
	uint64_t before = UINT64_MAX;
	struct error err;

	if (query->after != NULL && !text_parse_number(query->after, UINT64_MAX, &before))
		return true;
	search.filter = model_filter_parse(query->filter, &err);
	if (search.filter == NULL)
		return true;
	if (!journal_before(gateway->journal, before, give, &search, &err))
		log_write(LOG_LEVEL_WARNING, "journal", "older events can't be read: %s", err.text);
	model_filter_free(search.filter);
	return !search.more;
}

void
gateway_events_open(struct gateway *gateway)
{
	if (gateway->journal != NULL)
		model_store_set_provider(gateway->store, MODEL_KIND_EVENT, provide_events, gateway);
}
