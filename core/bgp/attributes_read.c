// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the attributes of an UPDATE, with RFC 7606's reactions.
 *
 * Each known attribute is a row of a table: the flags that it must have, the reaction where its value is
 * wrong, and the function that checks and takes the value. The reactions add up to the severest one. Only
 * what makes the prefixes themselves unreadable resets the session (RFC 7606, 3 g, j and 5.3), and an
 * attribute that claims to be well-known without being known (RFC 4271, 6.3).
 */
#include "core/bgp/attributes_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

/* State of one reading. */
struct reading {
	const struct attribute_context *context;
	struct attribute_set *set;
	struct bgp_error *error;
	enum update_reaction worst;
	struct reader path4; /* AS4_PATH's value, borrowed; checked */
	bool has_path4, has_aggregator4, old_aggregator_is_trans;
	uint32_t aggregator4_as, aggregator4_id;
	bool reachable6; /* MP_REACH_NLRI was there */
	struct {
		uint8_t flags, type;
		struct reader value;
	} others[64];
	size_t other_count;
};

struct rule {
	const char *name;
	uint8_t flags; /* of optional and transitive, what must be set; else: as withdrawal (3 c) */
	enum update_reaction on_value;
	bool internal_only; /* from an external peer it is discarded (RFC 7606, 7.5, 7.9, 7.10) */
	bool may_be_empty;
	/* Takes the value. False: it is malformed. */
	bool (*take)(struct reading *reading, struct reader value, uint8_t flags);
};

static void react(struct reading *reading, enum update_reaction reaction, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The severest reaction counts, with the words of the first fault of that severity. */
static void
react(struct reading *reading, enum update_reaction reaction, const char *format, ...)
{
	va_list args;

	if (reaction <= reading->worst)
		return;
	reading->worst = reaction;
	va_start(args, format);
	vsnprintf(reading->error->detail, sizeof(reading->error->detail), format, args);
	va_end(args);
}

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
 * octets to `to` (may be NULL). Confederation segments are malformed here: we are in none (RFC 5065, 5).
 */
static bool
check_path(struct reader value, unsigned width, struct writer *to)
{
	while (reader_left(&value) != 0) {
		uint8_t type = reader_u8(&value), count = reader_u8(&value);

		if (value.failed || (type != SEGMENT_SET && type != SEGMENT_SEQUENCE) || count == 0)
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
		if (!check_path(value, 4, NULL))
			return false;
		set->as_path = value.at;
		set->as_path_length = reader_left(&value);
		return true;
	}
	if (!check_path(value, 2, &w))
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
	reading->set->present |= HAS_AGGREGATOR;
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
	return true;
}

/* Kept as it is, to be passed on. */
static bool
keep(struct reading *reading, uint8_t type, uint8_t flags, struct reader value)
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
	return reader_left(&value) == 4 && keep(reading, ATTRIBUTE_ORIGINATOR_ID, flags, value);
}

static bool
take_clusters(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 4 == 0 && keep(reading, ATTRIBUTE_CLUSTER_LIST, flags, value);
}

static bool
take_extended(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 8 == 0 && keep(reading, ATTRIBUTE_EXTENDED_COMMUNITIES, flags, value);
}

static bool
take_large(struct reading *reading, struct reader value, uint8_t flags)
{
	size_t length = reader_left(&value);

	return length != 0 && length % 12 == 0 && keep(reading, ATTRIBUTE_LARGE_COMMUNITIES, flags, value);
}

/* RFC 6793, 4.1 and 6: a four-octet speaker must not send these two; they are discarded then. */
static bool
take_as4_path(struct reading *reading, struct reader value, uint8_t flags)
{
	if (reading->context->four_octet)
		return true;
	if (!check_path(value, 4, NULL))
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

/* Every prefix of the rest must be readable: otherwise nothing can be treated as withdrawn. */
static bool
prefixes_readable(struct reader r, unsigned bits)
{
	uint8_t address[16], length;

	while (reader_left(&r) != 0) {
		if (!bgp_prefix_read(&r, bits, address, &length))
			return false;
	}
	return !r.failed;
}

static unsigned
bits_of(uint16_t afi, uint8_t safi)
{
	return safi != 1 ? 0 : afi == 1 ? 32 : afi == 2 ? 128 : 0;
}

/* RFC 4760, 3. No family but IPv4 unicast is negotiated: what is in there is checked, and ignored. */
static bool
take_mp_reach(struct reading *reading, struct reader value, uint8_t flags)
{
	uint16_t afi = reader_u16(&value);
	uint8_t safi = reader_u8(&value);
	unsigned bits = bits_of(afi, safi);
	size_t length = reader_u8(&value);

	reader_bytes(&value, length);
	reader_u8(&value); /* reserved */
	if (value.failed || (bits == 32 && length != 4 && length != 16 && length != 32) ||
	    (bits == 128 && length != 16 && length != 32))
		return false;
	reading->reachable6 = true;
	return bits == 0 || prefixes_readable(value, bits);
}

static bool
take_mp_unreach(struct reading *reading, struct reader value, uint8_t flags)
{
	uint16_t afi = reader_u16(&value);
	unsigned bits = bits_of(afi, reader_u8(&value));

	return !value.failed && (bits == 0 || prefixes_readable(value, bits));
}

#define WELL_KNOWN FLAG_TRANSITIVE
#define OPTIONAL_TRANSITIVE (FLAG_OPTIONAL | FLAG_TRANSITIVE)
#define OPTIONAL_LOCAL FLAG_OPTIONAL

/* RFC 7606, 7; 3 c for flags; RFC 6793, 6 for the two of four octets; RFC 8092, 5; RFC 4360 by RFC
 * 7606, 7.14. */
static const struct rule rules[] = {
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
    [ATTRIBUTE_LARGE_COMMUNITIES] = {"LARGE_COMMUNITY", OPTIONAL_TRANSITIVE, UPDATE_AS_WITHDRAW,
				     .take = take_large},
};

/* An attribute that no rule names: RFC 4271, 5 and 6.3. */
static void
take_unknown(struct reading *reading, uint8_t type, uint8_t flags, struct reader value, const uint8_t *whole)
{
	if (!(flags & FLAG_OPTIONAL)) {
		if (reading->worst < UPDATE_RESET)
			bgp_error_set(reading->error, BGP_ERROR_UPDATE, UPDATE_UNKNOWN_WELL_KNOWN, whole,
				      (size_t)(value.end - whole), "attribute %u says that it is well-known",
				      type);
		reading->worst = UPDATE_RESET;
		return;
	}
	if (!(flags & FLAG_TRANSITIVE))
		return;
	if (!keep(reading, type, flags | FLAG_PARTIAL, value))
		react(reading, UPDATE_DISCARDED_ATTRIBUTE, "more than %zu unknown attributes",
		      COUNT_OF(reading->others));
}

/* MP_REACH_NLRI or MP_UNREACH_NLRI that can't be read, or is there twice: RFC 7606, 3 g; RFC 4760, 7. */
static void
reset(struct reading *reading, uint8_t subcode, const uint8_t *whole, const uint8_t *end, const char *name,
      const char *what)
{
	if (reading->worst < UPDATE_RESET)
		bgp_error_set(reading->error, BGP_ERROR_UPDATE, subcode, whole,
			      whole == NULL ? 0 : (size_t)(end - whole), "%s %s", name, what);
	reading->worst = UPDATE_RESET;
}

static void
take_known(struct reading *reading, const struct rule *rule, uint8_t flags, struct reader value,
	   const uint8_t *whole)
{
	const uint8_t *end = value.end;

	if (rule->internal_only && reading->context->ebgp) {
		react(reading, UPDATE_DISCARDED_ATTRIBUTE, "%s from an external peer", rule->name);
		return;
	}
	if ((flags & (FLAG_OPTIONAL | FLAG_TRANSITIVE)) != rule->flags) {
		react(reading, UPDATE_AS_WITHDRAW, "%s has flags 0x%02x", rule->name, flags);
		/* Its value does not matter any more, unless there may be prefixes in it. */
		if (rule->on_value != UPDATE_RESET)
			return;
	}
	if ((reader_left(&value) != 0 || rule->may_be_empty) && rule->take(reading, value, flags))
		return;
	if (rule->on_value == UPDATE_RESET)
		reset(reading, UPDATE_OPTIONAL_ERROR, whole, end, rule->name, "can't be read");
	react(reading, rule->on_value, "%s is malformed (%zu octets)", rule->name, reader_left(&value));
}

/*
 * RFC 6793, 4.2.3: the old path with as many of its last ASes replaced as the new one has. An AS4_PATH that
 * is longer than the old path is ignored; so it is where an old speaker has aggregated since (AGGREGATOR
 * without AS_TRANS).
 */
static void
merge_paths(struct reading *reading)
{
	struct attribute_set *set = reading->set;
	struct reader old = reader_over(set->as_path, set->as_path_length), new = reading->path4, r;
	uint8_t room[ATTRIBUTE_ROOM];
	struct writer w = writer_over(room, sizeof(room));
	unsigned old_hops = 0, new_hops = 0, lead;

	for (r = old; reader_left(&r) != 0;) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);

		reader_bytes(&r, (size_t)count * 4);
		old_hops += type == SEGMENT_SET ? 1 : count;
	}
	for (r = new; reader_left(&r) != 0;) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);

		reader_bytes(&r, (size_t)count * 4);
		new_hops += type == SEGMENT_SET ? 1 : count;
	}
	if (new_hops > old_hops)
		return;
	for (lead = old_hops - new_hops; lead != 0;) {
		uint8_t type = reader_u8(&old), count = reader_u8(&old);
		const uint8_t *numbers = reader_bytes(&old, (size_t)count * 4);
		unsigned take = type == SEGMENT_SET ? count : count < lead ? count : lead;

		if (numbers == NULL)
			return;
		writer_u8(&w, type);
		writer_u8(&w, (uint8_t)take);
		writer_bytes(&w, numbers, (size_t)take * 4);
		lead -= type == SEGMENT_SET ? 1 : take;
	}
	writer_bytes(&w, new.at, reader_left(&new));
	if (w.failed || writer_length(&w) > sizeof(set->path_room))
		return;
	memcpy(set->path_room, room, writer_length(&w));
	set->as_path = set->path_room;
	set->as_path_length = writer_length(&w);
}

static void
merge_four_octets(struct reading *reading)
{
	bool aggregated = (reading->set->present & HAS_AGGREGATOR) != 0;

	if (reading->context->four_octet || (reading->set->present & HAS_AS_PATH) == 0)
		return;
	if (aggregated && reading->has_aggregator4) {
		if (!reading->old_aggregator_is_trans)
			return; /* an old speaker aggregated after the new one: both new attributes are stale
				 */
		reading->set->aggregator_as = reading->aggregator4_as;
		reading->set->aggregator_id = reading->aggregator4_id;
	}
	if (reading->has_path4)
		merge_paths(reading);
}

/* The attributes that are only passed on, in canonical form: by type, each with a 16-bit length. */
static void
gather_others(struct reading *reading)
{
	struct attribute_set *set = reading->set;
	struct writer w = writer_over(set->others_room, sizeof(set->others_room));

	for (unsigned type = 0; type < 256 && reading->other_count != 0; type++) {
		for (size_t i = 0; i < reading->other_count; i++) {
			if (reading->others[i].type != type)
				continue;
			writer_u8(&w, reading->others[i].flags &
					  (FLAG_OPTIONAL | FLAG_TRANSITIVE | FLAG_PARTIAL));
			writer_u8(&w, (uint8_t)type);
			writer_u16(&w, (uint16_t)reader_left(&reading->others[i].value));
			writer_bytes(&w, reading->others[i].value.at, reader_left(&reading->others[i].value));
		}
	}
	set->others = set->others_room;
	set->others_length = writer_length(&w);
}

/* The well-known mandatory attributes, where there are prefixes that need them: RFC 7606, 3 d. */
static void
check_mandatory(struct reading *reading, bool reachable)
{
	static const struct {
		unsigned bit;
		const char *name;
	} mandatory[] = {{HAS_ORIGIN, "ORIGIN"}, {HAS_AS_PATH, "AS_PATH"}, {HAS_NEXT_HOP, "NEXT_HOP"}};

	if (!reachable)
		return;
	for (size_t i = 0; i < COUNT_OF(mandatory); i++) {
		if (!(reading->set->present & mandatory[i].bit))
			react(reading, UPDATE_AS_WITHDRAW, "%s is missing", mandatory[i].name);
	}
}

/* One attribute. False: its header or its length goes beyond the section (RFC 7606, 4). */
static bool
read_one(struct reading *reading, struct reader *r, uint8_t seen[32], bool *only_unreach)
{
	const uint8_t *whole = r->at;
	uint8_t flags = reader_u8(r), type = reader_u8(r);
	size_t length = flags & FLAG_EXTENDED ? reader_u16(r) : reader_u8(r);
	struct reader value = reader_sub(r, length);
	const struct rule *rule = type < COUNT_OF(rules) && rules[type].take != NULL ? &rules[type] : NULL;

	if (type != ATTRIBUTE_MP_UNREACH)
		*only_unreach = false;
	if (r->failed && (type == ATTRIBUTE_MP_REACH || type == ATTRIBUTE_MP_UNREACH)) {
		/* Prefixes are lost with it: RFC 7606, 3 j. */
		reset(reading, UPDATE_OPTIONAL_ERROR, NULL, NULL, rule->name,
		      "goes beyond the attributes' length");
		return false;
	}
	if (r->failed) {
		react(reading, UPDATE_AS_WITHDRAW, "an attribute goes beyond the attributes' length");
		return false;
	}
	if (seen[type / 8] & 1u << type % 8) {
		if (type == ATTRIBUTE_MP_REACH || type == ATTRIBUTE_MP_UNREACH)
			reset(reading, UPDATE_MALFORMED_LIST, NULL, NULL, rule->name, "is there twice");
		else
			react(reading, UPDATE_DISCARDED_ATTRIBUTE, "attribute %u is there twice", type);
		return true;
	}
	seen[type / 8] |= (uint8_t)(1u << type % 8);
	if (rule != NULL)
		take_known(reading, rule, flags, value, whole);
	else
		take_unknown(reading, type, flags, value, whole);
	return true;
}

enum update_reaction
attributes_read(struct reader r, const struct attribute_context *context, bool reachable,
		struct attribute_set *out, struct bgp_error *error)
{
	struct reading reading;
	uint8_t seen[32] = {0};
	bool only_unreach = true;

	reading.context = context;
	reading.set = out;
	reading.error = error;
	reading.worst = UPDATE_FINE;
	reading.has_path4 = reading.has_aggregator4 = reading.old_aggregator_is_trans = reading.reachable6 =
	    false;
	reading.other_count = 0;
	out->present = 0;
	out->as_path_length = out->communities_length = out->others_length = 0;
	out->next_hop = (struct ip_address){0};
	error->detail[0] = '\0';
	while (reader_left(&r) != 0) {
		if (!read_one(&reading, &r, seen, &only_unreach))
			break;
	}
	check_mandatory(&reading, reachable);
	if (reading.worst == UPDATE_RESET)
		return UPDATE_RESET;
	/* RFC 7606, 5.2: without prefixes there is nothing to withdraw, and no way to know what was meant. */
	if (reading.worst == UPDATE_AS_WITHDRAW && !reachable && !reading.reachable6 && !only_unreach) {
		char what[sizeof(error->detail)];

		memcpy(what, error->detail, sizeof(what));
		bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_MALFORMED_LIST, NULL, 0, "%s", what);
		return UPDATE_RESET;
	}
	merge_four_octets(&reading);
	gather_others(&reading);
	return reading.worst;
}

bool
update_split(struct reader body, struct update *out, struct bgp_error *error)
{
	struct reader r = body;
	size_t withdrawn, attributes;

	withdrawn = reader_u16(&r);
	out->withdrawn = reader_sub(&r, withdrawn);
	attributes = reader_u16(&r);
	out->attributes = reader_sub(&r, attributes);
	if (r.failed)
		return bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_MALFORMED_LIST, NULL, 0,
				     "the lengths of withdrawn routes or attributes go beyond the message");
	out->reachable = r;
	if (!prefixes_readable(out->withdrawn, 32))
		return bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_MALFORMED_LIST, NULL, 0,
				     "a withdrawn prefix can't be read");
	if (!prefixes_readable(out->reachable, 32))
		return bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_BAD_NETWORK, NULL, 0,
				     "an announced prefix can't be read");
	out->end_of_rib = reader_left(&body) == 4;
	return true;
}
