// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client of the control socket: it connects, again and again where asked to, greets, hands what concerns
 * the model to the mirror and answers to who asked. The gateway may be on a machine that somebody else owns:
 * whatever does not fit the protocol ends the connection with a reason, and nothing it sends is believed in
 * its size or type.
 *
 * A stream that is silent for SILENT_TICKS seconds is taken for dead. Seconds are counted in ticks of our own
 * timer, not by the clock: a console that was stopped for an hour reads first before it judges.
 */
#include "core/control/client_state.h"

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "core/control/bridge_internal.h"
#include "core/control/listen.h"

#define FIRST_RETRY_MS 200
#define LAST_RETRY_MS 5000
#define LASTED_MS 10000
#define PIECE 512 /* bytes */
#define SILENT_TICKS 6
#define GREETING_TICKS \
	20 /* of a way: the far side has a shell and a bridge to start, as busy as it may be \
	    */
#define READ_AT_ONCE 16384

static void try_connect(struct control_client *client);
static void let_others_in(struct link *link);

/* --- states ------------------------------------------------------------------------------------ */

void
control_client_set_state(struct control_client *client, enum control_client_state state, const char *why)
{
	if (client->state == state && why == NULL)
		return;
	client->state = state;
	client->walking = 0;
	if (client->callbacks.state != NULL)
		client->callbacks.state(client->callbacks.context, state, why);
}

/* --- the connection ---------------------------------------------------------------------------- */

/* The last handle is closed: nothing refers to the client any more. */
static void
free_client(struct control_client *client)
{
	control_mirror_free(&client->mirror);
	buffer_free(&client->in.bytes);
	buffer_free(&client->out);
	free(client->role);
	free(client->version);
	free(client->run);
	free(client->socket);
	free(client);
}

static void
on_handle_closed(struct control_client *client)
{
	if (--client->handles == 0)
		free_client(client);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

static void
on_link_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;
	struct control_client *client = link->client;

	free(link);
	on_handle_closed(client);
}

static void
drop_link(struct control_client *client)
{
	struct link *link = client->link;

	client->link = NULL;
	client->greeted = client->refollows = false;
	client->mirror.live = false;
	buffer_free(&client->in.bytes);
	buffer_free(&client->out);
	client->in.searched = 0;
	if (link == NULL)
		return;
	if (link->attempt != NULL)
		client->transport->close(link->attempt);
	uv_close((uv_handle_t *)&link->pipe, on_link_closed);
}

static void
on_retry(uv_timer_t *timer)
{
	try_connect(timer->data);
}

/* Many that lost their gateways at one moment (the desk's own line went) don't come back at one: up to a
 * quarter of the time is left out. A socket on this machine has nobody beside it. */
static uint64_t
spread(const struct control_client *client, uint64_t ms)
{
	uint32_t number = 0;

	if (client->transport == NULL)
		return ms;
	uv_random(NULL, NULL, &number, sizeof(number), 0, NULL);
	return ms - (ms / 4) * (number % 1024) / 1024;
}

/* Was it more than a greeting? A far side that greets and goes again, each time, is tried less and less
 * often, as one that does not answer: before each greeting of a site there is a login. */
static bool
has_lasted(const struct control_client *client)
{
	uint64_t enough = client->retry_ms < LASTED_MS ? client->retry_ms : LASTED_MS;

	return client->greeted && clock_monotonic() - client->greeted_at >= (usec_t)enough * USEC_PER_MS;
}

/* The connection, or the try, is over. */
static void
lose_for(struct control_client *client, const char *why, bool lasting)
{
	if (has_lasted(client))
		client->retry_ms = client->first_retry_ms;
	snprintf(client->why, sizeof(client->why), "%s", why);
	client->trouble = lasting ? CONTROL_TROUBLE_LASTING : CONTROL_TROUBLE_LOST;
	drop_link(client);
	if (client->reconnect && !lasting) {
		uv_timer_start(&client->retry, on_retry, spread(client, client->retry_ms), 0);
		client->retry_ms = client->retry_ms * 2 < client->last_retry_ms ? client->retry_ms * 2
										: client->last_retry_ms;
	}
	control_client_set_state(
	    client, client->ever_greeted || !client->reconnect ? CONTROL_STALE : CONTROL_CONNECTING,
	    client->why);
	if (!client->closed)
		control_pending_fail_all(&client->pending, client->why);
}

/* The transport may know more of the end than the stream does. */
static void
lose(struct control_client *client, const char *why)
{
	struct link *link = client->link;
	const char *known = NULL;
	bool lasting = false;
	char copy[256];

	if (link != NULL && link->attempt != NULL)
		known = client->transport->why(link->attempt, &lasting);
	snprintf(copy, sizeof(copy), "%s", known != NULL ? known : why);
	lose_for(client, copy, lasting);
}

static void
on_space(uv_handle_t *handle, size_t suggested, uv_buf_t *space)
{
	struct link *link = handle->data;
	uint8_t *at = buffer_reserve(&link->client->in.bytes, READ_AT_ONCE);

	*space = uv_buf_init((char *)at, at != NULL ? READ_AT_ONCE : 0);
}

/* A sign of life: a message's end, or a good piece of a long one. A byte now and then, without an end, is
 * none: a site would be live for weeks that tells nothing. */
static bool
is_said(struct control_client *client, const char *bytes, size_t length)
{
	client->dribbled += length;
	if (client->dribbled < PIECE && memchr(bytes, '\n', length) == NULL)
		return false;
	client->dribbled = 0;
	return true;
}

static void
on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *space)
{
	struct link *link = stream->data;
	struct control_client *client = link->client;
	struct error err = {""};

	if (client->link != link)
		return;
	if (got > 0) {
		buffer_added(&client->in.bytes, (size_t)got);
		if (is_said(client, space->base, (size_t)got)) {
			client->heard = clock_monotonic();
			client->silent = 0;
		}
		if (!control_client_take(client, &err) && !client->closed && client->link == link) {
			if (client->transport != NULL && client->mirror.exceeded)
				lose_for(client, err.text, true);
			else
				lose(client, err.text);
		}
		if (!client->closed && client->link == link && (size_t)got == space->len)
			let_others_in(link);
	} else if (got < 0) {
		lose(client, got == UV_EOF ? "the gateway closed the connection" : uv_strerror((int)got));
	}
}

static void
on_again(uv_timer_t *timer)
{
	struct control_client *client = timer->data;

	if (client->link != NULL && client->link->connected)
		uv_read_start((uv_stream_t *)&client->link->pipe, on_space, on_read);
}

/* libuv would read on for as long as there is something, and a thousand tunnels have much to say: a key that
 * is pressed meanwhile has its turn between two pieces. */
static void
let_others_in(struct link *link)
{
	uv_read_stop((uv_stream_t *)&link->pipe);
	uv_timer_start(&link->client->again, on_again, 0, 0);
}

static json_t *
follow_message(const struct control_client *client)
{
	return json_pack("{s:i, s:s, s:o, s:o, s:I, s:b}", "id", 0, "do", "follow", "kinds",
			 control_kinds_to_json(client->mirror.kinds), "paged",
			 control_kinds_to_json(client->mirror.paged_kinds), "events",
			 (json_int_t)client->events, "brief", client->brief);
}

/* Who sits here, for the events over there. */
static json_t *
introduction(const struct link *link)
{
	const struct passwd *user = getpwuid(getuid());
	char host[64] = "", name[128];

	gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "%s@%s", user != NULL ? user->pw_name : "?", host);
	return json_pack("{s:i, s:s, s:s, s:s*}", "id", 0, "do", "introduce", "user", name, "key",
			 link->client->transport->key(link->attempt));
}

/* The stream stands: asks for the model, then what was asked for meanwhile. */
static void
begin(struct link *link)
{
	struct control_client *client = link->client;
	struct buffer requests;

	link->connected = true;
	client->silent = client->ungreeted = client->walking = 0;
	client->dribbled = 0;
	client->heard = clock_monotonic();
	uv_read_start((uv_stream_t *)&link->pipe, on_space, on_read);
	requests = client->out;
	client->out = (struct buffer){0};
	if (link->attempt != NULL)
		control_append(&client->out, introduction(link));
	if ((client->mirror.kinds | client->mirror.paged_kinds) != 0)
		control_append(&client->out, follow_message(client));
	if (requests.length != 0)
		buffer_append(&client->out, buffer_head(&requests), requests.length);
	buffer_free(&requests);
	control_client_flush(client);
}

static void
on_connected(uv_connect_t *connect, int status)
{
	struct link *link = connect->data;
	struct control_client *client = link->client;
	char why[256];

	if (client->link != link)
		return;
	if (status == 0) {
		begin(link);
		return;
	}
	snprintf(why, sizeof(why), "no gateway answers on %s: %s", client->socket, uv_strerror(status));
	lose(client, why);
}

static void
on_opened(void *context, int fd)
{
	struct link *link = context;
	int status = uv_pipe_open(&link->pipe, fd);

	if (status == 0) {
		begin(link);
		return;
	}
	close(fd);
	lose(link->client, uv_strerror(status));
}

static void
on_failed(void *context, const char *why, bool lasting)
{
	lose_for(((struct link *)context)->client, why, lasting);
}

static void
try_connect(struct control_client *client)
{
	struct link *link = memory_zeroed(1, sizeof(*link));

	link->client = client;
	uv_pipe_init(client->loop, &link->pipe, 0);
	link->pipe.data = link->connect.data = link;
	client->handles++;
	client->link = link;
	if (client->transport != NULL)
		link->attempt =
		    client->transport->open(client->transport->context, client->loop,
					    &(struct control_transport_events){
						.context = link, .opened = on_opened, .failed = on_failed});
	else
		uv_pipe_connect(&link->connect, &link->pipe, client->socket, on_connected);
}

static void
on_written(uv_write_t *write, int status)
{
	struct out_write *done = write->data;

	buffer_free(&done->bytes); /* a failure shows when reading */
	free(done);
}

/* Hands what waits in `out` to the socket once it is connected. */
void
control_client_flush(struct control_client *client)
{
	struct out_write *out;
	uv_buf_t bytes;

	if (client->link == NULL || !client->link->connected || client->out.length == 0)
		return;
	out = memory_zeroed(1, sizeof(*out));
	out->bytes = client->out;
	client->out = (struct buffer){0};
	out->write.data = out;
	bytes = uv_buf_init((char *)out->bytes.data + out->bytes.start, (unsigned)out->bytes.length);
	if (uv_write(&out->write, (uv_stream_t *)&client->link->pipe, &bytes, 1, on_written) != 0)
		on_written(&out->write, -1);
}

/* It is heard: does it answer, too? */
static void
watch_answers(struct control_client *client)
{
	unsigned patience = client->answer_s != 0 ? client->answer_s : CONTROL_ANSWER_S;
	char why[96];

	if (client->state == CONTROL_SYNCING && ++client->walking > patience) {
		snprintf(why, sizeof(why), "no answer for %u s: the gateway does not tell what it has",
			 patience);
		lose(client, why);
	} else {
		control_client_tick_requests(client);
	}
}

static void
on_watch(uv_timer_t *timer)
{
	struct control_client *client = timer->data;
	unsigned patience = client->transport != NULL ? GREETING_TICKS : SILENT_TICKS;

	if (client->link == NULL || !client->link->connected)
		return;
	client->silent++;
	/* before the greeting all bytes are the same: blank lines without end are none */
	if (!client->greeted && ++client->ungreeted <= patience)
		return;
	if (!client->greeted && client->silent < client->ungreeted)
		lose(client, "what answers is not a gateway: it does not greet");
	else if (client->silent > SILENT_TICKS)
		lose(client, "nothing was heard from the gateway for some seconds");
	else
		watch_answers(client);
}

/* --- the client's own life --------------------------------------------------------------------- */

static struct control_client *
client_new(uint64_t kinds, uint64_t paged_kinds)
{
	struct control_client *client = memory_zeroed(1, sizeof(*client));

	client->retry_ms = client->first_retry_ms = FIRST_RETRY_MS;
	client->last_retry_ms = LAST_RETRY_MS;
	control_mirror_init(&client->mirror, kinds, paged_kinds);
	return client;
}

struct control_client *
control_client_open(uv_loop_t *loop, const struct control_client_options *options, struct error *err)
{
	struct control_client *client;

	if (options->transport == NULL && !control_listen_path_fits(options->socket, err))
		return NULL;
	signal(SIGPIPE,
	       SIG_IGN); /* a gateway that goes while it is written to is an error code, not the end */
	client = client_new(options->kinds, options->paged_kinds);
	client->loop = loop;
	client->socket = text_copy(options->socket != NULL ? options->socket : "");
	client->transport = options->transport;
	if (client->transport != NULL)
		control_mirror_is_far(&client->mirror);
	if (options->transport != NULL && options->transport->first_retry_ms != 0) {
		client->retry_ms = client->first_retry_ms = options->transport->first_retry_ms;
		client->last_retry_ms = options->transport->last_retry_ms;
	}
	client->reconnect = options->reconnect;
	client->events = options->events;
	client->answer_s = options->answer_s;
	client->brief = options->brief;
	client->callbacks = options->callbacks;
	uv_timer_init(loop, &client->retry);
	uv_timer_init(loop, &client->watchdog);
	uv_timer_init(loop, &client->soon);
	uv_timer_init(loop, &client->again);
	client->retry.data = client->watchdog.data = client->soon.data = client->again.data = client;
	client->handles = 4;
	uv_timer_start(&client->watchdog, on_watch, CONTROL_HEARTBEAT_MS, CONTROL_HEARTBEAT_MS);
	try_connect(client);
	return client;
}

void
control_client_close(struct control_client *client)
{
	if (client == NULL || client->closed)
		return;
	client->closed = true;
	drop_link(client);
	uv_close((uv_handle_t *)&client->retry, on_timer_closed);
	uv_close((uv_handle_t *)&client->watchdog, on_timer_closed);
	uv_close((uv_handle_t *)&client->soon, on_timer_closed);
	uv_close((uv_handle_t *)&client->again, on_timer_closed);
	control_pending_fail_all(&client->pending, "the connection was closed");
	control_pending_fail_all(&client->failed,
				 client->why[0] != '\0' ? client->why : "the connection was closed");
}

enum control_client_state
control_client_state(const struct control_client *client)
{
	return client->state;
}

enum control_client_trouble
control_client_trouble(const struct control_client *client)
{
	return client->trouble;
}

uint64_t
control_client_next_try(const struct control_client *client)
{
	return client->link == NULL && uv_is_active((const uv_handle_t *)&client->retry)
		   ? uv_timer_get_due_in(&client->retry)
		   : 0;
}

void
control_client_retry(struct control_client *client)
{
	if (client->closed || client->link != NULL)
		return;
	uv_timer_stop(&client->retry);
	try_connect(client);
}

void
control_client_follow(struct control_client *client, uint64_t kinds, size_t events, bool brief)
{
	client->events = events;
	client->brief = brief;
	client->mirror.kinds |= kinds;
	if (client->closed || client->link == NULL || !client->link->connected)
		return; /* the stream begins with it */
	client->refollows = client->mirror.live;
	if (client->greeted && !client->refollows)
		control_client_set_state(client, CONTROL_SYNCING, NULL);
	control_append(&client->out, follow_message(client));
	control_client_flush(client);
}

bool
control_client_is_whole(const struct control_client *client)
{
	return client->state == CONTROL_LIVE && !client->refollows;
}

struct model_store *
control_client_store(struct control_client *client)
{
	return client->mirror.store;
}

usec_t
control_client_heard(const struct control_client *client)
{
	return client->heard;
}

const char *
control_client_role(const struct control_client *client)
{
	return client->role;
}

const char *
control_client_version(const struct control_client *client)
{
	return client->version;
}

/* --- without a gateway ------------------------------------------------------------------------- */

static void
ignore_reply(void *context, const struct control_reply *reply)
{
}

static void
ignore_page(void *context, const struct control_page *page)
{
}

/* Waits for the answers 1, a page of routes, and 2, a command's. */
struct control_client *
control_client_new_detached(uint64_t kinds, uint64_t paged_kinds)
{
	struct control_client *client = client_new(kinds, paged_kinds);

	for (int i = 1; i <= 2; i++) {
		struct control_pending *pending = memory_zeroed(1, sizeof(*pending));

		*pending = (struct control_pending){.id = i,
						    .query = i == 1,
						    .reply = ignore_reply,
						    .page = ignore_page,
						    .kind = MODEL_KIND_ROUTE};
		HASH_ADD(hh, client->pending, id, sizeof(pending->id), pending);
	}
	return client;
}

void
control_client_free_detached(struct control_client *client)
{
	control_pending_fail_all(&client->pending, "");
	free_client(client);
}

bool
control_client_input(struct control_client *client, const void *bytes, size_t length, struct error *err)
{
	buffer_append(&client->in.bytes, bytes, length);
	return control_client_take(client, err);
}
