// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections: their members' interfaces, which of them are up, and which failover wants to carry. What of it
 * is in the kernel is nexthops.c's business.
 */
#include "core/routing/routing_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

struct group *
group_find(const struct routing *routing, uint32_t id)
{
	for (size_t i = 0; i < routing->group_count; i++)
		if (routing->groups[i]->id == id)
			return routing->groups[i];
	return NULL;
}

uint32_t
group_carriers(const struct routing *routing, const struct group *group, uint32_t members, uint8_t family)
{
	uint32_t live = 0;

	for (unsigned i = 0; i < group->count; i++)
		if (group->members[i].running && !group->members[i].legs[FAMILY_INDEX(family)].refused)
			live |= 1u << i;
	live &= members;
	return live & group->active ? live & group->active : live & group->usable;
}

uint32_t
target_carriers(const struct routing *routing, const struct target *target)
{
	uint32_t carriers = target->group != NULL
				? group_carriers(routing, target->group, target->members, target->family)
				: 0;

	if (carriers == 0 && target->group != NULL && target->backup != NULL)
		carriers = group_carriers(routing, target->backup, target->backup_members, target->family)
			   << ROUTING_MEMBERS;
	return carriers;
}

struct member *
target_member(const struct target *target, unsigned i)
{
	struct group *group = i < ROUTING_MEMBERS ? target->group : target->backup;

	return group != NULL && i % ROUTING_MEMBERS < group->count ? &group->members[i % ROUTING_MEMBERS]
								   : NULL;
}

struct link_seen {
	int ifindex;
	bool running;
};

static void
link_visit(void *context, const struct nlmsghdr *message)
{
	struct link_seen *seen = context;
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return;
	if (header->ifi_index == seen->ifindex)
		seen->running =
		    (header->ifi_flags & IFF_UP) && (header->ifi_flags & 1u << 16 /* IFF_LOWER_UP */);
}

static void
member_look(struct routing *routing, struct member *member)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t buffer[NETLINK_MESSAGE];
	struct link_seen seen = {.ifindex = (int)if_nametoindex(member->name)};
	struct nlmsghdr *message;

	member->ifindex = seen.ifindex;
	if (seen.ifindex == 0) {
		member->running = false;
		return;
	}
	message = netlink_link(buffer, RTM_GETLINK, 0, seen.ifindex);
	netlink_ask(&routing->netlink, message, link_visit, &seen);
	member->running = seen.running;
}

bool
routing_group_add(struct routing *routing, uint32_t id, const char *name, const char *const *interfaces,
		  unsigned members, struct error *err)
{
	struct group *group;

	if (id == 0 || members == 0 || members > ROUTING_MEMBERS)
		return error_set(err, "routing: connection %s has %u tunnels; 1 to %d are possible", name,
				 members, ROUTING_MEMBERS);
	if (group_find(routing, id) != NULL)
		return error_set(err, "routing: connection %s is there already", name);
	group = memory_zeroed(1, sizeof(*group));
	group->id = id;
	group->name = text_copy(name);
	group->count = members;
	for (unsigned i = 0; i < members; i++) {
		snprintf(group->members[i].name, IFNAMSIZ, "%s", interfaces[i]);
		if (!routing->install)
			continue;
		member_look(routing, &group->members[i]);
		if (group->members[i].ifindex == 0) {
			error_set(err, "routing: connection %s: there is no interface %s", name,
				  interfaces[i]);
			free(group->name);
			free(group);
			return false;
		}
	}
	routing->groups = memory_resize(routing->groups, (routing->group_count + 1) * sizeof(struct group *));
	routing->groups[routing->group_count++] = group;
	paths_rebind(routing, id);
	sync_rescan(routing);
	return true;
}

void
routing_group_remove(struct routing *routing, uint32_t id)
{
	struct group *group = group_find(routing, id);
	size_t at = 0;

	if (group == NULL)
		return;
	routing_group_set(routing, id, 0, 0); /* blackholes at once */
	for (uint32_t i = 1; i < routing->target_count; i++) {
		struct target *target = &routing->targets[i];

		if (target->group == group) {
			target->group = target->backup = NULL;
			target->carriers = 0;
		}
		if (target->backup == group) {
			target->backup = NULL;
			target->backup_members = 0;
		}
	}
	while (routing->groups[at] != group)
		at++;
	memmove(&routing->groups[at], &routing->groups[at + 1],
		(--routing->group_count - at) * sizeof(struct group *));
	paths_rebind(routing, id);
	for (unsigned i = 0; i < group->count; i++)
		for (unsigned family = 0; family < 2; family++)
			leg_remove(routing, &group->members[i].legs[family]);
	free(group->name);
	free(group);
	sync_rescan(routing);
}

/* One bit for each set of members and family that something carries. */
static uint32_t
group_reach(const struct routing *routing, const struct group *group)
{
	uint32_t reach = 0;

	for (uint32_t members = 1; members < 1u << ROUTING_MEMBERS; members++)
		for (unsigned family = 0; family < 2; family++)
			if (group_carriers(routing, group, members, FAMILY_OF_INDEX(family)) != 0)
				reach |= 1u << (2 * members + family);
	return reach;
}

void
routing_group_set(struct routing *routing, uint32_t id, uint32_t active, uint32_t usable)
{
	struct group *group = group_find(routing, id);
	uint32_t reach;

	if (group == NULL || (group->active == active && group->usable == usable))
		return;
	reach = group_reach(routing, group);
	group->active = active;
	group->usable = usable;
	if (routing->nexthops)
		groups_refresh(routing, group);
	/* A move from one member to another concerns no prefix by itself. */
	if (!routing->nexthops || reach != group_reach(routing, group))
		sync_rescan(routing);
}

void
groups_look(struct routing *routing, const char *interface)
{
	for (size_t i = 0; i < routing->group_count; i++)
		for (unsigned j = 0; j < routing->groups[i]->count; j++) {
			struct member *member = &routing->groups[i]->members[j];

			if (strcmp(member->name, interface) != 0)
				continue;
			member_look(routing, member);
			member->legs[0].refused = member->legs[1].refused = false;
		}
}

bool
groups_link_changed(struct routing *routing, int ifindex, const char *name, bool running, bool gone)
{
	bool changed = false;

	for (size_t i = 0; i < routing->group_count; i++)
		for (unsigned j = 0; j < routing->groups[i]->count; j++) {
			struct member *member = &routing->groups[i]->members[j];

			if (member->ifindex != ifindex && (name == NULL || strcmp(member->name, name) != 0))
				continue;
			if (gone && member->ifindex != ifindex)
				continue;
			if (!gone && name != NULL && strcmp(member->name, name) != 0)
				gone = true; /* renamed: no longer the one */
			changed = changed || member->running != (running && !gone) ||
				  member->ifindex != ifindex || gone;
			member->ifindex = gone ? 0 : ifindex;
			member->running = running && !gone;
			member->legs[0].refused = member->legs[1].refused = false;
		}
	return changed;
}

void
groups_close(struct routing *routing)
{
	for (size_t i = 0; i < routing->group_count; i++) {
		free(routing->groups[i]->name);
		free(routing->groups[i]);
	}
	free(routing->groups);
	if (routing->compat_fd >= 0)
		close(routing->compat_fd);
}
