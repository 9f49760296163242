// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that wait for their answers, and the answers: replies to commands and pages of rows. An answer is
 * foreign: it is checked and cleaned before the callback that waits for it sees it. Each request is told
 * exactly once.
 */
#include "core/control/client_internal.h"

#include <stdlib.h>
#include <string.h>

void
control_pending_fail(struct control_pending *pending, int exit_code, const char *text)
{
	const struct control_reply reply = {.exit_code = exit_code, .text = text};
	const struct control_page page = {.text = text, .kind = pending->kind, .total = MODEL_UINT_UNSET};

	if (pending->query)
		pending->page(pending->context, &page);
	else
		pending->reply(pending->context, &reply);
	free(pending);
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
		free(pending);
	}
	json_decref(clean);
	free(text);
}

/* Reads the rows of a page; those that were read count even where it fails. */
static bool
read_rows(enum model_kind kind, const json_t *rows, void **out, size_t *count, struct error *err)
{
	for (*count = 0; *count < json_array_size(rows);) {
		void *row = out[(*count)++] = model_row_new(kind);

		if (!model_row_from_json(model_kind_info(kind)->shape, row, json_array_get(rows, *count - 1),
					 NULL, err))
			return false;
	}
	return true;
}

static bool
answer_page(struct control_pending *pending, const json_t *message, struct error *err)
{
	const json_t *rows = json_object_get(message, "rows"), *total = json_object_get(message, "total");
	json_int_t skipped = json_integer_value(json_object_get(message, "skipped"));
	const char *kind = json_string_value(json_object_get(message, "kind"));
	struct control_page page = {.ok = true, .kind = pending->kind, .total = MODEL_UINT_UNSET};
	const char *said = json_string_value(json_object_get(message, "reached"));
	char reached[MODEL_REACHED];
	void **read;
	bool good;

	if (kind == NULL || strcmp(kind, model_kind_info(pending->kind)->plural) != 0 ||
	    !json_is_array(rows) || json_array_size(rows) > CONTROL_PAGE_ROWS) {
		control_pending_fail(pending, CONTROL_EXIT_FAILED,
				     "the gateway answered with something else");
		return error_set(err, "the gateway sent a page that was not asked for");
	}
	read = memory_zeroed(json_array_size(rows), sizeof(void *));
	good = read_rows(pending->kind, rows, read, &page.count, err);
	if (good) {
		page.rows = (const void *const *)read;
		page.complete = json_is_true(json_object_get(message, "complete"));
		if (said != NULL && strlen(said) < sizeof(reached) && !page.complete)
			page.reached = text_clean(reached, sizeof(reached), said);
		if (json_is_integer(total) && json_integer_value(total) >= 0)
			page.total = (uint64_t)json_integer_value(total);
		page.skipped = skipped > 0 ? (uint64_t)skipped : 0;
		pending->page(pending->context, &page);
	}
	for (size_t i = 0; i < page.count; i++)
		model_row_free(pending->kind, read[i]);
	free(read);
	if (!good) {
		control_pending_fail(pending, CONTROL_EXIT_FAILED,
				     "the gateway sent rows that can't be read");
		return error_prefix(err, "the gateway sent a bad row");
	}
	free(pending);
	return true;
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
