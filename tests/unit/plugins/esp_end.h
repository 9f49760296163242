// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends of SAs, and packets, for tests that seal and open with bytes alone. */
#ifndef TWINSPAN_TESTS_UNIT_PLUGINS_ESP_END_H
#define TWINSPAN_TESTS_UNIT_PLUGINS_ESP_END_H

#include "plugins/dataplane_userspace/userspace.h"

#define ROOM 4096 /* of a packet in tests */
#define INNER21 "450000150000000040fd00000a0000010a0000025a"
#define KEY256 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3"

/** Writes the bytes that the digits name; returns how many. Anything else in `hex` fails the test. */
size_t from_hex(const char *hex, uint8_t *out);
/** One end of an SA between 192.0.2.1 and 192.0.2.2; keys as hexadecimal digits, the MAC's NULL for AEAD. */
struct sa *new_sa(bool inbound, uint32_t spi, uint16_t encryption, const char *key, uint16_t integrity,
		  const char *integrity_key, bool extended);
/** One end of an SA of SPI 0x12345678 with this suite; both ends have the same keys. */
struct sa *new_end(const struct suite *suite, bool inbound, bool extended);
/** One end of an SA of SPI 0x12345678 with AES-256-GCM and KEY256. */
struct sa *new_default(bool inbound);
/** An IPv4 or IPv6 packet of `length` bytes, IPv4 from 10.20.0.1 to 10.50.0.1. */
void make_inner(uint8_t *packet, size_t length, bool ipv6);
/** Seals an inner packet of 100 bytes; returns the length. */
size_t seal_100(struct sa *out, uint8_t packet[ROOM], uint64_t sequence);
/** Seals a text, trailer and all, as a peer with bad intentions could, and opens it. */
enum drop open_text(struct sa *out, struct sa *in, const uint8_t *text, size_t length, uint64_t sequence,
		    struct opened *opened);

#endif
