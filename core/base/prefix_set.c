// SPDX-License-Identifier: GPL-2.0-or-later
/* See prefix_set.h: a list, and beside it where each of its prefixes stands. */
#include "core/base/prefix_set.h"

#include <stdlib.h>

#include "core/base/text.h"

bool
prefix_set_add(struct prefix_set *set, const struct ip_prefix *prefix)
{
	uint32_t *place;

	if (ip_family_bits(prefix->address.family) == 0)
		return false;
	if (set->count == 0) {
		prefix_set_free(set);
		trie_init(&set->tries[0]);
		trie_init(&set->tries[1]);
	}
	place =
	    trie_put(&set->tries[prefix->address.family == AF_INET6], prefix->address.bytes, prefix->length);
	if (*place != 0)
		return false;
	if (set->count == set->room) {
		set->room = set->room != 0 ? set->room * 2 : 64;
		set->items = memory_resize(set->items, set->room * sizeof(*set->items));
	}
	set->items[set->count++] = *prefix;
	*place = (uint32_t)set->count;
	return true;
}

void
prefix_set_free(struct prefix_set *set)
{
	if (set->items != NULL) {
		trie_free(&set->tries[0]);
		trie_free(&set->tries[1]);
	}
	free(set->items);
	*set = (struct prefix_set){0};
}
