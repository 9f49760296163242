// SPDX-License-Identifier: GPL-2.0-or-later
/* See mtu_probing.h. */
#include "core/health/mtu_probing.h"

#include <string.h>

#define MAX_PROBES 3 /* RFC 8899 5.1.2 */
#define MAX_SILENT 5 /* tries without any answer, and it is given up */
#define SILENCE_US USEC_PER_SEC
/* How much later than the small one the other may come: it waits in queues that small ones pass. */
#define LATER_US (200 * 1000)

static uint32_t
least_of(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void
mtu_probing_init(struct mtu_probing *probing, uint32_t most, uint32_t base, uint32_t least)
{
	*probing = (struct mtu_probing){.most = most,
					.base = least_of(base, most),
					.least = least_of(least, most),
					.limit = most,
					.next = 1};
}

bool
mtu_probing_bound(struct mtu_probing *probing, uint32_t most, uint32_t base, uint32_t least)
{
	bool grown = most > probing->most;

	if (probing->limit == probing->most || probing->limit > most)
		probing->limit = most;
	probing->most = most;
	probing->base = least_of(base, most);
	probing->least = least_of(least, most);
	if (probing->good > most)
		probing->good = most;
	return grown;
}

void
mtu_probing_stop(struct mtu_probing *probing)
{
	probing->phase = MTU_PROBING_IDLE;
	probing->asked = false;
	probing->lost = probing->silent = 0;
}

bool
mtu_probing_active(const struct mtu_probing *probing)
{
	return probing->phase != MTU_PROBING_IDLE;
}

void
mtu_probing_start(struct mtu_probing *probing, usec_t now)
{
	mtu_probing_stop(probing);
	probing->phase = MTU_PROBING_REACHING;
	probing->size = probing->good = probing->bad = 0;
	probing->next += MTU_PROBING_ROOM; /* what comes late belongs to another path */
	probing->due = now;
}

void
mtu_probing_renew(struct mtu_probing *probing, usec_t now)
{
	probing->result = MTU_PROBING_UNKNOWN;
	mtu_probing_start(probing, now);
}

void
mtu_probing_confirm(struct mtu_probing *probing, usec_t now)
{
	if (mtu_probing_active(probing))
		return;
	probing->phase = MTU_PROBING_CONFIRMING;
	probing->size = probing->limit;
	probing->due = now;
}

static void
finish(struct mtu_probing *probing)
{
	if (probing->good != 0)
		probing->limit = probing->good;
	probing->hole = probing->bad;
	probing->result = probing->good != 0 ? MTU_PROBING_FOUND : MTU_PROBING_NONE_FITS;
	mtu_probing_stop(probing);
}

/* The size to test next; 0: the search is at its end. */
static uint32_t
next_size(const struct mtu_probing *probing)
{
	const uint32_t first[] = {probing->most, probing->limit, probing->base, probing->least};

	if (probing->good >= probing->most || (probing->good != 0 && probing->good + 1 == probing->bad))
		return 0;
	if (probing->bad == 0)
		return probing->most;
	if (probing->good != 0)
		return probing->good + (probing->bad - probing->good) / 2;
	for (unsigned i = 0; i < sizeof(first) / sizeof(*first); i++) {
		if (first[i] < probing->bad)
			return first[i];
	}
	return 0;
}

static void
go_on(struct mtu_probing *probing)
{
	probing->lost = probing->silent = 0;
	probing->size = next_size(probing);
	if (probing->size == 0)
		finish(probing);
}

/* The size does not pass. What the tunnel takes is then not known: traffic goes on with the base. */
static void
fail(struct mtu_probing *probing)
{
	probing->phase = MTU_PROBING_SEARCHING;
	probing->bad = probing->size;
	if (probing->good >= probing->bad)
		probing->good = 0;
	if (probing->limit >= probing->bad) {
		probing->result = MTU_PROBING_UNKNOWN;
		probing->hole = probing->bad;
		probing->limit = probing->base < probing->bad ? probing->base : probing->least;
		if (probing->limit < probing->good)
			probing->limit = probing->good;
	}
	go_on(probing);
}

static void
pass(struct mtu_probing *probing, uint32_t size)
{
	if (size > probing->good)
		probing->good = size;
	/* What came late after all (RFC 8899 5.1.2 wants it counted). */
	if (probing->bad != 0 && probing->bad <= probing->good)
		probing->bad = 0;
	if (probing->phase == MTU_PROBING_CONFIRMING && size >= probing->limit) {
		probing->result = MTU_PROBING_FOUND;
		mtu_probing_stop(probing);
	} else if (probing->phase == MTU_PROBING_SEARCHING && size >= probing->size) {
		probing->asked = false;
		go_on(probing);
	}
}

static void
give_up(struct mtu_probing *probing)
{
	if (probing->result == MTU_PROBING_UNKNOWN)
		probing->result = MTU_PROBING_SILENT;
	mtu_probing_stop(probing);
}

/* The try under way has had its time. */
static void
judge(struct mtu_probing *probing)
{
	probing->asked = false;
	if (!probing->small_answered) {
		if (++probing->silent >= MAX_SILENT)
			give_up(probing);
		return;
	}
	probing->silent = 0;
	if (++probing->lost >= MAX_PROBES)
		fail(probing);
}

static uint32_t
number(struct mtu_probing *probing, uint32_t size)
{
	probing->sizes[probing->next % MTU_PROBING_ROOM] = size;
	return probing->next++;
}

bool
mtu_probing_ask(struct mtu_probing *probing, usec_t now, struct mtu_probing_try *out)
{
	if (!mtu_probing_active(probing) || now < probing->due)
		return false;
	if (probing->asked)
		judge(probing);
	if (!mtu_probing_active(probing))
		return false;
	*out = (struct mtu_probing_try){.size = probing->size};
	if (probing->size != 0)
		out->number = number(probing, probing->size);
	out->small = probing->small = number(probing, 0);
	probing->asked = true;
	probing->small_answered = false;
	probing->asked_at = now;
	probing->due =
	    now + (3 * (usec_t)probing->rtt_us > SILENCE_US ? 3 * (usec_t)probing->rtt_us : SILENCE_US);
	return true;
}

static void
small_answered(struct mtu_probing *probing, usec_t now)
{
	probing->small_answered = true;
	probing->rtt_us = (uint32_t)(now - probing->asked_at); /* of this try, so some seconds at most */
	if (probing->phase == MTU_PROBING_REACHING) {
		probing->phase = MTU_PROBING_SEARCHING;
		probing->asked = false;
		probing->due = now;
		go_on(probing);
		return;
	}
	probing->due = now + (probing->rtt_us > LATER_US ? (usec_t)probing->rtt_us : LATER_US);
}

void
mtu_probing_answer(struct mtu_probing *probing, uint32_t which, usec_t now)
{
	uint32_t before = probing->next - which; /* how many echoes ago, from 1 */

	if (!mtu_probing_active(probing) || before == 0 || before > MTU_PROBING_ROOM)
		return;
	if (probing->sizes[which % MTU_PROBING_ROOM] != 0) {
		pass(probing, probing->sizes[which % MTU_PROBING_ROOM]);
		if (!probing->asked)
			probing->due = now;
	} else if (probing->asked && which == probing->small && !probing->small_answered) {
		small_answered(probing, now);
	}
}
