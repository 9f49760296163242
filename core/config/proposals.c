// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of IKE and ESP proposals as strongSwan writes them ("aes256gcm16-prfsha384-ecp384"), checked here
 * so that a slip is found with its line and not when the tunnel comes up. What a proposal needs: RFC
 * 7296 3.3.3.
 */
#include "core/config/config_internal.h"

#include <string.h>

enum word_kind {
	WORD_CIPHER = 1,
	WORD_AEAD = 2,
	WORD_INTEGRITY = 4,
	WORD_PRF = 8,
	WORD_GROUP = 16,
	WORD_ESN = 32
};

struct proposal_word {
	const char *text;
	enum word_kind kind;
	const char *weak; /* why one should not, or NULL */
	bool userspace;   /* as an ESP cipher: our own data plane has it */
};

static const struct proposal_word words[] = {
    {"aes128gcm16", WORD_AEAD, NULL, true},
    {"aes256gcm16", WORD_AEAD, NULL, true},
    {"aes128gcm128", WORD_AEAD, NULL, true},
    {"aes256gcm128", WORD_AEAD, NULL, true},
    {"aes192gcm16", WORD_AEAD, NULL, false},
    {"chacha20poly1305", WORD_AEAD, NULL, false},
    {"aes128", WORD_CIPHER, NULL, false},
    {"aes192", WORD_CIPHER, NULL, false},
    {"aes256", WORD_CIPHER, NULL, false},
    {"3des", WORD_CIPHER, "3DES is weak (RFC 8221)", false},
    {"sha1", WORD_INTEGRITY, "SHA-1 is weak", false},
    {"sha256", WORD_INTEGRITY, NULL, false},
    {"sha384", WORD_INTEGRITY, NULL, false},
    {"sha512", WORD_INTEGRITY, NULL, false},
    {"prfsha1", WORD_PRF, "SHA-1 is weak", false},
    {"prfsha256", WORD_PRF, NULL, false},
    {"prfsha384", WORD_PRF, NULL, false},
    {"prfsha512", WORD_PRF, NULL, false},
    {"modp768", WORD_GROUP, "DH group 1 is broken", false},
    {"modp1024", WORD_GROUP, "DH group 2 is weak", false},
    {"modp1536", WORD_GROUP, "DH group 5 is weak", false},
    {"modp2048", WORD_GROUP, NULL, false},
    {"modp3072", WORD_GROUP, NULL, false},
    {"modp4096", WORD_GROUP, NULL, false},
    {"modp6144", WORD_GROUP, NULL, false},
    {"modp8192", WORD_GROUP, NULL, false},
    {"modp1024s160", WORD_GROUP, "DH group 22 is weak (RFC 8247)", false},
    {"modp2048s224", WORD_GROUP, NULL, false},
    {"modp2048s256", WORD_GROUP, NULL, false},
    {"ecp192", WORD_GROUP, NULL, false},
    {"ecp224", WORD_GROUP, NULL, false},
    {"ecp256", WORD_GROUP, NULL, false},
    {"ecp384", WORD_GROUP, NULL, false},
    {"ecp521", WORD_GROUP, NULL, false},
    {"curve25519", WORD_GROUP, NULL, false},
    {"x25519", WORD_GROUP, NULL, false},
    {"curve448", WORD_GROUP, NULL, false},
    {"x448", WORD_GROUP, NULL, false},
    {"esn", WORD_ESN, NULL, false},
    {"noesn", WORD_ESN, NULL, false},
};

static const struct proposal_word *
find_word(const char *text)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(words[i].text, text) == 0)
			return &words[i];
	}
	return NULL;
}

static void
unknown_word(struct reading *reading, const char *word, const char *proposal, struct position at)
{
	const char *names[COUNT_OF(words) + 1] = {0}, *nearest;

	for (size_t i = 0; i < COUNT_OF(words); i++)
		names[i] = words[i].text;
	nearest = text_nearest(word, names);
	finding_error(reading->findings, at, "unknown algorithm %s in the proposal %s%s%s%s", quoted(word),
		      quoted(proposal), nearest != NULL ? " (did you mean '" : "",
		      nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
}

/*
 * What this version's own data plane carries. With `dataplane: kernel` the kernel has them all. One function,
 * so that it goes when the plane has learnt the rest.
 */
static bool
plane_has(struct reading *reading, const struct proposal_word *word, const char *proposal, struct position at)
{
	if (reading->config->dataplane == CONFIG_DATAPLANE_KERNEL || word->userspace ||
	    (word->kind & (WORD_CIPHER | WORD_AEAD)) == 0)
		return true;
	finding_error(reading->findings, at,
		      "the userspace data plane of this version has no '%s' (in the ESP proposal %s): use "
		      "aes128gcm16 or aes256gcm16",
		      word->text, quoted(proposal));
	return false;
}

/* The parts that must or must not be there together. NULL when all is well. */
static const char *
missing_part(unsigned kinds, bool esp)
{
	if ((kinds & (WORD_CIPHER | WORD_AEAD)) == 0)
		return "names no cipher, such as aes256gcm16";
	if ((kinds & WORD_CIPHER) != 0 && (kinds & WORD_AEAD) != 0)
		return "mixes GCM or ChaCha20-Poly1305 with other ciphers: write two proposals";
	if (esp && (kinds & WORD_PRF) != 0)
		return "has a prf word, which only IKE proposals take";
	if ((kinds & WORD_CIPHER) != 0 && (kinds & WORD_INTEGRITY) == 0)
		return "lacks an integrity algorithm, such as sha256";
	if (esp && (kinds & WORD_AEAD) != 0 && (kinds & WORD_INTEGRITY) != 0)
		return "has an integrity algorithm, which GCM and ChaCha20-Poly1305 bring themselves";
	if (esp)
		return NULL;
	if ((kinds & WORD_ESN) != 0)
		return "has an esn word, which only ESP proposals take";
	if ((kinds & (WORD_PRF | WORD_INTEGRITY)) == 0)
		return "lacks a prf, such as prfsha384";
	return (kinds & WORD_GROUP) == 0 ? "lacks a key exchange, such as ecp384" : NULL;
}

bool
proposal_check(struct reading *reading, bool esp, const char *text, struct position at)
{
	char copy[128], *rest = copy;
	unsigned kinds = 0;
	bool good = true;
	const char *missing;

	if (strlen(text) >= sizeof(copy)) {
		finding_error(reading->findings, at, "a proposal is longer than %zu bytes", sizeof(copy) - 1);
		return false;
	}
	strcpy(copy, text);
	for (char *part; (part = strsep(&rest, "-")) != NULL;) {
		const struct proposal_word *word = find_word(part);

		if (word == NULL) {
			unknown_word(reading, part, text, at);
			return false;
		}
		kinds |= word->kind;
		good &= !esp || plane_has(reading, word, text, at);
		if (word->weak != NULL)
			finding_warning(reading->findings, at, "the proposal %s: %s", quoted(text),
					word->weak);
	}
	missing = missing_part(kinds, esp);
	if (missing != NULL)
		finding_error(reading->findings, at, "the proposal %s %s", quoted(text), missing);
	return good && missing == NULL;
}

bool
config_accepts_proposal(bool esp, const char *proposal)
{
	struct config config = {.dataplane = CONFIG_DATAPLANE_AUTO};
	struct config_findings findings = {0};
	struct reading reading = {.config = &config, .findings = &findings};
	bool good = proposal_check(&reading, esp, proposal, (struct position){1, 1});

	config_findings_free(&findings);
	return good;
}
