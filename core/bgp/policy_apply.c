// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What rules set, written into attributes. Lists are made anew in a room of their own and copied back: they
 * may stand in the set's own room already.
 */
#include "core/bgp/policy_internal.h"

#include <string.h>

static bool
is_removed(const struct policy_set_communities *remove, bool large, const uint32_t parts[3])
{
	for (size_t i = 0; i < remove->count; i++) {
		if (policy_community_fits(&remove->items[i], large, parts))
			return true;
	}
	return false;
}

static void
write_community(struct writer *w, const struct policy_community *community)
{
	for (unsigned i = 0; i < (community->large ? 3 : 2); i++) {
		if (community->large)
			writer_u32(w, community->parts[i]);
		else
			writer_u16(w, (uint16_t)community->parts[i]);
	}
}

static bool
is_there(const struct writer *w, const uint8_t *community, size_t size)
{
	for (const uint8_t *at = w->start; at < w->at; at += size) {
		if (memcmp(at, community, size) == 0)
			return true;
	}
	return false;
}

/* A list of communities of one size, 4 or 12 octets, with what a rule removes and adds. */
static void
edit_list(const struct policy_change *change, bool large, struct reader from, struct writer *to)
{
	size_t size = large ? 12 : 4;

	while (reader_left(&from) >= size) {
		const uint8_t *at = from.at;
		uint32_t parts[3] = {0};

		for (unsigned i = 0; i < (large ? 3 : 2); i++)
			parts[i] = large ? reader_u32(&from) : reader_u16(&from);
		if (!is_removed(&change->remove, large, parts))
			writer_bytes(to, at, size);
	}
	for (size_t i = 0; i < change->add.count; i++) {
		uint8_t bytes[12];
		struct writer w = writer_over(bytes, sizeof(bytes));

		if (change->add.items[i].large != large)
			continue;
		write_community(&w, &change->add.items[i]);
		if (!is_there(to, bytes, size))
			writer_bytes(to, bytes, size);
	}
}

static bool
edit_communities(const struct policy_change *change, struct attribute_set *set)
{
	uint8_t room[sizeof(set->communities_room)];
	struct writer w = writer_over(room, sizeof(room));

	edit_list(change, false, reader_over(set->communities, set->communities_length), &w);
	if (w.failed)
		return false;
	memcpy(set->communities_room, room, writer_length(&w));
	set->communities = set->communities_room;
	set->communities_length = writer_length(&w);
	return true;
}

static void
write_large(struct writer *w, const uint8_t *value, size_t length)
{
	if (length == 0)
		return;
	writer_u8(w, FLAG_OPTIONAL | FLAG_TRANSITIVE);
	writer_u8(w, ATTRIBUTE_LARGE_COMMUNITIES);
	writer_u16(w, (uint16_t)length);
	writer_bytes(w, value, length);
}

/* Large ones are among the other attributes, which stand in order of their types. */
static bool
edit_large(const struct policy_change *change, struct attribute_set *set)
{
	uint8_t value[BGP_MESSAGE_MOST], room[sizeof(set->others_room)];
	struct writer v = writer_over(value, sizeof(value)), w = writer_over(room, sizeof(room));
	struct reader r = reader_over(set->others, set->others_length);
	bool written = false;

	edit_list(change, true,
		  attributes_other(set->others, set->others_length, ATTRIBUTE_LARGE_COMMUNITIES), &v);
	while (reader_left(&r) != 0) {
		const uint8_t *at = r.at;
		uint8_t type;

		reader_u8(&r);
		type = reader_u8(&r);
		reader_bytes(&r, reader_u16(&r));
		if (!written && type >= ATTRIBUTE_LARGE_COMMUNITIES) {
			write_large(&w, value, writer_length(&v));
			written = true;
		}
		if (type != ATTRIBUTE_LARGE_COMMUNITIES && !r.failed)
			writer_bytes(&w, at, (size_t)(r.at - at));
	}
	if (!written)
		write_large(&w, value, writer_length(&v));
	if (v.failed || w.failed)
		return false;
	memcpy(set->others_room, room, writer_length(&w));
	set->others = set->others_room;
	set->others_length = writer_length(&w);
	return true;
}

/* Nearest first, so the last of them goes on first. */
static bool
prepend(const struct policy_change *change, uint32_t asn, struct attribute_set *set)
{
	for (size_t i = change->prepend.count; i-- > 0;) {
		if (!attributes_prepend(set, change->prepend.items[i] != 0 ? change->prepend.items[i] : asn))
			return false;
	}
	return true;
}

static bool
apply(const struct policy_change *change, uint32_t asn, struct attribute_set *set)
{
	if (change->local_preference.given) {
		set->present |= HAS_LOCAL_PREF;
		set->local_pref = change->local_preference.value;
	}
	if (change->med.given) {
		set->present |= HAS_MED;
		set->med = change->med.value;
	}
	if (change->origin != 0)
		set->origin = (uint8_t)(change->origin - 1);
	if (ip_address_is_set(&change->next_hop) && change->next_hop.family == set->next_hop.family)
		set->next_hop = change->next_hop;
	if (change->add.count + change->remove.count != 0 &&
	    !(edit_communities(change, set) && edit_large(change, set)))
		return false;
	return prepend(change, asn, set);
}

bool
policy_apply(const struct policy *policy, uint64_t applied, uint32_t asn, struct attribute_set *set)
{
	for (unsigned i = 0; i < policy->count; i++) {
		if (applied >> i & 1 && policy->rules[i].action != POLICY_DENY &&
		    !apply(&policy->rules[i].set, asn, set))
			return false;
	}
	/* What no message could hold (RFC 8654) is not kept either. */
	return set->as_path_length + set->communities_length + set->others_length <= UINT16_MAX;
}

uint64_t
rules_match(const struct policy *policy, const struct bgp_attributes *a)
{
	struct reader large = attributes_large_communities(a);
	struct policy_attributes attributes = {
	    .as_path = a->data,
	    .as_path_length = a->as_path_length,
	    .communities = a->data + a->as_path_length,
	    .communities_length = a->communities_length,
	    .large = large.at,
	    .large_length = reader_left(&large),
	    .origin = a->origin,
	    .has_med = (a->present & HAS_MED) != 0,
	    .med = a->med,
	};

	return policy_match_attributes(policy, &attributes);
}
