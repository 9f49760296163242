// SPDX-License-Identifier: GPL-2.0-or-later
/* What the plane does to packets on their way (packet.h), where it is called, and that each drop is counted.
 */
#include "core/base/buffer.h"
#include "core/base/text.h"
#include "tests/unit/plugins/one_plane.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#define SPI_OUT 0x0badcafe

enum { ROOM = 4096 };

/* The plane with an SA each way; the peer's end of the outbound one. */
static struct sa *
both_ways(struct fixture *f)
{
	struct dataplane_sa in = describe(f, SPI, true), out = describe(f, SPI_OUT, false);
	struct sa *peer;

	add(f, &in);
	add(f, &out);
	out.inbound = true;
	peer = sa_create(&out, NULL, NULL);
	assert_non_null(peer);
	return peer;
}

static struct tunnel *
tunnel_of(struct fixture *f)
{
	return atomic_load(&f->plane->tunnels[TUNNEL]);
}

/* The next packet at the peer, opened in place; `tos` of its outer header. 0 when there is none. */
static size_t
peer_opens(struct fixture *f, struct sa *peer, uint8_t *room, uint8_t **inner, int *tos)
{
	_Alignas(size_t) uint8_t control[64];
	struct iovec part = {room, ROOM};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(f->far, &message, 0);
	struct opened opened;

	if (got <= 0)
		return 0;
	*tos = socket_tos(&message);
	assert_int_equal(esp_open(peer, room, (size_t)got, &opened), DROP_NONE);
	*inner = opened.bytes;
	return opened.length;
}

/* --- what the path does not take ---------------------------------------------------------------- */

static void
set_df(uint8_t *packet)
{
	packet[6] |= 0x40;
}

static void
a_packet_with_df_that_the_path_does_not_take_is_answered(void **state)
{
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	struct dataplane_inside inside = {.mtu = 1438, .address = {ip_address_v4(0xa9fe0a01)}};
	uint8_t packet[ROOM], got[ROOM], *inner;
	int tos;

	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	atomic_store(&tunnel_of(f)->path_mtu, 1200);
	make_inner(packet, 1201);
	set_df(packet);
	output_packet(f, 1, packet, 1201);
	assert_int_equal(counters(f).drops.too_big, 1);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 0);
	assert_int_equal(recv(f->device, got, sizeof(got), 0), 576);
	assert_memory_equal(got + 12, ((uint8_t[]){10, 0, 0, 2, 10, 0, 0, 1}), 8);
	assert_memory_equal(got + 20, ((uint8_t[]){3, 4}), 2);
	assert_memory_equal(got + 26, ((uint8_t[]){1200 >> 8, 1200 & 255}), 2);
	/* what fits goes */
	make_inner(packet, 1200);
	set_df(packet);
	output_packet(f, 1, packet, 1200);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 1200);
	assert_false(delivered(f));
	assert_int_equal(counters(f).drops.too_big, 1);
	sa_free(peer);
}

static void
answers_are_limited_and_need_an_inside_address(void **state)
{
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	struct dataplane_inside inside = {.mtu = 1438, .address = {ip_address_v4(0xa9fe0a01)}};
	uint8_t packet[ROOM];
	unsigned answers = 0;

	atomic_store(&tunnel_of(f)->path_mtu, 1200);
	make_inner(packet, 1300);
	set_df(packet);
	output_packet(f, 3, packet, 1300);
	assert_false(delivered(f));
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	output_packet(f, 100, packet, 1300);
	while (delivered(f))
		answers++;
	assert_in_range(answers, 1, 50);
	assert_int_equal(counters(f).drops.too_big, 103);
	f->now += USEC_PER_SEC;
	output_packet(f, 1, packet, 1300);
	assert_true(delivered(f));
	sa_free(peer);
}

static void
a_packet_without_df_goes_in_pieces_that_fit(void **state)
{
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	uint8_t packet[ROOM], got[ROOM], *inner;
	size_t length, payload = 0;
	unsigned pieces = 0;
	int tos;

	atomic_store(&tunnel_of(f)->path_mtu, 1200);
	make_inner(packet, 2000);
	packet[1] = 0xb8;
	for (size_t i = 20; i < 2000; i++)
		packet[i] = (uint8_t)i;
	output_packet(f, 1, packet, 2000);
	while ((length = peer_opens(f, peer, got, &inner, &tos)) != 0) {
		assert_true(length <= 1200);
		assert_memory_equal(inner + 20, packet + 20 + payload, length - 20);
		payload += length - 20;
		pieces++;
	}
	assert_int_equal(payload, 1980);
	assert_int_equal(pieces, 2);
	assert_int_equal(counters(f).drops.too_big, 0);
	assert_int_equal(counters(f).tx_packets, 2);
	sa_free(peer);
}

/* An echo request from this source, with DF or without. */
static void
make_echo(uint8_t *packet, size_t length, const uint8_t source[4], bool df)
{
	make_inner(packet, length);
	packet[8] = 255;
	packet[9] = 1;
	packet[20] = 8;
	memcpy(packet + 12, source, 4);
	if (df)
		set_df(packet);
}

static void
a_probe_of_our_own_goes_whole_whatever_the_path_is_thought_to_take(void **state)
{
	static const uint8_t own[] = {169, 254, 10, 1}, other[] = {10, 0, 0, 1};
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	struct dataplane_inside inside = {.mtu = 1438, .path = 1200, .address = {ip_address_v4(0xa9fe0a01)}};
	uint8_t packet[ROOM], got[ROOM], *inner;
	int tos;

	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	make_echo(packet, 1400, own, true);
	output_packet(f, 1, packet, 1400);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 1400);
	/* anybody's ping from here, somebody else's, one that may be cut, an answer */
	packet[8] = 64;
	output_packet(f, 1, packet, 1400);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 0);
	make_echo(packet, 1400, other, true);
	output_packet(f, 1, packet, 1400);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 0);
	assert_int_equal(counters(f).drops.too_big, 2);
	make_echo(packet, 1400, own, false);
	output_packet(f, 1, packet, 1400);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 1196);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 224);
	make_echo(packet, 1400, own, true);
	packet[20] = 0;
	output_packet(f, 1, packet, 1400);
	assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 0);
	sa_free(peer);
}

static void
of_what_was_told_and_what_was_probed_the_less_counts(void **state)
{
	struct fixture *f = *state;
	struct tunnel *tunnel = tunnel_of(f);
	struct dataplane_inside inside = {.mtu = 1438};

	atomic_store(&tunnel->path_mtu, 1300);
	inside.path = 1350;
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	assert_int_equal(tunnel_path(tunnel), 1300);
	inside.path = 1250;
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	assert_int_equal(tunnel_path(tunnel), 1250);
	assert_int_equal(tunnel_fits(tunnel), 1250);
	inside.path = 0;
	atomic_store(&tunnel->path_mtu, 0);
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	assert_int_equal(tunnel_path(tunnel), 0);
	assert_int_equal(tunnel_fits(tunnel), 1438);
}

static void
ipv6_is_never_held_to_less_than_1280(void **state)
{
	static const uint8_t ipv6[] = {0x60}, ipv4[] = {0x45};
	struct fixture *f = *state;
	struct tunnel *tunnel = tunnel_of(f);

	assert_int_equal(tunnel_path_limit(tunnel, ipv6), 0);
	atomic_store(&tunnel->path_mtu, 900);
	assert_int_equal(tunnel_path_limit(tunnel, ipv6), 1280);
	assert_int_equal(tunnel_path_limit(tunnel, ipv4), 900);
	atomic_store(&tunnel->path_mtu, 1300);
	assert_int_equal(tunnel_path_limit(tunnel, ipv6), 1300);
}

static void
what_the_kernel_tells_its_neighbours_is_no_drop(void **state)
{
	struct fixture *f = *state;
	struct dataplane_selector everything_v4 = {ip_address_v4(0), ip_address_v4(UINT32_MAX)};
	struct dataplane_sa out = describe(f, SPI_OUT, false);
	uint8_t packet[48] = {
	    0x60, [5] = 8, [6] = 58, [8] = 0xfe, [9] = 0x80, [23] = 1, [24] = 0xff, [25] = 2};

	out.source_selectors = out.destination_selectors = &everything_v4;
	out.source_selector_count = out.destination_selector_count = 1;
	output_packet(f, 1, packet, sizeof(packet));
	assert_int_equal(counters(f).drops.no_sa, 0); /* as soon as there is an interface */
	add(f, &out);
	output_packet(f, 1, packet, sizeof(packet));
	assert_int_equal(counters(f).drops.selector, 0);
	packet[25] = 5; /* of the site: that is for somebody */
	output_packet(f, 1, packet, sizeof(packet));
	assert_int_equal(counters(f).drops.selector, 1);
	assert_int_equal(counters(f).tx_packets, 0);
}

/* --- TOS --------------------------------------------------------------------------------------- */

static void
the_outer_tos_is_the_inner_one_packet_by_packet(void **state)
{
	static const uint8_t wanted[] = {0, 0xb8, 0xb9, 0xb8, 0x03, 0};
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	uint8_t packet[ROOM], got[ROOM], *inner;
	int on = 1, tos;

	assert_int_equal(setsockopt(f->far, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		make_inner(packet, 100);
		packet[1] = wanted[i];
		assert_int_equal(write(f->device, packet, 100), 100);
	}
	/* one batch of them all */
	make_inner(packet, 100);
	output_packet(f, 1, packet, 100);
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		assert_int_equal(peer_opens(f, peer, got, &inner, &tos), 100);
		assert_int_equal(packet_tos(inner), wanted[i]);
		assert_int_equal(tos, wanted[i]);
	}
	sa_free(peer);
}

/* --- MSS --------------------------------------------------------------------------------------- */

/* A SYN from 10.0.0.1 to 10.0.0.2 that offers 1460. */
static size_t
make_syn(uint8_t *packet)
{
	make_inner(packet, 44);
	packet[9] = 6;
	memset(packet + 20, 0, 24);
	packet[32] = 0x60;
	packet[33] = 2;
	memcpy(packet + 40, (uint8_t[]){2, 4, 1460 >> 8, 1460 & 255}, 4);
	return 44;
}

static unsigned
offered(const uint8_t *packet)
{
	return (unsigned)packet[42] << 8 | packet[43];
}

static void
syns_are_clamped_both_ways_to_what_fits(void **state)
{
	/* the device's MTU, the path's; what is offered then */
	static const struct {
		uint32_t mtu, path;
		unsigned want;
	} table[] = {{0, 0, 1460}, {1438, 0, 1398}, {1438, 1300, 1260}, {1300, 1400, 1260}, {9000, 0, 1460}};
	struct fixture *f = *state;
	struct sa *peer = both_ways(f);
	struct dataplane_inside inside = {.mtu = 1438, .address = {ip_address_v4(0xa9fe0a01)}};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint8_t packet[ROOM], got[ROOM], *inner;
		size_t length = make_syn(packet);
		int tos;

		inside.mtu = table[i].mtu;
		userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
		atomic_store(&tunnel_of(f)->path_mtu, table[i].path);
		output_packet(f, 1, packet, length);
		assert_int_equal(peer_opens(f, peer, got, &inner, &tos), length);
		assert_int_equal(offered(inner), table[i].want);
		length = esp_seal(f->seal, packet, make_syn(packet + esp_head(f->seal)), i + 1);
		assert_int_equal(input(f, packet, length), DROP_NONE);
		assert_int_equal(recv(f->device, got, sizeof(got), 0), 44);
		assert_int_equal(offered(got), table[i].want);
	}
	sa_free(peer);
}

/* --- every drop -------------------------------------------------------------------------------- */

/* Each of these makes one packet be dropped for its reason. */
static void
in_replayed(struct fixture *f)
{
	uint8_t packet[ROOM];

	input(f, packet, seal(f, packet, f->sequence));
}

static void
in_forged(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t length = seal(f, packet, ++f->sequence);

	packet[length - 1] ^= 1;
	input(f, packet, length);
}

static void
in_short(struct fixture *f)
{
	uint8_t packet[ROOM];

	seal(f, packet, ++f->sequence);
	input(f, packet, 30);
}

static void
in_no_ip(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t head = esp_head(f->seal);

	make_inner(packet + head, 100);
	packet[head] = 0x25;
	input(f, packet, esp_seal(f->seal, packet, 100, ++f->sequence));
}

static void
in_from_elsewhere(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t head = esp_head(f->seal);

	make_inner(packet + head, 100);
	packet[head + 12] = 11;
	input(f, packet, esp_seal(f->seal, packet, 100, ++f->sequence));
}

static void
in_fragment_from_elsewhere(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t head = esp_head(f->seal);

	make_inner(packet + head, 100);
	packet[head + 7] = 9; /* the middle of something */
	packet[head + 12] = 11;
	input(f, packet, esp_seal(f->seal, packet, 100, ++f->sequence));
}

static void
in_of_the_other_family(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t head = esp_head(f->seal);

	memset(packet + head, 0, 100);
	packet[head] = 0x60;
	packet[head + 5] = 60;
	memcpy(packet + head + 8, (uint8_t[]){10, 0, 0, 1}, 4);
	memcpy(packet + head + 24, (uint8_t[]){10, 0, 0, 2}, 4);
	input(f, packet, esp_seal(f->seal, packet, 100, ++f->sequence));
}

static void
in_device_full(struct fixture *f)
{
	struct tunnel *tunnel = tunnel_of(f);
	int kept = dup(tunnel->fd), none = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(dup2(none, tunnel->fd) >= 0); /* can't be written to */
	input_next(f);
	assert_true(dup2(kept, tunnel->fd) >= 0);
	close(kept);
	close(none);
}

static void
in_after_the_hard_limit(struct fixture *f)
{
	struct sa *sa = atomic_load(&f->plane->inbound[SPI % INBOUND_SLOTS]);

	sa->hard_packets = 1;
	input_next(f);
	sa->hard_packets = 0;
}

static void
out_no_ip(struct fixture *f)
{
	uint8_t packet[100] = {0x25};

	output_packet(f, 1, packet, sizeof(packet));
}

static void
out_to_elsewhere(struct fixture *f)
{
	uint8_t packet[100];

	make_inner(packet, sizeof(packet));
	packet[16] = 11;
	output_packet(f, 1, packet, sizeof(packet));
}

static void
out_too_big(struct fixture *f)
{
	uint8_t packet[ROOM];

	atomic_store(&tunnel_of(f)->path_mtu, 600);
	make_inner(packet, 601);
	set_df(packet);
	output_packet(f, 1, packet, 601);
	atomic_store(&tunnel_of(f)->path_mtu, 0);
}

static void
out_no_sa(struct fixture *f)
{
	struct sa *sa = atomic_exchange(&tunnel_of(f)->outbound, NULL);

	output(f, 1, 100);
	atomic_store(&tunnel_of(f)->outbound, sa);
}

static void
out_numbers_at_their_end(struct fixture *f)
{
	struct sa *sa = atomic_load(&tunnel_of(f)->outbound);
	uint64_t was = atomic_exchange(&sa->sequence, sa_sequence_end(sa));

	output(f, 1, 100);
	atomic_store(&sa->sequence, was);
}

static void
out_socket_refuses(struct fixture *f)
{
	struct path *path = atomic_load(&atomic_load(&tunnel_of(f)->outbound)->path);
	struct sockaddr_in *remote = (void *)&path->remote;
	uint16_t port = remote->sin_port;

	remote->sin_port = 0; /* EINVAL */
	output(f, 1, 100);
	remote->sin_port = port;
}

static void
in_dummy(struct fixture *f)
{
	uint8_t packet[ROOM];
	size_t head = esp_head(f->seal);
	struct writer header = writer_over(packet, ESP_HEADER);
	struct suite_packet one = {packet, 64, ++f->sequence, false};

	writer_u32(&header, SPI);
	writer_u32(&header, (uint32_t)f->sequence);
	memset(packet + head, 0, 62);
	packet[head + 62] = 0;
	packet[head + 63] = 59; /* next header: none (RFC 4303 2.6) */
	f->seal->suite->ops->seal(f->seal->context, &one, 1);
	assert_int_equal(input(f, packet, head + 64 + 16), DROP_SILENTLY);
}

static void
each_drop_is_counted_once_and_as_what_it_is(void **state)
{
#define REASON(name) offsetof(struct dataplane_counters, drops.name)
	static const struct {
		const char *what;
		void (*drop)(struct fixture *f);
		size_t counter; /* 0: none */
	} table[] = {
	    {"in: replayed", in_replayed, REASON(replay)},
	    {"in: forged", in_forged, REASON(authentication)},
	    {"in: too short", in_short, REASON(malformed)},
	    {"in: no IP inside", in_no_ip, REASON(malformed)},
	    {"in: from outside of the selectors", in_from_elsewhere, REASON(selector)},
	    {"in: a fragment from there", in_fragment_from_elsewhere, REASON(selector)},
	    {"in: IPv6 where only IPv4 may pass", in_of_the_other_family, REASON(selector)},
	    {"in: the device takes none", in_device_full, REASON(queue)},
	    {"in: after the hard limit", in_after_the_hard_limit, REASON(no_sa)},
	    {"in: a dummy packet", in_dummy, 0},
	    {"out: no IP", out_no_ip, REASON(malformed)},
	    {"out: to outside of the selectors", out_to_elsewhere, REASON(selector)},
	    {"out: too big", out_too_big, REASON(too_big)},
	    {"out: no SA", out_no_sa, REASON(no_sa)},
	    {"out: no sequence number left", out_numbers_at_their_end, REASON(no_sa)},
	    {"out: the socket refuses", out_socket_refuses, REASON(queue)},
	};
	struct fixture *f = *state;
	struct dataplane_selector inside = {ip_address_v4(0x0a000000), ip_address_v4(0x0affffff)};

	for (int inbound = 0; inbound < 2; inbound++) {
		struct dataplane_sa sa = describe(f, inbound ? SPI : SPI_OUT, inbound);

		sa.source_selectors = sa.destination_selectors = &inside;
		sa.source_selector_count = sa.destination_selector_count = 1;
		add(f, &sa);
	}
	assert_int_equal(input_next(f), DROP_NONE);
	assert_true(delivered(f));
	output(f, 1, 100);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct dataplane_counters before = counters(f), after;

		table[i].drop(f);
		after = counters(f);
		for (size_t at = REASON(no_sa); at <= REASON(queue); at += sizeof(uint64_t)) {
			uint64_t more =
			    *(uint64_t *)((char *)&after + at) - *(uint64_t *)((char *)&before + at);

			if (more != (at == table[i].counter))
				fail_msg("%s: %u at %zu", table[i].what, (unsigned)more, at);
		}
		if (after.rx_packets != before.rx_packets || after.tx_packets != before.tx_packets)
			fail_msg("%s: counted as passed", table[i].what);
		assert_false(delivered(f));
	}
}

TEST_MAIN(WITH_PLANE(a_packet_with_df_that_the_path_does_not_take_is_answered),
	  WITH_PLANE(answers_are_limited_and_need_an_inside_address),
	  WITH_PLANE(a_packet_without_df_goes_in_pieces_that_fit),
	  WITH_PLANE(ipv6_is_never_held_to_less_than_1280),
	  WITH_PLANE(a_probe_of_our_own_goes_whole_whatever_the_path_is_thought_to_take),
	  WITH_PLANE(of_what_was_told_and_what_was_probed_the_less_counts),
	  WITH_PLANE(what_the_kernel_tells_its_neighbours_is_no_drop),
	  WITH_PLANE(the_outer_tos_is_the_inner_one_packet_by_packet),
	  WITH_PLANE(syns_are_clamped_both_ways_to_what_fits),
	  WITH_PLANE(each_drop_is_counted_once_and_as_what_it_is))
