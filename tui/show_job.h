// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A `show` under way: what is wanted, and a part of it for each gateway that is asked. show.c connects them
 * on one loop, show_rows.c prints what they have, show_sites.c is a part whose rows are made here.
 */
#ifndef TWINSPAN_TUI_SHOW_JOB_H
#define TWINSPAN_TUI_SHOW_JOB_H

#include "tui/cli_internal.h"
#include "tui/show_internal.h"

struct show_part;

struct show {
	const struct cli *cli;
	const struct model_kind_info *info;
	const char *name; /* may be NULL */
	bool json, watch;
	bool many;  /* several gateways: each line has its site's name */
	bool lines; /* JSON: an object a line instead of an array */
	struct model_filter *filter;
	char *query; /* filter of a large kind, with NAME in it */

	uv_loop_t loop;
	struct show_table table;
	bool headed; /* its head is printed, which is done once */
	struct show_part *parts;
	size_t part_count;
};

/* What one gateway has of it. */
struct show_part {
	struct show *show;
	const struct cli_place *place;
	struct control_client *client;   /* NULL for the sites themselves */
	const struct model_store *store; /* where the rows of a small kind are */
	void (*close)(struct show_part *part);
	void *source; /* of close() */
	struct model_watch watcher;
	uint64_t told; /* the fields that its gateway tells, as far as is known */
	size_t printed;
	bool began; /* the rows as they are have been printed, or for large kinds: are being printed */
	bool came;  /* its rows are there, all of them */
	bool ended;
	int exit_code;
};

/* The part is over. */
void show_end(struct show_part *part, int exit_code);
/* What was printed goes out. False where nobody reads it any more: then all parts are over. */
bool show_goes_on(struct show_part *part);

/* Is the row one of those that are wanted? */
bool show_wants(const struct show *show, const void *row);
/* The columns' titles, once. */
void show_print_head(struct show *show);
/* A row of the list as it is; and what stands behind the last one. */
void show_print_row(struct show_part *part, const void *row);
void show_print_end(struct show_part *part);
/* A change, while watching. */
void show_print_change(struct show_part *part, const void *row, bool gone);
/* Prints the rows of the part's store. Returns the exit code. */
int show_print_stored(struct show_part *part);
/* Says on stderr what the table can't show, as an older gateway does not tell it. */
void show_tell_untold(struct show_part *part);
/* Prints those of all parts that came as one table. */
void show_print_together(struct show *show);
/* The part's rows are there: prints them, or waits with them for the others. */
void show_part_came(struct show_part *part);
/* Watches the part's store for changes. */
void show_part_watch(struct show_part *part, struct model_store *store, uint64_t paged_kinds);

#endif
