// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The grid of cells; see canvas.h. Widths are wcwidth's, as ncurses takes them. A wide character that would
 * lose one half (at an edge, or under something drawn later) becomes a blank, so that a row always adds up to
 * its columns. Nothing here allocates except canvas_resize.
 */
#include "tui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/text.h"

#define NO_CHARACTER 0xfffd

/* What stands in for our own characters in ASCII mode. */
static const struct {
	char32_t from, to;
} plain[] = {
    {U'─', '-'}, {U'═', '='}, {U'╌', '.'},  {U'≈', '~'}, {U'│', '|'}, {U'┌', '+'}, {U'┐', '+'}, {U'└', '+'},
    {U'┘', '+'}, {U'├', '+'}, {U'┤', '+'},  {U'●', '*'}, {U'○', 'o'}, {U'◌', 'o'}, {U'✕', 'x'}, {U'▲', '^'},
    {U'▼', 'v'}, {U'▴', '^'}, {U'▾', 'v'},  {U'·', '-'}, {U'…', '~'}, {U'▸', '>'}, {U'›', '>'}, {U'→', '>'},
    {U'←', '<'}, {U'↑', '^'}, {U'↓', 'v'},  {U'↵', '<'}, {U'█', '#'}, {U'░', '.'}, {U'–', '-'}, {U'×', 'x'},
    {U'✓', '+'}, {U'√', '*'}, {U'’', '\''}, {U'‖', '|'}, {U'⇄', '>'},
};

void
canvas_resize(struct canvas *canvas, int rows, int cols)
{
	size_t need;

	canvas->rows = rows < 1 ? 1 : rows;
	canvas->cols = cols < 1 ? 1 : cols;
	need = (size_t)canvas->rows * (size_t)canvas->cols;
	if (need > canvas->capacity) {
		canvas->cells = memory_resize(canvas->cells, need * sizeof(*canvas->cells));
		canvas->capacity = need;
	}
	canvas_clear(canvas);
}

static const struct cell blank = {.text = {U' '}, .role = ROLE_text, .width = 1};

void
canvas_clear(struct canvas *canvas)
{
	size_t count = (size_t)canvas->rows * (size_t)canvas->cols;

	for (size_t i = 0; i < count; i++)
		canvas->cells[i] = blank;
	canvas->cursor = false;
	canvas->zone_count = 0;
}

void
canvas_free(struct canvas *canvas)
{
	FREE_AND_NULL(canvas->cells);
	canvas->capacity = 0;
	canvas->rows = canvas->cols = 0;
}

static size_t
put_utf8(char32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

const char *
canvas_cell_text(const struct cell *cell, char out[CELL_TEXT])
{
	size_t used = 0;

	for (int i = 0; i < 1 + CELL_MARKS && cell->text[i] != 0; i++)
		used += put_utf8(cell->text[i], out + used);
	out[used] = '\0';
	return out;
}

struct theme_style
canvas_style(const struct theme *theme, enum theme_tier tier, enum ground ground, enum theme_role role)
{
	static const enum theme_role ground_roles[] = {
	    [GROUND_PLAIN] = ROLE_text,    [GROUND_SELECTED] = ROLE_selection,
	    [GROUND_HEADER] = ROLE_header, [GROUND_DIALOG] = ROLE_dialog,
	    [GROUND_FOOTER] = ROLE_footer, [GROUND_PRODUCTION] = ROLE_production};
	const struct theme_style *under = &theme->roles[ground_roles[ground]];
	struct theme_style style = theme->roles[role];

	/* a strong ground, on which the colours of states could not be read, as green on the 16 colours'
	 * blue: there word and glyph say them */
	if (ground == GROUND_PRODUCTION || (ground == GROUND_SELECTED && tier <= TIER_16))
		style.fg = under->fg;
	if (!style.bg.set || ground == GROUND_PRODUCTION)
		style.bg = under->bg;
	if (!style.fg.set)
		style.fg = under->fg.set ? under->fg : theme->roles[ROLE_text].fg;
	if (ground != GROUND_PLAIN)
		style.attributes |=
		    under->attributes & (ground == GROUND_SELECTED ? ~0U : (unsigned)THEME_REVERSE);
	/* reversed and dim together can't be read on many terminals */
	if (style.attributes & THEME_REVERSE)
		style.attributes &= ~(unsigned)THEME_DIM;
	if (tier != TIER_8 || !style.fg.set)
		return style;
	/* eight colours: the bright ones are the basic ones in bold; but bold black is black on many, and
	 * what should be grey is the terminal's own, dim */
	if (style.fg.ansi == 8) {
		style.fg.set = false;
		style.attributes |= style.attributes & THEME_REVERSE ? 0 : (unsigned)THEME_DIM;
	} else if (style.fg.ansi > 8) {
		style.attributes |= THEME_BOLD;
	}
	return style;
}

const char *
canvas_row_text(const struct canvas *canvas, int row, char *out, size_t size)
{
	size_t used = 0, end = 0;

	for (int col = 0; col < canvas->cols && row >= 0 && row < canvas->rows; col++) {
		const struct cell *cell = &canvas->cells[row * canvas->cols + col];

		for (int i = 0; i < 1 + CELL_MARKS && cell->text[i] != 0; i++) {
			if (used + 5 > size)
				break;
			used += put_utf8(cell->text[i], out + used);
			if (cell->text[i] != U' ')
				end = used;
		}
	}
	out[end] = '\0';
	return out;
}

struct area
canvas_area(struct canvas *canvas)
{
	return (struct area){.canvas = canvas, .rows = canvas->rows, .cols = canvas->cols};
}

static int
within(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

struct area
area_part(const struct area *area, int top, int left, int rows, int cols)
{
	struct area part = *area;
	int bottom = within(top + rows, 0, area->rows), right = within(left + cols, 0, area->cols);

	top = within(top, 0, area->rows);
	left = within(left, 0, area->cols);
	part.top = area->top + top;
	part.left = area->left + left;
	part.rows = bottom > top ? bottom - top : 0;
	part.cols = right > left ? right - left : 0;
	return part;
}

/* --- characters
 * ---------------------------------------------------------------------------------------------- */

char32_t
text_next(const char **text)
{
	static const char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)*text;
	int length = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
	char32_t c;

	if (*p == 0)
		return 0;
	if (length == 1) {
		(*text)++;
		return *p < 0x20 || *p == 0x7f ? NO_CHARACTER : *p;
	}
	c = length == 0 ? 0 : *p & (0xff >> (length + 1));
	for (int i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			length = 0;
		else
			c = c << 6 | (p[i] & 0x3f);
	}
	if (length == 0 || c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
	    (c >= 0x80 && c < 0xa0)) {
		(*text)++;
		return NO_CHARACTER;
	}
	*text += length;
	return c;
}

/* Width in columns; what wcwidth doesn't know (always, in a locale without UTF-8) takes one. */
static int
character_width(char32_t c)
{
	int width = c < 0x7f ? 1 : wcwidth((wchar_t)c);

	return width < 0 ? 1 : width;
}

int
text_columns(const char *text)
{
	int columns = 0;
	char32_t c;

	for (; (unsigned char)*text - 1U < 0x7e; text++) /* mostly all of it is ASCII */
		columns++;
	while ((c = text_next(&text)) != 0)
		columns += character_width(c);
	return columns;
}

static char32_t
to_ascii(char32_t c)
{
	if (c < 0x80)
		return c;
	for (size_t i = 0; i < COUNT_OF(plain); i++) {
		if (plain[i].from == c)
			return plain[i].to;
	}
	return '?';
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

static struct cell *
cell_at(const struct area *area, int row, int col)
{
	if (row < 0 || row >= area->rows || col < 0 || col >= area->cols)
		return NULL;
	return &area->canvas->cells[(area->top + row) * area->canvas->cols + area->left + col];
}

/* A cell is about to be overwritten: the other half of a wide character there becomes a blank. */
static void
part_wide(const struct area *area, int row, int col)
{
	struct cell *cell = cell_at(area, row, col);
	int at = area->left + col;

	if (cell->width == 2 && at + 1 < area->canvas->cols)
		cell[1] = blank;
	else if (cell->text[0] == 0 && at > 0)
		cell[-1] = blank;
}

static void
set_cell(const struct area *area, int row, int col, enum theme_role role, char32_t c, int width)
{
	struct cell *cell = cell_at(area, row, col);

	part_wide(area, row, col);
	*cell = (struct cell){.text = {c}, .width = (uint8_t)width};
	cell->role = area->dimmed ? ROLE_dim : (uint8_t)role;
	cell->ground = (uint8_t)area->ground;
}

/* Draws one character; returns the columns it took, 0 where nothing more fits. */
static int
put(const struct area *area, int row, int col, enum theme_role role, char32_t c)
{
	int width;

	if (area->canvas->ascii)
		c = to_ascii(c);
	width = character_width(c);
	if (width == 0) { /* combining: joins the cell before */
		struct cell *before = cell_at(area, row, col - 1);

		if (before != NULL && before->text[0] == 0)
			before = cell_at(area, row, col - 2);
		for (int i = 1; before != NULL && i <= CELL_MARKS; i++) {
			if (before->text[i] == 0) {
				before->text[i] = c;
				break;
			}
		}
		return 0;
	}
	if (cell_at(area, row, col) == NULL)
		return width;
	if (width == 2 && cell_at(area, row, col + 1) == NULL) {
		set_cell(area, row, col, role, U' ', 1);
		return width;
	}
	set_cell(area, row, col, role, c, width);
	if (width == 2)
		set_cell(area, row, col + 1, role, 0, 0);
	/* set_cell of the second half blanked the first, as it must for strangers */
	if (width == 2)
		*cell_at(area, row, col) = (struct cell){.text = {c},
							 .width = 2,
							 .role = area->dimmed ? ROLE_dim : (uint8_t)role,
							 .ground = (uint8_t)area->ground};
	return width;
}

int
area_text(const struct area *area, int row, int col, enum theme_role role, const char *text)
{
	char32_t c;

	while ((c = text_next(&text)) != 0 && col <= area->cols)
		col += put(area, row, col, role, c);
	return col;
}

int
area_print(const struct area *area, int row, int col, enum theme_role role, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return area_text(area, row, col, role, text);
}

int
area_field(const struct area *area, int row, int col, int width, bool right, enum theme_role role,
	   const char *text)
{
	struct area part = area_part(area, row, col, 1, width);
	int columns = text_columns(text), at = 0;
	char32_t c;

	area_blank(&part, 0, 0, 1, width);
	if (columns <= width) {
		area_text(&part, 0, right ? width - columns : 0, role, text);
		return col + width;
	}
	while ((c = text_next(&text)) != 0 && at + character_width(c) <= width - 1)
		at += put(&part, 0, at, role, c);
	if (width > 0)
		put(&part, 0, at, role, U'…');
	return col + width;
}

int
area_right(const struct area *area, int row, enum theme_role role, const char *text)
{
	int col = area->cols - text_columns(text);

	area_text(area, row, col < 0 ? 0 : col, role, text);
	return col < 0 ? 0 : col;
}

void
area_repeat(const struct area *area, int row, int col, int count, enum theme_role role, char32_t character)
{
	for (int i = 0; i < count && col < area->cols; i++)
		col += put(area, row, col, role, character);
}

void
area_blank(const struct area *area, int row, int col, int rows, int cols)
{
	for (int r = 0; r < rows; r++) {
		for (int c = 0; c < cols; c++) {
			if (cell_at(area, row + r, col + c) != NULL)
				set_cell(area, row + r, col + c, ROLE_text, U' ', 1);
		}
	}
}

void
area_frame(const struct area *area, enum theme_role role, const char *title)
{
	int bottom = area->rows - 1, right = area->cols - 1;

	if (area->rows < 2 || area->cols < 2)
		return;
	area_blank(area, 0, 0, area->rows, area->cols);
	area_repeat(area, 0, 1, right - 1, role, U'─');
	area_repeat(area, bottom, 1, right - 1, role, U'─');
	for (int row = 1; row < bottom; row++) {
		put(area, row, 0, role, U'│');
		put(area, row, right, role, U'│');
	}
	put(area, 0, 0, role, U'┌');
	put(area, 0, right, role, U'┐');
	put(area, bottom, 0, role, U'└');
	put(area, bottom, right, role, U'┘');
	if (title != NULL && right > 6) {
		struct area edge = area_part(area, 0, 2, 1, right - 3);
		int end = area_text(&edge, 0, 1, ROLE_title, title);

		put(&edge, 0, 0, role, U' ');
		put(&edge, 0, end, role, U' ');
	}
}

bool
text_line(const char **text, int cols, char *out, size_t size)
{
	const char *start = *text, *at = start, *end = start, *good = NULL;
	int used = 0;

	if (cols < 1)
		*text += strlen(start); /* whoever goes on until the end must come to it */
	if (*start == '\0' || cols < 1)
		return false;
	while (*at != '\0' && *at != '\n' && at - start < (int)size - 5) {
		const char *before = at;
		char32_t c = text_next(&at);

		if (used + character_width(c) > cols && before > start) {
			at = before;
			break;
		}
		good = c == U' ' ? before : good;
		used += character_width(c);
	}
	end = at;
	if (*at != '\0' && *at != '\n' && *at != ' ' && good != NULL && good > start)
		end = good; /* not in the middle of a word */
	snprintf(out, size, "%.*s", (int)(end - start), start);
	end += strspn(end, " ");
	*text = *end == '\n' ? end + 1 : end;
	return true;
}

int
area_wrap(const struct area *area, int row, int col, int cols, int rows, enum theme_role role,
	  const char *text)
{
	char line[512];
	int lines = 0, end;

	for (; (rows == 0 || lines < rows) && text_line(&text, cols, line, sizeof(line)); lines++) {
		if (rows == 0)
			continue;
		end = area_text(area, row + lines, col, role, line);
		if (lines + 1 == rows && *text != '\0')
			area_text(area, row + lines, end < col + cols ? end : col + cols - 1, role, "…");
	}
	return lines;
}

void
area_cursor(const struct area *area, int row, int col)
{
	if (cell_at(area, row, col) == NULL)
		return;
	area->canvas->cursor = true;
	area->canvas->cursor_row = area->top + row;
	area->canvas->cursor_col = area->left + col;
}

/* --- zones ------------------------------------------------------------------------------------------ */

void
area_zone(const struct area *area, int row, int col, int cols, uint32_t key)
{
	struct area part = area_part(area, row, col, 1, cols);
	struct canvas *canvas = area->canvas;

	if (part.rows == 0 || part.cols == 0 || canvas->zone_count == CANVAS_ZONES)
		return;
	canvas->zones[canvas->zone_count++] =
	    (struct canvas_zone){.row = part.top, .col = part.left, .cols = part.cols, .key = key};
}

uint32_t
canvas_zone_key(const struct canvas *canvas, int row, int col)
{
	for (size_t i = canvas->zone_count; i > 0; i--) {
		const struct canvas_zone *zone = &canvas->zones[i - 1];

		if (zone->row == row && col >= zone->col && col < zone->col + zone->cols)
			return zone->key;
	}
	return 0;
}

void
canvas_forget_zones(struct canvas *canvas, int row)
{
	size_t kept = 0;

	for (size_t i = 0; i < canvas->zone_count; i++) {
		if (canvas->zones[i].row != row)
			canvas->zones[kept++] = canvas->zones[i];
	}
	canvas->zone_count = kept;
}
