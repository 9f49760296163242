// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of prefixes. Sealed, they are ranges of addresses in order, each with the lengths that are meant of
 * prefixes in it, by whichever patterns: prefixes lie within one another or apart, so that ranges are all it
 * takes. A pattern means only lengths that are not shorter than its own; so the range that an address lies in
 * tells of each length whether a pattern covers the prefix of that address and length. One binary search in a
 * row of numbers answers for a set of any size.
 */
#include "core/policy/policy_internal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static void
bit_set(uint64_t bits[3], unsigned at)
{
	bits[at / 64] |= UINT64_C(1) << at % 64;
}

static bool
bit_get(const uint64_t bits[3], unsigned at)
{
	return (bits[at / 64] >> at % 64 & 1) != 0;
}

/* "le 24" and "ge 16", in either order. */
static bool
read_lengths(const char *at, const char *text, unsigned bits, unsigned *ge, unsigned *le, struct error *err)
{
	bool has_ge = false, has_le = false;

	while (*at != '\0') {
		bool greater = strncmp(at, "ge ", 3) == 0;
		bool *has = greater ? &has_ge : &has_le;
		char digits[4] = "";
		size_t length;
		uint64_t number;

		if (!greater && strncmp(at, "le ", 3) != 0)
			return error_set(err, "%s: behind a prefix stand 'ge LENGTH' and 'le LENGTH' only",
					 text_quoted(text));
		at += 3 + strspn(at + 3, " ");
		length = strspn(at, "0123456789");
		if (length == 0 || length >= sizeof(digits))
			return error_set(err, "%s: 'ge' and 'le' need a length of 0 to %u", text_quoted(text),
					 bits);
		memcpy(digits, at, length);
		if (!text_parse_number(digits, bits, &number))
			return error_set(err, "%s: a length is over %u", text_quoted(text), bits);
		if (*has)
			return error_set(err, "%s: '%s' stands twice", text_quoted(text),
					 greater ? "ge" : "le");
		*has = true;
		*(greater ? ge : le) = (unsigned)number;
		at += length + strspn(at + length, " ");
	}
	if (has_ge && !has_le)
		*le = bits;
	return true;
}

bool
prefix_pattern_parse(const char *text, struct prefix_pattern *out, struct error *err)
{
	char head[IP_PREFIX_TEXT] = "", written[IP_PREFIX_TEXT];
	size_t length = strcspn(text, " ");
	struct ip_prefix prefix, network;
	unsigned ge, le;

	if (length < sizeof(head))
		memcpy(head, text, length);
	if (strchr(head, '/') == NULL || !ip_prefix_parse(head, &prefix))
		return error_set(err, "%s is no prefix such as 10.0.0.0/8 or '10.0.0.0/8 le 24'",
				 text_quoted(text));
	network = ip_prefix_network(&prefix);
	if (!ip_prefix_equal(&network, &prefix))
		return error_set(err, "%s has host bits set: the network is %s", text_quoted(text),
				 ip_prefix_format(&network, written));
	ge = le = prefix.length;
	if (!read_lengths(text + length + strspn(text + length, " "), text,
			  ip_family_bits(prefix.address.family), &ge, &le, err))
		return false;
	if (ge < prefix.length)
		return error_set(err, "%s: 'ge %u' is shorter than the prefix itself", text_quoted(text), ge);
	if (le < ge)
		return error_set(err, "%s: no length is %u or more and %u or less", text_quoted(text), ge,
				 le);
	*out = (struct prefix_pattern){.family = prefix.address.family, .length = prefix.length};
	memcpy(out->bytes, prefix.address.bytes, sizeof(out->bytes));
	for (unsigned i = ge; i <= le; i++)
		bit_set(out->lengths, i);
	return true;
}

static range_start
number_of(const uint8_t bytes[16])
{
	uint64_t halves[2];

	memcpy(halves, bytes, sizeof(halves));
	return (range_start)be64toh(halves[0]) << 64 | be64toh(halves[1]);
}

/* An outer one before what lies in it. */
static int
compare(const void *a, const void *b)
{
	const struct prefix_pattern *left = a, *right = b;
	int order = memcmp(left->bytes, right->bytes, sizeof(left->bytes));

	return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

/* From `start` on these lengths; what was said of the same start before is forgotten. */
static void
range_begin(struct prefix_ranges *ranges, range_start start, const struct prefix_lengths *lengths)
{
	if (ranges->count != 0 && ranges->starts[ranges->count - 1] == start)
		ranges->count--;
	ranges->starts[ranges->count] = start;
	ranges->lengths[ranges->count++] = *lengths;
}

static void
seal_family(struct prefix_ranges *ranges, const struct prefix_pattern *patterns, size_t count, int family)
{
	static const struct prefix_lengths none;
	struct {
		range_start last;
		unsigned length;
		struct prefix_lengths lengths;
	} within[PREFIX_LENGTHS + 1]; /* the patterns that cover the place we are at, outermost first */
	size_t depth = 0, at = 0;

	ranges->starts = memory_zeroed(2 * count + 1, sizeof(*ranges->starts));
	ranges->lengths = memory_zeroed(2 * count + 1, sizeof(*ranges->lengths));
	range_begin(ranges, 0, &none);
	for (;;) {
		const struct prefix_pattern *next;
		range_start start;

		while (at < count && patterns[at].family != family)
			at++;
		next = at < count ? &patterns[at++] : NULL;
		start = next != NULL ? number_of(next->bytes) : 0;
		while (depth != 0 && (next == NULL || within[depth - 1].last < start)) {
			range_start last = within[--depth].last;

			if (last + 1 != 0)
				range_begin(ranges, last + 1,
					    depth != 0 ? &within[depth - 1].lengths : &none);
		}
		if (next == NULL)
			return;
		if (depth == 0 || within[depth - 1].length != next->length) { /* else it is the same prefix */
			within[depth].lengths = depth != 0 ? within[depth - 1].lengths : none;
			within[depth].length = next->length;
			within[depth++].last =
			    start | (next->length == 128 ? 0 : ~(range_start)0 >> next->length);
		}
		for (unsigned k = 0; k < 3; k++)
			within[depth - 1].lengths.bits[k] |= next->lengths[k];
		range_begin(ranges, start, &within[depth - 1].lengths);
	}
}

void
prefixes_seal(struct policy_set *set)
{
	if (set->count != 0)
		qsort(set->prefixes, set->count, sizeof(*set->prefixes), compare);
	seal_family(&set->ranges[0], set->prefixes, set->count, AF_INET);
	seal_family(&set->ranges[1], set->prefixes, set->count, AF_INET6);
}

void
prefixes_free(struct policy_set *set)
{
	for (unsigned f = 0; f < 2; f++) {
		free(set->ranges[f].starts);
		free(set->ranges[f].lengths);
	}
}

bool
prefixes_match(const struct policy_set *set, const struct ip_prefix *prefix)
{
	const struct prefix_ranges *ranges = &set->ranges[prefix->address.family == AF_INET6];
	range_start address = number_of(prefix->address.bytes);
	size_t at = 0;

	/* The last start that is not above it; the first is 0. Halving without a branch. */
	for (size_t left = ranges->count; left > 1;) {
		size_t half = left / 2;

		at = ranges->starts[at + half] <= address ? at + half : at;
		left -= half;
	}
	return bit_get(ranges->lengths[at].bits, prefix->length);
}
