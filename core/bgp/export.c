// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether and as what a path is told to a peer: first the roles of connections (struct bgp_peer_config), then
 * the peer's rules of export, then what the protocol wants of any path that leaves (RFC 4271, 5.1).
 */
#include "core/bgp/origin_internal.h"

#include <string.h>

bool
export_returns(const struct bgp_peer *peer, const struct rib *rib, const struct path *path)
{
	if (path->peer == RIB_LOCAL)
		return false;
	return path->peer == peer->index ||
	       (peer->config.group != 0 && rib_peer(rib, path->peer)->group == peer->config.group);
}

bool
export_allowed(const struct bgp_peer *peer, const struct rib *rib, const struct path *path)
{
	return !export_returns(peer, rib, path) && export_permits(peer, rib, path);
}

bool
export_permits(const struct bgp_peer *peer, const struct rib *rib, const struct path *path)
{
	const struct rib_peer *from = rib_peer(rib, path->peer);
	unsigned limits = path->attributes->community_flags;

	/* A network has no communities; an aggregate may have those of its routes. */
	if (path->peer == RIB_LOCAL)
		return peer->config.export_networks &&
		       (peer_internal(peer) ||
			(limits & (COMMUNITY_NO_EXPORT | COMMUNITY_NO_EXPORT_SUBCONFED)) == 0);
	if (from->group != 0 ? !peer->config.export_groups : !peer->config.export_peers)
		return false;
	if (limits & COMMUNITY_NO_ADVERTISE)
		return false;
	/* RFC 4456, 6: a client's to all, another's to clients. */
	if (peer_internal(peer))
		return !from->internal || from->client || peer->config.habits.reflector_client;
	if (role_leaks_out(peer, path->attributes))
		return false;
	return (limits & (COMMUNITY_NO_EXPORT | COMMUNITY_NO_EXPORT_SUBCONFED)) == 0;
}

bool
export_offers(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	      const struct path *path)
{
	return !(net->flags & NET_SUPPRESSED) && export_allowed(peer, rib, path) &&
	       !conditions_withhold(peer, rib, net, path);
}

const struct path *
export_path(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	    const struct path *best)
{
	if (best != NULL && export_offers(peer, rib, net, best))
		return best;
	if (!peer->config.habits.default_originate || net->length != 0)
		return NULL;
	for (uint32_t at = net->paths; at != 0; at = rib_path(rib, at)->next) {
		const struct path *path = rib_path(rib, at);

		if (path->peer == RIB_LOCAL)
			return conditions_withhold(peer, rib, net, path) ? NULL : path;
	}
	return NULL;
}

/* Octets of an extended community (RFC 4360, 2; RFC 5701, 2); 0: the attribute has none. */
static size_t
community_size(uint8_t type)
{
	return type == ATTRIBUTE_EXTENDED_COMMUNITIES ? 8 : type == ATTRIBUTE_IPV6_COMMUNITIES ? 20 : 0;
}

/* Those extended communities that may leave the AS (RFC 4360, 6), with the attribute's head before them. */
static void
write_transitive(struct writer *w, const uint8_t *head, struct reader value, size_t size)
{
	enum { NON_TRANSITIVE = 0x40 };
	size_t begin = writer_length(w);

	writer_bytes(w, head, 4);
	while (reader_left(&value) >= size) {
		const uint8_t *community = reader_bytes(&value, size);

		if (!(community[0] & NON_TRANSITIVE))
			writer_bytes(w, community, size);
	}
	if (writer_length(w) == begin + 4)
		w->at = w->start + begin;
	else
		writer_patch_u16(w, begin + 2, (uint16_t)(writer_length(w) - begin - 4));
}

/* Non-transitive attributes (reflection's) and communities stay inside the AS. */
static void
drop_local_ones(struct attribute_set *set)
{
	struct reader r = reader_over(set->others, set->others_length);
	struct writer w = writer_over(set->others_room, sizeof(set->others_room));

	while (reader_left(&r) != 0) {
		const uint8_t *at = r.at;
		bool transitive = (reader_u8(&r) & FLAG_TRANSITIVE) != 0;
		uint8_t type = reader_u8(&r);
		struct reader value = reader_sub(&r, reader_u16(&r));

		if (!transitive || r.failed)
			continue;
		if (community_size(type) != 0)
			write_transitive(&w, at, value, community_size(type));
		else
			writer_bytes(&w, at, (size_t)(r.at - at));
	}
	set->others = set->others_room;
	set->others_length = writer_length(&w);
}

struct policy_verdict
export_verdict(const struct bgp_peer *peer, const struct rib *rib, const struct net *net,
	       const struct path *path)
{
	const struct peer_rules *rules = peer->rules[POLICY_EXPORT];
	struct ip_prefix prefix = rib_prefix(rib, net);

	return rules != NULL ? rules_verdict(rules->policy, path->attributes, &prefix)
			     : (struct policy_verdict){0};
}

/* This end's address in the routes of a family; none where there is no way to name one. */
static struct ip_address
own_next_hop(const struct bgp_peer *peer, enum bgp_family family)
{
	const struct session *session = peer->main;

	if (session->local.family == family_address(family))
		return session->local;
	if (!ip_address_is_set(&peer->config.next_hop[family]) && family == BGP_IPV4 &&
	    session->common & CAPABILITY_EXTENDED_NEXT_HOP)
		return session->local;
	return peer->config.next_hop[family];
}

const struct ip_address *
export_link_local(const struct bgp_peer *peer, enum bgp_family family, const struct ip_address *next_hop)
{
	struct ip_address own = own_next_hop(peer, family);

	return family == BGP_IPV6 && ip_address_is_set(&peer->main->link_local) &&
		       ip_address_equal(next_hop, &own)
		   ? &peer->main->link_local
		   : NULL;
}

bool
export_in_fields(const struct bgp_peer *peer, enum bgp_family family)
{
	return family == BGP_IPV4 && own_next_hop(peer, family).family == AF_INET;
}

bool
export_reflects(const struct bgp_peer *peer, const struct rib *rib, const struct path *path)
{
	return path->peer != RIB_LOCAL && peer_internal(peer) && rib_peer(rib, path->peer)->internal;
}

/* Rules count what they meet, limits what they let out, a default route may be told besides, and conditions
 * are asked: of one peer. Several paths of a prefix are chosen for each peer, too. */
static bool
alone(const struct bgp_peer *peer)
{
	return peer->rules[POLICY_EXPORT] != NULL || peer->config.max_prefixes_out != 0 ||
	       peer->config.habits.default_originate || peer->config.conditions != NULL;
}

bool
export_same(const struct bgp_peer *a, const struct bgp_peer *b, enum bgp_family family)
{
	const struct bgp_habits *habits = &a->config.habits, *others = &b->config.habits;
	struct ip_address hop = own_next_hop(a, family), other_hop = own_next_hop(b, family);

	return !alone(a) && !alone(b) &&
	       !((a->main->add_path_out | b->main->add_path_out) & BGP_FAMILY_BIT(family)) &&
	       a->main->message_most == b->main->message_most && a->main->four_octet == b->main->four_octet &&
	       ip_address_equal(&hop, &other_hop) &&
	       ip_address_equal(&a->main->link_local, &b->main->link_local) &&
	       a->config.local_asn == b->config.local_asn && a->config.med_out == b->config.med_out &&
	       peer_internal(a) == peer_internal(b) && a->config.role == b->config.role &&
	       a->graceful_shutdown == b->graceful_shutdown &&
	       a->config.export_networks == b->config.export_networks &&
	       a->config.export_peers == b->config.export_peers &&
	       a->config.export_groups == b->config.export_groups &&
	       habits->remove_private_as == others->remove_private_as &&
	       habits->keep_next_hop == others->keep_next_hop &&
	       habits->reflector_client == others->reflector_client && !habits->as_override &&
	       !others->as_override;
}

/* RFC 4456, 8: who brought it into the AS, unless that is said already, and by which clusters it came. */
static bool
reflect(const struct bgp_peer *peer, const struct rib *rib, const struct path *path,
	struct attribute_set *set)
{
	struct reader r = reader_over(set->others, set->others_length);
	struct reader clusters = attributes_other(set->others, set->others_length, ATTRIBUTE_CLUSTER_LIST);
	struct reader originator = attributes_other(set->others, set->others_length, ATTRIBUTE_ORIGINATOR_ID);
	uint8_t room[sizeof(set->others_room)];
	struct writer w = writer_over(room, sizeof(room));

	/* Both are the first among the others, by their types. */
	writer_u8(&w, FLAG_OPTIONAL);
	writer_u8(&w, ATTRIBUTE_ORIGINATOR_ID);
	writer_u16(&w, 4);
	writer_u32(&w, reader_left(&originator) == 4 ? reader_u32(&originator)
						     : rib_peer(rib, path->peer)->identifier);
	writer_u8(&w, FLAG_OPTIONAL);
	writer_u8(&w, ATTRIBUTE_CLUSTER_LIST);
	writer_u16(&w, (uint16_t)(reader_left(&clusters) + 4));
	writer_u32(&w, speaker_cluster_id(peer->speaker));
	writer_bytes(&w, clusters.at, reader_left(&clusters));
	while (reader_left(&r) != 0) {
		const uint8_t *at = r.at;
		uint8_t type;

		reader_u8(&r);
		type = reader_u8(&r);
		reader_bytes(&r, reader_u16(&r));
		if (type != ATTRIBUTE_ORIGINATOR_ID && type != ATTRIBUTE_CLUSTER_LIST && !r.failed)
			writer_bytes(&w, at, (size_t)(r.at - at));
	}
	if (w.failed)
		return false;
	memcpy(set->others_room, room, writer_length(&w));
	set->others = set->others_room;
	set->others_length = writer_length(&w);
	return true;
}

/* RFC 6996, 5. */
static bool
is_private(uint32_t asn)
{
	return (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);
}

/* The path without private AS numbers, and with ours in place of the peer's, where that is wanted. */
static void
rewrite_path(const struct bgp_peer *peer, struct attribute_set *set)
{
	const struct bgp_habits *habits = &peer->config.habits;
	struct reader r = reader_over(set->as_path, set->as_path_length);
	uint8_t room[sizeof(set->path_room)];
	struct writer w = writer_over(room, sizeof(room));

	while (reader_left(&r) != 0) {
		size_t begin = writer_length(&w);
		unsigned count, kept = 0;

		writer_u8(&w, reader_u8(&r));
		count = reader_u8(&r);
		writer_u8(&w, 0);
		while (count-- != 0 && !r.failed) {
			uint32_t asn = reader_u32(&r);

			if (habits->as_override && asn == peer->config.remote_asn)
				asn = peer->config.local_asn;
			else if (habits->remove_private_as && is_private(asn))
				continue;
			writer_u32(&w, asn);
			kept++;
		}
		if (kept == 0)
			w.at = w.start + begin;
		else
			writer_patch_u8(&w, begin + 1, (uint8_t)kept);
	}
	memcpy(set->path_room, room, writer_length(&w));
	set->as_path = set->path_room;
	set->as_path_length = writer_length(&w);
}

/* Within the AS: as it is known here. */
static bool
set_internal(const struct bgp_peer *peer, const struct rib *rib, const struct path *path,
	     struct attribute_set *out)
{
	bool reflects = export_reflects(peer, rib, path);
	struct ip_address came = attributes_next_hop(path->attributes);

	out->present |= HAS_LOCAL_PREF;
	out->local_pref = path_local_preference(rib, path);
	/* RFC 4456, 10: what is reflected keeps its next hop. */
	if ((reflects || peer->config.habits.keep_next_hop) && path->peer != RIB_LOCAL &&
	    came.family == out->next_hop.family)
		out->next_hop = came;
	return !reflects || reflect(peer, rib, path, out);
}

bool
export_set(const struct bgp_peer *peer, const struct rib *rib, const struct path *path, uint64_t applied,
	   struct attribute_set *out)
{
	const struct peer_rules *rules = peer->rules[POLICY_EXPORT];

	attributes_to_set(path->attributes, out);
	out->next_hop = own_next_hop(peer, rib_family(rib));
	if (!ip_address_is_set(&out->next_hop))
		return false;
	if (peer_internal(peer)) {
		if (!set_internal(peer, rib, path, out))
			return false;
	} else {
		out->present &= ~(unsigned)(HAS_LOCAL_PREF | HAS_MED);
		drop_local_ones(out);
		if (peer->config.habits.as_override || peer->config.habits.remove_private_as)
			rewrite_path(peer, out);
	}
	if (peer->config.med_out != UINT32_MAX) {
		out->present |= HAS_MED;
		out->med = peer->config.med_out;
	}
	if (rules != NULL && !policy_apply(rules->policy, applied, peer->config.local_asn, out))
		return false;
	if (peer_internal(peer))
		return true;
	/* RFC 4271, 5.1.5: whatever rules say. */
	out->present &= ~(unsigned)HAS_LOCAL_PREF;
	/* RFC 8326, 4.1. Without room for one community more the path is told without it. */
	if (peer->graceful_shutdown)
		attributes_add_community(out, GRACEFUL_SHUTDOWN);
	if (!attributes_prepend(out, peer->config.local_asn))
		return false;
	role_mark_out(peer, out);
	return true;
}
