// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast traffic moves, and that many prefixes are moved as fast as few. */
#include "core/base/text.h"
#include "tests/unit/routing/kernel.h"

static void
without_nexthop_objects_each_route_is_rewritten(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = true, .plain_routes = true});
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer("10.50.0.0/16", ROUTING_BGP, 1, 3);
	offer("2001:db8:50::/48", ROUTING_BGP, 1, 3);
	UNTIL(installed("10.50.0.0/16") && installed("2001:db8:50::/48"));
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	routing_group_set(routing, 1, 2, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "ts2");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts2");
	routing_group_set(routing, 1, 3, 3);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(ip_count("nexthop show protocol %d", ROUTING_PROTOCOL), 0);
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(device_of("10.50.0.0/16"), "");
	assert_true(has_floor("10.50.0.0/16"));
	routing_group_set(routing, 1, 1, 3);
	UNTIL(installed("10.50.0.0/16"));
	ip("link set ts1 down");
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts2") == 0);
}

static size_t
kernel_routes(const char *device)
{
	char command[120];
	unsigned count = 0;
	FILE *from;

	snprintf(command, sizeof(command), "ip route show dev %s metric %d | wc -l", device, ROUTING_METRIC);
	from = popen(command, "r");
	assert_int_equal(fscanf(from, "%u", &count), 1);
	pclose(from);
	return count;
}

static double
move_ms(uint32_t active)
{
	usec_t from = clock_monotonic();

	routing_group_set(routing, 1, active, 3);
	return (double)(clock_monotonic() - from) / USEC_PER_MS;
}

#define MOVES 21

static int
compare_ms(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Median of an odd number of moves; the last one is to member 2. */
static double
median_move_ms(double *worst)
{
	double took[MOVES];

	for (unsigned i = 0; i < MOVES; i++)
		took[i] = move_ms(i % 2 == 0 ? 2 : 1);
	qsort(took, MOVES, sizeof(took[0]), compare_ms);
	if (worst != NULL)
		*worst = took[MOVES - 1];
	return took[MOVES / 2];
}

static void
a_hundred_thousand_prefixes_move_as_fast_as_ten(void **state)
{
	const unsigned many = 100000;
	struct routing_candidate candidate = {.source = ROUTING_BGP, .group = 1, .members = 3};
	usec_t from;
	double few_ms, many_ms, worst_ms, slice, worst = 0;

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < 10; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	routing_flush(routing);
	few_ms = median_move_ms(NULL);
	move_ms(1);
	from = clock_monotonic();
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	while (routing_pending(routing) > 0) {
		usec_t before = clock_monotonic();

		uv_run(&loop, UV_RUN_NOWAIT);
		slice = (double)(clock_monotonic() - before) / USEC_PER_MS;
		worst = slice > worst ? slice : worst;
	}
	print_message(
	    "# %u prefixes (and as many floors) installed in %.0f ms, longest turn of the loop %.1f ms\n",
	    many, (double)(clock_monotonic() - from) / USEC_PER_MS, worst);
	assert_int_equal(kernel_routes("ts1"), many);
	many_ms = median_move_ms(&worst_ms);
	print_message(
	    "# a move takes %.3f ms with 10 prefixes, %.3f ms with %u (median of %d; worst %.3f ms)\n",
	    few_ms, many_ms, many, MOVES, worst_ms);
	assert_int_equal(kernel_routes("ts2"), many);
	/* Both are one message; routes one by one would take hundreds of milliseconds. */
	assert_true(many_ms < 50);
	from = clock_monotonic();
	print_message("# to blackhole in %.3f ms\n", move_ms(0));
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	print_message("# all unreachable after %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts2"), 0);
	from = clock_monotonic();
	routing_group_set(routing, 1, 1, 3);
	routing_flush(routing);
	print_message("# all back after %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts1"), many);
	from = clock_monotonic();
	close_room();
	print_message("# removed at close in %.0f ms\n", (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts1"), 0);
	open_with((struct routing_options){.install = true});
}

/* Two connections, ts1 with ts2 and ts3 alone; each prefix is known of both. */
static void
a_backup_connection_takes_all_over_at_once(void **state)
{
	const unsigned many = 100000;
	const char *const third[] = {"ts3"};
	struct routing_candidate candidate = {
	    .source = ROUTING_BGP, .group = 1, .members = 3, .backup_group = 2, .backup_members = 1};
	struct routing_state now;
	struct ip_prefix at = {.length = 24};
	struct error err = {0};
	usec_t from;

	SKIP_IF_NEEDED();
	add_group(1);
	assert_true(routing_group_add(routing, 2, "second", third, 1, &err));
	routing_group_set(routing, 1, 1, 3);
	routing_group_set(routing, 2, 1, 1);
	for (unsigned i = 0; i < many; i++) {
		at.address = ip_address_v4(0x0b000000u + (i << 8));
		routing_offer(routing, &at, &candidate);
	}
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts1"), many);
	/* Its last member goes: no route is written, and all are elsewhere when the call returns. */
	from = clock_monotonic();
	routing_group_set(routing, 1, 0, 0);
	print_message("# %u prefixes were with the backup after %.3f ms\n", many,
		      (double)(clock_monotonic() - from) / USEC_PER_MS);
	assert_int_equal(kernel_routes("ts3"), many);
	assert_true(routing_lookup(routing, &at, &now));
	assert_true(now.installed);
	assert_string_equal(now.reason, "learned by BGP, through ts3");
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts3"), many);
	/* A member that is back goes first. */
	routing_group_set(routing, 1, 2, 2);
	assert_int_equal(kernel_routes("ts2"), many);
	/* Neither: unreachable. */
	routing_group_set(routing, 1, 0, 0);
	routing_group_set(routing, 2, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts3"), 0);
	assert_true(routing_lookup(routing, &at, &now));
	assert_false(now.installed);
	/* A backup that is removed leaves them where they are. */
	routing_group_set(routing, 1, 1, 1);
	routing_group_set(routing, 2, 1, 1);
	routing_flush(routing);
	routing_group_remove(routing, 2);
	assert_int_equal(kernel_routes("ts1"), many);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts1"), many);
	routing_group_set(routing, 1, 0, 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts1") + kernel_routes("ts3"), 0);
}

static void
without_nexthop_objects_a_backup_takes_over_too(void **state)
{
	const char *const third[] = {"ts3"};
	struct routing_candidate candidate = {
	    .source = ROUTING_BGP, .group = 1, .members = 3, .backup_group = 2, .backup_members = 1};
	struct ip_prefix at = prefix("11.0.0.0/24");
	struct error err = {0};

	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = true, .plain_routes = true});
	add_group(1);
	assert_true(routing_group_add(routing, 2, "second", third, 1, &err));
	routing_group_set(routing, 1, 1, 3);
	routing_group_set(routing, 2, 1, 1);
	routing_offer(routing, &at, &candidate);
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts1"), 1);
	routing_group_set(routing, 1, 0, 0);
	routing_flush(routing);
	assert_int_equal(kernel_routes("ts3"), 1);
}

static void
a_table_being_loaded_can_be_moved_and_closed(void **state)
{
	const unsigned many = 30000;
	struct routing_candidate candidate = {.source = ROUTING_BGP, .group = 1, .members = 3};

	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_offer(routing, &at, &candidate);
	}
	turn();
	assert_true(routing_pending(routing) > 0);
	routing_group_set(routing, 1, 2, 3);
	assert_int_equal(kernel_routes("ts1"), 0);
	UNTIL(routing_pending(routing) == 0);
	assert_int_equal(kernel_routes("ts2"), many);
	for (unsigned i = 0; i < many; i++) {
		struct ip_prefix at = {ip_address_v4(0x0b000000u + (i << 8)), 24};

		routing_withdraw(routing, &at, ROUTING_BGP);
	}
	turn();
	close_room(); /* in the middle of it */
	assert_int_equal(ip_count("-4 route show protocol %d", ROUTING_PROTOCOL), 0);
	open_with((struct routing_options){.install = true});
}

KERNEL_TEST_MAIN(CASE(without_nexthop_objects_each_route_is_rewritten),
		 CASE(a_hundred_thousand_prefixes_move_as_fast_as_ten),
		 CASE(a_backup_connection_takes_all_over_at_once),
		 CASE(without_nexthop_objects_a_backup_takes_over_too),
		 CASE(a_table_being_loaded_can_be_moved_and_closed))
