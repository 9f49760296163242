// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines to read and buttons under them: errors, a diff, what the gateway would do. It is as large as it needs
 * to be, and scrolls where the screen is smaller. The first button has the focus, which is the harmless one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/configuration/configuration_internal.h"

#define WIDEST 110
#define LINES_MOST 20000

void
review_free(struct review *review)
{
	for (size_t i = 0; i < review->count; i++)
		free(review->lines[i].text);
	free(review->lines);
	*review = (struct review){0};
}

void
review_begin(struct review *review, const char *title, const char *first, const char *second,
	     const char *third)
{
	review_free(review);
	snprintf(review->title, sizeof(review->title), "%s", title);
	review->buttons[0] = first;
	review->buttons[1] = second;
	review->buttons[2] = third;
}

static void
add_line(struct review *review, enum theme_role role, const char *text, size_t length)
{
	char raw[1024], clean[1024];

	if (review->count == LINES_MOST)
		return;
	snprintf(raw, sizeof(raw), "%.*s", (int)(length < sizeof(raw) ? length : sizeof(raw) - 1), text);
	for (char *p = raw; *p != '\0'; p++)
		*p = *p == '\t' ? ' ' : *p;
	if (review->count == review->room) {
		review->room = review->room != 0 ? review->room * 2 : 64;
		review->lines = memory_resize(review->lines, review->room * sizeof(*review->lines));
	}
	review->lines[review->count++] =
	    (struct review_line){.text = text_copy(text_clean(clean, sizeof(clean), raw)), .role = role};
}

void
review_add(struct review *review, enum theme_role role, const char *text)
{
	do {
		size_t length = strcspn(text, "\n");

		add_line(review, role, text, length);
		text += length;
		text += *text == '\n';
	} while (*text != '\0');
}

void
review_print(struct review *review, enum theme_role role, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	review_add(review, role, text);
}

/* A line of a diff; in one that has changed, what can't be seen is written as `cat -A` does. */
static void
add_diff_line(struct review *review, enum theme_role role, const struct diff_line *line)
{
	char text[1024];
	size_t used = (size_t)snprintf(text, sizeof(text), "%5u %c ", line->number, line->mark);

	for (size_t i = 0; i < line->length && used + 3 < sizeof(text); i++) {
		char c = line->text[i];

		if (c != '\t' && c != '\r') {
			text[used++] = c;
		} else if (line->mark != ' ') {
			text[used++] = '^';
			text[used++] = c == '\t' ? 'I' : 'M';
		} else if (c == '\t') {
			text[used++] = ' ';
		}
	}
	add_line(review, role, text, used);
}

void
review_add_diff(struct review *review, const struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_line *line = &diff->lines[i];
		enum theme_role role = line->mark == '+'   ? ROLE_good
				       : line->mark == '-' ? ROLE_bad
							   : ROLE_dim;

		if (line->mark == '@')
			review_add(review, ROLE_border, "      ···");
		else
			add_diff_line(review, role, line);
		if (line->mark != '@' && review->count > 0)
			review->lines[review->count - 1].hang = 10 + (int)strspn(line->text, " ");
	}
}

/* --- drawing ------------------------------------------------------------------------------------- */

/* One line as often broken as it needs; draws what is in view. */
static size_t
draw_line(const struct review *review, const struct area *area, const struct review_line *line, size_t at)
{
	int lead = (int)strspn(line->text, " "), hang = line->hang > lead ? line->hang : lead;
	const char *rest = line->text + lead;
	char text[1024];
	size_t drawn = 0;

	lead = lead > area->cols / 2 ? area->cols / 2 : lead;
	hang = hang > area->cols / 2 ? area->cols / 2 : hang;
	do {
		size_t row = at + drawn;
		int col = drawn == 0 ? lead : hang;

		text[0] = '\0';
		text_line(&rest, area->cols - col, text, sizeof(text));
		if (row >= review->top && row - review->top < review->page)
			area_text(area, (int)(row - review->top), col, line->role, text);
		drawn++;
	} while (*rest != '\0');
	return drawn;
}

static size_t
draw_lines(const struct review *review, const struct area *area)
{
	size_t at = 0;

	for (size_t i = 0; i < review->count; i++)
		at += draw_line(review, area, &review->lines[i], at);
	return at;
}

static size_t
button_count(const struct review *review)
{
	size_t count = 0;

	while (count < REVIEW_BUTTONS && review->buttons[count] != NULL)
		count++;
	return count;
}

static void
draw_buttons(const struct review *review, const struct area *line)
{
	int col = line->cols;

	for (size_t i = button_count(review); i-- > 0;) {
		bool focus = review->focus == (int)i;

		col -= text_columns(review->buttons[i]) + 4;
		area_print(line, 0, col, focus ? ROLE_focus : ROLE_button, focus ? "[ %s ]" : "  %s  ",
			   review->buttons[i]);
		col -= 1;
	}
	if (review->height > review->page)
		area_print(line, 0, 0, ROLE_dim, "%zu-%zu of %zu", review->top + 1,
			   review->top + review->page < review->height ? review->top + review->page
								       : review->height,
			   review->height);
}

void
review_draw(struct review *review, const struct area *area)
{
	int cols = area->cols - 2 < WIDEST ? area->cols - 2 : WIDEST, rows, foot;
	struct area box, body, line;
	size_t most;

	body = area_part(area, 0, 0, area->rows, cols - 4);
	review->page = 0; /* only counted */
	review->height = draw_lines(review, &body);
	foot = review->foot[0] != '\0' ? 2 : 1;
	rows = (int)(review->height < 10000 ? review->height : 10000) + foot + 3;
	rows = rows > area->rows ? area->rows : rows;
	box = area_part(area, (area->rows - rows) / 2, (area->cols - cols) / 2, rows, cols);
	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	area_frame(&box, ROLE_border, review->title);
	body = area_part(&box, 1, 2, rows - foot - 3, cols - 4);
	review->page = body.rows > 0 ? (size_t)body.rows : 0;
	most = review->height > review->page ? review->height - review->page : 0;
	review->top = review->top > most ? most : review->top;
	draw_lines(review, &body);
	line = area_part(&box, rows - 3, 2, 1, cols - 4);
	if (foot == 2)
		area_field(&line, 0, 0, line.cols, false, review->foot_role, review->foot);
	line = area_part(&box, rows - 2, 2, 1, cols - 4);
	draw_buttons(review, &line);
}

static void
scroll(struct review *review, key_code key)
{
	size_t page = review->page > 1 ? review->page - 1 : 1, top = review->top;

	switch (key) {
	case KEYS_DOWN:
	case 'j':
		top++;
		break;
	case KEYS_UP:
	case 'k':
		top -= top > 0;
		break;
	case KEYS_PAGE_DOWN:
	case ' ':
		top += page;
		break;
	case KEYS_PAGE_UP:
		top = top > page ? top - page : 0;
		break;
	case KEYS_HOME:
	case 'g':
		top = 0;
		break;
	case KEYS_END:
	case 'G':
		top = review->height;
		break;
	default:
		break;
	}
	review->top = top;
}

int
review_key(struct review *review, key_code key)
{
	int count = (int)button_count(review);

	switch (key) {
	case KEYS_ESCAPE:
	case KEYS_CONTROL + 'c':
	case 'q':
		return -2;
	case KEYS_ENTER:
		return review->focus;
	case KEYS_TAB:
	case KEYS_RIGHT:
	case 'l':
		review->focus = (review->focus + 1) % count;
		return -1;
	case KEYS_BACK_TAB:
	case KEYS_LEFT:
	case 'h':
		review->focus = (review->focus + count - 1) % count;
		return -1;
	default:
		scroll(review, key);
		return -1;
	}
}
