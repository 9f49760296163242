// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets that are made, and what is wrong with those that are typed. */
#include "core/base/secret.h"

#include <string.h>

#include "tests/unit/test.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

static void
each_is_new_and_what_aws_takes(void **state)
{
	char last[SECRET_MADE + 1] = "", text[SECRET_MADE + 1];
	bool seen[256] = {false};
	unsigned letters = 0;

	for (int i = 0; i < 1000; i++) {
		assert_true(secret_make(text));
		assert_int_equal(strlen(text), SECRET_MADE);
		assert_int_equal(strspn(text, LETTERS), SECRET_MADE);
		assert_true(text[0] != '0');
		assert_string_not_equal(text, last);
		assert_null(secret_trouble(text));
		for (const char *c = text; *c != '\0'; c++)
			seen[(unsigned char)*c] = true;
		memcpy(last, text, sizeof(last));
	}
	for (int c = 0; c < 256; c++)
		letters += seen[c];
	assert_int_equal(letters, 64);
}

static void
what_is_typed_may_be_too_short_or_have_blanks_at_its_ends(void **state)
{
	assert_non_null(strstr(secret_trouble("seven.7"), "8 characters"));
	assert_non_null(strstr(secret_trouble(""), "8 characters"));
	assert_null(secret_trouble("eight.88"));
	assert_null(secret_trouble("in the middle"));
	assert_non_null(strstr(secret_trouble(" at the begin"), "blank"));
	assert_non_null(strstr(secret_trouble("at the end "), "blank"));
}

TEST_MAIN(cmocka_unit_test(each_is_new_and_what_aws_takes),
	  cmocka_unit_test(what_is_typed_may_be_too_short_or_have_blanks_at_its_ends))
