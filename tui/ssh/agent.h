// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's agent, between it and libssh: which of its keys a server is offered, and when. */
#ifndef TWINSPAN_TUI_SSH_AGENT_H
#define TWINSPAN_TUI_SSH_AGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/text.h"

struct agent;

/*
 * The agent on that socket. NULL where none can be asked. `*end` is a socket on which it speaks to one
 * client, until agent_close(); it is the caller's. `signs` is told of each key that is to sign ("SHA256:…"),
 * on a thread of its own, while that client waits.
 */
struct agent *agent_open(const char *path, int *end, void (*signs)(void *context, const char *fingerprint),
			 void *context);
/* The client sees no key but the next one of those which are among `texts` (base64, as in .pub files), or
 * which are not; from the first one on where `begins`. False where there is no more. */
bool agent_show_next(struct agent *agent, const struct text_list *texts, bool among, bool begins);
/* It has a key of that text. */
bool agent_has(const struct agent *agent, const char *text);
/* May be NULL. */
void agent_close(struct agent *agent);

#endif
