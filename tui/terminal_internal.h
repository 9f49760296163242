// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the terminal share. */
#ifndef TWINSPAN_TUI_TERMINAL_INTERNAL_H
#define TWINSPAN_TUI_TERMINAL_INTERNAL_H

#include <ncurses.h>
#include <stdio.h>

#include "core/base/clock.h"
#include "tui/key_reader.h"
#include "tui/terminal.h"

#define TERMINAL_MOST_PAIRS 512
#define TERMINAL_DIRECT_COLOURS (1 << 24)

struct look {
	attr_t attributes;
	short pair;
};

/* Where ncurses writes; terminal_frame.c. */
struct frame_output {
	int descriptor, memory; /* the terminal's, or while it draws the memory's; the memory, or -1 */
	FILE *file;             /* over `descriptor` */
	bool drawing;
	char *bytes; /* a frame on its way */
	size_t size;
};

struct terminal {
	SCREEN *screen;
	struct frame_output frame;
	enum theme_tier tier;
	bool mouse_again; /* while another program has the terminal: whether it was on */
	bool ascii, lost, fresh, cursor, mouse;
	bool shows;          /* ncurses has drawn once, and has set the terminal's modes with that */
	struct canvas shown; /* what was presented last */
	struct look looks[GROUND_COUNT][ROLE_COUNT];
	struct {
		int fg, bg;
	} pairs[TERMINAL_MOST_PAIRS];
	short pair_count;
	cchar_t *line; /* one row on its way to ncurses */
	int line_size;
	struct key_reader keys;
	struct key_reader_event event; /* the last one that is no key */
	usec_t read_at;                /* when bytes came last */
	bool background_known;
};

/* terminal_colours.c: the tier that is asked for, on the terminal whose description is loaded. */
enum theme_tier tier_choose(const char *term, enum settings_colours wanted);
/* Whether that description has the colours of a tier as they are. */
bool tier_described(enum theme_tier tier);
/* terminal_description.c: puts a copy of the loaded description, with the colours of the tier, into TERMINFO
 * (which the next newterm of that name reads). False where there is no room. */
bool description_colour(const char *term, enum theme_tier tier);
/* terminal_frame.c: what newterm gets for its output; NULL where there is no room for it */
FILE *frame_open(struct frame_output *frame);
void frame_close(struct frame_output *frame);
/* What ncurses draws between these two goes to the terminal in one write. */
void frame_begin(struct frame_output *frame);
void frame_end(struct terminal *terminal);
/* terminal_keys.c */
void keys_open(struct terminal *terminal);

#endif
