// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The large tables: routes, received, advertised. Their rows stay where they are, in BGP and in routing; here
 * they are handed out page by page, in the order of their keys, and one by one to those who watch changes.
 */
#include "core/gateway_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- rows of the large tables ------------------------------------------------------------------ */

static void
add_to_list(void *context, const char *text)
{
	text_list_add(context, text);
}

/* The fields that received, advertised and route rows share, from a path. */
#define FILL_PATH(row, path) \
	do { \
		char text_[IP_PREFIX_TEXT]; \
		model_set(&(row)->prefix, ip_prefix_format(&(path)->prefix, text_)); \
		if (ip_address_is_set(&(path)->next_hop)) \
			model_set(&(row)->next_hop, ip_address_format(&(path)->next_hop, text_)); \
		if ((path)->attributes != NULL) { \
			bgp_attributes_as_path((path)->attributes, add_to_list, &(row)->as_path); \
			bgp_attributes_communities((path)->attributes, add_to_list, &(row)->communities); \
		} \
		model_set(&(row)->origin, bgp_origin_name((path)->origin)); \
		(row)->med = (path)->has_med ? (path)->med : MODEL_UINT_UNSET; \
		(row)->local_pref = (path)->local_preference; \
	} while (0)

static const char *
peer_name(const struct bgp_peer *peer)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	return status.name;
}

static void
fill_received(struct model_received *row, const struct bgp_peer *peer, const struct bgp_path *path)
{
	model_row_init(model_kind_info(MODEL_KIND_RECEIVED)->shape, row);
	model_set(&row->peer, peer_name(peer));
	FILL_PATH(row, path);
	row->accepted = path->accepted;
	if (!path->accepted)
		model_set(&row->reason, path->reason);
}

static void
fill_advertised(struct model_advertised *row, const struct bgp_peer *peer, const struct bgp_path *path)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	model_row_init(model_kind_info(MODEL_KIND_ADVERTISED)->shape, row);
	model_set(&row->peer, status.name);
	FILL_PATH(row, path);
	if (status.local_asn != status.remote_asn)
		row->local_pref = MODEL_UINT_UNSET; /* not sent to external peers (RFC 4271 5.1.5) */
}

/*
 * One query: where it stands, and why it ended. Its time is looked at every few rows, whether they match or
 * not, so that a filter that matches little among a million never holds the loop.
 */
struct page {
	struct gateway *gateway;
	const struct model_query *query;
	const struct model_kind_info *info;
	struct model_filter *filter;
	bool narrow; /* the filter says `has:`: only prefixes that contain this one can match */
	struct ip_prefix contains;
	struct bgp_peer *peer; /* whose table is walked */
	size_t given, looked_at;
	bool stopped;
};

#define LOOK_AT_CLOCK 64 /* rows from one look at the clock to the next */

/* The time is up: the query goes on after this row. */
static void
page_ran_out(struct page *page, const void *row)
{
	page->stopped = true;
	model_row_key(page->info, row, page->query->reached, MODEL_REACHED);
}

/* Counts a row that matches as one of those that are passed over; false where it is to be given. */
static bool
page_skip(const struct page *page)
{
	if (page->query->skip == NULL || *page->query->skip == 0)
		return false;
	--*page->query->skip;
	return true;
}

/*
 * The same without filling the row, which is what takes time: of any row where there is no filter. Now and
 * then one is filled all the same, and page_give() sees to the clock.
 */
static bool
page_skip_unseen(struct page *page)
{
	if (page->filter != NULL || (page->query->until != 0 && (page->looked_at + 1) % LOOK_AT_CLOCK == 0) ||
	    !page_skip(page))
		return false;
	page->looked_at++;
	return true;
}

/* Gives a filled row to the reader if it matches; clears it. False when the reader has enough. */
static bool
page_give(struct page *page, void *row)
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

static bool
page_open(struct page *page, struct gateway *gateway, const struct model_query *query, enum model_kind kind)
{
	*page = (struct page){.gateway = gateway, .query = query, .info = model_kind_info(kind)};
	if (query->filter == NULL || query->filter[0] == '\0')
		return true;
	page->filter = model_filter_parse(query->filter, NULL);
	page->narrow = model_filter_contains(page->filter, &page->contains);
	return page->filter != NULL;
}

/* The prefix of `length` bits that contains what `has:` asks for. */
static struct ip_prefix
page_container(const struct page *page, unsigned length)
{
	struct ip_prefix prefix = {page->contains.address, (uint8_t)length};

	return ip_prefix_network(&prefix);
}

/*
 * Calls `each` for all prefixes that contain what `has:` asks for, in the order of the query: at most 129.
 */
static void
page_containers(struct page *page, bool (*each)(void *context, const struct ip_prefix *prefix), void *context)
{
	unsigned most = page->contains.length;

	for (unsigned i = 0; i <= most && !page->stopped; i++) {
		struct ip_prefix prefix = page_container(page, page->query->backwards ? most - i : i);

		if (!each(context, &prefix))
			return;
	}
}

/* --- received and advertised ------------------------------------------------------------------- */

struct peer_walk {
	struct page page;
	bool received, skipping;
	char after_peer[128];
	struct ip_prefix after;
	const struct ip_prefix *only; /* of the peer's rows just this prefix's */
};

static bool
visit_received(void *context, const struct bgp_path *path)
{
	struct peer_walk *walk = context;
	struct model_received row;

	if (walk->only != NULL && !ip_prefix_equal(walk->only, &path->prefix))
		return false;
	if (page_skip_unseen(&walk->page))
		return true;
	fill_received(&row, walk->page.peer, path);
	return page_give(&walk->page, &row);
}

static bool
visit_advertised(void *context, const struct bgp_path *path)
{
	struct peer_walk *walk = context;
	struct model_advertised row;

	if (walk->only != NULL && !ip_prefix_equal(walk->only, &path->prefix))
		return false;
	if (page_skip_unseen(&walk->page))
		return true;
	fill_advertised(&row, walk->page.peer, path);
	return page_give(&walk->page, &row);
}

/* Splits "peer prefix" of the received and advertised kinds. */
static bool
split_key(const char *after, char *peer, size_t size, struct ip_prefix *prefix)
{
	const char *space = after != NULL ? strrchr(after, ' ') : NULL;

	if (space == NULL || (size_t)(space - after) >= size)
		return false;
	memcpy(peer, after, (size_t)(space - after));
	peer[space - after] = '\0';
	return ip_prefix_parse(space + 1, prefix);
}

static void
walk_table(struct peer_walk *walk, struct bgp_peer *peer, struct bgp_walk *how)
{
	if (walk->received)
		bgp_walk_received(peer, how, visit_received, walk);
	else
		bgp_walk_advertised(peer, how, visit_advertised, walk);
}

static bool
visit_container(void *context, const struct ip_prefix *prefix)
{
	struct peer_walk *walk = context;
	/* a time in the past: it stops soon where the peer has nothing there */
	struct bgp_walk how = {.from = prefix, .with = true, .until = 1};
	int order = walk->after.address.family != 0 ? ip_prefix_compare(prefix, &walk->after) : 0;

	if (walk->after.address.family == 0 || (walk->page.query->backwards ? order < 0 : order > 0)) {
		walk->only = prefix;
		walk_table(walk, walk->page.peer, &how);
		walk->only = NULL;
	}
	return true;
}

static bool
visit_peer(struct peer_walk *walk, struct bgp_peer *peer)
{
	const struct model_query *query = walk->page.query;
	struct bgp_walk how = {.backwards = query->backwards, .until = query->until};
	char prefix[IP_PREFIX_TEXT];

	if (walk->skipping && strcmp(peer_name(peer), walk->after_peer) != 0)
		return true;
	how.from = walk->skipping ? &walk->after : NULL;
	walk->page.peer = peer;
	if (walk->page.narrow)
		page_containers(&walk->page, visit_container, walk);
	else
		walk_table(walk, peer, &how);
	walk->skipping = false;
	walk->after = (struct ip_prefix){0};
	if (how.ran_out) {
		walk->page.stopped = true;
		snprintf(query->reached, MODEL_REACHED, "%s %s", peer_name(peer),
			 ip_prefix_format(&how.reached, prefix));
	}
	return !walk->page.stopped;
}

struct peer_list {
	struct bgp_peer **peers;
	size_t count;
};

static bool
list_peer(void *context, struct bgp_peer *peer)
{
	struct peer_list *list = context;

	list->peers = memory_resize(list->peers, (list->count + 1) * sizeof(struct bgp_peer *));
	list->peers[list->count++] = peer;
	return true;
}

static uint64_t
count_rows(const struct peer_list *list, bool received)
{
	struct bgp_peer_status status;
	uint64_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		bgp_peer_status(list->peers[i], &status);
		count += received ? status.received : status.advertised;
	}
	return count;
}

static bool
provide_peer_table(struct gateway *gateway, const struct model_query *query, enum model_kind kind)
{
	struct peer_walk walk = {.received = kind == MODEL_KIND_RECEIVED};
	struct peer_list list = {0};

	if (!page_open(&walk.page, gateway, query, kind))
		return true;
	walk.skipping = split_key(query->after, walk.after_peer, sizeof(walk.after_peer), &walk.after);
	if (!walk.skipping)
		walk.after = (struct ip_prefix){0};
	bgp_walk_peers(gateway->bgp, list_peer, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (!visit_peer(&walk, list.peers[query->backwards ? list.count - 1 - i : i]))
			break;
	}
	if (query->total != NULL)
		*query->total = count_rows(&list, walk.received);
	free(list.peers);
	model_filter_free(walk.page.filter);
	return !walk.page.stopped;
}

static bool
provide_received(void *context, const struct model_query *query)
{
	return provide_peer_table(context, query, MODEL_KIND_RECEIVED);
}

static bool
provide_advertised(void *context, const struct model_query *query)
{
	return provide_peer_table(context, query, MODEL_KIND_ADVERTISED);
}

/* --- routes ------------------------------------------------------------------------------------ */

/*
 * Routes: all that any source offers for a prefix. BGP's paths and routing's candidates are two ordered
 * walks; they are merged prefix by prefix, so that a page costs no more than its rows. A prefix's candidate
 * comes before its paths (backwards, everything is the other way round). A query goes on after a row: in the
 * middle of a prefix's rows, its rows are passed over up to that one.
 */
struct route_merge {
	struct page page;
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
		return page_give(&merge->page, row);
	if (strcmp(model_row_key(merge->page.info, row, key, sizeof(key)), merge->skip) == 0)
		merge->skip = NULL;
	model_row_clear(merge->page.info->shape, row);
	return true;
}

static void
fill_route_candidate(struct gateway *gateway, struct model_route *row, const struct ip_prefix *prefix,
		     const struct routing_state *state)
{
	struct gateway_connection *connection = gateway_connection_of_group(gateway, state->candidate.group);
	struct failover_status status;
	char text[IP_PREFIX_TEXT];

	model_row_init(model_kind_info(MODEL_KIND_ROUTE)->shape, row);
	model_set(&row->prefix, ip_prefix_format(prefix, text));
	row->best = true;
	row->installed = state->installed;
	model_set(&row->source, state->best == ROUTING_CONNECTED ? "connected" : "static");
	model_set(&row->reason, state->reason);
	if (connection == NULL)
		return;
	model_set(&row->connection, connection->config->name);
	failover_status(connection->failover, &status);
	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if ((status.active & (1u << i)) != 0 && row->tunnel == NULL) {
			model_set(&row->tunnel, connection->tunnels[i].config->name);
			model_set(&row->next_hop, connection->tunnels[i].row.inside_remote);
		}
	}
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
	if (merge->skip == NULL && page_skip_unseen(&merge->page))
		return true;
	fill_route_candidate(merge->page.gateway, &row, prefix, state);
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

static void
fill_route_path(struct gateway *gateway, struct model_route *row, const struct bgp_path *path)
{
	struct gateway_tunnel *tunnel = gateway_tunnel_of_peer(gateway, path->peer);
	struct routing_state state;
	bool known = routing_lookup(gateway->routing, &path->prefix, &state);

	model_row_init(model_kind_info(MODEL_KIND_ROUTE)->shape, row);
	FILL_PATH(row, path);
	row->best = path->best && (!known || state.best == ROUTING_BGP || path->peer == NULL);
	row->installed = row->best && known && state.installed && state.best == ROUTING_BGP;
	model_set(&row->source, path->peer != NULL ? "bgp" : "connected");
	if (tunnel != NULL) {
		model_set(&row->connection, tunnel->connection->config->name);
		model_set(&row->tunnel, tunnel->config->name);
	}
	model_set(&row->reason, path->best && !row->best ? state.reason : path->reason);
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
	if (merge->skip == NULL && page_skip_unseen(&merge->page))
		return true;
	fill_route_path(merge->page.gateway, &row, path);
	return merge_give(merge, &row);
}

/* All rows of one prefix, where a query begins or `has:` leads to. */
static bool
visit_route_container(void *context, const struct ip_prefix *prefix)
{
	struct route_merge *merge = context;
	bool backwards = merge->page.query->backwards;
	struct bgp_walk how = {.from = prefix, .with = true, .backwards = backwards, .until = 1};
	int order = merge->last_set ? ip_prefix_compare(prefix, &merge->last) : 0;

	if (merge->last_set && (backwards ? order > 0 : order < 0))
		return true;
	if (merge->last_set && order == 0 && merge->skip == NULL)
		return true; /* it was gone through */
	merge->only = prefix;
	if (backwards || give_candidate_of(merge, prefix))
		bgp_walk_paths(merge->page.gateway->bgp, &how, visit_path, merge);
	merge->only = NULL;
	if (backwards && !merge->page.stopped)
		give_candidate_of(merge, prefix);
	return !merge->page.stopped;
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

static bool
provide_routes(void *context, const struct model_query *query)
{
	struct route_merge merge = {0};
	struct gateway *gateway = context;

	if (!page_open(&merge.page, gateway, query, MODEL_KIND_ROUTE))
		return true;
	merge_begin(&merge);
	if (merge.page.narrow)
		page_containers(&merge.page, visit_route_container, &merge);
	else
		merge_walk(&merge);
	if (query->total != NULL)
		*query->total = bgp_path_count(gateway->bgp) + routing_count_without_bgp(gateway->routing);
	model_filter_free(merge.page.filter);
	return !merge.page.stopped;
}

/* --- single changes for those who watch -------------------------------------------------------- */

void
gateway_on_received(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	struct gateway *gateway = context;
	struct model_received row;

	if (!model_store_paged_watched(gateway->store, MODEL_KIND_RECEIVED))
		return;
	fill_received(&row, peer, path);
	model_store_paged_changed(gateway->store, MODEL_KIND_RECEIVED, &row, gone);
	model_row_clear(model_kind_info(MODEL_KIND_RECEIVED)->shape, &row);
}

void
gateway_on_advertised(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	struct gateway *gateway = context;
	struct model_advertised row;

	if (!model_store_paged_watched(gateway->store, MODEL_KIND_ADVERTISED))
		return;
	fill_advertised(&row, peer, path);
	model_store_paged_changed(gateway->store, MODEL_KIND_ADVERTISED, &row, gone);
	model_row_clear(model_kind_info(MODEL_KIND_ADVERTISED)->shape, &row);
}

struct route_watch {
	struct gateway *gateway;
	bool any;
};

static void
tell_route(struct route_watch *watch, struct model_route *row)
{
	watch->any = true;
	model_store_paged_changed(watch->gateway->store, MODEL_KIND_ROUTE, row, false);
	model_row_clear(model_kind_info(MODEL_KIND_ROUTE)->shape, row);
}

static bool
tell_path(void *context, const struct bgp_path *path)
{
	struct route_watch *watch = context;
	struct model_route row;

	fill_route_path(watch->gateway, &row, path);
	tell_route(watch, &row);
	return true;
}

void
gateway_on_route(void *context, const struct ip_prefix *prefix)
{
	struct route_watch watch = {.gateway = context};
	struct gateway *gateway = context;
	struct routing_state state;
	struct model_route row;
	char text[IP_PREFIX_TEXT];

	if (gateway->stopping || gateway->bgp == NULL ||
	    !model_store_paged_watched(gateway->store, MODEL_KIND_ROUTE))
		return;
	bgp_walk_prefix(gateway->bgp, prefix, tell_path, &watch);
	if (routing_lookup(gateway->routing, prefix, &state) && state.best != ROUTING_BGP) {
		fill_route_candidate(gateway, &row, prefix, &state);
		tell_route(&watch, &row);
	}
	if (watch.any)
		return;
	model_row_init(model_kind_info(MODEL_KIND_ROUTE)->shape, &row);
	model_set(&row.prefix, ip_prefix_format(prefix, text));
	model_store_paged_changed(gateway->store, MODEL_KIND_ROUTE, &row, true);
	model_row_clear(model_kind_info(MODEL_KIND_ROUTE)->shape, &row);
}

/* BGP is silent about single rows until somebody watches them. */
static void
on_interest(void *context)
{
	struct gateway *gateway = context;

	if (gateway->bgp != NULL && !gateway->stopping)
		bgp_speaker_watch(gateway->bgp,
				  model_store_paged_watched(gateway->store, MODEL_KIND_RECEIVED),
				  model_store_paged_watched(gateway->store, MODEL_KIND_ADVERTISED));
}

void
gateway_tables_open(struct gateway *gateway)
{
	model_store_on_interest(gateway->store, on_interest, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ROUTE, provide_routes, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_RECEIVED, provide_received, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ADVERTISED, provide_advertised, gateway);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_ROUTE);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_RECEIVED);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_ADVERTISED);
}
