// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Path attributes (RFC 4271, 4.3 and 5; errors by RFC 7606; four-octet AS numbers by RFC 6793).
 *
 * Two forms. `struct attribute_set` is what a message says or will say: fields, and byte ranges borrowed from
 * the message or from the set's own scratch room. `struct bgp_attributes` is the interned one: canonical (AS
 * numbers of four octets, unknown attributes sorted by type), counted, found by hash; two are equal when
 * their pointers are.
 */
#ifndef TWINSPAN_BGP_ATTRIBUTES_INTERNAL_H
#define TWINSPAN_BGP_ATTRIBUTES_INTERNAL_H

#include "core/bgp/bgp.h"
#include "core/bgp/wire_internal.h"

enum attribute_type {
	ATTRIBUTE_ORIGIN = 1,
	ATTRIBUTE_AS_PATH = 2,
	ATTRIBUTE_NEXT_HOP = 3,
	ATTRIBUTE_MED = 4,
	ATTRIBUTE_LOCAL_PREF = 5,
	ATTRIBUTE_ATOMIC_AGGREGATE = 6,
	ATTRIBUTE_AGGREGATOR = 7,
	ATTRIBUTE_COMMUNITIES = 8,
	ATTRIBUTE_ORIGINATOR_ID = 9,
	ATTRIBUTE_CLUSTER_LIST = 10,
	ATTRIBUTE_MP_REACH = 14,
	ATTRIBUTE_MP_UNREACH = 15,
	ATTRIBUTE_EXTENDED_COMMUNITIES = 16,
	ATTRIBUTE_AS4_PATH = 17,
	ATTRIBUTE_AS4_AGGREGATOR = 18,
	ATTRIBUTE_LARGE_COMMUNITIES = 32,
};

enum { FLAG_OPTIONAL = 0x80, FLAG_TRANSITIVE = 0x40, FLAG_PARTIAL = 0x20, FLAG_EXTENDED = 0x10 };
enum { SEGMENT_SET = 1, SEGMENT_SEQUENCE = 2 };

enum {
	HAS_ORIGIN = 1,
	HAS_AS_PATH = 2,
	HAS_NEXT_HOP = 4,
	HAS_MED = 8,
	HAS_LOCAL_PREF = 16,
	HAS_ATOMIC = 32,
	HAS_AGGREGATOR = 64,
};

/* Bytes that an attribute section can grow to: AS numbers of two octets double, four more bytes are kept for
 * each unknown attribute. */
#define ATTRIBUTE_ROOM (3 * BGP_MESSAGE_MOST)

struct attribute_set {
	unsigned present;
	uint8_t origin;
	struct ip_address next_hop;
	uint32_t med, local_pref;
	uint32_t aggregator_as, aggregator_id;
	const uint8_t *as_path; /* segments with four-octet numbers */
	size_t as_path_length;
	const uint8_t *communities; /* as on the wire */
	size_t communities_length;
	const uint8_t *others; /* each: flags, type, 16-bit length, value; in order of type */
	size_t others_length;
	uint8_t path_room[ATTRIBUTE_ROOM], others_room[ATTRIBUTE_ROOM];
	uint8_t communities_room[BGP_MESSAGE_MOST + 4];
};

struct bgp_attributes {
	struct bgp_attributes *chain;
	uint32_t hash, references;
	/* From here on: what is hashed and compared. */
	uint32_t med, local_pref;
	uint32_t aggregator_as, aggregator_id;
	uint8_t next_hop[16];
	uint8_t next_hop_family, origin;
	uint16_t present;
	uint16_t as_path_length, communities_length, others_length;
	uint16_t community_flags; /* this and the next two follow from the lists */
	uint32_t neighbour_as;    /* the first AS of the path; 0: it is empty or begins with a set */
	uint32_t path_hops;       /* RFC 4271, 9.1.2.2 a: a set counts as one */
	uint8_t data[];           /* AS path, communities, others */
};

/* Well-known communities that limit where a route may be told (RFC 1997), and the one that asks to leave it
 * before it goes away (RFC 8326). */
enum {
	COMMUNITY_NO_EXPORT = 1,
	COMMUNITY_NO_ADVERTISE = 2,
	COMMUNITY_NO_EXPORT_SUBCONFED = 4,
	COMMUNITY_GRACEFUL_SHUTDOWN = 8,
};
#define GRACEFUL_SHUTDOWN 0xffff0000u /* 65535:0 */

struct attribute_table {
	struct bgp_attributes **buckets, **old_buckets;
	size_t size, old_size, old_next; /* powers of two; old buckets are moved a few at a time */
	size_t count;
};

void attribute_table_init(struct attribute_table *table);
/** All attributes must have been released. */
void attribute_table_free(struct attribute_table *table);
/** The one object of that content, with one more reference. */
struct bgp_attributes *attributes_intern(struct attribute_table *table, const struct attribute_set *set);
void attributes_release(struct attribute_table *table, struct bgp_attributes *attributes);
static inline struct bgp_attributes *
attributes_hold(struct bgp_attributes *attributes)
{
	attributes->references++;
	return attributes;
}
/** The set that an interned object came from; ranges are borrowed from it. */
void attributes_to_set(const struct bgp_attributes *attributes, struct attribute_set *out);
/** A free-standing copy of a set in interned form (not in a table): free() it. */
struct bgp_attributes *attributes_copy(const struct attribute_set *set);
static inline const uint8_t *
attributes_path(const struct bgp_attributes *attributes)
{
	return attributes->data;
}
bool attributes_path_contains(const struct bgp_attributes *attributes, uint32_t asn);
struct ip_address attributes_next_hop(const struct bgp_attributes *attributes);
/** The ORIGINATOR_ID (RFC 4456), 0 where there is none. */
uint32_t attributes_originator(const struct bgp_attributes *attributes);

/* --- decoding ---------------------------------------------------------------------------------- */

/** What an UPDATE must be answered with (RFC 7606, 2), in rising order of severity. */
enum update_reaction { UPDATE_FINE, UPDATE_DISCARDED_ATTRIBUTE, UPDATE_AS_WITHDRAW, UPDATE_RESET };

struct attribute_context {
	bool ebgp, four_octet; /* four_octet: both sides speak RFC 6793 */
};

struct update {
	struct reader withdrawn, attributes,
	    reachable; /* the three parts of the message; prefixes are not yet checked */
	bool end_of_rib;
};

/** Splits an UPDATE's body and checks that the prefixes in it can be told apart. False: session reset, in
 * `error`. */
bool update_split(struct reader body, struct update *out, struct bgp_error *error);
/**
 * Reads the attribute section. `reachable`: the message announces IPv4 prefixes in its NLRI field.
 * UPDATE_RESET fills `error`; for UPDATE_AS_WITHDRAW and UPDATE_DISCARDED_ATTRIBUTE error->detail says what
 * was wrong.
 */
enum update_reaction attributes_read(struct reader r, const struct attribute_context *context, bool reachable,
				     struct attribute_set *out, struct bgp_error *error);

/* --- encoding ---------------------------------------------------------------------------------- */

/** Puts `asn` before the path, into the set's own room. False where it gets too long. */
bool attributes_prepend(struct attribute_set *set, uint32_t asn);
/** Adds a community unless it is there already, into the set's own room. False where there is no room. */
bool attributes_add_community(struct attribute_set *set, uint32_t community);
/** Writes the attribute section (without its length). A two-octet speaker gets AS4_PATH where it is needed.
 */
void attributes_write(struct writer *w, const struct attribute_set *set, bool four_octet);

#endif
