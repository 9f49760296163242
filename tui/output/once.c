// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One look: a panel is drawn on a canvas of its own, once it has all that it asks of the gateway, and printed
 * row by row. Without a given height the canvas grows until there is room to spare, and what is blank in
 * between is left out; large kinds end after a few hundred rows, as `twinspan show` is what prints them all.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/control/protocol.h"
#include "tui/app.h"
#include "tui/output/dump.h"

#define PATIENCE_MS 10000
#define USUAL_COLS 120
#define LEAST_COLS 40
#define FIRST_ROWS 64
#define MOST_ROWS 65536
#define MOST_PAGED_ROWS 400
#define ROOM_TO_SPARE 3 /* blank rows in a run: nothing was cut off */
#define PAST_EVENTS 1000

struct once {
	struct app app; /* without a terminal */
	const struct console_once *what;
	const struct panel_ops *ops;
	uv_timer_t patience;
	struct dump dump;
	int cols, exit_code;
	bool prepared, cut, ended;
};

static void
fail(struct once *once, int exit_code, const char *text)
{
	if (!once->ended)
		fprintf(stderr, "twinspan: %s\n", text);
	once->exit_code = exit_code;
	once->ended = true;
}

/* --- how wide, in which colours -------------------------------------------------------------------- */

static int
find_cols(const struct console_once *what)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t number;

	if (what->cols > 0)
		return what->cols;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col < LEAST_COLS ? LEAST_COLS : size.ws_col;
	if (columns != NULL && text_parse_number(columns, 1000, &number) && number >= LEAST_COLS)
		return (int)number;
	return USUAL_COLS;
}

static bool
find_look(struct once *once, struct error *err)
{
	struct app *app = &once->app;
	bool ascii = app->options->ascii || app->settings.ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	const char *name = app->options->theme != NULL      ? app->options->theme
			   : app->settings.theme[0] != '\0' ? app->settings.theme
							    : app_usual_theme();

	const char *term = getenv("TERM");
	enum settings_colours colours = app->settings.colours;

	if (app->options->colours != NULL && !settings_colours_parse(app->options->colours, &colours))
		return error_set(err, "--colours takes auto, 24bit, 256, 16 or none");
	app->canvas.ascii = ascii;
	app->scene.graph = ascii ? GRAPH_ASCII : GRAPH_BRAILLE;
	once->dump =
	    (struct dump){.format = DUMP_ANSI, .theme = &app->theme, .tier = terminal_tier_of(colours)};
	/* a file, another program or a dumb terminal gets colours only where somebody says so */
	if ((!isatty(STDOUT_FILENO) || term == NULL || strcmp(term, "dumb") == 0) &&
	    (app->options->colours == NULL || colours == SETTINGS_COLOURS_AUTO))
		once->dump.format = DUMP_TEXT;
	theme_monochrome(&app->theme);
	if (once->dump.format == DUMP_TEXT || once->dump.tier == TIER_MONO)
		return true;
	return theme_find(name, &app->theme, err);
}

/* --- drawing --------------------------------------------------------------------------------------- */

/* Paper has no selection: what is drawn of one is taken away. */
static void
unselect(struct canvas *canvas)
{
	for (int row = 0; row < canvas->rows; row++) {
		struct cell *cells = &canvas->cells[(size_t)row * (size_t)canvas->cols];

		if (cells[0].ground == GROUND_SELECTED)
			cells[0].text[0] = U' ';
		for (int col = 0; col < canvas->cols; col++) {
			if (cells[col].ground == GROUND_SELECTED)
				cells[col].ground = GROUND_PLAIN;
		}
	}
}

static bool
is_blank_row(const struct canvas *canvas, int row)
{
	for (int col = 0; col < canvas->cols; col++) {
		if (canvas->cells[row * canvas->cols + col].text[0] != U' ')
			return false;
	}
	return true;
}

static bool
has_room_to_spare(const struct canvas *canvas)
{
	int run = 0;

	for (int row = 1; row < canvas->rows && run < ROOM_TO_SPARE; row++)
		run = is_blank_row(canvas, row) ? run + 1 : 0;
	return run >= ROOM_TO_SPARE;
}

static void
draw(struct once *once, int rows)
{
	struct app *app = &once->app;
	struct panel *panel = app_panel(app);
	struct area screen, part;

	canvas_resize(&app->canvas, rows, once->cols);
	app->scene.now = clock_wall();
	screen = canvas_area(&app->canvas);
	part = area_part(&screen, 0, 0, 1, once->cols);
	part.ground = app_production(app) ? GROUND_PRODUCTION : GROUND_HEADER;
	app_draw_header(app, &part);
	part = area_part(&screen, 1, 0, rows - 1, once->cols);
	panel->ops->draw(panel, &part);
	unselect(&app->canvas);
}

/* Draws with the height that it takes. */
static void
draw_all(struct once *once)
{
	bool paged = model_kind_info(app_panel(&once->app)->ops->kind)->storage == MODEL_PAGED;
	int most = paged ? MOST_PAGED_ROWS : MOST_ROWS;

	once->cut = false;
	if (once->what->rows > 0) {
		draw(once, once->what->rows);
		return;
	}
	for (int rows = FIRST_ROWS;; rows = rows * 2 < most ? rows * 2 : most) {
		draw(once, rows);
		once->cut = !has_room_to_spare(&once->app.canvas);
		if (!once->cut || rows == most)
			return;
	}
}

static void
print(struct once *once)
{
	const struct canvas *canvas = &once->app.canvas;
	const char *kind = model_kind_info(once->ops->kind)->plural;
	char text[128];
	int blank = 0;

	errno = 0;
	for (int row = 0; row < canvas->rows && !ferror(stdout); row++) {
		if (once->what->rows == 0 && is_blank_row(canvas, row)) {
			blank = 1;
			continue;
		}
		if (blank)
			fputc('\n', stdout);
		blank = 0;
		dump_row(stdout, canvas, row, &once->dump);
	}
	if (once->cut)
		printf("%s and more: 'twinspan show %s' prints all\n", canvas->ascii ? "..." : "…", kind);
	if ((ferror(stdout) || fflush(stdout) != 0) && errno != EPIPE) { /* a reader that left had enough */
		snprintf(text, sizeof(text), "cannot write: %s", strerror(errno));
		fail(once, CONTROL_EXIT_FAILED, text);
	}
	once->ended = true;
}

/* --- getting it ------------------------------------------------------------------------------------ */

static bool
prepare(struct once *once)
{
	const struct console_once *what = once->what;
	const struct model_kind_info *info = model_kind_info(once->ops->kind);
	struct app *app = &once->app;
	struct error err = {""};
	char text[300], name[128];
	const void *row;
	size_t index = 0;

	while (panels[index] != once->ops)
		index++;
	app_show_panel(app, index);
	if (what->filter != NULL && !app_panel(app)->ops->filter(app_panel(app), what->filter, &err)) {
		fail(once, CONTROL_EXIT_USAGE, err.text);
		return false;
	}
	if (what->name == NULL)
		return true;
	row =
	    info->storage == MODEL_STORED ? model_store_get(app->scene.store, info->kind, what->name) : NULL;
	if (row != NULL) {
		app_push_detail(app, info->kind, row);
		return true;
	}
	snprintf(text, sizeof(text), "no %s is called '%s'%s", info->shape->name,
		 text_clean(name, sizeof(name), what->name),
		 info->storage == MODEL_STORED ? "" : ": a filter finds rows of this kind");
	fail(once, CONTROL_EXIT_FAILED, text);
	return false;
}

/* Draws, which may ask the gateway for more; prints when nothing is open. */
static void
look(struct once *once)
{
	if (!once->prepared && !prepare(once))
		return;
	once->prepared = true;
	if (control_client_unanswered(once->app.client) > 0)
		return;
	draw_all(once);
	if (past_frame_over(once->app.scene.past))
		past_ask(once->app.scene.past);
	if (control_client_unanswered(once->app.client) == 0)
		print(once);
}

static void
on_changed(void *context)
{
	(void)context; /* each turn of the loop looks again */
}

static void
on_state(void *context, enum control_client_state state, const char *why)
{
	struct once *once = context;

	once->app.state = state;
	if (state == CONTROL_LIVE)
		history_sample(once->app.scene.history, once->app.scene.store, clock_monotonic(),
			       clock_wall());
	once->app.ever_live = once->app.ever_live || state == CONTROL_LIVE;
	if (state == CONTROL_STALE)
		fail(once, CONTROL_EXIT_NO_GATEWAY, why != NULL ? why : "the gateway is gone");
}

static void
on_patience(uv_timer_t *timer)
{
	struct once *once = timer->data;
	char text[256];

	snprintf(text, sizeof(text), "the gateway on %s does not answer", once->app.options->socket);
	fail(once, CONTROL_EXIT_NO_GATEWAY, text);
}

static bool
open_client(struct once *once, struct error *err)
{
	struct app *app = &once->app;
	struct control_client_options options = {.socket = app->options->socket,
						 .transport = app->options->transport,
						 .kinds = app_followed_kinds(),
						 .events = PAST_EVENTS,
						 .callbacks = {.context = once, .state = on_state}};

	app->client = control_client_open(&app->loop, &options, err);
	if (app->client == NULL)
		return false;
	app->scene.client = app->client;
	app->scene.store = control_client_store(app->client);
	app->scene.history = history_new();
	app->scene.past = past_new(&app->scene);
	app->scene.changed = on_changed;
	return true;
}

static void
close_all(struct once *once)
{
	struct app *app = &once->app;

	while (app->detail_count > 0)
		app_pop_detail(app);
	for (size_t i = 0; i < APP_PANELS; i++) {
		if (app->opened[i] != NULL)
			app->opened[i]->ops->close(app->opened[i]);
	}
	past_free(app->scene.past);
	control_client_close(app->client);
	uv_close((uv_handle_t *)&once->patience, NULL);
	uv_run(&app->loop, UV_RUN_DEFAULT);
	history_free(app->scene.history);
	canvas_free(&app->canvas);
}

static void
run(struct once *once)
{
	struct app *app = &once->app;
	struct error err = {""};

	uv_loop_init(&app->loop);
	if (!open_client(once, &err)) {
		fail(once, CONTROL_EXIT_NO_GATEWAY, err.text);
	} else {
		uv_timer_init(&app->loop, &once->patience);
		once->patience.data = once;
		uv_timer_start(&once->patience, on_patience, PATIENCE_MS, 0);
		while (!once->ended) {
			uv_run(&app->loop, UV_RUN_ONCE);
			if (!once->ended && app->state == CONTROL_LIVE)
				look(once);
		}
		close_all(once);
	}
	uv_loop_close(&app->loop);
}

/* --- the door -------------------------------------------------------------------------------------- */

static const struct panel_ops *
find_panel(const char *name)
{
	const struct model_kind_info *info;

	if (name == NULL)
		return panels[0];
	for (size_t i = 0; panels[i] != NULL; i++) {
		if (strcmp(panels[i]->name, name) == 0)
			return panels[i];
	}
	info = model_kind_find(name);
	return info != NULL ? panel_of_kind(info->kind) : NULL;
}

static void
refuse_panel(struct once *once, const char *name)
{
	const char *names[APP_PANELS + 1] = {NULL}, *near;
	char text[300], clean[64];

	for (size_t i = 0; panels[i] != NULL && i < APP_PANELS; i++)
		names[i] = panels[i]->name;
	near = text_nearest(name, names);
	text_clean(clean, sizeof(clean), name);
	if (near != NULL)
		snprintf(text, sizeof(text), "no panel is called '%s' (did you mean '%s'?)", clean, near);
	else
		snprintf(text, sizeof(text), "no panel is called '%s'", clean);
	fail(once, CONTROL_EXIT_USAGE, text);
}

int
console_once(const struct console_options *options, const struct console_once *what)
{
	struct once *once = memory_zeroed(1, sizeof(*once));
	struct error err = {""};
	int exit_code;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	once->app.options = options;
	once->what = what;
	once->ops = find_panel(what->panel);
	once->cols = find_cols(what);
	if (once->ops == NULL)
		refuse_panel(once, what->panel);
	else if (!settings_load(&once->app.settings, options->settings, &err) || !find_look(once, &err))
		fail(once, CONTROL_EXIT_USAGE, err.text);
	else
		run(once);
	exit_code = once->exit_code;
	settings_free(&once->app.settings);
	free(once);
	return exit_code;
}
