// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told only while other routes are there, and what is to be discarded (RFC 7999), between speakers.
 */
#include "core/bgp/origin_internal.h"
#include "tests/unit/bgp/nodes.h"

/* A list of one condition. */
static struct policy_conditions *
condition(const char *what, const char *when, bool absent)
{
	struct policy_conditions *conditions = policy_conditions_new(1);
	struct policy *const policies[] = {conditions->items[0].what, conditions->items[0].when};
	const char *const patterns[] = {what, when};

	conditions->items[0].absent = absent;
	for (unsigned i = 0; i < COUNT_OF(policies); i++) {
		struct policy_rule *rule = policy_add(policies[i]);

		rule->action = POLICY_DENY;
		rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
		assert_true(policy_set_add(rule->match.prefix, patterns[i], NULL));
		policy_set_seal(rule->match.prefix);
		policy_seal(policies[i]);
	}
	return conditions;
}

/* a tells b what it has by itself. */
static void
open_with_conditions(struct node_pair *pair, struct policy_conditions *conditions, bool several)
{
	pair_open(pair);
	originate(&pair->a, "10.1.0.0/16");
	originate(&pair->a, "10.2.0.0/16");
	pair->config_at_a.conditions = conditions;
	pair->config_at_a.add_path_send = several ? BGP_ADD_PATH_ALL : 0;
	pair->config_at_b.add_path_receive = several;
	pair_start(pair);
	WAIT_UNTIL(has_route(&pair->b, "10.2.0.0/16"));
}

static void
close_with_conditions(struct node_pair *pair)
{
	assert_int_equal(status_of(pair->at_b).flaps, 0);
	pair_close(pair);
	policy_conditions_release(pair->config_at_a.conditions);
}

static void
withdraw(struct node *node, const char *text)
{
	struct ip_prefix p = prefix(text);

	assert_true(bgp_network_remove(node->speaker, &p));
}

static const char *
conditions_of(const struct node_pair *pair, const char *text, bool *held)
{
	static char out[200];
	struct ip_prefix p = prefix(text);

	return bgp_peer_conditions(pair->at_a, &p, held, out, sizeof(out)) ? out : NULL;
}

static void
tell_while_another_is_there(bool several)
{
	struct node_pair pair;
	bool held;

	open_with_conditions(&pair, condition("10.1.0.0/16", "192.0.2.0/24", false), several);
	assert_false(has_route(&pair.b, "10.1.0.0/16"));
	assert_string_equal(conditions_of(&pair, "10.1.0.0/16", &held), "while prefix 192.0.2.0/24");
	assert_false(held);
	assert_null(conditions_of(&pair, "10.2.0.0/16", &held));
	originate(&pair.a, "192.0.2.0/24");
	WAIT_UNTIL(has_route(&pair.b, "10.1.0.0/16"));
	assert_string_equal(pair.a.last_event, "bgp.condition there is a route now of prefix 192.0.2.0/24: "
					       "what b is told by that condition changes");
	conditions_of(&pair, "10.1.0.0/16", &held);
	assert_true(held);
	withdraw(&pair.a, "192.0.2.0/24");
	WAIT_UNTIL(!has_route(&pair.b, "10.1.0.0/16"));
	assert_true(has_route(&pair.b, "10.2.0.0/16"));
	close_with_conditions(&pair);
}

/* With its session it is back before its path was swept out, and an aggregate or a condition was set up
 * meanwhile. */
static void
be_back_at_once(bool aggregate)
{
	struct ip_prefix route = prefix("192.0.2.0/24");
	struct bgp_aggregate wide = {.prefix = prefix("192.0.0.0/16")};
	struct bgp_attributes *attributes;
	struct node_pair pair;
	struct rib *rib;
	bool held;

	open_with_conditions(&pair, NULL, false);
	originate(&pair.b, "192.0.2.0/24");
	WAIT_UNTIL(has_route(&pair.a, "192.0.2.0/24"));
	rib = &pair.a.speaker->ribs[BGP_IPV4];
	attributes = attributes_hold(
	    rib_best(rib, rib_net(rib, trie_get(&rib->trie, route.address.bytes, 24)))->attributes);
	rib_peer_down(rib, pair.at_a->index);
	if (aggregate) {
		bgp_aggregates_set(pair.a.speaker, &wide, 1);
		assert_false(aggregates_work(pair.a.speaker, INT64_MAX));
	} else {
		pair.config_at_a.conditions = condition("10.1.0.0/16", "192.0.2.0/24", false);
		assert_true(bgp_peer_configure(pair.at_a, &pair.config_at_a, NULL));
		assert_false(conditions_work(pair.a.speaker, INT64_MAX));
	}
	rib_announce(rib, pair.at_a->index, route.address.bytes, 24, attributes, PATH_USABLE);
	attributes_release(&pair.a.speaker->attributes, attributes);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(has_route(&pair.a, "192.0.2.0/24"));
	if (aggregate) {
		assert_non_null(speaker_local_path(rib, &wide.prefix));
	} else {
		assert_non_null(conditions_of(&pair, "10.1.0.0/16", &held));
		assert_true(held);
	}
	close_with_conditions(&pair);
}

static void
a_route_that_is_back_at_once_is_there(void **state)
{
	(void)state;
	be_back_at_once(true);
	be_back_at_once(false);
}

static void
a_route_is_told_while_another_is_there(void **state)
{
	(void)state;
	tell_while_another_is_there(false);
}

static void
so_are_several_paths_of_a_prefix(void **state)
{
	(void)state;
	tell_while_another_is_there(true);
}

static void
a_route_is_told_unless_another_is_there(void **state)
{
	struct node_pair pair;

	(void)state;
	open_with_conditions(&pair, condition("10.1.0.0/16", "192.0.2.0/24 le 32", true), false);
	WAIT_UNTIL(has_route(&pair.b, "10.1.0.0/16"));
	originate(&pair.a, "192.0.2.0/25");
	WAIT_UNTIL(!has_route(&pair.b, "10.1.0.0/16"));
	/* One of two goes: it is still there. */
	originate(&pair.a, "192.0.2.128/25");
	withdraw(&pair.a, "192.0.2.0/25");
	WAIT_UNTIL(has_route(&pair.b, "192.0.2.128/25") && !has_route(&pair.b, "192.0.2.0/25"));
	assert_false(has_route(&pair.b, "10.1.0.0/16"));
	withdraw(&pair.a, "192.0.2.128/25");
	WAIT_UNTIL(has_route(&pair.b, "10.1.0.0/16"));
	close_with_conditions(&pair);
}

static void
other_conditions_apply_without_a_reset(void **state)
{
	struct node_pair pair;
	struct policy_conditions *before;

	(void)state;
	open_with_conditions(&pair, NULL, false);
	WAIT_UNTIL(has_route(&pair.b, "10.1.0.0/16"));
	pair.config_at_a.conditions = condition("10.1.0.0/16", "192.0.2.0/24", false);
	assert_true(bgp_peer_configure(pair.at_a, &pair.config_at_a, NULL));
	WAIT_UNTIL(!has_route(&pair.b, "10.1.0.0/16"));
	/* What is looked for has been there for long. */
	before = pair.config_at_a.conditions;
	pair.config_at_a.conditions = condition("10.1.0.0/16", "10.2.0.0/16", false);
	assert_true(bgp_peer_configure(pair.at_a, &pair.config_at_a, NULL));
	policy_conditions_release(before);
	WAIT_UNTIL(has_route(&pair.b, "10.1.0.0/16"));
	before = pair.config_at_a.conditions;
	pair.config_at_a.conditions = NULL;
	assert_true(bgp_peer_configure(pair.at_a, &pair.config_at_a, NULL));
	policy_conditions_release(before);
	assert_null(pair.a.speaker->watches);
	close_with_conditions(&pair);
}

static void
the_default_route_of_default_originate_hangs_on_conditions_too(void **state)
{
	struct node_pair pair;

	(void)state;
	open_with_conditions(&pair, condition("0.0.0.0/0", "192.0.2.0/24", false), false);
	bgp_peer_set_habits(pair.at_a, &(struct bgp_habits){.default_originate = true});
	originate(&pair.a, "10.3.0.0/16");
	WAIT_UNTIL(has_route(&pair.b, "10.3.0.0/16"));
	assert_false(has_route(&pair.b, "0.0.0.0/0"));
	originate(&pair.a, "192.0.2.0/24");
	WAIT_UNTIL(has_route(&pair.b, "0.0.0.0/0"));
	close_with_conditions(&pair);
}

/* --- what is to be discarded ------------------------------------------------------------------- */

/* a - b (the same AS or not) - c; what a tells has BLACKHOLE. */
struct chain {
	struct node a, b, c;
	struct bgp_peer *from_a;
};

/* One rule, which adds BLACKHOLE to all. */
static struct policy *
blackhole_all(void)
{
	struct policy *policy = policy_new();
	struct policy_set_communities *add_list = &policy_add(policy)->set.add;

	add_list->items = memory_zeroed(1, sizeof(*add_list->items));
	assert_true(policy_community_parse("65535:666", false, &add_list->items[0], NULL));
	add_list->count = 1;
	policy_seal(policy);
	return policy;
}

static void
open_chain(struct chain *chain, const struct bgp_habits *habits)
{
	struct bgp_peer_config config;
	struct policy *policy = blackhole_all();

	node_open(&chain->a, 2, 65001);
	node_open(&chain->b, 3, 65002);
	node_open(&chain->c, 4, 65003);
	originate(&chain->a, "192.0.2.66/32");
	originate(&chain->a, "192.0.2.0/24");
	originate(&chain->b, "10.2.0.0/16");
	config = peer_config("b", &chain->a, &chain->b);
	config.policy[POLICY_EXPORT] = policy;
	add(&chain->a, &config);
	policy_release(policy);
	config = peer_config("a", &chain->b, &chain->a);
	config.habits = *habits;
	chain->from_a = add(&chain->b, &config);
	config = peer_config("c", &chain->b, &chain->c);
	config.export_peers = true;
	add(&chain->b, &config);
	add_simple(&chain->c, "b", &chain->b);
	WAIT_UNTIL(status_of(chain->from_a).received == 2 && has_route(&chain->c, "10.2.0.0/16"));
}

static void
close_chain(struct chain *chain)
{
	assert_int_equal(status_of(chain->from_a).flaps, 0);
	close_node(&chain->a);
	close_node(&chain->b);
	close_node(&chain->c);
}

static bool
join_path(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;

	snprintf(seen->text, sizeof(seen->text), "%s%s", path->discard ? "discard: " : "", path->reason);
	return false;
}

static const char *
seen_of(struct chain *chain, const char *text)
{
	static struct seen seen;
	struct ip_prefix p = prefix(text);

	seen = (struct seen){0};
	bgp_walk_received(chain->from_a, &(struct bgp_walk){.from = &p, .with = true}, join_path, &seen);
	return seen.text;
}

static void
what_has_blackhole_is_discarded_where_that_is_switched_on(void **state)
{
	struct bgp_habits off = {0}, on = {.blackhole_from = {32, 128}}, wide = {.blackhole_from = {24, 64}};
	struct chain chain;

	(void)state;
	open_chain(&chain, &off);
	/* By default the community means nothing. */
	WAIT_UNTIL(has_route(&chain.c, "192.0.2.66/32") && has_route(&chain.c, "192.0.2.0/24"));
	assert_string_equal(seen_of(&chain, "192.0.2.66/32"), "best: the only path");
	bgp_peer_set_habits(chain.from_a, &on);
	/* It stays in the AS, and what is wider is not taken. */
	WAIT_UNTIL(!has_route(&chain.c, "192.0.2.66/32") && !has_route(&chain.c, "192.0.2.0/24"));
	assert_string_equal(seen_of(&chain, "192.0.2.66/32"),
			    "discard: best: the only path; discard by BLACKHOLE");
	assert_string_equal(
	    seen_of(&chain, "192.0.2.0/24"),
	    "not accepted: it has BLACKHOLE (RFC 7999), and is shorter than may be discarded");
	assert_true(has_route(&chain.b, "192.0.2.66/32") && !has_route(&chain.b, "192.0.2.0/24"));
	bgp_peer_set_habits(chain.from_a, &wide);
	WAIT_UNTIL(has_route(&chain.b, "192.0.2.0/24"));
	assert_false(has_route(&chain.c, "192.0.2.0/24"));
	bgp_peer_set_habits(chain.from_a, &off);
	WAIT_UNTIL(has_route(&chain.c, "192.0.2.66/32") && has_route(&chain.c, "192.0.2.0/24"));
	close_chain(&chain);
}

static void
rules_say_what_may_be_discarded(void **state)
{
	struct bgp_habits on = {.blackhole_from = {24, 64}};
	struct policy *policy = policy_new();
	struct policy_rule *rule = policy_add(policy);
	struct chain chain;

	(void)state;
	rule->action = POLICY_DENY;
	rule->match.prefix = policy_set_new(POLICY_PREFIXES, NULL);
	assert_true(policy_set_add(rule->match.prefix, "192.0.2.66/32", NULL));
	policy_set_seal(rule->match.prefix);
	policy_seal(policy);
	open_chain(&chain, &on);
	WAIT_UNTIL(has_route(&chain.b, "192.0.2.66/32"));
	bgp_peer_set_policy(chain.from_a, policy, NULL);
	policy_release(policy);
	WAIT_UNTIL(!has_route(&chain.b, "192.0.2.66/32"));
	assert_string_equal(seen_of(&chain, "192.0.2.66/32"), "not accepted: rule 1 of import denies it");
	assert_string_equal(seen_of(&chain, "192.0.2.0/24"),
			    "discard: best: the only path; discard by BLACKHOLE");
	close_chain(&chain);
}

static void
what_a_rule_wants_discarded_is_held_to_the_same_lengths(void **state)
{
	struct policy *policy = blackhole_all();
	struct node_pair p;
	struct seen seen = {0};

	(void)state;
	pair_open(&p);
	originate(&p.a, "192.0.2.66/32");
	originate(&p.a, "10.1.0.0/16");
	p.config_at_b.habits.blackhole_from[BGP_IPV4] = 32;
	p.config_at_b.policy[POLICY_IMPORT] = policy;
	pair_start(&p);
	policy_release(policy);
	WAIT_UNTIL(has_route(&p.b, "192.0.2.66/32") && status_of(p.at_b).received == 2);
	assert_int_equal(status_of(p.at_b).accepted, 1);
	assert_false(has_route(&p.b, "10.1.0.0/16"));
	bgp_walk_received(p.at_b, NULL, join_path, &seen);
	assert_string_equal(
	    seen.text, "not accepted: it has BLACKHOLE (RFC 7999), and is shorter than may be discarded");
	/* Without the rule it is fine. */
	bgp_peer_set_policy(p.at_b, NULL, NULL);
	WAIT_UNTIL(has_route(&p.b, "10.1.0.0/16"));
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_route_is_told_while_another_is_there),
	    TEST(a_route_that_is_back_at_once_is_there),
	    TEST(so_are_several_paths_of_a_prefix),
	    TEST(a_route_is_told_unless_another_is_there),
	    TEST(other_conditions_apply_without_a_reset),
	    TEST(the_default_route_of_default_originate_hangs_on_conditions_too),
	    TEST(what_has_blackhole_is_discarded_where_that_is_switched_on),
	    TEST(what_a_rule_wants_discarded_is_held_to_the_same_lengths),
	    TEST(rules_say_what_may_be_discarded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
