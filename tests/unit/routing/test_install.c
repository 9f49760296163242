// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands in the kernel while tunnels carry, fall and come back; and what is left behind. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/routing/kernel.h"

static void
installs_and_withdraws_both_families(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts1");
	assert_true(has_floor("10.50.0.0/16"));
	assert_true(has_floor("2001:db8:50::/48"));
	withdraw("10.50.0.0/16", ROUTING_BGP);
	withdraw("2001:db8:50::/48", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(routing_count(routing), 0);
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("-6 route show protocol %d", ROUTING_PROTOCOL), 0);
}

static void
packets_take_the_tunnel_that_carries(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct ip_prefix inside = prefix("169.254.44.242/30"), inside6 = prefix("fd00::1/126");
	struct error err = {0};
	uint8_t packet[2000];
	int fd;

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, &err));
	assert_true(routing_interface_set(routing, "ts1", &inside6, 1400, &err));
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	inet_pton(AF_INET, "10.50.1.1", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (read(tuns[0], packet, sizeof(packet)) > 0 || read(tuns[1], packet, sizeof(packet)) > 0)
		;
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(read(tuns[0], packet, sizeof(packet)), 29);
	/* The move is done when the call returns. */
	routing_group_set(routing, 1, 2, 3);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	assert_int_equal(read(tuns[0], packet, sizeof(packet)), -1);
	assert_int_equal(read(tuns[1], packet, sizeof(packet)), 29);
	close(fd);
}

static void
a_prefix_known_on_one_tunnel_only_takes_that_one(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.51.0.0/16", ROUTING_BGP, 1, 2); /* only on the standby */
	UNTIL(installed("10.51.0.0/16"));
	assert_string_equal(device_of("10.51.0.0/16"), "ts2");
	routing_group_set(routing, 1, 1, 1); /* which may not be used now */
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.51.0.0/16"));
	assert_string_equal(device_of("10.51.0.0/16"), "");
	assert_true(has_floor("10.51.0.0/16"));
}

static void
without_a_usable_member_all_is_unreachable_and_comes_back(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct ip_prefix wanted = prefix("10.50.0.0/16");
	struct routing_state now;
	int fd;

	SKIP_IF_NEEDED();
	inet_pton(AF_INET, "10.50.1.1", &to.sin_addr);
	add_group(1);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_true(has_floor("10.50.0.0/16")); /* before any tunnel is up */
	routing_group_set(routing, 1, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_set(routing, 1, 0, 0);
	assert_string_equal(device_of("10.50.0.0/16"), "blackhole"); /* at once */
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	close(fd);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_false(now.installed);
	assert_non_null(strstr(now.reason, "no usable tunnel"));
	routing_group_set(routing, 1, 2, 2);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
}

static void
protected_prefixes_have_a_floor_from_the_start(void **state)
{
	struct ip_prefix wanted = prefix("10.60.0.0/16");
	struct routing_state now;

	SKIP_IF_NEEDED();
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	routing_flush(routing);
	assert_true(has_floor("10.60.0.0/16"));
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_int_equal(now.best, ROUTING_PROTECT);
	assert_true(now.installed);
	add_group(1);
	routing_group_set(routing, 1, 1, 1);
	offer("10.60.0.0/16", ROUTING_BGP, 1, 1);
	UNTIL(installed("10.60.0.0/16") && routing_pending(routing) == 0);
	assert_string_equal(device_of("10.60.0.0/16"), "ts1");
	withdraw("10.60.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.60.0.0/16"), "");
	assert_true(has_floor("10.60.0.0/16"));
}

static void
static_goes_before_bgp_unless_it_cannot_carry(void **state)
{
	const char *const interfaces[] = {"ts3"};
	struct ip_prefix wanted = prefix("10.70.0.0/16");
	struct routing_candidate second;
	struct routing_state now;

	SKIP_IF_NEEDED();
	add_group(1);
	assert_true(routing_group_add(routing, 2, "plant", interfaces, 1, NULL));
	assert_false(routing_candidate_of(routing, &wanted, ROUTING_BGP, &second));
	routing_group_set(routing, 1, 1, 1);
	routing_group_set(routing, 2, 1, 1);
	offer("10.70.0.0/16", ROUTING_BGP, 1, 1);
	UNTIL(installed("10.70.0.0/16"));
	assert_string_equal(device_of("10.70.0.0/16"), "ts1");
	offer("10.70.0.0/16", ROUTING_STATIC, 2, 1);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.70.0.0/16"), "ts3");
	assert_true(routing_candidate_of(routing, &wanted, ROUTING_BGP, &second));
	assert_int_equal(second.group, 1);
	routing_group_set(routing, 2, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.70.0.0/16"), "ts1");
	offer("10.70.0.0/16", ROUTING_CONNECTED, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_int_equal(now.best, ROUTING_CONNECTED);
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
}

static void
both_members_active_share_the_flows(void **state)
{
	json_t *rows;

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 3, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	rows = ip_json("-4 route show exact 10.50.0.0/16 metric %d", ROUTING_METRIC);
	assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 0), "nexthops")), 2);
	json_decref(rows);
	rows = ip_json("-6 route show exact 2001:db8:50::/48 metric %d", ROUTING_METRIC);
	assert_int_equal(json_array_size(json_object_get(json_array_get(rows, 0), "nexthops")), 2);
	json_decref(rows);
	routing_group_set(routing, 1, 2, 2);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts2");
}

static void
a_gateway_route_is_an_ordinary_one(void **state)
{
	json_t *rows;

	SKIP_IF_NEEDED();
	ip("addr add 192.0.2.1/24 dev ts3");
	ip("addr add 2001:db8:1::1/64 dev ts3 nodad");
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.9");
	offer_via("2001:db8:80::/48", ROUTING_BGP, "2001:db8:1::9");
	offer_via("10.81.0.0/16", ROUTING_BGP, "2001:db8:1::9");
	UNTIL(installed("10.80.0.0/16") && installed("2001:db8:80::/48") && installed("10.81.0.0/16"));
	rows = ip_json("-4 route show exact 10.80.0.0/16");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.9");
	assert_int_equal(json_array_size(rows), 1); /* without a floor: it rides no tunnel */
	json_decref(rows);
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.10");
	UNTIL(routing_pending(routing) == 0);
	rows = ip_json("-4 route show exact 10.80.0.0/16");
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "gateway")),
			    "192.0.2.10");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
}

/* A way leads to 192.0.2.9, but the kernel takes no router of a link by a route of that scope; and as it is
 * in another table, it is left to the kernel to find the link. */
static void
refuse_by_scope(void)
{
	ip("rule add to 192.0.2.0/24 lookup 100");
	ip("route add 192.0.2.0/24 dev ts3 scope global table 100");
}

static void
refuse_no_longer(void)
{
	ip("route flush table 100");
	ip("rule del to 192.0.2.0/24 lookup 100");
}

static void
what_the_kernel_refuses_is_told_and_tried_again(void **state)
{
	SKIP_IF_NEEDED();
	refuse_by_scope();
	offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.9");
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.80.0.0/16"));
	assert_true(had_event("route.failed 10.80.0.0/16"));
	ip("route replace 192.0.2.0/24 dev ts3 scope link table 100");
	UNTIL(installed("10.80.0.0/16"));
	refuse_no_longer();
}

/* The audits that try it again must not keep it from what is offered next. */
static void
what_follows_a_refused_route_is_installed_at_once(void **state)
{
	SKIP_IF_NEEDED();
	refuse_by_scope();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < 3; i++) {
		usec_t from;

		offer_via("10.80.0.0/16", ROUTING_BGP, "192.0.2.9");
		UNTIL(routing_pending(routing) == 0);
		for (from = clock_monotonic(); clock_monotonic() - from < 2500 * USEC_PER_MS;)
			turn();
		assert_int_equal(routing_pending(routing), 0);
		offer("10.80.0.0/16", ROUTING_BGP, 1, 3);
		for (unsigned turns = 0; turns < 10; turns++)
			turn();
		assert_true(installed("10.80.0.0/16"));
		assert_string_equal(device_of("10.80.0.0/16"), "ts1");
	}
	refuse_no_longer();
}

static void
routes_under_our_number_that_are_not_ours_are_removed(void **state)
{
	SKIP_IF_NEEDED();
	ip("route add 10.92.0.0/16 dev ts3 metric 7 protocol %d", ROUTING_PROTOCOL);
	UNTIL(ip_count("route show protocol %d", ROUTING_PROTOCOL) == 0);
	UNTIL(had_event("route.removed 10.92.0.0/16"));
}

/* In one network the kernel makes a second address a secondary one, which goes with the first. */
static void
another_address_of_the_same_network_stays_when_the_former_goes(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30"), other = prefix("169.254.44.241/30");

	SKIP_IF_NEEDED();
	for (unsigned i = 0; i < 3; i++) {
		const struct ip_prefix *now = i % 2 != 0 ? &other : &inside;

		assert_true(routing_interface_set(routing, "ts1", now, 1400, NULL));
		assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), now == &inside);
		assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.241"), now == &other);
	}
}

static void
nothing_is_left_after_close(void **state)
{
	struct ip_prefix inside = prefix("169.254.44.242/30"), other = prefix("169.254.44.250/30");

	SKIP_IF_NEEDED();
	assert_true(routing_interface_set(routing, "ts1", &inside, 1400, NULL));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 1);
	assert_true(routing_interface_set(routing, "ts1", &other, 1400, NULL));
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.44.242"), 0);
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_STATIC, 1, 3);
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	close_room();
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("-6 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	assert_int_equal(ip_count("addr show dev ts1 to 169.254.0.0/16"), 0);
	open_with((struct routing_options){.install = true});
}

/* A child in the same namespace installs routes and dies without a chance to clean up. */
static void
killed_run(void)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		uv_loop_t own;

		uv_loop_init(&own);
		routing = routing_open(&own, &(struct routing_options){.install = true}, NULL);
		add_group(1);
		routing_group_set(routing, 1, 1, 3);
		offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
		offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
		routing_flush(routing);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void
leftovers_of_a_killed_run_are_cleared(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	killed_run();
	assert_string_equal(device_of("10.50.0.0/16"), "ts1");
	open_with((struct routing_options){.install = true});
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_true(had_event("route.leftovers"));
}

static void
floors_of_a_killed_run_stay_until_claimed_or_timed_out(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	killed_run();
	open_with((struct routing_options){.install = true, .leftover_hold_ms = 300});
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	assert_true(has_floor("10.60.0.0/16"));
	assert_int_equal(routing_count(routing), 0);
	offer("10.60.0.0/16", ROUTING_PROTECT, 1, 3);
	UNTIL(!has_floor("10.50.0.0/16"));
	assert_true(has_floor("10.60.0.0/16"));
	assert_true(installed("10.60.0.0/16"));
}

static void
a_removed_group_holds_its_prefixes_until_they_are_withdrawn(void **state)
{
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	routing_group_remove(routing, 1);
	UNTIL(routing_pending(routing) == 0);
	assert_false(installed("10.50.0.0/16"));
	assert_true(has_floor("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "");
	add_group(1);
	routing_group_set(routing, 1, 2, 2);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
}

static bool
count_visit(void *context, const struct ip_prefix *visited, const struct routing_state *now)
{
	(*(unsigned *)context)++;
	return true;
}

static void
a_route_server_leaves_the_kernel_alone(void **state)
{
	struct ip_address inside = address("10.50.1.1");
	struct ip_prefix found, after = prefix("10.50.0.0/16");
	struct routing_state now;
	unsigned count = 0;

	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = false});
	offer_via("10.50.0.0/16", ROUTING_BGP, "192.0.2.9");
	offer_via("10.50.1.0/24", ROUTING_BGP, "192.0.2.9");
	offer_via("2001:db8::/32", ROUTING_BGP, "2001:db8::1");
	routing_flush(routing);
	assert_int_equal(ip_count("route show protocol %d", ROUTING_PROTOCOL), 0);
	assert_true(routing_match(routing, &inside, &found, &now));
	assert_int_equal(found.length, 24);
	assert_false(now.installed);
	routing_walk(routing, &after, count_visit, &count);
	assert_int_equal(count, 2);
	assert_int_equal(routing_count(routing), 3);
}

static bool
count_installed(void *context, const struct ip_prefix *at, const struct routing_state *state)
{
	*(unsigned *)context += state->installed;
	return true;
}

/* What is on its way to the kernel just then is put right as well. */
static void
a_connection_that_is_back_while_its_prefixes_go_has_them_all(void **state)
{
	enum { MANY = 20000 };
	struct routing_candidate candidate = {.source = ROUTING_BGP, .group = 1, .members = 3};
	struct ip_prefix before_all = {.address = {.family = AF_INET}};

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < MANY; i++)
		routing_offer(routing, &(struct ip_prefix){ip_address_v4(0x0b000000u + (i << 8)), 24},
			      &candidate);
	UNTIL(routing_pending(routing) == 0);
	for (unsigned turns = 1; turns <= 32; turns *= 2) {
		unsigned count = 0;

		routing_group_set(routing, 1, 0, 0);
		for (unsigned i = 0; i < turns; i++)
			turn();
		routing_group_set(routing, 1, 1, 3);
		UNTIL(routing_pending(routing) == 0);
		routing_walk(routing, &before_all, count_installed, &count);
		assert_int_equal(count, MANY);
	}
}

KERNEL_TEST_MAIN(CASE(a_connection_that_is_back_while_its_prefixes_go_has_them_all),
		 CASE(installs_and_withdraws_both_families), CASE(packets_take_the_tunnel_that_carries),
		 CASE(a_prefix_known_on_one_tunnel_only_takes_that_one),
		 CASE(without_a_usable_member_all_is_unreachable_and_comes_back),
		 CASE(protected_prefixes_have_a_floor_from_the_start),
		 CASE(static_goes_before_bgp_unless_it_cannot_carry),
		 CASE(both_members_active_share_the_flows), CASE(a_gateway_route_is_an_ordinary_one),
		 CASE(what_the_kernel_refuses_is_told_and_tried_again),
		 CASE(what_follows_a_refused_route_is_installed_at_once),
		 CASE(routes_under_our_number_that_are_not_ours_are_removed),
		 CASE(another_address_of_the_same_network_stays_when_the_former_goes),
		 CASE(nothing_is_left_after_close), CASE(leftovers_of_a_killed_run_are_cleared),
		 CASE(floors_of_a_killed_run_stay_until_claimed_or_timed_out),
		 CASE(a_removed_group_holds_its_prefixes_until_they_are_withdrawn),
		 CASE(a_route_server_leaves_the_kernel_alone))
