// SPDX-License-Identifier: GPL-2.0-or-later
/* See flows.h. */
#include "tests/unit/plugins/flows.h"
#include "core/base/buffer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void
make_ip(const struct flows_packet *want, struct writer *w, size_t l4_length)
{
	static const uint8_t v6[32] = {[0] = 0xfd, [15] = 1, [16] = 0xfd, [31] = 2};
	static const uint8_t v4[8] = {10, 0, 0, 1, 10, 0, 0, 2};
	uint8_t ttl = want->ttl != 0 ? want->ttl : 64, protocol = want->udp ? IPPROTO_UDP : IPPROTO_TCP;

	if (want->ipv6) {
		writer_u32(w, 6u << 28 | (uint32_t)want->tos << 20);
		writer_u16(w, (uint16_t)l4_length);
		writer_u8(w, protocol);
		writer_u8(w, ttl);
		writer_bytes(w, v6, sizeof(v6));
		return;
	}
	writer_u8(w, 0x45);
	writer_u8(w, want->tos);
	writer_u16(w, (uint16_t)(20 + l4_length));
	writer_u16(w, want->id);
	writer_u16(w, (uint16_t)((want->may_fragment || want->fragment ? 0 : 0x4000) |
				 (want->fragment ? 0x2000 : 0)));
	writer_u8(w, ttl);
	writer_u8(w, protocol);
	writer_u16(w, 0);
	writer_bytes(w, v4, sizeof(v4));
}

static void
make_l4(const struct flows_packet *want, struct writer *w, size_t l4_length)
{
	writer_u16(w, (uint16_t)(1000 + want->flow));
	writer_u16(w, 2000);
	if (want->udp) {
		writer_u16(w, (uint16_t)l4_length);
		writer_u16(w, 0);
	} else {
		writer_u32(w, want->sequence);
		writer_u32(w, 77);
		writer_u8(w, (uint8_t)((5 + want->options) << 4));
		writer_u8(w, (uint8_t)(0x10 | want->flags));
		writer_u16(w, 500);
		writer_u32(w, 0);
		for (unsigned i = 0; i < want->options; i++)
			writer_u32(w, 0x01010101);
	}
	for (unsigned i = 0; i < want->data; i++)
		writer_u8(w, (uint8_t)(want->sequence + i * 3 + want->id));
}

size_t
flows_make(const struct flows_packet *want, uint8_t packet[FLOWS_PACKET])
{
	size_t ip = want->ipv6 ? 40 : 20, l4 = want->udp ? 8 : 20 + want->options * 4u;
	size_t l4_length = l4 + want->data;
	struct writer w = writer_over(packet, FLOWS_PACKET);
	uint16_t sum;

	make_ip(want, &w, l4_length);
	make_l4(want, &w, l4_length);
	if (w.failed)
		abort();
	if (!want->ipv6)
		checksum_ipv4(packet, 20);
	sum = (uint16_t)~checksum_fold(
	    checksum_add(checksum_pseudo(packet, want->udp ? IPPROTO_UDP : IPPROTO_TCP, l4_length),
			 packet + ip, l4_length));
	if (sum == 0)
		sum = 0xffff;
	memcpy(packet + ip + (want->udp ? 6 : 16), &sum, sizeof(sum));
	return ip + l4_length;
}

/* --- what must hold ---------------------------------------------------------------------------- */

#define MOST COALESCE_MOST

struct list {
	unsigned count;
	size_t lengths[MOST];
	uint8_t *packets[MOST];
};

static void
list_add(struct list *list, const uint8_t *packet, size_t length)
{
	uint8_t *copy = malloc(length != 0 ? length : 1);

	if (copy == NULL || list->count == MOST)
		abort();
	memcpy(copy, packet, length);
	list->packets[list->count] = copy;
	list->lengths[list->count++] = length;
}

static void
list_free(struct list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free(list->packets[i]);
	list->count = 0;
}

/* Where TCP or UDP starts; 0 when it can't be told, or the packet is a fragment. */
static size_t
ports_at(const uint8_t *p, size_t length)
{
	bool v4 = length >= 20 && p[0] >> 4 == 4;
	size_t at = v4 ? (size_t)(p[0] & 15) * 4 : 40;

	if (length < at + 8 || (v4 ? p[9] != IPPROTO_TCP && p[9] != IPPROTO_UDP
				   : p[0] >> 4 != 6 || (p[6] != IPPROTO_TCP && p[6] != IPPROTO_UDP)))
		return 0;
	return v4 && ((p[6] & 0x3f) != 0 || p[7] != 0) ? 0 : at;
}

/* Must the order of these two not change? */
static bool
related(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
	size_t a_ports = ports_at(a, a_length), b_ports = ports_at(b, b_length);

	if (a_length < 20 || b_length < 20 || a[0] >> 4 != b[0] >> 4 ||
	    (a[0] >> 4 == 6 && (a_length < 40 || b_length < 40)))
		return false;
	if (a[0] >> 4 == 4 ? memcmp(a + 12, b + 12, 8) != 0 : memcmp(a + 8, b + 8, 32) != 0)
		return false;
	return a_ports == 0 || b_ports == 0 || memcmp(a + a_ports, b + b_ports, 4) == 0;
}

/* A copy without what may differ: with DF the identification and so the checksum over it, and whether TCP
 * writes a checksum of 0 as that or as 0xffff. */
static void
canonical(const uint8_t *packet, size_t length, uint8_t *out)
{
	size_t at = ports_at(packet, length);

	memcpy(out, packet, length);
	if (length >= 20 && out[0] >> 4 == 4) {
		if ((out[6] & 0x40) != 0)
			memset(out + 4, 0, 2);
		memset(out + 10, 0, 2);
	}
	if (at != 0 && length >= at + 18 && out[out[0] >> 4 == 4 ? 9 : 6] == IPPROTO_TCP &&
	    out[at + 16] == 0xff && out[at + 17] == 0xff)
		memset(out + at + 16, 0, 2);
}

static bool
ipv4_checksum_right(const uint8_t *packet, size_t length)
{
	size_t header = length != 0 ? (size_t)(packet[0] & 15) * 4 : 0;

	return header < 20 || header > length || packet[0] >> 4 != 4 ||
	       checksum_fold(checksum_add(0, packet, header)) == 0xffff;
}

static bool
same(const uint8_t *a, size_t a_length, const uint8_t *b, size_t b_length)
{
	uint8_t *copies = malloc(a_length * 2 + 1);
	bool equal = a_length == b_length;

	if (copies == NULL)
		abort();
	if (equal) {
		canonical(a, a_length, copies);
		canonical(b, b_length, copies + a_length);
		equal = memcmp(copies, copies + a_length, a_length) == 0 &&
			ipv4_checksum_right(a, a_length) == ipv4_checksum_right(b, b_length);
	}
	free(copies);
	return equal;
}

/* Cuts the n-th super-packet. */
static const char *
cut(const struct coalescer *c, unsigned n, struct list *out)
{
	static struct iovec parts[COALESCE_MOST + 2];
	static uint8_t whole[SUPER_MAX + SUPER_HEADERS], one[SUPER_MAX + SUPER_HEADERS];
	struct virtio_net_hdr header;
	uint8_t scratch[SUPER_HEADERS];
	size_t count = coalesce_parts(c, n, &header, scratch, parts), length = 0, next;
	struct segmenter s;

	if (parts[0].iov_base != &header || parts[0].iov_len != sizeof(header))
		return "the virtio header is not the first part";
	for (size_t i = 1; i < count; i++) {
		if (length + parts[i].iov_len > sizeof(whole))
			return "a super-packet is too long";
		memcpy(whole + length, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	if (length != c->supers[n].length)
		return "a super-packet is not as long as it says";
	if (length == 0) { /* nothing to cut */
		list_add(out, whole, 0);
		return NULL;
	}
	if (!segment_begin(&s, &header, whole, length))
		return "a super-packet can't be cut";
	if (segment_left(&s) != c->supers[n].count)
		return "a super-packet is of another number of segments than it says";
	while ((next = segment_length(&s)) != 0) {
		segment_write(&s, one);
		list_add(out, one, next);
	}
	return NULL;
}

static const char *
compare(const struct list *out, uint8_t *const packets[], const size_t lengths[], unsigned count)
{
	unsigned place[MOST]; /* in the output, of each packet of the input */
	bool taken[MOST] = {false};

	if (out->count != count)
		return "packets were lost or made";
	for (unsigned i = 0; i < count; i++) {
		unsigned k = 0;

		while (k < count &&
		       (taken[k] || !same(out->packets[k], out->lengths[k], packets[i], lengths[i])))
			k++;
		if (k == count)
			return "a packet changed";
		taken[k] = true;
		place[i] = k;
		for (unsigned j = 0; j < i; j++)
			if (place[j] > k && related(packets[i], lengths[i], packets[j], lengths[j]))
				return "packets of a flow changed their order";
	}
	return NULL;
}

const char *
flows_check(uint8_t *const packets[], const size_t lengths[], unsigned count, bool udp, unsigned *supers)
{
	static struct coalescer c;
	struct list out = {0};
	const char *wrong = NULL;

	c.udp = udp;
	coalesce_reset(&c);
	for (unsigned i = 0; i < count; i++)
		if (!coalesce_add(&c, packets[i], lengths[i]))
			return "there is no room";
	for (unsigned n = 0; n < c.super_count && wrong == NULL; n++)
		wrong = cut(&c, n, &out);
	if (supers != NULL)
		*supers = c.super_count;
	if (wrong == NULL)
		wrong = compare(&out, packets, lengths, count);
	list_free(&out);
	return wrong;
}
