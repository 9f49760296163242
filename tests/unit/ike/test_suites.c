// SPDX-License-Identifier: GPL-2.0-or-later
/* Proposals in words, and which word keeps two lists apart. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/ike/suites.h"

static void
lists_are_written_in_the_words_of_the_configuration(void **state)
{
	static const struct {
		const char *list, *words;
	} cases[] = {
	    {"IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384", "aes256gcm16-prfsha384-ecp384"},
	    {"IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048", "aes128-sha256-modp2048"},
	    {"IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA2_256/MODP_1024_160",
	     "aes256-sha1-prfsha256-modp1024s160"},
	    {"ESP:AES_GCM_16_256/NO_EXT_SEQ, ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ",
	     "aes256gcm16, aes128-sha256"},
	    {"ESP:CHACHA20_POLY1305/CURVE_25519/NO_EXT_SEQ", "chacha20poly1305-curve25519"},
	    {"IKE:3DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/ECP_256_BP", "3des-md5-ecp256bp"},
	    {"IKE:SOMETHING_NEW/MODP_2048", "something_new-modp2048"},
	    {"(empty)", ""},
	    {"", ""},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char words[200];

		assert_string_equal(suites_words(cases[i].list, words, sizeof(words)), cases[i].words);
	}
}

static void
the_closest_pair_tells_what_differs(void **state)
{
	static const struct {
		const char *ours, *theirs;
		unsigned count;
		enum suite_type type;
		const char *here, *there, *match;
	} cases[] = {
	    {"IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384", "IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/MODP_2048",
	     1, SUITE_GROUP, "ecp384", "modp2048", "aes256gcm16-prfsha384-modp2048"},
	    {"IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048, "
	     "IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024",
	     "IKE:AES_CBC_128/AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536/MODP_2048", 1, SUITE_GROUP,
	     "modp1024", "modp1536, modp2048", "aes128-sha1-modp1536"},
	    {"ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ", "ESP:AES_CBC_128/HMAC_SHA1_96/NO_EXT_SEQ", 1,
	     SUITE_INTEGRITY, "sha256", "sha1", "aes128-sha1"},
	    /* an authenticated cipher has no integrity of its own: that is no difference of its own */
	    {"ESP:AES_GCM_16_256/NO_EXT_SEQ", "ESP:AES_CBC_256/HMAC_SHA2_256_128/NO_EXT_SEQ", 1,
	     SUITE_ENCRYPTION, "aes256gcm16", "aes256", "aes256-sha256"},
	    /* PFS on one side only */
	    {"ESP:AES_GCM_16_256/ECP_384/NO_EXT_SEQ", "ESP:AES_GCM_16_256/NO_EXT_SEQ", 1, SUITE_GROUP,
	     "ecp384", "none", "aes256gcm16"},
	    {"IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048",
	     "IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024", 4, SUITE_ENCRYPTION, "aes128", "aes256",
	     "aes256-sha1-modp1024"},
	    {"ESP:AES_GCM_16_256", "ESP:AES_GCM_16_128/AES_GCM_16_256", 0, SUITE_TYPES, "", "",
	     "aes256gcm16"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct suites_difference difference;

		assert_true(suites_compare(cases[i].ours, cases[i].theirs, &difference));
		assert_int_equal(difference.count, cases[i].count);
		assert_string_equal(difference.match, cases[i].match);
		if (cases[i].count == 0)
			continue;
		assert_int_equal(difference.types[0], cases[i].type);
		assert_string_equal(difference.ours[0], cases[i].here);
		assert_string_equal(difference.theirs[0], cases[i].there);
	}
}

static void
nothing_is_compared_with_an_empty_list(void **state)
{
	struct suites_difference difference;

	assert_false(suites_compare("", "IKE:AES_GCM_16_256", &difference));
	assert_false(suites_compare("IKE:AES_GCM_16_256", NULL, &difference));
	assert_false(suites_compare("IKE:, ,/", "IKE:AES_GCM_16_256", &difference));
}

static void
groups_have_the_numbers_of_iana(void **state)
{
	char text[24];

	assert_string_equal(suites_group(2, text, sizeof(text)), "modp1024");
	assert_string_equal(suites_group(20, text, sizeof(text)), "ecp384");
	assert_string_equal(suites_group(31, text, sizeof(text)), "curve25519");
	assert_string_equal(suites_group(999, text, sizeof(text)), "group 999");
}

static void
lists_that_are_too_long_are_cut(void **state)
{
	char list[4096] = "IKE:", words[64];
	struct suites_difference difference;

	for (int i = 0; i < 150; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%sMODP_%d%s", i ? "/" : "",
			 1000 + i, i % 5 ? "" : ", IKE:AES_CBC_128");
	assert_true(strlen(suites_words(list, words, sizeof(words))) < sizeof(words));
	assert_true(suites_compare(list, list, &difference));
	assert_int_equal(difference.count, 0);
}

TEST_MAIN(cmocka_unit_test(lists_are_written_in_the_words_of_the_configuration),
	  cmocka_unit_test(the_closest_pair_tells_what_differs),
	  cmocka_unit_test(nothing_is_compared_with_an_empty_list),
	  cmocka_unit_test(groups_have_the_numbers_of_iana),
	  cmocka_unit_test(lists_that_are_too_long_are_cut))
