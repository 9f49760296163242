// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the command line share. */
#ifndef TWINSPAN_TUI_CLI_INTERNAL_H
#define TWINSPAN_TUI_CLI_INTERNAL_H

#include <jansson.h>
#include <stdio.h>

#include "core/control/client.h"
#include "core/control/commands.h"
#include "core/control/protocol.h"
#include "tui/cli.h"
#include "tui/settings.h"
#include "tui/ssh/ssh.h"

/* A gateway that the words go to: the one here, or a site of --on. */
struct cli_place {
	char name[64]; /* of the site; "" here */
	bool production;
	struct ssh_site *way;                      /* owned; NULL: no SSH */
	const struct control_transport *transport; /* NULL: the socket */
	/* For people: stdout, or where there are several, a stream that puts the name before each line. */
	FILE *out;
};

struct cli {
	const struct cli_parts *parts;
	const struct console_options *console; /* what the words say of the console */
	const char *socket;                    /* the one that counts: -s, TWINSPAN_SOCKET or the default */
	const char *config;                    /* -c, or NULL */
	const char *state_dir;
	struct cli_place *places; /* never none */
	size_t place_count;
	int name_width; /* of the longest place's name, and of the column's title */
	bool on;        /* the places are sites */
	bool stop_on_failure;
	uint64_t confirmed; /* --sites: how many sites somebody means; 0: not said */
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

/* cli_on.c: the places that the words go to: the one here (`names` NULL), or the sites of --on. 0, or the
 * exit code. */
int cli_places_open(struct cli *cli, const char *names);
void cli_places_close(struct cli *cli);
/* Is there a site at all? Else says how to add one. */
bool cli_has_sites(const struct settings *settings);

/* cli_place.c: where a client of the command line connects to. */
void cli_client_options(const struct cli *cli, const struct cli_place *place,
			struct control_client_options *out);
/* Is it one of several? */
bool cli_place_many(const struct cli *cli);
/* Gives each of several places its stream. */
void cli_places_name_lines(struct cli *cli);
/* Like cli_fail() and cli_flush(), for what comes from one place. Whoever printed flushes before another
 * place's turn. */
int cli_place_fail(const struct cli *cli, const struct cli_place *place, int exit_code, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));
bool cli_place_flush(const struct cli_place *place);
/* The place's name as a column, with what parts it from the next; "" where there is only one. */
const char *cli_place_label(const struct cli *cli, const char *name, char *out, size_t size);
#define CLI_LABEL 160
/* A foreign object with the site's name before its members; another value as {"site", "result"}. Borrows
 * `value`; returns new. */
json_t *cli_place_json(const struct cli *cli, const struct cli_place *place, const json_t *value);

/*
 * cli_patience.c: where somebody looks at stderr and a place is slow, says once which are waited for, and for
 * how long at most (`most_s`). `waits` tells of a place by its index. Its timer keeps no loop alive; stop it
 * before the loop is closed, and let that run once more.
 */
struct cli_patience {
	const struct cli *cli;
	bool (*waits)(const void *context, size_t place);
	const void *context;
	unsigned most_s;
	uv_timer_t timer;
};
void cli_patience_start(struct cli_patience *patience, uv_loop_t *loop);
/* From now on, not since it was started: a person was asked meanwhile. */
void cli_patience_again(struct cli_patience *patience);
void cli_patience_stop(struct cli_patience *patience);

/* cli_ask.c: what SSH asks, on the terminal. */
extern const struct ssh_asker cli_asker;
/* Forgets the passphrases that were typed. */
void cli_ask_forget(void);
/* Is there a terminal to ask on? */
bool cli_can_ask(void);
/* Whether what is typed is `wanted`. */
bool cli_ask_for(const char *wanted, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* cli_command.c: a command of the gateway, at every place. `arguments` is taken. */
int cli_command(const struct cli *cli, const struct command *command, json_t *arguments);
/* The answer to a command: on stdout, or its refusal on stderr. */
void cli_print_reply(const struct control_reply *reply, bool json);
/* plain.c: tells changes as lines until EOF or "q"; rates every so many seconds (0: never). Returns the exit
 * code. */
int plain_run(const struct cli *cli, uint64_t interval_seconds);
/* cli_shell.c: what a shell needs to complete the words; the manual page. Return the exit code. */
int cli_print_completion(const struct cli *cli, const char *shell);
int cli_print_manual(const struct cli *cli);
/* cli_start.c: starts a gateway in the background unless one answers, and waits until it does. 0, or the exit
 * code. */
int cli_start_gateway(const struct cli *cli);
/* show.c: `show`. `arguments` is borrowed. */
int show_run(const struct cli *cli, const json_t *arguments);
/* show_sites.c: the sites themselves. */
struct show;
int show_sites(struct show *show);

#endif
