// SPDX-License-Identifier: GPL-2.0-or-later
/* What the review of a change shows as changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"
#include "tui/configuration/configuration_internal.h"

static void
differs(const char *before, const char *after, const char *expected)
{
	struct diff diff;
	char text[2048] = "";
	size_t used = 0;

	diff_make(before, after, 1, &diff);
	for (size_t i = 0; i < diff.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%c%u%.*s ", diff.lines[i].mark,
					 diff.lines[i].number, (int)diff.lines[i].length, diff.lines[i].text);
	assert_string_equal(text, expected);
	diff_free(&diff);
}

static void
lines_are_told_with_what_stands_around_them(void **state)
{
	differs("a\nb\nc\nd\n", "a\nb\nc\nd\n", "");
	differs("", "a\nb\n", "+1a +2b ");
	differs("a\nb\n", "", "-1a -2b ");
	differs("a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", " 2b -3c +3X  4d ");
	differs("a\nb\nc\n", "a\nnew\nb\nc\n", " 1a +2new  3b ");
	differs("a\nb\nc\nd\ne\nf\ng\n", "X\nb\nc\nd\ne\nf\nY\n", "-1a +1X  2b @0  6f -7g +7Y ");
	differs("a\nb\nc\nd\n", "X\nb\nc\nY\n", "-1a +1X  2b  3c -4d +4Y ");
	differs("same\nlast", "same\nother", " 1same -2last +2other ");
}

static void
what_is_too_much_to_compare_is_all_changed(void **state)
{
	size_t size = 2000 * 8;
	char *before = memory_zeroed(size, 1), *after = memory_zeroed(size, 1);
	struct diff diff;

	for (unsigned i = 0; i < 1500; i++) {
		sprintf(before + strlen(before), "a%u\n", i);
		sprintf(after + strlen(after), "b%u\n", i);
	}
	diff_make(before, after, 3, &diff);
	assert_int_equal(diff.removed, 1500);
	assert_int_equal(diff.added, 1500);
	diff_free(&diff);
	free(before);
	free(after);
}

TEST_MAIN(cmocka_unit_test(lines_are_told_with_what_stands_around_them),
	  cmocka_unit_test(what_is_too_much_to_compare_is_all_changed))
