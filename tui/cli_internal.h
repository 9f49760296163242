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
	struct ssh_site *site; /* --on: where to instead of the socket; NULL: here */
};

/* An option that stands before or among a command's words. What help says of it comes from here. */
struct cli_option {
	const char *name;
	char letter;       /* short form, 0 for none */
	bool console;      /* of the console only */
	const char *value; /* what it takes; NULL for a flag */
	const char *help;
	size_t text, flag; /* where it is kept, as an offset: a text for one with a value, else a flag */
};
/* All of them. */
const struct cli_option *cli_options(size_t *count);

/* Prints "twinspan: text" on stderr and returns the exit code. */
int cli_fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Flushes stdout. False where nobody reads it any more: then there is nothing left to do, quietly. */
bool cli_flush(void);

/* cli_on.c: takes the sites of --on into `cli`. 0, or the exit code. */
int cli_on_open(struct cli *cli, const char *names);
void cli_on_close(struct cli *cli);
/* Where a client of the command line connects to: the socket, or the site. */
void cli_client_options(const struct cli *cli, struct control_client_options *out);

/* cli_command.c: a command of the gateway. `arguments` is taken. */
int cli_command(const struct cli *cli, const struct command *command, json_t *arguments);
/* The answer to a command: on stdout, or its refusal on stderr. */
void cli_print_reply(const struct control_reply *reply, bool json);
/* plain.c: tells changes as lines until EOF or "q"; rates every so many seconds (0: never). Returns the exit
 * code. */
int plain_run(const struct cli *cli, uint64_t interval_seconds);
/* cli_shell.c: what a shell needs to complete the words; the manual page. Return the exit code. */
int cli_print_completion(const char *shell);
int cli_print_manual(const struct cli *cli);
/* cli_start.c: starts a gateway in the background unless one answers, and waits until it does. 0, or the exit
 * code. */
int cli_start_gateway(const struct cli *cli);
/* show.c: `show`. `arguments` is borrowed. */
int show_run(const struct cli *cli, const json_t *arguments);

#endif
