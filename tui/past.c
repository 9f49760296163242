// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A set of what was wanted, and a queue of what of it was not asked for yet. What has left the screen before
 * its turn came is forgotten, so that scrolling through a thousand tunnels asks for those where it rests. A
 * few questions are under way at once, for a gateway that is far away; each answer is one page. An older
 * gateway that knows no history is asked once and left alone.
 */
#include "tui/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "tui/panel.h"

#define AT_ONCE 4

struct wanted {
	UT_hash_handle hh;
	struct wanted *prev, *next; /* in the queue */
	enum history_span span;
	uint64_t frame; /* in which it was last drawn */
	char *name;     /* in the key */
	char key[];     /* the span's letter, then the name */
};

/* A question under way; it outlives its asker. */
struct question {
	struct question *prev, *next;
	struct past *past; /* NULL: nobody waits any more */
};

struct past {
	struct scene *scene;
	struct wanted *all, *queue;
	struct question *questions;
	size_t under_way;
	uint64_t frame;
	bool fresh;   /* something new is wanted since the last time that was asked */
	bool unknown; /* the gateway keeps none */
};

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
	struct question *question;

	if (past == NULL)
		return;
	HASH_ITER (hh, past->all, wanted, next) {
		HASH_DEL(past->all, wanted);
		free(wanted);
	}
	DL_FOREACH(past->questions, question)
	{
		question->past = NULL;
	}
	past->queue = NULL;
	past->questions = NULL;
	past->under_way = 0;
	past->unknown = past->fresh = false;
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
	if (wanted == NULL) {
		wanted = memory_zeroed(1, sizeof(*wanted) + length + 2);
		memcpy(wanted->key, key, length + 2);
		wanted->name = wanted->key + 1;
		wanted->span = span;
		HASH_ADD_STR(past->all, key, wanted);
		DL_APPEND(past->queue, wanted);
		past->fresh = true;
	}
	wanted->frame = past->frame;
}

bool
past_frame_over(struct past *past)
{
	bool fresh = past->fresh;

	past->frame++;
	past->fresh = false;
	return fresh;
}

static void on_rows(void *context, const struct control_page *page);

static void
ask(struct past *past, const struct wanted *wanted)
{
	const struct history_resolution *resolution = &history_resolutions[wanted->span];
	struct question *question = memory_zeroed(1, sizeof(*question));
	char filter[300];

	snprintf(filter, sizeof(filter), "name=\"%s\" seconds=%u", wanted->name, resolution->seconds);
	question->past = past;
	DL_APPEND(past->questions, question);
	past->under_way++;
	control_client_query(past->scene->client, MODEL_KIND_HISTORY, filter, NULL, resolution->samples,
			     on_rows, question);
}

void
past_ask(struct past *past)
{
	while (past->queue != NULL && past->under_way < AT_ONCE && !past->unknown &&
	       control_client_state(past->scene->client) == CONTROL_LIVE) {
		struct wanted *wanted = past->queue;

		DL_DELETE(past->queue, wanted);
		if (wanted->frame + 1 >= past->frame) {
			ask(past, wanted);
		} else { /* it may be wanted again */
			HASH_DEL(past->all, wanted);
			free(wanted);
		}
	}
}

static void
on_rows(void *context, const struct control_page *page)
{
	struct question *question = context;
	struct past *past = question->past;

	if (past != NULL) {
		DL_DELETE(past->questions, question);
		past->under_way--;
	}
	free(question);
	if (past == NULL)
		return;
	if (!page->ok) {
		past->unknown = control_client_state(past->scene->client) == CONTROL_LIVE;
		return;
	}
	for (size_t i = 0; i < page->count; i++)
		history_merge(past->scene->history, page->rows[i]);
	past_ask(past);
	past->scene->changed(past->scene->context);
}
