// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes and their paths; see rib_internal.h. Every change of a path ends in a decision on its prefix;
 * where the outcome differs (best path, its attributes, which members of its group have one, or who stands in
 * for that group) the prefix is put into the queue of changes, once, however often it changes before somebody
 * looks. What concerns all paths of a peer is rib_rounds.c's.
 */
#include "core/bgp/rib_rounds_internal.h"

#include <string.h>

/* What a decision led to, to be compared with what the next one leads to. */
struct outcome {
	const struct bgp_attributes *attributes;
	uint32_t members, backup_group, backup_members;
	uint16_t peer;
};

void
rib_init(struct rib *rib, uint8_t family, struct attribute_table *attributes)
{
	*rib = (struct rib){
	    .family = family, .address_bytes = (uint8_t)ip_family_bytes(family), .attributes = attributes};
	rib->net_size = (uint32_t)sizeof(struct net) + rib->address_bytes;
	rib->net_count = rib->path_count = 1; /* 0 is "none" */
	rib->changes.listed = NET_LISTED;
	rib->path_changes.listed = NET_LISTED_PATHS;
	trie_init(&rib->trie);
	rib_peer_take(rib);
	rib_peer(rib, RIB_LOCAL)->local_preference = 100;
}

void
rib_free(struct rib *rib)
{
	for (uint32_t i = 1; i < rib->path_count; i++) {
		if (rib_path(rib, i)->peer != RIB_FREE)
			attributes_release(rib->attributes, rib_path(rib, i)->attributes);
		attributes_release(rib->attributes, rib_before(rib, i));
	}
	trie_free(&rib->trie);
	vector_free(&rib->nets);
	vector_free(&rib->paths);
	vector_free(&rib->before);
	vector_free(&rib->ids);
	vector_free(&rib->versions);
	vector_free(&rib->peers);
	vector_free(&rib->scratch);
	fifo_free(&rib->changed);
	changes_free(rib);
}

uint16_t
rib_peer_take(struct rib *rib)
{
	size_t count = rib->peers.bytes / sizeof(struct rib_peer), i = 0;

	while (i < count && rib_peer(rib, (uint16_t)i)->used)
		i++;
	if (i >= RIB_FREE)
		return RIB_FREE;
	vector_need(&rib->peers, (i + 1) * sizeof(struct rib_peer));
	*rib_peer(rib, (uint16_t)i) = (struct rib_peer){.used = true, .lowest_med = UINT32_MAX};
	return (uint16_t)i;
}

void
rib_peer_give(struct rib *rib, uint16_t peer)
{
	*rib_peer(rib, peer) = (struct rib_peer){0};
}

const struct path *
rib_best(const struct rib *rib, const struct net *net)
{
	const struct path *path;

	if (net->paths == 0)
		return NULL;
	path = rib_path(rib, net->paths);
	return path->flags & PATH_BEST && path_usable(rib, path) ? path : NULL;
}

struct ip_prefix
rib_prefix(const struct rib *rib, const struct net *net)
{
	struct ip_prefix out = {.address.family = rib->family, .length = net->length};

	memcpy(out.address.bytes, net->address, rib->address_bytes);
	return out;
}

uint32_t
rib_members(const struct rib *rib, const struct net *net, uint32_t *group)
{
	const struct path *best = rib_best(rib, net);
	uint32_t members = 0;

	*group = best != NULL ? rib_peer(rib, best->peer)->group : 0;
	if (*group == 0)
		return 0;
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path_usable(rib, path) && rib_peer(rib, path->peer)->group == *group)
			members |= 1u << (rib_peer(rib, path->peer)->member & 31);
	}
	return members;
}

uint32_t
rib_backup_members(const struct rib *rib, const struct net *net, uint32_t *group)
{
	uint32_t members = 0;

	*group = 0;
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (!(path->flags & PATH_BACKUP) || !path_usable(rib, path))
			continue;
		*group = rib_peer(rib, path->peer)->group;
		members |= 1u << (rib_peer(rib, path->peer)->member & 31);
	}
	return members;
}

/* The outcome of the last decision, whatever has become of the sessions since. */
static struct outcome
last_outcome(const struct rib *rib, const struct net *net)
{
	struct outcome out = {.peer = RIB_FREE};

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path->flags & PATH_BEST) {
			out.attributes = path->attributes;
			out.peer = path->peer;
		}
		if (path->flags & PATH_COUNTED)
			out.members |= 1u << (rib_peer(rib, path->peer)->member & 31);
		if (path->flags & PATH_BACKUP) {
			out.backup_group = rib_peer(rib, path->peer)->group;
			out.backup_members |= 1u << (rib_peer(rib, path->peer)->member & 31);
		}
	}
	return out;
}

static void
mark_changed(struct rib *rib, struct net *net, bool export)
{
	if (export)
		net->flags |= NET_EXPORT;
	if (net->flags & NET_CHANGED)
		return;
	net->flags |= NET_CHANGED;
	fifo_push(&rib->changed, rib_net_index(rib, net));
}

void
rib_mark_path(struct rib *rib, struct net *net, uint32_t at)
{
	if (rib->path_changes.cursors == NULL)
		return;
	vector_need(&rib->versions, ((size_t)at + 1) * sizeof(uint32_t));
	((uint32_t *)rib->versions.items)[at] = ++rib->version;
	net->flags |= NET_EXPORT_PATHS;
	mark_changed(rib, net, false);
}

/* Puts the best path first in the list. */
static void
move_to_head(struct rib *rib, struct net *net, uint32_t best)
{
	uint32_t before = net->paths;

	if (before == best)
		return;
	while (rib_path(rib, before)->next != best)
		before = rib_path(rib, before)->next;
	rib_path(rib, before)->next = rib_path(rib, best)->next;
	rib_path(rib, best)->next = net->paths;
	net->paths = best;
}

/* Chooses anew and marks the paths. Returns the outcome. */
static struct outcome
choose(struct rib *rib, struct net *net)
{
	struct outcome out = {.peer = RIB_FREE};
	uint32_t best = decision_best(rib, net), group = 0;

	if (best != 0) {
		move_to_head(rib, net, best);
		out.attributes = rib_path(rib, best)->attributes;
		out.peer = rib_path(rib, best)->peer;
		group = rib_peer(rib, out.peer)->group;
		out.backup_group = decision_backup_group(rib, net, group);
	}
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		struct path *path = rib_path(rib, at);
		const struct rib_peer *peer = rib_peer(rib, path->peer);
		bool counted = group != 0 && peer->group == group && path_usable(rib, path);

		bool backup =
		    out.backup_group != 0 && peer->group == out.backup_group && path_usable(rib, path);

		rib->looks++;
		path->flags = (uint8_t)((at == best ? PATH_BEST : 0u) | (counted ? PATH_COUNTED : 0u) |
					(backup ? PATH_BACKUP : 0u)) &
			      7;
		if (counted)
			out.members |= 1u << (peer->member & 31);
		if (backup)
			out.backup_members |= 1u << (peer->member & 31);
	}
	return out;
}

static struct outcome
decide(struct rib *rib, struct net *net, struct outcome before, bool force)
{
	struct outcome after = choose(rib, net);
	bool other = before.attributes != after.attributes || before.peer != after.peer;

	if (other || force || before.members != after.members || before.backup_group != after.backup_group ||
	    before.backup_members != after.backup_members)
		mark_changed(rib, net, other || (force && rib->tell_preferences));
	rib->chosen += (uint32_t)(after.peer != RIB_FREE) - (uint32_t)(before.peer != RIB_FREE);
	return after;
}

/* Of a path of `peer` that is new or another (NULL: it is gone). */
static void
note(struct rib *rib, const struct net *net, const struct path *path, uint16_t peer, uint32_t id,
     enum chronicle_cause cause, bool again, const struct outcome outcomes[2])
{
	struct chronicle_change change = {
	    .net = net,
	    .path = path,
	    .peer = peer,
	    .best = outcomes[1].peer,
	    .before = outcomes[0].peer,
	    .cause = cause,
	    .path_id = id,
	    .again = again,
	};

	if (rib->chronicle != NULL)
		chronicle_note(rib->chronicle, rib, &change);
}

void
rib_decide_again(struct rib *rib, uint32_t index, bool force, uint16_t peer, enum chronicle_cause cause)
{
	struct net *net = rib_net(rib, index);
	struct outcome outcomes[2] = {last_outcome(rib, net)};

	outcomes[1] = decide(rib, net, outcomes[0], force);
	if (outcomes[0].peer != outcomes[1].peer)
		note(rib, net, NULL, peer, 0, cause, true, outcomes);
}

const struct path *
rib_best_now(struct rib *rib, struct net *net)
{
	if (net->paths != 0 && rib_path(rib, net->paths)->flags & PATH_BEST && rib_best(rib, net) == NULL)
		rib_decide_again(rib, rib_net_index(rib, net), false, rib_path(rib, net->paths)->peer,
				 CHRONICLE_SESSION);
	return rib_best(rib, net);
}

static uint32_t
net_take(struct rib *rib, const uint8_t *address, uint8_t length)
{
	uint32_t index = rib->free_net;
	struct net *net;

	if (index != 0) {
		rib->free_net = rib_net(rib, index)->paths;
	} else {
		index = rib->net_count++;
		vector_need(&rib->nets, (size_t)rib->net_count * rib->net_size);
	}
	net = rib_net(rib, index);
	*net = (struct net){.length = length, .flags = NET_USED};
	memcpy(net->address, address, rib->address_bytes);
	return index;
}

void
rib_net_tidy(struct rib *rib, uint32_t index)
{
	struct net *net = rib_net(rib, index);

	if (net->paths != 0 || net->flags != NET_USED)
		return;
	trie_remove(&rib->trie, net->address, net->length);
	net->flags = 0;
	net->paths = rib->free_net;
	rib->free_net = index;
}

static uint32_t
path_take(struct rib *rib)
{
	uint32_t index = rib->free_path;

	rib->live_paths++;
	if (index != 0) {
		rib->free_path = rib_path(rib, index)->next;
		return index;
	}
	index = rib->path_count++;
	vector_need(&rib->paths, (size_t)rib->path_count * sizeof(struct path));
	return index;
}

/* Takes a reference to `before`. */
static void
set_before(struct rib *rib, uint32_t index, struct bgp_attributes *before)
{
	struct bgp_attributes *old = rib_before(rib, index);

	if (old == before)
		return;
	vector_need(&rib->before, ((size_t)index + 1) * sizeof(before));
	((struct bgp_attributes **)rib->before.items)[index] =
	    before != NULL ? attributes_hold(before) : NULL;
	attributes_release(rib->attributes, old);
}

static void
set_id(struct rib *rib, uint32_t index, uint32_t id)
{
	if (rib_path_id(rib, index) == id)
		return;
	vector_need(&rib->ids, ((size_t)index + 1) * sizeof(id));
	((uint32_t *)rib->ids.items)[index] = id;
}

static void
path_give(struct rib *rib, uint32_t index)
{
	struct path *path = rib_path(rib, index);

	set_before(rib, index, NULL);
	set_id(rib, index, 0);
	attributes_release(rib->attributes, path->attributes);
	*path = (struct path){.next = rib->free_path, .peer = RIB_FREE};
	rib->free_path = index;
	rib->live_paths--;
}

/* Counts a path that stands in (+1) or out (-1), and keeps the lowest MED. */
static void
count(struct rib *rib, const struct path *path, int sign)
{
	struct rib_peer *peer = rib_peer(rib, path->peer);

	if (!path_current(rib, path))
		return;
	peer->received += (uint64_t)(int64_t)sign;
	if (path->verdict != PATH_USABLE)
		return;
	peer->accepted += (uint64_t)(int64_t)sign;
	if (path->generation != peer->generation)
		peer->accepted_stale += (uint64_t)(int64_t)sign;
	if (path->attributes->community_flags & COMMUNITY_GRACEFUL_SHUTDOWN)
		peer->graceful += (uint64_t)(int64_t)sign;
	if (!(path->attributes->present & HAS_MED))
		return;
	if (sign > 0) {
		if (path->attributes->med < peer->lowest_med)
			peer->lowest_med = path->attributes->med;
		if (path->attributes->med < peer->scan_med)
			peer->scan_med = path->attributes->med;
	} else if (path->attributes->med == peer->lowest_med ||
		   (peer->med_scanning && path->attributes->med == peer->scan_med)) {
		peer->med_stale = true;
	}
}

void
rib_path_age(struct rib *rib, uint32_t index, uint8_t generation)
{
	struct path *path = rib_path(rib, index);
	struct rib_peer *peer = rib_peer(rib, path->peer);

	if (path->verdict == PATH_USABLE)
		peer->accepted_stale += (uint64_t)(generation != peer->generation) -
					(uint64_t)(path->generation != peer->generation);
	path->generation = generation;
}

/* Paths of one peer to a prefix. */
struct others {
	uint32_t fresh, all; /* of the present generation; of any */
};

/* Whether a peer has all the paths of a prefix that it may have. Those that it told before, and which wait to
 * be told again or to go, leave room for as many new ones: it may call them otherwise now. */
static bool
is_full(const struct others *others)
{
	return others->fresh >= RIB_PATHS_MOST || others->all >= 2 * RIB_PATHS_MOST;
}

/* The path that a peer told by an identifier, of any generation; 0: none. `link` is where it hangs: 0 for the
 * net itself. `others`: how many it has beside that. */
static uint32_t
path_of(const struct rib *rib, const struct net *net, uint16_t peer, uint32_t id, uint32_t *link,
	struct others *others)
{
	*link = 0;
	*others = (struct others){0};
	for (uint32_t at = net->paths; at != 0; *link = at, at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path->peer != peer)
			continue;
		if (rib_path_id(rib, at) == id)
			return at;
		others->all++;
		others->fresh += rib_path(rib, at)->generation == rib_peer(rib, peer)->generation;
	}
	return 0;
}

static void
tell_row(struct rib *rib, const struct net *net, const struct path *path, bool gone)
{
	if (rib->row_changed != NULL && path->peer != RIB_LOCAL)
		rib->row_changed(rib->context, rib, net, path, gone);
}

uint32_t
rib_announce(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length,
	     struct bgp_attributes *attributes, enum path_verdict verdict)
{
	struct nlri nlri = {.length = length};

	memcpy(nlri.address, address, rib->address_bytes);
	return rib_announce_path(rib, peer, &nlri, attributes, NULL, verdict);
}

uint32_t
rib_announce_path(struct rib *rib, uint16_t peer, const struct nlri *nlri, struct bgp_attributes *attributes,
		  struct bgp_attributes *before, enum path_verdict verdict)
{
	uint32_t *slot = trie_put(&rib->trie, nlri->address, nlri->length), at, link;
	struct others others;
	struct outcome outcomes[2] = {{.peer = RIB_FREE}};
	struct net *net;
	struct path *path;
	bool again = false;

	if (*slot == 0)
		*slot = net_take(rib, nlri->address, nlri->length);
	net = rib_net(rib, *slot);
	if (net->paths != 0)
		outcomes[0] = last_outcome(rib, net);
	at = path_of(rib, net, peer, nlri->path_id, &link, &others);
	if (at == 0) {
		if (is_full(&others))
			return 0;
		at = path_take(rib);
		set_id(rib, at, nlri->path_id);
		path = rib_path(rib, at);
		*path = (struct path){.net = rib_net_index(rib, net), .peer = peer, .next = net->paths};
		net->paths = at;
	} else {
		path = rib_path(rib, at);
		if (path_current(rib, path) && path->attributes == attributes && path->verdict == verdict &&
		    rib_before(rib, at) == before) {
			rib_path_age(rib, at, rib_peer(rib, peer)->generation);
			return at; /* said once more: nothing changed */
		}
		again = path_current(rib, path);
		count(rib, path, -1);
	}
	attributes_hold(attributes);
	attributes_release(rib->attributes, path->attributes);
	set_before(rib, at, before);
	path->attributes = attributes;
	path->generation = rib_peer(rib, peer)->generation;
	path->verdict = verdict;
	count(rib, path, 1);
	outcomes[1] = decide(rib, net, outcomes[0], false);
	note(rib, net, path, peer, nlri->path_id, CHRONICLE_ANNOUNCED, again, outcomes);
	rib_mark_path(rib, net, at);
	tell_row(rib, net, path, false);
	return at;
}

void
rib_path_remove(struct rib *rib, struct net *net, uint32_t at, uint32_t link, enum chronicle_cause cause)
{
	struct outcome outcomes[2] = {last_outcome(rib, net)};
	struct path *path = rib_path(rib, at);
	uint16_t peer = path->peer;
	uint32_t id = rib_path_id(rib, at);

	tell_row(rib, net, path, true);
	if (link == 0)
		net->paths = path->next;
	else
		rib_path(rib, link)->next = path->next;
	count(rib, path, -1);
	rib_mark_path(rib, net, at);
	path_give(rib, at);
	outcomes[1] = decide(rib, net, outcomes[0], false);
	note(rib, net, NULL, peer, id, cause, false, outcomes);
	rib_net_tidy(rib, rib_net_index(rib, net));
}

bool
rib_withdraw(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length)
{
	struct nlri nlri = {.length = length};

	memcpy(nlri.address, address, rib->address_bytes);
	return rib_withdraw_path(rib, peer, &nlri);
}

bool
rib_withdraw_path(struct rib *rib, uint16_t peer, const struct nlri *nlri)
{
	uint32_t index = trie_get(&rib->trie, nlri->address, nlri->length), at, link;
	struct others others;

	if (index == 0)
		return false;
	at = path_of(rib, rib_net(rib, index), peer, nlri->path_id, &link, &others);
	if (at == 0)
		return false;
	rib_path_remove(rib, rib_net(rib, index), at, link, CHRONICLE_WITHDRAWN);
	return true;
}
