// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Combined-mode suites by OpenSSL's EVP: AES-GCM with a 16-byte ICV (RFC 4106) and ChaCha20-Poly1305 (RFC
 * 7634). Both take a 4-byte salt and an 8-byte IV as nonce, and the SPI with the (extended) sequence number
 * as additional data, so one set of ops serves both. The key schedule is made once; a packet costs a new
 * nonce only.
 *
 * The IV is the SA's 64-bit sequence number, which is never given out twice (sa_reserve), so a nonce never
 * repeats.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { SALT = SUITE_SALT, IV = 8, NONCE = SALT + IV, TAG = 16 };

struct aead {
	EVP_CIPHER_CTX *evp;
	uint8_t salt[SALT];
	bool extended;
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
aead_create(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt, bool extended)
{
	struct aead *aead = OPENSSL_zalloc(sizeof(*aead));
	EVP_CIPHER *evp = EVP_CIPHER_fetch(NULL, suite->cipher_name, NULL);

	if (aead == NULL || evp == NULL || (aead->evp = EVP_CIPHER_CTX_new()) == NULL ||
	    EVP_CipherInit_ex(aead->evp, evp, NULL, keys->encryption_key, NULL, encrypt) != 1) {
		aead_destroy(aead);
		aead = NULL;
	} else {
		memcpy(aead->salt, keys->encryption_key + suite->key_length - SALT, SALT);
		aead->extended = extended;
	}
	EVP_CIPHER_free(evp);
	return aead;
}

/* The additional data of RFC 4106 section 5: SPI, then 32 or 64 bits of sequence number. Returns its length.
 */
static int
additional_data(uint8_t out[12], const struct suite_packet *packet, bool extended)
{
	struct writer w = writer_over(out, 12);

	writer_bytes(&w, packet->bytes, 4);
	if (extended)
		writer_u64(&w, packet->sequence);
	else
		writer_u32(&w, (uint32_t)packet->sequence);
	return (int)writer_length(&w);
}

static bool
seal_one(struct aead *aead, const struct suite_packet *packet)
{
	uint8_t *iv = packet->bytes + ESP_HEADER, *text = iv + IV, data[12], nonce[NONCE];
	struct writer w = writer_over(iv, IV);
	int data_length = additional_data(data, packet, aead->extended), done;

	writer_u64(&w, packet->sequence);
	memcpy(nonce, aead->salt, SALT);
	memcpy(nonce + SALT, iv, IV);
	return EVP_EncryptInit_ex(aead->evp, NULL, NULL, NULL, nonce) == 1 &&
	       EVP_EncryptUpdate(aead->evp, NULL, &done, data, data_length) == 1 &&
	       EVP_EncryptUpdate(aead->evp, text, &done, text, (int)packet->text_length) == 1 &&
	       EVP_EncryptFinal_ex(aead->evp, text + done, &done) == 1 &&
	       EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_GET_TAG, TAG, text + packet->text_length) == 1;
}

/* EVP compares the tag in constant time (CRYPTO_memcmp). */
static bool
open_one(struct aead *aead, const struct suite_packet *packet)
{
	uint8_t *iv = packet->bytes + ESP_HEADER, *text = iv + IV, data[12], nonce[NONCE];
	int data_length = additional_data(data, packet, aead->extended), done;

	memcpy(nonce, aead->salt, SALT);
	memcpy(nonce + SALT, iv, IV);
	return EVP_DecryptInit_ex(aead->evp, NULL, NULL, NULL, nonce) == 1 &&
	       EVP_DecryptUpdate(aead->evp, NULL, &done, data, data_length) == 1 &&
	       EVP_DecryptUpdate(aead->evp, text, &done, text, (int)packet->text_length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_SET_TAG, TAG, text + packet->text_length) == 1 &&
	       EVP_DecryptFinal_ex(aead->evp, text + done, &done) == 1;
}

static void
aead_seal(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].good = seal_one(context, &packets[i]);
}

static void
aead_open(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		packets[i].good = open_one(context, &packets[i]);
}

const struct suite_ops suite_aead_ops = {
    .create = aead_create,
    .destroy = aead_destroy,
    .seal = aead_seal,
    .open = aead_open,
};
