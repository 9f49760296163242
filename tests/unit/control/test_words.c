// SPDX-License-Identifier: GPL-2.0-or-later
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/control/commands.h"
#include "tests/unit/test.h"

static void
words_become_arguments(void **state)
{
	static const struct {
		const char *command;
		const char *words[6];
		const char *arguments;
	} cases[] = {
	    {"up", {"a/1"}, "{\"tunnel\":\"a/1\"}"},
	    {"switchover", {"a"}, "{\"connection\":\"a\"}"},
	    {"switchover",
	     {"a", "a/2", "--dry-run"},
	     "{\"connection\":\"a\",\"dry_run\":true,\"tunnel\":\"a/2\"}"},
	    {"switchover", {"--dry-run", "a"}, "{\"connection\":\"a\",\"dry_run\":true}"},
	    {"shutdown", {"p", "--message", "back at noon"}, "{\"message\":\"back at noon\",\"peer\":\"p\"}"},
	    {"shutdown", {"--message=--x", "p"}, "{\"message\":\"--x\",\"peer\":\"p\"}"},
	    {"shutdown", {"--", "--p"}, "{\"peer\":\"--p\"}"},
	    {"gateway", {"-c", "file", "-v"}, "{\"config\":\"file\",\"verbose\":true}"},
	    {"quit", {NULL}, "{}"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int count = 0;
		struct error err = {""};
		json_t *arguments;
		char *text;

		while (cases[i].words[count] != NULL)
			count++;
		arguments = command_parse(command_find(cases[i].command), count, cases[i].words, &err);
		if (arguments == NULL)
			fail_msg("%s: %s", cases[i].command, err.text);
		text = json_dumps(arguments, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text, cases[i].arguments);
		free(text);
		json_decref(arguments);
	}
}

static void
wrong_words_are_told_with_what_to_do(void **state)
{
	static const struct {
		const char *command;
		const char *words[6];
		const char *says;
	} cases[] = {
	    {"up", {NULL}, "usage: up TUNNEL"},
	    {"up", {"a", "b"}, "'b' is too much"},
	    {"switchover", {"a", "--dryrun"}, "did you mean '--dry-run'"},
	    {"switchover", {"a", "--zzzzzzzzzz"}, "no option '--zzzzzzzzzz'"},
	    {"shutdown", {"p", "--message"}, "--message needs TEXT"},
	    {"switchover", {"a", "--dry-run=yes"}, "--dry-run takes no value"},
	    {"up", {"a\xff"}, "not UTF-8"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int count = 0;
		struct error err = {""};

		while (cases[i].words[count] != NULL)
			count++;
		assert_null(command_parse(command_find(cases[i].command), count, cases[i].words, &err));
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
	}
}

static void
usage_names_arguments_and_options(void **state)
{
	char text[200], small[8];

	assert_string_equal(command_usage(command_find("switchover"), text, sizeof(text)),
			    "switchover CONNECTION [TUNNEL] [--dry-run] [--confirm-within SECONDS] [--back]");
	assert_string_equal(command_usage(command_find("shutdown"), text, sizeof(text)),
			    "shutdown PEER [--message TEXT]");
	assert_string_equal(command_usage(command_find("switchover"), small, sizeof(small)), "switcho");
}

static void
misspelt_commands_have_a_nearest(void **state)
{
	assert_string_equal(command_nearest("swichover"), "switchover");
	assert_string_equal(command_nearest("shwo"), "show");
	assert_null(command_nearest("xylophone"));
}

static void
roles_have_names(void **state)
{
	enum command_role role;

	for (int i = COMMAND_VIEWER; i <= COMMAND_ADMIN; i++) {
		assert_true(command_role_parse(command_role_name((enum command_role)i), &role));
		assert_int_equal(role, i);
	}
	assert_false(command_role_parse("king", &role));
}

/* The table itself: what everything that is made from it relies on. */
/* "file" is the name of the argument; what is sent is what stands in it. */
static void
the_content_of_a_file_is_an_argument(void **state)
{
	const struct command *command = command_find("configure");
	char path[] = "twinspan-test-XXXXXX", *large = memory_zeroed(COMMAND_CONTENT_MOST + 2, 1);
	const char *words[] = {path, "--dry-run"}, *missing[] = {"no/such/file"};
	FILE *file = fdopen(mkstemp(path), "w");
	struct error err = {""};
	json_t *arguments;

	assert_non_null(file);
	fputs("gateway:\n\tname: a\n", file);
	fflush(file);
	arguments = command_parse(command, 2, words, &err);
	assert_non_null(arguments);
	assert_string_equal(json_string_value(json_object_get(arguments, "file")), "gateway:\n\tname: a\n");
	assert_true(json_is_true(json_object_get(arguments, "dry_run")));
	json_decref(arguments);
	memset(large, 'x', COMMAND_CONTENT_MOST + 1);
	fputs(large, file);
	fflush(file);
	assert_null(command_parse(command, 1, words, &err));
	assert_non_null(strstr(err.text, "larger than 1000000 bytes"));
	assert_null(command_parse(command, 1, missing, &err));
	assert_non_null(strstr(err.text, "no/such/file can't be read"));
	fclose(file);
	unlink(path);
	free(large);
}

static void
the_table_is_sound(void **state)
{
	size_t count;
	const struct command *rows = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		bool optional = false;

		assert_ptr_equal(command_find(rows[i].name), &rows[i]);
		assert_non_null(rows[i].help);
		for (size_t a = 0; a < COMMAND_ARGUMENTS && rows[i].arguments[a].name != NULL; a++) {
			assert_true(!optional || rows[i].arguments[a].optional);
			optional = rows[i].arguments[a].optional;
		}
		for (size_t o = 0; o < COMMAND_OPTIONS && rows[i].options[o].name != NULL; o++)
			assert_memory_equal(rows[i].options[o].name, "--", 2);
		assert_true(!rows[i].dangerous || rows[i].role >= COMMAND_OPERATOR);
	}
}

TEST_MAIN(cmocka_unit_test(words_become_arguments), cmocka_unit_test(wrong_words_are_told_with_what_to_do),
	  cmocka_unit_test(usage_names_arguments_and_options),
	  cmocka_unit_test(misspelt_commands_have_a_nearest), cmocka_unit_test(roles_have_names),
	  cmocka_unit_test(the_content_of_a_file_is_an_argument), cmocka_unit_test(the_table_is_sound))
