// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other end of the control socket: a console's or a command's. It keeps a copy of the model (a struct
 * model_store of its own, filled by a snapshot and then deltas), sends commands, asks for pages of the large
 * kinds. The stream below is a unix socket, or what a transport brings (SSH); nothing above depends on which.
 */
#ifndef TWINSPAN_CONTROL_CLIENT_H
#define TWINSPAN_CONTROL_CLIENT_H

#include <jansson.h>
#include <uv.h>

#include "core/base/error.h"
#include "core/control/transport.h"
#include "core/model/model.h"

struct control_client;

#define CONTROL_ANSWER_S \
	40 /* for a page of rows, and for each of the objects of a walk; commands.h has the commands' */

enum control_client_state {
	CONTROL_CONNECTING, /* the first connection, or again after a loss */
	CONTROL_SYNCING,    /* connected, the snapshot is on its way */
	CONTROL_LIVE,       /* the copy is true */
	CONTROL_STALE       /* the gateway is gone; the copy is as old as control_client_heard() says */
};

/* Why there is no connection, for who decides what to do about it. */
enum control_client_trouble {
	CONTROL_TROUBLE_NONE,
	CONTROL_TROUBLE_LOST,   /* it is tried again, where that was asked for */
	CONTROL_TROUBLE_LASTING /* a person has to do something first: then control_client_retry() */
};

struct control_client_events {
	void *context;
	/** `why`: a reason for people, or NULL. */
	void (*state)(void *context, enum control_client_state state, const char *why);
	/** So many single changes of paged kinds did not come, as we read too slowly. May be NULL. */
	void (*missed)(void *context, uint64_t count);
};

struct control_client_options {
	const char *socket;                        /* path; not looked at where there is a transport */
	const struct control_transport *transport; /* NULL: the socket; else borrowed as long as the client */
	bool reconnect;                            /* try again for ever, 0.2 s to 5 s apart; else one try */
	uint64_t kinds;       /* STORED and LOG kinds to follow: bit per enum model_kind; 0: none, only ask */
	uint64_t paged_kinds; /* PAGED kinds whose single changes are wanted (show --watch) */
	bool brief;           /* changes of figures are not wanted (protocol.h) */
	size_t events;        /* how many past events to begin with */
	unsigned
	    answer_s; /* how long each answer may take; 0: what the command table says, CONTROL_ANSWER_S */
	struct control_client_events callbacks;
};

/** Starts connecting; never blocks. SIGPIPE is ignored from here on. */
struct control_client *control_client_open(uv_loop_t *loop, const struct control_client_options *options,
					   struct error *err);
/**
 * Pending callbacks are called with an error, at once. The loop must run afterwards once; the store lives
 * until then. May be called from any of the client's callbacks.
 */
void control_client_close(struct control_client *client);

/** How the connection stands; and, where it does not, what kind of trouble it is. */
enum control_client_state control_client_state(const struct control_client *client);
enum control_client_trouble control_client_trouble(const struct control_client *client);
/** Milliseconds until the next attempt by itself; 0 where none is waited for. */
uint64_t control_client_next_try(const struct control_client *client);
/** Tries now, whatever was waited for. Nothing where a connection stands or is being made. */
void control_client_retry(struct control_client *client);
/** Follows more STORED and LOG kinds from now on (a bit each), with so many past events; in brief, or no
 * longer. */
void control_client_follow(struct control_client *client, uint64_t kinds, size_t events, bool brief);
/** The copy. On a loss it is kept; after a new snapshot rows that are gone are removed. Watch it for changes.
 */
struct model_store *control_client_store(struct control_client *client);
/** The copy is true in all that is followed. Not so, though live, while more was asked for and has not come:
 * figures of what was followed in brief are as old as that. */
bool control_client_is_whole(const struct control_client *client);
/** Requests that are not answered yet. */
size_t control_client_unanswered(const struct control_client *client);
/** Monotonic time of the last thing heard (a heartbeat comes each second). */
usec_t control_client_heard(const struct control_client *client);
/** What the gateway said of itself in its greeting: version, and our role there ("viewer", ...). NULL before.
 */
const char *control_client_role(const struct control_client *client);
const char *control_client_version(const struct control_client *client);

struct control_reply {
	bool ok;
	int exit_code;        /* 0 done, 1 refused or failed, 2 usage, 3 no gateway, 4 not permitted */
	const char *text;     /* borrowed; one line */
	const json_t *result; /* borrowed; may be NULL */
};
typedef void (*control_reply_fn)(void *context, const struct control_reply *reply);

/**
 * Sends a command; `arguments` (of command_parse) is taken. `done` is called once, never from within this
 * call. Before the first connection stands, the command waits for it; when the gateway is gone, or lives and
 * does not answer for as long as command_answer_s() says, it fails with exit code 3.
 */
void control_client_command(struct control_client *client, const char *name, json_t *arguments,
			    control_reply_fn done, void *context);

/** A page of rows of any kind. Each row is borrowed, of model_kind_info(kind)->shape. */
struct control_page {
	bool ok;
	const char *text; /* error text */
	enum model_kind kind;
	const void *const *rows;
	size_t count;
	bool complete;  /* no more rows after these */
	uint64_t total; /* about how many rows the kind has in all; MODEL_UINT_UNSET where nobody knows */
	/** A partial page that ended for its time: go on after (or before) this key. NULL: the last row's. */
	const char *reached;
	uint64_t skipped; /* rows that were passed over */
	uint64_t told;    /* the fields that its rows name, together; all where there is no row */
};
typedef void (*control_page_fn)(void *context, const struct control_page *page);
struct control_page_request {
	enum model_kind kind;
	const char *filter; /* may be NULL */
	const char *key;    /* the rows after this one, or before it; NULL: the first ones, or the last */
	bool before;
	bool partial; /* what takes long may be answered in parts; another one ends it with what it has */
	size_t limit;
	uint64_t skip; /* of a PAGED kind: matching rows that are passed over first */
};
void control_client_page(struct control_client *client, const struct control_page_request *request,
			 control_page_fn done, void *context);
/** The rows after a key, a whole page of them. */
void control_client_query(struct control_client *client, enum model_kind kind, const char *filter,
			  const char *after, size_t limit, control_page_fn done, void *context);

#endif
