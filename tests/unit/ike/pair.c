// SPDX-License-Identifier: GPL-2.0-or-later
/* See pair.h. */
#include "tests/unit/ike/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/unit/ike/end.h"

static char self[4096];
int namespaces[2] = {-1, -1};
const char *unable; /* why the tests can't run here */

struct end ends[2];

/* --- namespaces
 * ------------------------------------------------------------------------------------------------ */

static int
new_namespace(void)
{
	char path[64];
	int fds[2], fd = -1;
	char byte;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		byte = unshare(CLONE_NEWNET) == 0;
		if (write(fds[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	if (read(fds[0], &byte, 1) == 1 && byte) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	return fd;
}

bool
run_in(int namespace, const char *format, ...)
{
	char command[512];
	va_list args;
	int status;
	pid_t pid;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pid = fork();
	if (pid == 0) {
		if (setns(namespace, CLONE_NEWNET) < 0)
			_exit(1);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int
make_network(void **state)
{
	if (geteuid() != 0) {
		unable = "needs root: it makes network namespaces";
		return 0;
	}
	namespaces[0] = new_namespace();
	namespaces[1] = new_namespace();
	if (namespaces[0] < 0 || namespaces[1] < 0) {
		unable = "no network namespaces here";
		return 0;
	}
	if (!run_in(namespaces[0],
		    "ip link set lo up && ip link add v0 type veth peer name v1 netns /proc/%d/fd/%d && ip "
		    "addr add "
		    "10.77.0.1/24 dev v0 && ip link set v0 up",
		    (int)getpid(), namespaces[1]) ||
	    !run_in(namespaces[1], "ip link set lo up && ip addr add 10.77.0.2/24 dev v1 && ip addr add "
				   "10.77.0.3/24 dev v1 && ip link set "
				   "v1 up"))
		unable = "no veth devices here";
	return 0;
}

/* --- ends
 * ------------------------------------------------------------------------------------------------------ */

void
pump(struct end *end, int timeout_ms)
{
	struct pollfd fd = {end->out, POLLIN, 0};
	char buffer[8192];
	ssize_t length;

	if (poll(&fd, 1, timeout_ms) <= 0)
		return;
	length = read(end->out, buffer, sizeof(buffer));
	if (length <= 0) {
		usleep(1000);
		return;
	}
	if (getenv("SHOW")) {
		fprintf(stderr, "%c| ", end == &ends[0] ? 'A' : 'B');
		fwrite(buffer, 1, (size_t)length, stderr);
	}
	end->lines = realloc(end->lines, end->length + (size_t)length + 1);
	memcpy(end->lines + end->length, buffer, (size_t)length);
	end->length += (size_t)length;
	end->lines[end->length] = '\0';
}

/* The next line from here on that holds both words, or NULL after a time. What is passed over is not seen
 * again. */
const char *
next_line(struct end *end, const char *word, const char *other, int timeout_ms)
{
	static char line[4096];
	usec_t until = clock_monotonic() + timeout_ms * USEC_PER_MS;

	do {
		char *start, *stop;

		while (end->lines && (stop = strchr(start = end->lines + end->read, '\n'))) {
			end->read = (size_t)(stop + 1 - end->lines);
			snprintf(line, sizeof(line), "%.*s", (int)(stop - start), start);
			if (strstr(line, word) && (!other || strstr(line, other)))
				return line;
		}
		for (int i = 0; i < 2; i++)
			if (ends[i].pid)
				pump(&ends[i], 10);
	} while (clock_monotonic() < until);
	return NULL;
}

void
expect_line(struct end *end, const char *word, const char *other, int timeout_ms, const char *file, int at)
{
	if (next_line(end, word, other, timeout_ms > PATIENCE_MS ? timeout_ms : PATIENCE_MS))
		return;
	fprintf(stderr, "# %s:%d: end %c never said '%s' '%s'; it said:\n%s\n", file, at,
		end == &ends[0] ? 'A' : 'B', word, other ? other : "", end->lines ? end->lines : "");
	fail();
}

void
say(struct end *end, const char *format, ...)
{
	char line[1024];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[length++] = '\n';
	assert_int_equal(write(end->in, line, (size_t)length), length);
}

bool
try_start(int which, bool real)
{
	struct end *end = &ends[which];
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	free(end->lines);
	*end = (struct end){.pid = fork()};
	if (end->pid == 0) {
		if (setns(namespaces[which], CLONE_NEWNET) < 0)
			_exit(1);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(self, self, "end", real ? "real" : NULL, NULL);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	end->in = in[1];
	end->out = out[0];
	return next_line(end, "ready", NULL, real ? 3000 : 10000) != NULL;
}

void
start(int which)
{
	assert_true(try_start(which, false));
}

static void
forget(struct end *end)
{
	close(end->in);
	close(end->out);
	end->pid = 0;
}

/* A clean stop leaves nothing in the data plane. */
void
stop(int which)
{
	struct end *end = &ends[which];
	int status;

	say(end, "quit");
	expect(end, "leaked sas=0 reserved=0", NULL, 10000);
	expect(end, "done", NULL, 10000);
	assert_false(said(end, "incomplete status"));
	assert_int_equal(waitpid(end->pid, &status, 0), end->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	forget(end);
}

void
slay(int which)
{
	kill(ends[which].pid, SIGKILL);
	waitpid(ends[which].pid, NULL, 0);
	forget(&ends[which]);
}

int
start_both(void **state)
{
	if (unable)
		return 0;
	start(0);
	start(1);
	return 0;
}

int
stop_both(void **state)
{
	for (int i = 0; i < 2; i++)
		if (ends[i].pid)
			slay(i);
	return 0;
}

bool
said(struct end *end, const char *words)
{
	return end->lines && strstr(end->lines, words);
}

void
bring_up(const char *more)
{
	say(&ends[1], "add 5 hub/1 " RESPONDER "%s", more);
	expect(&ends[1], "added 5", NULL, 2000);
	say(&ends[0], "add 7 aws/1 " INITIATOR "%s", more);
	expect(&ends[0], "event child_up 7", NULL, 10000);
	expect(&ends[1], "event child_up 5", NULL, 10000);
}

int
pair_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "end") == 0)
		return end_main(argc > 2);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return -1;
}
