// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer target: the ESP input path, from the bytes of a datagram to the tunnel's device. The input is a
 * list of steps, each a kind, a length and that many bytes:
 *  - raw bytes as a packet (what anybody on the Internet can send),
 *  - raw bytes behind the right SPI and sequence number (passes the look-up and the replay check),
 *  - plaintext, trailer included, that the harness seals with the SA's key (what an authentic but evil peer
 * can send),
 *  - an inner packet that goes through esp_seal and must come back.
 * Several packets in one input move the replay window. The first byte chooses the suite and who does its
 * work. One plain SA, one with extended numbers and selectors.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/buffer.h"
#include "core/base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define SPI 0x12340001
#define SPI_EXTENDED 0x12340002
#define MOST 2048

enum { STEP_RAW, STEP_HEADED, STEP_TEXT, STEP_INNER, STEPS };

struct bench {
	struct dataplane *plane; /* lives on from input to input, its SAs don't */
	struct sa *in[2], *seal[2];
	struct sockaddr_storage from;
};

static struct sa *
add(struct dataplane *plane, struct dataplane_sa *description)
{
	if (!plane_sa_add(plane, description, NULL))
		abort();
	return atomic_load(&plane->inbound[description->spi % INBOUND_SLOTS]);
}

static void
plane_set_up(struct bench *bench)
{
	struct dataplane_host host = {0};
	struct tunnel *tunnel;

	bench->plane = plane_create(&(struct dataplane_options){0}, &host);
	if (!decrypt_open(&bench->plane->decrypt[0], NULL))
		abort();
	bench->plane->sockets.fd[SOCKET_NATT][0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	tunnel = tunnel_create(1, open("/dev/null", O_RDWR | O_CLOEXEC), "fuzz");
	tunnel->offload = TUN_USO; /* so that what is opened goes through the coalescer */
	plane_tunnel_publish(bench->plane, tunnel, NULL);
}

static void
bench_open(struct bench *bench, const struct suite *suite)
{
	static const uint8_t key[64] = "keys of the fuzzer, of which each suite takes what it needs";
	struct dataplane_selector inner[] = {
	    {ip_address_v4(0x0a000000), ip_address_v4(0x0affffff)},
	    {ip_address_v4(0), ip_address_v4(UINT32_MAX), IPPROTO_UDP, 53, 443},
	    {{.family = AF_INET6}, {.family = AF_INET6, .bytes = {0xff}}, IPPROTO_TCP, 53, 443},
	};
	struct dataplane_sa sa = {
	    .tunnel = 1,
	    .encapsulated = true,
	    .source = ip_address_v4(0xc0000201),
	    .destination = ip_address_v4(0xc0000202),
	    .source_port = NATT_PORT,
	    .destination_port = NATT_PORT,
	    .replay_window = 64,
	    .algorithms = {suite->encryption, key, suite->key_length, suite->integrity, key,
			   suite->integrity_key_length},
	    .soft_packets = 5,
	};

	if (bench->plane == NULL)
		plane_set_up(bench);
	for (int i = 0; i < 2; i++) {
		sa.spi = i == 0 ? SPI : SPI_EXTENDED;
		sa.extended_sequence = i != 0;
		sa.source_selectors = i != 0 ? inner : NULL;
		sa.source_selector_count = i != 0 ? COUNT_OF(inner) : 0;
		sa.inbound = true;
		bench->in[i] = add(bench->plane, &sa);
		sa.inbound = false;
		bench->seal[i] = sa_create(&sa, NULL, NULL);
		if (bench->seal[i] == NULL)
			abort();
	}
	ip_address_to_sockaddr(&sa.source, NATT_PORT, &bench->from);
}

static void
bench_close(struct bench *bench)
{
	struct ip_address destination = ip_address_v4(0xc0000202);

	for (int i = 0; i < 2; i++) {
		plane_sa_remove(bench->plane, bench->in[i]->spi, &destination);
		sa_free(bench->seal[i]);
	}
}

static enum drop
input(struct bench *bench, const uint8_t *packet, size_t length)
{
	struct worker *worker = &bench->plane->decrypt[0];
	/* of its very size, so that a read beyond the end is seen */
	uint8_t *copy = malloc(length != 0 ? length : 1);
	enum drop drop;

	if (length != 0)
		memcpy(copy, packet, length);
	worker_enter(worker);
	drop = decrypt_packet(worker, copy, length, &bench->from, true, 1);
	worker_leave(worker);
	worker_tell(worker);
	free(copy);
	return drop;
}

static void
write_header(uint8_t *packet, const struct sa *sa, uint64_t sequence)
{
	struct writer w = writer_over(packet, ESP_HEADER);

	writer_u32(&w, sa->spi);
	writer_u32(&w, (uint32_t)sequence);
}

static void
step(struct bench *bench, uint8_t kind, const uint8_t *bytes, size_t length)
{
	static uint8_t packet[ESP_HEAD_ROOM + MOST + ESP_TAIL_ROOM];
	struct sa *in = bench->in[kind >> 7], *seal = bench->seal[kind >> 7];
	/* from some numbers back to far ahead, by the kind's middle bits */
	int64_t shift = (int64_t[]){1, 1, 0, -3, -64, 40, 1000, 0x7fffffff}[kind >> 4 & 7];
	uint64_t sequence = in->replay.top + (uint64_t)shift;
	size_t head = esp_head(seal);
	struct suite_packet one;
	struct inner inner;

	switch (kind % STEPS) {
	case STEP_RAW:
		input(bench, bytes, length);
		break;
	case STEP_HEADED:
		write_header(packet, in, sequence);
		memcpy(packet + ESP_HEADER, bytes, length);
		input(bench, packet, ESP_HEADER + length);
		break;
	case STEP_TEXT:
		length -= length % seal->suite->alignment;
		if (length == 0)
			break;
		write_header(packet, in, sequence);
		memcpy(packet + head, bytes, length);
		one = (struct suite_packet){.bytes = packet, .text_length = length, .sequence = sequence};
		seal->suite->ops->seal(seal->context, &one, 1);
		if (!one.good)
			abort();
		input(bench, packet, head + length + seal->suite->icv_length);
		break;
	default:
		/* what may be sent must be taken, where the window and the selectors let it in */
		if (!inner_parse(bytes, length, &inner) || inner.length != length || kind >> 7 != 0)
			break;
		sequence = in->replay.top + 1;
		if (sequence > sa_sequence_end(in))
			break;
		memcpy(packet + head, bytes, length);
		if (input(bench, packet, esp_seal(seal, packet, length, sequence)) != DROP_NONE)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct reader r = reader_over(bytes, size);
	static struct bench bench;
	unsigned suites = 0;
	uint8_t first;

	while (suite_at(suites) != NULL)
		suites++;
	first = reader_u8(&r);
	suites_use(first >> 7 != 0 ? "auto" : "evp", NULL);
	bench_open(&bench, suite_at(first % 128 % suites));
	while (reader_left(&r) != 0) {
		uint8_t kind = reader_u8(&r);
		size_t length = reader_u16(&r) % (MOST + 1);
		size_t left = reader_left(&r);

		if (r.failed)
			break;
		step(&bench, kind, reader_bytes(&r, length < left ? length : left),
		     length < left ? length : left);
	}
	bench_close(&bench);
	return 0;
}
