// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy at work: the rules of core/policy/ on the paths of a peer.
 *
 * Import: what came stays what it was. Where rules change it, the path has the attributes that they made, and
 * the RIB keeps beside it those that came; where they deny it, the path stands in adj-in as one that can't be
 * used. So other rules can be applied to what is there already, in slices, without the peer's help.
 *
 * Export: what rules make of a path is made when it is told, and once for all prefixes of a lot that have the
 * same attributes and met the same rules.
 */
#ifndef TWINSPAN_BGP_POLICY_INTERNAL_H
#define TWINSPAN_BGP_POLICY_INTERNAL_H

#include "core/bgp/attributes_internal.h"
#include "core/policy/policy.h"

struct bgp_peer;
struct rib;

/* The rules of a peer in one direction. */
struct peer_rules {
	struct policy *policy;
	uint64_t matched[POLICY_RULES_MOST + 1]; /* routes by rule; behind the rules: those that none ended */
	/* Import: what the last attributes came to. References are held. */
	struct bgp_attributes *raw, *made; /* made: NULL where it is not known */
	uint64_t mask, applied;
};

/** New, with a reference to `policy`; NULL where it has no rules. */
struct peer_rules *peer_rules_new(struct policy *policy);
/** NULL is fine. */
void peer_rules_free(struct peer_rules *rules, struct attribute_table *table);

/** The verdict on attributes and a prefix. */
struct policy_verdict rules_verdict(const struct policy *policy, const struct bgp_attributes *attributes,
				    const struct ip_prefix *prefix);
/** The part of it that is the same for all prefixes. */
uint64_t rules_match(const struct policy *policy, const struct bgp_attributes *attributes);
/** Counts a verdict. */
void rules_count(struct peer_rules *rules, const struct policy_verdict *verdict);

/**
 * What the applied rules set, into `set`, whose lists may move to its own room. `asn` stands for a prepended
 * AS without a number. False where a list gets too long.
 */
bool policy_apply(const struct policy *policy, uint64_t applied, uint32_t asn, struct attribute_set *set);

/** Hands a path that came, or came before, on to the RIB: as the peer's rules want it. `verdict`: what else
 * speaks against it. */
bool import_path(struct bgp_peer *peer, struct rib *rib, const struct nlri *nlri, struct bgp_attributes *raw,
		 uint8_t verdict);
/** Whether attributes, as rules made them, ask for what goes there to be discarded, and the peer may. */
bool import_discards(const struct bgp_peer *peer, const struct rib *rib,
		     const struct bgp_attributes *attributes);
/** The same of a path that stands in the RIB, by rules that changed. */
void import_again(struct bgp_peer *peer, struct rib *rib, uint32_t path);

/** "not accepted: rule 2 of import (lan) denies it". False where the present rules don't. */
bool import_denial(const struct bgp_path *path, char *out, size_t size);

#endif
