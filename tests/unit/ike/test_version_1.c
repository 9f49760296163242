// SPDX-License-Identifier: GPL-2.0-or-later
/* IKE version 1, and tunnels of either version, between two ends of our own (pair.h). */
#include "tests/unit/test.h"

#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/ike/pair.h"

#define PROPOSALS "ike=aes128-sha256-modp2048 esp=aes128gcm16-modp2048 "
#define VERSION_1 "version=1 " PROPOSALS
#define HUB "local=10.77.0.2 remote=10.77.0.1 "
#define SITE "local=10.77.0.1 remote=10.77.0.2 initiate=1 "

static void
stop_pair(void)
{
	stop(0);
	stop(1);
}

/* The child SA's and the IKE SA's: they run beside each other. */
static void
expect_rekeys(struct end *end)
{
	bool child = false, ike = false;

	while (!child || !ike) {
		const char *line = next_line(end, "event ", "_rekeyed", 5000);

		assert_non_null(line);
		child |= strstr(line, "child_rekeyed") != NULL;
		ike |= strstr(line, "ike_rekeyed") != NULL;
	}
}

static void
rekeys_make_no_edge(void **state)
{
	char in[9], out[9], line[32];
	const char *found;

	NEEDS_NETWORK();
	bring_up(VERSION_1);
	for (int i = 0; i < 2; i++) {
		say(&ends[i], i == 0 ? "rekey 7" : "rekey 5");
		expect(&ends[i], "rekeying 1", NULL, 2000);
		expect_rekeys(&ends[i]);
		/* Only then has the new IKE SA the children there, which the next rekey is to find. */
		expect(&ends[1 - i], "detected reauth of existing IKE_SA", NULL, 5000);
	}
	/* Time for the old ones to go. */
	next_line(&ends[0], "nothing says this", NULL, 8000);
	for (int i = 0; i < 2; i++) {
		assert_false(said(&ends[i], "event child_down"));
		assert_false(said(&ends[i], "event ike_down"));
		assert_false(said(&ends[i], "event failed"));
	}
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 ike=ESTABLISHED", "child_up=1 version=1", 2000);
	/* Both go on with the same pair. */
	say(&ends[0], "sas 7");
	found = next_line(&ends[0], "sas 7", NULL, 2000);
	assert_non_null(found);
	assert_int_equal(sscanf(strstr(found, "spi="), "spi=%8[0-9a-f]/%8[0-9a-f]", in, out), 2);
	snprintf(line, sizeof(line), "spi=%s/%s", out, in);
	say(&ends[1], "sas 5");
	expect(&ends[1], "sas 5", line, 2000);
	stop_pair();
}

static void
dead_peer_is_told_in_time(void **state)
{
	usec_t killed, told;

	NEEDS_NETWORK();
	bring_up(VERSION_1 "dpd=2 dpd_timeout=6");
	next_line(&ends[0], "nothing says this", NULL, 7000);
	assert_false(said(&ends[0], "event peer_dead")); /* it answers */
	slay(1);
	killed = clock_monotonic();
	expect(&ends[0], "event peer_dead 7", "code=no_answer", 10000);
	told = clock_monotonic();
	assert_in_range((told - killed) / USEC_PER_MS, 3500, 7000);
	expect(&ends[0], "event child_down 7", "peer=0", 2000);
	expect(&ends[0], "event ike_down 7", NULL, 2000);
	start(1);
	say(&ends[1], "add 5 hub/1 " HUB VERSION_1);
	expect(&ends[0], "event child_up 7", NULL, 20000);
	stop_pair();
}

static void
dead_peer_is_left_where_it_is_to_be_left(void **state)
{
	NEEDS_NETWORK();
	bring_up(VERSION_1 "dpd=1 dpd_timeout=3 leave=1");
	say(&ends[1], "silence 1");
	expect(&ends[0], "event peer_dead 7", NULL, 8000);
	assert_null(next_line(&ends[0], "event child_down", NULL, 4000));
	say(&ends[1], "silence 0");
	stop_pair();
}

static void
doubted_peer_is_dead_without_an_answer(void **state)
{
	NEEDS_NETWORK();
	bring_up(VERSION_1 "dpd=60 dpd_timeout=300");
	say(&ends[0], "probe 7");
	assert_null(next_line(&ends[0], "event peer_dead", NULL, 7000));
	slay(1);
	say(&ends[0], "probe 7");
	expect(&ends[0], "event peer_dead 7", NULL, 12000);
	expect(&ends[0], "event child_down 7", NULL, 2000);
	stop(0);
}

static void
responder_of_either_version_takes_both(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " HUB "version=0 " PROPOSALS);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 site/1 " SITE VERSION_1);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5", "version=1", 2000);
	say(&ends[0], "remove 7");
	expect(&ends[1], "event child_down 5", "peer=1", 5000);
	say(&ends[0], "add 7 site/1 " SITE "version=2 " PROPOSALS);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 2000);
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5", "version=2", 2000);
	stop_pair();
}

static void
tunnel_of_either_version_finds_its_peer_dead(void **state)
{
	NEEDS_NETWORK();
	bring_up("version=0 dpd=2 dpd_timeout=6 " PROPOSALS);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "version=2", 2000);
	next_line(&ends[0], "nothing says this", NULL, 7000);
	assert_false(said(&ends[0], "event peer_dead"));
	slay(1);
	expect(&ends[0], "event peer_dead 7", NULL, 10000);
	stop(0);
}

static void
peers_of_any_address_with_one_secret_are_told_apart(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 4 hub/1 local=10.77.0.2 remote_id=other.example " VERSION_1);
	expect(&ends[1], "added 4", NULL, 2000);
	say(&ends[1], "add 5 hub/2 local=10.77.0.2 remote_id=site.example " VERSION_1);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 site/1 " SITE "local_id=site.example " VERSION_1);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 2000);
	stop_pair();
}

static void
identities_may_be_names(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1],
	    "add 5 hub/1 " HUB "local_id=hub.example remote_id=me@site.example psk=other " VERSION_1);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0],
	    "add 7 site/1 " SITE "local_id=me@site.example remote_id=hub.example psk=other " VERSION_1);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop_pair();
}

/* Quick Mode's third message is the short one; its exchange type is the 19th octet behind UDP's header, or
 * behind the four of no SPI (RFC 2408 3.1, RFC 3948 2.2). The peer takes the tunnel for up, and is asked in
 * vain for that message. */
static void
peer_that_never_ends_a_negotiation_is_let_go(void **state)
{
	const char *line;

	NEEDS_NETWORK();
	if (!run_in(namespaces[1], "nft 'add table ip last; "
				   "add chain ip last in { type filter hook input priority 0; }; "
				   "add rule ip last in udp dport 500 udp length < 120 @th,208,8 32 drop; "
				   "add rule ip last in udp dport 4500 udp length < 120 @th,240,8 32 drop'"))
		skip();
	say(&ends[1], "add 5 hub/1 " HUB VERSION_1 "dpd=2 dpd_timeout=60");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 site/1 " SITE VERSION_1 "dpd=2 dpd_timeout=60");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	line = next_line(&ends[1], "event failed 5 code=no_answer", NULL, 40000);
	assert_true(run_in(namespaces[1], "nft delete table ip last"));
	assert_non_null(line);
	expect(&ends[0], "event child_down 7", "peer=1", 5000);
	expect(&ends[1], "event child_up 5", NULL, 20000);
	assert_false(said(&ends[1], "event peer_dead"));
	stop_pair();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    NEGOTIATION(rekeys_make_no_edge),
	    NEGOTIATION(dead_peer_is_told_in_time),
	    NEGOTIATION(dead_peer_is_left_where_it_is_to_be_left),
	    NEGOTIATION(doubted_peer_is_dead_without_an_answer),
	    NEGOTIATION(responder_of_either_version_takes_both),
	    NEGOTIATION(tunnel_of_either_version_finds_its_peer_dead),
	    NEGOTIATION(peers_of_any_address_with_one_secret_are_told_apart),
	    NEGOTIATION(identities_may_be_names),
	    NEGOTIATION(peer_that_never_ends_a_negotiation_is_let_go),
	};
	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_network, NULL);
}
