// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The gateway's side of one connection: messages in, answers and changes of the model out; see protocol.h.
 * What goes out is made only while there is room for it, straight from the store, from the place (a
 * model_cursor) up to which this client has it; so a client that stops reading costs a few hundred kilobytes
 * and no time.
 */
#include "core/control/server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BRIEF_BEAT 2    /* of the heartbeats, for who follows in brief */
#define BRIEF_FIGURES 6 /* the gateway's rates, in place of a heartbeat */

static uint64_t
kind_bit(enum model_kind kind)
{
	return UINT64_C(1) << kind;
}

bool
control_session_has_room(const struct control_session *session)
{
	return session->out.length + session->in_flight < CONTROL_OUTSTANDING;
}

void
control_session_begin(struct control_session *session, struct control_server *server, enum command_role role,
		      const char *who)
{
	session->server = server;
	session->role = role;
	snprintf(session->user, sizeof(session->user), "%s", who);
	snprintf(session->who, sizeof(session->who), "%s", who);
	DL_APPEND(server->sessions, session);
	control_session_greet(session);
}

void
control_session_end(struct control_session *session)
{
	DL_DELETE(session->server->sessions, session);
	control_request_forget_session(session);
	control_query_drop_all(session);
	control_session_watched_kinds_changed(session->server);
	buffer_free(&session->in.bytes);
	buffer_free(&session->out);
}

void
control_session_refuse(struct control_session *session, const char *text)
{
	control_append(&session->out, json_pack("{s:s}", "error", text));
	session->closing = true;
	session->following = false;
}

void
control_session_reply(struct control_session *session, json_int_t id, int exit_code, const char *text,
		      json_t *result)
{
	json_t *reply = json_pack("{s:I, s:i, s:s}", "reply", id, "exit_code", exit_code, "text", text);

	if (reply == NULL) /* a text that is not UTF-8 */
		reply = json_pack("{s:I, s:i, s:s}", "reply", id, "exit_code", exit_code, "text", "?");
	if (result != NULL)
		json_object_set_new(reply, "result", result);
	if (!control_append(&session->out, reply))
		control_append(&session->out,
			       json_pack("{s:I, s:i, s:s}", "reply", id, "exit_code", CONTROL_EXIT_FAILED,
					 "text", "the answer is larger than a message may be"));
}

/* --- following --------------------------------------------------------------------------------- */

/* The sequence of the event before the last `count`. */
static uint64_t
sequence_before_last(const struct model_store *store, size_t count)
{
	size_t total = model_store_count(store, MODEL_KIND_EVENT);
	const struct model_event *event;

	if (total == 0)
		return 0;
	if (count == 0) {
		event = model_store_at(store, MODEL_KIND_EVENT, total - 1);
		return event->sequence;
	}
	event = model_store_at(store, MODEL_KIND_EVENT, count < total ? total - count : 0);
	return event->sequence - 1;
}

static void
put_event(struct control_session *session, const struct model_event *event)
{
	control_append_row(&session->out, "{\"event\":", model_kind_info(MODEL_KIND_EVENT), event, UINT64_MAX,
			   "}");
	session->last_event = event->sequence;
}

/* Sends the events behind last_event. True when there are no more. */
static bool
produce_past_events(struct control_session *session)
{
	const struct model_store *store = session->server->store;
	size_t low = 0, high = model_store_count(store, MODEL_KIND_EVENT);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct model_event *event = model_store_at(store, MODEL_KIND_EVENT, middle);

		if (event->sequence > session->last_event)
			high = middle;
		else
			low = middle + 1;
	}
	for (; low < model_store_count(store, MODEL_KIND_EVENT); low++) {
		if (!control_session_has_room(session))
			return false;
		put_event(session, model_store_at(store, MODEL_KIND_EVENT, low));
	}
	return true;
}

/* The key fields of a kind: they go along with every row. */
static uint64_t
key_fields(const struct model_kind_info *info)
{
	uint64_t fields = 0;

	for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++)
		fields |= UINT64_C(1) << (info->key[i] - info->shape->fields);
	return fields;
}

static void
put_row(struct control_session *session, const struct model_kind_info *info, const void *row, uint64_t fields)
{
	char begin[64];

	snprintf(begin, sizeof(begin), "{\"put\":\"%s\",\"row\":", info->plural);
	control_append_row(&session->out, begin, info, row, fields, "}");
}

static bool
put_change(void *context, const struct model_change *change)
{
	struct control_session *session = context;
	const struct model_kind_info *info = model_kind_info(change->kind);
	uint64_t fields = change->fields;

	if (session->brief && session->live && info->storage == MODEL_STORED)
		fields &= ~model_fields_figures(info->shape);
	if (fields == 0 && change->row != NULL)
		return true;
	if ((session->kinds & kind_bit(change->kind)) == 0)
		return true;
	if (change->row == NULL)
		control_append(&session->out, json_pack("{s:s, s:o}", "gone", info->plural, "key",
							json_string(change->key)));
	else if (info->storage == MODEL_LOG)
		put_event(session, change->row);
	else
		put_row(session, info, change->row, fields | key_fields(info));
	return control_session_has_room(session);
}

/* Events that came before the walk of the rows began are sent by sequence, later ones by the walk. */
static void
produce_changes(struct control_session *session)
{
	bool restart = false, all;

	if (!session->begun) {
		control_append(&session->out, json_pack("{s:b}", "begin", true));
		session->begun = true;
		session->past_sent = (session->kinds & kind_bit(MODEL_KIND_EVENT)) == 0;
	}
	if (!session->past_sent && !produce_past_events(session))
		return;
	session->past_sent = true;
	all = model_store_follow(session->server->store, &session->cursor, &restart, put_change, session);
	if (restart) {
		session->begun = session->live = false;
	} else if (all && !session->live) {
		control_append(&session->out, json_pack("{s:b}", "live", true));
		session->live = true;
	}
}

void
control_session_produce(struct control_session *session)
{
	if (!session->following || !control_session_has_room(session))
		return;
	if (session->missed != 0) {
		control_append(&session->out, json_pack("{s:I}", "missed", (json_int_t)session->missed));
		session->missed = 0;
	}
	produce_changes(session);
	if (!session->begun)
		produce_changes(session);
}

/* Of all figures those of the gateway as a whole, now and then. */
static bool
put_figures(struct control_session *session)
{
	const struct model_store *store = session->server->store;
	const struct model_kind_info *info = model_kind_info(MODEL_KIND_GATEWAY);

	if (!session->live || (session->kinds & kind_bit(MODEL_KIND_GATEWAY)) == 0 ||
	    model_store_count(store, MODEL_KIND_GATEWAY) == 0)
		return false;
	return control_append(
	    &session->out,
	    json_pack("{s:s, s:o}", "put", info->plural, "row",
		      model_row_to_json(info->shape, model_store_at(store, MODEL_KIND_GATEWAY, 0),
					model_fields_figures(info->shape) | key_fields(info))));
}

void
control_session_beat(struct control_session *session)
{
	session->ticks++;
	if (session->brief && session->ticks % BRIEF_BEAT != 0)
		return;
	if (session->brief && session->ticks % BRIEF_FIGURES == 0 && put_figures(session))
		return;
	control_append(&session->out, json_pack("{s:b}", "heartbeat", true));
}

static void
handle_follow(struct control_session *session, const json_t *message)
{
	uint64_t paged = 0, stored = 0, both;
	json_int_t events = json_integer_value(json_object_get(message, "events"));

	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++) {
		if (model_kind_info((enum model_kind)kind)->storage == MODEL_PAGED)
			paged |= kind_bit((enum model_kind)kind);
		else
			stored |= kind_bit((enum model_kind)kind);
	}
	both = control_kinds_from_json(json_object_get(message, "kinds"));
	session->kinds = both & stored;
	session->paged_kinds = control_kinds_from_json(json_object_get(message, "paged")) & paged;
	session->brief = json_is_true(json_object_get(message, "brief"));
	session->ticks = 0;
	session->following = true;
	session->begun = session->live = false;
	session->cursor = (struct model_cursor){0};
	session->missed = 0;
	session->last_event = sequence_before_last(session->server->store, events > 0 ? (size_t)events : 0);
	control_session_watched_kinds_changed(session->server);
}

/* --- single changes of the large kinds --------------------------------------------------------- */

static void
on_paged(void *context, enum model_kind kind, const void *row, bool gone)
{
	struct control_server *server = context;
	const struct model_kind_info *info = model_kind_info(kind);
	struct control_session *session;
	struct buffer line = {0};
	char begin[64];

	snprintf(begin, sizeof(begin), "{\"changed\":\"%s\",\"row\":", info->plural);
	DL_FOREACH(server->sessions, session)
	{
		if (!session->following || (session->paged_kinds & kind_bit(kind)) == 0)
			continue;
		if (!control_session_has_room(session)) {
			session->missed++;
			continue;
		}
		if (line.length == 0)
			control_append_row(&line, begin, info, row, UINT64_MAX,
					   gone ? ",\"gone\":true}" : ",\"gone\":false}");
		buffer_append(&session->out, buffer_head(&line), line.length);
		if (server->changed != NULL)
			server->changed(server);
	}
	buffer_free(&line);
}

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct control_server *server = context;

	if (server->changed != NULL)
		server->changed(server);
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	on_changed(context, kind, row, 0);
}

void
control_session_watch_store(struct control_server *server)
{
	server->watch = (struct model_watch){
	    .changed = on_changed, .removed = on_removed, .paged = on_paged, .context = server};
	model_store_watch(server->store, &server->watch);
}

void
control_session_watched_kinds_changed(struct control_server *server)
{
	struct control_session *session;

	server->watch.paged_kinds = 0;
	DL_FOREACH(server->sessions, session)
	{
		if (session->following)
			server->watch.paged_kinds |= session->paged_kinds;
	}
	model_store_interest_changed(server->store);
}

/* --- messages ---------------------------------------------------------------------------------- */

static void
handle_command(struct control_session *session, json_int_t id, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "name"));
	const char *via = json_string_value(json_object_get(message, "via"));

	if (!session->bridged)
		text_clean(session->via, sizeof(session->via), via != NULL ? via : "");
	if (name == NULL)
		control_session_reply(session, id, CONTROL_EXIT_USAGE, "a command needs a name", NULL);
	else
		control_request_begin(session, id, name, json_object_get(message, "arguments"));
}

static void
handle(struct control_session *session, const json_t *message)
{
	const char *what = json_string_value(json_object_get(message, "do"));
	const json_t *id = json_object_get(message, "id");

	if (what == NULL || !json_is_integer(id))
		control_session_refuse(session, "a request needs \"do\", a text, and \"id\", a number");
	else if (strcmp(what, "follow") == 0)
		handle_follow(session, message);
	else if (strcmp(what, "bridge") == 0)
		control_session_bridge(session, message);
	else if (strcmp(what, "introduce") == 0)
		control_session_introduce(session, message);
	else if (session->server->stopping && (strcmp(what, "query") == 0 || strcmp(what, "command") == 0))
		control_session_reply(session, json_integer_value(id), CONTROL_EXIT_FAILED, CONTROL_STOPS,
				      NULL);
	else if (strcmp(what, "query") == 0)
		control_query_begin(session, json_integer_value(id), message);
	else if (strcmp(what, "command") == 0)
		handle_command(session, json_integer_value(id), message);
	else
		control_session_reply(session, json_integer_value(id), CONTROL_EXIT_USAGE,
				      "this gateway (version " TWINSPAN_VERSION ") knows no such request",
				      NULL);
	session->asked = true;
}

bool
control_session_input(struct control_session *session, unsigned most)
{
	for (;
	     !session->closing && control_session_has_room(session) && session->query_count < SESSION_QUERIES;
	     most--) {
		struct error err = {""};
		json_t *message;

		if (most == 0)
			return control_lines_pending(&session->in);
		switch (control_lines_take(&session->in, &message, &err)) {
		case CONTROL_TAKEN_NONE:
			return false;
		case CONTROL_TAKEN_BAD:
			control_session_refuse(session, err.text);
			return false;
		case CONTROL_TAKEN_ONE:
			handle(session, message);
			json_decref(message);
			break;
		}
	}
	return false;
}
