// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels (what we were asked for) and tracks (the IKE_SAs that charon has), and which belongs to which.
 *
 * An SA belongs to the tunnel whose peer_cfg_t it carries: the pointer is compared, so that SAs of a tunnel
 * that was removed and added again under the same name stay strangers. A responder's SA has no peer_cfg
 * before IKE_AUTH; until then it is counted to a tunnel only where its addresses leave no other.
 */
#include "core/ike/ike_internal.h"

#include <stdlib.h>
#include <string.h>

static unsigned
bucket_of_pointer(const void *pointer)
{
	return (unsigned)((uintptr_t)pointer >> 4) % BUCKETS;
}

struct tunnel *
tunnel_find(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel = ike->by_id[id % BUCKETS];

	while (tunnel && tunnel->id != id)
		tunnel = tunnel->next_by_id;
	return tunnel;
}

struct tunnel *
tunnel_of_peer(struct ike *ike, peer_cfg_t *peer)
{
	struct tunnel *tunnel = peer ? ike->by_peer[bucket_of_pointer(peer)] : NULL;

	while (tunnel && tunnel->peer != peer)
		tunnel = tunnel->next_by_peer;
	return tunnel;
}

void
tunnel_insert(struct ike *ike, struct tunnel *tunnel)
{
	struct tunnel **id = &ike->by_id[tunnel->id % BUCKETS];
	struct tunnel **peer = &ike->by_peer[bucket_of_pointer(tunnel->peer)];

	tunnel->next_by_id = *id;
	*id = tunnel;
	tunnel->next_by_peer = *peer;
	*peer = tunnel;
	ike->tunnel_count++;
	ike->tunnel_changes++;
}

void
tunnel_take_out(struct ike *ike, struct tunnel *tunnel)
{
	struct tunnel **at;
	struct track *track, *next;

	for (at = &ike->by_id[tunnel->id % BUCKETS]; *at && *at != tunnel; at = &(*at)->next_by_id)
		;
	if (*at)
		*at = tunnel->next_by_id;
	for (at = &ike->by_peer[bucket_of_pointer(tunnel->peer)]; *at && *at != tunnel;
	     at = &(*at)->next_by_peer)
		;
	if (*at)
		*at = tunnel->next_by_peer;
	for (track = tunnel->tracks; track; track = next) {
		next = track->sibling;
		track->tunnel = NULL;
		track->sibling = NULL;
	}
	tunnel->tracks = NULL;
	ike->tunnel_count--;
	ike->tunnel_changes++;
}

void
tunnel_free(struct ike *ike, struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	DESTROY_IF(tunnel->peer);
	DESTROY_IF(tunnel->child);
	DESTROY_IF(tunnel->key);
	DESTROY_IF(tunnel->next_key);
	credentials_put(ike, tunnel->credentials);
	DESTROY_IF(tunnel->local_id);
	DESTROY_IF(tunnel->remote_id);
	free(tunnel->name);
	free(tunnel->ike_key);
	free(tunnel->offered[0]);
	free(tunnel->offered[1]);
	free(tunnel);
}

struct tunnel *
tunnel_next(struct ike *ike, struct tunnel *tunnel)
{
	unsigned bucket = 0;

	if (tunnel) {
		if (tunnel->next_by_id)
			return tunnel->next_by_id;
		bucket = tunnel->id % BUCKETS + 1;
	}
	while (bucket < BUCKETS && !ike->by_id[bucket])
		bucket++;
	return bucket < BUCKETS ? ike->by_id[bucket] : NULL;
}

static bool
fits(const struct ip_address *configured, const struct ip_address *seen)
{
	return !ip_address_is_set(configured) || ip_address_equal(configured, seen);
}

bool
tunnel_is_between(const struct tunnel *tunnel, const struct ip_address *local,
		  const struct ip_address *remote)
{
	return fits(&tunnel->local, local) && fits(&tunnel->remote, remote);
}

/* The only tunnel that two addresses may mean, or NULL where there are several. */
static struct tunnel *
tunnel_of_addresses(struct ike *ike, const struct ip_address *local, const struct ip_address *remote)
{
	struct tunnel *found = NULL;

	for (struct tunnel *tunnel = tunnel_next(ike, NULL); tunnel; tunnel = tunnel_next(ike, tunnel)) {
		if (!tunnel_is_between(tunnel, local, remote))
			continue;
		if (found)
			return NULL;
		found = tunnel;
	}
	return found;
}

struct tunnel *
tunnel_of_sa(struct ike *ike, ike_sa_t *sa)
{
	peer_cfg_t *peer = sa->get_peer_cfg(sa);
	struct ip_address local, remote;

	if (peer)
		return tunnel_of_peer(ike, peer);
	local = address_of_host(sa->get_my_host(sa));
	remote = address_of_host(sa->get_other_host(sa));
	return ip_address_is_set(&remote) ? tunnel_of_addresses(ike, &local, &remote) : NULL;
}

struct track *
track_find(struct ike *ike, uint32_t unique_id)
{
	struct track *track = ike->tracks[unique_id % BUCKETS];

	while (track && track->unique_id != unique_id)
		track = track->next;
	return track;
}

static void
leave_tunnel(struct track *track)
{
	struct track **at;

	if (!track->tunnel)
		return;
	for (at = &track->tunnel->tracks; *at && *at != track; at = &(*at)->sibling)
		;
	if (*at)
		*at = track->sibling;
	if (track->established && track->tunnel->established)
		track->tunnel->established--;
	track->sibling = NULL;
	track->tunnel = NULL;
}

static void
join_tunnel(struct track *track, struct tunnel *tunnel)
{
	if (track->tunnel == tunnel)
		return;
	leave_tunnel(track);
	if (!tunnel)
		return;
	track->tunnel = tunnel;
	track->sibling = tunnel->tracks;
	tunnel->tracks = track;
	if (track->established)
		tunnel->established++;
}

struct track *
track_of(struct ike *ike, ike_sa_t *sa)
{
	uint32_t unique_id = sa->get_unique_id(sa);
	struct track *track = track_find(ike, unique_id);
	peer_cfg_t *peer = sa->get_peer_cfg(sa);
	bool fresh = !track;

	if (fresh) {
		ike_sa_id_t *id = sa->get_id(sa);

		track = memory_zeroed(1, sizeof(*track));
		track->unique_id = unique_id;
		track->v1 = sa->get_version(sa) == IKEV1;
		track->begun = track->state_since = track->heard = clock_monotonic();
		track->state = sa->get_state(sa);
		track->initiator = id->is_initiator(id);
		track->initiator_spi = id->get_initiator_spi(id);
		track->next = ike->tracks[unique_id % BUCKETS];
		ike->tracks[unique_id % BUCKETS] = track;
	}
	if (!ip_address_is_set(&track->remote))
		track->remote = address_of_host(sa->get_other_host(sa));
	if (fresh || peer != track->peer || (!peer && !track->tunnel)) {
		track->peer = peer;
		join_tunnel(track, tunnel_of_sa(ike, sa));
	}
	return track;
}

void
track_free(struct ike *ike, struct track *track)
{
	struct track **at = &ike->tracks[track->unique_id % BUCKETS];

	leave_tunnel(track);
	while (*at && *at != track)
		at = &(*at)->next;
	if (*at)
		*at = track->next;
	free(track->offered);
	free(track);
}

static void
post_edge(struct ike *ike, struct tunnel *tunnel, enum ike_event_kind kind, bool by_peer)
{
	events_post(ike, &(struct ike_event){.kind = kind, .tunnel = tunnel->id, .by_peer = by_peer});
}

void
track_set_established(struct ike *ike, struct track *track, bool established, bool edge)
{
	struct tunnel *tunnel = track->tunnel;

	if (track->established == established)
		return;
	track->established = established;
	if (established) {
		track->established_at = clock_monotonic();
		rotation_established(ike, track);
	}
	if (!tunnel)
		return;
	if (established && tunnel->established++ == 0 && edge) {
		tunnel->ike_up_since = clock_monotonic();
		tunnel->status.ike_up = true;
		post_edge(ike, tunnel, IKE_EVENT_IKE_UP, false);
	} else if (!established && tunnel->established && --tunnel->established == 0 && edge) {
		tunnel->rekey_again = false;
		tunnel->ike_up_since = 0;
		tunnel->status.ike_up = false;
		post_edge(ike, tunnel, IKE_EVENT_IKE_DOWN, track->peer_deletes);
	}
}

static void
say_up(struct ike *ike, struct tunnel *tunnel)
{
	tunnel->child_up_since = clock_monotonic();
	tunnel->status.child_up = true;
	post_edge(ike, tunnel, IKE_EVENT_CHILD_UP, false);
}

void
tunnel_child_add(struct ike *ike, struct tunnel *tunnel, uint32_t child)
{
	for (unsigned i = 0; i < tunnel->child_count; i++)
		if (tunnel->children[i] == child)
			return;
	if (tunnel->child_count == MOST_CHILDREN) {
		/* More than rekeying ever leaves behind: forget the oldest, which is going anyway. */
		memmove(tunnel->children, tunnel->children + 1,
			sizeof(tunnel->children[0]) * (MOST_CHILDREN - 1));
		tunnel->child_count--;
	}
	tunnel->children[tunnel->child_count++] = child;
	tunnel->next_try_at = 0;
	tunnel->once = false;
	if (!tunnel->buried && (tunnel->child_count > 1 || tunnel->child_up_since))
		return;
	tunnel->buried = 0; /* the peer is back before charon has cleared the dead SA away */
	say_up(ike, tunnel);
}

void
tunnel_revive(struct ike *ike, const struct track *track)
{
	struct tunnel *tunnel = track->tunnel;
	bool stands = track->established && track->installed && !track->ours_to_close;

	if (!tunnel || !tunnel->buried || !stands ||
	    (track->heard <= tunnel->buried && track->traffic <= tunnel->buried))
		return;
	tunnel->buried = 0;
	say_up(ike, tunnel);
}

bool
tunnel_child_drop(struct tunnel *tunnel, uint32_t child)
{
	for (unsigned i = 0; i < tunnel->child_count; i++) {
		if (tunnel->children[i] != child)
			continue;
		memmove(tunnel->children + i, tunnel->children + i + 1,
			sizeof(tunnel->children[0]) * (tunnel->child_count - i - 1));
		return --tunnel->child_count == 0;
	}
	return false;
}
