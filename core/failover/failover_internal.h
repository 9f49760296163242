// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What choice.c (the choice), failover.c (the moves), operator.c (what operators ask for) and watch.c (what
 * the counters say of a move) share.
 */
#ifndef TWINSPAN_FAILOVER_INTERNAL_H
#define TWINSPAN_FAILOVER_INTERNAL_H

#include "core/failover/failover.h"

/** All spans in milliseconds. In one place, and tests shorten some. */
struct failover_timing {
	unsigned sample;                        /* between looks at the counters while nothing moves */
	unsigned poll;                          /* while something does */
	unsigned planned_limit;                 /* a switchover's end, moved or not */
	unsigned outage_limit;                  /* how long the return of traffic is waited for */
	unsigned window;                        /* over which a direction must have moved */
	unsigned window_most;                   /* the same for a slow stream */
	unsigned traffic_age;                   /* a last packet older than this belongs to an idle tunnel */
	unsigned follow_least, follow_most;     /* wait before following a MED */
	unsigned second_least, second_most;     /* the same for FAILOVER_ORDER_SECOND */
	unsigned teach;                         /* how long a peer may take to advertise its first prefix */
	unsigned static_limit;                  /* planned_limit where the other side can't be told */
	unsigned traffic_first, traffic_second; /* how long its traffic must come in before it is followed */
	unsigned traffic_pause;                 /* within it not followed more than FOLLOWS times */
};
extern struct failover_timing failover_timing;

/* How many packets come in by a member, seen from one look at its counters to the next. */
struct rate {
	bool primed;
	uint64_t packets;
	usec_t at;         /* of the last look at which there were more */
	double per_second; /* while there were any */
};

struct look {
	usec_t at;
	uint64_t rx[FAILOVER_MEMBERS], tx[FAILOVER_MEMBERS];
	uint64_t lost[FAILOVER_MEMBERS];
	usec_t last_rx[FAILOVER_MEMBERS];
};

/* At most so often in traffic_pause is the other side's traffic followed. */
#define FOLLOWS 6

/* By which member the other side's traffic comes in: packets since it no longer came by what carries. */
struct arrival {
	bool primed;
	usec_t since;
	uint64_t first[FAILOVER_MEMBERS]; /* counters when it began */
	uint64_t last[FAILOVER_MEMBERS];  /* at the last sample */
	int by;                           /* it is clear by now; -1: it isn't */
	usec_t followed[FOLLOWS];         /* the last times that it was followed */
	unsigned next;                    /* of those */
};

enum watch_kind { WATCH_NONE, WATCH_LOSS, WATCH_PLANNED };

#define WATCH_LOOKS 1024

/* One move, watched through the counters. */
struct watch {
	enum watch_kind kind;
	int from, to;
	usec_t started;
	usec_t last_before;               /* LOSS: when the last packet came in by `from`; 0: no traffic */
	double control, traffic;          /* packets a second: what both carry, and what moves */
	double sending[FAILOVER_MEMBERS]; /* what we sent before */
	struct look *looks;               /* ring of WATCH_LOOKS */
	size_t count;                     /* looks so far */
	bool ours, theirs;
	usec_t theirs_at;
	usec_t longest_gap;
};

struct failover_member {
	bool usable;
	bool drain;   /* an operator drains it */
	bool carried; /* when that began: then it carries again when it ends */
	bool leaving; /* the other side drains it */
	bool lost;    /* it was usable once and then was not */
	bool teaches; /* its peer advertises something */
	bool taught;  /* it did since it is usable */
	usec_t usable_since;
	uint32_t med;
	usec_t med_lowered;                   /* when the other side began to like it better; 0: it didn't */
	uint32_t local_preference, announced; /* as set last; 0: not yet */
	char cause[160];                      /* why it is not usable */
	struct rate rate;                     /* of what comes in */
	struct rate sending;                  /* of what goes out */
};

struct failover {
	uv_loop_t *loop;
	struct failover_actions actions;
	char name[64];
	unsigned count;
	bool active_active, freed;
	bool asked; /* the move under way is a switchover */
	bool stale; /* a tunnel was lost and is not back: see FAILOVER_MED_ALONE */
	bool noted; /* the move under way is `last` */
	struct failover_member members[FAILOVER_MEMBERS];
	uint32_t active, usable; /* as set_routes was told */
	bool routes_set;
	int pinned;
	int preferred; /* by the configuration; -1: none */
	usec_t hold_down;
	bool is_static, follows_traffic;
	struct arrival arrival;
	int insist;       /* where an operator's move goes that pins nothing, until it is over; -1: none */
	const char *deed; /* what the operator does: "switchover", "drain", "undrain" */
	struct {
		bool waiting, warned;
		const char *what; /* "switchover": what waits */
		int from;         /* what carried before; -1: several did */
		int pinned;       /* as it was before */
		usec_t until;     /* wall clock */
		usec_t seconds;   /* as asked */
	} confirm;
	enum failover_order order;
	uint64_t failovers, seed;
	struct failover_move last;
	struct watch watch;
	struct failover_progress progress;
	struct look progress_first;
	usec_t progress_told; /* monotonic */
	void (*done)(void *context, const struct failover_result *result);
	void *done_context;
	uv_timer_t sampler, poller, follower, confirmer;
	unsigned open_handles;
};

#define NONE (-1)

/** The number of the first bit; NONE where there is none. */
static inline int
first_of(uint32_t bits)
{
	return bits != 0 ? __builtin_ctz(bits) : NONE;
}

/* choice.c */
uint32_t failover_usable(const struct failover *failover, bool drained_too);
/** Members whose peer advertises something (what has just come up is given a moment for it); all where none
 * does: static routing. */
uint32_t failover_teaching(const struct failover *failover);

enum reason { BY_OPERATOR, BY_PREFERENCE, BY_MED, BY_TRAFFIC, BY_HABIT };

struct choice {
	uint32_t active;
	enum reason reason;
	bool untaught; /* what carries now advertises nothing */
	bool patient;  /* what carries now can go on: the move may wait for a moment */
};

/** How long the preferred member, which there must be, has to go on being well before it may carry again. */
usec_t failover_hold_down_left(const struct failover *failover);
/** Decides on what is now the case; changes nothing. */
struct choice failover_choose(const struct failover *failover);

/* failover.c */
/** Acts on what is now the case. Not `automatic`: an operator wants it so. */
void failover_settle(struct failover *failover, const char *cause, bool automatic);
/** The MED that a member is announced with where `active` carry and `drained` are drained (bits). */
uint32_t failover_med(const struct failover *failover, uint32_t active, uint32_t drained, unsigned member);
void failover_follow_later(struct failover *failover);
void failover_note_move(struct failover *failover, int from, int to, const char *cause);
void failover_tell_changed(const struct failover *failover);
const char *failover_member_name(const struct failover *failover, int member, char out[80]);

/* operator.c */
/** A planned move is over; tells whoever asked. */
void failover_planned_done(struct failover *failover, struct failover_result *result);
/* failover.c */
/** The outage of the last loss is known (NaN: it isn't). */
void failover_outage_known(struct failover *failover, double outage_ms, const char *text);
void failover_event(const struct failover *failover, const char *severity, const char *kind,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* arrival.c */
/** A look at the counters, every failover_timing.sample: by which member does the other side send? */
void arrival_sample(struct failover *failover);
/** Traffic was moved: what came in before says nothing now. */
void arrival_forget(struct failover *failover);
/** May its traffic be followed now? / It is. */
bool arrival_may_follow(const struct failover *failover);
void arrival_followed(struct failover *failover);
/** No member carries any more: what is followed from here on is no swapping. */
void arrival_begin_anew(struct failover *failover);

/* progress.c */
/** A watch has begun; `first`: the counters before it. */
void progress_begin(struct failover *failover, const struct look *first);
/** One more look; shares are taken from `start` to `now`. */
void progress_look(struct failover *failover, const struct look *start, const struct look *now);
/** It is over. */
void progress_end(struct failover *failover, const struct failover_result *result);

/* watch.c */
/** A look at the counters while nothing moves: learns how much traffic there is. */
void watch_sample(struct failover *failover);
/** Begins to watch a move, or widens the one of a loss that has now found a member to move to. */
void watch_start(struct failover *failover, enum watch_kind kind, int from, int to);
/** Ends it without a result. */
void watch_stop(struct failover *failover);
/** Ends a planned move's watch early; `why` says what happened instead. */
void watch_abort(struct failover *failover, const char *why);

#endif
