// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two gateways' data planes in this one process, each in a network namespace of its own, joined by a veth.
 * Namespaces belong to threads, and a plane's sockets, devices and threads stay in the one that its opener
 * was in: so a test steps from side to side with pair_at(). The namespaces have no names and vanish with the
 * process.
 */
#ifndef TWINSPAN_TESTS_UNIT_PLUGINS_PAIR_H
#define TWINSPAN_TESTS_UNIT_PLUGINS_PAIR_H

#include <pthread.h>

#include "plugins/dataplane_userspace/userspace.h"

#define PAIR_TUNNELS 2

/* What a side's host callbacks were told. */
struct heard {
	pthread_mutex_t mutex;
	unsigned ike_messages, soft, hard, moved;
	uint8_t message[2048];
	size_t length;
	struct ip_address from, to;
	uint16_t from_port, to_port;
};

struct side {
	int namespace;
	struct dataplane *plane;
	struct heard heard;
	struct ip_address outside;
};

struct pair {
	int before;       /* the namespace we came from */
	unsigned without; /* fast paths not to be used; to be set before pair_open */
	unsigned workers; /* in each direction; 0: two. To be set before pair_open */
	struct side side[2];
};

/** False with the reason to skip. */
bool pair_open(struct pair *pair, char *why, size_t size);
void pair_close(struct pair *pair);
/** This thread goes to a side's namespace (0, 1). */
void pair_at(const struct pair *pair, int side);
/** Runs a command that must succeed, at a side. */
void pair_command(const struct pair *pair, int side, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* How a test wants its SAs. */
struct pair_sa {
	uint32_t tunnel;
	unsigned generation; /* of a rekey: SPIs and keys differ */
	bool encapsulated, extended, ipv6;
	uint16_t encryption;
	size_t key_length;  /* with its salt */
	uint16_t integrity; /* 0: an AEAD */
	size_t integrity_key_length;
	uint64_t soft_packets, hard_packets;
};

uint32_t pair_spi(const struct pair_sa *want, int from);
/** Installs at one side the SA of packets that side `from` sends. */
bool pair_sa_add(struct pair *pair, int at, int from, const struct pair_sa *want, struct error *err);
/** Gives it the same outside addresses anew, as after a NAT's mapping moved. False where it is not there. */
bool pair_sa_update(struct pair *pair, int at, int from, const struct pair_sa *want);
void pair_sa_remove(struct pair *pair, int at, int from, const struct pair_sa *want);
/** Adds a tunnel to both sides with the inside addresses 10.99.TUNNEL.1 and .2 (/30), and SAs both ways. */
void pair_tunnel(struct pair *pair, const struct pair_sa *want);
struct ip_address pair_inside(uint32_t tunnel, int side);
/** A UDP socket bound to a side's inside address. */
int pair_socket(const struct pair *pair, int side, uint32_t tunnel, uint16_t port);
/** One echo request from side 0 to side 1; the answer within five seconds. */
bool pair_ping(const struct pair *pair, uint32_t tunnel, uint16_t sequence);
/** Waits up to ten seconds for a condition. */
#define PAIR_WAIT(condition) \
	({ \
		usec_t pair_until = clock_monotonic() + 10 * USEC_PER_SEC; \
		bool pair_met; \
		while (!(pair_met = (condition)) && clock_monotonic() < pair_until) \
			usleep(1000); \
		pair_met; \
	})

#endif
