// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/buffer.h"
#include "tests/unit/test.h"

static void
a_reader_never_goes_past_its_end(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct reader r = reader_over(bytes, sizeof(bytes)), inner;

	assert_int_equal(reader_u16(&r), 0x0102);
	inner = reader_sub(&r, 2);
	assert_int_equal(reader_u16(&inner), 0x0304);
	assert_int_equal(reader_u8(&inner), 0);
	assert_true(inner.failed);
	assert_false(r.failed);
	assert_int_equal(reader_u16(&r), 0);
	assert_true(r.failed);
	assert_int_equal(reader_left(&r), 0);
	assert_true(reader_sub(&r, 0).failed);
}

static void
a_writer_stops_at_its_end(void **state)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof(bytes));

	writer_u16(&w, 0);
	writer_u8(&w, 7);
	writer_patch_u16(&w, 0, 0x1234);
	assert_false(w.failed);
	writer_u16(&w, 1);
	assert_true(w.failed);
	assert_int_equal(writer_length(&w), 3);
	assert_int_equal(bytes[0], 0x12);
	assert_int_equal(bytes[2], 7);
}

static void
a_buffer_keeps_order_over_growth(void **state)
{
	struct buffer b = {0};
	uint32_t next = 0, want = 0;

	for (int round = 0; round < 2000; round++) {
		for (int i = 0; i < 7; i++, next++)
			assert_true(buffer_append(&b, &next, sizeof(next)));
		for (int i = 0; i < 5; i++, want++) {
			uint32_t got;

			memcpy(&got, buffer_head(&b), sizeof(got));
			assert_int_equal(got, want);
			buffer_consume(&b, sizeof(got));
		}
	}
	assert_int_equal(b.length, (next - want) * sizeof(next));
	buffer_free(&b);
}

static void
appending_nothing_to_an_empty_buffer_takes_no_memory(void **state)
{
	struct buffer b = {0};

	assert_true(buffer_append(&b, NULL, 0));
	assert_null(b.data);
	buffer_free(&b);
}

static void
cursors_over_nothing_are_at_their_end(void **state)
{
	struct reader r = reader_over(NULL, 0);
	struct writer w = writer_over(NULL, 0);

	assert_int_equal(reader_left(&r), 0);
	assert_int_equal(reader_u8(&r), 0);
	assert_true(r.failed);
	writer_u8(&w, 1);
	assert_true(w.failed);
}

TEST_MAIN(cmocka_unit_test(a_reader_never_goes_past_its_end), cmocka_unit_test(a_writer_stops_at_its_end),
	  cmocka_unit_test(a_buffer_keeps_order_over_growth),
	  cmocka_unit_test(appending_nothing_to_an_empty_buffer_takes_no_memory),
	  cmocka_unit_test(cursors_over_nothing_are_at_their_end))
