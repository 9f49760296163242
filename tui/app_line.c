// SPDX-License-Identifier: GPL-2.0-or-later
/* The line under the panel: what is typed at the prompt or as a filter, key by key. */
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/complete.h"

static void
complete(struct app *app)
{
	struct completion completion;
	char common[INPUT_TEXT], text[INPUT_TEXT * 2];

	if (app->input.cursor != strlen(app->input.text))
		return;
	completion_make(app->scene.store, app_panel(app)->ops->kind, app->input.text, &completion);
	if (completion.words.count > 0) {
		completion_common(&completion, common, sizeof(common));
		snprintf(text, sizeof(text), "%.*s%s%s", (int)completion.start, app->input.text, common,
			 completion.words.count == 1 ? " " : "");
		if (strlen(text) > strlen(app->input.text))
			input_set(&app->input, text);
	}
	completion_free(&completion);
}

static void
recall(struct app *app, key_code key)
{
	if (key == KEYS_UP && app->history_at > 0)
		app->history_at--;
	else if (key == KEYS_DOWN && app->history_at < app->history_count)
		app->history_at++;
	input_set(&app->input, app->history_at < app->history_count ? app->history[app->history_at] : "");
}

static void
filter_now(struct app *app, const char *text)
{
	struct panel *panel = app_panel(app);
	struct error err;

	app->message.text[0] = '\0';
	if (app->help_open)
		snprintf(app->help.search, sizeof(app->help.search), "%s", text);
	else if (!panel->ops->filter(panel, text, &err))
		app_say(app, ROLE_bad, "%s", err.text);
}

void
app_line_key(struct app *app, key_code key)
{
	bool prompt = app->line == APP_LINE_PROMPT;

	if (key == KEYS_ESCAPE || key == KEYS_CONTROL + 'c') {
		app->line = APP_LINE_NONE;
		app->message.text[0] = '\0';
		if (!prompt)
			filter_now(app, "");
	} else if (key == KEYS_ENTER) {
		app->line = APP_LINE_NONE;
		if (prompt)
			app_prompt_run(app, app->input.text);
	} else if (prompt && key == KEYS_TAB) {
		complete(app);
	} else if (prompt && (key == KEYS_UP || key == KEYS_DOWN)) {
		recall(app, key);
	} else if (key == KEYS_BACKSPACE && app->input.text[0] == '\0') {
		app->line = APP_LINE_NONE;
	} else if (input_key(&app->input, key) && !prompt) {
		filter_now(app, app->input.text);
	}
}
