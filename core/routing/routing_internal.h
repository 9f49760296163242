// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the files of this room share.
 *
 *   routing.c    the door: candidates in, states out
 *   table.c      the trie of prefixes
 *   paths.c      candidates and kernel targets, each kept once; which of a prefix's candidates is best
 *   groups.c     connections and their interfaces
 *   nexthops.c   the kernel's nexthop objects and how they are replaced
 *   sync.c       the queue of prefixes whose kernel routes are not as they should be; batches
 *   sender.c     the thread that hands batches to the kernel
 *   messages.c   the netlink messages for routes
 *   monitor.c    what others do to the kernel's table
 *   audit.c      the kernel's table compared with ours
 *   guard.c      outside addresses of peers
 *   interface.c  addresses of tunnel interfaces
 *   netlink.c    requests, batches, dumps
 */
#ifndef TWINSPAN_ROUTING_INTERNAL_H
#define TWINSPAN_ROUTING_INTERNAL_H

#include <net/if.h>

#include "core/base/clock.h"
#include "core/routing/netlink.h"
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
	struct group *group, *backup; /* NULL: none (yet) with that id */
	uint32_t refs;                /* prefixes; 0: slot free */
	uint32_t target[2];           /* by family; 0: not looked up yet */
};

enum target_kind { TARGET_FREE, TARGET_SET, TARGET_DEVICES, TARGET_GATEWAY };

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
	struct ip_address next_hop; /* GATEWAY */
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
	bool in_flight : 1;            /* messages about it are with the sender */
	bool restored : 1;             /* somebody took it away: say so when it is back */
};

/* What an entry should look like in the kernel. */
struct wish {
	const struct path *best; /* NULL: no candidate */
	uint32_t target;
	bool floor;
};

struct guard;
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
	uint32_t *path_heads, path_free;
	uint32_t *path_next; /* chains of the hash, and the free list */
	struct target *targets;
	size_t target_count;
	uint8_t ids[ROUTING_NEXTHOPS / 8]; /* nexthop ids in use */
	uint32_t id_last;
	struct leg blackholes[2];
	int compat_fd; /* net.ipv4.nexthop_compat_mode, or -1 */

	struct entry *queue_head, *queue_tail;
	size_t queue_length;
	bool scanning, scan_again, holding_leftovers, woken, unpin;
	struct ip_prefix scan_after;
	bool scan_started;
	struct netlink_batch *batch;
	struct operation *operations;
	struct sender *sender;

	uv_idle_t *idle;
	uv_timer_t *timer; /* audits, leftovers */
	usec_t opened_at;
	struct monitor *monitor;
	struct audit *audit;
	struct guard **guards; /* sorted by address */
	size_t guard_count;
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
/** What the entry should be. */
struct wish entry_wish(struct routing *routing, const struct entry *entry);
/** The target that the kernel's route points at; 0 where that one is dead. */
uint32_t entry_actual(const struct routing *routing, const struct entry *entry);
void entry_set_target(struct routing *routing, struct entry *entry, uint32_t target);
/** One message or kernel route fewer needs the target. */
void target_drop(struct routing *routing, uint32_t target);
/** Paths forget what they looked up (targets died, groups came or went). */
void paths_rebind(struct routing *routing);
const struct path *entry_best(const struct routing *routing, const struct entry *entry);

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
/** A thread that hands batches to the kernel, one at a time. `done` is called on the loop's thread. */
struct sender *sender_open(uv_loop_t *loop, void (*done)(struct routing *routing, bool known),
			   struct routing *routing, struct error *err);
void sender_close(struct sender *sender);
/** The batch and its operations change places with the sender's empty ones. It must not be busy. */
void sender_give(struct sender *sender, struct netlink_batch **batch, struct operation **operations);
/** Much is to be sent from now on (true), or no longer: the processor is left to the thread meanwhile. */
void sender_crowd(struct sender *sender, bool crowd);
bool sender_busy(const struct sender *sender);
/** Waits until it is done, and calls `done`. */
void sender_wait(struct sender *sender);
/** What it sent last: valid within `done`. */
struct netlink *sender_netlink(struct sender *sender);
struct operation *sender_operations(struct sender *sender, unsigned *count);

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

/* messages.c */
struct route_seen {
	struct ip_prefix prefix;
	uint8_t protocol, type;
	uint32_t metric, nexthop, ifindex;
	struct ip_address gateway;
	bool dead; /* its device or carrier is down */
};
struct nlmsghdr *message_route(void *buffer, const struct routing *routing, const struct ip_prefix *prefix,
			       uint32_t target, uint16_t flags);
struct nlmsghdr *message_floor(void *buffer, const struct ip_prefix *prefix, uint16_t flags);
/** The way that `underlay` goes, or unreachable where it goes nowhere. */
struct nlmsghdr *message_guard(void *buffer, const struct ip_prefix *prefix,
			       const struct route_seen *underlay, uint16_t flags);
struct nlmsghdr *message_delete(void *buffer, const struct ip_prefix *prefix, uint32_t metric);
/** The route in `message`, where it is one of table main; false for others. */
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
/** Removes what is in the kernel under our protocol number; floors stay, as leftovers, where `keep_floors`.
 */
size_t audit_clear(struct routing *routing, bool keep_floors);

/* guard.c */
/** Candidates of `prefix` came (before they reach the kernel) or went. */
void guard_prefix_changed(struct routing *routing, const struct ip_prefix *prefix);
/** A route of others to `prefix` changed (NULL: any may have): guarded addresses may be reached another way.
 */
void guard_underlay_changed(struct routing *routing, const struct ip_prefix *prefix);
/** A host route of ours was removed by somebody. */
void guard_route_lost(struct routing *routing, const struct ip_prefix *prefix);
/** True where one of our host routes is for that prefix. */
bool guard_has(const struct routing *routing, const struct ip_prefix *prefix);
/** True where the next audit must look at the routes of others too. */
bool guard_curious(const struct routing *routing);
void guard_audit_start(struct routing *routing, uint8_t family);
void guard_audit_route(struct routing *routing, const struct route_seen *route);
void guard_audit_done(struct routing *routing, uint8_t family);
/** Takes away host routes that are no longer needed. */
void guard_work(struct routing *routing);
void guard_close(struct routing *routing);

/* interface.c */
/** Somebody did something to this interface that may have to be undone. False where it is none of ours. */
bool interfaces_doubt(struct routing *routing, int ifindex);
/** Undoes it; tells of interfaces that are gone. True where routes may have suffered. */
bool interfaces_mend(struct routing *routing);
void interfaces_close(struct routing *routing);

#endif
