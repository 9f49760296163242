// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `twinspan check` says: each case is a file and every line that it must print, with places. One table,
 * one test a row; a new rule of the configuration is a new row here.
 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/config/config.h"

#define GATEWAY "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [10.0.0.0/16]}\n"
#define ONE "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key}\n"
#define TWO "      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key}\n"
/* Lines 2 to 5, then the tunnels on 6 and 7. */
#define CONNECTION "connections:\n  - name: c\n    peer_asn: 64512\n    tunnels:\n"
#define GOOD GATEWAY CONNECTION ONE TWO
/* Lines 2 to 6, then the tunnels on 7 and 8. */
#define STATIC "connections:\n  - name: c\n    routing: static\n    routes: [10.40.0.0/16]\n    tunnels:\n"
/* A gateway with more to it, on line 1. */
#define GATEWAY_WITH(text) \
	"gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [10.0.0.0/16], " text "}\n"
/* Two connections with the same peer_asn, on lines 4 and 7. */
#define TWICE \
	"connections:\n  - name: a\n    peer_asn: 64512\n    tunnels:\n" ONE \
	"  - {name: b, peer_asn: 64512, " \
	"tunnels: [{remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key}]}\n"
#define ONE_TUNNEL_EACH \
	"f:6:7: warning: one tunnel only: nothing takes over when it fails\n" \
	"f:7:41: warning: one tunnel only: nothing takes over when it fails\n"
/* A setting of the connection on line 4, a tunnel with another first one on line 6. */
#define SETTING(line) \
	GATEWAY "connections:\n  - name: c\n    " line "\n    peer_asn: 64512\n    tunnels:\n" ONE TWO
#define TUNNEL(text) GATEWAY CONNECTION "      - {" text "}\n" TWO

/* Two tunnels for peers of any address, on lines 6 and 7. */
#define CALLERS(setting, one, two) \
	GATEWAY "connections:\n  - name: c\n    peer_asn: 64512\n    tunnels:\n" \
		"      - {remote: any, remote_id: a.example, inside: 169.254.10.2/30, psk_file: " one "}\n" \
		"      - {remote: any, remote_id: b.example, inside: 169.254.10.6/30, psk_file: " two "}\n" \
		"    " setting "\n"
#define IDENTITY(value) \
	TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, local_id: " value)
#define NO_IDENTITY(value) \
	"f:6:81: 'local_id' must be an address, a name (vpn.example.com), user@vpn.example.com, a " \
	"distinguished name (C=FR, O=Example, CN=lyon) or a key ID (keyid:lyon, @#0a1b2c), not '" value \
	"'\n"

static const struct test_case {
	const char *name, *text, *expected;
} cases[] = {
    {"a_good_file_has_no_findings", GOOD, ""},
    {"a_good_static_file_has_no_findings", GATEWAY STATIC ONE TWO, ""},

    /* The file and its syntax. */
    {"an_empty_file_is_an_error", "", "f:1:1: the file is empty: a configuration begins with 'gateway:'\n"},
    {"a_file_of_comments_is_an_error", "# nothing\n",
     "f:1:1: the file is empty: a configuration begins with 'gateway:'\n"},
    {"a_list_is_no_configuration", "- a\n",
     "f:1:1: a configuration is a map that begins with 'gateway:', not a list\n"},
    {"a_missing_gateway_is_an_error_of_the_whole_file", "\nconnections: []\n",
     "f:1:1: missing key 'gateway' in the configuration\n"},
    {"bad_utf8_is_reported_with_its_place", "gateway:\n  name: \xff\n",
     "f:2:9: not UTF-8 text (byte 0xff): save the file as UTF-8\n"},
    {"a_cut_utf8_character_is_reported", "gateway:\n  name: \xc3",
     "f:2:9: not UTF-8 text (byte 0xc3): save the file as UTF-8\n"},
    {"columns_count_characters", "gateway: {\"\xc3\xa9\xc3\xa9\": 1, \x01}\n",
     "f:1:20: a control byte (0x01) may not stand in a configuration\n"},
    {"a_control_byte_by_escape_is_an_error", "gateway: {name: \"a\\x1b[31m\", asn: 1, networks: []}\n",
     "f:1:17: 'name' has no value\nf:1:17: a value has a control byte or a line break in it\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"a_tab_as_indentation_is_explained", "gateway:\n\tname: g\n",
     "f:2:1: YAML: found character that cannot start any token while scanning for the next token; indent "
     "with "
     "spaces, not with tabs\n"},
    {"a_syntax_error_has_its_place", "gateway: {name: g\n",
     "f:2:1: YAML: did not find expected ',' or '}' while parsing a flow mapping\n"},
    {"a_second_document_is_refused", GOOD "---\ngateway: {}\n",
     "f:8:1: a second document begins here: a configuration is one document\n"},
    {"text_for_the_gateway_is_a_type_error", "gateway: !!str x\n",
     "f:1:10: gateway must be a map of keys and values, not text\n"
     "f:1:1: warning: gateway has no 'networks': nothing of this side is told to others\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"a_foreign_tag_is_refused", GATEWAY "peers: !mine []\n",
     "f:2:8: the tag '!mine' has no meaning here: leave it out\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"deep_nesting_is_refused",
     "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
     "f:1:35: lists and maps are nested too deeply\n"},
    {"an_alias_without_anchor_is_an_error", "gateway: *x\n",
     "f:1:10: no anchor 'x' stands before this alias\n"},
    {"an_alias_within_itself_is_an_error", "gateway: &x [*x]\n",
     "f:1:14: an alias stands within what it names\n"},
    {"anchors_and_merges_work",
     GATEWAY
     "defaults: {ike: &i {lifetime: 2h}}\nconnections:\n  - &c {name: c, peer_asn: 64512, ike: *i, tunnels: "
     "[{remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key}, {remote: 203.0.113.2, inside: "
     "169.254.10.6/30, psk_file: key}]}\n  - {<<: *c, name: d, tunnels: [{remote: 203.0.113.3, inside: "
     "169.254.11.2/30, psk_file: key}, {remote: 203.0.113.4, inside: 169.254.11.6/30, psk_file: key}]}\n",
     ""},
    {"a_duplicate_key_is_an_error", "gateway:\n  name: g\n  asn: 1\n  name: h\n  networks: []\n",
     "f:4:3: duplicate key 'name' (first on line 2)\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},

    {"a_byte_order_mark_is_skipped", "\xef\xbb\xbf" GOOD, ""},
    {"crlf_line_ends_are_fine", "gateway:\r\n  name: g\r\n  networks: []\r\npeers: []\r\n",
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"nothing_at_all_is_told_by_its_place", GATEWAY "connections: [~]\n",
     "f:2:15: a connection must be a map of keys and values, not nothing\n"},

    /* Keys and types, from the schema. */
    {"an_unknown_key_names_the_nearest",
     GATEWAY "connections:\n  - name: c\n    peer_as: 64512\n    tunnels:\n" ONE TWO,
     "f:4:5: unknown key 'peer_as' in a connection (did you mean 'peer_asn'?)\n"},
    {"an_unknown_key_names_the_one_that_has_its_word", SETTING("asn: 64513"),
     "f:4:5: unknown key 'asn' in a connection (did you mean 'peer_asn'?)\n"},
    {"a_key_in_the_wrong_place_is_told_its_place", SETTING("install_routes: no"),
     "f:4:5: unknown key 'install_routes' in a connection: it stands in gateway\n"},
    {"a_key_like_no_other_gets_the_list", SETTING("ike: {zzzzzz: 1}"),
     "f:4:11: unknown key 'zzzzzz' in ike (it knows version, proposals, lifetime, "
     "fragmentation, unique)\n"},
    {"a_key_with_control_bytes_is_cleaned", GATEWAY "\"a\\u009bz\": 1\n",
     "f:2:1: a value has a control byte or a line break in it\n"
     "f:2:1: unknown key '' in the configuration (it knows gateway, defaults, sets, connections, peers)\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"a_list_as_key_is_an_error", GATEWAY "? [a]\n: b\n",
     "f:2:3: a key must be a word, not a list\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"a_map_for_a_list_is_a_type_error", GATEWAY "connections: {name: c}\n",
     "f:2:14: 'connections' must be a list, not a map\n"
     "f:1:1: warning: there are no connections and no peers: this gateway does nothing\n"},
    {"text_for_a_section_is_a_type_error", SETTING("ike: strong"),
     "f:4:10: ike must be a map of keys and values, not text\n"},
    {"text_for_a_connection_is_a_type_error", GATEWAY "connections: [c]\n",
     "f:2:15: a connection must be a map of keys and values, not text\n"},
    {"text_for_a_tunnel_is_a_type_error", GATEWAY CONNECTION "      - one\n" TWO,
     "f:6:9: a tunnel must be a map of keys and values, not text\n"},
    {"a_list_for_a_number_is_a_type_error", SETTING("esp: {replay_window: [64]}"),
     "f:4:26: 'replay_window' must be one value, not a list\n"},
    {"a_number_below_zero_is_told_the_range", SETTING("mtu: -1"),
     "f:4:10: 'mtu' is out of range: 576 to 9216, not '-1'\n"},
    {"so_is_one_that_no_machine_has", SETTING("esp: {replay_window: 99999999999999999999999}"),
     "f:4:26: 'replay_window' is out of range: 0 or 32 to 65536, not '99999999999999999999999'\n"},
    {"and_an_AS_number", SETTING("bgp: {local_as: 99999999999999999999999}"),
     "f:4:21: 'local_as' is out of range: 1 to 4294967295, not '99999999999999999999999'\n"},
    {"and_a_duration", SETTING("ike: {lifetime: 9999999999999999h}"),
     "f:4:21: 'lifetime' is out of range: 900 s to 28800 s, not '9999999999999999h'\n"},
    {"and_one_below_zero", SETTING("dpd: {timeout: -5s}"),
     "f:4:20: 'timeout' is out of range: 2 s to 86400 s, not '-5s'\n"},
    {"text_for_a_number_is_a_type_error", SETTING("mtu: big"), "f:4:10: 'mtu' must be a number, not 'big'\n"},
    {"a_quoted_number_is_a_type_error", SETTING("mtu: \"1400\""),
     "f:4:10: 'mtu' must be a number, not '1400' in quotes\n"},
    {"an_octal_number_is_a_type_error", SETTING("mtu: 01400"),
     "f:4:10: 'mtu' must be a number, not '01400'\n"},
    {"a_missing_value_is_an_error", SETTING("mtu:"), "f:4:9: 'mtu' has no value\n"},
    {"a_number_for_a_boolean_is_a_type_error",
     "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [], install_routes: 1}\n" CONNECTION ONE
	 TWO,
     "f:1:82: 'install_routes' must be true or false, not '1'\n"},
    {"a_wrong_word_names_the_nearest", SETTING("mode: active_pasive"),
     "f:4:11: 'mode' must be one of active_passive, active_active, not 'active_pasive' (did you mean "
     "'active_passive'?)\n"},
    {"synonyms_are_not_advertised", SETTING("encap: maybe"),
     "f:4:12: 'encap' must be one of auto, yes, no, not 'maybe'\n"},
    {"a_duration_needs_its_unit", SETTING("dpd: {interval: 10}"),
     "f:4:21: 'interval' must be a duration, a number with ms, s, m, h or d, not '10'\n"},
    {"seconds_must_be_whole", SETTING("dpd: {interval: 1500ms}"),
     "f:4:21: 'interval' must be whole seconds, not '1500ms'\n"},
    {"an_address_must_be_one", TUNNEL("remote: paris.example, inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: 'remote' must be an IP address or any, not 'paris.example'\n"},
    {"a_multicast_address_is_no_remote", TUNNEL("remote: 224.0.0.1, inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: 'remote': '224.0.0.1' is not the address of a host\n"},
    {"a_prefix_must_be_one",
     GATEWAY "connections:\n  - name: c\n    peer_asn: 64512\n    protect: [10.1.0.0/33]\n    "
	     "tunnels:\n" ONE TWO,
     "f:5:15: 'protect' must be prefixes such as 10.20.0.0/16, not '10.1.0.0/33'\n"},
    {"host_bits_name_the_network", SETTING("protect: [10.1.2.3/16]"),
     "f:4:15: 'protect': '10.1.2.3/16' has host bits set: the network is 10.1.0.0/16\n"},
    {"one_prefix_must_stand_in_a_list", SETTING("protect: 10.1.0.0/16"),
     "f:4:14: 'protect' must be a list such as [10.20.0.0/16], not text\n"},

    /* Missing keys. */
    {"a_nameless_gateway_is_an_error",
     "gateway: {asn: 65000, outside: 192.0.2.1, networks: []}\n" CONNECTION ONE TWO,
     "f:1:10: missing key 'name' in gateway\n"},
    {"bgp_needs_an_as_number", "gateway: {name: g, outside: 192.0.2.1, networks: []}\n" CONNECTION ONE TWO,
     "f:1:1: missing key 'asn' in gateway: BGP needs it\n"},
    {"static_routing_needs_no_as_number",
     "gateway: {name: g, outside: 192.0.2.1, networks: [10.0.0.0/16]}\n" STATIC ONE TWO, ""},
    {"a_dynamic_tunnel_needs_its_inside", TUNNEL("remote: 203.0.113.1, psk_file: key"),
     "f:6:9: missing key 'inside' in a tunnel: BGP needs it\n"},
    {"a_static_tunnel_needs_no_inside", GATEWAY STATIC "      - {remote: 203.0.113.1, psk_file: key}\n" TWO,
     ""},
    {"a_tunnel_needs_its_remote", TUNNEL("inside: 169.254.10.2/30, psk_file: key"),
     "f:6:9: missing key 'remote' in a tunnel\n"},
    {"a_connection_needs_tunnels", GATEWAY "connections:\n  - {name: c, peer_asn: 64512}\n",
     "f:3:5: missing key 'tunnels' in a connection\n"},
    {"a_connection_needs_one_tunnel_at_least",
     GATEWAY "connections:\n  - {name: c, peer_asn: 64512, tunnels: []}\n",
     "f:3:41: a connection needs one or two tunnels\n"},
    {"three_tunnels_are_too_many",
     GATEWAY CONNECTION ONE TWO "      - {remote: 203.0.113.3, inside: 169.254.10.10/30, psk_file: key}\n",
     "f:8:9: a connection has at most two tunnels, not 3\n"},
    {"a_peer_needs_its_remote_and_asn", GOOD "peers: [{name: p}]\n",
     "f:8:9: missing key 'asn' in a peer\nf:8:9: missing key 'remote' in a peer\n"},
    {"a_router_id_is_asked_for_without_an_address",
     "gateway: {name: g, asn: 65000, outside: any, networks: []}\npeers:\n  - {name: p, asn: 1, "
     "remote: "
     "\"2001:db8::2\"}\n",
     "f:1:1: missing key 'router_id' in gateway: there is no address of this side to take it from\n"
     "f:1:1: warning: there are no connections, only peers\n"},

    /* The preferred tunnel. */
    {"a_preferred_tunnel_is_one_or_two", SETTING("prefer: 3"),
     "f:4:13: 'prefer' is out of range: 1 to 2, not '3'\n"},
    {"a_preferred_tunnel_may_have_its_hold_down", SETTING("prefer: 2\n    hold_down: 0s"), ""},
    {"a_hold_down_has_its_range", SETTING("hold_down: 5ms"),
     "f:4:16: 'hold_down' is out of range: 0 or 1000 ms to 86400000 ms, not '5ms'\n"},
    {"a_preferred_tunnel_must_be_there",
     GATEWAY "connections:\n  - name: c\n    peer_asn: 64512\n    prefer: 2\n    tunnels:\n" ONE,
     "f:5:13: 'prefer' names tunnel 2, and there is one only\n"
     "f:7:7: warning: one tunnel only: nothing takes over when it fails\n"},
    {"where_both_carry_none_is_preferred", SETTING("mode: active_active\n    prefer: 1"),
     "f:5:13: warning: 'prefer' has no effect with active_active: both tunnels carry\n"},

    /* A hub's sites. */
    {"a_hubs_sites_need_different_as_numbers", GATEWAY_WITH("role: hub") TWICE,
     "f:7:25: connections 'b' and 'a' (line 4) have the same peer_asn 64512: two sites of a hub need "
     "different ones ('allow_same_asn: yes' in gateway where they are one site)\n" ONE_TUNNEL_EACH},
    {"a_hub_may_allow_the_same_as_number", GATEWAY_WITH("role: hub, allow_same_asn: yes") TWICE,
     "f:6:7: warning: one tunnel only: nothing takes over when it fails\n"
     "f:7:25: warning: connections 'b' and 'a' (line 4) have the same peer_asn 64512: right for two gateways "
     "of one site, but different sites won't reach each other\n"
     "f:7:41: warning: one tunnel only: nothing takes over when it fails\n"},
    {"a_customer_may_have_the_same_as_number_twice", GATEWAY TWICE, ONE_TUNNEL_EACH},

    /* The bill. */
    {"rates_may_be_whole_or_have_six_decimals",
     GATEWAY_WITH("billing: {currency: EUR, connection_hour: 1, gigabyte_out: 0.000001}") CONNECTION ONE TWO,
     ""},
    {"a_bill_needs_a_currency", GATEWAY_WITH("billing: {connection_hour: 1}") CONNECTION ONE TWO,
     "f:1:86: missing key 'currency' in billing\n"},
    {"a_currency_is_three_capitals", GATEWAY_WITH("billing: {currency: $}") CONNECTION ONE TWO,
     "f:1:97: 'currency' must be a currency's three capital letters (USD, EUR), not '$'\n"},
    {"a_rate_has_six_decimals_at_most",
     GATEWAY_WITH("billing: {currency: USD, gigabyte_out: 0.0000001}") CONNECTION ONE TWO,
     "f:1:116: 'gigabyte_out' must be an amount such as 0.05, with six decimals at most, not '0.0000001'\n"},
    {"a_rate_is_no_exponent", GATEWAY_WITH("billing: {currency: USD, gigabyte_out: 5e-2}") CONNECTION ONE TWO,
     "f:1:116: 'gigabyte_out' must be an amount such as 0.05, with six decimals at most, not '5e-2'\n"},
    {"a_rate_is_not_negative", GATEWAY_WITH("billing: {currency: USD, gigabyte_out: -1}") CONNECTION ONE TWO,
     "f:1:116: 'gigabyte_out' must be an amount such as 0.05, with six decimals at most, not '-1'\n"},
    {"a_rate_has_a_range",
     GATEWAY_WITH("billing: {currency: USD, gigabyte_out: 1000000.000001}") CONNECTION ONE TWO,
     "f:1:116: 'gigabyte_out' is out of range: 0 to 1000000, not '1000000.000001'\n"},

    /* Ranges. */
    {"a_family_is_one_of_two", SETTING("bgp: {families: [ipv4, ipv5]}"),
     "f:4:28: 'families' must be one of ipv4, ipv6, not 'ipv5' (did you mean 'ipv4'?)\n"},
    {"a_family_stands_once", SETTING("bgp: {families: [ipv4, ipv4]}"),
     "f:4:28: warning: 'ipv4' stands here twice\n"},
    {"there_is_one_family_at_least", SETTING("bgp: {families: []}"), "f:4:21: 'families' is empty\n"},
    {"ipv6_needs_an_inside_address", SETTING("bgp: {families: [ipv6]}"),
     "f:4:21: 'families' has ipv6, for which the tunnel needs an IPv6 address in 'inside'\n"},
    {"ipv6_over_ipv4_needs_a_next_hop",
     GOOD "peers: [{name: p, asn: 1, remote: 10.0.0.9, bgp: {families: [ipv4, ipv6]}}]\n",
     "f:8:61: 'families' has ipv6 and 'remote' is of IPv4: 'next_hop' must be this side's IPv6 address\n"},
    {"a_next_hop_is_of_the_other_family",
     GOOD "peers: [{name: p, asn: 1, remote: 10.0.0.9, next_hop: 10.0.0.1}]\n",
     "f:8:55: 'next_hop' must be this side's address of the other family than 'remote'\n"},
    {"zero_is_no_limit_of_prefixes", SETTING("bgp: {max_prefixes: 0}"), ""},
    {"as_numbers_have_a_range", GOOD "peers:\n  - {name: p, remote: 10.0.0.9, asn: 4294967296}\n",
     "f:9:38: 'asn' is out of range: 1 to 4294967295, not '4294967296'\n"},
    {"as_number_zero_is_refused", GOOD "peers:\n  - {name: p, remote: 10.0.0.9, asn: 0}\n",
     "f:9:38: 'asn' is out of range: 1 to 4294967295, not '0'\n"},
    {"reserved_as_numbers_are_refused", GOOD "peers:\n  - {name: p, remote: 10.0.0.9, asn: 23456}\n",
     "f:9:38: 'asn': AS number '23456' is reserved and can't be used\n"},
    {"ike_lifetime_has_its_range", SETTING("ike: {lifetime: 9h}"),
     "f:4:21: 'lifetime' is out of range: 900 s to 28800 s, not '9h'\n"},
    {"esp_lifetime_has_its_range", SETTING("esp: {lifetime: 10m}"),
     "f:4:21: 'lifetime' is out of range: 900 s to 3600 s, not '10m'\n"},
    {"esp_lives_shorter_than_ike", SETTING("ike: {lifetime: 1h}"),
     "f:4:21: the lifetime of esp (3600 s) must be shorter than that of ike (3600 s)\n"},
    {"replay_window_has_its_range", SETTING("esp: {replay_window: 31}"),
     "f:4:26: 'replay_window' is out of range: 0 or 32 to 65536, not '31'\n"},
    {"a_short_replay_window_is_a_warning", SETTING("esp: {replay_window: 63}"),
     "f:4:26: warning: a replay window of 63 packets is shorter than AWS has it (64): what a busy line "
     "brings "
     "out of order is dropped\n"},
    {"a_replay_window_of_AWS_is_fine", SETTING("esp: {replay_window: 64}"), ""},
    {"replay_window_may_be_none", SETTING("esp: {replay_window: 0}"), ""},
    {"extended_numbers_need_a_replay_window",
     SETTING("esp: {replay_window: 0, proposals: [aes256gcm16-ecp384, aes256gcm16-ecp384-esn]}"),
     "f:4:26: extended sequence numbers (the ESP proposal 'aes256gcm16-ecp384-esn') need a replay window: 0 "
     "is "
     "none\n"},
    {"replay_window_may_be_large", SETTING("esp: {replay_window: 65536}"), ""},
    {"replay_window_has_an_end", SETTING("esp: {replay_window: 65537}"),
     "f:4:26: 'replay_window' is out of range: 0 or 32 to 65536, not '65537'\n"},
    {"hold_one_second_is_refused", SETTING("bgp: {hold: 1s}"),
     "f:4:17: 'hold' is out of range: 0 or 3 s to 65535 s, not '1s'\n"},
    {"hold_zero_is_allowed", SETTING("bgp: {hold: 0s}"), ""},
    {"hold_as_bare_zero_is_allowed", SETTING("bgp: {hold: 0}"), ""},
    {"hold_below_three_keepalives_is_a_warning", SETTING("bgp: {hold: 20s, keepalive: 10s}"),
     "f:4:33: warning: 'hold' (20 s) is less than three 'keepalive' (10 s): one every 6 s is sent\n"},
    {"keepalive_must_be_below_hold", SETTING("bgp: {hold: 10s, keepalive: 10s}"),
     "f:4:33: 'keepalive' (10 s) must be less than 'hold' (10 s), a third of it at most\n"},
    {"a_short_dpd_timeout_is_a_warning", SETTING("dpd: {interval: 1s, timeout: 5s}"),
     "f:4:34: warning: a dpd timeout of 5 s is shorter than AWS has it (30 s): a busy line may look dead\n"},
    {"a_dpd_timeout_of_one_second_is_refused", SETTING("dpd: {timeout: 1s}"),
     "f:4:20: 'timeout' is out of range: 2 s to 86400 s, not '1s'\n"},
    {"a_dpd_interval_over_the_timeout_is_a_warning", SETTING("dpd: {interval: 60s}"),
     "f:4:21: warning: the dpd interval (60 s) is not shorter than the timeout (30 s): one lost packet is a "
     "dead "
     "peer\n"},
    {"bfd_interval_has_its_range", SETTING("bfd: {interval: 5ms}"),
     "f:4:21: 'interval' is out of range: 10 ms to 60000 ms, not '5ms'\n"},
    {"mtu_of_ipv6_is_1280_at_least",
     TUNNEL("remote: 203.0.113.1, inside: [169.254.10.2/30, \"fd00::2/126\"], psk_file: key, mtu: 1000"),
     "f:6:93: 'mtu' must be 1280 or more where the tunnel carries IPv6 (RFC 8200 5), not 1000\n"},

    /* Names. */
    {"a_name_has_no_slash",
     GATEWAY "connections:\n  - name: a/b\n    peer_asn: 64512\n    tunnels:\n" ONE TWO,
     "f:3:11: 'a/b' can't be a name: letters, digits, '.', '_' and '-' only, beginning with a letter or "
     "digit\n"},
    {"a_name_has_forty_characters_at_most",
     GATEWAY "connections:\n  - name: a1234567890123456789012345678901234567890\n    peer_asn: 64512\n    "
	     "tunnels:\n" ONE TWO,
     "f:3:11: the name 'a1234567890123456789012345678901234567890' is longer than 40 characters\n"},
    {"connection_names_are_unique",
     GOOD "  - name: c\n    peer_asn: 64512\n    tunnels:\n"
	  "      - {remote: 203.0.113.3, inside: 169.254.10.10/30, psk_file: key}\n"
	  "      - {remote: 203.0.113.4, inside: 169.254.10.14/30, psk_file: key}\n",
     "f:8:11: duplicate connection 'c' (first on line 3)\n"},
    {"peer_names_are_unique",
     GOOD "peers:\n  - {name: p, remote: 10.0.0.9, asn: 1}\n  - {name: p, remote: 10.0.0.8, "
	  "asn: 1}\n",
     "f:10:12: duplicate peer 'p' (first on line 9)\n"},

    /* Addresses that must not meet. */
    {"two_tunnels_to_one_remote_are_an_error",
     GATEWAY CONNECTION ONE "      - {remote: 203.0.113.1, inside: 169.254.10.6/30, psk_file: key}\n",
     "f:7:18: tunnels 'c/2' and 'c/1' (line 6) have the same remote '203.0.113.1' and local address\n"},
    {"two_local_addresses_may_share_a_remote",
     GATEWAY CONNECTION ONE
     "      - {remote: 203.0.113.1, local: 192.0.2.2, inside: 169.254.10.6/30, psk_file: key}\n",
     ""},
    {"any_local_address_conflicts_with_a_named_one",
     GATEWAY CONNECTION ONE
     "      - {remote: 203.0.113.1, local: any, inside: 169.254.10.6/30, psk_file: key}\n",
     "f:7:18: tunnels 'c/2' and 'c/1' (line 6) have the same remote '203.0.113.1' and local address\n"},
    {"two_peers_of_any_address_with_one_identity_are_an_error",
     GATEWAY CONNECTION
     "      - {remote: any, remote_id: vpn.example, inside: 169.254.10.2/30, psk_file: key}\n"
     "      - {remote: any, remote_id: \"fqdn:VPN.example\", inside: 169.254.10.6/30, psk_file: key}\n",
     "f:7:18: tunnels 'c/2' and 'c/1' (line 6) have the same remote 'vpn.example' and local address\n"},
    {"also_where_it_is_a_distinguished_name",
     GATEWAY CONNECTION "      - {remote: any, remote_id: \"C=FR, O=An Example, CN=a\", inside: "
			"169.254.10.2/30, psk_file: key}\n"
			"      - {remote: any, remote_id: \"C=FR,O=An Example,CN = A\", inside: "
			"169.254.10.6/30, psk_file: key}\n",
     "f:7:18: tunnels 'c/2' and 'c/1' (line 6) have the same remote 'c=fr,o=an example,cn=a' and local "
     "address\n"},
    {"key_ids_differ_by_their_case",
     GATEWAY CONNECTION
     "      - {remote: any, remote_id: \"keyid:a\", inside: 169.254.10.2/30, psk_file: key}\n"
     "      - {remote: any, remote_id: \"keyid:A\", inside: 169.254.10.6/30, psk_file: key}\n",
     ""},
    {"equal_inside_networks_are_an_error",
     GATEWAY CONNECTION ONE "      - {remote: 203.0.113.2, inside: 169.254.10.1/30, psk_file: key}\n",
     "f:7:39: inside network 169.254.10.0/30 of 'c/2' overlaps 169.254.10.0/30 of 'c/1' (line 6)\n"},
    {"reserved_inside_ranges_are_an_error",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.169.254/30, psk_file: key"),
     "f:6:39: 'inside': '169.254.169.254/30' lies in a range reserved by AWS (169.254.0.0/30 to "
     "169.254.5.0/30 and "
     "169.254.169.252/30)\n"},
    {"the_network_address_is_no_inside",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.4/30, psk_file: key"),
     "f:6:39: 'inside' must be this side's own address, not the network or broadcast address "
     "'169.254.10.4/30': "
     "169.254.10.5/30 or 169.254.10.6/30\n"},
    {"inside_needs_its_length", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2, psk_file: key"),
     "f:6:39: 'inside' must be an address with its length such as 169.254.44.242/30, not '169.254.10.2'\n"},
    {"inside_is_a_30", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/29, psk_file: key"),
     "f:6:39: 'inside' must be a /30, not '169.254.10.2/29'\n"},
    {"a_31_is_a_warning", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/31, psk_file: key"),
     "f:6:39: warning: 'inside': AWS uses a /30, this is '169.254.10.2/31'\n"},
    {"an_inside_outside_link_local_is_a_warning",
     TUNNEL("remote: 203.0.113.1, inside: 10.99.0.2/30, psk_file: key"),
     "f:6:39: warning: 'inside': AWS takes addresses of 169.254.0.0/16 only, this is '10.99.0.2/30'\n"},
    {"two_insides_of_one_family_are_an_error",
     TUNNEL("remote: 203.0.113.1, inside: [169.254.10.2/30, 169.254.11.2/30], psk_file: key"),
     "f:6:57: 'inside' takes one address of each family, not two\n"},
    {"one_inside_of_each_family_is_fine",
     TUNNEL("remote: 203.0.113.1, inside: [169.254.10.2/30, \"fd00::2/126\"], psk_file: key"), ""},
    {"overlapping_routes_are_an_error",
     GATEWAY STATIC ONE TWO
     "  - name: d\n    routing: static\n    routes: [10.41.0.0/16, 10.40.7.0/24]\n    tunnels:\n"
     "      - {remote: 203.0.113.3, inside: 169.254.10.10/30, psk_file: key}\n"
     "      - {remote: 203.0.113.4, inside: 169.254.10.14/30, psk_file: key}\n",
     "f:11:28: route 10.40.7.0/24 of 'd' overlaps 10.40.0.0/16 of 'c' (line 5)\n"},
    {"a_route_that_is_a_network_of_ours_is_an_error",
     GATEWAY
     "connections:\n  - name: c\n    routing: static\n    routes: [10.0.0.0/16]\n    tunnels:\n" ONE TWO,
     "f:5:14: route 10.0.0.0/16 of 'c' is one of this gateway's own networks\n"},
    {"a_route_within_our_network_is_a_warning",
     GATEWAY
     "connections:\n  - name: c\n    routing: static\n    routes: [10.0.3.0/24]\n    tunnels:\n" ONE TWO,
     "f:5:14: warning: route 10.0.3.0/24 of 'c' lies within this gateway's own network 10.0.0.0/16\n"},
    {"a_default_route_is_fine_beside_networks",
     GATEWAY
     "connections:\n  - name: c\n    routing: static\n    routes: [0.0.0.0/0]\n    tunnels:\n" ONE TWO,
     ""},
    {"a_prefix_twice_in_a_list_is_an_error", SETTING("protect: [10.1.0.0/16, 10.1.0.0/16]"),
     "f:4:28: duplicate prefix 10.1.0.0/16 (first on line 4)\n"},
    {"two_sessions_to_one_address_are_an_error", GOOD "peers:\n  - {name: p, remote: 169.254.10.1, asn: 1}\n",
     "f:9:23: two BGP sessions go to 169.254.10.1: 'p' and 'c/1' (line 6)\n"},
    {"families_of_local_and_remote_agree",
     TUNNEL("remote: \"2001:db8::1\", inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: 'remote' is of another address family than the local side (192.0.2.1)\n"},
    {"remote_is_not_local", TUNNEL("remote: 192.0.2.1, inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: 'remote' is this side's own outside address\n"},
    {"remote_any_needs_an_identity", TUNNEL("remote: any, inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: 'remote: any' needs 'remote_id': the identity that tells this peer from others\n"},
    {"remote_any_with_an_identity_is_fine",
     TUNNEL("remote: any, remote_id: far.example, inside: 169.254.10.2/30, psk_file: key"), ""},
    {"remote_any_cannot_initiate",
     TUNNEL("remote: any, remote_id: x, start: initiate, inside: 169.254.10.2/30, psk_file: key"),
     "f:6:18: warning: 'remote: any' can't be initiated: it waits for the peer\n"},
    {"equal_as_numbers_of_a_connection_are_an_error",
     GATEWAY "connections:\n  - name: c\n    peer_asn: 65000\n    tunnels:\n" ONE TWO,
     "f:4:15: 'peer_asn' is the gateway's own AS number (65000): the two sides of a connection need "
     "different ones\n"},
    {"a_peer_of_the_same_as_is_fine", GOOD "peers:\n  - {name: p, remote: 10.0.0.9, asn: 65000}\n", ""},
    {"a_probe_of_oneself_is_an_error", SETTING("health: {target: 169.254.10.2}"),
     "f:4:22: the probe's target is this side's own inside address\n"},

    /* Warnings. */
    {"static_without_routes_is_a_warning",
     GATEWAY "connections:\n  - name: c\n    routing: static\n    tunnels:\n" ONE TWO,
     "f:3:5: warning: a connection with static routing has no 'routes': it carries nothing\n"},
    {"dynamic_with_routes_is_a_warning", SETTING("routes: [10.40.0.0/16]"),
     "f:4:13: warning: 'routes' has no effect with dynamic routing: BGP brings them\n"},
    {"no_networks_is_a_warning", "gateway: {name: g, asn: 65000, outside: 192.0.2.1}\n" CONNECTION ONE TWO,
     "f:1:1: warning: gateway has no 'networks': nothing of this side is told to others\n"},
    {"only_peers_is_a_warning", GATEWAY "peers:\n  - {name: p, remote: 10.0.0.9, asn: 1}\n",
     "f:1:1: warning: there are no connections, only peers\n"},
    {"one_tunnel_is_a_warning", GATEWAY CONNECTION ONE,
     "f:6:7: warning: one tunnel only: nothing takes over when it fails\n"},
    {"errors_come_before_warnings_in_order", "gateway: {name: g, asn: 0, outside: x}\n" CONNECTION ONE,
     "f:1:25: 'asn' is out of range: 1 to 4294967295, not '0'\n"
     "f:1:37: 'outside' must be an IP address or any, not 'x'\n"
     "f:1:1: warning: gateway has no 'networks': nothing of this side is told to others\n"
     "f:6:7: warning: one tunnel only: nothing takes over when it fails\n"},
    {"a_fault_in_defaults_is_said_once", GATEWAY "defaults: {mtu: 1}\n" CONNECTION ONE TWO,
     "f:2:17: 'mtu' is out of range: 576 to 9216, not '1'\n"},

    /* Selectors. */
    {"selectors_without_BGPs_addresses_are_a_warning",
     SETTING("selectors: {local: [10.0.0.0/16, 169.254.10.4/30], remote: [10.50.0.0/16, 169.254.10.0/30]}"),
     "f:4:24: warning: these selectors don't hold 169.254.10.2, this side of BGP: its packets don't go "
     "through "
     "the tunnel\n"
     "f:4:64: warning: these selectors don't hold 169.254.10.5, the other side of BGP: its packets don't go "
     "through the tunnel\n"},
    {"selectors_with_BGPs_addresses_are_fine",
     SETTING("selectors: {local: [10.0.0.0/16, 169.254.10.0/24], remote: [0.0.0.0/0]}"), ""},
    {"selectors_without_a_route_are_a_warning",
     GATEWAY "defaults: {selectors: {local: [10.0.0.0/16], remote: [10.40.0.0/17]}}\n" STATIC ONE TWO,
     "f:2:54: warning: these selectors don't hold the route 10.40.0.0/16: what it leads into the tunnel is "
     "dropped\n"},
    {"selectors_with_the_routes_are_fine",
     GATEWAY "defaults: {selectors: {local: [10.0.0.0/16], remote: [10.40.0.0/15]}}\n" STATIC ONE TWO, ""},
    {"selectors_without_what_probes_ask_are_a_warning",
     GATEWAY
     "defaults: {selectors: {remote: [10.40.0.0/16]}, health: {probe: icmp, target: 10.41.0.1}}\n" STATIC ONE
	 TWO,
     "f:2:32: warning: these selectors don't hold 10.41.0.1, which health probes ask: its packets don't go "
     "through "
     "the tunnel\n"},

    {"a_route_of_a_family_that_is_not_negotiated_is_a_warning",
     GATEWAY "connections:\n  - name: c\n    routing: static\n    routes: [10.40.0.0/16, \"2001:db8::/32\"]\n"
	     "    tunnels:\n" ONE "      - {remote: 203.0.113.2, inside: [169.254.10.6/30, \"fd00::6/126\"], "
	     "psk_file: key}\n",
     "f:7:9: warning: 0.0.0.0/0, this tunnel's only selector without 'selectors', doesn't hold the route "
     "2001:db8::/32: what it leads into the tunnel is dropped\n"},
    {"so_is_a_probe_of_that_family", SETTING("health: {probe: icmp, target: \"2001:db8::1\"}"),
     "f:7:9: warning: 0.0.0.0/0, this tunnel's only selector without 'selectors', doesn't hold 2001:db8::1, "
     "which health probes ask: its packets don't go through the tunnel\n"
     "f:8:9: warning: 0.0.0.0/0, this tunnel's only selector without 'selectors', doesn't hold 2001:db8::1, "
     "which health probes ask: its packets don't go through the tunnel\n"},
    {"an_mtu_too_small_for_an_IPv6_route",
     GATEWAY
     "defaults: {mtu: 600, selectors: {remote: [\"::/0\"]}}\n"
     "connections:\n  - name: c\n    routing: static\n    routes: [\"2001:db8::/32\"]\n    tunnels:\n" ONE
	 TWO,
     "f:2:17: 'mtu' must be 1280 or more where the tunnel carries IPv6 (RFC 8200 5), not 600\n"},
    {"BFD_without_an_inside_address_has_no_effect",
     GATEWAY STATIC ONE "      - {remote: 203.0.113.2, psk_file: key, bfd: {interval: 100ms}}\n",
     "f:8:51: warning: 'bfd' has no effect in a tunnel without 'inside': there is no address to send it "
     "to\n"},
    {"of_several_selectors_IKE_version_1_takes_one",
     GATEWAY "defaults: {ike: {version: 1}, selectors: {remote: [10.40.0.0/17, 10.40.128.0/17, "
	     "10.40.0.0/16]}}\n" STATIC ONE TWO,
     "f:2:51: warning: IKE version 1 negotiates one selector a side: of 'remote' only 10.40.0.0/17 is asked "
     "for\n"
     "f:2:51: warning: these selectors don't hold the route 10.40.0.0/16: what it leads into the tunnel is "
     "dropped\n"},
    {"more_selectors_than_a_data_plane_takes_are_an_error",
     SETTING("selectors: {local: [10.0.0.0/8, 10.0.0.0/9, 10.0.0.0/10, 10.0.0.0/11, 10.0.0.0/12, "
	     "10.0.0.0/13, 10.0.0.0/14, 10.0.0.0/15, 10.0.0.0/16, 10.0.0.0/17, 10.0.0.0/18, 10.0.0.0/19, "
	     "10.0.0.0/20, 10.0.0.0/21, 10.0.0.0/22, 10.0.0.0/23, 10.0.0.0/24, 10.0.0.0/25, 10.0.0.0/26, "
	     "10.0.0.0/27, 10.0.0.0/28, 10.0.0.0/29, 10.0.0.0/30, 10.0.0.0/31, 10.0.0.0/32, 11.0.0.0/8, "
	     "12.0.0.0/8, 13.0.0.0/8, 14.0.0.0/8, 15.0.0.0/8, 16.0.0.0/8, 17.0.0.0/8, 0.0.0.0/0]}"),
     "f:4:24: 'local' has 33 selectors: 32 at most; a wider prefix can stand for several\n"},

    /* Proposals. */
    {"an_unknown_algorithm_names_the_nearest", SETTING("ike: {proposals: [aes256gcm16-prfsha348-ecp384]}"),
     "f:4:23: unknown algorithm 'prfsha348' in the proposal 'aes256gcm16-prfsha348-ecp384' (did you mean "
     "'prfsha384'?)\n"},
    {"an_empty_list_of_proposals_is_an_error", SETTING("esp: {proposals: []}"),
     "f:4:22: 'proposals' must have 1 to 32 proposals\n"},
    {"ike_needs_a_key_exchange", SETTING("ike: {proposals: [aes256gcm16-prfsha384]}"),
     "f:4:23: the proposal 'aes256gcm16-prfsha384' lacks a key exchange, such as ecp384\n"},
    {"ike_with_gcm_needs_a_prf", SETTING("ike: {proposals: [aes256gcm16-ecp384]}"),
     "f:4:23: the proposal 'aes256gcm16-ecp384' lacks a prf, such as prfsha384\n"},
    {"cbc_needs_integrity", SETTING("ike: {proposals: [aes256-prfsha256-ecp256]}"),
     "f:4:23: the proposal 'aes256-prfsha256-ecp256' lacks an integrity algorithm, such as sha256\n"},
    {"weak_algorithms_are_warnings", SETTING("ike: {proposals: [aes128-sha1-modp1024]}"),
     "f:4:23: warning: the proposal 'aes128-sha1-modp1024': DH group 2 is weak\n"
     "f:4:23: warning: the proposal 'aes128-sha1-modp1024': SHA-1 is weak\n"},
    {"esp_takes_cbc_with_each_hmac_and_every_aead",
     SETTING("esp: {proposals: [aes128-sha256, aes192-sha384-modp2048, aes256-sha512-esn, aes192gcm16, "
	     "chacha20poly1305]}"),
     ""},
    {"userspace_esp_has_no_3des", SETTING("esp: {proposals: [3des-sha256-modp2048]}"),
     "f:4:23: the userspace data plane has no '3des' (in the ESP proposal '3des-sha256-modp2048'): use AES, "
     "such as aes256gcm16 or aes256-sha256\n"
     "f:4:23: warning: the proposal '3des-sha256-modp2048': 3DES is weak (RFC 8221)\n"},
    {"the_kernel_has_3des",
     "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [], dataplane: kernel}\n"
     "defaults: {esp: {proposals: [3des-sha256-modp2048]}}\n" CONNECTION ONE TWO,
     "f:2:30: warning: the proposal '3des-sha256-modp2048': 3DES is weak (RFC 8221)\n"},
    {"the_kernel_has_smaller_replay_windows",
     "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [], dataplane: kernel}\n"
     "defaults: {esp: {replay_window: 2049}}\n" CONNECTION ONE TWO,
     "f:2:33: warning: the kernel's data plane has replay windows of 2048 packets at most: that is taken "
     "instead of 2049\n"},
    {"ike_has_two_versions", SETTING("ike: {version: 3}"),
     "f:4:20: 'version' must be 1, 2 or any, not '3'\n"},
    {"ike_version_one", SETTING("ike: {version: 1}"), ""},
    {"either_version", SETTING("ike: {version: any}"), ""},
    {"ike_version_one_has_no_gcm", SETTING("ike: {version: 1, proposals: [aes256gcm16-prfsha384-ecp384]}"),
     "f:4:34: IKE version 1 needs a proposal without GCM or ChaCha20-Poly1305, such as "
     "aes256-sha256-modp2048\n"},
    {"peers_of_any_address_need_one_secret_in_version_one", CALLERS("ike: {version: 1}", "key", "long"),
     "f:7:18: tunnels 'c/2' and 'c/1' (line 6) have 'remote: any' and different secrets: IKE version 1 "
     "can't tell such peers apart; use version 2, certificates, or one secret for both\n"},
    {"peers_of_any_address_may_have_one_secret_in_version_one", CALLERS("ike: {version: 1}", "key", "key"),
     ""},
    {"peers_of_any_address_are_a_warning_with_either_version", CALLERS("ike: {version: any}", "key", "long"),
     "f:7:18: warning: tunnels 'c/2' and 'c/1' (line 6) have 'remote: any' and different secrets: IKE "
     "version "
     "1 can't tell such peers apart; use version 2, certificates, or one secret for both\n"},
    {"peers_of_any_address_have_their_own_secrets_in_version_two",
     CALLERS("ike: {version: 2}", "key", "long"), ""},
    {"fragmentation_has_its_words", SETTING("ike: {fragmentation: maybe}"),
     "f:4:26: 'fragmentation' must be one of yes, force, no, not 'maybe'\n"},
    {"unique_has_its_words", SETTING("ike: {unique: twice}"),
     "f:4:19: 'unique' must be one of initial_contact, replace, keep, never, not 'twice'\n"},

    /* When SAs are rekeyed, and for what they are negotiated. */
    {"the_rekey_margin_has_a_range", SETTING("rekey: {margin: 30s}"),
     "f:4:21: 'margin' is out of range: 60 s to 1800 s, not '30s'\n"},
    {"the_rekey_margin_fits_the_lifetime", SETTING("esp: {lifetime: 900s}\n    rekey: {margin: 500s}"),
     "f:5:21: the rekey margin (500 s) must be 60 s to half of esp's lifetime (450 s)\n"},
    {"the_rekey_fuzz_is_a_percentage", SETTING("rekey: {fuzz: 101}"),
     "f:4:19: 'fuzz' is out of range: 0 to 100, not '101'\n"},
    {"an_interface_has_a_name_that_linux_takes",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface: wan/one"),
     "f:6:82: 'wan/one' can't name an interface: 1 to 15 letters, digits, '.', '_' and '-'\n"},
    {"names_of_unnamed_interfaces_are_taken",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface: ts2"),
     "f:6:82: 'ts2' can't name an interface: 'ts' with a number is what tunnels without a name of their own "
     "get\n"},
    {"two_interfaces_of_one_name",
     GATEWAY CONNECTION
     "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface: paris}\n"
     "      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key, interface: paris}\n",
     "f:7:82: duplicate interface 'paris' (first on line 6)\n"},
    {"two_interfaces_of_one_id",
     GATEWAY CONNECTION
     "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface_id: 7}\n"
     "      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key, interface_id: 7}\n",
     "f:7:85: duplicate interface 'id 7' (first on line 6)\n"},
    {"interface_ids_of_tunnels_without_one_are_taken",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface_id: 4097"),
     "f:6:85: 'interface_id' 4097 is one of those that tunnels without it get (4097 to 69631): use another "
     "number\n"},
    {"what_only_the_kernel_heeds_is_a_warning_with_userspace",
     "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [], dataplane: userspace}\n"
     "defaults: {esp: {offload: auto}}\n" CONNECTION
     "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, interface_id: 7}\n" TWO,
     "f:2:27: warning: 'offload' has no effect with the userspace data plane\n"
     "f:7:85: warning: 'interface_id' has no effect with the userspace data plane\n"},
    {"offload_is_no_yes_or_auto", SETTING("esp: {offload: packet}"),
     "f:4:20: 'offload' must be one of no, yes, auto, not 'packet'\n"},
    {"an_inside_network_in_an_own_network",
     "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [169.254.0.0/16]}\n" CONNECTION ONE TWO,
     "f:6:39: warning: inside network 169.254.10.0/30 of 'c/1' lies within this gateway's own network "
     "169.254.0.0/16\n"
     "f:7:39: warning: inside network 169.254.10.4/30 of 'c/2' lies within this gateway's own network "
     "169.254.0.0/16\n"},
    {"a_protected_prefix_in_an_own_network",
     GATEWAY
     "connections:\n  - name: c\n    protect: [10.0.3.0/24]\n    peer_asn: 64512\n    tunnels:\n" ONE TWO,
     "f:4:15: warning: protected prefix 10.0.3.0/24 of 'c' lies within this gateway's own network "
     "10.0.0.0/16: "
     "hosts of this side there can't be reached while the connection is down\n"},
    {"an_mtu_that_can_not_fit", SETTING("mtu: 1500"),
     "f:4:10: warning: 'mtu' 1500 does not fit a line of 1500 bytes with these ESP proposals in UDP: 1438 "
     "does\n"},
    {"a_size_has_a_unit", SETTING("esp: {lifetime_bytes: 100}"),
     "f:4:27: 'lifetime_bytes' must be a number of kB, MB, GB or TB such as 100 GB, not '100'\n"},
    {"a_size_has_a_range", SETTING("esp: {lifetime_bytes: 999 kB}"),
     "f:4:27: 'lifetime_bytes' is out of range: 1 MB to 1000 TB, not '999 kB'\n"},
    {"a_size_that_would_overflow", SETTING("esp: {lifetime_bytes: 18446744073709551615TB}"),
     "f:4:27: 'lifetime_bytes' is out of range: 1 MB to 1000 TB, not '18446744073709551615TB'\n"},
    {"a_good_size", SETTING("esp: {lifetime_bytes: 100 GB, lifetime_packets: 20000}"), ""},
    {"selectors_are_prefixes", SETTING("selectors: {local: [10.0.0.1/8], remote: [0.0.0.0/0]}"),
     "f:4:25: 'local': '10.0.0.1/8' has host bits set: the network is 10.0.0.0/8\n"},

    /* Identities. */
    {"identities_of_every_type",
     GATEWAY CONNECTION
     "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, local_id: \"@#0a1b\", remote_id: "
     "\"C=FR, O=Example, CN=*\"}\n"
     "      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key, local_id: me@vpn.example, "
     "remote_id: "
     "\"2001:db8::1\"}\n",
     ""},
    {"identities_with_prefixes",
     GATEWAY CONNECTION "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: key, local_id: "
			"\"fqdn:a.example\", remote_id: "
			"\"email:me@a.example\"}\n"
			"      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk_file: key, local_id: "
			"\"keyid:lyon\", remote_id: "
			"\"CN=lyon\"}\n",
     ""},
    {"a_name_with_a_blank_is_no_identity", IDENTITY("the gateway"), NO_IDENTITY("the gateway")},
    {"numbers_that_are_no_address_is_no_identity", IDENTITY("300.1.1.1"), NO_IDENTITY("300.1.1.1")},
    {"an_unknown_attribute_of_a_name_is_no_identity", IDENTITY("\"CN=a, XX=b\""), NO_IDENTITY("CN=a, XX=b")},
    {"a_key_id_that_is_no_hex_is_no_identity", IDENTITY("\"@#xyz\""), NO_IDENTITY("@#xyz")},
    {"a_mail_address_without_a_host_is_no_identity", IDENTITY("me@"), NO_IDENTITY("me@")},
    {"a_prefix_of_another_type_is_no_identity", IDENTITY("\"ipv4:a.example\""),
     NO_IDENTITY("ipv4:a.example")},

    /* Secrets. */
    {"a_secret_is_needed", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30"),
     "f:6:9: missing key 'psk_file' in a tunnel (or 'psk', or 'certificate')\n"},
    {"two_secrets_are_an_error",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk: abcdefgh, psk_file: key"),
     "f:6:56: a tunnel takes psk or psk_file, not both\n"},
    {"an_inline_secret_is_a_warning", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk: abcdefgh"),
     "f:6:56: warning: a secret in the configuration is for labs: put it into a file of mode 0600 and name "
     "it with "
     "psk_file\n"},
    {"an_empty_secret_is_an_error", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk: \"\""),
     "f:6:61: 'psk' has no value\n"},
    {"a_missing_secret_file_is_an_error",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: none"),
     "f:6:56: psk_file 'none' can't be opened: No such file or directory\n"},
    {"a_folder_is_no_secret", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: folder"),
     "f:6:56: psk_file 'folder' is a directory, not a file\n"},
    {"a_fifo_is_no_secret", TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: fifo"),
     "f:6:56: psk_file 'fifo' is something else, not a file\n"},
    {"a_secret_that_others_read_is_refused",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: open"),
     "f:6:56: psk_file 'open' is open to others (mode 0640): make it 0600\n"},
    {"an_empty_secret_file_is_an_error",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: empty"),
     "f:6:56: psk_file 'empty' is empty\n"},
    {"a_secret_that_aws_refuses_is_a_warning",
     TUNNEL("remote: 203.0.113.1, inside: 169.254.10.2/30, psk_file: other"),
     "f:6:56: warning: AWS takes pre-shared keys of 8 to 64 letters, digits, '.' and '_' that don't begin "
     "with 0: "
     "this one is of another form\n"},
};

static char folder[] = "twinspan-test-XXXXXX";

static void
check_case(void **state)
{
	const struct test_case *test = *state;
	struct config_findings findings = {0};
	char file[64], *printed = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&printed, &size);
	struct config *config;

	snprintf(file, sizeof(file), "%s/f.yaml", folder);
	config = config_parse(file, test->text, strlen(test->text), &findings);
	config_findings_print(&findings, "f", out);
	fclose(out);
	assert_string_equal(printed, test->expected);
	assert_int_equal(config != NULL, findings.errors == 0);
	config_free(config);
	config_findings_free(&findings);
	free(printed);
}

static void
make_file(const char *name, const char *text, mode_t mode)
{
	char path[64];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static const char *const files[] = {"key", "long", "open", "empty", "other", "fifo"};

static int
make_folder(void **state)
{
	char path[64];

	if (mkdtemp(folder) == NULL)
		return -1;
	make_file("key", "key_of_the_tests\n", 0600);
	make_file("long", "another_key_of_the_tests\n", 0600);
	make_file("open", "key_of_the_tests\n", 0640);
	make_file("empty", "\n", 0600);
	make_file("other", "0 not for AWS\n", 0400);
	snprintf(path, sizeof(path), "%s/fifo", folder);
	if (mkfifo(path, 0600) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/folder", folder);
	return mkdir(path, 0700);
}

static int
remove_folder(void **state)
{
	char path[64];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/folder", folder);
	rmdir(path);
	return rmdir(folder);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT_OF(cases)] = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		tests[i] = (struct CMUnitTest){
		    .name = cases[i].name, .test_func = check_case, .initial_state = (void *)&cases[i]};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
