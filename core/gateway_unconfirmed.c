// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change of the configuration that nobody has confirmed yet must not outlast the gateway, whichever way
 * that ends: the machine may have been restarted because of it. So while a change waits, the state folder has
 * a file `unconfirmed-configuration` (0600, there are secrets in it): a line "configure|reload FORMER NOW"
 * with the lengths of two texts, and these. A gateway that finds NOW in its configuration file starts with
 * FORMER; where the file was written by `configure`, FORMER is put back into it. A file that somebody has
 * changed since is taken as it is, and the record removed: should it become the same again, that is meant so.
 * So does a later reload that takes the file over.
 */
#include "core/gateway_configure_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MOST 64 /* bytes of the first line */

static char *
path_of(const struct gateway_options *options)
{
	return text_format("%s/unconfirmed-configuration", options->state_dir);
}

bool
gateway_unconfirmed_write(const struct gateway *gateway, const struct gateway_source *former,
			  const struct gateway_source *now, bool wrote, struct error *err)
{
	char *path = path_of(gateway->options), *fresh = text_format("%s.new", path);
	int fd;
	FILE *file;
	bool good;

	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	good =
	    file != NULL &&
	    fprintf(file, "%s %zu %zu\n", wrote ? "configure" : "reload", former->length, now->length) > 0 &&
	    fwrite(former->text, 1, former->length, file) == former->length &&
	    fwrite(now->text, 1, now->length, file) == now->length && fflush(file) == 0 && fsync(fd) == 0 &&
	    rename(fresh, path) == 0;
	if (!good) {
		error_set(err, "can't write %s: %s", path, strerror(errno));
		unlink(fresh);
	}
	if (file != NULL)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	free(fresh);
	free(path);
	return good;
}

void
gateway_unconfirmed_remove(struct gateway *gateway)
{
	char *path = path_of(gateway->options);

	if (unlink(path) != 0 && errno != ENOENT)
		gateway_event(gateway, "warning", "state.unwritable", gateway->config->name,
			      "can't remove %s: %s: after a restart the former configuration would be back",
			      path, strerror(errno));
	free(path);
}

/* The whole file; false where there is none. */
static bool
read_record(const char *path, struct gateway_source *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	size_t used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return false;
	}
	out->length = (size_t)status.st_size;
	out->text = memory_zeroed(out->length + 1, 1);
	while (used < out->length && got > 0) {
		got = read(fd, out->text + used, out->length - used);
		used += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	if (used == out->length)
		return true;
	gateway_source_free(out);
	return false;
}

/* Where the texts are in the record; false for a damaged one. */
static bool
split(const struct gateway_source *record, bool *wrote, struct gateway_source *former,
      struct gateway_source *now)
{
	const char *end = memchr(record->text, '\n', record->length < HEAD_MOST ? record->length : HEAD_MOST);
	size_t head = end != NULL ? (size_t)(end - record->text) + 1 : 0;
	char word[16];

	if (end == NULL || sscanf(record->text, "%15s %zu %zu\n", word, &former->length, &now->length) != 3 ||
	    former->length > record->length || now->length > record->length ||
	    head + former->length + now->length != record->length)
		return false;
	*wrote = strcmp(word, "configure") == 0;
	former->text = record->text + head;
	now->text = former->text + former->length;
	return true;
}

bool
gateway_unconfirmed_read(const struct gateway_options *options, struct gateway_source *former)
{
	struct gateway_source record = {0}, before = {0}, now = {0}, file = {0};
	char *path = path_of(options);
	struct error err = {""};
	bool wrote, is = read_record(path, &record) && split(&record, &wrote, &before, &now) &&
			 gateway_source_read(options->config, &file, &err);

	if (is && (file.length != now.length || memcmp(file.text, now.text, now.length) != 0)) {
		is = false;
		unlink(path);
	}
	if (is) {
		former->text = memory_zeroed(before.length + 1, 1);
		memcpy(former->text, before.text, before.length);
		former->length = before.length;
		if (wrote && !gateway_source_write(options->config, former, &err))
			log_warning("gateway", "%s", err.text);
		else if (wrote)
			unlink(path);
	}
	gateway_source_free(&record);
	gateway_source_free(&file);
	free(path);
	return is;
}
