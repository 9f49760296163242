// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's table compared with ours. An audit dumps the routes with our protocol number (the kernel
 * filters), marks the entries that it sees, and then walks the table: what should be there and was not seen
 * is put back, what is there under our number and should not be is removed. It runs beside everything else: a
 * dump arrives in pieces, one for each turn of the loop, and the walk is done in slices. What we write
 * meanwhile is marked as seen, so that a half-old picture of it is not taken for a difference.
 *
 * How often: a second after the last one, or twenty times as long as that one took, whichever is longer:
 * small tables are audited every second, large ones without using more than a twentieth of a core.
 *
 * While it must be found out how an address is reached without us (outside.c), the dump is of all routes.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/text.h"

#define RECEIVE_BYTES 65536
#define WALK_CHUNK 2048
#define RETRIES 1000 /* refused routes that one audit tries again */
#define GAP_US (1 * USEC_PER_SEC)
#define GAP_MOST_US (60 * USEC_PER_SEC)
#define GAP_SOON_US (20 * USEC_PER_MS)
#define GAP_FACTOR 20
#define DUMP_LIMIT_US (10 * USEC_PER_SEC)

enum audit_phase { AUDIT_IDLE, AUDIT_IPV4, AUDIT_IPV6, AUDIT_WALK };

struct audit {
	struct netlink netlink;
	uv_poll_t *poll;
	enum audit_phase phase;
	bool soon, interrupted, all; /* all: routes of others too */
	bool blind[2];               /* the dump of that family failed */
	bool walk_started;
	struct ip_prefix walk_after;
	unsigned retries;
	usec_t started, next;
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[RECEIVE_BYTES];
};

static void on_readable(uv_poll_t *poll, int status, int events);

bool
audit_running(const struct routing *routing)
{
	return routing->audit != NULL && routing->audit->phase != AUDIT_IDLE;
}

void
audit_start(struct routing *routing)
{
	struct audit *audit = routing->audit;
	usec_t wait;

	if (audit == NULL || audit->soon)
		return;
	audit->soon = true;
	wait = audit->started + GAP_SOON_US - clock_monotonic();
	if (audit->phase == AUDIT_IDLE)
		routing_tick_in(routing, wait > 0 ? (uint64_t)(wait / USEC_PER_MS) + 1 : 0);
}

static bool
dump_start(struct routing *routing, enum audit_phase phase)
{
	struct audit *audit = routing->audit;
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	uint8_t family = phase == AUDIT_IPV4 ? AF_INET : AF_INET6;
	struct nlmsghdr *message = message_dump_routes(buffer, family, audit->all ? 0 : ROUTING_PROTOCOL);

	audit->phase = phase;
	message->nlmsg_flags |= NLM_F_DUMP;
	message->nlmsg_seq = ++audit->netlink.sequence;
	if (audit->all)
		outsides_audit_start(routing, family);
	return send(audit->netlink.fd, message, message->nlmsg_len, 0) == (ssize_t)message->nlmsg_len;
}

static void
audit_finish(struct routing *routing)
{
	struct audit *audit = routing->audit;
	usec_t now = clock_monotonic(), gap = (now - audit->started) * GAP_FACTOR;

	audit->phase = AUDIT_IDLE;
	uv_poll_stop(audit->poll);
	audit->next = now + (gap < GAP_US ? GAP_US : gap > GAP_MOST_US ? GAP_MOST_US : gap);
	if (audit->soon)
		routing_tick_in(routing, GAP_SOON_US / USEC_PER_MS);
}

static void
walk_start(struct routing *routing)
{
	uv_poll_stop(routing->audit->poll);
	routing->audit->phase = AUDIT_WALK;
	routing->audit->walk_started = false;
	routing->audit->retries = 0;
	routing_wake(routing);
}

static void
dump_done(struct routing *routing, bool failed)
{
	struct audit *audit = routing->audit;
	bool second = audit->phase == AUDIT_IPV6;

	/* A table that changed under the dump may have hidden some: the next audit sees them. */
	audit->blind[second] = failed || audit->interrupted;
	if (audit->all && !audit->blind[second])
		outsides_audit_done(routing, FAMILY_OF_INDEX(second));
	audit->interrupted = false;
	if (second)
		walk_start(routing);
	else if (!dump_start(routing, AUDIT_IPV6))
		audit_finish(routing);
}

static void
audit_begin(struct routing *routing)
{
	struct audit *audit = routing->audit;

	audit->soon = false;
	audit->interrupted = false;
	audit->started = clock_monotonic();
	audit->all = outsides_curious(routing);
	nexthops_audit(routing);
	uv_poll_start(audit->poll, UV_READABLE, on_readable);
	if (!dump_start(routing, AUDIT_IPV4))
		audit_finish(routing);
}

void
audit_tick(struct routing *routing)
{
	struct audit *audit = routing->audit;
	usec_t now = clock_monotonic();

	if (audit->phase == AUDIT_IDLE && (sender_busy(routing->sender) || routing->batch->count > 0))
		return; /* a table is being loaded: later */
	if (audit->phase == AUDIT_IDLE && (audit->soon || now >= audit->next))
		audit_begin(routing);
	else if ((audit->phase == AUDIT_IPV4 || audit->phase == AUDIT_IPV6) &&
		 now - audit->started > DUMP_LIMIT_US)
		audit_finish(routing); /* the end of the dump got lost */
}

/* --- what the dump shows --- */

static bool
same_target(const struct routing *routing, uint32_t index, const struct route_seen *route)
{
	const struct target *target = &routing->targets[index];

	switch (target->kind) {
	case TARGET_SET:
		return route->nexthop == target->id;
	case TARGET_BLACKHOLE:
		return route->type == RTN_BLACKHOLE;
	case TARGET_GATEWAY:
		return ip_address_equal(&route->gateway, &target->next_hop) &&
		       (target->ifindex == 0 || target->ifindex == route->ifindex);
	default:
		return route->nexthop == 0 && !ip_address_is_set(&route->gateway);
	}
}

static void
remove_stranger(struct routing *routing, const struct route_seen *route)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	char text[IP_PREFIX_TEXT];

	/* One that we removed ourselves since the kernel wrote this answer is gone by now: nothing to tell.
	 */
	if (netlink_request(&routing->netlink, message_delete(buffer, &route->prefix, route->metric)) == 0)
		routing_event(
		    routing, "warning", "route.removed", ip_prefix_format(&route->prefix, text),
		    "a route to %s with our protocol number %d was none of ours; it has been removed", text,
		    ROUTING_PROTOCOL);
}

static void
seen_route(struct routing *routing, struct entry *entry, const struct route_seen *route)
{
	if (entry->seen)
		return; /* written since the audit began */
	entry->seen = true;
	if (entry_actual(routing, entry) != 0 && same_target(routing, entry->target, route))
		return;
	if (!entry->queued)
		entry->restored = true;
	entry->replace = true;
	sync_queue(routing, entry);
}

static void
seen_floor(struct routing *routing, struct entry *entry)
{
	if (entry->floor_seen)
		return;
	entry->floor_seen = true;
	if (entry->floor)
		return;
	entry->floor = true; /* so that it is removed where it isn't wanted */
	sync_queue(routing, entry);
}

static void
visit_route(struct routing *routing, const struct nlmsghdr *message)
{
	struct entry *entry;
	struct route_seen route;

	if (!message_read_route(message, &route))
		return;
	if (route.protocol != ROUTING_PROTOCOL) {
		if (routing->audit->all)
			outsides_audit_route(routing, &route);
		return;
	}
	if (route.metric == ROUTING_GUARD_METRIC && guard_has(routing, &route.prefix))
		return;
	entry = table_find(&routing->table, &route.prefix);
	if (entry != NULL && entry->in_flight)
		entry->seen = entry->floor_seen = true; /* on its way to something else */
	else if (entry != NULL && route.metric == ROUTING_METRIC)
		seen_route(routing, entry, &route);
	else if (entry != NULL && route.metric == ROUTING_FLOOR_METRIC)
		seen_floor(routing, entry);
	else
		remove_stranger(routing, &route);
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	struct routing *routing = poll->data;
	struct audit *audit = routing->audit;
	ssize_t got = recv(audit->netlink.fd, audit->bytes, RECEIVE_BYTES, MSG_DONTWAIT);
	int left = (int)got;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		dump_done(routing, true);
		return;
	}
	for (const struct nlmsghdr *at = (const void *)audit->bytes; netlink_is_whole(at, left);
	     at = mnl_nlmsg_next(at, &left)) {
		if (at->nlmsg_seq != audit->netlink.sequence)
			continue;
		if (at->nlmsg_flags & NLM_F_DUMP_INTR)
			audit->interrupted = true;
		if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR) {
			dump_done(routing, at->nlmsg_type == NLMSG_ERROR);
			return;
		}
		visit_route(routing, at);
	}
}

/* --- what it did not show --- */

static void
check_entry(struct routing *routing, struct entry *entry)
{
	bool blind = routing->audit->blind[FAMILY_INDEX(entry->node.prefix.address.family)];
	bool lost = false;

	if (entry->in_flight)
		return;
	if (!blind && entry_actual(routing, entry) != 0 && !entry->seen) {
		entry_set_target(routing, entry, 0);
		lost = !entry_disown(routing, entry);
	}
	if (!blind && entry->floor && !entry->floor_seen) {
		entry->floor = false;
		lost = true;
	}
	entry->seen = entry->floor_seen = false;
	if (entry->leftover &&
	    clock_monotonic() - routing->opened_at >= routing->options.leftover_hold_ms * USEC_PER_MS)
		entry->leftover = false, hop_prefix_changed(routing, &entry->node.prefix),
		sync_queue(routing, entry);
	if (lost)
		entry->restored = true;
	if (lost || ((entry->failed != 0 || entry->floor_failed != 0) && routing->audit->retries++ < RETRIES))
		sync_queue(routing, entry);
}

bool
audit_work(struct routing *routing)
{
	struct audit *audit = routing->audit;
	struct table_walk walk;
	struct entry *entry = NULL;

	if (audit == NULL)
		return true;
	if (audit->phase != AUDIT_WALK)
		return true;
	table_walk_start(&walk, &routing->table, audit->walk_started ? &audit->walk_after : NULL);
	for (unsigned i = 0; i < WALK_CHUNK; i++) {
		entry = table_next(&walk);
		if (entry == NULL) {
			audit_finish(routing);
			return true;
		}
		check_entry(routing, entry);
	}
	audit->walk_after = entry->node.prefix;
	audit->walk_started = true;
	return false;
}

/* --- open and close --- */

bool
audit_open(struct routing *routing, struct error *err)
{
	struct audit *audit = memory_zeroed(1, sizeof(*audit));

	if (!netlink_open(&audit->netlink, NETLINK_ROUTE, err)) {
		free(audit);
		return false;
	}
	audit->poll = memory_zeroed(1, sizeof(*audit->poll));
	audit->poll->data = routing;
	uv_poll_init(routing->loop, audit->poll, audit->netlink.fd);
	audit->next = clock_monotonic() + GAP_US;
	routing->audit = audit;
	return true;
}

static void
free_handle(uv_handle_t *handle)
{
	free(handle);
}

void
audit_close(struct routing *routing)
{
	struct audit *audit = routing->audit;

	if (audit == NULL)
		return;
	uv_poll_stop(audit->poll);
	uv_close((uv_handle_t *)audit->poll, free_handle);
	netlink_close(&audit->netlink);
	free(audit);
	routing->audit = NULL;
}
