// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Failover against a small world: two tunnels, a stream of traffic, control packets on both, and another side
 * that follows our MED after a while. The world runs by the real clock: whoever reads a counter gets what has
 * come in by then. Two failover objects wired to each other stand for two gateways that follow each other.
 */
#include "tests/unit/test.h"

#include <math.h>

#include "core/base/text.h"
#include "core/failover/failover_internal.h"

#define LIMIT (20 * USEC_PER_SEC)

/* A stream of packets at even distances; the ones due while `to` is dead are lost. */
struct stream {
	double per_second;
	usec_t next;
};

struct world {
	struct stream in, out, control[2];
	int in_by, out_by; /* member; -1: nowhere */
	uint32_t dead;     /* members that pass nothing */
	int follows;       /* milliseconds until the other side follows our MED; -1: never */
	int wants;
	usec_t moves_at;
	struct failover_counters counters[2];
	unsigned lose;   /* so many of the traffic's next packets don't come in */
	unsigned told;   /* times that there was news of a move */
	unsigned phases; /* bits of enum failover_phase that were seen */
	char log[4000];
	struct failover_result result;
	unsigned results;
};

static uv_loop_t loop;
static struct world world;
static struct failover *failover;
static struct failover_timing usual;

static void
packets(struct stream *stream, usec_t now, int member, bool in)
{
	usec_t distance = stream->per_second > 0 ? (usec_t)(USEC_PER_SEC / stream->per_second) : 0;

	if (stream->next == 0)
		stream->next = now;
	for (; distance > 0 && stream->next <= now; stream->next += distance) {
		int by = member;

		if (in && stream == &world.in && world.moves_at != 0 && stream->next >= world.moves_at)
			by = world.in_by = world.wants;
		if (by < 0 || (world.dead & 1u << by && in))
			continue;
		if (in && stream == &world.in && world.lose > 0) {
			world.lose--;
			world.counters[by].rx_lost++;
			continue;
		}
		if (in) {
			world.counters[by].rx_packets++;
			if (stream->next > world.counters[by].last_rx)
				world.counters[by].last_rx = stream->next;
		} else {
			world.counters[by].tx_packets++;
			world.counters[by].last_tx = stream->next;
		}
	}
}

static void
run_world(void)
{
	usec_t now = clock_monotonic();

	packets(&world.in, now, world.in_by, true);
	packets(&world.out, now, world.out_by, false);
	for (int i = 0; i < 2; i++)
		packets(&world.control[i], now, i, true);
	if (world.moves_at != 0 && now >= world.moves_at) {
		world.in_by = world.wants;
		world.moves_at = 0;
	}
}

static void
note(const char *format, ...)
{
	size_t used = strlen(world.log);
	va_list args;

	va_start(args, format);
	vsnprintf(world.log + used, sizeof(world.log) - used, format, args);
	va_end(args);
}

static void
set_routes(void *context, uint32_t active, uint32_t usable)
{
	run_world();
	world.out_by = active != 0 ? __builtin_ctz(active) : -1;
	note("routes %u/%u; ", active, usable);
}

static void
set_preference(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
	run_world();
	note("prefer %u %u/%u; ", member, local_preference, med);
	if (med <= FAILOVER_MED_ACTIVE && world.follows >= 0) {
		world.wants = (int)member;
		world.moves_at = clock_monotonic() + world.follows * USEC_PER_MS;
	}
}

static void
read_counters(void *context, unsigned member, struct failover_counters *out)
{
	run_world();
	*out = world.counters[member];
}

static void
on_event(void *context, const char *severity, const char *kind, const char *text)
{
	note("[%s] %s; ", kind, text);
}

static void
on_done(void *context, const struct failover_result *result)
{
	world.result = *result;
	world.results++;
	note("done %d: %s; ", result->ok, result->text);
}

static void
on_progress(void *context)
{
	struct failover_progress progress;

	failover_progress(failover, &progress);
	world.told++;
	world.phases |= 1u << progress.phase;
}

static const struct failover_actions actions = {
    .name = "aws",
    .set_routes = set_routes,
    .set_preference = set_preference,
    .read_counters = read_counters,
    .progress = on_progress,
    .event = on_event,
};

static int
setup(void **state)
{
	failover_timing = usual;
	world = (struct world){.in_by = -1, .out_by = -1, .follows = 0};
	uv_loop_init(&loop);
	failover = failover_new(&loop, 2, false, &actions);
	return 0;
}

static int
teardown(void **state)
{
	failover_free(failover);
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

static void
woken(uv_timer_t *timer)
{
}

static void
turn(void)
{
	static uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, woken, 1, 0);
	uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

#define UNTIL(condition) \
	do { \
		usec_t until_from = clock_monotonic(); \
		while (!(condition)) { \
			if (clock_monotonic() - until_from > LIMIT) \
				fail_msg("never became true: %s\nlog: %s", #condition, world.log); \
			turn(); \
		} \
	} while (0)

static void
run_for(usec_t span)
{
	usec_t since = clock_monotonic();

	UNTIL(clock_monotonic() - since >= span);
}

static void
forget(void)
{
	world.log[0] = '\0';
}

static bool
said(const char *part)
{
	return strstr(world.log, part) != NULL;
}

static struct failover_status
status(void)
{
	struct failover_status out;

	failover_status(failover, &out);
	return out;
}

static void
both_up(void)
{
	failover_member_usable(failover, 0, true, "up");
	failover_member_usable(failover, 1, true, "up");
	assert_int_equal(status().active, 1);
}

/* The rates are known: the next move can be measured. */
static void
traffic_known(double in, double control)
{
	world.in = world.out = (struct stream){.per_second = in};
	world.control[0] = world.control[1] = (struct stream){.per_second = control};
	UNTIL(failover->members[0].rate.per_second >= in * 0.8 &&
	      failover->members[0].rate.per_second <= (in + control) * 1.2 &&
	      (control == 0 || fabs(failover->members[1].rate.per_second - control) < control * 0.2));
}

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
	usec_t since;

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
	assert_in_range(status().hold_down_left / USEC_PER_MS, 700, 900);
	/* Nothing else takes the traffic back meanwhile. */
	failover_member_med(failover, 0, 50);
	run_for(700 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
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

/* --- static routing: the other side is followed by its traffic --- */

static void
follow_traffic(void)
{
	failover_static(failover, true);
	failover_order(failover, FAILOVER_ORDER_FIRST);
	world.follows = -1;
	world.in_by = 0;
	both_up();
	traffic_known(200, 20);
}

static void
traffic_on_the_other_tunnel_is_followed(void **state)
{
	follow_traffic();
	run_for(900 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	world.in_by = 1;
	UNTIL(status().active == 2);
	assert_string_equal(status().last.cause, "the other side sends by it");
	run_for(900 * USEC_PER_MS);
	assert_int_equal(status().active, 2);
	assert_int_equal(status().failovers, 1);
}

static void
a_slow_stream_is_followed_too_and_probes_are_not(void **state)
{
	failover_static(failover, true);
	failover_order(failover, FAILOVER_ORDER_FIRST);
	world.follows = -1;
	world.in_by = 1;
	both_up();
	world.control[0] = world.control[1] = (struct stream){.per_second = 20};
	run_for(1500 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	world.control[0] = world.control[1] = (struct stream){.per_second = 2};
	world.in = (struct stream){.per_second = 2};
	UNTIL(status().active == 2);
}

static void
what_is_pinned_preferred_or_drained_is_not_led_by_traffic(void **state)
{
	follow_traffic();
	assert_true(failover_switchover(failover, 0, on_done, NULL, NULL));
	world.in_by = 1;
	run_for(1000 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	failover_prefer(failover, 0, 1000);
	failover_auto(failover);
	run_for(1000 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	failover_prefer(failover, -1, 0);
	failover_member_drain(failover, 1, true);
	run_for(1000 * USEC_PER_MS);
	assert_int_equal(status().active, 1);
	failover_member_drain(failover, 1, false);
	UNTIL(status().active == 2);
}

/* A peer that always sends by the tunnel that we don't use. */
static void
following_does_not_swap_for_ever(void **state)
{
	usec_t since;

	follow_traffic();
	since = clock_monotonic();
	while (clock_monotonic() - since < 4 * USEC_PER_SEC) {
		world.in_by = status().active == 1 ? 1 : 0;
		turn();
	}
	assert_int_equal(status().failovers, FOLLOWS);
}

static void
a_switchover_that_static_routing_cannot_steer_is_soon_over(void **state)
{
	failover_timing.static_limit = 900;
	follow_traffic();
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	UNTIL(world.results > 0);
	assert_true(world.result.ok);
	assert_true(world.result.ours_moved);
	assert_false(world.result.theirs_moved);
	assert_string_equal(world.result.text,
			    "what we send goes by aws/2; the other side goes on sending by "
			    "aws/1: static routing can't steer it");
	assert_int_equal(status().active, 2);
}

static void
of_equal_meds_the_one_that_just_fell_is_preferred(void **state)
{
	both_up();
	failover_member_med(failover, 0, 100);
	failover_member_med(failover, 1, 200);
	/* The other side lost tunnel 1, so it can't take back what it said there. */
	failover_member_med(failover, 1, 100);
	UNTIL(status().active == 2);
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

static void
a_switchover_moves_both_directions_and_says_so(void **state)
{
	world.in_by = 0;
	both_up();
	world.follows = 60;
	traffic_known(1000, 20);
	assert_true(failover_switchover(failover, -1, on_done, NULL, NULL));
	assert_int_equal(status().active, 2);
	UNTIL(world.results > 0);
	assert_true(world.result.ok && world.result.ours_moved && world.result.theirs_moved);
	assert_in_range(world.result.took_ms, 30, 200);
	/* 1,000 packets a second without a loss: what is seen is the poll's own grain. */
	assert_true(world.result.outage_ms < 25);
	assert_true(said("done 1: moved from aws/1 to aws/2 in "));
	assert_true(said("longest gap "));
	assert_true(status().pinned);
	assert_int_equal(status().failovers, 0);
}

static void
a_gap_in_the_move_is_reported(void **state)
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
	assert_true(world.result.outage_ms > 85 && world.result.outage_ms < 200);
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

static void
an_outage_is_measured_on_the_counters(void **state)
{
	double outage = silent_loss(1000, 100, 60, 90);

	assert_true(outage > 140 && outage < 220);
	assert_true(said("[failover.done] traffic comes in by aws/2; nothing came in for 1"));
}

static void
control_packets_on_the_standby_do_not_shorten_an_outage(void **state)
{
	double outage = silent_loss(200, 50, 20, 400);

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

static void
an_outage_of_both_lasts_until_one_returns(void **state)
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
	assert_true(status().last.outage_ms > 195 && status().last.outage_ms < 300);
}

/* --- two gateways that follow each other --- */

struct side {
	struct pair *pair;
	struct failover *failover;
	unsigned moves;
};

struct pair {
	struct side sides[2];
	bool swapped;   /* the other side counts its tunnels the other way round */
	unsigned delay; /* of an UPDATE, milliseconds */
	uint32_t last[2];
	unsigned in_flight;
};

struct update {
	uv_timer_t timer;
	struct side *to;
	unsigned member;
	uint32_t med;
};

static void
free_update(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_update(uv_timer_t *timer)
{
	struct update *update = timer->data;

	update->to->pair->in_flight--;
	failover_member_med(update->to->failover, update->member, update->med);
	uv_close((uv_handle_t *)timer, free_update);
}

static void
side_routes(void *context, uint32_t active, uint32_t usable)
{
	struct side *side = context;
	unsigned at = side == &side->pair->sides[1];

	side->moves += side->pair->last[at] != 0 && side->pair->last[at] != active;
	side->pair->last[at] = active;
}

static void
side_prefers(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
	struct side *side = context;
	struct update *update = memory_zeroed(1, sizeof(*update));

	update->to = &side->pair->sides[side == &side->pair->sides[0]];
	update->member = side->pair->swapped ? 1 - member : member;
	update->med = med;
	uv_timer_init(&loop, &update->timer);
	update->timer.data = update;
	side->pair->in_flight++;
	uv_timer_start(&update->timer, on_update, side->pair->delay, 0);
}

static void
side_counters(void *context, unsigned member, struct failover_counters *out)
{
	*out = (struct failover_counters){0};
}

static bool
pair_agrees(const struct pair *pair)
{
	uint32_t other = pair->last[1];

	if (pair->swapped)
		other = (other & 1) << 1 | other >> 1;
	return pair->last[0] == other && pair->in_flight == 0 &&
	       !uv_is_active((uv_handle_t *)&pair->sides[0].failover->follower) &&
	       !uv_is_active((uv_handle_t *)&pair->sides[1].failover->follower);
}

#define PAIRS 300

/* Both sides come up preferring different tunnels. Returns the most moves that one pair needed. */
static unsigned
crossing(bool ordered)
{
	static struct pair pairs[PAIRS];
	unsigned most = 0, agreed = 0;
	usec_t since = clock_monotonic();

	memset(pairs, 0, sizeof(pairs));
	for (unsigned i = 0; i < PAIRS; i++) {
		struct pair *pair = &pairs[i];

		pair->swapped = i % 2;
		pair->delay = i % 16; /* up to 15 ms for an UPDATE */
		for (unsigned j = 0; j < 2; j++) {
			struct failover_actions of = {.context = &pair->sides[j],
						      .set_routes = side_routes,
						      .set_preference = side_prefers,
						      .read_counters = side_counters};

			pair->sides[j].pair = pair;
			pair->sides[j].failover = failover_new(&loop, 2, false, &of);
			pair->sides[j].failover->seed = i * 2 + j + 1;
			if (ordered)
				failover_order(pair->sides[j].failover,
					       j == 0 ? FAILOVER_ORDER_FIRST : FAILOVER_ORDER_SECOND);
		}
	}
	for (unsigned i = 0; i < PAIRS; i++)
		for (unsigned j = 0; j < 2; j++) {
			unsigned first = pairs[i].swapped ? 0 : j;

			failover_member_usable(pairs[i].sides[j].failover, first, true, "up");
			failover_member_usable(pairs[i].sides[j].failover, 1 - first, true, "up");
		}
	while (agreed < PAIRS) {
		if (clock_monotonic() - since > LIMIT)
			fail_msg("%u of %u pairs never agreed", PAIRS - agreed, PAIRS);
		turn();
		agreed = 0;
		for (unsigned i = 0; i < PAIRS; i++)
			agreed += pair_agrees(&pairs[i]);
	}
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned moves = pairs[i].sides[0].moves + pairs[i].sides[1].moves;

		most = moves > most ? moves : most;
		failover_free(pairs[i].sides[0].failover);
		failover_free(pairs[i].sides[1].failover);
	}
	return most;
}

static void
two_sides_in_order_agree_after_one_move(void **state)
{
	assert_int_equal(crossing(true), 1);
}

static void
two_sides_by_chance_agree_too(void **state)
{
	unsigned most = crossing(false);

	print_message("# most moves of one pair out of %d: %u\n", PAIRS, most);
	assert_true(most >= 1);
}

/* --- two gateways with static routing that follow each other's traffic --- */

struct static_end {
	struct failover *failover;
	struct static_end *other;
	struct stream out, probes;
	struct failover_counters counters[2];
	int by; /* where it sends */
	unsigned moves;
};

static void
end_run(struct static_end *end, usec_t now)
{
	for (; end->by >= 0 && end->out.next <= now; end->out.next += USEC_PER_SEC / 100) {
		end->counters[end->by].tx_packets++;
		end->other->counters[end->by].rx_packets++;
		end->other->counters[end->by].last_rx = end->out.next;
	}
	for (; end->probes.next <= now; end->probes.next += USEC_PER_SEC / 10)
		for (int i = 0; i < 2; i++)
			end->other->counters[i].rx_packets++;
}

static void
end_routes(void *context, uint32_t active, uint32_t usable)
{
	struct static_end *end = context;
	int by = first_of(active);

	end_run(end, clock_monotonic());
	end->moves += end->by >= 0 && by != end->by;
	end->by = by;
}

static void
end_counters(void *context, unsigned member, struct failover_counters *out)
{
	struct static_end *end = context;

	end_run(end, clock_monotonic());
	end_run(end->other, clock_monotonic());
	*out = end->counters[member];
}

static void
no_preference(void *context, unsigned member, uint32_t local_preference, uint32_t med)
{
}

/* The ends come up with different tunnels; then an operator moves one of them. */
static void
two_ends_without_bgp_agree_and_follow_a_switchover(void **state)
{
	static struct static_end ends[2];

	for (unsigned i = 0; i < 2; i++) {
		struct failover_actions of = {.context = &ends[i],
					      .set_routes = end_routes,
					      .set_preference = no_preference,
					      .event = on_event,
					      .read_counters = end_counters};

		ends[i] = (struct static_end){.other = &ends[1 - i], .by = -1};
		ends[i].out.next = ends[i].probes.next = clock_monotonic();
		ends[i].failover = failover_new(&loop, 2, false, &of);
		failover_static(ends[i].failover, true);
		failover_order(ends[i].failover, i == 0 ? FAILOVER_ORDER_FIRST : FAILOVER_ORDER_SECOND);
		failover_member_usable(ends[i].failover, i, true, "up");
		failover_member_usable(ends[i].failover, 1 - i, true, "up");
	}
	assert_int_not_equal(ends[0].by, ends[1].by);
	UNTIL(ends[0].by == ends[1].by);
	run_for(3 * USEC_PER_SEC);
	assert_int_equal(ends[0].by, ends[1].by);
	assert_int_equal(ends[0].moves + ends[1].moves, 1);
	for (unsigned i = 0; i < 2; i++) {
		world.results = 0;
		assert_true(failover_switchover(ends[i].failover, -1, on_done, NULL, NULL));
		UNTIL(world.results == 1);
		assert_true(world.result.ok && world.result.theirs_moved);
		assert_int_equal(ends[0].by, ends[1].by);
		failover_auto(ends[i].failover);
		run_for(500 * USEC_PER_MS); /* the rates are learned anew */
	}
	assert_int_equal(ends[0].moves + ends[1].moves, 5);
	for (unsigned i = 0; i < 2; i++)
		failover_free(ends[i].failover);
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
	world.follows = 400;
	assert_true(failover_switchover(failover, 1, on_done, NULL, NULL));
	assert_true(progress().set);
	assert_int_equal(progress().phase, FAILOVER_MOVING);
	assert_string_equal(progress().kind, "switchover");
	assert_int_equal(progress().from, 0);
	assert_int_equal(progress().to, 1);
	UNTIL(progress().ours_at != 0);
	assert_int_equal(progress().phase, FAILOVER_OURS_MOVED);
	UNTIL(progress().ours_percent > 99);
	assert_true(progress().theirs_percent < 50); /* they come after 400 ms */
	UNTIL(progress().theirs_percent > 20);
	UNTIL(world.results == 1);
	assert_int_equal(progress().phase, FAILOVER_DONE);
	assert_int_equal(progress().theirs_percent, 100);
	assert_true(progress().theirs_at > progress().ours_at);
	assert_true(progress().done_at >= progress().theirs_at);
	assert_true(progress().took_ms == world.result.took_ms);
	assert_string_equal(progress().text, world.result.text);
	assert_int_equal(progress().rx_lost, 0);
	/* 400 ms of 520 packets a second at least, each way */
	assert_true(progress().rx_packets >= 200 && progress().tx_packets >= 150);
	assert_int_equal(world.phases, 1 << FAILOVER_MOVING | 1 << FAILOVER_OURS_MOVED | 1 << FAILOVER_DONE);
	/* ten times a second, and each of the three steps */
	assert_true(world.told >= 6 && world.told <= 4 + (progress().done_at - progress().began_at) / 100000);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(the_first_usable_one_carries_and_keeps_it),
	    CASE(the_med_of_a_lost_tunnel_is_undercut_until_it_is_back),
	    CASE(on_a_loss_routes_go_first_in_the_same_call),
	    CASE(with_no_tunnel_left_nothing_carries),
	    CASE(the_lowest_med_is_followed_after_a_moment),
	    CASE(a_med_taken_back_in_time_moves_nothing),
	    CASE(an_unknown_med_is_not_compared),
	    CASE(when_the_peer_withdraws_all_the_other_tunnel_is_the_active_one),
	    CASE(a_pin_returns_when_the_peer_advertises_again),
	    CASE(a_peer_that_never_advertises_is_left_after_a_while),
	    CASE(active_active_leaves_out_who_advertises_nothing),
	    CASE(the_preferred_one_carries_whenever_it_can),
	    CASE(after_a_loss_it_carries_again_when_the_hold_down_is_over),
	    CASE(a_pin_of_an_earlier_run_holds_from_the_first_packet_on),
	    CASE(traffic_on_the_other_tunnel_is_followed),
	    CASE(a_slow_stream_is_followed_too_and_probes_are_not),
	    CASE(what_is_pinned_preferred_or_drained_is_not_led_by_traffic),
	    CASE(following_does_not_swap_for_ever),
	    CASE(a_switchover_that_static_routing_cannot_steer_is_soon_over),
	    CASE(two_ends_without_bgp_agree_and_follow_a_switchover),
	    CASE(of_equal_meds_the_one_that_just_fell_is_preferred),
	    CASE(a_pin_outlives_a_loss),
	    CASE(a_drained_one_is_used_only_when_no_other_is),
	    CASE(active_active_uses_all_that_are_usable),
	    CASE(the_mode_changes_while_both_are_usable),
	    CASE(a_renewed_session_is_told_its_preference_and_its_med_is_forgotten),
	    CASE(what_can_not_be_done_is_refused),
	    CASE(to_the_one_that_carries_only_pins),
	    CASE(a_switchover_moves_both_directions_and_says_so),
	    CASE(a_gap_in_the_move_is_reported),
	    CASE(another_side_that_does_not_follow_is_named),
	    CASE(without_traffic_a_switchover_is_soon_over),
	    CASE(a_stream_that_has_just_ended_is_not_waited_for),
	    CASE(a_loss_in_the_middle_ends_the_switchover),
	    CASE(freeing_in_the_middle_ends_the_switchover),
	    CASE(an_outage_is_measured_on_the_counters),
	    CASE(control_packets_on_the_standby_do_not_shorten_an_outage),
	    CASE(without_traffic_no_outage_is_claimed),
	    CASE(traffic_that_never_returns_has_no_figure),
	    CASE(an_outage_of_both_lasts_until_one_returns),
	    CASE(two_sides_in_order_agree_after_one_move),
	    CASE(two_sides_by_chance_agree_too),
	    CASE(an_unconfirmed_switchover_goes_back_to_tunnel_and_pin),
	    CASE(an_unconfirmed_one_over_a_pin_restores_the_pin),
	    CASE(a_confirmed_one_stays),
	    CASE(auto_and_another_switchover_end_the_wait),
	    CASE(what_can_not_go_back_stays_and_says_so),
	    CASE(a_drain_moves_the_traffic_and_its_end_brings_it_back),
	    CASE(a_drain_without_a_stand_in_is_refused),
	    CASE(the_end_of_a_standbys_drain_moves_nothing),
	    CASE(a_pin_is_not_followed_to_a_drained_one_and_comes_back_with_it),
	    CASE(what_the_other_side_drains_is_left),
	    CASE(a_switchover_is_seen_step_by_step),
	    CASE(packets_that_are_lost_in_a_move_are_counted),
	    CASE(a_plane_that_counts_no_losses_claims_none),
	    CASE(the_outage_of_a_loss_grows_until_traffic_is_back),
	    CASE(an_unconfirmed_switchover_can_be_turned_back_at_once),
	    CASE(plans_say_what_would_be_announced),
	    CASE(freeing_while_a_confirmation_is_awaited_is_fine),
	};

	usual = failover_timing;
	usual.sample = 50; /* learn the rates sooner */
	usual.traffic_first = 250;
	usual.traffic_second = 700;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
