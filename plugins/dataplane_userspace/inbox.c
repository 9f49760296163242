// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams for another worker; see parallel.h. A ring of units; positions count on for ever. A putter takes
 * as many as its parcel needs by one compare-and-swap on `end`, fills them, and writes down in the first
 * one's `there` that this position is complete. The owner takes parcels in their order and gives their units
 * back by moving `first`. A putter that is interrupted while it fills a parcel keeps back those behind, but
 * no thread.
 *
 * `there` stands apart from the bytes, which others have written: none of them is taken for a position.
 */
#include "plugins/dataplane_userspace/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { UNITS = INBOX_BYTES / PARCEL_UNIT };

struct inbox {
	_Alignas(64) _Atomic uint64_t end;   /* of what was given out to be filled in */
	_Alignas(64) _Atomic uint64_t first; /* of what is not free; the owner writes */
	uint64_t taken;                      /* the owner's: up to here */
	_Atomic uint64_t there[UNITS];       /* position + 1 of the parcel that starts in this unit */
	_Alignas(64) uint8_t units[UNITS][PARCEL_UNIT];
};

struct inbox *
inbox_create(void)
{
	struct inbox *inbox = aligned_alloc(_Alignof(struct inbox), sizeof(*inbox));

	if (inbox == NULL)
		return NULL;
	atomic_init(&inbox->end, 0);
	atomic_init(&inbox->first, 0);
	inbox->taken = 0;
	for (unsigned i = 0; i < UNITS; i++)
		atomic_init(&inbox->there[i], 0);
	return inbox;
}

void
inbox_free(struct inbox *inbox)
{
	free(inbox);
}

static struct parcel *
parcel_at(const struct inbox *inbox, uint64_t position)
{
	return (struct parcel *)(void *)inbox->units[position % UNITS];
}

struct parcel *
inbox_room(struct inbox *inbox, size_t length)
{
	uint64_t units = (sizeof(struct parcel) + length + PARCEL_UNIT - 1) / PARCEL_UNIT, at, skip;
	struct parcel *parcel;

	do {
		/* `first` before `end`, each time: it must not have overtaken the end that is looked at */
		uint64_t first = atomic_load_explicit(&inbox->first, memory_order_acquire), left;

		at = atomic_load_explicit(&inbox->end, memory_order_relaxed);
		left = UNITS - at % UNITS; /* a parcel lies in one piece */
		skip = left < units ? left : 0;
		if (at + skip + units - first > UNITS)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&inbox->end, &at, at + skip + units,
							memory_order_relaxed, memory_order_relaxed));
	if (skip != 0) {
		parcel = parcel_at(inbox, at);
		parcel->units = (uint32_t)skip;
		parcel->nothing = true;
		atomic_store_explicit(&inbox->there[at % UNITS], at + 1, memory_order_release);
	}
	parcel = parcel_at(inbox, at + skip);
	parcel->position = at + skip;
	parcel->units = (uint32_t)units;
	parcel->nothing = false;
	return parcel;
}

void
inbox_put(struct inbox *inbox, struct parcel *parcel)
{
	atomic_store_explicit(&inbox->there[parcel->position % UNITS], parcel->position + 1,
			      memory_order_release);
}

static bool
is_there(const struct inbox *inbox, uint64_t position)
{
	return atomic_load_explicit(&inbox->there[position % UNITS], memory_order_acquire) == position + 1;
}

bool
inbox_has(const struct inbox *inbox)
{
	return is_there(inbox, inbox->taken);
}

struct parcel *
inbox_take(struct inbox *inbox)
{
	while (is_there(inbox, inbox->taken)) {
		struct parcel *parcel = parcel_at(inbox, inbox->taken);

		inbox->taken += parcel->units;
		if (!parcel->nothing)
			return parcel;
	}
	return NULL;
}

void
inbox_release(struct inbox *inbox)
{
	atomic_store_explicit(&inbox->first, inbox->taken, memory_order_release);
}
