// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is known to go wrong with AWS's files, each in a case of its own: what the three kinds of files say
 * differently or not at all, options that they may have, and bytes around them that tools and people leave.
 */
#include "tests/unit/plugins/imports.h"

/* One connection of describe-vpn-connections without its XML: `options` of the connection, `tunnel` of the
 * first tunnel, each with a comma behind it where it isn't empty. */
static char *
described(const char *options, const char *tunnel)
{
	return text_format("{\"VpnConnections\": [{\"VpnConnectionId\": \"vpn-1\", \"Options\": {%s"
			   "\"TunnelOptions\": [{%s\"OutsideIpAddress\": \"203.0.113.17\", "
			   "\"TunnelInsideCidr\": \"169.254.44.240/30\", \"PreSharedKey\": \"MadeUp.One\"}, "
			   "{\"OutsideIpAddress\": \"203.0.113.201\", \"TunnelInsideCidr\": "
			   "\"169.254.44.244/30\", \"PreSharedKey\": \"MadeUp.Two\"}]}}]}",
			   options, tunnel);
}

static struct config *
imported_described(const char *options, const char *tunnel)
{
	char *text = described(options, tunnel);
	struct config *config = imported_text(text);

	free(text);
	return config;
}

static void
assert_described_refused(const char *tunnel, const char *words)
{
	char *text = described("", tunnel);

	assert_refused(text, strlen(text), 0, words);
	free(text);
}

static void
assert_prefix(const struct config_prefixes *list, const char *text)
{
	char out[IP_PREFIX_TEXT];

	assert_int_equal(list->count, 1);
	assert_string_equal(ip_prefix_format(&list->items[0], out), text);
}

/* --- options -------------------------------------------------------------------------------------- */

static void
rekey_margin_and_fuzz_are_taken_over(void **state)
{
	struct config *config = imported_described(
	    "\"StaticRoutesOnly\": true, ",
	    "\"RekeyMarginTimeSeconds\": 120, \"RekeyFuzzPercentage\": 0, \"Phase2LifetimeSeconds\": 1800, ");
	const struct config_tunnel *tunnels = config->connections[0].tunnels;

	assert_int_equal(tunnels[0].rekey.margin_s, 120);
	assert_int_equal(tunnels[0].rekey.fuzz, 0);
	assert_int_equal(tunnels[0].esp.lifetime_s, 1800);
	/* What the other doesn't say is AWS's default. */
	assert_int_equal(tunnels[1].rekey.margin_s, 270);
	assert_int_equal(tunnels[1].rekey.fuzz, 100);
	config_free(config);
	assert_described_refused("\"RekeyMarginTimeSeconds\": 59, ",
				 "rekey margin is out of range: 60 to 1800");
	assert_described_refused("\"RekeyMarginTimeSeconds\": 901, \"Phase2LifetimeSeconds\": 1800, ",
				 "half of the lifetime of ESP");
	assert_described_refused("\"RekeyFuzzPercentage\": 101, ", "rekey fuzz is out of range: 0 to 100");
}

/* As for a transit gateway's connections of IPv6: in the XML by its hosts, in the options by its network. */
static void
an_inside_network_of_ipv6_that_is_told_of_twice_is_one(void **state)
{
	static const char tunnel[] =
	    "<ipsec_tunnel><customer_gateway><tunnel_inside_address><ip_address>fd00:1::2</ip_address>"
	    "<network_cidr>126</network_cidr></tunnel_inside_address></customer_gateway><vpn_gateway>"
	    "<tunnel_outside_address><ip_address>203.0.113.17</ip_address></tunnel_outside_address>"
	    "<tunnel_inside_address><ip_address>fd00:1::1</ip_address><network_cidr>126</network_cidr>"
	    "</tunnel_inside_address></vpn_gateway><ike><pre_shared_key>MadeUp.One</pre_shared_key></ike>"
	    "</ipsec_tunnel>";
	char *text =
	    text_format("{\"VpnConnections\": [{\"CustomerGatewayConfiguration\": \"<vpn_connection "
			"id='vpn-1'>%s</vpn_connection>\", \"Options\": {\"StaticRoutesOnly\": true, "
			"\"TunnelInsideIpVersion\": \"ipv6\", \"TunnelOptions\": "
			"[{\"OutsideIpAddress\": \"203.0.113.17\", \"TunnelInsideCidr\": null, "
			"\"TunnelInsideIpv6Cidr\": \"fd00:1::/126\"}]}}]}",
			tunnel);
	struct config *config = imported_text(text);
	const struct config_tunnel *read = &config->connections[0].tunnels[0];

	assert_false(ip_address_is_set(&read->inside[0].address));
	assert_address(&read->inside[1].address, "fd00:1::2");
	assert_address(&read->inside_remote[1], "fd00:1::1");
	config_free(config);
	free(text);
}

/* As connections, they are listed for a while. */
static void
static_routes_that_were_deleted_are_no_networks(void **state)
{
	struct config *config = imported_text(
	    "{\"VpnConnections\": [{\"VpnConnectionId\": \"vpn-1\", \"Routes\": ["
	    "{\"DestinationCidrBlock\": \"10.22.0.0/16\", \"Source\": \"Static\", \"State\": \"deleted\"}, "
	    "{\"DestinationCidrBlock\": \"10.21.0.0/16\", \"Source\": \"Static\", \"State\": "
	    "\"available\"}], "
	    "\"Options\": {\"StaticRoutesOnly\": true, \"TunnelOptions\": [{\"OutsideIpAddress\": "
	    "\"203.0.113.17\", \"PreSharedKey\": \"MadeUp.One\"}]}}]}");

	assert_prefix(&config->networks, "10.21.0.0/16");
	config_free(config);
}

static void
a_tunnel_of_IKEv1_only_speaks_version_1_without_GCM(void **state)
{
	struct config *config = imported_described(
	    "\"StaticRoutesOnly\": true, ",
	    "\"IkeVersions\": [{\"Value\": \"ikev1\"}], \"Phase1EncryptionAlgorithms\": [{\"Value\": "
	    "\"AES256-GCM-16\"}, {\"Value\": \"AES256\"}], \"Phase1IntegrityAlgorithms\": [{\"Value\": "
	    "\"SHA2-256\"}], \"Phase1DHGroupNumbers\": [{\"Value\": 14}], ");
	const struct config_tunnel *tunnels = config->connections[0].tunnels;

	assert_int_equal(tunnels[0].ike.version, 1);
	assert_int_equal(tunnels[0].ike.proposals.count, 1);
	assert_string_equal(tunnels[0].ike.proposals.items[0], "aes256-sha256-modp2048");
	assert_int_equal(tunnels[1].ike.version, 2);
	config_free(config);
	/* Both: the newer one. Only GCM: what AWS can't mean becomes CBC of the same kind. */
	config = imported_described("\"StaticRoutesOnly\": true, ",
				    "\"IkeVersions\": [{\"Value\": \"ikev1\"}, {\"Value\": \"ikev2\"}], ");
	assert_int_equal(config->connections[0].tunnels[0].ike.version, 2);
	config_free(config);
	config =
	    imported_described("\"StaticRoutesOnly\": true, ",
			       "\"IkeVersions\": [{\"Value\": \"ikev1\"}], \"Phase1EncryptionAlgorithms\": "
			       "[{\"Value\": \"AES128-GCM-16\"}], ");
	assert_int_equal(config->connections[0].tunnels[0].ike.version, 1);
	assert_null(strstr(config->connections[0].tunnels[0].ike.proposals.items[0], "gcm"));
	config_free(config);
}

static void
local_and_remote_network_are_selectors_networks_and_routes(void **state)
{
	static const char options[] =
	    "\"StaticRoutesOnly\": true, \"LocalIpv4NetworkCidr\": \"10.20.0.0/16\", "
	    "\"RemoteIpv4NetworkCidr\": \"10.50.0.0/16\", ";
	struct config *config = imported_described(options, "");
	const struct config_tunnel *tunnel = &config->connections[0].tunnels[1];
	struct import_file *file;
	struct import_result result;
	char *text;

	assert_prefix(&tunnel->selectors.local, "10.20.0.0/16");
	assert_prefix(&tunnel->selectors.remote, "10.50.0.0/16");
	assert_prefix(&config->networks, "10.20.0.0/16");
	assert_prefix(&config->connections[0].routes, "10.50.0.0/16");
	config_free(config);
	/* Everything is no selector. */
	config = imported_described("\"StaticRoutesOnly\": true, \"LocalIpv4NetworkCidr\": \"0.0.0.0/0\", "
				    "\"RemoteIpv6NetworkCidr\": \"::/0\", ",
				    "");
	assert_int_equal(config->connections[0].tunnels[0].selectors.local.count, 0);
	assert_int_equal(config->connections[0].tunnels[0].selectors.remote.count, 0);
	config_free(config);
	/* BGP's packets between the inside addresses would not be let through. */
	text = described("\"StaticRoutesOnly\": false, \"LocalIpv4NetworkCidr\": \"10.20.0.0/16\", ", "");
	file = opened_text(text);
	result = written(file, (struct import_options){.source = "x"});
	assert_true(has_finding(&result, "BGP's own packets are not among them"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

static void
IPv6_inside_addresses_stand_alone_or_beside_IPv4(void **state)
{
	struct config *config = imported_described("\"StaticRoutesOnly\": true, ",
						   "\"TunnelInsideIpv6Cidr\": \"fd12:3456::8/126\", ");
	const struct config_tunnel *tunnels = config->connections[0].tunnels;
	char text[IP_PREFIX_TEXT];

	assert_inside(&tunnels[0], "169.254.44.242/30");
	assert_string_equal(ip_prefix_format(&tunnels[0].inside[1], text), "fd12:3456::a/126");
	assert_address(&tunnels[0].inside_remote[1], "fd12:3456::9");
	assert_int_equal(tunnels[1].inside[1].address.family, AF_UNSPEC);
	config_free(config);
	config =
	    imported_text("{\"VpnConnection\": {\"Options\": {\"StaticRoutesOnly\": true, \"TunnelOptions\": "
			  "[{\"OutsideIpAddress\": \"2001:db8::17\", \"TunnelInsideIpv6Cidr\": "
			  "\"fd00::fe/126\", \"PreSharedKey\": \"MadeUp.One\"}]}}}");
	assert_address(&config->connections[0].tunnels[0].remote, "2001:db8::17");
	assert_int_equal(config->connections[0].tunnels[0].inside[0].address.family, AF_UNSPEC);
	assert_string_equal(ip_prefix_format(&config->connections[0].tunnels[0].inside[1], text),
			    "fd00::fe/126");
	config_free(config);
	assert_described_refused("\"TunnelInsideIpv6Cidr\": \"fd00::/64\", ",
				 "an IPv6 /126, not 'fd00::/64'");
	assert_described_refused("\"TunnelInsideIpv6Cidr\": \"169.254.44.240/30\", ", "an IPv6 /126");
}

static void
an_XML_file_may_have_IPv6_outside_and_inside(void **state)
{
	size_t length;
	char *text = sample("dynamic.xml", &length);
	struct config_findings findings = {0};
	struct import_file *file;
	struct import_result result;
	struct config *config;
	static const char *const from[] = {"192.0.2.10",     "192.0.2.10",     "203.0.113.17",
					   "203.0.113.201",  "169.254.44.242", "169.254.44.241",
					   "169.254.44.246", "169.254.44.245"},
				 *const to[] = {"2001:db8::10", "2001:db8::10", "2001:db8::17",
						"2001:db8::c9", "fd00::2",      "fd00::1",
						"fd00::6",      "fd00::5"};

	for (size_t i = 0; i < COUNT_OF(from); i++) {
		char *at = strstr(text, from[i]), *next;

		assert_non_null(at);
		*at = '\0';
		next = text_format("%s%s%s", text, to[i], at + strlen(from[i]));
		free(text);
		text = next;
	}
	for (char *at; (at = strstr(text, "<network_cidr>30<")) != NULL;) {
		char *next;

		*at = '\0';
		next = text_format("%s<network_cidr>126<%s", text, at + strlen("<network_cidr>30<"));
		free(text);
		text = next;
	}
	file = opened_text(text);
	result = written(file, (struct import_options){.inline_secrets = true});
	assert_non_null(strstr(result.text, "inside: fd00::2/126"));
	assert_non_null(strstr(result.text, "remote: 2001:db8::17"));
	/* No IPv4 address is left to be BGP's identifier: a number made from the IPv6 one is. */
	config = config_parse("/x.yaml", result.text, result.length, &findings);
	assert_non_null(config);
	assert_int_equal(findings.errors, 0);
	assert_int_equal(config->router_id.family, AF_INET);
	config_free(config);
	config_findings_free(&findings);
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

static void
a_tunnel_with_a_certificate_is_told(void **state)
{
	static const char text[] =
	    "{\"VpnConnection\": {\"VpnConnectionId\": \"vpn-1\", \"VgwTelemetry\": [{\"OutsideIpAddress\": "
	    "\"203.0.113.17\", \"CertificateArn\": \"arn:aws:acm:x\"}], \"Options\": {\"StaticRoutesOnly\": "
	    "true, "
	    "\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.17\"}]}}}";
	struct import_file *file = opened_text(text);
	struct import_result result = written(file, (struct import_options){.source = "x"});

	assert_int_equal(result.secret_count, 0);
	assert_true(has_finding(&result, "authenticates by certificate"));
	assert_false(has_finding(&result, "Secrets Manager"));
	assert_non_null(strstr(result.text, "# AWS authenticates this tunnel by certificate"));
	assert_non_null(strstr(
	    result.text,
	    "\n        certificate: {file: certs/vpn-1.pem, key: certs/vpn-1.key, ca: certs/vpn-1-ca.pem}\n"
	    "        remote_id: any\n"));
	assert_null(strstr(result.text, "psk"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

static void
options_of_another_shape_are_an_error(void **state)
{
	static const struct {
		const char *value, *said;
	} cases[] = {
	    {"\"Options\": \"x\"", "Options must be a JSON object"},
	    {"\"Options\": [1]", "Options must be a JSON object"},
	    {"\"Options\": {\"TunnelOptions\": {\"OutsideIpAddress\": \"203.0.113.17\"}}",
	     "TunnelOptions must be a list"},
	    {"\"Options\": {\"TunnelOptions\": [7]}", "TunnelOptions must be a list of JSON objects"},
	    {"\"Options\": {\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.17\", "
	     "\"Phase1EncryptionAlgorithms\": \"AES256\"}]}",
	     "Phase1EncryptionAlgorithms must be a list such as [{\"Value\": ...}]"},
	    {"\"Options\": {\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.17\", "
	     "\"Phase2DHGroupNumbers\": [14]}]}",
	     "Phase2DHGroupNumbers must be a list such as [{\"Value\": ...}]"},
	    {"\"CustomerGatewayConfiguration\": 7", "CustomerGatewayConfiguration must be a text"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[300];

		snprintf(text, sizeof(text), "{\"VpnConnection\": {\"VpnConnectionId\": \"vpn-1\", %s}}",
			 cases[i].value);
		assert_refused(text, strlen(text), 0, cases[i].said);
	}
}

/* They can't be joined with a tunnel of the XML. */
static void
options_without_an_outside_address_are_told(void **state)
{
	char *text =
	    text_format("{\"VpnConnections\": [{\"VpnConnectionId\": \"vpn-1\", \"Options\": "
			"{\"StaticRoutesOnly\": true, "
			"\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.17\", \"PreSharedKey\": "
			"\"MadeUp.One\"}, {\"Phase1LifetimeSeconds\": 900}]}}]}");
	struct import_file *file = opened_text(text);
	struct import_result result = written(file, (struct import_options){.inline_secrets = true});

	assert_true(has_finding(&result, "the options of a tunnel are left out: without OutsideIpAddress"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

static void
a_secret_by_its_name_in_Secrets_Manager_is_none(void **state)
{
	char *text =
	    changed("dynamic.xml", KEY_ONE, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s2svpn-1");
	struct import_file *file = opened_text(text);
	struct import_result result = written(file, (struct import_options){.source = "x"});

	assert_true(has_finding(&result, "is not in the file (AWS may keep it in Secrets Manager)"));
	assert_int_equal(result.secret_count, 1);
	assert_string_equal(result.secrets[0].text, KEY_TWO);
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

static void
a_transit_gateway_leaves_ids_empty(void **state)
{
	char *text =
	    changed("dynamic.xml", "<vpn_gateway_id>vgw-0a1b2c3d</vpn_gateway_id>", "<vpn_gateway_id/>");
	struct import_file *file = opened_text(text);
	struct import_result result = written(file, (struct import_options){.source = "x"});

	assert_non_null(strstr(result.text, "  # vpn-0123456789abcdef0, customer gateway cgw-0f00d\n"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
	text = text_format("{\"VpnConnection\": {\"VpnConnectionId\": \"vpn-1\", \"VpnGatewayId\": \"\", "
			   "\"TransitGatewayId\": \"tgw-7\", \"Options\": {\"StaticRoutesOnly\": true, "
			   "\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.1\", \"PreSharedKey\": "
			   "\"MadeUp.One\"}]}}}");
	file = opened_text(text);
	result = written(file, (struct import_options){.source = "x"});
	assert_non_null(strstr(result.text, "gateway tgw-7"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

static void
AWS_may_begin_as_well_and_wait_longer(void **state)
{
	struct config *config =
	    imported_described("\"StaticRoutesOnly\": true, ",
			       "\"StartupAction\": \"start\", \"DpdTimeoutAction\": \"restart\", "
			       "\"DpdTimeoutSeconds\": 60, \"ReplayWindowSize\": 2048, ");
	const struct config_tunnel *tunnel = &config->connections[0].tunnels[0];

	assert_int_equal(tunnel->start, CONFIG_START_INITIATE);
	assert_int_equal(tunnel->dpd.action, CONFIG_DPD_RESTART);
	assert_int_equal(tunnel->dpd.timeout_s, 60);
	assert_int_equal(tunnel->esp.replay_window, 2048);
	config_free(config);
}

static void
an_inside_network_may_be_named_by_any_of_its_addresses(void **state)
{
	for (unsigned host = 240; host < 244; host++) {
		char tunnel[80];
		char *text = described("\"StaticRoutesOnly\": true, ", ""), *other;
		struct config *config;

		snprintf(tunnel, sizeof(tunnel), "169.254.44.%u/30", host);
		other = strstr(text, "169.254.44.240/30");
		memcpy(other, tunnel, strlen(tunnel));
		config = imported_text(text);
		assert_inside(&config->connections[0].tunnels[0], "169.254.44.242/30");
		config_free(config);
		free(text);
	}
}

/* --- bytes around it ------------------------------------------------------------------------------ */

/* Each newline as Windows has it. */
static char *
with_returns(const char *text)
{
	char *out = memory_zeroed(strlen(text) * 2 + 1, 1), *to = out;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			*to++ = '\r';
		*to++ = *text;
	}
	return out;
}

static void
Windows_line_ends_and_a_byte_order_mark_change_nothing(void **state)
{
	static const char *const names[] = {"dynamic.xml", "dynamic.txt", "static.txt", "static.xml",
					    "describe.json"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t length;
		char *plain = sample(names[i], &length), *returns = with_returns(plain),
		     *marked = text_format("\xef\xbb\xbf%s", returns);
		struct import_file *a = opened_text(plain), *b = opened_text(marked);
		struct import_result first = written(a, (struct import_options){.source = "x"}),
				     second = written(b, (struct import_options){.source = "x"});

		assert_string_equal(first.text, second.text);
		assert_int_equal(first.secret_count, second.secret_count);
		for (size_t k = 0; k < first.secret_count; k++)
			assert_string_equal(first.secrets[k].text, second.secrets[k].text);
		aws_import_ops.result_free(&first);
		aws_import_ops.result_free(&second);
		aws_import_ops.close(a);
		aws_import_ops.close(b);
		free(plain);
		free(returns);
		free(marked);
	}
}

static void
compressed_files_and_UTF_16_are_refused_by_their_name(void **state)
{
	assert_refused("\x1f\x8b\x08\x00\x00\x00", 6, 0, "compressed (gzip): unpack it first");
	assert_refused("PK\x03\x04\x14\x00", 6, 0, "compressed (zip): unpack it first");
	assert_refused("\xff\xfe<\0v\0", 6, 0, "UTF-16: save it as UTF-8");
	assert_refused("\xfe\xff\0<\0v", 6, 0, "UTF-16: save it as UTF-8");
	/* Too short to be any of them. */
	assert_refused("\x1f", 1, 0, "none of AWS's files");
}

static void
huge_numbers_are_out_of_range_and_never_wrap(void **state)
{
	static const struct {
		const char *tunnel, *words;
	} cases[] = {
	    {"\"Phase1LifetimeSeconds\": 4294967296, ", "out of range: 900 to 28800"},
	    {"\"Phase1LifetimeSeconds\": 4294996096, ", "out of range"}, /* 28800 where it wraps */
	    {"\"Phase1LifetimeSeconds\": -28800, ", "must be a number"},
	    {"\"Phase1LifetimeSeconds\": \"99999999999999999999999999\", ", "must be a number"},
	    {"\"Phase1LifetimeSeconds\": 99999999999999999999999999, ", "too big integer"},
	    {"\"Phase1LifetimeSeconds\": 2.88e4, ", "a text or a number is wanted"},
	    {"\"Phase1LifetimeSeconds\": 1e999, ", "real number overflow"},
	    {"\"ReplayWindowSize\": 63, ", "out of range: 64 to 2048"},
	    {"\"DpdTimeoutSeconds\": [30], ", "a text or a number is wanted"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct import_finding why = {0};
		char *text = described("", cases[i].tunnel);

		assert_null(aws_import_ops.open(text, strlen(text), &why));
		if (strstr(why.text, cases[i].words) == NULL)
			fail_msg("%s: %s", cases[i].tunnel, why.text);
		free(text);
	}
}

static void
a_text_file_that_is_cut_has_no_half_tunnel(void **state)
{
	size_t length;
	char *text = sample("dynamic.txt", &length);
	size_t first = (size_t)(strstr(text, "Virtual Private Gateway	") - text);

	for (size_t cut = 0; cut < first; cut += 13) {
		struct import_finding why = {0};

		assert_null(aws_import_ops.open(text, cut, &why));
		assert_true(why.text[0] != '\0');
	}
	free(text);
}

TEST_MAIN(cmocka_unit_test(rekey_margin_and_fuzz_are_taken_over),
	  cmocka_unit_test(an_inside_network_of_ipv6_that_is_told_of_twice_is_one),
	  cmocka_unit_test(static_routes_that_were_deleted_are_no_networks),
	  cmocka_unit_test(a_tunnel_of_IKEv1_only_speaks_version_1_without_GCM),
	  cmocka_unit_test(local_and_remote_network_are_selectors_networks_and_routes),
	  cmocka_unit_test(IPv6_inside_addresses_stand_alone_or_beside_IPv4),
	  cmocka_unit_test(an_XML_file_may_have_IPv6_outside_and_inside),
	  cmocka_unit_test(a_tunnel_with_a_certificate_is_told),
	  cmocka_unit_test(options_of_another_shape_are_an_error),
	  cmocka_unit_test(options_without_an_outside_address_are_told),
	  cmocka_unit_test(a_secret_by_its_name_in_Secrets_Manager_is_none),
	  cmocka_unit_test(a_transit_gateway_leaves_ids_empty),
	  cmocka_unit_test(AWS_may_begin_as_well_and_wait_longer),
	  cmocka_unit_test(an_inside_network_may_be_named_by_any_of_its_addresses),
	  cmocka_unit_test(Windows_line_ends_and_a_byte_order_mark_change_nothing),
	  cmocka_unit_test(compressed_files_and_UTF_16_are_refused_by_their_name),
	  cmocka_unit_test(huge_numbers_are_out_of_range_and_never_wrap),
	  cmocka_unit_test(a_text_file_that_is_cut_has_no_half_tunnel))
