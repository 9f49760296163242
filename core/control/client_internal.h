// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's inside. client.c connects, client_input.c takes what comes, client_requests.c asks; answers.c
 * hands on what comes back; mirror.c turns what a gateway says of its model into the copy. The mirror knows
 * nothing of sockets, so that it can be tried with any input.
 */
#ifndef TWINSPAN_CONTROL_CLIENT_INTERNAL_H
#define TWINSPAN_CONTROL_CLIENT_INTERNAL_H

#include <string.h>
#include <uthash.h>

#include "core/control/client.h"
#include "core/control/protocol.h"

/* What stands before what is wrong with a row. */
#define BAD_ROW "a bad row came"

/* `*at` goes on behind `text`, if that is what stands there. */
static inline bool
control_skip(const char **at, const char *end, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

#define MIRROR_BYTES ((size_t)256 << 20) /* what a gateway may make us hold */
/* The same of one that is reached over a transport: a console knows many of them, and none is ours. */
#define MIRROR_FAR_BYTES ((size_t)48 << 20)
#define MIRROR_FAR_ROWS 20000 /* of a kind */

struct mirror_seen; /* a row that the walk under way has named */

struct mirror {
	struct model_store *store;
	uint64_t kinds, paged_kinds; /* what was asked for: all else is refused */
	struct mirror_seen *seen;
	bool live, exceeded; /* more was sent than is held: trying again would be no better */
	size_t bytes, rows;  /* the limits; 0 rows: none */
	uint64_t missed;     /* told by the last message, to be passed on */
};

void control_mirror_init(struct mirror *mirror, uint64_t kinds, uint64_t paged_kinds);
void control_mirror_free(struct mirror *mirror);
/* The gateway is far: it may make us hold less. */
void control_mirror_is_far(struct mirror *mirror);
/* A new connection begins: what is held stays until the next walk is whole. */
void control_mirror_begin(struct mirror *mirror, bool other_run);
/* Takes one message. `*known` is set where it was one of the model's. False, with `err`, where it is wrong.
 */
bool control_mirror_take(struct mirror *mirror, const json_t *message, bool *known, struct error *err);

/* A row that a message puts: its kind, and the fields that it names. */
struct mirror_row {
	const struct model_kind_info *info;
	void *row; /* owned */
	uint64_t fields;
};

/* Reads a line that puts a stored row or an event, in the plain form of model_row_read_plain. False for any
 * other line: it is a message for control_mirror_take. */
bool control_mirror_read(const char *line, size_t length, struct mirror_row *out);
/* Puts it, as control_mirror_take does; takes the row. */
bool control_mirror_put(struct mirror *mirror, struct mirror_row *row, struct error *err);

/* A request that waits for its answer, in the set of its client. */
struct control_pending {
	json_int_t id;
	bool query;                /* else a command */
	unsigned waited, patience; /* seconds, from when it could be answered */
	control_reply_fn reply;
	control_page_fn page;
	void *context;
	enum model_kind kind;
	json_t *held;  /* owned: the message of a command that waits for the greeting; NULL: none */
	char *refused; /* owned: why it was not sent, in place of what is said to all; NULL: it was */
	UT_hash_handle hh;
};

/* Frees a request that is in no set. */
void control_pending_free(struct control_pending *pending);
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

/* An answered page, with the request that waits for it. */
struct control_page_read {
	struct control_pending *pending; /* in no set any more */
	void **rows;
	size_t count;
	uint64_t told; /* fields that the rows name */
	json_t *rest;  /* the message, or what it says beside its rows */
};

/* Reads a line that answers a query, with rows in the plain form, and takes the request out of its set. False
 * for any other line: it is a message for control_pending_answer. */
bool control_pending_read_page(struct control_pending **set, const char *line, size_t length,
			       struct control_page_read *out);
/* Tells who waits, and frees all of it. */
void control_pending_give_page(struct control_page_read *page);

/* A client without a loop, which never connects: for trying input on it. */
struct control_client *control_client_new_detached(uint64_t kinds, uint64_t paged_kinds);
void control_client_free_detached(struct control_client *client);
/* Handles bytes as if a gateway had sent them. False where they were wrong. */
bool control_client_input(struct control_client *client, const void *bytes, size_t length, struct error *err);

#endif
