// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cuts super-packets into packets, as the kernel would have done (RFC 9293; RFC 791 for the identification;
 * RFC 3168 6.1.2 for CWR, which is the first segment's only). FIN and PSH belong to the last segment. Each
 * checksum is made anew: what the device gives has only the pseudo-header's in its place.
 */
#include "plugins/dataplane_userspace/offload.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
	TCP_HEADER = 20,
	UDP_HEADER = 8,
	TCP_SEQUENCE = 4,
	TCP_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	FLAG_FIN = 0x01,
	FLAG_PSH = 0x08,
	FLAG_CWR = 0x80,
};

static void
put16(uint8_t *at, size_t value)
{
	uint16_t wire = htons((uint16_t)value);

	memcpy(at, &wire, sizeof(wire));
}

static void
put32(uint8_t *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, sizeof(value));
}

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* A packet whose sender left its checksum to the device. */
static bool
finish_checksum(const struct virtio_net_hdr *header, uint8_t *packet, size_t length)
{
	size_t start = header->csum_start, at = start + header->csum_offset;
	uint16_t sum;

	if (start > length || at + sizeof(sum) > length)
		return false;
	sum = (uint16_t)~checksum_fold(checksum_add(0, packet + start, length - start));
	if (sum == 0) /* no checksum at all, in UDP; the same number in all others */
		sum = 0xffff;
	memcpy(packet + at, &sum, sizeof(sum));
	return true;
}

/* Where TCP or UDP starts and ends, and whether that is the protocol that the device speaks of. */
static bool
find_headers(struct segmenter *s, const struct virtio_net_hdr *header)
{
	bool v4 = s->packet[0] >> 4 == 4;
	size_t ip = v4 ? (size_t)(s->packet[0] & 15) * 4 : 40;

	if (ip < 20 || (!v4 && s->packet[0] >> 4 != 6) || s->length < ip)
		return false;
	s->l4 = v4 ? ip : header->csum_start; /* IPv6 may have extension headers in front */
	if (s->l4 < ip || s->l4 > s->length)
		return false;
	if (s->protocol == IPPROTO_UDP) {
		s->headers = s->l4 + UDP_HEADER;
		return s->headers < s->length;
	}
	if (s->length < s->l4 + TCP_HEADER)
		return false;
	s->headers = s->l4 + (size_t)(s->packet[s->l4 + TCP_OFFSET] >> 4) * 4;
	return s->headers >= s->l4 + TCP_HEADER && s->headers < s->length;
}

bool
segment_begin(struct segmenter *s, const struct virtio_net_hdr *header, uint8_t *packet, size_t length)
{
	*s = (struct segmenter){.packet = packet, .length = length};
	switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return length != 0 && ((header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0 ||
				       finish_checksum(header, packet, length));
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		s->protocol = IPPROTO_TCP;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		s->protocol = IPPROTO_UDP;
		break;
	default:
		return false;
	}
	s->size = header->gso_size;
	if (s->size == 0 || length == 0 || length > SUPER_MAX + (size_t)SUPER_HEADERS ||
	    !find_headers(s, header))
		return false;
	s->at = s->headers;
	if (packet[0] >> 4 == 4)
		s->id = get16(packet + 4);
	if (s->protocol == IPPROTO_TCP) {
		s->sequence = get32(packet + s->l4 + TCP_SEQUENCE);
		s->flags = packet[s->l4 + TCP_FLAGS];
	}
	return true;
}

size_t
segment_left(const struct segmenter *s)
{
	if (s->size == 0)
		return s->at == 0;
	return (s->length - s->at + s->size - 1) / s->size;
}

static size_t
data_length(const struct segmenter *s)
{
	return s->length - s->at < s->size ? s->length - s->at : s->size;
}

size_t
segment_length(const struct segmenter *s)
{
	if (s->size == 0)
		return s->at == 0 ? s->length : 0;
	return s->at < s->length ? s->headers + data_length(s) : 0;
}

static void
write_ip(const struct segmenter *s, uint8_t *out, size_t length)
{
	if (out[0] >> 4 == 6) {
		put16(out + 4, length - 40);
		return;
	}
	put16(out + 2, length);
	put16(out + 4, (uint16_t)(s->id + s->number));
	checksum_ipv4(out, s->l4);
}

/* TCP's or UDP's header; `last`: it is the last segment. */
static void
write_l4(const struct segmenter *s, uint8_t *out, size_t length, bool last)
{
	uint8_t *l4 = out + s->l4, *sum_at;
	size_t l4_length = length - s->l4;
	uint16_t sum;

	if (s->protocol == IPPROTO_UDP) {
		put16(l4 + UDP_LENGTH, l4_length);
		sum_at = l4 + UDP_CHECKSUM;
	} else {
		uint8_t flags = s->flags;

		if (!last)
			flags &= (uint8_t) ~(FLAG_FIN | FLAG_PSH);
		if (s->number != 0)
			flags &= (uint8_t)~FLAG_CWR;
		put32(l4 + TCP_SEQUENCE, s->sequence + (uint32_t)s->number * s->size);
		l4[TCP_FLAGS] = flags;
		sum_at = l4 + TCP_CHECKSUM;
	}
	memset(sum_at, 0, sizeof(sum));
	sum = (uint16_t)~checksum_fold(
	    checksum_add(checksum_pseudo(out, s->protocol, l4_length), l4, l4_length));
	if (sum == 0 && s->protocol == IPPROTO_UDP)
		sum = 0xffff;
	memcpy(sum_at, &sum, sizeof(sum));
}

void
segment_write(struct segmenter *s, uint8_t *out)
{
	size_t data = data_length(s);

	if (s->size == 0) {
		memcpy(out, s->packet, s->length);
		s->at = s->length;
		return;
	}
	memcpy(out, s->packet, s->headers);
	memcpy(out + s->headers, s->packet + s->at, data);
	s->at += data;
	write_ip(s, out, s->headers + data);
	write_l4(s, out, s->headers + data, s->at == s->length);
	s->number++;
}
