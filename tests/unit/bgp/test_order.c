// SPDX-License-Identifier: GPL-2.0-or-later
/* What there is to tell: the list of changes and its readers, and all prefixes by attributes. */
#include <string.h>

#include "core/bgp/rib_internal.h"
#include "tests/unit/test.h"

enum { NETS = 5000, SETS = 300 };

static struct attribute_table table;
static struct rib rib;
static uint16_t peer;
static struct bgp_attributes *sets[SETS];

static int
set_up(void **state)
{
	attribute_table_init(&table);
	rib_init(&rib, AF_INET, &table);
	peer = rib_peer_take(&rib);
	rib_peer(&rib, peer)->local_preference = 100;
	for (uint32_t i = 0; i < SETS; i++) {
		struct attribute_set set = {.present = HAS_ORIGIN | HAS_AS_PATH | HAS_MED, .med = i};

		sets[i] = attributes_intern(&table, &set);
	}
	return 0;
}

static int
tear_down(void **state)
{
	assert_null(rib.order);
	assert_null(rib.changes.cursors);
	rib_free(&rib);
	for (uint32_t i = 0; i < SETS; i++)
		attributes_release(&table, sets[i]);
	attribute_table_free(&table);
	return 0;
}

static const uint8_t *
address_of(uint32_t net)
{
	static uint8_t address[16];

	address[0] = 10;
	address[1] = (uint8_t)(net >> 8);
	address[2] = (uint8_t)net;
	return address;
}

static uint32_t
announce(uint32_t net, uint32_t set)
{
	rib_announce(&rib, peer, address_of(net), 24, sets[set], PATH_USABLE);
	return trie_get(&rib.trie, address_of(net), 24);
}

/* As the speaker does with what is in the queue. */
static void
deliver(void)
{
	while (rib.changed.count != 0) {
		uint32_t index = fifo_pop(&rib.changed);

		rib_net(&rib, index)->flags &= (uint8_t) ~(NET_CHANGED | NET_EXPORT | NET_EXPORT_PATHS);
		changes_add(&rib, index);
		rib_net_tidy(&rib, index);
	}
}

static void
an_order_has_every_prefix_once_and_each_set_in_one_piece(void **state)
{
	static bool met[NETS + 1], over[SETS];
	struct order *order, *shared;
	struct order_place place = {0};
	uint32_t count = 0, last = SETS, net;
	unsigned slices = 0;

	for (uint32_t i = 0; i < NETS; i++)
		announce(i, (i * 7919u) % SETS);
	deliver();
	order = order_take(&rib, NULL);
	shared = order_take(&rib, NULL);
	assert_ptr_equal(order, shared);
	while (!order_build(order, 0))
		slices++;
	assert_true(slices >= NETS / 1024); /* it stops where its time is up */
	while ((net = order_next(order, &place)) != 0) {
		uint32_t set = rib_path(&rib, rib_net(&rib, net)->paths)->attributes->med;

		assert_false(met[net]);
		met[net] = true;
		count++;
		if (set == last)
			continue;
		assert_false(over[set]);
		over[set] = true;
		last = set;
	}
	assert_int_equal(count, NETS);
	order_release(order);
	order_release(shared);
}

static void
readers_read_every_change_once_after_its_last_time(void **state)
{
	struct changes_cursor fast = {0}, slow = {0};
	uint32_t a, b, c;

	changes_open(&rib, &fast);
	changes_open(&rib, &slow);
	a = announce(1, 0);
	b = announce(2, 0);
	c = announce(3, 0);
	deliver();
	assert_int_equal(changes_next(&rib, &fast), a);
	assert_int_equal(changes_next(&rib, &fast), b);
	announce(1, 1); /* one has read it, it is the place of the other */
	announce(2, 1);
	deliver();
	assert_int_equal(rib.changes.count, 3);
	assert_int_equal(changes_next(&rib, &slow), c);
	for (unsigned i = 0; i < 2; i++) {
		struct changes_cursor *reader = i == 0 ? &slow : &fast;

		if (i == 1)
			assert_int_equal(changes_next(&rib, reader), c);
		assert_int_equal(changes_next(&rib, reader), a);
		assert_int_equal(changes_next(&rib, reader), b);
		assert_int_equal(changes_next(&rib, reader), 0);
	}
	assert_false(changes_trim(&rib, INT64_MAX));
	assert_int_equal(rib.changes.count, 0);
	changes_close(&rib, &fast);
	changes_close(&rib, &slow);
}

static void
a_prefix_that_is_gone_is_kept_until_all_have_read_of_it(void **state)
{
	struct changes_cursor reader = {0};
	uint32_t net;

	changes_open(&rib, &reader);
	net = announce(1, 0);
	deliver();
	rib_withdraw(&rib, peer, address_of(1), 24);
	deliver();
	changes_trim(&rib, INT64_MAX);
	assert_int_equal(trie_get(&rib.trie, address_of(1), 24), net);
	assert_int_equal(changes_next(&rib, &reader), net);
	changes_trim(&rib, INT64_MAX);
	assert_int_equal(trie_get(&rib.trie, address_of(1), 24), 0);
	changes_close(&rib, &reader);
}

static void
who_begins_later_reads_what_changed_since_the_order_that_he_shares(void **state)
{
	struct changes_cursor early = {0}, late = {0};
	struct order *order, *own;
	uint32_t net;

	changes_open(&rib, &early);
	order = order_take(&rib, &early);
	net = announce(1, 0);
	deliver();
	assert_int_equal(changes_next(&rib, &early), net);
	changes_trim(&rib, INT64_MAX);
	changes_open(&rib, &late);
	assert_ptr_equal(order_take(&rib, &late), order);
	assert_int_equal(changes_next(&rib, &late), net);
	/* Whoever was told something already needs one that has all of now. */
	own = order_take(&rib, NULL);
	assert_ptr_not_equal(own, order);
	order_release(own);
	order_release(order);
	order_release(order);
	changes_close(&rib, &early);
	changes_close(&rib, &late);
}

/* One list is of best paths, one of all: a prefix can be in both, and a reader of one stand at it. */
static void
the_two_lists_of_changes_go_their_own_ways(void **state)
{
	struct changes_cursor best = {0}, paths = {0};
	uint32_t a, b;

	changes_open(&rib, &best);
	changes_open_paths(&rib, &paths);
	a = announce(1, 0);
	b = announce(2, 0);
	deliver();
	assert_int_equal(changes_next(&rib, &paths), 0);
	changes_add_paths(&rib, b);
	changes_add_paths(&rib, a);
	assert_int_equal(changes_next(&rib, &best), a);
	assert_int_equal(changes_next(&rib, &best), b);
	assert_int_equal(changes_next(&rib, &best), 0);
	/* What all have read of best paths goes, though a reader of all paths stands at it. */
	changes_trim(&rib, INT64_MAX);
	assert_int_equal(rib.changes.count, 0);
	assert_int_equal(rib.path_changes.count, 2);
	rib_withdraw(&rib, peer, address_of(2), 24);
	deliver();
	assert_int_equal(changes_next(&rib, &best), b);
	changes_trim(&rib, INT64_MAX);
	assert_int_equal(trie_get(&rib.trie, address_of(2), 24), b);
	assert_int_equal(changes_next(&rib, &paths), b);
	assert_int_equal(changes_next(&rib, &paths), a);
	assert_int_equal(changes_next(&rib, &paths), 0);
	changes_trim(&rib, INT64_MAX);
	assert_int_equal(rib.path_changes.count, 0);
	assert_int_equal(trie_get(&rib.trie, address_of(2), 24), 0);
	changes_close(&rib, &best);
	changes_close(&rib, &paths);
}

/* Its version tells whether somebody who was told a path has to be told again. */
static void
a_path_has_another_version_after_each_change_of_it_only(void **state)
{
	struct changes_cursor reader = {0};
	uint32_t before, other, path;

	announce(1, 0);
	path = rib_net(&rib, announce(2, 0))->paths;
	assert_int_equal(rib.versions.bytes, 0); /* nobody is told all paths */
	changes_open_paths(&rib, &reader);
	before = rib_path_version(&rib, path);
	announce(2, 0); /* said once more */
	assert_int_equal(rib_path_version(&rib, path), before);
	announce(2, 1);
	other = rib_path_version(&rib, path);
	assert_int_not_equal(other, before);
	announce(1, 1);
	assert_int_equal(rib_path_version(&rib, path), other);
	rib_peer_prefer(&rib, peer, 200);
	while (rib_work(&rib, INT64_MAX))
		;
	assert_int_not_equal(rib_path_version(&rib, path), other);
	deliver();
	changes_close(&rib, &reader);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

TEST_MAIN(TEST(an_order_has_every_prefix_once_and_each_set_in_one_piece),
	  TEST(readers_read_every_change_once_after_its_last_time),
	  TEST(a_prefix_that_is_gone_is_kept_until_all_have_read_of_it),
	  TEST(the_two_lists_of_changes_go_their_own_ways),
	  TEST(a_path_has_another_version_after_each_change_of_it_only),
	  TEST(who_begins_later_reads_what_changed_since_the_order_that_he_shares))
