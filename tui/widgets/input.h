// SPDX-License-Identifier: GPL-2.0-or-later
/* One line of text under a person's fingers: the prompt's and the filter's editor. */
#ifndef TWINSPAN_TUI_WIDGETS_INPUT_H
#define TWINSPAN_TUI_WIDGETS_INPUT_H

#include "tui/canvas.h"
#include "tui/keys.h"

#define INPUT_TEXT 256

struct input {
	char text[INPUT_TEXT];
	size_t cursor; /* byte, at a character's border */
};

void input_set(struct input *input, const char *text);
/** An asterisk for each byte of the text: what is to be drawn of a secret. */
void input_mask(struct input *input);
/** True where the key was an editing key (or a character) and the line took it. */
bool input_key(struct input *input, key_code key);
/** Draws `lead` and the text, scrolled so that the cursor is in view. Returns the column after the text. */
int input_draw(const struct input *input, const struct area *area, int row, const char *lead);

#endif
