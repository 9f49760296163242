// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame around the panel, the same on all of them: whose gateway this is and how fresh, the panels, then
 * the panel, a line for messages or typing, and the keys that count here. The lines never move, so that the
 * eye knows where to look.
 */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/format.h"
#include "tui/overlay.h"
#include "tui/sites/fleet.h"

#define WHY_ROWS 8 /* of why a gateway is not reached: it ends in what to do about it */

/* --- the header
 * ----------------------------------------------------------------------------------------------- */

/* On a desk: the console has come for gateways elsewhere, and is at none of them. */
static bool
nobody_here(const struct app *app)
{
	return app->fleet != NULL && app->site == FLEET_HOME && app->client != NULL &&
	       control_client_trouble(app->client) == CONTROL_TROUBLE_LOST;
}

static struct look_of
look_of_link(struct app *app, char word[FORMAT_TEXT])
{
	char span[FORMAT_TEXT];

	if (!app->ever_live && app->client != NULL &&
	    control_client_trouble(app->client) == CONTROL_TROUBLE_LASTING)
		return (struct look_of){"✕", "refused", ROLE_bad};
	if (!app->ever_live && (app_panel(app)->ops->fleet || app_panel(app)->anywhere) && nobody_here(app))
		return (struct look_of){"○", "no gateway here", ROLE_header};
	if (!app->ever_live) {
		snprintf(word, FORMAT_TEXT, app->state == CONTROL_SYNCING ? "reading" : "connecting");
		return (struct look_of){"◌", word, ROLE_warning};
	}
	if (app_stale(app)) {
		snprintf(word, FORMAT_TEXT, "STALE %s",
			 format_since(clock_monotonic(), control_client_heard(app->client), span));
		return (struct look_of){"?", word, ROLE_bad};
	}
	/* of a site that one has just come to there is what the list of sites needs, which may be old */
	if (!control_client_is_whole(app->client))
		return (struct look_of){"◌", "reading", ROLE_warning};
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

/* --- the whole
 * ------------------------------------------------------------------------------------------------ */

/* Whoever has no gateway here came for those elsewhere. */
static void
say_sites(const struct app *app, const struct area *area, int row)
{
	size_t sites = fleet_count(app->fleet) - 1;

	for (size_t i = 0; panels[i] != NULL; i++) {
		if (panels[i]->fleet && sites > 0)
			area_print(area, row, 3, ROLE_text, "%zu shows the %zu site%s of console.yaml.",
				   i + 1, sites, sites == 1 ? "" : "s");
		else if (panels[i]->fleet)
			area_print(area, row, 3, ROLE_text, "%zu and + add a gateway elsewhere, over SSH.",
				   i + 1);
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
	row += area_wrap(area, row, 3, cols, WHY_ROWS, remote ? ROLE_text : ROLE_dim, app->why) + 1;
	if (remote && control_client_trouble(app->client) == CONTROL_TROUBLE_LASTING)
		area_print(area, row, 3, ROLE_dim, "Nothing more is tried until ':connect %s'.", place);
	else if (remote)
		area_print(area, row, 3, ROLE_dim, "It is tried again; ':connect %s' does so at once.",
			   place);
	else
		row += area_wrap(
		    area, row, 3, cols, 3, ROLE_dim,
		    "'twinspan gateway -c FILE' runs one here; 'twinspan lab' opens the console on a "
		    "lab of its own.");
	if (!remote && app->fleet != NULL)
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
	if (!app->ever_live && !panel->ops->fleet && !panel->anywhere)
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
		app_draw_line(app, &line);
	}
	if (frame.foot > 1 || (frame.foot > 0 && !busy)) {
		line = frame_line(app, rows - 1, GROUND_FOOTER);
		app_draw_footer(app, &line);
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
