// SPDX-License-Identifier: GPL-2.0-or-later
#include <malloc.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

static void
cleans_control_bytes_and_bad_utf8(void **state)
{
	char out[64];

	assert_string_equal(text_clean(out, sizeof(out), "a\x1b[31mb\x7f"), "a?[31mb?");
	assert_string_equal(text_clean(out, sizeof(out), "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
	assert_string_equal(text_clean(out, sizeof(out), "\xc0\x80\xed\xa0\x80"), "?????");
	assert_string_equal(text_clean(out, sizeof(out), "\xc2\x9b"), "?");
	assert_string_equal(text_clean(out, sizeof(out),
				       "a\xe2\x80\xae"
				       "b\xe2\x81\xa6"
				       "c\xd8\x9c"),
			    "a?b?c?");
	assert_string_equal(text_clean(out, sizeof(out), "\xe2\x80\xa6\xe2\x80\x93"),
			    "\xe2\x80\xa6\xe2\x80\x93");
	assert_string_equal(text_clean(out, 3, "a\xc3\xbc"), "a");
}

static void
finds_the_nearest_name(void **state)
{
	static const char *const names[] = {"peer_asn", "routing", "protect", "tunnels", NULL};
	char endless[400] = "";

	assert_string_equal(text_nearest("peer_as", names), "peer_asn");
	assert_string_equal(text_nearest("tunels", names), "tunnels");
	assert_string_equal(text_nearest("rotuing", names), "routing");
	assert_null(text_nearest("zzzzzzzz", names));
	memset(endless, 'z', sizeof(endless) - 1);
	assert_null(text_nearest(endless, names));
}

static void
reads_durations_with_their_unit(void **state)
{
	uint64_t ms;

	assert_true(text_parse_duration("50ms", &ms) && ms == 50);
	assert_true(text_parse_duration("10s", &ms) && ms == 10000);
	assert_true(text_parse_duration("8h", &ms) && ms == 28800000);
	assert_false(text_parse_duration("10", &ms));
	assert_false(text_parse_duration("s", &ms));
	assert_false(text_parse_duration("-1s", &ms));
	assert_false(text_parse_duration("99999999999999d", &ms));
	assert_false(text_parse_duration("999999999999999d", &ms));
	assert_false(text_parse_duration("10 s", &ms));
}

static void
writes_and_reads_rfc3339(void **state)
{
	char text[CLOCK_TEXT];
	usec_t got;

	assert_string_equal(clock_format(1764000000123456, text), "2025-11-24T16:00:00.123Z");
	assert_true(clock_parse(text, &got));
	assert_int_equal(got, 1764000000123000);
	assert_false(clock_parse("2025-11-24 16:00:00", &got));
	assert_false(clock_parse("2025-11-24T16:00:00.1+01:00", &got));
}

static void
expect_escaped(const char *text, size_t length, const char *wanted)
{
	size_t back = 0;
	char *escaped = text_escape(text, length), *again;

	assert_non_null(escaped);
	assert_string_equal(escaped, wanted);
	again = text_unescape(escaped, &back);
	assert_int_equal(back, length);
	assert_memory_equal(again, text, length + 1);
	free(escaped);
	free(again);
}

static void
a_text_comes_back_from_its_escaped_one(void **state)
{
	size_t length;

	(void)state;
	expect_escaped("", 0, "");
	expect_escaped("a: b\r\n\tc \\n d", 13, "a: b\\r\\n\\tc \\\\n d");
	expect_escaped("\xef\xbb\xbfn\xc3\xa4he\xc2\x85", 10, "\xef\xbb\xbfn\xc3\xa4he\\N");
	assert_null(text_escape("a\x1b[2J", 5)); /* nothing that a terminal would obey */
	assert_null(text_escape("caf\xe9", 4));
	assert_null(text_escape("a\0b", 3));
	assert_null(text_unescape("a\\e[2J", &length));
	assert_null(text_unescape("a\\", &length));
}

static void
the_first_byte_that_is_no_text_is_found(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_until("n\xc3\xa4he", 5), 5);
	assert_int_equal(text_utf8_until("caf\xe9 x", 6), 3);
	assert_int_equal(text_utf8_until("a\xc3", 2), 1);
}

/* A sanitizer's allocator keeps nothing aside either. */
static void
freed_memory_is_joined_at_once(void **state)
{
	void *pieces[100];

	(void)state;
	memory_join_at_once();
	for (unsigned i = 0; i < COUNT_OF(pieces); i++)
		pieces[i] = memory_zeroed(1, 100);
	for (unsigned i = 0; i < COUNT_OF(pieces); i++)
		free(pieces[i]);
	assert_int_equal(mallinfo2().fsmblks, 0);
}

TEST_MAIN(cmocka_unit_test(freed_memory_is_joined_at_once),
	  cmocka_unit_test(a_text_comes_back_from_its_escaped_one),
	  cmocka_unit_test(the_first_byte_that_is_no_text_is_found),
	  cmocka_unit_test(cleans_control_bytes_and_bad_utf8), cmocka_unit_test(finds_the_nearest_name),
	  cmocka_unit_test(reads_durations_with_their_unit), cmocka_unit_test(writes_and_reads_rfc3339))
