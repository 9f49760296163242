// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The userspace data plane from inside: what its files share. From the outside it is core/dataplane.h.
 *
 * A packet's way out:  TUN of a tunnel -> queue (encrypt.c, queue.c) -> cut and sealed (batch.c, segment.c)
 * -> one send a batch. A packet's way in:   UDP 4500 or protocol 50 -> decrypt worker (decrypt.c) -> opened
 * -> put together (coalesce.c) -> one write to the TUN (deliver.c). Devices and sockets carry many packets at
 * a time where the kernel can; see offload.h and `struct fast_paths`.
 *
 * Ownership makes the packet path free of locks. A tunnel, and with it every outbound SA, belongs to one
 * encrypt worker; an inbound SA belongs to one decrypt worker, by its SPI. Datagrams come to their owner, or
 * are handed over to it (parallel.h). Only the owner touches a cipher context or a replay window. Other
 * threads reach workers through three things only:
 *  - pointers that are swapped whole (tunnel slots, the inbound SA table, a tunnel's outbound SA, an SA's
 * path),
 *  - relaxed atomic counters,
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
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/dataplane.h"
#include "plugins/dataplane_userspace/offload.h"
#include "plugins/dataplane_userspace/packet.h"
#include "plugins/dataplane_userspace/parallel.h"
#include "plugins/dataplane_userspace/ports.h"
#include "plugins/dataplane_userspace/sa.h"
#include "plugins/dataplane_userspace/stages.h"
#include "plugins/dataplane_userspace/suite.h"

enum {
	TUNNEL_SLOTS = 65536,  /* a tunnel's id is its slot */
	INBOUND_SLOTS = 65536, /* the low 16 bits of an inbound SPI are its slot */
	SA_BUCKETS = 4096,
	PACKET_MAX = 65535,
	WORKERS_MAX = 16, /* in each direction */
	NOTICES_MAX = 64,
	GSO_SEGMENTS_MOST = 64, /* of one send (UDP_MAX_SEGMENTS of older kernels) */
	GSO_BYTES_MOST = 65000, /* in one send: an IP packet's most, headers off */
};

/* --- tunnel.c ---------------------------------------------------------------------------------- */

/* What a router said of a tunnel's path. */
struct path_state {
	uint32_t outer;                 /* bytes, the outer IP header counted; 0: nothing was said */
	struct ip_address remote, from; /* the path's end; the router */
	usec_t since;
};

/* The device's addresses, IPv4 first, and whom the gateway speaks with from them: replaced whole. */
struct inside {
	struct ip_address address[2];
	struct ip_address peer[DATAPLANE_PEERS];
	/* once it is replaced, under the plane's mutex: until all workers have passed what was noted then */
	struct inside *next;
	uint64_t noted[2 * WORKERS_MAX];
};

/* What a device dropped: so many by the kernel's counter, and over all devices that the tunnel had. What was
 * read no later than `reading` is counted, or of a device that had the name before. */
struct device_drops {
	uint64_t told, sum, reading;
};

struct tunnel {
	uint32_t id;
	int fd;
	enum tun_offload offload;
	uint64_t serial;       /* no two tunnels have the same, even of one id */
	struct worker *worker; /* encrypts for it */
	atomic_bool silent;
	struct sa *_Atomic outbound; /* the newest */
	_Atomic uint32_t mtu;        /* the device's; 0: not known */
	_Atomic uint32_t path_mtu;   /* the longest inner packet that the path takes; 0: nothing says less */
	_Atomic uint32_t probed_mtu; /* the same, where it was found out by probing */
	atomic_bool fragments;       /* outer packets may be cut on their way */
	atomic_bool refused;         /* the kernel had no room outside for one of them */
	struct inside *_Atomic inside;
	struct rate_limit answers; /* its worker's */
	struct path_state path;    /* under the plane's mutex, as is */
	struct device_drops device;
	struct counters rx, tx;
	char name[16];
	struct sa *sas[2]; /* under the plane's mutex, newest first: outbound, inbound */
};

/** Takes the descriptor. NULL when memory is out (the descriptor is then still the caller's). */
struct tunnel *tunnel_create(uint32_t id, int fd, const char *name);
/** Takes the tunnel into the tables, where it must be the first of its id; starts reading from it. */
bool plane_tunnel_publish(struct dataplane *plane, struct tunnel *tunnel, struct error *err);
/* Of struct dataplane_ops (core/dataplane.h). */
bool plane_tunnel_add(struct dataplane *plane, const struct dataplane_tunnel *wanted, char interface[16],
		      struct error *err);
void plane_tunnel_remove(struct dataplane *plane, uint32_t id);
bool plane_tunnel_counters(struct dataplane *plane, uint32_t id, struct dataplane_counters *out);
bool plane_tunnel_renew(struct dataplane *plane, uint32_t id, uint32_t mtu, struct error *err);
void plane_tunnel_silence(struct dataplane *plane, uint32_t id, bool silent);
void plane_tunnel_inside(struct dataplane *plane, uint32_t id, const struct dataplane_inside *wanted);
/** The longest packet that fits the tunnel, as far as is known: the device's MTU or the path's; 0: unknown.
 */
uint32_t tunnel_fits(const struct tunnel *tunnel);
/** The longest packet that the path takes, as it was told or found out; 0: no limit. */
uint32_t tunnel_path(const struct tunnel *tunnel);
/** The longest packet of this family that the path takes; 0: no limit. IPv6 always has 1280 (RFC 2473 7.1).
 */
uint32_t tunnel_path_limit(const struct tunnel *tunnel, const uint8_t *packet);
/** For close: frees every tunnel and SA; workers have stopped. */
void plane_tunnels_close(struct dataplane *plane);

/* --- device_drops.c ---------------------------------------------------------------------------- */

/** Takes a line of /proc/net/dev apart, which is changed. False for one that is not of a device. */
bool device_drops_read(char *line, const char **name, uint64_t *dropped);
void device_drops_count(struct device_drops *drops, uint64_t told);
/** Reads all of /proc/net/dev into a table; without the mutex. */
void plane_read_devices(struct dataplane *plane, FILE *in);
/** The tunnel has a new device: what was read until now is not of it. Under the mutex. */
void plane_device_begins(struct dataplane *plane, struct tunnel *tunnel);
/** Counts what the last reading says of the tunnel's device, and where that is a second ago wants another.
 * Under the mutex. */
void plane_take_device_drops(struct dataplane *plane, struct tunnel *tunnel);

struct device_table;

/* The thread that reads, and what it read last; under the plane's mutex. */
struct device_reader {
	pthread_t thread;
	pthread_cond_t wake;
	bool started, wanted, stopping;
	usec_t asked;   /* when it was last wanted */
	uint64_t begun; /* readings so far, the one under way included */
	struct device_table *table;
};

/** Starts the thread; false with an error. / Ends it and waits for it. */
bool device_reader_start(struct dataplane *plane, struct error *err);
void device_reader_stop(struct dataplane *plane);

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
	atomic_bool asleep;                    /* somebody who gives it work has to wake it */
	struct dataplane *plane;
	struct worker *peers; /* those of its direction, itself among them */
	unsigned index, peer_count;
	pthread_t thread;
	bool started;
	int epoll, wake;
	unsigned notice_count;
	struct notice notices[NOTICES_MAX];
	struct encrypt_state *encrypt;
	struct decrypt_state *decrypt;
	const struct sockets *sockets; /* a decrypt worker's */
	struct inbox *inbox;           /* a decrypt worker's, where there are several */
	struct jobs *jobs;
	struct rows *rows; /* a decrypt worker's */
};

/** Starts a thread with all signals blocked: those are the gateway's business. 0 or an error number. */
int thread_start(pthread_t *thread, void *(*run)(void *), void *argument);
/** Starts the thread, which runs `run` with the worker. False with an error. */
bool worker_start(struct worker *worker, struct dataplane *plane, void *(*run)(void *), struct error *err);
/** Asks the thread to end and waits for it. */
void worker_stop(struct worker *worker);
/** Ends the worker's wait for events, if it waits. From any thread. */
void worker_wake(struct worker *worker);
/** Around each use of what another thread may take away: see worker.c. Sections don't nest. */
void worker_enter(struct worker *worker);
void worker_leave(struct worker *worker);
/** Tells the host what was kept; outside of sections. */
void worker_tell(struct worker *worker);
/** False when there is no room: try again with a later packet. */
bool worker_notice(struct worker *worker, const struct notice *notice);
/**
 * Waits for events, up to `timeout` ms (-1: for ever), but not while another worker has something for this
 * one. Returns how many events there are besides those.
 */
int worker_wait(struct worker *worker, struct epoll_event *events, int most, int timeout);
/** Counts packets of an SA and tells of limits that were reached. Owner only. */
void worker_sa_used(struct worker *worker, struct sa *sa, unsigned packets, uint64_t bytes, usec_t now);
/** Has the SA reached a hard limit? Owner only. */
bool sa_spent(const struct sa *sa);
/** Tells, once, that an SA has come to its end. Owner only. */
void worker_sa_ended(struct worker *worker, struct sa *sa);
/** Waits until every worker has left the section it is in. Never from inside one. */
void workers_quiesce(struct dataplane *plane);
/** For who can't wait: notes where every worker is. / Has each left the section that it was in then? */
void workers_note(struct dataplane *plane, uint64_t noted[2 * WORKERS_MAX]);
bool workers_passed(struct dataplane *plane, const uint64_t noted[2 * WORKERS_MAX]);

/* --- encrypt.c, decrypt.c, rows.c ---------------------------------------------------------------------- */

/** The state of an encrypt worker, before its thread starts and after it has ended; false with an error. */
bool encrypt_open(struct worker *worker, struct error *err);
void encrypt_close(struct worker *worker);
/** The thread: for worker_start(). */
void *encrypt_run(void *worker);
/** Reads what a tunnel's device has, up to a limit, and seals and sends all of it. Inside a section of its
 * worker. */
void encrypt_batch(struct worker *worker, struct tunnel *tunnel, usec_t now);

/* What comes from the outside: one datagram or several of one sender. */
struct arrival {
	const struct sockaddr_storage *from;
	struct msghdr *message;      /* as it was received; NULL for what was handed over */
	const struct ip_address *to; /* NULL: the message tells */
	bool encapsulated;
	uint8_t tos; /* of the outer headers */
};

/* ESP packets in a row, of one SA and one arrival, which are opened together. */
struct rows;

/** So many rows. NULL when memory is out. */
struct rows *rows_create(unsigned rows);
void rows_free(struct rows *rows);
/** Takes an ESP packet of its owner; rows before it may be ended. Inside a section. Returns why not. */
enum drop rows_add(struct worker *worker, const struct arrival *arrival, uint8_t *packet, size_t length,
		   usec_t now);
/** Opens all that was taken and passes it on, into the devices. Inside the same section. */
void rows_flush(struct worker *worker, usec_t now);
/** What became of the packet that was opened last. */
enum drop rows_last(const struct rows *rows);

/** As those of an encrypt worker. */
bool decrypt_open(struct worker *worker, struct error *err);
void decrypt_close(struct worker *worker);
void *decrypt_run(void *worker);
/**
 * One ESP packet as it came from the network; `from_port` is 0 for protocol 50. Inside a section of the
 * decrypt worker. Returns what became of it.
 */
enum drop decrypt_packet(struct worker *worker, uint8_t *packet, size_t length,
			 const struct sockaddr_storage *from, bool encapsulated, usec_t now);
/** Receives and sorts what one of its sockets has, up to a limit. In no section. */
void decrypt_serve(struct worker *worker, int kind, uint8_t family);
/** Works through what others have put into the inbox, where there are several workers. In no section. */
void decrypt_inbox(struct worker *worker, usec_t now);
/** Opens what is held and has its keys by now; lets go what has waited too long. Inside a section. */
void decrypt_held(struct worker *worker, usec_t now);

/* --- policy.c: what is looked at in each inner packet ------------------------------------------- */

/**
 * Before sealing, a packet of the tunnel's device; for a super-packet once, with the headers that all its
 * packets share. May it go out by the SA?
 */
enum drop policy_out(const struct sa *sa, const uint8_t *packet, size_t length);
/** After opening: may the packet come in by the SA? Its header was read into `inner`. */
enum drop policy_in(const struct sa *sa, const struct inner *inner);
/** Is it an echo request of this machine's own, not to be cut, that asks what the path takes? */
bool policy_probe(const struct inside *inside, const uint8_t *packet, size_t length);
/** policy_own, of a packet that may be. */
bool policy_own_pair(const struct inside *inside, const uint8_t *packet, bool in);

/** Is it between the device's own addresses and its peers, coming `in` or going out? A packet with a whole
 * IP header. */
static inline bool
policy_own(const struct inside *inside, const uint8_t *packet, bool in)
{
	enum { TAIL = 4 };
	bool v6 = packet[0] >> 4 == 6;
	/* The last bytes of our address: nearly all packets have others, and that is all it takes. */
	const uint8_t *here = packet + (v6 ? in ? 36 : 20 : in ? 16 : 12);

	return inside != NULL && memcmp(here, inside->address[v6].bytes + (v6 ? 12 : 0), TAIL) == 0 &&
	       policy_own_pair(inside, packet, in);
}

/** Is it a packet that others' reachability hangs on, and small: BGP, BFD, IKE, ICMP, what opens or refuses a
 * TCP connection between the gateways (a probe)? Such pass before bulk. */
bool policy_urgent(const struct inside *inside, const uint8_t *packet, size_t length);

/* --- path_watch.c ------------------------------------------------------------------------------ */

struct path_watch {
	int fd[2];    /* raw ICMP sockets, IPv4 and IPv6; -1 where there is none */
	usec_t heard; /* when they were last read */
};

/** Raw ICMP sockets that hear "too big"; IPv6's only where there is IPv6. False with an error. */
bool path_watch_open(struct path_watch *watch, struct error *err);
void path_watch_close(struct path_watch *watch);
/** Of struct dataplane_ops. */
bool plane_tunnel_path(struct dataplane *plane, uint32_t id, struct dataplane_path *out);

/* --- plane.c ----------------------------------------------------------------------------------- */

struct dataplane {
	struct dataplane_host host;
	char prefix[16];
	uint32_t group; /* device group of our interfaces */
	struct sockets sockets;
	struct fast_paths paths;
	struct path_watch watch;
	struct device_reader devices;
	atomic_bool stopping;
	_Atomic uint64_t unknown_spi; /* packets of no SA, so of no tunnel */
	unsigned encrypt_count, decrypt_count;
	struct worker encrypt[WORKERS_MAX];
	struct worker decrypt[WORKERS_MAX];
	struct sockets more[WORKERS_MAX - 1]; /* of the decrypt workers but the first, whose are `sockets` */
	bool steered;                         /* the kernel gives each its own */
	pthread_mutex_t mutex;                /* control functions only */
	unsigned next_owner;                  /* of an SPI */
	struct inside *replaced;              /* that a worker may still look at */
	struct sa *buckets[SA_BUCKETS];
	_Atomic uint64_t sa_count;                    /* in the buckets; written under the mutex */
	_Atomic uint32_t spi_reserved[INBOUND_SLOTS]; /* by slot: the SPI given out or in use, 0 for none */
	struct tunnel *_Atomic tunnels[TUNNEL_SLOTS];
	struct sa *_Atomic inbound[INBOUND_SLOTS];
};

/** The decrypt worker, by its index, that inbound packets with this SPI belong to. */
static inline unsigned
plane_owner(const struct dataplane *plane, uint32_t spi)
{
	return spi % plane->decrypt_count;
}

/** The inbound SA of an SPI, NULL when there is none. */
static inline struct sa *
plane_inbound(struct dataplane *plane, uint32_t spi)
{
	struct sa *sa = atomic_load(&plane->inbound[spi % INBOUND_SLOTS]);

	return sa != NULL && sa->spi == spi ? sa : NULL;
}

/** A plane without sockets, threads and tunnels (tests go on from here); plane_free is its end. */
struct dataplane *plane_create(const struct dataplane_options *options, const struct dataplane_host *host);
/** It has so many workers in each direction (1 to WORKERS_MAX), which are to be opened next. */
void plane_set_workers(struct dataplane *plane, unsigned count);
void plane_free(struct dataplane *plane);

extern const struct dataplane_ops userspace_ops;

#endif
