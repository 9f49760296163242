// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading attributes from inside: what attributes_read.c, which goes through an UPDATE's attributes, knows of
 * each of them by the table of attributes_values.c.
 */
#ifndef TWINSPAN_BGP_ATTRIBUTES_READ_INTERNAL_H
#define TWINSPAN_BGP_ATTRIBUTES_READ_INTERNAL_H

#include "core/bgp/attributes_internal.h"

/* State of one reading. */
struct reading {
	const struct attribute_context *context;
	struct attribute_set *set;
	struct bgp_error *error;
	enum update_reaction worst;
	struct reader path4; /* AS4_PATH's value, borrowed; checked */
	bool has_path4, has_aggregator4, old_aggregator_is_trans;
	uint32_t aggregator4_as, aggregator4_id;
	bool announces; /* MP_REACH_NLRI was there, not known to be without prefixes */
	struct {
		uint8_t flags, type;
		struct reader value;
	} others[64];
	size_t other_count;
};

struct attribute_rule {
	const char *name;
	uint8_t flags; /* of optional and transitive, what must be set; else: as withdrawal (3 c) */
	enum update_reaction on_value;
	bool internal_only; /* from an external peer it is discarded (RFC 7606, 7.5, 7.9, 7.10) */
	bool may_be_empty;
	/* Takes the value. False: it is malformed. */
	bool (*take)(struct reading *reading, struct reader value, uint8_t flags);
};

/* By type, with holes. */
#define ATTRIBUTE_RULES (ATTRIBUTE_ONLY_TO_CUSTOMER + 1)
extern const struct attribute_rule attribute_rules[ATTRIBUTE_RULES];

/** NULL: it is not known. */
static inline const struct attribute_rule *
attribute_rule(uint8_t type)
{
	return type < ATTRIBUTE_RULES && attribute_rules[type].take != NULL ? &attribute_rules[type] : NULL;
}

/** The attribute is kept as it is, to be passed on; its value is borrowed. False: there is no room. */
bool reading_keep(struct reading *reading, uint8_t type, uint8_t flags, struct reader value);

#endif
