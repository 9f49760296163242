// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line: finds the command among the words, takes out the options that every command has, lets the
 * command table's parser read the rest, and hands the result to who does it. Options may come before and
 * after arguments. All help is made from the table.
 */
#include "tui/cli_words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define HELP_COLUMN 44 /* where a command's help begins */

int
cli_fail(int exit_code, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("twinspan: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return exit_code;
}

bool
cli_flush(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

static void
print_options(const char *title, bool console)
{
	size_t count;
	const struct cli_option *options = cli_options(&count);

	printf("\n%s:\n", title);
	for (size_t i = 0; i < count; i++) {
		const struct cli_option *option = &options[i];
		char letter[8] = "    ", name[40];

		if (option->console != console)
			continue;
		if (option->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		snprintf(name, sizeof(name), "%s%s%s", option->name, option->value != NULL ? " " : "",
			 option->value != NULL ? option->value : "");
		printf("  %s%-20s%s\n", letter, name, option->help);
	}
}

/* --- help -------------------------------------------------------------------------------------------- */

static int
print_help(const struct cli *cli)
{
	size_t count;
	const struct command *rows = command_table(&count);

	printf("twinspan [-s SOCKET] [-c FILE] [OPTION…]  open the console\n"
	       "twinspan [-s SOCKET] COMMAND [ARGUMENT…]\n\n"
	       "With -c FILE the console first starts the gateway in the background if none runs (its state "
	       "and log\n"
	       "go to --state-dir).\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < count; i++) {
		char usage[200];

		if (rows[i].place == COMMAND_CONSOLE)
			continue;
		command_usage(&rows[i], usage, sizeof(usage));
		if (strlen(usage) < HELP_COLUMN - 3)
			printf("  %-*s%s\n", HELP_COLUMN - 2, usage, rows[i].help);
		else
			printf("  %s\n%*s%s\n", usage, HELP_COLUMN, "", rows[i].help);
	}
	print_options("Options of every command", false);
	printf("\nThe default socket is %s.\n", cli->parts->default_socket);
	print_options("Options of the console (also of lab)", true);
	printf(
	    "\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 no gateway reached, 4 not permitted.\n");
	return CONTROL_EXIT_DONE;
}

/* "--confirm-within SECONDS" */
static const char *
option_usage(const struct command_option *option, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", option->name, option->value != NULL ? " " : "",
		 option->value != NULL ? option->value : "");
	return out;
}

static int
print_command_help(const struct command *command)
{
	char usage[200], name[64];
	int widest = 22;

	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		int length = (int)strlen(option_usage(&command->options[i], name, sizeof(name)));

		widest = length > widest ? length : widest;
	}
	printf("usage: twinspan %s\n\n%s\n", command_usage(command, usage, sizeof(usage)), command->help);
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];
		char letter[8] = "    ";

		if (option->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		printf("%s  %s%-*s%s\n", i == 0 ? "\n" : "", letter, widest + 2,
		       option_usage(option, name, sizeof(name)), option->help);
	}
	if (command->arguments[0].kind == COMMAND_ARGUMENT_KIND) {
		printf("\nKinds:");
		for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
			printf(" %s", model_kind_info((enum model_kind)kind)->plural);
		printf("\n");
	}
	if (command->role != COMMAND_VIEWER)
		printf("\nNeeds the role %s.\n", command_role_name(command->role));
	return CONTROL_EXIT_DONE;
}

/* --- doing it ---------------------------------------------------------------------------------------- */

static const char *
text_of(const json_t *arguments, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(arguments, name));

	return text != NULL ? text : otherwise;
}

static int
not_built_in(const struct command *command)
{
	return cli_fail(CONTROL_EXIT_FAILED, "'%s' is not part of this build", command->name);
}

static int
run_gateway(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	if (cli->parts->gateway == NULL)
		return not_built_in(command);
	return cli->parts->gateway(cli->config != NULL ? cli->config : cli->parts->default_config,
				   cli->socket, cli->state_dir,
				   json_is_true(json_object_get(arguments, "verbose")));
}

static int
run_check(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	return cli->parts->check != NULL ? cli->parts->check(text_of(arguments, "file", ""))
					 : not_built_in(command);
}

static int
run_import(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	const struct cli_import import = {
	    .format = text_of(arguments, "format", ""),
	    .file = text_of(arguments, "file", ""),
	    .connection = text_of(arguments, "connection", NULL),
	    .name = text_of(arguments, "name", NULL),
	    .connection_only = json_is_true(json_object_get(arguments, "connection_only")),
	    .inline_secrets = json_is_true(json_object_get(arguments, "inline_secrets")),
	};

	return cli->parts->import != NULL ? cli->parts->import(&import) : not_built_in(command);
}

static int
run_export(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	const struct cli_export export = {
	    .format = text_of(arguments, "format", ""),
	    .names = text_of(arguments, "connection", NULL),
	    .config = cli->config != NULL ? cli->config : cli->parts->default_config,
	    .inline_secrets = json_is_true(json_object_get(arguments, "inline_secrets")),
	};

	return cli->parts->export != NULL ? cli->parts->export(&export) : not_built_in(command);
}

static int
open_console(void *context, const char *socket)
{
	const struct cli *cli = context;
	struct console_options options = *cli->console;

	options.socket = socket;
	options.transport = cli->places[0].transport;
	return cli->parts->console != NULL
		   ? cli->parts->console(&options)
		   : cli_fail(CONTROL_EXIT_FAILED, "the console is not part of this build");
}

static int
run_lab(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	if (cli->parts->lab == NULL)
		return not_built_in(command);
	return cli->parts->lab(json_is_true(json_object_get(arguments, "headless")),
			       json_is_true(json_object_get(arguments, "keep")), open_console, (void *)cli);
}

static int
run_bridge(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	return cli->parts->bridge != NULL ? cli->parts->bridge(cli->socket, text_of(arguments, "role", NULL))
					  : not_built_in(command);
}

static int
run_completion(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	(void)command;
	return cli_print_completion(cli, text_of(arguments, "shell", ""));
}

static int
run_manual(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	(void)command;
	(void)arguments;
	return cli_print_manual(cli);
}

static const struct {
	const char *name;
	int (*run)(const struct cli *cli, const struct command *command, const json_t *arguments);
} local_commands[] = {{"gateway", run_gateway},       {"check", run_check},   {"import", run_import},
		      {"export", run_export},         {"bridge", run_bridge}, {"lab", run_lab},
		      {"completion", run_completion}, {"manual", run_manual}};

static int
run_local(const struct cli *cli, const struct command *command, const json_t *arguments)
{
	for (size_t i = 0; i < COUNT_OF(local_commands); i++) {
		if (strcmp(local_commands[i].name, command->name) == 0)
			return local_commands[i].run(cli, command, arguments);
	}
	return not_built_in(command);
}

static int
run_command(const struct cli *cli, const struct words *words)
{
	const struct command *command = words->command;
	struct error err = {""};
	json_t *arguments;
	int code;

	if (command->place == COMMAND_CONSOLE)
		return cli_fail(CONTROL_EXIT_USAGE, "'%s' is a command of the console only", command->name);
	if (command->place == COMMAND_LOCAL && cli->on)
		return cli_fail(CONTROL_EXIT_USAGE, "'%s' is done here: --on is for what a gateway does",
				command->name);
	if (command->place != COMMAND_GATEWAY && cli->stop_on_failure)
		return cli_fail(CONTROL_EXIT_USAGE,
				"--stop-on-failure is for what a gateway does, not for '%s'", command->name);
	arguments = command_parse(command, words->count, words->rest, &err);
	if (arguments == NULL)
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	if (command->place == COMMAND_GATEWAY)
		return cli_command(cli, command, arguments);
	code =
	    command->place == COMMAND_CLIENT ? show_run(cli, arguments) : run_local(cli, command, arguments);
	json_decref(arguments);
	return code;
}

static int
unknown_command(const char *word)
{
	const char *near = command_nearest(word);
	char clean[64];

	text_clean(clean, sizeof(clean), word);
	if (near != NULL)
		return cli_fail(CONTROL_EXIT_USAGE, "no command is called '%s' (did you mean '%s'?)", clean,
				near);
	return cli_fail(CONTROL_EXIT_USAGE, "no command is called '%s'; `twinspan help` lists them", clean);
}

/* `twinspan help [COMMAND]`, `twinspan COMMAND --help`, `twinspan --help`. */
static int
run_help(const struct cli *cli, const struct words *words)
{
	const char *about = words->name;

	if (about != NULL && strcmp(about, "help") == 0)
		about = words->count != 0 ? words->rest[0] : NULL;
	if (about == NULL)
		return print_help(cli);
	if (command_find(about) == NULL)
		return unknown_command(about);
	return print_command_help(command_find(about));
}

static int
unknown_option(const char *word)
{
	char clean[64];

	return cli_fail(CONTROL_EXIT_USAGE,
			word[0] == '-' ? "no option is called '%s'; `twinspan help` lists them"
				       : "'%s' is one word too many",
			text_clean(clean, sizeof(clean), word));
}

/* "120x36" */
static bool
parse_size(const char *text, struct console_once *once)
{
	size_t length = strcspn(text, "x");
	uint64_t cols, rows;
	char first[8];

	if (text[length] != 'x' || length >= sizeof(first))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)length, text);
	if (!text_parse_number(first, 1000, &cols) || !text_parse_number(text + length + 1, 1000, &rows) ||
	    cols < 20 || rows < 3)
		return false;
	once->cols = (int)cols;
	once->rows = (int)rows;
	return true;
}

/* `--once [PANEL [NAME]] [--filter TEXT]`. A command of the gateway, such as explain, prints once anyway. */
static int
run_once(const struct cli *cli, const struct words *words)
{
	struct console_once once = {.panel = words->name};
	struct console_options options = *cli->console;

	if (words->command != NULL && words->command->place == COMMAND_GATEWAY)
		return run_command(cli, words);
	for (int i = 0; i < words->count; i++) {
		if (strncmp(words->rest[i], "--filter=", 9) == 0)
			once.filter = words->rest[i] + 9;
		else if (strcmp(words->rest[i], "--filter") == 0 && i + 1 < words->count)
			once.filter = words->rest[++i];
		else if (words->rest[i][0] != '-' && once.name == NULL && once.panel != NULL)
			once.name = words->rest[i];
		else
			return unknown_option(words->rest[i]);
	}
	if (words->size != NULL && !parse_size(words->size, &once))
		return cli_fail(CONTROL_EXIT_USAGE, "--size wants columns and rows such as 120x36");
	options.socket = cli->socket;
	options.transport = cli->places[0].transport;
	return cli->parts->once != NULL
		   ? cli->parts->once(&options, &once)
		   : cli_fail(CONTROL_EXIT_FAILED, "the console is not part of this build");
}

static int
run_plain(const struct cli *cli, const struct words *words)
{
	uint64_t seconds = 0;

	if (words->name != NULL || words->count != 0)
		return unknown_option(words->name != NULL ? words->name : words->rest[0]);
	if (words->interval != NULL && (!text_parse_number(words->interval, 86400, &seconds) || seconds == 0))
		return cli_fail(CONTROL_EXIT_USAGE, "--interval wants seconds, 1 to 86400");
	return plain_run(cli, seconds);
}

/* What opens on the gateway as a whole: the console, one look, the plain mode. */
static int
run_console(const struct cli *cli, const struct words *words)
{
	int code;

	if (cli_place_many(cli))
		return cli_fail(CONTROL_EXIT_USAGE,
				"the console opens on one site, and --on names %zu; without --on its list of "
				"sites has all of them",
				cli->place_count);
	if (!words->once && words->count != 0)
		return unknown_option(words->rest[0]);
	if (words->size != NULL && !words->once)
		return cli_fail(CONTROL_EXIT_USAGE, "--size goes with --once");
	if (words->interval != NULL && !words->plain)
		return cli_fail(CONTROL_EXIT_USAGE, "--interval goes with --plain");
	if (cli->config != NULL && (code = cli_start_gateway(cli)) != CONTROL_EXIT_DONE)
		return code;
	if (words->once)
		return run_once(cli, words);
	return words->plain ? run_plain(cli, words) : open_console((void *)cli, cli->socket);
}

/* On the gateway that was named, here or elsewhere. */
static int
run_there(const struct cli *cli, const struct words *words)
{
	if (words->name == NULL || words->once || words->plain)
		return run_console(cli, words);
	if (words->command == NULL)
		return unknown_command(words->name);
	if (words->console_option != NULL && strcmp(words->name, "lab") != 0)
		return cli_fail(CONTROL_EXIT_USAGE, "%s is an option of the console, not of '%s'",
				words->console_option, words->name);
	return run_command(cli, words);
}

/* --sites says how many somebody means: another number is a slip, and nothing is done. */
static int
check_number(struct cli *cli, const char *text)
{
	if (!text_parse_number(text, 100000, &cli->confirmed) || cli->confirmed == 0)
		return cli_fail(CONTROL_EXIT_USAGE, "--sites wants the number of sites");
	if (cli->confirmed != cli->place_count)
		return cli_fail(CONTROL_EXIT_USAGE, "--sites says %s, and --on names %zu: nothing was done",
				text, cli->place_count);
	return CONTROL_EXIT_DONE;
}

static int
open_places(struct cli *cli, const struct words *words)
{
	int code;

	if (words->on == NULL && (words->sites != NULL || words->stop_on_failure))
		return cli_fail(CONTROL_EXIT_USAGE, "%s goes with --on",
				words->sites != NULL ? "--sites" : "--stop-on-failure");
	cli->stop_on_failure = words->stop_on_failure;
	code = cli_places_open(cli, words->on);
	return code == CONTROL_EXIT_DONE && words->sites != NULL ? check_number(cli, words->sites) : code;
}

static int
run(const struct cli_parts *parts, const struct words *words)
{
	struct cli cli = {.parts = parts,
			  .console = &words->console,
			  .config = words->config,
			  .socket = words->socket,
			  .state_dir =
			      words->state_dir != NULL ? words->state_dir : parts->default_state_dir};

	int code;

	if (cli.socket == NULL)
		cli.socket = getenv("TWINSPAN_SOCKET");
	if (cli.socket == NULL || *cli.socket == '\0')
		cli.socket = parts->default_socket;
	if (words->version) {
		printf("twinspan %s\n", TWINSPAN_VERSION);
		return CONTROL_EXIT_DONE;
	}
	if (words->help || (words->name != NULL && strcmp(words->name, "help") == 0))
		return run_help(&cli, words);
	code = open_places(&cli, words);
	if (code == CONTROL_EXIT_DONE)
		code = run_there(&cli, words);
	cli_places_close(&cli);
	return code;
}

int
cli_run(const struct cli_parts *parts, int argc, char *const *argv)
{
	struct words words = {.rest = memory_zeroed((size_t)argc + 1, sizeof(char *))};
	int code = CONTROL_EXIT_USAGE;

	if (words_take(&words, argc, argv))
		code = run(parts, &words);
	free(words.rest);
	/* What a full disk swallowed was not done; a reader that left (`| head`) had enough. */
	if (fflush(stdout) != 0 && errno != EPIPE && code == CONTROL_EXIT_DONE)
		code = cli_fail(CONTROL_EXIT_FAILED, "cannot write: %s", strerror(errno));
	return code;
}
