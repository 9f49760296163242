// SPDX-License-Identifier: GPL-2.0-or-later
/* What must hold whatever the input is. Where it doesn't, the fuzzer keeps the input. */
#ifndef TWINSPAN_TESTS_FUZZ_REQUIRE_H
#define TWINSPAN_TESTS_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "does not hold: %s\n", #condition); \
			abort(); \
		} \
	} while (0)

#endif
