// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A growing array whose growth never holds the loop: small ones live on the heap, large ones are mapped and
 * grow by remapping pages, so that ten million bytes are never copied in one go and pages not yet used cost
 * nothing.
 */
#ifndef TWINSPAN_BASE_VECTOR_H
#define TWINSPAN_BASE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector {
	void *items;
	size_t bytes; /* room; what was never written reads as zero */
	bool mapped;
};

/** Makes room for at least `bytes`. What is added is zero. Ends the program when memory is out. */
void vector_grow(struct vector *v, size_t bytes);
/** Frees the items and makes it empty. */
void vector_free(struct vector *v);

static inline void
vector_need(struct vector *v, size_t bytes)
{
	if (bytes > v->bytes)
		vector_grow(v, bytes);
}

/** A bit per number, growing; bits beyond the end are 0. */
static inline bool
bits_get(const struct vector *v, uint32_t bit)
{
	return bit / 8 < v->bytes && (((const uint8_t *)v->items)[bit / 8] >> (bit & 7) & 1) != 0;
}

static inline void
bits_set(struct vector *v, uint32_t bit)
{
	vector_need(v, (size_t)bit / 8 + 1);
	((uint8_t *)v->items)[bit / 8] |= (uint8_t)(1u << (bit & 7));
}

static inline void
bits_clear(struct vector *v, uint32_t bit)
{
	if (bit / 8 < v->bytes)
		((uint8_t *)v->items)[bit / 8] &= (uint8_t) ~(1u << (bit & 7));
}

/** First in, first out, of 32-bit numbers. */
struct fifo {
	struct vector v;
	size_t head, count; /* items head .. head + count - 1 */
};

/** Adds to the end; ends the program when memory is out. */
void fifo_push(struct fifo *f, uint32_t item);
/** The next item; the queue must not be empty. */
uint32_t fifo_pop(struct fifo *f);
void fifo_free(struct fifo *f);

#endif
