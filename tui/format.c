// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Figures, states and marks; see format.h. A state is always word, glyph and colour together, so that no one
 * of them has to be seen. Looks come from tables: what a new state looks like is one row.
 */
#include "tui/format.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"

#define MOST_MS 1e9     /* eleven days: no path is so slow */
#define MOST_TROUBLE 72 /* bytes of an error that are said whole */

/* --- figures
 * -------------------------------------------------------------------------------------------------- */

/* Scales down by steps of 1000; returns the unit's index. */
static size_t
scale(double *value, size_t units)
{
	size_t unit = 0;

	while (unit + 1 < units && *value >= 999.95) {
		*value /= 1000;
		unit++;
	}
	return unit;
}

const char *
format_rate(uint64_t bps, char out[FORMAT_TEXT])
{
	static const char *const units[] = {"kb/s", "Mb/s", "Gb/s", "Tb/s"};
	double value = (double)bps / 1000;
	size_t unit;

	if (bps == MODEL_UINT_UNSET) {
		snprintf(out, FORMAT_TEXT, "%10s", "");
		memcpy(out + 9, FORMAT_NONE, sizeof(FORMAT_NONE));
		return out;
	}
	unit = scale(&value, COUNT_OF(units));
	snprintf(out, FORMAT_TEXT, "%5.1f %s", value, units[unit]);
	return out;
}

const char *
format_bytes(uint64_t bytes, char out[FORMAT_TEXT])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double value = (double)bytes;
	size_t unit;

	if (bytes == MODEL_UINT_UNSET) {
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
		return out;
	}
	unit = scale(&value, COUNT_OF(units));
	snprintf(out, FORMAT_TEXT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
	return out;
}

const char *
format_count(uint64_t count, char out[FORMAT_TEXT])
{
	char digits[24];
	size_t length, used = 0;

	if (count == MODEL_UINT_UNSET) {
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
		return out;
	}
	length = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out[used++] = ',';
		out[used++] = digits[i];
	}
	out[used] = '\0';
	return out;
}

const char *
format_ms(double ms, char out[FORMAT_TEXT])
{
	if (!(ms >= 0 && ms < MOST_MS)) /* nothing, or nonsense from elsewhere */
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
	else if (ms >= 9999.95)
		snprintf(out, FORMAT_TEXT, "%.1f s", ms / 1000);
	else
		snprintf(out, FORMAT_TEXT, ms < 0.995 ? "%.2f ms" : ms < 99.95 ? "%.1f ms" : "%.0f ms", ms);
	return out;
}

const char *
format_percent(double percent, char out[FORMAT_TEXT])
{
	if (!(percent >= 0 && percent <= 100))
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
	else
		snprintf(out, FORMAT_TEXT, "%.1f %%", percent);
	return out;
}

const char *
format_since(usec_t now, usec_t at, char out[FORMAT_TEXT])
{
	usec_t span = now - at;

	if (at == 0)
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
	else if (span < 10 * USEC_PER_SEC) /* whole seconds: tenths would only flicker */
		snprintf(out, FORMAT_TEXT, "%lld s", span < 0 ? 0LL : (long long)(span / USEC_PER_SEC));
	else
		clock_format_span(span, out, FORMAT_TEXT);
	return out;
}

const char *
format_window(size_t seconds, char out[FORMAT_TEXT])
{
	size_t minutes = (seconds + 30) / 60;

	if (seconds < 120)
		snprintf(out, FORMAT_TEXT, "%zu s", seconds);
	else if (minutes < 120)
		snprintf(out, FORMAT_TEXT, "%zu min", minutes);
	else if (minutes % 60 == 0 || minutes >= 600)
		snprintf(out, FORMAT_TEXT, "%zu h", (minutes + 30) / 60);
	else
		snprintf(out, FORMAT_TEXT, "%zu h %zu min", minutes / 60, minutes % 60);
	return out;
}

const char *
format_until(usec_t now, usec_t at, char out[FORMAT_TEXT])
{
	if (at == 0)
		snprintf(out, FORMAT_TEXT, FORMAT_NONE);
	else if (at <= now)
		snprintf(out, FORMAT_TEXT, "now");
	else
		format_since(at, now, out);
	return out;
}

static void
local_time(usec_t at, struct tm *tm)
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);

	localtime_r(&seconds, tm);
}

const char *
format_clock(usec_t at, char out[FORMAT_TEXT])
{
	struct tm tm;

	local_time(at, &tm);
	strftime(out, FORMAT_TEXT, "%H:%M:%S", &tm);
	return out;
}

const char *
format_stamp(usec_t at, char out[FORMAT_TEXT])
{
	struct tm tm;

	local_time(at, &tm);
	strftime(out, FORMAT_TEXT, "%b %d %H:%M:%S", &tm);
	return out;
}

const char *
format_date(usec_t at, char out[FORMAT_TEXT])
{
	struct tm tm;

	local_time(at, &tm);
	strftime(out, FORMAT_TEXT, "%Y-%m-%d %H:%M", &tm);
	return out;
}

static const void *
member(const struct model_field *field, const void *row)
{
	return (const char *)row + field->offset;
}

static const char *
format_number_field(const struct model_field *field, const void *row, char *out, size_t size)
{
	uint64_t value = *(const uint64_t *)member(field, row);
	char text[FORMAT_TEXT];

	if (value == MODEL_UINT_UNSET)
		snprintf(out, size, FORMAT_NONE);
	else if (strcmp(field->unit, "bps") == 0)
		snprintf(out, size, "%s", format_rate(value, text) + strspn(text, " "));
	else if (strcmp(field->unit, "bytes") == 0)
		snprintf(out, size, "%s", format_bytes(value, text));
	else if (strstr(field->name, "asn") != NULL || strcmp(field->unit, "asn") == 0 ||
		 strcmp(field->unit, "id") == 0)
		snprintf(out, size, "%llu", (unsigned long long)value);
	else if (strcmp(field->unit, "ms") == 0 || strcmp(field->unit, "s") == 0)
		snprintf(out, size, "%llu %s", (unsigned long long)value, field->unit);
	else
		snprintf(out, size, "%s", format_count(value, text));
	return out;
}

const char *
format_field(const struct model_field *field, const void *row, usec_t now, char *out, size_t size)
{
	char text[FORMAT_TEXT], span[FORMAT_TEXT];
	double real;
	usec_t at;

	switch (field->type) {
	case MODEL_UINT:
		return format_number_field(field, row, out, size);
	case MODEL_REAL:
		real = *(const double *)member(field, row);
		if (strcmp(field->unit, "ms") == 0)
			snprintf(out, size, "%s", format_ms(real, text));
		else if (strcmp(field->unit, "percent") == 0)
			snprintf(out, size, "%s", format_percent(real, text));
		else
			model_field_text(field, row, out, size);
		break;
	case MODEL_TIME:
		at = *(const usec_t *)member(field, row);
		if (at == 0)
			snprintf(out, size, FORMAT_NONE);
		else if (at >= now + FORMAT_DAYS_S * USEC_PER_SEC)
			snprintf(out, size, "in %s (%.10s)", format_until(now, at, span),
				 format_date(at, text));
		else if (at > now)
			snprintf(out, size, "in %s (%s)", format_until(now, at, span),
				 format_clock(at, text));
		else
			snprintf(out, size, "%s ago (%s)", format_since(now, at, span),
				 format_stamp(at, text));
		break;
	case MODEL_BOOL:
		snprintf(out, size, "%s", *(const bool *)member(field, row) ? "yes" : "no");
		break;
	default:
		model_field_text(field, row, out, size);
		break;
	}
	if (out[0] == '\0')
		snprintf(out, size, FORMAT_NONE);
	return out;
}

const char *
format_mode(const char *mode, char out[FORMAT_TEXT])
{
	snprintf(out, FORMAT_TEXT, "%s", mode != NULL ? mode : "");
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '_' ? '/' : *c;
	return out;
}

/* --- states
 * --------------------------------------------------------------------------------------------------- */

struct state_row {
	const char *state;
	struct look_of look;
};

static struct look_of
find_look(const struct state_row *rows, size_t count, const char *state)
{
	for (size_t i = 0; state != NULL && i < count; i++) {
		if (strcmp(rows[i].state, state) == 0)
			return rows[i].look;
	}
	return (struct look_of){"?", state != NULL ? state : "unknown", ROLE_warning};
}

struct look_of
look_of_tunnel(const struct model_tunnel *tunnel)
{
	static const struct state_row rows[] = {
	    {"up", {"●", "up", ROLE_good}},
	    {"down", {"✕", "down", ROLE_bad}},
	    {"connecting", {"◌", "connecting", ROLE_warning}},
	    {"draining", {"≈", "draining", ROLE_warning}},
	    {"idle", {"○", "idle", ROLE_dim}},
	    {"disabled", {"–", "disabled", ROLE_dim}},
	};

	return find_look(rows, COUNT_OF(rows), tunnel->state);
}

struct look_of
look_of_peer(const struct model_peer *peer)
{
	static const struct state_row rows[] = {
	    {"Established", {"●", "Established", ROLE_good}},
	    {"OpenConfirm", {"◌", "OpenConfirm", ROLE_warning}},
	    {"OpenSent", {"◌", "OpenSent", ROLE_warning}},
	    {"Connect", {"◌", "Connect", ROLE_warning}},
	    {"Active", {"◌", "Active", ROLE_warning}},
	    {"Idle", {"✕", "Idle", ROLE_bad}},
	};

	if (peer->shut_down)
		return (struct look_of){"–", "shut down", ROLE_dim};
	return find_look(rows, COUNT_OF(rows), peer->state);
}

struct look_of
look_of_connection(const struct model_connection *connection)
{
	static const struct state_row rows[] = {
	    {"up", {"●", "up", ROLE_good}},
	    {"degraded", {"!", "on one span", ROLE_warning}},
	    {"down", {"✕", "down", ROLE_bad}},
	    {"disabled", {"–", "disabled", ROLE_dim}},
	};

	return find_look(rows, COUNT_OF(rows), connection->state);
}

struct look_of
look_of_severity(const char *severity)
{
	static const struct state_row rows[] = {
	    {"debug", {"·", "debug", ROLE_dim}},      {"info", {"·", "info", ROLE_text}},
	    {"notice", {"●", "notice", ROLE_accent}}, {"warning", {"!", "warning", ROLE_warning}},
	    {"error", {"✕", "error", ROLE_bad}},
	};

	return find_look(rows, COUNT_OF(rows), severity);
}

static bool
state_is(const struct model_tunnel *tunnel, const char *state)
{
	return tunnel->state != NULL && strcmp(tunnel->state, state) == 0;
}

const char *
tunnel_part(const struct model_tunnel *tunnel)
{
	if (state_is(tunnel, "draining"))
		return "draining";
	if (!state_is(tunnel, "up"))
		return "";
	return tunnel->active ? "carries" : "standby";
}

const char *
tunnel_number(const char *name)
{
	const char *slash = name != NULL ? strrchr(name, '/') : NULL;

	return slash != NULL ? slash + 1 : "?";
}

const char *
tunnel_mark(const struct model_tunnel *tunnel, char out[16], enum theme_role *role)
{
	static const struct {
		const char *part, *line;
		enum theme_role role;
	} marks[] = {{"carries", "═", ROLE_accent},
		     {"standby", "─", ROLE_text},
		     {"draining", "≈", ROLE_warning},
		     {"", "╌", ROLE_dim}};
	const char *part = tunnel_part(tunnel);

	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		if (strcmp(marks[i].part, part) != 0)
			continue;
		snprintf(out, 16, "%s%.1s%s", marks[i].line, tunnel_number(tunnel->name), marks[i].line);
		*role = state_is(tunnel, "down") ? ROLE_bad : marks[i].role;
	}
	return out;
}

const char *
connection_unconfirmed(const struct model_connection *connection)
{
	const char *what = connection->unconfirmed;

	return what != NULL && strstr(what, " of ") != NULL ? what : connection->name;
}

size_t
connection_tunnels(const struct model_store *store, const char *connection,
		   const struct model_tunnel *tunnels[2])
{
	size_t count = 0;
	char name[256];

	for (int i = 1; connection != NULL && i <= 2; i++) {
		snprintf(name, sizeof(name), "%s/%d", connection, i);
		tunnels[count] = model_store_get(store, MODEL_KIND_TUNNEL, name);
		count += tunnels[count] != NULL;
	}
	return count;
}

const char *
tunnel_trouble(const struct model_tunnel *tunnel, usec_t now, char *out, size_t size)
{
	char count[FORMAT_TEXT], span[FORMAT_TEXT];
	size_t used = 0;

	out[0] = '\0';
	if (tunnel->last_error.set && tunnel->last_error.text != NULL) {
		const char *text = tunnel->last_error.text, *list = strstr(text, ": ");
		/* a long list behind a colon must not hide when it is tried again; the detail has all of it
		 */
		bool cut = strlen(text) > MOST_TROUBLE && list != NULL;
		/* true as the text was written; what is true now comes behind */
		const char *then = strstr(text, ", next try in ");

		used = (size_t)snprintf(out, size, "%.*s",
					cut            ? (int)(list - text)
					: then != NULL ? (int)(then - text)
						       : INT_MAX,
					text);
	}
	if (used < size && tunnel->next_try_at > now)
		used += (size_t)snprintf(out + used, size - used, "%snext in %s", used > 0 ? "; " : "",
					 format_until(now, tunnel->next_try_at, span));
	if (used < size && tunnel->tries != MODEL_UINT_UNSET && tunnel->tries > 1)
		snprintf(out + used, size - used, "%s%s tries", used > 0 ? ", " : "",
			 format_count(tunnel->tries, count));
	return out;
}
