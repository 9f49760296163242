// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person sees on the console: every panel at its sizes, in all tiers of colour. */
#include "tests/console/harness.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120},
				   tiny = {.rows = 20, .cols = 60}, huge = {.rows = 50, .cols = 200};

/* Opens a panel by its keys, waits for `sign` and compares. */
static void
look(const struct screen_options *options, const char *keys, const char *sign, const char *golden)
{
	struct world *world = world_new();

	screen_open(world, options);
	screen_wait(world, "min ago"); /* the first sample: from here on nothing moves by itself */
	if (keys[0] != '\0')
		screen_type(world, keys);
	screen_wait(world, sign);
	screen_golden(world, golden);
	screen_finish(world);
}

static void
the_overview_is_whole_at_80x24(void **state)
{
	look(&small, "", "aws-paris/1", "overview-80x24");
}

static void
the_overview_uses_the_room_of_120x36(void **state)
{
	look(&wide, "", "12.3 Mb/s", "overview-120x36");
}

static void
the_overview_uses_the_room_of_200x50(void **state)
{
	look(&huge, "", "203.0.113.17", "overview-200x50");
}

static void
the_overview_works_at_60x20(void **state)
{
	look(&tiny, "", "carries", "overview-60x20");
}

static void
tunnels_stand_in_a_table(void **state)
{
	look(&small, "2", "4 tunnels", "tunnels-80x24");
	look(&wide, "2", "4 tunnels", "tunnels-120x36");
}

static void
peers_stand_in_a_table(void **state)
{
	look(&small, "3", "3 peers", "peers-80x24");
	look(&wide, "3", "3 peers", "peers-120x36");
}

static void
routes_come_page_by_page(void **state)
{
	look(&small, "4", "10.50.0.0/24", "routes-80x24");
	look(&wide, "4", "10.50.0.0/24", "routes-120x36");
}

static void
received_prefixes_say_why_they_were_refused(void **state)
{
	look(&wide, "5", "overlaps our own", "received-120x36");
}

static void
advertised_prefixes_are_listed(void **state)
{
	look(&small, "6", "10.20.0.0/16", "advertised-80x24");
}

static void
events_begin_with_the_newest(void **state)
{
	look(&small, "7", "following", "events-80x24");
	look(&wide, "7", "following", "events-120x36");
}

static void
detail_says_all_that_is_known(void **state)
{
	look(&small, "2\r", "88.1<88.1<88.1", "detail-80x24");
	look(&wide, "2\r", "88.1 < 88.1 < 88.1", "detail-120x36");
}

static void
help_lists_every_command_of_the_console(void **state)
{
	look(&small, "?", "Keys in Overview", "help-80x24");
	look(&huge, "?G", "leave; the gateway runs on", "help-200x50");
}

static void
the_switchover_sheet_shows_both_spans_and_the_answer(void **state)
{
	look(&small, "s", "MED 100/200 becomes", "switchover-80x24");
	look(&wide, "s", "MED 100/200 becomes", "switchover-120x36");
	look(&tiny, "s", "MED 100/200 becomes", "switchover-60x20");
}

static void
the_prompt_offers_what_can_follow(void **state)
{
	look(&small, ":show ", "connections", "prompt-80x24");
}

static void
ascii_has_a_stand_in_for_every_mark(void **state)
{
	struct world *world = world_new();

	/* too low for graphs: theirs are no braille that the comparison could leave out */
	screen_open(world, &(struct screen_options){.rows = 14, .cols = 80, .ascii = true});
	screen_wait(world, "=1=");
	screen_golden(world, "ascii-80x14");
	screen_finish(world);
}

static void
a_locale_without_utf8_gets_ascii(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .locale = "C"});
	screen_wait(world, "=1=");
	screen_wait(world, "* live");
	assert_false(screen_has(world, "●"));
	screen_finish(world);
}

static void
states_have_the_colours_of_the_theme(void **state)
{
	struct world *world = world_new();
	int dark;

	screen_open(world, &small);
	screen_wait(world, "✕ down");
	screen_wait(world, "Established");
	dark = screen_colour(world, "Established");
	assert_int_not_equal(dark, -1);
	assert_int_not_equal(dark, screen_colour(world, "✕ down"));
	screen_close(world);
	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .theme = "light"});
	screen_wait(world, "✕ down");
	screen_wait_colour(world, "Established", dark);
	screen_finish(world);
}

static void
eight_colours_are_enough(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .term = "xterm"});
	screen_wait(world, "✕ down");
	screen_wait_colour(world, "Established", screen_colour(world, "✕ down"));
	screen_finish(world);
}

static void
no_color_leaves_the_words_and_the_reversed_selection(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .no_color = "1"});
	screen_wait(world, "✕ down");
	assert_int_equal(screen_colour(world, "✕ down"), -1);
	screen_wait(world, "Established");
	assert_int_equal(screen_colour(world, "Established"), -1);
	assert_true(screen_reversed(world, "both spans up"));
	screen_close(world);
	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .mono = true});
	screen_wait(world, "✕ down");
	assert_int_equal(screen_colour(world, "✕ down"), -1);
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_overview_is_whole_at_80x24),
	  cmocka_unit_test(the_overview_uses_the_room_of_120x36),
	  cmocka_unit_test(the_overview_uses_the_room_of_200x50),
	  cmocka_unit_test(the_overview_works_at_60x20), cmocka_unit_test(tunnels_stand_in_a_table),
	  cmocka_unit_test(peers_stand_in_a_table), cmocka_unit_test(routes_come_page_by_page),
	  cmocka_unit_test(received_prefixes_say_why_they_were_refused),
	  cmocka_unit_test(advertised_prefixes_are_listed), cmocka_unit_test(events_begin_with_the_newest),
	  cmocka_unit_test(detail_says_all_that_is_known),
	  cmocka_unit_test(help_lists_every_command_of_the_console),
	  cmocka_unit_test(the_switchover_sheet_shows_both_spans_and_the_answer),
	  cmocka_unit_test(the_prompt_offers_what_can_follow),
	  cmocka_unit_test(ascii_has_a_stand_in_for_every_mark),
	  cmocka_unit_test(a_locale_without_utf8_gets_ascii),
	  cmocka_unit_test(states_have_the_colours_of_the_theme), cmocka_unit_test(eight_colours_are_enough),
	  cmocka_unit_test(no_color_leaves_the_words_and_the_reversed_selection))
