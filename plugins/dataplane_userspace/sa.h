// SPDX-License-Identifier: GPL-2.0-or-later
/* Security associations and what is done by them: replay windows, selectors, ESP; and what is counted. */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_SA_H
#define TWINSPAN_DATAPLANE_USERSPACE_SA_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/dataplane.h"
#include "plugins/dataplane_userspace/parallel.h"
#include "plugins/dataplane_userspace/suite.h"

struct dataplane;
struct tunnel;

/* --- replay.c ---------------------------------------------------------------------------------- */

struct replay {
	uint64_t top;        /* highest authenticated sequence number */
	uint32_t window;     /* packets; 0: no check */
	uint32_t block_mask; /* number of blocks (a power of two) - 1 */
	uint64_t *blocks;
	bool extended;
};

#define REPLAY_WINDOW_MAX 65536

/** False when memory is out. Windows above REPLAY_WINDOW_MAX are cut to it. */
bool replay_open(struct replay *replay, uint32_t window, bool extended);
void replay_close(struct replay *replay);
/** Before authentication: infers the whole sequence number (RFC 4303 A2.2). False: a replay, or too old to
 * tell. */
bool replay_check(const struct replay *replay, uint32_t low, uint64_t *sequence);
/** After authentication. True when the packet is the newest seen. `lost`: how many more packets than before
 * are missing; -1 for one that comes late; always 0 without a window. */
bool replay_update(struct replay *replay, uint64_t sequence, int64_t *lost);

/* --- counters.c -------------------------------------------------------------------------------- */

enum drop {
	DROP_NONE,
	DROP_NO_SA,
	DROP_REPLAY,
	DROP_AUTHENTICATION,
	DROP_MALFORMED,
	DROP_SELECTOR,
	DROP_TOO_BIG,
	DROP_QUEUE,
	DROP_KINDS,
	DROP_SILENTLY = DROP_KINDS, /* a dummy packet, or a silenced tunnel: nothing is counted */
};

/* Of one tunnel and direction: all may read. Outwards one thread writes, counter_add; inwards those of the
 * tunnel's SAs, counter_share. On cache lines of its own. */
struct counters {
	_Alignas(64) _Atomic uint64_t packets;
	_Atomic uint64_t bytes, last;
	_Atomic uint64_t user, last_user; /* of the packets that are not the gateways' own; last: inwards */
	_Atomic uint64_t lost;            /* inwards: numbers that were skipped and did not come since */
	_Atomic uint64_t drops[DROP_KINDS];
};

/** Adds without a locked instruction: right because there is one writer. */
static inline void
counter_add(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

/** Adds where others may add as well. */
static inline void
counter_share(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static inline uint64_t
counter_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/** Both directions as the host has them. `sum` is set, not added to. */
void counters_sum(const struct counters *in, const struct counters *out, struct dataplane_counters *sum);

/* --- sa.c -------------------------------------------------------------------------------------- */

/* Where an SA's packets go, or come from: replaced whole when an address moves. */
struct path {
	struct sockaddr_storage remote;
	socklen_t remote_length;
	struct ip_address destination; /* names the SA, with its SPI */
	bool encapsulated;
	size_t control_length; /* IP_PKTINFO that makes the packet leave from the SA's own local address */
	_Alignas(size_t) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* What may pass: see selectors.c. */
struct selectors {
	bool all[2]; /* IPv4, IPv6: every address may, whatever the protocol */
	size_t count[2];
	struct selector_range *ranges[2];
	size_t limited_count; /* of those that name a protocol */
	struct dataplane_selector *limited;
};

struct sa {
	uint32_t spi;
	bool inbound, extended;
	struct tunnel *tunnel;
	const struct suite *suite;
	void *context;        /* owner's */
	void *spare[HELPERS]; /* contexts of the same keys for its helpers, where one is not for all */
	struct selectors source, destination;
	struct path *_Atomic path;
	_Atomic uint64_t sequence; /* outbound: the last one given out */
	struct replay replay;      /* inbound; owner's */
	_Atomic uint64_t packets, bytes, last;
	uint64_t soft_packets, hard_packets, soft_bytes, hard_bytes;
	bool soft_told, hard_told; /* owner's */
	usec_t moved_told;         /* owner's */
	usec_t gso_refused;        /* owner's: when the kernel last refused UDP_SEGMENT on this path */
	/* control side, under the plane's mutex */
	struct sa *bucket_next;
	struct sa *older; /* of the same tunnel and direction */
};

/** A new SA, not yet published; NULL with an error. */
struct sa *sa_create(const struct dataplane_sa *description, struct tunnel *tunnel, struct error *err);
/** Makes contexts for so many helpers of the SA's owner. False with an error. */
bool sa_equip(struct sa *sa, const struct dataplane_sa *description, unsigned helpers, struct error *err);
/** Wipes and frees; the SA must be unpublished and quiescent. NULL is fine. */
void sa_free(struct sa *sa);
/** A path from an SA's description; NULL when memory is out or an address is missing. */
struct path *path_create(const struct dataplane_sa *description);

/** Ranges of both families in any order, copied; none: every address may pass. False when memory is out. */
bool selectors_open(struct selectors *selectors, const struct dataplane_selector *from, size_t count);
void selectors_close(struct selectors *selectors);
/** Does the address lie in one of the ranges for any protocol (or were none given)? */
bool selectors_match(const struct selectors *selectors, uint8_t family, const uint8_t *address);

/* What a packet shows of its upper layer. */
struct upper {
	uint8_t protocol;
	bool ports; /* it shows them: it is no later fragment, and of a protocol that has some */
	uint16_t source, destination; /* ICMP: type and code, both times */
};

/** Reads a packet whose header was accepted. False where its headers can't be followed. */
bool upper_read(const uint8_t *packet, size_t length, struct upper *out);
/** Does the address lie in one of the ranges that name a protocol and ports, with those? */
bool selectors_match_limited(const struct selectors *selectors, uint8_t family, const uint8_t *address,
			     const struct upper *upper, uint16_t port);
/** Reserves up to `count` sequence numbers; returns how many, 0 when the counter has come to its end. */
unsigned sa_reserve(struct sa *sa, unsigned count, uint64_t *first);
/** The last sequence number that this SA may use. */
uint64_t sa_sequence_end(const struct sa *sa);

struct dataplane; /* below */

/* Of struct dataplane_ops (core/dataplane.h), but for plane_sa_find. */
bool plane_sa_add(struct dataplane *plane, const struct dataplane_sa *sa, struct error *err);
bool plane_sa_update(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
		     const struct dataplane_sa *moved);
bool plane_sa_query(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
		    uint64_t *bytes, uint64_t *packets, uint64_t *last);
void plane_sa_remove(struct dataplane *plane, uint32_t spi, const struct ip_address *destination);
/** The SA of this name, under the mutex; NULL when there is none. */
struct sa *plane_sa_find(struct dataplane *plane, uint32_t spi, const struct ip_address *destination);
uint32_t plane_spi_allocate(struct dataplane *plane);
/** Unpublishes all SAs of a tunnel, under the mutex; returns them, linked by `older`, to be freed when
 * quiescent. */
struct sa *plane_sas_unlink(struct dataplane *plane, struct tunnel *tunnel);
void sa_list_free(struct sa *first);

/* --- esp.c ------------------------------------------------------------------------------------- */

enum {
	ESP_HEADER = 8,              /* SPI and sequence number */
	ESP_HEAD_ROOM = 8 + 16,      /* the longest IV is a block */
	ESP_TAIL_ROOM = 15 + 2 + 32, /* padding, pad length and next header, the longest ICV */
};

/* What an IP header says of its packet; the addresses point into it. */
struct inner {
	uint8_t family;
	size_t length; /* as the header tells, never more than there was */
	const uint8_t *packet, *source, *destination;
};

/** Reads the header of an IP packet. False: not IP, or shorter than it claims. */
bool inner_parse(const uint8_t *packet, size_t length, struct inner *out);

/**
 * Seals the packet of `length` bytes at packet + esp_head(sa) in place; there must be ESP_TAIL_ROOM behind
 * it. Returns the length of the ESP packet, which starts at `packet`; 0 when the library failed.
 */
size_t esp_seal(struct sa *sa, uint8_t *packet, size_t length, uint64_t sequence);
/** The same for a batch of up to BATCH_PACKETS with consecutive numbers; `sealed` gets what esp_seal returns.
 */
void esp_seal_batch(struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
		    uint64_t first, size_t sealed[]);
size_t esp_head(const struct sa *sa);
/** How long the ESP packet with an inner packet of `length` bytes is. */
size_t esp_sealed_length(const struct sa *sa, size_t length);

/** esp_seal_batch in two parts: between them a suite seals `out`. Fills in `count` packets. */
void esp_seal_begin(const struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
		    uint64_t first, struct suite_packet out[]);
/** How long the sealed packet is; 0 when the library failed. */
size_t esp_sealed(const struct sa *sa, const struct suite_packet *packet);

struct opened {
	enum drop drop; /* DROP_NONE: the inner packet is there */
	uint8_t *bytes; /* it, in place */
	size_t length;
	bool newest;  /* it moved the replay window on */
	int64_t lost; /* as of replay_update; 0 where it was not authentic */
};

/** Checks, authenticates and decrypts in place up to BATCH_PACKETS; `out` tells of each. */
void esp_open_batch(struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
		    struct opened out[]);
/** esp_open_batch in two parts: between them a suite opens `checked`. Returns how many packets are worth it,
 * and which. */
unsigned esp_open_begin(const struct sa *sa, uint8_t *const packets[], const size_t lengths[], unsigned count,
			struct suite_packet checked[], unsigned which[], struct opened out[]);
void esp_open_end(struct sa *sa, const struct suite_packet checked[], const unsigned which[], unsigned count,
		  struct opened out[]);
/** The same for one. DROP_NONE: `out` holds the inner packet. */
enum drop esp_open(struct sa *sa, uint8_t *packet, size_t length, struct opened *out);

#endif
