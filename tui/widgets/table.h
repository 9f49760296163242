// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table of rows: columns that come and go with the room there is, a selection that stays on its row
 * whatever is sorted, filtered or changed around it, scrolling, and an order by any column.
 */
#ifndef TWINSPAN_TUI_WIDGETS_TABLE_H
#define TWINSPAN_TUI_WIDGETS_TABLE_H

#include "core/model/model.h"
#include "tui/canvas.h"
#include "tui/widgets/marks.h"
#include "tui/widgets/rows.h"

/* What a cell says. `text` is cleared before a column's function is called. */
struct table_cell {
	char text[256];
	enum theme_role role;
};

struct table_context {
	const struct model_store *store;
	usec_t now;    /* wall clock */
	uint64_t told; /* fields that the rows' gateway tells (model_store_told); 0: all */
};

struct table_column {
	const char
	    *field; /* path in the model: for sorting, and for the text where `cell` is NULL; may be NULL */
	const char *title;
	int width; /* columns it takes at least */
	int roomy; /* up to which others give way, the highest ranks first; 0: `width` */
	int most;  /* up to which it grows where there is room; 0: it doesn't */
	int rank;  /* 0 always there; the higher, the sooner it gives way */
	bool right;
	bool ends; /* "…/2" counts: where it is cut, that stays */
	bool fit;  /* as wide as the longest text of its field among all rows, up to `most` */
	void (*cell)(const struct table_context *context, const void *row, struct table_cell *out);
};

#define TABLE_COLUMNS 64

/**
 * A copy of the columns in which those that `fit` have the width that the rows of a store need. `out` has
 * room for TABLE_COLUMNS + 1. Returns `out`.
 */
const struct table_column *table_measure(const struct table_column *columns, struct table_column *out,
					 const struct model_store *store, enum model_kind kind);

/* Which columns fit into a width, and how wide they become. Shared with panels that draw rows of their own.
 */
struct table_layout {
	size_t count;
	struct {
		const struct table_column *column;
		int left, width;
	} slots[TABLE_COLUMNS];
};
/** `columns` ends with a title of NULL. `gap` blanks stand between two columns. */
void table_fit(const struct table_column *columns, int width, int gap, struct table_layout *out);
/** Draws the cells of one row; `data` is of `shape`. */
void table_draw_row(const struct area *area, int row, const struct table_layout *layout,
		    const struct table_context *context, const struct model_shape *shape, const void *data);

enum table_motion { TABLE_DOWN, TABLE_UP, TABLE_PAGE_DOWN, TABLE_PAGE_UP, TABLE_FIRST, TABLE_LAST };
/** The motion that a console command names ("row-down"); false where it names none. */
bool table_motion_of(const char *command, enum table_motion *out);
/** Where a motion leads, from `selected` of `count` rows, with `page` rows on screen. */
size_t table_move(size_t selected, size_t count, size_t page, enum table_motion motion);

struct table {
	const struct table_column *columns;  /* that are shown */
	const struct table_column *standard; /* the panel's own choice */
	struct table_column *chosen;         /* a person's; NULL: the panel's */
	struct text_list names;              /* what `chosen` refers to */
	struct rows *rows;                   /* owned */
	size_t selected, top, page;
	char key[256];   /* of the selected row; "" where none is */
	char shown[256]; /* of the one that was drawn as that; "": a person has chosen since */
	size_t sought;   /* going to that row, from 1, which is not here yet; 0: no */
	char said[160];  /* what came of that, where there is no such row; who shows the table takes it */
	bool to_the_end; /* going to a last row that is not known yet, page by page */
	bool follow;     /* the selection on the first row stays on the first row */
	char sorted[64]; /* path of the field; "": the natural order */
	bool descending;
	struct marks marks;
	struct table_column measured[TABLE_COLUMNS + 1]; /* as of version `measured_at` of the store */
	uint64_t measured_at;
};

/** Takes `rows`. */
void table_open(struct table *table, const struct table_column *columns, struct rows *rows, bool follow);
void table_close(struct table *table);
/** Titles, then rows. `empty` is said where there is none. */
void table_draw(struct table *table, const struct area *area, const struct table_context *context,
		const char *empty);
void table_go(struct table *table, enum table_motion motion);
/**
 * To the row of that number, from 1: at once, or when it has come. False with `err` where there is none, as
 * far as that is known already; else `said` says it later.
 */
bool table_go_to(struct table *table, uint64_t number, struct error *err);
/** Whether there is a row `number`, from 1, of `count`; false with `err`, in words for a person. */
bool table_has_number(uint64_t number, uint64_t count, struct error *err);
/**
 * The row that a person sees selected. NULL where nothing is, or where that row has gone since it was drawn:
 * the one in its place is not meant.
 */
const void *table_selected(struct table *table);
/** A person has chosen otherwise than by moving, as by a filter: what was drawn doesn't count, nor a row that
 * they were on their way to. */
void table_chosen(struct table *table);
/** Selects the row of that key. False where it is not among the rows. */
bool table_select(struct table *table, const char *key);
/**
 * Shows these fields, in this order; an empty list (or NULL): the panel's own choice. False with `err` for a
 * name that is no field of the kind; then nothing has changed.
 */
bool table_choose(struct table *table, const struct text_list *fields, struct error *err);
/** The fields that are shown, in their order; appended to `out`. */
void table_fields(const struct table *table, struct text_list *out);
/** Every field that could be; those that are nested as "last_error.text". Appended to `out`. */
void table_all_fields(const struct table *table, struct text_list *out);
/** What stands over a field's column. Returns `out`. */
const char *table_title(const struct table *table, const char *field, char *out, size_t size);
/** Orders by the next column that is shown; past the last one, in the natural order again. */
bool table_sort_next(struct table *table, struct error *err);
/** Orders by a field (a title is as good), "" for the natural order. False with `err` where that can't be. */
bool table_sort(struct table *table, const char *field, bool descending, struct error *err);
/** Marks the selected row, or no longer, and goes on to the next one. */
void table_mark(struct table *table);
/** Marks all rows that are shown; where all of them are marked already, none. */
void table_mark_all(struct table *table);

#endif
