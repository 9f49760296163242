// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bridge. Two directions, each with a buffer of its own that is read into only when it is empty: a side
 * that doesn't read holds up the other and costs no memory.
 *
 * The gateway's first greeting, and its answer to what we say of our user, are read here; from the second
 * greeting on bytes are only carried.
 */
#include "core/control/bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/control/bridge_internal.h"
#include "core/control/commands.h"
#include "core/control/protocol.h"

#define CHUNK ((size_t)64 << 10)
#define LONGEST_GREETING (10 * USEC_PER_SEC)

struct flow {
	int from, to;
	char bytes[CHUNK];
	size_t length, written;
	bool ended; /* nothing more comes from there */
};

/* --- beginning --------------------------------------------------------------------------------- */

/* Says it in the protocol's own way, for a console, and in words on stderr. Returns the exit code. */
static int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
fail(int code, const char *format, ...)
{
	struct buffer line = {0};
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "twinspan bridge: %s\n", text);
	if (control_append(&line, json_pack("{s:s, s:b}", "error", text, "bridge", true)) &&
	    write(STDOUT_FILENO, buffer_head(&line), line.length) < 0)
		code = CONTROL_EXIT_FAILED;
	buffer_free(&line);
	return code;
}

/* The lower of the roles that were named, or NULL where none was. */
static const char *
lower_role(const char *given, const char *asked)
{
	enum command_role a, b;

	if (given == NULL || asked == NULL)
		return given != NULL ? given : asked;
	return command_role_parse(given, &a) && command_role_parse(asked, &b) && b < a ? asked : given;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, bytes, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		length -= (size_t)put;
	}
	return true;
}

/* Reads the gateway's next message, within the time that a greeting may take. NULL with `err`. Returns new.
 */
static json_t *
next_message(int fd, struct control_lines *lines, usec_t until, struct error *err)
{
	for (;;) {
		json_t *message = NULL;
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		usec_t now = clock_monotonic();
		uint8_t *space;
		ssize_t got;

		switch (control_lines_take(lines, &message, err)) {
		case CONTROL_TAKEN_ONE:
			return message;
		case CONTROL_TAKEN_BAD:
			return NULL;
		case CONTROL_TAKEN_NONE:
			break;
		}
		if (now >= until || poll(&wait, 1, (int)((until - now) / USEC_PER_MS) + 1) <= 0) {
			error_set(err, "the gateway does not greet");
			return NULL;
		}
		space = buffer_reserve(&lines->bytes, CHUNK);
		got = read(fd, space, CHUNK);
		if (got <= 0) {
			error_set(err, "the gateway closed the connection");
			return NULL;
		}
		buffer_added(&lines->bytes, (size_t)got);
	}
}

/* Tells the gateway for whom we stand. What it greets with then is left in `greeting`. 0, or the exit code.
 */
static int
introduce(int fd, const char *role, struct control_lines *lines, struct buffer *greeting)
{
	usec_t until = clock_monotonic() + LONGEST_GREETING;
	char via[64] = "", key[96] = "";
	struct buffer out = {0};
	struct error err = {""};
	json_t *message = next_message(fd, lines, until, &err);
	bool greeted;

	if (message == NULL)
		return fail(CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
	greeted = json_object_get(message, "hello") != NULL;
	if (!greeted) /* too many connections: its own word is the best */
		control_append(greeting, json_incref(message));
	json_decref(message);
	if (!greeted)
		return CONTROL_EXIT_DONE;
	control_append(&out, json_pack("{s:i, s:s, s:s*, s:s*, s:s*}", "id", 0, "do", "bridge", "role", role,
				       "via", bridge_client_address(via, sizeof(via)), "key",
				       bridge_client_key(key, sizeof(key))));
	if (!write_all(fd, buffer_head(&out), out.length)) {
		buffer_free(&out);
		return fail(CONTROL_EXIT_NO_GATEWAY, "the gateway closed the connection");
	}
	buffer_free(&out);
	for (;;) {
		message = next_message(fd, lines, until, &err);
		if (message == NULL)
			return fail(CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
		if (json_object_get(message, "hello") != NULL || json_object_get(message, "error") != NULL)
			break;
		greeted = json_object_get(message, "reply") == NULL;
		json_decref(message);
		if (!greeted)
			return fail(CONTROL_EXIT_NOT_PERMITTED, "this gateway is too old to limit roles: the "
								"bridge needs one of its own version");
	}
	control_append(greeting, message);
	return CONTROL_EXIT_DONE;
}

/* --- carrying ---------------------------------------------------------------------------------- */

/* Reads or writes what can be, after poll() has said so. False where the flow has broken. */
static bool
carry(struct flow *flow, short from, short to)
{
	ssize_t done;

	if (flow->length == 0 && !flow->ended && (from & (POLLIN | POLLHUP | POLLERR)) != 0) {
		done = read(flow->from, flow->bytes, sizeof(flow->bytes));
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			return true;
		if (done <= 0)
			flow->ended = true;
		else
			flow->length = (size_t)done;
		return true;
	}
	if (flow->length == 0 || (to & (POLLOUT | POLLERR | POLLHUP)) == 0)
		return true;
	done = write(flow->to, flow->bytes + flow->written, flow->length - flow->written);
	if (done < 0)
		return errno == EINTR || errno == EAGAIN;
	flow->written += (size_t)done;
	if (flow->written == flow->length)
		flow->written = flow->length = 0;
	return true;
}

/* Until one side has ended and what came from the gateway is written. */
static void
carry_all(struct flow *up, struct flow *down)
{
	bool told = false;

	while (!down->ended || down->length > 0) {
		struct pollfd wait[4] = {
		    {.fd = up->length == 0 && !up->ended ? up->from : -1, .events = POLLIN},
		    {.fd = up->length > 0 ? up->to : -1, .events = POLLOUT},
		    {.fd = down->length == 0 ? down->from : -1, .events = POLLIN},
		    {.fd = down->to, .events = down->length > 0 ? POLLOUT : 0},
		};

		if (poll(wait, 4, -1) < 0 && errno != EINTR)
			return;
		if ((wait[3].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
			return; /* nobody reads us */
		if (!carry(up, wait[0].revents, wait[1].revents) ||
		    !carry(down, wait[2].revents, wait[3].revents))
			return;
		if (up->ended && up->length == 0 && !told) {
			shutdown(up->to, SHUT_WR); /* what was asked for is still answered */
			told = true;
		}
	}
}

int
control_bridge_run(const char *socket, const char *role)
{
	static struct flow up = {.from = STDIN_FILENO}, down = {.to = STDOUT_FILENO};
	struct control_lines lines = {0};
	struct buffer greeting = {0};
	enum command_role parsed;
	char asked[32] = "";
	int fd, code;

	signal(SIGPIPE, SIG_IGN);
	role = lower_role(role, bridge_asked_role(asked, sizeof(asked)));
	if (role != NULL && !command_role_parse(role, &parsed))
		return fail(CONTROL_EXIT_USAGE, "no role is called '%s': viewer, operator or admin", role);
	fd = connect_to(socket);
	if (fd < 0)
		return fail(CONTROL_EXIT_NO_GATEWAY, "no gateway answers on %s: %s", socket, strerror(errno));
	code = introduce(fd, role, &lines, &greeting);
	if (code == CONTROL_EXIT_DONE && write_all(STDOUT_FILENO, buffer_head(&greeting), greeting.length) &&
	    write_all(STDOUT_FILENO, buffer_head(&lines.bytes), lines.bytes.length)) {
		up.to = down.from = fd;
		carry_all(&up, &down);
	}
	buffer_free(&greeting);
	buffer_free(&lines.bytes);
	close(fd);
	return code;
}
