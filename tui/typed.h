// SPDX-License-Identifier: GPL-2.0-or-later
/* A line that somebody typed, at the console's prompt or in the plain mode, as words. */
#ifndef TWINSPAN_TUI_TYPED_H
#define TWINSPAN_TUI_TYPED_H

#include <stddef.h>

/**
 * Splits a line into words at blanks; "a word" and 'a word' hold theirs together. Words are written into
 * `buffer`. Returns how many, at most `most`.
 */
int words_split(const char *text, char *buffer, size_t size, const char **words, int most);

#endif
