// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Before something dangerous is done on several sites, or on one that is marked as production: what would
 * happen is shown, by the gateways' own dry run where the command has one, and the number of sites, or the
 * one's name, has to be typed. Whoever has no terminal says --sites N. What is shown goes to stderr: stdout
 * is for what comes of it.
 */
#include "tui/cli_errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
has_dry_run(const struct command *command)
{
	for (size_t i = 0; i < COMMAND_OPTIONS && command->options[i].name != NULL; i++) {
		if (strcmp(command->options[i].name, "--dry-run") == 0)
			return true;
	}
	return false;
}

static bool
needs_confirmation(const struct errand *errand)
{
	bool wary = errand->many || errand->cli->places[0].production;

	return errand->cli->on && wary && errand->command->dangerous && errand->action;
}

int
errand_check(struct errand *errand)
{
	const struct cli_place *first = &errand->cli->places[0];

	if (!needs_confirmation(errand) || errand->cli->confirmed != 0 || cli_can_ask())
		return CONTROL_EXIT_DONE;
	if (errand->many)
		return cli_fail(
		    CONTROL_EXIT_USAGE,
		    "'%s' on %zu sites wants to be confirmed, and there is no terminal to ask on: "
		    "say --sites %zu; nothing was done",
		    errand->command->name, errand->count, errand->count);
	return cli_fail(CONTROL_EXIT_USAGE,
			"'%s' on %s, which is production, wants to be confirmed, and there is no terminal to "
			"ask on: say --sites 1; nothing was done",
			errand->command->name, first->name);
}

/* --- the dry run -------------------------------------------------------------------------------------- */

static void
print_dry_run(const struct task *task)
{
	char label[CLI_LABEL];

	if (task->left_out)
		cli_place_fail(task->errand->cli, task->place, task->exit_code, "%s", task->text);
	else
		fprintf(stderr, "%s%s\n",
			cli_place_label(task->errand->cli, task->place->name, label, sizeof(label)),
			task->text);
	errand_print_lines(task, stderr);
}

static void
on_dry_run(void *context, const struct control_reply *reply)
{
	struct task *task = context;
	struct errand *errand = task->errand;

	task_note(task, reply);
	if (reply->ok)
		task->state = TASK_WAITS; /* for the real one */
	else
		task->left_out = true;
	errand_print_in_order(errand, print_dry_run);
	if (errand->asked == 0)
		uv_stop(&errand->loop);
}

static void
run_dry(struct errand *errand)
{
	json_t *arguments = json_copy(errand->arguments);

	json_object_set_new(arguments, "dry_run", json_true());
	errand_open(errand);
	for (size_t i = 0; i < errand->count; i++) {
		if (errand->tasks[i].state == TASK_WAITS)
			task_ask(&errand->tasks[i], json_incref(arguments), on_dry_run);
	}
	json_decref(arguments);
	if (errand->asked != 0)
		uv_run(&errand->loop, UV_RUN_DEFAULT);
}

/* --- asking ------------------------------------------------------------------------------------------- */

/* "lyon, hub-1 (production)": those on which it would be done. Returns how many. */
static size_t
list_sites(const struct errand *errand, char **out)
{
	char *list = text_copy(""), *longer;
	size_t count = 0;

	for (size_t i = 0; i < errand->count; i++) {
		const struct task *task = &errand->tasks[i];

		if (task->state != TASK_WAITS)
			continue;
		longer = text_format("%s%s%s%s", list, count++ != 0 ? ", " : "", task->place->name,
				     task->place->production ? " (production)" : "");
		free(list);
		list = longer;
	}
	*out = list;
	return count;
}

static bool
ask(const struct errand *errand, const char *sites, size_t count)
{
	const char *name = errand->command->name;
	char number[24];

	if (!errand->many)
		return cli_ask_for(errand->cli->places[0].name,
				   "'%s' on %s, which is production. Type its name to do it: ", name,
				   errand->cli->places[0].name);
	snprintf(number, sizeof(number), "%zu", count);
	return cli_ask_for(number, "'%s' on %zu site%s: %s.%s\nType %s to do it: ", name, count,
			   count == 1 ? "" : "s", sites,
			   has_dry_run(errand->command) ? "" : " It can't be tried dry.", number);
}

int
errand_confirm(struct errand *errand)
{
	bool failed = false, yes = true;
	char *sites;
	size_t count;

	if (!needs_confirmation(errand))
		return CONTROL_EXIT_DONE;
	if (has_dry_run(errand->command))
		run_dry(errand);
	for (size_t i = 0; i < errand->count; i++)
		failed = failed || errand->tasks[i].state == TASK_DONE;
	count = list_sites(errand, &sites);
	if (failed && errand->cli->stop_on_failure)
		errand->stopped = true;
	else if (count != 0 && errand->cli->confirmed == 0)
		yes = ask(errand, sites, count);
	free(sites);
	return yes ? CONTROL_EXIT_DONE : cli_fail(CONTROL_EXIT_FAILED, "nothing was done");
}
