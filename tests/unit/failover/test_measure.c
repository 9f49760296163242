// SPDX-License-Identifier: GPL-2.0-or-later
/* What is seen of a move while it lasts, and what is measured: gaps, losses, outages. */
#include <math.h>

#include "tests/unit/failover/world.h"

/* --- outages --- */

/* Tunnel 1 dies without a sound; we notice after `notice` ms, the other side moves `follow` ms later. */
static double
silent_loss(double traffic, double control, unsigned notice, int follow)
{
	world.in_by = 0;
	both_up();
	world.follows = follow;
	traffic_known(traffic, control);
	world.dead = 1;
	run_for(notice * USEC_PER_MS);
	failover_member_usable(failover, 0, false, "silence");
	UNTIL(!isnan(status().last.outage_ms) || said("no traffic") || said("not measured"));
	return status().last.outage_ms;
}

static double
much_traffic(void)
{
	return silent_loss(1000, 100, 60, 90);
}

static void
an_outage_is_measured_on_the_counters(void **state)
{
	double outage = best_of_some(state, much_traffic, 200);

	assert_true(outage > 140 && outage < 200);
	assert_true(said("[failover.done] traffic comes in by aws/2; nothing came in for 1"));
}

static double
much_control(void)
{
	return silent_loss(200, 50, 20, 400);
}

static void
control_packets_on_the_standby_do_not_shorten_an_outage(void **state)
{
	double outage = best_of_some(state, much_control, 520);

	assert_true(outage > 400 && outage < 520);
}

static void
without_traffic_no_outage_is_claimed(void **state)
{
	assert_true(isnan(silent_loss(0, 100, 10, 10)));
	assert_true(said("the outage was not measured"));
}

static void
traffic_that_never_returns_has_no_figure(void **state)
{
	failover_timing.outage_limit = 400;
	assert_true(isnan(silent_loss(500, 0, 10, -1)));
	assert_true(said("no traffic has come in since"));
}

static double
loss_of_both(void)
{
	world.in_by = 0;
	both_up();
	world.follows = 5;
	traffic_known(500, 0);
	failover_member_usable(failover, 1, false, "down");
	world.dead = 3;
	failover_member_usable(failover, 0, false, "down");
	run_for(200 * USEC_PER_MS);
	world.dead = 1;
	failover_member_usable(failover, 1, true, "up");
	UNTIL(!isnan(status().last.outage_ms));
	return status().last.outage_ms;
}

static void
an_outage_of_both_lasts_until_one_returns(void **state)
{
	double outage = best_of_some(state, loss_of_both, 300);

	assert_true(outage > 195 && outage < 300);
}

/* --- what is seen of a move --- */

static struct failover_progress
progress(void)
{
	struct failover_progress out;

	failover_progress(failover, &out);
	return out;
}

static void
a_switchover_is_seen_step_by_step(void **state)
{
	world.in_by = 0;
	both_up();
	assert_false(progress().set);
	traffic_known(500, 10);
	world.follows = 1200; /* for longer than a busy machine keeps the loop from turning */
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	assert_true(progress().set);
	assert_int_equal(progress().phase, FAILOVER_MOVING);
	assert_string_equal(progress().kind, "switchover");
	assert_int_equal(progress().from, 0);
	assert_int_equal(progress().to, 1);
	UNTIL(progress().ours_at != 0);
	assert_int_equal(progress().phase, FAILOVER_OURS_MOVED);
	UNTIL(progress().ours_percent > 99);
	assert_true(progress().theirs_percent < 50); /* they come later */
	UNTIL(progress().theirs_percent > 20);
	UNTIL(world.results == 1);
	assert_int_equal(progress().phase, FAILOVER_DONE);
	assert_int_equal(progress().theirs_percent, 100);
	assert_true(progress().theirs_at > progress().ours_at);
	assert_true(progress().done_at >= progress().theirs_at);
	assert_true(progress().took_ms == world.result.took_ms);
	assert_string_equal(progress().text, world.result.text);
	assert_int_equal(progress().rx_lost, 0);
	/* a second and more of 520 packets a second, each way */
	assert_true(progress().rx_packets >= 200 && progress().tx_packets >= 150);
	assert_int_equal(world.phases, 1 << FAILOVER_MOVING | 1 << FAILOVER_OURS_MOVED | 1 << FAILOVER_DONE);
	/* ten times a second, and each of the three steps */
	assert_true(world.told >= 6 && world.told <= 4 + (progress().done_at - progress().began_at) / 100000);
}

static void
a_move_that_one_look_sees_whole_has_all_its_times(void **state)
{
	world.in_by = 0;
	both_up();
	traffic_known(500, 10);
	world.follows = 10;
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	usleep(600 * 1000); /* the loop stands still */
	UNTIL(world.results == 1);
	assert_int_equal(progress().phase, FAILOVER_DONE);
	assert_true(progress().ours_at >= progress().began_at && progress().ours_at <= progress().done_at);
	assert_true(progress().theirs_at >= progress().began_at &&
		    progress().theirs_at <= progress().done_at);
}

static void
packets_that_are_lost_in_a_move_are_counted(void **state)
{
	world.in_by = 0;
	both_up();
	traffic_known(500, 10);
	world.counters[0].rx_lost = 1000; /* of before */
	world.follows = 300;
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	UNTIL(progress().ours_at != 0);
	world.lose = 7;
	UNTIL(progress().rx_lost == 7);
	UNTIL(world.results == 1);
	assert_int_equal(progress().rx_lost, 7);
}

static void
a_plane_that_counts_no_losses_claims_none(void **state)
{
	world.counters[0].rx_lost = world.counters[1].rx_lost = FAILOVER_NOT_COUNTED;
	world.in_by = 0;
	both_up();
	traffic_known(500, 10);
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	UNTIL(world.results == 1);
	assert_true(progress().rx_lost == FAILOVER_NOT_COUNTED);
}

static void
the_outage_of_a_loss_grows_until_traffic_is_back(void **state)
{
	world.in_by = 0;
	both_up();
	traffic_known(500, 10);
	world.follows = -1;
	world.dead = 1;
	failover_member_usable(failover, 0, false, "silence");
	assert_string_equal(progress().kind, "failover");
	UNTIL(progress().outage_ms > 200);
	assert_int_equal(progress().done_at, 0);
	world.in_by = 1;
	UNTIL(progress().done_at != 0);
	assert_int_equal(progress().phase, FAILOVER_DONE);
	assert_true(progress().outage_ms == status().last.outage_ms);
	assert_true(progress().outage_ms > 200);
}

static void
an_unconfirmed_switchover_can_be_turned_back_at_once(void **state)
{
	struct error err;

	world.in_by = 0;
	both_up();
	traffic_known(500, 10);
	assert_false(failover_switchover_back(failover, on_done, NULL, &err));
	assert_true(failover_switchover_confirm(failover, 1, 60, on_done, NULL, NULL));
	UNTIL(world.results == 1);
	assert_true(failover_switchover_back(failover, on_done, NULL, &err));
	assert_int_equal(status().active, 1);
	assert_false(status().pinned); /* as before */
	assert_int_equal(status().confirm_until, 0);
	UNTIL(world.results == 2);
	assert_true(world.result.ok);
	/* in the middle of the move, too */
	assert_true(failover_switchover_confirm(failover, 1, 60, on_done, NULL, NULL));
	assert_true(failover_switchover_back(failover, on_done, NULL, &err));
	assert_int_equal(status().active, 1);
	UNTIL(world.results == 4);
}

static void
plans_say_what_would_be_announced(void **state)
{
	struct failover_plan plan;
	struct error err;

	both_up();
	assert_true(failover_switchover_plan(failover, -1, &plan, &err));
	assert_int_equal(plan.from, 0);
	assert_int_equal(plan.to, 1);
	assert_int_equal(plan.med[0], 100);
	assert_int_equal(plan.med[1], 200);
	assert_int_equal(plan.med_then[0], 200);
	assert_int_equal(plan.med_then[1], 100);
	assert_true(failover_drain_plan(failover, 0, false, &plan, &err));
	assert_int_equal(plan.to, 1);
	assert_int_equal(plan.med_then[0], 300);
	assert_int_equal(plan.med_then[1], 100);
	assert_true(failover_drain_plan(failover, 1, false, &plan, &err));
	assert_int_equal(plan.to, -1);
	assert_non_null(strstr(plan.text, "carries nothing"));
	failover_member_drain(failover, 0, true);
	assert_int_equal(status().active, 2);
	assert_false(failover_drain_plan(failover, 1, false, &plan, &err));
	assert_true(failover_drain_plan(failover, 1, true, &plan, &err));
	assert_true(failover_undrain_plan(failover, 0, &plan, &err));
	assert_int_equal(plan.to, -1); /* nobody asked for it by failover_drain: it stands by */
	assert_int_equal(plan.med_then[0], 200);
	assert_int_equal(status().active, 2); /* plans change nothing */
}

TEST_MAIN(CASE(an_outage_is_measured_on_the_counters),
	  CASE(control_packets_on_the_standby_do_not_shorten_an_outage),
	  CASE(without_traffic_no_outage_is_claimed), CASE(traffic_that_never_returns_has_no_figure),
	  CASE(an_outage_of_both_lasts_until_one_returns), CASE(a_switchover_is_seen_step_by_step),
	  CASE(a_move_that_one_look_sees_whole_has_all_its_times),
	  CASE(packets_that_are_lost_in_a_move_are_counted), CASE(a_plane_that_counts_no_losses_claims_none),
	  CASE(the_outage_of_a_loss_grows_until_traffic_is_back),
	  CASE(an_unconfirmed_switchover_can_be_turned_back_at_once), CASE(plans_say_what_would_be_announced))
