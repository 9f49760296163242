// SPDX-License-Identifier: GPL-2.0-or-later
/* The mouse: asked for, let go, and where a click goes. */
#include <signal.h>

#include "tests/console/harness.h"

#define MOUSE_ON "\x1b[?1000h\x1b[?1006h"
#define MOUSE_OFF "\x1b[?1006l\x1b[?1000l"
#define LEAVE "\x1b[?1049l" /* rmcup: back to the shell's screen */

static const struct screen_options small = {.rows = 24, .cols = 80};

/* The button goes down on a place that counts from 1, as terminals do. */
static void
click(struct world *world, int row, int col)
{
	char report[64];

	snprintf(report, sizeof(report), "\x1b[<0;%d;%dM\x1b[<0;%d;%dm", col, row, col, row);
	screen_type(world, report);
}

static void
the_mouse_is_off_until_it_is_asked_for(void **state)
{
	struct world *world = screen_open_live(&small);

	assert_false(screen_wrote(world, "1000h"));
	screen_type(world, "m");
	screen_wait(world, "Shift selects text");
	screen_wait_row(world, "lyon", "mouse");
	assert_true(screen_wrote(world, MOUSE_ON));
	screen_type(world, "m");
	screen_wait(world, "mouse off");
	assert_true(screen_wrote(world, MOUSE_OFF));
	screen_finish(world);
}

static void
clicks_choose_tabs_rows_and_keys(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});

	click(world, 2, 13); /* Tunnels */
	screen_wait(world, "4 tunnels");
	click(world, 6, 20); /* the third row */
	screen_wait_row(world, "▸", "plant/1");
	click(world, 4, 20);
	screen_wait_row(world, "▸", "aws-paris/1");
	click(world, 20, 20); /* below the last row: nothing */
	screen_type(world, "j");
	screen_wait_row(world, "▸", "aws-paris/2");
	screen_type(world, "k");
	screen_wait_row(world, "▸", "aws-paris/1");
	screen_type(world, "\x1b[<65;20;5M"); /* the wheel */
	screen_wait_row(world, "▸", "plant/2");
	screen_type(world, "\x1b[<64;20;5M");
	screen_wait_row(world, "▸", "aws-paris/1");
	click(world, 5, 20);
	click(world, 5, 20);
	screen_wait(world, "tunnel → ");
	screen_wait(world, "aws-paris/2");
	screen_type(world, "\x1b");
	screen_wait(world, "4 tunnels");
	click(world, 24, 2); /* "s switch over" */
	screen_wait(world, "[ Cancel ]");
	screen_finish(world);
}

static void
in_the_overview_graphs_belong_to_their_connection(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});

	screen_wait(world, "4 min ago");
	click(world, 7, 20);
	screen_wait_row(world, "▸", "aws-paris/2");
	click(world, 9, 20); /* the graph under it */
	screen_wait_row(world, "▸", "aws-paris/2");
	click(world, 23, 20); /* an event */
	click(world, 24, 77); /* "q leave", and its end */
	assert_int_equal(screen_exit(world), 0);
	screen_finish(world);
}

static void
a_dangerous_button_takes_two_clicks(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	int row, col;

	screen_type(world, "s");
	screen_wait(world, "MED 100/200 becomes");
	screen_wait(world, "switch over  ");
	assert_true(screen_find(world, "[ Cancel ]", &row, &col));
	click(world, row + 1, col + 16);
	screen_wait(world, "[ switch over ]");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	click(world, row + 1, col + 3); /* Cancel cancels at once */
	screen_wait_gone(world, "switch over ]");
	assert_int_equal(world_commands(world, "aws-paris done"), 0);
	screen_finish(world);
}

static void
the_mouse_is_let_go_at_the_end_whatever_it_is(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .settings = "mouse: yes\n"});

	assert_true(screen_wrote(world, MOUSE_ON));
	assert_false(screen_wrote(world, MOUSE_OFF));
	screen_type(world, "q");
	assert_int_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, MOUSE_OFF));
	screen_close(world);
	screen_open(world, &(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	screen_wait(world, "● live");
	screen_signal(world, SIGSEGV);
	assert_int_not_equal(screen_exit(world), 0);
	assert_true(screen_wrote(world, MOUSE_OFF));
	assert_true(screen_wrote(world, LEAVE));
	screen_finish(world);
}

static void
a_suspended_console_lets_the_mouse_go_and_takes_it_again(void **state)
{
	struct world *world =
	    screen_open_live(&(struct screen_options){.rows = 24, .cols = 80, .mouse = true});
	usec_t end = clock_monotonic() + 30 * USEC_PER_SEC;
	size_t before;

	screen_type(world, "\x1a");
	while (!(screen_wrote(world, LEAVE) && screen_wrote(world, MOUSE_OFF)) && clock_monotonic() < end)
		world_turn(world);
	assert_true(screen_wrote(world, MOUSE_OFF));
	before = screen_bytes(world);
	while (screen_bytes(world) < before + 500 && clock_monotonic() < end) {
		screen_signal(world, SIGCONT); /* one that comes before it has stopped is lost */
		world_turn_for(world, 100 * USEC_PER_MS);
	}
	click(world, 2, 13);
	screen_wait(world, "4 tunnels");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_mouse_is_off_until_it_is_asked_for),
	  cmocka_unit_test(clicks_choose_tabs_rows_and_keys),
	  cmocka_unit_test(in_the_overview_graphs_belong_to_their_connection),
	  cmocka_unit_test(a_dangerous_button_takes_two_clicks),
	  cmocka_unit_test(the_mouse_is_let_go_at_the_end_whatever_it_is),
	  cmocka_unit_test(a_suspended_console_lets_the_mouse_go_and_takes_it_again))
