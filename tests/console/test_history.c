// SPDX-License-Identifier: GPL-2.0-or-later
/* Graphs of what was before the console was opened, as the gateway remembers it. */
#include "tests/console/harness.h"

#include "core/model/history.h"

static const struct screen_options usual = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120},
				   huge = {.rows = 50, .cols = 200};

#define HOUR 3600

/* aws-paris/1 had 10 Mb/s yesterday, 40 Mb/s until four minutes ago, then 80 Mb/s; in between the gateway
 * could not tell for half a minute. */
static uint64_t
rate_of(int ago)
{
	return ago > 3 * HOUR ? 10000000 : ago > 240 ? 40000000 : 80000000;
}

static void
set_rate(struct model_store *store, uint64_t rate)
{
	struct model_tunnel *tunnel = model_row_new(MODEL_KIND_TUNNEL);

	model_set(&tunnel->name, "aws-paris/1");
	tunnel->rx_bps = rate;
	tunnel->tx_bps = rate / 10;
	tunnel->rtt_ms = 11.2;
	tunnel->loss_percent = 0;
	model_store_put(store, MODEL_KIND_TUNNEL, tunnel);
	model_row_free(MODEL_KIND_TUNNEL, tunnel);
}

/* A gateway's history of more than a day. */
static struct history *
remember(void)
{
	struct model_store *store = model_store_new();
	struct history *history = history_new();
	usec_t monotonic = clock_monotonic() + 30 * HOUR * USEC_PER_SEC, wall = clock_wall();

	for (int ago = 26 * HOUR; ago >= 0; ago -= ago > 300 ? 2 : 1) {
		if (ago < 130 && ago > 100)
			continue;
		set_rate(store, rate_of(ago));
		history_sample(history, store, monotonic - ago * USEC_PER_SEC, wall - ago * USEC_PER_SEC);
	}
	model_store_free(store);
	return history;
}

static struct world *
open_remembering(const struct screen_options *options, struct history **history)
{
	struct world *world = world_new();

	*history = remember();
	history_provide(*history, world_store(world));
	screen_open(world, options);
	screen_wait(world, "● live");
	return world;
}

static void
close_remembering(struct world *world, struct history *history)
{
	screen_finish(world);
	history_free(history);
}

static void
the_first_screen_has_graphs_of_what_was_before(void **state)
{
	struct history *history;
	struct world *world = open_remembering(&wide, &history);

	(void)state;
	screen_wait_row(world, "═1═", "⣿⣿⣿⣿⣿");
	screen_wait_row(world, "Tunnel", "Last 3 min");
	close_remembering(world, history);
}

/* What nobody knows is a gap, not a zero. */
static void
a_detail_shows_four_minutes_three_hours_and_a_day(void **state)
{
	struct history *history;
	struct world *world = open_remembering(&huge, &history);

	(void)state;
	screen_type(world, "2\r");
	screen_wait(world, "tunnel → ");
	screen_wait_row(world, "4 min ago", "now");
	screen_wait(world, "min 80.0");
	assert_true(screen_has(world, "⢀⢀"));
	screen_type(world, "t");
	screen_wait_row(world, "3 h ago", "now");
	screen_wait(world, "graphs reach back up to 3 h");
	screen_wait(world, "min 40.0");
	screen_type(world, "t");
	screen_wait_row(world, "24 h ago", "now");
	screen_wait(world, "min 10.0");
	screen_type(world, "t");
	screen_wait_row(world, "4 min ago", "now");
	screen_wait(world, "min 80.0");
	screen_type(world, ":span day\r");
	screen_wait_row(world, "24 h ago", "now");
	screen_type(world, ":span week\r");
	screen_wait(world, "a span is minutes, hours or day, not 'week'");
	close_remembering(world, history);
}

static void
a_connection_and_a_small_screen_show_it_too(void **state)
{
	struct history *history;
	struct world *world = open_remembering(&usual, &history);

	(void)state;
	screen_type(world, "\r");
	screen_wait(world, "connection → aws-paris");
	screen_wait(world, "80.0");
	screen_type(world, "t");
	screen_wait_row(world, "3 h ago", "now");
	screen_wait(world, "40.0");
	close_remembering(world, history);
}

/* The same screen once more: while the link was down the gateway saw what the console did not. */
static void
after_a_loss_the_gateway_is_asked_anew(void **state)
{
	struct history *history = remember();
	struct world *world = screen_open_live(&huge);

	(void)state;
	screen_type(world, "2\r");
	screen_wait(world, "min 88.1  avg 88.1");
	world_stop_serving(world);
	screen_wait(world, "STALE");
	history_provide(history, world_store(world));
	world_serve(world);
	screen_wait(world, "min 80.0");
	close_remembering(world, history);
}

static void
one_printed_look_has_it(void **state)
{
	static const struct console_once once = {.panel = "overview"};
	static const struct screen_options options = {.rows = 60, .cols = 120, .once = &once};
	struct history *history = remember();
	struct world *world = world_new();

	(void)state;
	history_provide(history, world_store(world));
	screen_open(world, &options);
	assert_int_equal(screen_exit(world), 0);
	screen_wait_row(world, "═1═", "⣿⣿⣿⣿⣿");
	screen_close(world);
	world_free(world);
	history_free(history);
}

TEST_MAIN(cmocka_unit_test(the_first_screen_has_graphs_of_what_was_before),
	  cmocka_unit_test(a_detail_shows_four_minutes_three_hours_and_a_day),
	  cmocka_unit_test(a_connection_and_a_small_screen_show_it_too),
	  cmocka_unit_test(after_a_loss_the_gateway_is_asked_anew), cmocka_unit_test(one_printed_look_has_it))
