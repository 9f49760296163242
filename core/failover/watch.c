// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the data plane's counters say of a move: how long nothing came in, and whether both directions have
 * moved.
 *
 * The counters leave out what goes between the two ends of a tunnel, BGP, BFD, probes. But both tunnels may
 * carry more that is nobody's traffic: somebody's monitoring of the inside addresses, what the plane can't
 * tell apart. So a packet on the new tunnel is not yet a sign that traffic has moved. While nothing moves, a
 * slow timer learns how many packets a second come in by each member; the standby's rate is what control
 * traffic makes (`control`), the active one's surplus is the traffic that will move. A direction has moved
 * when, over a window, the old member is down to control and the new one has at least half of the traffic
 * above it. A slow stream gets a longer window: at least three of its packets.
 *
 * Gaps: the counters are looked at every few milliseconds and name the time of the last packet. Of n packets
 * between two looks only the last one's time is known; with the stream's usual spacing d the longest gap
 * among them is taken as the whole span less (n - 1) d.
 */
#include "core/failover/failover_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct failover_timing failover_timing = {
    .sample = 250,
    .poll = 5,
    .planned_limit = 10000,
    .outage_limit = 30000,
    .window = 300,
    .window_most = 3000,
    .traffic_age = 45000,
    .follow_least = 50,
    .follow_most = 300,
    .second_least = 400,
    .second_most = 500,
    .teach = 3000,
    .static_limit = 4000,
    .traffic_first = 700,
    .traffic_second = 2000,
    .traffic_pause = 60000,
};

/* Surplus over control below which it can't be told from it. */
#define TRAFFIC_LEAST 1.0
#define TRAFFIC_SHARE 0.25
/* How fast a learned rate follows. */
#define RATE_WEIGHT 0.4
#define RATE_MEMORY (USEC_PER_SEC / 2.0)
/* A stream from which nothing came for so long, and for so many of its packets, has ended. */
#define ENDED_AFTER (USEC_PER_SEC / 2)
#define ENDED_PACKETS 5

static void
take_look(const struct failover *failover, struct look *look)
{
	*look = (struct look){.at = clock_monotonic()};
	for (unsigned i = 0; i < failover->count; i++) {
		struct failover_counters counters = {0};

		failover->actions.read_counters(failover->actions.context, i, &counters);
		look->rx[i] = counters.rx_packets;
		look->tx[i] = counters.tx_packets;
		look->last_rx[i] = counters.last_rx;
		look->lost[i] = counters.rx_lost;
	}
}

/* --- rates --- */

static void
rate_learn(struct rate *rate, uint64_t packets, usec_t at)
{
	double now, weight;

	if (!rate->primed || packets < rate->packets) {
		*rate = (struct rate){.primed = true, .packets = packets, .at = at};
		return;
	}
	if (packets == rate->packets || at <= rate->at)
		return;
	now = (double)(packets - rate->packets) * USEC_PER_SEC / (double)(at - rate->at);
	/* The longer ago the last packet, the less does what was before it say. */
	weight = 1 - exp(-(double)(at - rate->at) / RATE_MEMORY);
	if (weight < RATE_WEIGHT)
		weight = RATE_WEIGHT;
	rate->per_second = rate->per_second == 0 ? now : rate->per_second * (1 - weight) + now * weight;
	rate->packets = packets;
	rate->at = at;
}

void
watch_sample(struct failover *failover)
{
	struct look look;

	if (failover->actions.read_counters == NULL || failover->watch.kind != WATCH_NONE)
		return;
	take_look(failover, &look);
	for (unsigned i = 0; i < failover->count; i++) {
		rate_learn(&failover->members[i].rate, look.rx[i], look.at);
		rate_learn(&failover->members[i].sending, look.tx[i], look.at);
	}
}

/* --- looking back over the move --- */

/* The look `back` looks ago; the oldest one kept where there are fewer. */
static const struct look *
look_back(const struct watch *watch, size_t back)
{
	size_t kept = watch->count < WATCH_LOOKS ? watch->count : WATCH_LOOKS;

	if (back >= kept)
		back = kept - 1;
	return &watch->looks[(watch->count - 1 - back) % WATCH_LOOKS];
}

static usec_t
window_of(const struct watch *watch)
{
	double window = failover_timing.window * 1.0;

	if (watch->traffic > 0 && 3000 / watch->traffic > window)
		window = 3000 / watch->traffic;
	if (window > failover_timing.window_most)
		window = failover_timing.window_most;
	return (usec_t)(window * USEC_PER_MS);
}

/* The newest look that is at least `span` old; NULL where the watch is younger. */
static const struct look *
look_before(const struct watch *watch, usec_t span, size_t *back)
{
	usec_t now = look_back(watch, 0)->at;
	size_t kept = watch->count < WATCH_LOOKS ? watch->count : WATCH_LOOKS;

	for (size_t i = 1; i < kept; i++)
		if (now - look_back(watch, i)->at >= span) {
			*back = i;
			return look_back(watch, i);
		}
	return NULL;
}

/* Packets of control traffic to expect within a span, with room for its unevenness. */
static double
control_in(const struct watch *watch, usec_t span)
{
	return watch->control * (double)span / USEC_PER_SEC;
}

static double
traffic_in(const struct watch *watch, usec_t span)
{
	return watch->traffic * (double)span / USEC_PER_SEC;
}

static usec_t
stamp(const struct look *look, int member)
{
	return look->last_rx[member] != 0 ? look->last_rx[member] : look->at;
}

/* --- gaps --- */

static usec_t
latest_rx(const struct failover *failover, const struct look *look)
{
	usec_t latest = 0;

	for (unsigned i = 0; i < failover->count; i++)
		if (look->last_rx[i] > latest)
			latest = look->last_rx[i];
	return latest;
}

static void
learn_gap(const struct failover *failover, struct watch *watch)
{
	const struct look *now = look_back(watch, 0), *before = look_back(watch, 1);
	usec_t span = latest_rx(failover, now) - latest_rx(failover, before), spacing;
	uint64_t packets = 0;

	if (latest_rx(failover, before) == 0)
		return;
	for (unsigned i = 0; i < failover->count; i++)
		packets += now->rx[i] - before->rx[i];
	if (packets == 0)
		span = now->at - latest_rx(failover, now); /* still going on */
	spacing = (usec_t)(USEC_PER_SEC / (watch->traffic + 2 * watch->control + 1));
	if (packets > 1) {
		usec_t even = span / (usec_t)packets, less = span - (usec_t)(packets - 1) * spacing;

		span = less > even ? less : even;
	}
	if (span > watch->longest_gap)
		watch->longest_gap = span;
}

/* --- a loss --- */

static void
loss_over(struct failover *failover, double outage_ms)
{
	usec_t spent = clock_monotonic() - failover->watch.started;
	bool resumed = !isnan(outage_ms);
	struct failover_result result = {.ok = resumed,
					 .ours_moved = true,
					 .theirs_moved = resumed,
					 .took_ms = (double)spent / USEC_PER_MS,
					 .outage_ms = outage_ms};
	char to[80], text[200];

	failover_member_name(failover, failover->watch.to, to);
	if (resumed)
		snprintf(text, sizeof(text), "traffic comes in by %s; nothing came in for %.0f ms", to,
			 outage_ms);
	else if (failover->active_active)
		snprintf(text, sizeof(text),
			 "all tunnels carry traffic: the outage of one can't be told from the counters");
	else if (failover->watch.last_before == 0)
		snprintf(text, sizeof(text), "no traffic was flowing: the outage was not measured");
	else
		snprintf(text, sizeof(text), "no traffic has come in since, for %u s",
			 failover_timing.outage_limit / 1000);
	snprintf(result.text, sizeof(result.text), "%s", text);
	progress_end(failover, &result);
	watch_stop(failover);
	failover_outage_known(failover, outage_ms, text);
}

/* Does traffic come in by the new member? Since when? 0: not yet. */
static usec_t
loss_resumed(const struct watch *watch)
{
	usec_t window = window_of(watch), short_window = (usec_t)(4e6 / watch->traffic);
	size_t back = 0;
	const struct look *now = look_back(watch, 0), *start;

	/* Fast streams are recognised sooner. */
	if (short_window < 4 * (usec_t)failover_timing.poll * USEC_PER_MS)
		short_window = 4 * (usec_t)failover_timing.poll * USEC_PER_MS;
	if (short_window > window)
		short_window = window;
	start = look_before(watch, short_window, &back);
	if (start == NULL ||
	    (double)(now->rx[watch->to] - start->rx[watch->to]) <
		control_in(watch, now->at - start->at) + traffic_in(watch, now->at - start->at) / 2)
		return 0;
	while (back-- > 0) {
		const struct look *look = look_back(watch, back);

		if ((double)(look->rx[watch->to] - start->rx[watch->to]) >=
		    control_in(watch, look->at - start->at) + 1)
			return stamp(look, watch->to);
	}
	return stamp(now, watch->to);
}

static void
loss_look(struct failover *failover)
{
	struct watch *watch = &failover->watch;
	usec_t resumed = watch->to >= 0 ? loss_resumed(watch) : 0;

	if (resumed != 0)
		loss_over(failover, resumed > watch->last_before
					? (double)(resumed - watch->last_before) / USEC_PER_MS
					: 0);
	else if (clock_monotonic() - watch->started >= failover_timing.outage_limit * USEC_PER_MS)
		loss_over(failover, NAN);
}

/* --- a planned move --- */

/* The traffic has moved, and its rate with it: the next move, however soon, knows what to expect. */
static void
rates_move(struct failover *failover, int from, int to, const struct look *now)
{
	double moved = failover->members[from].rate.per_second;

	failover->members[from].rate.per_second = failover->members[to].rate.per_second;
	failover->members[to].rate.per_second = moved;
	for (unsigned i = 0; i < failover->count; i++) {
		failover->members[i].rate.primed = true;
		failover->members[i].rate.packets = now->rx[i];
		failover->members[i].rate.at = now->at;
	}
}

static void
planned_over(struct failover *failover, const char *instead)
{
	struct watch *watch = &failover->watch;
	struct failover_result result = {
	    .ours_moved = watch->ours, .theirs_moved = watch->theirs, .outage_ms = NAN};
	bool stays = failover->is_static && watch->ours && !watch->theirs && instead == NULL;
	usec_t end = watch->theirs ? watch->theirs_at : clock_monotonic();
	char from[80], to[80], gap[60] = "";
	int from_member, to_member;
	struct look now = {0};

	result.ok = watch->ours && (watch->theirs || stays) && instead == NULL;
	result.took_ms = end > watch->started ? (double)(end - watch->started) / USEC_PER_MS : 0;
	if (watch->traffic > 0) {
		result.outage_ms = (double)watch->longest_gap / USEC_PER_MS;
		snprintf(gap, sizeof(gap), ", longest gap %.0f ms", result.outage_ms);
	} else {
		snprintf(gap, sizeof(gap), "; there was no traffic to measure");
	}
	failover_member_name(failover, watch->from, from);
	failover_member_name(failover, watch->to, to);
	if (instead != NULL)
		snprintf(result.text, sizeof(result.text), "%s", instead);
	else if (stays)
		snprintf(
		    result.text, sizeof(result.text),
		    "what we send goes by %.60s; the other side goes on sending by %.60s: static routing "
		    "can't steer it",
		    to, from);
	else if (result.ok)
		snprintf(result.text, sizeof(result.text), "moved from %s to %s in %.0f ms%s", from, to,
			 result.took_ms, gap);
	else
		snprintf(result.text, sizeof(result.text),
			 "what we send goes by %.60s%s; after %.0f s the other side still sends by %.60s: it "
			 "doesn't follow our "
			 "MED, or not yet",
			 to, watch->ours ? "" : " (not seen)", result.took_ms / 1000, from);
	from_member = result.ok && watch->theirs && watch->traffic > 0 ? watch->from : -1;
	to_member = watch->to;
	if (from_member >= 0)
		now = *look_back(watch, 0);
	progress_end(failover, &result);
	watch_stop(failover);
	if (from_member >= 0)
		rates_move(failover, from_member, to_member, &now);
	failover_planned_done(failover, &result);
}

/* What we send: the kernel moved it when the routes were set; the counters have the last word. */
static bool
ours_moved(const struct watch *watch)
{
	const struct look *now = look_back(watch, 0), *first = look_back(watch, SIZE_MAX);
	const struct look *start;
	size_t back = 0;

	if (now->tx[watch->to] > first->tx[watch->to])
		return true;
	start = look_before(watch, failover_timing.window * USEC_PER_MS, &back);
	return start != NULL && now->tx[watch->from] == start->tx[watch->from];
}

static bool
theirs_moved(struct watch *watch)
{
	usec_t window = window_of(watch), span;
	size_t back = 0;
	const struct look *now = look_back(watch, 0), *start = look_before(watch, window, &back);
	double old, new;

	if (start == NULL)
		return false;
	span = now->at - start->at;
	old = (double)(now->rx[watch->from] - start->rx[watch->from]);
	new = (double)(now->rx[watch->to] - start->rx[watch->to]);
	watch->theirs_at = start->at;
	if (watch->traffic == 0)
		return true; /* nothing to see it by */
	/* From when on there was only control on the old one. */
	while (back > 0) {
		const struct look *look = look_back(watch, back);

		watch->theirs_at = look->at;
		if ((double)(now->rx[watch->from] - look->rx[watch->from]) <=
		    1.5 * control_in(watch, now->at - look->at) + 0.5)
			break;
		back--;
	}
	if (old > 1.5 * control_in(watch, span) + traffic_in(watch, span) / 4 + 0.5)
		return false;
	if (new >= control_in(watch, span) + traffic_in(watch, span) / 2)
		return true;
	/* The stream may just have ended: little but control on either. */
	return new + old <= 3 * control_in(watch, span) + traffic_in(watch, span) / 4 + 0.5 &&
	       now->at - watch->started > 3 * window;
}

static void
planned_look(struct failover *failover)
{
	struct watch *watch = &failover->watch;
	unsigned limit = failover->is_static && failover_timing.static_limit < failover_timing.planned_limit
			     ? failover_timing.static_limit
			     : failover_timing.planned_limit;

	if (watch->count > 1)
		learn_gap(failover, watch);
	watch->ours = watch->ours || ours_moved(watch);
	watch->theirs = watch->theirs || theirs_moved(watch);
	if ((watch->ours && watch->theirs) ||
	    clock_monotonic() - watch->started >= (usec_t)limit * USEC_PER_MS)
		planned_over(failover, NULL);
}

/* --- start and stop --- */

static void
tell_progress(struct failover *failover)
{
	struct watch *watch = &failover->watch;
	size_t back = 0;
	const struct look *start = look_before(watch, window_of(watch), &back);

	progress_look(failover, start != NULL ? start : look_back(watch, SIZE_MAX), look_back(watch, 0));
}

static void
on_poll(uv_timer_t *timer)
{
	struct failover *failover = timer->data;
	struct watch *watch = &failover->watch;

	take_look(failover, &watch->looks[watch->count++ % WATCH_LOOKS]);
	if (watch->kind == WATCH_LOSS)
		loss_look(failover);
	else
		planned_look(failover);
	if (watch->kind != WATCH_NONE)
		tell_progress(failover);
}

/* Is `rate` so much more than control that it is traffic? */
static bool
is_traffic(double rate, double control)
{
	return rate - control >= TRAFFIC_LEAST && rate - control >= TRAFFIC_SHARE * control;
}

/* Did we send traffic by the lost member, whatever came in by it? */
static bool
was_sending(const struct failover *failover, int from)
{
	double control = 0;

	for (int i = 0; i < (int)failover->count; i++)
		if (i != from)
			control = failover->members[i].sending.per_second;
	return is_traffic(failover->members[from].sending.per_second, control);
}

/* Learned rates into what will move. `other`: whose rate is control traffic. */
static void
learn_traffic(struct failover *failover, struct watch *watch, int from)
{
	const struct rate *rate = &failover->members[from].rate;
	double control = 0;

	for (int i = 0; i < (int)failover->count; i++)
		if (i != from)
			control = failover->members[i].rate.per_second;
	watch->control = control < rate->per_second ? control : rate->per_second;
	watch->traffic = rate->per_second - watch->control;
	if (!is_traffic(rate->per_second, watch->control))
		watch->traffic = 0;
}

/* Before a planned move: the stream that was known is no longer there; nobody has to wait for it. */
static bool
has_ended(const struct watch *watch, const struct look *look)
{
	double patience = watch->traffic > 0 ? ENDED_PACKETS * 1e6 / watch->traffic : 0;

	return look->last_rx[watch->from] != 0 &&
	       look->at - look->last_rx[watch->from] > ENDED_AFTER + (usec_t)patience;
}

void
watch_start(struct failover *failover, enum watch_kind kind, int from, int to)
{
	struct watch *watch = &failover->watch;
	struct look look;

	if (kind == WATCH_LOSS && watch->kind == WATCH_LOSS && watch->to < 0) {
		watch->to = to;
		return;
	}
	watch_stop(failover);
	if (failover->actions.read_counters == NULL || from < 0)
		return;
	*watch = (struct watch){.kind = kind, .from = from, .to = to, .started = clock_monotonic()};
	learn_traffic(failover, watch, from);
	for (unsigned i = 0; i < failover->count; i++)
		watch->sending[i] = failover->members[i].sending.per_second;
	take_look(failover, &look);
	progress_begin(failover, &look);
	if (kind == WATCH_PLANNED && has_ended(watch, &look))
		watch->traffic = 0;
	if (kind == WATCH_LOSS) {
		watch->last_before = stamp(&look, from);
		/* The other side moved before us: what it sends came in all the time, what we sent was lost.
		 */
		if (watch->traffic == 0 && to >= 0 && look.rx[from] != 0 && was_sending(failover, from)) {
			loss_over(failover, (double)(look.at - watch->last_before) / USEC_PER_MS);
			return;
		}
		if (watch->started - watch->last_before > failover_timing.traffic_age * USEC_PER_MS ||
		    look.rx[from] == 0 || watch->traffic == 0 || failover->active_active) {
			watch->last_before = 0;
			loss_over(failover, NAN);
			return;
		}
	}
	watch->looks = memory_zeroed(WATCH_LOOKS, sizeof(*watch->looks));
	watch->looks[watch->count++] = look;
	uv_timer_start(&failover->poller, on_poll, failover_timing.poll, failover_timing.poll);
}

void
watch_stop(struct failover *failover)
{
	uv_timer_stop(&failover->poller);
	free(failover->watch.looks);
	failover->watch = (struct watch){.from = -1, .to = -1};
	for (unsigned i = 0; i < failover->count; i++)
		failover->members[i].rate.primed = failover->members[i].sending.primed =
		    false; /* what moved must be learned anew */
}

void
watch_abort(struct failover *failover, const char *why)
{
	if (failover->watch.kind == WATCH_PLANNED)
		planned_over(failover, why);
}
