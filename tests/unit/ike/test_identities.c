// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration and charon must read an identity alike: what `check` takes for a name must not be a key
 * ID on the wire.
 */
#include "tests/unit/test.h"

#include <library.h>
#include <utils/identification.h>

#include <openssl/x509.h>

#include "core/config/config_internal.h"

static const struct {
	const char *text;
	enum identity_kind kind;
	id_type_t type;
} cases[] = {
    {"192.0.2.1", IDENTITY_IPV4, ID_IPV4_ADDR},
    {"2001:db8::1", IDENTITY_IPV6, ID_IPV6_ADDR},
    {"vpn.example.com", IDENTITY_FQDN, ID_FQDN},
    {"lyon", IDENTITY_FQDN, ID_FQDN},
    {"@lyon", IDENTITY_FQDN, ID_FQDN},
    {"*.example.com", IDENTITY_FQDN, ID_FQDN},
    {"me@vpn.example.com", IDENTITY_EMAIL, ID_RFC822_ADDR},
    {"@@me@vpn.example.com", IDENTITY_EMAIL, ID_RFC822_ADDR},
    {"C=FR, O=Example, CN=lyon", IDENTITY_DN, ID_DER_ASN1_DN},
    {"C=FR,O=Example,CN=*", IDENTITY_DN, ID_DER_ASN1_DN},
    {"/C=FR/O=Example/CN=lyon", IDENTITY_DN, ID_DER_ASN1_DN},
    {"C=FR, ST=Rhone, L=Lyon, O=E, OU=x, CN=y, E=a@b.example", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, serialNumber=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, SN=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, G=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, I=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, T=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, D=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, E=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, emailAddress=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, DC=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, UID=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, dnQualifier=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"CN=a, unstructuredName=b", IDENTITY_DN, ID_DER_ASN1_DN},
    {"@#0a1b2c", IDENTITY_KEY_ID, ID_KEY_ID},
    {"keyid:lyon", IDENTITY_KEY_ID, ID_KEY_ID},
    {"keyid:#0a1b", IDENTITY_KEY_ID, ID_KEY_ID},
    {"ipv4:192.0.2.1", IDENTITY_IPV4, ID_IPV4_ADDR},
    {"ipv6:2001:db8::1", IDENTITY_IPV6, ID_IPV6_ADDR},
    {"fqdn:lyon", IDENTITY_FQDN, ID_FQDN},
    {"dns:lyon", IDENTITY_FQDN, ID_FQDN},
    {"email:me@lyon", IDENTITY_EMAIL, ID_RFC822_ADDR},
    {"rfc822:me@lyon", IDENTITY_EMAIL, ID_RFC822_ADDR},
    {"userfqdn:me@lyon", IDENTITY_EMAIL, ID_RFC822_ADDR},
    /* What charon takes for something all the same, and nobody means. */
    {"my gateway", IDENTITY_BAD, 0},
    {"300.1.1.1", IDENTITY_BAD, 0},
    {"2001:db8::xyz", IDENTITY_BAD, 0},
    {"CN=", IDENTITY_BAD, 0},
    {"C=FR, XX=y", IDENTITY_BAD, 0},
    {"C=FR, lyon", IDENTITY_BAD, 0},
    {"@#xyz", IDENTITY_BAD, 0},
    {"@#", IDENTITY_BAD, 0},
    {"keyid:", IDENTITY_BAD, 0},
    {"keyid:#yz", IDENTITY_BAD, 0},
    {"asn1dn:CN=lyon", IDENTITY_BAD, 0},
    {"me@", IDENTITY_BAD, 0},
    {"a..b", IDENTITY_BAD, 0},
    {"ipv4:2001:db8::1", IDENTITY_BAD, 0},
    {"fqdn:me@lyon", IDENTITY_BAD, 0},
};

/* A certificate whose subject is a name as charon has it: do we find the name in there? */
static bool
is_in_certificate(const char *text, identification_t *identity)
{
	chunk_t encoding = identity->get_encoding(identity);
	const unsigned char *bytes = encoding.ptr;
	X509_NAME *name = d2i_X509_NAME(NULL, &bytes, (long)encoding.len);
	X509 *certificate = X509_new();
	bool found =
	    X509_set_subject_name(certificate, name) == 1 && identity_in_certificate(text, certificate);

	X509_NAME_free(name);
	X509_free(certificate);
	return found;
}

static void
configuration_and_charon_read_identities_alike(void **state)
{
	bool alike = true;

	assert_true(library_init("", "test"));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		identification_t *identity = identification_create_from_string((char *)cases[i].text);
		id_type_t type = identity->get_type(identity);
		const char *value;
		enum identity_kind kind = identity_kind(cases[i].text, &value);

		if (kind != cases[i].kind || (kind != IDENTITY_BAD && type != cases[i].type))
			print_message("%s: %d here, %d there\n", cases[i].text, kind, type);
		alike &= kind == cases[i].kind && (kind == IDENTITY_BAD || type == cases[i].type);
		if (kind == IDENTITY_DN && type == ID_DER_ASN1_DN &&
		    !is_in_certificate(cases[i].text, identity)) {
			print_message("%s: another name there\n", cases[i].text);
			alike = false;
		}
		identity->destroy(identity);
	}
	library_deinit();
	assert_true(alike);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(configuration_and_charon_read_identities_alike),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
