// SPDX-License-Identifier: GPL-2.0-or-later
/* IP addresses and prefixes as values; see address.h. */
#include "core/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned
ip_family_bits(uint8_t family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

unsigned
ip_family_bytes(uint8_t family)
{
	return ip_family_bits(family) / 8;
}

bool
ip_address_parse(const char *text, struct ip_address *out)
{
	struct ip_address got = {0};

	if (inet_pton(AF_INET, text, got.bytes) == 1)
		got.family = AF_INET;
	else if (inet_pton(AF_INET6, text, got.bytes) == 1)
		got.family = AF_INET6;
	else
		return false;
	*out = got;
	return true;
}

bool
ip_prefix_parse(const char *text, struct ip_prefix *out)
{
	char head[IP_ADDRESS_TEXT];
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct ip_prefix got = {0};
	unsigned bits, value = 0;

	if (length == 0 || length >= sizeof(head))
		return false;
	memcpy(head, text, length);
	head[length] = '\0';
	if (!ip_address_parse(head, &got.address))
		return false;
	bits = ip_family_bits(got.address.family);
	if (slash == NULL) {
		value = bits;
	} else {
		const char *digit = slash + 1;

		if (*digit == '\0' || strlen(digit) > 3 || (digit[0] == '0' && digit[1] != '\0'))
			return false;
		for (; *digit != '\0'; digit++) {
			if (*digit < '0' || *digit > '9')
				return false;
			value = value * 10 + (unsigned)(*digit - '0');
		}
		if (value > bits)
			return false;
	}
	got.length = (uint8_t)value;
	*out = got;
	return true;
}

const char *
ip_address_format(const struct ip_address *address, char out[IP_ADDRESS_TEXT])
{
	if (address->family == AF_UNSPEC ||
	    inet_ntop(address->family, address->bytes, out, IP_ADDRESS_TEXT) == NULL)
		memcpy(out, "any", 4);
	return out;
}

const char *
ip_prefix_format(const struct ip_prefix *prefix, char out[IP_PREFIX_TEXT])
{
	char head[IP_ADDRESS_TEXT];

	snprintf(out, IP_PREFIX_TEXT, "%s/%u", ip_address_format(&prefix->address, head), prefix->length);
	return out;
}

int
ip_address_compare(const struct ip_address *a, const struct ip_address *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, ip_family_bytes(a->family));
}

int
ip_prefix_compare(const struct ip_prefix *a, const struct ip_prefix *b)
{
	int order = ip_address_compare(&a->address, &b->address);

	return order != 0 ? order : (int)a->length - (int)b->length;
}

bool
ip_address_equal(const struct ip_address *a, const struct ip_address *b)
{
	return ip_address_compare(a, b) == 0;
}

bool
ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_prefix_compare(a, b) == 0;
}

bool
ip_address_is_set(const struct ip_address *address)
{
	return address->family != AF_UNSPEC;
}

bool
ip_address_is_link_local(const struct ip_address *address)
{
	return address->family == AF_INET6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

struct ip_prefix
ip_prefix_network(const struct ip_prefix *prefix)
{
	struct ip_prefix out = *prefix;
	unsigned count = ip_family_bytes(prefix->address.family);

	for (unsigned i = 0; i < count; i++) {
		unsigned first = i * 8;

		if (first >= prefix->length)
			out.address.bytes[i] = 0;
		else if (first + 8 > prefix->length)
			out.address.bytes[i] &= (uint8_t)(0xff << (first + 8 - prefix->length));
	}
	return out;
}

/* True when the first `length` bits of a and b are the same. */
static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned length)
{
	unsigned whole = length / 8, rest = length % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (uint8_t)(0xff << (8 - rest))) == 0;
}

bool
ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_address *address)
{
	return prefix->address.family == address->family && address->family != AF_UNSPEC &&
	       same_bits(prefix->address.bytes, address->bytes, prefix->length);
}

bool
ip_prefix_covers(const struct ip_prefix *outer, const struct ip_prefix *inner)
{
	return outer->length <= inner->length && ip_prefix_contains(outer, &inner->address);
}

bool
ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_prefix_covers(a, b) || ip_prefix_covers(b, a);
}

struct ip_address
ip_address_v4(uint32_t host_order)
{
	struct ip_address out = {.family = AF_INET};
	uint32_t network = htonl(host_order);

	memcpy(out.bytes, &network, 4);
	return out;
}

uint32_t
ip_address_to_v4(const struct ip_address *address)
{
	uint32_t network;

	if (address->family != AF_INET)
		return 0;
	memcpy(&network, address->bytes, 4);
	return ntohl(network);
}

socklen_t
ip_address_to_sockaddr(const struct ip_address *address, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, address->bytes, 4);
		return sizeof(*in);
	}
	if (address->family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, address->bytes, 16);
		return sizeof(*in6);
	}
	return 0;
}

bool
ip_address_from_sockaddr(const struct sockaddr *from, struct ip_address *out, uint16_t *port)
{
	struct ip_address got = {0};

	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)from;

		got.family = AF_INET;
		memcpy(got.bytes, &in->sin_addr, 4);
		if (port != NULL)
			*port = ntohs(in->sin_port);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			got.family = AF_INET;
			memcpy(got.bytes, (const uint8_t *)&in6->sin6_addr + 12, 4);
		} else {
			got.family = AF_INET6;
			memcpy(got.bytes, &in6->sin6_addr, 16);
		}
		if (port != NULL)
			*port = ntohs(in6->sin6_port);
	} else {
		return false;
	}
	*out = got;
	return true;
}

bool
ip_prefix_other_host(const struct ip_prefix *inside, struct ip_address *out)
{
	unsigned bits = ip_family_bits(inside->address.family),
		 last = ip_family_bytes(inside->address.family) - 1;
	struct ip_address other = inside->address;
	unsigned host;

	if (bits == 0 || (bits - inside->length != 2 && bits - inside->length != 1))
		return false;
	if (bits - inside->length == 1) {
		other.bytes[last] ^= 1;
	} else {
		host = other.bytes[last] & 3;
		if (host == 0 || host == 3)
			return false;
		other.bytes[last] ^= 3;
	}
	*out = other;
	return true;
}
