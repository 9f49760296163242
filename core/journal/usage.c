// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bill's figures; see usage.h. Months are kept in one array, sorted by connection and month, so that
 * walking gives the order of the table and finding is a binary search; a connection that is counted remembers
 * the index of its present month.
 */
#include "core/journal/usage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/journal/journal_internal.h"

#define USEC_PER_HOUR (3600 * USEC_PER_SEC)
#define GIGABYTE 1000000000LL

struct month {
	struct journal_usage total;
	bool dirty; /* not handed to the journal since it changed */
};

struct usage_connection {
	struct usage *usage;
	char *name;
	struct usage_connection *next;
	bool began, available;
	usec_t counted_at;
	struct usage_counters counters[USAGE_TUNNELS];
};

struct usage {
	struct journal *journal;
	struct month *months;
	size_t count, room;
	struct usage_connection *connections;
	usec_t written_at;
};

/* --- months ----------------------------------------------------------------------------------- */

usec_t
usage_month_of(usec_t wall, usec_t *next)
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm, following;

	gmtime_r(&seconds, &tm);
	tm = (struct tm){.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = 1};
	following = tm;
	following.tm_mon++; /* timegm() puts a thirteenth month into the next year */
	if (next != NULL)
		*next = (usec_t)timegm(&following) * USEC_PER_SEC;
	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

/* 202611 */
static uint32_t
month_number(usec_t wall)
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return (uint32_t)(tm.tm_year + 1900) * 100 + (uint32_t)tm.tm_mon + 1;
}

static usec_t
month_start(uint32_t number)
{
	struct tm tm = {
	    .tm_year = (int)(number / 100) - 1900, .tm_mon = (int)(number % 100) - 1, .tm_mday = 1};

	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

/* The index of the first month that is not before (connection, number). */
static size_t
place_of(const struct usage *usage, const char *connection, uint32_t number)
{
	size_t low = 0, high = usage->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct journal_usage *total = &usage->months[middle].total;
		int order = strcmp(total->connection, connection);

		if (order < 0 || (order == 0 && total->month < number))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The month's figures, made where there are none. */
static struct month *
month_of(struct usage *usage, const char *connection, uint32_t number)
{
	size_t at = place_of(usage, connection, number);
	struct month *month;

	if (at < usage->count && usage->months[at].total.month == number &&
	    strcmp(usage->months[at].total.connection, connection) == 0)
		return &usage->months[at];
	if (usage->count == usage->room) {
		usage->room = usage->room != 0 ? usage->room * 2 : 16;
		usage->months = memory_resize(usage->months, usage->room * sizeof(*usage->months));
	}
	month = &usage->months[at];
	memmove(month + 1, month, (usage->count - at) * sizeof(*month));
	usage->count++;
	*month = (struct month){.total = {.connection = text_copy(connection), .month = number}};
	return month;
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void
take_row(void *context, const struct journal_usage *row)
{
	struct month *month;

	/* Only what can be a month: a stranger's row must not become a date that can't be. */
	if (row->month < 197001 || row->month > 999912 || row->month % 100 < 1 || row->month % 100 > 12)
		return;
	month = month_of(context, row->connection, row->month);
	month->total.connected_us = row->connected_us;
	month->total.rx_bytes = row->rx_bytes;
	month->total.tx_bytes = row->tx_bytes;
}

static void
free_all(struct usage *usage)
{
	while (usage->connections != NULL) {
		struct usage_connection *connection = usage->connections;

		usage->connections = connection->next;
		free(connection->name);
		free(connection);
	}
	for (size_t i = 0; i < usage->count; i++)
		free(usage->months[i].total.connection);
	free(usage->months);
	free(usage);
}

struct usage *
usage_open(struct journal *journal, struct error *err)
{
	struct usage *usage = memory_zeroed(1, sizeof(*usage));
	struct error why = {""};

	usage->journal = journal;
	if (journal != NULL && !journal_usage_read(journal, take_row, usage, &why)) {
		if (err != NULL)
			*err = why;
		free_all(usage);
		return NULL;
	}
	return usage;
}

static void
write_now(struct usage *usage)
{
	bool all = usage->journal != NULL && journal_usage_lost(usage->journal);

	for (size_t i = 0; i < usage->count && usage->journal != NULL; i++) {
		if (usage->months[i].dirty || all)
			journal_usage_put(usage->journal, &usage->months[i].total);
		usage->months[i].dirty = false;
	}
}

void
usage_close(struct usage *usage)
{
	if (usage == NULL)
		return;
	write_now(usage);
	free_all(usage);
}

void
usage_write(struct usage *usage, usec_t monotonic)
{
	if (usage->written_at != 0 && monotonic - usage->written_at < USAGE_WRITE_EVERY)
		return;
	if (usage->written_at != 0)
		write_now(usage);
	usage->written_at = monotonic;
}

/* --- counting --------------------------------------------------------------------------------- */

struct usage_connection *
usage_connection(struct usage *usage, const char *name)
{
	struct usage_connection *connection = usage->connections;

	while (connection != NULL && strcmp(connection->name, name) != 0)
		connection = connection->next;
	if (connection != NULL)
		return connection;
	connection = memory_zeroed(1, sizeof(*connection));
	connection->usage = usage;
	connection->name = text_copy(name);
	connection->next = usage->connections;
	usage->connections = connection;
	return connection;
}

static void
add_time(struct usage_connection *connection, usec_t wall, usec_t span)
{
	struct month *month;

	if (span <= 0)
		return;
	month = month_of(connection->usage, connection->name, month_number(wall));
	month->total.connected_us += (uint64_t)span;
	month->dirty = true;
}

/* The span that ends at `wall`, each part under the month in which it lies. */
static void
count_time(struct usage_connection *connection, usec_t wall, usec_t span)
{
	usec_t start, end;

	/* There is no month before 1970. */
	if (wall < span)
		wall = span;
	start = wall - span;
	end = wall;
	while (end > start) {
		usec_t month = usage_month_of(end - 1, NULL), from = month > start ? month : start;

		add_time(connection, end - 1, end - from);
		end = from;
	}
}

static uint64_t
grown(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

void
usage_count(struct usage_connection *connection, usec_t monotonic, usec_t wall, bool available,
	    const struct usage_counters counters[USAGE_TUNNELS])
{
	uint64_t rx = 0, tx = 0;

	for (unsigned i = 0; i < USAGE_TUNNELS && connection->began; i++) {
		rx += grown(counters[i].rx_bytes, connection->counters[i].rx_bytes);
		tx += grown(counters[i].tx_bytes, connection->counters[i].tx_bytes);
	}
	if (connection->began && connection->available)
		count_time(connection, wall, monotonic - connection->counted_at);
	if (rx != 0 || tx != 0) {
		struct month *month =
		    month_of(connection->usage, connection->name, month_number(wall > 0 ? wall : 0));

		month->total.rx_bytes += rx;
		month->total.tx_bytes += tx;
		month->dirty = true;
	}
	connection->began = true;
	connection->available = available;
	connection->counted_at = monotonic;
	memcpy(connection->counters, counters, sizeof(connection->counters));
}

void
usage_walk(struct usage *usage, bool (*visit)(void *context, const struct usage_month *month), void *context)
{
	for (size_t i = 0; i < usage->count; i++) {
		const struct journal_usage *total = &usage->months[i].total;
		struct usage_month month = {
		    .connection = total->connection,
		    .from = month_start(total->month),
		    .connected_us = total->connected_us,
		    .rx_bytes = total->rx_bytes,
		    .tx_bytes = total->tx_bytes,
		};

		usage_month_of(month.from, &month.to);
		if (!visit(context, &month))
			return;
	}
}

uint64_t
usage_amount(uint64_t connected_us, uint64_t tx_bytes, uint64_t per_hour, uint64_t per_gigabyte)
{
	/* Over a denominator that both divide, 5 hours in microseconds and 18 GB, so that it is rounded once.
	 */
	const unsigned __int128 denominator = 18 * GIGABYTE;
	unsigned __int128 sum =
	    (unsigned __int128)connected_us * per_hour * 5 + (unsigned __int128)tx_bytes * per_gigabyte * 18;

	_Static_assert(5 * USEC_PER_HOUR == 18 * GIGABYTE, "the denominator is both");
	return (uint64_t)((sum + denominator / 2) / denominator);
}
