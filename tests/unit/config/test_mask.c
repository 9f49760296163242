// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration's text without its secrets, and with them again. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "core/config/config.h"

#define HEAD "gateway: {name: lyon, asn: 65010, outside: 192.0.2.10}\nconnections:\n"
#define BLOCK(secret) \
	HEAD "- name: aws\n  peer_asn: 64512\n  tunnels:\n  - remote: 203.0.113.17\n    inside: " \
	     "169.254.44.242/30\n    psk: " secret "\n"
#define FLOW(name, secret) \
	"- {name: " name ", peer_asn: 64512, tunnels: [{remote: 203.0.113.17, psk: " secret \
	", inside: 169.254.44.242/30}]} # a comment\n"

static void
expect_mask(const char *text, const char *wanted)
{
	struct config_findings findings = {0};
	size_t length = 0;
	char *masked = config_mask(text, strlen(text), &length, &findings);

	assert_non_null(masked);
	assert_string_equal(masked, wanted);
	assert_int_equal(length, strlen(wanted));
	free(masked);
	config_findings_free(&findings);
}

/* The given text as it is with the present one's secrets; NULL: refused. */
static char *
unmask(const char *given, const char *present)
{
	struct config_findings findings = {0};
	size_t length = 0;
	char *full = config_unmask(given, strlen(given), present, strlen(present), &length, &findings);

	assert_int_equal(full == NULL, findings.errors != 0);
	if (full != NULL)
		assert_int_equal(length, strlen(full));
	config_findings_free(&findings);
	return full;
}

static void
expect_unmask(const char *given, const char *present, const char *wanted)
{
	char *full = unmask(given, present);

	assert_non_null(full);
	assert_string_equal(full, wanted);
	free(full);
}

static void
secrets_are_masked_in_every_style(void **state)
{
	expect_mask(BLOCK("plain_secret"), BLOCK("\"********\""));
	expect_mask(BLOCK("'single''quoted'"), BLOCK("\"********\""));
	expect_mask(BLOCK("\"double \\\" quoted\""), BLOCK("\"********\""));
	expect_mask(BLOCK("plain of\n      two lines"), BLOCK("\"********\""));
	expect_mask(BLOCK("|-\n      a block"), BLOCK("\"********\""));
	expect_mask(BLOCK("!!str tagged"), BLOCK("!!str \"********\""));
	expect_mask(BLOCK("plain # and a comment"), BLOCK("\"********\" # and a comment"));
	expect_mask(HEAD FLOW("aws", "in_flow"), HEAD FLOW("aws", "\"********\""));
}

static void
what_stands_before_a_secret_is_counted_in_characters(void **state)
{
	expect_mask(
	    "\xef\xbb\xbf# \xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91\r\n" BLOCK("secret_one"),
	    "\xef\xbb\xbf# \xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91\r\n" BLOCK("\"********\""));
}

static void
an_aliased_secret_is_masked_where_it_stands(void **state)
{
	expect_mask(HEAD "- {name: aws, tunnels: [{local_id: &s the_secret, psk: *s}]}\n",
		    HEAD "- {name: aws, tunnels: [{local_id: &s \"********\", psk: *s}]}\n");
}

static void
comments_lose_their_secrets_too(void **state)
{
	expect_mask(
	    "# - {psk: old_secret, remote: x}\n" BLOCK("s_one_two") "    # psk:   another\n#psk: third",
	    "# - {psk: ********\n" BLOCK("\"********\"") "    # psk:   ********\n#psk: ********");
}

static void
a_text_that_is_no_yaml_is_not_shown(void **state)
{
	static const char latin[] = "gateway:\n  name: caf\xe9\n";
	struct config_findings findings = {0};
	size_t length;

	assert_null(config_mask("gateway: [", 10, &length, &findings));
	assert_int_equal(findings.errors, 1);
	config_findings_free(&findings);
	assert_null(config_mask(latin, strlen(latin), &length, &findings));
	assert_int_equal(findings.items[0].line, 2);
	assert_int_equal(findings.items[0].column, 12);
	config_findings_free(&findings);
}

static void
masked_secrets_are_put_back_by_connection_and_tunnel(void **state)
{
	static const char present[] = HEAD FLOW("aws", "first_secret") FLOW("plant", "second_secret");

	/* in another order, beside a new one, in another style */
	expect_unmask(HEAD FLOW("plant", "\"********\"") FLOW("new", "written_out") FLOW("aws", "'********'"),
		      present,
		      HEAD FLOW("plant", "\"second_secret\"") FLOW("new", "written_out")
			  FLOW("aws", "\"first_secret\""));
	expect_unmask(BLOCK("\"********\""), present, BLOCK("\"first_secret\""));
}

static void
a_secret_with_quotes_comes_back_as_it_was(void **state)
{
	static const char present[] = HEAD FLOW("aws", "'a \"b\" \\ c, {d}'");
	char *full = unmask(HEAD FLOW("aws", "\"********\""), present);
	struct config_findings findings = {0};
	struct config *before, *after;

	assert_non_null(full);
	before = config_parse("f", present, strlen(present), &findings);
	after = config_parse("f", full, strlen(full), &findings);
	assert_non_null(before);
	assert_non_null(after);
	assert_int_equal(after->connections[0].tunnels[0].psk_length, strlen("a \"b\" \\ c, {d}"));
	assert_memory_equal(after->connections[0].tunnels[0].psk, before->connections[0].tunnels[0].psk,
			    strlen("a \"b\" \\ c, {d}"));
	config_free(before);
	config_free(after);
	config_findings_free(&findings);
	free(full);
}

static void
a_masked_secret_that_nobody_knows_is_an_error_with_its_place(void **state)
{
	static const char given[] = BLOCK("\"********\"");
	static const char present[] = HEAD FLOW("plant", "second_secret");
	struct config_findings findings = {0};
	size_t length;

	assert_null(config_unmask(given, strlen(given), present, strlen(present), &length, &findings));
	assert_int_equal(findings.errors, 1);
	assert_int_equal(findings.items[0].line, 8);
	assert_int_equal(findings.items[0].column, 10);
	assert_non_null(strstr(findings.items[0].text, "'aws'"));
	config_findings_free(&findings);
}

static void
masked_comments_come_back_by_their_line(void **state)
{
	static const char present[] = "# psk: one\n  # old psk: two\n" BLOCK("s_one_two");

	expect_unmask(
	    "# new\n  # old psk: ********\n" BLOCK("\"********\"") "# psk: ********\n# other psk: ********\n",
	    present,
	    "# new\n  # old psk: two\n" BLOCK("\"s_one_two\"") "# psk: one\n# other psk: ********\n");
}

static void
a_text_comes_back_from_its_masked_one(void **state)
{
	static const char present[] = "# psk: one\r\n" HEAD FLOW("aws", "\"first_secret\"") "\n" FLOW(
	    "plant", "\"x y\"") "# end, no newline";
	struct config_findings findings = {0};
	size_t length;
	char *masked = config_mask(present, strlen(present), &length, &findings);

	assert_null(strstr(masked, "first_secret"));
	expect_unmask(masked, present, present);
	config_findings_free(&findings);
	free(masked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(secrets_are_masked_in_every_style),
	    cmocka_unit_test(what_stands_before_a_secret_is_counted_in_characters),
	    cmocka_unit_test(an_aliased_secret_is_masked_where_it_stands),
	    cmocka_unit_test(comments_lose_their_secrets_too),
	    cmocka_unit_test(a_text_that_is_no_yaml_is_not_shown),
	    cmocka_unit_test(masked_secrets_are_put_back_by_connection_and_tunnel),
	    cmocka_unit_test(a_secret_with_quotes_comes_back_as_it_was),
	    cmocka_unit_test(a_masked_secret_that_nobody_knows_is_an_error_with_its_place),
	    cmocka_unit_test(masked_comments_come_back_by_their_line),
	    cmocka_unit_test(a_text_comes_back_from_its_masked_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
