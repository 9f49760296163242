// SPDX-License-Identifier: GPL-2.0-or-later
/* A reload from inside: what its files share. From the outside it is core/gateway_configure_internal.h. */
#ifndef TWINSPAN_GATEWAY_RELOAD_INTERNAL_H
#define TWINSPAN_GATEWAY_RELOAD_INTERNAL_H

#include "core/gateway_configure_internal.h"

enum phase { RELOAD_IDLE, RELOAD_ANSWERED, RELOAD_DRAINING, RELOAD_APPLYING, RELOAD_RETURNING };

/* What is left of a connection that a reload has taken away (gateway_heritage.c). */
struct heritage {
	char *name;
	uint32_t group;
	struct gateway_learned learned;
	struct {
		uint32_t id; /* 0: there was none */
		unsigned kept;
		bool disabled;
	} tunnels[FAILOVER_MEMBERS];
	char interfaces[FAILOVER_MEMBERS][16]; /* of tunnels whose interface stands; "" where it went */
};

struct heritages {
	struct heritage *items;
	size_t count;
};

/* A plan on its way into effect. */
struct gateway_apply {
	struct gateway *gateway;
	const struct gateway_plan *plan; /* borrowed until the end */
	const char *cause;               /* what is told where tunnels go down by it */
	bool turns_back;                 /* goes on after a failure: what can be put back is */
	/* Until the configuration changes hands the one that comes, from then on the one that was; and its
	 * text. */
	struct config *other;
	struct gateway_source source;
	size_t stage, next;          /* of gateway_apply.c's stages; the step of that */
	unsigned pause_ms;           /* until it is to go on */
	struct text_list made;       /* connections that wait to be dialled */
	struct text_list changed[3]; /* tunnels, connections and own peers that have other values */
	size_t may_wait;             /* interfaces that may go when it is over */
	struct error err;            /* the first; no text: none */
};

struct gateway_reload {
	struct gateway *gateway;
	uv_timer_t pause, confirmer;
	unsigned handles;
	enum phase phase;
	/* The one under way: */
	struct control_request *request;
	char who[CONTROL_WHO];
	struct gateway_path path; /* of who asks */
	enum gateway_own own;     /* what becomes of it */
	struct gateway_plan plan;
	struct config *after;
	struct gateway_source source;
	struct config_secrets secrets; /* that came with the text; written with it */
	struct gateway_apply apply;
	struct heritages heritages; /* also while it is turned back */
	struct text_list held_down; /* sessions that were closed and that an operator had shut down */
	struct error failure;       /* why it is turned back */
	unsigned draining;
	struct text_list drained;
	unsigned confirm_s;
	bool wrote;     /* the file was written for it */
	bool returning; /* it puts back what was before */
	bool again;     /* a signal came meanwhile */
	/* What was before the last one, while that waits for its confirmation: */
	struct config *former;
	struct gateway_source former_source;
	struct config_secrets new_secrets; /* which files to take away where it turns back */
	bool former_wrote;
	bool hindered; /* it was to turn back and can't yet: told */
	usec_t until;
};

/* --- gateway_reload.c --- */

/** With `after` and the source of the reload. */
void reload_begin(struct gateway_reload *reload, const struct gateway_reload_wish *wish);
/** The change is applied. */
void reload_apply(struct gateway_reload *reload);
/** Goes on with what is applied, after its pause. */
void reload_go_on(struct gateway_reload *reload);

/** Is all there that can be known before anything is done: probes, BFD's port, names of interfaces? */
bool reload_could(const struct gateway *gateway, const struct config *after, struct error *err);

/* --- gateway_reload_answers.c --- */

/** Returns new. */
json_t *reload_lines(const struct text_list *list);
/** The answer to a change that was applied, or would be. Returns new. */
json_t *reload_result(const struct gateway_plan *plan, bool applied);
/** The running configuration stays: said to whoever asked, and as an event. `result` (may be NULL) is taken.
 */
void reload_refuse(struct gateway *gateway, const struct gateway_reload_wish *wish, json_t *result,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
void reload_refuse_findings(struct gateway *gateway, const struct gateway_reload_wish *wish,
			    const struct config_findings *findings);

/* --- gateway_reload_return.c --- */

/** Something could not be made: what was before is applied in the same way. `before` and its text are taken.
 */
void reload_turn_back(struct gateway_reload *reload, struct config *before, struct gateway_source source,
		      const struct error *why);
/** It has been. The answer. */
void reload_returned(struct gateway_reload *reload, const struct error *err);

/* --- gateway_apply.c --- */

/** Sets up `apply`: nothing happens yet. `after`, which is to be the gateway's configuration, and its text
 * are taken. */
void gateway_apply_start(struct gateway *gateway, const struct gateway_plan *plan, struct config *after,
			 struct gateway_source source, struct gateway_apply *apply);
/** Goes on for about so long. False: it is to be called again after `pause_ms`. True where all is done, or
 * something could not be made (err): the state is then in between, and the new configuration is in force all
 * the same. */
bool gateway_apply_continue(struct gateway_apply *apply, usec_t slice);
/** Frees what it holds, the other configuration too. */
void gateway_apply_end(struct gateway_apply *apply);

/* --- gateway_apply_changes.c --- */

/** Notes the first failure in `err`: later ones are as bad, and all is turned back. */
void gateway_apply_failure(struct error *err, const struct error *now);
/** Finds the names of what has other values. */
void gateway_apply_changed(struct gateway_apply *apply);
/** One of them is told of its values, or dialled anew. False: there is none left. */
bool gateway_apply_change_next(struct gateway_apply *apply);

/* --- gateway_heritage.c --- */

/** Takes the connection away; its peers have been told. `after`: the configuration that comes. */
void gateway_heritage_take(struct gateway_connection *connection, const struct config *after);
/** The same with one that could not be made as a whole: what it was given goes back. */
void gateway_heritage_take_back(struct gateway_connection *connection);
/** A session is about to be closed (NULL: it has none): that an operator shut it down is not forgotten. / The
 * one in its place was opened. */
void gateway_heritage_note_peer(struct gateway *gateway, const struct bgp_peer *peer);
void gateway_heritage_hold_peer(struct gateway *gateway, struct bgp_peer *peer);
/** NULL: none of that name, or of that group. */
struct heritage *gateway_heritage_find(struct gateway *gateway, const char *name);
struct heritage *gateway_heritage_of_group(struct gateway *gateway, uint32_t group);
/** Adds the names of tunnels that were taken away and of which that is kept. */
void gateway_heritage_kept(const struct gateway *gateway, enum gateway_kept kind, struct text_list *names);
/** To a connection that has its interfaces: what was learned, and which tunnels are down by an operator's
 * word. / Its sessions are made too: the rest, and the heritage is no more. */
void gateway_heritage_give(struct heritage *heritage, struct gateway_connection *connection);
void gateway_heritage_done(struct heritage *heritage, struct gateway_connection *connection);
/** One more step in letting go what nobody inherited; its interfaces go by and by. False: there is nothing
 * left. */
bool gateway_heritage_clear(struct gateway *gateway);
/** An interface still has to go in whose place another one may have to be made. */
bool gateway_heritage_awaited(const struct gateway *gateway);
/** The gateway stops: only the memory. */
void gateway_heritages_free(struct heritages *heritages);

/* --- gateway_reload_drain.c --- */

/** Begins; reload_apply follows when all have moved, which may be before this returns. */
void reload_drain(struct gateway_reload *reload);
void reload_end_drains(struct gateway_reload *reload);

/* --- gateway_reload_confirm.c --- */

/** The change just applied waits; `before` and its text are taken. */
void reload_await_confirmation(struct gateway_reload *reload, struct config *before,
			       struct gateway_source source);
/** The file goes back too where it was written for the change, unless somebody changed it since. True where
 * it is back, and a restart needs nothing else. */
bool reload_put_file_back(struct gateway_reload *reload);

#endif
