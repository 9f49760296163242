// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine of a connection: RFC 4271, 8.2.2, as a table of state and event. An empty field means
 * that the event changes nothing in that state. Messages in the wrong state are answered as RFC 6608 says;
 * collisions as 6.8 of RFC 4271, with RFC 6286 where both sides have the same identifier.
 *
 * The optional attributes in use: AllowAutomaticStart, DampPeerOscillations (the wait in Idle grows with
 * repeated failures), PassiveTcpEstablishment, SendNOTIFICATIONwithoutOPEN, CollisionDetectEstablishedState
 * off. A connection from the peer is taken in Idle too while it only waits there: damping is for what we do,
 * not for what the peer does.
 */
#include "core/bgp/mrt_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_HOLD (240 * USEC_PER_SEC) /* RFC 4271, 8.2.2: a large value */
#define LIMIT_WAIT_S 60                /* after one prefix too many */
#define RETRY_LEAST_MS 1000u
#define RETRY_MOST_MS 8000u
#define LOOK_EVERY (3 * USEC_PER_SEC) /* why nothing comes, while something is waited for */

/* RFC 4271, 10: times are spread by a factor between 0.75 and 1. */
static usec_t
spread(usec_t span)
{
	return span - span / 4 * (usec_t)arc4random_uniform(1024) / 1024;
}

static usec_t
after(struct session *s, usec_t span)
{
	usec_t at = clock_monotonic() + span;

	speaker_alarm(s->peer->speaker, at);
	return at;
}

static void
set_state(struct session *s, enum bgp_state state)
{
	if (s->peer->speaker->log != NULL)
		mrt_log_state(s, s->state, state);
	s->state = state;
	peer_touch(s->peer, true);
}

static void
stop_timers(struct session *s)
{
	s->retry_at = s->hold_at = s->keepalive_at = s->idle_at = s->stuck_at = 0;
}

/* To Active: waiting for the peer, and for the time to try again. */
static void
await(struct session *s)
{
	struct bgp_peer *peer = s->peer;

	stop_timers(s);
	if (!peer->config.passive) {
		peer->retry_ms = peer->retry_ms == 0 ? RETRY_LEAST_MS : peer->retry_ms * 2;
		if (peer->retry_ms > RETRY_MOST_MS)
			peer->retry_ms = RETRY_MOST_MS;
		s->retry_at = after(s, spread((usec_t)peer->retry_ms * USEC_PER_MS));
	} else {
		s->retry_at = after(s, LOOK_EVERY);
	}
	set_state(s, BGP_ACTIVE);
}

static void
record_no_connection(struct session *s, int error_number)
{
	const struct bgp_peer *peer = s->peer;
	char address[IP_ADDRESS_TEXT], text[320], cause[200] = "";
	bool known = drops_tell(peer, &s->drops, cause, sizeof(cause));

	/* What the other side drops is counted there. */
	if (!known && (error_number == 0 || error_number == ETIMEDOUT) && peer->config.password_length != 0)
		snprintf(cause, sizeof(cause),
			 "that is what a peer does that has another TCP MD5 password, or none");
	snprintf(
	    text, sizeof(text), "connecting to %s: %s%s%s", ip_address_format(&peer->config.remote, address),
	    error_number != 0 ? strerror(error_number) : "no answer", cause[0] != '\0' ? "; " : "", cause);
	/* What the peer said last explains more than that it does not answer now. */
	if (!peer->last.set || peer->last.code == 0 || known)
		peer_record_error(s->peer, false, 0, 0, text, reader_over("", 0));
}

/* Nothing comes that was waited for: has the kernel dropped it? */
static void
look(struct session *s, const struct fsm_input *input)
{
	struct bgp_peer *peer = s->peer;
	char cause[200], text[320];

	s->retry_at = after(s, LOOK_EVERY);
	if (!drops_tell(peer, &s->drops, cause, sizeof(cause)))
		return;
	snprintf(text, sizeof(text), "%s: %s",
		 s->state == BGP_OPENSENT ? "no OPEN of the peer" : "waiting for the peer", cause);
	if (!peer->last.set || strcmp(peer->last.text, text) != 0)
		peer_event(peer, "warning", "peer.error", "%s", text);
	peer_record_error(peer, false, 0, 0, text, reader_over("", 0));
	peer_touch(peer, false);
}

static void
could_not_connect(struct session *s, int error_number)
{
	record_no_connection(s, error_number);
	await(s);
}

static void
begin(struct session *s, const struct fsm_input *input)
{
	int error_number = 0;

	stop_timers(s);
	if (s->state == BGP_IDLE)
		s->drops = drops_read(s->peer->speaker);
	if (s->peer->config.passive) {
		await(s);
		return;
	}
	if (s->peer->config.listen_first_ms != 0 && !s->peer->listened) {
		s->peer->listened = true;
		s->retry_at = after(s, spread((usec_t)s->peer->config.listen_first_ms * USEC_PER_MS));
		set_state(s, BGP_ACTIVE);
		return;
	}
	s->outgoing = true;
	s->connection = connection_connect(s, &error_number);
	if (s->connection == NULL) {
		could_not_connect(s, error_number);
		return;
	}
	s->retry_at = after(s, spread(5 * USEC_PER_SEC));
	set_state(s, BGP_CONNECT);
}

/* Nothing came, and it is time to connect; or to wait on. */
static void
tried_again(struct session *s, const struct fsm_input *input)
{
	if (s->peer->config.passive)
		look(s, input);
	else
		begin(s, input);
}

/* Connecting takes too long: another attempt. */
static void
begin_again(struct session *s, const struct fsm_input *input)
{
	if (s->connection != NULL)
		connection_close(s->connection, false);
	s->connection = NULL;
	record_no_connection(s, 0);
	begin(s, input);
}

static void
connected(struct session *s, const struct fsm_input *input)
{
	stop_timers(s);
	s->peer->retry_ms = 0;
	session_send_open(s);
	s->hold_at = after(s, OPEN_HOLD);
	s->retry_at = after(s, LOOK_EVERY);
	set_state(s, BGP_OPENSENT);
}

static void
accepted(struct session *s, const struct fsm_input *input)
{
	s->outgoing = false;
	s->connection = connection_adopt(s, input->fd);
	connected(s, input);
}

static void
connect_failed(struct session *s, const struct fsm_input *input)
{
	connection_close(s->connection, false);
	s->connection = NULL;
	if (s->peer->second != NULL)
		session_end(s, &(struct session_end){.quiet = true});
	else
		could_not_connect(s, input->error_number);
}

static void
lost(struct session *s, const struct fsm_input *input)
{
	char text[128];

	snprintf(text, sizeof(text), "%s",
		 input->error_number != 0 ? strerror(input->error_number) : "the peer closed the connection");
	session_end(s, &(struct session_end){.why = text, .penalty = true, .loss = LOSS_TCP});
}

/* Before an OPEN there is nothing to lose: RFC 4271, 8.2.2, goes back to Active. */
static void
lost_early(struct session *s, const struct fsm_input *input)
{
	if (s->peer->second != NULL || !s->peer->wanted) {
		lost(s, input);
		return;
	}
	connection_close(s->connection, false);
	s->connection = NULL;
	could_not_connect(s, input->error_number != 0 ? input->error_number : ECONNRESET);
}

static void
stopped(struct session *s, const struct fsm_input *input)
{
	session_end(s, &(struct session_end){.send = input->error, .stay = true, .why = "stopped"});
}

static void
fail(struct session *s, const struct bgp_error *error)
{
	session_end(s, &(struct session_end){.send = error, .penalty = true, .loss = LOSS_NOTIFICATION});
}

static void
hold_expired(struct session *s, const struct fsm_input *input)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_HOLD, 0, NULL, 0, "nothing heard for %u s",
		      s->state == BGP_OPENSENT ? (unsigned)(OPEN_HOLD / USEC_PER_SEC) : s->hold_s);
	fail(s, &error);
}

/* RFC 6608: the subcode names the state. */
static void
unexpected(struct session *s, const struct fsm_input *input)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_FSM, (uint8_t)(s->state - BGP_OPENSENT + 1), NULL, 0,
		      "message out of turn in %s", bgp_state_name(s->state));
	fail(s, &error);
}

static void
bad_message(struct session *s, const struct fsm_input *input)
{
	fail(s, input->error);
}

/* RFC 8538, 3.1: the error that a hard reset wraps. True: it was one. */
static bool
unwrap(uint8_t *code, uint8_t *subcode, struct reader *data)
{
	if (*code != BGP_ERROR_CEASE || *subcode != CEASE_HARD_RESET)
		return false;
	if (reader_left(data) >= 2) {
		*code = reader_u8(data);
		*subcode = reader_u8(data);
	}
	return true;
}

static void
notified(struct session *s, const struct fsm_input *input)
{
	struct reader body = input->body;
	uint8_t code = reader_u8(&body), subcode = reader_u8(&body);
	bool hard = unwrap(&code, &subcode, &body);
	char words[256], text[256];

	bgp_notification_text(code, subcode, body.at, reader_left(&body), words, sizeof(words));
	snprintf(text, sizeof(text), "%s%.240s", hard ? "Hard Reset: " : "", words);
	/* RFC 5492, 3: a speaker that knows no capabilities is tried without them. All it can have is IPv4.
	 */
	if (code == BGP_ERROR_OPEN && subcode == OPEN_BAD_PARAMETER && s->state == BGP_OPENSENT &&
	    peer_families(s->peer) & BGP_FAMILY_BIT(BGP_IPV4))
		s->peer->plain_open = true;
	session_end(s, &(struct session_end){
			   .received_code = code,
			   .received_subcode = subcode,
			   .received_text = text,
			   .received_data = body,
			   .penalty = true,
			   .loss = hard ? LOSS_ALL : LOSS_NOTIFICATION,
			   .quiet = code == BGP_ERROR_CEASE && subcode == CEASE_COLLISION &&
				    s->state != BGP_ESTABLISHED && s->peer->second != NULL,
		       });
}

static void
collide(struct session *loser)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_COLLISION, NULL, 0, "another connection was kept");
	session_end(loser, &(struct session_end){.send = &error, .quiet = true});
}

/* RFC 4271, 6.8; RFC 6286, 2.3. Whether the connection that we opened is the one to keep. */
static bool
ours_wins(const struct session *s)
{
	const struct bgp_peer *peer = s->peer;
	uint32_t ours = peer->speaker->config.router_id, theirs = s->theirs.identifier;

	return ours != theirs ? ours > theirs : peer->config.local_asn > peer->config.remote_asn;
}

static void
opened(struct session *s, const struct fsm_input *input)
{
	struct bgp_peer *peer = s->peer;
	struct session *other = s == peer->main ? peer->second : peer->main;
	struct bgp_error error;

	if (!session_take_open(s, input->body, &error)) {
		fail(s, &error);
		return;
	}
	if (other != NULL && other->state == BGP_ESTABLISHED) {
		collide(s);
		return;
	}
	if (other != NULL && other->state == BGP_OPENCONFIRM) {
		if (s->outgoing != ours_wins(s)) {
			collide(s);
			return;
		}
		collide(other);
	}
	session_send_keepalive(s);
	s->hold_at = s->hold_s != 0 ? after(s, (usec_t)s->hold_s * USEC_PER_SEC) : 0;
	s->keepalive_at = s->keepalive_s != 0 ? after(s, spread((usec_t)s->keepalive_s * USEC_PER_SEC)) : 0;
	set_state(s, BGP_OPENCONFIRM);
}

static void
alive(struct session *s, const struct fsm_input *input)
{
	if (s->hold_s != 0)
		s->hold_at = after(s, (usec_t)s->hold_s * USEC_PER_SEC);
}

static void
confirmed(struct session *s, const struct fsm_input *input)
{
	struct bgp_peer *peer = s->peer;
	struct session *other = s == peer->main ? peer->second : peer->main;

	if (other != NULL) {
		if (other->state >= BGP_OPENSENT)
			collide(other);
		else
			session_end(other, &(struct session_end){.quiet = true});
	}
	alive(s, input);
	s->peer->listened = false;
	set_state(s, BGP_ESTABLISHED);
	session_establish(s);
}

static void
keep_alive(struct session *s, const struct fsm_input *input)
{
	session_send_keepalive(s);
	s->keepalive_at = after(s, spread((usec_t)s->keepalive_s * USEC_PER_SEC));
}

/* One prefix too many. */
static void
over_limit(struct session *s, const struct bgp_error *error)
{
	struct bgp_peer *peer = s->peer;
	uint32_t wait_s = peer->config.limit_restart_s;

	peer->stopped = peer->config.limit_action == BGP_LIMIT_STOP;
	if (wait_s != 0)
		peer->refused_until = clock_monotonic() + (usec_t)wait_s * USEC_PER_SEC;
	session_end(s, &(struct session_end){.send = error,
					     .penalty = true,
					     .stay = peer->stopped,
					     .least_wait_s = LIMIT_WAIT_S,
					     .exact_wait_s = wait_s});
}

static void
updated(struct session *s, const struct fsm_input *input)
{
	struct bgp_error error;

	alive(s, input);
	if (session_take_update(s, input->body, &error))
		return;
	if (error.code == BGP_ERROR_CEASE)
		over_limit(s, &error);
	else
		fail(s, &error);
}

static void
refreshed(struct session *s, const struct fsm_input *input)
{
	session_take_refresh(s, input->body);
}

typedef void (*action)(struct session *s, const struct fsm_input *input);

static const action table[][EVENT_COUNT] = {
    [BGP_IDLE] =
	{
	    [EVENT_START] = begin,
	    [EVENT_IDLE_TIMER] = begin,
	    [EVENT_TCP_ACCEPTED] = accepted,
	    [EVENT_STOP] = stopped,
	},
    [BGP_CONNECT] =
	{
	    [EVENT_STOP] = stopped,
	    [EVENT_RETRY_TIMER] = begin_again,
	    [EVENT_TCP_UP] = connected,
	    [EVENT_TCP_FAIL] = connect_failed,
	},
    [BGP_ACTIVE] =
	{
	    [EVENT_STOP] = stopped,
	    [EVENT_START] = begin,
	    [EVENT_RETRY_TIMER] = tried_again,
	    [EVENT_TCP_ACCEPTED] = accepted,
	},
    [BGP_OPENSENT] =
	{
	    [EVENT_STOP] = stopped,
	    [EVENT_HOLD_TIMER] = hold_expired,
	    [EVENT_RETRY_TIMER] = look,
	    [EVENT_TCP_FAIL] = lost_early,
	    [EVENT_OPEN] = opened,
	    [EVENT_BAD_MESSAGE] = bad_message,
	    [EVENT_NOTIFICATION] = notified,
	    [EVENT_KEEPALIVE] = unexpected,
	    [EVENT_UPDATE] = unexpected,
	    [EVENT_REFRESH] = unexpected,
	},
    [BGP_OPENCONFIRM] =
	{
	    [EVENT_STOP] = stopped,
	    [EVENT_HOLD_TIMER] = hold_expired,
	    [EVENT_KEEPALIVE_TIMER] = keep_alive,
	    [EVENT_TCP_FAIL] = lost,
	    [EVENT_OPEN] = unexpected,
	    [EVENT_BAD_MESSAGE] = bad_message,
	    [EVENT_NOTIFICATION] = notified,
	    [EVENT_KEEPALIVE] = confirmed,
	    [EVENT_UPDATE] = unexpected,
	    [EVENT_REFRESH] = unexpected,
	},
    [BGP_ESTABLISHED] =
	{
	    [EVENT_STOP] = stopped,
	    [EVENT_HOLD_TIMER] = hold_expired,
	    [EVENT_KEEPALIVE_TIMER] = keep_alive,
	    [EVENT_TCP_FAIL] = lost,
	    [EVENT_OPEN] = unexpected,
	    [EVENT_BAD_MESSAGE] = bad_message,
	    [EVENT_NOTIFICATION] = notified,
	    [EVENT_KEEPALIVE] = alive,
	    [EVENT_UPDATE] = updated,
	    [EVENT_REFRESH] = refreshed,
	},
};

void
session_event(struct session *session, enum fsm_event event, const struct fsm_input *input)
{
	action act = table[session->state][event];

	if (act != NULL)
		act(session, input);
}
