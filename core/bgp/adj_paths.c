// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a peer is told that takes several paths of a prefix (RFC 7911): the best so many
 * of those that may be told to it, in the order of the decision process; where it is told all, that is 64.
 *
 * A path's identifier is its number in the RIB: it stays as long as the path does, no other path of the
 * family has it at the same time, and nothing has to be stored to know it. Should a new path of the same
 * prefix get the number of one that went, it replaces that one at the peer, as RFC 7911, 5, has it. Which
 * identifiers stand at the peer does not follow from the RIB, so it is kept: a short list for each prefix,
 * each with the version of the path that was told, so that one path's change does not tell the others once
 * more.
 *
 * MED orders no more than the best, so each of the best costs a look at all that are left. That is bounded
 * for a prefix by the number that may be asked for, and for a lot by counting these looks.
 */
#include "core/bgp/adj_out_internal.h"

#include <stdlib.h>

#include "core/base/text.h"

#define LOOKS_MOST 16384u /* of a lot, about a millisecond */

struct told {
	uint32_t id, version, next; /* next: of the same prefix, its place; 0: none */
};

struct adj_paths {
	uint32_t most;        /* of a prefix */
	struct vector heads;  /* by prefix number: a place in `told`; 0: nothing was told */
	struct vector told;   /* from place 1 on */
	uint32_t used, spare; /* places; a list of those that are free */
	struct vector candidates;
};

struct adj_paths *
adj_paths_new(uint32_t most)
{
	struct adj_paths *paths = memory_zeroed(1, sizeof(*paths));

	paths->most = most;
	return paths;
}

void
adj_paths_free(struct adj_paths *paths)
{
	if (paths == NULL)
		return;
	vector_free(&paths->heads);
	vector_free(&paths->told);
	vector_free(&paths->candidates);
	free(paths);
}

void
adj_paths_limit(struct adj_paths *paths, uint32_t most)
{
	paths->most = most;
}

/* --- what stands at the peer -------------------------------------------------------------------- */

static struct told *
told_at(const struct adj_paths *paths, uint32_t place)
{
	return (struct told *)paths->told.items + place;
}

static uint32_t
head_of(const struct adj_paths *paths, uint32_t net)
{
	return ((size_t)net + 1) * sizeof(uint32_t) <= paths->heads.bytes
		   ? ((const uint32_t *)paths->heads.items)[net]
		   : 0;
}

/* NULL: it was not told. */
static struct told *
find(const struct adj_paths *paths, uint32_t net, uint32_t id)
{
	uint32_t at = head_of(paths, net);

	while (at != 0 && told_at(paths, at)->id != id)
		at = told_at(paths, at)->next;
	return at != 0 ? told_at(paths, at) : NULL;
}

bool
adj_paths_has(const struct adj_paths *paths, uint32_t net, uint32_t id)
{
	return find(paths, net, id) != NULL;
}

uint32_t
adj_paths_next(const struct adj_paths *paths, uint32_t net, uint32_t *place)
{
	*place = *place == 0 ? head_of(paths, net) : told_at(paths, *place)->next;
	return *place != 0 ? told_at(paths, *place)->id : 0;
}

uint32_t
adj_paths_previous(const struct adj_paths *paths, uint32_t net, uint32_t *place)
{
	uint32_t at = head_of(paths, net), last = *place;

	if (at == last)
		return 0; /* it was the first, or there is none */
	while (told_at(paths, at)->next != last)
		at = told_at(paths, at)->next;
	*place = at;
	return told_at(paths, at)->id;
}

const struct path *
adj_paths_path(const struct bgp_peer *peer, const struct rib *rib, const struct net *net, uint32_t id)
{
	const struct path *path = id < rib->path_count ? rib_path(rib, id) : NULL;

	if (path == NULL || path->peer == RIB_FREE || path->net != rib_net_index(rib, net))
		return NULL;
	if (path_usable(rib, path) && export_offers(peer, rib, net, path))
		return path;
	return export_path(peer, rib, net, NULL) == path ? path : NULL;
}

size_t
bgp_advertised_ids(const struct bgp_peer *peer, const struct ip_prefix *prefix, uint32_t *ids, size_t most)
{
	const struct rib *rib = speaker_rib(peer->speaker, prefix->address.family);
	const struct adj_out *out = rib != NULL ? peer->out[rib_family(rib)] : NULL;
	struct ip_prefix network = ip_prefix_network(prefix);
	uint32_t net = out != NULL && out->paths != NULL
			   ? trie_get(&rib->trie, network.address.bytes, network.length)
			   : 0;
	uint32_t place = 0;
	size_t count = 0;

	while (net != 0 && count < most && (ids[count] = adj_paths_next(out->paths, net, &place)) != 0)
		count++;
	return count;
}

bool
adj_paths_set(struct adj_paths *paths, uint32_t net, uint32_t id, uint32_t version)
{
	struct told *told = find(paths, net, id);
	uint32_t at = paths->spare, *head;

	if (told != NULL) {
		told->version = version;
		return false;
	}
	vector_need(&paths->heads, ((size_t)net + 1) * sizeof(uint32_t));
	head = (uint32_t *)paths->heads.items + net;
	if (at != 0) {
		paths->spare = told_at(paths, at)->next;
	} else {
		at = ++paths->used;
		vector_need(&paths->told, ((size_t)at + 1) * sizeof(struct told));
	}
	*told_at(paths, at) = (struct told){.id = id, .version = version, .next = *head};
	*head = at;
	return true;
}

void
adj_paths_clear(struct adj_paths *paths, uint32_t net, uint32_t id)
{
	uint32_t at = head_of(paths, net), *link;

	if (at == 0)
		return;
	link = (uint32_t *)paths->heads.items + net;
	while (*link != 0 && told_at(paths, *link)->id != id)
		link = &told_at(paths, *link)->next;
	at = *link;
	if (at == 0)
		return;
	*link = told_at(paths, at)->next;
	*told_at(paths, at) = (struct told){.next = paths->spare};
	paths->spare = at;
}

/* --- what is to stand there --------------------------------------------------------------------- */

static bool
denied(const struct bgp_peer *peer, const struct rib *rib, const struct net *net, uint32_t path)
{
	struct policy_verdict verdict = export_verdict(peer, rib, net, rib_path(rib, path));

	if (verdict.denied)
		rules_count(peer->rules[POLICY_EXPORT], &verdict);
	return verdict.denied;
}

/* Those that may be told, into `candidates`. Where these are more than are wanted, the rules are asked before
 * the choice, and else when they are written. Returns how many. */
static size_t
choose(const struct bgp_peer *peer, struct adj_paths *paths, struct rib *rib, const struct net *net,
       uint32_t *looks)
{
	size_t count = 0, kept = 0;
	uint32_t *all;

	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (!path_usable(rib, path) || !export_offers(peer, rib, net, path))
			continue;
		vector_need(&paths->candidates, (count + 1) * sizeof(uint32_t));
		((uint32_t *)paths->candidates.items)[count++] = at;
	}
	if (count <= paths->most)
		return count;
	all = paths->candidates.items;
	for (size_t i = 0; i < count && peer->rules[POLICY_EXPORT] != NULL; i++) {
		if (!denied(peer, rib, net, all[i]))
			all[kept++] = all[i];
	}
	count = peer->rules[POLICY_EXPORT] != NULL ? kept : count;
	if (count <= paths->most)
		return count;
	decision_order(rib, all, count, paths->most);
	*looks += (uint32_t)count * paths->most;
	return paths->most;
}

static bool
is_among(const uint32_t *ids, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static void
tell(struct lot *lot, const struct bgp_peer *peer, uint32_t net, uint32_t id)
{
	const struct path *path = rib_path(lot->rib, id);
	const struct told *told = find(lot->members[0].out->paths, net, id);
	struct entry entry = {.attributes = path->attributes, .net = net, .path = id};

	if (!lot->anew && told != NULL && told->version == rib_path_version(lot->rib, id))
		return;
	if (peer_internal(peer))
		entry.local_preference = path_local_preference(lot->rib, path);
	if (export_reflects(peer, lot->rib, path))
		entry.from = path->peer;
	adj_out_add(lot, &entry);
}

void
adj_paths_look_at(struct lot *lot, uint32_t index)
{
	const struct bgp_peer *peer = lot->members[0].peer;
	struct adj_paths *paths = lot->members[0].out->paths;
	const struct net *net = rib_net(lot->rib, index);
	size_t count = net->flags & NET_USED ? choose(peer, paths, lot->rib, net, &lot->looks) : 0;
	uint32_t place = 0, id;

	if (count == 0 && net->flags & NET_USED) {
		const struct path *stand_in = export_path(peer, lot->rib, net, NULL);

		vector_need(&paths->candidates, sizeof(uint32_t));
		if (stand_in != NULL)
			((uint32_t *)paths->candidates.items)[count++] = rib_path_index(lot->rib, stand_in);
	}
	for (size_t i = 0; i < count; i++)
		tell(lot, peer, index, ((const uint32_t *)paths->candidates.items)[i]);
	while ((id = adj_paths_next(paths, index, &place)) != 0) {
		if (!is_among(paths->candidates.items, count, id))
			lot->withdrawn[lot->withdrawn_count++] = (struct withdrawal){index, id};
	}
}

bool
adj_paths_fill(const struct lot *lot, uint32_t entries)
{
	return lot->looks >= LOOKS_MOST || lot->entry_count >= entries ||
	       lot->entry_count + BGP_ADD_PATH_ALL > LOT || lot->withdrawn_count + BGP_ADD_PATH_ALL > LOT;
}
