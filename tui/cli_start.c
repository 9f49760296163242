// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting the gateway behind the console, as tmux starts its server: this program again, in a session of its
 * own, its log in the state folder. We wait until the control socket answers; a gateway that ends before has
 * written why, and that is what the operator sees.
 */
#include "tui/cli_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/paths.h"
#include "core/base/text.h"

#define LONGEST_START (30 * USEC_PER_SEC)
#define LOOK_EVERY_US 50000
#define MOST_SHOWN 8192 /* bytes of the log */

/* Does a gateway answer on the socket? */
static bool
answers(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;
	bool good;

	if (strlen(path) >= sizeof(address.sun_path))
		return false;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	good = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	return good;
}

static bool
make_folders(const char *path)
{
	char folder[512];

	if (snprintf(folder, sizeof(folder), "%s/", path) >= (int)sizeof(folder))
		return false;
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0755) != 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

/* The child: becomes the gateway, or ends with a word in the log. */
static void
become_gateway(const struct cli *cli, const char *program, int log)
{
	const char *const argv[] = {"twinspan",  "gateway",     "-c",           cli->config, "-s",
				    cli->socket, "--state-dir", cli->state_dir, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		_exit(CONTROL_EXIT_FAILED);
	execv(program, (char *const *)argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
	_exit(CONTROL_EXIT_FAILED);
}

/* Copies what the gateway wrote since `from` to stderr, cleaned. */
static void
show_log(int log, off_t from)
{
	char text[MOST_SHOWN], clean[MOST_SHOWN];
	ssize_t got = pread(log, text, sizeof(text) - 1, from);
	char *line = text, *end;

	if (got <= 0)
		return;
	text[got] = '\0';
	for (; *line != '\0'; line = end + 1) {
		end = line + strcspn(line, "\n");
		if (*end == '\0') {
			fprintf(stderr, "%s\n", text_clean(clean, sizeof(clean), line));
			return;
		}
		*end = '\0';
		fprintf(stderr, "%s\n", text_clean(clean, sizeof(clean), line));
	}
}

/* Waits until the socket answers. Returns 0, or the exit code. */
static int
wait_for(const struct cli *cli, pid_t gateway, const char *log_path, int log, off_t from)
{
	usec_t end = clock_monotonic() + LONGEST_START;
	int status;

	while (clock_monotonic() < end) {
		if (answers(cli->socket))
			return CONTROL_EXIT_DONE;
		if (waitpid(gateway, &status, WNOHANG) == gateway) {
			show_log(log, from);
			return cli_fail(CONTROL_EXIT_FAILED, "the gateway did not start; its log is %s",
					log_path);
		}
		usleep(LOOK_EVERY_US);
	}
	return cli_fail(CONTROL_EXIT_NO_GATEWAY,
			"the gateway (pid %d) does not answer on %s yet; its log is %s", (int)gateway,
			cli->socket, log_path);
}

int
cli_start_gateway(const struct cli *cli)
{
	char program[512], log_path[512];
	pid_t gateway;
	off_t from;
	int log, code;

	if (answers(cli->socket))
		return CONTROL_EXIT_DONE;
	if (access(cli->config, R_OK) != 0)
		return cli_fail(CONTROL_EXIT_FAILED, "%s: %s", cli->config, strerror(errno));
	if (!paths_program(program, sizeof(program)))
		return cli_fail(CONTROL_EXIT_FAILED, "cannot find this program's own file in /proc");
	snprintf(log_path, sizeof(log_path), "%s/gateway.log", cli->state_dir);
	if (!make_folders(cli->state_dir) ||
	    (log = open(log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
		return cli_fail(CONTROL_EXIT_FAILED, "cannot write %s: %s", log_path, strerror(errno));
	from = lseek(log, 0, SEEK_END);
	fprintf(stderr, "starting the gateway …\n");
	gateway = fork();
	if (gateway == 0)
		become_gateway(cli, program, log);
	code = gateway < 0 ? cli_fail(CONTROL_EXIT_FAILED, "cannot start a process: %s", strerror(errno))
			   : wait_for(cli, gateway, log_path, log, from);
	close(log);
	return code;
}
