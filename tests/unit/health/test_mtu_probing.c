// SPDX-License-Identifier: GPL-2.0-or-later
/* The search for a path's MTU, against paths that are functions here: time is a number. */
#include "tests/unit/test.h"

#include "core/health/mtu_probing.h"

#define MS 1000

enum { MOST = 1438, BASE = 1138, LEAST = 514 };

static struct mtu_probing probing;
static usec_t now;
static uint32_t takes; /* the path; 0: nothing at all */
static usec_t rtt;
static unsigned lose;            /* every so many-th long echo, besides; 0: none */
static unsigned asked;           /* long echoes */
static uint32_t lowest, highest; /* that the limit was */

struct due {
	uint32_t number;
	usec_t at;
};

/* Runs what is under way to its end; returns how long it took. */
static usec_t
run(void)
{
	struct due due[64];
	usec_t began = now;
	unsigned count = 0;

	for (lowest = highest = probing.limit; mtu_probing_active(&probing); now += MS) {
		struct mtu_probing_try try;

		assert_true(now - began < 120 * USEC_PER_SEC);
		for (unsigned i = 0; i < count;) {
			if (due[i].at > now) {
				i++;
				continue;
			}
			mtu_probing_answer(&probing, due[i].number, now);
			due[i] = due[--count];
		}
		if (mtu_probing_ask(&probing, now, &try)) {
			assert_true(count + 2 < sizeof(due) / sizeof(*due));
			if (try.size != 0) {
				assert_in_range(try.size, LEAST, MOST);
				asked++;
				if (try.size <= takes && (lose == 0 || asked % lose != 0))
					due[count++] = (struct due){try.number, now + rtt};
			}
			if (takes != 0)
				due[count++] = (struct due){try.small, now + rtt};
		}
		lowest = probing.limit < lowest ? probing.limit : lowest;
		highest = probing.limit > highest ? probing.limit : highest;
	}
	return now - began;
}

static usec_t
search(uint32_t path)
{
	takes = path;
	asked = 0;
	mtu_probing_start(&probing, now);
	return run();
}

static int
make(void **state)
{
	now = 1000 * USEC_PER_SEC;
	rtt = 30 * MS;
	lose = 0;
	mtu_probing_init(&probing, MOST, BASE, LEAST);
	return 0;
}

static void
a_path_that_takes_it_all_is_asked_once(void **state)
{
	assert_int_equal(probing.limit, MOST);
	assert_true(search(MOST) < 100 * MS);
	assert_int_equal(asked, 1);
	assert_int_equal(probing.limit, MOST);
	assert_int_equal(probing.result, MTU_PROBING_FOUND);
	assert_int_equal(lowest, MOST);
}

static void
any_path_is_found_to_the_byte_within_seconds(void **state)
{
	usec_t longest = 0;

	for (uint32_t path = LEAST; path <= MOST; path++) {
		usec_t took;

		make(NULL);
		took = search(path);
		longest = took > longest ? took : longest;
		assert_int_equal(probing.limit, path);
		assert_int_equal(probing.result, MTU_PROBING_FOUND);
		if (path < MOST)
			assert_int_equal(probing.hole, path + 1);
		assert_true(lowest >= (path < BASE ? LEAST : path < MOST ? BASE : MOST));
	}
	assert_true(longest < 10 * USEC_PER_SEC);
	make(NULL);
	rtt = 300 * MS;
	assert_true(search(1300) < 20 * USEC_PER_SEC);
	assert_int_equal(probing.limit, 1300);
}

static void
while_it_searches_the_limit_is_the_base_and_then_what_was_found(void **state)
{
	takes = 1300;
	mtu_probing_start(&probing, now);
	run();
	assert_int_equal(lowest, BASE);
	/* no jumps in between: who sends is told twice at most */
	assert_int_equal(probing.limit, 1300);
	assert_int_equal(highest, MOST);
}

static void
a_path_that_takes_less_than_any_may_is_held_to_the_least(void **state)
{
	search(100);
	assert_int_equal(probing.limit, LEAST);
	assert_int_equal(probing.result, MTU_PROBING_NONE_FITS);
	assert_int_equal(probing.hole, LEAST);
}

static void
a_peer_that_answers_nothing_proves_nothing(void **state)
{
	search(0);
	assert_int_equal(asked, 0);
	assert_int_equal(probing.limit, MOST);
	assert_int_equal(probing.result, MTU_PROBING_SILENT);
}

static void
a_tunnel_that_falls_silent_keeps_what_was_found(void **state)
{
	search(1300);
	takes = 0;
	mtu_probing_confirm(&probing, now);
	run();
	assert_int_equal(probing.limit, 1300);
	assert_int_equal(probing.result, MTU_PROBING_FOUND);
	search(0);
	assert_int_equal(probing.limit, 1300);
	assert_int_equal(probing.result, MTU_PROBING_FOUND);
	/* but of another path it says nothing */
	mtu_probing_renew(&probing, now);
	run();
	assert_int_equal(probing.result, MTU_PROBING_SILENT);
	assert_int_equal(probing.limit, 1300);
}

static void
losses_at_random_are_no_black_hole(void **state)
{
	lose = 2;
	search(1300);
	assert_int_equal(probing.limit, 1300);
	lose = 3;
	for (int i = 0; i < 100; i++) {
		mtu_probing_confirm(&probing, now);
		run();
		assert_int_equal(lowest, 1300);
	}
}

static void
a_path_that_shrinks_is_noticed_when_the_limit_is_tested(void **state)
{
	search(1400);
	takes = 1250;
	mtu_probing_confirm(&probing, now);
	assert_true(run() < 8 * USEC_PER_SEC);
	assert_int_equal(probing.limit, 1250);
	assert_int_equal(probing.hole, 1251);
	/* one that has not costs one echo */
	asked = 0;
	mtu_probing_confirm(&probing, now);
	run();
	assert_int_equal(asked, 1);
}

static void
a_path_that_grows_is_found_without_a_step_back(void **state)
{
	search(1250);
	search(1400);
	assert_int_equal(lowest, 1250);
	assert_int_equal(probing.limit, 1400);
	search(MOST);
	assert_int_equal(probing.limit, MOST);
	assert_int_equal(asked, 1);
}

static void
a_search_upwards_also_finds_a_path_that_shrank(void **state)
{
	search(1400);
	search(1200);
	assert_int_equal(probing.limit, 1200);
}

static void
what_nobody_found_to_be_less_follows_the_bounds(void **state)
{
	search(MOST);
	assert_false(mtu_probing_bound(&probing, 1380, BASE, LEAST));
	assert_int_equal(probing.limit, 1380);
	assert_true(mtu_probing_bound(&probing, MOST, BASE, LEAST));
	assert_int_equal(probing.limit, MOST);
	search(1300);
	assert_true(mtu_probing_bound(&probing, 1500, BASE, LEAST));
	assert_int_equal(probing.limit, 1300);
	assert_false(mtu_probing_bound(&probing, 1290, BASE, LEAST));
	assert_int_equal(probing.limit, 1290);
	/* bounds below the base */
	assert_false(mtu_probing_bound(&probing, 1000, BASE, LEAST));
	assert_int_equal(probing.limit, 1000);
	assert_int_equal(probing.base, 1000);
}

static void
an_answer_of_an_earlier_search_or_none_at_all_does_nothing(void **state)
{
	struct mtu_probing_try try, later;

	mtu_probing_start(&probing, now);
	assert_true(mtu_probing_ask(&probing, now, &try));
	mtu_probing_answer(&probing, try.small, now + 20 * MS);
	assert_true(mtu_probing_ask(&probing, now + 20 * MS, &try));
	assert_int_equal(try.size, MOST);
	mtu_probing_start(&probing, now + 30 * MS);
	mtu_probing_answer(&probing, try.number, now + 40 * MS);
	assert_int_equal(probing.good, 0);
	assert_true(mtu_probing_ask(&probing, now + 40 * MS, &later));
	mtu_probing_answer(&probing, later.small + 1, now + 50 * MS); /* not asked yet */
	mtu_probing_answer(&probing, UINT32_MAX, now + 50 * MS);
	assert_int_equal(probing.phase, MTU_PROBING_REACHING);
	mtu_probing_stop(&probing);
	mtu_probing_answer(&probing, later.small, now + 50 * MS);
	assert_false(mtu_probing_active(&probing));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_path_that_takes_it_all_is_asked_once, make),
	    cmocka_unit_test_setup(any_path_is_found_to_the_byte_within_seconds, make),
	    cmocka_unit_test_setup(while_it_searches_the_limit_is_the_base_and_then_what_was_found, make),
	    cmocka_unit_test_setup(a_path_that_takes_less_than_any_may_is_held_to_the_least, make),
	    cmocka_unit_test_setup(a_peer_that_answers_nothing_proves_nothing, make),
	    cmocka_unit_test_setup(a_tunnel_that_falls_silent_keeps_what_was_found, make),
	    cmocka_unit_test_setup(losses_at_random_are_no_black_hole, make),
	    cmocka_unit_test_setup(a_path_that_shrinks_is_noticed_when_the_limit_is_tested, make),
	    cmocka_unit_test_setup(a_path_that_grows_is_found_without_a_step_back, make),
	    cmocka_unit_test_setup(a_search_upwards_also_finds_a_path_that_shrank, make),
	    cmocka_unit_test_setup(what_nobody_found_to_be_less_follows_the_bounds, make),
	    cmocka_unit_test_setup(an_answer_of_an_earlier_search_or_none_at_all_does_nothing, make),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
