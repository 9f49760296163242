// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of `show` share: tables for people (show_table.c), which rows a NAME means (show_name.c). */
#ifndef TWINSPAN_TUI_SHOW_INTERNAL_H
#define TWINSPAN_TUI_SHOW_INTERNAL_H

#include <stdio.h>

#include <jansson.h>

#include "core/model/model.h"

#define SHOW_COLUMNS 12

/* A table whose columns' widths are known before its rows are printed. */
struct show_table {
	const struct model_kind_info *info;
	const struct model_field *fields[SHOW_COLUMNS];
	int widths[SHOW_COLUMNS];
	size_t count;
	uint64_t told; /* fields that the rows' gateway tells; a cell of another one is "-" */
	FILE *out;     /* stdout, unless somebody says otherwise */
};

/* Characters, not bytes. */
int show_width(const char *text);
/* A field as it stands in a table, with its unit; "-" where it is unset. Returns `out`. */
const char *show_field_text(const struct model_kind_info *info, const struct model_field *field,
			    const void *row, char *out, size_t size);
/* The columns of a kind, as wide as their titles. */
void show_table_init(struct show_table *table, const struct model_kind_info *info);
/* Widens columns so that this row fits. */
void show_table_measure(struct show_table *table, const void *row);
/* The titles of columns that an older gateway does not tell (`told`), with commas; "" for none. Returns
 * `out`. */
const char *show_untold(const struct show_table *table, char *out, size_t size);
void table_print_head(const struct show_table *table);
void table_print_row(const struct show_table *table, const void *row);
/* All fields of one row that are set, and of those only what is in `told`, one a line. */
void table_print_whole(FILE *out, const struct model_kind_info *info, const void *row, uint64_t told);

/* Is this one of the rows that NAME means? By key, and by what a row belongs to: its connection, tunnel,
 * peer. */
bool name_matches(const struct model_kind_info *info, const void *row, const char *name);
/*
 * The filter for a query of a large kind that finds the rows of NAME (may be NULL) among those of `filter`
 * (may be NULL). Returns new, or NULL with `err`.
 */
char *name_filter(const struct model_kind_info *info, const char *name, const char *filter,
		  struct error *err);
/*
 * What the options of `show` ask for as one filter: --filter, --month and --by. The last one may ask for
 * another kind, of the same in smaller parts: `*info` is that one then. Returns new, or NULL with `err`.
 */
char *show_filter(const struct model_kind_info **info, const json_t *arguments, struct error *err);

#endif
