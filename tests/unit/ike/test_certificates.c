// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentication by certificates between two ends of our own (pair.h). The certificates are made by openssl
 * when the tests begin, below a folder of their own.
 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/certificates.h"
#include "tests/unit/ike/pair.h"

static char folder[] = "/tmp/ike-XXXXXX";

/* Two CAs, a and b; an intermediate one below a; certificates of every kind of key for site and hub. One list
 * has the key identifier of its CA, one has not. */
static const char script[] = "root a; root b\n"
			     "for k in rsa ec ed; do\n"
			     "	leaf site.$k $k a 9 subjectAltName=DNS:site.example\n"
			     "	leaf hub.$k $k a 9 subjectAltName=DNS:hub.example\n"
			     "done\n"
			     "leaf middle ec a 9 basicConstraints=critical,CA:TRUE\n"
			     "leaf below.ec ec middle 9 subjectAltName=DNS:below.example\n"
			     "leaf other.ec ec b 9 subjectAltName=DNS:site.example\n"
			     "leaf old.ec ec a -1 subjectAltName=DNS:old.example\n"
			     "list a site.rsa\n"
			     "list b other.ec -crlexts identified\n";

static int
make_certificates(void **state)
{
	return make_network(state) == 0 ? certificates_make(folder, script) : -1;
}

static int
remove_certificates(void **state)
{
	return certificates_remove(folder);
}

#define HUB "local=10.77.0.2 remote=10.77.0.1 "
#define SITE "local=10.77.0.1 remote=10.77.0.2 initiate=1 "

static void
hub(const char *certificate, const char *more)
{
	say(&ends[1], "add 5 hub/1 " HUB "certificate=%s,%s %s", folder, certificate, more);
	expect(&ends[1], "added 5", NULL, 5000);
}

static void
site(const char *certificate, const char *more)
{
	say(&ends[0], "add 7 site/1 " SITE "certificate=%s,%s %s", folder, certificate, more);
	expect(&ends[0], "added 7", NULL, 5000);
}

static void
come_up(void)
{
	expect(&ends[0], "event child_up 7", NULL, 15000);
	expect(&ends[1], "event child_up 5", NULL, 15000);
}

static void
stop_pair(void)
{
	stop(0);
	stop(1);
}

static void
authenticate(const char *kind, const char *more)
{
	char certificate[64];

	snprintf(certificate, sizeof(certificate), "hub.%s,a", kind);
	hub(certificate, more);
	snprintf(certificate, sizeof(certificate), "site.%s,a", kind);
	site(certificate, more);
	come_up();
	say(&ends[0], "status 7");
	expect(&ends[0], "status 7", "id=C=FR, O=Example, CN=site...C=FR, O=Example, CN=hub", 2000);
	stop_pair();
}

static void
rsa_certificates_authenticate(void **state)
{
	NEEDS_NETWORK();
	authenticate("rsa", "");
}

static void
ecdsa_certificates_authenticate(void **state)
{
	NEEDS_NETWORK();
	authenticate("ec", "");
}

static void
ed25519_certificates_authenticate(void **state)
{
	NEEDS_NETWORK();
	authenticate("ed", "");
}

#define VERSION_1 "version=1 ike=aes128-sha256-modp2048 esp=aes128gcm16-modp2048"

static void
rsa_certificates_authenticate_in_version_1(void **state)
{
	NEEDS_NETWORK();
	authenticate("rsa", VERSION_1);
}

static void
ecdsa_certificates_authenticate_in_version_1(void **state)
{
	NEEDS_NETWORK();
	authenticate("ec", VERSION_1);
}

static void
alternative_names_are_identities(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "local_id=hub.example remote_id=site.example");
	site("site.ec,a", "local_id=site.example remote_id=hub.example");
	come_up();
	say(&ends[1], "status 5");
	expect(&ends[1], "status 5", "id=hub.example...site.example", 2000);
	stop_pair();
}

static void
part_of_a_name_may_be_anything(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "remote_id=C=FR,O=Example,CN=*");
	site("site.ec,a", "remote_id=C=FR,O=Example,CN=hub");
	come_up();
	stop_pair();
}

static void
intermediate_certificates_are_sent(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("below.ec,a,-,middle", "");
	come_up();
	stop_pair();
}

static void
certificate_without_its_intermediate_is_untrusted(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("below.ec,a", "");
	expect(&ends[1], "event failed 5 code=certificate_untrusted",
	       "comes from 'C=FR, O=Example, CN=middle'", 10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", "refuses our certificate", 10000);
	stop_pair();
}

static void
certificate_of_another_ca_is_untrusted_on_both_sides(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("other.ec,a", "");
	expect(&ends[1], "event failed 5 code=certificate_untrusted", "comes from 'O=Example, CN=root b'",
	       10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", "refuses our certificate", 10000);
	assert_false(said(&ends[0], "event child_up"));
	stop(0);
	/* The other way round: the initiator trusts another CA. */
	start(0);
	site("site.ec,b", "");
	expect(&ends[0], "event failed 7 code=certificate_untrusted", "comes from 'O=Example, CN=root a'",
	       10000);
	stop_pair();
}

static void
expired_certificate_is_told_with_its_date_on_both_sides(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("old.ec,a", "");
	expect(&ends[1], "event failed 5 code=certificate_expired", "'C=FR, O=Example, CN=old' expired on 20",
	       10000);
	expect(&ends[0], "event failed 7 code=certificate_expired", "our certificate expired on 20", 10000);
	stop_pair();
}

static void
revoked_certificate_is_told_with_its_date(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a,crl", "");
	site("site.rsa,a", "");
	expect(&ends[1], "event failed 5 code=certificate_revoked", "CN=site' was revoked on ", 10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", "refuses our certificate", 10000);
	stop_pair();
}

static void
revocation_list_with_a_key_identifier_counts_too(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,b,crl", "");
	site("other.ec,a", "");
	expect(&ends[1], "event failed 5 code=certificate_revoked", NULL, 10000);
	stop_pair();
}

static void
revocation_list_leaves_others_alone(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a,crl", "");
	site("site.ec,a,crl", "");
	come_up();
	stop_pair();
}

static void
revocation_list_can_be_exchanged_while_the_tunnel_is_up(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("site.rsa,a", "");
	come_up();
	say(&ends[1], "certify 5 %s,hub.ec,a,crl", folder);
	expect(&ends[1], "certified 5", NULL, 2000);
	assert_null(next_line(&ends[0], "event child_down", NULL, 1000));
	say(&ends[0], "down 7");
	expect(&ends[0], "event child_down 7", NULL, 5000);
	say(&ends[0], "up 7");
	expect(&ends[1], "event failed 5 code=certificate_revoked", NULL, 10000);
	stop_pair();
}

static void
identity_that_is_not_in_the_certificate_is_told(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "remote_id=liar.example");
	site("site.ec,a", "local_id=liar.example");
	expect(&ends[1], "event failed 5 code=certificate_identity", "liar.example", 10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", NULL, 10000);
	stop_pair();
}

static void
other_identity_than_expected_is_refused(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "remote_id=somebody.else");
	site("site.ec,a", "");
	expect(&ends[1], "event failed", "code=authentication_failed", 10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", NULL, 10000);
	stop_pair();
}

static void
identity_that_is_asked_for_in_vain_is_named(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	site("site.ec,a", "remote_id=elsewhere.example");
	expect(&ends[0], "event failed 7 code=authentication_failed", "(we ask for 'elsewhere.example')",
	       10000);
	expect(&ends[0], "known 7 hint=<on the other side", "theirs=<asked for as elsewhere.example>", 2000);
	stop_pair();
}

static void
secret_does_not_meet_a_certificate(void **state)
{
	NEEDS_NETWORK();
	hub("hub.ec,a", "");
	say(&ends[0], "add 7 site/1 " SITE "psk=secret");
	expect(&ends[1], "event failed", "code=authentication_failed", 10000);
	expect(&ends[0], "event failed 7 code=authentication_failed", NULL, 10000);
	assert_false(said(&ends[0], "event child_up"));
	stop_pair();
}

/* Peers of any address, each below a CA of its own: one's CA can't vouch for the other. */
static void
each_tunnel_has_its_own_ca(void **state)
{
	NEEDS_NETWORK();
	say(&ends[1], "add 4 hub/1 local=10.77.0.2 remote_id=nobody.example certificate=%s,hub.ec,a", folder);
	expect(&ends[1], "added 4", NULL, 5000);
	say(&ends[1], "add 5 hub/2 local=10.77.0.2 remote_id=site.example certificate=%s,hub.rsa,b", folder);
	expect(&ends[1], "added 5", NULL, 5000);
	site("other.ec,a", "local_id=site.example");
	come_up();
	assert_false(said(&ends[1], "event failed"));
	stop(0);
	/* It has the identity, but of CA a, which counts for the other tunnel only. */
	start(0);
	site("site.ec,a", "local_id=site.example");
	expect(&ends[1], "event failed 5 code=certificate_untrusted", "not authenticated by CA", 10000);
	assert_false(said(&ends[0], "event child_up"));
	stop_pair();
}

static void
what_charon_cannot_read_is_refused_with_a_reason(void **state)
{
	NEEDS_NETWORK();
	say(&ends[0], "add 7 site/1 " SITE "certificate=%s,ca,a", folder);
	expect(&ends[0], "refused tunnel site/1: the certificate can't be used", NULL, 2000);
	stop_pair();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    NEGOTIATION(rsa_certificates_authenticate),
	    NEGOTIATION(ecdsa_certificates_authenticate),
	    NEGOTIATION(ed25519_certificates_authenticate),
	    NEGOTIATION(rsa_certificates_authenticate_in_version_1),
	    NEGOTIATION(ecdsa_certificates_authenticate_in_version_1),
	    NEGOTIATION(alternative_names_are_identities),
	    NEGOTIATION(part_of_a_name_may_be_anything),
	    NEGOTIATION(intermediate_certificates_are_sent),
	    NEGOTIATION(certificate_without_its_intermediate_is_untrusted),
	    NEGOTIATION(certificate_of_another_ca_is_untrusted_on_both_sides),
	    NEGOTIATION(expired_certificate_is_told_with_its_date_on_both_sides),
	    NEGOTIATION(revoked_certificate_is_told_with_its_date),
	    NEGOTIATION(revocation_list_with_a_key_identifier_counts_too),
	    NEGOTIATION(revocation_list_leaves_others_alone),
	    NEGOTIATION(revocation_list_can_be_exchanged_while_the_tunnel_is_up),
	    NEGOTIATION(identity_that_is_not_in_the_certificate_is_told),
	    NEGOTIATION(other_identity_than_expected_is_refused),
	    NEGOTIATION(identity_that_is_asked_for_in_vain_is_named),
	    NEGOTIATION(secret_does_not_meet_a_certificate),
	    NEGOTIATION(each_tunnel_has_its_own_ca),
	    NEGOTIATION(what_charon_cannot_read_is_refused_with_a_reason),
	};
	int code = pair_main(argc, argv);

	if (code >= 0)
		return code;
	return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
