// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a person can change of the console's look while it runs: the theme, the mouse, the pause; and how a
 * production gateway is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/sites/fleet.h"

/* --- themes ----------------------------------------------------------------------------------------- */

bool
app_use_theme(struct app *app, const char *name, struct error *err)
{
	struct theme theme;

	if (!theme_find(name, &theme, err))
		return false;
	app->theme = theme;
	snprintf(app->theme_name, sizeof(app->theme_name), "%s", name);
	terminal_theme(app->terminal, &theme);
	return true;
}

const char *
app_usual_theme(void)
{
	const char *background = getenv("COLORFGBG"), *last;

	last = background != NULL ? strrchr(background, ';') : NULL;
	return last != NULL && (strcmp(last, ";15") == 0 || strcmp(last, ";7") == 0) ? "light" : "dark";
}

/* The theme of the command line must work. For the settings' there is another, so that a slip in a file of
 * colours keeps nobody from their gateway; the one that we choose may be missing. */
bool
look_open_theme(struct app *app, struct error *err)
{
	if (app->options->theme != NULL)
		return app_use_theme(app, app->options->theme, err);
	if (app->settings.theme[0] != '\0') {
		if (app_use_theme(app, app->settings.theme, err))
			return true;
		app_say(app, ROLE_bad, "%s", err->text);
	}
	app->theme_by_background = app->settings.theme[0] == '\0';
	if (!app_use_theme(app, app_usual_theme(), err))
		app_say(app, ROLE_warning, "%s", err->text);
	return true;
}

/* The terminal told its background. */
void
look_take_background(struct app *app)
{
	struct error err;
	uint32_t background;

	if (!app->theme_by_background || !terminal_background(app->terminal, &background))
		return;
	app->theme_by_background = false;
	if (strcmp(app->theme_name, theme_is_light(background) ? "light" : "dark") != 0)
		app_use_theme(app, theme_is_light(background) ? "light" : "dark", &err);
}

/* The theme behind the present one in the order of names; those that can't be read are said and left out. */
static void
next_theme(struct app *app)
{
	struct text_list names = {0};
	struct error err;
	bool failed = false;
	size_t at = 0;

	theme_names(&names);
	while (at < names.count && strcmp(names.items[at], app->theme_name) != 0)
		at++;
	for (size_t tries = 1; tries <= names.count; tries++) {
		const char *name = names.items[(at + tries) % names.count];

		if (!app_use_theme(app, name, &err)) {
			app_say(app, ROLE_bad, "%s", err.text);
			failed = true;
			continue;
		}
		if (!failed)
			app_say(app, ROLE_text, "theme %s (%zu of %zu); ':theme --save' keeps it", name,
				(at + tries) % names.count + 1, names.count);
		break;
	}
	text_list_free(&names);
}

static void
save_theme(struct app *app)
{
	struct error err;

	snprintf(app->settings.theme, sizeof(app->settings.theme), "%s", app->theme_name);
	if (settings_save(&app->settings, &err))
		app_say(app, ROLE_good, "theme %s is kept in %s", app->theme_name, app->settings.path);
	else
		app_say(app, ROLE_bad, "%s", err.text);
}

void
look_theme(struct app *app, const char *name, bool save)
{
	struct error err;

	if (!terminal_colours(app->terminal)) {
		app_say(app, ROLE_warning,
			"there are no colours here: NO_COLOR, '--colours none', or a terminal without");
		return;
	}
	app->theme_by_background = false;
	if (name != NULL && !app_use_theme(app, name, &err)) {
		app_say(app, ROLE_bad, "%s", err.text);
		return;
	}
	if (name == NULL && !save)
		next_theme(app);
	if (save)
		save_theme(app);
}

/* --- the mouse and the pause ------------------------------------------------------------------------ */

void
look_mouse(struct app *app)
{
	bool on = !terminal_has_mouse(app->terminal);
	char key[16];

	terminal_mouse(app->terminal, on);
	keys_name(keys_of(command_find("mouse"), 0), key, sizeof(key));
	if (on)
		app_say(app, ROLE_text,
			"mouse on: click, double click, wheel; Shift selects text, %s turns it off", key);
	else
		app_say(app, ROLE_text, "mouse off: the terminal selects text");
}

void
look_pause(struct app *app)
{
	app->pause.on = !app->pause.on;
	app->pause.since = clock_monotonic();
	app->pause.changes = app->pause.events = 0;
}

/* What a frozen screen knows by itself. Everything else shows the present first; a command for the gateway
 * must not act on a picture of the past, and is asked for again. False where the key has done its work. */
bool
look_leaves_pause(struct app *app, const struct command *command)
{
	static const char *const stay[] = {"pause", "mouse", "redraw", "suspend", "quit", "theme", "dump"};

	for (size_t i = 0; i < COUNT_OF(stay); i++) {
		if (strcmp(command->name, stay[i]) == 0)
			return true;
	}
	look_pause(app);
	if (command->place == COMMAND_CONSOLE)
		return true;
	app_say(app, ROLE_warning, "the screen was paused and shows the present again: %s was not sent",
		command->name);
	return false;
}

/* --- production ------------------------------------------------------------------------------------- */

bool
app_production(const struct app *app)
{
	const struct model_gateway *gateway = model_store_count(app->scene.store, MODEL_KIND_GATEWAY) > 0
						  ? model_store_at(app->scene.store, MODEL_KIND_GATEWAY, 0)
						  : NULL;

	if (app->fleet != NULL && fleet_at(app->fleet, app->site)->production)
		return true;
	return gateway != NULL && settings_production(&app->settings, gateway->name);
}
