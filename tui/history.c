// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A ring of samples per tunnel, found by name through a hash (open addressing would need tombstones; chains
 * are short and simple). All rings turn together: one position for all, so a new tunnel's past is simply
 * unknown.
 */
#include "tui/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 512

struct series {
	struct series *next;
	bool seen;
	float rates[HISTORY_SAMPLES];
	char name[];
};

struct history {
	size_t position; /* where the next sample goes */
	struct series *buckets[BUCKETS];
};

struct history *
history_new(void)
{
	return memory_zeroed(1, sizeof(struct history));
}

void
history_free(struct history *history)
{
	for (size_t i = 0; history != NULL && i < BUCKETS; i++) {
		for (struct series *s = history->buckets[i], *next; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
	}
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
find(const struct history *history, const char *name)
{
	struct series *s = history->buckets[bucket_of(name)];

	while (s != NULL && strcmp(s->name, name) != 0)
		s = s->next;
	return s;
}

static struct series *
add(struct history *history, const char *name)
{
	size_t bucket = bucket_of(name), length = strlen(name) + 1;
	struct series *s = memory_zeroed(1, sizeof(*s) + length);

	memcpy(s->name, name, length);
	for (size_t i = 0; i < HISTORY_SAMPLES; i++)
		s->rates[i] = NAN;
	s->next = history->buckets[bucket];
	history->buckets[bucket] = s;
	return s;
}

static float
rate(const struct model_tunnel *tunnel)
{
	bool in = tunnel->rx_bps != MODEL_UINT_UNSET, out = tunnel->tx_bps != MODEL_UINT_UNSET;

	return in || out ? (float)(in ? tunnel->rx_bps : 0) + (float)(out ? tunnel->tx_bps : 0) : NAN;
}

static void
forget_unseen(struct history *history)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct series **link = &history->buckets[i];

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

void
history_sample(struct history *history, const struct model_store *store)
{
	size_t count = model_store_count(store, MODEL_KIND_TUNNEL);

	for (size_t i = 0; i < count; i++) {
		const struct model_tunnel *tunnel = model_store_at(store, MODEL_KIND_TUNNEL, i);
		struct series *s;

		if (tunnel->name == NULL)
			continue;
		s = find(history, tunnel->name);
		if (s == NULL)
			s = add(history, tunnel->name);
		s->rates[history->position] = rate(tunnel);
		s->seen = true;
	}
	forget_unseen(history);
	history->position = (history->position + 1) % HISTORY_SAMPLES;
}

void
history_gap(struct history *history)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct series *s = history->buckets[i]; s != NULL; s = s->next)
			s->rates[history->position] = NAN;
	}
	history->position = (history->position + 1) % HISTORY_SAMPLES;
}

void
history_rates(const struct history *history, const char *tunnel, size_t count, float *out)
{
	const struct series *s = tunnel != NULL ? find(history, tunnel) : NULL;

	if (count > HISTORY_SAMPLES)
		count = HISTORY_SAMPLES;
	for (size_t i = 0; i < count; i++)
		out[i] = s != NULL
			     ? s->rates[(history->position + HISTORY_SAMPLES - count + i) % HISTORY_SAMPLES]
			     : NAN;
}
