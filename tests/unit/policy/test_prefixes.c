// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of prefixes, compared with the obvious way: each pattern of the set in turn. */
#include <stdio.h>

#include "core/policy/policy.h"
#include "tests/unit/test.h"

enum { PATTERNS = 400, PROBES = 4000 };

struct pattern {
	struct ip_prefix prefix;
	unsigned ge, le;
};

static unsigned seed = 1;

static unsigned
roll(unsigned below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

/* Few different bytes, so that prefixes often lie within one another, or are the same. */
static struct ip_prefix
random_prefix(void)
{
	struct ip_prefix prefix = {.address.family = roll(3) == 0 ? AF_INET6 : AF_INET};
	unsigned bytes = ip_family_bytes(prefix.address.family);

	for (unsigned i = 0; i < bytes; i++)
		prefix.address.bytes[i] = (uint8_t)(roll(8) == 0 ? 255 : roll(3) == 0 ? roll(4) << 6 : 0);
	prefix.length = (uint8_t)(roll(4) == 0 ? roll(3) : roll(bytes * 8 + 1));
	return ip_prefix_network(&prefix);
}

static bool
fits(const struct pattern *pattern, const struct ip_prefix *prefix)
{
	return ip_prefix_covers(&pattern->prefix, prefix) && prefix->length >= pattern->ge &&
	       prefix->length <= pattern->le;
}

static bool
decides(struct policy *policy, const struct ip_prefix *prefix)
{
	return policy_decide(policy, 1, prefix).rule == 0;
}

static void
a_set_matches_what_any_of_its_patterns_does(void **state)
{
	static struct pattern patterns[PATTERNS];

	for (unsigned round = 0; round < 20; round++) {
		struct policy *policy = policy_new();
		struct policy_set *set = policy_set_new(POLICY_PREFIXES, "set");
		unsigned count = round == 0 ? 0 : roll(PATTERNS) + 1, matched = 0;
		struct error err;

		for (unsigned i = 0; i < count; i++) {
			struct pattern *pattern = &patterns[i];
			char text[100], prefix[IP_PREFIX_TEXT];
			unsigned bits;

			/* One prefix very often: its lengths come together. */
			pattern->prefix = i > 0 && roll(2) == 0 ? patterns[0].prefix : random_prefix();
			bits = ip_family_bits(pattern->prefix.address.family);
			pattern->ge = pattern->prefix.length + roll(bits - pattern->prefix.length + 1);
			pattern->le = pattern->ge + roll(bits - pattern->ge + 1);
			snprintf(text, sizeof(text), "%s ge %u le %u",
				 ip_prefix_format(&pattern->prefix, prefix), pattern->ge, pattern->le);
			assert_true(policy_set_add(set, text, &err));
		}
		policy_set_seal(set);
		policy_add(policy)->match.prefixes = set;
		policy_seal(policy);
		for (unsigned i = 0; i < PROBES; i++) {
			struct ip_prefix probe = random_prefix();
			bool expected = false;

			for (unsigned k = 0; k < count && !expected; k++)
				expected = fits(&patterns[k], &probe);
			assert_int_equal(decides(policy, &probe), expected);
			matched += expected;
		}
		assert_true(count < 10 || matched > 0);
		policy_release(policy);
	}
}

TEST_MAIN(cmocka_unit_test(a_set_matches_what_any_of_its_patterns_does))
