// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rows of `show` as they are printed: tables for people, JSON for programs. Of several gateways a table
 * that doesn't go on is printed when all have answered, so that its columns fit all of them; everything else
 * comes as it arrives.
 */
#include "tui/show_job.h"

#include <stdio.h>
#include <string.h>

bool
show_wants(const struct show *show, const void *row)
{
	if (show->name != NULL && show->query == NULL && !name_matches(show->info, row, show->name))
		return false;
	return model_filter_match(show->filter, show->info->shape, row);
}

static void
print_json(const struct show_part *part, const void *row, bool gone)
{
	json_t *json =
	    model_row_to_json(part->show->info->shape, row, part->told); /* no guess at the others */
	json_t *named =
	    part->show->many ? cli_place_json(part->show->cli, part->place, json) : json_incref(json);

	if (gone)
		json_object_set_new(named, "removed", json_true());
	json_dumpf(named, stdout, MODEL_JSON_FLAGS);
	json_decref(named);
	json_decref(json);
}

void
show_print_head(struct show *show)
{
	char label[CLI_LABEL];

	if (show->json || show->headed)
		return;
	show->headed = true;
	if (show->many)
		fputs(cli_place_label(show->cli, "Site", label, sizeof(label)), stdout);
	show->table.out = stdout;
	table_print_head(&show->table);
}

static void
print_table_row(const struct show_part *part, const void *row)
{
	part->show->table.out = part->place->out;
	part->show->table.told = part->told;
	table_print_row(&part->show->table, row);
}

void
show_print_row(struct show_part *part, const void *row)
{
	if (!part->show->json) {
		print_table_row(part, row);
	} else if (part->show->lines) {
		print_json(part, row, false);
		putchar('\n');
	} else {
		printf("%s\n", part->printed == 0 ? "[" : ",");
		print_json(part, row, false);
	}
	part->printed++;
}

void
show_print_end(struct show_part *part)
{
	if (part->show->json && !part->show->lines)
		printf("%s\n", part->printed == 0 ? "[]" : "\n]");
}

void
show_print_change(struct show_part *part, const void *row, bool gone)
{
	const struct show *show = part->show;
	char key[256];

	if (!show_wants(show, row))
		return;
	if (show->info->storage == MODEL_STORED)
		part->told = model_store_told(part->store, show->info->kind);
	if (show->json) {
		print_json(part, row, gone);
		putchar('\n');
	} else if (gone) {
		fprintf(part->place->out, "%s  removed\n", model_row_key(show->info, row, key, sizeof(key)));
	} else {
		print_table_row(part, row);
	}
}

void
show_tell_untold(struct show_part *part)
{
	struct show *show = part->show;
	char names[200];

	if (show->json || part->client == NULL)
		return;
	show->table.told = part->told;
	if (show_untold(&show->table, names, sizeof(names))[0] != '\0')
		cli_place_fail(show->cli, part->place, 0, "the gateway runs %s, which does not tell: %s",
			       control_client_version(part->client), names);
}

/* --- stored kinds and events ------------------------------------------------------------------------- */

static int
none_is_called(const struct show_part *part)
{
	char clean[128];

	return cli_place_fail(part->show->cli, part->place, CONTROL_EXIT_FAILED, "no %s is called '%s'",
			      part->show->info->shape->name,
			      text_clean(clean, sizeof(clean), part->show->name));
}

/* The gateway is one object, and a single row that was named is shown whole. */
static bool
print_single(struct show_part *part, const void *row, size_t count)
{
	const struct show *show = part->show;
	bool only = show->info->kind == MODEL_KIND_GATEWAY && !show->many;

	if (show->watch || (!only && (show->json || show->name == NULL || count != 1)))
		return false;
	if (!show->json) {
		table_print_whole(part->place->out, show->info, row, part->told);
	} else {
		print_json(part, row, false);
		putchar('\n');
	}
	return true;
}

/* Makes the table fit the part's rows. Returns how many there are, and the last. */
static size_t
measure(struct show_part *part, const void **last)
{
	struct show *show = part->show;
	size_t total = model_store_count(part->store, show->info->kind), count = 0;

	part->told = show->table.told = model_store_told(part->store, show->info->kind);
	for (size_t i = 0; i < total; i++) {
		const void *row = model_store_at(part->store, show->info->kind, i);

		if (!show_wants(show, row))
			continue;
		show_table_measure(&show->table, row);
		*last = row;
		count++;
	}
	return count;
}

int
show_print_stored(struct show_part *part)
{
	struct show *show = part->show;
	const void *last = NULL;
	size_t total = model_store_count(part->store, show->info->kind), count = measure(part, &last);

	if (count == 0 && show->name != NULL)
		return none_is_called(part);
	if (count == 0 && show->info->kind == MODEL_KIND_GATEWAY && !show->watch && show->filter == NULL)
		return cli_place_fail(show->cli, part->place, CONTROL_EXIT_FAILED,
				      "the gateway has not said anything of itself yet");
	show_tell_untold(part);
	if (last != NULL && print_single(part, last, count))
		return CONTROL_EXIT_DONE;
	show_print_head(show);
	for (size_t i = 0; i < total; i++) {
		const void *row = model_store_at(part->store, show->info->kind, i);

		if (show_wants(show, row))
			show_print_row(part, row);
	}
	show_print_end(part);
	return CONTROL_EXIT_DONE;
}

void
show_print_together(struct show *show)
{
	const void *last;

	for (size_t i = 0; i < show->part_count; i++) {
		if (show->parts[i].came && !show->parts[i].ended)
			measure(&show->parts[i], &last);
	}
	for (size_t i = 0; i < show->part_count; i++) {
		struct show_part *part = &show->parts[i];

		if (!part->came || part->ended)
			continue;
		part->exit_code = show_print_stored(part);
		part->began = true;
		if (show_goes_on(part))
			show_end(part, part->exit_code);
	}
}
