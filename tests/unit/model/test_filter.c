// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/model.h"
#include "core/model/pattern.h"
#include "tests/unit/test.h"

static struct model_route *
some_route(void)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);

	model_set(&route->prefix, "10.1.0.0/16");
	model_set(&route->source, "bgp");
	model_set(&route->tunnel, "aws-paris/1");
	model_set(&route->next_hop, "169.254.44.241");
	model_set(&route->reason, "lower MED (100 against 200)");
	text_list_add(&route->as_path, "64512");
	text_list_add(&route->as_path, "65010");
	text_list_add(&route->communities, "65010:7");
	route->best = true;
	route->med = 100;
	return route;
}

static void
words_match_as_the_console_says(void **state)
{
	static const struct {
		const char *filter;
		bool matches;
	} cases[] = {
	    {"", true},
	    {"paris", true},
	    {"PARIS", true},
	    {"lyon", false},
	    {"paris lyon", false},
	    {"paris bgp", true},
	    {"!lyon", true},
	    {"!paris", false},
	    {"source:bg", true},
	    {"source=bg", false},
	    {"source=BGP", true},
	    {"connection:paris", false},
	    {"connection=", true},
	    {"source=", false},
	    {"!source:static", true},
	    {"med=100", true},
	    {"med=10", false},
	    {"med:10", true},
	    {"best:yes", true},
	    {"best:true", true},
	    {"best=no", false},
	    {"yes", false},
	    {"as_path:64512", true},
	    {"as_path=65010", true},
	    {"as_path:\"64512 65010\"", true},
	    {"communities=65010:7", true},
	    {"65010:7", true},
	    {"\"lower MED\"", true},
	    {"reason:\"lower MED\"", true},
	    {"reason:\"higher MED\"", false},
	    {"\"reason:lower\"", false},
	    {"in:10.0.0.0/8", true},
	    {"in:10.1.2.0/24", false},
	    {"in:169.254.0.0/16", true},
	    {"has:10.1.2.3", true},
	    {"has:10.1.2.0/24", true},
	    {"has:10.2.0.0", false},
	    {"has:169.254.44.241", false},
	    {"!in:10.0.0.0/8", false},
	    {"in:fd00::/8", false},
	    {"fd00::1", false},
	    {"dead:beef::/32", false},
	    {"med:>99", true},
	    {"med:>100", false},
	    {"med:>=100", true},
	    {"med:<=100", true},
	    {"med<101", true},
	    {"med:<100", false},
	    {"!med:<100", true},
	    {"med>0.1k", false},
	    {"med>=0.1k", true},
	    {"local_pref:>0", false},
	    {"local_pref:<1000", false},
	    {"~^aws-.*/[12]$", true},
	    {"~^paris", false},
	    {"~PARIS", true},
	    {"tunnel~^aws", true},
	    {"tunnel:~^AWS", true},
	    {"reason~^aws", false},
	    {"!~paris", false},
	    {"~\"lower med\"", true},
	    {"as_path~^645.2$", true},
	};
	struct model_route *route = some_route();

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct error err = {""};
		struct model_filter *filter = model_filter_parse(cases[i].filter, &err);

		if (filter == NULL)
			fail_msg("'%s': %s", cases[i].filter, err.text);
		if (model_filter_match(filter, model_kind_info(MODEL_KIND_ROUTE)->shape, route) !=
		    cases[i].matches)
			fail_msg("'%s' should %smatch", cases[i].filter, cases[i].matches ? "" : "not ");
		model_filter_free(filter);
	}
	model_row_free(MODEL_KIND_ROUTE, route);
}

static void
nested_fields_are_reached_by_a_dot(void **state)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;
	struct model_filter *code = model_filter_parse("last_error.code:no_answer", NULL);
	struct model_filter *free_text = model_filter_parse("no_answer", NULL);
	struct model_filter *none = model_filter_parse("last_error=", NULL);

	assert_false(model_filter_match(code, shape, tunnel));
	assert_true(model_filter_match(none, shape, tunnel));
	tunnel->last_error.set = true;
	model_set(&tunnel->last_error.code, "no_answer");
	assert_true(model_filter_match(code, shape, tunnel));
	assert_true(model_filter_match(free_text, shape, tunnel));
	assert_false(model_filter_match(none, shape, tunnel));
	model_set(&tunnel->last_error.code, "other");
	model_set(&tunnel->last_error.text, "no_answer");
	assert_false(model_filter_match(code, shape, tunnel));
	model_filter_free(code);
	model_filter_free(free_text);
	model_filter_free(none);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

/* Every part of each text, and in the other case: nothing is passed over because of what its letters are. */
static void
figures_and_times_are_found_as_text(void **state)
{
	static const char *const texts[] = {"18446744073709551614", "3e+15", "0.25",
					    "2026-01-31T23:59:58.765Z", NULL};
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;

	tunnel->rx_bytes = UINT64_MAX - 1;
	tunnel->rtt_ms = 3e15;
	tunnel->loss_percent = 0.25;
	assert_true(clock_parse(texts[3], &tunnel->established_at));
	for (const char *const *text = texts; *text != NULL; text++) {
		for (const char *from = *text; *from != '\0'; from++) {
			char part[64];
			struct model_filter *filter;

			snprintf(part, sizeof(part), "\"%s\"", from);
			for (char *c = part; *c != '\0'; c++)
				*c = (char)(*c >= 'A' && *c <= 'Z'   ? *c + 'a' - 'A'
					    : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A'
								     : *c);
			filter = model_filter_parse(part, NULL);
			if (!model_filter_match(filter, shape, tunnel))
				fail_msg("%s should be found in %s", part, *text);
			model_filter_free(filter);
		}
	}
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static void
figures_and_times_are_compared_in_their_units(void **state)
{
	static const struct {
		const char *filter;
		bool matches;
	} cases[] = {
	    {"rtt_ms:>20", true},          {"rtt_ms:>25", false},        {"rtt_ms>20ms", true},
	    {"rtt_ms<1s", true},           {"rtt_ms>1s", false},         {"rx_bps:>1000000", true},
	    {"rx_bps>1M", true},           {"rx_bps>2M", false},         {"tx_bps>0", false},
	    {"tx_bps<1", false},           {"established_at:<2h", true}, {"established_at:>2h", false},
	    {"established_at:>30m", true}, {"rekey_at:<1d", false},      {"drops.replay:>2", true},
	    {"drops.replay:>3", false},
	};
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	tunnel->rtt_ms = 20.5;
	tunnel->rx_bps = 1500000;
	tunnel->established_at = clock_wall() - 3600 * USEC_PER_SEC;
	tunnel->drops.set = true;
	tunnel->drops.replay = 3;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct error err = {""};
		struct model_filter *filter = model_filter_parse(cases[i].filter, &err);

		if (filter == NULL)
			fail_msg("'%s': %s", cases[i].filter, err.text);
		if (model_filter_match(filter, model_kind_info(MODEL_KIND_TUNNEL)->shape, tunnel) !=
		    cases[i].matches)
			fail_msg("'%s' should %smatch", cases[i].filter, cases[i].matches ? "" : "not ");
		model_filter_free(filter);
	}
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

static bool
found(const char *pattern, const char *text)
{
	struct error err = {""};
	struct pattern compiled;

	if (!pattern_compile(&compiled, pattern, &err))
		fail_msg("'%s': %s", pattern, err.text);
	return pattern_match(&compiled, text);
}

static void
expressions_mean_what_they_mean_elsewhere(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool found;
	} cases[] = {
	    {"", "", true},
	    {"a", "xay", true},
	    {"^a", "xa", false},
	    {"a$", "xa", true},
	    {"^$", "", true},
	    {"^$", "x", false},
	    {"ab*c", "ac", true},
	    {"ab*c", "abbbc", true},
	    {"ab+c", "ac", false},
	    {"ab+c", "abbc", true},
	    {"ab?c", "abc", true},
	    {"^ab?c$", "abbc", false},
	    {"(ab)+$", "xabab", true},
	    {"^(a|bc)d", "bcd", true},
	    {"a|b|c", "xc", true},
	    {"^(a|b)*$", "abba", true},
	    {"^(a*)*$", "aaab", false},
	    {"[a-c]x", "bx", true},
	    {"[^a-c]x", "bx", false},
	    {"[]]", "]", true},
	    {"[a-]", "-", true},
	    {"a.c", "abc", true},
	    {"a\\.c", "abc", false},
	    {"a\\.c", "a.c", true},
	    {"(a|)b", "b", true},
	    {"x*", "", true},
	    {"^(x+x+)+y$", "xxxxxxxxxxxxxxxxxxxxxxxxxxxx", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (found(cases[i].pattern, cases[i].text) != cases[i].found)
			fail_msg("'%s' should %sbe found in '%s'", cases[i].pattern,
				 cases[i].found ? "" : "not ", cases[i].text);
	}
}

/* What takes the C library's matcher minutes: each is done by the time that a person would notice. */
static void
a_hostile_expression_costs_no_time(void **state)
{
	char text[20001];
	usec_t begun = clock_monotonic();

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(found("^(a*)*(a*)*(a*)*(a|a)*(a|aa)+(a?a?a?a?a?a?)*$b", text));
	assert_false(found("((((a*)+)+)+)+b", text));
	assert_true(clock_monotonic() - begun < 5 * USEC_PER_SEC);
}

static void
mistakes_are_errors_with_a_hint(void **state)
{
	struct error err = {""};
	char *long_text = memory_zeroed(1, 5000), *many = memory_zeroed(1, 100);

	assert_null(model_filter_parse("stat:up", &err));
	assert_non_null(strstr(err.text, "'state'"));
	assert_null(model_filter_parse("in:10.0.0.0/99", &err));
	assert_non_null(strstr(err.text, "10.0.0.0/99"));
	assert_null(model_filter_parse("last_error.cod:x", &err));
	static const struct {
		const char *filter, *says;
	} bad[] = {
	    {"has:", "belongs behind 'has:'"},
	    {"rtt_ms:>", "a number belongs behind the '>'"},
	    {"rtt_ms:>20x", "'20x'"},
	    {"rtt_ms:>.5", "is no number"},
	    {"state:>3", "'state' can't be"},
	    {"established_at:>3", "20s, 2h"},
	    {"rx_bps:>3s", "'rx_bps' is no time"},
	    {"~", "belongs behind the '~'"},
	    {"~(a", "a ')' is missing"},
	    {"~[a", "a ']' is missing"},
	    {"~a)", "without its '('"},
	    {"~*a", "before the '*'"},
	    {"~a\\", "ends with a"},
	    {"~\\d", "not known here"},
	    {"~[z-a]", "goes backwards"},
	    {"nam~x", "'name'"},
	    {"statee>3", "'state'"},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_null(model_filter_parse(bad[i].filter, &err));
		if (strstr(err.text, bad[i].says) == NULL)
			fail_msg("'%s': %s", bad[i].filter, err.text);
	}
	memset(long_text, 'x', 4999);
	assert_null(model_filter_parse(long_text, &err));
	for (int i = 0; i < 40; i++)
		memcpy(many + i * 2, "x ", 2);
	assert_null(model_filter_parse(many, &err));
	free(long_text);
	free(many);
}

static void
no_filter_matches_everything(void **state)
{
	struct model_filter *filter = model_filter_parse(NULL, NULL);
	struct model_route *route = some_route();

	assert_true(model_filter_match(filter, model_kind_info(MODEL_KIND_ROUTE)->shape, route));
	assert_true(model_filter_match(NULL, model_kind_info(MODEL_KIND_ROUTE)->shape, route));
	model_filter_free(filter);
	model_filter_free(NULL);
	model_row_free(MODEL_KIND_ROUTE, route);
}

static void
a_letter_more_narrows_and_another_word_does_not(void **state)
{
	static const struct {
		const char *before, *after;
		bool narrows;
	} cases[] = {
	    {"s", "si", true},
	    {"", "s", true},
	    {"site", "site", true},
	    {"site up", "site up-", true},
	    {"site", "site up", true},
	    {"name:s", "name:si", true},
	    {"last_error.code:n", "last_error.code:no", true},
	    {"si", "s", false},
	    {"site up", "site", false},
	    {"site", "bite", false},
	    {"!s", "!si", false},
	    {"name", "name:", false},
	    {"name:s", "state:s", false},
	    {"state=u", "state=up", false},
	    {"rtt_ms>1", "rtt_ms>10", false},
	    {"~s", "~si", false},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct model_filter *before = model_filter_parse(cases[i].before, NULL);
		struct model_filter *after = model_filter_parse(cases[i].after, NULL);

		assert_non_null(before);
		assert_non_null(after);
		assert_true(model_filter_narrows(before, after) == cases[i].narrows);
		assert_false(model_filter_narrows(NULL, after));
		assert_false(model_filter_narrows(before, NULL));
		model_filter_free(before);
		model_filter_free(after);
	}
}

TEST_MAIN(cmocka_unit_test(a_letter_more_narrows_and_another_word_does_not),
	  cmocka_unit_test(words_match_as_the_console_says),
	  cmocka_unit_test(nested_fields_are_reached_by_a_dot),
	  cmocka_unit_test(figures_and_times_are_found_as_text),
	  cmocka_unit_test(figures_and_times_are_compared_in_their_units),
	  cmocka_unit_test(expressions_mean_what_they_mean_elsewhere),
	  cmocka_unit_test(a_hostile_expression_costs_no_time),
	  cmocka_unit_test(mistakes_are_errors_with_a_hint), cmocka_unit_test(no_filter_matches_everything))
