// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libssh offers a server all that the agent has, one after the other, and a server ends a login after a few
 * wrong keys (MaxAuthTries, sshd_config(5)). So it is given an agent of our own, which stands before the
 * user's: it tells of the one key that is to be offered now, and passes on what is to be signed. It is a
 * thread with a socket pair, as libssh waits for the answers, and lives as long as the login.
 */
#include "tui/ssh/agent.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tui/ssh/agent_keys.h"
#include "tui/ssh/thread.h"

#define LIST_PATIENCE_S 10

struct agent {
	pthread_mutex_t mutex;
	unsigned holders; /* who opened it, and the thread */
	int below, above; /* the user's agent; our end of the pair */
	struct agent_keys keys;
	size_t shown; /* which of them; behind the mutex */
	void (*signs)(void *context, const char *fingerprint);
	void *context;
};

/* --- messages ---------------------------------------------------------------------------------- */

static bool
read_all(int fd, void *bytes, size_t length)
{
	uint8_t *at = bytes;

	while (length > 0) {
		ssize_t got = recv(fd, at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		length -= (size_t)got;
	}
	return true;
}

static bool
write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t put = send(fd, bytes, length, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		length -= (size_t)put;
	}
	return true;
}

/* A message with its length before it, into an empty buffer. */
static bool
read_message(int fd, struct buffer *out)
{
	uint8_t head[4], *body;
	struct reader r = reader_over(head, sizeof(head));
	size_t length;

	if (!read_all(fd, head, sizeof(head)))
		return false;
	length = reader_u32(&r);
	if (length == 0 || length > AGENT_MOST_BYTES)
		return false;
	buffer_append(out, head, sizeof(head));
	body = buffer_reserve(out, length);
	if (body == NULL || !read_all(fd, body, length))
		return false;
	buffer_added(out, length);
	return true;
}

static bool
write_message(int fd, const struct buffer *message)
{
	return write_all(fd, buffer_head(message), message->length);
}

/* --- what the client asks ---------------------------------------------------------------------- */

static void
tell_signs(const struct agent *agent, const struct buffer *request)
{
	struct reader r = reader_over(buffer_head(request) + 5, request->length - 5);
	size_t length = reader_u32(&r);
	const uint8_t *blob = reader_bytes(&r, length);
	char fingerprint[96];

	if (blob == NULL)
		return;
	agent_fingerprint(blob, length, fingerprint, sizeof(fingerprint));
	agent->signs(agent->context, fingerprint);
}

static bool
answer(struct agent *agent, const struct buffer *request, struct buffer *out)
{
	static const uint8_t failure[] = {0, 0, 0, 1, AGENT_FAILURE};

	switch (buffer_head(request)[4]) {
	case AGENT_REQUEST_IDENTITIES:
		pthread_mutex_lock(&agent->mutex);
		agent_keys_write(agent->shown < agent->keys.count ? &agent->keys.items[agent->shown] : NULL,
				 out);
		pthread_mutex_unlock(&agent->mutex);
		return true;
	case AGENT_SIGN_REQUEST:
		tell_signs(agent, request);
		return write_message(agent->below, request) && read_message(agent->below, out);
	default:
		return buffer_append(out, failure, sizeof(failure));
	}
}

static void
let_go(struct agent *agent)
{
	bool last;

	pthread_mutex_lock(&agent->mutex);
	last = --agent->holders == 0;
	pthread_mutex_unlock(&agent->mutex);
	if (!last)
		return;
	close(agent->below);
	close(agent->above);
	agent_keys_free(&agent->keys);
	pthread_mutex_destroy(&agent->mutex);
	free(agent);
}

static void
run(void *argument)
{
	struct agent *agent = argument;
	bool goes_on = true;

	while (goes_on) {
		struct buffer request = {0}, out = {0};

		goes_on = read_message(agent->above, &request) && answer(agent, &request, &out) &&
			  write_message(agent->above, &out);
		buffer_free(&request);
		buffer_free(&out);
	}
	shutdown(agent->above, SHUT_RDWR); /* the client does not wait for what won't come */
	let_go(agent);
}

/* --- its life ---------------------------------------------------------------------------------- */

static int
connect_below(const char *path)
{
	const struct timeval patience = {.tv_sec = LIST_PATIENCE_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Afterwards it may take its time: a person may have to touch something before it signs. */
static bool
list_keys(int fd, struct agent_keys *keys)
{
	static const uint8_t request[] = {0, 0, 0, 1, AGENT_REQUEST_IDENTITIES};
	const struct timeval for_ever = {0};
	struct buffer message = {0};
	struct error err;
	bool good = write_all(fd, request, sizeof(request)) && read_message(fd, &message) &&
		    agent_keys_read(keys, buffer_head(&message) + 4, message.length - 4, &err);

	buffer_free(&message);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
	return good;
}

struct agent *
agent_open(const char *path, int *end, void (*signs)(void *context, const char *fingerprint), void *context)
{
	int below = connect_below(path), pair[2];
	struct agent_keys keys;
	struct agent *agent;

	if (below < 0)
		return NULL;
	if (!list_keys(below, &keys)) {
		close(below);
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		agent_keys_free(&keys);
		close(below);
		return NULL;
	}
	agent = memory_zeroed(1, sizeof(*agent));
	pthread_mutex_init(&agent->mutex, NULL);
	agent->below = below;
	agent->above = pair[0];
	agent->keys = keys;
	agent->signs = signs;
	agent->context = context;
	agent->holders = 2;
	if (ssh_thread_start(run, agent)) {
		*end = pair[1];
		return agent;
	}
	agent->holders = 1;
	let_go(agent);
	close(pair[1]);
	return NULL;
}

bool
agent_show_next(struct agent *agent, const struct text_list *texts, bool among, bool begins)
{
	const struct agent_keys *keys = &agent->keys;
	size_t at = begins ? 0 : agent->shown + 1;

	while (at < keys->count && text_list_has(texts, keys->items[at].text) != among)
		at++;
	pthread_mutex_lock(&agent->mutex);
	agent->shown = at;
	pthread_mutex_unlock(&agent->mutex);
	return at < keys->count;
}

bool
agent_has(const struct agent *agent, const char *text)
{
	for (size_t i = 0; i < agent->keys.count; i++) {
		if (strcmp(agent->keys.items[i].text, text) == 0)
			return true;
	}
	return false;
}

void
agent_close(struct agent *agent)
{
	if (agent == NULL)
		return;
	shutdown(agent->above, SHUT_RDWR);
	let_go(agent);
}
