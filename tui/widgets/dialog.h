// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A dialog: a framed box with a body that scrolls where the screen is small, a foot that is always seen, a
 * line to type into where something must be typed, and one or two buttons. Cancel has the focus when it
 * opens, so that Enter, Enter does nothing; the other button has to be gone to.
 */
#ifndef TWINSPAN_TUI_WIDGETS_DIALOG_H
#define TWINSPAN_TUI_WIDGETS_DIALOG_H

#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/widgets/draft.h"
#include "tui/widgets/input.h"

enum dialog_answer { DIALOG_STAYS, DIALOG_CANCEL, DIALOG_DO };

struct dialog {
	char title[128];
	char action[40]; /* the button that does it; "": only Cancel (called Close) */
	bool action_off; /* it can't be pressed now */
	bool action_focus;
	char must_type[160]; /* "": nothing; else the button is off until it was typed */
	char wanted[40]; /* "": nothing; else what the line is for, which the owner judges by action_off */
	bool masked;     /* what is typed is shown as asterisks */
	bool mistyped;   /* the button was pressed with something else typed: the line says so */
	struct input input;
	struct draft body, foot; /* written by the owner before each draw */
	int top, page;           /* of the body: first line on the screen, lines on it */
};

/** The columns that body and foot have on that screen. */
int dialog_cols(const struct area *screen);
void dialog_draw(struct dialog *dialog, const struct area *screen);
enum dialog_answer dialog_key(struct dialog *dialog, key_code key);
/** The action can be pressed: it is there, not off, and what must be typed was typed. */
bool dialog_ready(const struct dialog *dialog);
/** What was typed is wiped. */
void dialog_free(struct dialog *dialog);

#endif
