// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a session does between the state machine (fsm.c) and the bytes (transport.c): messages in and out,
 * timers, and the end of it all. OPEN is handshake.c's, UPDATEs are taken in by update.c.
 */
#include "core/bgp/bmp_internal.h"
#include "core/bgp/mrt_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/text.h"

#define WAIT_LEAST_MS 1000u
#define WAIT_MOST_MS 60000u
#define CLOCK_EVERY 2048u                    /* octets of input between two looks at the clock */
#define SEND_HOLD_LEAST (480 * USEC_PER_SEC) /* RFC 9687, 4: eight minutes, or twice the hold time */

/* Back to what holds before an OPEN. */
static void
forget_negotiated(struct session *s)
{
	s->framing = (struct bgp_framing_rules){.most = BGP_MESSAGE_MOST};
	s->message_most = BGP_MESSAGE_MOST;
	s->hold_s = s->keepalive_s = 0;
	s->common = s->families = s->disabled = s->told_all = s->add_path_in = s->add_path_out = 0;
}

struct session *
session_new(struct bgp_peer *peer)
{
	struct session *s = memory_zeroed(1, sizeof(*s));

	s->peer = peer;
	forget_negotiated(s);
	return s;
}

void
session_forget_last(struct session *s)
{
	attributes_release(&s->peer->speaker->attributes, s->last.attributes);
	s->last.attributes = NULL;
	s->last.length = 0;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_forget_last(s);
	update_rest_free(&s->rest);
	octets_free(&s->sent_open);
	octets_free(&s->received_open);
	free(s);
}

/* --- sending ----------------------------------------------------------------------------------- */

struct writer
session_writer(struct session *s)
{
	uint8_t *at = buffer_reserve(&s->connection->out, s->message_most);
	struct writer w = writer_over(at, at != NULL ? s->message_most : 0);

	w.failed = at == NULL;
	return w;
}

/* RFC 9687, 3: without a hold time there is no such timer. */
static usec_t
patience_of(const struct session *s)
{
	usec_t configured = (usec_t)s->peer->config.send_hold_s * USEC_PER_SEC;
	usec_t usual = 2 * (usec_t)s->hold_s * USEC_PER_SEC;

	if (s->state >= BGP_OPENCONFIRM && s->hold_s == 0)
		return 0;
	return configured != 0 ? configured : usual > SEND_HOLD_LEAST ? usual : SEND_HOLD_LEAST;
}

static void
be_patient(struct session *s)
{
	usec_t patience = patience_of(s);

	s->stuck_at = patience != 0 ? clock_monotonic() + patience : 0;
	s->sent_mark = 0;
	if (s->stuck_at != 0)
		speaker_alarm(s->peer->speaker, s->stuck_at);
}

/* Which counter a message belongs to. */
static enum bgp_message_kind
kind_of(uint8_t type)
{
	return (enum bgp_message_kind)(type - BGP_OPEN + BGP_KIND_OPEN);
}

void
session_sent(struct session *s, const struct writer *w)
{
	if (w->failed)
		return;
	if (s->connection->out.length == 0)
		be_patient(s);
	s->peer->sent_of[kind_of(w->start[BGP_HEADER - 1])]++;
	if (s->peer->speaker->bmp != NULL && w->start[BGP_HEADER - 1] == BGP_UPDATE)
		bmp_sent(s, w);
	buffer_added(&s->connection->out, writer_length(w));
}

/* --- receiving --------------------------------------------------------------------------------- */

static const enum fsm_event event_of[] = {
    [BGP_OPEN] = EVENT_OPEN,
    [BGP_UPDATE] = EVENT_UPDATE,
    [BGP_NOTIFICATION] = EVENT_NOTIFICATION,
    [BGP_KEEPALIVE] = EVENT_KEEPALIVE,
    [BGP_ROUTE_REFRESH] = EVENT_REFRESH,
};

static struct reader
input_of(const struct connection *c)
{
	return reader_over(c->in.data == NULL ? (const uint8_t *)"" : buffer_head(&c->in), c->in.length);
}

bool
session_take_rest(struct session *s, usec_t deadline)
{
	const struct connection *c = s->connection;
	const struct bgp_peer *peer = s->peer;

	while (update_rest_waits(s)) {
		session_event(s, EVENT_UPDATE, &(struct fsm_input){0});
		if ((peer->main != s && peer->second != s) || s->connection != c)
			return false;
		if (clock_monotonic() >= deadline)
			break;
	}
	return true;
}

bool
session_input(struct session *s, usec_t deadline)
{
	struct connection *c = s->connection;
	struct bgp_peer *peer = s->peer;
	struct bgp_message message;
	struct bgp_error error;
	size_t used;

	if (!session_take_rest(s, deadline))
		return false;
	if (update_rest_waits(s))
		return true;
	for (size_t done = 0;;) {
		struct reader stream = input_of(c);
		enum bgp_framing got = bgp_message_take(&stream, &s->framing, &message, &error);

		if (got == BGP_FRAME_NEEDS_MORE)
			break;
		if (got == BGP_FRAME_ERROR) {
			session_event(s, EVENT_BAD_MESSAGE, &(struct fsm_input){.error = &error});
			return false;
		}
		peer->received_of[kind_of(message.type)]++;
		peer_touch(peer, false);
		if (peer->speaker->log != NULL)
			mrt_log_message(s, message.type, message.body);
		session_event(s, event_of[message.type], &(struct fsm_input){.body = message.body});
		/* It may have ended the session, or another one may have taken its place. */
		if ((peer->main != s && peer->second != s) || s->connection != c)
			return false;
		used = (size_t)(stream.at - (const uint8_t *)buffer_head(&c->in));
		buffer_consume(&c->in, used);
		done += used;
		if (update_rest_waits(s))
			return true;
		if (done >= CLOCK_EVERY) {
			if (clock_monotonic() >= deadline)
				return true;
			done = 0;
		}
	}
	if (c->ended) {
		session_event(s, EVENT_TCP_FAIL, &(struct fsm_input){.error_number = c->error_number});
		return false;
	}
	if (c->in.length == 0)
		buffer_free(&c->in);
	connection_poll(c);
	return false;
}

/* What the peer said and we did not get to yet: it is alive, and we are late. Half a message, whose rest
 * never comes, is no word of it. */
static bool
heard(const struct session *s)
{
	struct bgp_message message;
	struct bgp_error error;
	struct reader stream;
	int waiting = 0;

	if (s->connection == NULL || s->connection->ended)
		return false;
	stream = input_of(s->connection);
	if (update_rest_waits(s) ||
	    bgp_message_take(&stream, &s->framing, &message, &error) != BGP_FRAME_NEEDS_MORE)
		return true;
	return ioctl(s->connection->fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

static usec_t
sooner(usec_t a, usec_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
}

/* RFC 9687, 3: the peer takes nothing any more. It is told why, should it wake up before the connection is
 * gone. */
static void
stuck(struct session *s)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_SEND_HOLD, 0, NULL, 0, "the peer has taken nothing for %lld s",
		      (long long)(patience_of(s) / USEC_PER_SEC));
	session_end(s, &(struct session_end){.send = &error, .penalty = true});
}

usec_t
session_timers(struct session *s, usec_t now)
{
	static const struct {
		size_t at;
		enum fsm_event event;
	} timers[] = {
	    {offsetof(struct session, idle_at), EVENT_IDLE_TIMER},
	    {offsetof(struct session, retry_at), EVENT_RETRY_TIMER},
	    {offsetof(struct session, keepalive_at), EVENT_KEEPALIVE_TIMER},
	    {offsetof(struct session, hold_at), EVENT_HOLD_TIMER},
	};
	struct bgp_peer *peer = s->peer;
	usec_t next = 0;

	if (s->hold_at != 0 && now >= s->hold_at && s->state == BGP_ESTABLISHED && heard(s)) {
		s->hold_at = now + USEC_PER_SEC;
		speaker_kick(peer->speaker);
	}
	if (s->connection == NULL || s->connection->out.length == 0)
		s->stuck_at = s->sent_mark = 0;
	else if (s->sent_mark != 0 && s->stuck_at != 0)
		be_patient(s);
	if (s->stuck_at != 0 && now >= s->stuck_at) {
		stuck(s);
		return now + USEC_PER_MS;
	}
	for (size_t i = 0; i < COUNT_OF(timers); i++) {
		usec_t *at = (usec_t *)(void *)((uint8_t *)s + timers[i].at);

		if (*at != 0 && now >= *at) {
			*at = 0;
			session_event(s, timers[i].event, &(struct fsm_input){0});
			if (peer->main != s && peer->second != s)
				return now + USEC_PER_MS;
		}
	}
	for (size_t i = 0; i < COUNT_OF(timers); i++)
		next = sooner(next, *(usec_t *)(void *)((uint8_t *)s + timers[i].at));
	return sooner(next, s->stuck_at);
}

/* --- the end ----------------------------------------------------------------------------------- */

/* Says what ended it: in the peer's last error and, where it was up, as an event. */
static void
tell_end(struct bgp_peer *peer, const struct session_end *end, bool was_up)
{
	char words[512], text[900];
	struct reader none = reader_over("", 0);

	if (end->received_text != NULL) {
		peer_record_error(peer, true, end->received_code, end->received_subcode, end->received_text,
				  end->received_data);
		snprintf(text, sizeof(text), "NOTIFICATION %u/%u received: %s", end->received_code,
			 end->received_subcode, end->received_text);
	} else if (end->send != NULL) {
		bgp_notification_text(end->send->code, end->send->subcode, end->send->data,
				      end->send->data_length, words, sizeof(words));
		snprintf(text, sizeof(text), "%s%s%s%s", words, end->send->detail[0] != '\0' ? " (" : "",
			 end->send->detail, end->send->detail[0] != '\0' ? ")" : "");
		peer_record_error(peer, false, end->send->code, end->send->subcode, text,
				  reader_over(end->send->data, end->send->data_length));
		snprintf(words, sizeof(words), "%.500s", text);
		snprintf(text, sizeof(text), "NOTIFICATION %u/%u sent: %s", end->send->code,
			 end->send->subcode, words);
	} else {
		snprintf(text, sizeof(text), "%s", end->why != NULL ? end->why : "closed");
		if (!end->stay)
			peer_record_error(peer, false, 0, 0, text, none);
	}
	if (was_up)
		peer_event(peer, "warning", "peer.down", "session lost: %s", text);
	else if (end->send != NULL || end->received_text != NULL)
		peer_event(peer, "warning", "peer.error", "%s", text);
}

/* How long the peer is left alone: doubling, from the start again after a session that lasted. */
static usec_t
wait_time(struct bgp_peer *peer, const struct session_end *end, usec_t lasted)
{
	uint32_t least = end->least_wait_s * 1000;

	if (end->exact_wait_s != 0)
		return (usec_t)end->exact_wait_s * USEC_PER_SEC;
	if (lasted > 30 * USEC_PER_SEC && end->least_wait_s == 0)
		peer->wait_ms = 0;
	peer->wait_ms = peer->wait_ms == 0 ? WAIT_LEAST_MS : peer->wait_ms * 2;
	if (peer->wait_ms > WAIT_MOST_MS && least == 0)
		peer->wait_ms = WAIT_MOST_MS;
	if (peer->wait_ms < least)
		peer->wait_ms = least;
	if (peer->wait_ms > 10 * WAIT_MOST_MS)
		peer->wait_ms = 10 * WAIT_MOST_MS;
	return (usec_t)peer->wait_ms * USEC_PER_MS;
}

static void
take_down(struct session *s, const struct session_end *end)
{
	struct bgp_peer *peer = s->peer;

	if (peer->speaker->bmp != NULL)
		bmp_peer_down(peer, end);
	adj_out_close(peer);
	peer->established_at = 0;
	peer->flaps++;
	peer->stale_until = 0;
	peer->refreshing = 0;
	if (restart_is_graceful(s, end->loss)) {
		restart_session_lost(s);
	} else {
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
			rib_peer_down(&peer->speaker->ribs[f], peer->index);
	}
	speaker_kick(peer->speaker);
}

/* RFC 8538, 3.1: what ends for long is wrapped, so that the other side keeps nothing. */
static void
write_notification(struct session *s, const struct bgp_error *error)
{
	struct writer w = session_writer(s);
	bool lasting = error->code == BGP_ERROR_CEASE &&
		       (error->subcode == CEASE_MAX_PREFIXES || error->subcode == CEASE_SHUTDOWN ||
			error->subcode == CEASE_DECONFIGURED || error->subcode == CEASE_RESET);
	struct bgp_error wrapped = {.code = BGP_ERROR_CEASE, .subcode = CEASE_HARD_RESET};

	if (lasting && s->common & CAPABILITY_RESTART && s->theirs.restart.notification &&
	    error->data_length + 2u <= sizeof(wrapped.data)) {
		wrapped.data[0] = error->code;
		wrapped.data[1] = error->subcode;
		memcpy(wrapped.data + 2, error->data, error->data_length);
		wrapped.data_length = (uint16_t)(error->data_length + 2);
		error = &wrapped;
	}
	bgp_notification_write(&w, error);
	session_sent(s, &w);
}

static void
close_connection(struct session *s, const struct bgp_error *send)
{
	struct connection *c = s->connection;
	bool said = false;

	if (c == NULL)
		return;
	if (send != NULL && !c->connecting && !c->ended) {
		write_notification(s, send);
		said = true;
	}
	s->connection = NULL;
	if (s->peer->speaker->closing)
		connection_finish(c);
	else
		connection_close(c, said);
}

void
session_end(struct session *s, const struct session_end *end)
{
	struct bgp_peer *peer = s->peer;
	bool was_up = s->state == BGP_ESTABLISHED, tell = !end->quiet && s->state != BGP_IDLE;
	usec_t now = clock_monotonic(), lasted = was_up ? now - peer->established_at : 0;

	close_connection(s, end->send);
	session_forget_last(s);
	update_rest_free(&s->rest);
	if (was_up)
		take_down(s, end);
	if (peer->speaker->log != NULL)
		mrt_log_state(s, s->state, BGP_IDLE);
	s->state = BGP_IDLE;
	s->retry_at = s->hold_at = s->keepalive_at = s->idle_at = s->stuck_at = 0;
	forget_negotiated(s);
	if (peer->second != NULL) {
		/* The other connection goes on alone. */
		if (peer->main == s)
			peer->main = peer->second;
		peer->second = NULL;
		session_free(s);
	} else if (!end->stay && peer->wanted && !peer->shut_down) {
		s->idle_at = now + (end->penalty ? wait_time(peer, end, lasted) : USEC_PER_MS);
		speaker_alarm(peer->speaker, s->idle_at);
	}
	peer_touch(peer, true);
	/* Last: whoever hears of it may act on it. */
	if (tell)
		tell_end(peer, end, was_up);
}
