// SPDX-License-Identifier: GPL-2.0-or-later
/* The key files that ~/.ssh/config names for a host, in its order; libssh tells only one of them. */
#include "tui/ssh/config_lines.h"
#include "tui/ssh/configured.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 32

const char *
ssh_config_path(const struct ssh_stop *stop, const char *path, char *out, size_t size)
{
	char home[512];
	size_t length = 0;

	ssh_folder(home, sizeof(home));
	home[strlen(home) - strlen("/.ssh")] = '\0';
	out[0] = '\0';
	for (const char *c = path; *c != '\0' && length + 1 < size; c++) {
		const char *put = c == path && c[0] == '~' && c[1] == '/'            ? home
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

void
ssh_identities(const struct ssh_stop *stop, struct text_list *out)
{
	struct ssh_fault fault = {0}; /* told by who has read it for the session */
	char *lines = ssh_config_lines(stop, &fault), word[512], path[600];

	for (const char *line = lines; line != NULL && *line != '\0' && out->count < MOST_FILES;) {
		const char *end = line + strcspn(line, "\n"),
			   *value = ssh_config_is_line(line, "IdentityFile");

		if (value != NULL && ssh_config_word(&value, end, false, word, sizeof(word)) &&
		    strcmp(word, "none") != 0 &&
		    !text_list_has(out, ssh_config_path(stop, word, path, sizeof(path))))
			text_list_add(out, path);
		line = end + (*end == '\n' ? 1 : 0);
	}
	free(lines);
}
