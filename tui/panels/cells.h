// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells that several panels show: functions for struct table_column, named after the row's kind and the
 * figure. */
#ifndef TWINSPAN_TUI_PANELS_CELLS_H
#define TWINSPAN_TUI_PANELS_CELLS_H

#include "tui/widgets/table.h"

typedef void cell_function(const struct table_context *context, const void *row, struct table_cell *out);

cell_function cell_tunnel_mark, cell_tunnel_name, cell_tunnel_state, cell_tunnel_part, cell_tunnel_peer,
    cell_tunnel_health, cell_tunnel_bfd, cell_tunnel_error, cell_tunnel_rtt, cell_tunnel_loss, cell_tunnel_in,
    cell_tunnel_out, cell_tunnel_prefixes, cell_tunnel_remote, cell_tunnel_since;
/** The BFD session's state in its colour; nothing where there is none. */
void cell_say_bfd(const struct model_peer *peer, struct table_cell *out);
/** Three quarters of what its peer may send are there, as the gateway warns. */
bool peer_near_limit(const struct model_peer *peer);
/** The session that rides a tunnel; NULL for none. */
const struct model_peer *peer_of_tunnel(const struct model_store *store, const struct model_tunnel *tunnel);

#endif
