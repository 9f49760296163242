// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client asks. A request waits for its answer for as long as its row of the command table says and no
 * longer: a gateway that lives, and never answers, keeps nobody waiting. Seconds are counted in ticks, as in
 * client.c. An answer that comes later is passed over.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/control/bridge_internal.h"
#include "core/control/client_state.h"
#include "core/control/commands.h"

#define MOST_PENDING 1024

static void
on_soon(uv_timer_t *timer)
{
	struct control_client *client = timer->data;

	control_pending_fail_all(&client->failed,
				 client->why[0] != '\0' ? client->why : "no gateway answers");
}

/* Sends a request, or lets it fail on the next turn of the loop where there is nobody to ask. `message` is
 * taken. */
static void
ask(struct control_client *client, struct control_pending *pending, json_t *message)
{
	if (pending->id == 0)
		pending->id = ++client->last_id;
	if (message != NULL)
		json_object_set_new(message, "id", json_integer(pending->id));
	if (client->closed) {
		json_decref(message);
		control_pending_fail(pending, CONTROL_EXIT_NO_GATEWAY, "the connection is closed");
		return;
	}
	if (client->link != NULL && pending->refused == NULL && HASH_COUNT(client->pending) < MOST_PENDING &&
	    control_append(&client->out, json_incref(message))) {
		HASH_ADD(hh, client->pending, id, sizeof(pending->id), pending);
		control_client_flush(client);
	} else {
		HASH_ADD(hh, client->failed, id, sizeof(pending->id), pending);
		uv_timer_start(&client->soon, on_soon, 0, 0);
	}
	json_decref(message);
}

/* A command for a gateway that has greeted: sent, or refused where its version has no such thing. `message`
 * is taken. */
static void
ask_known(struct control_client *client, struct control_pending *pending, json_t *message)
{
	const struct command *command = command_find(json_string_value(json_object_get(message, "name")));
	struct error err;

	if (command != NULL &&
	    !command_in_version(command, json_object_get(message, "arguments"), client->version, &err))
		pending->refused = text_copy(err.text);
	ask(client, pending, message);
}

/* Out of the set first: to send may lose the connection, and with it all that is in the set. */
void
control_client_ask_held(struct control_client *client)
{
	struct control_pending *pending, *next, *held = NULL;

	HASH_ITER (hh, client->pending, pending, next) {
		if (pending->held == NULL)
			continue;
		HASH_DEL(client->pending, pending);
		HASH_ADD(hh, held, id, sizeof(pending->id), pending);
	}
	HASH_ITER (hh, held, pending, next) {
		json_t *message = pending->held;

		HASH_DEL(held, pending);
		pending->held = NULL;
		ask_known(client, pending, message);
	}
}

void
control_client_command(struct control_client *client, const char *name, json_t *arguments,
		       control_reply_fn done, void *context)
{
	struct control_pending *pending = memory_zeroed(1, sizeof(*pending));
	char via[64];
	json_t *message = json_pack("{s:s, s:s, s:o*, s:s*}", "do", "command", "name", name, "arguments",
				    arguments, "via", bridge_client_address(via, sizeof(via)));

	pending->reply = done;
	pending->context = context;
	pending->patience = client->answer_s != 0 ? client->answer_s : command_answer_s(name);
	if (client->closed || client->link == NULL || client->greeted ||
	    HASH_COUNT(client->pending) >= MOST_PENDING) {
		ask_known(client, pending, message);
		return;
	}
	pending->id = ++client->last_id;
	pending->held = message;
	HASH_ADD(hh, client->pending, id, sizeof(pending->id), pending);
}

void
control_client_page(struct control_client *client, const struct control_page_request *request,
		    control_page_fn done, void *context)
{
	struct control_pending *pending = memory_zeroed(1, sizeof(*pending));
	json_t *message =
	    json_pack("{s:s, s:s, s:s*, s:I}", "do", "query", "kind", model_kind_info(request->kind)->plural,
		      "filter", request->filter, "limit", (json_int_t)request->limit);

	if (message != NULL && (request->key != NULL || request->before))
		json_object_set_new(message, request->before ? "before" : "after",
				    request->key != NULL ? json_string(request->key) : json_null());
	if (message != NULL && request->partial)
		json_object_set_new(message, "partial", json_true());
	if (message != NULL && request->skip != 0)
		json_object_set_new(message, "skip", json_integer((json_int_t)request->skip));
	pending->query = true;
	pending->patience = client->answer_s != 0 ? client->answer_s : CONTROL_ANSWER_S;
	pending->page = done;
	pending->context = context;
	pending->kind = request->kind;
	ask(client, pending, message);
}

void
control_client_query(struct control_client *client, enum model_kind kind, const char *filter,
		     const char *after, size_t limit, control_page_fn done, void *context)
{
	const struct control_page_request request = {
	    .kind = kind, .filter = filter, .key = after, .limit = limit};

	control_client_page(client, &request, done, context);
}

static struct control_pending *
late(const struct control_client *client)
{
	struct control_pending *pending, *next;

	HASH_ITER (hh, client->pending, pending, next) {
		if (pending->waited > pending->patience)
			return pending;
	}
	return NULL;
}

void
control_client_tick_requests(struct control_client *client)
{
	struct control_pending *pending, *next;
	char text[160];

	HASH_ITER (hh, client->pending, pending, next)
		pending->waited++;
	/* whoever is told may ask anew, or close the client, which tells all the others */
	while (!client->closed && (pending = late(client)) != NULL) {
		HASH_DEL(client->pending, pending);
		snprintf(text, sizeof(text), "no answer for %u s%s", pending->patience,
			 pending->query || pending->held != NULL
			     ? ""
			     : ": whether it was done, the gateway has not said");
		control_pending_fail(pending, CONTROL_EXIT_NO_GATEWAY, text);
	}
}

size_t
control_client_unanswered(const struct control_client *client)
{
	return HASH_COUNT(client->pending) + HASH_COUNT(client->failed);
}
