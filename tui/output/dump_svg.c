// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A screen as SVG 1.1: one file that needs nothing else and looks the same in any viewer. Text is written in
 * runs of one look, each stretched to its columns (textLength), so that a font of another width keeps the
 * grid; braille and block characters, which many fonts lack or draw with gaps, are drawn as dots and boxes
 * (Unicode 15, blocks 2800 and 2580). The ground is that for which the theme's colours were chosen.
 */
#include <string.h>

#include "core/base/text.h"
#include "tui/output/dump.h"

#define CELL_W 8.4
#define CELL_H 18.0
#define FONT_SIZE 14
#define BASELINE 13.5
#define MARGIN 8.0
#define LIGHT_INK 0xd6dae0 /* on a dark ground, where the theme leaves the text to the terminal */
#define DARK_INK 0x1d2026

/* What one cell looks like in the end. */
struct ink {
	uint32_t text, ground;
	bool painted; /* the ground is not the picture's */
	unsigned attributes;
};

struct picture {
	FILE *out;
	const struct canvas *canvas;
	const struct dump *dump;
	uint32_t ground, text;
};

static uint32_t
colour_of(const struct picture *p, const struct theme_colour *colour, uint32_t otherwise)
{
	return colour->set && p->dump->tier != TIER_MONO ? colour->rgb : otherwise;
}

static struct ink
ink_of(const struct picture *p, const struct cell *cell)
{
	struct theme_style style =
	    canvas_style(p->dump->theme, p->dump->tier == TIER_MONO ? TIER_MONO : TIER_DIRECT,
			 (enum ground)cell->ground, (enum theme_role)cell->role);
	struct ink ink = {.text = colour_of(p, &style.fg, p->text),
			  .ground = colour_of(p, &style.bg, p->ground),
			  .attributes = style.attributes};

	if (style.attributes & THEME_REVERSE) {
		uint32_t text = ink.text;

		ink.text = ink.ground;
		ink.ground = text;
	}
	ink.painted = ink.ground != p->ground;
	return ink;
}

static bool
same_ink(const struct ink *a, const struct ink *b)
{
	return a->text == b->text && a->ground == b->ground && a->attributes == b->attributes;
}

static const struct cell *
cell_of(const struct picture *p, int row, int col)
{
	return &p->canvas->cells[(size_t)row * (size_t)p->canvas->cols + (size_t)col];
}

/* --- characters that are drawn ---------------------------------------------------------------------- */

static bool
is_braille(char32_t c)
{
	return c >= 0x2800 && c <= 0x28ff;
}

static bool
is_block(char32_t c)
{
	return c >= 0x2581 && c <= 0x2588;
}

static bool
is_drawn(const struct cell *cell)
{
	return is_braille(cell->text[0]) || is_block(cell->text[0]);
}

/* Dots 1 to 8 are the bits of the character: two columns of three, then the lowest row (Unicode 15, 21.1). */
static void
draw_braille(const struct picture *p, double x, double y, char32_t c)
{
	static const struct {
		int col, row;
	} dots[8] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};
	const double step_x = CELL_W / 2, step_y = CELL_H / 4, size = 2.6;

	for (int i = 0; i < 8; i++) {
		if (c & 1U << i)
			fprintf(p->out, "M%.1f %.1fh%.1fv%.1fh-%.1fz",
				x + dots[i].col * step_x + (step_x - size) / 2,
				y + dots[i].row * step_y + (step_y - size) / 2, size, size, size);
	}
}

static void
draw_block(const struct picture *p, double x, double y, char32_t c)
{
	double height = CELL_H * (double)(c - 0x2580) / 8;

	fprintf(p->out, "M%.1f %.1fh%.1fv%.1fh-%.1fz", x, y + CELL_H - height, CELL_W, height, CELL_W);
}

static void
draw_run(const struct picture *p, int row, int from, int to, const struct ink *ink)
{
	fprintf(p->out, "<path fill=\"#%06x\"%s d=\"", ink->text,
		ink->attributes & THEME_DIM ? " fill-opacity=\".65\"" : "");
	for (int col = from; col < to; col++) {
		char32_t c = cell_of(p, row, col)->text[0];
		double x = MARGIN + col * CELL_W, y = MARGIN + row * CELL_H;

		if (is_braille(c))
			draw_braille(p, x, y, c);
		else
			draw_block(p, x, y, c);
	}
	fputs("\"/>\n", p->out);
}

/* --- text ------------------------------------------------------------------------------------------- */

/* XML 1.0 2.2 and 2.4: what can't stand in a document, and what must be written otherwise. */
static void
put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0)
			fputs("\xef\xbf\xbd", out), text += 2;
		else if ((unsigned char)*text < 0x20)
			fputc('?', out);
		else
			fputc(*text, out);
	}
}

static void
text_run(const struct picture *p, int row, int from, int to, const struct ink *ink)
{
	fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" textLength=\"%.1f\" fill=\"#%06x\"%s%s%s%s>",
		MARGIN + from * CELL_W, MARGIN + row * CELL_H + BASELINE, (to - from) * CELL_W, ink->text,
		ink->attributes & THEME_BOLD ? " font-weight=\"bold\"" : "",
		ink->attributes & THEME_DIM ? " fill-opacity=\".65\"" : "",
		ink->attributes & THEME_ITALIC ? " font-style=\"italic\"" : "",
		ink->attributes & THEME_UNDERLINE ? " text-decoration=\"underline\"" : "");
	for (int col = from; col < to; col++) {
		char text[CELL_TEXT];

		put_escaped(p->out, canvas_cell_text(cell_of(p, row, col), text));
	}
	fputs("</text>\n", p->out);
}

static bool
is_blank(const struct cell *cell)
{
	return cell->text[0] == U' ' && cell->text[1] == 0;
}

/* Cells of one look from `col` on, all text or all drawn; text ends at two blanks, so that columns stay. */
static int
run_end(const struct picture *p, int row, int col, const struct ink *ink)
{
	bool drawn = is_drawn(cell_of(p, row, col));
	int end = col + 1;

	for (; end < p->canvas->cols; end++) {
		const struct cell *cell = cell_of(p, row, end);
		struct ink other = ink_of(p, cell);

		if (cell->text[0] == 0) /* belongs to the character before */
			continue;
		if (!same_ink(&other, ink) || is_drawn(cell) != drawn ||
		    (is_blank(cell) && (end + 1 == p->canvas->cols || is_blank(cell_of(p, row, end + 1)))))
			break;
	}
	return end;
}

static void
put_grounds(const struct picture *p, int row)
{
	for (int col = 0, end; col < p->canvas->cols; col = end) {
		struct ink ink = ink_of(p, cell_of(p, row, col));

		for (end = col + 1; end < p->canvas->cols; end++) {
			struct ink other = ink_of(p, cell_of(p, row, end));

			if (other.ground != ink.ground)
				break;
		}
		if (ink.painted)
			fprintf(
			    p->out,
			    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#%06x\"/>\n",
			    MARGIN + col * CELL_W, MARGIN + row * CELL_H, (end - col) * CELL_W, CELL_H,
			    ink.ground);
	}
}

static void
put_row(const struct picture *p, int row)
{
	put_grounds(p, row);
	for (int col = 0, end; col < p->canvas->cols; col = end) {
		const struct cell *cell = cell_of(p, row, col);
		struct ink ink = ink_of(p, cell);

		end = col + 1;
		if (cell->text[0] == 0 || (is_blank(cell) && !(ink.attributes & THEME_UNDERLINE)))
			continue;
		end = run_end(p, row, col, &ink);
		while (end > col + 1 && is_blank(cell_of(p, row, end - 1))) /* some viewers drop it */
			end--;
		if (is_drawn(cell))
			draw_run(p, row, col, end, &ink);
		else
			text_run(p, row, col, end, &ink);
	}
}

void
dump_svg(FILE *out, const struct canvas *canvas, const struct dump *dump)
{
	uint32_t ground = dump->theme->made_for;
	bool dark = theme_contrast(ground, 0xffffff) > theme_contrast(ground, 0x000000);
	struct picture p = {.out = out, .canvas = canvas, .dump = dump, .ground = ground};
	double width = canvas->cols * CELL_W + 2 * MARGIN, height = canvas->rows * CELL_H + 2 * MARGIN;

	p.text = colour_of(&p, &dump->theme->roles[ROLE_text].fg, dark ? LIGHT_INK : DARK_INK);
	fprintf(
	    out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.1f "
	    "%.1f\" "
	    "font-family=\"'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace\" font-size=\"%d\" "
	    "xml:space=\"preserve\">\n",
	    width, height, width, height, FONT_SIZE);
	if (dump->title != NULL) {
		fputs("<title>", out);
		put_escaped(out, dump->title);
		fputs("</title>\n", out);
	}
	fprintf(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>\n", ground);
	for (int row = 0; row < canvas->rows; row++)
		put_row(&p, row);
	fputs("</svg>\n", out);
}
