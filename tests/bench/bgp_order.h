// SPDX-License-Identifier: GPL-2.0-or-later
/* Which prefixes bgp_load announces, and in which order: kernel_routes inserts the same. */
#ifndef TWINSPAN_TESTS_BENCH_BGP_ORDER_H
#define TWINSPAN_TESTS_BENCH_BGP_ORDER_H

#include <stdint.h>

/** Where a row of numbers that is the same in every run begins. */
#define BGP_ORDER_SEED UINT64_C(88172645463325252)

/** The next number of the row. */
uint32_t bgp_order_any(uint64_t *row);
/** A permutation of the numbers below `prefixes`, the same in every run. Returns new. */
uint32_t *bgp_order_make(uint32_t prefixes);
/** The address of a number's /24. */
uint32_t bgp_order_prefix(uint32_t number);
/** The number of a /24's address. */
uint32_t bgp_order_number(uint32_t address);

#endif
