// SPDX-License-Identifier: GPL-2.0-or-later
/* What operators do to tunnels and connections, what turns back by itself, and what is kept of it. */
#ifndef TWINSPAN_GATEWAY_OPERATOR_INTERNAL_H
#define TWINSPAN_GATEWAY_OPERATOR_INTERNAL_H

#include "core/gateway_internal.h"

/* --- gateway_commands.c --- */

void gateway_commands_register(struct gateway *gateway);
/** The object that the request's "tunnel" or "connection" names, or NULL after the request was answered with
 * the nearest known name. */
struct gateway_tunnel *gateway_asked_tunnel(struct gateway *gateway, struct control_request *request);
struct gateway_connection *gateway_asked_connection(struct gateway *gateway, struct control_request *request);

/* --- gateway_operator.c: up, down, enable, disable, drain, undrain --- */

void gateway_operator_register(struct gateway *gateway);
/** What an operator wants done. With a request that is answered when it is done; without one whoever asked
 * has been answered, and what goes wrong is an event. */
struct gateway_order {
	struct gateway_connection *connection;
	int member; /* -1: a switchover to the other one */
	enum gateway_deed deed;
	unsigned seconds; /* until it turns back unless it is confirmed; 0: it stays */
	bool force;
	const char *who;
	struct control_request *request; /* may be NULL */
};
/** Does it: to a tunnel. / It could not be done. / Answers (NULL: nobody) how it went, and that it turns back
 * after `seconds` unless the connection `name` is confirmed; 0: it doesn't. */
void gateway_order_tunnel(const struct gateway_order *order);
void gateway_order_fail(const struct gateway_order *order, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void gateway_order_moved(struct control_request *request, const struct failover_result *result,
			 unsigned seconds, const char *name);
/** GRACEFUL_SHUTDOWN on what the tunnel's peer is told, or no longer. */
void gateway_announce_leaving(struct gateway_tunnel *tunnel, bool leaving);

/* --- gateway_switchover.c: switchover, confirm, auto --- */

void gateway_switchover_register(struct gateway *gateway);
void gateway_order_switchover(const struct gateway_order *order);

/* --- gateway_waiting.c --- */

#define GATEWAY_OWN_PATH_S 60 /* unless --confirm-within says otherwise: on one's own path */
#define GATEWAY_UNSAID (-1)
/** Seconds of --confirm-within, GATEWAY_UNSAID where it was not given; false after the request was answered.
 */
bool gateway_asked_seconds(struct control_request *request, int *seconds);
/** Those seconds, or what holds without them. */
unsigned gateway_seconds(int asked, bool own_path);
const char *gateway_deed_name(enum gateway_deed deed);
/** The tunnel's deed has begun: it turns back unless it is confirmed. */
void gateway_waiting_begin(struct gateway_tunnel *tunnel, enum gateway_deed deed, unsigned seconds,
			   bool carried);
/** Nothing waits any more: an operator undid it, or it could not be done. */
void gateway_waiting_forget(struct gateway_tunnel *tunnel);
/** Somebody does something else with it now: what turned back a moment ago gets no traffic back any more. */
void gateway_waiting_supersede(struct gateway_connection *connection);
/** What waits of all the connection's tunnels stays. Returns how many those were; -1 with `err` where it
 * can't be written down: then that goes on to wait. */
int gateway_waiting_confirm(struct gateway_connection *connection, const char *who, struct error *err);
/** What turns back first: until when (wall clock), and what it is ("down of aws/1"), new. 0: nothing waits.
 */
usec_t gateway_waiting_first(const struct gateway_connection *connection, char **what);
/** Answers whoever stands on the connection, and has the order begin when the answer has left. */
void gateway_intend(const struct gateway_order *order, const char *warning);
/** Why nothing else can be done to the connection (tunnel, where it is not NULL) now; false where it can. */
bool gateway_waiting_objects(const struct gateway_connection *connection, const struct gateway_tunnel *tunnel,
			     struct error *err);
/** Once a second: what is due begins, or turns back. */
void gateway_waiting_tick(struct gateway *gateway);
/** The gateway stops: what waits is as before when it starts again. */
void gateway_waiting_close(struct gateway *gateway);

/* --- gateway_guard.c --- */

/** How whoever asks reaches this gateway: by which connection, and by which of its tunnels. */
struct gateway_path {
	struct gateway_connection *connection; /* NULL: by none of ours, or not known */
	int member;                            /* to a tunnel's inside address: only by that one; else -1 */
	char via[IP_ADDRESS_TEXT];
};
struct gateway_path gateway_path_of(struct gateway *gateway, const struct control_request *request);
/** What becomes of that path. */
enum gateway_own {
	GATEWAY_OWN_STAYS,
	GATEWAY_OWN_MOVES, /* there is another way for it */
	GATEWAY_OWN_CUT,
};
/** ... where the tunnel is taken away; `moves`: its traffic can go by another tunnel. */
enum gateway_own gateway_own_path(const struct gateway_tunnel *tunnel, const struct gateway_path *path,
				  bool moves);
/** "you reach this gateway through aws (from 10.50.0.10): it turns back in 60 s unless 'twinspan confirm aws'
 * comes"; with `keep` instead of that. 0 seconds: "... and it does not turn back". Returns new. */
char *gateway_own_warning(const struct gateway_path *path, unsigned seconds, const char *keep);
/** What is said to who would be cut off; `name`: the tunnel or NULL, `deed`: "to take it down". */
void gateway_own_refusal(const struct gateway_path *path, const char *name, const char *deed,
			 struct error *err);
/** The request is refused where it would cut the path of whoever asks and "force" was not given. */
bool gateway_guard(struct gateway_tunnel *tunnel, struct control_request *request,
		   const struct gateway_path *path, enum gateway_own own, const char *deed);

/* --- gateway_dry_run.c --- */

/** What a planned move comes to, as an object; see the file's head. Returns new. */
json_t *gateway_dry_run(const struct gateway_connection *connection, const struct failover_plan *plan,
			const struct gateway_path *path);
/** Appends a text, cleaned of control bytes, to an array. */
void gateway_add_line(json_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The result of a refusal that --force would overcome. Returns new. */
json_t *gateway_unforced(const char *why);

/* --- gateway_kept.c --- */

/** Brings back what was said of tunnels in an earlier run; before they are handed to IKE. */
void gateway_kept_load(struct gateway *gateway);
/** The same of one tunnel, which a reload makes again: `kept` are bits as it had them. */
void gateway_kept_restore(struct gateway_tunnel *tunnel, unsigned kept);
bool gateway_is_kept(const struct gateway_tunnel *tunnel, enum gateway_kept kind);
/** Remembers it of the tunnel, or no longer. On false nothing has changed. */
bool gateway_keep(struct gateway_tunnel *tunnel, enum gateway_kept kind, bool kept, struct error *err);
/** Remembers where the connection's traffic is pinned now. A switchover that waits for its confirmation is
 * not remembered yet. */
void gateway_keep_pin(struct gateway_connection *connection);

/* --- gateway_move.c --- */

/** struct failover_actions' `progress`; context: the connection. */
void gateway_move_publish(void *context);

/* --- gateway_drill.c --- */

void gateway_drill_register(struct gateway *gateway);
/** Ends a drill that is under way: its tunnel passes packets again. */
void gateway_drill_close(struct gateway *gateway);

/* --- gateway_drills.c: the reports of drills, kept in the state folder --- */

/** A time in UTC, as strftime(3) formats it. */
void gateway_drill_time(usec_t wall, const char *format, char *out, size_t size);
/** "the other tunnel took over", and the like. */
const char *gateway_drill_result(bool noticed, bool moved);
/** Writes a report. Returns its path, new, or NULL (said by an event) where it could not be written. */
char *gateway_drill_keep(struct gateway *gateway, const char *connection, usec_t wall, const json_t *report);
/** The newest kept drills of a connection, the newest first, each with its time, result and outage. New. */
json_t *gateway_drills_earlier(const struct gateway *gateway, const char *connection);
/** The same as lines of a report. */
void gateway_drills_add_lines(json_t *lines, const json_t *earlier);

/* --- gateway_explain.c --- */

void gateway_explain_register(struct gateway *gateway);
/** "by eth0 via 192.0.2.1". Returns `out`. */
const char *gateway_way_text(const struct routing_way *way, char *out, size_t size);

/* --- gateway_rotate.c --- */

void gateway_rotate_register(struct gateway *gateway);
/** The next secret has worked: its file takes the former one's place. */
void gateway_rotation_taken(struct gateway_tunnel *tunnel);
void gateway_rotation_refused(struct gateway_tunnel *tunnel, const struct ike_event *event);
/** What the configuration has by now of next secrets: told to IKE and to the rows. */
void gateway_rotation_sync(struct gateway *gateway);

#endif
