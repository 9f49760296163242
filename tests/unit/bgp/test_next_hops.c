// SPDX-License-Identifier: GPL-2.0-or-later
/* RFC 4271, 9.1.2.1: a path whose next hop can't be reached is not in the contest for the best. */
#include <string.h>

#include "tests/unit/bgp/nodes.h"

#define PREFIX "10.1.0.0/16"
#define HOP "192.0.2.77"

static enum bgp_reach reach;
static unsigned followed, unfollowed;
static char last_followed[IP_ADDRESS_TEXT];

static enum bgp_reach
on_follow(void *context, const struct ip_address *next_hop)
{
	followed++;
	ip_address_format(next_hop, last_followed);
	return reach;
}

static void
on_unfollow(void *context, const struct ip_address *next_hop)
{
	unfollowed++;
}

static struct ip_address
address(const char *text)
{
	struct ip_address out;

	assert_true(ip_address_parse(text, &out));
	return out;
}

static struct policy *
naming(const char *next_hop)
{
	struct policy *policy = policy_new();

	policy_add(policy)->set.next_hop = address(next_hop);
	policy_seal(policy);
	return policy;
}

static void
say(struct node *hub, const char *next_hop, enum bgp_reach now)
{
	struct ip_address changed = address(next_hop);

	reach = now;
	bgp_next_hop_changed(hub->speaker, &changed, now);
}

static bool
best_is(const struct node *hub, const char *peer)
{
	size_t i = route_of(hub, PREFIX);

	return i < hub->route_count && hub->routes[i].there && strcmp(hub->routes[i].peer, peer) == 0;
}

static bool
see_reason(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;

	seen->count++;
	snprintf(seen->text, sizeof(seen->text), "%s", path->reason);
	return true;
}

static const char *
reason_of(struct bgp_peer *peer)
{
	static struct seen seen;

	seen = (struct seen){0};
	bgp_walk_received(peer, NULL, see_reason, &seen);
	return seen.text;
}

/* b, which would be the best, names HOP; c its own address. */
struct triangle {
	struct node hub, b, c;
	struct bgp_peer *to_b, *to_c, *at_b, *at_c;
};

static void
open_triangle(struct triangle *t, struct bgp_peer_config *to_b)
{
	struct policy *policy = naming(HOP);

	followed = unfollowed = 0;
	node_open(&t->hub, 2, 65000);
	node_open(&t->b, 3, 65003);
	node_open(&t->c, 4, 65004);
	t->hub.speaker->config.events.next_hop_follow = on_follow;
	t->hub.speaker->config.events.next_hop_unfollow = on_unfollow;
	originate(&t->b, PREFIX);
	originate(&t->c, PREFIX);
	t->at_b = add_simple(&t->b, "hub", &t->hub);
	bgp_peer_set_policy(t->at_b, NULL, policy);
	policy_release(policy);
	if (to_b->name == NULL)
		*to_b = peer_config("b", &t->hub, &t->b);
	t->to_b = add(&t->hub, to_b);
	t->to_c = add_simple(&t->hub, "c", &t->c);
	t->at_c = add_simple(&t->c, "hub", &t->hub);
	WAIT_UNTIL(status_of(t->to_b).received == 1 && status_of(t->to_c).received == 1);
}

static void
close_triangle(struct triangle *t)
{
	close_node(&t->hub);
	close_node(&t->b);
	close_node(&t->c);
}

static void
a_path_without_a_way_is_passed_over_until_there_is_one(void **state)
{
	struct triangle t;
	struct bgp_peer_config config = {0};

	reach = BGP_REACH_NONE;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	assert_string_equal(reason_of(t.to_b), "not accepted: nothing leads to its next hop: " HOP);
	assert_int_equal(status_of(t.to_b).accepted, 0);
	assert_string_equal(last_followed, HOP);
	say(&t.hub, HOP, BGP_REACH_LINK);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	assert_int_equal(status_of(t.to_b).accepted, 1);
	assert_non_null(strstr(reason_of(t.to_b), "best: lower router id"));
	say(&t.hub, HOP, BGP_REACH_NONE);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	/* The only one that is left is none either. */
	bgp_peer_shutdown(t.to_c, "works");
	WAIT_UNTIL(!has_route(&t.hub, PREFIX));
	say(&t.hub, HOP, BGP_REACH_LINK);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	assert_int_equal(followed, 1);
	assert_int_equal(unfollowed, 0);
	bgp_peer_remove(t.to_b);
	WAIT_UNTIL(unfollowed == 1);
	close_triangle(&t);
}

static void
one_that_can_not_be_followed_is_not_unfollowed(void **state)
{
	struct triangle t;
	struct bgp_peer_config config = {0};

	reach = BGP_REACH_UNKNOWN;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	bgp_peer_remove(t.to_b);
	WAIT_UNTIL(best_is(&t.hub, "c") && t.hub.speaker->ribs[BGP_IPV4].live_paths == 1);
	assert_true(followed != 0);
	assert_int_equal(unfollowed, 0);
	close_triangle(&t);
}

/* RFC 4271, 5.1.3: an external peer next door names what is next door, too. */
static void
one_behind_a_router_is_for_internal_and_multihop_sessions(void **state)
{
	struct triangle t;
	struct bgp_peer_config config = {0};

	reach = BGP_REACH_FAR;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	assert_string_equal(reason_of(t.to_b),
			    "not accepted: its next hop is on no link of ours, and the session "
			    "is not multihop: " HOP);
	say(&t.hub, HOP, BGP_REACH_LINK);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	say(&t.hub, HOP, BGP_REACH_FAR);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	/* The session goes on with what it is from now on. */
	config.multihop = 3;
	assert_true(bgp_peer_configure(t.to_b, &config, NULL));
	WAIT_UNTIL(best_is(&t.hub, "b"));
	config.multihop = 0;
	assert_true(bgp_peer_configure(t.to_b, &config, NULL));
	WAIT_UNTIL(best_is(&t.hub, "c"));
	config.multihop = 3;
	assert_true(bgp_peer_configure(t.to_b, &config, NULL));
	say(&t.hub, HOP, BGP_REACH_LINK);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	say(&t.hub, HOP, BGP_REACH_FAR);
	/* A turn that changes nothing leaves no trace: one that does follows. */
	say(&t.hub, HOP, BGP_REACH_NONE);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	say(&t.hub, HOP, BGP_REACH_FAR);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	close_triangle(&t);
}

static void
a_rule_of_import_names_another_one(void **state)
{
	struct triangle t;
	struct bgp_peer_config config = {0};
	struct policy *policy = naming("192.0.2.88");

	reach = BGP_REACH_NONE;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	reach = BGP_REACH_LINK;
	bgp_peer_set_policy(t.to_b, policy, NULL);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	assert_string_equal(last_followed, "192.0.2.88");
	say(&t.hub, "192.0.2.88", BGP_REACH_NONE);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	/* Without the rule it is the one that it came with, which nothing leads to. */
	bgp_peer_set_policy(t.to_b, NULL, NULL);
	WAIT_UNTIL(strstr(reason_of(t.to_b), HOP) != NULL);
	assert_true(best_is(&t.hub, "c"));
	say(&t.hub, HOP, BGP_REACH_LINK);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	policy_release(policy);
	close_triangle(&t);
}

static void
behind_a_tunnel_the_session_is_the_answer(void **state)
{
	struct triangle t;
	struct node at = {.address = ip_address_v4(0x7f000002), .asn = 65000},
		    of = {.address = ip_address_v4(0x7f000003), .asn = 65003};
	struct bgp_peer_config config = peer_config("b", &at, &of);

	reach = BGP_REACH_NONE;
	config.group = 1;
	config.passive = true;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	assert_int_equal(followed, 0);
	close_triangle(&t);
}

struct history {
	unsigned count;
	char text[400];
};

static bool
see_record(void *context, const struct bgp_record *record)
{
	struct history *history = context;

	if (strcmp(record->cause, "next-hop") == 0) {
		history->count++;
		snprintf(history->text, sizeof(history->text), "%s", record->text);
	}
	return true;
}

static void
the_history_of_a_prefix_says_why(void **state)
{
	struct triangle t;
	struct bgp_peer_config config = {0};
	struct history history = {0};
	struct ip_prefix wanted = prefix(PREFIX);

	reach = BGP_REACH_LINK;
	open_triangle(&t, &config);
	WAIT_UNTIL(best_is(&t.hub, "b"));
	say(&t.hub, HOP, BGP_REACH_NONE);
	WAIT_UNTIL(best_is(&t.hub, "c"));
	bgp_walk_prefix_history(t.hub.speaker, &wanted, see_record, &history);
	assert_int_equal(history.count, 1);
	assert_non_null(strstr(history.text, "the way to a next hop of b changed"));
	close_triangle(&t);
}

TEST_MAIN(TEST(a_path_without_a_way_is_passed_over_until_there_is_one),
	  TEST(one_that_can_not_be_followed_is_not_unfollowed),
	  TEST(one_behind_a_router_is_for_internal_and_multihop_sessions),
	  TEST(a_rule_of_import_names_another_one), TEST(behind_a_tunnel_the_session_is_the_answer),
	  TEST(the_history_of_a_prefix_says_why))
