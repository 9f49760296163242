// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The next hops that attributes name, each kept once, and whether any way leads there: a path that names one
 * that can't be reached is not in the contest for the best (RFC 4271, 9.1.2.1). Who can know that is asked
 * (struct bgp_events), the first time that it matters, and says when it changes. Of a peer behind a tunnel,
 * and of the peer's own address, the session itself is the answer.
 */
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/speaker_internal.h"

#include <string.h>

static struct next_hop *
next_hop_at(const struct next_hops *all, uint32_t index)
{
	return (struct next_hop *)all->items.items + index;
}

static struct trie *
trie_of(struct next_hops *all, uint8_t family)
{
	return &all->tries[family == AF_INET6];
}

void
next_hops_init(struct next_hops *all)
{
	*all = (struct next_hops){.count = 1}; /* 0 is "none" */
	trie_init(&all->tries[0]);
	trie_init(&all->tries[1]);
}

void
next_hops_free(struct next_hops *all)
{
	trie_free(&all->tries[0]);
	trie_free(&all->tries[1]);
	vector_free(&all->items);
}

static uint32_t
slot_for(struct next_hops *all, const struct ip_address *address)
{
	uint32_t index = all->free;

	if (index != 0) {
		all->free = next_hop_at(all, index)->references;
	} else {
		index = all->count++;
		vector_need(&all->items, (size_t)all->count * sizeof(struct next_hop));
	}
	*next_hop_at(all, index) = (struct next_hop){.address = *address};
	return index;
}

uint32_t
next_hop_take(struct next_hops *all, const struct ip_address *address)
{
	unsigned bits = ip_family_bits(address->family);
	uint32_t *slot;

	if (bits == 0)
		return 0;
	/* Mostly it is the one of the attributes before. */
	if (all->last == 0 || !ip_address_equal(&next_hop_at(all, all->last)->address, address)) {
		slot = trie_put(trie_of(all, address->family), address->bytes, bits);
		if (*slot == 0)
			*slot = slot_for(all, address);
		all->last = *slot;
	}
	next_hop_at(all, all->last)->references++;
	return all->last;
}

void
next_hop_give(struct next_hops *all, uint32_t index)
{
	struct next_hop *gone, was;

	if (index == 0)
		return;
	gone = next_hop_at(all, index);
	if (--gone->references != 0)
		return;
	was = *gone;
	trie_remove(trie_of(all, was.address.family), was.address.bytes, ip_family_bits(was.address.family));
	*gone = (struct next_hop){.references = all->free};
	all->free = index;
	if (all->last == index)
		all->last = 0;
	if (was.followed && all->unfollow != NULL)
		all->unfollow(all->context, &was.address);
}

static enum bgp_reach
reach_of(struct bgp_speaker *speaker, struct next_hop *next_hop)
{
	const struct bgp_events *events = &speaker->config.events;

	if (!next_hop->followed) {
		next_hop->reach = events->next_hop_follow(events->context, &next_hop->address);
		next_hop->followed = next_hop->reach != BGP_REACH_UNKNOWN;
	}
	return next_hop->reach;
}

/* RFC 4271, 5.1.3: what an external peer on a link of ours names is on that link too. */
static bool
may_be_far(const struct bgp_peer *peer)
{
	return peer_internal(peer) || peer->config.multihop > 1 || peer->config.ttl_security > 1;
}

enum path_verdict
next_hop_verdict(const struct bgp_peer *peer, const struct bgp_attributes *attributes)
{
	struct bgp_speaker *speaker = peer->speaker;
	struct next_hop *next_hop;
	enum bgp_reach reach;

	if (speaker->config.events.next_hop_follow == NULL || peer->config.group != 0 ||
	    attributes->next_hop_index == 0)
		return PATH_USABLE;
	next_hop = next_hop_at(&speaker->attributes.next_hops, attributes->next_hop_index);
	if (ip_address_equal(&next_hop->address, &peer->config.remote))
		return PATH_USABLE;
	reach = reach_of(speaker, next_hop);
	if (reach == BGP_REACH_NONE)
		return PATH_NEXT_HOP_UNREACHABLE;
	return reach == BGP_REACH_FAR && !may_be_far(peer) ? PATH_NEXT_HOP_FAR : PATH_USABLE;
}

void
next_hop_look_again(struct bgp_speaker *speaker, struct rib *rib, uint32_t index)
{
	const struct path *path = rib_path(rib, index);
	struct bgp_peer *peer = speaker_peer_of(speaker, path->peer);
	const struct net *net = rib_net(rib, path->net);
	struct nlri nlri = {.path_id = rib_path_id(rib, index), .length = net->length};
	uint8_t generation = path->generation;
	enum path_verdict now;

	if (peer == NULL || !(path->verdict == PATH_USABLE || path_verdict_of_next_hop(path->verdict)) ||
	    import_discards(peer, rib, path->attributes))
		return;
	now = next_hop_verdict(peer, path->attributes);
	if (now == path->verdict)
		return;
	memcpy(nlri.address, net->address, rib->address_bytes);
	rib_announce_path(rib, path->peer, &nlri, path->attributes, rib_before(rib, index), now);
	/* One that is stale (RFC 4724, RFC 7313) was not said again by this. */
	rib_path_age(rib, index, generation);
	peer_touch(peer, false);
}

void
next_hops_look_again(struct bgp_speaker *speaker)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
		rib_next_hops_moved(&speaker->ribs[f]);
	speaker_kick(speaker);
}

void
bgp_next_hop_changed(struct bgp_speaker *speaker, const struct ip_address *address, enum bgp_reach reach)
{
	struct next_hops *all = &speaker->attributes.next_hops;
	unsigned bits = ip_family_bits(address->family);
	uint32_t index = bits != 0 ? trie_get(trie_of(all, address->family), address->bytes, bits) : 0;

	if (index == 0 || !next_hop_at(all, index)->followed || next_hop_at(all, index)->reach == reach)
		return;
	next_hop_at(all, index)->reach = reach;
	next_hops_look_again(speaker);
}
