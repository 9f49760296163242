// SPDX-License-Identifier: GPL-2.0-or-later
/* A gateway's store and control server in a folder of their own, a loop, and waiting for conditions. */
#ifndef TWINSPAN_TESTS_UNIT_CONTROL_HARNESS_H
#define TWINSPAN_TESTS_UNIT_CONTROL_HARNESS_H

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/control/client.h"
#include "core/control/protocol.h"
#include "core/control/server.h"
#include "core/control/server_internal.h"
#include "tests/unit/test.h"

struct harness {
	uv_loop_t loop;
	uv_timer_t tick; /* wakes the loop, so that conditions are looked at */
	char folder[64], socket[96];
	struct model_store *store;
	struct control_server *server;
};

static inline void
harness_tick(uv_timer_t *timer)
{
}

static inline struct harness *
harness_new(void)
{
	struct harness *h = memory_zeroed(1, sizeof(*h));

	snprintf(h->folder, sizeof(h->folder), "/tmp/twinspan-test-XXXXXX");
	assert_non_null(mkdtemp(h->folder));
	chmod(h->folder, 0755);
	snprintf(h->socket, sizeof(h->socket), "%s/run/control.sock", h->folder);
	uv_loop_init(&h->loop);
	uv_timer_init(&h->loop, &h->tick);
	uv_timer_start(&h->tick, harness_tick, 5, 5);
	uv_unref((uv_handle_t *)&h->tick);
	h->store = model_store_new();
	return h;
}

static inline void
harness_serve(struct harness *h)
{
	struct error err = {""};

	h->server = control_server_open(&h->loop, h->socket, h->store, &err);
	if (h->server == NULL)
		fail_msg("%s", err.text);
}

static inline void
harness_stop_serving(struct harness *h)
{
	control_server_close(h->server);
	h->server = NULL;
}

/* Everything must be closed by the test; then the loop ends by itself. */
static inline void
harness_free(struct harness *h)
{
	char run[96];

	if (h->server != NULL)
		harness_stop_serving(h);
	uv_close((uv_handle_t *)&h->tick, NULL);
	assert_int_equal(uv_run(&h->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	model_store_free(h->store);
	assert_int_not_equal(access(h->socket, F_OK), 0);
	snprintf(run, sizeof(run), "%s/run", h->folder);
	rmdir(run);
	rmdir(h->folder);
	free(h);
}

/* Turns the loop until the condition holds; a test that waits for more than 20 s has failed. */
#define WAIT_FOR(h, condition) \
	do { \
		usec_t wait_end = clock_monotonic() + 20 * USEC_PER_SEC; \
		while (!(condition)) { \
			uv_run(&(h)->loop, UV_RUN_NOWAIT); \
			if (!(condition)) \
				usleep(200); \
			if (clock_monotonic() > wait_end) \
				fail_msg("waited in vain for: %s", #condition); \
		} \
	} while (0)

static inline void
put_tunnel(struct model_store *store, const char *name, const char *state, uint64_t rx)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&tunnel->name, name);
	model_set(&tunnel->state, state);
	tunnel->rx_bytes = rx;
	model_store_put(store, MODEL_KIND_TUNNEL, tunnel);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

/* --- a client by hand -------------------------------------------------------------------------- */

struct raw {
	int fd;
	struct control_lines in;
	bool ended;
	size_t got;
};

static inline struct raw
raw_connect(struct harness *h)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct raw raw = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", h->socket);
	assert_int_equal(connect(raw.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return raw;
}

static inline void
raw_close(struct raw *raw)
{
	close(raw->fd);
	buffer_free(&raw->in.bytes);
}

/* Reads what is there, at most `most` bytes. */
static inline void
raw_read(struct raw *raw, size_t most)
{
	ssize_t got = read(raw->fd, buffer_reserve(&raw->in.bytes, most), most);

	if (got > 0) {
		buffer_added(&raw->in.bytes, (size_t)got);
		raw->got += (size_t)got;
	} else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
		raw->ended = true;
	}
}

/* The next message, or NULL. The caller owns it. */
static inline json_t *
raw_message(struct raw *raw)
{
	struct error err;
	json_t *message = NULL;

	raw_read(raw, 65536);
	assert_int_not_equal(control_lines_take(&raw->in, &message, &err), CONTROL_TAKEN_BAD);
	return message;
}

static inline void
raw_write(struct harness *h, struct raw *raw, const char *bytes, size_t length)
{
	usec_t end = clock_monotonic() + 20 * USEC_PER_SEC;

	while (length != 0 && clock_monotonic() < end) {
		ssize_t put = send(raw->fd, bytes, length, MSG_NOSIGNAL);

		if (put < 0 && errno != EAGAIN)
			return; /* the gateway hung up */
		if (put > 0) {
			bytes += put;
			length -= (size_t)put;
		}
		uv_run(&h->loop, UV_RUN_NOWAIT);
	}
}

static inline void
raw_say(struct harness *h, struct raw *raw, const char *line)
{
	raw_write(h, raw, line, strlen(line));
	raw_write(h, raw, "\n", 1);
}

/* Waits for a message with that member and returns it; others are passed over. */
static inline json_t *
raw_expect(struct harness *h, struct raw *raw, const char *member)
{
	json_t *message = NULL;

	for (usec_t end = clock_monotonic() + 20 * USEC_PER_SEC; clock_monotonic() < end;) {
		uv_run(&h->loop, UV_RUN_NOWAIT);
		message = raw_message(raw);
		if (message != NULL && json_object_get(message, member) != NULL)
			return message;
		json_decref(message);
		if (message == NULL)
			usleep(200);
	}
	fail_msg("no message with \"%s\" came", member);
	return NULL;
}

#endif
