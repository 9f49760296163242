// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exporting: the other side's view of a configuration, what each format makes of it, and where it refuses.
 * That stock daemons take the files is seen in tests/peers/test_export.py.
 */
#include <string.h>

#include "core/exporter.h"
#include "tests/unit/test.h"

#define HEAD \
	"gateway: {name: lyon, asn: 65010, outside: 192.0.2.10, networks: [10.20.0.0/16, 10.21.0.0/16]}\n" \
	"connections:\n"
#define PARIS \
	"  - name: paris\n    peer_asn: 64512\n    protect: [10.50.0.0/16]\n" \
	"    bgp: {keepalive: 10s, hold: 30s, max_prefixes: 77}\n    tunnels:\n" \
	"      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1}\n" \
	"      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk: MadeUp.Two_2}\n"
#define PLANT \
	"  - name: plant.x\n    routing: static\n    routes: [10.40.0.0/16]\n    start: respond\n    " \
	"tunnels:\n" \
	"      - {remote: 198.51.100.7, psk: MadeUp.Three_3}\n"

/* --- help ----------------------------------------------------------------------------------------- */

static struct config *
configured(const char *yaml)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("/x.yaml", yaml, strlen(yaml), &findings);

	if (config == NULL)
		fail_msg("%u: %s", findings.items[0].line, findings.items[0].text);
	config_findings_free(&findings);
	return config;
}

/* As without --inline-secrets: no key and no certificate is looked at. */
static struct exporter_result
exported_public(const char *format, const char *yaml)
{
	struct config_findings findings = {0};
	struct config *config = config_parse_public("/x.yaml", yaml, strlen(yaml), &findings);
	struct exporter_result result;
	struct text_list all = {0};
	struct error err = {""};

	if (config == NULL)
		fail_msg("%u: %s", findings.items[0].line, findings.items[0].text);
	if (!exporter_write(format, config, &all, false, &result, &err))
		fail_msg("%s: %s", format, err.text);
	config_findings_free(&findings);
	config_free(config);
	return result;
}

/* The text of a format; with `names` (blanks between) only these. */
static struct exporter_result
exported(const char *format, const char *yaml, const char *names, bool secrets)
{
	struct config *config = configured(yaml);
	struct exporter_result result;
	struct text_list list = {0};
	struct error err = {""};

	exporter_names(names, &list);
	if (!exporter_write(format, config, &list, secrets, &result, &err))
		fail_msg("%s: %s", format, err.text);
	text_list_free(&list);
	config_free(config);
	return result;
}

static void
assert_not_exported(const char *format, const char *yaml, const char *names, const char *words)
{
	struct config *config = configured(yaml);
	struct exporter_result result;
	struct text_list list = {0};
	struct error err = {""};

	exporter_names(names, &list);
	assert_false(exporter_write(format, config, &list, true, &result, &err));
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is not in: %s", words, err.text);
	assert_null(result.text);
	text_list_free(&list);
	config_free(config);
}

static void
assert_has(const struct exporter_result *result, const char *words)
{
	if (strstr(result->text, words) == NULL)
		fail_msg("'%s' is not in:\n%s", words, result->text);
}

static void
assert_lacks(const struct exporter_result *result, const char *words)
{
	if (strstr(result->text, words) != NULL)
		fail_msg("'%s' is in:\n%s", words, result->text);
}

static void
assert_note(const struct exporter_result *result, const char *words)
{
	for (size_t i = 0; i < result->notes.count; i++) {
		if (strstr(result->notes.items[i], words) != NULL) {
			assert_has(result, result->notes.items[i]); /* also in the head */
			return;
		}
	}
	fail_msg("no note has '%s'", words);
}

static void
assert_address(const struct ip_address *address, const char *text)
{
	char out[IP_ADDRESS_TEXT];

	assert_string_equal(ip_address_format(address, out), text);
}

/* --- the view ------------------------------------------------------------------------------------- */

static void
all_that_has_two_ends_is_turned_around(void **state)
{
	struct config *config = configured(
	    HEAD "  - name: paris\n    peer_asn: 64512\n    protect: [10.50.0.0/16]\n    selectors: {local: "
		 "[10.20.0.0/16, 169.254.0.0/16]}\n    tunnels:\n      - {remote: 203.0.113.17, local_id: "
		 "site@lyon.example, inside: [169.254.44.242/30, 'fd00::2/126'], psk: MadeUp.One_1}\n");
	struct text_list none = {0};
	struct exporter_view view;
	const struct export_connection *connection;
	const struct export_tunnel *tunnel;
	char text[IP_PREFIX_TEXT];

	assert_true(exporter_view_make(config, &none, false, &view, NULL));
	assert_int_equal(view.view.count, 1);
	assert_string_equal(view.view.gateway, "lyon");
	connection = &view.view.connections[0];
	assert_int_equal(connection->asn, 64512);
	assert_int_equal(connection->peer_asn, 65010);
	assert_string_equal(ip_prefix_format(&connection->networks.items[0], text), "10.50.0.0/16");
	assert_int_equal(connection->peer_networks.count, 2);
	tunnel = &connection->tunnels[0];
	assert_string_equal(tunnel->label, "paris-1");
	assert_address(&tunnel->local, "203.0.113.17");
	assert_address(&tunnel->remote, "192.0.2.10");
	assert_string_equal(tunnel->local_id, "203.0.113.17");
	assert_string_equal(tunnel->remote_id, "site@lyon.example");
	assert_string_equal(ip_prefix_format(&tunnel->inside[0], text), "169.254.44.241/30");
	assert_address(&tunnel->inside_remote[0], "169.254.44.242");
	assert_string_equal(ip_prefix_format(&tunnel->inside[1], text), "fd00::1/126");
	assert_address(&tunnel->inside_remote[1], "fd00::2");
	assert_int_equal(tunnel->local_ts.count, 0);
	assert_int_equal(tunnel->remote_ts.count, 2);
	assert_false(tunnel->initiates);
	assert_null(tunnel->psk);
	exporter_view_free(&view);
	config_free(config);
}

static void
connections_and_tunnels_are_chosen_by_name(void **state)
{
	struct exporter_result result = exported("bird", HEAD PARIS PLANT, "plant.x paris/2", false);

	assert_lacks(&result, "'paris-1'");
	assert_has(&result, "protocol bgp 'paris-2'");
	assert_has(&result, "protocol static 'plant.x-1'");
	exporter_result_free(&result);
	result = exported("bird", HEAD PARIS PLANT, NULL, false);
	assert_has(&result, "protocol bgp 'paris-1'");
	assert_has(&result, "protocol static 'plant.x-1'");
	exporter_result_free(&result);
	assert_not_exported("bird", HEAD PARIS, "nowhere", "'nowhere'");
	assert_not_exported("bird", HEAD PARIS, "paris paris/3", "'paris/3'");
	assert_not_exported("cisco", HEAD PARIS, NULL, "there are: aws-cli, bird, frr, swanctl");
	assert_not_exported("../plugins/export_bird", HEAD PARIS, NULL, "no format");
	assert_not_exported(
	    "bird",
	    "gateway: {name: x, asn: 1, outside: 192.0.2.1}\npeers: [{name: a, remote: 192.0.2.2, asn: 2}]\n",
	    NULL, "no connections");
}

static void
no_secret_is_in_it_unless_it_is_wanted(void **state)
{
	static const char *const formats[] = {"swanctl", "bird", "frr", "aws-cli"};
	struct exporter_result result;

	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		result = exported(formats[i], HEAD PARIS, NULL, false);
		assert_lacks(&result, "MadeUp");
		exporter_result_free(&result);
	}
	result = exported("swanctl", HEAD PARIS, NULL, false);
	assert_note(&result, "the pre-shared key is not in it");
	exporter_result_free(&result);
	result = exported("swanctl", HEAD PARIS, NULL, true);
	assert_has(&result, "secret = \"MadeUp.Two_2\"");
	exporter_result_free(&result);
	result = exported("aws-cli", HEAD PARIS, NULL, true);
	assert_has(&result, "\"PreSharedKey\": \"MadeUp.Two_2\"");
	exporter_result_free(&result);
}

static void
a_configuration_is_read_without_its_secrets(void **state)
{
	static const char yaml[] =
	    HEAD "  - name: paris\n    peer_asn: 64512\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk_file: psk/nowhere}\n"
		 "      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk: \"********\"}\n";
	struct config_findings findings = {0};
	struct config *config = config_parse_public("/x.yaml", yaml, strlen(yaml), &findings);

	assert_non_null(config);
	assert_string_equal(config->connections[0].tunnels[0].psk_file, "psk/nowhere");
	assert_null(config->connections[0].tunnels[0].psk);
	assert_null(config->connections[0].tunnels[1].psk_file);
	assert_null(config->connections[0].tunnels[1].psk);
	config_free(config);
	assert_null(config_parse("/x.yaml", yaml, strlen(yaml), &findings));
	config_findings_free(&findings);
}

/* --- swanctl -------------------------------------------------------------------------------------- */

static void
swanctl_counts_lifetimes_from_the_other_end(void **state)
{
	struct exporter_result result = exported(
	    "swanctl",
	    HEAD
	    "  - name: paris\n    peer_asn: 64512\n    rekey: {margin: 2m, fuzz: 50}\n    ike: {lifetime: "
	    "2h, version: any, fragmentation: no, unique: keep}\n    esp: {lifetime: 30m, replay_window: "
	    "64}\n"
	    "    encap: yes\n    dpd: {interval: 11s, timeout: 44s}\n    mtu: 1400\n    tunnels:\n"
	    "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1}\n",
	    NULL, false);
	static const char *const lines[] = {"version = 0\n",
					    "rekey_time = 7080s\n",
					    "over_time = 120s\n",
					    "rand_time = 60s\n",
					    "rekey_time = 1680s\n",
					    "life_time = 1800s\n",
					    "replay_window = 64\n",
					    "fragmentation = no\n",
					    "unique = keep\n",
					    "encap = yes\n",
					    "dpd_delay = 11s\n",
					    "dpd_timeout = 44s\n",
					    "ip link set xfrm1 up mtu 1400\n"};

	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_has(&result, lines[i]);
	exporter_result_free(&result);
}

static void
swanctl_names_are_sections_of_their_own(void **state)
{
	struct exporter_result result = exported(
	    "swanctl",
	    HEAD PLANT "  - name: plant_x\n    routing: static\n    routes: [10.41.0.0/16]\n    tunnels:\n"
		       "      - {remote: 198.51.100.8, psk: MadeUp.Three_3}\n",
	    NULL, false);

	assert_has(&result, "    plant_x-1_1 {\n");
	assert_has(&result, "    plant_x-1 {\n");
	/* The first waits here, so that the other side begins; the second begins here. */
	assert_has(&result, "start_action = start\n                dpd_action = restart\n");
	assert_has(&result, "start_action = none\n                dpd_action = clear\n");
	assert_has(&result, "ip route add 10.20.0.0/16 dev xfrm1 metric 100\n");
	exporter_result_free(&result);
}

static void
swanctl_texts_can_not_break_out(void **state)
{
	struct exporter_result result =
	    exported("swanctl",
		     HEAD "  - name: paris\n    routing: static\n    routes: [10.40.0.0/16]\n    tunnels:\n"
			  "      - {remote: 203.0.113.17, local_id: 'C=FR, CN=\"a\" } \\', psk: '0xAB \"q'}\n"
			  "      - {remote: 203.0.113.18, psk: '0s.plain'}\n",
		     NULL, true);

	assert_has(&result, "id = \"C=FR, CN=\\\"a\\\" } \\\\\"\n");
	assert_has(&result, "secret = 0sMHhBQiAicQ==\n"); /* 0xAB "q */
	assert_has(&result, "secret = 0sMHMucGxhaW4=\n"); /* 0s.plain */
	exporter_result_free(&result);
}

static void
swanctl_says_where_this_side_has_no_address(void **state)
{
	struct exporter_result result = exported(
	    "swanctl",
	    "gateway: {name: lyon, outside: any, networks: [10.20.0.0/16]}\nconnections:\n"
	    "  - name: a\n    routing: static\n    routes: [10.40.0.0/16]\n    start: respond\n    tunnels:\n"
	    "      - {remote: any, remote_id: far.example, psk: MadeUp.One_1}\n",
	    NULL, false);

	assert_has(&result, "local_addrs = %any\n");
	assert_has(&result, "remote_addrs = %any\n");
	assert_has(&result, "id = \"far.example\"\n");
	assert_lacks(&result, "id-2");
	assert_note(&result, "write it to remote_addrs");
	assert_note(&result, "any is taken");
	exporter_result_free(&result);
}

static void
certificates_are_not_called_a_key(void **state)
{
	static const char yaml[] =
	    HEAD "  - name: paris\n    routing: static\n    routes: [10.40.0.0/16]\n"
		 "    certificate: {file: c/lyon.pem, key: c/lyon.key, ca: c/ca.pem}\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, remote_id: 'C=FR, CN=paris'}\n"
		 "      - {remote: 203.0.113.18, psk: MadeUp.One_1}\n";
	struct exporter_result result = exported_public("swanctl", yaml);

	assert_has(&result,
		   "auth = pubkey\n            # certs = ...     # your certificate, from the CA that this "
		   "side trusts (c/ca.pem)\n            id = \"C=FR, CN=paris\"\n");
	assert_has(&result,
		   "auth = pubkey\n            # cacerts = ...   # the CA of this side's certificate\n"
		   "            # id = ...        # that certificate's subject, or a name in it\n"
		   "        }\n");
	assert_note(&result, "paris/1: lyon shows its certificate's subject, which was not looked at");
	assert_has(&result, "auth = psk\n");
	assert_note(&result, "paris/1: both ends show certificates");
	assert_has(&result, "ike-paris-2 {");
	assert_lacks(&result, "ike-paris-1 {");
	exporter_result_free(&result);
	result = exported_public("aws-cli", yaml);
	assert_note(&result, "--certificate-arn");
	exporter_result_free(&result);
}

/* --- BIRD and FRR --------------------------------------------------------------------------------- */

static void
routers_get_sessions_timers_and_networks(void **state)
{
	struct exporter_result result = exported("bird", HEAD PARIS, NULL, false);

	assert_has(&result, "local 169.254.44.245 as 64512;\n    neighbor 169.254.44.246 as 65010;\n");
	assert_has(&result, "hold time 30;\n    keepalive time 10;\n");
	assert_has(&result, "route 10.50.0.0/16 unreachable;\n");
	assert_has(&result, "export limit 77 action block;");
	assert_has(&result, "# expected: 10.20.0.0/16, 10.21.0.0/16\n");
	assert_has(&result, "router id 203.0.113.17;\n");
	assert_int_equal(result.notes.count, 0);
	exporter_result_free(&result);
	result = exported("frr", HEAD PARIS, NULL, false);
	assert_has(&result, "router bgp 64512\n bgp router-id 203.0.113.17\n");
	assert_has(&result, " neighbor 169.254.44.246 remote-as 65010\n");
	assert_has(&result, " neighbor 169.254.44.246 timers 10 30\n");
	assert_has(&result, "  network 10.50.0.0/16\n");
	assert_has(&result, "  neighbor 169.254.44.246 maximum-prefix-out 77\n");
	assert_int_equal(result.notes.count, 0);
	exporter_result_free(&result);
}

static void
the_peer_expects_the_as_that_its_session_gets_to_see(void **state)
{
	static const char yaml[] =
	    HEAD "  - name: paris\n    peer_asn: 64512\n    bgp: {local_as: 65020}\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1}\n"
		 "      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk: MadeUp.Two_2}\n";
	struct exporter_result result = exported("bird", yaml, NULL, false);

	assert_has(&result, "neighbor 169.254.44.242 as 65020;\n");
	assert_has(&result, "neighbor 169.254.44.246 as 65020;\n");
	exporter_result_free(&result);
	result = exported("frr", yaml, NULL, false);
	assert_has(&result, " neighbor 169.254.44.246 remote-as 65020\n");
	exporter_result_free(&result);
	result = exported("aws-cli", yaml, NULL, false);
	assert_has(&result, "--bgp-asn 65020");
	exporter_result_free(&result);
}

static void
routers_get_what_the_session_is_kept_by(void **state)
{
	static const char yaml[] = HEAD
	    "  - name: paris\n    peer_asn: 64512\n    bgp: {role: customer, role_strict: yes, ttl_security: "
	    "1}\n"
	    "    bfd: {interval: 300ms, multiplier: 3}\n    tunnels:\n"
	    "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1, bgp: {password: "
	    "Made.Up by_us 1}}\n"
	    "      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk: MadeUp.Two_2, bgp: {role: "
	    "rs, local_as: 65020, password: 'Made\"Up'}}\n";
	struct exporter_result result = exported("bird", yaml, NULL, true);

	assert_has(&result, "    direct;\n    ttl security on;\n    local role provider;\n    password "
			    "\"Made.Up by_us 1\";\n");
	assert_has(&result,
		   "    local role rs_client;\n    # password \"...\";   # that of paris/2's session\n");
	assert_has(&result, "neighbor 169.254.44.242 as 65010;\n");
	assert_has(&result, "neighbor 169.254.44.246 as 65020;\n");
	assert_note(&result, "paris/2: BIRD has no way to write its BGP password");
	exporter_result_free(&result);
	result = exported("frr", yaml, NULL, true);
	assert_has(&result,
		   " neighbor 169.254.44.242 ttl-security hops 1\n neighbor 169.254.44.242 local-role "
		   "provider\n ! neighbor 169.254.44.242 password ...   (that of paris/1's session)\n");
	assert_note(&result, "paris/1: FRR has no way to write its BGP password");
	assert_has(&result,
		   " neighbor 169.254.44.246 local-role rs-client\n neighbor 169.254.44.246 password "
		   "Made\"Up\n");
	assert_has(&result, " peer 169.254.44.242 local-address 169.254.44.241\n  profile paris-1\n exit\n");
	assert_lacks(&result, "neighbor 169.254.44.242 bfd");
	assert_note(&result, "paris/1: with ttl-security FRR can't end the session by BFD itself");
	exporter_result_free(&result);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const formats[] = {"bird", "frr"};

		result =
		    i < 2 ? exported(formats[i], yaml, NULL, false) : exported_public(formats[i - 2], yaml);
		assert_lacks(&result, "Made.Up");
		assert_lacks(&result, "Made\"Up");
		assert_note(&result, "paris/1: the BGP password is not in it");
		exporter_result_free(&result);
	}
}

static void
routers_get_the_families_that_are_exchanged(void **state)
{
	/* Both families over a session of IPv4; both over one of IPv6; static routes of both. */
	static const char yaml[] =
	    "gateway: {name: lyon, asn: 65010, outside: 192.0.2.10, networks: [10.20.0.0/16, "
	    "'2001:db8:20::/48']}\nconnections:\n"
	    "  - name: four\n    peer_asn: 64512\n    protect: [10.50.0.0/16, '2001:db8:50::/48']\n    "
	    "tunnels:\n"
	    "      - {remote: 203.0.113.17, inside: [169.254.44.242/30, 'fd00::2/126'], psk: MadeUp.One_1}\n"
	    "  - name: six\n    peer_asn: 64512\n    bgp: {families: [ipv4, ipv6]}\n    tunnels:\n"
	    "      - {remote: 203.0.113.18, inside: 'fd00:1::2/126', psk: MadeUp.One_1}\n"
	    "  - name: still\n    routing: static\n    routes: [10.60.0.0/16]\n    tunnels:\n"
	    "      - {remote: 203.0.113.19, inside: [169.254.45.242/30, 'fd00:2::2/126'], psk: "
	    "MadeUp.One_1}\n";
	struct exporter_result result = exported("bird", yaml, NULL, false);

	assert_has(&result, "protocol kernel {\n    ipv6 {\n");
	assert_has(&result, "protocol static 'four-networks-ipv6' {\n    ipv6;\n    route 2001:db8:50::/48 "
			    "unreachable;\n");
	assert_has(&result,
		   "    ipv6 {\n        import all;   # expected: 2001:db8:20::/48\n        export where "
		   "proto = \"four-networks-ipv6\";\n        next hop self;\n        next hop address "
		   "fd00::1;\n");
	assert_has(&result,
		   "proto = \"six-networks\";\n        next hop self;\n        extended next hop on;\n");
	assert_has(&result, "protocol static 'still-1-ipv6' {\n    ipv6 {\n");
	assert_has(&result, "    route 2001:db8:20::/48 via fd00:2::2;\n");
	exporter_result_free(&result);
	result = exported("frr", yaml, "four six", false);
	assert_has(&result, "ipv6 prefix-list four-networks seq 5 permit 2001:db8:50::/48\n");
	assert_has(&result, " neighbor fd00:1::2 capability extended-nexthop\n");
	assert_has(&result, " address-family ipv6 unicast\n  network 2001:db8:50::/48\n  neighbor "
			    "169.254.44.242 activate\n");
	assert_lacks(&result, "neighbor 169.254.44.242 capability");
	exporter_result_free(&result);
	/* What exchanges IPv4 only has nothing of the other one. */
	result = exported("frr", HEAD PARIS, NULL, false);
	assert_lacks(&result, "ipv6");
	exporter_result_free(&result);
	result = exported("bird", HEAD PARIS PLANT, NULL, false);
	assert_lacks(&result, "ipv6");
	exporter_result_free(&result);
}

static void
networks_that_nobody_said_are_a_note(void **state)
{
	static const char yaml[] =
	    HEAD "  - name: paris\n    peer_asn: 64512\n    bgp: {hold: 0}\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.One_1}\n";
	struct exporter_result result = exported("bird", yaml, NULL, false);

	assert_note(&result, "which networks are on this side of paris");
	assert_has(&result, "hold time 0;\n");
	assert_lacks(&result, "keepalive time");
	exporter_result_free(&result);
	result = exported("frr", yaml, NULL, false);
	assert_note(&result, "which networks are on this side of paris");
	assert_has(&result, "timers 0 0\n");
	exporter_result_free(&result);
}

static void
one_FRR_is_one_AS(void **state)
{
	static const char other[] =
	    "  - name: oslo\n    peer_asn: 64513\n    tunnels:\n"
	    "      - {remote: 198.51.100.30, inside: 169.254.46.2/30, psk: MadeUp.One_1}\n";
	char *yaml = text_format("%s%s", HEAD PARIS PLANT, other);
	struct exporter_result result;

	assert_not_exported("frr", yaml, NULL, "paris expects AS number 64512 and oslo 64513");
	result = exported("frr", yaml, "oslo plant.x", false);
	assert_has(&result, "router bgp 64513\n");
	assert_has(&result, "ip route 10.21.0.0/16 xfrm3 10\n");
	exporter_result_free(&result);
	free(yaml);
}

/* --- AWS ------------------------------------------------------------------------------------------ */

static void
AWS_options_are_in_its_ranges_and_names(void **state)
{
	struct exporter_result result = exported(
	    "aws-cli",
	    HEAD "  - name: paris\n    peer_asn: 7224\n    dpd: {interval: 2s, timeout: 9s}\n    "
		 "ike: {version: any, "
		 "proposals: [aes256gcm16-prfsha384-ecp384, aes128-sha1-modp1024, "
		 "aes256gcm16-prfsha512-curve25519]}\n"
		 "    esp: {proposals: [aes128gcm16-ecp521-noesn], replay_window: 65536}\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, inside: 169.254.44.241/30, psk: '0short'}\n",
	    NULL, true);

	assert_has(&result, "\"IKEVersions\": [{\"Value\": \"ikev1\"}, {\"Value\": \"ikev2\"}]");
	assert_has(
	    &result,
	    "\"Phase1EncryptionAlgorithms\": [{\"Value\": \"AES256-GCM-16\"}, {\"Value\": \"AES128\"}]");
	assert_has(&result,
		   "\"Phase1IntegrityAlgorithms\": [{\"Value\": \"SHA2-384\"}, {\"Value\": \"SHA1\"}]");
	assert_has(&result, "\"Phase1DHGroupNumbers\": [{\"Value\": 20}, {\"Value\": 2}]");
	assert_has(&result, "\"Phase2DHGroupNumbers\": [{\"Value\": 21}]");
	assert_note(&result, "AWS has no 'curve25519'");
	assert_has(&result, "\"DPDTimeoutSeconds\": 30");
	assert_note(&result, "no DPD timeout below 30 s");
	assert_has(&result, "\"ReplayWindowSize\": 2048");
	assert_note(&result, "a replay window of 64 to 2048 packets: 2048 is written");
	assert_note(&result, "AWS does not take its pre-shared key");
	assert_lacks(&result, "PreSharedKey\": ");
	/* AWS has the first host of an inside network, which here is this side's. */
	assert_lacks(&result, "\"TunnelInsideCidr\"");
	assert_note(&result, "it will choose others");
	assert_note(&result, "from the private ranges, not 7224");
	exporter_result_free(&result);
}

static void
AWS_has_group_5_in_phase_2_only(void **state)
{
	struct exporter_result result = exported(
	    "aws-cli",
	    HEAD "  - name: paris\n    peer_asn: 64512\n    ike: {proposals: [aes256-sha256-modp1536, "
		 "aes256-sha256-modp2048]}\n    esp: {proposals: [aes256-sha256-modp1536]}\n    tunnels:\n"
		 "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk: MadeUp.Three_3}\n",
	    NULL, true);

	assert_has(&result, "\"Phase1DHGroupNumbers\": [{\"Value\": 14}]");
	assert_has(&result, "\"Phase2DHGroupNumbers\": [{\"Value\": 5}]");
	assert_note(&result, "AWS has no 'modp1536' in phase 1");
	exporter_result_free(&result);
}

static void
AWS_static_routes_and_selectors_are_seen_from_AWS(void **state)
{
	struct exporter_result result =
	    exported("aws-cli",
		     HEAD "  - name: plant\n    routing: static\n    routes: [10.40.0.0/16]\n    start: "
			  "respond\n    esp: {replay_window: 0}\n    selectors: "
			  "{local: [10.20.0.0/16], remote: [10.40.0.0/16]}\n    tunnels:\n"
			  "      - {remote: 198.51.100.7, psk: MadeUp.Three_3}\n",
		     NULL, false);

	assert_has(&result, "\"StaticRoutesOnly\": true");
	assert_has(&result, "\"LocalIpv4NetworkCidr\": \"10.20.0.0/16\"");
	assert_has(&result, "\"RemoteIpv4NetworkCidr\": \"10.40.0.0/16\"");
	assert_has(&result, "\"StartupAction\": \"start\"");
	assert_has(&result, "\"ReplayWindowSize\": 64");
	assert_has(&result, "--destination-cidr-block 10.21.0.0/16\n");
	assert_lacks(&result, "--bgp-asn");
	exporter_result_free(&result);
}

static void
AWS_has_no_such_thing(void **state)
{
	assert_not_exported(
	    "aws-cli",
	    HEAD "  - name: a\n    routing: static\n    routes: [10.40.0.0/16]\n    ike: {proposals: "
		 "[aes256gcm16-prfsha384-x25519]}\n    tunnels:\n      - {remote: 198.51.100.7, psk: "
		 "MadeUp.Three_3}\n",
	    NULL, "no algorithms for any of the proposals of a/1");
	assert_not_exported("aws-cli",
			    HEAD
			    "  - name: a\n    routing: static\n    routes: [10.40.0.0/16]\n    tunnels:\n"
			    "      - {remote: 198.51.100.7, psk: MadeUp.Three_3}\n"
			    "      - {local: 192.0.2.11, remote: 198.51.100.8, psk: MadeUp.Three_3}\n",
			    NULL, "one customer gateway with one address");
}

TEST_MAIN(cmocka_unit_test(all_that_has_two_ends_is_turned_around),
	  cmocka_unit_test(connections_and_tunnels_are_chosen_by_name),
	  cmocka_unit_test(no_secret_is_in_it_unless_it_is_wanted),
	  cmocka_unit_test(a_configuration_is_read_without_its_secrets),
	  cmocka_unit_test(swanctl_counts_lifetimes_from_the_other_end),
	  cmocka_unit_test(swanctl_names_are_sections_of_their_own),
	  cmocka_unit_test(swanctl_texts_can_not_break_out),
	  cmocka_unit_test(swanctl_says_where_this_side_has_no_address),
	  cmocka_unit_test(certificates_are_not_called_a_key),
	  cmocka_unit_test(routers_get_sessions_timers_and_networks),
	  cmocka_unit_test(the_peer_expects_the_as_that_its_session_gets_to_see),
	  cmocka_unit_test(routers_get_what_the_session_is_kept_by),
	  cmocka_unit_test(routers_get_the_families_that_are_exchanged),
	  cmocka_unit_test(networks_that_nobody_said_are_a_note), cmocka_unit_test(one_FRR_is_one_AS),
	  cmocka_unit_test(AWS_options_are_in_its_ranges_and_names),
	  cmocka_unit_test(AWS_has_group_5_in_phase_2_only),
	  cmocka_unit_test(AWS_static_routes_and_selectors_are_seen_from_AWS),
	  cmocka_unit_test(AWS_has_no_such_thing))
