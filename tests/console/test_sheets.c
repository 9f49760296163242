// SPDX-License-Identifier: GPL-2.0-or-later
/* Sheets: what a person is told before a dangerous command, and what they see while traffic moves. */
#include "core/base/clock.h"
#include "tests/console/harness.h"
#include "tests/console/world.h"

static const struct screen_options tiny = {.rows = 20, .cols = 60}, small = {.rows = 24, .cols = 80},
				   wide = {.rows = 36, .cols = 120};

/* To the button, and presses it. */
static void
press(struct world *world, const char *label)
{
	char button[64];

	snprintf(button, sizeof(button), "[ %s ]", label);
	screen_type(world, "\t");
	screen_wait(world, button);
	screen_type(world, "\r");
}

/* --- the switchover's question
 * -------------------------------------------------------------------------------- */

static void
both_spans_stand_side_by_side_with_what_moves(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "s");
	screen_wait(world, "Switch aws-paris from span 1 to span 2");
	screen_wait_row(world, "carries now", "will carry");
	screen_wait_row(world, "rtt · loss", "13.9 ms · 0.0 %");
	screen_wait_row(world, "prefixes", "12, the same");
	screen_wait_row(world, "rate", "▼ 88.1 Mb/s");
	screen_wait_row(world, "Here", "2 preferred for 12 prefixes; ▼ 88.1 Mb/s ▲ 12.3 Mb/s move");
	screen_wait_row(world, "There", "MED 100/200 becomes 200/100");
	screen_wait_row(world, "! ", "traffic leaves by aws-paris/1 and comes back by aws-paris/2");
	screen_wait(world, "Nothing is torn down");
	screen_wait(world, "Stays until auto.");
	screen_wait(world, "[ Cancel ]");
	screen_finish(world);
}

/* A gateway elsewhere sends texts as long as it likes. */
static void
evidence_that_is_longer_than_a_screen_is_cut(void **state)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;
	struct world *world = world_new();
	struct model_store *store = world_store(world);
	struct model_tunnel *t = model_row_new(MODEL_KIND_TUNNEL);
	char *text = memory_zeroed(1, 8001);

	memset(text, 'h', 8000);
	model_row_copy(shape, t, model_store_get(store, MODEL_KIND_TUNNEL, "aws-paris/2"));
	model_set(&t->health, text);
	model_set(&t->health_reason, text);
	model_store_put(store, MODEL_KIND_TUNNEL, t);
	model_row_free(MODEL_KIND_TUNNEL, t);
	free(text);
	screen_open_until_live(world, &wide);
	screen_type(world, "s");
	screen_wait_row(world, "health", "? hhhhhhhh");
	screen_wait(world, "Nothing is torn down");
	screen_finish(world);
}

static void
the_time_to_go_back_is_chosen_by_keys(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "+");
	screen_wait(world, "unless you confirm within  30 s");
	screen_type(world, "++");
	screen_wait(world, "unless you confirm within  120 s");
	screen_type(world, "-");
	screen_wait(world, "unless you confirm within  60 s");
	press(world, "switch over");
	world_wait_command(world, "aws-paris aws-paris/2 60 done");
	screen_finish(world);
}

static void
whoever_comes_by_it_is_given_a_minute(void **state)
{
	struct world *world = world_new();

	world_own_path(world, true);
	screen_open_until_live(world, &small);
	screen_type(world, "s");
	screen_wait(world, "unless you confirm within  60 s");
	press(world, "switch over");
	world_wait_command(world, "aws-paris aws-paris/2 60 done");
	screen_finish(world);
}

/* A drain has a dry run that says whether one comes by it; of a down the gateway alone knows. */
static void
a_drain_and_a_down_can_go_back_by_themselves_too(void **state)
{
	struct world *world = world_new();

	world_own_path(world, true);
	screen_open_until_live(world, &small);
	screen_type(world, "jD");
	screen_wait(world, "unless you confirm within  60 s");
	screen_type(world, "+");
	screen_wait(world, "unless you confirm within  120 s");
	press(world, "drain");
	world_wait_command(world, "aws-paris/1 120 done");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "Drain aws-paris/1");
	screen_type(world, "d");
	screen_wait(world, "Stays until up; 60 s where you come by it.");
	press(world, "down");
	world_wait_command(world, "aws-paris/1 done");
	screen_wait(world, "down aws-paris/1: asked"); /* that sheet is closed, not only sent */
	screen_type(world, "d");
	screen_wait(world, "Stays until up");
	screen_type(world, "+");
	screen_wait(world, "unless you confirm within  30 s");
	screen_type(world, "-");
	screen_wait(world, "Stays until up.");
	press(world, "down");
	world_wait_command(world, "aws-paris/1 0 done");
	screen_finish(world);
}

static void
every_sheet_is_whole_at_60x20(void **state)
{
	static const struct {
		const char *keys, *sign;
	} sheets[] = {{"s", "[ Cancel ]"},  {"jD", "[ Cancel ]"},
		      {"jU", "[ Cancel ]"}, {":drill aws-paris\r", "[ Cancel ]"},
		      {"jd", "[ Cancel ]"}, {"jx", "[ Cancel ]"},
		      {"2**", "plant/2"}};
	struct world *world = screen_open_live(&tiny);

	for (size_t i = 0; i < COUNT_OF(sheets); i++) {
		screen_type(world, "g");
		screen_type(world, sheets[i].keys);
		screen_wait(world, sheets[i].sign);
		screen_type(world, "\x1b");
		screen_wait_gone(world, "[ Cancel ]");
	}
	screen_type(world, "*d");
	screen_wait(world, "type 4 to go on");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "[ Cancel ]");
	screen_type(world, "\x1b"); /* the marks */
	screen_finish(world);
}

static void
a_small_sheet_scrolls_to_its_end(void **state)
{
	struct world *world = screen_open_live(&tiny);

	screen_type(world, "s");
	screen_wait(world, "switch over");
	screen_wait(world, "MED 100/200");
	screen_resize(world, 15, 60);
	screen_wait(world, "lines");
	screen_wait_gone(world, "Nothing is torn");
	for (int i = 0; i < 12; i++)
		screen_type(world, "j");
	screen_wait(world, "Nothing is torn");
	assert_true(screen_has(world, "[ Cancel ]"));
	screen_finish(world);
}

/* --- live
 * ----------------------------------------------------------------------------------------------------- */

static void
a_switchover_is_watched_step_by_step(void **state)
{
	struct world *world = screen_open_live(&small);
	struct model_store *store = world_store(world);

	world_hold(world, true);
	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	press(world, "switch over");
	screen_wait(world, "nothing has moved yet");
	world_move_step(store, &(struct world_step){"moving", 0, 0, 10, 0});
	screen_wait(world, "ours: ░░░");
	world_move_step(store, &(struct world_step){"ours_moved", 100, 0, 200, 0});
	screen_wait_row(world, "our traffic is on 2", "0 lost");
	screen_wait_row(world, "theirs: ░░░░", "0 %");
	world_move_step(store, &(struct world_step){"ours_moved", 100, 74, 900, 3});
	screen_wait_row(world, "theirs: ███████████████░░░░░", "74 %");
	screen_wait_row(world, "theirs:", "3 lost");
	screen_wait_row(world, "our traffic is on 2", "0 lost"); /* as it was then */
	world_move_step(store, &(struct world_step){"done", 100, 100, 1821, 3});
	screen_wait(world, "1 is idle. Moved in 814 ms, 3 of 1,824 packets lost.");
	screen_wait(world, "Lost: of what the other side sent to us");
	world_hold(world, false);
	screen_wait(world, "longest gap 11 ms");
	screen_wait_row(world, "z", "go back");
	screen_finish(world);
}

static void
losses_that_are_not_counted_are_not_claimed(void **state)
{
	struct world *world = screen_open_live(&small);

	world_hold(world, true);
	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	press(world, "switch over");
	screen_wait(world, "nothing has moved yet");
	world_move_step(world_store(world), &(struct world_step){"done", 100, 100, 1821, (unsigned)-1});
	screen_wait(world, "losses are not counted");
	assert_false(screen_has(world, " lost"));
	world_hold(world, false);
	screen_wait(world, "longest gap");
	screen_finish(world);
}

static void
from_the_sheet_it_is_confirmed_or_turned_back(void **state)
{
	struct world *world = screen_open_live(&small);
	struct model_store *store = world_store(world);

	world_hold(world, true);
	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "+");
	screen_wait(world, "within  30 s");
	press(world, "switch over");
	world_wait_command(world, "aws-paris aws-paris/2 30 done");
	world_move_step(store, &(struct world_step){"done", 100, 100, 500, 0});
	world_wait(store, "aws-paris", 30);
	screen_wait_row(world, "c confirm (", "z go back now");
	world_hold(world, false);
	screen_wait(world, "longest gap");
	screen_type(world, "z");
	world_wait_command(world, "aws-paris back done");
	screen_type(world, "c");
	world_wait_command(world, "aws-paris done");
	screen_finish(world);
}

static void
esc_leaves_it_going_on_and_the_answer_is_still_told(void **state)
{
	struct world *world = screen_open_live(&small);

	world_hold(world, true);
	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	press(world, "switch over");
	world_wait_command(world, "aws-paris aws-paris/2 done");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "nothing has moved yet");
	world_hold(world, false);
	screen_wait(world, "moved from aws-paris/1 to aws-paris/2 in 412 ms");
	screen_finish(world);
}

/* --- waiting for a confirmation
 * ------------------------------------------------------------------------------- */

static void
what_waits_is_seen_everywhere_and_confirmed_anywhere(void **state)
{
	struct world *world = screen_open_live(&wide);

	world_wait(world_store(world), "plant", 300);
	screen_wait_row(world, "plant", "goes back in");
	screen_wait(world, "! plant goes back in");
	screen_type(world, "4"); /* routes */
	screen_wait(world, "10.50.0.0/24");
	screen_wait(world, "! plant goes back in");
	screen_type(world, "c");
	world_wait_command(world, "plant done");
	world_wait(world_store(world), "plant", 0);
	screen_wait_gone(world, "goes back in");
	world_wait_for(world_store(world), "plant", 300, "drain of plant/1");
	screen_wait(world, "! drain of plant/1 goes back in");
	screen_type(world, "c");
	screen_wait(world, "confirm plant");
	screen_finish(world);
}

static void
of_two_that_wait_the_selected_one_is_confirmed(void **state)
{
	struct world *world = screen_open_live(&wide);

	world_wait(world_store(world), "plant", 300);
	world_wait(world_store(world), "aws-paris", 200);
	screen_wait(world, "and 1 more wait");
	screen_type(world, "c"); /* the overview's first row */
	world_wait_command(world, "aws-paris done");
	assert_int_equal(world_commands(world, "plant done"), 0);
	screen_finish(world);
}

/* --- several at once
 * ------------------------------------------------------------------------------------------ */

static void
several_dangerous_ones_need_their_number(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_type(world, "   ");
	screen_wait(world, "3 marked");
	screen_type(world, "d");
	screen_wait(world, "down: 3 marked");
	screen_wait_row(world, "aws-paris/1", "carries the traffic of aws-paris");
	screen_wait_row(world, "aws-paris/2", "carries no traffic now");
	screen_wait(world, "type 3 to go on");
	screen_type(world, "2\t\r"); /* the wrong number: nothing happens, and that is said */
	screen_wait(world, "[ down 3 ]");
	screen_wait(world, "that is not it: type 3 to go on: 2");
	world_turn(world);
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 0);
	screen_type(world, "\x7f"
			   "3\r");
	screen_wait(world, "3 of 3 done");
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 1);
	assert_int_equal(world_commands(world, "aws-paris/2 done"), 1);
	assert_int_equal(world_commands(world, "plant/1 done"), 1);
	screen_wait_row(world, "aws-paris/2", "asked");
	screen_finish(world);
}

static void
the_first_failure_stops_the_rest_or_does_not(void **state)
{
	for (int go_on = 0; go_on < 2; go_on++) {
		struct world *world = screen_open_live(&wide);

		world_fail_at(world, "aws-paris/2");
		screen_type(world, "2");
		screen_wait(world, "4 tunnels");
		screen_type(world, "   ");
		screen_wait(world, "3 marked");
		screen_type(world, "r");
		screen_wait(world, "At the first failure: stop.");
		if (go_on) {
			screen_type(world, "\x06");
			screen_wait(world, "go on with the rest");
		}
		screen_type(world, "\r");
		screen_wait(world, go_on ? "2 of 3 done, 1 failed" : "1 of 3 done, 1 failed, 1 not sent");
		screen_wait_row(world, "aws-paris/2", "in the middle of a rekey");
		assert_int_equal(world_commands(world, "plant/1 done"), go_on);
		screen_finish(world);
	}
}

static void
what_the_dry_run_refuses_is_left_out(void **state)
{
	struct world *world = screen_open_live(&wide);

	world_fail_at(world, "aws-paris/2");
	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	screen_type(world, "   ");
	screen_wait(world, "3 marked");
	screen_type(world, "D");
	screen_wait_row(world, "aws-paris/2", "in the middle of a rekey");
	screen_wait(world, "1 would be refused");
	screen_type(world, "2\t\r");
	screen_wait(world, "2 of 3 done, 1 refused before");
	assert_int_equal(world_commands(world, "aws-paris/2 done"), 0);
	screen_finish(world);
}

/* --- production, the guard
 * ------------------------------------------------------------------------------------ */

static void
on_production_the_gateways_name_must_be_typed(void **state)
{
	static const struct screen_options production = {
	    .rows = 24,
	    .cols = 80,
	    .settings = "sites: [{name: lyon, host: root@192.0.2.10, production: true}]\n"};
	struct world *world = screen_open_live(&production);

	screen_type(world, "jd");
	screen_wait(world, "type lyon to go on");
	screen_type(world, "lyom\t\r");
	screen_wait(world, "[ down ]");
	screen_type(world, "\r");
	world_turn(world);
	assert_int_equal(world_commands(world, "aws-paris/1 done"), 0);
	screen_type(world, "\x7fn\r");
	world_wait_command(world, "aws-paris/1 done");
	screen_wait(world, "down aws-paris/1: asked");
	screen_type(world, "r"); /* harmless: at once */
	screen_wait(world, "rekey aws-paris/1: asked");
	screen_finish(world);
}

static void
what_cuts_ones_own_way_is_asked_a_second_time(void **state)
{
	struct world *world = screen_open_live(&small);

	world_guard(world, true);
	screen_type(world, "jd");
	screen_wait(world, "carries the traffic of");
	press(world, "down");
	screen_wait(world, "This would cut your own way");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\r"); /* the focus is on Cancel */
	screen_wait_gone(world, "your own way");
	assert_int_equal(world_commands(world, "aws-paris/1 force done"), 0);
	screen_type(world, "d");
	screen_wait(world, "carries the traffic of");
	press(world, "down");
	screen_wait(world, "This would cut your own way");
	press(world, "down all the same");
	world_wait_command(world, "aws-paris/1 force done");
	screen_finish(world);
}

static void
a_dry_run_that_force_would_overcome_asks_twice_too(void **state)
{
	struct world *world = screen_open_live(&small);

	world_guard(world, true);
	screen_type(world, ":drill aws-paris\r");
	screen_wait(world, "(from 192.0.2.7)");
	press(world, "force …");
	screen_wait(world, "This would cut your own way");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	press(world, "drill all the same");
	world_wait_command(world, "aws-paris force done");
	screen_finish(world);
}

/* --- the gateway goes
 * ----------------------------------------------------------------------------------------- */

static void
without_a_gateway_the_button_is_off(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "\t");
	screen_wait(world, "[ switch over ]");
	world_stop_serving(world);
	screen_wait(world, "The gateway is gone");
	screen_type(world, "\r");
	screen_wait(world, "[ switch over ]");
	world_serve(world);
	screen_wait_gone(world, "The gateway is gone");
	screen_wait(world, "MED 100/200 becomes");
	assert_int_equal(world_commands(world, "aws-paris aws-paris/2 done"), 0); /* the key was not kept */
	assert_int_equal(world_commands(world, "aws-paris dry"), 1);
	assert_int_equal(world_commands(world, "aws-paris aws-paris/2 dry"), 1); /* and it was asked anew */
	screen_finish(world);
}

/* The first question is answered, the next one waits. */
struct questions {
	size_t came, sent;
	struct control_request *waits;
};

static void
on_switchover(void *context, struct control_request *request)
{
	struct questions *questions = context;

	if (!control_request_flag(request, "dry_run"))
		questions->sent++;
	else if (questions->came++ > 0) {
		questions->waits = request;
		return;
	}
	control_request_done(request, world_plan(false), "asked");
}

static void
an_answer_from_before_the_gateway_went_does_not_count(void **state)
{
	struct world *world = screen_open_live(&small);
	struct questions questions = {0};
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;

	world_handle(world, "switchover", on_switchover, &questions);
	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_type(world, "\t");
	screen_wait(world, "[ switch over ]");
	world_stop_serving(world);
	screen_wait(world, "The gateway is gone");
	world_serve(world);
	while (questions.waits == NULL && clock_monotonic() < end)
		world_turn(world);
	assert_non_null(questions.waits);
	screen_wait(world, "asking the gateway what would happen");
	screen_wait(world, "[ Close ]");
	control_request_done(questions.waits, world_plan(false), "asked again");
	screen_wait(world, "[ Cancel ]    switch over");
	screen_type(world, "\r");
	screen_wait_gone(world, "Cancel");
	assert_int_equal(questions.sent, 0);
	screen_finish(world);
}

/* Of aws-paris traffic goes by the other tunnel now, by itself. */
static void
fail_over(struct world *world, int to)
{
	for (int i = 1; i <= 2; i++) {
		struct model_tunnel *tunnel =
		    world_take(world, MODEL_KIND_TUNNEL, i == 1 ? "aws-paris/1" : "aws-paris/2");

		tunnel->active = i == to;
		world_put(world, MODEL_KIND_TUNNEL, tunnel);
	}
}

static void
a_switchover_goes_where_it_said_whatever_has_moved_meanwhile(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, "s");
	screen_wait(world, "Switch aws-paris from span 1 to span 2");
	screen_wait(world, "MED 100/200 becomes");
	fail_over(world, 2);
	screen_wait_row(world, "═2═", "carries now");
	screen_wait(world, "Switch aws-paris from span 1 to span 2");
	screen_wait(world, "2 preferred for 12 prefixes");
	press(world, "switch over");
	world_wait_command(world, "aws-paris aws-paris/2 done"); /* and not back to 1 */
	screen_finish(world);
}

static void
of_several_switchovers_each_goes_where_it_said(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "*s");
	screen_wait(world, "switch over: 2 marked");
	screen_wait_row(world, "plant", "12 prefixes move");
	screen_type(world, "2\t");
	screen_wait(world, "[ switch over 2 ]");
	fail_over(world, 2);
	screen_type(world, "\r");
	world_wait_command(world, "aws-paris aws-paris/2 done");
	screen_finish(world);
}

static void
a_drill_of_another_tunnel_than_was_asked_about_is_asked_about_anew(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":drill aws-paris\r");
	screen_wait(world, "Drill of aws-paris: span 1 is taken away");
	screen_wait(world, "2 takes over for 12 prefixes");
	screen_type(world, "\t");
	screen_wait(world, "[ drill ]");
	fail_over(world, 2);
	screen_wait(world, "Drill of aws-paris: span 2 is taken away");
	screen_wait(world, "[ Cancel ]    drill");
	assert_int_equal(world_commands(world, "aws-paris dry"), 2);
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	screen_finish(world);
}

static void
what_would_be_forced_is_asked_anew_when_the_gateway_is_back(void **state)
{
	struct world *world = screen_open_live(&small);

	world_guard(world, true);
	screen_type(world, "jd");
	screen_wait(world, "carries the traffic of");
	press(world, "down");
	screen_wait(world, "This would cut your own way");
	screen_type(world, "\t");
	screen_wait(world, "[ down all the same ]");
	world_stop_serving(world);
	screen_wait(world, "The gateway is gone");
	world_serve(world);
	screen_wait_gone(world, "This would cut your own way");
	screen_wait(world, "carries the traffic of");
	screen_wait(world, "[ Cancel ]    down");
	press(world, "down");
	screen_wait(world, "This would cut your own way");
	assert_int_equal(world_commands(world, "aws-paris/1 force done"), 0);
	screen_finish(world);
}

static void
a_resize_keeps_the_sheet_whole(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_resize(world, 15, 60);
	screen_wait(world, "[ Cancel ]");
	screen_wait(world, "lines");
	screen_resize(world, 36, 120);
	screen_wait(world, "Nothing is torn down");
	screen_wait(world, "[ Cancel ]");
	screen_finish(world);
}

static void
a_late_answer_is_not_taken_for_another_sheets(void **state)
{
	struct world *world = screen_open_live(&small);

	world_hold(world, true);
	screen_type(world, "jd");
	screen_wait(world, "carries the traffic of");
	press(world, "down");
	world_wait_command(world, "aws-paris/1 done");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "waiting for the gateway's answer");
	screen_type(world, "x");
	screen_wait(world, "12 prefixes accepted");
	world_hold(world, false);
	screen_wait(world, "down aws-paris/1: asked");
	assert_true(screen_has(world, "12 prefixes accepted"));
	screen_finish(world);
}

static void
the_gateways_end_says_what_goes_with_it(void **state)
{
	struct world *world = screen_open_live(&small);

	screen_type(world, ":stop\r");
	screen_wait(world, "has to be started again on its machine: 3 tunnels");
	screen_wait(world, "Peers are told, and its routes go");
	screen_wait(world, "[ Cancel ]");
	screen_type(world, "\x1b");
	screen_wait_gone(world, "[ Cancel ]");
	screen_type(world, ":stop --keep-routes\r");
	screen_wait(world, "stay for a start within");
	screen_type(world, "\r"); /* Cancel is in focus */
	screen_wait_gone(world, "[ Cancel ]");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_gateways_end_says_what_goes_with_it),
	  cmocka_unit_test(both_spans_stand_side_by_side_with_what_moves),
	  cmocka_unit_test(evidence_that_is_longer_than_a_screen_is_cut),
	  cmocka_unit_test(the_time_to_go_back_is_chosen_by_keys),
	  cmocka_unit_test(whoever_comes_by_it_is_given_a_minute),
	  cmocka_unit_test(a_drain_and_a_down_can_go_back_by_themselves_too),
	  cmocka_unit_test(every_sheet_is_whole_at_60x20), cmocka_unit_test(a_small_sheet_scrolls_to_its_end),
	  cmocka_unit_test(a_switchover_is_watched_step_by_step),
	  cmocka_unit_test(losses_that_are_not_counted_are_not_claimed),
	  cmocka_unit_test(from_the_sheet_it_is_confirmed_or_turned_back),
	  cmocka_unit_test(esc_leaves_it_going_on_and_the_answer_is_still_told),
	  cmocka_unit_test(what_waits_is_seen_everywhere_and_confirmed_anywhere),
	  cmocka_unit_test(of_two_that_wait_the_selected_one_is_confirmed),
	  cmocka_unit_test(several_dangerous_ones_need_their_number),
	  cmocka_unit_test(the_first_failure_stops_the_rest_or_does_not),
	  cmocka_unit_test(what_the_dry_run_refuses_is_left_out),
	  cmocka_unit_test(on_production_the_gateways_name_must_be_typed),
	  cmocka_unit_test(what_cuts_ones_own_way_is_asked_a_second_time),
	  cmocka_unit_test(a_dry_run_that_force_would_overcome_asks_twice_too),
	  cmocka_unit_test(without_a_gateway_the_button_is_off),
	  cmocka_unit_test(an_answer_from_before_the_gateway_went_does_not_count),
	  cmocka_unit_test(a_switchover_goes_where_it_said_whatever_has_moved_meanwhile),
	  cmocka_unit_test(of_several_switchovers_each_goes_where_it_said),
	  cmocka_unit_test(a_drill_of_another_tunnel_than_was_asked_about_is_asked_about_anew),
	  cmocka_unit_test(what_would_be_forced_is_asked_anew_when_the_gateway_is_back),
	  cmocka_unit_test(a_resize_keeps_the_sheet_whole),
	  cmocka_unit_test(a_late_answer_is_not_taken_for_another_sheets))
