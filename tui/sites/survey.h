// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How all sites stand, as rows of MODEL_KIND_SITE, for who prints them: a fleet (fleet.h) without a gateway
 * here, that asks nobody anything and says when each site is known as far as it can be.
 */
#ifndef TWINSPAN_TUI_SITES_SURVEY_H
#define TWINSPAN_TUI_SITES_SURVEY_H

#include "tui/sites/fleet.h"

struct survey;

struct survey_options {
	bool goes_on;         /* rows are kept true; else each site is tried once */
	unsigned patience_ms; /* after that a site that has not answered is unreachable; 0: for ever */
	/** As fleet_options'. */
	bool (*wanted)(const void *context, const char *site);
	const void *wanted_context;
	const struct control_transport *(*transport_to)(const char *site);
	void *context;
	/** Each row says how its site stands, as far as that can be known. Told once. */
	void (*settled)(void *context);
};

/** Of the sites of the settings, which are borrowed. */
struct survey *survey_new(uv_loop_t *loop, struct settings *settings, const struct survey_options *options);
/** The rows: a store of the survey's own. */
struct model_store *survey_rows(struct survey *survey);
/** Begins to connect; where there is no site it is settled at once. */
void survey_begin(struct survey *survey);
/** Closes all connections; may be called from settled(). The loop has to run out, then survey_free(). */
void survey_close(struct survey *survey);
void survey_free(struct survey *survey);

#endif
