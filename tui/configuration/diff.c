// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which lines differ: what both texts begin and end with is set aside, the longest common subsequence of the
 * rest is found by dynamic programming. Where the rest is too large for that, all of it counts as changed:
 * whoever rewrote thousands of lines is not helped by a diff of them.
 */
#include "tui/configuration/configuration_internal.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MOST 1000000

struct lines {
	const char **at;
	size_t *length;
	size_t count;
};

static void
split(const char *text, struct lines *out)
{
	size_t count = 0;

	for (const char *p = text; *p != '\0'; p++)
		count += *p == '\n';
	out->at = memory_zeroed(count + 2, sizeof(*out->at));
	out->length = memory_zeroed(count + 2, sizeof(*out->length));
	out->count = 0;
	while (*text != '\0') {
		out->at[out->count] = text;
		out->length[out->count] = strcspn(text, "\n");
		text += out->length[out->count++];
		text += *text == '\n';
	}
}

static bool
same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
	return a->length[i] == b->length[k] && memcmp(a->at[i], b->at[k], a->length[i]) == 0;
}

static void
add(struct diff *out, char mark, const struct lines *from, size_t i)
{
	out->lines[out->count++] = (struct diff_line){
	    .mark = mark, .number = (unsigned)i + 1, .text = from->at[i], .length = from->length[i]};
	out->added += mark == '+';
	out->removed += mark == '-';
}

/* The lines from `from` to `a_end` and `b_end`, which have neither beginning nor end in common. */
static void
compare(const struct lines *a, size_t a_end, const struct lines *b, size_t b_end, size_t from,
	struct diff *out)
{
	size_t n = a_end - from, m = b_end - from, i = 0, k = 0;
	uint32_t *longest = NULL;

	if ((n + 1) * (m + 1) <= CELLS_MOST) {
		longest = memory_zeroed((n + 1) * (m + 1), sizeof(*longest));
		for (size_t y = n; y-- > 0;) {
			for (size_t x = m; x-- > 0;) {
				uint32_t below = longest[(y + 1) * (m + 1) + x],
					 right = longest[y * (m + 1) + x + 1];

				longest[y * (m + 1) + x] = same(a, from + y, b, from + x)
							       ? longest[(y + 1) * (m + 1) + x + 1] + 1
							   : below > right ? below
									   : right;
			}
		}
	}
	while (i < n || k < m) {
		if (longest != NULL && i < n && k < m && same(a, from + i, b, from + k)) {
			add(out, ' ', b, from + k);
			i++, k++;
		} else if (i < n && (k == m || longest == NULL ||
				     longest[(i + 1) * (m + 1) + k] >= longest[i * (m + 1) + k + 1])) {
			add(out, '-', a, from + i++);
		} else {
			add(out, '+', b, from + k++);
		}
	}
	free(longest);
}

/* Leaves of the unchanged lines those that are near a change. */
static void
keep_context(struct diff *diff, unsigned context)
{
	size_t kept = 0, last = 0; /* last: one past the last change so far */
	size_t next = 0;           /* the next change at or after i */
	bool gap = false, any = false;

	for (size_t i = 0; i < diff->count; i++) {
		bool near;

		if (next < i || diff->lines[next].mark == ' ') {
			for (next = next < i ? i : next; next < diff->count && diff->lines[next].mark == ' ';
			     next++)
				;
		}
		if (diff->lines[i].mark != ' ') {
			last = i + 1;
			any = true;
			next = i + 1 < diff->count ? i + 1 : i;
			while (next < diff->count && next > i && diff->lines[next].mark == ' ')
				next++;
		}
		near = diff->lines[i].mark != ' ' || (any && i < last + context) ||
		       (next < diff->count && next >= i && next - i <= context);
		if (!near) {
			gap = true;
			continue;
		}
		if (gap && kept > 0)
			diff->lines[kept++] = (struct diff_line){.mark = '@', .text = ""};
		gap = false;
		diff->lines[kept++] = diff->lines[i];
	}
	diff->count = kept;
}

void
diff_make(const char *before, const char *after, unsigned context, struct diff *out)
{
	struct lines a, b;
	size_t head = 0, a_end, b_end;

	*out = (struct diff){0};
	split(before, &a);
	split(after, &b);
	out->lines = memory_zeroed(a.count + b.count + 1, sizeof(*out->lines));
	a_end = a.count;
	b_end = b.count;
	while (head < a_end && head < b_end && same(&a, head, &b, head))
		add(out, ' ', &b, head++);
	while (a_end > head && b_end > head && same(&a, a_end - 1, &b, b_end - 1))
		a_end--, b_end--;
	compare(&a, a_end, &b, b_end, head, out);
	for (size_t k = b_end; k < b.count; k++)
		add(out, ' ', &b, k);
	keep_context(out, context);
	free(a.at);
	free(a.length);
	free(b.at);
	free(b.length);
}

void
diff_free(struct diff *diff)
{
	free(diff->lines);
	*diff = (struct diff){0};
}
