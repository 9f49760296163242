// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One plane without privileges, threads and devices: a socket pair stands for the TUN device, loopback UDP
 * for the outside, and the test calls the workers' functions itself.
 */
#ifndef TWINSPAN_TESTS_UNIT_PLUGINS_ONE_PLANE_H
#define TWINSPAN_TESTS_UNIT_PLUGINS_ONE_PLANE_H

#include "plugins/dataplane_userspace/userspace.h"

#define TUNNEL 7
#define SPI 0xabcd0042

struct told {
	unsigned soft, hard, moved;
	uint32_t spi;
	struct ip_address address;
	uint16_t port;
};

struct fixture {
	struct dataplane *plane;
	struct told told;
	int device; /* the far end of the tunnel's device */
	int far;    /* the peer's UDP socket on loopback */
	uint16_t far_port;
	struct sa *seal; /* seals what the plane's inbound SA opens */
	struct sockaddr_storage from;
	usec_t now;
	uint64_t sequence;
};

/** Inbound or outbound between us (127.0.0.1) and the peer (127.0.0.2). */
struct dataplane_sa describe(const struct fixture *f, uint32_t spi, bool inbound);
void add(struct fixture *f, const struct dataplane_sa *sa);
/** A UDP socket on a loopback address (host order), any port. */
int loopback(uint32_t address, uint16_t *port);
int set_up(void **state);
int tear_down(void **state);
struct dataplane_counters counters(struct fixture *f);
/** An IPv4 packet of UDP from 10.0.0.1 to 10.0.0.2. */
void make_inner(uint8_t *packet, size_t length);
/** Seals an inner packet of 100 bytes as the peer would; returns the length. */
size_t seal(struct fixture *f, uint8_t *packet, uint64_t sequence);
/** What becomes of an ESP packet that comes from the peer. */
enum drop input(struct fixture *f, uint8_t *packet, size_t length);
/** The next packet of the peer's, good. */
enum drop input_next(struct fixture *f);
/** Writes a packet into the device, so many times, and lets the encrypt worker have them. */
void output_packet(struct fixture *f, unsigned count, const uint8_t *packet, size_t length);
/** The same with packets of make_inner. */
void output(struct fixture *f, unsigned count, size_t length);
/** What the peer received: the SPI of the last packet; returns how many there are. */
unsigned received(struct fixture *f, uint32_t *spi);
/** Did a packet come out of the device? It is gone then. */
bool delivered(struct fixture *f);

#define WITH_PLANE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
