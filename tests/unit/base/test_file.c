// SPDX-License-Identifier: GPL-2.0-or-later
/* How many files may be open. */
#include "core/base/file.h"

#include <sys/resource.h>

#include "tests/unit/test.h"

static void
more_descriptors_are_taken_and_none_given_up(void **state)
{
	struct rlimit usual, limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	limit = (struct rlimit){64, usual.rlim_max < 4096 ? usual.rlim_max : 4096};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0); /* the hard limit is lost to this program */
	file_allow_many();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	file_allow_many();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

TEST_MAIN(cmocka_unit_test(more_descriptors_are_taken_and_none_given_up))
