// SPDX-License-Identifier: GPL-2.0-or-later
/* The page that says why: a tunnel's or connection's layers, or where an address goes. */
#ifndef TWINSPAN_TUI_PANELS_EXPLAIN_H
#define TWINSPAN_TUI_PANELS_EXPLAIN_H

#include <jansson.h>

#include "tui/panel.h"

/**
 * Opens it with an answer to "explain TARGET", which is borrowed. The page asks again every few seconds while
 * it is on screen, and says how old it is. The keys of the panel of what it explains count here.
 */
struct panel *explain_panel(struct scene *scene, const char *target, const json_t *answer);
/** Whether the panel explains that target. */
bool explain_panel_of(const struct panel *panel, const char *target);
/** Takes a newer answer, which is borrowed. */
void explain_panel_renew(struct panel *panel, const json_t *answer);

/** A row for each of an array of paths to a prefix ("paths" of an answer), the best one first as given. */
void explain_paths(struct panel *page, const json_t *paths);
/** A row for each of the last changes of a prefix ("changes" of one of the answer's matches), the newest
 * first. */
void explain_last_changes(struct panel *page, const json_t *match);

#endif
