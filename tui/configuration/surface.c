// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a person meets a change (change.c): the commands that begin one, the overlay that shows its review or
 * the form, the countdown, and the end of the console, at which nothing may be lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/configuration/configuration_internal.h"
#include "tui/format.h"

static struct configuring *
of_app(struct app *app)
{
	if (app->configuring == NULL) {
		app->configuring = memory_zeroed(1, sizeof(*app->configuring));
		app->configuring->app = app;
	}
	return app->configuring;
}

static bool
is_review(const struct configuring *c)
{
	return c->step == STEP_TROUBLE || c->step == STEP_REVIEW;
}

/* --- the commands -------------------------------------------------------------------------------- */

/* Said before anybody has typed anything in vain. */
static bool
may_change(struct app *app, const char *what)
{
	const struct command *configure = command_find("configure");
	const struct configuring *c = app->configuring;
	struct model_gateway *row = NULL;

	if (model_store_count(app->scene.store, MODEL_KIND_GATEWAY) > 0)
		row = (struct model_gateway *)model_store_at(app->scene.store, MODEL_KIND_GATEWAY, 0);
	if (app->state != CONTROL_LIVE)
		app_say(app, ROLE_bad, "%s: no gateway is connected", what);
	else if (!app_may(app, configure))
		app_say(app, ROLE_bad, "%s is off: your role here is %s, it needs %s", what,
			control_client_role(app->client), command_role_name(configure->role));
	else if (row != NULL && row->config_confirm_until > clock_wall())
		app_say(app, ROLE_warning,
			"%s: the last change waits for its confirmation first (%s keeps it)", what,
			keys_text(command_find("keep-configuration")));
	else if (c != NULL && c->step != STEP_NONE)
		app_say(app, ROLE_warning, "%s: another change is on its way", what);
	else {
		if (app->pause.on)
			look_pause(app);
		return true;
	}
	return false;
}

static void
view(struct app *app)
{
	if (is_configuration_page(app_panel(app)))
		return;
	navigation_leave(app);
	app_push_panel(app, configuration_page(&app->scene));
}

static void
begin_edit(struct app *app)
{
	char command[900];
	struct error err = {""};
	struct configuring *c;

	if (!may_change(app, "edit"))
		return;
	if (!editor_find(command, sizeof(command), &err)) {
		app_say(app, ROLE_bad, "%s", err.text);
		return;
	}
	c = of_app(app);
	c->by_form = false;
	change_fetch(c);
}

static void
begin_form(struct app *app)
{
	struct configuring *c;

	if (!may_change(app, "new-connection"))
		return;
	c = of_app(app);
	c->by_form = true;
	if (c->form == NULL)
		c->form = new_connection_open(app->options->import, app->scene.store);
	change_show_form(c, true);
}

static void
on_kept(void *context, const struct control_reply *reply)
{
	struct app *app = context;
	char text[400];

	app_answer(app, reply->ok ? ROLE_good : ROLE_bad, reply->ok ? "✓" : "✕", "reload --keep",
		   text_clean(text, sizeof(text), change_words(reply)));
}

static void
keep_configuration(struct app *app)
{
	const struct command *reload = command_find("reload");

	if (app->state != CONTROL_LIVE)
		app_say(app, ROLE_bad, "keep-configuration was not sent: no gateway is connected");
	else if (!app_may(app, reload))
		app_say(app, ROLE_bad,
			"keep-configuration is not permitted: your role here is %s, it needs %s",
			control_client_role(app->client), command_role_name(reload->role));
	else
		control_client_command(app->client, "reload", json_pack("{s:b}", "keep", 1), on_kept, app);
}

static const struct {
	const char *name;
	void (*run)(struct app *app);
} commands[] = {{"view-configuration", view},
		{"edit", begin_edit},
		{"new-connection", begin_form},
		{"keep-configuration", keep_configuration}};

bool
configuration_command(struct app *app, const char *command)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, command) != 0)
			continue;
		commands[i].run(app);
		return true;
	}
	return false;
}

/* --- what is on top ------------------------------------------------------------------------------ */

bool
configuration_away(const struct app *app)
{
	return app->configuring != NULL && app->configuring->step == STEP_EDITOR;
}

bool
configuration_under_way(const struct app *app)
{
	return app->configuring != NULL && app->configuring->step != STEP_NONE;
}

bool
configuration_waits(const struct app *app, char *out, size_t size)
{
	const struct model_store *store = app->scene.store;
	const struct model_gateway *row = NULL;
	const struct command *command = command_find("keep-configuration");
	char span[FORMAT_TEXT];

	if (model_store_count(store, MODEL_KIND_GATEWAY) > 0)
		row = model_store_at(store, MODEL_KIND_GATEWAY, 0);
	if (row == NULL || row->config_confirm_until <= app->scene.now)
		return false;
	snprintf(out, size, "! configuration goes back in %s: %s keeps it",
		 format_until(app->scene.now, row->config_confirm_until, span),
		 keys_text(command) != NULL ? keys_text(command) : ":keep-configuration");
	return true;
}

static void
back(struct configuring *c)
{
	if (c->by_form) {
		change_drop(c);
		return;
	}
	change_edit(c);
}

static void
do_deed(struct configuring *c, enum deed deed)
{
	switch (deed) {
	case DEED_AGAIN:
		back(c);
		break;
	case DEED_CHECK: /* with the file as it is by now, where that is a form's */
		if (c->app->state != CONTROL_LIVE)
			app_say(c->app, ROLE_bad, "no gateway is connected yet");
		else if (c->by_form)
			change_fetch(c);
		else
			change_check(c);
		break;
	case DEED_APPLY:
		change_apply(c);
		break;
	case DEED_FORCE:
		c->force = true;
		change_check(c);
		break;
	case DEED_FETCH:
		change_wipe(&c->text);
		change_fetch(c);
		break;
	case DEED_CANCEL:
		change_keep(c);
		change_drop(c);
		break;
	case DEED_DROP:
		change_drop(c);
		break;
	}
}

static void
review_pressed(struct configuring *c, key_code key)
{
	int pressed;

	if (c->step == STEP_REVIEW && key == 't') {
		c->wait = (c->wait + 1) % CHANGE_WAITS;
		change_say_wait(c);
		return;
	}
	pressed = review_key(&c->review, key);
	if (pressed >= 0)
		do_deed(c, c->deeds[pressed]);
	else if (pressed == -2)
		do_deed(c, DEED_CANCEL);
}

static void
form_done(struct configuring *c)
{
	struct error err = {""};

	change_wipe(&c->text);
	change_wipe(&c->secrets);
	change_wipe(&c->notes);
	if (!new_connection_write(c->form, &c->text, &c->secrets, &c->notes, &err)) {
		app_say(c->app, ROLE_bad, "%s", err.text);
		return;
	}
	c->force = false;
	change_show_form(c, false);
	change_fetch(c);
}

static void
form_pressed(struct configuring *c, key_code key)
{
	struct app *app = c->app;

	switch (form_key(new_connection_form(c->form), key)) {
	case FORM_GO:
		if (app->state == CONTROL_LIVE)
			form_done(c);
		else
			app_say(app, ROLE_bad, "no gateway is connected: what you typed stays");
		break;
	case FORM_LEAVE:
		change_show_form(c, false);
		app_say(app, ROLE_text, "what you typed stays until you leave the console: %s opens it again",
			keys_text(command_find("new-connection")));
		break;
	case FORM_STAYS:
		break;
	}
}

/* --- the overlay ----------------------------------------------------------------------------------- */

static void
overlay_draw(struct overlay *overlay, const struct area *body)
{
	struct configuring *c = (struct configuring *)overlay;

	if (is_review(c))
		review_draw(&c->review, body);
	else
		form_draw(new_connection_form(c->form), body);
}

/* Which overlay is open follows from the step, so that none is ever closed by its key's answer. */
static bool
overlay_pressed(struct overlay *overlay, key_code key)
{
	struct configuring *c = (struct configuring *)overlay;

	if (is_review(c))
		review_pressed(c, key);
	else
		form_pressed(c, key);
	return true;
}

/* Something else takes the place: nothing is lost by that. */
static void
overlay_closed(struct overlay *overlay)
{
	struct configuring *c = (struct configuring *)overlay;

	if (c->surfacing)
		return;
	c->surfacing = true;
	c->form_open = false;
	if (is_review(c)) {
		change_keep(c);
		change_forget(c);
	}
	c->surfacing = false;
}

static const char *const review_hints[] = {"↑ ↓",   "scroll", "Tab",    "choose", "Enter",
					   "press", "Esc",    "cancel", NULL},
			 *const apply_hints[] = {"↑ ↓", "scroll", "Tab", "choose", "Enter", "press",
						 "t",   "time",   "Esc", "cancel", NULL},
			 *const form_hints[] = {"↑ ↓", "field",   "← →", "choose", "C-g", "secret",
						"C-t", "show it", "Esc", "close",  NULL};
#define OVERLAY .draw = overlay_draw, .key = overlay_pressed, .close = overlay_closed
static const struct overlay_ops review_ops = {OVERLAY, .hints = review_hints},
				apply_ops = {OVERLAY, .hints = apply_hints},
				form_ops = {OVERLAY, .hints = form_hints};

/* Opens or closes the overlay, as the step has it. */
void
change_surface(struct configuring *c)
{
	struct app *app = c->app;

	if (c->surfacing)
		return;
	c->surfacing = true;
	if (!is_review(c) && !c->form_open) {
		if (app->overlay == &c->overlay)
			overlay_close(app);
	} else {
		c->overlay.ops = c->step == STEP_REVIEW ? &apply_ops : is_review(c) ? &review_ops : &form_ops;
		if (app->overlay != &c->overlay)
			overlay_open(app, &c->overlay);
	}
	c->surfacing = false;
}

/* --- the end --------------------------------------------------------------------------------------- */

void
configuration_close(struct app *app)
{
	struct configuring *c = app->configuring;
	char *text = NULL;

	if (c == NULL)
		return;
	c->waiting_closed = true;
	if (c->editor != NULL) {
		editor_stop(c->editor, &text);
		if (text != NULL && c->base != NULL && strcmp(text, c->base) != 0) {
			change_wipe(&c->text);
			c->text = text;
			c->kept[0] = '\0';
		} else {
			change_wipe(&text);
		}
	}
	if (c->step != STEP_NONE)
		change_keep(c);
	snprintf(app->last_words, sizeof(app->last_words), "%s%s",
		 c->kept[0] != '\0' ? "your text of the configuration is kept in " : "", c->kept);
	c->step = STEP_NONE;
	change_show_form(c, false);
	new_connection_close(c->form);
	c->form = NULL;
	change_wipe(&c->base);
	change_wipe(&c->text);
	change_wipe(&c->secrets);
	change_wipe(&c->notes);
	review_free(&c->review);
}
