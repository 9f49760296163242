// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A tunnel's own packets as evidence. Packets that go out while nothing comes in make suspicious; they prove
 * nothing, since a stream may have one direction only. So a question is asked, and the one who answers it
 * decides:
 *
 *   quiet -> (out, and nothing in for `silence`) -> SUSPECT: ask -> answered -> quiet
 *                                                                -> unanswered, still nothing in -> DEAD
 *   DEAD -> (packets come in for `recovery`) -> quiet
 *
 * Who asks must be a witness that can be trusted: one that never answered, or had stopped to answer while
 * other packets still came in, has nothing to say about the silence (traffic_witness).
 */
#ifndef TWINSPAN_HEALTH_TRAFFIC_H
#define TWINSPAN_HEALTH_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"

struct traffic_counters {
	uint64_t tx_packets, rx_packets;
	usec_t last_tx, last_rx; /* monotonic; 0: never */
};

enum traffic_state { TRAFFIC_QUIET, TRAFFIC_SUSPECT, TRAFFIC_DEAD };
/* What has just come about. */
enum traffic_step { TRAFFIC_NOTHING, TRAFFIC_ASK, TRAFFIC_CLEARED, TRAFFIC_RECOVERED };

struct traffic {
	usec_t silence, recovery;
	enum traffic_state state;
	bool begun;
	struct traffic_counters before;
	usec_t unanswered_at; /* when the first packet left that nothing came back after; 0: none */
	usec_t back_at;       /* DEAD: since when packets come in again; 0: they don't */
};

/** `silence`: so long may packets leave with none coming back; `recovery`: so long must they come again. */
void traffic_init(struct traffic *traffic, usec_t silence, usec_t recovery);
/** To be called several times in `silence`. TRAFFIC_ASK: suspicion has begun. */
enum traffic_step traffic_look(struct traffic *traffic, const struct traffic_counters *now_counters,
			       usec_t now);
/** The question that TRAFFIC_ASK wanted had no answer. True: the tunnel is dead. */
bool traffic_unanswered(struct traffic *traffic);
/** It had one: the silence is one way only. The next suspicion may come after another `silence`. */
void traffic_answered(struct traffic *traffic, usec_t now);
/** Whether a witness that answered last at `answer_at` (0: never), asked every `interval`, spoke as long as
 * packets came in at all. */
bool traffic_witness(const struct traffic *traffic, usec_t answer_at, usec_t interval);
/** How long packets have been leaving without one coming in. */
usec_t traffic_silence(const struct traffic *traffic, usec_t now);

#endif
