// SPDX-License-Identifier: GPL-2.0-or-later
/* A peer of which each octet is chosen by the test: a socket, and messages as hexadecimal text. */
#ifndef TWINSPAN_TESTS_UNIT_BGP_RAW_H
#define TWINSPAN_TESTS_UNIT_BGP_RAW_H

#include "tests/unit/bgp/nodes.h"

struct raw {
	int fd;
	uint8_t in[65536];
	size_t length;
	bool ended;
};

/** Connects from 127.0.0.FROM to the node. */
void raw_connect(struct raw *raw, unsigned from, const struct node *to);
void raw_send(struct raw *raw, const char *text);
/** An UPDATE of three parts. */
void raw_update(struct raw *raw, const char *withdrawn, const char *attributes, const char *reachable);
/** The first message of a type that has come in; NULL: none yet. */
const uint8_t *raw_message(struct raw *raw, uint8_t type);

#define MARK "ffffffffffffffffffffffffffffffff"
#define KEEPALIVE MARK "001304"
#define UPDATE_EMPTY MARK "00170200000000"
#define REFRESH MARK "00170500010001"
#define OPEN MARK "001d0104fdea005a0a0b0c0d00" /* 65002, hold 90, 10.11.12.13 */
#define HOP "4003047f000009"
#define ATTRS \
	"4001010040020402" \
	"01fdea" HOP

#endif
