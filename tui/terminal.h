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
#include "tui/key_reader.h"
#include "tui/settings.h"
#include "tui/theme.h"

struct terminal;

struct terminal_options {
	bool ascii;
	enum settings_colours colours;
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
/** Colours are shown: the terminal has them, or they were asked for, and NO_COLOR does not say otherwise. */
bool terminal_colours(const struct terminal *terminal);
enum theme_tier terminal_tier(const struct terminal *terminal);
/** The tier that a terminal opened on stdout would have. */
enum theme_tier terminal_tier_of(enum settings_colours wanted);
/** The look of all roles from now on. The theme is copied. */
void terminal_theme(struct terminal *terminal, const struct theme *theme);
/** Rows and columns now, as the terminal says. */
void terminal_size(struct terminal *terminal, int *rows, int *cols);
/** The screen follows a change of size. */
void terminal_resized(struct terminal *terminal);
/** Draws what differs from the screen. */
void terminal_present(struct terminal *terminal, const struct canvas *canvas);
/** Bytes for the terminal itself, past what ncurses knows: they must leave the screen as it is. */
void terminal_send(struct terminal *terminal, const char *bytes, size_t count);
/** The next terminal_present draws everything anew. */
void terminal_redraw(struct terminal *terminal);
/** The next key that was typed; false where none waits. Never blocks longer than the escape delay (25 ms). */
bool terminal_key(struct terminal *terminal, key_code *key);
/** What the mouse did, after terminal_key gave KEYS_MOUSE. */
struct mouse_event terminal_mouse_event(const struct terminal *terminal);
/** Reports of the mouse on or off. Off (as it begins) the terminal selects text by itself. */
void terminal_mouse(struct terminal *terminal, bool on);
bool terminal_has_mouse(const struct terminal *terminal);
/**
 * Asks the terminal for its background colour, if it is of a kind that understands. The answer comes among
 * the keys, as KEYS_UNKNOWN, or never.
 */
void terminal_ask_background(struct terminal *terminal);
/** What it answered, 0xrrggbb; false while it has not. */
bool terminal_background(const struct terminal *terminal, uint32_t *rgb);
/** The terminal is gone: its other end was closed. */
bool terminal_lost(const struct terminal *terminal);
/** Leaves the terminal to another program as the shell had it; nothing may be drawn until it is taken again.
 */
void terminal_leave(struct terminal *terminal);
/** Takes it again; its size may be another. */
void terminal_return(struct terminal *terminal);
/** Something to do before a crash ends the program, safe in a signal handler; NULL: nothing. */
void terminal_on_crash(void (*hook)(void));
/** Gives the terminal back to the shell, stops the process, and takes it again when it is continued. */
void terminal_suspend(struct terminal *terminal);

#endif
