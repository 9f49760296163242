// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP for BGP: connecting, listening, and moving bytes between sockets and buffers (RFC 4271, 8.2.1). Sockets
 * are polled rather than handed to libuv's streams, since a stream reads on as long as there is something,
 * and a peer with a million prefixes would keep the loop from everybody else; here one chunk is read per
 * turn, and none while enough waits. What a session's socket is ready for is done in the speaker's turn,
 * where time is shared out (speaker_turns.c).
 *
 * A connection that was sent a NOTIFICATION is not closed at once: with unread input in it the kernel would
 * reset it, and the other side would never read why. It is kept, without a session, until the other side
 * closes or a moment has passed.
 */
#include "core/bgp/speaker_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"

#define LINGER (2 * USEC_PER_SEC)
#define BACKLOG 256
#define STRANGERS_EVERY (10 * USEC_PER_SEC)
#define STRANGER_AGAIN (600 * USEC_PER_SEC)
#define FLUSH_MOST (32u * 1024) /* sent at once to one peer */

static void on_poll(uv_poll_t *handle, int status, int events);

static struct connection *
connection_new(struct bgp_speaker *speaker, struct session *session, int fd, bool connecting)
{
	struct connection *c = memory_zeroed(1, sizeof(*c));

	c->speaker = speaker;
	c->session = session;
	c->fd = fd;
	c->connecting = connecting;
	c->next = speaker->connections;
	speaker->connections = c;
	uv_poll_init(speaker->loop, &c->poll, fd);
	c->poll.data = c;
	speaker->handles++;
	connection_poll(c);
	return c;
}

/* Where this end is: the next hop of what we tell. */
static void
learn_local(struct session *session, int fd)
{
	struct sockaddr_storage at;
	socklen_t length = sizeof(at);

	session->local = (struct ip_address){0};
	if (getsockname(fd, (struct sockaddr *)&at, &length) == 0)
		ip_address_from_sockaddr((struct sockaddr *)&at, &session->local, NULL);
}

struct connection *
connection_connect(struct session *session, int *error_number)
{
	const struct bgp_peer_config *config = &session->peer->config;
	struct sockaddr_storage local, remote;
	socklen_t local_length = ip_address_to_sockaddr(&config->local, 0, &local);
	socklen_t remote_length =
	    ip_address_to_sockaddr(&config->remote, config->port != 0 ? config->port : BGP_PORT, &remote);
	int fd = socket(config->remote.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		*error_number = errno;
		return NULL;
	}
	if (!socket_prepare(fd, config, false) ||
	    (local_length != 0 && bind(fd, (struct sockaddr *)&local, local_length) != 0) ||
	    (connect(fd, (struct sockaddr *)&remote, remote_length) != 0 && errno != EINPROGRESS)) {
		*error_number = errno;
		close(fd);
		return NULL;
	}
	return connection_new(session->peer->speaker, session, fd, true);
}

struct connection *
connection_adopt(struct session *session, int fd)
{
	if (!socket_prepare(fd, &session->peer->config, true))
		log_debug("bgp", "%s: %s", session->peer->config.name, strerror(errno));
	learn_local(session, fd);
	return connection_new(session->peer->speaker, session, fd, false);
}

void
connection_refuse(struct bgp_speaker *speaker, int fd, uint8_t subcode)
{
	struct connection *c = connection_new(speaker, NULL, fd, false);
	struct bgp_error error = {.code = BGP_ERROR_CEASE, .subcode = subcode};
	uint8_t bytes[BGP_HEADER + 2];
	struct writer w = writer_over(bytes, sizeof(bytes));

	bgp_notification_write(&w, &error);
	buffer_append(&c->out, bytes, writer_length(&w));
	connection_close(c, true);
}

void
connection_poll(struct connection *c)
{
	int events = 0;

	if (c->closing)
		return;
	if (c->connecting || c->blocked || (c->session == NULL && c->out.length != 0))
		events |= UV_WRITABLE;
	if (!c->connecting && !c->ended && (c->session == NULL || c->in.length < INPUT_CHUNK))
		events |= UV_READABLE;
	if (events == c->events)
		return;
	c->events = events;
	if (events == 0)
		uv_poll_stop(&c->poll);
	else
		uv_poll_start(&c->poll, events, on_poll);
}

static void
on_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct bgp_speaker *speaker = c->speaker;

	close(c->fd);
	buffer_free(&c->in);
	buffer_free(&c->out);
	free(c);
	speaker_handle_closed(speaker);
}

static void
destroy(struct connection *c)
{
	struct connection **link;

	if (c->closing)
		return;
	c->closing = true;
	for (link = &c->speaker->connections; *link != NULL && *link != c; link = &(*link)->next)
		;
	if (*link == c)
		*link = c->next;
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

void
connection_close(struct connection *c, bool linger)
{
	struct linger abort_at_once = {.l_onoff = 1};

	c->session = NULL;
	if (linger && !c->connecting && !c->ended) {
		c->linger_until = clock_monotonic() + LINGER;
		buffer_consume(&c->in, c->in.length);
		connection_flush(c);
		speaker_alarm(c->speaker, c->linger_until);
		return;
	}
	if (!c->ended)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &abort_at_once, sizeof(abort_at_once));
	destroy(c);
}

void
connection_finish(struct connection *c)
{
	char waste[INPUT_CHUNK];

	c->session = NULL;
	if (c->out.length != 0 && !c->connecting)
		(void)!send(c->fd, buffer_head(&c->out), c->out.length, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(c->fd, SHUT_WR);
	while (recv(c->fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		;
	destroy(c);
}

/* The end of the stream or an error, once. */
static void
ended(struct connection *c, int error_number)
{
	c->ended = true;
	c->error_number = error_number;
	if (c->session == NULL)
		destroy(c);
	else
		speaker_kick(c->speaker);
}

bool
connection_flush(struct connection *c)
{
	size_t left = FLUSH_MOST;

	while (c->out.length != 0 && left != 0 && !c->ended && !c->connecting) {
		size_t length = c->out.length < left ? c->out.length : left;
		ssize_t sent = send(c->fd, buffer_head(&c->out), length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			if (errno != EAGAIN && errno != EWOULDBLOCK) {
				buffer_consume(&c->out, c->out.length);
				ended(c, errno);
				return false;
			}
			c->blocked = true;
			break;
		}
		buffer_consume(&c->out, (size_t)sent);
		left -= (size_t)sent;
		if (c->session != NULL)
			c->session->sent_mark += (uint64_t)sent;
	}
	if (c->out.length == 0)
		buffer_free(&c->out);
	if (c->session == NULL && c->out.length == 0 && !c->closing)
		shutdown(c->fd, SHUT_WR);
	connection_poll(c);
	if (c->out.length == 0 || c->blocked || c->ended || c->connecting)
		return false;
	speaker_kick(c->speaker);
	return true;
}

static void
read_some(struct connection *c)
{
	uint8_t *at = buffer_reserve(&c->in, INPUT_CHUNK);
	ssize_t got;

	if (at == NULL)
		return;
	got = recv(c->fd, at, INPUT_CHUNK, 0);
	if (got < 0) {
		if (errno != EAGAIN && errno != EINTR)
			ended(c, errno);
		return;
	}
	if (got == 0) {
		ended(c, 0);
		return;
	}
	if (c->session == NULL)
		return; /* lingering: what comes is of no interest any more */
	buffer_added(&c->in, (size_t)got);
	speaker_kick(c->speaker);
}

void
connection_read(struct connection *c)
{
	if (!c->readable || c->ended || c->connecting || c->in.length >= INPUT_CHUNK)
		return;
	c->readable = false;
	read_some(c);
	connection_poll(c);
}

bool
connection_peer_closed(struct connection *c)
{
	struct pollfd at = {.fd = c->fd, .events = POLLRDHUP};

	if (poll(&at, 1, 0) <= 0 || (at.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0)
		return false;
	if (!c->ended)
		read_some(c);
	return true;
}

static void
on_connected(struct connection *c)
{
	int error_number = 0;
	socklen_t length = sizeof(error_number);

	c->connecting = false;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error_number, &length) != 0)
		error_number = errno;
	if (error_number != 0) {
		ended(c, error_number);
		return;
	}
	learn_local(c->session, c->fd);
	session_event(c->session, EVENT_TCP_UP, &(struct fsm_input){0});
}

static void
on_poll(uv_poll_t *handle, int status, int events)
{
	struct connection *c = handle->data;

	if (c->closing)
		return;
	if (c->connecting) {
		on_connected(c);
	} else if (status < 0) {
		/* The socket has an error: reading tells which one. */
		read_some(c);
	} else {
		if (events & UV_READABLE && c->session == NULL)
			read_some(c);
		c->readable = c->readable || events & UV_READABLE;
		if (events & UV_WRITABLE)
			c->blocked = false;
		if (c->session != NULL)
			speaker_kick(c->speaker);
		else if (!c->closing && events & UV_WRITABLE)
			connection_flush(c);
	}
	connection_poll(c);
}

/* --- listening --------------------------------------------------------------------------------- */

/* The peer that a connection is from. Where a peer has a local address of its own, that has to be right too.
 */
static struct bgp_peer *
peer_from(struct bgp_speaker *speaker, const struct ip_address *remote, const struct ip_address *local)
{
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (!peer->removed && !peer->config.dynamic &&
		    ip_address_equal(&peer->config.remote, remote) &&
		    (!ip_address_is_set(&peer->config.local) || ip_address_equal(&peer->config.local, local)))
			return peer;
	}
	return NULL;
}

/* At most one event in ten seconds, and of the same one in ten minutes: whoever connects decides how many
 * there could be. */
static void
refuse_stranger(struct bgp_speaker *speaker, int fd, const struct ip_address *remote)
{
	usec_t now = clock_monotonic();
	struct bgp_error error = {.code = BGP_ERROR_CEASE, .subcode = CEASE_REJECTED};
	char address[IP_ADDRESS_TEXT], more[48] = "";
	uint8_t bytes[BGP_HEADER + 2];
	struct writer w = writer_over(bytes, sizeof(bytes));

	/* It is told so, but nothing is kept for anybody who comes. */
	bgp_notification_write(&w, &error);
	(void)!send(fd, bytes, writer_length(&w), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
	if (speaker->stranger_at != 0 &&
	    now - speaker->stranger_at <
		(ip_address_equal(remote, &speaker->stranger) ? STRANGER_AGAIN : STRANGERS_EVERY)) {
		speaker->strangers_untold++;
		return;
	}
	if (speaker->strangers_untold != 0)
		snprintf(more, sizeof(more), " (and %u more since the last)", speaker->strangers_untold);
	speaker->stranger_at = now;
	speaker->stranger = *remote;
	speaker->strangers_untold = 0;
	speaker_event(
	    speaker, "notice", "peer.stranger",
	    "a BGP connection from %s is refused: no peer has that address, and none has a range with it%s",
	    ip_address_format(remote, address), more);
}

static void
on_accept(uv_poll_t *handle, int status, int events)
{
	struct bgp_speaker *speaker = handle->data;
	int listener = speaker->listener_fds[handle - speaker->listeners];

	for (unsigned i = 0; i < 64; i++) {
		struct sockaddr_storage from, at;
		socklen_t from_length = sizeof(from), at_length = sizeof(at);
		struct ip_address remote, local;
		struct bgp_peer *peer = NULL;
		int fd =
		    accept4(listener, (struct sockaddr *)&from, &from_length, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (!ip_address_from_sockaddr((struct sockaddr *)&from, &remote, NULL) ||
		    getsockname(fd, (struct sockaddr *)&at, &at_length) != 0 ||
		    !ip_address_from_sockaddr((struct sockaddr *)&at, &local, NULL)) {
			close(fd);
			continue;
		}
		peer = peer_from(speaker, &remote, &local);
		if (peer == NULL && (peer = dynamic_find(speaker, &remote, &local)) != NULL) {
			dynamic_accept(peer, fd, &remote, &local);
			continue;
		}
		if (peer == NULL) {
			refuse_stranger(speaker, fd, &remote);
			continue;
		}
		peer_accept(peer, fd, &local);
	}
}

static int
listen_on(uint8_t family, uint16_t port)
{
	struct sockaddr_storage at = {.ss_family = family};
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (fd < 0)
		return -1;
	socket_number(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6) {
		socket_number(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		((struct sockaddr_in6 *)&at)->sin6_port = htons(port);
	} else {
		((struct sockaddr_in *)&at)->sin_port = htons(port);
	}
	socket_prepare_listener(fd, family);
	if (bind(fd, (struct sockaddr *)&at, length) != 0 || listen(fd, BACKLOG) != 0) {
		int error_number = errno;

		close(fd);
		errno = error_number;
		return -1;
	}
	return fd;
}

bool
listeners_open(struct bgp_speaker *speaker, struct error *err)
{
	uint16_t port = speaker->config.port != 0 ? speaker->config.port : BGP_PORT;

	speaker->listener_fds[0] = listen_on(AF_INET, port);
	if (speaker->listener_fds[0] < 0)
		return error_set(
		    err, "TCP port %u: %s%s", port, strerror(errno),
		    errno == EADDRINUSE
			? " (another BGP daemon runs here: stop it, or give one of them another port)"
			: "");
	/* A host without IPv6 is no error. */
	speaker->listener_fds[1] = listen_on(AF_INET6, port);
	for (size_t i = 0; i < COUNT_OF(speaker->listeners); i++) {
		if (speaker->listener_fds[i] < 0)
			continue;
		uv_poll_init(speaker->loop, &speaker->listeners[i], speaker->listener_fds[i]);
		speaker->listeners[i].data = speaker;
		speaker->handles++;
		uv_poll_start(&speaker->listeners[i], UV_READABLE, on_accept);
	}
	return true;
}

static void
on_listener_closed(uv_handle_t *handle)
{
	struct bgp_speaker *speaker = handle->data;

	close(speaker->listener_fds[(uv_poll_t *)handle - speaker->listeners]);
	speaker_handle_closed(speaker);
}

void
listeners_close(struct bgp_speaker *speaker)
{
	for (size_t i = 0; i < COUNT_OF(speaker->listeners); i++) {
		if (speaker->listener_fds[i] >= 0)
			uv_close((uv_handle_t *)&speaker->listeners[i], on_listener_closed);
	}
}
