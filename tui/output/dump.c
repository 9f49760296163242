// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text and ANSI; see dump.h. Each row is written by itself: colours are set where they change and taken back
 * before the newline, so that a row can be cut out, searched and shown alone. The numbers are ECMA-48's
 * (8.3.117, SGR) and, for 256 and 24-bit colours, ISO 8613-6's as terminals read them.
 */
#include "tui/output/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

static const struct {
	const char *ending;
	enum dump_format format;
} endings[] = {{".txt", DUMP_TEXT}, {".ans", DUMP_ANSI}, {".ansi", DUMP_ANSI}, {".svg", DUMP_SVG}};

const char *
dump_ending(size_t i)
{
	return i < COUNT_OF(endings) ? endings[i].ending : NULL;
}

bool
dump_format_of(const char *path, enum dump_format *out, struct error *err)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < COUNT_OF(endings); i++) {
		if (strcasecmp(dot, endings[i].ending) == 0) {
			*out = endings[i].format;
			return true;
		}
	}
	return error_set(err, "the file's ending says how it is written: .txt, .ans or .svg");
}

/* --- colours --------------------------------------------------------------------------------------- */

/* The SGR parameters of one colour; `base` is 30 for the text, 40 for the ground. */
static void
put_colour(FILE *out, const struct theme_colour *colour, int base, enum theme_tier tier)
{
	int number = colour->ansi >= 0 ? colour->ansi : theme_nearest_16(colour->rgb);

	if (!colour->set)
		return;
	if (tier == TIER_DIRECT && colour->exact)
		fprintf(out, ";%d;2;%u;%u;%u", base + 8, colour->rgb >> 16 & 0xff, colour->rgb >> 8 & 0xff,
			colour->rgb & 0xff);
	else if (tier >= TIER_256 && colour->exact)
		fprintf(out, ";%d;5;%d", base + 8, theme_nearest_256(colour->rgb));
	else if (number < 8 || tier == TIER_8)
		fprintf(out, ";%d", base + number % 8);
	else
		fprintf(out, ";%d", base + 60 + number - 8);
}

static void
put_style(FILE *out, const struct theme_style *style, enum theme_tier tier)
{
	static const struct {
		unsigned bit;
		int number;
	} attributes[] = {
	    {THEME_BOLD, 1}, {THEME_DIM, 2}, {THEME_ITALIC, 3}, {THEME_UNDERLINE, 4}, {THEME_REVERSE, 7}};

	fputs("\033[0", out);
	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		if (style->attributes & attributes[i].bit)
			fprintf(out, ";%d", attributes[i].number);
	}
	if (tier != TIER_MONO) {
		put_colour(out, &style->fg, 30, tier);
		put_colour(out, &style->bg, 40, tier);
	}
	fputc('m', out);
}

static bool
same_colour(const struct theme_colour *a, const struct theme_colour *b)
{
	return a->set == b->set &&
	       (!a->set || (a->exact == b->exact && a->rgb == b->rgb && a->ansi == b->ansi));
}

static bool
same_style(const struct theme_style *a, const struct theme_style *b)
{
	return a->attributes == b->attributes && same_colour(&a->fg, &b->fg) && same_colour(&a->bg, &b->bg);
}

/* --- rows ------------------------------------------------------------------------------------------ */

/* A blank of this look leaves no trace on paper. */
static bool
leaves_no_trace(const struct cell *cell, const struct theme_style *style)
{
	return cell->text[0] == U' ' && cell->text[1] == 0 && !style->bg.set &&
	       !(style->attributes & (THEME_REVERSE | THEME_UNDERLINE));
}

/* Columns up to the last one that shows. */
static int
shown_columns(const struct canvas *canvas, int row, const struct dump *dump)
{
	const struct cell *cells = &canvas->cells[(size_t)row * (size_t)canvas->cols];
	int end = canvas->cols;

	while (end > 0) {
		const struct cell *cell = &cells[end - 1];
		struct theme_style style = {0};

		if (dump->format == DUMP_ANSI)
			style = canvas_style(dump->theme, dump->tier, (enum ground)cell->ground,
					     (enum theme_role)cell->role);
		if (!leaves_no_trace(cell, &style))
			break;
		end--;
	}
	return end;
}

void
dump_row(FILE *out, const struct canvas *canvas, int row, const struct dump *dump)
{
	const struct cell *cells = &canvas->cells[(size_t)row * (size_t)canvas->cols];
	struct theme_style before = {0}, plain = {0};
	int end = shown_columns(canvas, row, dump);

	for (int col = 0; col < end; col++) {
		const struct cell *cell = &cells[col];
		struct theme_style style;
		char text[CELL_TEXT];

		if (cell->text[0] == 0)
			continue; /* the right half of a wide character */
		if (dump->format == DUMP_ANSI) {
			style = canvas_style(dump->theme, dump->tier, (enum ground)cell->ground,
					     (enum theme_role)cell->role);
			if (!same_style(&style, &before))
				put_style(out, &style, dump->tier);
			before = style;
		}
		fputs(canvas_cell_text(cell, text), out);
	}
	if (!same_style(&before, &plain))
		fputs("\033[0m", out);
	fputc('\n', out);
}

void
dump_write(FILE *out, const struct canvas *canvas, const struct dump *dump)
{
	if (dump->format == DUMP_SVG) {
		dump_svg(out, canvas, dump);
		return;
	}
	for (int row = 0; row < canvas->rows; row++)
		dump_row(out, canvas, row, dump);
}

/* --- files ----------------------------------------------------------------------------------------- */

bool
dump_new_file(const char *path, void (*write)(FILE *out, void *context), void *context, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	FILE *file;
	int trouble;

	if (fd < 0)
		return errno == EEXIST ? error_set(err, "%s exists already, and is left as it is", path)
				       : error_set(err, "cannot write %s: %s", path, strerror(errno));
	file = fdopen(fd, "w");
	if (file == NULL) {
		close(fd);
		unlink(path);
		return error_set(err, "cannot write %s: %s", path, strerror(errno));
	}
	errno = 0;
	write(file, context);
	trouble = fflush(file) != 0 || ferror(file) ? errno : 0;
	if (fclose(file) != 0 && trouble == 0)
		trouble = errno;
	if (trouble == 0)
		return true;
	unlink(path);
	return error_set(err, "cannot write %s: %s", path, strerror(trouble));
}
