// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: listening, connections, times. Each connection has a session (session.c) that turns
 * bytes into bytes; here they are read and written. One write is under way for a client at a time; when the
 * kernel has taken it, the session makes what has changed by then. Changes of the store are gathered for
 * CHANGES_MS, commands of a client are handled a few at a time between other work of the loop, and reading
 * stops while a client owes us reading.
 */
#include "core/control/server_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <utlist.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/control/listen.h"

#define CHANGES_MS 10       /* deltas are sent no closer than this */
#define MESSAGES_AT_ONCE 16 /* of one client between other work of the loop */
#define READ_AT_ONCE 65536
#define MOST_CONNECTIONS 512
#define MOST_OF_ONE_USER 32 /* but for those who administer */
#define CLOSING_TICKS 3     /* heartbeats that a client has to read its error */

struct connection {
	struct control_session session; /* first: a session is its connection */
	struct control_socket *socket;
	uv_pipe_t pipe;
	uv_write_t write;
	struct buffer sending;
	bool writing, reading, ended, end_of_input;
	unsigned closing_ticks;
};

struct control_socket {
	struct control_server *server;
	uv_loop_t *loop;
	uv_pipe_t listener;
	uv_timer_t heartbeat, gather;
	uv_idle_t work; /* runs while some session has something to do at once */
	unsigned handles;
	size_t connections;
	usec_t sent_at; /* when changes were last sent */
};

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *space);
static void on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *space);
static void on_written(uv_write_t *write, int status);

/* --- the server's own life --------------------------------------------------------------------- */

struct control_server *
control_server_new(struct model_store *store)
{
	struct control_server *server = memory_zeroed(1, sizeof(*server));
	uint64_t run = 0;

	if (getrandom(&run, sizeof(run), 0) != sizeof(run))
		run = (uint64_t)clock_wall();
	snprintf(server->run, sizeof(server->run), "%016llx", (unsigned long long)run);
	server->store = store;
	control_session_watch_store(server);
	return server;
}

void
control_server_stop(struct control_server *server)
{
	struct control_session *session;

	server->stopping = true;
	DL_FOREACH(server->sessions, session)
	{
		control_query_refuse_all(session);
		if (server->wake != NULL)
			server->wake(server, session);
	}
}

void
control_server_free(struct control_server *server)
{
	control_request_forget_server(server);
	free(server->handlers);
	free(server->socket);
	free(server);
}

void
control_server_handle(struct control_server *server, const char *name, control_handler handler, void *context)
{
	const struct command *command = command_find(name);

	if (command == NULL) {
		log_error("control", "a handler for '%s', which is not in the command table", name);
		return;
	}
	for (size_t i = 0; i < server->handler_count; i++) {
		if (server->handlers[i].command == command) { /* the later one counts */
			server->handlers[i] = (struct control_handler_row){command, handler, context};
			return;
		}
	}
	server->handlers =
	    memory_resize(server->handlers, (server->handler_count + 1) * sizeof(struct control_handler_row));
	server->handlers[server->handler_count++] = (struct control_handler_row){command, handler, context};
}

/* --- connections ------------------------------------------------------------------------------- */

static void
on_handle_closed(struct control_socket *socket)
{
	if (--socket->handles == 0)
		control_server_free(socket->server);
}

static void
on_connection_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;
	struct control_socket *socket = connection->socket;

	buffer_free(&connection->sending);
	free(connection);
	on_handle_closed(socket);
}

static void
end_connection(struct connection *connection)
{
	if (connection->ended)
		return;
	connection->ended = true;
	connection->socket->connections--;
	control_session_end(&connection->session);
	uv_close((uv_handle_t *)&connection->pipe, on_connection_closed);
}

static void
start_write(struct connection *connection)
{
	struct control_session *session = &connection->session;
	uv_buf_t bytes;

	if (connection->writing || session->out.length == 0)
		return;
	buffer_free(&connection->sending);
	connection->sending = session->out;
	session->out = (struct buffer){0};
	session->in_flight = connection->sending.length;
	bytes = uv_buf_init((char *)connection->sending.data + connection->sending.start,
			    (unsigned)connection->sending.length);
	connection->writing = true;
	if (uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &bytes, 1, on_written) != 0) {
		connection->writing = false;
		end_connection(connection);
	}
}

/* Reading goes on while the session keeps up. */
static void
choose_reading(struct connection *connection)
{
	struct control_session *session = &connection->session;
	bool wanted = !connection->end_of_input && !session->closing && control_session_has_room(session) &&
		      !control_lines_pending(&session->in);

	if (wanted == connection->reading)
		return;
	connection->reading = wanted;
	if (wanted)
		uv_read_start((uv_stream_t *)&connection->pipe, on_space, on_read);
	else
		uv_read_stop((uv_stream_t *)&connection->pipe);
}

/* Is there nothing left to do for a client that is closing or has ended its side? */
static bool
finished(const struct connection *connection)
{
	const struct control_session *session = &connection->session;

	if (connection->writing || session->out.length != 0)
		return false;
	return session->closing ||
	       (connection->end_of_input && session->requests == 0 && session->query_count == 0);
}

/* Handles what came in, makes and writes what goes out. True where more could be done at once. */
static bool
advance(struct connection *connection)
{
	struct control_session *session = &connection->session;
	bool more = control_session_input(session, MESSAGES_AT_ONCE);

	if (connection->ended) /* a handler closed the server */
		return false;
	more = control_query_work(session) || more;
	control_session_produce(session);
	start_write(connection);
	if (connection->ended)
		return false;
	if (finished(connection) && !more) {
		end_connection(connection);
		return false;
	}
	choose_reading(connection);
	return more;
}

static void
on_work(uv_idle_t *idle)
{
	struct control_socket *socket = idle->data;
	struct control_session *session, *next;
	bool more = false;

	uv_idle_stop(idle);
	socket->sent_at = clock_monotonic();
	control_query_turn(socket->server);
	DL_FOREACH_SAFE(socket->server->sessions, session, next)
	{
		if (advance((struct connection *)session))
			more = true;
	}
	if (more)
		uv_idle_start(idle, on_work);
}

static void
work_soon(struct control_socket *socket)
{
	uv_idle_start(&socket->work, on_work);
}

static void
on_written(uv_write_t *write, int status)
{
	struct connection *connection = write->data;

	connection->writing = false;
	connection->session.in_flight = 0;
	if (connection->ended)
		return;
	if (status != 0)
		end_connection(connection);
	else if (advance(connection))
		work_soon(connection->socket);
}

static void
on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *space)
{
	struct connection *connection = handle->data;
	uint8_t *at = buffer_reserve(&connection->session.in.bytes, READ_AT_ONCE);

	*space = uv_buf_init((char *)at, at != NULL ? READ_AT_ONCE : 0);
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *space)
{
	struct connection *connection = stream->data;

	if (got > 0) {
		buffer_added(&connection->session.in.bytes, (size_t)got);
	} else if (got < 0) {
		connection->end_of_input = true;
		if (got != UV_EOF || connection->session.following) {
			end_connection(connection);
			return;
		}
	}
	if (advance(connection))
		work_soon(connection->socket);
}

/* Connections of the same user. */
static size_t
connections_of(const struct control_server *server, const char *user)
{
	const struct control_session *session;
	size_t count = 0;

	DL_FOREACH(server->sessions, session)
	{
		count += strcmp(session->user, user) == 0;
	}
	return count;
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct control_socket *socket = stream->data;
	struct connection *connection;
	char user[32] = "";
	enum command_role role;
	uv_os_fd_t fd;
	bool crowded;

	if (status != 0)
		return;
	connection = memory_zeroed(1, sizeof(*connection));
	connection->socket = socket;
	uv_pipe_init(socket->loop, &connection->pipe, 0);
	connection->pipe.data = connection->write.data = connection;
	socket->handles++;
	socket->connections++;
	if (uv_accept(stream, (uv_stream_t *)&connection->pipe) != 0 ||
	    uv_fileno((uv_handle_t *)&connection->pipe, &fd) != 0) {
		connection->ended = true;
		socket->connections--;
		uv_close((uv_handle_t *)&connection->pipe, on_connection_closed);
		return;
	}
	role = control_role_of_socket(fd, user, sizeof(user));
	crowded = socket->connections > MOST_CONNECTIONS ||
		  (role != COMMAND_ADMIN && connections_of(socket->server, user) >= MOST_OF_ONE_USER);
	control_session_begin(&connection->session, socket->server, role, user);
	if (crowded)
		control_session_refuse(&connection->session, "too many connections are open");
	advance(connection);
}

/* --- times ------------------------------------------------------------------------------------- */

static void
on_heartbeat(uv_timer_t *timer)
{
	struct control_socket *socket = timer->data;
	struct control_session *session, *next;

	DL_FOREACH_SAFE(socket->server->sessions, session, next)
	{
		struct connection *connection = (struct connection *)session;

		if (session->closing && ++connection->closing_ticks > CLOSING_TICKS) {
			end_connection(connection);
			continue;
		}
		if (session->closing || session->out.length + session->in_flight != 0)
			continue;
		control_session_beat(session);
		start_write(connection);
	}
}

static void
on_gathered(uv_timer_t *timer)
{
	work_soon(timer->data);
}

static void
on_store_changed(struct control_server *server)
{
	struct control_socket *socket = server->socket;
	usec_t passed;

	if (server->sessions == NULL || uv_is_active((uv_handle_t *)&socket->gather))
		return;
	passed = clock_monotonic() - socket->sent_at;
	uv_timer_start(&socket->gather, on_gathered,
		       passed >= CHANGES_MS * USEC_PER_MS ? 0 : (uint64_t)(CHANGES_MS - passed / USEC_PER_MS),
		       0);
}

static void
on_wake(struct control_server *server, struct control_session *session)
{
	work_soon(server->socket);
}

/* --- opening and closing ----------------------------------------------------------------------- */

static void
on_own_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

/* The times begin once the socket listens. */
static void
start_times(struct control_socket *socket)
{
	uv_timer_init(socket->loop, &socket->heartbeat);
	uv_timer_init(socket->loop, &socket->gather);
	uv_idle_init(socket->loop, &socket->work);
	socket->heartbeat.data = socket->gather.data = socket->work.data = socket;
	socket->handles += 3;
	uv_timer_start(&socket->heartbeat, on_heartbeat, CONTROL_HEARTBEAT_MS, CONTROL_HEARTBEAT_MS);
}

struct control_server *
control_server_open(uv_loop_t *loop, const char *path, struct model_store *store, struct error *err)
{
	struct control_server *server = control_server_new(store);
	struct control_socket *socket = memory_zeroed(1, sizeof(*socket));

	signal(SIGPIPE,
	       SIG_IGN); /* a client that goes while it is written to is an error code, not the end */
	server->socket = socket;
	socket->server = server;
	socket->loop = loop;
	uv_pipe_init(loop, &socket->listener, 0);
	socket->listener.data = socket;
	socket->handles = 1;
	if (!control_listen_on(&socket->listener, path, on_connection, err)) {
		model_store_unwatch(store, &server->watch);
		uv_close((uv_handle_t *)&socket->listener, on_own_closed);
		return NULL;
	}
	server->wake = on_wake;
	server->changed = on_store_changed;
	start_times(socket);
	return server;
}

void
control_server_close(struct control_server *server)
{
	struct control_socket *socket;
	struct control_session *session, *next;

	if (server == NULL)
		return;
	socket = server->socket;
	server->wake = NULL;
	server->changed = NULL;
	model_store_unwatch(server->store, &server->watch);
	control_request_forget_server(server);
	DL_FOREACH_SAFE(server->sessions, session, next)
	{
		end_connection((struct connection *)session);
	}
	uv_close((uv_handle_t *)&socket->listener, on_own_closed);
	uv_close((uv_handle_t *)&socket->heartbeat, on_own_closed);
	uv_close((uv_handle_t *)&socket->gather, on_own_closed);
	uv_close((uv_handle_t *)&socket->work, on_own_closed);
}
