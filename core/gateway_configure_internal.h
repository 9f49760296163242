// SPDX-License-Identifier: GPL-2.0-or-later
/* A change of the configuration while the gateway runs: its text, what has to be done, doing it. */
#ifndef TWINSPAN_GATEWAY_CONFIGURE_INTERNAL_H
#define TWINSPAN_GATEWAY_CONFIGURE_INTERNAL_H

#include "core/gateway_operator_internal.h"

/* --- gateway_reload.c --- */

/** How a reload is asked for. Texts are borrowed; the source and the secrets are taken. */
struct gateway_reload_wish {
	struct control_request *request; /* answered when it is done; NULL: by a signal, or by the gateway */
	const char *who;
	struct gateway_source source;
	struct config_secrets secrets; /* for files beside that text */
	bool configure;                /* the source is a new text for the file */
	bool dry_run, force;
	int confirm_s; /* 0: it stays; GATEWAY_UNSAID: unless it touches the path of who asks */
};
void gateway_reload_open(struct gateway *gateway);
/** Ends what is under way; a change that waits for its confirmation is turned back in the file. */
void gateway_reload_close(struct gateway *gateway);
/** Reads and checks, and then does all of it or nothing. */
void gateway_reload(struct gateway *gateway, struct gateway_reload_wish *wish);
/** SIGHUP. */
void gateway_reload_file(struct gateway *gateway);
/** A reload has begun and is not done. */
bool gateway_reload_busy(const struct gateway *gateway);
/** Those that are not in force and may come to be: of a reload that is under way, and the one that an
 * unconfirmed change turns back to. Returns how many. */
#define GATEWAY_RELOAD_CONFIGS 3
size_t gateway_reload_configs(const struct gateway *gateway, struct config *out[GATEWAY_RELOAD_CONFIGS]);
void gateway_source_free(struct gateway_source *source);

/* --- gateway_reload_confirm.c --- */

/** Ends the wait for a confirmation. False with `err` where none waits. */
bool gateway_reload_keep(struct gateway *gateway, const char *who, struct error *err);

/* --- gateway_unconfirmed.c --- */

/** Writes down that `now` is not confirmed yet, and that `former` is in force when the gateway starts before
 * it is. `wrote`: the file was written for it, and goes back too. */
bool gateway_unconfirmed_write(const struct gateway *gateway, const struct gateway_source *former,
			       const struct gateway_source *now, bool wrote, struct error *err);
/** It is confirmed, or gone. */
void gateway_unconfirmed_remove(struct gateway *gateway);
/** At the start: is what stands in the file the text that was not confirmed? Then `former` is the one before
 * (new; with the file put back where it was written for that text). */
bool gateway_unconfirmed_read(const struct gateway_options *options, struct gateway_source *former);

/* --- gateway_plan.c --- */

/** What a change of the configuration asks of the gateway's objects. */
struct gateway_plan {
	struct config_diff diff;
	struct text_list lines;   /* what changes, for people, one line each */
	struct text_list preview; /* what other rules of BGP would come to; of a dry run only */
	struct text_list drops;   /* tunnels and sessions that go down by it */
	struct text_list refused; /* what can't change while the gateway runs */
	/* Connections, and peers without a tunnel, that are made anew: one may have the name of the other. */
	struct text_list remade, peers_remade;
	struct text_list dialled, redone,
	    restarted; /* tunnels: IKE only; session and all; the session only */
};
void gateway_plan_make(struct gateway *gateway, const struct config *after, struct gateway_plan *plan);
void gateway_plan_free(struct gateway_plan *plan);
/** What becomes of the way by which whoever asks reaches this gateway: it may move where anything of its
 * connection changes, or what is told of this side's networks. */
enum gateway_own gateway_plan_own(const struct gateway_plan *plan, const struct config *after,
				  const struct gateway_path *path);

/* --- gateway_configure.c --- */

/** reload, configuration, configure */
void gateway_configure_register(struct gateway *gateway);
/** A short digest that is equal for equal texts, within one run of the gateway; says nothing of the text. */
void gateway_source_digest(const struct gateway_source *source, char out[17]);
/** Reads the file as it is now. */
bool gateway_source_read(const char *file, struct gateway_source *out, struct error *err);
/** Puts a text in the place of the file, whole or not at all, with its mode and owner; what was there stays
 * beside it as FILE.previous. */
bool gateway_source_write(const char *file, const struct gateway_source *source, struct error *err);

#endif
