// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on their way to the gateway. What is dangerous opens a sheet first that says what will happen: the
 * gateway is asked by --dry-run where the command has one, and its answer is shown; for a switchover both
 * tunnels stand side by side, live. The sheet's action can only be pressed once the gateway has answered that
 * it would do it.
 *
 * Answers may come after the sheet was closed, or after another was opened: each request carries a number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/format.h"
#include "tui/panels/cells.h"

#define LABEL 16

struct sheet {
	struct dialog dialog;
	struct app *app;
	const struct command *command;
	json_t *arguments;
	unsigned number;
	char answer[512]; /* of the dry run */
	bool asked, refused;
};

struct request {
	struct app *app;
	unsigned number; /* of the sheet that waits for a dry run; 0: the command itself */
	char what[160];  /* "switchover aws-paris" */
	const struct command *command;
	json_t *arguments;
};

static unsigned last_number;

/* "switchover aws-paris": the command with its arguments in the table's order. */
static void
describe(const struct command *command, const json_t *arguments, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", command->name);

	for (int i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL && used < size; i++) {
		const char *value = json_string_value(json_object_get(arguments, command->arguments[i].name));

		if (value != NULL)
			used += (size_t)snprintf(out + used, size - used, " %s", value);
	}
}

/* --- sending
 * -------------------------------------------------------------------------------------------------- */

static void
on_dry_run(struct app *app, unsigned number, const struct control_reply *reply)
{
	struct sheet *sheet = app->sheet;

	if (sheet == NULL || sheet->number != number)
		return;
	sheet->asked = true;
	sheet->refused = !reply->ok;
	text_clean(sheet->answer, sizeof(sheet->answer), reply->text != NULL ? reply->text : "");
	if (reply->ok)
		snprintf(sheet->dialog.action, sizeof(sheet->dialog.action), "%s",
			 sheet->command->label != NULL ? sheet->command->label : sheet->command->name);
}

static void
request_free(struct request *request)
{
	json_decref(request->arguments);
	free(request);
}

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct request *request = context;
	struct app *app = request->app;
	char text[400];

	if (request->number != 0) {
		on_dry_run(app, request->number, reply);
		app_changed(app);
		request_free(request);
		return;
	}
	text_clean(text, sizeof(text),
		   reply->text != NULL && reply->text[0] != '\0' ? reply->text
		   : reply->ok                                   ? "done"
								 : "refused");
	if (!report_open(app, request->command->name, request->arguments, request->what, reply))
		app_answer(app, reply->ok ? ROLE_good : ROLE_bad, reply->ok ? "✓" : "✕", request->what, text);
	app_changed(app);
	request_free(request);
}

/* `arguments` is taken. */
static void
dispatch(struct app *app, const struct command *command, json_t *arguments, unsigned number)
{
	struct request *request = memory_zeroed(1, sizeof(*request));

	request->app = app;
	request->number = number;
	request->command = command;
	request->arguments = json_incref(arguments);
	describe(command, arguments, request->what, sizeof(request->what));
	if (number == 0)
		app_say(app, ROLE_dim, "%s …", request->what);
	control_client_command(app->client, command->name, arguments, on_reply, request);
}

/* --- what a sheet says
 * ---------------------------------------------------------------------------------------- */

static const char *
argument(const struct sheet *sheet, const char *name)
{
	return json_string_value(json_object_get(sheet->arguments, name));
}

static bool
has_tunnel_name(const struct model_tunnel *tunnel, const char *name)
{
	return strcmp(tunnel->name, name) == 0 || strcmp(tunnel_number(tunnel->name), name) == 0;
}

/* The tunnels of a switchover: from the one that carries to the named or the other one. False where unclear.
 */
static bool
find_move(const struct sheet *sheet, const struct model_tunnel **from, const struct model_tunnel **to)
{
	const char *connection = argument(sheet, "connection"), *named = argument(sheet, "tunnel");
	const struct model_tunnel *tunnels[2];

	if (connection_tunnels(sheet->app->scene.store, connection, tunnels) != 2)
		return false;
	*to = tunnels[0]->active && !tunnels[1]->active ? tunnels[1] : tunnels[0];
	if (named != NULL) {
		if (!has_tunnel_name(tunnels[0], named) && !has_tunnel_name(tunnels[1], named))
			return false;
		*to = has_tunnel_name(tunnels[0], named) ? tunnels[0] : tunnels[1];
	}
	*from = *to == tunnels[0] ? tunnels[1] : tunnels[0];
	return true;
}

static const struct {
	const char *label;
	cell_function *cell;
} compared[] = {{"state", cell_tunnel_state},    {"since", cell_tunnel_since},
		{"peer", cell_tunnel_peer},      {"prefixes", cell_tunnel_prefixes},
		{"round trip", cell_tunnel_rtt}, {"loss", cell_tunnel_loss},
		{"in", cell_tunnel_in},          {"out", cell_tunnel_out}};

static void
draw_span(const struct area *area, int col, int width, const struct model_tunnel *tunnel, const char *part)
{
	enum theme_role role = ROLE_text;
	char mark[16];

	tunnel_mark(tunnel, mark, &role);
	area_text(area, 0, col, role, mark);
	area_field(area, 0, col + 4, width - 5, false, ROLE_title, tunnel->name);
	area_field(area, 1, col, width - 1, false, role, part);
}

/* Both spans side by side; returns the rows. */
static int
draw_comparison(const struct sheet *sheet, const struct area *area, int cols)
{
	const struct model_tunnel *from, *to;
	const struct table_context context = {.store = sheet->app->scene.store, .now = sheet->app->scene.now};
	int label = cols >= 60 ? LABEL : 11, width = (cols - label) / 2, row = 2;

	if (!find_move(sheet, &from, &to))
		return 0;
	if (area == NULL)
		return (int)COUNT_OF(compared) + 3;
	area_text(area, 1, 0, ROLE_dim, "traffic");
	draw_span(area, label, width, from, tunnel_part(from)[0] == 'c' ? "carries now" : tunnel_part(from));
	draw_span(area, label + width, width, to, "will carry");
	for (size_t i = 0; i < COUNT_OF(compared); i++, row++) {
		const struct model_tunnel *spans[] = {from, to};

		area_text(area, row, 0, ROLE_dim, compared[i].label);
		for (int s = 0; s < 2; s++) {
			struct table_cell cell = {.role = ROLE_dim};

			compared[i].cell(&context, spans[s], &cell);
			if (cell.text[0] == '\0')
				snprintf(cell.text, sizeof(cell.text), FORMAT_NONE);
			area_field(area, row, label + s * width, width - 1, false, cell.role,
				   cell.text + strspn(cell.text, " "));
		}
	}
	return row + 1;
}

/* What taking a tunnel down means for its connection, as things stand. */
static void
say_down(const struct sheet *sheet, char *out, size_t size)
{
	const struct model_store *store = sheet->app->scene.store;
	const char *name = argument(sheet, "tunnel");
	const struct model_tunnel *tunnel =
				      name != NULL ? model_store_get(store, MODEL_KIND_TUNNEL, name) : NULL,
				  *other;
	const struct model_tunnel *tunnels[2];

	if (tunnel == NULL || connection_tunnels(store, tunnel->connection, tunnels) == 0)
		return;
	other = tunnels[0] == tunnel ? tunnels[1] : tunnels[0];
	if (connection_tunnels(store, tunnel->connection, tunnels) < 2)
		other = NULL;
	if (!tunnel->active || tunnel_part(tunnel)[0] == '\0')
		snprintf(out, size, "%s carries no traffic now. It stays down until 'up %s'.", name, name);
	else if (other != NULL && tunnel_part(other)[0] != '\0')
		snprintf(out, size,
			 "%s carries the traffic of %s: it has to move to %s. %s stays down until 'up %s'.",
			 name, tunnel->connection, other->name, name, name);
	else
		snprintf(out, size,
			 "%s is the only tunnel of %s that is up: the connection will be down until 'up %s'.",
			 name, tunnel->connection, name);
}

static void
say_session(const struct sheet *sheet, char *out, size_t size)
{
	const char *name = argument(sheet, "peer");
	const struct model_peer *peer =
	    name != NULL ? model_store_get(sheet->app->scene.store, MODEL_KIND_PEER, name) : NULL;
	bool shutdown = strcmp(sheet->command->name, "shutdown") == 0;
	char count[FORMAT_TEXT];

	if (json_is_true(json_object_get(sheet->arguments, "soft")))
		snprintf(out, size, "%s is asked to send its routes again; the session stays up.", name);
	else if (peer != NULL)
		snprintf(out, size, "The session is %s with %s prefixes accepted. They go with it%s",
			 look_of_peer(peer).word, format_count(peer->accepted, count),
			 shutdown ? ", and it stays closed until 'start'."
				  : " and come back when it is Established again.");
}

static void
say_withdraw(const struct sheet *sheet, char *out, size_t size)
{
	snprintf(out, size, "Peers will no longer be told of %s.", argument(sheet, "prefix"));
}

static const struct {
	const char *command;
	void (*say)(const struct sheet *sheet, char *out, size_t size);
} consequences[] = {
    {"down", say_down}, {"reset", say_session}, {"shutdown", say_session}, {"withdraw", say_withdraw}};

static int
draw_consequence(const struct sheet *sheet, const struct area *area, int cols)
{
	static struct canvas none;
	struct area nowhere = {.canvas = &none};
	char text[512] = "";
	int rows;

	for (size_t i = 0; i < COUNT_OF(consequences); i++) {
		if (strcmp(consequences[i].command, sheet->command->name) == 0)
			consequences[i].say(sheet, text, sizeof(text));
	}
	if (text[0] == '\0')
		snprintf(text, sizeof(text), "%s", sheet->command->help);
	rows = area_wrap(area != NULL ? area : &nowhere, 0, 0, cols, area != NULL ? area->rows : 0, ROLE_text,
			 text);
	return rows + 1;
}

static int
draw_answer(const struct sheet *sheet, const struct area *area, int row, int cols)
{
	static struct canvas none;
	struct area nowhere = {.canvas = &none};
	const char *text = sheet->asked ? sheet->answer : "asking the gateway what would happen …";

	return area_wrap(area != NULL ? area : &nowhere, row, 0, cols, area != NULL ? area->rows : 0,
			 !sheet->asked    ? ROLE_dim
			 : sheet->refused ? ROLE_bad
					  : ROLE_text,
			 text);
}

static bool
has_dry_run(const struct command *command)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		if (strcmp(command->options[i].name, "--dry-run") == 0)
			return true;
	}
	return false;
}

static int
draw_body(void *context, const struct area *area, int cols)
{
	struct sheet *sheet = context;
	int rows = 0;

	if (strcmp(sheet->command->name, "switchover") == 0)
		rows = draw_comparison(sheet, area, cols);
	else
		rows = draw_consequence(sheet, area, cols);
	if (has_dry_run(sheet->command))
		rows += draw_answer(sheet, area, rows, cols);
	return rows;
}

/* --- the sheet
 * ------------------------------------------------------------------------------------------------ */

void
sheet_close(struct app *app)
{
	if (app->sheet == NULL)
		return;
	json_decref(app->sheet->arguments);
	FREE_AND_NULL(app->sheet);
}

static void
sheet_open(struct app *app, const struct command *command, json_t *arguments)
{
	struct sheet *sheet = memory_zeroed(1, sizeof(*sheet));
	char what[96];
	json_t *question;

	sheet_close(app);
	sheet->app = app;
	sheet->command = command;
	sheet->arguments = arguments;
	sheet->number = ++last_number;
	sheet->dialog.body = draw_body;
	sheet->dialog.context = sheet;
	describe(command, arguments, what, sizeof(what));
	what[0] = (char)(what[0] >= 'a' && what[0] <= 'z' ? what[0] - 'a' + 'A' : what[0]);
	snprintf(sheet->dialog.title, sizeof(sheet->dialog.title), "%s", what);
	app->sheet = sheet;
	if (has_dry_run(command)) {
		question = json_deep_copy(arguments);
		json_object_set_new(question, "dry_run", json_true());
		dispatch(app, command, question, sheet->number);
	} else {
		snprintf(sheet->dialog.action, sizeof(sheet->dialog.action), "%s",
			 command->label != NULL ? command->label : command->name);
	}
}

void
sheet_command(struct app *app, const struct command *command, json_t *arguments)
{
	if (app->state != CONTROL_LIVE) {
		app_say(app, ROLE_bad, "%s was not sent: no gateway is connected", command->name);
		json_decref(arguments);
	} else if (!app_may(app, command)) {
		app_say(app, ROLE_bad, "%s is not permitted: your role here is %s, it needs %s",
			command->name, control_client_role(app->client), command_role_name(command->role));
		json_decref(arguments);
	} else if (command->dangerous && !json_is_true(json_object_get(arguments, "dry_run"))) {
		sheet_open(app, command, arguments);
	} else {
		dispatch(app, command, arguments, 0);
	}
}

void
sheet_commands(struct app *app, const struct command *command, json_t *all)
{
	const json_t *one;
	size_t i;

	if (json_array_size(all) == 1)
		sheet_command(app, command, json_incref(json_array_get(all, 0)));
	else if (command->dangerous)
		app_say(app, ROLE_warning, "%s asks for each: take the marks off and go one by one",
			command->name);
	else
		json_array_foreach (all, i, one)
			sheet_command(app, command, json_incref((json_t *)one));
	json_decref(all);
}

void
sheet_draw(struct app *app, const struct area *screen)
{
	dialog_draw(&app->sheet->dialog, screen);
}

void
sheet_key(struct app *app, key_code key)
{
	struct sheet *sheet = app->sheet;

	switch (dialog_key(&sheet->dialog, key)) {
	case DIALOG_DO:
		dispatch(app, sheet->command, json_incref(sheet->arguments), 0);
		sheet_close(app);
		break;
	case DIALOG_CANCEL:
		sheet_close(app);
		break;
	default:
		break;
	}
}
