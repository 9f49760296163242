// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data plane's door. A plane gives every tunnel a network interface of its own, moves packets between
 * that interface and ESP, and keeps the counters. Two tunnels with 0.0.0.0/0 selectors never quarrel: the
 * interface chooses the outbound SA, the SPI the inbound one; which interface a packet takes is the routing
 * table's business.
 *
 * Threads: all functions of the ops may be called from any thread (IKE's threads install SAs, the loop reads
 * counters). The host's callbacks are called from the plane's threads and must only copy and wake (they may
 * call back into the plane, but packets wait meanwhile).
 */
#ifndef TWINSPAN_DATAPLANE_H
#define TWINSPAN_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address.h"
#include "core/base/error.h"

struct dataplane; /* an open plane */

/** What the plane calls. All may be called from any thread of the plane. */
struct dataplane_host {
	void *context;
	/** An IKE message came in on UDP 500 or 4500 (non-ESP marker removed). `message` is borrowed. */
	void (*ike_message)(void *context, const struct ip_address *from, uint16_t from_port,
			    const struct ip_address *to, uint16_t to_port, const uint8_t *message,
			    size_t length);
	/** A soft (rekey) or hard limit of packets or bytes was reached by an SA. Time limits are IKE's
	 * business. */
	void (*sa_limit)(void *context, uint32_t spi, const struct ip_address *destination, bool hard);
	/** An authenticated packet of an inbound SA came from another address or port than before (NAT
	 * mapping moved). */
	void (*sa_source_moved)(void *context, uint32_t spi, const struct ip_address *from,
				uint16_t from_port);
};

struct dataplane_options {
	const char *interface_prefix; /* "ts": interfaces are ts1, ts2 by tunnel id */
	struct ip_address local;      /* bind UDP 500/4500 to it; none: all addresses */
	unsigned workers;             /* 0: chosen by the plane */
};

/** Algorithms by IKEv2 transform ID (IANA), as IKE negotiates them. */
struct dataplane_algorithms {
	uint16_t encryption;           /* 12 AES-CBC, 20 AES-GCM-16, 28 ChaCha20-Poly1305 */
	const uint8_t *encryption_key; /* for AEAD: key, then the 4-byte salt */
	size_t encryption_key_length;
	uint16_t
	    integrity; /* 0 with AEAD; 2 HMAC-SHA1-96, 12 SHA2-256-128, 13 SHA2-384-192, 14 SHA2-512-256 */
	const uint8_t *integrity_key;
	size_t integrity_key_length;
};

/** Inner addresses that an SA may carry, from the child SA's traffic selectors. */
struct dataplane_selector {
	struct ip_address from, to; /* an inclusive range of one family */
};

struct dataplane_sa {
	uint32_t tunnel; /* id given to tunnel_add */
	uint32_t spi;    /* host order */
	bool inbound;
	struct ip_address source, destination;  /* outside */
	uint16_t source_port, destination_port; /* for encapsulation; 0 otherwise */
	bool encapsulated;                      /* ESP in UDP 4500 (RFC 3948), else protocol 50 */
	bool extended_sequence;                 /* RFC 4303 2.2.1 */
	uint32_t replay_window;                 /* packets; 0: no check */
	struct dataplane_algorithms algorithms;
	/* Inner source and destination that may pass, seen in the packet's direction. None: anything. */
	const struct dataplane_selector *source_selectors, *destination_selectors;
	size_t source_selector_count, destination_selector_count;
	uint64_t soft_packets, hard_packets, soft_bytes, hard_bytes; /* 0: none */
};

#define DATAPLANE_NOT_COUNTED UINT64_MAX

/** All from tunnel_add on, and monotonic but for rx_lost; they survive rekeys. */
struct dataplane_counters {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* inner packets and bytes */
	uint64_t last_rx, last_tx; /* monotonic microseconds of the last packet; 0: never */
	/**
	 * Packets that the other side sent and that did not come, by ESP's sequence numbers: those that were
	 * skipped and did not come late. It falls again where packets only changed their order.
	 * DATAPLANE_NOT_COUNTED: this plane doesn't count them.
	 */
	uint64_t rx_lost;
	struct {
		uint64_t no_sa, replay, authentication, malformed, selector, too_big, queue;
	} drops;
};

/** What a plane told of itself: which fast paths are in use, one line for people. */
struct dataplane_report {
	char text[200];
};

struct dataplane_ops {
	const char *name; /* "userspace", "kernel" */
	/** True: strongSwan's own kernel-netlink installs SAs by if_id, and the sa_* functions are NULL. */
	bool kernel_sas;

	/** Can it work here (TUN device, capabilities, kernel modules)? On false `err` says what is missing.
	 */
	bool (*probe)(struct error *err);
	/** Opens sockets and starts workers. `host` is copied. NULL on failure: busy port, missing
	 * capability. */
	struct dataplane *(*open)(const struct dataplane_options *options, const struct dataplane_host *host,
				  struct error *err);
	/** Stops all threads, removes the interfaces, wipes keys. */
	void (*close)(struct dataplane *plane);
	void (*report)(struct dataplane *plane, struct dataplane_report *out);

	/** Makes the tunnel's interface (up, with `mtu`, without addresses). Ids are 1-65535. `interface`
	 * gets its name. */
	bool (*tunnel_add)(struct dataplane *plane, uint32_t tunnel, uint32_t mtu, char interface[16],
			   struct error *err);
	/**
	 * Makes the tunnel's interface anew, under the same name, after somebody else removed it. SAs and
	 * counters stay. False with `err` where that can't be, also where one of that name is there.
	 */
	bool (*tunnel_renew)(struct dataplane *plane, uint32_t tunnel, uint32_t mtu, struct error *err);
	/** Removes the interface and what SAs the tunnel has; takes some 20 ms. */
	void (*tunnel_remove)(struct dataplane *plane, uint32_t tunnel);
	/** False for an unknown tunnel. */
	bool (*tunnel_counters)(struct dataplane *plane, uint32_t tunnel, struct dataplane_counters *out);
	/** A fault for drills: while set, packets of the tunnel are dropped in both directions without a
	 * trace outside, as if the line were cut: what would have left counts as sent, nothing comes in. */
	void (*tunnel_silence)(struct dataplane *plane, uint32_t tunnel, bool silent);

	/** A free SPI (host order, never below 256), reserved until sa_add or sa_remove; 0 when there is
	 * none. */
	uint32_t (*spi_allocate)(struct dataplane *plane);
	/**
	 * Keys are copied. The newest outbound SA of a tunnel carries its packets. An inbound SPI that
	 * spi_allocate did not give must differ from all others in its low 16 bits.
	 */
	bool (*sa_add)(struct dataplane *plane, const struct dataplane_sa *sa, struct error *err);
	/** New outside addresses (a NAT mapping moved). SAs are named by SPI and destination. */
	bool (*sa_update)(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
			  const struct dataplane_sa *moved);
	bool (*sa_query)(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
			 uint64_t *bytes, uint64_t *packets, uint64_t *last_used_monotonic_us);
	void (*sa_remove)(struct dataplane *plane, uint32_t spi, const struct ip_address *destination);

	/** Sends an IKE message from UDP 500 or 4500 (the plane adds the non-ESP marker on 4500, RFC
	 * 3948 2.2). */
	bool (*ike_send)(struct dataplane *plane, const struct ip_address *from, uint16_t from_port,
			 const struct ip_address *to, uint16_t to_port, const uint8_t *message,
			 size_t length);
	/** NAT keepalive (one byte 0xff, RFC 3948 2.3). */
	bool (*keepalive_send)(struct dataplane *plane, const struct ip_address *from,
			       const struct ip_address *to, uint16_t to_port);
};

#endif
