// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal with real files: what is written, read back, bounded, killed and damaged. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/journal/journal.h"

static char folder[64];
static uv_loop_t loop;

static struct {
	unsigned count;
	char kind[64], text[400];
} told;

static void
on_trouble(void *context, const char *severity, const char *kind, const char *text)
{
	told.count++;
	snprintf(told.kind, sizeof(told.kind), "%s", kind);
	snprintf(told.text, sizeof(told.text), "%s", text);
}

static void
tick(uv_timer_t *timer)
{
}

/* The journal alone does not keep a loop alive: a timer does, as the gateway's do. */
static void
wait_for_trouble(unsigned count)
{
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, tick, 1, 1);
	while (told.count < count)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

static struct journal *
open_journal(uint64_t keep, struct error *err)
{
	const struct journal_options options = {.folder = folder, .keep = keep, .trouble = on_trouble};

	return journal_open(&loop, &options, err);
}

static void
close_journal(struct journal *journal)
{
	journal_close(journal);
	uv_run(&loop, UV_RUN_DEFAULT);
}

static void
append(struct journal *journal, uint64_t sequence)
{
	char text[64];
	struct model_event event = {.set = true, .sequence = sequence, .at = (usec_t)sequence * USEC_PER_SEC};

	snprintf(text, sizeof(text), "event number %llu", (unsigned long long)sequence);
	event.severity = (char *)"info";
	event.kind = (char *)"tunnel.up";
	event.subject = (char *)"aws-paris/1";
	event.text = text;
	text_list_add(&event.fields.names, "number");
	text_list_add(&event.fields.values, text + 13);
	journal_append(journal, &event);
	text_list_free(&event.fields.names);
	text_list_free(&event.fields.values);
}

struct seen {
	uint64_t first, last, count, stop_at;
	bool in_order, right;
};

static bool
see(void *context, const struct model_event *event)
{
	struct seen *seen = context;
	char number[32];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)event->sequence);
	if (seen->count == 0)
		seen->first = event->sequence;
	else
		seen->in_order &= event->sequence == seen->last + 1;
	seen->right &= event->at == (usec_t)event->sequence * USEC_PER_SEC &&
		       strcmp(event->severity, "info") == 0 && strcmp(event->kind, "tunnel.up") == 0 &&
		       strcmp(event->subject, "aws-paris/1") == 0 && strcmp(event->text + 13, number) == 0 &&
		       event->fields.names.count == 1 &&
		       strcmp(event->fields.names.items[0], "number") == 0 &&
		       strcmp(event->fields.values.items[0], number) == 0;
	seen->last = event->sequence;
	return ++seen->count != seen->stop_at;
}

static struct seen
recent(struct journal *journal, size_t limit, uint64_t stop_at)
{
	struct seen seen = {.in_order = true, .right = true, .stop_at = stop_at};
	struct error err;

	assert_true(journal_recent(journal, limit, see, &seen, &err));
	assert_true(seen.in_order);
	assert_true(seen.right);
	return seen;
}

static void
path_of(char out[128], const char *name)
{
	snprintf(out, 128, "%s/%s", folder, name);
}

/* Files whose name begins so. */
static unsigned
count_files(const char *prefix)
{
	DIR *dir = opendir(folder);
	unsigned count = 0;

	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return count;
}

static int
make_folder(void **state)
{
	memset(&told, 0, sizeof(told));
	snprintf(folder, sizeof(folder), "twinspan-test-XXXXXX");
	return mkdtemp(folder) != NULL && uv_loop_init(&loop) == 0 ? 0 : -1;
}

static int
remove_folder(void **state)
{
	DIR *dir = opendir(folder);
	char path[512];

	if (uv_loop_close(&loop) != 0)
		return -1;
	if (dir == NULL)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		unlink(path);
	}
	closedir(dir);
	return rmdir(folder);
}

static void
a_new_journal_is_empty(void **state)
{
	struct journal *journal = open_journal(0, NULL);

	assert_non_null(journal);
	assert_int_equal(journal_last_sequence(journal), 0);
	assert_int_equal(recent(journal, 100, 0).count, 0);
	close_journal(journal);
	assert_int_equal(told.count, 0);
}

static void
events_come_back_in_order_with_all_their_parts(void **state)
{
	struct journal *journal = open_journal(0, NULL);
	struct seen seen;

	for (uint64_t i = 1; i <= 500; i++)
		append(journal, i);
	assert_true(journal_flush(journal));
	seen = recent(journal, 100, 0);
	assert_int_equal(seen.count, 100);
	assert_int_equal(seen.first, 401);
	assert_int_equal(seen.last, 500);
	assert_int_equal(recent(journal, 100, 7).count, 7);
	close_journal(journal);
}

struct back {
	uint64_t next; /* the sequence that has to come */
	size_t count, most;
};

static bool
see_back(void *context, const struct model_event *event)
{
	struct back *back = context;

	assert_int_equal(event->sequence, back->next);
	back->next--;
	return ++back->count < back->most;
}

static void
events_are_read_backwards_from_a_sequence(void **state)
{
	struct journal *journal = open_journal(0, NULL);
	struct back back = {.next = 249, .most = 100};
	struct error err;

	for (uint64_t i = 1; i <= 500; i++)
		append(journal, i);
	assert_true(journal_flush(journal));
	assert_true(journal_before(journal, 250, see_back, &back, &err));
	assert_int_equal(back.count, 100);
	/* to the first one */
	back = (struct back){.next = 149, .most = 1000};
	assert_true(journal_before(journal, 150, see_back, &back, &err));
	assert_int_equal(back.count, 149);
	back = (struct back){.next = 500, .most = 1};
	assert_true(journal_before(journal, UINT64_MAX, see_back, &back, &err));
	assert_int_equal(back.count, 1);
	close_journal(journal);
}

static void
sequences_go_on_after_a_restart(void **state)
{
	struct journal *journal = open_journal(0, NULL);

	for (uint64_t i = 1; i <= 10; i++)
		append(journal, i);
	close_journal(journal);
	journal = open_journal(0, NULL);
	assert_int_equal(journal_last_sequence(journal), 10);
	append(journal, 11);
	assert_true(journal_flush(journal));
	assert_int_equal(journal_last_sequence(journal), 11);
	assert_int_equal(recent(journal, 100, 0).count, 11);
	close_journal(journal);
}

static void
closing_writes_what_is_queued(void **state)
{
	struct journal *journal = open_journal(0, NULL);

	for (uint64_t i = 1; i <= 20000; i++)
		append(journal, i);
	close_journal(journal);
	journal = open_journal(0, NULL);
	assert_int_equal(journal_last_sequence(journal), 20000);
	close_journal(journal);
}

static void
the_oldest_events_go_when_there_are_too_many(void **state)
{
	struct journal *journal = open_journal(100, NULL);
	struct seen seen;

	for (uint64_t i = 1; i <= 350; i++) {
		append(journal, i);
		if (i % 50 == 0)
			assert_true(journal_flush(journal));
	}
	seen = recent(journal, 1000, 0);
	assert_int_equal(seen.count, 100);
	assert_int_equal(seen.last, 350);
	close_journal(journal);
	/* The numbering of the rows survives, so that the bound holds over restarts. */
	journal = open_journal(100, NULL);
	append(journal, 351);
	assert_true(journal_flush(journal));
	assert_int_equal(recent(journal, 1000, 0).count, 100);
	close_journal(journal);
}

static void
appending_to_a_stuck_database_does_not_wait(void **state)
{
	struct journal *journal = open_journal(0, NULL);
	sqlite3 *other;
	char path[128];
	usec_t begun, longest = 0;

	path_of(path, JOURNAL_FILE);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	for (uint64_t i = 1; i <= 1000; i++) {
		begun = clock_monotonic();
		append(journal, i);
		if (clock_monotonic() - begun > longest)
			longest = clock_monotonic() - begun;
	}
	print_message("# longest append: %lld us\n", (long long)longest);
	assert_true(longest < USEC_PER_SEC / 2); /* the writer waits for a second each time */
	wait_for_trouble(1);
	assert_string_equal(told.kind, "journal.failing");
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	while (!journal_flush(journal))
		;
	assert_int_equal(recent(journal, 10000, 0).count, 1000);
	wait_for_trouble(2);
	assert_string_equal(told.kind, "journal.recovered");
	close_journal(journal);
}

static void
what_was_written_survives_sigkill(void **state)
{
	int to_parent[2];
	char byte;
	pid_t child;
	struct journal *journal;
	struct seen seen;
	int status;

	assert_int_equal(pipe(to_parent), 0);
	child = fork();
	if (child == 0) {
		journal = open_journal(0, NULL);
		for (uint64_t i = 1; i <= 1000; i++)
			append(journal, i);
		if (!journal_flush(journal) || write(to_parent[1], "x", 1) != 1)
			_exit(1);
		for (uint64_t i = 1001;; i++) {
			append(journal, i);
			if (i % 100 == 0)
				journal_flush(journal);
		}
	}
	assert_int_equal(read(to_parent[0], &byte, 1), 1);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(to_parent[0]);
	close(to_parent[1]);
	journal = open_journal(0, NULL);
	assert_non_null(journal);
	seen = recent(journal, 1000000, 0);
	assert_int_equal(seen.first, 1);
	assert_true(seen.last >= 1000);
	assert_int_equal(journal_last_sequence(journal), seen.last);
	assert_int_equal(told.count, 0);
	close_journal(journal);
}

/* Overwrites bytes of the database. */
static void
damage(off_t offset, size_t length)
{
	char path[128], junk[4096];
	int fd;

	path_of(path, JOURNAL_FILE);
	fd = open(path, O_WRONLY | O_CREAT, 0640);
	assert_true(fd >= 0);
	memset(junk, 0xa5, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, length, offset), length);
	close(fd);
}

static void
expect_a_new_journal(void)
{
	struct error err = {0};
	struct journal *journal = open_journal(0, &err);

	assert_non_null(journal);
	assert_int_equal(journal_last_sequence(journal), 0);
	append(journal, 1);
	assert_true(journal_flush(journal));
	assert_int_equal(recent(journal, 10, 0).count, 1);
	wait_for_trouble(1);
	assert_string_equal(told.kind, "journal.damaged");
	assert_non_null(strstr(told.text, JOURNAL_FILE ".damaged-"));
	assert_true(count_files(JOURNAL_FILE ".damaged-") >= 1);
	close_journal(journal);
}

static void
a_file_that_is_no_database_is_moved_aside(void **state)
{
	damage(0, 4096);
	expect_a_new_journal();
}

static void
a_damaged_database_is_moved_aside(void **state)
{
	struct journal *journal = open_journal(0, NULL);

	for (uint64_t i = 1; i <= 2000; i++)
		append(journal, i);
	close_journal(journal);
	damage(8192, 4096);
	expect_a_new_journal();
}

static void
a_foreign_database_is_moved_aside(void **state)
{
	sqlite3 *other;
	char path[128];

	path_of(path, JOURNAL_FILE);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "CREATE TABLE t (x); PRAGMA user_version = 1", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(other);
	expect_a_new_journal();
}

static void
a_newer_version_is_left_alone(void **state)
{
	sqlite3 *other;
	struct error err = {0};
	char path[128];

	path_of(path, JOURNAL_FILE);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	assert_null(open_journal(0, &err));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_non_null(strstr(err.text, "newer version"));
	assert_int_equal(count_files(JOURNAL_FILE ".damaged-"), 0);
}

static void
a_removed_file_is_begun_anew(void **state)
{
	static const char *const names[] = {JOURNAL_FILE, JOURNAL_FILE "-wal", JOURNAL_FILE "-shm"};
	struct journal *journal = open_journal(0, NULL);
	char path[128];

	append(journal, 1);
	assert_true(journal_flush(journal));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		path_of(path, names[i]);
		unlink(path);
	}
	append(journal, 2);
	assert_true(journal_flush(journal));
	assert_int_equal(recent(journal, 10, 0).first, 2);
	wait_for_trouble(1);
	assert_string_equal(told.kind, "journal.removed");
	close_journal(journal);
}

static void
a_missing_folder_is_made_and_closed_to_others(void **state)
{
	char parent[64], path[128];
	struct stat status;
	struct journal *journal;

	snprintf(parent, sizeof(parent), "%s", folder);
	snprintf(folder, sizeof(folder), "%.50s/a/b", parent);
	journal = open_journal(0, NULL);
	assert_non_null(journal);
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_mode & 0027, 0);
	path_of(path, JOURNAL_FILE);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0027, 0);
	close_journal(journal);
	unlink(path);
	rmdir(folder);
	snprintf(folder, sizeof(folder), "%.50s/a", parent);
	rmdir(folder);
	snprintf(folder, sizeof(folder), "%s", parent);
}

static void
a_folder_that_cannot_be_made_is_an_error(void **state)
{
	struct error err = {0};
	const struct journal_options options = {.folder = "/proc/twinspan/state"};

	assert_null(journal_open(&loop, &options, &err));
	assert_non_null(strstr(err.text, "can't be made"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

TEST_MAIN(CASE(a_new_journal_is_empty), CASE(events_come_back_in_order_with_all_their_parts),
	  CASE(events_are_read_backwards_from_a_sequence), CASE(sequences_go_on_after_a_restart),
	  CASE(closing_writes_what_is_queued), CASE(the_oldest_events_go_when_there_are_too_many),
	  CASE(appending_to_a_stuck_database_does_not_wait), CASE(what_was_written_survives_sigkill),
	  CASE(a_file_that_is_no_database_is_moved_aside), CASE(a_damaged_database_is_moved_aside),
	  CASE(a_foreign_database_is_moved_aside), CASE(a_newer_version_is_left_alone),
	  CASE(a_removed_file_is_begun_anew), CASE(a_missing_folder_is_made_and_closed_to_others),
	  CASE(a_folder_that_cannot_be_made_is_an_error))
