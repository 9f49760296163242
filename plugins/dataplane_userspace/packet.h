// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is done to inner packets between the TUN device and ESP: pure functions over bytes, for IPv4 and IPv6.
 * None of them allocates, locks or asks the system. A packet given to them was accepted by inner_parse, and
 * `length` is the one that its header tells.
 */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_PACKET_H
#define TWINSPAN_DATAPLANE_USERSPACE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"

enum {
	IPV4_HEADER = 20, /* without options */
	IPV6_HEADER = 40,
	IPV6_LEAST = 1280,   /* what each link takes (RFC 8200 5) */
	TOO_BIG_MOST = 1280, /* the longest answer of too_big_answer */
};

/* --- packet.c ---------------------------------------------------------------------------------- */

/** Writes a checksum field: the complement of a sum of checksum_add's (offload.h). */
void checksum_store(uint8_t field[2], uint64_t sum);
/** Mends a checksum field after one 16-bit word under it has changed (RFC 1624 3). Values in host order. */
void checksum_mend(uint8_t field[2], uint16_t before, uint16_t after);

/* What lies behind the IP header and, for IPv6, its extension headers. */
struct transport {
	uint8_t protocol;
	size_t offset, length; /* of the transport header and what follows, as far as it is in this packet */
	bool fragment;         /* one of several */
	bool first;            /* it begins with the transport header; false for later fragments */
	bool may_fragment;     /* IPv4 without DF */
};

/** False where extension headers run out of the packet, or there are more than anybody has. */
bool transport_find(const uint8_t *packet, size_t length, struct transport *out);

/* --- tos.c ------------------------------------------------------------------------------------- */

/** The TOS byte or traffic class of a packet. */
uint8_t packet_tos(const uint8_t *packet);
/** The outer TOS byte or traffic class of a packet: DSCP and ECN as inside (RFC 4301 5.1.2, RFC 6040 4.1,
 * normal mode). */
uint8_t tos_outward(uint8_t inner);
/**
 * After opening: brings the outer header's congestion mark into the inner packet (RFC 6040 4.2); DSCP stays
 * what it is inside. False: the packet must be dropped, which is how it is told of congestion.
 */
bool tos_inward(uint8_t *packet, uint8_t outer);

/* --- mss.c ------------------------------------------------------------------------------------- */

/**
 * Lowers the maximum segment size that a TCP SYN offers to what fits `mtu` (RFC 9293 3.7.1: less 40 bytes for
 * IPv4, 60 for IPv6), and mends the checksum; other packets stay as they are. `partial`: the checksum field
 * holds the sum of the pseudo-header only and is completed later (virtio's NEEDS_CSUM), so it stays as well.
 * Returns whether it changed the packet.
 */
bool mss_clamp(uint8_t *packet, size_t length, uint32_t mtu, bool partial);

/* --- too_big.c --------------------------------------------------------------------------------- */

/**
 * The answer to a packet that does not fit `mtu` and may not be fragmented: "fragmentation needed" (RFC 792,
 * RFC 1191 4) or "packet too big" (RFC 4443 3.2), to the packet's source, which goes back where the packet
 * came from. With IPv6 it comes from `from`, or the packet's destination where that is its source. With IPv4
 * it always comes from the destination: a kernel that forwards takes no packet from an address of its own off
 * the line, so that a host behind it would never be told. Returns its length; 0 where none may be sent: the
 * packet is an ICMP error or a later fragment, its source is no single host, or `from` is of the other family
 * or not set. IPv6 is never told of less than 1280 (RFC 8201 4), and not answered where it fits that: such a
 * packet has to be sent as it is (RFC 2473 7.1).
 */
size_t too_big_answer(const uint8_t *packet, size_t length, uint32_t mtu, const struct ip_address *from,
		      uint8_t out[TOO_BIG_MOST]);

/* A token bucket, for one thread: RFC 1812 4.3.2.8 and RFC 4443 2.4 (f) want errors to be limited. */
struct rate_limit {
	int64_t tokens, filled; /* millionths; monotonic microseconds */
};

/** Takes a token where there is one: `burst` at first, then `per_second`. `now` is monotonic microseconds. */
bool rate_limit_take(struct rate_limit *limit, int64_t now, uint32_t per_second, uint32_t burst);

/* --- fragment.c -------------------------------------------------------------------------------- */

/* An IPv4 packet that goes out in pieces. */
struct fragments {
	const uint8_t *packet;
	size_t header, length, done; /* done: bytes of its payload */
	uint32_t mtu;
};

/**
 * Begins to cut a packet (borrowed) into pieces that fit `mtu`. False where that may not or can't be: IPv6,
 * DF, an MTU below 68 (RFC 791 3.2), or a fragment that ends beyond 65,535 bytes.
 */
bool fragments_begin(struct fragments *fragments, const uint8_t *packet, size_t length, uint32_t mtu);
/** Writes the next piece, never more than `mtu` bytes, to `out`; 0 when there is none left. */
size_t fragments_next(struct fragments *fragments, uint8_t *out);

/* --- path_mtu.c -------------------------------------------------------------------------------- */

struct suite;

/* "Too big" from a router on the path. */
struct path_error {
	struct ip_address remote; /* where our packet went */
	uint32_t spi, mtu;        /* of our packet; what the router takes, outside */
};

/**
 * Reads an ICMP message: "fragmentation needed" of IPv4, which begins with its IP header as raw sockets have
 * it (RFC 1191 4), or "packet too big" of ICMPv6 (RFC 4443 3.2). False for anything else, and where it does
 * not give back an ESP packet, encapsulated or not, as far as its SPI. It is as forged as the network likes:
 * look the SPI up (RFC 4301 8.2.1).
 */
bool path_error_read(uint8_t family, const uint8_t *message, size_t length, struct path_error *out);

/**
 * The largest inner packet whose ESP packet fits `outer` bytes, its outer header and UDP's counted. 0 where
 * none fits.
 */
uint32_t path_inner_mtu(const struct suite *suite, uint8_t family, bool encapsulated, uint32_t outer);
/** The other way round: the length outside of an inner packet. */
uint32_t path_outer_length(const struct suite *suite, uint8_t family, bool encapsulated, uint32_t inner);

#endif
