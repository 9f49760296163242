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

#include "tui/cli_internal.h"
#include "tui/show_internal.h"

#define PAGE 500
#define ALL_EVENTS 10000

struct show {
	const struct cli *cli;
	const struct model_kind_info *info;
	const char *name; /* may be NULL */
	bool json, watch;
	struct model_filter *filter;
	char *query; /* filter of a large kind, with NAME in it */

	struct control_client *client;
	struct model_watch watcher;
	struct table table;
	size_t printed;
	bool began; /* the rows as they are have been printed, or for large kinds: are being printed */
	bool ended;
	int exit_code;
};

static void
end(struct show *show, int exit_code)
{
	if (show->ended)
		return;
	show->ended = true;
	show->exit_code = exit_code;
	control_client_close(show->client);
}

/* Stops where nobody reads our output any more. True where it goes on. */
static bool
still_read(struct show *show)
{
	if (cli_flush())
		return true;
	end(show, errno == EPIPE ? CONTROL_EXIT_DONE : CONTROL_EXIT_FAILED);
	return false;
}

/* --- rows -------------------------------------------------------------------------------------------- */

static bool
wanted(const struct show *show, const void *row)
{
	if (show->name != NULL && show->query == NULL && !name_matches(show->info, row, show->name))
		return false;
	return model_filter_match(show->filter, show->info->shape, row);
}

static void
print_json(const struct show *show, const void *row, bool gone)
{
	json_t *json = model_row_to_json(show->info->shape, row, UINT64_MAX);

	if (gone)
		json_object_set_new(json, "removed", json_true());
	json_dumpf(json, stdout, MODEL_JSON_FLAGS);
	json_decref(json);
}

/* A row of the list as it is; `first` and more rows come between head and tail. */
static void
print_row(struct show *show, const void *row)
{
	if (!show->json) {
		table_print_row(&show->table, row);
	} else if (show->watch) {
		print_json(show, row, false);
		putchar('\n');
	} else {
		printf("%s\n", show->printed == 0 ? "[" : ",");
		print_json(show, row, false);
	}
	show->printed++;
}

static void
print_end(struct show *show)
{
	if (show->json && !show->watch)
		printf("%s\n", show->printed == 0 ? "[]" : "\n]");
}

/* A change, while watching. */
static void
print_change(struct show *show, const void *row, bool gone)
{
	char key[256];

	if (!wanted(show, row))
		return;
	if (show->json) {
		print_json(show, row, gone);
		putchar('\n');
	} else if (gone) {
		printf("%s  removed\n", model_row_key(show->info, row, key, sizeof(key)));
	} else {
		table_print_row(&show->table, row);
	}
}

/* --- stored kinds and events ------------------------------------------------------------------------- */

static int
none_is_called(const struct show *show)
{
	char clean[128];

	return cli_fail(CONTROL_EXIT_FAILED, "no %s is called '%s'", show->info->shape->name,
			text_clean(clean, sizeof(clean), show->name));
}

/* The gateway is one object, and a single row that was named is shown whole. */
static bool
print_single(struct show *show, const void *row, size_t count)
{
	bool only = show->info->kind == MODEL_KIND_GATEWAY;

	if (show->watch || (!only && (show->json || show->name == NULL || count != 1)))
		return false;
	if (!show->json) {
		table_print_whole(stdout, show->info, row);
	} else {
		print_json(show, row, false);
		putchar('\n');
	}
	return true;
}

/* Prints the rows of the copy. Returns the exit code. */
static int
print_stored(struct show *show)
{
	const struct model_store *store = control_client_store(show->client);
	size_t total = model_store_count(store, show->info->kind), count = 0;
	const void *last = NULL;

	for (size_t i = 0; i < total; i++) {
		const void *row = model_store_at(store, show->info->kind, i);

		if (!wanted(show, row))
			continue;
		show_table_measure(&show->table, row);
		last = row;
		count++;
	}
	if (count == 0 && show->name != NULL)
		return none_is_called(show);
	if (count == 0 && show->info->kind == MODEL_KIND_GATEWAY && !show->watch && show->filter == NULL)
		return cli_fail(CONTROL_EXIT_FAILED, "the gateway has not said anything of itself yet");
	if (last != NULL && print_single(show, last, count))
		return CONTROL_EXIT_DONE;
	if (!show->json)
		table_print_head(&show->table);
	for (size_t i = 0; i < total; i++) {
		const void *row = model_store_at(store, show->info->kind, i);

		if (wanted(show, row))
			print_row(show, row);
	}
	print_end(show);
	return CONTROL_EXIT_DONE;
}

static void
on_changed(void *context, enum model_kind kind, const void *row, uint64_t fields)
{
	struct show *show = context;

	if (show->began && !show->ended && kind == show->info->kind) {
		print_change(show, row, false);
		still_read(show);
	}
}

static void
on_removed(void *context, enum model_kind kind, const void *row)
{
	struct show *show = context;

	if (show->began && !show->ended && kind == show->info->kind) {
		print_change(show, row, true);
		still_read(show);
	}
}

/* --- large kinds ------------------------------------------------------------------------------------- */

static void on_page(void *context, const struct control_page *page);

static void
ask_page(struct show *show, const char *after)
{
	control_client_query(show->client, show->info->kind, show->query, after, PAGE, on_page, show);
}

static void
begin_pages(struct show *show, const struct control_page *page)
{
	if (show->began)
		return;
	show->began = true;
	for (size_t i = 0; i < page->count; i++)
		show_table_measure(&show->table, page->rows[i]);
	if (!show->json && (show->name == NULL || show->watch || page->count != 0))
		table_print_head(&show->table);
}

static void
on_page(void *context, const struct control_page *page)
{
	struct show *show = context;
	char key[512];

	if (show->ended)
		return;
	if (!page->ok) {
		bool gone = control_client_state(show->client) == CONTROL_STALE;

		end(show, cli_fail(gone ? CONTROL_EXIT_NO_GATEWAY : CONTROL_EXIT_FAILED, "%s", page->text));
		return;
	}
	begin_pages(show, page);
	for (size_t i = 0; i < page->count; i++)
		print_row(show, page->rows[i]);
	if (!page->complete && page->count != 0) {
		if (still_read(show))
			ask_page(show,
				 model_row_key(show->info, page->rows[page->count - 1], key, sizeof(key)));
		return;
	}
	/* For people nothing is a riddle, for scripts it is an empty array. */
	if (show->name != NULL && show->printed == 0 && !show->watch && !show->json) {
		end(show, cli_fail(CONTROL_EXIT_FAILED, "there is nothing of '%s' in %s", show->name,
				   show->info->plural));
		return;
	}
	print_end(show);
	if (still_read(show) && !show->watch)
		end(show, CONTROL_EXIT_DONE);
}

static void
on_paged(void *context, enum model_kind kind, const void *row, bool gone)
{
	struct show *show = context;

	if (show->ended)
		return;
	if (!show->began)
		begin_pages(show, &(struct control_page){.kind = kind});
	print_change(show, row, gone);
	still_read(show);
}

static void
on_missed(void *context, uint64_t count)
{
	struct show *show = context;

	if (show->json)
		printf("{\"missed\":%llu}\n", (unsigned long long)count);
	else
		fprintf(stderr, "twinspan: %llu changes came too fast and are not shown\n",
			(unsigned long long)count);
}

/* --- the connection ---------------------------------------------------------------------------------- */

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct show *show = context;
	int code;

	if (show->ended)
		return;
	if (state == CONTROL_STALE) {
		end(show, cli_fail(CONTROL_EXIT_NO_GATEWAY, "%s", why != NULL ? why : "the gateway is gone"));
	} else if (state == CONTROL_LIVE && show->info->storage == MODEL_PAGED) {
		ask_page(show, NULL);
	} else if (state == CONTROL_LIVE && !show->began) {
		code = print_stored(show);
		show->began = true;
		if (code != CONTROL_EXIT_DONE || !show->watch)
			end(show, code);
		else
			still_read(show);
	}
}

static int
follow(struct show *show)
{
	uint64_t bit = UINT64_C(1) << show->info->kind;
	bool paged = show->info->storage == MODEL_PAGED;
	struct control_client_options options = {
	    .kinds = paged ? 0 : bit,
	    .paged_kinds = paged && show->watch ? bit : 0,
	    .events = ALL_EVENTS,
	    .callbacks = {.context = show, .state = on_state, .missed = on_missed}};
	struct error err = {""};
	uv_loop_t loop;

	cli_client_options(show->cli, &options);
	uv_loop_init(&loop);
	show->client = control_client_open(&loop, &options, &err);
	if (show->client == NULL) {
		uv_loop_close(&loop);
		return cli_fail(CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
	}
	show->watcher = (struct model_watch){.changed = on_changed,
					     .removed = on_removed,
					     .paged = on_paged,
					     .paged_kinds = options.paged_kinds,
					     .context = show};
	model_store_watch(control_client_store(show->client), &show->watcher);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return show->exit_code;
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
			    .watch = json_is_true(json_object_get(arguments, "watch")),
			    .exit_code = CONTROL_EXIT_FAILED};
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
	show_table_init(&show.table, show.info);
	code = follow(&show);
	model_filter_free(show.filter);
	free(show.query);
	free(filter);
	return code;
}
