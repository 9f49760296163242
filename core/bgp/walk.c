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

#define LOOK_AT_CLOCK 64 /* prefixes from one look at the clock to the next */

static uint32_t
next_net(const struct trie *trie, struct trie_cursor *cursor, bool backwards)
{
	return backwards ? trie_previous(trie, cursor) : trie_next(trie, cursor);
}

/* Calls `each` for every prefix of the walk until it returns false. */
static void
walk_nets(struct walk *walk, struct bgp_walk *how, bool (*each)(struct walk *walk, const struct net *net))
{
	const struct rib *rib = &walk->speaker->rib;
	const uint8_t *address = NULL;
	struct trie_cursor cursor;
	struct ip_prefix from = {0};
	uint32_t index;
	unsigned passed = 0;
	struct bgp_walk whole = {0};

	how = how != NULL ? how : &whole;
	how->ran_out = false;
	if (how->from != NULL) {
		if (how->from->address.family != rib->family)
			return;
		from = ip_prefix_network(how->from);
		address = from.address.bytes;
		index = how->with ? trie_get(&rib->trie, address, from.length) : 0;
		if (index != 0 && !each(walk, rib_net(rib, index)))
			return;
	}
	if (how->backwards)
		trie_seek_back(&rib->trie, &cursor, address, from.length);
	else
		trie_seek(&rib->trie, &cursor, address, from.length);
	while ((index = next_net(&rib->trie, &cursor, how->backwards)) != 0) {
		if (!each(walk, rib_net(rib, index)))
			return;
		if (how->until != 0 && ++passed % LOOK_AT_CLOCK == 0 && clock_monotonic() >= how->until) {
			how->ran_out = true;
			how->reached = rib_prefix(rib, rib_net(rib, index));
			return;
		}
	}
}

static bool
show(struct walk *walk, const struct net *net, const struct path *path)
{
	char reason[200];
	struct bgp_path view = path_view(walk->speaker, net, path, reason, sizeof(reason));

	return walk->visit(walk->context, &view);
}

/* The best stands at the head of the list. */
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

/* From the list's tail to its head; the few paths of a prefix are not linked that way. */
static bool
each_path_back(struct walk *walk, const struct net *net)
{
	const struct rib *rib = &walk->speaker->rib;

	for (uint32_t last = 0, at; last != net->paths; last = at) {
		for (at = net->paths; rib_path(rib, at)->next != last;)
			at = rib_path(rib, at)->next;
		if (path_usable(rib, rib_path(rib, at)) && !show(walk, net, rib_path(rib, at)))
			return false;
	}
	return true;
}

void
bgp_walk_paths(struct bgp_speaker *speaker, struct bgp_walk *how,
	       bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = speaker, .visit = visit, .context = context};

	walk_nets(&walk, how, how != NULL && how->backwards ? each_path_back : each_path);
}

void
bgp_walk_prefix(struct bgp_speaker *speaker, const struct ip_prefix *prefix,
		bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = speaker, .visit = visit, .context = context};
	struct ip_prefix network = ip_prefix_network(prefix);
	uint32_t index;

	if (network.address.family != speaker->rib.family)
		return;
	index = trie_get(&speaker->rib.trie, network.address.bytes, network.length);
	if (index != 0)
		each_path(&walk, rib_net(&speaker->rib, index));
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
bgp_walk_received(struct bgp_peer *peer, struct bgp_walk *how,
		  bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker, .peer = peer, .visit = visit, .context = context};

	walk.left = rib_peer(&peer->speaker->rib, peer->index)->received;
	if (walk.left != 0)
		walk_nets(&walk, how, each_received);
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
bgp_walk_advertised(struct bgp_peer *peer, struct bgp_walk *how,
		    bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker, .peer = peer, .visit = visit, .context = context};

	if (peer->out == NULL || peer->out->count == 0)
		return;
	walk.left = peer->out->count;
	walk_nets(&walk, how, each_advertised);
}

uint64_t
bgp_path_count(const struct bgp_speaker *speaker)
{
	uint64_t count = 0;

	for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next)
		count += rib_peer(&speaker->rib, peer->index)->accepted;
	return count + rib_peer(&speaker->rib, RIB_LOCAL)->accepted;
}
