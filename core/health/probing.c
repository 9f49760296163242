// SPDX-License-Identifier: GPL-2.0-or-later
/* See probing.h. */
#include "core/health/probing.h"

#include <math.h>
#include <string.h>

#include "core/probe.h"

#define FIRST_PATIENCE_US USEC_PER_SEC
#define LEAST_SPREAD_US 10000
#define MOST_PATIENCE_US (10 * USEC_PER_SEC)

void
probing_init(struct probing *probing, uint32_t interval_ms, uint32_t fail, uint32_t recover, usec_t now)
{
	memset(probing, 0, sizeof(*probing));
	probing->interval_us = (interval_ms != 0 ? interval_ms : 1) * 1000;
	probing->fail = fail != 0 ? fail : 1;
	probing->recover = recover != 0 ? recover : 1;
	probing->next = probing->oldest = 1;
	probing->next_at = now;
}

/* How long an answer may take. */
static usec_t
patience(const struct probing *probing)
{
	usec_t least = probing->hurry.active && probing->hurry.spacing_us < probing->interval_us
			   ? probing->hurry.spacing_us / 2
			   : probing->interval_us / 2;
	usec_t usual;

	if (!probing->answered)
		return least * 2 > FIRST_PATIENCE_US ? least * 2 : FIRST_PATIENCE_US;
	usual = (usec_t)probing->smooth_us + 4 * (usec_t)probing->spread_us + LEAST_SPREAD_US;
	if (usual > least)
		return usual < MOST_PATIENCE_US ? usual : MOST_PATIENCE_US;
	return least < FIRST_PATIENCE_US ? least : FIRST_PATIENCE_US;
}

usec_t
probing_deadline(const struct probing *probing)
{
	usec_t lost_at = INT64_MAX;

	if (probing->oldest != probing->next)
		lost_at = probing->asked[probing->oldest % PROBING_ROOM].at + patience(probing);
	return lost_at < probing->next_at ? lost_at : probing->next_at;
}

static struct probing_bucket *
bucket_of(struct probing *probing, usec_t at)
{
	int64_t second = at / USEC_PER_SEC;
	struct probing_bucket *bucket = &probing->buckets[second % PROBING_SECONDS];

	if (bucket->second != second)
		*bucket = (struct probing_bucket){.second = second};
	return bucket;
}

/* Questions that are decided leave the front. */
static void
settle(struct probing *probing)
{
	while (probing->oldest != probing->next && !probing->asked[probing->oldest % PROBING_ROOM].waiting)
		probing->oldest++;
}

static unsigned
miss(struct probing *probing, uint32_t number)
{
	unsigned changes = 0;
	usec_t at = probing->asked[number % PROBING_ROOM].at;
	struct probing_bucket *bucket = &probing->buckets[at / USEC_PER_SEC % PROBING_SECONDS];

	probing->asked[number % PROBING_ROOM].waiting = false;
	probing->asked[number % PROBING_ROOM].lost = true;
	if (bucket->second == at / USEC_PER_SEC)
		bucket->lost++;
	probing->hits = 0;
	probing->misses++;
	if (probing->misses >= probing->fail && probing->verdict != HEALTH_FAILED) {
		probing->verdict = HEALTH_FAILED;
		changes |= PROBING_VERDICT;
	}
	if (probing->hurry.active && probing->hurry.left == 0 && number == probing->hurry.last) {
		probing->hurry.active = false;
		changes |= PROBING_HURRY_UNANSWERED;
	}
	return changes;
}

unsigned
probing_tick(struct probing *probing, usec_t now)
{
	unsigned changes = 0;

	settle(probing);
	while (probing->oldest != probing->next &&
	       probing->asked[probing->oldest % PROBING_ROOM].at + patience(probing) <= now) {
		changes |= miss(probing, probing->oldest);
		settle(probing);
	}
	return changes;
}

bool
probing_ask(struct probing *probing, usec_t now, uint32_t *number)
{
	if (now < probing->next_at)
		return false;
	if (probing->next - probing->oldest >= PROBING_ROOM) { /* the oldest makes room */
		probing->next_at = now + probing->interval_us;
		return false;
	}
	*number = probing->next++;
	probing->asked[*number % PROBING_ROOM].at = now;
	probing->asked[*number % PROBING_ROOM].waiting = true;
	probing->asked[*number % PROBING_ROOM].lost = false;
	bucket_of(probing, now)->asked++;
	probing->next_at = now + probing->interval_us;
	if (probing->hurry.left != 0) {
		probing->hurry.left--;
		probing->hurry.last = *number;
		if (probing->hurry.left != 0)
			probing->next_at = now + probing->hurry.spacing_us;
	}
	return true;
}

/* RFC 6298 2, and the difference to the round trip before. */
static void
learn(struct probing *probing, uint32_t rtt, usec_t now)
{
	struct probing_bucket *bucket = bucket_of(probing, now);
	uint32_t difference;

	if (!probing->answered) {
		probing->smooth_us = rtt;
		probing->spread_us = rtt / 2;
	} else {
		difference = rtt > probing->rtt_us ? rtt - probing->rtt_us : probing->rtt_us - rtt;
		bucket->differences++;
		bucket->difference_us += difference;
		difference = rtt > probing->smooth_us ? rtt - probing->smooth_us : probing->smooth_us - rtt;
		probing->spread_us = (uint32_t)((3 * (uint64_t)probing->spread_us + difference) / 4);
		probing->smooth_us = (uint32_t)((7 * (uint64_t)probing->smooth_us + rtt) / 8);
	}
	probing->rtt_us = rtt;
	probing->answered = true;
}

unsigned
probing_answer(struct probing *probing, uint32_t number, uint32_t rtt_us, usec_t now)
{
	unsigned changes = 0;
	uint32_t before = probing->next - number; /* how many questions ago, from 1 */

	if (before == 0 || before > PROBING_ROOM)
		return 0;
	if (!probing->asked[number % PROBING_ROOM].waiting && !probing->asked[number % PROBING_ROOM].lost)
		return 0; /* twice */
	probing->asked[number % PROBING_ROOM].waiting = probing->asked[number % PROBING_ROOM].lost = false;
	settle(probing);
	probing->answer_at = now;
	if (rtt_us != PROBE_RTT_UNKNOWN)
		learn(probing, rtt_us, now);
	probing->misses = 0;
	probing->hits++;
	if (probing->verdict == HEALTH_UNKNOWN ||
	    (probing->verdict == HEALTH_FAILED && probing->hits >= probing->recover)) {
		probing->verdict = HEALTH_OK;
		changes |= PROBING_VERDICT;
	}
	if (probing->hurry.active && (int32_t)(number - probing->hurry.first) >= 0) {
		probing->hurry.active = false;
		probing->hurry.left = 0;
		probing->next_at = now + probing->interval_us;
		changes |= PROBING_HURRY_ANSWERED;
	}
	return changes;
}

void
probing_hurry(struct probing *probing, uint32_t count, uint32_t spacing_ms, usec_t now)
{
	if (probing->hurry.active || count == 0)
		return;
	probing->hurry.active = true;
	probing->hurry.first = probing->next;
	probing->hurry.left = count;
	probing->hurry.spacing_us = spacing_ms * 1000;
	probing->next_at = now;
}

void
probing_figures(const struct probing *probing, usec_t now, struct probing_figures *out)
{
	uint64_t differences = 0, sum = 0, decided;

	*out = (struct probing_figures){.rtt_ms = NAN, .jitter_ms = NAN, .loss_percent = NAN};
	for (size_t i = 0; i < PROBING_SECONDS; i++) {
		const struct probing_bucket *bucket = &probing->buckets[i];

		if (bucket->second <= now / USEC_PER_SEC - PROBING_SECONDS)
			continue;
		out->asked += bucket->asked;
		out->lost += bucket->lost;
		differences += bucket->differences;
		sum += bucket->difference_us;
	}
	if (probing->answered)
		out->rtt_ms = probing->smooth_us / 1000.0;
	if (differences != 0)
		out->jitter_ms = (double)sum / (double)differences / 1000.0;
	decided = out->asked;
	for (uint32_t n = probing->oldest; n != probing->next && decided != 0; n++)
		decided -= probing->asked[n % PROBING_ROOM].waiting;
	if (decided != 0)
		out->loss_percent = 100.0 * (double)out->lost / (double)decided;
}
