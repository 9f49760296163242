// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which tunnel of a connection carries traffic, and why. Facts come in (usable, lowest MED heard, counters),
 * decisions go out through struct failover_actions; the rooms that carry them out (routing, BGP) are not
 * known here.
 *
 * The order of the choice (active_passive): usable -> not drained -> whose peer advertises anything at all
 * (else its routes have gone to the other tunnel already) -> pinned by an operator -> preferred by the
 * configuration -> lowest MED that the other side announces (it names its preference so: AWS, RFC 4271 5.1.4)
 * -> with static routing, by which the other side sends -> the one that carries now -> the lower number.
 * Following the other side waits for a moment (failover_order), so that two gateways that follow each other
 * don't swap for ever. It is not revertive: a tunnel that comes back does not take the traffic back, unless
 * it is pinned, preferred, or the other side says so. active_active: all that are usable carry; a switchover
 * pins to one. A planned move is make-before-break: the new tunnel carries before the old one is let go; it
 * is done when the data plane's counters show that the other side's traffic has moved too, or when a limit
 * has passed.
 */
#ifndef TWINSPAN_FAILOVER_FAILOVER_H
#define TWINSPAN_FAILOVER_FAILOVER_H

#include <uv.h>

#include "core/base/clock.h"
#include "core/base/error.h"

#define FAILOVER_MEMBERS 2
#define FAILOVER_NO_MED UINT32_MAX

/* What the tunnel that carries, the one that stands by and one that is drained are given (struct
 * failover_actions, set_preference). */
#define FAILOVER_PREFERENCE_ACTIVE 200
#define FAILOVER_PREFERENCE_STANDBY 100
#define FAILOVER_PREFERENCE_DRAINED 0
#define FAILOVER_MED_ACTIVE 100
#define FAILOVER_MED_STANDBY 200
#define FAILOVER_MED_DRAINED 300
/* Of the tunnel that carries while another is lost: less than the lost one may still be known with. */
#define FAILOVER_MED_ALONE 50

struct failover; /* of one connection */

/* Of users' traffic, as far as it can be told from what the gateways themselves say to each other. */
struct failover_counters {
	uint64_t rx_packets, tx_packets;
	usec_t last_rx, last_tx;
	uint64_t rx_lost; /* that were sent to us and did not come; FAILOVER_NOT_COUNTED */
};
#define FAILOVER_NOT_COUNTED UINT64_MAX

/** What the connection must do; called on the loop's thread. */
struct failover_actions {
	void *context;
	/** The connection's name; in texts its members are NAME/1 and NAME/2. Copied. NULL: "tunnel". */
	const char *name;
	/** Point the routes at these members (bits) now; `usable`: those that may stand in. */
	void (*set_routes)(void *context, uint32_t active, uint32_t usable);
	/** Prefer this member in both directions: local preference inside, MED outside. */
	void (*set_preference)(void *context, unsigned member, uint32_t local_preference, uint32_t med);
	/** Packets of users seen by the data plane so far, and when the last one came or went (monotonic us).
	 */
	void (*read_counters)(void *context, unsigned member, struct failover_counters *out);
	/** State changed: active set, pinned, moving, failovers, last_failover. Read it by failover_status.
	 */
	void (*changed)(void *context);
	/** failover_progress has news; ten times a second while a move is watched, and as each step is made.
	 * May be NULL. */
	void (*progress)(void *context);
	/** For the operators. */
	void (*event)(void *context, const char *severity, const char *kind, const char *text);
};

/**
 * The last move, by failure, by the other side's wish or by an operator. The outage is what the data plane's
 * counters show: from the last packet that came in by the lost tunnel to the moment when about as many come
 * in by the other one (so that BGP, BFD or probes, which ride on both tunnels, are not taken for traffic), to
 * within a few milliseconds; where the other side had moved before us, until we moved; of a planned move, the
 * longest gap between received packets.
 */
struct failover_move {
	bool set;
	usec_t at;    /* wall clock */
	int from, to; /* member, -1: none */
	char cause[160];
	double outage_ms; /* NaN: not measured: no traffic before, none after, or not over yet */
};

struct failover_status {
	uint32_t active, usable; /* bits */
	uint32_t drained;        /* by an operator here; bits */
	uint32_t leaving;        /* the other side drains them; bits */
	uint32_t untaught;       /* their peer advertises nothing, while another's does; bits */
	int preferred_member;    /* by the configuration; -1: none */
	usec_t hold_down_left;   /* until the preferred one may carry again after its loss */
	bool pinned, moving;
	bool measuring;       /* after a loss: the outage is not over or not known yet */
	int pinned_member;    /* -1: none */
	usec_t confirm_until; /* wall clock: when a switchover turns back unless it is confirmed; 0: none */
	const char *confirm_what; /* "switchover", "drill": what waits; NULL: nothing */
	int confirm_from;         /* the member it turns back to; -1: to all that are usable, or none waits */
	uint64_t failovers;       /* moves that nobody asked for */
	struct failover_move last;
};

/** A move as the counters show it: the one under way, or the last. A loss is one too: there `outage_ms` grows
 * until traffic comes in again. */
struct failover_progress {
	bool set;
	enum failover_phase { FAILOVER_MOVING, FAILOVER_OURS_MOVED, FAILOVER_DONE, FAILOVER_FAILED } phase;
	const char *kind;                             /* "switchover", "drain", "undrain", "failover" */
	int from, to;                                 /* member, -1: none */
	usec_t began_at, ours_at, theirs_at, done_at; /* wall clock; 0: not yet */
	double ours_percent, theirs_percent; /* of the traffic, on the new one; NaN: nothing to tell by */
	uint64_t rx_packets, tx_packets;     /* on all members since it began */
	uint64_t rx_lost;                    /* the same; FAILOVER_NOT_COUNTED */
	double took_ms, outage_ms;           /* so far, then as in struct failover_result */
	char text[240];                      /* how it ended */
};
/** Copies how the move under way, or the last one, stands. */
void failover_progress(const struct failover *failover, struct failover_progress *out);

/** Of a connection with one or two members, none of them usable yet; the actions are copied, what they point
 * at is borrowed. Returns new. */
struct failover *failover_new(uv_loop_t *loop, unsigned members, bool active_active,
			      const struct failover_actions *actions);
/** A switchover under way ends first, as failed. The loop must run once afterwards. */
void failover_free(struct failover *failover);

/** Whether all usable members carry, from now on. Moves what this, or failover_prefer before it, has changed,
 * make-before-break. */
void failover_set_mode(struct failover *failover, bool active_active);
/** The member's session is another one: what was heard by the former is forgotten, and set_preference is
 * called anew. */
void failover_member_renewed(struct failover *failover, unsigned member);
/** A member can carry (tunnel up, and its session Established or its static health good), or no longer. */
void failover_member_usable(struct failover *failover, unsigned member, bool usable, const char *cause);
/** The lowest MED heard on the member's session; FAILOVER_NO_MED: none. Compared only where both are known.
 */
void failover_member_med(struct failover *failover, unsigned member, uint32_t med);
/** The member's peer advertises something that we accept, or nothing (any more). Where nobody does, as with
 * static routing, it doesn't matter. */
void failover_member_teaches(struct failover *failover, unsigned member, bool teaches);
/**
 * Who follows the other's MED first when both gateways prefer different tunnels. The two must not say the
 * same: compare both ends' inside addresses, say. FAILOVER_ORDER_RANDOM (at first): chance decides, which may
 * take several moves.
 */
enum failover_order { FAILOVER_ORDER_RANDOM, FAILOVER_ORDER_FIRST, FAILOVER_ORDER_SECOND };
void failover_order(struct failover *failover, enum failover_order order);
/**
 * The configuration prefers this member (-1: none): it carries whenever it can. One that was lost carries
 * again only when it has been usable for `hold_down_ms` without a break.
 */
void failover_prefer(struct failover *failover, int member, unsigned hold_down_ms);
/**
 * Static routing: there is no MED, so the other side can't be told where to send, and shows where it wants to
 * have the traffic by sending there. With `follow` a member by which all of its traffic comes in carries ours
 * too, unless one is pinned or preferred: not more than six times a minute, in case that the other side
 * follows us without an order; counted anew once no member carried. A planned move waits for less long, and
 * is no failure where the other side stays.
 */
void failover_static(struct failover *failover, bool follow);
/** At the start: pinned in an earlier run. Moves nothing by itself while no member is usable. */
void failover_pin(struct failover *failover, unsigned member);
/** A member that is being drained is only used when no other is usable. For a drain that tells how it ended
 * see failover_drain. */
void failover_member_drain(struct failover *failover, unsigned member, bool drain);
/** The same by the other side's wish (GRACEFUL_SHUTDOWN, RFC 8326). */
void failover_member_leaving(struct failover *failover, unsigned member, bool leaving);
/** Copies how it stands; `confirm_what` is borrowed. */
void failover_status(const struct failover *failover, struct failover_status *out);

/** How a switchover ended. */
struct failover_result {
	bool ok;
	bool ours_moved, theirs_moved; /* both directions; theirs false: the limit passed first */
	/*
	 * took: until the last traffic had moved. outage: the longest time without a received packet on
	 * either tunnel, as it was, with the stream's own spacing in it; NaN: not measured, since there was
	 * no traffic.
	 */
	double took_ms, outage_ms;
	char text[240];
};
/**
 * Moves to `member` (-1: the other one) and pins it. `done` is called once, later or before this returns.
 * False with `err` where it can't be done: the member is not usable, a move is under way, one tunnel only.
 */
bool failover_switchover(struct failover *failover, int member,
			 void (*done)(void *context, const struct failover_result *result), void *context,
			 struct error *err);
/**
 * The same, and it turns back by itself after `seconds`: to the member that carried before and to the pin
 * that was there before, make-before-break, unless failover_confirm comes first. Another switchover and
 * failover_auto take its place. 0: no confirmation is waited for.
 */
bool failover_switchover_confirm(struct failover *failover, int member, unsigned seconds,
				 void (*done)(void *context, const struct failover_result *result),
				 void *context, struct error *err);
/** Keeps the switchover that waits for it. False with `err` where none waits. */
bool failover_confirm(struct failover *failover, struct error *err);
/** What a plan comes to, beyond its text. */
struct failover_plan {
	int from, to;                                               /* from -1: `to` carries it all already */
	uint32_t med[FAILOVER_MEMBERS], med_then[FAILOVER_MEMBERS]; /* announced now, and then; 0: nothing */
	char text[400];
};
/** What it would do; the same refusals. */
bool failover_switchover_plan(const struct failover *failover, int member, struct failover_plan *out,
			      struct error *err);
/**
 * Goes back now from a switchover that waits for its confirmation, as it would when the time is over, even in
 * the middle of its move. False with `err` where none waits, or what carried before is not usable.
 */
bool failover_switchover_back(struct failover *failover,
			      void (*done)(void *context, const struct failover_result *result),
			      void *context, struct error *err);
/**
 * Moves the traffic off a member that stays up, and keeps it off until failover_undrain (unless no other is
 * usable). `done` as with a switchover. False with `err` where a move is under way, and, without `force`,
 * where no other member is usable, or what is has a peer that advertises nothing.
 */
bool failover_drain(struct failover *failover, unsigned member, bool force,
		    void (*done)(void *context, const struct failover_result *result), void *context,
		    struct error *err);
/** What failover_drain would do; `to` is -1 where nothing would have to move. The same refusals. */
bool failover_drain_plan(const struct failover *failover, unsigned member, bool force,
			 struct failover_plan *out, struct error *err);
/** The same for failover_undrain. */
bool failover_undrain_plan(const struct failover *failover, unsigned member, struct failover_plan *out,
			   struct error *err);
/** Ends it; a member that carried when it was drained carries again, unless the traffic is pinned elsewhere.
 */
bool failover_undrain(struct failover *failover, unsigned member,
		      void (*done)(void *context, const struct failover_result *result), void *context,
		      struct error *err);
/**
 * Traffic has left the member by `what` (a drill, say; kept as it is): it goes back there after `seconds` as
 * from a switchover that nobody confirmed, unless failover_confirm comes first.
 */
void failover_return_within(struct failover *failover, unsigned member, const char *what, unsigned seconds);
/**
 * A member that an operator had taken away carries again, make-before-break, as it did before; where several
 * carry, or the traffic is pinned elsewhere, nothing moves. False with `err` where it can't be yet: it is not
 * usable, or a move is under way.
 */
bool failover_give_back(struct failover *failover, unsigned member, const char *cause, struct error *err);
/** Gives the choice back. Ends a switchover's wait for its confirmation. */
void failover_auto(struct failover *failover);

#endif
