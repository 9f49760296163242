// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks and their texts; see clock.h. */
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static usec_t
read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

usec_t
clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

usec_t
clock_processor(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

usec_t
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

usec_t
clock_wall_of(usec_t monotonic)
{
	return clock_wall() + (monotonic - clock_monotonic());
}

/* `count` digits of a number, and what stands behind them. Not by snprintf and sscanf: a snapshot has
 * thousands of times. */
static char *
put_digits(char *out, unsigned value, int count, char behind)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
	out[count] = behind;
	return out + count + 1;
}

static bool
take_digits(const char **text, int count, char behind, int *value)
{
	for (*value = 0; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (**text - '0');
	}
	if (behind == '\0')
		return true;
	return *(*text)++ == behind;
}

const char *
clock_format(usec_t wall, char out[CLOCK_TEXT])
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm tm;
	char *at = out;

	gmtime_r(&seconds, &tm);
	at = put_digits(at, (unsigned)tm.tm_year + 1900, 4, '-');
	at = put_digits(at, (unsigned)tm.tm_mon + 1, 2, '-');
	at = put_digits(at, (unsigned)tm.tm_mday, 2, 'T');
	at = put_digits(at, (unsigned)tm.tm_hour, 2, ':');
	at = put_digits(at, (unsigned)tm.tm_min, 2, ':');
	at = put_digits(at, (unsigned)tm.tm_sec, 2, '.');
	at = put_digits(at, (unsigned)(wall % USEC_PER_SEC / 1000), 3, 'Z');
	*at = '\0';
	return out;
}

bool
clock_parse(const char *text, usec_t *wall)
{
	struct tm tm = {0};
	usec_t fraction = 0, scale = USEC_PER_SEC / 10;

	if (!take_digits(&text, 4, '-', &tm.tm_year) || !take_digits(&text, 2, '-', &tm.tm_mon) ||
	    !take_digits(&text, 2, 'T', &tm.tm_mday) || !take_digits(&text, 2, ':', &tm.tm_hour) ||
	    !take_digits(&text, 2, ':', &tm.tm_min) || !take_digits(&text, 2, '\0', &tm.tm_sec))
		return false;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++, scale /= 10)
			fraction += (*text - '0') * scale;
	}
	if (strcmp(text, "Z") != 0)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*wall = (usec_t)timegm(&tm) * USEC_PER_SEC + fraction;
	return true;
}

const char *
clock_format_span(usec_t span, char *out, size_t size)
{
	long long s;

	if (span < 0)
		span = 0;
	s = span / USEC_PER_SEC;
	if (span < USEC_PER_SEC)
		snprintf(out, size, "%lld ms", (long long)(span / USEC_PER_MS));
	else if (s < 10)
		snprintf(out, size, "%lld.%lld s", s, (long long)(span % USEC_PER_SEC / (USEC_PER_SEC / 10)));
	else if (s < 120)
		snprintf(out, size, "%lld s", s);
	else if (s < 2 * 3600)
		snprintf(out, size, "%lld min", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, size, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else
		snprintf(out, size, "%lld d", s / 86400);
	return out;
}
