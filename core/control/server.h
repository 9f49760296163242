// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket's server: snapshots and deltas of the model out, commands in. JSON documents, one a
 * line; see protocol.h for every message. Roles come from the peer's credentials (SO_PEERCRED): root, and the
 * user that the gateway runs as, administer, the group "twinspan" operates, others view. A client that reads
 * slowly is given the latest state when it can take it again; nothing is queued for it (model_store_follow).
 * SIGPIPE is ignored.
 */
#ifndef TWINSPAN_CONTROL_SERVER_H
#define TWINSPAN_CONTROL_SERVER_H

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/control/commands.h"
#include "core/model/model.h"

struct control_server;
struct control_request; /* a command under way */

/**
 * A socket that another gateway serves is an error; a stale one is replaced. The folder is made when missing.
 * After a failure, too, the loop has to run once.
 */
struct control_server *control_server_open(uv_loop_t *loop, const char *path, struct model_store *store,
					   struct error *err);
/** From now on nothing is carried out or looked up any more: who asks, or has asked for rows, is told that
 * the gateway stops. What is being carried out ends as it does. For the time in which rooms close. */
void control_server_stop(struct control_server *server);
/** Closes all clients and removes the socket. The loop must run afterwards once. */
void control_server_close(struct control_server *server);

/** Carries out a command of place COMMAND_GATEWAY: ends, now or later, with exactly one of done and fail. */
typedef void (*control_handler)(void *context, struct control_request *request);
void control_server_handle(struct control_server *server, const char *command, control_handler handler,
			   void *context);

/** Text of an argument or option ("tunnel", "confirm_within"); NULL where it was not given. */
const char *control_request_text(const struct control_request *request, const char *name);
bool control_request_flag(const struct control_request *request, const char *name);
#define CONTROL_WHO 256
/**
 * Who asks, in less than CONTROL_WHO bytes: "root", "uid 1000"; over SSH also the key, the address and what
 * the client says of itself: "root, key SHA256:…, from 192.0.2.7, as alice@desk".
 */
const char *control_request_who(const struct control_request *request);
/**
 * The address from which whoever asks reaches this machine (the client of the SSH session that the command
 * was typed in), as the client says: text from outside, good for a warning and nothing else. NULL: not said.
 */
const char *control_request_via(const struct control_request *request);
/** Ends it well. `text`: one line for people; `result` (may be NULL) is taken. */
void control_request_done(struct control_request *request, json_t *result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Ends it badly: exit code 1 on the command line. */
void control_request_fail(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The same, with more than one line to say: `result` (may be NULL) is taken. */
void control_request_refuse(struct control_request *request, json_t *result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
