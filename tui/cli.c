// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line: finds the command among the words, takes out the options that every command has, lets the
 * command table's parser read the rest, and hands the result to who does it. Options may come before and
 * after arguments. All help is made from the table.
 */
#include "tui/cli_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tui/ssh/ssh.h"

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

/* --- options ----------------------------------------------------------------------------------------- */

struct words {
	const struct command *command;
	const char *name; /* the command's word as it was given */
	const char **rest;
	int count;
	const char *socket, *on, *config, *state_dir;
	const char *size, *interval;
	bool help, version, once, plain;
	struct console_options console;
	const char *console_option; /* the last option that only the console has; NULL: none was given */
};

static const struct cli_option global_options[] = {
#define TEXT(field) offsetof(struct words, field), 0
#define FLAG(field) 0, offsetof(struct words, field)
    {"--socket", 's', false, "SOCKET", "the gateway's control socket (also TWINSPAN_SOCKET)", TEXT(socket)},
    {"--on", 0, false, "SITE", "do it on a site of console.yaml, over SSH; SITE,SITE… or all of them",
     TEXT(on)},
    {"--config", 'c', false, "FILE", "the gateway's configuration", TEXT(config)},
    {"--state-dir", 'S', false, "DIR", "where the gateway keeps its state", TEXT(state_dir)},
    {"--help", 'h', false, NULL, "this, or help on a command", FLAG(help)},
    {"--version", 'V', false, NULL, "the program's version", FLAG(version)},
    {"--theme", 0, true, "NAME", "colours by name, or a theme's file with its path", TEXT(console.theme)},
    {"--colours", 0, true, "HOW", "auto, 24bit, 256, 16 or none; also where NO_COLOR is set",
     TEXT(console.colours)},
    {"--ascii", 0, true, NULL, "no character beyond ASCII", FLAG(console.ascii)},
    {"--mouse", 0, true, NULL, "begin with the mouse on ('m' turns it on and off)", FLAG(console.mouse)},
    {"--settings", 0, true, "FILE", "another console.yaml", TEXT(console.settings)},
    {"--once", 0, true, NULL, "print a panel (PANEL [NAME] [--filter TEXT]) and leave", FLAG(once)},
    {"--size", 0, true, "COLSxROWS", "with --once: as large as that, such as 120x36", TEXT(size)},
    {"--plain", 0, true, NULL, "tell what changes as lines, for screen readers and logs", FLAG(plain)},
    {"--interval", 0, true, "SECONDS", "with --plain: tell the rates as often", TEXT(interval)},
#undef TEXT
#undef FLAG
};

const struct cli_option *
cli_options(size_t *count)
{
	*count = COUNT_OF(global_options);
	return global_options;
}

static void
print_options(const char *title, bool console)
{
	printf("\n%s:\n", title);
	for (size_t i = 0; i < COUNT_OF(global_options); i++) {
		const struct cli_option *option = &global_options[i];
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

static int
print_command_help(const struct command *command)
{
	char usage[200];

	printf("usage: twinspan %s\n\n%s\n", command_usage(command, usage, sizeof(usage)), command->help);
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];
		char name[64], letter[8] = "    ";

		if (option->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		snprintf(name, sizeof(name), "%s%s%s", option->name, option->value != NULL ? " " : "",
			 option->value != NULL ? option->value : "");
		printf("%s  %s%-24s%s\n", i == 0 ? "\n" : "", letter, name, option->help);
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

/* --- words ------------------------------------------------------------------------------------------- */

static void
set_global(struct words *words, const struct cli_option *option, const char *value)
{
	if (option->value != NULL)
		*(const char **)((char *)words + option->text) = value;
	else
		*(bool *)((char *)words + option->flag) = true;
	if (option->console)
		words->console_option = option->name;
}

/* Is argv[*i] one of the options that every command has? Then takes it, with its value; false in `*good` for
 * none. */
static bool
take_global(struct words *words, int argc, char *const *argv, int *i, bool *good)
{
	const char *word = argv[*i];

	for (size_t g = 0; g < COUNT_OF(global_options); g++) {
		size_t length = strlen(global_options[g].name);
		bool is_long = strncmp(word, global_options[g].name, length) == 0 &&
			       (word[length] == '\0' || word[length] == '=');
		bool is_short = global_options[g].letter != 0 && word[0] == '-' &&
				word[1] == global_options[g].letter &&
				(word[2] == '\0' || global_options[g].value != NULL);
		const char *value = NULL;

		if (!is_long && !is_short)
			continue;
		if (is_long && word[length] == '=')
			value = word + length + 1;
		else if (is_short && word[2] != '\0')
			value = word + 2;
		else if (global_options[g].value != NULL && *i + 1 < argc)
			value = argv[++*i];
		if ((global_options[g].value != NULL) != (value != NULL)) {
			*good = false;
			cli_fail(CONTROL_EXIT_USAGE,
				 global_options[g].value != NULL ? "%s needs a value" : "%s takes no value",
				 global_options[g].name);
		}
		set_global(words, &global_options[g], value);
		return true;
	}
	return false;
}

/* Does this option of the command take the next word as its value? Then that word is not looked at. */
static bool
takes_next(const struct command *command, const char *word)
{
	if (command == NULL)
		return false;
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];
		bool named =
		    strcmp(word, option->name) == 0 ||
		    (option->letter != 0 && word[0] == '-' && word[1] == option->letter && word[2] == '\0');

		if (named)
			return option->value != NULL;
	}
	return false;
}

/* Splits the words. False after a usage error, which is printed. */
static bool
split(struct words *words, int argc, char *const *argv)
{
	bool good = true;
	int i = 1;

	for (; i < argc && good; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (argv[i][0] == '-' && argv[i][1] != '\0' && take_global(words, argc, argv, &i, &good))
			continue;
		if (words->name == NULL && argv[i][0] != '-') {
			words->name = argv[i];
			words->command = command_find(argv[i]);
			continue;
		}
		words->rest[words->count++] = argv[i];
		if (takes_next(words->command, argv[i]) && i + 1 < argc)
			words->rest[words->count++] = argv[++i];
	}
	for (; i < argc && good; i++)
		words->rest[words->count++] = argv[i];
	return good;
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
open_console(void *context, const char *socket)
{
	const struct cli *cli = context;
	struct console_options options = *cli->console;

	options.socket = socket;
	if (cli->site != NULL)
		options.transport = ssh_site_transport(cli->site);
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
	(void)cli;
	(void)command;
	return cli_print_completion(text_of(arguments, "shell", ""));
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
} local_commands[] = {{"gateway", run_gateway}, {"check", run_check}, {"import", run_import},
		      {"bridge", run_bridge},   {"lab", run_lab},     {"completion", run_completion},
		      {"manual", run_manual}};

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
	if (words->on == NULL)
		return run_there(&cli, words);
	code = cli_on_open(&cli, words->on);
	if (code == CONTROL_EXIT_DONE)
		code = run_there(&cli, words);
	cli_on_close(&cli);
	return code;
}
int
cli_run(const struct cli_parts *parts, int argc, char *const *argv)
{
	struct words words = {.rest = memory_zeroed((size_t)argc + 1, sizeof(char *))};
	int code = CONTROL_EXIT_USAGE;

	if (split(&words, argc, argv))
		code = run(parts, &words);
	free(words.rest);
	/* What a full disk swallowed was not done; a reader that left (`| head`) had enough. */
	if (fflush(stdout) != 0 && errno != EPIPE && code == CONTROL_EXIT_DONE)
		code = cli_fail(CONTROL_EXIT_FAILED, "cannot write: %s", strerror(errno));
	return code;
}
