// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/address.h"
#include "tests/unit/test.h"

static void
parses_and_formats_both_families(void **state)
{
	static const char *const good[] = {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "2001:db8::1/128",
					   "::/0"};
	char text[IP_PREFIX_TEXT];
	struct ip_prefix prefix;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(ip_prefix_parse(good[i], &prefix));
		assert_string_equal(ip_prefix_format(&prefix, text), good[i]);
	}
}

static void
refuses_what_is_no_prefix(void **state)
{
	static const char *const bad[] = {
	    "",       "/8",          "10.0.0.0/",   "10.0.0.0/33", "10.0.0/8",           "10.0.0.0/8x",
	    "::/129", "10.0.0.0/08", "10.0.0.0/-1", "example",     "10.0.0.0/4294967304"};
	struct ip_prefix prefix;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ip_prefix_parse(bad[i], &prefix));
}

static void
clears_host_bits_and_tells_containment(void **state)
{
	struct ip_prefix a, b;
	struct ip_address inside;
	char text[IP_PREFIX_TEXT];

	assert_true(ip_prefix_parse("10.21.33.7/13", &a));
	a = ip_prefix_network(&a);
	assert_string_equal(ip_prefix_format(&a, text), "10.16.0.0/13");
	assert_true(ip_address_parse("10.23.255.255", &inside));
	assert_true(ip_prefix_contains(&a, &inside));
	assert_true(ip_address_parse("10.24.0.0", &inside));
	assert_false(ip_prefix_contains(&a, &inside));
	assert_true(ip_prefix_parse("10.20.0.0/16", &b));
	assert_true(ip_prefix_covers(&a, &b));
	assert_false(ip_prefix_covers(&b, &a));
	assert_true(ip_prefix_overlaps(&b, &a));
}

static void
finds_the_other_host_of_a_small_prefix(void **state)
{
	struct ip_prefix inside;
	struct ip_address other;
	char text[IP_ADDRESS_TEXT];

	assert_true(ip_prefix_parse("169.254.44.242/30", &inside));
	assert_true(ip_prefix_other_host(&inside, &other));
	assert_string_equal(ip_address_format(&other, text), "169.254.44.241");
	assert_true(ip_prefix_parse("fd00::1/126", &inside));
	assert_true(ip_prefix_other_host(&inside, &other));
	assert_string_equal(ip_address_format(&other, text), "fd00::2");
	assert_true(ip_prefix_parse("169.254.44.240/30", &inside));
	assert_false(ip_prefix_other_host(&inside, &other));
	assert_true(ip_prefix_parse("169.254.44.242/29", &inside));
	assert_false(ip_prefix_other_host(&inside, &other));
}

static void
goes_through_a_sockaddr_and_back(void **state)
{
	struct sockaddr_storage storage;
	struct ip_address from, to;
	uint16_t port = 0;

	assert_true(ip_address_parse("2001:db8::5", &from));
	assert_int_not_equal(ip_address_to_sockaddr(&from, 4500, &storage), 0);
	assert_true(ip_address_from_sockaddr((struct sockaddr *)&storage, &to, &port));
	assert_true(ip_address_equal(&from, &to));
	assert_int_equal(port, 4500);
}

TEST_MAIN(cmocka_unit_test(parses_and_formats_both_families), cmocka_unit_test(refuses_what_is_no_prefix),
	  cmocka_unit_test(clears_host_bits_and_tells_containment),
	  cmocka_unit_test(finds_the_other_host_of_a_small_prefix),
	  cmocka_unit_test(goes_through_a_sockaddr_and_back))
