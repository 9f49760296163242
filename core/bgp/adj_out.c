// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What peers are told (RFC 4271, 9.1.3 and 9.2).
 *
 * Nothing is stored of it but a bit per prefix: told or not (more where several paths of one are told:
 * adj_paths.c). What was told follows from the best path, which
 * is always at hand. A peer follows the changes of the RIB (changes.c), and goes through all prefixes in the
 * order of their attributes (order.c) when its session begins or it asks for them. Both is done in lots:
 * prefixes of a lot with the same attributes go into the same UPDATE, up to its 4096 octets. A prefix that
 * changes again while it waits costs nothing more.
 *
 * Peers that are to be told the same and stand at the same place are told it together: a message is written
 * once and copied. Nobody keeps lists of such groups: they are found when a lot is made, so that a peer that
 * takes less than others just falls behind, and is told with those at its place from then on.
 */
#include "core/bgp/adj_out_internal.h"
#include "core/bgp/bmp_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define LOT_LEAST 1024u                       /* however many are told */
#define ADVERTISEMENTS_MOST (32u * LOT_LEAST) /* of a lot: prefixes by peers */

void
adj_out_reap(struct bgp_speaker *speaker)
{
	while (speaker->detached != NULL) {
		struct adj_out *out = speaker->detached;

		speaker->detached = out->next;
		vector_free(&out->advertised);
		adj_paths_free(out->paths);
		free(out);
	}
}

uint64_t
adj_out_pending(const struct adj_out *out)
{
	uint64_t pending = 0;

	if (out == NULL)
		return 0;
	if (out->cursor.at != 0)
		pending += out->cursor.of->count;
	if (out->order != NULL)
		pending += out->order->end;
	return pending;
}

/* --- walks over all prefixes ------------------------------------------------------------------- */

static void
begin_walk(struct bgp_peer *peer, struct adj_out *out, bool fresh)
{
	struct order *before = out->order;

	out->order = order_take(out->rib, fresh ? &out->cursor : NULL);
	out->place = (struct order_place){0};
	order_release(before);
	speaker_kick(peer->speaker);
}

static void
end_walk(struct adj_out *out)
{
	order_release(out->order);
	out->order = NULL;
}

void
adj_out_dump_family(struct bgp_peer *peer, enum bgp_family family)
{
	if (peer->out[family] != NULL)
		begin_walk(peer, peer->out[family], false);
}

void
adj_out_dump(struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		adj_out_dump_family(peer, f);
}

void
adj_out_refresh(struct bgp_peer *peer, enum bgp_family family)
{
	struct adj_out *out = peer->out[family];

	if (out == NULL)
		return;
	/* RFC 7313, 4.1: not before the End-of-RIB, up to which all is fresh anyway. */
	if (peer->main->framing.enhanced_refresh && !out->end_of_rib && !out->end_of_refresh) {
		adj_out_write_mark(peer, out, BGP_REFRESH_BEGIN);
		out->end_of_refresh = true;
	}
	adj_out_dump_family(peer, family);
}

void
adj_out_limit_paths(struct bgp_peer *peer, uint32_t most)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (peer->out[f] == NULL || peer->out[f]->paths == NULL)
			continue;
		adj_paths_limit(peer->out[f]->paths, most);
		adj_out_dump_family(peer, f);
	}
}

/* --- the session begins and ends --------------------------------------------------------------- */

void
adj_out_open(struct bgp_peer *peer, const struct session *session)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct adj_out *out;

		if (!(session->families & BGP_FAMILY_BIT(f)))
			continue;
		peer->out[f] = out = memory_zeroed(1, sizeof(*out));
		out->rib = &peer->speaker->ribs[f];
		out->end_of_rib = true;
		if (session->add_path_out & BGP_FAMILY_BIT(f)) {
			out->paths = adj_paths_new(peer->config.add_path_send);
			changes_open_paths(out->rib, &out->cursor);
		} else {
			changes_open(out->rib, &out->cursor);
		}
		begin_walk(peer, out, out->paths == NULL);
	}
}

void
adj_out_tell_watchers(struct bgp_peer *peer, const struct rib *rib, const struct net *net,
		      const struct path *path, uint32_t id)
{
	struct bgp_speaker *speaker = peer->speaker;
	struct bgp_attributes *attributes = NULL;
	struct bgp_path view = {.prefix = rib_prefix(rib, net),
				.peer = peer,
				.reason = "",
				.path_id = id,
				.has_path_id = id != 0};

	if (!speaker->watch_advertised || speaker->config.events.advertised_changed == NULL)
		return;
	if (path != NULL)
		view = export_view(peer, rib, net, path, &attributes);
	speaker->config.events.advertised_changed(speaker->config.events.context, peer, &view, path == NULL);
	free(attributes);
}

static void
tell_gone(struct bgp_peer *peer, const struct adj_out *out)
{
	if (!peer->speaker->watch_advertised)
		return;
	for (uint32_t index = 0; out->paths != NULL && index < out->rib->net_count; index++) {
		uint32_t place = 0, id;

		while ((id = adj_paths_next(out->paths, index, &place)) != 0)
			adj_out_tell_watchers(peer, out->rib, rib_net(out->rib, index), NULL, id);
	}
	for (uint32_t index = 0; index / 8 < out->advertised.bytes; index++) {
		if (bits_get(&out->advertised, index))
			adj_out_tell_watchers(peer, out->rib, rib_net(out->rib, index), NULL, 0);
	}
}

void
adj_out_close(struct bgp_peer *peer)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		struct adj_out *out = peer->out[f];

		if (out == NULL)
			continue;
		tell_gone(peer, out);
		end_walk(out);
		changes_close(out->rib, &out->cursor);
		/* Whoever is told of it may have ended the session: it is in use yet. */
		out->next = peer->speaker->detached;
		peer->speaker->detached = out;
		peer->out[f] = NULL;
	}
}

/* --- lots -------------------------------------------------------------------------------------- */

static uint32_t
chain_of(const struct lot *lot, const struct entry *entry)
{
	uint64_t key = (uint64_t)(uintptr_t)entry->attributes ^ (uint64_t)entry->local_preference << 40 ^
		       (uint64_t)entry->from << 24;
	uint32_t slot = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 40) % SLOTS;

	while (lot->chains[slot].first != 0) {
		const struct entry *other = &lot->entries[lot->chains[slot].first - 1];

		if (other->attributes == entry->attributes &&
		    other->local_preference == entry->local_preference && other->from == entry->from)
			break;
		slot = (slot + 1) % SLOTS;
	}
	return slot;
}

void
adj_out_add(struct lot *lot, const struct entry *entry)
{
	uint32_t index = lot->entry_count++, slot;

	lot->entries[index] = *entry;
	slot = chain_of(lot, entry);
	if (lot->chains[slot].first == 0) {
		lot->chains[slot].first = index + 1;
		lot->order[lot->order_count++] = slot;
	} else {
		lot->entries[lot->chains[slot].last - 1].next = index + 1;
	}
	lot->chains[slot].last = index + 1;
}

/* Puts a prefix into the lot: by its attributes, or among what is to be withdrawn where it was told. */
static void
look_at(struct lot *lot, uint32_t index)
{
	struct rib *rib = lot->rib;
	const struct bgp_peer *peer = lot->members[0].peer;
	struct net *net = rib_net(rib, index);
	const struct path *path;
	bool single = lot->member_count == 1;

	if (lot->ids) {
		adj_paths_look_at(lot, index);
		return;
	}
	path = net->flags & NET_USED ? rib_best_now(rib, net) : NULL;
	if (single && net->flags & NET_USED)
		path = export_path(peer, rib, net, path);
	else if (path != NULL && (net->flags & NET_SUPPRESSED || !export_permits(peer, rib, path)))
		path = NULL;
	if (path != NULL) {
		struct entry entry = {
		    .attributes = path->attributes, .net = index, .path = rib_path_index(rib, path)};

		if (peer_internal(peer))
			entry.local_preference = path_local_preference(rib, path);
		if (!single || export_reflects(peer, rib, path))
			entry.from = path->peer;
		adj_out_add(lot, &entry);
	} else if (!single || lot->watched || bits_get(&lot->members[0].out->advertised, index)) {
		lot->withdrawn[lot->withdrawn_count++] = (struct withdrawal){.net = index};
	}
}

static bool
has_room(const struct bgp_peer *peer)
{
	const struct connection *connection = peer->main->connection;

	return connection != NULL && !connection->ended &&
	       connection->out.length < peer->speaker->output_most;
}

static bool
same_place(const struct adj_out *a, const struct adj_out *b, bool walk)
{
	if (!walk)
		return a->cursor.at == b->cursor.at;
	return a->order == b->order && a->place.chain == b->place.chain && a->place.net == b->place.net;
}

/* The peer, and all that can be told the same with it. */
static void
find_members(struct lot *lot, struct bgp_peer *peer, bool walk)
{
	enum bgp_family family = rib_family(lot->rib);
	struct adj_out *out = peer->out[family];

	lot->members[0] = (struct member){.peer = peer, .out = out};
	lot->member_count = 1;
	if (!export_same(peer, peer, family) || peer->speaker->watch_advertised)
		return;
	for (struct bgp_peer *other = peer->speaker->peers; other != NULL && lot->member_count < MEMBERS;
	     other = other->next) {
		struct adj_out *others = other->out[family];

		if (other == peer || others == NULL || !same_place(out, others, walk) ||
		    peer_established(other) != other->main || !has_room(other) ||
		    deferral_holds(other, family) || !export_same(peer, other, family))
			continue;
		lot->members[lot->member_count++] = (struct member){.peer = other, .out = others};
	}
}

static uint32_t
lot_size(const struct lot *lot)
{
	const struct peer_rules *rules = lot->members[0].peer->rules[POLICY_EXPORT];
	uint32_t most = ADVERTISEMENTS_MOST / lot->member_count;

	if (rules != NULL)
		most = LOT / (1 + rules->policy->cost / 4);
	else if (most < LOT_LEAST)
		most = LOT_LEAST;
	return most == 0 ? 1 : most < LOT ? most : LOT;
}

/* No other prefix has room in it for sure, or those that it has were work enough: where the session of the
 * best path has ended, each of them is decided anew. */
static bool
is_full(const struct lot *lot, uint32_t size)
{
	return (lot->ids && adj_paths_fill(lot, size)) || lot->rib->looks - lot->decided >= 2 * LOT;
}

static void
clear(struct lot *lot)
{
	for (uint32_t i = 0; i < lot->order_count; i++)
		lot->chains[lot->order[i]].first = lot->chains[lot->order[i]].last = 0;
	lot->entry_count = lot->order_count = lot->withdrawn_count = lot->rewind = lot->looks = 0;
	lot->goes_on = false;
}

/* Tells a part of the changes. */
static void
follow(struct lot *lot)
{
	struct adj_out *out = lot->members[0].out;
	uint32_t size = lot_size(lot), index;

	for (uint32_t left = size;
	     left != 0 && !is_full(lot, size) && (index = changes_next(lot->rib, &out->cursor)) != 0; left--)
		look_at(lot, index);
	for (uint32_t i = 1; i < lot->member_count; i++)
		changes_move(lot->rib, &lot->members[i].out->cursor, out->cursor.at);
	adj_out_write(lot);
}

/* Tells a part of a walk. */
static void
walk(struct lot *lot)
{
	struct adj_out *out = lot->members[0].out;
	const struct order *order = out->order;
	struct order_place place = out->place;
	uint32_t size = lot_size(lot), index = 0;

	for (uint32_t left = size;
	     left != 0 && !is_full(lot, size) && (index = order_next(order, &place)) != 0; left--)
		look_at(lot, index);
	/* Several paths of a prefix stand in several chains: none of them is left to the next lot. */
	lot->goes_on = place.net != 0 && !lot->ids;
	for (uint32_t i = 0; i < lot->member_count; i++) {
		lot->members[i].out->place = place;
		if (index == 0)
			end_walk(lot->members[i].out);
	}
	adj_out_write(lot);
	for (uint32_t i = 0; i < lot->member_count && lot->rewind != 0; i++)
		lot->members[i].out->place.net = lot->rewind;
}

/* --- turns ------------------------------------------------------------------------------------- */

static bool
waits(const struct adj_out *out)
{
	return out != NULL &&
	       (out->cursor.at != 0 || out->order != NULL || out->end_of_rib || out->end_of_refresh);
}

bool
adj_out_waits(const struct bgp_peer *peer)
{
	if (!has_room(peer))
		return false;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (waits(peer->out[f]) && !deferral_holds(peer, f))
			return true;
	}
	return false;
}

/* What is due when all was told. */
static void
finish(struct bgp_peer *peer, struct adj_out *out)
{
	if (out->order == NULL && out->cursor.at == 0 && out->end_of_rib)
		adj_out_write_end_of_rib(peer, out);
	if (out->order == NULL && out->cursor.at == 0 && out->end_of_refresh) {
		adj_out_write_mark(peer, out, BGP_REFRESH_END);
		out->end_of_refresh = false;
	}
	if (limits_make_room(peer, out))
		begin_walk(peer, out, false);
}

/* Makes UPDATEs of one family. */
static void
work_on(struct bgp_peer *peer, struct adj_out *out, usec_t deadline)
{
	struct lot *lot;

	vector_need(&peer->speaker->scratch, sizeof(struct lot));
	lot = peer->speaker->scratch.items;
	if (out == NULL || deferral_holds(peer, rib_family(out->rib)))
		return;
	while (waits(out) && has_room(peer)) {
		bool built = out->order == NULL || order_build(out->order, deadline);

		for (unsigned walks = 0; walks < 2; walks++) {
			if (walks ? !built || out->order == NULL : out->cursor.at == 0)
				continue;
			clear(lot);
			lot->rib = out->rib;
			lot->decided = out->rib->looks;
			lot->watched = bmp_wants(peer->speaker, BGP_VIEW_OUT_PRE);
			find_members(lot, peer, walks);
			lot->ids = out->paths != NULL;
			lot->anew = walks;
			(walks ? walk : follow)(lot);
			for (uint32_t i = 0; i < lot->member_count; i++)
				peer_touch(lot->members[i].peer, false);
			if (peer->out[rib_family(lot->rib)] != out)
				return; /* somebody who was told of it has ended the session */
		}
		finish(peer, out);
		if (clock_monotonic() >= deadline)
			return;
	}
}

bool
adj_out_work(struct bgp_peer *peer, usec_t deadline)
{
	/* In turn: a full table of one family does not keep the other one waiting. */
	for (unsigned i = 0; i < BGP_FAMILY_COUNT; i++) {
		work_on(peer, peer->out[peer->family_turn], deadline);
		peer->family_turn = (peer->family_turn + 1) % BGP_FAMILY_COUNT;
		if (clock_monotonic() >= deadline)
			break;
	}
	return adj_out_waits(peer);
}
