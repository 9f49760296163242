// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions of bgp_load: what goes out and comes in. */
#include "tests/bench/bgp_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- what comes in ----------------------------------------------------------------------------- */

static void
note_prefix(struct load_session *s, uint32_t number, uint8_t via)
{
	if (s->has != NULL) { /* --many */
		if (number >= s->first && number < s->end)
			return; /* told back by a speaker that does so */
		if (via != 0 && s->has[number] == 0)
			s->known++;
		else if (via == 0 && s->has[number] != 0)
			s->known--;
		s->has[number] = via;
		load.changed = clock_monotonic();
		return;
	}
	if (load.via[number] == via)
		return;
	load.at[load.via[number]]--;
	load.at[via]++;
	load.via[number] = via;
	load.changed = clock_monotonic();
}

static void
take_prefixes(struct load_session *s, struct reader r, uint8_t via)
{
	while (reader_left(&r) != 0) {
		unsigned length = reader_u8(&r), bytes = (length + 7) / 8;
		const uint8_t *at = reader_bytes(&r, bytes);
		uint32_t number;

		if (at == NULL || bytes > 4)
			load_fail("a prefix that can't be read");
		if (length != 24)
			continue;
		number =
		    bgp_order_number((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8);
		if (number >= load.prefixes)
			continue;
		s->prefixes++;
		note_prefix(s, number, via);
	}
}

/* By which source? The second AS of the path tells. */
static uint8_t
source_of(struct reader r)
{
	while (load.second != 0 && reader_left(&r) != 0) {
		uint8_t flags = reader_u8(&r), type = reader_u8(&r);
		size_t length = flags & 0x10 ? reader_u16(&r) : reader_u8(&r);
		struct reader value = reader_sub(&r, length);

		if (type != 2)
			continue;
		reader_u16(&value);
		reader_u32(&value);
		return reader_u32(&value) == load.second ? 2 : 1;
	}
	return 1;
}

static void
take_update(struct load_session *s, struct reader body)
{
	struct reader gone = reader_sub(&body, reader_u16(&body));
	struct reader section = reader_sub(&body, reader_u16(&body));

	s->updates++;
	if (!s->sink && s->has == NULL)
		return;
	take_prefixes(s, gone, 0);
	if (reader_left(&body) != 0)
		take_prefixes(s, body, source_of(section));
}

static void
lost(struct load_session *s, const char *why)
{
	if (s->state == ESTABLISHED)
		fprintf(stderr, "bgp_load: the session from %s ended: %s\n", inet_ntoa(s->local.sin_addr),
			why);
	close(s->fd);
	s->fd = -1;
	s->state = CLOSED;
	s->retry_at = clock_monotonic() + USEC_PER_SEC / 2;
	buffer_free(&s->in);
	buffer_free(&s->out);
}

static void
take_message(struct load_session *s, uint8_t type, struct reader body)
{
	char text[40];

	if (type == OPEN && s->state == SENT_OPEN) {
		say_keepalive(s);
		s->state = CONFIRMING;
	} else if (type == KEEPALIVE && s->state == CONFIRMING) {
		s->state = ESTABLISHED;
	} else if (type == UPDATE) {
		take_update(s, body);
	} else if (type == NOTIFICATION) {
		unsigned code = reader_u8(&body);

		snprintf(text, sizeof(text), "NOTIFICATION %u/%u", code, reader_u8(&body));
		lost(s, text);
	}
}

static void
receive(struct load_session *s)
{
	uint8_t *room = buffer_reserve(&s->in, 1 << 18);
	ssize_t got = recv(s->fd, room, 1 << 18, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		lost(s, got == 0 ? "closed" : strerror(errno));
		return;
	}
	if (got < 0)
		return;
	buffer_added(&s->in, (size_t)got);
	while (s->fd >= 0 && s->in.length >= HEADER) {
		const uint8_t *head = buffer_head(&s->in);
		size_t length = (size_t)head[16] << 8 | head[17];

		if (length < HEADER)
			load_fail("a message of less than a header");
		if (s->in.length < length)
			break;
		take_message(s, head[18], reader_over(head + HEADER, length - HEADER));
		if (s->fd >= 0)
			buffer_consume(&s->in, length);
	}
}

/* --- sessions ---------------------------------------------------------------------------------- */

static void
begin(struct load_session *s)
{
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s->fd, (struct sockaddr *)&s->local, sizeof(s->local)) != 0)
		load_fail("can't bind to a local address");
	connect(s->fd, (struct sockaddr *)&s->peer, sizeof(s->peer));
	s->state = CONNECTING;
}

static void
connected(struct load_session *s)
{
	int problem = 0;
	socklen_t size = sizeof(problem);

	getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
	if (problem != 0) {
		lost(s, strerror(problem));
		return;
	}
	s->state = SENT_OPEN;
	say_open(s);
}

static void
send_some(struct load_session *s)
{
	ssize_t sent;

	if (s->out.length != 0) {
		sent = send(s->fd, buffer_head(&s->out), s->out.length, MSG_NOSIGNAL);
		if (sent > 0)
			buffer_consume(&s->out, (size_t)sent);
	} else if (s->state == ESTABLISHED && s->stream_sent < s->stream_length) {
		size_t left = s->stream_length - s->stream_sent;

		sent = send(s->fd, s->stream + s->stream_sent, left < 1 << 18 ? left : 1 << 18, MSG_NOSIGNAL);
		if (sent > 0)
			s->stream_sent += (size_t)sent;
	} else {
		return;
	}
	if (sent < 0 && errno != EAGAIN)
		lost(s, strerror(errno));
}

void
turn(int timeout_ms)
{
	static struct pollfd polled[SESSIONS];
	static struct load_session *of[SESSIONS];
	usec_t now = clock_monotonic();
	nfds_t count = 0;

	for (unsigned i = 0; i < load.count; i++) {
		struct load_session *s = &load.sessions[i];
		bool between = s->stream_sent == 0 || s->stream_sent == s->stream_length;

		if (s->state == CLOSED && s->retry_at != 0 && now >= s->retry_at)
			begin(s);
		if (s->fd < 0)
			continue;
		/* Within a stream a message of our own could stand in the middle of another. */
		if (s->state == ESTABLISHED && between && now - s->kept_alive > HOLD_S / 4 * USEC_PER_SEC)
			say_keepalive(s);
		of[count] = s;
		polled[count++] = (struct pollfd){
		    .fd = s->fd,
		    .events = (short)(POLLIN |
				      (s->state == CONNECTING || s->out.length != 0 ||
					       (s->state == ESTABLISHED && s->stream_sent < s->stream_length)
					   ? POLLOUT
					   : 0))};
	}
	poll(polled, count, timeout_ms);
	for (nfds_t i = 0; i < count; i++) {
		if (of[i]->state == CONNECTING && polled[i].revents != 0)
			connected(of[i]);
		else if (polled[i].revents & (POLLIN | POLLHUP | POLLERR))
			receive(of[i]);
		if (of[i]->fd >= 0 && polled[i].revents & POLLOUT)
			send_some(of[i]);
	}
}

struct load_session *
add_session(const char *text, uint16_t port)
{
	struct load_session *s = &load.sessions[load.count++];
	char local[64], peer[64];

	*s = (struct load_session){.fd = -1, .retry_at = 1};
	if (load.count > SESSIONS || sscanf(text, "%63[^,],%63[^,],%u", local, peer, &s->asn) != 3)
		load_fail("a session is LOCAL,PEER,ASN");
	s->local.sin_family = s->peer.sin_family = AF_INET;
	s->peer.sin_port = htons(port);
	if (inet_pton(AF_INET, local, &s->local.sin_addr) != 1 ||
	    inet_pton(AF_INET, peer, &s->peer.sin_addr) != 1)
		load_fail("not an IPv4 address");
	return s;
}

void
establish(unsigned count)
{
	usec_t end = clock_monotonic() + ESTABLISH_S * USEC_PER_SEC;
	unsigned up = 0;

	while (up < count) {
		turn(20);
		up = 0;
		for (unsigned i = 0; i < load.count; i++)
			up += load.sessions[i].state == ESTABLISHED;
		if (clock_monotonic() > end)
			load_fail("not all sessions were Established in time");
	}
	/* What it has to say at first. */
	for (end = clock_monotonic() + USEC_PER_SEC / 2; clock_monotonic() < end;)
		turn(20);
}

/* Until so many come by a source, or in all (3). When it did; 0: it did not. */
