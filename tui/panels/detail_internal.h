// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the detail panel: its fields, its graphs, and what stands below them. */
#ifndef TWINSPAN_TUI_PANELS_DETAIL_INTERNAL_H
#define TWINSPAN_TUI_PANELS_DETAIL_INTERNAL_H

#include "tui/panel.h"

/* --- detail_fields.c --- */

#define FIELDS_MOST 500

/* One line of the fields, and where it stands. */
struct field_line {
	char label[48], value[160];
	enum theme_role role; /* ROLE_heading: the label is a heading */
	int column, row;
};

struct fields {
	struct field_line *lines; /* FIELDS_MOST */
	size_t count;
	int columns, width; /* of a column */
	size_t height;      /* rows of the longest column */
};

/** Writes every field of a row of the scene into lines, in as many columns as fit, for an area of that width;
 * without what trouble_says() where that was said already. */
void fields_make(struct fields *fields, const struct scene *scene, enum model_kind kind, const void *row,
		 int cols, bool said);
/** Draws the rows from `top` on. */
void fields_draw(const struct fields *fields, const struct area *area, size_t top);

/* --- detail_trouble.c --- */

/** Draws under the panel's first line what is wrong with the row; an event's text stands there too. Returns
 * the rows that it takes. `whole`: the fields of trouble_says() stand there, to their ends. */
int trouble_draw(enum model_kind kind, const void *row, const struct area *area, bool *whole);
/** Whether a nested object's field is one of those. */
bool trouble_says(const struct model_shape *shape, const struct model_field *field);

/* --- detail_charts.c --- */

/** Rows that the charts of a kind take of a panel of that size; 0: there are none, or no room. */
int charts_rows(enum model_kind kind, const struct area *panel);
/** Draws them side by side. */
void charts_draw(const struct scene *scene, enum model_kind kind, const void *row, const struct area *area);

/* --- detail_below.c --- */

/*
 * What stands under a row's fields: events of an object, what happened around an event, all paths to a
 * prefix, the days of a month.
 */
struct below;

/** `row` is borrowed for the call. NULL for kinds that have nothing there. */
struct below *below_new(struct scene *scene, enum model_kind kind, const char *key, const void *row);
void below_free(struct below *below);
void below_draw(struct below *below, const struct area *area);
bool below_command(struct below *below, const char *command);
void below_tick(struct below *below);
/** True where it has more to show than a few lines, the more important part of the row. */
bool below_is_large(const struct below *below);

/* --- detail_days.c --- */

/* A month's days, asked of the gateway. */
struct days;

struct days *days_new(struct scene *scene, const struct model_usage *month);
void days_free(struct days *days);
void days_ask(struct days *days);
/** Writes them into a page of text, the last first, for an area of that width. */
void days_write(const struct days *days, struct panel *page, int cols);

#endif
