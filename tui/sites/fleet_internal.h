// SPDX-License-Identifier: GPL-2.0-or-later
/* What fleet.c (connections) and list.c (their rows) share. */
#ifndef TWINSPAN_TUI_SITES_FLEET_INTERNAL_H
#define TWINSPAN_TUI_SITES_FLEET_INTERNAL_H

#include "tui/sites/fleet.h"

/* What belongs to one site and has to stay where it is. */
struct fleet_link {
	struct fleet *fleet;
	size_t site;
	struct ssh_site *way; /* NULL for home */
	struct model_watch watch;
	struct ssh_question question;
	struct model_store *left; /* the copy of a client that was closed: drawn until there is a new one */
	usec_t measured;          /* when the measurement under way began; 0: none is */
};

struct fleet {
	uv_loop_t *loop;
	struct settings *settings;
	struct fleet_options options;
	struct fleet_site *sites;
	struct model_store *list; /* rows of MODEL_KIND_SITE */
	usec_t refreshed;         /* wall clock */
	size_t count;
	uv_timer_t measure;
	bool closed, begun;
};

#endif
