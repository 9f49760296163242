// SPDX-License-Identifier: GPL-2.0-or-later
/* What a configuration says of BGP sessions: limits, passwords, roles, who may come; and what is wrong with
 * it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"
#include "tests/unit/test.h"

#define GATEWAY "gateway: {name: g, role: hub, asn: 65000, outside: 192.0.2.1, networks: [10.0.0.0/16]}\n"
#define TUNNEL_OF(settings) \
	"connections: [{name: c, peer_asn: 64512, " settings \
	"tunnels: [{remote: 203.0.113.1, inside: 169.254.10.2/30, psk: \"abcdefgh\"}]}]\n"
#define PEER(more) GATEWAY "peers:\n  - {name: p, remote: 10.0.0.2, asn: 65001, " more "}\n"

/* Findings as text, "line:column: text;" each; the configuration, or NULL. */
static char said[2000];

static struct config *
parse(const char *text)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("f", text, strlen(text), &findings);

	said[0] = '\0';
	for (size_t i = 0; i < findings.count; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said), "%u:%u: %s%s;",
			 findings.items[i].line, findings.items[i].column,
			 findings.items[i].warning ? "warning: " : "", findings.items[i].text);
	config_findings_free(&findings);
	return config;
}

static const struct config_bgp *
tunnels(const struct config *config)
{
	if (config == NULL)
		fail_msg("%s", said);
	return &config->connections[0].tunnels[0].bgp;
}

static void
limits_are_a_number_or_a_map(void **state)
{
	struct config *config = parse(GATEWAY TUNNEL_OF("bgp: {max_prefixes: 7}, "));

	assert_int_equal(tunnels(config)->limits.in, 7);
	assert_int_equal(tunnels(config)->limits.warn, 75);
	config_free(config);
	/* What a map leaves out is inherited, or AWS's. */
	config = parse(
	    GATEWAY "defaults: {bgp: {max_prefixes: 50}}\n" TUNNEL_OF("bgp: {max_prefixes: {warn: 90}}, "));
	assert_int_equal(tunnels(config)->limits.in, 50);
	assert_int_equal(tunnels(config)->limits.warn, 90);
	config_free(config);
	config =
	    parse(GATEWAY TUNNEL_OF("bgp: {max_prefixes: {out: 9, action: restart, restart_after: 5m}}, "));
	assert_int_equal(tunnels(config)->limits.in, 100);
	assert_int_equal(tunnels(config)->limits.out, 9);
	assert_int_equal(tunnels(config)->limits.restart_after_s, 300);
	assert_int_equal(tunnels(config)->limits.action, CONFIG_LIMIT_RESTART);
	config_free(config);
	config = parse(PEER("bgp: {max_prefixes: {in: 3, action: stop}}"));
	assert_int_equal(config->peers[0].bgp.limits.in, 3);
	assert_int_equal(config->peers[0].bgp.limits.action, CONFIG_LIMIT_STOP);
	config_free(config);
	assert_null(parse(PEER("bgp: {max_prefixes: {inn: 3}}")));
	assert_non_null(strstr(said, "unknown key 'inn' in max_prefixes (did you mean 'in'?)"));
	assert_null(parse(PEER("bgp: {max_prefixes: {warn: 101}}")));
	assert_non_null(strstr(said, "'warn' is out of range: 1 to 100"));
	assert_null(parse(PEER("bgp: {max_prefixes: [3]}")));
	assert_non_null(strstr(said, "max_prefixes must be a map"));
}

static void
paths_of_a_prefix_are_a_number_or_all(void **state)
{
	struct config *config = parse(GATEWAY TUNNEL_OF(""));

	assert_false(tunnels(config)->add_path.receive);
	assert_int_equal(tunnels(config)->add_path.send, 0);
	config_free(config);
	config = parse(GATEWAY "defaults: {bgp: {add_path: {receive: yes, send: 3}}}\n" TUNNEL_OF(
	    "bgp: {add_path: {send: all}}, "));
	assert_true(tunnels(config)->add_path.receive);
	assert_int_equal(tunnels(config)->add_path.send, CONFIG_ADD_PATH_ALL);
	config_free(config);
	config = parse(PEER("bgp: {add_path: {send: no}}"));
	assert_int_equal(config->peers[0].bgp.add_path.send, 0);
	config_free(config);
	config = parse(PEER("bgp: {add_path: {send: 64}}"));
	assert_int_equal(config->peers[0].bgp.add_path.send, 64);
	config_free(config);
	assert_null(parse(PEER("bgp: {add_path: {send: 65}}")));
	assert_non_null(strstr(said, "'send' is out of range: 0 or 1 to 64, not '65'"));
	assert_null(parse(PEER("bgp: {add_path: {send: some}}")));
	assert_non_null(strstr(said, "'send' must be all, no, or a number, not 'some'"));
	assert_null(parse(PEER("bgp: {add_path: {send: [3]}}")));
	assert_null(parse(PEER("bgp: {add_path: yes}")));
	assert_non_null(strstr(said, "add_path must be a map"));
}

static void
what_contradicts_itself_is_told(void **state)
{
	static const struct {
		const char *peer, *says;
	} cases[] = {
	    {"bgp: {hold: 30s, send_hold: 30s}", "'send_hold' (30 s) must be longer than 'hold' (30 s);"},
	    {"bgp: {multihop: 2, ttl_security: 1}",
	     "'ttl_security' has a number of hops itself: leave 'multihop' out;"},
	    {"bgp: {ttl_security: 255}", "'ttl_security' is out of range: 1 to 254"},
	    {"bgp: {role: suplier}", "'role' must be one of none, provider, customer, peer, rs, rs-client"},
	    {"bgp: {role_strict: yes}", "warning: 'role_strict' has no effect without a 'role';"},
	    {"bgp: {graceful_restart: maybe}", "'graceful_restart' must be one of helper, yes, no"},
	    {"bgp: {restart_time: 4096s}", "'restart_time' is out of range: 1 s to 4095 s"},
	    {"bgp: {max_prefixes: {action: warn, restart_after: 5m}}",
	     "warning: 'restart_after' has no effect with another 'action' than restart;"},
	    {"bgp: {passwrd: x}", "unknown key 'passwrd' in bgp (did you mean 'password'?)"},
	    {"limit: 3", "warning: 'limit' has no effect with one address;"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[500];
		struct config *config;

		snprintf(text, sizeof(text), "%s", GATEWAY);
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "peers: \n  - {name: p, remote: 10.0.0.2, asn: 65001, %s}\n", cases[i].peer);
		config = parse(text);
		if (strstr(said, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].peer, said);
		assert_int_equal(config != NULL, strncmp(cases[i].says, "warning", 7) == 0);
		config_free(config);
	}
	assert_null(parse(GATEWAY "peers: [{name: p, remote: 10.0.0.2, asn: 65000, bgp: {role: peer}}]\n"));
	assert_non_null(strstr(said, "'role' is for a peer of another AS"));
}

static void
a_range_takes_several_as_numbers(void **state)
{
	struct config *config =
	    parse(GATEWAY "peers:\n  - {name: a, remote: 10.8.0.0/24, asn: [65001, 65002], limit: 5}\n"
			  "  - {name: b, remote: any, asn: 65003}\n");

	assert_non_null(config);
	assert_false(ip_address_is_set(&config->peers[0].remote.address));
	assert_int_equal(config->peers[0].remote.range.length, 24);
	assert_int_equal(config->peers[0].asns.count, 2);
	assert_int_equal(config->peers[0].asns.items[1], 65002);
	assert_int_equal(config->peers[0].limit, 5);
	assert_false(ip_address_is_set(&config->peers[1].remote.range.address));
	assert_int_equal(config->peers[1].limit, 100);
	config_free(config);
	assert_null(parse(GATEWAY "peers: [{name: a, remote: 10.8.0.2, asn: [65001, 65002]}]\n"));
	assert_non_null(strstr(said, "'asn' must be one number where 'remote' is one address"));
	assert_null(parse(GATEWAY "peers: [{name: a, remote: 10.8.0.2/24, asn: 65001}]\n"));
	assert_non_null(strstr(said, "has host bits set: the network is 10.8.0.0/24"));
	assert_null(parse(GATEWAY "peers: [{name: a, remote: any, asn: [65001, big]}]\n"));
	assert_non_null(strstr(said, "'asn' must be a number, not 'big'"));
	config = parse(GATEWAY "peers: [{name: a, remote: any, asn: 65001, passive: no, port: 1179}]\n");
	assert_non_null(strstr(said, "'port' has no effect with a range"));
	assert_non_null(strstr(said, "'passive: no' has no effect"));
	config_free(config);
}

static void
write_file(const char *path, const char *text, unsigned mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void
passwords_come_from_files_that_nobody_else_may_read(void **state)
{
	char path[] = "/tmp/twinspan-test-password-XXXXXX", text[600];
	int fd = mkstemp(path);
	struct config *config;

	assert_true(fd >= 0);
	close(fd);
	write_file(path, "between us\n", 0600);
	snprintf(text, sizeof(text), GATEWAY TUNNEL_OF("bgp: {password_file: %s}, "), path);
	config = parse(text);
	assert_int_equal(tunnels(config)->password_length, 10);
	assert_memory_equal(tunnels(config)->password, "between us", 10);
	config_free(config);
	/* The nearest level counts. */
	snprintf(text, sizeof(text),
		 GATEWAY "defaults: {bgp: {password_file: %s}}\n" TUNNEL_OF("bgp: {password: own}, "), path);
	config = parse(text);
	assert_int_equal(tunnels(config)->password_length, 3);
	assert_non_null(strstr(said, "a secret in the configuration is for labs"));
	config_free(config);
	snprintf(text, sizeof(text), PEER("bgp: {password_file: %s, password: x}"), path);
	assert_null(parse(text));
	assert_non_null(strstr(said, "bgp takes password or password_file, not both"));
	write_file(path, "between us\n", 0640);
	snprintf(text, sizeof(text), PEER("bgp: {password_file: %s}"), path);
	assert_null(parse(text));
	assert_non_null(strstr(said, "is open to others (mode 0640): make it 0600"));
	write_file(path, "\n", 0600);
	assert_null(parse(text));
	assert_non_null(strstr(said, "a TCP MD5 password has 1 to 80"));
	assert_null(strstr(said, "between"));
	unlink(path);
	assert_null(parse(text));
	assert_non_null(strstr(said, "can't be opened"));
}

static void
passwords_are_masked_and_come_back(void **state)
{
	static const char text[] = GATEWAY "defaults: {bgp: {password: \"alpha\"}}\n" TUNNEL_OF(
	    "bgp: {password: \"bravo\"}, ") "peers: # password: old\n  - {name: p, remote: any, asn: 1, "
					    "bgp: {password: \"charlie\"}}\n";
	struct config_findings findings = {0};
	size_t length, again;
	char *masked = config_mask(text, strlen(text), &length, &findings), *full;

	assert_non_null(masked);
	assert_null(strstr(masked, "alpha"));
	assert_null(strstr(masked, "bravo"));
	assert_null(strstr(masked, "charlie"));
	assert_null(strstr(masked, "old"));
	full = config_unmask(masked, length, text, strlen(text), &again, &findings);
	assert_non_null(full);
	assert_memory_equal(full, text, strlen(text));
	free(full);
	/* Of another name there is none. */
	strstr(masked, "{name: p")[7] = 'q';
	assert_null(config_unmask(masked, length, text, strlen(text), &again, &findings));
	assert_non_null(strstr(findings.items[0].text, "none for peer 'q': write it out"));
	free(masked);
	config_findings_free(&findings);
}

static void
another_password_is_a_difference_that_is_not_shown(void **state)
{
	struct config *before = parse(PEER("bgp: {password: secret}")),
		      *after = parse(PEER("bgp: {password: other}"));
	struct config_diff diff = {0};

	config_compare(before, after, &diff);
	assert_int_equal(diff.count, 1);
	assert_string_equal(diff.items[0].key, "bgp.password");
	assert_string_equal(diff.items[0].text, "bgp password changed");
	config_diff_free(&diff);
	config_free(before);
	config_free(after);
}

TEST_MAIN(cmocka_unit_test(limits_are_a_number_or_a_map),
	  cmocka_unit_test(paths_of_a_prefix_are_a_number_or_all),
	  cmocka_unit_test(what_contradicts_itself_is_told),
	  cmocka_unit_test(a_range_takes_several_as_numbers),
	  cmocka_unit_test(passwords_come_from_files_that_nobody_else_may_read),
	  cmocka_unit_test(passwords_are_masked_and_come_back),
	  cmocka_unit_test(another_password_is_a_difference_that_is_not_shown))
