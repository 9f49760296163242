// SPDX-License-Identifier: GPL-2.0-or-later
/* Usage: what each connection used in each month, and what it costs where the configuration has rates. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

/* Months are UTC's, whatever the terminal's time zone. */
static void
cell_month(const struct table_context *context, const void *row, struct table_cell *out)
{
	time_t seconds = (time_t)(((const struct model_usage *)row)->from / USEC_PER_SEC);
	struct tm tm;

	(void)context;
	gmtime_r(&seconds, &tm);
	strftime(out->text, sizeof(out->text), "%Y-%m", &tm);
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

const struct panel_ops panel_usage = {
    .name = "usage", .title = "Usage", .kind = MODEL_KIND_USAGE, .setup = &setup, TABLE_PANEL};
