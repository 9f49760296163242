// SPDX-License-Identifier: GPL-2.0-or-later
/* Opened packets into a device, for which a socket pair stands: each write is a message. */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"
#include "tests/unit/plugins/flows.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { PACKETS = 3, DATA = 1900, VNET = sizeof(struct virtio_net_hdr) };

struct fixture {
	struct tunnel *tunnel;
	struct delivery *delivery;
	int device;
	uint8_t packets[PACKETS][FLOWS_PACKET];
	size_t length;
};

static int
set_up(void **state)
{
	struct fixture *f = memory_zeroed(1, sizeof(*f));
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	f->tunnel = tunnel_create(1, ends[0], "x1");
	f->tunnel->offload = TUN_TSO;
	f->device = ends[1];
	f->delivery = delivery_create();
	for (unsigned i = 0; i < PACKETS; i++) {
		struct flows_packet p = {.data = DATA, .sequence = i * DATA, .id = (uint16_t)i};

		f->length = flows_make(&p, f->packets[i]);
	}
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	delivery_free(f->delivery);
	close(f->tunnel->fd);
	free(f->tunnel);
	close(f->device);
	free(f);
	return 0;
}

static void
deliver_all(struct fixture *f)
{
	for (unsigned i = 0; i < PACKETS; i++)
		delivery_add(f->delivery, f->tunnel, f->packets[i], f->length, 5);
	delivery_flush(f->delivery, 5);
	assert_int_equal(delivery_waiting(f->delivery), 0);
}

static void
packets_of_a_flow_are_one_write_behind_its_header(void **state)
{
	struct fixture *f = *state;
	struct virtio_net_hdr header;
	uint8_t got[8192];

	deliver_all(f);
	assert_int_equal(recv(f->device, got, sizeof(got), 0), VNET + f->length + (PACKETS - 1) * DATA);
	memcpy(&header, got, VNET);
	assert_int_equal(header.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(header.gso_size, DATA);
	assert_int_equal(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_true(recv(f->device, got, sizeof(got), 0) < 0);
	assert_int_equal(counter_read(&f->tunnel->rx.packets), PACKETS);
	assert_int_equal(counter_read(&f->tunnel->rx.bytes), PACKETS * f->length);
	assert_int_equal(counter_read(&f->tunnel->rx.last), 5);
}

static void *
deliver_in_thread(void *argument)
{
	deliver_all(argument);
	return NULL;
}

static void
a_device_that_refuses_a_super_packet_gets_its_packets(void **state)
{
	struct fixture *f = *state;
	uint8_t got[8192];
	struct timeval patience = {.tv_sec = 10};
	int small = 1;
	pthread_t thread;

	/* the least that the kernel grants: less than all together; writes of one wait until there is room */
	setsockopt(f->tunnel->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fcntl(f->tunnel->fd, F_SETFL, 0);
	fcntl(f->device, F_SETFL, 0);
	setsockopt(f->device, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	pthread_create(&thread, NULL, deliver_in_thread, f);
	for (unsigned i = 0; i < PACKETS; i++) {
		assert_int_equal(recv(f->device, got, sizeof(got), 0), VNET + f->length);
		assert_memory_equal(got + VNET, f->packets[i], f->length);
		assert_int_equal(got[1], VIRTIO_NET_HDR_GSO_NONE);
	}
	pthread_join(thread, NULL);
	assert_int_equal(counter_read(&f->tunnel->rx.packets), PACKETS);
	assert_int_equal(counter_read(&f->tunnel->rx.bytes), PACKETS * f->length);
	assert_int_equal(counter_read(&f->tunnel->rx.drops[DROP_QUEUE]), 0);
}

static void
a_plain_device_gets_packets_without_a_header(void **state)
{
	struct fixture *f = *state;
	uint8_t got[8192];

	f->tunnel->offload = TUN_PLAIN;
	deliver_all(f);
	for (unsigned i = 0; i < PACKETS; i++) {
		assert_int_equal(recv(f->device, got, sizeof(got), 0), f->length);
		assert_memory_equal(got, f->packets[i], f->length);
	}
}

static void
what_no_device_takes_is_counted(void **state)
{
	struct fixture *f = *state;

	close(f->device);
	f->device = -1;
	signal(SIGPIPE, SIG_IGN);
	deliver_all(f);
	assert_int_equal(counter_read(&f->tunnel->rx.packets), 0);
	assert_int_equal(counter_read(&f->tunnel->rx.drops[DROP_QUEUE]), PACKETS);
}

#define WITH_DEVICE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(WITH_DEVICE(packets_of_a_flow_are_one_write_behind_its_header),
	  WITH_DEVICE(a_device_that_refuses_a_super_packet_gets_its_packets),
	  WITH_DEVICE(a_plain_device_gets_packets_without_a_header),
	  WITH_DEVICE(what_no_device_takes_is_counted))
