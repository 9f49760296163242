// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-CBC (RFC 3602) with HMAC-SHA1-96 (RFC 2404) or HMAC-SHA2 (RFC 4868) by OpenSSL's EVP. Encrypt, then
 * authenticate: the ICV covers the ESP header, the IV and the ciphertext, and with extended sequence numbers
 * their upper half behind these, which is never sent (RFC 4303 2.2.1). Nothing is decrypted, and so no
 * padding is looked at, before the ICV was found right.
 *
 * The IV must not be predictable (RFC 3602 3). It is the block cipher's output for a nonce (NIST SP 800-38A
 * appendix C): eight random bytes of this SA that nobody outside learns, and the sequence number, which is
 * never given out twice. CBC with a zero IV over the nonce and the text behind it makes both the IV and the
 * ciphertext in one pass.
 *
 * Key schedules and the HMAC's inner and outer states are made once for each SA. (libcrypto 3.0 copies those
 * states in its own heap for each packet; it offers no HMAC without that.)
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

enum { BLOCK = 16, SECRET = 8 };

struct cbc {
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	uint8_t secret[SECRET]; /* of the nonce */
	uint8_t icv_length;
	bool extended;
};

static void
cbc_destroy(void *context)
{
	struct cbc *cbc = context;

	if (cbc == NULL)
		return;
	EVP_CIPHER_CTX_free(cbc->cipher); /* both wipe their keys */
	EVP_MAC_CTX_free(cbc->mac);
	OPENSSL_clear_free(cbc, sizeof(*cbc));
}

static bool
key_cipher(struct cbc *cbc, const struct suite *suite, const uint8_t *key, bool encrypt)
{
	EVP_CIPHER *evp = EVP_CIPHER_fetch(NULL, suite->cipher_name, NULL);
	bool keyed = evp != NULL && (cbc->cipher = EVP_CIPHER_CTX_new()) != NULL &&
		     EVP_CipherInit_ex(cbc->cipher, evp, NULL, key, NULL, encrypt) == 1 &&
		     EVP_CIPHER_CTX_set_padding(cbc->cipher, 0) == 1;

	EVP_CIPHER_free(evp);
	return keyed;
}

static bool
key_mac(struct cbc *cbc, const struct suite *suite, const uint8_t *key)
{
	OSSL_PARAM digest[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)suite->digest_name, 0),
	    OSSL_PARAM_construct_end()};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	bool keyed = hmac != NULL && (cbc->mac = EVP_MAC_CTX_new(hmac)) != NULL &&
		     EVP_MAC_init(cbc->mac, key, suite->integrity_key_length, digest) == 1;

	EVP_MAC_free(hmac);
	return keyed;
}

static void *
cbc_create(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt, bool extended)
{
	struct cbc *cbc = OPENSSL_zalloc(sizeof(*cbc));

	if (cbc == NULL)
		return NULL;
	cbc->icv_length = suite->icv_length;
	cbc->extended = extended;
	if (key_cipher(cbc, suite, keys->encryption_key, encrypt) &&
	    key_mac(cbc, suite, keys->integrity_key) && RAND_bytes(cbc->secret, SECRET) == 1)
		return cbc;
	cbc_destroy(cbc);
	return NULL;
}

/* The whole HMAC of a packet up to its ICV. */
static bool
authenticate(struct cbc *cbc, const struct suite_packet *packet, uint8_t out[EVP_MAX_MD_SIZE])
{
	uint8_t high[4];
	struct writer w = writer_over(high, sizeof(high));
	size_t length;

	writer_u32(&w, (uint32_t)(packet->sequence >> 32));
	return EVP_MAC_init(cbc->mac, NULL, 0, NULL) == 1 &&
	       EVP_MAC_update(cbc->mac, packet->bytes, ESP_HEADER + BLOCK + packet->text_length) == 1 &&
	       (!cbc->extended || EVP_MAC_update(cbc->mac, high, sizeof(high)) == 1) &&
	       EVP_MAC_final(cbc->mac, out, &length, EVP_MAX_MD_SIZE) == 1;
}

static bool
seal_one(struct cbc *cbc, const struct suite_packet *packet)
{
	static const uint8_t zero[BLOCK];
	uint8_t *iv = packet->bytes + ESP_HEADER, tag[EVP_MAX_MD_SIZE];
	struct writer nonce = writer_over(iv, BLOCK);
	int length = BLOCK + (int)packet->text_length, done;

	writer_bytes(&nonce, cbc->secret, SECRET);
	writer_u64(&nonce, packet->sequence);
	if (EVP_EncryptInit_ex(cbc->cipher, NULL, NULL, NULL, zero) != 1 ||
	    EVP_EncryptUpdate(cbc->cipher, iv, &done, iv, length) != 1 || done != length ||
	    !authenticate(cbc, packet, tag))
		return false;
	memcpy(iv + length, tag, cbc->icv_length);
	return true;
}

static bool
open_one(struct cbc *cbc, const struct suite_packet *packet)
{
	uint8_t *iv = packet->bytes + ESP_HEADER, *text = iv + BLOCK, tag[EVP_MAX_MD_SIZE];
	int length = (int)packet->text_length, done;

	return authenticate(cbc, packet, tag) &&
	       CRYPTO_memcmp(tag, text + packet->text_length, cbc->icv_length) == 0 &&
	       EVP_DecryptInit_ex(cbc->cipher, NULL, NULL, NULL, iv) == 1 &&
	       EVP_DecryptUpdate(cbc->cipher, text, &done, text, length) == 1 && done == length;
}

static void
cbc_seal(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].good = seal_one(context, &packets[i]);
}

static void
cbc_open(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].good = open_one(context, &packets[i]);
}

const struct suite_ops suite_cbc_ops = {
    .create = cbc_create,
    .destroy = cbc_destroy,
    .seal = cbc_seal,
    .open = cbc_open,
};
