// SPDX-License-Identifier: GPL-2.0-or-later
/* "Where does it go?": asked as it is typed, answered by the gateway's explain. */
#include <string.h>

#include "tests/console/harness.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

static json_t *
path(const char *from, const char *hop, bool best, const char *reason)
{
	return json_pack("{s:s, s:s, s:b, s:s}", "from", from, "next_hop", hop, "best", best, "reason",
			 reason);
}

static bool moved; /* the traffic of 10.50.3.4 */

/* What the gateway says of the canned world. */
static void
explain(void *context, struct control_request *request)
{
	const char *target = control_request_text(request, "target");
	json_t *guards = json_pack("[{s:s, s:s}]", "connection", "aws-paris", "prefix", "10.50.0.0/16");

	(void)context;
	if (strcmp(target, "10.50.3.4") == 0 && moved)
		control_request_done(
		    request,
		    json_pack("{s:[{s:s, s:s, s:s, s:b, s:s, s:[o]}], s:o}", "matches", "prefix",
			      "10.50.3.0/24", "source", "BGP", "connection", "aws-paris", "installed", true,
			      "reason", "learned by BGP, through ts-aws-2", "paths",
			      path("aws-paris/2", "169.254.44.245", true, "best: the only one"), "protected",
			      guards),
		    "10.50.3.4 goes into aws-paris/2");
	else if (strcmp(target, "10.50.3.4") == 0)
		control_request_done(
		    request,
		    json_pack(
			"{s:[{s:s, s:s, s:s, s:b, s:s, s:[o, o]}, {s:s, s:s, s:b, s:s, s:[]}], s:s, s:o}",
			"matches", "prefix", "10.50.3.0/24", "source", "BGP", "connection", "aws-paris",
			"installed", true, "reason", "learned by BGP, through ts-aws-1", "paths",
			path("aws-paris/1", "169.254.44.241", true, "best: lower MED (100 against 200)"),
			path("aws-paris/2", "169.254.44.245", false, "not best: MED 200 against 100"),
			"prefix", "10.0.0.0/8", "source", "static", "installed", false, "reason",
			"configured", "paths", "tunnel", "aws-paris/1", "protected", guards),
		    "10.50.3.4 goes into aws-paris/1");
	else if (strcmp(target, "10.40.1.1") == 0)
		control_request_done(request,
				     json_pack("{s:[{s:s, s:s, s:s, s:b, s:s, s:[]}], s:o}", "matches",
					       "prefix", "10.40.0.0/16", "source", "protected", "connection",
					       "aws-paris", "installed", true, "reason",
					       "protected: held unreachable", "paths", "protected", guards),
				     "10.40.1.1 is unreachable");
	else
		control_request_done(request, json_pack("{s:[], s:o}", "matches", "protected", guards),
				     "%s goes outside of the tunnels, by eth0", target);
}

static struct world *
open_where(const struct screen_options *options)
{
	struct world *world = world_new();

	world_handle(world, "explain", explain, NULL);
	screen_open(world, options);
	screen_wait(world, "● live");
	screen_type(world, "w");
	screen_wait(world, "Where does it go?");
	return world;
}

static void
close_and_finish(struct world *world)
{
	screen_type(world, "\x1b");
	screen_wait_gone(world, "Where does it go?");
	screen_finish(world);
}

static void
the_answer_stands_there_as_soon_as_an_address_is_typed(void **state)
{
	struct world *world = open_where(&small);

	screen_wait(world, "an address or a prefix");
	screen_type(world, "10.50");
	screen_wait(world, "'10.50' is no address yet");
	screen_type(world, ".3.4");
	screen_wait(world, "10.50.3.4 goes into aws-paris/1");
	screen_wait_row(world, "10.50.3.0/24", "BGP, aws-paris");
	screen_wait(world, "● in the kernel");
	screen_wait_row(world, "● aws-paris/1 via 169.254.44.241", "best: lower MED (100");
	screen_wait_row(world, "· aws-paris/2 via 169.254.44.245", "not best: MED 200");
	screen_wait(world, "if that went, the next shorter:");
	screen_wait_row(world, "10.0.0.0/8", "configured; not in the kernel");
	screen_golden(world, "where-80x24");
	close_and_finish(world);
}

static void
an_answer_never_stands_under_another_address(void **state)
{
	struct world *world = open_where(&wide);

	screen_type(world, "10.50.3.4");
	screen_wait(world, "10.50.3.4 goes into aws-paris/1");
	screen_type(world, "4");
	screen_wait(world, "10.50.3.44 goes outside of the tunnels, by eth0");
	assert_false(screen_has(world, "lower MED"));
	screen_wait(world, "No prefix of this gateway holds it");
	screen_wait(world, "Protected by aws-paris (10.50.0.0/16)");
	screen_type(world, "\x7f\x7f");
	screen_wait(world, "'10.50.3.' is no address yet");
	assert_false(screen_has(world, "goes outside"));
	close_and_finish(world);
}

static void
an_open_answer_follows_the_routes(void **state)
{
	struct world *world = open_where(&wide);

	screen_type(world, "10.50.3.4");
	screen_wait(world, "10.50.3.4 goes into aws-paris/1");
	screen_type(world, "\x1b[B"); /* scrolled by a line */
	screen_wait_gone(world, "10.50.3.4 goes into aws-paris/1");
	moved = true;
	screen_wait(world, "through ts-aws-2");
	screen_wait(world, "best: the only one");
	assert_false(screen_has(world, "10.50.3.4 goes into")); /* it stays where it was scrolled to */
	moved = false;
	screen_wait(world, "lower MED (100");
	world_stop_serving(world);
	screen_wait(world, "(as it was ");
	screen_wait(world, "lower MED (100");
	world_serve(world);
	screen_wait_gone(world, "(as it was ");
	screen_wait(world, "lower MED (100");
	close_and_finish(world);
}

static void
what_is_held_unreachable_says_who_protects_it(void **state)
{
	struct world *world = open_where(&wide);

	screen_type(world, "10.40.1.1");
	screen_wait_row(world, "10.40.0.0/16", "not routed: protected by aws-paris (unreachable)");
	close_and_finish(world);
}

static void
what_is_no_address_is_said_to_be_none(void **state)
{
	struct world *world = open_where(&wide);

	screen_type(world, "plant/1x");
	screen_wait(world, "'plant/1x' is neither an address nor a prefix");
	close_and_finish(world);
}

static void
enter_shows_the_routes_that_hold_it(void **state)
{
	struct world *world = open_where(&wide);

	screen_type(world, "10.50.3.4\r");
	screen_wait(world, "/has:10.50.3.4");
	screen_wait_row(world, "▸", "10.50.3.0/24");
	assert_false(screen_has(world, "10.50.4.0/24"));
	screen_type(world, "-");
	screen_wait(world, "═1═");
	screen_type(world, ":where 10.40.1.1\r");
	screen_wait(world, "not routed: protected");
	close_and_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_answer_stands_there_as_soon_as_an_address_is_typed),
	  cmocka_unit_test(an_answer_never_stands_under_another_address),
	  cmocka_unit_test(an_open_answer_follows_the_routes),
	  cmocka_unit_test(what_is_held_unreachable_says_who_protects_it),
	  cmocka_unit_test(what_is_no_address_is_said_to_be_none),
	  cmocka_unit_test(enter_shows_the_routes_that_hold_it))
