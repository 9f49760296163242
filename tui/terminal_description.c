// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A terminal that can do more colours than its description says. COLORTERM promises 24 bits and TERM is
 * "xterm-256color"; the "-direct" descriptions that ncurses would need are in a package that few have. Or
 * somebody says so on the command line. ncurses takes a whole compiled description from TERMINFO
 * ("hex:…", terminfo(5)), so it gets the one of TERM with other colours in it: the form is that of term(5),
 * with numbers of 32 bits and, for 24 bits of colour, the extended flag RGB.
 */
#include "tui/terminal_internal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

#include "core/base/text.h"

#define MAGIC_32_BITS 01036
#define MOST_BYTES 16384
#define ABSENT 0xffffU

#define COLOUR_256(base, bright, extended) \
	"\033[%?%p1%{8}%<%t" base "%p1%d%e%p1%{16}%<%t" bright "%p1%{8}%-%d%e" extended ";5;%p1%d%;m"
#define COLOUR_DIRECT(base, extended) \
	"\033[%?%p1%{8}%<%t" base "%p1%d%e" extended \
	";2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"

/* What is not taken from TERM's own description. */
static const struct change {
	const char *name, *of_256, *of_direct;
} changes[] = {
    {"setaf", COLOUR_256("3", "9", "38"), COLOUR_DIRECT("3", "38")},
    {"setab", COLOUR_256("4", "10", "48"), COLOUR_DIRECT("4", "48")},
    {"op", "\033[39;49m", "\033[39;49m"},
};

/* The old ways of colours, and those that would redefine them. */
static const char *const left_out[] = {"setf", "setb", "initc", "initp", "oc", "scp"};

struct writing {
	uint8_t bytes[MOST_BYTES];
	size_t count;
	bool full;
};

static void
put_bytes(struct writing *w, const void *bytes, size_t count)
{
	if (w->count + count > sizeof(w->bytes)) {
		w->full = true;
		return;
	}
	memcpy(w->bytes + w->count, bytes, count);
	w->count += count;
}

static void
put_number(struct writing *w, uint32_t number, size_t size)
{
	uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
			    (uint8_t)(number >> 24)};

	put_bytes(w, bytes, size);
}

static void
align(struct writing *w)
{
	if (w->count % 2 != 0)
		put_number(w, 0, 1);
}

static const char *
string_of(const char *name, enum theme_tier tier)
{
	const char *string;

	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		if (strcmp(changes[i].name, name) == 0)
			return tier == TIER_DIRECT ? changes[i].of_direct : changes[i].of_256;
	}
	for (size_t i = 0; i < COUNT_OF(left_out); i++) {
		if (strcmp(left_out[i], name) == 0)
			return NULL;
	}
	string = tigetstr(name);
	return string != (char *)-1 ? string : NULL;
}

static int
number_of(const char *name, enum theme_tier tier)
{
	if (strcmp(name, "colors") == 0)
		return tier == TIER_DIRECT ? TERMINAL_DIRECT_COLOURS : 256;
	if (strcmp(name, "pairs") == 0)
		return INT16_MAX;
	return tigetnum(name);
}

static size_t
count_names(NCURSES_CONST char *const *names)
{
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	return count;
}

/* Strings stand after their offsets: first the offsets, the bytes go to `table`. */
static void
put_strings(struct writing *w, struct writing *table, size_t count, enum theme_tier tier)
{
	for (size_t i = 0; i < count; i++) {
		const char *string = string_of(strnames[i], tier);

		put_number(w, string != NULL ? (uint32_t)table->count : ABSENT, 2);
		if (string != NULL)
			put_bytes(table, string, strlen(string) + 1);
	}
}

/* One extended flag: RGB. */
static void
put_extended(struct writing *w)
{
	align(w);
	put_number(w, 1, 2); /* flags */
	put_number(w, 0, 2);
	put_number(w, 0, 2);
	put_number(w, 1, 2); /* strings of the table: the one name */
	put_number(w, 4, 2); /* its bytes */
	put_number(w, 1, 1);
	align(w);
	put_number(w, 0, 2);
	put_bytes(w, "RGB", 4);
}

static void
put_description(struct writing *w, struct writing *table, const char *term, enum theme_tier tier)
{
	size_t flags = count_names(boolnames), numbers = count_names(numnames),
	       strings = count_names(strnames);
	size_t sizes;

	put_number(w, MAGIC_32_BITS, 2);
	put_number(w, (uint32_t)strlen(term) + 1, 2);
	put_number(w, (uint32_t)flags, 2);
	put_number(w, (uint32_t)numbers, 2);
	put_number(w, (uint32_t)strings, 2);
	sizes = w->count;
	put_number(w, 0, 2); /* bytes of the table: known at the end */
	put_bytes(w, term, strlen(term) + 1);
	for (size_t i = 0; i < flags; i++)
		put_number(w, tigetflag(boolnames[i]) > 0, 1);
	align(w);
	for (size_t i = 0; i < numbers; i++)
		put_number(w, (uint32_t)number_of(numnames[i], tier), 4);
	put_strings(w, table, strings, tier);
	w->bytes[sizes] = (uint8_t)table->count;
	w->bytes[sizes + 1] = (uint8_t)(table->count >> 8);
	put_bytes(w, table->bytes, table->count);
	if (tier == TIER_DIRECT)
		put_extended(w);
}

bool
description_colour(const char *term, enum theme_tier tier)
{
	struct writing *parts = memory_zeroed(2, sizeof(*parts));
	char *text = memory_zeroed(2, MOST_BYTES + 8);
	bool good;

	put_description(&parts[0], &parts[1], term, tier);
	good = !parts[0].full && !parts[1].full;
	strcpy(text, "hex:");
	for (size_t i = 0; i < parts[0].count; i++)
		snprintf(text + 4 + 2 * i, 3, "%02X", parts[0].bytes[i]);
	if (good)
		setenv("TERMINFO", text, 1);
	free(text);
	free(parts);
	return good;
}
