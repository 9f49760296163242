// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Routing policy: what a rule can be made of is any text, and what it meets are attributes that a peer chose.
 * The input is lines, up to an empty one; what follows is an AS path and communities as they come. A line is
 * a pattern of the kind that its first letter says (p, a, c). Each is refused with a reason or goes into a
 * rule; then the rules meet the attributes.
 */
#include <stdlib.h>
#include <string.h>

#include "core/policy/policy.h"
#include "tests/fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A set of one pattern; NULL: it was refused. */
static struct policy_set *
set_of(char kind, const char *text)
{
	struct policy_set *set = policy_set_new(kind == 'p'   ? POLICY_PREFIXES
						: kind == 'a' ? POLICY_AS_PATHS
							      : POLICY_COMMUNITIES,
						NULL);
	struct error err = {""};

	if (policy_set_add(set, text, &err)) {
		policy_set_seal(set);
		return set;
	}
	REQUIRE(err.text[0] != '\0');
	policy_set_release(set);
	return NULL;
}

/* What was read as a community reads the same when it is written. */
static void
write_back(const char *text)
{
	struct policy_community community, again;
	char out[POLICY_COMMUNITY_TEXT];

	if (!policy_community_parse(text, true, &community, NULL))
		return;
	REQUIRE(policy_community_parse(policy_community_format(&community, out), true, &again, NULL));
	REQUIRE(policy_community_equal(&community, &again));
}

static void
add_rule(struct policy *policy, char *line)
{
	struct policy_set *set = line[0] != '\0' ? set_of(line[0], line + 1) : NULL;
	struct policy_rule *rule = set != NULL ? policy_add(policy) : NULL;
	char text[64];

	write_back(line);
	if (rule == NULL) {
		policy_set_release(set);
		return;
	}
	if (policy_set_kind(set) == POLICY_PREFIXES)
		rule->match.prefix = set;
	else if (policy_set_kind(set) == POLICY_AS_PATHS)
		rule->match.as_path = set;
	else
		rule->match.community = set;
	rule->action = strlen(line) % 3 == 0 ? POLICY_DENY : POLICY_NEXT;
	policy_match_text(&rule->match, text, sizeof(text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *policy = policy_new();
	char *text = memory_zeroed(1, size + 1), *rest = text, *line;
	struct policy_attributes attributes = {0};
	struct policy_verdict verdict;
	struct ip_prefix prefix = {.address = {AF_INET, {10, 1}}, .length = 16};
	uint64_t mask;

	memcpy(text, data, size);
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
		add_rule(policy, line);
	policy_seal(policy);
	REQUIRE(policy_equal(policy, policy));
	if (rest != NULL) {
		size_t at = (size_t)(rest - text), half = (size - at) / 2;

		attributes.as_path = data + at;
		attributes.as_path_length = half;
		attributes.communities = attributes.large = data + at + half;
		attributes.communities_length = attributes.large_length = size - at - half;
	}
	mask = policy_match_attributes(policy, &attributes);
	verdict = policy_decide(policy, mask, &prefix);
	REQUIRE((verdict.applied & ~mask) == 0);
	REQUIRE(verdict.rule <= policy->count);
	REQUIRE(verdict.rule == policy->count ? !verdict.denied : verdict.applied >> verdict.rule == 1);
	REQUIRE(policy_same_outcome(policy, &verdict, policy, &verdict));
	policy_release(policy);
	free(text);
	return 0;
}
