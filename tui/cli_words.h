// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a command line, taken apart. */
#ifndef TWINSPAN_TUI_CLI_WORDS_H
#define TWINSPAN_TUI_CLI_WORDS_H

#include "tui/cli_internal.h"

struct words {
	const struct command *command;
	const char *name; /* the command's word as it was given */
	const char **rest;
	int count;
	const char *socket, *on, *config, *state_dir;
	const char *size, *interval, *sites;
	bool help, version, once, plain, stop_on_failure;
	struct console_options console;
	const char *console_option; /* the last option that only the console has; NULL: none was given */
};

/* Splits the words; `rest` has room for all of them. False after a usage error, which is printed. */
bool words_take(struct words *words, int argc, char *const *argv);

#endif
