// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/prefix_set.h"
#include "tests/unit/test.h"

static bool
add(struct prefix_set *set, const char *text)
{
	struct ip_prefix prefix;

	assert_true(ip_prefix_parse(text, &prefix));
	return prefix_set_add(set, &prefix);
}

static void
each_stands_in_it_once(void **state)
{
	static const char *const texts[] = {"10.1.0.0/16", "2001:db8::/32", "10.0.0.0/8", "0.0.0.0/0",
					    "::/0"};
	struct prefix_set set = {0};
	char text[IP_PREFIX_TEXT];

	for (unsigned rounds = 0; rounds < 3; rounds++) {
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(add(&set, texts[i]), rounds == 0);
	}
	assert_int_equal(set.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(ip_prefix_format(&set.items[i], text), texts[i]);
	prefix_set_free(&set);
}

/* As the prefixes of a connection that comes and goes. */
static void
the_same_ones_again_and_again_take_no_more_room(void **state)
{
	struct prefix_set set = {0};
	size_t room = 0;

	for (unsigned rounds = 0; rounds < 50; rounds++) {
		for (uint32_t i = 0; i < 1000; i++)
			prefix_set_add(&set, &(struct ip_prefix){ip_address_v4(0x0a000000 + (i << 8)), 24});
		room = room == 0 ? set.room : room;
		assert_int_equal(set.count, 1000);
		assert_int_equal(set.room, room);
	}
	prefix_set_free(&set);
	assert_int_equal(set.count, 0);
	assert_true(add(&set, "10.0.0.0/24"));
	prefix_set_free(&set);
}

static void
what_is_no_prefix_is_not_taken(void **state)
{
	struct prefix_set set = {0};

	assert_false(prefix_set_add(&set, &(struct ip_prefix){0}));
	prefix_set_free(&set);
}

TEST_MAIN(cmocka_unit_test(each_stands_in_it_once),
	  cmocka_unit_test(the_same_ones_again_and_again_take_no_more_room),
	  cmocka_unit_test(what_is_no_prefix_is_not_taken))
