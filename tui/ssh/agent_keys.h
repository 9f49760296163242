// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of an agent's keys, as its protocol has it (draft-ietf-sshm-ssh-agent, section 3). */
#ifndef TWINSPAN_TUI_SSH_AGENT_KEYS_H
#define TWINSPAN_TUI_SSH_AGENT_KEYS_H

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/text.h"

#define AGENT_MOST_BYTES ((size_t)256 << 10) /* of a message, as OpenSSH's agent has it */
#define AGENT_MOST_KEYS 2048

enum agent_message {
	AGENT_FAILURE = 5,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13
};

struct agent_key {
	uint8_t *blob; /* the public key, or certificate, as in RFC 4253 6.6 */
	size_t length;
	char *comment;
	char *text; /* the blob in base64, as a .pub file has it */
};

struct agent_keys {
	struct agent_key *items;
	size_t count;
};

/** Reads an IDENTITIES_ANSWER from its type on. False with `err` for anything else; then there are none. */
bool agent_keys_read(struct agent_keys *keys, const uint8_t *message, size_t length, struct error *err);
void agent_keys_free(struct agent_keys *keys);
/** Appends an IDENTITIES_ANSWER, with its length before it, of that key alone (NULL: of none). */
void agent_keys_write(const struct agent_key *key, struct buffer *out);
/** "SHA256:…" of a blob, as ssh-keygen -l prints it. */
void agent_fingerprint(const uint8_t *blob, size_t length, char *out, size_t size);

#endif
