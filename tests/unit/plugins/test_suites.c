// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every suite of the table: published vectors, our own wire format taken apart by other means, and every bit
 * and length at which a packet must be refused. Compiled once for each provider (CRYPTO).
 */
#include "tests/unit/plugins/esp_end.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <openssl/evp.h>

#define KEY128 "000102030405060708090a0b0c0d0e0fa0a1a2a3"
#define KEY192 "000102030405060708090a0b0c0d0e0f1011121314151617a0a1a2a3"
#define SUITES 16

#define FOR_EACH_SUITE(suite) \
	for (const struct suite *suite = suite_at(0); suite < suite_at(0) + SUITES; suite++)

/* Opens a packet, and then a batch of copies of it: a provider may go another way for many than for one. */
static void
open_many(const struct suite *suite, void *context, struct suite_packet *one)
{
	static uint8_t arena[BATCH_PACKETS][ROOM];
	struct suite_packet copies[BATCH_PACKETS];
	size_t sealed = ESP_HEADER + suite->iv_length + one->text_length;

	for (size_t i = 0; i < BATCH_PACKETS; i++) {
		memcpy(arena[i], one->bytes, sealed + suite->icv_length);
		copies[i] = (struct suite_packet){arena[i], one->text_length, one->sequence, false};
	}
	suite->ops->open(context, one, 1);
	assert_true(one->good);
	suite->ops->open(context, copies, BATCH_PACKETS);
	for (size_t i = 0; i < BATCH_PACKETS; i++) {
		assert_true(copies[i].good);
		assert_memory_equal(arena[i], one->bytes, sealed);
	}
}

/* --- known answers: AEAD ----------------------------------------------------------------------- */

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
		struct sa *sa = new_sa(false, 0x12345678, 20, table[i].key, 0, NULL, table[i].extended);
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
		struct sa *sa = new_sa(true, 0, 20, table[i].key, 0, NULL, table[i].extended);
		uint8_t packet[ROOM], text[ROOM];
		size_t text_length = from_hex(table[i].text, text);
		struct suite_packet one = {packet, text_length, table[i].sequence, false};

		assert_int_equal(from_hex(table[i].packet, packet), 16 + text_length + 16);
		open_many(sa->suite, sa->context, &one);
		assert_memory_equal(packet + 16, text, text_length);
		sa_free(sa);
	}
}

static void
the_chacha20_vector_of_rfc_7634_is_opened(void **state)
{
	struct sa *sa = new_sa(true, 0x01020304, 28,
			       "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", 0,
			       NULL, false);
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

/* --- known answers: CBC with an HMAC ------------------------------------------------------------ */

#define MAC_KEY20 "202122232425262728292a2b2c2d2e2f30313233"
#define MAC_KEY32 MAC_KEY20 "3435363738393a3b3c3d3e3f"
#define MAC_KEY64 MAC_KEY32 MAC_KEY32

/* HMAC by another way into the library than the plane's: all at once. Returns the length. */
static size_t
hmac(const char *digest, const uint8_t *key, size_t key_length, const uint8_t *data, size_t length,
     uint8_t out[64])
{
	size_t got;

	assert_non_null(
	    EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key, key_length, data, length, out, 64, &got));
	return got;
}

static void
published_cbc_vectors_are_opened(void **state)
{
	/* RFC 3602 4, cases 5 and 7: whole ESP packets without an ICV; NIST SP 800-38A F.2.1, F.2.3, F.2.5:
	 * behind a header of ours. The ICV is added by hand. */
	static const char nist_text[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
					"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
	static const struct {
		const char *key, *packet, *text;
	} table[] = {
	    {"90d382b410eeba7ad938c46cec1a82bf",
	     "0000432100000001e96e8c08ab465763fd098d45dd3ff893"
	     "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
	     "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
	     "a269add047ad2d5913ac19b7cfbad4a6",
	     "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
	     "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
	     "0102030405060708090a0b0c0d0e0e01"},
	    {"0123456789abcdef0123456789abcdef",
	     "0000876500000002f4e765244f6407adf13dc1380f673f37"
	     "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
	     "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
	     "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d",
	     "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
	     "02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	     "2425262728292a2b2c2d2e2f30313233343536370102030405060708090a0a04"},
	    {"2b7e151628aed2a6abf7158809cf4f3c",
	     "0000000100000001000102030405060708090a0b0c0d0e0f"
	     "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	     "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
	     nist_text},
	    {"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	     "0000000100000001000102030405060708090a0b0c0d0e0f"
	     "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	     "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
	     nist_text},
	    {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	     "0000000100000001000102030405060708090a0b0c0d0e0f"
	     "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	     "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
	     nist_text},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct sa *sa = new_sa(true, 1, 12, table[i].key, 2, MAC_KEY20, false);
		uint8_t packet[ROOM], text[ROOM], tag[64], mac_key[20];
		size_t length = from_hex(table[i].packet, packet);
		struct suite_packet one = {packet, from_hex(table[i].text, text), 1, false};

		assert_int_equal(length, 8 + 16 + one.text_length);
		hmac("SHA1", mac_key, from_hex(MAC_KEY20, mac_key), packet, length, tag);
		memcpy(packet + length, tag, 12);
		open_many(sa->suite, sa->context, &one);
		assert_memory_equal(packet + 24, text, one.text_length);
		sa_free(sa);
	}
}

static void
published_hmac_vectors_are_authentic(void **state)
{
	/* RFC 4231 4.8 (case 7), whose data are as long as an ESP packet may be; for SHA-1, whose vectors in
	 * RFC 2202 are not, the same key and data, computed with Python's hmac. The key is longer than ESP's.
	 */
	static const char data[] =
	    "This is a test using a larger than block-size key and a larger than block-size data. The key "
	    "needs to be hashed before being used by the HMAC algorithm.";
	static const struct {
		uint16_t integrity;
		const char *icv;
	} table[] = {
	    {2, "217e44bb08b6e06a2d6c30f3"},
	    {12, "9b09ffa71b942fcb27635fbcd5b0e944"},
	    {13, "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9a"},
	    {14, "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"},
	};
	uint8_t key[131];
	unsigned seen = 0;

	memset(key, 0xaa, sizeof(key));
	FOR_EACH_SUITE(suite)
	{
		struct dataplane_algorithms keys = {12, key, suite->key_length, 0, key, sizeof(key)};
		struct suite long_key = *suite;

		long_key.integrity_key_length = sizeof(key);
		for (size_t i = 0; i < COUNT_OF(table); i++) {
			uint8_t packet[ROOM];
			struct suite_packet one = {packet, sizeof(data) - 1 - 24, 1, false};
			void *context;

			if (suite->integrity != table[i].integrity)
				continue;
			seen++;
			context = suite->ops->create(&long_key, &keys, false, false);
			assert_non_null(context);
			memcpy(packet, data, sizeof(data) - 1);
			assert_int_equal(from_hex(table[i].icv, packet + sizeof(data) - 1),
					 suite->icv_length);
			open_many(suite, context, &one);
			suite->ops->destroy(context);
		}
	}
	assert_int_equal(seen, 12);
}

/* Decrypts by hand what esp_seal made, and compares the ICV with an HMAC of all before it. */
static void
take_apart(const struct suite *suite, const char *evp_name, const char *key, const char *mac_key,
	   bool extended)
{
	struct sa *out = new_sa(false, 0x12345678, 12, key, suite->integrity, mac_key, extended);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, evp_name, NULL);
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t packet[ROOM], bytes[64], tag[64], inner[ROOM];
	size_t length = seal_100(out, packet, 0x700000009), text = 112;
	int done;

	assert_ptr_equal(out->suite, suite);
	assert_int_equal(length, 8 + 16 + text + suite->icv_length);
	assert_memory_equal(packet, ((uint8_t[]){0x12, 0x34, 0x56, 0x78, 0, 0, 0, 9}), 8);
	memcpy(inner, packet, 24 + text);
	memcpy(inner + 24 + text, (uint8_t[]){0, 0, 0, 7}, 4); /* is not sent */
	hmac(suite->digest_name, bytes, from_hex(mac_key, bytes), inner, 24 + text + (extended ? 4 : 0), tag);
	assert_memory_equal(packet + 24 + text, tag, suite->icv_length);
	from_hex(key, bytes);
	assert_int_equal(EVP_DecryptInit_ex(evp, cipher, NULL, bytes, packet + 8), 1);
	EVP_CIPHER_CTX_set_padding(evp, 0);
	assert_int_equal(EVP_DecryptUpdate(evp, packet + 24, &done, packet + 24, (int)text), 1);
	make_inner(inner, 100, false);
	memcpy(inner + 100, (uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 4}, 12);
	assert_memory_equal(packet + 24, inner, text);
	EVP_CIPHER_CTX_free(evp);
	EVP_CIPHER_free(cipher);
	sa_free(out);
}

static void
sealed_cbc_packets_are_as_the_rfcs_say(void **state)
{
	unsigned seen = 0;

	FOR_EACH_SUITE(suite)
	{
		char name[16], key[65] = MAC_KEY32, mac_key[129] = MAC_KEY64;

		if (suite->integrity == 0)
			continue;
		seen++;
		key[suite->key_length * 2] = '\0';
		mac_key[suite->integrity_key_length * 2] = '\0';
		snprintf(name, sizeof(name), "AES-%d-CBC", suite->key_length * 8);
		take_apart(suite, name, key, mac_key, false);
		take_apart(suite, name, key, mac_key, true);
	}
	assert_int_equal(seen, 12);
}

static void
cbc_ivs_never_repeat_and_do_not_follow_from_the_sequence_number(void **state)
{
	enum { COUNT = 1000 };
	static uint8_t ivs[2 * COUNT][16];

	/* two SAs with the same keys, as never happens, and the same numbers */
	for (unsigned k = 0; k < 2; k++) {
		struct sa *out = new_end(suite_at(4), false, false);

		assert_int_not_equal(out->suite->integrity, 0);
		for (unsigned i = 0; i < COUNT; i++) {
			uint8_t packet[ROOM];

			assert_true(seal_100(out, packet, i + 1) > 0);
			memcpy(ivs[k * COUNT + i], packet + 8, 16);
		}
		sa_free(out);
	}
	for (unsigned i = 0; i < 2 * COUNT; i++)
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(ivs[i], ivs[j], 16);
}

/* --- all suites: round trips ------------------------------------------------------------------- */

static void
the_table_has_all_suites_once(void **state)
{
	assert_non_null(suite_at(SUITES - 1));
	assert_null(suite_at(SUITES));
	FOR_EACH_SUITE(suite)
	{
		uint8_t key[64] = {0};
		struct dataplane_algorithms algorithms = {
		    suite->encryption, key, suite->key_length,
		    suite->integrity,  key, suite->integrity_key_length};
		struct error err;

		assert_ptr_equal(suite_find(&algorithms, &err), suite);
		assert_true(8 + suite->iv_length <= ESP_HEAD_ROOM);
		assert_true(suite->alignment - 1 + 2 + suite->icv_length <= ESP_TAIL_ROOM);
	}
}

static void
every_length_comes_back_as_it_went(void **state)
{
	for (unsigned run = 0; run < 2 * SUITES; run++) {
		const struct suite *suite = suite_at(run / 2);
		bool extended = run % 2 != 0;
		struct sa *out = new_end(suite, false, extended), *in = new_end(suite, true, extended);
		size_t overhead = 8u + suite->iv_length + 2 + suite->icv_length;

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
			assert_int_equal((sealed - esp_head(out) - suite->icv_length) % suite->alignment, 0);
			assert_true(sealed >= length + overhead &&
				    sealed < length + overhead + suite->alignment);
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
a_batch_is_what_its_packets_are_one_by_one(void **state)
{
	static uint8_t arena[BATCH_PACKETS][ROOM];

	FOR_EACH_SUITE(suite)
	{
		struct sa *out = new_end(suite, false, true), *in = new_end(suite, true, true);
		uint8_t *packets[BATCH_PACKETS];
		size_t lengths[BATCH_PACKETS], sealed[BATCH_PACKETS];
		struct opened opened;

		for (size_t i = 0; i < BATCH_PACKETS; i++) {
			packets[i] = arena[i];
			lengths[i] = 40 + i * 21;
			make_inner(packets[i] + esp_head(out), lengths[i], i % 2 != 0);
		}
		esp_seal_batch(out, packets, lengths, BATCH_PACKETS, UINT32_MAX - 10, sealed);
		in->replay.top = UINT32_MAX - 11;
		for (size_t i = 0; i < BATCH_PACKETS; i++) {
			assert_int_equal(esp_open(in, packets[i], sealed[i], &opened), DROP_NONE);
			assert_int_equal(opened.length, lengths[i]);
		}
		assert_true(in->replay.top == (uint64_t)UINT32_MAX - 10 + BATCH_PACKETS - 1);
		sa_free(out);
		sa_free(in);
	}
}

/* --- all suites: refusals ---------------------------------------------------------------------- */

static void
a_flipped_bit_anywhere_fails_to_authenticate_and_costs_nothing(void **state)
{
	FOR_EACH_SUITE(suite)
	{
		struct sa *out = new_end(suite, false, false), *in = new_end(suite, true, false);
		uint8_t good[ROOM], packet[ROOM];
		size_t length = seal_100(out, good, 5);
		struct opened opened;

		/* a wrong SPI is the table's matter, but is authenticated too */
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
}

static void
a_truncated_packet_is_refused_at_every_length(void **state)
{
	FOR_EACH_SUITE(suite)
	{
		struct sa *out = new_end(suite, false, false), *in = new_end(suite, true, false);
		uint8_t good[ROOM], packet[ROOM];
		size_t length = seal_100(out, good, 5), around = esp_head(in) + suite->icv_length;
		struct opened opened;

		for (size_t cut = 0; cut < length; cut++) {
			bool whole = cut >= around + 2 && (cut - around) % suite->alignment == 0;
			enum drop drop;

			memcpy(packet, good, cut);
			drop = esp_open(in, packet, cut, &opened);
			assert_int_equal(drop, whole ? DROP_AUTHENTICATION : DROP_MALFORMED);
			assert_null(opened.bytes);
		}
		sa_free(out);
		sa_free(in);
	}
}

static void
the_upper_half_of_an_extended_number_is_authenticated(void **state)
{
	FOR_EACH_SUITE(suite)
	{
		struct sa *out = new_end(suite, false, true), *in = new_end(suite, true, true);
		uint8_t good[ROOM], packet[ROOM];
		size_t length = seal_100(out, good, 0x100000005);
		struct opened opened;

		memcpy(packet, good, length);
		in->replay.top = 0x200000004;
		assert_int_equal(esp_open(in, packet, length, &opened), DROP_AUTHENTICATION);
		in->replay.top = 0x100000004;
		assert_int_equal(esp_open(in, good, length, &opened), DROP_NONE);
		sa_free(out);
		sa_free(in);
	}
}

static void
authentic_packets_with_wrong_padding_are_refused(void **state)
{
	FOR_EACH_SUITE(suite)
	{
		struct sa *out = new_end(suite, false, false), *in = new_end(suite, true, false);
		static const struct {
			size_t inner; /* bytes of an IPv4 packet, then filled up to 64 */
			uint8_t padding, next;
			enum drop want;
		} table[] = {
		    {60, 2, 4, DROP_NONE},        {50, 12, 4, DROP_NONE},      {30, 32, 4, DROP_NONE},
		    {60, 3, 4, DROP_MALFORMED},   {60, 62, 4, DROP_MALFORMED}, {60, 63, 4, DROP_MALFORMED},
		    {60, 255, 4, DROP_MALFORMED}, {60, 2, 41, DROP_MALFORMED}, {60, 2, 59, DROP_SILENTLY},
		};

		for (size_t i = 0; i < COUNT_OF(table); i++) {
			uint8_t text[64] = {0};
			struct opened opened;

			make_inner(text, table[i].inner, false);
			text[62] = table[i].padding;
			text[63] = table[i].next;
			assert_int_equal(open_text(out, in, text, sizeof(text), i + 1, &opened),
					 table[i].want);
			assert_int_equal(opened.bytes != NULL, table[i].want == DROP_NONE);
		}
		sa_free(out);
		sa_free(in);
	}
}

static void
unknown_algorithms_and_wrong_key_lengths_are_errors(void **state)
{
	uint8_t key[64] = {0};
	const struct {
		struct dataplane_algorithms algorithms;
		const char *text;
	} table[] = {
	    {{3, key, 24, 2, key, 20}, "encryption algorithm 3 with integrity 2"},
	    {{12, key, 32, 0, NULL, 0}, "encryption algorithm 12 with integrity 0"},
	    {{20, key, 36, 12, key, 32}, "encryption algorithm 20 with integrity 12"},
	    {{20, key, 33, 0, NULL, 0}, "33 bytes does not fit encryption"},
	    {{20, NULL, 36, 0, NULL, 0}, "does not fit encryption"},
	    {{12, key, 33, 12, key, 32}, "33 bytes does not fit encryption"},
	    {{12, key, 32, 12, key, 20}, "20 bytes does not fit integrity algorithm 12, which takes 32"},
	    {{12, key, 32, 12, NULL, 32}, "does not fit integrity"},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct error err;

		assert_null(suite_find(&table[i].algorithms, &err));
		if (strstr(err.text, table[i].text) == NULL)
			fail_msg("%s", err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sealed_packets_have_the_bytes_of_rfc_4106),
	    cmocka_unit_test(published_gcm_vectors_for_esp_are_opened),
	    cmocka_unit_test(the_chacha20_vector_of_rfc_7634_is_opened),
	    cmocka_unit_test(published_cbc_vectors_are_opened),
	    cmocka_unit_test(published_hmac_vectors_are_authentic),
	    cmocka_unit_test(sealed_cbc_packets_are_as_the_rfcs_say),
	    cmocka_unit_test(cbc_ivs_never_repeat_and_do_not_follow_from_the_sequence_number),
	    cmocka_unit_test(the_table_has_all_suites_once),
	    cmocka_unit_test(every_length_comes_back_as_it_went),
	    cmocka_unit_test(a_batch_is_what_its_packets_are_one_by_one),
	    cmocka_unit_test(a_flipped_bit_anywhere_fails_to_authenticate_and_costs_nothing),
	    cmocka_unit_test(a_truncated_packet_is_refused_at_every_length),
	    cmocka_unit_test(the_upper_half_of_an_extended_number_is_authenticated),
	    cmocka_unit_test(authentic_packets_with_wrong_padding_are_refused),
	    cmocka_unit_test(unknown_algorithms_and_wrong_key_lengths_are_errors),
	};
	struct error err;

	if (!suites_use(CRYPTO, &err)) {
		printf("1..0 # SKIP %s\n", err.text);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
