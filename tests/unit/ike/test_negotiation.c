// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends of our own negotiate (pair.h), or tell why they can't. */

#include "core/base/text.h"
#include "tests/unit/ike/pair.h"

static void
two_tunnels_to_two_addresses_come_up_and_agree_on_keys(void **state)
{
	char line[1024], digests[2][64];
	const char *found;

	NEEDS_NETWORK();
	bring_up("");
	say(&ends[1], "add 6 hub/2 local=10.77.0.3 remote=10.77.0.1 psk=other");
	expect(&ends[1], "added 6", NULL, 2000);
	say(&ends[0], "add 8 aws/2 local=10.77.0.1 remote=10.77.0.3 psk=other initiate=1");
	expect(&ends[0], "event child_up 8", NULL, 10000);
	expect(&ends[1], "event child_up 6", NULL, 10000);
	say(&ends[0], "sas 7");
	found = next_line(&ends[0], "sas 7 in=1 out=1 reserved=0", NULL, 2000);
	assert_non_null(found);
	assert_non_null(strstr(found, "encap=0"));
	assert_non_null(strstr(found, "enc=20"));
	assert_non_null(strstr(found, "window=1024"));
	snprintf(line, sizeof(line), "%s", found);
	assert_int_equal(sscanf(strstr(line, "digest="), "digest=%63[^/]/%63s", digests[0], digests[1]), 2);
	say(&ends[1], "sas 5");
	/* What comes in here goes out there. */
	snprintf(line, sizeof(line), "digest=%s/%s", digests[1], digests[0]);
	expect(&ends[1], "sas 5 in=1 out=1", line, 2000);
	say(&ends[0], "status 8");
	found = next_line(&ends[0], "status 8", "ike_up=1 child_up=1", 2000);
	assert_non_null(found);
	assert_non_null(strstr(found, "ike=ESTABLISHED child=INSTALLED"));
	assert_non_null(strstr(found, "10.77.0.1...10.77.0.3:500"));
	assert_non_null(strstr(found, "id=10.77.0.1...10.77.0.3"));
	assert_non_null(strstr(found, "ikep=IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_256"));
	assert_non_null(strstr(found, "espp=ESP:AES_GCM_16_256"));
	assert_false(said(&ends[0], "event failed"));
	assert_false(said(&ends[0], "event retransmit"));
	stop(0);
	/* The Deletes of a clean stop reach the other side. */
	expect(&ends[1], "event child_down", "peer=1", 2000);
	expect(&ends[1], "event ike_down", "peer=1", 2000);
	stop(1);
}

static void
identities_may_be_names_and_the_remote_any(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 local=10.77.0.2 local_id=hub.example remote_id=site.example");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "local_id=site.example remote_id=hub.example");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 10000);
	stop(0);
	stop(1);
}

/* Both pretend a NAT, and both know that there is none. */
static void
forces_encapsulation(const char *more)
{
	bring_up(more);
	say(&ends[0], "sas 7");
	expect(&ends[0], "sas 7 in=1 out=1", "encap=1 port=4500", 2000);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "nat=0 encap=1 10.77.0.1...10.77.0.2:4500", 2000);
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5", "nat=0 encap=1 10.77.0.2...10.77.0.1:4500", 2000);
	stop(0);
	stop(1);
}

static void
forced_encapsulation_uses_port_4500(void **state)
{
	NEEDS_NETWORK();
	forces_encapsulation("encap=1");
}

static void
version_1_is_forced_into_udp_too(void **state)
{
	NEEDS_NETWORK();
	forces_encapsulation("encap=1 version=1 ike=aes128-sha256-modp2048 esp=aes128gcm16-modp2048");
}

static void
version_1_negotiates_too(void **state)
{
	NEEDS_NETWORK();
	bring_up("version=1 ike=aes128-sha256-modp2048 esp=aes128gcm16-modp2048");
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 ike=ESTABLISHED", "version=1", 2000);
	say(&ends[0], "down 7");
	expect(&ends[0], "event child_down 7", NULL, 3000);
	expect(&ends[1], "event child_down 5", "peer=1", 3000);
	stop(0);
	stop(1);
}

static void
wrong_key_is_an_authentication_failure_on_both_sides(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "psk=right");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "psk=wrong");
	expect(&ends[0], "event failed 7", "code=authentication_failed", 10000);
	expect(&ends[0], "known 7", "ours=<10.77.0.1, by pre-shared key> theirs=<any identity is taken>",
	       2000);
	expect(&ends[1], "event failed 5", "code=authentication_failed", 10000);
	expect(&ends[1], "known 5 hint=<the identities fit, so the pre-shared keys differ",
	       "theirs=<10.77.0.1; expected here: any> evidence=<tried 1 shared key", 2000);
	/* It is tried again, later and later. */
	expect(&ends[0], "event connecting 7", NULL, 4000);
	expect(&ends[0], "event failed 7", "code=authentication_failed", 4000);
	assert_false(said(&ends[0], "wrong"));
	assert_false(said(&ends[0], "event child_up"));
	stop(0);
	stop(1);
}

static void
wrong_identity_is_an_authentication_failure_on_both_sides(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "remote_id=somebody.else");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event failed 7", "code=authentication_failed", 10000);
	expect(&ends[1], "event failed 5", "code=authentication_failed", 10000);
	expect(&ends[1], "known 5 hint=<here: set the tunnel's remote_id to '10.77.0.1'",
	       "theirs=<10.77.0.1; expected here: somebody.else>", 2000);
	stop(0);
	stop(1);
}

static void
no_common_ike_proposal_is_told_with_the_proposals(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "ike=aes128-sha256-modp2048");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event failed 7 code=no_proposal_chosen", "aes256gcm16-prfsha384-ecp256", 10000);
	expect(&ends[0], "known 7 hint=<give both sides one IKE proposal in common",
	       "ours=<aes256gcm16-prfsha384-ecp256> theirs=<> evidence=<10.77.0.2 answers "
	       "NO_PROPOSAL_CHOSEN; it "
	       "does not tell",
	       2000);
	expect(&ends[1], "event failed 5 code=no_proposal_chosen", "aes256gcm16-prfsha384-ecp256", 10000);
	expect(&ends[1], "known 5 hint=<add aes256gcm16-prfsha384-ecp256 to ike.proposals here",
	       "ours=<aes128-sha256-modp2048> theirs=<aes256gcm16-prfsha384-ecp256> evidence=<encryption: we "
	       "aes128, they aes256gcm16|",
	       2000);
	stop(0);
	stop(1);
}

static void
no_common_esp_proposal_is_told_on_both_sides(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "esp=aes128-sha256");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event failed 7 code=no_proposal_chosen", "ESP", 10000);
	expect(&ends[1], "event failed 5 code=no_proposal_chosen", "ESP", 10000);
	expect(&ends[1], "known 5",
	       "ours=<aes128-sha256> theirs=<aes256gcm16> evidence=<encryption: we aes128, they aes256gcm16>",
	       2000);
	stop(0);
	stop(1);
}

static void
one_word_that_differs_is_named_by_whoever_knows_both_sides(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "ike=aes256gcm16-prfsha384-ecp384 initiate=1");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "ike=aes256gcm16-prfsha384-modp2048");
	expect(&ends[1], "known 5", "evidence=<DH group: we ecp384, they modp2048>", 10000);
	/* The other side asked too, and so told what it has: what it refuses now is compared with that. */
	expect(&ends[0], "known 7 hint=<only the DH group differs: add aes256gcm16-prfsha384-ecp384",
	       "theirs=<aes256gcm16-prfsha384-ecp384> evidence=<DH group: we modp2048, they ecp384>", 15000);
	expect(&ends[0], "known 7",
	       "evidence=<10.77.0.2 answers NO_PROPOSAL_CHOSEN; it offered these when it last asked us|DH "
	       "group: we "
	       "modp2048, they ecp384>",
	       15000);
	stop(0);
	stop(1);
}

static void
selectors_of_both_sides_are_told(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "ts=10.50.0.0/16 remote_ts=10.20.0.0/16");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "ts=10.21.0.0/16 remote_ts=10.50.0.0/16");
	expect(&ends[0], "event failed 7 code=ts_unacceptable", NULL, 10000);
	expect(&ends[0], "known 7", "ours=<10.21.0.0/16 === 10.50.0.0/16> theirs=<>", 2000);
	expect(&ends[1], "event failed 5 code=ts_unacceptable", NULL, 10000);
	expect(&ends[1], "known 5",
	       "ours=<10.50.0.0/16 === 10.20.0.0/16> theirs=<10.50.0.0/16 === 10.21.0.0/16>", 2000);
	stop(0);
	stop(1);
}

static void
version_1_tells_as_much(void **state)
{
	static const struct {
		const char *here, *there, *code, *ours, *theirs;
	} cases[] = {
	    {"ike=aes128-sha256-modp2048", "ike=aes128-sha256-modp3072", "no_proposal_chosen",
	     "ours=<aes128-sha256-modp2048>", "evidence=<DH group: we modp3072, they modp2048>"},
	    {"psk=wrong ike=aes128-sha256-modp2048", "psk=right ike=aes128-sha256-modp2048",
	     "authentication_failed", "ours=<10.77.0.1, by pre-shared key>", "the pre-shared keys differ"},
	    {"ike=aes128-sha256-modp2048 esp=aes128-sha256", "ike=aes128-sha256-modp2048 esp=aes256-sha256",
	     "no_proposal_chosen", "ours=<aes128-sha256>", "evidence=<encryption: we aes256, they aes128>"},
	    {"ike=aes128-sha256-modp2048 ts=10.21.0.0/16",
	     "ike=aes128-sha256-modp2048 remote_ts=10.20.0.0/16", "ts_unacceptable",
	     "ours=<10.21.0.0/16 ===", "theirs=<0.0.0.0/0 === 10.21.0.0/16>"},
	};

	NEEDS_NETWORK();
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		say(&ends[1], "add 5 hub/1 " RESPONDER "version=1 %s", cases[i].there);
		expect(&ends[1], "added 5", NULL, 2000);
		say(&ends[0], "add 7 aws/1 " INITIATOR "version=1 %s", cases[i].here);
		expect(&ends[1], "event failed 5", cases[i].code, 15000);
		expect(&ends[1], "known 5", cases[i].theirs, 2000);
		expect(&ends[0], "event failed 7", cases[i].code, 15000);
		expect(&ends[0], "known 7", cases[i].ours, 2000);
		say(&ends[0], "remove 7");
		say(&ends[1], "remove 5");
	}
	stop(0);
	stop(1);
}

static void
other_group_is_taken_where_it_is_among_ours(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "ike=aes256gcm16-prfsha384-ecp384");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "ike=aes256gcm16-prfsha384-ecp256-ecp384");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	assert_false(said(&ends[0], "event failed"));
	stop(0);
	stop(1);
}

static void
unknown_peer_is_told_with_its_address(void **state)
{
	NEEDS_NETWORK();
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[1], "event failed 0 code=no_matching_tunnel", "10.77.0.1", 10000);
	expect(&ends[0], "event failed 7", "code=no_proposal_chosen", 10000);
	stop(0);
	stop(1);
}

static void
silent_peer_is_no_answer_with_the_next_try(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "silence 1");
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event connecting 7", NULL, 3000);
	expect(&ends[0], "event retransmit 7", "count=2", 6000);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 ike=CONNECTING", "tries=3", 2000);
	expect(&ends[0], "event failed 7 code=no_answer", "next try in", 15000);
	expect(&ends[0], "known 7", "and nothing came back>", 2000);
	expect(&ends[0], "event connecting 7", NULL, 4000);
	/* Once it answers, the tunnel comes up by itself. */
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[1], "silence 0");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
peer_that_answers_on_one_port_only_is_told_with_the_other(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[1], "silence 4500");
	say(&ends[0], "add 7 aws/1 " INITIATOR "encap=1");
	expect(&ends[0], "event failed 7 code=no_answer",
	       "10.77.0.2 answers on UDP 500 and not on UDP 4500: ", 30000);
	expect(&ends[0], "known 7 hint=<let UDP 4500 pass in both directions",
	       "and only the first were answered>", 2000);
	say(&ends[1], "silence 0");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
refused_sa_is_an_internal_failure_with_the_planes_words(void **state)
{
	NEEDS_NETWORK();
	say(&ends[0], "refuse 1");
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event failed 7 code=internal", "refused by the test", 10000);
	say(&ends[0], "refuse 0");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
removed_tunnel_can_be_added_again_at_once(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "remove 7");
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "child_up=1", 2000);
	say(&ends[0], "remove 7");
	expect(&ends[1], "event child_down 5", "peer=1", 3000);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 none", NULL, 2000);
	stop(0);
	stop(1);
}

static void
configuration_that_charon_cannot_read_is_refused_with_a_reason(void **state)
{
	NEEDS_NETWORK();
	say(&ends[0], "add 7 aws/1 " INITIATOR "ike=aes256gcm17");
	expect(&ends[0], "refused tunnel aws/1: IKE proposal 'aes256gcm17'", NULL, 2000);
	say(&ends[0], "add 7 aws/1 initiate=1");
	expect(&ends[0], "refused", "needs the remote address", 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "version=3");
	expect(&ends[0], "refused", "IKE version 3", 2000);
	stop(0);
	stop(1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    NEGOTIATION(two_tunnels_to_two_addresses_come_up_and_agree_on_keys),
	    NEGOTIATION(identities_may_be_names_and_the_remote_any),
	    NEGOTIATION(forced_encapsulation_uses_port_4500),
	    NEGOTIATION(version_1_is_forced_into_udp_too),
	    NEGOTIATION(version_1_negotiates_too),
	    NEGOTIATION(wrong_key_is_an_authentication_failure_on_both_sides),
	    NEGOTIATION(wrong_identity_is_an_authentication_failure_on_both_sides),
	    NEGOTIATION(no_common_ike_proposal_is_told_with_the_proposals),
	    NEGOTIATION(no_common_esp_proposal_is_told_on_both_sides),
	    NEGOTIATION(one_word_that_differs_is_named_by_whoever_knows_both_sides),
	    NEGOTIATION(selectors_of_both_sides_are_told),
	    NEGOTIATION(version_1_tells_as_much),
	    NEGOTIATION(other_group_is_taken_where_it_is_among_ours),
	    NEGOTIATION(unknown_peer_is_told_with_its_address),
	    NEGOTIATION(silent_peer_is_no_answer_with_the_next_try),
	    NEGOTIATION(peer_that_answers_on_one_port_only_is_told_with_the_other),
	    NEGOTIATION(refused_sa_is_an_internal_failure_with_the_planes_words),
	    NEGOTIATION(removed_tunnel_can_be_added_again_at_once),
	    NEGOTIATION(configuration_that_charon_cannot_read_is_refused_with_a_reason),
	};

	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_network, NULL);
}
