// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers at length: explanations that renew themselves, a drill's report, and what is too long for a line.
 */
#include "tests/console/harness.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

/* Of the tunnels, plant/2. */
static void
explain_plant_2(struct world *world)
{
	screen_type(world, "2G");
	screen_wait_row(world, "▸", "plant/2");
	screen_type(world, "e");
	screen_wait(world, "explain → plant/2");
}

static void
put_state(struct world *world, const char *name, const char *state)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, name);

	model_set(&t->state, state);
	world_put(world, MODEL_KIND_TUNNEL, t);
}

static void
a_tunnel_is_explained_layer_by_layer(void **state)
{
	struct world *world = screen_open_live(&small);

	explain_plant_2(world);
	screen_wait_row(world, "underlay", "● ok");
	screen_wait_row(world, "IKE", "✕ failed");
	screen_wait_row(world, "since 4 min", "← first failing layer");
	screen_wait_row(world, "not looked at", "traffic out");
	screen_wait(world, "Most likely");
	screen_wait_row(world, "What to do", "On the other side");
	screen_golden(world, "explain-tunnel-80x24");
	screen_finish(world);
}

static void
it_fits_a_small_and_fills_a_large_screen(void **state)
{
	static const struct screen_options tiny = {.rows = 20, .cols = 60}, huge = {.rows = 50, .cols = 200};
	struct world *world = screen_open_live(&tiny);

	explain_plant_2(world);
	screen_wait(world, "← first failing layer");
	screen_golden(world, "explain-tunnel-60x20");
	screen_finish(world);
	world = screen_open_live(&huge);
	explain_plant_2(world);
	screen_wait(world, "← first failing layer");
	screen_golden(world, "explain-tunnel-200x50");
	screen_finish(world);
}

static void
it_renews_itself_while_it_is_open(void **state)
{
	struct world *world = screen_open_live(&wide);

	explain_plant_2(world);
	screen_wait(world, "← first failing layer");
	put_state(world, "plant/2", "up");
	screen_wait(world, "plant/2 can carry");
	screen_wait_gone(world, "← first failing layer");
	assert_true(world_commands(world, "explain plant/2") >= 2);
	screen_finish(world);
}

static void
it_says_how_old_it_is_when_the_gateway_is_gone(void **state)
{
	struct world *world = screen_open_live(&wide);

	explain_plant_2(world);
	screen_wait(world, "as of 0 s ago");
	world_stop_serving(world);
	screen_wait(world, "as it was");
	screen_wait(world, "← first failing layer");
	world_serve(world);
	screen_wait(world, "as of 0 s ago");
	screen_finish(world);
}

static void
keys_of_the_explained_row_count_and_escape_leads_back(void **state)
{
	struct world *world = screen_open_live(&wide);

	explain_plant_2(world);
	screen_type(world, "r");
	screen_wait(world, "asked");
	assert_int_equal(world_commands(world, "plant/2 done"), 1);
	screen_type(world, "\r");
	screen_wait(world, "tunnel → ");
	screen_type(world, "\x1b");
	screen_wait(world, "explain → plant/2");
	screen_type(world, "\x7f");
	screen_wait_gone(world, "explain → plant/2");
	screen_wait_row(world, "▸", "plant/2");
	screen_finish(world);
}

static void
a_connection_is_explained_by_its_tunnels(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":explain aws-paris\r");
	screen_wait_row(world, "═1═", "carries: by the other side's MED");
	screen_wait_row(world, "─2─", "stands by");
	screen_wait(world, "last move 3 d ago: bfd down");
	screen_golden(world, "explain-connection-80x24");
	screen_finish(world);
}

static void
an_address_is_explained_by_longest_match(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":explain 10.50.0.7\r");
	screen_wait(world, "Where does 10.50.0.7 go?");
	screen_wait_row(world, "10.50.0.0/24", "← longest match");
	screen_wait_row(world, "● best", "by aws-paris/1 via 169.254.44.241: best: lower MED");
	screen_wait_row(world, "· other", "MED 200 against 100");
	screen_wait_row(world, "0.0.0.0/0", "not used, for this is longer: 10.50.0.0/24");
	screen_wait_row(world, "The kernel", "into aws-paris/1");
	screen_wait_row(world, "Protected", "never in the clear");
	screen_golden(world, "explain-address-120x36");
	screen_finish(world);
}

static void
a_route_is_explained_by_its_prefix(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "4");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_type(world, "e");
	screen_wait(world, "Where does 10.50.0.0/24 go?");
	screen_finish(world);
}

static void
what_can_not_be_explained_is_said_in_a_line(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":explain nowhere\r");
	screen_wait(world, "'nowhere' is no address, prefix, tunnel or connection");
	assert_false(screen_has(world, "explain →"));
	screen_finish(world);
}

static void
an_answer_longer_than_the_line_is_read_whole(void **state)
{
	static const struct screen_options tiny = {.rows = 20, .cols = 60};
	struct world *world = screen_open_live(&tiny);

	screen_type(world, ":explain a-name-that-is-much-too-long-for-one-line\r");
	screen_wait(world, "'a-name-that-is-much-too-long-for-one-line'");
	screen_wait(world, "tunnel or connection");
	screen_finish(world);
}

static void
a_drill_ends_in_its_report(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":drill aws-paris\r");
	screen_wait(world, "Cancel");
	screen_wait(world, "The last drill, 2026-01-01 10:20: outage 1001 ms.");
	screen_type(world, "\t\r");
	screen_wait(world, "drill → aws-paris");
	screen_wait_row(world, "Outage", "171 ms without received packets");
	screen_wait_row(world, "+   162 ms", "noticed: bfd down");
	screen_wait_row(world, "+  3514 ms", "usable again");
	screen_wait_row(world, "2026-01-01 10:20", "outage 1001 ms, noticed after 990 ms, by anna");
	screen_wait_row(world, "2025-11-30 08:00", "the loss was not noticed in time, by root");
	screen_golden(world, "drill-80x24");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(a_tunnel_is_explained_layer_by_layer),
	  cmocka_unit_test(it_fits_a_small_and_fills_a_large_screen),
	  cmocka_unit_test(it_renews_itself_while_it_is_open),
	  cmocka_unit_test(it_says_how_old_it_is_when_the_gateway_is_gone),
	  cmocka_unit_test(keys_of_the_explained_row_count_and_escape_leads_back),
	  cmocka_unit_test(a_connection_is_explained_by_its_tunnels),
	  cmocka_unit_test(an_address_is_explained_by_longest_match),
	  cmocka_unit_test(a_route_is_explained_by_its_prefix),
	  cmocka_unit_test(what_can_not_be_explained_is_said_in_a_line),
	  cmocka_unit_test(an_answer_longer_than_the_line_is_read_whole),
	  cmocka_unit_test(a_drill_ends_in_its_report))
