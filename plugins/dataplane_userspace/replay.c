// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anti-replay (RFC 4303 3.4.3, with extended sequence numbers by its appendix A2.2).
 *
 * The window is a ring of 64-bit blocks as RFC 6479 describes: moving on clears whole blocks and never shifts
 * bits. The ring has at least one block more than the window needs, so that the block which `top` enters does
 * not overwrite one that the window still looks at. Check comes before authentication and changes nothing;
 * update comes after it.
 *
 * Losses: a sender numbers its packets 1, 2, 3 (RFC 4303 2.2), so that a number which was skipped is a packet
 * that did not come. It counts at once and not only when it leaves the window, which with a slow stream takes
 * minutes; should it come after all, reordered, it is taken back. What came too late for the window was
 * dropped and stays counted. What is lost behind the last packet of an SA can't be seen.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BITS 64

/* Without a check, extended numbers still need a span in which "older" is understood as older. */
#define INFER_WINDOW 65536

bool
replay_open(struct replay *replay, uint32_t window, bool extended)
{
	uint32_t blocks = 2;

	*replay = (struct replay){.window = window > REPLAY_WINDOW_MAX ? REPLAY_WINDOW_MAX : window,
				  .extended = extended};
	while (blocks < replay->window / BLOCK_BITS + 2)
		blocks *= 2;
	replay->block_mask = blocks - 1;
	replay->blocks = calloc(blocks, sizeof(*replay->blocks));
	return replay->blocks != NULL;
}

void
replay_close(struct replay *replay)
{
	free(replay->blocks);
	*replay = (struct replay){0};
}

/* RFC 4303 A2.2: the 64-bit number of which `low` is the lower half, nearest to the window. */
static uint64_t
infer(const struct replay *replay, uint32_t low)
{
	uint32_t top_low = (uint32_t)replay->top,
		 window = replay->window != 0 ? replay->window : INFER_WINDOW;
	uint64_t high = replay->top >> 32;
	uint32_t bottom = top_low - window + 1; /* modulo 2^32 */

	if (top_low >= window - 1) {
		/* case A: the window lies within one half-number's span */
		if (low < bottom)
			high++;
	} else if (low >= bottom && high != 0) {
		/* case B: it straddles two */
		high--;
	}
	return high << 32 | low;
}

bool
replay_check(const struct replay *replay, uint32_t low, uint64_t *sequence)
{
	uint64_t seen = replay->extended ? infer(replay, low) : low;

	*sequence = seen;
	if (seen == 0)
		return false;
	if (replay->window == 0 || seen > replay->top)
		return true;
	if (replay->top - seen >= replay->window)
		return false;
	return (replay->blocks[seen / BLOCK_BITS & replay->block_mask] >> seen % BLOCK_BITS & 1) == 0;
}

bool
replay_update(struct replay *replay, uint64_t sequence, int64_t *lost)
{
	bool newest = sequence > replay->top;

	*lost = 0;
	if (replay->window != 0) /* without a window a late packet can't be told from a copy */
		*lost = newest ? (int64_t)(sequence - replay->top - 1) : -1;
	if (newest) {
		uint64_t from = replay->top / BLOCK_BITS, to = sequence / BLOCK_BITS;

		if (to - from > replay->block_mask)
			memset(replay->blocks, 0, ((size_t)replay->block_mask + 1) * sizeof(*replay->blocks));
		else
			while (from++ < to)
				replay->blocks[from & replay->block_mask] = 0;
		replay->top = sequence;
	}
	if (replay->window != 0)
		replay->blocks[sequence / BLOCK_BITS & replay->block_mask] |= UINT64_C(1)
									      << sequence % BLOCK_BITS;
	return newest;
}
