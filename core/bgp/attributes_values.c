// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The values of attributes: of each known one its rule, with the function that checks and takes what came.
 */
#include "core/bgp/attributes_read_internal.h"

static bool
take_origin(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 1)
		return false;
	reading->set->origin = reader_u8(&value);
	reading->set->present |= HAS_ORIGIN;
	return reading->set->origin <= 2;
}

/*
 * Checks segments of numbers of `width` octets (RFC 7606, 7.2; RFC 7607: no AS 0), copying them with four
 * octets to `to` (may be NULL). `type_most`: SEGMENT_SEQUENCE where those of confederations are malformed.
 */
static bool
check_path(struct reader value, unsigned width, uint8_t type_most, struct writer *to)
{
	while (reader_left(&value) != 0) {
		uint8_t type = reader_u8(&value), count = reader_u8(&value);

		if (value.failed || type < SEGMENT_SET || type > type_most || count == 0)
			return false;
		if (to != NULL) {
			writer_u8(to, type);
			writer_u8(to, count);
		}
		for (unsigned i = 0; i < count; i++) {
			uint32_t asn = width == 4 ? reader_u32(&value) : reader_u16(&value);

			if (value.failed || asn == 0)
				return false;
			if (to != NULL)
				writer_u32(to, asn);
		}
	}
	return !value.failed && (to == NULL || !to->failed);
}

static bool
take_as_path(struct reading *reading, struct reader value, uint8_t flags)
{
	struct attribute_set *set = reading->set;
	struct writer w = writer_over(set->path_room, sizeof(set->path_room));

	set->present |= HAS_AS_PATH;
	if (reading->context->four_octet) {
		/* We are in no confederation: RFC 5065, 5. */
		if (!check_path(value, 4, SEGMENT_SEQUENCE, NULL))
			return false;
		set->as_path = value.at;
		set->as_path_length = reader_left(&value);
		return true;
	}
	if (!check_path(value, 2, SEGMENT_SEQUENCE, &w))
		return false;
	set->as_path = set->path_room;
	set->as_path_length = writer_length(&w);
	return true;
}

static bool
take_next_hop(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 4)
		return false;
	reading->set->next_hop = ip_address_v4(reader_u32(&value));
	reading->set->present |= HAS_NEXT_HOP;
	return true;
}

static bool
take_med(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 4)
		return false;
	reading->set->med = reader_u32(&value);
	reading->set->present |= HAS_MED;
	return true;
}

static bool
take_local_pref(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 4)
		return false;
	reading->set->local_pref = reader_u32(&value);
	reading->set->present |= HAS_LOCAL_PREF;
	return true;
}

static bool
take_atomic(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 0)
		return false;
	reading->set->present |= HAS_ATOMIC;
	return true;
}

static bool
take_aggregator(struct reading *reading, struct reader value, uint8_t flags)
{
	bool wide = reading->context->four_octet;
	uint32_t asn;

	if (reader_left(&value) != (wide ? 8 : 6))
		return false;
	asn = wide ? reader_u32(&value) : reader_u16(&value);
	if (asn == 0)
		return false;
	reading->old_aggregator_is_trans = !wide && asn == BGP_AS_TRANS;
	reading->set->aggregator_as = asn;
	reading->set->aggregator_id = reader_u32(&value);
	reading->set->present |= HAS_AGGREGATOR | (flags & FLAG_PARTIAL ? PARTIAL_AGGREGATOR : 0u);
	return true;
}

static bool
take_communities(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	if (length == 0 || length % 4 != 0)
		return false;
	reading->set->communities = value.at;
	reading->set->communities_length = length;
	reading->set->present |= flags & FLAG_PARTIAL ? PARTIAL_COMMUNITIES : 0u;
	return true;
}

bool
reading_keep(struct reading *reading, uint8_t type, uint8_t flags, struct reader value)
{
	if (reading->other_count == COUNT_OF(reading->others))
		return false;
	reading->others[reading->other_count].flags = flags;
	reading->others[reading->other_count].type = type;
	reading->others[reading->other_count++].value = value;
	return true;
}

static bool
take_originator(struct reading *reading, struct reader value, uint8_t flags)
{
	return reader_left(&value) == 4 && reading_keep(reading, ATTRIBUTE_ORIGINATOR_ID, flags, value);
}

static bool
take_clusters(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 4 == 0 && reading_keep(reading, ATTRIBUTE_CLUSTER_LIST, flags, value);
}

static bool
take_extended(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 8 == 0 &&
	       reading_keep(reading, ATTRIBUTE_EXTENDED_COMMUNITIES, flags, value);
}

static bool
take_ipv6_communities(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 20 == 0 &&
	       reading_keep(reading, ATTRIBUTE_IPV6_COMMUNITIES, flags, value);
}

static bool
take_large(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 12 == 0 &&
	       reading_keep(reading, ATTRIBUTE_LARGE_COMMUNITIES, flags, value);
}

/* RFC 9234, 5. */
static bool
take_only_to_customer(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reader_left(&value) != 4)
		return false;
	reading->set->only_to_customer = reader_u32(&value);
	reading->set->present |=
	    HAS_ONLY_TO_CUSTOMER | (flags & FLAG_PARTIAL ? PARTIAL_ONLY_TO_CUSTOMER : 0u);
	return true;
}

/* RFC 6793, 4.1 and 6: a four-octet speaker must not send these two; they are discarded then. Segments of
 * confederations are passed over when the paths are merged. */
static bool
take_as4_path(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reading->context->four_octet)
		return true;
	if (!check_path(value, 4, SEGMENT_CONFEDERATION_SET, NULL))
		return false;
	reading->path4 = value;
	reading->has_path4 = true;
	return true;
}

static bool
take_as4_aggregator(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reading->context->four_octet)
		return true;
	if (reader_left(&value) != 8)
		return false;
	reading->aggregator4_as = reader_u32(&value);
	reading->aggregator4_id = reader_u32(&value);
	reading->has_aggregator4 = reading->aggregator4_as != 0;
	return reading->has_aggregator4;
}

/* Prefixes of families in their own attributes (multiprotocol.c). */
static bool
take_multiprotocol(struct reading *reading, struct reader value, bool reach)
{
	struct multiprotocol *out = reach ? &reading->set->reach : &reading->set->unreach;

	switch (multiprotocol_read(value, reach, reading->context, out)) {
	case MULTIPROTOCOL_RESETS:
		return false;
	case MULTIPROTOCOL_DISABLES:
		reading->set->disables |= BGP_FAMILY_BIT(out->family);
		reading->set->disables_why = reach ? "MP_REACH_NLRI" : "MP_UNREACH_NLRI";
		return true;
	default:
		return true;
	}
}

static bool
take_mp_reach(struct reading *reading, struct reader value, uint8_t flags)
{
	bool fine = take_multiprotocol(reading, value, true);
	const struct multiprotocol *reach = &reading->set->reach;

	reading->announces = !reach->there || reader_left(&reach->prefixes) != 0;
	return fine;
}

static bool
take_mp_unreach(struct reading *reading, struct reader value, uint8_t flags)
{
	return take_multiprotocol(reading, value, false);
}

#define WELL_KNOWN FLAG_TRANSITIVE
#define OPTIONAL_TRANSITIVE (FLAG_OPTIONAL | FLAG_TRANSITIVE)
#define OPTIONAL_LOCAL FLAG_OPTIONAL

/* RFC 7606, 7; 3 c for flags; RFC 6793, 6 for the two of four octets; RFC 8092, 5; RFC 4360 by RFC
 * 7606, 7.14; RFC 5701 by 7.15. */
const struct attribute_rule attribute_rules[ATTRIBUTE_RULES] = {
    [ATTRIBUTE_ORIGIN] = {"ORIGIN", WELL_KNOWN, UPDATE_AS_WITHDRAW, .take = take_origin},
    [ATTRIBUTE_AS_PATH] = {"AS_PATH", WELL_KNOWN, UPDATE_AS_WITHDRAW, .may_be_empty = true,
			   .take = take_as_path},
    [ATTRIBUTE_NEXT_HOP] = {"NEXT_HOP", WELL_KNOWN, UPDATE_AS_WITHDRAW, .take = take_next_hop},
    [ATTRIBUTE_MED] = {"MULTI_EXIT_DISC", OPTIONAL_LOCAL, UPDATE_AS_WITHDRAW, .take = take_med},
    [ATTRIBUTE_LOCAL_PREF] = {"LOCAL_PREF", WELL_KNOWN, UPDATE_AS_WITHDRAW, .internal_only = true,
			      .take = take_local_pref},
    [ATTRIBUTE_ATOMIC_AGGREGATE] = {"ATOMIC_AGGREGATE", WELL_KNOWN, UPDATE_DISCARDED_ATTRIBUTE,
				    .may_be_empty = true, .take = take_atomic},
    [ATTRIBUTE_AGGREGATOR] = {"AGGREGATOR", OPTIONAL_TRANSITIVE, UPDATE_DISCARDED_ATTRIBUTE,
			      .take = take_aggregator},
    [ATTRIBUTE_COMMUNITIES] = {"COMMUNITIES", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
			       .take = take_communities},
    [ATTRIBUTE_ORIGINATOR_ID] = {"ORIGINATOR_ID", OPTIONAL_LOCAL, UPDATE_AS_WITHDRAW, .internal_only = true,
				 .take = take_originator},
    [ATTRIBUTE_CLUSTER_LIST] = {"CLUSTER_LIST", OPTIONAL_LOCAL, UPDATE_AS_WITHDRAW, .internal_only = true,
				.take = take_clusters},
    [ATTRIBUTE_MP_REACH] = {"MP_REACH_NLRI", OPTIONAL_LOCAL, UPDATE_RESET, .take = take_mp_reach},
    [ATTRIBUTE_MP_UNREACH] = {"MP_UNREACH_NLRI", OPTIONAL_LOCAL, UPDATE_RESET, .take = take_mp_unreach},
    [ATTRIBUTE_EXTENDED_COMMUNITIES] = {"EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
					.take = take_extended},
    [ATTRIBUTE_AS4_PATH] = {"AS4_PATH", OPTIONAL_TRANSITIVE, UPDATE_DISCARDED_ATTRIBUTE, .may_be_empty = true,
			    .take = take_as4_path},
    [ATTRIBUTE_AS4_AGGREGATOR] = {"AS4_AGGREGATOR", OPTIONAL_TRANSITIVE, UPDATE_DISCARDED_ATTRIBUTE,
				  .take = take_as4_aggregator},
    [ATTRIBUTE_IPV6_COMMUNITIES] = {"IPV6_EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
				    .take = take_ipv6_communities},
    [ATTRIBUTE_LARGE_COMMUNITIES] = {"LARGE_COMMUNITY", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
				     .take = take_large},
    [ATTRIBUTE_ONLY_TO_CUSTOMER] = {"ONLY_TO_CUSTOMER", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
				    .take = take_only_to_customer},
};
