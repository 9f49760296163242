// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The canvas: a grid of cells that panels and widgets draw on. It knows nothing of terminals, so that what a
 * panel draws can be tested without one; terminal.c brings it to the screen. An area is a window on it:
 * coordinates are the area's own, and whatever lies outside is cut off, so that no size of screen can be
 * written past.
 *
 * Text is UTF-8. In ASCII mode each character that we use ourselves has a stand-in of one column (see
 * canvas.c).
 */
#ifndef TWINSPAN_TUI_CANVAS_H
#define TWINSPAN_TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

#include "tui/theme.h"

/* What lies under the text: lends its background to roles that have none of their own. */
enum ground {
	GROUND_PLAIN,
	GROUND_SELECTED,
	GROUND_HEADER,
	GROUND_DIALOG,
	GROUND_FOOTER,
	GROUND_PRODUCTION,
	GROUND_COUNT
};

#define CELL_MARKS 2 /* combining characters that a cell keeps; more are dropped */

struct cell {
	char32_t text[1 + CELL_MARKS]; /* text[0] == 0: right half of a wide character */
	uint8_t role, ground;
	uint8_t width, unused;
};

/* A part of a row that the mouse can press: a click there is this key (keys.h). */
struct canvas_zone {
	int row, col, cols;
	uint32_t key;
};

#define CANVAS_ZONES 64

struct canvas {
	int rows, cols;
	bool ascii;
	bool cursor; /* shown, at cursor_row, cursor_col */
	int cursor_row, cursor_col;
	struct cell *cells; /* rows * cols */
	size_t capacity;
	struct canvas_zone zones[CANVAS_ZONES];
	size_t zone_count;
};

struct area {
	struct canvas *canvas;
	int top, left, rows, cols;
	enum ground ground; /* for all that is drawn through this area */
	bool dimmed;        /* all text in the role dim: what is drawn is old */
};

/** Makes it rows x cols (at least 1x1) and blank. */
void canvas_resize(struct canvas *canvas, int rows, int cols);
void canvas_clear(struct canvas *canvas);
void canvas_free(struct canvas *canvas);
/** The key of the zone there, the one drawn last; 0 where there is none. */
uint32_t canvas_zone_key(const struct canvas *canvas, int row, int col);
/** Forgets the zones of a row that is drawn anew. */
void canvas_forget_zones(struct canvas *canvas, int row);
/**
 * How a cell of that ground and role looks with so many colours: what the role leaves open is the ground's,
 * then the text's.
 */
struct theme_style canvas_style(const struct theme *theme, enum theme_tier tier, enum ground ground,
				enum theme_role role);
#define CELL_TEXT (4 * (1 + CELL_MARKS) + 1)
/** A cell's characters as UTF-8; "" for the right half of a wide one. Returns `out`. */
const char *canvas_cell_text(const struct cell *cell, char out[CELL_TEXT]);
/** One row as text without trailing blanks. Returns `out`. */
const char *canvas_row_text(const struct canvas *canvas, int row, char *out, size_t size);

struct area canvas_area(struct canvas *canvas);
/** A part of an area, cut to what the area has. */
struct area area_part(const struct area *area, int top, int left, int rows, int cols);

/** Draws text from (row, col); stops at the area's edge. Returns the column after it. */
int area_text(const struct area *area, int row, int col, enum theme_role role, const char *text);
int area_print(const struct area *area, int row, int col, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** Draws text into exactly `width` columns: cut with an ellipsis, padded. Returns col + width. */
int area_field(const struct area *area, int row, int col, int width, bool right, enum theme_role role,
	       const char *text);
/** Text that ends at the area's right edge. Returns its first column. */
int area_right(const struct area *area, int row, enum theme_role role, const char *text);
/** One character, `count` times. */
void area_repeat(const struct area *area, int row, int col, int count, enum theme_role role,
		 char32_t character);
/** Blanks a part, in the area's ground. */
void area_blank(const struct area *area, int row, int col, int rows, int cols);
/** A frame around the whole area, its title in the upper edge; the inside is blanked. */
void area_frame(const struct area *area, enum theme_role role, const char *title);
/** Text in lines of at most `cols`, broken at blanks, at most `rows` lines (0: only count); the last one ends
 * in "…" where more would follow. Returns the lines that were drawn, or counted. */
int area_wrap(const struct area *area, int row, int col, int cols, int rows, enum theme_role role,
	      const char *text);
void area_cursor(const struct area *area, int row, int col);
/** A click on these columns shall be that key. The zone goes with the next clearing, or canvas_forget_zones.
 */
void area_zone(const struct area *area, int row, int col, int cols, uint32_t key);

/**
 * Takes the next line of at most `cols` columns off the text, broken at a blank where there is one. False at
 * the end, which comes at once where there is no column.
 */
bool text_line(const char **text, int cols, char *out, size_t size);
/** Columns that the text takes. */
int text_columns(const char *text);
/** The next character; an invalid byte gives U+FFFD. `*text` moves on; 0 at the end. */
char32_t text_next(const char **text);

#endif
