// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command of the gateway from the command line: sent, waited for, its answer printed. An answer is a line
 * of text; where its result has "lines", they follow, or the text itself where that is said exactly and goes
 * into a file. With --json, where the command has it, the result alone
 * is printed, as JSON.
 *
 * At several sites it is done side by side, or one after the other where the first failure is to stop it.
 * What an action came to stands in a table in the end.
 */
#include "tui/cli_errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

#define RESULT_WIDTH 13 /* "not permitted" */

static void
print_lines(const json_t *lines, FILE *out)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		if (line != NULL)
			fprintf(out, "%s\n", line);
	}
}

/* A text byte by byte, where nobody looks at it. False where it isn't there. */
static bool
print_exact(const json_t *result)
{
	const char *escaped = json_string_value(json_object_get(result, "exact"));
	size_t length = 0;
	char *text = escaped != NULL && !isatty(STDOUT_FILENO) ? text_unescape(escaped, &length) : NULL;

	if (text == NULL)
		return false;
	fwrite(text, 1, length, stdout);
	memory_wipe_free(text, length);
	return true;
}

void
cli_print_reply(const struct control_reply *reply, bool json)
{
	if (!reply->ok) {
		cli_fail(reply->exit_code, "%s", reply->text);
		print_lines(json_object_get(reply->result, "lines"), stderr);
	} else if (json) {
		json_dumpf(reply->result, stdout, MODEL_JSON_FLAGS | JSON_ENCODE_ANY);
		putchar('\n');
	} else {
		if (*reply->text != '\0')
			printf("%s\n", reply->text);
		if (!print_exact(reply->result))
			print_lines(json_object_get(reply->result, "lines"), stdout);
	}
}

/* --- answers ------------------------------------------------------------------------------------------ */

/* The answer of one of several sites, for people. An action's own words come in the table. */
static void
print_text(const struct task *task)
{
	const struct errand *errand = task->errand;

	if (task->exit_code != CONTROL_EXIT_DONE)
		return;
	if (!errand->action && *task->text != '\0')
		fprintf(task->place->out, "%s\n", task->text);
	print_lines(json_object_get(task->result, "lines"), task->place->out);
	cli_place_flush(task->place);
}

static void
print_failure(const struct task *task)
{
	if (!task->errand->tells_progress)
		cli_place_fail(task->errand->cli, task->place, task->exit_code, "%s", task->text);
	errand_print_lines(task, stderr);
}

static void
print_json(const struct task *task)
{
	json_t *named = cli_place_json(task->errand->cli, task->place, task->result);

	json_dumpf(named, stdout, MODEL_JSON_FLAGS | JSON_ENCODE_ANY);
	putchar('\n');
	json_decref(named);
	cli_flush();
}

static void
print_one_of_many(struct errand *errand, const struct task *task)
{
	if (task->exit_code != CONTROL_EXIT_DONE)
		print_failure(task);
	else if (errand->json)
		print_json(task);
	if (!errand->json)
		errand_print_in_order(errand, print_text);
}

static const char *
word_of(const struct task *task)
{
	static const char *const words[] = {"done", "failed", "failed", "unreachable", "not permitted"};

	if (task->state != TASK_DONE)
		return "not done";
	if (task->left_out && task->exit_code == CONTROL_EXIT_FAILED)
		return "refused";
	return words[task->exit_code];
}

static void
tell_progress(const struct errand *errand, const struct task *task)
{
	char label[CLI_LABEL];
	size_t done = 0;

	for (size_t i = 0; i < errand->count; i++)
		done += errand->tasks[i].state == TASK_DONE;
	fprintf(stderr, "[%zu/%zu] %s%s%s%s\n", done, errand->count,
		cli_place_label(errand->cli, task->place->name, label, sizeof(label)), word_of(task),
		*task->text != '\0' ? ": " : "", task->text);
}

static void ask_next(struct errand *errand);

static void
on_reply(void *context, const struct control_reply *reply)
{
	struct task *task = context;
	struct errand *errand = task->errand;

	task_note(task, reply);
	if (errand->tells_progress)
		tell_progress(errand, task);
	if (errand->many)
		print_one_of_many(errand, task);
	else
		cli_print_reply(reply, errand->json);
	if (!reply->ok && errand->cli->stop_on_failure)
		errand->stopped = true;
	ask_next(errand);
}

/* Asks the next site, or all of them; ends the loop where there is none any more. */
static void
ask_next(struct errand *errand)
{
	size_t at_once = errand->cli->stop_on_failure ? 1 : errand->count;

	for (size_t i = 0; i < errand->count && errand->asked < at_once && !errand->stopped; i++) {
		struct task *task = &errand->tasks[i];

		if (task->state == TASK_WAITS)
			task_ask(task, json_incref(errand->arguments), on_reply);
	}
	if (errand->asked == 0)
		uv_stop(&errand->loop);
}

static void
print_table(const struct errand *errand)
{
	char label[CLI_LABEL];

	printf("%s%-*s  Text\n", cli_place_label(errand->cli, "Site", label, sizeof(label)), RESULT_WIDTH,
	       "Result");
	for (size_t i = 0; i < errand->count; i++) {
		const struct task *task = &errand->tasks[i];
		const char *text = task->state == TASK_DONE ? task->text : "";

		cli_place_label(errand->cli, task->place->name, label, sizeof(label));
		printf("%s%-*s%s%s\n", label, *text != '\0' ? RESULT_WIDTH : 0, word_of(task),
		       *text != '\0' ? "  " : "", text);
	}
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static int
run(struct errand *errand)
{
	int code = errand_confirm(errand);

	if (code != CONTROL_EXIT_DONE)
		return code;
	errand_open(errand);
	cli_patience_again(&errand->patience);
	ask_next(errand);
	uv_run(&errand->loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < errand->count; i++)
		code = errand->tasks[i].exit_code > code ? errand->tasks[i].exit_code : code;
	if (errand->many && errand->action && !errand->json)
		print_table(errand);
	return code;
}

int
cli_command(const struct cli *cli, const struct command *command, json_t *arguments)
{
	struct errand *errand = errand_new(cli, command, arguments);
	int code = errand_check(errand);

	if (code == CONTROL_EXIT_DONE)
		code = run(errand);
	errand_free(errand);
	return code;
}
