// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes of the lab: short ones that are waited for (ip, `twinspan show`), and long ones inside a
 * namespace. The long ones ask the kernel to be killed when the keeper dies (PR_SET_PDEATHSIG), so that a
 * keeper that was itself killed leaves no process behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/lab/lab_internal.h"

/* A shell's exit code for what could not be run. */
#define NOT_FOUND 127
#define CANNOT_ENTER 126

/* A child starts with no signal blocked or ignored. */
static void
plain_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

static int
text_file(const char *text)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for a child up to a time; it is killed then. False where it had to be. */
static bool
wait_within(pid_t child, int limit_ms, int *status)
{
	usec_t end = clock_monotonic() + limit_ms * USEC_PER_MS;
	for (;;) {
		pid_t got = waitpid(child, status, WNOHANG);
		if (got == child)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (clock_monotonic() >= end) {
			kill(child, SIGKILL);
			while (waitpid(child, status, 0) < 0 && errno == EINTR)
				;
			return false;
		}
		poll(NULL, 0, 2);
	}
}

int
lab_run_program(const char *netns, const char *const *argv, const char *input, char *out, size_t size,
		int limit_ms, struct error *err)
{
	int in = input ? text_file(input) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* A file in memory, not a pipe: nobody has to read it while the program runs. */
	int output = memfd_create("output", MFD_CLOEXEC);
	pid_t child = in < 0 || output < 0 ? -1 : fork();
	if (child == 0) {
		plain_signals();
		dup2(in, STDIN_FILENO);
		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
		struct error why;
		if (netns && !lab_network_enter(netns, &why)) {
			fprintf(stderr, "%s\n", why.text);
			_exit(CANNOT_ENTER);
		}
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(NOT_FOUND);
	}
	int why = errno, status = 0, result = -1;
	if (child < 0) {
		error_set(err, "can't run %s: %s", argv[0], strerror(why));
	} else if (!wait_within(child, limit_ms, &status)) {
		error_set(err, "%s was not done after %d s", argv[0], limit_ms / 1000);
	} else if (!WIFEXITED(status)) {
		error_set(err, "%s was killed by signal %d", argv[0], WTERMSIG(status));
	} else if (WEXITSTATUS(status) == NOT_FOUND) {
		error_set(err, "%s: not found", argv[0]);
	} else {
		result = WEXITSTATUS(status);
	}
	ssize_t length = output < 0 || size == 0 ? 0 : pread(output, out, size - 1, 0);
	if (size > 0)
		out[length < 0 ? 0 : length] = '\0';
	if (in >= 0)
		close(in);
	if (output >= 0)
		close(output);
	return result;
}

/* In the child: tied to its parent, in its own process group (Ctrl-C is the keeper's business), in the
 * namespace. */
static void
enter(const struct lab *lab, enum lab_node node, pid_t parent)
{
	plain_signals();
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct error err;
	char name[LAB_NAME];
	if (getppid() != parent)
		_exit(NOT_FOUND);
	if (!lab_network_enter(lab_namespace(lab, node, name), &err)) {
		fprintf(stderr, "%s\n", err.text);
		_exit(NOT_FOUND);
	}
}

pid_t
lab_spawn(const struct lab *lab, enum lab_node node, const char *const *argv, const char *log,
	  struct error *err)
{
	pid_t parent = getpid(), child = fork();
	if (child < 0) {
		error_set(err, "can't start a process: %s", strerror(errno));
		return -1;
	}
	if (child > 0)
		return child;
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (in < 0 || out < 0)
		_exit(NOT_FOUND);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	enter(lab, node, parent);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	fprintf(stderr, "can't run %s: %s\n", argv[0], strerror(errno));
	_exit(NOT_FOUND);
}

pid_t
lab_fork(const struct lab *lab, enum lab_node node, void (*body)(void *context), void *context,
	 struct error *err)
{
	pid_t parent = getpid(), child = fork();
	if (child < 0) {
		error_set(err, "can't start a process: %s", strerror(errno));
		return -1;
	}
	if (child > 0)
		return child;
	enter(lab, node, parent);
	/* Whoever waits for the end of the keeper's output must not have to wait for this process too. */
	close_range(STDIN_FILENO, ~0U, 0);
	prctl(PR_SET_NAME, "lab-traffic");
	body(context);
	_exit(0);
}

void
lab_end_processes(const pid_t *pids, size_t count, int patience_ms)
{
	for (size_t i = 0; i < count; i++) {
		if (pids[i] > 0)
			kill(pids[i], SIGTERM);
	}
	usec_t end = clock_monotonic() + patience_ms * USEC_PER_MS;
	for (size_t i = 0; i < count; i++) {
		if (pids[i] <= 0)
			continue;
		int status;
		usec_t left = (end - clock_monotonic()) / USEC_PER_MS;
		wait_within(pids[i], left > 0 ? (int)left : 0, &status);
	}
}
