// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device gives and how many sends it makes (batch.c), as the peer's socket sees it with UDP_GRO. */
#include "tests/unit/plugins/flows.h"
#include "tests/unit/plugins/one_plane.h"
#include "tests/unit/test.h"

#include <netinet/udp.h>
#include <unistd.h>

#define SPI_OUT 0x0badcafe

enum { SEGMENT = 1348, SUPER_SEGMENTS = 45, HEADERS = 40, MESSAGES_MOST = 16 };

struct message {
	size_t length, size; /* of it all, of each datagram but the last */
};

/* The plane with super-packets on both sides; false where the kernel has none. */
static bool
prepare(struct fixture *f)
{
	struct dataplane_sa out = describe(f, SPI_OUT, false);
	struct tunnel *tunnel = atomic_load(&f->plane->tunnels[TUNNEL]);
	int on = 1;

	add(f, &out);
	tunnel->offload = TUN_TSO;
	f->plane->paths = (struct fast_paths){.tun = TUN_TSO, .udp_gso = true, .udp_gro = true};
	sockets_probe(&f->plane->sockets, &f->plane->paths);
	return f->plane->paths.udp_gso && setsockopt(f->far, SOL_UDP, UDP_GRO, &on, sizeof(on)) == 0;
}

static struct sa *
outbound(struct fixture *f)
{
	return atomic_load(&((struct tunnel *)atomic_load(&f->plane->tunnels[TUNNEL]))->outbound);
}

/* What the device gives for so many segments of TCP. Returns its length. */
static size_t
make_super(uint8_t *at, unsigned segments)
{
	struct flows_packet first = {.data = SEGMENT, .flow = (uint8_t)segments};
	struct virtio_net_hdr header = {
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
	    .hdr_len = HEADERS,
	    .gso_size = SEGMENT,
	    .csum_start = 20,
	    .csum_offset = 16,
	};
	size_t length = HEADERS + (size_t)segments * SEGMENT;
	uint8_t packet[FLOWS_PACKET], total[] = {(uint8_t)(length >> 8), (uint8_t)length};

	flows_make(&first, packet);
	memset(at, 0x5a, sizeof(header) + length);
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), packet, HEADERS);
	memcpy(at + sizeof(header) + 2, total, sizeof(total));
	return sizeof(header) + length;
}

/* Gives the worker super-packets of so many segments each, up to a zero, all at once. */
static void
give(struct fixture *f, const unsigned *segments)
{
	static uint8_t packet[sizeof(struct virtio_net_hdr) + PACKET_MAX];
	size_t length = 0;

	for (; *segments != 0; segments++) {
		length = make_super(packet, *segments);
		if (segments[1] != 0)
			assert_int_equal(write(f->device, packet, length), length);
	}
	output_packet(f, 1, packet, length);
}

static unsigned
messages(struct fixture *f, struct message found[MESSAGES_MOST])
{
	static uint8_t room[PACKET_MAX];
	_Alignas(size_t) uint8_t control[64];
	unsigned count = 0;

	for (; count < MESSAGES_MOST; count++) {
		struct iovec part = {room, sizeof(room)};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		ssize_t got = recvmsg(f->far, &message, 0);

		if (got <= 0)
			break;
		found[count] = (struct message){(size_t)got, socket_segment_size(&message, (size_t)got)};
	}
	return count;
}

/* What the far end gets of super-packets of so many segments each: how many messages; `sealed`: the length of
 * a datagram. */
static unsigned
sends_of(struct fixture *f, const unsigned *segments, struct message found[MESSAGES_MOST], size_t *sealed)
{
	if (!prepare(f))
		skip();
	*sealed = esp_sealed_length(outbound(f), HEADERS + SEGMENT);
	give(f, segments);
	return messages(f, found);
}

static void
a_super_packet_makes_one_send(void **state)
{
	struct message found[MESSAGES_MOST];
	size_t sealed;

	assert_int_equal(sends_of(*state, (unsigned[]){SUPER_SEGMENTS, SUPER_SEGMENTS, 0}, found, &sealed),
			 2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(found[i].size, sealed);
		assert_int_equal(found[i].length, SUPER_SEGMENTS * sealed);
	}
}

/* The long one is not cut in two to fill up the short one's send. */
static void
a_super_packet_behind_a_short_one_stays_whole(void **state)
{
	struct message found[MESSAGES_MOST];
	size_t sealed;

	assert_int_equal(sends_of(*state, (unsigned[]){3, SUPER_SEGMENTS, 0}, found, &sealed), 2);
	assert_int_equal(found[0].length, 3 * sealed);
	assert_int_equal(found[1].length, SUPER_SEGMENTS * sealed);
}

static void
short_ones_that_fit_share_a_send(void **state)
{
	struct message found[MESSAGES_MOST];
	size_t sealed;

	assert_int_equal(sends_of(*state, (unsigned[]){3, 5, 0}, found, &sealed), 1);
	assert_int_equal(found[0].length, 8 * sealed);
}

/* More than the queue has room for: what it does not take is counted by packets as well. */
static void
each_packet_of_a_super_packet_is_sent_or_counted_as_dropped(void **state)
{
	enum { SUPERS = 40 };
	struct fixture *f = *state;
	unsigned supers[SUPERS + 1] = {0};
	int room = 8 << 20;
	struct dataplane_counters c;

	if (!prepare(f) || setsockopt(f->device, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0) {
		print_message("needs root, or a device with a larger buffer than is let here\n");
		skip();
	}
	for (unsigned i = 0; i < SUPERS; i++)
		supers[i] = SUPER_SEGMENTS;
	give(f, supers);
	c = counters(f);
	assert_true(c.tx_packets != 0 && c.drops.queue != 0);
	assert_int_equal(c.tx_packets + c.drops.queue, SUPERS * SUPER_SEGMENTS);
}

TEST_MAIN(WITH_PLANE(a_super_packet_makes_one_send),
	  WITH_PLANE(a_super_packet_behind_a_short_one_stays_whole),
	  WITH_PLANE(short_ones_that_fit_share_a_send),
	  WITH_PLANE(each_packet_of_a_super_packet_is_sent_or_counted_as_dropped))
