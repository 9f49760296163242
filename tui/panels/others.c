// SPDX-License-Identifier: GPL-2.0-or-later
/* Kinds that are looked at now and then: panels made from the schema, opened by ":show KIND". */
#include <stdio.h>
#include <string.h>

#include "tui/format.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

static const struct table_panel_setup setup = {.empty = "there is none"};

const struct panel_ops panel_plugins = {
    .name = "plugins", .title = "Plugins", .kind = MODEL_KIND_PLUGIN, .setup = &setup, TABLE_PANEL};

const struct panel_ops panel_history = {
    .name = "history", .title = "History", .kind = MODEL_KIND_HISTORY, .setup = &setup, TABLE_PANEL};

const struct panel_ops panel_usage_days = {.name = "usage_days",
					   .title = "Usage by day",
					   .kind = MODEL_KIND_USAGE_DAY,
					   .setup = &setup,
					   TABLE_PANEL};

static void
cell_action(const struct table_context *context, const void *row, struct table_cell *out)
{
	const char *action = ((const struct model_policy *)row)->action;

	(void)context;
	if (action == NULL)
		return;
	out->role = strcmp(action, "accept") == 0 ? ROLE_good
		    : strcmp(action, "deny") == 0 ? ROLE_warning
						  : ROLE_text;
	snprintf(out->text, sizeof(out->text), "%s %s",
		 out->role == ROLE_good      ? "✓"
		 : out->role == ROLE_warning ? "✕"
					     : "↓",
		 action);
}

static const struct table_column policy_columns[] = {
    {.field = "peer", .title = "Peer", .width = 11, .most = 16},
    {.field = "direction", .title = "Way", .width = 6},
    {.field = "rule", .title = "Rule", .width = 4, .right = true},
    {.field = "name", .title = "Name", .width = 10, .most = 14, .rank = 3},
    {.field = "action", .title = "Action", .width = 8, .cell = cell_action},
    {.field = "matched", .title = "Matched", .width = 9, .right = true},
    {.field = "match", .title = "Match", .width = 16, .most = 60, .rank = 1},
    {.field = "changes", .title = "Set", .width = 14, .most = 50, .rank = 2},
    {0},
};

static const struct table_panel_setup policy_setup = {.columns = policy_columns,
						      .empty = "no session has rules of import or export",
						      .one = "rule",
						      .many = "rules"};

const struct panel_ops panel_policy = {
    .name = "policy", .title = "Policy", .kind = MODEL_KIND_POLICY, .setup = &policy_setup, TABLE_PANEL};

static void
cell_changed_at(const struct table_context *context, const void *row, struct table_cell *out)
{
	char text[FORMAT_TEXT];

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s",
		 format_stamp(((const struct model_route_change *)row)->at, text));
}

/* Of many at once, how many. */
static void
cell_changed_prefix(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_route_change *change = row;
	char count[FORMAT_TEXT];

	(void)context;
	out->role = change->prefix != NULL ? ROLE_text : ROLE_title;
	if (change->prefix != NULL)
		snprintf(out->text, sizeof(out->text), "%s", change->prefix);
	else
		snprintf(out->text, sizeof(out->text), "%s paths", format_count(change->count, count));
}

static void
cell_best_since(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_route_change *change = row;
	const char *before = change->before != NULL ? change->before : "";

	(void)context;
	if (change->prefix == NULL)
		return;
	out->role = change->best == NULL                ? before[0] != '\0' ? ROLE_bad : ROLE_dim
		    : strcmp(change->best, before) == 0 ? ROLE_dim
							: ROLE_good;
	snprintf(out->text, sizeof(out->text), "%s", change->best != NULL ? change->best : "none");
}

static const struct table_column change_columns[] = {
    {.field = "at", .title = "At", .width = 15, .cell = cell_changed_at},
    {.field = "prefix", .title = "Prefix", .width = 18, .most = 43, .cell = cell_changed_prefix},
    {.field = "cause", .title = "Cause", .width = 10},
    {.field = "peer", .title = "Peer", .width = 12, .most = 28},
    {.field = "best", .title = "Best since", .width = 12, .most = 28, .cell = cell_best_since},
    {.field = "step", .title = "Decided by", .width = 16, .rank = 1},
    {.field = "before", .title = "Before", .width = 12, .most = 28, .rank = 2},
    {.field = "as_hops", .title = "Hops", .width = 4, .rank = 5, .right = true},
    {.field = "local_pref", .title = "Pref", .width = 5, .rank = 4, .right = true},
    {.field = "med", .title = "MED", .width = 5, .rank = 3, .right = true},
    {.field = "origin_as", .title = "Origin AS", .width = 10, .rank = 6, .right = true},
    {0},
};

static const struct table_panel_setup change_setup = {
    .columns = change_columns, .empty = "nothing has changed yet", .one = "change", .many = "changes"};

const struct panel_ops panel_changes = {.name = "changes",
					.title = "Changes",
					.kind = MODEL_KIND_ROUTE_CHANGE,
					.setup = &change_setup,
					TABLE_PANEL};

static void
cell_collector_state(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_collector *collector = row;
	bool up = collector->state != NULL && strcmp(collector->state, "connected") == 0;

	(void)context;
	out->role = up ? ROLE_good : ROLE_warning;
	snprintf(out->text, sizeof(out->text), "%s %s", up ? "●" : "○",
		 up && collector->dumping   ? "dumping"
		 : collector->state != NULL ? collector->state
					    : "");
}

static void
cell_collector_since(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_collector *collector = row;
	char span[FORMAT_TEXT];

	if (collector->since != 0)
		snprintf(out->text, sizeof(out->text), "%s",
			 format_since(context->now, collector->since, span));
}

static const struct table_column collector_columns[] = {
    {.field = "name", .title = "Collector", .width = 15, .most = 39},
    {.field = "state", .title = "State", .width = 11, .cell = cell_collector_state},
    {.field = "since", .title = "Since", .width = 8, .right = true, .cell = cell_collector_since},
    {.field = "messages", .title = "Messages", .width = 9, .rank = 3, .right = true},
    {.field = "bytes", .title = "Sent", .width = 9, .rank = 4, .right = true},
    {.field = "queue_bytes", .title = "Queue", .width = 9, .rank = 2, .right = true},
    {.field = "views", .title = "Views", .width = 20, .most = 64, .rank = 5},
    {.field = "last_error", .title = "Last error", .width = 20, .most = 60, .rank = 1},
    {0},
};

static const struct table_panel_setup collector_setup = {
    .columns = collector_columns, .empty = "no collector is configured (bmp: collectors)"};

const struct panel_ops panel_collectors = {.name = "collectors",
					   .title = "Collectors",
					   .kind = MODEL_KIND_COLLECTOR,
					   .setup = &collector_setup,
					   TABLE_PANEL};
