// SPDX-License-Identifier: GPL-2.0-or-later
/* What the canned gateway holds. */
#ifndef TWINSPAN_TESTS_CONSOLE_WORLD_H
#define TWINSPAN_TESTS_CONSOLE_WORLD_H

#include <jansson.h>

#include "core/model/model.h"

void world_fill(struct model_store *store);
/** How many routes there are: 1000, or what a test says before it asks. */
extern size_t world_routes;
/** The number of the route of a key, from 0; `world_routes` where it is none. */
size_t world_route(const char *key);
/** Every route has another reason than before. */
extern bool world_routes_changed;
/** Traffic of aws-paris moves from its tunnel 1 to 2 with a gap of 11 ms. */
void world_move(struct model_store *store);

/**
 * What a gateway answers to "explain TARGET", new: for plant/2, aws-paris, plant, addresses and prefixes in
 * 10.50.0.0/16; NULL for anything else. plant/2 fails in IKE while its row says that it is down, and is fine
 * once it is up.
 */
json_t *world_explain(const struct model_store *store, const char *target);
/** The drills of aws-paris that its gateway keeps, new. */
json_t *world_drills_before(void);
/** The report of a drill of aws-paris, new. */
json_t *world_drill(void);
/** One step of a switchover of aws-paris from 1 to 2, as a gateway would publish it. */
struct world_step {
	const char *phase;
	double ours, theirs;    /* percent */
	unsigned packets, lost; /* lost (unsigned)-1: not counted */
};
void world_move_step(struct model_store *store, const struct world_step *step);
/** The switchover of a connection waits for its confirmation, for so many seconds; 0: no longer. */
void world_wait(struct model_store *store, const char *connection, int seconds);
void world_wait_for(struct model_store *store, const char *connection, int seconds, const char *what);
/** What a dry run of it answers. Returns new. */
json_t *world_plan(bool own_path);

#endif
