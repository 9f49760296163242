// SPDX-License-Identifier: GPL-2.0-or-later
/* What a tunnel's path takes. */
#ifndef TWINSPAN_GATEWAY_MTU_INTERNAL_H
#define TWINSPAN_GATEWAY_MTU_INTERNAL_H

#include "core/gateway_internal.h"

/* --- gateway_mtu.c --- */

/** Works out what fits a tunnel by now, and why: its row's `mtu` and `mtu_reason`. */
void gateway_mtu_work_out(struct gateway_tunnel *tunnel);
/** Once a second: follows what the path takes, with the tunnel's interface. */
void gateway_mtu_tick(struct gateway_tunnel *tunnel);

/* --- gateway_mtu_probe.c --- */

/** With the loop; before it is closed. */
void gateway_mtu_probe_open(struct gateway *gateway);
void gateway_mtu_probe_close(struct gateway *gateway);
/** Packets can flow: the path is probed. / No longer. */
void gateway_mtu_probe_up(struct gateway_tunnel *tunnel);
void gateway_mtu_probe_down(struct gateway_tunnel *tunnel);
/** Once a second: whether it is time to probe again. */
void gateway_mtu_probe_tick(struct gateway_tunnel *tunnel);
/** Lengths outside as inner packets: what RFC 8899 begins with, and below which no path is. */
void gateway_mtu_probe_bounds(const struct config_tunnel *config, uint32_t *base, uint32_t *least);
/** Nothing of the tunnel is being probed, nor was a moment ago. */
bool gateway_mtu_probe_idle(const struct gateway_tunnel *tunnel, usec_t now);
/** Packets of this length and more vanish on the path, and no router says so; 0: none is known to. */
uint32_t gateway_mtu_black_hole(const struct gateway_tunnel *tunnel);

#endif
