// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server's inside. server.c owns sockets and times; session.c speaks the protocol with one client, as a
 * thing that takes bytes and makes bytes; request.c is a command under way. A session knows nothing of
 * sockets, so that it can be tried with any input (tests/fuzz/fuzz_control.c).
 */
#ifndef TWINSPAN_CONTROL_SERVER_INTERNAL_H
#define TWINSPAN_CONTROL_SERVER_INTERNAL_H

#include "core/control/protocol.h"
#include "core/control/server.h"

#define SESSION_REQUESTS 32 /* commands of one client under way at once */

#define SESSION_QUERIES 16 /* queries of one client under way at once; further messages wait */

struct control_query; /* a query under way; query.c */

struct control_session {
	struct control_session *prev, *next; /* in the server's list */
	struct control_server *server;
	enum command_role role;
	char user[32];         /* whose connection it is, as the kernel says */
	char who[CONTROL_WHO]; /* that, and what is known of the person behind it */
	char via[64]; /* from where its user reaches this machine, as the last command said; may be empty */
	bool asked;   /* something came in */
	bool bridged; /* over SSH: then `via` is the bridge's word, and the commands' doesn't count */
	bool introduced; /* the client has said who it is */
	bool key_known;  /* the bridge knows with which key its user came in */
	struct control_lines in;
	struct buffer out;
	size_t in_flight;  /* bytes given to the socket and not yet taken by it */
	unsigned requests; /* commands under way */
	struct control_query *queries;
	unsigned query_count;
	bool closing; /* nothing more is read; to be closed when everything is written */

	bool following, begun, live, past_sent;
	bool brief;     /* changes of figures alone are not sent */
	unsigned ticks; /* heartbeats since it follows */
	uint64_t kinds, paged_kinds;
	struct model_cursor cursor;
	uint64_t last_event; /* sequence of the last event that was sent */
	uint64_t missed;
};

#define CONTROL_STOPS "the gateway stops"

struct control_handler_row {
	const struct command *command;
	control_handler handler;
	void *context;
};

struct control_request {
	struct control_request *prev, *next; /* in the server's list */
	struct control_server *server;       /* NULL once that is closed */
	struct control_session *session;     /* NULL once the client went away */
	json_int_t id;
	json_t *arguments;
	char who[CONTROL_WHO], via[64];
};

struct control_server {
	struct model_store *store;
	struct model_watch watch;
	char run[20];
	struct control_handler_row *handlers;
	size_t handler_count;
	struct control_session *sessions;
	struct control_request *requests;
	struct control_socket *socket; /* server.c's; NULL without one */
	bool stopping;                 /* control_server_stop() */
	usec_t queries_until;          /* what work on queries this turn of the loop has time for */
	usec_t queries_rest;           /* and from when on a new one may begin at once */
	void (*wake)(struct control_server *server,
		     struct control_session *session);  /* `session` has output */
	void (*changed)(struct control_server *server); /* the store did */
};

/* --- session.c --------------------------------------------------------------------------------- */

/* Begins with the greeting in `out`. The server's list has it until control_session_end(). */
void control_session_begin(struct control_session *session, struct control_server *server,
			   enum command_role role, const char *who);
/* Frees what it owns (not itself) and lets go of its requests. */
void control_session_end(struct control_session *session);
/* Handles at most `most` of the messages in `in`. True where more wait that could be handled now. */
bool control_session_input(struct control_session *session, unsigned most);
/* Is there room for more output? Else nothing further is handled or produced. */
bool control_session_has_room(const struct control_session *session);
/* Makes output for who follows, as long as there is room. */
void control_session_produce(struct control_session *session);
/* A heartbeat is due: appends what this client is to hear, which may be nothing. */
void control_session_beat(struct control_session *session);
/* Ends it with a text that is sent before it closes. */
void control_session_refuse(struct control_session *session, const char *text);
void control_session_reply(struct control_session *session, json_int_t id, int exit_code, const char *text,
			   json_t *result);

/* Watches the store for all sessions. */
void control_session_watch_store(struct control_server *server);
void control_session_watched_kinds_changed(struct control_server *server);

/* --- identity.c -------------------------------------------------------------------------------- */

/* Appends the greeting, with the role as it is now. */
void control_session_greet(struct control_session *session);
/* The bridge's first word (protocol.h). False where it was refused. */
bool control_session_bridge(struct control_session *session, const json_t *message);
/* What the client says of who it is; counts once. */
void control_session_introduce(struct control_session *session, const json_t *message);

/* --- query.c ----------------------------------------------------------------------------------- */

/* Begins a query, with a first slice of work: most are answered by then. */
void control_query_begin(struct control_session *session, json_int_t id, const json_t *message);
/* A turn of the loop begins: the time that all sessions' queries may take in it. */
void control_query_turn(struct control_server *server);
/* Goes on with what is under way, as long as the turn's time lasts. True where more is to be done. */
bool control_query_work(struct control_session *session);
void control_query_drop_all(struct control_session *session);
/* Tells who asked that the gateway stops. */
void control_query_refuse_all(struct control_session *session);

/* --- request.c --------------------------------------------------------------------------------- */

/* Checks name, role and arguments and hands the command to its handler. Everything is borrowed. */
void control_request_begin(struct control_session *session, json_int_t id, const char *name,
			   const json_t *arguments);
void control_request_forget_session(struct control_session *session);
void control_request_forget_server(struct control_server *server);

/* --- server.c ---------------------------------------------------------------------------------- */

/* A server without a socket. */
struct control_server *control_server_new(struct model_store *store);
/* Frees it; it must have no sessions. */
void control_server_free(struct control_server *server);

/* --- roles.c ----------------------------------------------------------------------------------- */

/* The role of a user: `groups` are all of theirs; `operators` is the group that may operate, -1 where there
 * is none. */
enum command_role control_role_of(uid_t user, const gid_t *groups, size_t count, gid_t operators);
/* The role and name of who is at the other end of a connected unix socket. */
enum command_role control_role_of_socket(int fd, char *who, size_t size);

#endif
