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

static const struct word offloads[] = {{"no", CONFIG_OFFLOAD_NO}, {"yes", CONFIG_OFFLOAD_YES},
	{"auto", CONFIG_OFFLOAD_AUTO}, {"true", CONFIG_OFFLOAD_YES}, {"false", CONFIG_OFFLOAD_NO}, {0}};
static const struct word fragmentations[] = {{"yes", CONFIG_FRAGMENTATION_YES}, {"force", CONFIG_FRAGMENTATION_FORCE},
	{"no", CONFIG_FRAGMENTATION_NO}, {"true", CONFIG_FRAGMENTATION_YES}, {"false", CONFIG_FRAGMENTATION_NO}, {0}};
static const struct word uniques[] = {{"initial_contact", CONFIG_UNIQUE_CONTACT}, {"replace", CONFIG_UNIQUE_REPLACE},
	{"keep", CONFIG_UNIQUE_KEEP}, {"never", CONFIG_UNIQUE_NEVER}, {0}};

static const struct word policy_actions[] = {{"accept", POLICY_ACCEPT}, {"deny", POLICY_DENY},
	{"next", POLICY_NEXT}, {0}};
static const struct word rule_families[] = {{"ipv4", AF_INET}, {"ipv6", AF_INET6}, {0}};
/* RFC 4271 4.3, and one more: 0 is for none */
static const struct word origins[] = {{"igp", 1}, {"egp", 2}, {"incomplete", 3}, {0}};
static const struct word families[] = {{"ipv4", CONFIG_FAMILY_IPV4}, {"ipv6", CONFIG_FAMILY_IPV6}, {0}};
static const struct word limit_actions[] = {{"restart", CONFIG_LIMIT_RESTART}, {"stop", CONFIG_LIMIT_STOP},
	{"warn", CONFIG_LIMIT_WARN}, {0}};
static const struct word bgp_roles[] = {{"none", CONFIG_BGP_NONE}, {"provider", CONFIG_BGP_PROVIDER},
	{"customer", CONFIG_BGP_CUSTOMER}, {"peer", CONFIG_BGP_PEER}, {"rs", CONFIG_BGP_RS},
	{"rs-client", CONFIG_BGP_RS_CLIENT}, {0}};
static const struct word gracefuls[] = {{"helper", CONFIG_GRACEFUL_HELPER}, {"yes", CONFIG_GRACEFUL_YES},
	{"no", CONFIG_GRACEFUL_NO}, {"true", CONFIG_GRACEFUL_YES}, {"false", CONFIG_GRACEFUL_NO}, {0}};

/* Of numbers: what else they may be called. */
static const struct word paths[] = {{"all", CONFIG_ADD_PATH_ALL}, {"no", 0}, {0}};

static const struct word bmp_views[] = {{"pre-policy", CONFIG_BMP_PRE_POLICY}, {"post-policy", CONFIG_BMP_POST_POLICY},
	{"out-pre-policy", CONFIG_BMP_OUT_PRE_POLICY}, {"out-post-policy", CONFIG_BMP_OUT_POST_POLICY},
	{"loc-rib", CONFIG_BMP_LOC_RIB}, {0}};

#define TO(shape, member) .offset = offsetof(struct shape, member), .size = sizeof(((struct shape *)0)->member)
#define S 1000
#define M (60 * S)
#define H (60 * M)
#define PATH_MOST 1024

const struct field config_fields[] = {
	{SECTION_FILE, "gateway", .required = true},
	{SECTION_FILE, "defaults"},
	{SECTION_FILE, "sets"},
	{SECTION_FILE, "connections"},
	{SECTION_FILE, "peers"},

	{SECTION_GATEWAY, "name", read_name, TO(config, name), .required = true},
	{SECTION_GATEWAY, "role", read_word, TO(config, role), .words = roles, .fallback = "customer"},
	{SECTION_GATEWAY, "asn", read_asn, TO(config, asn)},
	{SECTION_GATEWAY, "router_id", read_router_id, TO(config, router_id)},
	{SECTION_GATEWAY, "cluster_id", read_router_id, TO(config, cluster_id)},
	{SECTION_GATEWAY, "outside", read_address, TO(config, outside), .any = true},
	{SECTION_GATEWAY, "networks", read_prefixes, TO(config, networks)},
	{SECTION_GATEWAY, "aggregates", read_aggregates, TO(config, aggregates)},
	{SECTION_GATEWAY, "dataplane", read_word, TO(config, dataplane), .words = dataplanes, .fallback = "auto"},
	{SECTION_GATEWAY, "workers", read_number, TO(config, workers), .most = 16, .fallback = "0"},
	{SECTION_GATEWAY, "install_routes", read_bool, TO(config, install_routes), .fallback = "yes"},
	{SECTION_GATEWAY, "allow_same_asn", read_bool, TO(config, allow_same_asn), .fallback = "no"},
	{SECTION_GATEWAY, "billing", NULL, TO(config, billing), .sub = SECTION_BILLING},
	{SECTION_GATEWAY, "mrt", NULL, TO(config, mrt), .sub = SECTION_MRT},
	{SECTION_GATEWAY, "bmp", NULL, TO(config, bmp), .sub = SECTION_BMP},

	{SECTION_AGGREGATE, "prefix", read_prefix, TO(config_aggregate, prefix), .required = true},
	{SECTION_AGGREGATE, "summary_only", read_bool, TO(config_aggregate, summary_only), .fallback = "no"},
	{SECTION_AGGREGATE, "as_set", read_bool, TO(config_aggregate, as_set), .fallback = "no"},

	{SECTION_MRT, "updates", read_text, TO(config_mrt, updates), .most = PATH_MOST},
	{SECTION_MRT, "rotate", read_seconds, TO(config_mrt, rotate_s), .least = 10 * S, .most = 7 * 24 * H, .zero = true,
		.fallback = "1h"},
	{SECTION_MRT, "keep", read_number, TO(config_mrt, keep), .most = 1000, .fallback = "24"},

	{SECTION_BMP, "collectors", read_addresses, TO(config_bmp, collectors)},
	{SECTION_BMP, "port", read_number, TO(config_bmp, port), .least = 1, .most = 65535, .fallback = "11019"},
	{SECTION_BMP, "source", read_address, TO(config_bmp, source)},
	{SECTION_BMP, "views", read_words, TO(config_bmp, views), .words = bmp_views, .fallback = "pre-policy"},
	{SECTION_BMP, "statistics", read_seconds, TO(config_bmp, statistics_s), .least = 1 * S, .most = 24 * H, .zero = true,
		.fallback = "60s"},

	{SECTION_BILLING, "currency", read_currency, TO(config_billing, currency), .required = true},
	{SECTION_BILLING, "connection_hour", read_amount, TO(config_billing, connection_hour), .most = 1000000,
		.fallback = "0"},
	{SECTION_BILLING, "gigabyte_out", read_amount, TO(config_billing, gigabyte_out), .most = 1000000,
		.fallback = "0"},

	{SECTION_SETTINGS, "ike", NULL, TO(config_tunnel, ike), .sub = SECTION_IKE},
	{SECTION_SETTINGS, "esp", NULL, TO(config_tunnel, esp), .sub = SECTION_ESP},
	{SECTION_SETTINGS, "rekey", NULL, TO(config_tunnel, rekey), .sub = SECTION_REKEY},
	{SECTION_SETTINGS, "selectors", NULL, TO(config_tunnel, selectors), .sub = SECTION_SELECTORS},
	{SECTION_SETTINGS, "certificate", NULL, TO(config_tunnel, certificate), .sub = SECTION_CERTIFICATE},
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
	{SECTION_TUNNEL, "local_id", read_identity, TO(config_tunnel, local_id), .most = 255},
	{SECTION_TUNNEL, "remote_id", read_identity, TO(config_tunnel, remote_id), .most = 255, .any = true},
	{SECTION_TUNNEL, "inside", read_inside, TO(config_tunnel, inside)},
	{SECTION_TUNNEL, "interface", read_interface, TO(config_tunnel, interface), .most = 15},
	{SECTION_TUNNEL, "interface_id", read_number, TO(config_tunnel, interface_id), .least = 1, .most = UINT32_MAX},
	{SECTION_TUNNEL, "psk"},
	{SECTION_TUNNEL, "psk_file"},

	{SECTION_PEER, "name", read_name, TO(config_peer, name), .required = true},
	{SECTION_PEER, "remote", read_neighbours, TO(config_peer, remote), .required = true},
	{SECTION_PEER, "local", read_address, TO(config_peer, local), .any = true},
	{SECTION_PEER, "asn", read_asns, TO(config_peer, asns), .required = true},
	{SECTION_PEER, "limit", read_number, TO(config_peer, limit), .least = 1, .most = 65535, .fallback = "100"},
	{SECTION_PEER, "bgp", NULL, TO(config_peer, bgp), .sub = SECTION_BGP},
	{SECTION_PEER, "passive", read_bool, TO(config_peer, passive), .fallback = "no"},
	{SECTION_PEER, "next_hop", read_address, TO(config_peer, next_hop)},
	{SECTION_PEER, "port", read_number, TO(config_peer, port), .least = 1, .most = 65535, .fallback = "179"},

	{SECTION_IKE, "version", read_version, TO(config_ike, version), .fallback = "2"},
	{SECTION_IKE, "proposals", read_ike_proposals, TO(config_ike, proposals), .fallback =
		"aes256gcm16-prfsha384-ecp384 aes128gcm16-prfsha256-ecp256 aes256-sha256-modp2048"},
	{SECTION_IKE, "lifetime", read_seconds, TO(config_ike, lifetime_s), .least = 900 * S, .most = 28800 * S,
		.fallback = "8h"},
	{SECTION_IKE, "fragmentation", read_word, TO(config_ike, fragmentation), .words = fragmentations,
		.fallback = "yes"},
	{SECTION_IKE, "unique", read_word, TO(config_ike, unique), .words = uniques, .fallback = "initial_contact"},

	{SECTION_ESP, "proposals", read_esp_proposals, TO(config_esp, proposals), .fallback =
		"aes256gcm16-ecp384 aes128gcm16-ecp256 aes256gcm16-modp2048"},
	{SECTION_ESP, "lifetime", read_seconds, TO(config_esp, lifetime_s), .least = 900 * S, .most = 3600 * S,
		.fallback = "1h"},
	{SECTION_ESP, "lifetime_bytes", read_size, TO(config_esp, lifetime_bytes), .least = 1000000,
		.most = UINT64_C(1000000000000000)},
	{SECTION_ESP, "lifetime_packets", read_number, TO(config_esp, lifetime_packets), .least = 10000,
		.most = 4000000000},
	{SECTION_ESP, "replay_window", read_number, TO(config_esp, replay_window), .least = 32, .most = 65536, .zero = true,
		.fallback = "1024"},
	{SECTION_ESP, "offload", read_word, TO(config_esp, offload), .words = offloads, .fallback = "no"},

	/* margin: half of esp's lifetime at most, see check.c */
	{SECTION_REKEY, "margin", read_seconds, TO(config_rekey, margin_s), .least = 60 * S, .most = 1800 * S,
		.fallback = "270s"},
	{SECTION_REKEY, "fuzz", read_number, TO(config_rekey, fuzz), .most = 100, .fallback = "100"},

	{SECTION_SELECTORS, "local", read_prefixes, TO(config_selectors, local)},
	{SECTION_SELECTORS, "remote", read_prefixes, TO(config_selectors, remote)},

	{SECTION_CERTIFICATE, "file", read_text, TO(config_certificate, file), .most = PATH_MOST},
	{SECTION_CERTIFICATE, "key", read_text, TO(config_certificate, key), .most = PATH_MOST},
	{SECTION_CERTIFICATE, "pkcs12", read_text, TO(config_certificate, pkcs12), .most = PATH_MOST},
	{SECTION_CERTIFICATE, "password_file", read_text, TO(config_certificate, password_file), .most = PATH_MOST},
	{SECTION_CERTIFICATE, "ca", read_text, TO(config_certificate, ca), .most = PATH_MOST},
	{SECTION_CERTIFICATE, "crl", read_text, TO(config_certificate, crl), .most = PATH_MOST},

	{SECTION_DPD, "interval", read_seconds, TO(config_dpd, interval_s), .least = 1 * S, .most = 3600 * S,
		.fallback = "10s"},
	{SECTION_DPD, "timeout", read_seconds, TO(config_dpd, timeout_s), .least = 2 * S, .most = 86400 * S,
		.fallback = "30s"},
	{SECTION_DPD, "action", read_word, TO(config_dpd, action), .words = actions, .fallback = "restart"},

	/* keepalive's default is a third of hold: see check.c. RFC 4271 4.2: hold is zero or at least three seconds. */
	{SECTION_BGP, "keepalive", read_seconds, TO(config_bgp, keepalive_s), .least = 1 * S, .most = 21845 * S},
	{SECTION_BGP, "hold", read_seconds, TO(config_bgp, hold_s), .least = 3 * S, .most = 65535 * S, .zero = true,
		.fallback = "30s"},
	{SECTION_BGP, "send_hold", read_seconds, TO(config_bgp, send_hold_s), .least = 4 * S, .most = 24 * H, .zero = true,
		.fallback = "0"},
	{SECTION_BGP, "max_prefixes", read_number, TO(config_bgp, limits), .sub = SECTION_LIMITS, .least = 1,
		.most = 100000000, .zero = true},
	/* what goes without saying follows from addresses: see check.c */
	{SECTION_BGP, "families", read_words, TO(config_bgp, families), .words = families},
	{SECTION_BGP, "multihop", read_number, TO(config_bgp, multihop), .least = 1, .most = 255},
	{SECTION_BGP, "ttl_security", read_number, TO(config_bgp, ttl_security), .least = 1, .most = 254},
	{SECTION_BGP, "tcp_mss", read_number, TO(config_bgp, tcp_mss), .least = 216, .most = 32767},
	{SECTION_BGP, "role", read_word, TO(config_bgp, role), .words = bgp_roles, .fallback = "none"},
	{SECTION_BGP, "role_strict", read_bool, TO(config_bgp, role_strict), .fallback = "no"},
	{SECTION_BGP, "graceful_restart", read_word, TO(config_bgp, graceful_restart), .words = gracefuls,
		.fallback = "helper"},
	/* RFC 4724 3: twelve bits */
	{SECTION_BGP, "restart_time", read_seconds, TO(config_bgp, restart_time_s), .least = 1 * S, .most = 4095 * S,
		.fallback = "120s"},
	{SECTION_BGP, "stale_time", read_seconds, TO(config_bgp, stale_time_s), .least = 1 * S, .most = 3600 * S,
		.fallback = "360s"},
	{SECTION_BGP, "add_path", NULL, TO(config_bgp, add_path), .sub = SECTION_ADD_PATH},
	{SECTION_BGP, "password"},
	{SECTION_BGP, "password_file"},

	/* a tunnel's default depends on the role: see check.c */
	{SECTION_LIMITS, "in", read_number, TO(config_limits, in), .least = 1, .most = 100000000, .zero = true,
		.fallback = "0"},
	{SECTION_LIMITS, "out", read_number, TO(config_limits, out), .least = 1, .most = 100000000, .zero = true,
		.fallback = "0"},
	{SECTION_LIMITS, "warn", read_number, TO(config_limits, warn), .least = 1, .most = 100, .fallback = "75"},
	{SECTION_LIMITS, "action", read_word, TO(config_limits, action), .words = limit_actions, .fallback = "restart"},
	{SECTION_LIMITS, "restart_after", read_seconds, TO(config_limits, restart_after_s), .least = 1 * S,
		.most = 24 * H, .zero = true, .fallback = "0"},

	{SECTION_ADD_PATH, "receive", read_bool, TO(config_add_path, receive), .fallback = "no"},
	{SECTION_ADD_PATH, "send", read_number, TO(config_add_path, send), .words = paths, .least = 1, .most = 64,
		.zero = true, .fallback = "no"},

	{SECTION_BGP, "allowas_in", read_number, TO(config_bgp, allowas_in), .most = 10, .fallback = "0"},
	{SECTION_BGP, "as_override", read_bool, TO(config_bgp, as_override), .fallback = "no"},
	{SECTION_BGP, "remove_private_as", read_bool, TO(config_bgp, remove_private_as), .fallback = "no"},
	{SECTION_BGP, "local_as", read_asn, TO(config_bgp, local_as)},
	{SECTION_BGP, "next_hop_self", read_bool, TO(config_bgp, next_hop_self), .fallback = "yes"},
	{SECTION_BGP, "default_originate", read_bool, TO(config_bgp, default_originate), .fallback = "no"},
	{SECTION_BGP, "route_reflector_client", read_bool, TO(config_bgp, route_reflector_client), .fallback = "no"},
	{SECTION_BGP, "import", read_policy, TO(config_bgp, import)},
	{SECTION_BGP, "export", read_policy, TO(config_bgp, export)},
	{SECTION_BGP, "advertise", read_advertise, TO(config_bgp, advertise)},
	{SECTION_BGP, "blackhole", read_bool, TO(config_bgp, blackhole), .sub = SECTION_BLACKHOLE},

	/* the shortest prefixes that may be discarded */
	{SECTION_BLACKHOLE, "accept", read_bool, TO(config_blackhole, accept), .fallback = "no"},
	{SECTION_BLACKHOLE, "ipv4", read_number, TO(config_blackhole, ipv4), .least = 8, .most = 32, .fallback = "32"},
	{SECTION_BLACKHOLE, "ipv6", read_number, TO(config_blackhole, ipv6), .least = 16, .most = 128, .fallback = "128"},

	{SECTION_ADVERTISE, "match", NULL, TO(config_advertise, match), .sub = SECTION_MATCH, .required = true},
	{SECTION_ADVERTISE, "while", NULL, TO(config_advertise, present), .sub = SECTION_MATCH},
	{SECTION_ADVERTISE, "unless", NULL, TO(config_advertise, absent), .sub = SECTION_MATCH},

	{SECTION_RULE, "name", read_name, TO(policy_rule, name)},
	{SECTION_RULE, "match", NULL, TO(policy_rule, match), .sub = SECTION_MATCH},
	{SECTION_RULE, "set", NULL, TO(policy_rule, set), .sub = SECTION_SET},
	{SECTION_RULE, "action", read_word, TO(policy_rule, action), .words = policy_actions, .required = true},

	{SECTION_MATCH, "prefix", read_prefix_set, TO(policy_match, prefix)},
	{SECTION_MATCH, "prefixes", read_set_name, TO(policy_match, prefixes), .most = POLICY_PREFIXES},
	{SECTION_MATCH, "as_path", read_as_path_set, TO(policy_match, as_path)},
	{SECTION_MATCH, "as_paths", read_set_name, TO(policy_match, as_paths), .most = POLICY_AS_PATHS},
	{SECTION_MATCH, "community", read_community_set, TO(policy_match, community)},
	{SECTION_MATCH, "communities", read_set_name, TO(policy_match, communities), .most = POLICY_COMMUNITIES},
	{SECTION_MATCH, "family", read_word, TO(policy_match, family), .words = rule_families},
	{SECTION_MATCH, "origin", read_word, TO(policy_match, origin), .words = origins},
	{SECTION_MATCH, "med", read_given_number, TO(policy_match, med), .most = UINT32_MAX},

	{SECTION_SET, "local_preference", read_given_number, TO(policy_change, local_preference), .most = UINT32_MAX},
	{SECTION_SET, "med", read_given_number, TO(policy_change, med), .most = UINT32_MAX},
	{SECTION_SET, "origin", read_word, TO(policy_change, origin), .words = origins},
	{SECTION_SET, "prepend", read_prepend, TO(policy_change, prepend), .most = POLICY_PREPEND_MOST},
	{SECTION_SET, "add_communities", read_communities, TO(policy_change, add)},
	{SECTION_SET, "remove_communities", read_communities, TO(policy_change, remove), .any = true},
	{SECTION_SET, "next_hop", read_address, TO(policy_change, next_hop)},

	{SECTION_SETS, "prefixes", read_prefix_sets},
	{SECTION_SETS, "as_paths", read_as_path_sets},
	{SECTION_SETS, "communities", read_community_sets},

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
/* A number in place of the section is this one. */
_Static_assert(offsetof(struct config_limits, in) == 0, "in comes first");
_Static_assert(offsetof(struct config_blackhole, accept) == 0, "accept comes first");

const char *
section_name(enum section section)
{
	static const char *const names[SECTION_COUNT] = {
	    [SECTION_FILE] = "the file's top level",
	    [SECTION_GATEWAY] = "gateway",
	    [SECTION_BILLING] = "billing",
	    [SECTION_MRT] = "mrt",
	    [SECTION_BMP] = "bmp",
	    [SECTION_SETTINGS] = "defaults, a connection or a tunnel",
	    [SECTION_CONNECTION] = "a connection",
	    [SECTION_TUNNEL] = "a tunnel",
	    [SECTION_PEER] = "a peer",
	    [SECTION_IKE] = "ike",
	    [SECTION_ESP] = "esp",
	    [SECTION_REKEY] = "rekey",
	    [SECTION_SELECTORS] = "selectors",
	    [SECTION_CERTIFICATE] = "certificate",
	    [SECTION_DPD] = "dpd",
	    [SECTION_BGP] = "bgp",
	    [SECTION_RULE] = "a rule of bgp's import or export",
	    [SECTION_MATCH] = "a rule's match",
	    [SECTION_SET] = "a rule's set",
	    [SECTION_SETS] = "sets",
	    [SECTION_AGGREGATE] = "an aggregate",
	    [SECTION_ADVERTISE] = "an entry of bgp's advertise",
	    [SECTION_BLACKHOLE] = "blackhole",
	    [SECTION_LIMITS] = "max_prefixes",
	    [SECTION_ADD_PATH] = "add_path",
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
