// SPDX-License-Identifier: GPL-2.0-or-later
/* What sshd leaves in the environment of the command that it runs, read for the bridge (sshd(8),
 * sshd_config(5)). */
#ifndef TWINSPAN_CONTROL_BRIDGE_INTERNAL_H
#define TWINSPAN_CONTROL_BRIDGE_INTERNAL_H

#include <stddef.h>

/* The client's address, of SSH_CONNECTION. Returns `out`, or NULL where there is none. */
const char *bridge_client_address(char *out, size_t size);
/* The fingerprint "SHA256:…" of the key that was let in, of the file SSH_USER_AUTH. `out`, or NULL. */
const char *bridge_client_key(char *out, size_t size);
/* The fingerprint of a key in base64 (RFC 4253 6.6), as ssh-keygen -l prints it. NULL where it is none. */
const char *bridge_fingerprint(const char *base64, size_t length, char *out, size_t size);
/* The role that the client asked for where the command is forced (SSH_ORIGINAL_COMMAND). `out`, or NULL. */
const char *bridge_asked_role(char *out, size_t size);

#endif
