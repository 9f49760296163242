// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queries: pages of rows of any kind. A filter that matches little among a million rows takes seconds to find
 * a page, and the loop must not wait: a query works in slices, at most one slice a turn of the loop for all
 * clients together, and keeps between two slices only the key that it has come to.
 */
#include "core/control/server_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/base/clock.h"

#define MOST_KEY 1024                     /* bytes of "after" and "before" */
#define SLICE USEC_PER_MS                 /* of work in one turn of the loop */
#define PARTIAL_AFTER (150 * USEC_PER_MS) /* what is found by then is told to who can go on */

struct control_query {
	struct control_query *prev, *next; /* in the session's list */
	struct control_session *session;
	json_int_t id;
	const struct model_kind_info *info;
	char *text; /* of the filter; NULL for none */
	struct model_filter *filter;
	bool backwards, partial, complete;
	char key[MOST_KEY + 1]; /* to go on after; "": from the start, or backwards from the end */
	size_t limit, count;
	uint64_t skip, skipped; /* rows to be passed over still, and that were */
	usec_t begun;
	uint64_t total;
	struct buffer rows; /* as JSON, without commas between them */
	uint32_t *ends;     /* where each ends in `rows` */
};

static void
query_free(struct control_query *query)
{
	model_filter_free(query->filter);
	buffer_free(&query->rows);
	free(query->ends);
	free(query->text);
	free(query);
}

static void
drop(struct control_query *query)
{
	DL_DELETE(query->session->queries, query);
	query->session->query_count--;
	query_free(query);
}

void
control_query_drop_all(struct control_session *session)
{
	while (session->queries != NULL)
		drop(session->queries);
}

void
control_query_refuse_all(struct control_session *session)
{
	while (session->queries != NULL) {
		control_session_reply(session, session->queries->id, CONTROL_EXIT_FAILED, CONTROL_STOPS,
				      NULL);
		drop(session->queries);
	}
}

/* --- its answer -------------------------------------------------------------------------------- */

static void put_text(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
put_text(struct buffer *out, const char *format, ...)
{
	char text[128];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buffer_append(out, text, (size_t)length);
}

static void
put_rows(const struct control_query *query, struct buffer *out)
{
	for (size_t i = 0; i < query->count; i++) {
		size_t row = query->backwards ? query->count - 1 - i : i;
		size_t from = row > 0 ? query->ends[row - 1] : 0;

		if (i > 0)
			buffer_append(out, ",", 1);
		buffer_append(out, buffer_head(&query->rows) + from, query->ends[row] - from);
	}
}

/* Answers with what there is and ends the query. `reached`: it goes on from its key. */
static void
answer(struct control_query *query, bool reached)
{
	struct buffer *out = &query->session->out;
	json_t *key;

	put_text(out, "{\"page\":%lld,\"kind\":\"%s\",\"rows\":[", (long long)query->id, query->info->plural);
	put_rows(query, out);
	put_text(out, "],\"complete\":%s,\"total\":", query->complete ? "true" : "false");
	if (query->total != MODEL_UINT_UNSET)
		put_text(out, "%llu", (unsigned long long)query->total);
	else
		put_text(out, "null");
	if (query->skipped != 0)
		put_text(out, ",\"skipped\":%llu", (unsigned long long)query->skipped);
	if (reached && (key = json_string(query->key)) != NULL) {
		put_text(out, ",\"reached\":");
		control_append_value(out, key);
		json_decref(key);
	}
	put_text(out, "}\n");
	drop(query);
}

/* --- its work ---------------------------------------------------------------------------------- */

static bool
take_row(void *context, const void *row)
{
	struct control_query *query = context;

	if (!model_filter_match(query->filter, query->info->shape, row))
		return true;
	model_row_append_json(&query->rows, query->info->shape, row, UINT64_MAX);
	if ((query->count & (query->count + 1)) == 0 || query->ends == NULL)
		query->ends = memory_resize(query->ends, (query->count + 1) * 2 * sizeof(*query->ends));
	query->ends[query->count++] = (uint32_t)query->rows.length;
	return query->rows.length < CONTROL_PAGE_BYTES;
}

/* One slice. True where the query is answered. */
static bool
work(struct control_query *query, usec_t until)
{
	char reached[MODEL_REACHED] = "";
	const struct model_query ask = {.filter = query->text,
					.after = query->key[0] != '\0' ? query->key : NULL,
					.limit = query->limit - query->count,
					.row = take_row,
					.context = query,
					.backwards = query->backwards,
					.until = until,
					.reached = reached,
					.total = &query->total,
					.skip = &query->skip};
	uint64_t skip = query->skip;

	query->complete = true;
	model_store_query(query->session->server->store, query->info->kind, &ask, &query->complete);
	query->skipped += skip - query->skip;
	if (reached[0] == '\0') {
		answer(query, false);
		return true;
	}
	snprintf(query->key, sizeof(query->key), "%s", reached);
	query->complete = false;
	if (query->partial && clock_monotonic() - query->begun >= PARTIAL_AFTER) {
		answer(query, true);
		return true;
	}
	return false;
}

void
control_query_turn(struct control_server *server)
{
	struct control_session *first = server->sessions;

	server->queries_until = server->queries_rest = clock_monotonic() + SLICE;
	if (first == NULL || first->next == NULL)
		return;
	DL_DELETE(server->sessions, first); /* another is first in the next turn */
	DL_APPEND(server->sessions, first);
}

bool
control_query_work(struct control_session *session)
{
	usec_t until = session->server->queries_until;

	while (session->queries != NULL && control_session_has_room(session) && clock_monotonic() < until)
		work(session->queries, until);
	return session->queries != NULL && control_session_has_room(session);
}

/* --- its beginning ----------------------------------------------------------------------------- */

static struct control_query *
query_new(struct control_session *session, json_int_t id, const json_t *message, struct error *err)
{
	const char *name = json_string_value(json_object_get(message, "kind"));
	const json_t *before = json_object_get(message, "before");
	const char *key = json_string_value(before != NULL ? before : json_object_get(message, "after"));
	const char *text = json_string_value(json_object_get(message, "filter"));
	const struct model_kind_info *info = name != NULL ? model_kind_find(name) : NULL;
	json_int_t limit = json_integer_value(json_object_get(message, "limit"));
	json_int_t skip = json_integer_value(json_object_get(message, "skip"));
	struct control_query *query;
	struct model_filter *filter;

	if (info == NULL || (key != NULL && strlen(key) > MOST_KEY)) {
		error_set(err, info == NULL ? "unknown kind" : "the key is too long");
		return NULL;
	}
	if ((filter = model_filter_parse(text, err)) == NULL)
		return NULL;
	query = memory_zeroed(1, sizeof(*query));
	query->session = session;
	query->id = id;
	query->info = info;
	query->text = text_copy(text);
	query->filter = filter;
	query->backwards = before != NULL;
	query->partial = json_is_true(json_object_get(message, "partial"));
	query->limit = limit < 1 || limit > CONTROL_PAGE_ROWS ? CONTROL_PAGE_ROWS : (size_t)limit;
	query->skip = skip > 0 ? (uint64_t)skip : 0;
	query->begun = clock_monotonic();
	query->total = MODEL_UINT_UNSET;
	snprintf(query->key, sizeof(query->key), "%s", key != NULL ? key : "");
	return query;
}

void
control_query_begin(struct control_session *session, json_int_t id, const json_t *message)
{
	struct error err = {""};
	struct control_query *query = query_new(session, id, message, &err), *other, *next;
	struct control_server *server = session->server;
	usec_t now = clock_monotonic();

	if (query == NULL) {
		control_session_reply(session, id, CONTROL_EXIT_USAGE, err.text, NULL);
		return;
	}
	/* whoever asks anew has typed on: what is searched for still can be asked for again */
	DL_FOREACH_SAFE(session->queries, other, next)
	{
		if (query->partial && other->partial && other->info == query->info)
			answer(other, true);
	}
	DL_APPEND(session->queries, query);
	session->query_count++;
	if (server->wake == NULL || now >= server->queries_rest) { /* not for each of a burst */
		work(query, now + SLICE);
		server->queries_rest = clock_monotonic() + SLICE;
	}
	if (session->queries != NULL && server->wake != NULL)
		server->wake(server, session);
}
