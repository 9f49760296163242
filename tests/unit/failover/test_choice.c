// SPDX-License-Identifier: GPL-2.0-or-later
/* Which tunnel carries: the first usable one, the other side's MED, a preferred one, pins, drains, and both
 * at once. */
#include "tests/unit/failover/world.h"

/* --- the choice --- */

static void
the_first_usable_one_carries_and_keeps_it(void **state)
{
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
	assert_true(said("routes 2/2; prefer 0 100/200; prefer 1 200/100; "));
	failover_member_usable(failover, 0, true, "up");
	assert_int_equal(status().active, 2); /* not revertive */
	assert_true(said("routes 2/3; "));
	assert_int_equal(status().failovers, 0);
}

/* The lost tunnel may still be announced with the better MED at the other side: it is undercut until all is
 * well. */
static void
the_med_of_a_lost_tunnel_is_undercut_until_it_is_back(void **state)
{
	both_up();
	forget();
	failover_member_usable(failover, 0, false, "silence");
	assert_true(said("prefer 1 200/50; "));
	forget();
	failover_member_usable(failover, 0, true, "up");
	assert_true(said("prefer 1 200/100; "));
	assert_false(said("prefer 0"));
}

static void
on_a_loss_routes_go_first_in_the_same_call(void **state)
{
	both_up();
	forget();
	failover_member_usable(failover, 0, false, "BFD says down");
	assert_int_equal(strncmp(world.log,
				 "routes 2/2; prefer 0 100/200; prefer 1 200/50; [failover] aws/1 is lost "
				 "(BFD says down): traffic goes by aws/2",
				 109),
			 0);
	assert_int_equal(status().failovers, 1);
	assert_string_equal(status().last.cause, "BFD says down");
	assert_int_equal(status().last.from, 0);
	assert_int_equal(status().last.to, 1);
	failover_member_usable(failover, 0, true, "up");
	assert_int_equal(status().active, 2);
}

static void
with_no_tunnel_left_nothing_carries(void **state)
{
	both_up();
	failover_member_usable(failover, 1, false, "down");
	assert_true(said("[failover.unprotected] aws/2 is lost (down)"));
	assert_int_equal(status().active, 1);
	failover_member_usable(failover, 0, false, "DPD");
	assert_int_equal(status().active, 0);
	assert_true(said("routes 0/0; "));
	assert_int_equal(status().last.to, -1);
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
}

static void
the_lowest_med_is_followed_after_a_moment(void **state)
{
	usec_t since;

	both_up();
	failover_member_med(failover, 0, 200);
	assert_int_equal(status().active, 1);
	since = clock_monotonic();
	failover_member_med(failover, 1, 100);
	assert_int_equal(status().active, 1);
	UNTIL(status().active == 2);
	assert_in_range(clock_monotonic() - since, 45 * USEC_PER_MS, 2 * USEC_PER_SEC);
	assert_true(said("the other side prefers it (MED 100 against 200)"));
	assert_int_equal(status().failovers, 1);
}

static void
a_med_taken_back_in_time_moves_nothing(void **state)
{
	both_up();
	failover_member_med(failover, 0, 100);
	failover_member_med(failover, 1, 200);
	failover_member_med(failover, 0, 300);
	assert_true(uv_is_active((uv_handle_t *)&failover->follower));
	failover_member_med(failover, 0, 100);
	assert_false(uv_is_active((uv_handle_t *)&failover->follower));
	assert_int_equal(status().active, 1);
}

static void
an_unknown_med_is_not_compared(void **state)
{
	both_up();
	failover_member_med(failover, 1, 1);
	assert_false(uv_is_active((uv_handle_t *)&failover->follower));
	failover_member_med(failover, 0, 1); /* equal: no reason to move */
	assert_false(uv_is_active((uv_handle_t *)&failover->follower));
	assert_int_equal(status().active, 1);
}

static void
when_the_peer_withdraws_all_the_other_tunnel_is_the_active_one(void **state)
{
	both_up();
	failover_member_teaches(failover, 0, true);
	failover_member_teaches(failover, 1, true);
	forget();
	failover_member_teaches(failover, 0, false);
	UNTIL(status().active == 2);
	assert_string_equal(status().last.cause, "the peer of aws/1 withdrew its prefixes");
	assert_true(
	    said("[failover] traffic goes by aws/2 instead of aws/1: the peer of aws/1 withdrew its"));
	assert_int_equal(status().usable, 3); /* it may still stand in */
	assert_int_equal(status().untaught, 1);
	assert_int_equal(status().failovers, 1);
	/* With nothing advertised by either nothing moves. */
	failover_member_teaches(failover, 1, false);
	run_for(700 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	failover_member_teaches(failover, 0, true);
	UNTIL(status().active == 1);
}

static void
a_pin_returns_when_the_peer_advertises_again(void **state)
{
	struct error err;

	both_up();
	failover_member_teaches(failover, 0, true);
	failover_member_teaches(failover, 1, true);
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	failover_member_teaches(failover, 0, false);
	UNTIL(status().active == 2);
	assert_int_equal(status().pinned_member, 0);
	assert_false(failover_switchover(failover, 0, on_done, NULL, &err));
	assert_string_equal(err.text, "the peer of aws/1 advertises nothing: traffic stays where it is");
	failover_member_teaches(failover, 0, true);
	assert_int_equal(status().active, 1);
	assert_string_equal(status().last.cause, "its peer advertises prefixes again");
}

static void
a_peer_that_never_advertises_is_left_after_a_while(void **state)
{
	failover_timing.teach = 700;
	both_up();
	failover_member_teaches(failover, 1, true);
	run_for(300 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	UNTIL(status().active == 2);
	assert_string_equal(status().last.cause, "the peer of aws/1 advertises nothing");
}

static void
active_active_leaves_out_who_advertises_nothing(void **state)
{
	failover_free(failover);
	failover = failover_new(&loop, 2, true, &actions);
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, true, "up");
	failover_member_teaches(failover, 0, true);
	assert_int_equal(status().active, 3); /* the other may still be about to */
	failover_member_teaches(failover, 1, true);
	failover_member_teaches(failover, 1, false);
	assert_int_equal(status().active, 1);
	assert_string_equal(status().last.cause, "the peer of aws/2 withdrew its prefixes");
	failover_member_teaches(failover, 1, true);
	assert_int_equal(status().active, 3);
}

/* --- the preferred tunnel --- */

static void
the_preferred_one_carries_whenever_it_can(void **state)
{
	failover_prefer(failover, 1, 60000);
	both_up();
	UNTIL(status().active == 2); /* it was never lost: nothing to hold down */
	assert_string_equal(status().last.cause, "the configuration prefers it");
	failover_member_med(failover, 0, 1);
	failover_member_med(failover, 1, 2);
	run_for(700 * USEC_PER_MS);
	assert_int_equal(status().active, 2); /* it is asked before the MED is */
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	assert_int_equal(status().active, 1); /* and an operator before it */
	UNTIL(world.results == 1);
	run_for(700 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	failover_auto(failover);
	UNTIL(status().active == 2);
	assert_true(failover_drain(failover, 1, false, on_done, NULL, NULL));
	assert_int_equal(status().active, 1);
}

static void
after_a_loss_it_carries_again_when_the_hold_down_is_over(void **state)
{
	usec_t since, left;

	failover_prefer(failover, 0, 900);
	both_up();
	failover_member_med(failover, 0, 100);
	failover_member_med(failover, 1, 100);
	failover_member_usable(failover, 0, false, "silence");
	assert_int_equal(status().active, 2);
	failover_member_usable(failover, 0, true, "up");
	run_for(500 * USEC_PER_MS);
	failover_member_usable(failover, 0, false, "silence"); /* once more: it begins anew */
	failover_member_usable(failover, 0, true, "up");
	since = clock_monotonic();
	/* Not what is left of the first one. */
	left = status().hold_down_left / USEC_PER_MS + (clock_monotonic() - since) / USEC_PER_MS;
	assert_in_range(left, 880, 910);
	/* Nothing else takes the traffic back meanwhile. */
	failover_member_med(failover, 0, 50);
	run_for(700 * USEC_PER_MS);
	assert_true(status().active == 2 || clock_monotonic() - since >= 890 * USEC_PER_MS);
	UNTIL(status().active == 1);
	assert_in_range(clock_monotonic() - since, 890 * USEC_PER_MS, 4 * USEC_PER_SEC);
	assert_string_equal(status().last.cause, "the configuration prefers it");
	/* The other one goes: no time to hold anything down. */
	failover_member_usable(failover, 0, false, "silence");
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, false, "silence");
	assert_int_equal(status().active, 1);
}

static void
a_pin_of_an_earlier_run_holds_from_the_first_packet_on(void **state)
{
	failover_pin(failover, 1);
	failover_member_usable(failover, 0, true, "up");
	assert_int_equal(status().active, 1);
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
	assert_int_equal(status().pinned_member, 1);
	failover_auto(failover);
	assert_false(status().pinned);
}

static void
a_pin_outlives_a_loss(void **state)
{
	both_up();
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	UNTIL(world.results == 1);
	failover_member_usable(failover, 1, false, "down");
	assert_int_equal(status().active, 1);
	assert_true(status().pinned);
	assert_int_equal(status().pinned_member, 1);
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
	assert_true(said("aws/2, where the traffic is pinned, is usable again"));
	/* A pin does not listen to the MED; auto does. */
	failover_member_med(failover, 0, 1);
	failover_member_med(failover, 1, 2);
	assert_int_equal(status().active, 2);
	failover_auto(failover);
	assert_false(status().pinned);
	UNTIL(status().active == 1);
}

static void
a_drained_one_is_used_only_when_no_other_is(void **state)
{
	both_up();
	failover_member_drain(failover, 0, true);
	assert_int_equal(status().active, 2);
	assert_int_equal(status().failovers, 0);
	failover_member_usable(failover, 1, false, "down");
	assert_int_equal(status().active, 1);
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
	failover_member_drain(failover, 0, false);
	assert_int_equal(status().active, 2);
}

static void
active_active_uses_all_that_are_usable(void **state)
{
	failover_free(failover);
	failover = failover_new(&loop, 2, true, &actions);
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 3);
	failover_member_usable(failover, 0, false, "down");
	assert_int_equal(status().active, 2);
	failover_member_usable(failover, 0, true, "up");
	assert_int_equal(status().active, 3);
	assert_false(failover_switchover(failover, -1, on_done, NULL, NULL));
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	UNTIL(world.results == 1);
	failover_auto(failover);
	assert_int_equal(status().active, 3);
}

TEST_MAIN(CASE(the_first_usable_one_carries_and_keeps_it),
	  CASE(the_med_of_a_lost_tunnel_is_undercut_until_it_is_back),
	  CASE(on_a_loss_routes_go_first_in_the_same_call), CASE(with_no_tunnel_left_nothing_carries),
	  CASE(the_lowest_med_is_followed_after_a_moment), CASE(a_med_taken_back_in_time_moves_nothing),
	  CASE(an_unknown_med_is_not_compared),
	  CASE(when_the_peer_withdraws_all_the_other_tunnel_is_the_active_one),
	  CASE(a_pin_returns_when_the_peer_advertises_again),
	  CASE(a_peer_that_never_advertises_is_left_after_a_while),
	  CASE(active_active_leaves_out_who_advertises_nothing),
	  CASE(the_preferred_one_carries_whenever_it_can),
	  CASE(after_a_loss_it_carries_again_when_the_hold_down_is_over),
	  CASE(a_pin_of_an_earlier_run_holds_from_the_first_packet_on), CASE(a_pin_outlives_a_loss),
	  CASE(a_drained_one_is_used_only_when_no_other_is), CASE(active_active_uses_all_that_are_usable))
