// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Liveness of a tunnel: what is known about it (IKE, child SA, BGP, BFD, probes, traffic), fused into one
 * verdict with its evidence and the time since when it holds. Health doesn't act; failover does.
 */
#ifndef TWINSPAN_HEALTH_HEALTH_H
#define TWINSPAN_HEALTH_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"

enum health_verdict { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_SUSPECT, HEALTH_FAILED };
/** "unknown", "ok", "suspect", "failed". */
const char *health_verdict_name(enum health_verdict verdict);

/* A source of evidence. One that never reported has no say. */
enum health_source {
	HEALTH_IKE,   /* the IKE SA and dead-peer detection */
	HEALTH_CHILD, /* a child SA that can carry packets */
	HEALTH_BGP,
	HEALTH_BFD,
	HEALTH_PROBE,
	HEALTH_TRAFFIC,
	HEALTH_SOURCES
};

struct health;

/** `changed` is called from health_report whenever the verdict changes. */
struct health *health_new(void (*changed)(void *context, enum health_verdict verdict, const char *evidence),
			  void *context);
void health_free(struct health *health);
/** What a source says now, with a short text ("no answer to 3 probes"). HEALTH_UNKNOWN takes its say away. */
void health_report(struct health *health, enum health_source source, enum health_verdict verdict,
		   const char *text);
/** `evidence` is borrowed until the next report; `since` is monotonic. */
enum health_verdict health_verdict(const struct health *health, const char **evidence, usec_t *since);
/** What one source said last; false where it never spoke. */
bool health_source_says(const struct health *health, enum health_source source, enum health_verdict *verdict,
			const char **text, usec_t *at);
/** For people: "IKE", "probe". */
const char *health_source_name(enum health_source source);

#endif
