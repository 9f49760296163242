// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Regular expressions in linear time: the text becomes a machine of steps (Thompson, CACM 11(6), 1968), and
 * all steps that the text so far allows are followed at once. The C library's own matcher is not used because
 * a short hostile pattern costs it any amount of time and memory.
 *
 * Known: characters, '.', [sets] with ranges, '^', '$', '*', '+', '?', '|', (groups), '\' before a special
 * character. A repetition of what can be empty is fine: a step is entered once for each place in the text.
 */
#include "core/model/pattern.h"

#include <ctype.h>
#include <string.h>

#include "core/base/text.h"

#define DEPTH 24    /* groups within groups */
#define NOWHERE 255 /* a way on that is not known yet */

enum { STEP_BYTE, STEP_ANY, STEP_SET, STEP_SPLIT, STEP_START, STEP_END, STEP_FOUND };

struct reading {
	struct pattern *to;
	const char *at;
	struct error *err;
	unsigned depth;
};

/* A part of the machine: where it begins, and one step of kind SPLIT or other whose next[0] leads out. */
struct part {
	uint8_t first, last;
};

static bool read_choice(struct reading *r, struct part *out);

static bool
step(struct reading *r, unsigned what, uint8_t byte, uint8_t first, uint8_t second, uint8_t *out)
{
	if (r->to->count == PATTERN_STEPS)
		return error_set(r->err, "the expression is too long");
	r->to->steps[r->to->count] = (struct pattern_step){(uint8_t)what, byte, {first, second}};
	*out = r->to->count++;
	return true;
}

static bool
single(struct reading *r, unsigned what, uint8_t byte, struct part *out)
{
	if (!step(r, what, byte, NOWHERE, NOWHERE, &out->first))
		return false;
	out->last = out->first;
	return true;
}

static void
link_to(struct reading *r, uint8_t from, uint8_t to)
{
	r->to->steps[from].next[0] = to;
}

static void
set_add(uint8_t *set, unsigned byte)
{
	unsigned other = isupper((int)byte) ? (unsigned)tolower((int)byte) : (unsigned)toupper((int)byte);

	set[byte / 8] |= (uint8_t)(1u << byte % 8);
	set[other / 8] |= (uint8_t)(1u << other % 8);
}

/* "[a-z_]" or "[^ ]", from behind the bracket. */
static bool
read_set(struct reading *r, struct part *out)
{
	uint8_t *set = r->to->sets[r->to->set_count];
	bool negated = *r->at == '^';
	const char *first;

	if (r->to->set_count == PATTERN_SETS)
		return error_set(r->err, "an expression has at most %d sets", PATTERN_SETS);
	r->at += negated;
	for (first = r->at; *r->at != '\0' && (*r->at != ']' || r->at == first); r->at++) {
		unsigned from = (unsigned char)*r->at, to = from;

		if (r->at[1] == '-' && r->at[2] != ']' && r->at[2] != '\0') {
			to = (unsigned char)r->at[2];
			r->at += 2;
		}
		if (to < from)
			return error_set(r->err, "'%c-%c' goes backwards", (char)from, (char)to);
		for (unsigned byte = from; byte <= to; byte++)
			set_add(set, byte);
	}
	if (*r->at != ']')
		return error_set(r->err, "the expression is not complete: a ']' is missing");
	r->at++;
	for (unsigned i = 0; negated && i < 32; i++)
		set[i] = (uint8_t)~set[i];
	return single(r, STEP_SET, r->to->set_count++, out);
}

static bool
read_group(struct reading *r, struct part *out)
{
	if (r->depth == DEPTH)
		return error_set(r->err, "an expression has at most %d groups within each other", DEPTH);
	r->depth++;
	if (!read_choice(r, out))
		return false;
	r->depth--;
	if (*r->at != ')')
		return error_set(r->err, "the expression is not complete: a ')' is missing");
	r->at++;
	return true;
}

static bool
read_one(struct reading *r, struct part *out)
{
	char c = *r->at++;

	switch (c) {
	case '.':
		return single(r, STEP_ANY, 0, out);
	case '^':
		return single(r, STEP_START, 0, out);
	case '$':
		return single(r, STEP_END, 0, out);
	case '[':
		return read_set(r, out);
	case '(':
		return read_group(r, out);
	case '*':
	case '+':
	case '?':
		return error_set(r->err, "nothing stands before the '%c'", c);
	case '\\':
		if (*r->at == '\0')
			return error_set(r->err, "the expression is not complete: it ends with a '\\'");
		if (isalnum((unsigned char)*r->at))
			return error_set(r->err, "'\\%c' is not known here", *r->at);
		return single(r, STEP_BYTE, (uint8_t)*r->at++, out);
	default:
		return single(r, STEP_BYTE, (uint8_t)tolower((unsigned char)c), out);
	}
}

/* One thing and how often. */
static bool
read_repeated(struct reading *r, struct part *out)
{
	uint8_t split = 0, end = 0;

	if (!read_one(r, out))
		return false;
	while (*r->at == '*' || *r->at == '+' || *r->at == '?') {
		char how = *r->at++;

		/* next[0] of a split leads on, next[1] into what is repeated */
		if (!step(r, STEP_SPLIT, 0, NOWHERE, out->first, &split))
			return false;
		if (how == '?') {
			if (!step(r, STEP_SPLIT, 0, NOWHERE, NOWHERE, &end))
				return false;
			link_to(r, out->last, end);
			link_to(r, split, end);
			*out = (struct part){split, end};
			continue;
		}
		link_to(r, out->last, split);
		*out = (struct part){how == '*' ? split : out->first, split};
	}
	return true;
}

static bool
read_sequence(struct reading *r, struct part *out)
{
	struct part next;

	if (!single(r, STEP_SPLIT, 0, out)) /* may be empty */
		return false;
	while (*r->at != '\0' && *r->at != '|' && *r->at != ')') {
		if (!read_repeated(r, &next))
			return false;
		link_to(r, out->last, next.first);
		out->last = next.last;
	}
	return true;
}

static bool
read_choice(struct reading *r, struct part *out)
{
	struct part other;
	uint8_t split = 0, end = 0;

	if (!read_sequence(r, out))
		return false;
	while (*r->at == '|') {
		r->at++;
		if (!read_sequence(r, &other) || !step(r, STEP_SPLIT, 0, out->first, other.first, &split) ||
		    !step(r, STEP_SPLIT, 0, NOWHERE, NOWHERE, &end))
			return false;
		link_to(r, out->last, end);
		link_to(r, other.last, end);
		*out = (struct part){split, end};
	}
	return true;
}

bool
pattern_compile(struct pattern *out, const char *text, struct error *err)
{
	struct reading r = {.to = out, .at = text, .err = err};
	struct part whole;
	uint8_t found = 0;

	memset(out, 0, sizeof(*out));
	if (!read_choice(&r, &whole))
		return false;
	if (*r.at == ')')
		return error_set(err, "a ')' without its '('");
	if (!step(&r, STEP_FOUND, 0, NOWHERE, NOWHERE, &found))
		return false;
	link_to(&r, whole.last, found);
	out->first = whole.first;
	return true;
}

/* --- matching ---------------------------------------------------------------------------------- */

/* The steps that wait for the next byte, each once. */
struct waiting {
	uint8_t list[PATTERN_STEPS], count;
	bool in[PATTERN_STEPS];
};

/* Enters a step and what follows it without a byte. True where the pattern is found. */
static bool
enter(const struct pattern *p, struct waiting *to, uint8_t first, bool at_start, bool at_end)
{
	uint8_t stack[PATTERN_STEPS * 2 + 1];
	unsigned depth = 0;

	stack[depth++] = first;
	while (depth > 0) {
		uint8_t at = stack[--depth];
		const struct pattern_step *s;

		if (at == NOWHERE || to->in[at])
			continue;
		to->in[at] = true;
		s = &p->steps[at];
		if (s->what == STEP_FOUND)
			return true;
		if (s->what == STEP_BYTE || s->what == STEP_ANY || s->what == STEP_SET) {
			to->list[to->count++] = at;
			continue;
		}
		if ((s->what == STEP_START && !at_start) || (s->what == STEP_END && !at_end))
			continue;
		stack[depth++] = s->next[0];
		if (s->what == STEP_SPLIT)
			stack[depth++] = s->next[1];
	}
	return false;
}

static bool
takes(const struct pattern *p, const struct pattern_step *s, uint8_t byte)
{
	switch (s->what) {
	case STEP_BYTE:
		return s->byte == byte || s->byte == (uint8_t)tolower(byte);
	case STEP_SET:
		return (p->sets[s->byte][byte / 8] >> byte % 8 & 1) != 0;
	default:
		return true;
	}
}

bool
pattern_match(const struct pattern *pattern, const char *text)
{
	struct waiting two[2], *now = &two[0], *next = &two[1], *swap;

	now->count = 0;
	memset(now->in, 0, pattern->count);
	if (enter(pattern, now, pattern->first, true, *text == '\0'))
		return true;
	for (const char *at = text; *at != '\0'; at++) {
		bool end = at[1] == '\0';

		next->count = 0;
		memset(next->in, 0, pattern->count);
		for (unsigned i = 0; i < now->count; i++) {
			const struct pattern_step *s = &pattern->steps[now->list[i]];

			if (takes(pattern, s, (uint8_t)*at) && enter(pattern, next, s->next[0], false, end))
				return true;
		}
		if (enter(pattern, next, pattern->first, false, end)) /* it may begin anywhere */
			return true;
		swap = now;
		now = next;
		next = swap;
	}
	return false;
}
