// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue of an encrypt worker. Devices are read as fast as they give, so that no queue stands in the
 * kernel, where a TUN device holds 500 super-packets whatever their length; the one here is short, and what
 * cannot wait does not go through it.
 *
 * Bytes lie in a ring, each packet in one piece. A queue that has run empty starts over at the ring's begin,
 * so that without congestion the same few pages are used again and again.
 *
 * CoDel (RFC 8289): a packet is dropped when for a whole INTERVAL none has waited shorter than TARGET, the
 * next ones after ever shorter intervals.
 */
#include "plugins/dataplane_userspace/userspace.h"

enum { TARGET_US = 5000, INTERVAL_US = 100000 };

bool
queue_open(struct queue *queue, size_t bytes)
{
	*queue = (struct queue){.pool = hot_create(bytes), .size = bytes};
	return queue->pool != NULL;
}

void
queue_close(struct queue *queue)
{
	hot_free(queue->pool);
	queue->pool = NULL;
}

bool
queue_empty(const struct queue *queue)
{
	return queue->first == queue->end;
}

bool
queue_full(const struct queue *queue)
{
	return queue->end - queue->first == QUEUE_ENTRIES;
}

uint8_t *
queue_room(struct queue *queue, size_t most)
{
	if (queue_full(queue))
		return NULL;
	if (queue_empty(queue))
		queue->read = queue->write = 0;
	if (queue->write >= queue->read) {
		if (queue->size - queue->write >= most)
			return queue->pool + queue->write;
		if (queue->read <= most)
			return NULL;
		queue->write = 0;
		return queue->pool;
	}
	return queue->read - queue->write > most ? queue->pool + queue->write : NULL;
}

void
queue_push(struct queue *queue, const struct queued *entry)
{
	struct queued *at = &queue->entries[queue->end++ % QUEUE_ENTRIES];

	*at = *entry;
	at->offset = queue->write;
	queue->write += entry->length;
}

uint8_t *
queue_bytes(const struct queue *queue, const struct queued *entry)
{
	return queue->pool + entry->offset;
}

void
queue_pop(struct queue *queue)
{
	const struct queued *gone = &queue->entries[queue->first++ % QUEUE_ENTRIES];

	queue->read = gone->offset + gone->length;
}

static uint32_t
square_root(uint64_t value)
{
	uint64_t root = value, next = (value + 1) / 2;

	while (next < root) { /* Newton's, from above */
		root = next;
		next = (root + value / root) / 2;
	}
	return (uint32_t)root;
}

/* The control law: 1/sqrt(count) of an interval. */
static usec_t
control_law(const struct queue *queue, usec_t from)
{
	return from + (usec_t)INTERVAL_US * 1000 / square_root((uint64_t)queue->drop_count * 1000000);
}

/* Has the queue been too long for a whole interval? The last packet may always pass. */
static bool
too_long(struct queue *queue, const struct queued *front, usec_t now)
{
	if (now - front->since < TARGET_US || queue->end - queue->first == 1) {
		queue->first_above = 0;
		return false;
	}
	if (queue->first_above == 0) {
		queue->first_above = now + INTERVAL_US;
		return false;
	}
	return now >= queue->first_above;
}

static bool
codel_drops(struct queue *queue, const struct queued *front, usec_t now)
{
	bool long_enough = too_long(queue, front, now);

	if (queue->dropping) {
		if (!long_enough) {
			queue->dropping = false;
			return false;
		}
		if (now < queue->drop_next)
			return false;
		queue->drop_count++;
		queue->drop_next = control_law(queue, queue->drop_next);
		return true;
	}
	if (!long_enough)
		return false;
	queue->dropping = true;
	/* soon after the last time: go on nearly where it ended */
	if (queue->drop_count - queue->drop_count_before > 1 && now - queue->drop_next < 16 * INTERVAL_US)
		queue->drop_count -= queue->drop_count_before;
	else
		queue->drop_count = 1;
	queue->drop_count_before = queue->drop_count;
	queue->drop_next = control_law(queue, now);
	return true;
}

const struct queued *
queue_front(struct queue *queue, usec_t now, bool *drop)
{
	const struct queued *front = &queue->entries[queue->first % QUEUE_ENTRIES];

	if (queue_empty(queue)) {
		queue->first_above = 0;
		return NULL;
	}
	*drop = codel_drops(queue, front, now);
	return front;
}
