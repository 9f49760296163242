// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events, the newest first. While the first row is selected the list follows; with any other row selected it
 * stands still under the eye and new events gather above.
 */
#include <stdio.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

static void
cell_at(const struct table_context *context, const void *row, struct table_cell *out)
{
	char text[FORMAT_TEXT];

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s",
		 format_stamp(((const struct model_event *)row)->at, text));
}

static void
cell_severity(const struct table_context *context, const void *row, struct table_cell *out)
{
	struct look_of look = look_of_severity(((const struct model_event *)row)->severity);

	(void)context;
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s", look.word);
}

static void
cell_glyph(const struct table_context *context, const void *row, struct table_cell *out)
{
	struct look_of look = look_of_severity(((const struct model_event *)row)->severity);

	(void)context;
	out->role = look.role;
	snprintf(out->text, sizeof(out->text), "%s", look.glyph);
}

static void
cell_kind(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_event *event = row;

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s", event->kind != NULL ? event->kind : "");
}

static void
cell_text(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_event *event = row;
	struct look_of look = look_of_severity(event->severity);

	(void)context;
	out->role = look.role == ROLE_dim ? ROLE_dim : ROLE_text;
	snprintf(out->text, sizeof(out->text), "%s", event->text != NULL ? event->text : "");
}

static const struct table_column columns[] = {
    {.field = "at", .title = "At", .width = 15, .cell = cell_at},
    {.title = "", .width = 1, .cell = cell_glyph},
    {.field = "severity", .title = "Severity", .width = 8, .rank = 1, .cell = cell_severity},
    {.field = "subject", .title = "Subject", .width = 11, .most = 28, .fit = true},
    {.field = "kind", .title = "Kind", .width = 16, .rank = 2, .cell = cell_kind},
    {.field = "text", .title = "Text", .width = 40, .most = 500, .cell = cell_text},
    {0},
};

static const struct table_panel_setup setup = {
    .columns = columns, .empty = "nothing has happened yet", .newest_first = true};

const struct panel_ops panel_events = {
    .name = "events", .title = "Events", .kind = MODEL_KIND_EVENT, .tab = true, .setup = &setup, TABLE_PANEL};
