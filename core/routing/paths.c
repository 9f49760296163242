// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Candidates and targets, each kept once; see routing_internal.h. A table of a million prefixes has few
 * different candidates (a connection and which of its tunnels, a next hop), so an entry holds four small
 * indices, and the question which candidate is the best one is answered by looking, not by remembering: it
 * changes with every failover.
 */
#include "core/routing/routing_internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define PATH_HEADS 4096

static uint32_t
path_hash(const struct routing_candidate *candidate)
{
	uint32_t hash = 2166136261u ^ candidate->source ^ (uint32_t)candidate->discard << 8;

	hash = (hash ^ candidate->group) * 16777619u;
	hash = (hash ^ candidate->members) * 16777619u;
	hash = (hash ^ candidate->backup_group) * 16777619u;
	hash = (hash ^ candidate->backup_members) * 16777619u;
	hash = (hash ^ candidate->next_hop.family) * 16777619u;
	for (unsigned i = 0; i < ip_family_bytes(candidate->next_hop.family); i++)
		hash = (hash ^ candidate->next_hop.bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % PATH_HEADS;
}

struct routing_candidate
path_candidate(const struct path *path)
{
	return (struct routing_candidate){path->source,   path->group_id,  path->members,
					  path->next_hop, path->backup_id, path->backup_members,
					  path->discard};
}

/* It goes by its next hop, wherever that is. */
static bool
follows_hop(const struct path *path)
{
	return path->group_id == 0 && path->discard == ROUTING_DISCARD_NO &&
	       ip_address_is_set(&path->next_hop);
}

static uint32_t
path_slot(struct routing *routing)
{
	uint32_t slot = routing->path_free;

	if (slot != 0) {
		routing->path_free = routing->path_next[slot];
		return slot;
	}
	if (routing->path_heads == NULL) {
		routing->path_heads = memory_zeroed(PATH_HEADS, sizeof(*routing->path_heads));
		routing->path_count = 1; /* index 0: none */
	}
	if (routing->path_count < 2 || (routing->path_count & (routing->path_count - 1)) == 0) {
		size_t room = routing->path_count < 2 ? 2 : routing->path_count * 2;

		routing->paths = memory_resize(routing->paths, room * sizeof(*routing->paths));
		routing->path_next = memory_resize(routing->path_next, room * sizeof(*routing->path_next));
	}
	return (uint32_t)routing->path_count++;
}

static bool
path_is(const struct path *path, const struct routing_candidate *wanted)
{
	return path->refs != 0 && path->source == wanted->source && path->group_id == wanted->group &&
	       path->members == wanted->members && path->backup_id == wanted->backup_group &&
	       path->backup_members == wanted->backup_members && path->discard == wanted->discard &&
	       ip_address_equal(&path->next_hop, &wanted->next_hop);
}

/* 0: none is such a one. */
static uint32_t
path_find(const struct routing *routing, const struct routing_candidate *wanted)
{
	uint32_t slot = routing->path_heads != NULL ? routing->path_heads[path_hash(wanted)] : 0;

	while (slot != 0 && !path_is(&routing->paths[slot], wanted))
		slot = routing->path_next[slot];
	return slot;
}

static void
follow(struct routing *routing, struct path *path)
{
	enum routing_reach reach = routing_hop_add(routing, &path->next_hop);

	path->followed = reach != ROUTING_REACH_UNKNOWN;
	path->lost = reach == ROUTING_REACH_NONE;
}

uint32_t
path_take(struct routing *routing, const struct routing_candidate *candidate)
{
	struct routing_candidate wanted = *candidate;
	uint32_t hash, slot = routing->path_last;

	if (wanted.discard != ROUTING_DISCARD_NO)
		wanted = (struct routing_candidate){.source = wanted.source, .discard = wanted.discard};
	if (wanted.group != 0)
		wanted.next_hop = (struct ip_address){0};
	else /* nobody stands in for a next hop */
		wanted.members = wanted.backup_group = wanted.backup_members = 0;
	/* Mostly it is the one of the prefix before. */
	if (slot != 0 && path_is(&routing->paths[slot], &wanted)) {
		routing->paths[slot].refs++;
		return slot;
	}
	slot = path_find(routing, &wanted);
	if (slot != 0) {
		routing->paths[slot].refs++;
		return routing->path_last = slot;
	}
	slot = path_slot(routing);
	hash = path_hash(&wanted);
	routing->paths[slot] = (struct path){
	    .source = wanted.source,
	    .group_id = wanted.group,
	    .members = wanted.members,
	    .backup_id = wanted.backup_group,
	    .backup_members = wanted.backup_members,
	    .next_hop = wanted.next_hop,
	    .discard = wanted.discard,
	    .backup = wanted.backup_group != 0 ? group_find(routing, wanted.backup_group) : NULL,
	    .group = wanted.group != 0 ? group_find(routing, wanted.group) : NULL,
	    .refs = 1};
	routing->path_next[slot] = routing->path_heads[hash];
	routing->path_heads[hash] = slot;
	if (follows_hop(&routing->paths[slot]))
		follow(routing, &routing->paths[slot]);
	return routing->path_last = slot;
}

bool
path_is_tunnels(const struct routing *routing, uint32_t path)
{
	return path != 0 &&
	       (routing->paths[path].group_id != 0 || routing->paths[path].source == ROUTING_PROTECT);
}

static bool
target_named(const struct routing *routing, uint32_t target)
{
	for (size_t i = 1; i < routing->path_count; i++)
		if (routing->paths[i].refs > 0 &&
		    (routing->paths[i].target[0] == target || routing->paths[i].target[1] == target))
			return true;
	return false;
}

/* Frees the slot of a target that nothing in the kernel and no candidate needs. */
static void
target_release(struct routing *routing, uint32_t index)
{
	struct target *target = index != 0 ? &routing->targets[index] : NULL;

	if (target == NULL || target->kind == TARGET_FREE || target->refs > 0)
		return;
	target_idle(routing, target);
	if (!target->installed && !target_named(routing, index))
		*target = (struct target){0};
}

void
path_release(struct routing *routing, uint32_t slot)
{
	struct routing_candidate candidate;
	uint32_t targets[2], *at;

	if (slot == 0 || --routing->paths[slot].refs > 0)
		return;
	if (routing->paths[slot].followed)
		routing_hop_remove(routing, &routing->paths[slot].next_hop);
	candidate = path_candidate(&routing->paths[slot]);
	memcpy(targets, routing->paths[slot].target, sizeof(targets));
	at = &routing->path_heads[path_hash(&candidate)];
	while (*at != slot)
		at = &routing->path_next[*at];
	*at = routing->path_next[slot];
	routing->path_next[slot] = routing->path_free;
	routing->path_free = slot;
	target_release(routing, targets[0]);
	target_release(routing, targets[1]);
}

/* Targets that no path names any more. */
static void
release_all(struct routing *routing)
{
	for (uint32_t i = 1; i < routing->target_count; i++)
		target_release(routing, i);
}

void
paths_rebind(struct routing *routing, uint32_t id)
{
	struct group *group = group_find(routing, id);

	for (size_t i = 1; i < routing->path_count; i++) {
		struct path *path = &routing->paths[i];

		if (path->refs == 0 || (path->group_id != id && path->backup_id != id))
			continue;
		if (path->group_id == id)
			path->group = group;
		if (path->backup_id == id)
			path->backup = group;
		path->target[0] = path->target[1] = 0;
	}
	release_all(routing);
}

void
paths_forget(struct routing *routing)
{
	for (size_t i = 1; i < routing->path_count; i++)
		routing->paths[i].target[0] = routing->paths[i].target[1] = 0;
	release_all(routing);
}

void
paths_reroute(struct routing *routing, const struct ip_address *next_hop, bool lost)
{
	for (unsigned source = 0; source < ROUTING_SOURCES; source++) {
		struct routing_candidate by = {.source = source, .next_hop = *next_hop};
		uint32_t slot = path_find(routing, &by), targets[2];

		if (slot == 0)
			continue;
		memcpy(targets, routing->paths[slot].target, sizeof(targets));
		routing->paths[slot].target[0] = routing->paths[slot].target[1] = 0;
		routing->paths[slot].lost = lost;
		target_release(routing, targets[0]);
		target_release(routing, targets[1]);
		sync_rescan(routing);
	}
}

static bool
target_is(const struct target *target, const struct target *wanted)
{
	return target->kind == wanted->kind && !target->dead && target->family == wanted->family &&
	       target->group == wanted->group && target->members == wanted->members &&
	       target->backup == wanted->backup && target->backup_members == wanted->backup_members &&
	       (target->kind != TARGET_DEVICES || target->carriers == wanted->carriers) &&
	       target->ifindex == wanted->ifindex && ip_address_equal(&target->next_hop, &wanted->next_hop);
}

static uint32_t
target_take(struct routing *routing, const struct target *wanted)
{
	uint32_t slot = 0;

	for (uint32_t i = 1; i < routing->target_count; i++) {
		if (target_is(&routing->targets[i], wanted))
			return i;
		if (routing->targets[i].kind == TARGET_FREE)
			slot = i;
	}
	if (slot == 0) {
		if (routing->target_count < 2 || (routing->target_count & (routing->target_count - 1)) == 0) {
			size_t room = routing->target_count < 2 ? 2 : routing->target_count * 2;

			routing->targets = memory_resize(routing->targets, room * sizeof(*routing->targets));
		}
		if (routing->target_count == 0)
			routing->targets[routing->target_count++] = (struct target){0};
		slot = (uint32_t)routing->target_count++;
	}
	routing->targets[slot] = *wanted;
	return slot;
}

/* What a kernel route of the path points at, but for its carriers. */
static struct target
path_wants(const struct routing *routing, const struct path *path, uint8_t family)
{
	struct target wanted = {.family = family};

	if (path->discard == ROUTING_DISCARD_BLACKHOLE) {
		wanted.kind = TARGET_BLACKHOLE;
	} else if (path->group == NULL) {
		wanted.kind = TARGET_GATEWAY;
		wanted.next_hop = hop_router(routing, &path->next_hop, &wanted.ifindex);
	} else {
		wanted.kind = routing->nexthops ? TARGET_SET : TARGET_DEVICES;
		wanted.group = path->group;
		wanted.members = path->members;
		wanted.backup = path->backup;
		wanted.backup_members = path->backup != NULL ? path->backup_members : 0;
	}
	return wanted;
}

uint32_t
path_carriers(const struct routing *routing, const struct path *path, uint8_t family)
{
	uint32_t carriers;

	if (path->group == NULL || path->discard == ROUTING_DISCARD_BLACKHOLE)
		return 0;
	carriers = group_carriers(routing, path->group, path->members, family);
	if (carriers == 0 && path->backup != NULL)
		carriers = group_carriers(routing, path->backup, path->backup_members, family)
			   << ROUTING_MEMBERS;
	return carriers;
}

/* Asked for each prefix: what the path looked up stands until paths_rebind(), but for targets whose carriers
 * are part of what they are, and dead ones. */
static uint32_t
path_target(struct routing *routing, struct path *path, uint8_t family)
{
	uint32_t *cached = &path->target[FAMILY_INDEX(family)];
	struct target wanted;

	if (*cached != 0 && routing->targets[*cached].kind != TARGET_DEVICES &&
	    !routing->targets[*cached].dead)
		return *cached;
	wanted = path_wants(routing, path, family);
	if (wanted.kind == TARGET_DEVICES)
		wanted.carriers = target_carriers(routing, &wanted);
	if (*cached == 0 || !target_is(&routing->targets[*cached], &wanted))
		*cached = target_take(routing, &wanted);
	return *cached;
}

bool
entry_has_candidate(const struct entry *entry)
{
	for (unsigned source = 0; source < ROUTING_SOURCES; source++)
		if (entry->path[source] != 0)
			return true;
	return false;
}

static bool
path_carries(const struct routing *routing, const struct path *path, uint8_t family)
{
	if (path->source == ROUTING_CONNECTED)
		return true;
	if (path->source == ROUTING_PROTECT || path->discard == ROUTING_DISCARD_AGGREGATE)
		return false;
	if (path->discard == ROUTING_DISCARD_BLACKHOLE)
		return true;
	if (path->group_id == 0)
		return ip_address_is_set(&path->next_hop) && !path->lost;
	return path_carriers(routing, path, family) != 0;
}

const struct path *
entry_best(const struct routing *routing, const struct entry *entry)
{
	const struct path *first = NULL;

	for (unsigned source = 0; source < ROUTING_SOURCES; source++) {
		const struct path *path;

		if (entry->path[source] == 0)
			continue;
		path = &routing->paths[entry->path[source]];
		if (path_carries(routing, path, entry->node.prefix.address.family))
			return path;
		if (first == NULL)
			first = path;
	}
	return first;
}

struct wish
entry_wish(struct routing *routing, const struct entry *entry)
{
	struct wish wish = {.best = entry_best(routing, entry)};
	uint8_t family = entry->node.prefix.address.family;
	bool held = entry->stale && routing->holding && entry_actual(routing, entry) != 0;
	struct path *best;

	if (held)
		wish.target = entry->target;
	if (wish.best == NULL) {
		wish.floor = entry->leftover;
		return wish;
	}
	if (!routing->install)
		return wish;
	best = &routing->paths[wish.best - routing->paths];
	wish.floor = entry->path[ROUTING_PROTECT] != 0;
	if (best->source == ROUTING_CONNECTED)
		return wish;
	for (unsigned source = ROUTING_STATIC; source <= ROUTING_BGP; source++)
		if (entry->path[source] != 0 &&
		    (routing->paths[entry->path[source]].group_id != 0 ||
		     routing->paths[entry->path[source]].discard == ROUTING_DISCARD_AGGREGATE))
			wish.floor = true;
	if (held || !path_carries(routing, best, family))
		return wish;
	wish.target = path_target(routing, best, family);
	return wish;
}

uint32_t
entry_actual(const struct routing *routing, const struct entry *entry)
{
	return entry->target != 0 && !routing->targets[entry->target].dead ? entry->target : 0;
}

void
entry_set_target(struct routing *routing, struct entry *entry, uint32_t target)
{
	uint32_t before = entry->target;

	if (before == target)
		return;
	entry->target = target;
	if (target != 0)
		routing->targets[target].refs++;
	if (before != 0)
		target_drop(routing, before);
}

void
target_drop(struct routing *routing, uint32_t target)
{
	if (--routing->targets[target].refs == 0)
		target_release(routing, target);
}

void
entry_adopt(struct routing *routing, struct entry *entry, const struct routing_candidate *candidate)
{
	uint32_t path = path_take(routing, candidate);

	entry->path[ROUTING_BGP] = path;
	routing->count++;
	routing->bgp_count++;
	entry_set_target(routing, entry,
			 path_target(routing, &routing->paths[path], entry->node.prefix.address.family));
	entry->stale = entry->unclaimed = true;
}

void
entry_claim(struct routing *routing, struct entry *entry)
{
	struct path *path = &routing->paths[entry->path[ROUTING_BGP]];

	entry->unclaimed = false;
	if (path_target(routing, path, entry->node.prefix.address.family) != entry->target)
		return;
	entry->stale = false;
	sync_queue(routing, entry); /* another source may be better, and there is something to be told */
}

bool
entry_disown(struct routing *routing, struct entry *entry)
{
	bool was = entry->unclaimed;

	entry->stale = entry->unclaimed = false;
	if (!was)
		return false;
	path_release(routing, entry->path[ROUTING_BGP]);
	entry->path[ROUTING_BGP] = 0;
	routing->bgp_count--;
	if (!entry_has_candidate(entry))
		routing->count--;
	routing->unpin = true;
	sync_queue(routing, entry);
	return true;
}
