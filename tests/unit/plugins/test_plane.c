// SPDX-License-Identifier: GPL-2.0-or-later
/* The plane's tables and both packet paths, on a plane without privileges (one_plane.h). */
#include "core/base/text.h"
#include "tests/unit/plugins/one_plane.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

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
what_the_ends_of_a_tunnel_say_is_no_users_traffic(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true), out = describe(f, SPI + 1, false);
	struct dataplane_inside inside = {.mtu = 1438, .address = {ip_address_v4(0x0a000002)}};
	uint8_t packet[256];

	add(f, &in);
	add(f, &out);
	assert_int_equal(input(f, packet, seal(f, packet, 1)), DROP_NONE);
	assert_int_equal(counters(f).rx_user, 1);
	/* from 10.0.0.1, which is one of those we speak with, and to us */
	inside.peer[2] = ip_address_v4(0x0a000001);
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	f->now += 5;
	assert_int_equal(input(f, packet, seal(f, packet, 2)), DROP_NONE);
	assert_int_equal(counters(f).rx_packets, 2);
	assert_int_equal(counters(f).rx_user, 1);
	assert_int_equal(counters(f).last_rx, f->now);
	assert_int_equal(counters(f).last_rx_user, f->now - 5);
	/* out, the same from 10.0.0.1 to 10.0.0.2: not from us */
	output(f, 3, 100);
	assert_int_equal(counters(f).tx_user, 3);
	inside.address[0] = ip_address_v4(0x0a000001);
	inside.peer[0] = ip_address_v4(0x0a000002);
	inside.peer[2] = (struct ip_address){0};
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	output(f, 2, 100);
	userspace_ops.tunnel_silence(f->plane, TUNNEL, true);
	output(f, 2, 100);
	assert_int_equal(counters(f).tx_packets, 7);
	assert_int_equal(counters(f).tx_user, 3);
	inside.peer[0] = ip_address_v4(0x0a000003);
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	output(f, 2, 100);
	assert_int_equal(counters(f).tx_user, 5);
}

/* The loop says what an interface has, and a worker may wait in its section for room outside. */
static void
who_says_what_an_interface_has_waits_for_no_worker(void **state)
{
	enum { TIMES = 5 };
	struct fixture *f = *state;
	struct worker *worker = &f->plane->encrypt[0];
	struct tunnel *tunnel = atomic_load(&f->plane->tunnels[TUNNEL]);
	struct dataplane_inside inside = {.mtu = 1400, .address = {ip_address_v4(0x0a000001)}};
	const struct inside *seen[TIMES];

	alarm(20); /* if it waits, it does so for ever */
	userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
	for (unsigned i = 0; i < TIMES; i++) {
		worker_enter(worker);
		seen[i] = atomic_load(&tunnel->inside);
		for (unsigned k = 0; k < 3; k++) {
			inside.address[0] = ip_address_v4(0x0a000002 + i);
			userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
		}
		assert_int_equal(seen[i]->address[0].bytes[3], i + 1); /* still there */
		worker_leave(worker);
		userspace_ops.tunnel_inside(f->plane, TUNNEL, &inside);
		assert_null(f->plane->replaced);
	}
	alarm(0);
}

static void
own_packets_are_known_by_both_addresses_of_either_family(void **state)
{
	struct inside inside = {0};
	uint8_t packet[40] = {0x60};

	ip_address_parse("fd00::2", &inside.address[1]);
	ip_address_parse("fd00::1", &inside.peer[1]);
	memcpy(packet + 8, inside.peer[1].bytes, 16);
	memcpy(packet + 24, inside.address[1].bytes, 16);
	assert_true(policy_own(&inside, packet, true));
	assert_false(policy_own(&inside, packet, false));
	packet[23]++;
	assert_false(policy_own(&inside, packet, true));
	packet[23]--;
	packet[24]++;
	assert_false(policy_own(&inside, packet, true));
	assert_false(policy_own(NULL, packet, true));
	packet[0] = 0x45; /* no address of that family */
	assert_false(policy_own(&inside, packet, true));
}

static void
a_packet_of_no_sa_is_counted_for_the_plane(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	struct dataplane_report report;
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
	userspace_ops.report(f->plane, &report);
	assert_int_equal(report.unknown_spi, 3);
	assert_false(delivered(f));
}

static uint64_t
sas_of(struct fixture *f)
{
	struct dataplane_report report;

	userspace_ops.report(f->plane, &report);
	return report.sas;
}

static void
sas_are_counted_until_they_or_their_tunnel_go(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true), out = describe(f, SPI + 1, false);

	assert_int_equal(sas_of(f), 0);
	add(f, &in);
	add(f, &out);
	out.spi++;
	add(f, &out);
	assert_int_equal(sas_of(f), 3);
	userspace_ops.sa_remove(f->plane, out.spi, &out.destination);
	userspace_ops.sa_remove(f->plane, out.spi, &out.destination); /* not there any more */
	assert_int_equal(sas_of(f), 2);
	userspace_ops.tunnel_remove(f->plane, TUNNEL);
	assert_int_equal(sas_of(f), 0);
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

static void
decrypt_held_at(struct fixture *f, usec_t now)
{
	f->now = now;
	worker_enter(&f->plane->decrypt[0]);
	decrypt_held(&f->plane->decrypt[0], now);
	worker_leave(&f->plane->decrypt[0]);
}

/* Of an SPI that was given out; the seal's context stays, its SPI is another. */
static uint32_t
expect_spi(struct fixture *f)
{
	f->seal->spi = userspace_ops.spi_allocate(f->plane);
	assert_true(f->seal->spi != 0);
	return f->seal->spi;
}

static void
packets_that_come_before_their_keys_are_held_and_delivered(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, expect_spi(f), true), out = describe(f, SPI, false);

	for (int i = 0; i < 3; i++)
		assert_int_equal(input_next(f), DROP_SILENTLY);
	decrypt_held_at(f, f->now + 10000);
	assert_false(delivered(f));
	add(f, &in);
	decrypt_held_at(f, f->now + 10000);
	assert_false(delivered(f)); /* nobody could answer yet */
	add(f, &out);
	decrypt_held_at(f, f->now + 10000);
	for (int i = 0; i < 3; i++)
		assert_true(delivered(f));
	assert_int_equal(counters(f).rx_packets, 3);
	assert_int_equal(counters(f).rx_lost, 0);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 0);
	decrypt_held_at(f, f->now + 10000);
	assert_false(delivered(f));
}

static void
what_is_held_keeps_what_came_with_it(void **state)
{
	struct sockaddr_storage from = {.ss_family = AF_INET};
	struct hold *hold = hold_create();
	uint8_t packet[] = {1, 2, 3, 4};
	struct held held;

	assert_non_null(hold);
	assert_true(hold_keep(hold, packet, sizeof(packet), &from, true, 0xbb, 7));
	assert_true(hold_at(hold, 0, &held));
	assert_int_equal(held.length, sizeof(packet));
	assert_memory_equal(held.bytes, packet, sizeof(packet));
	assert_int_equal(held.from->ss_family, AF_INET);
	assert_true(held.encapsulated);
	assert_int_equal(held.tos, 0xbb); /* a mark of congestion among it */
	assert_int_equal(held.since, 7);
	hold_free(hold);
}

static void
what_nobody_can_answer_is_delivered_at_last(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, expect_spi(f), true);

	assert_int_equal(input_next(f), DROP_SILENTLY);
	add(f, &in);
	decrypt_held_at(f, f->now + 499000);
	assert_false(delivered(f));
	decrypt_held_at(f, f->now + 1000);
	assert_true(delivered(f));
}

static void
what_is_held_is_bounded_in_number_size_and_time(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, expect_spi(f), true);
	static uint8_t large[4000];

	for (int i = 0; i < 64; i++)
		assert_int_equal(input_next(f), DROP_SILENTLY);
	assert_int_equal(input_next(f), DROP_NO_SA);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 1);
	decrypt_held_at(f, f->now + 499000);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 1);
	decrypt_held_at(f, f->now + 1000);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 65);
	seal(f, large, 100);
	assert_int_equal(input(f, large, sizeof(large)), DROP_NO_SA);
	/* what was allocated and let go is nobody's */
	assert_int_equal(input_next(f), DROP_SILENTLY);
	userspace_ops.sa_remove(f->plane, in.spi, &in.destination);
	assert_int_equal(input_next(f), DROP_NO_SA);
	decrypt_held_at(f, f->now);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 68);
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
	assert_int_equal(after.tx_user, before.tx_user + 3);
	before.tx_user = after.tx_user;
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
	cbc.algorithms.encryption = 12; /* and no integrity */
	assert_false(userspace_ops.sa_add(f->plane, &cbc, &err));
	assert_non_null(strstr(err.text, "aes256-sha256"));
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

TEST_MAIN(WITH_PLANE(a_good_packet_reaches_its_tunnels_device),
	  WITH_PLANE(what_the_ends_of_a_tunnel_say_is_no_users_traffic),
	  WITH_PLANE(who_says_what_an_interface_has_waits_for_no_worker),
	  cmocka_unit_test(own_packets_are_known_by_both_addresses_of_either_family),
	  WITH_PLANE(a_packet_of_no_sa_is_counted_for_the_plane),
	  WITH_PLANE(sas_are_counted_until_they_or_their_tunnel_go),
	  WITH_PLANE(each_reason_to_drop_is_counted_as_itself),
	  WITH_PLANE(an_authentic_packet_from_elsewhere_tells_where_the_peer_is),
	  WITH_PLANE(packets_that_come_before_their_keys_are_held_and_delivered),
	  cmocka_unit_test(what_is_held_keeps_what_came_with_it),
	  WITH_PLANE(what_nobody_can_answer_is_delivered_at_last),
	  WITH_PLANE(what_is_held_is_bounded_in_number_size_and_time),
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
