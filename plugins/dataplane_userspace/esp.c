// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP in tunnel mode (RFC 4303): one packet sealed or opened in place. No sockets, no tables, no allocation
 * here, so that tests and the fuzzer reach every line with bytes alone.
 *
 * Opening goes from cheap to dear, and learns nothing from what is not authentic: lengths, replay check,
 * cipher, replay update, trailer, inner header, selectors. Inner packets may be followed by TFC padding (RFC
 * 4303 2.7): the IP header says where the packet ends. Next header 59 is a dummy packet (2.6).
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"

#include <string.h>

enum { NEXT_IPV4 = 4, NEXT_IPV6 = 41, NEXT_NONE = 59, TRAILER = 2 };

static bool
inner_parse_v4(struct reader r, size_t there, struct inner *out)
{
	uint8_t header_length = (reader_u8(&r) & 15) * 4;

	reader_u8(&r);
	out->length = reader_u16(&r);
	reader_bytes(&r, 8);
	out->source = reader_bytes(&r, 4);
	out->destination = reader_bytes(&r, 4);
	out->family = AF_INET;
	return !r.failed && header_length >= 20 && header_length <= out->length && out->length <= there;
}

static bool
inner_parse_v6(struct reader r, size_t there, struct inner *out)
{
	reader_u32(&r);
	out->length = 40 + (size_t)reader_u16(&r);
	reader_u16(&r);
	out->source = reader_bytes(&r, 16);
	out->destination = reader_bytes(&r, 16);
	out->family = AF_INET6;
	return !r.failed && out->length <= there;
}

bool
inner_parse(const uint8_t *packet, size_t length, struct inner *out)
{
	struct reader r = reader_over(packet, length), first = r;

	switch (reader_u8(&first) >> 4) {
	case 4:
		return inner_parse_v4(r, length, out);
	case 6:
		return inner_parse_v6(r, length, out);
	default:
		return false;
	}
}

size_t
esp_head(const struct sa *sa)
{
	return ESP_HEADER + sa->cipher->iv_length;
}

size_t
esp_seal(struct sa *sa, uint8_t *packet, size_t length, uint64_t sequence)
{
	size_t head = esp_head(sa), alignment = sa->cipher->alignment;
	size_t padding = (alignment - (length + TRAILER) % alignment) % alignment;
	size_t text = length + padding + TRAILER;
	struct writer header = writer_over(packet, ESP_HEADER);
	struct writer trailer = writer_over(packet + head + length, padding + TRAILER);

	/* RFC 4303 2.4: padding bytes count up from one */
	for (size_t i = 1; i <= padding; i++)
		writer_u8(&trailer, (uint8_t)i);
	writer_u8(&trailer, (uint8_t)padding);
	writer_u8(&trailer, packet[head] >> 4 == 6 ? NEXT_IPV6 : NEXT_IPV4);
	writer_u32(&header, sa->spi);
	writer_u32(&header, (uint32_t)sequence);
	if (!sa->cipher->ops->seal(sa->context, packet, text, sequence, sa->extended))
		return 0;
	return head + text + sa->cipher->icv_length;
}

/* What lies between the IV and the ICV, decrypted: trailer off, inner header read, selectors applied. */
static enum drop
open_inner(const struct sa *sa, uint8_t *text, size_t length, struct opened *out)
{
	uint8_t padding = text[length - 2], next = text[length - 1];
	struct inner inner;

	if ((size_t)padding + TRAILER > length)
		return DROP_MALFORMED;
	if (next == NEXT_NONE)
		return DROP_SILENTLY;
	if (!inner_parse(text, length - TRAILER - padding, &inner))
		return DROP_MALFORMED;
	if (next != (inner.family == AF_INET ? NEXT_IPV4 : NEXT_IPV6))
		return DROP_MALFORMED;
	if (!selectors_match(&sa->source, inner.family, inner.source) ||
	    !selectors_match(&sa->destination, inner.family, inner.destination))
		return DROP_SELECTOR;
	out->bytes = text;
	out->length = inner.length;
	return DROP_NONE;
}

enum drop
esp_open(struct sa *sa, uint8_t *packet, size_t length, struct opened *out)
{
	struct reader header = reader_over(packet, length);
	size_t head = esp_head(sa), icv = sa->cipher->icv_length, text;
	uint64_t sequence;
	uint32_t low;

	*out = (struct opened){0};
	if (length < head + TRAILER + icv)
		return DROP_MALFORMED;
	text = length - head - icv;
	if (text % sa->cipher->alignment != 0)
		return DROP_MALFORMED;
	reader_u32(&header);
	low = reader_u32(&header);
	if (!replay_check(&sa->replay, low, &sequence))
		return DROP_REPLAY;
	if (!sa->cipher->ops->open(sa->context, packet, text, sequence, sa->extended))
		return DROP_AUTHENTICATION;
	out->newest = replay_update(&sa->replay, sequence, &out->lost);
	return open_inner(sa, packet + head, text, out);
}
