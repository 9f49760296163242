// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The terminal: the only place that knows ncurses. It brings a canvas to the screen, gives keys, and makes
 * sure that the terminal is put back whatever ends the program.
 */
#ifndef TWINSPAN_TUI_TERMINAL_H
#define TWINSPAN_TUI_TERMINAL_H

#include <stdbool.h>

#include "core/base/error.h"
#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/theme.h"

struct terminal;

struct terminal_options {
	bool ascii, mono;
};

/* How a graph can be drawn here. */
enum terminal_graph { TERMINAL_BRAILLE, TERMINAL_BLOCKS, TERMINAL_ASCII };

/** Takes over stdin and stdout, which must be terminals. One at a time. */
struct terminal *terminal_open(const struct terminal_options *options, struct error *err);
/** Puts the terminal back and frees. */
void terminal_close(struct terminal *terminal);

/** No characters beyond ASCII: asked for, or the locale is not UTF-8. */
bool terminal_ascii(const struct terminal *terminal);
enum terminal_graph terminal_graph(const struct terminal *terminal);
/** Colours are shown: the terminal has them, and neither `mono` nor NO_COLOR says otherwise. */
bool terminal_colours(const struct terminal *terminal);
/** The look of all roles from now on. The theme is copied. */
void terminal_theme(struct terminal *terminal, const struct theme *theme);
/** Rows and columns now, as the terminal says. */
void terminal_size(struct terminal *terminal, int *rows, int *cols);
/** The screen follows a change of size. */
void terminal_resized(struct terminal *terminal);
/** Draws what differs from the screen. */
void terminal_present(struct terminal *terminal, const struct canvas *canvas);
/** The next terminal_present draws everything anew. */
void terminal_redraw(struct terminal *terminal);
/** The next key that was typed; false where none waits. Never blocks longer than the escape delay (25 ms). */
bool terminal_key(struct terminal *terminal, key_code *key);
/** The terminal is gone: its other end was closed. */
bool terminal_lost(const struct terminal *terminal);
/** Gives the terminal back to the shell, stops the process, and takes it again when it is continued. */
void terminal_suspend(struct terminal *terminal);

#endif
