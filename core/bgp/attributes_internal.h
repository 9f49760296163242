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

#include "core/base/trie.h"
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
	ATTRIBUTE_IPV6_COMMUNITIES = 25, /* extended ones that name an IPv6 address (RFC 5701) */
	ATTRIBUTE_LARGE_COMMUNITIES = 32,
	ATTRIBUTE_ONLY_TO_CUSTOMER = 35, /* RFC 9234 */
};

enum { FLAG_OPTIONAL = 0x80, FLAG_TRANSITIVE = 0x40, FLAG_PARTIAL = 0x20, FLAG_EXTENDED = 0x10 };
/* Those of confederations (RFC 5065, 3) have higher numbers. */
enum { SEGMENT_SET = 1, SEGMENT_SEQUENCE = 2, SEGMENT_CONFEDERATION_SET = 4 };

enum {
	HAS_ORIGIN = 1,
	HAS_AS_PATH = 2,
	HAS_NEXT_HOP = 4,
	HAS_MED = 8,
	HAS_LOCAL_PREF = 16,
	HAS_ATOMIC = 32,
	HAS_AGGREGATOR = 64,
	HAS_ONLY_TO_CUSTOMER = 128,
	/* Somebody on the way did not know these: it stays said (RFC 4271, 5). */
	PARTIAL_AGGREGATOR = 256,
	PARTIAL_COMMUNITIES = 512,
	PARTIAL_ONLY_TO_CUSTOMER = 1024,
};

/* Bytes that a part of an attribute section can grow to: AS numbers of two octets double, four more bytes are
 * kept for each unknown attribute. What does not fit, of an extended message only, is treated as withdrawn.
 */
#define ATTRIBUTE_ROOM BGP_MESSAGE_EXTENDED

/* The prefixes of an MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 4760) of a family that the session speaks. */
struct multiprotocol {
	bool there;
	enum bgp_family family;
	/* MP_REACH_NLRI: the global one; the link-local one where no other can be reached (RFC 2545, 3). Of
	 * IPv6 for IPv4's prefixes too where RFC 8950 is spoken. */
	struct ip_address next_hop;
	struct reader prefixes; /* borrowed; all are readable */
};

struct attribute_set {
	unsigned present;
	uint8_t origin;
	struct ip_address next_hop; /* of the NEXT_HOP attribute */
	uint32_t med, local_pref;
	uint32_t aggregator_as, aggregator_id;
	uint32_t only_to_customer; /* the AS that let it out */
	const uint8_t *as_path;    /* segments with four-octet numbers */
	size_t as_path_length;
	const uint8_t *communities; /* as on the wire */
	size_t communities_length;
	const uint8_t *others; /* each: flags, type, 16-bit length, value; in order of type */
	size_t others_length;
	uint8_t path_room[ATTRIBUTE_ROOM], others_room[ATTRIBUTE_ROOM];
	uint8_t communities_room[ATTRIBUTE_ROOM];
	/* Read only: they are no attributes of a path. */
	struct multiprotocol reach, unreach;
	unsigned disables;        /* BGP_FAMILY_BIT() of each family that can't go on in this session */
	const char *disables_why; /* the attribute that could not be read */
};

struct bgp_attributes {
	struct bgp_attributes *chain;
	uint32_t hash, references;
	uint32_t next_hop_index; /* in the table's next hops; 0: none */
	/* From here on: what is hashed and compared. */
	uint32_t med, local_pref;
	uint32_t aggregator_as, aggregator_id;
	uint32_t only_to_customer;
	uint8_t next_hop[16];
	uint8_t next_hop_family, origin;
	uint16_t present;
	uint16_t as_path_length, communities_length, others_length;
	uint16_t community_flags; /* this and the next two follow from the lists */
	uint32_t neighbour_as;    /* the first AS of the path; 0: it is empty or begins with a set */
	uint32_t path_hops;       /* RFC 4271, 9.1.2.2 a: a set counts as one */
	uint8_t data[];           /* AS path, communities, others */
};

/* Well-known communities that limit where a route may be told (RFC 1997), the one that asks to leave it
 * before it goes away (RFC 8326), and the one that asks to discard what goes there (RFC 7999). */
enum {
	COMMUNITY_NO_EXPORT = 1,
	COMMUNITY_NO_ADVERTISE = 2,
	COMMUNITY_NO_EXPORT_SUBCONFED = 4,
	COMMUNITY_GRACEFUL_SHUTDOWN = 8,
	COMMUNITY_BLACKHOLE = 16,
};
#define GRACEFUL_SHUTDOWN 0xffff0000u /* 65535:0 */
#define BLACKHOLE 0xffff029au         /* 65535:666 (RFC 7999) */
#define NO_EXPORT 0xffffff01u

/* A next hop that attributes name. See next_hops.c. */
struct next_hop {
	struct ip_address address;
	uint32_t references; /* attributes; of a free slot: the next free one */
	bool followed;       /* it was asked for, and changes of its reach are told */
	enum bgp_reach reach;
};

struct next_hops {
	struct trie tries[2]; /* IPv4, IPv6: indices by address */
	struct vector items;  /* struct next_hop */
	uint32_t count, free, last;
	/* One that was followed is named by nothing any more. May be NULL. */
	void (*unfollow)(void *context, const struct ip_address *address);
	void *context;
};

void next_hops_init(struct next_hops *all);
void next_hops_free(struct next_hops *all);
/** The index of an address, with one more reference; 0 for none. */
uint32_t next_hop_take(struct next_hops *all, const struct ip_address *address);
void next_hop_give(struct next_hops *all, uint32_t index);

struct attribute_table {
	struct next_hops next_hops;
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
/** How many times the AS number stands in the path. */
unsigned attributes_path_count(const struct bgp_attributes *attributes, uint32_t asn);
/** The CLUSTER_LIST (RFC 4456) holds the cluster; its length. */
bool attributes_in_cluster(const struct bgp_attributes *attributes, uint32_t cluster_id);
unsigned attributes_cluster_hops(const struct bgp_attributes *attributes);
struct ip_address attributes_next_hop(const struct bgp_attributes *attributes);
/** The ORIGINATOR_ID (RFC 4456), 0 where there is none. */
uint32_t attributes_originator(const struct bgp_attributes *attributes);
/** The value of an attribute among those that are kept as they came (struct attribute_set's `others`); empty
 * where it isn't there. */
struct reader attributes_other(const uint8_t *others, size_t length, uint8_t type);
/** The LARGE_COMMUNITY's value (RFC 8092), of twelve octets each. */
struct reader attributes_large_communities(const struct bgp_attributes *attributes);

/* --- decoding ---------------------------------------------------------------------------------- */

/** What an UPDATE must be answered with (RFC 7606, 2), in rising order of severity. */
enum update_reaction { UPDATE_FINE, UPDATE_DISCARDED_ATTRIBUTE, UPDATE_AS_WITHDRAW, UPDATE_RESET };

struct attribute_context {
	bool ebgp, four_octet;  /* four_octet: both sides speak RFC 6793 */
	bool extended_next_hop; /* both sides speak RFC 8950 */
	unsigned families; /* that the session speaks and that are not disabled: BGP_FAMILY_BIT() of each */
	unsigned disabled; /* what comes of these is passed over */
	unsigned add_path; /* of these the prefixes have path identifiers */
};

enum multiprotocol_reading {
	MULTIPROTOCOL_TAKEN,
	MULTIPROTOCOL_IGNORED,  /* it is of no family that is spoken */
	MULTIPROTOCOL_DISABLES, /* malformed: its family ends, others go on */
	MULTIPROTOCOL_RESETS,   /* malformed: the session ends */
};

/** The value of an MP_REACH_NLRI, or of an MP_UNREACH_NLRI. `out` is filled where it was taken; its family
 * where it was known. */
enum multiprotocol_reading multiprotocol_read(struct reader value, bool reach,
					      const struct attribute_context *context,
					      struct multiprotocol *out);
/** Parts a section of attributes into the values of the two (at NULL: not there) and the rest of it. False
 * where neither is there, or where a look at each attribute is needed. */
bool multiprotocol_cut(struct reader section, struct reader *reach, struct reader *unreach,
		       struct writer *rest);
/** Begins an MP_REACH_NLRI, or without a next hop an MP_UNREACH_NLRI; prefixes follow. Returns what
 * multiprotocol_end() has to know. */
#define MULTIPROTOCOL_MOST (4 + 5 + 32 + 4 + 17) /* octets of an MP_REACH_NLRI with one path of a prefix */
size_t multiprotocol_begin(struct writer *w, enum bgp_family family, const struct ip_address *next_hop);
/** Right after that: puts a link-local address behind a global next hop of IPv6 (RFC 2545, 3). */
void multiprotocol_link_local(struct writer *w, size_t begin, const struct ip_address *link_local);
void multiprotocol_end(struct writer *w, size_t begin);
/** True where every prefix can be read; `ids`: with a path identifier each. */
bool prefixes_readable(struct reader r, unsigned bits, bool ids);
/** The family of an AFI and a SAFI (IANA). False: it is none of ours. */
bool family_of(uint16_t afi, uint8_t safi, enum bgp_family *family);
static inline uint16_t
family_afi(enum bgp_family family)
{
	return family == BGP_IPV4 ? 1 : 2;
}
static inline unsigned
family_bits(enum bgp_family family)
{
	return family == BGP_IPV4 ? 32 : 128;
}
static inline uint8_t
family_address(enum bgp_family family)
{
	return family == BGP_IPV4 ? AF_INET : AF_INET6;
}

struct update {
	struct reader withdrawn, attributes,
	    reachable; /* the three parts of the message; prefixes are not yet checked */
	bool end_of_rib;
};

/** Splits an UPDATE's body and checks that the prefixes in it can be told apart; `ids`: those of its own
 * fields have path identifiers. False: session reset, in `error`. */
bool update_split(struct reader body, bool ids, struct update *out, struct bgp_error *error);
/**
 * Reads the attribute section. `reachable`: the message announces IPv4 prefixes in its NLRI field, and needs
 * the NEXT_HOP attribute; MP_REACH_NLRI has a next hop of its own, in out->reach.
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
