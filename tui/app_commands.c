// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys and typed lines become rows of the command table, and rows become deeds. A key's arguments come from
 * the selection; a line's from its words; both through command_parse, as on the command line.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/configuration/configuration.h"
#include "tui/panels/text.h"
#include "tui/sites/show.h"
#include "tui/sites/fleet.h"
#include "tui/typed.h"

#define WORDS 16

bool
app_may(const struct app *app, const struct command *command)
{
	const char *name = control_client_role(app->client);
	enum command_role role;

	return name == NULL || !command_role_parse(name, &role) || role >= command->role;
}

/* --- show
 * ----------------------------------------------------------------------------------------------------- */

static void
run_show(struct app *app, const json_t *arguments)
{
	const char *word = json_string_value(json_object_get(arguments, "kind"));
	const char *name = json_string_value(json_object_get(arguments, "name"));
	const char *filter = json_string_value(json_object_get(arguments, "filter"));
	const struct model_kind_info *info = word != NULL ? model_kind_find(word) : NULL;
	struct panel *panel;
	struct error err;
	const void *row;

	if (info == NULL) {
		app_say(app, ROLE_bad, "there is no kind '%s'", word != NULL ? word : "");
		return;
	}
	navigation_leave(app);
	for (size_t i = 0; panels[i] != NULL; i++) {
		if (panels[i]->kind == info->kind)
			app_show_panel(app, i);
	}
	panel = app_panel(app);
	if (filter != NULL && !panel->ops->filter(panel, filter, &err))
		app_say(app, ROLE_bad, "%s", err.text);
	if (name == NULL)
		return;
	row = info->storage == MODEL_STORED ? model_store_get(app->scene.store, info->kind, name) : NULL;
	if (row == NULL) {
		app_say(app, ROLE_bad, "there is no %s '%s'", info->shape->name, name);
		return;
	}
	panel->ops->select(panel, name);
	app_push_detail(app, info->kind, row);
}

/* A command for gateways that is typed in the list of sites goes to those that are marked there, else to the
 * selected one; where none is, to nobody. False anywhere else, and for the gateway that one is at. */
static bool
run_on_sites(struct app *app, const struct command *command, const json_t *arguments)
{
	struct panel *panel = app_panel(app);
	const struct marks *marks = panel->ops->marks != NULL ? panel->ops->marks(panel) : NULL;
	struct text_list one = {0};
	enum model_kind kind;
	const struct model_site *site = panel->ops->fleet ? panel->ops->selected(panel, &kind) : NULL;

	if (!panel->ops->fleet || app->fleet == NULL || is_text_panel(panel))
		return false;
	if (marks != NULL && marks->keys.count > 0) {
		sheet_on_sites(app, command, json_deep_copy(arguments), &marks->keys);
		return true;
	}
	if (site == NULL) {
		app_say(app, ROLE_warning, "%s was not sent: no site is selected", command->name);
		return true;
	}
	if (fleet_of_row(app->fleet, site->name) == app->site)
		return false;
	text_list_add(&one, site->name);
	sheet_on_sites(app, command, json_deep_copy(arguments), &one);
	text_list_free(&one);
	return true;
}

/* `show` in the list of sites with some of them marked: of all those. */
static bool
show_on_marked(struct app *app, const json_t *arguments)
{
	struct panel *panel = app_panel(app);
	const struct marks *marks = panel->ops->marks != NULL ? panel->ops->marks(panel) : NULL;

	if (!panel->ops->fleet || app->fleet == NULL || marks == NULL || marks->keys.count == 0)
		return false;
	show_on_sites(app, arguments, &marks->keys);
	return true;
}

/* --- one way for all
 * ------------------------------------------------------------------------------------------ */

static void
run(struct app *app, const struct command *command, int count, const char *const *words)
{
	struct error err = {"'-' is for the shell: name a file"}; /* the keyboard is ours */
	json_t *arguments =
	    command_reads_input(command, count, words) ? NULL : command_parse(command, count, words, &err);

	if (arguments == NULL) {
		app_say(app, ROLE_bad, "%s", err.text);
		return;
	}
	if (command->place != COMMAND_CONSOLE)
		app->help_open = false;
	switch (command->place) {
	case COMMAND_CONSOLE:
		app->arguments = arguments;
		app_run_console(
		    app, command,
		    command->arguments[0].name != NULL
			? json_string_value(json_object_get(arguments, command->arguments[0].name))
			: NULL);
		app->arguments = NULL;
		break;
	case COMMAND_CLIENT:
		if (!show_on_marked(app, arguments))
			run_show(app, arguments);
		break;
	case COMMAND_LOCAL:
		if (command_in_console(command)) { /* `export` */
			export_run(app, arguments);
			break;
		}
		app_say(app, ROLE_warning,
			"'%s' is for the shell: leave the console, or use another terminal", command->name);
		break;
	default:
		if (!run_on_sites(app, command, arguments))
			sheet_command(app, command, json_incref(arguments));
		break;
	}
	json_decref(arguments);
}

/* What the selected row gives for the command's arguments; false (and says so) where one is missing. */
static bool
words_of_selection(struct app *app, const struct command *command, const char *key, const char **words,
		   int *count)
{
	static char format[32]; /* as long as the words are used */
	struct panel *panel = app_panel(app);
	enum model_kind kind = panel->ops->kind;
	const void *row = panel->ops->selected(panel, &kind);

	*count = 0;
	for (int i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++) {
		const struct command_argument *argument = &command->arguments[i];

		if (argument->optional)
			break;
		words[i] = panel_argument(app->scene.store, kind, row, argument->kind);
		if (argument->kind == COMMAND_ARGUMENT_WORD && !isdigit((unsigned char)key[0])) {
			app_ask_for_words(app, command);
			return false;
		}
		if (argument->kind == COMMAND_ARGUMENT_WORD) /* "panel 3": the key itself is the word */
			words[i] = key;
		else if (argument->kind == COMMAND_ARGUMENT_FORMAT)
			words[i] = export_next_format(app, format, sizeof(format));
		if (words[i] == NULL) {
			app_say(app, ROLE_warning, "%s needs a %s: select one", command->name,
				argument->name);
			return false;
		}
		(*count)++;
	}
	return true;
}

/* The name that a marked row gives for the command's first argument, or NULL. */
static const char *
name_of_mark(const struct app *app, const struct command *command, enum model_kind kind, const char *key)
{
	const struct model_store *store = app->scene.store;
	const void *row = model_store_get(store, kind, key);

	if (row == NULL && kind == MODEL_KIND_CONNECTION) { /* the overview has tunnels too */
		kind = MODEL_KIND_TUNNEL;
		row = model_store_get(store, kind, key);
	}
	return panel_argument(store, kind, row, command->arguments[0].kind);
}

/* A command for the gateway, on all marked rows; false where none is marked or the command takes no row. */
static bool
run_marked(struct app *app, const struct command *command)
{
	struct panel *panel = app_panel(app);
	const struct marks *marks = panel->ops->marks != NULL ? panel->ops->marks(panel) : NULL;
	struct text_list names = {0};
	json_t *all;

	if (marks == NULL || marks->keys.count == 0 || command->place != COMMAND_GATEWAY ||
	    command->arguments[0].name == NULL)
		return false;
	for (size_t i = 0; i < marks->keys.count; i++) {
		const char *name = name_of_mark(app, command, panel->ops->kind, marks->keys.items[i]);

		if (name != NULL && !text_list_has(&names, name))
			text_list_add(&names, name);
	}
	all = json_array();
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(all, json_pack("{s:s}", command->arguments[0].name, names.items[i]));
	if (names.count > 0) {
		sheet_commands(app, command, all);
	} else {
		app_say(app, ROLE_warning, "%s means nothing for what is marked", command->name);
		json_decref(all);
	}
	text_list_free(&names);
	return true;
}

/* `confirm`, wherever one is: where exactly one switchover waits, that is the one. */
static bool
run_waiting(struct app *app, const struct command *command)
{
	const struct model_connection *only =
	    strcmp(command->name, "confirm") == 0 ? waiting_only(app->scene.store) : NULL;

	if (only == NULL)
		return false;
	app->help_open = false;
	sheet_command(app, command, json_pack("{s:s}", "connection", only->name));
	return true;
}

void
app_key(struct app *app, key_code key)
{
	const struct command *command = keys_find(app_panel(app)->ops->name, key);
	const char *words[COMMAND_ARGUMENTS];
	char name[16];
	int count;

	if (command == NULL || (app->pause.on && !look_leaves_pause(app, command)))
		return;
	if (run_waiting(app, command) || run_marked(app, command) ||
	    !words_of_selection(app, command, keys_name(key, name, sizeof(name)), words, &count))
		return;
	run(app, command, count, words);
}

void
app_run(struct app *app, const char *name)
{
	app_run_console(app, command_find(name), NULL);
}

/* A command by its name, or a console's one by a beginning that is nobody else's (":q"). */
static const struct command *
find_typed(const char *word)
{
	const struct command *command = command_find(word), *only = NULL;
	size_t count, length = strlen(word);
	const struct command *table = command_table(&count);

	for (size_t i = 0; command == NULL && i < count; i++) {
		if (strncmp(table[i].name, word, length) != 0)
			continue;
		if (only != NULL)
			return NULL;
		only = &table[i];
	}
	if (command != NULL)
		return command;
	return only != NULL && only->place == COMMAND_CONSOLE ? only : NULL;
}

static void
remember(struct app *app, const char *text)
{
	if (app->history_count > 0 && strcmp(app->history[app->history_count - 1], text) == 0)
		return;
	if (app->history_count == APP_HISTORY) {
		free(app->history[0]);
		memmove(app->history, app->history + 1, (APP_HISTORY - 1) * sizeof(app->history[0]));
		app->history_count--;
	}
	app->history[app->history_count++] = text_copy(text);
}

void
app_prompt_run(struct app *app, const char *text)
{
	char buffer[INPUT_TEXT * 2];
	const char *words[WORDS], *nearest;
	const struct command *command;
	int count = words_split(text, buffer, sizeof(buffer), words, WORDS);

	if (count == 0)
		return;
	remember(app, text);
	command = find_typed(words[0]);
	if (count == 1 && words[0][strspn(words[0], "0123456789")] == '\0') { /* a row's number alone */
		run(app, command_find("row"), 1, words);
		return;
	}
	if (command == NULL) {
		nearest = command_nearest(words[0]);
		if (nearest != NULL)
			app_say(app, ROLE_bad, "there is no command '%s'; did you mean '%s'?", words[0],
				nearest);
		else
			app_say(app, ROLE_bad, "there is no command '%s'; ? lists them", words[0]);
		return;
	}
	run(app, command, count - 1, words + 1);
}
