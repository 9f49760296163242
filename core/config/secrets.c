// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a tunnel authenticates: by a certificate (certificates.c) or by a pre-shared key, whichever stands
 * nearest to it. Keys come from files of their own that nobody else may read, are held in memory that is
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
is_file(struct reading *reading, const char *key, const char *name, const struct stat *status,
	struct position at)
{
	if (S_ISREG(status->st_mode))
		return true;
	finding_error(reading->findings, at, "%s %s is %s, not a file", key, quoted(name),
		      S_ISDIR(status->st_mode) ? "a directory" : "something else");
	return false;
}

/* Looked at before it is opened (opening a device may do something) and again afterwards (it may have been
 * swapped). */
static int
open_named(struct reading *reading, const char *key, const char *name, const char *path, bool private,
	   struct position at)
{
	struct stat status;
	int fd = -1;

	if (stat(path, &status) == 0) {
		if (!is_file(reading, key, name, &status, at))
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	if (fd < 0 || fstat(fd, &status) != 0) {
		finding_error(reading->findings, at, "%s %s can't be opened: %s", key, quoted(name),
			      strerror(errno));
	} else if (is_file(reading, key, name, &status, at)) {
		if (!private || (status.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) == 0)
			return fd;
		finding_error(reading->findings, at, "%s %s is open to others (mode %04o): make it 0600", key,
			      quoted(name), (unsigned)status.st_mode & 07777);
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

size_t
without_line_end(const uint8_t *bytes, size_t length)
{
	while (length != 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
		length--;
	return length;
}

/* A new one: relative names start at the configuration's folder. */
static char *
named_path(const struct config *config, const char *name)
{
	const char *slash = strrchr(config->file, '/');

	if (*name == '/')
		return text_copy(name);
	if (slash == NULL)
		return text_format("./%s", name);
	return text_format("%.*s/%s", (int)(slash - config->file), config->file, name);
}

char *
config_psk_path(const struct config *config, const struct config_tunnel *tunnel)
{
	return tunnel->psk_file != NULL ? named_path(config, tunnel->psk_file) : NULL;
}

uint8_t *
named_file_read(struct reading *reading, const char *key, const char *name, bool private, size_t most,
		size_t *length, struct position at)
{
	char *path = named_path(reading->config, name);
	int fd = open_named(reading, key, name, path, private, at);
	uint8_t *bytes;
	ssize_t got;

	free(path);
	if (fd < 0)
		return NULL;
	/* Never moved: a move would leave a copy behind. */
	bytes = memory_zeroed(most + 1, 1);
	got = read_all(fd, bytes, most + 1);
	if (got < 0)
		finding_error(reading->findings, at, "%s %s can't be read: %s", key, quoted(name),
			      strerror(errno));
	else if ((size_t)got > most)
		finding_error(reading->findings, at, "%s %s is larger than %zu bytes", key, quoted(name),
			      most);
	close(fd);
	if (got < 0 || (size_t)got > most) {
		memory_wipe_free(bytes, most + 1);
		return NULL;
	}
	*length = (size_t)got;
	return bytes;
}

bool
named_secret(struct reading *reading, const char *name, const uint8_t **bytes, size_t *length)
{
	for (size_t i = 0; reading->secrets != NULL && i < reading->secrets->count; i++) {
		struct config_secret *secret = &reading->secrets->items[i];

		if (strcmp(secret->file, name) != 0)
			continue;
		secret->named = true;
		*bytes = (const uint8_t *)secret->text;
		*length = strlen(secret->text);
		return true;
	}
	return false;
}

static void
take_secret(struct reading *reading, struct config_tunnel *tunnel, const char *from, const uint8_t *bytes,
	    size_t length, struct position at)
{
	length = without_line_end(bytes, length);
	if (length == 0) {
		finding_error(reading->findings, at, "%s is empty", from);
		return;
	}
	tunnel->psk = memory_zeroed(length, 1);
	memcpy(tunnel->psk, bytes, length);
	tunnel->psk_length = length;
	warn_about_form(reading, tunnel, at);
}

/* A secret that is to follow: `twinspan rotate` put it there. */
static void
read_next(struct reading *reading, struct config_tunnel *tunnel, const char *name, struct position at)
{
	char *next = config_next_path(name), *path = named_path(reading->config, next);
	uint8_t *bytes = NULL;
	size_t length;

	if (access(path, F_OK) == 0)
		bytes = named_file_read(reading, "psk_file", next, true, SECRET_MOST, &length, at);
	if (bytes != NULL) {
		config_tunnel_set_next(tunnel, bytes, without_line_end(bytes, length));
		memory_wipe_free(bytes, length);
	}
	free(path);
	free(next);
}

static void
read_file(struct reading *reading, struct config_tunnel *tunnel, const char *name, struct position at)
{
	char from[120];
	const uint8_t *borrowed;
	uint8_t *bytes;
	size_t length;

	snprintf(from, sizeof(from), "psk_file %s", quoted(name));
	if (named_secret(reading, name, &borrowed, &length)) {
		take_secret(reading, tunnel, from, borrowed, length, at);
		return;
	}
	bytes = named_file_read(reading, "psk_file", name, true, SECRET_MOST, &length, at);
	if (bytes == NULL)
		return;
	take_secret(reading, tunnel, from, bytes, length, at);
	memory_wipe_free(bytes, length);
	read_next(reading, tunnel, name, at);
}

/* The nearest level counts: a certificate from above gives way to the tunnel's own secret. */
static bool
takes_certificate(struct reading *reading, const struct given *given, const struct given *above,
		  const struct node_entry *secret)
{
	const struct node_entry *certificate = given_entry(given, SECTION_SETTINGS, "certificate");
	bool own = certificate != NULL && certificate != given_entry(above, SECTION_SETTINGS, "certificate");

	if (secret != NULL && own)
		finding_error(reading->findings, secret->key->at,
			      "a tunnel takes %s or certificate, not both", secret->key->text);
	return certificate != NULL && (secret == NULL || own);
}

void
secret_read(struct reading *reading, const struct given *given, const struct given *above, struct position at,
	    struct config_tunnel *tunnel)
{
	const struct node_entry *file = given_entry(given, SECTION_TUNNEL, "psk_file");
	const struct node_entry *text = given_entry(given, SECTION_TUNNEL, "psk");

	if (takes_certificate(reading, given, above, file != NULL ? file : text)) {
		if (!reading->no_secrets)
			certificate_load(reading, given, at, tunnel);
		return;
	}
	certificate_names_free(&tunnel->certificate);
	if (file != NULL && text != NULL) {
		finding_error(reading->findings, text->key->at, "a tunnel takes psk or psk_file, not both");
	} else if (file != NULL) {
		if (!value_is_text(reading, &config_fields[field_index(SECTION_TUNNEL, "psk_file")],
				   file->value))
			return;
		tunnel->psk_file = text_copy(file->value->text);
		if (!reading->no_secrets)
			read_file(reading, tunnel, file->value->text, file->key->at);
	} else if (text != NULL) {
		if (!value_is_text(reading, &config_fields[field_index(SECTION_TUNNEL, "psk")], text->value))
			return;
		if (reading->no_secrets)
			return;
		finding_warning(reading->findings, text->key->at,
				"a secret in the configuration is for labs: put it into a file of mode 0600 "
				"and name it with psk_file");
		take_secret(reading, tunnel, "psk", (const uint8_t *)text->value->text, text->value->length,
			    text->value->at);
	} else {
		finding_error(reading->findings, at,
			      "missing key 'psk_file' in a tunnel (or 'psk', or 'certificate')");
	}
}
