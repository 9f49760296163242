// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ends of our own that negotiate over a veth pair, each a process (end.h) in a network namespace of its
 * own. The namespaces have no name: they go with the processes that hold them. End 0 is 10.77.0.1, end 1
 * is 10.77.0.2 and 10.77.0.3.
 */
#ifndef TWINSPAN_TESTS_UNIT_IKE_PAIR_H
#define TWINSPAN_TESTS_UNIT_IKE_PAIR_H

#include "tests/unit/test.h"

#include <sys/types.h>

struct end {
	pid_t pid;
	int in, out;
	char *lines;
	size_t length, read; /* of `lines`; how far waits have come */
};

extern struct end ends[2];
extern int namespaces[2];
extern const char *unable; /* why the tests can't run here */

/** To begin main() with: the exit code of the process where it is an end, -1 where it is the test. */
int pair_main(int argc, char **argv);
/** A group's setup. */
int make_network(void **state);
/** A test's setup and teardown. */
int start_both(void **state);
int stop_both(void **state);

bool run_in(int namespace, const char *format, ...);
void pump(struct end *end, int timeout_ms);
/** The next line from here on that holds both words, or NULL after a time. What is passed over is not seen
 * again. */
const char *next_line(struct end *end, const char *word, const char *other, int timeout_ms);
/** Such a line must come. A busy machine is given PATIENCE_MS at the least: a test that is about time asks
 * its clock. */
#define PATIENCE_MS 10000
void expect_line(struct end *end, const char *word, const char *other, int timeout_ms, const char *file,
		 int at);
#define expect(end, word, other, ms) expect_line(end, word, other, ms, __FILE__, __LINE__)
/** Was it said at any time? */
bool said(struct end *end, const char *words);
void say(struct end *end, const char *format, ...);
bool try_start(int which, bool real);
void start(int which);
/** A clean stop, which leaves nothing in the data plane. */
void stop(int which);
void slay(int which);
/** Tunnel 5 of end 1, which responds, and tunnel 7 of end 0, both with `more` settings, until they are up. */
void bring_up(const char *more);

#define NEEDS_NETWORK() \
	do { \
		if (unable) { \
			print_message("%s\n", unable); \
			skip(); \
		} \
	} while (0)

#define INITIATOR "local=10.77.0.1 remote=10.77.0.2 initiate=1 "
#define RESPONDER "local=10.77.0.2 remote=10.77.0.1 "

#define NEGOTIATION(name) cmocka_unit_test_setup_teardown(name, start_both, stop_both)

#endif
