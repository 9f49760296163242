// SPDX-License-Identifier: GPL-2.0-or-later
/* The canned gateway behind the console: a real control server on a store that world.c fills, with answers
 * that tests choose, and a note of every command that came. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/console/harness_internal.h"
#include "tests/console/world.h"

/* "aws-paris dry", "aws-paris/1 force done": what came, as tests ask for it. */
static void
note_command(struct world *world, const struct control_request *request)
{
	static const char *const names[] = {"connection", "tunnel", "peer", "confirm_within"};
	static const char *const flags[] = {"back", "force"};
	char text[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = control_request_text(request, names[i]);

		if (value != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", value);
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (control_request_flag(request, flags[i]))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s ", flags[i]);
	}
	snprintf(text + used, sizeof(text) - used, "%s",
		 control_request_flag(request, "dry_run") ? "dry" : "done");
	text_list_add(&world->commands, text);
}

static json_t *
plan_of(const struct world *world, const char *connection)
{
	json_t *plan = world_plan(world->own_path);

	if (connection != NULL && strcmp(connection, "aws-paris") != 0)
		json_object_set_new(plan, "to", json_sprintf("%s/2", connection));
	return plan;
}

static void
answer(struct world *world, struct control_request *request)
{
	const char *connection = control_request_text(request, "connection"),
		   *tunnel = control_request_text(request, "tunnel");
	bool force = control_request_flag(request, "force"), dry = control_request_flag(request, "dry_run");

	if (world->guarded && !force)
		control_request_refuse(request, json_pack("{s:s}", "force", "own_path"),
				       "you reach this gateway through %s (from 192.0.2.7): it would cut "
				       "your own connection; --force does it all the same",
				       tunnel != NULL ? tunnel : "aws-paris/1");
	else if (tunnel != NULL && world->fails[0] != '\0' && strcmp(world->fails, tunnel) == 0)
		control_request_fail(request, "%s is in the middle of a rekey", tunnel);
	else if (dry)
		control_request_done(request, plan_of(world, connection),
				     "12 prefixes move from aws-paris/1 to aws-paris/2");
	else if (connection != NULL && strcmp(connection, "aws-paris") == 0 &&
		 (tunnel == NULL || strcmp(tunnel, "aws-paris/2") == 0)) {
		world_move(world->store);
		control_request_done(request, NULL,
				     "moved from aws-paris/1 to aws-paris/2 in 412 ms, longest gap 11 ms");
	} else if (connection != NULL)
		control_request_fail(request, "%s has no other tunnel that is up", connection);
	else
		control_request_done(request, NULL, "asked");
}

static void
on_command(void *context, struct control_request *request)
{
	struct world *world = context;

	note_command(world, request);
	if (world->holds && !control_request_flag(request, "dry_run")) {
		assert_null(world->held);
		world->held = request;
	} else {
		answer(world, request);
	}
}

void
world_hold(struct world *world, bool hold)
{
	struct control_request *held = world->held;

	world->holds = hold;
	world->held = NULL;
	if (held != NULL && !hold)
		answer(world, held);
}

void
world_guard(struct world *world, bool guarded)
{
	world->guarded = guarded;
}

void
world_own_path(struct world *world, bool own)
{
	world->own_path = own;
}

void
world_fail_at(struct world *world, const char *tunnel)
{
	snprintf(world->fails, sizeof(world->fails), "%s", tunnel);
}

static void
on_explain(void *context, struct control_request *request)
{
	struct world *world = context;
	const char *target = control_request_text(request, "target");
	json_t *answer = world_explain(world->store, target);
	char text[256];

	snprintf(text, sizeof(text), "explain %s", target);
	text_list_add(&world->commands, text);
	if (answer == NULL)
		control_request_fail(request, "'%s' is no address, prefix, tunnel or connection", target);
	else
		control_request_done(request, answer, "in short");
}

static void
on_drill(void *context, struct control_request *request)
{
	struct world *world = context;

	note_command(world, request);
	if (control_request_flag(request, "dry_run") ||
	    (world->guarded && !control_request_flag(request, "force")))
		answer(world, request);
	else
		control_request_done(request, world_drill(), "aws-paris: the other tunnel took over");
}

void
world_serve(struct world *world)
{
	static const char *const commands[] = {"switchover", "auto",  "up",    "down",    "rekey",  "reset",
					       "shutdown",   "start", "drain", "undrain", "confirm"};
	struct error err;

	world->server = control_server_open(&world->loop, world->socket, world->store, &err);
	if (world->server == NULL)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		control_server_handle(world->server, commands[i], on_command, world);
	control_server_handle(world->server, "explain", on_explain, world);
	control_server_handle(world->server, "drill", on_drill, world);
	for (size_t i = 0; i < world->handler_count; i++)
		control_server_handle(world->server, world->handlers[i].command, world->handlers[i].handler,
				      world->handlers[i].context);
}

void
world_handle(struct world *world, const char *command, control_handler handler, void *context)
{
	assert_true(world->handler_count < COUNT_OF(world->handlers));
	world->handlers[world->handler_count].command = command;
	world->handlers[world->handler_count].handler = handler;
	world->handlers[world->handler_count++].context = context;
	if (world->server != NULL)
		control_server_handle(world->server, command, handler, context);
}

void
world_stop_serving(struct world *world)
{
	control_server_close(world->server);
	world->server = NULL;
	uv_run(&world->loop, UV_RUN_NOWAIT);
}

struct world *
world_new_silent(void)
{
	struct world *world = memory_zeroed(1, sizeof(*world));

	uv_loop_init(&world->loop);
	snprintf(world->folder, sizeof(world->folder), "/tmp/twinspan-console-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->socket, sizeof(world->socket), "%s/control.sock", world->folder);
	world->store = model_store_new();
	world_fill(world->store);
	world->fd = -1;
	return world;
}

struct world *
world_new(void)
{
	struct world *world = world_new_silent();

	world_serve(world);
	return world;
}

static void
remove_settings(const struct world *world)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world->folder);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

void
world_free(struct world *world)
{
	if (world->server != NULL)
		world_stop_serving(world);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	uv_loop_close(&world->loop);
	model_store_free(world->store);
	text_list_free(&world->commands);
	unlink(world->socket);
	remove_settings(world);
	rmdir(world->folder);
	free(world);
}

struct model_store *
world_store(struct world *world)
{
	return world->store;
}

void *
world_take(struct world *world, enum model_kind kind, const char *key)
{
	const struct model_shape *shape = model_kind_info(kind)->shape;
	void *row = model_row_new(kind);

	model_row_clear(shape, row);
	model_row_copy(shape, row,
		       key != NULL ? model_store_get(world->store, kind, key)
				   : model_store_at(world->store, kind, 0));
	return row;
}

void
world_put(struct world *world, enum model_kind kind, void *row)
{
	model_store_put(world->store, kind, row);
	model_row_free(kind, row);
}

size_t
world_commands(const struct world *world, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < world->commands.count; i++)
		count += strcmp(world->commands.items[i], text) == 0;
	return count;
}

const char *
world_folder(const struct world *world)
{
	return world->folder;
}
void
world_wait_command(struct world *world, const char *text)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (world_commands(world, text) == 0 && clock_monotonic() < end)
		world_turn(world);
	if (world_commands(world, text) != 1)
		fail_msg("'%s' came %zu times", text, world_commands(world, text));
}
