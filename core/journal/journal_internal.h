// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the journal's room:
 *
 *   database.c   SQLite: opening, versions, inserting, reading, moving a damaged file aside. No threads.
 *   journal.c    the queue, the thread that empties it, the doors
 *   usage.c      the bill's figures: counts in memory, hands totals to the queue now and then
 *   usage_periods.c   the months and days that it counts in
 */
#ifndef TWINSPAN_JOURNAL_INTERNAL_H
#define TWINSPAN_JOURNAL_INTERNAL_H

#include <sqlite3.h>
#include <sys/types.h>

#include "core/journal/journal.h"

/* An event on its way to the disk: plain copies, so that it can cross to the writer's thread. */
struct journal_entry {
	uint64_t sequence;
	usec_t at;
	char *severity, *kind, *subject, *text;
	char *fields; /* JSON object; NULL: none */
};

void journal_entry_clear(struct journal_entry *entry);

/* What a connection used in a month or on a day: totals, which replace those that are there, so that writing
 * them twice counts nothing twice. */
struct journal_usage {
	char *connection;
	bool day;
	uint32_t number; /* 202611, of a day 20261127 */
	uint64_t connected_us, rx_bytes, tx_bytes;
};

/* All that is written in one transaction. */
struct journal_batch {
	struct journal_entry *entries;
	size_t count, room;
	struct journal_usage *usage; /* by connection, months before days, and number */
	size_t usage_count, usage_room;
};

/* An open database; used by one thread at a time. */
struct database {
	sqlite3 *handle;
	sqlite3_stmt *insert, *usage, *usage_day, *usage_trim;
	char path[4096];
	dev_t device;
	ino_t inode;
	uint64_t last_sequence;
	int64_t last_id, first_id; /* of the rows that are there; ids rise by one */
};

enum database_result {
	DATABASE_OK,
	DATABASE_BUSY,    /* try again: locked, the disk is full or failing */
	DATABASE_DAMAGED, /* move it aside */
	DATABASE_REFUSED  /* of a newer version: leave it alone */
};

/** Opens `path`, making or upgrading it. On other results than DATABASE_OK `err` says why and nothing is
 * open. */
enum database_result database_open(struct database *database, const char *path, struct error *err);
void database_close(struct database *database);
/** False when somebody removed or replaced the file: what is written would be lost. */
bool database_is_there(const struct database *database);
/** Renames a damaged database and what belongs to it; `aside` (may be NULL) gets the new path. */
bool database_move_aside(const char *path, char *aside, size_t size, struct error *err);
/** Writes all in one transaction and removes the oldest beyond `keep`: all or nothing. */
enum database_result database_write(struct database *database, const struct journal_batch *batch,
				    uint64_t keep, struct error *err);
/** The last `limit` rows, oldest first, by a connection of its own that only reads. */
bool database_recent(const char *path, size_t limit,
		     bool (*visit)(void *context, const struct model_event *event), void *context,
		     struct error *err);
/** The rows before a sequence, the nearest first, until `visit` returns false. */
bool database_before(const char *path, uint64_t sequence,
		     bool (*visit)(void *context, const struct model_event *event), void *context,
		     struct error *err);
/** All rows of the bill: months, then days, each by connection and time. `visit` borrows. */
bool database_usage(const char *path, void (*visit)(void *context, const struct journal_usage *row),
		    void *context, struct error *err);

/* For usage.c (journal.c). */
/** Queues totals (copied); of one connection and month or day the last one counts. Quickest in their order.
 */
void journal_usage_put(struct journal *journal, const struct journal_usage *row);
bool journal_usage_read(struct journal *journal,
			void (*visit)(void *context, const struct journal_usage *row), void *context,
			struct error *err);
/** True once after the file was lost and begun anew: totals that were written are gone from it. */
bool journal_usage_lost(struct journal *journal);

#endif
