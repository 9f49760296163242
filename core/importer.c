// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing from the program's side; see importer.h. Everything is read and made before anything is written:
 * secrets first, and the text only when each of them is in its place.
 */
#include "core/importer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/plugins.h"

#define EXIT_USAGE 2

struct importer {
	const struct import_ops *ops;
	struct import_file *file;
	char *name; /* the file's, cleaned */
};

static const char *
base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash != NULL ? slash + 1 : file;
}

/* --- opening ------------------------------------------------------------------------------------------ */

static void
plugin_name(const char *format, char *out, size_t size)
{
	snprintf(out, size, "import_%s", format);
}

/* Is there such a format? A word, and a plugin of that name. */
static bool
knows(const char *format, struct error *err)
{
	char clean[40], plugin[64], path[4096];

	plugin_name(format, plugin, sizeof(plugin));
	if (*format != '\0' && strlen(format) < 32 &&
	    strspn(format, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(format) &&
	    paths_plugin(plugin, path, sizeof(path)))
		return true;
	text_clean(clean, sizeof(clean), format);
	return error_set(err, "no format to import from is called '%s': there is no plugin 'import_%s'",
			 clean, clean);
}

static const struct import_ops *
load(const char *format, struct error *err)
{
	const struct twinspan_plugin *plugin;
	char name[64];

	if (!knows(format, err))
		return NULL;
	plugin_name(format, name, sizeof(name));
	plugin = plugin_load(name, err);
	if (plugin != NULL && plugin->kind != TWINSPAN_PLUGIN_IMPORT) {
		error_set(err, "the plugin '%s' is no importer", name);
		return NULL;
	}
	return plugin != NULL ? plugin->ops : NULL;
}

static bool
set_problem(struct error *err, const char *file, const struct import_finding *why)
{
	if (why->line != 0)
		return error_set(err, "%.120s:%u: %s", file, why->line, why->text);
	return error_set(err, "%.120s: %s", file, why->text);
}

static char *
read_file(const char *file, const char *shown, size_t *length, struct error *err)
{
	struct stat status;
	char *bytes = NULL;

	/* A large file is not read first to be refused then. */
	if (stat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > IMPORTER_FILE_MOST)
		*length = IMPORTER_FILE_MOST + 1;
	else if ((bytes = file_read(file, IMPORTER_FILE_MOST, length, err)) == NULL)
		error_prefix(err, "%.120s", shown);
	if (*length <= IMPORTER_FILE_MOST)
		return bytes;
	error_set(err, "%.120s: the file is larger than 100 MB", shown);
	if (bytes != NULL)
		memory_wipe_free(bytes, *length);
	return NULL;
}

struct importer *
importer_open(const char *format, const char *file, struct error *err)
{
	const struct import_ops *ops = load(format, err);
	struct import_finding why = {0};
	struct import_file *opened;
	struct importer *importer;
	char clean[4096], *bytes;
	size_t length = 0;

	if (ops == NULL)
		return NULL;
	text_clean(clean, sizeof(clean), file);
	bytes = read_file(file, clean, &length, err);
	if (bytes == NULL)
		return NULL;
	opened = ops->open(bytes, length, &why);
	memory_wipe_free(bytes, length);
	if (opened == NULL) {
		set_problem(err, clean, &why);
		return NULL;
	}
	importer = memory_zeroed(1, sizeof(*importer));
	*importer = (struct importer){.ops = ops, .file = opened, .name = text_copy(clean)};
	return importer;
}

void
importer_close(struct importer *importer)
{
	if (importer == NULL)
		return;
	importer->ops->close(importer->file);
	free(importer->name);
	free(importer);
}

size_t
importer_count(const struct importer *importer)
{
	return importer->ops->count(importer->file);
}

void
importer_describe(const struct importer *importer, size_t index, struct import_connection *out)
{
	importer->ops->describe(importer->file, index, out);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static void
add_finding(struct import_result *result, const char *text)
{
	struct import_finding *finding;

	result->findings =
	    memory_resize(result->findings, (result->finding_count + 1) * sizeof(*result->findings));
	finding = &result->findings[result->finding_count++];
	*finding = (struct import_finding){0};
	snprintf(finding->text, sizeof(finding->text), "`twinspan check` will refuse the result: %.350s",
		 text);
}

/* Reads the configuration as `check` would, with the secrets inside: a secret's file may not be there yet. */
static void
check(const struct importer *importer, const struct import_options *options, struct import_result *result)
{
	struct import_options inside = *options;
	struct import_result whole = {0};
	struct import_finding why;
	struct config_findings findings = {0};

	inside.inline_secrets = true;
	if (!importer->ops->write(importer->file, &inside, &whole, &why))
		return;
	config_free(config_parse("/imported.yaml", whole.text, whole.length, &findings));
	for (size_t i = 0; i < findings.count; i++) {
		/* A key that the file lacked: that was said. */
		if (!findings.items[i].warning && strncmp(findings.items[i].text, "psk_file ", 9) != 0)
			add_finding(result, findings.items[i].text);
	}
	config_findings_free(&findings);
	importer->ops->result_free(&whole);
}

bool
importer_write(const struct importer *importer, const struct import_options *asked,
	       struct import_result *result, struct error *err)
{
	struct import_options options = *asked;
	struct import_finding why = {0};

	*result = (struct import_result){0};
	options.source = base_name(importer->name);
	options.accepts = config_accepts_proposal;
	if (!importer->ops->write(importer->file, &options, result, &why))
		return set_problem(err, importer->name, &why);
	if (!options.connection_only)
		check(importer, &options, result);
	return true;
}

void
importer_result_free(const struct importer *importer, struct import_result *result)
{
	importer->ops->result_free(result);
}

/* --- secrets ------------------------------------------------------------------------------------------ */

bool
importer_save_secrets(const struct import_result *result, const char *folder, struct error *err)
{
	struct config_secrets secrets = {.count = result->secret_count};
	char *beside = text_format("%s/", folder); /* as a configuration there would be */
	bool good;

	secrets.items = memory_zeroed(result->secret_count + 1, sizeof(*secrets.items));
	for (size_t i = 0; i < result->secret_count; i++)
		secrets.items[i] = (struct config_secret){
		    .file = result->secrets[i].file, .text = result->secrets[i].text, .named = true};
	good = config_secrets_write(&secrets, beside, err);
	free(secrets.items);
	free(beside);
	return good;
}

/* --- the command -------------------------------------------------------------------------------------- */

static int
fail(int exit_code, const struct error *err)
{
	fprintf(stderr, "twinspan: %s\n", err->text);
	return exit_code;
}

static void
print_findings(const char *file, const struct import_result *result)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		const struct import_finding *finding = &result->findings[i];

		if (finding->line != 0)
			fprintf(stderr, "%s:%u: warning: %s\n", file, finding->line, finding->text);
		else
			fprintf(stderr, "%s: warning: %s\n", file, finding->text);
	}
}

static int
import(const struct importer *importer, const struct importer_command *command)
{
	const struct import_options options = {.connection = command->connection,
					       .name = command->name,
					       .connection_only = command->connection_only,
					       .inline_secrets = command->inline_secrets};
	struct import_result result;
	struct error err = {""};
	int code = 1;

	if (!importer_write(importer, &options, &result, &err) ||
	    !importer_save_secrets(&result, ".", &err)) {
		fail(1, &err);
	} else {
		print_findings(importer->name, &result);
		if (fwrite(result.text, 1, result.length, stdout) == result.length && fflush(stdout) == 0)
			code = 0;
		else
			fprintf(stderr, "twinspan: cannot write: %s\n", strerror(errno));
	}
	importer_result_free(importer, &result);
	return code;
}

int
importer_run(const struct importer_command *command)
{
	struct error err = {""};
	struct importer *importer;
	int code;

	if (!knows(command->format, &err))
		return fail(EXIT_USAGE, &err);
	importer = importer_open(command->format, command->file, &err);
	if (importer == NULL)
		return fail(1, &err);
	code = import(importer, command);
	importer_close(importer);
	return code;
}
