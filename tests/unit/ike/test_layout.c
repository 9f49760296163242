// SPDX-License-Identifier: GPL-2.0-or-later
/* The libraries that the tests run with fit; charon starts, stops and starts again in one process. */
#include "tests/unit/test.h"

#include <sched.h>
#include <unistd.h>

#include "core/ike/ike.h"
#include "tests/unit/ike/plane.h"

static void
installed_libraries_fit(void **state)
{
	struct error err = {0};

	assert_true(ike_check_layout(&err));
	assert_string_equal(err.text, "");
}

static void
ignore_event(void *context, const struct ike_event *event)
{
}

static void
charon_starts_and_stops_twice_without_a_word(void **state)
{
	struct ike_options options = {.ops = &test_plane_ops, .event = ignore_event, .log_level = 2};
	struct ike *ike, *second;
	struct error err = {0};
	uv_loop_t loop;

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0) {
		print_message("needs root: it binds UDP 500 in a network namespace\n");
		skip();
	}
	options.plane = test_plane_open(&err);
	assert_non_null(options.plane);
	uv_loop_init(&loop);
	for (int cycle = 0; cycle < 2; cycle++) {
		ike = ike_open(&loop, &options, &err);
		assert_string_equal(err.text, "");
		assert_non_null(ike);
		second = ike_open(&loop, &options, &err);
		assert_null(second);
		assert_non_null(strstr(err.text, "runs already"));
		err.text[0] = '\0';
		ike_close(ike);
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	assert_int_equal(uv_loop_close(&loop), 0);
	test_plane_close(options.plane);
}

static void
calls_of_the_plane_without_charon_are_dropped(void **state)
{
	struct ip_address from = ip_address_v4(0x0a000001), to = ip_address_v4(0x0a000002);

	ike_plane_message(NULL, &from, 500, &to, 500, (const uint8_t *)"message", 7);
	ike_plane_sa_limit(NULL, 0x1234, &to, true);
	ike_plane_source_moved(NULL, 0x1234, &from, 4500);
	ike_close(NULL);
}

TEST_MAIN(cmocka_unit_test(installed_libraries_fit),
	  cmocka_unit_test(calls_of_the_plane_without_charon_are_dropped),
	  cmocka_unit_test(charon_starts_and_stops_twice_without_a_word))
