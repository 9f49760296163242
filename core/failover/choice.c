// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tunnel shall carry, from all that is known of each; see failover.h for the rules. */
#include "core/failover/failover_internal.h"

uint32_t
failover_usable(const struct failover *failover, bool drained_too)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < failover->count; i++) {
		const struct failover_member *member = &failover->members[i];

		if (member->usable && (drained_too || !(member->drain || member->leaving)))
			bits |= 1u << i;
	}
	return bits;
}

uint32_t
failover_teaching(const struct failover *failover)
{
	usec_t now = clock_monotonic(), patience = (usec_t)failover_timing.teach * USEC_PER_MS;
	uint32_t bits = 0, known = 0;

	for (unsigned i = 0; i < failover->count; i++) {
		const struct failover_member *member = &failover->members[i];

		if (!member->usable)
			continue;
		if (member->teaches)
			known |= 1u << i;
		else if (!member->taught && now - member->usable_since < patience)
			bits |= 1u << i;
	}
	return known != 0 ? bits | known : UINT32_MAX;
}

/*
 * The member among `bits` whose MED is the lowest; NONE where one is unknown. Of equal ones it is that whose
 * MED fell last: the other side has just moved there, and can't say that it likes the former one less when
 * that is broken. NONE where that doesn't tell either.
 */
static int
lowest_med(const struct failover *failover, uint32_t bits)
{
	int best = NONE;
	bool tie = false;

	for (unsigned i = 0; i < failover->count; i++) {
		const struct failover_member *member = &failover->members[i], *other;

		if (!(bits & 1u << i))
			continue;
		if (member->med == FAILOVER_NO_MED)
			return NONE;
		other = best >= 0 ? &failover->members[best] : NULL;
		tie = other != NULL && member->med == other->med && member->med_lowered == other->med_lowered;
		if (other == NULL || member->med < other->med ||
		    (member->med == other->med && member->med_lowered > other->med_lowered))
			best = (int)i;
	}
	return tie ? NONE : best;
}

usec_t
failover_hold_down_left(const struct failover *failover)
{
	const struct failover_member *member = &failover->members[failover->preferred];
	usec_t well = clock_monotonic() - member->usable_since;

	return member->usable && member->lost && well < failover->hold_down ? failover->hold_down - well : 0;
}

/* The member that the configuration prefers, if it may carry; NONE. */
static int
preferred_member(const struct failover *failover, uint32_t bits)
{
	int at = failover->preferred;

	if (at < 0 || !(bits & 1u << at))
		return NONE;
	if (!(failover->active & 1u << at) && bits & failover->active &&
	    failover_hold_down_left(failover) > 0)
		return NONE;
	return at;
}

static struct choice
choose_one(const struct failover *failover, uint32_t bits)
{
	int wanted = preferred_member(failover, bits);

	if (wanted >= 0)
		return (struct choice){.active = 1u << wanted, .reason = BY_PREFERENCE};
	/* While the preferred one waits, nothing else moves the traffic meanwhile. */
	wanted =
	    failover->preferred >= 0 && bits & 1u << failover->preferred ? NONE : lowest_med(failover, bits);
	if (wanted >= 0)
		return (struct choice){.active = 1u << wanted, .reason = BY_MED};
	wanted = failover->preferred < 0 ? failover->arrival.by : NONE;
	if (wanted >= 0 && bits & 1u << wanted && arrival_may_follow(failover))
		return (struct choice){.active = 1u << wanted, .reason = BY_TRAFFIC};
	if (bits & failover->active)
		bits &= failover->active;
	return (struct choice){.active = bits & -bits, .reason = BY_HABIT};
}

struct choice
failover_choose(const struct failover *failover)
{
	uint32_t all = failover_usable(failover, true), bits = failover_usable(failover, false), still;
	uint32_t taught = failover_teaching(failover);
	struct choice choice = {0};
	int wanted = failover->pinned;

	if ((bits & taught) == 0)
		bits = (all & taught) != 0 || bits == 0 ? all : bits;
	still = bits;
	bits = (bits & taught) != 0 ? bits & taught : bits;
	if (wanted < 0 || !(bits & 1u << wanted))
		wanted = failover->insist;
	if (wanted >= 0 && bits & 1u << wanted) {
		choice.active = 1u << wanted;
	} else if (failover->active_active) {
		choice.active = bits;
	} else {
		choice = choose_one(failover, bits);
		choice.patient =
		    (still & failover->active) != 0 && !(failover->active & (failover->active - 1));
	}
	choice.untaught = (failover->active & still & ~bits) != 0;
	return choice;
}
