// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line as a script sees it: words in, stdout, stderr and exit code out. Each run is a process of
 * its own; the gateway that it talks to is the store and server of this one.
 */
#ifndef TWINSPAN_TESTS_UNIT_CONTROL_CLI_RUN_H
#define TWINSPAN_TESTS_UNIT_CONTROL_CLI_RUN_H

#include <sys/types.h>

#include "tests/unit/control/harness.h"
#include "tui/cli.h"

/* Where it runs. */
enum run_where {
	RUN_HERE,
	RUN_PIPED,      /* its stdin is a pipe */
	RUN_ALONE,      /* in a session of its own, without a terminal */
	RUN_ON_TERMINAL /* on a terminal of its own, which shows only what is asked there */
};

struct run {
	pid_t pid;
	int out, err;
	int in; /* our end of its stdin where that is a pipe, of its terminal where it has one; else -1 */
	bool ended;
	int exit_code;
	char output[1000000], errors[4000];
	char asked[2000]; /* on its terminal, with what was typed */
};

/* What stands in for the rest of the program: each part prints what it was asked. */
extern struct cli_parts parts;
/* How many routes some_gateway() has: it sets 1200. */
extern size_t route_total;

/** A gateway with two tunnels, an event and some routes, and answers to two commands. */
struct harness *some_gateway(void);

/** Starts the command line; "S" among the words stands for the harness's socket. */
struct run *start(struct harness *h, const char *const *words);
struct run *start_with(struct harness *h, enum run_where where, const char *const *words);
/** Types it: on its terminal, or into its stdin. */
void type_line(struct run *run, const char *line);
/** Reads what it has written, looks whether it has ended. */
void look(struct run *run);
/** Ends it where it still runs; frees. */
void finish(struct run *run);
/** Starts it and waits for its end. */
struct run *run_to_end(struct harness *h, const char *const *words);
#define RUN(h, ...) run_to_end(h, (const char *const[]){__VA_ARGS__, NULL})

/** A file without a name. */
int temporary_file(void);
/** Ends a forked process without what the test program does at its end. */
void end_with(int exit_code);
size_t line_count(const char *text);
/** One line on stderr that says `says`, and that exit code. Finishes the run. */
void assert_refused(struct run *run, int exit_code, const char *says);
/** That on stdout, nothing on stderr, exit code 0. Finishes the run. */
void assert_prints(struct run *run, const char *output);

#endif
