// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sites: all gateways that this console knows, as a table like any other; below it what needs a person on any
 * of them, the most urgent first. Without a fleet (one look at a panel) there is only the gateway itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"
#include "tui/sites/fleet.h"

#define MOST_TROUBLES 32
#define TROUBLE_LINES 4
#define NEXT_TRY 13  /* columns at the right of a trouble */
#define LEAST_ROWS 3 /* of the table, before what needs a person has room below */

/* --- cells ------------------------------------------------------------------------------------- */

static void
cell_name(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;

	(void)context;
	out->role = site->here ? ROLE_title : ROLE_text;
	snprintf(out->text, sizeof(out->text), "%s", site->name);
}

static const struct {
	const char *state, *shown;
	enum theme_role role;
} states[] = {{"live", "● live", ROLE_good},
	      {"reading", "◌ reading", ROLE_warning},
	      {"connecting", "◌ connecting", ROLE_warning},
	      {"asks", "? asks", ROLE_attention},
	      {"stale", "? stale", ROLE_bad},
	      {"unreachable", "✕ unreached", ROLE_bad},
	      {"no gateway", "✕ no gateway", ROLE_bad},
	      {"host key", "✕ host key", ROLE_bad},
	      {"login", "✕ login", ROLE_bad},
	      {"refused", "✕ refused", ROLE_bad},
	      {"off", "○ off", ROLE_dim}};

/* No gateway runs where the console does: as it should be on a desk. */
static bool
none_here(const struct model_site *site)
{
	return site->here && site->heard_at == 0 && site->state != NULL &&
	       (strcmp(site->state, "no gateway") == 0 || strcmp(site->state, "unreachable") == 0);
}

static void
cell_state(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;
	char span[FORMAT_TEXT];

	if (none_here(site)) {
		out->role = ROLE_dim;
		snprintf(out->text, sizeof(out->text), "○ none");
		return;
	}

	for (size_t i = 0; i < COUNT_OF(states); i++) {
		if (site->state == NULL || strcmp(states[i].state, site->state) != 0)
			continue;
		out->role = states[i].role;
		snprintf(out->text, sizeof(out->text), "%s", states[i].shown);
	}
	/* how old it all is has to be seen on a narrow screen too */
	if (site->state != NULL && strcmp(site->state, "stale") == 0 && site->heard_at != 0)
		snprintf(out->text, sizeof(out->text), "? stale %s",
			 format_since(context->now, site->heard_at, span));
}

static void
cell_connections(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;

	(void)context;
	if (site->connections_up == MODEL_UINT_UNSET || site->connections_total == MODEL_UINT_UNSET)
		return;
	out->role = site->connections_up == site->connections_total ? ROLE_text : ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%llu of %llu", (unsigned long long)site->connections_up,
		 (unsigned long long)site->connections_total);
}

/* What it needs, in words: its own trouble, else why nothing is known of it. */
static void
cell_needs(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;
	bool live = site->state != NULL && strcmp(site->state, "live") == 0;

	(void)context;
	out->role = (site->attention != NULL || !live) && !none_here(site) ? ROLE_attention : ROLE_dim;
	if (!live && site->why != NULL)
		snprintf(out->text, sizeof(out->text), "%s", site->why);
	else if (site->attention != NULL && site->alarms > 1)
		snprintf(out->text, sizeof(out->text), "! %llu: %s", (unsigned long long)site->alarms,
			 site->attention);
	else if (site->attention != NULL)
		snprintf(out->text, sizeof(out->text), "! %s", site->attention);
	else if (live)
		snprintf(out->text, sizeof(out->text), "● nothing to do");
}

static void
cell_age(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;
	char span[FORMAT_TEXT];

	if (site->heard_at == 0)
		return;
	if (site->state != NULL && strcmp(site->state, "live") == 0) {
		out->role = ROLE_dim;
		snprintf(out->text, sizeof(out->text), "now");
		return;
	}
	out->role = ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%s", format_since(context->now, site->heard_at, span));
}

static void
cell_running(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_site *site = row;
	char span[FORMAT_TEXT];

	if (site->started_at != 0)
		snprintf(out->text, sizeof(out->text), "%s",
			 format_since(context->now, site->started_at, span));
}

static void
cell_production(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	out->role = ROLE_attention;
	/* nothing is no missing figure here */
	snprintf(out->text, sizeof(out->text), "%s",
		 ((const struct model_site *)row)->production ? "PRODUCTION" : " ");
}

static const struct table_column columns[] = {
    {.field = "name", .title = "Site", .width = 12, .most = 24, .fit = true, .cell = cell_name},
    {.field = "state", .title = "State", .width = 14, .cell = cell_state},
    {.field = "connections_up", .title = "Up", .width = 8, .right = true, .cell = cell_connections},
    {.field = "rx_bps", .title = "In", .width = 10, .rank = 4, .right = true},
    {.field = "tx_bps", .title = "Out", .width = 10, .rank = 6, .right = true},
    {.field = "rtt_ms", .title = "RTT", .width = 8, .rank = 5, .right = true},
    {.field = "heard_at", .title = "Heard", .width = 8, .rank = 3, .right = true, .cell = cell_age},
    {.field = "attention", .title = "Needs", .width = 25, .most = 70, .rank = 1, .cell = cell_needs},
    {.field = "production", .title = "", .width = 10, .rank = 2, .cell = cell_production},
    {.field = "group", .title = "Group", .width = 8, .most = 20, .rank = 7},
    {.field = "role", .title = "Role", .width = 8, .rank = 10},
    {.field = "version", .title = "Version", .width = 8, .most = 12, .rank = 9},
    {.field = "started_at", .title = "Running", .width = 9, .rank = 11, .right = true, .cell = cell_running},
    {.field = "host", .title = "Host", .width = 16, .most = 40, .rank = 8},
    {0},
};

static const struct table_panel_setup setup = {.columns = columns, .empty = "no site is known"};

/* --- the panel --------------------------------------------------------------------------------- */

/* The table's scene: the fleet's rows in place of one gateway's. */
struct sites_scene {
	struct scene scene;
	struct scene *outer;
	struct model_store *own; /* where there is no fleet */
};

static struct panel *
sites_open(const struct panel_ops *ops, struct scene *scene)
{
	struct sites_scene *s = memory_zeroed(1, sizeof(*s));

	s->scene = *scene;
	s->outer = scene;
	if (scene->fleet == NULL)
		s->own = model_store_new();
	s->scene.store = scene->fleet != NULL ? fleet_list(scene->fleet) : s->own;
	if (scene->fleet != NULL)
		fleet_refresh(scene->fleet, scene->now != 0 ? scene->now : clock_wall());
	return table_panel_open(ops, &s->scene);
}

static void
sites_close(struct panel *panel)
{
	struct sites_scene *s = (struct sites_scene *)panel->scene;

	table_panel_close(panel);
	if (s->own != NULL)
		model_store_free(s->own);
	free(s);
}

/* One look at the gateway itself. */
static void
put_own(struct sites_scene *s)
{
	const struct model_store *store = s->outer->store;
	const struct model_gateway *gateway = model_store_count(store, MODEL_KIND_GATEWAY) > 0
						  ? model_store_at(store, MODEL_KIND_GATEWAY, 0)
						  : NULL;
	struct model_site *row;

	if (gateway == NULL)
		return;
	row = model_row_new(MODEL_KIND_SITE);
	model_set(&row->name, gateway->name);
	model_set(&row->state, "live");
	model_set(&row->version, gateway->version);
	row->here = true;
	row->connections_up = gateway->connections_up;
	row->connections_total = gateway->connections_total;
	row->rx_bps = gateway->rx_bps;
	row->tx_bps = gateway->tx_bps;
	row->started_at = gateway->started_at;
	model_store_put(s->own, MODEL_KIND_SITE, row);
	model_row_free(MODEL_KIND_SITE, row);
}

static void
refresh(struct panel *panel)
{
	struct sites_scene *s = (struct sites_scene *)panel->scene;

	s->scene.now = s->outer->now;
	if (s->own != NULL)
		put_own(s);
	else
		fleet_refresh(s->outer->fleet, s->outer->now);
}

/* What stands below the table, and its measures. */
struct below {
	struct fleet *fleet;
	struct fleet_trouble troubles[MOST_TROUBLES];
	size_t all, shown; /* what needs a person, and how many lines of it there are */
	int left, cols;    /* of the texts, behind the longest name */
	int lines;
	int most; /* lines of one */
};

static int
at_most(int most, int value)
{
	return value > most ? most : value;
}

static void
measure_texts(struct below *below, const struct area *area)
{
	below->left = 0;
	for (size_t i = 0; i < below->shown; i++) {
		int name = text_columns(fleet_name(fleet_at(below->fleet, below->troubles[i].site)));

		below->left = name > below->left ? name : below->left;
	}
	if (below->left > area->cols / 4)
		below->left = area->cols / 4;
	below->left += 6;
	below->cols = area->cols - below->left - NEXT_TRY - 2;
}

/* Of one's text: nothing stands at the right of what a gateway that is reached says of itself. */
static int
cols_of(const struct below *below, const struct fleet_trouble *it)
{
	return below->cols + (fleet_at(below->fleet, it->site)->state == CONTROL_LIVE ? NEXT_TRY : 0);
}

/* The lines that all of them take, each at most `most`. */
static int
lines_of(const struct below *below, const struct area *area, int most)
{
	int all = 0;

	for (size_t i = 0; i < below->shown; i++) {
		const struct fleet_trouble *it = &below->troubles[i];

		all += at_most(most,
			       area_wrap(area, 0, below->left, cols_of(below, it), 0, ROLE_text, it->text));
	}
	return all;
}

/* All in full where there is room for that, else each shorter, and as many as there is room for. */
static void
fit_troubles(struct below *below, const struct area *area, int room)
{
	measure_texts(below, area);
	below->most = TROUBLE_LINES;
	while (below->most > 1 && lines_of(below, area, below->most) > room)
		below->most--;
	if (below->most == 1 && below->shown > (size_t)room)
		below->shown = (size_t)room;
	below->lines = lines_of(below, area, below->most);
}

/* What happens next, apart from the text: one whose length changes would move the lines below it. */
static void
draw_next(const struct area *area, int row, const struct fleet_trouble *it)
{
	int col = area->cols - NEXT_TRY - 1;

	if (it->asks || it->refused)
		area_print(area, row, col, ROLE_key, "Enter %s", it->asks ? "answers" : "retries");
	else if (it->next_s != 0)
		area_print(area, row, col, ROLE_dim, "next in %3u s", it->next_s);
}

static void
draw_troubles(const struct below *below, const struct area *area)
{
	size_t rest = below->all;
	int row = 1, col;

	for (size_t i = 0; i < below->shown; i++)
		rest -= below->troubles[i].count;
	area_repeat(area, 0, 0, area->cols, ROLE_border, U'─');
	col = area_print(area, 0, 2, ROLE_title, " Needs a person: %zu ", below->all);
	if (rest > 0)
		area_print(area, 0, col, ROLE_dim, "· %zu more than fit here ", rest);
	for (size_t i = 0; i < below->shown; i++) {
		const struct fleet_trouble *it = &below->troubles[i];

		area_text(area, row, 2, it->urgency <= 1 ? ROLE_bad : ROLE_attention, "!");
		area_field(area, row, 4, below->left - 6, false, ROLE_title,
			   fleet_name(fleet_at(below->fleet, it->site)));
		draw_next(area, row, it);
		if (below->most > 1)
			row += area_wrap(area, row, below->left, cols_of(below, it), below->most, ROLE_text,
					 it->text);
		else
			area_field(area, row++, below->left, cols_of(below, it), false, ROLE_text, it->text);
	}
}

/* Below the table; returns the lines that are left for that. */
static int
place_troubles(const struct area *area, struct fleet *fleet, size_t rows)
{
	static struct below below; /* large, and drawn by one at a time */
	struct area part;
	size_t lines;
	int room;

	below.fleet = fleet;
	below.all = fleet_troubles(fleet, below.troubles, MOST_TROUBLES, &lines);
	below.shown = lines < MOST_TROUBLES ? lines : MOST_TROUBLES;
	rows = rows < LEAST_ROWS ? LEAST_ROWS : rows;
	room = (size_t)area->rows > rows + 3 ? area->rows - (int)rows - 3 : 0;
	if (room < area->rows / 3 && area->rows >= 12)
		room = area->rows / 3 - 1;
	if (below.all == 0 || room == 0)
		return area->rows;
	fit_troubles(&below, area, room);
	part = area_part(area, area->rows - below.lines - 1, 0, below.lines + 1, area->cols);
	draw_troubles(&below, &part);
	return area->rows - below.lines - 1;
}

static void
sites_draw(struct panel *panel, const struct area *area)
{
	struct sites_scene *s = (struct sites_scene *)panel->scene;
	struct area table = *area;

	refresh(panel);
	if (s->outer->fleet != NULL)
		table.rows =
		    place_troubles(area, s->outer->fleet, model_store_count(s->scene.store, MODEL_KIND_SITE));
	table.dimmed = false; /* it is not the gateway that one is at: each row says how old it is */
	table_panel_draw(panel, &table);
}

static void
sites_status(struct panel *panel, char *out, size_t size)
{
	struct sites_scene *s = (struct sites_scene *)panel->scene;
	size_t count = model_store_count(s->scene.store, MODEL_KIND_SITE), live = 0, none = 0;

	for (size_t i = 0; i < count; i++) {
		const struct model_site *site = model_store_at(s->scene.store, MODEL_KIND_SITE, i);

		none += none_here(site);
		live += site->state != NULL && strcmp(site->state, "live") == 0;
	}
	if (panel->filter[0] != '\0' || table_panel_marks(panel)->keys.count > 0 || count < 2)
		table_panel_status(panel, out, size);
	else
		snprintf(out, size, "%zu of %zu live", live, count - none);
}

const struct panel_ops panel_sites = {
    .name = "sites",
    .title = "Sites",
    .kind = MODEL_KIND_SITE,
    .tab = true,
    .fleet = true,
    .setup = &setup,
    .open = sites_open,
    .close = sites_close,
    .draw = sites_draw,
    .command = table_panel_command,
    .selected = table_panel_selected,
    .select = table_panel_select,
    .filter = table_panel_filter,
    .status = sites_status,
    .tick = table_panel_tick,
    .marks = table_panel_marks,
    .table = table_panel_table,
    .row = table_panel_row,
};
