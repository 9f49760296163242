// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cursors over bytes. Every wire format is read through `struct reader` and written through
 * `struct writer`: sizes are checked before bytes are touched, and the first violation sets `failed`, after
 * which reads give zero and writes do nothing, so that a decoder may check once at the end of a group of
 * reads. `struct buffer` is a growable byte queue for streams.
 */
#ifndef TWINSPAN_BASE_BUFFER_H
#define TWINSPAN_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of one thing, such as a certificate as DER. */
struct octets {
	uint8_t *bytes;
	size_t length;
};

/** A copy, to be freed by octets_free. */
struct octets octets_copy(const void *bytes, size_t length);
/** Wipes and frees. */
void octets_free(struct octets *octets);

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct reader
reader_over(const void *bytes, size_t length)
{
	/* no bytes may also mean no pointer, to which C adds nothing, not even 0 */
	return (struct reader){.at = bytes, .end = length != 0 ? (const uint8_t *)bytes + length : bytes};
}

static inline size_t
reader_left(const struct reader *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->at);
}

/** Borrows the next `length` bytes, or NULL (and failed) where fewer are left. */
const uint8_t *reader_bytes(struct reader *r, size_t length);
/** Big-endian numbers; 0 after a failure. */
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/** A reader over the next `length` bytes, which are consumed here; failed where fewer are left. */
struct reader reader_sub(struct reader *r, size_t length);

struct writer {
	uint8_t *start, *at, *end;
	bool failed;
};

static inline struct writer
writer_over(void *bytes, size_t size)
{
	return (struct writer){
	    .start = bytes, .at = bytes, .end = size != 0 ? (uint8_t *)bytes + size : bytes};
}

static inline size_t
writer_length(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

static inline size_t
writer_room(const struct writer *w)
{
	return w->failed ? 0 : (size_t)(w->end - w->at);
}

/** Copies them behind what is written, numbers big-endian; failed, and nothing is written, where there is no
 * room for all of it. */
void writer_bytes(struct writer *w, const void *bytes, size_t length);
void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
/** Overwrites two bytes at an offset from the start (a length known only afterwards). Fails beyond what is
 * written. */
void writer_patch_u16(struct writer *w, size_t offset, uint16_t value);
void writer_patch_u8(struct writer *w, size_t offset, uint8_t value);

/** Bytes queue: append at the end, consume from the front. Zero-initialise to make one. */
struct buffer {
	uint8_t *data; /* first unread byte is data + start */
	size_t start, length, size;
};

/** Room for `more` bytes at the end; returns where they go (then call buffer_added), NULL when memory ran
 * out. */
uint8_t *buffer_reserve(struct buffer *b, size_t more);
/** So many bytes were written into what buffer_reserve() gave. */
void buffer_added(struct buffer *b, size_t count);
/** Copies them to the end; false when memory ran out. */
bool buffer_append(struct buffer *b, const void *bytes, size_t length);
/** Unread bytes: borrowed until the next call on the buffer. */
static inline const uint8_t *
buffer_head(const struct buffer *b)
{
	return b->data + b->start;
}
/** Takes bytes from the front; not more than there are. */
void buffer_consume(struct buffer *b, size_t count);
void buffer_free(struct buffer *b);

#endif
