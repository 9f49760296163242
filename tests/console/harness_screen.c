// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands on the screen: libvterm's cells as text and colours, and waiting for them. */
#include "tests/console/harness_internal.h"
#include "tui/theme.h"

static size_t
put_utf8(uint32_t c, char *out)
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
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

void
screen_row(struct world *world, int row, char *out, size_t size)
{
	size_t used = 0, end = 0;

	for (int col = 0; col < world->cols && used + 8 < size; col++) {
		VTermScreenCell cell;

		vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
		used += put_utf8(cell.chars[0] != 0 && cell.chars[0] != (uint32_t)-1 ? cell.chars[0] : ' ',
				 out + used);
		end = out[used - 1] != ' ' ? used : end;
	}
	out[end] = '\0';
}

static bool
row_has(struct world *world, const char *a, const char *b)
{
	char text[4096];

	for (int row = 0; row < world->rows; row++) {
		screen_row(world, row, text, sizeof(text));
		if (strstr(text, a) != NULL && (b == NULL || strstr(text, b) != NULL))
			return true;
	}
	return false;
}

bool
screen_has(struct world *world, const char *text)
{
	screen_settle(world);
	return row_has(world, text, NULL);
}

void
screen_print(struct world *world)
{
	char text[4096];

	for (int row = 0; row < world->rows; row++) {
		screen_row(world, row, text, sizeof(text));
		fprintf(stderr, "# |%s\n", text);
	}
}

bool
screen_is_coloured(struct world *world)
{
	for (int row = 0; row < world->rows; row++) {
		for (int col = 0; col < world->cols; col++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
			if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
				return true;
		}
	}
	return false;
}

/* 0xrrggbb; -1 for the terminal's own. */
static int
colour_value(struct world *world, VTermColor *colour, bool own)
{
	if (own)
		return -1;
	vterm_screen_convert_color_to_rgb(world->screen, colour);
	return colour->rgb.red << 16 | colour->rgb.green << 8 | colour->rgb.blue;
}

uint32_t
screen_character(struct world *world, int row, int col)
{
	VTermScreenCell cell;

	vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
	return cell.chars[0] != 0 && cell.chars[0] != (uint32_t)-1 ? cell.chars[0] : ' ';
}

/* Frames, bars and graphs are none. */
static bool
is_text(uint32_t c)
{
	return c != ' ' && (c < 0x2500 || c > 0x259f) && (c < 0x2800 || c > 0x28ff);
}

double
screen_lowest_contrast(struct world *world)
{
	double lowest = 21;

	for (int row = 0; row < world->rows; row++) {
		for (int col = 0; col < world->cols; col++) {
			VTermScreenCell cell;
			double contrast;

			vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
			if (!is_text(screen_character(world, row, col)) ||
			    VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
				continue;
			contrast = theme_contrast((uint32_t)colour_value(world, &cell.fg, false),
						  (uint32_t)colour_value(world, &cell.bg, false));
			lowest = contrast < lowest ? contrast : lowest;
		}
	}
	return lowest;
}

bool
screen_margin_is_blank(struct world *world)
{
	for (int row = 0; row < world->rows + world->margin; row++) {
		for (int col = row < world->rows ? world->cols : 0; col < world->cols + world->margin;
		     col++) {
			VTermScreenCell cell;

			vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, &cell);
			if (cell.chars[0] != 0 && cell.chars[0] != ' ')
				return false;
		}
	}
	return true;
}

static void
wait_for(struct world *world, const char *a, const char *b, bool there)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (row_has(world, a, b) != there && clock_monotonic() < end && !world->ended)
		world_turn(world);
	if (row_has(world, a, b) == there)
		return;
	screen_print(world);
	fail_msg("'%s'%s%s %s the screen", a, b != NULL ? " with " : "", b != NULL ? b : "",
		 there ? "did not come to" : "did not leave");
}

void
screen_wait(struct world *world, const char *text)
{
	wait_for(world, text, NULL, true);
}

void
screen_wait_gone(struct world *world, const char *text)
{
	wait_for(world, text, NULL, false);
}

void
screen_wait_row(struct world *world, const char *a, const char *b)
{
	wait_for(world, a, b, true);
}

bool
screen_find(struct world *world, const char *text, int *row, int *col)
{
	char line[4096];

	for (*row = 0; *row < world->rows; (*row)++) {
		const char *at;

		screen_row(world, *row, line, sizeof(line));
		at = strstr(line, text);
		if (at == NULL)
			continue;
		*col = 0;
		for (const char *p = line; p < at; p++)
			*col += ((unsigned char)*p & 0xc0) != 0x80;
		return true;
	}
	return false;
}

bool
screen_is_ascii(struct world *world)
{
	char line[4096];

	screen_settle(world);
	for (int row = 0; row < world->rows; row++) {
		screen_row(world, row, line, sizeof(line));
		for (const char *p = line; *p != '\0'; p++) {
			if ((unsigned char)*p >= 0x80)
				return false;
		}
	}
	return true;
}

static bool
find_cell(struct world *world, const char *text, VTermScreenCell *out)
{
	int row, col;

	if (!screen_find(world, text, &row, &col)) {
		screen_print(world);
		fail_msg("'%s' is not on the screen", text);
	}
	vterm_screen_get_cell(world->screen, (VTermPos){.row = row, .col = col}, out);
	return true;
}

int
screen_colour(struct world *world, const char *text)
{
	VTermScreenCell cell;

	screen_settle(world);
	find_cell(world, text, &cell);
	return colour_value(world, &cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
}

int
screen_background(struct world *world, const char *text)
{
	VTermScreenCell cell;

	screen_settle(world);
	find_cell(world, text, &cell);
	return colour_value(world, &cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg));
}

void
screen_wait_colour(struct world *world, const char *text, int other)
{
	usec_t end = clock_monotonic() + PATIENCE;

	screen_wait(world, text);
	while (screen_colour(world, text) == other && clock_monotonic() < end)
		world_turn(world);
	assert_int_not_equal(screen_colour(world, text), other);
}

bool
screen_reversed(struct world *world, const char *text)
{
	VTermScreenCell cell;

	screen_settle(world);
	find_cell(world, text, &cell);
	return cell.attrs.reverse;
}
