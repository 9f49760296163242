// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing path attributes, in order of type (RFC 4271, 5: an implementation should). A speaker of two-octet
 * numbers gets AS_TRANS for what does not fit, and AS4_PATH / AS4_AGGREGATOR with the truth (RFC
 * 6793, 4.2.2).
 */
#include "core/bgp/attributes_internal.h"

#include <string.h>

bool
attributes_prepend(struct attribute_set *set, uint32_t asn)
{
	uint8_t room[sizeof(set->path_room)];
	struct writer w = writer_over(room, sizeof(room));
	struct reader r = reader_over(set->as_path, set->as_path_length);
	unsigned count = 0;

	if (set->as_path_length >= 2 && set->as_path[0] == SEGMENT_SEQUENCE && set->as_path[1] < 255) {
		reader_u8(&r);
		count = reader_u8(&r);
	}
	writer_u8(&w, SEGMENT_SEQUENCE);
	writer_u8(&w, (uint8_t)(count + 1));
	writer_u32(&w, asn);
	writer_bytes(&w, r.at, reader_left(&r));
	if (w.failed)
		return false;
	memcpy(set->path_room, room, writer_length(&w));
	set->as_path = set->path_room;
	set->as_path_length = writer_length(&w);
	return true;
}

static void
header(struct writer *w, uint8_t flags, uint8_t type, size_t length)
{
	writer_u8(w, length > 255 ? flags | FLAG_EXTENDED : flags);
	writer_u8(w, type);
	if (length > 255)
		writer_u16(w, (uint16_t)length);
	else
		writer_u8(w, (uint8_t)length);
}

static void
number(struct writer *w, uint8_t flags, uint8_t type, uint32_t value)
{
	header(w, flags, type, 4);
	writer_u32(w, value);
}

/* The path with numbers of two octets. Returns whether one of them did not fit. */
static bool
write_narrow(struct writer *w, struct reader path)
{
	bool wide = false;

	while (reader_left(&path) != 0) {
		unsigned count;

		writer_u8(w, reader_u8(&path));
		count = reader_u8(&path);
		writer_u8(w, (uint8_t)count);
		while (count-- != 0) {
			uint32_t asn = reader_u32(&path);

			wide = wide || asn > UINT16_MAX;
			writer_u16(w, (uint16_t)(asn > UINT16_MAX ? BGP_AS_TRANS : asn));
		}
	}
	return wide;
}

/* Returns whether AS4_PATH is needed. */
static bool
write_path(struct writer *w, const struct attribute_set *set, bool four_octet)
{
	uint8_t room[sizeof(set->path_room)];
	struct writer narrow = writer_over(room, sizeof(room));
	bool wide;

	if (four_octet) {
		header(w, FLAG_TRANSITIVE, ATTRIBUTE_AS_PATH, set->as_path_length);
		writer_bytes(w, set->as_path, set->as_path_length);
		return false;
	}
	wide = write_narrow(&narrow, reader_over(set->as_path, set->as_path_length));
	header(w, FLAG_TRANSITIVE, ATTRIBUTE_AS_PATH, writer_length(&narrow));
	writer_bytes(w, room, writer_length(&narrow));
	return wide;
}

/* Those kept attributes whose type is from `from` up to `to`. */
static void
write_others(struct writer *w, const struct attribute_set *set, unsigned from, unsigned to)
{
	struct reader r = reader_over(set->others, set->others_length);

	while (reader_left(&r) != 0) {
		uint8_t flags = reader_u8(&r), type = reader_u8(&r);
		struct reader value = reader_sub(&r, reader_u16(&r));

		if (type < from || type > to)
			continue;
		header(w, flags, type, reader_left(&value));
		writer_bytes(w, value.at, reader_left(&value));
	}
}

bool
attributes_add_community(struct attribute_set *set, uint32_t community)
{
	struct reader r = reader_over(set->communities, set->communities_length);
	struct writer w = writer_over(set->communities_room, sizeof(set->communities_room));

	while (reader_left(&r) >= 4) {
		if (reader_u32(&r) == community)
			return true;
	}
	writer_bytes(&w, set->communities, set->communities_length);
	writer_u32(&w, community);
	if (w.failed)
		return false;
	set->communities = set->communities_room;
	set->communities_length = writer_length(&w);
	return true;
}

/* The flags of an attribute that is optional and transitive. */
static uint8_t
optional(const struct attribute_set *set, unsigned partial)
{
	return FLAG_OPTIONAL | FLAG_TRANSITIVE | (set->present & partial ? FLAG_PARTIAL : 0);
}

void
attributes_write(struct writer *w, const struct attribute_set *set, bool four_octet)
{
	bool wide_path, wide_aggregator = false;

	header(w, FLAG_TRANSITIVE, ATTRIBUTE_ORIGIN, 1);
	writer_u8(w, set->origin);
	wide_path = write_path(w, set, four_octet);
	if (set->next_hop.family == AF_INET)
		number(w, FLAG_TRANSITIVE, ATTRIBUTE_NEXT_HOP, ip_address_to_v4(&set->next_hop));
	if (set->present & HAS_MED)
		number(w, FLAG_OPTIONAL, ATTRIBUTE_MED, set->med);
	if (set->present & HAS_LOCAL_PREF)
		number(w, FLAG_TRANSITIVE, ATTRIBUTE_LOCAL_PREF, set->local_pref);
	if (set->present & HAS_ATOMIC)
		header(w, FLAG_TRANSITIVE, ATTRIBUTE_ATOMIC_AGGREGATE, 0);
	if (set->present & HAS_AGGREGATOR) {
		wide_aggregator = !four_octet && set->aggregator_as > UINT16_MAX;
		header(w, optional(set, PARTIAL_AGGREGATOR), ATTRIBUTE_AGGREGATOR, four_octet ? 8 : 6);
		if (four_octet)
			writer_u32(w, set->aggregator_as);
		else
			writer_u16(w, (uint16_t)(wide_aggregator ? BGP_AS_TRANS : set->aggregator_as));
		writer_u32(w, set->aggregator_id);
	}
	if (set->communities_length != 0) {
		header(w, optional(set, PARTIAL_COMMUNITIES), ATTRIBUTE_COMMUNITIES, set->communities_length);
		writer_bytes(w, set->communities, set->communities_length);
	}
	write_others(w, set, 0, ATTRIBUTE_EXTENDED_COMMUNITIES);
	if (wide_path) {
		header(w, FLAG_OPTIONAL | FLAG_TRANSITIVE, ATTRIBUTE_AS4_PATH, set->as_path_length);
		writer_bytes(w, set->as_path, set->as_path_length);
	}
	if (wide_aggregator) {
		header(w, FLAG_OPTIONAL | FLAG_TRANSITIVE, ATTRIBUTE_AS4_AGGREGATOR, 8);
		writer_u32(w, set->aggregator_as);
		writer_u32(w, set->aggregator_id);
	}
	write_others(w, set, ATTRIBUTE_EXTENDED_COMMUNITIES + 1, ATTRIBUTE_ONLY_TO_CUSTOMER - 1);
	if (set->present & HAS_ONLY_TO_CUSTOMER)
		number(w, optional(set, PARTIAL_ONLY_TO_CUSTOMER), ATTRIBUTE_ONLY_TO_CUSTOMER,
		       set->only_to_customer);
	write_others(w, set, ATTRIBUTE_ONLY_TO_CUSTOMER + 1, 255);
}
