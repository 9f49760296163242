// SPDX-License-Identifier: GPL-2.0-or-later
/* Kinds that are looked at now and then: panels made from the schema, opened by ":show KIND". */
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
