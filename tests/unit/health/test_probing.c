// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a probe, of traffic as evidence, and of damping: time is a number here. */
#include "tests/unit/test.h"

#include <math.h>

#include "core/health/damping.h"
#include "core/health/probing.h"
#include "core/health/traffic.h"
#include "core/probe.h"

#define MS 1000

static struct probing probing;
static usec_t now;
static unsigned changes;
static uint32_t asked;

/* Lets time pass in steps of a millisecond; with `answers` each question is answered in 2 ms. */
static void
pass(usec_t span, bool answers)
{
	usec_t end = now + span;

	for (; now < end; now += MS) {
		uint32_t number;

		changes |= probing_tick(&probing, now);
		if (!probing_ask(&probing, now, &number))
			continue;
		asked++;
		if (answers)
			changes |= probing_answer(&probing, number, 2 * MS, now + 2 * MS);
	}
}

static void
begin(uint32_t interval_ms, uint32_t fail, uint32_t recover)
{
	now = 1000 * USEC_PER_SEC;
	changes = asked = 0;
	probing_init(&probing, interval_ms, fail, recover, now);
}

static int
make(void **state)
{
	begin(100, 3, 5);
	return 0;
}

static void
the_first_answer_is_good_news(void **state)
{
	pass(50 * MS, true);
	assert_int_equal(changes, PROBING_VERDICT);
	assert_int_equal(probing.verdict, HEALTH_OK);
	pass(5000 * MS, true);
	assert_int_equal(asked, 51);
	assert_int_equal(changes, PROBING_VERDICT);
}

static void
three_lost_in_a_row_are_a_failure_and_two_are_none(void **state)
{
	pass(1000 * MS, true);
	pass(200 * MS, false);
	pass(200 * MS, true);
	pass(200 * MS, false);
	pass(100 * MS, true);
	assert_int_equal(probing.verdict, HEALTH_OK);
	changes = 0;
	pass(300 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
	assert_int_equal(changes, PROBING_VERDICT);
}

static void
a_failure_at_100_ms_is_known_within_360_ms(void **state)
{
	usec_t lost_at;

	pass(1001 * MS, true); /* just after an answered question */
	lost_at = now;
	while (probing.verdict != HEALTH_FAILED && now < lost_at + 1000 * MS)
		pass(MS, false);
	assert_in_range(now - lost_at, 200 * MS, 360 * MS);
}

static void
recovery_takes_that_many_answers_in_a_row(void **state)
{
	pass(500 * MS, true);
	pass(600 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
	pass(400 * MS, true);
	pass(100 * MS, false);
	pass(400 * MS, true);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
	pass(100 * MS, true);
	assert_int_equal(probing.verdict, HEALTH_OK);
}

static void
a_target_that_never_answers_fails_only_after_a_second(void **state)
{
	pass(1150 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_UNKNOWN);
	pass(100 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
}

static void
a_slow_path_is_waited_for_once_it_is_known(void **state)
{
	uint32_t number;

	/* 400 ms there and back, at an interval of 100: every answer comes after three more questions. */
	for (usec_t end = now + 10 * USEC_PER_SEC; now < end; now += 100 * MS) {
		changes |= probing_tick(&probing, now);
		assert_true(probing_ask(&probing, now, &number));
		if (number > 4)
			changes |= probing_answer(&probing, number - 4, 400 * MS, now);
	}
	assert_int_equal(probing.verdict, HEALTH_OK);
	assert_int_equal(changes, PROBING_VERDICT);
}

static void
made_up_and_repeated_answers_do_nothing(void **state)
{
	pass(500 * MS, true);
	changes = 0;
	assert_int_equal(probing_answer(&probing, probing.next, 1, now), 0);
	assert_int_equal(probing_answer(&probing, probing.next + 1000, 1, now), 0);
	pass(600 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
	/* each answer comes twice, and once more when the next has come */
	for (unsigned answers = 1; answers <= 5; answers++) {
		pass(100 * MS, true);
		assert_int_equal(probing.verdict, answers < 5 ? HEALTH_FAILED : HEALTH_OK);
		assert_int_equal(probing_answer(&probing, probing.next - 1, 2 * MS, now), 0);
		if (answers > 1)
			assert_int_equal(probing_answer(&probing, probing.next - 2, 102 * MS, now), 0);
	}
}

static void
an_answer_of_unknown_age_is_a_sign_of_life_and_teaches_nothing(void **state)
{
	struct probing_figures before, after;
	uint32_t number;

	pass(1000 * MS, true);
	pass(600 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
	probing_figures(&probing, now, &before);
	for (unsigned answers = 1; answers <= 5; answers++) {
		assert_true(probing_ask(&probing, now, &number));
		now += 40 * MS;
		probing_answer(&probing, number, PROBE_RTT_UNKNOWN, now);
		assert_int_equal(probing.answer_at, now);
		assert_int_equal(probing.verdict, answers < 5 ? HEALTH_FAILED : HEALTH_OK);
		now += 60 * MS;
	}
	probing_figures(&probing, now, &after);
	assert_true(after.rtt_ms == before.rtt_ms && after.jitter_ms == before.jitter_ms);
	/* nor does it make anybody wait longer for the next */
	changes = 0;
	pass(360 * MS, false);
	assert_int_equal(probing.verdict, HEALTH_FAILED);
}

/* --- against a model that remembers everything ------------------------------------------------- */

#define LONGEST 55 /* seconds: within the figures' minute */
#define REPLIES 256

struct model {
	unsigned fail, recover, lost, answers; /* the last two: in a row */
	uint64_t lost_ever;
	bool answered[LONGEST * 10 + 1];
	enum health_verdict verdict;
	struct reply {
		uint32_t number;
		usec_t at; /* 0: none */
	} replies[REPLIES];
};

static void
model_answer(struct model *m, uint32_t number)
{
	bool twice = m->answered[number];
	struct probing before = probing;

	probing_answer(&probing, number, 2 * MS, now);
	if (twice && memcmp(&before, &probing, sizeof(before)) != 0)
		fail_msg("another answer to question %u was taken for one", number);
	if (twice)
		return;
	m->answered[number] = true;
	m->lost = 0;
	m->answers++;
	if (m->verdict == HEALTH_UNKNOWN || (m->verdict == HEALTH_FAILED && m->answers >= m->recover))
		m->verdict = HEALTH_OK;
}

static void
model_tick(struct model *m)
{
	struct probing_figures figures;

	probing_tick(&probing, now);
	probing_figures(&probing, now, &figures);
	for (; m->lost_ever < figures.lost; m->lost_ever++) {
		m->answers = 0;
		if (++m->lost >= m->fail)
			m->verdict = HEALTH_FAILED;
	}
}

/* Most answers come soon, some late, some twice, and some never; for seconds at a time none does. */
static void
model_ask(struct model *m, bool outage)
{
	uint32_t number;
	unsigned copies = rand() % 4 == 0 ? 2 : 1;

	if (!probing_ask(&probing, now, &number) || outage || rand() % 8 == 0)
		return;
	for (unsigned i = 0; i < REPLIES && copies > 0; i++) {
		if (m->replies[i].at != 0)
			continue;
		m->replies[i].number = number;
		m->replies[i].at = now + (rand() % 5 != 0 ? 2 : rand() % 2500) * MS;
		copies--;
	}
}

static void
networks_that_lose_delay_and_repeat_agree_with_a_model(void **state)
{
	static struct model model;

	for (unsigned seed = 1; seed <= 12; seed++) {
		usec_t end;

		srand(seed);
		model = (struct model){.fail = 1 + seed % 4, .recover = 1 + seed % 5};
		begin(100, model.fail, model.recover);
		end = now + (LONGEST - 1) * USEC_PER_SEC;
		for (; now < end; now += MS) {
			for (unsigned i = 0; i < REPLIES; i++) {
				if (model.replies[i].at == 0 || model.replies[i].at > now)
					continue;
				model.replies[i].at = 0;
				model_answer(&model, model.replies[i].number);
			}
			model_tick(&model);
			model_ask(&model, now / USEC_PER_SEC % 7 < 2);
			if (probing.verdict != model.verdict)
				fail_msg("seed %u, question %u: %s instead of %s", seed, probing.next - 1,
					 health_verdict_name(probing.verdict),
					 health_verdict_name(model.verdict));
		}
	}
}

static void
figures_are_those_of_the_last_minute(void **state)
{
	struct probing_figures figures;

	probing_figures(&probing, now, &figures);
	assert_true(isnan(figures.rtt_ms) && isnan(figures.loss_percent) && isnan(figures.jitter_ms));
	begin(1000, 3, 3);
	pass(30 * USEC_PER_SEC, true);
	pass(10 * USEC_PER_SEC, false);
	probing_figures(&probing, now, &figures);
	assert_float_equal(figures.loss_percent, 25, 0.7);
	assert_float_equal(figures.rtt_ms, 2, 0.01);
	assert_float_equal(figures.jitter_ms, 0, 0.01);
	pass(62 * USEC_PER_SEC, true);
	probing_figures(&probing, now, &figures);
	assert_float_equal(figures.loss_percent, 0, 0.01);
	probing_answer(&probing, probing.next - 1, 6 * MS, now);
}

static void
a_hurry_ends_with_the_first_answer(void **state)
{
	begin(1000, 3, 3);
	pass(2500 * MS, true);
	changes = asked = 0;
	probing_hurry(&probing, 3, 200, now);
	pass(100 * MS, true);
	assert_int_equal(changes, PROBING_HURRY_ANSWERED);
	assert_int_equal(asked, 1);
	pass(500 * MS, true);
	assert_int_equal(asked, 1); /* no more of them */
}

static void
a_hurry_without_an_answer_is_over_within_600_ms(void **state)
{
	begin(1000, 10, 3);
	pass(2500 * MS, true);
	changes = asked = 0;
	probing_hurry(&probing, 3, 200, now);
	pass(600 * MS, false);
	assert_int_equal(changes, PROBING_HURRY_UNANSWERED);
	assert_int_equal(asked, 3);
	assert_int_equal(probing.verdict, HEALTH_OK); /* the thresholds are another matter */
}

static void
a_hurry_at_a_quick_probe_ends_too(void **state)
{
	begin(10, 200, 3);
	pass(500 * MS, true);
	changes = 0;
	probing_hurry(&probing, 3, 200, now);
	pass(1200 * MS, false);
	assert_int_equal(changes & PROBING_HURRY_UNANSWERED, PROBING_HURRY_UNANSWERED);
}

/* --- traffic ----------------------------------------------------------------------------------- */

static struct traffic traffic;
static struct traffic_counters counters;

/* Every 10 ms a packet out, and one in where `in`; looks every 50 ms. The last step that was one. */
static enum traffic_step
flow(usec_t span, bool out, bool in)
{
	enum traffic_step last = TRAFFIC_NOTHING;

	for (usec_t end = now + span; now < end; now += 10 * MS) {
		enum traffic_step step = TRAFFIC_NOTHING;

		if (out) {
			counters.tx_packets++;
			counters.last_tx = now;
		}
		if (in) {
			counters.rx_packets++;
			counters.last_rx = now + 1;
		}
		if (now % (50 * MS) == 0)
			step = traffic_look(&traffic, &counters, now);
		last = step != TRAFFIC_NOTHING ? step : last;
	}
	return last;
}

static int
make_traffic(void **state)
{
	now = 1000 * USEC_PER_SEC;
	memset(&counters, 0, sizeof(counters));
	traffic_init(&traffic, 800 * MS, 2000 * MS);
	return 0;
}

static void
silence_while_sending_makes_suspicious_once(void **state)
{
	assert_int_equal(flow(3 * USEC_PER_SEC, true, true), TRAFFIC_NOTHING);
	assert_int_equal(flow(700 * MS, true, false), TRAFFIC_NOTHING);
	assert_int_equal(flow(300 * MS, true, false), TRAFFIC_ASK);
	assert_int_equal(flow(1000 * MS, true, false), TRAFFIC_NOTHING); /* somebody is asked */
	assert_int_equal(flow(100 * MS, true, true), TRAFFIC_CLEARED);
}

static void
a_tunnel_without_traffic_is_not_suspected(void **state)
{
	flow(1 * USEC_PER_SEC, true, true);
	assert_int_equal(flow(60 * USEC_PER_SEC, false, false), TRAFFIC_NOTHING);
	assert_int_equal(flow(60 * USEC_PER_SEC, false, true), TRAFFIC_NOTHING);
}

/* Some planes know only when they were asked: both times are those of the reading. */
static void
an_answer_that_is_seen_at_once_with_its_question_is_one(void **state)
{
	flow(1 * USEC_PER_SEC, true, true);
	for (int second = 0; second < 20; second++) {
		counters.tx_packets++;
		counters.rx_packets++;
		counters.last_tx = counters.last_rx = now;
		assert_int_equal(traffic_look(&traffic, &counters, now), TRAFFIC_NOTHING);
		now += 50 * MS;
		assert_int_equal(flow(950 * MS, false, false), TRAFFIC_NOTHING);
	}
	/* and silence is silence all the same */
	for (usec_t end = now + 700 * MS; now < end; now += 50 * MS) {
		counters.tx_packets++;
		counters.last_tx = now;
		assert_int_equal(traffic_look(&traffic, &counters, now), TRAFFIC_NOTHING);
	}
	counters.tx_packets++;
	counters.last_tx = now += 100 * MS;
	assert_int_equal(traffic_look(&traffic, &counters, now), TRAFFIC_ASK);
}

static void
a_stream_of_one_direction_is_asked_about_and_never_dead(void **state)
{
	flow(1 * USEC_PER_SEC, true, true);
	for (int i = 0; i < 100; i++) {
		if (flow(100 * MS, true, false) == TRAFFIC_ASK)
			traffic_answered(&traffic, now);
		assert_int_not_equal(traffic.state, TRAFFIC_DEAD);
	}
	assert_false(traffic_unanswered(&traffic));
}

static void
no_answer_is_death_and_steady_packets_are_recovery(void **state)
{
	flow(1 * USEC_PER_SEC, true, true);
	assert_int_equal(flow(1 * USEC_PER_SEC, true, false), TRAFFIC_ASK);
	assert_true(traffic_unanswered(&traffic));
	assert_int_equal(flow(20 * USEC_PER_SEC, true, false), TRAFFIC_NOTHING);
	flow(10 * MS, true, true); /* a straggler */
	assert_int_equal(flow(5 * USEC_PER_SEC, true, false), TRAFFIC_NOTHING);
	assert_int_equal(flow(1900 * MS, true, true), TRAFFIC_NOTHING);
	assert_int_equal(flow(300 * MS, true, true), TRAFFIC_RECOVERED);
}

static void
a_witness_counts_only_while_it_speaks(void **state)
{
	flow(1 * USEC_PER_SEC, true, true);
	assert_false(traffic_witness(&traffic, 0, USEC_PER_SEC)); /* never answered */
	assert_true(traffic_witness(&traffic, counters.last_rx - USEC_PER_SEC, USEC_PER_SEC));
	/* ICMP was silenced long before the rest: it proves nothing now. */
	assert_false(traffic_witness(&traffic, counters.last_rx - 3 * USEC_PER_SEC, USEC_PER_SEC));
}

/* --- damping ----------------------------------------------------------------------------------- */

static void
failures_in_quick_succession_hold_back_and_time_lets_go(void **state)
{
	struct damping damping = {0};
	usec_t left;

	now = 1000 * USEC_PER_SEC;
	for (int i = 0; i < 5; i++)
		damping_failed(&damping, now += USEC_PER_SEC);
	assert_false(damping_held(&damping, now));
	for (int i = 0; i < 2; i++)
		damping_failed(&damping, now += USEC_PER_SEC);
	assert_true(damping_held(&damping, now));
	left = damping_left(&damping, now);
	assert_in_range(left, 60 * USEC_PER_SEC, 120 * USEC_PER_SEC);
	assert_true(damping_held(&damping, now + left - USEC_PER_SEC));
	assert_false(damping_held(&damping, now + left + USEC_PER_SEC));
}

static void
rare_failures_are_never_held_against_anyone(void **state)
{
	struct damping damping = {0};

	now = 1000 * USEC_PER_SEC;
	for (int i = 0; i < 100; i++) {
		damping_failed(&damping, now += 5 * 60 * USEC_PER_SEC);
		assert_false(damping_held(&damping, now));
	}
}

static void
nothing_is_held_longer_than_three_half_lives(void **state)
{
	struct damping damping = {0};

	now = 1000 * USEC_PER_SEC;
	for (int i = 0; i < 1000; i++)
		damping_failed(&damping, now += USEC_PER_SEC);
	assert_true(damping_held(&damping, now));
	assert_in_range(damping_left(&damping, now), 0, 3 * DAMPING_HALF_LIFE + USEC_PER_SEC);
	damping_clear(&damping);
	assert_false(damping_held(&damping, now));
}

static struct damping dampings[2];
static struct damping_member members[2];

/* What a gateway does with each new verdict on a tunnel. */
static void
offer(unsigned at)
{
	members[at].waits = damping_holds_back(&dampings[at], members, 2, at, now);
	members[at].carries = members[at].able && !members[at].waits && !members[1 - at].carries;
}

static void
both_failed_too_often(void)
{
	now = 1000 * USEC_PER_SEC;
	memset(dampings, 0, sizeof(dampings));
	memset(members, 0, sizeof(members));
	for (int i = 0; i < 14; i++)
		damping_failed(&dampings[i % 2], now += USEC_PER_SEC / 2);
}

static void
one_that_comes_back_waits_while_the_other_carries(void **state)
{
	both_failed_too_often();
	damping_clear(&dampings[0]);
	members[0] = (struct damping_member){.able = true, .carries = true};
	members[1].able = true;
	offer(1);
	assert_true(members[1].waits);
	offer(0);
	assert_true(members[0].carries);
	members[0] = (struct damping_member){0};
	offer(1);
	assert_true(members[1].carries);
}

static void
of_two_that_failed_too_often_one_carries_however_often_they_are_judged(void **state)
{
	both_failed_too_often();
	/* Both come up before either is judged, and then each verdict of a probe judges them once more. */
	members[0].able = members[1].able = true;
	for (unsigned i = 0; i < 6; i++) {
		offer(i % 2);
		assert_false(members[0].waits && members[1].waits);
	}
	assert_true(members[0].carries != members[1].carries);
}

static void
what_carries_is_not_taken_away_for_what_was(void **state)
{
	both_failed_too_often();
	members[0] = (struct damping_member){.able = true, .carries = true};
	members[1] = (struct damping_member){.able = true};
	offer(0);
	assert_true(members[0].carries);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_first_answer_is_good_news, make),
	    cmocka_unit_test_setup(three_lost_in_a_row_are_a_failure_and_two_are_none, make),
	    cmocka_unit_test_setup(a_failure_at_100_ms_is_known_within_360_ms, make),
	    cmocka_unit_test_setup(recovery_takes_that_many_answers_in_a_row, make),
	    cmocka_unit_test_setup(a_target_that_never_answers_fails_only_after_a_second, make),
	    cmocka_unit_test_setup(a_slow_path_is_waited_for_once_it_is_known, make),
	    cmocka_unit_test_setup(made_up_and_repeated_answers_do_nothing, make),
	    cmocka_unit_test_setup(an_answer_of_unknown_age_is_a_sign_of_life_and_teaches_nothing, make),
	    cmocka_unit_test(networks_that_lose_delay_and_repeat_agree_with_a_model),
	    cmocka_unit_test_setup(figures_are_those_of_the_last_minute, make),
	    cmocka_unit_test_setup(a_hurry_ends_with_the_first_answer, make),
	    cmocka_unit_test_setup(a_hurry_without_an_answer_is_over_within_600_ms, make),
	    cmocka_unit_test_setup(a_hurry_at_a_quick_probe_ends_too, make),
	    cmocka_unit_test_setup(silence_while_sending_makes_suspicious_once, make_traffic),
	    cmocka_unit_test_setup(a_tunnel_without_traffic_is_not_suspected, make_traffic),
	    cmocka_unit_test_setup(an_answer_that_is_seen_at_once_with_its_question_is_one, make_traffic),
	    cmocka_unit_test_setup(a_stream_of_one_direction_is_asked_about_and_never_dead, make_traffic),
	    cmocka_unit_test_setup(no_answer_is_death_and_steady_packets_are_recovery, make_traffic),
	    cmocka_unit_test_setup(a_witness_counts_only_while_it_speaks, make_traffic),
	    cmocka_unit_test(failures_in_quick_succession_hold_back_and_time_lets_go),
	    cmocka_unit_test(rare_failures_are_never_held_against_anyone),
	    cmocka_unit_test(nothing_is_held_longer_than_three_half_lives),
	    cmocka_unit_test(one_that_comes_back_waits_while_the_other_carries),
	    cmocka_unit_test(of_two_that_failed_too_often_one_carries_however_often_they_are_judged),
	    cmocka_unit_test(what_carries_is_not_taken_away_for_what_was),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
