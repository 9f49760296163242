// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What SSH asks, where the connection ends while somebody types the answer: the letters of a passphrase are
 * no keys of the panel below. There is no SSH here; its question is put where the fleet keeps it.
 */
#include "tests/unit/sites/no_way.h"
#include "tests/unit/test.h"
#include "tui/app.h"
#include "tui/overlay.h"
#include "tui/sites/fleet_internal.h"

static void
no_matter(void *context, size_t site)
{
}

struct desk {
	struct settings_site hub;
	struct app app;
	struct fleet_site *site;
};

static void
desk_open(struct desk *desk)
{
	const struct fleet_options options = {
	    .no_home = true, .transport_to = no_way_to, .callbacks = {.state = no_matter}};

	*desk = (struct desk){.hub = {.name = "hub"}};
	uv_loop_init(&desk->app.loop);
	desk->app.frame_waits = true; /* nothing is drawn by itself */
	desk->app.settings = (struct settings){.sites = &desk->hub, .site_count = 1};
	desk->app.fleet = fleet_new(&desk->app.loop, &desk->app.settings, &options, NULL);
	fleet_begin(desk->app.fleet);
	desk->site = fleet_at(desk->app.fleet, 1);
}

static void
desk_close(struct desk *desk)
{
	overlay_close(&desk->app);
	fleet_close(desk->app.fleet);
	uv_run(&desk->app.loop, UV_RUN_DEFAULT);
	fleet_free(desk->app.fleet);
	canvas_free(&desk->app.canvas);
	free(desk->app.settings.panels);
	assert_int_equal(uv_loop_close(&desk->app.loop), 0);
}

static void
ask(struct desk *desk, const char *text)
{
	struct ssh_question *question = &desk->site->link->question;

	question->kind = SSH_QUESTION_SECRET;
	snprintf(question->text, sizeof(question->text), "%s", text);
	desk->site->asks = true;
}

static void
type(struct desk *desk, const char *keys)
{
	for (; *keys != '\0'; keys++)
		app_take_key(&desk->app, (key_code)*keys);
}

static bool
says(struct desk *desk, const char *text)
{
	struct canvas *canvas = &desk->app.canvas;
	struct area area;
	char row[512];
	bool found = false;

	canvas_resize(canvas, 24, 80);
	area = canvas_area(canvas);
	desk->app.overlay->ops->draw(desk->app.overlay, &area);
	for (int i = 0; i < canvas->rows; i++)
		found = found || strstr(canvas_row_text(canvas, i, row, sizeof(row)), text) != NULL;
	return found;
}

static void
what_is_typed_when_the_question_is_withdrawn_goes_nowhere(void **state)
{
	struct desk desk;

	desk_open(&desk);
	ask(&desk, "the passphrase of id_ed25519");
	question_open(&desk.app, 1);
	type(&desk, "rus");
	assert_true(says(&desk, "3 characters"));
	desk.site->asks = false;
	question_withdraw(&desk.app, 1);
	type(&desk, "tyq"); /* as keys, they would rekey, and leave */
	assert_true(says(&desk, "This is no longer asked"));
	assert_false(says(&desk, "characters"));
	app_take_key(&desk.app, KEYS_ENTER);
	assert_null(desk.app.overlay);
	desk_close(&desk);
}

static void
it_is_asked_anew_when_that_was_seen(void **state)
{
	struct desk desk;

	desk_open(&desk);
	ask(&desk, "the passphrase of id_ed25519");
	question_open(&desk.app, 1);
	type(&desk, "rus");
	desk.site->asks = false;
	question_withdraw(&desk.app, 1);
	ask(&desk, "the passphrase, once more");
	type(&desk, "ty");
	assert_true(says(&desk, "This is no longer asked"));
	app_take_key(&desk.app, KEYS_ENTER);
	assert_true(says(&desk, "once more"));
	assert_true(says(&desk, "0 characters"));
	desk_close(&desk);
}

/* Its panels show what was last heard; the list of sites says "Enter answers". */
static void
who_goes_to_a_lost_site_that_asks_is_asked(void **state)
{
	struct desk desk;
	struct app *app = &desk.app;

	desk_open(&desk);
	visit_take_scene(app);
	app_show_panel(app, 0);
	desk.site->ever_live = true;
	ask(&desk, "the passphrase of id_ed25519");
	assert_true(visit_command(app, "enter-site", "hub"));
	assert_int_equal(app->site, 1);
	assert_non_null(app->overlay);
	assert_true(says(&desk, "the passphrase of id_ed25519"));
	for (size_t i = 0; i < APP_PANELS; i++) {
		if (app->opened[i] != NULL)
			app->opened[i]->ops->close(app->opened[i]);
	}
	past_free(app->scene.past);
	desk_close(&desk);
}

TEST_MAIN(cmocka_unit_test(what_is_typed_when_the_question_is_withdrawn_goes_nowhere),
	  cmocka_unit_test(it_is_asked_anew_when_that_was_seen),
	  cmocka_unit_test(who_goes_to_a_lost_site_that_asks_is_asked))
