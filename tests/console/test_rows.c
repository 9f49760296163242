// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows that stay on the gateway: whoever looks wherever, and whenever answers come, the row that is given for
 * a number is the row of that number. A viewer walks about at random, between turns of the loop that bring an
 * answer or not, and the seconds after which what is looked at is asked for again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/console/harness_internal.h"
#include "tests/console/world.h"
#include "tui/widgets/rows.h"

#define MANY 5000
#define PAGE 18

struct viewer {
	struct world *world;
	struct control_client *client;
	struct rows *rows;
	size_t top, seen, every;
};

static void
on_arrived(void *context)
{
	(void)context; /* it looks when it likes to */
}

static void
viewer_open(struct viewer *v)
{
	struct control_client_options options = {.reconnect = true};
	usec_t end = clock_monotonic() + PATIENCE;

	*v = (struct viewer){.every = 1};
	world_routes = MANY;
	v->world = world_new();
	options.socket = v->world->socket;
	v->client = control_client_open(&v->world->loop, &options, NULL);
	assert_non_null(v->client);
	while (control_client_state(v->client) != CONTROL_LIVE && clock_monotonic() < end)
		world_turn(v->world);
	v->rows = rows_paged(v->client, MODEL_KIND_ROUTE, on_arrived, v);
}

static void
viewer_close(struct viewer *v)
{
	v->rows->ops->close(v->rows);
	control_client_close(v->client);
	world_free(v->world);
	world_routes = 1000;
}

static void
take_moved(struct viewer *v)
{
	ptrdiff_t moved = v->rows->moved;

	v->rows->moved = 0;
	v->top = moved < 0 && v->top < (size_t)-moved ? 0 : v->top + (size_t)moved;
}

/* Draws: as a table does, it tells what it looks at and then takes each row. Of those that match the filter
 * each is the `every`th of all. */
static void
look(struct viewer *v)
{
	size_t count, before = SIZE_MAX;

	v->rows->ops->refresh(v->rows);
	take_moved(v);
	count = v->rows->ops->count(v->rows);
	if (v->top >= count)
		v->top = count > 0 ? count - 1 : 0;
	v->rows->ops->looked_at(v->rows, v->top, PAGE);
	for (size_t i = v->top; i < v->top + PAGE && i < count; i++) {
		const struct model_route *route = v->rows->ops->at(v->rows, i);
		size_t number = route != NULL ? world_route(route->prefix) : SIZE_MAX;

		if (route != NULL && v->rows->ops->placed(v->rows) && number != i * v->every)
			fail_msg("row %zu is that of %s, which is row %zu", i, route->prefix,
				 number / v->every);
		if (route != NULL && before != SIZE_MAX && number != before + v->every)
			fail_msg("route %zu stands behind %zu", number, before);
		before = number;
		v->seen += route != NULL;
	}
}

static void
look_at(struct viewer *v, size_t top)
{
	usec_t end = clock_monotonic() + PATIENCE;

	v->top = top;
	look(v);
	while (v->rows->ops->at(v->rows, top) == NULL && clock_monotonic() < end) {
		world_turn(v->world);
		look(v);
	}
	assert_int_equal(v->top, top);
}

/* All that was asked for has come. */
static void
settle(struct viewer *v)
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (control_client_unanswered(v->client) > 0 && clock_monotonic() < end)
		world_turn(v->world);
	assert_int_equal(control_client_unanswered(v->client), 0);
}

/* Two seconds: what is looked at is asked for again. */
static void
let_time_pass(struct viewer *v)
{
	v->rows->ops->tick(v->rows);
	v->rows->ops->tick(v->rows);
}

static void
asking_again_at_the_windows_edge_leaves_each_row_its_number(void **state)
{
	struct viewer v;

	viewer_open(&v);
	for (size_t top = 0; top < 1500; top += 50) /* until the first rows are no longer here */
		look_at(&v, top);
	for (size_t top = 700; top > 400; top--) {
		v.rows->ops->looked_at(v.rows, top, PAGE);
		let_time_pass(&v);
		settle(&v);
		look_at(&v, top + 50); /* where nothing has to be asked for before */
	}
	viewer_close(&v);
}

static void
walk(struct viewer *v)
{
	static const size_t steps[] = {1, PAGE - 1, 97, 700, 2000};
	size_t step = steps[(size_t)rand() % COUNT_OF(steps)], count = v->rows->ops->count(v->rows);

	switch (rand() % 40) {
	case 0:
		v->rows->ops->end(v->rows);
		v->top = count > PAGE ? count - PAGE : 0;
		break;
	case 1:
		v->top = 0;
		break;
	default:
		if (rand() % 2 == 0)
			v->top = v->top + step < count ? v->top + step : v->top;
		else
			v->top = v->top > step ? v->top - step : 0;
	}
}

static void
walk_about(struct viewer *v, unsigned seed)
{
	srand(seed);
	for (int i = 0; i < 400; i++) {
		switch (rand() % 4) {
		case 0:
			walk(v);
			break;
		case 1:
			look(v);
			break;
		case 2:
			let_time_pass(v);
			break;
		default:
			world_turn_at_once(v->world);
		}
	}
}

static void
whoever_walks_about_finds_each_row_at_its_number(void **state)
{
	struct viewer v;

	viewer_open(&v);
	for (unsigned seed = 1; seed <= 20; seed++)
		walk_about(&v, seed);
	assert_in_range(v.seen, 5000, SIZE_MAX);
	viewer_close(&v);
}

static void
those_that_match_a_filter_stand_in_their_order(void **state)
{
	struct viewer v;

	viewer_open(&v);
	v.rows->ops->filter(v.rows, "best:yes", model_filter_parse("best:yes", NULL));
	v.every = 2;
	for (unsigned seed = 1; seed <= 20; seed++)
		walk_about(&v, seed);
	assert_in_range(v.seen, 5000, SIZE_MAX);
	viewer_close(&v);
}

TEST_MAIN(cmocka_unit_test(asking_again_at_the_windows_edge_leaves_each_row_its_number),
	  cmocka_unit_test(whoever_walks_about_finds_each_row_at_its_number),
	  cmocka_unit_test(those_that_match_a_filter_stand_in_their_order))
