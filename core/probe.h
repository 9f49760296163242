// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The probes' door: a plugin that asks a target through a tunnel whether it is there. A probe sends a
 * question with a number and, when an answer comes, says which number it belongs to and how long it took.
 * When to ask, and what silence means, is the gateway's business.
 *
 * Threads: an open probe is used by one thread at a time, not always by the same. Nothing may block.
 */
#ifndef TWINSPAN_PROBE_H
#define TWINSPAN_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/error.h"

#define PROBE_HOPS 255 /* by which a data plane knows what is not to be held to the path's MTU */

struct probe; /* an open one, of the plugin's own making */

struct probe_target {
	const char *interface;   /* the questions leave by it and nothing else */
	struct ip_address local; /* their source */
	struct ip_address remote;
	uint16_t port; /* for those that have ports; 0: the plugin's default */
};

struct probe_answer {
	uint32_t number; /* of the question */
	/* From the question to the answer's arrival in this host, not to its reading. PROBE_RTT_UNKNOWN: the
	 * question left more than once, and which copy was answered can't be told (RFC 6298 3). */
	uint32_t rtt_us;
};

#define PROBE_RTT_UNKNOWN UINT32_MAX

struct probe_ops {
	const char *name; /* "icmp" */
	/** NULL with `err` where it can't be asked: no permission, no such interface. */
	struct probe *(*open)(const struct probe_target *target, struct error *err);
	void (*close)(struct probe *probe);
	/** Asks. Numbers rise by one. False with `err` where the question could not leave. */
	bool (*send)(struct probe *probe, uint32_t number, struct error *err);
	/**
	 * Asks by an echo request of exactly `size` bytes, its IP header counted, that nobody may cut and
	 * whose TTL or hop limit is PROBE_HOPS: for the search of a path's MTU (RFC 8899 4.1). The numbers
	 * are the same. False with `err` also where this machine itself does not take so much. NULL where a
	 * question has no size to choose.
	 */
	bool (*send_whole)(struct probe *probe, uint32_t number, uint32_t size, struct error *err);
	/** Readable when there may be an answer. The same as long as the probe is open. */
	int (*descriptor)(const struct probe *probe);
	/** The next answer that has come, without waiting; false: none. Answers that are not ours are passed
	 * over. */
	bool (*take)(struct probe *probe, struct probe_answer *out);
};

#endif
