// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The built-in lab, seen from the command line. Three ways to run it:
 *
 * - headless: this process is the keeper; progress on stderr, the ready line on stdout, until a signal comes.
 * - with the console: the keeper is a process of its own, so that the console has the terminal and its
 * signals for itself. It tells by a pipe how far it is; the console opens as soon as the gateways answer.
 * When the console is left, or this process dies in any way, the keeper takes the lab down.
 * - with --keep, the keeper is in a session of its own and outlives this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/lab/lab_internal.h"

/* --- what must be there --- */

static bool
check_machine(struct error *err)
{
	if (geteuid() != 0)
		return error_set(
		    err, "the lab makes network namespaces, which needs root: try 'sudo twinspan lab'");
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0)
		return error_set(
		    err, "the lab needs TUN devices, but /dev/net/tun can't be opened: %s%s", strerror(errno),
		    errno == ENOENT || errno == ENODEV ? " (try 'modprobe tun')"
						       : " (in a container, give it that device)");
	close(tun);
	char output[100];
	const char *const argv[] = {"ip", "-Version", NULL};
	struct error why;
	if (lab_run_program(NULL, argv, NULL, output, sizeof(output), 5000, &why) != 0)
		return error_set(err, "the lab needs the program ip (Debian's package iproute2): %s",
				 why.text);
	return true;
}

/* A root shell after a plain `su` has no sbin folders in its path. */
static void
extend_path(void)
{
	const char *path = getenv("PATH");
	char *longer = text_format("%s%s/usr/sbin:/sbin", path ? path : "/usr/bin:/bin", ":");
	setenv("PATH", longer, 1);
	free(longer);
}

/* --- headless: reports go where they should --- */

static void
headless_progress(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "lab: %s\n", text);
}

static void
headless_answering(void *context, const char *socket)
{
	(void)context, (void)socket;
}

static void
headless_ready(void *context, const char *json)
{
	(void)context;
	printf("%s\n", json);
	fflush(stdout);
}

static void
headless_failed(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "twinspan: lab: %s\n", text);
}

/* --- a keeper of its own: reports go through a pipe, a letter and a NUL-terminated text each --- */

static void
send_report(void *context, char kind, const char *text)
{
	int fd = *(int *)context;
	size_t length = strlen(text) + 1;
	char message[4096] = {kind};
	if (length > sizeof(message) - 1)
		length = sizeof(message) - 1;
	memcpy(message + 1, text, length);
	message[length] = '\0';
	/* Nobody may listen any more. */
	if (write(fd, message, length + 1) < 0)
		return;
}

static void
send_progress(void *context, const char *text)
{
	send_report(context, 'p', text);
}

static void
send_answering(void *context, const char *socket)
{
	send_report(context, 'a', socket);
}

static void
send_ready(void *context, const char *json)
{
	send_report(context, 'r', json);
}

static void
send_failed(void *context, const char *text)
{
	send_report(context, 'f', text);
}

/* The keeper's process. */
static void
run_keeper(const struct lab_options *options, int fd, pid_t parent)
{
	setsid();
	if (!options->keep) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
	}
	/* Whatever a library says must not spoil the console's screen. */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	const struct lab_report report = {send_progress, send_answering, send_ready, send_failed, &fd};
	_exit(lab_keeper_run(options, &report));
}

/* Reads the next report into `text`. Returns its letter, or 0 when the keeper is gone. */
static char
next_report(int fd, char *text, size_t size)
{
	char kind = 0, byte;
	size_t length = 0;
	for (;;) {
		ssize_t got = read(fd, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		if (kind == 0) {
			kind = byte;
		} else if (byte == '\0') {
			text[length] = '\0';
			return kind;
		} else if (length + 1 < size) {
			text[length++] = byte;
		}
	}
}

/* Shows progress until a report of the kind `until` comes. False when the lab failed; its reason was printed.
 */
static bool
await_report(int fd, char until, char *text, size_t size)
{
	char kind;
	while ((kind = next_report(fd, text, size)) != 0) {
		if (kind == until)
			return true;
		if (kind == 'p')
			headless_progress(NULL, text);
		else if (kind == 'f')
			headless_failed(NULL, text);
	}
	return false;
}

static int
end_keeper(pid_t keeper)
{
	int status;
	kill(keeper, SIGTERM);
	while (waitpid(keeper, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static void
tell_kept(pid_t keeper)
{
	fprintf(stderr, "lab: it runs on; 'kill %d' takes it down\n", (int)keeper);
}

static int
run_detached(const struct lab_options *options, struct error *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0) {
		error_set(err, "can't make a pipe: %s", strerror(errno));
		return -1;
	}
	pid_t parent = getpid(), keeper = fork();
	if (keeper < 0) {
		error_set(err, "can't start a process: %s", strerror(errno));
		return -1;
	}
	if (keeper == 0) {
		close(fds[0]);
		run_keeper(options, fds[1], parent);
	}
	close(fds[1]);

	char text[4096];
	int result = 1;
	if (options->headless) {
		if (await_report(fds[0], 'r', text, sizeof(text))) {
			headless_ready(NULL, text);
			tell_kept(keeper);
			result = 0;
		}
	} else if (await_report(fds[0], 'a', text, sizeof(text))) {
		result = options->console(options->context, text);
		if (options->keep)
			tell_kept(keeper);
		else
			end_keeper(keeper);
	}
	close(fds[0]);
	return result;
}

int
lab_run(const struct lab_options *options)
{
	struct error err;
	extend_path();
	if (!check_machine(&err)) {
		headless_failed(NULL, err.text);
		return 1;
	}
	if (options->headless && !options->keep) {
		const struct lab_report report = {headless_progress, headless_answering, headless_ready,
						  headless_failed, NULL};
		return lab_keeper_run(options, &report);
	}
	int result = run_detached(options, &err);
	if (result < 0)
		headless_failed(NULL, err.text);
	return result < 0 ? 1 : result;
}
