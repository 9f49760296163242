// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of a typed line; see typed.h. */
#include "tui/typed.h"

#include <string.h>

int
words_split(const char *text, char *buffer, size_t size, const char **words, int most)
{
	size_t used = 0;
	int count = 0;

	while (count < most) {
		char quote = '\0';

		text += strspn(text, " ");
		if (*text == '\0')
			break;
		words[count] = buffer + used;
		for (; *text != '\0' && (quote != '\0' || *text != ' '); text++) {
			if (quote == '\0' && (*text == '"' || *text == '\''))
				quote = *text;
			else if (*text == quote)
				quote = '\0';
			else if (used + 2 < size)
				buffer[used++] = *text;
		}
		if (used + 1 >= size)
			break;
		buffer[used++] = '\0';
		count++;
	}
	return count;
}
