// SPDX-License-Identifier: GPL-2.0-or-later
/* A set of what was wanted, and a queue of what of it was not asked for yet. One question is under way at a
 * time; its answer is one page. An older gateway that knows no history is asked once and left alone. */
#include "tui/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "tui/panel.h"

struct wanted {
	UT_hash_handle hh;
	struct wanted *prev, *next; /* in the queue */
	enum history_span span;
	char *name; /* behind the key */
	char key[]; /* the span's letter, then the name */
};

/* A question under way; it outlives its asker. */
struct question {
	struct past *past; /* NULL: nobody waits any more */
};

struct past {
	struct scene *scene;
	struct wanted *all, *queue;
	struct question *question;
	bool unknown; /* the gateway keeps none */
};

static void ask_next(struct past *past);

struct past *
past_new(struct scene *scene)
{
	struct past *past = memory_zeroed(1, sizeof(*past));

	past->scene = scene;
	return past;
}

void
past_forget(struct past *past)
{
	struct wanted *wanted, *next;

	if (past == NULL)
		return;
	HASH_ITER (hh, past->all, wanted, next) {
		HASH_DEL(past->all, wanted);
		free(wanted);
	}
	past->queue = NULL;
	past->unknown = false;
	if (past->question != NULL)
		past->question->past = NULL;
	past->question = NULL;
}

void
past_free(struct past *past)
{
	past_forget(past);
	free(past);
}

void
past_want(struct past *past, const char *name, enum history_span span)
{
	size_t length = name != NULL ? strlen(name) : 0;
	struct wanted *wanted;
	char key[256];

	if (past == NULL || length == 0 || length + 2 > sizeof(key) || strchr(name, '"') != NULL)
		return;
	key[0] = (char)('a' + span);
	memcpy(key + 1, name, length + 1);
	HASH_FIND_STR(past->all, key, wanted);
	if (wanted != NULL)
		return;
	wanted = memory_zeroed(1, sizeof(*wanted) + length + 2);
	memcpy(wanted->key, key, length + 2);
	wanted->name = wanted->key + 1;
	wanted->span = span;
	HASH_ADD_STR(past->all, key, wanted);
	DL_APPEND(past->queue, wanted);
}

static void
on_rows(void *context, const struct control_page *page)
{
	struct question *question = context;
	struct past *past = question->past;

	free(question);
	if (past == NULL)
		return;
	past->question = NULL;
	if (!page->ok) {
		past->unknown = control_client_state(past->scene->client) == CONTROL_LIVE;
		return;
	}
	for (size_t i = 0; i < page->count; i++)
		history_merge(past->scene->history, page->rows[i]);
	ask_next(past);
	past->scene->changed(past->scene->context);
}

static void
ask_next(struct past *past)
{
	struct wanted *wanted = past->queue;
	const struct history_resolution *resolution;
	char filter[300];

	if (past->question != NULL || wanted == NULL || past->unknown ||
	    control_client_state(past->scene->client) != CONTROL_LIVE)
		return;
	DL_DELETE(past->queue, wanted);
	resolution = &history_resolutions[wanted->span];
	snprintf(filter, sizeof(filter), "name=\"%s\" seconds=%u", wanted->name, resolution->seconds);
	past->question = memory_zeroed(1, sizeof(*past->question));
	past->question->past = past;
	control_client_query(past->scene->client, MODEL_KIND_HISTORY, filter, NULL, resolution->samples,
			     on_rows, past->question);
}

void
past_ask(struct past *past)
{
	if (past != NULL)
		ask_next(past);
}
