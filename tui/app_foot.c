// SPDX-License-Identifier: GPL-2.0-or-later
/* The foot of the screen: a line for messages or typing, and the keys that count here. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/complete.h"
#include "tui/configuration/configuration.h"
#include "tui/format.h"
#include "tui/overlay.h"
#include "tui/panels/text.h"
#include "tui/sites/both.h"

#define MESSAGE_TIME (20 * USEC_PER_SEC)
#define MESSAGE_ROWS 5 /* of one that is longer than the line */

static void
message_begin(struct app *app, enum theme_role role)
{
	app->message.lead[0] = '\0';
	app->message.role = role;
	app->message.until = clock_monotonic() + MESSAGE_TIME;
	app_changed(app);
}

void
app_answer(struct app *app, enum theme_role role, const char *mark, const char *about, const char *text)
{
	message_begin(app, role);
	snprintf(app->message.lead, sizeof(app->message.lead), "%s %s: ", mark, about);
	snprintf(app->message.text, sizeof(app->message.text), "%s", text);
}

void
app_say(struct app *app, enum theme_role role, const char *format, ...)
{
	va_list args;

	message_begin(app, role);
	va_start(args, format);
	vsnprintf(app->message.text, sizeof(app->message.text), format, args);
	va_end(args);
}

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
	if (strcmp(command->name, "both-switchover") == 0)
		return both_is_page(app_panel(app)); /* elsewhere it may have no other end */
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

void
app_draw_footer(struct app *app, const struct area *line)
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

void
app_draw_line(struct app *app, const struct area *line)
{
	struct area rest = *line;
	char text[120];

	if (configuration_waits(app, text, sizeof(text))) {
		area_right(line, 0, ROLE_attention, text);
		rest = area_part(line, 0, 0, 1, line->cols - text_columns(text) - 2);
	}
	draw_line(app, &rest);
}
