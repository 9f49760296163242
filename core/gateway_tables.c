// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The large tables: routes, received, advertised. Their rows stay where they are, in BGP and in routing; here
 * they are handed out page by page, in the order of their keys, and one by one to those who watch changes.
 */
#include "core/gateway_internal.h"

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

/* One query over the peers in order: where it stands and whether the reader has enough. */
struct page {
	struct gateway *gateway;
	const struct model_query *query;
	const struct model_kind_info *info;
	struct model_filter *filter;
	const struct bgp_peer *peer; /* whose table is walked */
	size_t given;
	bool stopped;
};

/* Gives a filled row to the reader if it matches; clears it. False when the reader has enough. */
static bool
page_give(struct page *page, void *row)
{
	bool more = true;

	if (page->filter == NULL || model_filter_match(page->filter, page->info->shape, row)) {
		more = page->query->row(page->query->context, row) && ++page->given < page->query->limit;
		page->stopped = !more;
	}
	model_row_clear(page->info->shape, row);
	return more;
}

static bool
visit_received(void *context, const struct bgp_path *path)
{
	struct page *page = context;
	struct model_received row;

	fill_received(&row, page->peer, path);
	return page_give(page, &row);
}

static bool
visit_advertised(void *context, const struct bgp_path *path)
{
	struct page *page = context;
	struct model_advertised row;

	fill_advertised(&row, page->peer, path);
	return page_give(page, &row);
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

struct peer_walk {
	struct page *page;
	bool received, skipping;
	char after_peer[128];
	struct ip_prefix after;
};

static bool
visit_peer(void *context, struct bgp_peer *peer)
{
	struct peer_walk *walk = context;
	const struct ip_prefix *after = NULL;

	if (walk->skipping) {
		if (strcmp(peer_name(peer), walk->after_peer) != 0)
			return true;
		walk->skipping = false;
		after = &walk->after;
	}
	walk->page->peer = peer;
	if (walk->received)
		bgp_walk_received(peer, after, visit_received, walk->page);
	else
		bgp_walk_advertised(peer, after, visit_advertised, walk->page);
	return !walk->page->stopped;
}

static bool
page_open(struct page *page, struct gateway *gateway, const struct model_query *query, enum model_kind kind)
{
	*page = (struct page){.gateway = gateway, .query = query, .info = model_kind_info(kind)};
	if (query->filter == NULL || query->filter[0] == '\0')
		return true;
	page->filter = model_filter_parse(query->filter, NULL);
	return page->filter != NULL;
}

static bool
provide_peer_table(struct gateway *gateway, const struct model_query *query, enum model_kind kind)
{
	struct page page;
	struct peer_walk walk = {.page = &page, .received = kind == MODEL_KIND_RECEIVED};

	if (!page_open(&page, gateway, query, kind))
		return true;
	walk.skipping = split_key(query->after, walk.after_peer, sizeof(walk.after_peer), &walk.after);
	bgp_walk_peers(gateway->bgp, visit_peer, &walk);
	model_filter_free(page.filter);
	return !page.stopped;
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

/*
 * Routes: all that any source offers for a prefix. BGP's paths and routing's candidates are two ordered
 * walks; they are merged prefix by prefix, so that a page costs no more than its rows.
 */
struct route_merge {
	struct page page;
	struct ip_prefix last; /* prefix up to which routing's walk was given */
	bool last_set;
	const struct ip_prefix *limit; /* routing's walk stops here: BGP comes next */
};

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
	struct model_route row;

	if (merge->limit != NULL && ip_prefix_compare(prefix, merge->limit) > 0)
		return false;
	merge->last = *prefix;
	merge->last_set = true;
	if (state->best == ROUTING_BGP)
		return true; /* BGP's own walk has it, with its attributes */
	fill_route_candidate(merge->page.gateway, &row, prefix, state);
	return page_give(&merge->page, &row);
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
	if (limit != NULL) {
		merge->last = *limit;
		merge->last_set = true;
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

	if (!give_candidates(merge, &path->prefix))
		return false;
	fill_route_path(merge->page.gateway, &row, path);
	return page_give(&merge->page, &row);
}

static bool
provide_routes(void *context, const struct model_query *query)
{
	struct route_merge merge = {0};
	struct ip_prefix after;
	char head[IP_PREFIX_TEXT];
	const struct ip_prefix *from = NULL;

	if (!page_open(&merge.page, context, query, MODEL_KIND_ROUTE))
		return true;
	if (query->after != NULL) {
		size_t length = strcspn(query->after, " ");

		if (length < sizeof(head)) {
			memcpy(head, query->after, length);
			head[length] = '\0';
			if (ip_prefix_parse(head, &after)) {
				from = &after;
				merge.last = after;
				merge.last_set = true;
			}
		}
	}
	bgp_walk_paths(merge.page.gateway->bgp, from, visit_path, &merge);
	if (!merge.page.stopped)
		give_candidates(&merge, NULL);
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
}
