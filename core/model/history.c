// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rings of samples, found by name through a hash (open addressing would need tombstones; chains are short and
 * simple). All rings turn together: the second's number says the place in each, so a new tunnel's past is
 * simply unknown. The present minute and quarter are means of what they have so far, so nothing is to be done
 * when they end.
 *
 * A sample takes two bytes: its logarithm, in steps that are 0.05 % apart, from nothing to a terabit a
 * second.
 */
#include "core/model/history_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN 0
#define STEPS 1400     /* a doubling has so many; 65535 of them are enough for 46 doublings */
#define SMALLEST 0.01F /* what is told from nothing */

const struct history_resolution history_resolutions[HISTORY_SPANS] = {
    {"minutes", "second", 1, 240},
    {"hours", "minute", 60, 180},
    {"day", "quarter-hour", 900, 96},
};
static const size_t offsets[HISTORY_SPANS] = {0, 240, 240 + 180};
static const size_t kept[PARTS] = {TUNNEL_SERIES, SESSION_SERIES};

static uint16_t
pack(float value)
{
	float steps;

	if (isnan(value) || value < 0)
		return UNKNOWN;
	steps = 1 + (float)STEPS * log2f(1 + value / SMALLEST);
	return steps < UINT16_MAX ? (uint16_t)lrintf(steps) : UINT16_MAX;
}

static float
unpack(uint16_t packed)
{
	static float within[STEPS]; /* a doubling: a frame unpacks tens of thousands of them */
	unsigned steps = packed - 1U;

	if (packed == UNKNOWN)
		return NAN;
	for (unsigned i = 0; within[0] == 0 && i < STEPS; i++)
		within[STEPS - 1 - i] = exp2f((float)(STEPS - 1 - i) / STEPS);
	return (within[steps % STEPS] * (float)(UINT64_C(1) << steps / STEPS) - 1) * SMALLEST;
}

static uint16_t *
place_of(struct series *series, enum history_span span, uint64_t number)
{
	return &series->samples[offsets[span] + number % history_resolutions[span].samples];
}

/* --- who has a past ---------------------------------------------------------------------------- */

struct history *
history_new(void)
{
	return memory_zeroed(1, sizeof(struct history));
}

static void
free_subject(struct subject *subject)
{
	for (int part = 0; part < PARTS; part++)
		free(subject->parts[part]);
	free(subject);
}

void
history_free(struct history *history)
{
	if (history == NULL)
		return;
	for (size_t i = 0; i < history->count; i++)
		free_subject(history->sorted[i]);
	free(history->sorted);
	free(history);
}

/* FNV-1a. */
static size_t
bucket_of(const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return hash % BUCKETS;
}

struct subject *
history_find(const struct history *history, const char *name)
{
	struct subject *subject = history->buckets[bucket_of(name)];

	while (subject != NULL && strcmp(subject->name, name) != 0)
		subject = subject->next;
	return subject;
}

static struct subject *
add(struct history *history, const char *name)
{
	size_t bucket = bucket_of(name), length = strlen(name) + 1, at = history->count;
	struct subject *subject = memory_zeroed(1, sizeof(*subject) + length);

	memcpy(subject->name, name, length);
	subject->next = history->buckets[bucket];
	history->buckets[bucket] = subject;
	if (history->count == history->room) {
		history->room = history->room != 0 ? history->room * 2 : 16;
		history->sorted = memory_resize(history->sorted, history->room * sizeof(struct subject *));
	}
	while (at > 0 && strcmp(history->sorted[at - 1]->name, name) > 0)
		at--;
	memmove(history->sorted + at + 1, history->sorted + at,
		(history->count - at) * sizeof(struct subject *));
	history->sorted[at] = subject;
	history->count++;
	return subject;
}

struct series *
history_series_of(struct history *history, const char *name, enum part part)
{
	struct subject *subject = history_find(history, name);

	if (subject == NULL)
		subject = add(history, name);
	if (subject->parts[part] == NULL)
		subject->parts[part] = memory_zeroed(kept[part], sizeof(struct series)); /* UNKNOWN is 0 */
	return subject->parts[part];
}

static void
unlink_subject(struct history *history, struct subject *subject)
{
	struct subject **link = &history->buckets[bucket_of(subject->name)];

	while (*link != subject)
		link = &(*link)->next;
	*link = subject->next;
}

static void
forget_unseen(struct history *history)
{
	size_t left = 0;

	for (size_t i = 0; i < history->count; i++) {
		struct subject *subject = history->sorted[i];

		for (int part = 0; part < PARTS; part++) {
			if (!subject->seen[part]) {
				free(subject->parts[part]);
				subject->parts[part] = NULL;
			}
			subject->seen[part] = false;
		}
		if (subject->parts[PART_TUNNEL] != NULL || subject->parts[PART_SESSION] != NULL) {
			history->sorted[left++] = subject;
			continue;
		}
		unlink_subject(history, subject);
		free_subject(subject);
	}
	history->count = left;
}

/* --- time -------------------------------------------------------------------------------------- */

uint64_t
history_newest(const struct history *history, enum history_span span)
{
	return history->second / history_resolutions[span].seconds;
}

uint64_t
history_filled(const struct history *history, enum history_span span)
{
	uint64_t count =
	    history_newest(history, span) - history->first / history_resolutions[span].seconds + 1;

	if (!history->began)
		return 0;
	return count < history_resolutions[span].samples ? count : history_resolutions[span].samples;
}

/* Makes the places of the samples that begin after `from` unknown. */
static void
blank(const struct history *history, struct series *series, uint64_t from)
{
	for (int span = 0; span < HISTORY_SPANS; span++) {
		const struct history_resolution *r = &history_resolutions[span];
		uint64_t old = from / r->seconds, now = history->second / r->seconds;

		if (old == now)
			continue;
		series->running[span] = (struct running){0};
		old = now - old > r->samples ? now - r->samples : old;
		for (uint64_t number = old + 1; number <= now; number++)
			*place_of(series, (enum history_span)span, number) = UNKNOWN;
	}
}

/* Turns all rings to the present second. */
static void
turn(struct history *history, usec_t monotonic, usec_t wall)
{
	uint64_t second;
	int64_t shift;

	if (!history->began) {
		history->began = true;
		history->first_monotonic = monotonic;
		history->first = history->second = history->before =
		    wall > 0 ? (uint64_t)(wall / USEC_PER_SEC) : 0;
		return;
	}
	/* The first sample is in the middle of its second: ticks come a little early or late. */
	second = history->first +
		 (uint64_t)((monotonic - history->first_monotonic + USEC_PER_SEC / 2) / USEC_PER_SEC);
	history->before = history->second;
	if (second > history->second) {
		history->second = second;
		for (size_t i = 0; i < history->count; i++) {
			for (int part = 0; part < PARTS; part++) {
				struct series *series = history->sorted[i]->parts[part];

				for (size_t k = 0; series != NULL && k < kept[part]; k++)
					blank(history, &series[k], history->before);
			}
		}
	}
	/* What the clocks differ by in a second says nothing; more, and somebody set the clock. */
	shift = (int64_t)(wall / USEC_PER_SEC) - (int64_t)history->second;
	if (shift > history->shift + 1 || shift < history->shift - 1)
		history->shift = shift;
}

/* --- samples ----------------------------------------------------------------------------------- */

static float
known(uint64_t value)
{
	return value != MODEL_UINT_UNSET ? (float)value : NAN;
}

static void
put_one(struct history *history, struct series *series, float value)
{
	*place_of(series, HISTORY_MINUTES, history->second) = pack(value);
	if (history->second == history->before + 2)
		*place_of(series, HISTORY_MINUTES, history->second - 1) = pack(value);
	if (isnan(value) || value < 0)
		return;
	for (int span = HISTORY_MINUTES + 1; span < HISTORY_SPANS; span++) {
		struct running *running = &series->running[span];

		running->sum += value;
		running->count++;
		*place_of(series, (enum history_span)span, history_newest(history, (enum history_span)span)) =
		    pack(running->sum / (float)running->count);
	}
}

static void
put(struct history *history, enum part part, const char *name, const float *values)
{
	struct series *series = name != NULL ? history_series_of(history, name, part) : NULL;

	if (series == NULL)
		return;
	for (size_t i = 0; i < kept[part]; i++)
		put_one(history, &series[i], values[i]);
	history_find(history, name)->seen[part] = true;
}

void
history_sample(struct history *history, const struct model_store *store, usec_t monotonic, usec_t wall)
{
	turn(history, monotonic, wall);
	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_TUNNEL); i++) {
		const struct model_tunnel *t = model_store_at(store, MODEL_KIND_TUNNEL, i);

		put(history, PART_TUNNEL, t->name,
		    (float[]){known(t->rx_bps), known(t->tx_bps), (float)t->rtt_ms, (float)t->loss_percent});
	}
	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_PEER); i++) {
		const struct model_peer *p = model_store_at(store, MODEL_KIND_PEER, i);

		put(history, PART_SESSION, p->name,
		    (float[]){known(p->received), known(p->accepted),
			      p->state == NULL                       ? NAN
			      : strcmp(p->state, "Established") == 0 ? 1
								     : 0});
	}
	forget_unseen(history);
}

void
history_gap(struct history *history, usec_t monotonic, usec_t wall)
{
	turn(history, monotonic, wall);
}

void
history_put_value(struct history *history, struct series *series, enum history_span span, uint64_t number,
		  float value)
{
	if (isnan(value) || value < 0)
		return;
	*place_of(series, span, number) = pack(value);
	if (span == HISTORY_MINUTES || number != history_newest(history, span))
		return;
	/* it goes on as the mean of all its seconds so far */
	series->running[span].count = (uint32_t)(history->second % history_resolutions[span].seconds) + 1;
	series->running[span].sum = value * (float)series->running[span].count;
}

/* --- reading ----------------------------------------------------------------------------------- */

static const struct series *
part_of(const struct subject *subject, enum history_series series)
{
	enum part part = series >= HISTORY_RECEIVED ? PART_SESSION : PART_TUNNEL;

	if (subject == NULL || subject->parts[part] == NULL)
		return NULL;
	return &subject->parts[part][series - (part == PART_SESSION ? HISTORY_RECEIVED : 0)];
}

static float
value_at(const struct series *series, enum history_span span, uint64_t number)
{
	return unpack(*place_of((struct series *)series, span, number));
}

bool
history_values(const struct history *history, const struct subject *subject, enum history_span span,
	       uint64_t number, float out[ALL_SERIES])
{
	bool any = false;

	for (int i = 0; i < ALL_SERIES; i++) {
		const struct series *series = part_of(subject, (enum history_series)i);

		out[i] = series != NULL ? value_at(series, span, number) : NAN;
		any = any || !isnan(out[i]);
	}
	return any;
}

/* The sample of so many before the newest. */
static float
sample_ago(const struct history *history, const struct series *series, enum history_span span, size_t ago)
{
	uint64_t newest = history_newest(history, span);

	if (series == NULL || ago >= history_resolutions[span].samples || ago > newest)
		return NAN;
	return value_at(series, span, newest - ago);
}

/* The mean of what is known of `count` samples, the newest of them `ago`. */
static float
mean(const struct history *history, const struct series *series, enum history_span span, size_t ago,
     size_t count)
{
	float sum = 0;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		float value = sample_ago(history, series, span, ago + i);

		if (isnan(value))
			continue;
		sum += value;
		found++;
	}
	return found > 0 ? sum / (float)found : NAN;
}

void
history_read(const struct history *history, enum history_span span, enum history_series series,
	     const char *name, size_t step, size_t count, float *out)
{
	const struct series *s = part_of(name != NULL ? history_find(history, name) : NULL, series);
	size_t first = history_newest(history, span) % step + 1, ago = 0; /* it may not be full yet */

	for (size_t i = count; i > 0; i--) {
		size_t length = i == count ? first : step;

		out[i - 1] = mean(history, s, span, ago, length);
		ago += length;
	}
}

void
history_rates(const struct history *history, enum history_span span, const char *tunnel, size_t step,
	      size_t count, float *out)
{
	float in[HISTORY_SAMPLES];

	history_read(history, span, HISTORY_IN, tunnel, step, count, in);
	history_read(history, span, HISTORY_OUT, tunnel, step, count, out);
	for (size_t i = 0; i < count; i++)
		out[i] = isnan(in[i]) ? out[i] : isnan(out[i]) ? in[i] : in[i] + out[i];
}

size_t
history_ahead(const struct history *history, enum history_span span, size_t step, size_t stride)
{
	return stride - 1 - history_newest(history, span) / step % stride;
}
