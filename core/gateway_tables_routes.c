// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes: all that any source offers for a prefix. BGP's paths and routing's candidates are two ordered
 * walks; they are merged prefix by prefix, so that a page costs no more than its rows. A prefix's candidate
 * comes before its paths (backwards, everything is the other way round). A query goes on after a row: in the
 * middle of a prefix's rows, its rows are passed over up to that one.
 */
#include "core/gateway_tables_internal.h"

#include <string.h>

struct route_merge {
	struct gateway_page page;
	const char *skip;      /* passing over the rows of the first prefix up to this key; NULL: no more */
	struct ip_prefix last; /* prefix up to which routing's walk was given */
	bool last_set, last_is_due;    /* backwards: its own candidate was not given yet */
	const struct ip_prefix *limit; /* routing's walk stops here: BGP comes next */
	const struct ip_prefix *only;  /* just this prefix's rows */
};

/* Gives a filled row, unless it is one of those to be passed over. */
static bool
merge_give(struct route_merge *merge, struct model_route *row)
{
	size_t prefix = merge->skip != NULL ? strcspn(merge->skip, " ") : 0;
	char key[MODEL_REACHED];

	if (merge->skip != NULL &&
	    (strncmp(row->prefix, merge->skip, prefix) != 0 || row->prefix[prefix] != '\0'))
		merge->skip = NULL; /* beyond that prefix: the row to go on after is gone */
	if (merge->skip == NULL)
		return gateway_page_give(&merge->page, row);
	if (strcmp(model_row_key(merge->page.info, row, key, sizeof(key)), merge->skip) == 0)
		merge->skip = NULL;
	model_row_clear(merge->page.info->shape, row);
	return true;
}

static bool
visit_candidate(void *context, const struct ip_prefix *prefix, const struct routing_state *state)
{
	struct route_merge *merge = context;
	int order = merge->limit != NULL ? ip_prefix_compare(prefix, merge->limit) : 0;
	struct model_route row;

	if (merge->limit != NULL && (merge->page.query->backwards ? order <= 0 : order > 0))
		return false;
	merge->last = *prefix;
	merge->last_set = true;
	if (state->best == ROUTING_BGP)
		return true; /* BGP's own walk has it, with its attributes */
	if (merge->skip == NULL && gateway_page_skip_unseen(&merge->page))
		return true;
	gateway_fill_route_candidate(merge->page.gateway, &row, prefix, state);
	return merge_give(merge, &row);
}

/* Gives a prefix's own candidate. */
static bool
give_candidate_of(struct route_merge *merge, const struct ip_prefix *prefix)
{
	struct ip_prefix at = *prefix;
	struct routing_state state;

	merge->limit = NULL;
	return !routing_lookup(merge->page.gateway->routing, &at, &state) ||
	       visit_candidate(merge, &at, &state);
}

/* Gives routing's own candidates up to and with `limit` (NULL: to the end). */
static bool
give_candidates(struct route_merge *merge, const struct ip_prefix *limit)
{
	if (limit != NULL && merge->last_set && ip_prefix_compare(&merge->last, limit) >= 0)
		return true;
	merge->limit = limit;
	routing_walk(merge->page.gateway->routing, merge->last_set ? &merge->last : NULL, visit_candidate,
		     merge);
	if (limit != NULL && !merge->page.stopped) {
		merge->last = *limit;
		merge->last_set = true;
	}
	return !merge->page.stopped;
}

/* The same backwards: down to, but without, `limit`, whose own candidate is due after its paths. */
static bool
give_candidates_back(struct route_merge *merge, const struct ip_prefix *limit)
{
	if (limit != NULL && merge->last_set && ip_prefix_compare(&merge->last, limit) <= 0)
		return true;
	if (merge->last_set && merge->last_is_due && !give_candidate_of(merge, &merge->last))
		return false;
	merge->last_is_due = false;
	merge->limit = limit;
	routing_walk_back(merge->page.gateway->routing, merge->last_set ? &merge->last : NULL,
			  visit_candidate, merge);
	if (limit != NULL && !merge->page.stopped) {
		merge->last = *limit;
		merge->last_set = merge->last_is_due = true;
	}
	return !merge->page.stopped;
}

static bool
visit_path(void *context, const struct bgp_path *path)
{
	struct route_merge *merge = context;
	struct model_route row;

	if (merge->only != NULL) {
		if (!ip_prefix_equal(merge->only, &path->prefix))
			return false;
	} else if (merge->page.query->backwards ? !give_candidates_back(merge, &path->prefix)
						: !give_candidates(merge, &path->prefix)) {
		return false;
	}
	if (merge->skip == NULL && gateway_page_skip_unseen(&merge->page))
		return true;
	gateway_fill_route_path(merge->page.gateway, &row, path);
	return merge_give(merge, &row);
}

/* All rows of one prefix. */
static bool
give_prefix(struct route_merge *merge, const struct ip_prefix *prefix)
{
	bool backwards = merge->page.query->backwards;
	struct bgp_walk how = {.from = prefix, .with = true, .backwards = backwards, .until = 1};

	merge->only = prefix;
	if (backwards || give_candidate_of(merge, prefix))
		bgp_walk_paths(merge->page.gateway->bgp, &how, visit_path, merge);
	merge->only = NULL;
	if (backwards && !merge->page.stopped)
		give_candidate_of(merge, prefix);
	return !merge->page.stopped;
}

/* Where a query begins, or `has:` leads to. */
static bool
visit_route_container(void *context, const struct ip_prefix *prefix)
{
	struct route_merge *merge = context;
	int order = merge->last_set ? ip_prefix_compare(prefix, &merge->last) : 0;

	if (merge->last_set && (merge->page.query->backwards ? order > 0 : order < 0))
		return true;
	if (merge->last_set && order == 0 && merge->skip == NULL)
		return true; /* it was gone through */
	if (!give_prefix(merge, prefix))
		return false;
	if (order != 0 || merge->skip == NULL)
		return true;
	/* The row to go on after is gone: better once more than that others are missing. */
	merge->skip = NULL;
	return give_prefix(merge, prefix);
}

/* Where the query begins: beyond a prefix, or within its rows. */
static bool
merge_begin(struct route_merge *merge)
{
	const char *after = merge->page.query->after;
	size_t length = after != NULL ? strcspn(after, " ") : 0;
	char head[IP_PREFIX_TEXT];

	if (length == 0 || length >= sizeof(head))
		return false;
	memcpy(head, after, length);
	head[length] = '\0';
	merge->last_set = ip_prefix_parse(head, &merge->last);
	merge->skip = merge->last_set && after[length] == ' ' ? after : NULL;
	return merge->last_set;
}

static void
merge_walk(struct route_merge *merge)
{
	const struct model_query *query = merge->page.query;
	struct ip_prefix from = merge->last;
	struct bgp_walk how = {
	    .from = merge->last_set ? &from : NULL, .backwards = query->backwards, .until = query->until};

	merge->last_is_due = merge->skip == NULL; /* of a prefix beyond whose paths it goes on */
	if (merge->skip != NULL) {
		merge->last_set = false;
		if (!visit_route_container(merge, &from))
			return;
		merge->last = from;
		merge->last_set = true;
		merge->skip = NULL;
	}
	bgp_walk_paths(merge->page.gateway->bgp, &how, visit_path, merge);
	if (merge->page.stopped)
		return;
	if (!(query->backwards ? give_candidates_back(merge, how.ran_out ? &how.reached : NULL)
			       : give_candidates(merge, how.ran_out ? &how.reached : NULL)))
		return;
	if (how.ran_out) {
		merge->page.stopped = true;
		ip_prefix_format(&how.reached, query->reached);
	}
}

bool
gateway_provide_routes(void *context, const struct model_query *query)
{
	struct route_merge merge = {0};
	struct gateway *gateway = context;

	if (!gateway_page_open(&merge.page, gateway, query, MODEL_KIND_ROUTE))
		return true;
	merge_begin(&merge);
	if (merge.page.narrow)
		gateway_page_containers(&merge.page, visit_route_container, &merge);
	else
		merge_walk(&merge);
	if (query->total != NULL)
		*query->total = bgp_path_count(gateway->bgp) + routing_count_without_bgp(gateway->routing);
	model_filter_free(merge.page.filter);
	return !merge.page.stopped;
}
