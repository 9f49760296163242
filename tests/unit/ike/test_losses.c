// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends of our own (pair.h) lose each other, and find each other again. */
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/ike/pair.h"

static void
down_stays_down_and_up_brings_it_back(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "down 7");
	expect(&ends[0], "event child_down 7", "peer=0", 3000);
	expect(&ends[0], "event ike_down 7", "peer=0", 3000);
	expect(&ends[1], "event child_down 5", "peer=1", 3000);
	expect(&ends[1], "event ike_down 5", "peer=1", 3000);
	assert_null(next_line(&ends[0], "event connecting", NULL, 3000));
	say(&ends[0], "up 7");
	expect(&ends[0], "event child_up 7", NULL, 5000);
	/* A responder that is down refuses, until it is up. */
	say(&ends[1], "down 5");
	expect(&ends[0], "event child_down 7", "peer=1", 3000);
	expect(&ends[0], "event failed 7", NULL, 5000);
	say(&ends[1], "up 5");
	expect(&ends[0], "event child_up 7", NULL, 40000);
	stop(0);
	stop(1);
}

static void
killed_peer_is_dead_in_time_and_reconnected_when_it_returns(void **state)
{
	usec_t killed, told;

	NEEDS_NETWORK();
	bring_up("dpd=2 dpd_timeout=6");
	slay(1);
	killed = clock_monotonic();
	expect(&ends[0], "event peer_dead 7", NULL, 10000);
	told = clock_monotonic();
	assert_in_range((told - killed) / USEC_PER_MS, 3500, 8000);
	expect(&ends[0], "event child_down 7", "peer=0", 2000);
	expect(&ends[0], "event ike_down 7", NULL, 2000);
	expect(&ends[0], "event connecting 7", NULL, 3000);
	start(1);
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

/* Its timers would take minutes; something else says that the peer is dead. */
static void
doubted_peer_is_asked_at_once_and_dead_only_without_an_answer(void **state)
{
	usec_t asked;

	NEEDS_NETWORK();
	bring_up("dpd=60 dpd_timeout=300");
	for (unsigned i = 0; i < 7; i++) {
		say(&ends[0], "probe 7");
		usleep(USEC_PER_SEC); /* for longer than an unanswered one is waited for */
	}
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 ike=ESTABLISHED", NULL, 2000);
	assert_false(said(&ends[0], "event peer_dead 7"));
	assert_false(said(&ends[0], "event retransmit 7"));
	/* A gap in the path that ends soon is none. */
	say(&ends[1], "silence 1");
	usleep(2 * USEC_PER_SEC); /* it is not asked more often */
	say(&ends[0], "probe 7");
	expect(&ends[0], "event retransmit 7", NULL, 8000);
	say(&ends[1], "silence 0");
	usleep(6 * USEC_PER_SEC);
	assert_false(said(&ends[0], "event peer_dead 7"));
	/* A peer that comes back without its SA never answers. */
	slay(1);
	start(1);
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	asked = clock_monotonic();
	say(&ends[0], "probe 7");
	expect(&ends[0], "event peer_dead 7", NULL, 9000);
	assert_in_range((clock_monotonic() - asked) / USEC_PER_MS, 4500, 9000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

/* Without a group of its own in IKE_AUTH (RFC 7296 1.2) the first child comes up, and no later one by the
 * same IKE SA does. */
static void
child_that_is_refused_by_the_former_ike_sa_comes_by_a_new_one(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "esp=aes256gcm16-ecp256");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "esp=aes256gcm16-ecp384");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	say(&ends[0], "hard 7");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	expect(&ends[0], "event failed 7 code=no_proposal_chosen", NULL, 5000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
responder_that_is_taken_down_and_brought_up_at_once_tries_once_more(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 local=10.77.0.1 remote=10.77.0.2");
	say(&ends[0], "up 7");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	/* The answer to the Delete is still under way. */
	say(&ends[0], "down 7\nup 7");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
expect_one_pair(int which, unsigned tunnel, int timeout_ms)
{
	usec_t until = clock_monotonic() + timeout_ms * USEC_PER_MS;
	char word[32];

	snprintf(word, sizeof(word), "sas %u", tunnel);
	for (;;) {
		const char *line;

		say(&ends[which], "%s", word);
		line = next_line(&ends[which], word, NULL, 2000);
		if (line && strstr(line, "in=1 out=1"))
			return;
		assert_true(clock_monotonic() < until);
		usleep(250000);
	}
}

static void
restarted_initiator_replaces_what_it_left_behind(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	slay(0);
	start(0);
	/* It asks for a known identity, so that it may send INITIAL_CONTACT. */
	say(&ends[0], "add 7 aws/1 " INITIATOR "remote_id=10.77.0.2");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect_one_pair(1, 5, 5000); /* without INITIAL_CONTACT it would take twelve seconds */
	stop(0);
	stop(1);
}

/* INITIAL_CONTACT speaks of identities, and two tunnels may have the same: whichever was there first. */
static void
bring_up_each_twin_alone(const char *more)
{
	static const char here[] = "local=10.77.0.1 local_id=lyon remote_id=hub";

	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 local=10.77.0.2 remote=10.77.0.1 local_id=hub remote_id=lyon %s", more);
	say(&ends[1], "add 6 hub/2 local=10.77.0.3 remote=10.77.0.1 local_id=hub remote_id=lyon %s", more);
	expect(&ends[1], "added 6", NULL, 2000);
	for (unsigned times = 0; times < 2; times++) {
		say(&ends[0], "add 7 aws/1 %s remote=10.77.0.2 %s", here, more);
		say(&ends[0], "add 8 aws/2 %s remote=10.77.0.3 %s", here, more);
		say(&ends[0], times == 0 ? "up 8" : "up 7");
		expect(&ends[0], times == 0 ? "event child_up 8" : "event child_up 7", NULL, 10000);
		expect(&ends[1], times == 0 ? "event child_up 6" : "event child_up 5", NULL, 10000);
		if (times == 0) {
			slay(0); /* so that it knows nothing of the other SA */
			start(0);
		}
	}
	assert_false(said(&ends[1], "event child_down"));
	stop(0);
	stop(1);
}

static void
initial_contact_of_one_tunnel_leaves_its_twin_alone(void **state)
{
	(void)state;
	bring_up_each_twin_alone("");
}

static void
so_it_does_in_version_1(void **state)
{
	(void)state;
	bring_up_each_twin_alone("version=1 ike=aes128-sha256-modp2048 esp=aes128gcm16-modp2048");
}

static void
left_behind_without_initial_contact_goes_when_it_gives_no_sign_of_life(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	slay(0);
	start(0);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect_one_pair(1, 5, 25000);
	assert_false(said(&ends[1], "event child_down"));
	assert_false(said(&ends[0], "event child_down"));
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5 ike=ESTABLISHED child=INSTALLED", NULL, 2000);
	stop(0);
	stop(1);
}

static void
both_sides_starting_at_once_end_with_one_pair(void **state)
{
	int settled = 0;

	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "initiate=1");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 10000);
	for (int tries = 0; tries < 80 && settled < 8; tries++) {
		const char *line;

		say(&ends[0], "sas 7");
		line = next_line(&ends[0], "sas 7", NULL, 2000);
		settled = line && strstr(line, "in=1 out=1") ? settled + 1 : 0;
		usleep(250000);
	}
	assert_int_equal(settled, 8);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "child_up=1", 2000);
	stop(0);
	stop(1);
}

static void
stop_while_an_sa_is_given_up_comes_to_its_end(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "slow 400");
	say(&ends[1], "down 5");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	stop(0);
	stop(1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    NEGOTIATION(down_stays_down_and_up_brings_it_back),
	    NEGOTIATION(killed_peer_is_dead_in_time_and_reconnected_when_it_returns),
	    NEGOTIATION(doubted_peer_is_asked_at_once_and_dead_only_without_an_answer),
	    NEGOTIATION(child_that_is_refused_by_the_former_ike_sa_comes_by_a_new_one),
	    NEGOTIATION(responder_that_is_taken_down_and_brought_up_at_once_tries_once_more),
	    NEGOTIATION(restarted_initiator_replaces_what_it_left_behind),
	    NEGOTIATION(initial_contact_of_one_tunnel_leaves_its_twin_alone),
	    NEGOTIATION(so_it_does_in_version_1),
	    NEGOTIATION(left_behind_without_initial_contact_goes_when_it_gives_no_sign_of_life),
	    NEGOTIATION(both_sides_starting_at_once_end_with_one_pair),
	    NEGOTIATION(stop_while_an_sa_is_given_up_comes_to_its_end),
	};

	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_network, NULL);
}
