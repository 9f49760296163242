// SPDX-License-Identifier: GPL-2.0-or-later
/* One page of a large table: which rows its reader gets, how many, and until when. */
#include "core/gateway_tables_internal.h"

#define LOOK_AT_CLOCK 64 /* rows from one look at the clock to the next */

/* The time is up: the query goes on after this row. */
static void
page_ran_out(struct gateway_page *page, const void *row)
{
	page->stopped = true;
	model_row_key(page->info, row, page->query->reached, MODEL_REACHED);
}

/* Counts a row that matches as one of those that are passed over; false where it is to be given. */
static bool
page_skip(const struct gateway_page *page)
{
	if (page->query->skip == NULL || *page->query->skip == 0)
		return false;
	--*page->query->skip;
	return true;
}

bool
gateway_page_skip_unseen(struct gateway_page *page)
{
	if (page->filter != NULL || (page->query->until != 0 && (page->looked_at + 1) % LOOK_AT_CLOCK == 0) ||
	    !page_skip(page))
		return false;
	page->looked_at++;
	return true;
}

bool
gateway_page_give(struct gateway_page *page, void *row)
{
	if ((page->filter == NULL || model_filter_match(page->filter, page->info->shape, row)) &&
	    !page_skip(page))
		page->stopped =
		    !page->query->row(page->query->context, row) || ++page->given >= page->query->limit;
	if (!page->stopped && page->query->until != 0 && ++page->looked_at % LOOK_AT_CLOCK == 0 &&
	    clock_monotonic() >= page->query->until)
		page_ran_out(page, row);
	model_row_clear(page->info->shape, row);
	return !page->stopped;
}

bool
gateway_page_open(struct gateway_page *page, struct gateway *gateway, const struct model_query *query,
		  enum model_kind kind)
{
	*page = (struct gateway_page){.gateway = gateway, .query = query, .info = model_kind_info(kind)};
	if (query->filter == NULL || query->filter[0] == '\0')
		return true;
	page->filter = model_filter_parse(query->filter, NULL);
	page->narrow = model_filter_contains(page->filter, &page->contains);
	return page->filter != NULL;
}

/* The prefix of `length` bits that contains what `has:` asks for. */
static struct ip_prefix
page_container(const struct gateway_page *page, unsigned length)
{
	struct ip_prefix prefix = {page->contains.address, (uint8_t)length};

	return ip_prefix_network(&prefix);
}

void
gateway_page_containers(struct gateway_page *page,
			bool (*each)(void *context, const struct ip_prefix *prefix), void *context)
{
	unsigned most = page->contains.length;

	for (unsigned i = 0; i <= most && !page->stopped; i++) {
		struct ip_prefix prefix = page_container(page, page->query->backwards ? most - i : i);

		if (!each(context, &prefix))
			return;
	}
}
