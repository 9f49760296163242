// SPDX-License-Identifier: GPL-2.0-or-later
/* Small helpers over C strings: cleaning what comes from outside, nearest names, durations, owned lists. */
#ifndef TWINSPAN_BASE_TEXT_H
#define TWINSPAN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Copies text from outside so that it can be shown: control bytes (C0, DEL, C1), invalid UTF-8 and characters
 * that turn the direction of writing become '?', cut at a character border to fit `size` with its NUL.
 * Returns `out`.
 */
const char *text_clean(char *out, size_t size, const char *from);
/** "'aws-paris'" cleaned and cut for a message; valid until the fourth call after this one. */
const char *text_quoted(const char *text);
/** Without overlong forms and surrogates (RFC 3629). */
bool text_is_utf8(const char *bytes, size_t length);
/** How many bytes at the beginning are UTF-8; `length` where all are. */
size_t text_utf8_until(const char *bytes, size_t length);

/**
 * A text without its control bytes, from which it can be had back byte by byte: line ends, tabs and the
 * backslash as in C ("\n", "\r", "\t", "\\"), next line (U+0085) as in YAML ("\N"). Returns new; NULL where
 * it has any other control byte, or is not UTF-8.
 */
char *text_escape(const char *text, size_t length);
/** The way back. Returns new, with a NUL behind it; NULL for what text_escape never writes. */
char *text_unescape(const char *escaped, size_t *length);

/**
 * The name in `names` (NULL-terminated) nearest to `word` by edit distance with transpositions, or NULL where
 * none is near enough to be a likely slip.
 */
const char *text_nearest(const char *word, const char *const *names);

/** Reads "50ms", "10s", "5m", "8h", "1d" into milliseconds. False for a missing unit, other text, or
 * overflow. */
bool text_parse_duration(const char *text, uint64_t *milliseconds);

/** Reads a decimal number without sign; false for other text or a value over `most`. */
bool text_parse_number(const char *text, uint64_t most, uint64_t *out);

/** strdup that ends the program when memory is out (as xmalloc does); `text` may be NULL, which gives NULL.
 */
char *text_copy(const char *text);
/** printf into a new string; ends the program when memory is out. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** calloc that ends the program when memory is out. */
void *memory_zeroed(size_t count, size_t size);
/** realloc that ends the program when memory is out. */
void *memory_resize(void *old, size_t size);
/** Overwrites a secret so that the compiler can't leave it out, then frees it. `secret` may be NULL. */
void memory_wipe_free(void *secret, size_t length);
/** For a program with a loop that must not be held: what is freed is ready for use from then on, for all
 * sizes and threads. glibc keeps small pieces aside else, and joins all of them in one go in some later call:
 * eight milliseconds where a session's hundred thousand sets of attributes had ended. Source: mallopt(3),
 * M_MXFAST.
 */
void memory_join_at_once(void);

/** Frees and clears a pointer variable. */
#define FREE_AND_NULL(pointer) \
	do { \
		free(pointer); \
		(pointer) = NULL; \
	} while (0)

/** The ending of a noun behind a number: `"%zu tunnel%s", n, PLURAL(n, "s")`, "es" for a prefix. */
#define PLURAL(count, ending) ((count) == 1 ? "" : (ending))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** A list of owned strings. Zero-initialise to make one. */
struct text_list {
	char **items;
	size_t count;
};

/** Adds a copy to the end. */
void text_list_add(struct text_list *list, const char *text);
bool text_list_has(const struct text_list *list, const char *text);
/** The same strings in the same order. */
bool text_list_equal(const struct text_list *a, const struct text_list *b);
/** A deep copy; what `to` had before is not freed. */
void text_list_copy(struct text_list *to, const struct text_list *from);
/** Frees the strings and makes the list empty. */
void text_list_free(struct text_list *list);

#endif
