// SPDX-License-Identifier: GPL-2.0-or-later
/* Drafts; see draft.h. */
#include "tui/widgets/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

void
draft_begin(struct draft *draft, int cols)
{
	draft->cols = cols;
	draft->lines = 0;
	draft->piece_count = draft->text_used = 0;
}

void
draft_free(struct draft *draft)
{
	free(draft->gaps);
	free(draft->pieces);
	free(draft->text);
	*draft = (struct draft){0};
}

static void
add_line(struct draft *draft, bool gap)
{
	if ((size_t)draft->lines >= draft->gap_size) {
		draft->gap_size = draft->gap_size * 2 + 64;
		draft->gaps = memory_resize(draft->gaps, draft->gap_size * sizeof(*draft->gaps));
	}
	draft->gaps[draft->lines++] = gap;
}

void
draft_line(struct draft *draft)
{
	add_line(draft, false);
}

void
draft_gap(struct draft *draft)
{
	add_line(draft, true);
}

int
draft_put(struct draft *draft, int col, int width, enum theme_role role, const char *text)
{
	size_t size = strlen(text) + 1;
	int columns = text_columns(text);

	if (draft->lines == 0)
		add_line(draft, false);
	if (draft->piece_count == draft->piece_size) {
		draft->piece_size = draft->piece_size * 2 + 128;
		draft->pieces = memory_resize(draft->pieces, draft->piece_size * sizeof(*draft->pieces));
	}
	if (draft->text_used + size > draft->text_size) {
		draft->text_size = draft->text_size * 2 + size + 4096;
		draft->text = memory_resize(draft->text, draft->text_size);
	}
	if (width <= 0 || width > draft->cols - col)
		width = draft->cols - col;
	memcpy(draft->text + draft->text_used, text, size);
	draft->pieces[draft->piece_count++] =
	    (struct draft_piece){draft->text_used, draft->lines - 1, col, width, role};
	draft->text_used += size;
	return col + (columns < width ? columns : width);
}

int
draft_print(struct draft *draft, int col, enum theme_role role, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return draft_put(draft, col, 0, role, text);
}

void
draft_wrap(struct draft *draft, int col, bool join, enum theme_role role, const char *text)
{
	char line[512];
	int cols = draft->cols - col;

	while (cols > 0 && text_line(&text, cols, line, sizeof(line))) {
		if (!join)
			draft_line(draft);
		join = false;
		draft_put(draft, col, 0, role, line);
	}
}

int
draft_least(const struct draft *draft)
{
	int lines = draft->lines;

	for (int i = 0; i < draft->lines; i++)
		lines -= draft->gaps[i];
	return lines;
}

void
draft_draw(const struct draft *draft, const struct area *area, int top, bool gaps)
{
	size_t piece = 0;

	for (int line = 0, row = -top; line < draft->lines && row < area->rows; line++) {
		if (draft->gaps[line] && !gaps)
			continue;
		while (piece < draft->piece_count && draft->pieces[piece].line < line)
			piece++;
		for (; piece < draft->piece_count && draft->pieces[piece].line == line; piece++) {
			const struct draft_piece *p = &draft->pieces[piece];
			const char *text = draft->text + p->text;
			int columns = text_columns(text);

			if (row >= 0 && p->width > 0)
				area_field(area, row, p->col, columns < p->width ? columns : p->width, false,
					   p->role, text);
		}
		row++;
	}
}
