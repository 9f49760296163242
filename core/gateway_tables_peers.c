// SPDX-License-Identifier: GPL-2.0-or-later
/* Received and advertised: the tables of the peers, one after the other, each in the order of prefixes. */
#include "core/gateway_tables_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct peer_walk {
	struct gateway_page page;
	bool received, skipping;
	char after_peer[128];
	struct ip_prefix after;
	/* The query goes on within the paths of `after`, behind the one with this identifier. */
	bool within, with; /* with: of that prefix's paths at all */
	uint32_t after_id;
	bool found;                   /* that one is there */
	const struct ip_prefix *only; /* of the peer's rows just this prefix's */
};

/* Whether a path was given by the query before. */
static bool
is_behind(struct peer_walk *walk, const struct bgp_path *path)
{
	if (!walk->within)
		return false;
	walk->within = ip_prefix_equal(&path->prefix, &walk->after);
	if (!walk->within)
		return false;
	walk->within = path->path_id != walk->after_id;
	return true;
}

static bool
visit_received(void *context, const struct bgp_path *path)
{
	struct peer_walk *walk = context;
	struct model_received row;

	if (walk->only != NULL && !ip_prefix_equal(walk->only, &path->prefix))
		return false;
	if (is_behind(walk, path) || gateway_page_skip_unseen(&walk->page))
		return true;
	gateway_fill_received(&row, walk->page.peer, path);
	return gateway_page_give(&walk->page, &row);
}

static bool
visit_advertised(void *context, const struct bgp_path *path)
{
	struct peer_walk *walk = context;
	struct model_advertised row;

	if (walk->only != NULL && !ip_prefix_equal(walk->only, &path->prefix))
		return false;
	if (is_behind(walk, path) || gateway_page_skip_unseen(&walk->page))
		return true;
	gateway_fill_advertised(&row, walk->page.peer, path);
	return gateway_page_give(&walk->page, &row);
}

/* Splits "peer prefix id" of the received and advertised kinds: "-" is no identifier; without one it is
 * beyond the prefix. */
static bool
split_key(const char *after, struct peer_walk *walk)
{
	char rest[IP_PREFIX_TEXT + 16], *id;
	size_t length = after != NULL ? strcspn(after, " ") : 0;
	uint64_t number;

	if (length == 0 || length >= sizeof(walk->after_peer) || after[length] == '\0')
		return false;
	memcpy(walk->after_peer, after, length);
	walk->after_peer[length] = '\0';
	snprintf(rest, sizeof(rest), "%s", after + length + 1);
	id = strchr(rest, ' ');
	if (id != NULL)
		*id++ = '\0';
	walk->within = id != NULL && text_parse_number(id, UINT32_MAX, &number);
	walk->after_id = walk->within ? (uint32_t)number : 0;
	return ip_prefix_parse(rest, &walk->after);
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
find_row(void *context, const struct bgp_path *path)
{
	struct peer_walk *walk = context;

	if (!ip_prefix_equal(&path->prefix, &walk->after))
		return false;
	walk->found = path->path_id == walk->after_id;
	return !walk->found;
}

/* Whether the row that the query goes on behind is there. */
static bool
still_there(struct peer_walk *walk, struct bgp_peer *peer)
{
	struct bgp_walk how = {.from = &walk->after, .with = true, .until = 1};

	walk->found = false;
	if (walk->received)
		bgp_walk_received(peer, &how, find_row, walk);
	else
		bgp_walk_advertised(peer, &how, find_row, walk);
	return walk->found;
}

static bool
visit_container(void *context, const struct ip_prefix *prefix)
{
	struct peer_walk *walk = context;
	/* a time in the past: it stops soon where the peer has nothing there */
	struct bgp_walk how = {.from = prefix, .with = true, .until = 1};
	int order = walk->after.address.family != 0 ? ip_prefix_compare(prefix, &walk->after) : 0;

	if (walk->after.address.family == 0 || (walk->page.query->backwards ? order < 0 : order > 0) ||
	    (order == 0 && walk->with)) {
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

	if (walk->skipping && strcmp(gateway_peer_name(peer), walk->after_peer) != 0)
		return true;
	how.from = walk->skipping ? &walk->after : NULL;
	/* Where that row is gone its prefix is given once more: no other row of it may be missing. */
	how.with = walk->with = walk->within;
	walk->within = walk->within && still_there(walk, peer);
	walk->page.peer = peer;
	if (walk->page.narrow)
		gateway_page_containers(&walk->page, visit_container, walk);
	else
		walk_table(walk, peer, &how);
	walk->skipping = false;
	walk->after = (struct ip_prefix){0};
	walk->within = false;
	if (how.ran_out) {
		walk->page.stopped = true;
		snprintf(query->reached, MODEL_REACHED, "%s %s", gateway_peer_name(peer),
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

	if (!gateway_page_open(&walk.page, gateway, query, kind))
		return true;
	walk.skipping = split_key(query->after, &walk);
	if (!walk.skipping) {
		walk.after = (struct ip_prefix){0};
		walk.within = false;
	}
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

bool
gateway_provide_received(void *context, const struct model_query *query)
{
	return provide_peer_table(context, query, MODEL_KIND_RECEIVED);
}

bool
gateway_provide_advertised(void *context, const struct model_query *query)
{
	return provide_peer_table(context, query, MODEL_KIND_ADVERTISED);
}
