// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies: their life, and the verdict on a route; see policy.h. */
#include "core/policy/policy_internal.h"

#include <stdlib.h>
#include <string.h>

struct policy *
policy_new(void)
{
	struct policy *policy = memory_zeroed(1, sizeof(*policy));

	policy->references = 1;
	return policy;
}

struct policy_rule *
policy_add(struct policy *policy)
{
	if (policy->count == POLICY_RULES_MOST)
		return NULL;
	policy->rules = memory_resize(policy->rules, (policy->count + 1) * sizeof(*policy->rules));
	policy->rules[policy->count] = (struct policy_rule){0};
	return &policy->rules[policy->count++];
}

static bool
match_looks_at_prefix(const struct policy_match *match)
{
	return match->prefix != NULL || match->prefixes != NULL || match->family != AF_UNSPEC;
}

static unsigned
set_cost(const struct policy_set *set)
{
	unsigned cost = 0;

	if (set == NULL)
		return 0;
	if (set->kind == POLICY_COMMUNITIES)
		return 1 + (unsigned)set->count / 4;
	for (size_t i = 0; set->kind == POLICY_AS_PATHS && i < set->count; i++)
		cost += set->as_paths[i].count;
	return set->kind == POLICY_PREFIXES ? 2 : cost;
}

static unsigned
match_cost(const struct policy_match *match)
{
	return 1 + set_cost(match->prefix) + set_cost(match->prefixes) + set_cost(match->as_path) +
	       set_cost(match->as_paths) + set_cost(match->community) + set_cost(match->communities);
}

void
policy_seal(struct policy *policy)
{
	policy->looks_at_prefix = false;
	policy->cost = 0;
	for (size_t i = 0; i < policy->count; i++) {
		policy->looks_at_prefix |= match_looks_at_prefix(&policy->rules[i].match);
		policy->cost += match_cost(&policy->rules[i].match);
	}
}

struct policy *
policy_hold(struct policy *policy)
{
	if (policy != NULL)
		policy->references++;
	return policy;
}

void
policy_release(struct policy *policy)
{
	if (policy == NULL || --policy->references != 0)
		return;
	for (size_t i = 0; i < policy->count; i++) {
		struct policy_rule *rule = &policy->rules[i];

		policy_set_release(rule->match.prefix);
		policy_set_release(rule->match.prefixes);
		policy_set_release(rule->match.as_path);
		policy_set_release(rule->match.as_paths);
		policy_set_release(rule->match.community);
		policy_set_release(rule->match.communities);
		free(rule->set.add.items);
		free(rule->set.remove.items);
		free(rule->name);
	}
	free(policy->rules);
	free(policy);
}

/* --- comparing --------------------------------------------------------------------------------- */

static bool
text_equal(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
set_equal(const struct policy_set *a, const struct policy_set *b)
{
	return a == b || (a != NULL && b != NULL && a->kind == b->kind && text_equal(a->name, b->name) &&
			  text_list_equal(&a->patterns, &b->patterns));
}

static bool
communities_equal(const struct policy_set_communities *a, const struct policy_set_communities *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!policy_community_equal(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

static bool
number_equal(struct policy_number a, struct policy_number b)
{
	return a.given == b.given && (!a.given || a.value == b.value);
}

static bool
match_equal(const struct policy_match *a, const struct policy_match *b)
{
	return set_equal(a->prefix, b->prefix) && set_equal(a->prefixes, b->prefixes) &&
	       set_equal(a->as_path, b->as_path) && set_equal(a->as_paths, b->as_paths) &&
	       set_equal(a->community, b->community) && set_equal(a->communities, b->communities) &&
	       a->family == b->family && a->origin == b->origin && number_equal(a->med, b->med);
}

static bool
change_equal(const struct policy_change *a, const struct policy_change *b)
{
	return number_equal(a->local_preference, b->local_preference) && number_equal(a->med, b->med) &&
	       a->prepend.count == b->prepend.count &&
	       memcmp(a->prepend.items, b->prepend.items, sizeof(a->prepend.items)) == 0 &&
	       communities_equal(&a->add, &b->add) && communities_equal(&a->remove, &b->remove) &&
	       ip_address_equal(&a->next_hop, &b->next_hop) && a->origin == b->origin;
}

bool
policy_rule_equal(const struct policy_rule *a, const struct policy_rule *b)
{
	return text_equal(a->name, b->name) && a->action == b->action && match_equal(&a->match, &b->match) &&
	       change_equal(&a->set, &b->set);
}

bool
policy_equal(const struct policy *a, const struct policy *b)
{
	size_t count = a != NULL ? a->count : 0;

	if (a == b)
		return true;
	if (count != (b != NULL ? b->count : 0))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!policy_rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	}
	return true;
}

bool
policy_change_any(const struct policy_change *change)
{
	static const struct policy_change none;

	return !change_equal(change, &none);
}

/* --- the verdict ------------------------------------------------------------------------------- */

static bool
as_paths_match(const struct policy_set *set, const struct policy_attributes *attributes)
{
	for (size_t i = 0; i < set->count; i++) {
		if (policy_as_path_match(&set->as_paths[i], attributes->as_path, attributes->as_path_length))
			return true;
	}
	return false;
}

static bool
attributes_fit(const struct policy_match *match, const struct policy_attributes *attributes)
{
	if (match->origin != 0 && match->origin != attributes->origin + 1)
		return false;
	if (match->med.given && (!attributes->has_med || attributes->med != match->med.value))
		return false;
	if (match->community != NULL && !communities_match(match->community, attributes))
		return false;
	if (match->communities != NULL && !communities_match(match->communities, attributes))
		return false;
	if (match->as_path != NULL && !as_paths_match(match->as_path, attributes))
		return false;
	return match->as_paths == NULL || as_paths_match(match->as_paths, attributes);
}

uint64_t
policy_match_attributes(const struct policy *policy, const struct policy_attributes *attributes)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < policy->count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!attributes_fit(&rule->match, attributes))
			continue;
		mask |= UINT64_C(1) << i;
		/* What comes behind it is never reached, by whatever prefix. */
		if (rule->action != POLICY_NEXT && !match_looks_at_prefix(&rule->match))
			break;
	}
	return mask;
}

static bool
prefix_fits(const struct policy_match *match, const struct ip_prefix *prefix)
{
	if (match->family != AF_UNSPEC && match->family != prefix->address.family)
		return false;
	if (match->prefix != NULL && !prefixes_match(match->prefix, prefix))
		return false;
	return match->prefixes == NULL || prefixes_match(match->prefixes, prefix);
}

struct policy_verdict
policy_decide(const struct policy *policy, uint64_t mask, const struct ip_prefix *prefix)
{
	struct policy_verdict verdict = {.rule = (uint8_t)policy->count};

	for (uint64_t left = mask; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctzll(left);
		const struct policy_rule *rule = &policy->rules[i];

		if (!prefix_fits(&rule->match, prefix))
			continue;
		verdict.applied |= UINT64_C(1) << i;
		if (rule->action == POLICY_NEXT)
			continue;
		verdict.rule = (uint8_t)i;
		verdict.denied = rule->action == POLICY_DENY;
		break;
	}
	return verdict;
}

/* The next applied rule from `at` on that changes anything; the number of rules: there is none. */
static size_t
next_change(const struct policy *policy, const struct policy_verdict *verdict, size_t at)
{
	while (policy != NULL && at < policy->count &&
	       (!(verdict->applied >> at & 1) || !policy_change_any(&policy->rules[at].set)))
		at++;
	return policy != NULL ? at : 0;
}

bool
policy_same_outcome(const struct policy *a, const struct policy_verdict *by_a, const struct policy *b,
		    const struct policy_verdict *by_b)
{
	size_t i = next_change(a, by_a, 0), k = next_change(b, by_b, 0);
	size_t end_a = a != NULL ? a->count : 0, end_b = b != NULL ? b->count : 0;
	bool denied_a = a != NULL && by_a->denied, denied_b = b != NULL && by_b->denied;

	if (denied_a || denied_b)
		return denied_a == denied_b;
	for (; i < end_a && k < end_b; i = next_change(a, by_a, i + 1), k = next_change(b, by_b, k + 1)) {
		if (!change_equal(&a->rules[i].set, &b->rules[k].set))
			return false;
	}
	return i == end_a && k == end_b;
}
