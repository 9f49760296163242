// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules in their order: the verdict, against one that is found rule by rule; equality; their words. */
#include "core/base/buffer.h"
#include "core/policy/policy.h"
#include "tests/unit/test.h"

static struct policy_set *
set_of(enum policy_set_kind kind, const char *name, const char *pattern)
{
	struct policy_set *set = policy_set_new(kind, name);

	assert_true(policy_set_add(set, pattern, NULL));
	policy_set_seal(set);
	return set;
}

static struct policy_verdict
verdict_on(const struct policy *policy, const struct policy_attributes *attributes, const char *text)
{
	struct ip_prefix prefix;

	assert_true(ip_prefix_parse(text, &prefix));
	return policy_decide(policy, policy_match_attributes(policy, attributes), &prefix);
}

static void
the_first_that_ends_it_decides(void **state)
{
	struct policy *policy = policy_new();
	struct policy_attributes attributes = {.has_med = true, .med = 5};
	struct policy_rule *rule;
	struct policy_verdict verdict;

	(void)state;
	rule = policy_add(policy);
	rule->match.prefix = set_of(POLICY_PREFIXES, NULL, "10.0.0.0/8 le 32");
	rule->action = POLICY_NEXT;
	rule = policy_add(policy);
	rule->match.med = (struct policy_number){true, 5};
	rule->match.prefix = set_of(POLICY_PREFIXES, NULL, "10.1.0.0/16 le 32");
	rule->action = POLICY_DENY;
	policy_add(policy)->match.family = AF_INET6;
	policy_seal(policy);

	verdict = verdict_on(policy, &attributes, "10.1.2.0/24");
	assert_true(verdict.denied);
	assert_int_equal(verdict.applied, 3);
	assert_int_equal(verdict.rule, 1);
	verdict = verdict_on(policy, &attributes, "10.2.0.0/24");
	assert_false(verdict.denied);
	assert_int_equal(verdict.applied, 1);
	assert_int_equal(verdict.rule, 3); /* none ended it */
	attributes.has_med = false;
	assert_false(verdict_on(policy, &attributes, "10.1.2.0/24").denied);
	verdict = verdict_on(policy, &attributes, "2001:db8::/32");
	assert_int_equal(verdict.applied, 4);
	assert_int_equal(verdict.rule, 2);
	policy_release(policy);
}

static void
sixty_four_rules_and_no_more(void **state)
{
	struct policy *policy = policy_new();
	struct policy_attributes none = {0};
	struct policy_verdict verdict;

	(void)state;
	for (unsigned i = 0; i < POLICY_RULES_MOST; i++)
		policy_add(policy)->action = i + 1 < POLICY_RULES_MOST ? POLICY_NEXT : POLICY_DENY;
	assert_null(policy_add(policy));
	policy_seal(policy);
	assert_false(policy->looks_at_prefix);
	verdict = verdict_on(policy, &none, "10.0.0.0/8");
	assert_true(verdict.denied);
	assert_true(verdict.applied == UINT64_MAX);
	assert_int_equal(verdict.rule, 63);
	policy_release(policy);
}

/* --- against one that goes through the rules one by one ----------------------------------------- */

static uint32_t seed = 3;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* A rule's match as numbers. 0: not asked for. */
struct obvious_rule {
	unsigned net, origin, med, community, large, first_as, family;
	enum policy_action action;
};

struct obvious_route {
	unsigned net, origin, med, community, large, first_as;
	bool ipv6;
};

static void
rule_from(struct policy_rule *rule, const struct obvious_rule *from)
{
	char text[64];

	if (from->net != 0) {
		snprintf(text, sizeof(text), "10.%u.0.0/16 le 24", from->net);
		rule->match.prefixes = set_of(POLICY_PREFIXES, "nets", text);
	}
	if (from->community != 0) {
		snprintf(text, sizeof(text), "64512:%u", from->community);
		rule->match.community = set_of(POLICY_COMMUNITIES, NULL, text);
	}
	if (from->large != 0) {
		snprintf(text, sizeof(text), "64512:*:%u", from->large);
		rule->match.communities = set_of(POLICY_COMMUNITIES, "large", text);
	}
	if (from->first_as != 0) {
		snprintf(text, sizeof(text), "%u .*", from->first_as);
		rule->match.as_path = set_of(POLICY_AS_PATHS, NULL, text);
	}
	rule->match.family = from->family == 1 ? AF_INET : from->family == 2 ? AF_INET6 : AF_UNSPEC;
	rule->match.origin = (int)from->origin;
	rule->match.med = (struct policy_number){from->med != 0, from->med};
	rule->action = from->action;
}

static bool
obvious_fits(const struct obvious_rule *rule, const struct obvious_route *route)
{
	return (rule->net == 0 || (!route->ipv6 && rule->net == route->net)) &&
	       (rule->origin == 0 || rule->origin == route->origin + 1) &&
	       (rule->med == 0 || rule->med == route->med) &&
	       (rule->community == 0 || rule->community == route->community) &&
	       (rule->large == 0 || rule->large == route->large) &&
	       (rule->first_as == 0 || rule->first_as == route->first_as) &&
	       (rule->family == 0 || (rule->family == 2) == route->ipv6);
}

static struct policy_verdict
obvious_verdict(const struct obvious_rule *rules, size_t count, const struct obvious_route *route)
{
	struct policy_verdict verdict = {.rule = (uint8_t)count};

	for (size_t i = 0; i < count; i++) {
		if (!obvious_fits(&rules[i], route))
			continue;
		verdict.applied |= UINT64_C(1) << i;
		if (rules[i].action != POLICY_NEXT) {
			verdict.rule = (uint8_t)i;
			verdict.denied = rules[i].action == POLICY_DENY;
			break;
		}
	}
	return verdict;
}

static struct policy_verdict
verdict_by_engine(const struct policy *policy, const struct obvious_route *route)
{
	uint8_t path[6], community[4], large[12];
	struct writer p = writer_over(path, sizeof(path)), c = writer_over(community, sizeof(community)),
		      l = writer_over(large, sizeof(large));
	struct policy_attributes attributes = {.as_path = path,
					       .communities = community,
					       .large = large,
					       .origin = (uint8_t)route->origin,
					       .has_med = route->med != 0,
					       .med = route->med};
	char text[64];

	writer_u8(&p, 2);
	writer_u8(&p, 1);
	writer_u32(&p, route->first_as);
	writer_u16(&c, 64512);
	writer_u16(&c, (uint16_t)route->community);
	writer_u32(&l, 64512);
	writer_u32(&l, 77);
	writer_u32(&l, route->large);
	attributes.as_path_length = writer_length(&p);
	attributes.communities_length = writer_length(&c);
	attributes.large_length = writer_length(&l);
	snprintf(text, sizeof(text), route->ipv6 ? "2001:db8:%u::/48" : "10.%u.5.0/24", route->net);
	return verdict_on(policy, &attributes, text);
}

static void
verdicts_are_those_of_going_rule_by_rule(void **state)
{
	unsigned denied = 0, none = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct obvious_rule rules[8];
		size_t count = 1 + number(8);
		struct policy *policy = policy_new();

		for (size_t i = 0; i < count; i++) {
			rules[i] = (struct obvious_rule){
			    .action = (enum policy_action)number(3),
			    .net = number(2) * number(3),
			    .origin = number(2) * number(4),
			    .med = number(2) * number(3),
			    .community = number(2) * number(3),
			    .large = number(2) * number(3),
			    .first_as = number(2) * number(3),
			    .family = number(2) * number(3),
			};
			rule_from(policy_add(policy), &rules[i]);
		}
		policy_seal(policy);
		for (unsigned k = 0; k < 50; k++) {
			struct obvious_route route = {.net = number(3),
						      .origin = number(3),
						      .med = number(3),
						      .community = number(3),
						      .large = number(3),
						      .first_as = 1 + number(2),
						      .ipv6 = number(3) == 0};
			struct policy_verdict expected = obvious_verdict(rules, count, &route),
					      got = verdict_by_engine(policy, &route);

			denied += expected.denied;
			none += expected.rule == count;
			assert_int_equal(got.denied, expected.denied);
			assert_int_equal(got.rule, expected.rule);
			assert_true(got.applied == expected.applied);
		}
		policy_release(policy);
	}
	assert_in_range(denied, 5000, 90000);
	assert_in_range(none, 5000, 90000);
}

/* --- equality and words ------------------------------------------------------------------------ */

static struct policy *
some_policy(void)
{
	struct policy *policy = policy_new();
	struct policy_rule *rule = policy_add(policy);

	rule->name = text_copy("lan");
	rule->match.prefix = set_of(POLICY_PREFIXES, NULL, "10.0.0.0/8 le 24");
	rule->match.as_paths = set_of(POLICY_AS_PATHS, "upstream", "65010 .*");
	rule->match.origin = 1;
	rule->set.local_preference = (struct policy_number){true, 300};
	rule->set.prepend.count = 2;
	rule->set.add.items = memory_zeroed(1, sizeof(*rule->set.add.items));
	rule->set.add.count = 1;
	assert_true(policy_community_parse("no-export", false, rule->set.add.items, NULL));
	policy_seal(policy);
	return policy;
}

static void
policies_that_say_the_same_are_equal(void **state)
{
	struct policy *a = some_policy(), *b = some_policy(), *none = policy_new();

	(void)state;
	assert_true(policy_equal(a, b));
	assert_true(policy_equal(NULL, none));
	assert_false(policy_equal(NULL, a));
	b->rules[0].set.local_preference.value = 301;
	assert_false(policy_equal(a, b));
	b->rules[0].set.local_preference.value = 300;
	b->rules[0].action = POLICY_DENY;
	assert_false(policy_equal(a, b));
	b->rules[0].action = POLICY_ACCEPT;
	policy_set_release(b->rules[0].match.prefix);
	b->rules[0].match.prefix = set_of(POLICY_PREFIXES, NULL, "10.0.0.0/8 le 23");
	assert_false(policy_equal(a, b));
	policy_release(a);
	policy_release(b);
	policy_release(none);
}

static void
rules_are_told_in_words(void **state)
{
	struct policy *policy = some_policy();
	struct policy_match any = {0};
	char text[200], cut[20];

	(void)state;
	assert_string_equal(policy_match_text(&policy->rules[0].match, text, sizeof(text)),
			    "prefix 10.0.0.0/8 le 24, as path of upstream, origin igp");
	assert_string_equal(policy_change_text(&policy->rules[0].set, text, sizeof(text)),
			    "local preference 300, prepend 2 times, add no-export");
	assert_string_equal(policy_match_text(&any, text, sizeof(text)), "any");
	assert_string_equal(policy_match_text(&policy->rules[0].match, cut, sizeof(cut)),
			    "prefix 10.0.0.0/8 l");
	policy_release(policy);
}

TEST_MAIN(cmocka_unit_test(the_first_that_ends_it_decides), cmocka_unit_test(sixty_four_rules_and_no_more),
	  cmocka_unit_test(verdicts_are_those_of_going_rule_by_rule),
	  cmocka_unit_test(policies_that_say_the_same_are_equal), cmocka_unit_test(rules_are_told_in_words))
