// SPDX-License-Identifier: GPL-2.0-or-later
/* Prefixes of either family, each once, in the order in which they came. */
#ifndef TWINSPAN_BASE_PREFIX_SET_H
#define TWINSPAN_BASE_PREFIX_SET_H

#include "core/base/address.h"
#include "core/base/trie.h"

/* All zero is an empty one; may be moved as it is. */
struct prefix_set {
	struct ip_prefix *items;
	size_t count, room;
	struct trie tries[2]; /* IPv4, IPv6: places in `items`, from 1; begun with the first one */
};

/** Adds a prefix in network form. False: it is there already, or of no family. */
bool prefix_set_add(struct prefix_set *set, const struct ip_prefix *prefix);
/** Makes it empty, and frees all that it has. */
void prefix_set_free(struct prefix_set *set);

#endif
