// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of routing policy in a file: what they become, who gets them, and what is said of wrong ones. */
#include "core/config/config.h"
#include "tests/unit/test.h"

#define GATEWAY "gateway: {name: lyon, asn: 65010, router_id: 1.1.1.1, networks: [10.10.0.0/16]}\n"
#define TUNNEL "remote: 203.0.113.17, psk: sesame_one_1"

static const char whole[] = GATEWAY
    "sets:\n"
    "  prefixes: {lan: [10.0.0.0/8 le 24, 2001:db8::/32 ge 48]}\n"
    "  as_paths: {upstream: [64512 .*, 65000-65009]}\n"
    "  communities: {ours: [65010:*, 65010:1:2]}\n"
    "defaults: {bgp: {import: [{action: deny}]}}\n"
    "connections:\n"
    "- name: aws\n"
    "  peer_asn: 64512\n"
    "  bgp:\n"
    "    import:\n"
    "    - name: lan\n"
    "      match: {prefixes: lan, as_paths: upstream, communities: ours, origin: igp, family: ipv4, "
    "med: 0}\n"
    "      set: {local_preference: 300, med: 5, prepend: 2, add_communities: [no-export, 65010:7:8],\n"
    "            remove_communities: '65010:*', next_hop: 10.9.9.9, origin: incomplete}\n"
    "      action: next\n"
    "    - match: {prefix: 0.0.0.0/0, as_path: .* 65020 .*, community: [blackhole, 64512:7]}\n"
    "      action: deny\n"
    "  tunnels:\n"
    "  - {" TUNNEL ", inside: 169.254.44.242/30}\n"
    "  - {remote: 203.0.113.18, psk: sesame_two_2, inside: 169.254.44.246/30, bgp: {import: , export: [{set: "
    "{prepend: [65010, 64999]}, "
    "action: accept}]}}\n"
    "peers: [{name: core, remote: 10.1.0.254, asn: 65011, bgp: {export: [{match: {prefixes: lan}, action: "
    "accept}, {action: deny}]}}]\n";

static struct config *
parse(const char *text)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("f", text, strlen(text), &findings);

	for (size_t i = 0; i < findings.count; i++) {
		if (!findings.items[i].warning)
			fail_msg("%u:%u: %s", findings.items[i].line, findings.items[i].column,
				 findings.items[i].text);
	}
	config_findings_free(&findings);
	return config;
}

static void
rules_become_what_they_say(void **state)
{
	struct config *config = parse(whole);
	const struct config_tunnel *tunnels = config->connections[0].tunnels;
	const struct policy *import = tunnels[0].bgp.import;
	char text[400];

	(void)state;
	assert_int_equal(import->count, 2);
	assert_true(import->looks_at_prefix);
	assert_string_equal(import->rules[0].name, "lan");
	assert_string_equal(policy_match_text(&import->rules[0].match, text, sizeof(text)),
			    "ipv4, prefix of lan, as path of upstream, community of ours, origin igp, med 0");
	assert_string_equal(
	    policy_change_text(&import->rules[0].set, text, sizeof(text)),
	    "local preference 300, med 5, origin incomplete, prepend 2 times, remove 65010:*, "
	    "add no-export 65010:7:8, next hop 10.9.9.9");
	assert_int_equal(import->rules[0].action, POLICY_NEXT);
	assert_string_equal(policy_match_text(&import->rules[1].match, text, sizeof(text)),
			    "prefix 0.0.0.0/0, as path .* 65020 .*, community blackhole or 64512:7");
	assert_int_equal(import->rules[1].action, POLICY_DENY);
	config_free(config);
}

/* As any other setting: what stands nearest counts, as a whole. */
static void
a_tunnel_has_the_rules_that_stand_nearest(void **state)
{
	struct config *config = parse(whole);
	const struct config_tunnel *tunnels = config->connections[0].tunnels;

	(void)state;
	assert_null(tunnels[0].bgp.export);
	assert_null(tunnels[1].bgp.import);
	assert_int_equal(tunnels[1].bgp.export->count, 1);
	assert_int_equal(tunnels[1].bgp.export->rules[0].set.prepend.items[1], 64999);
	assert_null(config->peers[0].bgp.import);
	assert_int_equal(config->peers[0].bgp.export->count, 2);
	config_free(config);
}

static void
another_rule_is_a_difference_that_is_told(void **state)
{
	char other[sizeof(whole) + 10];
	struct config *before = parse(whole), *after;
	struct config_diff diff = {0};
	char *at;

	(void)state;
	strcpy(other, whole);
	at = strstr(other, "le 24");
	at[4] = '5';
	after = parse(other);
	config_compare(before, after, &diff);
	/* The set that rules name: of everybody who has them. */
	assert_int_equal(diff.count, 2);
	assert_string_equal(diff.items[0].key, "bgp.import");
	assert_string_equal(diff.items[0].text, "bgp import: rule 1 and what follows changed");
	assert_string_equal(diff.items[1].name, "core");
	config_diff_free(&diff);
	config_free(after);
	config_free(before);
}

/* --- what is wrong ----------------------------------------------------------------------------- */

#define RULE_LINE \
	"connections:\n- {name: aws, peer_asn: 64512, tunnels: [{" TUNNEL \
	", inside: 169.254.44.242/30}], bgp: {%s}}\n"

static void
wrong_rules_are_told_with_their_place(void **state)
{
	static const struct {
		const char *bgp, *says;
		bool warning;
	} cases[] = {
	    {"import: yes", "'import' must be a list of rules, not text", false},
	    {"import: [{match: {prefix: 10.0.0.0/8}}]", "missing key 'action' in a rule", false},
	    {"import: [{action: permit}]", "'action' must be one of accept, deny, next", false},
	    {"import: [{action: acept}]", "did you mean 'accept'?", false},
	    {"import: [{mach: {}, action: deny}]", "did you mean 'match'?", false},
	    {"import: [{match: {prefixs: lan}, action: deny}]", "did you mean 'prefix'?", false},
	    {"import: [{match: {prefixes: lam}, action: deny}]",
	     "'prefixes': sets.prefixes has no 'lam' (did you mean 'lan'?)", false},
	    {"import: [{match: {as_paths: lan}, action: deny}]", "'as_paths': sets.as_paths has no 'lan'",
	     false},
	    {"import: [{match: {prefix: 10.0.0.1/8}, action: deny}]", "the network is 10.0.0.0/8", false},
	    {"import: [{match: {prefix: []}, action: deny}]", "'prefix' has nothing in it", false},
	    {"import: [{match: {as_path: ^65010}, action: deny}]", "'as_path': '^'", false},
	    {"import: [{match: {community: no-exprt}, action: deny}]", "did you mean 'no-export'", false},
	    {"import: [{set: {add_communities: '1:*'}, action: next}]", "is no community", false},
	    {"import: [{set: {prepend: 17}, action: next}]", "'prepend' is out of range: 1 to 16", false},
	    {"import: [{set: {prepend: [65010, 0]}, action: next}]", "'prepend' is out of range", false},
	    {"import: [{set: {local_preference: x}, action: next}]", "must be a number", false},
	    {"import: [{set: {local_pref: 3}, action: next}]", "unknown key 'local_pref'", false},
	    {"import: [deny]", "a rule must be a map", false},
	    {"import: [{set: {med: 3}, action: deny}]", "'set' has no effect in a rule that denies", true},
	    {"import: [{action: next}]", "a rule that sets nothing", true},
	    {"import: [{action: deny}, {action: deny}]", "this rule is never reached: rule 1", true},
	    {"export: [{set: {local_preference: 3}, action: accept}]", "it is told within an AS only", true},
	    {"export: [{set: {med: 3}, action: accept}]", "no longer told by which tunnel", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config_findings findings = {0};
		struct config *config;
		char line[1000], text[2000];
		bool found = false;

		snprintf(line, sizeof(line), RULE_LINE, cases[i].bgp);
		snprintf(text, sizeof(text), GATEWAY "sets: {prefixes: {lan: [10.0.0.0/8]}}\n%s", line);
		config = config_parse("f", text, strlen(text), &findings);
		assert_int_equal(config != NULL, cases[i].warning);
		for (size_t k = 0; k < findings.count; k++)
			found |= findings.items[k].warning == cases[i].warning &&
				 findings.items[k].line == 4 &&
				 strstr(findings.items[k].text, cases[i].says) != NULL;
		if (!found) {
			for (size_t k = 0; k < findings.count; k++)
				print_message("%u:%u: %s\n", findings.items[k].line, findings.items[k].column,
					      findings.items[k].text);
			fail_msg("%s: not said: %s", cases[i].bgp, cases[i].says);
		}
		config_findings_free(&findings);
		config_free(config);
	}
}

static void
wrong_sets_are_told_with_their_place(void **state)
{
	static const struct {
		const char *sets, *says;
	} cases[] = {
	    {"{prefixes: [10.0.0.0/8]}", "'prefixes' must be a map of names with their lists"},
	    {"{prefix: {lan: [10.0.0.0/8]}}", "did you mean 'prefixes'?"},
	    {"{prefixes: {lan: [10.0.0.0/8 le 33]}}", "'lan': '10.0.0.0/8 le 33': a length is over 32"},
	    {"{prefixes: {'-lan': [10.0.0.0/8]}}", "can't be a name"},
	    {"{as_paths: {up: []}}", "'up' has nothing in it"},
	    {"{communities: {up: [[1]]}}", "must be one value"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config_findings findings = {0};
		char text[600];

		snprintf(text, sizeof(text), GATEWAY "sets: %s\n", cases[i].sets);
		assert_null(config_parse("f", text, strlen(text), &findings));
		if (findings.items[0].line != 2 || strstr(findings.items[0].text, cases[i].says) == NULL)
			fail_msg("%s: %u: %s", cases[i].sets, findings.items[0].line, findings.items[0].text);
		config_findings_free(&findings);
	}
}

static void
there_are_sixty_four_rules_at_most(void **state)
{
	struct config_findings findings = {0};
	char *text = memory_zeroed(1, 8000);

	(void)state;
	strcpy(text, GATEWAY "peers:\n- {name: core, remote: 10.1.0.254, asn: 65011, bgp: {import: [");
	for (unsigned i = 0; i < 65; i++)
		strcat(text, "{set: {med: 1}, action: next}, ");
	strcat(text, "]}}\n");
	assert_null(config_parse("f", text, strlen(text), &findings));
	assert_non_null(strstr(findings.items[0].text, "has more than 64 rules"));
	config_findings_free(&findings);
	free(text);
}

TEST_MAIN(cmocka_unit_test(rules_become_what_they_say),
	  cmocka_unit_test(a_tunnel_has_the_rules_that_stand_nearest),
	  cmocka_unit_test(another_rule_is_a_difference_that_is_told),
	  cmocka_unit_test(wrong_rules_are_told_with_their_place),
	  cmocka_unit_test(wrong_sets_are_told_with_their_place),
	  cmocka_unit_test(there_are_sixty_four_rules_at_most))
