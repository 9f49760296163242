// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The inside of SSH. link.c is the one side of an attempt that the loop sees, and the only one that both
 * threads touch, behind a mutex; everything else runs on the attempt's own thread: route.c finds the way
 * (hosts, jumps, sockets), hop.c makes one SSH session on it, trust.c and login.c are the two halves of
 * knowing each other, pump.c carries bytes. Sessions with jump hosts are shared by attempts (jump.c), and
 * have threads of their own (carry.c).
 */
#ifndef TWINSPAN_TUI_SSH_INTERNAL_H
#define TWINSPAN_TUI_SSH_INTERNAL_H

#include <libssh/libssh.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "tui/ssh/ssh.h"
#include "tui/ssh/thread.h"

#define SSH_TEXT 1024     /* of an answer */
#define SSH_MOST_JUMPS 8  /* hosts between us and the site */
#define SSH_PATIENCE_S 20 /* for each step of the network's */
#define SSH_KEEPALIVE_MS 15000

/* One attempt, as its thread sees it. */
struct ssh_link;
/* A host that lets in a few of them at a time. */
struct ssh_door;

/* A session with a jump host, which many go through. */
struct ssh_jump;

/* A host on the way. All text is owned. */
struct ssh_stop {
	char *host, *user;
	unsigned port;
};
void ssh_stop_free(struct ssh_stop *stop);

/* Why an attempt failed. */
struct ssh_fault {
	struct error error;
	bool lasting;
	enum ssh_trouble trouble; /* NONE: the way */
};
bool ssh_fault_set(struct ssh_fault *fault, bool lasting, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- link.c: for the thread -------------------------------------------------------------------- */

const char *ssh_link_name(const struct ssh_link *link);
const char *ssh_link_command(const struct ssh_link *link);
bool ssh_link_compress(const struct ssh_link *link);
bool ssh_link_identities_only(const struct ssh_link *link);
void ssh_link_phase(struct ssh_link *link, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits for the answer. False for no; `out` (of SSH_TEXT) is to be wiped. */
bool ssh_link_ask(struct ssh_link *link, const struct ssh_question *question, char *out);
/* The attempt is given up: the thread ends as soon as it sees that. */
bool ssh_link_abandoned(struct ssh_link *link);
/* The socket that is shut down when the attempt is given up: a descriptor of our own of it is kept until the
 * thread ends, as libssh closes its one when it likes. False where the attempt already is given up. */
bool ssh_link_holds(struct ssh_link *link, int fd);
/* What it holds is made, and belongs to others, too: it is not shut down any more. False as above. */
bool ssh_link_lets_go(struct ssh_link *link);
/* With which key we came in, "SHA256:…". */
void ssh_link_key(struct ssh_link *link, const char *fingerprint);
/* Which stop of the way is being made; borrowed. */
void ssh_link_is_at(struct ssh_link *link, const struct ssh_stop *stop);
const struct ssh_stop *ssh_link_stop(const struct ssh_link *link);
/* Where it has its turn (turn.c's); NULL for nowhere. */
struct ssh_door **ssh_link_door(struct ssh_link *link);
/* The last line that the far side's command wrote to stderr. */
void ssh_link_said(struct ssh_link *link, const char *bytes, size_t length);

/* --- route.c ----------------------------------------------------------------------------------- */

/* The way to the target: its stop last, the jumps before it. `stops` has room for SSH_MOST_JUMPS + 1. Returns
 * how many, 0 with `fault`. */
size_t ssh_route(const struct ssh_target *target, struct ssh_stop *stops, struct ssh_fault *fault);
/* Connects a TCP socket, or returns -1 with `fault`. */
int ssh_route_dial(struct ssh_link *link, const char *host, unsigned port, struct ssh_fault *fault);

/* --- hop.c ------------------------------------------------------------------------------------- */

/* A session with the options of ~/.ssh/config, not connected. NULL with `fault`. */
ssh_session ssh_hop_new(const struct ssh_stop *stop, bool compress, struct ssh_fault *fault);
/* Connects it over `fd` (taken; -1: a ProxyCommand of ~/.ssh/config, or a socket of our own), checks its key
 * and logs in. */
bool ssh_hop_open(struct ssh_link *link, ssh_session session, int fd, struct ssh_fault *fault);
/* "user@host:port" for people. */
const char *ssh_hop_name(ssh_session session, char *out, size_t size);
/* Where it connects to, after ~/.ssh/config. */
void ssh_hop_address(ssh_session session, char *host, size_t size, unsigned *port);
/* Ends it and frees it; may be NULL. */
void ssh_hop_free(ssh_session session);
/* "/home/a/.ssh" */
void ssh_folder(char *out, size_t size);

/* --- turn.c ------------------------------------------------------------------------------------ */

/* Waits until that session's host lets one more of us log in. False where the attempt was given up meanwhile:
 * then it has no turn. */
bool ssh_turn_take(struct ssh_link *link, ssh_session session);
/* It is logged in, or has failed, or waits for a person. */
void ssh_turn_over(struct ssh_link *link);
/* An attempt was given up: it need not wait any more. */
void ssh_turn_look(void);

/* --- jump.c ------------------------------------------------------------------------------------ */

/* The session with the last of these hosts, by way of the others: one that stands, or a new one. To be left
 * by who has joined. NULL with `fault`, or where the attempt was given up. */
struct ssh_jump *ssh_jump_join(struct ssh_link *link, const struct ssh_stop *stops, size_t count,
			       struct ssh_fault *fault);
void ssh_jump_leave(struct ssh_jump *jump);
/* A socket to where the session is to connect to, from the jump host; -1 with `fault`. */
int ssh_jump_on(struct ssh_jump *jump, struct ssh_link *link, ssh_session next, struct ssh_fault *fault);
/* Connects the session with a stop, from `before` (NULL: from here), in its turn, and logs in. */
bool ssh_jump_connect(struct ssh_link *link, struct ssh_jump *before, const struct ssh_stop *stop,
		      ssh_session session, struct ssh_fault *fault);
/* An attempt was given up: it need not wait any more. */
void ssh_jump_look(void);

/* --- identities.c ------------------------------------------------------------------------------ */

/* Adds the key files that ~/.ssh/config names for a stop. False where it says nothing of any, not even
 * "none". `session`: has its options. */
bool ssh_identities(const struct ssh_stop *stop, ssh_session session, struct text_list *out);

/* --- trust.c, login.c, keys.c -------------------------------------------------------------------- */

/* `known`: opened for the session before it was connected. */
struct ssh_known;
bool ssh_trust(struct ssh_link *link, ssh_session session, const struct ssh_known *known,
	       struct ssh_fault *fault);
bool ssh_login(struct ssh_link *link, ssh_session session, struct ssh_fault *fault);

/* --- pump.c ------------------------------------------------------------------------------------ */

/* Carries bytes between the channel and `fd` until one of them ends. The session does not block afterwards.
 * Returns the exit status of the far side's command, -1 where none was told. */
int ssh_pump(struct ssh_link *link, ssh_session session, ssh_channel channel, int fd);

/* A word now and then where nothing is heard, so that NATs and firewalls on the way remember us. `*asked`:
 * when it was last said. */
void ssh_keep_alive(ssh_session session, usec_t heard, usec_t *asked);

#endif
