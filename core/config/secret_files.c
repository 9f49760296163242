// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secrets on their way into files: what comes with a new text for the configuration is written beside it just
 * before that text is, and taken away again where that turns back.
 *
 * Whoever may hand in a configuration is an admin, but not by that the owner of every file on the machine: a
 * secret's file is below the configuration's folder, by names that can't lead out of it; each folder on the
 * way is opened without following a symlink; a file that is there is never written to.
 */
#include "core/config/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MOST 4096
#define NAMES_MOST 4
#define SECRETS_MOST 1000

/* --- reading ----------------------------------------------------------------------------------- */

static bool
is_path(const char *path, size_t length)
{
	unsigned names = 1;
	bool begins = true;

	if (length == 0 || length > 200 || path[length - 1] == '/')
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = path[i];
		bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (c == '/' ? begins : begins ? !letter : !letter && strchr("._-", c) == NULL)
			return false;
		names += c == '/';
		begins = c == '/';
	}
	return names <= NAMES_MOST;
}

static bool
add_secret(struct config_secrets *secrets, const char *line, size_t length, unsigned number,
	   struct error *err)
{
	size_t name = 0, at;
	struct config_secret *secret;

	while (name < length && line[name] != ' ')
		name++;
	if (!is_path(line, name))
		return error_set(err,
				 "line %u of the secrets: the file has to be a path below the "
				 "configuration's folder, of letters, digits, '.', '_' and '-'",
				 number);
	for (at = name; at < length && line[at] == ' '; at++)
		;
	if (at == length || length - at > SECRET_MOST)
		return error_set(err,
				 "line %u of the secrets: a secret of 1 to %d bytes has to follow the file",
				 number, SECRET_MOST);
	for (size_t i = 0; i < secrets->count; i++) {
		if (strncmp(secrets->items[i].file, line, name) == 0 && secrets->items[i].file[name] == '\0')
			return error_set(err, "line %u of the secrets: %.*s is there twice", number,
					 (int)name, line);
	}
	if (secrets->count == SECRETS_MOST)
		return error_set(err, "more than %d secrets", SECRETS_MOST);
	if (secrets->items == NULL) /* once for all: a move would leave nothing secret behind, but why move */
		secrets->items = memory_zeroed(SECRETS_MOST, sizeof(*secrets->items));
	secret = &secrets->items[secrets->count++];
	secret->file = text_format("%.*s", (int)name, line);
	secret->text = memory_zeroed(length - at + 1, 1);
	memcpy(secret->text, line + at, length - at);
	return true;
}

bool
config_secrets_parse(const char *lines, struct config_secrets *out, struct error *err)
{
	*out = (struct config_secrets){0};
	for (unsigned number = 1; *lines != '\0'; number++) {
		size_t length = strcspn(lines, "\r\n");

		if (length != 0 && !add_secret(out, lines, length, number, err)) {
			config_secrets_free(out);
			return false;
		}
		lines += length;
		lines += *lines == '\r';
		lines += *lines == '\n';
	}
	return true;
}

void
config_secrets_free(struct config_secrets *secrets)
{
	for (size_t i = 0; i < secrets->count; i++) {
		free(secrets->items[i].file);
		memory_wipe_free(secrets->items[i].text, strlen(secrets->items[i].text));
	}
	free(secrets->items);
	*secrets = (struct config_secrets){0};
}

/* --- on the way to a file ---------------------------------------------------------------------- */

static const char *
base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash != NULL ? slash + 1 : file;
}

static int
open_top(const char *configuration, struct error *err)
{
	size_t length = (size_t)(base_name(configuration) - configuration);
	char *folder = length != 0 ? text_format("%.*s", (int)length, configuration) : text_copy(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		error_set(err, "the folder %s can't be used: %s", folder, strerror(errno));
	free(folder);
	return fd;
}

/*
 * The folder of a secret's file. -1 with `err`; -1 with *missing where it isn't there and is not to be made.
 */
static int
open_folder(const char *configuration, const char *file, bool make, bool *missing, struct error *err)
{
	int fd = open_top(configuration, err);

	*missing = false;
	for (const char *slash; fd >= 0 && (slash = strchr(file, '/')) != NULL; file = slash + 1) {
		char *name = text_format("%.*s", (int)(slash - file), file);
		int next;

		if (make && mkdirat(fd, name, 0700) != 0 && errno != EEXIST)
			error_set(err, "the folder %s can't be made: %s", name, strerror(errno));
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		*missing = next < 0 && errno == ENOENT;
		if (next < 0 && !*missing)
			error_set(err, "the folder %s of a secret can't be used: %s", name,
				  errno == ENOTDIR || errno == ELOOP ? "it is a link, or no folder"
								     : strerror(errno));
		close(fd);
		fd = next;
		free(name);
	}
	return fd;
}

/* Does an open file have this secret and nothing else (but line ends)? */
static bool
has_secret(int fd, const char *text)
{
	char bytes[SECRET_MOST + 3];
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
look_at(int folder, const struct config_secret *secret, bool *there, struct error *err)
{
	int fd = openat(folder, base_name(secret->file),
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	bool good = true;

	*there = fd >= 0;
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0)
		return error_set(err, "%s is there and can't be looked at: %s", secret->file,
				 errno == ELOOP ? "it is a link" : strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !has_secret(fd, secret->text))
		good =
		    error_set(err, "%s is there with another content, and is not written over", secret->file);
	else if ((status.st_mode & 077) != 0)
		good = error_set(err, "%s is open to others (mode %04o): make it 0600", secret->file,
				 (unsigned)status.st_mode & 07777);
	close(fd);
	return good;
}

static bool
check_one(const struct config_secret *secret, const char *configuration, bool *there, struct error *err)
{
	struct error why = {""};
	bool missing, good;
	int folder;

	*there = false;
	if (!secret->named)
		return error_set(err, "no psk_file of the text names %s", secret->file);
	folder = open_folder(configuration, secret->file, false, &missing, &why);
	if (folder < 0)
		return missing || error_set(err, "%s", why.text);
	good = look_at(folder, secret, there, err);
	close(folder);
	return good;
}

bool
config_secrets_check(const struct config_secrets *secrets, const char *configuration, struct error *err)
{
	bool there;

	for (size_t i = 0; i < secrets->count; i++) {
		if (!check_one(&secrets->items[i], configuration, &there, err))
			return false;
	}
	return true;
}

static bool
write_bytes(int fd, const char *text)
{
	size_t length = strlen(text);

	return fchmod(fd, 0600) == 0 && write(fd, text, length) == (ssize_t)length &&
	       write(fd, "\n", 1) == 1 && fsync(fd) == 0;
}

static bool
write_one(struct config_secret *secret, const char *configuration, struct error *err)
{
	struct error why = {""};
	bool missing;
	int folder = open_folder(configuration, secret->file, true, &missing, &why), fd;

	if (folder < 0)
		return error_set(err, "%s", why.text[0] != '\0' ? why.text : "the folder is gone");
	fd = openat(folder, base_name(secret->file), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	secret->made = fd >= 0;
	if (fd < 0 || !write_bytes(fd, secret->text))
		error_set(&why, "%s can't be written: %s", secret->file, strerror(errno));
	else
		fsync(folder);
	if (fd >= 0)
		close(fd);
	close(folder);
	return why.text[0] == '\0' || error_set(err, "%s", why.text);
}

bool
config_secrets_write(struct config_secrets *secrets, const char *configuration, struct error *err)
{
	bool good = config_secrets_check(secrets, configuration, err), there;

	for (size_t i = 0; i < secrets->count && good; i++)
		good = check_one(&secrets->items[i], configuration, &there, err) &&
		       (there || write_one(&secrets->items[i], configuration, err));
	if (!good)
		config_secrets_remove(secrets, configuration);
	return good;
}

/* The folders that are left empty go too, from the innermost on; what isn't empty stays by itself. */
static void
remove_folders(const char *configuration, const char *file)
{
	char *path = text_copy(file), *slash;
	bool missing;
	int fd;

	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		fd = open_folder(configuration, path, false, &missing, NULL);
		if (fd < 0)
			break;
		unlinkat(fd, base_name(path), AT_REMOVEDIR);
		close(fd);
	}
	free(path);
}

void
config_secrets_remove(struct config_secrets *secrets, const char *configuration)
{
	for (size_t i = 0; i < secrets->count; i++) {
		struct config_secret *secret = &secrets->items[i];
		bool missing;
		int folder;

		if (!secret->made)
			continue;
		folder = open_folder(configuration, secret->file, false, &missing, NULL);
		if (folder >= 0) {
			unlinkat(folder, base_name(secret->file), 0);
			close(folder);
			remove_folders(configuration, secret->file);
		}
		secret->made = false;
	}
}
