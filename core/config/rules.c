// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of routing policy (core/policy/), and the sets that they name. Which keys a rule has is in the
 * schema, as all others are; here a list of rules becomes a policy, and texts become patterns.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

/* --- patterns ---------------------------------------------------------------------------------- */

/* One pattern, or a list of them, into a new set. NULL with findings where one is none. */
static struct policy_set *
read_patterns(struct reading *reading, const struct field *field, const struct node *value,
	      enum policy_set_kind kind, const char *name)
{
	const struct node *const *items = value->kind == NODE_LIST ? value->items : &value;
	size_t count = value->kind == NODE_LIST ? value->count : 1;
	struct policy_set *set = policy_set_new(kind, name);
	const char *what = name != NULL ? name : field->key;
	bool good = count != 0;

	if (count == 0)
		finding_error(reading->findings, value->at, "'%s' has nothing in it", what);
	for (size_t i = 0; i < count; i++) {
		struct error err = {""};

		if (!value_is_text(reading, field, items[i])) {
			good = false;
		} else if (!policy_set_add(set, items[i]->text, &err)) {
			finding_error(reading->findings, items[i]->at, "'%s': %s", what, err.text);
			good = false;
		}
	}
	policy_set_seal(set);
	if (good)
		return set;
	policy_set_release(set);
	return NULL;
}

static void
set_set(struct policy_set **target, struct policy_set *set)
{
	policy_set_release(*target);
	*target = set;
}

void
read_prefix_set(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	set_set(target, read_patterns(reading, field, value, POLICY_PREFIXES, NULL));
}

void
read_as_path_set(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	set_set(target, read_patterns(reading, field, value, POLICY_AS_PATHS, NULL));
}

void
read_community_set(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	set_set(target, read_patterns(reading, field, value, POLICY_COMMUNITIES, NULL));
}

/* --- named sets -------------------------------------------------------------------------------- */

/* A map of names with their patterns. */
static void
read_sets(struct reading *reading, const struct field *field, const struct node *value,
	  enum policy_set_kind kind)
{
	static const struct field name_field = {.key = "name"};

	if (node_is_null(value))
		return;
	if (value->kind != NODE_MAP) {
		finding_error(reading->findings, value->at,
			      "'%s' must be a map of names with their lists, not %s", field->key,
			      node_kind_name(value));
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		char *name = NULL;
		struct policy_set *set;

		read_name(reading, &name_field, value->entries[i].key, &name);
		set =
		    name != NULL ? read_patterns(reading, field, value->entries[i].value, kind, name) : NULL;
		free(name);
		if (set == NULL)
			continue;
		reading->sets =
		    memory_resize(reading->sets, (reading->set_count + 1) * sizeof(*reading->sets));
		reading->sets[reading->set_count++] = set;
	}
}

void
read_prefix_sets(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	(void)target;
	read_sets(reading, field, value, POLICY_PREFIXES);
}

void
read_as_path_sets(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	(void)target;
	read_sets(reading, field, value, POLICY_AS_PATHS);
}

void
read_community_sets(struct reading *reading, const struct field *field, const struct node *value,
		    void *target)
{
	(void)target;
	read_sets(reading, field, value, POLICY_COMMUNITIES);
}

void
sets_free(struct reading *reading)
{
	for (size_t i = 0; i < reading->set_count; i++)
		policy_set_release(reading->sets[i]);
	free(reading->sets);
}

/* The key of the rule has the name of the sets' kind. */
void
read_set_name(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	const char **names, *nearest;
	size_t count = 0;

	if (!value_is_text(reading, field, value))
		return;
	names = memory_zeroed(reading->set_count + 1, sizeof(*names));
	for (size_t i = 0; i < reading->set_count; i++) {
		struct policy_set *set = reading->sets[i];

		if ((uint64_t)policy_set_kind(set) != field->most)
			continue;
		if (strcmp(policy_set_name(set), value->text) == 0) {
			set_set(target, policy_set_hold(set));
			free(names);
			return;
		}
		names[count++] = policy_set_name(set);
	}
	nearest = text_nearest(value->text, names);
	finding_error(reading->findings, value->at, "'%s': sets.%s has no %s%s%s%s", field->key, field->key,
		      quoted(value->text), nearest != NULL ? " (did you mean '" : "",
		      nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "");
	free(names);
}

/* --- what a rule sets -------------------------------------------------------------------------- */

void
read_given_number(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct policy_number *number = target;
	struct field plain = *field;
	size_t before = reading->findings->errors;

	plain.size = sizeof(number->value);
	read_number(reading, &plain, value, &number->value);
	number->given = reading->findings->errors == before;
}

void
read_communities(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct policy_set_communities *list = target;
	const struct node *const *items = value->kind == NODE_LIST ? value->items : &value;
	size_t count = value->kind == NODE_LIST ? value->count : 1;

	free(list->items);
	*list = (struct policy_set_communities){0};
	if (count == 0 || count > POLICY_COMMUNITIES_MOST) {
		finding_error(reading->findings, value->at, "'%s' must have 1 to %d communities", field->key,
			      POLICY_COMMUNITIES_MOST);
		return;
	}
	list->items = memory_zeroed(count, sizeof(*list->items));
	for (size_t i = 0; i < count; i++) {
		struct error err = {""};

		if (!value_is_text(reading, field, items[i]))
			continue;
		if (policy_community_parse(items[i]->text, field->any, &list->items[list->count], &err))
			list->count++;
		else
			finding_error(reading->findings, items[i]->at, "'%s': %s", field->key, err.text);
	}
}

/* How many times the own AS (on import: the peer's), or a list of AS numbers. */
void
read_prepend(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct policy_prepend *prepend = target;
	struct field number = *field;
	uint32_t times = 0;

	*prepend = (struct policy_prepend){0};
	if (value->kind != NODE_LIST) {
		number.least = 1;
		number.size = sizeof(times);
		read_number(reading, &number, value, &times);
		prepend->count = times;
		return;
	}
	if (value->count == 0 || value->count > POLICY_PREPEND_MOST) {
		finding_error(reading->findings, value->at, "'%s' must have 1 to %d AS numbers", field->key,
			      POLICY_PREPEND_MOST);
		return;
	}
	number.size = sizeof(uint32_t);
	for (size_t i = 0; i < value->count; i++) {
		read_asn(reading, &number, value->items[i], &prepend->items[prepend->count]);
		prepend->count += prepend->items[prepend->count] != 0;
	}
}

/* --- rules ------------------------------------------------------------------------------------- */

static void
check_rule(struct reading *reading, const struct field *field, const struct policy_rule *rule,
	   const struct given *given, const struct node *node)
{
	bool import = strcmp(field->key, "import") == 0;

	if (rule->action == POLICY_DENY && policy_change_any(&rule->set))
		finding_warning(reading->findings, given_at(given, SECTION_RULE, "set", node->at),
				"'set' has no effect in a rule that denies");
	if (rule->action == POLICY_NEXT && given_entry(given, SECTION_RULE, "action") != NULL &&
	    !policy_change_any(&rule->set) && given_entry(given, SECTION_RULE, "set") == NULL)
		finding_warning(reading->findings, node->at,
				"a rule that sets nothing and goes on to the next has no effect");
	if (import && rule->match.family != AF_UNSPEC && ip_address_is_set(&rule->set.next_hop) &&
	    rule->match.family != rule->set.next_hop.family)
		finding_warning(reading->findings, given_at(given, SECTION_SET, "next_hop", node->at),
				"'next_hop' is of another family than the rule matches: it has no effect");
}

/* Behind a rule that ends it for all routes nothing is reached. */
static void
check_reached(struct reading *reading, const struct policy *policy, const struct node *list)
{
	char text[80];

	for (size_t i = 0; i + 1 < policy->count; i++) {
		if (policy->rules[i].action == POLICY_NEXT ||
		    strcmp(policy_match_text(&policy->rules[i].match, text, sizeof(text)), "any") != 0)
			continue;
		finding_warning(reading->findings, list->items[i + 1]->at,
				"this rule is never reached: rule %zu has no 'match', and ends it for all",
				i + 1);
		return;
	}
}

void
read_policy(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct policy **policy = target;

	policy_release(*policy);
	*policy = NULL;
	if (node_is_null(value))
		return;
	if (value->kind != NODE_LIST) {
		finding_error(reading->findings, value->at, "'%s' must be a list of rules, not %s",
			      field->key, node_kind_name(value));
		return;
	}
	if (value->count > POLICY_RULES_MOST) {
		finding_error(reading->findings, value->items[POLICY_RULES_MOST]->at,
			      "'%s' has more than %d rules: name a set for what they have in common",
			      field->key, POLICY_RULES_MOST);
		return;
	}
	*policy = policy_new();
	for (size_t i = 0; i < value->count; i++) {
		struct policy_rule *rule = policy_add(*policy);
		const struct node *node = value->items[i];
		struct given given = {0};
		struct scope scope = {.sections = IN(SECTION_RULE), .given = &given};

		scope.object[SECTION_RULE] = rule;
		read_map(reading, node, &scope, "a rule");
		if (node->kind == NODE_MAP)
			check_rule(reading, field, rule, &given, node);
	}
	policy_seal(*policy);
	check_reached(reading, *policy, value);
}

void
check_export_rules(struct reading *reading, const struct policy *policy, bool external, bool tunnel,
		   struct position at)
{
	for (size_t i = 0; policy != NULL && i < policy->count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->action == POLICY_DENY)
			continue;
		if (external && rule->set.local_preference.given)
			finding_warning(reading->findings, at,
					"rule %zu of 'export' sets a local preference: it is told within an "
					"AS only (RFC 4271 5.1.5)",
					i + 1);
		if (tunnel && rule->set.med.given)
			finding_warning(
			    reading->findings, at,
			    "rule %zu of 'export' sets a MED: with it the other side is no longer "
			    "told by which tunnel to send",
			    i + 1);
	}
}
