// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of the model on their way out of the console: into a file or the clipboard, as text or as JSON. */
#ifndef TWINSPAN_TUI_OUTPUT_ROWS_OUT_H
#define TWINSPAN_TUI_OUTPUT_ROWS_OUT_H

#include <stdio.h>

#include "core/model/model.h"

/** The endings of files that rows are saved in: ".txt", ".json", ".jsonl". NULL past the last. */
const char *save_ending(size_t i);
/** Whether that file is to hold JSON. */
bool save_is_json(const char *path);

/** One row in full: a field a line, or one line of JSON. */
void rows_out_whole(FILE *out, const struct model_store *store, enum model_kind kind, const void *row,
		    bool json);
/** Rows of a STORED or LOG kind: a table with its titles, or a line of JSON for each. */
void rows_out_all(FILE *out, const struct model_store *store, enum model_kind kind, const void *const *rows,
		  size_t count, bool json);

#endif
