// SPDX-License-Identifier: GPL-2.0-or-later
/* See rows_out.h. The tables are those of `twinspan show`, so that a saved file reads like its output. */
#include "tui/output/rows_out.h"

#include <string.h>

#include "tui/show_internal.h"

static const struct {
	const char *ending;
	bool json;
} endings[] = {{".txt", false}, {".json", true}, {".jsonl", true}};

const char *
save_ending(size_t i)
{
	return i < COUNT_OF(endings) ? endings[i].ending : NULL;
}

bool
save_is_json(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < COUNT_OF(endings); i++) {
		if (strcmp(dot, endings[i].ending) == 0)
			return endings[i].json;
	}
	return false;
}

static void
put_json(FILE *out, const struct model_store *store, enum model_kind kind, const void *row)
{
	json_t *json = model_row_to_json(model_kind_info(kind)->shape, row, model_store_told(store, kind));

	json_dumpf(json, out, MODEL_JSON_FLAGS);
	fputc('\n', out);
	json_decref(json);
}

void
rows_out_whole(FILE *out, const struct model_store *store, enum model_kind kind, const void *row, bool json)
{
	if (json)
		put_json(out, store, kind, row);
	else
		table_print_whole(out, model_kind_info(kind), row, model_store_told(store, kind));
}

void
rows_out_all(FILE *out, const struct model_store *store, enum model_kind kind, const void *const *rows,
	     size_t count, bool json)
{
	struct show_table table;

	show_table_init(&table, model_kind_info(kind));
	table.out = out;
	table.told = model_store_told(store, kind);
	for (size_t i = 0; i < count && !json; i++)
		show_table_measure(&table, rows[i]);
	if (!json)
		table_print_head(&table);
	for (size_t i = 0; i < count; i++) {
		if (json)
			put_json(out, store, kind, rows[i]);
		else
			table_print_row(&table, rows[i]);
	}
}
