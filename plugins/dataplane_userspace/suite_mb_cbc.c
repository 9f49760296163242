// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-CBC with an HMAC by ipsec-mb: what suite_cbc.c does by EVP, and what either seals the other opens. CBC
 * can't be encrypted faster than one block after the other, nor hashed, so the library takes many packets
 * side by side. A few cost it as much as many: below CBC_MANY the packets go through EVP, which every context
 * has as well.
 *
 * The ICV is made in a place of its own, so that with extended sequence numbers their upper half can stand
 * behind the ciphertext, where the ICV goes, while the HMAC is made (RFC 4303 2.2.1).
 *
 * A packet is decrypted whether or not its ICV is right, and its text looked at only when it is.
 */
#include "plugins/dataplane_userspace/suite_mb.h"
#include "core/base/buffer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK = 16,
	SECRET = 8,
	ROUND_KEYS = 15 * BLOCK, /* AES-256 has the most */
	HIGH = 4,                /* the upper half of an extended number */
	ICV_MOST = 32,
	STATE_MOST = 64, /* of a hash */
	HASH_BLOCK_MOST = 128,
	CBC_MANY = 8, /* from here on the library is not slower than EVP for any suite (bench_crypto) */
};

struct mb_cbc {
	_Alignas(64) uint8_t encrypt_keys[ROUND_KEYS];
	_Alignas(16) uint8_t decrypt_keys[ROUND_KEYS];
	/* HMAC's hash states after the key's block (RFC 2104 4) */
	_Alignas(16) uint8_t inner[STATE_MOST];
	_Alignas(16) uint8_t outer[STATE_MOST];
	uint8_t secret[SECRET]; /* of the nonce: see suite_cbc.c */
	uint8_t key_length, icv_length;
	bool extended;
	IMB_HASH_ALG hash;
	void *few; /* the same keys, for EVP */
};

/* The library's numbers for a suite's HMAC, and its way to hash one block. */
struct hmac {
	IMB_HASH_ALG hash;
	size_t block;
	hash_one_block_t one_block;
};

static struct hmac
hmac_of(const IMB_MGR *manager, const struct suite *suite)
{
	switch (suite->icv_length) {
	case 12:
		return (struct hmac){IMB_AUTH_HMAC_SHA_1, 64, manager->sha1_one_block};
	case 16:
		return (struct hmac){IMB_AUTH_HMAC_SHA_256, 64, manager->sha256_one_block};
	case 24:
		return (struct hmac){IMB_AUTH_HMAC_SHA_384, 128, manager->sha384_one_block};
	default:
		return (struct hmac){IMB_AUTH_HMAC_SHA_512, 128, manager->sha512_one_block};
	}
}

static void
mb_cbc_destroy(void *context)
{
	struct mb_cbc *cbc = context;

	if (cbc == NULL)
		return;
	suite_cbc_ops.destroy(cbc->few);
	OPENSSL_cleanse(cbc, sizeof(*cbc));
	free(cbc);
}

static void
hash_pad(const struct hmac *hmac, const uint8_t *key, uint8_t pad, uint8_t *state)
{
	_Alignas(16) uint8_t block[HASH_BLOCK_MOST];

	for (size_t i = 0; i < hmac->block; i++)
		block[i] = key[i] ^ pad;
	hmac->one_block(block, state);
	OPENSSL_cleanse(block, sizeof(block));
}

/* RFC 2104 2: a key longer than a block is hashed first. */
static bool
key_mac(struct mb_cbc *cbc, const struct hmac *hmac, const struct suite *suite, const uint8_t *key)
{
	uint8_t padded[HASH_BLOCK_MOST] = {0};
	bool good = true;

	if (suite->integrity_key_length > hmac->block)
		good = EVP_Q_digest(NULL, suite->digest_name, NULL, key, suite->integrity_key_length, padded,
				    NULL) == 1;
	else
		memcpy(padded, key, suite->integrity_key_length);
	hash_pad(hmac, padded, 0x36, cbc->inner);
	hash_pad(hmac, padded, 0x5c, cbc->outer);
	OPENSSL_cleanse(padded, sizeof(padded));
	return good;
}

static void
key_cipher(struct mb_cbc *cbc, IMB_MGR *manager, const uint8_t *key)
{
	if (cbc->key_length == IMB_KEY_128_BYTES)
		IMB_AES_KEYEXP_128(manager, key, cbc->encrypt_keys, cbc->decrypt_keys);
	else if (cbc->key_length == IMB_KEY_192_BYTES)
		IMB_AES_KEYEXP_192(manager, key, cbc->encrypt_keys, cbc->decrypt_keys);
	else
		IMB_AES_KEYEXP_256(manager, key, cbc->encrypt_keys, cbc->decrypt_keys);
}

static void *
mb_cbc_create(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt, bool extended)
{
	IMB_MGR *manager = suite_mb_manager();
	struct mb_cbc *cbc = manager != NULL ? aligned_alloc(_Alignof(struct mb_cbc), sizeof(*cbc)) : NULL;
	struct hmac hmac;

	if (cbc == NULL)
		return NULL;
	memset(cbc, 0, sizeof(*cbc));
	hmac = hmac_of(manager, suite);
	cbc->hash = hmac.hash;
	cbc->key_length = suite->key_length;
	cbc->icv_length = suite->icv_length;
	cbc->extended = extended;
	key_cipher(cbc, manager, keys->encryption_key);
	cbc->few = suite_cbc_ops.create(suite, keys, encrypt, extended);
	if (cbc->few != NULL && key_mac(cbc, &hmac, suite, keys->integrity_key) &&
	    RAND_bytes(cbc->secret, SECRET) == 1)
		return cbc;
	mb_cbc_destroy(cbc);
	return NULL;
}

static void
ended(const IMB_JOB *job)
{
	struct suite_packet *packet = job->user_data;

	packet->good = job->status == IMB_STATUS_COMPLETED;
}

/* Hands a packet to the library. What both directions have in common; the caller's job says the rest. */
static void
submit(IMB_MGR *manager, const struct mb_cbc *cbc, struct suite_packet *packet, uint8_t *icv, IMB_JOB want)
{
	struct writer high = writer_over(packet->bytes + ESP_HEADER + BLOCK + packet->text_length, HIGH);
	IMB_JOB *job = IMB_GET_NEXT_JOB(manager);

	packet->good = false;
	if (cbc->extended)
		writer_u32(&high, (uint32_t)(packet->sequence >> 32));
	want.enc_keys = cbc->encrypt_keys;
	want.dec_keys = cbc->decrypt_keys;
	want.key_len_in_bytes = cbc->key_length;
	want.src = packet->bytes;
	want.msg_len_to_hash_in_bytes = ESP_HEADER + BLOCK + packet->text_length + (cbc->extended ? HIGH : 0);
	want.iv_len_in_bytes = BLOCK;
	want.auth_tag_output = icv;
	want.auth_tag_output_len_in_bytes = cbc->icv_length;
	want.u.HMAC._hashed_auth_key_xor_ipad = cbc->inner;
	want.u.HMAC._hashed_auth_key_xor_opad = cbc->outer;
	want.cipher_mode = IMB_CIPHER_CBC;
	want.hash_alg = cbc->hash;
	want.user_data = packet;
	*job = want;
	for (job = IMB_SUBMIT_JOB(manager); job != NULL; job = IMB_GET_COMPLETED_JOB(manager))
		ended(job);
}

static void
finish(IMB_MGR *manager)
{
	const IMB_JOB *job;

	while ((job = IMB_FLUSH_JOB(manager)) != NULL)
		ended(job);
}

/* The nonce and the text behind it, encrypted with a zero IV: its first block is the packet's IV. */
static void
seal_many(IMB_MGR *manager, const struct mb_cbc *cbc, struct suite_packet *packets, unsigned count)
{
	static const uint8_t zero[BLOCK];
	uint8_t icv[BATCH_PACKETS][ICV_MOST];

	for (unsigned i = 0; i < count; i++) {
		uint8_t *iv = packets[i].bytes + ESP_HEADER;
		struct writer nonce = writer_over(iv, BLOCK);

		writer_bytes(&nonce, cbc->secret, SECRET);
		writer_u64(&nonce, packets[i].sequence);
		submit(manager, cbc, &packets[i], icv[i],
		       (IMB_JOB){
			   .dst = iv,
			   .cipher_start_src_offset_in_bytes = ESP_HEADER,
			   .msg_len_to_cipher_in_bytes = BLOCK + packets[i].text_length,
			   .iv = zero,
			   .cipher_direction = IMB_DIR_ENCRYPT,
			   .chain_order = IMB_ORDER_CIPHER_HASH,
		       });
	}
	finish(manager);
	for (unsigned i = 0; i < count; i++)
		memcpy(packets[i].bytes + ESP_HEADER + BLOCK + packets[i].text_length, icv[i],
		       cbc->icv_length);
}

static void
open_many(IMB_MGR *manager, const struct mb_cbc *cbc, struct suite_packet *packets, unsigned count)
{
	uint8_t came[BATCH_PACKETS][ICV_MOST], icv[BATCH_PACKETS][ICV_MOST];

	for (unsigned i = 0; i < count; i++) {
		uint8_t *text = packets[i].bytes + ESP_HEADER + BLOCK;

		memcpy(came[i], text + packets[i].text_length, cbc->icv_length);
		submit(manager, cbc, &packets[i], icv[i],
		       (IMB_JOB){
			   .dst = text,
			   .cipher_start_src_offset_in_bytes = ESP_HEADER + BLOCK,
			   .msg_len_to_cipher_in_bytes = packets[i].text_length,
			   .iv = text - BLOCK,
			   .cipher_direction = IMB_DIR_DECRYPT,
			   .chain_order = IMB_ORDER_HASH_CIPHER,
		       });
	}
	finish(manager);
	for (unsigned i = 0; i < count; i++)
		packets[i].good = packets[i].good && CRYPTO_memcmp(came[i], icv[i], cbc->icv_length) == 0;
}

typedef void (*many_function)(IMB_MGR *, const struct mb_cbc *, struct suite_packet *, unsigned);

/* Batches of any size, in pieces; a piece of few packets goes to EVP. */
static void
run(const struct mb_cbc *cbc, struct suite_packet *packets, unsigned count, many_function many,
    void (*few)(void *, struct suite_packet *, unsigned))
{
	IMB_MGR *manager = suite_mb_manager();

	while (count != 0) {
		unsigned piece = count < BATCH_PACKETS ? count : BATCH_PACKETS;

		if (piece < CBC_MANY || manager == NULL)
			few(cbc->few, packets, piece);
		else
			many(manager, cbc, packets, piece);
		packets += piece;
		count -= piece;
	}
}

static void
mb_cbc_seal(void *context, struct suite_packet *packets, unsigned count)
{
	run(context, packets, count, seal_many, suite_cbc_ops.seal);
}

static void
mb_cbc_open(void *context, struct suite_packet *packets, unsigned count)
{
	run(context, packets, count, open_many, suite_cbc_ops.open);
}

const struct suite_ops suite_mb_cbc_ops = {
    .create = mb_cbc_create,
    .destroy = mb_cbc_destroy,
    .seal = mb_cbc_seal,
    .open = mb_cbc_open,
};
