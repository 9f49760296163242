// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer is told (RFC 4271, 9.1.3 and 9.2).
 *
 * Nothing is stored of it but a bit per prefix: told or not. What was told follows from the best path, which
 * is always at hand. A change puts the prefix into the peer's queue (another bit: at most once); while the
 * peer can take more, the queue is worked off in lots: prefixes of a lot with the same attributes go into the
 * same UPDATE, up to its 4096 octets. A prefix that changes again while it waits costs nothing more.
 */
#include "core/bgp/speaker_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define LOT 4096u /* prefixes sorted by attributes at once */
#define SLOTS (2 * LOT)
#define PENDING_MOST 65536u /* a walk over all prefixes pauses while so many wait */

struct entry {
	const struct bgp_attributes *attributes;
	uint32_t local_preference, net, next, path;
};

/* Work room of a lot: entries, in chains of equal attributes found by hash. */
struct lot {
	struct entry entries[LOT];
	struct {
		uint32_t first, last; /* index + 1 */
	} chains[SLOTS];
	uint32_t order[LOT], withdrawn[LOT];
	uint32_t entry_count, order_count, withdrawn_count;
};

struct adj_out *
adj_out_new(void)
{
	return memory_zeroed(1, sizeof(struct adj_out));
}

static void
adj_out_free(struct adj_out *out)
{
	fifo_free(&out->pending);
	vector_free(&out->queued);
	vector_free(&out->advertised);
	free(out);
}

void
adj_out_detach(struct bgp_speaker *speaker, struct adj_out *out)
{
	out->next = speaker->detached;
	speaker->detached = out;
}

bool
adj_out_reap(struct bgp_speaker *speaker, usec_t deadline)
{
	while (speaker->detached != NULL) {
		struct adj_out *out = speaker->detached;

		for (unsigned i = 0; out->pending.count != 0; i++) {
			uint32_t net = fifo_pop(&out->pending);

			rib_net(&speaker->rib, net)->queued--;
			rib_net_tidy(&speaker->rib, net);
			if (i % 256 == 255 && clock_monotonic() >= deadline)
				return true;
		}
		speaker->detached = out->next;
		adj_out_free(out);
	}
	return false;
}

void
adj_out_free_all(struct bgp_speaker *speaker)
{
	adj_out_reap(speaker, INT64_MAX);
}

/* --- policy ------------------------------------------------------------------------------------ */

bool
export_allowed(const struct bgp_peer *peer, const struct path *path)
{
	const struct rib_peer *from = rib_peer(&peer->speaker->rib, path->peer);
	unsigned limits = path->attributes->community_flags;

	if (path->peer == RIB_LOCAL)
		return peer->config.export_networks;
	if (path->peer == peer->index)
		return false;
	if (from->group != 0 ? !peer->config.export_groups : !peer->config.export_peers)
		return false;
	/* Split horizon: never back to where it came from, by whichever of a connection's tunnels. */
	if (peer->config.group != 0 && from->group == peer->config.group)
		return false;
	if (limits & COMMUNITY_NO_ADVERTISE)
		return false;
	if (peer_internal(peer))
		return !from->internal;
	return (limits & (COMMUNITY_NO_EXPORT | COMMUNITY_NO_EXPORT_SUBCONFED)) == 0;
}

/* Non-transitive attributes (reflection's) stay inside the AS. */
static void
drop_local_ones(struct attribute_set *set)
{
	struct reader r = reader_over(set->others, set->others_length);
	struct writer w = writer_over(set->others_room, sizeof(set->others_room));

	while (reader_left(&r) != 0) {
		const uint8_t *at = r.at;
		bool transitive = (reader_u8(&r) & FLAG_TRANSITIVE) != 0;

		reader_u8(&r);
		reader_bytes(&r, reader_u16(&r));
		if (transitive && !r.failed)
			writer_bytes(&w, at, (size_t)(r.at - at));
	}
	set->others = set->others_room;
	set->others_length = writer_length(&w);
}

bool
export_set(const struct bgp_peer *peer, const struct path *path, struct attribute_set *out)
{
	const struct session *session = peer->main;

	/* The NEXT_HOP attribute has room for an IPv4 address only: over an IPv6 session there is nothing to
	 * name. */
	if (session->local.family != AF_INET)
		return false;
	attributes_to_set(path->attributes, out);
	out->next_hop = session->local;
	if (peer_internal(peer)) {
		out->present |= HAS_LOCAL_PREF;
		out->local_pref = path_local_preference(&peer->speaker->rib, path);
	} else {
		out->present &= ~(unsigned)(HAS_LOCAL_PREF | HAS_MED);
		drop_local_ones(out);
		if (!attributes_prepend(out, peer->config.local_asn))
			return false;
	}
	if (peer->config.med_out != UINT32_MAX) {
		out->present |= HAS_MED;
		out->med = peer->config.med_out;
	}
	/* RFC 8326, 4.1. Without room for one community more the path is told without it. */
	if (peer->graceful_shutdown && !peer_internal(peer))
		attributes_add_community(out, GRACEFUL_SHUTDOWN);
	return true;
}

/* --- the queue --------------------------------------------------------------------------------- */

static void
enqueue(struct bgp_peer *peer, uint32_t net)
{
	struct adj_out *out = peer->out;

	if (bits_get(&out->queued, net))
		return;
	bits_set(&out->queued, net);
	fifo_push(&out->pending, net);
	rib_net(&peer->speaker->rib, net)->queued++;
}

void
adj_out_changed(struct bgp_peer *peer, uint32_t net, const struct path *best)
{
	if (bits_get(&peer->out->advertised, net) || (best != NULL && export_allowed(peer, best)))
		enqueue(peer, net);
}

void
adj_out_dump(struct bgp_peer *peer)
{
	if (peer->out == NULL)
		return;
	peer->out->dump_at = 1;
	speaker_kick(peer->speaker);
}

/* A part of the walk over all prefixes. */
static void
dump_some(struct bgp_peer *peer, usec_t deadline)
{
	struct rib *rib = &peer->speaker->rib;
	struct adj_out *out = peer->out;

	while (out->dump_at != 0 && out->pending.count < PENDING_MOST) {
		uint32_t end = out->dump_at + 512 < rib->net_count ? out->dump_at + 512 : rib->net_count;

		for (uint32_t at = out->dump_at; at < end; at++) {
			struct net *net = rib_net(rib, at);

			if (net->flags & NET_USED)
				adj_out_changed(peer, at, rib_best_now(rib, net));
		}
		out->dump_at = end < rib->net_count ? end : 0;
		if (clock_monotonic() >= deadline)
			break;
	}
}

/* --- UPDATEs ----------------------------------------------------------------------------------- */

static void
tell_watchers(struct bgp_peer *peer, const struct net *net, const struct path *path)
{
	struct bgp_speaker *speaker = peer->speaker;
	struct bgp_attributes *attributes = NULL;
	struct bgp_path view = {.prefix = rib_prefix(&speaker->rib, net), .peer = peer, .reason = ""};

	if (!speaker->watch_advertised || speaker->config.events.advertised_changed == NULL)
		return;
	if (path != NULL)
		view = export_view(peer, net, path, &attributes);
	speaker->config.events.advertised_changed(speaker->config.events.context, peer, &view, path == NULL);
	free(attributes);
}

void
adj_out_tell_gone(struct bgp_peer *peer)
{
	const struct vector *advertised = &peer->out->advertised;

	if (!peer->speaker->watch_advertised)
		return;
	for (uint32_t index = 0; index / 8 < advertised->bytes; index++) {
		if (bits_get(advertised, index))
			tell_watchers(peer, rib_net(&peer->speaker->rib, index), NULL);
	}
}

static void
withdrawn(struct bgp_peer *peer, uint32_t index)
{
	struct adj_out *out = peer->out;

	bits_clear(&out->advertised, index);
	out->count--;
	tell_watchers(peer, rib_net(&peer->speaker->rib, index), NULL);
}

static uint32_t
chain_of(const struct lot *lot, const struct entry *entry)
{
	uint64_t key = (uint64_t)(uintptr_t)entry->attributes ^ (uint64_t)entry->local_preference << 40;
	uint32_t slot = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 40) % SLOTS;

	while (lot->chains[slot].first != 0) {
		const struct entry *other = &lot->entries[lot->chains[slot].first - 1];

		if (other->attributes == entry->attributes &&
		    other->local_preference == entry->local_preference)
			break;
		slot = (slot + 1) % SLOTS;
	}
	return slot;
}

static void
lot_add(struct lot *lot, const struct entry *entry)
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

/* Takes a lot off the queue: what is to be told, by attributes, and what is to be withdrawn. */
static void
gather(struct bgp_peer *peer, struct lot *lot)
{
	struct rib *rib = &peer->speaker->rib;
	struct adj_out *out = peer->out;

	for (uint32_t i = 0; i < lot->order_count; i++)
		lot->chains[lot->order[i]].first = lot->chains[lot->order[i]].last = 0;
	lot->entry_count = lot->order_count = lot->withdrawn_count = 0;
	for (unsigned i = 0; i < LOT && out->pending.count != 0; i++) {
		uint32_t index = fifo_pop(&out->pending);
		struct net *net = rib_net(rib, index);
		const struct path *best = rib_best_now(rib, net);

		bits_clear(&out->queued, index);
		if (best != NULL && export_allowed(peer, best)) {
			struct entry entry = {.attributes = best->attributes, .net = index};

			if (peer_internal(peer))
				entry.local_preference = path_local_preference(rib, best);
			entry.path = net->paths;
			lot_add(lot, &entry);
		} else if (bits_get(&out->advertised, index)) {
			lot->withdrawn[lot->withdrawn_count++] = index;
		} else {
			net->queued--;
			rib_net_tidy(rib, index);
		}
	}
}

static void
release_net(struct rib *rib, uint32_t index)
{
	rib_net(rib, index)->queued--;
	rib_net_tidy(rib, index);
}

static void
write_withdrawals(struct bgp_peer *peer, const uint32_t *nets, size_t count)
{
	struct rib *rib = &peer->speaker->rib;

	for (size_t i = 0; i < count;) {
		struct writer w = session_writer(peer->main);

		bgp_message_begin(&w, BGP_UPDATE);
		writer_u16(&w, 0);
		for (; i < count && !w.failed; i++) {
			const struct net *net = rib_net(rib, nets[i]);

			if (bgp_prefix_size(net->length) + 2 > writer_room(&w))
				break;
			bgp_prefix_write(&w, net->address, net->length);
			withdrawn(peer, nets[i]);
			release_net(rib, nets[i]);
		}
		if (w.failed)
			return;
		writer_patch_u16(&w, BGP_HEADER, (uint16_t)(writer_length(&w) - BGP_HEADER - 2));
		writer_u16(&w, 0);
		bgp_message_end(&w, 0);
		session_sent(peer->main, &w);
	}
}

/* The prefixes of one chain, which share their attributes, in as few messages as they fit. */
static void
write_chain(struct bgp_peer *peer, struct lot *lot, uint32_t first)
{
	struct rib *rib = &peer->speaker->rib;
	struct adj_out *out = peer->out;
	uint8_t section[BGP_MESSAGE_MOST - BGP_HEADER - 4 - 5];
	struct writer attributes = writer_over(section, sizeof(section));
	struct attribute_set set;

	if (!export_set(peer, rib_path(rib, lot->entries[first - 1].path), &set))
		attributes.failed = true;
	else
		attributes_write(&attributes, &set, peer->main->four_octet);
	while (first != 0) {
		struct writer w;
		size_t begin;

		if (attributes.failed) {
			/* Too long for a message: it can't be told. What was told before no longer holds. */
			uint32_t net = lot->entries[first - 1].net;

			first = lot->entries[first - 1].next;
			if (bits_get(&out->advertised, net))
				write_withdrawals(peer, &net, 1);
			else
				release_net(rib, net);
			continue;
		}
		w = session_writer(peer->main);
		bgp_message_begin(&w, BGP_UPDATE);
		writer_u16(&w, 0);
		writer_u16(&w, (uint16_t)writer_length(&attributes));
		writer_bytes(&w, section, writer_length(&attributes));
		begin = writer_length(&w);
		while (first != 0) {
			const struct entry *entry = &lot->entries[first - 1];
			const struct net *net = rib_net(rib, entry->net);

			if (bgp_prefix_size(net->length) > writer_room(&w))
				break;
			bgp_prefix_write(&w, net->address, net->length);
			if (!bits_get(&out->advertised, entry->net))
				out->count++;
			bits_set(&out->advertised, entry->net);
			tell_watchers(peer, net, rib_path(rib, entry->path));
			release_net(rib, entry->net);
			first = entry->next;
		}
		if (writer_length(&w) == begin)
			return;
		bgp_message_end(&w, 0);
		session_sent(peer->main, &w);
	}
}

static void
write_end_of_rib(struct bgp_peer *peer)
{
	struct writer w = session_writer(peer->main);

	bgp_message_begin(&w, BGP_UPDATE);
	writer_u32(&w, 0);
	bgp_message_end(&w, 0);
	session_sent(peer->main, &w);
	peer->out->end_of_rib = false;
}

bool
adj_out_work(struct bgp_peer *peer, usec_t deadline)
{
	struct adj_out *out = peer->out;
	struct connection *connection = peer->main->connection;
	struct lot *lot;
	bool room;

	if (out == NULL || connection == NULL)
		return false;
	vector_need(&peer->speaker->scratch, sizeof(struct lot));
	lot = peer->speaker->scratch.items;
	room = connection->out.length < OUTPUT_MOST;
	if (!room || (out->pending.count == 0 && out->dump_at == 0 && !out->end_of_rib))
		return false;
	do {
		dump_some(peer, deadline);
		gather(peer, lot);
		write_withdrawals(peer, lot->withdrawn, lot->withdrawn_count);
		for (uint32_t i = 0; i < lot->order_count; i++)
			write_chain(peer, lot, lot->chains[lot->order[i]].first);
		if (out->pending.count == 0 && out->dump_at == 0 && out->end_of_rib)
			write_end_of_rib(peer);
		peer_touch(peer, false);
		connection_flush(connection);
		room = !connection->ended && connection->out.length < OUTPUT_MOST;
	} while (room && (out->pending.count != 0 || out->dump_at != 0) && clock_monotonic() < deadline);
	return room && (out->pending.count != 0 || out->dump_at != 0);
}
