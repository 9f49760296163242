// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's own work - namespaces, folder, processes, readiness, cleaning up - with a shell script in the
 * gateways' place: it makes its control socket's file, answers `show` and joins the two hosts by plain
 * routes. The lab with real gateways is tests/peers/test_lab.py.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/lab/lab.h"
#include "core/lab/lab_internal.h"

static char folder[] = "/tmp/lab-test-XXXXXX";
static char program[64];

/* FAULT: what the made-up gateway does wrong. */
static const char script[] =
    "#!/bin/sh\n"
    "fault=$(cat ${0%/*}/fault 2>/dev/null)\n"
    "if [ \"$1\" = gateway ]; then\n"
    "	[ \"$fault\" = dies ] && { echo 'port 500 is busy' >&2; exit 1; }\n"
    "	id=${5#/run/twinspan-lab-}; id=${id%%/*}\n"
    "	[ \"$(stat -c %a ${3%/*}/psk/1)\" = 600 ] || exit 1\n"
    "	nsenter --net=/run/netns/ts$id-internet ip route replace 10.20.0.0/16 via 192.0.2.10\n"
    "	nsenter --net=/run/netns/ts$id-internet ip route replace 10.50.0.0/16 via 203.0.113.17\n"
    "	echo $$ >${5%/*}/pid\n"
    "	: >$5\n"
    "	while :; do sleep 60 & wait $!; done\n"
    "fi\n"
    "case $4 in\n"
    "tunnels) echo '[{\"name\":\"a/1\",\"state\":\"up\"},{\"name\":\"a/2\",\"state\":\"up\"}]' ;;\n"
    "peers) echo '[{\"state\":\"Established\",\"received\":1},{\"state\":\"Established\",\"received\":1}]' "
    ";;\n"
    "esac\n";

struct run {
	pid_t pid;
	int out, err;
	char id[8], folder[64];
	json_t *ready;
};

static bool
is_root(void)
{
	return geteuid() == 0 && access("/dev/net/tun", F_OK) == 0 && access("/run", W_OK) == 0;
}

#define NEEDS_ROOT() \
	do { \
		if (!is_root()) \
			skip(); \
	} while (0)

static void
set_fault(const char *fault)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/fault", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(fault, file);
	fclose(file);
}

static void
start(struct run *run)
{
	int out[2], err[2];
	*run = (struct run){0};
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	run->pid = fork();
	if (run->pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		const struct lab_options options = {.program = program, .headless = true};
		_exit(lab_run(&options));
	}
	close(out[1]);
	close(err[1]);
	run->out = out[0];
	run->err = err[0];
}

/* Reads until the end or a newline; false after `limit_ms` without. */
static bool
read_text(int fd, char *text, size_t size, bool line, int limit_ms)
{
	size_t length = 0;
	usec_t end = clock_monotonic() + limit_ms * USEC_PER_MS;
	while (length + 1 < size) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int left = (int)((end - clock_monotonic()) / USEC_PER_MS);
		if (left <= 0 || poll(&wait, 1, left) <= 0)
			return false;
		if (read(fd, text + length, 1) <= 0 || (line && text[length] == '\n'))
			break;
		length++;
	}
	text[length] = '\0';
	return true;
}

static void
await_ready(struct run *run)
{
	char line[2000];
	assert_true(read_text(run->out, line, sizeof(line), true, 30000));
	run->ready = json_loads(line, 0, NULL);
	assert_non_null(run->ready);
	const char *where = json_string_value(json_object_get(run->ready, "folder"));
	assert_non_null(where);
	snprintf(run->folder, sizeof(run->folder), "%s", where);
	snprintf(run->id, sizeof(run->id), "%s", strrchr(where, '-') + 1);
}

static int
end(struct run *run, int number)
{
	int status;
	kill(run->pid, number);
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	close(run->out);
	close(run->err);
	json_decref(run->ready);
	return status;
}

static bool
has_namespace(const struct run *run, const char *node)
{
	char path[64];
	snprintf(path, sizeof(path), "/run/netns/ts%s-%s", run->id, node);
	return access(path, F_OK) == 0;
}

static bool
leaves_something(const struct run *run)
{
	static const char *const nodes[] = {"site", "customer", "internet", "hub", "vpc"};
	for (size_t i = 0; i < COUNT_OF(nodes); i++) {
		if (has_namespace(run, nodes[i]))
			return true;
	}
	return access(run->folder, F_OK) == 0;
}

static const char *
at(const struct run *run, const char *object, const char *field)
{
	return json_string_value(json_object_get(json_object_get(run->ready, object), field));
}

static pid_t
gateway_pid(const struct run *run, const char *node)
{
	char path[LAB_PATH];
	int pid = 0;
	snprintf(path, sizeof(path), "%.64s/%s/pid", run->folder, node);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return pid;
}

static void
tells_when_all_is_up_and_leaves_nothing_after_sigterm(void **state)
{
	NEEDS_ROOT();
	struct run run;
	struct stat status;
	set_fault("");
	start(&run);
	await_ready(&run);
	assert_true(json_is_true(json_object_get(run.ready, "ready")));
	assert_string_equal(at(&run, "site_host", "address"), "10.20.0.10");
	assert_string_equal(at(&run, "vpc_host", "address"), "10.50.0.10");
	assert_int_equal(strncmp(at(&run, "customer", "netns"), at(&run, "vpc_host", "netns"), 7), 0);
	assert_int_equal(access(at(&run, "hub", "socket"), F_OK), 0);
	assert_int_equal(stat(run.folder, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_true(has_namespace(&run, "internet"));
	pid_t gateway = gateway_pid(&run, "customer");
	assert_true(lab_process_start(gateway) > 0);
	int ended = end(&run, SIGTERM);
	assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
	assert_false(leaves_something(&run));
	assert_int_equal(lab_process_start(gateway), 0);
}

static void
a_killed_lab_is_cleared_by_the_next_and_a_live_one_is_not(void **state)
{
	NEEDS_ROOT();
	struct run live, killed, next;
	set_fault("");
	start(&live);
	start(&killed);
	await_ready(&live);
	await_ready(&killed);
	pid_t gateway = gateway_pid(&killed, "hub");
	end(&killed, SIGKILL);
	assert_true(leaves_something(&killed));
	start(&next);
	await_ready(&next);
	assert_false(leaves_something(&killed));
	assert_int_equal(lab_process_start(gateway), 0);
	assert_true(has_namespace(&live, "vpc"));
	assert_true(lab_process_start(gateway_pid(&live, "hub")) > 0);
	end(&live, SIGTERM);
	end(&next, SIGTERM);
	assert_false(leaves_something(&live));
	assert_false(leaves_something(&next));
}

static void
a_gateway_that_ends_is_started_again(void **state)
{
	NEEDS_ROOT();
	struct run run;
	set_fault("");
	start(&run);
	await_ready(&run);
	pid_t first = gateway_pid(&run, "customer"), second = first;
	kill(first, SIGKILL);
	for (int i = 0; i < 500 && (second == first || second == 0); i++) {
		poll(NULL, 0, 20);
		second = gateway_pid(&run, "customer");
	}
	assert_int_not_equal(first, second);
	assert_true(lab_process_start(second) > 0);
	end(&run, SIGTERM);
	assert_false(leaves_something(&run));
}

static void
a_gateway_that_does_not_start_is_an_error_with_its_words(void **state)
{
	NEEDS_ROOT();
	struct run run;
	char text[4096];
	int status;
	set_fault("dies");
	start(&run);
	assert_true(read_text(run.err, text, sizeof(text), false, 30000));
	assert_int_equal(waitpid(run.pid, &status, 0), run.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(text, "gateway ended with exit code 1"));
	assert_non_null(strstr(text, "port 500 is busy"));
	close(run.out);
	close(run.err);
}

static void
sigterm_while_starting_leaves_nothing(void **state)
{
	NEEDS_ROOT();
	for (int delay_ms = 0; delay_ms <= 200; delay_ms += 40) {
		struct run run;
		set_fault("");
		start(&run);
		poll(NULL, 0, delay_ms);
		int status = end(&run, SIGTERM);
		/* Killed outright before it had made anything, or cleanly ended. */
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	}
	assert_int_equal(lab_files_clear_dead(), 0);
}

static int
make_program(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(program, sizeof(program), "%s/program", folder);
	FILE *file = fopen(program, "w");
	if (!file)
		return -1;
	fputs(script, file);
	fclose(file);
	return chmod(program, 0755);
}

static int
remove_program(void **state)
{
	set_fault("");
	char path[64];
	snprintf(path, sizeof(path), "%s/fault", folder);
	unlink(path);
	unlink(program);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_when_all_is_up_and_leaves_nothing_after_sigterm),
	    cmocka_unit_test(a_killed_lab_is_cleared_by_the_next_and_a_live_one_is_not),
	    cmocka_unit_test(a_gateway_that_ends_is_started_again),
	    cmocka_unit_test(a_gateway_that_does_not_start_is_an_error_with_its_words),
	    cmocka_unit_test(sigterm_while_starting_leaves_nothing),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_program, remove_program);
}
