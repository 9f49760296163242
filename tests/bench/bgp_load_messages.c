// SPDX-License-Identifier: GPL-2.0-or-later
/* What bgp_load says: all prebuilt, so that saying it costs nothing. */
#include "tests/bench/bgp_load.h"

#include <stdlib.h>
#include <string.h>

static struct writer
message_begin(uint8_t room[MESSAGE], uint8_t type)
{
	struct writer w = writer_over(room, MESSAGE);

	for (unsigned i = 0; i < 16; i++)
		writer_u8(&w, 0xff);
	writer_u16(&w, 0);
	writer_u8(&w, type);
	return w;
}

static size_t
message_end(struct writer *w)
{
	writer_patch_u16(w, 16, (uint16_t)writer_length(w));
	return writer_length(w);
}

static void
say(struct load_session *s, const uint8_t *message, size_t length)
{
	memcpy(buffer_reserve(&s->out, length), message, length);
	buffer_added(&s->out, length);
}

void
say_open(struct load_session *s)
{
	uint8_t room[MESSAGE];
	struct writer w = message_begin(room, OPEN);

	writer_u8(&w, 4);
	writer_u16(&w, (uint16_t)(s->asn > UINT16_MAX ? 23456 : s->asn));
	writer_u16(&w, HOLD_S);
	writer_bytes(&w, (const uint8_t *)&s->local.sin_addr, 4);
	writer_bytes(&w, (const uint8_t[]){16, 2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4}, 13);
	writer_u32(&w, s->asn);
	say(s, room, message_end(&w));
}

void
say_keepalive(struct load_session *s)
{
	uint8_t room[MESSAGE];
	struct writer w = message_begin(room, KEEPALIVE);

	say(s, room, message_end(&w));
	s->kept_alive = clock_monotonic();
}

static void
stream_add(struct load_session *s, const uint8_t *message, size_t length)
{
	if (s->stream_length + length > s->stream_room) {
		s->stream_room = s->stream_room * 2 + (1 << 20);
		s->stream = realloc(s->stream, s->stream_room);
		if (s->stream == NULL)
			load_fail("out of memory");
	}
	memcpy(s->stream + s->stream_length, message, length);
	s->stream_length += length;
}

static void
stream_clear(struct load_session *s)
{
	s->stream_length = s->stream_sent = 0;
}

/* Attributes of group number `group`, always the same; `longer`: so many times its own AS more. */
static size_t
attributes(const struct load_session *s, uint32_t group, unsigned longer, uint8_t room[512])
{
	struct writer w = writer_over(room, 512);
	unsigned hops, communities;

	load.random = (UINT64_C(0x9e3779b97f4a7c15) * (group + 1)) | 1;
	load_any();
	hops = 2 + load_any() % 4;
	communities = load_any() % 5;
	writer_bytes(&w, (const uint8_t[]){0x40, 1, 1, load_any() % 8 == 0 ? 2 : 0, 0x40, 2}, 6);
	writer_u8(&w, (uint8_t)(2 + 4 * (2 + longer + hops)));
	writer_u8(&w, 2);
	writer_u8(&w, (uint8_t)(2 + longer + hops));
	for (unsigned i = 0; i <= longer; i++)
		writer_u32(&w, s->asn);
	for (unsigned i = 0; i < hops; i++)
		writer_u32(&w, 1000 + load_any() % 20000);
	writer_u32(&w, 100000 + group);
	writer_bytes(&w, (const uint8_t[]){0x40, 3, 4}, 3);
	writer_bytes(&w, (const uint8_t *)&s->local.sin_addr, 4);
	writer_bytes(&w, (const uint8_t[]){0x80, 4, 4}, 3);
	writer_u32(&w, load_any() % 200);
	if (communities != 0) {
		writer_bytes(&w, (const uint8_t[]){0xc0, 8, (uint8_t)(4 * communities)}, 3);
		for (unsigned i = 0; i < communities; i++)
			writer_u32(&w, (1 + load_any() % 60000) << 16 | (load_any() & 0xffff));
	}
	return writer_length(&w);
}

static void
write_prefix(struct writer *w, uint32_t number)
{
	uint32_t address = bgp_order_prefix(number);

	writer_u8(w, 24);
	writer_u8(w, (uint8_t)(address >> 24));
	writer_u16(w, (uint16_t)(address >> 8));
}

/* One UPDATE with prefixes of the order from `first` on, `step` apart. */
void
announce(struct load_session *s, uint32_t group, unsigned longer, uint32_t first, uint32_t count)
{
	uint8_t room[MESSAGE], section[512];
	size_t length = attributes(s, group, longer, section);
	struct writer w = message_begin(room, UPDATE);

	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)length);
	writer_bytes(&w, section, length);
	for (uint32_t i = 0; i < count; i++)
		write_prefix(&w, load.order[first + i]);
	stream_add(s, room, message_end(&w));
}

void
build_announcements(struct load_session *s, unsigned longer)
{
	uint8_t room[MESSAGE];
	struct writer w = message_begin(room, UPDATE);
	uint32_t n = load.prefixes;

	stream_clear(s);
	load.groups = 0;
	if (load.single) {
		load.groups = (n + load.share - 1) / load.share;
		for (uint32_t i = 0; i < n; i++)
			announce(s, i % load.groups, longer, i, 1);
	} else {
		for (uint32_t at = 0; at < n; load.groups++) {
			uint32_t count;

			load.random = UINT64_C(0xd1342543de82ef95) * (load.groups + 1) | 1;
			load_any();
			count = load.share <= 1 ? 1 : 1 + load_any() % (2 * load.share - 1);
			if (count > n - at)
				count = n - at;
			announce(s, load.groups, longer, at, count);
			at += count;
		}
	}
	writer_u32(&w, 0); /* the End-of-RIB */
	stream_add(s, room, message_end(&w));
}

void
build_withdrawals(struct load_session *s)
{
	enum { A_MESSAGE = (MESSAGE - HEADER - 4) / 4 };

	stream_clear(s);
	for (uint32_t at = 0; at < load.prefixes; at += A_MESSAGE) {
		uint32_t count = load.prefixes - at < A_MESSAGE ? load.prefixes - at : A_MESSAGE;
		uint8_t room[MESSAGE];
		struct writer w = message_begin(room, UPDATE);

		writer_u16(&w, (uint16_t)(4 * count));
		for (uint32_t i = 0; i < count; i++)
			write_prefix(&w, load.order[at + i]);
		writer_u16(&w, 0);
		stream_add(s, room, message_end(&w));
	}
}
