// SPDX-License-Identifier: GPL-2.0-or-later
/* String helpers; see text.h. */
#include "core/base/text.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the UTF-8 character at `at` (RFC 3629: no overlong forms, no surrogates), 0 where it is not one.
 */
static size_t
utf8_length(const unsigned char *at, size_t left)
{
	if (left == 0)
		return 0;
	if (at[0] < 0x80)
		return 1;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		return left >= 2 && (at[1] & 0xc0) == 0x80 ? 2 : 0;
	if (at[0] >= 0xe0 && at[0] <= 0xef) {
		if (left < 3 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 ||
		    (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f))
			return 0;
		return 3;
	}
	if (at[0] >= 0xf0 && at[0] <= 0xf4) {
		if (left < 4 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 || (at[3] & 0xc0) != 0x80 ||
		    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

size_t
text_utf8_until(const char *bytes, size_t length)
{
	size_t at = 0, used;

	while (at < length && (used = utf8_length((const unsigned char *)bytes + at, length - at)) != 0)
		at += used;
	return at;
}

bool
text_is_utf8(const char *bytes, size_t length)
{
	return text_utf8_until(bytes, length) == length;
}

/* A control character, or no character at all. */
static bool
is_control(const unsigned char *at, size_t length)
{
	return length == 0 || at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

/* What turns the direction of the text around it, or breaks the line (Unicode 15, 23.2): U+061C, U+200E,
 * U+200F, U+2028 to U+202E, U+2066 to U+2069. Two names could look alike, or one end on the other's place. */
static bool
is_turning(const unsigned char *at, size_t length)
{
	if (length == 2)
		return at[0] == 0xd8 && at[1] == 0x9c;
	if (length != 3 || at[0] != 0xe2)
		return false;
	return (at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
	       (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
}

static const struct {
	const char *bytes;
	char letter;
} escapes[] = {{"\n", 'n'}, {"\r", 'r'}, {"\t", 't'}, {"\\", '\\'}, {"\xc2\x85", 'N'}};

/* Which of them stands at `at`; -1: none. */
static int
escape_of(const char *at, size_t left)
{
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		size_t size = strlen(escapes[i].bytes);

		if (size <= left && memcmp(at, escapes[i].bytes, size) == 0)
			return (int)i;
	}
	return -1;
}

char *
text_escape(const char *text, size_t length)
{
	char *out = memory_zeroed(length * 2 + 1, 1);
	size_t used = 0;

	for (size_t at = 0; at < length;) {
		size_t size = utf8_length((const unsigned char *)text + at, length - at);
		int escape = escape_of(text + at, length - at);

		if (escape >= 0) {
			out[used++] = '\\';
			out[used++] = escapes[escape].letter;
		} else if (is_control((const unsigned char *)text + at, size)) {
			memory_wipe_free(out, used);
			return NULL;
		} else {
			memcpy(out + used, text + at, size);
			used += size;
		}
		at += size;
	}
	return out;
}

char *
text_unescape(const char *escaped, size_t *length)
{
	char *out = memory_zeroed(strlen(escaped) + 1, 1);

	*length = 0;
	for (const char *at = escaped; *at != '\0'; at++) {
		size_t i = 0;

		if (*at != '\\') {
			out[(*length)++] = *at;
			continue;
		}
		at++;
		while (i < COUNT_OF(escapes) && escapes[i].letter != *at)
			i++;
		if (*at == '\0' || i == COUNT_OF(escapes)) {
			memory_wipe_free(out, *length);
			return NULL;
		}
		memcpy(out + *length, escapes[i].bytes, strlen(escapes[i].bytes));
		*length += strlen(escapes[i].bytes);
	}
	return out;
}

const char *
text_clean(char *out, size_t size, const char *from)
{
	const unsigned char *at = (const unsigned char *)from;
	size_t left = strlen(from), used = 0;

	while (left != 0) {
		size_t length = utf8_length(at, left);
		bool control = is_control(at, length) || is_turning(at, length);
		size_t step = length != 0 ? length : 1, put = control ? 1 : length;

		if (used + put + 1 > size)
			break;
		if (control)
			out[used] = '?';
		else
			memcpy(out + used, at, length);
		used += put;
		at += step;
		left -= step;
	}
	if (size != 0)
		out[used] = '\0';
	return out;
}

const char *
text_quoted(const char *text)
{
	static _Thread_local char ring[4][84];
	static _Thread_local unsigned next;
	char cut[80], *out = ring[next++ % 4];

	text_clean(cut, sizeof(cut), text);
	snprintf(out, sizeof(ring[0]), "'%s'", cut);
	return out;
}

/* Optimal string alignment distance; words over 31 bytes are never near. */
static unsigned
distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned d[32][32];

	if (n > 31 || m > 31)
		return 99;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *
text_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	unsigned best_distance = (unsigned)strlen(word) / 3 + 2;

	if (strlen(word) > 31)
		return NULL; /* nothing of ours is that long */
	for (; *names != NULL; names++) {
		unsigned got = distance(word, *names);

		if (got < best_distance) {
			best_distance = got;
			best = *names;
		}
	}
	return best;
}

bool
text_parse_number(const char *text, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(*text - '0');

		if (*text < '0' || *text > '9' || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > most)
		return false;
	*out = value;
	return true;
}

bool
text_parse_duration(const char *text, uint64_t *milliseconds)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	char digits[16];
	size_t count = strspn(text, "0123456789");
	uint64_t value;

	if (count == 0 || count >= sizeof(digits))
		return false;
	memcpy(digits, text, count);
	digits[count] = '\0';
	if (!text_parse_number(digits, UINT64_MAX, &value))
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (strcmp(text + count, units[i].name) == 0) {
			if (value > UINT64_MAX / units[i].factor)
				return false;
			*milliseconds = value * units[i].factor;
			return true;
		}
	}
	return false;
}

/* Memory is out: nothing sensible can be done in the middle of a change of state. */
static void
out_of_memory(void)
{
	fputs("twinspan: out of memory\n", stderr);
	abort();
}

void *
memory_zeroed(size_t count, size_t size)
{
	void *got = calloc(count != 0 ? count : 1, size != 0 ? size : 1);

	if (got == NULL)
		out_of_memory();
	return got;
}

void *
memory_resize(void *old, size_t size)
{
	void *got = realloc(old, size != 0 ? size : 1);

	if (got == NULL)
		out_of_memory();
	return got;
}

void
memory_wipe_free(void *secret, size_t length)
{
	if (secret != NULL)
		explicit_bzero(secret, length);
	free(secret);
}

void
memory_join_at_once(void)
{
#ifdef M_MXFAST
	mallopt(M_MXFAST, 0);
#endif
}

char *
text_copy(const char *text)
{
	char *got;

	if (text == NULL)
		return NULL;
	got = strdup(text);
	if (got == NULL)
		out_of_memory();
	return got;
}

char *
text_format(const char *format, ...)
{
	va_list args;
	char *got = NULL;

	va_start(args, format);
	if (vasprintf(&got, format, args) < 0)
		out_of_memory();
	va_end(args);
	return got;
}

void
text_list_add(struct text_list *list, const char *text)
{
	list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count++] = text_copy(text);
}

bool
text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

bool
text_list_equal(const struct text_list *a, const struct text_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

void
text_list_copy(struct text_list *to, const struct text_list *from)
{
	*to = (struct text_list){0};
	for (size_t i = 0; i < from->count; i++)
		text_list_add(to, from->items[i]);
}

void
text_list_free(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}
