// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends of our own (pair.h) rekey, by themselves and by command, and follow an address that moves. */
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/ike/pair.h"

static void
a_rekeying_asked_for_during_another_follows_it(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "rekey 7");
	expect(&ends[0], "rekeying 1", NULL, 2000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	/* Now the IKE SA's is under way; some of these come when there is no other than the one that goes. */
	for (int i = 0; i < 30; i++) {
		say(&ends[0], "rekey 7");
		expect(&ends[0], "rekeying 1", NULL, 2000);
		usleep(500);
	}
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	stop(0);
	stop(1);
}

static void
rekeys_make_no_edge_and_keep_the_old_inbound_sa_for_a_while(void **state)
{
	char before[1024], after[1024];

	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "sas 7");
	snprintf(before, sizeof(before), "%s", next_line(&ends[0], "sas 7", NULL, 2000));
	say(&ends[0], "rekey 7");
	expect(&ends[0], "rekeying 1", NULL, 2000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[1], "event ike_rekeyed 5", NULL, 5000);
	say(&ends[0], "sas 7");
	expect(&ends[0], "sas 7 in=2 out=1", NULL, 2000);
	/* The other side rekeys too; then all that is old goes. */
	say(&ends[1], "rekey 5");
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	for (int tries = 0; tries < 40; tries++) {
		say(&ends[0], "sas 7");
		snprintf(after, sizeof(after), "%s", next_line(&ends[0], "sas 7", NULL, 2000));
		if (strstr(after, "in=1 out=1 reserved=0"))
			break;
		usleep(250000);
	}
	assert_non_null(strstr(after, "in=1 out=1 reserved=0"));
	assert_string_not_equal(before, after);
	for (int i = 0; i < 2; i++) {
		assert_false(said(&ends[i], "event child_down"));
		assert_false(said(&ends[i], "event ike_down"));
		assert_false(said(&ends[i], "event failed"));
	}
	stop(0);
	stop(1);
}

static void
short_lifetimes_rekey_by_themselves(void **state)
{
	NEEDS_NETWORK();
	bring_up("esp_life=20 ike_life=40");
	expect(&ends[0], "event child_rekeyed 7", NULL, 21000);
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 21000);
	for (int tries = 0; tries < 300 && !said(&ends[0], "event ike_rekeyed 7"); tries++)
		pump(&ends[0], 100);
	assert_true(said(&ends[0], "event ike_rekeyed 7"));
	for (int i = 0; i < 2; i++)
		assert_false(said(&ends[i], "event child_down"));
	stop(0);
	stop(1);
}

static void
limits_of_the_plane_rekey_or_close_the_child(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[1], "soft 5");
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	assert_false(said(&ends[0], "event child_down"));
	/* A hard limit closes it, and the initiator wants it back. */
	say(&ends[0], "hard 7");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	expect(&ends[0], "event child_up 7", NULL, 5000);
	stop(0);
	stop(1);
}

static void
moved_source_moves_the_sas_and_the_ike_sa(void **state)
{
	const char *line = NULL;

	NEEDS_NETWORK();
	bring_up("encap=1");
	say(&ends[1], "moved 5");
	for (int tries = 0; tries < 20 && !(line && strstr(line, "port=4777")); tries++) {
		say(&ends[1], "sas 5");
		line = next_line(&ends[1], "sas 5 in=1 out=1", NULL, 1000);
		usleep(100000);
	}
	assert_non_null(line);
	assert_non_null(strstr(line, "port=4777"));
	stop(0);
	stop(1);
}

static void
rekeys_lose_no_packet(void **state)
{
	usec_t until;
	int status;
	pid_t pid;

	NEEDS_NETWORK();
	if (!try_start(0, true) || !try_start(1, true)) {
		print_message("the userspace data plane does not run here: %s\n",
			      ends[0].lines ? ends[0].lines : "");
		skip();
	}
	bring_up("");
	assert_true(run_in(namespaces[0], "ip addr add 169.254.7.1/30 dev ts7"));
	assert_true(run_in(namespaces[1], "ip addr add 169.254.7.2/30 dev ts5"));
	assert_true(run_in(namespaces[0], "ping -q -c 3 -i 0.05 -W 1 169.254.7.2 >/dev/null"));
	pid = fork();
	if (pid == 0)
		_exit(!run_in(namespaces[0],
			      "ping -q -c 1200 -i 0.005 -W 1 169.254.7.2 | grep -q ' 0%% packet loss'"));
	/* Either side in turn, about once in half a second, while a ping goes out every 5 ms. */
	until = clock_monotonic() + 7 * USEC_PER_SEC;
	for (int turn = 0; clock_monotonic() < until; turn++) {
		say(&ends[turn % 2], turn % 2 ? "rekey 5" : "rekey 7");
		expect(&ends[turn % 2], "event ike_rekeyed", NULL, 5000);
		expect(&ends[1 - turn % 2], "event ike_rekeyed", NULL, 5000);
		next_line(&ends[0], "nothing says this", NULL, 300);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(said(&ends[0], "event child_down"));
	assert_false(said(&ends[1], "event child_down"));
	say(&ends[0], "quit");
	expect(&ends[0], "done", NULL, 10000);
	say(&ends[1], "quit");
	expect(&ends[1], "done", NULL, 10000);
}

/* A thread of charon's is giving up the SA when all is to stop: each would wait for the other. */
int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    NEGOTIATION(rekeys_make_no_edge_and_keep_the_old_inbound_sa_for_a_while),
	    NEGOTIATION(a_rekeying_asked_for_during_another_follows_it),
	    NEGOTIATION(short_lifetimes_rekey_by_themselves),
	    NEGOTIATION(limits_of_the_plane_rekey_or_close_the_child),
	    NEGOTIATION(moved_source_moves_the_sas_and_the_ike_sa),
	    cmocka_unit_test_teardown(rekeys_lose_no_packet, stop_both),
	};

	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_network, NULL);
}
