// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes in a thread of their own (with the rules of probing.h and the plugins of core/probe.h), so that a
 * busy loop neither delays a question nor takes an answer that waits for silence. All functions are called
 * from the loop's thread, and so are the callbacks.
 */
#ifndef TWINSPAN_HEALTH_PROBER_H
#define TWINSPAN_HEALTH_PROBER_H

#include <uv.h>

#include "core/base/error.h"
#include "core/health/probing.h"
#include "core/probe.h"

struct prober;

struct prober_options {
	/** A probe's verdict changed: its thresholds were reached. */
	void (*verdict)(void *context, uint32_t id, enum health_verdict verdict);
	/** A hurry ended. */
	void (*hurried)(void *context, uint32_t id, bool answered);
	void *context;
};

struct prober_config {
	const struct probe_ops *ops;
	struct probe_target target; /* copied by the plugin */
	uint32_t interval_ms, fail, recover;
};

struct prober_status {
	struct probing_figures figures;
	enum health_verdict verdict;
	uint32_t hits;    /* answers in a row until now */
	bool answered;    /* ever */
	usec_t answer_at; /* monotonic, of the last answer; 0: none */
};

/** Starts the thread; the options are copied. Returns new; NULL with an error. */
struct prober *prober_open(uv_loop_t *loop, const struct prober_options *options, struct error *err);
/** The loop must run afterwards once. NULL is fine. */
void prober_close(struct prober *prober);
/** Starts a probe under an id of the caller's; one that has it already is ended first. */
bool prober_add(struct prober *prober, uint32_t id, const struct prober_config *config, struct error *err);
/** Nothing more is told of it. */
void prober_remove(struct prober *prober, uint32_t id);
/** See probing_hurry. False for an unknown id. */
bool prober_hurry(struct prober *prober, uint32_t id, uint32_t count, uint32_t spacing_ms);
/** Copies how the probe stands. False for an unknown id. */
bool prober_status(struct prober *prober, uint32_t id, struct prober_status *out);

#endif
