// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What collectors are told, and when: sessions and changes as they come, counters now and then, and to one
 * that has just connected all that stands, in slices. That first dump goes through the prefixes twice: once
 * for what was received and chosen, then for each peer for what it is told.
 */
#include "core/bgp/bmp_internal.h"

#include <string.h>

#define DUMP_MOST (1024u * 1024) /* the first dump makes no more while so much waits */
/* OPEN twice, each of the largest message that comes before capabilities are known, and what is around. */
#define MESSAGE_MOST (BMP_COMMON_HEADER + BMP_PEER_HEADER + 3 * BGP_MESSAGE_MOST)
/* A NOTIFICATION may be an extended message (RFC 8654). */
#define DOWN_MOST (BMP_COMMON_HEADER + BMP_PEER_HEADER + 1 + BGP_MESSAGE_EXTENDED)

/* --- sessions ---------------------------------------------------------------------------------- */

static void
tell_up(struct collector *c, const struct bgp_peer *peer)
{
	uint8_t room[MESSAGE_MOST];
	struct writer w = writer_over(room, sizeof(room));

	bmp_write_peer_up(&w, peer);
	bmp_send_message(c, &w);
}

static void
tell_end_of_rib(struct collector *c, const struct bgp_peer *peer, enum bgp_family family, enum bgp_view view)
{
	uint8_t room[MESSAGE_MOST];
	struct writer w = writer_over(room, sizeof(room));

	if (c->packs[view] == NULL)
		return;
	bmp_write_end_of_rib(&w, c->speaker, peer, family, view);
	bmp_send_message(c, &w);
}

void
bmp_tell_all_up(struct collector *c)
{
	uint8_t room[MESSAGE_MOST];
	struct writer w = writer_over(room, sizeof(room));

	if (c->packs[BGP_VIEW_LOC_RIB] != NULL) {
		bmp_write_loc_rib_up(&w, c->speaker);
		bmp_send_message(c, &w);
	}
	for (const struct bgp_peer *peer = c->speaker->peers; peer != NULL; peer = peer->next) {
		if (peer_established(peer) != NULL)
			tell_up(c, peer);
	}
	c->dump = (struct bmp_dump){.under_way = true};
}

void
bmp_peer_up(const struct bgp_peer *peer)
{
	for (struct collector *c = peer->speaker->bmp->first; c != NULL; c = c->next) {
		if (!c->up)
			continue;
		tell_up(c, peer);
		/* Paths of the session before, kept over a restart: for the collector they were gone. */
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
			if (peer_known(peer, f)->received != 0)
				c->dump = (struct bmp_dump){.under_way = true, .again = true};
		}
	}
}

void
bmp_peer_down(const struct bgp_peer *peer, const struct session_end *end)
{
	for (struct collector *c = peer->speaker->bmp->first; c != NULL; c = c->next) {
		uint8_t room[DOWN_MOST];
		struct writer w = writer_over(room, sizeof(room));

		if (!c->up)
			continue;
		bmp_write_peer_down(&w, peer, end);
		bmp_send_message(c, &w);
	}
}

void
bmp_end_of_rib(const struct bgp_peer *peer, enum bgp_family family)
{
	for (struct collector *c = peer->speaker->bmp->first; c != NULL; c = c->next) {
		/* The first dump ends with one. */
		if (!c->up || c->dump.under_way)
			continue;
		tell_end_of_rib(c, peer, family, BGP_VIEW_IN_PRE);
		tell_end_of_rib(c, peer, family, BGP_VIEW_IN_POST);
	}
}

/* --- changes ----------------------------------------------------------------------------------- */

/* Whether the first dump is still to come to a prefix, of which the collector knows nothing until then. */
static bool
lies_ahead(const struct collector *c, const struct rib *rib, const struct net *net)
{
	const struct bmp_dump *dump = &c->dump;
	int order;

	if (!dump->under_way || dump->outwards || dump->again)
		return false;
	if (!dump->going)
		return true;
	if (dump->reached.address.family != rib->family)
		return rib->family == AF_INET6;
	order = memcmp(net->address, dump->reached.address.bytes, rib->address_bytes);
	return order > 0 || (order == 0 && net->length > dump->reached.length);
}

void
bmp_row(struct bgp_speaker *speaker, const struct rib *rib, const struct net *net, const struct path *path,
	bool gone)
{
	for (struct collector *c = speaker->bmp->first; c != NULL; c = c->next) {
		if (c->up && !c->lost && !lies_ahead(c, rib, net))
			bmp_tell_path(c, rib, net, path, gone ? BMP_GONE : BMP_CHANGED);
	}
}

void
bmp_best(struct bgp_speaker *speaker, const struct rib *rib, const struct net *net, const struct path *best)
{
	for (struct collector *c = speaker->bmp->first; c != NULL; c = c->next) {
		if (c->up && !c->lost && !lies_ahead(c, rib, net))
			bmp_tell_best(c, rib, net, best);
	}
}

bool
bmp_wants(const struct bgp_speaker *speaker, enum bgp_view view)
{
	if (speaker->bmp == NULL)
		return false;
	for (const struct collector *c = speaker->bmp->first; c != NULL; c = c->next) {
		if (c->up && !c->lost && c->packs[view] != NULL)
			return true;
	}
	return false;
}

void
bmp_may_tell(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	     const struct path *path)
{
	for (struct collector *c = peer->speaker->bmp->first; c != NULL; c = c->next) {
		if (c->up && !c->lost)
			bmp_tell_permitted(c, peer, rib, net, path);
	}
}

void
bmp_sent(const struct session *session, const struct writer *update)
{
	for (struct collector *c = session->peer->speaker->bmp->first; c != NULL; c = c->next) {
		if (c->up && !c->lost)
			bmp_tell_sent(c, session, update);
	}
}

/* --- the first dump ---------------------------------------------------------------------------- */

/* Were it that of a session that has ended, nobody would tell of one that is the same again. */
static const struct path *
best_of(struct rib *rib, const struct net *net)
{
	return rib_best_now(rib, rib_net(rib, rib_net_index(rib, net)));
}

static bool
dump_inwards(void *context, struct rib *rib, const struct net *net)
{
	struct collector *c = context;
	const struct path *best = best_of(rib, net);

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path->peer != RIB_LOCAL && path_current(rib, path))
			bmp_tell_path(c, rib, net, path, BMP_FIRST);
	}
	if (best != NULL)
		bmp_tell_best(c, rib, net, best);
	c->dump.reached = rib_prefix(rib, net);
	c->dump.going = true;
	return c->filling.length < DUMP_MOST;
}

/* Of a peer that is told several paths of a prefix (RFC 7911). */
static void
dump_paths(struct collector *c, const struct bgp_peer *peer, struct rib *rib, const struct net *net)
{
	const struct adj_out *out = peer->out[rib_family(rib)];
	uint32_t place = 0, id;

	while ((id = adj_paths_next(out->paths, rib_net_index(rib, net), &place)) != 0) {
		const struct path *path = adj_paths_path(peer, rib, net, id);

		if (path != NULL)
			bmp_tell_advertised(c, peer, rib, net, path, &id);
	}
}

static bool
dump_outwards(void *context, struct rib *rib, const struct net *net)
{
	struct collector *c = context;
	const struct bgp_peer *peer = speaker_peer_of(c->speaker, c->dump.peer);
	const struct adj_out *out = peer->out[rib_family(rib)];
	const struct path *path = NULL;

	if (out != NULL && out->paths != NULL)
		dump_paths(c, peer, rib, net);
	else if (out != NULL)
		path = export_path(peer, rib, net, best_of(rib, net));
	/* Of one that has changed since it was told, the change is on its way. */
	if (path != NULL) {
		bmp_tell_permitted(c, peer, rib, net, path);
		if (bits_get(&out->advertised, rib_net_index(rib, net)))
			bmp_tell_advertised(c, peer, rib, net, path, NULL);
	}
	c->dump.reached = rib_prefix(rib, net);
	c->dump.going = true;
	return c->filling.length < DUMP_MOST;
}

/* The established peer with the next number; NULL: there is none. */
static const struct bgp_peer *
next_peer(const struct collector *c)
{
	const struct bgp_peer *next = NULL;

	for (const struct bgp_peer *peer = c->speaker->peers; peer != NULL; peer = peer->next) {
		if (peer_established(peer) != NULL && peer->index > c->dump.peer &&
		    (next == NULL || peer->index < next->index))
			next = peer;
	}
	return next;
}

static void
end_views(struct collector *c, const struct bgp_peer *peer, enum bgp_view first, enum bgp_view last)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (peer != NULL && !(peer->main->families & BGP_FAMILY_BIT(f)))
			continue;
		for (unsigned view = first; view <= last; view++)
			tell_end_of_rib(c, peer, f, view);
	}
}

/* A part is through: what ends with it, and what comes next. */
static void
next_part(struct collector *c)
{
	const struct bgp_peer *peer;

	c->dump.going = false;
	if (!c->dump.outwards) {
		for (peer = c->speaker->peers; peer != NULL; peer = peer->next) {
			if (peer_established(peer) != NULL)
				end_views(c, peer, BGP_VIEW_IN_PRE, BGP_VIEW_IN_POST);
		}
		end_views(c, NULL, BGP_VIEW_LOC_RIB, BGP_VIEW_LOC_RIB);
		c->dump.outwards = true;
	} else {
		end_views(c, speaker_peer_of(c->speaker, c->dump.peer), BGP_VIEW_OUT_PRE, BGP_VIEW_OUT_POST);
	}
	peer =
	    c->packs[BGP_VIEW_OUT_PRE] != NULL || c->packs[BGP_VIEW_OUT_POST] != NULL ? next_peer(c) : NULL;
	if (peer != NULL)
		c->dump.peer = peer->index;
	else
		c->dump = (struct bmp_dump){0};
}

bool
bmp_dump_some(struct collector *c, usec_t deadline)
{
	struct ip_prefix from = c->dump.reached;
	struct bgp_walk walk = {.from = c->dump.going ? &from : NULL, .until = deadline};

	if (!c->dump.under_way || c->filling.length >= DUMP_MOST)
		return false;
	if (c->dump.outwards) {
		const struct bgp_peer *peer = speaker_peer_of(c->speaker, c->dump.peer);

		/* Its session ended meanwhile: with another one all it is told comes as it is told. */
		if (peer == NULL || peer_established(peer) == NULL) {
			c->dump.going = false;
			peer = next_peer(c);
			if (peer == NULL)
				c->dump = (struct bmp_dump){0};
			else
				c->dump.peer = peer->index;
			return c->dump.under_way;
		}
	}
	if (speaker_walk_nets(c->speaker, &walk, c->dump.outwards ? dump_outwards : dump_inwards, c))
		next_part(c);
	return c->dump.under_way && c->filling.length < DUMP_MOST;
}

/* --- counters ---------------------------------------------------------------------------------- */

void
bmp_tell_statistics(struct collector *c)
{
	uint8_t room[MESSAGE_MOST];
	struct writer w = writer_over(room, sizeof(room));

	for (const struct bgp_peer *peer = c->speaker->peers; peer != NULL; peer = peer->next) {
		if (peer_established(peer) == NULL)
			continue;
		w = writer_over(room, sizeof(room));
		bmp_write_statistics(&w, peer);
		bmp_send_message(c, &w);
	}
	if (c->packs[BGP_VIEW_LOC_RIB] == NULL)
		return;
	w = writer_over(room, sizeof(room));
	bmp_write_loc_rib_statistics(&w, c->speaker);
	bmp_send_message(c, &w);
}
