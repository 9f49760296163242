// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TUN -> ESP. An encrypt worker reads its tunnels' devices until they are empty, into its queue; what is
 * urgent (policy_urgent) is sealed and sent at once, past what waits. Then it seals and sends some of the
 * queue, and looks at the devices again. So the queue that a packet meets is this one, whose length is ours
 * to choose, and an urgent packet waits for one batch at most. Between its own batches it helps others.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	EVENTS = 64,
	QUEUE_BYTES = 1 << 20,
	READS = 256,             /* from one device before others have their turn */
	SEALED_AT_ONCE = 65536,  /* bytes of the queue before the devices are looked at again */
	SEALED_BY_MANY = 262144, /* where others help */
	PACKET_ROOM = SUPER_MAX + SUPER_HEADERS,
};

struct encrypt_state {
	struct queue queue;
	struct batch *batch;
	uint8_t spare[PACKET_ROOM]; /* for what the queue has no room for */
};

bool
encrypt_open(struct worker *worker, struct error *err)
{
	struct encrypt_state *state = calloc(1, sizeof(*state));

	worker->encrypt = state;
	worker->jobs = jobs_create();
	if (state == NULL || worker->jobs == NULL || !queue_open(&state->queue, QUEUE_BYTES) ||
	    (state->batch = batch_create()) == NULL)
		return error_set(err, "out of memory");
	return true;
}

void
encrypt_close(struct worker *worker)
{
	if (worker->encrypt == NULL)
		return;
	queue_close(&worker->encrypt->queue);
	batch_free(worker->encrypt->batch);
	free(worker->encrypt);
	worker->encrypt = NULL;
}

/* Somebody removed the device behind our back: its descriptor would wake the worker for ever. */
static void
forsake(struct tunnel *tunnel)
{
	if (tunnel->worker != NULL)
		epoll_ctl(tunnel->worker->epoll, EPOLL_CTL_DEL, tunnel->fd, NULL);
}

/* One packet or super-packet; its length, 0 when there is none. */
static size_t
read_device(struct tunnel *tunnel, struct virtio_net_hdr *header, uint8_t *room)
{
	struct iovec parts[] = {{header, sizeof(*header)}, {room, PACKET_ROOM}};
	bool plain = tunnel->offload == TUN_PLAIN;
	ssize_t got = plain ? read(tunnel->fd, room, PACKET_ROOM) : readv(tunnel->fd, parts, 2),
		least = plain ? 0 : (ssize_t)sizeof(*header);

	if (plain)
		*header = (struct virtio_net_hdr){0};
	if (got > least)
		return (size_t)(got - least);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		forsake(tunnel);
	return 0;
}

/* How many it would have been cut into. */
static size_t
packets_of(const struct virtio_net_hdr *header, uint8_t *packet, size_t length)
{
	struct segmenter s;

	return header->gso_size != 0 && segment_begin(&s, header, packet, length) ? segment_left(&s) : 1;
}

/* Reads the device until it is empty, or has given enough for now. */
static void
take_in(struct worker *worker, struct tunnel *tunnel, usec_t now)
{
	struct encrypt_state *state = worker->encrypt;
	const struct inside *inside = atomic_load(&tunnel->inside);

	for (int i = 0; i < READS && !queue_full(&state->queue); i++) {
		uint8_t *room = queue_room(&state->queue, PACKET_ROOM);
		uint8_t *packet = room != NULL ? room : state->spare;
		struct queued entry = {.tunnel = tunnel->id, .serial = tunnel->serial, .since = now};

		entry.length = read_device(tunnel, &entry.header, packet);
		if (entry.length == 0)
			return;
		if (policy_urgent(inside, packet, entry.length)) {
			batch_add(worker, state->batch, tunnel, &entry.header, packet, entry.length, now);
			batch_flush(worker, state->batch, now);
		} else if (room != NULL || (room = queue_room(&state->queue, entry.length)) != NULL) {
			if (packet != room) /* it was not known to be so short */
				memcpy(room, packet, entry.length);
			queue_push(&state->queue, &entry);
		} else {
			counter_add(&tunnel->tx.drops[DROP_QUEUE],
				    packets_of(&entry.header, packet, entry.length));
		}
	}
}

/* Seals and sends from the queue, up to so many bytes. */
static void
give_out(struct worker *worker, size_t bytes, usec_t now)
{
	struct encrypt_state *state = worker->encrypt;
	struct queue *queue = &state->queue;
	const struct queued *entry;
	size_t done = 0;
	bool drop;

	while (done < bytes && (entry = queue_front(queue, now, &drop)) != NULL) {
		struct tunnel *tunnel = atomic_load(&worker->plane->tunnels[entry->tunnel]);

		if (tunnel != NULL && tunnel->serial == entry->serial) {
			uint8_t *packet = queue_bytes(queue, entry);

			if (drop)
				counter_add(&tunnel->tx.drops[DROP_QUEUE],
					    packets_of(&entry->header, packet, entry->length));
			else
				batch_add(worker, state->batch, tunnel, &entry->header, packet, entry->length,
					  now);
		}
		done += entry->length;
		queue_pop(queue);
	}
	batch_flush(worker, state->batch, now);
}

void
encrypt_batch(struct worker *worker, struct tunnel *tunnel, usec_t now)
{
	take_in(worker, tunnel, now);
	give_out(worker, SIZE_MAX, now);
}

void *
encrypt_run(void *argument)
{
	struct worker *worker = argument;
	struct dataplane *plane = worker->plane;
	struct epoll_event events[EVENTS];
	size_t most = worker->peer_count > 1 ? SEALED_BY_MANY : SEALED_AT_ONCE;

	while (!atomic_load(&plane->stopping)) {
		int timeout = queue_empty(&worker->encrypt->queue) ? -1 : 0;
		int ready = worker_wait(worker, events, EVENTS, timeout);
		usec_t now = clock_monotonic();

		worker_enter(worker);
		for (int i = 0; i < ready; i++) {
			struct tunnel *tunnel = atomic_load(&plane->tunnels[events[i].data.u64]);

			if (tunnel != NULL)
				take_in(worker, tunnel, now);
		}
		give_out(worker, most, now);
		worker_leave(worker);
		worker_tell(worker);
		jobs_help_on(worker);
	}
	return NULL;
}
