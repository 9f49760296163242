// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Combined-mode suites by ipsec-mb: what suite_aead.c does by EVP, byte for byte. AES-GCM by the library's
 * direct functions, which take a whole packet in one call, with the key schedule and the powers of the hash
 * key made once for each SA; ChaCha20-Poly1305 as a job, which the library ends at once.
 *
 * Both decrypt while they authenticate, so a packet that is not authentic was decrypted too; its text is not
 * looked at.
 */
#include "plugins/dataplane_userspace/suite_mb.h"
#include "core/base/buffer.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { SALT = SUITE_SALT, IV = 8, NONCE = SALT + IV, TAG = 16, DATA = 12, CHACHA_KEY = 32 };

/* One of the library's two functions for a key length. */
typedef aes_gcm_enc_dec_t gcm_function;

struct mb_aead {
	struct gcm_key_data keys; /* AES-GCM; its type is aligned to a cache line */
	gcm_function seal, open;
	uint8_t key[CHACHA_KEY]; /* ChaCha20 */
	uint8_t salt[SALT];
	bool extended;
};

/* What a packet is authenticated with beside its text: nonce and additional data (RFC 4106 4 and 5, RFC 7634
 * 2). */
struct around {
	uint8_t nonce[NONCE];
	uint8_t data[DATA];
	size_t data_length;
};

static void
mb_aead_destroy(void *context)
{
	if (context == NULL)
		return;
	OPENSSL_cleanse(context, sizeof(struct mb_aead));
	free(context);
}

static struct mb_aead *
context_new(const struct suite *suite, const struct dataplane_algorithms *keys, bool extended)
{
	struct mb_aead *aead = aligned_alloc(_Alignof(struct mb_aead), sizeof(*aead));

	if (aead == NULL)
		return NULL;
	memset(aead, 0, sizeof(*aead));
	memcpy(aead->salt, keys->encryption_key + suite->key_length - SALT, SALT);
	aead->extended = extended;
	return aead;
}

static void *
gcm_create(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt, bool extended)
{
	IMB_MGR *manager = suite_mb_manager();
	struct mb_aead *aead = manager != NULL ? context_new(suite, keys, extended) : NULL;

	if (aead == NULL)
		return NULL;
	switch (suite->key_length - SALT) {
	case IMB_KEY_128_BYTES:
		aead->seal = manager->gcm128_enc;
		aead->open = manager->gcm128_dec;
		IMB_AES128_GCM_PRE(manager, keys->encryption_key, &aead->keys);
		break;
	case IMB_KEY_192_BYTES:
		aead->seal = manager->gcm192_enc;
		aead->open = manager->gcm192_dec;
		IMB_AES192_GCM_PRE(manager, keys->encryption_key, &aead->keys);
		break;
	default:
		aead->seal = manager->gcm256_enc;
		aead->open = manager->gcm256_dec;
		IMB_AES256_GCM_PRE(manager, keys->encryption_key, &aead->keys);
	}
	return aead;
}

static void *
chacha_create(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt, bool extended)
{
	struct mb_aead *aead = suite_mb_manager() != NULL ? context_new(suite, keys, extended) : NULL;

	if (aead != NULL)
		memcpy(aead->key, keys->encryption_key, CHACHA_KEY);
	return aead;
}

static void
read_around(struct around *around, const struct mb_aead *aead, const struct suite_packet *packet)
{
	struct writer w = writer_over(around->data, DATA);

	memcpy(around->nonce, aead->salt, SALT);
	memcpy(around->nonce + SALT, packet->bytes + ESP_HEADER, IV);
	writer_bytes(&w, packet->bytes, 4);
	if (aead->extended)
		writer_u64(&w, packet->sequence);
	else
		writer_u32(&w, (uint32_t)packet->sequence);
	around->data_length = writer_length(&w);
}

static void
write_iv(const struct suite_packet *packet)
{
	struct writer w = writer_over(packet->bytes + ESP_HEADER, IV);

	writer_u64(&w, packet->sequence);
}

static void
gcm_seal(void *context, struct suite_packet *packets, unsigned count)
{
	const struct mb_aead *aead = context;
	struct gcm_context_data state;
	struct around around;

	for (unsigned i = 0; i < count; i++) {
		uint8_t *text = packets[i].bytes + ESP_HEADER + IV;
		size_t length = packets[i].text_length;

		write_iv(&packets[i]);
		read_around(&around, aead, &packets[i]);
		aead->seal(&aead->keys, &state, text, text, length, around.nonce, around.data,
			   around.data_length, text + length, TAG);
		packets[i].good = true;
	}
}

static void
gcm_open(void *context, struct suite_packet *packets, unsigned count)
{
	const struct mb_aead *aead = context;
	struct gcm_context_data state;
	struct around around;
	uint8_t tag[TAG];

	for (unsigned i = 0; i < count; i++) {
		uint8_t *text = packets[i].bytes + ESP_HEADER + IV;
		size_t length = packets[i].text_length;

		read_around(&around, aead, &packets[i]);
		aead->open(&aead->keys, &state, text, text, length, around.nonce, around.data,
			   around.data_length, tag, TAG);
		packets[i].good = CRYPTO_memcmp(tag, text + length, TAG) == 0;
	}
}

/* One packet through the library; false where it refuses. */
static bool
chacha_run(const struct mb_aead *aead, const struct suite_packet *packet, IMB_CIPHER_DIRECTION direction,
	   uint8_t *tag)
{
	IMB_MGR *manager = suite_mb_manager();
	uint8_t *text = packet->bytes + ESP_HEADER + IV;
	struct around around;
	IMB_JOB *job;

	if (manager == NULL)
		return false;
	read_around(&around, aead, packet);
	job = IMB_GET_NEXT_JOB(manager);
	*job = (IMB_JOB){
	    .enc_keys = aead->key,
	    .dec_keys = aead->key,
	    .key_len_in_bytes = CHACHA_KEY,
	    .src = text,
	    .dst = text,
	    .msg_len_to_cipher_in_bytes = packet->text_length,
	    .msg_len_to_hash_in_bytes = packet->text_length,
	    .iv = around.nonce,
	    .iv_len_in_bytes = NONCE,
	    .auth_tag_output = tag,
	    .auth_tag_output_len_in_bytes = TAG,
	    .u.CHACHA20_POLY1305 = {.aad = around.data, .aad_len_in_bytes = around.data_length},
	    .cipher_mode = IMB_CIPHER_CHACHA20_POLY1305,
	    .hash_alg = IMB_AUTH_CHACHA20_POLY1305,
	    .cipher_direction = direction,
	    .chain_order = direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER,
	};
	job = IMB_SUBMIT_JOB(manager);
	return job != NULL && job->status == IMB_STATUS_COMPLETED;
}

static void
chacha_seal(void *context, struct suite_packet *packets, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t *tag = packets[i].bytes + ESP_HEADER + IV + packets[i].text_length;

		write_iv(&packets[i]);
		packets[i].good = chacha_run(context, &packets[i], IMB_DIR_ENCRYPT, tag);
	}
}

static void
chacha_open(void *context, struct suite_packet *packets, unsigned count)
{
	uint8_t tag[TAG];

	for (unsigned i = 0; i < count; i++)
		packets[i].good =
		    chacha_run(context, &packets[i], IMB_DIR_DECRYPT, tag) &&
		    CRYPTO_memcmp(tag, packets[i].bytes + ESP_HEADER + IV + packets[i].text_length, TAG) == 0;
}

const struct suite_ops suite_mb_gcm_ops = {
    .for_all = true,
    .create = gcm_create,
    .destroy = mb_aead_destroy,
    .seal = gcm_seal,
    .open = gcm_open,
};

const struct suite_ops suite_mb_chacha_ops = {
    .for_all = true,
    .create = chacha_create,
    .destroy = mb_aead_destroy,
    .seal = chacha_seal,
    .open = chacha_open,
};
