// SPDX-License-Identifier: GPL-2.0-or-later
/* Sending a command to one or several gateways, and what each said. */
#include "tui/cli_errand.h"

#include <stdlib.h>
#include <unistd.h>

static bool
waits_for(const void *context, size_t place)
{
	const struct task *task = &((const struct errand *)context)->tasks[place];

	/* who is alone is not told of while SSH may ask something */
	return task->state == TASK_ASKED && (task->errand->many || control_client_role(task->client) != NULL);
}

struct errand *
errand_new(const struct cli *cli, const struct command *command, json_t *arguments)
{
	struct errand *errand = memory_zeroed(1, sizeof(*errand));

	errand->cli = cli;
	errand->command = command;
	errand->arguments = arguments;
	errand->json = json_is_true(json_object_get(arguments, "json"));
	errand->many = cli_place_many(cli);
	errand->action =
	    command->role != COMMAND_VIEWER && !json_is_true(json_object_get(arguments, "dry_run"));
	errand->tells_progress = errand->many && errand->action && isatty(STDERR_FILENO);
	errand->count = cli->place_count;
	errand->tasks = memory_zeroed(errand->count, sizeof(*errand->tasks));
	for (size_t i = 0; i < errand->count; i++) {
		errand->tasks[i].errand = errand;
		errand->tasks[i].place = &cli->places[i];
		errand->tasks[i].text = text_copy("");
	}
	uv_loop_init(&errand->loop);
	errand->patience = (struct cli_patience){
	    .cli = cli, .waits = waits_for, .context = errand, .most_s = command_answer_s(command->name)};
	cli_patience_start(&errand->patience, &errand->loop);
	return errand;
}

static void
task_forget(struct task *task)
{
	FREE_AND_NULL(task->text);
	json_decref(task->result);
	task->result = NULL;
}

void
errand_free(struct errand *errand)
{
	for (size_t i = 0; i < errand->count; i++)
		control_client_close(errand->tasks[i].client);
	cli_patience_stop(&errand->patience);
	uv_run(&errand->loop, UV_RUN_DEFAULT);
	uv_loop_close(&errand->loop);
	for (size_t i = 0; i < errand->count; i++)
		task_forget(&errand->tasks[i]);
	free(errand->tasks);
	json_decref(errand->arguments);
	free(errand);
}

static void
open_client(struct task *task)
{
	struct control_client_options options = {NULL};
	struct error err = {""};

	cli_client_options(task->errand->cli, task->place, &options);
	task->client = control_client_open(&task->errand->loop, &options, &err);
	if (task->client != NULL)
		return;
	task->state = TASK_DONE;
	task->exit_code =
	    cli_place_fail(task->errand->cli, task->place, CONTROL_EXIT_NO_GATEWAY, "%s", err.text);
}

void
errand_open(struct errand *errand)
{
	for (size_t i = 0; i < errand->count; i++) {
		if (errand->tasks[i].client == NULL && errand->tasks[i].state == TASK_WAITS)
			open_client(&errand->tasks[i]);
	}
}

void
task_ask(struct task *task, json_t *arguments, control_reply_fn done)
{
	task->state = TASK_ASKED;
	task->answered = task->printed = false;
	task->errand->asked++;
	control_client_command(task->client, task->errand->command->name, arguments, done, task);
}

void
task_note(struct task *task, const struct control_reply *reply)
{
	task->state = TASK_DONE;
	task->answered = true;
	task->errand->asked--;
	task->exit_code = reply->exit_code;
	task_forget(task);
	task->text = text_copy(reply->text);
	task->result = json_incref((json_t *)reply->result);
}

void
errand_print_in_order(struct errand *errand, void (*print)(const struct task *task))
{
	for (size_t i = 0; i < errand->count; i++) {
		struct task *task = &errand->tasks[i];

		if (!task->answered && task->state != TASK_DONE)
			return;
		if (task->answered && !task->printed)
			print(task);
		task->printed = true;
	}
}

void
errand_print_lines(const struct task *task, FILE *out)
{
	const json_t *lines = json_object_get(task->result, "lines");
	char label[CLI_LABEL];

	cli_place_label(task->errand->cli, task->place->name, label, sizeof(label));
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		if (line != NULL)
			fprintf(out, "%s%s\n", label, line);
	}
}
