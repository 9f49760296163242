// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules of import and export between whole speakers; and what they make of attributes. */
#include "tests/unit/bgp/nodes.h"

/* --- rules, short ------------------------------------------------------------------------------ */

static struct policy_rule *
rule_for(struct policy *policy, const char *prefixes, enum policy_action action)
{
	struct policy_rule *rule = policy_add(policy);

	rule->action = action;
	if (prefixes != NULL) {
		rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
		assert_true(policy_set_add(rule->match.prefix, prefixes, NULL));
		policy_set_seal(rule->match.prefix);
	}
	policy_seal(policy);
	return rule;
}

static void
add_to(struct policy_set_communities *list, const char *text)
{
	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	assert_true(policy_community_parse(text, true, &list->items[list->count++], NULL));
}

/* Sets both directions of a peer; takes the policies. */
static void
set_policy(struct bgp_peer *peer, struct policy *import, struct policy *export)
{
	bgp_peer_set_policy(peer, import, export);
	policy_release(import);
	policy_release(export);
}

/* "10.1.0.0/16 lp 200 med 5 path 65001 65001 with 1:2, 3:4:5;" */
static void
join(void *context, const char *text)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, " %s", text);
}

static bool
see_all(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;
	char p[IP_PREFIX_TEXT], part[160];

	snprintf(part, sizeof(part), "%s%s lp %u", seen->count++ != 0 ? "; " : "",
		 ip_prefix_format(&path->prefix, p), path->local_preference);
	strcat(seen->text, part);
	if (path->has_med) {
		snprintf(part, sizeof(part), " med %u", path->med);
		strcat(seen->text, part);
	}
	strcat(seen->text, " path");
	bgp_attributes_as_path(path->attributes, join, seen);
	bgp_attributes_communities(path->attributes, join, seen);
	if (!path->accepted) {
		snprintf(part, sizeof(part), " (%s)", path->reason);
		strcat(seen->text, part);
	}
	return true;
}

static const char *
received(struct bgp_peer *peer)
{
	static struct seen seen;

	seen = (struct seen){0};
	bgp_walk_received(peer, NULL, see_all, &seen);
	return seen.text;
}

static const char *
advertised(struct bgp_peer *peer)
{
	static struct seen seen;

	seen = (struct seen){0};
	bgp_walk_advertised(peer, NULL, see_all, &seen);
	return seen.text;
}

/* `a` tells three networks. */
static void
open_pair(struct node_pair *pair)
{
	pair_open(pair);
	originate(&pair->a, "10.1.0.0/16");
	originate(&pair->a, "10.1.2.0/24");
	originate(&pair->a, "10.2.0.0/16");
	pair_start(pair);
	WAIT_UNTIL(pair_is_up(pair) && status_of(pair->at_b).received == 3);
}

static void
close_pair(struct node_pair *pair)
{
	assert_int_equal(status_of(pair->at_a).flaps + status_of(pair->at_b).flaps, 0);
	pair_close(pair);
}

static const char plain[] = "10.1.0.0/16 lp 100 path 65001; 10.1.2.0/24 lp 100 path 65001; "
			    "10.2.0.0/16 lp 100 path 65001";

/* --- import ------------------------------------------------------------------------------------ */

static void
other_rules_of_import_apply_to_what_came_before_them(void **state)
{
	struct node_pair pair;
	struct policy *policy;
	struct policy_rule *rule;
	const uint64_t *matched;
	uint64_t messages;

	(void)state;
	open_pair(&pair);
	assert_string_equal(received(pair.at_b), plain);
	messages = status_of(pair.at_b).messages_out;

	policy = policy_new();
	rule = rule_for(policy, "10.1.0.0/16 le 24", POLICY_NEXT);
	add_to(&rule->set.add, "65002:7");
	rule = rule_for(policy, "10.1.2.0/24", POLICY_DENY);
	rule->name = text_copy("small");
	rule = rule_for(policy, "10.1.0.0/16", POLICY_ACCEPT);
	rule->set.local_preference = (struct policy_number){true, 300};
	rule->set.med = (struct policy_number){true, 9};
	rule->set.prepend.count = 2;
	set_policy(pair.at_b, policy, NULL);
	WAIT_UNTIL(!has_route(&pair.b, "10.1.2.0/24"));
	assert_string_equal(
	    received(pair.at_b),
	    "10.1.0.0/16 lp 300 med 9 path 65001 65001 65001 65002:7; "
	    "10.1.2.0/24 lp 100 path 65001 (not accepted: rule 2 of import (small) denies it); "
	    "10.2.0.0/16 lp 100 path 65001");
	assert_int_equal(status_of(pair.at_b).received, 3);
	assert_int_equal(status_of(pair.at_b).accepted, 2);
	assert_ptr_equal(bgp_peer_policy(pair.at_b, POLICY_IMPORT, &matched), policy);
	assert_int_equal(matched[0], 2);
	assert_int_equal(matched[1], 1);
	assert_int_equal(matched[2], 1);
	assert_int_equal(matched[3], 1); /* none ended it */
	assert_int_equal(pair.b.med, 9);

	/* The same once more: nothing is counted anew. */
	bgp_peer_set_policy(pair.at_b, policy, NULL);
	assert_int_equal(matched[0], 2);

	/* And away again: all is as it came, and the peer was not asked for it. */
	set_policy(pair.at_b, NULL, NULL);
	WAIT_UNTIL(has_route(&pair.b, "10.1.2.0/24") && strcmp(received(pair.at_b), plain) == 0);
	assert_int_equal(status_of(pair.at_b).messages_out, messages);
	assert_int_equal(rib_before(&pair.b.speaker->ribs[BGP_IPV4], 1) == NULL, true);
	close_pair(&pair);
}

static bool
keep_before(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;

	if (path->received == NULL) {
		strcat(seen->text, " same");
		return true;
	}
	bgp_attributes_communities(path->received, join, seen);
	strcat(seen->text, " ->");
	bgp_attributes_communities(path->attributes, join, seen);
	return true;
}

static void
what_comes_later_meets_the_rules_and_is_kept_as_it_came(void **state)
{
	struct node_pair pair;
	struct policy *import = policy_new(), *export = policy_new();
	struct policy_rule *rule = rule_for(export, NULL, POLICY_ACCEPT);
	struct seen seen = {0};

	(void)state;
	add_to(&rule->set.add, "65001:1");
	add_to(&rule->set.add, "65001:1:2");
	add_to(&rule->set.add, "no-export");
	rule = rule_for(import, "10.3.0.0/16", POLICY_ACCEPT);
	add_to(&rule->set.remove, "65001:*");
	add_to(&rule->set.remove, "65001:*:2");
	add_to(&rule->set.add, "65002:9:9");
	open_pair(&pair);
	set_policy(pair.at_b, import, NULL);
	set_policy(pair.at_a, NULL, export);
	originate(&pair.a, "10.3.0.0/16");
	WAIT_UNTIL(status_of(pair.at_b).received == 4 &&
		   strstr(received(pair.at_b),
			  "10.1.0.0/16 lp 100 path 65001 65001:1 65535:65281 65001:1:2") != NULL);
	assert_non_null(strstr(received(pair.at_b), "10.3.0.0/16 lp 100 path 65001 65535:65281 65002:9:9"));
	bgp_walk_received(pair.at_b, NULL, keep_before, &seen);
	assert_string_equal(seen.text,
			    " same same same 65001:1 65535:65281 65001:1:2 -> 65535:65281 65002:9:9");
	/* It goes with the path. */
	bgp_network_remove(pair.a.speaker, &(struct ip_prefix){.address = {AF_INET, {10, 3}}, .length = 16});
	WAIT_UNTIL(status_of(pair.at_b).received == 3);
	close_pair(&pair);
}

/* --- export ------------------------------------------------------------------------------------ */

static void
export_tells_each_prefix_as_its_rules_say(void **state)
{
	struct node_pair pair;
	struct policy *policy = policy_new();
	struct policy_rule *rule;
	const uint64_t *matched;

	(void)state;
	open_pair(&pair);
	rule = rule_for(policy, "10.1.2.0/24", POLICY_DENY);
	rule = rule_for(policy, "10.1.0.0/16", POLICY_ACCEPT);
	rule->set.prepend.count = 2; /* our own AS, twice more */
	rule->set.med = (struct policy_number){true, 50};
	rule->set.local_preference = (struct policy_number){true, 999}; /* never told outside the AS */
	set_policy(pair.at_a, NULL, policy);
	WAIT_UNTIL(!has_route(&pair.b, "10.1.2.0/24"));
	WAIT_UNTIL(strcmp(received(pair.at_b), "10.1.0.0/16 lp 100 med 50 path 65001 65001 65001; "
					       "10.2.0.0/16 lp 100 path 65001") == 0);
	assert_string_equal(advertised(pair.at_a), "10.1.0.0/16 lp 0 med 50 path 65001 65001 65001; "
						   "10.2.0.0/16 lp 0 path 65001");
	assert_int_equal(status_of(pair.at_a).advertised, 2);
	bgp_peer_policy(pair.at_a, POLICY_EXPORT, &matched);
	assert_int_equal(matched[0], 1);
	assert_int_equal(matched[1], 1);
	assert_int_equal(matched[2], 1);

	/* By numbers, and let through again. */
	policy = policy_new();
	rule = rule_for(policy, NULL, POLICY_ACCEPT);
	rule->set.prepend.count = 2;
	rule->set.prepend.items[0] = 64999;
	rule->set.prepend.items[1] = 64998;
	rule->set.origin = BGP_ORIGIN_INCOMPLETE + 1;
	set_policy(pair.at_a, NULL, policy);
	WAIT_UNTIL(strcmp(received(pair.at_b),
			  "10.1.0.0/16 lp 100 path 65001 64999 64998; 10.1.2.0/24 lp 100 path 65001 64999 "
			  "64998; 10.2.0.0/16 lp 100 path 65001 64999 64998") == 0);
	close_pair(&pair);
}

/* One that says no to what was never told says nothing. */
static void
what_export_denies_is_never_told(void **state)
{
	struct node_pair pair;
	struct policy *policy = policy_new();
	struct policy_verdict verdict;
	struct ip_prefix known = {.address = {AF_INET, {10, 1}}, .length = 16};
	bool told = true;

	(void)state;
	open_pair(&pair);
	rule_for(policy, "10.3.0.0/16 le 32", POLICY_DENY);
	set_policy(pair.at_a, NULL, policy);
	originate(&pair.a, "10.3.0.0/16");
	originate(&pair.a, "10.4.0.0/16");
	WAIT_UNTIL(has_route(&pair.b, "10.4.0.0/16"));
	assert_false(has_route(&pair.b, "10.3.0.0/16"));
	assert_int_equal(status_of(pair.at_a).advertised, 4);
	assert_true(bgp_policy_export_verdict(pair.at_a, &known, 0, &verdict, &told));
	assert_true(told && verdict.rule == 1 && verdict.applied == 0);
	known.address.bytes[1] = 3;
	assert_true(bgp_policy_export_verdict(pair.at_a, &known, 0, &verdict, &told));
	assert_true(!told && verdict.denied && verdict.rule == 0);
	known.address.bytes[1] = 5;
	assert_false(bgp_policy_export_verdict(pair.at_a, &known, 0, &verdict, &told));
	assert_false(told);
	close_pair(&pair);
}

/* Rules that give both tunnels of a connection the same preference don't blind failover. */
static void
of_equal_tunnels_the_one_that_carries_is_best(void **state)
{
	struct node a, b, c;
	struct bgp_peer_config config;
	struct bgp_peer *by_a, *by_b;
	struct policy *policy = policy_new();

	(void)state;
	node_open(&a, 2, 65001);
	node_open(&b, 4, 65001);
	node_open(&c, 3, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&b, "10.1.0.0/16");
	rule_for(policy, NULL, POLICY_ACCEPT)->set.local_preference = (struct policy_number){true, 500};
	add_simple(&a, "c", &c);
	add_simple(&b, "c", &c);
	config = peer_config("by-a", &c, &a);
	config.group = 1;
	config.local_preference = 100;
	config.policy[POLICY_IMPORT] = policy;
	by_a = add(&c, &config);
	config = peer_config("by-b", &c, &b);
	config.group = 1;
	config.member = 1;
	config.local_preference = 200;
	config.policy[POLICY_IMPORT] = policy;
	by_b = add(&c, &config);
	policy_release(policy);
	WAIT_UNTIL(status_of(by_a).accepted == 1 && status_of(by_b).accepted == 1);
	WAIT_UNTIL(has_route(&c, "10.1.0.0/16") &&
		   strcmp(c.routes[route_of(&c, "10.1.0.0/16")].peer, "by-b") == 0);
	assert_string_equal(received(by_b), "10.1.0.0/16 lp 500 path 65001");
	bgp_peer_set_preference(by_a, 300);
	WAIT_UNTIL(strcmp(c.routes[route_of(&c, "10.1.0.0/16")].peer, "by-a") == 0);
	close_node(&a);
	close_node(&b);
	close_node(&c);
}

/* --- attributes, against an obvious list -------------------------------------------------------- */

static uint32_t seed = 5;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* Rules that remove and add communities of the values 0 to 5, plain (0) and large (1). */
static void
communities_are_edited_as_lists_are(void **state)
{
	static struct attribute_set set;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct policy *policy = policy_new();
		uint64_t applied = 0;
		bool there[2][6] = {{false}};
		uint8_t plain_bytes[64], others[128];
		struct writer c = writer_over(plain_bytes, sizeof(plain_bytes)),
			      o = writer_over(others, sizeof(others)), v;
		uint8_t value[72];
		unsigned rules = 1 + number(4);
		struct reader r;

		set = (struct attribute_set){.present = HAS_ORIGIN};
		v = writer_over(value, sizeof(value));
		for (uint32_t i = 0; i < 6; i++) {
			if (number(2) != 0) {
				there[0][i] = true;
				writer_u32(&c, i);
			}
			if (number(2) != 0) {
				there[1][i] = true;
				writer_u64(&v, 0);
				writer_u32(&v, i);
			}
		}
		writer_u32(&o, 0xc0100001); /* an attribute before it, and one behind it */
		writer_u8(&o, 7);
		if (writer_length(&v) != 0) {
			writer_u16(&o, 0xc020);
			writer_u16(&o, (uint16_t)writer_length(&v));
			writer_bytes(&o, value, writer_length(&v));
		}
		writer_u32(&o, 0xc0f00001);
		writer_u8(&o, 8);
		set.communities = plain_bytes;
		set.communities_length = writer_length(&c);
		set.others = others;
		set.others_length = writer_length(&o);
		for (unsigned i = 0; i < rules; i++) {
			struct policy_rule *rule = rule_for(policy, NULL, POLICY_NEXT);
			bool on = number(3) != 0, large = number(2) != 0;
			unsigned removed = number(7), added = number(6);
			char text[32];

			applied |= (uint64_t)on << i;
			snprintf(text, sizeof(text), removed == 6 ? "%s*" : "%s%u",
				 large ? "0:0:" : "0:", removed);
			add_to(&rule->set.remove, text);
			for (unsigned k = 0; on && k < 6; k++)
				there[large][k] = there[large][k] && removed != 6 && removed != k;
			snprintf(text, sizeof(text), "%s%u", large ? "0:0:" : "0:", added);
			add_to(&rule->set.add, text);
			if (on)
				there[large][added] = true;
		}
		assert_true(policy_apply(policy, applied, 1, &set));
		r = reader_over(set.communities, set.communities_length);
		while (reader_left(&r) != 0) {
			uint32_t found = reader_u32(&r);

			assert_true(found < 6 && there[0][found]);
			there[0][found] = false;
		}
		r = attributes_other(set.others, set.others_length, ATTRIBUTE_LARGE_COMMUNITIES);
		while (reader_left(&r) != 0) {
			uint32_t found;

			assert_int_equal(reader_u64(&r), 0);
			found = reader_u32(&r);
			assert_true(found < 6 && there[1][found]);
			there[1][found] = false;
		}
		for (unsigned i = 0; i < 6; i++)
			assert_false(there[0][i] || there[1][i]);
		/* The neighbours are whole, and in order. */
		assert_memory_equal(set.others, others, 5);
		assert_memory_equal(set.others + set.others_length - 5, others + writer_length(&o) - 5, 5);
		policy_release(policy);
	}
}

static void
what_gets_too_long_is_refused(void **state)
{
	static struct attribute_set set;
	struct policy *policy = policy_new();

	(void)state;
	for (unsigned i = 0; i < POLICY_RULES_MOST; i++)
		rule_for(policy, NULL, POLICY_NEXT)->set.prepend.count = POLICY_PREPEND_MOST;
	set = (struct attribute_set){.present = HAS_AS_PATH};
	assert_true(policy_apply(policy, UINT64_MAX, 65001, &set));
	assert_int_equal(set.as_path_length, 1024 * 4 + 5 * 2);
	for (unsigned i = 0; policy_apply(policy, UINT64_MAX, 65001, &set); i++)
		assert_true(i < 16); /* of four kilobytes each */
	policy_release(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(other_rules_of_import_apply_to_what_came_before_them),
	    TEST(what_comes_later_meets_the_rules_and_is_kept_as_it_came),
	    TEST(export_tells_each_prefix_as_its_rules_say),
	    TEST(what_export_denies_is_never_told),
	    TEST(of_equal_tunnels_the_one_that_carries_is_best),
	    cmocka_unit_test(communities_are_edited_as_lists_are),
	    cmocka_unit_test(what_gets_too_long_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
