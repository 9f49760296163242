// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One sheet for both ends of a connection: two gateways in this process, the console's own and a site's, each
 * with a store that mirrors the other's. The parts of a console that such a sheet needs are here, without a
 * terminal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/console/harness_internal.h"
#include "tests/console/world.h"
#include "tui/app.h"
#include "tui/sites/both.h"
#include "tui/sites/fleet.h"

/* --- the way to the other gateway: its socket -------------------------------------------------- */

static char far_socket[100];

struct way {
	uv_timer_t soon;
	struct control_transport_events events;
};

static void
on_soon(uv_timer_t *timer)
{
	struct way *way = timer->data;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", far_socket);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		way->events.opened(way->events.context, fd);
		return;
	}
	close(fd);
	way->events.failed(way->events.context, "nobody answers", false);
}

static void *
way_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	struct way *way = memory_zeroed(1, sizeof(*way));

	(void)context;
	way->events = *events;
	uv_timer_init(loop, &way->soon);
	way->soon.data = way;
	uv_timer_start(&way->soon, on_soon, 0, 0);
	return way;
}

static const char *
way_why(void *attempt, bool *lasting)
{
	(void)attempt;
	(void)lasting;
	return NULL;
}

static const char *
way_key(void *attempt)
{
	(void)attempt;
	return NULL;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
way_close(void *attempt)
{
	uv_close((uv_handle_t *)&((struct way *)attempt)->soon, on_closed);
}

static const struct control_transport *
way_to(const char *site)
{
	static const struct control_transport way = {
	    .open = way_open, .why = way_why, .key = way_key, .close = way_close};

	(void)site;
	return &way;
}

/* --- both ends --------------------------------------------------------------------------------- */

struct ends {
	struct world *near;
	struct model_store *far;
	struct control_server *server;
	size_t far_done;
	struct app app;
	struct settings_site site;
};

static void
swap(char **a, char **b)
{
	char *kept = *a;

	*a = *b;
	*b = kept;
}

/* The far gateway sees each tunnel from the other side. */
static void
mirror(struct model_store *store)
{
	const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;

	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_TUNNEL); i++) {
		struct model_tunnel *row = model_row_new(MODEL_KIND_TUNNEL);

		model_row_clear(shape, row);
		model_row_copy(shape, row, model_store_at(store, MODEL_KIND_TUNNEL, i));
		swap(&row->local, &row->remote);
		swap(&row->inside_local, &row->inside_remote);
		swap(&row->spi_in, &row->spi_out);
		model_store_put(store, MODEL_KIND_TUNNEL, row);
		model_row_free(MODEL_KIND_TUNNEL, row);
	}
}

static void
on_far(void *context, struct control_request *request)
{
	struct ends *ends = context;

	ends->far_done += !control_request_flag(request, "dry_run");
	control_request_done(request, world_plan(false), "the far end moves");
}

static void
serve_far(struct ends *ends)
{
	struct error err;

	ends->server = control_server_open(&ends->near->loop, far_socket, ends->far, &err);
	assert_non_null(ends->server);
	control_server_handle(ends->server, "switchover", on_far, ends);
}

static void
no_matter(void *context, size_t site)
{
	struct app *app = context;

	app->state = fleet_at(app->fleet, app->site)->state;
}

static void
turn_until(struct ends *ends, bool (*true_now)(struct ends *ends))
{
	usec_t end = clock_monotonic() + PATIENCE;

	while (!true_now(ends) && clock_monotonic() < end)
		world_turn(ends->near);
	assert_true(true_now(ends));
}

static bool
are_live(struct ends *ends)
{
	return fleet_at(ends->app.fleet, 0)->state == CONTROL_LIVE &&
	       fleet_at(ends->app.fleet, 1)->state == CONTROL_LIVE;
}

static bool
is_far_unsure(struct ends *ends)
{
	const struct model_tunnel *row =
	    model_store_get(fleet_at(ends->app.fleet, 1)->scene.store, MODEL_KIND_TUNNEL, "aws-paris/2");

	return row->spi_in == NULL;
}

static bool
is_far_gone(struct ends *ends)
{
	return fleet_at(ends->app.fleet, 1)->state != CONTROL_LIVE;
}

static void
ends_open(struct ends *ends)
{
	struct app *app = &ends->app;
	struct fleet_options options = {
	    .kinds = app_followed_kinds(),
	    .transport_to = way_to,
	    .callbacks = {.context = app, .state = no_matter},
	};
	struct error err;

	*ends = (struct ends){.near = world_new(), .far = model_store_new()};
	snprintf(far_socket, sizeof(far_socket), "%s/far.sock", world_folder(ends->near));
	world_fill(ends->far);
	mirror(ends->far);
	serve_far(ends);
	snprintf(ends->site.name, sizeof(ends->site.name), "hub");
	app->settings = (struct settings){.sites = &ends->site, .site_count = 1};
	app->frame_waits = true; /* nothing is drawn by itself */
	options.socket = ends->near->socket;
	app->fleet = fleet_new(&ends->near->loop, &app->settings, &options, &err);
	assert_non_null(app->fleet);
	fleet_begin(app->fleet);
	turn_until(ends, are_live);
	app->scene.store = fleet_at(app->fleet, 0)->scene.store;
	app->client = fleet_at(app->fleet, 0)->scene.client;
	app->state = CONTROL_LIVE;
}

static void
stop_far(struct ends *ends)
{
	control_server_close(ends->server);
	ends->server = NULL;
}

static void
ends_close(struct ends *ends)
{
	sheet_close(&ends->app);
	fleet_close(ends->app.fleet);
	if (ends->server != NULL)
		stop_far(ends);
	for (int i = 0; i < 20; i++)
		world_turn_at_once(ends->near);
	fleet_free(ends->app.fleet);
	canvas_free(&ends->app.canvas);
	world_free(ends->near);
	model_store_free(ends->far);
	unlink(far_socket);
}

/* What the sheet says. */
static bool
sheet_says(struct ends *ends, const char *text)
{
	struct canvas *canvas = &ends->app.canvas;
	struct area area;
	char row[1024];
	bool found = false;

	canvas_resize(canvas, 24, 100);
	area = canvas_area(canvas);
	if (ends->app.sheet == NULL)
		return false;
	sheet_draw(&ends->app, &area);
	for (int i = 0; i < canvas->rows; i++)
		found = found || strstr(canvas_row_text(canvas, i, row, sizeof(row)), text) != NULL;
	return found;
}

static bool
is_asked(struct ends *ends)
{
	return sheet_says(ends, "Both are asked at once.") && sheet_says(ends, "switch over 2");
}

static bool
is_over(struct ends *ends)
{
	return sheet_says(ends, "[ Close ]") && sheet_says(ends, " done") && !sheet_says(ends, "▸");
}

static void
ask_both(struct ends *ends)
{
	ends_open(ends);
	assert_true(both_command(&ends->app, "both-switchover", "aws-paris"));
	turn_until(ends, is_asked);
	sheet_key(&ends->app, '2');
	sheet_key(&ends->app, KEYS_TAB);
}

static void
both_ends_move_together(void **state)
{
	struct ends ends;

	(void)state;
	ask_both(&ends);
	sheet_key(&ends.app, KEYS_ENTER);
	turn_until(&ends, is_over);
	assert_true(sheet_says(&ends, "2 of 2 done"));
	assert_int_equal(world_commands(ends.near, "aws-paris aws-paris/2 done"), 1);
	assert_int_equal(ends.far_done, 1);
	ends_close(&ends);
}

static void
where_one_end_has_gone_neither_moves(void **state)
{
	struct ends ends;

	(void)state;
	ask_both(&ends);
	stop_far(&ends);
	turn_until(&ends, is_far_gone);
	sheet_key(&ends.app, KEYS_ENTER);
	turn_until(&ends, is_over);
	assert_true(sheet_says(&ends, "0 of 2 done, 1 failed, 1 not sent"));
	assert_true(sheet_says(&ends, "the site is not reached"));
	world_turn(ends.near);
	assert_int_equal(world_commands(ends.near, "aws-paris aws-paris/2 done"), 0);
	ends_close(&ends);
}

/* The same where the console is at the site, and the end that has gone is asked first. */
static void
whichever_end_has_gone(void **state)
{
	struct ends ends;

	(void)state;
	ends_open(&ends);
	ends.app.site = 1;
	ends.app.scene.store = fleet_at(ends.app.fleet, 1)->scene.store;
	ends.app.client = fleet_at(ends.app.fleet, 1)->scene.client;
	assert_true(both_command(&ends.app, "both-switchover", "aws-paris"));
	turn_until(&ends, is_asked);
	sheet_key(&ends.app, '2');
	sheet_key(&ends.app, KEYS_TAB);
	stop_far(&ends);
	turn_until(&ends, is_far_gone);
	sheet_key(&ends.app, KEYS_ENTER);
	turn_until(&ends, is_over);
	world_turn(ends.near);
	assert_int_equal(world_commands(ends.near, "aws-paris aws-paris/2 done"), 0);
	ends_close(&ends);
}

/* Inside addresses are private: two customers may well have the same. */
static void
what_may_be_the_far_end_is_not_taken_for_it(void **state)
{
	static const char *const names[] = {"aws-paris/1", "plant/1", "aws-paris/2"};
	struct ends ends;

	(void)state;
	ends_open(&ends);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct model_shape *shape = model_kind_info(MODEL_KIND_TUNNEL)->shape;
		const struct model_tunnel *near =
		    model_store_get(ends.app.scene.store, MODEL_KIND_TUNNEL, "aws-paris/2");
		struct model_tunnel *row = model_row_new(MODEL_KIND_TUNNEL);

		model_row_clear(shape, row);
		model_row_copy(shape, row, model_store_get(ends.far, MODEL_KIND_TUNNEL, names[i]));
		model_set(&row->local, "10.0.0.2"); /* behind a NAT, and down */
		model_set(&row->spi_in, NULL);
		model_set(&row->spi_out, NULL);
		model_set(&row->inside_local, i > 0 ? near->inside_remote : NULL);
		model_set(&row->inside_remote, i > 0 ? near->inside_local : NULL);
		model_store_put(ends.far, MODEL_KIND_TUNNEL, row);
		model_row_free(MODEL_KIND_TUNNEL, row);
	}
	turn_until(&ends, is_far_unsure);
	assert_true(both_command(&ends.app, "both-switchover", "aws-paris"));
	assert_null(ends.app.sheet);
	assert_non_null(strstr(ends.app.message.text, "more than one tunnel of other sites may be"));
	ends_close(&ends);
}

TEST_MAIN(cmocka_unit_test(both_ends_move_together), cmocka_unit_test(where_one_end_has_gone_neither_moves),
	  cmocka_unit_test(whichever_end_has_gone),
	  cmocka_unit_test(what_may_be_the_far_end_is_not_taken_for_it))
