// SPDX-License-Identifier: GPL-2.0-or-later
/* What a good file becomes: values, defaults, inheritance, secrets; and files of every size and kind. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/config/config.h"

static char folder[] = "twinspan-test-XXXXXX";

static void
path_of(char out[128], const char *name)
{
	snprintf(out, 128, "%s/%s", folder, name);
}

static void
write_file(const char *name, const char *text, size_t length, mode_t mode)
{
	char path[128];
	FILE *out;

	path_of(path, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	fclose(out);
	assert_int_equal(chmod(path, mode), 0);
}

static struct config *
load(const char *name, struct config_findings *findings)
{
	char path[128];

	path_of(path, name);
	return config_load(path, findings);
}

static struct config *
parse(const char *text)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("f", text, strlen(text), &findings);

	for (size_t i = 0; i < findings.count; i++) {
		if (!findings.items[i].warning)
			print_message("%u:%u: %s\n", findings.items[i].line, findings.items[i].column,
				      findings.items[i].text);
	}
	config_findings_free(&findings);
	assert_non_null(config);
	return config;
}

static void
assert_address(const struct ip_address *address, const char *expected)
{
	char text[IP_ADDRESS_TEXT];

	assert_string_equal(ip_address_format(address, text), expected);
}

/* --- the contract's example -------------------------------------------------------------------- */

static struct config *
load_contract(void)
{
	static const char *const secrets[] = {"psk/aws-paris-1", "psk/aws-paris-2", "psk/plant-1",
					      "psk/plant-2"};
	struct config_findings findings = {0};
	struct config *config;
	char text[8192], path[128];
	FILE *in = fopen(TEST_CORPUS "/contract.yaml", "r");
	size_t length;

	assert_non_null(in);
	length = fread(text, 1, sizeof(text), in);
	fclose(in);
	write_file("contract.yaml", text, length, 0644);
	path_of(path, "psk");
	mkdir(path, 0700);
	for (size_t i = 0; i < 4; i++) {
		char secret[64];

		snprintf(secret, sizeof(secret), "Secret.number_%zu\n", i);
		write_file(secrets[i], secret, strlen(secret), 0600);
	}
	config = load("contract.yaml", &findings);
	assert_int_equal(findings.count, 0);
	assert_int_equal(findings.errors, 0);
	config_findings_free(&findings);
	for (size_t i = 0; i < 4; i++) {
		path_of(path, secrets[i]);
		unlink(path);
	}
	path_of(path, "psk");
	rmdir(path);
	path_of(path, "contract.yaml");
	unlink(path);
	assert_non_null(config);
	return config;
}

static void
the_contracts_example_loads_without_a_finding(void **state)
{
	struct config *config = load_contract();

	assert_string_equal(config->name, "lyon");
	assert_int_equal(config->role, CONFIG_ROLE_CUSTOMER);
	assert_int_equal(config->asn, 65010);
	assert_address(&config->router_id, "192.0.2.10");
	assert_address(&config->outside, "192.0.2.10");
	assert_int_equal(config->networks.count, 1);
	assert_int_equal(config->dataplane, CONFIG_DATAPLANE_AUTO);
	assert_true(config->install_routes);
	assert_int_equal(config->connection_count, 2);
	assert_int_equal(config->peer_count, 1);
	config_free(config);
}

static void
the_contracts_tunnels_hold_what_counts_for_them(void **state)
{
	struct config *config = load_contract();
	const struct config_connection *paris = &config->connections[0], *plant = &config->connections[1];
	const struct config_tunnel *one = &paris->tunnels[0], *two = &paris->tunnels[1],
				   *last = &plant->tunnels[1];

	assert_int_equal(paris->peer_asn, 64512);
	assert_int_equal(paris->protect.count, 1);
	assert_int_equal(plant->routing, CONFIG_ROUTING_STATIC);
	assert_int_equal(plant->routes.count, 1);
	assert_string_equal(one->name, "aws-paris/1");
	assert_string_equal(last->name, "plant/2");
	assert_int_equal(one->id, 1);
	assert_int_equal(last->id, 4);
	assert_int_equal(last->number, 2);
	assert_address(&one->local, "192.0.2.10");
	assert_address(&two->remote, "203.0.113.201");
	assert_string_equal(one->local_id, "192.0.2.10");
	assert_string_equal(one->remote_id, "203.0.113.17");
	assert_address(&one->inside[0].address, "169.254.44.242");
	assert_int_equal(one->inside[0].length, 30);
	assert_address(&one->inside_remote[0], "169.254.44.241");
	assert_false(ip_address_is_set(&one->inside[1].address));
	assert_int_equal(two->psk_length, strlen("Secret.number_1"));
	assert_memory_equal(two->psk, "Secret.number_1", two->psk_length);
	assert_int_equal(one->ike.version, 2);
	assert_int_equal(one->ike.lifetime_s, 28800);
	assert_int_equal(one->ike.proposals.count, 1);
	assert_string_equal(one->ike.proposals.items[0], "aes256gcm16-prfsha384-ecp384");
	assert_int_equal(one->esp.lifetime_s, 3600);
	assert_int_equal(one->esp.replay_window, 1024);
	assert_int_equal(one->dpd.interval_s, 10);
	assert_int_equal(one->dpd.timeout_s, 30);
	assert_int_equal(one->dpd.action, CONFIG_DPD_RESTART);
	assert_int_equal(one->start, CONFIG_START_INITIATE);
	assert_int_equal(one->bgp.hold_s, 30);
	assert_int_equal(one->bgp.keepalive_s, 10);
	assert_int_equal(one->bgp.limits.in, 1000);
	assert_true(one->bfd.enabled);
	assert_int_equal(one->bfd.interval_ms, 50);
	assert_int_equal(one->bfd.multiplier, 3);
	assert_true(one->health.enabled);
	assert_string_equal(one->health.probe, "icmp");
	assert_address(&one->health.target, "169.254.44.241");
	assert_int_equal(one->health.interval_ms, 500);
	assert_int_equal(one->health.recover, 5);
	assert_false(last->bfd.enabled);
	assert_false(last->health.enabled);
	config_free(config);
}

static void
the_contracts_peer_is_read(void **state)
{
	struct config *config = load_contract();
	const struct config_peer *peer = &config->peers[0];

	assert_string_equal(peer->name, "core");
	assert_address(&peer->remote.address, "10.20.0.254");
	assert_address(&peer->local, "10.20.0.1");
	assert_int_equal(peer->asns.count, 1);
	assert_int_equal(peer->asns.items[0], 65010);
	assert_int_equal(peer->bgp.limits.in, 10000);
	assert_int_equal(peer->bgp.hold_s, 30);
	assert_int_equal(peer->bgp.keepalive_s, 10);
	assert_int_equal(peer->port, 179);
	assert_false(peer->passive);
	config_free(config);
}

static void
a_secrets_path_starts_at_the_files_folder(void **state)
{
	static const struct {
		const char *file, *psk, *path;
	} cases[] = {
	    {"/etc/twinspan/gateway.yaml", "psk_file: psk/a", "/etc/twinspan/psk/a"},
	    {"/etc/twinspan/gateway.yaml", "psk_file: /run/keys/a", "/run/keys/a"},
	    {"gateway.yaml", "psk_file: psk/a", "./psk/a"},
	    {"/gateway.yaml", "psk_file: a", "/a"},
	    {"/etc/twinspan/gateway.yaml", "psk: abcdefgh", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *text = text_format("gateway: {name: g, asn: 1, outside: any}\nconnections: [{name: c, "
					 "peer_asn: 2, tunnels: [{remote: 203.0.113.1, inside: "
					 "169.254.10.2/30, %s}]}]\n",
					 cases[i].psk);
		struct config_findings findings = {0};
		struct config *config = config_parse_public(cases[i].file, text, strlen(text), &findings);
		char *path;

		assert_non_null(config);
		path = config_psk_path(config, &config->connections[0].tunnels[0]);
		if (cases[i].path == NULL)
			assert_null(path);
		else
			assert_string_equal(path, cases[i].path);
		free(path);
		free(text);
		config_free(config);
		config_findings_free(&findings);
	}
}

/* --- defaults and inheritance ------------------------------------------------------------------ */

static void
defaults_apply_where_nothing_is_said(void **state)
{
	struct config *config = parse("gateway: {name: g, asn: 1, outside: any}\nconnections: [{name: c, "
				      "peer_asn: 2, tunnels: [{remote: "
				      "203.0.113.1, inside: 169.254.10.2/30, psk: abcdefgh}]}]\n");
	const struct config_tunnel *tunnel = &config->connections[0].tunnels[0];

	assert_int_equal(config->role, CONFIG_ROLE_CUSTOMER);
	assert_int_equal(config->connections[0].routing, CONFIG_ROUTING_DYNAMIC);
	assert_int_equal(config->connections[0].mode, CONFIG_MODE_ACTIVE_PASSIVE);
	assert_int_equal(tunnel->ike.version, 2);
	assert_true(tunnel->ike.proposals.count > 1);
	assert_true(tunnel->esp.proposals.count > 1);
	assert_int_equal(tunnel->ike.lifetime_s, 28800);
	assert_int_equal(tunnel->esp.lifetime_s, 3600);
	assert_int_equal(tunnel->bgp.hold_s, 30);
	assert_int_equal(tunnel->bgp.keepalive_s, 10);
	assert_int_equal(tunnel->bgp.limits.in, 1000); /* AWS's, of a customer */
	assert_false(config->billing.enabled);
	assert_false(config->allow_same_asn);
	assert_int_equal(tunnel->encap, CONFIG_ENCAP_AUTO);
	assert_int_equal(tunnel->mtu, 0);
	assert_null(tunnel->local_id);
	/* Behind NAT without a router id: the first IPv4 address of ours that the file names. */
	assert_address(&config->router_id, "169.254.10.2");
	config_free(config);
}

static void
families_follow_from_addresses_unless_the_file_says_otherwise(void **state)
{
	static const struct {
		const char *inside, *bgp;
		int families;
	} cases[] = {
	    {"169.254.10.2/30", "", CONFIG_FAMILY_IPV4},
	    {"\"fd00:1::2/126\"", "", CONFIG_FAMILY_IPV6},
	    {"[169.254.10.2/30, \"fd00:1::2/126\"]", "", CONFIG_FAMILY_IPV4 | CONFIG_FAMILY_IPV6},
	    {"[169.254.10.2/30, \"fd00:1::2/126\"]", ", bgp: {families: [ipv4]}", CONFIG_FAMILY_IPV4},
	    {"[169.254.10.2/30, \"fd00:1::2/126\"]", ", bgp: {families: ipv6}", CONFIG_FAMILY_IPV6},
	    {"\"fd00:1::2/126\"", ", bgp: {families: [ipv6, ipv4]}", CONFIG_FAMILY_IPV4 | CONFIG_FAMILY_IPV6},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config *config;
		char text[600];

		snprintf(
		    text, sizeof(text),
		    "gateway: {name: g, asn: 1, router_id: 1.1.1.1, outside: any}\nconnections: [{name: c, "
		    "peer_asn: 2, tunnels: [{remote: 203.0.113.1, inside: %s, psk: abcdefgh%s}]}]\npeers: "
		    "[{name: v4, asn: 3, remote: 192.0.2.9}, {name: v6, asn: 3, remote: \"fd00::9\"}, {name: "
		    "both, asn: 3, remote: 192.0.2.8, next_hop: \"fd00::1\", bgp: {families: [ipv4, "
		    "ipv6]}}]\n",
		    cases[i].inside, cases[i].bgp);
		config = parse(text);
		assert_int_equal(config->connections[0].tunnels[0].bgp.families, cases[i].families);
		assert_int_equal(config->peers[0].bgp.families, CONFIG_FAMILY_IPV4);
		assert_int_equal(config->peers[1].bgp.families, CONFIG_FAMILY_IPV6);
		assert_int_equal(config->peers[2].bgp.families, CONFIG_FAMILY_IPV4 | CONFIG_FAMILY_IPV6);
		assert_address(&config->peers[2].next_hop, "fd00::1");
		config_free(config);
	}
}

static void
a_gateway_of_ipv6_has_a_router_id_of_its_own(void **state)
{
	static const char *const outsides[] = {"2001:db8::1", "2001:db8::2", "2001:db8::1"};
	uint32_t ids[3];

	for (size_t i = 0; i < 3; i++) {
		struct config *config;
		char text[400];

		snprintf(text, sizeof(text),
			 "gateway: {name: g, asn: 1, outside: \"%s\"}\npeers: [{name: p, asn: 3, remote: "
			 "\"2001:db8::9\"}]\n",
			 outsides[i]);
		config = parse(text);
		ids[i] = ip_address_to_v4(&config->router_id);
		assert_int_equal(ids[i] >> 24, 10);
		config_free(config);
	}
	assert_int_equal(ids[0], ids[2]);
	assert_int_not_equal(ids[0], ids[1]);
}

#define HUB_WITH(settings) \
	"gateway: {name: g, role: hub, asn: 1, outside: any}\nconnections: [{name: c, peer_asn: " \
	"2, " settings "tunnels: [{remote: 203.0.113.1, inside: 169.254.10.2/30, psk: abcdefgh}]}]\n"

static void
a_hub_takes_a_hundred_prefixes_unless_the_file_says_otherwise(void **state)
{
	struct config *config = parse(HUB_WITH(""));

	assert_int_equal(config->connections[0].tunnels[0].bgp.limits.in, 100);
	config_free(config);
	config = parse(HUB_WITH("bgp: {max_prefixes: 0}, "));
	assert_int_equal(config->connections[0].tunnels[0].bgp.limits.in, 0);
	config_free(config);
}

static void
rates_are_read_exactly(void **state)
{
	struct config *config =
	    parse("gateway: {name: g, asn: 1, outside: 192.0.2.1, billing: {currency: USD, "
		  "connection_hour: 0.05, gigabyte_out: 12.345678}}\n");

	assert_true(config->billing.enabled);
	assert_string_equal(config->billing.currency, "USD");
	assert_int_equal(config->billing.connection_hour, 50000);
	assert_int_equal(config->billing.gigabyte_out, 12345678);
	config_free(config);
}

static void
a_tunnel_overrides_its_connection_and_that_the_defaults(void **state)
{
	struct config *config = parse("gateway: {name: g, asn: 1, outside: 192.0.2.1}\n"
				      "defaults: {mtu: 1300, bgp: {hold: 60s}, bfd: {interval: 50ms}, esp: "
				      "{proposals: [aes128gcm16]}}\n"
				      "connections:\n  - name: c\n    peer_asn: 2\n    mtu: 1400\n    bgp: "
				      "{max_prefixes: 7}\n    tunnels:\n"
				      "      - {remote: 203.0.113.1, inside: 169.254.10.2/30, psk: abcdefgh, "
				      "mtu: 1350, bfd: {enabled: no}}\n"
				      "      - {remote: 203.0.113.2, inside: 169.254.10.6/30, psk: abcdefgh, "
				      "esp: {proposals: [aes256gcm16]},\n"
				      "         bgp: {hold: 9s}}\n");
	const struct config_tunnel *one = &config->connections[0].tunnels[0],
				   *two = &config->connections[0].tunnels[1];

	assert_int_equal(config->connections[0].prefer, 0);
	assert_int_equal(config->connections[0].hold_down_ms, 30000);
	assert_int_equal(one->mtu, 1350);
	assert_int_equal(two->mtu, 1400);
	assert_int_equal(one->bgp.hold_s, 60);
	assert_int_equal(one->bgp.keepalive_s, 20);
	assert_int_equal(two->bgp.hold_s, 9);
	assert_int_equal(two->bgp.keepalive_s, 3);
	assert_int_equal(two->bgp.limits.in, 7);
	assert_false(one->bfd.enabled);
	assert_true(two->bfd.enabled);
	assert_int_equal(two->bfd.interval_ms, 50);
	assert_string_equal(one->esp.proposals.items[0], "aes128gcm16");
	assert_int_equal(two->esp.proposals.count, 1);
	assert_string_equal(two->esp.proposals.items[0], "aes256gcm16");
	config_free(config);
}

static void
the_mtu_fits_whatever_suite_is_agreed_on(void **state)
{
	/* AWS's "Best practices for your customer gateway device", table of MTUs: as protocol 50, in UDP; and
	 * what RFC 4303 2 makes of it over IPv6 */
	static const struct {
		const char *proposals;
		uint32_t raw, udp, udp_v6;
	} table[] = {
	    {"aes256gcm16-ecp384", 1446, 1438, 1418},
	    {"aes128-sha1", 1438, 1422, 1406},
	    {"aes256-sha256", 1438, 1422, 1406},
	    {"aes256-sha384", 1422, 1422, 1390},
	    {"aes256-sha512", 1422, 1406, 1390},
	    {"chacha20poly1305", 1446, 1438, 1418},
	    {"aes192-sha256-sha512-modp2048, aes256gcm16", 1422, 1406, 1390}, /* the least of all */
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		char text[512];
		struct config *config;
		struct config_tunnel *tunnel;

		snprintf(
		    text, sizeof(text),
		    "gateway: {name: g, asn: 1, outside: 192.0.2.1}\ndefaults: {esp: {proposals: "
		    "[%s]}}\nconnections: [{name: c, peer_asn: 2, tunnels: [{remote: 203.0.113.1, inside: "
		    "169.254.10.2/30, psk: abcdefgh}]}]\n",
		    table[i].proposals);
		config = parse(text);
		tunnel = &config->connections[0].tunnels[0];
		assert_int_equal(config_inner_mtu(tunnel), table[i].udp);
		tunnel->encap = CONFIG_ENCAP_NO;
		assert_int_equal(config_inner_mtu(tunnel), table[i].raw);
		tunnel->encap = CONFIG_ENCAP_YES;
		tunnel->remote.family = AF_INET6;
		assert_int_equal(config_inner_mtu(tunnel), table[i].udp_v6);
		tunnel->mtu = 1300;
		assert_int_equal(config_inner_mtu(tunnel), 1300);
		config_free(config);
	}
}

static void
a_peer_of_any_address_is_waited_for(void **state)
{
	struct config *config = parse("gateway: {name: g, asn: 1, outside: 192.0.2.1}\nconnections: [{name: "
				      "c, peer_asn: 2, tunnels: [{remote: "
				      "any, remote_id: far, inside: [\"fd00::2/126\", 169.254.10.2/30], psk: "
				      "abcdefgh, encap: yes}]}]\n");
	const struct config_tunnel *tunnel = &config->connections[0].tunnels[0];

	assert_false(ip_address_is_set(&tunnel->remote));
	assert_string_equal(tunnel->remote_id, "far");
	assert_int_equal(tunnel->start, CONFIG_START_RESPOND);
	assert_int_equal(tunnel->encap, CONFIG_ENCAP_YES);
	assert_address(&tunnel->inside[0].address, "169.254.10.2");
	assert_address(&tunnel->inside[1].address, "fd00::2");
	assert_address(&tunnel->inside_remote[1], "fd00::1");
	config_free(config);
}

/* --- files ------------------------------------------------------------------------------------- */

static void
assert_only_error(const struct config_findings *findings, const char *text)
{
	assert_int_equal(findings->errors, 1);
	assert_int_equal(findings->items[0].line, 1);
	assert_int_equal(findings->items[0].column, 1);
	assert_string_equal(findings->items[0].text, text);
}

static void
a_missing_file_and_a_folder_are_errors_of_the_whole_file(void **state)
{
	struct config_findings findings = {0};

	assert_null(load("none.yaml", &findings));
	assert_only_error(&findings, "can't be opened: No such file or directory");
	config_findings_free(&findings);
	assert_null(config_load(folder, &findings));
	assert_only_error(&findings, "can't be read: Is a directory");
	config_findings_free(&findings);
}

static void
a_file_over_ten_megabytes_is_refused(void **state)
{
	struct config_findings findings = {0};
	size_t length = 10000001;
	char *text = malloc(length), path[128];

	memset(text, '#', length);
	write_file("large.yaml", text, length, 0600);
	assert_null(load("large.yaml", &findings));
	assert_only_error(&findings, "the file is larger than 10 MB");
	config_findings_free(&findings);
	path_of(path, "large.yaml");
	unlink(path);
	free(text);
}

static void
findings_are_bounded_and_the_rest_is_counted(void **state)
{
	struct config_findings findings = {0};
	size_t size = 0, lines = 0;
	char *text = NULL, *printed = NULL;
	FILE *out = open_memstream(&text, &size);
	const char *last = NULL;

	fputs("gateway: {name: g, networks: []}\nconnections: []\n", out);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(out, "key%u: x\n", i);
	fclose(out);
	assert_null(config_parse("f", text, size, &findings));
	assert_int_equal(findings.errors, 20000);
	assert_true(findings.count <= 2000);
	free(text);
	out = open_memstream(&printed, &size);
	config_findings_print(&findings, "f", out);
	fclose(out);
	for (const char *at = printed; *at != '\0'; at = strchr(at, '\n') + 1) {
		lines++;
		if (lines == 101)
			last = at;
	}
	assert_int_equal(lines, 102); /* 100, "and N more", and a warning */
	assert_memory_equal(last, "f:1:1: and 19900 more errors\n", 29);
	free(printed);
	config_findings_free(&findings);
}

static void
aliases_cannot_blow_up(void **state)
{
	struct config_findings findings = {0};
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	fputs("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n", out);
	for (unsigned i = 1; i < 20; i++) {
		fprintf(out, "a%u: &a%u [", i, i);
		for (unsigned j = 0; j < 10; j++)
			fprintf(out, "*a%u%s", i - 1, j < 9 ? ", " : "]\n");
	}
	fclose(out);
	assert_null(config_parse("f", text, size, &findings));
	assert_int_equal(findings.errors, 1);
	assert_string_equal(findings.items[0].text,
			    "the aliases of this file expand to more than 200000 values");
	config_findings_free(&findings);
	free(text);
}

/* The processor's time that a file of `count` connections takes, in seconds: other programs may be busy. */
static double
load_connections(unsigned count)
{
	struct config_findings findings = {0};
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	struct config *config;
	struct timespec begun, ended;

	fputs("gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [10.0.0.0/16]}\nconnections:\n",
	      out);
	for (unsigned i = 0; i < count; i++) {
		fprintf(out,
			"  - name: c%u\n    routing: static\n    routes: [11.%u.%u.0/24]\n    tunnels:\n", i,
			i / 256, i % 256);
		for (unsigned j = 0; j < 2; j++)
			fprintf(out,
				"      - {remote: 203.%u.%u.%u, inside: 169.254.%u.%u/30, psk: abcdefgh}\n",
				j, i / 256, i % 256, 6 + i / 32, i % 32 * 8 + j * 4 + 1);
	}
	fclose(out);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begun);
	config = config_parse("f", text, size, &findings);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	assert_non_null(config);
	assert_int_equal(config->connection_count, count);
	assert_int_equal(config->connections[count - 1].tunnels[1].id, 2 * count);
	config_free(config);
	config_findings_free(&findings);
	free(text);
	return (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
}

static void
ten_times_the_connections_take_about_ten_times_as_long(void **state)
{
	double hundred = 1e9, thousand = 1e9;

	for (unsigned round = 0; round < 3; round++) {
		double few = load_connections(100), many = load_connections(1000);

		hundred = few < hundred ? few : hundred;
		thousand = many < thousand ? many : thousand;
	}
	print_message("# 100 connections: %.1f ms, 1000: %.1f ms\n", hundred * 1000, thousand * 1000);
	assert_true(thousand < 30 * hundred); /* 100 times, where each was compared with each */
}

static int
make_folder(void **state)
{
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_contracts_example_loads_without_a_finding),
	    cmocka_unit_test(the_contracts_tunnels_hold_what_counts_for_them),
	    cmocka_unit_test(the_contracts_peer_is_read),
	    cmocka_unit_test(a_secrets_path_starts_at_the_files_folder),
	    cmocka_unit_test(defaults_apply_where_nothing_is_said),
	    cmocka_unit_test(families_follow_from_addresses_unless_the_file_says_otherwise),
	    cmocka_unit_test(a_gateway_of_ipv6_has_a_router_id_of_its_own),
	    cmocka_unit_test(a_hub_takes_a_hundred_prefixes_unless_the_file_says_otherwise),
	    cmocka_unit_test(rates_are_read_exactly),
	    cmocka_unit_test(a_tunnel_overrides_its_connection_and_that_the_defaults),
	    cmocka_unit_test(the_mtu_fits_whatever_suite_is_agreed_on),
	    cmocka_unit_test(a_peer_of_any_address_is_waited_for),
	    cmocka_unit_test(a_missing_file_and_a_folder_are_errors_of_the_whole_file),
	    cmocka_unit_test(a_file_over_ten_megabytes_is_refused),
	    cmocka_unit_test(findings_are_bounded_and_the_rest_is_counted),
	    cmocka_unit_test(aliases_cannot_blow_up),
	    cmocka_unit_test(ten_times_the_connections_take_about_ten_times_as_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
