// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's inside. client.c connects and asks; answers.c hands on what comes back; mirror.c turns what a
 * gateway says of its model into the copy. The mirror knows nothing of sockets, so that it can be tried with
 * any input.
 */
#ifndef TWINSPAN_CONTROL_CLIENT_INTERNAL_H
#define TWINSPAN_CONTROL_CLIENT_INTERNAL_H

#include <uthash.h>

#include "core/control/client.h"
#include "core/control/protocol.h"

#define MIRROR_BYTES ((size_t)256 << 20) /* what a gateway may make us hold */

struct mirror_seen; /* a row that the walk under way has named */

struct mirror {
	struct model_store *store;
	uint64_t kinds, paged_kinds; /* what was asked for: all else is refused */
	struct mirror_seen *seen;
	bool live;
	uint64_t missed; /* told by the last message, to be passed on */
};

void control_mirror_init(struct mirror *mirror, uint64_t kinds, uint64_t paged_kinds);
void control_mirror_free(struct mirror *mirror);
/* A new connection begins: what is held stays until the next walk is whole. */
void control_mirror_begin(struct mirror *mirror, bool other_run);
/* Takes one message. `*known` is set where it was one of the model's. False, with `err`, where it is wrong.
 */
bool control_mirror_take(struct mirror *mirror, const json_t *message, bool *known, struct error *err);

/* A request that waits for its answer, in the set of its client. */
struct control_pending {
	json_int_t id;
	bool query; /* else a command */
	control_reply_fn reply;
	control_page_fn page;
	void *context;
	enum model_kind kind;
	UT_hash_handle hh;
};

/* Tells one request, which is in no set, that it failed; frees it. */
void control_pending_fail(struct control_pending *pending, int exit_code, const char *text);
/* Tells all of a set, which is empty then; callbacks may begin a new one or close the client. */
void control_pending_fail_all(struct control_pending **set, const char *text);
/*
 * Hands an answer to who waits for it. `*known` is set where the message is an answer. False, with `err`,
 * where it is wrong; the one who waits has been told.
 */
bool control_pending_answer(struct control_pending **set, const json_t *message, bool *known,
			    struct error *err);

/* A client without a loop, which never connects: for trying input on it. */
struct control_client *control_client_new_detached(uint64_t kinds, uint64_t paged_kinds);
void control_client_free_detached(struct control_client *client);
/* Handles bytes as if a gateway had sent them. False where they were wrong. */
bool control_client_input(struct control_client *client, const void *bytes, size_t length, struct error *err);

#endif
