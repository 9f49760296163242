// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The search for the longest packet that a tunnel's path takes, where no router says so: Datagram
 * Packetization Layer Path MTU Discovery (RFC 8899, RFC 4821) by echoes through the tunnel. The rules only,
 * with the time as an argument: no sockets, no clock, no thread.
 *
 * Every try is two echoes at once: one of the size under test, and a small one. When the small one is
 * answered and the other is not, a moment later, the try has failed; three such tries in a row (MAX_PROBES,
 * RFC 8899 5.1.2) and the size does not pass. Where not even the small one is answered nothing is learnt. So
 * a try takes a round trip and no more, also for a size that vanishes; RFC 8899's PROBE_TIMER, 15 s of
 * silence, is for those who have no such witness.
 *
 *   start -> small echoes until one is answered -> the longest size -> answered: done
 *                                                                  -> lost: the present limit, the base, the
 *                                                                     least, and then halves in between
 *   confirm -> the present limit -> answered: done -> lost: a black hole (RFC 8899 4.3); search
 *
 * Sizes are those of inner packets, their IP header counted; the limit is what the tunnel should take now.
 */
#ifndef TWINSPAN_HEALTH_MTU_PROBING_H
#define TWINSPAN_HEALTH_MTU_PROBING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"

#define MTU_PROBING_ROOM 32 /* echoes whose answers are still known; a power of two */

enum mtu_probing_result {
	MTU_PROBING_UNKNOWN,  /* nothing was found out yet, or it holds no more */
	MTU_PROBING_SILENT,   /* the peer answered no echo, however small */
	MTU_PROBING_FOUND,    /* the limit was answered */
	MTU_PROBING_NONE_FITS /* not even the least size was: the limit is that all the same */
};

struct mtu_probing {
	uint32_t most, base, least; /* what is searched between */
	uint32_t limit;
	uint32_t good; /* the longest that was answered since the search began; 0: none */
	uint32_t bad;  /* the shortest that was not; 0: none */
	uint32_t hole; /* where the limit is less than `most`: the shortest that is known not to pass */
	enum mtu_probing_result result;
	enum { MTU_PROBING_IDLE, MTU_PROBING_REACHING, MTU_PROBING_SEARCHING, MTU_PROBING_CONFIRMING } phase;
	uint32_t size;         /* under test */
	unsigned lost, silent; /* tries of it in a row that failed; that said nothing */
	bool asked;            /* a try is under way */
	uint32_t next, small;  /* number of the next echo, of the try's small one */
	usec_t asked_at, due;  /* when the try began; when it is judged */
	bool small_answered;
	uint32_t rtt_us;                  /* of the last small one */
	uint32_t sizes[MTU_PROBING_ROOM]; /* by number */
};

/* Echoes to be sent now. */
struct mtu_probing_try {
	uint32_t size;          /* 0: only the small one */
	uint32_t number, small; /* of the one and of the small one, which follows it at once */
};

/** Nothing is known: the limit is `most`, since most paths take it. */
void mtu_probing_init(struct mtu_probing *probing, uint32_t most, uint32_t base, uint32_t least);
/**
 * Other bounds. What was not found to be less follows `most`. True where longer packets may pass than were
 * tried: a search should be started.
 */
bool mtu_probing_bound(struct mtu_probing *probing, uint32_t most, uint32_t base, uint32_t least);
/** Begins to search from the longest on; the limit holds until something is found. */
void mtu_probing_start(struct mtu_probing *probing, usec_t now);
/** The same on a path that may be another one: what was found says nothing of it. */
void mtu_probing_renew(struct mtu_probing *probing, usec_t now);
/** Begins to test the present limit; nothing where a search is under way. */
void mtu_probing_confirm(struct mtu_probing *probing, usec_t now);
/** Ends what is under way; what was found holds. */
void mtu_probing_stop(struct mtu_probing *probing);
/** Something is under way: mtu_probing_ask is to be called every few milliseconds. */
bool mtu_probing_active(const struct mtu_probing *probing);
/** Judges the try under way. True where echoes are to be sent now. */
bool mtu_probing_ask(struct mtu_probing *probing, usec_t now, struct mtu_probing_try *out);
/** The echo of this number was answered. Numbers that are not known do nothing. */
void mtu_probing_answer(struct mtu_probing *probing, uint32_t number, usec_t now);

#endif
