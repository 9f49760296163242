// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of a peer share: peer.c, and peer_config.c, which it stands on; peer_steer.c stands on both.
 */
#ifndef TWINSPAN_BGP_PEER_INTERNAL_H
#define TWINSPAN_BGP_PEER_INTERNAL_H

#include "core/bgp/speaker_internal.h"

/* --- peer_config.c ----------------------------------------------------------------------------- */

/** Checks a configuration: all of it, or only what can be changed while the peer is there. `name` is for the
 * error. */
bool peer_config_check(const struct bgp_peer_config *config, struct error *err);
bool peer_options_check(const struct bgp_peer_config *config, const char *name, struct error *err);
/** The texts, numbers and bytes of a configuration become the peer's own (copies), and are freed. */
void peer_config_own(struct bgp_peer_config *config);
void peer_config_disown(struct bgp_peer_config *config);
/** The listeners take what comes from the peer's addresses with that key only; with a length of 0: with none.
 */
bool peer_set_key(struct bgp_peer *peer, const uint8_t *password, size_t length, struct error *err);

/* --- peer.c ------------------------------------------------------------------------------------ */

/** Ends what is going on, with `send` (NULL: without a word). */
void peer_end_sessions(struct bgp_peer *peer, const struct bgp_error *send, const char *why, bool stay);

#endif
