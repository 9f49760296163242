// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From candidates to the kernel's table, by netlink (libmnl). Only routes with our protocol number are ever
 * changed; all of them are removed at close; one that somebody else removes is put back.
 *
 * A prefix does not point at a tunnel but at a *group with a set of members* (the connection and which of its
 * tunnels have the prefix). In the kernel that is one nexthop object for each such set in use, shared by all
 * its prefixes. When failover moves a connection, routing_group_set() replaces a handful of nexthop objects,
 * whatever the number of prefixes. The same object names the group that stands in (the other gateway of a
 * site that has two): when the first loses its last member, all its prefixes move there with that one
 * replacement, long before BGP has decided on each of them anew (as draft-ietf-rtgwg-bgp-pic has it). A group
 * none of whose members is usable, with no backup that is, holds its prefixes unreachable: nothing leaves in
 * the clear.
 */
#ifndef TWINSPAN_ROUTING_ROUTING_H
#define TWINSPAN_ROUTING_ROUTING_H

#include <uv.h>

#include "core/base/address.h"
#include "core/base/error.h"

struct routing;

/**
 * Our protocol number in the kernel's table (rtm_protocol, nh_protocol), named in README. Not 186, which
 * Linux calls "bgp": FRR uses that one, and each of the two would sweep away the other's routes when it
 * starts.
 */
#define ROUTING_PROTOCOL 116
/** Our routes' metric, that of the unreachable floor under them, and that of the guards' host routes. */
#define ROUTING_METRIC 20
#define ROUTING_FLOOR_METRIC 4294967294u
#define ROUTING_GUARD_METRIC 10
#define ROUTING_MEMBERS 2

enum routing_source { ROUTING_CONNECTED, ROUTING_STATIC, ROUTING_BGP, ROUTING_PROTECT };

/* What leads nowhere. AGGREGATE: an unreachable route with the worst metric, so that what is for none of the
 * aggregate's routes does not go round in circles by a less specific one; anybody else's route to the same
 * prefix stands before it. BLACKHOLE: dropped without a word (RFC 7999). */
enum routing_discard { ROUTING_DISCARD_NO, ROUTING_DISCARD_AGGREGATE, ROUTING_DISCARD_BLACKHOLE };

/* How a next hop outside of the tunnels is reached: not at all; by a router of a link of ours; on such a
 * link. UNKNOWN: there are too many, it is not followed, and must not be removed.
 */
enum routing_reach { ROUTING_REACH_NONE, ROUTING_REACH_FAR, ROUTING_REACH_LINK, ROUTING_REACH_UNKNOWN };

struct routing_options {
	bool install; /* false: a route server; the kernel's table is left alone */
	/** A route of ours was put back, could not be installed, ...: for the operators. */
	void (*event)(void *context, const char *severity, const char *kind, const char *subject,
		      const char *text);
	/** What routing_lookup says of the prefix changed (best, installed, reason); may be NULL. */
	void (*changed)(void *context, const struct ip_prefix *prefix);
	/**
	 * Somebody removed an interface that has an inside address from us: once it is made anew,
	 * routing_interface_set brings addresses and routes back. May be NULL. What was only set down, or
	 * lost its address, is mended here.
	 */
	void (*interface_lost)(void *context, const char *interface);
	/** See routing_hop_add. May be NULL. */
	void (*reach_changed)(void *context, const struct ip_address *next_hop, enum routing_reach reach);
	void *context;
	/**
	 * How long the unreachable floors of a killed run stay for prefixes that nobody has claimed yet (its
	 * other routes go at once). 0: they go at once too.
	 */
	unsigned leftover_hold_ms;
	/**
	 * An earlier run ended a moment ago, and its peers outside the tunnels keep its paths meanwhile (RFC
	 * 4724): its routes by their next hops and its blackholes stay as they are, and stand for what BGP
	 * learns, until routing_settle().
	 */
	bool keep;
	bool plain_routes; /* routes by device even where the kernel has nexthop objects */
};

/** Removes what an earlier run left (our protocol, our nexthop objects). NULL without the capability. */
struct routing *routing_open(uv_loop_t *loop, const struct routing_options *options, struct error *err);
/** Removes all our routes, nexthop objects and addresses. */
void routing_close(struct routing *routing);
/** The same, but routes by a next hop outside the tunnels stay, and so do blackholes, the floors and the
 * guards' routes: for the next run, with `keep`. */
void routing_leave(struct routing *routing);
/**
 * BGP has offered all that it knows: of the routes that were kept, those that it did not offer go, and those
 * that it offered otherwise change; in slices. Those that it offered as they are were not touched at all.
 */
void routing_settle(struct routing *routing);

/* Routes of ours in the kernel's table, of IPv4 and IPv6. */
struct routing_census {
	size_t gateways[2]; /* by a next hop outside the tunnels */
	size_t tunnels[2];  /* by an interface */
	size_t kept[2];     /* by a next hop, of an earlier run: so many there were at first */
};
/** Counts them as of now. */
void routing_count_kernel(const struct routing *routing, struct routing_census *out);

/**
 * Two tunnels lead to one place: what comes by the one while the route back leads by the other is no
 * stranger. A machine that filters strictly by source would drop it; this sets the interface to loose, which
 * is enough, since the kernel takes the higher of its setting and that for all
 * (Documentation/networking/ip-sysctl.rst, rp_filter). Where the machine doesn't let that be set, nothing
 * happens.
 */
void routing_interface_loosen(const char *interface);
/**
 * Gives an interface its inside address (with the prefix length) and sets it up. One address of each family:
 * another one given later takes its place. `mtu` 0: as it is.
 */
bool routing_interface_set(struct routing *routing, const char *interface, const struct ip_prefix *inside,
			   uint32_t mtu, struct error *err);
/** Sets an interface's MTU, and nothing else of it. False where there is none, or it does not take that. */
bool routing_interface_mtu(struct routing *routing, const char *interface, uint32_t mtu);

/** Takes its inside address of a family away, if it has one. */
void routing_interface_clear(struct routing *routing, const char *interface, uint8_t family);

/** A connection: its members' interfaces. `group` is never 0. */
bool routing_group_add(struct routing *routing, uint32_t group, const char *name,
		       const char *const *interfaces, unsigned members, struct error *err);
/** Its prefixes are held unreachable until their candidates are withdrawn. */
void routing_group_remove(struct routing *routing, uint32_t group);
/**
 * Which members carry now: `active` in order of preference among the usable ones (bits), `usable` those that
 * may stand in where a prefix is not known on the active one. At once: one netlink batch, then it returns.
 */
void routing_group_set(struct routing *routing, uint32_t group, uint32_t active, uint32_t usable);

/**
 * Candidates: at most one for each prefix and source; offering again replaces it. The best: ROUTING_CONNECTED
 * (the kernel's own route: nothing is installed), ROUTING_STATIC, ROUTING_BGP, ROUTING_PROTECT; one whose
 * group has no usable member stands behind one that can carry. ROUTING_PROTECT keeps a prefix unreachable
 * while no other can. Under every prefix of a group lies an unreachable route with the worst metric, so that
 * nothing leaves in the clear even when the kernel drops the route itself because its device went. Batched:
 * the kernel is told once per turn of the loop, in slices of a few milliseconds. group 0: via `next_hop` (a
 * peer outside the tunnels), or the router of a link that leads there.
 */
struct routing_candidate {
	enum routing_source source;
	uint32_t group, members; /* bit per member */
	struct ip_address next_hop;
	uint32_t backup_group, backup_members; /* carries while `group` can't; 0: none */
	enum routing_discard discard;          /* else than NO: of all the above only the source counts */
};
/** Both: host bits of the prefix don't count. Withdrawing what was not offered does nothing. */
void routing_offer(struct routing *routing, const struct ip_prefix *prefix,
		   const struct routing_candidate *candidate);
void routing_withdraw(struct routing *routing, const struct ip_prefix *prefix, enum routing_source source);
/** Hands everything that waits to the kernel now, before returning (used by make-before-break and at stop).
 */
void routing_flush(struct routing *routing);

/**
 * The outside address of a peer: never routed into a tunnel. While one of our prefixes covers it, a host
 * route of ours holds it on the path that it has without us, and follows that path. Counted: add twice,
 * remove twice.
 */
void routing_guard_add(struct routing *routing, const struct ip_address *outside);
void routing_guard_remove(struct routing *routing, const struct ip_address *outside);

/**
 * A next hop is followed from now on: says how it is reached, as far as is known, without our own routes;
 * each change is told by `reach_changed`, from the loop. ROUTING_REACH_LINK for all where nothing is
 * installed. Counted: add twice, remove twice. (RFC 4271, 9.1.2.1)
 */
enum routing_reach routing_hop_add(struct routing *routing, const struct ip_address *next_hop);
void routing_hop_remove(struct routing *routing, const struct ip_address *next_hop);

struct routing_state {
	enum routing_source best;
	struct routing_candidate candidate; /* the best one */
	bool installed;                     /* the kernel confirmed it */
	char reason[160];                   /* why this one, or why it is not installed */
};
/** False where the prefix has no candidate. */
bool routing_lookup(const struct routing *routing, const struct ip_prefix *prefix, struct routing_state *out);
/** The candidate of one source, whether it is the best one or not. False where there is none. */
bool routing_candidate_of(const struct routing *routing, const struct ip_prefix *prefix,
			  enum routing_source source, struct routing_candidate *out);
/** The longest prefix with a candidate that contains the address. */
bool routing_match(const struct routing *routing, const struct ip_address *address, struct ip_prefix *prefix,
		   struct routing_state *out);
/** Which way the kernel sends packets to an address now, whoever's routes they are. */
struct routing_way {
	bool reachable, local;     /* local: an address of this machine */
	char interface[16];        /* may be empty */
	struct ip_address gateway; /* none: directly */
	uint32_t mtu;              /* the route's, where it has one, else of the interface; 0: unknown */
	uint32_t learnt_mtu;       /* what the kernel learnt of the path, by whoever's ICMP; 0: nothing */
};
/** False where there is no way; `out` is filled in any case. One question to the kernel, some 20 us. */
bool routing_underlay(struct routing *routing, const struct ip_address *to, struct routing_way *out);
/** The MTU that an interface, whoever's, is set to; 0 where there is none of that name. */
uint32_t routing_mtu_of_interface(const char *interface);
/** In prefix order after `after`; `visit` returns false to stop. */
void routing_walk(const struct routing *routing, const struct ip_prefix *after,
		  bool (*visit)(void *context, const struct ip_prefix *prefix,
				const struct routing_state *state),
		  void *context);
/** The same backwards, from before `before` (NULL: from the last). */
void routing_walk_back(const struct routing *routing, const struct ip_prefix *before,
		       bool (*visit)(void *context, const struct ip_prefix *prefix,
				     const struct routing_state *state),
		       void *context);
/** Prefixes that have a candidate. */
size_t routing_count(const struct routing *routing);
/** Of them those that BGP has no candidate for. */
size_t routing_count_without_bgp(const struct routing *routing);
/** Changes that still wait for the kernel: 0 when its table is as it should be. */
size_t routing_pending(const struct routing *routing);

#endif
