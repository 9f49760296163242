// SPDX-License-Identifier: GPL-2.0-or-later
/* The bill's figures with a real database: months and their borders, restarts, kills, clocks that jump. */
#include "tests/unit/test.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/journal/usage.h"

#define SECOND USEC_PER_SEC
#define HOUR (3600 * SECOND)
/* 2026-11-15T00:00:00Z, and the instants between months. */
#define NOVEMBER (1794700800LL * SECOND)
#define DECEMBER_BEGINS (1796083200LL * SECOND)
#define YEAR_BEGINS (1798761600LL * SECOND)

static char folder[64];
static uv_loop_t loop;

/* A gateway's counting: the journal, the usage and one connection, with clocks of its own. */
struct counting {
	struct journal *journal;
	struct usage *usage;
	struct usage_connection *connection;
	usec_t monotonic, wall;
	struct usage_counters counters[USAGE_TUNNELS];
};

static void
count(struct counting *c, bool available)
{
	usage_count(c->connection, c->monotonic, c->wall, available, c->counters);
}

static void
pass(struct counting *c, usec_t span)
{
	c->monotonic += span;
	c->wall += span;
}

static void
start(struct counting *c, usec_t wall)
{
	const struct journal_options options = {.folder = folder};
	struct error err = {""};

	*c = (struct counting){.wall = wall, .monotonic = 5 * SECOND};
	c->journal = journal_open(&loop, &options, &err);
	if (c->journal == NULL)
		fail_msg("%s", err.text);
	c->usage = usage_open(c->journal, &err);
	if (c->usage == NULL)
		fail_msg("%s", err.text);
	c->connection = usage_connection(c->usage, "aws-paris");
	count(c, true);
	usage_write(c->usage, c->monotonic);
}

static void
stop(struct counting *c)
{
	usage_close(c->usage);
	journal_close(c->journal);
	uv_run(&loop, UV_RUN_DEFAULT);
}

struct sum {
	struct usage_period months[8];
	size_t count;
};

static bool
take(void *context, const struct usage_period *month)
{
	struct sum *sum = context;

	assert_true(sum->count < 8);
	sum->months[sum->count++] = *month;
	return true;
}

static struct sum
months_of(struct counting *c)
{
	struct sum sum = {0};

	usage_walk(c->usage, USAGE_MONTHS, take, &sum);
	return sum;
}

static struct sum
days_of(struct counting *c)
{
	struct sum sum = {0};

	usage_walk(c->usage, USAGE_DAYS, take, &sum);
	return sum;
}

static void
assert_month(const struct usage_period *month, usec_t connected, uint64_t rx, uint64_t tx)
{
	assert_int_equal(month->connected_us, connected);
	assert_int_equal(month->rx_bytes, rx);
	assert_int_equal(month->tx_bytes, tx);
}

static int
setup(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/twinspan-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return uv_loop_init(&loop);
}

static int
teardown(void **state)
{
	static const char *const files[] = {"journal.db", "journal.db-wal", "journal.db-shm"};
	char path[128];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		unlink(path);
	}
	rmdir(folder);
	return uv_loop_close(&loop);
}

static void
only_time_while_available_counts(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, NOVEMBER);
	pass(&c, 10 * SECOND);
	count(&c, false);
	pass(&c, 100 * SECOND);
	count(&c, true);
	pass(&c, SECOND / 2);
	count(&c, true);
	sum = months_of(&c);
	assert_int_equal(sum.count, 1);
	assert_string_equal(sum.months[0].connection, "aws-paris");
	assert_month(&sum.months[0], 10 * SECOND + SECOND / 2, 0, 0);
	assert_int_equal(sum.months[0].to, DECEMBER_BEGINS);
	stop(&c);
}

static void
both_tunnels_bytes_count_whatever_the_state(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, NOVEMBER);
	c.counters[0] = (struct usage_counters){100, 200};
	c.counters[1] = (struct usage_counters){1000, 2000};
	count(&c, false);
	c.counters[1].tx_bytes += 7;
	count(&c, false);
	sum = months_of(&c);
	assert_month(&sum.months[0], 0, 1100, 2207);
	stop(&c);
}

static void
counters_of_before_the_first_call_are_not_ours(void **state)
{
	struct counting c;
	struct usage_connection *second;

	start(&c, NOVEMBER);
	second = usage_connection(c.usage, "plant");
	c.counters[0] = (struct usage_counters){5000, 6000};
	usage_count(second, c.monotonic, c.wall, false, c.counters);
	assert_int_equal(months_of(&c).count, 0);
	c.counters[0].rx_bytes = 30; /* it began anew */
	usage_count(second, c.monotonic, c.wall, false, c.counters);
	assert_month(&months_of(&c).months[0], 0, 30, 0);
	stop(&c);
}

static void
a_connection_that_comes_back_is_the_same_and_its_absence_does_not_count(void **state)
{
	struct counting c;

	start(&c, NOVEMBER);
	count(&c, true);
	pass(&c, 5 * SECOND);
	count(&c, false); /* it is taken away */
	pass(&c, 100 * SECOND);
	assert_ptr_equal(usage_connection(c.usage, "aws-paris"), c.connection);
	count(&c, true);
	pass(&c, 2 * SECOND);
	count(&c, true);
	assert_int_equal(months_of(&c).count, 1);
	assert_month(&months_of(&c).months[0], 7 * SECOND, 0, 0);
	stop(&c);
}

static void
a_months_border_parts_the_time_exactly(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, DECEMBER_BEGINS - 3 * SECOND);
	pass(&c, 10 * SECOND);
	c.counters[0].tx_bytes = 9;
	count(&c, true);
	sum = months_of(&c);
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.months[0].to, DECEMBER_BEGINS);
	assert_month(&sum.months[0], 3 * SECOND, 0, 0);
	assert_int_equal(sum.months[1].from, DECEMBER_BEGINS);
	assert_int_equal(sum.months[1].to, YEAR_BEGINS);
	assert_month(&sum.months[1], 7 * SECOND, 0, 9);
	stop(&c);
}

static void
an_interval_over_several_months_reaches_each(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, DECEMBER_BEGINS - HOUR);
	pass(&c, YEAR_BEGINS - DECEMBER_BEGINS + 3 * HOUR);
	count(&c, true);
	sum = months_of(&c);
	assert_int_equal(sum.count, 3);
	assert_month(&sum.months[0], HOUR, 0, 0);
	assert_month(&sum.months[1], 31 * 24 * HOUR, 0, 0);
	assert_month(&sum.months[2], 2 * HOUR, 0, 0);
	stop(&c);
}

static void
a_restart_goes_on_where_it_was_and_counts_nothing_twice(void **state)
{
	struct counting c;

	for (unsigned run = 1; run <= 3; run++) {
		start(&c, NOVEMBER + run * HOUR);
		pass(&c, 60 * SECOND);
		c.counters[0] = (struct usage_counters){10, 20}; /* the data plane's begin anew */
		count(&c, true);
		usage_write(c.usage, c.monotonic);
		usage_write(c.usage, c.monotonic + USAGE_WRITE_EVERY);
		assert_true(journal_flush(c.journal));
		assert_month(&months_of(&c).months[0], run * 60 * SECOND, run * 10, run * 20);
		stop(&c);
	}
	start(&c, NOVEMBER);
	assert_int_equal(months_of(&c).count, 1);
	assert_month(&months_of(&c).months[0], 180 * SECOND, 30, 60);
	stop(&c);
}

static void
what_was_not_written_yet_is_written_at_the_end(void **state)
{
	struct counting c;

	start(&c, NOVEMBER);
	pass(&c, 3 * SECOND);
	count(&c, true);
	stop(&c);
	start(&c, NOVEMBER);
	assert_month(&months_of(&c).months[0], 3 * SECOND, 0, 0);
	stop(&c);
}

/* Counts second by second like a gateway, and is killed in the middle of it. */
static void
be_killed_after(unsigned seconds)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		struct counting c;

		uv_loop_fork(&loop);
		start(&c, NOVEMBER);
		for (unsigned i = 0; i < seconds; i++) {
			pass(&c, SECOND);
			c.counters[0].rx_bytes += 5;
			count(&c, true);
			usage_write(c.usage, c.monotonic);
		}
		journal_flush(c.journal);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
a_kill_loses_a_minute_at_most_and_doubles_nothing(void **state)
{
	struct counting c;
	struct sum sum;

	be_killed_after(150);
	be_killed_after(59);
	start(&c, NOVEMBER);
	sum = months_of(&c);
	assert_int_equal(sum.count, 1);
	/* 120 s of the first run; of the second nothing had been written. */
	assert_month(&sum.months[0], 120 * SECOND, 600, 0);
	stop(&c);
}

static void
a_clock_that_jumps_moves_no_more_than_the_second_it_jumps_in(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, NOVEMBER);
	pass(&c, 10 * SECOND);
	count(&c, true);
	c.wall += 40LL * 24 * HOUR; /* forward into December */
	pass(&c, SECOND);
	count(&c, true);
	c.wall -= 40LL * 24 * HOUR; /* and back */
	pass(&c, SECOND);
	count(&c, true);
	sum = months_of(&c);
	assert_int_equal(sum.count, 2);
	assert_month(&sum.months[0], 11 * SECOND, 0, 0);
	assert_month(&sum.months[1], SECOND, 0, 0);
	stop(&c);
}

static void
a_clock_at_its_beginning_is_january_1970(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, 0);
	c.monotonic += 10 * SECOND;
	count(&c, true);
	c.wall = -5 * SECOND;
	c.counters[0].rx_bytes = 1;
	count(&c, true);
	sum = months_of(&c);
	assert_int_equal(sum.count, 1);
	assert_int_equal(sum.months[0].from, 0);
	assert_month(&sum.months[0], 10 * SECOND, 1, 0);
	stop(&c);
}

static void
a_day_has_its_part_of_the_month(void **state)
{
	struct counting c;
	struct sum sum;

	start(&c, NOVEMBER - 3 * SECOND);
	pass(&c, 10 * SECOND);
	c.counters[0].tx_bytes = 9;
	count(&c, true);
	stop(&c);
	start(&c, NOVEMBER + 2 * HOUR); /* a restart goes on with the same day */
	pass(&c, 5 * SECOND);
	c.counters[1].rx_bytes = 4;
	count(&c, true);
	sum = days_of(&c);
	assert_int_equal(sum.count, 2);
	assert_int_equal(sum.months[0].from, NOVEMBER - 24 * HOUR);
	assert_int_equal(sum.months[0].to, NOVEMBER);
	assert_month(&sum.months[0], 3 * SECOND, 0, 0);
	assert_int_equal(sum.months[1].from, NOVEMBER);
	assert_month(&sum.months[1], 12 * SECOND, 4, 9);
	assert_month(&months_of(&c).months[0], 15 * SECOND, 4, 9);
	stop(&c);
}

struct first_and_last {
	usec_t first, last;
	size_t count;
};

static bool
note_day(void *context, const struct usage_period *day)
{
	struct first_and_last *days = context;

	if (days->count++ == 0)
		days->first = day->from;
	assert_true(day->from >= days->last); /* each once, in order */
	days->last = day->to;
	return true;
}

static int
stored_days(void)
{
	sqlite3_stmt *statement;
	sqlite3 *database;
	char path[128];
	int count;

	snprintf(path, sizeof(path), "%s/" JOURNAL_FILE, folder);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM usage_day", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return count;
}

/* In memory and on disk, also after a day that a clock of the wrong year made. */
static void
days_are_kept_for_thirteen_months(void **state)
{
	struct counting c;

	start(&c, NOVEMBER);
	for (int i = 0; i < USAGE_DAYS_KEPT + 30; i++) {
		pass(&c, 24 * HOUR);
		count(&c, true);
		usage_write(c.usage, c.monotonic);
	}
	c.wall = HOUR; /* 1970 */
	pass(&c, SECOND);
	count(&c, true);
	for (int run = 0; run < 2; run++) {
		struct first_and_last days = {0};

		usage_walk(c.usage, USAGE_DAYS, note_day, &days);
		/* the day of 1970 is the oldest: it has the place of one */
		assert_int_equal(days.count, USAGE_DAYS_KEPT);
		assert_int_equal(days.last, NOVEMBER + (USAGE_DAYS_KEPT + 30) * 24 * HOUR);
		stop(&c);
		start(&c, NOVEMBER);
	}
	stop(&c);
	assert_int_equal(stored_days(), USAGE_DAYS_KEPT);
}

static void
connections_and_months_come_in_order(void **state)
{
	static const char *const names[] = {"b", "a-b", "a"};
	struct counting c;
	struct sum sum;

	start(&c, DECEMBER_BEGINS - SECOND);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct usage_connection *connection = usage_connection(c.usage, names[i]);

		usage_count(connection, c.monotonic, c.wall, true, c.counters);
		usage_count(connection, c.monotonic + 2 * SECOND, c.wall + 2 * SECOND, true, c.counters);
	}
	sum = months_of(&c);
	assert_int_equal(sum.count, 6);
	assert_string_equal(sum.months[0].connection, "a");
	assert_string_equal(sum.months[2].connection, "a-b");
	assert_string_equal(sum.months[4].connection, "b");
	for (size_t i = 0; i < 6; i += 2)
		assert_true(sum.months[i].from < sum.months[i + 1].from);
	stop(&c);
}

static void
a_removed_file_gets_all_totals_again(void **state)
{
	struct counting c;
	char path[128];

	start(&c, NOVEMBER);
	pass(&c, 60 * SECOND);
	count(&c, true);
	usage_write(c.usage, c.monotonic);
	assert_true(journal_flush(c.journal));
	snprintf(path, sizeof(path), "%s/journal.db", folder);
	assert_int_equal(unlink(path), 0);
	/* The next month alone changes; the month before must come back too. */
	c.wall = DECEMBER_BEGINS;
	for (unsigned i = 0; i < 2; i++) { /* the first time, the loss is noticed */
		pass(&c, 60 * SECOND);
		count(&c, true);
		usage_write(c.usage, c.monotonic);
		assert_true(journal_flush(c.journal));
	}
	stop(&c);
	start(&c, NOVEMBER);
	assert_int_equal(months_of(&c).count, 2);
	assert_month(&months_of(&c).months[0], 60 * SECOND, 0, 0);
	assert_month(&months_of(&c).months[1], 120 * SECOND, 0, 0);
	assert_int_equal(days_of(&c).count, 2);
	assert_month(&days_of(&c).months[0], 60 * SECOND, 0, 0);
	stop(&c);
}

static void
without_a_journal_it_counts_all_the_same(void **state)
{
	struct usage *usage = usage_open(NULL, NULL);
	struct usage_connection *connection = usage_connection(usage, "x");
	const struct usage_counters none[USAGE_TUNNELS] = {{0, 0}};
	struct sum sum = {0};

	usage_count(connection, SECOND, NOVEMBER, true, none);
	usage_count(connection, 3 * SECOND, NOVEMBER + 2 * SECOND, true, none);
	usage_walk(usage, USAGE_MONTHS, take, &sum);
	assert_month(&sum.months[0], 2 * SECOND, 0, 0);
	usage_close(usage);
}

static void
amounts_are_exact_to_the_millionth(void **state)
{
	/* A month of 30 days at 0.05, and 123,456,789,012 bytes at 0.09 a gigabyte: 36 + 11.11111101108. */
	assert_int_equal(usage_amount(720 * HOUR, 0, 50000, 90000), 36000000);
	assert_int_equal(usage_amount(0, 123456789012ULL, 50000, 90000), 11111111);
	assert_int_equal(usage_amount(720 * HOUR, 123456789012ULL, 50000, 90000), 47111111);
	assert_int_equal(usage_amount(HOUR / 2, 0, 1, 0), 1); /* half a millionth, up */
	assert_int_equal(usage_amount(HOUR / 2 - 1, 0, 1, 0), 0);
	assert_int_equal(usage_amount(0, 0, 50000, 90000), 0);
	/* Parts that only together make a half. */
	assert_int_equal(usage_amount(HOUR / 4, 250000000, 1, 1), 1);
	/* A century at the highest rate. */
	assert_int_equal(usage_amount(876000 * HOUR, 0, 1000000000000ULL, 0), 876000000000000000ULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(only_time_while_available_counts),
	    TEST(both_tunnels_bytes_count_whatever_the_state),
	    TEST(counters_of_before_the_first_call_are_not_ours),
	    TEST(a_connection_that_comes_back_is_the_same_and_its_absence_does_not_count),
	    TEST(a_months_border_parts_the_time_exactly),
	    TEST(an_interval_over_several_months_reaches_each),
	    TEST(a_restart_goes_on_where_it_was_and_counts_nothing_twice),
	    TEST(what_was_not_written_yet_is_written_at_the_end),
	    TEST(a_kill_loses_a_minute_at_most_and_doubles_nothing),
	    TEST(a_clock_that_jumps_moves_no_more_than_the_second_it_jumps_in),
	    TEST(a_clock_at_its_beginning_is_january_1970),
	    TEST(a_day_has_its_part_of_the_month),
	    TEST(days_are_kept_for_thirteen_months),
	    TEST(connections_and_months_come_in_order),
	    TEST(a_removed_file_gets_all_totals_again),
	    cmocka_unit_test(without_a_journal_it_counts_all_the_same),
	    cmocka_unit_test(amounts_are_exact_to_the_millionth),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
