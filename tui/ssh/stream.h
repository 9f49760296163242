// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel of an SSH session joined to a socket; for the thread that owns the session. */
#ifndef TWINSPAN_TUI_SSH_STREAM_H
#define TWINSPAN_TUI_SSH_STREAM_H

#include "core/base/clock.h"
#include "tui/ssh/ssh_internal.h"

struct ssh_stream;

/*
 * Joins an open channel of a session, which is in `event` and does not block, to `fd`. All are borrowed.
 * `link` hears what a command says to stderr; NULL: nobody does. NULL where there is no memory.
 */
struct ssh_stream *ssh_stream_new(struct ssh_link *link, ssh_event event, ssh_channel channel, int fd);
/* After each poll of the event: passes on what can be passed on. */
void ssh_stream_move(struct ssh_stream *stream);
/* One of the sides has ended, and the other one has all that it said. */
bool ssh_stream_is_over(struct ssh_stream *stream);
/* Before each poll, after all streams of the session have been moved (libssh polls while one writes): has
 * watched what is to be waited for. Returns for how many milliseconds at most. */
int ssh_stream_watch(struct ssh_stream *stream);
/* When the last byte came from there, monotonic. */
usec_t ssh_stream_heard(const struct ssh_stream *stream);
/* It was the socket's side that ended. */
bool ssh_stream_was_left(const struct ssh_stream *stream);
/* Parts them. Returns the exit status of the far side's command, -1 where none was told. */
int ssh_stream_free(struct ssh_stream *stream);

#endif
