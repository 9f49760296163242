// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Damping of what flaps, as RFC 2439 does it for routes: every failure adds to a penalty that halves with
 * time. Above the one threshold a tunnel is held back, below the other it is let go. Whoever asks decides
 * what that means; a connection's only way is never held back.
 */
#ifndef TWINSPAN_HEALTH_DAMPING_H
#define TWINSPAN_HEALTH_DAMPING_H

#include <stdbool.h>

#include "core/base/clock.h"

#define DAMPING_PENALTY 1000.0 /* of one failure */
#define DAMPING_HOLD 5500.0    /* held back from here on: the sixth failure in quick succession */
#define DAMPING_RELEASE 2500.0 /* let go below this */
#define DAMPING_MOST 8000.0    /* so that nothing is held back for more than 101 s */
#define DAMPING_HALF_LIFE (60 * USEC_PER_SEC)

struct damping {
	double penalty; /* as of `at` */
	usec_t at;
	bool held;
};

/** A failure at `now` (monotonic); the sixth in quick succession holds it back. */
void damping_failed(struct damping *damping, usec_t now);
/** Whether it is held back now. */
bool damping_held(struct damping *damping, usec_t now);
/** What is left of the penalty: it halves every DAMPING_HALF_LIFE. */
double damping_penalty(const struct damping *damping, usec_t now);
/** How long it will be held if nothing more happens. */
usec_t damping_left(const struct damping *damping, usec_t now);
/** Forgets all failures, and lets go. */
void damping_clear(struct damping *damping);

/* A tunnel of a connection, as it is until now. */
struct damping_member {
	bool able;    /* it could carry */
	bool waits;   /* it is held back */
	bool carries; /* traffic goes by it */
};
/**
 * Whether the member `at` of a connection, whose damping this is, has to wait. What carries and is well is
 * not taken away for what was: only one that comes back waits; and only while another can carry that does not
 * wait itself, so that of several that flap one is let carry.
 */
bool damping_holds_back(struct damping *damping, const struct damping_member *members, unsigned count,
			unsigned at, usec_t now);

#endif
