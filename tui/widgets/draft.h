// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines before they are drawn: a page is written into a draft as long as it comes out, and then as much of it
 * is drawn as there is room for, from any line on. Gaps are given up first. The memory is kept from one frame
 * to the next.
 */
#ifndef TWINSPAN_TUI_WIDGETS_DRAFT_H
#define TWINSPAN_TUI_WIDGETS_DRAFT_H

#include "tui/canvas.h"

struct draft_piece {
	size_t text; /* in `text` */
	int line, col, width;
	enum theme_role role;
};

struct draft {
	int cols, lines;
	bool *gaps;                 /* per line */
	struct draft_piece *pieces; /* in the order of their lines */
	char *text;
	size_t gap_size, piece_count, piece_size, text_used, text_size;
};

/** Begins anew, for a page of that width. */
void draft_begin(struct draft *draft, int cols);
void draft_free(struct draft *draft);
/** A new line; what is put goes there. */
void draft_line(struct draft *draft);
/** An empty line that is left out where room is short. */
void draft_gap(struct draft *draft);
/** Text into the last line, in at most `width` columns (0: up to the edge), cut with an ellipsis. Returns the
 * column after it. */
int draft_put(struct draft *draft, int col, int width, enum theme_role role, const char *text);
int draft_print(struct draft *draft, int col, enum theme_role role, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** New lines with a text broken at blanks, from `col` on; the first one follows what stands in the last line
 * where `join`. */
void draft_wrap(struct draft *draft, int col, bool join, enum theme_role role, const char *text);
/** Lines without the gaps. */
int draft_least(const struct draft *draft);
/** Draws from line `top` on, with the gaps or without. */
void draft_draw(const struct draft *draft, const struct area *area, int top, bool gaps);

#endif
