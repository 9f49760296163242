// SPDX-License-Identifier: GPL-2.0-or-later
/* Dialogs; see dialog.h. */
#include "tui/widgets/dialog.h"

#include <stdio.h>
#include <string.h>

#define WIDEST 92
#define BODY_LEAST 3

int
dialog_cols(const struct area *screen)
{
	int cols = screen->cols - 4 < WIDEST ? screen->cols - 4 : WIDEST;

	return (cols < 20 ? screen->cols : cols) - 4;
}

bool
dialog_ready(const struct dialog *dialog)
{
	return dialog->action[0] != '\0' && !dialog->action_off &&
	       (dialog->must_type[0] == '\0' || strcmp(dialog->input.text, dialog->must_type) == 0);
}

static bool
has_line(const struct dialog *dialog)
{
	return dialog->must_type[0] != '\0' || dialog->wanted[0] != '\0';
}

void
dialog_free(struct dialog *dialog)
{
	draft_free(&dialog->body);
	draft_free(&dialog->foot);
	explicit_bzero(&dialog->input, sizeof(dialog->input));
}

static void
button(const struct area *area, int col, const char *label, bool focus, enum theme_role role, key_code click)
{
	char text[64];

	/* brackets as well as colour say where the focus is */
	snprintf(text, sizeof(text), focus ? "[ %s ]" : "  %s  ", label);
	area_text(area, area->rows - 1, col, role, text);
	area_zone(area, area->rows - 1, col, text_columns(text), click);
}

static void
draw_buttons(const struct dialog *dialog, const struct area *area)
{
	bool action = dialog->action[0] != '\0', focus = dialog->action_focus;
	const char *cancel = action ? "Cancel" : "Close";
	int cols = area->cols - (action ? text_columns(dialog->action) + 6 : 0);

	button(area, cols - text_columns(cancel) - 4, cancel, !focus || !action,
	       !focus || !action ? ROLE_focus : ROLE_button, KEYS_ESCAPE);
	if (action) /* a click takes the focus there, the next one presses: nothing dangerous on one */
		button(area, cols + 2, dialog->action, focus,
		       !dialog_ready(dialog) ? ROLE_dim
		       : focus               ? ROLE_focus
					     : ROLE_button,
		       focus ? KEYS_ENTER : KEYS_TAB);
}

static void
draw_input(const struct dialog *dialog, const struct area *area, int row)
{
	struct input shown = dialog->input;
	char lead[200];

	if (dialog->wanted[0] != '\0') {
		snprintf(lead, sizeof(lead), "%s: ", dialog->wanted);
		if (dialog->masked)
			input_mask(&shown);
		input_draw(&shown, area, row, lead);
		explicit_bzero(&shown, sizeof(shown));
		return;
	}
	snprintf(lead, sizeof(lead), "%stype %s to go on: ",
		 !dialog->mistyped               ? ""
		 : dialog->input.text[0] == '\0' ? "✕ first "
						 : "✕ that is not it: ",
		 dialog->must_type);
	input_draw(&dialog->input, area, row, lead);
}

/* "more above", "more below", in the lower edge. */
static void
draw_more(const struct dialog *dialog, const struct area *box, int lines)
{
	int below = lines - dialog->top - dialog->page;

	if (below > 0 || dialog->top > 0)
		area_print(box, box->rows - 1, 3, ROLE_key, " %s %d of %d lines ",
			   below <= 0         ? "↑"
			   : dialog->top <= 0 ? "↓"
					      : "↑↓",
			   dialog->page, lines);
}

void
dialog_draw(struct dialog *dialog, const struct area *screen)
{
	int cols = dialog_cols(screen) + 4, typing = has_line(dialog);
	int fixed = 2 + 1 + dialog->foot.lines + typing, lines = dialog->body.lines, rows, foot;
	bool gaps = lines + fixed + 1 <= screen->rows, spaced;
	struct area box, inside, part;

	if (!gaps)
		lines = draft_least(&dialog->body);
	foot = dialog->foot.lines;
	while (foot > 0 && fixed + (lines < BODY_LEAST ? lines : BODY_LEAST) > screen->rows) {
		foot--;
		fixed--;
	}
	spaced = lines + fixed + 1 <= screen->rows; /* a line of air above the buttons */
	rows = lines + fixed + spaced > screen->rows ? screen->rows : lines + fixed + spaced;
	box = area_part(screen, (screen->rows - rows) / 2, (screen->cols - cols) / 2, rows, cols);
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	area_frame(&box, ROLE_border, dialog->title);
	inside = area_part(&box, 1, 2, rows - 2, cols - 4);
	dialog->page = inside.rows - 1 - foot - typing - spaced;
	dialog->page = dialog->page < 0 ? 0 : dialog->page;
	if (dialog->top + dialog->page > lines)
		dialog->top = lines - dialog->page;
	if (dialog->top < 0)
		dialog->top = 0;
	part = area_part(&inside, 0, 0, dialog->page, inside.cols);
	draft_draw(&dialog->body, &part, dialog->top, gaps);
	part = area_part(&inside, dialog->page, 0, foot, inside.cols);
	draft_draw(&dialog->foot, &part, 0, true);
	if (typing)
		draw_input(dialog, &inside, dialog->page + foot);
	draw_buttons(dialog, &inside);
	draw_more(dialog, &box, lines);
}

enum dialog_answer
dialog_key(struct dialog *dialog, key_code key)
{
	bool typing = has_line(dialog) && dialog->action[0] != '\0';

	switch (key) {
	case KEYS_ESCAPE:
	case KEYS_CONTROL + 'c':
		return DIALOG_CANCEL;
	case KEYS_TAB:
	case KEYS_BACK_TAB:
		dialog->action_focus = dialog->action[0] != '\0' && !dialog->action_focus;
		return DIALOG_STAYS;
	case KEYS_ENTER:
		if (!dialog->action_focus || dialog->action[0] == '\0')
			return DIALOG_CANCEL;
		dialog->mistyped =
		    dialog->must_type[0] != '\0' && strcmp(dialog->input.text, dialog->must_type) != 0;
		return dialog_ready(dialog) ? DIALOG_DO : DIALOG_STAYS;
	case KEYS_DOWN:
		dialog->top++;
		return DIALOG_STAYS;
	case KEYS_UP:
		dialog->top -= dialog->top > 0;
		return DIALOG_STAYS;
	case KEYS_PAGE_DOWN:
		dialog->top += dialog->page;
		return DIALOG_STAYS;
	case KEYS_PAGE_UP:
		dialog->top = dialog->top > dialog->page ? dialog->top - dialog->page : 0;
		return DIALOG_STAYS;
	default:
		break;
	}
	if (typing && input_key(&dialog->input, key)) {
		dialog->mistyped = false;
		return DIALOG_STAYS;
	}
	switch (key) {
	case 'q':
		return DIALOG_CANCEL;
	case KEYS_LEFT:
	case KEYS_RIGHT:
	case 'h':
	case 'l':
		dialog->action_focus = dialog->action[0] != '\0' && !dialog->action_focus;
		return DIALOG_STAYS;
	case 'j':
		dialog->top++;
		return DIALOG_STAYS;
	case 'k':
		dialog->top -= dialog->top > 0;
		return DIALOG_STAYS;
	default:
		return DIALOG_STAYS;
	}
}
