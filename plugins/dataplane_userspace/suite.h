// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What protects packets: the table of ESP suites (suites.c), and who does their work (suite_*.c). Bytes only:
 * no sockets, no tables of SAs.
 */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_SUITE_H
#define TWINSPAN_DATAPLANE_USERSPACE_SUITE_H

#include "core/dataplane.h"

#define BATCH_PACKETS 64 /* most packets that are sealed or opened by one call of a suite */
#define SUITE_SALT 4     /* bytes of an AEAD's key that open its nonce (RFC 4106 4, RFC 7634 2) */

struct suite_ops;

/*
 * What protects a packet: an AEAD, or a cipher with a MAC. One row of the table in suites.c. A set of ops may
 * serve several suites; another library that does the same work is another set of ops.
 */
struct suite {
	const struct suite_ops *ops;
	const char *name;
	uint16_t encryption, integrity; /* IKEv2 transform IDs; integrity 0: an AEAD */
	uint8_t key_length;             /* bytes, of the encryption key with its salt */
	uint8_t integrity_key_length;
	uint8_t iv_length, icv_length;
	uint8_t alignment;                     /* of what is encrypted, trailer included (RFC 4303 2.4) */
	const char *cipher_name, *digest_name; /* as OpenSSL calls them */
};

/* One packet of a batch. The ESP header stands at `bytes`, the IV behind it, then the text and the ICV. */
struct suite_packet {
	uint8_t *bytes;
	size_t text_length; /* a multiple of the alignment, not 0 */
	uint64_t sequence;  /* all 64 bits of it where numbers are extended */
	bool good;          /* set: sealed; authentic and decrypted */
};

/* A context is made once for each SA and used by one thread at a time, if it is not for all. */
struct suite_ops {
	bool for_all; /* any number of threads may use one context */
	/** A keyed context; NULL when the library refuses. Keys are copied. */
	void *(*create)(const struct suite *suite, const struct dataplane_algorithms *keys, bool encrypt,
			bool extended);
	/** Wipes the keys. */
	void (*destroy)(void *context);
	/** Writes the IV, encrypts the text in place and writes the ICV behind it, for each packet. */
	void (*seal)(void *context, struct suite_packet *packets, unsigned count);
	/** Authenticates, then decrypts in place. What is not `good` is worthless. */
	void (*open)(void *context, struct suite_packet *packets, unsigned count);
};

extern const struct suite_ops suite_aead_ops, suite_cbc_ops; /* by OpenSSL's EVP */

#define SUITE_CHACHA20_POLY1305 28 /* IKEv2 transform ID (RFC 7634 5) */

/** A library that does the suites' work in the place of EVP. */
struct suite_provider {
	const char *name;
	/** False where the build or the processor lacks what it needs. From any thread. */
	bool (*usable)(void);
	/** What does this suite's work. */
	const struct suite_ops *(*ops)(const struct suite *suite);
	/** Its name, version and what it makes use of, for people. */
	void (*describe)(char *out, size_t size);
};

extern const struct suite_provider suite_provider_mb;

/**
 * Chooses who does the work of the suites from now on: "evp", "ipsec-mb", or NULL or "auto" for the fastest
 * that is usable. SAs keep whom they were made with. False with an error that says what there is. Until it is
 * called it is EVP.
 */
bool suites_use(const char *provider, struct error *err);
/** Who does it, with the library's version. Returns `out`. */
const char *suites_describe(char *out, size_t size);
/** The rows of the table, from 0 on; NULL behind the last. */
const struct suite *suite_at(size_t index);
/** The suite that these algorithms and key lengths name, or NULL with an error. */
const struct suite *suite_find(const struct dataplane_algorithms *algorithms, struct error *err);

#endif
