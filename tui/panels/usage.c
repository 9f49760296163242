// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: what each connection used in each month, and what it costs where the configuration has rates. Above
 * the list stands what all connections used in this month: it is asked for on its own, since the list holds
 * only what is looked at.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

#define MONTH 16 /* bytes of a month as text */

/* "2026-11": months are UTC's, whatever the terminal's time zone. */
static void
write_month(usec_t at, char *out)
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(out, MONTH, "%Y-%m", &tm);
}

static void
cell_month(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	write_month(((const struct model_usage *)row)->from, out->text);
}

static void
cell_hours(const struct table_context *context, const void *row, struct table_cell *out)
{
	double hours = ((const struct model_usage *)row)->connection_hours;

	(void)context;
	snprintf(out->text, sizeof(out->text), "%.2f h", isnan(hours) ? 0 : hours);
}

static void
say_bytes(struct table_cell *out, uint64_t bytes)
{
	char text[FORMAT_TEXT];

	snprintf(out->text, sizeof(out->text), "%s", format_bytes(bytes, text));
}

static void
cell_in(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_bytes(out, ((const struct model_usage *)row)->rx_bytes);
}

static void
cell_out(const struct table_context *context, const void *row, struct table_cell *out)
{
	(void)context;
	say_bytes(out, ((const struct model_usage *)row)->tx_bytes);
}

static void
cell_amount(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_usage *usage = row;

	(void)context;
	out->role = usage->currency != NULL ? ROLE_text : ROLE_dim;
	if (usage->currency == NULL || isnan(usage->amount))
		snprintf(out->text, sizeof(out->text), "%s", FORMAT_NONE);
	else
		snprintf(out->text, sizeof(out->text), "%.2f %s", usage->amount, usage->currency);
}

static const struct table_column columns[] = {
    {.field = "connection", .title = "Connection", .width = 16, .most = 40, .fit = true},
    {.field = "from", .title = "Month", .width = 8, .cell = cell_month},
    {.field = "connection_hours", .title = "Hours", .width = 11, .right = true, .cell = cell_hours},
    {.field = "rx_bytes", .title = "In", .width = 10, .right = true, .rank = 1, .cell = cell_in},
    {.field = "tx_bytes", .title = "Out", .width = 10, .right = true, .cell = cell_out},
    {.field = "amount", .title = "Amount", .width = 14, .right = true, .cell = cell_amount},
    {0},
};

static const struct table_panel_setup setup = {.columns = columns, .empty = "nothing was used yet"};

/* --- this month
 * ----------------------------------------------------------------------------------------------- */

#define MOST_ROWS 1000 /* a page of the gateway's */
#define TICKS_FRESH 5

struct request;

struct usage {
	struct panel panel;
	struct panel *list;
	struct request *pending;
	unsigned ticks;
	bool known, priced, whole;
	size_t connections;
	double hours, amount;
	uint64_t in, out;
	char month[MONTH], currency[16];
};

struct request {
	struct usage *owner; /* NULL: nobody waits any more */
};

static void
add_row(struct usage *u, const struct model_usage *row)
{
	char month[MONTH];

	write_month(row->from, month);
	if (strcmp(month, u->month) != 0)
		return;
	u->connections++;
	u->hours += isnan(row->connection_hours) ? 0 : row->connection_hours;
	u->in += row->rx_bytes != MODEL_UINT_UNSET ? row->rx_bytes : 0;
	u->out += row->tx_bytes != MODEL_UINT_UNSET ? row->tx_bytes : 0;
	if (row->currency == NULL || isnan(row->amount))
		return;
	u->priced = true;
	u->amount += row->amount;
	snprintf(u->currency, sizeof(u->currency), "%s", row->currency);
}

static void
on_month(void *context, const struct control_page *page)
{
	struct request *request = context;
	struct usage *u = request->owner;

	free(request);
	if (u == NULL)
		return;
	u->pending = NULL;
	if (!page->ok)
		return;
	write_month(clock_wall(), u->month); /* the sums that stood here may be of the last one */
	u->known = true;
	u->whole = page->complete;
	u->priced = false;
	u->connections = 0;
	u->hours = u->amount = 0;
	u->in = u->out = 0;
	for (size_t i = 0; i < page->count; i++)
		add_row(u, page->rows[i]);
	u->panel.scene->changed(u->panel.scene->context);
}

static void
ask_month(struct usage *u)
{
	const struct scene *scene = u->panel.scene;

	if (u->pending != NULL || scene->client == NULL ||
	    control_client_state(scene->client) != CONTROL_LIVE)
		return;
	u->pending = memory_zeroed(1, sizeof(*u->pending));
	u->pending->owner = u;
	control_client_query(scene->client, MODEL_KIND_USAGE, NULL, NULL, MOST_ROWS, on_month, u->pending);
}

static void
draw_month(const struct usage *u, const struct area *area)
{
	char in[FORMAT_TEXT], out[FORMAT_TEXT], text[200];
	int col;

	if (!u->known) {
		area_text(area, 0, 2, ROLE_dim, "adding up this month");
		return;
	}
	col = area_print(area, 0, 2, ROLE_title, "%s so far", u->month);
	snprintf(text, sizeof(text), "  %zu connection%s%s · %.2f h · in %s · out %s", u->connections,
		 u->connections == 1 ? "" : "s", u->whole ? "" : " and more", u->hours,
		 format_bytes(u->in, in), format_bytes(u->out, out));
	col = area_text(area, 0, col, ROLE_text, text);
	if (u->priced)
		area_print(area, 0, col, ROLE_accent, " · %.2f %s", u->amount, u->currency);
}

/* --- the panel
 * ------------------------------------------------------------------------------------------------ */

static struct panel *
usage_open(const struct panel_ops *ops, struct scene *scene)
{
	struct usage *u = memory_zeroed(1, sizeof(*u));

	u->panel.ops = ops;
	u->panel.scene = scene;
	u->list = table_panel_open(ops, scene);
	return &u->panel;
}

static void
usage_close(struct panel *panel)
{
	struct usage *u = (struct usage *)panel;

	if (u->pending != NULL)
		u->pending->owner = NULL;
	table_panel_close(u->list);
	free(u);
}

static void
usage_draw(struct panel *panel, const struct area *area)
{
	struct usage *u = (struct usage *)panel;
	struct area list = area_part(area, 2, 0, area->rows - 2, area->cols);

	if (!u->known)
		ask_month(u);
	draw_month(u, area);
	table_panel_draw(u->list, &list);
}

static bool
usage_command(struct panel *panel, const char *command, const char *argument)
{
	return table_panel_command(((struct usage *)panel)->list, command, argument);
}

static bool
usage_row(struct panel *panel, uint64_t number, struct error *err)
{
	return table_panel_row(((struct usage *)panel)->list, number, err);
}

static const void *
usage_selected(struct panel *panel, enum model_kind *kind)
{
	return table_panel_selected(((struct usage *)panel)->list, kind);
}

static bool
usage_select(struct panel *panel, const char *key)
{
	return table_panel_select(((struct usage *)panel)->list, key);
}

static bool
usage_filter(struct panel *panel, const char *text, struct error *err)
{
	if (!table_panel_filter(((struct usage *)panel)->list, text, err))
		return false;
	snprintf(panel->filter, sizeof(panel->filter), "%s", text);
	return true;
}

static void
usage_status(struct panel *panel, char *out, size_t size)
{
	table_panel_status(((struct usage *)panel)->list, out, size);
}

static void
usage_tick(struct panel *panel)
{
	struct usage *u = (struct usage *)panel;

	table_panel_tick(u->list);
	if (++u->ticks % TICKS_FRESH == 0)
		ask_month(u);
}

static struct table *
usage_table(struct panel *panel)
{
	return table_panel_table(((struct usage *)panel)->list);
}

const struct panel_ops panel_usage = {
    .name = "usage",
    .title = "Usage",
    .kind = MODEL_KIND_USAGE,
    .tab = true,
    .setup = &setup,
    .open = usage_open,
    .close = usage_close,
    .draw = usage_draw,
    .command = usage_command,
    .row = usage_row,
    .selected = usage_selected,
    .select = usage_select,
    .filter = usage_filter,
    .status = usage_status,
    .tick = usage_tick,
    .table = usage_table,
};
