// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that wait for their answers, and the answers: replies to commands and pages of rows. An answer is
 * foreign: it is checked and cleaned before the callback that waits for it sees it. Each request is told
 * exactly once.
 */
#include "core/control/client_internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS 64  /* of a page: room to begin with */
#define MOST_REST 2048 /* bytes of a page's message behind its rows */

void
control_pending_free(struct control_pending *pending)
{
	json_decref(pending->held);
	free(pending->refused);
	free(pending);
}

void
control_pending_fail(struct control_pending *pending, int exit_code, const char *text)
{
	bool refused = pending->refused != NULL;
	const struct control_reply reply = {.exit_code = refused ? CONTROL_EXIT_FAILED : exit_code,
					    .text = refused ? pending->refused : text};
	const struct control_page page = {.text = text, .kind = pending->kind, .total = MODEL_UINT_UNSET};

	if (pending->query)
		pending->page(pending->context, &page);
	else
		pending->reply(pending->context, &reply);
	control_pending_free(pending);
}

void
control_pending_fail_all(struct control_pending **set, const char *text)
{
	struct control_pending *list = *set, *pending, *next;

	*set = NULL;
	HASH_ITER (hh, list, pending, next) {
		HASH_DEL(list, pending);
		control_pending_fail(pending, CONTROL_EXIT_NO_GATEWAY, text);
	}
}

static void
answer_reply(struct control_pending *pending, const json_t *message)
{
	const json_t *code = json_object_get(message, "exit_code"),
		     *result = json_object_get(message, "result");
	const char *said = json_string_value(json_object_get(message, "text"));
	json_int_t exit_code = json_is_integer(code) ? json_integer_value(code) : CONTROL_EXIT_FAILED;
	struct control_reply reply;
	json_t *clean = result != NULL ? control_clean(result) : NULL;
	size_t size = said != NULL ? strlen(said) + 1 : 1;
	char *text = memory_zeroed(1, size);

	if (exit_code < 0 || exit_code > CONTROL_EXIT_NOT_PERMITTED)
		exit_code = CONTROL_EXIT_FAILED;
	text_clean(text, size, said != NULL ? said : "");
	reply = (struct control_reply){exit_code == CONTROL_EXIT_DONE, (int)exit_code, text, clean};
	if (pending->query)
		control_pending_fail(pending, (int)exit_code, text);
	else {
		pending->reply(pending->context, &reply);
		control_pending_free(pending);
	}
	json_decref(clean);
	free(text);
}

static void
free_page(struct control_page_read *page)
{
	for (size_t i = 0; i < page->count; i++)
		model_row_free(page->pending->kind, page->rows[i]);
	free(page->rows);
	json_decref(page->rest);
}

void
control_pending_give_page(struct control_page_read *read)
{
	const json_t *rest = read->rest, *total = json_object_get(rest, "total");
	const char *said = json_string_value(json_object_get(rest, "reached"));
	json_int_t skipped = json_integer_value(json_object_get(rest, "skipped"));
	struct control_pending *pending = read->pending;
	struct control_page page = {
	    .ok = true,
	    .kind = pending->kind,
	    .rows = (const void *const *)read->rows,
	    .count = read->count,
	    .complete = json_is_true(json_object_get(rest, "complete")),
	    .total = MODEL_UINT_UNSET,
	    .told = read->count != 0 ? read->told : model_fields_all(model_kind_info(pending->kind)->shape)};
	char reached[MODEL_REACHED];

	if (said != NULL && strlen(said) < sizeof(reached) && !page.complete)
		page.reached = text_clean(reached, sizeof(reached), said);
	if (json_is_integer(total) && json_integer_value(total) >= 0)
		page.total = (uint64_t)json_integer_value(total);
	page.skipped = skipped > 0 ? (uint64_t)skipped : 0;
	pending->page(pending->context, &page);
	free_page(read);
	control_pending_free(pending);
}

/* Reads the rows of a page; those that were read count even where it fails. */
static bool
read_rows(struct control_page_read *page, const json_t *rows, struct error *err)
{
	enum model_kind kind = page->pending->kind;

	page->rows = memory_zeroed(json_array_size(rows), sizeof(void *));
	while (page->count < json_array_size(rows)) {
		void *row = page->rows[page->count++] = model_row_new(kind);
		uint64_t fields = 0;

		if (!model_row_from_json(model_kind_info(kind)->shape, row,
					 json_array_get(rows, page->count - 1), &fields, err))
			return false;
		page->told |= fields;
	}
	return true;
}

static bool
answer_page(struct control_pending *pending, const json_t *message, struct error *err)
{
	const json_t *rows = json_object_get(message, "rows");
	const char *kind = json_string_value(json_object_get(message, "kind"));
	struct control_page_read page = {.pending = pending};

	if (kind == NULL || strcmp(kind, model_kind_info(pending->kind)->plural) != 0 ||
	    !json_is_array(rows) || json_array_size(rows) > CONTROL_PAGE_ROWS) {
		control_pending_fail(pending, CONTROL_EXIT_FAILED,
				     "the gateway answered with something else");
		return error_set(err, "the gateway sent a page that was not asked for");
	}
	page.rest = json_incref((json_t *)message);
	if (read_rows(&page, rows, err)) {
		control_pending_give_page(&page);
		return true;
	}
	free_page(&page);
	control_pending_fail(pending, CONTROL_EXIT_FAILED, "the gateway sent rows that can't be read");
	return error_prefix(err, BAD_ROW);
}

/* Takes the request out that an answer names; NULL where there is none. */
static struct control_pending *
take(struct control_pending **set, const json_t *id)
{
	json_int_t number = json_integer_value(id);
	struct control_pending *pending = NULL;

	if (json_is_integer(id))
		HASH_FIND(hh, *set, &number, sizeof(number), pending);
	if (pending != NULL)
		HASH_DEL(*set, pending);
	return pending;
}

bool
control_pending_answer(struct control_pending **set, const json_t *message, bool *known, struct error *err)
{
	const json_t *reply = json_object_get(message, "reply"), *page = json_object_get(message, "page");
	struct control_pending *pending = take(set, reply != NULL ? reply : page);

	*known = reply != NULL || page != NULL;
	if (pending == NULL)
		return true; /* not an answer, or one that nobody waits for */
	if (reply != NULL) {
		answer_reply(pending, message);
		return true;
	}
	if (pending->query)
		return answer_page(pending, message, err);
	control_pending_fail(pending, CONTROL_EXIT_FAILED, "the gateway answered with something else");
	return error_set(err, "the gateway sent a page that was not asked for");
}

/* --- pages, straight from their line -------------------------------------------------------------- */

/* "{"page":7,"kind":"routes","rows":[": who waits for that; NULL where nobody does. */
static struct control_pending *
find_waiting(struct control_pending *set, const char **at, const char *end)
{
	struct control_pending *pending = NULL;
	json_int_t id = 0;

	if (!control_skip(at, end, "{\"page\":"))
		return NULL;
	for (int digits = 0; *at < end && **at >= '0' && **at <= '9' && digits < 15; (*at)++, digits++)
		id = id * 10 + (**at - '0');
	HASH_FIND(hh, set, &id, sizeof(id), pending);
	if (pending == NULL || !pending->query || !control_skip(at, end, ",\"kind\":\"") ||
	    !control_skip(at, end, model_kind_info(pending->kind)->plural) ||
	    !control_skip(at, end, "\",\"rows\":["))
		return NULL;
	return pending;
}

/* All of the rows, up to the bracket behind them. */
static bool
read_plain_rows(struct control_page_read *page, const char **at, const char *end)
{
	enum model_kind kind = page->pending->kind;
	size_t room = 0;

	if (control_skip(at, end, "]"))
		return true;
	do {
		const char *behind;
		uint64_t fields = 0;

		if (page->count == CONTROL_PAGE_ROWS)
			return false;
		if (page->count == room) {
			room = room == 0 ? FIRST_ROWS : room * 2;
			page->rows = memory_resize(page->rows, room * sizeof(void *));
		}
		page->rows[page->count++] = model_row_new(kind);
		behind = model_row_read_plain(model_kind_info(kind)->shape, page->rows[page->count - 1], *at,
					      end, &fields);
		if (behind == NULL)
			return false;
		page->told |= fields;
		*at = behind;
	} while (control_skip(at, end, ","));
	return control_skip(at, end, "]");
}

/* What stands behind the rows, as an object of its own: ',"complete":true,"total":3}'. */
static json_t *
parse_rest(const char *at, const char *end)
{
	char text[MOST_REST];
	size_t length = (size_t)(end - at);

	if (length == 0 || length > sizeof(text) || *at != ',')
		return NULL;
	memcpy(text, at, length);
	text[0] = '{';
	return control_line_parse(text, length, NULL);
}

bool
control_pending_read_page(struct control_pending **set, const char *line, size_t length,
			  struct control_page_read *out)
{
	const char *at = line, *end = line + length;

	*out = (struct control_page_read){.pending = find_waiting(*set, &at, end)};
	if (out->pending == NULL)
		return false;
	if (read_plain_rows(out, &at, end) && (out->rest = parse_rest(at, end)) != NULL) {
		HASH_DEL(*set, out->pending);
		return true;
	}
	free_page(out);
	return false;
}
