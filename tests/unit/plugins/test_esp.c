// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealing and opening with bytes alone: sequence numbers, and every way to be refused but by the suite itself
 * (test_suites.c). */
#include "tests/unit/plugins/esp_end.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

static void
reserved_sequence_numbers_never_repeat_and_stop_at_the_end(void **state)
{
	struct sa *plain = new_default(false), *extended = new_sa(false, 1, 20, KEY256, 0, NULL, true);
	uint64_t first;

	assert_int_equal(sa_reserve(plain, 64, &first), 64);
	assert_true(first == 1);
	assert_int_equal(sa_reserve(plain, 3, &first), 3);
	assert_true(first == 65);
	atomic_store(&plain->sequence, UINT32_MAX - 10);
	assert_int_equal(sa_reserve(plain, 64, &first), 10);
	assert_true(first == UINT32_MAX - 9);
	assert_int_equal(sa_reserve(plain, 64, &first), 0);
	assert_int_equal(sa_reserve(plain, 1, &first), 0);
	assert_true(atomic_load(&plain->sequence) == UINT32_MAX);
	atomic_store(&extended->sequence, UINT32_MAX);
	assert_int_equal(sa_reserve(extended, 2, &first), 2);
	assert_true(first == UINT64_C(0x100000000));
	atomic_store(&extended->sequence, sa_sequence_end(extended) - 1);
	assert_int_equal(sa_reserve(extended, 64, &first), 1);
	assert_int_equal(sa_reserve(extended, 64, &first), 0);
	sa_free(plain);
	sa_free(extended);
}

/* --- refusals ---------------------------------------------------------------------------------- */

static void
a_replayed_packet_is_refused(void **state)
{
	struct sa *out = new_default(false), *in = new_default(true);
	uint8_t first[ROOM], again[ROOM], later[ROOM], old[ROOM];
	size_t length = seal_100(out, first, 5);
	struct opened opened;

	memcpy(again, first, length);
	seal_100(out, later, 105);
	seal_100(out, old, 41);
	assert_int_equal(esp_open(in, first, length, &opened), DROP_NONE);
	assert_int_equal(esp_open(in, again, length, &opened), DROP_REPLAY);
	assert_int_equal(esp_open(in, later, length, &opened), DROP_NONE);
	assert_int_equal(esp_open(in, old, length, &opened), DROP_REPLAY);
	sa_free(out);
	sa_free(in);
}

static void
copies_and_bad_packets_of_one_batch_are_refused(void **state)
{
	struct sa *out = new_default(false), *in = new_default(true);
	static uint8_t room[6][ROOM];
	uint8_t *packets[6];
	size_t lengths[6];
	struct opened opened[6];
	static const uint64_t numbers[6] = {3, 3, 5, 4, 4, 6};
	static const enum drop wanted[6] = {DROP_NONE, DROP_REPLAY,         DROP_NONE,
					    DROP_NONE, DROP_AUTHENTICATION, DROP_MALFORMED};

	for (unsigned i = 0; i < 6; i++) {
		packets[i] = room[i];
		lengths[i] = seal_100(out, room[i], numbers[i]);
	}
	room[4][40] ^= 1;
	lengths[5]--;
	esp_open_batch(in, packets, lengths, 6, opened);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(opened[i].drop, wanted[i]);
	assert_int_equal(opened[0].lost, 2);
	assert_int_equal(opened[2].lost, 1);
	assert_int_equal(opened[3].lost, -1);
	assert_true(in->replay.top == 5);
	sa_free(out);
	sa_free(in);
}

static void
a_packet_of_another_key_is_refused(void **state)
{
	struct sa *out = new_default(false);
	struct sa *in = new_sa(true, 0x12345678, 20,
			       "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3", 0,
			       NULL, false);
	uint8_t packet[ROOM];
	size_t length = seal_100(out, packet, 5);
	struct opened opened;

	assert_int_equal(esp_open(in, packet, length, &opened), DROP_AUTHENTICATION);
	sa_free(out);
	sa_free(in);
}

static enum drop
open_fresh(const uint8_t *text, size_t length, struct opened *opened)
{
	struct sa *out = new_default(false), *in = new_default(true);
	enum drop drop = open_text(out, in, text, length, 1, opened);

	sa_free(out);
	sa_free(in);
	return drop;
}

static void
authentic_but_malformed_inner_packets_are_refused(void **state)
{
	static const struct {
		const char *what, *text;
		enum drop want;
	} table[] = {
	    {"good", INNER21 "010104", DROP_NONE},
	    {"good, padding whose bytes are random", INNER21 "ff0104", DROP_NONE},
	    {"dummy packet",
	     "0000000000000000"
	     "003b0002"
	     "0000003b",
	     DROP_SILENTLY},
	    {"padding longer than the packet", INNER21 "011704", DROP_MALFORMED},
	    {"padding is all there is",
	     "0102020a"
	     "0000ff04",
	     DROP_MALFORMED},
	    {"nothing but a trailer", "01020204", DROP_MALFORMED},
	    {"next header TCP", INNER21 "010106", DROP_MALFORMED},
	    {"IPv4 said to be IPv6", INNER21 "010129", DROP_MALFORMED},
	    {"version 5",
	     "550000150000000040fd00000a0000010a0000025a"
	     "010104",
	     DROP_MALFORMED},
	    {"header length 16",
	     "440000150000000040fd00000a0000010a0000025a"
	     "010104",
	     DROP_MALFORMED},
	    {"header longer than the packet",
	     "460000150000000040fd00000a0000010a0000025a"
	     "010104",
	     DROP_MALFORMED},
	    {"total length beyond the packet",
	     "450000160000000040fd00000a0000010a0000025a"
	     "010104",
	     DROP_MALFORMED},
	    {"total length below the header",
	     "450000130000000040fd00000a0000010a0000025a"
	     "010104",
	     DROP_MALFORMED},
	    {"half an IPv4 header",
	     "4500000a0000000040fd"
	     "0004",
	     DROP_MALFORMED},
	    {"half an IPv6 header",
	     "6000000000003b4020010db8000000000000000000000001"
	     "01020229",
	     DROP_MALFORMED},
	    {"IPv6, payload beyond the packet",
	     "6000000000043b40"
	     "20010db8000000000000000000000001"
	     "20010db8000000000000000000000002"
	     "01020229",
	     DROP_MALFORMED},
	    {"good IPv6",
	     "6000000000003b40"
	     "20010db8000000000000000000000001"
	     "20010db8000000000000000000000002"
	     "01020229",
	     DROP_NONE},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint8_t text[ROOM];
		struct opened opened;
		enum drop drop = open_fresh(text, from_hex(table[i].text, text), &opened);

		if (drop != table[i].want)
			fail_msg("%s: %d", table[i].what, drop);
		if ((opened.bytes != NULL) != (drop == DROP_NONE))
			fail_msg("%s: delivered", table[i].what);
	}
}

static void
traffic_flow_padding_behind_the_inner_packet_is_cut_off(void **state)
{
	uint8_t text[ROOM], inner[ROOM];
	size_t length = from_hex(INNER21 "00000000000000000000000000deadbeef"
					 "0004",
				 text);
	size_t inner_length = from_hex(INNER21, inner);
	struct opened opened;

	assert_int_equal(length % 4, 0);
	assert_int_equal(open_fresh(text, length, &opened), DROP_NONE);
	assert_int_equal(opened.length, inner_length);
	assert_memory_equal(opened.bytes, inner, inner_length);
}

static void
inner_addresses_outside_the_selectors_are_refused(void **state)
{
	static const struct {
		const char *source, *destination;
		enum drop want;
	} table[] = {
	    {"10.20.0.1", "10.50.0.1", DROP_NONE},
	    {"10.20.255.255", "10.50.0.0", DROP_NONE},
	    {"10.21.0.0", "10.50.0.1", DROP_SELECTOR},
	    {"10.19.255.255", "10.50.0.1", DROP_SELECTOR},
	    {"10.20.0.1", "10.51.0.1", DROP_SELECTOR},
	    {"10.50.0.1", "10.20.0.1", DROP_SELECTOR}, /* the wrong way round */
	    {"192.0.2.77", "10.50.0.1", DROP_NONE},    /* the second source range: one host */
	    {"192.0.2.78", "10.50.0.1", DROP_SELECTOR},
	};
	struct dataplane_selector sources[] = {{ip_address_v4(0x0a140000), ip_address_v4(0x0a14ffff)},
					       {ip_address_v4(0xc000024d), ip_address_v4(0xc000024d)}};
	struct dataplane_selector destinations[] = {{ip_address_v4(0x0a320000), ip_address_v4(0x0a32ffff)}};
	struct sa *out = new_default(false), *in = new_default(true);
	uint8_t packet[ROOM];
	struct opened opened;

	selectors_close(&in->source);
	selectors_close(&in->destination);
	assert_true(selectors_open(&in->source, sources, 2));
	assert_true(selectors_open(&in->destination, destinations, 1));
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint8_t *inner = packet + esp_head(out);
		struct ip_address address;

		make_inner(inner, 60, false);
		assert_true(ip_address_parse(table[i].source, &address));
		memcpy(inner + 12, address.bytes, 4);
		assert_true(ip_address_parse(table[i].destination, &address));
		memcpy(inner + 16, address.bytes, 4);
		assert_int_equal(esp_open(in, packet, esp_seal(out, packet, 60, i + 1), &opened),
				 table[i].want);
	}
	/* another protocol than the only one of the second range */
	selectors_close(&in->source);
	sources[1].protocol = IPPROTO_ICMP;
	sources[1].to_port = UINT16_MAX;
	assert_true(selectors_open(&in->source, sources, 2));
	for (int icmp = 0; icmp < 2; icmp++) {
		uint8_t *inner = packet + esp_head(out);

		make_inner(inner, 60, false);
		memcpy(inner + 12, sources[1].from.bytes, 4);
		memcpy(inner + 16, destinations[0].from.bytes, 4);
		inner[9] = icmp ? IPPROTO_ICMP : IPPROTO_UDP;
		assert_int_equal(
		    esp_open(in, packet, esp_seal(out, packet, 60, (uint64_t)icmp + 50), &opened),
		    icmp ? DROP_NONE : DROP_SELECTOR);
	}
	/* another family than any range's */
	make_inner(packet + esp_head(out), 60, true);
	assert_int_equal(esp_open(in, packet, esp_seal(out, packet, 60, 100), &opened), DROP_SELECTOR);
	sa_free(out);
	sa_free(in);
}

TEST_MAIN(cmocka_unit_test(reserved_sequence_numbers_never_repeat_and_stop_at_the_end),
	  cmocka_unit_test(a_replayed_packet_is_refused),
	  cmocka_unit_test(copies_and_bad_packets_of_one_batch_are_refused),
	  cmocka_unit_test(a_packet_of_another_key_is_refused),
	  cmocka_unit_test(authentic_but_malformed_inner_packets_are_refused),
	  cmocka_unit_test(traffic_flow_padding_behind_the_inner_packet_is_cut_off),
	  cmocka_unit_test(inner_addresses_outside_the_selectors_are_refused))
