// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of the benches' prefixes; see bgp_order.h. The row of numbers is Marsaglia's xorshift. */
#include "tests/bench/bgp_order.h"

#include "core/base/text.h"

enum { FIRST_PREFIX = 0x10000000 };

uint32_t
bgp_order_any(uint64_t *row)
{
	*row ^= *row << 13;
	*row ^= *row >> 7;
	*row ^= *row << 17;
	return (uint32_t)(*row >> 16);
}

uint32_t *
bgp_order_make(uint32_t prefixes)
{
	uint32_t *order = memory_zeroed(prefixes, sizeof(*order));
	uint64_t row = BGP_ORDER_SEED;

	for (uint32_t i = 0; i < prefixes; i++)
		order[i] = i;
	for (uint32_t i = prefixes - 1; i > 0; i--) {
		uint32_t j = bgp_order_any(&row) % (i + 1), kept = order[i];

		order[i] = order[j];
		order[j] = kept;
	}
	return order;
}

uint32_t
bgp_order_prefix(uint32_t number)
{
	return FIRST_PREFIX + (number << 8);
}

uint32_t
bgp_order_number(uint32_t address)
{
	return (address - FIRST_PREFIX) >> 8;
}
