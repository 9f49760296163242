// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Importing from the program's side; see importer.h. Everything is read and made before anything is written:
 * secrets first, and the text only when each of them is in its place.
 */
#include "core/importer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/plugins.h"

#define SECRET_MOST 4096
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

/* The folder of a secret's file, below `folder`; made where it is missing. -1 with `err`. */
static int
open_folder(int folder, const char *file, struct error *err)
{
	const char *slash = strrchr(file, '/');
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%.*s", slash != NULL ? (int)(slash - file) : 1,
		 slash != NULL ? file : ".");
	if (mkdirat(folder, path, 0700) != 0 && errno != EEXIST) {
		error_set(err, "the folder %s can't be made: %s", path, strerror(errno));
		return -1;
	}
	fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		error_set(err, "the folder %s can't be used: %s", path, strerror(errno));
	return fd;
}

/* Does an open file have this secret and nothing else (but a newline)? */
static bool
has_secret(int fd, const char *text)
{
	char bytes[SECRET_MOST + 1];
	ssize_t got = read(fd, bytes, sizeof(bytes));
	size_t length = strlen(text);
	bool same;

	while (got > 0 && (bytes[got - 1] == '\n' || bytes[got - 1] == '\r'))
		got--;
	same = got >= 0 && (size_t)got == length && memcmp(bytes, text, length) == 0;
	explicit_bzero(bytes, sizeof(bytes));
	return same;
}

/* May this secret be written? `*there`: it is already. */
static bool
look_at(int folder, const struct import_secret *secret, bool *there, struct error *err)
{
	int fd = openat(folder, base_name(secret->file),
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	bool good;

	*there = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0)
		return error_set(err, "%s is there and can't be looked at: %s", secret->file,
				 strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !has_secret(fd, secret->text))
		good = error_set(
		    err, "%s is there with another content: it is not written over, so nothing was written",
		    secret->file);
	else if ((status.st_mode & 077) != 0)
		good = error_set(err, "%s is open to others (mode %04o): make it 0600", secret->file,
				 (unsigned)status.st_mode & 07777);
	else
		good = true;
	close(fd);
	return good;
}

static bool
write_secret(int folder, const struct import_secret *secret, struct error *err)
{
	const char *name = base_name(secret->file);
	size_t length = strlen(secret->text);
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good;

	if (fd < 0)
		return error_set(err, "%s can't be written: %s", secret->file, strerror(errno));
	good = fchmod(fd, 0600) == 0 && write(fd, secret->text, length) == (ssize_t)length &&
	       write(fd, "\n", 1) == 1 && fsync(fd) == 0;
	if (!good)
		error_set(err, "%s can't be written: %s", secret->file, strerror(errno));
	close(fd);
	if (!good)
		unlinkat(folder, name, 0);
	return good;
}

/* All are looked at before the first is written; a failure takes away what was written before it. */
static bool
save(int folder, const struct import_result *result, bool *there, struct error *err)
{
	size_t count = result->secret_count, done = 0;
	bool good = true;

	for (size_t i = 0; i < count && good; i++)
		good = look_at(folder, &result->secrets[i], &there[i], err);
	for (; done < count && good; done += good)
		good = there[done] || write_secret(folder, &result->secrets[done], err);
	for (size_t i = 0; i < done && !good; i++) {
		if (!there[i])
			unlinkat(folder, base_name(result->secrets[i].file), 0);
	}
	return good;
}

bool
importer_save_secrets(const struct import_result *result, const char *folder, struct error *err)
{
	bool *there, good;
	int top, fd;

	if (result->secret_count == 0)
		return true;
	top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return error_set(err, "the folder %.200s can't be used: %s", folder, strerror(errno));
	/* An importer puts all of them into one folder. */
	fd = open_folder(top, result->secrets[0].file, err);
	close(top);
	if (fd < 0)
		return false;
	there = memory_zeroed(result->secret_count, sizeof(*there));
	good = save(fd, result, there, err);
	free(there);
	close(fd);
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
