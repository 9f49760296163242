// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks over what the speaker knows, in prefix order; a caller that shows a page of it begins after the last
 * one. */
#include "core/bgp/speaker_internal.h"

#include <stdlib.h>
#include <string.h>

/* Whom a walk is about, and who is told. */
struct walk {
	struct bgp_speaker *speaker;
	struct bgp_peer *peer;
	uint64_t left; /* rows of the peer that were not met yet: none left ends the walk early */
	bool (*visit)(void *context, const struct bgp_path *path);
	void *context;
};

/* Calls `each` for every prefix after `after` until it returns false. */
static void
walk_nets(struct walk *walk, const struct ip_prefix *after,
	  bool (*each)(struct walk *walk, const struct net *net))
{
	const struct rib *rib = &walk->speaker->rib;
	struct trie_cursor cursor;
	struct ip_prefix from = {0};
	uint32_t index;

	if (after != NULL) {
		if (after->address.family != rib->family)
			return;
		from = ip_prefix_network(after);
	}
	trie_seek(&rib->trie, &cursor, after != NULL ? from.address.bytes : NULL, from.length);
	while ((index = trie_next(&rib->trie, &cursor)) != 0) {
		if (!each(walk, rib_net(rib, index)))
			return;
	}
}

static bool
show(struct walk *walk, const struct net *net, const struct path *path)
{
	char reason[200];
	struct bgp_path view = path_view(walk->speaker, net, path, reason, sizeof(reason));

	return walk->visit(walk->context, &view);
}

/* The best first: it stands at the head of the list. */
static bool
each_path(struct walk *walk, const struct net *net)
{
	const struct rib *rib = &walk->speaker->rib;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		if (path_usable(rib, rib_path(rib, at)) && !show(walk, net, rib_path(rib, at)))
			return false;
	}
	return true;
}

void
bgp_walk_paths(struct bgp_speaker *speaker, const struct ip_prefix *after,
	       bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = speaker, .visit = visit, .context = context};

	walk_nets(&walk, after, each_path);
}

static bool
each_received(struct walk *walk, const struct net *net)
{
	const struct rib *rib = &walk->speaker->rib;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path->peer != walk->peer->index || !path_current(rib, path))
			continue;
		walk->left--;
		return show(walk, net, path) && walk->left != 0;
	}
	return true;
}

void
bgp_walk_received(struct bgp_peer *peer, const struct ip_prefix *after,
		  bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker, .peer = peer, .visit = visit, .context = context};

	walk.left = rib_peer(&peer->speaker->rib, peer->index)->received;
	if (walk.left != 0)
		walk_nets(&walk, after, each_received);
}

static bool
each_advertised(struct walk *walk, const struct net *net)
{
	const struct rib *rib = &walk->speaker->rib;
	const struct path *best;
	struct bgp_attributes *attributes;
	struct bgp_path view;
	bool go_on;

	if (!bits_get(&walk->peer->out->advertised, rib_net_index(rib, net)))
		return true;
	walk->left--;
	best = rib_best(rib, net);
	if (best == NULL || !export_allowed(walk->peer, best))
		return walk->left != 0; /* its withdrawal is on the way */
	view = export_view(walk->peer, net, best, &attributes);
	go_on = attributes == NULL || walk->visit(walk->context, &view);
	free(attributes);
	return go_on && walk->left != 0;
}

void
bgp_walk_advertised(struct bgp_peer *peer, const struct ip_prefix *after,
		    bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker, .peer = peer, .visit = visit, .context = context};

	if (peer->out == NULL || peer->out->count == 0)
		return;
	walk.left = peer->out->count;
	walk_nets(&walk, after, each_advertised);
}
