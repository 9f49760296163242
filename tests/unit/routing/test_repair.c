// SPDX-License-Identifier: GPL-2.0-or-later
/* What others do to routes and interfaces is mended, theirs is left alone; and no tunnel carries itself. */
#include <unistd.h>

#include "tests/unit/routing/kernel.h"

static void
a_route_that_somebody_removes_comes_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("route del 10.50.0.0/16 metric %d", ROUTING_METRIC);
	ip("-6 route del 2001:db8:50::/48 metric %d", ROUTING_METRIC);
	ip("route del unreachable 10.50.0.0/16 metric %u", ROUTING_FLOOR_METRIC);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(strcmp(device_of("2001:db8:50::/48"), "ts1") == 0);
	UNTIL(has_floor("10.50.0.0/16"));
	assert_true(had_event("route.restored 10.50.0.0/16"));
}

static void
nexthop_objects_that_somebody_removes_come_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("nexthop flush protocol %d >/dev/null", ROUTING_PROTOCOL);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16")); /* meanwhile nothing leaves in the clear */
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_set(routing, 1, 2, 3);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	routing_group_set(routing, 1, 0, 0);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "") == 0);
}

static void
an_interface_that_goes_down_and_up_gets_its_routes_back(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("10.51.0.0/16", ROUTING_BGP, 1, 2);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("link set ts1 down");
	assert_true(has_floor("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "");
	UNTIL(!installed("10.50.0.0/16"));
	ip("link set ts1 up");
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	/* Where the other may stand in, it does. */
	routing_group_set(routing, 1, 1, 3);
	ip("link set ts1 down");
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts2") == 0);
	UNTIL(installed("10.50.0.0/16"));
}

static void
an_interface_set_down_or_robbed_of_its_address_is_mended(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30"), inside6 = prefix("fd00:44::2/126");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	assert_true(routing_interface_set(routing, "ts1", &inside6, 1400, NULL));
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("link set ts1 down");
	UNTIL(had_event("interface.restored ts1 somebody set ts1 down"));
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0 &&
	      strcmp(device_of("2001:db8:50::/48"), "ts1") == 0);
	/* The kernel takes IPv6 addresses away with the link. */
	UNTIL(ip_count("-6 addr show dev ts1 to fd00:44::2") == 1);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48") && routing_pending(routing) == 0);
	ip("addr del 169.254.44.242/30 dev ts1");
	UNTIL(had_event("interface.restored ts1 ts1 had lost its inside address 169.254.44.242/30"));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	assert_string_equal(lost, "");
}

static void
a_removed_interface_is_told_and_its_successor_gets_address_and_routes(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && routing_pending(routing) == 0);
	ip("link del ts1");
	UNTIL(strcmp(lost, "ts1") == 0);
	assert_true(has_floor("10.50.0.0/16"));
	close(tuns[0]);
	tuns[0] = tun_open("ts1");
	assert_true(tuns[0] >= 0);
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(installed("10.50.0.0/16"));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	lost[0] = '\0';
	ip("link del ts1"); /* the successor is watched like the first */
	UNTIL(strcmp(lost, "ts1") == 0);
}

static void
routes_of_others_are_never_touched(void **state)
{
	SKIP_IF_NEEDED();
	ip("route add 10.90.0.0/16 dev ts3 metric %d protocol 99", ROUTING_METRIC);
	ip("route add 10.91.0.0/16 dev ts3 protocol static");
	ip("nexthop add id 7 dev ts3 protocol 99");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.90.0.0/16", ROUTING_BGP, 1, 3);
	offer("10.91.0.0/16", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.91.0.0/16") && routing_pending(routing) == 0);
	assert_false(installed("10.90.0.0/16"));
	assert_true(had_event("route.conflict 10.90.0.0/16"));
	assert_int_equal(ip_count("route show protocol 99"), 1);
	withdraw("10.91.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(ip_count("route show exact 10.91.0.0/16 protocol static"), 1);
	/* When it goes, ours takes its place. */
	ip("route del 10.90.0.0/16 metric %d protocol 99", ROUTING_METRIC);
	UNTIL(installed("10.90.0.0/16"));
	close_room();
	assert_int_equal(ip_count("nexthop show id 7"), 1);
	assert_int_equal(ip_count("route show exact 10.91.0.0/16 protocol static"), 1);
	open_with((struct routing_options){.install = true});
}

static void
an_outside_address_is_never_routed_into_a_tunnel(void **state)
{
	struct ip_address outside = address("203.0.113.17");
	json_t *rows;

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("route add default via 192.0.2.254 metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	routing_guard_add(routing, &outside);
	offer("203.0.113.0/24", ROUTING_BGP, 1, 3);
	routing_flush(routing);
	rows = ip_json("route get 203.0.113.17");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "dev")), "ts3");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.254");
	json_decref(rows);
	rows = ip_json("route get 203.0.113.18");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "dev")), "ts1");
	json_decref(rows);
	assert_true(had_event("guard.pinned 203.0.113.17"));
	/* It follows the underlay. */
	ip("route replace default via 192.0.2.253 metric 100");
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.253") == 1);
	ip("route del 203.0.113.17/32 metric %d", ROUTING_GUARD_METRIC);
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.253") == 1);
	ip("route del default");
	UNTIL(ip_count("route show exact 203.0.113.17/32 type unreachable metric %d", ROUTING_GUARD_METRIC) ==
	      1);
	ip("route add default via 192.0.2.254 metric 100");
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.254") == 1);
	withdraw("203.0.113.0/24", ROUTING_BGP);
	UNTIL(ip_count("route show protocol %d", ROUTING_PROTOCOL) == 0);
}

/* Before the first packet could take the way into the tunnel. */
static void
an_outside_address_of_ipv6_is_held_as_soon_as_it_is_covered(void **state)
{
	struct ip_address outside = address("2001:db8:113::17");

	SKIP_IF_NEEDED();
	ip("-6 addr add 2001:db8:2::1/64 dev ts3 nodad");
	ip("-6 route add default via 2001:db8:2::254 metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	routing_guard_add(routing, &outside);
	offer("2001:db8:113::/48", ROUTING_BGP, 1, 3);
	assert_int_equal(ip_count("-6 route show exact 2001:db8:113::17/128 via 2001:db8:2::254"), 1);
	routing_flush(routing);
	assert_true(installed("2001:db8:113::/48"));
}

static void
a_guard_added_after_the_covering_route_finds_the_underlay(void **state)
{
	struct ip_address outside = address("203.0.113.17");

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("route add default via 192.0.2.254 metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("0.0.0.0/0", ROUTING_BGP, 1, 3);
	UNTIL(installed("0.0.0.0/0"));
	routing_guard_add(routing, &outside);
	UNTIL(ip_count("route show exact 203.0.113.17/32 via 192.0.2.254") == 1);
	routing_guard_remove(routing, &outside);
	assert_int_equal(ip_count("route show exact 203.0.113.17/32"), 0);
}

KERNEL_TEST_MAIN(CASE(a_route_that_somebody_removes_comes_back),
		 CASE(nexthop_objects_that_somebody_removes_come_back),
		 CASE(an_interface_that_goes_down_and_up_gets_its_routes_back),
		 CASE(an_interface_set_down_or_robbed_of_its_address_is_mended),
		 CASE(a_removed_interface_is_told_and_its_successor_gets_address_and_routes),
		 CASE(routes_of_others_are_never_touched),
		 CASE(an_outside_address_is_never_routed_into_a_tunnel),
		 CASE(an_outside_address_of_ipv6_is_held_as_soon_as_it_is_covered),
		 CASE(a_guard_added_after_the_covering_route_finds_the_underlay))
