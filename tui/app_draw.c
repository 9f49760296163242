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
#include "tui/format.h"

#define CHROME_TOP 2
#define CHROME_FOOT 2

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

static void
draw_header(struct app *app, const struct area *line)
{
	const struct model_gateway *gateway = model_store_count(app->scene.store, MODEL_KIND_GATEWAY) > 0
						  ? model_store_at(app->scene.store, MODEL_KIND_GATEWAY, 0)
						  : NULL;
	char word[FORMAT_TEXT], clock[FORMAT_TEXT], in[FORMAT_TEXT], out[FORMAT_TEXT], text[160];
	struct look_of look = look_of_link(app, word);
	int right = line->cols - 1 - text_columns(look.word) - 2, left;

	area_blank(line, 0, 0, 1, line->cols);
	area_print(line, 0, right, look.role, "%s %s", look.glyph, look.word);
	right -= 10;
	area_text(line, 0, right, ROLE_header, format_clock(app->scene.now, clock));
	if (gateway == NULL) {
		area_text(line, 0, 1, ROLE_header, "twinspan");
		return;
	}
	left = area_text(line, 0, 1, ROLE_title, gateway->name != NULL ? gateway->name : "") + 2;
	if (right - left > 30) {
		right -= 29;
		area_print(line, 0, right, ROLE_header, "▲%s ▼%s", format_rate(gateway->tx_bps, out),
			   format_rate(gateway->rx_bps, in));
	}
	snprintf(text, sizeof(text), "%s · AS%llu", gateway->role != NULL ? gateway->role : "",
		 (unsigned long long)gateway->asn);
	if (gateway->asn == MODEL_UINT_UNSET)
		snprintf(text, sizeof(text), "%s", gateway->role != NULL ? gateway->role : "");
	if (left + text_columns(text) + 2 > right)
		return;
	left = area_text(line, 0, left, ROLE_header, text);
	if (gateway->outside != NULL && left + 3 + text_columns(gateway->outside) + 2 <= right)
		area_print(line, 0, left, ROLE_header, " · %s", gateway->outside);
}

/* --- tabs
 * ----------------------------------------------------------------------------------------------------- */

static int
tabs_width(const struct app *app, bool digits)
{
	int width = 1;

	for (size_t i = 0; panels[i] != NULL; i++) {
		if (panels[i]->tab || i == app->current)
			width += text_columns(panels[i]->title) + (digits ? 4 : 2);
	}
	return width;
}

static void
draw_tabs(struct app *app, const struct area *line)
{
	struct panel *panel = app_panel(app);
	int col = 1, gap = tabs_width(app, false) > line->cols ? 1 : 2;
	char status[160] = "";
	bool digits;

	panel->ops->status(panel, status, sizeof(status));
	digits = tabs_width(app, true) + text_columns(status) + 2 <= line->cols;
	for (size_t i = 0; panels[i] != NULL; i++) {
		bool active = i == app->current;

		if (!panels[i]->tab && !active)
			continue;
		if (digits && panels[i]->tab)
			col = area_print(line, 0, col, ROLE_tab, "%zu ", i + 1);
		col = area_text(line, 0, col, active ? ROLE_tab_active : ROLE_tab, panels[i]->title) + gap;
	}
	if (col + text_columns(status) < line->cols)
		area_text(line, 0, line->cols - 1 - text_columns(status),
			  panel->filter[0] != '\0' ? ROLE_accent : ROLE_dim, status);
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
draw_key(const struct app *app, const struct area *line, int col, const struct command *command)
{
	char key[16];

	col = area_text(line, 0, col, ROLE_key, short_key(app, command, key, sizeof(key)));
	return area_print(line, 0, col, ROLE_label, " %s", command->label);
}

static int
key_width(const struct app *app, const struct command *command)
{
	char key[16];

	return text_columns(short_key(app, command, key, sizeof(key))) + 1 + text_columns(command->label);
}

/* No key is offered that would only complain: the selected row gives what the command needs, and it has
 * something to do. */
static bool
applies(struct app *app, const struct command *command, enum model_kind kind, const void *row)
{
	enum command_argument_kind argument = command->arguments[0].kind;

	if (strcmp(command->name, "back") == 0)
		return app->detail_count > 0 || app_panel(app)->filter[0] != '\0';
	if (strcmp(command->name, "detail") == 0 || strcmp(command->name, "filter") == 0)
		return app->detail_count == 0;
	if (command->place != COMMAND_GATEWAY || command->arguments[0].name == NULL)
		return true;
	return panel_argument(app->scene.store, kind, row, argument) != NULL;
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
		col = area_text(line, 0, col, ROLE_key, hints[0]);
		col = area_print(line, 0, col, ROLE_label, " %s", hints[1]) + 2;
	}
}

static void
draw_footer(struct app *app, const struct area *line)
{
	static const char *const dialog[] = {"Tab", "choose", "Enter", "press", "Esc", "cancel", NULL},
				 *const prompt[] = {"Tab",           "complete", "Enter", "run", "↑ ↓",
						    "earlier lines", "Esc",      "close", NULL},
				 *const filter[] = {"Enter",
						    "keep",
						    "Esc",
						    "show all",
						    "field:value  !not  in:10.0.0.0/8  has:10.1.2.3",
						    "",
						    NULL},
				 *const help[] = {"↑ ↓", "scroll", "Esc", "close", NULL};

	area_blank(line, 0, 0, 1, line->cols);
	if (app->sheet != NULL)
		draw_hints(line, dialog);
	else if (app->line == APP_LINE_PROMPT)
		draw_hints(line, prompt);
	else if (app->line == APP_LINE_FILTER)
		draw_hints(line, filter);
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
	completion_make(app->scene.store, app->input.text, &completion);
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
	int col = 0;

	if (panel->filter[0] != '\0')
		col = area_print(line, 0, 0, ROLE_accent, "/%s", panel->filter) + 2;
	if (app->behind_count == 0 || col > line->cols / 2)
		return;
	navigation_trail(app, line->cols - col - 2, trail, sizeof(trail));
	area_text(line, 0, line->cols - 1 - text_columns(trail), ROLE_dim, trail);
}

static void
draw_line(struct app *app, const struct area *line)
{
	if (app->line == APP_LINE_PROMPT) {
		draw_prompt(app, line);
		return;
	}
	if (app->line == APP_LINE_FILTER)
		input_draw(&app->input, line, 0, "/");
	if (app->message.text[0] != '\0' && clock_monotonic() > app->message.until)
		app->message.text[0] = '\0';
	if (app->message.text[0] == '\0') {
		if (app->line == APP_LINE_NONE)
			draw_place(app, line);
		return;
	}
	if (app->line == APP_LINE_NONE) {
		int lead = text_columns(app->message.lead), col = 1;

		if (lead + text_columns(app->message.text) + 2 <= line->cols)
			col = area_text(line, 0, 1, app->message.role, app->message.lead);
		area_field(line, 0, col, line->cols - col - 1, false, app->message.role, app->message.text);
	} else if (app->message.role == ROLE_bad) /* what is wrong with the filter that is being typed */
		area_right(line, 0, ROLE_bad, app->message.text);
}

/* --- the whole
 * ------------------------------------------------------------------------------------------------ */

/* Before the first snapshot there is nothing to show but why. */
static void
draw_waiting(struct app *app, const struct area *area)
{
	const char *socket = app->options->socket;
	int row = area->rows / 3, cols = area->cols - 6;

	if (app->state == CONTROL_SYNCING) {
		area_print(area, row, 3, ROLE_text, "reading the gateway's state from %s", socket);
	} else if (app->why[0] == '\0') {
		area_print(area, row, 3, ROLE_text, "connecting to %s", socket);
	} else {
		char text[320];

		snprintf(text, sizeof(text), "no gateway at %s, trying", socket);
		row += area_wrap(area, row, 3, cols, 3, ROLE_warning, text);
		row += area_wrap(area, row, 3, cols, 3, ROLE_dim, app->why) + 1;
		area_wrap(area, row, 3, cols, 3, ROLE_dim,
			  "'twinspan gateway -c FILE' runs one here; 'twinspan lab' opens the console on a "
			  "lab of its own.");
	}
}

void
app_draw(struct app *app)
{
	int rows, cols, body;
	struct area screen, part, line;
	struct panel *panel = app_panel(app);

	terminal_size(app->terminal, &rows, &cols);
	canvas_resize(&app->canvas, rows, cols);
	app->scene.now = clock_wall();
	screen = canvas_area(&app->canvas);
	part = area_part(&screen, 0, 0, 1, cols);
	part.ground = GROUND_HEADER;
	draw_header(app, &part);
	body = rows - CHROME_TOP - CHROME_FOOT;
	part = area_part(&screen, CHROME_TOP, 0, body, cols);
	part.dimmed = app_stale(app);
	if (!app->ever_live)
		draw_waiting(app, &part);
	else
		panel->ops->draw(panel, &part);
	line = area_part(&screen, 1, 0, 1, cols);
	draw_tabs(app, &line); /* after the panel: what it says of itself is known now */
	if (app->help_open) {
		part.dimmed = false;
		help_draw(&app->help, &part);
	}
	part = area_part(&screen, rows - 2, 0, 1, cols);
	if (rows > CHROME_TOP + 1)
		draw_line(app, &part);
	part = area_part(&screen, rows - 1, 0, 1, cols);
	part.ground = GROUND_FOOTER;
	if (rows > CHROME_TOP)
		draw_footer(app, &part);
	part = area_part(&screen, 1, 0, rows - 2,
			 cols); /* a sheet may need all but the first and the last line */
	if (app->sheet != NULL)
		sheet_draw(app, &part);
	terminal_present(app->terminal, &app->canvas);
}
