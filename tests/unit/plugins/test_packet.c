// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done to inner packets: TOS, MSS, answers to what is too big, fragments, the arithmetic of MTUs. */
#include "plugins/dataplane_userspace/packet.h"
#include "core/base/buffer.h"
#include "core/base/text.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "tests/unit/plugins/checksums.h"
#include "tests/unit/test.h"

enum { ROOM = 2048 };

static const uint8_t source6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1},
		     remote6[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};

static size_t
read_hex(const char *hex, uint8_t *out)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++) {
		unsigned byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return length;
}

static void
put(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
word(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* An IPv4 packet from 10.1.0.1 to 10.2.0.1 with `options` bytes of options (a multiple of 4); its payload
 * counts up. Returns the length. */
static size_t
make_v4(uint8_t *packet, uint8_t tos, uint16_t flags, uint8_t protocol, size_t options, size_t payload)
{
	size_t header = 20 + options;

	memset(packet, 1, header); /* options: "no operation" */
	packet[0] = (uint8_t)(0x40 | header / 4);
	packet[1] = tos;
	put(packet + 2, (uint16_t)(header + payload));
	put(packet + 4, 0x1234);
	put(packet + 6, flags);
	packet[8] = 64;
	packet[9] = protocol;
	memcpy(packet + 12, (uint8_t[]){10, 1, 0, 1, 10, 2, 0, 1}, 8);
	put(packet + 10, 0);
	put(packet + 10, checksum_of(packet, header, 0));
	for (size_t i = 0; i < payload; i++)
		packet[header + i] = (uint8_t)i;
	return header + payload;
}

static size_t
make_v6(uint8_t *packet, uint8_t tos, uint8_t next, size_t payload)
{
	packet[0] = (uint8_t)(0x60 | tos >> 4);
	packet[1] = (uint8_t)(tos << 4 | 0xa);
	put(packet + 2, 0xbcde); /* the flow label, which nobody may touch */
	put(packet + 4, (uint16_t)payload);
	packet[6] = next;
	packet[7] = 64;
	memcpy(packet + 8, source6, 16);
	memcpy(packet + 24, remote6, 16);
	for (size_t i = 0; i < payload; i++)
		packet[40 + i] = (uint8_t)i;
	return 40 + payload;
}

/* --- checksums --------------------------------------------------------------------------------- */

static void
checksums_are_those_of_the_rfcs(void **state)
{
	/* RFC 1071 3: the sum is ddf2 */
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	/* RFC 1624 4: a word changes from 5555 to 3285 */
	uint8_t field[2] = {0xdd, 0x2f};

	assert_int_equal(checksum_of(bytes, sizeof(bytes), 0), 0xffff & ~0xddf2);
	assert_int_equal(checksum_of(bytes, 7, 0), 0xffff & ~(0xddf2 - 0xf7));
	checksum_mend(field, 0x5555, 0x3285);
	assert_int_equal(word(field), 0x0000);
}

static void
a_mended_checksum_is_that_of_a_new_sum(void **state)
{
	uint8_t bytes[20], field[2];
	uint32_t seed = 1;

	for (unsigned turn = 0; turn < 100000; turn++) {
		uint16_t before, after;
		size_t at = 2 * (turn % 10);

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
		put(field, checksum_of(bytes, sizeof(bytes), 0));
		before = word(bytes + at);
		after = (uint16_t)(seed >> 8);
		put(bytes + at, after);
		checksum_mend(field, before, after);
		assert_int_equal(word(field), checksum_of(bytes, sizeof(bytes), 0));
	}
}

/* --- TOS --------------------------------------------------------------------------------------- */

#define DSCP 0xb8 /* expedited forwarding */

static void
congestion_marks_come_in_by_the_table_of_rfc_6040(void **state)
{
	enum { NOT, ECT1, ECT0, CE, DROP = -1 };
	/* figure 4: rows inside, columns outside, in the order of the code points */
	static const int want[4][4] = {
	    [NOT] = {NOT, NOT, NOT, DROP},
	    [ECT1] = {ECT1, ECT1, ECT1, CE},
	    [ECT0] = {ECT0, ECT1, ECT0, CE},
	    [CE] = {CE, CE, CE, CE},
	};

	for (uint8_t inner = 0; inner < 4; inner++) {
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t v4[ROOM], v6[ROOM], was[ROOM];

			make_v4(v4, DSCP | inner, 0, 17, 0, 8);
			make_v6(v6, DSCP | inner, 17, 8);
			memcpy(was, v6, 48);
			assert_int_equal(tos_inward(v4, outer), want[inner][outer] != DROP);
			assert_int_equal(tos_inward(v6, outer), want[inner][outer] != DROP);
			if (want[inner][outer] == DROP)
				continue;
			assert_int_equal(packet_tos(v4), DSCP | want[inner][outer]);
			assert_int_equal(packet_tos(v6), DSCP | want[inner][outer]);
			assert_int_equal(checksum_of(v4, 20, 0), 0);
			assert_memory_equal(v6 + 2, was + 2, 46);
			assert_int_equal(v6[0] & 0xf0, 0x60);
			assert_int_equal(v6[1] & 0x0f, 0x0a);
		}
	}
}

static void
outer_dscp_never_comes_in_and_inner_goes_out_whole(void **state)
{
	uint8_t v4[ROOM], v6[ROOM];

	for (unsigned tos = 0; tos < 256; tos++) {
		make_v4(v4, (uint8_t)tos, 0, 17, 0, 8);
		make_v6(v6, (uint8_t)tos, 17, 8);
		assert_int_equal(packet_tos(v4), tos);
		assert_int_equal(packet_tos(v6), tos);
		assert_int_equal(tos_outward((uint8_t)tos), tos);
		assert_true(tos_inward(v4, 0xfc));
		assert_true(tos_inward(v6, 0xfc));
		assert_int_equal(packet_tos(v4), tos);
		assert_int_equal(packet_tos(v6), tos);
	}
}

/* --- MSS --------------------------------------------------------------------------------------- */

/* A TCP segment behind a header of either family, with the flags and options given; its checksum is right. */
static size_t
make_tcp(uint8_t *packet, bool ipv6, uint8_t flags, const uint8_t *options, size_t length)
{
	size_t all = 20 + length + 3, ip = ipv6 ? 40 : 20;
	uint8_t *tcp = packet + ip;

	if (ipv6)
		make_v6(packet, 0, 6, all);
	else
		make_v4(packet, 0, 0x4000, 6, 0, all);
	tcp[12] = (uint8_t)((20 + length) / 4 << 4);
	tcp[13] = flags;
	memcpy(tcp + 20, options, length);
	put(tcp + 16, 0);
	put(tcp + 16, checksum_of(tcp, all, pseudo(packet, 6, (uint32_t)all)));
	return ip + all;
}

static void
assert_tcp_checksum(const uint8_t *packet, size_t ip, size_t length)
{
	assert_int_equal(checksum_of(packet + ip, length - ip, pseudo(packet, 6, (uint32_t)(length - ip))),
			 0);
}

static void
a_syn_offers_no_more_than_fits(void **state)
{
	/* MTU 1400: 1360 for IPv4, 1340 for IPv6 */
	static const struct {
		const char *what;
		uint8_t flags;
		uint8_t options[12];
		size_t length;
		uint32_t mtu;
		uint16_t want[2]; /* IPv4, IPv6; 0: nothing changes */
		size_t at;        /* of the value in the options */
	} table[] = {
	    {"a SYN", 2, {2, 4, 0x05, 0xb4}, 4, 1400, {1360, 1340}, 2},
	    {"a SYN-ACK", 0x12, {2, 4, 0x05, 0xb4}, 4, 1400, {1360, 1340}, 2},
	    {"what fits both", 2, {2, 4, 0x05, 0x3c}, 4, 1400, {0, 0}, 2},
	    {"what fits IPv4 only", 2, {2, 4, 0x05, 0x3d}, 4, 1400, {0, 1340}, 2},
	    {"exactly one too many", 2, {2, 4, 0x05, 0x51}, 4, 1400, {1360, 1340}, 2},
	    {"no SYN", 0x10, {2, 4, 0x05, 0xb4}, 4, 1400, {0, 0}, 2},
	    {"behind other options",
	     2,
	     {4, 2, 3, 3, 7, 1, 2, 4, 0xff, 0xff, 1, 1},
	     12,
	     1400,
	     {1360, 1340},
	     8},
	    {"at an odd place", 2, {1, 2, 4, 0x05, 0xb4, 1, 1, 1}, 8, 1400, {1360, 1340}, 3},
	    {"no such option", 2, {1, 1, 4, 2}, 4, 1400, {0, 0}, 0},
	    {"behind the end of the options", 2, {0, 0, 0, 0, 2, 4, 0x05, 0xb4}, 8, 1400, {0, 0}, 6},
	    {"an option of length 0", 2, {3, 0, 1, 1, 2, 4, 0x05, 0xb4}, 8, 1400, {0, 0}, 6},
	    {"an option of length 1", 2, {3, 1, 1, 1, 2, 4, 0x05, 0xb4}, 8, 1400, {0, 0}, 6},
	    {"an MSS of another length", 2, {2, 3, 0xff, 1}, 4, 1400, {0, 0}, 2},
	    {"cut off", 2, {1, 1, 2, 4}, 4, 1400, {0, 0}, 0},
	    {"an option that runs out", 2, {1, 3, 9, 4}, 4, 1400, {0, 0}, 0},
	    {"an MTU of nothing", 2, {2, 4, 0x05, 0xb4}, 4, 40, {0, 0}, 2},
	    {"an MTU beyond all", 2, {2, 4, 0xff, 0xff}, 4, 100000, {0, 0}, 2},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		for (int ipv6 = 0; ipv6 < 2; ipv6++) {
			size_t ip = ipv6 ? 40 : 20, at = ip + 20 + table[i].at;
			uint16_t want = table[i].want[ipv6];
			uint8_t packet[ROOM], was[ROOM];
			size_t length =
			    make_tcp(packet, ipv6, table[i].flags, table[i].options, table[i].length);

			memcpy(was, packet, length);
			if (mss_clamp(packet, length, table[i].mtu, false) != (want != 0))
				fail_msg("%s", table[i].what);
			assert_tcp_checksum(packet, ip, length);
			if (want != 0) {
				assert_int_equal(word(packet + at), want);
				memcpy(was + at, packet + at, 2);
				memcpy(was + ip + 16, packet + ip + 16, 2);
			}
			assert_memory_equal(packet, was, length);
		}
	}
}

static void
a_checksum_that_is_still_to_be_completed_stays(void **state)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4};
	uint8_t packet[ROOM];
	size_t length = make_tcp(packet, false, 2, options, 4);

	put(packet + 36, 0xabcd);
	assert_true(mss_clamp(packet, length, 1400, true));
	assert_int_equal(word(packet + 36), 0xabcd);
	assert_int_equal(word(packet + 42), 1360);
}

static void
what_only_looks_like_a_syn_stays(void **state)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4};
	uint8_t packet[ROOM], was[ROOM];
	size_t length = make_tcp(packet, false, 2, options, 4);

	put(packet + 6, 0x2001); /* the middle of something */
	memcpy(was, packet, length);
	assert_false(mss_clamp(packet, length, 1400, false));
	assert_memory_equal(packet, was, length);
	packet[6] = packet[7] = 0;
	packet[9] = 17;
	assert_false(mss_clamp(packet, length, 1400, false));
	packet[9] = 6;
	packet[32] = 0xf0; /* a TCP header longer than the packet */
	assert_false(mss_clamp(packet, length, 1400, false));
	packet[32] = 0x10; /* one shorter than any */
	assert_false(mss_clamp(packet, length, 1400, false));
	packet[32] = 0x60;
	assert_false(mss_clamp(packet, 39, 1400, false));
	assert_true(mss_clamp(packet, length, 1400, false));
}

static void
ipv6_extension_headers_are_walked(void **state)
{
	static const struct {
		const char *what;
		uint8_t first, chain[24];
		size_t length;
		bool found, fragment, is_first;
	} table[] = {
	    {"none", 6, {0}, 0, true, false, true},
	    {"hop by hop", 0, {6, 0}, 8, true, false, true},
	    {"hop by hop of 16 bytes, destination", 0, {60, 1, [16] = 6, 0}, 24, true, false, true},
	    {"an atomic fragment (RFC 6946)", 44, {6, 0, 0, 0}, 8, true, false, true},
	    {"a first fragment", 44, {6, 0, 0, 1}, 8, true, true, true},
	    {"a later fragment", 44, {6, 0, 0, 9}, 8, true, true, false},
	    {"a header that runs out", 0, {6, 200}, 8, false, false, true},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint8_t packet[ROOM];
		size_t length = make_v6(packet, 0, table[i].first, table[i].length + 30);
		struct transport transport;

		memcpy(packet + 40, table[i].chain, table[i].length);
		if (transport_find(packet, length, &transport) != table[i].found)
			fail_msg("%s", table[i].what);
		if (!table[i].found)
			continue;
		assert_int_equal(transport.protocol, 6);
		assert_int_equal(transport.offset, 40 + table[i].length);
		assert_int_equal(transport.length, 30);
		assert_int_equal(transport.fragment, table[i].fragment);
		assert_int_equal(transport.first, table[i].is_first);
		assert_false(transport.may_fragment);
	}
}

/* --- too big ----------------------------------------------------------------------------------- */

static void
a_too_big_ipv4_packet_is_answered_as_rfc_1191_says(void **state)
{
	struct ip_address inside = ip_address_v4(0xa9fe0a01);
	uint8_t packet[ROOM], out[TOO_BIG_MOST];
	size_t length = make_v4(packet, 0, 0x4000, 17, 0, 1480);

	assert_int_equal(too_big_answer(packet, length, 1400, &inside, out), 576);
	assert_int_equal(word(out + 2), 576);
	assert_int_equal(checksum_of(out, 20, 0), 0);
	assert_int_equal(checksum_of(out + 20, 556, 0), 0);
	/* as if the destination said so: a kernel takes no packet from its own address off the line */
	assert_memory_equal(out + 12, ((uint8_t[]){10, 2, 0, 1, 10, 1, 0, 1}), 8);
	assert_int_equal(out[9], 1);
	assert_memory_equal(out + 20, ((uint8_t[]){3, 4}), 2);
	assert_int_equal(word(out + 24), 0);
	assert_int_equal(word(out + 26), 1400);
	assert_memory_equal(out + 28, packet, 548);
	/* to ourselves as well */
	inside = ip_address_v4(0x0a010001);
	assert_int_equal(too_big_answer(packet, length, 1400, &inside, out), 576);
	assert_memory_equal(out + 12, ((uint8_t[]){10, 2, 0, 1, 10, 1, 0, 1}), 8);
	assert_int_equal(checksum_of(out, 20, 0), 0);
}

static void
a_too_big_ipv6_packet_is_answered_as_rfc_4443_says(void **state)
{
	struct ip_address inside = {AF_INET6, {0xfd, [15] = 9}};
	uint8_t packet[ROOM], out[TOO_BIG_MOST];
	size_t length = make_v6(packet, 0, 17, 1460);

	assert_int_equal(too_big_answer(packet, length, 1400, &inside, out), 1280);
	assert_int_equal(word(out + 4), 1240);
	assert_int_equal(out[6], 58);
	assert_memory_equal(out + 8, inside.bytes, 16);
	assert_memory_equal(out + 24, source6, 16);
	assert_memory_equal(out + 40, ((uint8_t[]){2, 0}), 2);
	assert_memory_equal(out + 44, ((uint8_t[]){0, 0, 0x05, 0x78}), 4);
	assert_int_equal(checksum_of(out + 40, 1240, pseudo(out, 58, 1240)), 0);
	assert_memory_equal(out + 48, packet, 1232);
	memcpy(inside.bytes, source6, 16);
	assert_int_equal(too_big_answer(packet, length, 1400, &inside, out), 1280);
	assert_memory_equal(out + 8, remote6, 16);
	assert_int_equal(checksum_of(out + 40, 1240, pseudo(out, 58, 1240)), 0);
	/* never of less than every link has (RFC 8201 4) */
	assert_int_equal(too_big_answer(packet, length, 900, &inside, out), 1280);
	assert_memory_equal(out + 44, ((uint8_t[]){0, 0, 0x05, 0}), 4);
	make_v6(packet, 0, 17, 1240);
	assert_int_equal(too_big_answer(packet, 1280, 900, &inside, out), 0);
}

static void
errors_are_not_answered_and_only_hosts_are(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		bool answered;
	} v4[] =
	    {
		{"UDP", 9, 17, true},
		{"an echo request", 20, 8, true},
		{"destination unreachable", 20, 3, false},
		{"time exceeded", 20, 11, false},
		{"parameter problem", 20, 12, false},
		{"redirect", 20, 5, false},
		{"a later fragment", 7, 1, false},
		{"from 0.0.0.0/8", 12, 0, false},
		{"from loopback", 12, 127, false},
		{"from multicast", 12, 224, false},
		{"from broadcast", 12, 255, false},
		{"to multicast", 16, 239, false},
	    },
	  v6[] = {
	      {"UDP", 6, 17, true},
	      {"an echo request", 40, 128, true},
	      {"packet too big", 40, 2, false},
	      {"an error of the future", 40, 127, false},
	      {"redirect", 40, 137, false},
	      {"from multicast", 8, 0xff, false},
	      {"to multicast, which is told too", 24, 0xff, true},
	  };
	struct ip_address inside4 = ip_address_v4(0xa9fe0a01), inside6 = {AF_INET6, {0xfd, [15] = 9}},
			  none = {0};
	uint8_t packet[ROOM], out[TOO_BIG_MOST];

	for (size_t i = 0; i < COUNT_OF(v4); i++) {
		size_t length = make_v4(packet, 0, 0x4000, 1, 0, 1480);

		packet[20] = 8;
		packet[v4[i].at] = v4[i].value;
		if ((too_big_answer(packet, length, 1400, &inside4, out) != 0) != v4[i].answered)
			fail_msg("%s", v4[i].what);
		assert_int_equal(too_big_answer(packet, length, 1400, &inside6, out), 0);
		assert_int_equal(too_big_answer(packet, length, 1400, &none, out), 0);
	}
	for (size_t i = 0; i < COUNT_OF(v6); i++) {
		size_t length = make_v6(packet, 0, 58, 1460);

		packet[40] = 128;
		packet[v6[i].at] = v6[i].value;
		if ((too_big_answer(packet, length, 1400, &inside6, out) != 0) != v6[i].answered)
			fail_msg("%s", v6[i].what);
		assert_int_equal(too_big_answer(packet, length, 1400, &inside4, out), 0);
	}
	make_v6(packet, 0, 17, 1460);
	memset(packet + 8, 0, 16);
	assert_int_equal(too_big_answer(packet, 1500, 1400, &inside6, out), 0);
}

static void
answers_are_limited(void **state)
{
	struct rate_limit limit = {0};
	int64_t now = 5000000;
	unsigned taken = 0;

	for (unsigned i = 0; i < 50; i++)
		taken += rate_limit_take(&limit, now, 100, 10);
	assert_int_equal(taken, 10);
	/* one token in 10 ms, however often it is asked meanwhile */
	for (taken = 0; now < 6000000; now += 7)
		taken += rate_limit_take(&limit, now, 100, 10);
	assert_in_range(taken, 99, 101);
	/* what was not used is kept up to the burst */
	for (now += 30000000, taken = 0; taken < 100 && rate_limit_take(&limit, now, 100, 10);)
		taken++;
	assert_int_equal(taken, 10);
}

/* --- fragments --------------------------------------------------------------------------------- */

/* Cuts a packet and puts it together again; returns into how many pieces. */
static unsigned
cut(const uint8_t *packet, size_t length, uint32_t mtu)
{
	size_t header = (size_t)(packet[0] & 15) * 4, done = 0, size;
	uint16_t before = word(packet + 6);
	uint8_t out[ROOM];
	struct fragments fragments;
	unsigned count = 0;

	assert_true(fragments_begin(&fragments, packet, length, mtu));
	while ((size = fragments_next(&fragments, out)) != 0) {
		size_t own = (size_t)(out[0] & 15) * 4, payload = size - own;
		uint16_t flags = word(out + 6);
		bool last = done + payload == length - header;

		assert_true(size <= mtu);
		assert_int_equal(word(out + 2), size);
		assert_int_equal(checksum_of(out, own, 0), 0);
		assert_memory_equal(out + 4, packet + 4, 2);
		assert_memory_equal(out + 8, packet + 8, 2);
		assert_memory_equal(out + 12, packet + 12, 8);
		assert_int_equal(flags & 0x1fff, (before & 0x1fff) + done / 8);
		assert_int_equal(flags >> 13 & 1, !last || (before & 0x2000) != 0);
		assert_memory_equal(out + own, packet + header + done, payload);
		assert_true(last || payload % 8 == 0);
		done += payload;
		count++;
	}
	assert_int_equal(done, length - header);
	return count;
}

static void
a_packet_without_df_is_cut_and_comes_together_again(void **state)
{
	static const struct {
		size_t options, payload;
		uint16_t flags;
		uint32_t mtu;
		unsigned pieces;
	} table[] = {
	    {0, 1480, 0, 1400, 2},     {0, 1480, 0, 1500, 1},   {0, 1480, 0, 68, 31}, {40, 1000, 0, 68, 22},
	    {0, 1480, 0x2010, 600, 3}, {0, 1480, 0x10, 600, 3}, {0, 8, 0, 68, 1},     {0, 49, 0, 68, 2},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		uint8_t packet[ROOM];
		size_t length = make_v4(packet, 4, table[i].flags, 17, table[i].options, table[i].payload);

		assert_int_equal(cut(packet, length, table[i].mtu), table[i].pieces);
	}
}

static void
options_go_with_the_first_piece_and_copied_ones_with_all(void **state)
{
	/* record route (7), not copied; router alert (148, RFC 2113), copied */
	static const uint8_t options[12] = {7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0};
	uint8_t packet[ROOM], out[ROOM];
	struct fragments fragments;
	size_t length = make_v4(packet, 0, 0, 17, 12, 200);

	memcpy(packet + 20, options, 12);
	assert_true(fragments_begin(&fragments, packet, length, 132));
	assert_int_equal(fragments_next(&fragments, out), 32 + 96);
	assert_memory_equal(out + 20, options, 12);
	assert_int_equal(fragments_next(&fragments, out), 24 + 104);
	assert_memory_equal(out, ((uint8_t[]){0x46}), 1);
	assert_memory_equal(out + 20, options + 7, 4);
	assert_int_equal(fragments_next(&fragments, out), 0);
}

static void
what_may_not_be_cut_is_not(void **state)
{
	uint8_t packet[ROOM];
	struct fragments fragments;
	size_t length = make_v4(packet, 0, 0x4000, 17, 0, 1480);

	assert_false(fragments_begin(&fragments, packet, length, 1400));
	length = make_v4(packet, 0, 0, 17, 0, 1480);
	assert_false(fragments_begin(&fragments, packet, length, 67));
	assert_true(fragments_begin(&fragments, packet, length, 68));
	put(packet + 6, 0x1fff); /* it would end beyond what IP can count */
	assert_false(fragments_begin(&fragments, packet, length, 1400));
	length = make_v6(packet, 0, 17, 1460);
	assert_false(fragments_begin(&fragments, packet, length, 1400));
}

/* --- MTUs -------------------------------------------------------------------------------------- */

static void
the_inner_mtu_is_the_largest_that_fits(void **state)
{
	for (size_t i = 0; suite_at(i) != NULL; i++) {
		for (int ipv6 = 0; ipv6 < 2; ipv6++) {
			for (int udp = 0; udp < 2; udp++) {
				uint8_t family = ipv6 ? AF_INET6 : AF_INET;

				for (uint32_t outer = 200; outer < 1600; outer++) {
					uint32_t inner = path_inner_mtu(suite_at(i), family, udp, outer);

					assert_true(path_outer_length(suite_at(i), family, udp, inner) <=
						    outer);
					assert_true(path_outer_length(suite_at(i), family, udp, inner + 1) >
						    outer);
				}
				assert_int_equal(path_inner_mtu(suite_at(i), family, udp, 40), 0);
			}
		}
	}
	/* what the manual says of 1500 bytes outside */
	assert_int_equal(path_inner_mtu(suite_at(2), AF_INET, true, 1500), 1438);
}

/* --- errors of the path ------------------------------------------------------------------------ */

static void
too_big_of_an_esp_packet_is_read_and_nothing_else(void **state)
{
	/* "fragmentation needed" of 1400 bytes from 198.51.100.1, with 192.0.2.1's UDP to 192.0.2.2 */
	static const char v4[] = "45000040000000004001000"
				 "0c6336401c0000201"
				 "0304000000000578"
				 "4500059c00000000401100"
				 "00c0000201c0000202"
				 "1194119405880000"
				 "abcd004200000007";
	static const char v6[] = "0200000000000514"
				 "6000000005783240"
				 "20010db8000000000000000000000001"
				 "20010db8000000000000000000000002"
				 "abcd004200000007";
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		bool good;
	} changes4[] = {{"as it is", 0, 0x45, true},          {"another type", 20, 11, false},
			{"another code", 21, 3, false},       {"quotes no IPv4", 28, 0x65, false},
			{"quotes TCP", 37, 6, false},         {"another SPI", 56, 0, true},
			{"a header too long", 0, 0x4f, false}};
	struct ip_address remote4 = ip_address_v4(0xc0000202), far6 = {.family = AF_INET6};
	uint8_t message[ROOM];
	struct path_error got;
	size_t length = strlen(v4) / 2;

	memcpy(far6.bytes, remote6, 16);
	for (size_t i = 0; i < COUNT_OF(changes4); i++) {
		read_hex(v4, message);
		message[changes4[i].at] = changes4[i].value;
		if (path_error_read(AF_INET, message, length, &got) != changes4[i].good)
			fail_msg("%s", changes4[i].what);
	}
	read_hex(v4, message);
	assert_true(path_error_read(AF_INET, message, length - 4, &got)); /* the SPI is there */
	assert_int_equal(got.spi, 0xabcd0042);
	assert_int_equal(got.mtu, 1400);
	assert_true(ip_address_equal(&got.remote, &remote4));
	for (size_t cut = 0; cut < length - 4; cut++)
		assert_false(path_error_read(AF_INET, message, cut, &got));
	memset(message + 56, 0, 4); /* the non-ESP marker */
	assert_false(path_error_read(AF_INET, message, length, &got));
	length = read_hex(v6, message);
	assert_true(path_error_read(AF_INET6, message, length, &got));
	assert_int_equal(got.spi, 0xabcd0042);
	assert_int_equal(got.mtu, 1300);
	assert_true(ip_address_equal(&got.remote, &far6));
	for (size_t cut = 0; cut < length - 4; cut++)
		assert_false(path_error_read(AF_INET6, message, cut, &got));
	message[0] = 1;
	assert_false(path_error_read(AF_INET6, message, length, &got));
}

TEST_MAIN(cmocka_unit_test(checksums_are_those_of_the_rfcs),
	  cmocka_unit_test(a_mended_checksum_is_that_of_a_new_sum),
	  cmocka_unit_test(congestion_marks_come_in_by_the_table_of_rfc_6040),
	  cmocka_unit_test(outer_dscp_never_comes_in_and_inner_goes_out_whole),
	  cmocka_unit_test(a_syn_offers_no_more_than_fits),
	  cmocka_unit_test(a_checksum_that_is_still_to_be_completed_stays),
	  cmocka_unit_test(what_only_looks_like_a_syn_stays),
	  cmocka_unit_test(ipv6_extension_headers_are_walked),
	  cmocka_unit_test(a_too_big_ipv4_packet_is_answered_as_rfc_1191_says),
	  cmocka_unit_test(a_too_big_ipv6_packet_is_answered_as_rfc_4443_says),
	  cmocka_unit_test(errors_are_not_answered_and_only_hosts_are), cmocka_unit_test(answers_are_limited),
	  cmocka_unit_test(a_packet_without_df_is_cut_and_comes_together_again),
	  cmocka_unit_test(options_go_with_the_first_piece_and_copied_ones_with_all),
	  cmocka_unit_test(what_may_not_be_cut_is_not),
	  cmocka_unit_test(the_inner_mtu_is_the_largest_that_fits),
	  cmocka_unit_test(too_big_of_an_esp_packet_is_read_and_nothing_else))
