// SPDX-License-Identifier: GPL-2.0-or-later
/* See esp_end.h. */
#include "tests/unit/plugins/esp_end.h"
#include "core/base/buffer.h"
#include "tests/unit/test.h"

size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static struct sa *
create(bool inbound, uint32_t spi, const struct dataplane_algorithms *algorithms, bool extended)
{
	struct dataplane_sa description = {
	    .spi = spi,
	    .inbound = inbound,
	    .source = ip_address_v4(0xc0000201),
	    .destination = ip_address_v4(0xc0000202),
	    .extended_sequence = extended,
	    .replay_window = 64,
	    .algorithms = *algorithms,
	};
	struct error err;
	struct sa *sa = sa_create(&description, NULL, &err);

	if (sa == NULL)
		fail_msg("%s", err.text);
	return sa;
}

struct sa *
new_sa(bool inbound, uint32_t spi, uint16_t encryption, const char *key, uint16_t integrity,
       const char *integrity_key, bool extended)
{
	uint8_t bytes[64], mac_bytes[64];
	struct dataplane_algorithms algorithms = {.encryption = encryption, .encryption_key = bytes};

	algorithms.encryption_key_length = from_hex(key, bytes);
	if (integrity != 0) {
		algorithms.integrity = integrity;
		algorithms.integrity_key = mac_bytes;
		algorithms.integrity_key_length = from_hex(integrity_key, mac_bytes);
	}
	return create(inbound, spi, &algorithms, extended);
}

struct sa *
new_end(const struct suite *suite, bool inbound, bool extended)
{
	static const uint8_t key[64] = "keys of tests, as long as the longest key of any of the suites";
	struct dataplane_algorithms algorithms = {suite->encryption, key, suite->key_length,
						  suite->integrity,  key, suite->integrity_key_length};

	return create(inbound, 0x12345678, &algorithms, extended);
}

struct sa *
new_default(bool inbound)
{
	return new_sa(inbound, 0x12345678, 20, KEY256, 0, NULL, false);
}

void
make_inner(uint8_t *packet, size_t length, bool ipv6)
{
	for (size_t i = 0; i < length; i++)
		packet[i] = (uint8_t)(i * 7);
	if (ipv6) {
		packet[0] = 0x60;
		packet[4] = (uint8_t)((length - 40) >> 8);
		packet[5] = (uint8_t)(length - 40);
	} else {
		packet[0] = 0x45;
		packet[2] = (uint8_t)(length >> 8);
		packet[3] = (uint8_t)length;
		memcpy(packet + 12, (uint8_t[]){10, 20, 0, 1, 10, 50, 0, 1}, 8);
	}
}

size_t
seal_100(struct sa *out, uint8_t packet[ROOM], uint64_t sequence)
{
	make_inner(packet + esp_head(out), 100, false);
	return esp_seal(out, packet, 100, sequence);
}

enum drop
open_text(struct sa *out, struct sa *in, const uint8_t *text, size_t length, uint64_t sequence,
	  struct opened *opened)
{
	static uint8_t packet[ROOM];
	struct writer header = writer_over(packet, ESP_HEADER);
	struct suite_packet one = {.bytes = packet, .text_length = length, .sequence = sequence};

	writer_u32(&header, out->spi);
	writer_u32(&header, (uint32_t)sequence);
	memcpy(packet + esp_head(out), text, length);
	out->suite->ops->seal(out->context, &one, 1);
	assert_true(one.good);
	return esp_open(in, packet, esp_head(out) + length + out->suite->icv_length, opened);
}
