// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words of IKE and ESP proposals as strongSwan writes them ("aes256gcm16-prfsha384-ecp384"), checked here
 * so that a slip is found with its line and not when the tunnel comes up. What a proposal needs: RFC
 * 7296 3.3.3.
 */
#include "core/config/config_internal.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PROPOSAL_MAX 127 /* bytes */

enum word_kind {
	WORD_CIPHER = 1,
	WORD_AEAD = 2,
	WORD_INTEGRITY = 4,
	WORD_PRF = 8,
	WORD_GROUP = 16,
	WORD_ESN = 32
};

/* What a word's algorithm adds to a packet as ESP, in bytes. */
struct cost {
	uint8_t iv, block, icv;
};

#define COST_AEAD \
	{ \
		8, 4, 16 \
	} /* RFC 4106, RFC 7634 */
#define COST_AES \
	{ \
		16, 16, 0 \
	} /* RFC 3602 */

struct proposal_word {
	const char *text;
	enum word_kind kind;
	const char *weak; /* why one should not, or NULL */
	struct cost cost;
	bool kernel_only; /* as an ESP cipher: our own data plane does not have it */
};

static const struct proposal_word words[] = {
    {"aes128gcm16", WORD_AEAD, NULL, COST_AEAD},
    {"aes192gcm16", WORD_AEAD, NULL, COST_AEAD},
    {"aes256gcm16", WORD_AEAD, NULL, COST_AEAD},
    {"aes128gcm128", WORD_AEAD, NULL, COST_AEAD},
    {"aes192gcm128", WORD_AEAD, NULL, COST_AEAD},
    {"aes256gcm128", WORD_AEAD, NULL, COST_AEAD},
    {"chacha20poly1305", WORD_AEAD, NULL, COST_AEAD},
    {"aes128", WORD_CIPHER, NULL, COST_AES},
    {"aes192", WORD_CIPHER, NULL, COST_AES},
    {"aes256", WORD_CIPHER, NULL, COST_AES},
    {"3des", WORD_CIPHER, "3DES is weak (RFC 8221)", {8, 8, 0}, true},
    {"sha1", WORD_INTEGRITY, "SHA-1 is weak", {0, 0, 12}},
    {"sha256", WORD_INTEGRITY, NULL, {0, 0, 16}},
    {"sha384", WORD_INTEGRITY, NULL, {0, 0, 24}},
    {"sha512", WORD_INTEGRITY, NULL, {0, 0, 32}},
    {"prfsha1", WORD_PRF, "SHA-1 is weak"},
    {"prfsha256", WORD_PRF, NULL},
    {"prfsha384", WORD_PRF, NULL},
    {"prfsha512", WORD_PRF, NULL},
    {"modp768", WORD_GROUP, "DH group 1 is broken"},
    {"modp1024", WORD_GROUP, "DH group 2 is weak"},
    {"modp1536", WORD_GROUP, "DH group 5 is weak"},
    {"modp2048", WORD_GROUP, NULL},
    {"modp3072", WORD_GROUP, NULL},
    {"modp4096", WORD_GROUP, NULL},
    {"modp6144", WORD_GROUP, NULL},
    {"modp8192", WORD_GROUP, NULL},
    {"modp1024s160", WORD_GROUP, "DH group 22 is weak (RFC 8247)"},
    {"modp2048s224", WORD_GROUP, NULL},
    {"modp2048s256", WORD_GROUP, NULL},
    {"ecp192", WORD_GROUP, NULL},
    {"ecp224", WORD_GROUP, NULL},
    {"ecp256", WORD_GROUP, NULL},
    {"ecp384", WORD_GROUP, NULL},
    {"ecp521", WORD_GROUP, NULL},
    {"curve25519", WORD_GROUP, NULL},
    {"x25519", WORD_GROUP, NULL},
    {"curve448", WORD_GROUP, NULL},
    {"x448", WORD_GROUP, NULL},
    {"esn", WORD_ESN, NULL},
    {"noesn", WORD_ESN, NULL},
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

/* With `dataplane: kernel` the kernel has them all. */
static bool
plane_has(struct reading *reading, const struct proposal_word *word, const char *proposal, struct position at)
{
	if (reading->config->dataplane == CONFIG_DATAPLANE_KERNEL || !word->kernel_only)
		return true;
	finding_error(reading->findings, at,
		      "the userspace data plane has no '%s' (in the ESP proposal %s): use AES, such as "
		      "aes256gcm16 or aes256-sha256",
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

/* --- what fits a packet ------------------------------------------------------------------------ */

static void
take_more(uint8_t *to, uint8_t from)
{
	*to = from > *to ? from : *to;
}

/* The most that any suite of a proposal adds; its words were checked. */
static struct cost
proposal_cost(const char *proposal)
{
	struct cost most = {0};
	char copy[PROPOSAL_MAX + 1], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", proposal);
	for (char *part; (part = strsep(&rest, "-")) != NULL;) {
		const struct proposal_word *word = find_word(part);

		if (word == NULL)
			continue;
		take_more(&most.iv, word->cost.iv);
		take_more(&most.block, word->cost.block);
		take_more(&most.icv, word->cost.icv);
	}
	return most;
}

uint32_t
config_inner_mtu(const struct config_tunnel *tunnel)
{
	return tunnel->mtu != 0 ? tunnel->mtu : config_inner_mtu_within(tunnel, CONFIG_OUTER_MTU);
}

uint32_t
config_inner_mtu_within(const struct config_tunnel *tunnel, uint32_t outer)
{
	enum { IPV4 = 20, IPV6 = 40, UDP = 8, ESP = 8, TRAILER = 2 };
	const struct ip_address *outside =
	    ip_address_is_set(&tunnel->remote) ? &tunnel->remote : &tunnel->local;
	uint32_t room = outer - ESP - (outside->family == AF_INET6 ? IPV6 : IPV4) -
			(tunnel->encap == CONFIG_ENCAP_NO ? 0 : UDP);
	uint32_t least = room;

	for (size_t i = 0; i < tunnel->esp.proposals.count; i++) {
		struct cost cost = proposal_cost(tunnel->esp.proposals.items[i]);
		uint32_t text = room - cost.iv - cost.icv;

		if (cost.block != 0)
			text = text / cost.block * cost.block - TRAILER;
		least = text < least ? text : least;
	}
	return least;
}

/* --- checks ------------------------------------------------------------------------------------ */

bool
proposal_check(struct reading *reading, bool esp, const char *text, struct position at)
{
	char copy[PROPOSAL_MAX + 1], *rest = copy;
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
