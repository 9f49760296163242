// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the command line share. */
#ifndef TWINSPAN_TUI_CLI_INTERNAL_H
#define TWINSPAN_TUI_CLI_INTERNAL_H

#include <jansson.h>

#include "core/control/client.h"
#include "core/control/commands.h"
#include "core/control/protocol.h"
#include "tui/cli.h"

struct cli {
	const struct cli_parts *parts;
	const struct console_options *console; /* what the words say of the console */
	const char *socket;                    /* the one that counts: -s, TWINSPAN_SOCKET or the default */
	const char *config;                    /* -c, or NULL */
	const char *state_dir;
};

/* Prints "twinspan: text" on stderr and returns the exit code. */
int cli_fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Flushes stdout. False where nobody reads it any more: then there is nothing left to do, quietly. */
bool cli_flush(void);

/* cli_command.c: a command of the gateway. `arguments` is taken. */
int cli_command(const struct cli *cli, const struct command *command, json_t *arguments);
/* cli_start.c: starts a gateway in the background unless one answers, and waits until it does. 0, or the exit
 * code. */
int cli_start_gateway(const struct cli *cli);
/* show.c: `show`. `arguments` is borrowed. */
int show_run(const struct cli *cli, const json_t *arguments);

#endif
