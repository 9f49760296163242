// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is originated beyond plain networks: aggregates of the gateway, and what of a session is told only
 * while other routes are there. Which keys they have is in the schema.
 */
#include "core/config/config_internal.h"

#include <stdlib.h>
#include <string.h>

#define AGGREGATES_MOST 256
#define CONDITIONS_MOST 32

static bool
is_list(struct reading *reading, const struct field *field, const struct node *value, size_t most)
{
	if (value->kind != NODE_LIST) {
		finding_error(reading->findings, value->at, "'%s' must be a list, not %s", field->key,
			      node_kind_name(value));
		return false;
	}
	if (value->count <= most)
		return true;
	finding_error(reading->findings, value->items[most]->at, "'%s' has more than %zu entries", field->key,
		      most);
	return false;
}

/* --- aggregates -------------------------------------------------------------------------------- */

void
read_aggregates(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct config_aggregates *list = target;

	free(list->items);
	*list = (struct config_aggregates){0};
	if (node_is_null(value) || !is_list(reading, field, value, AGGREGATES_MOST))
		return;
	list->items = memory_zeroed(value->count + 1, sizeof(*list->items));
	for (size_t i = 0; i < value->count; i++) {
		struct config_aggregate *aggregate = &list->items[list->count];
		struct given given = {0};
		struct scope scope = {.sections = IN(SECTION_AGGREGATE), .given = &given};

		*aggregate = (struct config_aggregate){0};
		read_fallbacks(reading, SECTION_AGGREGATE, aggregate);
		scope.object[SECTION_AGGREGATE] = aggregate;
		if (value->items[i]->kind == NODE_SCALAR)
			read_prefix(reading, field, value->items[i], &aggregate->prefix);
		else
			read_map(reading, value->items[i], &scope, "an aggregate");
		list->count++; /* one that could not be read too: the errors of others stand at their lines */
	}
}

static void
check_aggregate(struct reading *reading, const struct config_aggregate *aggregate, struct position at)
{
	const struct config_prefixes *networks = &reading->config->networks;
	const struct config_aggregates *list = &reading->config->aggregates;
	char text[IP_PREFIX_TEXT];

	if (!ip_address_is_set(&aggregate->prefix.address))
		return;
	ip_prefix_format(&aggregate->prefix, text);
	if (aggregate->prefix.length == ip_family_bits(aggregate->prefix.address.family))
		finding_error(reading->findings, at, "aggregate %s is one address: nothing lies within it",
			      text);
	for (const struct config_aggregate *other = list->items; other < aggregate; other++) {
		if (ip_prefix_equal(&other->prefix, &aggregate->prefix))
			finding_error(reading->findings, at, "aggregate %s stands there twice", text);
	}
	for (size_t i = 0; i < networks->count; i++) {
		if (ip_prefix_equal(&networks->items[i], &aggregate->prefix))
			finding_error(reading->findings, at,
				      "aggregate %s is one of this gateway's own networks: it is told in any "
				      "case",
				      text);
	}
	if (aggregate->as_set)
		finding_warning(reading->findings, at,
				"aggregate %s: an AS_SET is deprecated (RFC 9774), and some refuse a route "
				"that has one",
				text);
}

void
check_aggregates(struct reading *reading, const struct given *given)
{
	const struct node_entry *entry = given_entry(given, SECTION_GATEWAY, "aggregates");
	const struct config_aggregates *list = &reading->config->aggregates;

	for (size_t i = 0; entry != NULL && i < list->count; i++)
		check_aggregate(reading, &list->items[i], entry->value->items[i]->at);
}

static const struct config_aggregate *
find_aggregate(const struct config_aggregates *list, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < list->count; i++) {
		if (ip_prefix_equal(&list->items[i].prefix, prefix))
			return &list->items[i];
	}
	return NULL;
}

static bool
aggregate_equal(const struct config_aggregate *a, const struct config_aggregate *b)
{
	return a->summary_only == b->summary_only && a->as_set == b->as_set;
}

bool
aggregates_equal(const struct config_aggregates *a, const struct config_aggregates *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct config_aggregate *other = find_aggregate(b, &a->items[i].prefix);

		if (other == NULL || !aggregate_equal(&a->items[i], other))
			return false;
	}
	return a->count == b->count;
}

/* "10.0.0.0/8 added, 10.64.0.0/10 changed" */
void
show_aggregates(const struct config_aggregates *before, const struct config_aggregates *after, char *out,
		size_t size)
{
	const struct config_aggregates *lists[] = {after, before};
	char text[IP_PREFIX_TEXT];

	out[0] = '\0';
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < lists[k]->count; i++) {
			const struct config_aggregate *now = &lists[k]->items[i],
						      *other = find_aggregate(lists[1 - k], &now->prefix);

			if (other != NULL && (k == 1 || aggregate_equal(now, other)))
				continue;
			snprintf(out + strlen(out), size - strlen(out), "%s%s %s", out[0] != '\0' ? ", " : "",
				 ip_prefix_format(&now->prefix, text),
				 other != NULL ? "changed"
				 : k == 0      ? "added"
					       : "removed");
		}
	}
}

/* --- conditions -------------------------------------------------------------------------------- */

static bool
names_all(const struct policy *policy)
{
	char text[80];

	return strcmp(policy_match_text(&policy->rules[0].match, text, sizeof(text)), "any") == 0;
}

/* Reads one. The two policies, of one rule each, are the condition's already. */
static void
read_condition(struct reading *reading, const struct node *node, struct policy_condition *condition)
{
	struct given given = {0};
	struct config_advertise read = {0};
	struct scope scope = {.sections = IN(SECTION_ADVERTISE), .given = &given};
	const struct node_entry *present, *absent;

	scope.object[SECTION_ADVERTISE] = &read;
	read_map(reading, node, &scope, "an entry of 'advertise'");
	present = given_entry(&given, SECTION_ADVERTISE, "while");
	absent = given_entry(&given, SECTION_ADVERTISE, "unless");
	/* What was read is owned by rules, in any case. */
	policy_add(condition->what)->match = read.match;
	policy_add(condition->when)->match = absent != NULL && present == NULL ? read.absent : read.present;
	condition->what->rules[0].action = condition->when->rules[0].action = POLICY_DENY;
	condition->absent = absent != NULL;
	if (present != NULL && absent != NULL) {
		struct policy *other = policy_new();

		policy_add(other)->match = read.absent;
		policy_release(other);
	}
	policy_seal(condition->what);
	policy_seal(condition->when);
	if (node->kind != NODE_MAP)
		return;
	if ((present != NULL) == (absent != NULL))
		finding_error(
		    reading->findings, node->at,
		    "an entry of 'advertise' needs 'while' or 'unless'%s: the routes that it hangs on",
		    present != NULL ? ", not both" : "");
	else if (names_all(condition->when))
		finding_error(reading->findings, present != NULL ? present->value->at : absent->value->at,
			      "'%s' must name routes, such as {prefix: 192.0.2.0/24}",
			      present != NULL ? "while" : "unless");
}

void
read_advertise(struct reading *reading, const struct field *field, const struct node *value, void *target)
{
	struct policy_conditions **conditions = target;

	policy_conditions_release(*conditions);
	*conditions = NULL;
	if (node_is_null(value) || !is_list(reading, field, value, CONDITIONS_MOST) || value->count == 0)
		return;
	*conditions = policy_conditions_new(value->count);
	for (size_t i = 0; i < value->count; i++)
		read_condition(reading, value->items[i], &(*conditions)->items[i]);
}

/* --- what is to be discarded ------------------------------------------------------------------- */

void
check_blackhole(struct reading *reading, const struct config_bgp *bgp, const struct given *given,
		struct position at)
{
	const struct node_entry *entry = given_entry(given, SECTION_BGP, "blackhole");

	if (bgp->blackhole.accept && (bgp->import == NULL || bgp->import->count == 0))
		finding_warning(reading->findings, given_at(given, SECTION_BLACKHOLE, "accept", at),
				"'blackhole' without rules of 'import': the other side may have any address "
				"discarded; let through what is its own only (RFC 7999 3.3)");
	/* The entry that stands nearest: one word there says no to all that is above. */
	if (!bgp->blackhole.accept && entry != NULL && entry->value->kind == NODE_MAP &&
	    entry->value->count != 0)
		finding_warning(reading->findings, given_at(given, SECTION_BGP, "blackhole", at),
				"'ipv4' and 'ipv6' of 'blackhole' have no effect without 'accept: yes'");
}
