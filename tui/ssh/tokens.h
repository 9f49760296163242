// SPDX-License-Identifier: GPL-2.0-or-later
/* What "~/" and "%h" and the like stand for in the paths of ssh's configuration (ssh_config(5), TOKENS). */
#ifndef TWINSPAN_TUI_SSH_TOKENS_H
#define TWINSPAN_TUI_SSH_TOKENS_H

#include "tui/ssh/ssh_internal.h"

struct ssh_tokens {
	char host[256], port[16], home[512], user[128], caller[128], number[16];
	const char *typed,
	    *alias; /* borrowed; `alias`: the host's name among known hosts, NULL for unknown */
};

/* `session`: one that has the options of the stop. */
void ssh_tokens_tell(struct ssh_tokens *out, const struct ssh_stop *stop, ssh_session session,
		     const char *alias);
/* The folder that "~" is, from HOME or else from passwd. */
void ssh_tokens_home(char *out, size_t size);

/* Writes the path that a word is; what is not known here stays as it is, what does not fit is cut. Returns
 * where in the word ssh would put something that is not known here, NULL for nowhere. */
const char *ssh_tokens_put(const struct ssh_tokens *tokens, const char *word, char *out, size_t size);

#endif
