// SPDX-License-Identifier: GPL-2.0-or-later
/* See one_plane.h. */
#include "tests/unit/plugins/one_plane.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <unistd.h>

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

struct dataplane_sa
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

void
add(struct fixture *f, const struct dataplane_sa *sa)
{
	struct error err;

	if (!userspace_ops.sa_add(f->plane, sa, &err))
		fail_msg("%s", err.text);
}

int
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

int
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
	assert_true(encrypt_open(&f->plane->encrypt[0], NULL));
	assert_true(decrypt_open(&f->plane->decrypt[0], NULL));
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

int
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

struct dataplane_counters
counters(struct fixture *f)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(f->plane, TUNNEL, &c));
	return c;
}

void
make_inner(uint8_t *packet, size_t length)
{
	memset(packet, 0x33, length);
	memcpy(packet,
	       (uint8_t[]){0x45, 0, (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, 0, 64, 17, 0, 0}, 12);
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
}

size_t
seal(struct fixture *f, uint8_t *packet, uint64_t sequence)
{
	make_inner(packet + esp_head(f->seal), 100);
	return esp_seal(f->seal, packet, 100, sequence);
}

enum drop
input(struct fixture *f, uint8_t *packet, size_t length)
{
	enum drop drop;

	worker_enter(&f->plane->decrypt[0]);
	drop = decrypt_packet(&f->plane->decrypt[0], packet, length, &f->from, true, f->now);
	worker_leave(&f->plane->decrypt[0]);
	worker_tell(&f->plane->decrypt[0]);
	return drop;
}

enum drop
input_next(struct fixture *f)
{
	uint8_t packet[256];

	return input(f, packet, seal(f, packet, ++f->sequence));
}

void
output_packet(struct fixture *f, unsigned count, const uint8_t *packet, size_t length)
{
	struct worker *worker = &f->plane->encrypt[0];

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(write(f->device, packet, length), length);
	worker_enter(worker);
	encrypt_batch(worker, atomic_load(&f->plane->tunnels[TUNNEL]), f->now);
	worker_leave(worker);
	worker_tell(worker);
}

void
output(struct fixture *f, unsigned count, size_t length)
{
	static uint8_t packet[PACKET_MAX];

	make_inner(packet, length);
	output_packet(f, count, packet, length);
}

unsigned
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

bool
delivered(struct fixture *f)
{
	uint8_t packet[256];

	return recv(f->device, packet, sizeof(packet), 0) > 0;
}
