// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What lets several workers share the packets. Datagrams are steered to the worker that owns their SA
 * (steer.c), and those that come to another one all the same are handed over (inbox.c). Where one tunnel has
 * more than its worker can do, the others of the same direction do a part of the cryptography for it
 * (jobs.c).
 *
 * The owner of an inbound SA is told by its SPI alone (plane_owner), so that the kernel can tell it as well,
 * with a filter of three instructions.
 */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_PARALLEL_H
#define TWINSPAN_DATAPLANE_USERSPACE_PARALLEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/address.h"
#include "plugins/dataplane_userspace/suite.h"

struct sa;
struct sockets;
struct worker;

/* --- steer.c ----------------------------------------------------------------------------------- */

/**
 * Opens sockets of the same addresses as `first` for `count` more workers, and has the kernel steer ESP by
 * SPI modulo (count + 1): `first` gets the remainder 0, and with it IKE and whatever is too short; more[0]
 * the remainder 1. UDP 4500 is steered where the kernel knows SO_ATTACH_REUSEPORT_CBPF (Linux 4.5), protocol
 * 50 by a filter on each socket. Returns whether that was done for both; if not, all of that kind comes to
 * `first`, and more[i].fd is -1. UDP 500 always does.
 */
bool sockets_steer(const struct sockets *first, struct sockets *more, unsigned count,
		   const struct ip_address *local);

/* --- inbox.c ----------------------------------------------------------------------------------- */

enum {
	INBOX_BYTES = 1 << 21, /* a power of two */
	PARCEL_UNIT = 64,      /* bytes: what a parcel takes is a multiple of it */
};

/* Datagrams of UDP 4500 or of protocol 50, of one sender, on their way to another worker. */
struct parcel {
	uint64_t position; /* in the ring */
	uint32_t units;    /* that it takes, this header included */
	bool nothing;      /* only fills the ring up to its end */
	bool encapsulated;
	uint8_t tos; /* of the outer headers */
	struct ip_address to;
	struct sockaddr_storage from;
	size_t length, size; /* in bytes: all, and each but the last, which may be shorter */
	uint8_t bytes[];
};

/* A bounded queue of parcels in place: any thread puts, one takes, nobody waits. */
struct inbox;

/** NULL when memory is out. */
struct inbox *inbox_create(void);
void inbox_free(struct inbox *inbox);
/** A parcel for so many bytes, to be filled in, then put; NULL when there is no room. From any thread. */
struct parcel *inbox_room(struct inbox *inbox, size_t length);
void inbox_put(struct inbox *inbox, struct parcel *parcel);
/** Is there a parcel that was not taken? The owner's. */
bool inbox_has(const struct inbox *inbox);
/** The oldest parcel that was not taken; NULL when there is none. It stays until inbox_release. The owner's.
 */
struct parcel *inbox_take(struct inbox *inbox);
/** All that were taken are done with. The owner's. */
void inbox_release(struct inbox *inbox);

/* --- jobs.c ------------------------------------------------------------------------------------ */

enum {
	JOBS = 16,   /* of one worker at a time; a power of two */
	HELPERS = 3, /* most workers beside the owner that work for one SA */
};

/* Packets of one SA that a suite is to seal or to open, by its owner or by whoever is quicker. */
struct job {
	_Alignas(64) _Atomic int state;
	struct sa *sa;
	unsigned count;
	struct suite_packet packets[BATCH_PACKETS];
};

/*
 * The jobs of one worker, in a ring. It posts them in the order of the packets and ends them in that order,
 * so what comes before (sequence numbers, the first replay check) and after (sending; the second check,
 * delivery) is the owner's alone and stays in order. Between the two calls anybody may do the suite's work.
 * All are ended before the owner leaves its section, which keeps the SA there for the helpers.
 */
struct jobs {
	_Alignas(64) _Atomic uint32_t first, end; /* the owner writes */
	_Atomic uint64_t helped;                  /* jobs of others that it did */
	struct job ring[JOBS];
};

/** NULL when memory is out. */
struct jobs *jobs_create(void);
void jobs_free(struct jobs *jobs);
/** Has another worker a job that this one could do? */
bool jobs_waiting(const struct worker *worker);
/** The next job, to be filled in and posted; NULL when as many as can be are under way. */
struct job *jobs_next(struct worker *worker);
/** Offers the job of jobs_next to the others, where that is worth it. */
void jobs_post(struct worker *worker);
/** Sees that the oldest job is done: does it, or waits for who does. It is valid until the next post. */
struct job *jobs_end(struct worker *worker);
/** Does a job of another worker, if there is one; false if not. In no section: the owner is in one. */
bool jobs_help(struct worker *worker);
/** Does a job of another worker, and if there was one, waits a moment for the next: own events come between.
 */
void jobs_help_on(struct worker *worker);

#endif
