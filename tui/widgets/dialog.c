// SPDX-License-Identifier: GPL-2.0-or-later
/* Dialogs; see dialog.h. */
#include "tui/widgets/dialog.h"

#include <stdio.h>
#include <string.h>

#define WIDEST 92

static void
button(const struct area *area, int col, const char *label, bool focus, key_code click)
{
	char text[48];

	/* brackets as well as colour say where the focus is */
	snprintf(text, sizeof(text), focus ? "[ %s ]" : "  %s  ", label);
	area_text(area, area->rows - 1, col, focus ? ROLE_focus : ROLE_button, text);
	area_zone(area, area->rows - 1, col, text_columns(text), click);
}

void
dialog_draw(const struct dialog *dialog, const struct area *screen)
{
	int cols = screen->cols - 4 < WIDEST ? screen->cols - 4 : WIDEST, rows;
	bool action = dialog->action[0] != '\0';
	const char *cancel = action ? "Cancel" : "Close";
	struct area box, inside, body;

	cols = cols < 20 ? screen->cols : cols;
	rows = dialog->body(dialog->context, NULL, cols - 4) + 4;
	rows = rows > screen->rows ? screen->rows : rows;
	box = area_part(screen, (screen->rows - rows) / 2, (screen->cols - cols) / 2, rows, cols);
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	area_frame(&box, ROLE_border, dialog->title);
	inside = area_part(&box, 1, 2, rows - 2, cols - 4);
	body = area_part(&inside, 0, 0, inside.rows - 2, inside.cols);
	dialog->body(dialog->context, &body, inside.cols);
	cols = inside.cols - (action ? text_columns(dialog->action) + 6 : 0);
	button(&inside, cols - text_columns(cancel) - 4, cancel, !dialog->action_focus || !action,
	       KEYS_ESCAPE);
	if (action)
		/* a click takes the focus there, the next one presses: nothing dangerous on one */
		button(&inside, cols + 2, dialog->action, dialog->action_focus,
		       dialog->action_focus ? KEYS_ENTER : KEYS_TAB);
}

enum dialog_answer
dialog_key(struct dialog *dialog, key_code key)
{
	switch (key) {
	case KEYS_ESCAPE:
	case KEYS_CONTROL + 'c':
	case 'q':
		return DIALOG_CANCEL;
	case KEYS_TAB:
	case KEYS_BACK_TAB:
	case KEYS_LEFT:
	case KEYS_RIGHT:
	case 'h':
	case 'l':
		dialog->action_focus = dialog->action[0] != '\0' && !dialog->action_focus;
		return DIALOG_STAYS;
	case KEYS_ENTER:
		return dialog->action_focus && dialog->action[0] != '\0' ? DIALOG_DO : DIALOG_CANCEL;
	default:
		return DIALOG_STAYS;
	}
}
