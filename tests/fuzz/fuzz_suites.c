// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of proposals, which hold a peer's words: any text is read in bounded time and room. */
#include <stdlib.h>
#include <string.h>

#include "core/ike/suites.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct suites_difference difference;
	char words[120], *ours, *theirs;
	size_t half = size / 2;

	ours = text_of(data, half);
	theirs = text_of(data + half, size - half);
	suites_words(ours, words, sizeof(words));
	if (strlen(words) >= sizeof(words))
		abort();
	if (suites_compare(ours, theirs, &difference) && difference.count > SUITE_TYPES)
		abort();
	if (suites_compare(ours, ours, &difference) && difference.count != 0)
		abort(); /* a list fits itself */
	free(ours);
	free(theirs);
	return 0;
}
