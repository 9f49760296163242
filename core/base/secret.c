// SPDX-License-Identifier: GPL-2.0-or-later
/* See secret.h. */
#include "core/base/secret.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define LEAST 8 /* characters, as AWS has it */

bool
secret_make(char out[SECRET_MADE + 1])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
	uint8_t bytes[SECRET_MADE];

	_Static_assert(sizeof(letters) - 1 == 64, "six bits of a byte choose each letter as often");
	do {
		if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
			return false;
		for (unsigned i = 0; i < SECRET_MADE; i++)
			out[i] = letters[bytes[i] & 63];
	} while (out[0] == '0');
	out[SECRET_MADE] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

const char *
secret_trouble(const char *text)
{
	size_t length = strlen(text);

	if (length < LEAST)
		return "at least 8 characters";
	if (text[0] == ' ' || text[length - 1] == ' ')
		return "it can't begin or end with a blank";
	return NULL;
}
