// SPDX-License-Identifier: GPL-2.0-or-later
/* Sealing and opening with bytes alone: published vectors, our own wire format, and every way to be refused.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#define ROOM 4096

static size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

/* One end of an SA between 192.0.2.1 and 192.0.2.2. */
static struct sa *
new_sa(bool inbound, uint32_t spi, uint16_t encryption, const char *key, bool extended)
{
	uint8_t bytes[64];
	struct dataplane_sa description = {
	    .spi = spi,
	    .inbound = inbound,
	    .source = ip_address_v4(0xc0000201),
	    .destination = ip_address_v4(0xc0000202),
	    .extended_sequence = extended,
	    .replay_window = 64,
	    .algorithms = {.encryption = encryption, .encryption_key = bytes},
	};
	struct error err;
	struct sa *sa;

	description.algorithms.encryption_key_length = from_hex(key, bytes);
	sa = sa_create(&description, NULL, &err);
	if (sa == NULL)
		fail_msg("%s", err.text);
	return sa;
}

#define KEY128 "000102030405060708090a0b0c0d0e0fa0a1a2a3"
#define KEY192 "000102030405060708090a0b0c0d0e0f1011121314151617a0a1a2a3"
#define KEY256 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3"
#define INNER21 "450000150000000040fd00000a0000010a0000025a"

static struct sa *
new_default(bool inbound)
{
	return new_sa(inbound, 0x12345678, 20, KEY256, false);
}

/* --- known answers ----------------------------------------------------------------------------- */

static void
sealed_packets_have_the_bytes_of_rfc_4106(void **state)
{
	/* computed with another AES-GCM binding: header, IV = sequence number, padding 01, trailer 01 04, ICV
	 */
	static const struct {
		const char *key, *inner, *packet;
		uint64_t sequence;
		bool extended;
	} table[] = {
	    {KEY128, INNER21,
	     "1234567800000007000000000000000779b7e3e5dfd0f7733184fda9b7bd903bb699734f3ea1fb6839c5a2fb0dd4cde"
	     "504e500"
	     "c580bd569a",
	     7, false},
	    {KEY192, INNER21,
	     "123456780000000700000000000000073a180661ee4b939c8ff7ed7d1c8dc2d189bbeb48d4b937e8b99228a4dd0033b"
	     "7bcaa1f"
	     "a49f921b65",
	     7, false},
	    {KEY256, INNER21,
	     "12345678000000070000000000000007357b3c2956e2fbd529a29a643dbb169808743994cdef2970c014a4b9feed809"
	     "d43c123"
	     "79fefbba91",
	     7, false},
	    {KEY256, "450000160000000040fd00000a0000010a0000025aa5",
	     "12345678000000020000000100000002e296c5966b2ae060dac5825fda4ae8b90c0ec8d45314dadaa124423b1a5daf8"
	     "ed2a735"
	     "16bdc33e15",
	     0x100000002, true},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct sa *sa = new_sa(false, 0x12345678, 20, table[i].key, table[i].extended);
		uint8_t packet[ROOM], want[ROOM];
		size_t length = from_hex(table[i].inner, packet + esp_head(sa));

		assert_int_equal(esp_seal(sa, packet, length, table[i].sequence),
				 from_hex(table[i].packet, want));
		assert_memory_equal(packet, want, strlen(table[i].packet) / 2);
		sa_free(sa);
	}
}

static void
published_gcm_vectors_for_esp_are_opened(void **state)
{
	/* draft-mcgrew-gcm-test-01 section 4: AES-128 with an extended sequence number, AES-256 without */
	static const struct {
		const char *key, *packet, *text;
		uint64_t sequence;
		bool extended;
	} table[] = {
	    {"4c80cdefbb5d10da906ac73c3613a6342e443b68",
	     "00004321000000004956ed7e3b244cfe"
	     "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5"
	     "d"
	     "15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
	     "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037"
	     "3"
	     "69700963796265726369747902646b000021000101020201",
	     0x8765432100000000, true},
	    {"abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
	     "4a2cbfe3000000020102030405060708"
	     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99"
	     "d"
	     "ef842d8eb335f4eecfdbf831824b4c4915956c96",
	     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040"
	     "2"
	     "01020201",
	     2, false},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct sa *sa = new_sa(true, 0, 20, table[i].key, table[i].extended);
		uint8_t packet[ROOM], text[ROOM];
		size_t text_length = from_hex(table[i].text, text);

		assert_int_equal(from_hex(table[i].packet, packet), 16 + text_length + 16);
		assert_true(sa->cipher->ops->open(sa->context, packet, text_length, table[i].sequence,
						  table[i].extended));
		assert_memory_equal(packet + 16, text, text_length);
		sa_free(sa);
	}
}

static void
the_chacha20_vector_of_rfc_7634_is_opened(void **state)
{
	struct sa *sa =
	    new_sa(true, 0x01020304, 28,
		   "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", false);
	uint8_t packet[ROOM], inner[ROOM];
	struct opened opened;
	size_t length =
	    from_hex("01020304000000051011121314151617"
		     "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb"
		     "61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da"
		     "9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43",
		     packet);
	size_t inner_length =
	    from_hex("45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b"
		     "0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233"
		     "34353637",
		     inner);

	assert_int_equal(esp_open(sa, packet, length, &opened), DROP_NONE);
	assert_int_equal(opened.length, inner_length);
	assert_memory_equal(opened.bytes, inner, inner_length);
	sa_free(sa);
}

/* --- round trips ------------------------------------------------------------------------------- */

/* An IPv4 or IPv6 packet of `length` bytes. */
static void
make_inner(uint8_t *packet, size_t length, bool ipv6)
{
	for (size_t i = 0; i < length; i++)
		packet[i] = (uint8_t)(i * 7);
	if (ipv6) {
		packet[0] = 0x60;
		packet[4] = (uint8_t)((length - 40) >> 8);
		packet[5] = (uint8_t)(length - 40);
	} else {
		packet[0] = 0x45;
		packet[2] = (uint8_t)(length >> 8);
		packet[3] = (uint8_t)length;
		memcpy(packet + 12, (uint8_t[]){10, 20, 0, 1, 10, 50, 0, 1}, 8);
	}
}

static void
every_length_comes_back_as_it_went(void **state)
{
	static const struct {
		uint16_t encryption;
		const char *key;
		bool extended;
	} kinds[] = {{20, KEY128, false}, {20, KEY192, true}, {20, KEY256, true}, {28, KEY256, false}};

	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		struct sa *out = new_sa(false, 9, kinds[k].encryption, kinds[k].key, kinds[k].extended);
		struct sa *in = new_sa(true, 9, kinds[k].encryption, kinds[k].key, kinds[k].extended);

		for (size_t length = 20; length < 1600; length++) {
			uint8_t packet[ROOM], inner[ROOM];
			bool ipv6 = length % 2 != 0 && length >= 40;
			struct opened opened;
			uint64_t sequence;
			size_t sealed;

			make_inner(inner, length, ipv6);
			memcpy(packet + esp_head(out), inner, length);
			assert_int_equal(sa_reserve(out, 1, &sequence), 1);
			sealed = esp_seal(out, packet, length, sequence);
			assert_int_equal(sealed % 4, 0);
			assert_true(sealed >= length + 16 + 2 + 16 && sealed <= length + 16 + 2 + 3 + 16);
			assert_int_equal(esp_open(in, packet, sealed, &opened), DROP_NONE);
			assert_true(opened.newest);
			assert_int_equal(opened.length, length);
			assert_memory_equal(opened.bytes, inner, length);
		}
		sa_free(out);
		sa_free(in);
	}
}

static void
reserved_sequence_numbers_never_repeat_and_stop_at_the_end(void **state)
{
	struct sa *plain = new_default(false), *extended = new_sa(false, 1, 20, KEY256, true);
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

/* Seals an inner packet of 100 bytes; returns the length. */
static size_t
seal_default(struct sa *out, uint8_t packet[ROOM], uint64_t sequence)
{
	make_inner(packet + esp_head(out), 100, false);
	return esp_seal(out, packet, 100, sequence);
}

static void
a_flipped_bit_anywhere_fails_to_authenticate_and_costs_nothing(void **state)
{
	struct sa *out = new_default(false), *in = new_default(true);
	uint8_t good[ROOM], packet[ROOM];
	size_t length = seal_default(out, good, 5);
	struct opened opened;

	/* from the sequence number on; a wrong SPI is the table's matter, but is authenticated too */
	for (size_t bit = 0; bit < length * 8; bit++) {
		enum drop drop;

		memcpy(packet, good, length);
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		drop = esp_open(in, packet, length, &opened);
		assert_int_equal(drop, DROP_AUTHENTICATION);
		assert_null(opened.bytes);
	}
	assert_true(in->replay.top == 0);
	assert_int_equal(esp_open(in, good, length, &opened), DROP_NONE);
	sa_free(out);
	sa_free(in);
}

static void
a_truncated_packet_is_refused_at_every_length(void **state)
{
	struct sa *out = new_default(false), *in = new_default(true);
	uint8_t good[ROOM], packet[ROOM];
	size_t length = seal_default(out, good, 5);
	struct opened opened;

	for (size_t cut = 0; cut < length; cut++) {
		enum drop drop;

		memcpy(packet, good, cut);
		drop = esp_open(in, packet, cut, &opened);
		assert_int_equal(drop,
				 cut < 16 + 2 + 16 || cut % 4 != 0 ? DROP_MALFORMED : DROP_AUTHENTICATION);
	}
	sa_free(out);
	sa_free(in);
}

static void
a_replayed_packet_is_refused(void **state)
{
	struct sa *out = new_default(false), *in = new_default(true);
	uint8_t first[ROOM], again[ROOM], later[ROOM], old[ROOM];
	size_t length = seal_default(out, first, 5);
	struct opened opened;

	memcpy(again, first, length);
	seal_default(out, later, 105);
	seal_default(out, old, 41);
	assert_int_equal(esp_open(in, first, length, &opened), DROP_NONE);
	assert_int_equal(esp_open(in, again, length, &opened), DROP_REPLAY);
	assert_int_equal(esp_open(in, later, length, &opened), DROP_NONE);
	assert_int_equal(esp_open(in, old, length, &opened), DROP_REPLAY);
	sa_free(out);
	sa_free(in);
}

static void
a_packet_of_another_key_is_refused(void **state)
{
	struct sa *out = new_default(false);
	struct sa *in =
	    new_sa(true, 0x12345678, 20,
		   "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3", false);
	uint8_t packet[ROOM];
	size_t length = seal_default(out, packet, 5);
	struct opened opened;

	assert_int_equal(esp_open(in, packet, length, &opened), DROP_AUTHENTICATION);
	sa_free(out);
	sa_free(in);
}

/* Encrypts any text, trailer and all, as a peer with bad intentions could; opens it. */
static enum drop
open_text(const uint8_t *text, size_t length, struct opened *opened)
{
	static uint8_t packet[ROOM];
	static const uint8_t header[8] = {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1};
	struct sa *out = new_default(false), *in = new_default(true);
	enum drop drop;

	memcpy(packet, header, sizeof(header));
	memcpy(packet + 16, text, length);
	assert_true(out->cipher->ops->seal(out->context, packet, length, 1, false));
	drop = esp_open(in, packet, 16 + length + 16, opened);
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
		enum drop drop = open_text(text, from_hex(table[i].text, text), &opened);

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
	assert_int_equal(open_text(text, length, &opened), DROP_NONE);
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

	in->source.ranges = memory_zeroed(2, sizeof(sources[0]));
	memcpy(in->source.ranges, sources, sizeof(sources));
	in->source.count = 2;
	in->destination.ranges = memory_zeroed(1, sizeof(destinations[0]));
	memcpy(in->destination.ranges, destinations, sizeof(destinations));
	in->destination.count = 1;
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
	/* another family than any range's */
	make_inner(packet + esp_head(out), 60, true);
	assert_int_equal(esp_open(in, packet, esp_seal(out, packet, 60, 100), &opened), DROP_SELECTOR);
	sa_free(out);
	sa_free(in);
}

static void
unknown_algorithms_and_wrong_key_lengths_are_errors(void **state)
{
	uint8_t key[64] = {0};
	struct dataplane_algorithms cbc = {12, key, 32, 12, key, 32}, odd = {20, key, 33, 0, NULL, 0};
	struct error err;

	assert_null(cipher_find(&cbc, &err));
	assert_non_null(strstr(err.text, "encryption algorithm 12"));
	assert_null(cipher_find(&odd, &err));
	assert_non_null(strstr(err.text, "33 bytes"));
}

TEST_MAIN(cmocka_unit_test(sealed_packets_have_the_bytes_of_rfc_4106),
	  cmocka_unit_test(published_gcm_vectors_for_esp_are_opened),
	  cmocka_unit_test(the_chacha20_vector_of_rfc_7634_is_opened),
	  cmocka_unit_test(every_length_comes_back_as_it_went),
	  cmocka_unit_test(reserved_sequence_numbers_never_repeat_and_stop_at_the_end),
	  cmocka_unit_test(a_flipped_bit_anywhere_fails_to_authenticate_and_costs_nothing),
	  cmocka_unit_test(a_truncated_packet_is_refused_at_every_length),
	  cmocka_unit_test(a_replayed_packet_is_refused),
	  cmocka_unit_test(a_packet_of_another_key_is_refused),
	  cmocka_unit_test(authentic_but_malformed_inner_packets_are_refused),
	  cmocka_unit_test(traffic_flow_padding_behind_the_inner_packet_is_cut_off),
	  cmocka_unit_test(inner_addresses_outside_the_selectors_are_refused),
	  cmocka_unit_test(unknown_algorithms_and_wrong_key_lengths_are_errors))
