// SPDX-License-Identifier: GPL-2.0-or-later
/* What the console costs: bytes on the line, and time behind a key. */
#include "tests/console/harness.h"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

static void
set_rtt(struct world *world, const char *name, double rtt)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, name);

	t->rtt_ms = rtt;
	world_put(world, MODEL_KIND_TUNNEL, t);
}

/* The time of day in the header, in seconds. */
static unsigned
shown_time(struct world *world)
{
	unsigned hours, minutes, seconds;
	char text[1024];

	screen_row(world, 0, text, sizeof(text));
	for (const char *at = text; (at = strchr(at, ':')) != NULL; at++) {
		if (at - text >= 2 && sscanf(at - 2, "%2u:%2u:%2u", &hours, &minutes, &seconds) == 3)
			return (hours * 60 + minutes) * 60 + seconds;
	}
	fail_msg("there is no time in '%s'", text);
	return 0;
}

static unsigned
shown_since(struct world *world, unsigned from)
{
	return (shown_time(world) + 24 * 3600 - from) % (24 * 3600);
}

/* What some seconds cost in which nothing happens, on the average, and by the console's own clock: on a busy
 * machine it may leave one out and draws two at once, but it draws no more for that. */
static size_t
idle_bytes(struct world *world, unsigned seconds)
{
	usec_t end = clock_monotonic() + 60 * USEC_PER_SEC;
	unsigned from = shown_time(world), passed = 0;
	size_t before;

	while (shown_since(world, from) == 0 && clock_monotonic() < end)
		world_turn(world);
	from = shown_time(world);
	before = screen_bytes(world);
	while (passed < seconds && clock_monotonic() < end) {
		world_turn(world);
		passed = shown_since(world, from);
	}
	if (passed < seconds)
		fail_msg("the console's clock stands still");
	return (screen_bytes(world) - before) / passed;
}

static void
an_idle_screen_costs_few_bytes(void **state)
{
	static const struct {
		struct screen_options options;
		size_t overview, table; /* bytes at most; a screen drawn anew would be thousands */
	} all[] = {{{.rows = 24, .cols = 80}, 200, 120},
		   {{.rows = 36, .cols = 120}, 700, 120},
		   {{.rows = 50, .cols = 200, .colorterm = "truecolor"}, 2000, 150}};
	struct world *world = world_new();

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		size_t bytes;

		screen_open_until_live(world, &all[i].options);
		bytes = idle_bytes(world, 6); /* its charts move every few seconds */
		print_message("# overview at %dx%d: %zu bytes a second\n", all[i].options.cols,
			      all[i].options.rows, bytes);
		assert_in_range(bytes, 1, all[i].overview);
		screen_type(world, "3");
		screen_wait(world, "3 peers");
		bytes = idle_bytes(world, 3);
		print_message("# idle at %dx%d: %zu bytes a second\n", all[i].options.cols,
			      all[i].options.rows, bytes);
		assert_in_range(bytes, 1, all[i].table);
		screen_close(world);
	}
	world_free(world);
}

static void
a_changed_number_costs_few_bytes(void **state)
{
	struct world *world = screen_open_live(&wide);
	size_t least = SIZE_MAX;

	screen_type(world, "2");
	screen_wait(world, "4 tunnels");
	for (int i = 0; i < 5; i++) {
		size_t before;
		char text[16];

		while (clock_wall() % USEC_PER_SEC > 500 * USEC_PER_MS)
			world_turn_for(world, 10 * USEC_PER_MS);
		before = screen_bytes(world);
		snprintf(text, sizeof(text), "1%d.5 ms", i + 2);
		set_rtt(world, "aws-paris/1", 12.5 + i);
		screen_wait(world, text);
		least = screen_bytes(world) - before < least ? screen_bytes(world) - before : least;
	}
	print_message("# one changed number: %zu bytes\n", least);
	assert_in_range(least, 1, 64);
	screen_finish(world);
}

static void
escape_acts_within_its_delay(void **state)
{
	struct world *world = screen_open_live(&small);
	usec_t least = USEC_PER_SEC, start;

	for (int i = 0; i < 5; i++) {
		screen_type(world, "?");
		screen_wait(world, "Keys in Overview");
		start = clock_monotonic();
		screen_type(world, "\x1b");
		screen_wait_gone(world, "Keys in Overview");
		least = clock_monotonic() - start < least ? clock_monotonic() - start : least;
	}
	/* screen_type itself waits 60 ms for it; ncurses' own delay would be a second */
	assert_in_range(least, 0, 500 * USEC_PER_MS);
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(an_idle_screen_costs_few_bytes),
	  cmocka_unit_test(a_changed_number_costs_few_bytes), cmocka_unit_test(escape_acts_within_its_delay))
