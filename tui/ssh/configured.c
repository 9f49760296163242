// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of ~/.ssh/config that libssh passes over, or tells only in part, from the lines that count for a host
 * (config_lines.h); and those lines for libssh, which then has nothing to choose.
 */
#include "tui/ssh/configured.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tui/ssh/config_lines.h"

#define MOST_BYTES ((size_t)1 << 20)

bool
ssh_config_may_lack(int number)
{
	return number == ENOENT || number == ENOTDIR || number == EACCES;
}

char *
ssh_config_read(const char *path, struct ssh_fault *fault)
{
	FILE *in = fopen(path, "re");
	bool good;
	char *text;

	if (in == NULL) {
		if (!ssh_config_may_lack(errno))
			ssh_fault_set(fault, false, "%.300s: %s", path, strerror(errno));
		return NULL;
	}
	text = memory_zeroed(MOST_BYTES + 2, 1);
	if (fread(text, 1, MOST_BYTES + 1, in) > MOST_BYTES)
		good = ssh_fault_set(fault, true, "%.300s is larger than %zu bytes", path, MOST_BYTES);
	else
		good = !ferror(in) || errno == EISDIR /* nothing to read, as for ssh */ ||
		       ssh_fault_set(fault, false, "%.300s: %s", path, strerror(errno));
	fclose(in);
	if (!good)
		FREE_AND_NULL(text);
	return text;
}

ssh_session
ssh_config_session(const struct ssh_stop *stop)
{
	ssh_session session = ssh_new();
	char folder[512];
	int off = 0;

	if (session == NULL)
		return NULL;
	ssh_folder(folder, sizeof(folder));
	ssh_options_set(session, SSH_OPTIONS_SSH_DIR, folder);
	ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &off);
	ssh_options_set(session, SSH_OPTIONS_HOST, stop->host);
	if (stop->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, stop->user);
	return session;
}

/* Is there a descriptor for a file? libssh passes over one that it can't open, and does not say so. */
static bool
has_descriptor(int fd, struct ssh_fault *fault)
{
	int spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (spare < 0)
		return ssh_fault_set(fault, false, "%s", strerror(errno));
	close(spare);
	return true;
}

bool
ssh_config_give(ssh_session session, const char *lines, struct ssh_fault *fault)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char path[64];
	bool good = fd >= 0 && dprintf(fd, "%s", lines) >= 0;

	if (!good)
		ssh_fault_set(fault, false, "no copy of it can be made: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	good = good && has_descriptor(fd, fault);
	if (good && ssh_options_parse_config(session, path) != SSH_OK)
		good = ssh_fault_set(fault, true, "libssh: %s", ssh_get_error(session));
	good = good && has_descriptor(fd, fault); /* nor has another thread taken it meanwhile */
	if (fd >= 0)
		close(fd);
	return good;
}

/* One word, or all of them with a blank between them. False where they don't fit. */
static bool
take_value(const char *words, const char *end, bool several, char *out, size_t size)
{
	size_t length = 0;

	while (several || length == 0) {
		size_t at = length + (length > 0 ? 1 : 0);

		if (at + 1 >= size)
			return false;
		if (!ssh_config_word(&words, end, false, out + at, size - at)) {
			out[length] = '\0';
			return true;
		}
		if (length > 0)
			out[length] = ' ';
		for (length = at; out[length] != '\0'; length++) {
			if (several && (out[length] == ' ' || out[length] == '\t'))
				out[length] = SSH_CONFIGURED_BLANK;
		}
		if (length + 1 == size)
			return false;
	}
	return true;
}

static bool
look_up(const struct ssh_stop *stop, const char *word, bool several, char *out, size_t size,
	struct ssh_fault *fault)
{
	char *lines = ssh_config_lines(stop, fault);
	bool good = true;

	out[0] = '\0';
	/* the first one that says it counts */
	for (const char *line = lines; line != NULL && *line != '\0' && out[0] == '\0' && good;) {
		const char *end = line + strcspn(line, "\n"), *value = ssh_config_is_line(line, word);

		good = value == NULL || take_value(value, end, several, out, size);
		line = end + (*end == '\n' ? 1 : 0);
	}
	if (!good) {
		ssh_fault_set(fault, true, "%s of ~/.ssh/config is too long", word);
		out[0] = '\0';
	}
	free(lines);
	return out[0] != '\0';
}

bool
ssh_configured(const struct ssh_stop *stop, const char *word, char *out, size_t size, struct ssh_fault *fault)
{
	return look_up(stop, word, false, out, size, fault);
}

bool
ssh_configured_several(const struct ssh_stop *stop, const char *word, char *out, size_t size,
		       struct ssh_fault *fault)
{
	return look_up(stop, word, true, out, size, fault);
}
