// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that every packet goes through: in huge pages where the machine gives them (madvise(2),
 * MADV_HUGEPAGE). One of them is one entry of the TLB instead of 512, and contiguous, so that its lines don't
 * drive each other out of a cache that is indexed by physical addresses.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

void *
hot_create(size_t size)
{
	size_t whole = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	void *memory = aligned_alloc(HUGE_PAGE, whole);

	if (memory != NULL)
		madvise(memory, whole, MADV_HUGEPAGE); /* where there are none, small ones do */
	return memory;
}

void
hot_free(void *memory)
{
	free(memory);
}
