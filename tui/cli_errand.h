// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command of the gateway on its way to one or several of them, on one loop. cli_command.c does it and
 * prints what it came to; cli_confirm.c is what comes before something dangerous; cli_errand.c sends and
 * notes.
 */
#ifndef TWINSPAN_TUI_CLI_ERRAND_H
#define TWINSPAN_TUI_CLI_ERRAND_H

#include "tui/cli_internal.h"

struct errand;

enum task_state { TASK_WAITS, TASK_ASKED, TASK_DONE };

/* Its part at one place. */
struct task {
	struct errand *errand;
	const struct cli_place *place;
	struct control_client *client; /* NULL: not opened yet, or it can't be */
	enum task_state state;
	control_reply_fn done;
	int exit_code;
	char *text;     /* of the answer, owned; "" before */
	json_t *result; /* the same; NULL where there is none */
	bool answered, printed;
	bool left_out; /* its dry run failed */
};

struct errand {
	const struct cli *cli;
	const struct command *command;
	json_t *arguments;
	bool json, many;
	bool action;         /* it changes something: what it came to is a table */
	bool tells_progress; /* on stderr, as sites are done */
	struct task *tasks;
	size_t count;
	size_t asked; /* tasks that wait for their answer */
	bool stopped; /* after the first failure, with --stop-on-failure */
	uv_loop_t loop;
	struct cli_patience patience;
};

/* `arguments` is taken. */
struct errand *errand_new(const struct cli *cli, const struct command *command, json_t *arguments);
/* Closes its connections too. */
void errand_free(struct errand *errand);
/* Connects all that aren't. */
void errand_open(struct errand *errand);
/* Sends it to one place; `arguments` is taken. `done` is called once, and calls task_note(). */
void task_ask(struct task *task, json_t *arguments, control_reply_fn done);
/* Keeps what the answer says. */
void task_note(struct task *task, const struct control_reply *reply);
/* Calls `print` for each answer in the order of the sites, as soon as those before it have come: people find
 * theirs where it was the last time. */
void errand_print_in_order(struct errand *errand, void (*print)(const struct task *task));
/* Prints the lines of an answer behind the site's name. */
void errand_print_lines(const struct task *task, FILE *out);

/* cli_confirm.c: whether it may be done at all without being asked for; before anything is connected. 0, or
 * the exit code. */
int errand_check(struct errand *errand);
/* Shows what would happen and asks, where the command or a site wants that. 0, or the exit code. */
int errand_confirm(struct errand *errand);

#endif
