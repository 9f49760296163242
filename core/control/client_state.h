// SPDX-License-Identifier: GPL-2.0-or-later
/* A client's own state, between its connection (client.c), what comes in (client_input.c) and what is asked
 * (client_requests.c). */
#ifndef TWINSPAN_CONTROL_CLIENT_STATE_H
#define TWINSPAN_CONTROL_CLIENT_STATE_H

#include "core/control/client_internal.h"

/* One connection; it outlives its use until its handle is closed. */
struct link {
	struct control_client *client;
	uv_pipe_t pipe;
	uv_connect_t connect;
	void *attempt; /* of the transport; NULL without one */
	bool connected;
};

struct out_write {
	uv_write_t write;
	struct buffer bytes;
};

struct control_client {
	uv_loop_t *loop; /* NULL for a detached one */
	char *socket;
	const struct control_transport *transport;
	bool reconnect, brief;
	bool refollows; /* a walk was asked for anew while the copy is true: nobody need be told */
	enum control_client_trouble trouble;
	size_t events;
	unsigned answer_s; /* 0: the usual */
	struct control_client_events callbacks;
	struct mirror mirror;
	enum control_client_state state;
	char *role, *version, *run;
	bool greeted;

	struct link *link; /* NULL while there is none */
	struct control_lines in;
	struct buffer out; /* requests that wait for the connection */
	uv_timer_t retry, watchdog, soon, again;
	uint64_t retry_ms, first_retry_ms, last_retry_ms;
	usec_t greeted_at;                   /* monotonic */
	unsigned silent, ungreeted, handles; /* ticks */
	size_t dribbled;                     /* bytes without a message's end */
	unsigned walking;                    /* ticks in which the walk under way told nothing */
	bool ever_greeted, closed;
	usec_t heard;

	json_int_t last_id;
	struct control_pending *pending, *failed; /* asked; to be told that there is no gateway */
	char why[256];                            /* the last reason for which there is none */
};

/* `why`: a reason for people, or NULL. */
void control_client_set_state(struct control_client *client, enum control_client_state state,
			      const char *why);
/* Hands what waits in `out` to the socket once it is connected. */
void control_client_flush(struct control_client *client);
/* Handles all whole messages of `in`. False where one was wrong. */
bool control_client_take(struct control_client *client, struct error *err);
/* A second more: requests that have waited for too long fail. */
void control_client_tick_requests(struct control_client *client);
/* Sends the commands that waited for the greeting, in the order in which they were asked. */
void control_client_ask_held(struct control_client *client);

#endif
