// SPDX-License-Identifier: GPL-2.0-or-later
/* Going from place to place, marks on rows, and keys of a person's own. */
#include "tests/console/harness.h"

static const struct screen_options wide = {.rows = 36, .cols = 120};

static void
a_jump_leads_from_a_tunnel_to_its_peer_and_back(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2j");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "P");
	screen_wait(world, "Tunnels › Peers");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "-");
	screen_wait(world, "Peers › Tunnels");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "-");
	screen_wait(world, "Tunnels › Peers");
	screen_finish(world);
}

static void
a_jump_to_routes_shows_only_those_of_the_tunnel(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2R");
	screen_wait(world, "/tunnel:aws-paris/1");
	screen_wait(world, "10.50.2.0/24");
	screen_type(world, "[");
	screen_wait(world, "Tunnels");
	screen_wait_gone(world, "/tunnel:");
	screen_finish(world);
}

static void
a_jump_to_events_filters_by_subject(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":go-events plant/2\r");
	screen_wait(world, "/subject:plant/2");
	screen_finish(world);
}

static void
brackets_walk_through_the_places(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2\r");
	screen_wait(world, "Overview › Tunnels › aws-paris/1");
	screen_type(world, "3");
	screen_wait(world, "aws-paris/1 › Peers");
	screen_type(world, "[");
	screen_wait(world, "tunnel →");
	screen_type(world, "[");
	screen_wait(world, "4 tunnels");
	screen_type(world, "[[");
	screen_wait(world, "this is where you came in");
	screen_type(world, "]]]");
	screen_wait(world, "3 peers");
	assert_false(screen_has(world, "this is where you came in")); /* over the path */
	assert_true(screen_has(world, "aws-paris/1 › Peers"));
	screen_finish(world);
}

static void
a_jump_to_what_is_not_there_says_so(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, ":go-peer nobody\r");
	screen_wait(world, "there is no peer 'nobody'");
	screen_finish(world);
}

static void
a_command_acts_on_all_marked_rows(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_type(world, "  ");
	screen_wait(world, "2 marked");
	screen_wait_row(world, "√", "aws-paris/1");
	screen_type(world, "r");
	screen_wait(world, "[ rekey 2 ]"); /* harmless: the button has the focus */
	screen_type(world, "\r");
	screen_wait(world, "2 of 2 done");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 1);
	assert_int_equal(world_commands(world, "aws-paris/2 done"), 1);
	screen_type(world, "\x1b");
	screen_wait_gone(world, "2 of 2 done");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "2 marked");
	screen_finish(world);
}

static void
keys_of_a_persons_own_count_and_are_shown(void **state)
{
	static const struct screen_options own = {
	    .rows = 36, .cols = 120, .settings = "keys: {rekey: F5, up: [k, F6], row-up: Up}\n"};
	struct world *world = screen_open_live(&own);

	screen_type(world, "2");
	screen_wait(world, "F5 rekey");
	screen_type(world, "\x1b[15~");
	screen_wait(world, "asked");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 1);
	screen_finish(world);
}

static void
settings_with_nothing_in_them_are_all_defaults(void **state)
{
	static const struct screen_options none = {.rows = 24, .cols = 80, .settings = ""},
					   comment = {.rows = 24, .cols = 80, .settings = "# later\n"};

	screen_finish(screen_open_live(&none));
	screen_finish(screen_open_live(&comment));
}

static void
colliding_keys_are_refused_at_start(void **state)
{
	static const struct screen_options bad = {.rows = 24, .cols = 180, .settings = "keys: {rekey: s}\n"};
	struct world *world = world_new();

	screen_open(world, &bad);
	screen_wait(world, "key s is taken twice, by switchover and by rekey");
	assert_int_equal(screen_exit(world), 2);
	screen_finish(world);
}

static void
a_wrong_setting_names_its_place_and_the_nearest_word(void **state)
{
	static const struct screen_options bad = {
	    .rows = 24, .cols = 180, .settings = "theme: dark\npanels:\n  tunnels: {colums: [name]}\n"};
	struct world *world = world_new();

	screen_open(world, &bad);
	screen_wait(world, "console.yaml:3:13: unknown key 'colums' (did you mean 'columns'?)");
	assert_int_equal(screen_exit(world), 2);
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(a_jump_leads_from_a_tunnel_to_its_peer_and_back),
	  cmocka_unit_test(a_jump_to_routes_shows_only_those_of_the_tunnel),
	  cmocka_unit_test(a_jump_to_events_filters_by_subject),
	  cmocka_unit_test(brackets_walk_through_the_places),
	  cmocka_unit_test(a_jump_to_what_is_not_there_says_so),
	  cmocka_unit_test(a_command_acts_on_all_marked_rows),
	  cmocka_unit_test(keys_of_a_persons_own_count_and_are_shown),
	  cmocka_unit_test(settings_with_nothing_in_them_are_all_defaults),
	  cmocka_unit_test(colliding_keys_are_refused_at_start),
	  cmocka_unit_test(a_wrong_setting_names_its_place_and_the_nearest_word))
