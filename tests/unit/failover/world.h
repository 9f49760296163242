// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Failover against a small world: two tunnels, a stream of traffic, control packets on both, and another side
 * that follows our MED after a while. The world runs by the real clock: whoever reads a counter gets what has
 * come in by then.
 */
#ifndef TWINSPAN_TESTS_UNIT_FAILOVER_WORLD_H
#define TWINSPAN_TESTS_UNIT_FAILOVER_WORLD_H

#include "core/failover/failover_internal.h"
#include "tests/unit/test.h"

/* How long anything is waited for. */
#define LIMIT (20 * USEC_PER_SEC)

/* A stream of packets at even distances; the ones due while `to` is dead are lost. */
struct stream {
	double per_second;
	usec_t next;
};

struct world {
	struct stream in, out, control[2];
	int in_by, out_by; /* member; -1: nowhere */
	uint32_t dead;     /* members that pass nothing */
	int follows;       /* milliseconds until the other side follows our MED; -1: never */
	int wants;
	usec_t moves_at;
	struct failover_counters counters[2];
	unsigned lose;   /* so many of the traffic's next packets don't come in */
	unsigned told;   /* times that there was news of a move */
	unsigned phases; /* bits of enum failover_phase that were seen */
	char log[4000];
	struct failover_result result;
	unsigned results;
};

/* Of the test that runs: setup() makes them. */
extern uv_loop_t loop;
extern struct world world;
extern struct failover *failover;
/* What failover does to it. */
extern const struct failover_actions actions;

int setup(void **state);
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/** The callbacks of an operator's command and of an event: what they say goes to the world's log. */
void on_done(void *context, const struct failover_result *result);
void on_event(void *context, const char *severity, const char *kind, const char *text);

/** One turn of the loop, a millisecond or so. */
void turn(void);
/** Turns until the condition holds; fails the test with the log where it never does. */
#define UNTIL(condition) \
	do { \
		usec_t until_from = clock_monotonic(); \
		while (!(condition)) { \
			if (clock_monotonic() - until_from > LIMIT) \
				fail_msg("never became true: %s\nlog: %s", #condition, world.log); \
			turn(); \
		} \
	} while (0)
void run_for(usec_t span);

/** Empties the log. / Whether it has this. */
void forget(void);
bool said(const char *part);
struct failover_status status(void);

/**
 * What `measure` returns of a world made anew, in milliseconds, once that is less than `most`; else what it
 * returned last: a machine that stands still for a moment makes a time longer, never shorter, so that the
 * best of some counts.
 */
double best_of_some(void **state, double (*measure)(void), double most);

/** Both tunnels are usable, the first carries. */
void both_up(void);
/** Traffic and control packets a second; returns when their rates are known: the next move can be measured.
 */
void traffic_known(double in, double control);

#endif
