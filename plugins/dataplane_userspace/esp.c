// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ESP in tunnel mode (RFC 4303): one packet sealed or opened in place. No sockets, no tables, no allocation
 * here, so that tests and the fuzzer reach every line with bytes alone.
 *
 * Opening goes from cheap to dear, and learns nothing from what is not authentic: lengths, replay check,
 * authentication, decryption, replay update, trailer, inner header, selectors. Inner packets may be followed
 * by TFC padding (RFC 4303 2.7): the IP header says where the packet ends. Next header 59 is a dummy packet
 * (2.6).
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

	out->packet = packet;
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
	return ESP_HEADER + sa->suite->iv_length;
}

static size_t
padding_of(const struct sa *sa, size_t length)
{
	size_t alignment = sa->suite->alignment;

	return (alignment - (length + TRAILER) % alignment) % alignment;
}

size_t
esp_sealed_length(const struct sa *sa, size_t length)
{
	return esp_head(sa) + length + padding_of(sa, length) + TRAILER + sa->suite->icv_length;
}

/* Writes the header and the trailer; returns the length of the text. */
static size_t
frame(const struct sa *sa, uint8_t *packet, size_t length, uint64_t sequence)
{
	size_t head = esp_head(sa), padding = padding_of(sa, length);
	struct writer header = writer_over(packet, ESP_HEADER);
	struct writer trailer = writer_over(packet + head + length, padding + TRAILER);

	/* RFC 4303 2.4: padding bytes count up from one */
	for (size_t i = 1; i <= padding; i++)
		writer_u8(&trailer, (uint8_t)i);
	writer_u8(&trailer, (uint8_t)padding);
	writer_u8(&trailer, packet[head] >> 4 == 6 ? NEXT_IPV6 : NEXT_IPV4);
	writer_u32(&header, sa->spi);
	writer_u32(&header, (uint32_t)sequence);
	return length + padding + TRAILER;
}

void
esp_seal_begin(const struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
	       uint64_t first, struct suite_packet out[])
{
	for (unsigned i = 0; i < count; i++)
		out[i] = (struct suite_packet){
		    .bytes = packets[i],
		    .text_length = frame(sa, packets[i], lengths[i], first + i),
		    .sequence = first + i,
		};
}

size_t
esp_sealed(const struct sa *sa, const struct suite_packet *packet)
{
	return packet->good ? esp_head(sa) + packet->text_length + sa->suite->icv_length : 0;
}

void
esp_seal_batch(struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
	       uint64_t first, size_t sealed[])
{
	struct suite_packet batch[BATCH_PACKETS];

	esp_seal_begin(sa, packets, lengths, count, first, batch);
	sa->suite->ops->seal(sa->context, batch, count);
	for (unsigned i = 0; i < count; i++)
		sealed[i] = esp_sealed(sa, &batch[i]);
}

size_t
esp_seal(struct sa *sa, uint8_t *packet, size_t length, uint64_t sequence)
{
	size_t sealed;

	esp_seal_batch(sa, &packet, &length, 1, sequence, &sealed);
	return sealed;
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
	out->bytes = text;
	out->length = inner.length;
	return policy_in(sa, &inner);
}

/* What can be told of a packet before its ICV was looked at. Fills `batch` in. */
static enum drop
check(const struct sa *sa, uint8_t *packet, size_t length, struct suite_packet *batch)
{
	struct reader header = reader_over(packet, length);
	size_t around = esp_head(sa) + sa->suite->icv_length;

	if (length < around + TRAILER || (length - around) % sa->suite->alignment != 0)
		return DROP_MALFORMED;
	*batch = (struct suite_packet){.bytes = packet, .text_length = length - around};
	reader_u32(&header);
	return replay_check(&sa->replay, reader_u32(&header), &batch->sequence) ? DROP_NONE : DROP_REPLAY;
}

/* A packet that the suite has opened. Another that was checked before may have had the same number. */
static enum drop
finish(struct sa *sa, const struct suite_packet *packet, struct opened *out)
{
	uint64_t sequence;

	if (!packet->good)
		return DROP_AUTHENTICATION;
	if (!replay_check(&sa->replay, (uint32_t)packet->sequence, &sequence) || sequence != packet->sequence)
		return DROP_REPLAY;
	out->newest = replay_update(&sa->replay, packet->sequence, &out->lost);
	return open_inner(sa, packet->bytes + esp_head(sa), packet->text_length, out);
}

unsigned
esp_open_begin(const struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
	       struct suite_packet checked[], unsigned which[], struct opened out[])
{
	unsigned worth = 0;

	for (unsigned i = 0; i < count; i++) {
		out[i] = (struct opened){.drop = check(sa, packets[i], lengths[i], &checked[worth])};
		if (out[i].drop == DROP_NONE)
			which[worth++] = i;
	}
	return worth;
}

void
esp_open_end(struct sa *sa, const struct suite_packet checked[], const unsigned which[], unsigned count,
	     struct opened out[])
{
	for (unsigned i = 0; i < count; i++)
		out[which[i]].drop = finish(sa, &checked[i], &out[which[i]]);
}

void
esp_open_batch(struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
	       struct opened out[])
{
	struct suite_packet batch[BATCH_PACKETS];
	unsigned which[BATCH_PACKETS];
	unsigned checked = esp_open_begin(sa, packets, lengths, count, batch, which, out);

	if (checked != 0)
		sa->suite->ops->open(sa->context, batch, checked);
	esp_open_end(sa, batch, which, checked, out);
}

enum drop
esp_open(struct sa *sa, uint8_t *packet, size_t length, struct opened *out)
{
	esp_open_batch(sa, &packet, &length, 1, out);
	return out->drop;
}
