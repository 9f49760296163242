// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal: the gateway's events on disk (SQLite), so that a console has history after a restart and
 * sequences go on.
 *
 * Appending never waits for a disk: events are copied into a queue that a thread of the journal's own
 * empties, all that has come in one transaction. What was written survives SIGKILL; what was still queued (a
 * few milliseconds' worth) does not. The oldest events go when there are too many. A database that can't be
 * read is moved aside, never deleted.
 *
 * Everything here is called from the loop's thread.
 */
#ifndef TWINSPAN_JOURNAL_JOURNAL_H
#define TWINSPAN_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/model/model.h"

struct journal;

#define JOURNAL_FILE "journal.db" /* in the folder */
#define JOURNAL_KEEP 100000

struct journal_options {
	const char *folder; /* the state folder; made (0750) where it is missing */
	uint64_t keep;      /* events at most, a few hundred more for a while; 0: JOURNAL_KEEP */
	/**
	 * Something that operators should know: the database was damaged and moved aside, the disk is full,
	 * writing works again. `severity` as in events; `kind` is "journal.…". Called from the loop, never
	 * within a call of the caller. May be NULL. Appending an event from it is fine.
	 */
	void (*trouble)(void *context, const char *severity, const char *kind, const char *text);
	void *context;
};

/**
 * Opens or makes the journal and starts its thread. NULL with `err` where the folder can't be made or
 * written, or the database belongs to a newer version of the program (it is left alone then). Takes a few
 * milliseconds, and some more for a large journal, which is checked.
 */
struct journal *journal_open(uv_loop_t *loop, const struct journal_options *options, struct error *err);
/** Writes what is queued, stops the thread, frees. NULL is fine. The loop must run afterwards once. */
void journal_close(struct journal *journal);

/** Queues an event (copied; `sequence` and `at` as they are). Events are dropped, and counted, when the disk
 * is stuck. */
void journal_append(struct journal *journal, const struct model_event *event);
/** Waits until all that was appended is written. For tests and a stop; false where it could not be within a
 * second. */
bool journal_flush(struct journal *journal);

/** The highest sequence ever written; 0 for a new journal. */
uint64_t journal_last_sequence(const struct journal *journal);
/**
 * The last `limit` events that are written, oldest first; `visit` borrows each and returns false to stop.
 * Reads from disk: for start-up and for what a person asked for. False with `err` where that failed.
 */
bool journal_recent(struct journal *journal, size_t limit,
		    bool (*visit)(void *context, const struct model_event *event), void *context,
		    struct error *err);
/**
 * The written events before a sequence, the nearest first, until `visit` returns false. As journal_recent.
 */
bool journal_before(struct journal *journal, uint64_t sequence,
		    bool (*visit)(void *context, const struct model_event *event), void *context,
		    struct error *err);

#endif
