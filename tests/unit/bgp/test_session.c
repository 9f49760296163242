// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions between whole speakers: how they come up, what they refuse, how they end. */
#include "tests/unit/bgp/nodes.h"

static void
two_speakers_with_long_as_numbers_exchange_networks(void **state)
{
	struct node a, b;
	struct bgp_peer *at_a, *at_b;
	struct bgp_peer_config config;
	struct seen seen = {0};

	node_open(&a, 2, 4200000001u);
	node_open(&b, 3, 4200000002u);
	originate(&a, "10.1.0.0/16");
	config = peer_config("b", &a, &b);
	config.hold_s = 12;
	config.keepalive_s = 5;
	at_a = add(&a, &config);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(is_up(at_a) && is_up(at_b));
	originate(&b, "10.2.0.0/16");
	WAIT_UNTIL(has_route(&a, "10.2.0.0/16") && has_route(&b, "10.1.0.0/16"));
	assert_int_equal(status_of(at_a).hold_s, 12);
	assert_int_equal(status_of(at_b).hold_s, 12);
	assert_int_equal(status_of(at_a).keepalive_s, 4);
	assert_int_equal(status_of(at_a).capability_count, 5);
	assert_int_equal(status_of(at_a).received, 1);
	assert_int_equal(status_of(at_a).advertised, 1);
	assert_int_equal(status_of(at_a).remote_router_id, 3);
	assert_null(at_a->second);
	assert_null(at_b->second);
	bgp_walk_received(at_a, NULL, see, &seen);
	assert_string_equal(seen.text, "10.2.0.0/16 via 127.0.0.3 path 4200000002 | best: the only path;");
	seen = (struct seen){0};
	bgp_walk_advertised(at_a, NULL, see, &seen);
	assert_string_equal(seen.text, "10.1.0.0/16 via 127.0.0.2 path 4200000001 | ;");
	assert_true(bgp_network_remove(b.speaker, &b.routes[route_of(&b, "10.2.0.0/16")].prefix));
	WAIT_UNTIL(!has_route(&a, "10.2.0.0/16"));
	assert_int_equal(status_of(at_a).received, 0);
	close_node(&a);
	WAIT_UNTIL(!is_up(at_b) && !has_route(&b, "10.1.0.0/16"));
	assert_true(status_of(at_b).last_error.received);
	assert_int_equal(status_of(at_b).last_error.code, 6);
	assert_int_equal(status_of(at_b).last_error.subcode, CEASE_SHUTDOWN);
	close_node(&b);
}

enum { TABLE = 20000 };

static struct bgp_peer *losing;
static unsigned learned, gone, gone_while_up;

/* Whoever holds what a lost session told has to know that it was not withdrawn. */
static void
on_big_table(void *context, const struct bgp_change *change)
{
	struct bgp_peer_status status = status_of(losing);

	(void)context;
	learned += change->best != NULL;
	gone += change->best == NULL;
	if (change->best == NULL && status.state == BGP_ESTABLISHED) {
		gone_while_up++;
		assert_true(status.clearing);
	}
}

static void
what_went_with_a_session_is_told_apart_though_the_next_one_stands(void **state)
{
	struct node_pair p;

	(void)state;
	learned = gone = gone_while_up = 0;
	pair_open(&p);
	p.a.speaker->config.events.route_changed = on_big_table;
	for (uint32_t i = 0; i < TABLE; i++) {
		struct ip_prefix net = {.address = ip_address_v4(0x0a000000 + (i << 8)), .length = 24};

		assert_true(bgp_network_add(p.b.speaker, &net));
	}
	p.b.speaker->config.events.route_changed = NULL;
	pair_start(&p);
	losing = p.at_a;
	WAIT_UNTIL(learned == TABLE);
	assert_false(status_of(p.at_a).clearing);
	learned = 0;
	bgp_peer_reset(p.at_a, false);
	assert_true(status_of(p.at_a).clearing);
	WAIT_UNTIL(is_up(p.at_a) && status_of(p.at_a).received == TABLE && !status_of(p.at_a).clearing);
	print_message("# of %u prefixes that went, %u did when the next session stood\n", gone,
		      gone_while_up);
	pair_close(&p);
}

static void
a_wrong_as_number_is_refused_with_2_2(void **state)
{
	struct node_pair p;

	pair_open(&p);
	p.config_at_a.remote_asn = 65009;
	p.config_at_b.passive = true;
	pair_start(&p);
	WAIT_UNTIL(status_of(p.at_a).last_error.code == 2 && status_of(p.at_b).last_error.code == 2);
	assert_int_equal(status_of(p.at_a).last_error.subcode, OPEN_BAD_PEER_AS);
	assert_false(status_of(p.at_a).last_error.received);
	assert_true(status_of(p.at_b).last_error.received);
	assert_non_null(strstr(status_of(p.at_b).last_error.text, "Bad Peer AS"));
	assert_false(is_up(p.at_a));
	pair_close(&p);
}

static void
a_shutdown_tells_its_reason_and_lasts_until_enabled(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && has_route(&p.b, "10.1.0.0/16"));
	bgp_peer_shutdown(p.at_a, "new \x1b[31mrouter\x1b, back at 10");
	WAIT_UNTIL(!is_up(p.at_b) && !has_route(&p.b, "10.1.0.0/16"));
	assert_string_equal(status_of(p.at_b).last_error.text,
			    "Cease: Administrative Shutdown \"new ?[31mrouter?, back at 10\"");
	assert_true(status_of(p.at_a).shut_down);
	assert_int_equal(status_of(p.at_a).state, BGP_IDLE);
	/* Neither its own start nor the other side's attempts bring it back. */
	bgp_peer_stop(p.at_a, "the tunnel went");
	bgp_peer_start(p.at_a);
	bgp_peer_reset(p.at_b, false);
	WAIT_UNTIL(status_of(p.at_b).last_error.subcode == CEASE_REJECTED);
	assert_int_equal(status_of(p.at_a).state, BGP_IDLE);
	bgp_peer_enable(p.at_a);
	WAIT_UNTIL(pair_is_up(&p));
	assert_false(status_of(p.at_a).shut_down);
	pair_close(&p);
}

static void
a_stop_drops_the_session_and_a_start_brings_it_back_at_once(void **state)
{
	struct node_pair p;
	usec_t begun;

	pair_open(&p);
	originate(&p.b, "10.2.0.0/16");
	pair_start(&p);
	for (int i = 0; i < 5; i++) {
		begun = clock_monotonic();
		WAIT_UNTIL(is_up(p.at_a) && has_route(&p.a, "10.2.0.0/16"));
		assert_true(clock_monotonic() - begun < 5 * USEC_PER_SEC);
		bgp_peer_stop(p.at_a, "the tunnel went");
		assert_int_equal(status_of(p.at_a).state, BGP_IDLE);
		assert_int_equal(status_of(p.at_a).received, 0);
		WAIT_UNTIL(!has_route(&p.a, "10.2.0.0/16") && !is_up(p.at_b));
		bgp_peer_start(p.at_a);
	}
	WAIT_UNTIL(pair_is_up(&p));
	assert_int_equal(status_of(p.at_a).flaps, 5);
	pair_close(&p);
}

static void
one_prefix_too_many_draws_6_1_and_a_new_attempt_is_heard_at_once(void **state)
{
	struct node_pair p;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	p.config_at_b.max_prefixes = 2;
	pair_start(&p);
	WAIT_UNTIL(is_up(p.at_b) && status_of(p.at_b).accepted == 2);
	assert_int_equal(p.b.warnings_of_limit, 1);
	originate(&p.a, "10.3.0.0/16");
	WAIT_UNTIL(!is_up(p.at_b) && status_of(p.at_a).last_error.code == 6);
	assert_int_equal(status_of(p.at_a).last_error.subcode, CEASE_MAX_PREFIXES);
	assert_non_null(strstr(status_of(p.at_a).last_error.text, "limit 2"));
	assert_true(p.at_b->main->idle_at - clock_monotonic() > 50 * USEC_PER_SEC);
	/* b waits a minute before it tries again, a only a second: b takes it, and refuses it again for the
	 * same cause. */
	WAIT_UNTIL(status_of(p.at_b).flaps == 2);
	assert_int_equal(status_of(p.at_b).last_error.subcode, CEASE_MAX_PREFIXES);
	WAIT_UNTIL(!has_route(&p.b, "10.1.0.0/16"));
	bgp_network_remove(p.a.speaker, &p.a.routes[0].prefix);
	bgp_peer_reset(p.at_b, false);
	WAIT_UNTIL(is_up(p.at_b) && status_of(p.at_b).accepted == 2);
	pair_close(&p);
}

static void
new_limits_count_for_the_session_that_stands(void **state)
{
	struct node_pair p;
	uint32_t hold;

	pair_open(&p);
	originate(&p.a, "10.1.0.0/16");
	originate(&p.a, "10.2.0.0/16");
	pair_start(&p);
	WAIT_UNTIL(pair_is_up(&p) && status_of(p.at_b).received == 2);
	hold = status_of(p.at_b).hold_s;
	p.config_at_b.hold_s = hold + 60;
	p.config_at_b.keepalive_s = 1;
	p.config_at_b.max_prefixes = 2;
	assert_true(bgp_peer_configure(p.at_b, &p.config_at_b, NULL));
	assert_int_equal(status_of(p.at_b).keepalive_s, 1);
	assert_int_equal(status_of(p.at_b).hold_s, hold); /* as negotiated */
	assert_true(is_up(p.at_b));
	originate(&p.a, "10.3.0.0/16");
	WAIT_UNTIL(!is_up(p.at_b));
	assert_int_equal(status_of(p.at_b).last_error.subcode, 1);
	pair_close(&p);
}

static void
a_busy_port_is_an_error_that_says_so(void **state)
{
	struct node a;
	struct bgp_speaker_config config = {.asn = 1, .router_id = 1};
	struct error err;

	node_open(&a, 2, 65001);
	config.port = a.port;
	assert_null(bgp_speaker_open(&loop, &config, &err));
	assert_non_null(strstr(err.text, "Address already in use"));
	close_node(&a);
}

TEST_MAIN(TEST(two_speakers_with_long_as_numbers_exchange_networks),
	  TEST(what_went_with_a_session_is_told_apart_though_the_next_one_stands),
	  TEST(a_wrong_as_number_is_refused_with_2_2),
	  TEST(a_shutdown_tells_its_reason_and_lasts_until_enabled),
	  TEST(a_stop_drops_the_session_and_a_start_brings_it_back_at_once),
	  TEST(one_prefix_too_many_draws_6_1_and_a_new_attempt_is_heard_at_once),
	  TEST(new_limits_count_for_the_session_that_stands), TEST(a_busy_port_is_an_error_that_says_so))
