// SPDX-License-Identifier: GPL-2.0-or-later
/* The control packet: RFC 5880 4.1 and the checks of 6.8.6 that need no session. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/bfd/bfd_internal.h"

/* Version 1, diagnostic 1, Up, poll, multiplier 3, length 24, discriminators 1 and 2, 50 ms both ways. */
static const uint8_t good[BFD_PACKET_SIZE] = {0x21, 0xe0, 3,    24,   0, 0, 0,    1,    0, 0, 0, 2,
					      0,    0,    0xc3, 0x50, 0, 0, 0xc3, 0x50, 0, 0, 0, 0};

static const char *
read_changed(size_t offset, uint8_t value, size_t length)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct bfd_packet packet;
	struct reader r = reader_over(bytes, length);

	memcpy(bytes, good, sizeof(bytes));
	if (offset < sizeof(bytes))
		bytes[offset] = value;
	return bfd_packet_read(&r, &packet);
}

static void
a_good_packet_is_read(void **state)
{
	struct bfd_packet packet;
	struct reader r = reader_over(good, sizeof(good));

	assert_null(bfd_packet_read(&r, &packet));
	assert_int_equal(packet.state, BFD_UP);
	assert_int_equal(packet.diagnostic, 1);
	assert_true(packet.poll);
	assert_false(packet.final);
	assert_int_equal(packet.multiplier, 3);
	assert_int_equal(packet.my_discriminator, 1);
	assert_int_equal(packet.your_discriminator, 2);
	assert_int_equal(packet.desired_min_tx, 50000);
	assert_int_equal(packet.required_min_rx, 50000);
	assert_int_equal(packet.required_min_echo_rx, 0);
}

static void
what_is_written_is_read_again(void **state)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct writer w = writer_over(bytes, sizeof(bytes));
	struct bfd_packet packet;
	struct reader r = reader_over(good, sizeof(good));

	assert_null(bfd_packet_read(&r, &packet));
	bfd_packet_write(&w, &packet);
	assert_false(w.failed);
	assert_memory_equal(bytes, good, sizeof(good));
}

static void
bad_packets_are_discarded(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
		size_t length;
		const char *why;
	} cases[] = {
	    {0, 0x01, 24, "of another version"},
	    {0, 0x41, 24, "of another version"},
	    {3, 23, 24, "its length is less than that of a control packet"},
	    {3, 25, 24, "its length is more than what came"},
	    {2, 0, 24, "its multiplier is zero"},
	    {1, 0xc1, 24, "multipoint is set"},
	    {7, 0, 24, "its discriminator is zero"},
	    {11, 0, 24, "it names no session and is not Down"},
	    {1, 0xc4, 24, "it is authenticated, which no session here is"},
	    {99, 0, 23, "shorter than a control packet"},
	    {99, 0, 0, "shorter than a control packet"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *why = read_changed(cases[i].offset, cases[i].value, cases[i].length);

		assert_non_null(why);
		assert_string_equal(why, cases[i].why);
	}
}

static void
a_longer_datagram_than_the_packet_is_fine(void **state)
{
	uint8_t bytes[60] = {0};
	struct bfd_packet packet;
	struct reader r = reader_over(bytes, sizeof(bytes));

	memcpy(bytes, good, sizeof(good));
	assert_null(bfd_packet_read(&r, &packet));
}

static void
a_first_packet_may_name_no_session_when_down(void **state)
{
	uint8_t bytes[BFD_PACKET_SIZE];
	struct bfd_packet packet;
	struct reader r = reader_over(bytes, sizeof(bytes));

	memcpy(bytes, good, sizeof(bytes));
	bytes[1] = 0x40;
	bytes[11] = 0;
	assert_null(bfd_packet_read(&r, &packet));
	assert_int_equal(packet.state, BFD_DOWN);
}

TEST_MAIN(cmocka_unit_test(a_good_packet_is_read), cmocka_unit_test(what_is_written_is_read_again),
	  cmocka_unit_test(bad_packets_are_discarded),
	  cmocka_unit_test(a_longer_datagram_than_the_packet_is_fine),
	  cmocka_unit_test(a_first_packet_may_name_no_session_when_down))
