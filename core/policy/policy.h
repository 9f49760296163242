// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routing policy: ordered rules that say which routes are let through, and with which attributes. The
 * language is read here (prefixes with lengths, AS path patterns, communities), because the configuration
 * checks it and BGP works by it; what a rule sets is carried out by BGP, which knows how attributes are
 * written.
 *
 * A rule has a match (all that it names must hold), a set and an action. Rules are gone through in order:
 * `accept` and `deny` end it, `next` goes on. Every rule looks at the route as it came; what an earlier one
 * sets doesn't change what a later one matches. Where none ends it the route is let through with what was
 * set so far: what may be told to whom at all is said by the roles of connections, and rules pick from that.
 *
 * So the whole verdict on a route is a set of rules, of which there are at most 64: a mask. Its part that
 * looks at attributes is the same for all prefixes that share them, and is found once for all of them.
 *
 * Nothing of what is called for a route allocates memory; the time is bounded by the size of the rules and
 * of the route, whatever both say.
 */
#ifndef TWINSPAN_POLICY_POLICY_H
#define TWINSPAN_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/error.h"
#include "core/base/text.h"

/* --- sets: what a match compares with ---------------------------------------------------------- */

enum policy_set_kind { POLICY_PREFIXES, POLICY_AS_PATHS, POLICY_COMMUNITIES };

/**
 * A list of patterns of one kind, of which one has to fit. Counted: policy_set_hold() and
 * policy_set_release(). Nothing is added once it is sealed.
 */
struct policy_set;

/** `name`: as rules call it (copied); NULL for one that stands in a rule. Returns new. */
struct policy_set *policy_set_new(enum policy_set_kind kind, const char *name);
/**
 * Adds a pattern:
 *   a prefix with the lengths of what it takes: "10.0.0.0/8" (just this one), "10.0.0.0/8 le 24",
 *     "10.0.0.0/8 ge 16 le 24", "2001:db8::/32 ge 48" (up to 128);
 *   an AS path: see policy_as_path_parse();
 *   a community: "64512:100", "64512:*", "64512:1:2" (large, RFC 8092), or a name (no-export).
 * False with `err`, whose text goes behind "KEY: "; the set stays as it was.
 */
bool policy_set_add(struct policy_set *set, const char *text, struct error *err);
/** No more is added; from now on it can be matched. */
void policy_set_seal(struct policy_set *set);
/** One reference more, one less; NULL is fine. */
struct policy_set *policy_set_hold(struct policy_set *set);
void policy_set_release(struct policy_set *set); /* NULL is fine */
enum policy_set_kind policy_set_kind(const struct policy_set *set);
/** As rules call it; NULL for one that stands in a rule. Borrowed. */
const char *policy_set_name(const struct policy_set *set);
/** The patterns as they were written. Borrowed. */
const struct text_list *policy_set_patterns(const struct policy_set *set);

/* --- communities (RFC 1997, RFC 8092) ---------------------------------------------------------- */

struct policy_community {
	bool large;
	uint8_t any;       /* bit per part: any value */
	uint32_t parts[3]; /* two, or three of a large one */
};

#define POLICY_COMMUNITY_TEXT 40

/** "A:B", "A:B:C" or a name; with `patterns` a part may be "*". */
bool policy_community_parse(const char *text, bool patterns, struct policy_community *out, struct error *err);
/** "64512:100", "no-export", "64512:1:2". */
const char *policy_community_format(const struct policy_community *community,
				    char out[POLICY_COMMUNITY_TEXT]);
/** The name of a well-known community (IANA's registry), NULL for others. `value`: host order. */
const char *policy_community_name(uint32_t value);
bool policy_community_equal(const struct policy_community *a, const struct policy_community *b);
/** Does a community of a route, as its parts, fit the pattern? */
bool policy_community_fits(const struct policy_community *pattern, bool large, const uint32_t parts[3]);

/* --- rules ------------------------------------------------------------------------------------- */

#define POLICY_RULES_MOST 64
#define POLICY_PREPEND_MOST 16
#define POLICY_COMMUNITIES_MOST 32

enum policy_action { POLICY_ACCEPT, POLICY_DENY, POLICY_NEXT };
enum policy_direction { POLICY_IMPORT, POLICY_EXPORT };

struct policy_number {
	bool given;
	uint32_t value;
};

/* Each that is given must hold. */
struct policy_match {
	/* Either may be NULL: what stands in the rule, and what is named. Owned references. */
	struct policy_set *prefix, *prefixes, *as_path, *as_paths, *community, *communities;
	int family; /* AF_INET, AF_INET6; AF_UNSPEC: either */
	int origin; /* RFC 4271's number + 1; 0: any */
	struct policy_number med;
};

struct policy_set_communities {
	struct policy_community *items;
	size_t count;
};

/* What a rule changes. */
struct policy_change {
	struct policy_number local_preference, med;
	struct policy_prepend {
		size_t count;
		uint32_t
		    items[POLICY_PREPEND_MOST]; /* nearest first; 0: the speaker's, on import the peer's */
	} prepend;
	struct policy_set_communities add, remove; /* `remove` may have patterns and comes first */
	struct ip_address next_hop;                /* none: as it was */
	int origin;                                /* RFC 4271's number + 1; 0: as it was */
};

struct policy_rule {
	char *name; /* NULL: its number is all */
	struct policy_match match;
	struct policy_change set;
	enum policy_action action;
};

/* Rules in their order. Counted. */
struct policy {
	unsigned references;
	struct policy_rule *rules;
	size_t count;
	/* As of policy_seal(). */
	bool looks_at_prefix; /* a rule does */
	unsigned cost;        /* of a verdict, about; in the time that one match of a number takes */
};

/** An empty one, with one reference. */
struct policy *policy_new(void);
/** Room for one rule more, zeroed; what is put into it is owned by the policy. NULL where there are
 * POLICY_RULES_MOST. */
struct policy_rule *policy_add(struct policy *policy);
/** All rules are there. */
void policy_seal(struct policy *policy);
/** One reference more, one less. */
struct policy *policy_hold(struct policy *policy); /* NULL is fine, also below */
void policy_release(struct policy *policy);
/** Say both the same? NULL is the same as one without rules. */
bool policy_equal(const struct policy *a, const struct policy *b);
bool policy_rule_equal(const struct policy_rule *a, const struct policy_rule *b);
/** Does the set change anything? */
bool policy_change_any(const struct policy_change *change);
/** "accept", "deny" or "next". */
const char *policy_action_name(enum policy_action action);
/** "prefix 10.0.0.0/8 le 24, as path 65010 .*"; "any" where nothing is named. Returns `out`. */
const char *policy_match_text(const struct policy_match *match, char *out, size_t size);
/** "local preference 200, prepend 65010 65010"; "" for none. Returns `out`. */
const char *policy_change_text(const struct policy_change *change, char *out, size_t size);

/* --- conditions -------------------------------------------------------------------------------- */

/**
 * What the one rule of `what` denies is told to a peer only while there is a best path, or with `absent`:
 * none, that the one rule of `when` denies. References are held.
 */
struct policy_condition {
	struct policy *what, *when;
	bool absent;
};

/* Of several for a route, all must hold. Counted. */
struct policy_conditions {
	unsigned references;
	struct policy_condition *items;
	size_t count;
};

/** So many, of empty policies that get their rule and are to be sealed; with one reference. */
struct policy_conditions *policy_conditions_new(size_t count);
/** NULL is fine, also below: no conditions. */
struct policy_conditions *policy_conditions_hold(struct policy_conditions *conditions);
void policy_conditions_release(struct policy_conditions *conditions);
bool policy_conditions_equal(const struct policy_conditions *a, const struct policy_conditions *b);

/* --- what a route meets ------------------------------------------------------------------------ */

/* Of a route, all but its prefix; borrowed. */
struct policy_attributes {
	const uint8_t
	    *as_path; /* segments: type, count, AS numbers of four octets (RFC 4271 4.3, RFC 6793) */
	size_t as_path_length;
	const uint8_t *communities; /* of four octets each */
	size_t communities_length;
	const uint8_t *large; /* of twelve octets each */
	size_t large_length;
	uint8_t origin;
	bool has_med;
	uint32_t med;
};

struct policy_verdict {
	uint64_t applied; /* bit per rule that matched, up to the one that ended it */
	uint8_t rule;     /* the one that ended it; the number of rules: none did */
	bool denied;
};

/** Bit per rule: what it says of attributes holds. */
uint64_t policy_match_attributes(const struct policy *policy, const struct policy_attributes *attributes);
/** The verdict on a prefix whose attributes match the rules of `mask`. */
struct policy_verdict policy_decide(const struct policy *policy, uint64_t mask,
				    const struct ip_prefix *prefix);

/** Does it come to the same, by whichever rules? NULL: no rules, whose verdict is not looked at. */
bool policy_same_outcome(const struct policy *a, const struct policy_verdict *by_a, const struct policy *b,
			 const struct policy_verdict *by_b);

/* --- for tests and the compiler
 * --------------------------------------------------------------------------------- */

#define POLICY_AS_PATH_STEPS 63

/* A compiled AS path pattern: steps in a row. */
struct policy_as_path {
	uint8_t count;
	struct policy_as_path_step {
		bool optional, repeats; /* may be passed over; may come again */
		uint16_t first, ranges; /* of the pattern's ranges; none: any AS */
	} steps[POLICY_AS_PATH_STEPS];
	struct policy_as_range {
		uint32_t low, high;
	} * ranges;
	size_t range_count;
};

/**
 * A pattern of the whole path, nearest AS first, as Junos writes them: terms with spaces between, each of
 * them an AS number (65010), a range (64512-65534), any AS (.), or one of several
 * ((65010|65020|64512-65534)), and behind it how often it comes: * (any number of times), + (once or more), ?
 * (once or not), {2}, {1,3}. "()" is the empty path. An AS_SET counts as one AS, and is each of its members.
 * False with `err`.
 */
bool policy_as_path_parse(const char *text, struct policy_as_path *out, struct error *err);
/** Frees what the pattern owns. */
void policy_as_path_free(struct policy_as_path *pattern);
/** Takes time in proportion to the pattern times the path. */
bool policy_as_path_match(const struct policy_as_path *pattern, const uint8_t *segments, size_t length);

#endif
