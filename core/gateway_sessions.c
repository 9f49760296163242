// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BGP sessions as the configuration has them, and as the world sees them: from `bgp:` to the speaker's
 * options, and from the speaker's status to the rows of peers.
 */
#include "core/gateway_bgp_internal.h"

#include <stdio.h>
#include <string.h>

/* --- from the configuration -------------------------------------------------------------------- */

static enum bgp_role
role_of(enum config_bgp_role role)
{
	static const enum bgp_role roles[] = {
	    [CONFIG_BGP_NONE] = BGP_ROLE_NONE,
	    [CONFIG_BGP_PROVIDER] = BGP_ROLE_PROVIDER,
	    [CONFIG_BGP_RS] = BGP_ROLE_RS,
	    [CONFIG_BGP_RS_CLIENT] = BGP_ROLE_RS_CLIENT,
	    [CONFIG_BGP_CUSTOMER] = BGP_ROLE_CUSTOMER,
	    [CONFIG_BGP_PEER] = BGP_ROLE_PEER,
	};

	return roles[role];
}

static enum bgp_limit_action
action_of(enum config_limit_action action)
{
	static const enum bgp_limit_action actions[] = {
	    [CONFIG_LIMIT_RESTART] = BGP_LIMIT_RESTART,
	    [CONFIG_LIMIT_STOP] = BGP_LIMIT_STOP,
	    [CONFIG_LIMIT_WARN] = BGP_LIMIT_WARN,
	};

	return actions[action];
}

static unsigned
families_of(const struct config_bgp *config)
{
	return (config->families & CONFIG_FAMILY_IPV4 ? BGP_FAMILY_BIT(BGP_IPV4) : 0) |
	       (config->families & CONFIG_FAMILY_IPV6 ? BGP_FAMILY_BIT(BGP_IPV6) : 0);
}

static struct bgp_habits
habits_of(const struct config_bgp *config)
{
	return (struct bgp_habits){
	    .allow_as_in = config->allowas_in,
	    .as_override = config->as_override,
	    .remove_private_as = config->remove_private_as,
	    .keep_next_hop = !config->next_hop_self,
	    .default_originate = config->default_originate,
	    .reflector_client = config->route_reflector_client,
	    .blackhole_from = {config->blackhole.accept ? (uint8_t)config->blackhole.ipv4 : 0,
			       config->blackhole.accept ? (uint8_t)config->blackhole.ipv6 : 0},
	};
}

uint32_t
gateway_local_asn(const struct gateway *gateway, const struct config_bgp *config)
{
	return config->local_as != 0 ? config->local_as : gateway->config->asn;
}

void
gateway_session_options(struct bgp_peer_config *peer, const struct config_bgp *config)
{
	peer->families = families_of(config);
	peer->hold_s = config->hold_s;
	peer->keepalive_s = config->keepalive_s;
	peer->send_hold_s = config->send_hold_s;
	peer->max_prefixes = config->limits.in;
	peer->max_prefixes_out = config->limits.out;
	peer->limit_warn = config->limits.warn;
	peer->limit_action = action_of(config->limits.action);
	peer->limit_restart_s = config->limits.restart_after_s;
	peer->multihop = (uint8_t)config->multihop;
	peer->ttl_security = (uint8_t)config->ttl_security;
	peer->tcp_mss = (uint16_t)config->tcp_mss;
	peer->role = role_of(config->role);
	peer->role_strict = config->role_strict;
	/* A tunnel's SAs end with the gateway: its peer is not asked to keep anything. */
	peer->graceful_restart =
	    config->graceful_restart == CONFIG_GRACEFUL_NO ? BGP_GRACEFUL_NO : BGP_GRACEFUL_HELPER;
	peer->restart_s = config->restart_time_s;
	peer->stale_s = config->stale_time_s;
	peer->add_path_receive = config->add_path.receive;
	peer->add_path_send =
	    config->add_path.send == CONFIG_ADD_PATH_ALL ? BGP_ADD_PATH_ALL : config->add_path.send;
	peer->password = config->password;
	peer->password_length = config->password_length;
	peer->policy[POLICY_IMPORT] = config->import;
	peer->policy[POLICY_EXPORT] = config->export;
	peer->conditions = config->advertise;
	peer->habits = habits_of(config);
}

void
gateway_peer_options(struct bgp_peer_config *peer, const struct config_peer *config)
{
	peer->remote = config->remote.address;
	peer->dynamic = !ip_address_is_set(&config->remote.address);
	peer->range = config->remote.range;
	peer->most_peers = config->limit;
	if (config->asns.count == 1 && !peer->dynamic)
		peer->remote_asn = config->asns.items[0];
	peer->asns = config->asns.items;
	peer->asn_count = config->asns.count;
	peer->passive = config->passive;
	gateway_session_options(peer, &config->bgp);
	if (config->bgp.graceful_restart == CONFIG_GRACEFUL_YES)
		peer->graceful_restart = BGP_GRACEFUL_YES;
}

/* --- rows -------------------------------------------------------------------------------------- */

/* The first octets in hexadecimal digits. */
static void
set_data(char **field, const struct bgp_peer_error *error)
{
	char text[2 * BGP_ERROR_DATA + 8] = "";
	size_t shown = error->data_length < BGP_ERROR_DATA ? error->data_length : BGP_ERROR_DATA;

	for (size_t i = 0; i < shown; i++)
		snprintf(text + 2 * i, sizeof(text) - 2 * i, "%02x", error->data[i]);
	if (shown < error->data_length)
		strcat(text, "...");
	model_set(field, text[0] != '\0' ? text : NULL);
}

static void
set_error(struct model_peer_error *row, const struct bgp_peer_error *error)
{
	row->set = error->set;
	if (!error->set)
		return;
	row->code = error->code;
	row->subcode = error->subcode;
	model_set(&row->direction, error->received ? "received" : "sent");
	model_set(&row->text, error->text);
	set_data(&row->data, error);
	row->at = clock_wall_of(error->at) / 1000000 * 1000000;
}

static void
set_messages(struct model_peer_messages *row, const uint64_t counts[BGP_KIND_COUNT])
{
	row->set = true;
	row->open = counts[BGP_KIND_OPEN];
	row->update = counts[BGP_KIND_UPDATE];
	row->notification = counts[BGP_KIND_NOTIFICATION];
	row->keepalive = counts[BGP_KIND_KEEPALIVE];
	row->refresh = counts[BGP_KIND_REFRESH];
}

void
gateway_session_fill(struct model_peer *row, const struct bgp_peer_status *status)
{
	char range[IP_PREFIX_TEXT];

	if (status->remote_asn == 0)
		row->remote_asn = MODEL_UINT_UNSET;
	row->stopped = status->stopped;
	row->restart_until =
	    status->restarting ? clock_wall_of(status->restart_until) / 1000000 * 1000000 : 0;
	row->deferred_until =
	    status->deferred_until != 0 ? clock_wall_of(status->deferred_until) / 1000000 * 1000000 : 0;
	if (status->role != BGP_ROLE_NONE)
		model_set(&row->role, bgp_role_name(status->role));
	if (status->remote_role != BGP_ROLE_NONE)
		model_set(&row->remote_role, bgp_role_name(status->remote_role));
	if (status->template) {
		row->neighbours = status->neighbours;
		if (ip_address_is_set(&status->range.address))
			model_set(&row->remote_address, ip_prefix_format(&status->range, range));
		else
			model_set(&row->remote_address, "any");
	}
	row->max_prefixes_out = status->max_prefixes_out != 0 ? status->max_prefixes_out : MODEL_UINT_UNSET;
	set_messages(&row->messages_received, status->received_of);
	set_messages(&row->messages_sent, status->sent_of);
	row->malformed = status->treated_as_withdraw + status->attributes_discarded;
	row->treated_as_withdraw = status->treated_as_withdraw;
	row->attributes_discarded = status->attributes_discarded;
	row->errors = status->errors;
	row->input_bytes = status->input_bytes;
	row->output_bytes = status->output_bytes;
	row->pending = status->pending;
	set_error(&row->last_error, &status->last_error);
	set_error(&row->last_in, &status->last_in);
	set_error(&row->last_out, &status->last_out);
}
