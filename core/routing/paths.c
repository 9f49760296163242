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
	uint32_t hash = 2166136261u ^ candidate->source;

	hash = (hash ^ candidate->group) * 16777619u;
	hash = (hash ^ candidate->members) * 16777619u;
	hash = (hash ^ candidate->backup_group) * 16777619u;
	hash = (hash ^ candidate->backup_members) * 16777619u;
	hash = (hash ^ candidate->next_hop.family) * 16777619u;
	for (unsigned i = 0; i < ip_family_bytes(candidate->next_hop.family); i++)
		hash = (hash ^ candidate->next_hop.bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % PATH_HEADS;
}

static struct routing_candidate
path_candidate(const struct path *path)
{
	return (struct routing_candidate){path->source,   path->group_id,  path->members,
					  path->next_hop, path->backup_id, path->backup_members};
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

uint32_t
path_take(struct routing *routing, const struct routing_candidate *candidate)
{
	struct routing_candidate wanted = *candidate;
	uint32_t hash, slot;

	if (wanted.group != 0)
		wanted.next_hop = (struct ip_address){0};
	hash = path_hash(&wanted);
	for (slot = routing->path_heads != NULL ? routing->path_heads[hash] : 0; slot != 0;
	     slot = routing->path_next[slot]) {
		const struct path *path = &routing->paths[slot];

		if (path->source == wanted.source && path->group_id == wanted.group &&
		    path->members == wanted.members && path->backup_id == wanted.backup_group &&
		    path->backup_members == wanted.backup_members &&
		    ip_address_equal(&path->next_hop, &wanted.next_hop)) {
			routing->paths[slot].refs++;
			return slot;
		}
	}
	slot = path_slot(routing);
	routing->paths[slot] = (struct path){
	    .source = wanted.source,
	    .group_id = wanted.group,
	    .members = wanted.members,
	    .backup_id = wanted.backup_group,
	    .backup_members = wanted.backup_members,
	    .next_hop = wanted.next_hop,
	    .backup = wanted.backup_group != 0 ? group_find(routing, wanted.backup_group) : NULL,
	    .group = wanted.group != 0 ? group_find(routing, wanted.group) : NULL,
	    .refs = 1};
	routing->path_next[slot] = routing->path_heads[hash];
	routing->path_heads[hash] = slot;
	return slot;
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
	struct target *target = &routing->targets[index];

	if (index == 0 || target->kind == TARGET_FREE || target->refs > 0)
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

void
paths_rebind(struct routing *routing)
{
	for (size_t i = 1; i < routing->path_count; i++) {
		struct path *path = &routing->paths[i];

		path->group =
		    path->refs > 0 && path->group_id != 0 ? group_find(routing, path->group_id) : NULL;
		path->backup =
		    path->refs > 0 && path->backup_id != 0 ? group_find(routing, path->backup_id) : NULL;
		path->target[0] = path->target[1] = 0;
	}
	for (uint32_t i = 1; i < routing->target_count; i++)
		target_release(routing, i);
}

static bool
target_is(const struct target *target, const struct target *wanted)
{
	return target->kind == wanted->kind && !target->dead && target->family == wanted->family &&
	       target->group == wanted->group && target->members == wanted->members &&
	       target->backup == wanted->backup && target->backup_members == wanted->backup_members &&
	       (target->kind != TARGET_DEVICES || target->carriers == wanted->carriers) &&
	       ip_address_equal(&target->next_hop, &wanted->next_hop);
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

	if (path->group == NULL) {
		wanted.kind = TARGET_GATEWAY;
		wanted.next_hop = path->next_hop;
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
	struct target wanted = path_wants(routing, path, family);

	return target_carriers(routing, &wanted);
}

static uint32_t
path_target(struct routing *routing, struct path *path, uint8_t family)
{
	uint32_t *cached = &path->target[FAMILY_INDEX(family)];
	struct target wanted = path_wants(routing, path, family);

	if (wanted.kind == TARGET_DEVICES)
		wanted.carriers = target_carriers(routing, &wanted);
	if (*cached == 0 || !target_is(&routing->targets[*cached], &wanted))
		*cached = target_take(routing, &wanted);
	return *cached;
}

static bool
path_carries(const struct routing *routing, const struct path *path, uint8_t family)
{
	if (path->source == ROUTING_CONNECTED)
		return true;
	if (path->source == ROUTING_PROTECT)
		return false;
	if (path->group_id == 0)
		return ip_address_is_set(&path->next_hop);
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
	struct path *best;

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
		if (entry->path[source] != 0 && routing->paths[entry->path[source]].group_id != 0)
			wish.floor = true;
	if (!path_carries(routing, best, family))
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
