// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rounds of rib_rounds.c do to a path that they come to; it is rib.c's. */
#ifndef TWINSPAN_BGP_RIB_ROUNDS_INTERNAL_H
#define TWINSPAN_BGP_RIB_ROUNDS_INTERNAL_H

#include "core/bgp/chronicle_internal.h"

/** Those who are told several paths of a prefix have to look at it again: its path `at` changed. */
void rib_mark_path(struct rib *rib, struct net *net, uint32_t at);
/** Decides again on a prefix because of something about `peer`. `force`: it is a change even where the
 * outcome is the same. */
void rib_decide_again(struct rib *rib, uint32_t net, bool force, uint16_t peer, enum chronicle_cause cause);
/** Takes a path out of its prefix, where it hangs at path `link` (0: at the net itself), and decides on what
 * is left. */
void rib_path_remove(struct rib *rib, struct net *net, uint32_t at, uint32_t link,
		     enum chronicle_cause cause);

#endif
