// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The help overlay, made from the command table: keys of this panel, keys of all, commands of the prompt; the
 * commands beside the keys where there is room. Keys are those that count, a person's own before the table's.
 */
#ifndef TWINSPAN_TUI_WIDGETS_HELP_H
#define TWINSPAN_TUI_WIDGETS_HELP_H

#include "core/control/commands.h"
#include "tui/canvas.h"
#include "tui/widgets/table.h"

struct help {
	const char *panel; /* the panel's name in the table */
	const char *title; /* and for people */
	char search[128];  /* only rows with this text, whatever its case; "": all */
	size_t top, page, lines;
};

void help_draw(struct help *help, const struct area *screen);
void help_go(struct help *help, enum table_motion motion);
/** The command's keys for people, "q C-c"; "" for none. Returns `out`. */
const char *help_keys(const struct command *command, char *out, size_t size);

#endif
