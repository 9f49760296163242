// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Being on a site. The app has one gateway that its panels show; to go to another is to close the panels,
 * take that one's scene, and open them again: nothing of the one is drawn over the other's data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/configuration/configuration.h"
#include "tui/overlay.h"
#include "tui/sites/fleet.h"

static size_t
panel_index(const char *name)
{
	size_t i;

	for (i = 0; panels[i] != NULL && strcmp(panels[i]->name, name) != 0; i++)
		;
	return i;
}

void
visit_take_scene(struct app *app)
{
	const struct fleet_site *site = fleet_at(app->fleet, app->site);
	struct scene *scene = &app->scene;

	scene->fleet = app->fleet;
	scene->site = app->site;
	scene->client = app->client = site->scene.client;
	scene->store = site->scene.store;
	scene->history = site->scene.history;
	scene->journal = site->scene.journal;
	scene->busy = site->scene.busy;
	scene->events_seen = site->scene.events_seen;
	app->state = site->state;
	app->ever_live = site->ever_live;
	snprintf(app->why, sizeof(app->why), "%s", site->why);
}

/* What the scene learnt of its site stays with that. */
static void
keep_scene(struct app *app)
{
	struct fleet_site *site = fleet_at(app->fleet, app->site);

	site->scene.journal = app->scene.journal;
	site->scene.busy = app->scene.busy;
	site->scene.events_seen = app->scene.events_seen;
}

static void
close_panels(struct app *app)
{
	overlay_close(app);
	while (app->detail_count > 0)
		app_pop_detail(app);
	for (size_t i = 0; i < APP_PANELS; i++) {
		if (app->opened[i] != NULL)
			app->opened[i]->ops->close(app->opened[i]);
		app->opened[i] = NULL;
	}
	app->behind_count = app->ahead_count = 0; /* places of another gateway */
}

void
visit_enter(struct app *app, size_t site)
{
	size_t tab = app->current;

	close_panels(app);
	past_free(app->scene.past); /* its questions are the client's that one leaves */
	keep_scene(app);
	fleet_turn_from(app->fleet, app->site);
	app->site = site;
	fleet_turn_to(app->fleet, site);
	visit_take_scene(app);
	/* what the gateway remembers is put beside the present second, which nobody has told that history */
	history_gap(app->scene.history, clock_monotonic(), clock_wall());
	app->scene.past = past_new(&app->scene);
	if (app->pause.on)
		look_pause(app);
	app_show_panel(app, panels[tab]->fleet ? 0 : tab);
	app_changed(app);
}

/* --- the commands ------------------------------------------------------------------------------ */

/* The site that is named, else that of the selected row. fleet_count() where there is none, which is said. */
static size_t
named(struct app *app, const char *name)
{
	struct panel *panel = app_panel(app);
	enum model_kind kind = MODEL_KIND_COUNT;
	const void *row = panel->ops->selected(panel, &kind);
	size_t site = fleet_count(app->fleet);

	if (name == NULL && (row == NULL || kind != MODEL_KIND_SITE)) {
		app_say(app, ROLE_warning, "name a site, or select one in Sites");
		return site;
	}
	if (name == NULL)
		name = ((const struct model_site *)row)->name;
	site = fleet_of_row(app->fleet, name);
	if (site == fleet_count(app->fleet))
		site = fleet_find(app->fleet, name);
	if (site == fleet_count(app->fleet))
		app_say(app, ROLE_bad, "no site is called '%s'", name);
	return site;
}

/* Whoever asks for it waits for it: its questions come up. */
static void
connect_now(struct app *app, size_t site)
{
	fleet_at(app->fleet, site)->wanted = true;
	fleet_connect(app->fleet, site);
}

static void
go_there(struct app *app, size_t site)
{
	const struct fleet_site *there = fleet_at(app->fleet, site);

	if (configuration_under_way(app)) {
		app_say(app, ROLE_warning,
			"a change of the configuration is on its way here: finish it first");
		return;
	}
	if (site == app->site) {
		app_show_panel(app, 0);
		question_open(app, site);
		return;
	}
	if (there->scene.client == NULL ||
	    control_client_trouble(there->scene.client) != CONTROL_TROUBLE_NONE)
		connect_now(app, site);
	if (there->asks && !there->ever_live) {
		question_open(app, site); /* first the answer */
		return;
	}
	visit_enter(app, site); /* whatever lay over the panels goes with them */
	question_open(app, site);
	if (site != FLEET_HOME)
		app_say(app, ROLE_dim, "you are on %s; %s goes back", fleet_name(fleet_at(app->fleet, site)),
			keys_text(command_find("home")) != NULL ? keys_text(command_find("home")) : ":home");
}

static void
go_home(struct app *app)
{
	size_t left = app->site;
	char name[80];

	if (app->site == FLEET_HOME)
		return;
	if (configuration_under_way(app)) {
		app_say(app, ROLE_warning,
			"a change of the configuration is on its way here: finish it first");
		return;
	}
	snprintf(name, sizeof(name), "%s", fleet_name(fleet_at(app->fleet, left)));
	visit_enter(app, FLEET_HOME);
	app->message.text[0] = '\0'; /* it said where one was */
	fleet_refresh(app->fleet, clock_wall());
	app_show_panel(app, panel_index("sites"));
	app_panel(app)->ops->select(app_panel(app), name);
}

static void
connect_to(struct app *app, size_t site)
{
	if (site == FLEET_HOME) {
		app_say(app, ROLE_dim, "this is the gateway that the console was opened on");
		return;
	}
	if (fleet_at(app->fleet, site)->asks)
		question_open(app, site);
	else
		connect_now(app, site);
}

static void
let_go(struct app *app, size_t site)
{
	if (site == FLEET_HOME || site == app->site) {
		app_say(app, ROLE_warning,
			site == FLEET_HOME ? "this is the gateway that the console was opened on"
					   : "you are there: go back first");
		return;
	}
	fleet_disconnect(app->fleet, site);
}

static const char *
word(const struct app *app, const char *name)
{
	return json_string_value(json_object_get(app->arguments, name));
}

/* The settings' sites have changed: those behind one that went have other places now, and one is where one
 * was. */
static void
reread(struct app *app)
{
	char here[64];

	snprintf(here, sizeof(here), "%s", fleet_at(app->fleet, app->site)->name);
	fleet_reread(app->fleet);
	if (app->site != FLEET_HOME)
		app->site = fleet_find(app->fleet, here);
	app->scene.site = app->site;
	fleet_refresh(app->fleet, clock_wall());
}

static void
add(struct app *app, const char *name)
{
	const char *address = word(app, "address");
	struct settings_site site = {.production =
					 json_is_true(json_object_get(app->arguments, "production"))};
	struct error err = {""};

	snprintf(site.name, sizeof(site.name), "%s", name);
	snprintf(site.host, sizeof(site.host), "%s", address != NULL ? address : "");
	snprintf(site.group, sizeof(site.group), "%s", word(app, "group") != NULL ? word(app, "group") : "");
	snprintf(site.role, sizeof(site.role), "%s", word(app, "role") != NULL ? word(app, "role") : "");
	if (word(app, "jump") != NULL)
		text_list_add(&site.jumps, word(app, "jump"));
	if (!settings_add_site(&app->settings, &site, &err)) {
		app_say(app, ROLE_bad, "not added: %s", err.text);
		return;
	}
	reread(app);
	app_say(app, ROLE_good, "%s is added to %s", name, app->settings.path);
}

static void
remove_site(struct app *app, size_t site)
{
	struct error err = {""};
	char name[64];

	if (site == FLEET_HOME || site == app->site) {
		let_go(app, site);
		return;
	}
	snprintf(name, sizeof(name), "%s", fleet_at(app->fleet, site)->name);
	question_close(app, site);
	if (!settings_remove_site(&app->settings, name, &err)) {
		app_say(app, ROLE_bad, "not removed: %s", err.text);
		return;
	}
	reread(app);
	app_say(app, ROLE_good, "%s is taken out of %s; ':add-site' puts it back", name, app->settings.path);
}

bool
visit_command(struct app *app, const char *command, const char *argument)
{
	static const struct {
		const char *name;
		void (*go)(struct app *app, size_t site);
	} commands[] = {{"enter-site", go_there},
			{"connect", connect_to},
			{"disconnect", let_go},
			{"remove-site", remove_site}};
	size_t site;

	if (app->fleet == NULL)
		return false;
	if (strcmp(command, "home") == 0) {
		go_home(app);
		return true;
	}
	if (strcmp(command, "add-site") == 0) {
		add(app, argument);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, command) != 0)
			continue;
		site = named(app, argument);
		if (site < fleet_count(app->fleet))
			commands[i].go(app, site);
		return true;
	}
	return false;
}
