// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of ESP suites, in the terms of IKEv2's transform IDs (IANA). Of RFC 8221's mandatory algorithms
 * only NULL encryption is missing, on purpose. Key lengths of the HMACs: RFC 2404 3, RFC 4868 2.1.1.
 *
 * There is one such table for each library that can do the work; they differ in nothing but their ops. EVP's
 * is the one that is written down here, and what all others are tested against.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum {
	AES_CBC = 12,
	AES_GCM_16 = 20,
	CHACHA20_POLY1305 = SUITE_CHACHA20_POLY1305,
	HMAC_SHA1_96 = 2,
	HMAC_SHA2_256_128 = 12,
	HMAC_SHA2_384_192 = 13,
	HMAC_SHA2_512_256 = 14,
};

#define AEAD(name_, encryption_, key_bytes, evp_name) \
	{ \
		.ops = &suite_aead_ops, .name = name_, .encryption = encryption_, \
		.key_length = (key_bytes) + SUITE_SALT, .iv_length = 8, .icv_length = 16, .alignment = 4, \
		.cipher_name = evp_name, \
	}

#define CBC(bits, name_, integrity_, mac_key_bytes, icv_bytes, digest) \
	{ \
		.ops = &suite_cbc_ops, .name = "AES-CBC-" #bits " with " name_, .encryption = AES_CBC, \
		.integrity = integrity_, .key_length = (bits) / 8, .integrity_key_length = mac_key_bytes, \
		.iv_length = 16, .icv_length = icv_bytes, .alignment = 16, \
		.cipher_name = "AES-" #bits "-CBC", .digest_name = digest, \
	}

#define CBC_OF_ALL_KEY_LENGTHS(...) CBC(128, __VA_ARGS__), CBC(192, __VA_ARGS__), CBC(256, __VA_ARGS__)

static const struct suite suites[] = {
    AEAD("AES-GCM-16-128", AES_GCM_16, 16, "AES-128-GCM"),
    AEAD("AES-GCM-16-192", AES_GCM_16, 24, "AES-192-GCM"),
    AEAD("AES-GCM-16-256", AES_GCM_16, 32, "AES-256-GCM"),
    AEAD("ChaCha20-Poly1305", CHACHA20_POLY1305, 32, "ChaCha20-Poly1305"),
    CBC_OF_ALL_KEY_LENGTHS("HMAC-SHA1-96", HMAC_SHA1_96, 20, 12, "SHA1"),
    CBC_OF_ALL_KEY_LENGTHS("HMAC-SHA2-256-128", HMAC_SHA2_256_128, 32, 16, "SHA256"),
    CBC_OF_ALL_KEY_LENGTHS("HMAC-SHA2-384-192", HMAC_SHA2_384_192, 48, 24, "SHA384"),
    CBC_OF_ALL_KEY_LENGTHS("HMAC-SHA2-512-256", HMAC_SHA2_512_256, 64, 32, "SHA512"),
};

static struct suite others[COUNT_OF(suites)]; /* the other provider's, once it was asked for */
static const struct suite *_Atomic in_use = suites;

static void
fill_others(void)
{
	for (size_t i = 0; i < COUNT_OF(suites); i++) {
		others[i] = suites[i];
		others[i].ops = suite_provider_mb.ops(&suites[i]);
	}
}

bool
suites_use(const char *provider, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	bool any = provider == NULL || strcmp(provider, "auto") == 0;

	if (!any && strcmp(provider, "evp") != 0 && strcmp(provider, suite_provider_mb.name) != 0)
		return error_set(err, "there is no crypto provider %s: auto, evp or %s",
				 text_quoted(provider), suite_provider_mb.name);
	if ((any || strcmp(provider, "evp") != 0) && suite_provider_mb.usable()) {
		pthread_once(&once, fill_others);
		atomic_store(&in_use, others);
	} else if (!any && strcmp(provider, "evp") != 0) {
		return error_set(err,
				 "%s can't be used here: the build or the processor (AES and PCLMULQDQ "
				 "instructions) lacks it; evp works everywhere",
				 provider);
	} else {
		atomic_store(&in_use, suites);
	}
	return true;
}

const char *
suites_describe(char *out, size_t size)
{
	if (atomic_load(&in_use) == suites)
		snprintf(out, size, "%s", OpenSSL_version(OPENSSL_VERSION));
	else
		suite_provider_mb.describe(out, size);
	return out;
}

const struct suite *
suite_at(size_t index)
{
	return index < COUNT_OF(suites) ? &atomic_load(&in_use)[index] : NULL;
}

const struct suite *
suite_find(const struct dataplane_algorithms *algorithms, struct error *err)
{
	const struct suite *near = NULL;

	for (size_t i = 0; i < COUNT_OF(suites); i++) {
		const struct suite *s = suite_at(i);

		if (s->encryption != algorithms->encryption || s->integrity != algorithms->integrity)
			continue;
		near = s;
		if (s->key_length == algorithms->encryption_key_length &&
		    algorithms->encryption_key != NULL &&
		    s->integrity_key_length == algorithms->integrity_key_length &&
		    (s->integrity_key_length == 0 || algorithms->integrity_key != NULL))
			return s;
	}
	if (near == NULL)
		error_set(err,
			  "the userspace data plane has no ESP encryption algorithm %u with integrity %u: "
			  "propose AES-GCM (aes256gcm16), chacha20poly1305 or AES-CBC with an HMAC "
			  "(aes256-sha256)",
			  algorithms->encryption, algorithms->integrity);
	else if (near->integrity_key_length != algorithms->integrity_key_length ||
		 (near->integrity_key_length != 0 && algorithms->integrity_key == NULL))
		error_set(err, "a key of %zu bytes does not fit integrity algorithm %u, which takes %u",
			  algorithms->integrity_key_length, algorithms->integrity,
			  near->integrity_key_length);
	else
		error_set(err, "a key of %zu bytes does not fit encryption algorithm %u",
			  algorithms->encryption_key_length, algorithms->encryption);
	return NULL;
}
