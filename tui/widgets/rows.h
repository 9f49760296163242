// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows for a table, wherever they are: STORED and LOG kinds stand in the console's copy of the model and are
 * filtered and sorted here; PAGED kinds (a million routes) stay on the gateway, and only the pages that are
 * looked at come over. A table sees both through one vtable.
 */
#ifndef TWINSPAN_TUI_WIDGETS_ROWS_H
#define TWINSPAN_TUI_WIDGETS_ROWS_H

#include "core/control/client.h"
#include "core/model/model.h"

struct rows;

struct rows_ops {
	void (*close)(struct rows *rows);
	/** Makes the rows true as of now; called before drawing. */
	void (*refresh)(struct rows *rows);
	size_t (*count)(const struct rows *rows);
	/** NULL: not here (yet). Borrowed until the next refresh. */
	const void *(*at)(struct rows *rows, size_t i);
	/** The number of the row of that key; SIZE_MAX where it is not here. */
	size_t (*find)(struct rows *rows, const char *key);
	/** Somebody goes to the last row. */
	void (*end)(struct rows *rows);
	/**
	 * Somebody goes to a row by its number, from 0, or (ROWS_NOWHERE) does so no more: `sought` says, at
	 * once or later, what came of it. NULL: all rows are here.
	 */
	void (*seek)(struct rows *rows, size_t row);
	/** `filter` is checked already; "" for none. */
	void (*filter)(struct rows *rows, const char *text, struct model_filter *filter);
	/** These rows are on screen. */
	void (*looked_at)(struct rows *rows, size_t first, size_t count);
	/** `field` (of model_field_path) is copied; NULL: the natural order. */
	void (*sort)(struct rows *rows, const struct model_field *field, bool descending);
	/** Rows in all on the gateway, before the filter; MODEL_UINT_UNSET where nobody knows. */
	uint64_t (*total)(const struct rows *rows);
	/** False: there may be more rows than count(), not known yet. */
	bool (*complete)(const struct rows *rows);
	/** Whether a row's number counts from the first row of all. */
	bool (*placed)(const struct rows *rows);
	/** The key that a search under way has come to; NULL: nothing is searched for. */
	const char *(*searching)(const struct rows *rows);
	/** Why nothing is there: an error's text, or NULL. */
	const char *(*trouble)(const struct rows *rows);
	/** A second has passed while the rows are on screen. */
	void (*tick)(struct rows *rows);
	bool sorts;
};

#define ROWS_NOWHERE SIZE_MAX

/* What came of going to a row by its number. */
enum rows_sought {
	ROWS_SOUGHT_NOTHING, /* nothing yet, or nobody asked */
	ROWS_SOUGHT_FOUND,   /* it is here now: `sought_at` */
	ROWS_SOUGHT_BEYOND,  /* there are only `sought_at` rows */
	ROWS_SOUGHT_FAILED   /* `sought_why` */
};

struct rows {
	const struct rows_ops *ops;
	enum model_kind kind;
	ptrdiff_t
	    moved; /* by so much all numbers have changed; who keeps numbers takes it and sets it to 0 */
	enum rows_sought sought; /* who asked takes it and sets it to ROWS_SOUGHT_NOTHING */
	size_t sought_at;
	const char *sought_why; /* borrowed until the next refresh */
};

/** Of a STORED or LOG kind. `newest_first` turns the natural order around. */
struct rows *rows_stored(const struct model_store *store, enum model_kind kind, bool newest_first);

/* What a panel adds to the rows of a store: a condition of its own, and rows from elsewhere behind them. */
struct rows_more {
	uint64_t version; /* rises with each change of what is said here */
	bool (*pass)(void *context, const void *row);
	const void *const *rows;
	size_t count;
	bool complete;                 /* there are no more; else `wanted` is called near the last one */
	void (*wanted)(void *context); /* never from within refresh */
	void *context;
};
/** `more` is borrowed as long as the rows live. */
void rows_stored_more(struct rows *rows, const struct rows_more *more);
/** Of a PAGED kind. `arrived` is called when a page came. */
struct rows *rows_paged(struct control_client *client, enum model_kind kind, void (*arrived)(void *context),
			void *context);

#endif
