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

/** Ways to pass many packets at once, of which a plane uses what the kernel has. */
enum dataplane_fast_path {
	DATAPLANE_TUN_TSO = 1, /* and so without USO as well */
	DATAPLANE_TUN_USO = 2,
	DATAPLANE_UDP_GSO = 4,
	DATAPLANE_UDP_GRO = 8,
	DATAPLANE_STEERING = 16, /* of datagrams to the worker whose they are, by the kernel */
};

struct dataplane_options {
	const char *interface_prefix; /* "ts": interfaces are ts1, ts2 by tunnel id */
	struct ip_address local;      /* bind UDP 500/4500 to it; none: all addresses */
	unsigned workers;             /* threads in each direction; 0: chosen by the plane */
	unsigned without;             /* bits of enum dataplane_fast_path not to be used, to try the rest */
	uint32_t interface_ids;       /* a tunnel's interface_id is this and its id where nobody chose one */
};

/** How well a plane works here. */
enum dataplane_fit {
	DATAPLANE_UNFIT,
	DATAPLANE_LESSER, /* by a fall-back with limits: only where somebody asks for this plane */
	DATAPLANE_FIT,
};

/** A tunnel to be made. What it points to is borrowed during the call. */
struct dataplane_tunnel {
	uint32_t id;                     /* 1-65535 */
	uint32_t mtu;                    /* of the interface, bytes */
	const char *name;                /* of the interface; NULL: by the prefix and the id */
	uint32_t interface_id;           /* XFRMA_IF_ID of a kernel's SAs; not 0, no other tunnel's */
	struct ip_address local, remote; /* outside, as configured; none: any */
};

/** What ties a tunnel's SAs and policies to its interface in the kernel. One of the two is 0. */
struct dataplane_kernel_sa {
	uint32_t interface_id; /* XFRMA_IF_ID in both directions */
	uint32_t mark;         /* XFRMA_MARK in both directions, whole (mask 0xffffffff) */
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

/** Inner packets that an SA may carry, from the child SA's traffic selectors (RFC 7296 3.13.1). */
struct dataplane_selector {
	struct ip_address from, to; /* an inclusive range of one family */
	uint16_t protocol;          /* 0: any, and then the ports are not looked at */
	/** Of that protocol, in host order; ICMP's type and code are a port. 65535 to 0 (OPAQUE): only
	 * packets that don't show one. */
	uint16_t from_port, to_port;
};

struct dataplane_sa {
	uint32_t tunnel; /* id given to tunnel_add */
	uint32_t spi;    /* host order */
	bool inbound;
	struct ip_address source, destination;  /* outside */
	uint16_t source_port, destination_port; /* for encapsulation; 0 otherwise */
	bool encapsulated;                      /* ESP in UDP 4500 (RFC 3948), else protocol 50 */
	bool extended_sequence;                 /* RFC 4303 2.2.1 */
	uint32_t replay_window;                 /* packets, replay_window_most at most; 0: no check */
	struct dataplane_algorithms algorithms;
	/* Inner source and destination that may pass, seen in the packet's direction. None: anything. Ports
	 * are the source's and the destination's. */
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
	 * Of these packets, those of users: all but what goes between the interface's own addresses and its
	 * peers (struct dataplane_inside), BGP, BFD, probes and their answers, ours and the other side's,
	 * which come at any time and by all tunnels.
	 */
	uint64_t rx_user, tx_user;
	uint64_t last_rx_user; /* monotonic microseconds, of the last of them; 0: never */
	/**
	 * Packets that the other side sent and that did not come, by ESP's sequence numbers: those that were
	 * skipped and did not come late. It falls again where packets only changed their order.
	 * DATAPLANE_NOT_COUNTED: this plane doesn't count them.
	 */
	uint64_t rx_lost;
	struct {
		uint64_t no_sa, replay, authentication, malformed;
		uint64_t selector; /* or DATAPLANE_NOT_COUNTED */
		uint64_t too_big, queue;
	} drops;
};

/** What a plane tells of itself. */
struct dataplane_report {
	char text[200];       /* which fast paths are in use, one line for people */
	uint64_t sas;         /* that are there now, each direction by itself */
	uint64_t unknown_spi; /* packets since open whose SPI no SA has: they belong to no tunnel */
};

#define DATAPLANE_PEERS 3

/** What a tunnel's interface has by now. */
struct dataplane_inside {
	uint32_t mtu; /* TCP's SYNs are clamped to it */
	/** The longest inner packet that probing found the path to take, where the interface must have more
	 * (IPv6 needs 1280, RFC 8200 5); 0: the interface has no more. */
	uint32_t path;
	/** Outer packets may be cut on their way (no DF, RFC 4301 8.1): else one that does not pass whole is
	 * lost, which is how that is found out. */
	bool fragments;
	struct ip_address address[2]; /* its own, IPv4 and IPv6; none where it has none */
	/** Hosts beyond it that the gateway itself speaks with from its own addresses: the peer's inside
	 * addresses, the probe's target. What goes between the two is no user's traffic. */
	struct ip_address peer[DATAPLANE_PEERS];
};

/** What the network says of a tunnel's path. */
struct dataplane_path {
	/** Since it was last asked this machine refused to send a packet, as too long for its own interface
	 * outside (also where nothing was said). */
	bool refused;
	uint32_t mtu;           /* the longest inner packet, 0: nothing was said */
	uint32_t outer;         /* the longest outer packet, its IP header counted */
	struct ip_address from; /* the router that said so */
};

struct dataplane_ops {
	const char *name; /* "userspace", "kernel" */
	/**
	 * True: strongSwan's own kernel-netlink installs the SAs and its socket-default has UDP 500 and 4500:
	 * spi_allocate, the sa_* functions, ike_send and keepalive_send are NULL, the host's callbacks are
	 * never called, and IKE asks tunnel_kernel_sa before it installs an SA. Else that one is NULL.
	 */
	bool kernel_sas;
	/** The largest replay window of an SA, in packets. */
	uint32_t replay_window_most;
	/** ESP in UDP 4500 costs it much less than protocol 50: `encap: auto` asks for it where there is no
	 * NAT either. */
	bool prefers_udp;

	/** Can it work here (TUN device, capabilities, kernel modules)? `why` says what it stands on where it
	 * is fit, else what is missing for that. */
	enum dataplane_fit (*probe)(struct error *why);
	/** Opens sockets and starts workers. `host` is copied. NULL on failure: busy port, missing
	 * capability. */
	struct dataplane *(*open)(const struct dataplane_options *options, const struct dataplane_host *host,
				  struct error *err);
	/**
	 * Removes what a run of this plane that was killed left in the kernel, for who is about to use
	 * another one; no plane of this kind may be open then. Returns the number of interfaces. NULL:
	 * nothing outlives the process.
	 */
	unsigned (*clear)(const struct dataplane_options *options);
	/** Stops all threads, removes the interfaces, wipes keys. */
	void (*close)(struct dataplane *plane);
	void (*report)(struct dataplane *plane, struct dataplane_report *out);

	/** Makes the tunnel's interface (up, with its MTU, without addresses); `interface` gets what it is
	 * called. False with `err` where the id, the name or the interface_id is in use. */
	bool (*tunnel_add)(struct dataplane *plane, const struct dataplane_tunnel *tunnel, char interface[16],
			   struct error *err);
	/** False for an unknown tunnel. */
	bool (*tunnel_kernel_sa)(struct dataplane *plane, uint32_t tunnel, struct dataplane_kernel_sa *out);
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

	/**
	 * What the tunnel's interface has by now. From its addresses the plane sends "too big" back into the
	 * interface; an echo request from one of them with PROBE_HOPS (core/probe.h), and with DF where there
	 * is that, is never too big: it probes the path. A plane whose kernel sees to all that counts by the
	 * addresses only.
	 */
	void (*tunnel_inside)(struct dataplane *plane, uint32_t tunnel,
			      const struct dataplane_inside *inside);
	/**
	 * What the path says of the tunnel's MTU (RFC 1191, RFC 8201); to be asked once a second, and packets
	 * that are longer are treated by the last answer. False: nothing. NULL where the kernel sees to it.
	 */
	bool (*tunnel_path)(struct dataplane *plane, uint32_t tunnel, struct dataplane_path *out);

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
