// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A data plane for tests of IKE alone: UDP 500 and 4500 are real, SAs are only remembered. With it two ends
 * negotiate over a real network, and a test sees which SAs charon asked for.
 */
#ifndef TWINSPAN_TESTS_UNIT_IKE_PLANE_H
#define TWINSPAN_TESTS_UNIT_IKE_PLANE_H

#include "core/dataplane.h"

struct dataplane *test_plane_open(struct error *err);
void test_plane_close(struct dataplane *plane);
extern const struct dataplane_ops test_plane_ops;

/** How many SAs there are of a tunnel (0: of all) and direction; `last` gets the newest, without its keys. */
unsigned test_plane_sas(struct dataplane *plane, uint32_t tunnel, bool inbound, struct dataplane_sa *last);
/** SPIs handed out that were neither added nor removed since. */
unsigned test_plane_reserved(struct dataplane *plane);
/** A digest of the newest SA's keys and parameters, equal at both ends of an SA. */
uint64_t test_plane_digest(struct dataplane *plane, uint32_t tunnel, bool inbound);
/** From now on nothing is sent or received. */
void test_plane_silence(struct dataplane *plane, unsigned silent);
/** From now on each SA takes so long to go. */
void test_plane_slow(struct dataplane *plane, unsigned ms);
/** The next SA is refused. */
void test_plane_refuse(struct dataplane *plane, bool refuse);

#endif
