// SPDX-License-Identifier: GPL-2.0-or-later
/* What fleet.c (connections), list.c (their rows) and troubles.c (what needs a person) share. */
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
	size_t measuring; /* whose turn it is */
	uv_timer_t measure;
	bool closed, begun;
};

/* The first of its sites: home, where there is one. */
size_t fleet_first(const struct fleet *fleet);
/* What its gateway says of itself; NULL where nothing has come yet. */
const struct model_gateway *fleet_gateway(const struct fleet_site *site);

/* list.c: its state in a word: MODEL_SITE's. */
const char *fleet_state(const struct fleet_site *site);
/* Why there is no connection, or what is being done about it; "" for nothing. */
void fleet_say_why(const struct fleet_site *site, char *out, size_t size);
/* In how many seconds the next attempt comes; 0: none is waited for. */
unsigned fleet_next_try(const struct fleet_site *site);
/* So many rows that looking through all of them for each change would be felt. */
bool fleet_is_large(const struct fleet_site *site);

/* troubles.c: renews what needs a person there, where that may have changed. */
void fleet_look(struct fleet_site *site, usec_t now);

#endif
