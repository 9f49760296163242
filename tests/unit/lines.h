// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of text that a test compares with others. They own their text. */
#ifndef TWINSPAN_TESTS_UNIT_LINES_H
#define TWINSPAN_TESTS_UNIT_LINES_H

#include "tests/unit/test.h"

#define LINES_MOST 128

struct lines {
	char *items[LINES_MOST];
	size_t count;
};

/** Takes a line. */
static inline void
lines_add(struct lines *lines, char *line)
{
	assert_true(lines->count < LINES_MOST);
	lines->items[lines->count++] = line;
}

static inline int
lines_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void
lines_sort(struct lines *lines)
{
	qsort(lines->items, lines->count, sizeof(char *), lines_compare);
}

/** Of sorted ones. */
static inline bool
lines_have(const struct lines *lines, const char *line)
{
	return bsearch(&line, lines->items, lines->count, sizeof(char *), lines_compare) != NULL;
}

static inline void
lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->items[i]);
	lines->count = 0;
}

#endif
