// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the language: what is taken, what is refused and how, and what each of them fits. */
#include "core/base/buffer.h"
#include "core/policy/policy.h"
#include "tests/unit/test.h"

/* --- AS paths ---------------------------------------------------------------------------------- */

/* "65010 {1 2} 3" as segments, each AS of its own; a set in braces. Returns the length. */
static size_t
segments(const char *text, uint8_t *out, size_t size)
{
	struct writer w = writer_over(out, size);
	char copy[200], *rest = copy, *word;
	bool set = false;
	size_t count_at = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL) {
		bool begins = word[0] == '{', ends = word[0] != '\0' && word[strlen(word) - 1] == '}';

		if (word[0] == '\0')
			continue;
		if (begins || !set) {
			writer_u8(&w, begins ? 1 : 2);
			count_at = writer_length(&w);
			writer_u8(&w, 0);
		}
		set = (set || begins) && !ends;
		writer_patch_u8(&w, count_at, (uint8_t)(out[count_at] + 1));
		writer_u32(&w, (uint32_t)strtoul(word + begins, NULL, 10));
	}
	assert_false(w.failed);
	return writer_length(&w);
}

static bool
fits(const char *pattern, const char *path)
{
	struct policy_as_path compiled;
	struct error err = {""};
	uint8_t bytes[512];
	bool fit;

	if (!policy_as_path_parse(pattern, &compiled, &err))
		fail_msg("%s: %s", pattern, err.text);
	fit = policy_as_path_match(&compiled, bytes, segments(path, bytes, sizeof(bytes)));
	policy_as_path_free(&compiled);
	return fit;
}

static void
as_path_patterns_mean_the_whole_path(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool fits;
	} cases[] = {
	    {"65010", "65010", true},
	    {"65010", "65010 65020", false},
	    {"65010", "", false},
	    {"()", "", true},
	    {"()", "65010", false},
	    {".*", "", true},
	    {".*", "1 2 3 {4 5}", true},
	    {".+", "", false},
	    {". .", "1 2", true},
	    {". .", "1", false},
	    {"65010 .*", "65010 1 2 3", true},
	    {"65010 .*", "1 65010", false},
	    {".* 65010", "1 2 65010", true},
	    {".* 65010 .*", "1 65010 2", true},
	    {".* 65010 .*", "1 2", false},
	    {"65010+", "65010 65010 65010", true},
	    {"65010+ 65020", "65010 65010 65020", true},
	    {"65010? 65020", "65020", true},
	    {"65010{2}", "65010 65010", true},
	    {"65010{2}", "65010", false},
	    {"65010{1,3} 1", "65010 65010 1", true},
	    {"65010{1,3} 1", "65010 65010 65010 65010 1", false},
	    {"(65010|65020|64512-64520) 1", "64515 1", true},
	    {"(65010|65020|64512-64520)+", "65010 64520 65020", true},
	    {"(65010 | 65020)", "64521", false},
	    {"64512-65534*", "64512 65534", true},
	    {"64512-65534*", "64512 65535", false},
	    {"4200000000", "4200000000", true},
	    {"65010 2", "65010 {1 2}", true}, /* a set is each of its members */
	    {"65010 3", "65010 {1 2}", false},
	    {"65010 .", "65010 {1 2}", true}, /* and one AS of the path */
	    {"65010 . .", "65010 {1 2}", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (fits(cases[i].pattern, cases[i].path) != cases[i].fits)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].path);
	}
}

static void
bad_as_path_patterns_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *pattern, *says;
	} cases[] = {
	    {"", "nothing stands"},
	    {"^65010_", "other languages"},
	    {"[65010]", "other languages"},
	    {"(65010", "')' is missing"},
	    {"(", "is missing"},
	    {"65010|65020", "a space is missing"},
	    {"65010,65020", "a space"},
	    {"4294967296", "too large"},
	    {"99999999999999", "too large"},
	    {"65010-", "is missing"},
	    {"65020-65010", "ends before"},
	    {"65010{", "behind '{'"},
	    {"65010{2", "'}' is missing"},
	    {"65010{3,2}", "ends before"},
	    {"65010{0}", "ends before"},
	    {"65010{1,}", "behind ','"},
	    {"65010{64}", "too many"},
	    {".{40} .{40}", "too many"},
	    {"AS65010", "an AS number"},
	    {"*", "an AS number"},
	    {"65010**", "a space is missing"},
	    {"() 65010", "is missing"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct policy_as_path compiled;
		struct error err = {""};

		if (policy_as_path_parse(cases[i].pattern, &compiled, &err))
			fail_msg("'%s' was taken", cases[i].pattern);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s': %s", cases[i].pattern, err.text);
		assert_null(compiled.ranges);
	}
}

/* What a regular expression would take forever for. */
static void
matching_is_bounded_by_pattern_times_path(void **state)
{
	char pattern[400] = "";
	struct policy_as_path compiled;
	uint8_t bytes[4096];
	struct writer w = writer_over(bytes, sizeof(bytes));

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		strcat(pattern, i % 2 != 0 ? "1* " : ".* ");
	strcat(pattern, "2");
	assert_true(policy_as_path_parse(pattern, &compiled, NULL));
	for (unsigned s = 0; s < 4; s++) {
		writer_u8(&w, 2);
		writer_u8(&w, 250);
		for (unsigned i = 0; i < 250; i++)
			writer_u32(&w, 1);
	}
	for (unsigned i = 0; i < 100; i++)
		assert_false(policy_as_path_match(&compiled, bytes, writer_length(&w)));
	policy_as_path_free(&compiled);
}

/* --- against a slow and obvious implementation -------------------------------------------------- */

static uint32_t seed = 11;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

struct term {
	uint32_t low, high; /* low > high: any */
	unsigned least, most;
};

static bool
obvious(const struct term *terms, size_t term_count, const uint32_t *path, size_t length)
{
	if (term_count == 0)
		return length == 0;
	for (size_t taken = 0; taken <= length && taken <= terms->most; taken++) {
		if (taken >= terms->least && obvious(terms + 1, term_count - 1, path + taken, length - taken))
			return true;
		if (taken < length && terms->low <= terms->high &&
		    (path[taken] < terms->low || path[taken] > terms->high))
			return false;
	}
	return false;
}

static void
as_paths_match_as_the_obvious_matcher_says(void **state)
{
	static const struct {
		const char *suffix;
		unsigned least, most;
	} times[] = {{"", 1, 1}, {"*", 0, 99}, {"+", 1, 99}, {"?", 0, 1}, {"{2}", 2, 2}, {"{1,3}", 1, 3}};
	unsigned yes = 0;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct term terms[4];
		size_t term_count = 1 + number(4), length = number(6), used = 0;
		char pattern[200], path[100] = "";
		uint32_t numbers[6];
		bool expected;

		for (size_t i = 0; i < term_count; i++) {
			unsigned t = number(COUNT_OF(times)), kind = number(3);
			uint32_t low = 1 + number(3), high = kind == 1 ? low + number(2) : low;

			terms[i] = (struct term){low, high, times[t].least, times[t].most};
			used +=
			    (size_t)snprintf(pattern + used, sizeof(pattern) - used, "%s", i != 0 ? " " : "");
			if (kind == 0) {
				terms[i].low = 1;
				terms[i].high = 0;
				used += (size_t)snprintf(pattern + used, sizeof(pattern) - used, ".%s",
							 times[t].suffix);
			} else {
				used += (size_t)snprintf(pattern + used, sizeof(pattern) - used, "%u-%u%s",
							 low, high, times[t].suffix);
			}
		}
		for (size_t i = 0; i < length; i++) {
			numbers[i] = 1 + number(4);
			snprintf(path + strlen(path), sizeof(path) - strlen(path), "%u ", numbers[i]);
		}
		expected = obvious(terms, term_count, numbers, length);
		yes += expected;
		if (fits(pattern, path) != expected)
			fail_msg("'%s' and '%s': %d", pattern, path, expected);
	}
	assert_in_range(yes, 2000, 18000);
}

/* --- prefixes ---------------------------------------------------------------------------------- */

static struct policy_set *
set_of(enum policy_set_kind kind, const char *const *patterns, size_t count)
{
	struct policy_set *set = policy_set_new(kind, NULL);

	for (size_t i = 0; i < count; i++) {
		struct error err = {""};

		if (!policy_set_add(set, patterns[i], &err))
			fail_msg("%s: %s", patterns[i], err.text);
	}
	policy_set_seal(set);
	return set;
}

/* By way of a rule, as everybody does it. */
static bool
set_takes(struct policy_set *set, const char *text)
{
	struct policy *policy = policy_new();
	struct policy_attributes none = {0};
	struct ip_prefix prefix;
	bool taken;

	policy_add(policy)->match.prefix = policy_set_hold(set);
	policy_seal(policy);
	assert_true(policy->looks_at_prefix);
	assert_true(ip_prefix_parse(text, &prefix));
	taken = policy_decide(policy, policy_match_attributes(policy, &none), &prefix).applied != 0;
	policy_release(policy);
	return taken;
}

static void
prefixes_take_their_lengths_of_either_family(void **state)
{
	static const char *const patterns[] = {"10.0.0.0/8 le 24", "192.168.0.0/16",
					       "192.168.0.0/16 ge 20 le 22", "2001:db8::/32 ge 48",
					       "172.16.0.0/12 le 16 ge 14"};
	static const struct {
		const char *prefix;
		bool taken;
	} cases[] = {
	    {"10.0.0.0/8", true},        {"10.1.0.0/24", true},     {"10.1.0.0/25", false},
	    {"11.0.0.0/8", false},       {"0.0.0.0/0", false},      {"192.168.0.0/16", true},
	    {"192.168.0.0/17", false},   {"192.168.16.0/20", true}, {"192.168.16.0/22", true},
	    {"192.168.16.0/23", false},  {"2001:db8::/32", false},  {"2001:db8:1::/48", true},
	    {"2001:db8:1::1/128", true}, {"2001:db9::/48", false},  {"172.16.0.0/13", false},
	    {"172.20.0.0/14", true},     {"172.16.0.0/16", true},   {"172.16.0.0/17", false},
	};
	struct policy_set *set = set_of(POLICY_PREFIXES, patterns, COUNT_OF(patterns));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (set_takes(set, cases[i].prefix) != cases[i].taken)
			fail_msg("%s", cases[i].prefix);
	}
	policy_set_release(set);
}

static void
bad_prefixes_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *pattern, *says;
	} cases[] = {
	    {"10.0.0.0", "no prefix"},
	    {"10.0.0.1/8", "the network is 10.0.0.0/8"},
	    {"10.0.0.0/33", "no prefix"},
	    {"10.0.0.0/8 le 33", "over 32"},
	    {"10.0.0.0/8 ge 4", "shorter than"},
	    {"10.0.0.0/16 ge 24 le 20", "no length"},
	    {"10.0.0.0/8 upto /24", "stand"},
	    {"10.0.0.0/8 le", "stand"},
	    {"10.0.0.0/8 le x", "need a length"},
	    {"10.0.0.0/8 le 9 le 10", "twice"},
	    {"2001:db8::/32 le 129", "over 128"},
	    {"10.0.0.0/16 le 8", "no length"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct policy_set *set = policy_set_new(POLICY_PREFIXES, "lan");
		struct error err = {""};

		if (policy_set_add(set, cases[i].pattern, &err))
			fail_msg("'%s' was taken", cases[i].pattern);
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s': %s", cases[i].pattern, err.text);
		assert_int_equal(policy_set_patterns(set)->count, 0);
		policy_set_release(set);
	}
}

static void
random_prefix(struct ip_prefix *out)
{
	*out = (struct ip_prefix){.address = {.family = number(2) != 0 ? AF_INET : AF_INET6}};
	for (unsigned i = 0; i < 3; i++)
		out->address.bytes[i] = (uint8_t)(number(2) << 7 | number(2) << 4);
	out->length = (uint8_t)number(25);
	*out = ip_prefix_network(out);
}

static void
prefix_sets_match_as_the_obvious_list_does(void **state)
{
	unsigned yes = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct policy_set *set = policy_set_new(POLICY_PREFIXES, NULL);
		struct {
			struct ip_prefix prefix;
			unsigned ge, le;
		} list[12];
		size_t count = 1 + number(12);
		char text[IP_PREFIX_TEXT + 20], written[IP_PREFIX_TEXT];

		for (size_t i = 0; i < count; i++) {
			random_prefix(&list[i].prefix);
			list[i].ge = list[i].prefix.length + number(4);
			list[i].le = list[i].ge + number(4);
			snprintf(text, sizeof(text), "%s ge %u le %u",
				 ip_prefix_format(&list[i].prefix, written), list[i].ge, list[i].le);
			assert_true(policy_set_add(set, text, NULL));
		}
		policy_set_seal(set);
		for (unsigned k = 0; k < 100; k++) {
			struct ip_prefix prefix;
			bool expected = false;

			random_prefix(&prefix);
			for (size_t i = 0; i < count; i++)
				expected |= ip_prefix_covers(&list[i].prefix, &prefix) &&
					    prefix.length >= list[i].ge && prefix.length <= list[i].le;
			yes += expected;
			ip_prefix_format(&prefix, written);
			if (set_takes(set, written) != expected)
				fail_msg("round %u: %s", round, written);
		}
		policy_set_release(set);
	}
	assert_in_range(yes, 1000, 29000);
}

/* --- communities ------------------------------------------------------------------------------- */

static void
communities_have_names_and_come_back_as_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"64512:100", "64512:100"},       {"65535:65281", "no-export"},
	    {"no-advertise", "no-advertise"}, {"65535:666", "blackhole"},
	    {"65535:0", "graceful-shutdown"}, {"4200000000:1:4294967295", "4200000000:1:4294967295"},
	    {"64512:*", "64512:*"},           {"*:1:*", "*:1:*"},
	};
	static const char *const bad[] = {"",    "1",    "1:2:3:4",     "65536:1",        "1:65536",
					  "a:b", "1:-1", "no-exports?", "1:4294967296:1", "64512:1 "};
	char text[POLICY_COMMUNITY_TEXT];
	struct policy_community community;
	struct error err = {""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(policy_community_parse(cases[i].in, true, &community, NULL));
		assert_string_equal(policy_community_format(&community, text), cases[i].out);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (policy_community_parse(bad[i], true, &community, NULL))
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_false(policy_community_parse("64512:*", false, &community, NULL));
	assert_false(policy_community_parse("no-exprot", true, &community, &err));
	assert_non_null(strstr(err.text, "did you mean 'no-export'"));
}

TEST_MAIN(cmocka_unit_test(as_path_patterns_mean_the_whole_path),
	  cmocka_unit_test(bad_as_path_patterns_are_refused_with_a_reason),
	  cmocka_unit_test(matching_is_bounded_by_pattern_times_path),
	  cmocka_unit_test(as_paths_match_as_the_obvious_matcher_says),
	  cmocka_unit_test(prefixes_take_their_lengths_of_either_family),
	  cmocka_unit_test(bad_prefixes_are_refused_with_a_reason),
	  cmocka_unit_test(prefix_sets_match_as_the_obvious_list_does),
	  cmocka_unit_test(communities_have_names_and_come_back_as_text))
