// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a session does between the state machine (fsm.c) and the bytes (transport.c): messages in and out,
 * timers, the checks of an OPEN, the import of UPDATEs, and the end of it all.
 */
#include "core/bgp/speaker_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/text.h"

#define WAIT_LEAST_MS 1000u
#define WAIT_MOST_MS 60000u
#define CLOCK_EVERY 2048u                /* octets of input between two looks at the clock */
#define STUCK_LEAST (480 * USEC_PER_SEC) /* RFC 9687: eight minutes, or twice the hold time */

struct session *
session_new(struct bgp_peer *peer)
{
	struct session *s = memory_zeroed(1, sizeof(*s));

	s->peer = peer;
	return s;
}

void
session_forget_last(struct session *s)
{
	attributes_release(&s->peer->speaker->rib.attributes, s->last.attributes);
	s->last.attributes = NULL;
	s->last.length = 0;
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	session_forget_last(s);
	free(s);
}

/* --- sending ----------------------------------------------------------------------------------- */

struct writer
session_writer(struct session *s)
{
	uint8_t *at = buffer_reserve(&s->connection->out, BGP_MESSAGE_MOST);
	struct writer w = writer_over(at, at != NULL ? BGP_MESSAGE_MOST : 0);

	w.failed = at == NULL;
	return w;
}

void
session_sent(struct session *s, const struct writer *w)
{
	if (w->failed)
		return;
	if (s->connection->out.length == 0) {
		usec_t patience = 2 * (usec_t)s->hold_s * USEC_PER_SEC;

		s->stuck_at = clock_monotonic() + (patience > STUCK_LEAST ? patience : STUCK_LEAST);
		s->sent_mark = 0;
	}
	buffer_added(&s->connection->out, writer_length(w));
	s->peer->messages_out++;
}

void
session_send_open(struct session *s)
{
	const struct bgp_peer *peer = s->peer;
	struct writer w = session_writer(s);
	struct bgp_open open = {
	    .asn = peer->config.local_asn,
	    .hold_s = (uint16_t)peer->config.hold_s,
	    .identifier = peer->speaker->config.router_id,
	};

	if (!peer->plain_open)
		open.capabilities = CAPABILITY_IPV4 | CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET;
	bgp_open_write(&w, &open);
	session_sent(s, &w);
	connection_flush(s->connection);
}

void
session_send_keepalive(struct session *s)
{
	struct writer w = session_writer(s);

	bgp_keepalive_write(&w);
	session_sent(s, &w);
	connection_flush(s->connection);
}

/* --- receiving --------------------------------------------------------------------------------- */

static const enum fsm_event event_of[] = {
    [BGP_OPEN] = EVENT_OPEN,
    [BGP_UPDATE] = EVENT_UPDATE,
    [BGP_NOTIFICATION] = EVENT_NOTIFICATION,
    [BGP_KEEPALIVE] = EVENT_KEEPALIVE,
    [BGP_ROUTE_REFRESH] = EVENT_REFRESH,
};

bool
session_input(struct session *s, usec_t deadline)
{
	struct connection *c = s->connection;
	struct bgp_peer *peer = s->peer;
	struct bgp_message message;
	struct bgp_error error;
	size_t used;

	for (size_t done = 0;;) {
		struct reader stream =
		    reader_over(c->in.data == NULL ? (const uint8_t *)"" : buffer_head(&c->in), c->in.length);
		enum bgp_framing got = bgp_message_next(&stream, &message, &error);

		if (got == BGP_FRAME_NEEDS_MORE)
			break;
		if (got == BGP_FRAME_ERROR) {
			session_event(s, EVENT_BAD_MESSAGE, &(struct fsm_input){.error = &error});
			return false;
		}
		peer->messages_in++;
		peer_touch(peer, false);
		session_event(s, event_of[message.type], &(struct fsm_input){.body = message.body});
		/* It may have ended the session, or another one may have taken its place. */
		if ((peer->main != s && peer->second != s) || s->connection != c)
			return false;
		used = (size_t)(stream.at - (const uint8_t *)buffer_head(&c->in));
		buffer_consume(&c->in, used);
		done += used;
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

/* Bytes of the peer's that we did not get to yet: it is alive, and we are late. */
static bool
heard(const struct session *s)
{
	int waiting = 0;

	if (s->connection == NULL || s->connection->ended)
		return false;
	if (s->connection->in.length != 0)
		return true;
	return ioctl(s->connection->fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

static usec_t
sooner(usec_t a, usec_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
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
	if (s->sent_mark != 0 || (s->connection != NULL && s->connection->out.length == 0)) {
		s->stuck_at = s->stuck_at != 0 && s->connection->out.length != 0 ? now + STUCK_LEAST : 0;
		s->sent_mark = 0;
	}
	if (s->stuck_at != 0 && now >= s->stuck_at) {
		session_end(s, &(struct session_end){.why = "the peer has stopped reading", .penalty = true});
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

/* --- OPEN -------------------------------------------------------------------------------------- */

/* A third of the negotiated hold time, or less where the configuration says so. */
static uint32_t
keepalive_of(const struct session *s)
{
	uint32_t wanted = s->peer->config.keepalive_s, most = s->hold_s / 3;

	return wanted != 0 && wanted < most ? wanted : most;
}

void
session_set_keepalive(struct session *s)
{
	uint32_t before = s->keepalive_s;

	s->keepalive_s = keepalive_of(s);
	/* The next one goes at once: the peer must not wait longer than it would have. */
	if (s->keepalive_s != before && s->keepalive_s != 0) {
		s->keepalive_at = clock_monotonic();
		speaker_alarm(s->peer->speaker, s->keepalive_at);
	}
}

bool
session_take_open(struct session *s, struct reader body, struct bgp_error *error)
{
	const struct bgp_peer *peer = s->peer;
	const struct bgp_peer_config *config = &peer->config;
	uint32_t router_id = peer->speaker->config.router_id;
	struct bgp_open *theirs = &s->theirs;
	unsigned ours = peer->plain_open ? 0 : CAPABILITY_IPV4 | CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET;

	if (!bgp_open_read(body, theirs, error))
		return false;
	/* RFC 7607: AS 0 names nobody. */
	if (theirs->asn != config->remote_asn || theirs->asn == 0)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_PEER_AS, NULL, 0,
				     "the peer says AS %u, configured is AS %u", theirs->asn,
				     config->remote_asn);
	/* RFC 6286, 2.2: not zero; within an AS no two are the same. */
	if (theirs->identifier == 0 || (peer_internal(peer) && theirs->identifier == router_id))
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_IDENTIFIER, NULL, 0,
				     theirs->identifier == 0 ? "the peer's BGP identifier is 0"
							     : "the peer has our own BGP identifier");
	if (theirs->hold_s == 1 || theirs->hold_s == 2)
		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_HOLD_TIME, NULL, 0, "hold time of %u s",
				     theirs->hold_s);
	/* Without any multiprotocol capability, IPv4 unicast is meant (RFC 4760, 8). */
	if (theirs->capabilities & CAPABILITY_MULTIPROTOCOL && !(theirs->capabilities & CAPABILITY_IPV4)) {
		static const uint8_t lacking[] = {1, 4, 0, 1, 0, 1};

		return bgp_error_set(error, BGP_ERROR_OPEN, OPEN_BAD_CAPABILITY, lacking, sizeof(lacking),
				     "the peer does not speak IPv4 unicast");
	}
	s->common = ours & theirs->capabilities;
	s->four_octet = (s->common & CAPABILITY_FOUR_OCTET) != 0;
	s->hold_s = theirs->hold_s < config->hold_s ? theirs->hold_s : config->hold_s;
	s->keepalive_s = keepalive_of(s);
	return true;
}

void
session_establish(struct session *s)
{
	struct bgp_peer *peer = s->peer;
	struct rib_peer *known = rib_peer(&peer->speaker->rib, peer->index);
	char router_id[IP_ADDRESS_TEXT];
	struct ip_address id = ip_address_v4(s->theirs.identifier);

	known->identifier = s->theirs.identifier;
	peer->established_at = clock_monotonic();
	peer->retry_ms = 0;
	peer->out = adj_out_new();
	peer->out->end_of_rib = true;
	adj_out_dump(peer);
	peer_event(peer, "notice", "peer.up", "session established with AS %u (router id %s), hold time %u s",
		   s->theirs.asn, ip_address_format(&id, router_id), s->hold_s);
	peer_touch(peer, true);
}

/* --- UPDATE ------------------------------------------------------------------------------------ */

/* RFC 4271, 5.1.3 and 6.3: what can be the address of a router. The peer's own address always can. */
static enum path_verdict
judge_next_hop(const struct session *s, const struct bgp_attributes *attributes)
{
	struct ip_address next_hop = attributes_next_hop(attributes);
	uint8_t first = next_hop.bytes[0];

	if (ip_address_equal(&next_hop, &s->peer->config.remote))
		return PATH_USABLE;
	if (ip_address_equal(&next_hop, &s->local))
		return PATH_NEXT_HOP_SELF;
	if (next_hop.family == AF_INET && (first == 0 || first == 127 || first >= 224))
		return PATH_NEXT_HOP_INVALID;
	return PATH_USABLE;
}

static enum path_verdict
judge(const struct session *s, const struct bgp_attributes *attributes)
{
	const struct bgp_peer *peer = s->peer;
	const struct bgp_speaker_config *speaker = &peer->speaker->config;

	if (attributes_path_contains(attributes, peer->config.local_asn) ||
	    (speaker->asn != 0 && speaker->asn != peer->config.remote_asn &&
	     attributes_path_contains(attributes, speaker->asn)))
		return PATH_LOOP;
	if (!peer_internal(peer) && attributes->neighbour_as != peer->config.remote_asn)
		return PATH_FIRST_AS;
	if (peer_internal(peer) && attributes_originator(attributes) == speaker->router_id)
		return PATH_ORIGINATOR;
	return judge_next_hop(s, attributes);
}

/* The attributes of a message as they will be kept, remembering those of the last one. */
static enum update_reaction
import_attributes(struct session *s, struct reader r, bool reachable, struct bgp_error *error)
{
	struct attribute_context context = {.ebgp = !peer_internal(s->peer), .four_octet = s->four_octet};
	struct attribute_set set;
	enum update_reaction reaction;
	size_t length = reader_left(&r);
	const uint8_t *raw = r.at;

	if (length != 0 && length == s->last.length && memcmp(raw, s->last.raw, length) == 0)
		return UPDATE_FINE;
	reaction = attributes_read(r, &context, reachable, &set, error);
	if (reaction > UPDATE_DISCARDED_ATTRIBUTE || !reachable)
		return reaction;
	session_forget_last(s);
	s->last.attributes = attributes_intern(&s->peer->speaker->rib.attributes, &set);
	s->last.verdict = judge(s, s->last.attributes);
	/* One that is worth a word is looked at again next time. */
	if (reaction == UPDATE_FINE) {
		s->last.length = length;
		memcpy(s->last.raw, raw, length);
	}
	return reaction;
}

static void
withdraw_all(struct session *s, struct reader r)
{
	struct rib *rib = &s->peer->speaker->rib;
	uint8_t address[16], length;

	while (reader_left(&r) != 0 && bgp_prefix_read(&r, 32, address, &length))
		rib_withdraw(rib, s->peer->index, address, length);
}

/* RFC 4486, 4: AFI, SAFI and the limit in the data. */
static bool
too_many(const struct session *s, struct bgp_error *error)
{
	uint32_t limit = s->peer->config.max_prefixes;
	uint8_t data[7];
	struct writer w = writer_over(data, sizeof(data));

	if (limit == 0 || rib_peer(&s->peer->speaker->rib, s->peer->index)->accepted <= limit)
		return false;
	writer_u16(&w, 1);
	writer_u8(&w, 1);
	writer_u32(&w, limit);
	bgp_error_set(error, BGP_ERROR_CEASE, CEASE_MAX_PREFIXES, data, sizeof(data), "more than %u prefix%s",
		      limit, PLURAL(limit, "es"));
	return true;
}

/* Once each time that three quarters of the limit are reached: there is time to do something before the last
 * quarter is gone. */
static void
tell_nearly_full(struct bgp_peer *peer)
{
	uint32_t accepted = rib_peer(&peer->speaker->rib, peer->index)->accepted;
	uint32_t limit = peer->config.max_prefixes;
	bool near = (uint64_t)accepted * 4 >= (uint64_t)limit * 3;

	if (near && !peer->near_limit)
		peer_event(peer, "warning", "peer.prefixes",
			   "%u prefix%s of at most %u: one more than that closes the session", accepted,
			   PLURAL(accepted, "es"), limit);
	peer->near_limit = near;
}

/* At most one event a second: the peer decides how many there could be. */
static void
tell_malformed(struct bgp_peer *peer, enum update_reaction reaction, const char *detail)
{
	usec_t now = clock_monotonic();
	char more[48] = "";

	if (peer->malformed_at != 0 && now - peer->malformed_at < USEC_PER_SEC) {
		peer->malformed_untold++;
		return;
	}
	if (peer->malformed_untold != 0)
		snprintf(more, sizeof(more), " (and %u more since the last)", peer->malformed_untold);
	peer->malformed_at = now;
	peer->malformed_untold = 0;
	peer_event(peer, "warning", "peer.malformed", "an UPDATE %s: %s%s",
		   reaction == UPDATE_AS_WITHDRAW ? "was treated as withdrawal" : "lost an attribute", detail,
		   more);
}

bool
session_take_update(struct session *s, struct reader body, struct bgp_error *error)
{
	struct bgp_peer *peer = s->peer;
	struct rib *rib = &peer->speaker->rib;
	enum update_reaction reaction = UPDATE_FINE;
	uint8_t address[16], length;
	struct update update;

	if (!update_split(body, &update, error))
		return false;
	if (update.end_of_rib)
		return true;
	withdraw_all(s, update.withdrawn);
	if (reader_left(&update.attributes) != 0 || reader_left(&update.reachable) != 0)
		reaction =
		    import_attributes(s, update.attributes, reader_left(&update.reachable) != 0, error);
	if (reaction == UPDATE_RESET)
		return false;
	if (reaction != UPDATE_FINE) {
		tell_malformed(peer, reaction, error->detail);
		if (peer_established(peer) != s)
			return true; /* somebody ended it for that */
	}
	if (reaction == UPDATE_AS_WITHDRAW) {
		withdraw_all(s, update.reachable);
		return true;
	}
	while (reader_left(&update.reachable) != 0 &&
	       bgp_prefix_read(&update.reachable, 32, address, &length)) {
		rib_announce(rib, peer->index, address, length, s->last.attributes,
			     bgp_destination(address, length) ? s->last.verdict : PATH_NO_DESTINATION);
		if (peer->config.max_prefixes == 0)
			continue;
		tell_nearly_full(peer);
		if (too_many(s, error))
			return false;
	}
	return true;
}

void
session_take_refresh(struct session *s, struct reader body)
{
	uint16_t afi = reader_u16(&body);
	uint8_t subtype = reader_u8(&body), safi = reader_u8(&body);

	/* RFC 7313's begin and end marks are not negotiated, other families are not spoken: ignored. */
	if (afi == 1 && safi == 1 && subtype == 0)
		adj_out_dump(s->peer);
}

/* --- the end ----------------------------------------------------------------------------------- */

/* Says what ended it: in the peer's last error and, where it was up, as an event. */
static void
tell_end(struct bgp_peer *peer, const struct session_end *end, bool was_up)
{
	char words[512], text[900];

	if (end->received_text != NULL) {
		peer_record_error(peer, true, end->received_code, end->received_subcode, end->received_text);
		snprintf(text, sizeof(text), "NOTIFICATION %u/%u received: %s", end->received_code,
			 end->received_subcode, end->received_text);
	} else if (end->send != NULL) {
		bgp_notification_text(end->send->code, end->send->subcode, end->send->data,
				      end->send->data_length, words, sizeof(words));
		snprintf(text, sizeof(text), "%s%s%s%s", words, end->send->detail[0] != '\0' ? " (" : "",
			 end->send->detail, end->send->detail[0] != '\0' ? ")" : "");
		peer_record_error(peer, false, end->send->code, end->send->subcode, text);
		snprintf(words, sizeof(words), "%.500s", text);
		snprintf(text, sizeof(text), "NOTIFICATION %u/%u sent: %s", end->send->code,
			 end->send->subcode, words);
	} else {
		snprintf(text, sizeof(text), "%s", end->why != NULL ? end->why : "closed");
		if (!end->stay)
			peer_record_error(peer, false, 0, 0, text);
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
take_down(struct session *s)
{
	struct bgp_peer *peer = s->peer;

	if (peer->out != NULL) {
		adj_out_tell_gone(peer);
		adj_out_detach(peer->speaker, peer->out);
	}
	peer->out = NULL;
	peer->established_at = 0;
	peer->flaps++;
	rib_peer_down(&peer->speaker->rib, peer->index);
	speaker_kick(peer->speaker);
}

static void
close_connection(struct session *s, const struct bgp_error *send)
{
	struct connection *c = s->connection;
	bool said = false;

	if (c == NULL)
		return;
	if (send != NULL && !c->connecting && !c->ended) {
		struct writer w = session_writer(s);

		bgp_notification_write(&w, send);
		session_sent(s, &w);
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
	if (was_up)
		take_down(s);
	s->state = BGP_IDLE;
	s->retry_at = s->hold_at = s->keepalive_at = s->idle_at = s->stuck_at = 0;
	s->hold_s = s->keepalive_s = 0;
	s->common = 0;
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
