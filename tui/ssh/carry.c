// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread of a jump host's session: one channel (direct-tcpip, RFC 4254 7.2) for each that goes through,
 * joined to a socket pair, so that the next session speaks over what looks like any socket. sshd counts no
 * such channel among its MaxSessions (sshd_config(5)).
 *
 * libssh tells nobody that a channel was refused but who asks for it again, and asking polls; so that is
 * done only where the session's error text is a new one (it has the channel's number).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tui/ssh/jump.h"
#include "tui/ssh/stream.h"

struct passage {
	struct jump_request *request;
	ssh_channel channel;
	struct ssh_stream *stream; /* NULL while it is being opened */
	bool over;
	struct passage *next;
};

struct carrier {
	struct ssh_jump *jump;
	ssh_session session;
	ssh_event event;
	struct passage *passages;
	size_t streams;
	usec_t heard, asked; /* monotonic: last word from there, last keepalive */
	char denied[256];    /* the last error text that was looked at */
	bool used;
};

static void
say(struct passage *passage, char word, const char *why)
{
	char text[200];

	snprintf(text, sizeof(text), "%c%s", word, why);
	if (send(passage->request->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		passage->over = true; /* it does not wait any more */
}

/* "Channel opening failure: channel 43 error (2) Connection refused" */
static void
deny(struct carrier *carrier, struct passage *passage, bool alone)
{
	const char *why = ssh_get_error(carrier->session), *reason = strstr(why, ") ");
	char clean[160];

	/* one of several: which of the reasons is its own is not known */
	text_clean(clean, sizeof(clean), !alone ? "refused" : reason != NULL ? reason + 2 : why);
	say(passage, JUMP_DENIED, clean);
	passage->over = true;
}

static bool
opens(struct passage *passage)
{
	return passage->stream == NULL && !passage->over;
}

static void
begin_stream(struct carrier *carrier, struct passage *passage)
{
	carrier->heard = clock_monotonic();
	say(passage, JUMP_OPEN, "");
	if (passage->over)
		return;
	passage->stream = ssh_stream_new(NULL, carrier->event, passage->channel, passage->request->fd);
	passage->over = passage->stream == NULL;
	carrier->streams += passage->stream != NULL ? 1 : 0;
}

/* Asks for it, or again. True where the answer is no. */
static bool
is_denied(struct passage *passage)
{
	return ssh_channel_open_forward(passage->channel, passage->request->host, (int)passage->request->port,
					"127.0.0.1", 0) == SSH_ERROR &&
	       !ssh_channel_is_open(passage->channel);
}

static bool
was_denied(struct carrier *carrier)
{
	return strncmp(carrier->denied, ssh_get_error(carrier->session), sizeof(carrier->denied) - 1) != 0;
}

static void
look_for_denied(struct carrier *carrier)
{
	struct passage *denied = NULL;
	size_t count = 0;

	snprintf(carrier->denied, sizeof(carrier->denied), "%s", ssh_get_error(carrier->session));
	for (struct passage *passage = carrier->passages; passage != NULL; passage = passage->next) {
		if (!opens(passage) || ssh_channel_is_open(passage->channel) || !is_denied(passage))
			continue;
		if (count++ > 0)
			deny(carrier, passage, false);
		else
			denied = passage;
	}
	if (denied == NULL)
		return;
	carrier->heard = clock_monotonic();
	deny(carrier, denied, count == 1);
}

static void
take_requests(struct carrier *carrier)
{
	struct jump_request *request = jump_take_requests(carrier->jump, carrier->heard, &carrier->used),
			    *next;

	for (; request != NULL; request = next) {
		struct passage *passage = memory_zeroed(1, sizeof(*passage));

		next = request->next;
		passage->request = request;
		passage->channel = ssh_channel_new(carrier->session);
		passage->next = carrier->passages;
		carrier->passages = passage;
		if (passage->channel == NULL || is_denied(passage))
			deny(carrier, passage, true);
	}
}

static void
end_passage(struct carrier *carrier, struct passage *passage)
{
	if (passage->stream != NULL) {
		ssh_stream_free(passage->stream);
		carrier->streams--;
	}
	if (passage->channel != NULL)
		ssh_channel_free(passage->channel);
	close(passage->request->fd);
	free(passage->request);
	free(passage);
}

static void
move(struct carrier *carrier, struct passage *passage)
{
	if (opens(passage) && ssh_channel_is_open(passage->channel))
		begin_stream(carrier, passage);
	if (passage->stream == NULL)
		return;
	ssh_stream_move(passage->stream);
	if (ssh_stream_heard(passage->stream) > carrier->heard)
		carrier->heard = ssh_stream_heard(passage->stream);
	passage->over = passage->over || ssh_stream_is_over(passage->stream);
}

static void
move_all(struct carrier *carrier)
{
	for (struct passage **at = &carrier->passages; *at != NULL;) {
		struct passage *passage = *at;

		move(carrier, passage);
		if (passage->over) {
			*at = passage->next;
			end_passage(carrier, passage);
		} else {
			at = &passage->next;
		}
	}
}

/* What one stream's write brought the others is not waited for. Milliseconds. */
static int
watch_all(struct carrier *carrier)
{
	int patience = was_denied(carrier) ? 0 : SSH_KEEPALIVE_MS;

	for (struct passage *passage = carrier->passages; passage != NULL; passage = passage->next) {
		int its = passage->stream != NULL                 ? ssh_stream_watch(passage->stream)
			  : ssh_channel_is_open(passage->channel) ? 0
								  : patience;

		patience = its < patience ? its : patience;
	}
	return patience;
}

static int
on_wake(socket_t fd, int events, void *context)
{
	eventfd_t count;

	(void)events;
	(void)context;
	eventfd_read(fd, &count);
	return 0;
}

static void
carry(struct carrier *carrier)
{
	while (ssh_is_connected(carrier->session)) {
		take_requests(carrier);
		while (was_denied(carrier))
			look_for_denied(carrier);
		move_all(carrier);
		if (!carrier->used && carrier->streams == 0)
			return;
		ssh_keep_alive(carrier->session, carrier->heard, &carrier->asked);
		if (ssh_event_dopoll(carrier->event, watch_all(carrier)) == SSH_ERROR)
			return;
	}
}

static void
end_all(struct carrier *carrier)
{
	struct passage *passage;

	while ((passage = carrier->passages) != NULL) {
		carrier->passages = passage->next;
		end_passage(carrier, passage);
	}
}

void
jump_carry(void *jump)
{
	struct carrier carrier = {.jump = jump,
				  .session = jump_session(jump),
				  .event = ssh_event_new(),
				  .heard = clock_monotonic()};
	int wake = jump_wake_fd(jump);
	bool ready;

	snprintf(carrier.denied, sizeof(carrier.denied), "%s", ssh_get_error(carrier.session));
	ssh_set_blocking(carrier.session, 0);
	ready = carrier.event != NULL && ssh_event_add_session(carrier.event, carrier.session) == SSH_OK;
	if (ready) {
		ssh_event_add_fd(carrier.event, wake, POLLIN, on_wake, NULL);
		carry(&carrier);
	}
	jump_stop(jump);
	end_all(&carrier);
	if (ready) {
		ssh_event_remove_fd(carrier.event, wake);
		ssh_event_remove_session(carrier.event, carrier.session);
	}
	ssh_event_free(carrier.event);
	jump_end(jump);
}
