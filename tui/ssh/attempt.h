// SPDX-License-Identifier: GPL-2.0-or-later
/* What an attempt's thread does from its beginning to its end. */
#ifndef TWINSPAN_TUI_SSH_ATTEMPT_H
#define TWINSPAN_TUI_SSH_ATTEMPT_H

#include "tui/ssh/ssh_internal.h"

/* What the loop is to know; called on the thread, at most one of them. */
struct attempt_events {
	void (*opened)(struct ssh_link *link, int stream); /* the loop's end of the socket pair */
	void (*failed)(struct ssh_link *link, const struct ssh_fault *fault);
};

/* Goes the way to the target, jump by jump, runs the bridge there and carries its bytes until either side
 * ends. */
void attempt_run(struct ssh_link *link, const struct ssh_target *target, const struct attempt_events *events);

#endif
