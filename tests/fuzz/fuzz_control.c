// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes from a client of the control socket: no crash, no leak, bounded output, and every line that the
 * gateway answers is a message that our own client would take. Between pieces of input the store changes, a
 * handler that was kept waiting ends, and the client reads or does not.
 */
#include <stdlib.h>
#include <string.h>

#include "core/control/server_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECE 512

struct run {
	struct model_store *store;
	struct control_server *server;
	struct control_session session;
	struct control_request *kept;
	struct control_lines read;
};

static void
keep_or_end(void *context, struct control_request *request)
{
	struct run *run = context;

	if (run->kept == NULL)
		run->kept = request;
	else if (control_request_flag(request, "dry_run"))
		control_request_done(request, json_pack("{s:i}", "a", 1), "done %s",
				     control_request_who(request));
	else
		control_request_fail(request, "no");
}

static bool
provide(void *context, const struct model_query *query)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	size_t given = 0;

	for (int i = 0; i < 50 && given < query->limit; i++) {
		model_set_format(&route->prefix, "10.%d.0.0/16", i);
		given++;
		if (!query->row(query->context, route))
			break;
	}
	model_row_free(MODEL_KIND_ROUTE, route);
	return given == 50;
}

/* Something happens in the gateway. */
static void
stir(struct run *run, uint8_t byte)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);
	struct model_route *route;
	char key[16];

	model_set_format(&tunnel->name, "t%d", byte % 4);
	tunnel->rx_bytes = byte;
	if (byte % 7 == 0)
		model_store_remove(
		    run->store, MODEL_KIND_TUNNEL,
		    model_row_key(model_kind_info(MODEL_KIND_TUNNEL), tunnel, key, sizeof(key)));
	else
		model_store_put(run->store, MODEL_KIND_TUNNEL, tunnel);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
	model_store_log(run->store, "info", "x", "y", "%d", byte);
	route = model_row_new(MODEL_KIND_ROUTE);
	model_set(&route->prefix, "10.0.0.0/8");
	model_store_paged_changed(run->store, MODEL_KIND_ROUTE, route, byte % 2);
	model_row_free(MODEL_KIND_ROUTE, route);
	if (byte % 5 == 0 && run->kept != NULL) {
		struct control_request *request = run->kept;

		run->kept = NULL;
		control_request_done(request, NULL, "late");
	}
}

/* The client reads what was written; all of it must be messages. */
static void
drain(struct run *run)
{
	struct error err;
	json_t *message;
	enum control_taken taken;

	buffer_append(&run->read.bytes, buffer_head(&run->session.out), run->session.out.length);
	buffer_consume(&run->session.out, run->session.out.length);
	while ((taken = control_lines_take(&run->read, &message, &err)) == CONTROL_TAKEN_ONE)
		json_decref(message);
	if (taken == CONTROL_TAKEN_BAD || run->read.bytes.length != 0)
		abort();
}

static void
begin(struct run *run, uint8_t role)
{
	size_t count;
	const struct command *commands = command_table(&count);

	run->store = model_store_new();
	model_store_set_provider(run->store, MODEL_KIND_ROUTE, provide, NULL);
	run->server = control_server_new(run->store);
	for (size_t i = 0; i < count; i++) {
		if (commands[i].place == COMMAND_GATEWAY)
			control_server_handle(run->server, commands[i].name, keep_or_end, run);
	}
	control_session_begin(&run->session, run->server, (enum command_role)(role % 3), "uid 1");
}

static void
end(struct run *run)
{
	control_session_end(&run->session);
	if (run->kept != NULL)
		control_request_fail(run->kept, "too late");
	buffer_free(&run->read.bytes);
	control_server_free(run->server);
	model_store_free(run->store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {0};

	if (size == 0)
		return 0;
	begin(&run, data[0]);
	for (size_t at = 1; at < size && !run.session.closing; at += PIECE) {
		size_t length = size - at < PIECE ? size - at : PIECE;

		buffer_append(&run.session.in.bytes, data + at, length);
		while (control_session_input(&run.session, 4))
			continue;
		stir(&run, data[at]);
		control_session_produce(&run.session);
		if (run.session.out.length > CONTROL_OUTSTANDING + 2 * CONTROL_LINE)
			abort();
		if (data[at] % 3 != 0)
			drain(&run);
	}
	drain(&run);
	end(&run);
	return 0;
}
