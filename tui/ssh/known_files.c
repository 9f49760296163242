// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files of known hosts count: those that ~/.ssh/config names (ssh_config(5)), or the usual ones. */
#include "tui/ssh/known.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tui/ssh/configured.h"
#include "tui/ssh/tokens.h"

/* `option`: whose file must not be taken for an empty one because its name is not understood; NULL for an
 * option that has no tokens with ssh. */
static void
expand(struct ssh_known *known, const struct ssh_tokens *tokens, const char *option, const char *word,
       struct text_list *out)
{
	char path[1200];
	const char *unknown = ssh_tokens_put(tokens, word, path, sizeof(path));

	if (option != NULL && unknown != NULL)
		ssh_fault_set(
		    &known->fault, true,
		    "%s of ~/.ssh/config: what '%.2s' stands for in %.200s is not known here: every "
		    "host is refused",
		    option, unknown, word);
	if (strlen(path) + 1 == sizeof(path))
		ssh_fault_set(&known->fault, true, "%.64s...: that path is too long: every host is refused",
			      word);
	text_list_add(out, path);
}

/* The words of ssh_configured_several(). */
static void
add_files(struct ssh_known *known, const struct ssh_tokens *tokens, const char *option, char *value,
	  struct text_list *out)
{
	char *next = NULL;

	for (char *word = strtok_r(value, " ", &next); word != NULL; word = strtok_r(NULL, " ", &next)) {
		for (char *c = strchr(word, SSH_CONFIGURED_BLANK); c != NULL;
		     c = strchr(c, SSH_CONFIGURED_BLANK))
			*c = ' ';
		if (strcasecmp(word, "none") != 0)
			expand(known, tokens, option, word, out);
	}
}

void
ssh_known_find_files(struct ssh_known *known, const struct ssh_stop *stop, ssh_session session,
		     const char *alias)
{
	struct ssh_tokens tokens;
	char value[2048], folder[512];

	ssh_tokens_tell(&tokens, stop, session, alias);
	if (ssh_configured_several(stop, "UserKnownHostsFile", value, sizeof(value), &known->fault)) {
		add_files(known, &tokens, "UserKnownHostsFile", value, &known->files);
	} else {
		ssh_folder(folder, sizeof(folder));
		snprintf(value, sizeof(value), "%s/known_hosts", folder);
		text_list_add(&known->files, value);
		snprintf(value, sizeof(value), "%s/known_hosts2", folder);
		text_list_add(&known->files, value);
	}
	known->users = known->files.count;
	if (ssh_configured_several(stop, "GlobalKnownHostsFile", value, sizeof(value), &known->fault)) {
		add_files(known, &tokens, NULL, value, &known->files);
	} else {
		text_list_add(&known->files, "/etc/ssh/ssh_known_hosts");
		text_list_add(&known->files, "/etc/ssh/ssh_known_hosts2");
	}
	if (ssh_configured_several(stop, "RevokedHostKeys", value, sizeof(value), &known->fault))
		add_files(known, &tokens, "RevokedHostKeys", value, &known->revoked);
}
