// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs of the command line, each a process of its own. The test program defines `parts`, what the command
 * line is given of the program.
 */
#ifndef TWINSPAN_TESTS_UNIT_CONTROL_RUNS_H
#define TWINSPAN_TESTS_UNIT_CONTROL_RUNS_H

#include <fcntl.h>
#include <sys/wait.h>

#include "tests/unit/control/harness.h"
#include "tui/cli.h"

static const struct cli_parts parts;

/* Where it runs. */
enum run_where {
	RUN_HERE,
	RUN_PIPED,       /* its stdin is a pipe */
	RUN_ALONE,       /* in a session of its own, without a terminal */
	RUN_ON_TERMINAL, /* on a terminal of its own, which shows only what is asked there */
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

static inline int
temporary_file(void)
{
	char path[] = "/tmp/twinspan-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

/* Ends a forked process without what the test program does at its end. */
static inline void
end_with(int exit_code)
{
	fflush(NULL);
	_exit(exit_code);
}

/* Makes the terminal that its descriptor stands for this process's own. */
static inline void
take_terminal(int terminal)
{
	int ours;

	setsid();
	if (terminal < 0)
		return;
	ours = open(ptsname(terminal), O_RDWR); /* the first one that a session opens is its own */
	if (ours < 0)
		end_with(99);
	close(terminal);
}

static inline int
new_terminal(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	return terminal;
}

/* Starts the command line; "S" among the words stands for the harness's socket. */
static inline struct run *
start_with(struct harness *h, enum run_where where, const char *const *words)
{
	struct run *run = memory_zeroed(1, sizeof(*run));
	char *argv[16] = {(char *)"twinspan"};
	int argc = 1, ends[2] = {-1, -1};

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = strcmp(words[argc - 1], "S") == 0 ? h->socket : (char *)words[argc - 1];
	run->out = temporary_file();
	run->err = temporary_file();
	if (where == RUN_PIPED)
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	run->in = where == RUN_ON_TERMINAL ? new_terminal() : ends[1];
	fflush(NULL);
	run->pid = fork();
	if (run->pid == 0) {
		if (where >= RUN_ALONE)
			take_terminal(run->in);
		if (where == RUN_PIPED)
			dup2(ends[0], STDIN_FILENO);
		close(ends[1]); /* or it would never see the end */
		dup2(run->out, STDOUT_FILENO);
		dup2(run->err, STDERR_FILENO);
		end_with(cli_run(&parts, argc, argv));
	}
	if (ends[0] >= 0)
		close(ends[0]);
	return run;
}

static inline struct run *
start(struct harness *h, const char *const *words)
{
	return start_with(h, RUN_HERE, words);
}

static inline void
look(struct run *run)
{
	ssize_t got = pread(run->out, run->output, sizeof(run->output) - 1, 0);
	int status;

	run->output[got > 0 ? got : 0] = '\0';
	got = pread(run->err, run->errors, sizeof(run->errors) - 1, 0);
	run->errors[got > 0 ? got : 0] = '\0';
	got = run->in >= 0 ? read(run->in, run->asked + strlen(run->asked),
				  sizeof(run->asked) - strlen(run->asked) - 1)
			   : 0; /* of a pipe's end that is for writing nothing comes */
	if (!run->ended && waitpid(run->pid, &status, WNOHANG) == run->pid) {
		run->ended = true;
		run->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
		look(run);
	}
}

static inline void
finish(struct run *run)
{
	if (!run->ended) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, NULL, 0);
	}
	close(run->out);
	close(run->err);
	if (run->in >= 0)
		close(run->in);
	free(run);
}

#define RUN(h, ...) run_to_end(h, (const char *const[]){__VA_ARGS__, NULL})

static inline struct run *
run_to_end(struct harness *h, const char *const *words)
{
	struct run *run = start(h, words);

	WAIT_FOR(h, (look(run), run->ended));
	return run;
}

static inline size_t
line_count(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

/* One line on stderr that says `says`, and that exit code. */
static inline void
assert_refused(struct run *run, int exit_code, const char *says)
{
	if (run->exit_code != exit_code)
		fail_msg("exit code %d instead of %d: %s%s", run->exit_code, exit_code, run->output,
			 run->errors);
	if (strstr(run->errors, says) == NULL)
		fail_msg("'%s' does not say '%s'", run->errors, says);
	assert_int_equal(line_count(run->errors), 1);
	assert_string_equal(run->output, "");
	finish(run);
}

static inline void
assert_prints(struct run *run, const char *output)
{
	assert_string_equal(run->errors, "");
	assert_string_equal(run->output, output);
	assert_int_equal(run->exit_code, 0);
	finish(run);
}

/* Types it: on its terminal, or into its stdin. */
static inline void
type_line(struct run *run, const char *line)
{
	assert_int_equal(write(run->in, line, strlen(line)), (ssize_t)strlen(line));
}

#endif
