// SPDX-License-Identifier: GPL-2.0-or-later
/* The Internet checksum in the plain way (RFC 1071 4.1), in host order, to compare fast ones with. */
#ifndef TWINSPAN_TESTS_UNIT_PLUGINS_CHECKSUMS_H
#define TWINSPAN_TESTS_UNIT_PLUGINS_CHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The checksum of those bytes behind a sum that has begun. */
static inline uint16_t
checksum_of(const uint8_t *bytes, size_t length, uint32_t begun)
{
	uint32_t sum = begun;

	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The sum that a pseudo-header begins with (RFC 9293 3.1, RFC 8200 8.1). */
static inline uint32_t
pseudo(const uint8_t *packet, uint8_t protocol, uint32_t length)
{
	bool ipv6 = packet[0] >> 4 == 6;

	return (uint32_t)(uint16_t)~checksum_of(packet + (ipv6 ? 8 : 12), ipv6 ? 32 : 8, 0) + protocol +
	       length;
}

#endif
