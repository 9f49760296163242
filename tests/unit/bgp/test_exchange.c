// SPDX-License-Identifier: GPL-2.0-or-later
/* What whole speakers tell each other over a session that stands: resets, MED, graceful shutdown, groups. */
#include "tests/unit/bgp/nodes.h"

static void
join_community(void *context, const char *text)
{
	struct seen *seen = context;

	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), " %s", text);
}

static bool
see_preference(void *context, const struct bgp_path *path)
{
	struct seen *seen = context;
	char p[IP_PREFIX_TEXT];

	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s %u",
		 ip_prefix_format(&path->prefix, p), path->local_preference);
	if (path->attributes != NULL)
		bgp_attributes_communities(path->attributes, join_community, seen);
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), ";");
	return true;
}

static void
a_soft_reset_says_all_again_without_losing_the_session(void **state)
{
	struct node_pair p;
	uint64_t out_a, in_a;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.b, "10.2.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && has_route(&p.a, "10.2.0.0/16") && has_route(&p.b, "10.1.0.0/16"));
	bgp_speaker_watch(p.a.speaker, true, true);
	out_a = status_of(p.at_a).messages_out;
	in_a = status_of(p.at_a).messages_in;
	bgp_peer_reset(p.at_a, true);
	/* Out: ROUTE-REFRESH and the UPDATE again. In: the UPDATE that was asked for. */
	WAIT_UNTIL(status_of(p.at_a).messages_out >= out_a + 2 && status_of(p.at_a).messages_in >= in_a + 1);
	assert_int_equal(p.a.advertised_rows, 1);
	assert_true(is_up(p.at_a));
	assert_int_equal(status_of(p.at_a).flaps + status_of(p.at_b).flaps, 0);
	/* Who watches is told too when all rows go with the session. */
	p.a.advertised_rows = p.a.received_rows = 0;
	bgp_peer_shutdown(p.at_a, NULL);
	WAIT_UNTIL(p.a.advertised_rows == 1 && p.a.received_rows == 1);
	pair_close(&p);
}

static void
a_new_med_reaches_the_peer_without_a_reset(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && status_of(p.at_b).received == 2);
	assert_int_equal(p.b.med_calls, 0);
	bgp_peer_set_med(p.at_a, 200);
	WAIT_UNTIL(p.b.med == 200);
	bgp_peer_set_med(p.at_a, 100);
	WAIT_UNTIL(p.b.med == 100);
	bgp_peer_set_med(p.at_a, 300);
	WAIT_UNTIL(p.b.med == 300);
	bgp_peer_set_med(p.at_a, UINT32_MAX);
	WAIT_UNTIL(p.b.med == UINT32_MAX);
	assert_int_equal(status_of(p.at_b).flaps, 0);
	assert_int_equal(status_of(p.at_b).received, 2);
	pair_close(&p);
}

/* With and without a MED. */
static void
a_peer_that_withdraws_all_is_told_of_and_when_it_advertises_again(void **state)
{
	struct ip_prefix first = prefix("10.1.0.0/16"), second = prefix("10.2.0.0/16");
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && p.b.teaches);
	assert_int_equal(p.b.med_calls, 0);
	assert_false(p.a.teaches); /* b has nothing to tell */
	bgp_network_remove(p.a.speaker, &first);
	WAIT_UNTIL(status_of(p.at_b).received == 1);
	assert_true(p.b.teaches);
	bgp_network_remove(p.a.speaker, &second);
	WAIT_UNTIL(!p.b.teaches);
	assert_true(is_up(p.at_b));
	originate(&p.a, "10.2.0.0/16");
	WAIT_UNTIL(p.b.teaches);
	bgp_peer_stop(p.at_a, "gone");
	WAIT_UNTIL(!p.b.teaches);
	assert_int_equal(p.b.teaches_calls, 4);
	pair_close(&p);
}

/* RFC 8326: what is announced, and what it does on the other side. */
static void
graceful_shutdown_is_told_and_honoured_with_preference_0(void **state)
{
	struct node_pair p;
	struct seen seen = {0};

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && status_of(p.at_b).received == 2);
	bgp_walk_received(p.at_b, NULL, see_preference, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 100;10.2.0.0/16 100;");
	bgp_peer_set_graceful_shutdown(p.at_a, true);
	WAIT_UNTIL(p.b.graceful);
	assert_true(status_of(p.at_a).graceful_shutdown);
	seen = (struct seen){0};
	bgp_walk_received(p.at_b, NULL, see_preference, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 0 65535:0;10.2.0.0/16 0 65535:0;");
	/* A network that comes later carries it too. */
	originate(&p.a, "10.3.0.0/16");
	WAIT_UNTIL(status_of(p.at_b).received == 3);
	assert_true(p.b.graceful);
	bgp_peer_set_graceful_shutdown(p.at_a, false);
	WAIT_UNTIL(!p.b.graceful);
	WAIT_UNTIL((seen = (struct seen){0}, bgp_walk_received(p.at_b, NULL, see_preference, &seen),
		    strcmp(seen.text, "10.1.0.0/16 100;10.2.0.0/16 100;10.3.0.0/16 100;") == 0));
	assert_int_equal(p.b.graceful_calls, 2);
	assert_int_equal(status_of(p.at_b).flaps, 0);
	pair_close(&p);
}

/* A hub with two tunnels to one customer (group 1) and a session to another one (group 2). */
static bool
paths_say(struct node *node, const char *words, struct seen *seen)
{
	*seen = (struct seen){0};
	bgp_walk_paths(node->speaker, NULL, see, seen);
	return strstr(seen->text, words) != NULL;
}

static void
a_group_is_one_for_split_horizon_and_shows_its_members(void **state)
{
	struct node hub, site, other, second;
	struct bgp_peer *hub_first, *hub_second, *site_first, *site_second, *at_other;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&hub, 2, 64512);
	node_open(&site, 3, 65001);
	node_open(&other, 4, 65002);
	second = site; /* the site's other address */
	second.address = ip_address_v4(0x7f000005);
	originate(&site, "10.1.0.0/16");
	originate(&other, "10.2.0.0/16");
	originate(&hub, "10.0.0.0/16");

	config = peer_config("site/1", &hub, &site);
	config.export_peers = config.export_groups = true;
	config.group = 1;
	hub_first = add(&hub, &config);
	config = peer_config("site/2", &hub, &second);
	config.export_peers = config.export_groups = true;
	config.group = 1;
	config.member = 1;
	hub_second = add(&hub, &config);
	config = peer_config("other", &hub, &other);
	config.export_peers = config.export_groups = true;
	config.group = 2;
	add(&hub, &config);
	site_first = add_simple(&site, "hub/1", &hub);
	config = peer_config("hub/2", &second, &hub);
	site_second = add(&site, &config);
	at_other = add_simple(&other, "hub", &hub);

	WAIT_UNTIL(is_up(hub_first) && is_up(hub_second) && is_up(at_other));
	WAIT_UNTIL(has_route(&hub, "10.1.0.0/16") && hub.routes[route_of(&hub, "10.1.0.0/16")].members == 3);
	assert_int_equal(hub.routes[route_of(&hub, "10.1.0.0/16")].group, 1);
	WAIT_UNTIL(has_route(&other, "10.1.0.0/16") && status_of(site_first).received == 2 &&
		   status_of(site_second).received == 2);
	/* The site hears of the hub and of the other site by both, and never of its own network. */
	bgp_walk_received(site_second, NULL, see, &seen);
	assert_null(strstr(seen.text, "10.1.0.0"));
	assert_non_null(strstr(seen.text, "10.2.0.0/16 via 127.0.0.2 path 64512 65002 "));

	/* Preference moves the best path within the group, without a word to the others. */
	bgp_peer_set_preference(hub_second, 200);
	WAIT_UNTIL(strcmp(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/2") == 0);
	bgp_peer_set_preference(hub_first, 300);
	WAIT_UNTIL(strcmp(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/1") == 0);
	/* Lower MED wins where preference is equal. */
	bgp_peer_set_preference(hub_first, 200);
	bgp_peer_set_med(site_first, 20);
	bgp_peer_set_med(site_second, 10);
	/* Each comes by its own session. */
	WAIT_UNTIL(paths_say(&hub, "best: lower MED (10 against 20);", &seen));
	assert_string_equal(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/2");
	assert_non_null(strstr(seen.text, "not best: higher MED (20 against 10);"));
	seen = (struct seen){0};
	bgp_walk_prefix(hub.speaker, &hub.routes[route_of(&hub, "10.1.0.0/16")].prefix, see, &seen);
	assert_int_equal(seen.count, 2);

	bgp_peer_stop(hub_second, "the tunnel went");
	WAIT_UNTIL(hub.routes[route_of(&hub, "10.1.0.0/16")].members == 1);
	assert_string_equal(hub.routes[route_of(&hub, "10.1.0.0/16")].peer, "site/1");
	assert_true(has_route(&other, "10.1.0.0/16"));
	bgp_peer_remove(hub_first);
	WAIT_UNTIL(!has_route(&other, "10.1.0.0/16") && !has_route(&hub, "10.1.0.0/16"));
	assert_null(bgp_peer_find(hub.speaker, "site/1"));
	close_node(&hub);
	close_node(&site);
	close_node(&other);
}

static void
a_path_with_our_own_as_is_kept_but_not_accepted(void **state)
{
	struct node a, b, c;
	struct bgp_peer *at_c;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	node_open(&c, 4, 65001); /* another site with a's number */
	originate(&a, "10.1.0.0/16");
	add_simple(&a, "b", &b);
	add_simple(&b, "a", &a);
	config = peer_config("c", &b, &c);
	config.export_peers = config.export_groups = true;
	add(&b, &config);
	at_c = add_simple(&c, "b", &b);
	WAIT_UNTIL(is_up(at_c) && status_of(at_c).received == 1);
	assert_int_equal(status_of(at_c).accepted, 0);
	assert_false(has_route(&c, "10.1.0.0/16"));
	bgp_walk_received(at_c, NULL, see, &seen);
	assert_string_equal(
	    seen.text,
	    "10.1.0.0/16 via 127.0.0.3 path 65002 65001 | not accepted: as-path contains our own AS;");
	close_node(&a);
	close_node(&b);
	close_node(&c);
}

static void
an_internal_peer_gets_preferences_and_no_internal_routes(void **state)
{
	struct node a, b, c, d;
	struct bgp_peer *at_b, *at_d;
	struct bgp_peer_config config;
	const struct rib *rib;

	/* a (outside) - b - c - d, the last three in one AS: c tells d nothing of what it has from b. */
	node_open(&a, 2, 65001);
	node_open(&b, 3, 65002);
	node_open(&c, 4, 65002);
	node_open(&d, 5, 65002);
	originate(&a, "10.1.0.0/16");
	originate(&c, "10.3.0.0/16");
	add_simple(&a, "b", &b);
	config = peer_config("a", &b, &a);
	config.local_preference = 321;
	add(&b, &config);
	config = peer_config("c", &b, &c);
	config.export_peers = config.export_groups = true;
	add(&b, &config);
	at_b = add_simple(&c, "b", &b);
	config = peer_config("d", &c, &d);
	config.export_peers = config.export_groups = true;
	add(&c, &config);
	at_d = add_simple(&d, "c", &c);
	WAIT_UNTIL(has_route(&c, "10.1.0.0/16") && has_route(&d, "10.3.0.0/16"));
	rib = &c.speaker->ribs[BGP_IPV4];
	assert_int_equal(
	    path_local_preference(
		rib, rib_best(rib, rib_net(rib, trie_get(&rib->trie, (const uint8_t[16]){10, 1}, 16)))),
	    321);
	assert_int_equal(status_of(at_b).received, 1);
	assert_int_equal(status_of(at_d).received, 1);
	assert_false(has_route(&d, "10.1.0.0/16"));
	close_node(&a);
	close_node(&b);
	close_node(&c);
	close_node(&d);
}

TEST_MAIN(TEST(a_soft_reset_says_all_again_without_losing_the_session),
	  TEST(a_new_med_reaches_the_peer_without_a_reset),
	  TEST(a_peer_that_withdraws_all_is_told_of_and_when_it_advertises_again),
	  TEST(graceful_shutdown_is_told_and_honoured_with_preference_0),
	  TEST(a_group_is_one_for_split_horizon_and_shows_its_members),
	  TEST(a_path_with_our_own_as_is_kept_but_not_accepted),
	  TEST(an_internal_peer_gets_preferences_and_no_internal_routes))
