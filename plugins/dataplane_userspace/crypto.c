// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transforms, by OpenSSL's EVP: AES-GCM with a 16-byte ICV (RFC 4106) and ChaCha20-Poly1305 (RFC 7634).
 * Both take a 4-byte salt and an 8-byte IV as nonce, and the SPI with the (extended) sequence number as
 * additional data, so one set of ops serves both. The key schedule is made once; a packet costs a new nonce
 * only.
 *
 * The IV is the SA's 64-bit sequence number, which is never given out twice (sa_reserve), so a nonce never
 * repeats.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"
#include "core/base/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { SALT = 4, IV = 8, NONCE = SALT + IV, TAG = 16 };

struct aead {
	EVP_CIPHER_CTX *evp;
	uint8_t salt[SALT];
};

static void
aead_destroy(void *context)
{
	struct aead *aead = context;

	if (aead == NULL)
		return;
	EVP_CIPHER_CTX_free(aead->evp); /* wipes its key schedule */
	OPENSSL_clear_free(aead, sizeof(*aead));
}

static void *
aead_create(const struct cipher *cipher, const struct dataplane_algorithms *keys, bool encrypt)
{
	struct aead *aead = OPENSSL_zalloc(sizeof(*aead));
	EVP_CIPHER *evp = EVP_CIPHER_fetch(NULL, cipher->openssl_name, NULL);

	if (aead == NULL || evp == NULL || (aead->evp = EVP_CIPHER_CTX_new()) == NULL ||
	    EVP_CipherInit_ex(aead->evp, evp, NULL, keys->encryption_key, NULL, encrypt) != 1) {
		aead_destroy(aead);
		aead = NULL;
	} else {
		memcpy(aead->salt, keys->encryption_key + cipher->key_length - SALT, SALT);
	}
	EVP_CIPHER_free(evp);
	return aead;
}

/* The additional data of RFC 4106 section 5: SPI, then 32 or 64 bits of sequence number. Returns its length.
 */
static int
additional_data(uint8_t out[12], const uint8_t *packet, uint64_t sequence, bool extended)
{
	struct writer w = writer_over(out, 12);

	writer_bytes(&w, packet, 4);
	if (extended)
		writer_u64(&w, sequence);
	else
		writer_u32(&w, (uint32_t)sequence);
	return (int)writer_length(&w);
}

static bool
aead_seal(void *context, uint8_t *packet, size_t text_length, uint64_t sequence, bool extended)
{
	struct aead *aead = context;
	uint8_t *iv = packet + ESP_HEADER, *text = iv + IV, data[12], nonce[NONCE];
	struct writer w = writer_over(iv, IV);
	int data_length = additional_data(data, packet, sequence, extended), done;

	writer_u64(&w, sequence);
	memcpy(nonce, aead->salt, SALT);
	memcpy(nonce + SALT, iv, IV);
	return EVP_EncryptInit_ex(aead->evp, NULL, NULL, NULL, nonce) == 1 &&
	       EVP_EncryptUpdate(aead->evp, NULL, &done, data, data_length) == 1 &&
	       EVP_EncryptUpdate(aead->evp, text, &done, text, (int)text_length) == 1 &&
	       EVP_EncryptFinal_ex(aead->evp, text + done, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_GET_TAG, TAG, text + text_length) == 1;
}

static bool
aead_open(void *context, uint8_t *packet, size_t text_length, uint64_t sequence, bool extended)
{
	struct aead *aead = context;
	uint8_t *iv = packet + ESP_HEADER, *text = iv + IV, data[12], nonce[NONCE];
	int data_length = additional_data(data, packet, sequence, extended), done;

	memcpy(nonce, aead->salt, SALT);
	memcpy(nonce + SALT, iv, IV);
	return EVP_DecryptInit_ex(aead->evp, NULL, NULL, NULL, nonce) == 1 &&
	       EVP_DecryptUpdate(aead->evp, NULL, &done, data, data_length) == 1 &&
	       EVP_DecryptUpdate(aead->evp, text, &done, text, (int)text_length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_SET_TAG, TAG, text + text_length) == 1 &&
	       EVP_DecryptFinal_ex(aead->evp, text + done, &done) == 1;
}

static const struct cipher_ops aead_ops = {
    .create = aead_create,
    .destroy = aead_destroy,
    .seal = aead_seal,
    .open = aead_open,
};

/* IKEv2 transform IDs: 20 is AES-GCM with a 16-byte ICV, 28 ChaCha20-Poly1305. */
static const struct cipher ciphers[] = {
    {&aead_ops, "AES-GCM-16-128", 20, 0, 16 + SALT, IV, TAG, 4, "AES-128-GCM"},
    {&aead_ops, "AES-GCM-16-192", 20, 0, 24 + SALT, IV, TAG, 4, "AES-192-GCM"},
    {&aead_ops, "AES-GCM-16-256", 20, 0, 32 + SALT, IV, TAG, 4, "AES-256-GCM"},
    {&aead_ops, "ChaCha20-Poly1305", 28, 0, 32 + SALT, IV, TAG, 4, "ChaCha20-Poly1305"},
};

const struct cipher *
cipher_find(const struct dataplane_algorithms *algorithms, struct error *err)
{
	bool known = false;

	for (size_t i = 0; i < COUNT_OF(ciphers); i++) {
		const struct cipher *c = &ciphers[i];

		if (c->encryption != algorithms->encryption || c->integrity != algorithms->integrity)
			continue;
		if (c->key_length == algorithms->encryption_key_length && algorithms->encryption_key != NULL)
			return c;
		known = true;
	}
	if (known)
		error_set(err, "a key of %zu bytes does not fit encryption algorithm %u",
			  algorithms->encryption_key_length, algorithms->encryption);
	else
		error_set(err,
			  "the userspace data plane has no ESP encryption algorithm %u with integrity %u: "
			  "propose AES-GCM "
			  "(aes128gcm16, aes256gcm16) or chacha20poly1305",
			  algorithms->encryption, algorithms->integrity);
	return NULL;
}
