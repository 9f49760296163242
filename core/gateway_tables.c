// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The large tables: routes, received, advertised. Their rows stay where they are, in BGP and in routing; here
 * they are handed out one by one to those who watch changes. Page by page, in the order of their keys, they
 * are handed out by gateway_tables_peers.c and gateway_tables_routes.c.
 */
#include "core/gateway_tables_internal.h"
#include "core/gateway_bgp_internal.h"

void
gateway_on_received(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	struct gateway *gateway = context;
	struct model_received row;

	if (!model_store_paged_watched(gateway->store, MODEL_KIND_RECEIVED))
		return;
	gateway_fill_received(&row, peer, path);
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
	gateway_fill_advertised(&row, peer, path);
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

	gateway_fill_route_path(watch->gateway, &row, path);
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
		gateway_fill_route_candidate(gateway, &row, prefix, &state);
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

	if (gateway->bgp == NULL || gateway->stopping)
		return;
	bgp_speaker_watch(gateway->bgp, model_store_paged_watched(gateway->store, MODEL_KIND_RECEIVED),
			  model_store_paged_watched(gateway->store, MODEL_KIND_ADVERTISED));
	gateway_changes_interest(gateway);
}

void
gateway_tables_open(struct gateway *gateway)
{
	gateway_policy_open(gateway);
	gateway_changes_open(gateway);
	model_store_on_interest(gateway->store, on_interest, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ROUTE, gateway_provide_routes, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_RECEIVED, gateway_provide_received, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ADVERTISED, gateway_provide_advertised, gateway);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_ROUTE);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_RECEIVED);
	model_store_provider_goes_back(gateway->store, MODEL_KIND_ADVERTISED);
}
