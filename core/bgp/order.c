// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All prefixes of a RIB in the order of their best paths' attributes: how a whole table is told, in the
 * fewest UPDATEs that there can be, whatever the order in which it came.
 *
 * One pass, in slices, hangs each prefix into a chain of those with the same attributes; the chains are found
 * by hash of the interned object. Peers that begin at about the same time go through the same order, each
 * with a place of its own. It is a guide, not a copy: what a prefix is told as is looked up when it is told,
 * and what changes after the pass began is in the list of changes, where the order holds a place as long as
 * it is used.
 */
#include "core/bgp/rib_internal.h"

#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/text.h"

#define STEP 512u /* prefixes from one look at the clock to the next, at most */

/* The key is compared only: the object may be gone. */
struct slot {
	const struct bgp_attributes *attributes;
	uint32_t first; /* 0: the slot is empty */
};

static struct order *
order_new(struct rib *rib)
{
	struct order *order = memory_zeroed(1, sizeof(*order));

	order->rib = rib;
	order->built = 1;
	order->end = rib->net_count;
	order->slot_count = 1024;
	while (order->slot_count < 2 * rib->attributes->count)
		order->slot_count *= 2;
	changes_open(rib, &order->cursor);
	rib->order = order;
	return order;
}

struct order *
order_take(struct rib *rib, struct changes_cursor *fresh)
{
	struct order *order = rib->order;

	if (order == NULL || (order->cursor.at != 0 && fresh == NULL))
		order = order_new(rib);
	if (fresh != NULL)
		changes_move(rib, fresh, order->cursor.at);
	order->references++;
	return order;
}

void
order_release(struct order *order)
{
	if (order == NULL || --order->references != 0)
		return;
	if (order->rib->order == order)
		order->rib->order = NULL;
	changes_close(order->rib, &order->cursor);
	vector_free(&order->next);
	vector_free(&order->slots);
	free(order);
}

/* The head of the chain that a prefix with those attributes belongs into. */
static uint32_t *
chain_for(struct order *order, const struct bgp_attributes *attributes)
{
	struct slot *slots = order->slots.items;
	uint32_t mask = order->slot_count - 1;
	uint32_t at = (uint32_t)(((uint64_t)(uintptr_t)attributes * 0x9e3779b97f4a7c15ULL) >> 32) & mask;

	while (slots[at].first != 0 && slots[at].attributes != attributes)
		at = (at + 1) & mask;
	if (slots[at].first != 0)
		return &slots[at].first;
	/* More sets than there were at the beginning: those are told as they come. */
	if (order->used >= order->slot_count / 4 * 3)
		return &order->rest;
	order->used++;
	slots[at].attributes = attributes;
	return &slots[at].first;
}

bool
order_build(struct order *order, int64_t deadline)
{
	struct rib *rib = order->rib;

	vector_need(&order->next, (size_t)order->end * sizeof(uint32_t));
	vector_need(&order->slots, (size_t)order->slot_count * sizeof(struct slot));
	while (order->built < order->end) {
		uint32_t end = order->end - order->built > STEP ? order->built + STEP : order->end;
		uint32_t looks = rib->looks;

		for (; order->built < end && !rib_worked(rib, looks); order->built++) {
			struct net *net = rib_net(rib, order->built);
			const struct path *best = net->flags & NET_USED ? rib_best_now(rib, net) : NULL;
			uint32_t *first;

			/* Without a best one, a path may be told to some all the same (export_path()). */
			if (best == NULL && (!(net->flags & NET_USED) || net->paths == 0))
				continue;
			first = chain_for(order, best != NULL ? best->attributes : NULL);
			((uint32_t *)order->next.items)[order->built] = *first;
			*first = order->built;
		}
		if (clock_monotonic() >= deadline)
			break;
	}
	return order->built >= order->end;
}

uint32_t
order_next(const struct order *order, struct order_place *place)
{
	uint32_t net;

	while (place->net == 0) {
		if (place->chain > order->slot_count)
			return 0;
		place->net = place->chain == order->slot_count
				 ? order->rest
				 : ((const struct slot *)order->slots.items)[place->chain].first;
		place->chain++;
	}
	net = place->net;
	place->net = ((const uint32_t *)order->next.items)[net];
	return net;
}
