// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of the console itself, by their names in the command table: what each of them does. */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/configuration/configuration.h"
#include "tui/format.h"
#include "tui/overlay.h"
#include "tui/panels/text.h"
#include "tui/sites/both.h"
#include "tui/sites/find.h"

/* Pages on top of a panel that have lines to look through. */
static bool
is_page(const struct panel *panel)
{
	return is_text_panel(panel) || is_configuration_page(panel);
}

static void
go_detail(struct app *app, const char *argument)
{
	struct panel *panel = app_panel(app);
	enum model_kind kind;
	const void *row;

	(void)argument;
	if (app->detail_count > 0 && panel->ops->command(panel, "detail", NULL))
		return; /* it unfolds what stands below */
	row = panel->ops->selected(panel, &kind);
	if (row == NULL || (app->detail_count > 0 && !is_text_panel(panel)))
		return;
	navigation_leave(app);
	app_push_detail(app, kind, row);
}

static void
go_filter(struct app *app, const char *argument)
{
	(void)argument;
	if (app->detail_count > 0 && !is_page(app_panel(app)))
		return;
	app->line = APP_LINE_FILTER;
	app->message.text[0] = '\0';
	input_set(&app->input, app_panel(app)->filter);
}

static void
go_prompt(struct app *app, const char *argument)
{
	(void)argument;
	app->line = APP_LINE_PROMPT;
	app->history_at = app->history_count;
	input_set(&app->input, "");
}

void
app_ask_for_words(struct app *app, const struct command *command)
{
	char text[64];

	go_prompt(app, NULL);
	snprintf(text, sizeof(text), "%s ", command->name);
	input_set(&app->input, text);
}

static void
go_help(struct app *app, const char *argument)
{
	const struct panel_ops *ops = app_panel(app)->ops;

	(void)argument;
	app->help_open = true;
	app->help_opens = app->message.text[0] == '\0'; /* a message may lie over the panel */
	app->help = (struct help){.panel = ops->name, .title = panel_of_kind(ops->kind)->title};
	if (is_configuration_page(app_panel(app)))
		app->help.title = ops->title;
}

static void
step_panel(struct app *app, int step)
{
	size_t count = 0, next;

	while (panels[count] != NULL)
		count++;
	next = app->current;
	do {
		next = (next + count + (size_t)step) % count;
	} while (!panels[next]->tab && app->opened[next] == NULL);
	navigation_leave(app);
	app_show_panel(app, next);
}

static void
go_next(struct app *app, const char *argument)
{
	(void)argument;
	step_panel(app, 1);
}

static void
go_previous(struct app *app, const char *argument)
{
	(void)argument;
	step_panel(app, -1);
}

static void
go_panel(struct app *app, const char *argument)
{
	uint64_t number;

	if (argument == NULL || !text_parse_number(argument, APP_PANELS, &number) || number == 0)
		return;
	for (size_t i = 0; panels[i] != NULL && i < number; i++) {
		if (i + 1 != number || !panels[i]->tab)
			continue;
		navigation_leave(app);
		app_show_panel(app, i);
	}
}

static void
go_back(struct app *app, const char *argument)
{
	struct panel *panel = app_panel(app);
	struct marks *marks = panel->ops->marks != NULL ? panel->ops->marks(panel) : NULL;

	(void)argument;
	if (marks != NULL && marks->keys.count > 0)
		marks_clear(marks);
	else if (is_page(panel) && panel->filter[0] != '\0')
		panel->ops->filter(panel, "", NULL);
	else if (app->detail_count > 0)
		app_pop_detail(app);
	else if (panel->filter[0] != '\0')
		panel->ops->filter(panel, "", NULL);
	else if (app->message.text[0] != '\0')
		app->message.text[0] = '\0';
	else
		visit_command(app, "home", NULL);
}

static void
go_redraw(struct app *app, const char *argument)
{
	(void)argument;
	terminal_redraw(app->terminal);
}

static void
go_theme(struct app *app, const char *argument)
{
	(void)argument;
	look_theme(app, json_string_value(json_object_get(app->arguments, "name")),
		   json_is_true(json_object_get(app->arguments, "save")));
}

static void
go_mouse(struct app *app, const char *argument)
{
	(void)argument;
	look_mouse(app);
}

static void
go_span(struct app *app, const char *argument)
{
	unsigned span = (unsigned)(app->scene.span + 1) % HISTORY_SPANS;
	const struct history_resolution *resolution;
	char window[FORMAT_TEXT], clean[64];

	if (argument != NULL) {
		for (span = 0; span < HISTORY_SPANS; span++) {
			if (strcmp(history_resolutions[span].name, argument) == 0)
				break;
		}
	}
	if (span == HISTORY_SPANS) {
		app_say(app, ROLE_bad, "a span is minutes, hours or day, not '%s'",
			text_clean(clean, sizeof(clean), argument));
		return;
	}
	app->scene.span = (enum history_span)span;
	resolution = &history_resolutions[span];
	app_say(app, ROLE_text, "graphs reach back up to %s",
		format_window((size_t)resolution->seconds * resolution->samples, window));
}

static void
go_pause(struct app *app, const char *argument)
{
	(void)argument;
	look_pause(app);
}

static void
go_last(struct app *app, const char *argument)
{
	(void)argument;
	navigation_last(app);
}

static void
go_place_back(struct app *app, const char *argument)
{
	(void)argument;
	navigation_back(app);
}

static void
go_place_forward(struct app *app, const char *argument)
{
	(void)argument;
	navigation_forward(app);
}

static void
go_where(struct app *app, const char *argument)
{
	where_open(app, argument);
}

static void
go_quit(struct app *app, const char *argument)
{
	(void)argument;
	app_quit(app);
}

static void
go_suspend(struct app *app, const char *argument)
{
	(void)argument;
	terminal_suspend(app->terminal);
}

static void
go_attention(struct app *app, const char *argument)
{
	(void)argument;
	navigation_attention(app);
}

/* To a row by its number; where its panel has no rows, that is said. */
static void
go_row(struct app *app, const char *argument)
{
	struct panel *panel = app_panel(app);
	struct error err;
	uint64_t number;

	if (panel->ops->row == NULL)
		app_say(app, ROLE_warning, "there are no numbered rows here");
	else if (argument == NULL || !text_parse_number(argument, SIZE_MAX, &number))
		app_say(app, ROLE_warning, "'%s' is no row's number", argument != NULL ? argument : "");
	else if (!panel->ops->row(panel, number, &err))
		app_say(app, ROLE_warning, "%s", err.text);
}

static const struct {
	const char *name;
	void (*go)(struct app *app, const char *argument);
} console_commands[] = {
    {"detail", go_detail},
    {"filter", go_filter},
    {"prompt", go_prompt},
    {"help", go_help},
    {"next-panel", go_next},
    {"previous-panel", go_previous},
    {"panel", go_panel},
    {"back", go_back},
    {"redraw", go_redraw},
    {"theme", go_theme},
    {"mouse", go_mouse},
    {"pause", go_pause},
    {"span", go_span},
    {"quit", go_quit},
    {"suspend", go_suspend},
    {"last-place", go_last},
    {"place-back", go_place_back},
    {"place-forward", go_place_forward},
    {"where", go_where},
    {"attention", go_attention},
    {"row", go_row},
};

void
app_run_console(struct app *app, const struct command *command, const char *argument)
{
	struct panel *panel = app_panel(app);
	enum table_motion motion;

	if (app->help_open) {
		if (table_motion_of(command->name, &motion)) {
			help_go(&app->help, motion);
			return;
		}
		if (strcmp(command->name, "filter") == 0) {
			app->line = APP_LINE_FILTER;
			app->message.text[0] = '\0';
			input_set(&app->input, app->help.search);
			return;
		}
		if (strcmp(command->name, "back") == 0 && app->help.search[0] != '\0') {
			app->help.search[0] = '\0';
			return;
		}
		app->help_open = false;
		if (strcmp(command->name, "back") == 0 || strcmp(command->name, "help") == 0 ||
		    strcmp(command->name, "quit") == 0)
			return;
	}
	for (size_t i = 0; i < COUNT_OF(console_commands); i++) {
		if (strcmp(console_commands[i].name, command->name) == 0) {
			console_commands[i].go(app, argument);
			return;
		}
	}
	if (navigation_jump(app, command->name, argument) || output_command(app, command->name, argument) ||
	    arrange_command(app, command->name, argument) || configuration_command(app, command->name) ||
	    visit_command(app, command->name, argument) || both_command(app, command->name, argument) ||
	    find_command(app, command->name, argument))
		return;
	if (!panel->ops->command(panel, command->name, argument) && !table_motion_of(command->name, &motion))
		app_say(app, ROLE_dim, "%s means nothing in %s", command->name,
			panel_of_kind(panel->ops->kind)->title);
}
