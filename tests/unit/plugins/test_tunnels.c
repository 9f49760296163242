// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole plane with real devices and sockets: two gateways in two namespaces, two tunnels with 0/0 at
 * once. */
#include "tests/unit/plugins/pair.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

#define AES_GCM 20
#define CHACHA20 28

static struct pair pair;
static char skip_reason[600];

static struct pair_sa
plain(uint32_t tunnel)
{
	return (struct pair_sa){
	    .tunnel = tunnel, .encapsulated = true, .encryption = AES_GCM, .key_length = 36};
}

static int
open_pair(void **state)
{
	if (pair_open(&pair, skip_reason, sizeof(skip_reason)))
		return 0;
	print_message("# skipped: %s\n", skip_reason);
	return 0;
}

static int
close_pair(void **state)
{
	pair_close(&pair);
	return 0;
}

#define NEEDS_PAIR() \
	do { \
		if (skip_reason[0] != '\0') \
			skip(); \
	} while (0)

static struct dataplane_counters
counters(int side, uint32_t tunnel)
{
	struct dataplane_counters c;

	assert_true(userspace_ops.tunnel_counters(pair.side[side].plane, tunnel, &c));
	return c;
}

/* After each test. */
static int
remove_tunnels(void **state)
{
	if (skip_reason[0] != '\0')
		return 0;
	for (int side = 0; side < 2; side++) {
		pair_at(&pair, side);
		for (uint32_t tunnel = 1; tunnel <= PAIR_TUNNELS; tunnel++)
			userspace_ops.tunnel_remove(pair.side[side].plane, tunnel);
	}
	return 0;
}

/* Pings both tunnels; each must carry its own packets and nothing may be dropped. */
static void
check_two_tunnels(struct pair_sa first, struct pair_sa second)
{
	first.tunnel = 1;
	second.tunnel = 2;
	pair_tunnel(&pair, &first);
	pair_tunnel(&pair, &second);
	for (uint16_t i = 1; i <= 5; i++) {
		assert_true(pair_ping(&pair, 1, i));
		assert_true(pair_ping(&pair, 2, i));
	}
	for (int side = 0; side < 2; side++) {
		for (uint32_t tunnel = 1; tunnel <= 2; tunnel++) {
			struct dataplane_counters c;

			/* counted just after the packet is on its way */
			assert_true(PAIR_WAIT(counters(side, tunnel).tx_packets == 5 &&
					      counters(side, tunnel).rx_packets == 5));
			c = counters(side, tunnel);
			assert_int_equal(c.rx_bytes, 5 * 84);
			assert_int_equal(c.tx_bytes, 5 * 84);
			assert_true(c.last_rx != 0 && c.last_tx != 0);
			assert_int_equal(c.drops.authentication + c.drops.replay + c.drops.malformed +
					     c.drops.selector + c.drops.too_big + c.drops.queue +
					     c.drops.no_sa,
					 0);
		}
	}
}

static void
two_tunnels_with_open_selectors_carry_at_once_encapsulated_in_udp(void **state)
{
	NEEDS_PAIR();
	check_two_tunnels(plain(1), plain(2));
}

static void
two_tunnels_carry_at_once_as_protocol_50(void **state)
{
	struct pair_sa raw = plain(1), raw128 = plain(2);

	NEEDS_PAIR();
	raw.encapsulated = raw128.encapsulated = false;
	raw128.key_length = 20;
	check_two_tunnels(raw, raw128);
}

static void
extended_sequence_numbers_and_chacha20_carry(void **state)
{
	struct pair_sa extended = plain(1), chacha = plain(2);

	NEEDS_PAIR();
	extended.extended = true;
	extended.key_length = 28;
	chacha.encryption = CHACHA20;
	check_two_tunnels(extended, chacha);
}

static void
tunnels_carry_over_ipv6_outside(void **state)
{
	struct pair_sa udp = plain(1), raw = plain(2);

	NEEDS_PAIR();
	udp.ipv6 = raw.ipv6 = true;
	raw.encapsulated = false;
	check_two_tunnels(udp, raw);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(two_tunnels_with_open_selectors_carry_at_once_encapsulated_in_udp,
				      remove_tunnels),
	    cmocka_unit_test_teardown(two_tunnels_carry_at_once_as_protocol_50, remove_tunnels),
	    cmocka_unit_test_teardown(extended_sequence_numbers_and_chacha20_carry, remove_tunnels),
	    cmocka_unit_test_teardown(tunnels_carry_over_ipv6_outside, remove_tunnels)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_pair, close_pair);
}
