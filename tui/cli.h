// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line. main.c gives it the program's large parts as functions, so that this folder knows the
 * gateway and the lab only by what it may ask of them, and so that tests can stand in for them.
 */
#ifndef TWINSPAN_TUI_CLI_H
#define TWINSPAN_TUI_CLI_H

#include <stdbool.h>

#include "core/control/transport.h"
#include "tui/console.h"

/** What `import` is asked for; a text that was not given is NULL. */
struct cli_import {
	const char *format, *file, *connection, *name;
	bool connection_only, inline_secrets;
};

/** What `export` is asked for; names (with blanks between) that were not given are NULL. */
struct cli_export {
	const char *format, *names, *config;
	bool inline_secrets;
};

/** The program's parts; a part that is NULL is not in this build. Each returns an exit code. */
struct cli_parts {
	int (*gateway)(const char *config, const char *socket, const char *state_dir, int verbose);
	int (*check)(const char *file);
	int (*import)(const struct cli_import *import);
	int (*export)(const struct cli_export *export);
	int (*lab)(bool headless, bool keep, int (*console)(void *context, const char *socket),
		   void *context);
	int (*bridge)(const char *socket, const char *role);
	int (*console)(const struct console_options *options);
	int (*once)(const struct console_options *options, const struct console_once *once);
	/** Another way to a site than SSH (tests); NULL: SSH. Borrowed as long as the program runs. */
	const struct control_transport *(*transport)(const char *site);
	const char *default_config, *default_socket, *default_state_dir;
};

/** Does what the words say. Returns the exit code: 0 done, 1 failed, 2 usage, 3 no gateway, 4 not permitted.
 */
int cli_run(const struct cli_parts *parts, int argc, char *const *argv);

#endif
