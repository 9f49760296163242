// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/bgp/bgp.h"
#include "core/bgp/wire_internal.h"
#include "tests/unit/test.h"

#define MARK "ffffffffffffffffffffffffffffffff"

/* Bytes of hexadecimal text. */
static size_t
hex(const char *text, uint8_t *out)
{
	size_t count = 0;
	unsigned value;

	for (; sscanf(text, "%2x", &value) == 1; text += 2)
		out[count++] = (uint8_t)value;
	return count;
}

static void
frames_are_checked_as_rfc_4271_6_1_says(void **state)
{
	static const struct {
		const char *bytes;
		enum bgp_framing want;
		uint8_t subcode;
		const char *data;
	} cases[] = {
	    {MARK "001304", BGP_FRAME_DONE, 0, ""},
	    {MARK "0013", BGP_FRAME_NEEDS_MORE, 0, ""},
	    {MARK "001702000000", BGP_FRAME_NEEDS_MORE, 0, ""},
	    {MARK "00170200000000", BGP_FRAME_DONE, 0, ""},
	    {"ffffffffffffffffffffffffffffff00001304", BGP_FRAME_ERROR, HEADER_NOT_SYNCHRONIZED, ""},
	    {MARK "001204", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0012"},
	    {MARK "100102", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "1001"},
	    {MARK "00140400", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0014"}, /* a KEEPALIVE of 20 octets */
	    {MARK "001601", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0016"},
	    {MARK "001c01", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "001c"},
	    {MARK "001602", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0016"},
	    {MARK "001403", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0014"},
	    {MARK "001605", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0016"},
	    {MARK "001805", BGP_FRAME_ERROR, HEADER_BAD_LENGTH, "0018"},
	    {MARK "001300", BGP_FRAME_ERROR, HEADER_BAD_TYPE, "00"},
	    {MARK "001306", BGP_FRAME_ERROR, HEADER_BAD_TYPE, "06"},
	    {MARK "0013ff", BGP_FRAME_ERROR, HEADER_BAD_TYPE, "ff"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t bytes[64], data[8];
		struct reader stream = reader_over(bytes, hex(cases[i].bytes, bytes));
		size_t length = hex(cases[i].data, data);
		struct bgp_message message;
		struct bgp_error error;

		print_message("case %s\n", cases[i].bytes + 32);
		assert_int_equal(bgp_message_next(&stream, &message, &error), cases[i].want);
		if (cases[i].want == BGP_FRAME_DONE)
			assert_int_equal(reader_left(&stream), 0);
		if (cases[i].want != BGP_FRAME_ERROR)
			continue;
		assert_int_equal(error.code, BGP_ERROR_HEADER);
		assert_int_equal(error.subcode, cases[i].subcode);
		assert_int_equal(error.data_length, length);
		assert_memory_equal(error.data, data, length);
	}
}

static void
an_open_comes_back_as_it_was_written(void **state)
{
	const struct bgp_open open = {.asn = 4200000001u,
				      .hold_s = 30,
				      .identifier = 0xc0000201,
				      .capabilities =
					  CAPABILITY_IPV4 | CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET};
	uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof(bytes));
	struct bgp_message message;
	struct bgp_error error;
	struct bgp_open got;
	struct reader stream;

	bgp_open_write(&w, &open);
	assert_int_equal(bytes[20] << 8 | bytes[21], BGP_AS_TRANS);
	stream = reader_over(bytes, writer_length(&w));
	assert_int_equal(bgp_message_next(&stream, &message, &error), BGP_FRAME_DONE);
	assert_int_equal(message.type, BGP_OPEN);
	assert_true(bgp_open_read(message.body, &got, &error));
	assert_int_equal(got.asn, open.asn);
	assert_int_equal(got.hold_s, 30);
	assert_int_equal(got.identifier, open.identifier);
	assert_int_equal(got.capabilities, open.capabilities | CAPABILITY_MULTIPROTOCOL);
}

static void
malformed_opens_get_the_error_of_their_fault(void **state)
{
	static const struct {
		const char *body;
		int subcode; /* -1: it is fine */
		const char *data;
	} cases[] = {
	    {"04fde9001ec000020100", -1, ""},
	    {"03fde9001ec000020100", OPEN_BAD_VERSION, "0004"},
	    {"05fde9001ec000020100", OPEN_BAD_VERSION, "0004"},
	    {"04fde9001ec000020101", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec00002010000", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec0000201020200", -1, ""}, /* an empty capabilities parameter */
	    {"04fde9001ec0000201020201", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec00002010401020000", OPEN_BAD_PARAMETER, ""},
	    {"04fde9001ec000020104020202ff", OPEN_UNSPECIFIC, ""}, /* a capability beyond its parameter */
	    {"04fde9001ec00002010402024100", OPEN_UNSPECIFIC, ""}, /* four-octet AS without a number */
	    {"04fde9001ec0000201040202c800", -1, ""},              /* an unknown one is ignored */
	    {"04fde9001ec0000201080206410400010000", -1, ""},
	    {"04fde9001ec0000201ffff000b02000841040001000102", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec0000201ffff0009020006410400010001", -1, ""}, /* RFC 9072 */
	    {"04fde9001ec0000201ffff0008020006410400010001", OPEN_UNSPECIFIC, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t bytes[64], data[8];
		struct reader body = reader_over(bytes, hex(cases[i].body, bytes));
		size_t length = hex(cases[i].data, data);
		struct bgp_error error = {0};
		struct bgp_open open;
		bool ok = bgp_open_read(body, &open, &error);

		print_message("case %s\n", cases[i].body);
		assert_int_equal(ok, cases[i].subcode < 0);
		if (ok)
			continue;
		assert_int_equal(error.code, BGP_ERROR_OPEN);
		assert_int_equal(error.subcode, cases[i].subcode);
		assert_int_equal(error.data_length, length);
		assert_memory_equal(error.data, data, length);
	}
}

static void
a_prefix_with_host_bits_or_too_long_is_handled(void **state)
{
	static const uint8_t host_bits[] = {12, 10, 0xff}, long_one[] = {33, 1, 2, 3, 4, 5},
			     cut[] = {24, 10, 0};
	struct reader r = reader_over(host_bits, sizeof(host_bits));
	uint8_t address[16], length;

	assert_true(bgp_prefix_read(&r, 32, address, &length));
	assert_int_equal(length, 12);
	assert_int_equal(address[1], 0xf0);
	r = reader_over(long_one, sizeof(long_one));
	assert_false(bgp_prefix_read(&r, 32, address, &length));
	r = reader_over(cut, sizeof(cut));
	assert_false(bgp_prefix_read(&r, 32, address, &length));
}

static void
notifications_are_told_in_words(void **state)
{
	static const uint8_t shutdown[] = "\x0dupgrade \x1b[1m!?", limit[] = {0, 1, 1, 0, 0, 0, 100};
	static const uint8_t too_long[] = {200, 'a', 'b'};
	char text[256];

	assert_string_equal(bgp_notification_text(2, 2, NULL, 0, text, sizeof(text)),
			    "OPEN Message Error: Bad Peer AS");
	assert_string_equal(bgp_notification_text(4, 0, NULL, 0, text, sizeof(text)), "Hold Timer Expired");
	assert_string_equal(bgp_notification_text(99, 7, NULL, 0, text, sizeof(text)), "error 99/7");
	assert_string_equal(bgp_notification_text(6, 99, NULL, 0, text, sizeof(text)), "Cease (subcode 99)");
	assert_string_equal(bgp_notification_text(6, 2, shutdown, 14, text, sizeof(text)),
			    "Cease: Administrative Shutdown \"upgrade ?[1m!\"");
	assert_string_equal(bgp_notification_text(6, 2, too_long, sizeof(too_long), text, sizeof(text)),
			    "Cease: Administrative Shutdown");
	assert_string_equal(bgp_notification_text(6, 1, limit, sizeof(limit), text, sizeof(text)),
			    "Cease: Maximum Number of Prefixes Reached (limit 100)");
}

static void
a_shutdown_message_fits_and_ends_at_a_character(void **state)
{
	struct bgp_error error = {0};
	char message[600] = "";

	for (int i = 0; i < 200; i++)
		strcat(message, "\xc3\xa9");
	bgp_shutdown_message(&error, message);
	assert_int_equal(error.data[0], 254);
	assert_int_equal(error.data_length, 255);
	bgp_shutdown_message(&error, NULL);
	assert_int_equal(error.data_length, 0);
}

TEST_MAIN(cmocka_unit_test(frames_are_checked_as_rfc_4271_6_1_says),
	  cmocka_unit_test(an_open_comes_back_as_it_was_written),
	  cmocka_unit_test(malformed_opens_get_the_error_of_their_fault),
	  cmocka_unit_test(a_prefix_with_host_bits_or_too_long_is_handled),
	  cmocka_unit_test(notifications_are_told_in_words),
	  cmocka_unit_test(a_shutdown_message_fits_and_ends_at_a_character))
