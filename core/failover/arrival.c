// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By which member the other side sends, where no protocol tells: static routing. What arrives is looked at a
 * few times a second. As soon as more comes in by the other member than by the one that carries, packets are
 * counted from there on, until that is over or has become clear.
 *
 * Probes ride on both members alike, so that only the surplus is traffic. To be clear it must be half of what
 * comes in by the member that carries, last for a while, and not be a handful of packets. Two gateways that
 * each follow the other must not swap at once: FAILOVER_ORDER_SECOND wants to see twice as much for more than
 * twice as long, and by then sees that the first one has moved.
 */
#include "core/failover/failover_internal.h"

#include <string.h>

/* Packets more than by the member that carries. */
#define SURPLUS_LEAST 5
#define SURPLUS_SHARE 0.5
/* So few more in a sample are the unevenness of probes. */
#define UNEVEN 2
/* After so many times the wait there must be this share of the least, or it is looked at anew. */
#define TRICKLE_WAITS 4
#define TRICKLE 0.4

void
arrival_forget(struct failover *failover)
{
	failover->arrival.primed = false;
	failover->arrival.by = NONE;
}

static void
begin(struct arrival *arrival, const uint64_t *now, usec_t at)
{
	arrival->primed = true;
	arrival->by = NONE;
	arrival->since = at;
	memcpy(arrival->first, now, sizeof(arrival->first));
}

static void
weigh(struct failover *failover, int by, const uint64_t *now, usec_t at)
{
	struct arrival *arrival = &failover->arrival;
	bool second = failover->order != FAILOVER_ORDER_FIRST;
	usec_t wait = (second ? failover_timing.traffic_second : failover_timing.traffic_first) * USEC_PER_MS;
	double least = SURPLUS_LEAST * (second ? 2 : 1);
	double ours = (double)(now[1 - by] - arrival->first[1 - by]);
	double surplus = (double)(now[by] - arrival->first[by]) - ours;
	bool back = now[1 - by] - arrival->last[1 - by] > now[by] - arrival->last[by] + UNEVEN;

	if (back || surplus <= 0 ||
	    (at - arrival->since >= TRICKLE_WAITS * wait && surplus < TRICKLE * least))
		begin(arrival, now, at);
	else if (at - arrival->since >= wait && surplus >= least && surplus >= SURPLUS_SHARE * ours)
		arrival->by = by;
}

void
arrival_sample(struct failover *failover)
{
	struct arrival *arrival = &failover->arrival;
	uint64_t now[FAILOVER_MEMBERS] = {0};
	usec_t at = clock_monotonic();
	int active = first_of(failover->active);

	if (!failover->follows_traffic || failover->active_active || failover->count != FAILOVER_MEMBERS ||
	    failover->actions.read_counters == NULL)
		return;
	/* While an outage is measured it is looked at too: if it lasts, that is because the other side sends
	 * by the other member, or no more. */
	if (active < 0 || failover->watch.kind == WATCH_PLANNED) {
		arrival_forget(failover);
		return;
	}
	for (unsigned i = 0; i < failover->count; i++) {
		struct failover_counters counters = {0};

		failover->actions.read_counters(failover->actions.context, i, &counters);
		now[i] = counters.rx_packets;
	}
	if (!arrival->primed)
		begin(arrival, now, at);
	else
		weigh(failover, 1 - active, now, at);
	memcpy(arrival->last, now, sizeof(arrival->last));
}

bool
arrival_may_follow(const struct failover *failover)
{
	usec_t oldest = failover->arrival.followed[failover->arrival.next];

	return oldest == 0 ||
	       clock_monotonic() - oldest >= (usec_t)failover_timing.traffic_pause * USEC_PER_MS;
}

void
arrival_begin_anew(struct failover *failover)
{
	memset(failover->arrival.followed, 0, sizeof(failover->arrival.followed));
}

void
arrival_followed(struct failover *failover)
{
	struct arrival *arrival = &failover->arrival;

	arrival->followed[arrival->next] = clock_monotonic();
	arrival->next = (arrival->next + 1) % FOLLOWS;
}
