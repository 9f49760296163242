// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking for something on all sites at once. */
#ifndef TWINSPAN_TUI_SITES_FIND_H
#define TWINSPAN_TUI_SITES_FIND_H

#include "tui/app.h"

/** Carries out "find"; false for another command. */
bool find_command(struct app *app, const char *command, const char *text);

#endif
