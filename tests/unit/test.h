// SPDX-License-Identifier: GPL-2.0-or-later
/* What every unit test includes: cmocka with its prerequisites, printing TAP. */
#ifndef TWINSPAN_TESTS_UNIT_TEST_H
#define TWINSPAN_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** main() of a test program: runs the tests of an array and prints TAP. */
#define TEST_MAIN(...) \
	int main(void) \
	{ \
		const struct CMUnitTest tests[] = {__VA_ARGS__}; \
		cmocka_set_message_output(CM_OUTPUT_TAP); \
		return cmocka_run_group_tests(tests, NULL, NULL); \
	}

#endif
