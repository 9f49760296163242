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
				      .capabilities = CAPABILITY_IPV4 | CAPABILITY_IPV6 |
						      CAPABILITY_EXTENDED_NEXT_HOP | CAPABILITY_REFRESH |
						      CAPABILITY_FOUR_OCTET};
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

static struct bgp_open
open_of(const char *body)
{
	uint8_t bytes[300];
	struct bgp_error error;
	struct bgp_open open;

	assert_true(bgp_open_read(reader_over(bytes, hex(body, bytes)), &open, &error));
	return open;
}

static void
all_capabilities_come_back_as_they_were_written(void **state)
{
	const struct bgp_open open = {
	    .asn = 65001,
	    .hold_s = 65535,
	    .identifier = 1,
	    .capabilities = CAPABILITY_IPV4 | CAPABILITY_IPV6 | CAPABILITY_MULTIPROTOCOL |
			    CAPABILITY_REFRESH | CAPABILITY_FOUR_OCTET | CAPABILITY_ENHANCED_REFRESH |
			    CAPABILITY_RESTART | CAPABILITY_EXTENDED_MESSAGE | CAPABILITY_ROLE,
	    .role = 3,
	    .restart = {.time_s = 4095,
			.restarting = true,
			.notification = true,
			.families = CAPABILITY_IPV4 | CAPABILITY_IPV6,
			.forwarding = CAPABILITY_IPV6},
	};
	uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof(bytes));
	struct reader stream;
	struct bgp_message message;
	struct bgp_error error;
	struct bgp_open got;

	bgp_open_write(&w, &open);
	stream = reader_over(bytes, writer_length(&w));
	assert_int_equal(bgp_message_next(&stream, &message, &error), BGP_FRAME_DONE);
	assert_true(bgp_open_read(message.body, &got, &error));
	assert_int_equal(got.capabilities, open.capabilities);
	assert_int_equal(got.hold_s, open.hold_s);
	assert_int_equal(got.role, open.role);
	assert_int_equal(got.restart.time_s, open.restart.time_s);
	assert_true(got.restart.restarting && got.restart.notification);
	assert_int_equal(got.restart.families, open.restart.families);
	assert_int_equal(got.restart.forwarding, open.restart.forwarding);
}

static void
capabilities_said_twice_or_beyond_what_is_known_are_taken_as_rfc_5492_says(void **state)
{
	struct bgp_open open;

	/* The same multiprotocol capability twice; AFI 25; capability 71 of seven octets. */
	open = open_of("04fde9001ec0000201170215010400010001"
		       "0104000100010104001900014701ff");
	assert_int_equal(open.capabilities, CAPABILITY_IPV4 | CAPABILITY_MULTIPROTOCOL);
	/* In two parameters. */
	open = open_of("04fde9001ec0000201080202020002024600");
	assert_int_equal(open.capabilities, CAPABILITY_REFRESH | CAPABILITY_ENHANCED_REFRESH);
	/* RFC 4724, 3: the last of two counts. */
	open = open_of("04fde9001ec00002010e020c400600780001018040024005");
	assert_int_equal(open.restart.time_s, 5);
	assert_int_equal(open.restart.families, 0);
	assert_true(open.restart.notification);
	/* The same role twice is one. */
	open = open_of("04fde9001ec000020108020609010309010"
		       "3");
	assert_int_equal(open.role, 3);
}

static void
more_capabilities_than_the_short_form_holds_go_into_the_long_one(void **state)
{
	static const size_t lengths[] = {0, 252, 256, 1000};
	uint8_t capabilities[1000], bytes[1100];

	for (size_t i = 0; i < sizeof(capabilities); i += 4) /* each of two octets, unknown here */
		memcpy(capabilities + i, "\xc8\x02\x00", 4);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct writer w = writer_over(bytes, sizeof(bytes));
		size_t around = lengths[i] == 0 ? 1 : lengths[i] <= 253 ? 3 : 7;
		struct bgp_error error;
		struct bgp_open open;

		writer_bytes(&w, "\x04\xfd\xe9\x00\x1e\xc0\x00\x02\x01", 9);
		bgp_capabilities_write(&w, capabilities, lengths[i]);
		assert_false(w.failed);
		assert_int_equal(writer_length(&w), 9 + lengths[i] + around);
		assert_true(bgp_open_read(reader_over(bytes, writer_length(&w)), &open, &error));
	}
}

static void
the_largest_message_and_the_marks_of_refresh_are_as_negotiated(void **state)
{
	static const struct {
		const char *head;
		uint16_t most;
		bool enhanced;
		enum bgp_framing want;
		uint8_t code, subcode;
	} cases[] = {
	    {MARK "100102", BGP_MESSAGE_EXTENDED, false, BGP_FRAME_NEEDS_MORE, 0, 0},
	    {MARK "ffff02", BGP_MESSAGE_EXTENDED, false, BGP_FRAME_NEEDS_MORE, 0, 0},
	    {MARK "ffff03", BGP_MESSAGE_EXTENDED, false, BGP_FRAME_NEEDS_MORE, 0, 0},
	    /* RFC 8654, 4: all but OPEN and KEEPALIVE. */
	    {MARK "100101", BGP_MESSAGE_EXTENDED, false, BGP_FRAME_ERROR, 1, 2},
	    {MARK "100104", BGP_MESSAGE_EXTENDED, false, BGP_FRAME_ERROR, 1, 2},
	    {MARK "0018050001010100", BGP_MESSAGE_MOST, false, BGP_FRAME_ERROR, 1, 2},
	    {MARK "00180500010101", BGP_MESSAGE_MOST, true, BGP_FRAME_NEEDS_MORE, 0, 0},
	    {MARK "001805000101010000", BGP_MESSAGE_MOST, true, BGP_FRAME_ERROR, 7, 1},
	    {MARK "001605000102", BGP_MESSAGE_MOST, true, BGP_FRAME_ERROR, 7, 1},
	    {MARK "001805000100010000", BGP_MESSAGE_MOST, true, BGP_FRAME_ERROR, 1, 2},
	    {MARK "0013050001", BGP_MESSAGE_MOST, true, BGP_FRAME_ERROR, 1, 2},
	    /* RFC 7313, 5: of other subtypes nothing is known, their lengths neither. */
	    {MARK "001805000103010000", BGP_MESSAGE_MOST, true, BGP_FRAME_DONE, 0, 0},
	    {MARK "0016050001ff", BGP_MESSAGE_MOST, true, BGP_FRAME_DONE, 0, 0},
	    {MARK "00180500010301", BGP_MESSAGE_MOST, true, BGP_FRAME_NEEDS_MORE, 0, 0},
	    {MARK "100105000103010000", BGP_MESSAGE_EXTENDED, true, BGP_FRAME_ERROR, 1, 2},
	    {MARK "001805000103010000", BGP_MESSAGE_MOST, false, BGP_FRAME_ERROR, 1, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bgp_framing_rules rules = {cases[i].most, cases[i].enhanced};
		struct bgp_message message;
		struct bgp_error error;
		uint8_t bytes[64];
		size_t length = hex(cases[i].head, bytes);
		struct reader stream = reader_over(bytes, length);

		print_message("case %s\n", cases[i].head + 32);
		assert_int_equal(bgp_message_take(&stream, &rules, &message, &error), cases[i].want);
		if (cases[i].want != BGP_FRAME_ERROR)
			continue;
		assert_int_equal(error.code, cases[i].code);
		assert_int_equal(error.subcode, cases[i].subcode);
		if (error.code == 7) /* it quotes the whole message */
			assert_memory_equal(error.data, bytes, error.data_length);
		if (error.code == 7)
			assert_int_equal(error.data_length, bytes[16] << 8 | bytes[17]);
	}
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
	    {"04fde9001ec00002010a02080506000100010002", -1, ""},  /* extended next hop */
	    {"04fde9001ec000020109020705050001000100", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec0000201080206410400010000", -1, ""},
	    {"04fde9001ec0000201ffff000b02000841040001000102", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec0000201ffff0009020006410400010001", -1, ""}, /* RFC 9072 */
	    {"04fde9001ec0000201ffff0008020006410400010001", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec0000201010000", OPEN_UNSPECIFIC, ""},
	    {"04fde9001ec000020108020609010309010"
	     "4",
	     OPEN_ROLE_MISMATCH, ""}, /* two roles */
	    {"04fde9001ec0000201040202"
	     "0900",
	     OPEN_UNSPECIFIC, ""}, /* a role without one */
	    {"04fde9001ec0000201050203"
	     "400100",
	     OPEN_UNSPECIFIC, ""}, /* a restart of one octet */
	    {"04fde9001ec0000201070205"
	     "4003007800",
	     OPEN_UNSPECIFIC, ""}, /* ... of three */
	    {"04fde9001ec0000201050203"
	     "020100",
	     OPEN_UNSPECIFIC, ""}, /* a refresh of one octet */
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
	  cmocka_unit_test(all_capabilities_come_back_as_they_were_written),
	  cmocka_unit_test(capabilities_said_twice_or_beyond_what_is_known_are_taken_as_rfc_5492_says),
	  cmocka_unit_test(more_capabilities_than_the_short_form_holds_go_into_the_long_one),
	  cmocka_unit_test(the_largest_message_and_the_marks_of_refresh_are_as_negotiated),
	  cmocka_unit_test(malformed_opens_get_the_error_of_their_fault),
	  cmocka_unit_test(a_prefix_with_host_bits_or_too_long_is_handled),
	  cmocka_unit_test(notifications_are_told_in_words),
	  cmocka_unit_test(a_shutdown_message_fits_and_ends_at_a_character))
