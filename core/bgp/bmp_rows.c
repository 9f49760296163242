// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths as BMP tells them: UPDATEs made anew out of what adj-in has, before the rules of import and after
 * them, and of what was chosen; what a peer is told is passed on as it goes there. So what was malformed is
 * never passed on, and many changes of one prefix while a collector's first dump has not come to it yet cost
 * nothing. Path identifiers stand as in the session itself (RFC 7911): a collector knows from the two OPENs
 * of Peer Up whether they do. Prefixes that follow each other with the same attributes share a message.
 */
#include "core/bgp/bmp_internal.h"

#include <string.h>

#define COMMON_MOST \
	(BGP_MESSAGE_MOST - BGP_HEADER - 4 - MULTIPROTOCOL_MOST) /* attributes of a usual UPDATE */

/* The section of attributes behind MP_REACH_NLRI, or all of it. */
static void
end_update(struct bmp_pack *pack)
{
	struct writer *w = &pack->w;
	size_t section;

	if (pack->fields) {
		if (pack->attributes == NULL) {
			writer_patch_u16(w, pack->part - 2, (uint16_t)(writer_length(w) - pack->part));
			writer_u16(w, 0);
		}
		return;
	}
	multiprotocol_end(w, pack->part);
	writer_bytes(w, pack->section, pack->section_length);
	section = writer_length(w) - pack->part;
	writer_patch_u16(w, pack->part - 2, (uint16_t)section);
}

void
bmp_pack_flush(struct collector *collector, struct bmp_pack *pack)
{
	if (!pack->begun)
		return;
	end_update(pack);
	bgp_message_end(&pack->w, pack->update);
	bmp_end(&pack->w);
	bmp_send(collector, &pack->w);
	pack->begun = false;
	attributes_release(&collector->speaker->attributes, pack->attributes);
	pack->attributes = NULL;
}

/* False: the attributes don't fit into any message. */
static bool
begin(struct bmp_pack *pack, const struct bgp_speaker *speaker, const struct bgp_peer *peer,
      enum bgp_family family, struct bgp_attributes *attributes)
{
	struct writer *w = &pack->w, section = writer_over(pack->section, sizeof(pack->section));
	struct ip_address next_hop = {0};
	size_t head = BMP_COMMON_HEADER + BMP_PEER_HEADER;

	if (attributes != NULL) {
		struct attribute_set set;

		attributes_to_set(attributes, &set);
		/* What is originated here has none: it is this router (0.0.0.0, ::). */
		if (!ip_address_is_set(&set.next_hop))
			set.next_hop.family = family_address(family);
		next_hop = set.next_hop;
		attributes_write(&section, &set, true);
	}
	pack->section_length = writer_length(&section);
	if (section.failed ||
	    pack->section_length > BGP_MESSAGE_EXTENDED - BGP_HEADER - 4 - MULTIPROTOCOL_MOST)
		return false;
	*w = writer_over(pack->room,
			 pack->section_length > COMMON_MOST ? sizeof(pack->room) : head + BGP_MESSAGE_MOST);
	pack->peer = peer;
	pack->family = family;
	pack->attributes = attributes != NULL ? attributes_hold(attributes) : NULL;
	pack->fields = family == BGP_IPV4 && next_hop.family != AF_INET6;
	pack->begun = true;
	bmp_begin(w, BMP_ROUTE_MONITORING);
	bmp_write_peer(w, speaker, peer, bmp_view_flags(pack->view));
	pack->update = writer_length(w);
	bgp_message_begin(w, BGP_UPDATE);
	writer_u16(w, 0);
	if (pack->fields && attributes == NULL) {
		pack->part = writer_length(w);
		return true;
	}
	writer_u16(w, (uint16_t)pack->section_length);
	pack->part = writer_length(w);
	if (pack->fields)
		writer_bytes(w, pack->section, pack->section_length);
	else
		multiprotocol_begin(w, family, attributes != NULL ? &next_hop : NULL);
	return true;
}

/* `id`: a path's identifier; NULL where the session has none. */
static void
add(struct collector *collector, struct bmp_pack *pack, const struct bgp_peer *peer, const struct rib *rib,
    const struct net *net, const uint32_t *id, struct bgp_attributes *attributes)
{
	enum bgp_family family = rib_family(rib);
	size_t behind = pack->fields ? 2 : pack->section_length;

	if (pack->begun && (pack->peer != peer || pack->family != family || pack->attributes != attributes ||
			    bgp_prefix_size(net->length) + PATH_ID_OCTETS + behind > writer_room(&pack->w)))
		bmp_pack_flush(collector, pack);
	if (!pack->begun && !begin(pack, collector->speaker, peer, family, attributes))
		return;
	if (id != NULL)
		writer_u32(&pack->w, *id);
	bgp_prefix_write(&pack->w, net->address, net->length);
}

void
bmp_tell_path(struct collector *collector, const struct rib *rib, const struct net *net,
	      const struct path *path, enum bmp_news news)
{
	const struct bgp_peer *peer = speaker_peer_of(collector->speaker, path->peer);
	uint32_t index = rib_path_index(rib, path), received_id = rib_path_id(rib, index);
	struct bgp_attributes *before = rib_before(rib, index);
	bool denied = path->verdict != PATH_USABLE;
	const uint32_t *id;

	/* With Peer Down all its paths are gone. */
	if (peer == NULL || peer_established(peer) == NULL)
		return;
	id = peer->main->add_path_in & BGP_FAMILY_BIT(rib_family(rib)) ? &received_id : NULL;
	/* Kept from a session that had identifiers: here it would be taken for the one without. */
	if (id == NULL && received_id != 0)
		return;
	before = before != NULL ? before : path->attributes;
	if (collector->packs[BGP_VIEW_IN_PRE] != NULL)
		add(collector, collector->packs[BGP_VIEW_IN_PRE], peer, rib, net, id,
		    news == BMP_GONE ? NULL : before);
	if (collector->packs[BGP_VIEW_IN_POST] != NULL && (news != BMP_FIRST || !denied))
		add(collector, collector->packs[BGP_VIEW_IN_POST], peer, rib, net, id,
		    news == BMP_GONE || denied ? NULL : path->attributes);
}

void
bmp_tell_best(struct collector *collector, const struct rib *rib, const struct net *net,
	      const struct path *best)
{
	struct bmp_pack *pack = collector->packs[BGP_VIEW_LOC_RIB];

	if (pack != NULL)
		add(collector, pack, NULL, rib, net, NULL, best != NULL ? best->attributes : NULL);
}

void
bmp_tell_permitted(struct collector *collector, const struct bgp_peer *peer, const struct rib *rib,
		   const struct net *net, const struct path *path)
{
	struct bmp_pack *pack = collector->packs[BGP_VIEW_OUT_PRE];

	if (pack != NULL)
		add(collector, pack, peer, rib, net, NULL, path != NULL ? path->attributes : NULL);
}

void
bmp_tell_advertised(struct collector *collector, const struct bgp_peer *peer, const struct rib *rib,
		    const struct net *net, const struct path *path, const uint32_t *id)
{
	struct bmp_pack *pack = collector->packs[BGP_VIEW_OUT_POST];
	struct attribute_table *table = &collector->speaker->attributes;
	struct policy_verdict verdict;
	struct bgp_attributes *attributes;
	struct attribute_set set;

	if (pack == NULL)
		return;
	verdict = export_verdict(peer, rib, net, path);
	if (verdict.denied || !export_set(peer, rib, path, verdict.applied, &set))
		return;
	attributes = attributes_intern(table, &set);
	add(collector, pack, peer, rib, net, id, attributes);
	attributes_release(table, attributes);
}

void
bmp_tell_sent(struct collector *collector, const struct session *session, const struct writer *update)
{
	struct bmp_pack *pack = collector->packs[BGP_VIEW_OUT_POST];
	uint8_t flags = bmp_view_flags(BGP_VIEW_OUT_POST);
	struct writer w;

	if (pack == NULL)
		return;
	bmp_pack_flush(collector, pack);
	w = writer_over(pack->room, sizeof(pack->room));
	bmp_begin(&w, BMP_ROUTE_MONITORING);
	bmp_write_peer(&w, session->peer->speaker, session->peer,
		       session->four_octet ? flags : flags | BMP_FLAG_A);
	writer_bytes(&w, update->start, writer_length(update));
	bmp_end(&w);
	bmp_send(collector, &w);
}
