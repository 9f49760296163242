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

struct run {
	pid_t pid;
	int out, err, in; /* in: our end of its stdin where that is a pipe, else -1 */
	bool ended;
	int exit_code;
	char output[1000000], errors[4000];
};

/* What stands in for the rest of the program: each part prints what it was asked. */
extern const struct cli_parts parts;
/* How many routes some_gateway() has: it sets 1200. */
extern size_t route_total;

/** A gateway with two tunnels, an event and some routes, and answers to two commands. */
struct harness *some_gateway(void);

/** Starts the command line; "S" among the words stands for the harness's socket. */
struct run *start(struct harness *h, const char *const *words);
/** With a pipe as its stdin where `piped`. */
struct run *start_with(struct harness *h, bool piped, const char *const *words);
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
