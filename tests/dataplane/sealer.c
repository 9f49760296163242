// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seals an ESP packet whose content may be anything, as a peer with the right keys and bad intentions could,
 * and prints it as hexadecimal digits.
 *
 *     sealer ENCRYPTION KEY INTEGRITY KEY SPI SEQUENCE TEXT
 *
 * ENCRYPTION and INTEGRITY: IKEv2 transform IDs (core/dataplane.h); with an AEAD the second is 0 and its KEY
 * "". Keys and TEXT, which is all of what is encrypted, trailer and padding too, are hexadecimal digits.
 */
#include "core/base/buffer.h"
#include "plugins/dataplane_userspace/userspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 65536 };

static size_t
from_hex(const char *digits, uint8_t *out, size_t room)
{
	size_t length = 0;
	unsigned byte;

	for (; length < room && sscanf(digits, "%2x", &byte) == 1; digits += 2)
		out[length++] = (uint8_t)byte;
	if (*digits != '\0') {
		fprintf(stderr, "sealer: '%s' is no hexadecimal number or too long\n", digits);
		exit(2);
	}
	return length;
}

static struct sa *
make_sa(char **argv)
{
	uint8_t key[64], integrity_key[64];
	struct dataplane_sa description = {
	    .spi = (uint32_t)strtoul(argv[5], NULL, 16),
	    .source = ip_address_v4(0xc0000201), /* of which nothing is sealed */
	    .destination = ip_address_v4(0xc0000202),
	    .algorithms = {.encryption = (uint16_t)atoi(argv[1]),
			   .encryption_key = key,
			   .encryption_key_length = from_hex(argv[2], key, sizeof(key)),
			   .integrity = (uint16_t)atoi(argv[3]),
			   .integrity_key = integrity_key,
			   .integrity_key_length = from_hex(argv[4], integrity_key, sizeof(integrity_key))},
	};
	struct error err;
	struct sa *sa = sa_create(&description, NULL, &err);

	if (sa == NULL) {
		fprintf(stderr, "sealer: %s\n", err.text);
		exit(2);
	}
	return sa;
}

int
main(int argc, char **argv)
{
	static uint8_t packet[ROOM];
	struct suite_packet one = {.bytes = packet};
	struct writer header = writer_over(packet, ESP_HEADER);
	struct sa *sa;
	size_t around;

	if (argc != 8) {
		fputs("usage: sealer ENCRYPTION KEY INTEGRITY KEY SPI SEQUENCE TEXT\n", stderr);
		return 2;
	}
	sa = make_sa(argv);
	around = esp_head(sa) + sa->suite->icv_length;
	one.sequence = strtoull(argv[6], NULL, 10);
	one.text_length = from_hex(argv[7], packet + esp_head(sa), ROOM - around);
	writer_u32(&header, sa->spi);
	writer_u32(&header, (uint32_t)one.sequence);
	if (one.text_length % sa->suite->alignment == 0)
		sa->suite->ops->seal(sa->context, &one, 1);
	if (!one.good) {
		fprintf(stderr, "sealer: %zu bytes can't be sealed by %s\n", one.text_length,
			sa->suite->name);
		return 2;
	}
	for (size_t i = 0; i < around + one.text_length; i++)
		printf("%02x", packet[i]);
	putchar('\n');
	sa_free(sa);
	return 0;
}
