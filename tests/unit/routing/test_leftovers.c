// SPDX-License-Identifier: GPL-2.0-or-later
/* What an earlier run left of its routes is taken over where a restart is graceful, and left so for the next
 * run. */
#include "tests/unit/routing/kernel.h"

#define ADDRESS "192.0.2.1/24"
#define FIRST "192.0.2.2"
#define SECOND "192.0.2.3"

static const struct routing_options keeping = {.install = true, .leftover_hold_ms = 30000, .keep = true};

/* An earlier run's, by a router on ts3; the last one below a guard's. */
static void
open_after_another_run(void)
{
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	ip("route add 10.1.0.0/16 via " FIRST " metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	ip("route add 10.2.0.0/16 via " FIRST " metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	ip("route add 10.3.0.0/16 via " FIRST " metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	ip("route add 10.4.0.0/16 dev ts1 metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	ip("route add unreachable 10.4.0.0/16 metric %u protocol %d", ROUTING_FLOOR_METRIC, ROUTING_PROTOCOL);
	open_with(keeping);
}

static bool
blackhole(const char *text)
{
	return ip_count("-%d route show type blackhole exact %s metric %d", strchr(text, ':') != NULL ? 6 : 4,
			text, ROUTING_METRIC) == 1;
}

static bool
known(const char *text)
{
	struct ip_prefix wanted = prefix(text);

	return routing_lookup(routing, &wanted, NULL);
}

static void
routes_by_a_gateway_stay_until_all_is_settled(void **state)
{
	struct routing_census census;

	SKIP_IF_NEEDED();
	open_after_another_run();
	assert_string_equal(gateway_of("10.1.0.0/16"), FIRST);
	assert_string_equal(device_of("10.4.0.0/16"), ""); /* its SAs are gone */
	assert_true(has_floor("10.4.0.0/16"));
	assert_true(installed("10.1.0.0/16") && installed("10.2.0.0/16") && installed("10.3.0.0/16"));
	routing_count_kernel(routing, &census);
	assert_int_equal(census.kept[0], 3);
	assert_int_equal(census.gateways[0], 3);
	assert_int_equal(census.tunnels[0], 0);
	/* One as it is, one otherwise, one that comes and goes, one not at all. */
	offer_via("10.1.0.0/16", ROUTING_BGP, FIRST);
	offer_via("10.2.0.0/16", ROUTING_BGP, SECOND);
	offer_via("10.5.0.0/16", ROUTING_BGP, SECOND);
	UNTIL(installed("10.5.0.0/16") && routing_pending(routing) == 0);
	assert_string_equal(gateway_of("10.2.0.0/16"), FIRST);
	assert_false(installed("10.2.0.0/16"));
	assert_string_equal(gateway_of("10.3.0.0/16"), FIRST);
	assert_int_equal(routing_count(routing), 4);
	routing_settle(routing);
	UNTIL(had_event("route.settled") && routing_pending(routing) == 0);
	assert_true(had_event("of 3 that were kept, 1 was removed"));
	assert_string_equal(gateway_of("10.1.0.0/16"), FIRST);
	assert_string_equal(gateway_of("10.2.0.0/16"), SECOND);
	assert_string_equal(gateway_of("10.3.0.0/16"), "");
	assert_true(installed("10.2.0.0/16"));
	assert_false(known("10.3.0.0/16"));
	assert_int_equal(routing_count(routing), 3);
	assert_int_equal(routing_count_without_bgp(routing), 0);
}

static void
what_is_withdrawn_before_goes_only_then(void **state)
{
	SKIP_IF_NEEDED();
	open_after_another_run();
	offer_via("10.1.0.0/16", ROUTING_BGP, SECOND);
	withdraw("10.1.0.0/16", ROUTING_BGP);
	withdraw("10.2.0.0/16", ROUTING_BGP);
	withdraw("10.3.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(gateway_of("10.1.0.0/16"), FIRST);
	assert_string_equal(gateway_of("10.2.0.0/16"), FIRST);
	offer_via("10.2.0.0/16", ROUTING_BGP, FIRST);
	routing_settle(routing);
	UNTIL(had_event("route.settled") && routing_pending(routing) == 0);
	assert_string_equal(gateway_of("10.1.0.0/16"), "");
	assert_string_equal(gateway_of("10.2.0.0/16"), FIRST);
	assert_string_equal(gateway_of("10.3.0.0/16"), "");
	assert_int_equal(routing_count(routing), 1);
	assert_int_equal(routing_count_without_bgp(routing), 0);
}

static void
what_the_kernel_drops_meanwhile_is_not_put_back(void **state)
{
	SKIP_IF_NEEDED();
	open_after_another_run();
	ip("route del 10.1.0.0/16 metric %d", ROUTING_METRIC);
	UNTIL(!known("10.1.0.0/16"));
	assert_string_equal(gateway_of("10.1.0.0/16"), "");
	ip("address del " ADDRESS " dev ts3"); /* says nothing of each route */
	UNTIL(!known("10.2.0.0/16") && !known("10.3.0.0/16"));
	assert_int_equal(routing_count(routing), 0);
	assert_int_equal(ip_count("route show metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL), 0);
}

static void
another_source_is_tried_after_it_only(void **state)
{
	SKIP_IF_NEEDED();
	open_after_another_run();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.1.0.0/16", ROUTING_PROTECT, 1, 3);
	offer("10.2.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(has_floor("10.1.0.0/16") && has_floor("10.2.0.0/16"));
	assert_string_equal(gateway_of("10.1.0.0/16"), FIRST);
	assert_string_equal(gateway_of("10.2.0.0/16"), FIRST);
	routing_settle(routing);
	UNTIL(strcmp(device_of("10.2.0.0/16"), "ts1") == 0);
	UNTIL(strcmp(gateway_of("10.1.0.0/16"), "") == 0);
	assert_true(has_floor("10.1.0.0/16"));
}

static void
guards_of_the_earlier_run_hold_on(void **state)
{
	struct ip_address outside = address("203.0.113.17"), strange = address("203.0.113.18");

	SKIP_IF_NEEDED();
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	ip("route add default via " SECOND);
	ip("route add 203.0.113.0/24 via " FIRST " metric %d protocol %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	ip("route add 203.0.113.17 via " SECOND " onlink dev ts3 metric %d protocol %d", ROUTING_GUARD_METRIC,
	   ROUTING_PROTOCOL);
	ip("route add 203.0.113.18 via " SECOND " onlink dev ts3 metric %d protocol %d", ROUTING_GUARD_METRIC,
	   ROUTING_PROTOCOL);
	open_with(keeping);
	routing_guard_add(routing, &outside);
	assert_int_equal(ip_count("route show exact 203.0.113.17 metric %d", ROUTING_GUARD_METRIC), 1);
	offer_via("203.0.113.0/24", ROUTING_BGP, FIRST);
	routing_settle(routing);
	/* One that is for nobody any more goes then, the other one with the route below it. */
	assert_int_equal(ip_count("route show exact 203.0.113.18 metric %d", ROUTING_GUARD_METRIC), 0);
	assert_int_equal(ip_count("route show exact 203.0.113.17 metric %d", ROUTING_GUARD_METRIC), 1);
	UNTIL(had_event("route.settled"));
	withdraw("203.0.113.0/24", ROUTING_BGP);
	UNTIL(ip_count("route show exact 203.0.113.17 metric %d", ROUTING_GUARD_METRIC) == 0);
	assert_false(had_event("route.removed"));
	routing_guard_add(routing, &strange);
	assert_int_equal(ip_count("route show exact 203.0.113.18 metric %d", ROUTING_GUARD_METRIC), 0);
}

static void
what_was_discarded_is_so_until_all_is_settled(void **state)
{
	static const char *const texts[] = {"10.66.6.6/32", "10.66.6.7/32", "2001:db8:66::6/128",
					    "2001:db8:66::7/128"};
	struct routing_census census;

	SKIP_IF_NEEDED();
	close_room();
	for (unsigned i = 0; i < 4; i++)
		ip("route add blackhole %s metric %d protocol %d", texts[i], ROUTING_METRIC,
		   ROUTING_PROTOCOL);
	open_with(keeping);
	routing_count_kernel(routing, &census);
	assert_int_equal(
	    census.kept[0] + census.kept[1] + census.gateways[0] + census.tunnels[0] + census.tunnels[1], 0);
	for (unsigned i = 0; i < 4; i++)
		assert_true(blackhole(texts[i]) && installed(texts[i]));
	/* One of each family is offered again. */
	for (unsigned i = 0; i < 4; i += 2) {
		struct ip_prefix wanted = prefix(texts[i]);

		routing_offer(
		    routing, &wanted,
		    &(struct routing_candidate){.source = ROUTING_BGP, .discard = ROUTING_DISCARD_BLACKHOLE});
	}
	UNTIL(routing_pending(routing) == 0);
	assert_true(blackhole(texts[1]) && blackhole(texts[3]));
	routing_settle(routing);
	UNTIL(had_event("route.settled") && routing_pending(routing) == 0);
	assert_true(had_event("of 0 that were kept, 0 were removed"));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(blackhole(texts[i]), i % 2 == 0);
	/* And for the next run. */
	routing_leave(routing);
	routing = NULL;
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	assert_true(blackhole(texts[0]) && blackhole(texts[2]));
	open_with((struct routing_options){.install = true, .leftover_hold_ms = 30000});
	assert_false(blackhole(texts[0]) || blackhole(texts[2]));
}

static void
a_guard_that_somebody_took_away_meanwhile_is_made_anew(void **state)
{
	struct ip_address outside = address("203.0.113.17");

	SKIP_IF_NEEDED();
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	ip("route add default via " SECOND);
	ip("route add 203.0.113.17 via " SECOND " onlink dev ts3 metric %d protocol %d", ROUTING_GUARD_METRIC,
	   ROUTING_PROTOCOL);
	open_with(keeping);
	ip("route del 203.0.113.17 metric %d", ROUTING_GUARD_METRIC);
	UNTIL(routing_pending(routing) == 0);
	turn();
	routing_guard_add(routing, &outside);
	offer_via("203.0.113.0/24", ROUTING_BGP, FIRST);
	UNTIL(ip_count("route show exact 203.0.113.17 metric %d", ROUTING_GUARD_METRIC) == 1);
}

static void
what_is_left_on_purpose_is_what_the_next_run_takes_over(void **state)
{
	SKIP_IF_NEEDED();
	ip("address replace " ADDRESS " dev ts3");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer_via("10.1.0.0/16", ROUTING_BGP, FIRST);
	UNTIL(installed("10.50.0.0/16") && installed("10.1.0.0/16") && routing_pending(routing) == 0);
	routing_leave(routing);
	routing = NULL;
	while (uv_run(&loop, UV_RUN_NOWAIT) != 0)
		;
	assert_string_equal(gateway_of("10.1.0.0/16"), FIRST);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	open_with(keeping);
	assert_true(installed("10.1.0.0/16"));
	assert_true(has_floor("10.50.0.0/16"));
}

KERNEL_TEST_MAIN(CASE(routes_by_a_gateway_stay_until_all_is_settled),
		 CASE(what_is_withdrawn_before_goes_only_then),
		 CASE(what_the_kernel_drops_meanwhile_is_not_put_back),
		 CASE(another_source_is_tried_after_it_only), CASE(guards_of_the_earlier_run_hold_on),
		 CASE(what_was_discarded_is_so_until_all_is_settled),
		 CASE(a_guard_that_somebody_took_away_meanwhile_is_made_anew),
		 CASE(what_is_left_on_purpose_is_what_the_next_run_takes_over))
