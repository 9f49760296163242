// SPDX-License-Identifier: GPL-2.0-or-later
/* Arrays that grow without copying; see vector.h. */
#include "core/base/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/text.h"

#define MAP_FROM ((size_t)256 * 1024) /* from this size on an array is mapped */

static void *
map_pages(size_t bytes)
{
	void *got = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (got == MAP_FAILED) {
		fputs("twinspan: out of memory\n", stderr);
		abort();
	}
	return got;
}

static void
grow_mapped(struct vector *v, size_t size)
{
	void *got;

	if (!v->mapped) {
		got = map_pages(size);
		if (v->bytes != 0)
			memcpy(got, v->items, v->bytes);
		free(v->items);
	} else {
		got = mremap(v->items, v->bytes, size, MREMAP_MAYMOVE);
		if (got == MAP_FAILED) {
			fputs("twinspan: out of memory\n", stderr);
			abort();
		}
	}
	v->items = got;
	v->mapped = true;
}

void
vector_grow(struct vector *v, size_t bytes)
{
	size_t size = v->bytes != 0 ? v->bytes : 64;

	while (size < bytes)
		size *= 2;
	if (size >= MAP_FROM) {
		grow_mapped(v, size);
	} else {
		v->items = memory_resize(v->items, size);
		memset((uint8_t *)v->items + v->bytes, 0, size - v->bytes);
	}
	v->bytes = size;
}

void
vector_free(struct vector *v)
{
	if (v->mapped)
		munmap(v->items, v->bytes);
	else
		free(v->items);
	*v = (struct vector){0};
}

void
fifo_push(struct fifo *f, uint32_t item)
{
	uint32_t *items;

	/* Half or more of it is done with: moving the rest down is cheaper than growing. */
	if ((f->head + f->count + 1) * sizeof(uint32_t) > f->v.bytes && f->head >= f->count && f->head != 0) {
		memmove(f->v.items, (uint32_t *)f->v.items + f->head, f->count * sizeof(uint32_t));
		f->head = 0;
	}
	vector_need(&f->v, (f->head + f->count + 1) * sizeof(uint32_t));
	items = f->v.items;
	items[f->head + f->count++] = item;
}

uint32_t
fifo_pop(struct fifo *f)
{
	uint32_t item = ((uint32_t *)f->v.items)[f->head++];

	if (--f->count == 0)
		f->head = 0;
	return item;
}

void
fifo_free(struct fifo *f)
{
	vector_free(&f->v);
	*f = (struct fifo){0};
}
