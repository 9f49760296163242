// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reports of drills, which are kept in the gateway's state folder: STATE/drills/CONNECTION-TIME.json, a
 * file for each. They outlive the events, so that a connection's last drills can be told before and after
 * another one. The names sort by time; only the newest few are read.
 */
#include "core/gateway_operator_internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EARLIER 8        /* drills that are told */
#define MOST_BYTES 65536 /* of a report that is read */
#define STAMP_DIGITS 16  /* 20260102T030405Z */
#define ENDING ".json"

void
gateway_drill_time(usec_t wall, const char *format, char *out, size_t size)
{
	time_t seconds = (time_t)(wall / USEC_PER_SEC);
	struct tm parts;

	if (gmtime_r(&seconds, &parts) == NULL || strftime(out, size, format, &parts) == 0)
		out[0] = '\0';
}

/* The connection's name as the files of its reports begin with it. */
static void
file_stem(const char *connection, char *out, size_t size)
{
	snprintf(out, size, "%s", connection);
	for (char *c = out; *c != '\0'; c++) {
		if (*c == '/' || *c == '.')
			*c = '_';
	}
}

char *
gateway_drill_keep(struct gateway *gateway, const char *connection, usec_t wall, const json_t *report)
{
	char *folder = text_format("%s/drills", gateway->options->state_dir), *path, stem[128], at[40];
	bool good;

	gateway_drill_time(wall, "%Y%m%dT%H%M%SZ", at, sizeof(at));
	file_stem(connection, stem, sizeof(stem));
	path = text_format("%s/%s-%s" ENDING, folder, stem, at);
	good = (mkdir(folder, 0750) == 0 || errno == EEXIST) &&
	       json_dump_file(report, path, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) == 0;
	if (!good)
		gateway_event(gateway, "warning", "drill.unwritten", connection,
			      "can't write the report %s: %s", path, strerror(errno));
	free(folder);
	if (!good)
		FREE_AND_NULL(path);
	return path;
}

/* --- those that were kept ---------------------------------------------------------------------- */

const char *
gateway_drill_result(bool noticed, bool moved)
{
	return !noticed ? "the loss was not noticed in time"
	       : moved  ? "the other tunnel took over"
			: "noticed, but no other tunnel could take over";
}

/* "lyon-20260102T030405Z.json" for "lyon", and not that of "lyon-2". */
static bool
is_report(const char *name, const char *stem)
{
	size_t length = strlen(stem), whole = length + 1 + STAMP_DIGITS + strlen(ENDING);

	return strlen(name) == whole && strncmp(name, stem, length) == 0 && name[length] == '-' &&
	       name[length + 1] >= '0' && name[length + 1] <= '9' &&
	       strcmp(name + whole - strlen(ENDING), ENDING) == 0;
}

/* Puts a name among the newest, the newest first. */
static void
keep_newest(char *newest[EARLIER], const char *name)
{
	size_t i = EARLIER;

	while (i > 0 && (newest[i - 1] == NULL || strcmp(name, newest[i - 1]) > 0))
		i--;
	if (i == EARLIER)
		return;
	free(newest[EARLIER - 1]);
	memmove(newest + i + 1, newest + i, (EARLIER - 1 - i) * sizeof(*newest));
	newest[i] = text_copy(name);
}

/* What is told of a report; NULL where it is none of that connection's. New. */
static json_t *
summary(const char *path, const char *connection)
{
	struct stat status;
	json_t *report = stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MOST_BYTES
			     ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL)
			     : NULL;
	const json_t *noticed = json_object_get(report, "noticed_ms"), *to = json_object_get(report, "to");
	const char *of = json_string_value(json_object_get(report, "connection"));
	static const char *const members[] = {"at", "by",         "forced",    "tunnel",
					      "to", "noticed_ms", "outage_ms", "cause"};
	json_t *out = NULL;

	if (of != NULL && strcmp(of, connection) == 0) {
		out = json_object();
		for (size_t i = 0; i < COUNT_OF(members); i++) {
			if (json_object_get(report, members[i]) != NULL)
				json_object_set(out, members[i], json_object_get(report, members[i]));
		}
		json_object_set_new(
		    out, "result",
		    json_string(gateway_drill_result(json_is_number(noticed), json_is_string(to))));
	}
	json_decref(report);
	return out;
}

json_t *
gateway_drills_earlier(const struct gateway *gateway, const char *connection)
{
	char *folder = text_format("%s/drills", gateway->options->state_dir), stem[128];
	char *newest[EARLIER] = {NULL};
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	json_t *list = json_array(), *one;

	file_stem(connection, stem, sizeof(stem));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (is_report(entry->d_name, stem))
			keep_newest(newest, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	for (size_t i = 0; i < EARLIER && newest[i] != NULL; i++) {
		char *path = text_format("%s/%s", folder, newest[i]);

		if ((one = summary(path, connection)) != NULL)
			json_array_append_new(list, one);
		free(path);
		free(newest[i]);
	}
	free(folder);
	return list;
}

void
gateway_drills_add_lines(json_t *lines, const json_t *earlier)
{
	const json_t *one;
	size_t i;

	if (json_array_size(earlier) == 0)
		gateway_add_line(lines, "  before     no drill of it is kept");
	json_array_foreach (earlier, i, one) {
		const char *at = json_string_value(json_object_get(one, "at"));
		const json_t *outage = json_object_get(one, "outage_ms");
		const char *result = json_string_value(json_object_get(one, "result"));

		if (json_is_number(outage))
			gateway_add_line(lines, "  %-10s %s: %s, outage %.0f ms", i == 0 ? "before" : "",
					 at != NULL ? at : "?", result, json_number_value(outage));
		else
			gateway_add_line(lines, "  %-10s %s: %s, outage not measured", i == 0 ? "before" : "",
					 at != NULL ? at : "?", result);
	}
}
