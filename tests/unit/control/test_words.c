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

/* A version of the table, which stands in the text of an error. */
static void
check_since(const char *name, const char *since)
{
	const struct command probe = {.name = name, .since = since};
	unsigned major, minor, patch;
	struct error err = {""};
	char end;

	if (since != NULL && sscanf(since, "%u.%u.%u%c", &major, &minor, &patch, &end) != 3)
		fail_msg("%s came with '%s', which is no version", name, since);
	if (!command_in_version(&probe, NULL, TWINSPAN_VERSION, &err))
		fail_msg("%s is not in this version: %s", name, err.text);
}

static void
the_table_has_nothing_from_the_future(void **state)
{
	size_t count;
	const struct command *rows = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		check_since(rows[i].name, rows[i].since);
		for (size_t k = 0; k < COMMAND_OPTIONS && rows[i].options[k].name != NULL; k++)
			check_since(rows[i].options[k].name, rows[i].options[k].since);
	}
}

static void
what_came_later_is_refused_with_the_version_that_has_it(void **state)
{
	static const struct command command = {
	    .name = "drain",
	    .options = {{"--dry-run", NULL, "", 0, NULL}, {"--until", "TIME", "", 0, "0.10.1"}},
	    .since = "0.4.0"};
	static const struct {
		const char *version, *arguments, *says; /* NULL: it has it */
	} cases[] = {
	    {"0.3", "{}", "the gateway runs 0.3, and 'drain' came with 0.4.0"},
	    {"0.3.99", "{\"dry_run\":true}", "the gateway runs 0.3.99, and 'drain' came with 0.4.0"},
	    {"0.4", "{}", NULL},
	    {"0.4.0-rc1", "{\"dry_run\":true}", NULL},
	    {"0.9.0", "{\"until\":\"noon\"}", "the gateway runs 0.9.0, and 'drain --until' came with 0.10.1"},
	    {"0.10.0", "{\"until\":\"noon\"}",
	     "the gateway runs 0.10.0, and 'drain --until' came with 0.10.1"},
	    {"0.10.1", "{\"until\":\"noon\"}", NULL},
	    {"1", "{\"until\":\"noon\"}", NULL},
	    {"of my own", "{}", NULL}, /* it answers for itself */
	    {NULL, "{}", NULL},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		json_t *arguments = json_loads(cases[i].arguments, 0, NULL);
		struct error err = {""};
		bool has = command_in_version(&command, arguments, cases[i].version, &err);

		assert_string_equal(err.text, cases[i].says != NULL ? cases[i].says : "");
		assert_int_equal(has, cases[i].says == NULL);
		json_decref(arguments);
	}
}

TEST_MAIN(cmocka_unit_test(the_table_has_nothing_from_the_future),
	  cmocka_unit_test(what_came_later_is_refused_with_the_version_that_has_it),
	  cmocka_unit_test(words_become_arguments), cmocka_unit_test(wrong_words_are_told_with_what_to_do),
	  cmocka_unit_test(usage_names_arguments_and_options),
	  cmocka_unit_test(misspelt_commands_have_a_nearest), cmocka_unit_test(roles_have_names),
	  cmocka_unit_test(the_content_of_a_file_is_an_argument), cmocka_unit_test(the_table_is_sound))
