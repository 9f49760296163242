// SPDX-License-Identifier: GPL-2.0-or-later
/* How the console looks and feels: paused, at any size, and with its help. */
#include "tests/console/harness.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

static const char production[] = "sites: [{name: lyon, production: true}]\n";

static void
set_rtt(struct world *world, const char *name, double rtt)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, name);

	t->rtt_ms = rtt;
	world_put(world, MODEL_KIND_TUNNEL, t);
}

/* --- pause ------------------------------------------------------------------------------------------ */

static void
a_paused_screen_stands_while_data_goes_on(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "z");
	screen_wait_row(world, "lyon", "PAUSED");
	screen_wait(world, "z shows the present");
	set_rtt(world, "aws-paris/1", 77.7);
	model_store_log(world_store(world), "info", "test", "core", "something new");
	screen_wait_row(world, "PAUSED", "2 changes");
	screen_wait(world, "1 event since");
	assert_false(screen_has(world, "77.7 ms"));
	assert_false(screen_has(world, "something new"));
	screen_wait(world, "PAUSED 2 s"); /* it is no frozen program */
	screen_type(world, "z");
	screen_wait(world, "77.7 ms");
	screen_wait_gone(world, "PAUSED");
	screen_wait(world, "something new");
	screen_finish(world);
}

static void
moving_shows_the_present_and_moves(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "z");
	screen_wait(world, "PAUSED");
	set_rtt(world, "aws-paris/1", 77.7);
	screen_type(world, "j");
	screen_wait_gone(world, "PAUSED");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_wait(world, "77.7 ms");
	screen_finish(world);
}

static void
nothing_is_sent_from_a_paused_screen(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2z");
	screen_wait(world, "PAUSED");
	screen_type(world, "r");
	screen_wait(world, "rekey was not sent");
	screen_wait_gone(world, "PAUSED");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 0);
	screen_type(world, "r");
	screen_wait(world, "asked");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 1);
	screen_finish(world);
}

static void
a_paused_screen_says_that_the_gateway_is_gone(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "z");
	screen_wait(world, "PAUSED");
	world_stop_serving(world);
	screen_wait_row(world, "PAUSED", "STALE");
	screen_resize(world, 20, 60);
	screen_wait_row(world, "PAUSED", "STALE");
	screen_wait(world, "aws-paris");
	screen_finish(world);
}

/* --- sizes ------------------------------------------------------------------------------------------ */

static void
the_state_is_seen_at_any_size(void **state)
{
	static const int tiny[][2] = {{3, 10}, {1, 20}, {4, 40}, {7, 30}, {8, 30}, {10, 10}, {24, 80}};
	static const char *const keys[] = {"z", "m", "?", "/a", ":theme "};

	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		struct world *world = screen_open_live(
		    &(struct screen_options){.rows = 24, .cols = 80, .settings = production});

		screen_type(world, keys[k]);
		for (size_t i = 0; i < COUNT_OF(tiny); i++) {
			screen_resize(world, tiny[i][0], tiny[i][1]);
			screen_wait(world, "live");
		}
		screen_type(world, "\x1b");
		screen_finish(world);
	}
}

static void
a_low_screen_keeps_its_rows_for_the_panel(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){.rows = 6, .cols = 60});

	assert_false(screen_has(world, "Tunnels"));
	assert_true(screen_has(world, "carries"));
	screen_type(world, ":");
	screen_wait(world, "switchover");
	screen_type(world, "\x1b");
	screen_wait(world, "q leave");
	screen_finish(world);
}

/* --- help ------------------------------------------------------------------------------------------- */

static void
help_is_searched_and_shows_a_persons_own_keys(void **state)
{
	struct world *world = screen_open_live(
	    &(struct screen_options){.rows = 24, .cols = 80, .settings = "keys: {rekey: F5}\n"});

	screen_type(world, "?");
	screen_wait(world, "Keys in Overview");
	screen_type(world, "/REKEY");
	screen_wait(world, "Help /REKEY");
	screen_wait_row(world, "F5", "rekey a tunnel's SAs");
	screen_wait_row(world, "rekey TUNNEL", "rekey a tunnel's SAs");
	assert_false(screen_has(world, "Keys everywhere"));
	screen_type(world, "\r");
	screen_wait(world, "/ search");
	screen_type(world, "\x1b");
	screen_wait_row(world, "F5", "losing a packet");
	screen_wait(world, "restart a BGP session");
	screen_type(world, "/nosuchword");
	screen_wait(world, "nothing here has that");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "nosuchword");
	screen_wait(world, "Keys in Overview");
	screen_type(world, "?");
	screen_wait_gone(world, "Keys in Overview");
	screen_finish(world);
}

static void
help_has_two_columns_where_there_is_room(void **state)
{
	struct world *world = screen_open_live(&(struct screen_options){.rows = 50, .cols = 200});

	screen_type(world, "?");
	screen_wait_row(world, "Keys in Overview", "Commands, after ':'");
	screen_resize(world, 36, 120);
	screen_wait(world, "Keys in Overview");
	screen_wait_gone(world, "Commands, after ':'");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(a_paused_screen_stands_while_data_goes_on),
	  cmocka_unit_test(moving_shows_the_present_and_moves),
	  cmocka_unit_test(nothing_is_sent_from_a_paused_screen),
	  cmocka_unit_test(a_paused_screen_says_that_the_gateway_is_gone),
	  cmocka_unit_test(the_state_is_seen_at_any_size),
	  cmocka_unit_test(a_low_screen_keeps_its_rows_for_the_panel),
	  cmocka_unit_test(help_is_searched_and_shows_a_persons_own_keys),
	  cmocka_unit_test(help_has_two_columns_where_there_is_room))
