// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Would a peer take this certificate, and can a peer's be verified with this CA? What can never work is an
 * error. What time alone makes wrong (expired, not valid yet, revoked, an old revocation list) is a warning:
 * a gateway must start for its other tunnels, and the tunnel itself says why it does not come up.
 */
#include "core/config/config_internal.h"

#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define RSA_BITS_LEAST 2048 /* NIST SP 800-131A */
#define SOON (30 * 24 * 3600)

static const char *
date(const ASN1_TIME *time, char out[32])
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(time, &parts) != 1 || strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
		strcpy(out, "?");
	return out;
}

static const char *
name_text(const X509_NAME *name, char out[200])
{
	BIO *text = BIO_new(BIO_s_mem());
	int length;

	X509_NAME_print_ex(text, name, 0, XN_FLAG_ONELINE & ~XN_FLAG_SPC_EQ & ~ASN1_STRFLGS_ESC_MSB);
	length = BIO_read(text, out, 199);
	out[length > 0 ? length : 0] = '\0';
	BIO_free(text);
	return quoted(out);
}

static const char *
subject_text(const X509 *certificate, char out[200])
{
	return name_text(X509_get_subject_name(certificate), out);
}

/* --- one certificate --------------------------------------------------------------------------- */

static void
check_dates(struct reading *reading, const X509 *certificate, struct position at)
{
	time_t soon = time(NULL) + SOON;
	char name[200], when[32];
	const ASN1_TIME *from = X509_get0_notBefore(certificate), *to = X509_get0_notAfter(certificate);

	if (X509_cmp_current_time(to) < 0)
		finding_warning(reading->findings, at, "certificate %s expired on %s",
				subject_text(certificate, name), date(to, when));
	else if (X509_cmp_current_time(from) > 0)
		finding_warning(reading->findings, at, "certificate %s is not valid before %s",
				subject_text(certificate, name), date(from, when));
	else if (X509_cmp_time(to, &soon) < 0)
		finding_warning(reading->findings, at, "certificate %s expires on %s",
				subject_text(certificate, name), date(to, when));
}

static bool
is_self_signed(X509 *certificate)
{
	return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
	       X509_self_signed(certificate, 1) == 1;
}

static void
check_strength(struct reading *reading, X509 *certificate, struct position at)
{
	const EVP_PKEY *key = X509_get0_pubkey(certificate);
	int digest = NID_undef;
	char name[200];

	if (key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    EVP_PKEY_get_bits(key) < RSA_BITS_LEAST)
		finding_warning(
		    reading->findings, at,
		    "certificate %s has an RSA key of %d bits: %d is the least that counts as safe",
		    subject_text(certificate, name), EVP_PKEY_get_bits(key), RSA_BITS_LEAST);
	if (is_self_signed(certificate)) /* nobody relies on a root's signature of itself */
		return;
	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) == 1 &&
	    (digest == NID_sha1 || digest == NID_md5))
		finding_warning(
		    reading->findings, at,
		    "certificate %s is signed with %s, which can be forged: have it signed with SHA-256",
		    subject_text(certificate, name), digest == NID_sha1 ? "SHA-1" : "MD5");
}

static void
check_one(struct reading *reading, X509 *certificate, struct position at)
{
	check_dates(reading, certificate, at);
	check_strength(reading, certificate, at);
	ERR_clear_error();
}

/* RFC 4754 2 names the curves of IKE. */
static void
check_key_kind(struct reading *reading, const EVP_PKEY *key, struct position at)
{
	static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
	int kind = EVP_PKEY_get_base_id(key);
	char curve[64] = "";

	if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448)
		return;
	if (kind == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1) {
		for (size_t i = 0; i < COUNT_OF(curves); i++) {
			if (strcmp(curve, curves[i]) == 0)
				return;
		}
	}
	finding_error(
	    reading->findings, at,
	    "the private key is %s%s, which IKE has no signature for: RSA, ECDSA on P-256, P-384 or "
	    "P-521, or Ed25519",
	    kind == EVP_PKEY_EC ? "on the curve " : "a ", kind == EVP_PKEY_EC ? curve : OBJ_nid2sn(kind));
}

static void
check_key(struct reading *reading, const struct config_certificate *names,
	  const struct certificate_places *places, const struct certificate_set *set)
{
	check_key_kind(reading, set->key, places->key);
	if (X509_check_private_key(set->certificate, set->key) != 1)
		finding_error(reading->findings, places->key,
			      "key %s is not the key of the certificate in %s",
			      quoted(names->key != NULL ? names->key : names->pkcs12),
			      quoted(names->file != NULL ? names->file : names->pkcs12));
	ERR_clear_error();
}

/* --- authorities ------------------------------------------------------------------------------- */

static void
check_authorities(struct reading *reading, const struct config_certificate *names, struct position at,
		  const STACK_OF(X509) * authorities)
{
	bool root = false;
	char name[200];

	for (int i = 0; i < sk_X509_num(authorities); i++) {
		X509 *authority = sk_X509_value(authorities, i);

		if (X509_check_ca(authority) == 0)
			finding_error(reading->findings, at,
				      "ca %s has %s in it, which is no CA's certificate", quoted(names->ca),
				      subject_text(authority, name));
		check_one(reading, authority, at);
		root |= is_self_signed(authority);
	}
	if (!root)
		finding_error(
		    reading->findings, at,
		    "ca %s has no root (a self-signed certificate) in it: put the one that its chain "
		    "ends at into it",
		    quoted(names->ca));
	ERR_clear_error();
}

/* The peer may know another CA than we do, so that this is no error. Dates are looked at elsewhere. */
static void
check_chain(struct reading *reading, const struct config_certificate *names, struct position at,
	    const struct certificate_set *set)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	char name[200];

	for (int i = 0; i < sk_X509_num(set->authorities); i++)
		X509_STORE_add_cert(store, sk_X509_value(set->authorities, i));
	if (X509_STORE_CTX_init(context, store, set->certificate, set->chain) == 1) {
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
		if (X509_verify_cert(context) != 1)
			finding_warning(
			    reading->findings, at,
			    "certificate %s does not come from the CA in %s (%s): a peer that trusts "
			    "that CA only will refuse it",
			    subject_text(set->certificate, name), quoted(names->ca),
			    X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	}
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
}

/* --- revocation lists -------------------------------------------------------------------------- */

static X509 *
issuer_of(const X509_CRL *crl, const STACK_OF(X509) * list)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *one = sk_X509_value(list, i);

		if (X509_NAME_cmp(X509_get_subject_name(one), X509_CRL_get_issuer(crl)) == 0)
			return one;
	}
	return NULL;
}

static void
check_crl(struct reading *reading, const struct config_certificate *names, struct position at,
	  const struct certificate_set *set, X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	X509 *issuer = issuer_of(crl, set->authorities);
	X509_REVOKED *revoked = NULL;
	char name[200], when[32];

	if (issuer == NULL)
		issuer = issuer_of(crl, set->chain);
	if (issuer == NULL) {
		finding_error(reading->findings, at, "crl %s comes from %s, which ca %s has not in it",
			      quoted(names->crl), name_text(X509_CRL_get_issuer(crl), name),
			      quoted(names->ca));
		return;
	}
	if (X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1) {
		finding_error(reading->findings, at, "crl %s is not signed by the key of %s in ca %s",
			      quoted(names->crl), subject_text(issuer, name), quoted(names->ca));
		return;
	}
	if (next != NULL && X509_cmp_current_time(next) < 0)
		finding_warning(reading->findings, at, "crl %s is out of date: the next one was due on %s",
				quoted(names->crl), date(next, when));
	if (X509_NAME_cmp(X509_get_issuer_name(set->certificate), X509_CRL_get_issuer(crl)) == 0 &&
	    X509_CRL_get0_by_cert(crl, &revoked, set->certificate) == 1)
		finding_warning(reading->findings, at, "certificate %s was revoked on %s, says crl %s",
				subject_text(set->certificate, name),
				date(X509_REVOKED_get0_revocationDate(revoked), when), quoted(names->crl));
}

void
certificate_check(struct reading *reading, const struct config_certificate *names,
		  const struct certificate_places *places, const struct certificate_set *set)
{
	check_key(reading, names, places, set);
	check_one(reading, set->certificate, places->file);
	for (int i = 0; i < sk_X509_num(set->chain); i++)
		check_one(reading, sk_X509_value(set->chain, i), places->file);
	check_authorities(reading, names, places->ca, set->authorities);
	check_chain(reading, names, places->file, set);
	for (int i = 0; i < sk_X509_CRL_num(set->crls); i++)
		check_crl(reading, names, places->crl, set, sk_X509_CRL_value(set->crls, i));
	ERR_clear_error();
}
