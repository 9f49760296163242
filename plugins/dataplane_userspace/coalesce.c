// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes super-packets of packets that belong together, the inverse of segment.c: cutting what comes out gives
 * the packets that went in. (One exception: the identification of IPv4 packets with DF, which has no meaning
 * by RFC 6864 4.1 and which differs between senders.)
 *
 * Packets come in one after the other and stay where they are; a super-packet is a list of parts for one
 * writev, so nothing is copied. Super-packets leave in the order of their first packets. So that no flow is
 * ever reordered by that, a packet that can't be merged closes what is open of its flow.
 *
 * Merged is only what has a right checksum, because the receiver trusts a super-packet's: a packet that was
 * damaged before it came to the other gateway must arrive as damaged as it was.
 */
#include "plugins/dataplane_userspace/offload.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
	OPEN_SOUGHT = 16, /* how many super-packets back a packet's flow is looked for */
	TCP_ACK_PSH = 0x18,
	TCP_PSH = 0x08,
	IPV4_DF = 0x40,
};

/* What of a packet decides on merging. */
struct candidate {
	const uint8_t *bytes;
	size_t length, l4, headers;
	uint8_t protocol; /* 0: not to be merged */
	bool addresses;   /* it has a whole IP header */
	bool ports;       /* its flow can be told from others between the same addresses */
};

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

static void
put16(uint8_t *at, size_t value)
{
	uint16_t wire = htons((uint16_t)value);

	memcpy(at, &wire, sizeof(wire));
}

static bool
checksum_right(const struct candidate *k, uint8_t protocol)
{
	size_t length = k->length - k->l4;
	uint64_t sum = checksum_pseudo(k->bytes, protocol, length);

	return checksum_fold(checksum_add(sum, k->bytes + k->l4, length)) == 0xffff;
}

/* TCP with data, and neither SYN, FIN, RST, URG nor a word about congestion. */
static bool
tcp_merges(struct candidate *k)
{
	const uint8_t *tcp = k->bytes + k->l4;

	if (k->length < k->l4 + 20)
		return false;
	k->headers = k->l4 + (size_t)(tcp[12] >> 4) * 4;
	return k->headers >= k->l4 + 20 && k->headers < k->length && (tcp[12] & 15) == 0 &&
	       (tcp[13] & ~TCP_PSH) == (TCP_ACK_PSH & ~TCP_PSH) && checksum_right(k, IPPROTO_TCP);
}

/* UDP with data and a checksum, as long as its IP packet. */
static bool
udp_merges(struct candidate *k)
{
	const uint8_t *udp = k->bytes + k->l4;

	k->headers = k->l4 + 8;
	return k->headers < k->length && get16(udp + 4) == k->length - k->l4 && get16(udp + 6) != 0 &&
	       checksum_right(k, IPPROTO_UDP);
}

static struct candidate
judge(const uint8_t *packet, size_t length, bool udp)
{
	struct candidate k = {.bytes = packet, .length = length};
	bool fragment = false, whole;
	uint8_t protocol;

	if (length < 20 || (packet[0] >> 4 != 4 && (packet[0] >> 4 != 6 || length < 40)))
		return k;
	k.addresses = true;
	if (packet[0] >> 4 == 4) {
		k.l4 = (size_t)(packet[0] & 15) * 4;
		protocol = packet[9];
		fragment = (get16(packet + 6) & 0x3fff) != 0;
		whole = k.l4 == 20 && get16(packet + 2) == length && (packet[6] & 0x80) == 0 &&
			checksum_fold(checksum_add(0, packet, 20)) == 0xffff;
	} else {
		k.l4 = 40;
		protocol = packet[6];
		whole = get16(packet + 4) + (size_t)40 == length;
	}
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || fragment || length < k.l4 + 8)
		return k;
	k.ports = true;
	if (whole && (protocol == IPPROTO_TCP ? tcp_merges(&k) : udp && udp_merges(&k)))
		k.protocol = protocol;
	return k;
}

/* Same addresses; and, where both have them, same protocol and ports. */
static bool
same_flow(const struct coalescer *c, const struct super *s, const struct candidate *k)
{
	const uint8_t *a = c->packets[s->first].bytes, *b = k->bytes;

	if (a[0] >> 4 != b[0] >> 4)
		return false;
	if (a[0] >> 4 == 4 ? memcmp(a + 12, b + 12, 8) != 0 : memcmp(a + 8, b + 8, 32) != 0)
		return false;
	return !k->ports || memcmp(a + s->l4, b + k->l4, 4) == 0;
}

static bool
same_ip_header(const uint8_t *a, const uint8_t *b, unsigned number)
{
	if (a[0] >> 4 == 6)
		return memcmp(a, b, 4) == 0 && a[7] == b[7];
	return a[1] == b[1] && a[8] == b[8] && a[6] == b[6] &&
	       ((a[6] & IPV4_DF) != 0 || get16(b + 4) == (uint16_t)(get16(a + 4) + number));
}

static bool
same_tcp_header(const uint8_t *a, const uint8_t *b, size_t options)
{
	return memcmp(a + 8, b + 8, 5) == 0 && memcmp(a + 14, b + 14, 2) == 0 &&
	       memcmp(a + 18, b + 18, 2 + options) == 0;
}

/* May the packet be the super-packet's next segment? */
static bool
follows(const struct coalescer *c, const struct super *s, const struct candidate *k)
{
	const uint8_t *a = c->packets[s->first].bytes, *b = k->bytes;
	size_t data = k->length - k->headers;

	if (s->protocol != k->protocol || s->l4 != k->l4 || s->headers != k->headers || data > s->size ||
	    s->length + data > SUPER_MAX || !same_ip_header(a, b, s->count))
		return false;
	if (k->protocol == IPPROTO_UDP)
		return s->count < COALESCE_UDP_MOST;
	return get32(b + k->l4 + 4) == s->sequence &&
	       same_tcp_header(a + s->l4, b + k->l4, k->headers - k->l4 - 20);
}

void
coalesce_reset(struct coalescer *c)
{
	c->packet_count = c->super_count = c->recent = 0;
	c->bytes = 0;
}

/* PSH says: deliver now; and a short segment is the last by definition. */
static void
took(struct super *s, const struct candidate *k)
{
	size_t data = k->length - k->headers;

	s->count++;
	s->sequence += (uint32_t)data;
	s->pushed = k->protocol == IPPROTO_TCP && (k->bytes[k->l4 + 13] & TCP_PSH) != 0;
	if (data < s->size || s->pushed)
		s->open = false;
}

static void
append(struct coalescer *c, struct super *s, const struct candidate *k)
{
	unsigned at = c->packet_count - 1;

	c->packets[s->last].next = at;
	s->last = at;
	s->length += k->length - k->headers;
	took(s, k);
	c->recent = (unsigned)(s - c->supers);
}

static void
start(struct coalescer *c, const struct candidate *k)
{
	struct super *s = &c->supers[c->super_count];
	unsigned at = c->packet_count - 1;

	*s = (struct super){
	    .first = at,
	    .last = at,
	    .length = k->length,
	    .l4 = k->l4,
	    .headers = k->headers,
	    .protocol = k->protocol,
	    .open = k->protocol != 0,
	};
	if (s->open) {
		s->size = (uint16_t)(k->length - k->headers);
		if (k->protocol == IPPROTO_TCP)
			s->sequence = get32(k->bytes + k->l4 + 4);
		took(s, k);
	} else {
		s->count = 1;
	}
	c->recent = c->super_count++;
	/* what is out of sight takes no more */
	if (c->super_count > OPEN_SOUGHT)
		c->supers[c->super_count - OPEN_SOUGHT - 1].open = false;
}

/* Merges the packet, or closes what it must not be overtaken by. */
static bool
merge(struct coalescer *c, const struct candidate *k)
{
	unsigned oldest = c->super_count > OPEN_SOUGHT ? c->super_count - OPEN_SOUGHT : 0;
	struct super *recent = &c->supers[c->recent];

	if (c->super_count == 0 || !k->addresses)
		return false;
	if (recent->open && k->protocol != 0 && same_flow(c, recent, k) && follows(c, recent, k)) {
		append(c, recent, k);
		return true;
	}
	for (unsigned i = c->super_count; i-- > oldest;) {
		struct super *s = &c->supers[i];

		if (!s->open || !same_flow(c, s, k))
			continue;
		if (k->protocol != 0 && follows(c, s, k)) {
			append(c, s, k);
			return true;
		}
		s->open = false;
	}
	return false;
}

bool
coalesce_add(struct coalescer *c, const uint8_t *packet, size_t length)
{
	struct candidate k;

	if (c->packet_count == COALESCE_MOST)
		return false;
	k = judge(packet, length, c->udp);
	c->packets[c->packet_count].bytes = packet;
	c->packets[c->packet_count].length = length;
	c->packet_count++;
	c->bytes += length;
	if (!merge(c, &k))
		start(c, &k);
	return true;
}

/* The headers of a super-packet, in `out`: the first packet's with the lengths of it all. */
static void
write_headers(const struct coalescer *c, const struct super *s, uint8_t *out)
{
	size_t l4_length = s->length - s->l4;
	uint16_t sum;

	memcpy(out, c->packets[s->first].bytes, s->headers);
	if (out[0] >> 4 == 6) {
		put16(out + 4, s->length - 40);
	} else {
		put16(out + 2, s->length);
		checksum_ipv4(out, s->l4);
	}
	if (s->protocol == IPPROTO_UDP)
		put16(out + s->l4 + 4, l4_length);
	else if (s->pushed)
		out[s->l4 + 13] |= TCP_PSH;
	sum = checksum_fold(checksum_pseudo(out, s->protocol, l4_length));
	memcpy(out + s->l4 + (s->protocol == IPPROTO_UDP ? 6 : 16), &sum, sizeof(sum));
}

size_t
coalesce_parts(const struct coalescer *c, unsigned n, struct virtio_net_hdr *header,
	       uint8_t scratch[SUPER_HEADERS], struct iovec parts[COALESCE_MOST + 2])
{
	const struct super *s = &c->supers[n];
	size_t count = 2;

	*header = (struct virtio_net_hdr){0};
	parts[0] = (struct iovec){header, sizeof(*header)};
	if (s->count == 1) {
		parts[1] = (struct iovec){(void *)c->packets[s->first].bytes, c->packets[s->first].length};
		return count;
	}
	write_headers(c, s, scratch);
	*header = (struct virtio_net_hdr){
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = s->protocol == IPPROTO_UDP ? VIRTIO_NET_HDR_GSO_UDP_L4
			: scratch[0] >> 4 == 6     ? VIRTIO_NET_HDR_GSO_TCPV6
						   : VIRTIO_NET_HDR_GSO_TCPV4,
	    .hdr_len = (uint16_t)s->headers,
	    .gso_size = s->size,
	    .csum_start = (uint16_t)s->l4,
	    .csum_offset = s->protocol == IPPROTO_UDP ? 6 : 16,
	};
	parts[1] = (struct iovec){scratch, s->headers};
	for (unsigned at = s->first;; at = c->packets[at].next) {
		parts[count++] = (struct iovec){(void *)(c->packets[at].bytes + s->headers),
						c->packets[at].length - s->headers};
		if (at == s->last)
			return count;
	}
}
