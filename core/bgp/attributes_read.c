// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the attributes of an UPDATE, with RFC 7606's reactions.
 *
 * Each known attribute is a row of a table (attributes_values.c): the flags that it must have, the reaction
 * where its value is wrong, and the function that checks and takes the value. The reactions add up to the
 * severest one. Only what makes the prefixes themselves unreadable resets the session (RFC 7606, 3 g, j and
 * 5.3), and an attribute that claims to be well-known without being known (RFC 4271, 6.3).
 */
#include "core/bgp/attributes_read_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define LARGE_COMMUNITY 12 /* octets (RFC 8092, 3) */
#define LARGE_UNSORTED 32u /* so many are compared each with each */

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
	if (!reading_keep(reading, type, flags | FLAG_PARTIAL, value))
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
take_known(struct reading *reading, const struct attribute_rule *rule, uint8_t flags, struct reader value,
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

/* One more segment of a path. A sequence goes on with the numbers of one before it (at `last`; NO_SEGMENT:
 * there is none): the path is the same, and so are its attributes. Returns where the segment is. */
#define NO_SEGMENT SIZE_MAX
static size_t
write_segment(struct writer *w, size_t last, uint8_t type, unsigned count, const uint8_t *numbers)
{
	bool joins = last != NO_SEGMENT && type == SEGMENT_SEQUENCE && w->start[last] == SEGMENT_SEQUENCE &&
		     w->start[last + 1] + count <= UINT8_MAX;

	if (joins) {
		writer_patch_u8(w, last + 1, (uint8_t)(w->start[last + 1] + count));
	} else {
		last = writer_length(w);
		writer_u8(w, type);
		writer_u8(w, (uint8_t)count);
	}
	writer_bytes(w, numbers, (size_t)count * 4);
	return w->failed ? NO_SEGMENT : last;
}

/*
 * RFC 6793, 4.2.3: the old path with as many of its last ASes replaced as the new one has. An AS4_PATH that
 * is longer than the old path is ignored; so it is where an old speaker has aggregated since (AGGREGATOR
 * without AS_TRANS). Segments of confederations in it are left out (RFC 6793, 3).
 */
static void
merge_paths(struct reading *reading)
{
	struct attribute_set *set = reading->set;
	struct reader old = reader_over(set->as_path, set->as_path_length), new = reading->path4, r;
	uint8_t room[ATTRIBUTE_ROOM];
	struct writer w = writer_over(room, sizeof(room));
	unsigned old_hops = 0, new_hops = 0, lead;
	size_t last = NO_SEGMENT;

	for (r = old; reader_left(&r) != 0;) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);

		reader_bytes(&r, (size_t)count * 4);
		old_hops += type == SEGMENT_SET ? 1 : count;
	}
	for (r = new; reader_left(&r) != 0;) {
		uint8_t type = reader_u8(&r), count = reader_u8(&r);

		reader_bytes(&r, (size_t)count * 4);
		new_hops += type == SEGMENT_SET ? 1 : type == SEGMENT_SEQUENCE ? count : 0;
	}
	if (new_hops > old_hops)
		return;
	for (lead = old_hops - new_hops; lead != 0;) {
		uint8_t type = reader_u8(&old), count = reader_u8(&old);
		const uint8_t *numbers = reader_bytes(&old, (size_t)count * 4);
		unsigned take = type == SEGMENT_SET ? count : count < lead ? count : lead;

		if (numbers == NULL)
			return;
		last = write_segment(&w, last, type, take, numbers);
		lead -= type == SEGMENT_SET ? 1 : take;
	}
	while (reader_left(&new) != 0) {
		uint8_t type = reader_u8(&new), count = reader_u8(&new);
		const uint8_t *numbers = reader_bytes(&new, (size_t)count * 4);

		if (type <= SEGMENT_SEQUENCE && numbers != NULL)
			last = write_segment(&w, last, type, count, numbers);
	}
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

static int
compare_large(const void *left, const void *right)
{
	return memcmp(left, right, LARGE_COMMUNITY);
}

/* Large communities, each once (RFC 8092, 3). Their order means nothing: many are sorted for that. */
static void
write_large(struct writer *w, struct reader value)
{
	size_t begin = writer_length(w), count = reader_left(&value) / LARGE_COMMUNITY, kept = 0;
	uint8_t *list;

	writer_bytes(w, value.at, reader_left(&value));
	if (w->failed)
		return;
	list = w->start + begin;
	if (count > LARGE_UNSORTED)
		qsort(list, count, LARGE_COMMUNITY, compare_large);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *one = list + i * LARGE_COMMUNITY;
		size_t from = count > LARGE_UNSORTED && kept != 0 ? kept - 1 : 0;

		while (from < kept && compare_large(list + from * LARGE_COMMUNITY, one) != 0)
			from++;
		if (from == kept)
			memmove(list + kept++ * LARGE_COMMUNITY, one, LARGE_COMMUNITY);
	}
	w->at = list + kept * LARGE_COMMUNITY;
	writer_patch_u16(w, begin - 2, (uint16_t)(kept * LARGE_COMMUNITY));
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
			if (type == ATTRIBUTE_LARGE_COMMUNITIES)
				write_large(&w, reading->others[i].value);
			else
				writer_bytes(&w, reading->others[i].value.at,
					     reader_left(&reading->others[i].value));
		}
	}
	set->others = set->others_room;
	set->others_length = writer_length(&w);
	if (w.failed)
		react(reading, UPDATE_AS_WITHDRAW, "the attributes are too long to be kept");
}

/* The well-known mandatory attributes, where there are prefixes that need them: RFC 7606, 3 d. Those of
 * MP_REACH_NLRI have their next hop beside them (RFC 4760, 3). */
static void
check_mandatory(struct reading *reading, bool reachable)
{
	static const struct {
		unsigned bit;
		const char *name;
	} mandatory[] = {{HAS_ORIGIN, "ORIGIN"}, {HAS_AS_PATH, "AS_PATH"}, {HAS_NEXT_HOP, "NEXT_HOP"}};

	if (!reachable && !reading->set->reach.there)
		return;
	for (size_t i = 0; i < COUNT_OF(mandatory); i++) {
		if (mandatory[i].bit == HAS_NEXT_HOP && !reachable)
			continue;
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
	const struct attribute_rule *rule = attribute_rule(type);

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
	reading.has_path4 = reading.has_aggregator4 = reading.old_aggregator_is_trans = reading.announces =
	    false;
	reading.other_count = 0;
	out->present = 0;
	out->as_path_length = out->communities_length = out->others_length = 0;
	out->next_hop = (struct ip_address){0};
	out->reach.there = out->unreach.there = false;
	out->disables = 0;
	error->detail[0] = '\0';
	while (reader_left(&r) != 0) {
		if (!read_one(&reading, &r, seen, &only_unreach))
			break;
	}
	check_mandatory(&reading, reachable);
	if (reading.worst == UPDATE_RESET)
		return UPDATE_RESET;
	/* RFC 7606, 5.2: without prefixes there is nothing to withdraw, and no way to know what was meant. */
	if (reading.worst == UPDATE_AS_WITHDRAW && !reachable && !reading.announces && !only_unreach) {
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
update_split(struct reader body, bool ids, struct update *out, struct bgp_error *error)
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
	if (!prefixes_readable(out->withdrawn, 32, ids))
		return bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_MALFORMED_LIST, NULL, 0,
				     "a withdrawn prefix can't be read");
	if (!prefixes_readable(out->reachable, 32, ids))
		return bgp_error_set(error, BGP_ERROR_UPDATE, UPDATE_BAD_NETWORK, NULL, 0,
				     "an announced prefix can't be read");
	out->end_of_rib = reader_left(&body) == 4;
	return true;
}
