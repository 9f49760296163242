// SPDX-License-Identifier: GPL-2.0-or-later
/* One login, between what is typed (login.c) and keys (keys.c). */
#ifndef TWINSPAN_TUI_SSH_LOGIN_H
#define TWINSPAN_TUI_SSH_LOGIN_H

#include "tui/ssh/agent.h"
#include "tui/ssh/ssh_internal.h"

#define LOGIN_TRIES 3 /* of a passphrase, password */

struct login {
	struct ssh_link *link;
	ssh_session session;
	char name[160];
	bool unanswered;     /* the server has left a key without an answer */
	bool denied;         /* what was typed last was wrong */
	bool asked_in_vain;  /* a person was asked and said nothing */
	char locked[256];    /* a key file that would have let us in, had its passphrase been known */
	struct agent *agent; /* NULL for none */
};

/* Asks a person; `detail` may be "", `out` (of SSH_TEXT) is to be wiped. False for no. */
bool login_ask(struct login *login, enum ssh_question_kind kind, const char *text, const char *detail,
	       char *out);
/* All keys that may be offered, until one of them lets us in. An SSH_AUTH_ of libssh's. */
int login_with_keys(struct login *login);

#endif
