// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routes in three panels: what was chosen (with the reason), what peers sent, what they were sent. The rows
 * stay on the gateway and come page by page.
 */
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

static void
cell_best(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_route *route = row;

	(void)context;
	out->role = route->best ? ROLE_good : ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s", route->best ? "● best" : "· other");
}

static void
cell_installed(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_route *route = row;

	(void)context;
	out->role = route->installed ? ROLE_good : ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s", route->installed ? "yes" : "no");
}

static void
cell_via(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_route *route = row;

	(void)context;
	snprintf(out->text, sizeof(out->text), "%s",
		 route->tunnel != NULL   ? route->tunnel
		 : route->source != NULL ? route->source
					 : "");
}

static void
cell_accepted(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_received *received = row;

	(void)context;
	out->role = received->accepted ? ROLE_good : ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%s", received->accepted ? "✓ accepted" : "✕ refused");
}

/* The column says already that it was refused. */
static void
cell_refused(const struct table_context *context, const void *row, struct table_cell *out)
{
	static const char known[] = "not accepted: ";
	const char *reason = ((const struct model_received *)row)->reason;

	(void)context;
	if (reason != NULL && strncmp(reason, known, strlen(known)) == 0)
		reason += strlen(known);
	snprintf(out->text, sizeof(out->text), "%s", reason != NULL ? reason : "");
}

static const struct table_column route_columns[] = {
    {.field = "prefix", .title = "Prefix", .width = 18, .most = 43},
    {.field = "best", .title = "Choice", .width = 7, .cell = cell_best},
    {.field = "tunnel", .title = "Via", .width = 11, .most = 28, .ends = true, .cell = cell_via},
    {.field = "next_hop", .title = "Next hop", .width = 15, .most = 39, .rank = 4},
    {.field = "source", .title = "Source", .width = 9, .rank = 6},
    {.field = "local_pref", .title = "Pref", .width = 5, .rank = 3, .right = true},
    {.field = "med", .title = "MED", .width = 5, .rank = 3, .right = true},
    {.field = "as_path", .title = "AS path", .width = 14, .most = 36, .rank = 5},
    {.field = "installed", .title = "Kernel", .width = 6, .rank = 2, .cell = cell_installed},
    {.field = "reason", .title = "Why", .width = 20, .most = 60, .rank = 1},
    {0},
};

static const struct table_column received_columns[] = {
    {.field = "peer", .title = "Peer", .width = 11, .most = 28, .ends = true},
    {.field = "prefix", .title = "Prefix", .width = 18, .most = 43},
    {.field = "next_hop", .title = "Next hop", .width = 15, .most = 39, .rank = 3},
    {.field = "accepted", .title = "Policy", .width = 10, .cell = cell_accepted},
    {.field = "as_path", .title = "AS path", .width = 14, .most = 40, .rank = 2},
    {.field = "med", .title = "MED", .width = 5, .rank = 4, .right = true},
    {.field = "local_pref", .title = "Pref", .width = 5, .rank = 5, .right = true},
    {.field = "communities", .title = "Communities", .width = 14, .most = 40, .rank = 6},
    {.field = "reason", .title = "Why refused", .width = 30, .most = 60, .rank = 1, .cell = cell_refused},
    {0},
};

static const struct table_column advertised_columns[] = {
    {.field = "peer", .title = "Peer", .width = 11, .most = 28, .ends = true},
    {.field = "prefix", .title = "Prefix", .width = 18, .most = 43},
    {.field = "next_hop", .title = "Next hop", .width = 15, .most = 39, .rank = 2},
    {.field = "as_path", .title = "AS path", .width = 14, .most = 40, .rank = 1},
    {.field = "origin", .title = "Origin", .width = 10, .rank = 4},
    {.field = "med", .title = "MED", .width = 5, .rank = 3, .right = true},
    {.field = "communities", .title = "Communities", .width = 14, .most = 40, .rank = 5},
    {0},
};

static const struct table_panel_setup route_setup = {.columns = route_columns, .empty = "no route is known"},
				      received_setup = {.columns = received_columns,
							.empty = "no prefix was received"},
				      advertised_setup = {.columns = advertised_columns,
							  .empty = "no prefix is advertised"};

const struct panel_ops panel_routes = {.name = "routes",
				       .title = "Routes",
				       .kind = MODEL_KIND_ROUTE,
				       .tab = true,
				       .setup = &route_setup,
				       TABLE_PANEL};
const struct panel_ops panel_received = {.name = "received",
					 .title = "Received",
					 .kind = MODEL_KIND_RECEIVED,
					 .tab = true,
					 .setup = &received_setup,
					 TABLE_PANEL};
const struct panel_ops panel_advertised = {.name = "advertised",
					   .title = "Advertised",
					   .kind = MODEL_KIND_ADVERTISED,
					   .tab = true,
					   .setup = &advertised_setup,
					   TABLE_PANEL};
