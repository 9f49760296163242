// SPDX-License-Identifier: GPL-2.0-or-later
/* A session's rules (RFC 5880 6.8): two machines on a clock of the test's own. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/bfd/bfd_internal.h"

#define MS 1000
#define S 1000000

static uint32_t dice; /* what the next throw gives */

static uint32_t
throw_dice(void)
{
	return dice;
}

/* Two sides and the line between them. */
struct pair {
	struct bfd_machine sides[2];
	usec_t now;
	bool cut;
	unsigned sent[2], finals[2], changes[2], polls[2];
};

static void deliver(struct pair *p, unsigned to, bool final);

static void
act(struct pair *p, unsigned side, unsigned actions)
{
	if ((actions & BFD_CHANGED) != 0)
		p->changes[side]++;
	if ((actions & BFD_SEND_FINAL) != 0)
		deliver(p, side, true);
	if ((actions & BFD_SEND) != 0)
		deliver(p, side, false);
}

/* `side` sends; the other receives through the codec. */
static void
deliver(struct pair *p, unsigned side, bool final)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct writer w = writer_over(bytes, sizeof(bytes));
	struct reader r = reader_over(bytes, sizeof(bytes));
	struct bfd_packet packet;

	bfd_machine_packet(&p->sides[side], final, &packet);
	assert_false(packet.poll && packet.final);
	p->polls[side] += packet.poll;
	p->sent[side]++;
	p->finals[side] += final;
	if (!final)
		bfd_machine_sent(&p->sides[side], p->now);
	bfd_packet_write(&w, &packet);
	if (p->cut)
		return;
	assert_null(bfd_packet_read(&r, &packet));
	if (packet.your_discriminator != 0 &&
	    packet.your_discriminator != p->sides[!side].local_discriminator)
		return; /* it is of no session there */
	act(p, !side, bfd_machine_receive(&p->sides[!side], &packet, p->now));
}

static void
run_until(struct pair *p, usec_t end)
{
	for (;;) {
		usec_t a = bfd_machine_deadline(&p->sides[0]), b = bfd_machine_deadline(&p->sides[1]);
		unsigned side = b < a;
		usec_t next = side ? b : a;

		if (next > end)
			break;
		if (next > p->now)
			p->now = next;
		act(p, side, bfd_machine_tick(&p->sides[side], p->now));
	}
	p->now = end;
}

static struct pair
make_pair(uint32_t interval_a, uint32_t interval_b, uint32_t multiplier)
{
	struct bfd_session_config a = {.interval_ms = interval_a, .multiplier = multiplier}, b = a;
	struct pair p = {.now = 100 * S};

	b.interval_ms = interval_b;
	dice = 250;
	bfd_machine_init(&p.sides[0], &a, 11, throw_dice, p.now);
	bfd_machine_init(&p.sides[1], &b, 22, throw_dice, p.now);
	return p;
}

static struct pair
make_up(uint32_t interval_a, uint32_t interval_b, uint32_t multiplier)
{
	struct pair p = make_pair(interval_a, interval_b, multiplier);

	run_until(&p, p.now + 3 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
	assert_int_equal(p.sides[1].state, BFD_UP);
	return p;
}

static void
two_sides_come_up(void **state)
{
	struct pair p = make_up(50, 50, 3);

	assert_int_equal(p.sides[0].remote_discriminator, 22);
	assert_int_equal(p.sides[1].remote_discriminator, 11);
	assert_int_equal(p.sides[0].diagnostic, BFD_DIAGNOSTIC_NONE);
}

static void
nothing_is_fast_before_it_is_up(void **state)
{
	struct pair p = make_pair(50, 50, 3);

	p.cut = true;
	run_until(&p, p.now + 10 * S);
	assert_in_range(p.sent[0], 9, 15);
	assert_int_equal(p.sides[0].state, BFD_DOWN);
}

static void
the_slower_side_sets_the_pace(void **state)
{
	struct pair p = make_up(50, 200, 3);

	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 200 * MS);
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[1]), 200 * MS);
	assert_int_equal(bfd_machine_detection_time(&p.sides[0]), 600 * MS);
	assert_int_equal(bfd_machine_detection_time(&p.sides[1]), 600 * MS);
}

static void
coming_up_ends_its_poll_sequence(void **state)
{
	struct pair p = make_up(50, 50, 3);

	assert_true(p.polls[0] > 0);
	assert_true(p.finals[1] > 0);
	assert_false(p.sides[0].polling);
	assert_false(p.sides[1].polling);
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 50 * MS);
}

static void
silence_is_detected_in_time(void **state)
{
	struct pair p = make_up(50, 50, 3);
	usec_t cut_at = p.now;

	p.cut = true;
	run_until(&p, cut_at + 99 * MS);
	assert_int_equal(p.sides[0].state, BFD_UP);
	run_until(&p, cut_at + 150 * MS);
	assert_int_equal(p.sides[0].state, BFD_DOWN);
	assert_int_equal(p.sides[0].diagnostic, BFD_DIAGNOSTIC_EXPIRED);
	assert_int_equal(p.sides[0].flaps, 1);
	assert_int_equal(p.sides[0].remote_discriminator, 0);
	assert_true(p.sides[0].desired_min_tx >= S);
}

static void
a_one_sided_loss_takes_both_down(void **state)
{
	struct pair p = make_up(50, 50, 3);

	/* The first side hears nothing, times out and says Down; the second follows; then they find each
	 * other again. */
	p.sides[0].detect_at = p.now;
	act(&p, 0, bfd_machine_tick(&p.sides[0], p.now));
	assert_int_equal(p.sides[0].flaps, 1);
	assert_int_equal(p.sides[1].flaps, 1);
	assert_int_equal(p.changes[1], 4); /* Init and Up at first; Down and back to Up */
	run_until(&p, p.now + 2 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
	assert_int_equal(p.sides[1].state, BFD_UP);
}

static void
a_healed_line_comes_up_again(void **state)
{
	struct pair p = make_up(50, 50, 3);

	p.cut = true;
	run_until(&p, p.now + 2 * S);
	p.cut = false;
	run_until(&p, p.now + 3 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
	assert_int_equal(p.sides[1].state, BFD_UP);
	assert_int_equal(p.sides[1].flaps, 1);
}

static void
a_peer_with_another_discriminator_is_taken_after_its_restart(void **state)
{
	struct pair p = make_up(50, 50, 3);
	const struct bfd_session_config config = {.interval_ms = 50, .multiplier = 3};

	bfd_machine_init(&p.sides[1], &config, 33, throw_dice, p.now);
	run_until(&p, p.now + 4 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
	assert_int_equal(p.sides[0].remote_discriminator, 33);
	assert_int_equal(p.sides[0].flaps, 1);
}

static void
jitter_keeps_to_its_bounds(void **state)
{
	static const struct {
		uint32_t multiplier, dice, expected;
	} cases[] = {{3, 0, 37500}, {3, 250, 50000}, {3, 251, 37500},
		     {1, 0, 37500}, {1, 150, 45000}, {1, 151, 37500}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct pair p = make_up(50, 50, cases[i].multiplier);

		dice = cases[i].dice;
		bfd_machine_sent(&p.sides[0], p.now);
		assert_int_equal(p.sides[0].send_at - p.now, cases[i].expected);
	}
}

static void
a_hold_is_told_and_ends(void **state)
{
	struct pair p = make_up(50, 50, 3);

	act(&p, 0, bfd_machine_hold(&p.sides[0], true, p.now));
	assert_int_equal(p.sides[0].state, BFD_ADMIN_DOWN);
	assert_int_equal(p.sides[0].diagnostic, BFD_DIAGNOSTIC_ADMIN_DOWN);
	assert_int_equal(p.sides[1].state, BFD_DOWN);
	assert_int_equal(p.sides[1].remote_state, BFD_ADMIN_DOWN);
	run_until(&p, p.now + 5 * S);
	assert_int_equal(p.sides[0].state, BFD_ADMIN_DOWN);
	assert_int_equal(p.sides[1].state, BFD_DOWN);
	act(&p, 0, bfd_machine_hold(&p.sides[0], false, p.now));
	run_until(&p, p.now + 3 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
}

/* It was Down already, here and there: that it has no say from now on is news all the same, once. */
static void
a_peer_that_switches_off_what_was_down_is_told_of(void **state)
{
	struct pair p = make_up(50, 50, 3);
	unsigned before;

	p.cut = true;
	run_until(&p, p.now + S);
	assert_int_equal(p.sides[0].state, BFD_DOWN);
	before = p.changes[0];
	p.cut = false;
	act(&p, 1, bfd_machine_hold(&p.sides[1], true, p.now));
	assert_int_equal(p.sides[0].state, BFD_DOWN);
	assert_int_equal(p.sides[0].remote_state, BFD_ADMIN_DOWN);
	assert_int_equal(p.changes[0], before + 1);
	run_until(&p, p.now + 5 * S);
	assert_int_equal(p.changes[0], before + 1);
}

static void
a_faster_interval_is_agreed_without_a_flap(void **state)
{
	struct pair p = make_up(200, 50, 3);

	act(&p, 0, bfd_machine_change(&p.sides[0], 50, 3, p.now));
	run_until(&p, p.now + S);
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 50 * MS);
	assert_int_equal(bfd_machine_detection_time(&p.sides[0]), 150 * MS);
	assert_int_equal(p.sides[0].flaps + p.sides[1].flaps, 0);
}

static void
a_slower_interval_waits_for_the_peers_answer(void **state)
{
	struct pair p = make_up(50, 50, 3);

	p.cut = true;
	act(&p, 0, bfd_machine_change(&p.sides[0], 500, 3, p.now));
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 50 * MS); /* 6.8.3 */
	p.cut = false;
	run_until(&p, p.now + 2 * S);
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 500 * MS);
	assert_int_equal(p.sides[0].flaps + p.sides[1].flaps, 0);
}

static void
a_passive_side_waits_for_the_peer(void **state)
{
	struct bfd_session_config passive = {.interval_ms = 50, .multiplier = 3, .passive = true};
	struct pair p = make_pair(50, 50, 3);

	bfd_machine_init(&p.sides[1], &passive, 22, throw_dice, p.now);
	assert_true(bfd_machine_deadline(&p.sides[1]) == INT64_MAX);
	run_until(&p, p.now + 3 * S);
	assert_int_equal(p.sides[0].state, BFD_UP);
	assert_int_equal(p.sides[1].state, BFD_UP);
}

static void
a_peer_that_wants_no_packets_gets_none(void **state)
{
	struct pair p = make_up(50, 50, 3);
	struct bfd_packet packet;

	bfd_machine_packet(&p.sides[1], false, &packet);
	packet.required_min_rx = 0;
	bfd_machine_receive(&p.sides[0], &packet, p.now);
	assert_int_equal(bfd_machine_transmit_interval(&p.sides[0]), 0);
	assert_true(p.sides[0].send_at == 0);
}

static void
a_peer_in_demand_mode_gets_no_periodic_packets(void **state)
{
	struct pair p = make_up(50, 50, 3);
	struct bfd_packet packet;

	bfd_machine_packet(&p.sides[1], false, &packet);
	packet.demand = true;
	bfd_machine_receive(&p.sides[0], &packet, p.now);
	assert_true(p.sides[0].send_at == 0);
	packet.poll = true;
	assert_int_equal(bfd_machine_receive(&p.sides[0], &packet, p.now), BFD_SEND_FINAL);
	packet.demand = false;
	bfd_machine_receive(&p.sides[0], &packet, p.now);
	assert_true(p.sides[0].send_at != 0);
}

static uint64_t seed;

static uint32_t
throw_any(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33);
}

/* Whatever they agree on, however often and in the middle of what: as long as no packet is lost, neither
 * gives the other up; and the last word counts in the end. */
static void
no_change_of_timers_costs_the_session(void **state)
{
	static const uint32_t intervals[] = {10, 50, 200, 1000, 3000};

	for (seed = 1; seed <= 200; seed++) {
		uint64_t first = seed;
		struct pair p = make_up(50, 50, 3);
		uint32_t interval[2] = {50, 50}, multiplier[2] = {3, 3};

		p.sides[0].random = p.sides[1].random = throw_any;
		for (unsigned i = 0; i < 50; i++) {
			unsigned side = throw_any() % 2;

			interval[side] = intervals[throw_any() % COUNT_OF(intervals)];
			multiplier[side] = 1 + throw_any() % 4;
			act(&p, side,
			    bfd_machine_change(&p.sides[side], interval[side], multiplier[side], p.now));
			run_until(&p, p.now + throw_any() % (throw_any() % 4 == 0 ? 5 * S : 100 * MS));
		}
		run_until(&p, p.now + 20 * S);
		assert_int_equal(p.sides[0].flaps + p.sides[1].flaps, 0);
		for (unsigned side = 0; side < 2; side++) {
			uint32_t slower = interval[0] > interval[1] ? interval[0] : interval[1];

			assert_int_equal(bfd_machine_transmit_interval(&p.sides[side]), slower * MS);
			assert_int_equal(bfd_machine_detection_time(&p.sides[side]),
					 multiplier[!side] * slower * MS);
		}
		seed = first;
	}
}

/* Whatever has happened: once the line is whole and nobody holds, both come up, and know each other. */
static void
two_sides_come_up_whatever_was_before(void **state)
{
	for (uint64_t first = 1; first <= 300; first++) {
		struct bfd_session_config config = {.interval_ms = 50, .multiplier = 3};
		struct pair p = make_up(50, 50, 3);

		seed = first;
		p.sides[0].random = p.sides[1].random = throw_any;
		for (unsigned i = 0; i < 30; i++) {
			unsigned side = throw_any() % 2;
			struct bfd_machine *m = &p.sides[side];

			switch (throw_any() % 4) {
			case 0:
				p.cut = !p.cut;
				break;
			case 1:
				act(&p, side, bfd_machine_hold(m, m->state != BFD_ADMIN_DOWN, p.now));
				break;
			case 2: /* it starts again, as another */
				bfd_machine_init(m, &config, 100 + i, throw_any, p.now);
				break;
			default:
				act(&p, side,
				    bfd_machine_change(m, 10 + throw_any() % 500, 1 + throw_any() % 4,
						       p.now));
			}
			run_until(&p, p.now + throw_any() % (throw_any() % 3 == 0 ? 4 * S : 300 * MS));
		}
		p.cut = false;
		for (unsigned side = 0; side < 2; side++)
			act(&p, side, bfd_machine_hold(&p.sides[side], false, p.now));
		run_until(&p, p.now + 10 * S);
		for (unsigned side = 0; side < 2; side++) {
			assert_int_equal(p.sides[side].state, BFD_UP);
			assert_int_equal(p.sides[side].remote_state, BFD_UP);
			assert_int_equal(p.sides[side].remote_discriminator,
					 p.sides[!side].local_discriminator);
			assert_false(p.sides[side].polling);
		}
	}
}

/* 6.8.6: what every state makes of every state that it hears. */
static void
states_follow_the_table_of_the_rfc(void **state)
{
	static const enum bfd_state next[4][4] = {
	    [BFD_ADMIN_DOWN] = {BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN},
	    [BFD_DOWN] = {BFD_DOWN, BFD_INIT, BFD_UP, BFD_DOWN},
	    [BFD_INIT] = {BFD_DOWN, BFD_INIT, BFD_UP, BFD_UP},
	    [BFD_UP] = {BFD_DOWN, BFD_DOWN, BFD_UP, BFD_UP},
	};

	for (unsigned mine = 0; mine < 4; mine++) {
		for (unsigned heard = 0; heard < 4; heard++) {
			struct pair p = make_pair(50, 50, 3);
			struct bfd_packet packet = {.state = (enum bfd_state)heard,
						    .multiplier = 3,
						    .my_discriminator = 22,
						    .your_discriminator = 11,
						    .desired_min_tx = 50 * MS,
						    .required_min_rx = 50 * MS};

			p.sides[0].state = (enum bfd_state)mine;
			bfd_machine_receive(&p.sides[0], &packet, p.now);
			assert_int_equal(p.sides[0].state, next[mine][heard]);
		}
	}
}

/* Nothing is delivered for a time that this host did not run either: that is no silence of the peer's. */
static void
time_in_which_the_host_stood_still_is_forgiven_once(void **state)
{
	struct pair p = make_up(50, 50, 3);
	struct bfd_machine *m = &p.sides[0];
	usec_t detect_at;

	detect_at = m->detect_at;
	bfd_machine_forgive(m, 100 * MS);
	assert_int_equal(m->detect_at - detect_at, 100 * MS);
	bfd_machine_forgive(m, 100 * MS); /* not more than a detection time between two packets */
	assert_int_equal(m->detect_at - detect_at, 150 * MS);
	assert_int_equal(bfd_machine_tick(m, detect_at + 149 * MS) & BFD_CHANGED, 0);
	assert_int_equal(m->state, BFD_UP);
	assert_int_not_equal(bfd_machine_tick(m, detect_at + 150 * MS) & BFD_CHANGED, 0);
	assert_int_equal(m->state, BFD_DOWN);
}

static void
a_packet_ends_what_was_forgiven(void **state)
{
	struct pair p = make_up(50, 50, 3);
	struct bfd_machine *m = &p.sides[0];
	usec_t detect_at;

	bfd_machine_forgive(m, 150 * MS);
	run_until(&p, p.now + 1 * S);
	detect_at = m->detect_at;
	assert_true(detect_at - p.now <= 150 * MS);
	bfd_machine_forgive(m, 10 * MS); /* too little to matter */
	assert_int_equal(m->detect_at, detect_at);
	bfd_machine_forgive(m, 40 * MS);
	assert_int_equal(m->detect_at - detect_at, 40 * MS);
}

TEST_MAIN(cmocka_unit_test(two_sides_come_up), cmocka_unit_test(nothing_is_fast_before_it_is_up),
	  cmocka_unit_test(the_slower_side_sets_the_pace), cmocka_unit_test(coming_up_ends_its_poll_sequence),
	  cmocka_unit_test(silence_is_detected_in_time), cmocka_unit_test(a_one_sided_loss_takes_both_down),
	  cmocka_unit_test(a_healed_line_comes_up_again),
	  cmocka_unit_test(a_peer_with_another_discriminator_is_taken_after_its_restart),
	  cmocka_unit_test(jitter_keeps_to_its_bounds), cmocka_unit_test(a_hold_is_told_and_ends),
	  cmocka_unit_test(a_peer_that_switches_off_what_was_down_is_told_of),
	  cmocka_unit_test(a_faster_interval_is_agreed_without_a_flap),
	  cmocka_unit_test(a_slower_interval_waits_for_the_peers_answer),
	  cmocka_unit_test(a_passive_side_waits_for_the_peer),
	  cmocka_unit_test(a_peer_that_wants_no_packets_gets_none),
	  cmocka_unit_test(a_peer_in_demand_mode_gets_no_periodic_packets),
	  cmocka_unit_test(no_change_of_timers_costs_the_session),
	  cmocka_unit_test(two_sides_come_up_whatever_was_before),
	  cmocka_unit_test(states_follow_the_table_of_the_rfc),
	  cmocka_unit_test(time_in_which_the_host_stood_still_is_forgiven_once),
	  cmocka_unit_test(a_packet_ends_what_was_forgiven))
