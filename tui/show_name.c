// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which rows are shown. What `show KIND NAME` means: NAME is the row's own name, or that of what it belongs
 * to ("show tunnels aws-paris" has both tunnels, "show routes 10.50.0.0/16" that prefix, "show
 * routes 10.50.1.2" the routes that hold the address).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/model/history.h"
#include "tui/show_internal.h"

static const char *const belongs[] = {"connection", "tunnel", "peer", "subject"};

static bool
field_is(const struct model_kind_info *info, const void *row, const char *field, const char *name)
{
	int i = model_field_find(info->shape, field);
	char text[256];

	return i >= 0 &&
	       strcmp(model_field_text(&info->shape->fields[i], row, text, sizeof(text)), name) == 0;
}

bool
name_matches(const struct model_kind_info *info, const void *row, const char *name)
{
	char key[256];

	if (strcmp(model_row_key(info, row, key, sizeof(key)), name) == 0)
		return true;
	for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++) {
		if (field_is(info, row, info->key[i]->name, name))
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(belongs); i++) {
		if (field_is(info, row, belongs[i], name))
			return true;
	}
	return false;
}

/* The field of a large kind that NAME is compared with. */
static const char *
field_for(const struct model_kind_info *info, const char *name)
{
	struct ip_prefix prefix;

	if (ip_prefix_parse(name, &prefix))
		return "prefix";
	if (info->kind == MODEL_KIND_RECEIVED || info->kind == MODEL_KIND_ADVERTISED)
		return "peer";
	return info->kind == MODEL_KIND_ROUTE && strchr(name, '/') != NULL ? "tunnel" : "connection";
}

/* The name itself, or the tunnels of a connection of that name. Names are free, and patterns have signs. */
static char *
history_filter(const char *name, const char *rest)
{
	char escaped[512];
	size_t used = 0;

	if (strchr(name, '/') != NULL)
		return text_format("name=\"%s\" %s", name, rest);
	for (; *name != '\0' && used + 3 < sizeof(escaped); name++) {
		if (strchr(".[]()*+?{}|^$\\", *name) != NULL)
			escaped[used++] = '\\';
		escaped[used++] = *name;
	}
	escaped[used] = '\0';
	return text_format("name~\"^%s(/.*)?$\" %s", escaped, rest);
}

char *
name_filter(const struct model_kind_info *info, const char *name, const char *filter, struct error *err)
{
	const char *rest = filter != NULL ? filter : "";
	struct ip_address address;

	if (name == NULL)
		return text_copy(rest);
	if (strchr(name, '"') != NULL) {
		error_set(err, "a name has no quotes");
		return NULL;
	}
	if (info->kind == MODEL_KIND_HISTORY)
		return history_filter(name, rest);
	if (ip_address_parse(name, &address) && model_field_find(info->shape, "prefix") >= 0)
		return text_format("has:%s %s", name, rest);
	return text_format("%s=\"%s\" %s", field_for(info, name), name, rest);
}

/* --- options ----------------------------------------------------------------------------------------- */

static bool
is_month(const char *text)
{
	return strlen(text) == 7 && strspn(text, "0123456789") == 4 && text[4] == '-' &&
	       strspn(text + 5, "0123456789") == 2 && strcmp(text + 5, "01") >= 0 &&
	       strcmp(text + 5, "12") <= 0;
}

/* Rows of usage begin with their month's or day's first instant. */
static bool
take_month(const struct model_kind_info *info, const char *month, char *out, size_t size, struct error *err)
{
	bool days = info->kind == MODEL_KIND_USAGE_DAY;
	char clean[64];

	if (month == NULL)
		return true;
	if (info->kind != MODEL_KIND_USAGE && !days)
		return error_set(err, "--month is for usage only, not for %s", info->plural);
	if (!is_month(month))
		return error_set(err, "--month wants a month such as 2026-11, not '%s'",
				 text_clean(clean, sizeof(clean), month));
	snprintf(out, size, "from:%s-%s ", month, days ? "" : "01T");
	return true;
}

/* The part of its time that a row of history stands for. */
static bool
take_span(const char *by, char *out, size_t size, struct error *err)
{
	char clean[64];

	for (int i = 0; i < HISTORY_SPANS; i++) {
		if (by != NULL ? strcmp(history_resolutions[i].by, by) != 0 : i != HISTORY_HOURS)
			continue;
		snprintf(out, size, "seconds=%u ", history_resolutions[i].seconds);
		return true;
	}
	return error_set(err, "history is shown by second, minute or quarter-hour, not by '%s'",
			 text_clean(clean, sizeof(clean), by));
}

static bool
take_by(const struct model_kind_info **info, const char *by, char *out, size_t size, struct error *err)
{
	char clean[64];

	if ((*info)->kind == MODEL_KIND_HISTORY)
		return take_span(by, out, size, err);
	if (by == NULL)
		return true;
	if ((*info)->kind != MODEL_KIND_USAGE)
		return error_set(err, "--by is for usage and history only, not for %s", (*info)->plural);
	if (strcmp(by, "day") == 0)
		*info = model_kind_info(MODEL_KIND_USAGE_DAY);
	else if (strcmp(by, "month") != 0)
		return error_set(err, "usage is shown by month or day, not by '%s'",
				 text_clean(clean, sizeof(clean), by));
	return true;
}

char *
show_filter(const struct model_kind_info **info, const json_t *arguments, struct error *err)
{
	const char *filter = json_string_value(json_object_get(arguments, "filter"));
	char part[64] = "", month[64] = "";

	if (!take_by(info, json_string_value(json_object_get(arguments, "by")), part, sizeof(part), err) ||
	    !take_month(*info, json_string_value(json_object_get(arguments, "month")), month, sizeof(month),
			err))
		return NULL;
	return text_format("%s%s%s", part, month, filter != NULL ? filter : "");
}
