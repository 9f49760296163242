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
#include "core/base/trie.h"

struct chronicle; /* see chronicle_internal.h */

#define RIB_LOCAL 0u                    /* the peer number of what is originated here */
#define RIB_PATHS_MOST BGP_ADD_PATH_ALL /* of one prefix, from one peer */
#define RIB_FREE UINT16_MAX             /* of a path that is not in use */

/* Why a path that stands in adj-in can't be used; PATH_USABLE: it can. */
enum path_verdict {
	PATH_USABLE,
	PATH_LOOP,
	PATH_ORIGINATOR,
	PATH_CLUSTER,
	PATH_FIRST_AS,
	PATH_NEXT_HOP_SELF,
	PATH_NEXT_HOP_INVALID,
	PATH_NEXT_HOP_LINK_LOCAL,
	PATH_NEXT_HOP_UNREACHABLE, /* of these two the rules of import were asked */
	PATH_NEXT_HOP_FAR,
	PATH_NO_DESTINATION,
	PATH_ROUTE_LEAK,
	PATH_DENIED,         /* by a rule of import */
	PATH_BLACKHOLE_WIDE, /* to be discarded, and shorter than is allowed for that */
	PATH_DEFAULT,        /* originated for those peers who are told a default route of their own */
};
const char *path_verdict_text(enum path_verdict verdict);

/** It may change with the ways that there are. */
static inline bool
path_verdict_of_next_hop(enum path_verdict verdict)
{
	return verdict == PATH_NEXT_HOP_UNREACHABLE || verdict == PATH_NEXT_HOP_FAR;
}

/** The rules of import, if there are any, were asked. */
static inline bool
path_verdict_ruled(enum path_verdict verdict)
{
	return verdict == PATH_USABLE || verdict == PATH_DENIED || path_verdict_of_next_hop(verdict);
}

/* As of the last decision: the best; of its group; of the group that stands in when that one can't carry. */
enum { PATH_BEST = 1, PATH_COUNTED = 2, PATH_BACKUP = 4 };

struct path {
	struct bgp_attributes *attributes;
	uint32_t next, net; /* next of the same prefix; 0: none */
	uint16_t peer;
	uint8_t generation;
	uint8_t flags : 3, verdict : 5;
} __attribute__((packed, aligned(4)));

/* CHANGED: in the queue, for what it is there: EXPORT: another best path is to be told, EXPORT_PATHS: some
 * path of it changed. LISTED, LISTED_PATHS: in the list of changes of the best paths, of all paths.
 * SUPPRESSED: an aggregate is told in its place (aggregate.c). */
enum {
	NET_CHANGED = 1,
	NET_EXPORT = 2,
	NET_USED = 4,
	NET_LISTED = 8,
	NET_EXPORT_PATHS = 16,
	NET_LISTED_PATHS = 32,
	NET_SUPPRESSED = 64,
};

struct net {
	uint32_t paths; /* the first one; the best where one is usable */
	uint8_t length, flags;
	uint16_t readers; /* whose place in a list of changes it is */
	uint8_t address[];
};

/* What the decision process has to know of a peer. */
struct rib_peer {
	struct ip_address address;
	uint32_t identifier, local_preference, group, member;
	uint8_t generation;
	/* So many generations before the present one are still good, though stale; so many are to stay so:
	 * the sweep takes those in between. */
	uint8_t stale, keep;
	bool internal, used;
	bool client;      /* of route reflection (RFC 4456) */
	bool standby;     /* another member of its group has a higher local preference (rib_peer_prefer) */
	bool prefer;      /* its local preference changed: decide on all of its paths again */
	bool reconsider;  /* its rules of import changed: look at all of its paths again */
	bool clearing;    /* paths went with a session, and that was not handed on for all of them yet */
	uint32_t unswept; /* sessions that ended since the last full sweep */
	uint32_t table_until;          /* so long it tells its table; in the time of chronicle_internal.h */
	uint64_t received, accepted;   /* paths that stand */
	uint64_t accepted_stale;       /* of the accepted ones: not told again yet */
	uint64_t graceful;             /* of the accepted ones: with GRACEFUL_SHUTDOWN (RFC 8326) */
	uint32_t lowest_med, scan_med; /* UINT32_MAX: none */
	bool med_stale, med_scanning;  /* the lowest may be gone: look again */
};

/* A round through all paths that there are when it is asked for, each once, in slices. Those that come
 * meanwhile don't concern it. Asking again while it is under way makes it go on for one more full round. */
struct rib_round {
	uint32_t cursor, end, left;
};

/* A reader of the changes. */
struct changes_cursor {
	struct changes_cursor *next;
	struct changes *of;
	uint32_t at; /* the next prefix to read; 0: all is read */
};

/* Prefixes that changed, for those who tell of it. See changes.c. */
struct changes {
	uint8_t listed;      /* the flag of a net that says that it is in here */
	struct vector links; /* by prefix number */
	uint32_t head, tail, count;
	struct changes_cursor *cursors;
	uint32_t at_end; /* readers who have read all */
};

/* All prefixes by attributes. See order.c. */
struct order {
	struct rib *rib;
	struct changes_cursor cursor; /* where the changes were when it was begun */
	uint32_t references;
	uint32_t built, end; /* the pass */
	struct vector next;  /* of the same chain, by prefix number */
	struct vector slots;
	uint32_t slot_count, used;
	uint32_t rest; /* a chain of those without a slot */
};

/* How far a reader of an order is: all zero is the beginning. */
struct order_place {
	uint32_t chain; /* the one after that of `net` */
	uint32_t net;   /* the next prefix; 0: the first of the chain */
};

struct rib {
	uint8_t family, address_bytes;
	uint32_t net_size;
	struct trie trie;
	struct vector nets, paths, peers;
	uint32_t net_count, path_count; /* used of the arenas, with holes */
	uint32_t free_net, free_path;
	uint32_t live_paths;
	uint32_t chosen; /* prefixes with a best path */
	uint32_t
	    looks; /* counts the paths that decisions went through: work, between two looks at the clock */
	struct fifo changed;
	struct changes changes;             /* of best paths */
	struct changes path_changes;        /* of all paths, for those who are told several (RFC 7911) */
	struct order *order;                /* that of those who begin now may share; NULL: none. Borrowed */
	struct attribute_table *attributes; /* borrowed: one for all families */
	/* By path number: the attributes that came, where rules made others of them (struct bgp_attributes *,
	 * references held). Grows with the first such path only. */
	struct vector before;
	/* By path number: the identifier that came with it (uint32_t; RFC 7911). Grows with the first one
	 * that is not 0 only. */
	struct vector ids;
	/* By path number: what the count stood at when it changed last (uint32_t). Kept while there are
	 * readers of path_changes. */
	struct vector versions;
	uint32_t version;
	struct rib_round sweep, prefer, again, med;
	int64_t med_next; /* not before: looking for lowest MEDs in a large table is not done all the time */
	bool next_hops_moved;  /* a round over all paths looks at theirs */
	bool clearing;         /* so is what some peer told */
	bool tell_preferences; /* there are internal peers, who are told local preferences */
	struct vector scratch;
	/* Called for each change of a row of adj-in while set. `path` is valid during the call. */
	void (*row_changed)(void *context, struct rib *rib, const struct net *net, const struct path *path,
			    bool gone);
	/* Rules of its peer changed: looks at a path of that peer again. Must be set before
	 * rib_peer_reconsider. */
	void (*reconsider)(void *context, struct rib *rib, uint32_t path);
	/* Next hops are reached otherwise: looks at a path again. Must be set before rib_next_hops_moved. */
	void (*look_again)(void *context, struct rib *rib, uint32_t path);
	void *context;
	struct chronicle *chronicle; /* what changes is noted there; NULL: nowhere. Borrowed */
};

/** `family`: AF_INET or AF_INET6. The table is borrowed and must outlive the RIB. */
void rib_init(struct rib *rib, uint8_t family, struct attribute_table *attributes);
void rib_free(struct rib *rib);

static inline enum bgp_family
rib_family(const struct rib *rib)
{
	return rib->family == AF_INET ? BGP_IPV4 : BGP_IPV6;
}

static inline struct net *
rib_net(const struct rib *rib, uint32_t index)
{
	return (struct net *)(void *)((uint8_t *)rib->nets.items + (size_t)index * rib->net_size);
}

/* So much work goes between two looks at the clock, where a prefix may have hundreds of paths. */
#define RIB_LOOKS_AT_ONCE 1024u

/** Whether decisions took that much since `rib->looks` was `since`. */
static inline bool
rib_worked(const struct rib *rib, uint32_t since)
{
	return rib->looks - since >= RIB_LOOKS_AT_ONCE;
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

/** The attributes that came, where rules made others of them; NULL: they are the path's own. */
static inline struct bgp_attributes *
rib_before(const struct rib *rib, uint32_t path)
{
	return ((size_t)path + 1) * sizeof(void *) <= rib->before.bytes
		   ? ((struct bgp_attributes **)rib->before.items)[path]
		   : NULL;
}

/** The identifier that the peer told it by; 0 also where it tells none. */
static inline uint32_t
rib_path_id(const struct rib *rib, uint32_t path)
{
	return ((size_t)path + 1) * sizeof(uint32_t) <= rib->ids.bytes
		   ? ((const uint32_t *)rib->ids.items)[path]
		   : 0;
}

/** Another one after each change of the path, while all paths are told to somebody. */
static inline uint32_t
rib_path_version(const struct rib *rib, uint32_t path)
{
	return ((size_t)path + 1) * sizeof(uint32_t) <= rib->versions.bytes
		   ? ((const uint32_t *)rib->versions.items)[path]
		   : 0;
}

static inline uint32_t
rib_path_index(const struct rib *rib, const struct path *path)
{
	return (uint32_t)(path - (const struct path *)rib->paths.items);
}

static inline bool
path_current(const struct rib *rib, const struct path *path)
{
	const struct rib_peer *peer = rib_peer(rib, path->peer);

	return (uint8_t)(peer->generation - path->generation) <= peer->stale;
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
/** The same of one of several paths (RFC 7911) whose attributes rules have made out of `before` (NULL: they
 * came so). 0: the peer has RIB_PATHS_MOST of the prefix already, it was not taken. */
uint32_t rib_announce_path(struct rib *rib, uint16_t peer, const struct nlri *nlri,
			   struct bgp_attributes *attributes, struct bgp_attributes *before,
			   enum path_verdict verdict);
/** A path that stands is of another generation from now on: fresh, or stale. */
void rib_path_age(struct rib *rib, uint32_t path, uint8_t generation);
bool rib_withdraw(struct rib *rib, uint16_t peer, const uint8_t *address, uint8_t length);
bool rib_withdraw_path(struct rib *rib, uint16_t peer, const struct nlri *nlri);
/** The session of a peer ended: at once none of its paths is usable; a sweep is due. */
void rib_peer_down(struct rib *rib, uint16_t peer);
/** The same of a peer that may be back soon: its paths become stale, and go on being used. What was stale
 * before goes (RFC 4724, 4.2). */
void rib_peer_restarts(struct rib *rib, uint16_t peer);
/** The peer says all its paths again: those that stand become stale. False: that has no effect, there is
 * none, or it was said too often without an end. */
bool rib_peer_refreshes(struct rib *rib, uint16_t peer);
/** It has said all: what is still stale goes, in slices. */
void rib_peer_expire(struct rib *rib, uint16_t peer);
bool rib_peer_has_stale(const struct rib *rib, uint16_t peer);
/** The peer's rules of import were changed: a round over its paths is due. */
void rib_peer_reconsider(struct rib *rib, uint16_t peer);
/** Next hops are reached otherwise: a round over all paths is due. */
void rib_next_hops_moved(struct rib *rib);
/** Sets the peer's local preference, and what follows for its group: a round of decisions is due. */
void rib_peer_prefer(struct rib *rib, uint16_t peer, uint32_t local_preference);

/** One slice of the rounds that are due (sweep, preferences, lowest MEDs), until `deadline`. True: more is
 * left. */
bool rib_work(struct rib *rib, int64_t deadline);
/** Whether a sweep is under way. */
bool rib_sweeping(const struct rib *rib);
/** To be called now and then, all changes that were taken out of the queue having been handed on: ends the
 * clearing of peers. */
void rib_clear_up(struct rib *rib);
/** When to call rib_work again for what it has put off; 0: nothing. */
int64_t rib_due(const struct rib *rib);

/** Frees a prefix that nobody needs any more. */
void rib_net_tidy(struct rib *rib, uint32_t net);
/** Members of the best path's group that have a usable path (as bits), and that group. */
uint32_t rib_members(const struct rib *rib, const struct net *net, uint32_t *group);
/** The same for the group that stands in: that of the best path of the other groups; 0: there is none. */
uint32_t rib_backup_members(const struct rib *rib, const struct net *net, uint32_t *group);

/* --- what there is to tell: changes.c, order.c -------------------------------------------------- */

/** A reader begins at the end, and stops. The cursor is borrowed. */
void changes_open(struct rib *rib, struct changes_cursor *cursor);
/** The same of the changes of all paths. */
void changes_open_paths(struct rib *rib, struct changes_cursor *cursor);
void changes_close(struct rib *rib, struct changes_cursor *cursor);
/** The best path of a prefix changed, or some path of it. Without readers nothing is kept of it. */
void changes_add(struct rib *rib, uint32_t net);
void changes_add_paths(struct rib *rib, uint32_t net);
/** The next prefix, and moves on; 0: all is read. */
uint32_t changes_next(struct rib *rib, struct changes_cursor *cursor);
/** The reader goes on with a prefix that is in the list; 0: at the end. */
void changes_move(struct rib *rib, struct changes_cursor *cursor, uint32_t net);
/** Drops what all have read, and frees prefixes that are gone. True: more is left. */
bool changes_trim(struct rib *rib, int64_t deadline);
void changes_free(struct rib *rib);

/** An order that has all that stands now, with one more reference. `fresh`: the cursor of a reader who was
 * told nothing yet; it may share one that was begun before, and moves to where the changes were then. */
struct order *order_take(struct rib *rib, struct changes_cursor *fresh);
/** NULL is fine. */
void order_release(struct order *order);
/** A slice of the pass. True: it is through, and order_next() may be called. */
bool order_build(struct order *order, int64_t deadline);
/** The next prefix, which may have changed or gone meanwhile; 0: no more. */
uint32_t order_next(const struct order *order, struct order_place *place);

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
	STEP_CLUSTER_LIST,
	STEP_ADDRESS,
	STEP_PATH_ID, /* of one peer: none is said in RFC 7911 */
};

/** The best of a prefix's usable paths, by its number; 0: there is none. */
uint32_t decision_best(struct rib *rib, const struct net *net);
/** Puts the best `most` of so many usable paths of one prefix first, in the order of the decision: each is
 * the best of what stands behind it. */
void decision_order(struct rib *rib, uint32_t *paths, size_t count, size_t most);
/** The group of the best of those usable paths that are neither of `group` nor of none; 0: there is none. */
uint32_t decision_backup_group(struct rib *rib, const struct net *net, uint32_t group);
/** The step at which `winner` beats `other`. */
enum decision_step decision_step_between(const struct rib *rib, const struct path *winner,
					 const struct path *other);
/** The step at which the best path of a prefix beat the last of the others; ONLY: there is none. */
enum decision_step decision_step_of(struct rib *rib, const struct net *net);
/** "best: lower MED (100 against 200)", "not best: ...", "not accepted: ..." Returns `out`. */
const char *decision_reason(struct rib *rib, const struct net *net, const struct path *path, char *out,
			    size_t size);

#endif
