// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths that are kept while a peer restarts (RFC 4724, RFC 8538) or says all of them again (RFC 7313). */
#include <string.h>
#include <unistd.h>

#include "tests/unit/bgp/raw.h"

#define OTHERS_OPEN "0104fdea005a0a0b0c0d" /* 65002, hold 90, 10.11.12.13 */
/* IPv4 unicast; four octets; enhanced refresh; graceful restart: flags, time, then the family with its flag.
 */
#define CAPABILITIES(flags_and_time, family) \
	"14" \
	"0212" \
	"010400010001" \
	"4600" \
	"4006" flags_and_time family "0200"
#define KEEPS CAPABILITIES("4003", "00010180")       /* N, three seconds, IPv4 unicast, forwarding */
#define KEEPS_PLAIN CAPABILITIES("0003", "00010180") /* the same without N */
#define LONG CAPABILITIES("4078", "00010180")        /* two minutes */
#define LOST_ALL CAPABILITIES("c078", "00010100")    /* restarted, and forwarded nothing meanwhile */
#define OPEN_WITH(capabilities) MARK "0031" OTHERS_OPEN capabilities
/* 10.0.0.0/8 and 11.0.0.0/8; the first of them. */
#define BOTH \
	MARK "002d02" \
	     "0000" \
	     "0012" ATTRS "080a" \
	     "080b"
#define ONE \
	MARK "002b02" \
	     "0000" \
	     "0012" ATTRS "080a"
#define END_OF_RIB MARK "00170200000000"
#define REFRESH_BEGINS MARK "00170500010101"
#define REFRESH_ENDS MARK "00170500010201"

struct world {
	struct node a, b;
	struct bgp_peer *peer;
	struct raw raw;
};

static struct world w;

static void
open_world(void)
{
	struct bgp_peer_config config;

	w = (struct world){.b = {.address = ip_address_v4(0x7f000009), .asn = 65002}};
	node_open(&w.a, 2, 65001);
	config = peer_config("raw", &w.a, &w.b);
	config.passive = true;
	config.graceful_restart = true;
	w.peer = add(&w.a, &config);
}

static void
connect_with(const char *open, const char *then)
{
	raw_connect(&w.raw, 9, &w.a);
	raw_send(&w.raw, open);
	raw_send(&w.raw, KEEPALIVE);
	if (then[0] != '\0')
		raw_send(&w.raw, then);
	WAIT_UNTIL(is_up(w.peer));
}

static void
connect_with_both(const char *open)
{
	connect_with(open, BOTH END_OF_RIB);
	WAIT_UNTIL(has_route(&w.a, "10.0.0.0/8") && has_route(&w.a, "11.0.0.0/8"));
}

static bool
keeps_both(void)
{
	return has_route(&w.a, "10.0.0.0/8") && has_route(&w.a, "11.0.0.0/8") &&
	       status_of(w.peer).received == 2;
}

/* The session is down, and the changes of its end have been told. */
static void
wait_for_loss(void)
{
	WAIT_UNTIL(!is_up(w.peer));
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
}

static void
close_world(void)
{
	close(w.raw.fd);
	close_node(&w.a);
}

static void
a_peer_that_is_back_in_time_loses_only_what_it_does_not_say_again(void **state)
{
	open_world();
	connect_with_both(OPEN_WITH(LONG));
	assert_int_equal(status_of(w.peer).flaps, 0);
	close(w.raw.fd);
	wait_for_loss();
	assert_true(keeps_both());
	assert_true(status_of(w.peer).restarting);
	connect_with(OPEN_WITH(LONG), ONE);
	assert_false(status_of(w.peer).restarting);
	assert_true(keeps_both());
	raw_send(&w.raw, END_OF_RIB);
	WAIT_UNTIL(!has_route(&w.a, "11.0.0.0/8"));
	assert_true(has_route(&w.a, "10.0.0.0/8"));
	WAIT_UNTIL(status_of(w.peer).received == 1);
	assert_int_equal(status_of(w.peer).accepted, 1);
	assert_int_equal(w.peer->stale_until, 0);
	close_world();
}

static void
a_peer_that_is_not_back_in_time_loses_all(void **state)
{
	usec_t begun;

	open_world();
	connect_with_both(OPEN_WITH(KEEPS));
	close(w.raw.fd);
	wait_for_loss();
	begun = clock_monotonic();
	assert_true(keeps_both());
	WAIT_UNTIL(!has_route(&w.a, "10.0.0.0/8") && !has_route(&w.a, "11.0.0.0/8"));
	assert_true(clock_monotonic() - begun > 2 * USEC_PER_SEC);
	assert_int_equal(status_of(w.peer).received, 0);
	assert_false(status_of(w.peer).restarting);
	close_world();
}

static void
a_peer_that_did_not_go_on_forwarding_loses_all_when_it_is_back(void **state)
{
	open_world();
	connect_with_both(OPEN_WITH(LONG));
	close(w.raw.fd);
	wait_for_loss();
	assert_true(keeps_both());
	connect_with(OPEN_WITH(LOST_ALL), "");
	WAIT_UNTIL(!has_route(&w.a, "10.0.0.0/8") && !has_route(&w.a, "11.0.0.0/8"));
	assert_int_equal(status_of(w.peer).received, 0);
	assert_true(is_up(w.peer));
	close_world();
}

static void
what_was_kept_does_not_count_for_the_limit_until_it_is_told_again(void **state)
{
	const uint8_t *message;

	open_world();
	w.peer->config.max_prefixes = 2;
	connect_with_both(OPEN_WITH(LONG));
	close(w.raw.fd);
	wait_for_loss();
	/* Two others: four stand now, and two count. */
	connect_with(OPEN_WITH(LONG), "");
	raw_update(&w.raw, "", ATTRS, "080c080d");
	WAIT_UNTIL(status_of(w.peer).accepted == 4);
	assert_true(is_up(w.peer));
	/* One of those before is told again, though nothing of it has changed: it counts. */
	raw_update(&w.raw, "", ATTRS, "080a");
	WAIT_UNTIL((message = raw_message(&w.raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_CEASE);
	assert_int_equal(message[20], CEASE_HARD_RESET);
	assert_int_equal(message[22], CEASE_MAX_PREFIXES);
	close_world();
}

static void
withdrawn_or_judged_again_what_was_kept_counts_as_it_should(void **state)
{
	struct rib_peer *known;

	open_world();
	connect_with_both(OPEN_WITH(LONG));
	close(w.raw.fd);
	wait_for_loss();
	connect_with(OPEN_WITH(LONG), "");
	known = peer_known(w.peer, BGP_IPV4);
	assert_int_equal(known->accepted, 2);
	assert_int_equal(known->accepted_stale, 2);
	/* Other rules look at all; that tells nothing again. */
	rib_peer_reconsider(&w.a.speaker->ribs[BGP_IPV4], w.peer->index);
	speaker_kick(w.a.speaker);
	WAIT_UNTIL(w.a.speaker->ribs[BGP_IPV4].again.left == 0);
	assert_int_equal(known->accepted_stale, 2);
	raw_update(&w.raw, "080a", "", "");
	WAIT_UNTIL(known->accepted == 1);
	assert_int_equal(known->accepted_stale, 1);
	raw_update(&w.raw, "",
		   "40010102"
		   "4002040201fdea" HOP,
		   "080b");
	WAIT_UNTIL(known->accepted_stale == 0);
	assert_int_equal(known->accepted, 1);
	raw_send(&w.raw, END_OF_RIB);
	WAIT_UNTIL(known->keep == 0);
	assert_int_equal(status_of(w.peer).accepted, 1);
	close_world();
}

static void
a_new_connection_of_a_peer_that_restarts_ends_its_old_session(void **state)
{
	struct raw old;

	open_world();
	connect_with_both(OPEN_WITH(LONG));
	old = w.raw; /* it stays open: nobody said that it is dead */
	raw_connect(&w.raw, 9, &w.a);
	raw_send(&w.raw, OPEN_WITH(LONG));
	raw_send(&w.raw, KEEPALIVE);
	WAIT_UNTIL(is_up(w.peer) && status_of(w.peer).flaps == 1);
	assert_true(keeps_both());
	raw_send(&w.raw, BOTH END_OF_RIB);
	WAIT_UNTIL(w.peer->stale_until == 0);
	assert_true(keeps_both());
	close(old.fd);
	close_world();
}

/* What ends the session: bytes that the peer sends, what they are, and whether its paths are kept. */
static void
only_a_loss_that_is_graceful_keeps_paths(void **state)
{
	static const struct {
		const char *what, *open, *bytes;
		bool kept;
	} cases[] = {
	    {"a hard reset", OPEN_WITH(LONG),
	     MARK "001703"
		  "0609"
		  "0602",
	     false},
	    {"Cease, with N", OPEN_WITH(LONG),
	     MARK "001503"
		  "0604",
	     true},
	    {"Cease, without N", OPEN_WITH(KEEPS_PLAIN),
	     MARK "001503"
		  "0604",
	     false},
	    {"an error of its, with N", OPEN_WITH(LONG), KEEPALIVE "00", true},
	    {"an error of its, without N", OPEN_WITH(KEEPS_PLAIN), MARK "001204", false},
	    {"a loss without the capability", MARK "001d" OTHERS_OPEN "00", NULL, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("case: %s\n", cases[i].what);
		open_world();
		connect_with_both(cases[i].open);
		if (cases[i].bytes != NULL)
			raw_send(&w.raw, cases[i].bytes);
		if (cases[i].bytes == NULL || strcmp(cases[i].bytes, KEEPALIVE "00") == 0) {
			/* a marker that is none */
			if (cases[i].bytes != NULL)
				raw_send(&w.raw, "00000000000000000000000000000000000000");
			else
				close(w.raw.fd);
		}
		wait_for_loss();
		assert_int_equal(keeps_both(), cases[i].kept);
		assert_int_equal(status_of(w.peer).restarting, cases[i].kept);
		if (cases[i].kept)
			bgp_peer_stop(w.peer, "BFD is down");
		WAIT_UNTIL(!has_route(&w.a, "10.0.0.0/8") && !has_route(&w.a, "11.0.0.0/8"));
		assert_int_equal(status_of(w.peer).received, 0);
		if (cases[i].bytes != NULL)
			close(w.raw.fd);
		close_node(&w.a);
	}
}

static void
what_ends_for_long_is_sent_as_a_hard_reset(void **state)
{
	const uint8_t *message;

	open_world();
	connect_with_both(OPEN_WITH(LONG));
	bgp_peer_shutdown(w.peer, "for good");
	WAIT_UNTIL((message = raw_message(&w.raw, BGP_NOTIFICATION)) != NULL);
	assert_memory_equal(message + 19,
			    "\x06\x09\x06\x02\x08"
			    "for good",
			    13);
	/* What it says of itself is the cause. */
	assert_int_equal(status_of(w.peer).last_out.subcode, CEASE_SHUTDOWN);
	WAIT_UNTIL(!has_route(&w.a, "10.0.0.0/8"));
	close_world();
	open_world();
	connect_with(OPEN_WITH(LONG), "");
	raw_send(&w.raw, MARK "001e03"
			      "06090602"
			      "06612072657374");
	WAIT_UNTIL(!is_up(w.peer));
	assert_int_equal(status_of(w.peer).last_in.code, 6);
	assert_int_equal(status_of(w.peer).last_in.subcode, CEASE_SHUTDOWN);
	assert_string_equal(status_of(w.peer).last_in.text,
			    "Hard Reset: Cease: Administrative Shutdown \"a rest\"");
	close_world();
}

static void
the_end_of_a_refresh_takes_what_was_not_said_again(void **state)
{
	open_world();
	connect_with_both(OPEN_WITH(LONG));
	raw_send(&w.raw, REFRESH_ENDS); /* of nothing */
	raw_send(&w.raw, REFRESH_BEGINS ONE REFRESH_BEGINS ONE REFRESH_ENDS);
	WAIT_UNTIL(!has_route(&w.a, "11.0.0.0/8"));
	assert_true(has_route(&w.a, "10.0.0.0/8"));
	WAIT_UNTIL(status_of(w.peer).received == 1);
	assert_true(is_up(w.peer));
	/* Begun hundreds of times, and never ended: nothing is lost by that. */
	for (unsigned i = 0; i < 600; i++)
		raw_send(&w.raw, REFRESH_BEGINS);
	raw_send(&w.raw, BOTH REFRESH_ENDS);
	WAIT_UNTIL(has_route(&w.a, "11.0.0.0/8") && w.peer->stale_until == 0);
	assert_true(keeps_both());
	close_world();
}

static void
however_often_a_refresh_begins_the_limit_is_overrun_once(void **state)
{
	const uint8_t *message;

	open_world();
	w.peer->config.max_prefixes = 2;
	connect_with_both(OPEN_WITH(LONG));
	raw_send(&w.raw, REFRESH_BEGINS);
	raw_update(&w.raw, "", ATTRS, "080c080d");
	WAIT_UNTIL(status_of(w.peer).accepted == 4);
	assert_true(is_up(w.peer));
	raw_send(&w.raw, REFRESH_BEGINS);
	raw_update(&w.raw, "", ATTRS, "080e");
	WAIT_UNTIL((message = raw_message(&w.raw, BGP_NOTIFICATION)) != NULL);
	assert_int_equal(message[19], BGP_ERROR_CEASE);
	close_world();
}

static void
a_refresh_begins_after_the_end_of_rib_only(void **state)
{
	open_world();
	connect_with(OPEN_WITH(LONG), BOTH);
	WAIT_UNTIL(keeps_both());
	/* A peer that may have restarted has not told all yet: these marks mean nothing (RFC 7313, 4.2). */
	raw_send(&w.raw, REFRESH_BEGINS);
	raw_send(&w.raw, ONE);
	raw_send(&w.raw, REFRESH_ENDS);
	raw_update(&w.raw, "", ATTRS, "080c");
	WAIT_UNTIL(has_route(&w.a, "12.0.0.0/8"));
	assert_int_equal(w.peer->refreshing, 0);
	assert_int_equal(status_of(w.peer).received, 3);
	raw_send(&w.raw, END_OF_RIB);
	raw_send(&w.raw, REFRESH_BEGINS);
	raw_send(&w.raw, ONE);
	raw_send(&w.raw, REFRESH_ENDS);
	WAIT_UNTIL(!has_route(&w.a, "11.0.0.0/8") && !has_route(&w.a, "12.0.0.0/8"));
	assert_true(has_route(&w.a, "10.0.0.0/8"));
	close_world();
}

static void
a_refresh_that_is_asked_for_stands_between_marks(void **state)
{
	const uint8_t *message;
	size_t at = 0, begins = 0, ends = 0, updates = 0;

	open_world();
	originate(&w.a, "10.1.0.0/16");
	connect_with(OPEN_WITH(LONG), "");
	WAIT_UNTIL(raw_message(&w.raw, BGP_UPDATE) != NULL &&
		   status_of(w.peer).sent_of[BGP_KIND_UPDATE] == 2);
	w.raw.length = 0;
	raw_send(&w.raw, MARK "00170500010001");
	WAIT_UNTIL(status_of(w.peer).sent_of[BGP_KIND_REFRESH] == 2);
	WAIT_UNTIL((message = raw_message(&w.raw, BGP_ROUTE_REFRESH)) != NULL);
	for (unsigned i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_ONCE);
	(void)raw_message(&w.raw, BGP_NOTIFICATION); /* reads what has come */
	while (at + 19 <= w.raw.length) {
		const uint8_t *m = w.raw.in + at;

		if (m[18] == BGP_UPDATE) {
			assert_true(begins == 1 && ends == 0);
			updates++;
		} else if (m[18] == BGP_ROUTE_REFRESH) {
			begins += m[21] == BGP_REFRESH_BEGIN;
			ends += m[21] == BGP_REFRESH_END;
		}
		at += (size_t)(m[16] << 8 | m[17]);
	}
	assert_int_equal(begins, 1);
	assert_int_equal(updates, 1);
	assert_int_equal(ends, 1);
	close_world();
}

TEST_MAIN(TEST(a_peer_that_is_back_in_time_loses_only_what_it_does_not_say_again),
	  TEST(a_peer_that_is_not_back_in_time_loses_all),
	  TEST(a_peer_that_did_not_go_on_forwarding_loses_all_when_it_is_back),
	  TEST(what_was_kept_does_not_count_for_the_limit_until_it_is_told_again),
	  TEST(withdrawn_or_judged_again_what_was_kept_counts_as_it_should),
	  TEST(a_new_connection_of_a_peer_that_restarts_ends_its_old_session),
	  TEST(only_a_loss_that_is_graceful_keeps_paths), TEST(what_ends_for_long_is_sent_as_a_hard_reset),
	  TEST(the_end_of_a_refresh_takes_what_was_not_said_again),
	  TEST(however_often_a_refresh_begins_the_limit_is_overrun_once),
	  TEST(a_refresh_begins_after_the_end_of_rib_only),
	  TEST(a_refresh_that_is_asked_for_stands_between_marks))
