// SPDX-License-Identifier: GPL-2.0-or-later
/* The encrypt worker's queue, and what goes past it. */
#include "tests/unit/plugins/flows.h"
#include "core/base/text.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "tests/unit/test.h"

enum { BYTES = 10000, MOST = 1500, MS = 1000 };

static struct queue queue;

static int
set_up(void **state)
{
	assert_true(queue_open(&queue, BYTES));
	return 0;
}

static int
tear_down(void **state)
{
	queue_close(&queue);
	return 0;
}

/* A packet whose bytes all are `mark`. */
static bool
push(uint8_t mark, size_t length, usec_t now)
{
	uint8_t *room = queue_room(&queue, MOST);

	if (room == NULL)
		return false;
	assert_true(room >= queue.pool && room + MOST <= queue.pool + BYTES);
	memset(room, mark, length);
	queue_push(&queue, &(struct queued){.tunnel = mark, .length = length, .since = now});
	return true;
}

static const struct queued *
front(usec_t now)
{
	bool drop;

	return queue_front(&queue, now, &drop);
}

static void
packets_come_out_whole_and_in_order_for_ever(void **state)
{
	uint8_t in = 0, out = 0;
	unsigned refused = 0;

	for (unsigned step = 0; step < 20000; step++) {
		size_t length = 1 + (step * 7919u) % MOST;
		const struct queued *entry;

		if (step % 5 != 0) {
			if (push(in, length, 0))
				in++;
			else
				refused++;
		}
		if (step % 3 == 0 && (entry = front(0)) != NULL) {
			const uint8_t *bytes = queue_bytes(&queue, entry);

			assert_int_equal(entry->tunnel, out);
			for (size_t i = 0; i < entry->length; i++)
				assert_int_equal(bytes[i], out);
			queue_pop(&queue);
			out++;
		}
	}
	assert_true(refused > 1000); /* it was full at times */
}

static void
many_small_packets_fill_it_too(void **state)
{
	assert_true(queue_empty(&queue));
	for (unsigned i = 0; i < QUEUE_ENTRIES; i++) {
		assert_false(queue_full(&queue));
		assert_true(push((uint8_t)i, 1, 0));
	}
	assert_true(queue_full(&queue));
	assert_null(queue_room(&queue, 1));
	queue_pop(&queue);
	assert_true(push(1, 1, 0));
}

/* Packets come every millisecond and go `late` after that; how many CoDel drops in the given time. */
static unsigned
drops(usec_t late, usec_t duration)
{
	unsigned dropped = 0;

	for (usec_t now = 0; now < duration; now += MS) {
		bool drop = false;

		assert_true(push(1, 10, now));
		if (now < late)
			continue;
		assert_non_null(queue_front(&queue, now, &drop));
		queue_pop(&queue);
		dropped += drop;
	}
	while (front(duration) != NULL)
		queue_pop(&queue);
	return dropped;
}

static void
codel_leaves_a_short_queue_alone(void **state)
{
	assert_int_equal(drops(4 * MS, 2000 * MS), 0);
}

static void
codel_drops_ever_more_of_one_that_stays_long(void **state)
{
	/* nothing in the first interval; then the intervals shrink by the square root (RFC 8289 3.3) */
	assert_int_equal(drops(20 * MS, 110 * MS), 0);
	assert_int_equal(drops(20 * MS, 140 * MS), 1);
	assert_in_range(drops(20 * MS, 1000 * MS), 12, 30);
}

static void
codel_never_takes_the_last_packet(void **state)
{
	for (usec_t now = 0; now < 1000 * MS; now += 50 * MS) {
		bool drop = true;

		assert_true(push(1, 10, now));
		assert_non_null(queue_front(&queue, now + 40 * MS, &drop));
		assert_false(drop);
		queue_pop(&queue);
	}
}

/* --- what goes past it ------------------------------------------------------------------------- */

/* A packet of a protocol between two ports. */
static bool
urgent(uint8_t protocol, uint16_t from, uint16_t to, uint16_t data, bool ipv6)
{
	struct flows_packet p = {.ipv6 = ipv6, .data = data};
	uint8_t packet[FLOWS_PACKET], *l4 = packet + (ipv6 ? 40 : 20);
	size_t length = flows_make(&p, packet);

	packet[ipv6 ? 6 : 9] = protocol;
	l4[0] = (uint8_t)(from >> 8);
	l4[1] = (uint8_t)from;
	l4[2] = (uint8_t)(to >> 8);
	l4[3] = (uint8_t)to;
	return policy_urgent(NULL, packet, length);
}

static void
what_reachability_hangs_on_is_urgent_and_bulk_is_not(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t from, to, data;
		bool urgent;
	} cases[] = {
	    {IPPROTO_TCP, 40000, 179, 1000, true}, {IPPROTO_TCP, 179, 40000, 0, true},
	    {IPPROTO_TCP, 40000, 443, 0, false},   {IPPROTO_UDP, 50000, 3784, 24, true},
	    {IPPROTO_UDP, 50000, 4784, 24, true},  {IPPROTO_UDP, 500, 500, 200, true},
	    {IPPROTO_UDP, 3784, 50000, 24, false}, {IPPROTO_UDP, 4500, 4500, 24, false},
	    {IPPROTO_UDP, 50000, 53, 24, false},   {47, 40000, 179, 24, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int ipv6 = 0; ipv6 < 2; ipv6++)
			assert_int_equal(
			    urgent(cases[i].protocol, cases[i].from, cases[i].to, cases[i].data, ipv6 != 0),
			    cases[i].urgent);
	assert_true(urgent(IPPROTO_ICMP, 0x0800, 0, 64, false));
	assert_true(urgent(IPPROTO_ICMPV6, 0x8000, 0, 64, true));
	assert_false(urgent(IPPROTO_ICMP, 0x0800, 0, 1300, false));
}

static void
what_opens_or_refuses_a_connection_between_the_gateways_is_urgent(void **state)
{
	enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
	static const struct {
		uint8_t flags;
		bool urgent;
	} cases[] = {{SYN, true},       {SYN | ACK, true}, {RST, true},
		     {RST | ACK, true}, {ACK, false},      {ACK | FIN, false}};

	for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
		struct flows_packet p = {.ipv6 = i % 2 != 0};
		uint8_t packet[FLOWS_PACKET], family = p.ipv6 ? AF_INET6 : AF_INET;
		size_t length = flows_make(&p, packet), size = ip_family_bytes(family), l4 = p.ipv6 ? 40 : 20;
		struct inside inside = {0};

		inside.address[p.ipv6].family = inside.peer[2].family = family;
		memcpy(inside.address[p.ipv6].bytes, packet + l4 - 2 * size, size);
		memcpy(inside.peer[2].bytes, packet + l4 - size, size);
		packet[l4 + 13] = cases[i / 2].flags;
		assert_int_equal(policy_urgent(&inside, packet, length), cases[i / 2].urgent);
		assert_false(policy_urgent(&inside, packet, l4 + 13)); /* the flags are not there */
		packet[l4 - 1] ^= 1;                                   /* a user's */
		assert_false(policy_urgent(&inside, packet, length));
		assert_false(policy_urgent(NULL, packet, length));
	}
}

static void
what_is_short_or_a_fragment_is_not_urgent(void **state)
{
	struct flows_packet p = {.fragment = true, .data = 100};
	uint8_t packet[FLOWS_PACKET];
	size_t length = flows_make(&p, packet);

	packet[22] = 0; /* to port 179 */
	packet[23] = 179;
	assert_false(policy_urgent(NULL, packet, length));
	packet[6] = 0x40;
	assert_true(policy_urgent(NULL, packet, length));
	for (size_t i = 0; i < 24; i++)
		assert_false(policy_urgent(NULL, packet, i));
}

#define WITH_QUEUE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(WITH_QUEUE(packets_come_out_whole_and_in_order_for_ever),
	  WITH_QUEUE(many_small_packets_fill_it_too), WITH_QUEUE(codel_leaves_a_short_queue_alone),
	  WITH_QUEUE(codel_drops_ever_more_of_one_that_stays_long),
	  WITH_QUEUE(codel_never_takes_the_last_packet),
	  cmocka_unit_test(what_reachability_hangs_on_is_urgent_and_bulk_is_not),
	  cmocka_unit_test(what_opens_or_refuses_a_connection_between_the_gateways_is_urgent),
	  cmocka_unit_test(what_is_short_or_a_fragment_is_not_urgent))
