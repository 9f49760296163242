// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AS path patterns; see policy_as_path_parse() for what they look like.
 *
 * A pattern becomes a row of steps, each with what it takes and whether it may be left out or come again; a
 * repetition with numbers is written out. Matching keeps the set of steps that could come next as the bits of
 * one word and takes the path an AS at a time, so nothing is ever tried twice.
 */
#include "core/policy/policy_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"

#define RANGES_MOST 1024

enum { SEGMENT_SET = 1 }; /* RFC 4271, 4.3 */

struct compiler {
	struct policy_as_path *out;
	const char *at, *text;
	struct error *err;
};

static bool
complain(const struct compiler *c, const char *what)
{
	return error_set(c->err, "%s in the AS path pattern %s", what, text_quoted(c->text));
}

static bool
read_as(struct compiler *c, uint32_t *out)
{
	char digits[12] = "";
	size_t length = strspn(c->at, "0123456789");
	uint64_t number;

	if (length == 0 || length >= sizeof(digits))
		return complain(c, length == 0 ? "an AS number, a range, '.' or '(' is missing"
					       : "an AS number is too large");
	memcpy(digits, c->at, length);
	if (!text_parse_number(digits, UINT32_MAX, &number))
		return complain(c, "an AS number is too large");
	c->at += length;
	*out = (uint32_t)number;
	return true;
}

/* "65010" or "64512-65534" */
static bool
read_range(struct compiler *c, struct policy_as_path_step *step)
{
	struct policy_as_range range;

	if (!read_as(c, &range.low))
		return false;
	range.high = range.low;
	if (*c->at == '-') {
		c->at++;
		if (!read_as(c, &range.high))
			return false;
		if (range.high < range.low)
			return complain(c, "a range ends before it begins");
	}
	if (c->out->range_count == RANGES_MOST)
		return complain(c, "there are too many AS numbers");
	c->out->ranges = memory_resize(c->out->ranges, (c->out->range_count + 1) * sizeof(*c->out->ranges));
	c->out->ranges[c->out->range_count++] = range;
	step->ranges++;
	return true;
}

/* What a term takes, without how often. */
static bool
read_atom(struct compiler *c, struct policy_as_path_step *step)
{
	*step = (struct policy_as_path_step){.first = (uint16_t)c->out->range_count};
	if (*c->at == '.') {
		c->at++;
		return true;
	}
	if (*c->at != '(')
		return read_range(c, step);
	do {
		c->at++;
		c->at += strspn(c->at, " ");
		if (!read_range(c, step))
			return false;
		c->at += strspn(c->at, " ");
	} while (*c->at == '|');
	if (*c->at != ')')
		return complain(c, "')' is missing");
	c->at++;
	return true;
}

/* "{2}" or "{1,3}" */
static bool
read_counts(struct compiler *c, unsigned *least, unsigned *most)
{
	char *end;

	c->at++;
	if (!isdigit((unsigned char)*c->at))
		return complain(c, "a number is missing behind '{'");
	*least = *most = (unsigned)strtoul(c->at, &end, 10);
	if (*end == ',') {
		if (!isdigit((unsigned char)end[1]))
			return complain(c, "a number is missing behind ','");
		*most = (unsigned)strtoul(end + 1, &end, 10);
	}
	c->at = end;
	if (*c->at != '}')
		return complain(c, "'}' is missing");
	c->at++;
	if (*least > *most || *most == 0)
		return complain(c, "a repetition ends before it begins");
	return true;
}

static bool
add_step(struct compiler *c, const struct policy_as_path_step *atom, bool optional, bool repeats)
{
	struct policy_as_path_step *step;

	if (c->out->count == POLICY_AS_PATH_STEPS)
		return complain(c, "there are too many terms");
	step = &c->out->steps[c->out->count++];
	*step = *atom;
	step->optional = optional;
	step->repeats = repeats;
	return true;
}

static bool
read_term(struct compiler *c)
{
	struct policy_as_path_step atom;
	unsigned least = 1, most = 1;

	if (!read_atom(c, &atom))
		return false;
	switch (*c->at) {
	case '*':
		c->at++;
		return add_step(c, &atom, true, true);
	case '+':
		c->at++;
		return add_step(c, &atom, false, true);
	case '?':
		c->at++;
		return add_step(c, &atom, true, false);
	case '{':
		if (!read_counts(c, &least, &most))
			return false;
		break;
	}
	if (most > POLICY_AS_PATH_STEPS)
		return complain(c, "there are too many terms");
	for (unsigned i = 0; i < most; i++) {
		if (!add_step(c, &atom, i >= least, false))
			return false;
	}
	return true;
}

bool
policy_as_path_parse(const char *text, struct policy_as_path *out, struct error *err)
{
	struct compiler c = {.out = out, .at = text + strspn(text, " "), .text = text, .err = err};
	bool good = true;

	*out = (struct policy_as_path){0};
	if (strpbrk(text, "^$_[]\\") != NULL)
		good = complain(&c,
				"'^', '$', '_' and '[' are of other languages (write \"65010 .*\", the whole "
				"path, nearest AS first)");
	else if (*c.at == '\0')
		good = complain(&c, "nothing stands (the empty path is \"()\")");
	else if (strncmp(c.at, "()", 2) == 0 && c.at[2 + strspn(c.at + 2, " ")] == '\0')
		return true;
	while (good && *c.at != '\0') {
		good = read_term(&c);
		if (good && *c.at != '\0' && *c.at != ' ')
			good = complain(&c, "a space is missing between two terms");
		c.at += good ? strspn(c.at, " ") : 0;
	}
	if (!good)
		policy_as_path_free(out);
	return good;
}

void
policy_as_path_free(struct policy_as_path *pattern)
{
	free(pattern->ranges);
	*pattern = (struct policy_as_path){0};
}

static bool
step_takes(const struct policy_as_path *pattern, const struct policy_as_path_step *step, uint32_t asn)
{
	for (unsigned i = 0; i < step->ranges; i++) {
		const struct policy_as_range *range = &pattern->ranges[step->first + i];

		if (asn >= range->low && asn <= range->high)
			return true;
	}
	return step->ranges == 0;
}

/* Whatever may be left out may be passed at once. */
static uint64_t
pass_over(const struct policy_as_path *pattern, uint64_t at)
{
	for (unsigned i = 0; i < pattern->count; i++) {
		if (at >> i & 1 && pattern->steps[i].optional)
			at |= UINT64_C(2) << i;
	}
	return at;
}

/* From the steps that could come next to those that could come after the one AS, or set of them, of `members`
 * (AS numbers of four octets). */
static uint64_t
advance(const struct policy_as_path *pattern, uint64_t at, struct reader members)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < pattern->count; i++) {
		const struct policy_as_path_step *step = &pattern->steps[i];
		struct reader r = members;
		bool takes = step->ranges == 0;

		if ((at >> i & 1) == 0)
			continue;
		while (!takes && reader_left(&r) >= 4)
			takes = step_takes(pattern, step, reader_u32(&r));
		if (!takes)
			continue;
		next |= UINT64_C(2) << i;
		/* One that came once and may come again can also be left out from here on. */
		if (step->repeats)
			next |= UINT64_C(1) << i;
	}
	return pass_over(pattern, next);
}

bool
policy_as_path_match(const struct policy_as_path *pattern, const uint8_t *segments, size_t length)
{
	struct reader r = reader_over(segments, length);
	uint64_t at = pass_over(pattern, 1);

	while (reader_left(&r) != 0 && at != 0) {
		bool set = reader_u8(&r) == SEGMENT_SET;
		unsigned count = reader_u8(&r);
		struct reader members = reader_sub(&r, (size_t)count * 4);

		if (r.failed)
			return false;
		if (set) {
			at = advance(pattern, at, members);
			continue;
		}
		while (reader_left(&members) >= 4 && at != 0)
			at = advance(pattern, at, reader_sub(&members, 4));
	}
	return (at >> pattern->count & 1) != 0;
}
