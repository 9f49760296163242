// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing from the program's side: a file, the plugin that knows its format, what comes of it and where its
 * secrets go. `twinspan import` is importer_run(); a form that adds a connection opens a file, shows what is
 * in it, writes one connection under the name that was chosen and saves its secrets beside the configuration.
 */
#ifndef TWINSPAN_IMPORTER_H
#define TWINSPAN_IMPORTER_H

#include "core/base/error.h"
#include "core/import.h"

#define IMPORTER_FILE_MOST 100000000 /* bytes */

struct importer;

/** NULL with "FILE:LINE: text", or what is wrong with the format. */
struct importer *importer_open(const char *format, const char *file, struct error *err);
void importer_close(struct importer *importer);
size_t importer_count(const struct importer *importer);
/** What it points at is borrowed until importer_close(). */
void importer_describe(const struct importer *importer, size_t index, struct import_connection *out);
/**
 * The YAML, secrets and findings of what `options` asks for (its `source` and `accepts` are set here); freed
 * by importer_result_free(). With `connection_only` the text is one or more items of `connections:`, indented
 * by two spaces. What `twinspan check` would refuse of a whole configuration is among the findings.
 */
bool importer_write(const struct importer *importer, const struct import_options *options,
		    struct import_result *result, struct error *err);
void importer_result_free(const struct importer *importer, struct import_result *result);
/**
 * Writes the secrets below a folder, each into a new file of mode 0600; folders that are missing are made
 * with mode 0700. A file that has the very secret stays; where one has another content, or is open to others,
 * nothing at all is written.
 */
bool importer_save_secrets(const struct import_result *result, const char *folder, struct error *err);

struct importer_command {
	const char *format, *file;
	const char *connection, *name; /* as in import_options */
	bool connection_only, inline_secrets;
};

/** `twinspan import FORMAT FILE`: YAML to stdout, secrets below the current folder. Returns the exit code. */
int importer_run(const struct importer_command *command);

#endif
