// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peers: adding, finding and removing them; see bgp.h for what each call means. Their configurations are
 * checked by peer_config.c; they are steered by peer_steer.c, and what comes from their addresses is
 * peer_accept.c's. What they are like is told by peer_status.c; those that come by themselves are
 * dynamic.c's.
 */
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/origin_internal.h"
#include "core/bgp/peer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

bool
peer_internal(const struct bgp_peer *peer)
{
	return peer->config.local_asn == peer->config.remote_asn;
}

unsigned
peer_families(const struct bgp_peer *peer)
{
	if (peer->config.families != 0)
		return peer->config.families;
	return BGP_FAMILY_BIT(peer->config.remote.family == AF_INET6 ? BGP_IPV6 : BGP_IPV4);
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

/* --- adding and removing ----------------------------------------------------------------------- */

/* Numbers are taken and given in all families at once, and so are the same in each. */
static uint16_t
take_index(struct bgp_speaker *speaker)
{
	uint16_t index = rib_peer_take(&speaker->ribs[0]);

	for (unsigned f = 1; index != RIB_FREE && f < BGP_FAMILY_COUNT; f++) {
		if (rib_peer_take(&speaker->ribs[f]) != index)
			abort();
	}
	return index;
}

static void
introduce(const struct bgp_peer *peer, struct rib *rib)
{
	struct rib_peer *known = rib_peer(rib, peer->index);

	known->address = peer->config.remote;
	known->group = peer->config.group;
	known->member = peer->config.member;
	known->internal = peer_internal(peer);
	known->client = known->internal && peer->config.habits.reflector_client;
	rib_peer_prefer(rib, peer->index, peer->config.local_preference);
	rib->tell_preferences = rib->tell_preferences || known->internal;
}

struct bgp_peer *
bgp_peer_add(struct bgp_speaker *speaker, const struct bgp_peer_config *config, struct error *err)
{
	struct bgp_peer *peer;
	uint16_t index;

	if (!peer_config_check(config, err))
		return NULL;
	if (bgp_peer_find(speaker, config->name) != NULL) {
		error_set(err, "BGP peer %s is there already", config->name);
		return NULL;
	}
	index = take_index(speaker);
	if (index == RIB_FREE) {
		error_set(err, "BGP peer %s: there are too many peers", config->name);
		return NULL;
	}
	peer = memory_zeroed(1, sizeof(*peer));
	peer->speaker = speaker;
	peer->config = *config;
	peer_config_own(&peer->config);
	peer->config.passive = config->passive || config->dynamic;
	conditions_attach(peer);
	for (unsigned d = 0; d < COUNT_OF(peer->rules); d++) {
		peer->rules[d] = peer_rules_new(config->policy[d]);
		peer->config.policy[d] = NULL; /* the rules have it */
	}
	peer->index = index;
	peer->reported_med = UINT32_MAX;
	peer->main = session_new(peer);
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		introduce(peer, &speaker->ribs[f]);
	vector_need(&speaker->by_index, ((size_t)index + 1) * sizeof(peer));
	((struct bgp_peer **)speaker->by_index.items)[index] = peer;
	chronicle_name(speaker->chronicle, index, peer->config.name);
	*speaker->peers_tail = peer;
	speaker->peers_tail = &peer->next;
	if (config->habits.default_originate)
		speaker_need_default(speaker);
	deferral_peer_added(peer);
	if (config->password_length != 0 &&
	    !peer_set_key(peer, config->password, config->password_length, err)) {
		peer->removed = true;
		deferral_forget(peer);
		return NULL;
	}
	return peer;
}

void
peer_free(struct bgp_peer *peer)
{
	session_free(peer->main);
	session_free(peer->second);
	for (unsigned d = 0; d < COUNT_OF(peer->rules); d++)
		peer_rules_free(peer->rules[d], &peer->speaker->attributes);
	conditions_detach(peer->speaker, peer->watches);
	((struct bgp_peer **)peer->speaker->by_index.items)[peer->index] = NULL;
	peer_config_disown(&peer->config);
	free(peer);
}

bool
peer_has_asn(const struct bgp_peer *peer, uint32_t asn)
{
	const struct bgp_peer_config *config = &peer->config;

	for (size_t i = 0; i < config->asn_count && config->remote_asn == 0; i++) {
		if (config->asns[i] == asn)
			return true;
	}
	return config->remote_asn != 0 && config->remote_asn == asn;
}

void
peer_set_asn(struct bgp_peer *peer, uint32_t asn)
{
	peer->config.remote_asn = asn;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		introduce(peer, &peer->speaker->ribs[f]);
}

void
peer_end_sessions(struct bgp_peer *peer, const struct bgp_error *send, const char *why, bool stay)
{
	struct session_end end = {.send = send, .why = why, .stay = stay, .quiet = true};

	if (peer->second != NULL)
		session_end(peer->second, &end);
	end.quiet = false;
	session_end(peer->main, &end);
	restart_abandon(peer);
}

void
bgp_peer_remove(struct bgp_peer *peer)
{
	struct bgp_error error;

	if (peer->removed)
		return;
	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_DECONFIGURED, NULL, 0, "the peer was removed");
	peer->wanted = false;
	deferral_forget(peer);
	dynamic_end_all(peer, &error, true);
	peer_end_sessions(peer, &error, NULL, true);
	if (peer->config.password_length != 0 && peer->template == NULL)
		peer_set_key(peer, NULL, 0, NULL);
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
