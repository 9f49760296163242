// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AWS's algorithms and what they are called here. A list of AWS's ("Tunnel options for your Site-to-Site VPN
 * connection") says what a tunnel may use; a proposal of ours has them in order of preference, the weak ones
 * only where there is nothing better. GCM and CBC can't stand in one proposal (RFC 7296 3.3.3, RFC 5282).
 */
#include "plugins/import_aws/import_aws.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROPOSAL_SIZE 128
#define GROUPS_AT_ONCE 5 /* so that a proposal stays below what the configuration takes */

struct algorithm {
	const char *ours, *prf, *theirs;
	bool aead, weak;
	unsigned group;
};

/* Each in order of preference: the first bit is the best. */
static const struct algorithm encryptions[] = {
    {.ours = "aes256gcm16", .theirs = "AES256-GCM-16", .aead = true},
    {.ours = "aes128gcm16", .theirs = "AES128-GCM-16", .aead = true},
    {.ours = "aes256", .theirs = "AES256"},
    {.ours = "aes128", .theirs = "AES128"},
};
static const struct algorithm integrities[] = {
    {.ours = "sha384", .prf = "prfsha384", .theirs = "SHA2-384"},
    {.ours = "sha256", .prf = "prfsha256", .theirs = "SHA2-256"},
    {.ours = "sha512", .prf = "prfsha512", .theirs = "SHA2-512"},
    {.ours = "sha1", .prf = "prfsha1", .theirs = "SHA1", .weak = true},
};
static const struct algorithm groups[] = {
    {.ours = "ecp384", .group = 20},
    {.ours = "ecp256", .group = 19},
    {.ours = "ecp521", .group = 21},
    {.ours = "modp2048", .group = 14},
    {.ours = "modp3072", .group = 15},
    {.ours = "modp4096", .group = 16},
    {.ours = "modp6144", .group = 17},
    {.ours = "modp8192", .group = 18},
    {.ours = "modp2048s256", .group = 24},
    {.ours = "modp2048s224", .group = 23},
    {.ours = "modp1024s160", .group = 22, .weak = true},
    {.ours = "modp1536", .group = 5, .weak = true},
    {.ours = "modp1024", .group = 2, .weak = true},
};

static const struct {
	const struct algorithm *items;
	size_t count;
} kinds[] = {
    [AWS_ENCRYPTION] = {encryptions, COUNT_OF(encryptions)},
    [AWS_INTEGRITY] = {integrities, COUNT_OF(integrities)},
    [AWS_GROUP] = {groups, COUNT_OF(groups)},
};

/* --- names -------------------------------------------------------------------------------------------- */

/* Letters and digits, in small letters: "AES128-GCM-16" and "aes-128-gcm-16" are one. */
static void
normalise(char *out, size_t size, const char *text)
{
	size_t used = 0;

	for (; *text != '\0' && used + 1 < size; text++) {
		if (isalnum((unsigned char)*text))
			out[used++] = (char)tolower((unsigned char)*text);
	}
	out[used] = '\0';
}

static uint32_t
find(enum aws_kind kind, const char *ours)
{
	for (size_t i = 0; i < kinds[kind].count; i++) {
		if (strcmp(kinds[kind].items[i].ours, ours) == 0)
			return 1U << i;
	}
	return 0;
}

/* "aes128", "aes128cbc", "aes128gcm", "aes128gcm16". */
static uint32_t
find_encryption(char *word)
{
	size_t length = strlen(word);

	if (length > 3 && strcmp(word + length - 3, "cbc") == 0)
		word[length - 3] = '\0';
	else if (length > 3 && strcmp(word + length - 3, "gcm") == 0)
		strcat(word, "16");
	return find(AWS_ENCRYPTION, word);
}

/* "sha1", "hmacsha196", "sha2256", "sha256", "hmacsha2256128": the digest's size, what is left of it after
 * it. */
static uint32_t
find_integrity(const char *word)
{
	static const struct {
		const char *begins, *ours;
	} names[] = {{"sha2256", "sha256"}, {"sha2384", "sha384"}, {"sha2512", "sha512"},
		     {"sha256", "sha256"},  {"sha384", "sha384"},  {"sha512", "sha512"},
		     {"sha1", "sha1"}};

	if (strncmp(word, "hmac", 4) == 0)
		word += 4;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strncmp(word, names[i].begins, strlen(names[i].begins)) == 0)
			return find(AWS_INTEGRITY, names[i].ours);
	}
	return 0;
}

/* "2", "group2", "diffiehellmangroup2". */
static uint32_t
find_group(const char *word)
{
	const char *digits = word + strcspn(word, "0123456789");
	uint64_t number;

	if ((digits != word && (digits - word < 5 || strncmp(digits - 5, "group", 5) != 0)) ||
	    !text_parse_number(digits, 255, &number))
		return 0;
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		if (groups[i].group == number)
			return 1U << i;
	}
	return 0;
}

uint32_t
aws_algorithm(enum aws_kind kind, const char *text)
{
	char word[64];

	normalise(word, sizeof(word) - 2, text); /* there may be two digits more */
	if (kind == AWS_ENCRYPTION)
		return find_encryption(word);
	return kind == AWS_INTEGRITY ? find_integrity(word) : find_group(word);
}

static uint32_t
aead_bits(void)
{
	uint32_t aead = 0;

	for (size_t i = 0; i < COUNT_OF(encryptions); i++)
		aead |= encryptions[i].aead ? 1U << i : 0;
	return aead;
}

struct aws_phase
aws_phase_of_version_1(const struct aws_phase *phase)
{
	struct aws_phase plain = *phase;

	if ((plain.encryption & aead_bits()) != 0)
		plain.encryption &= ~aead_bits();
	if (plain.encryption == 0 && (phase->encryption | phase->integrity | phase->groups) != 0)
		plain.encryption = find(AWS_ENCRYPTION, "aes256") | find(AWS_ENCRYPTION, "aes128");
	return plain;
}

bool
aws_is_minimum(const struct aws_phase *phase)
{
	return phase->encryption == find(AWS_ENCRYPTION, "aes128") &&
	       phase->integrity == find(AWS_INTEGRITY, "sha1") &&
	       phase->groups == find(AWS_GROUP, "modp1024");
}

static void
list_theirs(enum aws_kind kind, uint32_t bits, FILE *out)
{
	const char *between = "";

	for (size_t i = 0; i < kinds[kind].count; i++) {
		if ((bits & (1U << i)) == 0)
			continue;
		if (kind == AWS_GROUP)
			fprintf(out, "%s%u", between, kinds[kind].items[i].group);
		else
			fprintf(out, "%s%s", between, kinds[kind].items[i].theirs);
		between = ", ";
	}
}

const char *
aws_phase_text(const struct aws_phase *phase, char *out, size_t size)
{
	FILE *stream = fmemopen(out, size, "w");

	out[0] = '\0';
	if (stream == NULL)
		return out;
	list_theirs(AWS_ENCRYPTION, phase->encryption, stream);
	if (phase->integrity != 0)
		fputs(phase->encryption != 0 ? " with " : "", stream);
	list_theirs(AWS_INTEGRITY, phase->integrity, stream);
	if (phase->groups != 0)
		fputs(", DH group ", stream);
	list_theirs(AWS_GROUP, phase->groups, stream);
	fclose(stream);
	out[size - 1] = '\0';
	return out;
}

/* --- proposals ---------------------------------------------------------------------------------------- */

/* The bits to use: all where none is said, and weak ones only where all are. */
static uint32_t
usable(enum aws_kind kind, uint32_t bits)
{
	uint32_t all = (1U << kinds[kind].count) - 1, strong = 0;

	for (size_t i = 0; i < kinds[kind].count; i++)
		strong |= kinds[kind].items[i].weak ? 0 : 1U << i;
	if (bits == 0)
		bits = all;
	return (bits & strong) != 0 ? bits & strong : bits;
}

static void
put_words(char text[PROPOSAL_SIZE], enum aws_kind kind, uint32_t bits, bool prf)
{
	for (size_t i = 0; i < kinds[kind].count; i++) {
		const struct algorithm *algorithm = &kinds[kind].items[i];
		size_t used = strlen(text);

		if ((bits & (1U << i)) != 0)
			snprintf(text + used, PROPOSAL_SIZE - used, "%s%s", used != 0 ? "-" : "",
				 prf ? algorithm->prf : algorithm->ours);
	}
}

/* All proposals of one class of ciphers, each with some of the groups. */
static void
make(uint32_t ciphers, bool aead, const struct aws_phase *phase, bool esp,
     bool (*accepts)(bool esp, const char *proposal), struct text_list *out)
{
	uint32_t left = usable(AWS_GROUP, phase->groups);

	while (ciphers != 0 && left != 0) {
		char text[PROPOSAL_SIZE] = "";
		uint32_t now = 0;

		for (unsigned taken = 0; left != 0 && taken < GROUPS_AT_ONCE; taken++) {
			now |= left & -left;
			left &= left - 1;
		}
		put_words(text, AWS_ENCRYPTION, ciphers, false);
		if (!esp || !aead)
			put_words(text, AWS_INTEGRITY, usable(AWS_INTEGRITY, phase->integrity), aead);
		put_words(text, AWS_GROUP, now, false);
		if (accepts == NULL || accepts(esp, text))
			text_list_add(out, text);
	}
}

void
aws_proposals(const struct aws_phase *phase, bool esp, bool (*accepts)(bool esp, const char *proposal),
	      struct text_list *out, bool *nearest)
{
	uint32_t ciphers = usable(AWS_ENCRYPTION, phase->encryption), aead = aead_bits();

	*nearest = false;
	if ((phase->encryption | phase->integrity | phase->groups) == 0)
		return;
	make(ciphers & aead, true, phase, esp, accepts, out);
	make(ciphers & ~aead, false, phase, esp, accepts, out);
	if (out->count != 0)
		return;
	/* The same length of key, as GCM. */
	*nearest = true;
	make((ciphers & find(AWS_ENCRYPTION, "aes256")) != 0 ? find(AWS_ENCRYPTION, "aes256gcm16")
							     : find(AWS_ENCRYPTION, "aes128gcm16"),
	     true, phase, esp, NULL, out);
}
