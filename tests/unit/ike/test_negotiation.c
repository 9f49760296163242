// SPDX-License-Identifier: GPL-2.0-or-later
/* Two ends of our own negotiate (pair.h). */
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/unit/ike/pair.h"

/* --- tests
 * ----------------------------------------------------------------------------------------------------- */

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
a_rekeying_asked_for_during_another_follows_it(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "rekey 7");
	expect(&ends[0], "rekeying 1", NULL, 2000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	/* Now the IKE SA's is under way; some of these come when there is no other than the one that goes. */
	for (int i = 0; i < 30; i++) {
		say(&ends[0], "rekey 7");
		expect(&ends[0], "rekeying 1", NULL, 2000);
		usleep(500);
	}
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	stop(0);
	stop(1);
}

static void
rekeys_make_no_edge_and_keep_the_old_inbound_sa_for_a_while(void **state)
{
	char before[1024], after[1024];

	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "sas 7");
	snprintf(before, sizeof(before), "%s", next_line(&ends[0], "sas 7", NULL, 2000));
	say(&ends[0], "rekey 7");
	expect(&ends[0], "rekeying 1", NULL, 2000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[1], "event ike_rekeyed 5", NULL, 5000);
	say(&ends[0], "sas 7");
	expect(&ends[0], "sas 7 in=2 out=1", NULL, 2000);
	/* The other side rekeys too; then all that is old goes. */
	say(&ends[1], "rekey 5");
	expect(&ends[0], "event ike_rekeyed 7", NULL, 5000);
	for (int tries = 0; tries < 40; tries++) {
		say(&ends[0], "sas 7");
		snprintf(after, sizeof(after), "%s", next_line(&ends[0], "sas 7", NULL, 2000));
		if (strstr(after, "in=1 out=1 reserved=0"))
			break;
		usleep(250000);
	}
	assert_non_null(strstr(after, "in=1 out=1 reserved=0"));
	assert_string_not_equal(before, after);
	for (int i = 0; i < 2; i++) {
		assert_false(said(&ends[i], "event child_down"));
		assert_false(said(&ends[i], "event ike_down"));
		assert_false(said(&ends[i], "event failed"));
	}
	stop(0);
	stop(1);
}

static void
short_lifetimes_rekey_by_themselves(void **state)
{
	NEEDS_NETWORK();
	bring_up("esp_life=20 ike_life=40");
	expect(&ends[0], "event child_rekeyed 7", NULL, 21000);
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 21000);
	for (int tries = 0; tries < 300 && !said(&ends[0], "event ike_rekeyed 7"); tries++)
		pump(&ends[0], 100);
	assert_true(said(&ends[0], "event ike_rekeyed 7"));
	for (int i = 0; i < 2; i++)
		assert_false(said(&ends[i], "event child_down"));
	stop(0);
	stop(1);
}

static void
limits_of_the_plane_rekey_or_close_the_child(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[1], "soft 5");
	expect(&ends[1], "event child_rekeyed 5", NULL, 5000);
	expect(&ends[0], "event child_rekeyed 7", NULL, 5000);
	assert_false(said(&ends[0], "event child_down"));
	/* A hard limit closes it, and the initiator wants it back. */
	say(&ends[0], "hard 7");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	expect(&ends[0], "event child_up 7", NULL, 5000);
	stop(0);
	stop(1);
}

static void
moved_source_moves_the_sas_and_the_ike_sa(void **state)
{
	const char *line = NULL;

	NEEDS_NETWORK();
	bring_up("encap=1");
	say(&ends[1], "moved 5");
	for (int tries = 0; tries < 20 && !(line && strstr(line, "port=4777")); tries++) {
		say(&ends[1], "sas 5");
		line = next_line(&ends[1], "sas 5 in=1 out=1", NULL, 1000);
		usleep(100000);
	}
	assert_non_null(line);
	assert_non_null(strstr(line, "port=4777"));
	stop(0);
	stop(1);
}

static void
down_stays_down_and_up_brings_it_back(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "down 7");
	expect(&ends[0], "event child_down 7", "peer=0", 3000);
	expect(&ends[0], "event ike_down 7", "peer=0", 3000);
	expect(&ends[1], "event child_down 5", "peer=1", 3000);
	expect(&ends[1], "event ike_down 5", "peer=1", 3000);
	assert_null(next_line(&ends[0], "event connecting", NULL, 3000));
	say(&ends[0], "up 7");
	expect(&ends[0], "event child_up 7", NULL, 5000);
	/* A responder that is down refuses, until it is up. */
	say(&ends[1], "down 5");
	expect(&ends[0], "event child_down 7", "peer=1", 3000);
	expect(&ends[0], "event failed 7", NULL, 5000);
	say(&ends[1], "up 5");
	expect(&ends[0], "event child_up 7", NULL, 40000);
	stop(0);
	stop(1);
}

static void
killed_peer_is_dead_in_time_and_reconnected_when_it_returns(void **state)
{
	usec_t killed, told;

	NEEDS_NETWORK();
	bring_up("dpd=2 dpd_timeout=6");
	slay(1);
	killed = clock_monotonic();
	expect(&ends[0], "event peer_dead 7", NULL, 10000);
	told = clock_monotonic();
	assert_in_range((told - killed) / USEC_PER_MS, 3500, 8000);
	expect(&ends[0], "event child_down 7", "peer=0", 2000);
	expect(&ends[0], "event ike_down 7", NULL, 2000);
	expect(&ends[0], "event connecting 7", NULL, 3000);
	start(1);
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

/* Its timers would take minutes; something else says that the peer is dead. */
static void
doubted_peer_is_asked_at_once_and_dead_only_without_an_answer(void **state)
{
	usec_t asked;

	NEEDS_NETWORK();
	bring_up("dpd=60 dpd_timeout=300");
	for (unsigned i = 0; i < 7; i++) {
		say(&ends[0], "probe 7");
		usleep(USEC_PER_SEC); /* for longer than an unanswered one is waited for */
	}
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7 ike=ESTABLISHED", NULL, 2000);
	assert_false(said(&ends[0], "event peer_dead 7"));
	assert_false(said(&ends[0], "event retransmit 7"));
	/* A gap in the path that ends soon is none. */
	say(&ends[1], "silence 1");
	usleep(2 * USEC_PER_SEC); /* it is not asked more often */
	say(&ends[0], "probe 7");
	expect(&ends[0], "event retransmit 7", NULL, 8000);
	say(&ends[1], "silence 0");
	usleep(6 * USEC_PER_SEC);
	assert_false(said(&ends[0], "event peer_dead 7"));
	/* A peer that comes back without its SA never answers. */
	slay(1);
	start(1);
	say(&ends[1], "add 5 hub/1 " RESPONDER);
	expect(&ends[1], "added 5", NULL, 2000);
	asked = clock_monotonic();
	say(&ends[0], "probe 7");
	expect(&ends[0], "event peer_dead 7", NULL, 9000);
	assert_in_range((clock_monotonic() - asked) / USEC_PER_MS, 4500, 9000);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	stop(0);
	stop(1);
}

static void
expect_one_pair(int which, unsigned tunnel, int timeout_ms)
{
	usec_t until = clock_monotonic() + timeout_ms * USEC_PER_MS;
	char word[32];

	snprintf(word, sizeof(word), "sas %u", tunnel);
	for (;;) {
		const char *line;

		say(&ends[which], "%s", word);
		line = next_line(&ends[which], word, NULL, 2000);
		if (line && strstr(line, "in=1 out=1"))
			return;
		assert_true(clock_monotonic() < until);
		usleep(250000);
	}
}

static void
restarted_initiator_replaces_what_it_left_behind(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	slay(0);
	start(0);
	/* It asks for a known identity, so that it may send INITIAL_CONTACT. */
	say(&ends[0], "add 7 aws/1 " INITIATOR "remote_id=10.77.0.2");
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect_one_pair(1, 5, 5000); /* without INITIAL_CONTACT it would take twelve seconds */
	stop(0);
	stop(1);
}

static void
left_behind_without_initial_contact_goes_when_it_gives_no_sign_of_life(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	slay(0);
	start(0);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect_one_pair(1, 5, 25000);
	assert_false(said(&ends[1], "event child_down"));
	assert_false(said(&ends[0], "event child_down"));
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5 ike=ESTABLISHED child=INSTALLED", NULL, 2000);
	stop(0);
	stop(1);
}

static void
both_sides_starting_at_once_end_with_one_pair(void **state)
{
	int settled = 0;

	NEEDS_NETWORK();
	say(&ends[1], "add 5 hub/1 " RESPONDER "initiate=1");
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 10000);
	for (int tries = 0; tries < 80 && settled < 8; tries++) {
		const char *line;

		say(&ends[0], "sas 7");
		line = next_line(&ends[0], "sas 7", NULL, 2000);
		settled = line && strstr(line, "in=1 out=1") ? settled + 1 : 0;
		usleep(250000);
	}
	assert_int_equal(settled, 8);
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "child_up=1", 2000);
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

static void
rekeys_lose_no_packet(void **state)
{
	usec_t until;
	int status;
	pid_t pid;

	NEEDS_NETWORK();
	if (!try_start(0, true) || !try_start(1, true)) {
		print_message("the userspace data plane does not run here: %s\n",
			      ends[0].lines ? ends[0].lines : "");
		skip();
	}
	bring_up("");
	assert_true(run_in(namespaces[0], "ip addr add 169.254.7.1/30 dev ts7"));
	assert_true(run_in(namespaces[1], "ip addr add 169.254.7.2/30 dev ts5"));
	assert_true(run_in(namespaces[0], "ping -q -c 3 -i 0.05 -W 1 169.254.7.2 >/dev/null"));
	pid = fork();
	if (pid == 0)
		_exit(!run_in(namespaces[0],
			      "ping -q -c 1200 -i 0.005 -W 1 169.254.7.2 | grep -q ' 0%% packet loss'"));
	/* Either side in turn, about once in half a second, while a ping goes out every 5 ms. */
	until = clock_monotonic() + 7 * USEC_PER_SEC;
	for (int turn = 0; clock_monotonic() < until; turn++) {
		say(&ends[turn % 2], turn % 2 ? "rekey 5" : "rekey 7");
		expect(&ends[turn % 2], "event ike_rekeyed", NULL, 5000);
		expect(&ends[1 - turn % 2], "event ike_rekeyed", NULL, 5000);
		next_line(&ends[0], "nothing says this", NULL, 300);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_false(said(&ends[0], "event child_down"));
	assert_false(said(&ends[1], "event child_down"));
	say(&ends[0], "quit");
	expect(&ends[0], "done", NULL, 10000);
	say(&ends[1], "quit");
	expect(&ends[1], "done", NULL, 10000);
}

/* A thread of charon's is giving up the SA when all is to stop: each would wait for the other. */
static void
stop_while_an_sa_is_given_up_comes_to_its_end(void **state)
{
	NEEDS_NETWORK();
	bring_up("");
	say(&ends[0], "slow 400");
	say(&ends[1], "down 5");
	expect(&ends[0], "event child_down 7", NULL, 5000);
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
	    NEGOTIATION(rekeys_make_no_edge_and_keep_the_old_inbound_sa_for_a_while),
	    NEGOTIATION(a_rekeying_asked_for_during_another_follows_it),
	    NEGOTIATION(short_lifetimes_rekey_by_themselves),
	    NEGOTIATION(limits_of_the_plane_rekey_or_close_the_child),
	    NEGOTIATION(moved_source_moves_the_sas_and_the_ike_sa),
	    NEGOTIATION(down_stays_down_and_up_brings_it_back),
	    NEGOTIATION(killed_peer_is_dead_in_time_and_reconnected_when_it_returns),
	    NEGOTIATION(doubted_peer_is_asked_at_once_and_dead_only_without_an_answer),
	    NEGOTIATION(restarted_initiator_replaces_what_it_left_behind),
	    NEGOTIATION(left_behind_without_initial_contact_goes_when_it_gives_no_sign_of_life),
	    NEGOTIATION(both_sides_starting_at_once_end_with_one_pair),
	    NEGOTIATION(refused_sa_is_an_internal_failure_with_the_planes_words),
	    NEGOTIATION(removed_tunnel_can_be_added_again_at_once),
	    cmocka_unit_test_teardown(rekeys_lose_no_packet, stop_both),
	    NEGOTIATION(stop_while_an_sa_is_given_up_comes_to_its_end),
	    NEGOTIATION(configuration_that_charon_cannot_read_is_refused_with_a_reason),
	};

	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_network, NULL);
}
