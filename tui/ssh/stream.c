// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A channel joined to a socket. A side that doesn't read holds up the other: what can't be passed on stays in
 * the channel's window, or in the socket. libssh opens the window anew with each read that finds it half
 * closed, however much still waits: so all that waits is taken at once, and no more until that is passed on.
 * Then at most two windows are held, whatever the other side sends. Several streams may share a session:
 * nothing is written to it from within libssh's callbacks, as libssh polls while it writes, and one stream's
 * write would run into the next one's, and so on.
 */
#include <errno.h>
#include <libssh/callbacks.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tui/ssh/stream.h"

#define CHUNK 16384
#define MOST_WAITING ((size_t)8 << 20) /* libssh's window is 1.3 MB, and it takes what goes beyond it */
#define LAST_WORD_MS 3000              /* between the end of what a command prints and its exit status */

/* Bytes taken from one side that the other did not take yet. */
struct rest {
	char bytes[CHUNK];
	size_t start, length;
};

struct window {
	char *bytes; /* NULL where it has none */
	size_t start, length;
};

struct ssh_stream {
	struct ssh_link *link;
	ssh_event event;
	ssh_channel channel;
	int fd;
	short wanted; /* what is polled of fd */
	short events; /* what it has */
	struct rest up;
	struct window down;
	size_t waiting; /* bytes that the channel still holds for the socket */
	bool socket_ended, channel_ended, closed;
	int exit_status;
	usec_t heard, ended; /* monotonic: last byte from there, end of its output */
	struct ssh_channel_callbacks_struct callbacks;
};

/* --- from the channel to the socket ------------------------------------------------------------ */

/* How many of the bytes the socket took at once. */
static size_t
give(struct ssh_stream *stream, const char *bytes, size_t length)
{
	ssize_t put = send(stream->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (put < 0 && errno != EAGAIN && errno != EINTR)
		stream->socket_ended = true;
	return put > 0 ? (size_t)put : 0;
}

/* What is not taken here stays with the channel, whose window then does not grow. */
static int
on_data(ssh_session session, ssh_channel channel, void *data, uint32_t length, int is_stderr, void *context)
{
	static const char flood[] = "it sends more than SSH's window allows";
	struct ssh_stream *stream = context;
	size_t taken = 0;

	(void)session;
	(void)channel;
	stream->heard = clock_monotonic();
	if (is_stderr) {
		if (stream->link != NULL)
			ssh_link_said(stream->link, data, length);
		return (int)length;
	}
	if (stream->down.length == 0 && !stream->socket_ended)
		taken = give(stream, data, length);
	stream->waiting = length - taken;
	if (stream->waiting > MOST_WAITING) {
		if (stream->link != NULL)
			ssh_link_said(stream->link, flood, sizeof(flood) - 1);
		stream->socket_ended = true;
	}
	return (int)taken;
}

static void
on_end(ssh_session session, ssh_channel channel, void *context)
{
	struct ssh_stream *stream = context;

	(void)session;
	(void)channel;
	stream->channel_ended = true;
}

static void
on_close(ssh_session session, ssh_channel channel, void *context)
{
	on_end(session, channel, context);
	((struct ssh_stream *)context)->closed = true;
}

static void
on_exit_status(ssh_session session, ssh_channel channel, int status, void *context)
{
	(void)session;
	(void)channel;
	((struct ssh_stream *)context)->exit_status = status;
}

/* Takes all that waits in the channel. False for nothing. */
static bool
pull_down(struct ssh_stream *stream)
{
	struct window *down = &stream->down;
	int got;

	down->bytes = memory_resize(NULL, stream->waiting);
	got = ssh_channel_read_nonblocking(stream->channel, down->bytes, (uint32_t)stream->waiting, 0);
	if (got <= 0) {
		FREE_AND_NULL(down->bytes);
		stream->waiting = 0;
		return false;
	}
	down->start = 0;
	down->length = (size_t)got;
	stream->waiting -= (size_t)got < stream->waiting ? (size_t)got : stream->waiting;
	return true;
}

/* What was held back: first the rest here, then the channel's. */
static void
push_down(struct ssh_stream *stream)
{
	struct window *down = &stream->down;

	while (!stream->socket_ended && (down->length > 0 || stream->waiting > 0)) {
		size_t put;

		if (down->length == 0 && !pull_down(stream))
			return;
		put = give(stream, down->bytes + down->start, down->length);
		if (put == 0)
			return;
		down->start += put;
		down->length -= put;
		if (down->length == 0)
			FREE_AND_NULL(down->bytes);
	}
}

/* --- from the socket to the channel ------------------------------------------------------------ */

static void
push_up(struct ssh_stream *stream)
{
	struct rest *up = &stream->up;
	int put;

	while (up->length > 0) {
		put = ssh_channel_write(stream->channel, up->bytes + up->start, (uint32_t)up->length);
		if (put < 0)
			stream->closed = true;
		if (put <= 0)
			return;
		up->start += (size_t)put;
		up->length -= (size_t)put;
	}
}

static void
pull_up(struct ssh_stream *stream)
{
	ssize_t got = recv(stream->fd, stream->up.bytes, CHUNK, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		stream->socket_ended = true;
		return;
	}
	stream->up.start = 0;
	stream->up.length = (size_t)got;
	push_up(stream);
}

static int
on_socket(socket_t fd, int events, void *context)
{
	(void)fd;
	((struct ssh_stream *)context)->events |= (short)events;
	return 0;
}

static void
look_at_socket(struct ssh_stream *stream)
{
	short events = stream->events;

	stream->events = 0;
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && stream->up.length == 0)
		pull_up(stream);
	else if ((events & (POLLHUP | POLLERR)) != 0)
		stream->socket_ended = true; /* nobody reads, and what waits here is of no use any more */
}

/* The channel's window may be full while a rest waits: then nothing more is read. */
static void
watch_socket(struct ssh_stream *stream)
{
	short wanted = stream->up.length == 0 && ssh_channel_window_size(stream->channel) > 0 ? POLLIN : 0;

	if (stream->down.length > 0 || stream->waiting > 0)
		wanted |= POLLOUT;
	if (wanted == stream->wanted)
		return;
	if (stream->wanted >= 0)
		ssh_event_remove_fd(stream->event, stream->fd);
	stream->wanted = wanted;
	ssh_event_add_fd(stream->event, stream->fd, wanted, on_socket, stream);
}

/* --- its life ---------------------------------------------------------------------------------- */

/* What came with the answer to the request that began it: no callback was told of it. */
static void
take_early(struct ssh_stream *stream)
{
	char bytes[512];
	int early = ssh_channel_poll(stream->channel, 0), got;

	if (early > 0)
		stream->waiting = (size_t)early;
	while (ssh_channel_poll(stream->channel, 1) > 0 &&
	       (got = ssh_channel_read_nonblocking(stream->channel, bytes, sizeof(bytes), 1)) > 0) {
		if (stream->link != NULL)
			ssh_link_said(stream->link, bytes, (size_t)got);
	}
	if (ssh_channel_is_eof(stream->channel))
		stream->channel_ended = true;
	if (ssh_channel_is_closed(stream->channel))
		stream->channel_ended = stream->closed = true;
	if (stream->closed) /* else it would be waited for */
		stream->exit_status = ssh_channel_get_exit_status(stream->channel);
}

struct ssh_stream *
ssh_stream_new(struct ssh_link *link, ssh_event event, ssh_channel channel, int fd)
{
	struct ssh_stream *stream = memory_zeroed(1, sizeof(*stream));

	stream->link = link;
	stream->event = event;
	stream->channel = channel;
	stream->fd = fd;
	stream->wanted = -1;
	stream->exit_status = -1;
	stream->heard = clock_monotonic();
	stream->callbacks =
	    (struct ssh_channel_callbacks_struct){.userdata = stream,
						  .channel_data_function = on_data,
						  .channel_eof_function = on_end,
						  .channel_close_function = on_close,
						  .channel_exit_status_function = on_exit_status};
	ssh_callbacks_init(&stream->callbacks);
	if (ssh_add_channel_callbacks(channel, &stream->callbacks) != SSH_OK) {
		free(stream);
		return NULL;
	}
	take_early(stream);
	ssh_stream_move(stream);
	return stream;
}

void
ssh_stream_move(struct ssh_stream *stream)
{
	push_up(stream);
	look_at_socket(stream);
	push_down(stream);
}

/* Is everything said? A command's exit status comes behind the end of its output. */
bool
ssh_stream_is_over(struct ssh_stream *stream)
{
	bool held = stream->down.length > 0 || stream->waiting > 0;

	if (stream->socket_ended || (stream->closed && !held))
		return true;
	if (!stream->channel_ended || held)
		return false;
	if (stream->ended == 0)
		stream->ended = clock_monotonic();
	return stream->exit_status >= 0 || clock_monotonic() - stream->ended >= LAST_WORD_MS * USEC_PER_MS;
}

int
ssh_stream_watch(struct ssh_stream *stream)
{
	watch_socket(stream);
	return ssh_stream_is_over(stream) ? 0 : stream->channel_ended ? LAST_WORD_MS : SSH_KEEPALIVE_MS;
}

usec_t
ssh_stream_heard(const struct ssh_stream *stream)
{
	return stream->heard;
}

bool
ssh_stream_was_left(const struct ssh_stream *stream)
{
	return stream->socket_ended;
}

int
ssh_stream_free(struct ssh_stream *stream)
{
	int status = stream->exit_status;

	if (stream->wanted >= 0)
		ssh_event_remove_fd(stream->event, stream->fd);
	ssh_remove_channel_callbacks(stream->channel, &stream->callbacks);
	free(stream->down.bytes);
	free(stream);
	return status;
}
