// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/address.h"
#include "core/base/trie.h"
#include "tests/unit/test.h"

enum { MOST = 3000 };

/* The obvious way: a sorted list. */
static struct {
	struct ip_prefix prefix;
	uint32_t value;
} naive[MOST + 1];
static size_t naive_count;

static uint32_t seed = 1;

static uint32_t
number(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* A prefix of a small part of the space, so that they meet often; all lengths. */
static struct ip_prefix
any_prefix(uint8_t family)
{
	struct ip_prefix prefix = {.address.family = family,
				   .length = (uint8_t)number(ip_family_bits(family) + 1)};

	for (unsigned i = 0; i < ip_family_bytes(family); i++)
		prefix.address.bytes[i] = (uint8_t)(number(3) == 0 ? number(256) : number(2) * 255);
	return ip_prefix_network(&prefix);
}

static size_t
naive_find(const struct ip_prefix *prefix)
{
	size_t i = 0;

	while (i < naive_count && ip_prefix_compare(&naive[i].prefix, prefix) < 0)
		i++;
	return i;
}

static void
compare_walk(const struct trie *trie, const struct ip_prefix *after)
{
	struct trie_cursor cursor;
	size_t i = 0;

	trie_seek(trie, &cursor, after != NULL ? after->address.bytes : NULL,
		  after != NULL ? after->length : 0);
	if (after != NULL) {
		i = naive_find(after);
		if (i < naive_count && ip_prefix_equal(&naive[i].prefix, after))
			i++;
	}
	for (; i < naive_count; i++)
		assert_int_equal(trie_next(trie, &cursor), naive[i].value);
	assert_int_equal(trie_next(trie, &cursor), 0);
}

static void
compare_walk_back(const struct trie *trie, const struct ip_prefix *before)
{
	struct trie_cursor cursor;
	size_t i = before != NULL ? naive_find(before) : naive_count;

	trie_seek_back(trie, &cursor, before != NULL ? before->address.bytes : NULL,
		       before != NULL ? before->length : 0);
	while (i-- > 0)
		assert_int_equal(trie_previous(trie, &cursor), naive[i].value);
	assert_int_equal(trie_previous(trie, &cursor), 0);
}

static void
exercise(uint8_t family)
{
	struct trie trie;
	uint32_t next = 1;

	trie_init(&trie);
	naive_count = 0;
	for (int round = 0; round < 20000; round++) {
		struct ip_prefix prefix = any_prefix(family);
		size_t at;
		bool known;

		if (naive_count != 0 && number(2) == 0)
			prefix = naive[number((uint32_t)naive_count)].prefix;
		at = naive_find(&prefix);
		known = at < naive_count && ip_prefix_equal(&naive[at].prefix, &prefix);
		assert_int_equal(trie_get(&trie, prefix.address.bytes, prefix.length),
				 known ? naive[at].value : 0);
		if (naive_count < MOST && number(100) < (round < 12000 ? 60 : 20)) {
			uint32_t *slot = trie_put(&trie, prefix.address.bytes, prefix.length);

			assert_int_equal(*slot, known ? naive[at].value : 0);
			*slot = next;
			if (!known) {
				memmove(naive + at + 1, naive + at, (naive_count - at) * sizeof(*naive));
				naive_count++;
			}
			naive[at].prefix = prefix;
			naive[at].value = next++;
		} else {
			assert_int_equal(trie_remove(&trie, prefix.address.bytes, prefix.length), known);
			if (known) {
				naive_count--;
				memmove(naive + at, naive + at + 1, (naive_count - at) * sizeof(*naive));
			}
		}
		assert_int_equal(trie.count, naive_count);
		if (round % 500 == 0) {
			struct ip_prefix after = any_prefix(family);

			compare_walk(&trie, NULL);
			compare_walk_back(&trie, NULL);
			compare_walk(&trie, &after);
			compare_walk_back(&trie, &after);
			if (naive_count != 0)
				compare_walk(&trie, &naive[number((uint32_t)naive_count)].prefix);
			compare_walk_back(&trie, &naive[number((uint32_t)naive_count)].prefix);
		}
	}
	while (naive_count != 0) {
		naive_count--;
		assert_true(trie_remove(&trie, naive[naive_count].prefix.address.bytes,
					naive[naive_count].prefix.length));
	}
	compare_walk(&trie, NULL);
	compare_walk_back(&trie, NULL);
	trie_free(&trie);
}

static void
ipv4_prefixes_are_kept_and_walked_in_order(void **state)
{
	exercise(AF_INET);
}

static void
ipv6_prefixes_are_kept_and_walked_in_order(void **state)
{
	exercise(AF_INET6);
}

static void
a_queue_keeps_its_order_and_bits_their_places(void **state)
{
	struct fifo queue = {0};
	struct vector bits = {0};
	uint32_t in = 0, out = 0;

	for (int round = 0; round < 3000; round++) {
		for (uint32_t i = number(200); i != 0; i--)
			fifo_push(&queue, in++);
		for (uint32_t i = number(180); i != 0 && queue.count != 0; i--)
			assert_int_equal(fifo_pop(&queue), out++);
	}
	assert_int_equal(queue.count, in - out);
	while (queue.count != 0)
		assert_int_equal(fifo_pop(&queue), out++);
	fifo_free(&queue);

	assert_false(bits_get(&bits, 5000000));
	for (uint32_t i = 0; i < 5000000; i += 4999)
		bits_set(&bits, i);
	bits_clear(&bits, 4999);
	for (uint32_t i = 0; i < 5000000; i += 7)
		assert_int_equal(bits_get(&bits, i), i % 4999 == 0 && i != 4999);
	vector_free(&bits);
}

TEST_MAIN(cmocka_unit_test(ipv4_prefixes_are_kept_and_walked_in_order),
	  cmocka_unit_test(ipv6_prefixes_are_kept_and_walked_in_order),
	  cmocka_unit_test(a_queue_keeps_its_order_and_bits_their_places))
