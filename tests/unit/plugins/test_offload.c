// SPDX-License-Identifier: GPL-2.0-or-later
/* Cutting super-packets and putting them together. */
#include "tests/unit/plugins/flows.h"
#include "tests/unit/test.h"

#include <netinet/in.h>

enum { FIN = 0x01, PSH = 0x08, ECE = 0x40, CWR = 0x80 };

static uint8_t room[COALESCE_MOST][FLOWS_PACKET];
static uint8_t *packets[COALESCE_MOST];
static size_t lengths[COALESCE_MOST];
static unsigned count;

static void
put(struct flows_packet p)
{
	packets[count] = room[count];
	lengths[count] = flows_make(&p, room[count]);
	count++;
}

/* Into how many super-packets the packets go; they must come out of these as they were. */
static unsigned
supers_of(bool udp)
{
	unsigned supers;
	const char *wrong = flows_check(packets, lengths, count, udp, &supers);

	count = 0;
	if (wrong != NULL)
		fail_msg("%s", wrong);
	return supers;
}

static uint16_t
number(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool
right(const uint8_t *packet, size_t length, size_t l4, uint8_t protocol)
{
	uint64_t sum = checksum_pseudo(packet, protocol, length - l4);

	return checksum_fold(checksum_add(sum, packet + l4, length - l4)) == 0xffff;
}

/* --- checksums --------------------------------------------------------------------------------- */

static void
the_example_of_rfc_1071_and_odd_lengths_add_up(void **state)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t sum[] = {0xdd, 0xf2};
	uint8_t bytes[300];
	uint16_t folded = checksum_fold(checksum_add(0, example, sizeof(example)));

	assert_memory_equal(&folded, sum, sizeof(sum));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + 7);
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		uint32_t plain = 0;

		for (size_t i = 0; i < length; i++)
			plain += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
		while (plain >> 16 != 0)
			plain = (plain & 0xffff) + (plain >> 16);
		folded = checksum_fold(checksum_add(0, bytes, length));
		assert_int_equal(number((uint8_t *)&folded), plain);
	}
}

/* --- cutting ----------------------------------------------------------------------------------- */

static void
a_tcp_super_packet_is_cut_as_the_kernel_would(void **state)
{
	struct flows_packet p = {.flags = FIN | PSH | CWR, .data = 250, .id = 0xffff, .sequence = 0xffffff80};
	struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
					.gso_size = 100,
					.csum_start = 20,
					.csum_offset = 16};
	static const uint8_t flags[] = {0x10 | CWR, 0x10, 0x10 | FIN | PSH};
	uint8_t whole[FLOWS_PACKET], out[FLOWS_PACKET];
	size_t length = flows_make(&p, whole);
	struct segmenter s;

	assert_true(segment_begin(&s, &header, whole, length));
	assert_int_equal(segment_left(&s), 3);
	for (unsigned i = 0; i < 3; i++) {
		size_t want = 40 + (i < 2 ? 100 : 50), got = segment_length(&s);

		assert_int_equal(got, want);
		segment_write(&s, out);
		assert_int_equal(number(out + 2), want);
		assert_int_equal(number(out + 4), (uint16_t)(0xffff + i));
		assert_int_equal(checksum_fold(checksum_add(0, out, 20)), 0xffff);
		assert_int_equal((uint32_t)number(out + 24) << 16 | number(out + 26), 0xffffff80 + 100 * i);
		assert_int_equal(out[33], flags[i]);
		assert_true(right(out, got, 20, IPPROTO_TCP));
		assert_memory_equal(out + 40, whole + 40 + 100 * i, got - 40);
	}
	assert_int_equal(segment_length(&s), 0);
	assert_int_equal(segment_left(&s), 0);
}

static void
a_udp_super_packet_of_ipv6_is_cut(void **state)
{
	struct flows_packet p = {.ipv6 = true, .udp = true, .data = 130};
	struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
					.gso_size = 64,
					.csum_start = 40,
					.csum_offset = 6};
	uint8_t whole[FLOWS_PACKET], out[FLOWS_PACKET];
	size_t length = flows_make(&p, whole);
	struct segmenter s;

	assert_true(segment_begin(&s, &header, whole, length));
	for (size_t data = 64; data != 0; data = data == 64 ? 64 : 0) {
		size_t got = segment_length(&s);

		if (got != 48 + 64)
			break;
		segment_write(&s, out);
		assert_int_equal(number(out + 4), got - 40);
		assert_int_equal(number(out + 44), got - 40);
		assert_true(right(out, got, 40, IPPROTO_UDP));
	}
	assert_int_equal(segment_length(&s), 48 + 2);
	segment_write(&s, out);
	assert_true(right(out, 50, 40, IPPROTO_UDP));
	assert_memory_equal(out + 48, whole + 48 + 128, 2);
	assert_int_equal(segment_length(&s), 0);
}

static void
a_packet_that_lacks_its_checksum_gets_it(void **state)
{
	struct virtio_net_hdr header = {
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 16};
	struct flows_packet p = {.data = 33};
	uint8_t whole[FLOWS_PACKET], out[FLOWS_PACKET];
	size_t length = flows_make(&p, whole);
	uint16_t partial = checksum_fold(checksum_pseudo(whole, IPPROTO_TCP, length - 20));
	struct segmenter s;

	memcpy(whole + 36, &partial, 2);
	assert_true(segment_begin(&s, &header, whole, length));
	assert_int_equal(segment_left(&s), 1);
	assert_int_equal(segment_length(&s), length);
	segment_write(&s, out);
	assert_true(right(out, length, 20, IPPROTO_TCP));
	assert_int_equal(segment_length(&s), 0);
}

/* 0 would say that there is none (RFC 768). */
static void
a_checksum_of_udp_is_never_written_as_0(void **state)
{
	struct virtio_net_hdr header = {
	    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 6};
	struct flows_packet p = {.udp = true, .data = 2};
	uint8_t whole[FLOWS_PACKET];
	size_t length = flows_make(&p, whole);
	uint16_t partial = checksum_fold(checksum_pseudo(whole, IPPROTO_UDP, length - 20));
	struct segmenter s;

	for (unsigned data = 0; data <= UINT16_MAX; data++) {
		memcpy(whole + 26, &partial, 2);
		whole[28] = (uint8_t)(data >> 8);
		whole[29] = (uint8_t)data;
		assert_true(segment_begin(&s, &header, whole, length));
		assert_int_not_equal(number(whole + 26), 0);
	}
}

static void
what_does_not_fit_its_header_is_refused(void **state)
{
	struct virtio_net_hdr good = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				      .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
				      .gso_size = 100,
				      .csum_start = 20,
				      .csum_offset = 16},
			      bad;
	struct flows_packet p = {.data = 250};
	uint8_t whole[FLOWS_PACKET];
	size_t length = flows_make(&p, whole);
	struct segmenter s;

	assert_true(segment_begin(&s, &good, whole, length));
	assert_false(segment_begin(&s, &good, whole, 40)); /* no data */
	assert_false(segment_begin(&s, &good, whole, 30));
	assert_false(segment_begin(&s, &good, whole, 0));
	bad = good;
	bad.gso_size = 0;
	assert_false(segment_begin(&s, &bad, whole, length));
	bad = good;
	bad.gso_type = VIRTIO_NET_HDR_GSO_UDP; /* fragments: not asked for */
	assert_false(segment_begin(&s, &bad, whole, length));
	bad.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	bad.csum_start = (uint16_t)(length - 1);
	bad.csum_offset = 0;
	assert_false(segment_begin(&s, &bad, whole, length));
	whole[32] = 0xf0; /* TCP's header ends behind the packet */
	assert_false(segment_begin(&s, &good, whole, 60));
	whole[32] = 0x40; /* or is too short */
	assert_false(segment_begin(&s, &good, whole, length));
}

/* --- putting together -------------------------------------------------------------------------- */

/* Two segments in a row, the second as the test wants it; what it leaves out goes on as it should. */
static unsigned
two(struct flows_packet second)
{
	put((struct flows_packet){.data = 100, .id = 5});
	second.id = 6;
	if (second.sequence == 0)
		second.sequence = 100;
	put(second);
	return supers_of(true);
}

static void
only_what_differs_in_nothing_else_is_merged(void **state)
{
	assert_int_equal(two((struct flows_packet){.data = 100}), 1);
	assert_int_equal(two((struct flows_packet){.data = 60}), 1);
	assert_int_equal(two((struct flows_packet){.data = 101}), 2); /* longer than the first */
	assert_int_equal(two((struct flows_packet){.data = 0}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .tos = 0x02}), 2); /* ECN */
	assert_int_equal(two((struct flows_packet){.data = 100, .tos = 0xb8}), 2); /* DSCP */
	assert_int_equal(two((struct flows_packet){.data = 100, .ttl = 63}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .sequence = 101}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .flow = 1}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .flags = FIN}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .flags = ECE}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .options = 3}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .fragment = true}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .may_fragment = true}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .udp = true}), 2);
	assert_int_equal(two((struct flows_packet){.data = 100, .ipv6 = true}), 2);
}

static void
the_identification_must_count_up_where_it_means_something(void **state)
{
	for (unsigned step = 0; step < 3; step++) {
		put((struct flows_packet){.data = 100, .id = 0xffff, .may_fragment = true});
		put((struct flows_packet){
		    .data = 100, .id = (uint16_t)(0xffff + step), .sequence = 100, .may_fragment = true});
		assert_int_equal(supers_of(true), step == 1 ? 1 : 2);
	}
}

static void
psh_and_a_short_segment_end_a_super_packet(void **state)
{
	put((struct flows_packet){.data = 100});
	put((struct flows_packet){.data = 100, .sequence = 100, .flags = PSH});
	put((struct flows_packet){.data = 100, .sequence = 200});
	put((struct flows_packet){.data = 50, .sequence = 300});
	put((struct flows_packet){.data = 50, .sequence = 350});
	assert_int_equal(supers_of(true), 3);
}

static void
a_wrong_checksum_is_never_made_right(void **state)
{
	put((struct flows_packet){.data = 100});
	put((struct flows_packet){.data = 100, .sequence = 100});
	put((struct flows_packet){.data = 100, .sequence = 200});
	room[1][77] ^= 1;
	assert_int_equal(supers_of(true), 3);
	put((struct flows_packet){.udp = true, .data = 100});
	put((struct flows_packet){.udp = true, .data = 100});
	room[1][26] = room[1][27] = 0; /* no checksum at all */
	assert_int_equal(supers_of(true), 2);
	put((struct flows_packet){.data = 100});
	put((struct flows_packet){.data = 100, .sequence = 100});
	room[1][10] ^= 1; /* the IPv4 header's */
	assert_int_equal(supers_of(true), 2);
}

static void
flows_that_alternate_are_merged_each(void **state)
{
	for (unsigned i = 0; i < 60; i++)
		put((struct flows_packet){
		    .flow = (uint8_t)(i % 4), .ipv6 = i % 4 == 3, .data = 1000, .sequence = i / 4 * 1000});
	assert_int_equal(supers_of(true), 4);
}

static void
udp_is_merged_where_the_device_takes_it_and_up_to_the_kernels_limit(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		put((struct flows_packet){.udp = true, .data = 64});
	assert_int_equal(supers_of(true), 2);
	for (unsigned i = 0; i < 10; i++)
		put((struct flows_packet){.udp = true, .data = 64});
	assert_int_equal(supers_of(false), 10);
}

static void
a_super_packet_is_no_longer_than_an_ip_packet(void **state)
{
	for (unsigned i = 0; i < 60; i++)
		put((struct flows_packet){.data = 1400, .sequence = i * 1400});
	assert_int_equal(supers_of(true), 2);
}

/* --- any traffic ------------------------------------------------------------------------------- */

static uint32_t
dice(uint32_t sides)
{
	static uint64_t seed = 42;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

/* Flows that mostly go on as they should. */
static void
traffic(unsigned packets_wanted)
{
	uint32_t next[8] = {0};

	while (count < packets_wanted) {
		uint8_t flow = (uint8_t)dice(1 + dice(8));
		struct flows_packet p = {
		    .flow = flow / 2,
		    .ipv6 = flow % 2 != 0,
		    .udp = flow >= 6,
		    .data = dice(8) == 0 ? (uint16_t)dice(1400) : 1400,
		    .may_fragment = flow == 4,
		    .id = (uint16_t)next[flow],
		    .tos = dice(20) == 0 ? (uint8_t)dice(256) : 0,
		    .ttl = dice(40) == 0 ? 3 : 64,
		    .flags = dice(10) == 0 ? (uint8_t)(1 << dice(8)) : 0,
		    .options = (uint8_t)(dice(20) == 0 ? 2 : 3),
		    .sequence = next[flow] * 1400 + (dice(20) == 0 ? 1400 : 0),
		    .fragment = dice(50) == 0,
		};

		next[flow]++;
		put(p);
		if (dice(30) == 0)
			room[count - 1][dice((uint32_t)lengths[count - 1])] ^= (uint8_t)(1 << dice(8));
		if (dice(60) == 0)
			lengths[count - 1] = dice((uint32_t)lengths[count - 1]);
	}
}

static void
whatever_comes_the_same_packets_come_out(void **state)
{
	unsigned supers = 0, all = 0;

	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 1 + dice(COALESCE_MOST);

		traffic(n);
		all += n;
		supers += supers_of(round % 4 != 0);
	}
	assert_true(supers < all * 3 / 4); /* much of it was merged, or this tests nothing */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_example_of_rfc_1071_and_odd_lengths_add_up),
	    cmocka_unit_test(a_tcp_super_packet_is_cut_as_the_kernel_would),
	    cmocka_unit_test(a_udp_super_packet_of_ipv6_is_cut),
	    cmocka_unit_test(a_packet_that_lacks_its_checksum_gets_it),
	    cmocka_unit_test(a_checksum_of_udp_is_never_written_as_0),
	    cmocka_unit_test(what_does_not_fit_its_header_is_refused),
	    cmocka_unit_test(only_what_differs_in_nothing_else_is_merged),
	    cmocka_unit_test(the_identification_must_count_up_where_it_means_something),
	    cmocka_unit_test(psh_and_a_short_segment_end_a_super_packet),
	    cmocka_unit_test(a_wrong_checksum_is_never_made_right),
	    cmocka_unit_test(flows_that_alternate_are_merged_each),
	    cmocka_unit_test(udp_is_merged_where_the_device_takes_it_and_up_to_the_kernels_limit),
	    cmocka_unit_test(a_super_packet_is_no_longer_than_an_ip_packet),
	    cmocka_unit_test(whatever_comes_the_same_packets_come_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
