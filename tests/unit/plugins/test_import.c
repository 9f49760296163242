// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing AWS's files: what the plugin makes of each kind of file (samples/, whose keys are made up), what
 * it refuses, and how secrets are kept. What comes out is read by the configuration's own reader, so that a
 * test sees values and not their spelling.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/importer.h"
#include "tests/unit/plugins/imports.h"

/* --- the three kinds of files ------------------------------------------------------------------- */

static void
assert_paris(const struct config *config, size_t index)
{
	const struct config_connection *connection = &config->connections[index];

	assert_int_equal(config->asn, 65010);
	assert_address(&config->outside, "192.0.2.10");
	assert_string_equal(connection->name, "vpn-0123456789abcdef0");
	assert_int_equal(connection->routing, CONFIG_ROUTING_DYNAMIC);
	assert_int_equal(connection->peer_asn, 64512);
	assert_int_equal(connection->tunnel_count, 2);
	assert_address(&connection->tunnels[0].remote, "203.0.113.17");
	assert_address(&connection->tunnels[1].remote, "203.0.113.201");
	assert_inside(&connection->tunnels[0], "169.254.44.242/30");
	assert_inside(&connection->tunnels[1], "169.254.44.246/30");
	assert_psk(&connection->tunnels[0], KEY_ONE);
	assert_psk(&connection->tunnels[1], KEY_TWO);
	assert_int_equal(connection->tunnels[0].bgp.hold_s, 30);
	assert_int_equal(connection->tunnels[0].bgp.keepalive_s, 10);
	assert_int_equal(connection->tunnels[0].ike.lifetime_s, 28800);
	assert_int_equal(connection->tunnels[0].esp.lifetime_s, 3600);
	assert_int_equal(connection->tunnels[0].dpd.interval_s, 10);
	assert_int_equal(connection->tunnels[0].dpd.timeout_s, 30);
	/* The samples' suite is not what the tunnels are limited to. */
	assert_true(connection->tunnels[0].ike.proposals.count > 1);
	assert_string_equal(connection->tunnels[0].esp.proposals.items[0], "aes256gcm16-ecp384");
}

static void
assert_plant(const struct config *config, size_t index)
{
	const struct config_connection *connection = &config->connections[index];

	assert_string_equal(connection->name, "vpn-0aaaaaaaaaaaaaaaa");
	assert_int_equal(connection->routing, CONFIG_ROUTING_STATIC);
	assert_address(&connection->tunnels[1].remote, "198.51.100.9");
	assert_inside(&connection->tunnels[1], "169.254.45.6/30");
	assert_psk(&connection->tunnels[1], "MadeUpStaticTwo.2");
}

static void
a_dynamic_connection_is_read_from_xml_and_from_text(void **state)
{
	static const char *const names[] = {"dynamic.xml", "dynamic.txt"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct config *config = imported(names[i]);

		assert_int_equal(config->connection_count, 1);
		assert_paris(config, 0);
		config_free(config);
	}
}

static void
a_static_connection_is_read_from_xml_and_from_text(void **state)
{
	static const char *const names[] = {"static.xml", "static.txt"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct config *config = imported(names[i]);

		assert_int_equal(config->connection_count, 1);
		assert_plant(config, 0);
		config_free(config);
	}
}

static void
several_connections_come_from_one_file(void **state)
{
	static const char *const names[] = {"two.xml", "after-another.xml"};
	size_t length, other;
	char *first, *second, *both;
	struct import_finding why = {0};
	struct import_file *file;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct config *config = imported(names[i]);

		assert_int_equal(config->connection_count, 2);
		assert_paris(config, 0);
		assert_plant(config, 1);
		config_free(config);
	}
	/* And text files one after the other. */
	first = sample("dynamic.txt", &length);
	second = sample("static.txt", &other);
	both = text_format("%s\n%s", first, second);
	file = aws_import_ops.open(both, strlen(both), &why);
	assert_non_null(file);
	assert_int_equal(aws_import_ops.count(file), 2);
	aws_import_ops.close(file);
	free(first);
	free(second);
	free(both);
}

static void
lines_count_on_over_documents(void **state)
{
	size_t length;
	char *first = sample("dynamic.xml", &length), *both;
	unsigned lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += first[i] == '\n';
	both = text_format("%s<?xml version=\"1.0\"?>\n<html/>\n", first);
	assert_refused(both, strlen(both), lines + 2, "'html'");
	free(first);
	free(both);
}

static void
json_options_join_on_the_outside_address_and_count_more_than_the_xml(void **state)
{
	struct import_file *file = opened("describe.json");
	struct import_result result =
	    written(file, (struct import_options){.inline_secrets = true, .connection = "Paris-main"});
	struct config_findings findings = {0};
	struct config *config = config_parse("/imported.yaml", result.text, result.length, &findings);
	const struct config_tunnel *tunnels;

	assert_non_null(config);
	assert_int_equal(config->connection_count, 1);
	tunnels = config->connections[0].tunnels;
	/* The options come in the other order. */
	assert_address(&tunnels[0].remote, "203.0.113.17");
	assert_int_equal(tunnels[0].ike.lifetime_s, 14400);
	assert_int_equal(tunnels[1].ike.lifetime_s, 28800);
	assert_int_equal(tunnels[0].esp.lifetime_s, 3000);
	assert_int_equal(tunnels[0].esp.replay_window, 512);
	assert_int_equal(tunnels[0].dpd.timeout_s, 45);
	assert_inside(&tunnels[0], "169.254.44.242/30");
	assert_psk(&tunnels[1], KEY_TWO);
	/* GCM and CBC apart, weak ones left out where there are better ones. */
	assert_int_equal(tunnels[0].ike.proposals.count, 2);
	assert_string_equal(tunnels[0].ike.proposals.items[0],
			    "aes256gcm16-prfsha384-prfsha256-ecp384-modp2048");
	assert_string_equal(tunnels[0].ike.proposals.items[1], "aes128-sha384-sha256-ecp384-modp2048");
	assert_string_equal(tunnels[0].esp.proposals.items[0], "aes256gcm16-ecp384-modp2048");
	config_free(config);
	config_findings_free(&findings);
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

static void
json_without_xml_is_enough(void **state)
{
	struct import_file *file = opened("describe.json");
	struct import_result result = written(
	    file, (struct import_options){.inline_secrets = true, .connection = "vpn-0bbbbbbbbbbbbbbbb"});

	/* By the network's address and by a host's, AWS's static routes as this side's networks. */
	assert_non_null(strstr(result.text, "inside: 169.254.46.2/30"));
	assert_non_null(strstr(result.text, "inside: 169.254.46.6/30"));
	assert_non_null(strstr(result.text, "routing: static"));
	assert_non_null(strstr(result.text, "networks: [10.20.0.0/16, 10.21.0.0/16]"));
	assert_non_null(strstr(result.text, "routes: [10.60.0.0/16]"));
	assert_true(has_finding(&result, "198.51.100.32 is not in the file"));
	assert_non_null(strstr(result.text, "ike: {version: 1, "));
	assert_true(has_finding(&result, "'vpn-0dead' is deleted"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

static void
AS_numbers_that_are_nowhere_are_AWSs_defaults(void **state)
{
	static const char text[] =
	    "{\"VpnConnection\": {\"VpnConnectionId\": \"vpn-1\", \"Options\": {\"StaticRoutesOnly\": false, "
	    "\"TunnelOptions\": [{\"OutsideIpAddress\": \"203.0.113.1\", \"TunnelInsideCidr\": "
	    "\"169.254.44.240/30\", \"PreSharedKey\": \"MadeUp.One\"}]}}}";
	struct import_finding why = {0};
	struct import_file *file = aws_import_ops.open(text, strlen(text), &why);
	struct import_result result;

	assert_non_null(file);
	result = written(file, (struct import_options){.source = "x"});
	assert_non_null(strstr(result.text, "asn: 65000\n"));
	assert_non_null(strstr(result.text, "peer_asn: 64512\n"));
	assert_non_null(strstr(result.text, "outside: any"));
	assert_non_null(strstr(result.text, "bgp: {keepalive: 10s, hold: 30s}"));
	assert_true(has_finding(&result, "AWS's defaults are taken"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

static void
old_files_have_padded_texts_and_lack_inside_addresses_and_keys(void **state)
{
	struct import_file *file = opened("old.xml");
	struct import_result result = written(file, (struct import_options){.source = "old.xml"});

	assert_non_null(strstr(result.text, "remote: 198.51.100.21\n"));
	assert_null(strstr(result.text, " inside: 169"));
	assert_int_equal(result.secret_count, 1);
	assert_string_equal(result.secrets[0].file, "psk/vpn-1a2b3c4d-2");
	assert_string_equal(result.secrets[0].text, "MadeUpOldKey.22");
	assert_true(has_finding(&result, "198.51.100.21 is not in the file"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

/* --- proposals ---------------------------------------------------------------------------------- */

static bool
accepts_all(bool esp, const char *proposal)
{
	return true;
}

static void
algorithms_are_known_by_all_of_their_names(void **state)
{
	static const struct {
		enum aws_kind kind;
		const char *a, *b;
	} same[] = {
	    {AWS_ENCRYPTION, "AES128", "aes-128-cbc"},
	    {AWS_ENCRYPTION, "AES256-GCM-16", "aes-256-gcm"},
	    {AWS_INTEGRITY, "SHA1", "hmac-sha1-96"},
	    {AWS_INTEGRITY, "SHA2-256", "hmac-sha2-256-128"},
	    {AWS_INTEGRITY, "SHA2-512", "sha512"},
	    {AWS_GROUP, "2", "Diffie-Hellman Group 2"},
	    {AWS_GROUP, "24", "group24"},
	};
	static const char *const unknown[] = {"", "des", "aes-512-cbc", "md5", "group1", "99999999999"};

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		assert_int_not_equal(aws_algorithm(same[i].kind, same[i].a), 0);
		assert_int_equal(aws_algorithm(same[i].kind, same[i].a),
				 aws_algorithm(same[i].kind, same[i].b));
	}
	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		for (int kind = 0; kind < 3; kind++)
			assert_int_equal(aws_algorithm((enum aws_kind)kind, unknown[i]), 0);
	}
}

static void
all_of_AWS_at_once_makes_proposals_that_are_accepted(void **state)
{
	const struct aws_phase all = {.encryption = 0xf, .integrity = 0xf, .groups = 0x1fff};

	for (int esp = 0; esp < 2; esp++) {
		struct text_list list = {0};
		bool nearest;

		aws_proposals(&all, esp, accepts_all, &list, &nearest);
		assert_false(nearest);
		assert_true(list.count >= 4);
		for (size_t i = 0; i < list.count; i++) {
			assert_null(strstr(list.items[i], "sha1"));
			assert_null(strstr(list.items[i], "modp1024-"));
			assert_true(config_accepts_proposal(esp, list.items[i]));
		}
		text_list_free(&list);
	}
}

static bool
accepts_no_cbc(bool esp, const char *proposal)
{
	return !esp || strstr(proposal, "gcm") != NULL;
}

static void
what_the_configuration_refuses_becomes_the_nearest_with_a_finding(void **state)
{
	struct import_file *file = opened("describe.json");
	struct import_options options = {.inline_secrets = true, .connection = "plant"};
	struct import_result result = written(file, options);

	assert_non_null(strstr(result.text, "esp: {proposals: [aes128-sha256-modp1024]"));
	assert_false(has_finding(&result, "AES128 with SHA2-256"));
	aws_import_ops.result_free(&result);
	options.accepts = accepts_no_cbc;
	result = written(file, options);
	assert_non_null(strstr(result.text, "esp: {proposals: [aes128gcm16-modp1024]"));
	assert_true(has_finding(&result, "AES128 with SHA2-256, DH group 2 for ESP"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
}

static void
a_suite_that_is_more_than_the_least_is_taken_from_xml(void **state)
{
	char *text =
	    changed("dynamic.xml", "<encryption_protocol>aes-128-cbc", "<encryption_protocol>aes-256-gcm-16");
	struct import_finding why = {0};
	struct import_file *file = aws_import_ops.open(text, strlen(text), &why);
	struct import_result result = written(file, (struct import_options){.source = "x"});

	assert_non_null(strstr(result.text, "proposals: [aes256gcm16-prfsha1-modp1024]"));
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	free(text);
}

/* --- names, one connection ---------------------------------------------------------------------- */

static void
one_connection_gets_the_name_that_was_chosen(void **state)
{
	struct import_file *file = opened("two.xml");
	struct import_connection about;
	struct import_result result = written(
	    file, (struct import_options){
		      .connection = "vpn-0aaaaaaaaaaaaaaaa", .name = "plant", .connection_only = true});
	struct import_finding why = {0};
	struct import_options bad = {.name = "both"};

	assert_non_null(strstr(result.text, "  - name: plant\n"));
	assert_null(strstr(result.text, "gateway:\n"));
	assert_null(strstr(result.text, "connections:"));
	assert_null(strstr(result.text, "vpn-0123456789abcdef0"));
	assert_int_equal(result.secret_count, 2);
	assert_string_equal(result.secrets[1].file, "psk/plant-2");
	aws_import_ops.result_free(&result);

	assert_int_equal(aws_import_ops.count(file), 2);
	aws_import_ops.describe(file, 1, &about);
	assert_string_equal(about.id, "vpn-0aaaaaaaaaaaaaaaa");
	assert_false(about.dynamic);
	assert_int_equal(about.tunnels, 2);
	assert_address(&about.remote[0], "198.51.100.7");

	assert_false(aws_import_ops.write(file, &bad, &result, &why));
	assert_non_null(strstr(why.text, "several"));
	bad = (struct import_options){.connection = "vpn-0aaaaaaaaaaaaaaaa", .name = "../x"};
	assert_false(aws_import_ops.write(file, &bad, &result, &why));
	assert_non_null(strstr(why.text, "can't be a name"));
	bad = (struct import_options){.connection = "nowhere"};
	assert_false(aws_import_ops.write(file, &bad, &result, &why));
	assert_non_null(strstr(why.text, "'nowhere'"));
	aws_import_ops.close(file);
}

/* Texts from the file must not become YAML or paths. */
static void
names_and_comments_hold_no_tricks(void **state)
{
	static const char *const tags[] = {"../../etc/x", "a: b\\n  evil: 1", "x\\u2028gateway: {}", "null",
					   "---"};
	char *text, *tag;

	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		struct import_finding why = {0};
		struct import_file *file;
		struct import_result result;
		struct config_findings findings = {0};
		struct config *config;

		tag = text_format("\"%s\"", tags[i]);
		text = changed("describe.json", "\"Paris (main)\"", tag);
		file = aws_import_ops.open(text, strlen(text), &why);
		assert_non_null(file);
		result = written(file, (struct import_options){.source = "a\xe2\x80\xa8gateway: {}\n",
							       .inline_secrets = true,
							       .connection = "vpn-0123456789abcdef0"});
		config = config_parse("/x.yaml", result.text, result.length, &findings);
		assert_non_null(config);
		assert_true(aws_is_name(config->connections[0].name));
		config_free(config);
		config_findings_free(&findings);
		aws_import_ops.result_free(&result);
		aws_import_ops.close(file);
		free(text);
		free(tag);
	}
}

static void
two_connections_never_share_a_name(void **state)
{
	char *text = changed("two.xml", "vpn-0aaaaaaaaaaaaaaaa", "vpn-0123456789abcdef0");
	struct import_finding why = {0};
	struct import_file *file = aws_import_ops.open(text, strlen(text), &why);
	struct import_connection first, second;

	assert_non_null(file);
	aws_import_ops.describe(file, 0, &first);
	aws_import_ops.describe(file, 1, &second);
	assert_string_not_equal(first.name, second.name);
	aws_import_ops.close(file);
	free(text);
}

/* --- bad files ---------------------------------------------------------------------------------- */

static void
entities_and_document_types_are_refused(void **state)
{
	size_t length;
	char *text = sample("laughs.xml", &length), *json;

	assert_refused(text, length, 2, "DTD");
	free(text);
	text = changed("dynamic.xml", "<vpn_connection ",
		       "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">\n<vpn_connection ");
	assert_refused(text, strlen(text), 2, "DTD");
	free(text);
	json = changed("describe.json", "<vpn_connection ", "<!DOCTYPE x>\\n<vpn_connection ");
	assert_refused(json, strlen(json), 0, "line 2 of its CustomerGatewayConfiguration: a document type");
	free(json);
}

static void
a_cut_file_is_refused_wherever_it_is_cut(void **state)
{
	static const char *const names[] = {"dynamic.xml", "describe.json"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t length;
		char *text = sample(names[i], &length);

		/* Without the last newline it is whole. */
		for (size_t cut = 0; cut < length - 2; cut += 7) {
			struct import_finding why = {0};

			assert_null(aws_import_ops.open(text, cut, &why));
			assert_true(why.text[0] != '\0');
		}
		free(text);
	}
}

static void
values_that_make_no_sense_are_told_with_their_line(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} cases[] = {
	    {">203.0.113.17<", ">203.0.113.999<", "AWS's outside address"},
	    {">203.0.113.17<", "><", "no outside address"},
	    {">64512<", ">many<", "AWS's AS number must be a number"},
	    {">30</hold_time>", ">70000</hold_time>", "hold time is out of range"},
	    {">28800<", ">5<", "lifetime of IKE is out of range: 900 to 28800"},
	    {">3600<", ">4000<", "lifetime of ESP is out of range: 900 to 3600"},
	    {">" KEY_ONE "<", ">two words<", "pre-shared key has a space"},
	    {">169.254.44.242<", ">fd00::2<", "inside address"},
	    {"</vpn_connection>", "<ipsec_tunnel/></vpn_connection>", "third"},
	    {"</vpn_connection>", "", "not well-formed"},
	    {"</ike>", "</ipsec>", "mismatched tag"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *text = changed("dynamic.xml", cases[i].from, cases[i].to);
		struct import_finding why = {0};

		assert_null(aws_import_ops.open(text, strlen(text), &why));
		if (strstr(why.text, cases[i].words) == NULL || why.line == 0)
			fail_msg("%s: line %u: %s", cases[i].to, why.line, why.text);
		assert_null(strstr(why.text, "two words"));
		free(text);
	}
}

static void
what_is_none_of_AWSs_files_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} cases[] = {
	    {"", 0, "empty"},
	    {" \n\t", 0, "empty"},
	    {"hello\n", 0, "none of AWS's files"},
	    {"<html><body/></html>", 1, "'html'"},
	    {"<vpn_connections/>", 0, "no VPN connection"},
	    {"<vpn_connection id=\"vpn-1\"/>", 1, "no tunnels"},
	    {"{}", 0, "VpnConnections"},
	    {"[]", 0, "no VPN connection"},
	    {"{\"VpnConnections\": [1]}", 0, "must be a JSON object"},
	    {"{\n\"a\": }", 2, "not valid JSON"},
	    {"{\"VpnConnections\": [{\"VpnConnectionId\": [1]}]}", 0, "a text or a number"},
	    {"{\"a\":1,\"a\":2}", 1, "not valid JSON: duplicate object key"},
	    {"\xff\xfe<\0", 0, "UTF-8"},
	};
	char *deep = memory_zeroed(100001, 1);

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].line, cases[i].words);
	assert_refused("<vpn\0", 5, 0, "UTF-8");
	memset(deep, '[', 100000);
	assert_refused(deep, 100000, 1, "nested");
	for (size_t i = 0; i < 100000; i++)
		deep[i] = "<a>"[i % 3];
	memcpy(deep, "<VpnConnections>   ", 18);
	assert_refused(deep, 99999, 1, "nested");
	free(deep);
}

static void
a_key_that_differs_between_json_and_xml_is_refused_without_being_shown(void **state)
{
	char *text =
	    changed("describe.json", "\"PreSharedKey\": \"" KEY_TWO, "\"PreSharedKey\": \"Another.Key");
	struct import_finding why = {0};

	assert_null(aws_import_ops.open(text, strlen(text), &why));
	assert_non_null(strstr(why.text, "'vpn-0123456789abcdef0': there are two different pre-shared keys"));
	free(text);
}

/* --- secrets ------------------------------------------------------------------------------------ */

struct place {
	char folder[64];
	char path[128];
};

static int
make_place(void **state)
{
	struct place *place = memory_zeroed(1, sizeof(*place));

	strcpy(place->folder, "/tmp/twinspan-import-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	*state = place;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *place = *state;
	static const char *const names[] = {"psk/a-1", "psk/a-2", "psk", "elsewhere", ""};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(place->path, sizeof(place->path), "%s/%s", place->folder, names[i]);
		if (unlink(place->path) != 0)
			rmdir(place->path);
	}
	free(place);
	return 0;
}

static const char *
at(struct place *place, const char *name)
{
	snprintf(place->path, sizeof(place->path), "%s/%s", place->folder, name);
	return place->path;
}

static void
put(struct place *place, const char *name, const char *text, mode_t mode)
{
	int fd = open(at(place, name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
assert_content(struct place *place, const char *name, const char *text)
{
	size_t length;
	char *got = file_read(at(place, name), 1000, &length, NULL);

	assert_non_null(got);
	assert_string_equal(got, text);
	free(got);
}

static struct import_secret two_secrets[] = {{"psk/a-1", "one.11111"}, {"psk/a-2", "two.22222"}};
static const struct import_result two = {.secrets = two_secrets, .secret_count = 2};

static void
secrets_go_into_private_files(void **state)
{
	struct place *place = *state;
	struct stat status;
	mode_t before = umask(0);

	assert_true(importer_save_secrets(&two, place->folder, NULL));
	umask(before);
	assert_int_equal(stat(at(place, "psk"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(at(place, "psk/a-2"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_content(place, "psk/a-1", "one.11111\n");
	/* Once more is no harm. */
	assert_true(importer_save_secrets(&two, place->folder, NULL));
}

static void
a_secret_of_another_content_stays_and_nothing_is_written(void **state)
{
	struct place *place = *state;
	struct error err = {""};

	assert_int_equal(mkdir(at(place, "psk"), 0700), 0);
	put(place, "psk/a-2", "mine.33333\n", 0600);
	assert_false(importer_save_secrets(&two, place->folder, &err));
	assert_non_null(strstr(err.text, "psk/a-2"));
	assert_null(strstr(err.text, "33333"));
	assert_content(place, "psk/a-2", "mine.33333\n");
	assert_int_not_equal(access(at(place, "psk/a-1"), F_OK), 0);
	/* Longer or shorter is another content, too. */
	put(place, "psk/a-2", "two.222223\n", 0600);
	assert_false(importer_save_secrets(&two, place->folder, &err));
	put(place, "psk/a-2", "two.22222", 0644);
	assert_false(importer_save_secrets(&two, place->folder, &err));
	assert_non_null(strstr(err.text, "open to others"));
	put(place, "psk/a-2", "two.22222", 0600);
	assert_true(importer_save_secrets(&two, place->folder, &err));
}

static void
links_are_not_followed(void **state)
{
	struct place *place = *state;
	struct error err = {""};

	assert_int_equal(mkdir(at(place, "psk"), 0700), 0);
	assert_int_equal(symlink("../elsewhere", at(place, "psk/a-1")), 0);
	assert_false(importer_save_secrets(&two, place->folder, &err));
	assert_int_not_equal(access(at(place, "elsewhere"), F_OK), 0);
	assert_int_not_equal(access(at(place, "psk/a-2"), F_OK), 0);
}

static void
what_check_would_refuse_is_a_finding(void **state)
{
	struct place *place = *state;
	char *text = changed("dynamic.xml", ">203.0.113.201<", ">203.0.113.17<");
	struct error err = {""};
	struct importer *importer;
	struct import_result result;

	put(place, "elsewhere", text, 0600);
	free(text);
	importer = importer_open("aws", at(place, "elsewhere"), &err);
	if (importer == NULL)
		fail_msg("%s", err.text);
	text = NULL;
	assert_true(importer_write(importer, &(struct import_options){.connection = NULL}, &result, &err));
	assert_true(has_finding(&result, "`twinspan check` will refuse the result: tunnels"));
	importer_result_free(importer, &result);
	importer_close(importer);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

TEST_MAIN(cmocka_unit_test(a_dynamic_connection_is_read_from_xml_and_from_text),
	  cmocka_unit_test(a_static_connection_is_read_from_xml_and_from_text),
	  cmocka_unit_test(several_connections_come_from_one_file),
	  cmocka_unit_test(lines_count_on_over_documents),
	  cmocka_unit_test(json_options_join_on_the_outside_address_and_count_more_than_the_xml),
	  cmocka_unit_test(json_without_xml_is_enough),
	  cmocka_unit_test(AS_numbers_that_are_nowhere_are_AWSs_defaults),
	  cmocka_unit_test(old_files_have_padded_texts_and_lack_inside_addresses_and_keys),
	  cmocka_unit_test(algorithms_are_known_by_all_of_their_names),
	  cmocka_unit_test(all_of_AWS_at_once_makes_proposals_that_are_accepted),
	  cmocka_unit_test(what_the_configuration_refuses_becomes_the_nearest_with_a_finding),
	  cmocka_unit_test(a_suite_that_is_more_than_the_least_is_taken_from_xml),
	  cmocka_unit_test(one_connection_gets_the_name_that_was_chosen),
	  cmocka_unit_test(names_and_comments_hold_no_tricks),
	  cmocka_unit_test(two_connections_never_share_a_name),
	  cmocka_unit_test(entities_and_document_types_are_refused),
	  cmocka_unit_test(a_cut_file_is_refused_wherever_it_is_cut),
	  cmocka_unit_test(values_that_make_no_sense_are_told_with_their_line),
	  cmocka_unit_test(what_is_none_of_AWSs_files_is_refused),
	  cmocka_unit_test(a_key_that_differs_between_json_and_xml_is_refused_without_being_shown),
	  IN_PLACE(secrets_go_into_private_files),
	  IN_PLACE(a_secret_of_another_content_stays_and_nothing_is_written),
	  IN_PLACE(links_are_not_followed), IN_PLACE(what_check_would_refuse_is_a_finding))
