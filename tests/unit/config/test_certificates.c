// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates in the configuration: what `twinspan check` says of them, a row of the table each, and what
 * comes out. They are made by openssl when the tests begin, in a folder of their own.
 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/config/config.h"
#include "tests/unit/certificates.h"

static const char script[] =
    "root a; root b; root late -1\n"
    "for k in rsa ec ed weak curve; do leaf $k $k a 90 subjectAltName=DNS:$k.example,IP:192.0.2.1; done\n"
    "leaf old ec a -1 subjectAltName=DNS:old.example\n"
    "leaf soon ec a 9 subjectAltName=DNS:soon.example\n"
    "leaf sha1 ec a 90 subjectAltName=DNS:sha1.example -sha1\n"
    "leaf other ec b 90 subjectAltName=DNS:other.example\n"
    "leaf middle ec a 90 basicConstraints=critical,CA:TRUE\n"
    "leaf below ec middle 90 subjectAltName=DNS:below.example\n"
    "cat below.crt middle.crt >chain.crt\n"
    "cat middle.crt a.crt >bundle.crt\n"
    "list a rsa; cp a.crlpem revoked.crl\n"
    "list a ec; cp a.crlpem fine.crl\n"
    "list b other; cp b.crlpem foreign.crl\n"
    "list a ec -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z; cp a.crlpem past.crl\n"
    "cp rsa.key open.pem; chmod 640 open.pem\n"
    "printf 'sesame\\n' >pass; printf 'wrong\\n' >wrong\n"
    "openssl pkcs8 -topk8 -in rsa.pem -passout pass:sesame -out locked.pem\n"
    "openssl pkcs12 -export -in chain.crt -inkey below.pem -passout pass:sesame -out chain.p12\n"
    "openssl pkcs12 -export -nokeys -in a.crt -passout pass:sesame -out bare.p12\n"
    "echo nothing >text\n"
    "echo key_of_the_tests >psk\n";

#define GATEWAY "gateway: {name: g, asn: 65000, outside: 192.0.2.1, networks: [10.0.0.0/16]}\n"
#define DAY (24 * 3600 * USEC_PER_SEC)

/* The certificate stands on line 4, the tunnels on lines 7 and 8. */
#define WITH(certificate, one, two) \
	GATEWAY "connections:\n  - name: c\n    certificate: {" certificate \
		"}\n    peer_asn: 64512\n    tunnels:\n" \
		"      - {remote: 203.0.113.1, inside: 169.254.10.2/30, " one "}\n" \
		"      - {remote: 203.0.113.2, inside: 169.254.10.6/30, " two "}\n"
#define CASE(certificate) WITH(certificate, "remote_id: a.example", "remote_id: b.example")
#define OWN(name) "file: " name ".crt, key: " name ".pem, ca: a.crt"

static const struct test_case {
	const char *name, *text, *expected; /* %D stands for a date */
} cases[] = {
    {"an_rsa_certificate_is_fine", CASE(OWN("rsa")), ""},
    {"an_ecdsa_certificate_is_fine", CASE(OWN("ec")), ""},
    {"an_ed25519_certificate_is_fine", CASE(OWN("ed")), ""},
    {"der_is_read_too", CASE("file: rsa.cert, key: rsa.key, ca: a.cert, crl: b.crl"),
     "f:4:66: crl 'b.crl' comes from 'O=Example, CN=root b', which ca 'a.cert' has not in it\n"},
    {"intermediate_certificates_stand_behind_it", CASE("file: chain.crt, key: below.pem, ca: a.crt"), ""},
    {"intermediate_certificates_stand_before_the_root",
     CASE("file: below.crt, key: below.pem, ca: bundle.crt"), ""},
    {"pkcs12_has_it_all", CASE("pkcs12: chain.p12, password_file: pass, ca: a.crt"), ""},
    {"an_encrypted_key_has_a_password",
     CASE("file: rsa.crt, key: locked.pem, password_file: pass, ca: a.crt"), ""},

    /* Which one counts. */
    {"a_tunnels_own_secret_counts_before_a_certificate_from_above",
     WITH("file: none.crt, key: none.pem, ca: none.crt", "psk_file: psk", "psk_file: psk"), ""},
    {"a_secret_and_a_certificate_of_one_tunnel_are_an_error",
     WITH(OWN("rsa"), "remote_id: a.example, psk_file: psk, certificate: {ca: a.crt}",
	  "remote_id: b.example"),
     "f:7:78: a tunnel takes psk_file or certificate, not both\n"},
    {"a_tunnels_own_file_takes_the_key_with_it",
     WITH("pkcs12: chain.p12, password_file: wrong, ca: a.crt",
	  "remote_id: a.example, certificate: {file: rsa.crt, key: rsa.pem}",
	  "remote_id: b.example, certificate: {file: ec.crt, key: ec.pem}"),
     ""},
    {"anybody_of_the_ca_is_a_warning", WITH(OWN("rsa"), "mtu: 1400", "remote_id: any"),
     "f:7:18: warning: no 'remote_id' is given: whoever has a certificate of the CA is taken for the peer "
     "('remote_id: any' where that is meant)\n"},

    /* Keys that are missing or too many. */
    {"a_certificate_needs_a_file", CASE("ca: a.crt"),
     "f:4:18: missing key 'file' in certificate (or 'pkcs12')\n"},
    {"a_certificate_needs_a_key", CASE("file: rsa.crt, ca: a.crt"),
     "f:4:18: missing key 'key' in certificate\n"},
    {"a_certificate_needs_a_ca", CASE("file: rsa.crt, key: rsa.pem"),
     "f:4:18: missing key 'ca' in certificate: whom the peer's has to come from\n"},
    {"file_and_pkcs12_are_an_error", CASE(OWN("rsa") ", pkcs12: chain.p12"),
     "f:4:18: a certificate takes file or pkcs12, not both\n"},
    {"pkcs12_has_its_own_key", CASE("pkcs12: chain.p12, key: rsa.pem, ca: a.crt"),
     "f:4:18: 'key' has no place beside pkcs12, which has it\n"},

    /* Files. */
    {"all_files_that_are_missing_are_told", CASE("file: x.crt, key: x.pem, ca: y.crt, crl: y.crl"),
     "f:4:25: file 'x.crt' can't be opened: No such file or directory\n"
     "f:4:37: key 'x.pem' can't be opened: No such file or directory\n"
     "f:4:48: ca 'y.crt' can't be opened: No such file or directory\n"
     "f:4:60: crl 'y.crl' can't be opened: No such file or directory\n"},
    {"a_key_that_others_can_read_is_refused", CASE("file: rsa.crt, key: open.pem, ca: a.crt"),
     "f:4:39: key 'open.pem' is open to others (mode 0640): make it 0600\n"},
    {"text_is_no_certificate", CASE("file: text, key: text, ca: text, crl: text"),
     "f:4:25: file 'text' has no X.509 certificate (PEM or DER) in it\n"
     "f:4:36: key 'text' has no private key (PEM or DER) in it\n"
     "f:4:46: ca 'text' has no X.509 certificate (PEM or DER) in it\n"
     "f:4:57: crl 'text' has no revocation list (PEM or DER) in it\n"},
    {"text_is_no_pkcs12", CASE("pkcs12: text, ca: a.crt"), "f:4:27: pkcs12 'text' is no PKCS #12 file\n"},
    {"an_encrypted_key_needs_a_password", CASE("file: rsa.crt, key: locked.pem, ca: a.crt"),
     "f:4:39: key 'locked.pem' is encrypted: name a file with its password in 'password_file'\n"},
    {"a_wrong_password_of_a_key", CASE("file: rsa.crt, key: locked.pem, password_file: wrong, ca: a.crt"),
     "f:4:66: password_file 'wrong' doesn't have the password of key 'locked.pem'\n"},
    {"an_encrypted_pkcs12_needs_a_password", CASE("pkcs12: chain.p12, ca: a.crt"),
     "f:4:27: pkcs12 'chain.p12' is encrypted: name a file with its password in 'password_file'\n"},
    {"a_wrong_password_of_a_pkcs12", CASE("pkcs12: chain.p12, password_file: wrong, ca: a.crt"),
     "f:4:53: password_file 'wrong' doesn't have the password of pkcs12 'chain.p12'\n"},
    {"a_pkcs12_without_a_key", CASE("pkcs12: bare.p12, password_file: pass, ca: a.crt"),
     "f:4:27: pkcs12 'bare.p12' has no private key in it\n"},

    /* What is in them. */
    {"a_key_of_another_certificate", CASE("file: rsa.crt, key: ec.pem, ca: a.crt"),
     "f:4:39: key 'ec.pem' is not the key of the certificate in 'rsa.crt'\n"},
    {"an_expired_certificate_is_a_warning", CASE(OWN("old")),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=old' expired on %D\n"},
    {"a_certificate_that_expires_soon_is_a_warning", CASE(OWN("soon")),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=soon' expires on %D\n"},
    {"an_expired_ca_is_a_warning", CASE("file: rsa.crt, key: rsa.pem, ca: late.crt"),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=rsa' does not come from the CA in 'late.crt' (unable "
     "to get "
     "local issuer certificate): a peer that trusts that CA only will refuse it\n"
     "f:4:52: warning: certificate 'O=Example, CN=root late' expired on %D\n"},
    {"a_weak_key_is_a_warning", CASE(OWN("weak")),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=weak' has an RSA key of 1024 bits: 2048 is the least "
     "that "
     "counts as safe\n"},
    {"a_sha1_signature_is_a_warning", CASE(OWN("sha1")),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=sha1' is signed with SHA-1, which can be forged: "
     "have it "
     "signed with SHA-256\n"},
    {"a_curve_that_ike_does_not_know_is_an_error", CASE(OWN("curve")),
     "f:4:41: the private key is on the curve secp256k1, which IKE has no signature for: RSA, ECDSA on "
     "P-256, P-384 "
     "or P-521, or Ed25519\n"},
    {"a_certificate_of_another_ca_is_a_warning", CASE(OWN("other")),
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=other' does not come from the CA in 'a.crt' (unable "
     "to get "
     "local issuer certificate): a peer that trusts that CA only will refuse it\n"},
    {"a_ca_without_its_root_is_an_error", CASE("file: below.crt, key: below.pem, ca: middle.crt"),
     "f:4:56: ca 'middle.crt' has no root (a self-signed certificate) in it: put the one that its chain ends "
     "at "
     "into it\n"
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=below' does not come from the CA in 'middle.crt' "
     "(unable to "
     "get issuer certificate): a peer that trusts that CA only will refuse it\n"},
    {"a_certificate_that_is_no_cas_is_an_error", CASE("file: rsa.crt, key: rsa.pem, ca: ec.crt"),
     "f:4:52: ca 'ec.crt' has 'C=FR, O=Example, CN=ec' in it, which is no CA's certificate\n"
     "f:4:52: ca 'ec.crt' has no root (a self-signed certificate) in it: put the one that its chain ends at "
     "into "
     "it\n"
     "f:4:25: warning: certificate 'C=FR, O=Example, CN=rsa' does not come from the CA in 'ec.crt' (unable "
     "to get "
     "local issuer certificate): a peer that trusts that CA only will refuse it\n"},

    /* Revocation lists. */
    {"a_revocation_list_is_fine", CASE(OWN("rsa") ", crl: fine.crl"), ""},
    {"a_revoked_certificate_is_a_warning", CASE(OWN("rsa") ", crl: revoked.crl"),
     "f:4:64: warning: certificate 'C=FR, O=Example, CN=rsa' was revoked on %D, says crl 'revoked.crl'\n"},
    {"a_list_of_another_ca_is_an_error", CASE(OWN("rsa") ", crl: foreign.crl"),
     "f:4:64: crl 'foreign.crl' comes from 'O=Example, CN=root b', which ca 'a.crt' has not in it\n"},
    {"an_old_list_is_a_warning", CASE(OWN("rsa") ", crl: past.crl"),
     "f:4:64: warning: crl 'past.crl' is out of date: the next one was due on %D\n"},

    /* Identities. */
    {"the_subject_is_an_identity",
     WITH(OWN("rsa"), "remote_id: a.example, local_id: \"C=FR, O=Example, CN=rsa\"", "remote_id: b.example"),
     ""},
    {"alternative_names_are_identities",
     WITH(OWN("rsa"), "remote_id: a.example, local_id: rsa.example",
	  "remote_id: b.example, local_id: 192.0.2.1"),
     ""},
    {"an_identity_that_is_not_in_the_certificate_is_an_error",
     WITH(OWN("rsa"), "remote_id: a.example, local_id: ec.example", "remote_id: b.example"),
     "f:7:88: 'local_id' 'ec.example' is not in the certificate ('C=FR, O=Example, CN=rsa', nor an "
     "alternative name "
     "of it): a peer would refuse it\n"},
    {"version_1_has_no_edwards_curves",
     WITH(OWN("ed"), "remote_id: a.example, ike: {version: 1, proposals: [aes256-sha256-modp2048]}",
	  "remote_id: b.example"),
     "f:7:93: IKE version 1 has no signatures with Ed25519: use version 2, or a certificate with RSA or "
     "ECDSA\n"},
};

static char folder[] = "twinspan-test-XXXXXX";

/* Equal but for dates. */
static bool
matches(const char *text, const char *expected)
{
	for (; *expected != '\0'; expected++, text++) {
		if (strncmp(expected, "%D", 2) == 0) {
			text = strstr(text, " UTC");
			if (text == NULL)
				return false;
			text += 3;
			expected++;
		} else if (*text != *expected) {
			return false;
		}
	}
	return *text == '\0';
}

static struct config *
parse(const char *text, struct config_findings *findings)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/f.yaml", folder);
	return config_parse(file, text, strlen(text), findings);
}

static void
check_case(void **state)
{
	const struct test_case *test = *state;
	struct config_findings findings = {0};
	char *printed = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&printed, &size);
	struct config *config = parse(test->text, &findings);

	config_findings_print(&findings, "f", out);
	fclose(out);
	if (!matches(printed, test->expected))
		assert_string_equal(printed, test->expected);
	assert_int_equal(config != NULL, findings.errors == 0);
	config_free(config);
	config_findings_free(&findings);
	free(printed);
}

static void
tunnels_share_what_is_loaded(void **state)
{
	struct config_findings findings = {0};
	struct config *config =
	    parse(WITH(OWN("rsa"), "remote_id: a.example",
		       "remote_id: b.example, certificate: {file: chain.crt, key: below.pem, crl: "
		       "fine.crl}") "  - name: d\n    certificate: {" OWN("rsa") "}\n    peer_asn: 64513\n "
										 "   tunnels: [{remote: "
										 "203.0.113.3, inside: "
										 "169.254.10.10/30, "
										 "remote_id: c.example}]\n",
		  &findings);
	const struct config_tunnel *one, *two, *three;

	assert_non_null(config);
	one = &config->connections[0].tunnels[0];
	two = &config->connections[0].tunnels[1];
	three = &config->connections[1].tunnels[0];
	assert_ptr_equal(one->credentials, three->credentials);
	assert_int_equal(one->credentials->references, 2);
	assert_ptr_not_equal(one->credentials, two->credentials);
	assert_string_equal(one->credentials->subject, "C=FR, O=Example, CN=rsa");
	assert_string_equal(one->credentials->issuer, "O=Example, CN=root a");
	assert_in_range(one->credentials->not_after, clock_wall() + 89 * DAY, clock_wall() + 90 * DAY);
	assert_int_equal(two->credentials->chain_count, 1);
	assert_int_equal(two->credentials->authority_count, 1);
	assert_int_equal(two->credentials->crl_count, 1);
	assert_true(one->credentials->key.length > 1000);
	assert_null(one->psk);
	assert_null(one->local_id);
	config_free(config);
	config_findings_free(&findings);
}

/* Other contents under the same names. */
static void
expect_change(const char *file, const char *with, const char *key, const char *words)
{
	struct config_findings findings = {0};
	struct config_diff diff = {0};
	struct config *before, *after;
	char command[300];

	before = parse(WITH("file: own.crt, key: own.pem, ca: a.crt, crl: own.crl", "remote_id: a.example",
			    "psk_file: psk"),
		       &findings);
	snprintf(command, sizeof(command), "cd %s && cp %s %s && { [ %s = own.crl ] || cp ec.pem own.pem; }",
		 folder, with, file, file);
	assert_int_equal(system(command), 0);
	after = parse(WITH("file: own.crt, key: own.pem, ca: a.crt, crl: own.crl", "remote_id: a.example",
			   "psk_file: psk"),
		      &findings);
	assert_non_null(before);
	assert_non_null(after);
	config_compare(before, after, &diff);
	assert_int_equal(diff.count, 1);
	assert_string_equal(diff.items[0].key, key);
	assert_string_equal(diff.items[0].name, "c/1");
	assert_string_equal(diff.items[0].text, words);
	config_diff_free(&diff);
	config_free(before);
	config_free(after);
	config_findings_free(&findings);
}

static void
files_that_are_others_are_a_difference(void **state)
{
	char command[200];

	snprintf(command, sizeof(command),
		 "cd %s && cp rsa.crt own.crt && cp rsa.pem own.pem && cp fine.crl own.crl", folder);
	assert_int_equal(system(command), 0);
	expect_change("own.crl", "past.crl", "certificate.crl", "revocation list changed");
	expect_change("own.crt", "ec.crt", "certificate", "certificate changed");
}

static int
make_folder(void **state)
{
	return certificates_make(folder, script);
}

static int
remove_folder(void **state)
{
	return certificates_remove(folder);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest tests[COUNT_OF(cases) + 2] = {0};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		tests[i] = (struct CMUnitTest){
		    .name = cases[i].name, .test_func = check_case, .initial_state = (void *)&cases[i]};
	tests[COUNT_OF(cases)] = (struct CMUnitTest)cmocka_unit_test(tunnels_share_what_is_loaded);
	tests[COUNT_OF(cases) + 1] =
	    (struct CMUnitTest)cmocka_unit_test(files_that_are_others_are_a_difference);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
