// SPDX-License-Identifier: GPL-2.0-or-later
/* Between adj_out.c, which finds what is to be told, and adj_out_write.c, which puts it into messages. */
#ifndef TWINSPAN_BGP_ADJ_OUT_INTERNAL_H
#define TWINSPAN_BGP_ADJ_OUT_INTERNAL_H

#include "core/bgp/speaker_internal.h"

#define LOT 4096u /* prefixes sorted by attributes at once */
#define SLOTS (2 * LOT)
#define MEMBERS 32u /* peers that are told at once: others with the next lot, which is the same */

struct entry {
	const struct bgp_attributes *attributes;
	uint64_t applied; /* rules of export */
	uint32_t local_preference, net, next;
	uint32_t path; /* where several are told also what it is told by */
	uint16_t from; /* where that makes a difference: the peer that brought it */
};

struct withdrawal {
	uint32_t net, id; /* id: of the path; 0 where one of a prefix is told */
};

struct member {
	struct bgp_peer *peer;
	struct adj_out *out;
	bool told; /* of the chain at hand: it did not come from there */
};

/* Work room of a lot: entries, in chains of equal attributes found by hash; and who is told. All members are
 * of export_same(), and stand at the same place. */
struct lot {
	struct entry entries[LOT];
	struct {
		uint32_t first, last; /* index + 1 */
	} chains[SLOTS];
	uint32_t order[LOT];
	struct withdrawal withdrawn[LOT];
	uint32_t entry_count, order_count, withdrawn_count;
	struct rib *rib;
	bool watched; /* a collector is told what there is before the rules of export */
	struct member members[MEMBERS];
	uint32_t member_count;
	bool ids;         /* several paths of a prefix are told, to a single member (adj_paths.c) */
	uint32_t looks;   /* at paths, to choose between them */
	uint32_t decided; /* rib->looks when it was begun */
	bool anew;        /* also what stands there already: it is a walk */
	/* More of the last chain's set follows in the next lot: a message that could hold more is left to
	 * that one, which begins with the prefix `rewind`; 0: none was left. */
	bool goes_on;
	uint32_t rewind;
	uint8_t section[BGP_MESSAGE_EXTENDED], message[BGP_MESSAGE_EXTENDED];
};

/** Adds a prefix to those to be told. */
void adj_out_add(struct lot *lot, const struct entry *entry);
/** Tells what is in the lot. */
void adj_out_write(struct lot *lot);
/** RFC 4724, 2: the end of the initial routes. / A mark of an enhanced route refresh (RFC 7313). */
void adj_out_write_end_of_rib(struct bgp_peer *peer, struct adj_out *out);
void adj_out_write_mark(struct bgp_peer *peer, const struct adj_out *out, enum bgp_refresh_subtype subtype);
/** Tells those who watch what a peer is told now; `path` NULL: nothing any more, by that identifier. */
void adj_out_tell_watchers(struct bgp_peer *peer, const struct rib *rib, const struct net *net,
			   const struct path *path, uint32_t id);

/* --- adj_paths.c: several paths of a prefix ----------------------------------------------------- */

/** At most so many of each prefix, as bgp_peer_config's add_path_send. / From now on: all prefixes are to be
 * looked at again. */
struct adj_paths *adj_paths_new(uint32_t most);
void adj_paths_limit(struct adj_paths *paths, uint32_t most);
bool adj_paths_has(const struct adj_paths *paths, uint32_t net, uint32_t id);
/** It was told in that version of the path. True: it was not before. */
bool adj_paths_set(struct adj_paths *paths, uint32_t net, uint32_t id, uint32_t version);
void adj_paths_clear(struct adj_paths *paths, uint32_t net, uint32_t id);
/** Puts a prefix into the lot: paths that are not told or that changed, and what is to be withdrawn of it. */
void adj_paths_look_at(struct lot *lot, uint32_t net);
/** Whether a lot of about so many entries is full: has no room for a whole prefix. */
bool adj_paths_fill(const struct lot *lot, uint32_t entries);

/** Whether a prefix stands at the peer, by that identifier. */
static inline bool
adj_out_has(const struct adj_out *out, uint32_t net, uint32_t id)
{
	return out->paths != NULL ? adj_paths_has(out->paths, net, id) : bits_get(&out->advertised, net);
}

#endif
