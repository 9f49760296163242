// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cryptographic suites as texts: charon's names of a list of proposals ("IKE:AES_CBC_256/HMAC_SHA2_256_128/
 * PRF_HMAC_SHA2_256/MODP_2048, IKE:...", the transforms of RFC 7296 3.3.2) in the words of the configuration,
 * and what keeps two sides' lists from having a suite in common. Free of strongSwan's headers.
 */
#ifndef TWINSPAN_IKE_SUITES_H
#define TWINSPAN_IKE_SUITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum suite_type { SUITE_ENCRYPTION, SUITE_INTEGRITY, SUITE_PRF, SUITE_GROUP, SUITE_TYPES };

#define SUITE_TEXT 160

struct suites_difference {
	unsigned count; /* of transform types without an algorithm in common; 0: a suite is in common */
	enum suite_type types[SUITE_TYPES];
	char ours[SUITE_TYPES][SUITE_TEXT], theirs[SUITE_TYPES][SUITE_TEXT]; /* words of the closest pair */
	char match[SUITE_TEXT]; /* a proposal that both would take if we had it: of their closest one */
};

/** "encryption", "integrity", "PRF", "DH group". */
const char *suite_type_name(enum suite_type type);
/** The list in the words of the configuration: "aes256-sha256-modp2048, ...". What is not known keeps its
 * name in small letters. Returns `out`. */
const char *suites_words(const char *list, char *out, size_t size);
/**
 * Compares two lists in charon's words: the pair of proposals that has the fewest types without an algorithm
 * in common. False where one of the lists is empty. An authenticated cipher on one side and a PRF that only
 * one side names don't count on their own.
 */
bool suites_compare(const char *ours, const char *theirs, struct suites_difference *out);
/** "ecp384" for 20 (IANA's "Transform Type 4"); "group N" for others. Returns `out`. */
const char *suites_group(uint16_t number, char *out, size_t size);

#endif
