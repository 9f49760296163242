// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers: adding, steering and describing them; see bgp.h for what each call means. */
#include "core/bgp/speaker_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

bool
peer_internal(const struct bgp_peer *peer)
{
	return peer->config.local_asn == peer->config.remote_asn;
}

enum bgp_state
peer_state(const struct bgp_peer *peer)
{
	enum bgp_state state = peer->main->state;

	return peer->second != NULL && peer->second->state > state ? peer->second->state : state;
}

struct session *
peer_established(const struct bgp_peer *peer)
{
	return peer->main->state == BGP_ESTABLISHED ? peer->main : NULL;
}

void
peer_touch(struct bgp_peer *peer, bool now)
{
	if (now) {
		peer->tell_now = true;
		speaker_kick(peer->speaker);
	} else if (!peer->tell_soon) {
		peer->tell_soon = true;
		speaker_alarm(peer->speaker, clock_monotonic() + 100 * USEC_PER_MS);
	}
}

void
peer_event(struct bgp_peer *peer, const char *severity, const char *kind, const char *format, ...)
{
	const struct bgp_events *events = &peer->speaker->config.events;
	char raw[1024], clean[1024];
	va_list args;

	if (events->peer_event == NULL || peer->removed)
		return;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	events->peer_event(events->context, peer, severity, kind, text_clean(clean, sizeof(clean), raw));
}

void
peer_record_error(struct bgp_peer *peer, bool received, uint8_t code, uint8_t subcode, const char *text)
{
	peer->last_set = true;
	peer->last_received = received;
	peer->last_code = code;
	peer->last_subcode = subcode;
	text_clean(peer->last_text, sizeof(peer->last_text), text);
	peer->last_at = clock_monotonic();
}

/* --- adding and removing ----------------------------------------------------------------------- */

static bool
check_config(const struct bgp_peer_config *config, struct error *err)
{
	const char *name = config->name != NULL ? config->name : "?";

	if (config->name == NULL || config->name[0] == '\0')
		return error_set(err, "a BGP peer needs a name");
	if (!ip_address_is_set(&config->remote))
		return error_set(err, "BGP peer %s: no remote address", name);
	if (ip_address_is_set(&config->local) && config->local.family != config->remote.family)
		return error_set(err, "BGP peer %s: local and remote are of different families", name);
	if (config->local_asn == 0 || config->remote_asn == 0)
		return error_set(err, "BGP peer %s: AS 0 is not allowed (RFC 7607)", name);
	if (config->hold_s == 1 || config->hold_s == 2 || config->hold_s > UINT16_MAX)
		return error_set(err, "BGP peer %s: hold time %u s; allowed are 0 and 3 to 65535", name,
				 config->hold_s);
	if (config->member > 31)
		return error_set(err, "BGP peer %s: member %u; a group has 32 at most", name, config->member);
	return true;
}

struct bgp_peer *
bgp_peer_add(struct bgp_speaker *speaker, const struct bgp_peer_config *config, struct error *err)
{
	struct bgp_peer *peer;
	struct rib_peer *known;
	uint16_t index;

	if (!check_config(config, err))
		return NULL;
	if (bgp_peer_find(speaker, config->name) != NULL) {
		error_set(err, "BGP peer %s is there already", config->name);
		return NULL;
	}
	index = rib_peer_take(&speaker->rib);
	if (index == RIB_FREE) {
		error_set(err, "BGP peer %s: there are too many peers", config->name);
		return NULL;
	}
	peer = memory_zeroed(1, sizeof(*peer));
	peer->speaker = speaker;
	peer->config = *config;
	peer->config.name = text_copy(config->name);
	peer->config.interface = text_copy(config->interface);
	peer->index = index;
	peer->reported_med = UINT32_MAX;
	peer->main = session_new(peer);
	known = rib_peer(&speaker->rib, index);
	known->address = config->remote;
	known->local_preference = config->local_preference;
	known->group = config->group;
	known->member = config->member;
	known->internal = peer_internal(peer);
	speaker->rib.tell_preferences = speaker->rib.tell_preferences || known->internal;
	vector_need(&speaker->by_index, ((size_t)index + 1) * sizeof(peer));
	((struct bgp_peer **)speaker->by_index.items)[index] = peer;
	*speaker->peers_tail = peer;
	speaker->peers_tail = &peer->next;
	return peer;
}

void
peer_free(struct bgp_peer *peer)
{
	session_free(peer->main);
	session_free(peer->second);
	free((char *)peer->config.name);
	free((char *)peer->config.interface);
	free(peer);
}

/* Ends what is going on, with `send` (NULL: without a word). */
static void
end_sessions(struct bgp_peer *peer, const struct bgp_error *send, const char *why, bool stay)
{
	struct session_end end = {.send = send, .why = why, .stay = stay, .quiet = true};

	if (peer->second != NULL)
		session_end(peer->second, &end);
	end.quiet = false;
	session_end(peer->main, &end);
}

void
bgp_peer_remove(struct bgp_peer *peer)
{
	struct bgp_error error;

	if (peer->removed)
		return;
	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_DECONFIGURED, NULL, 0, "the peer was removed");
	peer->wanted = false;
	end_sessions(peer, &error, NULL, true);
	peer->removed = true;
	speaker_kick(peer->speaker);
}

struct bgp_peer *
bgp_peer_find(struct bgp_speaker *speaker, const char *name)
{
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (!peer->removed && strcmp(peer->config.name, name) == 0)
			return peer;
	}
	return NULL;
}

void
bgp_walk_peers(struct bgp_speaker *speaker, bool (*visit)(void *context, struct bgp_peer *peer),
	       void *context)
{
	for (struct bgp_peer *peer = speaker->peers; peer != NULL; peer = peer->next) {
		if (!peer->removed && !visit(context, peer))
			return;
	}
}

/* --- steering ---------------------------------------------------------------------------------- */

void
bgp_peer_start(struct bgp_peer *peer)
{
	if (peer->wanted || peer->removed)
		return;
	peer->wanted = true;
	peer->listened = false;
	peer->plain_open = false;
	peer->wait_ms = peer->retry_ms = 0;
	if (!peer->shut_down)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

void
bgp_peer_stop(struct bgp_peer *peer, const char *why)
{
	peer->wanted = false;
	peer->wait_ms = peer->retry_ms = 0;
	end_sessions(peer, NULL, why, true);
}

bool
bgp_peer_poke(struct bgp_peer *peer)
{
	struct session *session = peer_established(peer);

	if (session == NULL)
		return false;
	session_send_keepalive(session);
	return true;
}

bool
bgp_peer_rebind(struct bgp_peer *peer)
{
	struct session *session = peer_established(peer);

	return session != NULL && session->connection != NULL &&
	       connection_bind(session->connection->fd, &peer->config);
}

void
bgp_peer_shutdown(struct bgp_peer *peer, const char *message)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_SHUTDOWN, NULL, 0, "%s", "");
	bgp_shutdown_message(&error, message);
	peer->shut_down = true;
	end_sessions(peer, &error, NULL, true);
	peer_touch(peer, true);
}

void
bgp_peer_enable(struct bgp_peer *peer)
{
	if (!peer->shut_down)
		return;
	peer->shut_down = false;
	peer->wait_ms = peer->retry_ms = 0;
	peer_touch(peer, true);
	if (peer->wanted)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

static void
reset_soft(struct bgp_peer *peer)
{
	struct session *session = peer_established(peer);
	struct writer w;

	if (session == NULL)
		return;
	if (session->common & CAPABILITY_REFRESH) {
		w = session_writer(session);
		bgp_refresh_write(&w, 1, 1);
		session_sent(session, &w);
		connection_flush(session->connection);
	}
	adj_out_dump(peer);
}

void
bgp_peer_reset(struct bgp_peer *peer, bool soft)
{
	struct bgp_error error;

	if (soft) {
		reset_soft(peer);
		return;
	}
	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_RESET, NULL, 0, "%s", "");
	peer->plain_open = false;
	peer->wait_ms = peer->retry_ms = 0;
	end_sessions(peer, &error, NULL, true);
	if (peer->wanted && !peer->shut_down)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

void
bgp_peer_set_limits(struct bgp_peer *peer, uint32_t hold_s, uint32_t keepalive_s, uint32_t max_prefixes)
{
	struct session *session = peer_established(peer);

	peer->config.hold_s = hold_s;
	peer->config.keepalive_s = keepalive_s;
	peer->config.max_prefixes = max_prefixes;
	peer->near_limit = false;
	if (session != NULL)
		session_set_keepalive(session);
	peer_touch(peer, true);
}

void
bgp_peer_set_preference(struct bgp_peer *peer, uint32_t local_preference)
{
	if (peer->config.local_preference == local_preference)
		return;
	peer->config.local_preference = local_preference;
	rib_peer(&peer->speaker->rib, peer->index)->local_preference = local_preference;
	rib_peer_preferred(&peer->speaker->rib, peer->index);
	peer_touch(peer, true);
}

void
bgp_peer_set_med(struct bgp_peer *peer, uint32_t med_out)
{
	if (peer->config.med_out == med_out)
		return;
	peer->config.med_out = med_out;
	adj_out_dump(peer);
	peer_touch(peer, true);
}

void
bgp_peer_set_graceful_shutdown(struct bgp_peer *peer, bool on)
{
	if (peer->graceful_shutdown == on)
		return;
	peer->graceful_shutdown = on;
	adj_out_dump(peer);
	peer_touch(peer, true);
}

/*
 * The peer connects anew while we still take its last session for Established. Where that one was closed and
 * we did not get to it yet, it ends now, with what the peer said last; else the new connection is the
 * collision.
 */
static void
end_if_closed(struct session *s)
{
	struct bgp_peer *peer = s->peer;

	if (s->connection == NULL || !connection_peer_closed(s->connection))
		return;
	session_input(s, clock_monotonic() + USEC_PER_MS);
	if (peer->main == s && s->state == BGP_ESTABLISHED)
		session_event(s, EVENT_TCP_FAIL, &(struct fsm_input){0});
}

void
peer_accept(struct bgp_peer *peer, int fd, const struct ip_address *local)
{
	struct session *main = peer->main;

	if (!peer->wanted || peer->shut_down) {
		connection_refuse(peer->speaker, fd, CEASE_REJECTED);
		return;
	}
	if (main->state == BGP_ESTABLISHED)
		end_if_closed(main);
	main = peer->main;
	if (main->state == BGP_ESTABLISHED) {
		connection_refuse(peer->speaker, fd, CEASE_COLLISION);
		return;
	}
	/* The peer has begun anew: its earlier attempt, if we still have it, is dead. */
	if (peer->second != NULL)
		session_end(peer->second, &(struct session_end){.quiet = true});
	main = peer->main;
	if (main->state >= BGP_OPENSENT && !main->outgoing)
		session_end(main, &(struct session_end){.quiet = true, .stay = true});
	if (main->state == BGP_IDLE || main->state == BGP_ACTIVE) {
		session_event(main, EVENT_TCP_ACCEPTED, &(struct fsm_input){.fd = fd});
		return;
	}
	peer->second = session_new(peer);
	peer->second->state = BGP_ACTIVE;
	session_event(peer->second, EVENT_TCP_ACCEPTED, &(struct fsm_input){.fd = fd});
}

/* --- describing -------------------------------------------------------------------------------- */

uint32_t
bgp_peer_group(const struct bgp_peer *peer)
{
	return peer->config.group;
}

uint32_t
bgp_peer_member(const struct bgp_peer *peer)
{
	return peer->config.member;
}

void
bgp_peer_status(const struct bgp_peer *peer, struct bgp_peer_status *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{CAPABILITY_IPV4, "multiprotocol-ipv4"},
		     {CAPABILITY_FOUR_OCTET, "four-octet-as"},
		     {CAPABILITY_REFRESH, "route-refresh"}};
	const struct rib_peer *known = rib_peer(&peer->speaker->rib, peer->index);
	const struct session *session = peer_established(peer);

	*out = (struct bgp_peer_status){
	    .name = peer->config.name,
	    .state = peer_state(peer),
	    .shut_down = peer->shut_down,
	    .local_asn = peer->config.local_asn,
	    .remote_asn = peer->config.remote_asn,
	    .local = peer->config.local,
	    .remote = peer->config.remote,
	    .established_at = peer->established_at,
	    .received = known->received,
	    .accepted = known->accepted,
	    .max_prefixes = peer->config.max_prefixes,
	    .advertised = peer->out != NULL ? peer->out->count : 0,
	    .local_preference = peer->config.local_preference,
	    .med_out = peer->config.med_out,
	    .graceful_shutdown = peer->graceful_shutdown,
	    .messages_in = peer->messages_in,
	    .messages_out = peer->messages_out,
	    .flaps = peer->flaps,
	};
	if (session != NULL) {
		out->local = session->local;
		out->remote_router_id = session->theirs.identifier;
		out->hold_s = session->hold_s;
		out->keepalive_s = session->keepalive_s;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			if (session->common & names[i].bit)
				out->capabilities[out->capability_count++] = names[i].name;
		}
	}
	out->last_error.set = peer->last_set;
	out->last_error.received = peer->last_received;
	out->last_error.code = peer->last_code;
	out->last_error.subcode = peer->last_subcode;
	memcpy(out->last_error.text, peer->last_text, sizeof(out->last_error.text));
	out->last_error.at = peer->last_at;
}
