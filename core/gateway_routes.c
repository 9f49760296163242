// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes: from the speaker's choice to routing's candidates, and the large tables (routes, received,
 * advertised) as pages of rows. BGP and routing don't know each other; they meet here.
 *
 * What a connection taught is protected while the connection is down: when BGP loses a prefix because the
 * sessions of its connection are gone, the prefix is offered as ROUTING_PROTECT and stays unreachable instead
 * of following a less specific route into the clear. It is let go when the connection has been back for a
 * while without it.
 */
#include "core/gateway_internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* How long a connection that came back may take to teach its prefixes again. */
#define SETTLE_TIME (30 * USEC_PER_SEC)
/* A tunnel that waits for its peer lets it open the BGP session as well: two that connect at once collide. */
#define LISTEN_FIRST_MS 10000

static struct gateway_connection *
connection_of_group(struct gateway *gateway, uint32_t group)
{
	return group != 0 && group <= gateway->connection_count ? &gateway->connections[group - 1] : NULL;
}

static struct gateway_tunnel *
tunnel_of_peer(struct gateway *gateway, const struct bgp_peer *peer)
{
	struct gateway_connection *connection =
	    peer != NULL ? connection_of_group(gateway, bgp_peer_group(peer)) : NULL;

	return connection != NULL ? &connection->tunnels[bgp_peer_member(peer)] : NULL;
}

/* --- from BGP to routing ----------------------------------------------------------------------- */

static bool
any_established(const struct gateway_connection *connection)
{
	struct bgp_peer_status status;

	for (unsigned i = 0; i < connection->tunnel_count; i++) {
		if (connection->tunnels[i].peer == NULL)
			continue;
		bgp_peer_status(connection->tunnels[i].peer, &status);
		if (status.state == BGP_ESTABLISHED)
			return true;
	}
	return false;
}

static void
hold(struct gateway_connection *connection, const struct ip_prefix *prefix)
{
	struct routing_candidate candidate = {.source = ROUTING_PROTECT, .group = connection->group};

	if (connection->held_count == connection->held_size) {
		connection->held_size = connection->held_size != 0 ? connection->held_size * 2 : 64;
		connection->held =
		    memory_resize(connection->held, connection->held_size * sizeof(*connection->held));
	}
	connection->held[connection->held_count++] = *prefix;
	routing_offer(connection->gateway->routing, prefix, &candidate);
}

static bool
is_configured_floor(const struct gateway_connection *connection, const struct ip_prefix *prefix)
{
	const struct config_prefixes *lists[] = {&connection->config->protect, &connection->config->routes};

	for (size_t k = 0; k < COUNT_OF(lists); k++) {
		for (size_t i = 0; i < lists[k]->count; i++) {
			if (ip_prefix_equal(&lists[k]->items[i], prefix))
				return true;
		}
	}
	return false;
}

static void
release_held(struct gateway_connection *connection)
{
	for (size_t i = 0; i < connection->held_count; i++) {
		if (!is_configured_floor(connection, &connection->held[i]))
			routing_withdraw(connection->gateway->routing, &connection->held[i], ROUTING_PROTECT);
	}
	connection->held_count = 0;
	connection->settled_at = 0;
}

void
gateway_routes_tick(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = &gateway->connections[i];

		if (connection->held_count == 0)
			continue;
		if (!any_established(connection))
			connection->settled_at = 0;
		else if (connection->settled_at == 0)
			connection->settled_at = clock_monotonic() + SETTLE_TIME;
		else if (clock_monotonic() >= connection->settled_at)
			release_held(connection);
	}
}

static void
on_route_changed(void *context, const struct bgp_change *change)
{
	struct gateway *gateway = context;
	struct gateway_connection *before = NULL, *after;
	struct routing_state state;

	if (routing_lookup(gateway->routing, &change->prefix, &state) && state.best == ROUTING_BGP)
		before = connection_of_group(gateway, state.candidate.group);
	after = connection_of_group(gateway, change->best != NULL ? change->group : 0);
	if (change->best == NULL || change->best->peer == NULL) {
		if (change->best == NULL && before != NULL && !gateway->stopping && !any_established(before))
			hold(before, &change->prefix);
		routing_withdraw(gateway->routing, &change->prefix, ROUTING_BGP);
	} else {
		struct routing_candidate candidate = {
		    .source = ROUTING_BGP,
		    .group = change->group,
		    .members = change->members,
		    .next_hop = change->best->next_hop,
		};

		routing_offer(gateway->routing, &change->prefix, &candidate);
	}
	if (before != after) {
		if (before != NULL && before->prefixes != 0)
			before->prefixes--;
		if (after != NULL)
			after->prefixes++;
	}
}

/* --- sessions as rows -------------------------------------------------------------------------- */

static void
publish_peer(struct gateway *gateway, struct bgp_peer *peer)
{
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_PEER);
	struct gateway_tunnel *tunnel = tunnel_of_peer(gateway, peer);
	struct bgp_peer_status status;
	struct model_peer row;
	char text[IP_ADDRESS_TEXT];

	bgp_peer_status(peer, &status);
	model_row_init(info->shape, &row);
	model_set(&row.name, status.name);
	model_set(&row.tunnel, tunnel != NULL ? tunnel->config->name : NULL);
	row.local_asn = status.local_asn;
	row.remote_asn = status.remote_asn;
	if (ip_address_is_set(&status.local))
		model_set(&row.local_address, ip_address_format(&status.local, text));
	model_set(&row.remote_address, ip_address_format(&status.remote, text));
	if (status.remote_router_id != 0) {
		struct ip_address id = ip_address_v4(status.remote_router_id);

		model_set(&row.remote_router_id, ip_address_format(&id, text));
	}
	model_set(&row.state, bgp_state_name(status.state));
	row.shut_down = status.shut_down;
	if (status.state == BGP_ESTABLISHED) {
		row.established_at = clock_wall_of(status.established_at) / 1000000 * 1000000;
		row.hold_seconds = status.hold_s;
		row.keepalive_seconds = status.keepalive_s;
	}
	row.received = status.received;
	row.accepted = status.accepted;
	row.advertised = status.advertised;
	row.local_preference = status.local_preference;
	row.med_out = status.med_out != UINT32_MAX ? status.med_out : MODEL_UINT_UNSET;
	for (size_t i = 0; i < status.capability_count; i++)
		text_list_add(&row.capabilities, status.capabilities[i]);
	row.messages_in = status.messages_in;
	row.messages_out = status.messages_out;
	row.flaps = status.flaps;
	if (status.last_error.set) {
		row.last_error.set = true;
		row.last_error.code = status.last_error.code;
		row.last_error.subcode = status.last_error.subcode;
		model_set(&row.last_error.direction, status.last_error.received ? "received" : "sent");
		model_set(&row.last_error.text, status.last_error.text);
		row.last_error.at = clock_wall_of(status.last_error.at) / 1000000 * 1000000;
	}
	model_store_put(gateway->store, MODEL_KIND_PEER, &row);
	model_row_clear(info->shape, &row);
}

static void
on_peer_changed(void *context, struct bgp_peer *peer)
{
	struct gateway *gateway = context;
	struct gateway_tunnel *tunnel = tunnel_of_peer(gateway, peer);
	struct bgp_peer_status status;

	if (gateway->stopping)
		return;
	publish_peer(gateway, peer);
	if (tunnel == NULL || tunnel->connection->failover == NULL)
		return;
	bgp_peer_status(peer, &status);
	if (status.state == BGP_ESTABLISHED)
		health_report(tunnel->health, HEALTH_BGP, HEALTH_OK, "BGP is Established");
	else if (status.flaps != 0)
		health_report(tunnel->health, HEALTH_BGP, HEALTH_FAILED,
			      status.last_error.set ? status.last_error.text : "BGP is not Established");
	gateway_tunnel_judge(tunnel, status.state == BGP_ESTABLISHED ? "BGP is Established"
				     : status.last_error.set         ? status.last_error.text
								     : "the BGP session went down");
	gateway_tunnel_publish(tunnel);
	gateway_connection_publish(tunnel->connection);
}

static void
on_peer_event(void *context, struct bgp_peer *peer, const char *severity, const char *kind, const char *text)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	gateway_event(context, severity, kind, status.name, "%s", text);
}

static void
on_med_changed(void *context, struct bgp_peer *peer, uint32_t lowest)
{
	struct gateway_tunnel *tunnel = tunnel_of_peer(context, peer);

	if (tunnel != NULL && tunnel->connection->failover != NULL)
		failover_member_med(tunnel->connection->failover, tunnel->member, lowest);
}

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
	struct gateway_connection *connection = connection_of_group(gateway, state->candidate.group);
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
	struct gateway_tunnel *tunnel = tunnel_of_peer(gateway, path->peer);
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

static void
on_received_changed(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
{
	struct gateway *gateway = context;
	struct model_received row;

	if (!model_store_paged_watched(gateway->store, MODEL_KIND_RECEIVED))
		return;
	fill_received(&row, peer, path);
	model_store_paged_changed(gateway->store, MODEL_KIND_RECEIVED, &row, gone);
	model_row_clear(model_kind_info(MODEL_KIND_RECEIVED)->shape, &row);
}

static void
on_advertised_changed(void *context, struct bgp_peer *peer, const struct bgp_path *path, bool gone)
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

/* --- opening ----------------------------------------------------------------------------------- */

bool
gateway_bgp_open(struct gateway *gateway, struct error *err)
{
	struct bgp_speaker_config config = {
	    .asn = gateway->config->asn,
	    .router_id = ip_address_to_v4(&gateway->config->router_id),
	    .events =
		{
		    .context = gateway,
		    .peer_changed = on_peer_changed,
		    .peer_event = on_peer_event,
		    .route_changed = on_route_changed,
		    .received_changed = on_received_changed,
		    .advertised_changed = on_advertised_changed,
		    .med_changed = on_med_changed,
		},
	};

	gateway->bgp = bgp_speaker_open(&gateway->loop, &config, err);
	return gateway->bgp != NULL;
}

static bool
tunnel_peer_add(struct gateway_tunnel *tunnel, struct error *err)
{
	const struct config_tunnel *config = tunnel->config;
	unsigned family = ip_address_is_set(&config->inside[0].address) ? 0 : 1;
	struct bgp_peer_config peer = {
	    .name = config->name,
	    .local = config->inside[family].address,
	    .remote = config->inside_remote[family],
	    .interface = tunnel->interface,
	    .local_asn = tunnel->gateway->config->asn,
	    .remote_asn = tunnel->connection->config->peer_asn,
	    .hold_s = config->bgp.hold_s,
	    .keepalive_s = config->bgp.keepalive_s,
	    .max_prefixes = config->bgp.max_prefixes,
	    .listen_first_ms = config->start == CONFIG_START_RESPOND ? LISTEN_FIRST_MS : 0,
	    .group = tunnel->connection->group,
	    .member = tunnel->member,
	    .export_networks = true,
	    .export_peers = true,
	    .export_groups = tunnel->gateway->config->role == CONFIG_ROLE_HUB,
	    .local_preference =
		tunnel->member == 0 ? FAILOVER_PREFERENCE_ACTIVE : FAILOVER_PREFERENCE_STANDBY,
	    .med_out = tunnel->member == 0 ? FAILOVER_MED_ACTIVE : FAILOVER_MED_STANDBY,
	};

	tunnel->peer = bgp_peer_add(tunnel->gateway->bgp, &peer, err);
	if (tunnel->peer == NULL)
		return error_prefix(err, "%s", config->name);
	publish_peer(tunnel->gateway, tunnel->peer);
	return true;
}

/* A session that rides no tunnel. */
static bool
peer_open(struct gateway *gateway, const struct config_peer *config, struct error *err)
{
	struct bgp_peer_config peer = {
	    .name = config->name,
	    .local = config->local,
	    .remote = config->remote,
	    .port = config->port,
	    .local_asn = gateway->config->asn,
	    .remote_asn = config->asn,
	    .hold_s = config->bgp.hold_s,
	    .keepalive_s = config->bgp.keepalive_s,
	    .max_prefixes = config->bgp.max_prefixes,
	    .passive = config->passive,
	    .export_networks = true,
	    .export_peers = true,
	    .export_groups = true,
	    .local_preference = 100,
	    .med_out = UINT32_MAX,
	};
	struct bgp_peer *added = bgp_peer_add(gateway->bgp, &peer, err);

	if (added == NULL)
		return error_prefix(err, "%s", config->name);
	publish_peer(gateway, added);
	bgp_peer_start(added);
	return true;
}

/* The prefixes that the configuration itself names: floors, static routes, this side's networks. */
static void
offer_configured(struct gateway *gateway)
{
	for (size_t i = 0; i < gateway->connection_count; i++) {
		struct gateway_connection *connection = &gateway->connections[i];
		const struct config_prefixes *lists[] = {&connection->config->protect,
							 &connection->config->routes};
		struct routing_candidate floor = {.source = ROUTING_PROTECT, .group = connection->group};
		struct routing_candidate way = {
		    .source = ROUTING_STATIC,
		    .group = connection->group,
		    .members = (1u << connection->tunnel_count) - 1,
		};

		for (size_t k = 0; k < COUNT_OF(lists); k++) {
			for (size_t n = 0; n < lists[k]->count; n++)
				routing_offer(gateway->routing, &lists[k]->items[n], &floor);
		}
		if (connection->config->routing != CONFIG_ROUTING_STATIC)
			continue;
		for (size_t n = 0; n < connection->config->routes.count; n++)
			routing_offer(gateway->routing, &connection->config->routes.items[n], &way);
	}
	for (size_t i = 0; i < gateway->config->networks.count; i++)
		bgp_network_add(gateway->bgp, &gateway->config->networks.items[i]);
}

bool
gateway_routes_open(struct gateway *gateway, struct error *err)
{
	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];

		if (ip_address_is_set(&tunnel->config->remote))
			routing_guard_add(gateway->routing, &tunnel->config->remote);
		if (tunnel->connection->config->routing == CONFIG_ROUTING_DYNAMIC &&
		    !tunnel_peer_add(tunnel, err))
			return false;
	}
	for (size_t i = 0; i < gateway->config->peer_count; i++) {
		if (!peer_open(gateway, &gateway->config->peers[i], err))
			return false;
	}
	offer_configured(gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ROUTE, provide_routes, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_RECEIVED, provide_received, gateway);
	model_store_set_provider(gateway->store, MODEL_KIND_ADVERTISED, provide_advertised, gateway);
	return true;
}
