// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The one table of what a configuration may say. A new key is one row: where it may stand, what it is called,
 * how its value is read, which member it fills, its default and its range. Unknown keys, wrong types, missing
 * keys, values out of range and defaults all come from here.
 *
 * Ranges are AWS's where AWS has one (Site-to-Site VPN User Guide, "Tunnel options for your Site-to-Site VPN
 * connection"), else the protocol's.
 */
#include "core/config/config_internal.h"

#include <string.h>

/* clang-format off */
static const struct word roles[] = {{"customer", CONFIG_ROLE_CUSTOMER}, {"hub", CONFIG_ROLE_HUB}, {0}};
static const struct word dataplanes[] = {{"auto", CONFIG_DATAPLANE_AUTO}, {"kernel", CONFIG_DATAPLANE_KERNEL},
	{"userspace", CONFIG_DATAPLANE_USERSPACE}, {0}};
static const struct word routings[] = {{"dynamic", CONFIG_ROUTING_DYNAMIC},
	{"static", CONFIG_ROUTING_STATIC}, {0}};
static const struct word modes[] = {{"active_passive", CONFIG_MODE_ACTIVE_PASSIVE},
	{"active_active", CONFIG_MODE_ACTIVE_ACTIVE}, {0}};
static const struct word starts[] = {{"initiate", CONFIG_START_INITIATE},
	{"respond", CONFIG_START_RESPOND}, {0}};
static const struct word actions[] = {{"restart", CONFIG_DPD_RESTART}, {"clear", CONFIG_DPD_CLEAR},
	{"none", CONFIG_DPD_NONE}, {0}};
/* An unquoted yes is a boolean to many an editor, which then writes true. */
static const struct word encaps[] = {{"auto", CONFIG_ENCAP_AUTO}, {"yes", CONFIG_ENCAP_YES},
	{"no", CONFIG_ENCAP_NO}, {"true", CONFIG_ENCAP_YES}, {"false", CONFIG_ENCAP_NO}, {0}};

#define TO(shape, member) .offset = offsetof(struct shape, member), .size = sizeof(((struct shape *)0)->member)
#define S 1000
#define M (60 * S)
#define H (60 * M)

const struct field config_fields[] = {
	{SECTION_FILE, "gateway", .required = true},
	{SECTION_FILE, "defaults"},
	{SECTION_FILE, "connections"},
	{SECTION_FILE, "peers"},

	{SECTION_GATEWAY, "name", read_name, TO(config, name), .required = true},
	{SECTION_GATEWAY, "role", read_word, TO(config, role), .words = roles, .fallback = "customer"},
	{SECTION_GATEWAY, "asn", read_asn, TO(config, asn)},
	{SECTION_GATEWAY, "router_id", read_router_id, TO(config, router_id)},
	{SECTION_GATEWAY, "outside", read_address, TO(config, outside), .any = true},
	{SECTION_GATEWAY, "networks", read_prefixes, TO(config, networks)},
	{SECTION_GATEWAY, "dataplane", read_word, TO(config, dataplane), .words = dataplanes, .fallback = "auto"},
	{SECTION_GATEWAY, "install_routes", read_bool, TO(config, install_routes), .fallback = "yes"},
	{SECTION_GATEWAY, "allow_same_asn", read_bool, TO(config, allow_same_asn), .fallback = "no"},
	{SECTION_GATEWAY, "billing", NULL, TO(config, billing), .sub = SECTION_BILLING},

	{SECTION_BILLING, "currency", read_currency, TO(config_billing, currency), .required = true},
	{SECTION_BILLING, "connection_hour", read_amount, TO(config_billing, connection_hour), .most = 1000000,
		.fallback = "0"},
	{SECTION_BILLING, "gigabyte_out", read_amount, TO(config_billing, gigabyte_out), .most = 1000000,
		.fallback = "0"},

	{SECTION_SETTINGS, "ike", NULL, TO(config_tunnel, ike), .sub = SECTION_IKE},
	{SECTION_SETTINGS, "esp", NULL, TO(config_tunnel, esp), .sub = SECTION_ESP},
	{SECTION_SETTINGS, "dpd", NULL, TO(config_tunnel, dpd), .sub = SECTION_DPD},
	{SECTION_SETTINGS, "start", read_word, TO(config_tunnel, start), .words = starts, .fallback = "initiate"},
	{SECTION_SETTINGS, "encap", read_word, TO(config_tunnel, encap), .words = encaps, .fallback = "auto"},
	{SECTION_SETTINGS, "mtu", read_number, TO(config_tunnel, mtu), .least = 576, .most = 9216},
	{SECTION_SETTINGS, "bgp", NULL, TO(config_tunnel, bgp), .sub = SECTION_BGP},
	{SECTION_SETTINGS, "bfd", NULL, TO(config_tunnel, bfd), .sub = SECTION_BFD},
	{SECTION_SETTINGS, "health", NULL, TO(config_tunnel, health), .sub = SECTION_HEALTH},

	{SECTION_CONNECTION, "name", read_name, TO(config_connection, name), .required = true},
	{SECTION_CONNECTION, "routing", read_word, TO(config_connection, routing), .words = routings,
		.fallback = "dynamic"},
	{SECTION_CONNECTION, "mode", read_word, TO(config_connection, mode), .words = modes,
		.fallback = "active_passive"},
	{SECTION_CONNECTION, "prefer", read_number, TO(config_connection, prefer), .least = 1, .most = 2},
	{SECTION_CONNECTION, "hold_down", read_milliseconds, TO(config_connection, hold_down_ms), .least = 1 * S,
		.most = 24 * H, .zero = true, .fallback = "30s"},
	{SECTION_CONNECTION, "peer_asn", read_asn, TO(config_connection, peer_asn)},
	{SECTION_CONNECTION, "routes", read_prefixes, TO(config_connection, routes)},
	{SECTION_CONNECTION, "protect", read_prefixes, TO(config_connection, protect)},
	{SECTION_CONNECTION, "tunnels", .required = true},

	{SECTION_TUNNEL, "local", read_address, TO(config_tunnel, local), .any = true},
	{SECTION_TUNNEL, "remote", read_address, TO(config_tunnel, remote), .any = true, .required = true},
	{SECTION_TUNNEL, "local_id", read_text, TO(config_tunnel, local_id), .most = 255},
	{SECTION_TUNNEL, "remote_id", read_text, TO(config_tunnel, remote_id), .most = 255},
	{SECTION_TUNNEL, "inside", read_inside, TO(config_tunnel, inside)},
	{SECTION_TUNNEL, "psk"},
	{SECTION_TUNNEL, "psk_file"},

	{SECTION_PEER, "name", read_name, TO(config_peer, name), .required = true},
	{SECTION_PEER, "remote", read_address, TO(config_peer, remote), .required = true},
	{SECTION_PEER, "local", read_address, TO(config_peer, local), .any = true},
	{SECTION_PEER, "asn", read_asn, TO(config_peer, asn), .required = true},
	{SECTION_PEER, "bgp", NULL, TO(config_peer, bgp), .sub = SECTION_BGP},
	{SECTION_PEER, "passive", read_bool, TO(config_peer, passive), .fallback = "no"},
	{SECTION_PEER, "port", read_number, TO(config_peer, port), .least = 1, .most = 65535, .fallback = "179"},

	{SECTION_IKE, "version", read_version, TO(config_ike, version), .fallback = "2"},
	{SECTION_IKE, "proposals", read_ike_proposals, TO(config_ike, proposals), .fallback =
		"aes256gcm16-prfsha384-ecp384 aes128gcm16-prfsha256-ecp256 aes256-sha256-modp2048"},
	{SECTION_IKE, "lifetime", read_seconds, TO(config_ike, lifetime_s), .least = 900 * S, .most = 28800 * S,
		.fallback = "8h"},

	{SECTION_ESP, "proposals", read_esp_proposals, TO(config_esp, proposals), .fallback =
		"aes256gcm16-ecp384 aes128gcm16-ecp256 aes256gcm16-modp2048"},
	{SECTION_ESP, "lifetime", read_seconds, TO(config_esp, lifetime_s), .least = 900 * S, .most = 3600 * S,
		.fallback = "1h"},
	{SECTION_ESP, "replay_window", read_number, TO(config_esp, replay_window), .least = 64, .most = 2048,
		.fallback = "1024"},

	{SECTION_DPD, "interval", read_seconds, TO(config_dpd, interval_s), .least = 1 * S, .most = 3600 * S,
		.fallback = "10s"},
	{SECTION_DPD, "timeout", read_seconds, TO(config_dpd, timeout_s), .least = 2 * S, .most = 86400 * S,
		.fallback = "30s"},
	{SECTION_DPD, "action", read_word, TO(config_dpd, action), .words = actions, .fallback = "restart"},

	/* keepalive's default is a third of hold: see check.c. RFC 4271 4.2: hold is zero or at least three seconds. */
	{SECTION_BGP, "keepalive", read_seconds, TO(config_bgp, keepalive_s), .least = 1 * S, .most = 21845 * S},
	{SECTION_BGP, "hold", read_seconds, TO(config_bgp, hold_s), .least = 3 * S, .most = 65535 * S, .zero = true,
		.fallback = "30s"},
	/* a tunnel's default depends on the role: see check.c */
	{SECTION_BGP, "max_prefixes", read_number, TO(config_bgp, max_prefixes), .least = 1, .most = 100000000,
		.zero = true, .fallback = "0"},

	{SECTION_BFD, "enabled", read_bool, TO(config_bfd, enabled), .fallback = "no"},
	{SECTION_BFD, "interval", read_milliseconds, TO(config_bfd, interval_ms), .least = 10, .most = 60 * S,
		.fallback = "300ms"},
	{SECTION_BFD, "multiplier", read_number, TO(config_bfd, multiplier), .least = 1, .most = 255, .fallback = "3"},

	{SECTION_HEALTH, "enabled", read_bool, TO(config_health, enabled), .fallback = "no"},
	{SECTION_HEALTH, "probe", read_word_name, TO(config_health, probe), .fallback = "icmp"},
	{SECTION_HEALTH, "target", read_address, TO(config_health, target)},
	{SECTION_HEALTH, "port", read_number, TO(config_health, port), .least = 1, .most = 65535},
	{SECTION_HEALTH, "interval", read_milliseconds, TO(config_health, interval_ms), .least = 10, .most = 1 * H,
		.fallback = "1s"},
	{SECTION_HEALTH, "fail", read_number, TO(config_health, fail), .least = 1, .most = 255, .fallback = "3"},
	{SECTION_HEALTH, "recover", read_number, TO(config_health, recover), .least = 1, .most = 255, .fallback = "5"},
};
/* clang-format on */

const size_t config_field_count = COUNT_OF(config_fields);

_Static_assert(COUNT_OF(config_fields) <= FIELDS_MOST, "struct given is too small");
/* read.c switches these on when the section stands in the file. */
_Static_assert(offsetof(struct config_bfd, enabled) == 0, "enabled comes first");
_Static_assert(offsetof(struct config_health, enabled) == 0, "enabled comes first");
_Static_assert(offsetof(struct config_billing, enabled) == 0, "enabled comes first");

const char *
section_name(enum section section)
{
	static const char *const names[SECTION_COUNT] = {
	    [SECTION_FILE] = "the file's top level",
	    [SECTION_GATEWAY] = "gateway",
	    [SECTION_BILLING] = "billing",
	    [SECTION_SETTINGS] = "defaults, a connection or a tunnel",
	    [SECTION_CONNECTION] = "a connection",
	    [SECTION_TUNNEL] = "a tunnel",
	    [SECTION_PEER] = "a peer",
	    [SECTION_IKE] = "ike",
	    [SECTION_ESP] = "esp",
	    [SECTION_DPD] = "dpd",
	    [SECTION_BGP] = "bgp",
	    [SECTION_BFD] = "bfd",
	    [SECTION_HEALTH] = "health",
	};

	return names[section];
}

int
field_index(enum section section, const char *key)
{
	for (size_t i = 0; i < config_field_count; i++) {
		if (config_fields[i].section == section && strcmp(config_fields[i].key, key) == 0)
			return (int)i;
	}
	return -1;
}
