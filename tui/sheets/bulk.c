// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One command for many rows: a single sheet that lists what will happen to each, by the gateway's dry run
 * where there is one, and then becomes the table of results. The rows go one after the other, so that a
 * failure can stop the rest; what the dry run refused is left out. Closing the sheet on the way ends it where
 * it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/sheets/sheets.h"
#include "tui/sites/fleet.h"

enum row_state { ROW_WAITS, ROW_ASKED, ROW_REFUSED, ROW_RUNS, ROW_DONE, ROW_FAILED, ROW_LEFT };

struct bulk_row {
	enum row_state state;
	char text[400];
};

struct bulk {
	json_t *all;            /* the arguments of each */
	struct text_list sites; /* where each goes, by the keys of their rows; none: all to where one is */
	struct bulk_row *rows;
	size_t count, at; /* at: of the row that is asked about or runs */
	bool dry, go_on, running;
	bool together; /* all are sent at once: they make one move */
};

static size_t
in_state(const struct bulk *bulk, enum row_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < bulk->count; i++)
		count += bulk->rows[i].state == state;
	return count;
}

size_t
bulk_count(const struct bulk *bulk)
{
	return bulk != NULL ? bulk->count : 0;
}

size_t
bulk_left(const struct bulk *bulk)
{
	return bulk != NULL ? bulk->count - in_state(bulk, ROW_REFUSED) : 0;
}

bool
bulk_stops(const struct bulk *bulk)
{
	return !bulk->together;
}

void
bulk_free(struct bulk *bulk)
{
	if (bulk == NULL)
		return;
	json_decref(bulk->all);
	text_list_free(&bulk->sites);
	free(bulk->rows);
	free(bulk);
}

static const char *
name_of(const struct sheet *sheet, size_t row)
{
	const char *name;

	if (sheet->bulk->sites.count > 0)
		return sheet->bulk->sites.items[row];
	name = json_string_value(
	    json_object_get(json_array_get(sheet->bulk->all, row), sheet->command->arguments[0].name));

	return name != NULL ? name : "";
}

/* --- the question
 * --------------------------------------------------------------------------------------------- */

static void
arm(struct sheet *sheet)
{
	const struct bulk *bulk = sheet->bulk;
	size_t refused = in_state(bulk, ROW_REFUSED);
	size_t left = bulk->together && refused > 0 ? 0 : bulk->count - refused;
	char action[40];

	snprintf(action, sizeof(action), "%s %zu",
		 sheet->command->label != NULL ? sheet->command->label : sheet->command->name, left);
	sheet_arm(sheet, left > 0 ? action : "");
	sheet->dialog.action_focus = left > 0 && !sheet->command->dangerous;
}

static void
ask_row(struct sheet *sheet)
{
	struct bulk *bulk = sheet->bulk;

	if (bulk->at < bulk->count)
		send_row(sheet, bulk->at, json_deep_copy(json_array_get(bulk->all, bulk->at)), true);
	else
		arm(sheet);
}

/* Where a gateway has no dry run: what its site's rows say. */
static void
judge_site(const struct sheet *sheet, size_t row)
{
	struct bulk_row *it = &sheet->bulk->rows[row];
	struct control_client *client = bulk_client(sheet, row);
	const struct command *command = sheet->command;
	const json_t *arguments = json_array_get(sheet->bulk->all, row);
	char text[512];

	if (client == NULL) {
		*it = (struct bulk_row){ROW_REFUSED, "the site is not reached"};
		return;
	}
	for (size_t i = 0; i < COMMAND_ARGUMENTS; i++) {
		const char *name = json_string_value(json_object_get(arguments, command->arguments[i].name));
		enum model_kind kind;

		if (name == NULL || !panel_argument_kind(command->arguments[i].kind, &kind) ||
		    model_store_get(control_client_store(client), kind, name) != NULL)
			continue;
		it->state = ROW_REFUSED;
		snprintf(it->text, sizeof(it->text), "there is no %s '%.100s' there",
			 command->arguments[i].name, name);
		return;
	}
	consequence_say(control_client_store(client), command, arguments, text, sizeof(text));
	text_clean(it->text, sizeof(it->text), text);
}

void
bulk_ask(struct sheet *sheet)
{
	struct bulk *bulk = sheet->bulk;

	bulk->at = 0;
	for (size_t i = 0; i < bulk->count; i++)
		bulk->rows[i] = (struct bulk_row){ROW_WAITS, ""};
	if (bulk->dry) {
		sheet_arm(sheet, "");
		ask_row(sheet);
		return;
	}
	for (size_t i = 0; i < bulk->count; i++) {
		bulk->rows[i].state = ROW_ASKED;
		if (bulk->sites.count > 0)
			judge_site(sheet, i);
	}
	arm(sheet);
}

static void
prepare(struct sheet *sheet, json_t *all, const struct text_list *sites)
{
	struct bulk *bulk = memory_zeroed(1, sizeof(*bulk));

	sheet->bulk = bulk;
	bulk->all = all;
	text_list_copy(&bulk->sites, sites);
	bulk->count = json_array_size(all);
	bulk->rows = memory_zeroed(bulk->count, sizeof(*bulk->rows));
	bulk->dry = sheet_has_dry_run(sheet->command);
}

size_t
bulk_site(const struct sheet *sheet, size_t row)
{
	const struct text_list *sites = &sheet->bulk->sites;

	return sites->count == 0 ? sheet->app->site : fleet_of_row(sheet->app->fleet, sites->items[row]);
}

struct control_client *
bulk_client(const struct sheet *sheet, size_t row)
{
	struct fleet *fleet = sheet->app->fleet;
	size_t site = bulk_site(sheet, row);

	if (sheet->bulk->sites.count == 0)
		return sheet->app->client;
	return site < fleet_count(fleet) && fleet_at(fleet, site)->state == CONTROL_LIVE
		   ? fleet_at(fleet, site)->scene.client
		   : NULL;
}

bool
bulk_production(const struct sheet *sheet)
{
	struct fleet *fleet = sheet->app->fleet;

	for (size_t i = 0; sheet->bulk != NULL && i < sheet->bulk->sites.count; i++) {
		size_t site = fleet_of_row(fleet, sheet->bulk->sites.items[i]);

		if (site < fleet_count(fleet) && fleet_at(fleet, site)->production &&
		    sheet->bulk->rows[i].state != ROW_REFUSED)
			return true;
	}
	return false;
}

const char *
bulk_only(const struct sheet *sheet, const char *otherwise)
{
	return sheet->bulk->sites.count == 1 ? sheet->bulk->sites.items[0] : otherwise;
}

bool
bulk_elsewhere(const struct sheet *sheet)
{
	return sheet->bulk != NULL && sheet->bulk->sites.count > 0;
}

void
bulk_open_sites(struct sheet *sheet, const json_t *arguments, const struct text_list *sites)
{
	json_t *all = json_array();
	char what[160];

	for (size_t i = 0; i < sites->count; i++)
		json_array_append_new(all, json_deep_copy(arguments));
	prepare(sheet, all, sites);
	snprintf(sheet->dialog.title, sizeof(sheet->dialog.title), "%.80s on %zu site%s",
		 sheet_describe(sheet->command, arguments, what, sizeof(what)), sites->count,
		 sites->count == 1 ? "" : "s");
	bulk_ask(sheet);
}

void
bulk_open_together(struct sheet *sheet, json_t *all, const struct text_list *sites)
{
	prepare(sheet, all, sites);
	sheet->bulk->together = true;
	snprintf(sheet->dialog.title, sizeof(sheet->dialog.title), "%s at both ends", sheet->command->name);
	bulk_ask(sheet);
}

void
bulk_open(struct sheet *sheet, json_t *all)
{
	prepare(sheet, all, &(struct text_list){0});
	snprintf(sheet->dialog.title, sizeof(sheet->dialog.title), "%s: %zu marked",
		 sheet->command->label != NULL ? sheet->command->label : sheet->command->name,
		 sheet->bulk->count);
	bulk_ask(sheet);
}
/* --- carrying it out
 * ------------------------------------------------------------------------------------------ */

static void
run_next(struct sheet *sheet)
{
	struct bulk *bulk = sheet->bulk;

	if (bulk->together) {
		if (in_state(bulk, ROW_RUNS) == 0) {
			bulk->running = false;
			sheet_step_to(sheet, SHEET_OVER);
		}
		return;
	}

	while (bulk->at < bulk->count && bulk->rows[bulk->at].state != ROW_ASKED)
		bulk->at++;
	if (bulk->at == bulk->count) {
		bulk->running = false;
		sheet_step_to(sheet, SHEET_OVER);
		return;
	}
	bulk->rows[bulk->at].state = ROW_RUNS;
	send_row(sheet, bulk->at, json_deep_copy(json_array_get(bulk->all, bulk->at)), false);
	if ((int)bulk->at >= sheet->dialog.top + sheet->dialog.page)
		sheet->dialog.top = (int)bulk->at - sheet->dialog.page + 1;
}

/* Both or neither: where a site has gone since it was asked, nothing is sent to the other one. */
static bool
all_reached(struct sheet *sheet)
{
	struct bulk *bulk = sheet->bulk;
	bool reached = true;

	for (size_t i = 0; i < bulk->count; i++)
		reached = reached && bulk_client(sheet, i) != NULL;
	for (size_t i = 0; i < bulk->count && !reached; i++)
		bulk->rows[i] = bulk_client(sheet, i) == NULL
				    ? (struct bulk_row){ROW_FAILED, "the site is not reached"}
				    : (struct bulk_row){ROW_LEFT, "not sent: the other end is not reached"};
	return reached;
}

void
bulk_begin(struct sheet *sheet)
{
	struct bulk *bulk = sheet->bulk;

	sheet_step_to(sheet, SHEET_SENT);
	bulk->running = true;
	bulk->at = 0;
	if (bulk->together && all_reached(sheet)) {
		for (size_t i = 0; i < bulk->count; i++)
			bulk->rows[i].state = ROW_RUNS; /* of all, before the first can be answered */
		for (size_t i = 0; i < bulk->count; i++)
			send_row(sheet, i, json_deep_copy(json_array_get(bulk->all, i)), false);
	}
	run_next(sheet);
}

void
bulk_answer(struct sheet *sheet, size_t row, bool dry, const struct control_reply *reply)
{
	struct bulk *bulk = sheet->bulk;
	struct bulk_row *it;

	if (bulk == NULL || dry == bulk->running || row >= bulk->count ||
	    (bulk->together && !dry ? bulk->rows[row].state != ROW_RUNS : row != bulk->at))
		return; /* of a round that was begun anew */
	it = &bulk->rows[row];
	text_clean(it->text, sizeof(it->text),
		   reply->text != NULL && reply->text[0] != '\0' ? reply->text
		   : reply->ok                                   ? "done"
								 : "refused");
	bulk->at++; /* together, it only counts */
	if (dry) {
		it->state = reply->ok ? ROW_ASKED : ROW_REFUSED;
		if (reply->ok)
			sheet_pin(sheet, json_array_get(bulk->all, row), reply->result);
		ask_row(sheet);
		return;
	}
	it->state = reply->ok ? ROW_DONE : ROW_FAILED;
	for (size_t i = bulk->at; i < bulk->count && !reply->ok && !bulk->go_on && !bulk->together; i++) {
		if (bulk->rows[i].state == ROW_ASKED)
			bulk->rows[i] = (struct bulk_row){ROW_LEFT, "not sent: the one before failed"};
	}
	run_next(sheet);
}

bool
bulk_key(struct sheet *sheet, key_code key)
{
	struct bulk *bulk = sheet->bulk;
	size_t done = in_state(bulk, ROW_DONE) + in_state(bulk, ROW_FAILED) + in_state(bulk, ROW_RUNS);

	if (key == KEYS_CONTROL + 'f' && sheet->step != SHEET_OVER && bulk_stops(bulk)) {
		bulk->go_on = !bulk->go_on;
		return true;
	}
	if (bulk->running && (key == KEYS_ESCAPE || key == KEYS_ENTER || key == 'q')) {
		if (key != KEYS_ESCAPE)
			return true;
		app_say(sheet->app, ROLE_warning, "%s: %zu of %zu were sent, the rest was not",
			sheet->command->name, done, bulk->count);
		sheet_close(sheet->app);
		return true;
	}
	return false;
}

/* --- drawing
 * -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *mark;
	enum theme_role role;
} looks[] = {
    [ROW_WAITS] = {"◌", ROLE_dim},   [ROW_ASKED] = {"·", ROLE_text}, [ROW_REFUSED] = {"✕", ROLE_warning},
    [ROW_RUNS] = {"▸", ROLE_accent}, [ROW_DONE] = {"✓", ROLE_good},  [ROW_FAILED] = {"✕", ROLE_bad},
    [ROW_LEFT] = {"·", ROLE_dim},
};

static const char *
text_of(const struct sheet *sheet, size_t row, char *out, size_t size)
{
	const struct bulk_row *it = &sheet->bulk->rows[row];

	if (it->state == ROW_RUNS)
		return "…";
	if (it->text[0] != '\0')
		return it->text;
	if (it->state == ROW_WAITS)
		return "asking the gateway …";
	consequence_say(sheet->app->scene.store, sheet->command, json_array_get(sheet->bulk->all, row), out,
			size);
	return out;
}

static void
put_foot(const struct sheet *sheet, struct draft *foot)
{
	const struct bulk *bulk = sheet->bulk;
	size_t refused = in_state(bulk, ROW_REFUSED), failed = in_state(bulk, ROW_FAILED);
	int col;

	draft_line(foot);
	if (sheet->step == SHEET_ASK && bulk->together) {
		draft_put(foot, 0, 0, ROLE_text,
			  refused > 0 ? "One end would refuse: neither is asked."
				      : "Both are asked at once.");
		return;
	}
	if (sheet->step == SHEET_ASK) {
		col = draft_put(foot, 0, 0, ROLE_text,
				bulk->go_on ? "At a failure: go on with the rest."
					    : "At the first failure: stop.");
		draft_put(foot, col + 1, 0, ROLE_dim, "C-f");
		if (refused > 0) {
			draft_line(foot);
			draft_print(foot, 0, ROLE_warning,
				    bulk->sites.count > 0 ? "✕ %zu refused or not reached: left out."
							  : "✕ %zu would be refused and will not be sent.",
				    refused);
		}
		return;
	}
	col = draft_print(foot, 0, ROLE_text, "%zu of %zu done", in_state(bulk, ROW_DONE), bulk->count);
	if (failed > 0)
		col = draft_print(foot, col, ROLE_bad, ", %zu failed", failed);
	if (refused > 0)
		col = draft_print(foot, col, ROLE_warning,
				  bulk->sites.count > 0 ? ", %zu left out before" : ", %zu refused before",
				  refused);
	if (in_state(bulk, ROW_LEFT) > 0)
		draft_print(foot, col, ROLE_warning, ", %zu not sent", in_state(bulk, ROW_LEFT));
}

void
bulk_draw(struct sheet *sheet, struct draft *body, struct draft *foot)
{
	const struct bulk *bulk = sheet->bulk;
	int widest = 0, most = body->cols / 3;
	char text[512];

	for (size_t i = 0; i < bulk->count; i++) {
		int columns = text_columns(name_of(sheet, i));

		widest = columns > widest ? columns : widest;
	}
	widest = widest > most ? most : widest;
	for (size_t i = 0; i < bulk->count; i++) {
		enum theme_role role = looks[bulk->rows[i].state].role;

		draft_line(body);
		draft_put(body, 0, 0, role, looks[bulk->rows[i].state].mark);
		draft_put(body, 2, widest, ROLE_title, name_of(sheet, i));
		draft_wrap(body, widest + 4, true, role == ROLE_accent ? ROLE_text : role,
			   text_of(sheet, i, text, sizeof(text)));
	}
	put_foot(sheet, foot);
}
