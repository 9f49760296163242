// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console under test: console_run() in a child on a pseudo terminal, talking to a real control server
 * with a canned store in this process; its bytes go through libvterm, so that tests see what a person would.
 * Tests type keys and wait for words on the screen, never for time.
 */
#ifndef TWINSPAN_TESTS_CONSOLE_HARNESS_H
#define TWINSPAN_TESTS_CONSOLE_HARNESS_H

#include "core/base/clock.h"
#include "core/control/server.h"
#include "core/model/model.h"
#include "tests/unit/test.h"
#include "tui/console.h"

struct world;

/* One screen. */
struct screen_options {
	int rows, cols;
	const char *theme;                   /* "dark" where NULL */
	const char *term;                    /* "xterm-256color" where NULL */
	const char *locale;                  /* "C.UTF-8" where NULL */
	const char *no_color;                /* NO_COLOR, where not NULL */
	const struct console_import *import; /* what reads other products' files; NULL: nothing does */
	const struct console_export *export; /* what writes for the other side; NULL: nothing does */
	unsigned user;                     /* whose console it is; 0: ours. Others only where we are root. */
	const char *settings;              /* what stands in console.yaml; NULL: there is none */
	const char *colours;               /* --colours, where not NULL */
	const char *colorterm, *colorfgbg; /* COLORTERM and COLORFGBG, where not NULL */
	bool ascii, mono, mouse;
	bool no_theme;      /* nobody chooses one */
	const char *tmux;   /* TMUX, where not NULL */
	const char *output; /* a file that stdout goes to, in the console's folder; NULL: the terminal */
	bool output_closed; /* stdout is a pipe that nobody reads */
	const struct console_once *once; /* one look instead of the console */
	int margin; /* so many rows and columns more has the terminal than the console is told */
};

/** A gateway that is listening, with the canned store. */
struct world *world_new(void);
/** As world_new, but nothing listens yet. */
struct world *world_new_silent(void);
void world_free(struct world *world);
void world_serve(struct world *world);
void world_stop_serving(struct world *world);
struct model_store *world_store(struct world *world);
/** A copy of a row of its store (of the only one where `key` is NULL), to be changed and put back. New. */
void *world_take(struct world *world, enum model_kind kind, const char *key);
/** Puts such a row into the store; takes it. */
void world_put(struct world *world, enum model_kind kind, void *row);
/** Another answer to a command of the gateway than the canned one, also when it is served again. */
void world_handle(struct world *world, const char *command, control_handler handler, void *context);
/** The console's HOME. */
const char *world_folder(const struct world *world);
/** Commands that came, each as "NAME ARGUMENT... [dry]"; how many of that text. */
size_t world_commands(const struct world *world, const char *text);
/** Commands (not dry runs) are not answered until this is turned off again; one at a time. */
void world_hold(struct world *world, bool hold);
/** Every command is refused, as it would cut the asker's own path, unless it is forced. */
void world_guard(struct world *world, bool guarded);
/** Dry runs say that the asker's own path moves too. */
void world_own_path(struct world *world, bool own);
/** Commands for that tunnel fail. */
void world_fail_at(struct world *world, const char *tunnel);
/** Waits until that command came; fails the test where it didn't, or came twice. */
void world_wait_command(struct world *world, const char *text);
/** Lets the loop run for a moment (for conditions that are not on the screen). */
void world_turn(struct world *world);
/** The same without waiting: what is there is taken. */
void world_turn_at_once(struct world *world);
/** Lets it run for so long: for what must not come, or is measured by the second. */
void world_turn_for(struct world *world, usec_t time);

/** Opens the console; returns when it has drawn its first screen. */
void screen_open(struct world *world, const struct screen_options *options);
/** The same, and waits until it shows the gateway's state (not in ASCII). */
void screen_open_until_live(struct world *world, const struct screen_options *options);
/** A gateway that listens, and a console on it that shows its state. */
struct world *screen_open_live(const struct screen_options *options);
/** Leaves by `q` where it still runs; fails the test where the console ended badly and nobody asked how;
 * frees. */
void screen_close(struct world *world);
/** The same, and the gateway goes too. */
void screen_finish(struct world *world);
/** Types bytes: "s", "\x1b", "\t", "\x1b[B". */
void screen_type(struct world *world, const char *keys);
/** Waits until the text is on the screen; fails the test, with the screen, where it doesn't come. */
void screen_wait(struct world *world, const char *text);
void screen_wait_gone(struct world *world, const char *text);
/** Waits until a row that has `a` also has `b`. */
void screen_wait_row(struct world *world, const char *a, const char *b);
/** Whether the text is on the screen, once nothing more comes. */
bool screen_has(struct world *world, const char *text);
void screen_resize(struct world *world, int rows, int cols);
/** Compares with tests/console/golden/NAME.txt (times of day, ages in seconds and graphs blanked); GENERATE=1
 * writes it. */
void screen_golden(struct world *world, const char *name);
/** Once nothing more comes: the foreground of the first cell of `text` as 0xrrggbb, -1 for the terminal's
 * own. */
int screen_colour(struct world *world, const char *text);
/** Waits until the text has another colour than this one: a frame comes in pieces. */
void screen_wait_colour(struct world *world, const char *text, int other);
bool screen_reversed(struct world *world, const char *text);
/** Sends a signal to the console. */
void screen_signal(struct world *world, int number);
/** Waits for the console to end; returns its exit code, or 128 + signal. */
int screen_exit(struct world *world);
/** Whether the bytes that the console wrote hold this. */
bool screen_wrote(struct world *world, const char *bytes);
/** Once nothing more comes: whether every character on the screen is ASCII. */
bool screen_is_ascii(struct world *world);
/** Where a text begins, from 0. */
bool screen_find(struct world *world, const char *text, int *row, int *col);
/** How many bytes the console wrote so far. */
size_t screen_bytes(const struct world *world);
/** As screen_colour, of the background. */
int screen_background(struct world *world, const char *text);
/** Closes our end of the terminal, as a lost SSH session does. */
void screen_hang_up(struct world *world);

/* For tests that type anything and look at everything. */
/** Types any bytes; few enough for the terminal's queue. */
void screen_type_bytes(struct world *world, const char *bytes, size_t count);
/** How many typed bytes the console has not read yet; 0 once it has ended. */
int screen_unread(struct world *world);
bool screen_ended(const struct world *world);
/** The terminal alone goes on, the gateway stands still. */
void screen_turn(struct world *world);
/** All bytes that the console wrote, with a NUL behind; NULL for none. */
const char *screen_written(const struct world *world);
/** The text of a row, without blanks at its end. */
void screen_row(struct world *world, int row, char *out, size_t size);
/** Whether any cell has a colour of its own. */
bool screen_is_coloured(struct world *world);
/** The character of a cell; ' ' for an empty one. */
uint32_t screen_character(struct world *world, int row, int col);
/** Of all cells with text and with colours that are known: the lowest contrast to the ground, as WCAG 2 has
 * it (1 to 21). */
double screen_lowest_contrast(struct world *world);
/** Whether nothing stands in the rows and columns that the console does not know of. */
bool screen_margin_is_blank(struct world *world);
/** The screen on stderr, for whoever looks into a failure. */
void screen_print(struct world *world);

#endif
