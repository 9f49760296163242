// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the files of this room share.
 *
 *   routing.c    the door: candidates in, states out
 *   table.c      the entries, by prefix
 *   paths.c      candidates and kernel targets, each kept once; which of a prefix's candidates is best
 *   groups.c     connections and their interfaces
 *   nexthops.c   the kernel's nexthop objects and how they are replaced
 *   sync.c       the queue of prefixes whose kernel routes are not as they should be; batches
 *   sender.c     the thread that hands batches to the kernel
 *   messages.c   the netlink messages for routes
 *   monitor.c    what others do to the kernel's table
 *   audit.c      the kernel's table compared with ours
 *   leftovers.c  what an earlier run left: what goes, what is taken over
 *   outside.c    addresses outside of the tunnels, and the way that each has without us
 *   guard.c      of them those of peers
 *   hops.c       of them next hops
 *   interface.c  addresses of tunnel interfaces
 *   netlink.c    requests, batches, dumps
 */
#ifndef TWINSPAN_ROUTING_INTERNAL_H
#define TWINSPAN_ROUTING_INTERNAL_H

#include <net/if.h>

#include "core/base/clock.h"
#include "core/base/netlink.h"
#include "core/routing/routing.h"
#include "core/routing/table.h"

#define ROUTING_SOURCES 4
#define ROUTING_NEXTHOP_BASE 0x74730000u
#define ROUTING_NEXTHOPS 65536u

/* Families as array indices. */
#define FAMILY_INDEX(family) ((family) == AF_INET6)
#define FAMILY_OF_INDEX(index) ((index) ? AF_INET6 : AF_INET)

struct leg {
	uint32_t id;             /* nexthop id; 0: none yet */
	bool installed, refused; /* refused: the kernel didn't take it; tried again when the link changes */
};

struct member {
	char name[IFNAMSIZ];
	int ifindex; /* 0: the interface is gone */
	bool running;
	struct leg legs[2]; /* one nexthop object for each family */
};

struct group {
	uint32_t id;
	char *name;
	struct member members[ROUTING_MEMBERS];
	unsigned count;
	uint32_t active, usable; /* bits, as failover said */
};

/* A candidate as offered, kept once for all prefixes that have the same one. */
struct path {
	enum routing_source source;
	uint32_t group_id, members, backup_id, backup_members;
	struct ip_address next_hop;
	enum routing_discard discard;
	bool followed;                /* its next hop is */
	bool lost;                    /* nothing leads to its next hop */
	struct group *group, *backup; /* NULL: none (yet) with that id */
	uint32_t refs;                /* prefixes; 0: slot free */
	uint32_t target[2];           /* by family; 0: not looked up yet */
};

enum target_kind { TARGET_FREE, TARGET_SET, TARGET_DEVICES, TARGET_GATEWAY, TARGET_BLACKHOLE };

/* What a kernel route can point at, kept once. Index 0 is "no route". */
struct target {
	enum target_kind kind;
	uint8_t family;
	bool installed; /* SET: the nexthop object is in the kernel */
	bool dead;      /* the kernel dropped it, and all routes that pointed at it */
	uint32_t refs;  /* kernel routes that point at it, as far as we know */
	struct group *group, *backup;
	uint32_t members, backup_members;
	uint32_t carriers;          /* target_carriers(). SET: which carry now; DEVICES: part of what it is */
	uint32_t id;                /* SET: nexthop id */
	struct ip_address next_hop; /* GATEWAY: a router of a link of ours */
	uint32_t ifindex;           /* GATEWAY: the link; 0: as the kernel finds it */
	int refused;                /* SET: errno of the last try */
};

struct entry {
	struct table_node node;
	uint32_t path[ROUTING_SOURCES]; /* index of the candidate of each source; 0: none */
	uint32_t target;                /* the kernel's route at ROUTING_METRIC points at it; 0: no route */
	struct entry *next;             /* in the queue */
	uint8_t failed, floor_failed;   /* errno of the last try; 0: none */
	bool queued : 1;
	bool floor : 1;                /* the kernel has the unreachable floor */
	bool replace : 1;              /* a route of ours is there with other contents: take it over */
	bool seen : 1, floor_seen : 1; /* by the audit under way, or written since it began */
	bool leftover : 1;             /* the floor is an earlier run's */
	bool stale : 1;                /* so is the route, which was not offered as it is yet */
	bool unclaimed : 1;            /* and so is the candidate of BGP, made of that route */
	bool in_flight : 1;            /* messages about it are with the sender, or in the next batch */
	bool restored : 1;             /* somebody took it away: say so when it is back */
};

/* What an entry should look like in the kernel. */
struct wish {
	const struct path *best; /* NULL: no candidate */
	uint32_t target;
	bool floor;
};

/* A route of the kernel's table. */
struct route_seen {
	struct ip_prefix prefix;
	uint8_t protocol, type;
	uint32_t table, metric, nexthop, ifindex;
	struct ip_address gateway;
	bool dead; /* its device or carrier is down */
};

/* How far the search for a way is, where the kernel can't be asked. An audit that is under way may have
 * passed the routes that matter, or shows what has changed since: only what was wanted when it began to read
 * is answered by it. */
enum outside_search {
	SEARCH_NONE,
	SEARCH_WANTED, /* by the next audit */
	SEARCH_BEGUN,  /* by the one that reads routes */
	SEARCH_DONE,   /* `found` is the answer */
};

/* An address outside of the tunnels; guards and next hops begin with it. */
struct outside {
	struct ip_address address;
	enum outside_search search;
	struct route_seen found; /* the best that the audit has seen; found.prefix of no family: none */
};

/* Sorted by address. */
struct outsides {
	struct outside **items;
	size_t count;
};

struct inside;
struct audit;
struct monitor;
struct sender;

struct routing {
	uv_loop_t *loop;
	struct routing_options options;
	struct netlink netlink;
	bool install, nexthops; /* nexthops: the kernel has nexthop objects and we use them */
	uint32_t changes;       /* counts what we wrote to the kernel */

	struct table table;
	size_t count;     /* entries with a candidate */
	size_t bgp_count; /* of them with one of BGP */

	struct group **groups;
	size_t group_count;
	struct path *paths;
	size_t path_count;
	uint32_t *path_heads, path_free, path_last;
	uint32_t *path_next; /* chains of the hash, and the free list */
	struct target *targets;
	size_t target_count;
	uint8_t ids[ROUTING_NEXTHOPS / 8]; /* nexthop ids in use */
	uint32_t id_last;
	struct leg blackholes[2];
	int compat_fd; /* net.ipv4.nexthop_compat_mode, or -1 */

	struct entry *queue_head, *queue_tail;
	size_t queue_length;
	bool scanning, scan_again, woken, unpin;
	struct ip_prefix scan_after;
	bool scan_started;
	bool holding, settling; /* stale routes stay; are looked through since routing_settle() */
	size_t kept[2], swept;
	struct netlink_batch *batch; /* being filled, while the sender has those before */
	struct operation *operations;
	unsigned batch_gone;          /* messages in it that take away */
	struct netlink_batch *urgent; /* what doesn't wait for that: nexthop objects, leftovers */
	struct sender *sender;

	uv_idle_t *idle;
	uv_timer_t *timer; /* audits, leftovers */
	usec_t opened_at;
	struct monitor *monitor;
	struct audit *audit;
	struct outsides guards, hops;
	bool hops_due;                  /* some are to be looked for again */
	size_t hop_next;                /* from which one on */
	struct route_seen *kept_guards; /* host routes of an earlier run that no guard has taken yet */
	size_t kept_guard_count;
	struct inside *insides;
	size_t inside_count;

	usec_t events_since; /* for the limit on events */
	unsigned events_in_window, events_suppressed;
};

/* routing.c */
/** Rate-limited: a few a second, the rest is counted. */
void routing_event(struct routing *routing, const char *severity, const char *kind, const char *subject,
		   const char *format, ...) __attribute__((format(printf, 5, 6)));
void routing_entry_changed(struct routing *routing, const struct entry *entry);
/** Frees the entry where nothing is left of it. */
void routing_entry_release(struct routing *routing, struct entry *entry);
/** There is work for the next turn of the loop. */
void routing_wake(struct routing *routing);
/** The next tick (audits) shall come sooner. */
void routing_tick_in(struct routing *routing, uint64_t milliseconds);

/* paths.c */
uint32_t path_take(struct routing *routing, const struct routing_candidate *candidate);
void path_release(struct routing *routing, uint32_t path);
/** As it was offered. */
struct routing_candidate path_candidate(const struct path *path);
/** It leads into tunnels, or holds a prefix of theirs unreachable. 0 is none. */
bool path_is_tunnels(const struct routing *routing, uint32_t path);
/** What the entry should be. */
struct wish entry_wish(struct routing *routing, const struct entry *entry);
/** The target that the kernel's route points at; 0 where that one is dead. */
uint32_t entry_actual(const struct routing *routing, const struct entry *entry);
void entry_set_target(struct routing *routing, struct entry *entry, uint32_t target);
/** One message or kernel route fewer needs the target. */
void target_drop(struct routing *routing, uint32_t target);
/** A group came or went: the paths that name its id find it, or no longer. */
void paths_rebind(struct routing *routing, uint32_t id);
/** Targets died: all paths look theirs up anew. */
void paths_forget(struct routing *routing);
/** Another router leads to a next hop, or none (`lost`): all routes by it change, in slices. Costs the same
 * however many next hops there are. */
void paths_reroute(struct routing *routing, const struct ip_address *next_hop, bool lost);
bool entry_has_candidate(const struct entry *entry);
const struct path *entry_best(const struct routing *routing, const struct entry *entry);
/** The kernel has such a route of BGP to the entry's prefix, of an earlier run. */
void entry_adopt(struct routing *routing, struct entry *entry, const struct routing_candidate *candidate);
/** BGP has offered something: the route is no longer stale where it is that. */
void entry_claim(struct routing *routing, struct entry *entry);
/** What an earlier run left of it does not count any longer. True where it was its candidate. */
bool entry_disown(struct routing *routing, struct entry *entry);

/* groups.c */
struct group *group_find(const struct routing *routing, uint32_t id);
/** Which of `members` carry, given what failover said and which interfaces are up. */
uint32_t group_carriers(const struct routing *routing, const struct group *group, uint32_t members,
			uint8_t family);
/** Who carries for a target: bits of its group's members, or, where that is none, those of its backup's,
 * above the group's (ROUTING_MEMBERS bits each). */
uint32_t target_carriers(const struct routing *routing, const struct target *target);
/** The member that bit `i` of such a set means, of 2 * ROUTING_MEMBERS; NULL: none. */
struct member *target_member(const struct target *target, unsigned i);
/** The same of a path. */
uint32_t path_carriers(const struct routing *routing, const struct path *path, uint8_t family);
/** An interface changed. True where it is one of ours and its state is another. */
/** Looks anew at the members that have this interface. */
void groups_look(struct routing *routing, const char *interface);
bool groups_link_changed(struct routing *routing, int ifindex, const char *name, bool running, bool gone);
void groups_close(struct routing *routing);

/* nexthops.c */
/** Finds out whether we may change routes and whether there are nexthop objects. */
bool nexthops_probe(struct routing *routing, struct error *err);
void nexthops_open(struct routing *routing);
/** Brings the nexthop object into the kernel; false: refused (target->refused). */
bool target_install(struct routing *routing, struct target *target);
/** The last route that pointed at it has gone. */
void target_idle(struct routing *routing, struct target *target);
/** Brings all nexthop objects of the group (NULL: of all) in line with what carries. */
void groups_refresh(struct routing *routing, struct group *group);
void leg_remove(struct routing *routing, struct leg *leg);
/** Compares the kernel's nexthop objects with ours and mends. */
void nexthops_audit(struct routing *routing);
/** Removes all nexthop objects of our range and protocol from the kernel. Returns how many. */
size_t nexthops_clear(struct routing *routing);

/* sync.c */
void sync_queue(struct routing *routing, struct entry *entry);
/** Looks at all entries again, in slices. */
void sync_rescan(struct routing *routing);
/** Works for about `limit` microseconds (0: until nothing is left). */
enum sync_state { SYNC_SETTLED, SYNC_MORE, SYNC_WAITING /* for the sender: it wakes the loop */ };
enum sync_state sync_work(struct routing *routing, usec_t limit);
bool sync_open(struct routing *routing, struct error *err);
/** Waits for what is under way. */
void sync_close(struct routing *routing);

/* sender.c */
#define SENDER_BATCHES 4u /* that may be under way: less than ten milliseconds of the kernel's time */

struct operation {
	struct entry *entry;
	uint32_t target;
	int error;
	enum operation_kind {
		OPERATION_ROUTE,
		OPERATION_ROUTE_DELETE,
		OPERATION_FLOOR,
		OPERATION_FLOOR_DELETE
	} kind;
};

/* What became of a batch. */
struct sent {
	struct operation *operations;
	unsigned count;
	bool known;          /* false: answers were lost */
	bool last;           /* nothing else is under way now */
	struct error reason; /* the kernel's own words for the last error, or empty */
};

/** A thread that hands batches to the kernel, one after the other, in their order. `done` is called on the
 * loop's thread for each of them, in that order too; what it is given is valid within the call. */
struct sender *sender_open(uv_loop_t *loop, void (*done)(struct routing *routing, const struct sent *sent),
			   struct routing *routing, struct error *err);
/** Nothing may be under way. */
void sender_close(struct sender *sender);
/** Whether one more batch may be given. */
bool sender_takes(const struct sender *sender);
/** The batch and its operations change places with empty ones of the sender, which must take it. `gone`: how
 * many of the messages take a route away or replace one. */
void sender_give(struct sender *sender, struct netlink_batch **batch, struct operation **operations,
		 unsigned gone);
/** Much is to be sent from now on (true), or no longer: the processor is left to the thread meanwhile. */
void sender_crowd(struct sender *sender, bool crowd);
/** Something is under way. */
bool sender_busy(const struct sender *sender);
/** Waits until all is done, and calls `done` for each. */
void sender_wait(struct sender *sender);
/** The port of its netlink socket. */
uint32_t sender_port(const struct sender *sender);

/* messages.c */
struct nlmsghdr *message_route(void *buffer, const struct routing *routing, const struct ip_prefix *prefix,
			       uint32_t target, uint16_t flags);
struct nlmsghdr *message_floor(void *buffer, const struct ip_prefix *prefix, uint16_t flags);
/** The way that `underlay` goes, or unreachable where it goes nowhere. */
struct nlmsghdr *message_guard(void *buffer, const struct ip_prefix *prefix,
			       const struct route_seen *underlay, uint16_t flags);
struct nlmsghdr *message_delete(void *buffer, const struct ip_prefix *prefix, uint32_t metric);
/** The route in `message`; false for what is none. */
bool message_read_any_route(const struct nlmsghdr *message, struct route_seen *out);
/** The same where it is one of table main; false for others. */
bool message_read_route(const struct nlmsghdr *message, struct route_seen *out);
/** A dump of routes of table main; protocol 0: all. */
struct nlmsghdr *message_dump_routes(void *buffer, uint8_t family, uint8_t protocol);

/* monitor.c */
bool monitor_open(struct routing *routing, struct error *err);
void monitor_close(struct routing *routing);

/* audit.c */
bool audit_open(struct routing *routing, struct error *err);
void audit_close(struct routing *routing);
/** Answers or notifications were lost, or something is not as it was left: compare at once. */
void audit_start(struct routing *routing);
/** Called by the timer: starts one when its time has come. */
void audit_tick(struct routing *routing);
/** The part of an audit that the loop's turns do. True where there is nothing (more) to do. */
bool audit_work(struct routing *routing);
bool audit_running(const struct routing *routing);

/* leftovers.c */
/** What is left in the kernel under our protocol number. */
enum leftovers_kept {
	LEFTOVERS_NONE,   /* nothing */
	LEFTOVERS_FLOORS, /* floors; ours then, for a while */
	LEFTOVERS_ADOPT,  /* floors, guards' routes, routes by a next hop, blackholes; ours then, until
			     routing_settle() */
	LEFTOVERS_LEAVE,  /* the same, for another run */
};
/** Removes the rest; returns how many. */
size_t leftovers_clear(struct routing *routing, enum leftovers_kept keep);

/* outside.c */
/** Index of the first whose address is not below `address`. */
size_t outside_lower(const struct outsides *all, const struct ip_address *address);
struct outside *outside_find(const struct outsides *all, const struct ip_address *address);
/** `added` is borrowed until it is removed. */
void outside_add(struct outsides *all, struct outside *added);
void outside_remove(struct outsides *all, const struct outside *removed);
struct ip_prefix outside_host(const struct outside *outside);
/** The route leads somewhere. */
bool outside_leads(const struct route_seen *way);
/** A prefix of ours holds the address. */
bool outside_is_covered(const struct routing *routing, const struct outside *outside);
/** A prefix of a tunnel's holds the address before the way, as the kernel would choose between the two, and
 * it is no peer's outside address. */
bool outside_is_inside(const struct routing *routing, const struct outside *outside,
		       const struct route_seen *way);
/** Asks the kernel for the way; `found` is that where there is one. */
enum outside_answer {
	OUTSIDE_NONE, /* or a floor of ours is in the way */
	OUTSIDE_WAY,
	OUTSIDE_HERE,      /* it is an address of ours */
	OUTSIDE_ELSEWHERE, /* in another table than main */
	OUTSIDE_OURS,      /* a route of ours is in the way */
} outside_ask(struct routing *routing, const struct outside *outside, struct route_seen *found);
/** The next audit, which begins soon, finds its way. */
void outside_look_again(struct routing *routing, struct outside *outside);
/** True where the next audit must look at the routes of others too. */
bool outsides_curious(const struct routing *routing);
void outsides_audit_start(struct routing *routing, uint8_t family);
void outsides_audit_route(struct routing *routing, const struct route_seen *route);
void outsides_audit_done(struct routing *routing, uint8_t family);
/** A route of others to `prefix` changed (NULL: any may have): addresses may be reached another way. */
void outsides_underlay_changed(struct routing *routing, const struct ip_prefix *prefix);

/* hops.c */
/** The router of a link of ours that leads to a next hop, as far as one is known: else itself. `ifindex`: the
 * link; 0: not known. */
struct ip_address hop_router(const struct routing *routing, const struct ip_address *next_hop,
			     uint32_t *ifindex);
/** A candidate of a tunnel's came or went, or a peer's outside address. */
void hop_prefix_changed(struct routing *routing, const struct ip_prefix *prefix);
void hop_underlay_changed(struct routing *routing, const struct ip_prefix *prefix);
/** A slice of what is to be asked for again. True: all is. */
bool hop_work(struct routing *routing);
void hop_audit_done(struct routing *routing, uint8_t family);
/** A tunnel's prefix holds it: there is no way outside of the tunnels. */
bool hop_is_inside(const struct routing *routing, const struct ip_address *next_hop);
void hops_close(struct routing *routing);

/* guard.c */
/** Candidates of `prefix` came (before they reach the kernel) or went. */
void guard_prefix_changed(struct routing *routing, const struct ip_prefix *prefix);
void guard_underlay_changed(struct routing *routing, const struct ip_prefix *prefix);
/** A host route of ours was removed by somebody. */
void guard_route_lost(struct routing *routing, const struct ip_prefix *prefix);
/** True where one of our host routes is for that prefix. */
bool guard_has(const struct routing *routing, const struct ip_prefix *prefix);
void guard_audit_done(struct routing *routing, uint8_t family);
/** Takes away host routes that are no longer needed. */
void guard_work(struct routing *routing);
/** A host route of an earlier run stays for the guard that is going to be added. */
void guard_keep(struct routing *routing, const struct route_seen *route);
/** Those that none has taken go. */
void guard_settle(struct routing *routing);
void guard_close(struct routing *routing);

/* interface.c */
/** Somebody did something to this interface that may have to be undone. False where it is none of ours. */
bool interfaces_doubt(struct routing *routing, int ifindex);
/** Undoes it; tells of interfaces that are gone. True where routes may have suffered. */
bool interfaces_mend(struct routing *routing);
void interfaces_close(struct routing *routing);

#endif
