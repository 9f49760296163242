// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes of a site: one session with one channel. Nothing here waits but the one poll, so that an attempt
 * that is given up ends.
 */
#include "tui/ssh/stream.h"

/* A word now and then where nothing is heard, so that NATs and firewalls on the way remember us. */
void
ssh_keep_alive(ssh_session session, usec_t heard, usec_t *asked)
{
	usec_t now = clock_monotonic(), limit = SSH_KEEPALIVE_MS * USEC_PER_MS;

	if (now - heard < limit || now - *asked < limit)
		return;
	*asked = now;
	ssh_send_ignore(session, "");
}

static void
carry(ssh_session session, ssh_event event, struct ssh_stream *stream)
{
	usec_t asked = 0;

	while (!ssh_stream_is_over(stream) && ssh_is_connected(session)) {
		if (ssh_event_dopoll(event, ssh_stream_watch(stream)) == SSH_ERROR)
			return;
		ssh_stream_move(stream);
		ssh_keep_alive(session, ssh_stream_heard(stream), &asked);
	}
}

int
ssh_pump(struct ssh_link *link, ssh_session session, ssh_channel channel, int fd)
{
	ssh_event event = ssh_event_new();
	struct ssh_stream *stream = NULL;
	bool left = false;
	int status = -1;

	ssh_set_blocking(session, 0);
	if (event != NULL && ssh_event_add_session(event, session) == SSH_OK) {
		stream = ssh_stream_new(link, event, channel, fd);
		if (stream != NULL) {
			carry(session, event, stream);
			left = ssh_stream_was_left(stream);
			status = ssh_stream_free(stream);
		}
		ssh_event_remove_session(event, session);
	}
	ssh_event_free(event);
	if (!left && !ssh_is_connected(session))
		ssh_link_said(link, "the SSH connection was lost", 27);
	return status;
}
