// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A proposal is read into one list of words for each transform type. Two lists of proposals fail to match
 * when every pair of proposals lacks a common algorithm of some type; the pair that lacks the least is what
 * a person would repair, and mostly it is a single word. See suites.h.
 */
#include "core/ike/suites.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define MOST_WORDS 16 /* of one type in one proposal */
#define MOST_PROPOSALS 16
#define WORD 24

struct suite {
	char words[SUITE_TYPES][MOST_WORDS][WORD];
	unsigned counts[SUITE_TYPES];
};

const char *
suite_type_name(enum suite_type type)
{
	static const char *const names[] = {"encryption", "integrity", "PRF", "DH group"};

	return (unsigned)type < SUITE_TYPES ? names[type] : "";
}

/* charon's names without a size in them; `word` NULL: none (RFC 7296's ESN, and no group at all). */
static const struct {
	const char *name, *word;
	enum suite_type type;
} whole[] = {
    {"3DES_CBC", "3des", SUITE_ENCRYPTION},
    {"CHACHA20_POLY1305", "chacha20poly1305", SUITE_ENCRYPTION},
    {"NULL", "null", SUITE_ENCRYPTION},
    {"HMAC_MD5_96", "md5", SUITE_INTEGRITY},
    {"HMAC_SHA1_96", "sha1", SUITE_INTEGRITY},
    {"HMAC_SHA2_256_96", "sha256_96", SUITE_INTEGRITY},
    {"HMAC_SHA2_256_128", "sha256", SUITE_INTEGRITY},
    {"HMAC_SHA2_384_192", "sha384", SUITE_INTEGRITY},
    {"HMAC_SHA2_512_256", "sha512", SUITE_INTEGRITY},
    {"AES_XCBC_96", "aesxcbc", SUITE_INTEGRITY},
    {"AES_CMAC_96", "aescmac", SUITE_INTEGRITY},
    {"PRF_HMAC_MD5", "prfmd5", SUITE_PRF},
    {"PRF_HMAC_SHA1", "prfsha1", SUITE_PRF},
    {"PRF_HMAC_SHA2_256", "prfsha256", SUITE_PRF},
    {"PRF_HMAC_SHA2_384", "prfsha384", SUITE_PRF},
    {"PRF_HMAC_SHA2_512", "prfsha512", SUITE_PRF},
    {"PRF_AES128_XCBC", "prfaesxcbc", SUITE_PRF},
    {"PRF_AES128_CMAC", "prfaescmac", SUITE_PRF},
    {"MODP_1024_160", "modp1024s160", SUITE_GROUP},
    {"MODP_2048_224", "modp2048s224", SUITE_GROUP},
    {"MODP_2048_256", "modp2048s256", SUITE_GROUP},
    {"CURVE_25519", "curve25519", SUITE_GROUP},
    {"CURVE_448", "curve448", SUITE_GROUP},
    {"KE_NONE", NULL, SUITE_GROUP},
    {"MODP_NONE", NULL, SUITE_GROUP},
    {"NO_EXT_SEQ", NULL, SUITE_GROUP},
    {"EXT_SEQ", NULL, SUITE_GROUP},
    {"(empty)", NULL, SUITE_GROUP}, /* a list without proposals */
};

/* Names that end in a size; the word has it where the %s stands. */
static const struct {
	const char *beginning, *before, *after;
	enum suite_type type;
} sized[] = {
    {"AES_CBC_", "aes", "", SUITE_ENCRYPTION},
    {"AES_CTR_", "aes", "ctr", SUITE_ENCRYPTION},
    {"AES_GCM_16_", "aes", "gcm16", SUITE_ENCRYPTION},
    {"AES_GCM_12_", "aes", "gcm12", SUITE_ENCRYPTION},
    {"AES_GCM_8_", "aes", "gcm8", SUITE_ENCRYPTION},
    {"AES_CCM_16_", "aes", "ccm16", SUITE_ENCRYPTION},
    {"AES_CCM_12_", "aes", "ccm12", SUITE_ENCRYPTION},
    {"AES_CCM_8_", "aes", "ccm8", SUITE_ENCRYPTION},
    {"CAMELLIA_CBC_", "camellia", "", SUITE_ENCRYPTION},
    {"MODP_", "modp", "", SUITE_GROUP},
    {"ECP_", "ecp", "", SUITE_GROUP},
};

static void
add_word(struct suite *suite, enum suite_type type, const char *word)
{
	if (suite->counts[type] < MOST_WORDS)
		snprintf(suite->words[type][suite->counts[type]++], WORD, "%s", word);
}

/* What a name that is in no table most likely is. */
static enum suite_type
guess_type(const char *name)
{
	return strncmp(name, "PRF_", 4) == 0    ? SUITE_PRF
	       : strncmp(name, "HMAC_", 5) == 0 ? SUITE_INTEGRITY
	       : strncmp(name, "MODP", 4) == 0  ? SUITE_GROUP
						: SUITE_ENCRYPTION;
}

static void
add_algorithm(struct suite *suite, const char *name)
{
	char word[WORD];
	size_t length;

	for (size_t i = 0; i < COUNT_OF(whole); i++) {
		if (strcmp(whole[i].name, name) != 0)
			continue;
		if (whole[i].word != NULL)
			add_word(suite, whole[i].type, whole[i].word);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(sized); i++) {
		const char *size = name + strlen(sized[i].beginning);

		if (strncmp(name, sized[i].beginning, strlen(sized[i].beginning)) != 0)
			continue;
		length = strspn(size, "0123456789");
		snprintf(word, sizeof(word), "%s%.*s%s%s", sized[i].before, (int)(length < 8 ? length : 8),
			 size, strcmp(size + length, "_BP") == 0 ? "bp" : "", sized[i].after);
		add_word(suite, sized[i].type, word);
		return;
	}
	snprintf(word, sizeof(word), "%s", name);
	for (char *c = word; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	add_word(suite, guess_type(name), word);
}

/* One proposal from the text; returns what follows it, or NULL at the end. */
static const char *
read_suite(const char *text, struct suite *suite)
{
	size_t length = strcspn(text, ",");
	const char *end = text + length, *colon = memchr(text, ':', length);

	*suite = (struct suite){0};
	if (colon != NULL)
		text = colon + 1;
	while (text < end) {
		char name[48];

		text += *text == ' ';
		length = strcspn(text, "/, ");
		if (length > 0 && length < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)length, text);
			add_algorithm(suite, name);
		}
		text += length;
		text += text < end;
	}
	if (*end != ',')
		return NULL;
	return end + 1 + strspn(end + 1, " ");
}

static unsigned
read_list(const char *list, struct suite out[MOST_PROPOSALS])
{
	unsigned count = 0;

	while (list != NULL && *list != '\0' && count < MOST_PROPOSALS) {
		list = read_suite(list, &out[count]);
		for (enum suite_type type = 0; type < SUITE_TYPES; type++) {
			if (out[count].counts[type] == 0)
				continue;
			count++;
			break;
		}
	}
	return count;
}

/* A PRF that follows from the integrity algorithm is not written down ("aes128-sha256-modp2048"). */
static bool
follows(const struct suite *suite)
{
	return suite->counts[SUITE_PRF] == 1 && suite->counts[SUITE_INTEGRITY] == 1 &&
	       strcmp(suite->words[SUITE_PRF][0] + 3, suite->words[SUITE_INTEGRITY][0]) == 0;
}

static size_t
append(char *out, size_t size, size_t used, const char *separator, const char *word)
{
	if (used < size)
		snprintf(out + used, size - used, "%s%s", used > 0 ? separator : "", word);
	return strlen(out);
}

static size_t
append_suite(const struct suite *suite, char *out, size_t size, size_t used, const char *separator)
{
	for (enum suite_type type = 0; type < SUITE_TYPES; type++) {
		for (unsigned i = 0; i < suite->counts[type]; i++) {
			if (type == SUITE_PRF && follows(suite))
				continue;
			used = append(out, size, used, separator, suite->words[type][i]);
			separator = "-";
		}
	}
	return used;
}

const char *
suites_words(const char *list, char *out, size_t size)
{
	struct suite suite;
	size_t used = 0;

	out[0] = '\0';
	while (list != NULL && *list != '\0') {
		list = read_suite(list, &suite);
		used = append_suite(&suite, out, size, used, ", ");
	}
	return out;
}

/* The first algorithm of a type that both have, or NULL. */
static const char *
common(const struct suite *ours, const struct suite *theirs, enum suite_type type)
{
	for (unsigned i = 0; i < ours->counts[type]; i++) {
		for (unsigned k = 0; k < theirs->counts[type]; k++) {
			if (strcmp(ours->words[type][i], theirs->words[type][k]) == 0)
				return ours->words[type][i];
		}
	}
	return NULL;
}

static bool
differs(const struct suite *ours, const struct suite *theirs, enum suite_type type)
{
	bool one_sided = (ours->counts[type] == 0) != (theirs->counts[type] == 0);

	if (ours->counts[type] == 0 && theirs->counts[type] == 0)
		return false;
	if (one_sided && (type == SUITE_INTEGRITY || type == SUITE_PRF))
		return false;
	return common(ours, theirs, type) == NULL;
}

static unsigned
distance(const struct suite *ours, const struct suite *theirs)
{
	unsigned count = 0;

	for (enum suite_type type = 0; type < SUITE_TYPES; type++)
		count += differs(ours, theirs, type);
	return count;
}

/* The algorithms of a type, "none" where there is none. */
static void
list_type(const struct suite *suite, enum suite_type type, char *out, size_t size)
{
	size_t used = 0;

	snprintf(out, size, "%s", suite->counts[type] == 0 ? "none" : "");
	for (unsigned i = 0; i < suite->counts[type]; i++)
		used = append(out, size, used, ", ", suite->words[type][i]);
}

static void
make_match(const struct suite *ours, const struct suite *theirs, char *out, size_t size)
{
	struct suite match = {0};

	for (enum suite_type type = 0; type < SUITE_TYPES; type++) {
		const char *word = common(ours, theirs, type);

		if (word == NULL && theirs->counts[type] > 0)
			word = theirs->words[type][0];
		if (word != NULL)
			add_word(&match, type, word);
	}
	append_suite(&match, out, size, 0, "");
}

bool
suites_compare(const char *our_list, const char *their_list, struct suites_difference *out)
{
	struct suite ours[MOST_PROPOSALS], theirs[MOST_PROPOSALS];
	unsigned our_count = read_list(our_list, ours), their_count = read_list(their_list, theirs);
	unsigned least = SUITE_TYPES + 1, here = 0, there = 0;

	*out = (struct suites_difference){0};
	if (our_count == 0 || their_count == 0)
		return false;
	for (unsigned i = 0; i < our_count; i++) {
		for (unsigned k = 0; k < their_count; k++) {
			unsigned now = distance(&ours[i], &theirs[k]);

			if (now >= least)
				continue;
			least = now;
			here = i;
			there = k;
		}
	}
	for (enum suite_type type = 0; type < SUITE_TYPES; type++) {
		unsigned at = out->count;

		if (!differs(&ours[here], &theirs[there], type))
			continue;
		out->types[out->count++] = type;
		list_type(&ours[here], type, out->ours[at], SUITE_TEXT);
		list_type(&theirs[there], type, out->theirs[at], SUITE_TEXT);
	}
	make_match(&ours[here], &theirs[there], out->match, sizeof(out->match));
	return true;
}

const char *
suites_group(uint16_t number, char *out, size_t size)
{
	static const struct {
		uint16_t number;
		const char *word;
	} groups[] = {{1, "modp768"},       {2, "modp1024"},      {5, "modp1536"},  {14, "modp2048"},
		      {15, "modp3072"},     {16, "modp4096"},     {17, "modp6144"}, {18, "modp8192"},
		      {19, "ecp256"},       {20, "ecp384"},       {21, "ecp521"},   {22, "modp1024s160"},
		      {23, "modp2048s224"}, {24, "modp2048s256"}, {25, "ecp192"},   {26, "ecp224"},
		      {27, "ecp224bp"},     {28, "ecp256bp"},     {29, "ecp384bp"}, {30, "ecp512bp"},
		      {31, "curve25519"},   {32, "curve448"}};

	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		if (groups[i].number != number)
			continue;
		snprintf(out, size, "%s", groups[i].word);
		return out;
	}
	snprintf(out, size, "group %u", number);
	return out;
}
