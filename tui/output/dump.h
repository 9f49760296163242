// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A picture of a canvas: as text, as text with colours for a terminal (ANSI), or as SVG. It needs no
 * terminal: what a panel drew is all there is to it.
 */
#ifndef TWINSPAN_TUI_OUTPUT_DUMP_H
#define TWINSPAN_TUI_OUTPUT_DUMP_H

#include <stdio.h>

#include "core/base/error.h"
#include "tui/canvas.h"
#include "tui/theme.h"

enum dump_format { DUMP_TEXT, DUMP_ANSI, DUMP_SVG };

struct dump {
	enum dump_format format;
	enum theme_tier tier;      /* of ANSI; SVG has all colours, or none (TIER_MONO) */
	const struct theme *theme; /* what the roles look like */
	const char *title;         /* of an SVG; NULL for none */
};

/** The endings that a file may have, each with its format: ".txt", ".ans", ".ansi", ".svg". NULL past the
 * last. */
const char *dump_ending(size_t i);
/** The format by the file's ending; false with `err` where it is none of them. */
bool dump_format_of(const char *path, enum dump_format *out, struct error *err);

/** Writes the whole canvas. */
void dump_write(FILE *out, const struct canvas *canvas, const struct dump *dump);
/** One row as text or ANSI (DUMP_SVG: as text), with its newline and without trailing blanks. */
void dump_row(FILE *out, const struct canvas *canvas, int row, const struct dump *dump);
/** dump_svg.c */
void dump_svg(FILE *out, const struct canvas *canvas, const struct dump *dump);

/**
 * Writes a new file in one go: `write` fills it. An existing file is never touched; a file that could not be
 * written whole is removed. False with `err`, which names the file.
 */
bool dump_new_file(const char *path, void (*write)(FILE *out, void *context), void *context,
		   struct error *err);

#endif
