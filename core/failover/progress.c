// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What people see of a move while it goes on: which part of either direction has changed over, what was lost
 * on the way, and when each happened. It says nothing that watch.c doesn't see in the counters; it is kept
 * after the move until the next one.
 *
 * Shares are taken over the watch's window, above what control traffic makes on both tunnels. Losses are
 * those of what came in: ESP's sequence numbers show them. What we sent and the other side did not get can't
 * be seen from here.
 */
#include "core/failover/failover_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* Between two times that those who watch are told. */
#define TELL_EVERY (100 * USEC_PER_MS)

static void
tell(struct failover *failover)
{
	failover->progress_told = clock_monotonic();
	if (failover->actions.progress != NULL && !failover->freed)
		failover->actions.progress(failover->actions.context);
}

void
progress_begin(struct failover *failover, const struct look *first)
{
	const struct watch *watch = &failover->watch;
	struct failover_progress *progress = &failover->progress;
	bool loss = watch->kind == WATCH_LOSS;

	*progress = (struct failover_progress){
	    .set = true,
	    .phase = loss ? FAILOVER_OURS_MOVED : FAILOVER_MOVING,
	    .kind = loss || failover->noted ? "failover" : failover->deed,
	    .from = watch->from,
	    .to = watch->to,
	    .began_at = clock_wall_of(watch->started),
	    .ours_percent = NAN,
	    .theirs_percent = NAN,
	    .outage_ms = NAN,
	};
	if (loss)
		progress->ours_at = progress->began_at;
	failover->progress_first = *first;
	tell(failover);
}

/* Of what goes above control, how much goes by the new one; `before` where there is nothing to tell by. */
static double
share(uint64_t old, uint64_t new, double control, double before)
{
	double left = (double)old - control, arrived = (double)new - control;

	left = left > 0 ? left : 0;
	arrived = arrived > 0 ? arrived : 0;
	return left + arrived < 1 ? before : 100 * arrived / (left + arrived);
}

static double
sending_control(const struct failover *failover, usec_t span)
{
	const struct watch *watch = &failover->watch;
	double from = watch->sending[watch->from], to = watch->to >= 0 ? watch->sending[watch->to] : 0;

	return (from < to ? from : to) * (double)span / USEC_PER_SEC;
}

static void
count(struct failover *failover, const struct look *now)
{
	struct failover_progress *progress = &failover->progress;
	const struct look *first = &failover->progress_first;

	progress->rx_packets = progress->tx_packets = progress->rx_lost = 0;
	for (unsigned i = 0; i < failover->count; i++) {
		progress->rx_packets += now->rx[i] - first->rx[i];
		progress->tx_packets += now->tx[i] - first->tx[i];
		if (now->lost[i] == FAILOVER_NOT_COUNTED || first->lost[i] == FAILOVER_NOT_COUNTED)
			progress->rx_lost = FAILOVER_NOT_COUNTED;
		else if (progress->rx_lost != FAILOVER_NOT_COUNTED && now->lost[i] > first->lost[i])
			progress->rx_lost += now->lost[i] - first->lost[i];
	}
}

static void
count_shares(struct failover *failover, const struct look *start, const struct look *now)
{
	const struct watch *watch = &failover->watch;
	struct failover_progress *progress = &failover->progress;
	usec_t span = now->at - start->at;
	int from = watch->from, to = watch->to;

	if (to < 0 || span <= 0)
		return;
	progress->ours_percent = share(now->tx[from] - start->tx[from], now->tx[to] - start->tx[to],
				       sending_control(failover, span), progress->ours_percent);
	if (watch->traffic > 0)
		progress->theirs_percent =
		    share(now->rx[from] - start->rx[from], now->rx[to] - start->rx[to],
			  watch->control * (double)span / USEC_PER_SEC, progress->theirs_percent);
}

void
progress_look(struct failover *failover, const struct look *start, const struct look *now)
{
	struct failover_progress *progress = &failover->progress;
	const struct watch *watch = &failover->watch;
	bool changed = progress->to != watch->to;

	progress->to = watch->to;
	count(failover, now);
	count_shares(failover, start, now);
	progress->took_ms = (double)(now->at - watch->started) / USEC_PER_MS;
	if (watch->kind == WATCH_LOSS)
		progress->outage_ms = (double)(now->at - watch->last_before) / USEC_PER_MS;
	else if (watch->traffic > 0)
		progress->outage_ms = (double)watch->longest_gap / USEC_PER_MS;
	if (watch->ours && progress->ours_at == 0) {
		progress->ours_at = clock_wall_of(now->at);
		progress->phase = FAILOVER_OURS_MOVED;
		changed = true;
	}
	if (changed || now->at - failover->progress_told >= TELL_EVERY)
		tell(failover);
}

void
progress_end(struct failover *failover, const struct failover_result *result)
{
	struct failover_progress *progress = &failover->progress;

	if (!progress->set || progress->done_at != 0)
		return;
	progress->phase = result->ok ? FAILOVER_DONE : FAILOVER_FAILED;
	progress->done_at = clock_wall();
	/* Both directions were seen to have moved by one look. */
	if (result->ours_moved && progress->ours_at == 0)
		progress->ours_at = progress->done_at;
	progress->took_ms = result->took_ms;
	progress->outage_ms = result->outage_ms;
	if (result->theirs_moved) {
		progress->theirs_at = progress->began_at + (usec_t)(result->took_ms * USEC_PER_MS);
		progress->theirs_percent = isnan(progress->theirs_percent) ? NAN : 100;
	}
	snprintf(progress->text, sizeof(progress->text), "%s", result->text);
	tell(failover);
}

void
failover_progress(const struct failover *failover, struct failover_progress *out)
{
	*out = failover->progress;
}
