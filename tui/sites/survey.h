// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How all sites stand, as rows of MODEL_KIND_SITE in a store: a connection to each, side by side, that
 * follows what such a row says and measures the link. Nothing is asked of a person on the way.
 */
#ifndef TWINSPAN_TUI_SITES_SURVEY_H
#define TWINSPAN_TUI_SITES_SURVEY_H

#include "core/control/client.h"
#include "tui/settings.h"
#include "tui/ssh/ssh.h"

struct survey;

struct survey_options {
	bool goes_on;         /* rows are kept true; else each site is tried once */
	unsigned patience_ms; /* after that a site that has not answered is unreachable; 0: for ever */
	void *context;
	/** Each row says how its site stands, as far as that can be known. Told once. */
	void (*settled)(void *context);
};

/** The store is borrowed. */
struct survey *survey_new(uv_loop_t *loop, struct model_store *store, const struct survey_options *options);
/** Adds a site and begins to connect to it. `settings` is copied; `way` is the SSH below the transport, NULL
 * where it is something else; both are borrowed until survey_free(). */
void survey_add(struct survey *survey, const struct settings_site *settings,
		const struct control_transport *transport, struct ssh_site *way);
/** All are added; without any it is settled at once. */
void survey_begin(struct survey *survey);
/** Closes all connections; may be called from settled(). The loop has to run out, then survey_free(). */
void survey_close(struct survey *survey);
void survey_free(struct survey *survey);

#endif
