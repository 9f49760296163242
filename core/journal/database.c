// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal's SQLite database (https://www.sqlite.org/wal.html).
 *
 * WAL, so that a reader never waits for the writer, with synchronous=NORMAL: a commit needs no fsync, a
 * killed process loses nothing that was committed, a power cut may lose the last commits but never damages
 * the file. Rows are numbered without gaps, so that their number is known without counting and the oldest can
 * be removed by number. The schema is a list of steps; its version is the number of steps that were taken.
 */
#include "core/journal/journal_internal.h"
#include "core/journal/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 1000

/* Append only: a database of version N has taken the first N steps. */
static const char *const steps[] = {
    "CREATE TABLE event ("
    " id INTEGER PRIMARY KEY,"
    " sequence INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " severity TEXT, kind TEXT, subject TEXT, text TEXT, fields TEXT);",
    "CREATE TABLE usage ("
    " connection TEXT NOT NULL,"
    " month INTEGER NOT NULL," /* 202611 */
    " connected_us INTEGER NOT NULL, rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL,"
    " PRIMARY KEY (connection, month)) WITHOUT ROWID;",
    "CREATE INDEX event_sequence ON event (sequence);",
    "CREATE TABLE usage_day ("
    " connection TEXT NOT NULL,"
    " day INTEGER NOT NULL," /* 20261127 */
    " connected_us INTEGER NOT NULL, rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL,"
    " PRIMARY KEY (connection, day)) WITHOUT ROWID;",
};

void
journal_entry_clear(struct journal_entry *entry)
{
	free(entry->severity);
	free(entry->kind);
	free(entry->subject);
	free(entry->text);
	free(entry->fields);
	*entry = (struct journal_entry){0};
}

/* What SQLite said, as what to do about it. */
static enum database_result
judge(sqlite3 *handle, int code, const char *doing, struct error *err)
{
	code &= 0xff;
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return DATABASE_OK;
	error_set(err, "%s: %s", doing, handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
	/* SQLITE_ERROR: the file is a database, but not with our tables in it. */
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ||
		       code == SQLITE_SCHEMA
		   ? DATABASE_DAMAGED
		   : DATABASE_BUSY;
}

static enum database_result
execute(struct database *database, const char *sql, const char *doing, struct error *err)
{
	return judge(database->handle, sqlite3_exec(database->handle, sql, NULL, NULL, NULL), doing, err);
}

/* The first column of the first row as a number, 0 where there is none; text "ok" is 1. */
static enum database_result
query_number(struct database *database, const char *sql, int64_t *out, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL);

	*out = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 0);

		*out = text != NULL && strcmp(text, "ok") == 0 ? 1 : sqlite3_column_int64(statement, 0);
	}
	sqlite3_finalize(statement);
	return judge(database->handle, code, "reading the journal", err);
}

static enum database_result
upgrade(struct database *database, struct error *err)
{
	enum database_result result;
	int64_t version, well;
	char sql[64];

	result = query_number(database, "PRAGMA quick_check(1)", &well, err);
	if (result == DATABASE_OK && well != 1) {
		error_set(err, "the journal's database is damaged");
		return DATABASE_DAMAGED;
	}
	if (result == DATABASE_OK)
		result = query_number(database, "PRAGMA user_version", &version, err);
	if (result != DATABASE_OK)
		return result;
	if (version < 0 || (uint64_t)version > COUNT_OF(steps)) {
		error_set(
		    err,
		    "the journal %s was written by a newer version of twinspan (%lld, this one knows %zu)",
		    database->path, (long long)version, COUNT_OF(steps));
		return DATABASE_REFUSED;
	}
	for (; result == DATABASE_OK && (size_t)version < COUNT_OF(steps); version++) {
		result = execute(database, "BEGIN IMMEDIATE", "upgrading the journal", err);
		if (result == DATABASE_OK)
			result = execute(database, steps[version], "upgrading the journal", err);
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld; COMMIT", (long long)version + 1);
		if (result == DATABASE_OK)
			result = execute(database, sql, "upgrading the journal", err);
	}
	return result;
}

static enum database_result
prepare_usage(struct database *database, struct error *err)
{
	const struct {
		const char *sql;
		sqlite3_stmt **statement;
	} all[] = {
	    {"INSERT OR REPLACE INTO usage (connection, month, connected_us, rx_bytes, tx_bytes) "
	     "VALUES (?,?,?,?,?)",
	     &database->usage},
	    {"INSERT OR REPLACE INTO usage_day (connection, day, connected_us, rx_bytes, tx_bytes) "
	     "VALUES (?,?,?,?,?)",
	     &database->usage_day},
	    {"DELETE FROM usage_day WHERE connection = ?1 AND day <= (SELECT day FROM usage_day "
	     "WHERE connection = ?1 ORDER BY day DESC LIMIT 1 OFFSET ?2)",
	     &database->usage_trim},
	};
	enum database_result result = DATABASE_OK;

	for (size_t i = 0; i < COUNT_OF(all) && result == DATABASE_OK; i++)
		result = judge(database->handle,
			       sqlite3_prepare_v2(database->handle, all[i].sql, -1, all[i].statement, NULL),
			       "preparing the journal", err);
	return result;
}

static enum database_result
prepare(struct database *database, struct error *err)
{
	enum database_result result;
	int64_t last = 0;

	result = query_number(database, "SELECT max(sequence) FROM event", &last, err);
	if (result == DATABASE_OK)
		result = query_number(database, "SELECT max(id) FROM event", &database->last_id, err);
	if (result == DATABASE_OK)
		result = query_number(database, "SELECT min(id) FROM event", &database->first_id, err);
	if (result != DATABASE_OK)
		return result;
	database->last_sequence = last > 0 ? (uint64_t)last : 0;
	result = judge(database->handle,
		       sqlite3_prepare_v2(database->handle,
					  "INSERT INTO event (id, sequence, at, severity, kind, subject, "
					  "text, fields) VALUES (?,?,?,?,?,?,?,?)",
					  -1, &database->insert, NULL),
		       "preparing the journal", err);
	return result == DATABASE_OK ? prepare_usage(database, err) : result;
}

enum database_result
database_open(struct database *database, const char *path, struct error *err)
{
	enum database_result result;
	struct stat status;
	int fd;

	*database = (struct database){0};
	snprintf(database->path, sizeof(database->path), "%s", path);
	/* Made here for its mode, which SQLite gives to the files beside it too. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		error_set(err, "the journal %s can't be opened: %s", path, strerror(errno));
		return DATABASE_REFUSED;
	}
	if (fstat(fd, &status) == 0) {
		database->device = status.st_dev;
		database->inode = status.st_ino;
	}
	close(fd);
	result = judge(
	    NULL, sqlite3_open_v2(path, &database->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
	    "opening the journal", err);
	if (result == DATABASE_OK) {
		sqlite3_busy_timeout(database->handle, BUSY_MS);
		result = execute(database,
				 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA "
				 "journal_size_limit = 4194304",
				 "opening the journal", err);
	}
	if (result == DATABASE_OK)
		result = upgrade(database, err);
	if (result == DATABASE_OK)
		result = prepare(database, err);
	if (result != DATABASE_OK)
		database_close(database);
	return result;
}

void
database_close(struct database *database)
{
	sqlite3_finalize(database->insert);
	sqlite3_finalize(database->usage);
	sqlite3_finalize(database->usage_day);
	sqlite3_finalize(database->usage_trim);
	sqlite3_close(database->handle);
	database->insert = database->usage = database->usage_day = database->usage_trim = NULL;
	database->handle = NULL;
}

bool
database_is_there(const struct database *database)
{
	struct stat status;

	return stat(database->path, &status) == 0 && status.st_dev == database->device &&
	       status.st_ino == database->inode;
}

bool
database_move_aside(const char *path, char *aside, size_t size, struct error *err)
{
	static const char *const beside[] = {"-wal", "-shm"};
	char when[CLOCK_TEXT], to[4200], from[4200], moved[4300];

	clock_format(clock_wall(), when);
	for (unsigned i = 0;; i++) {
		snprintf(to, sizeof(to), i == 0 ? "%s.damaged-%s" : "%s.damaged-%s.%u", path, when, i);
		if (access(to, F_OK) != 0)
			break;
	}
	if (rename(path, to) != 0)
		return error_set(err, "the damaged journal %s can't be moved aside: %s", path,
				 strerror(errno));
	/* What belongs to it must not be taken for part of the new one. */
	for (size_t i = 0; i < COUNT_OF(beside); i++) {
		snprintf(from, sizeof(from), "%s%s", path, beside[i]);
		snprintf(moved, sizeof(moved), "%s%s", to, beside[i]);
		if (rename(from, moved) != 0 && errno != ENOENT)
			return error_set(err, "%s can't be moved aside: %s", from, strerror(errno));
	}
	if (aside != NULL)
		snprintf(aside, size, "%s", to);
	return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum database_result
insert(struct database *database, int64_t id, const struct journal_entry *entry, struct error *err)
{
	sqlite3_stmt *statement = database->insert;
	int code;

	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)entry->sequence);
	sqlite3_bind_int64(statement, 3, entry->at);
	sqlite3_bind_text(statement, 4, entry->severity, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, entry->kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 6, entry->subject, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 7, entry->text, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 8, entry->fields, -1, SQLITE_STATIC);
	code = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return judge(database->handle, code, "writing to the journal", err);
}

static enum database_result
put_usage(struct database *database, const struct journal_usage *row, struct error *err)
{
	sqlite3_stmt *statement = row->day ? database->usage_day : database->usage;
	int code;

	sqlite3_bind_text(statement, 1, row->connection, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, row->number);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)row->connected_us);
	sqlite3_bind_int64(statement, 4, (sqlite3_int64)row->rx_bytes);
	sqlite3_bind_int64(statement, 5, (sqlite3_int64)row->tx_bytes);
	code = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	if (row->day && code == SQLITE_DONE) {
		statement = database->usage_trim;
		sqlite3_bind_text(statement, 1, row->connection, -1, SQLITE_STATIC);
		sqlite3_bind_int64(statement, 2, USAGE_DAYS_KEPT);
		code = sqlite3_step(statement);
		sqlite3_reset(statement);
		sqlite3_clear_bindings(statement);
	}
	return judge(database->handle, code, "writing the usage", err);
}

enum database_result
database_write(struct database *database, const struct journal_batch *batch, uint64_t keep, struct error *err)
{
	int64_t id = database->last_id, first = database->first_id != 0 ? database->first_id : 1;
	enum database_result result = execute(database, "BEGIN IMMEDIATE", "writing to the journal", err);
	char sql[80];

	for (size_t i = 0; i < batch->count && result == DATABASE_OK; i++)
		result = insert(database, ++id, &batch->entries[i], err);
	for (size_t i = 0; i < batch->usage_count && result == DATABASE_OK; i++)
		result = put_usage(database, &batch->usage[i], err);
	if (result == DATABASE_OK && (uint64_t)(id - first + 1) > keep) {
		first = id - (int64_t)keep + 1;
		snprintf(sql, sizeof(sql), "DELETE FROM event WHERE id < %lld", (long long)first);
		result = execute(database, sql, "shortening the journal", err);
	}
	if (result == DATABASE_OK)
		result = execute(database, "COMMIT", "writing to the journal", err);
	if (result != DATABASE_OK) {
		sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
		return result;
	}
	database->last_id = id;
	database->first_id = first;
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->entries[i].sequence > database->last_sequence)
			database->last_sequence = batch->entries[i].sequence;
	}
	return DATABASE_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void
read_fields(struct model_map *map, const char *json)
{
	json_t *object = json != NULL ? json_loads(json, 0, NULL) : NULL;
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		if (!json_is_string(value))
			continue;
		text_list_add(&map->names, name);
		text_list_add(&map->values, json_string_value(value));
	}
	json_decref(object);
}

/* Hands one row out. */
static bool
visit_row(sqlite3_stmt *row, bool (*visit)(void *context, const struct model_event *event), void *context)
{
	struct model_event event = {.set = true};
	bool more;

	event.sequence = (uint64_t)sqlite3_column_int64(row, 0);
	event.at = sqlite3_column_int64(row, 1);
	event.severity = (char *)sqlite3_column_text(row, 2);
	event.kind = (char *)sqlite3_column_text(row, 3);
	event.subject = (char *)sqlite3_column_text(row, 4);
	event.text = (char *)sqlite3_column_text(row, 5);
	read_fields(&event.fields, (const char *)sqlite3_column_text(row, 6));
	more = visit(context, &event);
	text_list_free(&event.fields.names);
	text_list_free(&event.fields.values);
	return more;
}

#define EVENT_COLUMNS "SELECT sequence, at, severity, kind, subject, text, fields FROM event "

/* Rows of the query `sql`, whose one parameter is `number`, by a connection of its own that only reads. */
static bool
read_events(const char *path, const char *sql, uint64_t number,
	    bool (*visit)(void *context, const struct model_event *event), void *context, struct error *err)
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	bool good;

	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(handle, BUSY_MS);
		code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
	}
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(statement, 1, number < INT64_MAX ? (sqlite3_int64)number : INT64_MAX);
		while ((code = sqlite3_step(statement)) == SQLITE_ROW && visit_row(statement, visit, context))
			;
	}
	good = judge(handle, code, "reading the journal", err) == DATABASE_OK;
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return good;
}

bool
database_recent(const char *path, size_t limit, bool (*visit)(void *context, const struct model_event *event),
		void *context, struct error *err)
{
	return read_events(path, EVENT_COLUMNS "WHERE id > (SELECT max(id) FROM event) - ? ORDER BY id",
			   limit, visit, context, err);
}

bool
database_before(const char *path, uint64_t sequence,
		bool (*visit)(void *context, const struct model_event *event), void *context,
		struct error *err)
{
	return read_events(path, EVENT_COLUMNS "WHERE sequence < ? ORDER BY sequence DESC", sequence, visit,
			   context, err);
}

/* A figure of a row; what no writer of ours wrote is nothing. */
static uint64_t
column_figure(sqlite3_stmt *row, int column)
{
	sqlite3_int64 value = sqlite3_column_int64(row, column);

	return value > 0 ? (uint64_t)value : 0;
}

bool
database_usage(const char *path, void (*visit)(void *context, const struct journal_usage *row), void *context,
	       struct error *err)
{
	static const char sql[] =
	    "SELECT 0, connection, month, connected_us, rx_bytes, tx_bytes FROM usage UNION ALL "
	    "SELECT 1, connection, day, connected_us, rx_bytes, tx_bytes FROM usage_day ORDER BY 1, 2, 3";
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	bool good;

	if (code == SQLITE_OK) {
		sqlite3_busy_timeout(handle, BUSY_MS);
		code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
	}
	while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct journal_usage row = {
		    .day = sqlite3_column_int64(statement, 0) != 0,
		    .connection = (char *)sqlite3_column_text(statement, 1),
		    .number = (uint32_t)column_figure(statement, 2),
		    .connected_us = column_figure(statement, 3),
		    .rx_bytes = column_figure(statement, 4),
		    .tx_bytes = column_figure(statement, 5),
		};

		if (row.connection != NULL)
			visit(context, &row);
	}
	good = judge(handle, code, "reading the usage", err) == DATABASE_OK;
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return good;
}
