// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside a set: patterns of one of the three kinds. */
#ifndef TWINSPAN_POLICY_INTERNAL_H
#define TWINSPAN_POLICY_INTERNAL_H

#include "core/policy/policy.h"

#define PREFIX_LENGTHS 129 /* 0 to 128 */

/* A prefix, and which lengths below it are meant: a bit for each of 0 to 128. */
struct prefix_pattern {
	uint8_t family, length;
	uint8_t bytes[16];
	uint64_t lengths[3];
};

/* A bit for each of 0 to 128. */
struct prefix_lengths {
	uint64_t bits[3];
};

/* An address as a number; IPv4 has the upper 32 bits. */
typedef unsigned __int128 range_start;

/* Each reaches to where the next one starts; the first starts at 0. */
struct prefix_ranges {
	range_start *starts;
	struct prefix_lengths *lengths;
	size_t count;
};

struct policy_set {
	unsigned references;
	enum policy_set_kind kind;
	bool sealed;
	char *name;
	struct text_list patterns;
	union {
		struct prefix_pattern *prefixes;
		struct policy_as_path *as_paths;
		struct policy_community *communities;
	};
	size_t count;
	struct prefix_ranges ranges[2]; /* sealed prefixes, by family (IPv6: 1) */
};

bool prefix_pattern_parse(const char *text, struct prefix_pattern *out, struct error *err);
void prefixes_seal(struct policy_set *set);
/** What sealing made. */
void prefixes_free(struct policy_set *set);
/** The set must be sealed. */
bool prefixes_match(const struct policy_set *set, const struct ip_prefix *prefix);
bool communities_match(const struct policy_set *set, const struct policy_attributes *attributes);

#endif
