// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic selectors: what is in them passes, whatever their number and order. */
#include "core/base/buffer.h"
#include "core/base/text.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "tests/unit/test.h"

static struct dataplane_selector
range(const char *from, const char *to)
{
	struct dataplane_selector selector = {0};

	assert_true(ip_address_parse(from, &selector.from));
	assert_true(ip_address_parse(to, &selector.to));
	return selector;
}

static void
only_addresses_of_the_ranges_pass(void **state)
{
	const struct dataplane_selector ranges[] = {
	    range("10.30.0.0", "10.30.255.255"),
	    range("10.20.0.0", "10.20.0.255"),
	    range("10.20.0.128", "10.20.1.0"),
	    range("10.9.0.9", "10.9.0.9"),
	    range("10.8.0.9", "10.8.0.1"), /* ends before it begins */
	    range("2001:db8:0:1::", "2001:db8:0:1:ffff:ffff:ffff:ffff"),
	    range("2001:db8::ffff:ffff:ffff:fff0", "2001:db8:0:1::2"),
	};
	static const struct {
		const char *address;
		bool passes;
	} table[] = {
	    {"10.20.0.0", true},
	    {"10.19.255.255", false},
	    {"10.20.0.255", true},
	    {"10.20.1.0", true},
	    {"10.20.1.1", false},
	    {"10.9.0.9", true},
	    {"10.9.0.8", false},
	    {"10.9.0.10", false},
	    {"10.8.0.5", false},
	    {"10.30.0.0", true},
	    {"10.30.255.255", true},
	    {"10.31.0.0", false},
	    {"0.0.0.0", false},
	    {"255.255.255.255", false},
	    {"2001:db8::ffff:ffff:ffff:ffef", false},
	    {"2001:db8::ffff:ffff:ffff:fff0", true},
	    {"2001:db8:0:1::", true},
	    {"2001:db8:0:1:ffff:ffff:ffff:ffff", true},
	    {"2001:db8:0:2::", false},
	    {"::", false},
	    /* as IPv4 it would pass */
	    {"::10.20.0.1", false},
	};
	struct selectors selectors;

	assert_true(selectors_open(&selectors, ranges, COUNT_OF(ranges)));
	assert_int_equal(selectors.count[0], 3);
	assert_int_equal(selectors.count[1], 1);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct ip_address address;

		assert_true(ip_address_parse(table[i].address, &address));
		if (selectors_match(&selectors, address.family, address.bytes) != table[i].passes)
			fail_msg("%s", table[i].address);
	}
	selectors_close(&selectors);
}

static void
everything_of_one_family_is_nothing_of_the_other(void **state)
{
	const struct dataplane_selector v4 = range("0.0.0.0", "255.255.255.255"),
					v6 = range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	static const uint8_t address[16] = {10, 1, 2, 3};
	struct selectors selectors;

	assert_true(selectors_open(&selectors, &v4, 1));
	assert_true(selectors_match(&selectors, AF_INET, address));
	assert_false(selectors_match(&selectors, AF_INET6, address));
	selectors_close(&selectors);
	assert_true(selectors_open(&selectors, &v6, 1));
	assert_false(selectors_match(&selectors, AF_INET, address));
	assert_true(selectors_match(&selectors, AF_INET6, address));
	selectors_close(&selectors);
	assert_true(selectors_open(&selectors, NULL, 0));
	assert_true(selectors_match(&selectors, AF_INET, address));
	assert_true(selectors_match(&selectors, AF_INET6, address));
	selectors_close(&selectors);
}

/* Many ranges at random, against a search through all of them. */
static void
many_ranges_are_as_each_of_them(void **state)
{
	uint32_t seed = 7;

	for (unsigned turn = 0; turn < 300; turn++) {
		struct dataplane_selector ranges[64];
		struct selectors selectors;
		size_t count = 1 + turn % COUNT_OF(ranges);

		for (size_t i = 0; i < count; i++) {
			uint32_t from = (seed = seed * 1664525 + 1013904223) >> 20, length = seed >> 10 & 63;

			ranges[i] =
			    (struct dataplane_selector){ip_address_v4(from), ip_address_v4(from + length)};
		}
		assert_true(selectors_open(&selectors, ranges, count));
		for (uint32_t address = 0; address < 4300; address++) {
			struct ip_address one = ip_address_v4(address);
			bool in = false;

			for (size_t i = 0; i < count; i++)
				in |= ip_address_compare(&ranges[i].from, &one) <= 0 &&
				      ip_address_compare(&one, &ranges[i].to) <= 0;
			assert_int_equal(selectors_match(&selectors, AF_INET, one.bytes), in);
		}
		selectors_close(&selectors);
	}
}

/* UDP or what else the protocol says, its first four bytes of payload being `ports`; a later fragment with
 * `offset`. */
static size_t
packet_of(uint8_t packet[64], bool v6, uint8_t protocol, uint32_t ports, bool later)
{
	struct writer w = writer_over(packet, 64);

	if (v6) {
		writer_u32(&w, 0x60000000);
		writer_u16(&w, later ? 16 : 8);
		writer_u8(&w, later ? IPPROTO_FRAGMENT : protocol);
		writer_u8(&w, 64);
		writer_bytes(&w, (const uint8_t[32]){0x20, [31] = 1}, 32);
		if (later) {
			writer_u16(&w, (uint16_t)(protocol << 8));
			writer_u16(&w, 8);
			writer_u32(&w, 0);
		}
	} else {
		writer_u32(&w, 0x4500001c);
		writer_u32(&w, later ? 1 : 0);
		writer_u32(&w, 0x40000000 | (uint32_t)protocol << 16);
		writer_u32(&w, 0x0a140001);
		writer_u32(&w, 0x0a320001);
	}
	writer_u32(&w, ports);
	writer_u32(&w, 0);
	return writer_length(&w);
}

static void
a_selector_that_names_a_protocol_is_for_that_and_its_ports(void **state)
{
	enum { TCP = IPPROTO_TCP, UDP = IPPROTO_UDP, ICMP = IPPROTO_ICMP, OSPF = 89, ECHO = 0x0800 };
	static const struct {
		uint8_t protocol; /* of the selector; then its ports */
		uint16_t from, to;
		uint8_t shown; /* by the packet; then its ports, source's first */
		uint32_t ports;
		bool later, source, destination;
	} table[] = {
	    {TCP, 0, 65535, TCP, 0x01bb1234, false, true, true},
	    {TCP, 0, 65535, UDP, 0x01bb1234, false, false, false},
	    {TCP, 0, 65535, TCP, 0, true, true, true},
	    {TCP, 443, 443, TCP, 0x01bb1234, false, true, false},
	    {TCP, 443, 443, TCP, 0x123401bb, false, false, true},
	    {TCP, 443, 443, UDP, 0x01bb01bb, false, false, false},
	    {TCP, 443, 443, TCP, 0x01bb01bb, true, false, false}, /* who knows what port it had */
	    {UDP, 1000, 2000, UDP, 0x03e807d0, false, true, true},
	    {UDP, 1000, 2000, UDP, 0x03e707d1, false, false, false},
	    {UDP, 65535, 0, UDP, 0x03e807d0, false, false, false},
	    {UDP, 65535, 0, UDP, 0, true, true, true},
	    {ICMP, ECHO, ECHO, ICMP, 0x08000000, false, true, true},
	    {ICMP, ECHO, ECHO, ICMP, 0x00000800, false, false, false},
	    {OSPF, 0, 65535, OSPF, 0x02010000, false, true, true},
	    {OSPF, 0, 65535, TCP, 0x02010000, false, false, false},
	    {OSPF, 1, 9, OSPF, 0x00050005, false, false, false}, /* it has none */
	};
	const struct dataplane_selector everywhere[] = {range("10.20.0.0", "10.20.255.255"),
							range("2000::", "2000::ffff")};

	for (size_t i = 0; i < COUNT_OF(table) * 2; i++) {
		struct dataplane_selector one = everywhere[i % 2];
		bool v6 = i % 2 != 0;
		uint8_t packet[64], *address = packet + (v6 ? 24 : 12);
		size_t length =
		    packet_of(packet, v6, table[i / 2].shown, table[i / 2].ports, table[i / 2].later);
		uint8_t family = v6 ? AF_INET6 : AF_INET;
		struct selectors selectors;
		struct upper upper;

		one.protocol = table[i / 2].protocol;
		one.from_port = table[i / 2].from;
		one.to_port = table[i / 2].to;
		if (v6)
			memcpy(address, one.from.bytes, 16);
		assert_true(selectors_open(&selectors, &one, 1));
		assert_true(upper_read(packet, length, &upper));
		assert_false(selectors_match(&selectors, family, address));
		if (selectors_match_limited(&selectors, family, address, &upper, upper.source) !=
			table[i / 2].source ||
		    selectors_match_limited(&selectors, family, address, &upper, upper.destination) !=
			table[i / 2].destination)
			fail_msg("case %zu, %s", i / 2, v6 ? "IPv6" : "IPv4");
		address[1] ^= 1; /* of another network */
		assert_false(selectors_match_limited(&selectors, family, address, &upper, upper.source));
		assert_false(selectors_match_limited(&selectors, v6 ? AF_INET : AF_INET6, address, &upper,
						     upper.source));
		selectors_close(&selectors);
	}
}

TEST_MAIN(cmocka_unit_test(a_selector_that_names_a_protocol_is_for_that_and_its_ports),
	  cmocka_unit_test(only_addresses_of_the_ranges_pass),
	  cmocka_unit_test(everything_of_one_family_is_nothing_of_the_other),
	  cmocka_unit_test(many_ranges_are_as_each_of_them))
