// SPDX-License-Identifier: GPL-2.0-or-later
/* See traffic.h. */
#include "core/health/traffic.h"

#include <string.h>

/* DEAD: packets that come at longer distances than this are no recovery. */
#define RECOVERY_GAP (1500 * 1000)

void
traffic_init(struct traffic *traffic, usec_t silence, usec_t recovery)
{
	*traffic = (struct traffic){.silence = silence, .recovery = recovery};
}

static enum traffic_step
came_in(struct traffic *traffic, usec_t now)
{
	traffic->unanswered_at = 0;
	if (traffic->state == TRAFFIC_SUSPECT) {
		traffic->state = TRAFFIC_QUIET;
		return TRAFFIC_CLEARED;
	}
	if (traffic->state == TRAFFIC_DEAD && traffic->back_at == 0)
		traffic->back_at = now;
	return TRAFFIC_NOTHING;
}

static enum traffic_step
look_dead(struct traffic *traffic, usec_t last_rx, usec_t now)
{
	if (traffic->back_at == 0)
		return TRAFFIC_NOTHING;
	if (now - last_rx > RECOVERY_GAP) {
		traffic->back_at = 0;
		return TRAFFIC_NOTHING;
	}
	if (now - traffic->back_at < traffic->recovery)
		return TRAFFIC_NOTHING;
	traffic->state = TRAFFIC_QUIET;
	traffic->back_at = 0;
	return TRAFFIC_RECOVERED;
}

enum traffic_step
traffic_look(struct traffic *traffic, const struct traffic_counters *counters, usec_t now)
{
	bool in = traffic->begun && counters->rx_packets != traffic->before.rx_packets;
	bool out = traffic->begun && counters->tx_packets != traffic->before.tx_packets;
	enum traffic_step step = TRAFFIC_NOTHING;

	traffic->before = *counters;
	traffic->begun = true;
	if (in)
		step = came_in(traffic, now);
	/* Where the times are those of the reading, what came in at the same one may be the answer. */
	if (out && traffic->unanswered_at == 0 &&
	    (counters->last_tx > counters->last_rx || (counters->last_tx == counters->last_rx && !in)))
		traffic->unanswered_at = counters->last_tx;
	if (step != TRAFFIC_NOTHING)
		return step;
	if (traffic->state == TRAFFIC_DEAD)
		return look_dead(traffic, counters->last_rx, now);
	if (traffic->state == TRAFFIC_QUIET && traffic->unanswered_at != 0 &&
	    now - traffic->unanswered_at >= traffic->silence) {
		traffic->state = TRAFFIC_SUSPECT;
		return TRAFFIC_ASK;
	}
	return TRAFFIC_NOTHING;
}

bool
traffic_unanswered(struct traffic *traffic)
{
	if (traffic->state != TRAFFIC_SUSPECT)
		return false;
	traffic->state = TRAFFIC_DEAD;
	traffic->back_at = 0;
	return true;
}

void
traffic_answered(struct traffic *traffic, usec_t now)
{
	if (traffic->state != TRAFFIC_SUSPECT)
		return;
	traffic->state = TRAFFIC_QUIET;
	traffic->unanswered_at = now;
}

bool
traffic_witness(const struct traffic *traffic, usec_t answer_at, usec_t interval)
{
	return answer_at != 0 && answer_at + 5 * interval / 2 >= traffic->before.last_rx;
}

usec_t
traffic_silence(const struct traffic *traffic, usec_t now)
{
	return traffic->unanswered_at != 0 ? now - traffic->unanswered_at : 0;
}
