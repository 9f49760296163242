// SPDX-License-Identifier: GPL-2.0-or-later
/* What leads nowhere: aggregates, and what is to be dropped (RFC 7999). */
#include <string.h>

#include "core/base/text.h"
#include "tests/unit/routing/kernel.h"

static void
offer_nowhere(const char *text, enum routing_discard discard)
{
	struct ip_prefix p = prefix(text);
	struct routing_candidate candidate = {.source = ROUTING_BGP, .discard = discard};

	routing_offer(routing, &p, &candidate);
}

/* "blackhole" or "unreachable", of a route with that metric; "": there is none, "unicast" for others. */
static const char *
kind_of(const char *text, uint32_t metric)
{
	static char kind[32];
	json_t *routes = ip_json("-%d route show %s", strchr(text, ':') != NULL ? 6 : 4, text);
	json_t *route;
	size_t i;

	kind[0] = '\0';
	json_array_foreach (routes, i, route) {
		const char *type = json_string_value(json_object_get(route, "type"));

		if ((uint32_t)json_integer_value(json_object_get(route, "metric")) == metric)
			snprintf(kind, sizeof(kind), "%s", type != NULL ? type : "unicast");
	}
	json_decref(routes);
	return kind;
}

static const char *
reason_of(const char *text)
{
	static struct routing_state state;
	struct ip_prefix p = prefix(text);

	assert_true(routing_lookup(routing, &p, &state));
	return state.reason;
}

static const char *const prefixes[] = {"10.50.6.6/32", "2001:db8:50::6/128"};

static void
a_blackhole_takes_the_place_of_a_route_and_gives_it_back(void **state)
{
	(void)state;
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < COUNT_OF(prefixes); i++) {
		offer(prefixes[i], ROUTING_BGP, 1, 3);
		UNTIL(installed(prefixes[i]));
		offer_nowhere(prefixes[i], ROUTING_DISCARD_BLACKHOLE);
		UNTIL(routing_pending(routing) == 0 && installed(prefixes[i]));
		assert_string_equal(kind_of(prefixes[i], ROUTING_METRIC), "blackhole");
		assert_string_equal(reason_of(prefixes[i]), "learned by BGP; what goes there is discarded");
		offer(prefixes[i], ROUTING_BGP, 1, 3);
		UNTIL(routing_pending(routing) == 0 && installed(prefixes[i]));
		assert_string_equal(device_of(prefixes[i]), "ts1");
		assert_string_equal(kind_of(prefixes[i], ROUTING_METRIC), "unicast");
		withdraw(prefixes[i], ROUTING_BGP);
		UNTIL(routing_pending(routing) == 0);
		assert_string_equal(kind_of(prefixes[i], ROUTING_METRIC), "");
	}
}

static void
a_blackhole_that_somebody_takes_away_is_put_back(void **state)
{
	(void)state;
	SKIP_IF_NEEDED();
	offer_nowhere("10.50.6.6/32", ROUTING_DISCARD_BLACKHOLE);
	UNTIL(installed("10.50.6.6/32"));
	ip("route del blackhole 10.50.6.6/32");
	UNTIL(strcmp(kind_of("10.50.6.6/32", ROUTING_METRIC), "blackhole") == 0);
	ip("route replace unreachable 10.50.6.6/32 metric %d proto %d", ROUTING_METRIC, ROUTING_PROTOCOL);
	UNTIL(strcmp(kind_of("10.50.6.6/32", ROUTING_METRIC), "blackhole") == 0);
}

static void
an_aggregate_lies_beneath_all_other_routes(void **state)
{
	static const char *const wide[] = {"10.48.0.0/13", "2001:db8::/32"};

	(void)state;
	SKIP_IF_NEEDED();
	add_group(1);
	routing_group_set(routing, 1, 1, 3);
	for (unsigned i = 0; i < COUNT_OF(wide); i++) {
		offer_nowhere(wide[i], ROUTING_DISCARD_AGGREGATE);
		UNTIL(routing_pending(routing) == 0 && installed(wide[i]));
		assert_string_equal(kind_of(wide[i], ROUTING_FLOOR_METRIC), "unreachable");
		assert_string_equal(kind_of(wide[i], ROUTING_METRIC), "");
		assert_string_equal(reason_of(wide[i]),
				    "aggregate: what is for none of its routes is unreachable");
		/* A static route to the same prefix carries. */
		offer(wide[i], ROUTING_STATIC, 1, 3);
		UNTIL(routing_pending(routing) == 0 && installed(wide[i]));
		assert_string_equal(device_of(wide[i]), "ts1");
		withdraw(wide[i], ROUTING_STATIC);
		withdraw(wide[i], ROUTING_BGP);
		UNTIL(routing_pending(routing) == 0);
		assert_false(has_floor(wide[i]));
	}
}

KERNEL_TEST_MAIN(CASE(a_blackhole_takes_the_place_of_a_route_and_gives_it_back),
		 CASE(a_blackhole_that_somebody_takes_away_is_put_back),
		 CASE(an_aggregate_lies_beneath_all_other_routes))
