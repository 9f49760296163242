// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opened packets into a tunnel's device. Those of one batch are put together (coalesce.c) where the device
 * takes super-packets; each is written by one writev out of the receive buffer, where its data already are. A
 * kernel that refuses a super-packet gets its packets one by one.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct delivery {
	struct tunnel *tunnel; /* of what waits */
	struct coalescer coalescer;
	struct iovec parts[COALESCE_MOST + 2];
};

struct delivery *
delivery_create(void)
{
	return calloc(1, sizeof(struct delivery));
}

void
delivery_free(struct delivery *delivery)
{
	free(delivery);
}

static bool
write_parts(const struct tunnel *tunnel, const struct iovec *parts, size_t count)
{
	ssize_t wrote;

	do
		wrote = writev(tunnel->fd, parts, (int)count);
	while (wrote < 0 && errno == EINTR);
	return wrote > 0;
}

bool
delivery_write(struct tunnel *tunnel, const uint8_t *packet, size_t length)
{
	struct virtio_net_hdr header = {0};
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)packet, length}};
	bool plain = tunnel->offload == TUN_PLAIN;

	return write_parts(tunnel, plain ? parts + 1 : parts, plain ? 1 : 2);
}

/* Packets of one flow, the first of which is at `packet`. */
static void
count(struct tunnel *tunnel, bool good, const uint8_t *packet, unsigned packets, size_t bytes, usec_t now)
{
	struct counters *rx = &tunnel->rx;

	if (!good) {
		counter_share(&rx->drops[DROP_QUEUE], packets);
		return;
	}
	counter_share(&rx->packets, packets);
	counter_share(&rx->bytes, bytes);
	atomic_store_explicit(&rx->last, (uint64_t)now, memory_order_relaxed);
	if (policy_own(atomic_load(&tunnel->inside), packet, true))
		return;
	counter_share(&rx->user, packets);
	atomic_store_explicit(&rx->last_user, (uint64_t)now, memory_order_relaxed);
}

/* The packets of a super-packet that the device did not take. */
static void
write_singly(struct delivery *delivery, const struct super *super, usec_t now)
{
	const struct coalescer *c = &delivery->coalescer;
	struct virtio_net_hdr header = {0};

	for (unsigned at = super->first;; at = c->packets[at].next) {
		struct iovec parts[] = {{&header, sizeof(header)},
					{(void *)c->packets[at].bytes, c->packets[at].length}};

		count(delivery->tunnel, write_parts(delivery->tunnel, parts, 2), c->packets[at].bytes, 1,
		      c->packets[at].length, now);
		if (at == super->last)
			return;
	}
}

void
delivery_flush(struct delivery *delivery, usec_t now)
{
	struct coalescer *c = &delivery->coalescer;

	for (unsigned n = 0; n < c->super_count; n++) {
		const struct super *super = &c->supers[n];
		struct virtio_net_hdr header;
		uint8_t scratch[SUPER_HEADERS];
		size_t parts = coalesce_parts(c, n, &header, scratch, delivery->parts);
		bool good = write_parts(delivery->tunnel, delivery->parts, parts);

		if (good || super->count == 1)
			count(delivery->tunnel, good, c->packets[super->first].bytes, super->count,
			      super->length + (super->count - 1) * super->headers, now);
		else
			write_singly(delivery, super, now);
	}
	coalesce_reset(c);
}

void
delivery_add(struct delivery *delivery, struct tunnel *tunnel, const uint8_t *packet, size_t length,
	     usec_t now)
{
	if (tunnel->offload == TUN_PLAIN) {
		count(tunnel, write_parts(tunnel, &(struct iovec){(void *)packet, length}, 1), packet, 1,
		      length, now);
		return;
	}
	if (delivery->tunnel != tunnel) {
		delivery_flush(delivery, now);
		delivery->tunnel = tunnel;
		delivery->coalescer.udp = tunnel->offload == TUN_USO;
	}
	while (!coalesce_add(&delivery->coalescer, packet, length))
		delivery_flush(delivery, now);
}

size_t
delivery_waiting(const struct delivery *delivery)
{
	return delivery->coalescer.bytes;
}
