// SPDX-License-Identifier: GPL-2.0-or-later
/* Bounds-checked cursors and a byte queue; see buffer.h. */
#include "core/base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

struct octets
octets_copy(const void *bytes, size_t length)
{
	struct octets copy = {.bytes = memory_zeroed(length + 1, 1), .length = length};

	if (length != 0)
		memcpy(copy.bytes, bytes, length);
	return copy;
}

void
octets_free(struct octets *octets)
{
	memory_wipe_free(octets->bytes, octets->length);
	*octets = (struct octets){0};
}

const uint8_t *
reader_bytes(struct reader *r, size_t length)
{
	const uint8_t *at = r->at;

	if (r->failed || length > (size_t)(r->end - r->at)) {
		r->failed = true;
		return NULL;
	}
	r->at += length;
	return at;
}

/* The next `length` bytes as a big-endian number. */
static uint64_t
read_number(struct reader *r, size_t length)
{
	const uint8_t *at = reader_bytes(r, length);
	uint64_t value = 0;

	if (at == NULL)
		return 0;
	for (size_t i = 0; i < length; i++)
		value = value << 8 | at[i];
	return value;
}

uint8_t
reader_u8(struct reader *r)
{
	return (uint8_t)read_number(r, 1);
}

uint16_t
reader_u16(struct reader *r)
{
	return (uint16_t)read_number(r, 2);
}

uint32_t
reader_u32(struct reader *r)
{
	return (uint32_t)read_number(r, 4);
}

uint64_t
reader_u64(struct reader *r)
{
	return read_number(r, 8);
}

struct reader
reader_sub(struct reader *r, size_t length)
{
	const uint8_t *at = reader_bytes(r, length);

	if (at == NULL)
		return (struct reader){.failed = true};
	return reader_over(at, length);
}

void
writer_bytes(struct writer *w, const void *bytes, size_t length)
{
	if (w->failed || length > (size_t)(w->end - w->at)) {
		w->failed = true;
		return;
	}
	if (length != 0)
		memcpy(w->at, bytes, length);
	w->at += length;
}

/* Appends the low `length` bytes of a number, big-endian. */
static void
write_number(struct writer *w, uint64_t value, size_t length)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(value >> (8 * (length - 1 - i)));
	writer_bytes(w, bytes, length);
}

void
writer_u8(struct writer *w, uint8_t value)
{
	write_number(w, value, 1);
}

void
writer_u16(struct writer *w, uint16_t value)
{
	write_number(w, value, 2);
}

void
writer_u32(struct writer *w, uint32_t value)
{
	write_number(w, value, 4);
}

void
writer_u64(struct writer *w, uint64_t value)
{
	write_number(w, value, 8);
}

void
writer_patch_u8(struct writer *w, size_t offset, uint8_t value)
{
	if (w->failed || offset + 1 > writer_length(w)) {
		w->failed = true;
		return;
	}
	w->start[offset] = value;
}

void
writer_patch_u16(struct writer *w, size_t offset, uint16_t value)
{
	writer_patch_u8(w, offset, (uint8_t)(value >> 8));
	writer_patch_u8(w, offset + 1, (uint8_t)value);
}

uint8_t *
buffer_reserve(struct buffer *b, size_t more)
{
	size_t size = b->size != 0 ? b->size : 4096;
	uint8_t *data;

	if (b->start + b->length + more <= b->size)
		return b->data + b->start + b->length;
	if (b->start != 0) {
		memmove(b->data, b->data + b->start, b->length);
		b->start = 0;
		if (b->length + more <= b->size)
			return b->data + b->length;
	}
	while (size < b->length + more)
		size *= 2;
	data = realloc(b->data, size);
	if (data == NULL)
		return NULL;
	b->data = data;
	b->size = size;
	return b->data + b->length;
}

void
buffer_added(struct buffer *b, size_t count)
{
	b->length += count;
}

bool
buffer_append(struct buffer *b, const void *bytes, size_t length)
{
	uint8_t *at;

	if (length == 0)
		return true; /* there may be no memory yet to point into */
	at = buffer_reserve(b, length);
	if (at == NULL)
		return false;
	memcpy(at, bytes, length);
	b->length += length;
	return true;
}

void
buffer_consume(struct buffer *b, size_t count)
{
	b->start += count;
	b->length -= count;
	if (b->length == 0)
		b->start = 0;
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){0};
}
