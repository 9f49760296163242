// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing, as the console's form wants it: core/importer.h's connections under plain names and texts. It
 * stands beside main.c, since nothing else of the terminal's side may know the gateway's.
 */
#include "tui/main_import.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/text.h"
#include "core/importer.h"

static void *
open_import(const char *format, const char *file, struct error *err)
{
	return importer_open(format, file, err);
}

static void
close_import(void *import)
{
	importer_close(import);
}

static size_t
count_of(const void *import)
{
	return importer_count(import);
}

static void
describe(const void *import, size_t index, struct console_import_item *out)
{
	struct import_connection connection;
	char first[IP_ADDRESS_TEXT], second[IP_ADDRESS_TEXT];

	importer_describe(import, index, &connection);
	*out = (struct console_import_item){.dynamic = connection.dynamic,
					    .tunnels = (unsigned)connection.tunnels};
	text_clean(out->id, sizeof(out->id), connection.id);
	text_clean(out->name, sizeof(out->name), connection.name);
	snprintf(out->remotes, sizeof(out->remotes), "%s%s%s",
		 ip_address_format(&connection.remote[0], first), connection.tunnels > 1 ? ", " : "",
		 connection.tunnels > 1 ? ip_address_format(&connection.remote[1], second) : "");
}

static FILE *
open_text(char **text)
{
	static size_t length; /* nobody asks: texts end with a NUL */
	FILE *out = open_memstream(text, &length);

	if (out == NULL)
		abort();
	return out;
}

static bool
write_import(const void *import, size_t index, const char *name, char **yaml, char **secrets, char **notes,
	     struct error *err)
{
	struct import_connection connection;
	struct import_options options = {.name = name, .connection_only = true};
	struct import_result result;
	FILE *out;

	importer_describe(import, index, &connection);
	options.connection = connection.name;
	if (!importer_write(import, &options, &result, err))
		return false;
	*yaml = text_copy(result.text);
	out = open_text(secrets);
	for (size_t i = 0; i < result.secret_count; i++)
		fprintf(out, "%s %s\n", result.secrets[i].file, result.secrets[i].text);
	fclose(out);
	out = open_text(notes);
	for (size_t i = 0; i < result.finding_count; i++) {
		if (result.findings[i].line != 0)
			fprintf(out, "line %u: ", result.findings[i].line);
		fprintf(out, "%s\n", result.findings[i].text);
	}
	fclose(out);
	importer_result_free(import, &result);
	return true;
}

const struct console_import main_import = {.open = open_import,
					   .close = close_import,
					   .count = count_of,
					   .describe = describe,
					   .write = write_import};
