// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on their way to the gateway, and the sheets that open before what is dangerous; see sheets.h. The
 * gateway is asked by --dry-run where the command has one, and the action can only be pressed once it has
 * answered that it would do it. On a site of production its name has to be typed. Where the gateway refuses
 * what --force would do, that is a second question with Cancel in focus.
 */
#include "tui/sheets/sheets.h"
#include "tui/sites/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned last_number;

const char *
sheet_argument(const struct sheet *sheet, const char *name)
{
	return json_string_value(json_object_get(sheet->arguments, name));
}

bool
sheet_is(const struct sheet *sheet, const char *command)
{
	return strcmp(sheet->command->name, command) == 0;
}

const char *
sheet_describe(const struct command *command, const json_t *arguments, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", command->name);

	for (int i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL && used < size; i++) {
		const char *value = json_string_value(json_object_get(arguments, command->arguments[i].name));

		/* a file's content is nothing to be shown, and may be a secret */
		if (value != NULL && command->arguments[i].kind != COMMAND_ARGUMENT_CONTENT)
			used += (size_t)snprintf(out + used, size - used, " %s", value);
	}
	return out;
}

static bool
has_option(const struct command *command, const char *name)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		if (strcmp(command->options[i].name, name) == 0)
			return true;
	}
	return false;
}

bool
sheet_has_dry_run(const struct command *command)
{
	return has_option(command, "--dry-run");
}

bool
sheet_can_return(const struct sheet *sheet)
{
	return sheet->bulk == NULL && has_option(sheet->command, "--confirm-within");
}

bool
sheet_can_send(const struct sheet *sheet)
{
	return bulk_elsewhere(sheet) || (sheet->app->state == CONTROL_LIVE && !app_stale(sheet->app));
}

/* Where traffic moves by itself while a person reads, "the other tunnel" is the one that it has left. */
void
sheet_pin(const struct sheet *sheet, json_t *arguments, const json_t *answer)
{
	const char *to = json_string_value(json_object_get(answer, "to"));

	if (to != NULL && sheet_is(sheet, "switchover") && json_object_get(arguments, "tunnel") == NULL &&
	    !json_is_true(json_object_get(arguments, "back")))
		json_object_set_new(arguments, "tunnel", json_string(to));
}

/* --- opening and closing
 * -------------------------------------------------------------------------------------- */

/* On a site of production its name; for several dangerous ones their number. */
static void
must_type(struct sheet *sheet)
{
	const char *name = sheet->command->dangerous && app_production(sheet->app)
			       ? fleet_name(fleet_at(sheet->app->fleet, sheet->app->site))
			       : NULL;
	size_t count = bulk_count(sheet->bulk), left = bulk_left(sheet->bulk);
	char *out = sheet->dialog.must_type;

	out[0] = '\0';
	if (bulk_elsewhere(sheet)) /* their number, and that they are production */
		name = sheet->command->dangerous && bulk_production(sheet) ? bulk_only(sheet, "production")
									   : NULL;
	if (sheet->command->dangerous && count > 1 && name != NULL)
		snprintf(out, sizeof(sheet->dialog.must_type), "%s %zu", name, left);
	else if (sheet->command->dangerous && count > 1)
		snprintf(out, sizeof(sheet->dialog.must_type), "%zu", left);
	else if (name != NULL)
		snprintf(out, sizeof(sheet->dialog.must_type), "%s", name);
}

void
sheet_arm(struct sheet *sheet, const char *action)
{
	snprintf(sheet->dialog.action, sizeof(sheet->dialog.action), "%s", action);
	if (action[0] == '\0') {
		sheet->dialog.action_focus = false;
		sheet->dialog.must_type[0] = '\0';
	} else {
		must_type(sheet);
	}
}

void
sheet_step_to(struct sheet *sheet, enum sheet_step step)
{
	char action[40];

	sheet->step = step;
	sheet->dialog.action_focus = false;
	sheet->dialog.top = 0;
	sheet->dialog.mistyped = false;
	sheet->dialog.wanted[0] = '\0';
	explicit_bzero(&sheet->dialog.input, sizeof(sheet->dialog.input));
	if (step == SHEET_FORCE) {
		snprintf(action, sizeof(action), "%s all the same",
			 sheet->command->label != NULL ? sheet->command->label : sheet->command->name);
		sheet_arm(sheet, action);
	} else if (step != SHEET_ASK) {
		sheet_arm(sheet, "");
	}
}

void
sheet_close(struct app *app)
{
	struct sheet *sheet = app->sheet;

	if (sheet == NULL)
		return;
	json_decref(sheet->arguments);
	json_decref(sheet->plan);
	bulk_free(sheet->bulk);
	dialog_free(&sheet->dialog);
	FREE_AND_NULL(app->sheet);
}

static const struct sheet_ops *
ops_of(const struct command *command)
{
	static const char *const moves[] = {"switchover", "drain", "undrain", "drill"};

	for (size_t i = 0; i < COUNT_OF(moves); i++) {
		if (strcmp(moves[i], command->name) == 0)
			return &sheet_move_ops;
	}
	if (strcmp(command->name, "rotate") == 0)
		return &sheet_rotate_ops;
	return &sheet_plain_ops;
}

/* `arguments` is taken; NULL for a sheet of several. */
static struct sheet *
sheet_open(struct app *app, const struct command *command, json_t *arguments)
{
	struct sheet *sheet = memory_zeroed(1, sizeof(*sheet));
	char *title = sheet->dialog.title;

	sheet_close(app);
	sheet->app = app;
	sheet->command = command;
	sheet->ops = ops_of(command);
	sheet->arguments = arguments;
	sheet->number = ++last_number;
	sheet->lost_ours = MODEL_UINT_UNSET;
	app->sheet = sheet;
	sheet_describe(command, arguments, title, sizeof(sheet->dialog.title));
	title[0] = (char)(title[0] >= 'a' && title[0] <= 'z' ? title[0] - 'a' + 'A' : title[0]);
	return sheet;
}

static void
ask(struct sheet *sheet)
{
	if (sheet->bulk != NULL)
		bulk_ask(sheet);
	else if (sheet_has_dry_run(sheet->command))
		send_question(sheet);
	else
		sheet_arm(sheet,
			  sheet->command->label != NULL ? sheet->command->label : sheet->command->name);
}

/* Says why it can't be; then `arguments` is still the caller's. */
static bool
permitted(struct app *app, const struct command *command)
{
	if (app->state != CONTROL_LIVE)
		app_say(app, ROLE_bad, "%s was not sent: no gateway is connected", command->name);
	else if (!app_may(app, command))
		app_say(app, ROLE_bad, "%s is not permitted: your role here is %s, it needs %s",
			command->name, control_client_role(app->client), command_role_name(command->role));
	else
		return true;
	return false;
}

void
sheet_command(struct app *app, const struct command *command, json_t *arguments)
{
	struct sheet *sheet;

	if (!permitted(app, command)) {
		json_decref(arguments);
	} else if (rotate_asks(command, arguments)) {
		sheet = sheet_open(app, command, arguments);
		if (rotate_begin(sheet))
			ask(sheet);
		else
			sheet_close(app);
	} else if (!command->dangerous || json_is_true(json_object_get(arguments, "dry_run"))) {
		send_command(app, command, arguments);
	} else {
		sheet = sheet_open(app, command, arguments);
		if (sheet->ops == &sheet_move_ops)
			plan_title(sheet);
		ask(sheet);
	}
}

void
sheet_commands(struct app *app, const struct command *command, json_t *all)
{
	if (json_array_size(all) == 1) {
		sheet_command(app, command, json_deep_copy(json_array_get(all, 0)));
		json_decref(all);
	} else if (!permitted(app, command)) {
		json_decref(all);
	} else if (rotate_asks(command, json_array_get(all, 0))) {
		app_say(app, ROLE_warning, "each tunnel has a secret of its own: rotate them one by one");
		json_decref(all);
	} else {
		bulk_open(sheet_open(app, command, NULL), all);
	}
}

void
sheet_on_sites(struct app *app, const struct command *command, json_t *arguments,
	       const struct text_list *sites)
{
	bulk_open_sites(sheet_open(app, command, NULL), arguments, sites);
	json_decref(arguments);
}

void
sheet_together(struct app *app, const struct command *command, json_t *all, const struct text_list *sites)
{
	bulk_open_together(sheet_open(app, command, NULL), all, sites);
}

static bool
is_question(const struct sheet *sheet)
{
	return sheet->step == SHEET_ASK || sheet->step == SHEET_FORCE;
}

/* From the first question on. */
static void
ask_anew(struct sheet *sheet)
{
	if (sheet->step != SHEET_ASK)
		sheet_step_to(sheet, SHEET_ASK);
	sheet->force[0] = '\0';
	if (plan_is_old(sheet))
		plan_title(sheet);
	ask(sheet);
}

void
sheet_link_changed(struct app *app)
{
	struct sheet *sheet = app->sheet;

	if (sheet == NULL)
		return;
	if (bulk_elsewhere(sheet))
		return;
	if (app->state != CONTROL_LIVE)
		sheet->lost = true;
	else if (sheet->lost && is_question(sheet))
		ask_anew(sheet); /* things may have changed meanwhile */
	if (app->state == CONTROL_LIVE)
		sheet->lost = false;
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

void
sheet_force_words(const char *why, const char **against, const char **question)
{
	if (strcmp(why, "own_path") == 0) {
		*against = "✕ This would cut your own way to the gateway.";
		*question = "Your session may hang, and what you do here may then be out of your reach. Is "
			    "there another way in?";
	} else {
		*against = "✕ The gateway advises against it.";
		*question = "--force does it all the same; traffic may stand still.";
	}
}

static void
write_force(struct sheet *sheet, struct draft *body)
{
	const char *against, *question;

	sheet_force_words(sheet->force, &against, &question);
	draft_line(body);
	draft_put(body, 0, 0, ROLE_bad, against);
	draft_gap(body);
	draft_wrap(body, 0, false, ROLE_text, sheet->answer);
	draft_gap(body);
	draft_wrap(body, 0, false, ROLE_warning, question);
}

static void
write_body(struct sheet *sheet)
{
	struct draft *body = &sheet->dialog.body;

	if (sheet->bulk != NULL) {
		bulk_draw(sheet, body, &sheet->dialog.foot);
	} else if (sheet->step == SHEET_FORCE) {
		write_force(sheet, body);
	} else if (sheet->step == SHEET_ASK) {
		sheet->ops->ask(sheet, body);
	} else if (sheet->ops->live != NULL) {
		sheet->ops->live(sheet, body);
	} else {
		draft_line(body);
		draft_put(body, 0, 0, ROLE_dim, "sent; waiting for the gateway's answer …");
	}
}

static void
write_foot(struct sheet *sheet)
{
	struct draft *foot = &sheet->dialog.foot;

	if (sheet->step == SHEET_ASK)
		plan_foot(sheet, foot);
	if (!sheet_can_send(sheet)) {
		draft_line(foot);
		draft_put(foot, 0, 0, ROLE_bad,
			  "✕ The gateway is gone: nothing can be sent, and what is shown is old.");
	}
}

void
sheet_draw(struct app *app, const struct area *screen)
{
	struct sheet *sheet = app->sheet;
	int cols = dialog_cols(screen);

	draft_begin(&sheet->dialog.body, cols);
	draft_begin(&sheet->dialog.foot, cols);
	if (is_question(sheet) && sheet_can_send(sheet) && plan_is_old(sheet))
		ask_anew(sheet);
	sheet->dialog.action_off = !sheet_can_send(sheet);
	write_body(sheet);
	write_foot(sheet);
	dialog_draw(&sheet->dialog, screen);
}

/* --- keys
 * ----------------------------------------------------------------------------------------------------- */

static void
do_it(struct sheet *sheet)
{
	const struct model_connection *connection = plan_connection(sheet);
	unsigned back = plan_back_seconds(sheet);
	char seconds[16];

	if (sheet->bulk != NULL) {
		bulk_begin(sheet);
		return;
	}
	if (plan_is_old(sheet)) { /* it was not seen yet */
		ask_anew(sheet);
		return;
	}
	if (sheet->step == SHEET_ASK && sheet->force[0] != '\0') {
		sheet_step_to(sheet, SHEET_FORCE);
		return;
	}
	if (sheet->step == SHEET_FORCE)
		json_object_set_new(sheet->arguments, "force", json_true());
	if (sheet->step == SHEET_ASK && sheet->ops->take != NULL)
		sheet->ops->take(sheet);
	if (sheet_can_return(sheet) && (back != 0 || sheet->back_chosen)) {
		snprintf(seconds, sizeof(seconds), "%u", back);
		json_object_set_new(sheet->arguments, "confirm_within", json_string(seconds));
	}
	sheet->began_before = connection != NULL && connection->move.set ? connection->move.began_at : 0;
	sheet_step_to(sheet, SHEET_SENT);
	send_sheet(sheet);
}

/* Keys of the sheet before those of the dialog; while something is typed, letters are text. */
static bool
own_key(struct sheet *sheet, key_code key)
{
	bool typing = sheet->dialog.must_type[0] != '\0';

	if (sheet->bulk != NULL)
		return bulk_key(sheet, key);
	if (sheet->step == SHEET_ASK && sheet->ops->ask_key != NULL && sheet->ops->ask_key(sheet, key))
		return true;
	if (sheet->step == SHEET_ASK && sheet_can_return(sheet)) {
		if (key == KEYS_CONTROL + 't' || (!typing && key == '+')) {
			plan_back_step(sheet, 1);
			return true;
		}
		if (!typing && key == '-') {
			plan_back_step(sheet, -1);
			return true;
		}
	}
	return (sheet->step == SHEET_SENT || sheet->step == SHEET_OVER) && sheet->ops->live_key != NULL &&
	       sheet->ops->live_key(sheet, key);
}

void
sheet_key(struct app *app, key_code key)
{
	struct sheet *sheet = app->sheet;

	if (own_key(sheet, key))
		return;
	switch (dialog_key(&sheet->dialog, key)) {
	case DIALOG_DO:
		do_it(sheet);
		break;
	case DIALOG_CANCEL:
		sheet_close(app);
		break;
	default:
		break;
	}
}

const char *const *
sheet_hints(const struct app *app)
{
	static const char *const ask[] = {"Tab", "choose", "Enter", "press", "Esc", "cancel", NULL},
				 *const time[] = {"Tab",    "choose", "Enter",           "press", "Esc",
						  "cancel", "+ -",    "time to go back", NULL},
				 *const type[] = {"Tab",    "choose", "Enter",           "press", "Esc",
						  "cancel", "C-t",    "time to go back", NULL},
				 *const live[] = {"Esc", "leave: it goes on", NULL},
				 *const over[] = {"Esc", "close", "↑ ↓", "scroll", NULL},
				 *const bulk[] = {"Tab",    "choose", "Enter",         "press", "Esc",
						  "cancel", "C-f",    "stop or go on", NULL};
	const struct sheet *sheet = app->sheet;

	if (sheet->step == SHEET_OVER)
		return over;
	if (sheet->step == SHEET_SENT)
		return live;
	if (sheet->bulk != NULL)
		return bulk_stops(sheet->bulk) ? bulk : ask;
	if (sheet->step == SHEET_ASK && sheet->ops->hints != NULL)
		return sheet->ops->hints(sheet);
	if (sheet->step == SHEET_ASK && sheet_can_return(sheet))
		return sheet->dialog.must_type[0] != '\0' ? type : time;
	return ask;
}
