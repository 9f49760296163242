// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What concerns all paths of a peer: its sessions end or restart (its generations), its preference or its
 * rules of import change, the lowest MED of what it tells is gone. A table may be large, so nothing of that
 * visits the paths at once: a round through them is asked for, and rib_work() goes through it in slices.
 */
#include "core/bgp/rib_rounds_internal.h"

#include "core/base/clock.h"

#define ROUND_STEP 256                /* paths visited between two looks at the clock, at most */
#define STALE_MOST 100                /* generations of a peer's that are kept, stale */
#define MED_PAUSE (100 * USEC_PER_MS) /* between two searches for the lowest MEDs in a large table */

static void
round_ask(const struct rib *rib, struct rib_round *round)
{
	round->end = rib->path_count;
	round->left = round->end - 1;
}

static size_t
peer_room(const struct rib *rib)
{
	return rib->peers.bytes / sizeof(struct rib_peer);
}

/* Paths that stand are of an older generation from now on; there may be some of them to sweep out. */
static void
next_generation(struct rib *rib, struct rib_peer *peer)
{
	if (peer->received != 0) {
		peer->unswept++;
		round_ask(rib, &rib->sweep);
	}
	peer->generation++;
}

/* Generations have eight bits: before one could come round again, the old paths have to be gone. */
static void
sweep_in_time(struct rib *rib, const struct rib_peer *peer)
{
	if (peer->unswept + peer->keep > 200)
		rib_work(rib, INT64_MAX);
}

void
rib_peer_down(struct rib *rib, uint16_t index)
{
	struct rib_peer *peer = rib_peer(rib, index);

	if (peer->received != 0)
		peer->clearing = rib->clearing = true;
	next_generation(rib, peer);
	peer->stale = peer->keep = 0;
	peer->received = peer->accepted = peer->accepted_stale = peer->graceful = 0;
	peer->lowest_med = UINT32_MAX;
	peer->med_stale = peer->med_scanning = false;
	sweep_in_time(rib, peer);
}

void
rib_peer_restarts(struct rib *rib, uint16_t index)
{
	struct rib_peer *peer = rib_peer(rib, index);

	if (peer->received == 0)
		return;
	next_generation(rib, peer);
	peer->accepted_stale = peer->accepted;
	peer->stale++;
	peer->keep = 1;
	sweep_in_time(rib, peer);
}

bool
rib_peer_refreshes(struct rib *rib, uint16_t index)
{
	struct rib_peer *peer = rib_peer(rib, index);

	if (peer->received == 0 || peer->stale >= STALE_MOST)
		return false;
	next_generation(rib, peer);
	peer->accepted_stale = peer->accepted;
	peer->stale++;
	peer->keep++;
	return true;
}

void
rib_peer_expire(struct rib *rib, uint16_t index)
{
	struct rib_peer *peer = rib_peer(rib, index);

	if (peer->keep == 0)
		return;
	peer->keep = 0;
	round_ask(rib, &rib->sweep);
}

bool
rib_peer_has_stale(const struct rib *rib, uint16_t index)
{
	return rib_peer(rib, index)->keep != 0;
}

void
rib_peer_prefer(struct rib *rib, uint16_t index, uint32_t local_preference)
{
	struct rib_peer *peer = rib_peer(rib, index);
	uint32_t group = peer->group, highest = 0;

	peer->local_preference = local_preference;
	peer->prefer = rib->path_count > 1; /* else there is no round that would end it */
	for (size_t i = 0; group != 0 && i < peer_room(rib); i++) {
		const struct rib_peer *member = rib_peer(rib, (uint16_t)i);

		if (member->group == group && member->local_preference > highest)
			highest = member->local_preference;
	}
	for (size_t i = 0; group != 0 && i < peer_room(rib); i++) {
		struct rib_peer *member = rib_peer(rib, (uint16_t)i);
		bool standby = member->local_preference < highest;

		if (member->group != group || member->standby == standby)
			continue;
		member->standby = standby;
		member->prefer = true;
	}
	round_ask(rib, &rib->prefer);
}

void
rib_peer_reconsider(struct rib *rib, uint16_t peer)
{
	rib_peer(rib, peer)->reconsider = true;
	round_ask(rib, &rib->again);
}

void
rib_next_hops_moved(struct rib *rib)
{
	rib->next_hops_moved = rib->path_count > 1; /* else there is no round that would end it */
	round_ask(rib, &rib->again);
}

bool
rib_sweeping(const struct rib *rib)
{
	return rib->sweep.left != 0;
}

void
rib_clear_up(struct rib *rib)
{
	if (!rib->clearing || rib->sweep.left != 0 || rib->changed.count != 0)
		return;
	rib->clearing = false;
	for (size_t i = 0; i < peer_room(rib); i++)
		rib_peer(rib, (uint16_t)i)->clearing = false;
}

/* Where a path hangs; 0: at the net itself. */
static uint32_t
link_to(const struct rib *rib, const struct net *net, uint32_t path)
{
	uint32_t link = 0;

	for (uint32_t at = net->paths; at != path; at = rib_path(rib, at)->next)
		link = at;
	return link;
}

static void
sweep_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);
	const struct rib_peer *peer = rib_peer(rib, path->peer);
	struct net *net = rib_net(rib, path->net);

	if ((uint8_t)(peer->generation - path->generation) <= peer->keep)
		return;
	rib_path_remove(rib, net, at, link_to(rib, net, at),
			path_current(rib, path) ? CHRONICLE_STALE : CHRONICLE_SESSION);
}

static void
prefer_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);

	if (!rib_peer(rib, path->peer)->prefer)
		return;
	rib_decide_again(rib, path->net, path->flags & PATH_BEST, path->peer, CHRONICLE_PREFERENCE);
	rib_mark_path(rib, rib_net(rib, path->net), at);
}

static void
reconsider_visit(struct rib *rib, uint32_t at)
{
	const struct path *path = rib_path(rib, at);

	if (!path_current(rib, path))
		return;
	if (rib_peer(rib, path->peer)->reconsider) {
		chronicle_because(rib->chronicle, CHRONICLE_RULES);
		rib->reconsider(rib->context, rib, at);
	} else if (rib->next_hops_moved) {
		chronicle_because(rib->chronicle, CHRONICLE_NEXT_HOP);
		rib->look_again(rib->context, rib, at);
	}
	chronicle_because(rib->chronicle, CHRONICLE_ANNOUNCED);
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
		uint32_t looks = rib->looks;

		for (unsigned i = 0; i < ROUND_STEP && round->left != 0 && !rib_worked(rib, looks);
		     i++, round->left--) {
			if (++round->cursor >= round->end)
				round->cursor = 1;
			if (rib_path(rib, round->cursor)->peer != RIB_FREE)
				visit(rib, round->cursor);
		}
		if (clock_monotonic() >= deadline)
			break;
	}
	return round->left == 0;
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
		for (size_t i = 0; i < peer_room(rib); i++) {
			rib_peer(rib, (uint16_t)i)->unswept = 0;
			rib_peer(rib, (uint16_t)i)->stale = rib_peer(rib, (uint16_t)i)->keep;
		}
	}
	if (rib->again.left != 0) {
		if (!round_go(rib, &rib->again, reconsider_visit, deadline))
			return true;
		for (size_t i = 0; i < peer_room(rib); i++)
			rib_peer(rib, (uint16_t)i)->reconsider = false;
		rib->next_hops_moved = false;
	}
	if (rib->prefer.left != 0) {
		if (!round_go(rib, &rib->prefer, prefer_visit, deadline))
			return true;
		for (size_t i = 0; i < peer_room(rib); i++)
			rib_peer(rib, (uint16_t)i)->prefer = false;
	}
	return !med_work(rib, deadline);
}
