// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables: chosen columns, order, filters, marks, and a million routes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/console/harness.h"
#include "tests/console/world.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

/* What console.yaml says now. */
static const char *
settings_now(struct world *world, char content[4096])
{
	char path[512];
	size_t length = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world_folder(world));
	file = fopen(path, "r");
	if (file != NULL) {
		length = fread(content, 1, 4095, file);
		fclose(file);
	}
	content[length] = '\0';
	return content;
}

/* Waits until the settings have a text, or don't have it any more. */
static void
wait_for_settings_to(struct world *world, const char *text, bool have)
{
	char content[4096];

	for (int i = 0; i < 500; i++) {
		if ((strstr(settings_now(world, content), text) != NULL) == have)
			return;
		world_turn(world);
	}
	fail_msg("'%s' is %s in the settings:\n%s", text, have ? "not" : "still", content);
}

static void
wait_for_settings(struct world *world, const char *text)
{
	wait_for_settings_to(world, text, true);
}

/* --- columns ------------------------------------------------------------------------------------- */

static void
columns_are_chosen_seen_at_once_and_kept(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2,");
	screen_wait(world, "Columns of tunnels: 16 of");
	screen_golden(world, "columns-120x36");
	screen_type(world, " "); /* the name goes */
	screen_wait(world, "Columns of tunnels: 15 of");
	screen_wait_gone(world, "aws-paris/1");
	screen_type(world, "G ");
	screen_wait(world, "Columns of tunnels: 16 of");
	screen_type(world, "\r");
	screen_wait_gone(world, "Columns of");
	wait_for_settings(world, "tunnels: {columns: [state, active, peer,");
	screen_finish(world);
}

static void
escape_leaves_columns_as_they_were(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_type(world, ",  ");
	screen_wait(world, "Columns of tunnels: 14 of");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "Columns of");
	screen_wait_row(world, "Tunnel", "State");
	screen_finish(world);
}

static void
a_field_moves_among_the_shown_ones_and_d_is_the_way_back(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2,J");
	screen_wait_row(world, "[x] Tunnel", "name");
	screen_type(world, "\r");
	screen_wait_gone(world, "Columns of");
	wait_for_settings(world, "columns: [state, name, active");
	screen_type(world, ",d\r");
	screen_wait_gone(world, "Columns of");
	screen_wait_row(world, "Tunnel", "State");
	screen_finish(world);
}

static void
the_prompt_names_columns_too(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2:columns name, last_error.text rtt_ms\r");
	screen_wait_row(world, "Tunnel", "Last error");
	screen_wait_row(world, "plant/2", "no answer from 198.51.100.9");
	screen_wait_row(world, "aws-paris/1", "11.2 ms");
	assert_false(screen_has(world, "carries"));
	wait_for_settings(world, "tunnels: {columns: [name, last_error.text, rtt_ms]}");
	screen_type(world, ":columns nam\r");
	screen_wait(world, "tunnels have no field 'nam' (did you mean 'name'?)");
	screen_wait_row(world, "Tunnel", "Last error");
	screen_type(world, ":columns default\r");
	screen_wait_row(world, "aws-paris/1", "carries");
	screen_finish(world);
}

static void
what_was_kept_is_there_again(void **state)
{
	struct world *world = world_new();

	screen_open(world, &(struct screen_options){
			       .rows = 24,
			       .cols = 80,
			       .settings = "panels:\n  tunnels: {columns: [rtt_ms, name, last_error.code], "
					   "sort: rtt_ms, descending: yes}\n"});
	screen_wait(world, "● live");
	screen_type(world, "2");
	screen_wait_row(world, "RTT▾", "Tunnel");
	screen_wait_row(world, "▸", "13.9 ms");
	screen_wait_row(world, "plant/2", "no_answer");
	screen_finish(world);
}

/* --- order --------------------------------------------------------------------------------------- */

static void
rows_are_ordered_by_any_field_and_it_is_kept(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2:sort rtt_ms\r");
	screen_wait(world, "ordered by RTT, the smallest first");
	screen_wait(world, "RTT▴");
	screen_type(world, "O");
	screen_wait(world, "RTT▾");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "13.9 ms");
	wait_for_settings(world, "sort: rtt_ms, descending: yes");
	screen_type(world, ":sort nowhere\r");
	screen_wait(world, "tunnels have no field 'nowhere'");
	screen_wait(world, "RTT▾");
	screen_type(world, ":sort none\r");
	screen_wait(world, "in the natural order");
	screen_wait_gone(world, "RTT▾");
	screen_type(world, "o");
	screen_wait(world, "Tunnel▴");
	screen_finish(world);
}

static void
the_order_of_the_overview_is_kept_and_there_again(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":sort rate\r");
	screen_wait(world, "by rate");
	wait_for_settings(world, "overview: {sort: rate, descending: no}");
	screen_type(world, "O");
	screen_wait(world, "by rate, reversed");
	wait_for_settings(world, "overview: {sort: rate, descending: yes}");
	screen_type(world, ":sort height\r");
	screen_wait(world, "Overview has no order 'height'; it has configured, name, state, rate");
	screen_wait(world, "by rate, reversed");
	screen_type(world, ":sort none\r");
	screen_wait_gone(world, "by rate");
	wait_for_settings_to(world, "overview", false);
	screen_type(world, ":sort ra\t\r");
	screen_wait(world, "by rate");
	screen_close(world);
	world_free(world);

	world = world_new();
	screen_open(
	    world,
	    &(struct screen_options){
		.rows = 24, .cols = 80, .settings = "panels:\n  overview: {sort: name, descending: yes}\n"});
	screen_wait(world, "● live");
	screen_wait(world, "by name, reversed");
	screen_wait_row(world, "▸", "plant");
	screen_finish(world);
}

static void
what_stays_on_the_gateway_says_that_it_cant_be_sorted(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "4");
	screen_wait(world, "10.50.0.0/24");
	screen_type(world, "o");
	screen_wait(world, "routes stay on the gateway");
	screen_finish(world);
}

/* --- filters ------------------------------------------------------------------------------------- */

static void
a_filter_works_as_it_is_typed_and_a_mistake_loses_no_row(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2/rtt_ms:>");
	screen_wait(world, "a number belongs behind");
	screen_wait(world, "aws-paris/1");
	screen_type(world, "12");
	screen_wait_gone(world, "a number belongs");
	screen_wait_gone(world, "aws-paris/1");
	screen_wait(world, "1 of 4");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "\x15~^pl(a");
	screen_wait(world, "a ')' is missing");
	screen_wait_row(world, "▸", "plant/1"); /* by what was right last */
	screen_wait(world, "2 of 4");
	screen_type(world, "nt)/1");
	screen_wait_row(world, "▸", "plant/1");
	screen_wait(world, "1 of 4");
	screen_type(world, "\r\x1b");
	screen_wait(world, "4 tunnels");
	screen_finish(world);
}

/* --- marks --------------------------------------------------------------------------------------- */

static void
the_mark_of_a_row_that_goes_goes_with_it(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2*");
	screen_wait(world, "4 marked");
	model_store_remove(world_store(world), MODEL_KIND_TUNNEL, "plant/2");
	screen_wait(world, "3 marked");
	screen_type(world, "\x1b");
	screen_wait(world, "3 tunnels");
	screen_finish(world);
}

static void
escape_takes_the_marks_off_before_anything_else(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "3/aws\r*");
	screen_wait(world, "2 marked");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "marked");
	screen_wait(world, "/aws");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "/aws");
	screen_type(world, "1 j ");
	screen_wait(world, "2 marked");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "marked");
	screen_finish(world);
}

/* --- a million routes ---------------------------------------------------------------------------- */

static struct world *
open_routes(size_t count)
{
	struct world *world;

	world_routes = count;
	world = screen_open_live(&small);
	screen_type(world, "4");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	return world;
}

static struct world *
open_million(void)
{
	struct world *world = open_routes(1000000);

	screen_wait(world, "1 of 1,000,000");
	return world;
}

static void
finish_million(struct world *world)
{
	screen_finish(world);
	world_routes = 1000;
	world_routes_changed = false;
}

static void
the_last_of_a_million_rows_is_reached_at_once_and_back(void **state)
{
	struct world *world = open_million();

	screen_type(world, "G");
	screen_wait_row(world, "▸", "26.62.87.0/24");
	screen_wait(world, "1,000,000 of 1,000,000");
	screen_type(world, "k");
	screen_wait_row(world, "▸", "26.62.86.0/24");
	screen_wait(world, "999,999 of 1,000,000");
	for (int i = 0; i < 30; i++)
		screen_type(world, "\x02"); /* 30 pages up, past what came with the end */
	screen_wait(world, "999,459 of 1,000,000");
	screen_wait_row(world, "▸", "26.60.58.0/24");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	screen_wait(world, "1 of 1,000,000");
	finish_million(world);
}

static void
scrolling_far_down_and_up_again_finds_every_row(void **state)
{
	struct world *world = open_million();

	for (int i = 0; i < 120; i++) { /* further than the window keeps */
		screen_type(world, "\x06");
		if (i % 10 == 9)
			screen_has(world, "");
	}
	screen_wait(world, "2,161 of 1,000,000");
	screen_wait_row(world, "▸", "11.4.136.0/24");
	for (int i = 0; i < 60; i++)
		screen_type(world, "\x02");
	screen_wait(world, "1,081 of 1,000,000");
	screen_wait_row(world, "▸", "11.0.80.0/24");
	finish_million(world);
}

static void
a_search_among_many_shows_what_it_finds_while_it_goes_on(void **state)
{
	struct world *world = open_routes(1000000); /* so that it takes a while on any machine */

	screen_type(world, "/prefix:.77.7.0\r");
	screen_wait(world, "found, searching at 1");
	screen_wait(world, "11.77.7.0/24");
	screen_wait(world, "13.77.7.0/24");
	screen_wait(world, "15 of 1,000,000");
	screen_type(world, "\x1b");
	screen_wait(world, "1 of 1,000,000");
	finish_million(world);
}

static void
what_is_on_screen_is_kept_true_without_jumping(void **state)
{
	struct world *world = open_million();

	screen_type(world, "\x06\x06j");
	screen_wait(world, "38 of 1,000,000");
	screen_wait_row(world, "▸", "10.50.37.0/24");
	world_routes_changed = true;
	screen_wait_row(world, "▸", "looked at again");
	screen_wait_row(world, "▸", "10.50.37.0/24");
	screen_wait(world, "38 of 1,000,000");
	finish_million(world);
}

/* --- to a row by its number ---------------------------------------------------------------------- */

static void
a_number_at_the_prompt_is_a_row(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":4\r"); /* a connection, its two tunnels, the next connection */
	screen_wait_row(world, "▸", "plant");
	screen_type(world, "2:3\r");
	screen_wait_row(world, "▸", "plant/1");
	screen_type(world, ":5\r");
	screen_wait(world, "there is no row 5: the last one is 4");
	screen_wait_row(world, "▸", "plant/1");
	screen_type(world, ":0\r");
	screen_wait(world, "rows are counted from 1");
	screen_type(world, ":row first\r");
	screen_wait(world, "'first' is no row's number");
	screen_type(world, ":99999999999999999999999999\r");
	screen_wait(world, "is no row's number");
	screen_type(world, "7:4\r");
	screen_wait(world, "standing still");
	screen_wait_row(world, "▸", "moved from aws-paris/2");
	screen_type(world, "V:2\r");
	screen_wait_gone(world, "no row's number");
	screen_finish(world);
}

static void
any_of_a_million_rows_is_reached_by_its_number(void **state)
{
	struct world *world = open_million();

	screen_type(world, ":400000\r"); /* from the first row on */
	screen_wait(world, "400,000 of 1,000,000");
	screen_wait_row(world, "▸", "17.22.151.0/24");
	screen_type(world, ":700000\r"); /* back from the last */
	screen_wait(world, "700,000 of 1,000,000");
	screen_wait_row(world, "▸", "21.170.119.0/24");
	screen_type(world, "j");
	screen_wait(world, "700,001 of 1,000,000");
	screen_wait_row(world, "▸", "21.170.120.0/24");
	screen_type(world, "\x02\x02\x02\x02\x02\x02"); /* the pages around it come */
	screen_wait(world, "699,893 of 1,000,000");
	screen_wait_row(world, "▸", "21.170.12.0/24");
	screen_type(world, ":1000001\r");
	screen_wait(world, "there is no row 1,000,001: the last one is 1,000,000");
	screen_wait_row(world, "▸", "21.170.12.0/24");
	screen_type(world, ":1000000\r");
	screen_wait(world, "1,000,000 of 1,000,000");
	screen_type(world, ":1\r");
	screen_wait(world, "1 of 1,000,000");
	screen_wait_row(world, "▸", "10.50.0.0/24");
	finish_million(world);
}

static void
a_filter_ends_the_way_to_a_row(void **state)
{
	struct world *world = screen_open_live(&small);
	usec_t end;

	screen_type(world, "4");
	screen_wait(world, "10.50.0.0/24");
	screen_type(world, ":900\r/has:10.52.7.9\r");
	end = clock_monotonic() + USEC_PER_SEC / 5;
	while (clock_monotonic() < end)
		screen_turn(world); /* both, before the gateway answers anything */
	screen_wait(world, "1 of 1,000");
	assert_false(screen_has(world, "to row 900"));
	screen_finish(world);
}

static void
a_number_counts_the_rows_that_match(void **state)
{
	struct world *world = open_routes(200000);

	screen_type(world, "/tunnel:aws-paris/2\r");
	screen_wait_row(world, "▸", "10.50.1.0/24");
	screen_type(world, ":60000\r");
	screen_wait_row(world, "▸", "12.208.215.0/24");
	screen_wait(world, "60,000 of ");
	screen_type(world, ":150000\r");
	screen_wait(world, "there is no row 150,000: the last one is 100,000");
	screen_wait_row(world, "▸", "12.208.215.0/24");
	screen_type(world, ":150000\rg"); /* g is more than a number that is not reached yet */
	screen_wait(world, "1 of ");
	screen_wait_row(world, "▸", "10.50.1.0/24");
	finish_million(world);
}

TEST_MAIN(cmocka_unit_test(columns_are_chosen_seen_at_once_and_kept),
	  cmocka_unit_test(escape_leaves_columns_as_they_were),
	  cmocka_unit_test(a_field_moves_among_the_shown_ones_and_d_is_the_way_back),
	  cmocka_unit_test(the_prompt_names_columns_too), cmocka_unit_test(what_was_kept_is_there_again),
	  cmocka_unit_test(rows_are_ordered_by_any_field_and_it_is_kept),
	  cmocka_unit_test(the_order_of_the_overview_is_kept_and_there_again),
	  cmocka_unit_test(what_stays_on_the_gateway_says_that_it_cant_be_sorted),
	  cmocka_unit_test(a_filter_works_as_it_is_typed_and_a_mistake_loses_no_row),
	  cmocka_unit_test(the_mark_of_a_row_that_goes_goes_with_it),
	  cmocka_unit_test(escape_takes_the_marks_off_before_anything_else),
	  cmocka_unit_test(the_last_of_a_million_rows_is_reached_at_once_and_back),
	  cmocka_unit_test(scrolling_far_down_and_up_again_finds_every_row),
	  cmocka_unit_test(a_search_among_many_shows_what_it_finds_while_it_goes_on),
	  cmocka_unit_test(what_is_on_screen_is_kept_true_without_jumping),
	  cmocka_unit_test(a_number_at_the_prompt_is_a_row),
	  cmocka_unit_test(any_of_a_million_rows_is_reached_by_its_number),
	  cmocka_unit_test(a_filter_ends_the_way_to_a_row),
	  cmocka_unit_test(a_number_counts_the_rows_that_match))
