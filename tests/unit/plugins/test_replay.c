// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

static bool
passes(struct replay *replay, uint64_t sequence)
{
	uint64_t inferred;
	int64_t lost;

	if (!replay_check(replay, (uint32_t)sequence, &inferred))
		return false;
	replay_update(replay, inferred, &lost);
	return true;
}

static void
each_number_of_the_window_passes_once(void **state)
{
	/* in this order, a window of 64 packets */
	static const struct {
		uint32_t sequence;
		bool passes;
	} table[] = {
	    {0, false}, /* never sent */
	    {1, true},
	    {1, false},
	    {3, true},
	    {2, true},
	    {2, false},
	    {3, false},
	    {64, true},
	    {1, false},
	    {65, true},
	    {4, true},
	    {66, true},
	    {3, false}, /* 66 - 63 is the last in the window, and seen */
	    {67, true},
	    {3, false}, /* now out of it */
	    {130, true},
	    {66, false},
	    {68, true},
	    {67, false},
	    {129, true},
	    {129, false},
	    {1000000, true},
	    {130, false},
	    {999937, true},
	    {999936, false},
	    {999937, false},
	    {UINT32_MAX, true},
	    {UINT32_MAX, false},
	    {0, false},
	    {UINT32_MAX - 63, true},
	    {UINT32_MAX - 64, false},
	};
	struct replay replay;

	assert_true(replay_open(&replay, 64, false));
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (passes(&replay, table[i].sequence) != table[i].passes)
			fail_msg("step %zu, sequence %u", i, table[i].sequence);
	replay_close(&replay);
}

static void
a_check_alone_changes_nothing(void **state)
{
	struct replay replay;
	uint64_t sequence;

	assert_true(replay_open(&replay, 64, false));
	for (int i = 0; i < 3; i++)
		assert_true(replay_check(&replay, 500, &sequence));
	assert_true(passes(&replay, 7));
	assert_false(passes(&replay, 7));
	replay_close(&replay);
}

static void
only_a_number_above_all_others_is_the_newest(void **state)
{
	struct replay replay;
	int64_t lost;

	assert_true(replay_open(&replay, 64, false));
	assert_true(replay_update(&replay, 10, &lost));
	assert_false(replay_update(&replay, 9, &lost));
	assert_true(replay_update(&replay, 11, &lost));
	replay_close(&replay);
}

static void
without_a_window_everything_but_zero_passes(void **state)
{
	struct replay replay;
	uint64_t sequence;
	int64_t lost;

	assert_true(replay_open(&replay, 0, false));
	assert_true(passes(&replay, 5));
	assert_true(passes(&replay, 5));
	assert_true(passes(&replay, 1));
	assert_false(replay_check(&replay, 0, &sequence));
	replay_close(&replay);
	assert_true(replay_open(&replay, 0, true));
	replay_update(&replay, UINT64_C(0x1fffffff0), &lost);
	assert_int_equal(lost, 0); /* what came late can't be told from a copy: nothing is counted */
	assert_true(replay_check(&replay, 5, &sequence));
	assert_true(sequence == UINT64_C(0x200000005));
	assert_true(replay_check(&replay, 0xffff0000, &sequence));
	assert_true(sequence == UINT64_C(0x1ffff0000));
	replay_close(&replay);
}

static void
extended_numbers_are_inferred_on_both_sides_of_a_wrap(void **state)
{
	/* RFC 4303 A2.2 */
	static const struct {
		uint64_t top;
		uint32_t low;
		uint64_t whole;
	} table[] = {
	    {0, 1, 1},
	    {0, 0xfffffff0, 0xfffffff0},           /* no half before the first */
	    {0x100000000, 0xffffffff, 0xffffffff}, /* straddles: before */
	    {0x100000000, 1, 0x100000001},         /* straddles: after */
	    {0xffffffff, 0, 0x100000000},          /* wraps forward */
	    {0xfffffffe, 0xffffffff, 0xffffffff},
	    {0x200000000 + 63, 0xffffffff, 0x2ffffffff}, /* the window's foot is at the border: far ahead */
	    {0x200000000 + 62, 0xffffffff, 0x1ffffffff},
	    {0x2800000000, 0x80000000, 0x2880000000},
	};
	struct replay replay;

	assert_true(replay_open(&replay, 64, true));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint64_t whole;

		replay.top = table[i].top;
		assert_true(replay_check(&replay, table[i].low, &whole));
		if (whole != table[i].whole)
			fail_msg("row %zu: %llx", i, (unsigned long long)whole);
	}
	replay_close(&replay);
}

static void
a_skipped_number_is_lost_until_it_comes_late(void **state)
{
	static const struct {
		uint32_t sequence;
		bool passes;
		uint64_t lost; /* after it */
	} table[] = {
	    {2, true, 1}, /* a sender begins with 1 */
	    {1, true, 0},     {1, false, 0},    {3, true, 0},     {7, true, 3},
	    {5, true, 2},     {5, false, 2},    {200, true, 194}, /* beyond the window at once */
	    {6, false, 194}, /* too late: it was dropped, and stays lost */
	    {199, true, 193}, {198, true, 192}, {201, true, 192},
	};
	struct replay replay;
	uint64_t whole, sum = 0;
	int64_t lost;

	assert_true(replay_open(&replay, 64, false));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		bool passed = replay_check(&replay, table[i].sequence, &whole);

		assert_int_equal(passed, table[i].passes);
		if (passed) {
			replay_update(&replay, whole, &lost);
			sum += (uint64_t)lost;
		}
		if (sum != table[i].lost)
			fail_msg("step %zu: %llu lost", i, (unsigned long long)sum);
	}
	replay_close(&replay);
}

/* --- against a model that remembers everything ------------------------------------------------- */

#define SPAN (1u << 20)

static uint64_t random_state = 1;

static uint32_t
next_random(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(random_state >> 32);
}

/* A walk that starts at `base`, with steps forward, back, repeats and jumps. */
static void
compare_with_model(uint32_t window, bool extended, uint64_t base)
{
	uint8_t *seen = memory_zeroed(SPAN, 1);
	struct replay replay;
	uint64_t top;
	int64_t lost, missing = 0;

	assert_true(replay_open(&replay, window, extended));
	replay_update(&replay, base, &lost);
	assert_int_equal(lost, base - 1);
	top = base;
	seen[0] = 1;
	for (int step = 0; step < 60000; step++) {
		uint32_t choice = next_random() % 100;
		uint64_t whole;
		uint64_t sequence = choice < 40   ? top + 1 + next_random() % 4
				    : choice < 97 ? top - next_random() % (window + 70)
						  : top + next_random() % (2 * window + 200);
		bool want;

		if (sequence < base || sequence == 0)
			continue;
		if (sequence - base >= SPAN || (!extended && sequence > UINT32_MAX))
			break;
		want = sequence > top || (top - sequence < window && seen[sequence - base] == 0);
		/* extended: what is below the window reads as a number far ahead, which fails to authenticate
		 */
		if (extended && sequence <= top && top - sequence >= window)
			continue;
		if (replay_check(&replay, (uint32_t)sequence, &whole) != want)
			fail_msg("window %u step %d: %llx, top %llx", window, step,
				 (unsigned long long)sequence, (unsigned long long)top);
		if (want) {
			replay_update(&replay, whole, &lost);
			missing += lost;
			seen[sequence - base] = 1;
			top = sequence > top ? sequence : top;
		}
		assert_true(replay.top == top);
	}
	for (uint64_t sequence = base; sequence <= top; sequence++)
		missing -= seen[sequence - base] == 0;
	assert_int_equal(missing, 0);
	replay_close(&replay);
	free(seen);
}

static void
random_walks_agree_with_a_model_that_remembers_everything(void **state)
{
	static const uint32_t windows[] = {1, 2, 32, 63, 64, 65, 100, 128, 1000, 1024, 4096, 5000, 65536};

	for (size_t i = 0; i < COUNT_OF(windows); i++) {
		compare_with_model(windows[i], false, 1);
		compare_with_model(windows[i], false, UINT32_MAX - 70000);
		compare_with_model(windows[i], true, 1);
		/* across the wrap of the lower half, at the first and a later one */
		compare_with_model(windows[i], true, UINT64_C(0xffffffff) - 30000);
		compare_with_model(windows[i], true, UINT64_C(0x7fffffffffff) - 30000);
	}
}

TEST_MAIN(cmocka_unit_test(each_number_of_the_window_passes_once),
	  cmocka_unit_test(a_check_alone_changes_nothing),
	  cmocka_unit_test(only_a_number_above_all_others_is_the_newest),
	  cmocka_unit_test(without_a_window_everything_but_zero_passes),
	  cmocka_unit_test(a_skipped_number_is_lost_until_it_comes_late),
	  cmocka_unit_test(extended_numbers_are_inferred_on_both_sides_of_a_wrap),
	  cmocka_unit_test(random_walks_agree_with_a_model_that_remembers_everything))
