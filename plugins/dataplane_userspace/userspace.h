// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data plane from inside: what its files share. From the outside it is core/dataplane.h.
 *
 * A packet's way out:  TUN of a tunnel -> encrypt worker (encrypt.c) -> esp_seal -> one sendmmsg a batch.
 * A packet's way in:   recvmmsg on UDP 4500 or protocol 50 -> decrypt worker (decrypt.c) -> esp_open -> TUN.
 *
 * Ownership makes the packet path free of locks. A tunnel, and with it every outbound SA, belongs to one
 * encrypt worker; all inbound SAs belong to the one decrypt worker. Only the owner touches a cipher context
 * or a replay window. Other threads reach workers through three things only:
 *  - pointers that are swapped whole (tunnel slots, the inbound SA table, a tunnel's outbound SA, an SA's
 * path),
 *  - relaxed atomic counters that have one writer each,
 *  - quiescence: a worker handles a batch inside a *section*; who unpublished a pointer calls
 * workers_quiesce(), which returns once every worker has left the section it was in, and frees after that.
 * The control functions serialise among themselves by one mutex that no worker ever takes.
 *
 * Host callbacks run outside of sections, so a callback that calls back into the plane can't deadlock.
 */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_H
#define TWINSPAN_DATAPLANE_USERSPACE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/dataplane.h"

enum {
	BATCH_PACKETS = 64,    /* most packets of one system call, one section, one sequence reservation */
	TUNNEL_SLOTS = 65536,  /* a tunnel's id is its slot */
	INBOUND_SLOTS = 65536, /* the low 16 bits of an inbound SPI are its slot */
	SA_BUCKETS = 4096,
	PACKET_MAX = 65535,
	ENCRYPT_WORKERS_MAX = 16,
	NOTICES_MAX = 64,
};

/* --- crypto.c ---------------------------------------------------------------------------------- */

struct cipher_ops;

/*
 * A transform as ESP sees it: the bytes between the sequence number and the end of the packet. A set of ops
 * may serve several transforms; a keyed context is made once for each SA and used by its owner only.
 */
struct cipher {
	const struct cipher_ops *ops;
	const char *name;
	uint16_t encryption, integrity; /* IKEv2 transform IDs */
	uint8_t key_length;             /* of the encryption key with its salt */
	uint8_t iv_length, icv_length;
	uint8_t alignment; /* of what is encrypted, trailer included (RFC 4303 2.4) */
	const char *openssl_name;
};

struct cipher_ops {
	/** A keyed context; NULL when the library refuses. Keys are copied. */
	void *(*create)(const struct cipher *cipher, const struct dataplane_algorithms *keys, bool encrypt);
	void (*destroy)(void *context);
	/**
	 * Encrypts `text` in place and writes the ICV behind it. `packet` is where the ESP header starts: the
	 * IV goes to packet + 8, made of `sequence`; the text starts behind it.
	 */
	bool (*seal)(void *context, uint8_t *packet, size_t text_length, uint64_t sequence, bool extended);
	/** Verifies and decrypts in place. False: not authentic (the bytes are then worthless). */
	bool (*open)(void *context, uint8_t *packet, size_t text_length, uint64_t sequence, bool extended);
};

/** The transform that these algorithms and key lengths name, or NULL with an error. */
const struct cipher *cipher_find(const struct dataplane_algorithms *algorithms, struct error *err);

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

/* Of one tunnel and direction: one thread writes, all may read. On cache lines of its own. */
struct counters {
	_Alignas(64) _Atomic uint64_t packets;
	_Atomic uint64_t bytes, last;
	_Atomic uint64_t lost; /* inwards: numbers that were skipped and did not come since */
	_Atomic uint64_t drops[DROP_KINDS];
};

/** Adds without a locked instruction: right because there is one writer. */
static inline void
counter_add(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

static inline uint64_t
counter_read(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

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

struct selectors {
	struct dataplane_selector *ranges;
	size_t count;
};

struct sa {
	uint32_t spi;
	bool inbound, extended;
	struct tunnel *tunnel;
	const struct cipher *cipher;
	void *context; /* owner's */
	struct selectors source, destination;
	struct path *_Atomic path;
	_Atomic uint64_t sequence; /* outbound: the last one given out */
	struct replay replay;      /* inbound; owner's */
	_Atomic uint64_t packets, bytes, last;
	uint64_t soft_packets, hard_packets, soft_bytes, hard_bytes;
	bool soft_told, hard_told; /* owner's */
	usec_t moved_told;         /* owner's */
	/* control side, under the plane's mutex */
	struct sa *bucket_next;
	struct sa *older; /* of the same tunnel and direction */
};

/** A new SA, not yet published; NULL with an error. */
struct sa *sa_create(const struct dataplane_sa *description, struct tunnel *tunnel, struct error *err);
/** Wipes and frees; the SA must be unpublished and quiescent. NULL is fine. */
void sa_free(struct sa *sa);
/** A path from an SA's description; NULL when memory is out or an address is missing. */
struct path *path_create(const struct dataplane_sa *description);

/** Does the address lie in one of the ranges (or are there none)? */
bool selectors_match(const struct selectors *selectors, uint8_t family, const uint8_t *address);
/** Reserves up to `count` sequence numbers; returns how many, 0 when the counter has come to its end. */
unsigned sa_reserve(struct sa *sa, unsigned count, uint64_t *first);
/** The last sequence number that this SA may use. */
uint64_t sa_sequence_end(const struct sa *sa);

struct dataplane; /* below */

bool plane_sa_add(struct dataplane *plane, const struct dataplane_sa *sa, struct error *err);
bool plane_sa_update(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
		     const struct dataplane_sa *moved);
bool plane_sa_query(struct dataplane *plane, uint32_t spi, const struct ip_address *destination,
		    uint64_t *bytes, uint64_t *packets, uint64_t *last);
void plane_sa_remove(struct dataplane *plane, uint32_t spi, const struct ip_address *destination);
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
	const uint8_t *source, *destination;
};

/** Reads the header of an IP packet. False: not IP, or shorter than it claims. */
bool inner_parse(const uint8_t *packet, size_t length, struct inner *out);

/**
 * Seals the packet of `length` bytes at packet + esp_head(sa) in place; there must be ESP_TAIL_ROOM behind
 * it. Returns the length of the ESP packet, which starts at `packet`; 0 when the cipher failed.
 */
size_t esp_seal(struct sa *sa, uint8_t *packet, size_t length, uint64_t sequence);
size_t esp_head(const struct sa *sa);

struct opened {
	uint8_t *bytes; /* the inner packet, in place */
	size_t length;
	bool newest;  /* it moved the replay window on */
	int64_t lost; /* as of replay_update; 0 where it was not authentic */
};

/** Checks, authenticates and decrypts in place. DROP_NONE: `out` holds the inner packet. */
enum drop esp_open(struct sa *sa, uint8_t *packet, size_t length, struct opened *out);

/* --- socket.c ---------------------------------------------------------------------------------- */

enum { SOCKET_IKE, SOCKET_NATT, SOCKET_ESP, SOCKET_KINDS };

struct sockets {
	int fd[SOCKET_KINDS][2]; /* IPv4, IPv6; -1 where there is none */
};

#define IKE_PORT 500
#define NATT_PORT 4500

static inline int
family_index(uint8_t family)
{
	return family == AF_INET6;
}

/** Binds them all to `local` (or every address, of both families where there are). False with what stands in
 * the way. */
bool sockets_open(struct sockets *sockets, const struct ip_address *local, struct error *err);
void sockets_close(struct sockets *sockets);
/** Sends one datagram from a UDP socket, leaving from `from` where it is set. */
bool sockets_send(const struct sockets *sockets, int kind, const struct ip_address *from,
		  const struct ip_address *to, uint16_t to_port, const struct iovec *parts, size_t count);
/** Fills a control buffer with the local address; returns its length, 0 for an address that is not set. */
size_t socket_source_control(const struct ip_address *from, void *control, size_t size);
/** The local address a datagram was sent to, from its control messages. */
void socket_destination(struct msghdr *message, struct ip_address *out);

/* --- tun.c ------------------------------------------------------------------------------------- */

/** Makes a TUN device (up, no addresses), in a device group for quick removal. Its descriptor, or -1 with an
 * error. */
int tun_open(const char *name, uint32_t mtu, uint32_t group, struct error *err);
/** Removes all devices of a group at once. */
void tun_remove_group(uint32_t group);
/** Can TUN devices be made here? */
bool tun_probe(struct error *err);

/* --- tunnel.c ---------------------------------------------------------------------------------- */

struct tunnel {
	uint32_t id;
	int fd;
	struct worker *worker; /* encrypts for it */
	atomic_bool silent;
	struct sa *_Atomic outbound; /* the newest */
	struct counters rx, tx;
	char name[16];
	struct sa *sas[2]; /* under the plane's mutex, newest first: outbound, inbound */
};

/** Takes the descriptor. NULL when memory is out (the descriptor is then still the caller's). */
struct tunnel *tunnel_create(uint32_t id, int fd, const char *name);
/** Takes the tunnel into the tables, where it must be the first of its id; starts reading from it. */
bool plane_tunnel_publish(struct dataplane *plane, struct tunnel *tunnel, struct error *err);
bool plane_tunnel_add(struct dataplane *plane, uint32_t id, uint32_t mtu, char interface[16],
		      struct error *err);
void plane_tunnel_remove(struct dataplane *plane, uint32_t id);
bool plane_tunnel_counters(struct dataplane *plane, uint32_t id, struct dataplane_counters *out);
bool plane_tunnel_renew(struct dataplane *plane, uint32_t id, uint32_t mtu, struct error *err);
void plane_tunnel_silence(struct dataplane *plane, uint32_t id, bool silent);
/** For close: frees every tunnel and SA; workers have stopped. */
void plane_tunnels_close(struct dataplane *plane);

/* --- worker.c ---------------------------------------------------------------------------------- */

/* Something for the host, kept until the worker is out of its section. */
struct notice {
	enum { NOTICE_SOFT, NOTICE_HARD, NOTICE_MOVED } kind;
	uint32_t spi;
	struct ip_address address;
	uint16_t port;
};

struct worker {
	_Alignas(64) _Atomic uint64_t section; /* odd: inside */
	struct dataplane *plane;
	pthread_t thread;
	bool started;
	int epoll, wake;
	unsigned notice_count;
	struct notice notices[NOTICES_MAX];
	struct encrypt_state *encrypt;
	struct decrypt_state *decrypt;
};

bool worker_start(struct worker *worker, struct dataplane *plane, void *(*run)(void *), struct error *err);
/** Asks the thread to end and waits for it. */
void worker_stop(struct worker *worker);
void worker_enter(struct worker *worker);
void worker_leave(struct worker *worker);
/** Tells the host what was kept; outside of sections. */
void worker_tell(struct worker *worker);
/** False when there is no room: try again with a later packet. */
bool worker_notice(struct worker *worker, const struct notice *notice);
/** Counts packets of an SA and tells of limits that were reached. Owner only. */
void worker_sa_used(struct worker *worker, struct sa *sa, unsigned packets, uint64_t bytes, usec_t now);
/** Has the SA reached a hard limit? Owner only. */
bool sa_spent(const struct sa *sa);
/** Tells, once, that an SA has come to its end. Owner only. */
void worker_sa_ended(struct worker *worker, struct sa *sa);
/** Waits until every worker has left the section it is in. Never from inside one. */
void workers_quiesce(struct dataplane *plane);

/* --- encrypt.c, decrypt.c ---------------------------------------------------------------------- */

bool encrypt_open(struct worker *worker, struct error *err);
void encrypt_close(struct worker *worker);
void *encrypt_run(void *worker);
/** Reads, seals and sends one batch of a tunnel's packets. Inside a section of its worker. */
void encrypt_batch(struct worker *worker, struct tunnel *tunnel, usec_t now);

bool decrypt_open(struct worker *worker, struct error *err);
void decrypt_close(struct worker *worker);
void *decrypt_run(void *worker);
/**
 * One ESP packet as it came from the network; `from_port` is 0 for protocol 50. Inside a section of the
 * decrypt worker. Returns what became of it.
 */
enum drop decrypt_packet(struct worker *worker, uint8_t *packet, size_t length,
			 const struct sockaddr_storage *from, bool encapsulated, usec_t now);

/* --- plane.c ----------------------------------------------------------------------------------- */

struct dataplane {
	struct dataplane_host host;
	char prefix[16];
	uint32_t group; /* device group of our interfaces */
	struct sockets sockets;
	atomic_bool stopping;
	_Atomic uint64_t unknown_spi; /* packets of no SA, so of no tunnel */
	unsigned encrypt_count;
	struct worker encrypt[ENCRYPT_WORKERS_MAX];
	struct worker decrypt;
	pthread_mutex_t mutex; /* control functions only */
	struct sa *buckets[SA_BUCKETS];
	uint32_t spi_reserved[INBOUND_SLOTS]; /* by slot: the SPI given out or in use, 0 for none */
	struct tunnel *_Atomic tunnels[TUNNEL_SLOTS];
	struct sa *_Atomic inbound[INBOUND_SLOTS];
};

/** A plane without sockets, threads and tunnels (tests go on from here); plane_free is its end. */
struct dataplane *plane_create(const struct dataplane_options *options, const struct dataplane_host *host);
void plane_free(struct dataplane *plane);

extern const struct dataplane_ops userspace_ops;

#endif
