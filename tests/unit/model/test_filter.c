// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/model.h"
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

TEST_MAIN(cmocka_unit_test(words_match_as_the_console_says),
	  cmocka_unit_test(nested_fields_are_reached_by_a_dot),
	  cmocka_unit_test(mistakes_are_errors_with_a_hint), cmocka_unit_test(no_filter_matches_everything))
