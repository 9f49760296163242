// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a gateway of another version can be asked for: the command table says since when there is what. An
 * older gateway would refuse it as well, but can't know which version has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/control/commands.h"

#define PARTS 3 /* major, minor, patch */

/* "0.4" and "0.4.0-rc1" are 0.4.0. False for what is no version. */
static bool
parse(const char *version, unsigned long parts[PARTS])
{
	const char *at = version != NULL ? version : "";
	char *end;

	memset(parts, 0, PARTS * sizeof(*parts));
	for (size_t i = 0; i < PARTS; i++) {
		if (*at < '0' || *at > '9')
			return false;
		parts[i] = strtoul(at, &end, 10);
		if (*end != '.')
			break;
		at = end + 1;
	}
	return true;
}

static bool
is_older(const char *version, const char *than)
{
	unsigned long a[PARTS], b[PARTS];

	if (!parse(version, a) || !parse(than, b))
		return false;
	for (size_t i = 0; i < PARTS; i++) {
		if (a[i] != b[i])
			return a[i] < b[i];
	}
	return false;
}

static bool
too_old(const char *version, const char *what, const char *since, struct error *err)
{
	char clean[32];

	return error_set(err, "the gateway runs %s, and '%s' came with %s",
			 text_clean(clean, sizeof(clean), version), what, since);
}

bool
command_in_version(const struct command *command, const json_t *arguments, const char *version,
		   struct error *err)
{
	const char *since = command->since != NULL ? command->since : COMMAND_FIRST_VERSION;
	char key[64], what[128];

	if (is_older(version, since))
		return too_old(version, command->name, since, err);
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		const struct command_option *option = &command->options[i];

		if (option->since == NULL || !is_older(version, option->since) ||
		    json_object_get(arguments, command_option_key(option, key, sizeof(key))) == NULL)
			continue;
		snprintf(what, sizeof(what), "%s %s", command->name, option->name);
		return too_old(version, what, option->since, err);
	}
	return true;
}
