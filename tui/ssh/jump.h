// SPDX-License-Identifier: GPL-2.0-or-later
/* A jump host as those see it that go through it (jump.c), and as its own thread does (carry.c). */
#ifndef TWINSPAN_TUI_SSH_JUMP_H
#define TWINSPAN_TUI_SSH_JUMP_H

#include "core/base/clock.h"
#include "tui/ssh/ssh_internal.h"

/* What the thread says first on a request's socket; behind the latter follows why, then the end. */
#define JUMP_OPEN '+'
#define JUMP_DENIED '-'

/* A channel that somebody wants. */
struct jump_request {
	char host[256];
	unsigned port;
	int fd; /* the thread's end of its socket pair */
	struct jump_request *next;
};

/* The thread: takes requests, opens their channels and carries their bytes until the session is lost or
 * nobody uses it any more. */
void jump_carry(void *jump);

ssh_session jump_session(const struct ssh_jump *jump);
int jump_wake_fd(const struct ssh_jump *jump);
/* All that wait, to be freed; their sockets are the caller's. `heard`: when the session last was (monotonic).
 */
struct jump_request *jump_take_requests(struct ssh_jump *jump, usec_t heard, bool *used);
/* Nobody goes through it any more: before the streams of who did are ended. */
void jump_stop(struct ssh_jump *jump);
/* Ends the session and lets go of the jump, which the thread doesn't look at any more. */
void jump_end(struct ssh_jump *jump);

#endif
