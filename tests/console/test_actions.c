// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person does on the console, and what happens to it: keys, dialogs, prompt, filter, lost gateways,
 * signals. */
#include <signal.h>

#include "core/base/clock.h"
#include "tests/console/harness.h"

#define LEAVE "\x1b[?1049l" /* rmcup: back to the shell's screen */

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

/* --- dialogs
 * -------------------------------------------------------------------------------------------------- */

static void
enter_twice_does_not_switch_over(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "s");
	screen_wait(world, "[ Cancel ]");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "\r");
	screen_wait_gone(world, "[ Cancel ]");
	assert_int_equal(world_commands(world, "aws-paris dry"), 1);
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	screen_finish(world);
}

static void
escape_closes_a_dialog(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "\t");
	screen_wait(world, "[ switch over ]");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "switch over ]");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	screen_finish(world);
}

static void
a_confirmed_switchover_shows_its_result(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "\t");
	screen_wait(world, "[ switch over ]");
	screen_type(world, "\r");
	world_wait_command(world, "aws-paris aws-paris/2 done");
	screen_wait(world, "moved from aws-paris/1 to aws-paris/2 in 412 ms, longest gap 11 ms");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "[ Close ]");
	screen_wait_row(world, "last move", "11 ms");
	screen_wait_row(world, "aws-paris", "pinned");
	screen_wait_row(world, "═2═", "carries");
	screen_wait_row(world, "─1─", "standby");
	screen_finish(world);
}

static void
a_refusal_is_said(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":auto plant\r");
	screen_wait(world, "plant has no other tunnel that is up");
	screen_finish(world);
}

static void
taking_the_active_tunnel_down_says_what_it_means(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "jd");
	screen_wait(world, "Down aws-paris/1");
	screen_wait(world, "carries the traffic of");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "Down aws-paris/1");
	screen_type(world, "r"); /* harmless: at once */
	world_wait_command(world, "aws-paris/1 done");
	screen_finish(world);
}

static void
a_reset_of_the_selected_tunnels_peer_is_asked_about(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "jx");
	screen_wait(world, "12 prefixes accepted");
	screen_type(world, "\x1bOC");
	screen_wait(world, "[ reset ]");
	screen_type(world, "\x1b[D");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\t");
	screen_wait(world, "[ reset ]");
	screen_type(world, "\r");
	world_wait_command(world, "aws-paris/1 done");
	screen_finish(world);
}

/* --- prompt and filter
 * ---------------------------------------------------------------------------------------- */

static void
the_prompt_completes_commands_and_names(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":sw\ta\t\t2");
	screen_wait(world, ":switchover aws-paris aws-paris/2");
	screen_type(world, "\r");
	screen_wait(world, "Switch aws-paris from span 1 to span 2");
	world_wait_command(world, "aws-paris aws-paris/2 dry");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "[ Cancel ]");
	screen_type(world, ":show pe\t\r");
	screen_wait(world, "3 peers");
	screen_finish(world);
}

static void
escape_closes_the_prompt(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":swit");
	screen_wait(world, ":swit");
	screen_type(world, "\x1b");
	screen_wait_gone(world, ":swit");
	screen_finish(world);
}

static void
a_misspelt_command_is_answered_with_the_nearest(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":swichover aws-paris\r");
	screen_wait(world, "did you mean 'switchover'?");
	screen_type(world, ":switchover\r");
	screen_wait(world, "connection");
	screen_type(world, ":lab\r");
	screen_wait(world, "is for the shell");
	screen_finish(world);
}

static void
show_opens_the_panel_of_a_kind_and_the_row_of_a_name(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":show events\r");
	screen_wait(world, "following");
	screen_type(world, ":show tunnels plant/2\r");
	screen_wait(world, "tunnel → ╌2╌ plant/2");
	screen_wait(world, "30 min");
	screen_type(world, "\x1b");
	screen_wait(world, "4 tunnels");
	screen_type(world, ":show plugins\r");
	screen_wait(world, "there is none");
	screen_type(world, ":show tunnels nowhere/1\r");
	screen_wait(world, "there is no tunnel 'nowhere/1'");
	screen_finish(world);
}

static void
the_filter_works_while_it_is_typed(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "2/state:down");
	screen_wait(world, "1 of 4");
	screen_wait_gone(world, "aws-paris/1");
	screen_type(world, "\r");
	screen_wait(world, "/state:down");
	screen_type(world, "\x1b");
	screen_wait(world, "4 tunnels");
	screen_wait(world, "aws-paris/1");
	screen_finish(world);
}

static void
the_filter_of_routes_is_the_gateways(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "4");
	screen_wait(world, "10.50.0.0/24");
	screen_type(world, "/has:10.52.7.9\r");
	screen_wait(world, "10.52.7.0/24");
	screen_wait(world, "1 of 1,000");
	screen_wait_gone(world, "10.50.0.0/24");
	screen_finish(world);
}

static void
routes_scroll_beyond_the_first_page(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "4");
	screen_wait(world, "10.50.0.0/24");
	screen_type(world, "G");
	screen_wait(world, "10.54.199.0/24");
	screen_wait(world, "1,000 of 1,000");
	screen_type(world, "g");
	screen_wait(world, "10.50.0.0/24");
	screen_finish(world);
}

static void
the_selection_stays_on_its_row_when_the_order_changes(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, ":sort rtt_ms\r");
	screen_wait(world, "RTT▴");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "O");
	screen_wait(world, "RTT▾");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_finish(world);
}

static void
events_stand_still_under_the_selection(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "7j");
	screen_wait_row(world, "▸", "down: no answer");
	model_store_log(world_store(world), "info", "test", "core", "something new");
	screen_wait(world, "1 new above");
	screen_wait_row(world, "▸", "down: no answer");
	screen_type(world, "g");
	screen_wait_row(world, "▸", "something new");
	model_store_log(world_store(world), "info", "test", "core", "something newer");
	screen_wait_row(world, "▸", "something newer");
	screen_finish(world);
}

/* --- moving about
 * --------------------------------------------------------------------------------------------- */

static void
tab_walks_through_the_panels(void **state)
{
	static const char *const signs[] = {"4 tunnels",  "3 peers",      "lower MED",
					    "3 received", "2 advertised", "following",
					    "Month",      "1 site",       "2 connections"};
	struct world *world = screen_open_live(&small);

	for (size_t i = 0; i < COUNT_OF(signs); i++) {
		screen_type(world, "\t");
		screen_wait(world, signs[i]);
	}
	screen_type(world, "\x1b[Z");
	screen_wait(world, "1 site");
	screen_finish(world);
}

static void
q_leaves_from_any_panel(void **state)
{
	static const char *const ways[] = {"q", "2q", "3q", "4q", "7q", "2\rq", ":q\r", ":quit\r", "\x03"};

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		struct world *world = screen_open_live(&small);

		screen_type(world, ways[i]);
		assert_int_equal(screen_exit(world), 0);
		assert_true(screen_wrote(world, LEAVE));
		screen_finish(world);
	}
}

static void
unknown_sequences_are_no_keys(void **state)
{
	struct world *world = screen_open_live(&small);

	/* a mouse report, a key of a terminal we don't know, Alt-s: none of them may act as the letters in
	 * them */
	screen_type(world, "\x1b[<0;3;4M");
	screen_type(world, "\x1b[99;7s");
	screen_type(world, "\x1bs");
	screen_type(world, "?");
	screen_wait(world, "Keys in Overview");
	assert_false(screen_has(world, "[ Cancel ]"));
	screen_finish(world);
}

static void
any_size_is_survived(void **state)
{
	static const int sizes[][2] = {{1, 1},  {2, 2},    {3, 200}, {200, 3},
				       {5, 20}, {50, 200}, {10, 40}, {24, 80}};
	static const char *const views[] = {"1", "2", "2\r", "2\r\r", "2e",  "4\r",
					    "4", "7", "?",   "s",     ":sh", "/a"};

	for (size_t v = 0; v < COUNT_OF(views); v++) {
		struct world *world = screen_open_live(&small);

		screen_type(world, views[v]);
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			screen_resize(world, sizes[i][0], sizes[i][1]);
			for (int turn = 0; turn < 8; turn++)
				world_turn(world);
		}
		screen_wait(world, "● live");
		screen_type(world, "\x1b");
		screen_finish(world);
	}
}

static void
what_is_pasted_goes_into_lines_and_is_no_key(void **state)
{
	struct world *world = screen_open_live(&small);

	assert_true(screen_wrote(world, "\x1b[?2004h"));
	screen_type(world, "\x1b[200~s\t\rq\x1b[201~");
	screen_wait(world, "what is pasted is not taken as keys");
	assert_false(screen_has(world, "[ Cancel ]"));
	screen_type(world, ":");
	screen_type(world, "\x1b[200~show peers\r\x1b[201~");
	screen_wait(world, ":show peers"); /* the line break did not run it */
	screen_type(world, "\r");
	screen_wait(world, "Since");
	screen_finish(world);
}

static void
a_resize_fills_the_new_room(void **state)
{
	struct world *world = screen_open_live(&small);

	assert_false(screen_has(world, "Prefixes"));
	screen_resize(world, 36, 120);
	screen_wait(world, "Prefixes");
	screen_resize(world, 20, 60);
	screen_wait_gone(world, "Prefixes");
	screen_wait(world, "carries");
	screen_finish(world);
}

/* --- the gateway goes and comes
 * ------------------------------------------------------------------------------- */

/* Whatever age is shown now, it gives way to another. */
static void
wait_for_age_to_go_on(struct world *world)
{
	char text[32] = "STALE 0 s";

	for (int age = 1; age < 60 && !screen_has(world, text); age++)
		snprintf(text, sizeof(text), "STALE %d s", age);
	screen_wait_gone(world, text);
	assert_true(screen_has(world, "STALE"));
}

static void
a_lost_gateway_is_said_and_found_again(void **state)
{
	struct world *world = screen_open_live(&small);
	int colour;

	screen_wait(world, "Established");
	colour = screen_colour(world, "Established");
	world_stop_serving(world);
	screen_wait(world, "? STALE");
	screen_wait(world, "aws-paris/1"); /* what was known stays, dimmed */
	screen_wait_colour(world, "Established", colour);
	screen_type(world, "u");
	screen_wait(world, "needs a tunnel");
	screen_type(world, "ju");
	screen_wait(world, "no gateway is connected");
	wait_for_age_to_go_on(world);
	world_serve(world);
	screen_wait(world, "● live");
	screen_wait_gone(world, "STALE");
	screen_finish(world);
}

static void
without_a_gateway_it_opens_and_waits(void **state)
{
	struct world *world = world_new_silent();

	screen_open(world, &small);
	screen_wait(world, "no gateway at");
	screen_wait(world, "9 and + add a gateway elsewhere, over SSH.");
	screen_wait(world, "trying");
	screen_type(world, "s");
	screen_wait(world, "select one");
	world_serve(world);
	screen_wait(world, "● live");
	screen_wait(world, "aws-paris/1");
	screen_finish(world);
}

static void
rows_that_are_gone_go_from_the_screen(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "2jj");
	screen_wait_row(world, "▸", "plant/1");
	model_store_remove(world_store(world), MODEL_KIND_TUNNEL, "plant/1");
	screen_wait(world, "3 tunnels");
	screen_wait_row(world, "▸", "plant/2");
	screen_type(world, "\r");
	screen_wait(world, "╌2╌ plant/2");
	model_store_remove(world_store(world), MODEL_KIND_TUNNEL, "plant/2");
	screen_wait(world, "gone; as it was last");
	screen_finish(world);
}

static void
names_from_outside_cannot_break_the_screen(void **state)
{
	struct world *world = screen_open_live(&small);
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&t->name, "日本語トンネル/1");
	model_set(&t->connection, "日本語トンネル");
	model_set(&t->state, "a state that is longer than its column, and new");
	model_set(&t->remote, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
	model_store_put(world_store(world), MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
	screen_type(world, "2");
	screen_wait(world, "5 tunnels");
	screen_wait_row(world, "日", "? a state");
	screen_resize(world, 36, 120);
	screen_wait_row(world, "日", "? a state");
	screen_finish(world);
}

/* --- how it ends
 * ---------------------------------------------------------------------------------------------- */

static void
sigterm_puts_the_terminal_back(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_signal(world, SIGTERM);
	assert_int_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, LEAVE));
	screen_finish(world);
}

static void
a_crash_puts_the_terminal_back(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_signal(world, SIGABRT);
	assert_int_not_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, LEAVE));
	screen_finish(world);
}

static void
a_lost_terminal_ends_it(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_hang_up(world);
	assert_int_equal(screen_exit(world), 0);
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(enter_twice_does_not_switch_over), cmocka_unit_test(escape_closes_a_dialog),
	  cmocka_unit_test(a_confirmed_switchover_shows_its_result), cmocka_unit_test(a_refusal_is_said),
	  cmocka_unit_test(taking_the_active_tunnel_down_says_what_it_means),
	  cmocka_unit_test(a_reset_of_the_selected_tunnels_peer_is_asked_about),
	  cmocka_unit_test(the_prompt_completes_commands_and_names),
	  cmocka_unit_test(escape_closes_the_prompt),
	  cmocka_unit_test(a_misspelt_command_is_answered_with_the_nearest),
	  cmocka_unit_test(show_opens_the_panel_of_a_kind_and_the_row_of_a_name),
	  cmocka_unit_test(the_filter_works_while_it_is_typed),
	  cmocka_unit_test(the_filter_of_routes_is_the_gateways),
	  cmocka_unit_test(routes_scroll_beyond_the_first_page),
	  cmocka_unit_test(the_selection_stays_on_its_row_when_the_order_changes),
	  cmocka_unit_test(events_stand_still_under_the_selection),
	  cmocka_unit_test(tab_walks_through_the_panels), cmocka_unit_test(q_leaves_from_any_panel),
	  cmocka_unit_test(unknown_sequences_are_no_keys), cmocka_unit_test(any_size_is_survived),
	  cmocka_unit_test(what_is_pasted_goes_into_lines_and_is_no_key),
	  cmocka_unit_test(a_resize_fills_the_new_room),
	  cmocka_unit_test(a_lost_gateway_is_said_and_found_again),
	  cmocka_unit_test(without_a_gateway_it_opens_and_waits),
	  cmocka_unit_test(rows_that_are_gone_go_from_the_screen),
	  cmocka_unit_test(names_from_outside_cannot_break_the_screen),
	  cmocka_unit_test(sigterm_puts_the_terminal_back), cmocka_unit_test(a_crash_puts_the_terminal_back),
	  cmocka_unit_test(a_lost_terminal_ends_it))
