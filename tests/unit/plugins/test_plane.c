// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plane's tables and both packet paths without privileges: a socket pair stands for the TUN device,
 * loopback UDP for the outside, and the test calls the workers' functions itself.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TUNNEL 7
#define SPI 0xabcd0042

struct told {
	unsigned soft, hard, moved;
	uint32_t spi;
	struct ip_address address;
	uint16_t port;
};

struct fixture {
	struct dataplane *plane;
	struct told told;
	int device; /* the far end of the tunnel's device */
	int far;    /* the peer's UDP socket on loopback */
	uint16_t far_port;
	struct sa *seal; /* seals what the plane's inbound SA opens */
	struct sockaddr_storage from;
	usec_t now;
	uint64_t sequence;
};

static void
on_limit(void *context, uint32_t spi, const struct ip_address *destination, bool hard)
{
	struct told *told = context;

	told->spi = spi;
	told->address = *destination;
	if (hard)
		told->hard++;
	else
		told->soft++;
}

static void
on_moved(void *context, uint32_t spi, const struct ip_address *from, uint16_t from_port)
{
	struct told *told = context;

	told->moved++;
	told->spi = spi;
	told->address = *from;
	told->port = from_port;
}

static const uint8_t key[36] = "a key of thirty-six bytes with salt";

/* Inbound or outbound between us (127.0.0.1) and the peer (127.0.0.2). */
static struct dataplane_sa
describe(const struct fixture *f, uint32_t spi, bool inbound)
{
	struct ip_address us = ip_address_v4(0x7f000001), peer = ip_address_v4(0x7f000002);

	return (struct dataplane_sa){
	    .tunnel = TUNNEL,
	    .spi = spi,
	    .inbound = inbound,
	    .source = inbound ? peer : us,
	    .destination = inbound ? us : peer,
	    .source_port = inbound ? f->far_port : NATT_PORT,
	    .destination_port = inbound ? NATT_PORT : f->far_port,
	    .encapsulated = true,
	    .replay_window = 64,
	    .algorithms = {20, key, sizeof(key), 0, NULL, 0},
	};
}

static void
add(struct fixture *f, const struct dataplane_sa *sa)
{
	struct error err;

	if (!userspace_ops.sa_add(f->plane, sa, &err))
		fail_msg("%s", err.text);
}

/* A UDP socket on a loopback address, any port. */
static int
loopback(uint32_t address, uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static int
set_up(void **state)
{
	struct fixture *f = memory_zeroed(1, sizeof(*f));
	struct dataplane_host host = {&f->told, NULL, on_limit, on_moved};
	struct ip_address peer = ip_address_v4(0x7f000002);
	struct dataplane_sa mirrored;
	struct tunnel *tunnel;
	uint16_t port;
	int ends[2], size = 1 << 20;

	f->plane = plane_create(&(struct dataplane_options){.interface_prefix = "x"}, &host);
	f->far = loopback(0x7f000002, &f->far_port);
	f->plane->sockets.fd[SOCKET_NATT][0] = loopback(0x7f000001, &port);
	f->plane->encrypt_count = 1;
	f->plane->encrypt[0].plane = f->plane;
	f->plane->encrypt[0].epoll = f->plane->encrypt[0].wake = -1;
	assert_true(encrypt_open(&f->plane->encrypt[0], NULL));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	tunnel = tunnel_create(TUNNEL, ends[0], "x7");
	f->device = ends[1];
	assert_true(plane_tunnel_publish(f->plane, tunnel, NULL));
	mirrored = describe(f, SPI, true);
	mirrored.inbound = false;
	f->seal = sa_create(&mirrored, NULL, NULL);
	ip_address_to_sockaddr(&peer, f->far_port, &f->from);
	f->now = 1000 * USEC_PER_SEC;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	plane_free(f->plane);
	sa_free(f->seal);
	close(f->device);
	close(f->far);
	free(f);
	return 0;
}

static struct dataplane_counters
counters(struct fixture *f)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(f->plane, TUNNEL, &c));
	return c;
}

/* An IPv4 packet from 10.0.0.1 to 10.0.0.2. */
static void
make_inner(uint8_t *packet, size_t length)
{
	memset(packet, 0x33, length);
	memcpy(packet,
	       (uint8_t[]){0x45, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, 0, 64, 17, 0, 0}, 12);
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
}

static size_t
seal(struct fixture *f, uint8_t *packet, uint64_t sequence)
{
	make_inner(packet + esp_head(f->seal), 100);
	return esp_seal(f->seal, packet, 100, sequence);
}

static enum drop
input(struct fixture *f, uint8_t *packet, size_t length)
{
	enum drop drop;

	worker_enter(&f->plane->decrypt);
	drop = decrypt_packet(&f->plane->decrypt, packet, length, &f->from, true, f->now);
	worker_leave(&f->plane->decrypt);
	worker_tell(&f->plane->decrypt);
	return drop;
}

/* The next packet of the peer's, good. */
static enum drop
input_next(struct fixture *f)
{
	uint8_t packet[256];

	return input(f, packet, seal(f, packet, ++f->sequence));
}

/* Writes packets into the device and lets the encrypt worker have them. */
static void
output(struct fixture *f, unsigned count, size_t length)
{
	static uint8_t packet[PACKET_MAX];
	struct worker *worker = &f->plane->encrypt[0];

	make_inner(packet, length);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(write(f->device, packet, length), length);
	worker_enter(worker);
	encrypt_batch(worker, atomic_load(&f->plane->tunnels[TUNNEL]), f->now);
	worker_leave(worker);
	worker_tell(worker);
}

/* What the peer received: the SPI of each packet; returns how many there are. */
static unsigned
received(struct fixture *f, uint32_t *spi)
{
	static uint8_t packet[PACKET_MAX];
	unsigned count = 0;

	while (recv(f->far, packet, sizeof(packet), 0) > 0) {
		memcpy(spi, packet, 4);
		*spi = ntohl(*spi);
		count++;
	}
	return count;
}

static bool
delivered(struct fixture *f)
{
	uint8_t packet[256];

	return recv(f->device, packet, sizeof(packet), 0) > 0;
}

/* --- in ---------------------------------------------------------------------------------------- */

static void
a_good_packet_reaches_its_tunnels_device(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	uint8_t packet[256], want[100], got[256];
	struct dataplane_counters c;
	uint64_t bytes, packets, last;

	add(f, &in);
	make_inner(want, sizeof(want));
	assert_int_equal(input(f, packet, seal(f, packet, 1)), DROP_NONE);
	assert_int_equal(recv(f->device, got, sizeof(got), 0), sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	c = counters(f);
	assert_int_equal(c.rx_packets, 1);
	assert_int_equal(c.rx_bytes, sizeof(want));
	assert_int_equal(c.last_rx, f->now);
	assert_int_equal(c.tx_packets, 0);
	assert_true(userspace_ops.sa_query(f->plane, SPI, &in.destination, &bytes, &packets, &last));
	assert_int_equal(bytes, sizeof(want));
	assert_int_equal(packets, 1);
	assert_int_equal(last, f->now);
}

static void
a_packet_of_no_sa_is_counted_for_the_plane(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	uint8_t packet[256];
	size_t length;

	add(f, &in);
	length = seal(f, packet, 1);
	packet[0] ^= 1; /* the same slot, another SPI */
	assert_int_equal(input(f, packet, length), DROP_NO_SA);
	packet[0] ^= 1;
	packet[3] ^= 1; /* an empty slot */
	assert_int_equal(input(f, packet, length), DROP_NO_SA);
	assert_int_equal(input(f, packet, 3), DROP_NO_SA);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 3);
	assert_false(delivered(f));
}

static void
each_reason_to_drop_is_counted_as_itself(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	struct dataplane_selector not_ours = {ip_address_v4(0x0b000000), ip_address_v4(0x0bffffff)};
	uint8_t packet[256], copy[256];
	struct dataplane_counters c;
	size_t length;

	add(f, &in);
	length = seal(f, packet, 1);
	memcpy(copy, packet, length);
	assert_int_equal(input(f, packet, length), DROP_NONE);
	assert_true(delivered(f));
	assert_int_equal(input(f, copy, length), DROP_REPLAY);
	length = seal(f, packet, 2);
	packet[40] ^= 1;
	assert_int_equal(input(f, packet, length), DROP_AUTHENTICATION);
	assert_int_equal(input(f, packet, 20), DROP_MALFORMED);
	c = counters(f);
	assert_int_equal(c.drops.replay, 1);
	assert_int_equal(c.drops.authentication, 1);
	assert_int_equal(c.drops.malformed, 1);
	assert_int_equal(c.drops.selector, 0);
	userspace_ops.sa_remove(f->plane, SPI, &in.destination);
	in.source_selectors = &not_ours;
	in.source_selector_count = 1;
	add(f, &in);
	assert_int_equal(input(f, packet, seal(f, packet, 3)), DROP_SELECTOR);
	assert_int_equal(counters(f).drops.selector, 1);
	assert_int_equal(counters(f).rx_packets, 1);
	assert_false(delivered(f));
}

static void
an_authentic_packet_from_elsewhere_tells_where_the_peer_is(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	struct ip_address moved = ip_address_v4(0x7f000003);
	struct sockaddr_storage home = f->from;
	uint8_t packet[256], late[256];
	size_t length;

	add(f, &in);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 0);
	length = seal(f, late, ++f->sequence);
	assert_int_equal(input_next(f), DROP_NONE);
	ip_address_to_sockaddr(&moved, 1234, &f->from);
	/* forged, and authentic but older than what came from home */
	seal(f, packet, 50);
	packet[50] ^= 1;
	assert_int_equal(input(f, packet, length), DROP_AUTHENTICATION);
	assert_int_equal(input(f, late, length), DROP_NONE);
	assert_int_equal(f->told.moved, 0);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 1);
	assert_int_equal(f->told.spi, SPI);
	assert_int_equal(f->told.port, 1234);
	assert_true(ip_address_equal(&f->told.address, &moved));
	/* at most once a second */
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 1);
	f->now += 2 * USEC_PER_SEC;
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 2);
	/* once the SA has moved along, its new source is home */
	in.source = moved;
	in.source_port = 1234;
	assert_true(userspace_ops.sa_update(f->plane, SPI, &in.destination, &in));
	f->now += 2 * USEC_PER_SEC;
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 2);
	f->from = home;
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.moved, 3);
}

/* --- out --------------------------------------------------------------------------------------- */

static void
a_batch_goes_out_and_the_peer_can_open_it(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa out = describe(f, SPI, false), mirrored = out;
	static uint8_t packet[PACKET_MAX];
	struct sa *open;
	uint8_t want[1300];

	add(f, &out);
	mirrored.inbound = true;
	open = sa_create(&mirrored, NULL, NULL);
	output(f, BATCH_PACKETS, sizeof(want));
	make_inner(want, sizeof(want));
	for (int i = 0; i < BATCH_PACKETS; i++) {
		struct opened opened;
		ssize_t got = recv(f->far, packet, sizeof(packet), 0);

		assert_true(got > 0);
		assert_int_equal(esp_open(open, packet, (size_t)got, &opened), DROP_NONE);
		assert_int_equal(opened.length, sizeof(want));
		assert_memory_equal(opened.bytes, want, sizeof(want));
	}
	assert_true(open->replay.top == BATCH_PACKETS);
	assert_int_equal(counters(f).tx_packets, BATCH_PACKETS);
	assert_int_equal(counters(f).tx_bytes, BATCH_PACKETS * sizeof(want));
	assert_int_equal(counters(f).last_tx, f->now);
	sa_free(open);
}

static void
the_newest_outbound_sa_carries_and_removal_falls_back(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa first = describe(f, 0x1001, false), second = describe(f, 0x1002, false);
	uint32_t spi;

	output(f, 3, 100);
	assert_int_equal(received(f, &spi), 0);
	assert_int_equal(counters(f).drops.no_sa, 3);
	add(f, &first);
	output(f, 2, 100);
	assert_int_equal(received(f, &spi), 2);
	assert_int_equal(spi, 0x1001);
	add(f, &second);
	output(f, 1, 100);
	assert_int_equal(received(f, &spi), 1);
	assert_int_equal(spi, 0x1002);
	userspace_ops.sa_remove(f->plane, 0x1002, &second.destination);
	output(f, 1, 100);
	assert_int_equal(received(f, &spi), 1);
	assert_int_equal(spi, 0x1001);
	userspace_ops.sa_remove(f->plane, 0x1001, &first.destination);
	output(f, 1, 100);
	assert_int_equal(received(f, &spi), 0);
	assert_int_equal(counters(f).drops.no_sa, 4);
}

static void
what_may_not_go_out_is_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa out = describe(f, SPI, false);
	struct dataplane_selector others = {ip_address_v4(0x0a000003), ip_address_v4(0x0a0000ff)};
	uint32_t spi;

	add(f, &out);
	assert_int_equal(write(f->device, "not an IP packet", 16), 16);
	output(f, 1, 100);
	assert_int_equal(counters(f).drops.malformed, 1);
	assert_int_equal(received(f, &spi), 1);
	output(f, 1, 65500); /* more than a UDP datagram holds */
	assert_int_equal(counters(f).drops.too_big, 1);
	out.spi++;
	out.destination_selectors = &others;
	out.destination_selector_count = 1;
	add(f, &out);
	output(f, 2, 100);
	assert_int_equal(counters(f).drops.selector, 2);
	assert_int_equal(received(f, &spi), 0);
	assert_int_equal(counters(f).tx_packets, 1);
}

static void
an_updated_sa_sends_to_the_new_address_and_is_known_by_it(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa out = describe(f, SPI, false), moved = out;
	int before = f->far;
	uint16_t port;
	uint32_t spi;

	add(f, &out);
	moved.destination = ip_address_v4(0x7f000005);
	f->far = loopback(0x7f000005, &port);
	moved.destination_port = port;
	assert_true(userspace_ops.sa_update(f->plane, SPI, &out.destination, &moved));
	output(f, 2, 100);
	assert_int_equal(received(f, &spi), 2);
	assert_false(userspace_ops.sa_query(f->plane, SPI, &out.destination, NULL, NULL, NULL));
	assert_true(userspace_ops.sa_query(f->plane, SPI, &moved.destination, NULL, NULL, NULL));
	assert_false(userspace_ops.sa_update(f->plane, SPI, &out.destination, &moved));
	close(before);
}

/* --- limits ------------------------------------------------------------------------------------ */

static void
soft_and_hard_limits_are_told_once_and_hard_ends_the_sa(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa out = describe(f, SPI, false), in = describe(f, SPI + 1, true);
	uint32_t spi;

	out.soft_packets = 2;
	out.hard_packets = 4;
	add(f, &out);
	output(f, 1, 100);
	assert_int_equal(f->told.soft, 0);
	output(f, 1, 100);
	assert_int_equal(f->told.soft, 1);
	assert_int_equal(f->told.spi, SPI);
	assert_true(ip_address_equal(&f->told.address, &out.destination));
	output(f, 1, 100);
	assert_int_equal(f->told.hard, 0);
	output(f, 1, 100);
	output(f, 1, 100);
	assert_int_equal(f->told.soft, 1);
	assert_int_equal(f->told.hard, 1);
	assert_int_equal(received(f, &spi), 4);
	assert_int_equal(counters(f).drops.no_sa, 1);
	in.spi = SPI;
	in.soft_bytes = 150;
	in.hard_bytes = 250;
	add(f, &in);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.soft, 1);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(f->told.soft, 2);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(input_next(f), DROP_NO_SA);
	assert_int_equal(f->told.hard, 2);
}

static void
nothing_is_sent_after_the_last_sequence_number(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa out = describe(f, SPI, false);
	struct sa *sa;
	uint32_t spi;

	add(f, &out);
	sa = atomic_load(&((struct tunnel *)atomic_load(&f->plane->tunnels[TUNNEL]))->outbound);
	atomic_store(&sa->sequence, UINT32_MAX - UINT32_MAX / 16);
	output(f, 1, 100);
	assert_int_equal(f->told.soft, 1); /* a successor is asked for long before */
	assert_int_equal(f->told.hard, 0);
	atomic_store(&sa->sequence, UINT32_MAX - 3);
	output(f, 5, 100);
	output(f, 5, 100);
	assert_int_equal(received(f, &spi), 4);
	assert_int_equal(counters(f).drops.no_sa, 7);
	assert_int_equal(f->told.hard, 1);
}

/* --- tables ------------------------------------------------------------------------------------ */

static void
a_silenced_tunnel_is_like_a_cut_line(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true), out = describe(f, SPI + 1, false);
	struct dataplane_counters before, after;
	uint32_t spi;

	add(f, &in);
	add(f, &out);
	before = counters(f);
	userspace_ops.tunnel_silence(f->plane, TUNNEL, true);
	output(f, 3, 100);
	assert_int_equal(input_next(f), DROP_SILENTLY);
	assert_int_equal(received(f, &spi), 0);
	assert_false(delivered(f));
	after = counters(f);
	assert_int_equal(after.tx_packets, before.tx_packets + 3);
	before.tx_packets = after.tx_packets;
	before.tx_bytes = after.tx_bytes;
	before.last_tx = after.last_tx;
	assert_memory_equal(&before, &after, sizeof(before));
	userspace_ops.tunnel_silence(f->plane, TUNNEL, false);
	output(f, 1, 100);
	assert_int_equal(input_next(f), DROP_NONE);
	assert_int_equal(received(f, &spi), 1);
	assert_true(delivered(f));
}

static void
allocated_spis_are_distinct_and_stay_reserved_until_removed(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, 0, true);
	uint8_t *slots = memory_zeroed(INBOUND_SLOTS, 1);
	struct error err;
	uint32_t last = 0;

	for (unsigned i = 0; i < INBOUND_SLOTS; i++) {
		uint32_t spi = userspace_ops.spi_allocate(f->plane);

		assert_true(spi >= 256);
		assert_int_equal(slots[spi % INBOUND_SLOTS], 0);
		slots[spi % INBOUND_SLOTS] = 1;
		last = spi;
	}
	assert_int_equal(userspace_ops.spi_allocate(f->plane), 0);
	/* one that was never added goes free by removal; another's reservation does not */
	userspace_ops.sa_remove(f->plane, last ^ 0x10000, &in.destination);
	assert_int_equal(userspace_ops.spi_allocate(f->plane), 0);
	userspace_ops.sa_remove(f->plane, last, &in.destination);
	last = userspace_ops.spi_allocate(f->plane);
	assert_true(last != 0);
	/* one that was added goes free with its SA */
	in.spi = last;
	add(f, &in);
	in.spi = last ^ 0x10000;
	assert_false(userspace_ops.sa_add(f->plane, &in, &err));
	assert_non_null(strstr(err.text, "collides"));
	userspace_ops.sa_remove(f->plane, last, &in.destination);
	assert_true(userspace_ops.spi_allocate(f->plane) != 0);
	free(slots);
}

static void
sas_that_can_not_be_are_refused_with_a_reason(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa sa = describe(f, SPI, true), raw, stray, cbc;
	struct error err;

	add(f, &sa);
	assert_false(userspace_ops.sa_add(f->plane, &sa, &err));
	assert_non_null(strstr(err.text, "exists already"));
	stray = describe(f, SPI + 1, true);
	stray.tunnel = 99;
	assert_false(userspace_ops.sa_add(f->plane, &stray, &err));
	assert_non_null(strstr(err.text, "no tunnel 99"));
	raw = describe(f, SPI + 2, false);
	raw.encapsulated = false; /* the fixture has no raw socket */
	assert_false(userspace_ops.sa_add(f->plane, &raw, &err));
	assert_non_null(strstr(err.text, "ESP"));
	cbc = describe(f, SPI + 3, false);
	cbc.algorithms.encryption = 12;
	assert_false(userspace_ops.sa_add(f->plane, &cbc, &err));
	assert_non_null(strstr(err.text, "aes128gcm16"));
	cbc = describe(f, SPI + 4, false);
	cbc.destination = (struct ip_address){0};
	assert_false(userspace_ops.sa_add(f->plane, &cbc, &err));
	assert_non_null(strstr(err.text, "destination"));
}

static void
a_removed_tunnel_takes_its_sas_along(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true), out = describe(f, SPI + 1, false);
	struct dataplane_counters c;

	add(f, &in);
	add(f, &out);
	userspace_ops.tunnel_remove(f->plane, TUNNEL);
	assert_false(userspace_ops.tunnel_counters(f->plane, TUNNEL, &c));
	assert_false(userspace_ops.sa_query(f->plane, SPI, &in.destination, NULL, NULL, NULL));
	assert_false(userspace_ops.sa_query(f->plane, SPI + 1, &out.destination, NULL, NULL, NULL));
	assert_int_equal(input_next(f), DROP_NO_SA);
	userspace_ops.sa_remove(f->plane, SPI, &in.destination);
	userspace_ops.tunnel_remove(f->plane, TUNNEL);
	userspace_ops.tunnel_silence(f->plane, TUNNEL, true);
}

/* In a child that gave up root. */
static void
a_missing_capability_is_named(void **state)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct dataplane_host host = {0};
		struct dataplane_options options = {0};
		struct error probe, open;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		if (userspace_ops.probe(&probe) || userspace_ops.open(&options, &host, &open) != NULL)
			_exit(3);
		_exit(strstr(probe.text, "CAP_NET_ADMIN") == NULL ||
		      strstr(open.text, "CAP_NET_ADMIN") == NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define WITH_PLANE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(WITH_PLANE(a_good_packet_reaches_its_tunnels_device),
	  WITH_PLANE(a_packet_of_no_sa_is_counted_for_the_plane),
	  WITH_PLANE(each_reason_to_drop_is_counted_as_itself),
	  WITH_PLANE(an_authentic_packet_from_elsewhere_tells_where_the_peer_is),
	  WITH_PLANE(a_batch_goes_out_and_the_peer_can_open_it),
	  WITH_PLANE(the_newest_outbound_sa_carries_and_removal_falls_back),
	  WITH_PLANE(what_may_not_go_out_is_dropped_and_counted),
	  WITH_PLANE(an_updated_sa_sends_to_the_new_address_and_is_known_by_it),
	  WITH_PLANE(soft_and_hard_limits_are_told_once_and_hard_ends_the_sa),
	  WITH_PLANE(nothing_is_sent_after_the_last_sequence_number),
	  WITH_PLANE(a_silenced_tunnel_is_like_a_cut_line),
	  WITH_PLANE(allocated_spis_are_distinct_and_stay_reserved_until_removed),
	  WITH_PLANE(sas_that_can_not_be_are_refused_with_a_reason),
	  WITH_PLANE(a_removed_tunnel_takes_its_sas_along), cmocka_unit_test(a_missing_capability_is_named))
