// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A configuration as the other side sees it: everything that has two ends is turned around here, once, so
 * that no exporter has to think of it. See exporter.h.
 */
#include "core/exporter.h"

#include <stdlib.h>
#include <string.h>

#define TUNNELS_MOST 2

static struct export_prefixes
prefixes_of(const struct config_prefixes *from)
{
	return (struct export_prefixes){from->items, from->count};
}

/* "aws-paris/1" as "aws-paris-1". */
static const char *
add_label(struct text_list *labels, const char *name)
{
	char *label;

	text_list_add(labels, name);
	label = labels->items[labels->count - 1];
	for (char *at = label; *at != '\0'; at++)
		*at = *at == '/' ? '-' : *at;
	return label;
}

static void
turn_inside(const struct config_tunnel *from, struct export_tunnel *to)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!ip_address_is_set(&from->inside_remote[i]))
			continue;
		to->inside[i] = (struct ip_prefix){from->inside_remote[i], from->inside[i].length};
		to->inside_remote[i] = from->inside[i].address;
	}
}

/* What the other end of a session has to be (RFC 9234 4.2). */
static const char *
turn_role(enum config_bgp_role role)
{
	static const char *const others[] = {
	    [CONFIG_BGP_PROVIDER] = "customer",   [CONFIG_BGP_CUSTOMER] = "provider",
	    [CONFIG_BGP_PEER] = "peer",           [CONFIG_BGP_RS] = "rs-client",
	    [CONFIG_BGP_RS_CLIENT] = "rs-server",
	};

	return others[role];
}

static void
turn_session(const struct config *config, const struct config_tunnel *from, bool secrets,
	     struct export_tunnel *to)
{
	const struct config_bgp *bgp = &from->bgp;

	to->peer_asn = bgp->local_as != 0 ? bgp->local_as : config->asn;
	to->keepalive_s = bgp->keepalive_s;
	to->hold_s = bgp->hold_s;
	to->exchanges[0] = (bgp->families & CONFIG_FAMILY_IPV4) != 0;
	to->exchanges[1] = (bgp->families & CONFIG_FAMILY_IPV6) != 0;
	to->bgp_signed = bgp->has_password;
	to->bgp_password = secrets ? bgp->password : NULL;
	to->bgp_password_length = secrets ? bgp->password_length : 0;
	to->ttl_security = bgp->ttl_security != 0;
	to->bgp_role = turn_role(bgp->role);
}

static void
turn_tunnel(const struct config *config, const struct config_tunnel *from, bool secrets,
	    struct export_tunnel *to)
{
	static const enum export_unique uniques[] = {
	    [CONFIG_UNIQUE_CONTACT] = EXPORT_UNIQUE_CONTACT,
	    [CONFIG_UNIQUE_REPLACE] = EXPORT_UNIQUE_REPLACE,
	    [CONFIG_UNIQUE_KEEP] = EXPORT_UNIQUE_KEEP,
	    [CONFIG_UNIQUE_NEVER] = EXPORT_UNIQUE_NEVER,
	};
	const struct config_ike *ike = &from->ike;

	*to = (struct export_tunnel){
	    .name = from->name,
	    .id = from->id,
	    .number = from->number,
	    .local = from->remote,
	    .remote = from->local,
	    .local_id = from->remote_id,
	    .remote_id = from->local_id == NULL && from->credentials != NULL ? from->credentials->subject
									     : from->local_id,
	    .psk = secrets ? from->psk : NULL,
	    .psk_length = secrets ? from->psk_length : 0,
	    .psk_file = from->psk_file,
	    .certificate = from->certificate.file != NULL || from->certificate.pkcs12 != NULL,
	    .ca_file = from->certificate.ca,
	    .initiates = from->start == CONFIG_START_RESPOND,
	    .ike_version = ike->version,
	    .ike_proposals = &ike->proposals,
	    .esp_proposals = &from->esp.proposals,
	    .ike_lifetime_s = ike->lifetime_s,
	    .esp_lifetime_s = from->esp.lifetime_s,
	    .rekey_margin_s = from->rekey.margin_s,
	    .rekey_fuzz = from->rekey.fuzz,
	    .replay_window = from->esp.replay_window,
	    .fragmentation = ike->fragmentation == CONFIG_FRAGMENTATION_FORCE ? 1
			     : ike->fragmentation == CONFIG_FRAGMENTATION_NO  ? -1
									      : 0,
	    .unique = uniques[ike->unique],
	    .encap = from->encap == CONFIG_ENCAP_YES,
	    .mtu = from->mtu,
	    .dpd_interval_s = from->dpd.interval_s,
	    .dpd_timeout_s = from->dpd.timeout_s,
	    .local_ts = prefixes_of(&from->selectors.remote),
	    .remote_ts = prefixes_of(&from->selectors.local),
	    .bfd = from->bfd.enabled,
	    .bfd_interval_ms = from->bfd.interval_ms,
	    .bfd_multiplier = from->bfd.multiplier,
	};
	turn_inside(from, to);
	turn_session(config, from, secrets, to);
}

static void
turn_connection(const struct config *config, const struct config_connection *from,
		struct export_connection *to)
{
	bool dynamic = from->routing == CONFIG_ROUTING_DYNAMIC;
	uint32_t local_as = from->tunnel_count != 0 ? from->tunnels[0].bgp.local_as : 0;

	*to = (struct export_connection){
	    .name = from->name,
	    .dynamic = dynamic,
	    .asn = from->peer_asn,
	    .peer_asn = local_as != 0 ? local_as : config->asn,
	    .networks = prefixes_of(dynamic ? &from->protect : &from->routes),
	    .peer_networks = prefixes_of(&config->networks),
	    .max_prefixes = from->tunnel_count != 0 ? from->tunnels[0].bgp.limits.in : 0,
	    .active_active = from->mode == CONFIG_MODE_ACTIVE_ACTIVE,
	};
}

/* Both its connection and the tunnel itself may be named. */
static bool
is_wanted(const struct text_list *names, const struct config_connection *connection,
	  const struct config_tunnel *tunnel)
{
	return names->count == 0 || text_list_has(names, connection->name) ||
	       text_list_has(names, tunnel->name);
}

static bool
is_known(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->connection_count; i++) {
		const struct config_connection *connection = &config->connections[i];

		if (strcmp(connection->name, name) == 0)
			return true;
		for (size_t t = 0; t < connection->tunnel_count; t++) {
			if (strcmp(connection->tunnels[t].name, name) == 0)
				return true;
		}
	}
	return false;
}

bool
exporter_view_make(const struct config *config, const struct text_list *names, bool secrets,
		   struct exporter_view *out, struct error *err)
{
	size_t used = 0;

	*out = (struct exporter_view){0};
	for (size_t i = 0; i < names->count; i++) {
		if (!is_known(config, names->items[i]))
			return error_set(err, "there is no connection or tunnel %s",
					 text_quoted(names->items[i]));
	}
	if (config->connection_count == 0)
		return error_set(err, "there are no connections to export");
	out->connections = memory_zeroed(config->connection_count, sizeof(*out->connections));
	out->tunnels = memory_zeroed(config->connection_count * TUNNELS_MOST, sizeof(*out->tunnels));
	for (size_t i = 0; i < config->connection_count; i++) {
		const struct config_connection *from = &config->connections[i];
		struct export_connection *to = &out->connections[out->view.count];

		turn_connection(config, from, to);
		to->tunnels = &out->tunnels[used];
		for (size_t t = 0; t < from->tunnel_count; t++) {
			struct export_tunnel *tunnel = &out->tunnels[used];

			if (!is_wanted(names, from, &from->tunnels[t]))
				continue;
			turn_tunnel(config, &from->tunnels[t], secrets, tunnel);
			tunnel->label = add_label(&out->labels, tunnel->name);
			used++;
			to->tunnel_count++;
		}
		out->view.count += to->tunnel_count != 0;
	}
	out->view.gateway = config->name;
	out->view.connections = out->connections;
	return true;
}

void
exporter_view_free(struct exporter_view *view)
{
	free(view->connections);
	free(view->tunnels);
	text_list_free(&view->labels);
	*view = (struct exporter_view){0};
}
