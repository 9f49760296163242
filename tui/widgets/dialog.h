// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dialog: a framed box with a body that its owner draws, and one or two buttons. Cancel has the focus when
 * it opens, so that Enter, Enter does nothing; the other button has to be gone to.
 */
#ifndef TWINSPAN_TUI_WIDGETS_DIALOG_H
#define TWINSPAN_TUI_WIDGETS_DIALOG_H

#include "tui/canvas.h"
#include "tui/keys.h"

enum dialog_answer { DIALOG_STAYS, DIALOG_CANCEL, DIALOG_DO };

struct dialog {
	char title[128];
	char action[32]; /* the button that does it; "": only Cancel (called Close) */
	bool action_focus;
	/** Draws the body; with a NULL area it only returns the rows that it needs at that width. */
	int (*body)(void *context, const struct area *area, int cols);
	void *context;
};

void dialog_draw(const struct dialog *dialog, const struct area *screen);
enum dialog_answer dialog_key(struct dialog *dialog, key_code key);

#endif
