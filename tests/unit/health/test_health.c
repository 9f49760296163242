// SPDX-License-Identifier: GPL-2.0-or-later
/* The fusion of what several watchers say of a tunnel. */
#include "tests/unit/test.h"

#include "core/base/text.h"
#include "core/health/health.h"

static struct {
	unsigned calls;
	enum health_verdict verdict;
	char evidence[240];
} told;

static void
changed(void *context, enum health_verdict verdict, const char *evidence)
{
	told.calls++;
	told.verdict = verdict;
	snprintf(told.evidence, sizeof(told.evidence), "%s", evidence);
}

static int
make(void **state)
{
	memset(&told, 0, sizeof(told));
	*state = health_new(changed, NULL);
	return 0;
}

static int
drop(void **state)
{
	health_free(*state);
	return 0;
}

static enum health_verdict
verdict_of(struct health *health)
{
	return health_verdict(health, NULL, NULL);
}

static void
nothing_known_is_unknown(void **state)
{
	const char *evidence;

	assert_int_equal(health_verdict(*state, &evidence, NULL), HEALTH_UNKNOWN);
	assert_string_equal(evidence, "nothing is known yet");
	assert_false(health_source_says(*state, HEALTH_IKE, NULL, NULL, NULL));
}

static void
one_good_word_is_ok(void **state)
{
	health_report(*state, HEALTH_CHILD, HEALTH_OK, "child SA installed");
	assert_int_equal(verdict_of(*state), HEALTH_OK);
	assert_int_equal(told.calls, 1);
	health_report(*state, HEALTH_BFD, HEALTH_OK, "Up");
	assert_int_equal(told.calls, 1);
}

static void
ok_names_all_who_say_so(void **state)
{
	const char *evidence;

	health_report(*state, HEALTH_BFD, HEALTH_OK, "Up");
	health_report(*state, HEALTH_IKE, HEALTH_OK, NULL);
	health_verdict(*state, &evidence, NULL);
	assert_string_equal(evidence, "ike, bfd");
}

static void
each_watcher_of_the_tunnel_itself_can_declare_it_dead(void **state)
{
	static const enum health_source deciding[] = {HEALTH_IKE, HEALTH_CHILD, HEALTH_BFD, HEALTH_PROBE};

	for (size_t i = 0; i < COUNT_OF(deciding); i++) {
		struct health *health = health_new(changed, NULL);

		health_report(health, HEALTH_TRAFFIC, HEALTH_OK, "");
		health_report(health, deciding[i], HEALTH_FAILED, "gone");
		assert_int_equal(verdict_of(health), HEALTH_FAILED);
		assert_int_equal(told.verdict, HEALTH_FAILED);
		health_free(health);
	}
}

static void
evidence_names_the_deciding_source(void **state)
{
	health_report(*state, HEALTH_IKE, HEALTH_OK, "up");
	health_report(*state, HEALTH_PROBE, HEALTH_FAILED, "no answer to 3 probes");
	assert_string_equal(told.evidence, "probe: no answer to 3 probes");
}

static void
the_first_of_several_failures_stays_the_evidence(void **state)
{
	const char *evidence;

	health_report(*state, HEALTH_PROBE, HEALTH_FAILED, "no answer to 3 probes");
	for (usec_t begun = clock_monotonic(); clock_monotonic() == begun;)
		;
	health_report(*state, HEALTH_IKE, HEALTH_FAILED, "dead peer");
	health_report(*state, HEALTH_PROBE, HEALTH_FAILED, "no answer to 4 probes");
	health_verdict(*state, &evidence, NULL);
	assert_string_equal(evidence, "probe: no answer to 4 probes");
	assert_int_equal(told.calls, 1);
}

static void
bgp_that_never_was_up_has_no_say(void **state)
{
	health_report(*state, HEALTH_BGP, HEALTH_FAILED, "Active");
	assert_int_equal(verdict_of(*state), HEALTH_UNKNOWN);
	health_report(*state, HEALTH_CHILD, HEALTH_OK, "");
	assert_int_equal(verdict_of(*state), HEALTH_OK);
}

static void
bgp_that_was_up_and_fails_is_a_failure(void **state)
{
	health_report(*state, HEALTH_CHILD, HEALTH_OK, "");
	health_report(*state, HEALTH_BGP, HEALTH_OK, "Established");
	health_report(*state, HEALTH_BGP, HEALTH_FAILED, "hold timer expired");
	assert_int_equal(verdict_of(*state), HEALTH_FAILED);
	assert_string_equal(told.evidence, "bgp: hold timer expired");
	health_report(*state, HEALTH_BGP, HEALTH_OK, "Established");
	assert_int_equal(verdict_of(*state), HEALTH_OK);
}

static void
traffic_alone_only_raises_suspicion(void **state)
{
	health_report(*state, HEALTH_CHILD, HEALTH_OK, "");
	health_report(*state, HEALTH_TRAFFIC, HEALTH_FAILED, "packets out, none in for 500 ms");
	assert_int_equal(verdict_of(*state), HEALTH_SUSPECT);
	assert_string_equal(told.evidence, "traffic: packets out, none in for 500 ms");
}

static void
suspicion_outweighs_ok_and_failure_outweighs_suspicion(void **state)
{
	health_report(*state, HEALTH_BFD, HEALTH_OK, "");
	health_report(*state, HEALTH_PROBE, HEALTH_SUSPECT, "one probe lost");
	assert_int_equal(verdict_of(*state), HEALTH_SUSPECT);
	health_report(*state, HEALTH_BFD, HEALTH_FAILED, "detection time expired");
	assert_int_equal(verdict_of(*state), HEALTH_FAILED);
	health_report(*state, HEALTH_BFD, HEALTH_OK, "Up");
	assert_int_equal(verdict_of(*state), HEALTH_SUSPECT);
	health_report(*state, HEALTH_PROBE, HEALTH_OK, "");
	assert_int_equal(verdict_of(*state), HEALTH_OK);
	assert_int_equal(told.calls, 5);
}

static void
unknown_takes_a_say_away(void **state)
{
	health_report(*state, HEALTH_IKE, HEALTH_OK, "");
	health_report(*state, HEALTH_PROBE, HEALTH_FAILED, "no answer");
	health_report(*state, HEALTH_PROBE, HEALTH_UNKNOWN, "switched off");
	assert_int_equal(verdict_of(*state), HEALTH_OK);
	assert_false(health_source_says(*state, HEALTH_PROBE, NULL, NULL, NULL));
	health_report(*state, HEALTH_IKE, HEALTH_UNKNOWN, "");
	assert_int_equal(verdict_of(*state), HEALTH_UNKNOWN);
}

static void
since_is_when_the_verdict_began(void **state)
{
	usec_t first, later;

	health_report(*state, HEALTH_IKE, HEALTH_OK, "");
	health_verdict(*state, NULL, &first);
	for (usec_t begun = clock_monotonic(); clock_monotonic() == begun;)
		;
	health_report(*state, HEALTH_BFD, HEALTH_OK, "");
	health_verdict(*state, NULL, &later);
	assert_true(first == later);
	health_report(*state, HEALTH_BFD, HEALTH_FAILED, "");
	health_verdict(*state, NULL, &later);
	assert_true(later > first);
}

static void
a_sources_last_word_can_be_asked_for(void **state)
{
	enum health_verdict verdict;
	const char *text;
	usec_t at;

	health_report(*state, HEALTH_PROBE, HEALTH_SUSPECT, "one\nlost");
	assert_true(health_source_says(*state, HEALTH_PROBE, &verdict, &text, &at));
	assert_int_equal(verdict, HEALTH_SUSPECT);
	assert_string_equal(text, "one?lost");
	assert_true(at > 0 && at <= clock_monotonic());
	assert_string_equal(health_source_name(HEALTH_PROBE), "probe");
	assert_string_equal(health_verdict_name(HEALTH_FAILED), "failed");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

TEST_MAIN(CASE(nothing_known_is_unknown), CASE(one_good_word_is_ok), CASE(ok_names_all_who_say_so),
	  CASE(each_watcher_of_the_tunnel_itself_can_declare_it_dead),
	  CASE(evidence_names_the_deciding_source), CASE(the_first_of_several_failures_stays_the_evidence),
	  CASE(bgp_that_never_was_up_has_no_say), CASE(bgp_that_was_up_and_fails_is_a_failure),
	  CASE(traffic_alone_only_raises_suspicion),
	  CASE(suspicion_outweighs_ok_and_failure_outweighs_suspicion), CASE(unknown_takes_a_say_away),
	  CASE(since_is_when_the_verdict_began), CASE(a_sources_last_word_can_be_asked_for))
