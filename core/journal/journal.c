// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal's queue and its thread.
 *
 * The loop appends under a mutex that is only ever held for a few instructions. The writer takes all that is
 * queued in one go and writes it as one transaction; while it does, the next batch gathers, so that the batch
 * size follows the load by itself. When writing fails for a reason that may pass (a full disk), the batch is
 * tried again every second while the queue is bounded; when the file turns out to be damaged, it is moved
 * aside and a new one begun with the same batch. Words for the operators go back to the loop through a
 * uv_async.
 */
#include "core/journal/journal_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define QUEUE_MOST 50000
#define NOTES_MOST 16
#define RETRY_S 1

struct note {
	const char *severity, *kind;
	char text[400];
};

struct journal {
	char path[4096];
	uint64_t keep;
	void (*trouble)(void *context, const char *severity, const char *kind, const char *text);
	void *context;
	uv_async_t async; /* data: the journal */
	pthread_t thread;

	/* The writer's own. */
	struct database database;
	bool failing;

	/* Under the mutex. */
	pthread_mutex_t mutex;
	pthread_cond_t work, written;
	struct journal_batch queue;
	size_t writing;  /* rows in the writer's hands */
	bool usage_lost; /* the file was begun anew */
	uint64_t dropped, last_sequence;
	bool stopping;
	struct note notes[NOTES_MOST];
	size_t note_count;
};

/* --- words for the operators ------------------------------------------------------------------ */

static void note(struct journal *journal, const char *severity, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* From either thread, without the mutex held. */
static void
note(struct journal *journal, const char *severity, const char *kind, const char *format, ...)
{
	va_list args;

	pthread_mutex_lock(&journal->mutex);
	if (journal->note_count < NOTES_MOST) {
		struct note *to = &journal->notes[journal->note_count++];

		to->severity = severity;
		to->kind = kind;
		va_start(args, format);
		vsnprintf(to->text, sizeof(to->text), format, args);
		va_end(args);
	}
	pthread_mutex_unlock(&journal->mutex);
	uv_async_send(&journal->async);
}

static void
tell_notes(uv_async_t *async)
{
	struct journal *journal = async->data;
	struct note notes[NOTES_MOST];
	size_t count;

	pthread_mutex_lock(&journal->mutex);
	count = journal->note_count;
	memcpy(notes, journal->notes, count * sizeof(*notes));
	journal->note_count = 0;
	pthread_mutex_unlock(&journal->mutex);
	for (size_t i = 0; i < count && journal->trouble != NULL; i++)
		journal->trouble(journal->context, notes[i].severity, notes[i].kind, notes[i].text);
}

/* --- the writer's thread ---------------------------------------------------------------------- */

static void
batch_clear(struct journal_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		journal_entry_clear(&batch->entries[i]);
	for (size_t i = 0; i < batch->usage_count; i++)
		free(batch->usage[i].connection);
	free(batch->entries);
	free(batch->usage);
	*batch = (struct journal_batch){0};
}

static size_t
batch_rows(const struct journal_batch *batch)
{
	return batch->count + batch->usage_count;
}

static void
say_usage_lost(struct journal *journal)
{
	pthread_mutex_lock(&journal->mutex);
	journal->usage_lost = true;
	pthread_mutex_unlock(&journal->mutex);
}

/* A new database in the place of a damaged one; what it held stays beside it for whoever can mend it. */
static enum database_result
begin_anew(struct journal *journal, const struct error *why, struct error *err)
{
	char aside[4300];

	database_close(&journal->database);
	say_usage_lost(journal);
	if (!database_move_aside(journal->path, aside, sizeof(aside), err))
		return DATABASE_BUSY;
	note(journal, "error", "journal.damaged", "%s: it was moved to %.200s and a new journal was begun",
	     why->text, aside);
	return database_open(&journal->database, journal->path, err);
}

/* One try. True when the batch is written. */
static bool
write_batch(struct journal *journal, const struct journal_batch *batch)
{
	struct error err = {0}, why;
	enum database_result result = DATABASE_OK;

	if (journal->database.handle != NULL && !database_is_there(&journal->database)) {
		database_close(&journal->database);
		say_usage_lost(journal);
		note(journal, "warning", "journal.removed",
		     "the journal's file was removed or replaced: a new one is begun");
	}
	if (journal->database.handle == NULL)
		result = database_open(&journal->database, journal->path, &err);
	if (result == DATABASE_OK)
		result = database_write(&journal->database, batch, journal->keep, &err);
	if (result == DATABASE_DAMAGED) {
		why = err;
		result = begin_anew(journal, &why, &err);
		if (result == DATABASE_OK)
			result = database_write(&journal->database, batch, journal->keep, &err);
	}
	if (result != DATABASE_OK && !journal->failing)
		note(journal, "error", "journal.failing", "events can't be written: %s", err.text);
	if (result == DATABASE_OK && journal->failing)
		note(journal, "notice", "journal.recovered", "events are written again");
	journal->failing = result != DATABASE_OK;
	return result == DATABASE_OK;
}

/* Waits for the next try or the end. False: the end. The mutex is held. */
static bool
wait_for_retry(struct journal *journal)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RETRY_S;
	while (!journal->stopping &&
	       pthread_cond_timedwait(&journal->work, &journal->mutex, &until) != ETIMEDOUT)
		;
	return !journal->stopping;
}

static void *
write_all(void *context)
{
	struct journal *journal = context;

	pthread_mutex_lock(&journal->mutex);
	for (;;) {
		struct journal_batch batch;
		uint64_t dropped;
		bool written;

		while (batch_rows(&journal->queue) == 0 && !journal->stopping)
			pthread_cond_wait(&journal->work, &journal->mutex);
		if (batch_rows(&journal->queue) == 0)
			break;
		batch = journal->queue;
		journal->queue = (struct journal_batch){0};
		journal->writing = batch_rows(&batch);
		do {
			pthread_mutex_unlock(&journal->mutex);
			written = write_batch(journal, &batch);
			pthread_mutex_lock(&journal->mutex);
		} while (!written && wait_for_retry(journal));
		journal->writing = 0;
		if (written)
			journal->last_sequence = journal->database.last_sequence > journal->last_sequence
						     ? journal->database.last_sequence
						     : journal->last_sequence;
		dropped = journal->dropped;
		journal->dropped = 0;
		pthread_cond_broadcast(&journal->written);
		pthread_mutex_unlock(&journal->mutex);
		if (dropped != 0)
			note(journal, "warning", "journal.dropped",
			     "%llu event%s not written: the disk was too slow", (unsigned long long)dropped,
			     dropped == 1 ? " was" : "s were");
		batch_clear(&batch);
		pthread_mutex_lock(&journal->mutex);
		if (!written)
			break; /* the end, and the disk still refuses */
	}
	pthread_mutex_unlock(&journal->mutex);
	return NULL;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static bool
make_folder(const char *folder, struct error *err)
{
	char path[4096];
	size_t length = strlen(folder);

	if (length == 0 || length >= sizeof(path) - sizeof(JOURNAL_FILE) - 40)
		return error_set(err, "the state folder's path is %s", length == 0 ? "empty" : "too long");
	memcpy(path, folder, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0750) != 0 && errno != EEXIST)
			return error_set(err, "the state folder %s can't be made: %s", path, strerror(errno));
		path[i] = folder[i];
	}
	return true;
}

/* Opens the database for the first time, on the loop's thread, so that the last sequence is known from the
 * start. */
static bool
open_first(struct journal *journal, struct error *err)
{
	struct error why = {0};
	enum database_result result = database_open(&journal->database, journal->path, &why);

	if (result == DATABASE_DAMAGED)
		result = begin_anew(journal, &why, err);
	else if (err != NULL)
		*err = why;
	journal->last_sequence = journal->database.last_sequence;
	return result == DATABASE_OK;
}

static void
free_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* What is left when the thread has ended or never began. The async handle's memory goes with its close. */
static void
release(struct journal *journal)
{
	database_close(&journal->database);
	batch_clear(&journal->queue);
	pthread_cond_destroy(&journal->work);
	pthread_cond_destroy(&journal->written);
	pthread_mutex_destroy(&journal->mutex);
	uv_close((uv_handle_t *)&journal->async, free_closed);
}

static void
init_conditions(struct journal *journal)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&journal->mutex, NULL);
	pthread_cond_init(&journal->work, &monotonic);
	pthread_cond_init(&journal->written, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct journal *
journal_open(uv_loop_t *loop, const struct journal_options *options, struct error *err)
{
	struct journal *journal;

	if (!make_folder(options->folder, err))
		return NULL;
	journal = memory_zeroed(1, sizeof(*journal));
	snprintf(journal->path, sizeof(journal->path), "%s/%s", options->folder, JOURNAL_FILE);
	journal->keep = options->keep != 0 ? options->keep : JOURNAL_KEEP;
	journal->trouble = options->trouble;
	journal->context = options->context;
	journal->async.data = journal;
	if (uv_async_init(loop, &journal->async, tell_notes) != 0) {
		free(journal);
		error_set(err, "the journal can't be attached to the loop");
		return NULL;
	}
	uv_unref((uv_handle_t *)&journal->async);
	init_conditions(journal);
	if (!open_first(journal, err)) {
		release(journal);
		return NULL;
	}
	if (pthread_create(&journal->thread, NULL, write_all, journal) != 0) {
		error_set(err, "the journal's thread can't be started");
		release(journal);
		return NULL;
	}
	return journal;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	pthread_mutex_lock(&journal->mutex);
	journal->stopping = true;
	pthread_cond_broadcast(&journal->work);
	pthread_mutex_unlock(&journal->mutex);
	pthread_join(journal->thread, NULL);
	journal->trouble = NULL;
	release(journal);
}

/* --- appending and reading -------------------------------------------------------------------- */

static char *
write_fields(const struct model_map *map)
{
	json_t *object;
	char *text;

	if (map->names.count == 0)
		return NULL;
	object = json_object();
	for (size_t i = 0; i < map->names.count && i < map->values.count; i++)
		json_object_set_new(object, map->names.items[i],
				    json_string(map->values.items[i] != NULL ? map->values.items[i] : ""));
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

void
journal_append(struct journal *journal, const struct model_event *event)
{
	struct journal_entry entry = {
	    .sequence = event->sequence,
	    .at = event->at,
	    .severity = text_copy(event->severity),
	    .kind = text_copy(event->kind),
	    .subject = text_copy(event->subject),
	    .text = text_copy(event->text),
	    .fields = write_fields(&event->fields),
	};
	struct journal_batch *queue = &journal->queue;

	pthread_mutex_lock(&journal->mutex);
	if (queue->count + journal->writing >= QUEUE_MOST) {
		journal->dropped++;
		pthread_mutex_unlock(&journal->mutex);
		journal_entry_clear(&entry);
		return;
	}
	if (queue->count == queue->room) {
		queue->room = queue->room != 0 ? queue->room * 2 : 64;
		queue->entries = memory_resize(queue->entries, queue->room * sizeof(*queue->entries));
	}
	queue->entries[queue->count++] = entry;
	pthread_cond_signal(&journal->work);
	pthread_mutex_unlock(&journal->mutex);
}

bool
journal_flush(struct journal *journal)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&journal->mutex);
	while (batch_rows(&journal->queue) + journal->writing != 0 &&
	       pthread_cond_timedwait(&journal->written, &journal->mutex, &until) != ETIMEDOUT)
		;
	done = batch_rows(&journal->queue) + journal->writing == 0;
	pthread_mutex_unlock(&journal->mutex);
	return done;
}

uint64_t
journal_last_sequence(const struct journal *journal)
{
	struct journal *mutable = (struct journal *)journal;
	uint64_t last;

	pthread_mutex_lock(&mutable->mutex);
	last = journal->last_sequence;
	pthread_mutex_unlock(&mutable->mutex);
	return last;
}

bool
journal_recent(struct journal *journal, size_t limit,
	       bool (*visit)(void *context, const struct model_event *event), void *context,
	       struct error *err)
{
	return database_recent(journal->path, limit, visit, context, err);
}

bool
journal_before(struct journal *journal, uint64_t sequence,
	       bool (*visit)(void *context, const struct model_event *event), void *context,
	       struct error *err)
{
	return database_before(journal->path, sequence, visit, context, err);
}

/* --- the bill's figures ----------------------------------------------------------------------- */

static int
compare_usage(const struct journal_usage *a, const struct journal_usage *b)
{
	int order = strcmp(a->connection, b->connection);

	if (order == 0)
		order = (int)a->day - (int)b->day;
	return order != 0 ? order : a->number < b->number ? -1 : a->number > b->number;
}

/* The place of totals in the queue, made where they are not yet in it: usually at its end. Only while the
 * disk is stuck is there anything from an earlier time. */
static struct journal_usage *
queued_usage(struct journal_batch *queue, const struct journal_usage *row)
{
	size_t low = 0, high = queue->usage_count;
	struct journal_usage *to;

	if (high > 0 && compare_usage(&queue->usage[high - 1], row) < 0)
		low = high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_usage(&queue->usage[middle], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < queue->usage_count && compare_usage(&queue->usage[low], row) == 0)
		return &queue->usage[low];
	if (queue->usage_count == queue->usage_room) {
		queue->usage_room = queue->usage_room != 0 ? queue->usage_room * 2 : 16;
		queue->usage = memory_resize(queue->usage, queue->usage_room * sizeof(*queue->usage));
	}
	to = &queue->usage[low];
	memmove(to + 1, to, (queue->usage_count++ - low) * sizeof(*to));
	*to = (struct journal_usage){
	    .connection = text_copy(row->connection), .day = row->day, .number = row->number};
	return to;
}

void
journal_usage_put(struct journal *journal, const struct journal_usage *row)
{
	struct journal_usage *to;

	pthread_mutex_lock(&journal->mutex);
	to = queued_usage(&journal->queue, row);
	to->connected_us = row->connected_us;
	to->rx_bytes = row->rx_bytes;
	to->tx_bytes = row->tx_bytes;
	pthread_cond_signal(&journal->work);
	pthread_mutex_unlock(&journal->mutex);
}

bool
journal_usage_read(struct journal *journal, void (*visit)(void *context, const struct journal_usage *row),
		   void *context, struct error *err)
{
	return database_usage(journal->path, visit, context, err);
}

bool
journal_usage_lost(struct journal *journal)
{
	bool lost;

	pthread_mutex_lock(&journal->mutex);
	lost = journal->usage_lost;
	journal->usage_lost = false;
	pthread_mutex_unlock(&journal->mutex);
	return lost;
}
