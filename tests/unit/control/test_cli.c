// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: its words, exit codes and local commands; what shells and man read of it. */
#include "tests/unit/control/cli_run.h"

static void
wrong_words_end_with_2_and_one_line(void **state)
{
	struct harness *h = harness_new();

	assert_refused(RUN(h, "swichover", "a"), 2, "did you mean 'switchover'");
	assert_refused(RUN(h, "xylophone"), 2, "no command is called 'xylophone'");
	assert_refused(RUN(h, "a\x1b[2Jb"), 2, "'a?[2Jb'");
	assert_refused(RUN(h, "switchover"), 2, "usage: switchover CONNECTION");
	assert_refused(RUN(h, "up", "a/1", "b/1"), 2, "usage: up TUNNEL");
	assert_refused(RUN(h, "up", "a/1", "--fast"), 2, "no option '--fast'");
	assert_refused(RUN(h, "quit"), 2, "console only");
	assert_refused(RUN(h, "--colour"), 2, "no option is called '--colour'");
	assert_refused(RUN(h, "show"), 2, "usage: show KIND");
	assert_refused(RUN(h, "show", "tunels"), 2, "did you mean 'tunnels'");
	assert_refused(RUN(h, "show", "tunnels", "--filter", "stat:up"), 2, "did you mean 'state'");
	assert_refused(RUN(h, "-s"), 2, "--socket needs a value");
	assert_refused(RUN(h, "help", "upp"), 2, "did you mean");
	harness_free(h);
}

static void
without_a_gateway_the_code_is_3(void **state)
{
	struct harness *h = harness_new();

	assert_refused(RUN(h, "-s", "S", "show", "tunnels"), 3, "no gateway answers on");
	assert_refused(RUN(h, "-s", "S", "show", "routes", "--json"), 3, "no gateway answers on");
	assert_refused(RUN(h, "-s", "S", "up", "a/1"), 3, "no gateway answers on");
	setenv("TWINSPAN_SOCKET", h->socket, 1);
	assert_refused(RUN(h, "up", "a/1"), 3, h->socket);
	unsetenv("TWINSPAN_SOCKET");
	assert_refused(RUN(h, "up", "a/1"), 3, "/default.sock");
	harness_free(h);
}

static void
commands_print_their_answer_or_fail_with_1(void **state)
{
	struct harness *h = some_gateway();

	assert_prints(RUN(h, "-s", "S", "up", "a/1"), "done\nfirst\nsecond\n");
	assert_prints(RUN(h, "switchover", "--dry-run", "-s", "S", "a"), "done dry\nfirst\nsecond\n");
	assert_prints(RUN(h, "switchover", "a", "--socket=S", "--dry-run", "--socket", "S"),
		      "done dry\nfirst\nsecond\n");
	assert_refused(RUN(h, "-s", "S", "up", "none"), 1, "no tunnel is called 'none'");
	assert_refused(RUN(h, "-s", "S", "down", "a/1"), 1, "can't do 'down'");
	harness_free(h);
}

static void
who_may_not_act_gets_4(void **state)
{
	struct harness *h;

	if (geteuid() != 0) {
		skip();
		return;
	}
	h = some_gateway();
	assert_int_equal(seteuid(65534), 0);
	struct run *run = start(h, (const char *const[]){"-s", "S", "up", "a/1", NULL});
	assert_int_equal(seteuid(0), 0);
	WAIT_FOR(h, (look(run), run->ended));
	assert_refused(run, 4, "not permitted");
	harness_free(h);
}

static void
local_commands_reach_their_parts(void **state)
{
	struct harness *h = harness_new();
	struct run *run;

	assert_prints(RUN(h, "gateway"), "gateway /default.yaml /default.sock /default/state 0\n");
	assert_prints(RUN(h, "gateway", "-c", "f", "--state-dir", "d", "-s", "s", "-v"), "gateway f s d 1\n");
	assert_prints(RUN(h, "lab", "--headless"), "lab 1 0\n");
	assert_prints(RUN(h, "lab", "--keep"), "lab 0 1\nconsole /lab/socket\n");
	assert_prints(RUN(h, "-s", "x"), "console x\n");
	assert_prints(
	    RUN(h, "--theme", "light", "--colours=256", "-s", "x", "--settings", "f", "--ascii", "--mouse"),
	    "console x light 256 f ascii mouse\n");
	assert_prints(RUN(h, "lab", "--mouse"), "lab 0 0\nconsole /lab/socket mouse\n");
	assert_refused(RUN(h, "show", "tunnels", "--mouse"), 2, "--mouse is an option of the console");
	assert_refused(RUN(h, "--theme"), 2, "--theme needs a value");
	assert_refused(RUN(h, "--ascii=yes"), 2, "--ascii takes no value");
	assert_prints(RUN(h, "import", "aws", "f"), "import aws f - - 0 0\n");
	assert_prints(RUN(h, "import", "aws", "f", "--connection", "vpn-1", "--name=n", "--connection-only",
			  "--inline-secrets"),
		      "import aws f vpn-1 n 1 1\n");
	assert_prints(RUN(h, "export", "bird", "-c", "f"), "export bird - f 0\n");
	assert_prints(RUN(h, "export", "swanctl", "a", "--inline-secrets", "b/1", "c", "--config=f"),
		      "export swanctl a b/1 c f 1\n");
	assert_refused(RUN(h, "export"), 2, "export FORMAT [CONNECTION]...");
	run = RUN(h, "check", "file");
	assert_int_equal(run->exit_code, 1);
	assert_string_equal(run->output, "check file\n");
	finish(run);
	harness_free(h);
}

static void
help_and_version_are_printed(void **state)
{
	struct harness *h = harness_new();
	struct run *run = RUN(h, "--help");

	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "switchover CONNECTION [TUNNEL]"));
	assert_null(strstr(run->output, "next-panel"));
	assert_non_null(strstr(run->output, "--colours HOW"));
	finish(run);
	run = RUN(h, "switchover", "--help");
	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "usage: twinspan switchover CONNECTION"));
	assert_non_null(strstr(run->output, "--dry-run"));
	finish(run);
	run = RUN(h, "help", "show");
	assert_non_null(strstr(run->output, "Kinds: gateway connections tunnels"));
	finish(run);
	assert_prints(RUN(h, "--version"), "twinspan " TWINSPAN_VERSION "\n");
	harness_free(h);
}

/* --- what shells and man read ------------------------------------------------------------------- */

/* Runs a program on the text; false where it is not installed. Its output must be empty. */
static void
assert_accepts(const char *command, const char *text)
{
	FILE *program = popen(command, "w");

	assert_non_null(program);
	fputs(text, program);
	assert_int_equal(pclose(program), 0);
}

/* Takes the backslashes off dashes, as troff does. */
static void
undo_dashes(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] != '\\' || text[1] != '-')
			*to++ = *text;
	}
	*to = '\0';
}

static void
the_manual_has_every_command_and_option(void **state)
{
	struct harness *h = harness_new();
	struct run *run = RUN(h, "manual");
	size_t count;
	const struct command *table = command_table(&count);

	assert_int_equal(run->exit_code, 0);
	undo_dashes(run->output);
	for (size_t i = 0; i < count; i++) {
		char usage[256];

		command_usage(&table[i], usage, sizeof(usage));
		if (strstr(run->output, usage) == NULL || strstr(run->output, table[i].help) == NULL)
			fail_msg("'%s' is not in the manual", usage);
		for (int o = 0; o < COMMAND_OPTIONS && table[i].options[o].name != NULL; o++) {
			if (strstr(run->output, table[i].options[o].help) == NULL)
				fail_msg("'%s' is not in the manual", table[i].options[o].name);
		}
	}
	assert_non_null(strstr(run->output, "\\fB--once\\fR"));
	assert_non_null(strstr(run->output, ".SH EXIT STATUS"));
	finish(run);
	harness_free(h);
}

/* What an option means stands beside it, a blank or two away, in one column for each command. */
static void
options_of_every_command_stand_in_a_column(void **state)
{
	struct harness *h = harness_new();
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		struct run *run = RUN(h, "help", table[i].name);
		long column = -1;

		assert_int_equal(run->exit_code, 0);
		for (int o = 0; o < COMMAND_OPTIONS && table[i].options[o].name != NULL; o++) {
			const char *help = strstr(run->output, table[i].options[o].help), *line = help;

			assert_non_null(help);
			while (line[-1] != '\n')
				line--;
			if (memcmp(help - 2, "  ", 2) != 0 || (column >= 0 && help - line != column))
				fail_msg("help %s: %s", table[i].name, table[i].options[o].name);
			column = help - line;
		}
		finish(run);
	}
	harness_free(h);
}

static void
groff_finds_nothing_wrong_with_the_manual(void **state)
{
	struct harness *h;
	struct run *run;

	if (access("/usr/bin/groff", X_OK) != 0) {
		print_message("groff is not installed\n");
		skip();
	}
	h = harness_new();
	run = RUN(h, "manual");
	assert_accepts("test -z \"$(groff -man -ww -Tutf8 -z 2>&1)\"", run->output);
	finish(run);
	harness_free(h);
}

static void
completion_offers_commands_options_kinds_and_names(void **state)
{
	static const char tests[] =
	    "\ntwinspan() { printf 'Tunnel State\\nb/1 up\\na/1 down\\n'; }\n"
	    "t() { local want=\"$1\"; shift; COMP_WORDS=(twinspan \"$@\"); COMP_CWORD=$#; COMPREPLY=(); "
	    "_twinspan;\n"
	    "\t[[ \"${COMPREPLY[*]}\" == \"$want\" ]] || { echo \"$*: ${COMPREPLY[*]}\" >&2; exit 1; }; }\n"
	    "t switchover sw\n"
	    "t 'routes received' show r\n"
	    "t 'b/1 a/1' up ''\n"
	    "t 'b/1 a/1' -s x show tunnels ''\n"
	    "t --dry-run switchover --d\n"
	    "t --once --onc\n"
	    "t '' --theme ''\n"
	    "t '' up a/1 ''\n"
	    "t 'bash zsh' completion ''\n";
	struct harness *h = harness_new();
	struct run *run = RUN(h, "completion", "bash");
	char *script = text_format("%s%s", run->output, tests);
	size_t count;
	const struct command *table = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		char *line = text_format("\t%s:-*) words=", table[i].name);

		if ((strstr(run->output, line) != NULL) != (table[i].place != COMMAND_CONSOLE))
			fail_msg("'%s' is not where it should be in the completion", table[i].name);
		free(line);
	}
	assert_accepts("bash --norc --noprofile -s", script);
	free(script);
	finish(run);
	assert_refused(RUN(h, "completion", "csh"), 2, "completion is for bash and zsh, not for 'csh'");
	harness_free(h);
}

TEST_MAIN(cmocka_unit_test(wrong_words_end_with_2_and_one_line),
	  cmocka_unit_test(without_a_gateway_the_code_is_3),
	  cmocka_unit_test(commands_print_their_answer_or_fail_with_1),
	  cmocka_unit_test(who_may_not_act_gets_4), cmocka_unit_test(local_commands_reach_their_parts),
	  cmocka_unit_test(help_and_version_are_printed),
	  cmocka_unit_test(options_of_every_command_stand_in_a_column),
	  cmocka_unit_test(the_manual_has_every_command_and_option),
	  cmocka_unit_test(groff_finds_nothing_wrong_with_the_manual),
	  cmocka_unit_test(completion_offers_commands_options_kinds_and_names))
