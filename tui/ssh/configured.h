// SPDX-License-Identifier: GPL-2.0-or-later
/* What ~/.ssh/config says beyond what libssh makes of it (configured.c, identities.c). */
#ifndef TWINSPAN_TUI_SSH_CONFIGURED_H
#define TWINSPAN_TUI_SSH_CONFIGURED_H

#include "tui/ssh/ssh_internal.h"

/* May a file be passed over that could not be opened for that error (an errno)? It is not there, or not
 * ours to read. */
bool ssh_config_may_lack(int number);
/* The text of a file, new; NULL where there is none, with `fault` where that is no reason to pass it over. */
char *ssh_config_read(const char *path, struct ssh_fault *fault);
/* A session of nothing but the host and the user; and the lines that count for it (config_lines.h). */
ssh_session ssh_config_session(const struct ssh_stop *stop);
bool ssh_config_give(ssh_session session, const char *lines, struct ssh_fault *fault);
/* An option that libssh tells, and that nothing else is asked of it for. */
#define SSH_CONFIG_STAND_IN "GlobalKnownHostsFile"
/* What ~/.ssh/config, or else the system's, says of an option for that host. False, with "", for nothing;
 * with `fault`, which is left alone else, where they can't be read. */
bool ssh_configured(const struct ssh_stop *stop, const char *word, char *out, size_t size,
		    struct ssh_fault *fault);
/* The same of an option that takes several words, with all of them: without their quotes, and what was a
 * blank in quotes is SSH_CONFIGURED_BLANK. */
#define SSH_CONFIGURED_BLANK '\x1f'
bool ssh_configured_several(const struct ssh_stop *stop, const char *word, char *out, size_t size,
			    struct ssh_fault *fault);

#endif
