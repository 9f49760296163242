// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that come in from a peer's address: which of them are taken, and what becomes of the session
 * that there is already (RFC 4271, 6.8).
 */
#include "core/bgp/speaker_internal.h"

#include <stdio.h>
#include <string.h>

/* The peer connects anew while we still take its last session for Established. What it announced last may be
 * lost with that; what it withdrew, of one message at most, must not stay as stale. False: the session ended
 * by it. */
static bool
take_withdrawals(struct session *s)
{
	return s->rest.attributes != NULL || session_take_rest(s, INT64_MAX);
}

/* Where that session was closed and we did not get to it yet, it ends now, with what the peer said last, a
 * NOTIFICATION perhaps; UPDATEs before that need not be taken whole any more. Else the new connection is the
 * collision. */
static void
end_if_closed(struct session *s)
{
	struct bgp_peer *peer = s->peer;
	usec_t deadline = clock_monotonic() + USEC_PER_MS;

	if (s->connection == NULL || !connection_peer_closed(s->connection))
		return;
	do
		update_rest_free(&s->rest);
	while (session_input(s, deadline) && clock_monotonic() < deadline);
	if (peer->main == s && s->state == BGP_ESTABLISHED)
		session_event(s, EVENT_TCP_FAIL, &(struct fsm_input){0});
}

/* RFC 5082, 3: the socket would drop all that it says from now on. */
static bool
comes_from_afar(struct bgp_peer *peer, int fd)
{
	int hops = peer->config.ttl_security != 0 ? drops_hops(fd) : 0;
	char text[160];

	if (hops <= peer->config.ttl_security)
		return false;
	snprintf(text, sizeof(text),
		 "its connection is refused: the first segment came with a TTL of %d, ttl_security wants %d "
		 "at least",
		 256 - hops, 256 - peer->config.ttl_security);
	if (!peer->last.set || strcmp(peer->last.text, text) != 0)
		peer_event(peer, "warning", "peer.error", "%s", text);
	peer_record_error(peer, false, 0, 0, text, reader_over("", 0));
	peer_touch(peer, false);
	return true;
}

/* An earlier connection that was not up: closed as RFC 4271, 6.8, has it, should the peer still be there. */
static void
supersede(struct session *s, bool stay)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_COLLISION, NULL, 0, "the peer has begun anew");
	session_end(s, &(struct session_end){.send = &error, .quiet = true, .stay = stay});
}

void
peer_accept(struct bgp_peer *peer, int fd, const struct ip_address *local)
{
	struct session *main = peer->main;

	if (!peer->wanted || peer->shut_down || peer->stopped || clock_monotonic() < peer->refused_until) {
		connection_refuse(peer->speaker, fd, CEASE_REJECTED);
		return;
	}
	if (comes_from_afar(peer, fd)) {
		connection_refuse(peer->speaker, fd, CEASE_REJECTED);
		return;
	}
	if (main->state == BGP_ESTABLISHED && take_withdrawals(main))
		end_if_closed(main);
	main = peer->main;
	/* RFC 4724, 4.2: a peer that restarts gracefully has lost the old session without a word. */
	if (main->state == BGP_ESTABLISHED && restart_is_graceful(main, LOSS_TCP)) {
		session_end(main, &(struct session_end){.why = "the peer connects anew: it has restarted",
							.loss = LOSS_TCP});
		main = peer->main;
	}
	if (main->state == BGP_ESTABLISHED) {
		connection_refuse(peer->speaker, fd, CEASE_COLLISION);
		return;
	}
	/* The peer has begun anew: its earlier attempt, if we still have it, is dead. */
	if (peer->second != NULL)
		supersede(peer->second, false);
	main = peer->main;
	if (main->state >= BGP_OPENSENT && !main->outgoing)
		supersede(main, true);
	if (main->state == BGP_IDLE || main->state == BGP_ACTIVE) {
		session_event(main, EVENT_TCP_ACCEPTED, &(struct fsm_input){.fd = fd});
		return;
	}
	peer->second = session_new(peer);
	peer->second->state = BGP_ACTIVE;
	session_event(peer->second, EVENT_TCP_ACCEPTED, &(struct fsm_input){.fd = fd});
}
