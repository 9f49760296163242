// SPDX-License-Identifier: GPL-2.0-or-later
/* What operators do: a switchover, its confirmation, and a drain. */
#include <math.h>

#include "tests/unit/failover/world.h"

/* --- switchover --- */

static void
the_mode_changes_while_both_are_usable(void **state)
{
	both_up();
	failover_set_mode(failover, true);
	assert_int_equal(status().active, 3);
	assert_int_equal(status().failovers, 0); /* nobody lost anything */
	failover_set_mode(failover, false);
	UNTIL(status().active == 1);
	failover_set_mode(failover, false);
	assert_int_equal(status().active, 1);
	assert_int_equal(status().failovers, 0);
}

static void
a_renewed_session_is_told_its_preference_and_its_med_is_forgotten(void **state)
{
	both_up();
	failover_member_med(failover, 0, 100);
	failover_member_med(failover, 1, 200);
	failover_member_leaving(failover, 1, true);
	forget();
	failover_member_renewed(failover, 1);
	assert_true(said("prefer 1 100/200; "));
	assert_false(said("prefer 0"));
	assert_int_equal(failover->members[1].med, FAILOVER_NO_MED);
	assert_int_equal(status().leaving, 0);
}

static void
what_can_not_be_done_is_refused(void **state)
{
	struct error err = {0};
	struct failover_plan plan;

	assert_false(failover_switchover(failover, -1, on_done, NULL, &err));
	assert_non_null(strstr(err.text, "no tunnel that carries traffic"));
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, false, "");
	failover_member_usable(failover, 1, true, "up");
	failover_member_usable(failover, 1, false, "wrong PSK");
	assert_false(failover_switchover_plan(failover, -1, &plan, &err));
	assert_string_equal(err.text, "aws/2 is not usable: wrong PSK: traffic stays where it is");
	assert_false(failover_switchover(failover, 5, on_done, NULL, &err));
	failover_member_usable(failover, 1, true, "up");
	assert_true(failover_switchover_plan(failover, -1, &plan, &err));
	assert_string_equal(
	    plan.text,
	    "traffic would move from aws/1 to aws/2 and be pinned there until auto; aws/1 stays up");
	failover_member_drain(failover, 1, true);
	assert_false(failover_switchover(failover, -1, on_done, NULL, &err));
	failover_member_drain(failover, 1, false);
	assert_true(failover_switchover(failover, -1, on_done, NULL, &err));
	assert_true(status().moving);
	assert_false(failover_switchover(failover, -1, on_done, NULL, &err));
	assert_non_null(strstr(err.text, "in the middle of a switchover"));
	UNTIL(world.results == 1);
	assert_false(status().moving);
}

static void
to_the_one_that_carries_only_pins(void **state)
{
	both_up();
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	assert_int_equal(world.results, 1);
	assert_true(world.result.ok);
	assert_true(status().pinned);
	assert_string_equal(world.result.text, "aws/1 carries the traffic already; pinned there");
}

/* Its outage, or how long it took where that is too long. */
static double
switchover(void)
{
	world.in_by = 0;
	both_up();
	world.follows = 60;
	traffic_known(1000, 20);
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	UNTIL(world.results > 0);
	assert_true(world.result.ok && world.result.ours_moved && world.result.theirs_moved);
	assert_true(world.result.took_ms >= 30);
	return world.result.took_ms > 200 ? world.result.took_ms : world.result.outage_ms;
}

static void
a_switchover_moves_both_directions_and_says_so(void **state)
{
	/* 1,000 packets a second without a loss: what is seen is the poll's own grain. */
	assert_true(best_of_some(state, switchover, 25) < 25);
	assert_true(world.result.took_ms <= 200);
	assert_true(said("done 1: moved from aws/1 to aws/2 in "));
	assert_true(said("longest gap "));
	assert_true(status().pinned);
	assert_int_equal(status().failovers, 0);
}

static double
switchover_with_a_gap(void)
{
	world.in_by = 0;
	both_up();
	world.follows = 10;
	traffic_known(500, 0);
	world.dead = 2; /* the new path is there, but what comes in by it is lost for a while */
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	run_for(110 * USEC_PER_MS);
	world.dead = 0;
	UNTIL(world.results > 0);
	assert_true(world.result.ok);
	return world.result.outage_ms;
}

static void
a_gap_in_the_move_is_reported(void **state)
{
	double outage = best_of_some(state, switchover_with_a_gap, 200);

	assert_true(outage > 85 && outage < 200);
}

static void
another_side_that_does_not_follow_is_named(void **state)
{
	failover_timing.planned_limit = 700;
	world.in_by = 0;
	both_up();
	world.follows = -1;
	traffic_known(200, 50);
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	UNTIL(world.results > 0);
	assert_false(world.result.ok);
	assert_true(world.result.ours_moved);
	assert_false(world.result.theirs_moved);
	assert_non_null(strstr(world.result.text, "the other side still sends by aws/1"));
	assert_int_equal(status().active, 2);
}

static void
without_traffic_a_switchover_is_soon_over(void **state)
{
	both_up();
	traffic_known(0, 20); /* control packets alone are not traffic */
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	UNTIL(world.results > 0);
	assert_true(world.result.ok);
	assert_true(isnan(world.result.outage_ms));
	assert_true(said("no traffic to measure"));
}

static void
a_stream_that_has_just_ended_is_not_waited_for(void **state)
{
	usec_t from;

	world.in_by = 0;
	world.follows = -1;
	both_up();
	traffic_known(500, 0);
	world.in = world.out = (struct stream){0};
	run_for(700 * USEC_PER_MS);
	from = clock_monotonic();
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	UNTIL(world.results == 1);
	assert_true(world.result.ok);
	assert_true(clock_monotonic() - from < 2 * USEC_PER_SEC);
}

static void
a_loss_in_the_middle_ends_the_switchover(void **state)
{
	world.in_by = 0;
	both_up();
	world.follows = -1;
	traffic_known(100, 0);
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	failover_member_usable(failover, 1, false, "down");
	assert_int_equal(world.results, 1);
	assert_false(world.result.ok);
	assert_int_equal(status().active, 1);
	assert_int_equal(status().pinned_member, 1);
}

static void
freeing_in_the_middle_ends_the_switchover(void **state)
{
	both_up();
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	failover_free(failover);
	assert_int_equal(world.results, 1);
	assert_false(world.result.ok);
	failover = failover_new(&loop, 2, false, &actions);
}

/* --- what operators do beside a switchover --- */

static void
an_unconfirmed_switchover_goes_back_to_tunnel_and_pin(void **state)
{
	world.in_by = 0;
	both_up();
	traffic_known(500, 0);
	assert_true(failover_switchover_confirm(failover, -1, 1, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	assert_true(status().confirm_until > clock_wall());
	assert_int_equal(status().confirm_from, 0);
	UNTIL(world.results == 1);
	assert_true(world.result.ok);
	UNTIL(status().active == 1);
	assert_int_equal(status().confirm_until, 0);
	assert_false(status().pinned);
	assert_true(said("[switchover.reverted]"));
	UNTIL(!status().moving);
	assert_int_equal(world.in_by, 0);
	assert_int_equal(status().failovers, 0);
}

static void
an_unconfirmed_one_over_a_pin_restores_the_pin(void **state)
{
	both_up();
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	assert_true(failover_switchover_confirm(failover, 1, 1, on_done, NULL, NULL));
	assert_int_equal(status().pinned_member, 1);
	UNTIL(status().confirm_until == 0);
	assert_int_equal(status().pinned_member, 0);
	assert_int_equal(status().active, 1);
}

static void
a_confirmed_one_stays(void **state)
{
	struct error err = {0};

	both_up();
	assert_false(failover_confirm(failover, &err));
	assert_non_null(strstr(err.text, "no switchover of aws waits"));
	assert_true(failover_switchover_confirm(failover, -1, 1, on_done, NULL, NULL));
	assert_true(failover_confirm(failover, &err));
	assert_int_equal(status().confirm_until, 0);
	run_for(1200 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	assert_true(status().pinned);
	assert_false(said("reverted"));
}

static void
auto_and_another_switchover_end_the_wait(void **state)
{
	both_up();
	assert_true(failover_switchover_confirm(failover, 1, 1, on_done, NULL, NULL));
	failover_auto(failover);
	assert_int_equal(status().confirm_until, 0);
	UNTIL(world.results == 1);
	assert_true(failover_switchover_confirm(failover, 0, 1, on_done, NULL, NULL));
	UNTIL(world.results == 2);
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	run_for(1200 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	assert_false(said("reverted"));
}

static void
what_can_not_go_back_stays_and_says_so(void **state)
{
	both_up();
	assert_true(failover_switchover_confirm(failover, 1, 1, on_done, NULL, NULL));
	failover_member_usable(failover, 0, false, "cut");
	UNTIL(status().confirm_until == 0);
	assert_int_equal(status().active, 2);
	assert_true(said("aws/1 is not usable: traffic stays"));
	assert_false(status().pinned);
}

static void
what_a_drill_moved_goes_back_unless_it_is_confirmed(void **state)
{
	both_up();
	failover_member_usable(failover, 0, false, "silenced");
	assert_int_equal(status().active, 2);
	failover_member_usable(failover, 0, true, NULL);
	assert_int_equal(status().active, 2);
	failover_return_within(failover, 0, "drill", 1);
	assert_string_equal(status().confirm_what, "drill");
	assert_true(failover_confirm(failover, NULL));
	assert_null(status().confirm_what);
	run_for(1200 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	assert_true(said("the drill is confirmed and stays"));
	failover_return_within(failover, 0, "drill", 1);
	UNTIL(status().active == 1);
	assert_false(status().pinned);
	assert_true(said("the drill was not confirmed within 1 s: traffic goes back to aws/1"));
}

static void
a_member_that_was_taken_away_is_given_its_traffic_back(void **state)
{
	struct error err = {0};

	both_up();
	failover_member_usable(failover, 0, false, "taken down");
	assert_int_equal(status().active, 2);
	assert_false(failover_give_back(failover, 0, "not confirmed", &err));
	assert_non_null(strstr(err.text, "aws/1 is not usable"));
	failover_member_usable(failover, 0, true, NULL);
	/* The other side names where we are: going back is not undone by that. */
	failover_member_med(failover, 0, 200);
	failover_member_med(failover, 1, 100);
	run_for(100 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	assert_true(failover_give_back(failover, 0, "not confirmed", &err));
	assert_int_equal(status().active, 1);
	assert_false(status().pinned);
	/* A pin elsewhere is an operator's later word. */
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	UNTIL(world.results == 1);
	assert_true(failover_give_back(failover, 0, "not confirmed", &err));
	assert_int_equal(status().active, 2);
}

static void
a_drain_moves_the_traffic_and_its_end_brings_it_back(void **state)
{
	world.in_by = 0;
	both_up();
	traffic_known(500, 0);
	forget();
	assert_true(failover_drain(failover, 0, false, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	assert_int_equal(status().drained, 1);
	assert_int_equal(status().usable, 3); /* it may still stand in */
	assert_true(said("prefer 0 0/300; "));
	UNTIL(world.results == 1);
	assert_true(world.result.ok);
	assert_int_equal(world.in_by, 1);
	assert_int_equal(status().failovers, 0);
	/* The other side names where we are by its MED: going back is not undone by that. */
	failover_member_med(failover, 0, 200);
	failover_member_med(failover, 1, 100);
	run_for(100 * USEC_PER_MS);
	assert_true(failover_undrain(failover, 0, on_done, NULL, NULL));
	assert_int_equal(status().active, 1);
	UNTIL(world.in_by == 0);
	failover_member_med(failover, 0, 100);
	failover_member_med(failover, 1, 200);
	UNTIL(world.results == 2);
	assert_true(world.result.ok);
	run_for(700 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	assert_false(status().pinned);
	assert_true(said("[drain.done]"));
	assert_true(said("[undrain.done]"));
}

static void
a_drain_without_a_stand_in_is_refused(void **state)
{
	struct error err = {0};

	both_up();
	failover_member_usable(failover, 1, false, "down");
	assert_false(failover_drain(failover, 0, false, on_done, NULL, &err));
	assert_non_null(strstr(err.text, "no other tunnel than aws/1 is usable"));
	assert_int_equal(status().drained, 0);
	assert_true(failover_drain(failover, 0, true, on_done, NULL, &err));
	assert_int_equal(world.results, 1);
	assert_true(world.result.ok);
	assert_int_equal(status().active, 1);
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
}

static void
the_end_of_a_standbys_drain_moves_nothing(void **state)
{
	both_up();
	assert_true(failover_drain(failover, 1, false, on_done, NULL, NULL));
	assert_int_equal(world.results, 1);
	assert_int_equal(status().active, 1);
	assert_true(failover_undrain(failover, 1, on_done, NULL, NULL));
	assert_int_equal(world.results, 2);
	assert_int_equal(status().active, 1);
	assert_true(failover_undrain(failover, 1, on_done, NULL, NULL));
	assert_string_equal(world.result.text, "aws/2 is not drained");
}

static void
a_pin_is_not_followed_to_a_drained_one_and_comes_back_with_it(void **state)
{
	struct error err = {0};

	both_up();
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	assert_true(failover_drain(failover, 0, false, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	UNTIL(world.results == 2);
	assert_false(failover_switchover(failover, 0, on_done, NULL, &err));
	assert_non_null(strstr(err.text, "undrain it first"));
	assert_true(failover_undrain(failover, 0, on_done, NULL, NULL));
	assert_int_equal(status().active, 1);
	assert_true(status().pinned);
}

static void
what_the_other_side_drains_is_left(void **state)
{
	struct error err = {0};

	both_up();
	failover_member_leaving(failover, 0, true);
	assert_int_equal(status().active, 2);
	assert_int_equal(status().leaving, 1);
	assert_true(said("the other side drains aws/1"));
	assert_false(failover_switchover(failover, 0, on_done, NULL, &err));
	assert_non_null(strstr(err.text, "the other side drains aws/1"));
	failover_member_usable(failover, 1, false, "down");
	assert_int_equal(status().active, 1); /* better than nothing */
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 2);
	failover_member_leaving(failover, 0, false);
	assert_int_equal(status().active, 2);
}

static void
freeing_while_a_confirmation_is_awaited_is_fine(void **state)
{
	both_up();
	assert_true(failover_switchover_confirm(failover, 1, 60, on_done, NULL, NULL));
	assert_true(failover_switchover_plan(failover, 1, &(struct failover_plan){0}, &(struct error){0}) ==
		    false);
}

TEST_MAIN(CASE(the_mode_changes_while_both_are_usable),
	  CASE(a_renewed_session_is_told_its_preference_and_its_med_is_forgotten),
	  CASE(what_can_not_be_done_is_refused), CASE(to_the_one_that_carries_only_pins),
	  CASE(a_switchover_moves_both_directions_and_says_so), CASE(a_gap_in_the_move_is_reported),
	  CASE(another_side_that_does_not_follow_is_named), CASE(without_traffic_a_switchover_is_soon_over),
	  CASE(a_stream_that_has_just_ended_is_not_waited_for),
	  CASE(a_loss_in_the_middle_ends_the_switchover), CASE(freeing_in_the_middle_ends_the_switchover),
	  CASE(an_unconfirmed_switchover_goes_back_to_tunnel_and_pin),
	  CASE(an_unconfirmed_one_over_a_pin_restores_the_pin), CASE(a_confirmed_one_stays),
	  CASE(auto_and_another_switchover_end_the_wait), CASE(what_can_not_go_back_stays_and_says_so),
	  CASE(what_a_drill_moved_goes_back_unless_it_is_confirmed),
	  CASE(a_member_that_was_taken_away_is_given_its_traffic_back),
	  CASE(a_drain_moves_the_traffic_and_its_end_brings_it_back),
	  CASE(a_drain_without_a_stand_in_is_refused), CASE(the_end_of_a_standbys_drain_moves_nothing),
	  CASE(a_pin_is_not_followed_to_a_drained_one_and_comes_back_with_it),
	  CASE(what_the_other_side_drains_is_left), CASE(freeing_while_a_confirmation_is_awaited_is_fine))
