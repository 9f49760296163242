// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both ends of a connection, where both gateways are sites of ours: what each says of it, side by side, with
 * what does not agree marked; and a switchover of both directions together.
 */
#ifndef TWINSPAN_TUI_SITES_BOTH_H
#define TWINSPAN_TUI_SITES_BOTH_H

#include "tui/app.h"

/** Is it the page of both ends? */
bool both_is_page(const struct panel *panel);
/** Carries out "both-ends" and "both-switchover"; false for another command. */
bool both_command(struct app *app, const char *command, const char *connection);

#endif
