// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of patterns: made by the configuration, shared by all rules that name them. */
#include "core/policy/policy_internal.h"

#include <stdlib.h>

struct policy_set *
policy_set_new(enum policy_set_kind kind, const char *name)
{
	struct policy_set *set = memory_zeroed(1, sizeof(*set));

	set->references = 1;
	set->kind = kind;
	set->name = text_copy(name);
	return set;
}

bool
policy_set_add(struct policy_set *set, const char *text, struct error *err)
{
	struct prefix_pattern prefix;
	struct policy_as_path as_path;
	struct policy_community community;

	switch (set->kind) {
	case POLICY_PREFIXES:
		if (!prefix_pattern_parse(text, &prefix, err))
			return false;
		set->prefixes = memory_resize(set->prefixes, (set->count + 1) * sizeof(*set->prefixes));
		set->prefixes[set->count++] = prefix;
		break;
	case POLICY_AS_PATHS:
		if (!policy_as_path_parse(text, &as_path, err))
			return false;
		set->as_paths = memory_resize(set->as_paths, (set->count + 1) * sizeof(*set->as_paths));
		set->as_paths[set->count++] = as_path;
		break;
	case POLICY_COMMUNITIES:
		if (!policy_community_parse(text, true, &community, err))
			return false;
		set->communities =
		    memory_resize(set->communities, (set->count + 1) * sizeof(*set->communities));
		set->communities[set->count++] = community;
		break;
	}
	text_list_add(&set->patterns, text);
	return true;
}

void
policy_set_seal(struct policy_set *set)
{
	if (set->kind == POLICY_PREFIXES && !set->sealed)
		prefixes_seal(set);
	set->sealed = true;
}

struct policy_set *
policy_set_hold(struct policy_set *set)
{
	if (set != NULL)
		set->references++;
	return set;
}

void
policy_set_release(struct policy_set *set)
{
	if (set == NULL || --set->references != 0)
		return;
	for (size_t i = 0; set->kind == POLICY_AS_PATHS && i < set->count; i++)
		policy_as_path_free(&set->as_paths[i]);
	prefixes_free(set);
	/* whichever of the union's it is */
	free(set->prefixes);
	free(set->name);
	text_list_free(&set->patterns);
	free(set);
}

enum policy_set_kind
policy_set_kind(const struct policy_set *set)
{
	return set->kind;
}

const char *
policy_set_name(const struct policy_set *set)
{
	return set->name;
}

const struct text_list *
policy_set_patterns(const struct policy_set *set)
{
	return &set->patterns;
}
