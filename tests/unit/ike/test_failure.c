// SPDX-License-Identifier: GPL-2.0-or-later
/* The failure table and the backoff: what the outside relies on. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/ike/failure.h"

static void
every_failure_has_a_code_and_a_hint(void **state)
{
	for (int i = FAILURE_NONE + 1; i < FAILURE_COUNT; i++) {
		assert_true(*failure_code((enum failure)i));
		assert_true(*failure_hint((enum failure)i));
		assert_true(strlen(failure_code((enum failure)i)) < 32);
		assert_true(strlen(failure_hint((enum failure)i)) < 256);
	}
	assert_string_equal(failure_code(FAILURE_NONE), "");
	assert_string_equal(failure_code(FAILURE_COUNT), "");
	assert_string_equal(failure_hint((enum failure) - 1), "");
}

static void
codes_are_the_words_of_the_contract(void **state)
{
	assert_string_equal(failure_code(FAILURE_NO_ANSWER), "no_answer");
	assert_string_equal(failure_code(FAILURE_NO_PROPOSAL_IKE), "no_proposal_chosen");
	assert_string_equal(failure_code(FAILURE_NO_PROPOSAL_ESP), "no_proposal_chosen");
	assert_string_equal(failure_code(FAILURE_AUTHENTICATION_HERE), "authentication_failed");
	assert_string_equal(failure_code(FAILURE_AUTHENTICATION_THERE), "authentication_failed");
	assert_string_equal(failure_code(FAILURE_SELECTORS), "ts_unacceptable");
	assert_string_equal(failure_code(FAILURE_KEY_EXCHANGE), "invalid_ke");
	assert_string_equal(failure_code(FAILURE_UNREACHABLE), "peer_unreachable");
	assert_string_equal(failure_code(FAILURE_DUPLICATE), "duplicate_refused");
	assert_string_equal(failure_code(FAILURE_NO_TUNNEL), "no_matching_tunnel");
	assert_string_equal(failure_code(FAILURE_VERSION), "version_mismatch");
	assert_string_equal(failure_code(FAILURE_CLOSED), "closed_by_peer");
	assert_string_equal(failure_code(FAILURE_INTERNAL), "internal");
}

static void
notifications_map_by_exchange(void **state)
{
	assert_int_equal(failure_of_notify(14, false), FAILURE_NO_PROPOSAL_IKE);
	assert_int_equal(failure_of_notify(14, true), FAILURE_NO_PROPOSAL_ESP);
	assert_int_equal(failure_of_notify(24, true), FAILURE_AUTHENTICATION_THERE);
	assert_int_equal(failure_of_notify(38, true), FAILURE_SELECTORS);
	assert_int_equal(failure_of_notify(17, false), FAILURE_KEY_EXCHANGE);
}

static void
version_1_has_words_of_its_own(void **state)
{
	static const struct {
		uint16_t type;
		enum failure ike, child;
	} cases[] = {{14, FAILURE_NO_PROPOSAL_IKE, FAILURE_NO_PROPOSAL_ESP},
		     {16, FAILURE_AUTHENTICATION_THERE, FAILURE_INTERNAL},
		     {18, FAILURE_AUTHENTICATION_THERE, FAILURE_SELECTORS},
		     {23, FAILURE_AUTHENTICATION_THERE, FAILURE_NONE},
		     {24576, FAILURE_NONE, FAILURE_NONE}}; /* RESPONDER-LIFETIME (RFC 2407 4.6.3) */

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(failure_of_notify_1(cases[i].type, false), cases[i].ike);
		assert_int_equal(failure_of_notify_1(cases[i].type, true), cases[i].child);
	}
}

static void
status_notifications_are_no_failures(void **state)
{
	assert_int_equal(failure_of_notify(16384, false), FAILURE_NONE); /* INITIAL_CONTACT */
	assert_int_equal(failure_of_notify(16388, false), FAILURE_NONE); /* NAT_DETECTION_SOURCE_IP */
	assert_int_equal(failure_of_notify(43, true), FAILURE_NONE); /* TEMPORARY_FAILURE: charon retries */
}

static void
backoff_doubles_to_thirty_seconds(void **state)
{
	static const unsigned seconds[] = {0, 1, 2, 4, 8, 16, 30, 30, 30};

	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		assert_int_equal(backoff_delay(i, 0), seconds[i] * USEC_PER_SEC);
	assert_int_equal(backoff_delay(UINT32_MAX, 0), 30 * USEC_PER_SEC);
}

static void
jitter_stays_within_a_quarter(void **state)
{
	for (unsigned failures = 0; failures < 10; failures++)
		for (uint64_t random = 0; random <= UINT32_MAX; random += 0x1234567) {
			usec_t least = backoff_delay(failures, 0),
			       delay = backoff_delay(failures, (uint32_t)random);

			assert_true(delay >= least);
			assert_true(delay <= least + least / 4);
		}
	assert_int_not_equal(backoff_delay(3, 1), backoff_delay(3, 700001));
}

TEST_MAIN(cmocka_unit_test(every_failure_has_a_code_and_a_hint),
	  cmocka_unit_test(codes_are_the_words_of_the_contract),
	  cmocka_unit_test(notifications_map_by_exchange), cmocka_unit_test(version_1_has_words_of_its_own),
	  cmocka_unit_test(status_notifications_are_no_failures),
	  cmocka_unit_test(backoff_doubles_to_thirty_seconds),
	  cmocka_unit_test(jitter_stays_within_a_quarter))
