// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UPDATEs in: from a message to paths in the RIB of its family, with the reactions of RFC 7606, and the limit
 * of prefixes.
 */
#include "core/bgp/chronicle_internal.h"
#include "core/bgp/speaker_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* RFC 4271, 5.1.3 and 6.3: what can be the address of a router. */
static bool
is_router(const struct ip_address *address)
{
	uint8_t first = address->bytes[0];

	if (address->family == AF_INET)
		return first != 0 && first != 127 && first < 224;
	/* A link-local one can: the peer is on a link of ours. */
	return ip_address_is_link_local(address) || bgp_destination(128, address->bytes, 128);
}

/* "::ffff:192.0.2.1": what some name as the next hop where they have no address of IPv6. Through a tunnel it
 * is as good as any. */
static bool
is_mapped(const struct ip_address *address, const struct ip_address *of)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return address->family == AF_INET6 && of->family == AF_INET &&
	       memcmp(address->bytes, mapped, 12) == 0 && memcmp(address->bytes + 12, of->bytes, 4) == 0;
}

/* The peer's own address always can. */
static enum path_verdict
judge_next_hop(const struct session *s, const struct bgp_attributes *attributes)
{
	const struct bgp_peer_config *config = &s->peer->config;
	struct ip_address next_hop = attributes_next_hop(attributes);

	if (ip_address_equal(&next_hop, &config->remote) ||
	    (config->group != 0 && is_mapped(&next_hop, &config->remote)))
		return PATH_USABLE;
	if (ip_address_equal(&next_hop, &s->local))
		return PATH_NEXT_HOP_SELF;
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (ip_address_equal(&next_hop, &config->next_hop[f]))
			return PATH_NEXT_HOP_SELF;
	}
	if (!is_router(&next_hop))
		return PATH_NEXT_HOP_INVALID;
	return ip_address_is_link_local(&next_hop) && config->interface == NULL ? PATH_NEXT_HOP_LINK_LOCAL
										: PATH_USABLE;
}

/* RFC 4271, 6.3. A route server does not put its own before the path (RFC 7947, 2.2.2.1). */
static bool
is_first_as(const struct bgp_peer *peer, uint32_t asn)
{
	return peer->config.role == BGP_ROLE_RS_CLIENT ? asn != 0 : asn == peer->config.remote_asn;
}

static enum path_verdict
judge(const struct session *s, const struct bgp_attributes *attributes)
{
	const struct bgp_peer *peer = s->peer;
	const struct bgp_speaker_config *speaker = &peer->speaker->config;
	uint32_t allowed = peer->config.habits.allow_as_in;

	if (attributes_path_count(attributes, peer->config.local_asn) > allowed ||
	    (speaker->asn != 0 && speaker->asn != peer->config.remote_asn &&
	     attributes_path_count(attributes, speaker->asn) > allowed))
		return PATH_LOOP;
	if (!peer_internal(peer) && !is_first_as(peer, attributes->neighbour_as))
		return PATH_FIRST_AS;
	if (peer_internal(peer) && attributes_originator(attributes) == speaker->router_id)
		return PATH_ORIGINATOR;
	if (peer_internal(peer) && attributes_in_cluster(attributes, speaker_cluster_id(peer->speaker)))
		return PATH_CLUSTER;
	if (role_leaks_in(peer, attributes))
		return PATH_ROUTE_LEAK;
	return judge_next_hop(s, attributes);
}

/* --- the same attributes again ------------------------------------------------------------------- */

static struct attribute_context
context_of(const struct session *s)
{
	return (struct attribute_context){
	    .ebgp = !peer_internal(s->peer),
	    .four_octet = s->four_octet,
	    .extended_next_hop = (s->common & CAPABILITY_EXTENDED_NEXT_HOP) != 0,
	    .families = s->families & ~s->disabled,
	    .disabled = s->disabled,
	    .add_path = s->add_path_in,
	};
}

static bool
is_last(const struct session *s, struct reader key, bool multiprotocol)
{
	size_t length = reader_left(&key);

	return length != 0 && length == s->last.length && multiprotocol == s->last.multiprotocol &&
	       memcmp(s->last.raw, key.at, length) == 0;
}

/*
 * Whether the attributes are those of the last message, and need not be read again: mostly they differ in
 * their prefixes only. `key` is what is compared; for MP_REACH_NLRI it is made in `room`: what is not in the
 * two attributes with prefixes, then the next hop. Nothing is recalled where anything is unusual.
 */
static bool
recall(const struct session *s, const struct update *update, struct attribute_set *set,
       uint8_t room[BGP_MESSAGE_MOST], struct reader *key)
{
	struct attribute_context context = context_of(s);
	struct writer w = writer_over(room, BGP_MESSAGE_MOST);
	struct reader reach, unreach;

	set->reach.there = set->unreach.there = false;
	set->disables = 0;
	*key = update->attributes;
	if (is_last(s, *key, false))
		return true;
	if (!multiprotocol_cut(update->attributes, &reach, &unreach, &w))
		return false;
	*key = (struct reader){0};
	if ((reach.at != NULL &&
	     (reader_left(&update->reachable) != 0 ||
	      multiprotocol_read(reach, true, &context, &set->reach) != MULTIPROTOCOL_TAKEN)) ||
	    (unreach.at != NULL &&
	     multiprotocol_read(unreach, false, &context, &set->unreach) != MULTIPROTOCOL_TAKEN))
		return false;
	if (set->reach.there) {
		writer_bytes(&w, set->reach.next_hop.bytes, sizeof(set->reach.next_hop.bytes));
		writer_u8(&w, set->reach.next_hop.family);
	}
	if (w.failed)
		return false;
	*key = reader_over(room, writer_length(&w));
	return is_last(s, *key, set->reach.there);
}

/* Keeps the attributes for the prefixes at hand, and for messages to come whose key is the same. */
static void
remember(struct session *s, struct attribute_set *set, struct reader key)
{
	session_forget_last(s);
	role_mark_in(s->peer, set);
	s->last.attributes = attributes_intern(&s->peer->speaker->attributes, set);
	s->last.verdict = judge(s, s->last.attributes);
	s->last.multiprotocol = set->reach.there;
	/* One of an uncommon length, in an extended message, is looked at again. */
	s->last.length = reader_left(&key) <= sizeof(s->last.raw) ? reader_left(&key) : 0;
	if (s->last.length != 0)
		memcpy(s->last.raw, key.at, s->last.length);
}

/* --- prefixes ---------------------------------------------------------------------------------- */

static bool
has_ids(const struct session *s, enum bgp_family family)
{
	return (s->add_path_in & BGP_FAMILY_BIT(family)) != 0;
}

/* `alone`: nothing else is in the message, so that a part of them may wait. */
static void
withdraw_all(struct session *s, enum bgp_family family, struct reader r, bool alone)
{
	struct rib *rib = &s->peer->speaker->ribs[family];
	struct pace pace = update_begin(rib);
	bool ids = has_ids(s, family);
	struct nlri nlri;

	while (reader_left(&r) != 0 && bgp_nlri_read(&r, family_bits(family), ids, &nlri)) {
		rib_withdraw_path(rib, s->peer->index, &nlri);
		if (alone && update_late(&pace)) {
			update_rest_keep(s, family, r, NULL);
			return;
		}
	}
}

/* With the attributes remembered last. False: the session ends with `error`. */
static bool
announce_all(struct session *s, enum bgp_family family, struct reader r, struct bgp_error *error)
{
	struct bgp_peer *peer = s->peer;
	struct rib *rib = &peer->speaker->ribs[family];
	unsigned bits = family_bits(family);
	bool ids = has_ids(s, family);
	struct pace pace = update_begin(rib);
	struct nlri nlri;

	while (reader_left(&r) != 0 && bgp_nlri_read(&r, bits, ids, &nlri)) {
		enum path_verdict verdict =
		    bgp_destination(bits, nlri.address, nlri.length) ? s->last.verdict : PATH_NO_DESTINATION;

		if (!import_path(peer, rib, &nlri, s->last.attributes, verdict))
			limits_tell_paths(peer, rib, &nlri);
		if (!limits_allow(peer, family, error))
			return false;
		if (update_late(&pace)) {
			update_rest_keep(s, family, r, s->last.attributes);
			return true;
		}
	}
	return true;
}

/* Somebody may have had the last attributes forgotten meanwhile: then they are judged anew. */
static bool
take_rest(struct session *s, struct bgp_error *error)
{
	struct update_rest rest = s->rest;
	struct reader prefixes = reader_over(rest.bytes, rest.length);
	bool fine = true;

	s->rest = (struct update_rest){0};
	if (rest.attributes != NULL && s->last.attributes == NULL) {
		s->last.attributes = attributes_hold(rest.attributes);
		s->last.verdict = judge(s, rest.attributes);
	}
	if (rest.attributes != NULL)
		fine = announce_all(s, rest.family, prefixes, error);
	else
		withdraw_all(s, rest.family, prefixes, true);
	update_rest_free(&rest);
	return fine;
}

/* --- the message ------------------------------------------------------------------------------- */

/* At most one event a second: the peer decides how many there could be. */
static void
tell_malformed(struct bgp_peer *peer, enum update_reaction reaction, const char *detail)
{
	usec_t now = clock_monotonic();
	char more[48] = "";

	++*(reaction == UPDATE_AS_WITHDRAW ? &peer->treated_as_withdraw : &peer->attributes_discarded);
	if (peer->malformed_at != 0 && now - peer->malformed_at < USEC_PER_SEC) {
		peer->malformed_untold++;
		return;
	}
	if (peer->malformed_untold != 0)
		snprintf(more, sizeof(more), " (and %u more since the last)", peer->malformed_untold);
	peer->malformed_at = now;
	peer->malformed_untold = 0;
	peer_event(peer, "warning", "peer.malformed", "an UPDATE %s: %s%s",
		   reaction == UPDATE_AS_WITHDRAW ? "was treated as withdrawal" : "lost an attribute", detail,
		   more);
}

/* RFC 7606, 2, "AFI/SAFI disable": what is known of the family goes, and what comes is passed over. */
static void
disable_families(struct session *s, unsigned families, const char *why)
{
	for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++) {
		if (!(families & BGP_FAMILY_BIT(f)))
			continue;
		s->disabled |= BGP_FAMILY_BIT(f);
		rib_peer_down(&s->peer->speaker->ribs[f], s->peer->index);
		restart_family_gone(s->peer, f);
		deferral_end_of_rib(s, f); /* it would be passed over, too */
		peer_event(s->peer, "warning", "peer.family",
			   "%s could not be read: %s routes of this session are ignored until it starts anew",
			   why, f == BGP_IPV4 ? "IPv4" : "IPv6");
	}
}

bool
session_take_update(struct session *s, struct reader body, struct bgp_error *error)
{
	struct bgp_peer *peer = s->peer;
	struct attribute_context context = context_of(s);
	enum update_reaction reaction = UPDATE_FINE;
	uint8_t room[BGP_MESSAGE_MOST];
	struct attribute_set set;
	struct update update;
	struct reader key;
	bool known;

	if (update_rest_waits(s))
		return take_rest(s, error);
	if (!update_split(body, has_ids(s, BGP_IPV4), &update, error))
		return false;
	if (update.end_of_rib) {
		restart_end_of_rib(s, BGP_IPV4);
		return true;
	}
	if (!(context.families & BGP_FAMILY_BIT(BGP_IPV4)))
		update.withdrawn = update.reachable = (struct reader){0};
	withdraw_all(s, BGP_IPV4, update.withdrawn,
		     reader_left(&update.attributes) == 0 && reader_left(&update.reachable) == 0);
	if (reader_left(&update.attributes) == 0 && reader_left(&update.reachable) == 0)
		return true;
	known = recall(s, &update, &set, room, &key);
	if (!known)
		reaction = attributes_read(update.attributes, &context, reader_left(&update.reachable) != 0,
					   &set, error);
	if (reaction == UPDATE_RESET)
		return false;
	if (reaction != UPDATE_FINE)
		tell_malformed(peer, reaction, error->detail);
	disable_families(s, set.disables, set.disables_why);
	if (peer_established(peer) != s)
		return true; /* somebody ended it for that */
	/* RFC 4724, 2: an UPDATE with nothing but an empty MP_UNREACH_NLRI. */
	if (!known && set.unreach.there && reader_left(&set.unreach.prefixes) == 0 && !set.reach.there &&
	    reader_left(&update.reachable) == 0 && reader_left(&update.withdrawn) == 0 && set.present == 0)
		restart_end_of_rib(s, set.unreach.family);
	if (set.unreach.there)
		withdraw_all(s, set.unreach.family, set.unreach.prefixes,
			     !set.reach.there && reader_left(&update.reachable) == 0);
	if (reaction == UPDATE_AS_WITHDRAW) {
		chronicle_because(peer->speaker->chronicle, CHRONICLE_MALFORMED);
		withdraw_all(s, BGP_IPV4, update.reachable, false);
		if (set.reach.there)
			withdraw_all(s, set.reach.family, set.reach.prefixes, false);
		chronicle_because(peer->speaker->chronicle, CHRONICLE_ANNOUNCED);
		return true;
	}
	/* What is worth a word is looked at again next time. */
	if (reaction != UPDATE_FINE)
		key = (struct reader){0};
	if (reader_left(&update.reachable) != 0) {
		if (!known)
			remember(s, &set, key);
		if (!announce_all(s, BGP_IPV4, update.reachable, error))
			return false;
	}
	if (!set.reach.there)
		return true;
	/* One with prefixes in both places, which hardly anybody sends, is done in one go. */
	while (update_rest_waits(s)) {
		if (!take_rest(s, error))
			return false;
	}
	if (!known) {
		set.next_hop = set.reach.next_hop;
		set.present |= HAS_NEXT_HOP;
		remember(s, &set, key);
	}
	return announce_all(s, set.reach.family, set.reach.prefixes, error);
}

void
session_take_refresh(struct session *s, struct reader body)
{
	uint16_t afi = reader_u16(&body);
	uint8_t subtype = reader_u8(&body), safi = reader_u8(&body);
	enum bgp_family family;

	/* Families that are not spoken are ignored; so are other subtypes, and marks where they were not
	 * negotiated (RFC 7313, 5). */
	if (!family_of(afi, safi, &family))
		return;
	if (subtype == BGP_REFRESH_ASK)
		adj_out_refresh(s->peer, family);
	else if (subtype == BGP_REFRESH_BEGIN && s->framing.enhanced_refresh)
		restart_refresh_begins(s, family);
	else if (subtype == BGP_REFRESH_END && s->framing.enhanced_refresh)
		restart_refresh_ends(s, family);
}
