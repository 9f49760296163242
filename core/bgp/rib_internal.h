// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The routing information base of one family: every prefix with its paths, the best first, and what follows
 * from a change of it. A path belongs to a peer and to a *generation* of it (a session): the moment a session
 * ends its generation is over, and with that all its paths are unusable; they are then swept out in slices.
 *
 * A prefix is a `net` of 12 octets (IPv4), a path has 20; both are in arenas and link by index, since a table
 * of a million prefixes has to fit where others put a few hundred thousand.
 */
#ifndef TWINSPAN_BGP_RIB_INTERNAL_H
#define TWINSPAN_BGP_RIB_INTERNAL_H

#include "core/bgp/attributes_internal.h"
#include "core/bgp/trie_internal.h"

#define RIB_LOCAL 0u        /* the peer number of what is originated here */
#define RIB_FREE UINT16_MAX /* of a path that is not in use */

/* Why a path that stands in adj-in can't be used; PATH_USABLE: it can. */
enum path_verdict {
	PATH_USABLE,
	PATH_LOOP,
	PATH_ORIGINATOR,
	PATH_FIRST_AS,
	PATH_NEXT_HOP_SELF,
	PATH_NEXT_HOP_INVALID,
	PATH_NO_DESTINATION,
};
const char *path_verdict_text(enum path_verdict verdict);

/* As of the last decision: the best; of its group; of the group that stands in when that one can't carry. */
enum { PATH_BEST = 1, PATH_COUNTED = 2, PATH_BACKUP = 4 };

struct path {
	struct bgp_attributes *attributes;
	uint32_t next, net; /* next of the same prefix; 0: none */
	uint16_t peer;
	uint8_t generation;
	uint8_t flags : 3, verdict : 5;
} __attribute__((packed, aligned(4)));

enum { NET_CHANGED = 1, NET_EXPORT = 2, NET_USED = 4 };

struct net {
	uint32_t paths; /* the first one; the best where one is usable */
	uint8_t length, flags;
	uint16_t queued; /* in how many peers' queues of what to tell */
	uint8_t address[];
};

/* What the decision process has to know of a peer. */
struct rib_peer {
	struct ip_address address;
	uint32_t identifier, local_preference, group, member;
	uint8_t generation;
	bool internal, used;
	bool prefer;                   /* its local preference changed: decide on all of its paths again */
	uint32_t unswept;              /* sessions that ended since the last full sweep */
	uint64_t received, accepted;   /* paths of the present generation */
	uint64_t graceful;             /* of the accepted ones: with GRACEFUL_SHUTDOWN (RFC 8326) */
	uint32_t lowest_med, scan_med; /* UINT32_MAX: none */
	bool med_stale, med_scanning;  /* the lowest may be gone: look again */
};

/* A round through all paths, in slices; asking again while it is under way makes it go on for one more full
 * round. */
struct rib_round {
	uint32_t cursor, left;
};

struct rib {
	uint8_t family, address_bytes;
	uint32_t net_size;
	struct trie trie;
	struct vector nets, paths, peers;
	uint32_t net_count, path_count; /* used of the arenas, with holes */
	uint32_t free_net, free_path;
	uint32_t live_paths;
	struct fifo changed;
	struct attribute_table attributes;
	struct rib_round sweep, prefer, med;
	int64_t med_next; /* not before: looking for lowest MEDs in a large table is not done all the time */
	bool tell_preferences; /* there are internal peers, who are told local preferences */
	struct vector scratch;
	/* Called for each change of a row of adj-in while set. `path` is valid during the call. */
	void (*row_changed)(void *context, const struct net *net, const struct path *path, bool gone);
	void *context;
};

void rib_init(struct rib *rib, uint8_t family);
void rib_free(struct rib *rib);

static inline struct net *
rib_net(const struct rib *rib, uint32_t index)
{
	return (struct net *)(void *)((uint8_t *)rib->nets.items + (size_t)index * rib->net_size);
}

static inline struct path *
rib_path(const struct rib *rib, uint32_t index)
{
	return (struct path *)rib->paths.items + index;
}

static inline struct rib_peer *
rib_peer(const struct rib *rib, uint16_t index)
{
	return (struct rib_peer *)rib->peers.items + index;
}

static inline bool
path_current(const struct rib *rib, const struct path *path)
{
	return path->generation == rib_peer(rib, path->peer)->generation;
}

static inline bool
path_usable(const struct rib *rib, const struct path *path)
{
	return path->verdict == PATH_USABLE && path_current(rib, path);
}

static inline uint32_t
rib_net_index(const struct rib *rib, const struct net *net)
{
	return (uint32_t)((size_t)((const uint8_t *)net - (const uint8_t *)rib->nets.items) / rib->net_size);
}

/** The best path as of the last decision, where it is still usable; NULL otherwise. */
const struct path *rib_best(const struct rib *rib, const struct net *net);
/** The same, deciding anew first where the session of the best path has ended since. */
const struct path *rib_best_now(struct rib *rib, struct net *net);
struct ip_prefix rib_prefix(const struct rib *rib, const struct net *net);
uint32_t path_local_preference(const struct rib *rib, const struct path *path);

/** A number for a peer; UINT16_MAX: no more left. */
uint16_t rib_peer_take(struct rib *rib);
/** Gives the number back; no path of it may be left (rib_sweep has ended). */
void rib_peer_give(struct rib *rib, uint16_t peer);

/**
 * A path of a peer to a prefix, new or in place of an older one. Takes a reference to `attributes` of its
 * own. Returns the path's number.
 */
uint32_t rib_announce(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length,
		      struct bgp_attributes *attributes, enum path_verdict verdict);
bool rib_withdraw(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length);
/** The session of a peer ended: at once none of its paths is usable; a sweep is due. */
void rib_peer_down(struct rib *rib, uint16_t peer);
/** The peer's local preference was changed: a round of decisions is due. */
void rib_peer_preferred(struct rib *rib, uint16_t peer);

/** One slice of the rounds that are due (sweep, preferences, lowest MEDs), until `deadline`. True: more is
 * left. */
bool rib_work(struct rib *rib, int64_t deadline);
/** Whether a sweep is under way. */
bool rib_sweeping(const struct rib *rib);
/** When to call rib_work again for what it has put off; 0: nothing. */
int64_t rib_due(const struct rib *rib);

/** Decides on a prefix again after conditions changed; `force`: it changed even if the best path is the same.
 */
void rib_decide(struct rib *rib, uint32_t net, bool force);
/** Frees a prefix that nobody needs any more. */
void rib_net_tidy(struct rib *rib, uint32_t net);
/** Members of the best path's group that have a usable path (as bits), and that group. */
uint32_t rib_members(const struct rib *rib, const struct net *net, uint32_t *group);
/** The same for the group that stands in: that of the best path of the other groups; 0: there is none. */
uint32_t rib_backup_members(const struct rib *rib, const struct net *net, uint32_t *group);

/* --- the decision process (RFC 4271, 9.1.2) ---------------------------------------------------- */

enum decision_step {
	STEP_ONLY,
	STEP_LOCAL,
	STEP_LOCAL_PREFERENCE,
	STEP_AS_PATH,
	STEP_ORIGIN,
	STEP_MED,
	STEP_EXTERNAL,
	STEP_IDENTIFIER,
	STEP_ADDRESS,
};

/** The best of a prefix's usable paths, by its number; 0: there is none. */
uint32_t decision_best(struct rib *rib, const struct net *net);
/** The group of the best of those usable paths that are neither of `group` nor of none; 0: there is none. */
uint32_t decision_backup_group(struct rib *rib, const struct net *net, uint32_t group);
/** The step at which `winner` beats `other`. */
enum decision_step decision_step_between(const struct rib *rib, const struct path *winner,
					 const struct path *other);
/** "best: lower MED (100 against 200)", "not best: ...", "not accepted: ..." Returns `out`. */
const char *decision_reason(struct rib *rib, const struct net *net, const struct path *path, char *out,
			    size_t size);

#endif
