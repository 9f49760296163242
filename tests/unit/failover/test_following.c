// SPDX-License-Identifier: GPL-2.0-or-later
/* Two sides that follow each other: by MED, and with static routing by where traffic comes in; and that they
 * agree instead of swapping for ever. */
#include "core/base/text.h"
#include "tests/unit/failover/world.h"

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
	usec_t begun = clock_monotonic(), since;

	follow_traffic();
	/* As often as it may, and then for as long once more. */
	while (status().failovers < FOLLOWS) {
		world.in_by = status().active == 1 ? 1 : 0;
		turn();
		assert_true(clock_monotonic() - begun < LIMIT);
	}
	since = clock_monotonic();
	while (clock_monotonic() - since < since - begun) {
		world.in_by = status().active == 1 ? 1 : 0;
		turn();
	}
	assert_int_equal(status().failovers, FOLLOWS);
}

static void
after_a_loss_of_all_the_other_side_is_followed_anew(void **state)
{
	follow_traffic();
	while (status().failovers < FOLLOWS) {
		world.in_by = status().active == 1 ? 1 : 0;
		turn();
	}
	failover_member_usable(failover, 0, false, "it is down");
	failover_member_usable(failover, 1, false, "it is down");
	both_up();
	assert_int_equal(status().active, 1);
	world.in_by = 1;
	UNTIL(status().active == 2);
	assert_string_equal(status().last.cause, "the other side sends by it");
}

/* The outage is measured until what is known of the other side's traffic comes in again by the one that
 * carries. It may come in by the other one, or that stream may be over: neither delays following. */
static void
while_an_outage_is_measured_the_other_side_is_followed(void **state)
{
	usec_t since;

	follow_traffic();
	world.dead = 3;
	failover_member_usable(failover, 1, false, "it is down");
	failover_member_usable(failover, 0, false, "it is down");
	run_for(100 * USEC_PER_MS);
	assert_true(status().measuring);
	world.in_by = 1;
	world.dead = 0;
	failover_member_usable(failover, 0, true, "it is up");
	failover_member_usable(failover, 1, true, "it is up");
	assert_int_equal(status().active, 1);
	assert_true(status().measuring);
	since = clock_monotonic();
	UNTIL(status().active == 2 ||
	      clock_monotonic() - since >= failover_timing.outage_limit * USEC_PER_MS / 4);
	assert_int_equal(status().active, 2);
	assert_string_equal(status().last.cause, "the other side sends by it");
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

TEST_MAIN(CASE(traffic_on_the_other_tunnel_is_followed),
	  CASE(a_slow_stream_is_followed_too_and_probes_are_not),
	  CASE(what_is_pinned_preferred_or_drained_is_not_led_by_traffic),
	  CASE(following_does_not_swap_for_ever), CASE(after_a_loss_of_all_the_other_side_is_followed_anew),
	  CASE(while_an_outage_is_measured_the_other_side_is_followed),
	  CASE(a_switchover_that_static_routing_cannot_steer_is_soon_over),
	  CASE(of_equal_meds_the_one_that_just_fell_is_preferred),
	  CASE(two_sides_in_order_agree_after_one_move), CASE(two_sides_by_chance_agree_too),
	  CASE(two_ends_without_bgp_agree_and_follow_a_switchover))
