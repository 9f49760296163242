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
