// SPDX-License-Identifier: GPL-2.0-or-later
/* Our own restart (RFC 4724, 4.1): what OPEN says of it, who is waited for and for how long, and what is told
 * only then. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

#define OTHERS_OPEN "0104fdea005a0a0b0c0d" /* 65002, hold 90, 10.11.12.13 */
/* IPv4 unicast, four octets and, where it is told, graceful restart with flags, time and a family. */
#define OPEN_WITHOUT \
	MARK "002b" OTHERS_OPEN "0e020c" \
	     "010400010001" \
	     "41040000fdea"
#define OPEN_WITH(flags_and_time) \
	MARK "0033" OTHERS_OPEN "16" \
	     "0214" \
	     "010400010001" \
	     "41040000fdea" \
	     "4006" flags_and_time "00010180"
#define END_OF_RIB MARK "00170200000000"
/* An /8 by a peer's own address. */
#define ROUTE(octet, next_hop) \
	MARK "002d02" \
	     "0000" \
	     "0014" \
	     "40010100" \
	     "4002060201" \
	     "0000fdea" \
	     "400304" next_hop "08" octet

struct world {
	struct node a;
	struct node others[2];
	struct bgp_peer *peers[2];
	struct raw raws[2];
	unsigned settled;
};

static struct world w;

static void
on_settled(void *context)
{
	w.settled++;
}

/* Two peers that are asked to keep our paths, and a network of ours. */
static void
open_world(bool restarted, unsigned forwarding, uint32_t restart_s, uint32_t stale_s)
{
	w = (struct world){0};
	node_open(&w.a, 2, 65001);
	w.a.speaker->config.restarted = w.a.speaker->deferring = restarted;
	w.a.speaker->config.forwarding = forwarding;
	w.a.speaker->config.events.settled = on_settled;
	originate(&w.a, "10.1.0.0/16");
	for (unsigned i = 0; i < 2; i++) {
		struct bgp_peer_config config;

		w.others[i] = (struct node){.address = ip_address_v4(0x7f000009 + i), .asn = 65002};
		config = peer_config(i == 0 ? "first" : "second", &w.a, &w.others[i]);
		config.passive = true;
		config.graceful_restart = BGP_GRACEFUL_YES;
		config.restart_s = restart_s;
		config.stale_s = stale_s;
		w.peers[i] = add(&w.a, &config);
	}
}

static void
connect_peer(unsigned i, const char *open)
{
	raw_connect(&w.raws[i], 9 + i, &w.a);
	raw_send(&w.raws[i], open);
	raw_send(&w.raws[i], KEEPALIVE);
	WAIT_UNTIL(is_up(w.peers[i]));
}

static void
turns(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		uv_run(&loop, UV_RUN_ONCE);
}

static bool
told(unsigned i)
{
	return raw_message(&w.raws[i], BGP_UPDATE) != NULL;
}

static void
close_world(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (w.raws[i].fd > 0)
			close(w.raws[i].fd);
	}
	close_node(&w.a);
}

/* The value of the capability in the OPEN that a peer got, as text; "": it is not there. */
static const char *
offered(unsigned i)
{
	static char text[64];
	const uint8_t *message = raw_message(&w.raws[i], BGP_OPEN);
	size_t length = (size_t)(message[16] << 8 | message[17]);

	text[0] = '\0';
	/* behind the head, what is fixed, and the head of the one parameter */
	for (size_t at = 19 + 10 + 2; at + 1 < length; at += 2u + message[at + 1]) {
		for (unsigned k = 0; message[at] == 64 && k < message[at + 1]; k++)
			snprintf(text + 2 * k, sizeof(text) - 2 * k, "%02x", message[at + 2 + k]);
	}
	return text;
}

static void
open_says_what_is_true_of_the_restart(void **state)
{
	static const struct {
		bool restarted;
		unsigned forwarding;
		const char *offer, *again; /* and with the second session of the run */
	} cases[] = {
	    {false, 0,
	     "40780001"
	     "0100",
	     "40780001"
	     "0180"},
	    {true, 0,
	     "c0780001"
	     "0100",
	     "40780001"
	     "0180"},
	    {true, BGP_FAMILY_BIT(BGP_IPV4),
	     "c0780001"
	     "0180",
	     "40780001"
	     "0180"},
	    {true, BGP_FAMILY_BIT(BGP_IPV6),
	     "c0780001"
	     "0100",
	     "40780001"
	     "0180"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_world(cases[i].restarted, cases[i].forwarding, 120, 0);
		connect_peer(0, OPEN_WITH("4078"));
		WAIT_UNTIL(raw_message(&w.raws[0], BGP_OPEN) != NULL);
		assert_string_equal(offered(0), cases[i].offer);
		close(w.raws[0].fd);
		WAIT_UNTIL(!is_up(w.peers[0]));
		connect_peer(0, OPEN_WITH("4078"));
		WAIT_UNTIL(raw_message(&w.raws[0], BGP_OPEN) != NULL);
		assert_string_equal(offered(0), cases[i].again);
		close_world();
	}
	/* As a helper it asks for nothing; and the time is over at some time. */
	open_world(true, 1, 1, 0);
	w.peers[1]->config.graceful_restart = BGP_GRACEFUL_HELPER;
	connect_peer(1, OPEN_WITH("4078"));
	WAIT_UNTIL(raw_message(&w.raws[1], BGP_OPEN) != NULL);
	assert_string_equal(offered(1), "4000");
	w.a.speaker->opened_at -= 2 * USEC_PER_SEC;
	connect_peer(0, OPEN_WITH("4078"));
	WAIT_UNTIL(raw_message(&w.raws[0], BGP_OPEN) != NULL);
	assert_string_equal(offered(0), "40010001"
					"0180");
	close_world();
}

static void
nothing_is_told_before_all_peers_have_told_all(void **state)
{
	open_world(true, 1, 120, 0);
	connect_peer(0, OPEN_WITH("4078"));
	raw_send(&w.raws[0], ROUTE("0a", "7f000009") END_OF_RIB);
	WAIT_UNTIL(has_route(&w.a, "10.0.0.0/8"));
	turns(30);
	assert_false(told(0));
	assert_true(status_of(w.peers[0]).deferred_until > clock_monotonic());
	connect_peer(1, OPEN_WITH("4078"));
	raw_send(&w.raws[1], ROUTE("0b", "7f00000a"));
	WAIT_UNTIL(has_route(&w.a, "11.0.0.0/8"));
	turns(30);
	assert_false(told(0) || told(1));
	assert_int_equal(w.settled, 0);
	raw_send(&w.raws[1], END_OF_RIB);
	WAIT_UNTIL(told(0) && told(1));
	assert_int_equal(w.settled, 1);
	/* Each gets the network, and then End-of-RIB. */
	WAIT_UNTIL(status_of(w.peers[0]).sent_of[BGP_KIND_UPDATE] == 2 &&
		   status_of(w.peers[1]).sent_of[BGP_KIND_UPDATE] == 2);
	turns(30);
	assert_int_equal(w.settled, 1);
	close_world();
}

/* Of what was told last an aggregate is made: a helper that heard End-of-RIB before it would drop it. */
static void
what_follows_from_it_is_told_before_the_end_of_rib(void **state)
{
	struct bgp_aggregate wide = {.prefix = prefix("12.0.0.0/6")};
	const struct raw *raw = &w.raws[1];
	bool aggregate = false, end = false;

	open_world(true, 1, 120, 0);
	bgp_aggregates_set(w.a.speaker, &wide, 1);
	connect_peer(0, OPEN_WITH("4078"));
	connect_peer(1, OPEN_WITH("4078"));
	raw_send(&w.raws[1], END_OF_RIB);
	raw_send(&w.raws[0], ROUTE("0c", "7f000009") END_OF_RIB);
	WAIT_UNTIL(status_of(w.peers[1]).sent_of[BGP_KIND_UPDATE] == 3);
	turns(10);
	assert_true(told(1));
	for (size_t at = 0, length; at < raw->length; at += length) {
		length = (size_t)raw->in[at + 16] << 8 | raw->in[at + 17];
		if (raw->in[at + 18] != BGP_UPDATE)
			continue;
		assert_false(end);
		end = length == 23;
		aggregate = aggregate || memcmp(raw->in + at + length - 2, "\x06\x0c", 2) == 0;
	}
	assert_true(end && aggregate);
	close_world();
}

static void
who_has_nothing_of_us_is_told_at_once(void **state)
{
	open_world(true, 1, 120, 0);
	w.peers[1]->config.graceful_restart = BGP_GRACEFUL_HELPER;
	deferral_forget(w.peers[1]);
	connect_peer(0, OPEN_WITH("4078")); /* it would be told the same in the same words */
	connect_peer(1, OPEN_WITH("4078"));
	WAIT_UNTIL(told(1));
	turns(30);
	assert_false(told(0));
	assert_int_equal(w.settled, 0);
	close_world();
	/* What was not forwarded meanwhile, a helper has dropped. */
	open_world(true, BGP_FAMILY_BIT(BGP_IPV6), 120, 0);
	connect_peer(0, OPEN_WITH("4078"));
	WAIT_UNTIL(told(0));
	assert_int_equal(status_of(w.peers[0]).deferred_until, 0);
	assert_int_equal(w.settled, 0);
	close_world();
}

static void
not_waited_for_is_who_will_not_say_when_it_is_done(void **state)
{
	static const struct {
		const char *what, *open;
	} cases[] = {
	    {"no graceful restart", OPEN_WITHOUT},
	    {"it has restarted too", OPEN_WITH("c078")},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("case: %s\n", cases[i].what);
		open_world(true, 1, 120, 0);
		bgp_peer_shutdown(w.peers[1], NULL);
		turns(10);
		assert_int_equal(w.settled, 0);
		connect_peer(0, cases[i].open);
		WAIT_UNTIL(told(0) && w.settled == 1);
		close_world();
	}
	open_world(true, 1, 120, 0);
	bgp_peer_remove(w.peers[0]);
	bgp_peer_stop(w.peers[1], "BFD is down");
	WAIT_UNTIL(w.settled == 1);
	close_world();
}

static void
the_time_to_be_back_and_the_time_to_tell_all_are_over(void **state)
{
	usec_t begun = clock_monotonic();

	open_world(true, 1, 1, 1);
	connect_peer(0, OPEN_WITH("4078")); /* says nothing; the other one does not come */
	WAIT_UNTIL(w.settled == 1);
	assert_true(clock_monotonic() - begun > 900 * USEC_PER_MS);
	assert_non_null(strstr(w.a.last_event, "after our restart the peer"));
	WAIT_UNTIL(told(0));
	assert_true(is_up(w.peers[0]));
	close_world();
}

/* AFI/SAFI disable (RFC 7606, 2): what it says of that is not heard any more, its End-of-RIB neither. */
static void
a_family_that_is_disabled_is_not_waited_for(void **state)
{
	const unsigned both = BGP_FAMILY_BIT(BGP_IPV4) | BGP_FAMILY_BIT(BGP_IPV6);

	open_world(true, both, 120, 360);
	w.peers[0]->config.families = w.peers[0]->awaited = both;
	connect_peer(0, MARK "003d" OTHERS_OPEN "20"
			     "021e"
			     "010400010001"
			     "010400020001"
			     "41040000fdea"
			     "400a4078"
			     "00010180"
			     "00020180");
	assert_int_equal(w.peers[0]->awaited, both);
	/* MP_REACH_NLRI with a next hop of three octets. */
	raw_send(&w.raws[0], MARK "002202"
				  "0000"
				  "000b"
				  "800e08"
				  "000201"
				  "03aabbcc"
				  "00");
	WAIT_UNTIL(w.peers[0]->main->disabled == BGP_FAMILY_BIT(BGP_IPV6));
	assert_int_equal(w.peers[0]->awaited, BGP_FAMILY_BIT(BGP_IPV4));
	close_world();
}

static void
who_comes_and_goes_has_no_more_time_than_others(void **state)
{
	usec_t until;

	open_world(true, 1, 120, 360);
	connect_peer(0, OPEN_WITH("4078"));
	until = w.peers[0]->awaited_until;
	assert_true(until > clock_monotonic() + 300 * USEC_PER_SEC);
	close(w.raws[0].fd);
	WAIT_UNTIL(!is_up(w.peers[0]));
	connect_peer(0, OPEN_WITH("4078"));
	assert_int_equal(w.peers[0]->awaited, BGP_FAMILY_BIT(BGP_IPV4));
	assert_true(w.peers[0]->awaited_until == until);
	close_world();
}

static void
who_is_added_later_has_no_more_time_than_others(void **state)
{
	struct node other = {.address = ip_address_v4(0x7f00000b), .asn = 65002};
	struct bgp_peer_config config;
	struct bgp_peer *late;

	open_world(true, 1, 120, 0);
	w.a.speaker->opened_at -= 100 * USEC_PER_SEC;
	config = peer_config("late", &w.a, &other);
	config.passive = true;
	config.graceful_restart = BGP_GRACEFUL_YES;
	config.restart_s = 120;
	late = add(&w.a, &config);
	assert_int_equal(late->awaited, BGP_FAMILY_BIT(BGP_IPV4));
	assert_true(late->awaited_until < clock_monotonic() + 21 * USEC_PER_SEC);
	/* One that comes by itself, perhaps, and again and again. */
	bgp_peer_remove(late);
	w.a.speaker->opened_at -= 20 * USEC_PER_SEC;
	late = add(&w.a, &config);
	assert_int_equal(late->awaited, 0);
	close_world();
}

/* Who of a range will come is not known: its time is waited, and those who come have theirs to tell all. */
static void
for_a_range_its_restart_time_is_waited(void **state)
{
	struct bgp_peer_config config;
	usec_t begun = clock_monotonic();

	open_world(true, 1, 1, 60);
	for (unsigned i = 0; i < 2; i++)
		bgp_peer_remove(w.peers[i]);
	config = peer_config("range", &w.a, &w.others[0]);
	config.remote = (struct ip_address){0};
	config.dynamic = true;
	config.range = prefix("127.0.0.8/29");
	config.families = BGP_FAMILY_BIT(BGP_IPV4);
	config.graceful_restart = BGP_GRACEFUL_YES;
	config.restart_s = 1;
	config.stale_s = 60;
	add(&w.a, &config);
	raw_connect(&w.raws[0], 9, &w.a);
	raw_send(&w.raws[0], OPEN_WITH("4078") KEEPALIVE ROUTE("0a", "7f000009"));
	WAIT_UNTIL(has_route(&w.a, "10.0.0.0/8"));
	WAIT_UNTIL(clock_monotonic() - begun > 1300 * USEC_PER_MS);
	assert_false(told(0));
	assert_int_equal(w.settled, 0);
	raw_send(&w.raws[0], END_OF_RIB);
	WAIT_UNTIL(told(0) && w.settled == 1);
	close_world();
	/* Nobody comes. */
	begun = clock_monotonic();
	open_world(true, 1, 1, 60);
	for (unsigned i = 0; i < 2; i++)
		bgp_peer_remove(w.peers[i]);
	add(&w.a, &config);
	WAIT_UNTIL(w.settled == 1);
	assert_true(clock_monotonic() - begun > 900 * USEC_PER_MS);
	assert_null(strstr(w.a.last_event, "after our restart"));
	close_world();
}

static void
a_first_start_waits_for_nobody(void **state)
{
	open_world(false, 0, 120, 0);
	connect_peer(0, OPEN_WITH("4078"));
	WAIT_UNTIL(told(0));
	assert_int_equal(w.settled, 0);
	close_world();
}

static void
who_keeps_our_paths_is_left_without_a_word(void **state)
{
	open_world(false, 0, 120, 0);
	connect_peer(0, OPEN_WITH("4078"));
	connect_peer(1, OPEN_WITHOUT);
	WAIT_UNTIL(told(0) && told(1));
	bgp_speaker_leave(w.a.speaker);
	WAIT_UNTIL(raw_message(&w.raws[1], BGP_NOTIFICATION) != NULL);
	while (!w.raws[0].ended)
		assert_null(raw_message(&w.raws[0], BGP_NOTIFICATION));
	w.a.speaker = NULL;
	close_world();
}

TEST_MAIN(TEST(open_says_what_is_true_of_the_restart), TEST(nothing_is_told_before_all_peers_have_told_all),
	  TEST(what_follows_from_it_is_told_before_the_end_of_rib),
	  TEST(who_has_nothing_of_us_is_told_at_once),
	  TEST(not_waited_for_is_who_will_not_say_when_it_is_done),
	  TEST(the_time_to_be_back_and_the_time_to_tell_all_are_over),
	  TEST(for_a_range_its_restart_time_is_waited), TEST(a_family_that_is_disabled_is_not_waited_for),
	  TEST(who_comes_and_goes_has_no_more_time_than_others),
	  TEST(who_is_added_later_has_no_more_time_than_others), TEST(a_first_start_waits_for_nobody),
	  TEST(who_keeps_our_paths_is_left_without_a_word))
