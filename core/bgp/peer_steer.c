// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Steering peers: starting, stopping and resetting them, and giving them another configuration while they
 * run.
 */
#include "core/bgp/origin_internal.h"
#include "core/bgp/peer_internal.h"

#include <string.h>

/* As if nothing had failed yet. */
static void
forget_waits(struct bgp_peer *peer)
{
	peer->wait_ms = peer->retry_ms = 0;
	peer->stopped = false;
	peer->refused_until = 0;
}

void
bgp_peer_start(struct bgp_peer *peer)
{
	if (peer->wanted || peer->removed)
		return;
	peer->wanted = true;
	peer->listened = false;
	peer->plain_open = false;
	forget_waits(peer);
	if (!peer->shut_down)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

void
bgp_peer_stop(struct bgp_peer *peer, const char *why)
{
	peer->wanted = false;
	deferral_forget(peer);
	forget_waits(peer);
	peer_end_sessions(peer, NULL, why, true);
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
	       socket_bind_interface(session->connection->fd, &peer->config);
}

void
bgp_peer_shutdown(struct bgp_peer *peer, const char *message)
{
	struct bgp_error error;

	bgp_error_set(&error, BGP_ERROR_CEASE, CEASE_SHUTDOWN, NULL, 0, "%s", "");
	bgp_shutdown_message(&error, message);
	peer->shut_down = true;
	deferral_forget(peer);
	dynamic_end_all(peer, &error, false);
	peer_end_sessions(peer, &error, NULL, true);
	peer_touch(peer, true);
}

void
bgp_peer_enable(struct bgp_peer *peer)
{
	if (!peer->shut_down)
		return;
	peer->shut_down = false;
	forget_waits(peer);
	peer_touch(peer, true);
	if (peer->wanted)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

static void
reset_soft(struct bgp_peer *peer)
{
	struct session *session = peer_established(peer);

	if (session == NULL)
		return;
	for (unsigned f = 0; session->common & CAPABILITY_REFRESH && f < BGP_FAMILY_COUNT; f++) {
		struct writer w = session_writer(session);

		if (!(session->families & BGP_FAMILY_BIT(f)))
			continue;
		bgp_refresh_write(&w, family_afi(f), 1, BGP_REFRESH_ASK);
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
	forget_waits(peer);
	dynamic_end_all(peer, &error, false);
	peer_end_sessions(peer, &error, NULL, true);
	if (peer->wanted && !peer->shut_down)
		session_event(peer->main, EVENT_START, &(struct fsm_input){0});
}

/* The peer has them already in its configuration: watches follow, and what it is told. */
static void
set_conditions(struct bgp_peer *peer, const struct bgp_peer_config *before)
{
	struct condition_watch **watches = peer->watches;

	if (policy_conditions_equal(peer->config.conditions, before->conditions))
		return;
	conditions_attach(peer); /* before the others go: what stays is not looked for again */
	conditions_detach(peer->speaker, watches);
	adj_out_dump(peer);
}

bool
bgp_peer_configure(struct bgp_peer *peer, const struct bgp_peer_config *config, struct error *err)
{
	struct session *session = peer_established(peer);
	struct bgp_peer_config new = *config, before = peer->config;
	bool other_key =
	    new.password_length != before.password_length ||
	    (new.password_length != 0 && memcmp(new.password, before.password, new.password_length) != 0);

	if (!peer_options_check(config, before.name, err))
		return false;
	if (other_key && peer->template == NULL &&
	    !peer_set_key(peer, new.password, new.password_length, err))
		return false;
	new.name = before.name;
	new.interface = before.interface;
	new.local = before.local;
	new.remote = before.remote;
	new.dynamic = before.dynamic;
	new.range = before.range;
	memcpy(new.next_hop, before.next_hop, sizeof(new.next_hop));
	new.asns = before.asns;
	new.asn_count = before.asn_count;
	new.port = before.port;
	new.local_asn = before.local_asn;
	new.remote_asn = before.remote_asn;
	new.group = before.group;
	new.member = before.member;
	new.export_networks = before.export_networks;
	new.export_peers = before.export_peers;
	new.export_groups = before.export_groups;
	new.local_preference = before.local_preference;
	new.med_out = before.med_out;
	new.passive = before.passive;
	new.listen_first_ms = before.listen_first_ms;
	new.most_peers = before.most_peers;
	/* The rules have the policies; habits follow below, with what comes of them. */
	new.policy[POLICY_IMPORT] = new.policy[POLICY_EXPORT] = NULL;
	new.habits = before.habits;
	peer_config_own(&new);
	peer->config = new;
	set_conditions(peer, &before);
	peer_config_disown(&before);
	if (new.multihop != before.multihop || new.ttl_security != before.ttl_security)
		next_hops_look_again(peer->speaker); /* others may be too far away now */
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		peer->near_limit[f] = peer->over_limit[f] = false;
	if (session != NULL)
		session_set_keepalive(session);
	if (new.graceful_restart == BGP_GRACEFUL_NO)
		restart_abandon(peer);
	if (new.graceful_restart != BGP_GRACEFUL_YES)
		deferral_forget(peer);
	if (new.max_prefixes_out != before.max_prefixes_out)
		adj_out_dump(peer);
	/* None, or any after none: the next session has it. */
	if (new.add_path_send != before.add_path_send &&new.add_path_send != 0)
		adj_out_limit_paths(peer, new.add_path_send);
	bgp_peer_set_policy(peer, config->policy[POLICY_IMPORT], config->policy[POLICY_EXPORT]);
	bgp_peer_set_habits(peer, &config->habits);
	dynamic_configure_all(peer, config);
	peer_touch(peer, true);
	return true;
}

void
bgp_peer_set_preference(struct bgp_peer *peer, uint32_t local_preference)
{
	if (peer->config.local_preference == local_preference)
		return;
	peer->config.local_preference = local_preference;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		rib_peer_prefer(&peer->speaker->ribs[f], peer->index, local_preference);
	}
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
bgp_peer_set_habits(struct bgp_peer *peer, const struct bgp_habits *habits)
{
	struct bgp_habits before = peer->config.habits;
	bool client = peer_internal(peer) && habits->reflector_client;

	peer->config.habits = *habits;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		peer_known(peer, f)->client = client;
	if (habits->default_originate)
		speaker_need_default(peer->speaker);
	if (before.allow_as_in != habits->allow_as_in) {
		struct session *session = peer_established(peer);

		/* What is remembered of the last UPDATE was judged by the former number. */
		if (session != NULL)
			session_forget_last(session);
		reset_soft(peer);
	}
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (before.blackhole_from[f] == habits->blackhole_from[f])
			continue;
		rib_peer_reconsider(&peer->speaker->ribs[f], peer->index);
		speaker_kick(peer->speaker);
	}
	if (before.reflector_client != habits->reflector_client) {
		/* What it brings is told to others now, or no longer. */
		for (struct bgp_peer *other = peer->speaker->peers; other != NULL; other = other->next)
			adj_out_dump(other);
	} else if (before.as_override != habits->as_override ||
		   before.remove_private_as != habits->remove_private_as ||
		   before.default_originate != habits->default_originate ||
		   before.keep_next_hop != habits->keep_next_hop) {
		adj_out_dump(peer);
	}
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
