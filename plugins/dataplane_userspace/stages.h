// SPDX-License-Identifier: GPL-2.0-or-later
/* Where packets wait on their way, and how they leave: queues, batches, deliveries. */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_STAGES_H
#define TWINSPAN_DATAPLANE_USERSPACE_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "plugins/dataplane_userspace/offload.h"

struct tunnel;
struct worker;

/* --- hot.c --------------------------------------------------------------------------------------- */

/** Memory for packets, rounded up to huge pages; not cleared. NULL when it is out. */
void *hot_create(size_t size);
/** NULL is fine. */
void hot_free(void *memory);

/* --- queue.c: packets between a device and their sealing ----------------------------------------- */

struct queued {
	uint32_t tunnel; /* its id */
	uint64_t serial; /* the tunnel may be gone, or another, when the packet's turn comes */
	size_t offset, length;
	struct virtio_net_hdr header;
	usec_t since;
};

#define QUEUE_ENTRIES 1024 /* a power of two */

/* First in, first out; bounded in bytes and in packets. The sojourn time is kept short by CoDel. */
struct queue {
	uint8_t *pool;
	size_t size, read, write;
	uint32_t first, end; /* of entries, modulo 2^32 */
	struct queued entries[QUEUE_ENTRIES];
	/* CoDel (RFC 8289 5) */
	usec_t first_above, drop_next;
	uint32_t drop_count, drop_count_before;
	bool dropping;
};

/** Room for so many bytes; false when memory is out. */
bool queue_open(struct queue *queue, size_t bytes);
void queue_close(struct queue *queue);
/** Room for a packet of up to `most` bytes, NULL when there is none; queue_push takes it. */
uint8_t *queue_room(struct queue *queue, size_t most);
bool queue_full(const struct queue *queue); /* of packets, whatever their length */
bool queue_empty(const struct queue *queue);
/** Takes what was written to queue_room's place; `offset` in the entry is set here. */
void queue_push(struct queue *queue, const struct queued *entry);
/** The packet whose turn it is, until queue_pop; NULL when there is none. `drop`: CoDel wants it dropped. */
const struct queued *queue_front(struct queue *queue, usec_t now, bool *drop);
/** Lets the front go. */
void queue_pop(struct queue *queue);
/** Where an entry's packet lies, until it is popped. */
uint8_t *queue_bytes(const struct queue *queue, const struct queued *entry);

/* --- batch.c: sealing and sending ---------------------------------------------------------------- */

struct batch;

/** NULL when memory is out. */
struct batch *batch_create(void);
void batch_free(struct batch *batch);
/** Cuts what the device gave and puts it behind what is there already; seals and sends when there is enough.
 * Drops are counted. */
void batch_add(struct worker *worker, struct batch *batch, struct tunnel *tunnel,
	       const struct virtio_net_hdr *header, uint8_t *packet, size_t length, usec_t now);
/** Seals and sends what is there; before the section ends. */
void batch_flush(struct worker *worker, struct batch *batch, usec_t now);

/* --- deliver.c: opened packets on their way into a device ---------------------------------------- */

struct delivery;

/** NULL when memory is out. */
struct delivery *delivery_create(void);
void delivery_free(struct delivery *delivery);
/** Takes an inner packet, borrowed until delivery_flush; same rules for sections. */
void delivery_add(struct delivery *delivery, struct tunnel *tunnel, const uint8_t *packet, size_t length,
		  usec_t now);
/** Writes all that waits into the devices. */
void delivery_flush(struct delivery *delivery, usec_t now);
/** Writes one packet of our own into the device. False where it does not take it. */
bool delivery_write(struct tunnel *tunnel, const uint8_t *packet, size_t length);
/** How many bytes wait. */
size_t delivery_waiting(const struct delivery *delivery);

/* --- hold.c: packets whose keys are still on their way -------------------------------------------- */

/*
 * The peer may send by an SA as soon as it has it, which may be before our IKE has worked through the message
 * that completes it: those packets wait a moment. Only for SPIs that were given out; bounded in number, size
 * and time.
 */
struct hold;

/** NULL when memory is out. */
struct hold *hold_create(void);
void hold_free(struct hold *hold);
/** Copies the packet. False when there is no room. */
bool hold_keep(struct hold *hold, const uint8_t *packet, size_t length, const struct sockaddr_storage *from,
	       bool encapsulated, uint8_t tos, usec_t now);
bool hold_empty(const struct hold *hold);
struct held {
	uint8_t *bytes;
	size_t length;
	const struct sockaddr_storage *from;
	bool encapsulated;
	uint8_t tos; /* of the outer headers */
	usec_t since;
};
/** The n-th packet held, oldest first; false behind the last. */
bool hold_at(struct hold *hold, unsigned n, struct held *out);
/** Lets the n-th go; those behind it move up. */
void hold_remove(struct hold *hold, unsigned n);

#endif
