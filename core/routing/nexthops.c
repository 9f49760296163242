// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nexthop objects of connections.
 *
 * In the kernel a route points at a nexthop group (NHA_GROUP), one for each connection, set of members and
 * family. The group holds the legs that carry now, a leg being a nexthop object with the member's interface,
 * those of the backup when none carries, or the one blackhole of the family. A move replaces the groups: a
 * few messages, whatever the number of routes. Groups of one leg are used throughout because the kernel
 * refuses to turn a nexthop into a group or back.
 *
 * With net.ipv4.nexthop_compat_mode = 1, the kernel's default, replacing a nexthop announces every route that
 * uses it anew (about 0.7 us each, the caller waits). With many routes we switch that off for the time of the
 * replacement, since routes announced this way say nothing new: their nexthop's own announcement has been
 * sent.
 *
 * The kernel drops a leg without a word to anybody when its device goes down or loses its carrier, with it
 * each group that has no other leg, and with that the routes. So links are watched (monitor.c), and what went
 * is made anew under another id; the routes' entries still name the dead one and are so known to be gone.
 *
 * Source: linux/nexthop.h; net/ipv4/nexthop.c for what it does on link events.
 */
#include "core/routing/routing_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

/* Routes from which on it pays to silence the announcements of a replacement. */
#define COMPAT_ROUTES 500

static uint32_t
id_take(struct routing *routing)
{
	for (unsigned tries = 0; tries < ROUTING_NEXTHOPS; tries++) {
		uint32_t id = routing->id_last = (routing->id_last + 1) % ROUTING_NEXTHOPS;

		if (id != 0 && !(routing->ids[id / 8] & 1u << id % 8)) {
			routing->ids[id / 8] |= (uint8_t)(1u << id % 8);
			return ROUTING_NEXTHOP_BASE | id;
		}
	}
	return 0;
}

static void
id_give(struct routing *routing, uint32_t id)
{
	id &= ROUTING_NEXTHOPS - 1;
	routing->ids[id / 8] &= (uint8_t) ~(1u << id % 8);
}

static struct nlmsghdr *
nexthop_message(void *buffer, uint16_t type, uint16_t flags, uint8_t family, uint32_t id)
{
	struct nlmsghdr *message = netlink_message(buffer, type, flags, sizeof(struct nhmsg));
	struct nhmsg *header = mnl_nlmsg_get_payload(message);

	header->nh_family = family;
	if (type == RTM_NEWNEXTHOP)
		header->nh_protocol = ROUTING_PROTOCOL;
	mnl_attr_put_u32(message, NHA_ID, id);
	return message;
}

static int
nexthop_delete(struct routing *routing, uint32_t id)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];

	routing->changes++;
	return netlink_request(&routing->netlink, nexthop_message(buffer, RTM_DELNEXTHOP, 0, AF_UNSPEC, id));
}

/* A leg of `ifindex`, or the family's blackhole (0). */
static int
leg_install(struct routing *routing, struct leg *leg, uint8_t family, int ifindex)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nlmsghdr *message;
	int result;

	if (leg->installed)
		return 0;
	if (leg->id == 0 && (leg->id = id_take(routing)) == 0)
		return -ENOSPC;
	message = nexthop_message(buffer, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, family, leg->id);
	if (ifindex == 0)
		mnl_attr_put(message, NHA_BLACKHOLE, 0, NULL);
	else
		mnl_attr_put_u32(message, NHA_OIF, (uint32_t)ifindex);
	routing->changes++;
	result = netlink_request(&routing->netlink, message);
	leg->installed = result == 0;
	return result;
}

void
leg_remove(struct routing *routing, struct leg *leg)
{
	if (leg->installed)
		nexthop_delete(routing, leg->id);
	if (leg->id != 0)
		id_give(routing, leg->id);
	*leg = (struct leg){0};
}

/* Makes the legs that `members` may need. One that the kernel refuses is out until its link changes. */
static void
legs_install(struct routing *routing, struct group *group, uint32_t members, uint8_t family)
{
	for (unsigned i = 0; i < group->count; i++) {
		struct member *member = &group->members[i];
		struct leg *leg = &member->legs[FAMILY_INDEX(family)];
		int result;

		if (!(members & 1u << i) || !member->running || leg->refused)
			continue;
		result = leg_install(routing, leg, family, member->ifindex);
		if (result == 0)
			continue;
		leg->refused = true;
		routing_event(routing, "warning", "route.failed", group->name, "%s can't carry %s: %s%s%s",
			      member->name, family == AF_INET ? "IPv4" : "IPv6", strerror(-result),
			      routing->netlink.reason.text[0] ? ": " : "", routing->netlink.reason.text);
	}
}

static void
target_legs_install(struct routing *routing, const struct target *target)
{
	legs_install(routing, target->group, target->members, target->family);
	if (target->backup != NULL)
		legs_install(routing, target->backup, target->backup_members, target->family);
}

/* Which legs the kernel's group is to have; `legs` is zeroed. Returns how many. */
static unsigned
set_legs(const struct routing *routing, const struct target *target, uint32_t carriers,
	 struct nexthop_grp legs[ROUTING_MEMBERS])
{
	unsigned count = 0, family = FAMILY_INDEX(target->family);

	for (unsigned i = 0; i < 2 * ROUTING_MEMBERS; i++) {
		const struct member *member = target_member(target, i);

		if (member != NULL && carriers & 1u << i)
			legs[count++].id = member->legs[family].id;
	}
	if (count == 0)
		legs[count++].id = routing->blackholes[family].id;
	return count;
}

static struct nlmsghdr *
set_message(void *buffer, const struct routing *routing, const struct target *target, uint32_t carriers)
{
	struct nexthop_grp legs[ROUTING_MEMBERS] = {0};
	unsigned count = set_legs(routing, target, carriers, legs);
	struct nlmsghdr *message =
	    nexthop_message(buffer, RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_REPLACE, AF_UNSPEC, target->id);

	mnl_attr_put(message, NHA_GROUP, count * sizeof(legs[0]), legs);
	return message;
}

bool
target_install(struct routing *routing, struct target *target)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	uint32_t carriers;

	if (target->kind != TARGET_SET || target->installed)
		return true;
	target_legs_install(routing, target);
	carriers = target_carriers(routing, target);
	if (carriers == 0) {
		target->refused = ENETDOWN;
		return false;
	}
	if (target->id == 0 && (target->id = id_take(routing)) == 0) {
		target->refused = ENOSPC;
		return false;
	}
	routing->changes++;
	target->refused = -netlink_request(&routing->netlink, set_message(buffer, routing, target, carriers));
	target->installed = target->refused == 0;
	target->carriers = carriers;
	return target->installed;
}

void
target_idle(struct routing *routing, struct target *target)
{
	bool wanted =
	    target->kind == TARGET_SET && target->group != NULL && !target->dead && target->carriers != 0;

	if (target->kind != TARGET_SET || wanted)
		return;
	if (target->installed)
		nexthop_delete(routing, target->id);
	if (target->id != 0)
		id_give(routing, target->id);
	target->installed = false;
	target->id = 0;
}

/* Turns the kernel's announcements of each route off or back on; false where that can't be. */
static bool
compat_mode(const struct routing *routing, char from, char to)
{
	char now = '\0';

	return routing->compat_fd >= 0 && pread(routing->compat_fd, &now, 1, 0) == 1 && now == from &&
	       pwrite(routing->compat_fd, &to, 1, 0) == 1;
}

struct refresh {
	struct routing *routing;
	uint32_t targets[NETLINK_BATCH];
};

static void
refresh_failed(void *context, unsigned index, int error)
{
	struct refresh *refresh = context;
	struct routing *routing = refresh->routing;
	struct target *target = &routing->targets[refresh->targets[index]];

	/* A leg went away in this moment: the audit that follows the link's notification makes it anew. */
	target->refused = -error;
	target->carriers = UINT32_MAX;
	routing_event(routing, "warning", "route.failed", target->group != NULL ? target->group->name : "",
		      "the kernel refused to move the connection's routes: %s%s%s", strerror(-error),
		      routing->netlink.reason.text[0] ? ": " : "", routing->netlink.reason.text);
	audit_start(routing);
}

static void
refresh_send(struct refresh *refresh, struct netlink_batch *batch, size_t routes)
{
	struct routing *routing = refresh->routing;
	bool silenced = routes > COMPAT_ROUTES && compat_mode(routing, '1', '0');

	if (!netlink_batch_send(batch, refresh_failed, refresh))
		audit_start(routing);
	if (silenced)
		compat_mode(routing, '0', '1');
	netlink_batch_start(batch, &routing->netlink);
}

void
groups_refresh(struct routing *routing, struct group *group)
{
	struct refresh refresh = {.routing = routing};
	struct netlink_batch *batch = routing->urgent;
	size_t routes = 0;

	netlink_batch_start(batch, &routing->netlink);
	for (uint32_t i = 1; i < routing->target_count; i++) {
		struct target *target = &routing->targets[i];
		struct nlmsghdr *message;
		uint32_t carriers;
		void *room;

		if (target->kind != TARGET_SET || !target->installed || target->group == NULL ||
		    (group != NULL && target->group != group && target->backup != group))
			continue;
		target_legs_install(routing, target);
		carriers = target_carriers(routing, target);
		if (carriers == target->carriers)
			continue;
		room = netlink_batch_room(batch);
		if (room == NULL) {
			refresh_send(&refresh, batch, routes);
			room = netlink_batch_room(batch);
			routes = 0;
		}
		message = set_message(room, routing, target, carriers);
		refresh.targets[batch->count] = i;
		netlink_batch_add(batch, message);
		target->carriers = carriers;
		routing->changes++;
		routes += target->refs;
	}
	refresh_send(&refresh, batch, routes);
}

/* --- audit --- */

struct nexthops_seen {
	uint8_t ids[ROUTING_NEXTHOPS / 8];
	struct {
		uint16_t ids[ROUTING_MEMBERS];
	} legs[ROUTING_NEXTHOPS]; /* of a group, without their base */
	uint32_t *found;
	size_t count;
};

static void
nexthop_visit(void *context, const struct nlmsghdr *message)
{
	struct nexthops_seen *seen = context;
	const struct nhmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attributes[NHA_GROUP + 1];
	uint32_t id;

	if (message->nlmsg_type != RTM_NEWNEXTHOP || mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	netlink_attributes(message, sizeof(*header), attributes, NHA_GROUP);
	id = netlink_u32(attributes[NHA_ID], 0);
	if ((id & ~(ROUTING_NEXTHOPS - 1)) != ROUTING_NEXTHOP_BASE || header->nh_protocol != ROUTING_PROTOCOL)
		return;
	seen->found = memory_resize(seen->found, (seen->count + 1) * sizeof(*seen->found));
	seen->found[seen->count++] = id;
	id &= ROUTING_NEXTHOPS - 1;
	seen->ids[id / 8] |= (uint8_t)(1u << id % 8);
	if (attributes[NHA_GROUP] != NULL) {
		const struct nexthop_grp *legs = mnl_attr_get_payload(attributes[NHA_GROUP]);
		size_t count = mnl_attr_get_payload_len(attributes[NHA_GROUP]) / sizeof(*legs);

		for (size_t i = 0; i < count && i < ROUTING_MEMBERS; i++)
			seen->legs[id].ids[i] = (uint16_t)legs[i].id;
	}
}

static struct nexthops_seen *
nexthops_dump(struct routing *routing)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct nexthops_seen *seen = memory_zeroed(1, sizeof(*seen));
	int result =
	    netlink_dump(&routing->netlink, netlink_message(buffer, RTM_GETNEXTHOP, 0, sizeof(struct nhmsg)),
			 nexthop_visit, seen);

	if (result == 0)
		return seen;
	free(seen->found);
	free(seen);
	return NULL;
}

size_t
nexthops_clear(struct routing *routing)
{
	struct nexthops_seen *seen = nexthops_dump(routing);
	size_t count = 0;

	if (seen == NULL)
		return 0;
	for (size_t i = 0; i < seen->count; i++)
		count += nexthop_delete(routing, seen->found[i]) == 0;
	free(seen->found);
	free(seen);
	return count;
}

static bool
seen_has(const struct nexthops_seen *seen, uint32_t id)
{
	id &= ROUTING_NEXTHOPS - 1;
	return seen->ids[id / 8] >> id % 8 & 1;
}

static void
leg_audit(const struct nexthops_seen *seen, struct leg *leg)
{
	if (leg->installed && !seen_has(seen, leg->id))
		leg->installed = false;
}

static void
set_audit(struct routing *routing, const struct nexthops_seen *seen, uint32_t index)
{
	struct target *target = &routing->targets[index];
	struct nexthop_grp legs[ROUTING_MEMBERS] = {0};

	if (!target->installed)
		return;
	if (!seen_has(seen, target->id)) {
		/* With it went every route that pointed at it. */
		target->dead = true;
		target->installed = false;
		id_give(routing, target->id);
		target->id = 0;
		routing_event(routing, "warning", "route.restored",
			      target->group != NULL ? target->group->name : "",
			      "the kernel dropped the nexthop object of %u route%s (its interface went down, "
			      "or somebody removed "
			      "it); they are being put back",
			      target->refs, PLURAL(target->refs, "s"));
	} else if (target->group != NULL) {
		const uint16_t *ids = seen->legs[target->id & (ROUTING_NEXTHOPS - 1)].ids;

		set_legs(routing, target, target->carriers, legs);
		for (unsigned i = 0; i < ROUTING_MEMBERS; i++)
			if ((uint16_t)legs[i].id != ids[i])
				target->carriers = UINT32_MAX; /* so that the refresh writes it again */
	}
}

void
nexthops_audit(struct routing *routing)
{
	struct nexthops_seen *seen;

	if (!routing->nexthops)
		return;
	seen = nexthops_dump(routing);
	if (seen == NULL)
		return;
	for (unsigned family = 0; family < 2; family++)
		if (routing->blackholes[family].installed &&
		    !seen_has(seen, routing->blackholes[family].id)) {
			routing->blackholes[family].installed = false;
			leg_install(routing, &routing->blackholes[family], FAMILY_OF_INDEX(family), 0);
		}
	for (size_t i = 0; i < routing->group_count; i++)
		for (unsigned j = 0; j < routing->groups[i]->count; j++)
			for (unsigned family = 0; family < 2; family++)
				leg_audit(seen, &routing->groups[i]->members[j].legs[family]);
	for (uint32_t i = 1; i < routing->target_count; i++)
		if (routing->targets[i].kind == TARGET_SET)
			set_audit(routing, seen, i);
	free(seen->found);
	free(seen);
	for (uint32_t i = 1; i < routing->target_count; i++)
		if (routing->targets[i].dead) {
			paths_forget(routing);
			sync_rescan(routing);
			break;
		}
	groups_refresh(routing, NULL);
}

/* --- open and close --- */

bool
nexthops_probe(struct routing *routing, struct error *err)
{
	int result = nexthop_delete(routing, ROUTING_NEXTHOP_BASE | (ROUTING_NEXTHOPS - 1));

	if (result == -EPERM)
		return error_set(err, "routing: not allowed to change routes: run as root or with "
				      "CAP_NET_ADMIN, or set install_routes: false");
	routing->compat_fd = -1;
	routing->nexthops = !routing->options.plain_routes && (result == 0 || result == -ENOENT);
	if (!routing->nexthops) {
		if (!routing->options.plain_routes)
			routing_event(routing, "warning", "routing.fallback", "",
				      "the kernel has no nexthop objects (they came with Linux 5.3): a move "
				      "rewrites each route, "
				      "which takes longer the more there are");
	}
	return true;
}

void
nexthops_open(struct routing *routing)
{
	if (!routing->nexthops)
		return;
	for (unsigned family = 0; family < 2; family++)
		leg_install(routing, &routing->blackholes[family], FAMILY_OF_INDEX(family), 0);
	routing->compat_fd = open("/proc/sys/net/ipv4/nexthop_compat_mode", O_RDWR | O_CLOEXEC);
}
