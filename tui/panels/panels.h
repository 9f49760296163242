// SPDX-License-Identifier: GPL-2.0-or-later
/* The panels, each in a file of its own. The table of them is in panel.c. */
#ifndef TWINSPAN_TUI_PANELS_PANELS_H
#define TWINSPAN_TUI_PANELS_PANELS_H

#include "tui/panel.h"

extern const struct panel_ops panel_overview, panel_tunnels, panel_peers, panel_routes, panel_received,
    panel_advertised, panel_events, panel_gateway, panel_usage, panel_sites, panel_plugins, panel_history,
    panel_usage_days, panel_policy, panel_changes, panel_collectors;

#endif
