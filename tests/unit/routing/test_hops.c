// SPDX-License-Identifier: GPL-2.0-or-later
/* Next hops outside of the tunnels: by which router one is gone to, and whether anything leads there at all.
 */
#include "tests/unit/routing/kernel.h"

#include "core/base/text.h"

#define ADDRESS "192.0.2.1/24"
#define ROUTER "192.0.2.9"
#define OTHER_ROUTER "192.0.2.10"
#define FAR "10.200.0.1"
#define MANY 200

static struct {
	struct ip_address next_hop;
	enum routing_reach reach;
	unsigned count;
} told;

static void
on_reach(void *context, const struct ip_address *next_hop, enum routing_reach reach)
{
	told.next_hop = *next_hop;
	told.reach = reach;
	told.count++;
}

/* With an underlay on ts3, and those who ask for reach. */
static void
open_asked(void)
{
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	told.count = 0;
	open_with((struct routing_options){.install = true, .reach_changed = on_reach});
}

static enum routing_reach
follow(const char *text)
{
	struct ip_address next_hop = address(text);

	return routing_hop_add(routing, &next_hop);
}

static void
unfollow(const char *text)
{
	struct ip_address next_hop = address(text);

	routing_hop_remove(routing, &next_hop);
}

static void
one_that_is_far_away_is_gone_to_by_the_router_that_leads_there(void **state)
{
	struct ip_prefix wanted = prefix("10.50.0.0/16");
	struct routing_state now;

	SKIP_IF_NEEDED();
	open_asked();
	ip("route add 10.200.0.0/16 via " ROUTER);
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	offer_via("10.51.0.0/16", ROUTING_BGP, ROUTER);
	UNTIL(installed("10.50.0.0/16") && installed("10.51.0.0/16"));
	assert_string_equal(gateway_of("10.50.0.0/16"), ROUTER);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_string_equal(now.reason, "learned by BGP, via " FAR ", which is behind " ROUTER);
	ip("route replace 10.200.0.0/16 via " OTHER_ROUTER);
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), OTHER_ROUTER) == 0);
	assert_string_equal(gateway_of("10.51.0.0/16"), ROUTER);
	UNTIL(installed("10.50.0.0/16"));
	/* A longer one of others. */
	ip("route add 10.200.0.0/24 via " ROUTER);
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), ROUTER) == 0);
	/* One that nothing leads to any more leaves what is less specific to the rest. */
	ip("route del 10.200.0.0/24");
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), OTHER_ROUTER) == 0);
	ip("route del 10.200.0.0/16");
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), "") == 0);
	assert_false(installed("10.50.0.0/16"));
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_string_equal(now.reason, "learned by BGP; nothing leads to its next hop " FAR);
	ip("route add 10.200.0.0/24 via " ROUTER);
	UNTIL(installed("10.50.0.0/16"));
	withdraw("10.50.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	assert_string_equal(gateway_of("10.50.0.0/16"), "");
}

static void
a_router_with_a_link_local_address_is_named_with_its_link(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("-6 route add 2001:db8:200::/48 via fe80::9 dev ts3");
	offer_via("2001:db8:50::/48", ROUTING_BGP, "2001:db8:200::1");
	UNTIL(installed("2001:db8:50::/48"));
	assert_string_equal(gateway_of("2001:db8:50::/48"), "fe80::9");
	assert_string_equal(device_of("2001:db8:50::/48"), "ts3");
	ip("-6 route replace 2001:db8:200::/48 via fe80::9 dev ts2");
	UNTIL(strcmp(device_of("2001:db8:50::/48"), "ts2") == 0);
	assert_string_equal(gateway_of("2001:db8:50::/48"), "fe80::9");
}

/* The kernel would answer with our own routes. */
/* It was a tunnel's in the run before. */
static void
a_floor_that_was_left_holds_no_next_hop_once_its_prefix_leads_elsewhere(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	ip("route add default via " ROUTER " metric 100");
	ip("route add unreachable 10.200.0.0/16 metric %u protocol %d", ROUTING_FLOOR_METRIC,
	   ROUTING_PROTOCOL);
	told.count = 0;
	open_with(
	    (struct routing_options){.install = true, .reach_changed = on_reach, .leftover_hold_ms = 60000});
	follow(FAR);
	UNTIL(had_event("the next hop " FAR " is in a prefix of a tunnel's"));
	told.count = 0;
	offer_via("10.200.0.0/16", ROUTING_BGP, ROUTER);
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	unfollow(FAR);
}

static void
the_way_is_that_without_our_own_routes(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("route add 10.200.0.0/16 via " ROUTER);
	offer_via("10.200.0.0/24", ROUTING_BGP, OTHER_ROUTER);
	UNTIL(installed("10.200.0.0/24"));
	assert_int_equal(follow(FAR), ROUTING_REACH_LINK); /* nothing is held against it before it is known */
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(gateway_of("10.50.0.0/16"), ROUTER);
	ip("route del 10.200.0.0/16");
	UNTIL(told.count == 2);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	unfollow(FAR);
}

static void
a_floor_of_ours_hides_no_way(void **state)
{
	struct routing_candidate aggregate = {.source = ROUTING_BGP, .discard = ROUTING_DISCARD_AGGREGATE};
	struct ip_prefix wide = prefix("10.0.0.0/8");

	SKIP_IF_NEEDED();
	open_asked();
	ip("route add default via " ROUTER);
	routing_offer(routing, &wide, &aggregate);
	routing_flush(routing);
	assert_true(has_floor("10.0.0.0/8"));
	assert_int_equal(follow(FAR), ROUTING_REACH_LINK);
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	unfollow(FAR);
}

/* Else what goes by it would leave in the clear, by somebody's default route. */
static void
one_in_a_prefix_of_a_tunnels_is_not_gone_to_outside(void **state)
{
	struct ip_prefix wanted = prefix("10.50.0.0/16");
	struct ip_address peer = address(FAR);
	struct routing_state now;

	SKIP_IF_NEEDED();
	open_asked();
	ip("route add default via " ROUTER " metric 100");
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	UNTIL(installed("10.50.0.0/16"));
	assert_int_equal(follow(FAR), ROUTING_REACH_FAR);
	offer("10.200.0.0/16", ROUTING_STATIC, 1, 3);
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), "") == 0);
	assert_true(routing_lookup(routing, &wanted, &now));
	assert_string_equal(now.reason, "learned by BGP; its next hop " FAR " is in a prefix of a tunnel's");
	assert_true(had_event("the next hop " FAR " is in a prefix of a tunnel's"));
	/* Nor while the tunnels are down. */
	routing_group_set(routing, 1, 0, 0);
	ip("route replace default via " OTHER_ROUTER " metric 100");
	UNTIL(installed("10.200.0.0/16") == false && routing_pending(routing) == 0);
	assert_string_equal(gateway_of("10.50.0.0/16"), "");
	routing_group_set(routing, 1, 1, 3);
	/* A longer one of others is what the kernel goes by. */
	ip("route add 10.200.0.0/24 via " ROUTER);
	UNTIL(told.count == 2);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), ROUTER) == 0);
	ip("route del 10.200.0.0/24");
	UNTIL(told.count == 3);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	/* Peers' outside addresses are held outside. */
	routing_guard_add(routing, &peer);
	UNTIL(told.count == 4);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	routing_guard_remove(routing, &peer);
	UNTIL(told.count == 5);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	/* Of two that are as long the kernel goes by the metric. */
	offer("0.0.0.0/0", ROUTING_STATIC, 1, 3);
	withdraw("10.200.0.0/16", ROUTING_STATIC);
	UNTIL(routing_pending(routing) == 0 && !has_floor("10.200.0.0/16"));
	ip("route add 10.200.0.0/16 via " ROUTER);
	UNTIL(told.count == 6);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	ip("route del 10.200.0.0/16");
	UNTIL(told.count == 7);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	ip("route add default via " ROUTER " metric 5");
	UNTIL(told.count == 8);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	ip("route del default metric 5");
	UNTIL(told.count == 9);
	withdraw("0.0.0.0/0", ROUTING_STATIC);
	UNTIL(told.count == 10);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	/* What is protected is a tunnel's, too. */
	offer("10.0.0.0/8", ROUTING_PROTECT, 1, 3);
	UNTIL(told.count == 11);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	withdraw("10.0.0.0/8", ROUTING_PROTECT);
	UNTIL(told.count == 12);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	unfollow(FAR);
}

static void
who_asks_is_told_of_each_change(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	assert_true(had_event("nothing leads to the next hop " FAR));
	ip("route add 10.200.0.0/16 via " ROUTER);
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	assert_true(had_event("the next hop " FAR " can be reached again"));
	ip("route replace 10.200.0.0/16 dev ts3 scope link");
	UNTIL(told.count == 2);
	assert_int_equal(told.reach, ROUTING_REACH_LINK);
	/* The kernel drops routes of IPv4 by a link that goes down without a word. */
	ip("link set ts3 down");
	UNTIL(told.count == 3);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	ip("link set ts3 up");
	ip("route add 10.200.0.0/16 dev ts3 scope link");
	UNTIL(told.count == 4);
	assert_int_equal(told.reach, ROUTING_REACH_LINK);
	/* What is unreachable by somebody's own word. */
	ip("route replace unreachable 10.200.0.0/16");
	UNTIL(told.count == 5);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	/* Followed twice. */
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	unfollow(FAR);
	ip("route replace 10.200.0.0/16 via " ROUTER);
	UNTIL(told.count == 6);
	unfollow(FAR);
	unfollow(FAR); /* once too often does nothing */
	assert_int_equal(follow(FAR), ROUTING_REACH_FAR);
	unfollow(FAR);
}

static void
many_are_asked_for_in_slices_and_none_is_passed_over(void **state)
{
	char text[IP_ADDRESS_TEXT];

	SKIP_IF_NEEDED();
	open_asked();
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "10.200.%u.1", (i * 7) % MANY);
		assert_int_equal(follow(text), ROUTING_REACH_NONE);
	}
	ip("route add 10.200.0.0/16 via " ROUTER);
	UNTIL(told.count == MANY);
	ip("route del 10.200.0.0/16");
	UNTIL(told.count == 2 * MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "10.200.%u.1", i);
		unfollow(text);
	}
}

/* Who was told so has nothing to remove: others may follow it later. */
static void
of_too_many_some_are_not_followed(void **state)
{
	unsigned most = 0;
	char text[IP_ADDRESS_TEXT];

	SKIP_IF_NEEDED();
	open_asked();
	do
		snprintf(text, sizeof(text), "10.%u.%u.%u", most >> 16, most >> 8 & 255, most & 255), most++;
	while (most < 100000 && follow(text) != ROUTING_REACH_UNKNOWN);
	assert_in_range(most, 10000, 99999);
	assert_int_equal(follow(FAR), ROUTING_REACH_UNKNOWN);
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	unfollow("10.0.0.0");
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	withdraw("10.50.0.0/16", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	ip("route add 10.200.0.0/16 via " ROUTER);
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	unfollow(FAR);
}

static void
a_route_server_asks_nobody(void **state)
{
	SKIP_IF_NEEDED();
	close_room();
	open_with((struct routing_options){.install = false, .reach_changed = on_reach});
	assert_int_equal(follow(FAR), ROUTING_REACH_LINK);
	unfollow(FAR);
}

/* What was told of each of many. */
static struct {
	unsigned count, lost;
	bool told[MANY];
} many;

static void
on_reach_of_many(void *context, const struct ip_address *next_hop, enum routing_reach reach)
{
	many.count++;
	many.lost += reach == ROUTING_REACH_NONE;
	many.told[next_hop->bytes[3]] = true;
}

static bool
all_told(void)
{
	for (unsigned i = 0; i < MANY; i++)
		if (!many.told[i])
			return false;
	return true;
}

static enum routing_reach
follow_one_of_many(unsigned i)
{
	char text[IP_ADDRESS_TEXT];

	snprintf(text, sizeof(text), "10.200.0.%u", i);
	return follow(text);
}

/* 10.200.0.0/16 by ROUTER, and a route of ours, by another one, before all of those. */
static void
open_many(void)
{
	close_room();
	ip("address replace " ADDRESS " dev ts3");
	memset(&many, 0, sizeof(many));
	open_with((struct routing_options){.install = true, .reach_changed = on_reach_of_many});
	ip("route add 10.200.0.0/16 via " ROUTER);
	offer_via("10.200.0.0/23", ROUTING_BGP, OTHER_ROUTER);
	UNTIL(installed("10.200.0.0/23"));
}

/* So many that they are read in pieces, with turns of the loop in between. */
static void
add_routes_of_others(unsigned count)
{
	FILE *to = popen("ip -batch -", "w");

	assert_non_null(to);
	for (unsigned i = 0; i < count; i++)
		fprintf(to, "route add 172.16.%u.%u/32 dev ts3\n", i / 256, i % 256);
	assert_int_equal(pclose(to), 0);
}

/* Of what an audit read before, or of what was there before, it knows nothing. */
static void
a_way_that_is_wanted_while_an_audit_reads_is_found_by_the_next(void **state)
{
	char text[IP_ADDRESS_TEXT];

	SKIP_IF_NEEDED();
	open_many();
	add_routes_of_others(6000);
	for (unsigned i = 0; i < MANY; i++) {
		struct ip_address peer;

		assert_int_equal(follow_one_of_many(i), ROUTING_REACH_LINK);
		snprintf(text, sizeof(text), "10.200.1.%u", i);
		peer = address(text);
		routing_guard_add(routing, &peer);
		turn();
	}
	UNTIL(many.count >= MANY && all_told());
	assert_int_equal(many.lost, 0);
	assert_int_equal(many.count, MANY);
	UNTIL(ip_count("route show via " ROUTER " metric %d", ROUTING_GUARD_METRIC) == MANY);
	assert_false(had_event("there is no path to it outside of the tunnels"));
}

/* How many are told in one turn, at most. */
static unsigned
most_at_once(void)
{
	static unsigned before, most;

	most = many.count < before ? 0 : many.count - before > most ? many.count - before : most;
	before = many.count;
	return most;
}

static void
what_an_audit_found_is_told_in_slices(void **state)
{

	SKIP_IF_NEEDED();
	open_many();
	for (unsigned i = 0; i < MANY; i++)
		follow_one_of_many(i);
	UNTIL(most_at_once() != 0 && all_told());
	assert_in_range(most_at_once(), 1, MANY / 2); /* a turn of the test is two of the loop's */
	assert_int_equal(many.lost, 0);
}

static void
those_behind_have_their_turn_while_the_way_changes_all_the_time(void **state)
{
	usec_t started = clock_monotonic();

	SKIP_IF_NEEDED();
	open_many();
	withdraw("10.200.0.0/23", ROUTING_BGP);
	UNTIL(routing_pending(routing) == 0);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(follow_one_of_many(i), ROUTING_REACH_FAR);
	/* Not in step with how many turns it takes to look at all. */
	for (unsigned n = 0; !all_told(); n++) {
		ip("route replace %s", n / 5 % 2 ? "10.200.0.0/16 via " ROUTER : "unreachable 10.200.0.0/16");
		uv_run(&loop, UV_RUN_NOWAIT);
		if (clock_monotonic() - started > LIMIT)
			fail_msg("some were never looked for again");
	}
}

static void
a_route_by_several_routers_leads_by_one_that_is_up(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("address replace 198.51.100.1/24 dev ts2");
	ip("route add 10.200.0.0/16 nexthop via " ROUTER " dev ts3 nexthop via 198.51.100.9 dev ts2");
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(gateway_of("10.50.0.0/16"), ROUTER);
	ip("link set ts3 down");
	UNTIL(strcmp(gateway_of("10.50.0.0/16"), "198.51.100.9") == 0);
	assert_false(had_event("nothing leads to the next hop"));
	/* Routers of the other family. */
	ip("route replace 10.200.0.0/16 nexthop via inet6 fe80::9 dev ts1 nexthop via inet6 fe80::a dev ts2");
	UNTIL(strcmp(device_of("10.50.0.0/16"), "ts1") == 0);
	UNTIL(installed("10.50.0.0/16"));
	assert_int_equal(follow(FAR), ROUTING_REACH_FAR);
	unfollow(FAR);
}

/* The kernel would look for the way to the router among our own routes too, and find none that will do. */
static void
a_router_is_on_its_link_whatever_its_peers_tell(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("address replace 2001:db8:1::1/64 dev ts3 nodad");
	offer_via("2001:db8:1::/64", ROUTING_BGP, "2001:db8:1::9");
	offer_via("2001:db8:1::9/128", ROUTING_BGP, "2001:db8:1::9");
	UNTIL(installed("2001:db8:1::/64") && installed("2001:db8:1::9/128"));
	offer_via("2001:db8:50::/48", ROUTING_BGP, "2001:db8:1::9");
	UNTIL(routing_pending(routing) == 0);
	UNTIL(installed("2001:db8:50::/48"));
	assert_string_equal(device_of("2001:db8:50::/48"), "ts3");
	assert_false(had_event("the kernel refused"));
}

/* As in the networks of some hosters: the router of the default route is in no prefix of the link's. */
static void
a_router_that_only_its_route_puts_on_the_link_is_used(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("route add 10.200.0.0/16 via 203.0.113.9 dev ts3 onlink");
	offer_via("10.50.0.0/16", ROUTING_BGP, FAR);
	UNTIL(routing_pending(routing) == 0);
	UNTIL(installed("10.50.0.0/16"));
	assert_string_equal(gateway_of("10.50.0.0/16"), "203.0.113.9");
	assert_string_equal(device_of("10.50.0.0/16"), "ts3");
}

static void
a_route_of_others_that_leads_nowhere_hides_shorter_ones(void **state)
{
	static const char *const kinds[] = {"unreachable", "prohibit", "blackhole"};

	SKIP_IF_NEEDED();
	for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
		open_asked();
		ip("address replace 2001:db8:1::1/64 dev ts3 nodad");
		ip("route add default via " ROUTER);
		ip("-6 route add default via fe80::9 dev ts3");
		ip("route add %s 10.200.0.0/16", kinds[i]);
		ip("-6 route add %s 2001:db8:200::/48", kinds[i]);
		offer_via("10.200.0.0/24", ROUTING_BGP, OTHER_ROUTER);
		offer_via("2001:db8:200::/64", ROUTING_BGP, "2001:db8:1::9");
		UNTIL(installed("10.200.0.0/24") && installed("2001:db8:200::/64"));
		follow(FAR);
		UNTIL(told.count == 1);
		assert_int_equal(told.reach, ROUTING_REACH_NONE);
		follow("2001:db8:200::1");
		UNTIL(told.count == 2);
		assert_int_equal(told.reach, ROUTING_REACH_NONE);
		unfollow(FAR);
		unfollow("2001:db8:200::1");
		ip("route del default");
		ip("-6 route del default");
		ip("route del %s 10.200.0.0/16", kinds[i]);
		ip("-6 route del %s 2001:db8:200::/48", kinds[i]);
	}
}

static void
an_address_of_this_machine_is_no_next_hop(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	ip("address add 10.200.0.1/24 dev ts3");
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	unfollow(FAR);
	/* Nor with a route of ours before that of the link. */
	offer_via("10.200.0.0/25", ROUTING_BGP, ROUTER);
	UNTIL(installed("10.200.0.0/25"));
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	/* Until it is one no longer. */
	ip("route add 10.200.0.0/16 via " ROUTER);
	ip("address del 10.200.0.1/24 dev ts3");
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_FAR);
	unfollow(FAR);
}

static void
a_way_through_another_table_comes_and_goes_with_its_rule(void **state)
{
	SKIP_IF_NEEDED();
	open_asked();
	assert_int_equal(follow(FAR), ROUTING_REACH_NONE);
	ip("rule add to 10.200.0.0/16 lookup 100");
	ip("route add 10.200.0.0/24 dev ts3 table 100");
	UNTIL(told.count == 1);
	assert_int_equal(told.reach, ROUTING_REACH_LINK);
	ip("rule del to 10.200.0.0/16 lookup 100");
	UNTIL(told.count == 2);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	ip("rule add to 10.200.0.0/16 lookup 100");
	UNTIL(told.count == 3);
	assert_int_equal(told.reach, ROUTING_REACH_LINK);
	ip("route del 10.200.0.0/24 table 100");
	UNTIL(told.count == 4);
	assert_int_equal(told.reach, ROUTING_REACH_NONE);
	ip("rule del to 10.200.0.0/16 lookup 100");
	unfollow(FAR);
}

KERNEL_TEST_MAIN(CASE(one_that_is_far_away_is_gone_to_by_the_router_that_leads_there),
		 CASE(a_router_with_a_link_local_address_is_named_with_its_link),
		 CASE(one_in_a_prefix_of_a_tunnels_is_not_gone_to_outside),
		 CASE(a_floor_that_was_left_holds_no_next_hop_once_its_prefix_leads_elsewhere),
		 CASE(the_way_is_that_without_our_own_routes), CASE(a_floor_of_ours_hides_no_way),
		 CASE(who_asks_is_told_of_each_change),
		 CASE(many_are_asked_for_in_slices_and_none_is_passed_over),
		 CASE(of_too_many_some_are_not_followed), CASE(a_route_server_asks_nobody),
		 CASE(a_way_that_is_wanted_while_an_audit_reads_is_found_by_the_next),
		 CASE(what_an_audit_found_is_told_in_slices),
		 CASE(those_behind_have_their_turn_while_the_way_changes_all_the_time),
		 CASE(a_route_by_several_routers_leads_by_one_that_is_up),
		 CASE(a_router_is_on_its_link_whatever_its_peers_tell),
		 CASE(a_router_that_only_its_route_puts_on_the_link_is_used),
		 CASE(a_route_of_others_that_leads_nowhere_hides_shorter_ones),
		 CASE(an_address_of_this_machine_is_no_next_hop),
		 CASE(a_way_through_another_table_comes_and_goes_with_its_rule))
