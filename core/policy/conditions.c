// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of conditions: what of a session is told only while other routes are there, or are not. */
#include <stdlib.h>

#include "core/base/text.h"
#include "core/policy/policy.h"

struct policy_conditions *
policy_conditions_new(size_t count)
{
	struct policy_conditions *conditions = memory_zeroed(1, sizeof(*conditions));

	conditions->references = 1;
	conditions->count = count;
	conditions->items = memory_zeroed(count + 1, sizeof(*conditions->items));
	for (size_t i = 0; i < count; i++) {
		conditions->items[i].what = policy_new();
		conditions->items[i].when = policy_new();
	}
	return conditions;
}

struct policy_conditions *
policy_conditions_hold(struct policy_conditions *conditions)
{
	if (conditions != NULL)
		conditions->references++;
	return conditions;
}

void
policy_conditions_release(struct policy_conditions *conditions)
{
	if (conditions == NULL || --conditions->references != 0)
		return;
	for (size_t i = 0; i < conditions->count; i++) {
		policy_release(conditions->items[i].what);
		policy_release(conditions->items[i].when);
	}
	free(conditions->items);
	free(conditions);
}

bool
policy_conditions_equal(const struct policy_conditions *a, const struct policy_conditions *b)
{
	size_t count = a != NULL ? a->count : 0;

	if (count != (b != NULL ? b->count : 0))
		return false;
	for (size_t i = 0; i < count && a != b; i++) {
		if (a->items[i].absent != b->items[i].absent ||
		    !policy_equal(a->items[i].what, b->items[i].what) ||
		    !policy_equal(a->items[i].when, b->items[i].when))
			return false;
	}
	return true;
}
