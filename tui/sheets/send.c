// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to the gateway and what their answers mean: for a sheet that is still open they are news in it,
 * otherwise a line on the screen; with the gateway's name, where one is on another site by then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/sheets/sheets.h"
#include "tui/sites/fleet.h"

enum purpose { PURPOSE_COMMAND, PURPOSE_QUESTION, PURPOSE_ROW, PURPOSE_ROW_QUESTION };

struct request {
	struct app *app;
	unsigned number; /* of the sheet that it belongs to; 0: none */
	enum purpose purpose;
	size_t row;
	const struct command *command;
	json_t *arguments;
	char what[160]; /* "switchover aws-paris" */
	char site[64];  /* that it went to, by console.yaml's name; "" for home */
};

static void
take_text(const struct control_reply *reply, char *out, size_t size)
{
	text_clean(out, size,
		   reply->text != NULL && reply->text[0] != '\0' ? reply->text
		   : reply->ok                                   ? "done"
								 : "refused");
}

static void
take_force(struct sheet *sheet, const struct control_reply *reply)
{
	const char *why = reply->ok ? NULL : json_string_value(json_object_get(reply->result, "force"));

	snprintf(sheet->force, sizeof(sheet->force), "%s", why != NULL ? why : "");
}

/* The sheet that the request belongs to, while it is open. */
static struct sheet *
sheet_of(const struct request *request)
{
	struct sheet *sheet = request->app->sheet;

	return sheet != NULL && request->number != 0 && sheet->number == request->number ? sheet : NULL;
}

static void
on_question(struct sheet *sheet, const struct control_reply *reply)
{
	char label[40];

	sheet->asked = true;
	sheet->refused = !reply->ok;
	sheet->lost = reply->exit_code == 3;
	take_text(reply, sheet->answer, sizeof(sheet->answer));
	take_force(sheet, reply);
	json_decref(sheet->plan);
	sheet->plan = reply->ok && json_is_object(reply->result) ? json_deep_copy(reply->result) : NULL;
	if (sheet->step != SHEET_ASK)
		return;
	sheet_pin(sheet, sheet->arguments, sheet->plan);
	snprintf(label, sizeof(label), "%s",
		 sheet->command->label != NULL ? sheet->command->label : sheet->command->name);
	if (reply->ok) {
		sheet_arm(sheet, label);
		plan_answered(sheet);
	} else if (sheet->force[0] != '\0') {
		sheet_arm(sheet, "force …");
	} else {
		sheet_arm(sheet, "");
	}
}

/* By console.yaml's name; "" for home, and for a site that was taken out of it. */
static const char *
site_name(const struct app *app, size_t site)
{
	return app->fleet != NULL && site < fleet_count(app->fleet) ? fleet_at(app->fleet, site)->name : "";
}

/* One is on the site that it went to. */
static bool
is_here(const struct request *request)
{
	return strcmp(request->site, site_name(request->app, request->app->site)) == 0;
}

static void
say_line(const struct request *request, const struct control_reply *reply)
{
	enum theme_role role = reply->ok ? ROLE_good : ROLE_bad;
	const char *mark = reply->ok ? "✓" : "✕";
	char text[400];

	take_text(reply, text, is_here(request) ? sizeof(text) : 272); /* with the rest, it is one message */
	if (is_here(request))
		app_answer(request->app, role, mark, request->what, text);
	else
		app_say(request->app, role, "%s %s on %s: %s", mark, request->what,
			request->site[0] != '\0' ? request->site
						 : fleet_name(fleet_at(request->app->fleet, FLEET_HOME)),
			text);
}

/* A page where there is more to say than a line, and the line. */
static void
say_result(const struct request *request, const struct control_reply *reply)
{
	if (!is_here(request) ||
	    !report_open(request->app, request->command->name, request->arguments, request->what, reply))
		say_line(request, reply);
}

static void
on_command(struct sheet *sheet, const struct request *request, const struct control_reply *reply)
{
	take_text(reply, sheet->result, sizeof(sheet->result));
	take_force(sheet, reply);
	sheet->result_ok = reply->ok;
	sheet->answered = true;
	if (!reply->ok && sheet->force[0] != '\0' &&
	    !json_is_true(json_object_get(sheet->arguments, "force"))) {
		snprintf(sheet->answer, sizeof(sheet->answer), "%s", sheet->result);
		sheet_step_to(sheet, SHEET_FORCE);
	} else if (sheet->ops->live == NULL ||
		   (reply->ok && json_object_get(reply->result, "lines") != NULL)) {
		sheet_close(request->app);
		say_result(request, reply); /* a drill's report is a page */
	} else {
		sheet_step_to(sheet, SHEET_OVER);
	}
}

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct request *request = context;
	struct sheet *sheet = sheet_of(request);

	switch (request->purpose) {
	case PURPOSE_QUESTION:
		if (sheet != NULL)
			on_question(sheet, reply);
		break;
	case PURPOSE_ROW:
	case PURPOSE_ROW_QUESTION:
		if (sheet != NULL)
			bulk_answer(sheet, request->row, request->purpose == PURPOSE_ROW_QUESTION, reply);
		else if (request->purpose == PURPOSE_ROW)
			say_line(request, reply);
		break;
	default:
		if (sheet != NULL)
			on_command(sheet, request, reply);
		else
			say_result(request, reply);
		break;
	}
	app_changed(request->app);
	json_decref(request->arguments);
	free(request);
}

/* What an answer is read by; contents, which may be secrets, are not kept for it. */
static json_t *
without_contents(const struct command *command, const json_t *arguments)
{
	json_t *copy = json_copy((json_t *)arguments);

	for (int i = 0; i < COMMAND_ARGUMENTS && command->arguments[i].name != NULL; i++) {
		if (command->arguments[i].kind == COMMAND_ARGUMENT_CONTENT)
			json_object_del(copy, command->arguments[i].name);
	}
	return copy;
}

/* `arguments` is taken. */
static void
dispatch(struct app *app, size_t site, struct control_client *client, const struct command *command,
	 json_t *arguments, struct request about)
{
	struct request *request = memory_zeroed(1, sizeof(*request));

	*request = about;
	request->app = app;
	snprintf(request->site, sizeof(request->site), "%s", site_name(app, site));
	request->command = command;
	request->arguments = without_contents(command, arguments);
	sheet_describe(command, arguments, request->what, sizeof(request->what));
	if (about.number == 0)
		app_say(app, ROLE_dim, "%s …", request->what);
	if (client != NULL) {
		control_client_command(client, command->name, arguments, on_reply, request);
		return;
	}
	json_decref(arguments);
	on_reply(request, &(struct control_reply){.exit_code = 3, .text = "the site is not reached"});
}

void
send_question(struct sheet *sheet)
{
	json_t *question = json_deep_copy(sheet->arguments);

	json_object_set_new(question, "dry_run", json_true());
	sheet_arm(sheet, ""); /* what was answered before the gateway went does not count */
	sheet->asked = sheet->refused = sheet->lost = false;
	plan_asked(sheet);
	dispatch(sheet->app, sheet->app->site, sheet->app->client, sheet->command, question,
		 (struct request){.number = sheet->number, .purpose = PURPOSE_QUESTION});
}

void
send_sheet(struct sheet *sheet)
{
	dispatch(sheet->app, sheet->app->site, sheet->app->client, sheet->command,
		 json_deep_copy(sheet->arguments),
		 (struct request){.number = sheet->number, .purpose = PURPOSE_COMMAND});
}

void
send_row(struct sheet *sheet, size_t row, json_t *arguments, bool dry)
{
	if (dry)
		json_object_set_new(arguments, "dry_run", json_true());
	dispatch(sheet->app, bulk_site(sheet, row), bulk_client(sheet, row), sheet->command, arguments,
		 (struct request){.number = sheet->number,
				  .purpose = dry ? PURPOSE_ROW_QUESTION : PURPOSE_ROW,
				  .row = row});
}

void
send_command(struct app *app, const struct command *command, json_t *arguments)
{
	dispatch(app, app->site, app->client, command, arguments,
		 (struct request){.purpose = PURPOSE_COMMAND});
}
