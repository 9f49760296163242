// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the rows that stay on the gateway:
 *
 *   rows_paged.c          what is asked for, and what a table sees
 *   rows_paged_window.c   the rows that are here, and how an answer changes them
 */
#ifndef TWINSPAN_TUI_WIDGETS_ROWS_PAGED_INTERNAL_H
#define TWINSPAN_TUI_WIDGETS_ROWS_PAGED_INTERNAL_H

#include "tui/widgets/rows.h"

#define WINDOW_ROWS 1000
#define KEY_BYTES MODEL_REACHED

enum wish { WISH_FIRST, WISH_LAST, WISH_AFTER, WISH_BEFORE, WISH_AGAIN, WISH_AT };

struct paged;

struct request {
	struct paged *owner; /* NULL: nobody waits any more */
	enum wish wish;
	size_t from; /* WISH_AGAIN: the place in the window; WISH_AT: rows to be passed over */
};

struct paged {
	struct rows rows;
	struct control_client *client;
	void (*arrived)(void *context);
	void *context;
	char *filter; /* NULL for none */
	void **window;
	size_t count, base;   /* rows here; the number of the first of them among all */
	bool begins, ends;    /* the window has the very first row, the very last one */
	bool placed;          /* `base` is true; else the window's place among all is not known */
	char head[KEY_BYTES]; /* to ask before and after; what a search came to, or a row's key */
	char tail[KEY_BYTES];
	bool searching;
	uint64_t total;
	unsigned ticks;
	size_t seen_first, seen_last; /* numbers of the rows that were looked at last */
	struct request *pending;      /* one at a time */
	struct {
		size_t row;    /* that somebody goes to */
		size_t skip;   /* rows to pass over in all, from the first one, or back from the last */
		size_t passed; /* those that were */
		bool back;
	} seek; /* while WISH_AT is pending */
	char trouble[160];
};

/* --- rows_paged_window.c --- */
/** The key of the window's row `i`. Returns `out`, of KEY_BYTES. */
const char *paged_key_at(const struct paged *p, size_t i, char *out);
/** The place in the window of the row of that key, looked for from `from` on; `count` where it is not there.
 */
size_t paged_find_from(const struct paged *p, size_t from, const char *key);
/** Empties the window; nobody waits any more for what was asked for. */
void paged_forget(struct paged *p);
/** Whether rows can be counted back from the total. */
bool paged_counts_back(const struct paged *p);
/** What an answer to each wish does to the window. */
void paged_take_first(struct paged *p, const struct control_page *answer);
void paged_take_last(struct paged *p, const struct control_page *answer);
void paged_take_after(struct paged *p, const struct control_page *answer);
void paged_take_before(struct paged *p, const struct control_page *answer);
/** Rows that were asked for again, from the place `from` of the window on. */
void paged_take_again(struct paged *p, const struct control_page *answer, size_t from);
/** Rows from the midst: the first of them is the number `base` of all. */
void paged_take_at(struct paged *p, const struct control_page *answer, size_t base);

#endif
