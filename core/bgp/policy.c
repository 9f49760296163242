// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of a peer, and what they make of the paths that it brings; see policy_internal.h. */
#include "core/bgp/policy_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bgp/speaker_internal.h"

struct peer_rules *
peer_rules_new(struct policy *policy)
{
	struct peer_rules *rules;

	if (policy == NULL || policy->count == 0)
		return NULL;
	rules = memory_zeroed(1, sizeof(*rules));
	rules->policy = policy_hold(policy);
	return rules;
}

static void
forget(struct peer_rules *rules, struct attribute_table *table)
{
	attributes_release(table, rules->raw);
	attributes_release(table, rules->made);
	rules->raw = rules->made = NULL;
}

void
peer_rules_free(struct peer_rules *rules, struct attribute_table *table)
{
	if (rules == NULL)
		return;
	forget(rules, table);
	policy_release(rules->policy);
	free(rules);
}

struct policy_verdict
rules_verdict(const struct policy *policy, const struct bgp_attributes *attributes,
	      const struct ip_prefix *prefix)
{
	return policy_decide(policy, rules_match(policy, attributes), prefix);
}

void
rules_count(struct peer_rules *rules, const struct policy_verdict *verdict)
{
	for (uint64_t left = verdict->applied; left != 0; left &= left - 1)
		rules->matched[__builtin_ctzll(left)]++;
	if (verdict->rule == rules->policy->count)
		rules->matched[verdict->rule]++;
}

/* --- import ------------------------------------------------------------------------------------ */

static bool
changes_any(const struct policy *policy, uint64_t applied)
{
	for (unsigned i = 0; i < policy->count; i++) {
		if (applied >> i & 1 && policy_change_any(&policy->rules[i].set))
			return true;
	}
	return false;
}

/* What the applied rules make of rules->raw: itself where they change nothing, NULL where it gets too long.
 * The reference is that of the rules. */
static struct bgp_attributes *
make(struct bgp_peer *peer, struct peer_rules *rules, uint64_t applied)
{
	struct attribute_table *table = &peer->speaker->attributes;
	struct attribute_set set;

	if (rules->made != NULL && rules->applied == applied)
		return rules->made;
	attributes_release(table, rules->made);
	rules->made = NULL;
	rules->applied = applied;
	if (!changes_any(rules->policy, applied)) {
		rules->made = attributes_hold(rules->raw);
		return rules->made;
	}
	attributes_to_set(rules->raw, &set);
	if (policy_apply(rules->policy, applied, peer->config.remote_asn, &set))
		rules->made = attributes_intern(table, &set);
	return rules->made;
}

bool
import_discards(const struct bgp_peer *peer, const struct rib *rib, const struct bgp_attributes *attributes)
{
	return attributes->community_flags & COMMUNITY_BLACKHOLE &&
	       peer->config.habits.blackhole_from[rib_family(rib)] != 0;
}

static bool
is_wide_blackhole(const struct bgp_peer *peer, const struct rib *rib, const struct nlri *nlri,
		  const struct bgp_attributes *attributes)
{
	return import_discards(peer, rib, attributes) &&
	       nlri->length < peer->config.habits.blackhole_from[rib_family(rib)];
}

/* Hands a path on that the rules accept. What is to be discarded does not leave the AS (RFC 7999, 3.2). */
static bool
take(struct bgp_peer *peer, struct rib *rib, const struct nlri *nlri, struct bgp_attributes *made,
     struct bgp_attributes *raw)
{
	struct attribute_set set;
	bool taken;

	if (!import_discards(peer, rib, made))
		return rib_announce_path(rib, peer->index, nlri, made, made != raw ? raw : NULL,
					 next_hop_verdict(peer, made)) != 0;
	attributes_to_set(made, &set);
	attributes_add_community(&set, NO_EXPORT);
	made = attributes_intern(&peer->speaker->attributes, &set);
	taken = rib_announce_path(rib, peer->index, nlri, made, made != raw ? raw : NULL, PATH_USABLE) != 0;
	attributes_release(&peer->speaker->attributes, made);
	return taken;
}

bool
import_path(struct bgp_peer *peer, struct rib *rib, const struct nlri *nlri, struct bgp_attributes *raw,
	    uint8_t verdict)
{
	struct peer_rules *rules = peer->rules[POLICY_IMPORT];
	struct ip_prefix prefix = {.address.family = rib->family, .length = nlri->length};
	struct policy_verdict said;
	struct bgp_attributes *made;

	if (verdict == PATH_USABLE && is_wide_blackhole(peer, rib, nlri, raw))
		verdict = PATH_BLACKHOLE_WIDE;
	if (verdict != PATH_USABLE)
		return rib_announce_path(rib, peer->index, nlri, raw, NULL, verdict) != 0;
	if (rules == NULL)
		return take(peer, rib, nlri, raw, raw);
	memcpy(prefix.address.bytes, nlri->address, rib->address_bytes);
	if (rules->raw != raw) {
		attributes_hold(raw);
		forget(rules, &peer->speaker->attributes);
		rules->raw = raw;
		rules->mask = rules_match(rules->policy, raw);
	}
	said = policy_decide(rules->policy, rules->mask, &prefix);
	rules_count(rules, &said);
	made = said.denied ? NULL : make(peer, rules, said.applied);
	/* One that a rule wants discarded is held to the same lengths. */
	if (made != NULL && is_wide_blackhole(peer, rib, nlri, made))
		return rib_announce_path(rib, peer->index, nlri, raw, NULL, PATH_BLACKHOLE_WIDE) != 0;
	if (made == NULL)
		return rib_announce_path(rib, peer->index, nlri, raw, NULL, PATH_DENIED) != 0;
	return take(peer, rib, nlri, made, raw);
}

void
import_again(struct bgp_peer *peer, struct rib *rib, uint32_t index)
{
	const struct path *path = rib_path(rib, index);
	const struct net *net = rib_net(rib, path->net);
	struct bgp_attributes *raw = rib_before(rib, index);
	struct nlri nlri = {.path_id = rib_path_id(rib, index), .length = net->length};
	uint8_t generation = path->generation;

	if (!path_verdict_ruled(path->verdict) && path->verdict != PATH_BLACKHOLE_WIDE)
		return;
	/* The path lets go of it while it gets what was made of it. */
	raw = attributes_hold(raw != NULL ? raw : path->attributes);
	memcpy(nlri.address, net->address, rib->address_bytes);
	import_path(peer, rib, &nlri, raw, PATH_USABLE);
	/* One that is stale (RFC 4724, RFC 7313) was not said again by this. */
	rib_path_age(rib, index, generation);
	peer_touch(peer, false);
	attributes_release(&peer->speaker->attributes, raw);
}

/* --- from outside ------------------------------------------------------------------------------ */

static bool
set_rules(struct bgp_peer *peer, enum policy_direction direction, struct policy *policy)
{
	struct peer_rules **rules = &peer->rules[direction];

	if (policy_equal(*rules != NULL ? (*rules)->policy : NULL, policy))
		return false;
	peer_rules_free(*rules, &peer->speaker->attributes);
	*rules = peer_rules_new(policy);
	return true;
}

void
bgp_peer_set_policy(struct bgp_peer *peer, struct policy *import, struct policy *export)
{
	if (set_rules(peer, POLICY_IMPORT, import)) {
		for (unsigned f = 0; f < BGP_FAMILY_COUNT; f++)
			rib_peer_reconsider(&peer->speaker->ribs[f], peer->index);
		speaker_kick(peer->speaker);
	}
	if (set_rules(peer, POLICY_EXPORT, export))
		adj_out_dump(peer);
}

const struct policy *
bgp_peer_policy(const struct bgp_peer *peer, enum policy_direction direction, const uint64_t **matched)
{
	const struct peer_rules *rules = peer->rules[direction];

	*matched = rules != NULL ? rules->matched : NULL;
	return rules != NULL ? rules->policy : NULL;
}

bool
import_denial(const struct bgp_path *path, char *out, size_t size)
{
	const struct peer_rules *rules = path->peer->rules[POLICY_IMPORT];
	struct policy_verdict verdict;
	const char *name;

	/* Other rules may not have been applied yet to a path that the last ones denied. */
	if (rules == NULL || !bgp_policy_import_verdict(path, rules->policy, &verdict) ||
	    verdict.rule == rules->policy->count)
		return false;
	name = rules->policy->rules[verdict.rule].name;
	if (!verdict.denied)
		snprintf(out, size, "not accepted: what rule %u of import makes of it gets too long",
			 verdict.rule + 1u);
	else
		snprintf(out, size, "not accepted: rule %u of import%s%s%s denies it", verdict.rule + 1u,
			 name != NULL ? " (" : "", name != NULL ? name : "", name != NULL ? ")" : "");
	return true;
}

bool
bgp_policy_import_verdict(const struct bgp_path *path, const struct policy *policy,
			  struct policy_verdict *out)
{
	if (policy == NULL || path->attributes == NULL || !path->ruled)
		return false;
	*out =
	    rules_verdict(policy, path->received != NULL ? path->received : path->attributes, &path->prefix);
	return true;
}

bool
bgp_policy_export_verdict(struct bgp_peer *peer, const struct ip_prefix *prefix, uint32_t path_id,
			  struct policy_verdict *out, bool *told)
{
	struct rib *rib = speaker_rib(peer->speaker, prefix->address.family);
	struct ip_prefix network = ip_prefix_network(prefix);
	uint32_t index = rib != NULL ? trie_get(&rib->trie, network.address.bytes, network.length) : 0;
	const struct net *net = index != 0 ? rib_net(rib, index) : NULL;
	const struct path *path = NULL;

	if (net != NULL)
		path = path_id != 0 ? adj_paths_path(peer, rib, net, path_id)
				    : export_path(peer, rib, net, rib_best(rib, net));
	*told = path != NULL && peer_established(peer) != NULL;
	if (!*told || peer->rules[POLICY_EXPORT] == NULL)
		return false;
	*out = rules_verdict(peer->rules[POLICY_EXPORT]->policy, path->attributes, &network);
	*told = !out->denied;
	return true;
}
