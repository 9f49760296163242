// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame around the panel, the same on all of them: whose gateway this is and how fresh, the panels, then
 * the panel, a line for messages or typing, and the keys that count here. The lines never move, so that the
 * eye knows where to look.
 */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/complete.h"
#include "tui/configuration/configuration.h"
#include "tui/format.h"
#include "tui/overlay.h"
#include "tui/sites/fleet.h"
#include "tui/panels/text.h"

#define MESSAGE_ROWS 5 /* of one that is longer than the line */

/* --- the header
 * ----------------------------------------------------------------------------------------------- */

static struct look_of
look_of_link(const struct app *app, char word[FORMAT_TEXT])
{
	char span[FORMAT_TEXT];

	if (!app->ever_live) {
		snprintf(word, FORMAT_TEXT, app->state == CONTROL_SYNCING ? "reading" : "connecting");
		return (struct look_of){"◌", word, ROLE_warning};
	}
	if (app_stale(app)) {
		snprintf(word, FORMAT_TEXT, "STALE %s",
			 format_since(clock_monotonic(), control_client_heard(app->client), span));
		return (struct look_of){"?", word, ROLE_bad};
	}
	return (struct look_of){"●", "live", ROLE_good};
}

/* Whose gateway this is, from `left` to before `right`. */
static void
draw_whose(const struct area *line, int left, int right, const char *site,
	   const struct model_gateway *gateway)
{
	char text[160];
	size_t used;

	/* elsewhere it has the name that we call it by; its own, where that is another, comes behind */
	if (site[0] != '\0') {
		left = area_text(line, 0, left, ROLE_accent, "⇄ ");
		left = area_text(line, 0, left, ROLE_title, site) + 2;
		if (gateway != NULL && gateway->name != NULL && strcmp(gateway->name, site) != 0)
			left = area_text(line, 0, left, ROLE_header, gateway->name) + 2;
	}
	if (gateway == NULL) {
		if (site[0] == '\0')
			area_text(line, 0, left, ROLE_header, "twinspan");
		return;
	}
	if (site[0] == '\0')
		left = area_text(line, 0, left, ROLE_title, gateway->name != NULL ? gateway->name : "") + 2;
	used = (size_t)snprintf(text, sizeof(text), "%s", gateway->role != NULL ? gateway->role : "");
	if (gateway->asn != MODEL_UINT_UNSET && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, " · AS%llu", (unsigned long long)gateway->asn);
	if (left + text_columns(text) + 2 > right)
		return;
	left = area_text(line, 0, left, ROLE_header, text);
	if (gateway->outside != NULL && left + 3 + text_columns(gateway->outside) + 2 <= right)
		area_print(line, 0, left, ROLE_header, " · %s", gateway->outside);
}

/* "‖ PAUSED 12 s, 41 changes", or as much of it as leaves the name its `name` of `cols`. */
static const char *
say_paused(const struct app *app, int cols, int name, char *out, size_t size)
{
	char span[FORMAT_TEXT], count[FORMAT_TEXT];

	format_since(clock_monotonic(), app->pause.since, span);
	snprintf(out, size, "‖ PAUSED %s, %s change%s", span, format_count(app->pause.changes, count),
		 app->pause.changes == 1 ? "" : "s");
	if (text_columns(out) + name > cols)
		snprintf(out, size, "‖ PAUSED %s", span);
	if (text_columns(out) > cols)
		snprintf(out, size, "‖");
	return out;
}

/* What must be seen comes first: the state, the pause, production; then the name, and what else has room. */
void
app_draw_header(struct app *app, const struct area *line)
{
	const struct model_gateway *gateway = model_store_count(app->scene.store, MODEL_KIND_GATEWAY) > 0
						  ? model_store_at(app->scene.store, MODEL_KIND_GATEWAY, 0)
						  : NULL;
	const char *site = app->fleet != NULL ? fleet_at(app->fleet, app->site)->name : "";
	int name = site[0] != '\0'                            ? text_columns(site) + 2
		   : gateway != NULL && gateway->name != NULL ? text_columns(gateway->name)
							      : 8;
	char word[FORMAT_TEXT], in[FORMAT_TEXT], out[FORMAT_TEXT], text[96];
	struct look_of look = look_of_link(app, word);
	int right = line->cols - 1 - text_columns(look.word) - 2, left = 1;

	area_blank(line, 0, 0, 1, line->cols);
	area_print(line, 0, right, look.role, "%s %s", look.glyph, look.word);
	if (app_production(app) && right > 6) /* its ground is there at any width */
		left = area_text(line, 0, 1, ROLE_production, right > 12 ? "PRODUCTION" : "PROD") + 2;
	if (app->pause.on) {
		say_paused(app, right - left - 2, name + 2, text, sizeof(text));
		right -= text_columns(text) + 2;
		if (right >= 0)
			area_text(line, 0, right, ROLE_attention, text);
	}
	if (right - left - name >= 12) {
		right -= 10;
		area_text(line, 0, right, ROLE_header, format_clock(app->scene.now, in));
	}
	if (app->terminal != NULL && terminal_has_mouse(app->terminal) && right - left - name >= 9) {
		right -= 7;
		area_text(line, 0, right, ROLE_header, "mouse");
	}
	if (gateway != NULL && right - left - name > 32) {
		right -= 29;
		area_print(line, 0, right, ROLE_header, "▲%s ▼%s", format_rate(gateway->tx_bps, out),
			   format_rate(gateway->rx_bps, in));
	}
	if (right > left) {
		struct area whose = area_part(line, 0, 0, 1, right - 1);

		draw_whose(&whose, left, right, site, gateway);
	}
}

/* --- tabs
 * ----------------------------------------------------------------------------------------------------- */

#define TAB_SHORT 3 /* letters of a panel's name that are left where there is no room */

/* How the panels' names share the line. */
struct tabs {
	int gap, width;
	bool digits;
	int cols[APP_PANELS]; /* of each name; 0: it is not shown */
};

static void
measure_tabs(struct tabs *tabs)
{
	tabs->width = 1;
	for (size_t i = 0; panels[i] != NULL; i++) {
		if (tabs->cols[i] > 0)
			tabs->width += tabs->cols[i] + tabs->gap + (tabs->digits && panels[i]->tab ? 2 : 0);
	}
}

/* Fits the names into `room`: first without digits, then closer together, then shorter, the farthest first,
 * then without the farthest. The one that is looked at stays whole. */
static void
fit_tabs(const struct app *app, int room, struct tabs *tabs)
{
	size_t count = 0;

	*tabs = (struct tabs){.gap = 2, .digits = true};
	for (; panels[count] != NULL; count++)
		tabs->cols[count] =
		    panels[count]->tab || count == app->current ? text_columns(panels[count]->title) : 0;
	measure_tabs(tabs);
	for (int step = 0; step < 2 && tabs->width > room; step++) {
		tabs->gap -= tabs->digits ? 0 : 1;
		tabs->digits = false;
		measure_tabs(tabs);
	}
	for (int least = TAB_SHORT; least >= 0; least -= TAB_SHORT) {
		for (size_t i = count; i-- > 0 && tabs->width > room;) {
			if (i != app->current && tabs->cols[i] > least)
				tabs->cols[i] = least;
			measure_tabs(tabs);
		}
	}
}

static void
draw_tabs(struct app *app, const struct area *line)
{
	struct panel *panel = app_panel(app);
	char status[160] = "";
	struct tabs tabs;
	int col = 1, width;

	panel->ops->status(panel, status, sizeof(status));
	width = text_columns(status);
	/* a long status has another place */
	fit_tabs(app, line->cols - (width > 0 && width < line->cols / 3 ? width + 1 : 0), &tabs);
	for (size_t i = 0; panels[i] != NULL; i++) {
		enum theme_role role = i == app->current ? ROLE_tab_active : ROLE_tab;
		struct area tab;

		if (tabs.cols[i] == 0)
			continue;
		if (tabs.digits && panels[i]->tab)
			col = area_print(line, 0, col, ROLE_tab, "%zu ", i + 1);
		tab = area_part(line, 0, col, 1, tabs.cols[i]);
		area_zone(line, 0, col, tabs.cols[i], KEYS_PANEL + (uint32_t)i);
		area_text(&tab, 0, 0, role, panels[i]->title);
		col += tabs.cols[i] + tabs.gap;
	}
	app->status[0] = '\0';
	if (col + width >= line->cols)
		snprintf(app->status, sizeof(app->status), "%s", status);
	else
		area_text(line, 0, line->cols - 1 - width, panel->filter[0] != '\0' ? ROLE_accent : ROLE_dim,
			  status);
}

/* --- the foot
 * ------------------------------------------------------------------------------------------------- */

/* A key as the footer writes it. */
static const char *
short_key(const struct app *app, const struct command *command, char *out, size_t size)
{
	key_code key = keys_of(command, 0);

	if (key == KEYS_ENTER && !app->canvas.ascii)
		snprintf(out, size, "↵");
	else if (key == KEYS_ESCAPE)
		snprintf(out, size, "Esc");
	else
		keys_name(key, out, size);
	return out;
}

static int
key_width(const struct app *app, const struct command *command)
{
	char key[16];

	return text_columns(short_key(app, command, key, sizeof(key))) + 1 + text_columns(command->label);
}

static int
draw_key(const struct app *app, const struct area *line, int col, const struct command *command)
{
	char key[16];

	area_zone(line, 0, col, key_width(app, command), keys_of(command, 0));
	col = area_text(line, 0, col, ROLE_key, short_key(app, command, key, sizeof(key)));
	return area_print(line, 0, col, ROLE_label, " %s", command->label);
}

static bool
is_one_of(const struct command *command, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(command->name, names[i]) == 0)
			return true;
	}
	return false;
}

/* No key is offered that would only complain: the selected row gives what the command needs, and it has
 * something to do. */
static bool
applies(struct app *app, const struct command *command, enum model_kind kind, const void *row)
{
	static const char *const of_lists[] = {"detail", "filter", "follow", "severity", "ike-log"};
	enum command_argument_kind argument = command->arguments[0].kind;

	if (keys_find(app_panel(app)->ops->name, keys_of(command, 0)) != command)
		return false; /* the panel has another use for its key */
	if (strcmp(command->name, "back") == 0)
		return app->site != 0 || app->detail_count > 0 || app_panel(app)->filter[0] != '\0';
	if (strcmp(command->name, "next-match") == 0)
		return app_panel(app)->filter[0] != '\0';
	if (strcmp(command->name, "explain") == 0 && is_text_panel(app_panel(app)))
		return false; /* it is explained already, or there is more to read than of its row */
	if (strcmp(command->name, "filter") == 0 && is_configuration_page(app_panel(app)))
		return true;
	if (is_one_of(command, of_lists, COUNT_OF(of_lists)))
		return app->detail_count == 0;
	if (command->place != COMMAND_GATEWAY || command->arguments[0].name == NULL)
		return true;
	return panel_argument(app->scene.store, kind, row, argument) != NULL;
}

/* back, help and quit have their places at the right; the others fill what room is left, in the table's
 * order. */
static void
draw_keys(struct app *app, const struct area *line)
{
	static const char *const fixed[] = {"quit", "help", "back"};
	struct panel *panel = app_panel(app);
	enum model_kind kind = panel->ops->kind;
	const void *row = panel->ops->selected(panel, &kind);
	size_t count;
	const struct command *table = command_table(&count);
	int right = line->cols + 1, col = 1;

	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		const struct command *command = command_find(fixed[i]);

		if (!applies(app, command, kind, row))
			continue;
		right -= key_width(app, command) + 2;
		draw_key(app, line, right, command);
	}
	for (size_t i = 0; i < count; i++) {
		const struct command *command = &table[i];

		if (command->label == NULL || keys_text(command) == NULL ||
		    is_one_of(command, fixed, COUNT_OF(fixed)) || !keys_count_on(command, panel->ops->name) ||
		    !app_may(app, command) || !applies(app, command, kind, row))
			continue;
		if (col + key_width(app, command) + 2 > right)
			continue;
		col = draw_key(app, line, col, command) + 2;
	}
}

static void
draw_hints(const struct area *line, const char *const *hints)
{
	int col = 1;

	for (; hints[0] != NULL; hints += 2) {
		key_code key = keys_parse(strcmp(hints[0], "Esc") == 0 ? "Escape" : hints[0]);

		if (key != 0)
			area_zone(line, 0, col, text_columns(hints[0]) + 1 + text_columns(hints[1]), key);
		col = area_text(line, 0, col, ROLE_key, hints[0]);
		col = area_print(line, 0, col, ROLE_label, " %s", hints[1]) + 2;
	}
}

static void
draw_footer(struct app *app, const struct area *line)
{
	static const char *const prompt[] = {"Tab",           "complete", "Enter", "run", "↑ ↓",
					     "earlier lines", "Esc",      "close", NULL},
				 *const filter[] = {"Enter",         "keep",         "Esc",  "all",
						    "state:up",      "med>5",        "!not", "~regex",
						    "in:10.0.0.0/8", "has:10.1.2.3", NULL},
				 *const help[] = {"↑ ↓", "scroll", "/", "search", "Esc", "close", NULL},
				 *const search[] = {"Enter", "keep", "Esc", "show all", NULL};

	area_blank(line, 0, 0, 1, line->cols);
	if (app->sheet != NULL)
		draw_hints(line, sheet_hints(app));
	else if (app->overlay != NULL)
		draw_hints(line, app->overlay->ops->hints);
	else if (app->line == APP_LINE_PROMPT)
		draw_hints(line, prompt);
	else if (app->line == APP_LINE_FILTER)
		draw_hints(line, app->help_open ? search : filter);
	else if (app->help_open)
		draw_hints(line, help);
	else
		draw_keys(app, line);
}

/* The prompt, and after it what Tab would offer. */
static void
draw_prompt(struct app *app, const struct area *line)
{
	int col = input_draw(&app->input, line, 0, ":") + 3;
	struct completion completion;

	if (app->input.cursor != strlen(app->input.text))
		return;
	completion_make(app->scene.store, app_panel(app)->ops->kind, app->input.text, &completion);
	for (size_t i = 0; i < completion.words.count; i++) {
		if (col + text_columns(completion.words.items[i]) + 2 > line->cols) {
			area_text(line, 0, col, ROLE_dim, "…");
			break;
		}
		col = area_text(line, 0, col, ROLE_dim, completion.words.items[i]) + 2;
	}
	completion_free(&completion);
}

/* Where one is, and where one came from; a filter is said in a colour that is seen. */
static void
draw_place(struct app *app, const struct area *line)
{
	const struct panel *panel = app_panel(app);
	char trail[320];
	int col = 0, right = line->cols - 1;

	if (waiting_say(app->scene.store, app->scene.now, trail, sizeof(trail)))
		col = area_text(line, 0, 1, ROLE_attention, trail) + 2;
	if (panel->filter[0] != '\0')
		col = area_print(line, 0, col, ROLE_accent, "/%s", panel->filter) + 2;
	if (app->status[0] != '\0') {
		right -= text_columns(app->status);
		area_text(line, 0, right, panel->filter[0] != '\0' ? ROLE_accent : ROLE_dim, app->status);
		right -= 2;
	}
	if (app->behind_count == 0 || col > right / 2)
		return;
	navigation_trail(app, right - col - 2, trail, sizeof(trail));
	area_text(line, 0, right - text_columns(trail), ROLE_dim, trail);
}

/* What one would see, and how. */
static void
draw_pause(const struct app *app, const struct area *line)
{
	char events[FORMAT_TEXT], key[16];

	keys_name(keys_of(command_find("pause"), 0), key, sizeof(key));
	area_print(line, 0, 1, ROLE_attention, "the screen is paused: %s event%s since; %s shows the present",
		   format_count(app->pause.events, events), app->pause.events == 1 ? "" : "s", key);
}

/* A message that is longer than the line takes more of them, over the panel's foot. */
static void
draw_long_message(const struct app *app, const struct area *line)
{
	const char *text = app->message.text;
	struct area part = *line;
	int rows = area_wrap(line, 0, 1, line->cols - 2, 0, app->message.role, text);

	rows = rows > MESSAGE_ROWS ? MESSAGE_ROWS : rows;
	part.top -= rows - 1;
	part.rows = rows;
	/* a frozen panel is not drawn again, and the foot of what stands open is not covered */
	if (part.top < 2 || app->pause.on || app->overlay != NULL || app->help_open) {
		area_field(line, 0, 1, line->cols - 2, false, app->message.role, text);
		return;
	}
	part.ground = GROUND_DIALOG;
	area_blank(&part, 0, 0, rows, part.cols);
	area_wrap(&part, 0, 1, part.cols - 2, rows, app->message.role, text);
}

/* What is wrong with the filter that is typed: behind it, or above where it would stand on what is typed. */
static void
draw_mistake(const struct app *app, const struct area *line, int typed)
{
	struct area above = *line;
	int room = line->cols - typed - 2;

	above.top--;
	if (text_columns(app->message.text) <= room)
		area_right(line, 0, ROLE_bad, app->message.text);
	else if (above.top >= 2)
		draw_long_message(app, &above);
	else if (room > 0)
		area_field(line, 0, typed + 1, room, false, ROLE_bad, app->message.text);
}

static void
draw_line(struct app *app, const struct area *line)
{
	int typed = 0;

	if (app->line == APP_LINE_PROMPT) {
		draw_prompt(app, line);
		return;
	}
	if (app->line == APP_LINE_FILTER)
		typed = input_draw(&app->input, line, 0, "/");
	if (app->message.text[0] != '\0' && clock_monotonic() > app->message.until)
		app->message.text[0] = '\0';
	if (app->message.text[0] == '\0') {
		if (app->line == APP_LINE_NONE && app->pause.on)
			draw_pause(app, line);
		else if (app->line == APP_LINE_NONE)
			draw_place(app, line);
		return;
	}
	if (app->line == APP_LINE_NONE) {
		int lead = text_columns(app->message.lead), col = 1;

		if (lead + text_columns(app->message.text) + 2 <= line->cols)
			col = area_text(line, 0, 1, app->message.role, app->message.lead);
		if (col + text_columns(app->message.text) + 1 > line->cols)
			draw_long_message(app, line);
		else
			area_text(line, 0, col, app->message.role, app->message.text);
	} else if (app->message.role == ROLE_bad)
		draw_mistake(app, line, typed);
}

/* A change that waits for its confirmation is said on every screen, whatever else the line has to say. */
static void
draw_line_beside_wait(struct app *app, const struct area *line)
{
	struct area rest = *line;
	char text[120];

	if (configuration_waits(app, text, sizeof(text))) {
		area_right(line, 0, ROLE_attention, text);
		rest = area_part(line, 0, 0, 1, line->cols - text_columns(text) - 2);
	}
	draw_line(app, &rest);
}

/* --- the whole
 * ------------------------------------------------------------------------------------------------ */

/* Whoever has no gateway here came for those elsewhere. */
static void
say_sites(const struct app *app, const struct area *area, int row)
{
	size_t sites = fleet_count(app->fleet) - 1;

	for (size_t i = 0; panels[i] != NULL; i++) {
		if (panels[i]->fleet)
			area_print(area, row, 3, ROLE_text, "%zu shows the %zu site%s of console.yaml.",
				   i + 1, sites, sites == 1 ? "" : "s");
	}
}

/* Before the first snapshot there is nothing to show but why. */
static void
draw_waiting(struct app *app, const struct area *area)
{
	const struct fleet_site *site = app->fleet != NULL ? fleet_at(app->fleet, app->site) : NULL;
	bool remote = site != NULL && site->name[0] != '\0';
	const char *place = remote                        ? site->name
			    : app->options->place != NULL ? app->options->place
							  : app->options->socket;
	int row = area->rows / 3, cols = area->cols - 6;
	char text[320], phase[96] = "";

	if (app->state == CONTROL_SYNCING) {
		area_print(area, row, 3, ROLE_text, "reading the gateway's state from %s", place);
		return;
	}
	if (remote && site->asks) {
		snprintf(text, sizeof(text), "%.64s asks: %.200s", place, fleet_question(site)->text);
		row += area_wrap(area, row, 3, cols, 3, ROLE_attention, text) + 1;
		area_print(area, row, 3, ROLE_dim, "':connect %s' answers", place);
		return;
	}
	if (app->why[0] == '\0') {
		if (remote)
			fleet_phase(site, phase, sizeof(phase));
		if (phase[0] != '\0')
			area_print(area, row, 3, ROLE_text, "%s: %s", place, phase);
		else
			area_print(area, row, 3, ROLE_text, "connecting to %s", place);
		return;
	}
	snprintf(text, sizeof(text), remote ? "%s is not reached" : "no gateway at %s, trying", place);
	row += area_wrap(area, row, 3, cols, 3, ROLE_warning, text);
	row += area_wrap(area, row, 3, cols, 3, ROLE_dim, app->why) + 1;
	if (remote)
		area_print(area, row, 3, ROLE_dim, "It is tried again; ':connect %s' does so at once.",
			   place);
	else
		row += area_wrap(
		    area, row, 3, cols, 3, ROLE_dim,
		    "'twinspan gateway -c FILE' runs one here; 'twinspan lab' opens the console on a "
		    "lab of its own.");
	if (!remote && app->fleet != NULL && fleet_count(app->fleet) > 1)
		say_sites(app, area, row);
}

/* The frame gives way on a low screen: first the tabs and the line for messages share theirs with others. */
struct frame {
	int top, foot; /* lines above and below the panel */
};

static struct frame
frame_of(int rows)
{
	return (struct frame){.top = rows >= 8   ? 2
				     : rows >= 2 ? 1
						 : 0,
			      .foot = rows >= 8   ? 2
				      : rows >= 4 ? 1
						  : 0};
}

/* One line of the frame, drawn anew. */
static struct area
frame_line(struct app *app, int row, enum ground ground)
{
	struct area screen = canvas_area(&app->canvas);
	struct area line = area_part(&screen, row, 0, 1, screen.cols);

	line.ground = ground;
	canvas_forget_zones(&app->canvas, row);
	area_blank(&line, 0, 0, 1, line.cols);
	return line;
}

static void
compose_help(struct app *app, const struct area *screen, const struct frame *frame)
{
	struct area part =
	    area_part(screen, frame->top, 0, screen->rows - frame->top - frame->foot, screen->cols);

	help_draw(&app->help, &part);
}

static void
compose_body(struct app *app, const struct area *screen, const struct frame *frame)
{
	struct panel *panel = app_panel(app);
	struct area part =
	    area_part(screen, frame->top, 0, screen->rows - frame->top - frame->foot, screen->cols);

	part.dimmed = app_stale(app);
	if (!app->ever_live && !app_panel(app)->ops->fleet)
		draw_waiting(app, &part);
	else
		panel->ops->draw(panel, &part);
	if (frame->top > 1) {
		struct area line = frame_line(app, 1, GROUND_PLAIN);

		draw_tabs(app, &line); /* after the panel: what it says of itself is known now */
	}
	if (app->help_open)
		compose_help(app, screen, frame);
	if (app->overlay != NULL)
		app->overlay->ops->draw(app->overlay, &part);
}

void
app_compose(struct app *app)
{
	int rows, cols;
	struct frame frame;
	struct area screen, line;
	bool busy;

	terminal_size(app->terminal, &rows, &cols);
	frame = frame_of(rows);
	app->scene.now = clock_wall();
	app->canvas.cursor = false;
	/* a paused body stays as it is, and the one that help opens over; in a window of another size it
	 * can't */
	if (!(app->pause.on || app->help_opens) || app->canvas.rows != rows || app->canvas.cols != cols) {
		canvas_resize(&app->canvas, rows, cols);
		screen = canvas_area(&app->canvas);
		compose_body(app, &screen, &frame);
	} else if (app->help_opens) {
		screen = canvas_area(&app->canvas);
		compose_help(app, &screen, &frame);
	}
	app->help_opens = false;
	line = frame_line(app, 0, app_production(app) ? GROUND_PRODUCTION : GROUND_HEADER);
	app_draw_header(app, &line);
	busy = app->line != APP_LINE_NONE || app->message.text[0] != '\0';
	if (frame.foot > 0 && (frame.foot > 1 || busy)) {
		line = frame_line(app, rows - frame.foot, GROUND_PLAIN);
		draw_line_beside_wait(app, &line);
	}
	if (frame.foot > 1 || (frame.foot > 0 && !busy)) {
		line = frame_line(app, rows - 1, GROUND_FOOTER);
		draw_footer(app, &line);
	}
	if (app->sheet != NULL) { /* it may need all but the first and the last line */
		screen = canvas_area(&app->canvas);
		screen = area_part(&screen, 1, 0, rows - 2, cols);
		sheet_draw(app, &screen);
	}
}

void
app_draw(struct app *app)
{
	app_compose(app);
	terminal_present(app->terminal, &app->canvas);
}
