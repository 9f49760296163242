// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sites: this gateway with its figures, and those that console.yaml names, which this console has no
 * connection to. Only what is known is said of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/attention.h"
#include "tui/panels/panels.h"
#include "tui/settings.h"
#include "tui/widgets/table.h"

struct site {
	char name[64];
	bool here, live, production;
	const struct model_gateway *gateway; /* of this one; NULL: not known yet */
	size_t alarms;
};

struct sites {
	struct panel panel;
	size_t selected, top, page;
	struct attention attention;
	bool stale; /* as it was last drawn */
};

/* --- cells
 * ---------------------------------------------------------------------------------------------------- */

static void
cell_name(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	out->role = site->here ? ROLE_title : ROLE_text;
	snprintf(out->text, sizeof(out->text), "%s", site->name);
}

static void
cell_state(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	out->role = !site->here ? ROLE_dim : site->live ? ROLE_good : ROLE_bad;
	snprintf(out->text, sizeof(out->text), "%s",
		 !site->here  ? "○ not connected"
		 : site->live ? "● live"
			      : "? stale");
}

static void
cell_connections(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_gateway *gateway = ((const struct site *)row)->gateway;

	(void)context;
	if (gateway == NULL || gateway->connections_total == MODEL_UINT_UNSET)
		return;
	out->role = gateway->connections_up == gateway->connections_total ? ROLE_text : ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%llu of %llu", (unsigned long long)gateway->connections_up,
		 (unsigned long long)gateway->connections_total);
}

static void
cell_alarms(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	if (!site->here)
		return;
	out->role = site->alarms > 0 ? ROLE_attention : ROLE_dim;
	snprintf(out->text, sizeof(out->text), site->alarms > 0 ? "! %zu" : "%zu", site->alarms);
}

static void
say_rate(const struct site *site, uint64_t bps, struct table_cell *out)
{
	char text[FORMAT_TEXT];

	if (site->gateway != NULL)
		snprintf(out->text, sizeof(out->text), "%s", format_rate(bps, text));
}

static void
cell_in(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	say_rate(site, site->gateway != NULL ? site->gateway->rx_bps : 0, out);
}

static void
cell_out(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	say_rate(site, site->gateway != NULL ? site->gateway->tx_bps : 0, out);
}

static void
cell_age(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;
	char span[FORMAT_TEXT];

	if (site->gateway != NULL)
		snprintf(out->text, sizeof(out->text), "%s",
			 format_since(context->now, site->gateway->started_at, span));
}

static void
cell_version(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct site *site = row;

	(void)context;
	out->role = ROLE_dim;
	if (site->gateway != NULL && site->gateway->version != NULL)
		snprintf(out->text, sizeof(out->text), "%s", site->gateway->version);
}

static void
cell_production(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	out->role = ROLE_attention;
	/* nothing is no missing figure here */
	snprintf(out->text, sizeof(out->text), "%s",
		 ((const struct site *)row)->production ? "PRODUCTION" : " ");
}

static const struct table_column columns[] = {
    {.title = "Site", .width = 12, .most = 24, .cell = cell_name},
    {.title = "State", .width = 15, .cell = cell_state},
    {.title = "Up", .width = 9, .right = true, .cell = cell_connections},
    {.title = "Alarms", .width = 6, .right = true, .cell = cell_alarms},
    {.title = "In", .width = 10, .rank = 1, .right = true, .cell = cell_in},
    {.title = "Out", .width = 10, .rank = 3, .right = true, .cell = cell_out},
    {.title = "Running", .width = 10, .rank = 4, .right = true, .cell = cell_age},
    {.title = "Version", .width = 10, .rank = 5, .cell = cell_version},
    {.title = "", .width = 10, .rank = 2, .cell = cell_production},
    {0},
};

/* --- rows
 * ----------------------------------------------------------------------------------------------------- */

static bool
matches(const struct panel *panel, const char *name)
{
	return panel->filter[0] == '\0' || strcasestr(name, panel->filter) != NULL;
}

static const struct model_gateway *
own_gateway(const struct scene *scene)
{
	return model_store_count(scene->store, MODEL_KIND_GATEWAY) > 0
		   ? model_store_at(scene->store, MODEL_KIND_GATEWAY, 0)
		   : NULL;
}

static bool
production(const struct settings *settings, const char *name)
{
	return settings != NULL && settings_production(settings, name);
}

/* The i-th site that is shown: this gateway first, then the file's. False past the last. */
static bool
site_at(struct sites *s, size_t i, struct site *out)
{
	const struct scene *scene = s->panel.scene;
	const struct settings *settings = scene->settings;
	const struct model_gateway *gateway = own_gateway(scene);
	const char *own = gateway != NULL && gateway->name != NULL ? gateway->name : "this gateway";

	*out = (struct site){.here = true, .live = !s->stale, .gateway = gateway};
	if (matches(&s->panel, own) && i-- == 0) {
		snprintf(out->name, sizeof(out->name), "%s", own);
		out->alarms = s->attention.all;
		out->production = production(settings, own);
		return true;
	}
	for (size_t k = 0; settings != NULL && k < settings->site_count; k++) {
		const struct settings_site *site = &settings->sites[k];

		if (strcmp(site->name, own) == 0 || !matches(&s->panel, site->name) || i-- > 0)
			continue;
		*out = (struct site){.production = site->production};
		snprintf(out->name, sizeof(out->name), "%s", site->name);
		return true;
	}
	return false;
}

static size_t
count_sites(struct sites *s)
{
	struct site site;
	size_t count = 0;

	while (site_at(s, count, &site))
		count++;
	return count;
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static struct panel *
sites_open(const struct panel_ops *ops, struct scene *scene)
{
	struct sites *s = memory_zeroed(1, sizeof(*s));

	s->panel.ops = ops;
	s->panel.scene = scene;
	return &s->panel;
}

static void
sites_close(struct panel *panel)
{
	free(panel);
}

static void
sites_draw(struct panel *panel, const struct area *area)
{
	struct sites *s = (struct sites *)panel;
	const struct table_context context = {.store = panel->scene->store, .now = panel->scene->now};
	struct area cells = area_part(area, 0, 2, 1, area->cols - 3);
	struct table_layout layout;
	struct site site;

	s->stale = area->dimmed;
	attention_collect(panel->scene, &s->attention);
	table_fit(columns, cells.cols, 2, &layout);
	for (size_t i = 0; i < layout.count; i++)
		area_field(&cells, 0, layout.slots[i].left, layout.slots[i].width,
			   layout.slots[i].column->right, ROLE_heading, layout.slots[i].column->title);
	s->page = area->rows > 1 ? (size_t)area->rows - 1 : 0;
	if (s->selected >= count_sites(s))
		s->selected = count_sites(s) > 0 ? count_sites(s) - 1 : 0;
	s->top = s->selected < s->top                             ? s->selected
		 : s->page > 0 && s->selected >= s->top + s->page ? s->selected - s->page + 1
								  : s->top;
	for (int row = 1; row < area->rows && site_at(s, s->top + (size_t)row - 1, &site); row++) {
		struct area line = area_part(area, row, 0, 1, area->cols);

		if (s->top + (size_t)row - 1 == s->selected) {
			line.ground = GROUND_SELECTED;
			area_blank(&line, 0, 0, 1, line.cols);
			area_text(&line, 0, 0, ROLE_accent, "▸");
		}
		cells = area_part(&line, 0, 2, 1, area->cols - 3);
		table_draw_row(&cells, 0, &layout, &context, model_kind_info(MODEL_KIND_SITE)->shape, &site);
	}
}

static bool
sites_command(struct panel *panel, const char *command, const char *argument)
{
	struct sites *s = (struct sites *)panel;
	enum table_motion motion;

	(void)argument;
	if (!table_motion_of(command, &motion))
		return false;
	s->selected = table_move(s->selected, count_sites(s), s->page, motion);
	return true;
}

static bool
sites_row(struct panel *panel, uint64_t number, struct error *err)
{
	struct sites *s = (struct sites *)panel;

	if (!table_has_number(number, count_sites(s), err))
		return false;
	s->selected = number - 1;
	return true;
}

/* This gateway's row of the model; the others have none. */
static const void *
sites_selected(struct panel *panel, enum model_kind *kind)
{
	struct sites *s = (struct sites *)panel;
	struct site site;

	*kind = MODEL_KIND_GATEWAY;
	return site_at(s, s->selected, &site) ? site.gateway : NULL;
}

static bool
sites_select(struct panel *panel, const char *key)
{
	struct sites *s = (struct sites *)panel;
	struct site site;

	for (size_t i = 0; site_at(s, i, &site); i++) {
		if (strcmp(site.name, key) != 0)
			continue;
		s->selected = i;
		return true;
	}
	return false;
}

/* By name only: most of what a row says is no field of the model. */
static bool
sites_filter(struct panel *panel, const char *text, struct error *err)
{
	(void)err;
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	return true;
}

static void
sites_status(struct panel *panel, char *out, size_t size)
{
	size_t count = count_sites((struct sites *)panel);

	snprintf(out, size, "%zu site%s", count, count == 1 ? "" : "s");
}

const struct panel_ops panel_sites = {
    .name = "sites",
    .title = "Sites",
    .kind = MODEL_KIND_SITE,
    .tab = true,
    .open = sites_open,
    .close = sites_close,
    .draw = sites_draw,
    .command = sites_command,
    .selected = sites_selected,
    .select = sites_select,
    .filter = sites_filter,
    .status = sites_status,
    .row = sites_row,
};
