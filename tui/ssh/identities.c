// SPDX-License-Identifier: GPL-2.0-or-later
/* The key files that ~/.ssh/config names for a host, in its order; libssh tells only one of them. */
#include "tui/ssh/config_lines.h"
#include "tui/ssh/tokens.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_FILES 32

bool
ssh_identities(const struct ssh_stop *stop, ssh_session session, struct text_list *out)
{
	struct ssh_fault fault = {0}; /* told by who has read it for the session */
	char *lines = ssh_config_lines(stop, &fault), word[512], path[1200];
	struct ssh_tokens tokens;
	bool said = false;

	ssh_tokens_tell(&tokens, stop, session, NULL);
	for (const char *line = lines; line != NULL && *line != '\0' && out->count < MOST_FILES;) {
		const char *end = line + strcspn(line, "\n"),
			   *value = ssh_config_is_line(line, "IdentityFile");

		if (value != NULL && ssh_config_word(&value, end, false, word, sizeof(word))) {
			said = true;
			ssh_tokens_put(&tokens, word, path, sizeof(path));
			if (strcasecmp(word, "none") != 0 && !text_list_has(out, path))
				text_list_add(out, path);
		}
		line = end + (*end == '\n' ? 1 : 0);
	}
	free(lines);
	return said;
}
