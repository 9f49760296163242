// SPDX-License-Identifier: GPL-2.0-or-later
/* What two neighbours have agreed on, or have not: signatures, distance, roles, limits, and who may come at
 * all. */
#include <string.h>

#include "tests/unit/bgp/nodes.h"

static void
sign(struct bgp_peer_config *config, const char *password)
{
	config->password = (const uint8_t *)password;
	config->password_length = strlen(password);
}

static void
both_sides_sign_their_segments_and_a_wrong_password_is_told(void **state)
{
	struct node_pair p;

	pair_open(&p);
	sign(&p.config_at_a, "wrong");
	sign(&p.config_at_b, "right");
	p.config_at_b.passive = true;
	pair_start(&p);
	WAIT_UNTIL(strstr(status_of(p.at_a).last_error.text, "wrong TCP MD5 signature") != NULL);
	assert_int_equal(status_of(p.at_a).last_error.code, 0);
	/* The one that only waits says it too. */
	WAIT_UNTIL(strstr(status_of(p.at_b).last_error.text,
			  "waiting for the peer: segments came with a wrong") != NULL);
	assert_false(is_up(p.at_b));
	p.config_at_a = peer_config("b", &p.a, &p.b);
	sign(&p.config_at_a, "right");
	assert_true(bgp_peer_configure(p.at_a, &p.config_at_a, NULL));
	bgp_peer_reset(p.at_a, false);
	WAIT_UNTIL(pair_is_up(&p));
	pair_close(&p);
}

static void
a_key_goes_with_its_peer(void **state)
{
	struct node_pair p;

	pair_open(&p);
	sign(&p.config_at_b, "secret");
	p.at_b = add(&p.b, &p.config_at_b);
	bgp_peer_remove(p.at_b);
	p.config_at_b = peer_config("a", &p.b, &p.a);
	p.config_at_b.passive = true;
	uv_run(&loop, UV_RUN_NOWAIT);
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p));
	pair_close(&p);
}

static void
segments_from_farther_than_the_peer_may_be_are_dropped(void **state)
{
	struct node_pair p;

	pair_open(&p);
	p.config_at_a.ttl_security = 1;
	p.config_at_b.passive = true;
	pair_start(&p);
	/* b sends with TTL 1: nothing of what it says after the handshake comes in. */
	WAIT_UNTIL(p.at_b->main->state == BGP_OPENCONFIRM || p.at_b->main->state == BGP_OPENSENT);
	WAIT_UNTIL(strstr(status_of(p.at_a).last_error.text,
			  "no OPEN of the peer: segments came from farther than ttl_security allows") !=
		   NULL);
	assert_false(is_up(p.at_a));
	p.config_at_b.ttl_security = 2;
	assert_true(bgp_peer_configure(p.at_b, &p.config_at_b, NULL));
	bgp_peer_reset(p.at_b, false);
	bgp_peer_reset(p.at_a, false);
	WAIT_UNTIL(pair_is_up(&p));
	pair_close(&p);
}

static void
a_connection_from_too_far_is_refused_with_the_reason(void **state)
{
	struct node_pair p;

	pair_open(&p);
	p.config_at_a.ttl_security = 2;
	p.config_at_a.passive = true;
	/* b connects with a TTL of 1. */
	pair_start(&p);
	WAIT_UNTIL(status_of(p.at_b).last_in.subcode == CEASE_REJECTED);
	assert_non_null(
	    strstr(status_of(p.at_a).last_error.text, "a TTL of 1, ttl_security wants 254 at least"));
	assert_non_null(strstr(p.a.last_event, "peer.error"));
	pair_close(&p);
}

static void
options_that_exclude_each_other_are_refused(void **state)
{
	struct node_pair p;
	struct error err;

	pair_open(&p);
	p.config_at_a.multihop = 2;
	p.config_at_a.ttl_security = 2;
	assert_null(bgp_peer_add(p.a.speaker, &p.config_at_a, &err));
	assert_non_null(strstr(err.text, "exclude each other"));
	p.config_at_a = peer_config("b", &p.a, &p.b);
	p.config_at_a.send_hold_s = p.config_at_a.hold_s;
	assert_null(bgp_peer_add(p.a.speaker, &p.config_at_a, &err));
	assert_non_null(strstr(err.text, "must be longer than the hold time"));
	p.config_at_a = peer_config("b", &p.a, &p.b);
	p.config_at_a.remote_asn = p.config_at_a.local_asn;
	p.config_at_a.role = BGP_ROLE_PEER;
	assert_null(bgp_peer_add(p.a.speaker, &p.config_at_a, &err));
	assert_non_null(strstr(err.text, "eBGP only"));
	p.config_at_a = peer_config("b", &p.a, &p.b);
	p.config_at_a.password_length = BGP_PASSWORD_MOST + 1;
	assert_null(bgp_peer_add(p.a.speaker, &p.config_at_a, &err));
	assert_non_null(strstr(err.text, "more than 80"));
	pair_close(&p);
}

static void
roles_must_go_with_each_other(void **state)
{
	static const struct {
		enum bgp_role a, b;
		bool strict, good;
	} cases[] = {
	    {BGP_ROLE_PROVIDER, BGP_ROLE_CUSTOMER, true, true},
	    {BGP_ROLE_RS, BGP_ROLE_RS_CLIENT, true, true},
	    {BGP_ROLE_PEER, BGP_ROLE_PEER, false, true},
	    {BGP_ROLE_PEER, BGP_ROLE_NONE, false, true},
	    {BGP_ROLE_PROVIDER, BGP_ROLE_PROVIDER, false, false},
	    {BGP_ROLE_CUSTOMER, BGP_ROLE_PEER, false, false},
	    {BGP_ROLE_PEER, BGP_ROLE_NONE, true, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct node_pair p;

		print_message("case: %s and %s\n", bgp_role_name(cases[i].a), bgp_role_name(cases[i].b));
		pair_open(&p);
		p.config_at_a.role = cases[i].a;
		p.config_at_a.role_strict = cases[i].strict;
		p.config_at_b.role = cases[i].b;
		p.config_at_b.passive = true;
		pair_start(&p);
		if (cases[i].good) {
			WAIT_UNTIL(pair_is_up(&p));
			assert_int_equal(status_of(p.at_a).remote_role, cases[i].b);
		} else {
			WAIT_UNTIL(status_of(p.at_a).last_error.code == 2 ||
				   status_of(p.at_b).last_error.code == 2);
			WAIT_UNTIL(status_of(p.at_b).last_error.set && status_of(p.at_a).last_error.set);
			assert_int_equal(status_of(p.at_a).last_error.subcode, OPEN_ROLE_MISMATCH);
			assert_int_equal(status_of(p.at_b).last_error.subcode, OPEN_ROLE_MISMATCH);
			assert_false(is_up(p.at_a));
		}
		pair_close(&p);
	}
}

/* A chain of four: a is the provider of b, b and c are peers, c is the provider of d; and e, whose customer c
 * is. */
static void
what_a_provider_tells_goes_to_customers_only(void **state)
{
	static const struct {
		unsigned from, to;
		enum bgp_role ours;
	} links[] = {{0, 1, BGP_ROLE_PROVIDER},
		     {1, 2, BGP_ROLE_PEER},
		     {2, 3, BGP_ROLE_PROVIDER},
		     {4, 2, BGP_ROLE_PROVIDER}};
	struct node nodes[5];
	struct bgp_peer *last = NULL;

	for (unsigned i = 0; i < 5; i++)
		node_open(&nodes[i], 2 + i, 65001 + i);
	originate(&nodes[0], "10.1.0.0/16");
	originate(&nodes[1], "10.2.0.0/16");
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		enum bgp_role other = links[i].ours == BGP_ROLE_PEER ? BGP_ROLE_PEER : BGP_ROLE_CUSTOMER;
		struct node *a = &nodes[links[i].from], *b = &nodes[links[i].to];
		char name[2][8];
		struct bgp_peer_config config;

		snprintf(name[0], sizeof(name[0]), "%u", links[i].to);
		snprintf(name[1], sizeof(name[1]), "%u", links[i].from);
		config = peer_config(name[0], a, b);
		config.role = links[i].ours;
		config.export_peers = true;
		add(a, &config);
		config = peer_config(name[1], b, a);
		config.role = other;
		config.export_peers = true;
		last = add(b, &config);
	}
	WAIT_UNTIL(is_up(last));
	/* What b has of its own goes to its peer, and to that one's customer; not to its peer's provider. */
	WAIT_UNTIL(has_route(&nodes[3], "10.2.0.0/16"));
	WAIT_UNTIL(has_route(&nodes[1], "10.1.0.0/16"));
	for (usec_t until = clock_monotonic() + USEC_PER_SEC / 2; clock_monotonic() < until;)
		uv_run(&loop, UV_RUN_ONCE);
	assert_false(has_route(&nodes[4], "10.2.0.0/16"));
	/* What b has from its provider does not go to its peer. */
	assert_false(has_route(&nodes[2], "10.1.0.0/16"));
	for (unsigned i = 0; i < 5; i++)
		close_node(&nodes[i]);
}

static void
a_limit_that_only_warns_lets_all_in(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	originate(&p.a, "10.3.0.0/16");
	p.config_at_b.max_prefixes = 2;
	p.config_at_b.limit_warn = 50;
	p.config_at_b.limit_action = BGP_LIMIT_WARN;
	pair_start(&p);
	WAIT_UNTIL(is_up(p.at_b) && status_of(p.at_b).accepted == 3);
	assert_true(is_up(p.at_b));
	/* At half of it, and beyond it. */
	assert_int_equal(p.b.warnings_of_limit, 2);
	pair_close(&p);
}

static void
a_limit_that_stops_the_peer_holds_until_it_is_reset(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	p.config_at_b.max_prefixes = 1;
	p.config_at_b.limit_action = BGP_LIMIT_STOP;
	pair_start(&p);
	WAIT_UNTIL(status_of(p.at_b).stopped);
	assert_int_equal(status_of(p.at_b).last_out.code, 6);
	assert_int_equal(status_of(p.at_b).last_out.subcode, CEASE_MAX_PREFIXES);
	assert_int_equal(status_of(p.at_b).last_out.data_length, 7);
	/* It neither tries, nor hears the other side. */
	WAIT_UNTIL(status_of(p.at_a).last_error.subcode == CEASE_REJECTED);
	assert_int_equal(status_of(p.at_b).state, BGP_IDLE);
	bgp_network_remove(p.a.speaker,
			   &(struct ip_prefix){.address = ip_address_v4(0x0a010000), .length = 16});
	bgp_peer_reset(p.at_b, false);
	WAIT_UNTIL(is_up(p.at_b) && status_of(p.at_b).accepted == 1);
	assert_false(status_of(p.at_b).stopped);
	pair_close(&p);
}

static void
a_limit_with_a_time_to_restart_is_left_alone_for_just_that(void **state)
{
	struct node_pair p;
	usec_t begun;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	p.config_at_b.max_prefixes = 1;
	p.config_at_b.limit_restart_s = 2;
	pair_start(&p);
	WAIT_UNTIL(status_of(p.at_b).flaps == 1);
	begun = clock_monotonic();
	WAIT_UNTIL(status_of(p.at_a).last_error.subcode == CEASE_REJECTED);
	assert_int_equal(status_of(p.at_b).state, BGP_IDLE);
	WAIT_UNTIL(status_of(p.at_b).flaps == 2);
	assert_true(clock_monotonic() - begun >= 2 * USEC_PER_SEC);
	assert_true(clock_monotonic() - begun < 15 * USEC_PER_SEC);
	pair_close(&p);
}

static void
prefixes_beyond_the_limit_outwards_are_kept_back_until_there_is_room(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	originate(&p.a, "10.3.0.0/16");
	p.config_at_a.max_prefixes_out = 2;
	pair_start(&p);
	WAIT_UNTIL(is_up(p.at_b) && status_of(p.at_b).received == 2 && status_of(p.at_a).pending == 0);
	assert_int_equal(status_of(p.at_a).advertised, 2);
	assert_non_null(strstr(p.a.last_event, "kept back"));
	bgp_network_remove(p.a.speaker,
			   &(struct ip_prefix){.address = ip_address_v4(0x0a010000), .length = 16});
	WAIT_UNTIL(has_route(&p.b, "10.3.0.0/16"));
	assert_int_equal(status_of(p.at_a).advertised, 2);
	assert_false(has_route(&p.b, "10.1.0.0/16"));
	pair_close(&p);
}

/* --- who comes by itself ------------------------------------------------------------------------ */

static struct bgp_peer_config
range_of(const struct node *hub, const uint32_t *asns, size_t count)
{
	return (struct bgp_peer_config){.name = "branches",
					.dynamic = true,
					.range = prefix("127.0.0.0/28"),
					.most_peers = 2,
					.asns = asns,
					.asn_count = count,
					.local_asn = hub->asn,
					.hold_s = 90,
					.keepalive_s = 30,
					.export_networks = true,
					.export_peers = true,
					.local_preference = 100,
					.med_out = UINT32_MAX};
}

static void
whoever_comes_from_a_range_gets_a_session_until_it_goes(void **state)
{
	static const uint32_t asns[] = {65002, 65003, 65004};
	struct node hub, branches[3];
	struct bgp_peer_config config;
	struct bgp_peer *range, *at[3];

	node_open(&hub, 2, 65001);
	originate(&hub, "10.0.0.0/8");
	config = range_of(&hub, asns, 3);
	range = add(&hub, &config);
	for (unsigned i = 0; i < 2; i++) {
		node_open(&branches[i], 3 + i, 65002 + i);
		at[i] = add_simple(&branches[i], "hub", &hub);
	}
	originate(&branches[0], "10.1.0.0/16");
	WAIT_UNTIL(is_up(at[0]) && is_up(at[1]) && has_route(&branches[1], "10.1.0.0/16"));
	assert_int_equal(status_of(range).neighbours, 2);
	assert_true(status_of(range).template);
	assert_true(status_of(bgp_peer_find(hub.speaker, "branches@127.0.0.3")).dynamic);
	assert_int_equal(status_of(bgp_peer_find(hub.speaker, "branches@127.0.0.4")).remote_asn, 65003);
	/* There is room for two. */
	node_open(&branches[2], 5, 65004);
	at[2] = add_simple(&branches[2], "hub", &hub);
	WAIT_UNTIL(status_of(at[2]).last_error.subcode == CEASE_REJECTED);
	assert_null(bgp_peer_find(hub.speaker, "branches@127.0.0.5"));
	/* One goes: its peer does too, and the third one has its place. */
	close_node(&branches[0]);
	WAIT_UNTIL(bgp_peer_find(hub.speaker, "branches@127.0.0.3") == NULL);
	assert_int_equal(hub.gone, 1);
	WAIT_UNTIL(is_up(at[2]) && !has_route(&branches[1], "10.1.0.0/16"));
	/* The range goes, and all who came by it. */
	bgp_peer_remove(range);
	WAIT_UNTIL(!is_up(at[1]) && !is_up(at[2]));
	assert_int_equal(status_of(at[1]).last_in.subcode, CEASE_DECONFIGURED);
	WAIT_UNTIL(bgp_peer_find(hub.speaker, "branches@127.0.0.4") == NULL);
	close_node(&branches[1]);
	close_node(&branches[2]);
	close_node(&hub);
}

static void
an_as_number_that_is_not_listed_and_an_address_outside_are_refused(void **state)
{
	static const uint32_t asns[] = {65003, 65004};
	struct node hub, stranger, outside;
	struct bgp_peer_config config;
	struct bgp_peer *at;

	node_open(&hub, 2, 65001);
	config = range_of(&hub, asns, 2);
	add(&hub, &config);
	node_open(&stranger, 3, 65002);
	at = add_simple(&stranger, "hub", &hub);
	WAIT_UNTIL(status_of(at).last_in.code == 2);
	assert_int_equal(status_of(at).last_in.subcode, OPEN_BAD_PEER_AS);
	WAIT_UNTIL(bgp_peer_find(hub.speaker, "branches@127.0.0.3") == NULL);
	node_open(&outside, 33, 65003);
	at = add_simple(&outside, "hub", &hub);
	WAIT_UNTIL(status_of(at).last_in.subcode == CEASE_REJECTED);
	assert_non_null(strstr(hub.last_event, "peer.stranger a BGP connection from 127.0.0.33 is refused"));
	assert_null(bgp_peer_find(hub.speaker, "branches@127.0.0.33"));
	close_node(&stranger);
	close_node(&outside);
	close_node(&hub);
}

static void
a_range_has_a_password_for_all_of_it(void **state)
{
	static const uint32_t asns[] = {65002};
	struct node hub, branch;
	struct bgp_peer_config config;
	struct bgp_peer *at;

	node_open(&hub, 2, 65001);
	config = range_of(&hub, asns, 1);
	sign(&config, "all branches");
	add(&hub, &config);
	node_open(&branch, 3, 65002);
	config = peer_config("hub", &branch, &hub);
	sign(&config, "all branches");
	at = add(&branch, &config);
	WAIT_UNTIL(is_up(at));
	config = peer_config("hub", &branch, &hub);
	sign(&config, "of one");
	assert_true(bgp_peer_configure(at, &config, NULL));
	bgp_peer_reset(at, false);
	WAIT_UNTIL(strstr(status_of(at).last_error.text, "password") != NULL);
	assert_false(is_up(at));
	close_node(&branch);
	close_node(&hub);
}

TEST_MAIN(TEST(both_sides_sign_their_segments_and_a_wrong_password_is_told), TEST(a_key_goes_with_its_peer),
	  TEST(segments_from_farther_than_the_peer_may_be_are_dropped),
	  TEST(a_connection_from_too_far_is_refused_with_the_reason),
	  TEST(options_that_exclude_each_other_are_refused), TEST(roles_must_go_with_each_other),
	  TEST(what_a_provider_tells_goes_to_customers_only), TEST(a_limit_that_only_warns_lets_all_in),
	  TEST(a_limit_that_stops_the_peer_holds_until_it_is_reset),
	  TEST(a_limit_with_a_time_to_restart_is_left_alone_for_just_that),
	  TEST(prefixes_beyond_the_limit_outwards_are_kept_back_until_there_is_room),
	  TEST(whoever_comes_from_a_range_gets_a_session_until_it_goes),
	  TEST(an_as_number_that_is_not_listed_and_an_address_outside_are_refused),
	  TEST(a_range_has_a_password_for_all_of_it))
