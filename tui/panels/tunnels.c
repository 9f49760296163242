// SPDX-License-Identifier: GPL-2.0-or-later
/* Tunnels: one row each, with what one wants to compare between them. */
#include <stdio.h>

#include "tui/format.h"
#include "tui/panels/cells.h"
#include "tui/panels/panels.h"
#include "tui/panels/table_panel.h"

static void
cell_suite(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;

	(void)context;
	out->role = ROLE_dim;
	snprintf(out->text, sizeof(out->text), "%s",
		 tunnel->esp_proposal != NULL ? tunnel->esp_proposal : "");
}

static void
cell_rekey(const struct table_context *context, const void *row, struct table_cell *out)
{
	const struct model_tunnel *tunnel = row;
	char span[FORMAT_TEXT];

	if (tunnel->child_rekey_at != 0 && tunnel_part(tunnel)[0] != '\0')
		snprintf(out->text, sizeof(out->text), "in %s",
			 format_until(context->now, tunnel->child_rekey_at, span));
	out->role = ROLE_dim;
}

static const struct table_column columns[] = {
    {.title = "", .width = 3, .cell = cell_tunnel_mark},
    {.field = "name", .title = "Tunnel", .width = 11, .most = 32, .fit = true, .cell = cell_tunnel_name},
    {.field = "state", .title = "State", .width = 12, .cell = cell_tunnel_state},
    {.field = "active", .title = "Role", .width = 8, .cell = cell_tunnel_part},
    {.field = "peer", .title = "Peer", .width = 11, .rank = 2, .cell = cell_tunnel_peer},
    {.field = "rx_bps", .title = "In", .width = 10, .rank = 1, .right = true, .cell = cell_tunnel_in},
    {.field = "tx_bps", .title = "Out", .width = 10, .rank = 4, .right = true, .cell = cell_tunnel_out},
    {.field = "rtt_ms", .title = "RTT", .width = 9, .rank = 3, .right = true, .cell = cell_tunnel_rtt},
    {.field = "loss_percent",
     .title = "Loss",
     .width = 7,
     .rank = 5,
     .right = true,
     .cell = cell_tunnel_loss},
    {.field = "health", .title = "Health", .width = 9, .rank = 8, .cell = cell_tunnel_health},
    {.title = "BFD", .width = 9, .rank = 11, .cell = cell_tunnel_bfd},
    {.title = "Prefixes", .width = 9, .most = 16, .rank = 9, .right = true, .cell = cell_tunnel_prefixes},
    {.field = "established_at",
     .title = "Since",
     .width = 11,
     .rank = 6,
     .right = true,
     .cell = cell_tunnel_since},
    {.field = "remote",
     .title = "Remote",
     .width = 15,
     .most = 39,
     .rank = 7,
     .fit = true,
     .cell = cell_tunnel_remote},
    {.field = "inside_local", .title = "Inside", .width = 15, .most = 39, .rank = 12},
    {.field = "interface", .title = "Interface", .width = 10, .most = 15, .rank = 13},
    {.field = "child_rekey_at", .title = "Rekey", .width = 11, .rank = 14, .cell = cell_rekey},
    {.field = "esp_proposal", .title = "ESP", .width = 16, .most = 40, .rank = 15, .cell = cell_suite},
    {.field = "last_error.text",
     .title = "Last error",
     .width = 24,
     .most = 80,
     .rank = 10,
     .cell = cell_tunnel_error},
    {0},
};

static const struct table_panel_setup setup = {.columns = columns, .empty = "no tunnel is configured"};

const struct panel_ops panel_tunnels = {.name = "tunnels",
					.title = "Tunnels",
					.kind = MODEL_KIND_TUNNEL,
					.tab = true,
					.setup = &setup,
					TABLE_PANEL};
