// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happened to prefixes lately: one speaker's memory of changes of paths, bounded and all the same size
 * each.
 *
 * Changes come in two kinds. *Single* ones an engineer looks for: a peer says or withdraws a path while its
 * session stands. *Mass* ones follow from one thing that happened to a whole table: a session that is new and
 * tells all it has, one that ended, other rules, another preference. Each kind has a ring of its own, so that
 * a table that comes in does not wash out what happened before it; and of one mass no more than
 * CHRONICLE_MASS_KEPT changes are kept one by one. A mass is summed up in a record in any case (whose, why,
 * how many), so beyond that many a change costs two comparisons and an addition. More single changes than
 * CHRONICLE_SINGLE_MOST within CHRONICLE_WINDOW count as a mass too.
 */
#ifndef TWINSPAN_BGP_CHRONICLE_INTERNAL_H
#define TWINSPAN_BGP_CHRONICLE_INTERNAL_H

#include "core/bgp/rib_internal.h"

#define CHRONICLE_RING 16384u       /* changes of each kind */
#define CHRONICLE_MASSES 256u       /* of the last masses */
#define CHRONICLE_MASS_KEPT 4096u   /* changes of one mass that are kept one by one */
#define CHRONICLE_MASS_TOLD 32u     /* changes from which on a mass is worth a word of its own */
#define CHRONICLE_SINGLE_MOST 4096u /* single changes within CHRONICLE_WINDOW */
#define CHRONICLE_WINDOW (10 * USEC_PER_SEC)
#define CHRONICLE_MASS_GAP (5 * USEC_PER_SEC)    /* a mass is over when nothing more came of it for so long */
#define CHRONICLE_TABLE_TIME (60 * USEC_PER_SEC) /* of a session without an End-of-RIB (RFC 4724, 2) */

enum chronicle_cause {
	CHRONICLE_ANNOUNCED,
	CHRONICLE_WITHDRAWN,
	CHRONICLE_MALFORMED, /* a malformed UPDATE, treated as a withdrawal (RFC 7606, 2) */
	CHRONICLE_SESSION,   /* the session ended */
	CHRONICLE_STALE,     /* it was not told again (RFC 4724, RFC 7313) */
	CHRONICLE_RULES,     /* other rules of import */
	CHRONICLE_PREFERENCE,
	CHRONICLE_NEXT_HOP, /* its next hop can be reached, or no longer (RFC 4271, 9.1.2.1) */
};

/* Whom a record names; by number, since peers go while their records stay. */
#define CHRONICLE_NOBODY UINT16_MAX
#define CHRONICLE_UNKNOWN (UINT16_MAX - 1) /* there were too many of them */

struct chronicle_entry {
	uint32_t number, at; /* at: see chronicle_time() */
	uint32_t med, local_preference, origin_as, path_id;
	uint16_t by, best, before; /* whose path changed; whose is the best now, and was before */
	uint8_t family, length;
	uint8_t cause, verdict, step, hops;
	bool has_med : 1, gone : 1, again : 1; /* gone: the path is; again: there was one before */
	uint8_t address[16];
};

struct chronicle_mass {
	uint32_t number, at, last;
	uint16_t by;
	uint8_t cause;
	uint64_t count;
	uint32_t kept;
};

struct chronicle_ring {
	struct vector entries;
	uint32_t count; /* ever */
	uint32_t
	    gap; /* up to then (chronicle_time()) changes are missing that are not older than the ring's */
};

struct chronicle {
	usec_t opened;
	uint32_t now; /* in chronicle_time()'s units, as of the last chronicle_tick() */
	uint32_t number;
	struct chronicle_ring single, mass;
	struct chronicle_mass masses[CHRONICLE_MASSES];
	uint32_t mass_count; /* ever */
	uint32_t window_from, window_count;
	struct chronicle_mass *open; /* the last one that was added to; NULL: none */
	struct vector names;         /* char *, by number; NULL: free */
	struct vector of_peer;       /* their numbers by the peers' in the RIB */
	enum chronicle_cause why;    /* see chronicle_because() */
};

struct chronicle *chronicle_new(void);
/** NULL is fine. */
void chronicle_free(struct chronicle *chronicle);
/** The time of what is noted from now on; monotonic. */
void chronicle_tick(struct chronicle *chronicle, usec_t now);
/** The monotonic time of a record. */
usec_t chronicle_time(const struct chronicle *chronicle, uint32_t at);
/** A peer has got a number in the RIBs. */
void chronicle_name(struct chronicle *chronicle, uint16_t peer, const char *name);
/** The number of a peer in the chronicle, by that in the RIB. */
uint16_t chronicle_number(const struct chronicle *chronicle, uint16_t peer);
/** NULL: this gateway, nobody. "a former peer" where it is not known any more. */
const char *chronicle_name_of(const struct chronicle *chronicle, uint16_t number);
/** The record of a ring, 0 the oldest that is there; its end is chronicle_kept(). */
const struct chronicle_entry *chronicle_at(const struct chronicle_ring *ring, uint32_t i);
uint32_t chronicle_kept(const struct chronicle_ring *ring);
struct ip_prefix chronicle_prefix(const struct chronicle_entry *entry);

/* What changed: a path of `peer` to `net`. `path`: NULL where it is gone. */
struct chronicle_change {
	const struct net *net;
	const struct path *path;
	uint16_t peer, best, before; /* as numbers in the RIB; RIB_FREE: none */
	enum chronicle_cause cause;
	uint32_t path_id; /* as received; 0: none */
	bool again;
};

/** Why what is noted from now on changed, whatever it looks like; ANNOUNCED: no more. NULL is fine. */
static inline void
chronicle_because(struct chronicle *chronicle, enum chronicle_cause why)
{
	if (chronicle != NULL)
		chronicle->why = why;
}

/** The session of a peer begins to tell its table, which may be a mass; it has told all of it. */
void chronicle_table_begins(struct rib *rib, uint16_t peer);
void chronicle_table_ends(struct rib *rib, uint16_t peer);
/** Notes a change. */
void chronicle_note(struct chronicle *chronicle, struct rib *rib, const struct chronicle_change *change);

#endif
