// SPDX-License-Identifier: GPL-2.0-or-later
/* The large tables from inside: what their files share. From the outside they are
 * core/gateway_bgp_internal.h. */
#ifndef TWINSPAN_GATEWAY_TABLES_INTERNAL_H
#define TWINSPAN_GATEWAY_TABLES_INTERNAL_H

#include "core/gateway_internal.h"

/* --- gateway_tables_rows.c --------------------------------------------------------------------- */

/** Borrowed, as long as the peer is there. */
const char *gateway_peer_name(const struct bgp_peer *peer);
/** These fill a row, which is to be cleared. */
void gateway_fill_received(struct model_received *row, const struct bgp_peer *peer,
			   const struct bgp_path *path);
void gateway_fill_advertised(struct model_advertised *row, struct bgp_peer *peer,
			     const struct bgp_path *path);
/** Routing's own candidate for a prefix, and one of BGP's paths. */
void gateway_fill_route_candidate(struct gateway *gateway, struct model_route *row,
				  const struct ip_prefix *prefix, const struct routing_state *state);
void gateway_fill_route_path(struct gateway *gateway, struct model_route *row, const struct bgp_path *path);

/* --- gateway_tables_page.c --------------------------------------------------------------------- */

/*
 * One query: where it stands, and why it ended. Its time is looked at every few rows, whether they match or
 * not, so that a filter that matches little among a million never holds the loop.
 */
struct gateway_page {
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

/** Begins a page; its filter is to be freed. False: the filter can't be read, there are no rows. */
bool gateway_page_open(struct gateway_page *page, struct gateway *gateway, const struct model_query *query,
		       enum model_kind kind);
/**
 * Counts a row as one of those that are passed over without filling it, which is what takes time: any row
 * where there is no filter. False: it is to be filled; now and then one is all the same, and
 * gateway_page_give() sees to the clock.
 */
bool gateway_page_skip_unseen(struct gateway_page *page);
/** Gives a filled row to the reader if it matches; clears it. False when the reader has enough. */
bool gateway_page_give(struct gateway_page *page, void *row);
/** Calls `each` for all prefixes (129 at most) that contain what `has:` asks for, in the query's order. */
void gateway_page_containers(struct gateway_page *page,
			     bool (*each)(void *context, const struct ip_prefix *prefix), void *context);

/* --- gateway_tables_peers.c, gateway_tables_routes.c ------------------------------------------- */

/** Providers of the model's store (model_store_set_provider); `context` is the gateway. */
bool gateway_provide_received(void *context, const struct model_query *query);
bool gateway_provide_advertised(void *context, const struct model_query *query);
bool gateway_provide_routes(void *context, const struct model_query *query);

#endif
