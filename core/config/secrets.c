// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pre-shared keys. They come from files of their own that nobody else may read, are held in memory that is
 * wiped, and never stand in a message, not even in part.
 */
#include "core/config/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MOST 4096

/* AWS: 8 to 64 of letters, digits, '.' and '_', not beginning with zero. Other sides take more. */
static void
warn_about_form(struct reading *reading, const struct config_tunnel *tunnel, struct position at)
{
	bool fits = tunnel->psk_length >= 8 && tunnel->psk_length <= 64 && tunnel->psk[0] != '0';

	for (size_t i = 0; i < tunnel->psk_length && fits; i++) {
		char c = (char)tunnel->psk[i];

		fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		       c == '.' || c == '_';
	}
	if (!fits)
		finding_warning(reading->findings, at,
				"AWS takes pre-shared keys of 8 to 64 letters, digits, '.' and '_' "
				"that don't begin with 0: this one is of another form");
}

static bool
is_file(struct reading *reading, const char *name, const struct stat *status, struct position at)
{
	if (S_ISREG(status->st_mode))
		return true;
	finding_error(reading->findings, at, "psk_file %s is %s, not a file", quoted(name),
		      S_ISDIR(status->st_mode) ? "a directory" : "something else");
	return false;
}

/* Looked at before it is opened (opening a device may do something) and again afterwards (it may have been
 * swapped). */
static int
open_private(struct reading *reading, const char *name, const char *path, struct position at)
{
	struct stat status;
	int fd = -1;

	if (stat(path, &status) == 0) {
		if (!is_file(reading, name, &status, at))
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (fd < 0 || fstat(fd, &status) != 0) {
		finding_error(reading->findings, at, "psk_file %s can't be opened: %s", quoted(name),
			      strerror(errno));
	} else if (is_file(reading, name, &status, at)) {
		if ((status.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) == 0)
			return fd;
		finding_error(reading->findings, at,
			      "psk_file %s is open to others (mode %04o): make it 0600", quoted(name),
			      (unsigned)status.st_mode & 07777);
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Reads up to `size` bytes; -1 with errno where that fails. */
static ssize_t
read_all(int fd, uint8_t *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

static void
take_secret(struct reading *reading, struct config_tunnel *tunnel, const char *from, const uint8_t *bytes,
	    size_t length, struct position at)
{
	while (length != 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	if (length == 0) {
		finding_error(reading->findings, at, "%s is empty", from);
		return;
	}
	tunnel->psk = memory_zeroed(length, 1);
	memcpy(tunnel->psk, bytes, length);
	tunnel->psk_length = length;
	warn_about_form(reading, tunnel, at);
}

static void
read_file(struct reading *reading, struct config_tunnel *tunnel, const char *name, struct position at)
{
	uint8_t bytes[SECRET_MOST + 1];
	char path[8192], from[120];
	ssize_t length;
	int fd;

	snprintf(from, sizeof(from), "psk_file %s", quoted(name));
	for (size_t i = 0; reading->secrets != NULL && i < reading->secrets->count; i++) {
		struct config_secret *secret = &reading->secrets->items[i];

		if (strcmp(secret->file, name) != 0)
			continue;
		secret->named = true;
		take_secret(reading, tunnel, from, (const uint8_t *)secret->text, strlen(secret->text), at);
		return;
	}
	if (snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : reading->folder,
		     name[0] == '/' ? "" : "/", name) >= (int)sizeof(path)) {
		finding_error(reading->findings, at, "%s: the path is too long", from);
		return;
	}
	fd = open_private(reading, name, path, at);
	if (fd < 0)
		return;
	length = read_all(fd, bytes, sizeof(bytes));
	if (length < 0)
		finding_error(reading->findings, at, "%s can't be read: %s", from, strerror(errno));
	else if (length > SECRET_MOST)
		finding_error(reading->findings, at, "%s is larger than %d bytes", from, SECRET_MOST);
	else
		take_secret(reading, tunnel, from, bytes, (size_t)length, at);
	explicit_bzero(bytes, sizeof(bytes));
	close(fd);
}

void
secret_read(struct reading *reading, const struct given *given, struct position at,
	    struct config_tunnel *tunnel)
{
	const struct node_entry *file = given_entry(given, SECTION_TUNNEL, "psk_file");
	const struct node_entry *text = given_entry(given, SECTION_TUNNEL, "psk");

	if (file != NULL && text != NULL) {
		finding_error(reading->findings, text->key->at, "a tunnel takes psk or psk_file, not both");
	} else if (file != NULL) {
		if (value_is_text(reading, &config_fields[field_index(SECTION_TUNNEL, "psk_file")],
				  file->value))
			read_file(reading, tunnel, file->value->text, file->key->at);
	} else if (text != NULL) {
		if (!value_is_text(reading, &config_fields[field_index(SECTION_TUNNEL, "psk")], text->value))
			return;
		finding_warning(reading->findings, text->key->at,
				"a secret in the configuration is for labs: put it into a file of mode 0600 "
				"and name it with psk_file");
		take_secret(reading, tunnel, "psk", (const uint8_t *)text->value->text, text->value->length,
			    text->value->at);
	} else {
		finding_error(reading->findings, at, "missing key 'psk_file' in a tunnel (or 'psk')");
	}
}
