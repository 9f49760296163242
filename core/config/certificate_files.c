// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates, private keys and revocation lists out of files, by OpenSSL: PEM with any number of them, or
 * one as DER (RFC 5280), keys also encrypted (RFC 5958), or certificate and key in one PKCS #12 (RFC 7292).
 * Files with a key or a password in them must be nobody else's to read.
 */
#include "core/config/config_internal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define FILE_MOST 1000000
#define PASSWORD_MOST 1000

struct text {
	uint8_t *bytes; /* NUL-terminated by named_file_read's room, not counted */
	size_t length;
};

static bool
read_named(struct reading *reading, const char *key, const char *name, bool private, struct position at,
	   struct text *out)
{
	out->bytes = named_file_read(reading, key, name, private, FILE_MOST, &out->length, at);
	return out->bytes != NULL;
}

static void
text_wipe(struct text *text)
{
	memory_wipe_free(text->bytes, text->bytes != NULL ? text->length : 0);
	*text = (struct text){0};
}

static bool
is_pem(const struct text *text)
{
	static const char begin[] = "-----BEGIN ";

	return memmem(text->bytes, text->length, begin, sizeof(begin) - 1) != NULL;
}

/* PEM readers find what they look for among other things, and say "no start line" at the end. */
static bool
ended(void)
{
	unsigned long code = ERR_peek_last_error();
	bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

/* Takes the next one out of a PEM, or else (NULL) a DER, into a list of its kind. False: there is none. */
typedef bool take_one(void *list, BIO *pem, const unsigned char **der, long left);

static bool
take_certificate(void *list, BIO *pem, const unsigned char **der, long left)
{
	X509 *one = pem != NULL ? PEM_read_bio_X509(pem, NULL, NULL, NULL) : d2i_X509(NULL, der, left);

	return one != NULL && sk_X509_push(list, one) > 0;
}

static bool
take_crl(void *list, BIO *pem, const unsigned char **der, long left)
{
	X509_CRL *one =
	    pem != NULL ? PEM_read_bio_X509_CRL(pem, NULL, NULL, NULL) : d2i_X509_CRL(NULL, der, left);

	return one != NULL && sk_X509_CRL_push(list, one) > 0;
}

/* False where there is none, or one that can't be read. */
static bool
take_all(const struct text *text, take_one *take, void *list)
{
	const unsigned char *at = text->bytes, *end = text->bytes + text->length;
	BIO *pem = is_pem(text) ? BIO_new_mem_buf(text->bytes, (int)text->length) : NULL;
	size_t count = 0;
	bool good;

	while (take(list, pem, &at, (long)(end - at)))
		count++;
	good = pem != NULL ? ended() : at == end;
	ERR_clear_error();
	BIO_free(pem);
	return good && count != 0;
}

static STACK_OF(X509) * parse_certificates(const struct text *text)
{
	STACK_OF(X509) *list = sk_X509_new_null();

	if (take_all(text, take_certificate, list))
		return list;
	sk_X509_pop_free(list, X509_free);
	return NULL;
}

static STACK_OF(X509_CRL) * parse_crls(const struct text *text)
{
	STACK_OF(X509_CRL) *list = sk_X509_CRL_new_null();

	if (take_all(text, take_crl, list))
		return list;
	sk_X509_CRL_pop_free(list, X509_CRL_free);
	return NULL;
}

struct asked {
	const char *password; /* NULL: none was given */
	bool asked;
};

static int
give_password(char *out, int size, int writing, void *context)
{
	struct asked *asked = context;
	size_t length;

	(void)writing;
	asked->asked = true;
	if (asked->password == NULL || (length = strlen(asked->password)) > (size_t)size)
		return -1;
	memcpy(out, asked->password, length);
	return (int)length;
}

static EVP_PKEY *
parse_key(const struct text *text, struct asked *asked)
{
	BIO *in = BIO_new_mem_buf(text->bytes, (int)text->length);
	EVP_PKEY *key;

	if (is_pem(text)) {
		key = PEM_read_bio_PrivateKey(in, NULL, give_password, asked);
	} else {
		key = d2i_PrivateKey_bio(in, NULL);
		if (key == NULL && BIO_reset(in) == 1)
			key = d2i_PKCS8PrivateKey_bio(in, NULL, give_password, asked);
	}
	ERR_clear_error();
	BIO_free(in);
	return key;
}

/* False: an error was found. Without a password file all is well too. */
static bool
read_password(struct reading *reading, const struct config_certificate *names, struct position at,
	      char password[PASSWORD_MOST + 1])
{
	struct text text = {0};

	if (names->password_file == NULL)
		return true;
	text.bytes = named_file_read(reading, "password_file", names->password_file, true, PASSWORD_MOST,
				     &text.length, at);
	if (text.bytes == NULL)
		return false;
	while (text.length != 0 && strchr("\r\n", text.bytes[text.length - 1]) != NULL)
		text.bytes[--text.length] = '\0';
	memcpy(password, text.bytes, text.length);
	password[text.length] = '\0';
	memory_wipe_free(text.bytes, text.length);
	return true;
}

/* The first certificate is the tunnel's own; those behind it lead to its CA. */
static bool
read_own(struct reading *reading, const char *name, struct position at, struct certificate_set *set)
{
	struct text text;

	if (!read_named(reading, "file", name, false, at, &text))
		return false;
	set->chain = parse_certificates(&text);
	text_wipe(&text);
	if (set->chain == NULL) {
		finding_error(reading->findings, at, "file %s has no X.509 certificate (PEM or DER) in it",
			      quoted(name));
		return false;
	}
	set->certificate = sk_X509_shift(set->chain);
	return true;
}

static bool
read_key(struct reading *reading, const struct config_certificate *names,
	 const struct certificate_places *places, const char *password, struct certificate_set *set)
{
	struct asked asked = {.password = names->password_file != NULL ? password : NULL};
	struct text text;

	if (!read_named(reading, "key", names->key, true, places->key, &text))
		return false;
	set->key = parse_key(&text, &asked);
	text_wipe(&text);
	if (set->key != NULL)
		return true;
	if (!asked.asked)
		finding_error(reading->findings, places->key, "key %s has no private key (PEM or DER) in it",
			      quoted(names->key));
	else if (asked.password == NULL)
		finding_error(reading->findings, places->key,
			      "key %s is encrypted: name a file with its password in 'password_file'",
			      quoted(names->key));
	else
		finding_error(reading->findings, places->password_file,
			      "password_file %s doesn't have the password of key %s",
			      quoted(names->password_file), quoted(names->key));
	return false;
}

/* Wrong passwords and old ciphers look alike from here. An empty password may be none at all. */
static bool
open_pkcs12(struct reading *reading, const struct config_certificate *names,
	    const struct certificate_places *places, PKCS12 *all, const char *password,
	    struct certificate_set *set)
{
	if (PKCS12_mac_present(all) && PKCS12_verify_mac(all, password, -1) != 1 &&
	    !(*password == '\0' && PKCS12_verify_mac(all, NULL, 0) == 1)) {
		if (names->password_file != NULL)
			finding_error(reading->findings, places->password_file,
				      "password_file %s doesn't have the password of pkcs12 %s",
				      quoted(names->password_file), quoted(names->pkcs12));
		else
			finding_error(reading->findings, places->file,
				      "pkcs12 %s is encrypted: name a file with its password in "
				      "'password_file'",
				      quoted(names->pkcs12));
		return false;
	}
	if (PKCS12_parse(all, password, &set->key, &set->certificate, &set->chain) != 1) {
		finding_error(
		    reading->findings, places->file,
		    "pkcs12 %s can't be opened: its ciphers may be of the old kind (RC2, 3DES), which "
		    "OpenSSL has put away; make it anew with 'openssl pkcs12 -export'",
		    quoted(names->pkcs12));
		return false;
	}
	if (set->key == NULL || set->certificate == NULL) {
		finding_error(reading->findings, places->file, "pkcs12 %s has no %s in it",
			      quoted(names->pkcs12),
			      set->key == NULL ? "private key" : "certificate for its key");
		return false;
	}
	return true;
}

static bool
read_pkcs12(struct reading *reading, const struct config_certificate *names,
	    const struct certificate_places *places, const char *password, struct certificate_set *set)
{
	const unsigned char *at;
	struct text text;
	PKCS12 *all;
	bool good = false;

	if (!read_named(reading, "pkcs12", names->pkcs12, true, places->file, &text))
		return false;
	at = text.bytes;
	all = d2i_PKCS12(NULL, &at, (long)text.length);
	if (all == NULL)
		finding_error(reading->findings, places->file, "pkcs12 %s is no PKCS #12 file",
			      quoted(names->pkcs12));
	else
		good = open_pkcs12(reading, names, places, all, password, set);
	PKCS12_free(all);
	text_wipe(&text);
	ERR_clear_error();
	return good;
}

static bool
read_ca(struct reading *reading, const char *name, struct position at, struct certificate_set *set)
{
	struct text text;

	if (!read_named(reading, "ca", name, false, at, &text))
		return false;
	set->authorities = parse_certificates(&text);
	text_wipe(&text);
	if (set->authorities == NULL)
		finding_error(reading->findings, at, "ca %s has no X.509 certificate (PEM or DER) in it",
			      quoted(name));
	return set->authorities != NULL;
}

static bool
read_crl(struct reading *reading, const char *name, struct position at, struct certificate_set *set)
{
	struct text text;

	if (name == NULL)
		return true;
	if (!read_named(reading, "crl", name, false, at, &text))
		return false;
	set->crls = parse_crls(&text);
	text_wipe(&text);
	if (set->crls == NULL)
		finding_error(reading->findings, at, "crl %s has no revocation list (PEM or DER) in it",
			      quoted(name));
	return set->crls != NULL;
}

bool
certificate_files_read(struct reading *reading, const struct config_certificate *names,
		       const struct certificate_places *places, struct certificate_set *set)
{
	char password[PASSWORD_MOST + 1] = "";
	bool good = read_password(reading, names, places->password_file, password);

	/* Each that can be looked at is: one run tells all that is wrong. */
	if (names->pkcs12 != NULL) {
		good = good && read_pkcs12(reading, names, places, password, set);
	} else {
		good = good && read_key(reading, names, places, password, set);
		good &= read_own(reading, names->file, places->file, set);
	}
	good &= read_ca(reading, names->ca, places->ca, set);
	good &= read_crl(reading, names->crl, places->crl, set);
	explicit_bzero(password, sizeof(password));
	return good;
}

void
certificate_set_free(struct certificate_set *set)
{
	X509_free(set->certificate);
	EVP_PKEY_free(set->key);
	sk_X509_pop_free(set->chain, X509_free);
	sk_X509_pop_free(set->authorities, X509_free);
	sk_X509_CRL_pop_free(set->crls, X509_CRL_free);
	*set = (struct certificate_set){0};
}
