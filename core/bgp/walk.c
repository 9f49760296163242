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
	struct rib *rib; /* where it is */
	bool backwards;  /* within a prefix, too */
	uint64_t left;   /* rows of the peer that were not met yet: none left ends the walk early */
	bool (*visit)(void *context, const struct bgp_path *path);
	bool (*each_net)(void *context, struct rib *rib, const struct net *net); /* of speaker_walk_nets */
	void *context;
};

#define LOOK_AT_CLOCK 64 /* prefixes from one look at the clock to the next */

static uint32_t
next_net(const struct trie *trie, struct trie_cursor *cursor, bool backwards)
{
	return backwards ? trie_previous(trie, cursor) : trie_next(trie, cursor);
}

/* Calls `each` for every prefix of one family until it returns false, or the time is up. `from` may be NULL.
 * Returns whether the walk goes on with the next family. */
static bool
walk_family(struct walk *walk, struct bgp_walk *how, const struct ip_prefix *from_prefix,
	    bool (*each)(struct walk *walk, const struct net *net))
{
	const struct rib *rib = walk->rib;
	const uint8_t *address = NULL;
	struct trie_cursor cursor;
	struct ip_prefix from = {0};
	uint32_t index;
	unsigned passed = 0;

	if (from_prefix != NULL) {
		from = ip_prefix_network(from_prefix);
		address = from.address.bytes;
		index = how->with ? trie_get(&rib->trie, address, from.length) : 0;
		if (index != 0 && !each(walk, rib_net(rib, index)))
			return false;
	}
	if (how->backwards)
		trie_seek_back(&rib->trie, &cursor, address, from.length);
	else
		trie_seek(&rib->trie, &cursor, address, from.length);
	while ((index = next_net(&rib->trie, &cursor, how->backwards)) != 0) {
		if (!each(walk, rib_net(rib, index)))
			return false;
		if (how->until != 0 && ++passed % LOOK_AT_CLOCK == 0 && clock_monotonic() >= how->until) {
			how->ran_out = true;
			how->reached = rib_prefix(rib, rib_net(rib, index));
			return false;
		}
	}
	return true;
}

/* The families in their order: IPv4's prefixes stand before IPv6's. True: it came to the end. */
static bool
walk_nets(struct walk *walk, struct bgp_walk *how, bool (*each)(struct walk *walk, const struct net *net))
{
	struct bgp_walk whole = {0};
	const struct rib *first;

	how = how != NULL ? how : &whole;
	how->ran_out = false;
	first = how->from != NULL ? speaker_rib(walk->speaker, how->from->address.family) : NULL;
	if (how->from != NULL && first == NULL)
		return true;
	for (unsigned i = 0; i < BGP_FAMILY_COUNT; i++) {
		walk->rib = &walk->speaker->ribs[how->backwards ? BGP_FAMILY_COUNT - 1 - i : i];
		if (first != NULL && walk->rib != first)
			continue;
		if (!walk_family(walk, how, first != NULL ? how->from : NULL, each))
			return false;
		first = NULL;
	}
	return true;
}

static bool
each_net(struct walk *walk, const struct net *net)
{
	return walk->each_net(walk->context, walk->rib, net);
}

bool
speaker_walk_nets(struct bgp_speaker *speaker, struct bgp_walk *how,
		  bool (*each)(void *context, struct rib *rib, const struct net *net), void *context)
{
	struct walk walk = {.speaker = speaker, .each_net = each, .context = context};

	return walk_nets(&walk, how, each_net);
}

static bool
show(struct walk *walk, const struct net *net, const struct path *path)
{
	char reason[200];
	struct bgp_path view = path_view(walk->speaker, walk->rib, net, path, reason, sizeof(reason));

	return walk->visit(walk->context, &view);
}

/* The best stands at the head of the list. */
static bool
each_path(struct walk *walk, const struct net *net)
{
	const struct rib *rib = walk->rib;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		if (path_usable(rib, rib_path(rib, at)) && !show(walk, net, rib_path(rib, at)))
			return false;
	}
	return true;
}

/* From the list's tail to its head: the one before `last` (0: the last one); the few paths of a prefix are
 * not linked that way. */
static uint32_t
path_before(const struct rib *rib, const struct net *net, uint32_t last)
{
	uint32_t at = net->paths;

	while (rib_path(rib, at)->next != last)
		at = rib_path(rib, at)->next;
	return at;
}

static bool
each_path_back(struct walk *walk, const struct net *net)
{
	const struct rib *rib = walk->rib;

	for (uint32_t last = 0, at; last != net->paths; last = at) {
		at = path_before(rib, net, last);
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

	walk.rib = speaker_rib(speaker, network.address.family);
	if (walk.rib == NULL)
		return;
	index = trie_get(&walk.rib->trie, network.address.bytes, network.length);
	if (index != 0)
		each_path(&walk, rib_net(walk.rib, index));
}

/* What is only made up for some peers is not among those that are not accepted. */
static bool
is_listed(const struct rib *rib, const struct path *path, bool accepted)
{
	return accepted ? path_usable(rib, path)
			: path_current(rib, path) && path->verdict != PATH_USABLE && path->peer != RIB_LOCAL;
}

size_t
bgp_walk_prefix_all(struct bgp_speaker *speaker, const struct ip_prefix *prefix, size_t most,
		    void (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct rib *rib = speaker_rib(speaker, prefix->address.family);
	struct ip_prefix network = ip_prefix_network(prefix);
	uint32_t index = rib != NULL ? trie_get(&rib->trie, network.address.bytes, network.length) : 0;
	size_t count = 0;

	for (unsigned pass = 0; index != 0 && pass < 2; pass++) {
		const struct net *net = rib_net(rib, index);

		for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
			const struct path *path = rib_path(rib, at);
			char reason[200];
			struct bgp_path view;

			if (!is_listed(rib, path, pass == 0) || ++count > most)
				continue;
			view = path_view(speaker, rib, net, path, reason, sizeof(reason));
			visit(context, &view);
		}
	}
	return count > most ? count - most : 0;
}

/* A path, if it is the peer's. */
static bool
show_received(struct walk *walk, const struct net *net, const struct path *path)
{
	if (path->peer != walk->peer->index || !path_current(walk->rib, path))
		return true;
	walk->left--;
	return show(walk, net, path) && walk->left != 0;
}

static bool
each_received(struct walk *walk, const struct net *net)
{
	const struct rib *rib = walk->rib;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		if (!show_received(walk, net, rib_path(rib, at)))
			return false;
	}
	return true;
}

static bool
each_received_back(struct walk *walk, const struct net *net)
{
	for (uint32_t last = 0, at; last != net->paths; last = at) {
		at = path_before(walk->rib, net, last);
		if (!show_received(walk, net, rib_path(walk->rib, at)))
			return false;
	}
	return true;
}

void
bgp_walk_received(struct bgp_peer *peer, struct bgp_walk *how,
		  bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker, .peer = peer, .visit = visit, .context = context};

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		walk.left += peer_known(peer, f)->received;
	if (walk.left != 0)
		walk_nets(&walk, how, how != NULL && how->backwards ? each_received_back : each_received);
}

/* `path` NULL: its withdrawal is on the way. */
static bool
show_advertised(struct walk *walk, const struct net *net, const struct path *path)
{
	struct bgp_attributes *attributes;
	struct bgp_path view;
	bool go_on;

	walk->left--;
	if (path == NULL)
		return walk->left != 0;
	view = export_view(walk->peer, walk->rib, net, path, &attributes);
	go_on = attributes == NULL || walk->visit(walk->context, &view);
	free(attributes);
	return go_on && walk->left != 0;
}

static bool
each_advertised(struct walk *walk, const struct net *net)
{
	const struct rib *rib = walk->rib;
	const struct adj_out *out = walk->peer->out[rib_family(rib)];
	uint32_t index = rib_net_index(rib, net), place = 0, id;

	if (out == NULL)
		return true;
	if (out->paths == NULL)
		return !bits_get(&out->advertised, index) ||
		       show_advertised(walk, net, export_path(walk->peer, rib, net, rib_best(rib, net)));
	while ((id = (walk->backwards ? adj_paths_previous : adj_paths_next)(out->paths, index, &place)) !=
	       0) {
		if (!show_advertised(walk, net, adj_paths_path(walk->peer, rib, net, id)))
			return false;
	}
	return true;
}

void
bgp_walk_advertised(struct bgp_peer *peer, struct bgp_walk *how,
		    bool (*visit)(void *context, const struct bgp_path *path), void *context)
{
	struct walk walk = {.speaker = peer->speaker,
			    .peer = peer,
			    .visit = visit,
			    .context = context,
			    .backwards = how != NULL && how->backwards};

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		walk.left += peer->out[f] != NULL ? peer->out[f]->count : 0;
	if (walk.left != 0)
		walk_nets(&walk, how, each_advertised);
}

uint64_t
bgp_path_count(const struct bgp_speaker *speaker)
{
	uint64_t count = 0;

	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		for (const struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next)
			count += peer_known(peer, f)->accepted;
		count += rib_peer(&speaker->ribs[f], RIB_LOCAL)->accepted;
	}
	return count;
}
