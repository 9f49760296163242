// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every site is asked at once for a page of rows, whatever it is that the console has a copy of: the copies
 * of sites that one is not at are kept in brief, and large kinds are not copied at all. The page is written
 * anew with each answer, since the columns fit the rows of all.
 *
 * Answers may come after the page was closed: it is kept until the last one is here.
 */
#include "tui/sites/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/panels/text.h"
#include "tui/show_internal.h"
#include "tui/sites/fleet.h"

#define MOST_ROWS 500 /* of a site */

enum part_state { PART_WAITS, PART_CAME, PART_FAILED };

/* What one site has of it. */
struct part {
	struct joined *joined;
	const char *site; /* the list's */
	enum part_state state;
	char version[32]; /* of its gateway */
	char why[256];    /* where it failed */
	void **rows;      /* owned */
	size_t count;
	uint64_t told; /* fields that its gateway tells */
	bool more;     /* than MOST_ROWS */
};

struct joined {
	struct app *app;
	struct panel *page; /* NULL: closed */
	const struct model_kind_info *info;
	char *name; /* NULL: all */
	struct text_list sites;
	struct part *parts;
	size_t asked; /* that have not answered yet */
};

static void
joined_free(struct joined *joined)
{
	for (size_t i = 0; i < joined->sites.count; i++) {
		for (size_t k = 0; k < joined->parts[i].count; k++)
			model_row_free(joined->info->kind, joined->parts[i].rows[k]);
		free(joined->parts[i].rows);
	}
	free(joined->parts);
	free(joined->name);
	text_list_free(&joined->sites);
	free(joined);
}

/* --- the page ---------------------------------------------------------------------------------- */

static int
widest_name(const struct joined *joined)
{
	int widest = show_width("Site");

	for (size_t i = 0; i < joined->sites.count; i++) {
		int width = show_width(joined->sites.items[i]);

		widest = width > widest ? width : widest;
	}
	return widest;
}

/* A line of the table behind the site's name; `row` NULL: the titles. */
static void
add_row(const struct joined *joined, struct show_table *table, const char *site, int width, const void *row)
{
	char *text = NULL;
	size_t size;

	table->out = open_memstream(&text, &size);
	if (table->out == NULL)
		return;
	fprintf(table->out, "%s%*s", site, width - show_width(site) + 2, "");
	if (row == NULL)
		table_print_head(table);
	else
		table_print_row(table, row);
	fclose(table->out);
	text_panel_add(joined->page, row == NULL ? ROLE_title : ROLE_text, text);
	free(text);
}

static void
add_remark(const struct joined *joined, const struct part *part, int width, enum theme_role role,
	   const char *text)
{
	text_panel_print(joined->page, role, "%s%*s%s", part->site, width - show_width(part->site) + 2, "",
			 text);
}

static void
add_part(const struct joined *joined, const struct part *part, struct show_table *table, int width)
{
	char text[300], names[200];

	if (part->state == PART_WAITS)
		add_remark(joined, part, width, ROLE_dim, "…");
	if (part->state == PART_FAILED)
		add_remark(joined, part, width, ROLE_bad, part->why);
	if (part->state != PART_CAME)
		return;
	table->told = part->told;
	for (size_t i = 0; i < part->count; i++)
		add_row(joined, table, part->site, width, part->rows[i]);
	if (part->count == 0)
		add_remark(joined, part, width, ROLE_dim, "none");
	if (part->more) {
		snprintf(text, sizeof(text), "and more than these %d: '--filter' says it more closely",
			 MOST_ROWS);
		add_remark(joined, part, width, ROLE_warning, text);
	}
	if (show_untold(table, names, sizeof(names))[0] != '\0') {
		snprintf(text, sizeof(text), "its gateway runs %s, which does not tell: %s", part->version,
			 names);
		add_remark(joined, part, width, ROLE_warning, text);
	}
}

static void
write_page(const struct joined *joined)
{
	int width = widest_name(joined);
	size_t rows = 0, came = 0;
	struct show_table table;

	show_table_init(&table, joined->info);
	for (size_t i = 0; i < joined->sites.count; i++) {
		const struct part *part = &joined->parts[i];

		table.told = part->told;
		for (size_t k = 0; k < part->count; k++)
			show_table_measure(&table, part->rows[k]);
		rows += part->count;
		came += part->state == PART_CAME;
	}
	text_panel_clear(joined->page);
	add_row(joined, &table, "Site", width, NULL);
	for (size_t i = 0; i < joined->sites.count; i++)
		add_part(joined, &joined->parts[i], &table, width);
	text_panel_note(joined->page, came < joined->sites.count ? ROLE_warning : ROLE_dim,
			"%zu of %zu answered, %zu %s", came, joined->sites.count, rows,
			rows == 1 ? joined->info->shape->name : joined->info->plural);
}

/* --- asking ------------------------------------------------------------------------------------ */

static void
on_close(void *context)
{
	struct joined *joined = context;

	joined->page = NULL;
	if (joined->asked == 0)
		joined_free(joined);
}

static const struct text_source source = {.close = on_close};

/* Stored rows are told apart here: what NAME may mean of them is more than a filter can say. */
static bool
is_wanted(const struct joined *joined, const void *row)
{
	return joined->name == NULL || joined->info->storage == MODEL_PAGED ||
	       name_matches(joined->info, row, joined->name);
}

static void
take_page(struct part *part, const struct control_page *page)
{
	const struct joined *joined = part->joined;

	part->state = PART_CAME;
	part->told = page->told;
	part->more = !page->complete;
	part->rows = memory_zeroed(page->count + 1, sizeof(*part->rows));
	for (size_t i = 0; i < page->count; i++) {
		void *copy;

		if (!is_wanted(joined, page->rows[i]))
			continue;
		copy = part->rows[part->count++] = model_row_new(joined->info->kind);
		model_row_copy(joined->info->shape, copy, page->rows[i]);
	}
}

static void
on_page(void *context, const struct control_page *page)
{
	struct part *part = context;
	struct joined *joined = part->joined;

	joined->asked--;
	if (joined->page == NULL) {
		if (joined->asked == 0)
			joined_free(joined);
		return;
	}
	if (page->ok) {
		take_page(part, page);
	} else {
		part->state = PART_FAILED;
		text_clean(part->why, sizeof(part->why), page->text);
	}
	write_page(joined);
	app_changed(joined->app);
}

static void
ask(struct part *part, const char *filter)
{
	struct joined *joined = part->joined;
	struct fleet *fleet = joined->app->fleet;
	size_t site = fleet_of_row(fleet, part->site);
	struct control_client *client =
	    site < fleet_count(fleet) && fleet_at(fleet, site)->state == CONTROL_LIVE
		? fleet_at(fleet, site)->scene.client
		: NULL;
	/* of a log the newest, not the oldest */
	const struct control_page_request request = {.kind = joined->info->kind,
						     .filter = filter[0] != '\0' ? filter : NULL,
						     .before = joined->info->storage == MODEL_LOG,
						     .limit = MOST_ROWS};

	if (client == NULL) {
		part->state = PART_FAILED;
		snprintf(part->why, sizeof(part->why), "the site is not reached");
		return;
	}
	if (control_client_version(client) != NULL)
		snprintf(part->version, sizeof(part->version), "%s", control_client_version(client));
	joined->asked++;
	control_client_page(client, &request, on_page, part);
}

/* The filter that each gateway gets: new, or NULL with `err`. */
static char *
filter_for(const struct model_kind_info **info, const char *name, const json_t *arguments, struct error *err)
{
	char *filter = show_filter(info, arguments, err), *whole;
	struct model_filter *parsed;

	if (filter == NULL || (*info)->storage != MODEL_PAGED)
		whole = filter;
	else {
		whole = name_filter(*info, name, filter, err);
		free(filter);
	}
	if (whole == NULL)
		return NULL;
	parsed = model_filter_parse(whole, err);
	if (parsed == NULL)
		FREE_AND_NULL(whole);
	model_filter_free(parsed);
	return whole;
}

static void
open_page(struct app *app, struct joined *joined)
{
	char title[160];

	snprintf(title, sizeof(title), "show %s%s%.60s → %zu site%s", joined->info->plural,
		 joined->name != NULL ? " " : "", joined->name != NULL ? joined->name : "",
		 joined->sites.count, PLURAL(joined->sites.count, "s"));
	joined->page = text_panel(&app->scene, title, MODEL_KIND_SITE, NULL);
	text_panel_source(joined->page, &source, joined);
	write_page(joined);
	navigation_leave(app);
	app_push_panel(app, joined->page);
}

void
show_on_sites(struct app *app, const json_t *arguments, const struct text_list *sites)
{
	const char *kind = json_string_value(json_object_get(arguments, "kind"));
	const char *name = json_string_value(json_object_get(arguments, "name"));
	const struct model_kind_info *info = kind != NULL ? model_kind_find(kind) : NULL;
	struct error err = {""};
	struct joined *joined;
	char *filter;

	if (info == NULL) {
		app_say(app, ROLE_bad, "there is no kind '%s'", kind != NULL ? kind : "");
		return;
	}
	filter = filter_for(&info, name, arguments, &err);
	if (filter == NULL) {
		app_say(app, ROLE_bad, "%s", err.text);
		return;
	}
	joined = memory_zeroed(1, sizeof(*joined));
	joined->app = app;
	joined->info = info;
	joined->name = name != NULL ? text_copy(name) : NULL;
	text_list_copy(&joined->sites, sites);
	joined->parts = memory_zeroed(sites->count, sizeof(*joined->parts));
	for (size_t i = 0; i < sites->count; i++) {
		joined->parts[i] =
		    (struct part){.joined = joined, .site = joined->sites.items[i], .told = UINT64_MAX};
		ask(&joined->parts[i], filter);
	}
	free(filter);
	open_page(app, joined);
}
