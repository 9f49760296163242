// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The console's life: open, run, close. One libuv loop holds everything: keys (the terminal is polled),
 * signals, the second's tick, and the control client. Keys are drawn at once; changes of the model are
 * gathered for 20 ms, so that a burst of them is one frame. Each frame draws the whole canvas (a fraction of
 * a millisecond); what goes to the terminal is only what differs.
 */
#include "tui/app.h"
#include "tui/overlay.h"
#include "tui/sites/fleet.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <unistd.h>

#include "tui/configuration/configuration.h"

#define FRAME_MS 20
#define REST_MS 150 /* until the past of what has come into view is asked for */
#define BEGIN_MS 50 /* after the first frame: sites wait for the gateway that was asked for */
#define STALE_AFTER (3 * USEC_PER_SEC)
#define PAST_EVENTS 1000
#define EXIT_NO_TERMINAL 1
#define EXIT_USAGE 2

static const int watched_signals[] = {SIGTERM, SIGHUP, SIGINT, SIGWINCH, SIGCONT};

bool
app_stale(const struct app *app)
{
	return app->ever_live && (app->state != CONTROL_LIVE || app->client == NULL ||
				  clock_monotonic() - control_client_heard(app->client) > STALE_AFTER);
}

/* --- frames
 * --------------------------------------------------------------------------------------------------- */

static void
on_rest(uv_timer_t *timer)
{
	struct app *app = timer->data;

	if (!app->quitting)
		past_ask(app->scene.past);
}

static void
draw_now(struct app *app)
{
	app->frame_waits = false;
	if (app->quitting || configuration_away(app))
		return;
	app_draw(app);
	if (past_frame_over(app->scene.past))
		uv_timer_start(&app->rest, on_rest, REST_MS, 0);
}

static void
on_frame(uv_timer_t *timer)
{
	draw_now(timer->data);
}

void
app_changed(struct app *app)
{
	if (app->frame_waits || app->quitting)
		return;
	app->frame_waits = true;
	uv_timer_start(&app->frame, on_frame, FRAME_MS, 0);
}

/* What a person waits for is here: nothing to gather for. */
static void
draw_next(struct app *app)
{
	app_changed(app);
	if (app->frame_waits)
		uv_timer_start(&app->frame, on_frame, 0, 0);
}

/* An answer for a panel, such as a page of rows. Several of them share frames as all changes do. */
static void
scene_changed(void *context)
{
	struct app *app = context;
	usec_t now = clock_monotonic();

	if (now - app->answered < FRAME_MS * USEC_PER_MS) {
		app_changed(app);
		return;
	}
	app->answered = now;
	draw_next(app);
}

static void
scene_say(void *context, const char *text)
{
	app_say(context, ROLE_warning, "%s", text);
}

static void
on_second(uv_timer_t *timer)
{
	struct app *app = timer->data;
	struct panel *panel;
	usec_t past = clock_wall() % USEC_PER_SEC;

	if (app->quitting)
		return;
	panel = app_panel(app);
	if (app_stale(app) || app->state != CONTROL_LIVE || !control_client_is_whole(app->client))
		history_gap(app->scene.history, clock_monotonic(), clock_wall());
	else
		history_sample(app->scene.history, app->scene.store, clock_monotonic(), clock_wall());
	if (panel->ops->tick != NULL)
		panel->ops->tick(panel);
	if (app->overlay != NULL && app->overlay->ops->tick != NULL)
		app->overlay->ops->tick(app->overlay);
	/* just after the next full second, so that the clock is right */
	uv_timer_start(timer, on_second, (uint64_t)((USEC_PER_SEC - past) / USEC_PER_MS) + 2, 0);
	draw_now(app);
}

/* --- what comes in
 * -------------------------------------------------------------------------------------------- */

void
app_quit(struct app *app)
{
	if (app->quitting)
		return;
	app->quitting = true;
	uv_stop(&app->loop);
}

static void
overlay_key(struct app *app, key_code key)
{
	struct overlay *overlay = app->overlay;

	if (!overlay->ops->key(overlay, key) && app->overlay == overlay)
		overlay_close(app);
}

/* A pasted character: text where a line or a form is open, never a command or an answer to a question. */
static void
take_pasted(struct app *app, key_code character)
{
	if (app->sheet == NULL && app->overlay != NULL)
		overlay_key(app, character);
	else if (app->sheet == NULL && app->line != APP_LINE_NONE)
		app_line_key(app, character);
	else
		app_say(app, ROLE_warning, "what is pasted is not taken as keys; ':' or '/' first");
}

void
app_take_key(struct app *app, key_code key)
{
	if (key >= KEYS_PASTED)
		take_pasted(app, key & ~(key_code)KEYS_PASTED);
	else if (key == KEYS_UNKNOWN)
		look_take_background(app);
	else if (key == KEYS_MOUSE)
		mouse_take(app, terminal_mouse_event(app->terminal));
	else if (app->sheet != NULL)
		sheet_key(app, key);
	else if (app->overlay != NULL)
		overlay_key(app, key);
	else if (app->line != APP_LINE_NONE)
		app_line_key(app, key);
	else
		app_key(app, key);
}

static void
on_input(uv_poll_t *poll, int status, int events)
{
	struct app *app = poll->data;
	key_code key;
	bool any = false;

	(void)events;
	if (app->quitting)
		return;
	while (!app->quitting && status == 0 && !configuration_away(app) &&
	       terminal_key(app->terminal, &key)) {
		app_take_key(app, key);
		any = true;
	}
	if (status < 0 || terminal_lost(app->terminal))
		app_quit(app);
	else if (any)
		draw_now(app);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;

	if (app->quitting)
		return;
	if (configuration_away(app) && (number == SIGWINCH || number == SIGCONT || number == SIGINT))
		return; /* the editor's; the size is asked for again when it has ended */
	if (number == SIGWINCH || number == SIGCONT) {
		terminal_resized(app->terminal);
		draw_now(app);
	} else {
		app_quit(app);
	}
}

/* Sites begin when the first screen stands. */
static void
on_begin(uv_timer_t *timer)
{
	fleet_begin(((struct app *)timer->data)->fleet);
}

static void
on_state(void *context, size_t index)
{
	struct app *app = context;
	const struct fleet_site *site = fleet_at(app->fleet, index);

	if (index != app->site) {
		app_changed(app);
		return;
	}
	app->state = site->state;
	if (site->state == CONTROL_LIVE) {
		/* so that the first screen has a graph */
		history_sample(app->scene.history, app->scene.store, clock_monotonic(), clock_wall());
		past_forget(app->scene.past);
	}
	app->ever_live = site->ever_live;
	snprintf(app->why, sizeof(app->why), "%s", site->why);
	sheet_link_changed(app);
	if (app->state == CONTROL_LIVE)
		draw_next(app);
	else
		app_changed(app);
}

static void
on_row(void *context, size_t site, enum model_kind kind, const void *row)
{
	struct app *app = context;

	if (site == app->site) {
		app->pause.changes++;
		app->pause.events += row != NULL && kind == MODEL_KIND_EVENT;
	} else if (!app_panel(app)->ops->fleet) {
		return; /* nothing of it is on the screen */
	}
	app_changed(app);
}

static void
on_asks(void *context, size_t site)
{
	struct app *app = context;

	if (!fleet_at(app->fleet, site)->asks)
		question_withdraw(app, site);
	else if (fleet_at(app->fleet, site)->wanted && app->overlay == NULL && app->sheet == NULL &&
		 app->line == APP_LINE_NONE && !app->help_open)
		question_open(app, site);
	app_changed(app);
}

/* --- opening and closing
 * -------------------------------------------------------------------------------------- */

uint64_t
app_followed_kinds(void)
{
	uint64_t kinds = 0;

	for (int i = 0; i < MODEL_KIND_COUNT; i++) {
		if (model_kind_info((enum model_kind)i)->storage != MODEL_PAGED)
			kinds |= UINT64_C(1) << i;
	}
	return kinds;
}

static bool
open_fleet(struct app *app, struct error *err)
{
	const struct fleet_options options = {
	    .socket = app->options->socket,
	    .transport = app->options->transport,
	    .place = app->options->place,
	    .kinds = app_followed_kinds(),
	    .events = PAST_EVENTS,
	    .callbacks = {.context = app, .state = on_state, .changed = on_row, .asks = on_asks},
	};

	app->fleet = fleet_new(&app->loop, &app->settings, &options, err);
	if (app->fleet == NULL)
		return false;
	app->scene.fleet = app->fleet;
	visit_take_scene(app);
	return true;
}

static bool
open_terminal(struct app *app, struct error *err)
{
	struct terminal_options options = {.ascii = app->options->ascii || app->settings.ascii,
					   .colours = app->settings.colours};
	static const enum graph_style styles[] = {[TERMINAL_BRAILLE] = GRAPH_BRAILLE,
						  [TERMINAL_BLOCKS] = GRAPH_BLOCKS,
						  [TERMINAL_ASCII] = GRAPH_ASCII};

	if (app->options->colours != NULL && !settings_colours_parse(app->options->colours, &options.colours))
		return error_set(err, "--colours takes auto, 24bit, 256, 16 or none");
	app->terminal = terminal_open(&options, err);
	if (app->terminal == NULL)
		return false;
	app->canvas.ascii = terminal_ascii(app->terminal);
	app->scene.graph = styles[terminal_graph(app->terminal)];
	terminal_mouse(app->terminal, app->options->mouse || app->settings.mouse);
	return look_open_theme(app, err);
}

static void
open_handles(struct app *app)
{
	int flags;

	for (size_t i = 0; i < COUNT_OF(watched_signals); i++) {
		uv_signal_init(&app->loop, &app->signals[i]);
		app->signals[i].data = app;
		uv_signal_start(&app->signals[i], on_signal, watched_signals[i]);
	}
	uv_timer_init(&app->loop, &app->second);
	uv_timer_init(&app->loop, &app->frame);
	uv_timer_init(&app->loop, &app->begin);
	uv_timer_init(&app->loop, &app->rest);
	app->second.data = app->frame.data = app->begin.data = app->rest.data = app;
	uv_poll_init(&app->loop, &app->input_poll, STDIN_FILENO);
	app->input_poll.data = app;
	/* libuv made it non-blocking, and the terminal's output with it: ncurses would lose bytes */
	flags = fcntl(STDIN_FILENO, F_GETFL);
	if (flags >= 0)
		fcntl(STDIN_FILENO, F_SETFL, flags & ~O_NONBLOCK);
}

static void
close_handles(struct app *app)
{
	uv_close((uv_handle_t *)&app->input_poll, NULL);
	uv_close((uv_handle_t *)&app->second, NULL);
	uv_close((uv_handle_t *)&app->begin, NULL);
	uv_close((uv_handle_t *)&app->frame, NULL);
	uv_close((uv_handle_t *)&app->rest, NULL);
	for (size_t i = 0; i < COUNT_OF(watched_signals); i++)
		uv_close((uv_handle_t *)&app->signals[i], NULL);
}

/* A terminal that goes is told twice, by the descriptor and by SIGHUP, and the later word would kill us. */
static void
forget_hangup(void)
{
	struct sigaction now;

	if (sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGHUP, SIG_IGN);
}

/*
 * The loop turns once more here, for the client's farewell, and whatever is due in that turn is called: keys
 * that were typed behind the q, the second's tick, a resize. So our handles are closed before anything that
 * they use is freed.
 */
static void
close_all(struct app *app)
{
	bool lost = app->terminal != NULL && terminal_lost(app->terminal);
	sigset_t watched, before;

	sigemptyset(&watched);
	for (size_t i = 0; i < COUNT_OF(watched_signals); i++)
		sigaddset(&watched, watched_signals[i]);
	pthread_sigmask(SIG_BLOCK, &watched, &before);
	app->quitting = true;
	configuration_close(app);
	terminal_close(app->terminal); /* first: whatever happens after, the terminal is back */
	app->terminal = NULL;
	close_handles(app);
	sheet_close(app);
	overlay_close(app);
	while (app->detail_count > 0)
		app_pop_detail(app);
	for (size_t i = 0; i < APP_PANELS; i++) {
		if (app->opened[i] != NULL)
			app->opened[i]->ops->close(app->opened[i]);
	}
	past_free(app->scene.past);
	app->scene.past = NULL;
	if (app->fleet != NULL)
		fleet_close(app->fleet);
	uv_run(&app->loop, UV_RUN_DEFAULT);
	uv_loop_close(&app->loop);
	free(app->configuring); /* answers that were under way have come */
	fleet_free(app->fleet);
	settings_free(&app->settings);
	canvas_free(&app->canvas);
	for (size_t i = 0; i < app->history_count; i++)
		free(app->history[i]);
	if (app->last_words[0] != '\0' && !lost)
		fprintf(stderr, "twinspan: %s\n", app->last_words);
	if (lost)
		forget_hangup();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
app_leave_terminal(struct app *app)
{
	uv_poll_stop(&app->input_poll);
	terminal_leave(app->terminal);
}

void
app_take_terminal(struct app *app)
{
	terminal_return(app->terminal);
	uv_poll_start(&app->input_poll, UV_READABLE | UV_DISCONNECT, on_input);
	app_changed(app);
}

static int
fail(struct app *app, int code, const struct error *err)
{
	app->quitting = true;
	close_all(app);
	fprintf(stderr, "twinspan: %s\n", err->text);
	return code;
}

int
console_run(const struct console_options *options)
{
	struct app app = {.options = options};
	struct error err = {0};

	if (!isatty(STDOUT_FILENO))
		return console_once(options, &(struct console_once){0});
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "twinspan: the console needs a terminal; 'twinspan show connections' prints "
				"to anything\n");
		return EXIT_NO_TERMINAL;
	}
	if (!settings_load(&app.settings, options->settings, &err)) {
		fprintf(stderr, "twinspan: %s\n", err.text);
		return EXIT_USAGE;
	}
	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&app.loop);
	app.scene.past = past_new(&app.scene);
	app.scene.settings = &app.settings;
	app.scene.changed = scene_changed;
	app.scene.say = scene_say;
	app.scene.context = &app;
	open_handles(&app);
	if (!open_fleet(&app, &err))
		return fail(&app, 1, &err);
	app_show_panel(&app, 0);
	if (!open_terminal(&app, &err))
		return fail(&app, EXIT_USAGE, &err);
	uv_poll_start(&app.input_poll, UV_READABLE | UV_DISCONNECT, on_input);
	on_second(&app.second);
	uv_timer_start(&app.begin, on_begin, BEGIN_MS, 0);
	if (app.theme_by_background) /* the first screen does not wait for the answer */
		terminal_ask_background(app.terminal);
	uv_run(&app.loop, UV_RUN_DEFAULT);
	close_all(&app);
	return 0;
}
