// SPDX-License-Identifier: GPL-2.0-or-later
/* Aggregates, conditions and BLACKHOLE in a file: what they become, and what is said of wrong ones. */
#include "core/config/config.h"
#include "tests/unit/test.h"

#define GATEWAY "gateway: {name: lyon, asn: 65010, router_id: 1.1.1.1, networks: [10.10.0.0/16]%s}\n"
#define SETS "sets: {prefixes: {upstream: [0.0.0.0/0, 192.0.2.0/24 le 32]}}\n"
#define CONNECTION \
	"connections:\n- {name: aws, peer_asn: 64512, tunnels: [{remote: 203.0.113.17, psk: sesame_one_1, " \
	"inside: 169.254.44.242/30}, {remote: 203.0.113.18, psk: sesame_two_2, " \
	"inside: 169.254.44.246/30, bgp: {blackhole: no}}], bgp: {%s}}\n"

static struct config *
parse(struct config_findings *findings, const char *gateway, const char *bgp)
{
	char text[2000];

	snprintf(text, sizeof(text), GATEWAY SETS CONNECTION, gateway, bgp);
	*findings = (struct config_findings){0};
	return config_parse("f", text, strlen(text), findings);
}

static struct config *
parse_good(const char *gateway, const char *bgp)
{
	struct config_findings findings;
	struct config *config = parse(&findings, gateway, bgp);

	if (config == NULL)
		fail_msg("%s", findings.items[0].text);
	config_findings_free(&findings);
	return config;
}

static void
aggregates_become_what_they_say(void **state)
{
	struct config *config = parse_good(
	    ", aggregates: [10.0.0.0/8, {prefix: '2001:db8::/32', summary_only: yes, as_set: yes}]", "");
	const struct config_aggregates *list = &config->aggregates;
	char text[IP_PREFIX_TEXT];

	(void)state;
	assert_int_equal(list->count, 2);
	assert_string_equal(ip_prefix_format(&list->items[0].prefix, text), "10.0.0.0/8");
	assert_false(list->items[0].summary_only || list->items[0].as_set);
	assert_string_equal(ip_prefix_format(&list->items[1].prefix, text), "2001:db8::/32");
	assert_true(list->items[1].summary_only && list->items[1].as_set);
	config_free(config);
}

static void
conditions_become_what_they_say(void **state)
{
	struct config *config = parse_good(
	    "",
	    "advertise: [{match: {prefix: 10.9.0.0/16}, unless: {prefixes: upstream, community: 65000:1}},"
	    " {match: {family: ipv4}, while: {prefix: 10.8.0.0/16}}], blackhole: {ipv4: 24, accept: yes}");
	const struct config_tunnel *tunnels = config->connections[0].tunnels;
	const struct policy_conditions *conditions = tunnels[0].bgp.advertise;
	char text[200];

	(void)state;
	assert_int_equal(conditions->count, 2);
	assert_string_equal(policy_match_text(&conditions->items[0].what->rules[0].match, text, sizeof(text)),
			    "prefix 10.9.0.0/16");
	assert_string_equal(policy_match_text(&conditions->items[0].when->rules[0].match, text, sizeof(text)),
			    "prefix of upstream, community 65000:1");
	assert_true(conditions->items[0].absent && !conditions->items[1].absent);
	/* Both tunnels share the list; what stands nearest counts. */
	assert_ptr_equal(conditions, tunnels[1].bgp.advertise);
	assert_true(tunnels[0].bgp.blackhole.accept && !tunnels[1].bgp.blackhole.accept);
	assert_int_equal(tunnels[0].bgp.blackhole.ipv4, 24);
	assert_int_equal(tunnels[0].bgp.blackhole.ipv6, 128);
	config_free(config);
}

static void
what_differs_is_told(void **state)
{
	struct config *before = parse_good(
			  ", aggregates: [10.0.0.0/8, 10.64.0.0/10]",
			  "advertise: [{match: {prefix: 10.9.0.0/16}, while: {prefix: 10.8.0.0/16}}]"),
		      *after = parse_good(
			  ", aggregates: [{prefix: 10.0.0.0/8, summary_only: yes}, 10.32.0.0/11]",
			  "advertise: [{match: {prefix: 10.9.0.0/16}, unless: {prefix: 10.8.0.0/16}}], "
			  "blackhole: yes");
	static const char *const lines[] = {
	    "aggregates: 10.0.0.0/8 changed, 10.32.0.0/11 added, 10.64.0.0/10 removed",
	    "bgp advertise changed", "bgp blackhole accept no -> yes", "bgp advertise changed"};
	struct config_diff diff = {0};

	(void)state;
	config_compare(before, before, &diff);
	assert_int_equal(diff.count, 0);
	config_compare(before, after, &diff);
	assert_int_equal(diff.count, COUNT_OF(lines));
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_string_equal(diff.items[i].text, lines[i]);
	config_diff_free(&diff);
	config_free(before);
	config_free(after);
}

static void
wrong_ones_are_told_with_their_place(void **state)
{
	static const struct {
		const char *gateway, *bgp, *says;
		unsigned line;
		bool warning;
	} cases[] = {
	    {", aggregates: 10.0.0.0/8", "", "'aggregates' must be a list, not text", 1, false},
	    {", aggregates: [10.0.0.1/8]", "", "has host bits set: the network is 10.0.0.0/8", 1, false},
	    {", aggregates: [10.0.0.1/32]", "", "aggregate 10.0.0.1/32 is one address", 1, false},
	    {", aggregates: [10.0.0.0/8, 10.0.0.0/8]", "", "10.0.0.0/8 stands there twice", 1, false},
	    {", aggregates: [10.0.0.1/8,\n  {summary_only: yes},\n  10.9.9.9/32]", "",
	     "aggregate 10.9.9.9/32", 3, false},
	    {", aggregates: [{prefix: 10.0.0.0/33}]", "", "'prefix' must be a prefix such as", 1, false},
	    {", aggregates: [10.10.0.0/16]", "", "is one of this gateway's own networks", 1, false},
	    {", aggregates: [{summary_only: yes}]", "", "missing key 'prefix' in an aggregate", 1, false},
	    {", aggregates: [{prefix: 10.0.0.0/8, sumary_only: yes}]", "", "did you mean 'summary_only'?", 1,
	     false},
	    {", aggregates: [{prefix: 10.0.0.0/8, as_set: yes}]", "", "AS_SET is deprecated (RFC 9774)", 1,
	     true},
	    {"", "advertise: {match: {}}", "'advertise' must be a list, not a map", 4, false},
	    {"", "advertise: [10.0.0.0/8]", "must be a map of keys and values, not text", 4, false},
	    {"", "advertise: [{match: {prefix: 10.0.0.0/8}}]", "needs 'while' or 'unless'", 4, false},
	    {"", "advertise: [{match: {}, while: {med: 1}, unless: {med: 2}}]", "not both", 4, false},
	    {"", "advertise: [{while: {prefix: 10.0.0.0/8}}]", "missing key 'match'", 4, false},
	    {"", "advertise: [{match: {}, while: {}}]", "'while' must name routes", 4, false},
	    {"", "advertise: [{match: {}, unless: {prefixes: upstrem}}]", "(did you mean 'upstream'?)", 4,
	     false},
	    {"", "blackhole: maybe", "'blackhole' must be true or false", 4, false},
	    {"", "blackhole: yes", "the other side may have any address discarded", 4, true},
	    {"", "blackhole: {ipv4: 24}", "have no effect without 'accept: yes'", 4, true},
	    {"", "blackhole: {accept: yes, ipv4: 33}", "'ipv4' is out of range: 8 to 32", 4, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct config_findings findings;
		struct config *config = parse(&findings, cases[i].gateway, cases[i].bgp);
		bool found = false;

		assert_int_equal(config != NULL, cases[i].warning);
		for (size_t k = 0; k < findings.count; k++)
			found = found || (strstr(findings.items[k].text, cases[i].says) != NULL &&
					  findings.items[k].line == cases[i].line &&
					  findings.items[k].warning == cases[i].warning);
		if (!found)
			fail_msg("'%s' is not said of %s%s, but: %u: %s", cases[i].says, cases[i].gateway,
				 cases[i].bgp, findings.items[0].line, findings.items[0].text);
		config_findings_free(&findings);
		config_free(config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(aggregates_become_what_they_say),
	    cmocka_unit_test(conditions_become_what_they_say),
	    cmocka_unit_test(what_differs_is_told),
	    cmocka_unit_test(wrong_ones_are_told_with_their_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
