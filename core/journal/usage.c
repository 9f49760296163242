// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bill's figures; see usage.h. What is counted stands with its connection, under its month and under its
 * day; connections are sorted by name, so that walking gives the order of the table.
 */
#include "core/journal/usage_internal.h"

#include <stdlib.h>
#include <string.h>

#define USEC_PER_HOUR (3600 * USEC_PER_SEC)
#define GIGABYTE 1000000000LL

static const size_t most[USAGE_UNITS] = {[USAGE_MONTHS] = SIZE_MAX, [USAGE_DAYS] = USAGE_DAYS_KEPT};

struct usage_connection {
	char *name;
	bool began, available;
	usec_t counted_at;
	struct usage_counters counters[USAGE_TUNNELS];
	struct usage_periods periods[USAGE_UNITS];
};

struct usage {
	struct journal *journal;
	struct usage_connection **connections; /* by name */
	size_t count, room;
	usec_t written_at;
};

/* --- opening and closing ---------------------------------------------------------------------- */

struct usage_connection *
usage_connection(struct usage *usage, const char *name)
{
	size_t low = 0, high = usage->count;
	struct usage_connection *connection;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(usage->connections[middle]->name, name);

		if (order == 0)
			return usage->connections[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (usage->count == usage->room) {
		usage->room = usage->room != 0 ? usage->room * 2 : 16;
		usage->connections =
		    memory_resize(usage->connections, usage->room * sizeof(struct usage_connection *));
	}
	connection = memory_zeroed(1, sizeof(*connection));
	connection->name = text_copy(name);
	memmove(usage->connections + low + 1, usage->connections + low,
		(usage->count++ - low) * sizeof(struct usage_connection *));
	usage->connections[low] = connection;
	return connection;
}

static void
take_row(void *context, const struct journal_usage *row)
{
	enum usage_unit unit = row->day ? USAGE_DAYS : USAGE_MONTHS;
	struct usage_total *total;

	if (!usage_number_is_good(unit, row->number))
		return;
	total = usage_periods_get(&usage_connection(context, row->connection)->periods[unit], row->number,
				  most[unit]);
	total->connected_us = row->connected_us;
	total->rx_bytes = row->rx_bytes;
	total->tx_bytes = row->tx_bytes;
}

static void
free_all(struct usage *usage)
{
	for (size_t i = 0; i < usage->count; i++) {
		for (int unit = 0; unit < USAGE_UNITS; unit++)
			free(usage->connections[i]->periods[unit].items);
		free(usage->connections[i]->name);
		free(usage->connections[i]);
	}
	free(usage->connections);
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
write_periods(struct usage *usage, const struct usage_connection *connection, enum usage_unit unit, bool all)
{
	const struct usage_periods *periods = &connection->periods[unit];

	for (size_t i = 0; i < periods->count; i++) {
		struct usage_total *total = &periods->items[i];

		if (total->dirty || all)
			journal_usage_put(usage->journal,
					  &(struct journal_usage){.connection = connection->name,
								  .day = unit == USAGE_DAYS,
								  .number = total->number,
								  .connected_us = total->connected_us,
								  .rx_bytes = total->rx_bytes,
								  .tx_bytes = total->tx_bytes});
		total->dirty = false;
	}
}

static void
write_now(struct usage *usage)
{
	bool all = usage->journal != NULL && journal_usage_lost(usage->journal);

	for (size_t i = 0; i < usage->count && usage->journal != NULL; i++) {
		for (int unit = 0; unit < USAGE_UNITS; unit++)
			write_periods(usage, usage->connections[i], (enum usage_unit)unit, all);
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

/* Under the day and the month of that instant. */
static void
add(struct usage_connection *connection, usec_t wall, usec_t span, uint64_t rx, uint64_t tx)
{
	for (int unit = 0; unit < USAGE_UNITS; unit++) {
		struct usage_total *total = usage_periods_get(
		    &connection->periods[unit], usage_number((enum usage_unit)unit, wall), most[unit]);

		total->connected_us += (uint64_t)span;
		total->rx_bytes += rx;
		total->tx_bytes += tx;
		total->dirty = true;
	}
}

/* The span that ends at `wall`, each part under the day in which it lies. */
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
		usec_t next, day = usage_start(USAGE_DAYS, usage_number(USAGE_DAYS, end - 1), &next),
			     from = day > start ? day : start;

		add(connection, end - 1, end - from, 0, 0);
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
	if (rx != 0 || tx != 0)
		add(connection, wall > 0 ? wall : 0, 0, rx, tx);
	connection->began = true;
	connection->available = available;
	connection->counted_at = monotonic;
	memcpy(connection->counters, counters, sizeof(connection->counters));
}

void
usage_walk(const struct usage *usage, enum usage_unit unit,
	   bool (*visit)(void *context, const struct usage_period *period), void *context)
{
	for (size_t i = 0; i < usage->count; i++) {
		const struct usage_periods *periods = &usage->connections[i]->periods[unit];

		for (size_t k = 0; k < periods->count; k++) {
			const struct usage_total *total = &periods->items[k];
			struct usage_period period = {
			    .connection = usage->connections[i]->name,
			    .connected_us = total->connected_us,
			    .rx_bytes = total->rx_bytes,
			    .tx_bytes = total->tx_bytes,
			};

			period.from = usage_start(unit, total->number, &period.to);
			if (!visit(context, &period))
				return;
		}
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
