// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The months and days in which a connection was counted. Each is a sorted array: nearly always it is the last
 * period that is counted in, and where a new one begins it goes to the end. Periods are numbered as people
 * write them, 202611 and 20261127, in UTC.
 */
#include "core/journal/usage_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct tm
calendar(usec_t wall)
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return tm;
}

uint32_t
usage_number(enum usage_unit unit, usec_t wall)
{
	struct tm tm = calendar(wall);
	uint32_t month = (uint32_t)(tm.tm_year + 1900) * 100 + (uint32_t)tm.tm_mon + 1;

	return unit == USAGE_MONTHS ? month : month * 100 + (uint32_t)tm.tm_mday;
}

usec_t
usage_start(enum usage_unit unit, uint32_t number, usec_t *next)
{
	uint32_t month = unit == USAGE_MONTHS ? number : number / 100;
	struct tm tm = {.tm_year = (int)(month / 100) - 1900,
			.tm_mon = (int)(month % 100) - 1,
			.tm_mday = unit == USAGE_MONTHS ? 1 : (int)(number % 100)},
		  following = tm;

	/* timegm() puts a thirteenth month into the next year, and a thirty-second day into the next month */
	if (unit == USAGE_MONTHS)
		following.tm_mon++;
	else
		following.tm_mday++;
	*next = (usec_t)timegm(&following) * USEC_PER_SEC;
	return (usec_t)timegm(&tm) * USEC_PER_SEC;
}

bool
usage_number_is_good(enum usage_unit unit, uint32_t number)
{
	uint32_t month = unit == USAGE_MONTHS ? number : number / 100;
	usec_t next;

	if (month < 197001 || month > 999912 || month % 100 < 1 || month % 100 > 12)
		return false;
	return usage_number(unit, usage_start(unit, number, &next)) == number;
}

/* The index of the first period that is not before that number. */
static size_t
place_of(const struct usage_periods *periods, uint32_t number)
{
	size_t low = 0, high = periods->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (periods->items[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct usage_total *
usage_periods_get(struct usage_periods *periods, uint32_t number, size_t most)
{
	size_t at = place_of(periods, number);
	struct usage_total *item;

	if (at < periods->count && periods->items[at].number == number)
		return &periods->items[at];
	if (periods->count ==
	    most) { /* the oldest goes, also where that is the new one: it is not kept long */
		at = at > 0 ? at - 1 : 0;
		memmove(periods->items, periods->items + 1, (--periods->count) * sizeof(*item));
	}
	if (periods->count == periods->room) {
		periods->room = periods->room != 0 ? periods->room * 2 : 4;
		periods->items = memory_resize(periods->items, periods->room * sizeof(*item));
	}
	item = &periods->items[at];
	memmove(item + 1, item, (periods->count++ - at) * sizeof(*item));
	*item = (struct usage_total){.number = number};
	return item;
}
