// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes the command and the options that every command has out of the words; the rest is the command's. */
#include "tui/cli_words.h"

#include <stddef.h>
#include <string.h>

static const struct cli_option global_options[] = {
#define TEXT(field) offsetof(struct words, field), 0
#define FLAG(field) 0, offsetof(struct words, field)
    {"--socket", 's', false, "SOCKET", "the gateway's control socket (also TWINSPAN_SOCKET)", TEXT(socket)},
    {"--on", 0, false, "SITE", "do it on a site of console.yaml, over SSH; SITE,SITE…, @GROUP or all",
     TEXT(on)},
    {"--sites", 0, false, "N", "with --on: it is meant for N sites; instead of being asked", TEXT(sites)},
    {"--stop-on-failure", 0, false, NULL, "with --on: one site after the other, until the first failure",
     FLAG(stop_on_failure)},
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

bool
words_take(struct words *words, int argc, char *const *argv)
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
