// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IP addresses and prefixes of both families, as values: 17 and 18 bytes, copied freely, compared by
 * function. An address of family AF_UNSPEC is "none" (or "any", where the text was "any").
 */
#ifndef TWINSPAN_BASE_ADDRESS_H
#define TWINSPAN_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct ip_address {
	uint8_t family;    /* AF_UNSPEC, AF_INET or AF_INET6 */
	uint8_t bytes[16]; /* network order; IPv4 uses the first four, the rest is zero */
};

struct ip_prefix {
	struct ip_address address; /* host bits may be set: see ip_prefix_network() */
	uint8_t length;            /* 0-32 or 0-128 */
};

#define IP_ADDRESS_TEXT 46 /* room for any address as text, with its NUL */
#define IP_PREFIX_TEXT 50

/** Parses "192.0.2.1" or "2001:db8::1" (no names, no zone). False for anything else; `out` is then untouched.
 */
bool ip_address_parse(const char *text, struct ip_address *out);
/** Parses "10.0.0.0/8"; without a slash the length is that of a host. Host bits are kept. */
bool ip_prefix_parse(const char *text, struct ip_prefix *out);
/** Writes the text (RFC 5952 for IPv6; "any" for none) and returns `out`, so that it can stand in a printf.
 */
const char *ip_address_format(const struct ip_address *address, char out[IP_ADDRESS_TEXT]);
const char *ip_prefix_format(const struct ip_prefix *prefix, char out[IP_PREFIX_TEXT]);

/** Total order: family, then bytes; for prefixes then length. */
int ip_address_compare(const struct ip_address *a, const struct ip_address *b);
int ip_prefix_compare(const struct ip_prefix *a, const struct ip_prefix *b);
bool ip_address_equal(const struct ip_address *a, const struct ip_address *b);
bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
bool ip_address_is_set(const struct ip_address *address);
/** fe80::/10 (RFC 4291, 2.5.6). */
bool ip_address_is_link_local(const struct ip_address *address);

/** The same prefix with its host bits cleared. */
struct ip_prefix ip_prefix_network(const struct ip_prefix *prefix);
/** True when the address lies within; never of another family. */
bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_address *address);
/** True when `inner` lies within `outer` (equal prefixes do). */
bool ip_prefix_covers(const struct ip_prefix *outer, const struct ip_prefix *inner);
/** True when one of the two covers the other. */
bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);
/** Bits of an address of that family: 32, 128, or 0 for none. */
unsigned ip_family_bits(uint8_t family);
unsigned ip_family_bytes(uint8_t family);

/** The IPv4 address of a number in host order: the way back of ip_address_to_v4(). */
struct ip_address ip_address_v4(uint32_t host_order);
/** IPv4 only: the address as a host-order number; 0 for other families. */
uint32_t ip_address_to_v4(const struct ip_address *address);

/** Fills a sockaddr; returns its length, or 0 for family none. */
socklen_t ip_address_to_sockaddr(const struct ip_address *address, uint16_t port,
				 struct sockaddr_storage *out);
/** Reads a sockaddr of AF_INET or AF_INET6 (a v4-mapped address becomes IPv4). `port` may be NULL. */
bool ip_address_from_sockaddr(const struct sockaddr *from, struct ip_address *out, uint16_t *port);

/**
 * The other host of a /30, /31, /126 or /127: given this side's inside address with its length, writes the
 * peer's. False where the prefix does not have exactly two hosts or `inside` is its network or broadcast
 * address.
 */
bool ip_prefix_other_host(const struct ip_prefix *inside, struct ip_address *out);

#endif
