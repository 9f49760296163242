// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `twinspan show`: objects of a kind, for people or as JSON, once or as they change. Stored kinds and events
 * come as the client's copy of the model; large kinds page by page, printed as they arrive, so that a million
 * routes need no memory here. A reader that leaves (`| head`) ends it without a word.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/show_job.h"

#define PAGE 500
#define ALL_EVENTS 10000

/* A table for people, of what doesn't go on, from several gateways: it waits for all of them. */
static bool
waits_for_all(const struct show *show)
{
	return show->many && !show->json && !show->watch && show->info->storage != MODEL_PAGED;
}

static void
print_when_all_came(struct show *show)
{
	for (size_t i = 0; i < show->part_count; i++) {
		if (!show->parts[i].came && !show->parts[i].ended)
			return;
	}
	show_print_together(show);
}

void
show_end(struct show_part *part, int exit_code)
{
	if (part->ended)
		return;
	part->ended = true;
	part->exit_code = exit_code;
	part->close(part);
	if (!part->came && waits_for_all(part->show))
		print_when_all_came(part->show);
}

bool
show_goes_on(struct show_part *part)
{
	struct show *show = part->show;
	int code;

	if (cli_place_flush(part->place))
		return true;
	code = errno == EPIPE ? CONTROL_EXIT_DONE : CONTROL_EXIT_FAILED;
	for (size_t i = 0; i < show->part_count; i++) {
		show->parts[i].came = true; /* there is nobody to print it for */
		show_end(&show->parts[i], code);
	}
	return false;
}

void
show_part_came(struct show_part *part)
{
	int code;

	part->came = true;
	if (waits_for_all(part->show)) {
		print_when_all_came(part->show);
		return;
	}
	code = show_print_stored(part);
	part->began = true;
	if (show_goes_on(part) && (code != CONTROL_EXIT_DONE || !part->show->watch))
		show_end(part, code);
}

/* --- changes ------------------------------------------------------------------------------------------ */

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct show_part *part = context;

	if (part->began && !part->ended && kind == part->show->info->kind) {
		show_print_change(part, row, false);
		show_goes_on(part);
	}
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	struct show_part *part = context;

	if (part->began && !part->ended && kind == part->show->info->kind) {
		show_print_change(part, row, true);
		show_goes_on(part);
	}
}

/* --- large kinds ------------------------------------------------------------------------------------- */

static void on_page(void *context, const struct control_page *page);

static void
ask_page(struct show_part *part, const char *after)
{
	control_client_query(part->client, part->show->info->kind, part->show->query, after, PAGE, on_page,
			     part);
}

static void
begin_pages(struct show_part *part, const struct control_page *page)
{
	struct show *show = part->show;

	if (part->began)
		return;
	part->began = true;
	for (size_t i = 0; !show->headed && i < page->count; i++)
		show_table_measure(&show->table, page->rows[i]);
	if (show->name == NULL || show->watch || page->count != 0)
		show_print_head(show);
}

static void
print_pages_end(struct show_part *part)
{
	const struct show *show = part->show;

	/* For people nothing is a riddle, for scripts it is an empty array. */
	if (show->name != NULL && part->printed == 0 && !show->watch && !show->json) {
		show_end(part,
			 cli_place_fail(show->cli, part->place, CONTROL_EXIT_FAILED,
					"there is nothing of '%s' in %s", show->name, show->info->plural));
		return;
	}
	show_print_end(part);
	show_tell_untold(part);
	if (show_goes_on(part) && !show->watch)
		show_end(part, CONTROL_EXIT_DONE);
}

static void
on_page(void *context, const struct control_page *page)
{
	struct show_part *part = context;
	char key[512];

	if (part->ended)
		return;
	if (!page->ok) {
		bool gone = control_client_state(part->client) == CONTROL_STALE;

		show_end(part, cli_place_fail(part->show->cli, part->place,
					      gone ? CONTROL_EXIT_NO_GATEWAY : CONTROL_EXIT_FAILED, "%s",
					      page->text));
		return;
	}
	if (!part->began)
		part->told = part->show->table.told = page->told;
	else
		part->told |= page->count != 0 ? page->told : 0;
	begin_pages(part, page);
	for (size_t i = 0; i < page->count; i++)
		show_print_row(part, page->rows[i]);
	if (page->complete || page->count == 0)
		print_pages_end(part);
	else if (show_goes_on(part))
		ask_page(part,
			 model_row_key(part->show->info, page->rows[page->count - 1], key, sizeof(key)));
}

static void
on_paged(void *context, enum model_kind kind, const void *row, bool gone)
{
	struct show_part *part = context;

	if (part->ended)
		return;
	if (!part->began)
		begin_pages(part, &(struct control_page){.kind = kind});
	show_print_change(part, row, gone);
	show_goes_on(part);
}

static void
on_missed(void *context, uint64_t count)
{
	const struct show_part *part = context;
	json_t *missed = json_pack("{s:I}", "missed", (json_int_t)count), *named;

	if (part->show->json) {
		named = cli_place_json(part->show->cli, part->place, missed);
		json_dumpf(named, stdout, MODEL_JSON_FLAGS);
		putchar('\n');
		json_decref(named);
	} else {
		cli_place_fail(part->show->cli, part->place, 0,
			       "%llu change%s came too fast and %s not shown", (unsigned long long)count,
			       PLURAL(count, "s"), count == 1 ? "is" : "are");
	}
	json_decref(missed);
}

/* --- the connections --------------------------------------------------------------------------------- */

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct show_part *part = context;

	if (part->ended || (part->came && waits_for_all(part->show)))
		return; /* what it had is here */
	if (state == CONTROL_STALE)
		show_end(part, cli_place_fail(part->show->cli, part->place, CONTROL_EXIT_NO_GATEWAY, "%s",
					      why != NULL ? why : "the gateway is gone"));
	else if (state == CONTROL_LIVE && part->show->info->storage == MODEL_PAGED)
		ask_page(part, NULL);
	else if (state == CONTROL_LIVE && !part->came)
		show_part_came(part);
}

static void
close_client(struct show_part *part)
{
	control_client_close(part->client);
}

void
show_part_watch(struct show_part *part, struct model_store *store, uint64_t paged_kinds)
{
	part->store = store;
	part->watcher = (struct model_watch){.changed = on_changed,
					     .removed = on_removed,
					     .paged = on_paged,
					     .paged_kinds = paged_kinds,
					     .context = part};
	model_store_watch(store, &part->watcher);
}

static void
open_part(struct show_part *part)
{
	const struct show *show = part->show;
	uint64_t bit = UINT64_C(1) << show->info->kind;
	bool paged = show->info->storage == MODEL_PAGED;
	struct control_client_options options = {
	    .kinds = paged ? 0 : bit,
	    .paged_kinds = paged && show->watch ? bit : 0,
	    .events = ALL_EVENTS,
	    .callbacks = {.context = part, .state = on_state, .missed = on_missed}};
	struct error err = {""};

	cli_client_options(show->cli, part->place, &options);
	part->close = close_client;
	part->client = control_client_open(&part->show->loop, &options, &err);
	if (part->client == NULL)
		show_end(part,
			 cli_place_fail(show->cli, part->place, CONTROL_EXIT_NO_GATEWAY, "%s", err.text));
	else
		show_part_watch(part, control_client_store(part->client), options.paged_kinds);
}

static bool
waits_for(const void *context, size_t place)
{
	const struct show_part *part = &((const struct show *)context)->parts[place];

	return !part->came && !part->began && !part->ended &&
	       (cli_place_many(part->show->cli) || control_client_role(part->client) != NULL);
}

/* All gateways at once. Returns the worst exit code. */
static int
show_everywhere(struct show *show)
{
	struct cli_patience patience = {
	    .cli = show->cli, .waits = waits_for, .context = show, .most_s = CONTROL_ANSWER_S};
	int code = CONTROL_EXIT_DONE;

	show->part_count = show->cli->place_count;
	show->parts = memory_zeroed(show->part_count, sizeof(*show->parts));
	uv_loop_init(&show->loop);
	for (size_t i = 0; i < show->part_count; i++) {
		show->parts[i].show = show;
		show->parts[i].place = &show->cli->places[i];
		show->parts[i].exit_code = CONTROL_EXIT_FAILED;
		show->parts[i].told = UINT64_MAX;
	}
	for (size_t i = 0; i < show->part_count; i++)
		open_part(&show->parts[i]);
	cli_patience_start(&patience, &show->loop);
	uv_run(&show->loop, UV_RUN_DEFAULT);
	cli_patience_stop(&patience);
	uv_run(&show->loop, UV_RUN_DEFAULT);
	uv_loop_close(&show->loop);
	for (size_t i = 0; i < show->part_count; i++)
		code = show->parts[i].exit_code > code ? show->parts[i].exit_code : code;
	free(show->parts);
	return code;
}

static const struct model_kind_info *
find_kind(const char *word)
{
	const struct model_kind_info *info = model_kind_find(word);
	const char *names[MODEL_KIND_COUNT + 1] = {NULL}, *near;
	char clean[64];

	if (info != NULL)
		return info;
	for (int kind = 0; kind < MODEL_KIND_COUNT; kind++)
		names[kind] = model_kind_info((enum model_kind)kind)->plural;
	near = text_nearest(word, names);
	text_clean(clean, sizeof(clean), word);
	if (near != NULL)
		cli_fail(CONTROL_EXIT_USAGE, "there are no '%s' to show (did you mean '%s'?)", clean, near);
	else
		cli_fail(CONTROL_EXIT_USAGE,
			 "there are no '%s' to show; `twinspan help show` lists what there is", clean);
	return NULL;
}

int
show_run(const struct cli *cli, const json_t *arguments)
{
	struct show show = {.cli = cli,
			    .name = json_string_value(json_object_get(arguments, "name")),
			    .json = json_is_true(json_object_get(arguments, "json")),
			    .watch = json_is_true(json_object_get(arguments, "watch"))};
	struct error err = {""};
	char *filter;
	int code;

	show.info = find_kind(json_string_value(json_object_get(arguments, "kind")));
	if (show.info == NULL)
		return CONTROL_EXIT_USAGE;
	filter = show_filter(&show.info, arguments, &err);
	if (filter == NULL)
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	if (show.info->storage == MODEL_PAGED)
		show.query = name_filter(show.info, show.name, filter, &err);
	if ((show.info->storage == MODEL_PAGED && show.query == NULL) ||
	    (show.filter = model_filter_parse(show.query != NULL ? show.query : filter, &err)) == NULL) {
		free(show.query);
		free(filter);
		return cli_fail(CONTROL_EXIT_USAGE, "%s", err.text);
	}
	show.many = cli_place_many(cli) && show.info->kind != MODEL_KIND_SITE;
	show.lines = show.watch || show.many;
	show_table_init(&show.table, show.info);
	code = show.info->kind == MODEL_KIND_SITE ? show_sites(&show) : show_everywhere(&show);
	model_filter_free(show.filter);
	free(show.query);
	free(filter);
	return code;
}
