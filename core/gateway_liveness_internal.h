// SPDX-License-Identifier: GPL-2.0-or-later
/* A tunnel's liveness from inside: what its files share. From the outside it is core/gateway_internal.h. */
#ifndef TWINSPAN_GATEWAY_LIVENESS_INTERNAL_H
#define TWINSPAN_GATEWAY_LIVENESS_INTERNAL_H

#include "core/gateway_internal.h"

#define SLOW_PROBE_MS 1000 /* the probe of tunnels that have none in the configuration */

/* --- gateway_liveness.c --- */

void liveness_publish(struct gateway_tunnel *tunnel);
/** The tunnel is dead, or lives again, by what a probe found. */
void liveness_probe_failed(struct gateway_tunnel *tunnel, const char *text);
void liveness_probe_recovered(struct gateway_tunnel *tunnel, const char *text);

/* --- gateway_damping.c --- */

/** Once a second: the time that it is held back may be over. */
void damping_tick(struct gateway_tunnel *tunnel);

/* --- gateway_silence.c --- */

/** Begins to look at all tunnels that are live; ends with gateway_liveness_close. */
void silence_watch(struct gateway *gateway);
/** What was seen so far is nothing to go by any more. */
void silence_forget(struct gateway_tunnel *tunnel);
/** As of struct prober_options, `hurried`. */
void silence_hurried(void *context, uint32_t id, bool answered);

#endif
