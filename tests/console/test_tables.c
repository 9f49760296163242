// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables: chosen columns, order, filters, marks, and a million routes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/console/harness.h"
#include "tests/console/world.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

/* What console.yaml says now. */
static void
wait_for_settings(struct world *world, const char *text)
{
	char path[512], content[4096];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/.config/twinspan/console.yaml", world_folder(world));
	for (int i = 0; i < 500; i++) {
		content[0] = '\0';
		file = fopen(path, "r");
		if (file != NULL) {
			length = fread(content, 1, sizeof(content) - 1, file);
			content[length] = '\0';
			fclose(file);
		}
		if (strstr(content, text) != NULL)
			return;
		world_turn(world);
	}
	fail_msg("'%s' is not in the settings:\n%s", text, content);
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
	struct world *world = open_routes(200000);

	screen_type(world, "/prefix:.77.7.0\r");
	screen_wait(world, "11.77.7.0/24");
	screen_wait(world, "found, searching at 1"); /* the rest of them takes seconds more */
	screen_wait(world, "13.77.7.0/24");
	screen_wait(world, "3 of 200,000");
	screen_type(world, "\x1b");
	screen_wait(world, "1 of 200,000");
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

TEST_MAIN(cmocka_unit_test(columns_are_chosen_seen_at_once_and_kept),
	  cmocka_unit_test(escape_leaves_columns_as_they_were),
	  cmocka_unit_test(a_field_moves_among_the_shown_ones_and_d_is_the_way_back),
	  cmocka_unit_test(the_prompt_names_columns_too), cmocka_unit_test(what_was_kept_is_there_again),
	  cmocka_unit_test(rows_are_ordered_by_any_field_and_it_is_kept),
	  cmocka_unit_test(what_stays_on_the_gateway_says_that_it_cant_be_sorted),
	  cmocka_unit_test(a_filter_works_as_it_is_typed_and_a_mistake_loses_no_row),
	  cmocka_unit_test(the_mark_of_a_row_that_goes_goes_with_it),
	  cmocka_unit_test(escape_takes_the_marks_off_before_anything_else),
	  cmocka_unit_test(the_last_of_a_million_rows_is_reached_at_once_and_back),
	  cmocka_unit_test(scrolling_far_down_and_up_again_finds_every_row),
	  cmocka_unit_test(a_search_among_many_shows_what_it_finds_while_it_goes_on),
	  cmocka_unit_test(what_is_on_screen_is_kept_true_without_jumping))
