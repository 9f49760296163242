// SPDX-License-Identifier: GPL-2.0-or-later
/* See damping.h. */
#include "core/health/damping.h"

#include <math.h>

double
damping_penalty(const struct damping *damping, usec_t now)
{
	return damping->penalty * exp2(-(double)(now - damping->at) / (double)DAMPING_HALF_LIFE);
}

void
damping_failed(struct damping *damping, usec_t now)
{
	double penalty = damping_penalty(damping, now) + DAMPING_PENALTY;

	damping->penalty = penalty < DAMPING_MOST ? penalty : DAMPING_MOST;
	damping->at = now;
	damping->held |= damping->penalty >= DAMPING_HOLD;
}

bool
damping_held(struct damping *damping, usec_t now)
{
	if (damping->held && damping_penalty(damping, now) < DAMPING_RELEASE)
		damping->held = false;
	return damping->held;
}

usec_t
damping_left(const struct damping *damping, usec_t now)
{
	double penalty = damping_penalty(damping, now);

	if (!damping->held || penalty <= DAMPING_RELEASE)
		return 0;
	return (usec_t)(log2(penalty / DAMPING_RELEASE) * (double)DAMPING_HALF_LIFE);
}

void
damping_clear(struct damping *damping)
{
	*damping = (struct damping){0};
}

bool
damping_holds_back(struct damping *damping, const struct damping_member *members, unsigned count, unsigned at,
		   usec_t now)
{
	const struct damping_member *member = &members[at];
	bool other = false;

	for (unsigned i = 0; i < count; i++)
		other |= i != at && members[i].able && !members[i].waits;
	return member->able && damping_held(damping, now) && other && (member->waits || !member->carries);
}
