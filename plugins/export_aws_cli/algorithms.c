// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AWS takes lists: any of its encryptions with any of its integrities with any of its groups (User Guide,
 * "Tunnel options for your Site-to-Site VPN connection"). A proposal of ours with a word that AWS lacks can't
 * be met by AWS, so that none of its other words may count either. With GCM the "integrity" of phase 1 is the
 * pseudo-random function.
 */
#include "plugins/export_aws_cli/export_aws_cli.h"

#include <stdlib.h>
#include <string.h>

enum kind { ENCRYPTION, INTEGRITY, GROUP, NOTHING };

static const struct {
	const char *ours, *theirs;
	enum kind kind;
} words[] = {
    {"aes128gcm16", "AES128-GCM-16", ENCRYPTION},
    {"aes128gcm128", "AES128-GCM-16", ENCRYPTION},
    {"aes256gcm16", "AES256-GCM-16", ENCRYPTION},
    {"aes256gcm128", "AES256-GCM-16", ENCRYPTION},
    {"aes128", "AES128", ENCRYPTION},
    {"aes256", "AES256", ENCRYPTION},
    {"sha1", "SHA1", INTEGRITY},
    {"prfsha1", "SHA1", INTEGRITY},
    {"sha256", "SHA2-256", INTEGRITY},
    {"prfsha256", "SHA2-256", INTEGRITY},
    {"sha384", "SHA2-384", INTEGRITY},
    {"prfsha384", "SHA2-384", INTEGRITY},
    {"sha512", "SHA2-512", INTEGRITY},
    {"prfsha512", "SHA2-512", INTEGRITY},
    {"modp1024", "2", GROUP},
    {"modp1536", "5", GROUP},
    {"modp2048", "14", GROUP},
    {"modp3072", "15", GROUP},
    {"modp4096", "16", GROUP},
    {"modp6144", "17", GROUP},
    {"modp8192", "18", GROUP},
    {"ecp256", "19", GROUP},
    {"ecp384", "20", GROUP},
    {"ecp521", "21", GROUP},
    {"modp1024s160", "22", GROUP},
    {"modp2048s224", "23", GROUP},
    {"modp2048s256", "24", GROUP},
    {"noesn", "", NOTHING},
};

/* Phase 1 has no group 5 ("Tunnel options", Phase 1 Diffie-Hellman groups). */
static int
find_word(unsigned phase, const char *word)
{
	for (size_t i = 0; i < COUNT_OF(words) && !(phase == 1 && strcmp(word, "modp1536") == 0); i++) {
		if (strcmp(words[i].ours, word) == 0)
			return (int)i;
	}
	return -1;
}

static void
add_once(struct text_list *list, const char *text)
{
	if (!text_list_has(list, text))
		text_list_add(list, text);
}

static bool
is_known(unsigned phase, const struct text_list *parts, struct text_list *unknown)
{
	bool known = true;

	for (size_t i = 0; i < parts->count; i++) {
		if (find_word(phase, parts->items[i]) >= 0)
			continue;
		add_once(unknown, parts->items[i]);
		known = false;
	}
	return known;
}

static void
split(const char *proposal, struct text_list *out)
{
	char *copy = text_copy(proposal), *rest = copy, *word;

	while ((word = strsep(&rest, "-")) != NULL)
		text_list_add(out, word);
	free(copy);
}

void
aws_lists_make(unsigned phase, const struct text_list *proposals, struct aws_lists *out)
{
	*out = (struct aws_lists){0};
	for (size_t i = 0; i < proposals->count; i++) {
		struct text_list parts = {0};

		split(proposals->items[i], &parts);
		for (size_t w = 0; is_known(phase, &parts, &out->unknown) && w < parts.count; w++) {
			int word = find_word(phase, parts.items[w]);
			struct text_list *lists[] = {&out->encryption, &out->integrity, &out->groups};

			if (words[word].kind != NOTHING)
				add_once(lists[words[word].kind], words[word].theirs);
		}
		text_list_free(&parts);
	}
}

void
aws_lists_free(struct aws_lists *lists)
{
	text_list_free(&lists->encryption);
	text_list_free(&lists->integrity);
	text_list_free(&lists->groups);
	text_list_free(&lists->unknown);
}
