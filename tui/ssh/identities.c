// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key files that ~/.ssh/config names for a host, in its order. libssh tells only one of them (the last
 * that counts), so it is asked once for each IdentityFile line, with the others taken out: which lines count
 * for the host is its business alone.
 */
#include "tui/ssh/ssh_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)256 << 10)
#define MOST_LINES 32

static bool
is_identity_line(const char *line)
{
	static const char word[] = "identityfile";

	line += strspn(line, " \t");
	return strncasecmp(line, word, sizeof(word) - 1) == 0 &&
	       strchr(" \t=\"", line[sizeof(word) - 1]) != NULL;
}

/* Writes the file with its `which`th IdentityFile line and none of the others. False where it has no such. */
static bool
write_with_one(int fd, const char *text, size_t which)
{
	size_t seen = 0;
	bool has = which == MOST_LINES;

	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");
		bool identity = is_identity_line(line), ours = identity && seen++ == which;

		has = has || ours;
		if ((!identity || ours) && dprintf(fd, "%.*s\n", (int)length, line) < 0)
			return false;
		line += length + (line[length] == '\n' ? 1 : 0);
	}
	return has;
}

/* What libssh makes of the file for the host. New, to be freed with ssh_string_free_char(). */
static char *
identity_of(const struct ssh_stop *stop, int fd)
{
	ssh_session session = ssh_new();
	char folder[512], path[64], *identity = NULL;
	int off = 0;

	if (session == NULL)
		return NULL;
	ssh_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssh_options_set(session, SSH_OPTIONS_SSH_DIR, folder);
	ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &off);
	ssh_options_set(session, SSH_OPTIONS_HOST, stop->host);
	if (stop->user != NULL)
		ssh_options_set(session, SSH_OPTIONS_USER, stop->user);
	if (ssh_options_parse_config(session, path) != SSH_OK ||
	    ssh_options_get(session, SSH_OPTIONS_IDENTITY, &identity) != SSH_OK)
		identity = NULL;
	ssh_free(session);
	return identity;
}

/* With the home folder and what ssh_config(5) has behind "%" for it: libssh does this only once it connects,
 * and by passwd's home. What is not known here stays as it is.
 */
static const char *
in_full(const struct ssh_stop *stop, const char *identity, char *out, size_t size)
{
	char home[512];
	size_t length = 0;

	ssh_folder(home, sizeof(home));
	home[strlen(home) - strlen("/.ssh")] = '\0';
	out[0] = '\0';
	for (const char *c = identity; *c != '\0' && length + 1 < size; c++) {
		const char *put = c == identity && c[0] == '~' && c[1] == '/'        ? home
				  : c[0] == '%' && c[1] == 'd'                       ? home
				  : c[0] == '%' && c[1] == '%'                       ? "%"
				  : c[0] == '%' && c[1] == 'n'                       ? stop->host
				  : c[0] == '%' && c[1] == 'r' && stop->user != NULL ? stop->user
										     : NULL;

		if (put != NULL)
			snprintf(out + length, size - length, "%s", put);
		else
			snprintf(out + length, size - length, "%c", *c);
		length += strlen(out + length);
		c += put != NULL && *c == '%';
	}
	return out;
}

/* `which` of MOST_LINES: without any of the lines. */
static char *
identity_with(const struct ssh_stop *stop, const char *text, size_t which, bool *has)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	char *identity = NULL;

	*has = fd >= 0 && write_with_one(fd, text, which);
	if (*has)
		identity = identity_of(stop, fd);
	if (fd >= 0)
		close(fd);
	return identity;
}

static char *
read_config_text(void)
{
	char folder[512], path[600], *text;
	size_t length = 0;
	FILE *in;

	ssh_folder(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/config", folder);
	in = fopen(path, "re");
	if (in == NULL)
		return NULL;
	text = memory_zeroed(MOST_BYTES + 1, 1);
	length = fread(text, 1, MOST_BYTES, in);
	text[length] = '\0';
	fclose(in);
	return text;
}

void
ssh_identities(const struct ssh_stop *stop, struct text_list *out)
{
	char *text = read_config_text(), *usual, *one;
	bool has = true;
	char path[600];

	if (text == NULL)
		return;
	usual = identity_with(stop, text, MOST_LINES, &has);
	for (size_t i = 0; i < MOST_LINES && has; i++) {
		one = identity_with(stop, text, i, &has);
		if (one != NULL && (usual == NULL || strcmp(one, usual) != 0))
			text_list_add(out, in_full(stop, one, path, sizeof(path)));
		ssh_string_free_char(one);
	}
	ssh_string_free_char(usual);
	free(text);
}
