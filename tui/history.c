// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rings of samples, found by name through a hash (open addressing would need tombstones; chains are short and
 * simple). All rings turn together: one position for all, so a new tunnel's past is simply unknown.
 *
 * A sample takes two bytes: its logarithm, in steps that are 0.05 % apart, from nothing to a terabit a
 * second. So a thousand tunnels with their peers take 3.4 MB.
 */
#include "tui/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 512
#define TUNNEL_SERIES 4
#define PEER_SERIES 3
#define UNKNOWN 0
#define STEPS 1400.0F  /* a doubling has so many; 65535 of them are enough for 46 doublings */
#define SMALLEST 0.01F /* what is told from nothing */

struct series {
	struct series *next;
	bool seen;
	uint16_t (*samples)[HISTORY_SAMPLES]; /* behind the name */
	char name[];
};

/* Tunnels or peers. */
struct table {
	size_t kept; /* series of each */
	struct series *buckets[BUCKETS];
};

struct history {
	size_t position;  /* where the next sample goes */
	uint64_t seconds; /* samples taken since the start */
	struct table tunnels, peers;
};

static uint16_t
pack(float value)
{
	float steps;

	if (isnan(value) || value < 0)
		return UNKNOWN;
	steps = 1 + STEPS * log2f(1 + value / SMALLEST);
	return steps < UINT16_MAX ? (uint16_t)lrintf(steps) : UINT16_MAX;
}

static float
unpack(uint16_t packed)
{
	return packed == UNKNOWN ? NAN : (exp2f((float)(packed - 1) / STEPS) - 1) * SMALLEST;
}

struct history *
history_new(void)
{
	struct history *history = memory_zeroed(1, sizeof(*history));

	history->tunnels.kept = TUNNEL_SERIES;
	history->peers.kept = PEER_SERIES;
	return history;
}

static void
free_table(struct table *table)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct series *s = table->buckets[i], *next; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
	}
}

void
history_free(struct history *history)
{
	if (history == NULL)
		return;
	free_table(&history->tunnels);
	free_table(&history->peers);
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

static struct series *
find(const struct table *table, const char *name)
{
	struct series *s = table->buckets[bucket_of(name)];

	while (s != NULL && strcmp(s->name, name) != 0)
		s = s->next;
	return s;
}

/* The name ends where samples can be aligned. */
static struct series *
add(struct table *table, const char *name)
{
	size_t bucket = bucket_of(name), length = (strlen(name) + 2) & ~(size_t)1;
	struct series *s =
	    memory_zeroed(1, sizeof(*s) + length + table->kept * sizeof(*s->samples)); /* UNKNOWN is 0 */

	memcpy(s->name, name, strlen(name) + 1);
	s->samples = (void *)(s->name + length);
	s->next = table->buckets[bucket];
	table->buckets[bucket] = s;
	return s;
}

static float
known(uint64_t value)
{
	return value != MODEL_UINT_UNSET ? (float)value : NAN;
}

static void
put(struct history *history, struct table *table, const char *name, const float *values)
{
	struct series *s = name != NULL ? find(table, name) : NULL;

	if (name == NULL)
		return;
	if (s == NULL)
		s = add(table, name);
	for (size_t i = 0; i < table->kept; i++)
		s->samples[i][history->position] = pack(values[i]);
	s->seen = true;
}

static void
forget_unseen(struct table *table)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct series **link = &table->buckets[i];

		while (*link != NULL) {
			struct series *s = *link;

			if (s->seen) {
				s->seen = false;
				link = &s->next;
			} else {
				*link = s->next;
				free(s);
			}
		}
	}
}

static void
turn(struct history *history)
{
	history->position = (history->position + 1) % HISTORY_SAMPLES;
	history->seconds++;
}

void
history_sample(struct history *history, const struct model_store *store)
{
	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_TUNNEL); i++) {
		const struct model_tunnel *t = model_store_at(store, MODEL_KIND_TUNNEL, i);

		put(history, &history->tunnels, t->name,
		    (float[TUNNEL_SERIES]){known(t->rx_bps), known(t->tx_bps), (float)t->rtt_ms,
					   (float)t->loss_percent});
	}
	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_PEER); i++) {
		const struct model_peer *p = model_store_at(store, MODEL_KIND_PEER, i);

		put(history, &history->peers, p->name,
		    (float[PEER_SERIES]){known(p->received), known(p->accepted),
					 p->state != NULL && strcmp(p->state, "Established") == 0});
	}
	forget_unseen(&history->tunnels);
	forget_unseen(&history->peers);
	turn(history);
}

static void
blank(struct history *history, struct table *table)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct series *s = table->buckets[i]; s != NULL; s = s->next) {
			for (size_t k = 0; k < table->kept; k++)
				s->samples[k][history->position] = UNKNOWN;
		}
	}
}

void
history_gap(struct history *history)
{
	blank(history, &history->tunnels);
	blank(history, &history->peers);
	turn(history);
}

/* The sample of `ago` seconds before the newest. */
static float
sample_ago(const struct history *history, const struct series *s, size_t series, size_t ago)
{
	if (s == NULL || ago >= HISTORY_SAMPLES)
		return NAN;
	return unpack(
	    s->samples[series][(history->position + 2 * HISTORY_SAMPLES - 1 - ago) % HISTORY_SAMPLES]);
}

void
history_rates(const struct history *history, const char *tunnel, size_t count, float *out)
{
	const struct series *s = tunnel != NULL ? find(&history->tunnels, tunnel) : NULL;

	for (size_t i = 0; i < count; i++) {
		float in = sample_ago(history, s, HISTORY_IN, count - 1 - i);
		float away = sample_ago(history, s, HISTORY_OUT, count - 1 - i);

		out[i] = isnan(in) ? away : isnan(away) ? in : in + away;
	}
}

/* The mean of what is known of `count` seconds, the newest of them `ago`. */
static float
mean(const struct history *history, const struct series *s, size_t series, size_t ago, size_t count)
{
	float sum = 0;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		float value = sample_ago(history, s, series, ago + i);

		if (isnan(value))
			continue;
		sum += value;
		found++;
	}
	return found > 0 ? sum / (float)found : NAN;
}

void
history_read(const struct history *history, enum history_series series, const char *name, size_t step,
	     size_t count, float *out)
{
	bool peer = series >= HISTORY_RECEIVED;
	const struct series *s = name != NULL ? find(peer ? &history->peers : &history->tunnels, name) : NULL;
	size_t first = history->seconds % step, ago = 0; /* the youngest group may not be full yet */

	first = first == 0 ? step : first;
	for (size_t i = count; i > 0; i--) {
		size_t length = i == count ? first : step;

		out[i - 1] = mean(history, s, series - (peer ? HISTORY_RECEIVED : HISTORY_IN), ago, length);
		ago += length;
	}
}
