// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Help. Every row of the command table that can be used from the console stands here exactly once or twice:
 * under its keys (this panel's first), and, where it can be typed, under the commands.
 */
#include "tui/widgets/help.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tui/keys.h"

#define KEYS_WIDTH 18

#define COLUMN 72 /* two of them beside each other need that much each */

struct writing {
	const struct area *area;
	const char *search;
	size_t line, top, page, found;
	const char *heading; /* stands before the next row that is written */
	int left;            /* columns of the first column */
};

/* One entry: as many lines as its right side needs. */
static void
write_line(struct writing *w, enum theme_role left_role, const char *left, const char *right)
{
	char text[256];

	do {
		int row = (int)w->line - (int)w->top;

		text[0] = '\0';
		if (right != NULL)
			text_line(&right, w->area->cols - w->left - 4, text, sizeof(text));
		if (row >= 0 && (size_t)row < w->page) {
			area_field(w->area, row, 1, w->left, false, left_role, left);
			area_text(w->area, row, w->left + 3, ROLE_label, text);
		}
		w->line++;
		left = "";
	} while (right != NULL && *right != '\0' && text[0] != '\0');
}

static void
write_heading(struct writing *w)
{
	int left = w->left;

	if (w->heading == NULL)
		return;
	if (w->line > 0)
		write_line(w, ROLE_text, "", NULL);
	w->left = w->area->cols - 2;
	write_line(w, ROLE_title, w->heading, NULL);
	w->left = left;
	w->heading = NULL;
}

/* A row, if it is searched for; the first one brings its heading. */
static void
write_row(struct writing *w, const struct command *command, const char *left)
{
	if (w->search[0] != '\0' && strcasestr(left, w->search) == NULL &&
	    strcasestr(command->help, w->search) == NULL && strcasestr(command->name, w->search) == NULL)
		return;
	write_heading(w);
	write_line(w, ROLE_key, left, command->help);
	w->found++;
}

const char *
help_keys(const struct command *command, char *out, size_t size)
{
	snprintf(out, size, "%s", keys_text(command) != NULL ? keys_text(command) : "");
	return out;
}

static void
write_keys(struct writing *w, const char *panel, bool everywhere)
{
	size_t count;
	const struct command *table = command_table(&count);
	char keys[64];

	for (size_t i = 0; i < count; i++) {
		if (keys_text(&table[i]) == NULL || (table[i].panels == NULL) != everywhere ||
		    !keys_count_on(&table[i], panel))
			continue;
		write_row(w, &table[i], help_keys(&table[i], keys, sizeof(keys)));
	}
}

static void
write_commands(struct writing *w)
{
	size_t count;
	const struct command *table = command_table(&count);
	char usage[256];

	for (size_t i = 0; i < count; i++) {
		if (!command_in_console(&table[i]))
			continue;
		command_usage(&table[i], usage, sizeof(usage));
		write_row(w, &table[i], usage);
	}
}

static void
write_all_keys(struct writing *w, const struct help *help)
{
	char text[96];

	snprintf(text, sizeof(text), "Keys in %s", help->title);
	w->left = KEYS_WIDTH;
	w->heading = text;
	write_keys(w, help->panel, false);
	w->heading = "Keys everywhere";
	write_keys(w, help->panel, true);
}

static void
write_all_commands(struct writing *w)
{
	w->heading = "Commands, after ':'";
	w->left = w->area->cols > 90 ? 44 : w->area->cols / 2;
	write_commands(w);
}

/* All of it, of which a page of lines from `top` on is drawn; returns the lines that there are. */
static size_t
write_all(const struct help *help, const struct area *inside)
{
	bool wide = inside->cols >= 2 * COLUMN;
	struct area left = area_part(inside, 0, 0, inside->rows, wide ? inside->cols / 2 - 8 : inside->cols);
	struct area right = area_part(inside, 0, left.cols, inside->rows, inside->cols - left.cols);
	struct writing keys = {.area = &left, .search = help->search, .top = help->top, .page = help->page};
	struct writing commands = keys;

	write_all_keys(&keys, help);
	if (!wide) {
		write_all_commands(&keys);
	} else {
		commands.area = &right;
		write_all_commands(&commands);
	}
	if (keys.found + commands.found == 0)
		write_line(&keys, ROLE_dim, "", "nothing here has that; Escape shows all");
	return keys.line > commands.line ? keys.line : commands.line;
}

void
help_draw(struct help *help, const struct area *screen)
{
	int cols = screen->cols > 110 && screen->cols < 2 * COLUMN + 4 ? 106 : screen->cols - 2;
	struct area box = area_part(screen, 0, (screen->cols - cols) / 2, screen->rows, cols), inside;
	char text[96];
	size_t end;

	box.ground = GROUND_DIALOG;
	box.dimmed = false;
	snprintf(text, sizeof(text), help->search[0] != '\0' ? "Help /%.60s" : "Help", help->search);
	area_frame(&box, ROLE_border, text);
	inside = area_part(&box, 1, 1, box.rows - 2, box.cols - 2);
	help->page = (size_t)inside.rows;
	help->lines = write_all(help, &inside);
	if (help->top > 0 && help->top + help->page > help->lines) { /* past the end */
		help->top = help->lines > help->page ? help->lines - help->page : 0;
		area_blank(&inside, 0, 0, inside.rows, inside.cols);
		write_all(help, &inside);
	}
	if (help->lines <= help->page)
		return;
	end = help->top + help->page;
	snprintf(text, sizeof(text), " lines %zu-%zu of %zu ", help->top + 1, end, help->lines);
	area_text(&box, box.rows - 1, box.cols - text_columns(text) - 2, ROLE_dim, text);
}

void
help_go(struct help *help, enum table_motion motion)
{
	size_t positions = help->lines > help->page ? help->lines - help->page + 1 : 1;

	if (motion == TABLE_LAST) /* drawing finds the end; it may not have been drawn yet */
		help->top = SIZE_MAX / 2;
	else
		help->top = table_move(help->top, positions, help->page, motion);
}
