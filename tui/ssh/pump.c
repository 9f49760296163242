// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes between a channel and a socket. Nothing here waits but the one poll: two sessions of one way (a jump
 * host's and the next one's) wait for each other otherwise, and an attempt that is given up would hang. A
 * side that doesn't read holds up the other: what can't be passed on stays in the channel's window, or in the
 * socket.
 */
#include "tui/ssh/ssh_internal.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"

#define CHUNK 16384
#define LAST_WORD_MS 3000 /* between the end of what a command prints and its exit status */

/* Bytes taken from one side that the other did not take yet. */
struct rest {
	char bytes[CHUNK];
	size_t start, length;
};

struct pump {
	struct ssh_link *link;
	ssh_session session;
	ssh_channel channel;
	int fd;
	short wanted; /* what is polled of fd */
	struct rest up, down;
	size_t waiting; /* bytes that the channel still holds for the socket */
	bool socket_ended, channel_ended, closed;
	int exit_status;
	usec_t heard, asked, ended; /* monotonic: last byte from there, last keepalive, end of its output */
};

/* --- from the channel to the socket ------------------------------------------------------------ */

/* How many of the bytes the socket took at once. */
static size_t
give(struct pump *pump, const char *bytes, size_t length)
{
	ssize_t put = send(pump->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put < 0 && errno != EAGAIN && errno != EINTR)
		pump->socket_ended = true;
	return put > 0 ? (size_t)put : 0;
}

/* What is not taken here stays with the channel, whose window then does not grow. */
static int
on_data(ssh_session session, ssh_channel channel, void *data, uint32_t length, int is_stderr, void *context)
{
	struct pump *pump = context;
	size_t taken = 0;

	(void)session;
	(void)channel;
	pump->heard = clock_monotonic();
	if (is_stderr) {
		ssh_link_said(pump->link, data, length);
		return (int)length;
	}
	if (pump->down.length == 0 && !pump->socket_ended)
		taken = give(pump, data, length);
	pump->waiting = length - taken;
	return (int)taken;
}

static void
on_end(ssh_session session, ssh_channel channel, void *context)
{
	struct pump *pump = context;

	(void)session;
	(void)channel;
	pump->channel_ended = true;
}

static void
on_close(ssh_session session, ssh_channel channel, void *context)
{
	on_end(session, channel, context);
	((struct pump *)context)->closed = true;
}

static void
on_exit_status(ssh_session session, ssh_channel channel, int status, void *context)
{
	(void)session;
	(void)channel;
	((struct pump *)context)->exit_status = status;
}

/* What was held back: first the rest here, then the channel's. */
static void
push_down(struct pump *pump)
{
	struct rest *down = &pump->down;

	while (!pump->socket_ended && (down->length > 0 || pump->waiting > 0)) {
		size_t put;

		if (down->length == 0) {
			uint32_t most = pump->waiting < CHUNK ? (uint32_t)pump->waiting : CHUNK;
			int got = ssh_channel_read_nonblocking(pump->channel, down->bytes, most, 0);

			if (got <= 0) {
				pump->waiting = 0;
				return;
			}
			down->start = 0;
			down->length = (size_t)got;
			pump->waiting -= (size_t)got < pump->waiting ? (size_t)got : pump->waiting;
		}
		put = give(pump, down->bytes + down->start, down->length);
		if (put == 0)
			return;
		down->start += put;
		down->length -= put;
	}
}

/* --- from the socket to the channel ------------------------------------------------------------ */

static void
push_up(struct pump *pump)
{
	struct rest *up = &pump->up;
	int put;

	while (up->length > 0) {
		put = ssh_channel_write(pump->channel, up->bytes + up->start, (uint32_t)up->length);
		if (put < 0)
			pump->closed = true;
		if (put <= 0)
			return;
		up->start += (size_t)put;
		up->length -= (size_t)put;
	}
}

static void
pull_up(struct pump *pump)
{
	ssize_t got = recv(pump->fd, pump->up.bytes, CHUNK, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		pump->socket_ended = true;
		return;
	}
	pump->up.start = 0;
	pump->up.length = (size_t)got;
	push_up(pump);
}

static int
on_socket(socket_t fd, int events, void *context)
{
	struct pump *pump = context;

	(void)fd;
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && pump->up.length == 0)
		pull_up(pump);
	else if ((events & (POLLHUP | POLLERR)) != 0)
		pump->socket_ended = true; /* nobody reads, and what waits here is of no use any more */
	return 0;
}

/* --- both -------------------------------------------------------------------------------------- */

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

/* The channel's window may be full while a rest waits: then nothing more is read. */
static void
watch_socket(struct pump *pump, ssh_event event)
{
	short wanted = pump->up.length == 0 && ssh_channel_window_size(pump->channel) > 0 ? POLLIN : 0;

	if (pump->down.length > 0 || pump->waiting > 0)
		wanted |= POLLOUT;
	if (wanted == pump->wanted)
		return;
	if (pump->wanted >= 0)
		ssh_event_remove_fd(event, pump->fd);
	pump->wanted = wanted;
	ssh_event_add_fd(event, pump->fd, wanted, on_socket, pump);
}

/* Is everything said? A command's exit status comes behind the end of its output. */
static bool
is_over(struct pump *pump)
{
	bool held = pump->down.length > 0 || pump->waiting > 0;

	if (pump->socket_ended || (pump->closed && !held))
		return true;
	if (!pump->channel_ended || held)
		return false;
	if (pump->ended == 0)
		pump->ended = clock_monotonic();
	return pump->exit_status >= 0 || clock_monotonic() - pump->ended >= LAST_WORD_MS * USEC_PER_MS;
}

/* What came with the answer to the request that began the command: no callback was told of it. */
static void
take_early(struct pump *pump)
{
	char bytes[512];
	int early = ssh_channel_poll(pump->channel, 0), got;

	if (early > 0)
		pump->waiting = (size_t)early;
	while (ssh_channel_poll(pump->channel, 1) > 0 &&
	       (got = ssh_channel_read_nonblocking(pump->channel, bytes, sizeof(bytes), 1)) > 0)
		ssh_link_said(pump->link, bytes, (size_t)got);
	if (ssh_channel_is_eof(pump->channel))
		pump->channel_ended = true;
	if (ssh_channel_is_closed(pump->channel))
		pump->channel_ended = pump->closed = true;
	if (pump->closed) /* else it would be waited for */
		pump->exit_status = ssh_channel_get_exit_status(pump->channel);
	push_down(pump);
}

static void
carry(struct pump *pump, ssh_event event)
{
	take_early(pump);
	while (!is_over(pump) && ssh_is_connected(pump->session)) {
		watch_socket(pump, event);
		if (ssh_event_dopoll(event, pump->channel_ended ? LAST_WORD_MS : SSH_KEEPALIVE_MS) ==
		    SSH_ERROR)
			return;
		push_up(pump);
		push_down(pump);
		keep_alive(pump);
	}
}

int
ssh_pump(struct ssh_link *link, ssh_session session, ssh_channel channel, int fd)
{
	struct pump *pump = memory_zeroed(1, sizeof(*pump));
	struct ssh_channel_callbacks_struct callbacks = {.userdata = pump,
							 .channel_data_function = on_data,
							 .channel_eof_function = on_end,
							 .channel_close_function = on_close,
							 .channel_exit_status_function = on_exit_status};
	ssh_event event = ssh_event_new();
	int status;

	*pump = (struct pump){.link = link,
			      .session = session,
			      .channel = channel,
			      .fd = fd,
			      .wanted = -1,
			      .exit_status = -1,
			      .heard = clock_monotonic()};
	ssh_callbacks_init(&callbacks);
	if (event != NULL && ssh_add_channel_callbacks(channel, &callbacks) == SSH_OK) {
		ssh_set_blocking(session, 0);
		ssh_event_add_session(event, session);
		carry(pump, event);
		if (pump->wanted >= 0)
			ssh_event_remove_fd(event, fd);
		ssh_event_remove_session(event, session);
		ssh_remove_channel_callbacks(channel, &callbacks);
	}
	ssh_event_free(event);
	if (!pump->socket_ended && !ssh_is_connected(session))
		ssh_link_said(link, "the SSH connection was lost", 27);
	status = pump->exit_status;
	free(pump);
	return status;
}
