// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prefixes and their paths; see rib_internal.h. Every change of a path ends in a decision on its prefix;
 * where the outcome differs (best path, its attributes, which members of its group have one, or who stands in
 * for that group) the prefix is put into the queue of changes, once, however often it changes before somebody
 * looks.
 */
#include "core/bgp/rib_internal.h"

#include <string.h>

#include "core/base/clock.h"

#define ROUND_STEP 256                /* paths looked at between two looks at the clock */
#define MED_PAUSE (100 * USEC_PER_MS) /* between two searches for the lowest MEDs in a large table */

/* What a decision led to, to be compared with what the next one leads to. */
struct outcome {
	const struct bgp_attributes *attributes;
	uint32_t members, backup_group, backup_members;
	uint16_t peer;
};

void
rib_init(struct rib *rib, uint8_t family)
{
	*rib = (struct rib){.family = family, .address_bytes = (uint8_t)ip_family_bytes(family)};
	rib->net_size = (uint32_t)sizeof(struct net) + rib->address_bytes;
	rib->net_count = rib->path_count = 1; /* 0 is "none" */
	trie_init(&rib->trie);
	attribute_table_init(&rib->attributes);
	rib_peer_take(rib);
	rib_peer(rib, RIB_LOCAL)->local_preference = 100;
}

void
rib_free(struct rib *rib)
{
	for (uint32_t i = 1; i < rib->path_count; i++) {
		if (rib_path(rib, i)->peer != RIB_FREE)
			attributes_release(&rib->attributes, rib_path(rib, i)->attributes);
	}
	attribute_table_free(&rib->attributes);
	trie_free(&rib->trie);
	vector_free(&rib->nets);
	vector_free(&rib->paths);
	vector_free(&rib->peers);
	vector_free(&rib->scratch);
	fifo_free(&rib->changed);
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

static void
decide(struct rib *rib, struct net *net, struct outcome before, bool force)
{
	struct outcome after = choose(rib, net);
	bool other = before.attributes != after.attributes || before.peer != after.peer;

	if (other || force || before.members != after.members || before.backup_group != after.backup_group ||
	    before.backup_members != after.backup_members)
		mark_changed(rib, net, other || (force && rib->tell_preferences));
}

void
rib_decide(struct rib *rib, uint32_t index, bool force)
{
	struct net *net = rib_net(rib, index);

	decide(rib, net, last_outcome(rib, net), force);
}

const struct path *
rib_best_now(struct rib *rib, struct net *net)
{
	if (net->paths != 0 && rib_path(rib, net->paths)->flags & PATH_BEST && rib_best(rib, net) == NULL)
		rib_decide(rib, rib_net_index(rib, net), false);
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

	if (net->paths != 0 || net->queued != 0 || net->flags != NET_USED)
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

static void
path_give(struct rib *rib, uint32_t index)
{
	struct path *path = rib_path(rib, index);

	attributes_release(&rib->attributes, path->attributes);
	*path = (struct path){.next = rib->free_path, .peer = RIB_FREE};
	rib->free_path = index;
	rib->live_paths--;
}

/* Counts a path of the present generation in (+1) or out (-1), and keeps the lowest MED. */
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

/* The path of a peer to a prefix, of any generation; 0: none. `link` is where it hangs: 0 for the net itself.
 */
static uint32_t
path_of(const struct rib *rib, const struct net *net, uint16_t peer, uint32_t *link)
{
	*link = 0;
	for (uint32_t at = net->paths; at != 0; *link = at, at = rib_path(rib, at)->next) {
		if (rib_path(rib, at)->peer == peer)
			return at;
	}
	return 0;
}

static void
tell_row(struct rib *rib, const struct net *net, const struct path *path, bool gone)
{
	if (rib->row_changed != NULL && path->peer != RIB_LOCAL)
		rib->row_changed(rib->context, net, path, gone);
}

uint32_t
rib_announce(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length,
	     struct bgp_attributes *attributes, enum path_verdict verdict)
{
	uint32_t *slot = trie_put(&rib->trie, address, length), at, link;
	struct outcome before = {.peer = RIB_FREE};
	struct net *net;
	struct path *path;

	if (*slot == 0)
		*slot = net_take(rib, address, length);
	net = rib_net(rib, *slot);
	if (net->paths != 0)
		before = last_outcome(rib, net);
	at = path_of(rib, net, peer, &link);
	if (at == 0) {
		at = path_take(rib);
		path = rib_path(rib, at);
		*path = (struct path){.net = rib_net_index(rib, net), .peer = peer, .next = net->paths};
		net->paths = at;
	} else {
		path = rib_path(rib, at);
		if (path_current(rib, path) && path->attributes == attributes && path->verdict == verdict)
			return at; /* said once more: nothing changed */
		count(rib, path, -1);
	}
	attributes_hold(attributes);
	attributes_release(&rib->attributes, path->attributes);
	path->attributes = attributes;
	path->generation = rib_peer(rib, peer)->generation;
	path->verdict = verdict;
	count(rib, path, 1);
	decide(rib, net, before, false);
	tell_row(rib, net, path, false);
	return at;
}

/* Takes a path out of its prefix and decides on what is left. */
static void
path_remove(struct rib *rib, struct net *net, uint32_t at, uint32_t link)
{
	struct outcome before = last_outcome(rib, net);
	struct path *path = rib_path(rib, at);

	tell_row(rib, net, path, true);
	if (link == 0)
		net->paths = path->next;
	else
		rib_path(rib, link)->next = path->next;
	count(rib, path, -1);
	path_give(rib, at);
	decide(rib, net, before, false);
	rib_net_tidy(rib, rib_net_index(rib, net));
}

bool
rib_withdraw(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length)
{
	uint32_t index = trie_get(&rib->trie, address, length), at, link;

	if (index == 0)
		return false;
	at = path_of(rib, rib_net(rib, index), peer, &link);
	if (at == 0)
		return false;
	path_remove(rib, rib_net(rib, index), at, link);
	return true;
}

static void
round_ask(const struct rib *rib, struct rib_round *round)
{
	round->left = rib->path_count;
}

void
rib_peer_down(struct rib *rib, uint16_t index)
{
	struct rib_peer *peer = rib_peer(rib, index);

	if (peer->received != 0) {
		peer->unswept++;
		round_ask(rib, &rib->sweep);
	}
	peer->generation++;
	peer->received = peer->accepted = peer->graceful = 0;
	peer->lowest_med = UINT32_MAX;
	peer->med_stale = peer->med_scanning = false;
	/* Generations have eight bits: before one could come round again, the old paths have to be gone. */
	if (peer->unswept > 200)
		rib_work(rib, INT64_MAX);
}

void
rib_peer_preferred(struct rib *rib, uint16_t peer)
{
	rib_peer(rib, peer)->prefer = true;
	round_ask(rib, &rib->prefer);
}

bool
rib_sweeping(const struct rib *rib)
{
	return rib->sweep.left != 0;
}

static void
sweep_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);
	uint32_t link;

	if (path_current(rib, path))
		return;
	path_of(rib, rib_net(rib, path->net), path->peer, &link);
	path_remove(rib, rib_net(rib, path->net), at, link);
}

static void
prefer_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);

	if (rib_peer(rib, path->peer)->prefer)
		rib_decide(rib, path->net, path->flags & PATH_BEST);
}

static void
med_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);
	struct rib_peer *peer = rib_peer(rib, path->peer);

	if (peer->med_scanning && path_usable(rib, path) && path->attributes->present & HAS_MED &&
	    path->attributes->med < peer->scan_med)
		peer->scan_med = path->attributes->med;
}

/* True when the round is over. */
static bool
round_go(struct rib *rib, struct rib_round *round, void (*visit)(struct rib *rib, uint32_t path),
	 int64_t deadline)
{
	while (round->left != 0) {
		for (unsigned i = 0; i < ROUND_STEP && round->left != 0; i++, round->left--) {
			if (++round->cursor >= rib->path_count)
				round->cursor = 1;
			if (round->cursor < rib->path_count && rib_path(rib, round->cursor)->peer != RIB_FREE)
				visit(rib, round->cursor);
		}
		if (clock_monotonic() >= deadline)
			break;
	}
	return round->left == 0;
}

static size_t
peer_room(const struct rib *rib)
{
	return rib->peers.bytes / sizeof(struct rib_peer);
}

/* Lowest MEDs: begins a round for the peers whose lowest may be gone; at its end the figures are theirs. */
static bool
med_work(struct rib *rib, int64_t deadline)
{
	bool begun = false;

	if (rib->med.left == 0) {
		if (clock_monotonic() < rib->med_next)
			return true;
		for (size_t i = 0; i < peer_room(rib); i++) {
			struct rib_peer *peer = rib_peer(rib, (uint16_t)i);

			peer->med_scanning = peer->used && peer->med_stale;
			peer->med_stale = false;
			peer->scan_med = UINT32_MAX;
			begun = begun || peer->med_scanning;
		}
		if (!begun)
			return true;
		round_ask(rib, &rib->med);
	}
	if (!round_go(rib, &rib->med, med_visit, deadline))
		return false;
	for (size_t i = 0; i < peer_room(rib); i++) {
		struct rib_peer *peer = rib_peer(rib, (uint16_t)i);

		if (peer->med_scanning)
			peer->lowest_med = peer->scan_med;
		peer->med_scanning = false;
	}
	if (rib->live_paths > 4096)
		rib->med_next = clock_monotonic() + MED_PAUSE;
	return true;
}

int64_t
rib_due(const struct rib *rib)
{
	for (size_t i = 0; i < peer_room(rib); i++) {
		if (rib_peer(rib, (uint16_t)i)->med_stale)
			return rib->med_next != 0 ? rib->med_next : 1;
	}
	return 0;
}

bool
rib_work(struct rib *rib, int64_t deadline)
{
	if (rib->sweep.left != 0) {
		if (!round_go(rib, &rib->sweep, sweep_visit, deadline))
			return true;
		for (size_t i = 0; i < peer_room(rib); i++)
			rib_peer(rib, (uint16_t)i)->unswept = 0;
	}
	if (rib->prefer.left != 0) {
		if (!round_go(rib, &rib->prefer, prefer_visit, deadline))
			return true;
		for (size_t i = 0; i < peer_room(rib); i++)
			rib_peer(rib, (uint16_t)i)->prefer = false;
	}
	return !med_work(rib, deadline);
}
