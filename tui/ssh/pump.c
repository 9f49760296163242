// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes between a channel and a socket. The socket's reader may be slow: then writing waits, the channel's
 * window fills and the far side stops; nothing is queued here beyond a window.
 */
#include "tui/ssh/ssh_internal.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"

#define CHUNK 32768

struct pump {
	struct ssh_link *link;
	ssh_session session;
	ssh_channel channel;
	int fd;
	bool ended;
	usec_t heard, asked; /* monotonic: last byte from there, last keepalive */
};

/* From the channel to the socket; waits while its reader does. */
static int
on_data(ssh_session session, ssh_channel channel, void *data, uint32_t length, int is_stderr, void *context)
{
	struct pump *pump = context;
	uint32_t done = 0;

	(void)session;
	(void)channel;
	pump->heard = clock_monotonic();
	if (is_stderr) {
		ssh_link_said(pump->link, data, length);
		return (int)length;
	}
	while (done < length && !pump->ended) {
		ssize_t put = send(pump->fd, (const char *)data + done, length - done, MSG_NOSIGNAL);

		if (put > 0)
			done += (uint32_t)put;
		else if (errno != EINTR)
			pump->ended = true;
	}
	return (int)length;
}

static void
on_end(ssh_session session, ssh_channel channel, void *context)
{
	(void)session;
	(void)channel;
	((struct pump *)context)->ended = true;
}

/* From the socket to the channel. */
static int
on_socket(socket_t fd, int events, void *context)
{
	struct pump *pump = context;
	char bytes[CHUNK];
	ssize_t got;

	if ((events & (POLLIN | POLLHUP | POLLERR)) == 0)
		return 0;
	got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0 || ssh_channel_write(pump->channel, bytes, (uint32_t)got) != got)
		pump->ended = true;
	return 0;
}

/* A word now and then where nothing is heard, so that NATs and firewalls on the way remember us. */
static void
keep_alive(struct pump *pump)
{
	usec_t now = clock_monotonic(), limit = SSH_KEEPALIVE_MS * USEC_PER_MS;

	if (now - pump->heard < limit || now - pump->asked < limit)
		return;
	pump->asked = now;
	ssh_send_ignore(pump->session, "");
}

void
ssh_pump(struct ssh_link *link, ssh_session session, ssh_channel channel, int fd)
{
	struct pump pump = {
	    .link = link, .session = session, .channel = channel, .fd = fd, .heard = clock_monotonic()};
	struct ssh_channel_callbacks_struct callbacks = {.userdata = &pump,
							 .channel_data_function = on_data,
							 .channel_eof_function = on_end,
							 .channel_close_function = on_end};
	ssh_event event = ssh_event_new();

	ssh_callbacks_init(&callbacks);
	if (event == NULL || ssh_add_channel_callbacks(channel, &callbacks) != SSH_OK)
		return;
	ssh_event_add_session(event, session);
	ssh_event_add_fd(event, fd, POLLIN, on_socket, &pump);
	while (!pump.ended && ssh_channel_is_open(channel) && !ssh_channel_is_eof(channel) &&
	       ssh_event_dopoll(event, SSH_KEEPALIVE_MS) != SSH_ERROR)
		keep_alive(&pump);
	ssh_event_remove_fd(event, fd);
	ssh_event_remove_session(event, session);
	ssh_event_free(event);
	ssh_remove_channel_callbacks(channel, &callbacks);
	if (!ssh_is_connected(session))
		ssh_link_said(link, "the SSH connection was lost", 27);
}
