// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's certificate, its key, the CA that the peer's has to come from and that CA's revocation list.
 * What stands in `defaults` for a thousand tunnels is read and checked once: all of them share it.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* Loaded, or tried to be, under these names. */
struct loaded {
	struct loaded *next;
	struct config_certificate names;
	struct config_credentials *credentials; /* NULL: an error was found, and told */
};

/* --- names ------------------------------------------------------------------------------------- */

#define NAMES 6

static void
names_of(const struct config_certificate *certificate, char *const *out[NAMES])
{
	char *const *const names[NAMES] = {&certificate->file,   &certificate->key,
					   &certificate->pkcs12, &certificate->password_file,
					   &certificate->ca,     &certificate->crl};

	memcpy(out, names, sizeof(names));
}

void
certificate_names_free(struct config_certificate *certificate)
{
	char *const *names[NAMES];

	names_of(certificate, names);
	for (unsigned i = 0; i < NAMES; i++)
		free(*names[i]);
	*certificate = (struct config_certificate){0};
}

void
certificate_names_copy(struct config_certificate *to, const struct config_certificate *from)
{
	*to = (struct config_certificate){
	    .file = text_copy(from->file),
	    .key = text_copy(from->key),
	    .pkcs12 = text_copy(from->pkcs12),
	    .password_file = text_copy(from->password_file),
	    .ca = text_copy(from->ca),
	    .crl = text_copy(from->crl),
	};
}

static bool
names_equal(const struct config_certificate *a, const struct config_certificate *b)
{
	char *const *left[NAMES], *const *right[NAMES];

	names_of(a, left);
	names_of(b, right);
	for (unsigned i = 0; i < NAMES; i++) {
		if (strcmp(*left[i] != NULL ? *left[i] : "", *right[i] != NULL ? *right[i] : "") != 0)
			return false;
	}
	return true;
}

static bool
is_new(const char *key, const struct given *given, const struct given *above)
{
	const struct node_entry *entry = given_entry(given, SECTION_CERTIFICATE, key);

	return entry != NULL && entry != given_entry(above, SECTION_CERTIFICATE, key);
}

void
certificate_inherit(struct config_certificate *certificate, const struct given *given,
		    const struct given *above)
{
	const struct {
		const char *key;
		char **name;
	} own[] = {{"file", &certificate->file},
		   {"key", &certificate->key},
		   {"pkcs12", &certificate->pkcs12},
		   {"password_file", &certificate->password_file}};

	if (!is_new("file", given, above) && !is_new("pkcs12", given, above))
		return;
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		if (is_new(own[i].key, given, above))
			continue;
		free(*own[i].name);
		*own[i].name = NULL;
	}
}

/* --- what is handed out ------------------------------------------------------------------------ */

static void
octets_list_free(struct octets *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		octets_free(&list[i]);
	free(list);
}

void
config_credentials_release(struct config_credentials *credentials)
{
	if (credentials == NULL || --credentials->references != 0)
		return;
	free(credentials->subject);
	free(credentials->issuer);
	octets_free(&credentials->certificate);
	octets_free(&credentials->key);
	octets_list_free(credentials->chain, credentials->chain_count);
	octets_list_free(credentials->authorities, credentials->authority_count);
	octets_list_free(credentials->crls, credentials->crl_count);
	free(credentials);
}

static struct octets
octets_of(int length, unsigned char *bytes)
{
	struct octets octets = octets_copy(bytes, length > 0 ? (size_t)length : 0);

	OPENSSL_clear_free(bytes, octets.length);
	return octets;
}

static struct octets
octets_of_certificate(const X509 *certificate)
{
	unsigned char *bytes = NULL;
	int length = i2d_X509(certificate, &bytes);

	return octets_of(length, bytes);
}

static struct octets
octets_of_key(const EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *bytes = NULL;
	int length = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &bytes) : 0;

	PKCS8_PRIV_KEY_INFO_free(info);
	return octets_of(length, bytes);
}

static struct octets *
octets_of_certificates(const STACK_OF(X509) * certificates, size_t *count)
{
	int wanted = sk_X509_num(certificates);
	struct octets *list = wanted > 0 ? memory_zeroed((size_t)wanted, sizeof(*list)) : NULL;

	for (*count = 0; (int)*count < wanted; (*count)++)
		list[*count] = octets_of_certificate(sk_X509_value(certificates, (int)*count));
	return list;
}

static struct octets *
octets_of_crls(const STACK_OF(X509_CRL) * crls, size_t *count)
{
	int wanted = sk_X509_CRL_num(crls);
	struct octets *list = wanted > 0 ? memory_zeroed((size_t)wanted, sizeof(*list)) : NULL;

	for (*count = 0; (int)*count < wanted; (*count)++) {
		unsigned char *bytes = NULL;
		int length = i2d_X509_CRL(sk_X509_CRL_value(crls, (int)*count), &bytes);

		list[*count] = octets_of(length, bytes);
	}
	return list;
}

static void
digest_list(EVP_MD_CTX *context, const struct octets *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		EVP_DigestUpdate(context, &list[i].length, sizeof(list[i].length));
		EVP_DigestUpdate(context, list[i].bytes, list[i].length);
	}
	EVP_DigestUpdate(context, &count, sizeof(count));
}

static void
digest(struct config_credentials *credentials)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	digest_list(context, &credentials->certificate, 1);
	digest_list(context, &credentials->key, 1);
	digest_list(context, credentials->chain, credentials->chain_count);
	digest_list(context, credentials->authorities, credentials->authority_count);
	EVP_DigestFinal_ex(context, credentials->digest, NULL);
	EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	digest_list(context, credentials->crls, credentials->crl_count);
	EVP_DigestFinal_ex(context, credentials->crl_digest, NULL);
	EVP_MD_CTX_free(context);
}

static char *
text_of_name(const X509_NAME *name)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes, *text;
	long length;

	X509_NAME_print_ex(out, name, 0,
			   XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN |
			       (ASN1_STRFLGS_UTF8_CONVERT & ~ASN1_STRFLGS_ESC_MSB));
	length = BIO_get_mem_data(out, &bytes);
	text = text_format("%.*s", (int)length, bytes);
	BIO_free(out);
	return text;
}

/* 0 where the certificate has no date that can be read. */
static usec_t
end_of(const X509 *certificate)
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1)
		return 0;
	return (usec_t)timegm(&parts) * USEC_PER_SEC;
}

static const char *
algorithm_of(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_ED25519:
		return "Ed25519";
	case EVP_PKEY_ED448:
		return "Ed448";
	case EVP_PKEY_EC:
		return "ECDSA";
	default:
		return "RSA";
	}
}

static struct config_credentials *
credentials_of(const struct certificate_set *set)
{
	struct config_credentials *credentials = memory_zeroed(1, sizeof(*credentials));

	credentials->references = 1;
	credentials->subject = text_of_name(X509_get_subject_name(set->certificate));
	credentials->issuer = text_of_name(X509_get_issuer_name(set->certificate));
	credentials->not_after = end_of(set->certificate);
	credentials->algorithm = algorithm_of(set->key);
	credentials->certificate = octets_of_certificate(set->certificate);
	credentials->key = octets_of_key(set->key);
	credentials->chain = octets_of_certificates(set->chain, &credentials->chain_count);
	credentials->authorities = octets_of_certificates(set->authorities, &credentials->authority_count);
	credentials->crls = octets_of_crls(set->crls, &credentials->crl_count);
	digest(credentials);
	return credentials;
}

/* --- loading ----------------------------------------------------------------------------------- */

static struct position
place(const struct given *given, const char *key, struct position otherwise)
{
	const struct node_entry *entry = given_entry(given, SECTION_CERTIFICATE, key);

	return entry != NULL ? entry->value->at : otherwise;
}

static bool
names_complete(struct reading *reading, const struct config_certificate *names, struct position at)
{
	size_t before = reading->findings->errors;

	if (names->file != NULL && names->pkcs12 != NULL)
		finding_error(reading->findings, at, "a certificate takes file or pkcs12, not both");
	else if (names->file == NULL && names->pkcs12 == NULL)
		finding_error(reading->findings, at, "missing key 'file' in certificate (or 'pkcs12')");
	else if (names->file != NULL && names->key == NULL)
		finding_error(reading->findings, at, "missing key 'key' in certificate");
	else if (names->pkcs12 != NULL && names->key != NULL)
		finding_error(reading->findings, at, "'key' has no place beside pkcs12, which has it");
	if (names->ca == NULL)
		finding_error(reading->findings, at,
			      "missing key 'ca' in certificate: whom the peer's has to come from");
	return reading->findings->errors == before;
}

static struct config_credentials *
load(struct reading *reading, const struct config_certificate *names, const struct given *given,
     struct position at)
{
	struct certificate_places places;
	struct certificate_set set = {0};
	struct config_credentials *credentials = NULL;

	at = given_at(given, SECTION_SETTINGS, "certificate", at);
	places = (struct certificate_places){
	    .file = place(given, names->pkcs12 != NULL ? "pkcs12" : "file", at),
	    .key = place(given, names->pkcs12 != NULL ? "pkcs12" : "key", at),
	    .password_file = place(given, "password_file", at),
	    .ca = place(given, "ca", at),
	    .crl = place(given, "crl", at),
	};
	if (names_complete(reading, names, at) && certificate_files_read(reading, names, &places, &set)) {
		size_t before = reading->findings->errors;

		certificate_check(reading, names, &places, &set);
		if (reading->findings->errors == before)
			credentials = credentials_of(&set);
	}
	certificate_set_free(&set);
	return credentials;
}

void
certificate_load(struct reading *reading, const struct given *given, struct position at,
		 struct config_tunnel *tunnel)
{
	struct loaded *loaded = reading->certificates;

	while (loaded != NULL && !names_equal(&loaded->names, &tunnel->certificate))
		loaded = loaded->next;
	if (loaded == NULL) {
		loaded = memory_zeroed(1, sizeof(*loaded));
		certificate_names_copy(&loaded->names, &tunnel->certificate);
		loaded->credentials = load(reading, &tunnel->certificate, given, at);
		loaded->next = reading->certificates;
		reading->certificates = loaded;
	}
	tunnel->credentials = loaded->credentials;
	if (tunnel->credentials != NULL)
		tunnel->credentials->references++;
}

void
certificates_free(struct reading *reading)
{
	struct loaded *loaded;

	while ((loaded = reading->certificates) != NULL) {
		reading->certificates = loaded->next;
		certificate_names_free(&loaded->names);
		config_credentials_release(loaded->credentials);
		free(loaded);
	}
}
