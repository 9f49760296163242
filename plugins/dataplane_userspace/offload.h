// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Super-packets: many segments of one flow under one header, as TUN devices hand them out and take them
 * (struct virtio_net_hdr; Linux, Documentation/networking/segmentation-offloads.rst). Cutting one into
 * packets (segment.c), and making one of packets that came one by one (coalesce.c). Bytes only: no sockets,
 * no tables, no allocation.
 */
#ifndef TWINSPAN_DATAPLANE_OFFLOAD_H
#define TWINSPAN_DATAPLANE_OFFLOAD_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* since Linux 6.2 */
#endif

enum {
	SUPER_MAX = 65535,     /* an IPv4 packet's longest */
	SUPER_HEADERS = 120,   /* IPv4 and TCP, both with all their options */
	COALESCE_MOST = 256,   /* packets between two flushes */
	COALESCE_UDP_MOST = 64 /* segments of a UDP super-packet that every kernel takes (UDP_MAX_SEGMENTS) */
};

/* --- checksum.c: the Internet checksum (RFC 1071), in the machine's byte order ------------------- */

/** Adds bytes to a sum of 16-bit words; every part but the last must be of even length. */
uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t length);
/** The sum, folded and not yet complemented; stored as it is (memcpy), it is in network order. */
uint16_t checksum_fold(uint64_t sum);
/** The sum of the pseudo-header of an IPv4 or IPv6 packet (RFC 9293 3.1, RFC 8200 8.1). `length` of TCP or
 * UDP. */
uint64_t checksum_pseudo(const uint8_t *ip, uint8_t protocol, size_t length);
/** Writes the header checksum of an IPv4 packet. */
void checksum_ipv4(uint8_t *ip, size_t header_length);

/* --- segment.c --------------------------------------------------------------------------------- */

struct segmenter {
	uint8_t *packet;
	size_t l4;      /* where TCP or UDP starts */
	size_t headers; /* and where its data do */
	size_t length, at;
	uint16_t size; /* of each segment's data; 0: the packet is one already */
	uint16_t number, id;
	uint32_t sequence;
	uint8_t flags; /* TCP's */
	uint8_t protocol;
};

/**
 * Begins to cut what a TUN device gave: `length` bytes at `packet`, borrowed until the last segment was
 * taken. A packet that is none but lacks its checksum gets it here. False: the header and the packet don't
 * fit together, or it is of no kind that we asked for.
 */
bool segment_begin(struct segmenter *s, const struct virtio_net_hdr *header, uint8_t *packet, size_t length);
/** Into how many packets it is cut from here on. */
size_t segment_left(const struct segmenter *s);
/** The length of the next packet, 0 behind the last. */
size_t segment_length(const struct segmenter *s);
/** Writes the next packet, of that length, with all its checksums. */
void segment_write(struct segmenter *s, uint8_t *out);

/* --- coalesce.c -------------------------------------------------------------------------------- */

/* What goes into a device by one write: a packet, or a super-packet of several. */
struct super {
	unsigned first, last; /* parts: indices of packets, linked by `next` */
	unsigned count;
	size_t length; /* of it all */
	size_t l4, headers;
	uint16_t size;     /* of a segment's data */
	uint32_t sequence; /* that comes next (TCP) */
	uint8_t protocol;  /* 0: not to be merged with anything */
	bool open, pushed; /* takes more; has TCP's PSH at its end */
};

struct coalescer {
	unsigned packet_count, super_count;
	unsigned recent; /* the super-packet that took the last packet */
	size_t bytes;
	bool udp; /* whether the device takes super-packets of UDP */
	struct {
		const uint8_t *bytes;
		size_t length;
		unsigned next;
	} packets[COALESCE_MOST];
	struct super supers[COALESCE_MOST];
};

/** Forgets all packets. */
void coalesce_reset(struct coalescer *c);
/**
 * Takes the next packet (IPv4 or IPv6, as long as its header says), borrowed until coalesce_reset. It is
 * merged into an earlier one where that loses nothing: TCP or UDP with a right checksum, same flow, same
 * TOS, TTL, flags and options, data that follow. False when there is no room: flush first.
 */
bool coalesce_add(struct coalescer *c, const uint8_t *packet, size_t length);
/**
 * The parts of the n-th super-packet to be written, the virtio header first: `header` and `scratch` must live
 * as long as they. Returns how many parts there are, at most COALESCE_MOST + 2.
 */
size_t coalesce_parts(const struct coalescer *c, unsigned n, struct virtio_net_hdr *header,
		      uint8_t scratch[SUPER_HEADERS], struct iovec parts[COALESCE_MOST + 2]);

#endif
